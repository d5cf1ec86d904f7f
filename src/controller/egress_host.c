/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Policies by host name (CiliumNetworkPolicy), in clusters that have them. They are not watched:
 * ours are listed with every resync, and kept in a table.
 */
#include <stdio.h>
#include "egress_parts-priv.h"

#define RES                                                  \
	.group = OG_SV("cilium.io"), .version = OG_SV("v2"), \
	.resource = OG_SV("ciliumnetworkpolicies")

static struct egress_cnp *entry(struct egress *e, struct og_sv key, bool make)
{
	struct egress_cnp *p = og_map_get(&e->cnps, key);

	if (p || !make)
		return p;
	p = og_calloc(1, sizeof(*p));
	if (p && og_map_set(&e->cnps, key, p))
		return p;
	og_free(p);
	return NULL;
}

static void copy(char *to, size_t size, struct og_sv s)
{
	(void)snprintf(to, size, "%.*s", OG_SV_ARG(s));
}

static struct og_sv member(struct og_jval meta, const char *key, struct og_arena *a)
{
	return og_jstr_or_empty(og_jget(meta, og_svz(key)), a);
}

/* The owner's key, so that whoever is no longer opted in is looked at. */
static void enqueue_owner(struct egress *e, struct og_jval meta, struct og_arena *a)
{
	og_jfor (it, og_jgetl(meta, "ownerReferences")) {
		struct og_sv group = og_api_group(member(it.val, "apiVersion", a));
		char *key = og_arena_fmt(a, "%.*s/%.*s/%.*s/%.*s",
			OG_SV_ARG(member(meta, "namespace", a)), OG_SV_ARG(group),
			OG_SV_ARG(member(it.val, "kind", a)), OG_SV_ARG(member(it.val, "name", a)));
		if (key)
			(void)controller_enqueue(e->c, PART_EGRESS, og_svz(key), OG_QUEUE_LOW);
	}
}

static void on_list(void *ctx, const struct og_kube_answer *a)
{
	struct egress *e = ctx;

	e->list = NULL;
	if (a->code < 0 || !a->doc)
		return;
	og_map_for (&e->cnps, m)
		((struct egress_cnp *)m->value)->seen = false;
	og_jfor (it, og_jgetl(og_jroot(a->doc), "items")) {
		struct og_jval meta = og_jgetl(it.val, "metadata");
		struct og_sv name = member(meta, "name", a->arena);
		char *key = og_arena_fmt(a->arena, "%.*s/%.*s",
			OG_SV_ARG(member(meta, "namespace", a->arena)), OG_SV_ARG(name));
		struct egress_cnp *p = key && og_sv_starts(name, OG_SV(OG_EGRESS_PREFIX))
					       ? entry(e, og_svz(key), true)
					       : NULL;
		if (!p)
			continue;
		p->seen = true;
		if (p->written_in == e->lists)
			continue;
		copy(p->uid, sizeof(p->uid), member(meta, "uid", a->arena));
		copy(p->rv, sizeof(p->rv), member(meta, "resourceVersion", a->arena));
		enqueue_owner(e, meta, a->arena);
	}
	og_map_for (&e->cnps, m) {
		struct egress_cnp *p = m->value;
		/* what was written since the list was asked for need not be in it */
		if (!p->seen && p->written_in != e->lists)
			og_free(og_map_remove(&e->cnps, m->key));
	}
	/* who has lost one is looked at with the others of this resync */
}

static void on_found(void *ctx, const struct og_kube_api *api, const struct og_err *err)
{
	struct egress *e = ctx;
	struct og_kube_request r = {.verb = OG_KUBE_LIST,
		.res = {RES},
		.query = OG_SV("labelSelector=app.kubernetes.io%2Fmanaged-by%3Dotelgate"),
		.lane = OG_KUBE_BULK,
		.ctx = e,
		.on_done = on_list};

	if (err) /* not to be told now; as before */
		return;
	bool before = e->cilium;
	e->cilium = api != NULL;
	if (before != e->cilium)
		egress_resync(e->c);
	else if (e->cilium && !e->list)
		e->lists += og_kube_start(e->c->kube, &r, &e->list, NULL) == 0;
}

void egress_host_list(struct egress *e)
{
	(void)og_kube_discover(e->c->kube, OG_SV("cilium.io"), OG_SV("v2"),
		OG_SV("ciliumnetworkpolicies"), 300000, on_found, e, NULL);
}

/* ---- one of them ---- */

static void on_done(void *ctx, const struct og_kube_answer *a)
{
	struct egress_job *j = ctx;
	struct og_kube_pre now;

	j->call = NULL;
	controller_wrote(j->e->c, PART_EGRESS, a);
	if (j->deletes && (a->code == 0 || a->http == 404)) {
		og_free(og_map_remove(&j->e->cnps, j->own_key));
		j->wrote = true;
	} else if (a->code == 0 && og_kube_written(a, &now)) {
		struct egress_cnp *p = entry(j->e, j->own_key, true);
		if (p) {
			copy(p->uid, sizeof(p->uid), now.uid);
			copy(p->rv, sizeof(p->rv), now.resource_version);
			copy(p->written_rv, sizeof(p->written_rv), now.resource_version);
			memcpy(p->digest, j->digest, sizeof(p->digest));
			p->written_in = j->e->lists;
		}
		j->wrote = true;
	} else {
		j->failed = true;
		j->reason = a->http == 409 && a->status.reason.n ? "HostPolicyConflict"
			    : a->http == 403			 ? "PolicyForbidden"
								 : "PolicyRefused";
		j->message = og_svz(og_arena_fmt(
			&j->arena, "The CiliumNetworkPolicy could not be written: %s", a->err.msg));
		if (a->http == 409) /* someone else's, or changed: seen with the next list */
			egress_host_list(j->e);
	}
	j->then(j);
}

void egress_host_keep(struct egress_job *j, struct og_sv body, void (*then)(struct egress_job *j))
{
	struct controller *c = j->e->c;
	char *key =
		og_arena_fmt(&j->arena, "%.*s/%.*s", OG_SV_ARG(j->in.pod.ns), OG_SV_ARG(j->name));
	struct egress_cnp *p = key ? entry(j->e, og_svz(key), false) : NULL;
	struct og_kube_write w = {.res = {RES, .ns = j->in.pod.ns, .name = j->name},
		.body = body,
		.field_manager = "otelgate-controller",
		.lease = c->lease,
		.ctx = j,
		.on_done = on_done};
	struct og_err err = OG_ERR_INIT;
	int64_t wait_ms;

	j->then = then;
	j->deletes = !body.n;
	j->own_key = og_svz(key);
	(void)snprintf(j->digest, sizeof(j->digest), "%016llx",
		(unsigned long long)og_hash64(0x686f7374, body));
	if (!key || (!p && !body.n) ||
		(p && body.n && !strcmp(p->digest, j->digest) && !strcmp(p->rv, p->written_rv))) {
		then(j);
		return;
	}
	if (p)
		w.pre = (struct og_kube_pre){og_svz(p->uid), og_svz(p->rv)};
	w.force = p && body.n;
	if (!controller_write_token(c, PART_EGRESS, &wait_ms)) {
		egress_job_done(j, OG_QUEUE_OK, wait_ms);
		return;
	}
	int r = !body.n ? og_kube_delete(c->kube, &w, &j->call, &err)
		: p	? og_kube_apply(c->kube, &w, &j->call, &err)
			: og_kube_create(c->kube, &w, &j->call, &err);
	if (r == 0)
		return;
	controller_wrote(c, PART_EGRESS, NULL);
	egress_job_done(j, err.code == OG_E_CANCELLED ? OG_QUEUE_OK : OG_QUEUE_FAILED, -1);
}
