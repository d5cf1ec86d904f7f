/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The receiver's side, where a profile says networkPolicyReceiver: manage: one policy for each
 * Service that keeps opted-in workloads out, owned by the Service.
 */
#include <stdio.h>
#include <stdlib.h>
#include "egress_parts-priv.h"

#define PREFIX "!in/"

static bool key_of(
	struct og_sv ns, struct og_sv service, char buf[EGRESS_KEY_BYTES], struct og_sv *ret)
{
	int n = snprintf(
		buf, EGRESS_KEY_BYTES, PREFIX "%.*s/%.*s", OG_SV_ARG(ns), OG_SV_ARG(service));
	*ret = og_sv(buf, n > 0 ? (size_t)n : 0);
	return n > 0 && n < EGRESS_KEY_BYTES;
}

void egress_ingress_enqueue(struct egress *e, const struct egress_receiver *r)
{
	char buf[EGRESS_KEY_BYTES];
	struct og_sv key;
	if (key_of(r->ns, r->service, buf, &key))
		(void)controller_enqueue(e->c, PART_EGRESS, key, OG_QUEUE_USER);
}

static bool policy_name(struct og_arena *a, struct og_sv service, struct og_sv *ret)
{
	return og_egress_name(OG_INGRESS_PREFIX, OG_SV("Service"), service, a, ret, NULL) == 0;
}

bool egress_ingress_opened(struct egress *e, const struct egress_receiver *r)
{
	struct og_store *s =
		og_cluster_store(e->c->cluster, OG_SV("networking.k8s.io"), OG_SV("NetworkPolicy"));
	og_auto_arena struct og_arena a;
	struct og_record rec;
	struct og_sv name;

	og_arena_init(&a, 1024, 0);
	return s && policy_name(&a, r->service, &name) && og_store_get(s, r->ns, name, &rec) &&
	       egress_is_ours(&rec);
}

static int by_name(const void *a, const void *b)
{
	const struct og_sv *x = a, *y = b;
	return og_sv_cmp(*x, *y);
}

struct wanted {
	struct og_sv ns, service;
	const struct egress_receiver *receivers[OG_EGRESS_MAX_TARGETS];
	uint32_t nreceivers;
	struct og_sv *spaces;
	uint32_t n;
};

static void add_receiver(struct wanted *w, const struct egress_receiver *r)
{
	for (uint32_t i = 0; i < w->nreceivers; i++)
		if (w->receivers[i] == r)
			return;
	if (w->nreceivers < OG_COUNT(w->receivers))
		w->receivers[w->nreceivers++] = r;
}

/* The namespaces of workloads that are kept out, sorted. */
static bool collect(struct egress_job *j, struct wanted *w)
{
	uint32_t k = 0;

	w->spaces = og_arena_new_n(&j->arena, og_map_count(&j->e->entries) + 1, struct og_sv);
	if (!w->spaces)
		return false;
	og_map_for (&j->e->entries, m) {
		const struct egress_entry *en = m->value;
		for (uint32_t i = 0; i < en->nreceivers; i++) {
			const struct egress_receiver *r = en->receivers[i];
			if (!en->kept_out[i] || !en->manages_receiver || !r ||
				!og_sv_eq(r->ns, w->ns) || !og_sv_eq(r->service, w->service))
				continue;
			add_receiver(w, r);
			w->spaces[w->n++] = og_sv(en->key.p, og_sv_chr(en->key, '/'));
			break;
		}
	}
	qsort(w->spaces, w->n, sizeof(*w->spaces), by_name);
	for (uint32_t i = 0; i < w->n; i++)
		if (!i || !og_sv_eq(w->spaces[i], w->spaces[k - 1]))
			w->spaces[k++] = w->spaces[i];
	w->n = k;
	return true;
}

static int body_of(struct egress_job *j, const struct wanted *w, const struct og_record *service,
	struct og_sv name, struct og_sv *ret)
{
	struct og_egress_owner owner = {OG_SV("v1"), OG_SV("Service"), w->service, service->uid};
	struct og_egress_service s;
	struct og_egress_target t = {.kind = OG_TARGET_PODS, .ns = w->ns, .name = w->service};
	struct og_egress_end outside = {.pod = false}, pod = {.pod = true, .ns = w->ns};
	const struct egress_set *set = egress_set_of(j->e, w->ns);
	uint16_t *ports =
		og_arena_new_n(&j->arena, OG_EGRESS_MAX_TARGETS * OG_EGRESS_MAX_TARGETS, uint16_t);
	struct og_egress_verdict v;
	struct og_buf b = OG_BUF_INIT(1 << 20);

	if (!set || !ports ||
		og_egress_service_read(
			egress_parse(&j->arena, service->extra), 0, &j->arena, &s, NULL) < 0)
		return -(int)OG_E_OOM;
	t.selector = s.selector;
	t.ports = ports;
	for (uint32_t i = 0; i < w->nreceivers; i++)
		for (uint32_t k = 0; k < w->receivers[i]->nports; k++)
			ports[t.nports++] = w->receivers[i]->ports[k];
	pod.labels = w->nreceivers && w->receivers[0]->nends ? w->receivers[0]->ends[0].end.labels
							     : s.selector;
	struct og_egress_policies p = {.v = set->v, .n = set->n};
	og_egress_judge(&p, OG_NETPOL_INGRESS, &outside, &pod, OG_L4_TCP, 1, &v);
	*ret = OG_SV("");
	/* Without a policy that isolates, ours would close the receiver. */
	if (v.way != OG_WAY_CLOSED || !t.nports || !t.selector.n)
		return 0;
	int r = og_egress_ingress_policy(&t, v.by, w->spaces, w->n, name, &owner, &b, NULL);
	*ret = r == 0 ? og_arena_sv(&j->arena, og_buf_view(&b)) : OG_SV("");
	og_buf_fini(&b);
	return r == 0 && !ret->n ? -(int)OG_E_OOM : r;
}

static void finish(struct egress_job *j)
{
	if (j->failed)
		og_log_limited(j->key, 60000, OG_LOG_WARN, "controller",
			"network policy at the receiver",
			og_lf_str("reason", j->reason ? j->reason : "?"),
			og_lf_sv("message", j->message));
	egress_job_done(j, j->failed && !j->terminal ? OG_QUEUE_FAILED : OG_QUEUE_OK, -1);
}

void egress_ingress_work(struct egress *e, struct og_sv key)
{
	struct egress_job *j = egress_job_new(e, key);
	struct wanted w = {.n = 0};
	struct og_store *services = og_cluster_store(e->c->cluster, OG_SV(""), OG_SV("Service"));
	struct og_sv name, body = OG_SV(""), owner = OG_SV("");
	struct og_record rec;

	if (!j)
		return;
	struct og_sv rest = og_sv(j->key.p + sizeof(PREFIX) - 1, j->key.n - (sizeof(PREFIX) - 1));
	bool ok = og_sv_split(&rest, '/', &w.ns);
	w.service = rest;
	ok = ok && policy_name(&j->arena, w.service, &name) && collect(j, &w);
	if (ok && w.n && services && og_store_get(services, w.ns, w.service, &rec)) {
		ok = body_of(j, &w, &rec, name, &body) == 0;
		owner = og_arena_sv(&j->arena, rec.uid);
	}
	if (ok)
		egress_keep(j, EGRESS_STANDARD, w.ns, name, body, owner, finish);
	else
		egress_job_done(j, OG_QUEUE_FAILED, -1);
}
