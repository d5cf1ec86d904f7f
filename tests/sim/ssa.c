/* SPDX-License-Identifier: Apache-2.0 */
/* The request side of server-side apply. */
#include "sim/sim-priv.h"

static void fail_conflicts(struct sim_req *q, json_t *causes)
{
	struct sim_status st = {.code = 409, .reason = "Conflict", .causes = causes};
	og_auto_buf struct og_buf b = OG_BUF_INIT(0);
	size_t n = json_array_size(causes), i;
	json_t *c;

	if (n == 1) {
		c = json_array_get(causes, 0);
		og_buf_fmt(&b, "%s: %s", sim_str(c, "message"), sim_str(c, "field"));
	} else {
		const char *last = "";

		json_array_foreach(causes, i, c)
		{
			if (strcmp(last, sim_str(c, "message")))
				og_buf_fmt(&b, "%s%ss %s:", i ? "\n" : "", "conflict",
					sim_str(c, "message") + strlen("conflict "));
			last = sim_str(c, "message");
			og_buf_fmt(&b, "\n- %s", sim_str(c, "field"));
		}
	}
	sim_fail(q, st, "Apply failed with %zu conflict%s: %s", n, n == 1 ? "" : "s",
		og_buf_view(&b).p);
}

static void apply_new(struct sim_write *w, json_t *config)
{
	struct sim_req *q = w->q;
	json_t *conflicts = NULL, *o, *schema;
	struct sim_obj *n;

	if (!sim_may_create(q))
		return;
	schema = sim_schema(q->s, q->res);
	w->schema = schema;
	json_object_set_new(
		json_object_get(config, "metadata"), "name", json_string(sim_z(q, q->name)));
	o = sim_fields_apply(w, q->res, NULL, config, true, &conflicts);
	w->schema = NULL;
	n = o ? sim_do_create(w, q->res, sim_z(q, q->ns), o) : NULL;
	if (n)
		sim_send_obj(q, 201, n);
	sim_obj_unref(n);
	json_decref(o);
	json_decref(schema);
}

static void apply_to(
	struct sim_write *w, struct sim_obj *cur, json_t *config, bool force, bool *raced)
{
	struct sim_req *q = w->q;
	json_t *old = sim_obj_json(cur), *conflicts = NULL, *o;
	json_t *schema = sim_schema(q->s, q->res);
	struct sim_obj *n = NULL;

	w->schema = schema;
	o = sim_fields_apply(w, q->res, old, config, force, &conflicts);
	w->schema = NULL;
	if (!o) {
		fail_conflicts(q, conflicts);
	} else {
		sim_defaults(q->res, o);
		n = sim_do_update(w, q->res, cur, old, o, raced);
		if (n)
			sim_send_obj(q, 200, n);
	}
	sim_obj_unref(n);
	json_decref(o);
	json_decref(old);
	json_decref(schema);
}

/* What every apply has to have; false = answered. */
static bool apply_options(struct sim_req *q, const json_t *body)
{
	json_t *causes = sim_causes();

	if (!sim_param(q, "fieldManager").n)
		sim_cause(causes, "FieldValueRequired", "fieldManager",
			"Required value: is required for apply patch");
	if (json_array_size(causes)) {
		sim_fail_invalid(q, "PatchOptions", "", causes);
		return false;
	}
	json_decref(causes);
	if (json_object_get(json_object_get(body, "metadata"), "managedFields")) {
		sim_fail_bad(q, "metadata.managedFields must be nil");
		return false;
	}
	if (!*sim_str(body, "kind") || !*sim_str(body, "apiVersion")) {
		sim_fail_bad(q, "Object 'Kind' is missing in the apply patch");
		return false;
	}
	return true;
}

void sim_server_side_apply(struct sim_write *w, json_t *body)
{
	struct sim_req *q = w->q;
	bool raced = true, force = sim_param_true(q, "force");

	w->operation = "Apply";
	if (!apply_options(q, body) || !sim_body_fits(q, body))
		return;
	if (!json_is_object(json_object_get(body, "metadata")))
		json_object_set_new(body, "metadata", json_object());
	while (raced) {
		struct sim_obj *cur = sim_current(q);

		raced = false;
		if (!cur && q->sub.n)
			sim_fail_notfound(q);
		else if (!cur)
			apply_new(w, body);
		else if (!*sim_str(json_object_get(body, "metadata"), "resourceVersion") ||
			 sim_meant_for(q, cur, body))
			apply_to(w, cur, body, force, &raced);
		sim_obj_unref(cur);
	}
}
