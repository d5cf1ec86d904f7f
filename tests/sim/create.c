/* SPDX-License-Identifier: Apache-2.0 */
/* POST: namespaces, defaults, admission, names, validation, commit. */
#include "sim/sim-priv.h"

/* The namespace has to be there and to stay; with mu held. 0, 404 or 403. */
static int namespace_state(struct og_sim *s, const char *ns)
{
	struct sim_res *r = sim_res_by_name(s, "namespaces");
	const struct sim_obj *o = sim_coll_find(r->coll, og_svz(""), og_svz(ns));

	if (!o)
		return 404;
	return o->deleting ? 403 : 0;
}

static void fail_namespace(
	struct sim_write *w, struct sim_res *r, const char *ns, int code, const char *name)
{
	struct sim_status st = {.code = code, .reason = "NotFound", .kind = "namespaces"};

	if (!w->q)
		return;
	st.name = ns;
	if (code == 404) {
		sim_fail(w->q, st, "namespaces \"%s\" not found", ns);
		return;
	}
	st = (struct sim_status){.code = 403,
		.reason = "Forbidden",
		.kind = r->plural,
		.group = r->group,
		.name = name};
	st.causes = json_pack("[{s:s,s:o,s:s}]", "reason", "NamespaceTerminating", "message",
		json_sprintf("namespace %s is being terminated", ns), "field",
		"metadata.namespace");
	sim_fail(w->q, st,
		"%s \"%s\" is forbidden: unable to create new content in namespace %s because it "
		"is being terminated",
		sim_qualified(w->q, r), name, ns);
}

static void fail_exists(struct sim_write *w, struct sim_res *r, const char *name)
{
	struct sim_status st = {.code = 409, .reason = "AlreadyExists", .kind = r->plural};

	st.group = r->group;
	st.name = name;
	if (w->q)
		sim_fail(w->q, st, "%s \"%s\" already exists", sim_qualified(w->q, r), name);
}

/* Mutation by the server and by webhooks. False = answered. */
static bool mutate(struct sim_write *w, struct sim_res *r, const char *ns, json_t **o)
{
	struct og_sim *s = w->q ? w->q->s : w->s;
	json_t *status = NULL;
	bool ok;

	sim_defaults(r, *o);
	if (strcmp(r->kind, "Pod"))
		return true;
	sim_admit_pod(*o);
	if (!strcmp(w->operation, "Update"))
		sim_fields_update(w, r, *o, NULL);
	ok = sim_admit(w, s, r, ns, o, &status);
	if (ok)
		sim_defaults(r, *o);
	if (!ok && w->q) {
		json_int_t code = json_integer_value(json_object_get(status, "code"));

		sim_send_json(w->q, (int)code, status);
	} else {
		if (!ok)
			w->why = og_strdup(sim_str(status, "message"));
		json_decref(status);
	}
	return ok;
}

/* The first cause, for a controller's condition. */
static void refused(struct sim_write *w, json_t *causes)
{
	const json_t *c = json_array_get(causes, 0);

	w->why = sim_fmt("%s: %s", sim_str(c, "field"), sim_str(c, "message"));
	json_decref(causes);
}

static bool check_new(struct sim_write *w, struct sim_res *r, const json_t *o)
{
	const char *name = sim_str(json_object_get(o, "metadata"), "name");
	json_t *causes = sim_validate(w, r, o, NULL);

	if (!causes)
		return true;
	if (w->q)
		sim_fail_invalid(w->q, r->kind, name, causes);
	else
		refused(w, causes);
	return false;
}

/* After the webhooks: quotas and PodSecurity. */
static bool admitted(struct sim_write *w, struct sim_res *r, const char *ns, const json_t *o)
{
	struct sim_status st = {.code = 403, .reason = "Forbidden", .kind = r->plural};
	char *why = strcmp(r->kind, "Pod") ? NULL : sim_pod_refused(w->q ? w->q->s : w->s, ns, o);

	if (!why)
		return true;
	if (!w->q) {
		w->why = why;
		return false;
	}
	st.name = sim_str(json_object_get(o, "metadata"), "name");
	sim_fail(w->q, st, "%s", why);
	og_free(why);
	return false;
}

static struct sim_obj *commit_new(struct sim_write *w, struct sim_res *r, json_t *o)
{
	struct og_sim *s = w->q ? w->q->s : w->s;
	const json_t *meta = json_object_get(o, "metadata");
	struct sim_obj *n = NULL;
	bool there;

	if (r->view_of) {
		sim_event_to_core(o);
		r = r->view_of;
	}
	pthread_mutex_lock(&s->mu);
	there = sim_coll_find(
		r->coll, og_svz(sim_str(meta, "namespace")), og_svz(sim_str(meta, "name")));
	if (!there && w->dry_run)
		n = sim_obj_new(r, o, 0);
	else if (!there)
		n = sim_store_put(s, r, o);
	pthread_mutex_unlock(&s->mu);
	if (there)
		fail_exists(w, r, sim_str(meta, "name"));
	else if (!n && w->q)
		sim_fail_oom(w->q);
	return n;
}

struct sim_obj *sim_do_create(struct sim_write *w, struct sim_res *r, const char *ns, json_t *o)
{
	struct og_sim *s = w->q ? w->q->s : w->s;
	struct sim_obj *n = NULL;
	json_t *meta, *schema;
	int state;

	json_incref(o);
	if (r->flags & SIM_R_NAMESPACED) {
		pthread_mutex_lock(&s->mu);
		state = namespace_state(s, ns);
		pthread_mutex_unlock(&s->mu);
		if (state) {
			meta = json_object_get(o, "metadata");
			fail_namespace(w, r, ns, state, sim_str(meta, "name"));
			json_decref(o);
			return NULL;
		}
	}
	schema = sim_schema(s, r);
	w->schema = schema;
	if (sim_prune(w, r, o) && mutate(w, r, ns, &o) && sim_prepare_create(w, r, o, ns) &&
		check_new(w, r, o) && admitted(w, r, ns, o)) {
		if (!strcmp(w->operation, "Update"))
			sim_fields_update(w, r, o, NULL);
		n = commit_new(w, r, o);
	}
	w->schema = NULL;
	json_decref(schema);
	json_decref(o);
	return n;
}

void sim_create(struct sim_req *q)
{
	struct sim_write w;
	struct sim_obj *n;
	json_t *o, *meta;

	if (q->sub.n) {
		if (og_sv_is(q->sub, "token"))
			sim_review(q);
		else
			sim_fail_method(q);
		return;
	}
	if (!sim_write_options(q, &w))
		return;
	o = sim_body_json(q);
	if (!o)
		return;
	if ((q->res->flags & SIM_R_NAMESPACED) && !q->ns.n) {
		sim_fail_method(q);
		json_decref(o);
		return;
	}
	if (!sim_body_fits(q, o)) {
		json_decref(o);
		return;
	}
	if (!json_is_object(json_object_get(o, "metadata")))
		json_object_set_new(o, "metadata", json_object());
	meta = json_object_get(o, "metadata");
	json_object_del(meta, "managedFields");
	if (*sim_str(meta, "resourceVersion")) {
		struct sim_status st = {.code = 500};

		sim_fail(q, st, "resourceVersion should not be set on objects to be created");
	} else {
		n = sim_do_create(&w, q->res, sim_z(q, q->ns), o);
		if (n)
			sim_send_obj(q, 201, n);
		sim_obj_unref(n);
	}
	json_decref(o);
}
