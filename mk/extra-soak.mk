# SPDX-License-Identifier: Apache-2.0
# Ten minutes of a cluster where everything goes wrong (tests/e2e/soak), by hand and before a release.
.PHONY: soak
soak: e2e-tools $(BIN) build/otelgate ## A real cluster under faults; DURATION=10m SEED=number
	$(Q)OG_BIN=$(B)/otelgate tests/e2e/soak/run --duration $(or $(DURATION),10m) $(if $(SEED),--seed $(SEED))
# these are read, not run
SCRIPTS += tests/e2e/chaos.sh
