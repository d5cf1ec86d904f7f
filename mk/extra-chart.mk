# SPDX-License-Identifier: Apache-2.0
# The Helm chart: what is generated of it, and what Helm itself says of it.
CHART := charts/otelgate
GEN_CHART := $(CHART)/values.yaml $(CHART)/values.schema.json docs/reference/values.md \
	$(CHART)/templates/crds/grafanastacks.yaml $(CHART)/templates/crds/telemetryprofiles.yaml \
	$(CHART)/templates/crds/workloadtelemetries.yaml \
	$(CHART)/templates/rbac/webhook.yaml $(CHART)/templates/rbac/controller.yaml \
	$(CHART)/templates/rbac/reader.yaml $(CHART)/templates/rbac/restarts.yaml \
	$(CHART)/files/dashboards/cluster.json $(CHART)/files/dashboards/workload.json
GEN_CHART_$(CHART)/files/dashboards/cluster.json := dashboard-cluster
GEN_CHART_$(CHART)/files/dashboards/workload.json := dashboard-workload
GEN_CHART_$(CHART)/values.yaml := values
GEN_CHART_$(CHART)/values.schema.json := values-schema
GEN_CHART_docs/reference/values.md := values-reference
GEN_CHART_$(CHART)/templates/crds/grafanastacks.yaml := chart-grafanastacks
GEN_CHART_$(CHART)/templates/crds/telemetryprofiles.yaml := chart-telemetryprofiles
GEN_CHART_$(CHART)/templates/crds/workloadtelemetries.yaml := chart-workloadtelemetries
GEN_CHART_$(CHART)/templates/rbac/webhook.yaml := chart-rbac-webhook
GEN_CHART_$(CHART)/templates/rbac/controller.yaml := chart-rbac-controller
GEN_CHART_$(CHART)/templates/rbac/reader.yaml := chart-rbac-reader
GEN_CHART_$(CHART)/templates/rbac/restarts.yaml := chart-rbac-restarts

.PHONY: generate-chart check-generated-chart
generate: generate-chart
generate-chart: $(BIN)
	$(foreach f,$(GEN_CHART),mkdir -p $(dir $f) && $(BIN) gen-config $(GEN_CHART_$f) > $f.new && mv $f.new $f &&) true

check-generated: check-generated-chart
check-generated-chart: $(BIN)
	@fail=0; $(foreach f,$(GEN_CHART),$(BIN) gen-config $(GEN_CHART_$f) | cmp -s - $f || \
		{ echo "$f is not what the tables say: run make generate" >&2; fail=1; };) exit $$fail
CHECK_EXTRA += check-generated-chart

# Needs helm (3, 4 or both; HELM names them): `tests/e2e/tools/build helm3 helm4` builds them, and
# kubectl for its kustomize.
HELM ?= $(wildcard $(addprefix $(shell tests/e2e/tools/build --where 2>/dev/null)/,helm3 helm4))
# promtool of the Prometheus that the end-to-end tests use: `tests/e2e/tools/build promtool`
PROMTOOL_DIR = $(shell tests/e2e/tools/build --where promtool 2>/dev/null)
.PHONY: chart-check chart-lint
chart-check: $(BIN) ## What Helm and promtool say of the chart
	$(Q)[ -n "$(HELM)" ] || { echo 'no helm: tests/e2e/tools/build helm3 helm4' >&2; exit 3; }
	$(Q)PATH="$(dir $(firstword $(HELM))):$$PATH:$(PROMTOOL_DIR)" OG_BIN=$(BIN) tests/chart/run $(HELM)
chart-lint: e2e-helm ## What kube-score says of the chart and of manifests (needs Go, once)
	$(Q)tests/e2e/tools/build kubectl kube-score >/dev/null
	$(Q)tools=$$(tests/e2e/tools/build --where) && PATH="$$tools:$$PATH" tests/chart/lint \
		"$$(tests/e2e/tools/build --where kube-score)/kube-score" "$$tools/helm4"
SCRIPTS += tests/chart/run tests/chart/lint

# What the last stage of the Dockerfile holds, from what is built here, and the program run in it.
.PHONY: image-rootfs
image-rootfs: $(BIN) ## The image's root file system, and a try in it
	$(Q)rm -rf build/image && scripts/rootfs $(BIN) build/image/rootfs
	$(Q)scripts/oci-archive build/image/rootfs $(VERSION) build/image/otelgate.oci.tar
	$(Q)tests/chart/rootfs build/image/rootfs build/image/otelgate.oci.tar
SCRIPTS += scripts/rootfs scripts/oci-archive tests/chart/rootfs

# helm-three, helm-story-three and their like of tests/e2e: `make e2e T=helm`, all of them without T.
.PHONY: e2e-helm
e2e-helm: ## Build Helm 3 and 4 into the cache
	$(Q)tests/e2e/tools/build helm3 helm4 promtool >/dev/null
e2e: $(if $(T),$(if $(findstring helm,$(T)),e2e-helm),e2e-helm)
