/* SPDX-License-Identifier: Apache-2.0 */
/* The election on a loop and a client: one timer, one request at a time, the callbacks. */
#include "lease-priv.h"

#include <stdatomic.h>
#include <stdio.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>
#include "lease_core-priv.h"
#include "otelgate/base/mem.h"

enum { IDLE_MS = 3600000 };	 /* the timer is always set: so setting it cannot fail */
enum { HEALTH_SLACK_MS = 5000 }; /* L-9 */

const struct og_metric_def og_lease_metrics[OG_LM_COUNT_] = {
	[OG_LM_STATUS] = {"leader_election_master_status",
		"1 while this process leads, else 0; by Lease.", OG_METRIC_GAUGE,
		.labels = {"name", NULL}},
	[OG_LM_SLOWPATH] = {"leader_election_slowpath_total",
		"Renewals that had to look at the Lease first.", OG_METRIC_COUNTER,
		.labels = {"name", NULL}},
};

struct og_lease {
	struct lease_core core;
	struct kube_seam seam;
	struct og_lease_opts o;
	struct og_kube_call *call;
	struct og_timer timer;
	struct og_loop_guard guard;
	struct og_metric_series *m[OG_LM_COUNT_];
	char *identity, *ns, *name;
	void (*on_done)(void *ctx);
	void *done_ctx;
	bool done;   /* on_done is due */
	bool *freed; /* set while a callback runs: tells its caller that the lease is gone */
	/* for og_lease_healthy */
	_Atomic bool leading;
	_Atomic int64_t renewed_ns;
};

/* Also runs while the machine sleeps (L-5). */
static int64_t now_ns(const struct og_lease *l)
{
	struct timespec t;
	if (og_loop_clock(l->seam.loop) == og_clock_system() &&
		clock_gettime(CLOCK_BOOTTIME, &t) == 0)
		return t.tv_sec * OG_NS_PER_S + t.tv_nsec;
	return og_loop_now_ns(l->seam.loop);
}

static void obey(struct og_lease *l, const struct lease_out *out);

static void on_timer(void *ctx);

static void arm(struct og_lease *l)
{
	int64_t now = now_ns(l), next = l->done ? now : lease_next_ns(&l->core);
	int64_t wait = IDLE_MS * OG_NS_PER_MS;
	if (next < now)
		wait = 0;
	else if (next - now < wait)
		wait = next - now;
	(void)og_timer_at(
		l->seam.loop, &l->timer, og_loop_now_ns(l->seam.loop) + wait, on_timer, l);
}

static void on_answer(void *ctx, const struct og_kube_answer *a)
{
	struct og_lease *l = ctx;
	struct lease_out out;
	enum lease_reply reply = LEASE_FAILED;
	l->call = NULL;
	if (a->code == 0)
		reply = LEASE_OK;
	else if (a->code == -OG_E_NOT_FOUND)
		reply = LEASE_NOT_FOUND;
	else if (a->code == -OG_E_CONFLICT)
		reply = LEASE_CONFLICT;
	lease_reply(&l->core, reply, a->body, now_ns(l), &out);
	obey(l, &out);
}

/* L-6: an answer that takes longer is of no use. */
static int64_t deadline_ms(const struct og_lease *l)
{
	int64_t ms = l->core.renew_ns / 2 / OG_NS_PER_MS;
	return ms > 1000 ? ms : 1000;
}

static int send(struct og_lease *l, enum lease_act act)
{
	static const enum og_kube_verb verbs[] = {[LEASE_GET] = OG_KUBE_GET,
		[LEASE_CREATE] = OG_KUBE_CREATE,
		[LEASE_PUT] = OG_KUBE_UPDATE};
	og_auto_buf struct og_buf body = OG_BUF_INIT(2 * LEASE_OBJECT_BYTES);
	if (act != LEASE_GET &&
		!lease_body(&l->core, og_clock_wall_ns(og_loop_clock(l->seam.loop)), &body))
		return -OG_E_OOM;
	const struct og_kube_request r = {
		.verb = verbs[act],
		.res = {.group = OG_SV("coordination.k8s.io"),
			.version = OG_SV("v1"),
			.resource = OG_SV("leases"),
			.ns = og_svz(l->ns),
			.name = act == LEASE_CREATE ? OG_SV("") : og_svz(l->name)},
		.body = act == LEASE_GET ? og_sv(NULL, 0) : og_buf_view(&body),
		.lane = OG_KUBE_URGENT,
		.deadline_ms = deadline_ms(l),
		.max_bytes = LEASE_OBJECT_BYTES,
		.max_tries = 1,
		.ctx = l,
		.on_done = on_answer,
	};
	return l->seam.start(l->seam.ctx, &r, &l->call, NULL);
}

/* Keeps what other threads and callers look at in step with the core. */
static void publish(struct og_lease *l)
{
	atomic_store(&l->renewed_ns, l->core.renewed_ns);
	atomic_store(&l->leading, l->core.leading);
	og_series_set(l->m[OG_LM_STATUS], l->core.leading);
}

/* The callbacks of one step; false when the lease is gone. */
static bool tell(struct og_lease *l, const struct lease_out *out)
{
	bool freed = false, *outer = l->freed; /* of a step that is telling further out */
	l->freed = &freed;
	if (out->stopped)
		l->o.on_stopped(l->o.ctx);
	if (!freed && out->started)
		l->o.on_started(l->o.ctx);
	if (!freed && out->leader && l->o.on_leader)
		l->o.on_leader(l->o.ctx, l->core.seen.holder);
	if (!freed)
		l->freed = outer;
	else if (outer)
		*outer = true;
	return !freed;
}

static void obey(struct og_lease *l, const struct lease_out *first)
{
	struct lease_out out = *first;
	/* First, while the timer's place is surely free. */
	l->done = l->done || out.done;
	arm(l);
	if (out.cancel && l->call) {
		l->seam.cancel(l->seam.ctx, l->call);
		l->call = NULL;
	}
	if (out.slow)
		og_series_add(l->m[OG_LM_SLOWPATH], 1);
	publish(l);
	if (!tell(l, &out))
		return;
	/* A callback may have released it: then nothing of this step is to be sent any more. */
	if (out.act != LEASE_IDLE && l->core.act == out.act && !l->call && send(l, out.act) < 0) {
		lease_reply(&l->core, LEASE_FAILED, OG_SV(""), now_ns(l), &out);
		publish(l);
		if (!tell(l, &out))
			return;
	}
	arm(l);
}

static void tick(struct og_lease *l)
{
	struct lease_out out;
	lease_tick(&l->core, now_ns(l), &out);
	obey(l, &out);
}

static void on_timer(void *ctx)
{
	struct og_lease *l = ctx;
	if (l->done) {
		void (*on_done)(void *) = l->on_done;
		l->done = false;
		l->on_done = NULL;
		arm(l);
		if (on_done)
			on_done(l->done_ctx); /* which may free it */
		return;
	}
	tick(l);
}

/* Before any other callback of a turn: a claim that ran out while we slept is given up first. */
static void on_guard(void *ctx)
{
	struct og_lease *l = ctx;
	if (l->core.leading && !lease_holds(&l->core, now_ns(l)))
		tick(l);
}

static char *make_identity(void)
{
	char host[65] = "unknown";
	unsigned char u[16];
	(void)gethostname(host, sizeof(host) - 1);
	if (getrandom(u, sizeof(u), 0) != (ssize_t)sizeof(u))
		return NULL;
	u[6] = (unsigned char)((u[6] & 0x0F) | 0x40); /* RFC 9562 §5.4 */
	u[8] = (unsigned char)((u[8] & 0x3F) | 0x80);
	og_auto_buf struct og_buf b = OG_BUF_INIT(128);
	og_buf_fmt(&b, "%s_", host);
	for (size_t i = 0; i < sizeof(u); i++)
		og_buf_fmt(&b, "%s%02x", i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "", u[i]);
	return og_buf_take(&b);
}

static int check(const struct og_lease_opts *o, const struct lease_core *c, struct og_err *err)
{
	if (!o->ns || !*o->ns || !o->name || !*o->name || !o->on_started || !o->on_stopped ||
		(o->identity && !*o->identity))
		return og_err_set(err, OG_E_INVALID,
			"an election needs a namespace, a name, an identity and its callbacks");
	if (c->retry_ns <= 0 || c->renew_ns <= c->retry_ns / 5 * 6 || c->duration_ns <= c->renew_ns)
		return og_err_set(
			err, OG_E_INVALID, "an election needs duration > renew > 1.2 * retry > 0");
	if (c->duration_ns % OG_NS_PER_S || c->duration_ns / OG_NS_PER_S > INT32_MAX)
		return og_err_set(
			err, OG_E_INVALID, "the duration of a Lease is a whole number of seconds");
	return 0;
}

static int64_t ns_or(int64_t ms, int64_t default_ms)
{
	int64_t ns;
	return __builtin_mul_overflow(ms ? ms : default_ms, OG_NS_PER_MS, &ns) ? 0 : ns;
}

static int set_up(struct og_lease *l, struct og_err *err)
{
	const struct og_lease_opts *o = &l->o;
	struct lease_core *c = &l->core;
	l->identity = o->identity ? og_strdup(o->identity) : make_identity();
	l->ns = og_strdup(o->ns);
	l->name = og_strdup(o->name);
	if (!l->identity || !l->ns || !l->name)
		return og_err_set(err, OG_E_OOM, "no memory for an election");
	c->identity = l->identity;
	c->ns = l->ns;
	c->name = l->name;
	if (o->metrics) {
		struct og_err why = OG_ERR_INIT;
		struct og_metric_table *t =
			og_metrics_add(o->metrics, og_lease_metrics, OG_LM_COUNT_, &why);
		if (!t) {
			if (err)
				*err = why;
			return -(int)why.code;
		}
		for (size_t i = 0; i < OG_LM_COUNT_; i++)
			l->m[i] = og_metric_series(t, i, OG_LABELS(l->name));
	}
	if (og_timer_in(l->seam.loop, &l->timer, 0, on_timer, l) < 0)
		return og_err_set(err, OG_E_OOM, "no memory for the timer of an election");
	og_loop_guard_add(l->seam.loop, &l->guard, on_guard, l);
	return 0;
}

int lease_start(const struct og_lease_opts *o, const struct kube_seam *s, struct og_lease **ret,
	struct og_err *err)
{
	struct og_lease *l = og_calloc(1, sizeof(*l));
	if (!l)
		return og_err_set(err, OG_E_OOM, "no memory for an election");
	l->o = *o;
	l->seam = *s;
	l->core.duration_ns = ns_or(o->duration_ms, 15000);
	l->core.renew_ns = ns_or(o->renew_ms, 10000);
	l->core.retry_ns = ns_or(o->retry_ms, 2000);
	l->core.candidate_ns = ns_or(o->candidate_ms, 0);
	l->core.rng = o->seed;
	lease_init(&l->core, now_ns(l));
	int r = check(o, &l->core, err);
	if (r == 0)
		r = set_up(l, err);
	if (r < 0) {
		og_lease_free(l);
		return r;
	}
	publish(l);
	*ret = l;
	return 0;
}

int og_lease_start(const struct og_lease_opts *o, struct og_lease **ret, struct og_err *err)
{
	const struct kube_seam s = kube_seam_of(o->kube);
	return lease_start(o, &s, ret, err);
}

void og_lease_release(struct og_lease *l, void (*on_done)(void *ctx), void *ctx)
{
	struct lease_out out;
	l->on_done = on_done;
	l->done_ctx = ctx;
	bool was_done = l->core.done;
	lease_release(&l->core, now_ns(l), &out);
	out.done = was_done;
	obey(l, &out);
}

void og_lease_free(struct og_lease *l)
{
	if (!l)
		return;
	if (l->freed)
		*l->freed = true;
	if (l->call)
		l->seam.cancel(l->seam.ctx, l->call);
	og_timer_cancel(l->seam.loop, &l->timer);
	og_loop_guard_remove(l->seam.loop, &l->guard);
	og_series_set(l->m[OG_LM_STATUS], 0);
	lease_fini(&l->core);
	og_free(l->identity);
	og_free(l->ns);
	og_free(l->name);
	og_free(l);
}

bool og_lease_holds(const struct og_lease *l)
{
	return l && lease_holds(&l->core, now_ns(l));
}

bool og_lease_healthy(const struct og_lease *l)
{
	if (!atomic_load(&l->leading))
		return true;
	int64_t age = now_ns(l) - atomic_load(&l->renewed_ns);
	return age <= l->core.duration_ns + HEALTH_SLACK_MS * OG_NS_PER_MS;
}

const char *og_lease_identity(const struct og_lease *l)
{
	return l->identity;
}

const char *og_lease_holder(const struct og_lease *l)
{
	return l->core.has_seen ? l->core.seen.holder.p : "";
}
