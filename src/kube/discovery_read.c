/* SPDX-License-Identifier: Apache-2.0 */
/* Answers of discovery, both forms: apidiscovery.k8s.io/v2 (KEP-3352) and meta/v1. */
#include "discovery-priv.h"

void disc_table_init(struct disc_table *t)
{
	*t = (struct disc_table){.nversions = 0};
	og_arena_init(&t->arena, 16 << 10, 16 << 20);
}

void disc_table_fini(struct disc_table *t)
{
	og_arena_fini(&t->arena);
}

/* A name that may become a part of a path. */
static bool is_name(struct og_sv s)
{
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];
		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
			    c == '-' || c == '.'))
			return false;
	}
	return s.n > 0 && s.n <= 253 && s.p[0] != '.';
}

static bool grow(struct disc_table *t, void **p, size_t n, size_t *cap, size_t size, size_t max)
{
	if (n < *cap)
		return true;
	size_t more = *cap ? *cap * 2 : 64;
	if (n >= max)
		return false;
	void *q = og_arena_grow(&t->arena, *p, *cap * size, more * size);
	if (!q)
		return false;
	*p = q;
	*cap = more;
	return true;
}

struct disc_version *disc_add_version(
	struct disc_table *t, struct og_sv group, struct og_sv version, bool known)
{
	void *p = t->versions;
	if (!grow(t, &p, t->nversions, &t->cap_versions, sizeof(*t->versions), DISC_VERSIONS))
		return NULL;
	t->versions = p;
	struct disc_version v = {
		og_arena_sv(&t->arena, group), og_arena_sv(&t->arena, version), known};
	if (!v.group.p || !v.version.p)
		return NULL;
	t->versions[t->nversions] = v;
	return &t->versions[t->nversions++];
}

static struct og_kube_api *add_api(struct disc_table *t, const struct disc_version *v,
	struct og_sv resource, struct og_sv kind)
{
	void *p = t->apis;
	if (!grow(t, &p, t->napis, &t->cap_apis, sizeof(*t->apis), DISC_RESOURCES))
		return NULL;
	t->apis = p;
	struct og_kube_api a = {.group = v->group,
		.version = v->version,
		.resource = og_arena_sv(&t->arena, resource),
		.kind = og_arena_sv(&t->arena, kind)};
	if (!a.resource.p || !a.kind.p)
		return NULL;
	t->apis[t->napis] = a;
	return &t->apis[t->napis++];
}

static int full(const struct disc_table *t, struct og_err *err)
{
	if (t->arena.failed && !t->arena.full)
		return og_err_set(err, OG_E_OOM, "no memory for the resources of the API server");
	return og_err_set(err, OG_E_LIMIT, "the API server has more resources than are accepted");
}

static bool has_verb(struct og_jval verbs, struct og_sv verb)
{
	og_jfor (it, verbs) {
		if (og_jstr_eq(it.val, verb))
			return true;
	}
	return false;
}

static struct og_sv text(struct disc_table *t, struct og_jval v)
{
	return og_jstr_or_empty(v, &t->arena);
}

/* Aggregated */

static int read_resource(
	struct disc_table *t, const struct disc_version *v, struct og_jval r, struct og_err *err)
{
	struct og_sv name = text(t, og_jgetl(r, "resource"));
	struct og_sv kind = text(t, og_jpath(r, "responseKind", "kind", NULL));
	if (!is_name(name) || !is_name(kind))
		return 0;
	struct og_kube_api *a = add_api(t, v, name, kind);
	if (!a)
		return full(t, err);
	a->namespaced = og_jstr_is(og_jgetl(r, "scope"), "Namespaced");
	a->can_watch = has_verb(og_jgetl(r, "verbs"), OG_SV("watch"));
	og_jfor (it, og_jgetl(r, "subresources")) {
		if (og_jstr_is(og_jgetl(it.val, "subresource"), "status"))
			a->has_status = true;
	}
	return 0;
}

static int read_aggregated(struct disc_table *t, struct og_jval root, struct og_err *err)
{
	og_jfor (g, og_jgetl(root, "items")) {
		struct og_sv group = text(t, og_jpath(g.val, "metadata", "name", NULL));
		if (group.n && !is_name(group))
			continue;
		og_jfor (v, og_jgetl(g.val, "versions")) {
			struct og_sv version = text(t, og_jgetl(v.val, "version"));
			if (!is_name(version))
				continue;
			bool stale = og_jstr_is(og_jgetl(v.val, "freshness"), "Stale");
			const struct disc_version *d = disc_add_version(t, group, version, !stale);
			if (!d)
				return full(t, err);
			const struct disc_version copy = *d;
			og_jfor (r, og_jgetl(v.val, "resources")) {
				int rc = read_resource(t, &copy, r.val, err);
				if (rc < 0)
					return rc;
			}
		}
	}
	return 0;
}

/* Classic */

static int read_group(struct disc_table *t, struct og_jval g, struct og_err *err)
{
	struct og_sv group = text(t, og_jgetl(g, "name"));
	struct og_sv first = text(t, og_jpath(g, "preferredVersion", "version", NULL));
	if (!is_name(group))
		return 0;
	if (is_name(first) && !disc_add_version(t, group, first, false))
		return full(t, err);
	og_jfor (v, og_jgetl(g, "versions")) {
		struct og_sv version = text(t, og_jgetl(v.val, "version"));
		if (!is_name(version) || og_sv_eq(version, first))
			continue;
		if (!disc_add_version(t, group, version, false))
			return full(t, err);
	}
	return 0;
}

static int read_classic(struct disc_table *t, struct og_jval root, bool core, struct og_err *err)
{
	int rc = 0;
	og_jfor (it, core ? og_jgetl(root, "versions") : og_jgetl(root, "groups")) {
		struct og_sv version = core ? text(t, it.val) : OG_SV("");
		if (!core)
			rc = read_group(t, it.val, err);
		else if (is_name(version) && !disc_add_version(t, OG_SV(""), version, false))
			rc = full(t, err);
		if (rc < 0)
			return rc;
	}
	return 0;
}

int disc_read_groups(
	struct disc_table *t, const struct og_jdoc *doc, enum disc_form *ret, struct og_err *err)
{
	struct og_jval root = og_jroot(doc), kind = og_jgetl(root, "kind");
	*ret = DISC_CLASSIC;
	if (og_jstr_is(kind, "APIGroupDiscoveryList")) {
		*ret = DISC_AGGREGATED;
		return read_aggregated(t, root, err);
	}
	if (og_jstr_is(kind, "APIGroupList"))
		return read_classic(t, root, false, err);
	if (og_jstr_is(kind, "APIVersions"))
		return read_classic(t, root, true, err);
	return og_err_set(err, OG_E_PARSE,
		"the answer to the question which resources exist is no list of API groups");
}

/* "deployments/status" belongs to "deployments", which may come before or after it. */
static bool status_of(struct og_jval list, struct og_sv resource)
{
	og_jfor (it, list) {
		struct og_sv raw = og_jraw(og_jgetl(it.val, "name"));
		if (raw.n == resource.n + strlen("\"/status\"") &&
			memcmp(raw.p + 1, resource.p, resource.n) == 0 &&
			memcmp(raw.p + 1 + resource.n, "/status", strlen("/status")) == 0)
			return true;
	}
	return false;
}

int disc_read_resources(struct disc_table *t, const struct og_jdoc *doc,
	const struct disc_version *v, struct og_err *err)
{
	struct og_jval root = og_jroot(doc), list = og_jgetl(root, "resources");
	const struct disc_version copy = *v;
	if (!og_jstr_is(og_jgetl(root, "kind"), "APIResourceList"))
		return og_err_set(err, OG_E_PARSE,
			"the answer to the question which resources exist is no list of them");
	if (og_jcount(list) > DISC_RESOURCES / 10)
		return full(t, err); /* looked through once per resource */
	og_jfor (it, list) {
		struct og_sv name = text(t, og_jgetl(it.val, "name"));
		struct og_sv kind = text(t, og_jgetl(it.val, "kind"));
		if (!is_name(name) || !is_name(kind))
			continue; /* subresources hold a '/' */
		struct og_kube_api *a = add_api(t, &copy, name, kind);
		if (!a)
			return full(t, err);
		a->namespaced = og_jis(og_jgetl(it.val, "namespaced"), OG_J_TRUE);
		a->can_watch = has_verb(og_jgetl(it.val, "verbs"), OG_SV("watch"));
		a->has_status = status_of(list, name);
	}
	return 0;
}

const struct og_kube_api *disc_find(const struct disc_table *t, struct og_sv group,
	struct og_sv version, struct og_sv name, bool *ret_unsure)
{
	*ret_unsure = false;
	for (size_t i = 0; i < t->nversions; i++) {
		const struct disc_version *v = &t->versions[i];
		if (!og_sv_eq(v->group, group) || (version.n && !og_sv_eq(v->version, version)))
			continue;
		*ret_unsure = *ret_unsure || !v->known;
		for (size_t j = 0; j < t->napis; j++) {
			const struct og_kube_api *a = &t->apis[j];
			if (og_sv_eq(a->group, group) && og_sv_eq(a->version, v->version) &&
				(og_sv_eq(a->resource, name) || og_sv_eq(a->kind, name)))
				return a;
		}
	}
	return NULL;
}
