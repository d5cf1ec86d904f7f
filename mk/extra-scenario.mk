# SPDX-License-Identifier: Apache-2.0
# Scenarios of the controller: tests/scenario, the same on the simulated API server and on a real control plane.
#   make scenario          on the simulator (needs curl and jq); T=text selects by name
#   make scenario-gate     those of tests/scenario/gate, a part of `make check`
#   make scenario-real     on a real control plane (needs Go, once; see docs/hacking.md)
.PHONY: scenario scenario-real
scenario: $(BIN) build/otelgate $(B)/sim-apiserver $(CLOUD_BIN) ## The controller's scenarios on the simulator; T=text selects
	$(Q)OG_BIN=$(B)/otelgate OG_SIM=$(SIM_BIN) OG_CLOUD=$(CLOUD_BIN) tests/scenario/run --sim $(T)
scenario-real: $(BIN) build/otelgate $(B)/sim-apiserver $(CLOUD_BIN) e2e-tools ## The same on a real control plane
	$(Q)OG_BIN=$(B)/otelgate OG_SIM=$(SIM_BIN) OG_CLOUD=$(CLOUD_BIN) tests/scenario/run --real $(T)

.PHONY: scenario-gate
scenario-gate: $(BIN) build/otelgate $(B)/sim-apiserver $(CLOUD_BIN)
	$(Q)OG_BIN=$(B)/otelgate OG_SIM=$(SIM_BIN) OG_CLOUD=$(CLOUD_BIN) tests/scenario/run --sim --gate
CHECK_EXTRA += scenario-gate
CHECK_EXTRA_DEPS += $(BIN) $(B)/sim-apiserver

SCRIPTS += tests/scenario/run tests/scenario/lib/one $(sort $(wildcard tests/scenario/lib/*.sh tests/scenario/cases/*.sh))

# A soak of the controller (tests/scenario/soak), by hand and before a release.
.PHONY: soak-controller soak-controller-real
SOAK_FLAGS = --duration $(or $(DURATION),10m) $(if $(SEED),--seed $(SEED))
soak-controller: $(BIN) build/otelgate $(B)/sim-apiserver ## The controller on the simulator under faults; DURATION=10m SEED=number
	$(Q)OG_BIN=$(B)/otelgate OG_SIM=$(SIM_BIN) OG_CLOUD=$(CLOUD_BIN) tests/scenario/soak/run $(SOAK_FLAGS)
soak-controller-real: $(BIN) build/otelgate e2e-tools ## The same on a real control plane
	$(Q)OG_BIN=$(B)/otelgate tests/scenario/soak/run --real $(SOAK_FLAGS)
