/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Benchmarks: a figure, its unit, its budget and a baseline measured in the same run. Each program
 * appends its rows to the file named by BENCH_JSON and prints them as a table.
 */
#include <stdbool.h>
#include <stdint.h>

struct bench_row {
	const char *name, *unit;
	double value;
	double budget;	  /* 0 = none */
	bool at_least;	  /* the budget is a floor, not a ceiling */
	double baseline;  /* 0 = none */
	const char *note; /* what the baseline is */
};

void bench_print(const struct bench_row *rows, int n);

uint64_t bench_ns(void); /* monotonic */

/*
 * Runs fn `rounds` times in batches that take at least 20 ms each and returns the median CPU
 * time of one call in nanoseconds.
 */
double bench_time(void (*fn)(void *ctx), void *ctx, int rounds);
