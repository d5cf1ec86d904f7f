# SPDX-License-Identifier: Apache-2.0
# Suites that others wrote, fetched by package name into build/conformance. Optional: without npm or
# network a suite says so and is skipped; CONFORMANCE_STRICT=1 makes that a failure.
# A further suite adds its target with another line "conformance: conformance-<name>".
CONFORMANCE_B := build/conformance

$(B)/conformance/%: $(B)/tests/obj/conformance/%.o $(LIB)
	$(call say,LINK,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS_ALL) $(LDFLAGS_ALL) -o $@ $^ $(LIBS)

.PHONY: conformance conformance-json
conformance: conformance-json ## Suites that others wrote
conformance-json: $(B)/conformance/json_suites
	$(Q)tests/conformance/json.sh $< $(CONFORMANCE_B)

-include $(B)/tests/obj/conformance/json_suites.d

.PHONY: conformance-k8s
conformance: conformance-k8s
conformance-k8s: $(BIN)
	$(Q)mkdir -p $(CONFORMANCE_B) && tests/conformance/k8s-validate.sh $(BIN) $(CONFORMANCE_B)

.PHONY: conformance-report
conformance: conformance-report
conformance-report: $(BIN)
	$(Q)mkdir -p $(CONFORMANCE_B) && tests/conformance/report.sh $(BIN) $(CONFORMANCE_B)
