/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who is speaking: OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES by the OpenTelemetry rules for
 * Kubernetes (semantic-conventions docs/non-normative/k8s-attributes.md).
 */
#include "plan-priv.h"

#include "otelgate/base/mem.h"
#include "otelgate/codec/percent.h"
#include "otelgate/kobj/image.h"

#define ATTR_PREFIX "resource.opentelemetry.io/"

enum { MAX_ATTRS = 128 };

struct attrs {
	struct og_attr v[MAX_ATTRS];
	uint32_t n;
	bool lost;
};

/* First come, first served: callers add in order of precedence. */
static void add_attr(struct og_mut *m, struct attrs *as, const char *key, struct og_sv k,
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
	as->v[as->n++] = (struct og_attr){k, value, reference};
}

static struct og_sv annotation(const struct og_mut *m, struct og_sv attr)
{
	const struct og_kvs *kvs = &m->plan->meta.annotations;
	for (uint32_t i = 0; i < kvs->n; i++) {
		struct og_sv k = kvs->v[i].key;
		if (og_sv_starts(k, OG_SV(ATTR_PREFIX)) &&
			og_sv_eq(og_sv(k.p + sizeof(ATTR_PREFIX) - 1,
					 k.n - (sizeof(ATTR_PREFIX) - 1)),
				attr))
			return og_sv_trim(kvs->v[i].value);
	}
	return og_sv("", 0);
}

static struct og_sv label(const struct og_mut *m, struct og_sv key)
{
	const struct og_sv *v = m->profile->sdk.use_labels ? og_kvs_get(&m->plan->meta.labels, key)
							   : NULL;
	return v ? *v : og_sv("", 0);
}

/* --- helpers: downward API values that others refer to -------------------------------------- */

/* A helper variable under its usual name, and under a second one in case the first is taken. */
struct helper {
	struct og_sv name, ref, json;
};
#define HELPER(n, field)                                                                          \
	{                                                                                         \
		{n, sizeof(n) - 1}, {"$(" n ")", sizeof("$(" n ")") - 1},                         \
		{                                                                                 \
			"{\"name\":\"" n "\",\"valueFrom\":{\"fieldRef\":{\"fieldPath\":\"" field \
			"\"}}}",                                                                  \
				sizeof("{\"name\":\"" n                                           \
				       "\",\"valueFrom\":{\"fieldRef\":{\"fieldPath\":\"" field   \
				       "\"}}}") -                                                 \
					1                                                         \
		}                                                                                 \
	}

/*
 * Plans a helper and returns "$(NAME)". The usual name may be taken by the user, defined too late
 * for our references; then the second is used, and with both taken the reference is "".
 */
static struct og_sv reference(struct og_mut *m, struct og_sv *cached, const struct helper both[2])
{
	for (int i = 0; i < 2 && !cached->n; i++)
		if (!og_mut_user(m, both[i].name) && !og_mut_disabled(m, both[i].name) &&
			!og_mut_planned(m, both[i].name) &&
			og_mut_env_json(
				m, OG_ENV_ADD_FIRST, OG_FROM_HELPER, both[i].name, both[i].json))
			*cached = both[i].ref;
	return *cached;
}

static struct og_sv pod_name(struct og_mut *m)
{
	static const struct helper both[] = {
		HELPER("OTEL_RESOURCE_ATTRIBUTES_POD_NAME", "metadata.name"),
		HELPER("OTELGATE_POD_NAME", "metadata.name")};
	return reference(m, &m->pod_name_ref, both);
}

static struct og_sv node_name(struct og_mut *m)
{
	static const struct helper both[] = {
		HELPER("OTEL_RESOURCE_ATTRIBUTES_NODE_NAME", "spec.nodeName"),
		HELPER("OTELGATE_NODE_NAME", "spec.nodeName")};
	return reference(m, &m->node_name_ref, both);
}

static struct og_sv pod_uid(struct og_mut *m)
{
	static const struct helper both[] = {
		HELPER("OTEL_RESOURCE_ATTRIBUTES_POD_UID", "metadata.uid"),
		HELPER("OTELGATE_POD_UID", "metadata.uid")};
	return reference(m, &m->pod_uid_ref, both);
}

static struct og_sv pod_namespace(struct og_mut *m)
{
	static const struct helper both[] = {
		HELPER("OTEL_RESOURCE_ATTRIBUTES_NAMESPACE", "metadata.namespace"),
		HELPER("OTELGATE_NAMESPACE", "metadata.namespace")};
	return reference(m, &m->namespace_ref, both);
}

/* Does any value of this container hold "$(NAME)"? Most hold no '$' at all. */
static bool value_refers(struct og_sv value, struct og_sv needle)
{
	return og_sv_chr(value, '$') < value.n && og_sv_has(value, needle);
}

static bool refers(const struct og_mut *m, struct og_sv needle)
{
	for (uint32_t i = 0; i < m->pc->nenv; i++)
		if (m->pc->env[i].origin != OG_FROM_IDENTITY &&
			value_refers(m->pc->env[i].value, needle))
			return true;
	for (uint32_t i = 0; i < m->nuser; i++)
		if (value_refers(m->user[i].value, needle))
			return true;
	return false;
}

/* The operator's names for node-local collectors: only when something refers to them. */
void og_mut_helpers(struct og_mut *m)
{
	static const struct helper ips[] = {
		HELPER("OTEL_NODE_IP", "status.hostIP"), HELPER("OTEL_POD_IP", "status.podIP")};
	for (size_t i = 0; i < OG_COUNT(ips); i++)
		if (refers(m, ips[i].ref))
			(void)og_mut_env_json(
				m, OG_ENV_ADD_FIRST, OG_FROM_HELPER, ips[i].name, ips[i].json);
}

/* --- service.name --------------------------------------------------------------------------- */

/* The name of the owner that the rules put first; unknown kinds count after all known ones. */
static struct og_sv owner_name(const struct og_mut *m)
{
	const struct og_facts *f = &m->plan->facts;
	struct og_sv best = og_sv("", 0);
	unsigned rank = 1000;
	for (uint32_t i = 0; i < f->nowners; i++) {
		const struct og_object_facts *o = &f->owners[i];
		const struct og_workload_kind *k = og_workload_kind(o->group, o->kind);
		unsigned r = k ? k->name_rank : 80;
		if (o->name.n && r <= rank) {
			rank = r;
			best = o->name;
		}
	}
	return best;
}

static struct og_sv natural_name(const struct og_mut *m, const char **ret_note)
{
	struct og_sv v = annotation(m, OG_SV("service.name"));
	*ret_note = "annotation " ATTR_PREFIX "service.name";
	if (!v.n) {
		v = label(m, OG_SV("app.kubernetes.io/instance"));
		*ret_note = "label app.kubernetes.io/instance";
	}
	if (!v.n) {
		v = label(m, OG_SV("app.kubernetes.io/name"));
		*ret_note = "label app.kubernetes.io/name";
	}
	if (!v.n) {
		v = owner_name(m);
		*ret_note = "name of the workload";
	}
	if (!v.n) {
		v = m->plan->meta.name;
		*ret_note = "name of the pod";
	}
	if (!v.n && m->plan->meta.generate_name.n) {
		v = m->plan->meta.generate_name;
		while (v.n && v.p[v.n - 1] == '-')
			v.n--;
		*ret_note = "generateName of the pod";
	}
	if (!v.n) {
		v = m->pc->c.name;
		*ret_note = "name of the container";
	}
	return v;
}

/* The value of one key inside the user's OTEL_RESOURCE_ATTRIBUTES; {NULL, 0} when absent. */
static struct og_sv user_attr(const struct og_mut *m, struct og_sv key)
{
	const struct og_user_env *u = og_mut_user(m, OG_SV("OTEL_RESOURCE_ATTRIBUTES"));
	struct og_sv rest = u && u->has_value ? u->value : og_sv("", 0), item;
	while (og_sv_split(&rest, ',', &item)) {
		item = og_sv_trim(item);
		size_t eq = og_sv_chr(item, '=');
		if (eq < item.n && og_sv_eq(og_sv_trim(og_sv(item.p, eq)), key))
			return og_sv(item.p + eq + 1, item.n - eq - 1);
	}
	return og_sv(NULL, 0);
}

void og_mut_service_name(struct og_mut *m)
{
	struct og_sv var = OG_SV("OTEL_SERVICE_NAME");
	const char *note;
	struct og_sv name = natural_name(m, &note);
	struct og_sv by_user = user_attr(m, OG_SV("service.name"));
	const struct og_user_env *u = og_mut_user(m, var);
	if (u) {
		m->pc->service_name = u->has_value ? u->value : og_sv("", 0);
		(void)og_mut_env(m, OG_ENV_ADD_LAST, OG_FROM_IDENTITY, var, name);
		return;
	}
	if (by_user.n) {
		/* OTEL_SERVICE_NAME would outrank it by the SDK rules */
		m->pc->service_name = by_user;
		og_mut_env_off(m, OG_FROM_IDENTITY, var,
			"service.name in the container's OTEL_RESOURCE_ATTRIBUTES stands");
		return;
	}
	m->pc->service_name = name;
	if (og_mut_env(m, OG_ENV_ADD_LAST, OG_FROM_IDENTITY, var, og_mut_escape_dollar(m, name)))
		og_mut_planned(m, var)->note = og_svz(note);
}

/* --- resource attributes --------------------------------------------------------------------- */

static void from_annotations(struct og_mut *m, struct attrs *as)
{
	const struct og_kvs *kvs = &m->plan->meta.annotations;
	for (uint32_t i = 0; i < kvs->n; i++) {
		struct og_sv k = kvs->v[i].key;
		if (!og_sv_starts(k, OG_SV(ATTR_PREFIX)))
			continue;
		struct og_sv key =
			og_sv(k.p + sizeof(ATTR_PREFIX) - 1, k.n - sizeof(ATTR_PREFIX) + 1);
		if (!og_sv_is(key, "service.name")) /* has a variable of its own */
			add_attr(m, as, NULL, key, og_sv_trim(kvs->v[i].value), false);
	}
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

static void from_owners(struct og_mut *m, struct attrs *as)
{
	const struct og_facts *f = &m->plan->facts;
	for (uint32_t i = 0; i < f->nowners; i++) {
		const struct og_object_facts *o = &f->owners[i];
		const struct og_workload_kind *k = og_workload_kind(o->group, o->kind);
		if (!k || !k->attribute)
			continue;
		add_attr(m, as, k->attribute, og_sv("", 0), o->name, false);
		if (m->profile->sdk.add_uids)
			add_attr(m, as, k->uid_attribute, og_sv("", 0), o->uid, false);
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

static void computed(struct og_mut *m, struct attrs *as)
{
	struct og_sv ns = m->plan->facts.namespace_name;
	bool ns_known = ns.n > 0;
	if (!ns_known)
		ns = pod_namespace(m); /* offline, and nobody said: the kubelet knows */
	struct og_sv version = label(m, OG_SV("app.kubernetes.io/version"));
	add_attr(m, as, "service.namespace", og_sv("", 0), ns, !ns_known);
	add_attr(m, as, "service.version", og_sv("", 0), version.n ? version : image_version(m),
		false);
	struct og_sv pod = pod_name(m);
	if (pod.n && ns.n)
		add_attr(m, as, "service.instance.id", og_sv("", 0),
			instance_id(m, ns, ns_known, pod), true);
	add_attr(m, as, "k8s.namespace.name", og_sv("", 0), ns, !ns_known);
	add_attr(m, as, "k8s.container.name", og_sv("", 0), m->pc->c.name, false);
	add_attr(m, as, "k8s.pod.name", og_sv("", 0), pod, true);
	add_attr(m, as, "k8s.node.name", og_sv("", 0), node_name(m), true);
	if (m->profile->sdk.add_uids)
		add_attr(m, as, "k8s.pod.uid", og_sv("", 0), pod_uid(m), true);
	from_owners(m, as);
	add_attr(m, as, "k8s.cluster.name", og_sv("", 0), m->stack->cluster_name, false);
}

static void from_profile(struct og_mut *m, struct attrs *as)
{
	const struct og_kvs *kvs = &m->profile->sdk.resource_attributes;
	for (uint32_t i = 0; i < kvs->n; i++)
		if (!og_sv_is(kvs->v[i].key, "service.name"))
			add_attr(m, as, NULL, kvs->v[i].key, kvs->v[i].value, false);
}

static void sort_attrs(struct attrs *as)
{
	for (uint32_t i = 1; i < as->n; i++) {
		struct og_attr x = as->v[i];
		uint32_t k = i;
		while (k > 0 && og_sv_cmp(as->v[k - 1].key, x.key) > 0) {
			as->v[k] = as->v[k - 1];
			k--;
		}
		as->v[k] = x;
	}
}

/*
 * What the user wrote must be something SDKs accept before anything is added to it: key=value
 * pairs, no second '=', whole percent escapes. An item that is one $(VAR) may be anything.
 */
static const char *malformed(struct og_sv text)
{
	struct og_sv rest = text, item;
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
static void write_attrs(struct og_mut *m, const struct attrs *as, struct og_buf *b, size_t *ret_rev)
{
	*ret_rev = SIZE_MAX;
	bool merging = b->len > 0;
	bool first = !merging || b->p[b->len - 1] == ',';
	for (uint32_t i = 0; i < as->n; i++) {
		const struct og_attr *at = &as->v[i];
		if (merging && user_attr(m, at->key).p)
			continue; /* the user's value stands, and is not repeated */
		if (!first)
			og_buf_ch(b, ',');
		first = false;
		og_percent_encode(b, at->key);
		og_buf_ch(b, '=');
		if (og_sv_is(at->key, "otelgate.revision"))
			*ret_rev = b->len;
		if (at->is_reference)
			og_buf_sv(b, at->value);
		else
			og_percent_encode(b, at->value);
	}
}

static void plan_attrs(struct og_mut *m, const struct attrs *as)
{
	struct og_sv var = OG_SV("OTEL_RESOURCE_ATTRIBUTES");
	const struct og_user_env *u = og_mut_user(m, var);
	struct og_sv base = u && u->has_value ? u->value : og_sv("", 0);
	struct og_buf *b = &m->scratch;
	og_buf_reset(b);
	og_buf_sv(b, base);
	size_t rev;
	write_attrs(m, as, b, &rev);
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
	struct attrs *as = m->attrs ? m->attrs : og_arena_alloc(m->a, sizeof(*as));
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
