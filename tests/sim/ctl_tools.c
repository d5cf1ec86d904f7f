/* SPDX-License-Identifier: Apache-2.0 */
/* What the steps of the controllers share. */
#include <stdio.h>
#include "sim/sim-priv.h"

const char *sim_ctl_text(const json_t *o, const char *a, const char *b)
{
	const json_t *v = json_object_get(o, a);
	const char *s = json_string_value(b ? json_object_get(v, b) : v);

	return s ? s : "";
}

int64_t sim_ctl_int(const json_t *o, const char *a, const char *b, int64_t def)
{
	const json_t *v = json_object_get(o, a);

	if (b)
		v = json_object_get(v, b);
	return json_is_integer(v) ? json_integer_value(v) : def;
}

struct sim_res *sim_ctl_res(struct sim_step *st, const char *name)
{
	struct sim_res *r;

	pthread_mutex_lock(&st->s->mu);
	r = sim_res_by_name(st->s, name);
	pthread_mutex_unlock(&st->s->mu);
	return r;
}

size_t sim_ctl_owned(
	struct sim_step *st, const char *resource, const char *uid, struct sim_obj ***ret)
{
	og_auto_free char *prefix = sim_fmt("%s/", st->ns);
	struct og_sv want = og_svz(uid), ns = og_svz(st->ns);
	struct sim_obj **v = NULL;
	struct sim_res *r;
	size_t n = 0;

	*ret = NULL;
	if (!prefix || !want.n)
		return 0;
	pthread_mutex_lock(&st->s->mu);
	r = sim_res_by_name(st->s, resource);
	for (int pass = 0; r && pass < 2; pass++) {
		size_t i = sim_coll_seek(r->coll, og_svz(prefix));

		if (pass == 1) {
			v = og_calloc(n + 1, sizeof(*v));
			if (!v)
				break;
			n = 0;
		}
		for (; i < r->coll->n && og_sv_eq(r->coll->v[i]->ns, ns); i++) {
			if (!og_sv_eq(r->coll->v[i]->owner_uid, want))
				continue;
			if (v)
				v[n] = sim_obj_ref(r->coll->v[i]);
			n++;
		}
	}
	pthread_mutex_unlock(&st->s->mu);
	*ret = v;
	return v ? n : 0;
}

void sim_ctl_release(struct sim_obj **v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		sim_obj_unref(v[i]);
	og_free(v);
}

struct sim_obj *sim_ctl_find(
	struct sim_step *st, const char *resource, const char *ns, const char *name)
{
	struct sim_obj *o = NULL;
	struct sim_res *r;

	pthread_mutex_lock(&st->s->mu);
	r = sim_res_by_name(st->s, resource);
	if (r)
		o = sim_coll_find(r->coll, og_svz(ns), og_svz(name));
	if (o)
		sim_obj_ref(o);
	pthread_mutex_unlock(&st->s->mu);
	return o;
}

bool sim_ctl_write(struct sim_step *st, struct sim_res *r, struct sim_obj *cur, json_t *o)
{
	struct sim_write w = {.s = st->s,
		.user = "system:kube-controller-manager",
		.groups = "system:authenticated",
		.manager = "kube-controller-manager",
		.operation = "Update",
		.sub = "*"};
	json_t *old = sim_obj_json(cur);
	bool raced = false;
	struct sim_obj *n = old ? sim_do_update(&w, r, cur, old, o, &raced) : NULL;
	bool ok = n != NULL;

	if (n && n != cur)
		st->changed = true;
	if (raced)
		st->again = true;
	json_decref(old);
	sim_obj_unref(n);
	return ok;
}

bool sim_ctl_create(struct sim_step *st, const char *resource, json_t *o, const char *controller,
	char **ret_why)
{
	og_auto_free char *user = sim_fmt("system:serviceaccount:kube-system:%s", controller);
	struct sim_write w = {.s = st->s,
		.user = user,
		.groups = "system:serviceaccounts,system:serviceaccounts:kube-system,"
			  "system:authenticated",
		.manager = "kube-controller-manager",
		.operation = "Update",
		.sub = ""};
	struct sim_res *r = sim_ctl_res(st, resource);
	struct sim_obj *n = NULL;

	if (o && user && r)
		n = sim_do_create(&w, r, st->ns, o);
	json_decref(o);
	if (ret_why)
		*ret_why = w.why;
	else
		og_free(w.why);
	if (n)
		st->changed = true;
	sim_obj_unref(n);
	return n != NULL;
}

/* The same Event counts on, at most once a second. */
static bool said_before(struct sim_step *st, const char *name, const char *now)
{
	struct sim_obj *have = sim_ctl_find(st, "events", st->ns, name);
	json_t *o = have ? sim_obj_json(have) : NULL;

	if (o && strcmp(sim_ctl_text(o, "lastTimestamp", NULL), now) != 0) {
		json_object_set_new(o, "lastTimestamp", json_string(now));
		json_object_set_new(o, "count", json_integer(sim_ctl_int(o, "count", NULL, 1) + 1));
		sim_ctl_write(st, sim_ctl_res(st, "events"), have, o);
	}
	json_decref(o);
	sim_obj_unref(have);
	return o != NULL;
}

void sim_ctl_refused(struct sim_step *st, const char *controller, const char *what, const char *why)
{
	og_auto_free char *note = sim_fmt("%s%s", what, why);
	const char *uid = st->cur->uid.p;
	char now[32];

	if (!note)
		return;
	uint64_t h = og_hash64(og_hash64(11, og_svz(uid)), og_svz(note));
	og_auto_free char *name = sim_fmt("%s.%016llx", st->name, (unsigned long long)h);
	sim_now(now);
	if (!name || said_before(st, name, now))
		return;
	sim_ctl_create(st, "events",
		json_pack("{s:{s:s},s:{s:s,s:s,s:s,s:s,s:s},s:s,s:s,s:s,s:{s:s},s:s,s:s,s:i}",
			"metadata", "name", name, "involvedObject", "apiVersion",
			st->res->api_version, "kind", st->res->kind, "namespace", st->ns, "name",
			st->name, "uid", uid, "reason", "FailedCreate", "message", note, "type",
			"Warning", "source", "component", controller, "firstTimestamp", now,
			"lastTimestamp", now, "count", 1),
		controller, NULL);
}

void sim_ctl_delete(struct sim_step *st, struct sim_res *r, struct sim_obj *o)
{
	static const struct sim_deletion d = {.grace = -1};
	bool gone;

	pthread_mutex_lock(&st->s->mu);
	if (sim_coll_find(r->coll, o->ns, o->name) == o && !o->deleting) {
		sim_obj_unref(sim_delete_locked(st->s, r, o, &d, &gone));
		st->changed = true;
	}
	pthread_mutex_unlock(&st->s->mu);
}

json_t *sim_ctl_owner_ref(const json_t *owner, const char *api_version, const char *kind)
{
	return json_pack("{s:s,s:s,s:s,s:s,s:b,s:b}", "apiVersion", api_version, "kind", kind,
		"name", sim_ctl_text(owner, "metadata", "name"), "uid",
		sim_ctl_text(owner, "metadata", "uid"), "controller", 1, "blockOwnerDeletion", 1);
}

json_t *sim_ctl_pod(struct sim_step *st, const json_t *owner, const char *name, bool generate,
	const char *label, const char *value)
{
	const json_t *tmpl = json_object_get(json_object_get(owner, "spec"), "template");
	json_t *o = json_object(), *meta = json_deep_copy(json_object_get(tmpl, "metadata"));
	json_t *labels;

	if (!meta)
		meta = json_object();
	json_object_del(meta, "creationTimestamp");
	json_object_set_new(meta, generate ? "generateName" : "name", json_string(name));
	if (!json_object_get(meta, "labels"))
		json_object_set_new(meta, "labels", json_object());
	labels = json_object_get(meta, "labels");
	if (label)
		json_object_set_new(labels, label, json_string(value));
	json_object_set_new(meta, "ownerReferences",
		json_pack("[o]", sim_ctl_owner_ref(owner, st->res->api_version, st->res->kind)));
	json_object_set_new(o, "metadata", meta);
	json_object_set_new(o, "spec", json_deep_copy(json_object_get(tmpl, "spec")));
	return o;
}

void sim_ctl_hash(const json_t *tmpl, char out[12])
{
	static const char letters[] = "bcdfghjklmnpqrstvwxz2456789";
	json_t *t = json_deep_copy(tmpl);
	json_t *labels = json_object_get(json_object_get(t, "metadata"), "labels");
	char *text;
	uint64_t h;
	int i;

	json_object_del(labels, "pod-template-hash");
	text = json_dumps(t, JSON_COMPACT | JSON_SORT_KEYS);
	h = og_hash64(7, og_svz(text));
	for (i = 0; i < 10; i++, h /= sizeof(letters) - 1)
		out[i] = letters[h % (sizeof(letters) - 1)];
	out[i] = '\0';
	free(text);
	json_decref(t);
}

void sim_ctl_condition(
	json_t *status, const char *type, bool on, const char *reason, const char *message)
{
	sim_ctl_condition_is(status, type, on ? "True" : "False", reason, message);
}

void sim_ctl_condition_is(
	json_t *status, const char *type, const char *want, const char *reason, const char *message)
{
	json_t *list = json_object_get(status, "conditions"), *c = NULL, *v;
	char now[32];
	size_t i;

	if (!list) {
		list = json_array();
		json_object_set_new(status, "conditions", list);
	}
	json_array_foreach(list, i, v)
	{
		if (!strcmp(sim_ctl_text(v, "type", NULL), type))
			c = v;
	}
	if (c && !strcmp(sim_ctl_text(c, "status", NULL), want) &&
		!strcmp(sim_ctl_text(c, "reason", NULL), reason))
		return;
	sim_now(now);
	if (!c) {
		c = json_pack("{s:s}", "type", type);
		json_array_append_new(list, c);
	}
	if (strcmp(sim_ctl_text(c, "status", NULL), want))
		json_object_set_new(c, "lastTransitionTime", json_string(now));
	json_object_set_new(c, "status", json_string(want));
	json_object_set_new(c, "lastUpdateTime", json_string(now));
	json_object_set_new(c, "reason", json_string(reason));
	json_object_set_new(c, "message", json_string(message));
}

size_t sim_ctl_nodes(struct sim_step *st, char (**ret)[64])
{
	struct sim_res *r;
	size_t n = 0;

	*ret = NULL;
	pthread_mutex_lock(&st->s->mu);
	r = sim_res_by_name(st->s, "nodes");
	if (r && r->coll->n)
		*ret = og_calloc(r->coll->n, sizeof(**ret));
	for (size_t i = 0; *ret && i < r->coll->n; i++)
		snprintf((*ret)[n++], 64, "%.*s", OG_SV_ARG(r->coll->v[i]->name));
	pthread_mutex_unlock(&st->s->mu);
	return n;
}
