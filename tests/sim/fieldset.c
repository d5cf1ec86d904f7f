/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sets of fields in the form FieldsV1: {"f:spec":{"f:replicas":{}}}, items of lists as
 * k:{"name":"x"} and v:"x", "." for the thing itself. Nesting is bounded by the JSON reader.
 */
#include "sim/sim-priv.h"

static char *member_key(const char *name)
{
	return sim_fmt("f:%s", name);
}

static void put(json_t *into, char *key, json_t *set)
{
	if (key && set)
		json_object_set_new(into, key, set);
	else
		json_decref(set);
	og_free(key);
}

/* The members of a list whose items have keys. */
static json_t *of_list(const struct sim_place *at, const json_t *v, const char *const *keys)
{
	struct sim_place item = sim_place_item(at);
	json_t *out = json_object(), *e;
	bool owner = at->name && !strcmp(at->name, "ownerReferences");
	size_t i;

	json_array_foreach(v, i, e)
	{
		json_t *set = json_object();

		if (keys[0] && !owner) {
			json_t *inner = sim_fields_of(&item, e);

			json_object_set_new(set, ".", json_object());
			json_object_update(set, inner);
			json_decref(inner);
		}
		put(out, sim_item_key(e, keys), set);
	}
	return out;
}

json_t *sim_fields_of(const struct sim_place *at, const json_t *v)
{
	const char *keys[SIM_MAX_KEYS + 1], *k;
	enum sim_merge how = sim_merge_of(at, v, keys);
	json_t *out, *e;

	if (how == SIM_ATOMIC)
		return json_object();
	if (how != SIM_GRANULAR)
		return of_list(at, v, keys);
	out = json_object();
	json_object_foreach((json_t *)(uintptr_t)v, k, e)
	{
		struct sim_place m = sim_place_member(at, k);

		put(out, member_key(k), sim_fields_of(&m, e));
	}
	return out;
}

/* A map or list that was not there is owned itself; the parts of an object are not maps. */
static json_t *finish(const struct sim_place *at, const json_t *old, json_t *out)
{
	if (!json_object_size(out)) {
		json_decref(out);
		return NULL;
	}
	if (!old && at->name && *at->name && strcmp(at->name, "spec") &&
		strcmp(at->name, "status") && strcmp(at->name, "metadata"))
		json_object_set_new(out, ".", json_object());
	return out;
}

static json_t *changed_list(
	const struct sim_place *at, const json_t *old, const json_t *now, const char *const *keys)
{
	struct sim_place item = sim_place_item(at);
	json_t *out = json_object(), *e;
	size_t i;

	json_array_foreach(now, i, e)
	{
		og_auto_free char *key = sim_item_key(e, keys);
		long was = sim_item_find(old, key, keys);
		json_t *set = NULL, *before = was >= 0 ? json_array_get(old, (size_t)was) : NULL;

		if (before && json_equal(before, e))
			continue;
		if (before && keys[0]) {
			set = sim_fields_changed(&item, before, e);
		} else if (!before) {
			json_t *one = json_pack("[O]", e), *all = of_list(at, one, keys);

			set = json_incref(json_object_get(all, key));
			json_decref(one);
			json_decref(all);
		}
		put(out, key ? og_strdup(key) : NULL, set);
	}
	return finish(at, old, out);
}

json_t *sim_fields_changed(const struct sim_place *at, const json_t *old, const json_t *now)
{
	const char *keys[SIM_MAX_KEYS + 1], *k;
	enum sim_merge how = sim_merge_of(at, now, keys);
	json_t *out, *e;

	if (old && json_equal(old, now))
		return NULL;
	if (old && json_typeof(old) != json_typeof(now))
		old = NULL;
	if (how == SIM_ATOMIC || (!old && !json_object_size(now) && !json_array_size(now)))
		return sim_fields_of(at, now);
	if (how != SIM_GRANULAR)
		return changed_list(at, old, now, keys);
	out = json_object();
	json_object_foreach((json_t *)(uintptr_t)now, k, e)
	{
		struct sim_place m = sim_place_member(at, k);

		put(out, member_key(k), sim_fields_changed(&m, json_object_get(old, k), e));
	}
	return finish(at, old, out);
}

/* The value that a key of a set stands for; *ret_at is its place. */
static json_t *lookup(const struct sim_place *at, const char *key, const json_t *v,
	const char *const *keys, struct sim_place *ret_at)
{
	long i;

	if (!strncmp(key, "f:", 2)) {
		*ret_at = sim_place_member(at, key + 2);
		return json_object_get(v, key + 2);
	}
	*ret_at = sim_place_item(at);
	i = json_is_array(v) ? sim_item_find(v, key, keys) : -1;
	return i < 0 ? NULL : json_array_get(v, (size_t)i);
}

json_t *sim_fields_existing(const struct sim_place *at, const json_t *set, const json_t *v)
{
	const char *keys[SIM_MAX_KEYS + 1], *k;
	json_t *out = json_object(), *sub;

	sim_merge_of(at, v, keys);
	json_object_foreach((json_t *)(uintptr_t)set, k, sub)
	{
		struct sim_place m;
		json_t *e, *inner;

		if (!strcmp(k, ".")) {
			json_object_set_new(out, k, json_object());
			continue;
		}
		e = lookup(at, k, v, keys, &m);
		if (!e)
			continue;
		inner = json_object_size(sub) ? sim_fields_existing(&m, sub, e) : json_object();
		if (json_object_size(sub) && !json_object_size(inner))
			json_decref(inner);
		else
			json_object_set_new(out, k, inner);
	}
	return out;
}

void sim_fields_union(json_t *into, const json_t *set)
{
	const char *k;
	json_t *sub;

	json_object_foreach((json_t *)(uintptr_t)set, k, sub)
	{
		json_t *have = json_object_get(into, k);

		if (!have)
			json_object_set_new(into, k, json_deep_copy(sub));
		else
			sim_fields_union(have, sub);
	}
}

void sim_fields_subtract(json_t *from, const json_t *set)
{
	const char *k;
	json_t *sub;

	json_object_foreach((json_t *)(uintptr_t)set, k, sub)
	{
		json_t *have = json_object_get(from, k);

		if (!have)
			continue;
		if (!json_object_size(sub) || !json_object_size(have)) {
			json_object_del(from, k);
			continue;
		}
		sim_fields_subtract(have, sub);
		if (!json_object_size(have))
			json_object_del(from, k);
	}
}
