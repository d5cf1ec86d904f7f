# SPDX-License-Identifier: Apache-2.0
# kubeconfigs as the real kubectl reads them (KUBECTL names another one; skipped, and said so, where
# there is none), beside how otelgate reads them.
KUBECTL_CONFIG := $(B)/kubectl-config

$(KUBECTL_CONFIG): $(B)/tests/obj/contract/kubectl/kubectl_config.o $(SUPPORT_OBJS) $(LIB)
	$(call say,LINK,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS_ALL) $(LDFLAGS_ALL) -o $@ $< $(SUPPORT_OBJS) $(LIB) $(LIBS) $(CHECK_LIBS)

.PHONY: check-kubectl
check-kubectl: $(KUBECTL_CONFIG) ## kubeconfigs as kubectl reads them
	$(Q)timeout 300 $(KUBECTL_CONFIG)

tests: $(KUBECTL_CONFIG)
CHECK_EXTRA += $(KUBECTL_CONFIG)
CHECK_EXTRA_DEPS += $(KUBECTL_CONFIG)

-include $(B)/tests/obj/contract/kubectl/kubectl_config.d
