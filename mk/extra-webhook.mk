# SPDX-License-Identifier: Apache-2.0
# The webhook in a simulated cluster.
TSAN_TESTS += webhook/cluster
# bodies of tests, and what they need of the repository
$(B)/tests/obj/unit/webhook/test_cluster.o: tests/unit/webhook/world.inc
