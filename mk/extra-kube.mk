# SPDX-License-Identifier: Apache-2.0
# og_lease_healthy is asked by another thread.
TSAN_TESTS += kube/lease

# The page of faults is written by the test of them.
.PHONY: docs-faults
docs-faults: $(B)/tests/kube/test_faults ## docs/faults.md from the test of faults
	$(Q)OG_FAULTS_PAGE=docs/faults.md.new $< && mv docs/faults.md.new docs/faults.md
$(B)/tests/obj/unit/kube/test_faults.o: tests/unit/kube/faults_rows.inc tests/unit/kube/faults_run.inc
