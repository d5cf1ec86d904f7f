/* SPDX-License-Identifier: Apache-2.0 */
/* The client over time: tries, lanes, limits, cancelling, other threads. */
#include "otelgate/kube/client.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>
#include "otelgate/base/mem.h"
#include "support/fakeclock.h"
#include "support/kube_run.h"
#include "support/suite.h"

#define POD "{\"kind\":\"Pod\",\"metadata\":{\"name\":\"abc\"}}"
#define OK                                                                        \
	"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 40" \
	"\r\n\r\n" POD
#define EMPTY(status, more) "HTTP/1.1 " status "\r\n" more "Content-Length: 0\r\n\r\n"
#define AN_OBJECT                                                                    \
	{                                                                            \
		.version = OG_SV("v1"), .resource = OG_SV("pods"), .ns = OG_SV("x"), \
		.name = OG_SV("web")                                                 \
	}
#define A_LIST                                                                      \
	{                                                                           \
		.version = OG_SV("v1"), .resource = OG_SV("pods"), .ns = OG_SV("x") \
	}

static struct og_fakeclock fake;
static struct og_loop *loop;
static struct og_kube *kube;
static struct og_metrics *metrics;
static struct ss *srv;

static void begin(ss_fn *fn, const void *ctx, const struct og_kube_opts *o)
{
	void *p;
	memcpy(&p, &ctx, sizeof(p));
	srv = ss_start(fn, p, NULL);
	ck_assert_ptr_nonnull(srv);
	struct og_kube_opts opts = o ? *o : (struct og_kube_opts){.component = "unit-test"};
	opts.loop = loop;
	opts.seed = 7;
	opts.metrics = metrics;
	opts.access = krun_access(&(struct og_kube_flags){.server = ss_url(srv, "")}, NULL);
	ck_assert_ptr_nonnull(opts.access);
	ck_assert_int_eq(og_kube_new(&opts, &kube, NULL), 0);
}

static void setup(void)
{
	og_fakeclock_init(&fake);
	ck_assert_int_eq(og_loop_new(&fake.clock, &loop, NULL), 0);
	metrics = og_metrics_new(NULL);
}

static void setup_real(void)
{
	ck_assert_int_eq(og_loop_new(NULL, &loop, NULL), 0);
}

static void teardown(void)
{
	og_kube_free(og_take(kube));
	ss_stop(og_take(srv));
	og_loop_free(og_take(loop));
	og_metrics_free(og_take(metrics));
}

struct got {
	unsigned dones;
	int code, http, retry_after;
	unsigned tries;
	int64_t took_ns;
	char msg[OG_ERR_MSG_BYTES];
	char order;
};
static char order[64];
static _Atomic unsigned norder;

static void on_done(void *ctx, const struct og_kube_answer *a)
{
	struct got *g = ctx;
	g->dones++;
	g->code = a->code;
	g->http = a->http;
	g->tries = a->tries;
	g->took_ns = a->took_ns;
	g->retry_after = a->status.retry_after_s;
	(void)snprintf(g->msg, sizeof(g->msg), "%s", a->err.msg);
	if (g->order && norder < sizeof(order) - 1)
		order[norder++] = g->order;
}

static struct og_kube_call *start(struct got *g, const struct og_kube_request *r)
{
	struct og_kube_request q = *r;
	struct og_kube_call *call = NULL;
	struct og_err err = OG_ERR_INIT;
	q.ctx = g;
	q.on_done = on_done;
	int rc = og_kube_start(kube, &q, &call, &err);
	ck_assert_msg(rc == 0, "%s", err.msg);
	ck_assert_uint_eq(g->dones, 0);
	return call;
}

/* Time passes when nothing happens: the server has said all it has to say, and it was heard. */
static void until(const unsigned *what, unsigned n)
{
	for (int i = 0; i < 20000 && *what < n; i++) {
		if (og_loop_turn(loop, 2) == 0 && ss_at_rest(srv) && og_loop_turn(loop, 0) == 0)
			og_fakeclock_advance_ms(&fake, 20);
	}
	ck_assert_uint_ge(*what, n);
}

static struct got ask(const struct og_kube_request *r)
{
	struct got g = {.dones = 0};
	(void)start(&g, r);
	until(&g.dones, 1);
	return g;
}

static const struct og_kube_request get = {.verb = OG_KUBE_GET, .res = AN_OBJECT};
static const struct og_kube_request create = {
	.verb = OG_KUBE_CREATE, .res = A_LIST, .body = OG_SV("{}")};
static int nothing(void *ctx, struct og_sv chunk)
{
	(void)ctx;
	(void)chunk;
	return 0;
}

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

static void never(struct ss_conn *c, void *ctx)
{
	(void)ctx;
	if (ss_read(c))
		ss_hang(c);
}

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

static void until_requests(unsigned n)
{
	for (int i = 0; i < 20000 && ss_requests(srv) < n; i++)
		(void)og_loop_turn(loop, 2);
	ck_assert_uint_eq(ss_requests(srv), n);
	for (int i = 0; i < 5; i++)
		(void)og_loop_turn(loop, 2);
	ck_assert_uint_eq(ss_requests(srv), n);
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
	tcase_add_test(tc, lanes);
	tcase_add_test(tc, normal_goes_before_bulk);
	tcase_add_test(tc, old_bulk_goes_before_young_normal);
	tcase_add_test(tc, what_is_waited_for);
	tcase_add_test(tc, the_next_try_is_waited_for);
	tcase_add_test(tc, waiting_where_no_answer_can_come);
	tcase_add_test(tc, a_turn_that_never_comes);
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
