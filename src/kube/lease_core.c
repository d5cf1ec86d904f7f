/* SPDX-License-Identifier: Apache-2.0 */
/* The election: client-go's tryAcquireOrRenew as steps (tools/leaderelection/leaderelection.go). */
#include "lease_core-priv.h"

#include "otelgate/base/clock.h"
#include "rng-priv.h"

enum { STEPS = 4 };	    /* requests of one attempt */
enum { RELEASE_STEPS = 9 }; /* a GET and a PUT each, then a wait */
/* A renewal without success is tried again after this part of retry_ns: client-go's pace leaves
 * five tries, which a server that refuses two of three requests uses up in one storm of eight. */
enum { RENEW_AGAIN = 4 };

void lease_init(struct lease_core *c, int64_t now_ns)
{
	og_arena_init(&c->seen.arena, 4096, 4 * LEASE_OBJECT_BYTES);
	c->next_ns = now_ns;
	c->renewed_ns = INT64_MIN;
}

void lease_fini(struct lease_core *c)
{
	og_arena_fini(&c->seen.arena);
}

/* The end of a span; INT64_MAX when it never ends. */
static int64_t after(int64_t at_ns, int64_t span_ns)
{
	int64_t sum;
	return __builtin_add_overflow(at_ns, span_ns, &sum) ? INT64_MAX : sum;
}

bool lease_holds(const struct lease_core *c, int64_t now_ns)
{
	return c->leading && now_ns < after(c->renewed_ns, c->renew_ns);
}

bool lease_mine(const struct lease_core *c)
{
	return c->has_seen && og_sv_eq(c->seen.holder, og_svz(c->identity));
}

/* Someone else's claim has not run out yet, as far as we have seen. */
static bool theirs(const struct lease_core *c, int64_t now_ns)
{
	return c->has_seen && c->seen.holder.n && !lease_mine(c) &&
	       now_ns < after(c->observed_ns, c->seen.valid_ns);
}

static void stop(struct lease_core *c, struct lease_out *out)
{
	if (c->leading)
		out->stopped = true;
	c->leading = false;
}

/* Before anything else that happens: what we believe may have run out. */
static void look_at_the_clock(struct lease_core *c, int64_t now_ns, struct lease_out *out)
{
	*out = (struct lease_out){.act = LEASE_IDLE};
	if (c->leading && !lease_holds(c, now_ns))
		stop(c, out);
}

static void begin(struct lease_core *c, enum lease_act act, int64_t now_ns, struct lease_out *out)
{
	if (c->steps++ == 0)
		c->began_ns = now_ns;
	c->act = out->act = act;
	c->sent_ns = now_ns;
	c->fast = false;
}

/* This attempt has come to nothing; `failed`: the server could not say why. */
static void wait(struct lease_core *c, bool failed, int64_t now_ns)
{
	int64_t from = now_ns, span = c->retry_ns;
	if (c->leading && failed && now_ns - c->began_ns < span - span / RENEW_AGAIN)
		span /= RENEW_AGAIN;
	else if (c->leading || c->releasing)
		from = c->began_ns;
	else if (c->candidate_ns)
		span = c->candidate_ns + kube_rng_upto(&c->rng, c->candidate_ns / 4);
	else
		span += kube_rng_upto(&c->rng, c->retry_ns / 5 * 6); /* L-3: jitter factor 1.2 */
	c->next_ns = after(from, span);
	if (c->next_ns < now_ns)
		c->next_ns = now_ns;
}

static void finish(struct lease_core *c, struct lease_out *out)
{
	c->done = out->done = true;
	c->act = LEASE_IDLE;
}

static bool adopt(
	struct lease_core *c, struct lease_record *r, int64_t at_ns, struct lease_out *out)
{
	if (!c->has_seen || !og_sv_eq(c->seen.spec, r->spec))
		c->observed_ns = at_ns;
	if (!c->has_seen || !og_sv_eq(c->seen.holder, r->holder))
		out->leader = r->holder.n && !og_sv_eq(r->holder, og_svz(c->identity));
	og_arena_fini(&c->seen.arena);
	c->seen = *r;
	c->seen.doc = (struct og_jdoc){.text = NULL}; /* nobody needs the tape any more */
	c->has_seen = true;
	c->look = false;
	if (!lease_mine(c))
		stop(c, out); /* whatever we thought: it is not ours */
	return true;
}

/* False when the answer was not understood: nothing is known then. */
static bool take_in(struct lease_core *c, struct og_sv body, int64_t at_ns, struct lease_out *out)
{
	struct lease_record r;
	og_arena_init(&r.arena, 4096, 4 * LEASE_OBJECT_BYTES);
	if (lease_record_read(&r, body, c->duration_ns, NULL) < 0) {
		og_arena_fini(&r.arena);
		c->look = true;
		return false;
	}
	return adopt(c, &r, at_ns, out);
}

static void on_got(struct lease_core *c, enum lease_reply reply, struct og_sv body, int64_t now_ns,
	struct lease_out *out)
{
	if (reply == LEASE_OK ? !take_in(c, body, now_ns, out) : reply != LEASE_NOT_FOUND) {
		wait(c, reply == LEASE_FAILED, now_ns);
		return;
	}
	/* Also when it is gone: whoever held it may still believe so. */
	if (theirs(c, now_ns)) {
		wait(c, false, now_ns);
		return;
	}
	out->slow = c->leading;
	begin(c, reply == LEASE_OK ? LEASE_PUT : LEASE_CREATE, now_ns, out);
}

/* A CREATE or PUT that succeeded: the server says what it holds now. */
static void on_written(
	struct lease_core *c, struct og_sv body, int64_t now_ns, struct lease_out *out)
{
	/* Understood, ours, and for as long as we asked: nothing on the way has changed it. */
	if (!take_in(c, body, c->sent_ns, out) || !lease_mine(c) ||
		c->seen.valid_ns < c->duration_ns) {
		c->look = true;
		wait(c, false, now_ns);
		return;
	}
	c->observed_ns = c->renewed_ns = c->sent_ns;
	c->next_ns = after(c->sent_ns, c->retry_ns);
	if (c->next_ns < now_ns)
		c->next_ns = now_ns;
	if (c->leading || now_ns >= after(c->renewed_ns, c->renew_ns))
		return;
	c->leading = out->started = true;
}

static void on_refused(struct lease_core *c, enum lease_reply reply, bool fast, int64_t now_ns,
	struct lease_out *out)
{
	/* It may have been done nevertheless: a renewal finds that out by itself, as a conflict,
	 * and a server in trouble is asked once for it instead of twice. */
	if (reply != LEASE_FAILED || !fast)
		c->look = true;
	if (reply != LEASE_FAILED && (fast || c->leading) && c->steps < STEPS)
		begin(c, LEASE_GET, now_ns, out);
	else
		wait(c, reply == LEASE_FAILED, now_ns);
}

static void release_begin(struct lease_core *c, int64_t now_ns, struct lease_out *out)
{
	c->steps = 0;
	if (!c->look && !lease_mine(c))
		finish(c, out);
	else
		begin(c, c->look ? LEASE_GET : LEASE_PUT, now_ns, out);
}

static void on_released(struct lease_core *c, enum lease_act act, enum lease_reply reply,
	struct og_sv body, int64_t now_ns, struct lease_out *out)
{
	bool ok = reply == LEASE_OK;
	if (reply == LEASE_NOT_FOUND || (ok && act != LEASE_GET)) {
		finish(c, out);
	} else if (ok && take_in(c, body, now_ns, out)) {
		if (lease_mine(c))
			begin(c, LEASE_PUT, now_ns, out);
		else
			finish(c, out);
	} else {
		c->look = true;
		if (reply == LEASE_CONFLICT && c->steps < RELEASE_STEPS)
			begin(c, LEASE_GET, now_ns, out);
		else
			wait(c, false, now_ns);
	}
}

void lease_reply(struct lease_core *c, enum lease_reply reply, struct og_sv body, int64_t now_ns,
	struct lease_out *out)
{
	look_at_the_clock(c, now_ns, out);
	enum lease_act act = c->act;
	bool fast = c->fast;
	c->act = LEASE_IDLE;
	if (c->done || act == LEASE_IDLE)
		return;
	if (c->releasing)
		on_released(c, act, reply, body, now_ns, out);
	else if (act == LEASE_GET)
		on_got(c, reply, body, now_ns, out);
	else if (reply == LEASE_OK)
		on_written(c, body, now_ns, out);
	else
		on_refused(c, reply, fast, now_ns, out);
}

void lease_tick(struct lease_core *c, int64_t now_ns, struct lease_out *out)
{
	look_at_the_clock(c, now_ns, out);
	if (c->done)
		return;
	if (c->releasing && now_ns >= c->release_until_ns) {
		out->cancel = c->act != LEASE_IDLE;
		finish(c, out);
		return;
	}
	if (c->act != LEASE_IDLE || now_ns < c->next_ns)
		return;
	if (c->releasing) {
		release_begin(c, now_ns, out);
		return;
	}
	c->steps = 0;
	bool fast = !c->look && lease_mine(c) && now_ns < after(c->observed_ns, c->seen.valid_ns);
	begin(c, fast ? LEASE_PUT : LEASE_GET, now_ns, out);
	c->fast = fast;
}

void lease_release(struct lease_core *c, int64_t now_ns, struct lease_out *out)
{
	look_at_the_clock(c, now_ns, out);
	stop(c, out);
	if (c->releasing)
		return;
	c->releasing = true;
	c->release_until_ns = after(now_ns, c->renew_ns);
	c->next_ns = now_ns;
	out->cancel = c->act != LEASE_IDLE;
	if (out->cancel && c->act != LEASE_GET)
		c->look = true; /* it may be done nevertheless */
	c->act = LEASE_IDLE;
}

int64_t lease_next_ns(const struct lease_core *c)
{
	int64_t next = INT64_MAX;
	if (c->done)
		return next;
	if (c->act == LEASE_IDLE)
		next = c->next_ns;
	if (c->leading && after(c->renewed_ns, c->renew_ns) < next)
		next = after(c->renewed_ns, c->renew_ns);
	if (c->releasing && c->release_until_ns < next)
		next = c->release_until_ns;
	return next;
}
