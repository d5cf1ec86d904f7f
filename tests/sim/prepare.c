/* SPDX-License-Identifier: Apache-2.0 */
/* What the server itself puts into objects: names, times, what it keeps on updates. */
#include <stdio.h>
#include "sim/sim-priv.h"

static void set_new(json_t *o, const char *k, json_t *v)
{
	json_object_set_new(o, k, v);
}

/* generateName and five of the letters that the real server uses (no vowels, no confusion). */
static void make_name(json_t *meta)
{
	static const char letters[] = "bcdfghjklmnpqrstvwxz2456789";
	const char *base = sim_str(meta, "generateName");
	uint64_t r = sim_random();
	char tail[6];

	if (*sim_str(meta, "name") || !*base)
		return;
	for (int i = 0; i < 5; i++, r /= sizeof(letters) - 1)
		tail[i] = letters[r % (sizeof(letters) - 1)];
	tail[5] = '\0';
	set_new(meta, "name", json_sprintf("%.*s%s", 58, base, tail));
}

static void strip_status(const struct sim_res *r, json_t *o)
{
	if ((r->flags & SIM_R_STATUS) && strcmp(r->kind, "Namespace") &&
		strcmp(r->kind, "CustomResourceDefinition") && strcmp(r->kind, "Node"))
		json_object_del(o, "status");
	if (!strcmp(r->kind, "Pod"))
		set_new(o, "status",
			json_pack("{s:s,s:s}", "phase", "Pending", "qosClass", "BestEffort"));
}

/* Empty maps and lists of metadata are not kept. */
static void drop_empty(json_t *meta)
{
	static const char *const names[] = {
		"labels", "annotations", "finalizers", "ownerReferences"};

	for (size_t i = 0; i < OG_COUNT(names); i++) {
		json_t *v = json_object_get(meta, names[i]);

		if (v && !json_object_size(v) && !json_array_size(v))
			json_object_del(meta, names[i]);
	}
}

bool sim_prepare_create(struct sim_write *w, struct sim_res *r, json_t *o, const char *ns)
{
	json_t *meta = sim_child(o, "metadata");
	char uid[40], now[32];

	if (!json_is_object(meta))
		return false;
	make_name(meta);
	sim_uuid(uid);
	sim_now(now);
	set_new(meta, "uid", json_string(uid));
	set_new(meta, "creationTimestamp", json_string(now));
	json_object_del(meta, "deletionTimestamp");
	json_object_del(meta, "deletionGracePeriodSeconds");
	json_object_del(meta, "selfLink");
	drop_empty(meta);
	if (r->flags & SIM_R_NAMESPACED)
		set_new(meta, "namespace", json_string(ns));
	else
		json_object_del(meta, "namespace");
	if (r->flags & SIM_R_GENERATION)
		set_new(meta, "generation", json_integer(1));
	else
		json_object_del(meta, "generation");
	strip_status(r, o);
	if (!strcmp(r->kind, "Namespace"))
		sim_defaults(r, o); /* its label is its name */
	(void)w;
	return true;
}

static void keep(json_t *o, const json_t *old, const char *k)
{
	json_t *v = json_object_get(old, k);

	if (v)
		json_object_set(o, k, v);
	else
		json_object_del(o, k);
}

/* Whether anything but metadata (and status, where it is a subresource) differs. */
static bool spec_changed(const struct sim_res *r, const json_t *a, const json_t *b)
{
	bool status = r->flags & SIM_R_STATUS;
	const json_t *sides[2] = {a, b};

	for (int side = 0; side < 2; side++) {
		const char *k;
		json_t *v;

		/* jansson's iterators take the object as not constant, and leave it alone */
		json_t *it = json_incref((json_t *)(uintptr_t)sides[side]);
		bool differs = false;

		json_object_foreach(it, k, v)
		{
			if (!strcmp(k, "metadata") || !strcmp(k, "kind") ||
				!strcmp(k, "apiVersion") || (status && !strcmp(k, "status")))
				continue;
			if (!json_equal(v, json_object_get(sides[!side], k)))
				differs = true;
		}
		json_decref(it);
		if (differs)
			return true;
	}
	return false;
}

/* Into a status update goes the status alone; into any other everything else. */
static void keep_other_half(
	const struct sim_write *w, struct sim_res *r, json_t *o, const json_t *old)
{
	if (!strcmp(w->sub, "status")) {
		json_t *status = json_incref(json_object_get(o, "status"));
		json_t *managed = json_incref(
			json_object_get(json_object_get(o, "metadata"), "managedFields"));
		json_t *copy = json_deep_copy(old);

		json_object_clear(o);
		json_object_update(o, copy);
		json_decref(copy);
		if (status)
			json_object_set(o, "status", status);
		else
			json_object_del(o, "status");
		if (managed)
			json_object_set(json_object_get(o, "metadata"), "managedFields", managed);
		json_decref(status);
		json_decref(managed);
	} else if (r->flags & SIM_R_STATUS) {
		keep(o, old, "status");
	}
}

void sim_prepare_update(struct sim_write *w, struct sim_res *r, json_t *o, const json_t *old)
{
	static const char *const system[] = {"uid", "creationTimestamp", "deletionTimestamp",
		"deletionGracePeriodSeconds", "namespace", "name", "generateName", "generation"};
	const json_t *old_meta = json_object_get(old, "metadata");
	json_t *meta;

	if (!(w->sub[0] == '*'))
		keep_other_half(w, r, o, old);
	meta = sim_child(o, "metadata");
	for (size_t i = 0; i < OG_COUNT(system); i++)
		keep(meta, old_meta, system[i]);
	json_object_del(meta, "selfLink");
	drop_empty(meta);
	if (!strcmp(r->kind, "CustomResourceDefinition"))
		sim_defaults(r, o);
	if ((r->flags & SIM_R_GENERATION) && spec_changed(r, o, old))
		set_new(meta, "generation",
			json_integer(
				json_integer_value(json_object_get(old_meta, "generation")) + 1));
}

bool sim_same_but_managed(const json_t *a, const json_t *b)
{
	json_t *x = json_deep_copy(a), *y = json_deep_copy(b);
	json_t *sides[2] = {x, y};
	bool same;

	for (int i = 0; i < 2; i++) {
		json_t *meta = json_object_get(sides[i], "metadata"), *e;
		size_t n;

		json_object_del(meta, "resourceVersion");
		json_array_foreach(json_object_get(meta, "managedFields"), n, e)
			json_object_del(e, "time");
		json_object_del(sides[i], "kind");
		json_object_del(sides[i], "apiVersion");
	}
	same = json_equal(x, y);
	json_decref(x);
	json_decref(y);
	return same;
}
