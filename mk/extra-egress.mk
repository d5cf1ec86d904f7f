# SPDX-License-Identifier: Apache-2.0
# Network policies: our evaluator against an independent one. Needs Go and its module proxy.
NETPOL_SETS ?= 200
$(B)/conformance/netpol_diff: $(B)/tests/obj/conformance/netpol_diff.o \
		$(B)/tests/obj/support/netpolworld.o $(LIB)
	$(call say,LINK,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS_ALL) $(LDFLAGS_ALL) -o $@ $^ $(LIBS)

.PHONY: conformance-netpol
conformance-netpol: $(B)/conformance/netpol_diff ## Random network policies against cyclonus (NETPOL_SETS=200)
	$(Q)tests/conformance/netpol.sh $< build/conformance/netpol $(NETPOL_SETS)

-include $(B)/tests/obj/conformance/netpol_diff.d
