/* SPDX-License-Identifier: Apache-2.0 */
/* The client against a server that does what servers and proxies do. */
#include "otelgate/grafana/client.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>
#include "otelgate/base/mem.h"
#include "support/script_server.h"
#include "support/suite.h"

#define TOKEN "glc_T0p5ecret-value"
/* printf '1234:glc_T0p5ecret-value' | base64 */
#define BASIC "MTIzNDpnbGNfVDBwNWVjcmV0LXZhbHVl"

#define OK_JSON(extra, body) "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n" extra body
#define VECTOR                                                                                  \
	"{\"status\":\"success\",\"data\":{\"resultType\":\"vector\",\"result\":[{\"metric\":{" \
	"\"job\":\"a\"},\"value\":[1795356968,\"1795356960\"]}]}}"
#define CLOSED "Connection: close\r\n\r\n"

enum { MAX_ANSWERS = 32 };
struct got {
	enum og_gf_state state;
	enum og_gf_why why;
	int http;
	uint32_t rows;
	char message[OG_GF_MESSAGE_BYTES + 1], job[64];
	bool too_large;
	int64_t retry_after_ms, took_ms, date_s, skew_ms;
	unsigned tries;
	uint64_t wire_bytes, body_bytes;
	struct og_gf_client *free_me;
};

static struct {
	struct og_loop *loop;
	struct og_httpc *http;
	struct og_gf_client *c;
	struct ss *srv;
	struct og_secret token;
	struct og_metrics *metrics;
	struct og_gf_client_opts o;
	struct got got[MAX_ANSWERS];
	unsigned n;
} t;

static void setup(void)
{
	memset(&t, 0, sizeof(t));
	ck_assert_int_eq(og_loop_new(NULL, &t.loop, NULL), 0);
	static const struct og_httpc_opts http = {.user_agent = "test/1"};
	ck_assert_int_eq(og_httpc_new(t.loop, &http, &t.http, NULL), 0);
	ck_assert_int_eq(og_secret_set(&t.token, TOKEN "\n", strlen(TOKEN) + 1, NULL), 0);
	t.metrics = og_metrics_new(NULL);
	ck_assert_ptr_nonnull(t.metrics);
	t.o = (struct og_gf_client_opts){
		.loop = t.loop, .http = t.http, .interval_ms = 1, .seed = 7, .metrics = t.metrics};
}

static void teardown(void)
{
	og_gf_client_free(t.c);
	og_httpc_free(t.http);
	og_loop_free(t.loop);
	ss_stop(og_take(t.srv));
	og_metrics_free(t.metrics);
	og_secret_fini(&t.token);
}

static void connect_all(void)
{
	struct og_err err = OG_ERR_INIT;
	for (unsigned b = 0; b < OG_GF_COUNT_; b++) {
		t.o.backend[b] = (struct og_gf_endpoint){.user = OG_SV("1234"), .token = &t.token};
		t.o.backend[b].url = og_svz(ss_url(t.srv, "/"));
	}
	ck_assert_msg(og_gf_client_new(&t.o, &t.c, &err) == 0, "%s", err.msg);
}

static void serve(const struct ss_step *steps)
{
	void *ctx;
	memcpy(&ctx, &steps, sizeof(ctx));
	t.srv = ss_start(NULL, ctx, NULL);
	ck_assert_ptr_nonnull(t.srv);
	connect_all();
}

static void serve_fn(ss_fn *fn)
{
	t.srv = ss_start(fn, NULL, NULL);
	ck_assert_ptr_nonnull(t.srv);
	connect_all();
}

static void on_answer(void *ctx, const struct og_gf_answer *a)
{
	struct got *g = ctx;
	ck_assert_uint_lt(t.n, MAX_ANSWERS);
	g = g ? g : &t.got[t.n];
	*g = (struct got){.state = a->state, .why = a->why, .http = a->http, .rows = a->rows.n};
	(void)snprintf(g->message, sizeof(g->message), "%.*s", OG_SV_ARG(a->message));
	if (a->rows.n)
		(void)snprintf(
			g->job, sizeof(g->job), "%.*s", OG_SV_ARG(a->rows.v[0].key[OG_GF_KEY_JOB]));
	g->too_large = a->too_large;
	g->retry_after_ms = a->retry_after_ms;
	g->took_ms = a->took_ms;
	g->date_s = a->date_s;
	g->skew_ms = a->skew_ms;
	g->tries = a->tries;
	g->wire_bytes = a->wire_bytes;
	g->body_bytes = a->body_bytes;
	t.n++;
	/* whatever happened, these never show */
	ck_assert_ptr_null(strstr(g->message, "T0p5ecret"));
	ck_assert_ptr_null(strstr(g->message, "MTIzNDpnbGN"));
	ck_assert(a->query.n > 0 || a->state == OG_GF_UNASKED || a->backend != OG_GF_PROMETHEUS);
	ck_assert((g->message[0] == '\0') == og_gf_state_is_answer(a->state));
}

static struct og_gf_call *ask_with(enum og_gf_ask what, const struct og_gf_ask_opts *o)
{
	struct og_err err = OG_ERR_INIT;
	struct og_gf_call *call = NULL;
	struct og_gf_query q = {.ask = what, .cluster = OG_SV("c"), .end_s = 1795356968};
	q.label = OG_SV("l");
	q.value = OG_SV("a1");
	ck_assert_msg(
		og_gf_client_ask(t.c, &q, o, NULL, on_answer, &call, &err) == 0, "%s", err.msg);
	ck_assert_ptr_nonnull(call);
	return call;
}

static struct og_gf_call *ask(enum og_gf_ask what)
{
	return ask_with(what, NULL);
}

/* Turns until so many answers have come. */
static void wait_for(unsigned n)
{
	int64_t end = og_clock_mono_ms(og_clock_system()) + 20000L * og_suite_patience();
	while (t.n < n && og_clock_mono_ms(og_clock_system()) < end)
		(void)og_loop_turn(t.loop, 100);
	ck_assert_uint_eq(t.n, n);
}

static const struct ss_step vector[] = {
	{OK_JSON("Date: Mon, 23 Nov 2026 00:00:00 GMT\r\nContent-Length: 119\r\n\r\n", VECTOR), 0,
		SS_KEEP},
	{NULL, 0, SS_KEEP}};

START_TEST(a_question_is_answered)
{
	ck_assert_uint_eq(strlen(VECTOR), 119);
	serve(vector);
	(void)ask(OG_GF_PROM_ARRIVAL);
	ck_assert_uint_eq(t.n, 0);
	wait_for(1);
	ck_assert_int_eq(t.got[0].state, OG_GF_PRESENT);
	ck_assert_uint_eq(t.got[0].rows, 1);
	ck_assert_str_eq(t.got[0].job, "a");
	ck_assert_int_eq(t.got[0].date_s, 1795392000);
	ck_assert_int_ne(t.got[0].skew_ms, 0);
	ck_assert_uint_eq(t.got[0].tries, 1);
	ck_assert_uint_eq(t.got[0].body_bytes, 119);
	const char *q = ss_seen(t.srv, 0);
	ck_assert_ptr_nonnull(strstr(q, "POST /api/v1/query HTTP/1.1\r\n"));
	ck_assert_ptr_nonnull(strstr(q, "\r\nAuthorization: Basic " BASIC "\r\n"));
	ck_assert_ptr_nonnull(strstr(q, "\r\nContent-Type: application/x-www-form-urlencoded\r\n"));
	ck_assert_ptr_nonnull(strstr(q, "\r\nAccept-Encoding: gzip"));
	ck_assert_ptr_nonnull(strstr(q, "target_info%7Bk8s_cluster_name%3D%22c%22%7D"));
}
END_TEST

static void never_answers(struct ss_conn *c, void *ctx)
{
	(void)ctx;
	while (ss_read(c))
		ss_hang(c);
}

START_TEST(a_server_that_hangs)
{
	serve_fn(never_answers);
	struct og_gf_ask_opts o = {.deadline_ms = 200};
	(void)ask_with(OG_GF_TEMPO_ARRIVAL, &o);
	(void)ask_with(OG_GF_PYRO_ARRIVAL, &o);
	wait_for(2);
	for (unsigned i = 0; i < 2; i++) {
		ck_assert_int_eq(t.got[i].state, OG_GF_BACKEND_ERROR);
		ck_assert_int_eq(t.got[i].why, OG_GF_WHY_TIMEOUT);
		ck_assert_int_ge(t.got[i].took_ms, 190);
		ck_assert_uint_eq(t.got[i].tries, 1);
	}
}
END_TEST

START_TEST(redirects_are_not_followed)
{
	static const struct ss_step steps[] = {
		{"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/x?token=" TOKEN
		 "\r\nContent-Length: 0\r\n\r\n",
			0, SS_KEEP},
		{NULL, 0, SS_KEEP}};
	serve(steps);
	(void)ask(OG_GF_PROM_PING);
	wait_for(1);
	ck_assert_int_eq(t.got[0].state, OG_GF_WRONG_PATH);
	ck_assert_int_eq(t.got[0].why, OG_GF_WHY_REDIRECT);
	ck_assert_ptr_nonnull(strstr(t.got[0].message, "127.0.0.1:1"));
	ck_assert_uint_eq(ss_requests(t.srv), 1);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("grafana/client");
	TCase *tc = tcase_create("client");
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, a_question_is_answered);
	tcase_add_test(tc, a_server_that_hangs);
	tcase_add_test(tc, redirects_are_not_followed);
	suite_add_tcase(s, tc);
	return og_suite_run(s);
}
