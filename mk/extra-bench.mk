# SPDX-License-Identifier: Apache-2.0
# Benchmarks: tests/bench/bench_<x>.c are programs of their own; bench.c and reviews.c are shared.
# `make bench` runs all, prints each figure beside budget and baseline, and writes build/bench.json.
BENCH_SRCS := $(sort $(wildcard tests/bench/bench_*.c))
BENCH_BINS := $(BENCH_SRCS:tests/bench/%.c=$(B)/bench/%)
BENCH_OBJS := $(B)/tests/obj/bench/bench.o $(B)/tests/obj/bench/reviews.o

$(B)/bench/%: $(B)/tests/obj/bench/%.o $(BENCH_OBJS) $(LIB)
	$(call say,LINK,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS_ALL) $(LDFLAGS_ALL) -o $@ $< $(BENCH_OBJS) $(LIB) $(LIBS)

.PHONY: bench bench-build
bench-build: $(BENCH_BINS) $(BIN)
bench: bench-build ## measure, beside budgets and baselines; writes build/bench.json
	@rm -f build/bench.rows
	@for b in $(BENCH_BINS); do echo "# $${b##*/}"; BENCH_JSON=build/bench.rows $$b || exit 1; done
	@echo "# instructions"; BENCH_JSON=build/bench.rows tests/bench/instructions $(B)/bench/bench_review
	@awk 'BEGIN { print "[" } { printf "%s%s", (NR > 1 ? ",\n" : ""), $$0 } END { print "\n]" }' \
		build/bench.rows > build/bench.json

-include $(BENCH_SRCS:tests/%.c=$(B)/tests/obj/%.d) $(BENCH_OBJS:.o=.d)
