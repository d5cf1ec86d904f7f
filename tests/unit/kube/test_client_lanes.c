/* SPDX-License-Identifier: Apache-2.0 */
/* Whose turn it is among the requests of a client, and what each of them waits for. */
#include "client_rig.h"

/* Answers one request after another, when the test lets it. */
static pthread_mutex_t gate_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t gate_cond = PTHREAD_COND_INITIALIZER;
static unsigned gate_open;
static bool gate_ended;

static void gated(struct ss_conn *c, void *ctx)
{
	(void)ctx;
	while (ss_read(c)) {
		pthread_mutex_lock(&gate_lock);
		ss_resting(c, true);
		while (!gate_open && !gate_ended)
			pthread_cond_wait(&gate_cond, &gate_lock);
		ss_resting(c, false);
		gate_open -= gate_open > 0;
		pthread_mutex_unlock(&gate_lock);
		if (!ss_send(c, OK))
			return;
	}
}

static void gate_let(unsigned n)
{
	pthread_mutex_lock(&gate_lock);
	gate_open += n;
	gate_ended = n == 0;
	pthread_cond_broadcast(&gate_cond);
	pthread_mutex_unlock(&gate_lock);
}

static double in_flight(const char *lane)
{
	og_auto_buf struct og_buf b = OG_BUF_INIT(0);
	char want[80];
	ck_assert_int_eq(og_metrics_write(metrics, OG_METRIC_TEXT, &b, NULL), 0);
	(void)snprintf(want, sizeof(want), "otelgate_kube_requests_in_flight{lane=\"%s\"} ", lane);
	const char *at = strstr(b.p, want);
	return at ? strtod(at + strlen(want), NULL) : -1;
}

START_TEST(lanes)
{
	begin(gated, NULL, &(struct og_kube_opts){.component = "t", .max_inflight = 4});
	struct got g[14] = {0};
	struct og_kube_request bulk = get, normal = get, urgent = get,
			       watch = {.verb = OG_KUBE_WATCH,
				       .res = A_LIST,
				       .lane = OG_KUBE_BULK,
				       .on_data = nothing};
	bulk.lane = OG_KUBE_BULK;
	normal.lane = OG_KUBE_NORMAL;
	urgent.lane = OG_KUBE_URGENT;
	/* BULK gets half of the slots, NORMAL the rest */
	for (int i = 0; i < 4; i++) {
		g[i].order = 'b';
		(void)start(&g[i], &bulk);
	}
	until_requests(2);
	for (int i = 4; i < 8; i++) {
		g[i].order = 'n';
		(void)start(&g[i], &normal);
	}
	until_requests(4);
	ck_assert(in_flight("bulk") == 2 && in_flight("normal") == 2 && in_flight("urgent") == 0);
	/* these wait for nobody */
	(void)start(&g[8], &urgent);
	(void)start(&g[9], &urgent);
	(void)start(&g[10], &watch);
	until_requests(7);
	ck_assert(in_flight("bulk") == 3 && in_flight("urgent") == 2);
	gate_let(0);
	for (int i = 0; i < 11; i++)
		until(&g[i].dones, 1);
	for (int i = 0; i < 11; i++)
		ck_assert_int_eq(g[i].code, 0);
	ck_assert(in_flight("bulk") == 0 && in_flight("normal") == 0 && in_flight("urgent") == 0);
}
END_TEST

START_TEST(normal_goes_before_bulk)
{
	begin(gated, NULL, &(struct og_kube_opts){.component = "t", .max_inflight = 1});
	struct got g[5] = {0};
	struct og_kube_request bulk = get, normal = get;
	bulk.lane = OG_KUBE_BULK;
	normal.lane = OG_KUBE_NORMAL;
	(void)start(&g[0], &normal);
	for (int i = 1; i < 3; i++) {
		g[i].order = 'b';
		(void)start(&g[i], &bulk);
	}
	for (int i = 3; i < 5; i++) {
		g[i].order = 'n';
		(void)start(&g[i], &normal);
	}
	gate_let(0);
	for (int i = 0; i < 5; i++)
		until(&g[i].dones, 1);
	ck_assert_str_eq(order, "nnbb");
}
END_TEST

/* A flood of NORMAL, of which there is always one more, does not hold a list back for ever. */
START_TEST(old_bulk_goes_before_young_normal)
{
	begin(gated, NULL, &(struct og_kube_opts){.component = "t", .max_inflight = 1});
	struct got g[5] = {0};
	struct og_kube_request bulk = get, normal = get;
	bulk.lane = OG_KUBE_BULK;
	normal.lane = OG_KUBE_NORMAL;
	(void)start(&g[0], &normal);
	g[1].order = 'n'; /* older still */
	(void)start(&g[1], &normal);
	og_fakeclock_advance_ms(&fake, 1);
	g[2].order = 'b';
	(void)start(&g[2], &bulk);
	until_requests(1);
	og_fakeclock_advance_ms(&fake, 1000);
	for (int i = 3; i < 5; i++) {
		g[i].order = 'm';
		(void)start(&g[i], &normal);
	}
	gate_let(0);
	for (int i = 0; i < 5; i++)
		until(&g[i].dones, 1);
	ck_assert_str_eq(order, "nbmm");
}
END_TEST

static void ck_waits(const struct og_kube_call *call, const char *want)
{
	og_auto_buf struct og_buf b = OG_BUF_INIT(0);
	og_kube_waits(call, &b);
	ck_assert_str_eq(b.p, want);
}

START_TEST(what_is_waited_for)
{
	begin(never, NULL, &(struct og_kube_opts){.component = "t", .max_inflight = 2});
	struct got g[4] = {0};
	struct og_kube_request bulk = get;
	bulk.lane = OG_KUBE_BULK;
	struct og_kube_call *call[4];
	for (int i = 0; i < 4; i++)
		call[i] = start(&g[i], &bulk);
	ck_waits(call[0], "a connection");
	ck_waits(call[1], "its turn, behind 0 requests, with 1 in flight");
	ck_waits(call[2], "its turn, behind 1 request, with 1 in flight");
	ck_waits(call[3], "its turn, behind 2 requests, with 1 in flight");
	until_requests(1);
	ck_waits(call[0], "the server's answer");
	og_kube_cancel(call[0]);
	ck_waits(call[2], "its turn, behind 0 requests, with 1 in flight");
	until_requests(2);
	ck_waits(call[1], "the server's answer");
}
END_TEST

START_TEST(the_next_try_is_waited_for)
{
	const struct ss_step steps[] = {{EMPTY("503 X", "Retry-After: 7\r\n"), 0, SS_KEEP},
		{OK, 0, SS_KEEP}, {NULL, 0, SS_KEEP}};
	begin(NULL, steps, NULL);
	struct got g = {0};
	struct og_kube_call *call = start(&g, &get);
	until_requests(1);
	while (og_loop_turn(loop, 2) != 0 || !ss_at_rest(srv) || og_loop_turn(loop, 0) != 0) {
	}
	ck_waits(call, "the next try: 503 Service Unavailable");
	until(&g.dones, 1);
	ck_assert_int_eq(g.code, 0);
}
END_TEST

/* Nothing turns while a callback waits: that is refused, not waited for. */
static void wait_within(void *code)
{
	struct og_kube_answer a;
	struct og_err err = OG_ERR_INIT;
	og_auto_arena struct og_arena arena;
	og_arena_init(&arena, 0, 0);
	*(int *)code = og_kube_wait(kube, &get, &arena, &a, &err);
	ck_assert_int_eq(a.code, *(int *)code);
	ck_assert_ptr_nonnull(strstr(err.msg, "loop"));
}

START_TEST(waiting_where_no_answer_can_come)
{
	begin(never, NULL, NULL);
	int code = 0;
	ck_assert_int_eq(og_loop_post(loop, wait_within, &code, NULL), 0);
	(void)og_loop_turn(loop, 0);
	ck_assert_int_eq(code, -OG_E_BUG);
	ck_assert_uint_eq(ss_requests(srv), 0);
}
END_TEST

START_TEST(a_turn_that_never_comes)
{
	begin(never, NULL, &(struct og_kube_opts){.component = "t", .max_inflight = 1});
	struct got a = {0}, b = {0}, c = {0};
	struct og_kube_request q = get;
	q.lane = OG_KUBE_NORMAL;
	q.deadline_ms = 60000;
	struct og_kube_call *first = start(&a, &q);
	q.deadline_ms = 100;
	(void)start(&b, &q);
	struct og_kube_call *third = start(&c, &q);
	og_kube_cancel(third);
	until_requests(1);
	until(&b.dones, 1);
	ck_assert_int_eq(b.code, -OG_E_TIMEOUT);
	ck_assert_msg(strstr(b.msg, "before it was its turn"), "%s", b.msg);
	ck_assert_uint_eq(b.tries, 0);
	ck_assert_uint_eq(ss_requests(srv), 1);
	og_kube_cancel(first);
	og_kube_cancel(NULL);
	ck_assert_uint_eq(a.dones + c.dones, 0);
	/* the slot is free again */
	q.deadline_ms = 200;
	struct got d = ask(&q);
	ck_assert(strstr(d.msg, "while waiting for the answer"));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("kube/client_lanes");
	TCase *tc = tcase_create("lanes");
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, lanes);
	tcase_add_test(tc, normal_goes_before_bulk);
	tcase_add_test(tc, old_bulk_goes_before_young_normal);
	tcase_add_test(tc, what_is_waited_for);
	tcase_add_test(tc, the_next_try_is_waited_for);
	tcase_add_test(tc, waiting_where_no_answer_can_come);
	tcase_add_test(tc, a_turn_that_never_comes);
	suite_add_tcase(s, tc);
	return og_suite_run(s);
}
