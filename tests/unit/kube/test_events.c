/* SPDX-License-Identifier: Apache-2.0 */
/* Events on a loop, against a scripted server: requests, answers, flush, freeing, memory. */
#include <stdio.h>
#include "../../../src/kube/events-priv.h"
#include "otelgate/base/mem.h"
#include "support/fakeclock.h"
#include "support/kube_script.h"
#include "support/suite.h"

static struct og_fakeclock fc;
static struct og_loop *loop;
static struct kube_script server;
static struct og_events *e;
static struct og_metrics *metrics;
static struct og_err err;
static unsigned flushed;
static bool free_in_flush;

static struct og_events_opts opts(void)
{
	return (struct og_events_opts){.controller = "otelgate.dev/controller",
		.instance = "pod-1",
		.metrics = metrics,
		.seed = 4};
}

static void setup(void)
{
	og_fakeclock_init(&fc);
	ck_assert_int_eq(og_loop_new(&fc.clock, &loop, NULL), 0);
	kube_script_init(&server, loop);
	metrics = og_metrics_new(NULL);
	const struct og_events_opts o = opts();
	ck_assert_int_eq(events_new(&o, &server.seam, &e, NULL), 0);
	flushed = 0;
	free_in_flush = false;
}

static void teardown(void)
{
	og_events_free(e);
	e = NULL;
	kube_script_fini(&server);
	og_loop_free(loop);
	og_metrics_free(metrics);
}

static void emit(const char *name)
{
	const struct og_event ev = {.kind = OG_SV("Deployment"),
		.ns = OG_SV("shop"),
		.name = og_svz(name),
		.reason = "Injected",
		.action = "Inject",
		.note = OG_SV("said")};
	og_events_emit(e, &ev);
}

static void turn(int64_t ms)
{
	og_fakeclock_advance_ms(&fc, ms);
	for (int i = 0; i < 5; i++)
		(void)og_loop_turn(loop, 0);
}

static void on_flushed(void *ctx)
{
	ck_assert_ptr_eq(ctx, &fc);
	flushed++;
	if (free_in_flush) {
		og_events_free(e);
		e = NULL;
	}
}

static bool metric_is(const char *line)
{
	og_auto_buf struct og_buf b = OG_BUF_INIT(0);
	ck_assert_int_eq(og_metrics_write(metrics, OG_METRIC_TEXT, &b, NULL), 0);
	og_buf_ch(&b, '\0');
	return strstr(b.p, line) != NULL;
}
#define TOTAL(r) "otelgate_events_total{result=\"" r "\"} "

START_TEST(requests_are_what_they_have_to_be)
{
	ck_assert(metric_is(TOTAL("created") "0\n"));
	ck_assert(metric_is(TOTAL("forgotten") "0\n"));
	emit("web");
	ck_assert_uint_eq(kube_script_pending(&server), 0); /* nobody waits for it */
	turn(0);
	const struct kube_script_call *c = kube_script_first(&server);
	ck_assert_int_eq(c->verb, OG_KUBE_CREATE);
	ck_assert_str_eq(c->where, "events.k8s.io/v1/events/shop//");
	ck_assert_int_eq(c->lane, OG_KUBE_BULK);
	ck_assert_int_eq(c->max_tries, 1);
	ck_assert(metric_is("otelgate_events_queued 1\n"));
	kube_script_answer(&server, 201, "{}");
	emit("web");
	turn(0);
	c = kube_script_first(&server);
	ck_assert_int_eq(c->verb, OG_KUBE_PATCH);
	ck_assert_int_eq(c->patch, OG_KUBE_MERGE_PATCH);
	ck_assert_msg(
		strncmp(c->where, "events.k8s.io/v1/events/shop/web.", 33) == 0, "%s", c->where);
	ck_assert_ptr_nonnull(strstr(c->body, "{\"series\":{\"count\":2,"));
	kube_script_answer(&server, 200, "{}");
	ck_assert(metric_is(TOTAL("created") "1\n"));
	ck_assert(metric_is(TOTAL("patched") "1\n"));
	ck_assert(metric_is("otelgate_events_queued 0\n"));
}
END_TEST

static const struct {
	int http;
	const char *reason;
	bool again;
	const char *line; /* when it is final */
} answers[] = {
	{0, "", true, NULL},
	{408, "Timeout", true, NULL},
	{429, "TooManyRequests", true, NULL},
	{500, "InternalError", true, NULL},
	{503, "ServiceUnavailable", true, NULL},
	{504, "Timeout", true, NULL},
	{302, "", true, NULL},
	{400, "BadRequest", false, TOTAL("rejected") "1\n"},
	{401, "Unauthorized", false, TOTAL("rejected") "1\n"},
	{403, "Forbidden", false, TOTAL("rejected") "1\n"},
	{403, "Forbidden:NamespaceTerminating", false, TOTAL("namespace_terminating") "1\n"},
	{404, "NotFound", false, TOTAL("namespace_terminating") "1\n"},
	{413, "RequestEntityTooLarge", false, TOTAL("rejected") "1\n"},
	{422, "Invalid", false, TOTAL("rejected") "1\n"},
};

START_TEST(what_an_answer_means)
{
	emit("web");
	turn(0);
	kube_script_answer(&server, answers[_i].http, answers[_i].reason);
	turn(12500);
	ck_assert_uint_eq(kube_script_pending(&server), answers[_i].again);
	if (!answers[_i].again)
		ck_assert(metric_is(answers[_i].line));
}
END_TEST

START_TEST(a_name_that_is_taken_is_changed_at_once)
{
	emit("web");
	turn(0);
	kube_script_answer(&server, 409, "AlreadyExists");
	turn(0);
	kube_script_answer(&server, 201, "{}");
	ck_assert(metric_is(TOTAL("created") "1\n"));
}
END_TEST

START_TEST(a_storm_is_one_event)
{
	for (int i = 0; i < 5000; i++) {
		emit("web");
		if (i % 7 == 0) {
			turn(1);
			while (kube_script_pending(&server))
				kube_script_answer(&server, 200, "{}");
		}
	}
	ck_assert_uint_eq(server.started, 2);
	turn(360000);
	ck_assert_ptr_nonnull(strstr(kube_script_first(&server)->body, "\"count\":5000,"));
	kube_script_answer(&server, 200, "{}");
	turn(0);
	turn(10000000);
	ck_assert_uint_eq(server.started, 3);
}
END_TEST

START_TEST(a_server_that_is_away_is_not_hammered)
{
	char name[16];
	for (int i = 0; i < 500; i++) {
		(void)snprintf(name, sizeof(name), "o%d", i);
		emit(name);
	}
	for (int s = 0; s < 100; s++) {
		turn(100);
		while (kube_script_pending(&server))
			kube_script_answer(&server, 0, "");
	}
	ck_assert_uint_le(server.started, 8 * 3); /* in 10 s */
}
END_TEST

START_TEST(flush_with_nothing_to_do)
{
	og_events_flush(e, 1000, on_flushed, &fc);
	ck_assert_uint_eq(flushed, 0); /* never from within */
	turn(0);
	ck_assert_uint_eq(flushed, 1);
	turn(10000);
	ck_assert_uint_eq(flushed, 1);
}
END_TEST

START_TEST(flush_waits_for_the_answers)
{
	emit("web");
	emit("db");
	og_events_flush(e, 1000, on_flushed, &fc);
	turn(0);
	kube_script_answer(&server, 201, "{}");
	turn(500);
	ck_assert_uint_eq(flushed, 0);
	kube_script_answer(&server, 201, "{}");
	turn(0);
	ck_assert_uint_eq(flushed, 1);
}
END_TEST

START_TEST(flush_is_bounded)
{
	emit("web");
	og_events_flush(e, 1000, on_flushed, &fc);
	turn(0);
	kube_script_answer(&server, 0, "");
	turn(500);
	kube_script_answer(&server, 503, "ServiceUnavailable");
	turn(499);
	ck_assert_uint_eq(flushed, 0);
	turn(1);
	ck_assert_uint_eq(flushed, 1);
	turn(20000); /* it goes on as before */
	ck_assert_uint_eq(kube_script_pending(&server), 1);
	ck_assert_uint_eq(flushed, 1);
}
END_TEST

static const int64_t spans[] = {0, -1, INT64_MIN, INT64_MAX};
START_TEST(flush_takes_any_time)
{
	emit("web");
	og_events_flush(e, spans[_i], on_flushed, &fc);
	turn(0);
	ck_assert_uint_eq(flushed, spans[_i] <= 0);
	while (kube_script_pending(&server))
		kube_script_answer(&server, 201, "{}");
	turn(0);
	turn(0);
	ck_assert_uint_eq(flushed, 1);
	og_events_flush(e, 10, NULL, NULL);
	turn(10);
}
END_TEST

START_TEST(flush_may_free)
{
	free_in_flush = true;
	emit("web");
	og_events_flush(e, 100, on_flushed, &fc);
	turn(0);
	turn(100);
	ck_assert_uint_eq(flushed, 1);
	ck_assert_uint_eq(server.cancelled, 1); /* what was under way */
	ck_assert(metric_is("otelgate_events_queued 0\n"));
	turn(100000);
}
END_TEST

START_TEST(free_cancels_what_is_under_way)
{
	emit("a");
	emit("b");
	turn(0);
	emit("c");
	og_events_free(e);
	e = NULL;
	ck_assert_uint_eq(server.cancelled, 2);
	turn(100000);
	og_events_free(NULL);
}
END_TEST

static const struct {
	const char *controller, *instance, *fault;
} refused[] = {
	{NULL, "i", "controller"},
	{"", "i", "controller"},
	{"a b", "i", "controller"},
	{"-/x", "i", "controller"},
	{"otelgate.dev/controller/x", "i", "controller"},
	{"otelgate.dev/controller", NULL, "instance"},
	{"otelgate.dev/controller", "", "instance"},
	{"otelgate.dev/controller",
		"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
		"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
		"instance"},
};

START_TEST(impossible_options_are_refused)
{
	struct og_events *none = NULL;
	struct og_events_opts o = opts();
	o.controller = refused[_i].controller;
	o.instance = refused[_i].instance;
	ck_assert_int_eq(events_new(&o, &server.seam, &none, &err), -OG_E_INVALID);
	ck_assert_msg(strstr(err.msg, refused[_i].fault) != NULL, "%s", err.msg);
	ck_assert_ptr_null(none);
}
END_TEST

START_TEST(bad_events_are_counted_not_sent)
{
	const struct og_event bad = {
		.kind = OG_SV(""), .name = OG_SV("x"), .reason = "R", .action = "A"};
	og_events_emit(e, &bad);
	turn(0);
	ck_assert_uint_eq(server.started, 0);
	ck_assert(metric_is(TOTAL("invalid") "1\n"));
}
END_TEST

START_TEST(a_client_that_cannot_send_is_asked_again)
{
	server.refuse = true;
	emit("web");
	turn(0);
	server.refuse = false;
	turn(10000);
	ck_assert_uint_eq(kube_script_pending(&server), 1);
}
END_TEST

/* Every allocation of a life fails in turn: each event has a fate, and nothing is left. */
START_TEST(torture)
{
	for (unsigned long at = 1;; at++) {
		og_events_free(e);
		e = NULL;
		const struct og_events_opts o = opts();
		flushed = 0;
		og_mem_fault_arm(at, false);
		int r = events_new(&o, &server.seam, &e, &err);
		for (int i = 0; r == 0 && i < 4; i++) {
			emit(i % 2 ? "web" : "db");
			turn(13000);
			while (kube_script_pending(&server))
				kube_script_answer(&server, 200, "{}");
		}
		if (r == 0)
			og_events_flush(e, 1000, on_flushed, &fc);
		for (int i = 0; r == 0 && i < 5; i++) {
			turn(500);
			while (kube_script_pending(&server))
				kube_script_answer(&server, 200, "{}");
		}
		unsigned long seen = og_mem_fault_disarm();
		ck_assert(r == 0 || r == -OG_E_OOM);
		ck_assert_uint_eq(flushed, r == 0);
		if (seen < at)
			break;
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("kube/events");
	TCase *tc = tcase_create("events");
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, requests_are_what_they_have_to_be);
	tcase_add_loop_test(tc, what_an_answer_means, 0, (int)OG_COUNT(answers));
	tcase_add_test(tc, a_name_that_is_taken_is_changed_at_once);
	tcase_add_test(tc, a_storm_is_one_event);
	tcase_add_test(tc, a_server_that_is_away_is_not_hammered);
	tcase_add_test(tc, flush_with_nothing_to_do);
	tcase_add_test(tc, flush_waits_for_the_answers);
	tcase_add_test(tc, flush_is_bounded);
	tcase_add_loop_test(tc, flush_takes_any_time, 0, (int)OG_COUNT(spans));
	tcase_add_test(tc, flush_may_free);
	tcase_add_test(tc, free_cancels_what_is_under_way);
	tcase_add_loop_test(tc, impossible_options_are_refused, 0, (int)OG_COUNT(refused));
	tcase_add_test(tc, bad_events_are_counted_not_sent);
	tcase_add_test(tc, a_client_that_cannot_send_is_asked_again);
	tcase_add_test(tc, torture);
	suite_add_tcase(s, tc);
	return og_suite_run(s);
}
