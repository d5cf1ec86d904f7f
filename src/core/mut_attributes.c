/* SPDX-License-Identifier: Apache-2.0 */
/*
 * OTEL_RESOURCE_ATTRIBUTES, by the OpenTelemetry rules for Kubernetes (semantic-conventions
 * docs/non-normative/k8s-attributes.md).
 */
#include "plan-priv.h"

#include "otelgate/codec/percent.h"
#include "otelgate/kobj/image.h"

enum { MAX_ATTRS = 128 };

struct og_attrs {
	struct og_attr v[MAX_ATTRS];
	uint32_t n;
	bool lost;
};

/* First come, first served: callers add in order of precedence. */
static void add_attr(struct og_mut *m, struct og_attrs *as, const char *key, struct og_sv k,
	struct og_sv value, bool reference)
{
	if (key)
		k = og_svz(key);
	if (!value.n || og_mut_disabled(m, k))
		return;
	for (uint32_t i = 0; i < as->n; i++)
		if (og_sv_eq(as->v[i].key, k))
			return;
	if (as->n == MAX_ATTRS) {
		as->lost = true;
		return;
	}
	as->v[as->n++] = (struct og_attr){k, value, reference, false};
}

static void refuse(
	struct og_mut *m, struct og_sv key, enum og_level level, const char *id, const char *why)
{
	if (!m->noted_refused)
		og_mut_finding(m, id,
			og_mut_fmt(m, "%s %.*s", og_level_name(level), OG_SV_ARG(key)), "%s", why);
}

static void from_annotations(struct og_mut *m, struct og_attrs *as)
{
	struct og_layer ls[OG_MAX_LAYERS];
	uint32_t n = og_mut_layers(m, ls);
	for (uint32_t l = 0; l < n; l++)
		for (uint32_t i = 0; i < ls[l].kvs->n; i++) {
			struct og_sv key = ls[l].kvs->v[i].key, attr = og_mut_attribute_of(key);
			if (!attr.n)
				continue;
			if (og_mut_misplaced(attr, ls[l].level))
				refuse(m, key, ls[l].level, "OG201",
					"it would give many pods one name, so it is read nearer to them only");
			else if (og_sv_is(attr, "otelgate.revision"))
				refuse(m, key, ls[l].level, "OG203",
					"otelgate sets this attribute itself");
			else if (!og_sv_is(attr, "service.name")) /* has a variable of its own */
				add_attr(m, as, NULL, attr, og_sv_trim(ls[l].kvs->v[i].value),
					false);
		}
	m->noted_refused = true;
}

/* tag@digest, digest, or tag: the order of the attribute rules. */
static struct og_sv image_version(struct og_mut *m)
{
	struct og_image im;
	if (!m->pc->c.image.n || og_image_parse(m->pc->c.image, &im, NULL))
		return og_sv("", 0);
	if (im.tag.n && im.digest.n)
		return og_mut_fmt(m, "%.*s@%.*s", OG_SV_ARG(im.tag), OG_SV_ARG(im.digest));
	return im.digest.n ? im.digest : im.tag;
}

static void from_owners(struct og_mut *m, struct og_attrs *as)
{
	const struct og_facts *f = &m->plan->facts;
	for (uint32_t i = 0; i < f->nowners; i++) {
		const struct og_object_facts *o = &f->owners[i];
		const struct og_workload_kind *k = og_workload_kind(o->group, o->kind);
		if (!k || !k->attribute)
			continue;
		uint32_t before = as->n;
		add_attr(m, as, k->attribute, og_sv("", 0), o->name, false);
		if (as->n > before)
			as->v[before].passing = i + 1 < f->nowners; /* it has an owner itself */
		before = as->n;
		if (m->profile->sdk.add_uids)
			add_attr(m, as, k->uid_attribute, og_sv("", 0), o->uid, false);
		if (as->n > before)
			as->v[before].passing = true; /* not known offline */
	}
}

/* <namespace>.<pod>.<container>, encoded but for our own references */
static struct og_sv instance_id(struct og_mut *m, struct og_sv ns, bool ns_known, struct og_sv pod)
{
	struct og_buf *b = &m->scratch;
	og_buf_reset(b);
	if (ns_known)
		og_percent_encode(b, ns);
	else
		og_buf_sv(b, ns);
	og_buf_ch(b, '.');
	og_buf_sv(b, pod);
	og_buf_ch(b, '.');
	og_percent_encode(b, m->pc->c.name);
	struct og_sv s = b->failed ? og_sv(NULL, 0) : og_arena_sv(m->a, og_buf_view(b));
	m->oom |= s.p == NULL;
	m->large |= b->full;
	return s;
}

static void computed(struct og_mut *m, struct og_attrs *as)
{
	struct og_sv ns = m->plan->facts.namespace_name;
	bool ns_known = ns.n > 0;
	if (!ns_known)
		ns = og_mut_ref_pod_namespace(m); /* offline, and nobody said: the kubelet knows */
	struct og_sv version = og_mut_label(m, OG_SV("app.kubernetes.io/version"));
	add_attr(m, as, "service.namespace", og_sv("", 0), ns, !ns_known);
	add_attr(m, as, "service.version", og_sv("", 0), version.n ? version : image_version(m),
		false);
	struct og_sv pod = og_mut_ref_pod_name(m);
	if (pod.n && ns.n)
		add_attr(m, as, "service.instance.id", og_sv("", 0),
			instance_id(m, ns, ns_known, pod), true);
	add_attr(m, as, "k8s.namespace.name", og_sv("", 0), ns, !ns_known);
	add_attr(m, as, "k8s.container.name", og_sv("", 0), m->pc->c.name, false);
	add_attr(m, as, "k8s.pod.name", og_sv("", 0), pod, true);
	add_attr(m, as, "k8s.node.name", og_sv("", 0), og_mut_ref_node_name(m), true);
	if (m->profile->sdk.add_uids)
		add_attr(m, as, "k8s.pod.uid", og_sv("", 0), og_mut_ref_pod_uid(m), true);
	from_owners(m, as);
	add_attr(m, as, "k8s.cluster.name", og_sv("", 0), m->stack->cluster_name, false);
}

static void from_profile(struct og_mut *m, struct og_attrs *as)
{
	const struct og_kvs *kvs = &m->profile->sdk.resource_attributes;
	for (uint32_t i = 0; i < kvs->n; i++)
		if (!og_sv_is(kvs->v[i].key, "service.name"))
			add_attr(m, as, NULL, kvs->v[i].key, kvs->v[i].value, false);
}

/* By key; passing ones last, so that the part the revision covers is the beginning. */
static bool follows(const struct og_attr *a, const struct og_attr *b)
{
	if (a->passing != b->passing)
		return a->passing;
	return og_sv_cmp(a->key, b->key) > 0;
}

static void sort_attrs(struct og_attrs *as)
{
	for (uint32_t i = 1; i < as->n; i++) {
		struct og_attr x = as->v[i];
		uint32_t k = i;
		while (k > 0 && follows(&as->v[k - 1], &x)) {
			as->v[k] = as->v[k - 1];
			k--;
		}
		as->v[k] = x;
	}
}

/*
 * A "$(" without its ")" would take the first of ours for its end, and with it the reference that
 * stands there (kubelet, third_party/forked/golang/expansion: "$$" is a dollar sign).
 */
static bool open_reference(struct og_sv text)
{
	for (size_t i = 0; i + 1 < text.n; i++) {
		if (text.p[i] != '$')
			continue;
		if (text.p[i + 1] == '(') {
			struct og_sv rest = og_sv(text.p + i + 2, text.n - i - 2);
			size_t end = og_sv_chr(rest, ')');
			if (end == rest.n)
				return true;
			i += 2 + end;
		} else {
			i++; /* "$$", or a dollar sign that starts nothing */
		}
	}
	return false;
}

/*
 * What the user wrote must be something SDKs accept before anything is added to it: key=value
 * pairs, no second '=', whole percent escapes. An item that is one $(VAR) may be anything.
 */
static const char *malformed(struct og_sv text)
{
	struct og_sv rest = text, item;
	if (open_reference(text))
		return "a \"$(\" has no \")\" (write $$( for the text itself)";
	while (og_sv_split(&rest, ',', &item)) {
		item = og_sv_trim(item);
		bool has_ref = og_sv_has(item, OG_SV("$("));
		size_t eq = og_sv_chr(item, '=');
		if (eq == item.n) {
			if (has_ref)
				continue;
			return item.n ? "an item has no \"=\"" : "an item is empty";
		}
		if (eq == 0)
			return "an item has no key";
		struct og_sv value = og_sv(item.p + eq + 1, item.n - eq - 1);
		if (og_sv_chr(value, '=') < value.n)
			return "a value holds a bare \"=\" (write %3D)";
		if (og_percent_decode(og_sv(item.p, eq), NULL, NULL))
			return "a key holds a \"%\" that starts no escape (write %25)";
		if (og_percent_decode(value, NULL, NULL))
			return "a value holds a \"%\" that starts no escape (write %25)";
	}
	return NULL;
}

static bool mark_revision(struct og_mut *m, char *at)
{
	if (m->nrevision_at == m->cap_revision_at) {
		uint32_t cap = m->cap_revision_at ? m->cap_revision_at * 2 : 16;
		char **p = og_arena_grow(
			m->a, m->revision_at, m->cap_revision_at * sizeof(*p), cap * sizeof(*p));
		if (!p) {
			m->oom = true;
			return false;
		}
		m->revision_at = p;
		m->cap_revision_at = cap;
	}
	m->revision_at[m->nrevision_at++] = at;
	return true;
}

static const char revision_place[] = "000000000000";

/* Writes the list into `b`; *ret_rev gets the offset of the revision's digits or SIZE_MAX. */
static void write_attrs(struct og_mut *m, const struct og_attrs *as, struct og_buf *b,
	size_t *ret_rev, size_t *ret_stable)
{
	*ret_rev = SIZE_MAX;
	*ret_stable = 0;
	bool merging = b->len > 0;
	bool first = !merging || b->p[b->len - 1] == ',';
	for (uint32_t i = 0; i < as->n; i++) {
		const struct og_attr *at = &as->v[i];
		if (merging && og_mut_user_attr(m, at->key).p)
			continue; /* the user's value stands, and is not repeated */
		if (at->passing && !*ret_stable)
			*ret_stable = b->len;
		if (!first)
			og_buf_ch(b, ',');
		first = false;
		og_percent_encode(b, at->key);
		og_buf_ch(b, '=');
		if (at->is_reference && og_sv_is(at->key, "otelgate.revision"))
			*ret_rev = b->len;
		if (at->is_reference)
			og_buf_sv(b, at->value);
		else
			og_percent_encode(b, at->value);
	}
}

static void plan_attrs(struct og_mut *m, const struct og_attrs *as)
{
	struct og_sv var = OG_SV("OTEL_RESOURCE_ATTRIBUTES");
	const struct og_user_env *u = og_mut_user(m, var);
	struct og_sv base = u && u->has_value ? u->value : og_sv("", 0);
	struct og_buf *b = &m->scratch;
	og_buf_reset(b);
	og_buf_sv(b, base);
	size_t rev, stable;
	write_attrs(m, as, b, &rev, &stable);
	char *text = b->failed ? NULL : og_arena_strndup(m->a, b->p ? b->p : "", b->len);
	size_t n = b->len;
	if (!text) {
		m->oom = true;
		m->large |= b->full;
		return;
	}
	if (u) {
		if (!og_mut_merge(m, OG_FROM_IDENTITY, var, OG_SV(""), OG_SV(""), OG_SV("")))
			return;
		og_mut_planned(m, var)->value = og_sv(text, n);
	} else if (!n || !og_mut_env(m, OG_ENV_ADD_LAST, OG_FROM_IDENTITY, var, og_sv(text, n))) {
		return;
	}
	og_mut_planned(m, var)->stable_len = (uint32_t)stable;
	if (rev != SIZE_MAX)
		(void)mark_revision(m, text + rev);
}

void og_mut_attributes(struct og_mut *m)
{
	struct og_sv var = OG_SV("OTEL_RESOURCE_ATTRIBUTES");
	const struct og_user_env *u = og_mut_user(m, var);
	const char *why;
	if (!og_mut_can_merge(m, var, &why)) {
		og_mut_env_off(m, OG_FROM_IDENTITY, var, why);
		if (!og_mut_disabled(m, var))
			og_mut_finding(m, "OG305", og_mut_place_env(m, var),
				"%s; the k8s attributes and otelgate.revision are not added", why);
		return;
	}
	if (u && u->value.n && (why = malformed(u->value))) {
		og_mut_env_off(m, OG_FROM_IDENTITY, var, "the container's own value is malformed");
		og_mut_finding(m, "OG317", og_mut_place_env(m, var),
			"%s; SDKs drop the whole variable, so nothing is added to it", why);
		return;
	}
	struct og_attrs *as = m->attrs ? m->attrs : og_arena_alloc(m->a, sizeof(*as));
	if (!as) {
		m->oom = true;
		return;
	}
	m->attrs = as; /* one for all containers of the pod */
	as->n = 0;
	as->lost = false;
	from_annotations(m, as);
	computed(m, as);
	from_profile(m, as);
	add_attr(m, as, "otelgate.revision", og_sv("", 0), og_svz(revision_place), true);
	if (as->lost)
		og_mut_finding(m, "OG317", og_mut_place_env(m, var),
			"more than %d attributes; the last ones are left out", MAX_ATTRS);
	sort_attrs(as);
	plan_attrs(m, as);
}

struct og_sv og_mut_revision_text(struct og_mut *m, const char *prefix)
{
	struct og_sv s = og_mut_fmt(m, "%s%s", prefix, revision_place);
	if (!s.n)
		return s;
	union {
		const char *in;
		char *out;
	} at = {.in = s.p + s.n - OG_REVISION_DIGITS}; /* our own arena text */
	(void)mark_revision(m, at.out);
	return s;
}
