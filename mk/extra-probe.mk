# SPDX-License-Identifier: Apache-2.0
# The probe: its encoder against opentelemetry-proto's own classes.
.PHONY: conformance-otlp
conformance: conformance-otlp
conformance-otlp: $(B)/conformance/otlp_emit
	$(Q)mkdir -p $(CONFORMANCE_B) && tests/conformance/otlp.sh $< $(CONFORMANCE_B)

-include $(B)/tests/obj/conformance/otlp_emit.d
