/* SPDX-License-Identifier: Apache-2.0 */
/* Waiting for an answer: in a command that turns the loop itself, and in a thread beside it. */
#include "client-priv.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <time.h>
#include "otelgate/base/mem.h"

/* Copies an answer into another arena, its document read again there. */
static int copy_answer(const struct og_kube_answer *a, struct og_arena *arena,
	struct og_kube_answer *ret, struct og_err *err)
{
	struct og_kube_answer c = *a;
	c.arena = arena;
	c.body = og_arena_sv(arena, a->body);
	c.rule = og_arena_sv(arena, a->rule);
	c.status.reason = og_arena_sv(arena, a->status.reason);
	c.status.message = og_arena_sv(arena, a->status.message);
	c.status.cause = og_arena_sv(arena, a->status.cause);
	bool ok = c.body.p && c.rule.p && c.status.reason.p && c.status.message.p &&
		  c.status.cause.p;
	if (ok && a->doc) {
		/* the same tokens over a copy of the same text */
		size_t n = a->doc->ntok * sizeof(*a->doc->tok);
		struct og_jdoc *d = og_arena_new(arena, struct og_jdoc);
		struct og_jtok *tok = og_arena_alloc(arena, n);
		ok = d && tok;
		if (ok) {
			memcpy(tok, a->doc->tok, n);
			*d = (struct og_jdoc){.text = c.body.p,
				.len = c.body.n,
				.tok = tok,
				.ntok = a->doc->ntok};
			c.doc = d;
		}
	}
	if (!ok)
		return og_err_set(err, arena->full ? OG_E_LIMIT : OG_E_OOM,
			"no memory for an answer of the API server");
	*ret = c;
	return 0;
}

static void nothing(
	struct og_arena *arena, int code, const struct og_err *err, struct og_kube_answer *ret)
{
	*ret = (struct og_kube_answer){.code = code,
		.arena = arena,
		.body = OG_SV(""),
		.rule = OG_SV(""),
		.status = {.reason = OG_SV(""),
			.message = OG_SV(""),
			.cause = OG_SV(""),
			.retry_after_s = -1}};
	if (err)
		ret->err = *err;
}

/* In a command */

struct here {
	struct og_arena *arena;
	struct og_kube_answer *ret;
	struct og_err *err;
	bool done;
	int code;
	void *ctx;
	int (*on_data)(void *ctx, struct og_sv chunk);
};

static int here_data(void *ctx, struct og_sv chunk)
{
	struct here *h = ctx;
	return h->on_data(h->ctx, chunk);
}

static void here_done(void *ctx, const struct og_kube_answer *a)
{
	struct here *h = ctx;
	h->done = true;
	h->code = copy_answer(a, h->arena, h->ret, h->err);
	if (h->code == 0 && a->code < 0) {
		h->code = a->code;
		if (h->err)
			*h->err = a->err;
	}
}

int og_kube_wait(struct og_kube *k, const struct og_kube_request *r, struct og_arena *arena,
	struct og_kube_answer *ret, struct og_err *err)
{
	struct og_err own = OG_ERR_INIT;
	struct here h = {.arena = arena,
		.ret = ret,
		.err = err ? err : &own,
		.ctx = r->ctx,
		.on_data = r->on_data};
	struct og_kube_request mine = *r;
	struct og_kube_call *call = NULL;
	nothing(arena, 0, NULL, ret);
	mine.ctx = &h;
	mine.on_open = NULL;
	mine.on_data = r->on_data ? here_data : NULL;
	mine.on_done = here_done;
	int rc = og_loop_turning(k->loop)
			 ? og_err_set(h.err, OG_E_BUG,
				   "waiting for an answer on the loop that brings it")
			 : og_kube_start(k, &mine, &call, h.err);
	if (rc == 0) {
		while (!h.done && !og_loop_stopped(k->loop))
			(void)og_loop_turn(k->loop, -1);
		rc = h.code;
		if (!h.done) {
			og_kube_cancel(call);
			rc = og_err_set(h.err, OG_E_CANCELLED, "stopped");
		}
	}
	if (rc < 0 && ret->code == 0)
		nothing(arena, rc, h.err, ret);
	return rc;
}

/* In another thread */

enum there_state { THERE_POSTED, THERE_STARTED, THERE_DONE, THERE_LEFT };

struct there {
	_Atomic unsigned owners; /* the thread that waits, the loop */
	pthread_mutex_t lock;	 /* for what follows */
	pthread_cond_t changed;
	enum there_state state;
	struct og_kube *k;
	const struct og_kube_request *r; /* the waiter's, until it leaves */
	struct og_kube_call *call;	 /* the loop's */
	struct og_arena arena;		 /* of the answer */
	struct og_kube_answer answer;
	struct og_err err;
	int code;
};

static void disown(struct there *t)
{
	if (atomic_fetch_sub(&t->owners, 1) > 1)
		return;
	og_arena_wipe(&t->arena);
	(void)pthread_cond_destroy(&t->changed);
	(void)pthread_mutex_destroy(&t->lock);
	og_free(t);
}

static struct there *there_new(struct og_kube *k, const struct og_kube_request *r)
{
	struct there *t = og_calloc(1, sizeof(*t));
	pthread_condattr_t attr;
	if (!t)
		return NULL;
	atomic_init(&t->owners, 2);
	t->k = k;
	t->r = r;
	og_arena_init(&t->arena, 16 << 10, 0);
	(void)pthread_condattr_init(&attr);
	(void)pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	(void)pthread_mutex_init(&t->lock, NULL);
	(void)pthread_cond_init(&t->changed, &attr);
	(void)pthread_condattr_destroy(&attr);
	return t;
}

/* Under the lock, on the loop. */
static void there_tell(struct there *t, int code)
{
	t->code = code;
	if (t->state != THERE_LEFT)
		t->state = THERE_DONE;
	(void)pthread_cond_signal(&t->changed);
}

static void there_done(void *ctx, const struct og_kube_answer *a)
{
	struct there *t = ctx;
	(void)pthread_mutex_lock(&t->lock);
	t->call = NULL;
	if (t->state != THERE_LEFT) {
		int code = copy_answer(a, &t->arena, &t->answer, &t->err);
		if (code == 0 && a->code < 0) {
			code = a->code;
			t->err = a->err;
		}
		there_tell(t, code);
	}
	(void)pthread_mutex_unlock(&t->lock);
	disown(t);
}

static void there_drop(void *ctx)
{
	struct there *t = ctx;
	(void)pthread_mutex_lock(&t->lock);
	t->call = NULL;
	there_tell(t, og_err_set(&t->err, OG_E_CANCELLED,
			      "the client of the API server has been closed"));
	(void)pthread_mutex_unlock(&t->lock);
	disown(t);
}

/* The request's texts are the waiter's: they are copied while it cannot leave. */
static void there_begin(void *ctx)
{
	struct there *t = ctx;
	(void)pthread_mutex_lock(&t->lock);
	int rc = t->state == THERE_LEFT ? -OG_E_CANCELLED : 0;
	if (rc == 0 && og_loop_stopped(t->k->loop))
		rc = og_err_set(&t->err, OG_E_CANCELLED, "the event loop has been stopped");
	if (rc == 0) {
		struct og_kube_request mine = *t->r;
		mine.ctx = t;
		mine.on_open = NULL;
		mine.on_data = NULL;
		mine.on_done = there_done;
		rc = og_kube_start(t->k, &mine, &t->call, &t->err);
	}
	if (rc == 0) {
		t->call->on_drop = there_drop;
		t->state = THERE_STARTED;
	} else {
		there_tell(t, rc);
	}
	(void)pthread_mutex_unlock(&t->lock);
	if (rc < 0)
		disown(t);
}

static void there_cancel(void *ctx)
{
	struct there *t = ctx;
	struct og_kube_call *call = og_take(t->call);
	if (call) {
		og_kube_cancel(call);
		disown(t); /* the call's share */
	}
	disown(t); /* the post's */
}

static void there_wait(struct there *t, int64_t until_ns)
{
	const struct timespec until = {.tv_sec = (time_t)(until_ns / OG_NS_PER_S),
		.tv_nsec = (long)(until_ns % OG_NS_PER_S)};
	(void)pthread_mutex_lock(&t->lock);
	while (t->state != THERE_DONE &&
		pthread_cond_timedwait(&t->changed, &t->lock, &until) != ETIMEDOUT)
		;
	if (t->state != THERE_DONE)
		t->state = THERE_LEFT;
	(void)pthread_mutex_unlock(&t->lock);
}

int og_kube_wait_other(struct og_kube *k, const struct og_kube_request *r, int64_t until_ns,
	struct og_arena *arena, struct og_kube_answer *ret, struct og_err *err)
{
	struct og_err own = OG_ERR_INIT;
	struct og_err *why = err ? err : &own;
	nothing(arena, 0, NULL, ret);
	struct there *t = until_ns > 0 ? there_new(k, r) : NULL;
	int rc = t ? og_loop_post(k->loop, there_begin, t, why)
		   : og_err_set(why, until_ns > 0 ? OG_E_OOM : OG_E_TIMEOUT,
			     until_ns > 0 ? "no memory to wait for the API server"
					  : "there is no time left to ask the API server");
	if (rc < 0) {
		if (t)
			disown(t); /* the loop never had it */
		nothing(arena, rc, why, ret);
		if (t)
			disown(t);
		return rc;
	}
	there_wait(t, until_ns);
	if (t->state == THERE_DONE) {
		rc = t->code;
		if (rc < 0)
			*why = t->err;
		int copied = rc == 0 || t->answer.code < 0
				     ? copy_answer(&t->answer, arena, ret, why)
				     : 0;
		rc = copied < 0 ? copied : rc;
	} else {
		rc = og_err_set(why, OG_E_TIMEOUT, "the API server did not answer in time");
		/* keeps it alive until the loop has let go; if that cannot be posted, the answer
		 * ends it */
		atomic_fetch_add(&t->owners, 1);
		if (og_loop_post(k->loop, there_cancel, t, NULL) < 0)
			disown(t);
	}
	disown(t);
	if (rc < 0 && ret->code == 0)
		nothing(arena, rc, why, ret);
	return rc;
}
