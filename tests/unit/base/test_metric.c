/* SPDX-License-Identifier: Apache-2.0 */
/* Metrics: tables refused, counting, cardinality, the two formats, negotiation. */
#include "otelgate/base/mem.h"
#include "otelgate/base/metric.h"
#include "support/suite.h"

#include <math.h>
#include <pthread.h>
#include <stdio.h>

static struct og_metrics *reg;
static struct og_err err;

static void setup(void)
{
	og_err_clear(&err);
	reg = og_metrics_new(&err);
	ck_assert_ptr_nonnull(reg);
}

static void teardown(void)
{
	og_metrics_free(reg);
}

static char *text(enum og_metric_format f)
{
	og_auto_buf struct og_buf b = OG_BUF_INIT(0);
	ck_assert_int_eq(og_metrics_write(reg, f, &b, &err), 0);
	return og_buf_take(&b);
}

enum { REVIEWS, SECONDS, OBJECTS };
static const double bounds[] = {0.1, 1, 2.5};
static const struct og_metric_def table[] = {
	[REVIEWS] = {"og_reviews_total", "Reviews\nby \\ \"result\".", OG_METRIC_COUNTER,
		.labels = {"result", "op"}, .max_series = 2},
	[SECONDS] = {"og_review_seconds", "Time.", OG_METRIC_HISTOGRAM, .unit = "seconds",
		.buckets = bounds, .nbuckets = OG_COUNT(bounds)},
	[OBJECTS] = {"og_objects", "Objects.", OG_METRIC_GAUGE, .unit = NULL},
};

static struct og_metric_table *add(void)
{
	struct og_metric_table *t = og_metrics_add(reg, table, OG_COUNT(table), &err);
	ck_assert_ptr_nonnull(t);
	return t;
}

START_TEST(prometheus_text)
{
	struct og_metric_table *t = add();
	og_metric_add(t, REVIEWS, 2, OG_LABELS("ok", "create"));
	og_metric_add(t, REVIEWS, 1, OG_LABELS("a\"\\\nb", "create"));
	og_metric_observe(t, SECONDS, 0.1, NULL);
	og_metric_observe(t, SECONDS, 0.5, NULL);
	og_metric_observe(t, SECONDS, 99, NULL);
	og_metric_observe(t, SECONDS, (double)NAN, NULL);
	og_metric_set(t, OBJECTS, -0.1, NULL);
	og_auto_free char *s = text(OG_METRIC_TEXT);
	ck_assert_str_eq(s, "# HELP og_reviews_total Reviews\\nby \\\\ \"result\".\n"
			    "# TYPE og_reviews_total counter\n"
			    "og_reviews_total{result=\"a\\\"\\\\\\nb\",op=\"create\"} 1\n"
			    "og_reviews_total{result=\"ok\",op=\"create\"} 2\n"
			    "# HELP og_review_seconds Time.\n"
			    "# TYPE og_review_seconds histogram\n"
			    "og_review_seconds_bucket{le=\"0.1\"} 1\n"
			    "og_review_seconds_bucket{le=\"1\"} 2\n"
			    "og_review_seconds_bucket{le=\"2.5\"} 2\n"
			    "og_review_seconds_bucket{le=\"+Inf\"} 3\n"
			    "og_review_seconds_sum 99.6\n"
			    "og_review_seconds_count 3\n"
			    "# HELP og_objects Objects.\n"
			    "# TYPE og_objects gauge\n"
			    "og_objects -0.1\n");
}
END_TEST

START_TEST(openmetrics_text)
{
	struct og_metric_table *t = add();
	og_metric_add(t, REVIEWS, 2, OG_LABELS("ok", "create"));
	og_metric_observe(t, SECONDS, 0.5, NULL);
	og_auto_free char *s = text(OG_METRIC_OPENMETRICS);
	ck_assert_str_eq(s, "# HELP og_reviews Reviews\\nby \\\\ \\\"result\\\".\n"
			    "# TYPE og_reviews counter\n"
			    "og_reviews_total{result=\"ok\",op=\"create\"} 2\n"
			    "# HELP og_review_seconds Time.\n"
			    "# TYPE og_review_seconds histogram\n"
			    "# UNIT og_review_seconds seconds\n"
			    "og_review_seconds_bucket{le=\"0.1\"} 0\n"
			    "og_review_seconds_bucket{le=\"1.0\"} 1\n"
			    "og_review_seconds_bucket{le=\"2.5\"} 1\n"
			    "og_review_seconds_bucket{le=\"+Inf\"} 1\n"
			    "og_review_seconds_sum 0.5\n"
			    "og_review_seconds_count 1\n"
			    "# HELP og_objects Objects.\n"
			    "# TYPE og_objects gauge\n"
			    "og_objects 0\n"
			    "# EOF\n");
}
END_TEST

START_TEST(cardinality_is_bounded)
{
	struct og_metric_table *t = add();
	char v[16];
	for (int i = 0; i < 1000; i++) {
		(void)snprintf(v, sizeof(v), "v%d", i);
		og_metric_add(t, REVIEWS, 1, OG_LABELS(v, "x"));
	}
	og_metric_add(t, REVIEWS, 1, OG_LABELS("other", "other"));
	og_metric_add(t, REVIEWS, 1, OG_LABELS("v0", "x"));
	ck_assert_double_eq(og_series_value(og_metric_series(t, REVIEWS, OG_LABELS("v0", "x"))), 2);
	og_auto_free char *s = text(OG_METRIC_TEXT);
	ck_assert_ptr_nonnull(strstr(s, "og_reviews_total{result=\"other\",op=\"other\"} 999\n"
					"og_reviews_total{result=\"v0\",op=\"x\"} 2\n"
					"og_reviews_total{result=\"v1\",op=\"x\"} 1\n#"));
}
END_TEST

START_TEST(misuse_does_nothing)
{
	struct og_metric_table *t = add();
	og_metric_add(NULL, 0, 1, NULL);
	og_metric_add(t, 99, 1, NULL);
	og_metric_add(t, REVIEWS, 1, NULL);		    /* labels missing */
	og_metric_add(t, REVIEWS, -1, OG_LABELS("a", "b")); /* a counter never falls */
	og_metric_observe(t, OBJECTS, 1, NULL);
	og_metric_set(t, SECONDS, 1, NULL);
	og_series_add(NULL, 1);
	ck_assert_double_eq(og_series_value(og_metric_series(t, OBJECTS, NULL)), 0);
	ck_assert_double_eq(og_series_value(og_metric_series(t, SECONDS, NULL)), 0);
	ck_assert_double_eq(og_series_value(og_metric_series(t, REVIEWS, OG_LABELS("a", "b"))), 0);
	ck_assert_double_eq(og_series_value(NULL), 0);
}
END_TEST

START_TEST(label_values_are_cut_and_cleaned)
{
	struct og_metric_table *t = add();
	static char big[400];
	memset(big, 'x', OG_METRIC_LABEL_VALUE_BYTES - 1);
	memcpy(big + OG_METRIC_LABEL_VALUE_BYTES - 1, "\xe2\x82\xac", 4); /* across the cut */
	og_metric_add(t, REVIEWS, 1, OG_LABELS(big, "\xff"));
	og_auto_free char *s = text(OG_METRIC_TEXT);
	ck_assert_ptr_nonnull(strstr(s, "xx\",op=\"?\"} 1\n"));
	ck_assert(og_utf8_valid(s, strlen(s)));
}
END_TEST

START_TEST(the_same_rows_again_are_the_same_table)
{
	static const struct og_metric_def rows[] = {
		{"twins_total", "h", OG_METRIC_COUNTER, .unit = NULL},
		{"twin", "h", OG_METRIC_GAUGE, .unit = NULL},
	};
	static const struct og_metric_def copy = {
		"twins_total", "h", OG_METRIC_COUNTER, .unit = NULL};
	struct og_metric_table *t = og_metrics_add(reg, rows, 2, &err);
	ck_assert_ptr_nonnull(t);
	og_metric_add(t, 0, 2, NULL);
	ck_assert_ptr_eq(og_metrics_add(reg, rows, 2, &err), t);
	og_auto_free char *s = text(OG_METRIC_TEXT);
	ck_assert_ptr_nonnull(strstr(s, "\ntwins_total 2\n"));
	/* not the same rows: only the same names, or a part of them */
	ck_assert_ptr_null(og_metrics_add(reg, &copy, 1, &err));
	ck_assert_ptr_null(og_metrics_add(reg, rows, 1, &err));
	ck_assert_ptr_null(og_metrics_add(reg, rows + 1, 1, &err));
	ck_assert_int_eq(err.code, OG_E_BUG);
}
END_TEST

static const double falling[] = {2, 1};
static const double endless[] = {1, (double)INFINITY};
static const struct {
	struct og_metric_def def;
	const char *fault;
} bad[] = {
	{{NULL, "h", OG_METRIC_GAUGE, .unit = NULL}, "name is not"},
	{{"", "h", OG_METRIC_GAUGE, .unit = NULL}, "name is not"},
	{{"1x", "h", OG_METRIC_GAUGE, .unit = NULL}, "name is not"},
	{{"a-b", "h", OG_METRIC_GAUGE, .unit = NULL}, "name is not"},
	{{"a:b", "h", OG_METRIC_GAUGE, .unit = NULL}, "name is not"},
	{{"A", "h", OG_METRIC_GAUGE, .unit = NULL}, "name is not"},
	{{"a", NULL, OG_METRIC_GAUGE, .unit = NULL}, "no help"},
	{{"a", "", OG_METRIC_GAUGE, .unit = NULL}, "no help"},
	{{"a", "h", OG_METRIC_COUNTER, .unit = NULL}, "ends in _total"},
	{{"a_total", "h", OG_METRIC_GAUGE, .unit = NULL}, "ends in _total"},
	{{"a_count", "h", OG_METRIC_GAUGE, .unit = NULL}, "reserved for histograms"},
	{{"a", "h", OG_METRIC_GAUGE, .unit = "seconds"}, "end in its unit"},
	{{"seconds", "h", OG_METRIC_GAUGE, .unit = "seconds"}, "end in its unit"},
	{{"aseconds", "h", OG_METRIC_GAUGE, .unit = "seconds"}, "end in its unit"},
	{{"a_total", "h", OG_METRIC_COUNTER, .unit = "bytes"}, "end in its unit"},
	{{"a", "h", OG_METRIC_GAUGE, .labels = {"le"}}, "reserved"},
	{{"a", "h", OG_METRIC_GAUGE, .labels = {"__x"}}, "label name"},
	{{"a", "h", OG_METRIC_GAUGE, .labels = {"x-y"}}, "label name"},
	{{"a", "h", OG_METRIC_GAUGE, .labels = {"x", "x"}}, "stands twice"},
	{{"a", "h", OG_METRIC_GAUGE, .labels = {"a", "b", "c", "d", "e", "f", "g"}}, "more labels"},
	{{"a", "h", OG_METRIC_HISTOGRAM, .unit = NULL}, "has buckets"},
	{{"a", "h", OG_METRIC_GAUGE, .buckets = bounds, .nbuckets = 3}, "has buckets"},
	{{"a", "h", OG_METRIC_HISTOGRAM, .buckets = falling, .nbuckets = 2}, "ascend"},
	{{"a", "h", OG_METRIC_HISTOGRAM, .buckets = endless, .nbuckets = 2}, "finite"},
	{{"a", "h", OG_METRIC_HISTOGRAM, .buckets = bounds, .nbuckets = 99}, "more buckets"},
	{{"og_objects", "h", OG_METRIC_GAUGE, .unit = NULL}, "stands twice"},
};

START_TEST(bad_rows_are_named)
{
	add();
	ck_assert_ptr_null(og_metrics_add(reg, &bad[_i].def, 1, &err));
	ck_assert_int_eq(err.code, OG_E_BUG);
	ck_assert_msg(strstr(err.msg, bad[_i].fault) != NULL, "%s", err.msg);
}
END_TEST

static const struct {
	const char *accept;
	enum og_metric_format want;
} accepts[] = {
	{"", OG_METRIC_TEXT},
	{"*/*", OG_METRIC_TEXT},
	{"text/plain", OG_METRIC_TEXT},
	{"text/html,application/xhtml+xml,*/*;q=0.8", OG_METRIC_TEXT},
	{"application/openmetrics-text", OG_METRIC_OPENMETRICS},
	{"application/openmetrics-text; version=1.0.0", OG_METRIC_OPENMETRICS},
	{"Application/OpenMetrics-Text;Version=1.0.0;charset=utf-8", OG_METRIC_OPENMETRICS},
	{"application/openmetrics-text;version=1.0.0;q=0.5,application/openmetrics-text;"
	 "version=0.0.1;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2",
		OG_METRIC_OPENMETRICS}, /* Prometheus 2.x */
	{"application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,application/"
	 "openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,"
	 "text/plain;version=0.0.4;q=0.3,*/*;q=0.2",
		OG_METRIC_OPENMETRICS}, /* Prometheus 3.x */
	{"application/openmetrics-text;version=0.0.1", OG_METRIC_TEXT},
	{"application/openmetrics-text;version=2.0.0", OG_METRIC_TEXT},
	{"application/openmetrics-text;q=0", OG_METRIC_TEXT},
	{"application/openmetrics-text;q=0.5,text/plain;q=0.9", OG_METRIC_TEXT},
	{"application/openmetrics-text;q=0.5,text/*;q=0.9", OG_METRIC_TEXT},
	{"application/openmetrics-text;q=banana", OG_METRIC_TEXT},
	{"application/openmetrics-text;q=1.5", OG_METRIC_TEXT},
	{"application/openmetrics-text;q=", OG_METRIC_TEXT},
	{"application/openmetrics-textual", OG_METRIC_TEXT},
	{",,;,;q=1,", OG_METRIC_TEXT},
};

START_TEST(negotiation)
{
	ck_assert_int_eq(og_metrics_negotiate(og_svz(accepts[_i].accept)), accepts[_i].want);
}
END_TEST

START_TEST(content_types)
{
	ck_assert_str_eq(og_metrics_content_type(OG_METRIC_TEXT),
		"text/plain; version=0.0.4; charset=utf-8");
	ck_assert_str_eq(og_metrics_content_type(OG_METRIC_OPENMETRICS),
		"application/openmetrics-text; version=1.0.0; charset=utf-8");
}
END_TEST

static double value_of(const char *s, const char *name)
{
	char line[80];
	(void)snprintf(line, sizeof(line), "\n%s ", name);
	const char *at = strstr(s, line);
	ck_assert_msg(at != NULL, "%s", name);
	return strtod(at + strlen(line), NULL);
}

START_TEST(process_figures)
{
	ck_assert_int_eq(og_metrics_add_process(reg, &err), 0);
	og_auto_free char *s = text(OG_METRIC_TEXT);
	ck_assert_double_gt(value_of(s, "process_resident_memory_bytes"), 100000);
	ck_assert_double_gt(value_of(s, "process_virtual_memory_bytes"),
		value_of(s, "process_resident_memory_bytes"));
	ck_assert_double_ge(value_of(s, "process_cpu_seconds_total"), 0);
	ck_assert_double_gt(value_of(s, "process_start_time_seconds"), 1.6e9);
	ck_assert_double_ge(value_of(s, "process_open_fds"), 1);
	ck_assert_double_ge(value_of(s, "process_max_fds"), value_of(s, "process_open_fds"));
	ck_assert_ptr_nonnull(strstr(s, "\notelgate_build_info{version=\"" OG_VERSION "\"} 1\n"));
	ck_assert_double_ge(value_of(s, "otelgate_log_dropped_total"), 0);
	ck_assert_int_eq(og_metrics_add_process(reg, &err), 0); /* the same rows */
}
END_TEST

static void count_def(void *ctx, const struct og_metric_def *def)
{
	ck_assert_ptr_nonnull(def->help);
	++*(int *)ctx;
}

START_TEST(rows_can_be_listed)
{
	add();
	int n = 0;
	og_metrics_each(reg, count_def, &n);
	ck_assert_int_eq(n, (int)OG_COUNT(table));
}
END_TEST

START_TEST(markdown_table)
{
	og_auto_buf struct og_buf b = OG_BUF_INIT(0);
	const struct og_metric_def d = {
		"a_total", "One | two\nthree.", OG_METRIC_COUNTER, .labels = {"x", "y"}};
	og_metric_defs_markdown(&d, 1, &b);
	ck_assert_str_eq(b.p, "| name | type | labels | meaning |\n|---|---|---|---|\n"
			      "| `a_total` | counter | `x`, `y` | One \\| two three. |\n");
	ck_assert_str_eq(og_metric_type_name((enum og_metric_type)99), "unknown");
}
END_TEST

START_TEST(allocation_failures)
{
	og_mem_fault_arm(1, true);
	ck_assert_ptr_null(og_metrics_new(&err));
	ck_assert_ptr_null(og_metrics_add(reg, table, OG_COUNT(table), &err));
	ck_assert_int_eq(og_metrics_on_collect(reg, NULL, NULL, &err), -(int)OG_E_OOM);
	og_mem_fault_disarm();
	for (unsigned long at = 1; at < 7; at++) {
		og_mem_fault_arm(at, false);
		struct og_metric_table *t = og_metrics_add(reg, table, OG_COUNT(table), &err);
		og_mem_fault_disarm();
		if (t)
			break;
		ck_assert_int_eq(err.code, OG_E_OOM);
	}
	og_metrics_free(reg);
	reg = og_metrics_new(&err);
	struct og_metric_table *t = add();
	og_mem_fault_arm(1, true);
	og_metric_add(t, REVIEWS, 1, OG_LABELS("a", "b")); /* lost, not fatal */
	og_auto_buf struct og_buf b = OG_BUF_INIT(0);
	ck_assert_int_lt(og_metrics_write(reg, OG_METRIC_TEXT, &b, &err), 0);
	og_mem_fault_disarm();
	og_metric_add(t, REVIEWS, 1, OG_LABELS("a", "b"));
	ck_assert_double_eq(og_series_value(og_metric_series(t, REVIEWS, OG_LABELS("a", "b"))), 1);
}
END_TEST

enum { THREADS = 4, ROUNDS = 5000 };

static void *count(void *arg)
{
	struct og_metric_table *t = arg;
	for (int i = 0; i < ROUNDS; i++) {
		og_metric_add(t, REVIEWS, 1, OG_LABELS(i & 1 ? "a" : "b", "x"));
		og_metric_observe(t, SECONDS, 0.5, NULL);
	}
	return NULL;
}

START_TEST(threads_lose_no_count)
{
	struct og_metric_table *t = add();
	pthread_t th[THREADS];
	for (int i = 0; i < THREADS; i++)
		ck_assert_int_eq(pthread_create(&th[i], NULL, count, t), 0);
	for (int i = 0; i < 20; i++)
		og_free(text(OG_METRIC_OPENMETRICS));
	for (int i = 0; i < THREADS; i++)
		ck_assert_int_eq(pthread_join(th[i], NULL), 0);
	double sum = og_series_value(og_metric_series(t, REVIEWS, OG_LABELS("a", "x"))) +
		     og_series_value(og_metric_series(t, REVIEWS, OG_LABELS("b", "x")));
	ck_assert_double_eq(sum, THREADS * ROUNDS);
	ck_assert_double_eq(og_series_value(og_metric_series(t, SECONDS, NULL)), THREADS * ROUNDS);
}
END_TEST

static const struct og_metric_def comings[] = {
	{"og_thing", "Things that come and go.", OG_METRIC_GAUGE, .labels = {"name", "state"},
		.max_series = 3},
	{"og_seen_total", "Not for replacing.", OG_METRIC_COUNTER, .labels = {"name"}},
};
#define THING_HEAD "# HELP og_thing Things that come and go.\n# TYPE og_thing gauge\n"
#define SEEN_HEAD  "# HELP og_seen_total Not for replacing.\n# TYPE og_seen_total counter\n"

START_TEST(series_are_replaced)
{
	struct og_metric_table *t = og_metrics_add(reg, comings, OG_COUNT(comings), &err);
	struct og_metric_sample v[] = {
		{{"b", "x"}, 1}, {{"a\"\n", "y"}, 0.5}, {{"a", "x"}, 1}, {{"c", "x"}, 1}};

	ck_assert_ptr_nonnull(t);
	ck_assert_int_eq(og_metric_replace(t, 0, v, OG_COUNT(v)), 3); /* the limit */
	og_auto_free char *s = text(OG_METRIC_TEXT);
	ck_assert_str_eq(s, THING_HEAD "og_thing{name=\"a\",state=\"x\"} 1\n"
				       "og_thing{name=\"a\\\"\\n\",state=\"y\"} 0.5\n"
				       "og_thing{name=\"b\",state=\"x\"} 1\n" SEEN_HEAD);

	/* those before are gone; the same twice would void a scrape */
	struct og_metric_sample again[] = {{{"d", "x"}, 1}, {{"d", "x"}, 1}};
	ck_assert_int_eq(og_metric_replace(t, 0, again, 2), 2);
	og_auto_free char *s2 = text(OG_METRIC_TEXT);
	ck_assert_str_eq(s2, THING_HEAD "og_thing{name=\"d\",state=\"x\"} 1\n" SEEN_HEAD);
	ck_assert_int_eq(og_metric_replace(t, 0, NULL, 0), 0);
	og_auto_free char *s3 = text(OG_METRIC_OPENMETRICS);
	ck_assert_ptr_null(strstr(s3, "name="));
}
END_TEST

START_TEST(only_gauges_are_replaced)
{
	struct og_metric_table *t = og_metrics_add(reg, comings, OG_COUNT(comings), &err);
	struct og_metric_sample v[] = {{{"a"}, 1}};

	ck_assert_int_eq(og_metric_replace(t, 1, v, 1), 0);
	ck_assert_int_eq(og_metric_replace(t, 7, v, 1), 0);
	ck_assert_int_eq(og_metric_replace(NULL, 0, v, 1), 0);
	og_auto_free char *s = text(OG_METRIC_TEXT);
	ck_assert_str_eq(s, THING_HEAD SEEN_HEAD);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("base/metric");
	TCase *tc = tcase_create("metric");
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, prometheus_text);
	tcase_add_test(tc, openmetrics_text);
	tcase_add_test(tc, cardinality_is_bounded);
	tcase_add_test(tc, misuse_does_nothing);
	tcase_add_test(tc, label_values_are_cut_and_cleaned);
	tcase_add_test(tc, the_same_rows_again_are_the_same_table);
	tcase_add_test(tc, series_are_replaced);
	tcase_add_test(tc, only_gauges_are_replaced);
	tcase_add_loop_test(tc, bad_rows_are_named, 0, (int)OG_COUNT(bad));
	tcase_add_loop_test(tc, negotiation, 0, (int)OG_COUNT(accepts));
	tcase_add_test(tc, content_types);
	tcase_add_test(tc, process_figures);
	tcase_add_test(tc, rows_can_be_listed);
	tcase_add_test(tc, markdown_table);
	tcase_add_test(tc, allocation_failures);
	tcase_add_test(tc, threads_lose_no_count);
	suite_add_tcase(s, tc);
	return og_suite_run(s);
}
