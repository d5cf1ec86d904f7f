/* SPDX-License-Identifier: Apache-2.0 */
/* Server-side apply: merge, drop what this manager no longer names, conflicts. */
#include "sim/sim-priv.h"

static json_t *merged(const struct sim_place *at, const json_t *live, const json_t *config)
{
	const char *keys[SIM_MAX_KEYS + 1], *k;
	enum sim_merge how = sim_merge_of(at, config, keys);
	json_t *out, *v;
	size_t i;

	if (how == SIM_ATOMIC || !live || json_typeof(live) != json_typeof(config))
		return json_deep_copy(config);
	out = json_deep_copy(live);
	if (how == SIM_GRANULAR) {
		json_object_foreach((json_t *)(uintptr_t)config, k, v)
		{
			struct sim_place m = sim_place_member(at, k);

			json_object_set_new(out, k, merged(&m, json_object_get(live, k), v));
		}
		return out;
	}
	json_array_foreach(config, i, v)
	{
		og_auto_free char *key = sim_item_key(v, keys);
		long was = sim_item_find(live, key, keys);
		struct sim_place item = sim_place_item(at);

		if (was >= 0)
			json_array_set_new(out, (size_t)was,
				merged(&item, json_array_get(live, (size_t)was), v));
		else
			json_array_append(out, v);
	}
	return out;
}

static json_t *value_at(
	const struct sim_place *at, const json_t *v, const char *key, struct sim_place *ret)
{
	const char *keys[SIM_MAX_KEYS + 1];
	long i;

	if (!strncmp(key, "f:", 2)) {
		*ret = sim_place_member(at, key + 2);
		return json_object_get(v, key + 2);
	}
	*ret = sim_place_item(at);
	sim_merge_of(at, v, keys);
	i = json_is_array(v) ? sim_item_find(v, key, keys) : -1;
	return i < 0 ? NULL : json_array_get(v, (size_t)i);
}

/* k:{"name":"x"} is shown as [name="x"], v:"x" as [="x"]. */
static char *item_path(const char *path, const char *key)
{
	og_auto_buf struct og_buf b = OG_BUF_INIT(0);
	json_t *o = json_loads(key + 2, JSON_DECODE_ANY, NULL), *v;
	const char *k, *sep = "";

	og_buf_fmt(&b, "%s[", path);
	json_object_foreach(o, k, v)
	{
		char *text = json_dumps(v, JSON_ENCODE_ANY);

		og_buf_fmt(&b, "%s%s=%s", sep, k, text ? text : "");
		free(text);
		sep = ",";
	}
	if (!json_is_object(o))
		og_buf_fmt(&b, "=%s", key + 2);
	json_decref(o);
	og_buf_ch(&b, ']');
	return og_buf_take(&b);
}

/* Nothing of `live` changes by merging an empty map or list into it, and so nobody loses it. */
static bool merges_nothing(const struct sim_place *at, const json_t *live, const json_t *config)
{
	const char *keys[SIM_MAX_KEYS + 1];

	return json_typeof(live) == json_typeof(config) &&
	       sim_merge_of(at, config, keys) != SIM_ATOMIC;
}

/* Leaves of `theirs` that `mine` names too, with another value: .spec.replicas and so on. */
static void clashes(const struct sim_place *at, const json_t *theirs, const json_t *mine,
	const json_t *live, const json_t *config, const char *path, json_t *out, json_t *set)
{
	const char *k;
	json_t *sub;

	json_object_foreach((json_t *)(uintptr_t)theirs, k, sub)
	{
		json_t *ours = json_object_get(mine, k), *a, *b, *deeper;
		struct sim_place m;
		og_auto_free char *here = NULL;

		if (!ours || !strcmp(k, "."))
			continue;
		here = k[0] == 'f' ? sim_fmt("%s.%s", path, k + 2) : item_path(path, k);
		a = value_at(at, live, k, &m);
		b = value_at(at, config, k, &m);
		if (!json_object_size(sub) || !json_object_size(ours)) {
			if (a && b && !json_equal(a, b) && !merges_nothing(&m, a, b)) {
				json_array_append_new(out, json_string(here ? here : path));
				json_object_set_new(set, k, json_object());
			}
			continue;
		}
		deeper = json_object();
		clashes(&m, sub, ours, a, b, here ? here : path, out, deeper);
		if (json_object_size(deeper))
			json_object_set_new(set, k, deeper);
		else
			json_decref(deeper);
	}
}

static void conflict_causes(const json_t *e, const json_t *paths, json_t *causes)
{
	const char *sub = json_string_value(json_object_get(e, "subresource"));
	const char *op = json_string_value(json_object_get(e, "operation"));
	const char *mgr = json_string_value(json_object_get(e, "manager"));
	const char *ver = json_string_value(json_object_get(e, "apiVersion"));
	size_t i;
	json_t *p;

	json_array_foreach(paths, i, p) sim_cause(causes, "FieldManagerConflict",
		json_string_value(p), "conflict with \"%s\"%s%s%s%s%s", mgr,
		sub ? " with subresource \"" : "", sub ? sub : "", sub ? "\"" : "",
		op && !strcmp(op, "Update") ? " using " : "",
		op && !strcmp(op, "Update") ? ver : "");
}

static bool owned_by_other(const json_t *const *sets, size_t n, const char *k)
{
	for (size_t i = 0; i < n; i++)
		if (json_object_get(sets[i], k))
			return true;
	return false;
}

enum { MAX_OTHERS = 32 };

/* Takes out of `o` what `prev` named, `now` does not, and nobody else owns. */
static void drop(const struct sim_place *at, json_t *o, const json_t *prev, const json_t *now,
	const json_t *const *others, size_t n)
{
	const char *k;
	json_t *sub;

	json_object_foreach((json_t *)(uintptr_t)prev, k, sub)
	{
		const json_t *deeper[MAX_OTHERS];
		json_t *still = json_object_get(now, k), *v;
		struct sim_place m;

		if (!strcmp(k, "."))
			continue;
		v = value_at(at, o, k, &m);
		if (!v)
			continue;
		for (size_t i = 0; i < n; i++)
			deeper[i] = json_object_get(others[i], k);
		if (json_object_size(sub) && (still || owned_by_other(others, n, k) ||
						     (k[0] == 'f' && json_is_object(v)))) {
			drop(&m, v, sub, still, deeper, n);
			if (still || json_object_size(v) || json_array_size(v))
				continue;
		} else if (still || owned_by_other(others, n, k)) {
			continue;
		}
		if (k[0] == 'f') {
			json_object_del(o, k + 2);
		} else {
			const char *keys[SIM_MAX_KEYS + 1];
			long i;

			sim_merge_of(at, o, keys);
			i = sim_item_find(o, k, keys);
			if (i >= 0)
				json_array_remove(o, (size_t)i);
		}
	}
}

/* Conflicts with the other managers; with force the fields change hands. */
static json_t *contest(const struct sim_place *root, json_t *list, const json_t *mine_entry,
	const json_t *mine, const json_t *live, const json_t *config, bool force)
{
	json_t *causes = sim_causes(), *e;
	size_t i;

	json_array_foreach(list, i, e)
	{
		json_t *paths, *set;

		if (e == mine_entry)
			continue;
		paths = json_array();
		set = json_object();
		clashes(root, json_object_get(e, "fieldsV1"), mine, live, config, "", paths, set);
		if (force)
			sim_fields_subtract(json_object_get(e, "fieldsV1"), set);
		else
			conflict_causes(e, paths, causes);
		json_decref(paths);
		json_decref(set);
	}
	return causes;
}

json_t *sim_fields_apply(struct sim_write *w, const struct sim_res *r, const json_t *live,
	json_t *config, bool force, json_t **ret_conflicts)
{
	struct sim_place root = sim_place_root(w->schema, (r->flags & SIM_R_CRD) != 0);
	json_t *view = sim_owned_view(r, config, w->sub), *mine = sim_fields_of(&root, view);
	json_t *out, *list, *entry, *prev, *e;
	const json_t *others[MAX_OTHERS];
	char stamp[32];
	size_t i, n = 0;

	out = live ? merged(&root, live, view) : json_deep_copy(config);
	list = json_deep_copy(json_object_get(json_object_get(live, "metadata"), "managedFields"));
	if (!list)
		list = json_array();
	entry = sim_managed_entry(list, w, r);
	*ret_conflicts = contest(&root, list, entry, mine, live, view, force);
	if (json_array_size(*ret_conflicts)) {
		json_decref(out);
		json_decref(list);
		json_decref(view);
		json_decref(mine);
		return NULL;
	}
	json_decref(*ret_conflicts);
	*ret_conflicts = NULL;
	json_array_foreach(list, i, e)
	{
		if (e != entry && n < MAX_OTHERS)
			others[n++] = json_object_get(e, "fieldsV1");
	}
	prev = json_object_get(entry, "fieldsV1");
	drop(&root, out, prev, mine, others, n);
	if (!json_equal(prev, mine) || !live) {
		sim_now(stamp);
		json_object_set_new(entry, "time", json_string(stamp));
	}
	json_object_set_new(entry, "fieldsV1", mine);
	if (!json_object_get(out, "metadata"))
		json_object_set_new(out, "metadata", json_object());
	json_object_set_new(json_object_get(out, "metadata"), "managedFields", list);
	sim_managed_sweep(out, w, r);
	json_decref(view);
	return out;
}
