/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Clusters of any size at once: namespaces, nodes, Deployments with their ReplicaSets, and running
 * Pods as large as real ones. A third of each namespace's pods is in one Deployment, the rest in
 * groups of 120 and of 10 (kubernetes/community sig-scalability/slos/system_throughput.md).
 */
#include <stdio.h>
#include "otelgate/base/parse.h"
#include "sim/gen-priv.h"

int og_sim_gen_parse(struct og_sv text, struct og_sim_gen *ret, struct og_err *err)
{
	struct og_sim_gen g = {0};
	struct {
		const char *name;
		uint32_t *at, max;
	} keys[] = {
		{"pods", &g.pods, 1000000},
		{"namespaces", &g.namespaces, 100000},
		{"deployments", &g.deployments, 1000000},
		{"nodes", &g.nodes, 100000},
		{"pod-bytes", &g.pod_bytes, 1000000},
	};
	struct og_sv part;

	while (og_sv_split(&text, ',', &part)) {
		size_t eq = og_sv_chr(part, '=');
		struct og_sv key = og_sv(part.p, eq);
		struct og_sv val = eq < part.n ? og_sv(part.p + eq + 1, part.n - eq - 1)
					       : og_svz("");
		bool known = og_sv_is(key, "prefix") && val.n && val.n < sizeof(g.prefix);

		if (known)
			snprintf(g.prefix, sizeof(g.prefix), "%.*s", OG_SV_ARG(val));
		for (size_t i = 0; i < OG_COUNT(keys); i++)
			if (og_sv_eq(og_svz(keys[i].name), key) &&
				!og_parse_u32(val, 0, keys[i].max, keys[i].at, NULL))
				known = true;
		if (!known)
			return og_err_set(err, OG_E_USAGE,
				"generate: %.*s is none of pods, namespaces, deployments, nodes, "
				"pod-bytes, prefix with a value",
				OG_SV_ARG(key));
	}
	*ret = g;
	return 0;
}

uint64_t sim_gen_next(struct sim_gen *g)
{
	/* SplitMix64 (https://prng.di.unimi.it/splitmix64.c): the same cluster every time */
	uint64_t z = (g->seed += 0x9e3779b97f4a7c15ULL);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
	return z ^ (z >> 31);
}

void sim_gen_uid(struct sim_gen *g, char out[40])
{
	uint64_t a = sim_gen_next(g), b = sim_gen_next(g);

	snprintf(out, 40, "%08x-%04x-4%03x-%04x-%012llx", (unsigned)(a >> 32),
		(unsigned)(a >> 16) & 0xffffU, (unsigned)a & 0xfffU,
		(unsigned)((b >> 48) & 0x3fffU) | 0x8000U,
		(unsigned long long)(b & 0xffffffffffffULL));
}

void sim_gen_tail(struct sim_gen *g, char *out, int n)
{
	static const char letters[] = "bcdfghjklmnpqrstvwxz2456789";
	uint64_t r = sim_gen_next(g);

	for (int i = 0; i < n; i++, r /= sizeof(letters) - 1)
		out[i] = letters[r % (sizeof(letters) - 1)];
	out[n] = '\0';
}

/* Behind the last object, in whatever order; sorted at the end. */
bool sim_gen_append(struct sim_gen *g, struct sim_res *r, struct sim_obj *o)
{
	struct sim_coll *c = r->coll;

	if (!o)
		return false;
	if (c->n == c->cap) {
		size_t cap = c->cap ? c->cap * 2 : 1024;
		struct sim_obj **v = og_realloc(c->v, cap, sizeof(*v));

		if (!v) {
			sim_obj_unref(o);
			return false;
		}
		c->v = v;
		c->cap = cap;
	}
	c->v[c->n++] = o;
	g->s->rv = o->rv;
	return true;
}

static int by_key(const void *a, const void *b)
{
	const struct sim_obj *const *x = a, *const *y = b;

	return og_sv_cmp((*x)->key, (*y)->key);
}

/* Small objects go the usual way. */
static bool plain(struct sim_gen *g, struct sim_res *r, json_t *o)
{
	struct sim_obj *n = o ? sim_obj_new(r, o, g->s->rv + 1) : NULL;

	json_decref(o);
	return sim_gen_append(g, r, n);
}

static bool node(struct sim_gen *g, uint32_t i)
{
	char id[40];

	sim_gen_uid(g, id);
	return plain(g, g->nodes,
		json_pack("{s:{s:o,s:s,s:s,s:{s:s}},s:{},s:{s:{s:s,s:s,s:s},s:[{s:s,s:s}]}}",
			"metadata", "name", json_sprintf("%s-node-%05u", g->o.prefix, i), "uid", id,
			"creationTimestamp", g->now, "labels", "kubernetes.io/os", "linux", "spec",
			"status", "allocatable", "cpu", "32", "memory", "256Gi", "pods", "110",
			"conditions", "type", "Ready", "status", "True"));
}

static bool space(struct sim_gen *g, const char *name)
{
	char id[40];
	json_t *o;

	sim_gen_uid(g, id);
	o = json_pack("{s:{s:s,s:s,s:s}}", "metadata", "name", name, "uid", id, "creationTimestamp",
		g->now);
	sim_defaults(g->spaces, o);
	return plain(g, g->spaces, o);
}

static json_t *template_of(const struct sim_dep *d, bool with_hash)
{
	json_t *t = json_pack("{s:{s:{s:s}},s:{s:[{s:s,s:s}]}}", "metadata", "labels", "app",
		d->name, "spec", "containers", "name", "app", "image",
		"registry.example.org/team/app:1.2.3");

	if (with_hash)
		json_object_set_new(json_object_get(json_object_get(t, "metadata"), "labels"),
			"pod-template-hash", json_string(d->hash));
	return t;
}

static json_t *owner_ref(const char *version, const char *kind, const char *name, const char *id)
{
	return json_pack("{s:s,s:s,s:s,s:s,s:b,s:b}", "apiVersion", version, "kind", kind, "name",
		name, "uid", id, "controller", 1, "blockOwnerDeletion", 1);
}

static json_t *meta_of(struct sim_gen *g, const struct sim_dep *d, const char *name, const char *id)
{
	return json_pack("{s:s,s:s,s:s,s:s,s:i,s:{s:s},s:{s:s}}", "name", name, "namespace", d->ns,
		"uid", id, "creationTimestamp", g->now, "generation", 1, "labels", "app", d->name,
		"annotations", "deployment.kubernetes.io/revision", "1");
}

static bool workload(struct sim_gen *g, struct sim_dep *d)
{
	json_t *dep, *set, *tmpl;

	sim_gen_uid(g, d->uid);
	sim_gen_uid(g, d->set_uid);
	dep = json_pack("{s:o,s:{s:i,s:{s:{s:s}},s:o},s:{s:i,s:i,s:i,s:i,s:i}}", "metadata",
		meta_of(g, d, d->name, d->uid), "spec", "replicas", (int)d->pods, "selector",
		"matchLabels", "app", d->name, "template", template_of(d, false), "status",
		"observedGeneration", 1, "replicas", (int)d->pods, "updatedReplicas", (int)d->pods,
		"readyReplicas", (int)d->pods, "availableReplicas", (int)d->pods);
	sim_defaults(g->deps, dep);
	tmpl = json_object_get(json_object_get(dep, "spec"), "template");
	sim_ctl_hash(tmpl, d->hash);
	snprintf(d->set, sizeof(d->set), "%s-%s", d->name, d->hash);
	set = json_pack("{s:o,s:{s:i,s:{s:{s:s,s:s}},s:o},s:{s:i,s:i,s:i,s:i}}", "metadata",
		meta_of(g, d, d->set, d->set_uid), "spec", "replicas", (int)d->pods, "selector",
		"matchLabels", "app", d->name, "pod-template-hash", d->hash, "template",
		json_deep_copy(tmpl), "status", "observedGeneration", 1, "replicas", (int)d->pods,
		"readyReplicas", (int)d->pods, "availableReplicas", (int)d->pods);
	json_object_set_new(
		json_object_get(
			json_object_get(json_object_get(json_object_get(set, "spec"), "template"),
				"metadata"),
			"labels"),
		"pod-template-hash", json_string(d->hash));
	json_object_set_new(json_object_get(json_object_get(set, "metadata"), "labels"),
		"pod-template-hash", json_string(d->hash));
	json_object_set_new(json_object_get(set, "metadata"), "ownerReferences",
		json_pack("[o]", owner_ref("apps/v1", "Deployment", d->name, d->uid)));
	return plain(g, g->deps, dep) && plain(g, g->sets, set);
}

static uint32_t share_of(const struct sim_gen *g, uint32_t pods, uint32_t made, uint32_t per_ns)
{
	uint32_t left = pods - made;
	uint32_t size;

	if (g->o.deployments) {
		size = per_ns;
		return size && size < left ? size : left;
	}
	if (made == 0)
		size = pods / 3 ? pods / 3 : 1;
	else
		size = made < pods * 2 / 3 && left >= 120 ? 120 : 10;
	return size < left ? size : left;
}

static bool one_namespace(struct sim_gen *g, uint32_t i, uint32_t pods)
{
	uint32_t per = g->o.deployments ? g->o.deployments / g->o.namespaces : 0, made = 0, k = 0;
	uint32_t each = per ? (pods + per - 1) / per : 0;
	char ns[96];

	snprintf(ns, sizeof(ns), "%s-%05u", g->o.prefix, i);
	if (!space(g, ns))
		return false;
	while (made < pods || (per && k < per)) {
		struct sim_dep d = {.pods = share_of(g, pods, made, each)};

		snprintf(d.name, sizeof(d.name), "app-%05u", k++);
		snprintf(d.ns, sizeof(d.ns), "%s", ns);
		if (!workload(g, &d))
			return false;
		for (uint32_t p = 0; p < d.pods; p++)
			if (!sim_gen_pod(g, &d, g->o.nodes))
				return false;
		made += d.pods;
	}
	return true;
}

static void defaults(struct og_sim_gen *o)
{
	if (!o->pods)
		o->pods = 1000;
	if (!o->namespaces)
		o->namespaces = (o->pods + 249) / 250;
	if (!o->nodes)
		o->nodes = (o->pods + 99) / 100;
	if (!o->pod_bytes)
		o->pod_bytes = 9500;
	if (!*o->prefix)
		memcpy(o->prefix, "load", 5);
}

/* In order, and without history: watches from before have to list again. */
static void settle(struct sim_gen *g)
{
	struct sim_res *all[] = {g->pods, g->sets, g->deps, g->nodes, g->spaces};

	for (size_t i = 0; i < OG_COUNT(all); i++) {
		struct sim_coll *c = all[i]->coll;

		qsort(c->v, c->n, sizeof(struct sim_obj *), by_key);
		sim_snap_unref(c->snap);
		c->snap = NULL;
	}
	sim_compact_locked(g->s);
}

int og_sim_generate(struct og_sim *s, const struct og_sim_gen *gen, struct og_err *err)
{
	struct sim_gen g = {.s = s, .o = *gen, .seed = 42, .filler = OG_BUF_INIT(0)};
	bool ok = true;

	defaults(&g.o);
	sim_now(g.now);
	pthread_mutex_lock(&s->mu);
	g.pods = sim_res_by_name(s, "pods");
	g.sets = sim_res_by_name(s, "replicasets.apps");
	g.deps = sim_res_by_name(s, "deployments.apps");
	g.nodes = sim_res_by_name(s, "nodes");
	g.spaces = sim_res_by_name(s, "namespaces");
	sim_gen_fill(&g);
	for (uint32_t i = 0; ok && i < g.o.nodes; i++)
		ok = node(&g, i);
	for (uint32_t i = 0; ok && i < g.o.namespaces; i++) {
		uint64_t from = (uint64_t)g.o.pods * i / g.o.namespaces;
		uint64_t to = (uint64_t)g.o.pods * (i + 1) / g.o.namespaces;

		ok = one_namespace(&g, i, (uint32_t)(to - from));
	}
	settle(&g);
	pthread_mutex_unlock(&s->mu);
	og_buf_fini(&g.filler);
	return ok ? 0 : og_err_set(err, OG_E_OOM, "generating %u pods", g.o.pods);
}
