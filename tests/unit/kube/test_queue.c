/* SPDX-License-Identifier: Apache-2.0 */
/* The work queue on a loop: who is called when, freeing from within, metrics, speed is a bench. */
#include <stdio.h>
#include "otelgate/base/mem.h"
#include "otelgate/kube/queue.h"
#include "support/fakeclock.h"
#include "support/suite.h"

static struct og_fakeclock fc;
static struct og_loop *loop;
static struct og_queue *q;
static struct og_metrics *metrics;
static struct og_err err;
static char log_[4096];
static int auto_done; /* how many of the coming keys are done at once; -1 = all */
static bool free_next, add_next;

static void work(void *ctx, struct og_sv key)
{
	ck_assert_ptr_eq(ctx, &fc);
	size_t n = strlen(log_);
	(void)snprintf(log_ + n, sizeof(log_) - n, "%.*s ", OG_SV_ARG(key));
	if (free_next) {
		og_queue_free(q);
		q = NULL;
		return;
	}
	if (add_next)
		ck_assert_int_eq(og_queue_add(q, OG_SV("child"), 0, NULL), 0);
	add_next = false;
	if (auto_done) {
		auto_done -= auto_done > 0;
		og_queue_done(q, key, OG_QUEUE_OK, -1);
	}
}

static struct og_queue_opts opts(void)
{
	return (struct og_queue_opts){.loop = loop,
		.name = "pods",
		.workers = 2,
		.metrics = metrics,
		.seed = 3,
		.work = work,
		.ctx = &fc};
}

static void setup(void)
{
	og_fakeclock_init(&fc);
	ck_assert_int_eq(og_loop_new(&fc.clock, &loop, NULL), 0);
	metrics = og_metrics_new(NULL);
	const struct og_queue_opts o = opts();
	ck_assert_int_eq(og_queue_new(&o, &q, NULL), 0);
	log_[0] = '\0';
	auto_done = 0;
	free_next = add_next = false;
	err = (struct og_err)OG_ERR_INIT;
}

static void teardown(void)
{
	og_queue_free(q);
	og_loop_free(loop);
	og_metrics_free(metrics);
}

static void turn(int64_t ms)
{
	og_fakeclock_advance_ms(&fc, ms);
	for (int i = 0; i < 20; i++)
		(void)og_loop_turn(loop, 0);
}

static void add(const char *key)
{
	ck_assert_int_eq(og_queue_add(q, og_svz(key), 0, &err), 0);
}

static struct og_queue_stats stats(void)
{
	struct og_queue_stats st;
	og_queue_stats(q, &st);
	return st;
}

static bool metric_is(const char *line)
{
	og_auto_buf struct og_buf b = OG_BUF_INIT(0);
	ck_assert_int_eq(og_metrics_write(metrics, OG_METRIC_TEXT, &b, NULL), 0);
	og_buf_ch(&b, '\0');
	if (strstr(b.p, line))
		return true;
	(void)fprintf(stderr, "%s\n", b.p);
	return false;
}

START_TEST(work_begins_on_the_loop)
{
	add("a");
	ck_assert_str_eq(log_, "");
	turn(0);
	ck_assert_str_eq(log_, "a ");
	ck_assert_uint_eq(stats().working, 1);
	og_queue_done(q, OG_SV("a"), OG_QUEUE_OK, -1);
	ck_assert_uint_eq(stats().done, 1);
}
END_TEST

START_TEST(no_more_at_a_time_than_workers)
{
	add("a");
	add("b");
	add("c");
	turn(0);
	ck_assert_str_eq(log_, "a b ");
	turn(1000);
	ck_assert_str_eq(log_, "a b ");
	og_queue_done(q, OG_SV("a"), OG_QUEUE_OK, -1);
	ck_assert_str_eq(log_, "a b "); /* not from within og_queue_done */
	turn(0);
	ck_assert_str_eq(log_, "a b c ");
}
END_TEST

START_TEST(delays_follow_the_clock)
{
	ck_assert_int_eq(og_queue_add_in(q, OG_SV("b"), 0, 200, NULL), 0);
	ck_assert_int_eq(og_queue_add_in(q, OG_SV("a"), 0, 100, NULL), 0);
	ck_assert_int_eq(og_queue_add_in(q, OG_SV("now"), 0, -5, NULL), 0);
	ck_assert_int_eq(og_queue_add_in(q, OG_SV("never"), 0, INT64_MAX, NULL), 0);
	auto_done = -1;
	turn(99);
	ck_assert_str_eq(log_, "now ");
	turn(1);
	ck_assert_str_eq(log_, "now a ");
	turn(100);
	ck_assert_str_eq(log_, "now a b ");
	turn(86400000LL * 365);
	ck_assert_str_eq(log_, "now a b ");
	ck_assert_uint_eq(stats().delayed, 1);
}
END_TEST

START_TEST(failures_come_again)
{
	add("a");
	turn(0);
	og_queue_done(q, OG_SV("a"), OG_QUEUE_FAILED, -1);
	ck_assert_uint_eq(og_queue_failures(q, OG_SV("a")), 1);
	ck_assert_uint_eq(og_queue_failures(q, OG_SV("b")), 0);
	turn(0);
	ck_assert_str_eq(log_, "a ");
	turn(5);
	ck_assert_str_eq(log_, "a a ");
	ck_assert_uint_eq(stats().retries, 1);
}
END_TEST

START_TEST(a_long_queue_leaves_the_loop_its_turns)
{
	char key[16];
	auto_done = -1;
	for (int i = 0; i < 1000; i++) {
		(void)snprintf(key, sizeof(key), "%d", i);
		add(key);
	}
	(void)og_loop_turn(loop, 0);
	ck_assert_uint_gt(stats().ready, 800); /* not all in one turn */
	turn(0);
	ck_assert_uint_eq(stats().ready, 0);
	ck_assert_uint_eq(stats().done, 1000);
}
END_TEST

START_TEST(work_may_add)
{
	add_next = true;
	auto_done = -1;
	add("a");
	turn(0);
	ck_assert_str_eq(log_, "a child ");
}
END_TEST

START_TEST(work_may_free_the_queue)
{
	free_next = true;
	add("a");
	add("b");
	turn(0);
	ck_assert_str_eq(log_, "a ");
	turn(1000);
	ck_assert_ptr_null(q);
}
END_TEST

START_TEST(free_forgets_what_waits)
{
	add("a");
	ck_assert_int_eq(og_queue_add_in(q, OG_SV("b"), 0, 10, NULL), 0);
	og_queue_free(q);
	q = NULL;
	turn(1000);
	ck_assert_str_eq(log_, "");
	ck_assert(
		metric_is("workqueue_depth{name=\"pods\",controller=\"pods\",priority=\"0\"} 0\n"));
	og_queue_free(NULL);
}
END_TEST

START_TEST(done_for_strangers_is_ignored)
{
	og_queue_done(q, OG_SV("x"), OG_QUEUE_FAILED, 5);
	og_queue_done(q, OG_SV(""), OG_QUEUE_OK, -1);
	add("a");
	og_queue_done(q, OG_SV("a"), OG_QUEUE_TERMINAL, -1);
	ck_assert_uint_eq(stats().done, 0);
	turn(0);
	ck_assert_str_eq(log_, "a ");
}
END_TEST

static const struct {
	const char *what;
	struct og_queue_opts o;
	bool no_loop, no_work;
} refused[] = {
	{"a loop", {.name = "x"}, true, false},
	{"a name", {.name = NULL}, false, false},
	{"a name", {.name = ""}, false, false},
	{"a worker", {.name = "x"}, false, true},
	{"base_ms", {.name = "x", .base_ms = -1}, false, false},
	{"base_ms", {.name = "x", .max_ms = -1}, false, false},
	{"base_ms", {.name = "x", .base_ms = 10, .max_ms = 9}, false, false},
	{"base_ms", {.name = "x", .max_ms = INT64_MAX}, false, false},
};

START_TEST(impossible_options_are_refused)
{
	struct og_queue_opts o = refused[_i].o;
	struct og_queue *none = NULL;
	o.loop = refused[_i].no_loop ? NULL : loop;
	o.work = refused[_i].no_work ? NULL : work;
	ck_assert_int_eq(og_queue_new(&o, &none, &err), -OG_E_INVALID);
	ck_assert_ptr_null(none);
	ck_assert_msg(strstr(err.msg, refused[_i].what) != NULL, "%s", err.msg);
}
END_TEST

START_TEST(metrics_tell_what_happens)
{
#define N    "{name=\"pods\",controller=\"pods\"} "
#define P(p) "workqueue_depth{name=\"pods\",controller=\"pods\",priority=\"" p "\"} "
	ck_assert(metric_is(P("-100") "0\n"));
	ck_assert(metric_is(P("0") "0\n"));
	ck_assert(metric_is("workqueue_adds_total" N "0\n"));
	ck_assert(metric_is("workqueue_retries_total" N "0\n"));
	for (int i = 0; i < 4; i++) {
		char key[4] = {(char)('a' + i), '\0'};
		ck_assert_int_eq(og_queue_add(q, og_svz(key), OG_QUEUE_LOW, NULL), 0);
	}
	ck_assert_int_eq(og_queue_add(q, OG_SV("d"), OG_QUEUE_USER, NULL), 0);
	ck_assert_int_eq(og_queue_add_in(q, OG_SV("later"), 7, 60000, NULL), 0);
	ck_assert(metric_is(P("-100") "3\n"));
	ck_assert(metric_is(P("0") "1\n"));
	ck_assert(metric_is("workqueue_adds_total" N "5\n"));
	ck_assert(metric_is("workqueue_retries_total" N "1\n"));
	turn(2000);
	ck_assert_str_eq(log_, "d a ");
	ck_assert(metric_is("workqueue_queue_duration_seconds_sum" N "4\n"));
	turn(3000);
	ck_assert(metric_is("workqueue_unfinished_work_seconds" N "6\n"));
	ck_assert(metric_is("workqueue_longest_running_processor_seconds" N "3\n"));
	og_queue_done(q, OG_SV("d"), OG_QUEUE_OK, -1);
	og_queue_done(q, OG_SV("a"), OG_QUEUE_FAILED, -1);
	auto_done = -1;
	ck_assert(metric_is("workqueue_work_duration_seconds_sum" N "6\n"));
	ck_assert(metric_is("workqueue_retries_total" N "2\n"));
	turn(60000);
	ck_assert(metric_is("workqueue_work_duration_seconds_count" N "6\n"));
	ck_assert(metric_is(P("-100") "0\n"));
	ck_assert(metric_is(P("7") "0\n"));
	turn(1000);
	ck_assert(metric_is("workqueue_unfinished_work_seconds" N "0\n"));
	ck_assert(metric_is("workqueue_longest_running_processor_seconds" N "0\n"));
}
END_TEST

START_TEST(priorities_have_a_bound_in_metrics)
{
	char key[16];
	for (int i = 1; i <= 40; i++) {
		(void)snprintf(key, sizeof(key), "%d", i);
		ck_assert_int_eq(og_queue_add(q, og_svz(key), i, NULL), 0);
	}
	ck_assert(metric_is(P("22") "1\n"));
	ck_assert(metric_is(P("other") "18\n"));
	auto_done = -1;
	turn(0);
	ck_assert(metric_is(P("22") "0\n"));
	ck_assert(metric_is(P("other") "0\n"));
}
END_TEST

START_TEST(two_queues_share_one_table)
{
	struct og_queue *other = NULL;
	struct og_queue_opts o = opts();
	o.name = "stacks";
	ck_assert_int_eq(og_queue_new(&o, &other, &err), 0);
	ck_assert_int_eq(og_queue_add(other, OG_SV("s"), 0, NULL), 0);
	ck_assert(metric_is("workqueue_adds_total{name=\"stacks\",controller=\"stacks\"} 1\n"));
	ck_assert(metric_is("workqueue_adds_total" N "0\n"));
	og_queue_free(other);
}
END_TEST

START_TEST(without_metrics_it_works_too)
{
	struct og_queue_opts o = opts();
	o.metrics = NULL;
	og_queue_free(q);
	ck_assert_int_eq(og_queue_new(&o, &q, &err), 0);
	auto_done = -1;
	add("a");
	turn(0);
	ck_assert_str_eq(log_, "a ");
}
END_TEST

/* Every allocation of a life fails in turn: an error is told, or nothing is lost. */
START_TEST(torture)
{
	for (unsigned long at = 1;; at++) {
		og_queue_free(q);
		og_metrics_free(metrics);
		metrics = NULL;
		q = NULL;
		log_[0] = '\0';
		auto_done = -1;
		og_mem_fault_arm(at, false);
		metrics = og_metrics_new(NULL);
		struct og_queue_opts o = opts();
		int made = og_queue_new(&o, &q, &err);
		int a = made < 0 ? made : og_queue_add(q, OG_SV("a"), 0, NULL);
		int b = made < 0 ? made : og_queue_add_in(q, OG_SV("b"), 0, 50, NULL);
		if (made == 0)
			turn(0);
		turn(50);
		unsigned long seen = og_mem_fault_disarm();
		if (made < 0) {
			ck_assert_int_eq(made, -OG_E_OOM);
			ck_assert_ptr_null(q);
		} else {
			ck_assert(a == 0 || a == -OG_E_OOM);
			ck_assert(b == 0 || b == -OG_E_OOM);
			ck_assert_int_eq(strstr(log_, "a ") != NULL, a == 0);
			ck_assert_int_eq(strstr(log_, "b ") != NULL, b == 0);
		}
		if (seen < at)
			break;
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("kube/queue");
	TCase *tc = tcase_create("queue");
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, work_begins_on_the_loop);
	tcase_add_test(tc, no_more_at_a_time_than_workers);
	tcase_add_test(tc, delays_follow_the_clock);
	tcase_add_test(tc, failures_come_again);
	tcase_add_test(tc, a_long_queue_leaves_the_loop_its_turns);
	tcase_add_test(tc, work_may_add);
	tcase_add_test(tc, work_may_free_the_queue);
	tcase_add_test(tc, free_forgets_what_waits);
	tcase_add_test(tc, done_for_strangers_is_ignored);
	tcase_add_loop_test(tc, impossible_options_are_refused, 0, (int)OG_COUNT(refused));
	tcase_add_test(tc, metrics_tell_what_happens);
	tcase_add_test(tc, priorities_have_a_bound_in_metrics);
	tcase_add_test(tc, two_queues_share_one_table);
	tcase_add_test(tc, without_metrics_it_works_too);
	tcase_add_test(tc, torture);
	suite_add_tcase(s, tc);
	return og_suite_run(s);
}
