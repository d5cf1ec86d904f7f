/* SPDX-License-Identifier: Apache-2.0 */
/* PATCH: JSON patch, merge patch, strategic merge patch, server-side apply. */
#include <stdio.h>
#include "otelgate/codec/jpatch.h"
#include "sim/sim-priv.h"

enum kind { JSON_PATCH, MERGE, STRATEGIC, APPLY, OTHER };

static enum kind kind_of(struct sim_req *q)
{
	struct og_sv ct = sim_header(q, "content-type");

	ct = og_sv_trim(og_sv(ct.p, og_sv_chr(ct, ';')));
	if (og_sv_is(ct, "application/json-patch+json"))
		return JSON_PATCH;
	if (og_sv_is(ct, "application/merge-patch+json"))
		return MERGE;
	if (og_sv_is(ct, "application/strategic-merge-patch+json") && !(q->res->flags & SIM_R_CRD))
		return STRATEGIC;
	return og_sv_is(ct, "application/apply-patch+yaml") ? APPLY : OTHER;
}

/* RFC 7396. */
static void merge(json_t *into, const json_t *patch)
{
	const char *k;
	json_t *v;

	json_object_foreach((json_t *)(uintptr_t)patch, k, v)
	{
		if (json_is_null(v)) {
			json_object_del(into, k);
		} else if (json_is_object(v)) {
			json_t *have = json_object_get(into, k);

			if (!json_is_object(have)) {
				have = json_object();
				json_object_set_new(into, k, have);
			}
			merge(have, v);
		} else {
			json_object_set_new(into, k, json_deep_copy(v));
		}
	}
}

static void strategic(const struct sim_place *at, json_t *into, const json_t *patch);

static void strategic_list(
	const struct sim_place *at, json_t *into, const json_t *patch, const char *const *keys)
{
	struct sim_place item = sim_place_item(at);
	size_t i;
	json_t *v;

	json_array_foreach(patch, i, v)
	{
		og_auto_free char *key = sim_item_key(v, keys);
		long have = sim_item_find(into, key, keys);
		const char *how = sim_str(v, "$patch");

		if (!strcmp(how, "delete")) {
			if (have >= 0)
				json_array_remove(into, (size_t)have);
		} else if (have < 0) {
			json_array_append_new(into, json_deep_copy(v));
		} else if (keys[0]) {
			strategic(&item, json_array_get(into, (size_t)have), v);
		}
	}
}

static void strategic_member(
	const struct sim_place *m, json_t *into, const char *k, const json_t *v)
{
	const char *keys[SIM_MAX_KEYS + 1];
	json_t *have = json_object_get(into, k);
	enum sim_merge how = sim_merge_of(m, v, keys);

	if (json_is_object(v)) {
		if (!json_is_object(have) || !strcmp(sim_str(v, "$patch"), "replace")) {
			have = json_object();
			json_object_set_new(into, k, have);
		}
		strategic(m, have, v);
	} else if (json_is_array(v) && json_is_array(have) &&
		   (how == SIM_KEYED || how == SIM_SET)) {
		strategic_list(m, have, v, keys);
	} else {
		json_object_set_new(into, k, json_deep_copy(v));
	}
}

static void strategic(const struct sim_place *at, json_t *into, const json_t *patch)
{
	const char *k;
	json_t *v;

	json_object_foreach((json_t *)(uintptr_t)patch, k, v)
	{
		struct sim_place m = sim_place_member(at, k);

		if (k[0] == '$')
			continue;
		if (json_is_null(v) || !strcmp(sim_str(v, "$patch"), "delete"))
			json_object_del(into, k);
		else
			strategic_member(&m, into, k, v);
	}
}

static void fail_rejected(struct sim_req *q, const char *why)
{
	struct sim_status st = {.code = 422, .reason = "Invalid"};

	(void)why;
	sim_fail(q, st, "the server rejected our request due to an error in our request");
}

/* By the product's own applier. NULL = answered. */
static json_t *json_patch(struct sim_req *q, const json_t *old)
{
	og_auto_buf struct og_buf out = OG_BUF_INIT(0);
	struct og_jdoc doc, patch;
	struct og_err err = OG_ERR_INIT;
	char *text = json_dumps(old, JSON_COMPACT | JSON_REAL_PRECISION(15));
	json_t *o = NULL;

	if (!text) {
		sim_fail_oom(q);
		return NULL;
	}
	if (og_jdoc_parse(&patch, q->a, q->body, NULL, &err) ||
		!og_jis(og_jroot(&patch), OG_J_ARRAY))
		sim_fail_bad(q, "error decoding patch: json: %s", err.msg);
	else if (og_jdoc_parse(&doc, q->a, og_svz(text), NULL, &err) ||
		 og_jpatch_apply(og_jroot(&doc), og_jroot(&patch), q->a, &out, &err))
		fail_rejected(q, err.msg);
	else
		o = json_loadb(out.p, out.len, 0, NULL);
	free(text);
	return o;
}

/* The object after the patch; NULL = answered. */
static json_t *patched(struct sim_req *q, enum kind kind, const json_t *body, const json_t *old)
{
	struct sim_place root = sim_place_root(NULL, false);
	json_t *o;

	if (kind == JSON_PATCH)
		return json_patch(q, old);
	o = json_deep_copy(old);
	if (kind == MERGE)
		merge(o, body);
	else
		strategic(&root, o, body);
	return o;
}

bool sim_meant_for(struct sim_req *q, const struct sim_obj *cur, const json_t *o)
{
	const json_t *meta = json_object_get(o, "metadata");
	const char *rv = sim_str(meta, "resourceVersion"), *uid = sim_str(meta, "uid");
	char have[24];

	snprintf(have, sizeof(have), "%llu", (unsigned long long)cur->rv);
	if (*uid && !og_sv_eq(og_svz(uid), cur->uid)) {
		json_t *causes = sim_causes();

		sim_cause(causes, "FieldValueInvalid", "metadata.uid",
			"Invalid value: \"%s\": field is immutable", uid);
		sim_fail_invalid(q, q->res->kind, sim_z(q, q->name), causes);
		return false;
	}
	if (*rv && strcmp(rv, have)) {
		sim_fail_conflict(q,
			"the object has been modified; please apply your changes to the "
			"latest version and try again");
		return false;
	}
	if (strcmp(sim_str(meta, "name"), sim_z(q, q->name))) {
		sim_fail_bad(q,
			"the name of the object (%s) does not match the name on the URL (%s)",
			sim_str(meta, "name"), sim_z(q, q->name));
		return false;
	}
	return true;
}

static void plain_patch(struct sim_write *w, enum kind kind, const json_t *body, bool *raced)
{
	struct sim_req *q = w->q;
	struct sim_obj *cur = sim_current(q), *n = NULL;
	json_t *old, *o;

	*raced = false;
	if (!cur) {
		sim_fail_notfound(q);
		return;
	}
	old = sim_obj_json(cur);
	if (og_sv_is(q->sub, "scale")) {
		json_t *scale = sim_scale_of(old);

		o = patched(q, kind, body, scale);
		if (o)
			sim_scale_put(w, cur, o, raced);
		sim_obj_unref(cur);
		json_decref(scale);
		json_decref(old);
		json_decref(o);
		return;
	}
	if (q->res->view_of)
		sim_event_to_new(old);
	o = patched(q, kind, body, old);
	if (o && sim_meant_for(q, cur, o)) {
		if (q->res->view_of) {
			sim_event_to_core(o);
			sim_event_to_core(old);
		}
		sim_defaults(q->res, o);
		n = sim_do_update(w, q->res, cur, old, o, raced);
		if (n)
			sim_send_obj(q, 200, n);
	}
	sim_obj_unref(n);
	sim_obj_unref(cur);
	json_decref(old);
	json_decref(o);
}

static bool force_allowed(struct sim_req *q)
{
	json_t *causes;

	if (!sim_param(q, "force").n)
		return true;
	causes = sim_causes();
	sim_cause(causes, "FieldValueForbidden", "force",
		"Forbidden: may not be specified for non-apply patch");
	sim_fail_invalid(q, "PatchOptions", "", causes);
	return false;
}

void sim_patch(struct sim_req *q)
{
	enum kind kind = kind_of(q);
	struct sim_write w;
	bool raced = true;
	json_t *body;

	if (kind == OTHER) {
		sim_fail_media(q, NULL);
		return;
	}
	if (!sim_write_options(q, &w))
		return;
	if (kind != APPLY && !force_allowed(q))
		return;
	body = kind == JSON_PATCH ? json_null() : sim_body_json(q);
	if (!body)
		return;
	if (kind == APPLY)
		sim_server_side_apply(&w, body);
	else
		while (raced)
			plain_patch(&w, kind, body, &raced);
	json_decref(body);
}
