# SPDX-License-Identifier: Apache-2.0
# The documentation held against the program: scripts/docs-check says what is looked at.
.PHONY: docs-check
docs-check: $(BIN) ## Links, commands, names and blocks of the documentation
	@scripts/docs-check $(BIN)
	@scripts/docs-check --self-test $(BIN)
CHECK_EXTRA += docs-check
