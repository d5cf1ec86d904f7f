# SPDX-License-Identifier: Apache-2.0
# What is peculiar to stores and watches.
TSAN_TESTS += kube/store_threads
