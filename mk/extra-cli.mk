# SPDX-License-Identifier: Apache-2.0
# Command line: documents generated from the option tables, and the tests that run the real binary.
GEN_CLI := man/otelgate.1 docs/reference/cli.md completions/otelgate.bash completions/_otelgate \
	completions/otelgate.fish docs/reference/metrics.md docs/reference/rbac.md \
	docs/reference/rollouts.md \
	manifests/base/rbac-webhook.yaml manifests/base/rbac-controller.yaml \
	manifests/base/rbac-reader.yaml manifests/restarts/rbac.yaml \
	docs/reference/report.schema.json docs/reference/status.schema.json
GEN_CLI_man/otelgate.1 := man
GEN_CLI_docs/reference/cli.md := markdown
GEN_CLI_completions/otelgate.bash := bash
GEN_CLI_completions/_otelgate := zsh
GEN_CLI_completions/otelgate.fish := fish
GEN_CLI_docs/reference/metrics.md := metrics
GEN_CLI_docs/reference/rbac.md := rbac
GEN_CLI_docs/reference/rollouts.md := rollouts
GEN_CLI_manifests/base/rbac-webhook.yaml := rbac-webhook
GEN_CLI_manifests/base/rbac-controller.yaml := rbac-controller
GEN_CLI_manifests/base/rbac-reader.yaml := rbac-reader
GEN_CLI_manifests/restarts/rbac.yaml := rbac-restarts
GEN_CLI_docs/reference/report.schema.json := report-schema
GEN_CLI_docs/reference/status.schema.json := status-schema

.PHONY: docs docs-cli check-docs-cli check-cli
docs: docs-cli
docs-cli: $(BIN)
	$(foreach f,$(GEN_CLI),mkdir -p $(dir $f) && $(BIN) gen-docs $(GEN_CLI_$f) > $f.new && mv $f.new $f &&) true

# The committed documents are what the tables say now.
check-docs-cli: $(BIN)
	@fail=0; $(foreach f,$(GEN_CLI),$(BIN) gen-docs $(GEN_CLI_$f) | cmp -s - $f || \
		{ echo "$f is not what the tables say: run make docs" >&2; fail=1; };) \
	if command -v mandoc >/dev/null && [ -n "$$(mandoc -Tlint man/otelgate.1)" ]; then \
		mandoc -Tlint man/otelgate.1 >&2; fail=1; fi; exit $$fail

check-cli: $(BIN) check-docs-cli
	@tests/cli/run $(BIN)
CHECK_EXTRA += check-cli
