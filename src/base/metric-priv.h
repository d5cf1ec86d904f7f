/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* What registry and writer share. */
#include "otelgate/base/metric.h"

#include <pthread.h>
#include <stdatomic.h>

struct og_metric_series {
	const struct og_metric_def *def;
	uint64_t hash;
	const char *values[OG_METRIC_LABELS_MAX];
	_Atomic uint64_t value;	    /* bits of a double; histogram: the sum */
	_Atomic uint64_t buckets[]; /* histogram: nbuckets + 1, not cumulative; texts follow */
};

struct og_metric_row {
	const struct og_metric_def *def;
	size_t nlabels;
	unsigned max_series, nslots, nseries;
	struct og_metric_series *_Atomic *slots;   /* open addressing, at most half full */
	struct og_metric_series *_Atomic overflow; /* stands in a slot as well */
	char *replaced;	      /* lines of og_metric_replace, under the lock; NULL = never called */
	pthread_mutex_t lock; /* for adding series */
};

struct og_metric_table {
	struct og_metric_table *next;
	size_t n;
	struct og_metric_row rows[];
};

struct og_metric_hook {
	struct og_metric_hook *next;
	void (*fn)(void *ctx);
	void *ctx;
};

struct og_metrics {
	struct og_metric_table *first;
	struct og_metric_hook *hooks;
	pthread_mutex_t lock; /* one writer at a time: hooks need not be re-entrant */
};

size_t og_metric_label_count_(const struct og_metric_def *d);
struct og_metric_series *og_metric_find_(struct og_metric_row *r, const char *const *values);
/* metric_write.c: `name{label="value",…} number`, a line. */
void og_metric_line_(
	struct og_buf *out, const struct og_metric_def *d, const char *const *values, double value);
double og_metric_double_(const _Atomic uint64_t *bits);
