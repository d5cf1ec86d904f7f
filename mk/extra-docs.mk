# SPDX-License-Identifier: Apache-2.0
# The documentation held against the program: scripts/docs-check says what is looked at.
.PHONY: docs-check ci-check
docs-check: $(BIN) $(B)/sim-apiserver $(B)/sim-cloud ## Links, commands, names and blocks of the documentation
	@scripts/docs-check $(BIN)
	@scripts/docs-check --self-test $(BIN)
CHECK_EXTRA += docs-check
CHECK_EXTRA_DEPS += $(B)/sim-apiserver $(B)/sim-cloud

ci-check: $(BIN) ## Run the commands of the pipelines in examples/ci
	@scripts/ci-check $(BIN)
	@scripts/ci-check --self-test $(BIN)
CHECK_EXTRA += ci-check
