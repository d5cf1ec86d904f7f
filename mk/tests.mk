# SPDX-License-Identifier: Apache-2.0
# Unit tests: every tests/unit/<floor>/test_<module>.c is one Check program with its own main.
# tests/support/*.c is linked into each of them.
# ck_assert_ptr_nonnull does not tell the compiler that the pointer is fine afterwards.
TEST_WARN = -Wno-null-dereference $(if $(filter 0,$(IS_CLANG)),-Wno-format-truncation)
CHECK_LIBS = $(shell $(PKG_CONFIG) --libs check 2>/dev/null)
TEST_SRCS := $(sort $(wildcard tests/unit/*/test_*.c))
TEST_BINS := $(TEST_SRCS:tests/unit/%.c=$(B)/tests/%)
SUPPORT_SRCS := $(sort $(wildcard tests/support/*.c))
SUPPORT_OBJS := $(SUPPORT_SRCS:tests/%.c=$(B)/tests/obj/%.o)

$(B)/tests/obj/%.o: tests/%.c $(B)/.flags
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS_ALL) -Itests $(CFLAGS_ALL) $(TEST_WARN) -MMD -MP -c -o $@ $<

$(B)/tests/%: $(B)/tests/obj/unit/%.o $(SUPPORT_OBJS) $(LIB)
	$(call say,LINK,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS_ALL) $(LDFLAGS_ALL) -o $@ $< $(SUPPORT_OBJS) $(LIB) $(LIBS) $(CHECK_LIBS)

.PHONY: tests
tests: $(TEST_BINS)
.SECONDARY:

-include $(TEST_SRCS:tests/%.c=$(B)/tests/obj/%.d) $(SUPPORT_OBJS:.o=.d)
