/* SPDX-License-Identifier: Apache-2.0 */
/* What is kept of each object, and how they find one another. */
#include "collect-priv.h"

#include "otelgate/base/mem.h"
#include "otelgate/core/telemetry.h"

enum { KEY_BYTES = 2048, LIST_DEPTH = 4, PACK_BYTES = 64 << 10 };

static int oom(struct og_err *err)
{
	return og_err_set(err, OG_E_OOM, "reading objects");
}

/* Names repeat: each is kept once. */
static struct og_sv word(struct collect *c, struct og_sv s)
{
	return s.n ? og_intern_sv(&c->words, s) : OG_SV("");
}

static struct og_kvs keep_kvs(struct collect *c, struct og_kvs kvs)
{
	/* Written by kubectl, as long as the object itself, and no setting of anything. */
	static const struct og_sv last = {"kubectl.kubernetes.io/last-applied-configuration", 48};
	struct og_kv *v = og_arena_new_n(c->arena, (size_t)kvs.n + 1, struct og_kv);
	uint32_t n = 0;

	for (uint32_t i = 0; v && i < kvs.n; i++)
		if (!og_sv_eq(kvs.v[i].key, last))
			v[n++] = (struct og_kv){word(c, kvs.v[i].key), word(c, kvs.v[i].value)};
	return (struct og_kvs){v, n};
}

static bool key_of(char *buf, struct og_sv group, struct og_sv kind, struct og_sv ns,
	struct og_sv name, struct og_sv *ret)
{
	const struct og_sv parts[] = {group, kind, ns, name};
	return og_sv_key(buf, KEY_BYTES, parts, OG_COUNT(parts), '\n', ret);
}

struct kept *kept_find(const struct collect *c, struct og_sv group, struct og_sv kind,
	struct og_sv ns, struct og_sv name)
{
	char buf[KEY_BYTES];
	struct og_sv key;

	return key_of(buf, group, kind, ns, name, &key) ? og_map_get(&c->by_name, key) : NULL;
}

static int add(struct collect *c, struct kept *k, struct og_err *err)
{
	char buf[KEY_BYTES];
	struct og_sv key;

	if (c->last)
		c->last->next = k;
	else
		c->first = k;
	c->last = k;
	c->nkept++;
	if (key_of(buf, k->group, k->kind, k->ns, k->name, &key) && k->name.n &&
		!og_map_set(&c->by_name, key, k))
		return oom(err);
	if (k->uid.n && !og_map_set(&c->by_uid, k->uid, k))
		return oom(err);
	return 0;
}

static struct kept *new_kept(struct collect *c, struct og_sv group, struct og_sv kind,
	const struct og_meta *m, struct og_sv place)
{
	struct kept *k = og_arena_new(c->arena, struct kept);

	if (!k)
		return NULL;
	*k = (struct kept){.group = word(c, group),
		.kind = word(c, kind),
		.ns = word(c, m->ns),
		.name = word(c, m->name.n ? m->name : m->generate_name),
		.uid = og_arena_sv(c->arena, m->uid),
		.source = og_arena_sv(c->arena, place),
		.labels = keep_kvs(c, m->labels),
		.annotations = keep_kvs(c, m->annotations),
		.has_owner = m->has_owner,
		.owner = {word(c, m->owner.group), word(c, m->owner.kind), word(c, m->owner.name),
			og_arena_sv(c->arena, m->owner.uid)}};
	return k;
}

/* ---- the object again, as short as the engine needs it ---- */

static void write_metadata(struct og_buf *b, struct og_jval meta)
{
	static const char *const names[] = {"name", "generateName", "namespace", "uid", "labels",
		"annotations", "ownerReferences", "generation", "creationTimestamp"};
	bool any = false;

	og_buf_lit(b, "\"metadata\":{");
	for (size_t i = 0; i < OG_COUNT(names); i++) {
		struct og_jval v = og_jget(meta, og_svz(names[i]));
		if (og_junset(v))
			continue;
		og_buf_fmt(b, "%s\"%s\":", any ? "," : "", names[i]);
		og_buf_sv(b, og_jraw(v));
		any = true;
	}
	og_buf_ch(b, '}');
}

static struct og_sv keep_object(struct collect *c, struct og_jval v)
{
	og_auto_buf struct og_buf b = OG_BUF_INIT(OG_AUDIT_OBJECT_BYTES);

	og_buf_lit(&b, "{\"apiVersion\":");
	og_buf_sv(&b, og_jraw(og_jgetl(v, "apiVersion")));
	og_buf_lit(&b, ",\"kind\":");
	og_buf_sv(&b, og_jraw(og_jgetl(v, "kind")));
	og_buf_ch(&b, ',');
	write_metadata(&b, og_jgetl(v, "metadata"));
	struct og_jval spec = og_jgetl(v, "spec");
	if (!og_junset(spec)) {
		og_buf_lit(&b, ",\"spec\":");
		og_buf_sv(&b, og_jraw(spec));
	}
	og_buf_ch(&b, '}');
	return b.failed ? og_sv(NULL, 0) : og_arena_sv(c->arena, og_buf_view(&b));
}

static int keep_facts(struct collect *c, struct og_jval v, struct kept *k, struct og_err *err)
{
	og_auto_buf struct og_buf b = OG_BUF_INIT(PACK_BYTES);
	struct og_rollout_facts f;

	if (!og_jcount(og_jgetl(v, "status")))
		return 0;
	int r = og_rollout_facts_read(v, &c->scratch, &f, err);
	if (r < 0)
		return r;
	og_rollout_facts_pack(&f, &b);
	k->facts = og_arena_sv(c->arena, og_buf_view(&b));
	return b.failed || !k->facts.p ? oom(err) : 0;
}

static int keep_keys(struct collect *c, struct og_jval v, struct kept *k, struct og_err *err)
{
	struct og_jval data = og_jgetl(v, "data");
	struct og_sv *keys = og_arena_new_n(c->arena, (size_t)og_jcount(data) + 1, struct og_sv);

	if (!keys)
		return oom(err);
	og_jfor (it, data)
		keys[k->nkeys++] = word(c, og_jstr_or_empty(it.key, &c->scratch));
	k->keys = keys;
	return 0;
}

/* ---- pods ---- */

static struct og_sv label(const struct og_meta *m, const char *key)
{
	const struct og_sv *v = og_kvs_get(&m->labels, og_svz(key));
	return v ? *v : OG_SV("");
}

/* The first pod of an owner is kept whole, in case that the owner itself is not there. */
static int keep_sample(struct collect *c, struct og_jval v, const struct og_meta *m,
	struct og_sv place, struct og_err *err)
{
	char buf[KEY_BYTES];
	struct og_sv key;
	bool added;

	if (!key_of(buf, m->owner.group, m->owner.kind, m->ns, m->owner.name, &key))
		return 0;
	struct og_map_entry *e = og_map_put(&c->samples, key, &added);
	if (!e)
		return oom(err);
	if (!added)
		return 0;
	struct kept *k = new_kept(c, OG_SV(""), OG_SV("Pod"), m, place);
	if (!k)
		return oom(err);
	k->of_pod = true;
	k->json = keep_object(c, v);
	e->value = k;
	return k->json.p ? 0 : oom(err);
}

static int keep_pod(struct collect *c, struct og_jval v, const struct og_meta *m,
	struct og_sv place, struct og_err *err)
{
	og_auto_buf struct og_buf b = OG_BUF_INIT(PACK_BYTES);
	struct kept_pod *p = og_arena_new(c->arena, struct kept_pod);
	struct og_pod_state s;

	if (!p)
		return oom(err);
	int r = og_pod_state_read(v, &c->scratch, &s, err);
	if (r < 0)
		return r;
	og_pod_state_pack(&s, &b);
	struct og_sv hash = label(m, "pod-template-hash");
	*p = (struct kept_pod){.name = og_arena_sv(c->arena, m->name),
		.ns = word(c, m->ns),
		.owner_kind = word(c, m->owner.kind),
		.owner_name = word(c, m->owner.name),
		.owner_uid = word(c, m->owner.uid),
		.hash = word(c, hash.n ? hash : label(m, "controller-revision-hash")),
		.revision = word(c, label(m, "otelgate.dev/revision")),
		.state = og_arena_sv(c->arena, og_buf_view(&b)),
		.created_s = s.created_s,
		.deleting = !og_junset(og_jpath(v, "metadata", "deletionTimestamp", NULL)),
		.next = c->pods};
	if (b.failed || !p->state.p)
		return oom(err);
	c->pods = p;
	c->npods++;
	return keep_sample(c, v, m, place, err);
}

/* ---- configuration ---- */

static int keep_config(struct collect *c, struct og_jval v, struct og_sv place, struct og_err *err)
{
	if (c->nconfig == OG_CONFIG_MAX_DOCUMENTS)
		return og_err_set(err, OG_E_LIMIT, "more than %d documents of configuration",
			OG_CONFIG_MAX_DOCUMENTS);
	if (c->nconfig == c->config_cap) {
		uint32_t cap = c->config_cap ? c->config_cap * 2 : 8;
		struct og_config_input *n = og_arena_new_n(c->arena, cap, struct og_config_input);
		if (!n)
			return oom(err);
		if (c->nconfig)
			memcpy(n, c->config, c->nconfig * sizeof(*n));
		c->config = n;
		c->config_cap = cap;
	}
	struct og_sv name = og_arena_sv(c->arena, place), text = og_arena_sv(c->arena, og_jraw(v));
	if (!name.p || !text.p)
		return oom(err);
	c->config[c->nconfig++] = (struct og_config_input){name.p, text};
	return 0;
}

/* ---- one object ---- */

static int keep_raw(struct collect *c, struct kept *k, struct og_jval v, struct og_err *err)
{
	k->json = og_junset(v) ? OG_SV("{}") : og_arena_sv(c->arena, og_jraw(v));
	return k->json.p ? 0 : oom(err);
}

/* An Argo Rollout may take the pod template of a Deployment, and has none of its own then. */
static bool borrows(struct og_jval v)
{
	struct og_jval spec = og_jgetl(v, "spec");
	return og_jis(og_jgetl(spec, "workloadRef"), OG_J_OBJECT) &&
	       og_junset(og_jgetl(spec, "template"));
}

static int keep_workload(struct collect *c, struct og_jval v, struct kept *k,
	const struct og_workload_kind *kind, struct og_err *err)
{
	if (borrows(v))
		return 0;
	k->workload = kind;
	int r = keep_facts(c, v, k, err);
	/* What a Deployment or CronJob makes is told by their own template. */
	bool made = k->has_owner && (og_sv_is(k->kind, "ReplicaSet") || og_sv_is(k->kind, "Job")) &&
		    (og_sv_is(k->owner.kind, "Deployment") || og_sv_is(k->owner.kind, "CronJob"));
	if (r < 0 || made)
		return r;
	k->json = keep_object(c, v);
	return k->json.p ? 0 : oom(err);
}

static const struct {
	const char *group, *kind, *member;
	size_t saw;
} raws[] = {
	{"networking.k8s.io", "NetworkPolicy", "spec", offsetof(struct collect, saw_policies)},
	{"", "Service", "spec", offsetof(struct collect, saw_services)},
	{"otelgate.dev", OG_TELEMETRY_KIND, "status", offsetof(struct collect, saw_status)},
};

static int keep(struct collect *c, struct og_jval v, struct og_sv group, struct og_sv kind,
	const struct og_meta *m, struct og_sv place, struct og_err *err)
{
	const struct og_workload_kind *w = og_workload_kind(group, kind);
	bool of_ours = og_sv_is(group, "otelgate.dev");
	const char *raw = NULL;

	if (of_ours && (og_sv_is(kind, "GrafanaStack") || og_sv_is(kind, "TelemetryProfile")))
		return keep_config(c, v, place, err);
	if (og_sv_is(kind, "Pod") && !group.n && m->has_owner)
		return keep_pod(c, v, m, place, err);
	for (size_t i = 0; i < OG_COUNT(raws); i++) {
		if (!og_sv_eq(group, og_svz(raws[i].group)) ||
			!og_sv_eq(kind, og_svz(raws[i].kind)))
			continue;
		raw = raws[i].member;
		*(bool *)((char *)c + raws[i].saw) = true;
	}
	bool map = !group.n && og_sv_is(kind, "ConfigMap");
	bool plain = !group.n && (og_sv_is(kind, "Namespace") || og_sv_is(kind, "Secret"));
	if (!w && !raw && !map && !plain)
		return 0;
	struct kept *k = new_kept(c, group, kind, m, place);
	if (!k || c->arena->failed)
		return oom(err);
	c->saw_secrets |= plain && og_sv_is(kind, "Secret");
	int r = w     ? keep_workload(c, v, k, w, err)
		: raw ? keep_raw(c, k, og_jget(v, og_svz(raw)), err)
		: map ? keep_keys(c, v, k, err)
		      : 0;
	return r < 0 ? r : add(c, k, err);
}

static struct og_sv place_of(struct collect *c, struct og_jval v, const struct where *w)
{
	uint32_t line = 1, col = 1;

	if (!w->doc)
		return og_svz(og_arena_fmt(&c->scratch, "%s item %u", w->name, w->item));
	og_source_position(w->doc, v, &line, &col);
	return og_svz(og_arena_fmt(&c->scratch, "%s:%u", w->name, w->line0 + line - 1));
}

static int one_object(struct collect *c, struct og_jval v, struct og_sv group, struct og_sv kind,
	struct og_sv place, struct og_err *err)
{
	struct og_meta m;
	int r = og_meta_read(v, &c->scratch, &m, err);

	if (r == 0 && !m.ns.n && !og_sv_is(kind, "Namespace"))
		m.ns = c->want->default_ns.n ? c->want->default_ns : OG_SV("default");
	if (r == 0)
		r = keep(c, v, group, kind, &m, place, err);
	return r < 0 && err->code != OG_E_OOM ? og_err_wrap(err, "%.*s", OG_SV_ARG(place)) : r;
}

/* NOLINTBEGIN(misc-no-recursion): depth is limited by LIST_DEPTH */
static int visit(struct collect *c, struct og_jval v, const struct where *w, unsigned depth,
	struct og_err *err);

/* Of a list, what is wrong with one object is no matter of the others. */
static int visit_items(struct collect *c, struct og_jval items, const struct where *w,
	unsigned depth, struct og_err *err)
{
	og_jfor (it, items) {
		struct og_err why = OG_ERR_INIT;
		if (visit(c, it.val, w, depth, &why) == 0)
			continue;
		if (why.code == OG_E_OOM)
			return oom(err);
		collect_problem(c, why.msg);
	}
	return 0;
}

static int visit(struct collect *c, struct og_jval v, const struct where *w, unsigned depth,
	struct og_err *err)
{
	struct og_sv kind = og_jstr_or_empty(og_jgetl(v, "kind"), &c->scratch);
	struct og_sv group = og_api_group(og_jstr_or_empty(og_jgetl(v, "apiVersion"), &c->scratch));
	struct og_jval items = og_jgetl(v, "items");

	if (og_junset(v))
		return 0; /* a document of comments alone */
	struct og_sv place = place_of(c, v, w);
	if (!og_jis(v, OG_J_OBJECT) || !kind.n || !og_jis(og_jgetl(v, "apiVersion"), OG_J_STRING))
		return og_err_set(err, OG_E_INVALID,
			"%.*s: this is no Kubernetes object: apiVersion or kind is missing",
			OG_SV_ARG(place));
	if (!og_sv_ends(kind, OG_SV("List")) || !og_jis(items, OG_J_ARRAY))
		return one_object(c, v, group, kind, place, err);
	if (depth >= LIST_DEPTH)
		return og_err_set(err, OG_E_LIMIT, "%.*s: lists nested deeper than %d",
			OG_SV_ARG(place), LIST_DEPTH);
	return visit_items(c, items, w, depth + 1, err);
}
/* NOLINTEND(misc-no-recursion) */

int collect_object(struct collect *c, struct og_jval v, const struct where *w, struct og_err *err)
{
	int r = visit(c, v, w, 0, err);
	if (r == 0 && (c->arena->failed || c->scratch.failed))
		return oom(err);
	return r;
}

/* ---- finding one another ---- */

static struct kept *owner_of(const struct collect *c, struct og_sv ns, struct og_sv uid,
	struct og_sv group, struct og_sv kind, struct og_sv name)
{
	struct kept *k = uid.n ? og_map_get(&c->by_uid, uid) : NULL;

	if (k)
		return k;
	k = kept_find(c, group, kind, ns, name);
	/* Of the same name, and another one that was made since. */
	return k && uid.n && k->uid.n ? NULL : k;
}

static struct kept *top_of(struct kept *k)
{
	for (int i = 0; i < OG_FACTS_MAX_OWNERS && k->parent && k->parent != k; i++)
		k = k->parent;
	return k;
}

static void give_pod(struct kept *k, struct kept_pod *p)
{
	p->next = k->pods;
	k->pods = p;
	k->npods++;
}

/* The workload of a pod whose owner is not there: made of that pod, under the name that it has by
 * its ReplicaSet's. */
static struct kept *stand_in(struct collect *c, const struct kept_pod *p, struct og_err *err)
{
	char buf[KEY_BYTES];
	struct og_sv key;
	struct kept *sample = NULL;
	struct og_sv group = OG_SV("apps"), kind = p->owner_kind, name = p->owner_name;

	if (og_sv_is(kind, "Job"))
		group = OG_SV("batch");
	if (og_sv_is(kind, "ReplicationController") || og_sv_is(kind, "Node"))
		group = OG_SV("");
	if (!key_of(buf, group, kind, p->ns, name, &key) ||
		!(sample = og_map_get(&c->samples, key)))
		return NULL;
	if (og_sv_is(kind, "ReplicaSet") && p->hash.n && name.n > p->hash.n + 1 &&
		og_sv_ends(name, p->hash)) {
		name.n -= p->hash.n + 1;
		kind = OG_SV("Deployment");
	}
	if (og_sv_is(kind, "Node"))
		return NULL; /* a static pod: nobody can opt it in */
	struct kept *k = kept_find(c, group, kind, p->ns, name);
	if (k)
		return k;
	k = og_arena_new(c->arena, struct kept);
	if (!k)
		return NULL;
	*k = *sample;
	k->group = word(c, group);
	k->kind = word(c, kind);
	k->name = word(c, name);
	k->uid = og_sv("", 0);
	k->next = NULL;
	k->workload = og_workload_kind(OG_SV(""), OG_SV("Pod"));
	return add(c, k, err) == 0 ? k : NULL;
}

static int join_pods(struct collect *c, struct og_err *err)
{
	for (struct kept_pod *p = c->pods, *next; p; p = next) {
		struct og_sv group = og_sv_is(p->owner_kind, "Job") ? OG_SV("batch")
								    : OG_SV("apps");
		next = p->next;
		struct kept *k =
			owner_of(c, p->ns, p->owner_uid, group, p->owner_kind, p->owner_name);
		k = k ? top_of(k) : stand_in(c, p, err);
		if (k)
			give_pod(k, p);
		if (c->arena->failed)
			return oom(err);
	}
	return 0;
}

/* A WorkloadTelemetry belongs to the workload that its ownerReference names. */
static void join_owner(struct collect *c, struct kept *k)
{
	if (!k->has_owner)
		return;
	struct kept *p =
		owner_of(c, k->ns, k->owner.uid, k->owner.group, k->owner.kind, k->owner.name);
	if (!p || p == k)
		return;
	if (og_sv_is(k->kind, OG_TELEMETRY_KIND)) {
		p->status = k;
		return;
	}
	if (!k->workload)
		return;
	k->parent = p;
	k->next_child = p->children;
	p->children = k;
}

int kept_join(struct collect *c, struct og_err *err)
{
	for (struct kept *k = c->first; k; k = k->next)
		join_owner(c, k);
	return join_pods(c, err);
}

/* ---- facts ---- */

static bool facts_object(void *ctx, struct og_sv group, struct og_sv kind, struct og_sv ns,
	struct og_sv name, struct og_arena *arena, struct og_object_facts *ret)
{
	const struct kept *k = kept_find(ctx, group, kind, ns, name);

	(void)arena;
	if (!k || k->of_pod)
		return false;
	*ret = (struct og_object_facts){.uid = k->uid,
		.labels = k->labels,
		.annotations = k->annotations,
		.has_owner = k->has_owner,
		.owner = k->owner};
	return true;
}

static bool facts_config_map(void *ctx, struct og_sv ns, struct og_sv name, struct og_arena *arena,
	struct og_config_map_facts *ret)
{
	const struct kept *k = kept_find(ctx, OG_SV(""), OG_SV("ConfigMap"), ns, name);

	(void)arena;
	if (!k)
		return false;
	*ret = (struct og_config_map_facts){.known = true, .keys = k->keys, .nkeys = k->nkeys};
	return true;
}

struct og_facts_source kept_facts(struct collect *c)
{
	return (struct og_facts_source){facts_object, facts_config_map, c};
}
