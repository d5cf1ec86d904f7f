# SPDX-License-Identifier: Apache-2.0
# og_lease_healthy is asked by another thread.
TSAN_TESTS += kube/lease
