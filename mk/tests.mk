# SPDX-License-Identifier: Apache-2.0
# Unit tests: every tests/unit/<floor>/test_<module>.c is one Check program with its own main.
# tests/support/*.c is linked into each of them.
#
# Other suites join `make check` from mk/extra-*.mk:
#   CHECK_EXTRA += name        a make target, or the path of a program (it has a '/'); it prints a
#                              line that ends in "N passed, N failed", or counts as one test
#   CHECK_EXTRA_DEPS += file   what has to be built before
#   TSAN_TESTS += floor/name   unit tests that use threads and are run by `make tsan`

# ck_assert_ptr_nonnull does not tell the compiler that the pointer is fine afterwards.
TEST_WARN = -Wno-null-dereference $(if $(filter 0,$(IS_CLANG)),-Wno-format-truncation)
CHECK_LIBS = $(shell $(PKG_CONFIG) --libs check 2>/dev/null)
TEST_SRCS := $(sort $(wildcard tests/unit/*/test_*.c))
TEST_BINS := $(TEST_SRCS:tests/unit/%.c=$(B)/tests/%)
SUPPORT_SRCS := $(sort $(wildcard tests/support/*.c))
# an archive: each test takes what it needs, and with it the simulator or not
SUPPORT_OBJS := $(B)/libsupport.a

$(B)/tests/obj/%.o: tests/%.c $(B)/.flags
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS_ALL) -Itests $(CFLAGS_ALL) $(TEST_WARN) -MMD -MP -c -o $@ $<

$(SUPPORT_OBJS): $(SUPPORT_SRCS:tests/%.c=$(B)/tests/obj/%.o)
	$(call say,AR,$@)
	$(Q)rm -f $@ && ar rcs $@ $^

$(B)/tests/%: $(B)/tests/obj/unit/%.o $(SUPPORT_OBJS) $(LIB)
	$(call say,LINK,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS_ALL) $(LDFLAGS_ALL) -o $@ $< $(SUPPORT_OBJS) $(LIB) $(LIBS) $(CHECK_LIBS)

# Those that start the program: an old one must not be what is tested.
PROGRAM_TESTS := $(shell grep -l support/program.h $(TEST_SRCS))
$(PROGRAM_TESTS:tests/unit/%.c=$(B)/tests/%): | $(BIN)

.PHONY: tests
tests: $(TEST_BINS) ## Build the unit tests
.SECONDARY:

-include $(TEST_SRCS:tests/%.c=$(B)/tests/obj/%.d) $(SUPPORT_SRCS:tests/%.c=$(B)/tests/obj/%.d)

JOBS ?= $(shell nproc 2>/dev/null || echo 2)
TEST_SECONDS ?= 300
TSAN_TESTS += base/log base/metric base/fs

# T=text runs only the tests whose name holds the text; the minimum does not count then.
unit_name = unit/$(patsubst $(B)/tests/%,%,$(subst /test_,/,$(1)))
test_jobs = $(foreach t,$(1),$(call unit_name,$(t)) $(2)$(t)$(newline))
extra_jobs = $(foreach x,$(CHECK_EXTRA),$(notdir $(x)) $(if $(findstring /,$(x)),$(x),$(extra_make) $(x))$(newline))
extra_make = MAKEFLAGS= $(MAKE) --no-print-directory VARIANT=$(VARIANT) CC=$(CC)
define newline


endef

export ASAN_OPTIONS ?= detect_stack_use_after_return=1:strict_string_checks=1:check_initialization_order=1
export UBSAN_OPTIONS ?= print_stacktrace=1
export TSAN_OPTIONS ?= halt_on_error=1:second_deadlock_stack=1
# A zone of no one's, so that local time taken for UTC is seen; the time limit of one test case, with the
# patience a busy machine needs.
run_env = TZ='<+1345>-13:45' LC_ALL=C CK_DEFAULT_TIMEOUT=120 CK_TIMEOUT_MULTIPLIER=5 OG_BIN=$(B)/otelgate OG_BUILD=$(B)

# $(1) folder for the output, $(2) jobs, $(3) minimum
define run_tests
@mkdir -p $(B)
$(file >$(B)/$(1).jobs,$(2))
@grep -F -- '$(T)' $(B)/$(1).jobs | sed 's/^ *//' > $(B)/$(1).list || { echo "no test is named *$(T)*" >&2; exit 2; }
@$(run_env) scripts/run-tests -o $(B)/$(1) -j $(JOBS) -t $(TEST_SECONDS) -m $(if $(T),0,$(3)) $(B)/$(1).list
endef

.PHONY: check
check: all tests $(CHECK_EXTRA_DEPS) ## Run all tests; T=text selects by name
	$(call run_tests,check,$(call test_jobs,$(TEST_BINS))$(extra_jobs),$(shell cat tests/minimum 2>/dev/null))

.PHONY: asan tsan valgrind
asan: ## The same under AddressSanitizer and UBSan
	@$(MAKE) --no-print-directory VARIANT=asan check

tsan: ## The tests that use threads, under ThreadSanitizer
	@$(MAKE) --no-print-directory VARIANT=tsan check-threads

# Expanded late: other makefiles add to TSAN_TESTS after this line is read.
.SECONDEXPANSION:
.PHONY: check-threads
check-threads: $$(foreach t,$$(TSAN_TESTS),$(B)/tests/$$(dir $$(t))test_$$(notdir $$(t)))
	$(call run_tests,tsan,$(call test_jobs,$^),0)

VALGRIND = valgrind -q --error-exitcode=99 --leak-check=full --show-leak-kinds=definite \
	--errors-for-leak-kinds=definite --child-silent-after-fork=no
valgrind: TEST_SECONDS = 1200
valgrind: run_env += CK_TIMEOUT_MULTIPLIER=20
valgrind: tests ## The unit tests under valgrind
	$(call run_tests,valgrind,$(call test_jobs,$(TEST_BINS),$(VALGRIND) ),0)
