# SPDX-License-Identifier: Apache-2.0
# The webhook in a simulated cluster.
TSAN_TESTS += webhook/cluster webhook/cluster_certs

