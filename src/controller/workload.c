/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table of workloads, and which of them an event is about. A workload is the top-most object of
 * a kind that makes pods: a pod's event is its Deployment's.
 */
#include <stdio.h>
#include "workloads-priv.h"

enum {
	OWN_WRITE_MS = 5000, /* for the echo of a write of ours */
	OWN_WRITES = 10000,
};
enum { MAX_UP = 4 }; /* owners above a pod: Job, CronJob; ReplicaSet, Rollout */

static const struct {
	const char *group, *kind;
} kinds[] = {{"apps", "Deployment"}, {"apps", "ReplicaSet"}, {"apps", "StatefulSet"},
	{"apps", "DaemonSet"}, {"batch", "Job"}, {"batch", "CronJob"}, {"argoproj.io", "Rollout"},
	{"", "Pod"}};

/* ---- keys ---- */

bool workload_key(struct og_sv ns, struct og_sv group, struct og_sv kind, struct og_sv name,
	char buf[WORKLOAD_KEY_BYTES], struct og_sv *ret)
{
	struct og_sv parts[] = {ns, group, kind, name};

	if (!og_sv_key(buf, WORKLOAD_KEY_BYTES, parts, OG_COUNT(parts), '/', ret))
		return false;
	ret->n--; /* names hold no slash */
	return true;
}

bool workload_key_split(struct og_sv key, struct workload_ref *ret)
{
	struct og_sv *parts[] = {&ret->ns, &ret->group, &ret->kind, &ret->name};

	for (size_t i = 0; i < OG_COUNT(parts); i++)
		if (!og_sv_split(&key, '/', parts[i]))
			return false;
	return !key.n && ret->name.n;
}

/* ---- from an event to a workload ---- */

/* The key of the top-most workload above a record of that kind. False when the owner in between is
 * not known yet: its own event will come. */
static bool top_key(struct controller *c, struct og_sv group, struct og_sv kind,
	const struct og_record *r, char buf[WORKLOAD_KEY_BYTES], struct og_sv *ret)
{
	struct og_sv ns = r->ns, name = r->name;
	struct og_record up;
	struct og_owner o;

	for (int i = 0; i < MAX_UP; i++) {
		if (!og_record_owner(r, &o) || !og_workload_kind(o.group, o.kind))
			return workload_key(ns, group, kind, name, buf, ret);
		struct og_store *s = og_cluster_store(c->cluster, o.group, o.kind);
		if (!s || !og_store_get(s, ns, o.name, &up) || !og_sv_eq(up.uid, o.uid))
			return false;
		r = &up;
		group = o.group;
		kind = o.kind;
		name = up.name;
	}
	return false;
}

static void enqueue_top(struct workload_listener *l, const struct og_record *r)
{
	char buf[WORKLOAD_KEY_BYTES];
	struct workload_entry *e;
	struct og_sv key;

	if (!top_key(l->c, l->group, l->kind, r, buf, &key))
		return;
	if ((e = workload_entry_of(l->c, key)) && !e->changed_ns)
		e->changed_ns = og_loop_now_ns(l->c->loop);
	(void)controller_enqueue(l->c, PART_WORKLOADS, key, OG_QUEUE_USER);
}

static void on_change(void *ctx, enum og_store_change what, const struct og_record *old,
	const struct og_record *now, bool stale)
{
	struct workload_listener *l = ctx;

	(void)what, (void)stale;
	if (!controller_acts(l->c))
		return;
	if (old)
		enqueue_top(l, old);
	if (now)
		enqueue_top(l, now);
}

/* Everything in a namespace: its labels opt in or out. */
static void on_namespace(void *ctx, enum og_store_change what, const struct og_record *old,
	const struct og_record *now, bool stale)
{
	struct workload_listener *l = ctx;
	(void)what, (void)stale;
	if (controller_acts(l->c) && (old || now))
		workloads_enqueue_all(l->c, now ? now->name : old->name, OG_QUEUE_LOW);
}

struct og_sv telemetry_key(struct og_sv ns, struct og_sv name, char buf[WORKLOAD_KEY_BYTES])
{
	int n = snprintf(buf, WORKLOAD_KEY_BYTES, "%.*s/%.*s", OG_SV_ARG(ns), OG_SV_ARG(name));
	return og_sv(buf, n > 0 && n < WORKLOAD_KEY_BYTES ? (size_t)n : 0);
}

/* Whose it is, by its owner; false when it has none. */
static bool enqueue_owner(struct controller *c, const struct og_record *r)
{
	char buf[WORKLOAD_KEY_BYTES];
	struct og_sv key;
	struct og_owner o;

	if (!og_record_owner(r, &o) || !workload_key(r->ns, o.group, o.kind, o.name, buf, &key))
		return false;
	(void)controller_enqueue(c, PART_WORKLOADS, key, OG_QUEUE_USER);
	return true;
}

/* One without an owner is in the way of whoever needs its name. */
static void enqueue_namesake(struct controller *c, const struct og_record *r)
{
	char name[OG_TELEMETRY_NAME_BYTES];
	const struct workload *w;

	for (uint32_t at = 0; (w = controller_workload_next(c, &at));)
		if (og_sv_eq(w->ns, r->ns) &&
			og_sv_eq(og_telemetry_name(w->kind, w->name, name), r->name))
			(void)controller_enqueue(c, PART_WORKLOADS, w->key, OG_QUEUE_USER);
}

/* Someone has changed or deleted a status, or ours has come back. */
static void on_telemetry(void *ctx, enum og_store_change what, const struct og_record *old,
	const struct og_record *now, bool stale)
{
	struct workload_listener *l = ctx;
	bool owned = false;

	(void)what, (void)stale;
	/* Looked at with each event: a deletion that follows at once would never show it. */
	if (now) {
		struct og_kube_pre seen = {now->uid, now->resource_version};
		char own[WORKLOAD_KEY_BYTES];
		(void)og_ownwrites_fresh(
			l->c->workloads->own, telemetry_key(now->ns, now->name, own), &seen);
	}
	if (!controller_acts(l->c) || (!old && !now))
		return;
	if (old)
		owned |= enqueue_owner(l->c, old);
	if (now)
		owned |= enqueue_owner(l->c, now);
	if (!owned)
		enqueue_namesake(l->c, now ? now : old);
}

static int listen(struct controller *c, const char *group, const char *kind, og_store_listener *fn,
	struct og_err *err)
{
	struct workloads *w = c->workloads;
	struct og_store *s = og_cluster_store(c->cluster, og_svz(group), og_svz(kind));
	struct workload_listener *l = &w->listeners[w->nlisteners++];

	*l = (struct workload_listener){c, og_svz(group), og_svz(kind)};
	return og_store_listen(s, fn, l, err);
}

int workloads_init(struct controller *c, struct og_err *err)
{
	struct workloads *w = c->workloads = og_calloc(1, sizeof(*w));
	int r = 0;

	if (!w)
		return og_err_set(err, OG_E_OOM, "starting the workloads");
	og_map_init(&w->map, 0x776f726b6c6f6164ULL, NULL);
	og_arena_init(&w->arena, 0, 0);
	r = og_ownwrites_new(og_loop_clock(c->loop), OWN_WRITE_MS, OWN_WRITES, &w->own, err);
	for (size_t i = 0; i < OG_COUNT(kinds) && r == 0; i++)
		r = listen(c, kinds[i].group, kinds[i].kind, on_change, err);
	if (r == 0)
		r = listen(c, "", "Namespace", on_namespace, err);
	if (r == 0)
		r = listen(c, "otelgate.dev", "WorkloadTelemetry", on_telemetry, err);
	return r;
}

static void forget_writes(struct workloads *w, const struct og_clock *clock)
{
	struct og_ownwrites *own;

	if (og_ownwrites_new(clock, OWN_WRITE_MS, OWN_WRITES, &own, NULL) < 0)
		return; /* each ends by itself */
	og_ownwrites_free(w->own);
	w->own = own;
}

/* Statuses can be written again: all of them are looked at. */
void workloads_on_watch(struct controller *c, const struct og_watch_info *info)
{
	bool was, now;

	if (!c->workloads || strcmp(info->resource, OG_TELEMETRY_RESOURCE ".otelgate.dev") != 0)
		return;
	was = c->workloads->writable;
	/* A server that is away has not lost the kind. */
	now = info->state == OG_WATCH_SYNCED || (was && info->state == OG_WATCH_FAILING);
	c->workloads->writable = now;
	og_metric_set(c->m, OG_CM_WRITABLE, now, NULL);
	if (info->state == OG_WATCH_ABSENT) /* and with the kind went what was written */
		forget_writes(c->workloads, og_loop_clock(c->loop));
	if (now && !was && controller_acts(c))
		workloads_resync(c);
}

/* The listeners stay: stores outlive the parts, and a listener does nothing when not leading. */
void workloads_fini(struct controller *c)
{
	if (!c->workloads)
		return;
	workload_writes_cancel(c);
	workload_refused_cancel(c);
	og_timer_cancel(c->loop, &c->workloads->count_timer);
	og_timer_cancel(c->loop, &c->workloads->series_timer);
}

void workloads_free(struct controller *c)
{
	struct workloads *w = og_take(c->workloads);

	if (!w)
		return;
	og_map_for (&w->map, e)
		workload_entry_free(e->value);
	og_map_fini(&w->map);
	og_ownwrites_free(w->own);
	og_arena_fini(&w->arena);
	og_free(w);
}

/* ---- all of them ---- */

void workloads_enqueue_all(struct controller *c, struct og_sv ns, int priority)
{
	char buf[WORKLOAD_KEY_BYTES];
	struct og_record r;
	struct og_owner o;
	struct og_sv key;

	for (size_t i = 0; i < OG_COUNT(kinds); i++) {
		struct og_sv group = og_svz(kinds[i].group), kind = og_svz(kinds[i].kind);
		struct og_store *s = og_cluster_store(c->cluster, group, kind);
		uint32_t at = 0;
		while (s && og_store_next(s, &at, &r)) {
			if (ns.n && !og_sv_eq(r.ns, ns))
				continue;
			if (og_record_owner(&r, &o) && og_workload_kind(o.group, o.kind))
				continue;
			if (workload_key(r.ns, group, kind, r.name, buf, &key))
				(void)controller_enqueue(c, PART_WORKLOADS, key, priority);
		}
	}
}

void workloads_resync(struct controller *c)
{
	workloads_enqueue_all(c, OG_SV(""), OG_QUEUE_LOW);
	/* What was deleted while nobody looked. */
	og_map_for (&c->workloads->map, e)
		(void)controller_enqueue(c, PART_WORKLOADS, e->key, OG_QUEUE_LOW);
}

/* ---- the table ---- */

const struct workload *controller_workload(struct controller *c, struct og_sv key)
{
	const struct workload_entry *e = c->workloads ? workload_entry_of(c, key) : NULL;

	return e ? e->w : NULL;
}

const struct workload *controller_workload_next(struct controller *c, uint32_t *at)
{
	const struct og_map *m = &c->workloads->map;

	while (*at < m->nentries_) {
		const struct og_map_entry *e = &m->entries_[(*at)++];
		const struct workload_entry *entry = e->key.p ? e->value : NULL;
		if (entry && entry->w)
			return entry->w;
	}
	return NULL;
}

uint32_t controller_workload_count(struct controller *c)
{
	return (uint32_t)og_map_count(&c->workloads->map);
}
