/* SPDX-License-Identifier: Apache-2.0 */
/* What has to be looked at again, and the rounds in which it is. */
#include <stdio.h>
#include "sim/sim-priv.h"

struct work {
	enum sim_work what;
	struct sim_res *res;
	char *ns, *name;
	int64_t due; /* sim_mono_ms; 0 = now */
};

struct sim_ctl {
	struct og_map map; /* of struct work *, by a text that names it */
	bool ticking;
};

static const struct {
	const char *resource;
	sim_step_fn *step;
} steps[] = {
	{"pods", sim_step_pod},
	{"replicasets", sim_step_replicaset},
	{"deployments", sim_step_deployment},
	{"statefulsets", sim_step_statefulset},
	{"daemonsets", sim_step_daemonset},
	{"jobs", sim_step_job},
	{"namespaces", sim_step_namespace},
	{"services", sim_step_service},
	{"resourcequotas", sim_step_quota},
};

static sim_step_fn *step_of(const struct sim_res *r)
{
	bool mine = !*r->group || !strcmp(r->group, "apps") || !strcmp(r->group, "batch");

	for (size_t i = 0; mine && i < OG_COUNT(steps); i++)
		if (!strcmp(steps[i].resource, r->plural))
			return steps[i].step;
	return NULL;
}

static void work_free(struct work *w)
{
	if (!w)
		return;
	og_free(w->ns);
	og_free(w->name);
	og_free(w);
}

static char *work_key(
	enum sim_work what, const struct sim_res *r, struct og_sv ns, struct og_sv name)
{
	return sim_fmt(
		"%d|%s|%.*s|%.*s", (int)what, r ? r->plural : "", OG_SV_ARG(ns), OG_SV_ARG(name));
}

void sim_ctl_add(
	struct og_sim *s, enum sim_work what, struct sim_res *r, struct og_sv ns, struct og_sv name)
{
	sim_ctl_add_in(s, what, r, ns, name, 0);
}

void sim_ctl_add_in(struct og_sim *s, enum sim_work what, struct sim_res *r, struct og_sv ns,
	struct og_sv name, int64_t ms)
{
	int64_t due = ms && s->o.tick_ms ? sim_mono_ms() + ms : 0;
	og_auto_free char *key = work_key(what, r, ns, name);
	struct og_map_entry *e;
	struct work *w;
	bool fresh;

	e = key ? og_map_put(&s->ctl->map, og_svz(key), &fresh) : NULL;
	if (e && !fresh) {
		w = e->value;
		if (due < w->due)
			w->due = due;
	}
	if (!e || !fresh)
		return;
	w = og_calloc(1, sizeof(*w));
	if (w) {
		w->due = due;
		w->what = what;
		w->res = r;
		w->ns = sim_fmt("%.*s", OG_SV_ARG(ns));
		w->name = sim_fmt("%.*s", OG_SV_ARG(name));
	}
	if (!w || !w->ns || !w->name) {
		work_free(w);
		og_map_remove(&s->ctl->map, og_svz(key));
		return;
	}
	e->value = w;
	pthread_cond_broadcast(&s->cond);
}

/* The workload that controls a pod or a ReplicaSet. */
static void owner_too(struct og_sim *s, const struct sim_obj *o)
{
	json_t *j, *ref;
	size_t i;

	if (!o->owner_uid.n)
		return;
	j = sim_obj_json(o);
	json_array_foreach(
		json_object_get(json_object_get(j, "metadata"), "ownerReferences"), i, ref)
	{
		const char *kind = json_string_value(json_object_get(ref, "kind"));
		const char *name = json_string_value(json_object_get(ref, "name"));
		const char *ver = json_string_value(json_object_get(ref, "apiVersion"));
		struct sim_res *r = sim_res_by_kind(s, ver, kind);

		if (r && name && step_of(r))
			sim_ctl_add(s, SIM_W_STEP, r, o->ns, og_svz(name));
	}
	json_decref(j);
}

/* Those of a kind in the same namespace. */
static void neighbours(struct og_sim *s, const char *resource, struct og_sv ns)
{
	struct sim_res *r = sim_res_by_name(s, resource);
	og_auto_free char *prefix = r && r->coll->n ? sim_fmt("%.*s/", OG_SV_ARG(ns)) : NULL;

	if (!prefix)
		return;
	for (size_t i = sim_coll_seek(r->coll, og_svz(prefix));
		i < r->coll->n && og_sv_eq(r->coll->v[i]->ns, ns); i++)
		sim_ctl_add(s, SIM_W_STEP, r, ns, r->coll->v[i]->name);
}

void sim_ctl_dirty(struct og_sim *s, struct sim_res *r, const struct sim_change *ch)
{
	struct sim_obj *o = ch->obj;

	if (!s->ctl)
		return;
	if (step_of(r) && ch->type != SIM_DELETED)
		sim_ctl_add(s, SIM_W_STEP, r, o->ns, o->name);
	if (!strcmp(r->plural, "pods") || !strcmp(r->plural, "replicasets"))
		owner_too(s, o);
	if (ch->type == SIM_DELETED)
		sim_ctl_add(s, SIM_W_ORPHANS, NULL, og_svz(""), o->uid);
	else if (o->owners.n || o->deleting)
		sim_ctl_add(s, SIM_W_OWNERS, r, o->ns, o->name);
	if (!strcmp(r->plural, "pods")) {
		neighbours(s, "services", o->ns);
		neighbours(s, "resourcequotas", o->ns);
	}
	if (!strcmp(r->plural, "nodes"))
		for (size_t i = 0; i < s->nres; i++)
			for (size_t k = 0;
				!strcmp(s->res[i]->plural, "daemonsets") && k < s->res[i]->coll->n;
				k++)
				sim_ctl_add(s, SIM_W_STEP, s->res[i], s->res[i]->coll->v[k]->ns,
					s->res[i]->coll->v[k]->name);
}

int sim_ctl_init(struct og_sim *s, struct og_err *err)
{
	s->ctl = og_calloc(1, sizeof(*s->ctl));
	if (!s->ctl)
		return og_err_set(err, OG_E_OOM, "controllers");
	og_map_init(&s->ctl->map, 1, NULL);
	return 0;
}

void sim_ctl_fini(struct og_sim *s)
{
	if (!s->ctl)
		return;
	og_map_for (&s->ctl->map, e)
		work_free(e->value);
	og_map_fini(&s->ctl->map);
	og_free(s->ctl);
	s->ctl = NULL;
}

bool sim_ctl_has_work(const struct og_sim *s)
{
	return og_map_count(&s->ctl->map) > 0;
}

/* Everything queued so far, as an array; with mu held. */
static struct work **take_all(struct og_sim *s, size_t *ret_n)
{
	size_t n = og_map_count(&s->ctl->map), i = 0, kept = 0;
	struct work **v = og_calloc(n + 1, sizeof(*v));
	int64_t now = sim_mono_ms();

	*ret_n = 0;
	if (!v)
		return NULL;
	og_map_for (&s->ctl->map, e) {
		struct work *w = e->value;

		if (w->due <= now)
			v[i++] = w;
		else
			kept++;
	}
	if (!kept) {
		og_map_clear(&s->ctl->map);
	} else {
		for (size_t k = 0; k < i; k++) {
			og_auto_free char *key = work_key(
				v[k]->what, v[k]->res, og_svz(v[k]->ns), og_svz(v[k]->name));

			if (key)
				og_map_remove(&s->ctl->map, og_svz(key));
		}
	}
	*ret_n = i;
	return v;
}

static bool run_step(struct og_sim *s, struct work *w)
{
	struct sim_step st = {.s = s, .res = w->res, .ns = w->ns, .name = w->name};
	sim_step_fn *fn = w->what == SIM_W_OWNERS ? sim_gc_owners : step_of(w->res);

	pthread_mutex_lock(&s->mu);
	st.cur = sim_coll_find(w->res->coll, og_svz(w->ns), og_svz(w->name));
	if (st.cur)
		sim_obj_ref(st.cur);
	pthread_mutex_unlock(&s->mu);
	if (!st.cur || !fn)
		return false;
	st.o = sim_obj_json(st.cur);
	if (st.o)
		fn(&st);
	if (st.again || st.again_ms) {
		pthread_mutex_lock(&s->mu);
		sim_ctl_add_in(s, w->what, w->res, og_svz(w->ns), og_svz(w->name),
			st.again ? 0 : st.again_ms);
		pthread_mutex_unlock(&s->mu);
	}
	json_decref(st.o);
	sim_obj_unref(st.cur);
	return st.changed;
}

bool og_sim_tick(struct og_sim *s)
{
	bool changed = false;
	struct work **v;
	size_t n;

	pthread_mutex_lock(&s->ctl_mu);
	pthread_mutex_lock(&s->mu);
	v = take_all(s, &n);
	pthread_mutex_unlock(&s->mu);
	for (size_t i = 0; i < n; i++) {
		bool did = v[i]->what == SIM_W_ORPHANS ? sim_gc_orphans(s, v[i]->name)
						       : run_step(s, v[i]);

		changed = changed || did;
		work_free(v[i]);
	}
	og_free(v);
	pthread_mutex_unlock(&s->ctl_mu);
	return changed;
}
