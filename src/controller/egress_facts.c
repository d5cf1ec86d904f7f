/* SPDX-License-Identifier: Apache-2.0 */
/* What a decision about network policies needs: policies, labels, receivers, DNS. */
#include "egress_parts-priv.h"
#include "otelgate/grafana/client.h"
#include "otelgate/cluster/projections.h"
#include "otelgate/codec/url.h"

#define DNS_NS	  "kube-system"
#define OPENSHIFT "openshift-dns"

bool egress_is_ours(const struct og_record *r)
{
	return og_sv_is(og_record_label(r, OG_SV(OG_MANAGED_LABEL)), OG_MANAGED_VALUE) &&
	       (og_sv_starts(r->name, OG_SV(OG_EGRESS_PREFIX)) ||
		       og_sv_starts(r->name, OG_SV(OG_INGRESS_PREFIX)));
}

struct og_jval egress_parse(struct og_arena *arena, struct og_sv json)
{
	struct og_jdoc *d = og_arena_new(arena, struct og_jdoc);

	if (!d || !json.n || og_jdoc_parse(d, arena, og_arena_sv(arena, json), NULL, NULL) < 0)
		return OG_JABSENT;
	return og_jroot(d);
}

/* ---- policies ---- */

static struct og_store *policy_store(struct egress *e)
{
	return og_cluster_store(e->c->cluster, OG_SV("networking.k8s.io"), OG_SV("NetworkPolicy"));
}

static int read_set(struct egress *e, struct egress_set *s, struct og_sv ns)
{
	struct og_store *store = policy_store(e);
	struct og_record r;
	uint32_t at = 0, n = 0;

	while (store && og_store_next(store, &at, &r))
		n += og_sv_eq(r.ns, ns) && !egress_is_ours(&r);
	s->v = og_arena_new_n(&s->arena, n + 1, struct og_netpol);
	at = 0;
	while (s->v && store && s->n < n && og_store_next(store, &at, &r)) {
		if (!og_sv_eq(r.ns, ns) || egress_is_ours(&r))
			continue;
		struct og_netpol *p = &s->v[s->n++];
		int rc = og_netpol_read(egress_parse(&s->arena, r.extra), &s->arena, p, NULL);
		p->unreadable = rc < 0;
		p->ns = og_arena_sv(&s->arena, r.ns);
		p->name = og_arena_sv(&s->arena, r.name);
	}
	return s->v && !s->arena.failed ? 0 : -(int)OG_E_OOM;
}

const struct egress_set *egress_set_of(struct egress *e, struct og_sv ns)
{
	struct og_map_entry *m = og_map_put(&e->sets, ns, NULL);

	if (!m)
		return NULL;
	struct egress_set *s = m->value;
	if (!s) {
		s = m->value = og_calloc(1, sizeof(*s));
		if (!s) {
			(void)og_map_remove(&e->sets, ns);
			return NULL;
		}
		og_arena_init(&s->arena, 4096, 64 << 20);
	}
	if (!s->valid) {
		og_arena_reset(&s->arena);
		s->n = 0;
		if (read_set(e, s, ns) < 0)
			return NULL;
		s->valid = true;
	}
	return s;
}

void egress_sets_forget(struct egress *e, struct og_sv ns)
{
	struct egress_set *s = og_map_get(&e->sets, ns);
	if (s)
		s->valid = false;
}

/* ---- labels ---- */

void egress_ns_labels(
	struct controller *c, struct og_sv ns, struct og_arena *arena, struct og_kvs *ret)
{
	struct og_store *s = og_cluster_store(c->cluster, OG_SV(""), OG_SV("Namespace"));
	struct og_record r;
	struct og_meta m;

	*ret = (struct og_kvs){NULL, 0};
	if (s && og_store_get(s, OG_SV(""), ns, &r) && og_record_meta(&r, arena, &m, NULL) == 0)
		*ret = m.labels;
}

static int add_label(
	struct og_kvs *labels, struct og_arena *arena, struct og_sv key, struct og_sv value)
{
	struct og_kv *v = og_arena_new_n(arena, labels->n + 1, struct og_kv);

	if (!v)
		return -(int)OG_E_OOM;
	if (labels->n)
		memcpy(v, labels->v, labels->n * sizeof(*v));
	v[labels->n] = (struct og_kv){key, value};
	*labels = (struct og_kvs){v, labels->n + 1};
	return 0;
}

static int label_selector(struct og_kvs labels, struct og_arena *arena, struct og_selector *ret)
{
	struct og_selector_req *q = og_arena_new_n(arena, labels.n + 1, struct og_selector_req);

	if (!q)
		return -(int)OG_E_OOM;
	for (uint32_t i = 0; i < labels.n; i++)
		q[i] = (struct og_selector_req){labels.v[i].key, OG_SEL_IN, &labels.v[i].value, 1};
	*ret = (struct og_selector){.present = true, .reqs = q, .nreqs = labels.n};
	return 0;
}

static bool host_network(struct egress_job *j)
{
	struct og_store *s = og_cluster_store(j->e->c->cluster, j->w->group, j->w->kind);
	struct og_cluster_extra extra;
	struct og_record r;

	if (!s || !og_store_get(s, j->w->ns, j->w->name, &r) ||
		!og_cluster_extra_read(r.extra, &extra))
		return false;
	struct og_jval spec = og_jgetl(egress_parse(&j->arena, extra.object), "spec");
	struct og_jval job = og_jpath(spec, "jobTemplate", "spec", NULL);
	struct og_jval template = og_jgetl(og_junset(job) ? spec : job, "template");
	struct og_jval pod = og_junset(template) ? spec : og_jgetl(template, "spec");
	return og_jis(og_jgetl(pod, "hostNetwork"), OG_J_TRUE);
}

static int pod_facts(struct egress_job *j, struct og_err *err)
{
	const struct workload *w = j->w;
	struct og_egress_in *in = &j->in;
	struct og_kvs labels;
	struct og_jval selector = egress_parse(&j->arena, w->selector_json);

	in->pod = (struct og_egress_end){.pod = true, .ns = w->ns, .name = w->name};
	egress_ns_labels(j->e->c, w->ns, &j->arena, &in->pod.ns_labels);
	if (!og_kvs_read(egress_parse(&j->arena, w->template_labels_json), &j->arena, &labels))
		return og_err_set(err, OG_E_OOM, "reading labels");
	in->selector = (struct og_selector){.present = false};
	if (og_selector_read(selector, &j->arena, &in->selector, NULL) < 0 || !in->selector.nreqs)
		if (label_selector(labels, &j->arena, &in->selector) < 0)
			return og_err_set(err, OG_E_OOM, "reading labels");
	in->pod.labels = labels;
	if (w->revision[0] && add_label(&in->pod.labels, &j->arena, OG_SV("otelgate.dev/revision"),
				      og_svz(w->revision)) < 0)
		return og_err_set(err, OG_E_OOM, "reading labels");
	in->host_network = host_network(j);
	return 0;
}

/* ---- receivers ---- */

static const struct og_record *service(
	struct egress *e, struct og_sv ns, struct og_sv name, struct og_record *r)
{
	struct og_store *s = og_cluster_store(e->c->cluster, OG_SV(""), OG_SV("Service"));
	return s && og_store_get(s, ns, name, r) ? r : NULL;
}

static void problem(
	struct egress_job *j, const char *reason, const char *finding, const char *message)
{
	if (j->optional && !j->aside.n)
		j->aside = og_svz(message ? message : reason);
	if (j->optional || j->reason)
		return;
	j->reason = reason;
	j->finding = finding;
	j->message = og_svz(message ? message : reason);
}

static struct og_egress_target *add_target(
	struct egress_job *j, enum og_egress_kind kind, struct og_sv name, uint16_t port)
{
	uint16_t *p = og_arena_new(&j->arena, uint16_t);

	if (!p)
		return NULL;
	*p = port;
	for (uint32_t i = 0; i < j->in.ntargets; i++) {
		struct og_egress_target *t = &j->targets[i];
		if (t->kind == kind && og_sv_eq(t->name, name) && t->nports == 1 &&
			t->ports[0] == port)
			return t;
	}
	if (j->in.ntargets == OG_EGRESS_MAX_TARGETS)
		return NULL;
	struct og_egress_target *t = &j->targets[j->in.ntargets++];
	*t = (struct og_egress_target){.kind = kind,
		.name = name,
		.ports = p,
		.nports = 1,
		.by_name = true,
		.optional = j->optional};
	return t;
}

static int outside(
	struct egress_job *j, struct og_sv host, uint16_t port, const struct og_profile *profile)
{
	struct og_egress_target *t = add_target(j, OG_TARGET_HOST, host, port);
	uint32_t n = profile->nnetwork_policy_cidrs, k = 0;
	struct og_cidr *all = og_arena_new_n(&j->arena, n + 1, struct og_cidr);

	if (!t || !all)
		return -(int)OG_E_OOM;
	for (uint32_t i = 0; i < n; i++)
		k += og_cidr_parse(profile->network_policy_cidrs[i], &all[k]);
	t->cidrs = all;
	t->ncidrs = k;
	return 0;
}

static int address(struct egress_job *j, struct og_sv host, uint16_t port)
{
	struct og_egress_target *t = add_target(j, OG_TARGET_ADDRESS, host, port);
	struct og_cidr *c = og_arena_new(&j->arena, struct og_cidr);

	if (!t || !c)
		return -(int)OG_E_OOM;
	if (!og_ip_parse(host, &c->ip))
		return 0;
	c->bits = c->ip.v6 ? 128 : 32;
	t->cidrs = c;
	t->ncidrs = 1;
	t->by_name = false;
	return 0;
}

static bool namespace_exists(struct egress *e, struct og_sv ns)
{
	struct og_store *s = og_cluster_store(e->c->cluster, OG_SV(""), OG_SV("Namespace"));
	struct og_record r;
	return s && og_store_get(s, OG_SV(""), ns, &r);
}

/* 1 = its endpoints are not known yet. */
static int behind_service(struct egress_job *j, const struct og_egress_host *h,
	const struct og_egress_service *s, uint16_t port)
{
	char *name = og_arena_fmt(
		&j->arena, "Service %.*s/%.*s", OG_SV_ARG(h->ns), OG_SV_ARG(h->service));
	char *number = og_arena_fmt(&j->arena, "%u", port);
	struct egress_receiver *r =
		name && number ? egress_receiver_of(j->e, h->ns, h->service, og_svz(number)) : NULL;
	const struct egress_set *here = egress_set_of(j->e, j->w->ns);
	const struct egress_set *there = egress_set_of(j->e, h->ns);
	uint32_t before = j->in.ntargets;
	struct og_egress_target *t = r ? add_target(j, OG_TARGET_PODS, og_svz(name), port) : NULL;

	if (!t || !here || !there)
		return -(int)OG_E_OOM;
	if (j->in.ntargets == before)
		return 0;
	t->ns = r->ns;
	egress_ns_labels(j->e->c, h->ns, &j->arena, &t->ns_labels);
	t->selector = s->selector;
	j->receivers[before] = r;
	t->ends = r->ends;
	t->nends = r->nends;
	if (s->target)
		*(uint16_t *)(uintptr_t)t->ports = s->target;
	else if (r->known) /* before, nothing is judged by it */
		t->nports = 0;
	if (r->nports) {
		t->ports = r->ports;
		t->nports = r->nports;
	}
	/* Without policies nothing depends on what is behind it. */
	if (r->known || (!here->n && !there->n))
		return 0;
	(void)controller_enqueue(j->e->c, PART_EGRESS, r->key, OG_QUEUE_HIGH);
	return 1;
}

/* As behind_service; ALIAS: *name stands for another name, which it is now. */
enum { ALIAS = 2 };
static int by_one_name(
	struct egress_job *j, struct og_sv *name, uint16_t port, const struct og_profile *profile)
{
	struct og_egress_host h;
	struct og_egress_service s;
	struct og_record r;

	if (!og_egress_host_read(*name, j->w->ns, &h))
		return outside(j, *name, port, profile);
	if (!service(j->e, h.ns, h.service, &r)) {
		if (!h.surely && !namespace_exists(j->e, h.ns))
			return outside(j, *name, port, profile);
		problem(j, "ServiceUnknown", "OG508",
			og_arena_fmt(&j->arena, "There is no Service %.*s in namespace %.*s.",
				OG_SV_ARG(h.service), OG_SV_ARG(h.ns)));
		return 0;
	}
	if (og_egress_service_read(egress_parse(&j->arena, r.extra), port, &j->arena, &s, NULL) < 0)
		return -(int)OG_E_OOM;
	if (s.external.n) {
		*name = s.external;
		return ALIAS;
	}
	if (!s.has_port) {
		problem(j, "ServicePort", "OG509",
			og_arena_fmt(&j->arena, "Service %.*s/%.*s has no port %u.",
				OG_SV_ARG(h.ns), OG_SV_ARG(h.service), port));
		return 0;
	}
	return behind_service(j, &h, &s, port);
}

/* An ExternalName is followed once. */
static int by_name(
	struct egress_job *j, struct og_sv name, uint16_t port, const struct og_profile *profile)
{
	int r = by_one_name(j, &name, port, profile);

	if (r == ALIAS)
		r = by_one_name(j, &name, port, profile);
	return r == ALIAS ? 0 : r;
}

static int receiver(struct egress_job *j, struct og_sv endpoint, const struct og_profile *profile)
{
	struct og_url u;

	if (og_url_parse(endpoint, &u, NULL) < 0 &&
		og_url_parse_hostport(endpoint, 0, &u, NULL) < 0)
		return 0; /* refused when the configuration was read */
	struct og_sv host = og_arena_sv(&j->arena, u.host);
	if (!host.p)
		return -(int)OG_E_OOM;
	if (og_url_is_loopback(&u)) { /* a container beside it, or nobody */
		j->in.in_pod = true;
		return 0;
	}
	if (u.host_kind != OG_URL_NAME)
		return address(j, host, u.port);
	return by_name(j, host, u.port, profile);
}

/* What is expected before what is optional: a receiver of both is no optional one. */
static int receivers(struct egress_job *j, const struct og_profile *p)
{
	static const enum og_signal_mode order[] = {OG_MODE_EXPECTED, OG_MODE_OPTIONAL};
	bool base = false, expected = false;
	int waits = 0;

	for (int k = 0; k < 2 * OG_SIGNAL_COUNT_; k++) {
		int i = k % OG_SIGNAL_COUNT_, r = 0;
		const struct og_sv own = p->stack->receiver.signal_endpoint[i];
		if (p->signals[i] != order[k / OG_SIGNAL_COUNT_])
			continue;
		expected |= p->signals[i] == OG_MODE_EXPECTED;
		j->optional = expected && p->signals[i] == OG_MODE_OPTIONAL;
		if (own.n)
			r = receiver(j, own, p);
		else if (!base && i != OG_SIGNAL_PROFILES && p->stack->receiver.endpoint.n) {
			base = true;
			r = receiver(j, p->stack->receiver.endpoint, p);
		}
		if (r < 0)
			return r;
		waits |= r;
	}
	return waits;
}

/* ---- DNS ---- */

static int dns_facts(struct egress_job *j)
{
	static const struct og_kv usual = {{"k8s-app", 7}, {"kube-dns", 8}};
	static const uint16_t ports[] = {53, 5353};
	struct og_store *daemons =
		og_cluster_store(j->e->c->cluster, OG_SV("apps"), OG_SV("DaemonSet"));
	struct og_egress_target *t = og_arena_new(&j->arena, struct og_egress_target);
	struct og_egress_service s = {.selector = {NULL, 0}};
	struct og_record r;
	bool openshift = false;

	if (!t)
		return -(int)OG_E_OOM;
	if (!service(j->e, OG_SV(DNS_NS), OG_SV("kube-dns"), &r))
		openshift = service(j->e, OG_SV(OPENSHIFT), OG_SV("dns-default"), &r) != NULL;
	if (service(j->e, openshift ? OG_SV(OPENSHIFT) : OG_SV(DNS_NS),
		    openshift ? OG_SV("dns-default") : OG_SV("kube-dns"), &r) &&
		og_egress_service_read(egress_parse(&j->arena, r.extra), 53, &j->arena, &s, NULL) <
			0)
		return -(int)OG_E_OOM;
	*t = (struct og_egress_target){.kind = OG_TARGET_PODS,
		.name = OG_SV("DNS"),
		.ns = openshift ? OG_SV(OPENSHIFT) : OG_SV(DNS_NS),
		.selector = s.selector.n ? s.selector : (struct og_kvs){&usual, 1},
		.ports = openshift ? &ports[1] : ports,
		.nports = 1};
	egress_ns_labels(j->e->c, t->ns, &j->arena, &t->ns_labels);
	j->in.dns = t;
	j->in.node_local_dns = daemons &&
			       og_store_get(daemons, OG_SV(DNS_NS), OG_SV("node-local-dns"), &r);
	return 0;
}

/* Policies of the workload's namespace and of those of its receivers. */
static int policy_facts(struct egress_job *j)
{
	const struct egress_set *sets[OG_EGRESS_MAX_TARGETS + 1];
	uint32_t n = 0, total = 0;

	for (uint32_t i = 0; i <= j->in.ntargets; i++) {
		if (i && j->targets[i - 1].kind != OG_TARGET_PODS)
			continue;
		const struct egress_set *s =
			egress_set_of(j->e, i ? j->targets[i - 1].ns : j->w->ns);
		bool twice = false;
		for (uint32_t k = 0; k < n; k++)
			twice = twice || sets[k] == s;
		if (!s)
			return -(int)OG_E_OOM;
		if (!twice) {
			sets[n++] = s;
			total += s->n;
		}
	}
	struct og_netpol *all = og_arena_new_n(&j->arena, total + 1, struct og_netpol);
	if (!all)
		return -(int)OG_E_OOM;
	j->in.policies = (struct og_egress_policies){.v = all, .blocks_skip_pods = j->e->cilium};
	for (uint32_t k = 0; k < n; k++) {
		memcpy(all + j->in.policies.n, sets[k]->v, sets[k]->n * sizeof(*all));
		j->in.policies.n += sets[k]->n;
	}
	return 0;
}

int egress_facts(struct egress_job *j, const struct og_profile *profile, struct og_err *err)
{
	j->in = (struct og_egress_in){.targets = j->targets, .fqdn = j->e->cilium};
	int r = pod_facts(j, err);
	if (r < 0)
		return r;
	int waits = receivers(j, profile);
	if (waits < 0 || policy_facts(j) < 0 || dns_facts(j) < 0)
		return og_err_set(err, OG_E_OOM, "collecting what network policies are about");
	for (uint32_t i = 0; i < j->in.ntargets && !waits; i++) {
		j->optional = j->targets[i].optional;
		if (j->targets[i].kind == OG_TARGET_PODS && !j->targets[i].nports &&
			!j->targets[i].nends)
			problem(j, "ReceiverHasNoPods", "OG510",
				og_arena_fmt(&j->arena,
					"%.*s has no pods, so the port they listen on is not known.",
					OG_SV_ARG(j->targets[i].name)));
	}
	j->manages_receiver = profile->network_policy_receiver == OG_NETPOL_RECEIVER_MANAGE;
	return waits;
}
