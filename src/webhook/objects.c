/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Objects of a folder as facts, indexed by identity: a review asks for its namespace and each
 * owner, which must not cost a walk over all objects.
 */
#include "otelgate/base/map.h"
#include "otelgate/base/mem.h"
#include "otelgate/codec/source.h"
#include "otelgate/kobj/meta.h"
#include "snapshot-priv.h"

enum { KEY_BYTES = 1024, LIST_DEPTH = 4 };
/* The files are the operator's own; a constant seed is as good as another. */
static const uint64_t map_seed = 0x6f74656c67617465ULL;

struct object {
	struct og_meta meta;
	struct og_config_map_facts config_map; /* of ConfigMaps */
};

struct index {
	struct og_map map;
	struct og_arena *arena;
	uint32_t n;
};

/* "group\nkind\nns\nname"; none of them can hold a newline in Kubernetes. */
static bool make_key(char buf[KEY_BYTES], struct og_sv group, struct og_sv kind, struct og_sv ns,
	struct og_sv name, struct og_sv *ret)
{
	struct og_sv parts[] = {group, kind, ns, name};

	return og_sv_key(buf, KEY_BYTES, parts, OG_COUNT(parts), '\n', ret);
}

/* What a file leaves unsaid matches every namespace. */
static const struct object *find(const struct index *x, struct og_sv group, struct og_sv kind,
	struct og_sv ns, struct og_sv name)
{
	char buf[KEY_BYTES];
	struct og_sv key;
	const struct object *o = NULL;

	if (make_key(buf, group, kind, ns, name, &key))
		o = og_map_get(&x->map, key);
	if (!o && ns.n && make_key(buf, group, kind, OG_SV(""), name, &key))
		o = og_map_get(&x->map, key);
	return o;
}

static bool get_object(void *ctx, struct og_sv group, struct og_sv kind, struct og_sv ns,
	struct og_sv name, struct og_arena *arena, struct og_object_facts *ret)
{
	const struct object *o = find(ctx, group, kind, ns, name);

	(void)arena;
	if (!o)
		return false;
	*ret = (struct og_object_facts){.known = true,
		.group = group,
		.kind = kind,
		.name = name,
		.uid = o->meta.uid,
		.labels = o->meta.labels,
		.annotations = o->meta.annotations,
		.has_owner = o->meta.has_owner,
		.owner = o->meta.owner};
	return true;
}

static bool get_config_map(void *ctx, struct og_sv ns, struct og_sv name, struct og_arena *arena,
	struct og_config_map_facts *ret)
{
	const struct object *o = find(ctx, OG_SV(""), OG_SV("ConfigMap"), ns, name);

	(void)arena;
	if (!o || !o->config_map.known)
		return false;
	*ret = o->config_map;
	return true;
}

static int add_keys(struct index *x, struct og_jval v, struct object *o)
{
	struct og_jval data = og_jgetl(v, "data");
	uint32_t n = og_jcount(data);
	struct og_sv *keys = og_arena_new_n(x->arena, n ? n : 1, struct og_sv);

	if (!keys)
		return -OG_E_OOM;
	og_jfor (it, data)
		keys[it.index] = og_jstr_or_empty(it.key, x->arena);
	o->config_map = (struct og_config_map_facts){.known = true, .keys = keys, .nkeys = n};
	return 0;
}

static int add_object(struct index *x, struct og_jval v, struct og_err *err)
{
	struct og_sv api = og_jstr_or_empty(og_jgetl(v, "apiVersion"), x->arena);
	struct og_sv kind = og_jstr_or_empty(og_jgetl(v, "kind"), x->arena);
	struct object *o = og_arena_new(x->arena, struct object);
	char buf[KEY_BYTES];
	struct og_sv key;
	int r;

	if (!o)
		return og_err_set(err, OG_E_OOM, "reading objects");
	r = og_meta_read(v, x->arena, &o->meta, err);
	if (r < 0)
		return r;
	if (!kind.n || !o->meta.name.n)
		return 0;
	if (og_sv_is(kind, "ConfigMap") && !og_api_group(api).n && add_keys(x, v, o) < 0)
		return og_err_set(err, OG_E_OOM, "reading objects");
	if (!make_key(buf, og_api_group(api), kind, o->meta.ns, o->meta.name, &key))
		return 0; /* no real object has such a name */
	if (!og_map_set(&x->map, key, o))
		return og_err_set(err, OG_E_OOM, "reading objects");
	x->n++;
	return 0;
}

/* Any kind whose name ends in List and that has items, as kubectl sees it; Lists may hold Lists. */
/* NOLINTNEXTLINE(misc-no-recursion): no deeper than LIST_DEPTH */
static int add_value(struct index *x, struct og_jval v, int depth, struct og_err *err)
{
	struct og_sv kind = og_jstr_or_empty(og_jgetl(v, "kind"), x->arena);
	struct og_jval items = og_jgetl(v, "items");
	int r = 0;

	if (!og_jis(v, OG_J_OBJECT))
		return 0;
	if (!og_sv_ends(kind, OG_SV("List")) || !og_jis(items, OG_J_ARRAY))
		return add_object(x, v, err);
	if (depth == LIST_DEPTH)
		return og_err_set(err, OG_E_LIMIT, "Lists in Lists, more than %d deep", LIST_DEPTH);
	og_jfor (it, items) {
		r = add_value(x, it.val, depth + 1, err);
		if (r < 0)
			return r;
	}
	return 0;
}

static int add_text(struct index *x, const struct og_config_input *in, struct og_err *err)
{
	struct og_source src;
	int r = og_source_parse(&src, x->arena, in->text, in->name, NULL, err);

	if (r < 0)
		return r;
	for (uint32_t i = 0; i < src.ndocs; i++) {
		r = add_value(x, og_jroot(&src.docs[i].doc), 0, err);
		if (r < 0)
			return og_err_wrap(err, "%s, document %u", in->name, i + 1);
	}
	return 0;
}

int og_snapshot_load_objects(const char *path, struct og_snapshot **ret, struct og_err *err)
{
	og_auto_snapshot struct og_snapshot *s = snapshot_new();
	struct index *x = s ? og_arena_new(&s->arena, struct index) : NULL;
	struct snapshot_texts texts;
	int r;

	if (!x)
		return og_err_set(err, OG_E_OOM, "reading objects");
	r = snapshot_read_texts(s, &path, 1, &texts, err);
	if (r < 0)
		return r;
	x->arena = &s->arena;
	og_map_init(&x->map, map_seed, &s->arena);
	for (uint32_t i = 0; i < texts.n; i++) {
		r = add_text(x, &texts.v[i], err);
		if (r < 0)
			return r;
	}
	s->nobjects = x->n;
	s->facts = (struct og_facts_source){
		.object = get_object, .config_map = get_config_map, .ctx = x};
	*ret = og_take(s);
	return 0;
}
