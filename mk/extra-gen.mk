# SPDX-License-Identifier: Apache-2.0
# What is generated from the field table of the configuration (src/core/fields_*.c).
GEN_CONFIG := manifests/crds/otelgate.dev_grafanastacks.yaml \
	manifests/crds/otelgate.dev_telemetryprofiles.yaml \
	manifests/crds/otelgate.dev_workloadtelemetries.yaml \
	docs/reference/configuration.md docs/reference/status.md
GEN_CONFIG_manifests/crds/otelgate.dev_grafanastacks.yaml := grafanastacks
GEN_CONFIG_manifests/crds/otelgate.dev_telemetryprofiles.yaml := telemetryprofiles
GEN_CONFIG_manifests/crds/otelgate.dev_workloadtelemetries.yaml := workloadtelemetries
GEN_CONFIG_docs/reference/configuration.md := reference
GEN_CONFIG_docs/reference/status.md := status

.PHONY: generate generate-config check-generated check-generated-config
generate: generate-config docs-cli
generate-config: $(BIN)
	$(foreach f,$(GEN_CONFIG),mkdir -p $(dir $f) && $(BIN) gen-config $(GEN_CONFIG_$f) > $f.new && mv $f.new $f &&) true

check-generated: check-generated-config check-docs-cli
check-generated-config: $(BIN)
	@fail=0; $(foreach f,$(GEN_CONFIG),$(BIN) gen-config $(GEN_CONFIG_$f) | cmp -s - $f || \
		{ echo "$f is not what the field table says: run make generate" >&2; fail=1; };) exit $$fail
CHECK_EXTRA += check-generated-config

# The API server's own judgement of the schemas. Needs Go and its module proxy; minutes when cold.
.PHONY: conformance-crds
conformance-crds:
	@mkdir -p build/conformance
	$(Q)cd tests/conformance/crds && GOTOOLCHAIN=local CGO_ENABLED=0 \
		go build -o $(CURDIR)/build/conformance/crds .
	$(Q)timeout 120 build/conformance/crds $(wildcard manifests/crds/*.yaml) \
		good=tests/golden/config/good bad=tests/golden/config/bad \
		good=tests/conformance/crds/good refused=tests/conformance/crds/refused
