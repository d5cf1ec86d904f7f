/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * A client before a server that says what it is told to, for the tests of the client over time.
 */
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

static inline void begin(ss_fn *fn, const void *ctx, const struct og_kube_opts *o)
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

static inline void setup(void)
{
	og_fakeclock_init(&fake);
	ck_assert_int_eq(og_loop_new(&fake.clock, &loop, NULL), 0);
	metrics = og_metrics_new(NULL);
}

static inline void setup_real(void)
{
	ck_assert_int_eq(og_loop_new(NULL, &loop, NULL), 0);
}

static inline void teardown(void)
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

static inline void on_done(void *ctx, const struct og_kube_answer *a)
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

static inline struct og_kube_call *start(struct got *g, const struct og_kube_request *r)
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
static inline void until(const unsigned *what, unsigned n)
{
	for (int i = 0; i < 20000 && *what < n; i++) {
		if (og_loop_turn(loop, 2) == 0 && ss_at_rest(srv) && og_loop_turn(loop, 0) == 0)
			og_fakeclock_advance_ms(&fake, 20);
	}
	ck_assert_uint_ge(*what, n);
}

static inline struct got ask(const struct og_kube_request *r)
{
	struct got g = {.dones = 0};
	(void)start(&g, r);
	until(&g.dones, 1);
	return g;
}

static const struct og_kube_request get = {.verb = OG_KUBE_GET, .res = AN_OBJECT};
static inline int nothing(void *ctx, struct og_sv chunk)
{
	(void)ctx;
	(void)chunk;
	return 0;
}

static inline void never(struct ss_conn *c, void *ctx)
{
	(void)ctx;
	if (ss_read(c))
		ss_hang(c);
}

static inline void until_requests(unsigned n)
{
	for (int i = 0; i < 20000 && ss_requests(srv) < n; i++)
		(void)og_loop_turn(loop, 2);
	ck_assert_uint_eq(ss_requests(srv), n);
	for (int i = 0; i < 5; i++)
		(void)og_loop_turn(loop, 2);
	ck_assert_uint_eq(ss_requests(srv), n);
}
