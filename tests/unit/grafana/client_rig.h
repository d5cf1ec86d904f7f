/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* A client and a server that does what it is told, for the tests of the client. */
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

static inline void setup(void)
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

static inline void teardown(void)
{
	og_gf_client_free(t.c);
	og_httpc_free(t.http);
	og_loop_free(t.loop);
	ss_stop(og_take(t.srv));
	og_metrics_free(t.metrics);
	og_secret_fini(&t.token);
}

static inline void connect_all(void)
{
	struct og_err err = OG_ERR_INIT;
	for (unsigned b = 0; b < OG_GF_COUNT_; b++) {
		t.o.backend[b] = (struct og_gf_endpoint){.user = OG_SV("1234"), .token = &t.token};
		t.o.backend[b].url = og_svz(ss_url(t.srv, "/"));
	}
	ck_assert_msg(og_gf_client_new(&t.o, &t.c, &err) == 0, "%s", err.msg);
}

static inline void serve(const struct ss_step *steps)
{
	void *ctx;
	memcpy(&ctx, &steps, sizeof(ctx));
	t.srv = ss_start(NULL, ctx, NULL);
	ck_assert_ptr_nonnull(t.srv);
	connect_all();
}

static inline void serve_fn(ss_fn *fn)
{
	t.srv = ss_start(fn, NULL, NULL);
	ck_assert_ptr_nonnull(t.srv);
	connect_all();
}

static inline void on_answer(void *ctx, const struct og_gf_answer *a)
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

static inline struct og_gf_call *ask_with(enum og_gf_ask what, const struct og_gf_ask_opts *o)
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

static inline struct og_gf_call *ask(enum og_gf_ask what)
{
	return ask_with(what, NULL);
}

/* Turns until so many answers have come. */
static inline void wait_for(unsigned n)
{
	int64_t end = og_clock_mono_ms(og_clock_system()) + 20000L * og_suite_patience();
	while (t.n < n && og_clock_mono_ms(og_clock_system()) < end)
		(void)og_loop_turn(t.loop, 100);
	ck_assert_uint_eq(t.n, n);
}
