# SPDX-License-Identifier: Apache-2.0
# Line coverage of the floors that hold the logic. The report is build/coverage/index.html.
COVERAGE_FLOORS ?= codec kobj core
COVERAGE_MIN ?= 85

# In their sandbox, services could not write their counts.
.PHONY: coverage
coverage: ## Line coverage of codec, kobj and core; fails below COVERAGE_MIN percent
	@find build/cov -name '*.gcda' -delete 2>/dev/null || true
	@OTELGATE_SANDBOX=off OTELGATE_SECCOMP=off $(MAKE) --no-print-directory VARIANT=cov CC=gcc check
	@scripts/coverage build/cov build/coverage $(COVERAGE_MIN) $(COVERAGE_FLOORS)
