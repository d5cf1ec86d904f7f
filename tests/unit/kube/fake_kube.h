/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * A Kubernetes client for tests of watches, behind the seam. A request stays until the test answers
 * it, on a clock that the test turns.
 */
#include <check.h>
#include <stdio.h>
#include "../../../src/kube/seam-priv.h"
#include "otelgate/base/mem.h"
#include "support/fakeclock.h"

struct fake {
	struct og_fakeclock clock;
	struct kube_seam seam;
	bool live; /* a request waits for its answer */
	struct og_kube_request r;
	char query[20000], accept[256], res[256];
	unsigned starts, cancels;
	int refuse; /* og_kube_start gives this code */
};
static struct fake fake;

static inline int fake_start(
	void *ctx, const struct og_kube_request *r, struct og_kube_call **ret, struct og_err *err)
{
	ck_assert_ptr_eq(ctx, &fake);
	ck_assert_msg(!fake.live, "a second request while one is under way");
	fake.starts++;
	if (fake.refuse)
		return og_err_set(err, (enum og_code) - fake.refuse, "refused by the test");
	fake.live = true;
	fake.r = *r;
	snprintf(fake.query, sizeof(fake.query), "%.*s", OG_SV_ARG(r->query));
	snprintf(fake.accept, sizeof(fake.accept), "%s", r->accept ? r->accept : "");
	snprintf(fake.res, sizeof(fake.res), "%.*s/%.*s/%.*s/%.*s/%.*s", OG_SV_ARG(r->res.group),
		OG_SV_ARG(r->res.version), OG_SV_ARG(r->res.ns), OG_SV_ARG(r->res.resource),
		OG_SV_ARG(r->res.name));
	*ret = (struct og_kube_call *)(void *)&fake;
	return 0;
}

static inline void fake_cancel(void *ctx, struct og_kube_call *c)
{
	ck_assert_ptr_eq(ctx, &fake);
	if (!c)
		return;
	ck_assert(fake.live);
	fake.live = false;
	fake.cancels++;
}

static inline void fake_init(void)
{
	memset(&fake, 0, sizeof(fake));
	og_fakeclock_init(&fake.clock);
	fake.seam = (struct kube_seam){.ctx = &fake, .start = fake_start, .cancel = fake_cancel};
	ck_assert_int_eq(og_loop_new(&fake.clock.clock, &fake.seam.loop, NULL), 0);
}

static inline void fake_fini(void)
{
	og_loop_free(fake.seam.loop);
	fake.seam.loop = NULL;
}

static inline void fake_turn(void)
{
	while (og_loop_turn(fake.seam.loop, 0) > 0) {
	}
}

static inline void fake_advance(int64_t ms)
{
	og_fakeclock_advance_ms(&fake.clock, ms);
	fake_turn();
}

/* Turns the clock until there is a request; how many milliseconds that took, -1 = none came. */
static inline int64_t fake_wait(int64_t max_ms)
{
	fake_turn();
	for (int64_t ms = 0; ms <= max_ms; ms += 10) {
		if (fake.live)
			return ms;
		fake_advance(10);
	}
	return -1;
}

static inline void fake_answer(struct og_kube_answer *a)
{
	ck_assert(fake.live);
	fake.live = false;
	if (a->code)
		a->err.code = (enum og_code) - a->code;
	fake.r.on_done(fake.r.ctx, a);
	fake_turn();
}

static inline void fake_open(void)
{
	ck_assert(fake.live);
	if (fake.r.on_open)
		fake.r.on_open(fake.r.ctx);
}

/* One chunk; when the watch stops it, the request ends as the client would end it. */
static inline int fake_data(struct og_sv chunk)
{
	ck_assert(fake.live);
	char *copy = og_memdup(chunk.p, chunk.n);
	int rc = fake.r.on_data(fake.r.ctx, og_sv(copy, chunk.n));
	og_free(copy);
	if (rc) {
		struct og_kube_answer a = {.code = rc, .http = 200, .status.retry_after_s = -1};
		snprintf(a.err.msg, sizeof(a.err.msg), "stopped");
		fake_answer(&a);
	}
	return rc;
}

static inline void fake_text(const char *text)
{
	fake_data(og_svz(text));
}

static inline void fake_done(void)
{
	struct og_kube_answer a = {.http = 200, .status.retry_after_s = -1};
	fake_answer(&a);
}

static inline void fake_list(const char *body)
{
	fake_open();
	if (fake_data(og_svz(body)) == 0)
		fake_done();
}

struct fake_status {
	int http;
	const char *reason, *cause, *message, *rule;
	int retry_after;
};

static inline void fake_status(struct fake_status s)
{
	struct og_kube_answer a = {.code = s.http == 404 ? -OG_E_NOT_FOUND : -OG_E_IO,
		.http = s.http,
		.status = {.reason = og_svz(s.reason),
			.cause = og_svz(s.cause),
			.message = og_svz(s.message),
			.retry_after_s = s.retry_after ? s.retry_after : -1},
		.rule = og_svz(s.rule)};
	snprintf(a.err.msg, sizeof(a.err.msg), "cannot do it: %d", s.http);
	fake_answer(&a);
}
#define fake_fails(...) fake_status((struct fake_status){__VA_ARGS__})

/* The connection is gone, or never was (http 0). */
static inline void fake_cut(int http)
{
	struct og_kube_answer a = {.code = -OG_E_IO, .http = http, .status.retry_after_s = -1};
	snprintf(a.err.msg, sizeof(a.err.msg), "the connection was lost");
	fake_answer(&a);
}

/* A member of the query, decoded only as far as tests need; NULL = absent. */
static inline const char *fake_param(const char *key)
{
	static char out[4][1200];
	static unsigned turn;
	size_t n = strlen(key);
	for (const char *p = fake.query; p && *p; p = strchr(p, '&') ? strchr(p, '&') + 1 : NULL)
		if (strncmp(p, key, n) == 0 && p[n] == '=') {
			char *o = out[turn++ % 4];
			snprintf(
				o, sizeof(out[0]), "%.*s", (int)strcspn(p + n + 1, "&"), p + n + 1);
			return o;
		}
	return NULL;
}
