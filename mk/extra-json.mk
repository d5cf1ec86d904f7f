# SPDX-License-Identifier: Apache-2.0
# The JSON reader and writer as machines without SSE2 have them, with the same tests.
PORTABLE_TESTS := jdoc jwrite jdoc_oracle jsplit
PORTABLE_SRCS := $(sort $(wildcard src/codec/jdoc*.c src/codec/jsplit*.c)) src/codec/jwrite.c
PORTABLE_BINS := $(PORTABLE_TESTS:%=$(B)/portable/test_%)
PORTABLE_OBJS := $(PORTABLE_SRCS:src/codec/%.c=$(B)/portable/obj/%.o)

$(B)/portable/obj/%.o: src/codec/%.c $(B)/.flags
	$(call say,CC,$< [no SIMD])
	@mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS_ALL) -DOG_NO_SIMD $(CFLAGS_ALL) -MMD -MP -c -o $@ $<

# these objects come before the archive, which then has nothing to add to them
$(B)/portable/test_%: $(B)/tests/obj/unit/codec/test_%.o $(PORTABLE_OBJS) $(SUPPORT_OBJS) $(LIB)
	$(call say,LINK,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS_ALL) $(LDFLAGS_ALL) -o $@ $^ $(LIBS) $(CHECK_LIBS)

.PHONY: check-json-portable
check-json-portable: $(PORTABLE_BINS) ## JSON tests without SSE2
	$(Q)for t in $(PORTABLE_BINS); do timeout 120 $$t || exit 1; done

CHECK_EXTRA += check-json-portable

-include $(PORTABLE_OBJS:.o=.d)
