/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Spellings. Prometheus and Loki turn dots into underscores (OTLP mapping of both), unless they
 * keep UTF-8 names; Tempo puts a scope in front; Pyroscope has what SDKs and Alloy send, dotted
 * since 2.0. `exported_…` are a scrape's own labels beside those of its target.
 */
#include "labels-priv.h"
#include "otelgate/base/mem.h"

#define P   GF_BIT(OG_GF_PROMETHEUS)
#define L   GF_BIT(OG_GF_LOKI)
#define T   GF_BIT(OG_GF_TEMPO)
#define Y   GF_BIT(OG_GF_PYROSCOPE)
#define ALL (P | L | T | Y)

#define ROW(text, of, order, where, by)                                                      \
	{                                                                                    \
		.name = (text), .key = OG_GF_KEY_##of, .rank = (order), .backends = (where), \
		.group = (by)                                                                \
	}
#define HINT(text, of, order, where, by, at, how)                                            \
	{                                                                                    \
		.name = (text), .key = OG_GF_KEY_##of, .rank = (order), .backends = (where), \
		.group = (by), .hint_at = (at), .hint = GF_HINT_##how                        \
	}
#define KIND(text, of, order, where, by)                                        \
	{                                                                       \
		.name = (text), .key = OG_GF_KEY_K8S_WORKLOAD, .rank = (order), \
		.backends = (where), .group = (by), .kind = (of)                \
	}

/* In order of key and rank. */
static const struct gf_label labels[] = {
	ROW("service_namespace", SERVICE_NAMESPACE, 1, P | L | Y, P | L | Y),
	ROW("service.namespace", SERVICE_NAMESPACE, 2, ALL, P | Y),
	ROW("resource.service.namespace", SERVICE_NAMESPACE, 3, T, T),
	ROW("service_name", SERVICE_NAME, 1, P | L | Y, P | L | Y),
	ROW("service.name", SERVICE_NAME, 2, ALL, P),
	ROW("resource.service.name", SERVICE_NAME, 3, T, T),
	ROW("exported_job", JOB, 1, P, P),
	ROW("job", JOB, 2, P, P),
	ROW("exported_instance", INSTANCE, 1, P, P),
	ROW("service_instance_id", INSTANCE, 2, ALL, Y),
	ROW("service.instance.id", INSTANCE, 3, ALL, 0),
	ROW("resource.service.instance.id", INSTANCE, 4, T, T),
	ROW("instance", INSTANCE, 5, P, P),
	ROW("k8s_cluster_name", K8S_CLUSTER, 1, P | L | Y, P | L | Y),
	ROW("k8s.cluster.name", K8S_CLUSTER, 2, ALL, P),
	ROW("resource.k8s.cluster.name", K8S_CLUSTER, 3, T, T),
	ROW("cluster", K8S_CLUSTER, 4, P | L | Y, Y),
	ROW("k8s_namespace_name", K8S_NAMESPACE, 1, P | L | Y, P | L | Y),
	ROW("k8s.namespace.name", K8S_NAMESPACE, 2, ALL, P | Y),
	ROW("resource.k8s.namespace.name", K8S_NAMESPACE, 3, T, T),
	ROW("exported_namespace", K8S_NAMESPACE, 4, P, 0),
	HINT("namespace", K8S_NAMESPACE, 5, P | L | Y, L | Y, L, STDOUT),
	ROW("k8s_pod_name", K8S_POD, 1, P | L | Y, P | L | Y),
	ROW("k8s.pod.name", K8S_POD, 2, ALL, P | Y),
	ROW("resource.k8s.pod.name", K8S_POD, 3, T, T),
	ROW("exported_pod", K8S_POD, 4, P, 0),
	HINT("pod", K8S_POD, 5, P | L | Y, L | Y, L, STDOUT),
	ROW("k8s_container_name", K8S_CONTAINER, 1, P | L | Y, P | L | Y),
	ROW("k8s.container.name", K8S_CONTAINER, 2, ALL, P),
	ROW("resource.k8s.container.name", K8S_CONTAINER, 3, T, T),
	ROW("container_name", K8S_CONTAINER, 4, P | L, 0),
	HINT("container", K8S_CONTAINER, 5, P | L | Y, L | Y, L, STDOUT),
	KIND("k8s_deployment_name", "Deployment", 1, P | L | Y, P),
	KIND("k8s.deployment.name", "Deployment", 2, ALL, P),
	KIND("resource.k8s.deployment.name", "Deployment", 3, T, T),
	KIND("k8s_statefulset_name", "StatefulSet", 4, P | L | Y, P),
	KIND("k8s.statefulset.name", "StatefulSet", 5, ALL, P),
	KIND("resource.k8s.statefulset.name", "StatefulSet", 6, T, 0),
	KIND("k8s_daemonset_name", "DaemonSet", 7, P | L | Y, P),
	KIND("k8s.daemonset.name", "DaemonSet", 8, ALL, P),
	KIND("resource.k8s.daemonset.name", "DaemonSet", 9, T, 0),
	KIND("k8s_cronjob_name", "CronJob", 10, P | L | Y, P),
	KIND("k8s.cronjob.name", "CronJob", 11, ALL, P),
	KIND("resource.k8s.cronjob.name", "CronJob", 12, T, 0),
	KIND("k8s_job_name", "Job", 13, P | L | Y, P),
	KIND("k8s.job.name", "Job", 14, ALL, P),
	KIND("resource.k8s.job.name", "Job", 15, T, 0),
	HINT("otelgate_revision", REVISION, 1, P | L | Y, P | L | Y, L, OTLP),
	ROW("otelgate.revision", REVISION, 2, ALL, P | Y),
	ROW("resource.otelgate.revision", REVISION, 3, T, T),
	HINT("telemetry_sdk_language", SDK_LANGUAGE, 1, P | L | Y, P | L, L, OTLP),
	ROW("telemetry.sdk.language", SDK_LANGUAGE, 2, ALL, P),
	ROW("resource.telemetry.sdk.language", SDK_LANGUAGE, 3, T, T),
	/* only their presence counts: what the agent that read a pod's stdout adds, what Loki's
	 * OTLP endpoint adds, and who took a profile */
	HINT("stream", ROUTE, 1, L, 0, L, STDOUT),
	HINT("log_iostream", ROUTE, 2, L, L, L, STDOUT),
	HINT("filename", ROUTE, 3, L, 0, L, STDOUT),
	HINT("scope_name", ROUTE, 4, L, 0, L, OTLP),
	ROW("pyroscope_spy", ROUTE, 5, Y, Y),
	ROW("__name__", METRIC, 1, P | Y, 0),
	ROW("__profile_type__", METRIC, 2, Y, Y),
	ROW("metric", METRIC, 3, P, P), /* what questions about several metrics call each */
	ROW("reason", REASON, 1, P, P),
	ROW("error_type", REASON, 2, P, P),
	ROW("error.type", REASON, 3, P, P),
	ROW("trace_id", TRACE, 1, L, 0),
	ROW("service_version", SERVICE_VERSION, 1, P | L, P),
	ROW("service.version", SERVICE_VERSION, 2, ALL, P),
	ROW("resource.service.version", SERVICE_VERSION, 3, T, T),
};

#undef P
#undef L
#undef T
#undef Y
#undef ALL

const struct gf_label *gf_label_find(struct og_sv name)
{
	for (size_t i = 0; i < OG_COUNT(labels); i++) {
		if (og_sv_eq(name, og_svz(labels[i].name)))
			return &labels[i];
	}
	return NULL;
}

const struct gf_label *gf_label_at(size_t n)
{
	return n < OG_COUNT(labels) ? &labels[n] : NULL;
}

void gf_rows_init(struct gf_rows *b, struct og_arena *a, enum og_gf_backend backend,
	struct og_gf_rows *out, uint32_t expected)
{
	*b = (struct gf_rows){.a = a, .backend = backend, .out = out};
	out->n = 0;
	out->v = expected ? og_arena_new_n(a, expected, struct og_gf_row) : NULL;
	b->cap = out->v ? expected : 0;
	b->failed = expected && !out->v;
}

void gf_rows_begin(struct gf_rows *b)
{
	b->row = (struct og_gf_row){.value = 0};
	memset(b->rank, 0, sizeof(b->rank));
	b->hint = GF_HINT_NONE;
	b->nth = 0;
}

/* Rows of one answer have mostly the same labels in the same order. */
static const struct gf_label *find(struct gf_rows *b, struct og_sv name)
{
	if (b->nth >= OG_COUNT(b->seen))
		return gf_label_find(name);
	struct gf_seen *s = &b->seen[b->nth++];
	if (!s->name.p || !og_sv_eq(s->name, name)) {
		s->name = name;
		s->label = gf_label_find(name);
	}
	return s->label;
}

/* Spies say which program took a profile; Alloy's eBPF profiler and its scraper name themselves. */
static enum gf_hint spy_hint(struct og_sv spy)
{
	if (og_sv_has(spy, OG_SV("ebpf")))
		return GF_HINT_EBPF;
	if (og_sv_has(spy, OG_SV("scrape")) || og_sv_has(spy, OG_SV("alloy")))
		return GF_HINT_SCRAPE;
	return GF_HINT_NONE;
}

static struct og_sv workload(struct gf_rows *b, const char *kind, struct og_sv name)
{
	char *p = og_arena_fmt(b->a, "%s/%.*s", kind, OG_SV_ARG(name));
	if (!p) {
		b->failed = true;
		return OG_SV("");
	}
	return og_svz(p);
}

static void add(struct gf_rows *b, const struct gf_label *l, struct og_sv value)
{
	/* what a span lacks is grouped under this word */
	if (!value.n || (b->backend == OG_GF_TEMPO && og_sv_is(value, "nil")))
		return;
	if (l->hint_at & GF_BIT(b->backend) && l->hint > b->hint)
		b->hint = l->hint;
	if (l->key == OG_GF_KEY_ROUTE) {
		enum gf_hint spy = b->backend == OG_GF_PYROSCOPE ? spy_hint(value) : GF_HINT_NONE;
		b->hint = spy > b->hint ? spy : b->hint;
		return;
	}
	uint8_t had = b->rank[l->key];
	if (had && had <= l->rank)
		return;
	b->rank[l->key] = l->rank;
	b->row.key[l->key] = l->kind ? workload(b, l->kind, value) : value;
}

static const struct gf_label *wanted(struct gf_rows *b, struct og_sv name)
{
	const struct gf_label *l = find(b, name);
	return l && l->backends & GF_BIT(b->backend) ? l : NULL;
}

void gf_rows_label(struct gf_rows *b, struct og_sv name, struct og_sv value)
{
	const struct gf_label *l = wanted(b, name);
	if (l)
		add(b, l, value);
}

void gf_rows_label_raw(struct gf_rows *b, struct og_sv name, struct og_jval value)
{
	const struct gf_label *l = wanted(b, name);
	if (l)
		add(b, l, og_jstr_or_empty(value, b->a));
}

void gf_rows_end(struct gf_rows *b, double value, int64_t last_s)
{
	static const struct og_sv routes[] = {
		[GF_HINT_NONE] = {NULL, 0},
		[GF_HINT_STDOUT] = {"stdout", 6},
		[GF_HINT_EBPF] = {"ebpf", 4},
		[GF_HINT_SCRAPE] = {"scrape", 6},
		[GF_HINT_OTLP] = {"otlp", 4},
	};
	struct og_gf_rows *r = b->out;
	if (r->n == b->cap) {
		uint32_t cap = b->cap ? b->cap * 2 : 16;
		struct og_gf_row *v =
			og_arena_grow(b->a, r->v, b->cap * sizeof(*v), (size_t)cap * sizeof(*v));
		if (!v) {
			b->failed = true;
			return;
		}
		r->v = v;
		b->cap = cap;
	}
	b->row.key[OG_GF_KEY_ROUTE] = routes[b->hint];
	b->row.value = value;
	b->row.last_s = last_s;
	r->v[r->n++] = b->row;
}
