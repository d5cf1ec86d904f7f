/* SPDX-License-Identifier: Apache-2.0 */
/* ReplicaSets keep their number of pods; DaemonSets one per node; Jobs until enough have ended. */
#include <stdio.h>
#include <time.h>
#include "sim/sim-priv.h"

/* A creation that was refused is tried again; the real controllers wait longer each time. */
enum { RETRY_MS = 250 };

static bool is_live(const struct sim_obj *p)
{
	return !p->deleting && !og_sv_is(p->phase, "Succeeded") && !og_sv_is(p->phase, "Failed");
}

/* Sets a count, or leaves it out when it is 0, as the API does. */
static void count(json_t *status, const char *k, int64_t n)
{
	if (n)
		json_object_set_new(status, k, json_integer(n));
	else
		json_object_del(status, k);
}

static json_t *new_status(const json_t *o)
{
	json_t *s = json_deep_copy(json_object_get(o, "status"));

	return s ? s : json_object();
}

static void write_status(struct sim_step *st, json_t *status)
{
	json_t *o;

	if (!json_equal(status, json_object_get(st->o, "status"))) {
		o = json_deep_copy(st->o);
		json_object_set(o, "status", status);
		sim_ctl_write(st, st->res, st->cur, o);
		json_decref(o);
	}
	json_decref(status);
}

/* Of surplus pods those go first that are not ready. */
static void shrink(struct sim_step *st, struct sim_obj **pods, size_t n, int64_t surplus)
{
	struct sim_res *r = sim_ctl_res(st, "pods");

	for (int pass = 0; pass < 2; pass++)
		for (size_t i = n; i-- > 0 && surplus > 0;) {
			if (!is_live(pods[i]) || (pass == 0) == pods[i]->ready)
				continue;
			sim_ctl_delete(st, r, pods[i]);
			surplus--;
		}
}

static char *grow(struct sim_step *st, int64_t missing)
{
	og_auto_free char *base = sim_fmt("%s-", st->name);
	char *why = NULL;

	while (missing-- > 0 && base && !why)
		if (!sim_ctl_create(st, "pods", sim_ctl_pod(st, st->o, base, true, NULL, NULL),
			    "replicaset-controller", &why))
			break;
	return why;
}

/* Ready for at least minReadySeconds; *ret_left falls to when it will be. */
static bool available(const struct sim_obj *p, int64_t min, int64_t *ret_left)
{
	struct tm tm = {0};
	int64_t left = 0;
	json_t *o, *c;
	size_t i;

	if (!p->ready || !min)
		return p->ready;
	o = sim_obj_json(p);
	json_array_foreach(json_object_get(json_object_get(o, "status"), "conditions"), i, c)
	{
		if (!strcmp(sim_ctl_text(c, "type", NULL), "Ready") &&
			strptime(sim_ctl_text(c, "lastTransitionTime", NULL), "%Y-%m-%dT%H:%M:%SZ",
				&tm))
			left = min - (int64_t)(time(NULL) - timegm(&tm));
	}
	json_decref(o);
	if (left > 0 && (!*ret_left || left < *ret_left))
		*ret_left = left;
	return left <= 0;
}

void sim_step_replicaset(struct sim_step *st)
{
	int64_t want = sim_ctl_int(st->o, "spec", "replicas", 1), live = 0, ready = 0, ending = 0;
	int64_t min = sim_ctl_int(st->o, "spec", "minReadySeconds", 0), usable = 0, left = 0;
	struct sim_obj **pods;
	json_t *status;
	char *why = NULL;
	size_t n;

	if (st->cur->deleting)
		return;
	n = sim_ctl_owned(st, "pods", st->cur->uid.p, &pods);
	for (size_t i = 0; i < n; i++) {
		live += is_live(pods[i]);
		ready += is_live(pods[i]) && pods[i]->ready;
		ending += pods[i]->deleting;
		usable += is_live(pods[i]) && available(pods[i], min, &left);
	}
	if (left && st->s->o.tick_ms)
		st->again_ms = left * 1000;
	if (live < want)
		why = grow(st, want - live);
	else if (live > want)
		shrink(st, pods, n, live - want);
	sim_ctl_release(pods, n);
	status = new_status(st->o);
	json_object_set_new(status, "replicas", json_integer(live));
	count(status, "fullyLabeledReplicas", live);
	count(status, "readyReplicas", ready);
	count(status, "availableReplicas", usable);
	json_object_set_new(status, "terminatingReplicas", json_integer(ending));
	json_object_set_new(status, "observedGeneration",
		json_integer(sim_ctl_int(st->o, "metadata", "generation", 1)));
	if (why) {
		sim_ctl_condition(status, "ReplicaFailure", true, "FailedCreate", why);
		st->again_ms = RETRY_MS;
	} else {
		json_object_del(status, "conditions");
	}
	og_free(why);
	write_status(st, status);
}

/* The number at the end of the name; -1 = none. */
static int64_t ordinal(const struct sim_obj *p)
{
	const char *dash = strrchr(p->name.p, '-');
	char *end;
	long n = dash ? strtol(dash + 1, &end, 10) : -1;

	return dash && end != dash + 1 && !*end ? n : INT64_MAX;
}

/* Pods of an older revision go one at a time, once all others are ready. */
static void replace_one(
	struct sim_step *st, struct sim_obj **pods, size_t n, const char *hash, bool all_ready)
{
	struct sim_res *r = sim_ctl_res(st, "pods");
	const json_t *how = json_object_get(json_object_get(st->o, "spec"), "updateStrategy");
	int64_t from = sim_ctl_int(how, "rollingUpdate", "partition", 0);

	if (!strcmp(sim_ctl_text(how, "type", NULL), "OnDelete"))
		return;
	for (size_t i = n; i-- > 0;) {
		struct og_sv h = sim_obj_label(pods[i], OG_SV("controller-revision-hash"));

		if (!is_live(pods[i]) || og_sv_eq(h, og_svz(hash)) || ordinal(pods[i]) < from ||
			(!all_ready && pods[i]->ready))
			continue;
		sim_ctl_delete(st, r, pods[i]);
		return;
	}
}

struct tally {
	int64_t live, ready, updated, updated_ready, all;
};

static struct tally tally_of(struct sim_obj **pods, size_t n, const char *hash)
{
	struct tally t = {.all = (int64_t)n};

	for (size_t i = 0; i < n; i++) {
		bool now = og_sv_eq(
			sim_obj_label(pods[i], OG_SV("controller-revision-hash")), og_svz(hash));

		if (!is_live(pods[i]))
			continue;
		t.live++;
		t.ready += pods[i]->ready;
		t.updated += now;
		t.updated_ready += now && pods[i]->ready;
	}
	return t;
}

static void observed(struct sim_step *st, json_t *status)
{
	json_object_set_new(status, "observedGeneration",
		json_integer(sim_ctl_int(st->o, "metadata", "generation", 1)));
}

/* A pod; false when it was refused, which is said and tried again. */
static bool make(struct sim_step *st, json_t *pod, const char *controller, const char *what)
{
	og_auto_free char *why = NULL;

	if (sim_ctl_create(st, "pods", pod, controller, &why))
		return true;
	if (why)
		sim_ctl_refused(st, controller, what, why);
	st->again_ms = RETRY_MS;
	return false;
}

/* Each template is kept as a ControllerRevision, as long as the set is there. */
static void keep_revision(struct sim_step *st, const char *rev)
{
	struct sim_obj *have = sim_ctl_find(st, "controllerrevisions.apps", st->ns, rev);
	const json_t *spec = json_object_get(st->o, "spec");

	if (!have)
		sim_ctl_create(st, "controllerrevisions.apps",
			json_pack("{s:{s:s,s:O,s:[o]},s:{s:{s:O}},s:I}", "metadata", "name", rev,
				"labels",
				json_object_get(json_object_get(spec, "selector"), "matchLabels"),
				"ownerReferences",
				sim_ctl_owner_ref(st->o, "apps/v1", "StatefulSet"), "data", "spec",
				"template", json_object_get(spec, "template"), "revision",
				(json_int_t)sim_ctl_int(st->o, "metadata", "generation", 1)),
			"statefulset-controller", NULL);
	sim_obj_unref(have);
}

/* Pod k of a set; one below the partition as it was before the last change. */
static json_t *numbered(struct sim_step *st, const char *name, int64_t k, const char *rev)
{
	const json_t *how = json_object_get(json_object_get(st->o, "spec"), "updateStrategy");
	const char *was = sim_ctl_text(st->o, "status", "currentRevision");
	struct sim_obj *old = NULL;
	json_t *o, *data, *owner, *pod;

	if (*was && k < sim_ctl_int(how, "rollingUpdate", "partition", 0))
		old = sim_ctl_find(st, "controllerrevisions.apps", st->ns, was);
	if (!old)
		return sim_ctl_pod(st, st->o, name, false, "controller-revision-hash", rev);
	o = sim_obj_json(old);
	data = json_object_get(json_object_get(o, "data"), "spec");
	owner = json_deep_copy(st->o);
	json_object_set(
		json_object_get(owner, "spec"), "template", json_object_get(data, "template"));
	pod = sim_ctl_pod(st, owner, name, false, "controller-revision-hash", was);
	json_decref(owner);
	json_decref(o);
	sim_obj_unref(old);
	return pod;
}

void sim_step_statefulset(struct sim_step *st)
{
	int64_t want = sim_ctl_int(st->o, "spec", "replicas", 1);
	struct sim_obj **pods;
	json_t *status;
	struct tally t;
	char hash[12];
	size_t n;
	og_auto_free char *rev = NULL;

	if (st->cur->deleting)
		return;
	sim_ctl_hash(json_object_get(json_object_get(st->o, "spec"), "template"), hash);
	rev = sim_fmt("%s-%s", st->name, hash);
	if (!rev)
		return;
	keep_revision(st, rev);
	n = sim_ctl_owned(st, "pods", st->cur->uid.p, &pods);
	t = tally_of(pods, n, rev);
	if (t.all < want && t.ready == t.live && t.all == t.live) {
		/* the lowest free number, one after the other */
		for (int64_t k = 0; k < want; k++) {
			og_auto_free char *name = sim_fmt("%s-%lld", st->name, (long long)k);
			struct sim_obj *have = name ? sim_ctl_find(st, "pods", st->ns, name) : NULL;
			json_t *p;

			if (have) {
				sim_obj_unref(have);
				continue;
			}
			p = numbered(st, name, k, rev);
			json_object_set_new(
				json_object_get(json_object_get(p, "metadata"), "labels"),
				"statefulset.kubernetes.io/pod-name", json_string(name));
			og_auto_free char *what = sim_fmt(
				"create Pod %s in StatefulSet %s failed error: ", name, st->name);
			(void)make(st, p, "statefulset-controller", what ? what : "");
			break;
		}
	} else if (t.live > want) {
		shrink(st, pods, n, 1);
	} else if (t.live == want) {
		replace_one(st, pods, n, rev, t.ready == want);
	}
	sim_ctl_release(pods, n);
	status = new_status(st->o);
	observed(st, status);
	json_object_set_new(status, "replicas", json_integer(t.live));
	count(status, "readyReplicas", t.ready);
	json_object_set_new(status, "availableReplicas", json_integer(t.ready));
	count(status, "updatedReplicas", t.updated);
	json_object_set_new(status, "updateRevision", json_string(rev));
	if (!json_object_get(status, "currentRevision") ||
		(t.updated == want && t.updated_ready == want))
		json_object_set_new(status, "currentRevision", json_string(rev));
	count(status, "currentReplicas",
		!strcmp(sim_ctl_text(status, "currentRevision", NULL), rev) ? t.updated
									    : t.live - t.updated);
	json_object_set_new(status, "collisionCount", json_integer(0));
	write_status(st, status);
}

/* A pod on each node that has none. */
static void cover(struct sim_step *st, struct sim_obj **pods, size_t n, const char *hash,
	char (*nodes)[64], size_t nnodes)
{
	og_auto_free char *base = sim_fmt("%s-", st->name);

	for (size_t k = 0; k < nnodes && base; k++) {
		bool there = false;
		json_t *p;

		for (size_t i = 0; i < n; i++)
			there = there || og_sv_eq(pods[i]->node, og_svz(nodes[k]));
		if (there)
			continue;
		p = sim_ctl_pod(st, st->o, base, true, "controller-revision-hash", hash);
		json_object_set_new(json_object_get(p, "spec"), "nodeName", json_string(nodes[k]));
		(void)make(st, p, "daemon-set-controller", "Error creating: ");
	}
}

void sim_step_daemonset(struct sim_step *st)
{
	static char lone[1][64] = {"sim-node"};
	struct sim_obj **pods;
	char(*nodes)[64], hash[12];
	size_t nnodes = sim_ctl_nodes(st, &nodes), n;
	int64_t want;
	struct tally t;
	json_t *status;

	if (st->cur->deleting) {
		og_free(nodes);
		return;
	}
	sim_ctl_hash(json_object_get(json_object_get(st->o, "spec"), "template"), hash);
	n = sim_ctl_owned(st, "pods", st->cur->uid.p, &pods);
	t = tally_of(pods, n, hash);
	want = nnodes ? (int64_t)nnodes : 1;
	if (t.all < want)
		cover(st, pods, n, hash, nnodes ? nodes : lone, nnodes ? nnodes : 1);
	else if (t.live == want)
		replace_one(st, pods, n, hash, t.ready == want);
	sim_ctl_release(pods, n);
	og_free(nodes);
	status = new_status(st->o);
	observed(st, status);
	json_object_set_new(status, "desiredNumberScheduled", json_integer(want));
	json_object_set_new(status, "currentNumberScheduled", json_integer(t.live));
	json_object_set_new(status, "numberMisscheduled", json_integer(0));
	json_object_set_new(status, "numberReady", json_integer(t.ready));
	count(status, "updatedNumberScheduled", t.updated);
	count(status, "numberAvailable", t.ready);
	count(status, "numberUnavailable", want - t.ready);
	write_status(st, status);
}

void sim_step_job(struct sim_step *st)
{
	int64_t want = sim_ctl_int(st->o, "spec", "completions", 1), live = 0, done = 0, bad = 0;
	int64_t par = sim_ctl_int(st->o, "spec", "parallelism", 1);
	og_auto_free char *base = sim_fmt("%s-", st->name);
	struct sim_obj **pods;
	json_t *status;
	char now[32];
	size_t n;

	if (st->cur->deleting || !base ||
		json_is_true(json_object_get(json_object_get(st->o, "spec"), "suspend")))
		return;
	n = sim_ctl_owned(st, "pods", st->cur->uid.p, &pods);
	for (size_t i = 0; i < n; i++) {
		live += is_live(pods[i]);
		done += og_sv_is(pods[i]->phase, "Succeeded");
		bad += og_sv_is(pods[i]->phase, "Failed");
	}
	sim_ctl_release(pods, n);
	for (; live < par && live + done < want; live++)
		if (!make(st,
			    sim_ctl_pod(st, st->o, base, true, "batch.kubernetes.io/job-name",
				    st->name),
			    "job-controller", "Error creating: "))
			break;
	sim_now(now);
	status = new_status(st->o);
	if (!json_object_get(status, "startTime"))
		json_object_set_new(status, "startTime", json_string(now));
	count(status, "active", live);
	count(status, "succeeded", done);
	count(status, "failed", bad);
	if (done >= want && !json_object_get(status, "completionTime")) {
		json_object_set_new(status, "completionTime", json_string(now));
		sim_ctl_condition(status, "Complete", true, "CompletionsReached",
			"Reached expected number of succeeded pods");
	}
	write_status(st, status);
}
