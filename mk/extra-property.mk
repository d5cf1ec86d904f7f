# SPDX-License-Identifier: Apache-2.0
# Property tests: tests/property/prop_*.c, each a Check program. PROPERTY_SEED, PROPERTY_CASE and
# PROPERTY_RUNS replay a failure as it was printed.
PROPERTY_SRCS := $(sort $(wildcard tests/property/prop_*.c))
PROPERTY_BINS := $(PROPERTY_SRCS:tests/property/%.c=$(B)/tests/property/%)

$(B)/tests/property/%: $(B)/tests/obj/property/%.o $(SUPPORT_OBJS) $(LIB)
	$(call say,LINK,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS_ALL) $(LDFLAGS_ALL) -o $@ $< $(SUPPORT_OBJS) $(LIB) $(LIBS) $(CHECK_LIBS)

.PHONY: property
property: $(PROPERTY_BINS) ## Properties of the injection engine over random pods
	$(Q)for p in $(PROPERTY_BINS); do $$p || exit 1; done

tests: $(PROPERTY_BINS)
CHECK_EXTRA += $(PROPERTY_BINS)
CHECK_EXTRA_DEPS += $(PROPERTY_BINS)

-include $(PROPERTY_SRCS:tests/%.c=$(B)/tests/obj/%.d)

# Reviews handled by several threads over one snapshot.
TSAN_TESTS += core/threads
