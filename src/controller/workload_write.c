/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The WorkloadTelemetry of one workload brought to what it should be: at most one write for each
 * pass; its echo from the watch brings the next.
 */
#include <stdio.h>
#include "workloads-priv.h"

enum {
	DOCUMENT_BYTES = 1 << 20,
	ECHO_MS = 1000,	      /* our own write has not come back yet; its event is usually first */
	GAP_MS = 1000,	      /* between two statuses of one workload: a rollout makes many */
	FORBIDDEN_MS = 60000, /* rights come back by a person's hand */
	LATER_MS = 1000,
	SETTLE_MS = 30000, /* a new leader's parts look at thousands of workloads */
	SETTLE_STEP_MS = 1000,
};

struct workload_write {
	struct controller *c;
	struct og_kube_call *call;
	struct workload_write *prev, *next;
	bool deletes, status;
	struct og_sv key, own; /* behind this structure */
};

/* ---- whose turn it is ---- */

/*
 * Who finds no token stands in line, so that thousands that wait do not all come back for each
 * token. Changes have a line of their own; that of resyncs leaves a fifth of the budget free.
 */
static int64_t stand_in_line(struct controller *c, struct workload_entry *e, int64_t wait_ms)
{
	double rate = c->o->writes_per_s > 0 ? c->o->writes_per_s : CONTROLLER_WRITES_PER_S;
	bool changed = e && e->changed_ns;
	int64_t now = og_loop_now_ns(c->loop), *line = &c->workloads->line_ns[changed ? 0 : 1];

	if (!e || e->in_line) /* its turn has come, and someone was faster */
		return wait_ms;
	e->in_line = true;
	if (*line < now)
		*line = now;
	*line += (int64_t)((changed ? 1.0 : 1.25) / rate * (double)OG_NS_PER_S);
	int64_t ms = (*line - now) / OG_NS_PER_MS;
	return ms > wait_ms ? ms : wait_ms;
}

static bool may_write(struct controller *c, struct og_sv key, struct workload_entry *e)
{
	int64_t wait_ms = 0;

	if (controller_write_token(c, PART_WORKLOADS, &wait_ms)) {
		if (e)
			e->in_line = false;
		return true;
	}
	controller_done(c, PART_WORKLOADS, key, OG_QUEUE_OK, stand_in_line(c, e, wait_ms));
	return false;
}

/* ---- one write ---- */

static void forget(struct workload_write *w)
{
	if (w->prev)
		w->prev->next = w->next;
	else
		w->c->workloads->writes = w->next;
	if (w->next)
		w->next->prev = w->prev;
	og_free(w);
}

void workload_writes_cancel(struct controller *c)
{
	while (c->workloads && c->workloads->writes) {
		og_kube_cancel(c->workloads->writes->call);
		forget(c->workloads->writes);
	}
}

static void note(struct workload_write *w, const struct og_kube_answer *a)
{
	struct og_kube_pre now = {0};

	/* What cannot be remembered is waited for by the gap between two statuses. */
	if (w->deletes || og_kube_written(a, &now))
		(void)og_ownwrites_note(w->c->workloads->own, w->own, &now, NULL);
}

static void wrote_status(struct workload_write *w)
{
	struct workload_entry *e = workload_entry_of(w->c, w->key);
	int64_t now = og_loop_now_ns(w->c->loop);

	if (!e)
		return;
	e->write_not_before_ns = now + GAP_MS * OG_NS_PER_MS;
	if (e->changed_ns)
		og_metric_observe(w->c->m, OG_CM_STATUS_SECONDS,
			(double)(now - e->changed_ns) / (double)OG_NS_PER_S, NULL);
	e->changed_ns = 0;
}

static void on_done(void *ctx, const struct og_kube_answer *a)
{
	struct workload_write *w = ctx;
	struct controller *c = w->c;
	enum og_queue_result r = OG_QUEUE_OK;
	int64_t again = -1;

	controller_wrote(c, PART_WORKLOADS, a);
	if (a->code == 0) {
		note(w, a);
		if (w->status)
			wrote_status(w);
	} else if (a->http == 404 && (w->deletes || w->status)) {
		again = LATER_MS; /* gone meanwhile; the watch will tell */
	} else if (a->http == 403) {
		again = FORBIDDEN_MS;
	} else {
		r = OG_QUEUE_FAILED;
	}
	if (a->code < 0 && a->http != 404 && a->http != 409)
		og_log_limited(OG_SV("status"), 60000, OG_LOG_WARN, "controller", "status",
			og_lf_sv("workload", w->key), og_lf_err(&a->err),
			og_lf_sv("rule", a->rule));
	controller_done(c, PART_WORKLOADS, w->key, r, again);
	forget(w);
}

struct target {
	struct og_sv key;  /* of the workload */
	struct og_sv name; /* of the WorkloadTelemetry */
	struct og_sv ns, own;
	struct workload_entry *entry;
};

static struct workload_write *begin(struct controller *c, const struct target *t)
{
	struct workload_write *w = og_calloc(1, sizeof(*w) + t->key.n + t->own.n);
	struct workloads *all = c->workloads;

	if (!w)
		return NULL;
	char *text = (char *)(w + 1);
	memcpy(text, t->key.p, t->key.n);
	memcpy(text + t->key.n, t->own.p, t->own.n);
	w->c = c;
	w->key = og_sv(text, t->key.n);
	w->own = og_sv(text + t->key.n, t->own.n);
	w->next = all->writes;
	if (w->next)
		w->next->prev = w;
	all->writes = w;
	return w;
}

typedef int write_fn(struct og_kube *k, const struct og_kube_write *w, struct og_kube_call **ret,
	struct og_err *err);

static void send(struct controller *c, const struct target *t, write_fn *fn, struct og_sv body,
	struct og_sv uid, bool force)
{
	struct og_err err = OG_ERR_INIT;
	struct workload_write *w;
	struct og_kube_write o = {.res = {.group = OG_SV("otelgate.dev"),
					  .version = OG_SV("v1alpha1"),
					  .resource = OG_SV(OG_TELEMETRY_RESOURCE),
					  .ns = t->ns,
					  .name = t->name},
		.body = body,
		.pre = {.uid = uid},
		.force = force,
		.lease = c->lease,
		.lane = OG_KUBE_NORMAL,
		.on_done = on_done};

	if (!may_write(c, t->key, t->entry))
		return;
	if (!(w = begin(c, t))) {
		controller_done(c, PART_WORKLOADS, t->key, OG_QUEUE_FAILED, -1);
		return;
	}
	w->deletes = fn == og_kube_delete;
	w->status = fn == og_kube_apply_status;
	o.ctx = w;
	if (fn(c->kube, &o, &w->call, &err) == 0)
		return;
	forget(w);
	controller_wrote(c, PART_WORKLOADS, NULL);
	og_log_limited(OG_SV("status-send"), 60000, OG_LOG_WARN, "controller", "status",
		og_lf_sv("workload", t->key), og_lf_err(&err));
	controller_done(c, PART_WORKLOADS, t->key, OG_QUEUE_FAILED, -1);
}

/* ---- what is to be done ---- */

/* Somebody else's object has the name: it is not touched, and that is said once. */
static void foreign(struct pass *p, const struct target *t)
{
	if (!p->entry->said_foreign)
		controller_event(p->c, &p->found, true, "StatusInTheWay", "WritingStatus",
			"WorkloadTelemetry %.*s is not otelgate's, so the status of this workload "
			"cannot be written; delete or rename it.",
			OG_SV_ARG(t->name));
	p->entry->said_foreign = true;
	controller_done(p->c, PART_WORKLOADS, t->key, OG_QUEUE_OK, -1);
}

static void write_object(struct pass *p, const struct target *t, struct og_sv uid)
{
	og_auto_buf struct og_buf b = OG_BUF_INIT(DOCUMENT_BYTES);
	struct og_err err = OG_ERR_INIT;

	if (og_telemetry_object(&p->status, &b, &err) < 0)
		controller_done(p->c, PART_WORKLOADS, t->key, OG_QUEUE_FAILED, -1);
	else
		send(p->c, t, og_kube_apply, og_buf_view(&b), uid, uid.n != 0);
}

/* True when the status that stands says the same. */
static bool same_status(struct pass *p, struct og_sv text)
{
	struct og_jlimits own = {.own_text = true};
	struct og_jdoc doc;

	return p->has_seen && p->seen.has_status &&
	       og_jdoc_parse(&doc, p->arena, text, &own, NULL) == 0 &&
	       og_telemetry_digest(og_jgetl(og_jroot(&doc), "status"), p->arena) == p->seen.digest;
}

/* What the parts have not looked at yet is no news: another leader's word stands until then. */
static bool settling(struct pass *p, int64_t now)
{
	struct workload_entry *e = p->entry;
	const char *egress = p->status.said[OG_TC_EGRESS_ALLOWED].reason;

	if (!e->settle_until_ns)
		e->settle_until_ns = now + SETTLE_MS * OG_NS_PER_MS;
	return now < e->settle_until_ns &&
	       ((p->verified && !e->arrival.said && p->seen.seen_text.n) ||
		       p->status.said[OG_TC_CREDENTIALS_READY].status == OG_COND_UNKNOWN ||
		       (egress && strcmp(egress, "NotLookedAt") == 0));
}

static void write_status(struct pass *p, const struct target *t, struct og_sv uid)
{
	og_auto_buf struct og_buf b = OG_BUF_INIT(DOCUMENT_BYTES);
	struct og_err err = OG_ERR_INIT;
	struct workload_entry *e = p->entry;
	int64_t now = og_loop_now_ns(p->c->loop);

	if (og_telemetry_status(&p->status, &b, &err) < 0) {
		controller_done(p->c, PART_WORKLOADS, t->key, OG_QUEUE_FAILED, -1);
	} else if (same_status(p, og_buf_view(&b))) {
		e->changed_ns = 0;
		e->in_line = false;
		controller_done(p->c, PART_WORKLOADS, t->key, OG_QUEUE_OK, p->again_ms);
	} else if (settling(p, now)) {
		controller_done(p->c, PART_WORKLOADS, t->key, OG_QUEUE_OK, SETTLE_STEP_MS);
	} else if (now < e->write_not_before_ns) {
		controller_done(p->c, PART_WORKLOADS, t->key, OG_QUEUE_OK,
			(e->write_not_before_ns - now) / OG_NS_PER_MS + 1);
	} else {
		send(p->c, t, og_kube_apply_status, og_buf_view(&b), uid, true);
	}
}

static void write_known(struct pass *p, const struct target *t, const struct og_record *r)
{
	struct og_owner o = {0};
	bool label = og_sv_is(og_record_label(r, OG_SV(OG_LABEL_MANAGED_BY)), OG_MANAGED_BY);
	bool owned = og_record_owner(r, &o), mine = owned && og_sv_eq(o.uid, p->found.uid);

	if (!label && !mine)
		foreign(p, t);
	else if (label && owned && !mine) /* of a workload that had the name before */
		send(p->c, t, og_kube_delete, OG_SV(""), r->uid, false);
	else if (!label || !mine)
		write_object(p, t, r->uid);
	else
		write_status(p, t, r->uid);
}

/* Not opted in any more. What has been deleted takes its status with it. */
static void remove_left(
	struct controller *c, const struct target *t, const struct og_record *r, struct og_sv uid)
{
	struct og_owner o;

	if (uid.n && og_sv_is(og_record_label(r, OG_SV(OG_LABEL_MANAGED_BY)), OG_MANAGED_BY) &&
		og_record_owner(r, &o) && og_sv_eq(o.uid, uid))
		send(c, t, og_kube_delete, OG_SV(""), r->uid, false);
	else
		controller_done(c, PART_WORKLOADS, t->key, OG_QUEUE_OK, -1);
}

void workload_write(struct controller *c, struct og_sv key, const struct workload_ref *ref,
	struct og_sv uid, struct pass *p)
{
	struct og_store *s =
		og_cluster_store(c->cluster, OG_SV("otelgate.dev"), OG_SV(OG_TELEMETRY_KIND));
	char name[OG_TELEMETRY_NAME_BYTES], own[WORKLOAD_KEY_BYTES];
	struct target t = {.key = key,
		.name = og_telemetry_name(ref->kind, ref->name, name),
		.ns = ref->ns,
		.entry = p ? p->entry : NULL};
	struct og_record r;
	struct og_err err = OG_ERR_INIT;
	bool there = og_store_get(s, ref->ns, t.name, &r);
	struct og_kube_pre seen = {.uid = there ? r.uid : OG_SV(""),
		.resource_version = there ? r.resource_version : OG_SV("")};

	t.own = telemetry_key(ref->ns, t.name, own);
	if (!c->workloads->writable) {
		controller_done(c, PART_WORKLOADS, key, OG_QUEUE_OK, p ? p->again_ms : -1);
	} else if (!og_ownwrites_fresh(c->workloads->own, t.own, there ? &seen : NULL)) {
		controller_done(c, PART_WORKLOADS, key, OG_QUEUE_OK, ECHO_MS);
	} else if (p && there && og_telemetry_seen_read(r.extra, &p->seen, &err) == 0) {
		p->has_seen = true;
		p->status.seen = &p->seen;
		write_known(p, &t, &r);
	} else if (p && !there) {
		write_object(p, &t, OG_SV(""));
	} else if (there) {
		remove_left(c, &t, &r, uid);
	} else {
		controller_done(c, PART_WORKLOADS, key, OG_QUEUE_OK, -1);
	}
}
