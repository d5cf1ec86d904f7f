/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is behind the port of a Service: its EndpointSlices, read when somebody needs them, and the
 * labels and ports of its pods. Policies are about these, not about the Service.
 */
#include <stdio.h>
#include "egress_parts-priv.h"
#include "otelgate/base/parse.h"

#define PREFIX "!r/"

struct egress_receiver *egress_receiver_of(
	struct egress *e, struct og_sv ns, struct og_sv service, struct og_sv port)
{
	char key[EGRESS_KEY_BYTES];
	int n = snprintf(key, sizeof(key), PREFIX "%.*s/%.*s:%.*s", OG_SV_ARG(ns),
		OG_SV_ARG(service), OG_SV_ARG(port));

	if (n < 0 || (size_t)n >= sizeof(key))
		return NULL;
	struct egress_receiver *r = og_map_get(&e->receivers, og_sv(key, (size_t)n));
	if (r)
		return r;
	r = og_calloc(1, sizeof(*r) + (size_t)n + 1);
	if (!r)
		return NULL;
	char *own = (char *)(r + 1);
	memcpy(own, key, (size_t)n + 1);
	og_arena_init(&r->arena, 4096, 32 << 20);
	r->key = og_sv(own, (size_t)n);
	r->ns = og_sv(own + sizeof(PREFIX) - 1, ns.n);
	r->service = og_sv(r->ns.p + ns.n + 1, service.n);
	if (og_map_set(&e->receivers, r->key, r))
		return r;
	egress_receiver_free(r);
	return NULL;
}

void egress_receiver_free(struct egress_receiver *r)
{
	if (!r)
		return;
	og_arena_fini(&r->arena);
	og_free(r);
}

static uint16_t service_port(const struct egress_receiver *r)
{
	struct og_sv s = og_sv(r->service.p + r->service.n + 1,
		(size_t)(r->key.p + r->key.n - r->service.p) - r->service.n - 1);
	uint32_t n = 0;
	(void)og_parse_u32(s, 1, 65535, &n, NULL);
	return (uint16_t)n;
}

/* ---- taking it over ---- */

static void add_port(struct egress_receiver *r, uint16_t port)
{
	for (uint32_t i = 0; i < r->nports; i++)
		if (r->ports[i] == port)
			return;
	if (r->nports < OG_COUNT(r->ports))
		r->ports[r->nports++] = port;
}

/* The labels of a pod, as its store has them; else what the Service promises. */
static void pod_end(struct egress *e, struct egress_receiver *r, const struct og_egress_backend *b,
	const struct og_kvs *promised, struct og_egress_end *end)
{
	struct og_store *s = og_cluster_store(e->c->cluster, OG_SV(""), OG_SV("Pod"));
	struct og_record rec;
	struct og_meta m;

	end->pod = true;
	end->ns = r->ns;
	end->name = og_arena_sv(&r->arena, b->pod);
	end->labels = *promised;
	if (s && og_store_get(s, r->ns, b->pod, &rec) &&
		og_record_meta(&rec, &r->arena, &m, NULL) == 0 && m.labels.n)
		end->labels = m.labels;
}

/* A digest of what was found, independent of addresses' order: enough to see a change. */
static void digest(struct egress_receiver *r)
{
	uint64_t sum = r->nends;

	for (uint32_t i = 0; i < r->nends; i++) {
		const struct og_egress_endpoint *p = &r->ends[i];
		uint64_t h = og_hash64(p->port, og_sv((const char *)p->end.addr.ip.b, 16));
		for (uint32_t k = 0; k < p->end.labels.n; k++)
			h += og_hash64(
				og_hash64(7, p->end.labels.v[k].key), p->end.labels.v[k].value);
		for (uint32_t k = 0; k < p->end.nports; k++)
			h += og_hash64(p->end.ports[k].port, p->end.ports[k].name);
		sum += og_hash64(h ^ (uint64_t)p->end.pod, OG_SV("end"));
	}
	(void)snprintf(r->digest, sizeof(r->digest), "%016llx", (unsigned long long)sum);
}

static void take(struct egress_job *j, const struct og_egress_end *sample, bool node_network)
{
	struct egress_receiver *r = j->receiver;
	struct og_egress_service s = {.selector = {NULL, 0}};
	struct og_store *services = og_cluster_store(j->e->c->cluster, OG_SV(""), OG_SV("Service"));
	struct og_record rec;
	char before[sizeof(r->digest)];
	struct og_kvs ns_labels;

	memcpy(before, r->digest, sizeof(before));
	og_arena_reset(&r->arena);
	r->nends = r->nports = 0;
	r->ends = og_arena_new_n(&r->arena, EGRESS_ENDS, struct og_egress_endpoint);
	if (services && og_store_get(services, r->ns, r->service, &rec))
		(void)og_egress_service_read(
			egress_parse(&r->arena, rec.extra), service_port(r), &r->arena, &s, NULL);
	egress_ns_labels(j->e->c, r->ns, &r->arena, &ns_labels);
	for (uint32_t i = 0; r->ends && i < j->nbackends; i++) {
		const struct og_egress_backend *b = &j->backends[i];
		struct og_egress_end end = {
			.has_addr = true, .addr = {.ip = b->ip, .bits = b->ip.v6 ? 128 : 32}};
		add_port(r, b->port);
		if (r->nends == EGRESS_ENDS)
			continue;
		if (b->pod.n && !node_network)
			pod_end(j->e, r, b, &s.selector, &end);
		if (end.pod && sample) {
			end.nports = sample->nports;
			struct og_egress_cport *p = og_arena_new_n(
				&r->arena, sample->nports + 1, struct og_egress_cport);
			for (uint32_t k = 0; p && k < sample->nports; k++) {
				p[k] = sample->ports[k];
				p[k].name = og_arena_sv(&r->arena, sample->ports[k].name);
			}
			end.ports = p;
			end.nports = p ? end.nports : 0;
		}
		end.ns_labels = ns_labels;
		r->ends[r->nends++] = (struct og_egress_endpoint){.end = end, .port = b->port};
	}
	digest(r);
	if (!r->known || strcmp(before, r->digest) != 0)
		egress_enqueue_users(j->e, r);
	r->known = true;
}

/* ---- asking ---- */

static void failed(struct egress_job *j, const struct og_kube_answer *a)
{
	og_log_limited(j->key, 60000, OG_LOG_WARN, "controller", "endpoints of the receiver",
		og_lf_sv("namespace", j->receiver->ns), og_lf_sv("service", j->receiver->service),
		og_lf_err(&a->err));
	/* Decisions go on with what the Service promises. */
	if (!j->receiver->known)
		take(j, NULL, false);
	egress_job_done(j, OG_QUEUE_FAILED, -1);
}

static void on_pod(void *ctx, const struct og_kube_answer *a)
{
	struct egress_job *j = ctx;
	struct og_egress_end sample = {.pod = true};
	bool node = false;

	j->call = NULL;
	if (a->code < 0 && a->http != 404) {
		failed(j, a);
		return;
	}
	if (a->code == 0 && a->doc) {
		struct og_jval pod = og_jroot(a->doc);
		node = og_jis(og_jpath(pod, "spec", "hostNetwork", NULL), OG_J_TRUE);
		(void)og_egress_pod_ports(pod, a->arena, &sample, NULL);
	}
	take(j, &sample, node);
	egress_job_done(j, OG_QUEUE_OK, -1);
}

static struct og_sv first_pod(const struct egress_job *j)
{
	for (uint32_t i = 0; i < j->nbackends; i++)
		if (j->backends[i].pod.n)
			return j->backends[i].pod;
	return OG_SV("");
}

static void on_slices(void *ctx, const struct og_kube_answer *a)
{
	struct egress_job *j = ctx;
	struct og_jdoc d;

	j->call = NULL;
	if (a->code < 0) {
		failed(j, a);
		return;
	}
	/* the answer's memory ends with this call */
	struct og_sv body = og_arena_sv(&j->arena, a->body);
	if (og_jdoc_parse(&d, &j->arena, body, NULL, NULL) < 0 ||
		og_egress_slices_read(og_jroot(&d), j->receiver->port_name, EGRESS_BACKENDS,
			&j->arena, &j->backends, &j->nbackends, NULL) < 0) {
		egress_job_done(j, OG_QUEUE_FAILED, -1);
		return;
	}
	struct og_kube_request r = {.verb = OG_KUBE_GET,
		.res = {.version = OG_SV("v1"),
			.resource = OG_SV("pods"),
			.ns = j->receiver->ns,
			.name = first_pod(j)},
		.ctx = j,
		.on_done = on_pod};
	if (r.res.name.n && og_kube_start(j->e->c->kube, &r, &j->call, NULL) == 0)
		return;
	take(j, NULL, false);
	egress_job_done(j, OG_QUEUE_OK, -1);
}

static bool read_port_name(struct egress_job *j)
{
	struct egress_receiver *r = j->receiver;
	struct og_store *s = og_cluster_store(j->e->c->cluster, OG_SV(""), OG_SV("Service"));
	struct og_egress_service svc;
	struct og_record rec;

	if (!s || !og_store_get(s, r->ns, r->service, &rec) ||
		og_egress_service_read(egress_parse(&j->arena, rec.extra), service_port(r),
			&j->arena, &svc, NULL) < 0)
		return false;
	r->port_name = svc.port_name;
	return svc.has_port;
}

void egress_receiver_work(struct egress *e, struct og_sv key)
{
	struct egress_receiver *r = og_map_get(&e->receivers, key);
	int64_t now = og_loop_now_ns(e->c->loop);
	int64_t left = r && r->asked_ns
			       ? r->asked_ns / OG_NS_PER_MS + EGRESS_REFETCH_MS - now / OG_NS_PER_MS
			       : 0;
	char query[400];

	if (!r || (left > 0 && r->known)) {
		controller_done(e->c, PART_EGRESS, key, OG_QUEUE_OK, r ? left : -1);
		return;
	}
	struct egress_job *j = egress_job_new(e, key);
	if (!j)
		return;
	j->receiver = r;
	if (!read_port_name(j)) { /* the Service has gone: its users see that themselves */
		egress_job_done(j, OG_QUEUE_OK, -1);
		return;
	}
	r->asked_ns = now;
	(void)snprintf(query, sizeof(query), "labelSelector=kubernetes.io%%2Fservice-name%%3D%.*s",
		OG_SV_ARG(r->service));
	struct og_kube_request q = {.verb = OG_KUBE_LIST,
		.res = {.group = OG_SV("discovery.k8s.io"),
			.version = OG_SV("v1"),
			.resource = OG_SV("endpointslices"),
			.ns = r->ns},
		.query = og_svz(query),
		.ctx = j,
		.on_done = on_slices};
	if (og_kube_start(e->c->kube, &q, &j->call, NULL) < 0)
		egress_job_done(j, OG_QUEUE_FAILED, -1);
}
