/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Why nobody makes the missing pods of a workload: the controllers of StatefulSets, DaemonSets and
 * Jobs say it in Events alone. They are asked for only while pods are missing, one workload's at a
 * time, and not again within a minute: Events are no state, and a cluster has many.
 */
#include <stdio.h>
#include "workloads-priv.h"

enum {
	PATIENCE_MS = 3000,    /* pods are made one after the other; most are there by then */
	AGAIN_MS = 60000,      /* an Event of the same refusal only counts on */
	BETWEEN_MS = 1000,     /* two questions, of whatever workloads */
	FORBIDDEN_MS = 600000, /* a right comes by a person's hand */
	LIST_MAX = 100,
	ANSWER_BYTES = 1 << 20,
	QUERY_BYTES = 256,
};

struct refused_ask {
	struct controller *c;
	struct og_kube_call *call;
	struct og_sv key, uid; /* behind this structure */
};

static void forget(struct workload_entry *e)
{
	og_free(og_take(e->refused));
	e->refused_first_s = e->refused_last_s = e->unmade_ns = e->asked_ns = e->turn_ns = 0;
}

/* True when it says something else than before. */
static bool keep(struct workload_entry *e, const struct og_refusal_event *ev)
{
	bool same = e->refused && og_sv_eq(og_svz(e->refused), ev->message) &&
		    e->refused_first_s == ev->first_s;

	e->refused_first_s = ev->first_s;
	e->refused_last_s = ev->last_s;
	if (same)
		return false;
	og_free(e->refused);
	if (!(e->refused = og_malloc(ev->message.n + 1)))
		return false;
	memcpy(e->refused, ev->message.p, ev->message.n);
	e->refused[ev->message.n] = '\0';
	return true;
}

static void failed(struct controller *c, const struct og_kube_answer *a)
{
	if (a->http == 403)
		c->workloads->ask_not_before_ns =
			og_loop_now_ns(c->loop) + FORBIDDEN_MS * OG_NS_PER_MS;
	og_log_limited(OG_SV("refused"), 60000, OG_LOG_WARN, "controller", "events",
		og_lf_err(&a->err), og_lf_sv("rule", a->rule));
}

static void on_done(void *ctx, const struct og_kube_answer *a)
{
	struct refused_ask *ask = ctx;
	struct controller *c = ask->c;
	struct workload_entry *e = workload_entry_of(c, ask->key);
	struct og_refusal_event ev;

	c->workloads->ask = NULL;
	if (a->code < 0)
		failed(c, a);
	else if (e && e->unmade_ns && e->w && og_sv_eq(e->w->uid, ask->uid) && a->doc &&
		 og_refusal_newest(og_jroot(a->doc), ask->uid, a->arena, &ev) && keep(e, &ev))
		(void)controller_enqueue(c, PART_WORKLOADS, ask->key, OG_QUEUE_USER);
	og_free(ask);
}

static struct refused_ask *new_ask(const struct pass *p)
{
	struct og_sv key = p->key, uid = p->record.uid;
	struct refused_ask *ask = og_calloc(1, sizeof(*ask) + key.n + uid.n);

	if (!ask)
		return NULL;
	char *text = (char *)(ask + 1);
	memcpy(text, key.p, key.n);
	memcpy(text + key.n, uid.p, uid.n);
	ask->c = p->c;
	ask->key = og_sv(text, key.n);
	ask->uid = og_sv(text + key.n, uid.n);
	return ask;
}

/* The uid is the server's own, and nothing in it needs an escape; one that would is not asked for.
 */
static bool write_query(struct og_sv uid, char query[QUERY_BYTES])
{
	for (size_t i = 0; i < uid.n; i++)
		if (!strchr("0123456789abcdefABCDEF-", uid.p[i]) || !uid.p[i])
			return false;
	int n = snprintf(query, QUERY_BYTES,
		"fieldSelector=regarding.uid%%3D%.*s%%2Creason%%3DFailedCreate&limit=%d",
		OG_SV_ARG(uid), LIST_MAX);
	return uid.n && n > 0 && n < QUERY_BYTES;
}

/* The sooner of both; -1 = never. */
static void look_again(struct pass *p, int64_t in_ms)
{
	if (p->again_ms < 0 || in_ms < p->again_ms)
		p->again_ms = in_ms;
}

static void ask(struct pass *p, int64_t now)
{
	struct workloads *all = p->c->workloads;
	char query[QUERY_BYTES];

	p->entry->asked_ns = now;
	p->entry->turn_ns = 0;
	look_again(p, AGAIN_MS + 1);
	if (!write_query(p->record.uid, query) || !(all->ask = new_ask(p)))
		return;
	struct og_kube_request r = {.verb = OG_KUBE_LIST,
		.res = {.group = OG_SV("events.k8s.io"),
			.version = OG_SV("v1"),
			.resource = OG_SV("events"),
			.ns = p->ref.ns},
		.query = og_svz(query),
		.lane = OG_KUBE_BULK,
		.max_bytes = ANSWER_BYTES,
		.ctx = all->ask,
		.on_done = on_done};
	if (og_kube_start(p->c->kube, &r, &all->ask->call, NULL) < 0)
		og_free(og_take(all->ask));
}

/* Its place in the line, so that thousands that wait do not all come back for each question. */
static int64_t turn_of(struct workloads *all, struct workload_entry *e, int64_t now)
{
	if (!e->turn_ns) {
		if (all->ask_line_ns < now)
			all->ask_line_ns = now;
		e->turn_ns = all->ask_line_ns;
		all->ask_line_ns += BETWEEN_MS * OG_NS_PER_MS;
	}
	return e->turn_ns;
}

void pass_refused(struct pass *p)
{
	struct workload_entry *e = p->entry;
	struct workloads *all = p->c->workloads;
	int64_t now = og_loop_now_ns(p->c->loop), due;

	if (!p->result.unmade) {
		forget(e);
		return;
	}
	if (!e->unmade_ns)
		e->unmade_ns = now;
	due = e->asked_ns ? e->asked_ns + AGAIN_MS * OG_NS_PER_MS
			  : e->unmade_ns + PATIENCE_MS * OG_NS_PER_MS;
	if (due < all->ask_not_before_ns)
		due = all->ask_not_before_ns;
	if (now >= due)
		due = turn_of(all, e, now);
	if (now < due)
		look_again(p, (due - now) / OG_NS_PER_MS + 1);
	else if (all->ask)
		look_again(p, BETWEEN_MS);
	else
		ask(p, now);
}

void pass_refused_known(struct pass *p)
{
	const struct workload_entry *e = p->entry;

	if (e->refused)
		p->in.refused = (struct og_refusal_event){
			og_svz(e->refused), e->refused_first_s, e->refused_last_s};
}

void workload_refused_cancel(struct controller *c)
{
	struct refused_ask *under_way = og_take(c->workloads->ask);

	if (!under_way)
		return;
	og_kube_cancel(under_way->call);
	og_free(under_way);
}
