/* SPDX-License-Identifier: Apache-2.0 */
/* The common end of every update: what is kept, validation, ownership, no change, commit. */
#include "sim/sim-priv.h"

/* A deleted object goes when nobody holds it any longer. */
static bool is_over(const struct sim_res *r, const json_t *o)
{
	const json_t *meta = json_object_get(o, "metadata");

	if (!json_object_get(meta, "deletionTimestamp") ||
		json_array_size(json_object_get(meta, "finalizers")))
		return false;
	if (!strcmp(r->kind, "Namespace"))
		return !json_array_size(json_object_get(json_object_get(o, "spec"), "finalizers"));
	return json_integer_value(json_object_get(meta, "deletionGracePeriodSeconds")) == 0;
}

static bool acceptable(struct sim_write *w, struct sim_res *r, const json_t *o, const json_t *old)
{
	const char *name =
		json_string_value(json_object_get(json_object_get(o, "metadata"), "name"));
	json_t *a = json_deep_copy(o), *b = json_deep_copy(old), *causes;

	if (r->view_of) {
		sim_event_to_new(a);
		sim_event_to_new(b);
	}
	causes = sim_validate(w, r, a, b);
	json_decref(a);
	json_decref(b);
	if (!causes)
		return true;
	if (w->q)
		sim_fail_invalid(w->q, r->kind, name ? name : "", causes);
	else
		json_decref(causes);
	return false;
}

static struct sim_obj *commit(
	struct sim_write *w, struct sim_res *r, struct sim_obj *cur, json_t *o, bool *ret_raced)
{
	struct og_sim *s = w->q ? w->q->s : w->s;
	struct sim_res *store = r->view_of ? r->view_of : r;
	struct sim_obj *n = NULL;

	pthread_mutex_lock(&s->mu);
	*ret_raced = sim_coll_find(store->coll, cur->ns, cur->name) != cur;
	if (*ret_raced) {
		pthread_mutex_unlock(&s->mu);
		return NULL;
	}
	if (w->dry_run) {
		n = sim_obj_new(store, o, cur->rv);
	} else if (is_over(r, o)) {
		n = sim_obj_new(store, o, s->rv + 1);
		if (n) {
			s->rv++;
			sim_commit(s, store, SIM_DELETED, sim_obj_ref(n));
		}
	} else {
		n = sim_store_put(s, store, o);
	}
	pthread_mutex_unlock(&s->mu);
	if (!n && w->q)
		sim_fail_oom(w->q);
	return n;
}

struct sim_obj *sim_do_update(struct sim_write *w, struct sim_res *r, struct sim_obj *cur,
	const json_t *old, json_t *o, bool *ret_raced)
{
	struct og_sim *s = w->q ? w->q->s : w->s;
	json_t *schema = sim_schema(s, r);
	struct sim_obj *n = NULL;
	bool fine;

	*ret_raced = false;
	w->schema = schema;
	fine = sim_prune(w, r, o);
	if (fine)
		sim_prepare_update(w, r, o, old);
	if (fine && acceptable(w, r, o, old)) {
		if (strcmp(w->operation, "Apply"))
			sim_fields_update(w, r, o, old);
		n = sim_same_but_managed(o, old) ? sim_obj_ref(cur)
						 : commit(w, r, cur, o, ret_raced);
	}
	w->schema = NULL;
	json_decref(schema);
	return n;
}
