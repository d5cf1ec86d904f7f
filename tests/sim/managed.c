/* SPDX-License-Identifier: Apache-2.0 */
/* metadata.managedFields: who owns what after a write. */
#include "sim/sim-priv.h"

/* What may be owned: not what the server itself writes, and one half only. */
json_t *sim_owned_view(const struct sim_res *r, const json_t *o, const char *sub)
{
	static const char *const own[] = {"name", "namespace", "uid", "creationTimestamp",
		"resourceVersion", "generation", "managedFields", "selfLink"};
	json_t *v = json_deep_copy(o), *meta = json_object_get(v, "metadata");

	json_object_del(v, "kind");
	json_object_del(v, "apiVersion");
	for (size_t i = 0; i < OG_COUNT(own); i++)
		json_object_del(meta, own[i]);
	if (!json_object_size(meta))
		json_object_del(v, "metadata");
	if (!strcmp(sub, "status")) {
		json_t *status = json_incref(json_object_get(v, "status"));

		json_object_clear(v);
		if (status)
			json_object_set_new(v, "status", status);
	} else if (!strcmp(sub, "") && (r->flags & SIM_R_STATUS)) {
		json_object_del(v, "status");
	}
	return v;
}

static bool is(const json_t *e, const char *k, const char *want)
{
	const char *s = json_string_value(json_object_get(e, k));

	return !strcmp(s ? s : "", want);
}

static const char *sub_of(const struct sim_write *w)
{
	return strcmp(w->sub, "status") ? "" : "status";
}

json_t *sim_managed_entry(json_t *list, const struct sim_write *w, const struct sim_res *r)
{
	size_t i;
	json_t *e;

	json_array_foreach(list, i, e)
	{
		if (is(e, "manager", w->manager) && is(e, "operation", w->operation) &&
			is(e, "apiVersion", r->api_version) && is(e, "subresource", sub_of(w)))
			return e;
	}
	e = json_pack("{s:s,s:s,s:s,s:s,s:s,s:{}}", "manager", w->manager, "operation",
		w->operation, "apiVersion", r->api_version, "time", "", "fieldsType", "FieldsV1",
		"fieldsV1");
	if (*sub_of(w))
		json_object_set_new(e, "subresource", json_string(sub_of(w)));
	json_array_append_new(list, e);
	return e;
}

/* Fields that are gone belong to nobody; who owns nothing is not listed. */
void sim_managed_sweep(json_t *o, const struct sim_write *w, const struct sim_res *r)
{
	struct sim_place root = sim_place_root(w->schema, (r->flags & SIM_R_CRD) != 0);
	json_t *meta = json_object_get(o, "metadata");
	json_t *list = json_object_get(meta, "managedFields");
	size_t i = 0;

	while (i < json_array_size(list)) {
		json_t *e = json_array_get(list, i);
		json_t *left = sim_fields_existing(&root, json_object_get(e, "fieldsV1"), o);

		if (json_object_size(left)) {
			json_object_set_new(e, "fieldsV1", left);
			i++;
		} else {
			json_decref(left);
			json_array_remove(list, i);
		}
	}
	if (!json_array_size(list))
		json_object_del(meta, "managedFields");
}

void sim_fields_update(struct sim_write *w, const struct sim_res *r, json_t *o, const json_t *old)
{
	struct sim_place root = sim_place_root(w->schema, (r->flags & SIM_R_CRD) != 0);
	json_t *now = sim_owned_view(r, o, w->sub);
	json_t *was = old ? sim_owned_view(r, old, w->sub) : json_object();
	json_t *changed = sim_fields_changed(&root, was, now), *meta, *list, *e, *mine;
	char stamp[32];
	size_t i;

	meta = json_object_get(o, "metadata");
	list = old ? json_deep_copy(
			     json_object_get(json_object_get(old, "metadata"), "managedFields"))
		   : NULL;
	if (!list)
		list = json_array();
	json_object_set_new(meta, "managedFields", list);
	if (changed) {
		sim_now(stamp);
		mine = sim_managed_entry(list, w, r);
		json_object_set_new(mine, "time", json_string(stamp));
		json_array_foreach(list, i, e)
		{
			if (e == mine)
				sim_fields_union(json_object_get(e, "fieldsV1"), changed);
			else
				sim_fields_subtract(json_object_get(e, "fieldsV1"), changed);
		}
	}
	sim_managed_sweep(o, w, r);
	json_decref(changed);
	json_decref(now);
	json_decref(was);
}
