/* SPDX-License-Identifier: Apache-2.0 */
/* Missed admissions among the pods of the store. */
#include <stdio.h>
#include <string.h>
#include "cluster-priv.h"
#include "otelgate/base/mem.h"
#include "otelgate/base/parse.h"
#include "otelgate/cluster/projections.h"

int cluster_written_project(void *ctx, struct og_jval object, struct og_arena *scratch,
	struct og_buf *extra, struct og_err *err)
{
	int64_t s = og_optin_written_s(object);

	(void)ctx, (void)scratch;
	if (s)
		og_buf_fmt(extra, "%lld", (long long)s);
	return extra->failed ? og_err_set(err, OG_E_OOM, "keeping an object") : 1;
}

int cluster_registration_project(void *ctx, struct og_jval object, struct og_arena *scratch,
	struct og_buf *extra, struct og_err *err)
{
	(void)ctx, (void)scratch;
	og_buf_sv(extra, og_jraw(object));
	return extra->failed ? og_err_set(err, OG_E_OOM, "keeping the registration") : 1;
}

static int64_t written(const struct og_record *r)
{
	struct og_cluster_extra extra;
	int64_t s = 0;

	if (og_cluster_extra_read(r->extra, &extra))
		return extra.written_s;
	return r->extra.n && og_parse_i64(r->extra, 0, INT64_MAX, &s, NULL) == 0 ? s : 0;
}

/* What all pods of one walk have in common. */
struct walk {
	struct og_cluster *c;
	struct og_cluster_config *config;
	struct og_registration registration;
	bool registration_seen, config_unknown;
	struct og_cluster_facts facts;
	struct og_facts_source source;
};

/* creationTimestamp of the profile with that name. */
static int64_t profile_created_s(void *ctx, struct og_sv name)
{
	struct walk *w = ctx;
	struct cluster_watch *cw =
		cluster_watch_of(w->c, OG_SV("otelgate.dev"), OG_SV("TelemetryProfile"));
	struct og_record r;
	int64_t s = 0;

	if (!cw)
		return 0;
	og_store_read_begin(cw->store);
	if (og_store_get(cw->store, OG_SV(""), name, &r))
		s = r.created_s;
	og_store_read_end(cw->store);
	return s;
}

static int64_t written_at(struct og_cluster *c, struct og_sv group, struct og_sv kind,
	struct og_sv ns, struct og_sv name)
{
	struct cluster_watch *cw = cluster_watch_of(c, group, kind);
	struct og_record r;
	int64_t s = 0;

	if (!cw || !name.n)
		return 0;
	og_store_read_begin(cw->store);
	if (og_store_get(cw->store, cw->kind->namespaced ? ns : OG_SV(""), name, &r))
		s = written(&r);
	og_store_read_end(cw->store);
	return s;
}

/* The registration, copied out of its store and parsed. Not seen: its watch has never answered, or
 * may not look. */
static int read_registration(struct walk *w, struct og_arena *a, struct og_err *err)
{
	struct cluster_watch *cw = cluster_watch_of(
		w->c, OG_SV("admissionregistration.k8s.io"), OG_SV("MutatingWebhookConfiguration"));
	struct og_record r;
	struct og_sv text = {0};
	struct og_jdoc doc;

	if (!cw || !og_store_synced(cw->store))
		return 0;
	w->registration_seen = true;
	og_store_read_begin(cw->store);
	if (og_store_get(cw->store, OG_SV(""), og_svz(w->c->registration), &r))
		text = og_arena_sv(a, r.extra);
	og_store_read_end(cw->store);
	if (!text.n)
		return 0;
	int rc = og_jdoc_parse(&doc, a, text, NULL, err);
	if (rc == 0)
		rc = og_registration_read(og_jroot(&doc), a, &w->registration, err);
	return rc < 0 ? og_err_wrap(err, "MutatingWebhookConfiguration %s", w->c->registration) : 0;
}

/* Forbidden or out of reach, unlike a cluster that has no such objects or kinds. */
static bool config_unknown(struct og_cluster *c)
{
	for (size_t i = 0; i < c->nwatches; i++) {
		struct og_watch_info info;
		if (c->watches[i].kind->part != OG_CLUSTER_CONFIG)
			continue;
		og_watch_info(c->watches[i].watch, &info);
		if (info.state != OG_WATCH_ABSENT && !og_store_synced(c->watches[i].store))
			return true;
	}
	return false;
}

static int walk_begin(struct walk *w, struct og_cluster *c, struct og_arena *a, struct og_err *err)
{
	*w = (struct walk){.c = c, .facts = {.c = c}};
	w->source = og_cluster_facts_source(&w->facts);
	w->config = og_cluster_config(c);
	w->config_unknown = config_unknown(c);
	return read_registration(w, a, err);
}

/*
 * The earliest of the owners: a ReplicaSet gets its Deployment's annotations from the controller,
 * whose change may be older than the last one of whoever wrote them on the Deployment.
 */
static int64_t owners_written(struct og_cluster *c, const struct og_facts *f)
{
	int64_t earliest = 0;

	for (uint32_t i = 0; i < f->nowners; i++) {
		const struct og_object_facts *o = &f->owners[i];
		int64_t s = written_at(c, o->group, o->kind, f->namespace_name, o->name);
		if (s && (!earliest || s < earliest))
			earliest = s;
	}
	return earliest;
}

static int judge(struct walk *w, const struct og_meta *pod, int64_t created_s, int64_t written_s,
	struct og_jval object, struct og_arena *a, struct og_cluster_missed *ret,
	struct og_err *err)
{
	struct og_missed_input in = {.config = w->config ? w->config->config : NULL,
		.config_unknown = w->config_unknown,
		.pod = pod,
		.created_s = created_s,
		.object = object,
		.registration = w->registration_seen ? &w->registration : NULL,
		.written_s = {[OG_LEVEL_TEMPLATE] = written_s},
		.profile_created_s = profile_created_s,
		.ctx = w};

	*ret = (struct og_cluster_missed){.ns = pod->ns, .pod = pod->name, .created_s = created_s};
	og_facts_collect(&w->source, pod->ns, pod, a, &in.facts);
	if (in.facts.nowners) {
		const struct og_object_facts *top = &in.facts.owners[in.facts.nowners - 1];
		ret->owner_group = top->group;
		ret->owner_kind = top->kind;
		ret->owner_name = top->name;
		ret->owner_uid = top->uid;
		in.written_s[OG_LEVEL_WORKLOAD] = owners_written(w->c, &in.facts);
	}
	in.written_s[OG_LEVEL_NAMESPACE] =
		written_at(w->c, OG_SV(""), OG_SV("Namespace"), OG_SV(""), pod->ns);
	return og_missed_judge(&in, a, &ret->verdict, err);
}

/* The next pod that is neither injected nor on its way out. */
static bool next_pod(struct og_store *s, const char *ns, uint32_t *at, struct og_arena *a,
	struct og_meta *pod, int64_t *created_s, int64_t *written_s, bool *oom)
{
	struct og_record r;
	bool found = false;

	og_store_read_begin(s);
	while (!found && og_store_next(s, at, &r)) {
		if (r.deleting || (ns && !og_sv_eq(r.ns, og_svz(ns))) ||
			og_record_label(&r, OG_SV("otelgate.dev/revision")).n)
			continue;
		found = true;
		*created_s = r.created_s;
		*written_s = written(&r);
		/* The views live as long as the record, which only this thread can end. */
		*oom = og_record_meta(&r, a, pod, NULL) < 0;
	}
	og_store_read_end(s);
	return found;
}

int og_cluster_missed(struct og_cluster *c, const char *ns, uint32_t *at, uint32_t max,
	int (*row)(void *ctx, const struct og_cluster_missed *m), void *ctx, struct og_err *err)
{
	struct og_store *pods = og_cluster_store(c, OG_SV(""), OG_SV("Pod"));
	og_auto_arena struct og_arena fixed = {0}, each = {0};
	struct walk w;
	struct og_meta pod;
	int64_t created, written_s;
	uint32_t looked = 0;
	bool oom = false;

	og_arena_init(&fixed, 0, 0);
	og_arena_init(&each, 0, 0);
	if (!pods)
		return og_err_set(err, OG_E_BUG, "the pods are not watched");
	int r = walk_begin(&w, c, &fixed, err);
	while (r == 0 && (!max || looked < max)) {
		struct og_cluster_missed m;
		if (!next_pod(pods, ns, at, &each, &pod, &created, &written_s, &oom)) {
			*at = 0;
			break;
		}
		looked++;
		if (oom)
			r = og_err_set(err, OG_E_OOM, "judging a pod");
		else
			r = judge(
				&w, &pod, created, written_s, (struct og_jval){0}, &each, &m, err);
		if (r == 0 && m.verdict.what != OG_MISSED_NOT)
			r = row(ctx, &m);
		og_arena_reset(&each);
	}
	og_cluster_config_unref(w.config);
	return r;
}

int og_cluster_missed_pod(struct og_cluster *c, struct og_jval pod, struct og_arena *arena,
	struct og_cluster_missed *ret, struct og_err *err)
{
	struct walk w;
	struct og_meta meta;
	int64_t ns = 0;
	int r = walk_begin(&w, c, arena, err);

	if (r == 0)
		r = og_meta_read(pod, arena, &meta, err);
	if (r == 0) {
		struct og_sv created = og_jstr_or_empty(
			og_jpath(pod, "metadata", "creationTimestamp", NULL), arena);
		if (created.n && og_parse_rfc3339(created, &ns, NULL) < 0)
			ns = 0;
		r = judge(
			&w, &meta, ns / OG_NS_PER_S, og_optin_written_s(pod), pod, arena, ret, err);
	}
	og_cluster_config_unref(w.config);
	return r;
}
