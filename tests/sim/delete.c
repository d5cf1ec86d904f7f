/* SPDX-License-Identifier: Apache-2.0 */
/* DELETE: preconditions, finalizers, grace, propagation; and of whole collections. */
#include <stdio.h>
#include "sim/sim-priv.h"

static bool options(struct sim_req *q, struct sim_deletion *d)
{
	struct og_sv policy = sim_param(q, "propagationPolicy");
	json_t *o = q->body.n ? sim_body_json(q) : json_object(), *pre;
	const char *p;

	if (!o)
		return false;
	*d = (struct sim_deletion){.grace = -1};
	pre = json_object_get(o, "preconditions");
	snprintf(d->uid, sizeof(d->uid), "%s", sim_str(pre, "uid"));
	snprintf(d->rv, sizeof(d->rv), "%s", sim_str(pre, "resourceVersion"));
	p = policy.n ? sim_z(q, policy) : sim_str(o, "propagationPolicy");
	d->orphan = !strcmp(p, "Orphan");
	d->foreground = !strcmp(p, "Foreground");
	if (json_is_integer(json_object_get(o, "gracePeriodSeconds")))
		d->grace = json_integer_value(json_object_get(o, "gracePeriodSeconds"));
	if (sim_param(q, "gracePeriodSeconds").n)
		d->grace = strtol(sim_z(q, sim_param(q, "gracePeriodSeconds")), NULL, 10);
	d->dry_run = json_array_size(json_object_get(o, "dryRun")) > 0;
	json_decref(o);
	if (!d->dry_run)
		return sim_dry_run(q, &d->dry_run);
	return true;
}

/* NULL = fine. */
static const char *precondition(
	struct sim_req *q, const struct sim_deletion *d, const struct sim_obj *o)
{
	char rv[24];

	snprintf(rv, sizeof(rv), "%llu", (unsigned long long)o->rv);
	if (*d->uid && !og_sv_eq(og_svz(d->uid), o->uid))
		return og_arena_fmt(q->a,
			"the UID in the precondition (%s) does not match the UID in record (%.*s). The "
			"object might have been deleted and then recreated",
			d->uid, OG_SV_ARG(o->uid));
	if (*d->rv && strcmp(d->rv, rv))
		return og_arena_fmt(q->a,
			"the ResourceVersion in the precondition (%s) does not match the "
			"ResourceVersion in record (%s). The object might have been modified",
			d->rv, rv);
	return NULL;
}

/* Here the kind is named, not the resource. */
static void fail_precondition(struct sim_req *q, const char *why)
{
	struct sim_status st = {.code = 409, .reason = "Conflict", .kind = q->res->kind};
	const char *group = q->res->group;

	st.name = sim_z(q, q->name);
	st.group = group;
	sim_fail(q, st, "Operation cannot be fulfilled on %s%s%s \"%s\": %s", q->res->kind,
		*group ? "." : "", group, st.name, why);
}

static void add_finalizer(json_t *meta, const char *name)
{
	json_t *a = json_object_get(meta, "finalizers");

	if (!a) {
		a = json_array();
		json_object_set_new(meta, "finalizers", a);
	}
	json_array_append_new(a, json_string(name));
}

/* How long this object lingers; 0 = not at all. */
static int64_t grace_of(const struct sim_res *r, const struct sim_deletion *d,
	const struct sim_obj *o, const json_t *j)
{
	if (strcmp(r->kind, "Pod") || !o->node.n || og_sv_is(o->phase, "Succeeded") ||
		og_sv_is(o->phase, "Failed"))
		return 0;
	if (d->grace >= 0)
		return d->grace;
	return json_integer_value(
		json_object_get(json_object_get(j, "spec"), "terminationGracePeriodSeconds"));
}

/* Marks or removes; with mu held. *ret_gone tells which. The caller gets a reference. */
struct sim_obj *sim_delete_locked(struct og_sim *s, struct sim_res *r, struct sim_obj *cur,
	const struct sim_deletion *d, bool *ret_gone)
{
	json_t *j = sim_obj_json(cur), *meta = json_object_get(j, "metadata");
	int64_t grace = grace_of(r, d, cur, j);
	struct sim_obj *n = NULL;
	bool held;

	if (d->orphan)
		add_finalizer(meta, "orphan");
	else if (d->foreground)
		add_finalizer(meta, "foregroundDeletion");
	held = json_array_size(json_object_get(meta, "finalizers")) > 0 || grace > 0 ||
	       !strcmp(r->kind, "Namespace");
	*ret_gone = !held;
	if (d->dry_run) {
		n = sim_obj_ref(cur);
	} else if (!held) {
		n = sim_obj_ref(cur);
		sim_store_remove(s, r, cur->ns, cur->name);
	} else if (cur->deleting) {
		n = sim_obj_ref(cur);
	} else {
		char now[32];

		sim_now(now);
		json_object_set_new(meta, "deletionTimestamp", json_string(now));
		json_object_set_new(meta, "deletionGracePeriodSeconds", json_integer(grace));
		if (r->flags & SIM_R_GENERATION)
			json_object_set_new(meta, "generation",
				json_integer(
					json_integer_value(json_object_get(meta, "generation")) +
					1));
		if (!strcmp(r->kind, "Namespace"))
			json_object_set_new(
				json_object_get(j, "status"), "phase", json_string("Terminating"));
		n = sim_store_put(s, r, j);
	}
	json_decref(j);
	return n;
}

static void send_success(struct sim_req *q, const struct sim_obj *o)
{
	struct sim_status st = {.code = 200, .kind = q->res->plural, .group = q->res->group};

	st.name = o->name.p;
	st.uid = o->uid.p;
	sim_send_json(q, 200, sim_status_json(&st, NULL));
}

void sim_delete_one(struct sim_req *q)
{
	struct sim_res *r = q->res->view_of ? q->res->view_of : q->res;
	struct sim_obj *cur, *n = NULL;
	const char *why = NULL;
	struct sim_deletion d;
	bool gone = false;

	if (!options(q, &d))
		return;
	pthread_mutex_lock(&q->s->mu);
	cur = sim_coll_find(r->coll, q->ns, q->name);
	if (cur) {
		sim_obj_ref(cur);
		why = precondition(q, &d, cur);
		if (!why)
			n = sim_delete_locked(q->s, r, cur, &d, &gone);
	}
	pthread_mutex_unlock(&q->s->mu);
	if (!cur)
		sim_fail_notfound(q);
	else if (why)
		fail_precondition(q, why);
	else if (!n)
		sim_fail_oom(q);
	else if (gone && !(r->flags & SIM_R_GRACE))
		send_success(q, cur);
	else
		sim_send_obj(q, 200, n);
	sim_obj_unref(n);
	sim_obj_unref(cur);
}

/* Answers with the list of what was deleted. */
void sim_delete_many(struct sim_req *q)
{
	struct sim_res *r = q->res->view_of ? q->res->view_of : q->res;
	struct sim_select sel;
	struct sim_snap *sn;
	struct sim_deletion d;
	bool gone;

	if (!options(q, &d) || !sim_select_parse(q, &sel))
		return;
	pthread_mutex_lock(&q->s->mu);
	sn = sim_coll_snap(q->s, r->coll);
	for (size_t i = 0; sn && i < sn->n; i++) {
		struct sim_obj *o = sn->v[i];

		if ((!q->ns.n || og_sv_eq(o->ns, q->ns)) && sim_select_match(&sel, o))
			sim_obj_unref(sim_delete_locked(q->s, r, o, &d, &gone));
	}
	pthread_mutex_unlock(&q->s->mu);
	if (!sn) {
		sim_fail_oom(q);
		return;
	}
	sim_begin(q, 200, "application/json", -1);
	{
		const char *head = og_arena_fmt(q->a,
			"{\"kind\":\"%sList\",\"apiVersion\":\"%s\",\"metadata\":{"
			"\"resourceVersion\":\"%llu\"},\"items\":[",
			q->res->kind, q->res->api_version, (unsigned long long)og_sim_rv(q->s));
		bool first = true;

		sim_body(q, head, strlen(head));
		for (size_t i = 0; i < sn->n; i++) {
			struct sim_obj *o = sn->v[i];

			if ((q->ns.n && !og_sv_eq(o->ns, q->ns)) || !sim_select_match(&sel, o))
				continue;
			if (!first)
				sim_body(q, ",", 1);
			first = false;
			sim_write_obj(q, o, true);
		}
		sim_body(q, "]}", 2);
	}
	sim_snap_unref(sn);
}
