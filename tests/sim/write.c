/* SPDX-License-Identifier: Apache-2.0 */
/* GET of one object, POST and PUT. */
#include <stdio.h>
#include "otelgate/codec/source.h"
#include "sim/sim-priv.h"

static const char *str(const json_t *o, const char *k)
{
	const char *s = json_string_value(json_object_get(o, k));

	return s ? s : "";
}

static struct sim_obj *current(struct sim_req *q)
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
		"apiVersion", "autoscaling/v1", "metadata", "name", str(meta, "name"), "namespace",
		str(meta, "namespace"), "uid", str(meta, "uid"), "resourceVersion",
		str(meta, "resourceVersion"), "creationTimestamp", str(meta, "creationTimestamp"),
		"spec", want, "status", "replicas", json_integer_value(have));
}

void sim_get_one(struct sim_req *q)
{
	struct sim_obj *o = current(q);

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

bool sim_dry_run(struct sim_req *q, bool *ret)
{
	struct og_sv v = sim_param(q, "dryRun");

	*ret = og_sv_is(v, "All");
	if (v.n && !*ret) {
		json_t *causes = sim_causes();

		sim_cause(causes, "FieldValueNotSupported", "dryRun",
			"Unsupported value: [\"%.*s\"]: supported values: \"All\"", OG_SV_ARG(v));
		sim_fail_invalid(q, "CreateOptions", "", causes);
		return false;
	}
	return true;
}

bool sim_write_options(struct sim_req *q, struct sim_write *w)
{
	struct og_sv m = sim_param(q, "fieldManager"), ua = sim_header(q, "user-agent");

	*w = (struct sim_write){.q = q, .user = q->user, .groups = q->groups};
	w->operation = "Update";
	w->sub = og_sv_is(q->sub, "status") ? "status" : "";
	w->manager = m.n ? sim_z(q, m) : sim_z(q, og_sv(ua.p, og_sv_chr(ua, '/')));
	if (!*w->manager)
		w->manager = "unknown";
	return sim_dry_run(q, &w->dry_run);
}

/* YAML becomes JSON: `kubectl apply --server-side` sends it. */
static json_t *from_yaml(struct sim_req *q)
{
	struct og_source src;
	struct og_err err = OG_ERR_INIT;

	if (og_source_parse(&src, q->a, q->body, "body", NULL, &err) || src.ndocs != 1)
		return NULL;
	return json_loadb(src.docs[0].doc.text, src.docs[0].doc.len, 0, NULL);
}

json_t *sim_body_json(struct sim_req *q)
{
	struct og_sv ct = sim_header(q, "content-type");
	bool yaml = og_sv_has(ct, OG_SV("yaml"));
	json_error_t je;
	json_t *o;

	if (ct.n && !yaml && !og_sv_has(ct, OG_SV("json")) &&
		!og_sv_has(ct, OG_SV("x-www-form-urlencoded"))) {
		sim_fail_media(q,
			"application/json, application/yaml, application/vnd.kubernetes.protobuf, "
			"application/cbor");
		return NULL;
	}
	o = json_loadb(q->body.p, q->body.n, 0, &je);
	if (!o && yaml)
		o = from_yaml(q);
	if (!json_is_object(o)) {
		json_decref(o);
		sim_fail_bad(q, "couldn't get version/kind; json parse error: %s", je.text);
		return NULL;
	}
	return o;
}

bool sim_body_fits(struct sim_req *q, json_t *o)
{
	json_t *meta = json_object_get(o, "metadata");
	const char *k = str(o, "kind"), *v = str(o, "apiVersion"), *ns = str(meta, "namespace");

	if (*v && strcmp(v, q->res->api_version)) {
		sim_fail_bad(q,
			"the API version in the data (%s) does not match the expected API version (%s)",
			v, q->res->api_version);
		return false;
	}
	if (*k && strcmp(k, q->res->kind)) {
		sim_fail_bad(q, "%s in version \"%s\" cannot be handled as a %s", k,
			q->res->version, q->res->kind);
		return false;
	}
	if (q->ns.n && *ns && !og_sv_eq(og_svz(ns), q->ns)) {
		sim_fail_bad(q, "the namespace of the provided object does not match the namespace "
				"sent on the request");
		return false;
	}
	if (q->name.n && *str(meta, "name") && !og_sv_eq(og_svz(str(meta, "name")), q->name)) {
		sim_fail_bad(q,
			"the name of the object (%s) does not match the name on the URL (%s)",
			str(meta, "name"), sim_z(q, q->name));
		return false;
	}
	return true;
}

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
	sim_service_account(*o);
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
			w->why = og_strdup(str(status, "message"));
		json_decref(status);
	}
	return ok;
}

/* The first cause, for a controller's condition. */
static void refused(struct sim_write *w, json_t *causes)
{
	const json_t *c = json_array_get(causes, 0);

	w->why = sim_fmt("%s: %s", str(c, "field"), str(c, "message"));
	json_decref(causes);
}

static bool check_new(struct sim_write *w, struct sim_res *r, const json_t *o)
{
	const char *name = str(json_object_get(o, "metadata"), "name");
	json_t *causes = sim_validate(w, r, o, NULL);

	if (!causes)
		return true;
	if (w->q)
		sim_fail_invalid(w->q, r->kind, name, causes);
	else
		refused(w, causes);
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
	there = sim_coll_find(r->coll, og_svz(str(meta, "namespace")), og_svz(str(meta, "name")));
	if (!there && w->dry_run)
		n = sim_obj_new(r, o, 0);
	else if (!there)
		n = sim_store_put(s, r, o);
	pthread_mutex_unlock(&s->mu);
	if (there)
		fail_exists(w, r, str(meta, "name"));
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
			fail_namespace(w, r, ns, state, str(meta, "name"));
			json_decref(o);
			return NULL;
		}
	}
	schema = sim_schema(s, r);
	w->schema = schema;
	sim_prune(schema, o);
	if (mutate(w, r, ns, &o) && sim_prepare_create(w, r, o, ns) && check_new(w, r, o)) {
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
	if (*str(meta, "resourceVersion")) {
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
	const char *rv = str(meta, "resourceVersion"), *uid = str(meta, "uid");
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
		struct sim_obj *cur = current(q);

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
