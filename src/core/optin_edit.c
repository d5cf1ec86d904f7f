/* SPDX-License-Identifier: Apache-2.0 */
/* The annotations of one pod template, as they are and as they are to be. */
#include "otelgate/core/optin_edit.h"

#include "otelgate/base/mem.h"
#include "otelgate/codec/jpatch.h"
#include "otelgate/codec/jptr.h"
#include "otelgate/codec/jwrite.h"

static void compare(struct og_jval annotations, const char *key, struct og_sv to, bool clear,
	struct og_arena *arena, struct og_optin_edit *e)
{
	struct og_jval now = og_jget(annotations, og_svz(key));
	struct og_optin_change c = {.key = key,
		.was = !og_jis(now, OG_J_ABSENT),
		.is = !clear,
		.from = og_jstr_or_empty(now, arena),
		.to = to};

	if (clear ? !c.was : !to.n || (og_jis(now, OG_J_STRING) && og_sv_eq(c.from, to)))
		return;
	e->changes[e->n++] = c;
}

static int no_template(const struct og_workload_kind *k, struct og_jval object, struct og_err *err)
{
	struct og_jval ref = og_jpath(object, "spec", "workloadRef", NULL);

	if (!k)
		return og_err_set(err, OG_E_UNSUPPORTED, "its kind makes no pods");
	if (og_jis(ref, OG_J_OBJECT))
		return og_err_set(err, OG_E_UNSUPPORTED,
			"its pod template is that of the workload in spec.workloadRef: opt that in");
	return og_err_set(err, OG_E_UNSUPPORTED, "it has no pod template");
}

int og_optin_edit(struct og_jval object, const struct og_optin_ask *ask, struct og_arena *arena,
	struct og_optin_edit *ret, struct og_err *err)
{
	const struct og_workload_kind *k = og_workload_kind_of(object);
	struct og_jval tmpl = k ? og_workload_template(k, object) : OG_JABSENT;
	struct og_jval meta = og_jgetl(tmpl, "metadata");
	struct og_jval annotations = og_jgetl(meta, "annotations");
	struct og_optin_edit e = {
		.kind = k, .no_meta = og_junset(meta), .no_annotations = og_junset(annotations)};

	if (!og_jis(tmpl, OG_J_OBJECT))
		return no_template(k, object, err);
	if ((!e.no_meta && !og_jis(meta, OG_J_OBJECT)) ||
		(!e.no_annotations && !og_jis(annotations, OG_J_OBJECT)))
		return og_err_set(
			err, OG_E_INVALID, "the annotations of its pod template are no map");
	compare(annotations, og_key_def(OG_KEY_INJECT)->name, ask->inject, ask->clear, arena, &e);
	compare(annotations, og_key_def(OG_KEY_SIGNALS)->name, ask->signals, ask->clear, arena, &e);
	if (arena->failed)
		return og_err_set(err, OG_E_OOM, "reading annotations");
	e.no_annotations_left = ask->clear && e.n && og_jcount(annotations) == e.n;
	e.no_meta_left = e.no_annotations_left && og_jcount(meta) == 1;
	*ret = e;
	return 0;
}

static void put_map(const struct og_optin_edit *e, struct og_buf *out)
{
	og_buf_ch(out, '{');
	for (uint32_t i = 0; i < e->n; i++) {
		if (i)
			og_buf_ch(out, ',');
		og_jw_str(out, og_svz(e->changes[i].key));
		og_buf_ch(out, ':');
		if (e->changes[i].is)
			og_jw_str(out, e->changes[i].to);
		else
			og_buf_lit(out, "null");
	}
	og_buf_ch(out, '}');
}

/* Without annotations there is nothing to take away, so all of the changes add. */
static void add_parent(const struct og_optin_edit *e, struct og_jpatch *p)
{
	og_auto_buf struct og_buf path = OG_BUF_INIT(0), value = OG_BUF_INIT(0);

	og_buf_fmt(
		&path, "%s/metadata%s", e->kind->template_path, e->no_meta ? "" : "/annotations");
	if (e->no_meta)
		og_buf_lit(&value, "{\"annotations\":");
	put_map(e, &value);
	if (e->no_meta)
		og_buf_ch(&value, '}');
	og_jpatch_add(p, og_buf_view(&path), og_buf_view(&value));
	p->out->failed |= path.failed || value.failed;
}

static void remove_parent(const struct og_optin_edit *e, struct og_jpatch *p)
{
	og_auto_buf struct og_buf path = OG_BUF_INIT(0);

	og_buf_fmt(&path, "%s/metadata%s", e->kind->template_path,
		e->no_meta_left ? "" : "/annotations");
	og_jpatch_remove(p, og_buf_view(&path));
	p->out->failed |= path.failed;
}

static void one_op(const struct og_optin_edit *e, uint32_t i, struct og_jpatch *p)
{
	og_auto_buf struct og_buf path = OG_BUF_INIT(0), value = OG_BUF_INIT(0);
	const struct og_optin_change *c = &e->changes[i];

	og_buf_fmt(&path, "%s/metadata/annotations", e->kind->template_path);
	og_jptr_add(&path, og_svz(c->key));
	og_jw_str(&value, c->to);
	if (!c->is)
		og_jpatch_remove(p, og_buf_view(&path));
	else if (c->was)
		og_jpatch_replace(p, og_buf_view(&path), og_buf_view(&value));
	else
		og_jpatch_add(p, og_buf_view(&path), og_buf_view(&value));
	p->out->failed |= path.failed || value.failed;
}

void og_optin_json_patch(const struct og_optin_edit *e, struct og_buf *out)
{
	struct og_jpatch p;

	og_jpatch_begin(&p, out);
	if (e->n && (e->no_meta || e->no_annotations))
		add_parent(e, &p);
	else if (e->no_annotations_left)
		remove_parent(e, &p);
	else
		for (uint32_t i = 0; i < e->n; i++)
			one_op(e, i, &p);
	(void)og_jpatch_end(&p);
}

/* Members of the template's path, and metadata and annotations below it. */
static uint32_t path_of(const struct og_optin_edit *e, struct og_sv ret[8])
{
	struct og_sv rest = og_svz(e->kind->template_path), part;
	uint32_t n = 0;

	if (rest.n)
		rest = og_sv(rest.p + 1, rest.n - 1);
	while (n < 6 && og_sv_split(&rest, '/', &part))
		ret[n++] = part;
	ret[n++] = OG_SV("metadata");
	ret[n++] = OG_SV("annotations");
	return n;
}

void og_optin_merge_patch(const struct og_optin_edit *e, struct og_buf *out)
{
	struct og_sv path[8];
	uint32_t n = path_of(e, path);

	for (uint32_t i = 0; i < n; i++) {
		og_buf_ch(out, '{');
		og_jw_str(out, path[i]);
		og_buf_ch(out, ':');
	}
	put_map(e, out);
	for (uint32_t i = 0; i < n; i++)
		og_buf_ch(out, '}');
}

void og_optin_manifest(const struct og_optin_edit *e, unsigned indent, struct og_buf *out)
{
	struct og_sv path[8];
	uint32_t n = path_of(e, path);

	for (uint32_t i = 0; i < n; i++)
		og_buf_fmt(out, "%*s%.*s:\n", (int)(indent + 2 * i), "", OG_SV_ARG(path[i]));
	for (uint32_t i = 0; i < e->n; i++) {
		const struct og_optin_change *c = &e->changes[i];
		og_buf_fmt(out, "%*s%s%s:", (int)(indent + 2 * n), "", c->is ? "" : "# without ",
			c->key);
		if (c->is) {
			og_buf_ch(out, ' ');
			og_jw_str(out, c->to); /* "true" without quotes would be no string */
		}
		og_buf_ch(out, '\n');
	}
}

/* ---- who else writes it ---- */

/*
 * helm.sh/docs/chart_best_practices/labels; argo-cd docs/user-guide/resource_tracking.md;
 * fluxcd.io/flux/components/{kustomize,helm}; carvel.dev/kapp docs/apply; Config Sync's
 * annotations; rancher fleet's objectset labels.
 */
static const struct {
	bool label;
	const char *key, *value; /* value NULL = any, and the name is what it says */
	const char *tool, *thing;
	const char *name_key; /* an annotation with the name; NULL = the value */
} managers[] = {
	{true, "helm.toolkit.fluxcd.io/name", NULL, "Flux", "HelmRelease", NULL},
	{true, "kustomize.toolkit.fluxcd.io/name", NULL, "Flux", "Kustomization", NULL},
	{false, "argocd.argoproj.io/tracking-id", NULL, "Argo CD", "application", NULL},
	{true, "argocd.argoproj.io/instance", NULL, "Argo CD", "application", NULL},
	{false, "meta.helm.sh/release-name", NULL, "Helm", "release", NULL},
	{true, "app.kubernetes.io/managed-by", "Helm", "Helm", "release",
		"meta.helm.sh/release-name"},
	{false, "configmanagement.gke.io/managed", "enabled", "Config Sync", "repository",
		"config.k8s.io/owning-inventory"},
	{true, "kapp.k14s.io/app", NULL, "kapp", "app", NULL},
	{true, "objectset.rio.cattle.io/hash", NULL, "Fleet", "bundle",
		"objectset.rio.cattle.io/id"},
};

bool og_managed_by(const struct og_meta *m, struct og_managed_by *ret)
{
	for (size_t i = 0; i < OG_COUNT(managers); i++) {
		const struct og_kvs *in = managers[i].label ? &m->labels : &m->annotations;
		const struct og_sv *v = og_kvs_get(in, og_svz(managers[i].key));
		const struct og_sv *name = v;
		if (!v || (managers[i].value && !og_sv_eq(*v, og_svz(managers[i].value))))
			continue;
		if (managers[i].name_key)
			name = og_kvs_get(&m->annotations, og_svz(managers[i].name_key));
		*ret = (struct og_managed_by){
			managers[i].tool, managers[i].thing, name ? *name : OG_SV("")};
		/* "app:apps/Deployment:ns/name" */
		if (!strcmp(managers[i].key, "argocd.argoproj.io/tracking-id"))
			ret->name.n = og_sv_chr(ret->name, ':');
		return true;
	}
	if (!m->has_owner || og_workload_kind(m->owner.group, m->owner.kind))
		return false;
	*ret = (struct og_managed_by){"an operator", "owner", m->owner.name};
	return true;
}
