/* SPDX-License-Identifier: Apache-2.0 */
/* Deployments: a ReplicaSet per template, rolled by maxSurge and maxUnavailable. */
#include <stdio.h>
#include "sim/sim-priv.h"

struct roll {
	struct sim_obj **sets;
	json_t **o; /* of each */
	size_t n;
	long now; /* index of the set of the present template; -1 = none */
	int64_t want, surge, unavailable;
};

/* 3, "3" or "25%"; percentages of surge round up, of unavailability down. */
static int64_t share(const json_t *v, int64_t of, bool up, int64_t def)
{
	const char *s = json_string_value(v);
	int64_t n;

	if (json_is_integer(v))
		return json_integer_value(v);
	if (!s)
		return def;
	n = strtol(s, NULL, 10);
	if (!strchr(s, '%'))
		return n;
	return (of * n + (up ? 99 : 0)) / 100;
}

static void limits(const json_t *spec, struct roll *r)
{
	const json_t *strategy = json_object_get(spec, "strategy");
	const json_t *rolling = json_object_get(strategy, "rollingUpdate");

	if (!strcmp(sim_ctl_text(strategy, "type", NULL), "Recreate")) {
		r->surge = 0;
		r->unavailable = r->want;
		return;
	}
	r->surge = share(json_object_get(rolling, "maxSurge"), r->want, true, 1);
	r->unavailable = share(json_object_get(rolling, "maxUnavailable"), r->want, false, 0);
	if (!r->surge && !r->unavailable)
		r->unavailable = 1;
}

static int64_t replicas(const json_t *set)
{
	return sim_ctl_int(set, "spec", "replicas", 0);
}

static int64_t available(const json_t *set)
{
	return sim_ctl_int(set, "status", "availableReplicas", 0);
}

static bool load(struct sim_step *st, struct roll *r, const char *hash)
{
	r->n = sim_ctl_owned(st, "replicasets.apps", st->cur->uid.p, &r->sets);
	r->o = og_calloc(r->n + 1, sizeof(json_t *));
	r->now = -1;
	if (!r->o)
		return false;
	for (size_t i = 0; i < r->n; i++) {
		r->o[i] = sim_obj_json(r->sets[i]);
		if (og_sv_eq(sim_obj_label(r->sets[i], OG_SV("pod-template-hash")), og_svz(hash)))
			r->now = (long)i;
	}
	return true;
}

static void unload(struct roll *r)
{
	for (size_t i = 0; r->o && i < r->n; i++)
		json_decref(r->o[i]);
	og_free(r->o);
	sim_ctl_release(r->sets, r->n);
}

static int64_t revision(const json_t *set)
{
	return strtol(sim_ctl_text(json_object_get(json_object_get(set, "metadata"), "annotations"),
			      "deployment.kubernetes.io/revision", NULL),
		NULL, 10);
}

static int64_t last_revision(const struct roll *r)
{
	int64_t last = 0;

	for (size_t i = 0; i < r->n; i++)
		if (revision(r->o[i]) > last)
			last = revision(r->o[i]);
	return last;
}

static void new_set(struct sim_step *st, const struct roll *r, const char *hash)
{
	const json_t *spec = json_object_get(st->o, "spec");
	json_t *tmpl = json_deep_copy(json_object_get(spec, "template"));
	json_t *sel = json_deep_copy(json_object_get(spec, "selector")), *labels, *o;
	json_t *match = json_object_get(sel, "matchLabels"), *wait = NULL;

	if (!match) {
		match = json_object();
		json_object_set_new(sel, "matchLabels", match);
	}
	json_object_set_new(match, "pod-template-hash", json_string(hash));
	labels = json_object_get(json_object_get(tmpl, "metadata"), "labels");
	json_object_set_new(labels, "pod-template-hash", json_string(hash));
	if (sim_ctl_int(spec, "minReadySeconds", NULL, 0))
		wait = json_object_get(spec, "minReadySeconds");
	o = json_pack("{s:{s:o,s:O,s:{s:o},s:[o]},s:{s:i,s:o,s:o}}", "metadata", "name",
		json_sprintf("%s-%s", st->name, hash), "labels", labels, "annotations",
		"deployment.kubernetes.io/revision",
		json_sprintf("%lld", (long long)last_revision(r) + 1), "ownerReferences",
		sim_ctl_owner_ref(st->o, "apps/v1", "Deployment"), "spec", "replicas", 0,
		"selector", sel, "template", tmpl);
	if (wait)
		json_object_set(json_object_get(o, "spec"), "minReadySeconds", wait);
	sim_ctl_create(st, "replicasets.apps", o, "deployment-controller", NULL);
}

static void scale(struct sim_step *st, struct roll *r, size_t i, int64_t n)
{
	struct sim_res *res = sim_ctl_res(st, "replicasets.apps");

	if (replicas(r->o[i]) == n)
		return;
	json_object_set_new(json_object_get(r->o[i], "spec"), "replicas", json_integer(n));
	sim_ctl_write(st, res, r->sets[i], r->o[i]);
}

static int64_t total(const struct roll *r)
{
	int64_t n = 0;

	for (size_t i = 0; i < r->n; i++)
		n += replicas(r->o[i]);
	return n;
}

/* The rolling update of the deployment controller (pkg/controller/deployment/rolling.go). */
static void roll(struct sim_step *st, struct roll *r)
{
	size_t now = (size_t)r->now;
	int64_t have = replicas(r->o[now]), all = total(r), down, live = 0;

	if (have > r->want) {
		scale(st, r, now, r->want);
		return;
	}
	if (have < r->want && all < r->want + r->surge) {
		int64_t up = r->want + r->surge - all;

		scale(st, r, now, have + (up < r->want - have ? up : r->want - have));
		all = total(r);
		have = replicas(r->o[now]);
	}
	for (size_t i = 0; i < r->n; i++)
		live += available(r->o[i]);
	down = all - (r->want - r->unavailable) - (have - available(r->o[now]));
	for (size_t i = 0; i < r->n && down > 0; i++) {
		int64_t mine = replicas(r->o[i]), sick = mine - available(r->o[i]), cut;

		if (i == now || !mine)
			continue;
		/* those that are not available anyway, then as many as may be missed */
		cut = live - (r->want - r->unavailable);
		cut = sick + (cut > 0 ? cut : 0);
		cut = cut < down ? cut : down;
		cut = cut < mine ? cut : mine;
		if (cut <= 0)
			continue;
		scale(st, r, i, mine - cut);
		live -= cut > sick ? cut - sick : 0;
		down -= cut;
	}
}

static void count(json_t *status, const char *k, int64_t n)
{
	if (n)
		json_object_set_new(status, k, json_integer(n));
	else
		json_object_del(status, k);
}

/* Of the newest set, else of any: why it cannot create pods. */
static const json_t *failure(const struct roll *r)
{
	const json_t *found = NULL;

	for (size_t i = 0; i < r->n; i++) {
		size_t k;
		json_t *c;

		json_array_foreach(
			json_object_get(json_object_get(r->o[i], "status"), "conditions"), k, c)
		{
			if (!strcmp(sim_ctl_text(c, "type", NULL), "ReplicaFailure") &&
				(!found || (long)i == r->now))
				found = c;
		}
	}
	return found;
}

static void write_status(struct sim_step *st, const struct roll *r, const char *hash, bool made)
{
	json_t *o = json_deep_copy(st->o), *status = json_deep_copy(json_object_get(o, "status"));
	int64_t all = 0, ready = 0, updated = 0, ending = 0, up = 0;
	og_auto_free char *set = sim_fmt("%s-%s", st->name, hash);
	const struct sim_progress p = {
		.set = set ? set : "",
		.want = r->want,
		.unavailable = r->unavailable,
		.deadline = sim_ctl_int(o, "spec", "progressDeadlineSeconds", 600),
		.paused = json_is_true(json_object_get(json_object_get(o, "spec"), "paused")),
		.made = made,
		.failure = failure(r),
	};
	json_t *notes = json_object_get(json_object_get(o, "metadata"), "annotations");

	if (!status)
		status = json_object();
	for (size_t i = 0; i < r->n; i++) {
		all += sim_ctl_int(r->o[i], "status", "replicas", 0);
		ready += available(r->o[i]);
		up += sim_ctl_int(r->o[i], "status", "readyReplicas", 0);
		ending += sim_ctl_int(r->o[i], "status", "terminatingReplicas", 0);
	}
	if (r->now >= 0)
		updated = sim_ctl_int(r->o[r->now], "status", "replicas", 0);
	json_object_set_new(status, "observedGeneration",
		json_integer(sim_ctl_int(o, "metadata", "generation", 1)));
	count(status, "replicas", all);
	count(status, "updatedReplicas", updated);
	count(status, "readyReplicas", up);
	count(status, "availableReplicas", ready);
	count(status, "unavailableReplicas", total(r) > ready ? total(r) - ready : 0);
	json_object_set_new(status, "terminatingReplicas", json_integer(ending));
	sim_ctl_progress(st, &p, status);
	json_object_set_new(o, "status", status);
	if (!notes) {
		notes = json_object();
		json_object_set_new(json_object_get(o, "metadata"), "annotations", notes);
	}
	if (r->now >= 0)
		json_object_set_new(notes, "deployment.kubernetes.io/revision",
			json_sprintf("%lld", (long long)revision(r->o[r->now])));
	sim_ctl_write(st, st->res, st->cur, o);
	json_decref(o);
}

/* Old sets beyond revisionHistoryLimit go, the oldest first. */
static void clean(struct sim_step *st, struct roll *r)
{
	int64_t keep = sim_ctl_int(st->o, "spec", "revisionHistoryLimit", 10), old = 0;
	struct sim_res *res = sim_ctl_res(st, "replicasets.apps");

	for (size_t i = 0; i < r->n; i++)
		old += (long)i != r->now && !replicas(r->o[i]);
	while (old-- > keep) {
		size_t first = r->n;

		for (size_t i = 0; i < r->n; i++)
			if ((long)i != r->now && !replicas(r->o[i]) && !r->sets[i]->deleting &&
				(first == r->n || revision(r->o[i]) < revision(r->o[first])))
				first = i;
		if (first == r->n)
			return;
		sim_ctl_delete(st, res, r->sets[first]);
		json_object_set_new(
			json_object_get(r->o[first], "spec"), "replicas", json_integer(-1));
	}
}

/* A set that is used again gets the highest revision. */
static void promote(struct sim_step *st, struct roll *r)
{
	json_t *set = r->o[r->now];
	int64_t last = last_revision(r), wait = sim_ctl_int(st->o, "spec", "minReadySeconds", 0);
	struct sim_res *res = sim_ctl_res(st, "replicasets.apps");

	if (revision(set) == last && sim_ctl_int(set, "spec", "minReadySeconds", 0) != wait)
		json_object_set_new(
			json_object_get(set, "spec"), "minReadySeconds", json_integer(wait));
	else if (revision(set) == last)
		return;
	else
		last++;
	json_object_set_new(json_object_get(json_object_get(set, "metadata"), "annotations"),
		"deployment.kubernetes.io/revision", json_sprintf("%lld", (long long)last));
	if (sim_ctl_write(st, res, r->sets[r->now], set))
		st->again = true;
}

/* While it is paused no template is rolled out, but it is scaled. */
static void scale_paused(struct sim_step *st, struct roll *r)
{
	size_t active = r->n;

	for (size_t i = 0; i < r->n; i++) {
		if (!replicas(r->o[i]) && (long)i != r->now)
			continue;
		if (active != r->n)
			return;
		active = i;
	}
	if (active != r->n)
		scale(st, r, active, r->want);
}

void sim_step_deployment(struct sim_step *st)
{
	const json_t *spec = json_object_get(st->o, "spec");
	bool paused = json_is_true(json_object_get(spec, "paused")), made = false;
	struct roll r = {.want = sim_ctl_int(st->o, "spec", "replicas", 1)};
	char hash[12];

	if (st->cur->deleting)
		return;
	sim_ctl_hash(json_object_get(spec, "template"), hash);
	limits(spec, &r);
	if (load(st, &r, hash)) {
		if (paused) {
			scale_paused(st, &r);
		} else if (r.now < 0) {
			new_set(st, &r, hash);
			made = st->again = true;
		} else {
			int64_t before = last_revision(&r);

			promote(st, &r);
			made = revision(r.o[r.now]) != before;
			if (!made) {
				roll(st, &r);
				clean(st, &r);
			}
		}
		write_status(st, &r, hash, made);
	}
	unload(&r);
}
