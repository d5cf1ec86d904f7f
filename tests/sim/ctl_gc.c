/* SPDX-License-Identifier: Apache-2.0 */
/* Garbage collection by owner references, and the end of namespaces. */
#include "sim/sim-priv.h"

static bool owned_by(const struct sim_obj *o, struct og_sv uid)
{
	const char *p = o->owners.p, *end = p + o->owners.n;

	for (; p < end; p += strlen(p) + 1)
		if (strlen(p) == uid.n && !memcmp(p, uid.p, uid.n))
			return true;
	return false;
}

/* With mu held. */
static bool owner_lives(struct og_sim *s, const struct sim_obj *o, const json_t *ref)
{
	struct sim_res *r = sim_res_by_kind(
		s, sim_ctl_text(ref, "apiVersion", NULL), sim_ctl_text(ref, "kind", NULL));
	struct sim_obj *owner;

	if (!r)
		return true; /* of a kind that is not known: nothing can be said */
	owner = sim_coll_find(r->coll, r->flags & SIM_R_NAMESPACED ? o->ns : og_svz(""),
		og_svz(sim_ctl_text(ref, "name", NULL)));
	return owner && og_sv_eq(owner->uid, og_svz(sim_ctl_text(ref, "uid", NULL)));
}

/* With mu held: no owner left → deleted; some left → the dead references go. */
static bool check(struct og_sim *s, struct sim_res *r, struct sim_obj *o)
{
	static const struct sim_deletion d = {.grace = -1};
	json_t *j = sim_obj_json(o), *meta = json_object_get(j, "metadata");
	json_t *refs = json_object_get(meta, "ownerReferences"), *alive = json_array(), *ref;
	size_t i, n = json_array_size(refs);
	bool did = false, gone;

	json_array_foreach(refs, i, ref)
	{
		if (owner_lives(s, o, ref))
			json_array_append(alive, ref);
	}
	if (n && !json_array_size(alive) && !o->deleting) {
		sim_obj_unref(sim_delete_locked(s, r, o, &d, &gone));
		did = true;
	} else if (json_array_size(alive) && json_array_size(alive) < n) {
		json_object_set(meta, "ownerReferences", alive);
		sim_obj_unref(sim_store_put(s, r, j));
		did = true;
	}
	json_decref(alive);
	json_decref(j);
	return did;
}

bool sim_gc_orphans(struct og_sim *s, const char *uid)
{
	struct og_sv want = og_svz(uid);
	bool did = false;

	pthread_mutex_lock(&s->mu);
	for (size_t k = 0; k < s->nres; k++) {
		struct sim_res *r = s->res[k];

		if (!r->coll || r->view_of || (r->flags & SIM_R_VIRTUAL))
			continue;
		for (size_t i = r->coll->n; i-- > 0;) {
			struct sim_obj *o = i < r->coll->n ? r->coll->v[i] : NULL;

			if (!o || !o->owners.n || !owned_by(o, want))
				continue;
			sim_obj_ref(o);
			did = check(s, r, o) || did;
			sim_obj_unref(o);
		}
	}
	pthread_mutex_unlock(&s->mu);
	return did;
}

/* Dependents of a deleted owner in the way its finalizer asks for; with mu held. True = none left.
 */
static bool dependents(struct og_sim *s, struct og_sv uid, bool orphan, bool *ret_did)
{
	static const struct sim_deletion d = {.grace = -1};
	bool none = true, gone;

	for (size_t k = 0; k < s->nres; k++) {
		struct sim_res *r = s->res[k];

		if (!r->coll || r->view_of)
			continue;
		for (size_t i = r->coll->n; i-- > 0;) {
			struct sim_obj *o = i < r->coll->n ? r->coll->v[i] : NULL;

			if (!o || !owned_by(o, uid))
				continue;
			if (orphan) {
				json_t *j = sim_obj_json(o);

				json_object_del(json_object_get(j, "metadata"), "ownerReferences");
				sim_obj_unref(sim_store_put(s, r, j));
				json_decref(j);
				*ret_did = true;
				continue;
			}
			none = false;
			if (!o->deleting) {
				sim_obj_unref(sim_delete_locked(s, r, o, &d, &gone));
				*ret_did = true;
			}
		}
	}
	return none;
}

static bool take_finalizer(json_t *o, const char *name)
{
	json_t *list = json_object_get(json_object_get(o, "metadata"), "finalizers"), *f;
	size_t i;

	json_array_foreach(list, i, f)
	{
		if (!strcmp(json_string_value(f), name)) {
			json_array_remove(list, i);
			return true;
		}
	}
	return false;
}

void sim_gc_owners(struct sim_step *st)
{
	json_t *o = json_deep_copy(st->o);
	bool orphan = st->cur->deleting && take_finalizer(o, "orphan");
	bool fore = st->cur->deleting && take_finalizer(o, "foregroundDeletion"), none = true;

	pthread_mutex_lock(&st->s->mu);
	if (orphan || fore)
		none = dependents(st->s, st->cur->uid, orphan, &st->changed);
	else if (sim_coll_find(st->res->coll, st->cur->ns, st->cur->name) == st->cur)
		st->changed = check(st->s, st->res, st->cur) || st->changed;
	pthread_mutex_unlock(&st->s->mu);
	if ((orphan || fore) && none)
		sim_ctl_write(st, st->res, st->cur, o);
	else if (orphan || fore)
		st->again = true;
	json_decref(o);
}

/* Everything in a namespace that is going away; with mu held. True = nothing left. */
static bool empty(struct og_sim *s, struct og_sv ns, bool *ret_did)
{
	static const struct sim_deletion d = {.grace = -1};
	og_auto_free char *prefix = sim_fmt("%.*s/", OG_SV_ARG(ns));
	bool none = true, gone;

	for (size_t k = 0; k < s->nres && prefix; k++) {
		struct sim_res *r = s->res[k];
		size_t i;

		if (!r->coll || r->view_of || !(r->flags & SIM_R_NAMESPACED))
			continue;
		i = sim_coll_seek(r->coll, og_svz(prefix));
		while (i < r->coll->n && og_sv_eq(r->coll->v[i]->ns, ns)) {
			struct sim_obj *o = r->coll->v[i];
			bool was = o->deleting;

			gone = false;
			none = false;
			if (!was) {
				sim_obj_unref(sim_delete_locked(s, r, o, &d, &gone));
				*ret_did = true;
			}
			i += !gone;
		}
	}
	return none;
}

void sim_step_namespace(struct sim_step *st)
{
	json_t *o;
	bool none;

	if (!st->cur->deleting)
		return;
	pthread_mutex_lock(&st->s->mu);
	none = empty(st->s, st->cur->name, &st->changed);
	pthread_mutex_unlock(&st->s->mu);
	st->again = !none;
	if (!none)
		return;
	o = json_deep_copy(st->o);
	json_object_set_new(json_object_get(o, "spec"), "finalizers", json_array());
	sim_ctl_write(st, st->res, st->cur, o);
	json_decref(o);
}
