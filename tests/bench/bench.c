/* SPDX-License-Identifier: Apache-2.0 */
/* The bench harness: timing, and rows to the terminal and to BENCH_JSON. */
#include "bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

uint64_t bench_ns(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

/* Time this thread really ran: what others do on the machine does not count. */
static uint64_t cpu_ns(void)
{
	struct timespec t;
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

double bench_time(void (*fn)(void *ctx), void *ctx, int rounds)
{
	enum { MAX = 101, BATCH_NS = 20000000 };
	double t[MAX];
	uint64_t batch = 1;
	if (rounds > MAX)
		rounds = MAX;
	for (;;) { /* warm up, and find how many calls fill a batch */
		uint64_t from = cpu_ns();
		for (uint64_t i = 0; i < batch; i++)
			fn(ctx);
		if (cpu_ns() - from >= BATCH_NS)
			break;
		batch *= 2;
	}
	for (int r = 0; r < rounds; r++) {
		uint64_t from = cpu_ns();
		for (uint64_t i = 0; i < batch; i++)
			fn(ctx);
		t[r] = (double)(cpu_ns() - from) / (double)batch;
	}
	qsort(t, (size_t)rounds, sizeof(t[0]), by_value);
	return t[rounds / 2];
}

static const char *verdict(const struct bench_row *r)
{
	if (r->budget == 0)
		return "";
	bool ok = r->at_least ? r->value >= r->budget : r->value <= r->budget;
	return ok ? "within" : "MISSED";
}

void bench_print(const struct bench_row *rows, int n)
{
	printf("%-46s %12s %-10s %14s %-8s %14s  %s\n", "FIGURE", "VALUE", "UNIT", "BUDGET", "",
		"BASELINE", "BASELINE IS");
	for (int i = 0; i < n; i++) {
		const struct bench_row *r = &rows[i];
		char budget[32] = "-", base[32] = "-";
		if (r->budget != 0)
			snprintf(budget, sizeof(budget), "%s %.6g",
				r->at_least ? ">=" : "<=", r->budget);
		if (r->baseline != 0)
			snprintf(base, sizeof(base), "%.4g", r->baseline);
		printf("%-46s %12.5g %-10s %14s %-8s %14s  %s\n", r->name, r->value, r->unit,
			budget, verdict(r), base, r->note ? r->note : "");
	}
	const char *path = getenv("BENCH_JSON");
	FILE *f = path ? fopen(path, "a") : NULL;
	if (!f)
		return;
	for (int i = 0; i < n; i++) /* one object per line; `make bench` makes the list of them */
		fprintf(f,
			"{\"name\":\"%s\",\"value\":%.6g,\"unit\":\"%s\",\"budget\":%.6g,\"baseline\":%.6g}\n",
			rows[i].name, rows[i].value, rows[i].unit, rows[i].budget,
			rows[i].baseline);
	fclose(f);
}
