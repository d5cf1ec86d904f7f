/* SPDX-License-Identifier: Apache-2.0 */
/* The election on a loop, against a scripted server: order of callbacks, freeing, health, memory.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include "../../../src/kube/lease-priv.h"
#include "otelgate/base/mem.h"
#include "support/fakeclock.h"
#include "support/kube_script.h"
#include "support/suite.h"

static struct og_fakeclock fc;
static struct og_loop *loop;
static struct kube_script server;
static struct og_lease *l;
static struct og_metrics *metrics;
static struct og_err err;
static char trace[512];
static enum { KEEP, FREE, RELEASE } in_stopped, in_started, in_leader;

static void note(const char *s)
{
	size_t n = strlen(trace);
	(void)snprintf(trace + n, sizeof(trace) - n, "%s ", s);
}

static void on_done(void *ctx)
{
	ck_assert_ptr_eq(ctx, &server);
	note("done");
}

static void react(int what)
{
	if (what == RELEASE)
		og_lease_release(l, on_done, &server);
	if (what == FREE) {
		og_lease_free(l);
		l = NULL;
	}
}

static void on_started(void *ctx)
{
	ck_assert_ptr_eq(ctx, &fc);
	ck_assert(og_lease_holds(l));
	note("started");
	react((int)in_started);
}

static void on_stopped(void *ctx)
{
	ck_assert_ptr_eq(ctx, &fc);
	ck_assert(!og_lease_holds(l));
	note("stopped");
	react((int)in_stopped);
}

static void on_leader(void *ctx, struct og_sv identity)
{
	char text[64];
	ck_assert_ptr_eq(ctx, &fc);
	(void)snprintf(text, sizeof(text), "leader:%.*s", OG_SV_ARG(identity));
	note(text);
	react((int)in_leader);
}

static struct og_lease_opts opts(void)
{
	return (struct og_lease_opts){.ns = "otelgate",
		.name = "controller",
		.identity = "me",
		.metrics = metrics,
		.ctx = &fc,
		.on_started = on_started,
		.on_stopped = on_stopped,
		.on_leader = on_leader};
}

static void setup(void)
{
	og_fakeclock_init(&fc);
	ck_assert_int_eq(og_loop_new(&fc.clock, &loop, NULL), 0);
	kube_script_init(&server, loop);
	metrics = og_metrics_new(NULL);
	const struct og_lease_opts o = opts();
	ck_assert_int_eq(lease_start(&o, &server.seam, &l, NULL), 0);
	trace[0] = '\0';
	in_stopped = in_started = in_leader = KEEP;
}

static void teardown(void)
{
	og_lease_free(l);
	l = NULL;
	kube_script_fini(&server);
	og_loop_free(loop);
	og_metrics_free(metrics);
}

static void turn(int64_t ms)
{
	og_fakeclock_advance_ms(&fc, ms);
	for (int i = 0; i < 5; i++)
		(void)og_loop_turn(loop, 0);
}

static const char *lease(const char *holder, int n)
{
	static char text[512];
	(void)snprintf(text, sizeof(text),
		"{\"metadata\":{\"resourceVersion\":\"%d\"},\"spec\":{\"holderIdentity\":\"%s\","
		"\"leaseDurationSeconds\":15,\"leaseTransitions\":%d}}",
		n, holder, n);
	return text;
}

static void lead(void)
{
	turn(0);
	kube_script_answer(&server, 200, lease("", 1));
	kube_script_answer(&server, 200, lease("me", 2));
	ck_assert_str_eq(trace, "started ");
	trace[0] = '\0';
}

static bool metric_is(const char *line)
{
	og_auto_buf struct og_buf b = OG_BUF_INIT(0);
	ck_assert_int_eq(og_metrics_write(metrics, OG_METRIC_TEXT, &b, NULL), 0);
	og_buf_ch(&b, '\0');
	return strstr(b.p, line) != NULL;
}

START_TEST(requests_are_what_they_have_to_be)
{
	ck_assert_uint_eq(kube_script_pending(&server), 0); /* in the next turn */
	turn(0);
	struct kube_script_call *c = kube_script_first(&server);
	ck_assert_int_eq(c->verb, OG_KUBE_GET);
	ck_assert_str_eq(c->where, "coordination.k8s.io/v1/leases/otelgate/controller/");
	ck_assert_int_eq(c->lane, OG_KUBE_URGENT);
	ck_assert_int_eq(c->deadline_ms, 5000); /* L-6 */
	ck_assert_int_eq(c->max_tries, 1);
	kube_script_answer(&server, 404, "NotFound");
	c = kube_script_first(&server);
	ck_assert_int_eq(c->verb, OG_KUBE_CREATE);
	ck_assert_str_eq(c->where, "coordination.k8s.io/v1/leases/otelgate//");
	ck_assert_ptr_nonnull(strstr(c->body, "\"renewTime\":\"2024-05-06T07:08:09.000000Z\""));
	kube_script_answer(&server, 201, lease("me", 1));
	turn(2000);
	c = kube_script_first(&server);
	ck_assert_int_eq(c->verb, OG_KUBE_UPDATE);
	ck_assert_str_eq(c->where, "coordination.k8s.io/v1/leases/otelgate/controller/");
	ck_assert_ptr_nonnull(strstr(c->body, "\"resourceVersion\":\"1\""));
	ck_assert_str_eq(trace, "started ");
}
END_TEST

START_TEST(a_leader_renews_and_is_covered)
{
	lead();
	for (int i = 3; i < 40; i++) {
		turn(2000);
		ck_assert_uint_eq(kube_script_pending(&server), 1);
		kube_script_answer(&server, 200, lease("me", i));
		ck_assert(og_lease_holds(l) && og_lease_healthy(l));
	}
	ck_assert_str_eq(trace, "");
	ck_assert(metric_is("leader_election_master_status{name=\"controller\"} 1\n"));
	ck_assert(metric_is("leader_election_slowpath_total{name=\"controller\"} 0\n"));
}
END_TEST

START_TEST(a_server_away_for_twenty_seconds)
{
	lead();
	for (int i = 0; i < 10; i++) {
		turn(2000);
		ck_assert_int_eq(og_lease_holds(l), i < 4);
		ck_assert_str_eq(trace, i < 4 ? "" : "stopped ");
		if (kube_script_pending(&server))
			kube_script_answer(&server, 0, "");
	}
	ck_assert(metric_is("leader_election_master_status{name=\"controller\"} 0\n"));
	turn(5000);
	kube_script_answer(&server, 200, lease("me", 2)); /* nobody else was there */
	kube_script_answer(&server, 200, lease("me", 3));
	ck_assert_str_eq(trace, "stopped started ");
}
END_TEST

/* 9 s for each answer: the client gives up after 5 s, so renewals never arrive. */
START_TEST(a_slow_server_ends_it_in_time)
{
	lead();
	turn(2000);
	turn(5000);
	kube_script_answer(&server, 0, "");
	turn(0);
	ck_assert_int_eq(kube_script_first(&server)->verb, OG_KUBE_UPDATE);
	turn(2999);
	ck_assert_str_eq(trace, "");
	ck_assert(og_lease_holds(l));
	turn(1);
	ck_assert_str_eq(trace, "stopped ");
}
END_TEST

static void on_other(void *ctx)
{
	note(ctx);
}

/* The process stood still for 30 s (SIGSTOP): timers of others were due before ours. */
START_TEST(after_standing_still_stopped_comes_first)
{
	struct og_timer early = {0}, late = {0};
	static char one[] = "early", two[] = "late", three[] = "posted";
	lead();
	turn(2000); /* a renewal is under way */
	ck_assert_int_eq(og_timer_in(loop, &early, 1, on_other, one), 0);
	ck_assert_int_eq(og_timer_in(loop, &late, 25000, on_other, two), 0);
	ck_assert_int_eq(og_loop_post(loop, on_other, three, NULL), 0);
	og_fakeclock_advance_ms(&fc, 30000);
	ck_assert(!og_lease_holds(l)); /* even before the loop turns */
	(void)og_loop_turn(loop, 0);
	ck_assert_str_eq(trace, "stopped early late posted ");
	kube_script_answer(&server, 200, lease("me", 3)); /* of what was sent 30 s ago */
	ck_assert(!og_lease_holds(l));
	ck_assert_str_eq(trace, "stopped early late posted ");
}
END_TEST

START_TEST(a_late_answer_does_not_hide_the_end)
{
	lead();
	turn(2000);
	og_fakeclock_advance_ms(&fc, 30000);
	kube_script_answer(&server, 409, "Conflict"); /* before any turn */
	ck_assert_str_eq(trace, "stopped ");
	kube_script_answer(&server, 200, lease("other", 9));
	ck_assert_str_eq(trace, "stopped leader:other ");
	ck_assert_str_eq(og_lease_holder(l), "other");
}
END_TEST

START_TEST(wall_clock_jumps_change_nothing)
{
	lead();
	for (int i = 3; i < 20; i++) {
		og_fakeclock_step_wall_ms(&fc, i % 2 ? 3600000 : -7200000);
		turn(2000);
		kube_script_answer(&server, 200, lease("me", i));
		ck_assert(og_lease_holds(l));
	}
	og_fakeclock_step_wall_ms(&fc, -3600000);
	turn(10000);
	ck_assert_str_eq(trace, "stopped ");
}
END_TEST

START_TEST(health_tells_a_loop_that_stands_still)
{
	ck_assert(og_lease_healthy(l)); /* not leading */
	lead();
	og_fakeclock_advance_ms(&fc, 20000);
	ck_assert(og_lease_healthy(l));
	og_fakeclock_advance_ms(&fc, 1);
	ck_assert(!og_lease_healthy(l));
	(void)og_loop_turn(loop, 0);
	ck_assert(og_lease_healthy(l)); /* it does not think so any more */
}
END_TEST

static _Atomic bool enough;

static void *ask(void *arg)
{
	unsigned *healthy = arg;
	while (!enough)
		*healthy += og_lease_healthy(l);
	return NULL;
}

START_TEST(health_may_be_asked_by_any_thread)
{
	pthread_t t;
	unsigned healthy = 0;
	enough = false;
	ck_assert_int_eq(pthread_create(&t, NULL, ask, &healthy), 0);
	for (int round = 0; round < 50; round++) {
		turn(15000);
		if (round % 3) /* it is lost in between */
			for (int i = 0; kube_script_pending(&server); i++)
				kube_script_answer(&server, 200, lease("me", 100 * round + i));
		else if (kube_script_pending(&server))
			kube_script_answer(&server, 0, "");
	}
	enough = true;
	ck_assert_int_eq(pthread_join(t, NULL), 0);
	ck_assert_ptr_nonnull(strstr(trace, "started stopped started"));
}
END_TEST

START_TEST(release_gives_it_back)
{
	lead();
	og_lease_release(l, on_done, &server);
	ck_assert_str_eq(trace, "stopped ");
	ck_assert(!og_lease_holds(l));
	turn(0);
	struct kube_script_call *c = kube_script_first(&server);
	ck_assert_int_eq(c->verb, OG_KUBE_UPDATE);
	ck_assert_ptr_nonnull(
		strstr(c->body, "\"holderIdentity\":\"\",\"leaseDurationSeconds\":1,"));
	kube_script_answer(&server, 200, lease("", 3));
	turn(0);
	ck_assert_str_eq(trace, "stopped done ");
	turn(100000);
	ck_assert_uint_eq(kube_script_pending(&server), 0);
	ck_assert_str_eq(trace, "stopped done ");
	og_lease_release(l, on_done, &server); /* again: only said again */
	turn(0);
	ck_assert_str_eq(trace, "stopped done done ");
}
END_TEST

START_TEST(release_without_the_lease_is_quick)
{
	turn(0);
	og_lease_release(l, on_done, &server); /* while it looks */
	ck_assert_str_eq(trace, "");
	ck_assert_uint_eq(server.cancelled, 1);
	turn(0);
	ck_assert_str_eq(trace, "done ");
}
END_TEST

START_TEST(release_during_a_renewal_looks_again)
{
	lead();
	turn(2000);
	og_lease_release(l, on_done, &server);
	ck_assert_uint_eq(server.cancelled, 1);
	turn(0);
	ck_assert_int_eq(kube_script_first(&server)->verb, OG_KUBE_GET);
	kube_script_answer(&server, 200, lease("me", 3));
	ck_assert_ptr_nonnull(strstr(kube_script_first(&server)->body, "\"holderIdentity\":\"\""));
	kube_script_answer(&server, 409, "Conflict");
	kube_script_answer(&server, 200, lease("other", 4));
	turn(0);
	ck_assert_str_eq(trace, "stopped leader:other done ");
}
END_TEST

START_TEST(release_is_bounded)
{
	lead();
	og_lease_release(l, on_done, &server);
	turn(0);
	turn(9999);
	ck_assert_str_eq(trace, "stopped ");
	turn(1);
	ck_assert_str_eq(trace, "stopped done ");
	ck_assert_uint_eq(kube_script_pending(&server), 0);
}
END_TEST

START_TEST(stopped_may_release)
{
	lead();
	in_stopped = RELEASE;
	turn(10000);
	ck_assert_str_eq(trace, "stopped ");
	ck_assert_uint_le(kube_script_pending(&server), 1);
	while (kube_script_pending(&server))
		kube_script_answer(&server, 404, "NotFound");
	turn(0);
	ck_assert_str_eq(trace, "stopped done ");
}
END_TEST

START_TEST(started_may_release)
{
	in_started = RELEASE;
	turn(0);
	kube_script_answer(&server, 200, lease("", 1));
	kube_script_answer(&server, 200, lease("me", 2));
	ck_assert_str_eq(trace, "started stopped ");
	turn(0);
	kube_script_answer(&server, 200, lease("", 3));
	turn(0);
	ck_assert_str_eq(trace, "started stopped done ");
}
END_TEST

START_TEST(any_callback_may_free)
{
	in_stopped = _i == 0 ? FREE : KEEP;
	in_started = _i == 1 ? FREE : KEEP;
	in_leader = _i == 2 ? FREE : KEEP;
	turn(0);
	kube_script_answer(&server, 200, lease("", 1));
	kube_script_answer(&server, 200, lease("me", 2));
	if (l) {
		turn(2000);
		kube_script_answer(&server, 409, "Conflict");
		kube_script_answer(&server, 200, lease("other", 3));
	}
	ck_assert_ptr_null(l);
	turn(60000);
	ck_assert_uint_eq(kube_script_pending(&server), 0);
	ck_assert(metric_is("leader_election_master_status{name=\"controller\"} 0\n"));
}
END_TEST

START_TEST(stopped_may_release_and_started_free)
{
	lead();
	in_stopped = RELEASE;
	in_leader = FREE;
	turn(2000);
	kube_script_answer(&server, 409, "Conflict");
	kube_script_answer(&server, 200, lease("other", 3));
	ck_assert_str_eq(trace, "stopped leader:other ");
	ck_assert_ptr_null(l);
}
END_TEST

START_TEST(free_cancels_what_is_under_way)
{
	turn(0);
	og_lease_free(l);
	l = NULL;
	ck_assert_uint_eq(server.cancelled, 1);
	turn(60000);
	ck_assert_str_eq(trace, "");
	og_lease_free(NULL);
	ck_assert(!og_lease_holds(NULL));
}
END_TEST

START_TEST(a_client_that_cannot_send_is_asked_again)
{
	server.refuse = true;
	turn(0);
	turn(10000);
	server.refuse = false;
	turn(4400);
	ck_assert_uint_eq(kube_script_pending(&server), 1);
	ck_assert_str_eq(trace, "");
}
END_TEST

static const struct {
	const char *what;
	int64_t duration, renew, retry;
	const char *ns, *name, *identity;
	bool no_callback;
} refused[] = {
	{"namespace", 0, 0, 0, NULL, "n", "me", false},
	{"namespace", 0, 0, 0, "", "n", "me", false},
	{"name", 0, 0, 0, "ns", NULL, "me", false},
	{"name", 0, 0, 0, "ns", "", "me", false},
	{"identity", 0, 0, 0, "ns", "n", "", false},
	{"callbacks", 0, 0, 0, "ns", "n", "me", true},
	{"duration > renew", 10000, 10000, 2000, "ns", "n", "me", false},
	{"duration > renew", 9000, 10000, 2000, "ns", "n", "me", false},
	{"duration > renew", 15000, 2400, 2000, "ns", "n", "me", false},
	{"duration > renew", 15000, 10000, -1, "ns", "n", "me", false},
	{"duration > renew", -15000, 0, 0, "ns", "n", "me", false},
	{"duration > renew", INT64_MAX, 0, 0, "ns", "n", "me", false},
	{"whole number", 15500, 10000, 2000, "ns", "n", "me", false},
	{"whole number", 2147483648000, 10000, 2000, "ns", "n", "me", false},
};

START_TEST(impossible_options_are_refused)
{
	struct og_lease_opts o = opts();
	struct og_lease *none = NULL;
	o.duration_ms = refused[_i].duration;
	o.renew_ms = refused[_i].renew;
	o.retry_ms = refused[_i].retry;
	o.ns = refused[_i].ns;
	o.name = refused[_i].name;
	o.identity = refused[_i].identity;
	if (refused[_i].no_callback)
		o.on_stopped = NULL;
	ck_assert_int_eq(lease_start(&o, &server.seam, &none, &err), -OG_E_INVALID);
	ck_assert_msg(strstr(err.msg, refused[_i].what) != NULL, "%s", err.msg);
	ck_assert_ptr_null(none);
}
END_TEST

START_TEST(an_identity_is_made)
{
	struct og_lease *a = NULL, *b = NULL;
	struct og_lease_opts o = opts();
	o.identity = NULL;
	ck_assert_int_eq(lease_start(&o, &server.seam, &a, NULL), 0);
	ck_assert_int_eq(lease_start(&o, &server.seam, &b, NULL), 0);
	const char *id = og_lease_identity(a);
	ck_assert_str_ne(id, og_lease_identity(b));
	const char *uuid = strrchr(id, '_');
	ck_assert_ptr_nonnull(uuid);
	ck_assert_uint_eq(strlen(uuid), 37);
	ck_assert_int_eq(uuid[15], '4');
	ck_assert_str_eq(og_lease_holder(a), "");
	og_lease_free(a);
	og_lease_free(b);
}
END_TEST

/* Every allocation of a life fails in turn: started and stopped still come in pairs. */
START_TEST(torture)
{
	for (unsigned long at = 1;; at++) {
		og_lease_free(l);
		l = NULL;
		kube_script_fini(&server);
		kube_script_init(&server, loop);
		trace[0] = '\0';
		const struct og_lease_opts o = opts();
		og_mem_fault_arm(at, false);
		int r = lease_start(&o, &server.seam, &l, &err);
		for (int i = 0; r == 0 && i < 6; i++) {
			turn(2000);
			while (kube_script_pending(&server)) {
				bool get = kube_script_first(&server)->verb == OG_KUBE_GET;
				kube_script_answer(
					&server, 200, lease(get && i < 2 ? "" : "me", i + 1));
			}
		}
		if (r == 0)
			og_lease_release(l, on_done, &server);
		for (int i = 0; r == 0 && i < 6; i++) {
			turn(2000);
			while (kube_script_pending(&server))
				kube_script_answer(&server, 200, lease("", 100 + i));
		}
		unsigned long seen = og_mem_fault_disarm();
		if (r < 0)
			ck_assert_int_eq(r, -OG_E_OOM);
		else
			ck_assert_msg(
				strcmp(trace, "started stopped done ") == 0, "%lu: %s", at, trace);
		if (seen < at)
			break;
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("kube/lease");
	TCase *tc = tcase_create("lease");
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, requests_are_what_they_have_to_be);
	tcase_add_test(tc, a_leader_renews_and_is_covered);
	tcase_add_test(tc, a_server_away_for_twenty_seconds);
	tcase_add_test(tc, a_slow_server_ends_it_in_time);
	tcase_add_test(tc, after_standing_still_stopped_comes_first);
	tcase_add_test(tc, a_late_answer_does_not_hide_the_end);
	tcase_add_test(tc, wall_clock_jumps_change_nothing);
	tcase_add_test(tc, health_tells_a_loop_that_stands_still);
	tcase_add_test(tc, health_may_be_asked_by_any_thread);
	tcase_add_test(tc, release_gives_it_back);
	tcase_add_test(tc, release_without_the_lease_is_quick);
	tcase_add_test(tc, release_during_a_renewal_looks_again);
	tcase_add_test(tc, release_is_bounded);
	tcase_add_test(tc, stopped_may_release);
	tcase_add_test(tc, started_may_release);
	tcase_add_loop_test(tc, any_callback_may_free, 0, 3);
	tcase_add_test(tc, stopped_may_release_and_started_free);
	tcase_add_test(tc, free_cancels_what_is_under_way);
	tcase_add_test(tc, a_client_that_cannot_send_is_asked_again);
	tcase_add_loop_test(tc, impossible_options_are_refused, 0, (int)OG_COUNT(refused));
	tcase_add_test(tc, an_identity_is_made);
	tcase_add_test(tc, torture);
	suite_add_tcase(s, tc);
	return og_suite_run(s);
}
