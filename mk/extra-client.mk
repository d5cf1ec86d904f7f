# SPDX-License-Identifier: Apache-2.0
# What is peculiar to the event loop and the clients on it.
TSAN_TESTS += net/loop net/httpc net/httpc_tls kube/client kube/client_auth kube/client_life kube/discovery
