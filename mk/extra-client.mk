# SPDX-License-Identifier: Apache-2.0
# What is peculiar to the event loop and the clients on it.
TSAN_TESTS += net/loop net/httpc kube/client kube/discovery
