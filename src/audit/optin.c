/* SPDX-License-Identifier: Apache-2.0 */
/* Which workloads are to be opted in or out, and whether they can be. */
#include "otelgate/audit/optin.h"

#include "otelgate/base/mem.h"
#include "otelgate/codec/percent.h"

enum { ITEMS_MAX = 500, OWNERS_MAX = 4 };

struct finding {
	const struct og_audit_optin_opts *o;
	struct og_arena *arena;
	struct og_audit_optin_item *items;
	uint32_t n, cap;
};

static int ask(struct finding *f, const struct og_kube_request *r, struct og_kube_answer *ret,
	struct og_err *err)
{
	int code = og_kube_wait(f->o->session->kube, r, f->arena, ret, err);

	if (code < 0 && ret->http == 403 && ret->rule.n)
		return og_err_set(err, OG_E_INVALID, "%s\nThe right that is missing:\n%.*s",
			ret->err.msg, OG_SV_ARG(ret->rule));
	return code;
}

static struct og_kube_resource resource_of(
	const struct og_cluster_kind *k, struct og_sv ns, struct og_sv name)
{
	return (struct og_kube_resource){.group = og_svz(k->group),
		.version = og_svz(k->version),
		.resource = og_svz(k->resource),
		.ns = ns,
		.name = name};
}

/* ---- can it be changed? ---- */

static void refuse(struct finding *f, struct og_audit_optin_item *it, const char *why, char *fix)
{
	it->state = OG_OPTIN_REFUSED;
	it->why = og_svz(why);
	it->fix = og_svz(fix);
	f->arena->failed |= !why || !fix;
}

static char *line(struct finding *f, const struct og_cluster_kind *k, struct og_sv name)
{
	return og_arena_fmt(f->arena, "otelgate %s %s/%.*s -n %s", f->o->verb,
		og_arena_fmt(f->arena, "%.*s", (int)strlen(k->resource) - 1, k->resource),
		OG_SV_ARG(name), f->o->ns);
}

/* The top of the chain of Kubernetes' own workloads: that of a pod is its Deployment. What may not
 * be read ends it. */
static void top_owner(struct finding *f, struct og_audit_optin_item *it, struct og_owner *ret)
{
	*ret = it->meta.owner;
	for (int i = 0; i < OWNERS_MAX; i++) {
		const struct og_cluster_kind *k = og_cluster_kind(ret->group, ret->kind);
		struct og_kube_answer a = {0};
		struct og_meta m;
		if (!k || !og_workload_kind(ret->group, ret->kind))
			return;
		const struct og_kube_request r = {
			.verb = OG_KUBE_GET, .res = resource_of(k, it->ns, ret->name)};
		if (og_kube_wait(f->o->session->kube, &r, f->arena, &a, NULL) < 0 || !a.doc ||
			og_meta_read(og_jroot(a.doc), f->arena, &m, NULL) < 0 || !m.has_owner ||
			!og_workload_kind(m.owner.group, m.owner.kind))
			return;
		*ret = m.owner;
	}
}

static void refuse_owned(struct finding *f, struct og_audit_optin_item *it)
{
	struct og_owner top;

	top_owner(f, it, &top);
	const struct og_cluster_kind *k = og_cluster_kind(top.group, top.kind);
	refuse(f, it,
		og_arena_fmt(f->arena, "it is made by %.*s %.*s, whose pod template counts",
			OG_SV_ARG(top.kind), OG_SV_ARG(top.name)),
		k ? line(f, k, top.name)
		  : og_arena_fmt(f->arena, "annotate the pod template of %.*s %.*s",
			    OG_SV_ARG(top.kind), OG_SV_ARG(top.name)));
}

/* Kinds whose template cannot change any more. */
static const struct {
	const char *kind, *why, *fix;
} fixed[] = {
	{"Pod", "a pod is injected when it is made, and this one belongs to nobody who makes it anew",
		"annotate it in its manifest, delete it and create it again: otelgate %s -f FILE"},
	{"Job", "the pod template of a Job cannot be changed",
		"annotate it in its manifest, delete it and create it again: otelgate %s -f FILE"},
};

static bool is_fixed(struct finding *f, struct og_audit_optin_item *it)
{
	for (size_t i = 0; i < OG_COUNT(fixed); i++) {
		if (strcmp(it->kind->kind, fixed[i].kind) != 0)
			continue;
		struct og_sv fix = og_svz(fixed[i].fix);
		size_t at = og_sv_chr(fix, '%');
		refuse(f, it, fixed[i].why,
			og_arena_fmt(
				f->arena, "%.*s%s%s", (int)at, fix.p, f->o->verb, fix.p + at + 2));
		return true;
	}
	return false;
}

static int judge(struct finding *f, struct og_audit_optin_item *it, struct og_err *err)
{
	struct og_err why = OG_ERR_INIT;

	it->state = OG_OPTIN_CHANGES;
	it->managed = og_managed_by(&it->meta, &it->by);
	if (it->meta.has_owner && og_workload_kind(it->meta.owner.group, it->meta.owner.kind)) {
		refuse_owned(f, it);
		return 0;
	}
	if (is_fixed(f, it))
		return 0;
	int r = og_optin_edit(it->object, &f->o->ask, f->arena, &it->edit, &why);
	if (why.code == OG_E_OOM)
		return og_err_set(err, OG_E_OOM, "%s", why.msg);
	if (r < 0)
		refuse(f, it, og_arena_fmt(f->arena, "%s", why.msg), (char[]){""});
	else if (!it->edit.n)
		it->state = OG_OPTIN_ALREADY;
	else if (it->managed && !f->o->force)
		it->state = OG_OPTIN_MANAGED;
	return 0;
}

/* ---- which are they? ---- */

static int read_one(
	struct finding *f, const struct og_cluster_kind *k, struct og_sv name, struct og_err *err)
{
	struct og_kube_answer a = {0};
	const struct og_kube_request r = {
		.verb = OG_KUBE_GET, .res = resource_of(k, og_svz(f->o->ns), name)};
	int rc = ask(f, &r, &a, err);

	if (rc < 0)
		return a.http == 404 ? og_err_set(err, OG_E_NOT_FOUND,
					       "no %s is called \"%.*s\" in namespace %s", k->kind,
					       OG_SV_ARG(name), f->o->ns)
				     : rc;
	for (uint32_t i = 0; i < f->n; i++)
		if (f->items[i].kind == k && og_sv_eq(f->items[i].name, name))
			return 0; /* named twice */
	if (f->n == ITEMS_MAX)
		return og_err_set(
			err, OG_E_LIMIT, "more than %d workloads at once: name fewer", ITEMS_MAX);
	struct og_audit_optin_item *it = &f->items[f->n++];
	*it = (struct og_audit_optin_item){
		.kind = k, .ns = og_svz(f->o->ns), .name = name, .object = og_jroot(a.doc)};
	rc = og_meta_read(it->object, f->arena, &it->meta, err);
	if (rc == 0)
		rc = og_rollout_facts_read(it->object, f->arena, &it->rollout, err);
	it->uid = it->meta.uid;
	return rc < 0 ? rc : judge(f, it, err);
}

/* Of a list only the names are kept: its items do not say what they are. */
static int read_list(struct finding *f, const struct og_cluster_kind *k, struct og_err *err)
{
	og_auto_buf struct og_buf query = OG_BUF_INIT(16 << 10);
	struct og_kube_answer a = {0};
	struct og_kube_request r = {
		.verb = OG_KUBE_LIST, .res = resource_of(k, og_svz(f->o->ns), OG_SV(""))};

	if (f->o->selector) {
		og_buf_lit(&query, "labelSelector=");
		og_percent_encode(&query, og_svz(f->o->selector));
		r.query = og_buf_view(&query);
	}
	int rc = query.failed ? og_err_set(err, OG_E_LIMIT, "the selector is too long")
			      : ask(f, &r, &a, err);
	if (rc < 0)
		return rc;
	struct og_jval items = og_jgetl(og_jroot(a.doc), "items");
	og_jfor (it, items) {
		struct og_jval meta = og_jgetl(it.val, "metadata");
		struct og_sv name = og_jstr_or_empty(og_jgetl(meta, "name"), f->arena);
		/* What another workload makes is meant with that one. */
		struct og_meta m;
		rc = og_meta_read(it.val, f->arena, &m, err);
		if (rc == 0 && !(m.has_owner && og_workload_kind(m.owner.group, m.owner.kind)))
			rc = read_one(f, k, name, err);
		if (rc < 0)
			return rc;
	}
	return 0;
}

int og_audit_optin_find(const struct og_audit_optin_opts *o, struct og_arena *arena,
	struct og_audit_optin_item **ret, uint32_t *ret_n, struct og_err *err)
{
	struct finding f = {.o = o,
		.arena = arena,
		.items = og_arena_new_n(arena, ITEMS_MAX, struct og_audit_optin_item)};
	int r = f.items ? 0 : og_err_set(err, OG_E_OOM, "reading workloads");

	for (size_t i = 0; i < o->ntargets && r == 0; i++) {
		const struct og_audit_target *t = &o->targets[i];
		const struct og_cluster_kind *k =
			og_cluster_kind(og_svz(t->group), og_svz(t->kind));
		if (!k)
			r = og_err_set(err, OG_E_USAGE, "say its kind: deployment/%.*s",
				OG_SV_ARG(t->name));
		else
			r = t->name.n ? read_one(&f, k, t->name, err) : read_list(&f, k, err);
	}
	if (r == 0 && arena->failed)
		r = og_err_set(err, OG_E_OOM, "reading workloads");
	*ret = f.items;
	*ret_n = f.n;
	return r;
}
