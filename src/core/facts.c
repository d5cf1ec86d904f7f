/* SPDX-License-Identifier: Apache-2.0 */
/* Collecting the facts of a pod from a source, and inferring what the source does not know. */
#include "otelgate/core/facts.h"
#include "otelgate/kobj/workload.h"

static bool ask(const struct og_facts_source *src, struct og_sv group, struct og_sv kind,
	struct og_sv ns, struct og_sv name, struct og_arena *arena, struct og_object_facts *ret)
{
	*ret = (struct og_object_facts){.group = group, .kind = kind, .name = name};
	if (!src || !src->object || !name.n)
		return false;
	struct og_object_facts got = {0};
	if (!src->object(src->ctx, group, kind, ns, name, arena, &got))
		return false;
	*ret = got;
	ret->known = true;
	ret->group = group;
	ret->kind = kind;
	ret->name = name;
	return true;
}

/*
 * A ReplicaSet is named <workload>-<hash>, and its pods carry the hash as a label:
 * pod-template-hash for Deployments, rollouts-pod-template-hash for Argo Rollouts.
 */
static bool infer_owner(const struct og_object_facts *rs, const struct og_kvs *pod_labels,
	struct og_object_facts *ret)
{
	if (!og_sv_is(rs->kind, "ReplicaSet"))
		return false;
	const struct og_sv *hash = og_kvs_getl(pod_labels, "rollouts-pod-template-hash");
	bool rollout = hash != NULL;
	if (!hash)
		hash = og_kvs_getl(pod_labels, "pod-template-hash");
	if (!hash || !hash->n || rs->name.n <= hash->n + 1 || !og_sv_ends(rs->name, *hash) ||
		rs->name.p[rs->name.n - hash->n - 1] != '-')
		return false;
	*ret = (struct og_object_facts){
		.inferred = true,
		.group = rollout ? OG_SV("argoproj.io") : OG_SV("apps"),
		.kind = rollout ? OG_SV("Rollout") : OG_SV("Deployment"),
		.name = og_sv(rs->name.p, rs->name.n - hash->n - 1),
	};
	return true;
}

static void collect_chain(const struct og_facts_source *src, struct og_sv ns,
	const struct og_kvs *pod_labels, bool has_owner, struct og_owner owner,
	struct og_arena *arena, struct og_facts *f)
{
	while (has_owner && f->nowners < OG_FACTS_MAX_OWNERS) {
		struct og_object_facts *o = &f->owners[f->nowners++];
		if (!ask(src, owner.group, owner.kind, ns, owner.name, arena, o))
			o->inferred = true; /* the reference names it; nothing more is known */
		if (!o->uid.n)
			o->uid = owner.uid;
		if (o->known) {
			has_owner = o->has_owner;
			owner = o->owner;
			continue;
		}
		struct og_object_facts up;
		if (!infer_owner(o, pod_labels, &up))
			return;
		has_owner = true;
		owner = (struct og_owner){.group = up.group, .kind = up.kind, .name = up.name};
	}
}

/*
 * A ReplicaSet's annotations are copies of its Deployment's or Rollout's, made by the controller,
 * which adds and changes but never removes (kubernetes pkg/controller/deployment/util
 * copyDeploymentAnnotationsToReplicaSet): what was taken off the Deployment is still there. Where
 * the original is known, the copy says nothing.
 */
static void drop_copies(struct og_facts *f)
{
	for (uint32_t i = 0; i + 1 < f->nowners; i++)
		if (og_sv_is(f->owners[i].kind, "ReplicaSet") && f->owners[i + 1].known)
			f->owners[i].annotations = (struct og_kvs){0};
}

void og_facts_collect(const struct og_facts_source *source, struct og_sv ns,
	const struct og_meta *pod, struct og_arena *arena, struct og_facts *ret)
{
	*ret = (struct og_facts){.namespace_name = ns, .source = source};
	(void)ask(source, OG_SV(""), OG_SV("Namespace"), OG_SV(""), ns, arena, &ret->ns);
	collect_chain(source, ns, &pod->labels, pod->has_owner, pod->owner, arena, ret);
	drop_copies(ret);
}

int og_facts_of_workload(const struct og_facts_source *source, struct og_jval object,
	struct og_sv default_ns, struct og_arena *arena, struct og_facts *ret, struct og_err *err)
{
	struct og_meta m;
	int rc = og_meta_read(object, arena, &m, err);
	if (rc)
		return rc;
	struct og_sv ns = m.ns.n ? m.ns : default_ns;
	const struct og_workload_kind *k = og_workload_kind_of(object);
	if (k && k->template_path[0] == '\0') {
		og_facts_collect(source, ns, &m, arena, ret);
		return 0;
	}
	*ret = (struct og_facts){.namespace_name = ns, .source = source};
	(void)ask(source, OG_SV(""), OG_SV("Namespace"), OG_SV(""), ns, arena, &ret->ns);
	struct og_sv api = og_jstr_or_empty(og_jgetl(object, "apiVersion"), arena);
	/* the Jobs of a CronJob get what jobTemplate.metadata says; their names are made later */
	struct og_jval job = og_jpath(object, "spec", "jobTemplate", NULL);
	struct og_meta jm;
	if (k && og_sv_is(og_svz(k->kind), "CronJob")) {
		if ((rc = og_meta_read(job, arena, &jm, err)))
			return rc;
		ret->owners[ret->nowners++] = (struct og_object_facts){
			.known = true,
			.group = OG_SV("batch"),
			.kind = OG_SV("Job"),
			.labels = jm.labels,
			.annotations = jm.annotations,
		};
	}
	ret->owners[ret->nowners++] = (struct og_object_facts){
		.known = true,
		.group = og_api_group(api),
		.kind = og_jstr_or_empty(og_jgetl(object, "kind"), arena),
		.name = m.name.n ? m.name : m.generate_name,
		.uid = m.uid,
		.labels = m.labels,
		.annotations = m.annotations,
	};
	collect_chain(source, ns, &m.labels, m.has_owner, m.owner, arena, ret);
	drop_copies(ret);
	return 0;
}

static bool same_object(const struct og_facts_objects *set, struct og_jval v, struct og_sv group,
	struct og_sv kind, struct og_sv ns, struct og_sv name, struct og_arena *arena)
{
	struct og_jval meta = og_jgetl(v, "metadata");
	if (!og_jstr_eq(og_jgetl(v, "kind"), kind) || !og_jstr_eq(og_jgetl(meta, "name"), name))
		return false;
	struct og_sv api = og_jstr_or_empty(og_jgetl(v, "apiVersion"), arena);
	if (!og_sv_eq(og_api_group(api), group))
		return false;
	if (!ns.n)
		return true; /* cluster-scoped, or nobody said */
	struct og_jval own = og_jgetl(meta, "namespace");
	return og_junset(own) ? !set->default_ns.n || og_sv_eq(ns, set->default_ns)
			      : og_jstr_eq(own, ns);
}

static bool objects_object(void *ctx, struct og_sv group, struct og_sv kind, struct og_sv ns,
	struct og_sv name, struct og_arena *arena, struct og_object_facts *ret)
{
	const struct og_facts_objects *set = ctx;
	for (uint32_t i = 0; i < set->n; i++) {
		struct og_meta m;
		if (!same_object(set, set->objects[i], group, kind, ns, name, arena))
			continue;
		if (og_meta_read(set->objects[i], arena, &m, NULL))
			return false;
		ret->uid = m.uid;
		ret->labels = m.labels;
		ret->annotations = m.annotations;
		ret->has_owner = m.has_owner;
		ret->owner = m.owner;
		return true;
	}
	return false;
}

static bool objects_config_map(void *ctx, struct og_sv ns, struct og_sv name,
	struct og_arena *arena, struct og_config_map_facts *ret)
{
	const struct og_facts_objects *set = ctx;
	for (uint32_t i = 0; i < set->n; i++) {
		if (!same_object(
			    set, set->objects[i], OG_SV(""), OG_SV("ConfigMap"), ns, name, arena))
			continue;
		struct og_jval data = og_jgetl(set->objects[i], "data");
		uint32_t n = og_jcount(data);
		struct og_sv *keys = og_arena_new_n(arena, n ? n : 1, struct og_sv);
		if (!keys)
			return false;
		og_jfor (it, data)
			keys[it.index] = og_jstr_or_empty(it.key, arena);
		*ret = (struct og_config_map_facts){.known = true, .keys = keys, .nkeys = n};
		return true;
	}
	return false;
}

struct og_facts_source og_facts_from_objects(const struct og_facts_objects *set)
{
	union {
		const struct og_facts_objects *in;
		void *out;
	} ctx = {.in = set}; /* the functions only read it */
	return (struct og_facts_source){
		.object = objects_object,
		.config_map = objects_config_map,
		.ctx = ctx.out,
	};
}
