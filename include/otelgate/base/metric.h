/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Metrics: declared in tables, counted lock-free, written as Prometheus text 0.0.4 or
 * OpenMetrics 1.0. A component declares one `static const struct og_metric_def defs[]` with an
 * enum of its rows, adds it to the registry once, and counts by row number:
 *
 *	og_metric_add(set, M_REVIEWS, 1, OG_LABELS("allowed", "create"));
 *
 * Hot paths look a series up once (og_metric_series) and count on the handle. Label values are
 * bounded: beyond a row's max_series everything new goes to one series whose labels are all
 * "other". Counting never fails and never allocates after a series exists; when memory is out,
 * the count is lost. Registration belongs to start-up (one thread); all else is thread-safe.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdbool.h>
#include "otelgate/base/err.h"
#include "otelgate/base/str.h"

enum og_metric_type { OG_METRIC_COUNTER, OG_METRIC_GAUGE, OG_METRIC_HISTOGRAM };
enum {
	OG_METRIC_LABELS_MAX = 6,
	OG_METRIC_LABEL_VALUE_BYTES = 256, /* longer values are cut */
	OG_METRIC_SERIES_DEFAULT = 100,
	OG_METRIC_BUCKETS_MAX = 32,
};

struct og_metric_def {
	const char *name; /* full name with unit; counters end in _total, as Prometheus shows it */
	const char *help; /* one sentence */
	enum og_metric_type type;
	const char *unit; /* "seconds", "bytes", or NULL; the name then ends in _<unit>[_total] */
	const char *labels[OG_METRIC_LABELS_MAX + 1]; /* NULL-terminated label names */
	const double *buckets; /* histogram: ascending upper bounds without +Inf */
	size_t nbuckets;
	unsigned max_series; /* 0 = OG_METRIC_SERIES_DEFAULT; without labels always 1 */
};

struct og_metrics;	 /* the registry */
struct og_metric_table;	 /* one added table */
struct og_metric_series; /* one combination of label values; lives as long as the registry */

/* 5 ms … 10 s, Prometheus clients' default for request durations in seconds. */
extern const double og_metric_buckets_seconds[];
extern const size_t og_metric_buckets_seconds_n;

struct og_metrics *og_metrics_new(struct og_err *err);
void og_metrics_free(struct og_metrics *m); /* NULL is fine */
/* Checks the rows (names, units, buckets, duplicates): -OG_E_BUG names the row. `defs` must outlive
 * the registry. Series without labels exist at once with value 0. The same rows added again give
 * the table there is, so that each of several queues or watches may add theirs. */
struct og_metric_table *og_metrics_add(
	struct og_metrics *m, const struct og_metric_def *defs, size_t n, struct og_err *err);
/* Called before each writing, to refresh gauges. */
int og_metrics_on_collect(
	struct og_metrics *m, void (*fn)(void *ctx), void *ctx, struct og_err *err);
/* process_cpu_seconds_total, process_resident_memory_bytes, process_virtual_memory_bytes,
 * process_open_fds, process_max_fds, process_start_time_seconds: the names of the Prometheus
 * client conventions (https://prometheus.io/docs/instrumenting/writing_clientlibs/); and what every
 * process of ours says of itself: otelgate_build_info, otelgate_log_dropped_total. */
int og_metrics_add_process(struct og_metrics *m, struct og_err *err);

/* Label values in the order of the row, as many as it has labels. */
#define OG_LABELS(...) ((const char *const[]){__VA_ARGS__})

/* NULL only when memory is out; all functions below accept a NULL series and do nothing. */
struct og_metric_series *og_metric_series(
	struct og_metric_table *s, size_t row, const char *const *values);
void og_series_add(struct og_metric_series *s, double v);     /* counter (v >= 0) or gauge */
void og_series_set(struct og_metric_series *s, double v);     /* gauge, or counter of another's */
void og_series_observe(struct og_metric_series *s, double v); /* histogram */
double og_series_value(const struct og_metric_series *s); /* histogram: number of observations */

/* The same with the look-up; `values` NULL for rows without labels. A NULL set does nothing. */
void og_metric_add(struct og_metric_table *s, size_t row, double v, const char *const *values);
void og_metric_set(struct og_metric_table *s, size_t row, double v, const char *const *values);
void og_metric_observe(struct og_metric_table *s, size_t row, double v, const char *const *values);

/* Series that come and go, as one for each workload there is: the row's are handed over as a whole
 * and replace those before. Not to be mixed with the functions above on the same row; gauges only.
 * `v` is sorted in place by labels; strings are copied. At most the row's max_series are taken, the
 * first ones in the order given, so that the caller says what matters most. Returns how many were
 * taken, or -OG_E_OOM, when those before stay. NULL `t` takes nothing and returns 0. */
struct og_metric_sample {
	const char *values[OG_METRIC_LABELS_MAX]; /* as many as the row has labels */
	double value;
};
int og_metric_replace(struct og_metric_table *t, size_t row, struct og_metric_sample *v, size_t n);

enum og_metric_format { OG_METRIC_TEXT, OG_METRIC_OPENMETRICS };
/* Chooses by the Accept header (RFC 9110 §12.5.1, q values); absent or unknown gives text. */
enum og_metric_format og_metrics_negotiate(struct og_sv accept);
const char *og_metrics_content_type(enum og_metric_format f);
/* Appends the exposition; -OG_E_OOM / -OG_E_LIMIT when the buffer failed. */
int og_metrics_write(
	struct og_metrics *m, enum og_metric_format f, struct og_buf *out, struct og_err *err);

/* Those rows, for documentation. */
extern const struct og_metric_def og_metric_process_defs[];
extern const size_t og_metric_process_defs_n;
const char *og_metric_type_name(enum og_metric_type t); /* "counter", "gauge", "histogram" */
/* A Markdown table of rows: name, type, labels, meaning. */
void og_metric_defs_markdown(const struct og_metric_def *defs, size_t n, struct og_buf *out);

/* All rows of all tables in order of registration: documentation is generated from it. */
void og_metrics_each(const struct og_metrics *m,
	void (*fn)(void *ctx, const struct og_metric_def *def), void *ctx);
