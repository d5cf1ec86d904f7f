/* SPDX-License-Identifier: Apache-2.0 */
/* Writing our policies: made by create, so that one of someone else is never merged into; changed
 * by server-side apply and deleted, both bound to the object that was seen. */
#include "egress_parts-priv.h"

enum { FOREIGN_MS = 60000 };

static const struct {
	const char *group, *version, *resource, *kind;
} kinds[EGRESS_KINDS_] = {
	[EGRESS_STANDARD] = {"networking.k8s.io", "v1", "networkpolicies", "NetworkPolicy"},
	[EGRESS_BY_HOST] = {"cilium.io", "v2", "ciliumnetworkpolicies", "CiliumNetworkPolicy"},
};

static struct og_store *store_of(const struct egress *e, enum egress_kind kind)
{
	return kind == EGRESS_BY_HOST ? e->host_store
				      : og_cluster_store(e->c->cluster, og_svz(kinds[kind].group),
						og_svz(kinds[kind].kind));
}

static void foreign(struct egress_job *j, struct og_sv ns, struct og_sv name)
{
	j->failed = j->terminal = true;
	j->reason = "ForeignPolicy";
	j->message = og_svz(og_arena_fmt(&j->arena,
		"%s %.*s/%.*s was made by someone else and is left as it is: rename it, or give it "
		"the label " OG_MANAGED_LABEL ": " OG_MANAGED_VALUE " to hand it over.",
		kinds[j->kind].kind, OG_SV_ARG(ns), OG_SV_ARG(name)));
}

static bool terminating(const struct og_kube_answer *a)
{
	return a->http == 403 && (og_sv_is(a->status.cause, "NamespaceTerminating") ||
					 og_sv_has(a->status.message, OG_SV("being terminated")));
}

static void refused(struct egress_job *j, const struct og_kube_answer *a)
{
	const char *why = a->err.msg[0] ? a->err.msg : "the API server gave no answer";

	j->failed = true;
	if (a->code == -OG_E_CANCELLED) { /* the lease is lost, or we stop */
		j->terminal = true;
		return;
	}
	if (terminating(a) || (a->http == 404 && !j->deletes)) {
		j->terminal = true;
		j->reason = "NamespaceTerminating";
		j->message = OG_SV("The namespace is being deleted.");
		return;
	}
	/* Those of others are not watched: that it has gone is seen by asking again. */
	if (j->kind == EGRESS_BY_HOST && a->http == 409 &&
		og_sv_is(a->status.reason, "AlreadyExists")) {
		foreign(j, j->in.pod.ns, j->name);
		j->again_ms = FOREIGN_MS;
		return;
	}
	j->reason = a->http == 403   ? "PolicyForbidden"
		    : a->http == 409 ? "PolicyConflict"
				     : "PolicyRefused";
	j->message = og_svz(og_arena_fmt(&j->arena, "The %s could not be %s: %s%s",
		kinds[j->kind].kind, j->deletes ? "removed" : "written", why,
		a->http == 403 ? " (otelgate config access prints the rule)" : ""));
}

static void on_done(void *ctx, const struct og_kube_answer *a)
{
	struct egress_job *j = ctx;
	struct og_kube_pre now = {.uid = OG_SV("")};

	j->call = NULL;
	controller_wrote(j->e->c, PART_EGRESS, a);
	if (a->code == 0 || (j->deletes && a->http == 404)) {
		if (j->deletes)
			now.uid = j->uid;
		else
			(void)og_kube_written(a, &now);
		(void)og_ownwrites_note(j->e->own[j->kind], j->own_key, &now, NULL);
		j->wrote = true;
	} else {
		refused(j, a);
	}
	j->then(j);
}

/* What the server has is what we want, whatever it added of its own. */
static bool same(
	struct egress_job *j, const struct og_record *r, struct og_sv body, struct og_sv owner_uid)
{
	struct og_owner o = {.uid = OG_SV("")};
	struct og_jval want = og_jgetl(egress_parse(&j->arena, body), "spec");
	struct og_jval have = egress_parse(&j->arena, r->extra);

	(void)og_record_owner(r, &o);
	return og_sv_eq(o.uid, owner_uid) && !og_junset(have) && og_jequal(want, have);
}

static void send(struct egress_job *j, const struct og_kube_write *w,
	int (*fn)(struct og_kube *, const struct og_kube_write *, struct og_kube_call **,
		struct og_err *))
{
	struct og_err err = OG_ERR_INIT;
	int64_t wait_ms;

	if (!controller_write_token(j->e->c, PART_EGRESS, &wait_ms)) {
		egress_job_done(j, OG_QUEUE_OK, wait_ms);
		return;
	}
	if (fn(j->e->c->kube, w, &j->call, &err) == 0)
		return;
	controller_wrote(j->e->c, PART_EGRESS, NULL);
	og_log_limited(j->key, 60000, OG_LOG_ERROR, "controller", "network policy",
		og_lf_sv("policy", w->res.name), og_lf_err(&err));
	egress_job_done(j, err.code == OG_E_CANCELLED ? OG_QUEUE_OK : OG_QUEUE_FAILED, -1);
}

void egress_keep(struct egress_job *j, enum egress_kind kind, struct og_sv ns, struct og_sv name,
	struct og_sv body, struct og_sv owner_uid, void (*then)(struct egress_job *j))
{
	struct controller *c = j->e->c;
	struct og_store *s = store_of(j->e, kind);
	struct og_kube_write w = {.res = {.group = og_svz(kinds[kind].group),
					  .version = og_svz(kinds[kind].version),
					  .resource = og_svz(kinds[kind].resource),
					  .ns = ns,
					  .name = name},
		.body = body,
		.field_manager = "otelgate-controller",
		.lease = c->lease,
		.ctx = j,
		.on_done = on_done};
	struct og_record r;
	bool exists = s && og_store_get(s, ns, name, &r);
	char *key = og_arena_fmt(&j->arena, "%.*s/%.*s", OG_SV_ARG(ns), OG_SV_ARG(name));

	j->then = then;
	j->kind = kind;
	j->deletes = !body.n;
	if (!key || !s) {
		egress_job_done(j, OG_QUEUE_FAILED, -1);
		return;
	}
	j->own_key = og_svz(key);
	if (exists)
		w.pre = (struct og_kube_pre){r.uid, r.resource_version};
	j->uid = exists ? og_arena_sv(&j->arena, r.uid) : OG_SV("");
	if (!og_ownwrites_fresh(j->e->own[kind], j->own_key, exists ? &w.pre : NULL)) {
		egress_job_done(j, OG_QUEUE_OK, EGRESS_BUSY_MS);
		return;
	}
	if (exists && !egress_is_ours(&r)) {
		if (body.n)
			foreign(j, ns, name);
		then(j);
	} else if (exists && r.deleting) {
		egress_job_done(j, OG_QUEUE_OK, EGRESS_BUSY_MS);
	} else if (!exists && body.n) {
		send(j, &w, og_kube_create);
	} else if (exists && !body.n) {
		send(j, &w, og_kube_delete);
	} else if (exists && !same(j, &r, body, owner_uid)) {
		w.force = true;
		send(j, &w, og_kube_apply);
	} else {
		then(j);
	}
}
