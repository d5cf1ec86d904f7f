/* SPDX-License-Identifier: Apache-2.0 */
/* GET of one object, PUT, scale. */
#include <stdio.h>
#include "sim/sim-priv.h"

struct sim_obj *sim_current(struct sim_req *q)
{
	struct sim_obj *o;

	pthread_mutex_lock(&q->s->mu);
	o = sim_coll_find(q->res->coll, q->ns, q->name);
	if (o)
		sim_obj_ref(o);
	pthread_mutex_unlock(&q->s->mu);
	return o;
}

/* autoscaling/v1 Scale of a workload. */
json_t *sim_scale_of(const json_t *o)
{
	const json_t *meta = json_object_get(o, "metadata"), *spec = json_object_get(o, "spec");
	json_t *n = json_object_get(spec, "replicas");
	json_t *have = json_object_get(json_object_get(o, "status"), "replicas");
	json_t *want = json_object();

	if (json_integer_value(n))
		json_object_set(want, "replicas", n);
	return json_pack("{s:s,s:s,s:{s:s,s:s,s:s,s:s,s:s},s:o,s:{s:I}}", "kind", "Scale",
		"apiVersion", "autoscaling/v1", "metadata", "name", sim_str(meta, "name"),
		"namespace", sim_str(meta, "namespace"), "uid", sim_str(meta, "uid"),
		"resourceVersion", sim_str(meta, "resourceVersion"), "creationTimestamp",
		sim_str(meta, "creationTimestamp"), "spec", want, "status", "replicas",
		json_integer_value(have));
}

void sim_get_one(struct sim_req *q)
{
	struct sim_obj *o = sim_current(q);

	if (!o) {
		sim_fail_notfound(q);
	} else if (og_sv_is(q->sub, "scale")) {
		json_t *j = sim_obj_json(o);

		sim_send_json(q, 200, sim_scale_of(j));
		json_decref(j);
	} else {
		sim_send_obj(q, 200, o);
	}
	sim_obj_unref(o);
}

static void fail_need_rv(struct sim_req *q, const char *name)
{
	struct sim_status st = {.code = 422, .reason = "Invalid", .name = name};

	/* here it is the resource that is named */
	st.group = q->res->group;
	st.kind = q->res->plural;
	st.causes = sim_causes();
	sim_cause(st.causes, "FieldValueInvalid", "metadata.resourceVersion",
		"Invalid value: 0: must be specified for an update");
	sim_fail(q, st,
		"%s \"%s\" is invalid: metadata.resourceVersion: Invalid value: 0: must be specified "
		"for an update",
		sim_qualified(q, q->res), name);
}

/* Checks of a PUT against what is there; false = answered. */
static bool put_fits(struct sim_req *q, const struct sim_obj *cur, const json_t *o)
{
	const json_t *meta = json_object_get(o, "metadata");
	const char *rv = sim_str(meta, "resourceVersion"), *uid = sim_str(meta, "uid");
	char have[24];

	snprintf(have, sizeof(have), "%llu", (unsigned long long)cur->rv);
	if (!*rv && (q->res->flags & SIM_R_NEED_RV)) {
		fail_need_rv(q, sim_z(q, q->name));
		return false;
	}
	if (*uid && !og_sv_eq(og_svz(uid), cur->uid)) {
		sim_fail_conflict(q,
			og_arena_fmt(q->a,
				"Precondition failed: UID in precondition: %s, UID in object meta: %.*s",
				uid, OG_SV_ARG(cur->uid)));
		return false;
	}
	if (*rv && strcmp(rv, "0") && strcmp(rv, have)) {
		sim_fail_conflict(q,
			"the object has been modified; please apply your changes to the "
			"latest version and try again");
		return false;
	}
	return true;
}

void sim_scale_put(struct sim_write *w, struct sim_obj *cur, const json_t *body, bool *raced)
{
	json_t *old = sim_obj_json(cur), *o = json_deep_copy(old);
	json_t *n = json_object_get(json_object_get(body, "spec"), "replicas");
	struct sim_obj *got;

	json_object_set(json_object_get(o, "spec"), "replicas", n);
	got = sim_do_update(w, w->q->res, cur, old, o, raced);
	if (got) {
		json_t *j = sim_obj_json(got);

		sim_send_json(w->q, 200, sim_scale_of(j));
		json_decref(j);
	}
	sim_obj_unref(got);
	json_decref(old);
	json_decref(o);
}

static void put_new(struct sim_write *w, json_t *o)
{
	struct sim_req *q = w->q;
	json_t *meta = json_object_get(o, "metadata");
	struct sim_obj *n;

	if (!(q->res->flags & SIM_R_PUT_CREATES) || q->sub.n) {
		sim_fail_notfound(q);
		return;
	}
	if (!sim_may_create(q))
		return;
	json_object_set_new(meta, "name", json_string(sim_z(q, q->name)));
	n = sim_do_create(w, q->res, sim_z(q, q->ns), o);
	if (n)
		sim_send_obj(q, 201, n);
	sim_obj_unref(n);
}

static void put_existing(struct sim_write *w, struct sim_obj *cur, json_t *o, bool *raced)
{
	json_t *old = sim_obj_json(cur), *copy = json_deep_copy(o);
	struct sim_obj *n;

	if (w->q->res->view_of)
		sim_event_to_core(copy);
	sim_defaults(w->q->res, copy);
	n = sim_do_update(w, w->q->res, cur, old, copy, raced);
	if (n)
		sim_send_obj(w->q, 200, n);
	sim_obj_unref(n);
	json_decref(old);
	json_decref(copy);
}

void sim_update(struct sim_req *q)
{
	struct sim_write w;
	bool raced = true;
	json_t *o;

	if (!sim_write_options(q, &w))
		return;
	o = sim_body_json(q);
	if (!o)
		return;
	if (!og_sv_is(q->sub, "scale") && !sim_body_fits(q, o)) {
		json_decref(o);
		return;
	}
	if (!json_is_object(json_object_get(o, "metadata")))
		json_object_set_new(o, "metadata", json_object());
	while (raced) {
		struct sim_obj *cur = sim_current(q);

		raced = false;
		if (!cur)
			put_new(&w, o);
		else if (put_fits(q, cur, o) && og_sv_is(q->sub, "scale"))
			sim_scale_put(&w, cur, o, &raced);
		else if (!q->c->begun)
			put_existing(&w, cur, o, &raced);
		sim_obj_unref(cur);
	}
	json_decref(o);
}
