/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A whole review in process: AdmissionReview bytes in, answer bytes out, self-check included. The
 * baseline is what the same bytes cost jansson to parse and free, before any decision.
 */
#include "bench.h"
#include "otelgate/base/mem.h"
#include "otelgate/base/parse.h"
#include "otelgate/core/review.h"
#include "reviews.h"

#include <jansson.h>
#include <stdio.h>

struct run {
	const struct og_config *config;
	struct og_buf body, out;
	struct og_arena arena;
};

static void one_review(void *ctx)
{
	struct run *r = ctx;
	struct og_review_result res;
	struct og_review_input in = {.config = r->config, .body = og_buf_view(&r->body)};
	og_arena_reset(&r->arena);
	og_buf_reset(&r->out);
	og_review_handle(&in, &r->arena, &r->out, &res);
}

static void jansson_parse(void *ctx)
{
	struct run *r = ctx;
	json_decref(json_loadb(r->body.p, r->body.len, JSON_REJECT_DUPLICATES, NULL));
}

static const struct {
	const char *name;
	unsigned containers;
	bool opted_in;
	double budget_us;
} cases[] = {
	{"review, 1 container, 5 env", 1, true, 50},
	{"review, 10 containers, 5 env", 10, true, 150},
	{"review, 100 containers, 5 env", 100, true, 1000},
	{"review, 1 container, not opted in", 1, false, 20},
};

/* `bench_review once CASE N` runs one case N times, for callgrind (tests/bench/instructions). */
static int once(struct run *r, const char *which, const char *times)
{
	uint32_t i, n;
	if (og_parse_u32(og_svz(which), 0, OG_COUNT(cases) - 1, &i, NULL) ||
		og_parse_u32(og_svz(times), 1, 100000, &n, NULL))
		return 2;
	bench_review(&r->body, cases[i].containers, 5, cases[i].opted_in);
	while (n--)
		one_review(r);
	printf("%s\n", cases[i].name); /* for the table of instructions */
	return r->out.len ? 0 : 1;
}

int main(int argc, char **argv)
{
	struct og_arena ca;
	og_arena_init(&ca, 0, 0);
	struct run r = {.config = bench_config(&ca)};
	og_arena_init(&r.arena, 1 << 20, 0);
	struct bench_row rows[3 * OG_COUNT(cases)];
	int n = 0;
	if (!r.config)
		return 1;
	if (argc == 4)
		return once(&r, argv[2], argv[3]);
	for (size_t i = 0; i < OG_COUNT(cases); i++) {
		og_buf_reset(&r.body);
		bench_review(&r.body, cases[i].containers, 5, cases[i].opted_in);
		rows[n++] = (struct bench_row){cases[i].name, "us",
			bench_time(one_review, &r, 9) / 1e3, cases[i].budget_us, false,
			bench_time(jansson_parse, &r, 5) / 1e3, "jansson parsing the same bytes"};
		og_mem_fault_arm(0, false);
		one_review(&r);
		rows[n++] = (struct bench_row){"  allocations (arena's included)", "count",
			(double)og_mem_fault_disarm(), 0, false, 0, NULL};
	}
	bench_print(rows, n);
	og_buf_fini(&r.body);
	og_buf_fini(&r.out);
	og_arena_fini(&r.arena);
	og_arena_fini(&ca);
	return 0;
}
