# SPDX-License-Identifier: Apache-2.0
# A real control plane (needs Go, once; see docs/hacking.md): tests/e2e.
#   make e2e         all cases; T=text selects by name; STRICT=1: services under Landlock and seccomp, required
#   make e2e-core    the deterministic cases that CI runs
#   make e2e-tools   only builds the control plane, into the cache
#   make e2e-backends  Prometheus, Loki, a collector and SDKs too, which the arrival cases of make e2e need
E2E_BINS = $(B)/e2e/neighbour $(B)/e2e/services $(B)/e2e/writes $(B)/e2e/watches
E2E_DEPS = $(BIN) build/otelgate $(E2E_BINS) $(B)/sim-cloud

$(B)/e2e/%: $(B)/tests/obj/e2e/%.o $(LIB)
	$(call say,LINK,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS_ALL) $(LDFLAGS_ALL) -o $@ $^ $(LIBS)

.PHONY: e2e e2e-core e2e-tools e2e-backends
e2e-tools: ## Build etcd, kube-apiserver and the rest into the cache
	$(Q)tests/e2e/tools/build >/dev/null
e2e-backends: ## Build the real backends of tests/e2e into the cache
	$(Q)sh -c '. scripts/lib/deps.sh && og_deps backends'
	$(Q)tests/e2e/tools/build prometheus collector loki >/dev/null
	$(Q)tests/e2e/tools/sdk python node >/dev/null
e2e e2e-core: e2e-tools $(E2E_DEPS)
e2e: $(if $(T),$(if $(findstring arrival,$(T))$(findstring helm,$(T)),e2e-backends),e2e-backends)
e2e: ## Everything against a real kube-apiserver; T=text selects, STRICT=1 restricts services
	$(Q)OG_BIN=$(B)/otelgate OG_E2E=$(B)/e2e tests/e2e/run --all $(if $(STRICT),--strict) $(T)
e2e-core: ## The deterministic part of it
	$(Q)OG_BIN=$(B)/otelgate OG_E2E=$(B)/e2e tests/e2e/run $(if $(STRICT),--strict) $(T)

-include $(E2E_BINS:$(B)/e2e/%=$(B)/tests/obj/e2e/%.d)
# these are read, not run
SCRIPTS += $(sort $(wildcard tests/e2e/lib/*.sh tests/e2e/cases/*.sh))
