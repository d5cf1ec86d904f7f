/* SPDX-License-Identifier: Apache-2.0 */
/* The client over time: tries, limits, cancelling, other threads. */
#include "client_rig.h"

static const struct og_kube_request create = {
	.verb = OG_KUBE_CREATE, .res = A_LIST, .body = OG_SV("{}")};

/* Tries: what the first answer is, and how often the server is asked. */
static const struct {
	const char *what, *first;
	enum ss_after after;
	bool write;
	int max_tries;
	bool streamed;
	unsigned requests;
	int code;
	int64_t least_ms, most_ms;
} tries[] = {
	{"429 with Retry-After", EMPTY("429 X", "Retry-After: 2\r\n"), SS_KEEP, false, 0, false, 2,
		0, 2000, 2400},
	{"write, 429 with Retry-After", EMPTY("429 X", "Retry-After: 1\r\n"), SS_KEEP, true, 0,
		false, 2, 0, 1000, 1400},
	{"429 without", EMPTY("429 X", ""), SS_KEEP, false, 0, false, 2, 0, 500, 1800},
	{"write, 429 without", EMPTY("429 X", ""), SS_KEEP, true, 0, false, 2, 0, 500, 1800},
	{"503 with Retry-After", EMPTY("503 X", "Retry-After: 1\r\n"), SS_KEEP, false, 0, false, 2,
		0, 1000, 1400},
	{"500 with Retry-After 0", EMPTY("500 X", "Retry-After: 0\r\n"), SS_KEEP, false, 0, false,
		2, 0, 40, 400},
	{"write, 503 with Retry-After", EMPTY("503 X", "Retry-After: 1\r\n"), SS_KEEP, true, 0,
		false, 2, 0, 1000, 1400},
	{"503 without", EMPTY("503 X", ""), SS_KEEP, false, 0, false, 1, -OG_E_IO, 0, 0},
	{"503, negative", EMPTY("503 X", "Retry-After: -1\r\n"), SS_KEEP, false, 0, false, 1,
		-OG_E_IO, 0, 0},
	{"503, a date", EMPTY("503 X", "Retry-After: Wed, 21 Oct 2035 07:28:00 GMT\r\n"), SS_KEEP,
		false, 0, false, 1, -OG_E_IO, 0, 0},
	{"503, nonsense", EMPTY("503 X", "Retry-After: soon\r\n"), SS_KEEP, false, 0, false, 1,
		-OG_E_IO, 0, 0},
	{"503, more than a number", EMPTY("503 X", "Retry-After: 99999999999999999999\r\n"),
		SS_KEEP, false, 0, false, 1, -OG_E_IO, 0, 0},
	{"503, beyond the deadline", EMPTY("503 X", "Retry-After: 3600\r\n"), SS_KEEP, false, 0,
		false, 1, -OG_E_IO, 0, 0},
	{"400 with Retry-After", EMPTY("400 X", "Retry-After: 1\r\n"), SS_KEEP, false, 0, false, 1,
		-OG_E_INVALID, 0, 0},
	{"401", EMPTY("401 X", ""), SS_KEEP, false, 0, false, 1, -OG_E_INVALID, 0, 0},
	{"404", EMPTY("404 X", ""), SS_KEEP, false, 0, false, 1, -OG_E_NOT_FOUND, 0, 0},
	{"302", EMPTY("302 X", "Location: /\r\n"), SS_KEEP, false, 0, false, 1, -OG_E_UNSUPPORTED,
		0, 0},
	{"reset", "", SS_RESET, false, 0, false, 2, 0, 40, 400},
	{"write, reset", "", SS_RESET, true, 0, false, 1, -OG_E_IO, 0, 0},
	{"ended", "", SS_CLOSE, false, 0, false, 2, 0, 40, 400},
	{"write, ended", "", SS_CLOSE, true, 0, false, 1, -OG_E_IO, 0, 0},
	{"cut", "HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{", SS_CLOSE, false, 0, false, 2, 0,
		40, 400},
	{"write, cut", "HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{", SS_CLOSE, true, 0, false,
		1, -OG_E_IO, 0, 0},
	{"HTTP/1.0, cut", "HTTP/1.0 200 OK\r\n\r\n{\"a\":", SS_CLOSE, false, 0, false, 2, 0, 40,
		400},
	{"write, HTTP/1.0, cut", "HTTP/1.0 200 OK\r\n\r\n{\"a\":", SS_CLOSE, true, 0, false, 1,
		-OG_E_PARSE, 0, 0},
	{"no JSON", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nxx", SS_KEEP, false, 0, false, 1,
		-OG_E_PARSE, 0, 0},
	{"not HTTP", "hello\r\n", SS_CLOSE, false, 0, false, 1, -OG_E_PARSE, 0, 0},
	{"one try only", EMPTY("429 X", "Retry-After: 1\r\n"), SS_KEEP, false, 1, false, 1,
		-OG_E_IO, 0, 0},
	{"one try only, reset", "", SS_RESET, false, 1, false, 1, -OG_E_IO, 0, 0},
	{"streamed", EMPTY("429 X", "Retry-After: 1\r\n"), SS_KEEP, false, 0, true, 1, -OG_E_IO, 0,
		0},
	{"streamed, two tries", EMPTY("429 X", "Retry-After: 1\r\n"), SS_KEEP, false, 2, true, 2, 0,
		1000, 1400},
	{"streamed, two tries, cut", "HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{", SS_CLOSE,
		false, 2, true, 1, -OG_E_IO, 0, 0},
	{"streamed, two tries, reset", "", SS_RESET, false, 2, true, 2, 0, 40, 400},
};

START_TEST(when_it_is_tried_again)
{
	const struct ss_step steps[] = {
		{tries[_i].first, 0, tries[_i].after}, {OK, 0, SS_KEEP}, {NULL, 0, SS_KEEP}};
	begin(NULL, steps, NULL);
	struct og_kube_request q = tries[_i].write ? create : get;
	q.max_tries = tries[_i].max_tries;
	q.on_data = tries[_i].streamed ? nothing : NULL;
	struct got g = ask(&q);
	ck_assert_msg(g.code == tries[_i].code, "%s: %d %s", tries[_i].what, g.code, g.msg);
	ck_assert_msg(
		ss_requests(srv) == tries[_i].requests, "%s: %u", tries[_i].what, ss_requests(srv));
	ck_assert_uint_eq(g.tries, tries[_i].requests);
	if (tries[_i].most_ms) {
		ck_assert_msg(g.took_ns >= tries[_i].least_ms * OG_NS_PER_MS, "%s: %lld ns",
			tries[_i].what, (long long)g.took_ns);
		ck_assert_msg(g.took_ns <= tries[_i].most_ms * OG_NS_PER_MS, "%s: %lld ns",
			tries[_i].what, (long long)g.took_ns);
	}
	if (g.code < 0)
		ck_assert(strncmp(g.msg, "cannot ", 7) == 0);
}
END_TEST

START_TEST(tries_have_an_end)
{
	static const struct ss_step steps[] = {
		{EMPTY("503 X", "Retry-After: 1\r\n"), 0, SS_KEEP}, {NULL, 0, SS_KEEP}};
	begin(NULL, steps, NULL);
	struct got g = ask(&get);
	ck_assert_int_eq(g.code, -OG_E_IO);
	ck_assert_uint_eq(g.tries, 10);
	ck_assert_uint_eq(ss_requests(srv), 10);
	ck_assert_int_eq(g.retry_after, 1);
	/* the deadline comes first: no try is begun that cannot be waited for */
	struct og_kube_request q = get;
	q.deadline_ms = 3500;
	g = ask(&q);
	ck_assert_int_eq(g.http, 503);
	ck_assert_uint_eq(g.tries, 4);
	ck_assert_int_le(g.took_ns, 3500 * OG_NS_PER_MS);
}
END_TEST

START_TEST(deadlines)
{
	begin(never, NULL, NULL);
	struct og_kube_request q = _i ? create : get;
	q.deadline_ms = 700;
	struct got g = ask(&q);
	ck_assert_int_eq(g.code, -OG_E_TIMEOUT);
	ck_assert_int_ge(g.took_ns, 700 * OG_NS_PER_MS);
	ck_assert_msg(
		strstr(g.msg, "the 700ms for it ended while waiting for the answer"), "%s", g.msg);
	ck_assert(ss_wait_ended(srv, 1));
	/* the client's own */
	q.deadline_ms = 0;
	g = ask(&q);
	ck_assert_int_eq(g.code, -OG_E_TIMEOUT);
	ck_assert_msg(strstr(g.msg, "30s"), "%s", g.msg);
}
END_TEST

START_TEST(silence)
{
	begin(never, NULL, NULL);
	struct og_kube_request q = {.verb = OG_KUBE_WATCH,
		.res = A_LIST,
		.deadline_ms = -1,
		.idle_ms = 900,
		.on_data = nothing};
	struct got g = ask(&q);
	ck_assert_int_eq(g.code, -OG_E_TIMEOUT);
	ck_assert_msg(strstr(g.msg, "silent for 900ms"), "%s", g.msg);
	ck_assert_uint_eq(g.tries, 1);
}
END_TEST

START_TEST(nobody_listens)
{
	begin(never, NULL, NULL);
	ss_stop(og_take(srv));
	srv = NULL;
	struct got g = ask(&create);
	ck_assert_int_eq(g.code, -OG_E_IO);
	ck_assert_uint_eq(g.tries, 10);
	ck_assert_msg(strstr(g.msg, "nothing listens there"), "%s", g.msg);
	struct og_kube_request q = create;
	q.deadline_ms = 2000;
	g = ask(&q);
	ck_assert_int_eq(g.http, 0);
	ck_assert_uint_gt(g.tries, 2);
	q.max_tries = 1;
	g = ask(&q);
	ck_assert_uint_eq(g.tries, 1);
}
END_TEST

/* From callbacks: cancel, start, free. */
static struct {
	int way;
	struct og_kube_call *self, *other;
	struct got other_got, more;
} in;

static void act(void)
{
	if (in.way == 0)
		og_kube_cancel(og_take(in.self));
	else if (in.way == 1)
		og_kube_cancel(og_take(in.other));
	else if (in.way == 2)
		(void)start(&in.more, &get);
	else
		og_kube_free(og_take(kube));
}

static int act_on_data(void *ctx, struct og_sv chunk)
{
	(void)ctx;
	(void)chunk;
	act();
	return 0;
}

static void act_on_done(void *ctx, const struct og_kube_answer *a)
{
	on_done(ctx, a);
	if (in.way > 0)
		act();
}

static void other_done(void *ctx, const struct og_kube_answer *a)
{
	in.other = NULL;
	on_done(ctx, a);
}

START_TEST(callbacks_may_do_anything)
{
	static const struct ss_step steps[] = {{OK, 0, SS_KEEP}, {NULL, 0, SS_KEEP}};
	bool late = _i >= 4;
	begin(NULL, steps, NULL);
	memset(&in, 0, sizeof(in));
	in.way = _i % 4;
	struct got g = {0};
	struct og_kube_request q = get, other = get;
	q.ctx = &g;
	q.on_done = late ? act_on_done : on_done;
	q.on_data = late ? NULL : act_on_data;
	q.lane = OG_KUBE_NORMAL;
	ck_assert_int_eq(og_kube_start(kube, &q, &in.self, NULL), 0);
	other.deadline_ms = -1;
	other.ctx = &in.other_got;
	other.on_done = other_done;
	ck_assert_int_eq(og_kube_start(kube, &other, &in.other, NULL), 0);
	for (int i = 0; i < 200 && kube; i++)
		(void)og_loop_turn(loop, 1);
	bool gone = !late && (in.way == 0 || in.way == 3);
	ck_assert_uint_eq(g.dones, gone ? 0 : 1);
	if (in.way == 2)
		ck_assert_uint_eq(in.more.dones, 1);
	ck_assert((kube == NULL) == (in.way == 3));
}
END_TEST

START_TEST(freed_with_requests_in_every_state)
{
	begin(never, NULL, &(struct og_kube_opts){.component = "t", .max_inflight = 1});
	struct got g[3] = {0};
	struct og_kube_request q = get;
	q.lane = OG_KUBE_NORMAL;
	for (int i = 0; i < 3; i++)
		(void)start(&g[i], &q);
	until_requests(1);
	og_kube_free(og_take(kube));
	og_kube_free(NULL);
	for (int i = 0; i < 5; i++)
		(void)og_loop_turn(loop, 1);
	ck_assert_uint_eq(g[0].dones + g[1].dones + g[2].dones, 0);
}
END_TEST

START_TEST(what_is_counted)
{
	static const struct ss_step steps[] = {{"", 0, SS_RESET}, {OK, 0, SS_KEEP},
		{EMPTY("429 X", "Retry-After: 1\r\n"), 0, SS_KEEP}, {OK, 0, SS_KEEP},
		{NULL, 0, SS_KEEP}};
	begin(NULL, steps, NULL);
	ck_assert_int_eq(ask(&get).code, 0);
	ck_assert_int_eq(ask(&get).code, 0);
	og_auto_buf struct og_buf b = OG_BUF_INIT(0);
	ck_assert_int_eq(og_metrics_write(metrics, OG_METRIC_TEXT, &b, NULL), 0);
	char host[64], want[200];
	(void)snprintf(host, sizeof(host), "127.0.0.1:%u", ss_port(srv));
	static const char *const lines[] = {
		"rest_client_requests_total{code=\"429\",method=\"GET\",host=\"%s\"} 1\n",
		"rest_client_requests_total{code=\"200\",method=\"GET\",host=\"%s\"} 2\n",
		"rest_client_requests_total{code=\"<error>\",method=\"GET\",host=\"%s\"} 1\n",
		"rest_client_request_retries_total{code=\"429\",verb=\"get\",host=\"%s\"} 1\n",
		"rest_client_request_retries_total{code=\"<error>\",verb=\"get\",host=\"%s\"} 1\n",
		"rest_client_request_duration_seconds_count{verb=\"get\",host=\"%s\"} 4\n",
	};
	for (size_t i = 0; i < OG_COUNT(lines); i++) {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
		(void)snprintf(want, sizeof(want), lines[i], host);
#pragma GCC diagnostic pop
		ck_assert_msg(strstr(b.p, want), "%s\n%s", want, b.p);
	}
}
END_TEST

/* Other threads */
static void *run_loop(void *ctx)
{
	(void)ctx;
	og_loop_run(loop);
	return NULL;
}

static int64_t in_ms(int64_t ms)
{
	return og_clock_mono_ns(og_clock_system()) + ms * OG_NS_PER_MS;
}

enum { THREADS = 8, EACH = 40 };
static _Atomic unsigned good, late;

static void *asker(void *ctx)
{
	bool hurried = *(const bool *)ctx;
	for (int i = 0; i < EACH; i++) {
		og_auto_arena struct og_arena arena;
		og_arena_init(&arena, 0, 0);
		struct og_kube_answer a;
		struct og_err err = OG_ERR_INIT;
		char name[32];
		(void)snprintf(name, sizeof(name), "pod-%d", i);
		struct og_kube_request q = get;
		q.res.name = og_svz(name);
		int rc = og_kube_wait_other(
			kube, &q, in_ms(hurried ? i % 3 : 60000), &arena, &a, &err);
		memset(name, 'x', sizeof(name));
		ck_assert_int_eq(rc, a.code);
		if (rc == 0) {
			ck_assert(og_jstr_is(
				og_jpath(og_jroot(a.doc), "metadata", "name", NULL), "abc"));
			ck_assert(a.arena == &arena);
			good++;
		} else {
			ck_assert_msg(rc == -OG_E_TIMEOUT, "%s", err.msg);
			late++;
		}
	}
	return NULL;
}

START_TEST(other_threads_ask)
{
	static const struct ss_step steps[] = {{OK, 0, SS_KEEP}, {NULL, 0, SS_KEEP}};
	begin(NULL, steps, NULL);
	pthread_t l, t[THREADS];
	bool hurried = _i == 1;
	ck_assert_int_eq(pthread_create(&l, NULL, run_loop, NULL), 0);
	for (int i = 0; i < THREADS; i++)
		ck_assert_int_eq(pthread_create(&t[i], NULL, asker, &hurried), 0);
	for (int i = 0; i < THREADS; i++)
		pthread_join(t[i], NULL);
	ck_assert_uint_eq(good + late, THREADS * EACH);
	if (!hurried)
		ck_assert_uint_eq(late, 0);
	og_loop_stop(loop);
	pthread_join(l, NULL);
}
END_TEST

START_TEST(other_threads_give_up)
{
	begin(never, NULL, NULL);
	pthread_t l;
	og_auto_arena struct og_arena arena;
	og_arena_init(&arena, 0, 0);
	struct og_kube_answer a;
	struct og_err err = OG_ERR_INIT;
	ck_assert_int_eq(pthread_create(&l, NULL, run_loop, NULL), 0);
	int64_t t = og_clock_mono_ns(og_clock_system());
	ck_assert_int_eq(
		og_kube_wait_other(kube, &get, in_ms(60), &arena, &a, &err), -OG_E_TIMEOUT);
	ck_assert_int_lt(og_clock_mono_ns(og_clock_system()) - t, 5 * OG_NS_PER_S);
	ck_assert_int_eq(a.code, -OG_E_TIMEOUT);
	ck_assert(a.body.p && a.rule.p && !a.doc);
	ck_assert(ss_wait_ended(srv, 1)); /* the request was cancelled */
	ck_assert_int_eq(og_kube_wait_other(kube, &get, 0, &arena, &a, &err), -OG_E_TIMEOUT);
	ck_assert_int_eq(
		og_kube_wait_other(kube, &get, in_ms(-5), &arena, &a, &err), -OG_E_TIMEOUT);
	struct og_kube_request bad = get;
	bad.res.name = OG_SV("..");
	ck_assert_int_eq(
		og_kube_wait_other(kube, &bad, in_ms(9000), &arena, &a, &err), -OG_E_INVALID);
	og_loop_stop(loop);
	pthread_join(l, NULL);
	ck_assert_int_eq(
		og_kube_wait_other(kube, &get, in_ms(9000), &arena, &a, &err), -OG_E_CANCELLED);
}
END_TEST

static void *one_long_wait(void *ctx)
{
	og_auto_arena struct og_arena arena;
	og_arena_init(&arena, 0, 0);
	struct og_kube_answer a;
	*(int *)ctx = og_kube_wait_other(kube, &get, in_ms(60000), &arena, &a, NULL);
	return NULL;
}

START_TEST(the_client_is_freed_while_others_wait)
{
	begin(never, NULL, NULL);
	pthread_t t;
	int code = 0;
	ck_assert_int_eq(pthread_create(&t, NULL, one_long_wait, &code), 0);
	while (ss_requests(srv) < 1)
		(void)og_loop_turn(loop, 20);
	og_kube_free(og_take(kube));
	pthread_join(t, NULL);
	ck_assert_int_eq(code, -OG_E_CANCELLED);
}
END_TEST

static void stop_loop(void *ctx)
{
	og_loop_stop(ctx);
}

START_TEST(a_stopped_loop_ends_the_waiting)
{
	begin(never, NULL, NULL);
	og_auto_arena struct og_arena arena;
	og_arena_init(&arena, 0, 0);
	struct og_kube_answer a;
	struct og_timer t = {0};
	ck_assert_int_eq(og_timer_in(loop, &t, 30, stop_loop, loop), 0);
	ck_assert_int_eq(og_kube_wait(kube, &get, &arena, &a, NULL), -OG_E_CANCELLED);
	ck_assert_int_eq(a.code, -OG_E_CANCELLED);
}
END_TEST

/* Every allocation fails once, alone and with all that follow: an answer or an error, never both,
 * never neither. */
START_TEST(memory_runs_out)
{
	static const struct ss_step steps[] = {{OK, 0, SS_KEEP}, {NULL, 0, SS_KEEP}};
	begin(NULL, steps, NULL);
	unsigned long total = 1;
	bool sticky = _i == 1;
	for (unsigned long n = 1; n <= total + 3; n++) {
		og_auto_arena struct og_arena arena;
		og_arena_init(&arena, 0, 0);
		struct og_kube_answer a;
		struct og_err err = OG_ERR_INIT;
		struct og_kube_request q = get;
		q.max_tries = 1;
		q.deadline_ms = 8000;
		og_mem_fault_arm(n, sticky);
		int rc = og_kube_wait(kube, &q, &arena, &a, &err);
		unsigned long seen = og_mem_fault_disarm();
		if (seen > total)
			total = seen < 3000 ? seen : 3000;
		ck_assert_int_eq(rc, a.code);
		ck_assert_msg(
			rc == 0 ? a.doc != NULL && !err.msg[0] : err.msg[0] != '\0', "%lu", n);
		ck_assert_msg(rc != -OG_E_TIMEOUT, "%lu: %s", n, err.msg);
	}
	ck_assert_uint_gt(total, 20);
	/* and all is well afterwards */
	og_auto_arena struct og_arena arena;
	og_arena_init(&arena, 0, 0);
	struct og_kube_answer a;
	ck_assert_int_eq(og_kube_wait(kube, &get, &arena, &a, NULL), 0);
}
END_TEST

START_TEST(memory_runs_out_at_the_start)
{
	static const struct ss_step steps[] = {{OK, 0, SS_KEEP}, {NULL, 0, SS_KEEP}};
	begin(NULL, steps, NULL);
	for (unsigned long n = 1, seen = n; n <= seen; n++) {
		struct og_kube *k = NULL;
		struct og_err err = OG_ERR_INIT;
		struct og_kube_opts o = {.loop = loop, .component = "x"};
		o.access = krun_access(&(struct og_kube_flags){.server = ss_url(srv, "")}, NULL);
		og_mem_fault_arm(n, true);
		int rc = og_kube_new(&o, &k, &err);
		seen = og_mem_fault_disarm();
		if (rc < 0) {
			ck_assert(err.msg[0] && !k);
			og_kube_access_free(o.access); /* still ours */
		}
		og_kube_free(k);
	}
}
END_TEST

static void fake_tests(Suite *s)
{
	TCase *tc = tcase_create("fake time");
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, when_it_is_tried_again, 0, (int)OG_COUNT(tries));
	tcase_add_test(tc, tries_have_an_end);
	tcase_add_loop_test(tc, deadlines, 0, 2);
	tcase_add_test(tc, silence);
	tcase_add_test(tc, nobody_listens);
	tcase_add_loop_test(tc, callbacks_may_do_anything, 0, 8);
	tcase_add_test(tc, freed_with_requests_in_every_state);
	tcase_add_test(tc, what_is_counted);
	suite_add_tcase(s, tc);
}

int main(void)
{
	Suite *s = suite_create("kube/client_life");
	fake_tests(s);
	TCase *tc = tcase_create("real time");
	tcase_add_checked_fixture(tc, setup_real, teardown);
	tcase_add_loop_test(tc, other_threads_ask, 0, 2);
	tcase_add_test(tc, other_threads_give_up);
	tcase_add_test(tc, the_client_is_freed_while_others_wait);
	tcase_add_test(tc, a_stopped_loop_ends_the_waiting);
	suite_add_tcase(s, tc);
	TCase *mem = tcase_create("memory");
	tcase_add_checked_fixture(mem, setup_real, teardown);
	tcase_add_loop_test(mem, memory_runs_out, 0, 2);
	tcase_add_test(mem, memory_runs_out_at_the_start);
	suite_add_tcase(s, mem);
	return og_suite_run(s);
}
