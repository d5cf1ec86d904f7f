# SPDX-License-Identifier: Apache-2.0
# Fuzzing: every tests/fuzz/fuzz_<x>.c defines LLVMFuzzerTestOneInput.
#   make fuzz [FUZZ_SECONDS=20] [FUZZ=jdoc]  clang's libFuzzer with ASan and UBSan, each harness for
#                                so long, from a copy of tests/fuzz/corpus/<x>/ (and <x>.dict if any)
#   make fuzz-replay             the committed inputs as tests, any compiler and VARIANT
#   make fuzz-corpus FUZZ=jdoc   adds to the committed inputs what reached new code in build/fuzz
FUZZ ?= *
FUZZ_SECONDS ?= 20
FUZZ_CC ?= clang
FUZZ_B := build/fuzz
FUZZ_SRCS := $(sort $(wildcard tests/fuzz/fuzz_$(FUZZ).c))
FUZZ_NAMES := $(FUZZ_SRCS:tests/fuzz/fuzz_%.c=%)
FUZZ_BINS := $(FUZZ_NAMES:%=$(FUZZ_B)/bin/fuzz_%)
FUZZ_REPLAYS := $(FUZZ_NAMES:%=$(B)/fuzz/replay_%)
FUZZ_SAN := -fsanitize=address,undefined -fno-sanitize-recover=all
FUZZ_CFLAGS = -std=gnu17 -g -O1 -fno-omit-frame-pointer -Wall -Wextra -Wno-gnu -Itests $(FUZZ_SAN)
FUZZ_LIB_OBJS := $(LIB_SRCS:src/%.c=$(FUZZ_B)/obj/%.o)

$(FUZZ_B)/obj/%.o: src/%.c
	$(call say,FUZZ-CC,$<)
	@mkdir -p $(@D)
	$(Q)$(FUZZ_CC) $(CPPFLAGS_ALL) $(FUZZ_CFLAGS) -fsanitize=fuzzer-no-link -MMD -MP -c -o $@ $<

$(FUZZ_B)/libotelgate.a: $(FUZZ_LIB_OBJS)
	$(Q)rm -f $@ && ar rcs $@ $^

$(FUZZ_B)/bin/fuzz_%: tests/fuzz/fuzz_%.c tests/support/jsongen.c $(FUZZ_B)/libotelgate.a
	$(call say,FUZZ-LD,$@)
	@mkdir -p $(@D)
	$(Q)$(FUZZ_CC) $(CPPFLAGS_ALL) $(FUZZ_CFLAGS) -fsanitize=fuzzer -o $@ $^ $(LIBS)

$(B)/fuzz/replay_%: $(B)/tests/obj/fuzz/fuzz_%.o $(B)/tests/obj/fuzz/replay.o \
		$(B)/tests/obj/support/jsongen.o $(LIB)
	$(call say,LINK,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS_ALL) $(LDFLAGS_ALL) -o $@ $^ $(LIBS)

.PHONY: fuzz fuzz-build fuzz-replay fuzz-corpus
fuzz-build: $(FUZZ_BINS)

fuzz: fuzz-build ## Fuzz each harness for FUZZ_SECONDS=20 (FUZZ=name for one)
	$(Q)for x in $(FUZZ_NAMES); do tests/fuzz/run.sh $(FUZZ_B) $$x $(FUZZ_SECONDS) || exit 1; done

fuzz-replay: $(FUZZ_REPLAYS) ## The committed fuzz inputs as tests
	$(Q)for x in $(FUZZ_NAMES); do \
		timeout 300 $(B)/fuzz/replay_$$x tests/fuzz/corpus/$$x || exit 1; done

fuzz-corpus: fuzz-build ## Take over fuzz inputs that reached new code
	$(Q)for x in $(FUZZ_NAMES); do \
		$(FUZZ_B)/bin/fuzz_$$x -merge=1 tests/fuzz/corpus/$$x $(FUZZ_B)/run/$$x \
			>$(FUZZ_B)/$$x.merge.log 2>&1 || { tail $(FUZZ_B)/$$x.merge.log; exit 1; }; \
		echo "$$x: $$(ls tests/fuzz/corpus/$$x | wc -l) inputs"; done

CHECK_EXTRA += fuzz-replay

-include $(FUZZ_LIB_OBJS:.o=.d)
-include $(FUZZ_NAMES:%=$(B)/tests/obj/fuzz/fuzz_%.d) $(B)/tests/obj/fuzz/replay.d
