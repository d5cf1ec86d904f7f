/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What becomes of a pod once it is placed. By itself it runs and is ready, unless a Secret that it
 * cannot do without is missing. The label e2e.otelgate.dev/behaviour (which the simulated kubelets
 * of tests/e2e obey as well) or the annotation sim.otelgate.dev/state say otherwise:
 *
 *   healthy recovered      ready          not-ready      runs, never ready
 *   slow                   ready late     crash          CrashLoopBackOff, again and again
 *   crash-injected         crash, when our webhook was there, healthy else
 *   image-pull             ImagePullBackOff
 *   init-fail              the first init container fails again and again
 *   config-error           CreateContainerConfigError
 *   pending unschedulable  never placed   succeed        ends at once
 *
 * The annotations e2e.otelgate.dev/container, …/exit-code and …/reason say which container fails
 * (all), with what (1) and how it is called (Error).
 */
#include <stdio.h>
#include <time.h>
#include "sim/sim-priv.h"

enum { SLOW_S = 2, AGAIN_S = 3, SECRET_MS = 400, MAX_RESTARTS = 20 };

static const char *note(const json_t *o, const char *map, const char *key)
{
	return sim_str(json_object_get(json_object_get(o, "metadata"), map), key);
}

const char *sim_pod_fate(const json_t *o)
{
	static const struct {
		const char *said, *fate;
	} same[] = {{"healthy", ""}, {"recovered", ""}, {"unready", "not-ready"},
		{"unschedulable", "pending"}};
	const char *f = note(o, "labels", "e2e.otelgate.dev/behaviour");

	if (!*f)
		f = note(o, "annotations", "sim.otelgate.dev/state");
	for (size_t i = 0; i < OG_COUNT(same); i++)
		if (!strcmp(f, same[i].said))
			return same[i].fate;
	if (!strcmp(f, "crash-injected"))
		return *note(o, "labels", "otelgate.dev/revision") ? "crash" : "";
	return f;
}

/* ---- scheduling ---- */
static bool node_fits(const json_t *want, const struct sim_obj *node)
{
	const char *k;
	json_t *v;

	json_object_foreach((json_t *)(uintptr_t)want, k, v)
	{
		if (!og_sv_eq(sim_obj_label(node, og_svz(k)), og_svz(json_string_value(v))))
			return false;
	}
	return true;
}

char *sim_pod_unschedulable(struct sim_step *st, const json_t *o)
{
	const json_t *want = json_object_get(json_object_get(o, "spec"), "nodeSelector");
	size_t n = 0, fit = 0;
	struct sim_res *r;

	if (!json_object_size(want))
		return NULL;
	pthread_mutex_lock(&st->s->mu);
	r = sim_res_by_name(st->s, "nodes");
	for (size_t i = 0; r && i < r->coll->n; i++, n++)
		fit += node_fits(want, r->coll->v[i]);
	pthread_mutex_unlock(&st->s->mu);
	if (fit)
		return NULL;
	return sim_fmt("0/%zu nodes are available: %zu node(s) didn't match Pod's node "
		       "affinity/selector. preemption: 0/%zu nodes are available: %zu Preemption "
		       "is not helpful for scheduling.",
		n, n, n, n);
}

void sim_pod_condition(
	json_t *status, const char *type, bool on, const char *reason, const char *message)
{
	json_t *list = json_object_get(status, "conditions"), *v;
	const char *value = on ? "True" : "False";
	char now[32];
	size_t i;

	if (!list) {
		list = json_array();
		json_object_set_new(status, "conditions", list);
	}
	sim_now(now);
	json_array_foreach(list, i, v)
	{
		if (strcmp(sim_str(v, "type"), type))
			continue;
		if (!strcmp(sim_str(v, "status"), value))
			snprintf(now, sizeof(now), "%s", sim_str(v, "lastTransitionTime"));
		json_array_remove(list, i);
		break;
	}
	v = json_pack("{s:s,s:s,s:n,s:s}", "type", type, "status", value, "lastProbeTime",
		"lastTransitionTime", now);
	if (*reason)
		json_object_set_new(v, "reason", json_string(reason));
	if (*message)
		json_object_set_new(v, "message", json_string(message));
	json_array_append_new(list, v);
}

/* ---- Secrets a container waits for ---- */
/* Why the reference cannot be resolved; NULL = it can. The caller frees it. */
static char *unresolved(struct sim_step *st, const json_t *ref, const char *key)
{
	const char *name = sim_str(ref, "name");
	struct sim_obj *o;
	char *why = NULL;

	if (!*name || json_is_true(json_object_get(ref, "optional")))
		return NULL;
	o = sim_ctl_find(st, "secrets", st->ns, name);
	if (!o)
		return sim_fmt("secret \"%s\" not found", name);
	if (*key) {
		json_t *j = sim_obj_json(o);

		if (!json_object_get(json_object_get(j, "data"), key))
			why = sim_fmt("couldn't find key %s in Secret %s/%s", key, st->ns, name);
		json_decref(j);
	}
	sim_obj_unref(o);
	return why;
}

static char *config_error(struct sim_step *st, const json_t *c)
{
	char *why = NULL;
	size_t i;
	json_t *e;

	json_array_foreach(json_object_get(c, "envFrom"), i, e)
	{
		if (!why)
			why = unresolved(st, json_object_get(e, "secretRef"), "");
	}
	json_array_foreach(json_object_get(c, "env"), i, e)
	{
		const json_t *ref =
			json_object_get(json_object_get(e, "valueFrom"), "secretKeyRef");

		if (!why && ref)
			why = unresolved(st, ref, sim_str(ref, "key"));
	}
	return why;
}

/* ---- statuses ---- */
struct fate {
	struct sim_step *st;
	const json_t *pod;
	const char *how, *only; /* only: the container that fails; "" = all */
	bool waits_for_secret, ready, started;
	bool late; /* a slow one is through */
	char now[32];
};

/* Seconds since then, as whole ones. */
static int64_t age(const char *stamp)
{
	struct tm tm = {0};

	if (!strptime(stamp, "%Y-%m-%dT%H:%M:%SZ", &tm))
		return 0;
	return (int64_t)(time(NULL) - timegm(&tm));
}

static json_t *waiting(const char *reason, const char *message)
{
	json_t *w = json_pack("{s:{s:s}}", "waiting", "reason", reason);

	if (*message)
		json_object_set_new(json_object_get(w, "waiting"), "message", json_string(message));
	return w;
}

static json_t *ended(const struct fate *f, int64_t code, const char *reason)
{
	return json_pack("{s:{s:I,s:s,s:s,s:s,s:s}}", "terminated", "exitCode", (json_int_t)code,
		"reason", reason, "startedAt", f->now, "finishedAt", f->now, "containerID",
		"containerd://sim");
}

static json_t *failed(const struct fate *f)
{
	const char *code = note(f->pod, "annotations", "e2e.otelgate.dev/exit-code");
	const char *reason = note(f->pod, "annotations", "e2e.otelgate.dev/reason");

	return ended(f, *code ? strtol(code, NULL, 10) : 1, *reason ? reason : "Error");
}

static const json_t *status_of(const json_t *pod, const char *list, const char *name)
{
	size_t i;
	json_t *c;

	json_array_foreach(json_object_get(json_object_get(pod, "status"), list), i, c)
	{
		if (!strcmp(sim_str(c, "name"), name))
			return c;
	}
	return NULL;
}

static json_t *one(const struct fate *f, const json_t *c, json_t *state, json_t *last, bool ready,
	json_int_t restarts, const char *id)
{
	return json_pack("{s:s,s:o,s:o,s:b,s:I,s:s,s:s,s:s,s:b}", "name", sim_str(c, "name"),
		"state", state, "lastState", last ? last : json_object(), "ready", ready,
		"restartCount", restarts, "image", sim_str(c, "image"), "imageID",
		f->started ? "sim@sha256:00" : "", "containerID", id, "started", ready);
}

static json_t *crashing(const struct fate *f, const json_t *c, const json_t *was)
{
	json_int_t n = json_integer_value(json_object_get(was, "restartCount"));
	const char *reason =
		sim_str(json_object_get(json_object_get(was, "state"), "waiting"), "reason");
	og_auto_free char *text = sim_fmt("back-off 10s restarting failed container=%s pod=%s",
		sim_str(c, "name"), f->st->name);

	if (!strcmp(reason, "CrashLoopBackOff") &&
		(n >= MAX_RESTARTS || age(sim_str(json_object_get(json_object_get(was, "lastState"),
							  "terminated"),
					      "finishedAt")) < AGAIN_S))
		return json_deep_copy(was);
	n++;
	return one(f, c, waiting("CrashLoopBackOff", text ? text : ""), failed(f), false, n,
		"containerd://sim");
}

/* A container that runs goes on running: its state stays as it was. */
static json_t *running(const struct fate *f, const json_t *c, const json_t *was, bool ready)
{
	const json_t *state = json_object_get(was, "state");
	json_t *s = json_object_get(state, "running")
			    ? json_deep_copy(state)
			    : json_pack("{s:{s:s}}", "running", "startedAt", f->now);

	return one(f, c, s, json_deep_copy(json_object_get(was, "lastState")), ready,
		json_integer_value(json_object_get(was, "restartCount")), "containerd://sim");
}

/* It has ended well, at the time it did. */
static json_t *over(const struct fate *f, const json_t *c, const json_t *was, bool ready)
{
	const json_t *state = json_object_get(was, "state");
	json_t *s = json_object_get(state, "terminated") ? json_deep_copy(state)
							 : ended(f, 0, "Completed");

	s = one(f, c, s, NULL, ready, 0, "containerd://sim");
	json_object_set_new(s, "started", json_false());
	return s;
}

static json_t *pulling(const struct fate *f, const json_t *c)
{
	og_auto_free char *text = sim_fmt(
		"Back-off pulling image \"%s\": ErrImagePull: failed to pull and unpack image: not "
		"found",
		sim_str(c, "image"));

	return one(f, c, waiting("ImagePullBackOff", text ? text : ""), NULL, false, 0, "");
}

/* The container as it is now; f->ready falls when it is not ready. */
static json_t *container(struct fate *f, const json_t *c, bool init_done)
{
	const json_t *was = status_of(f->pod, "containerStatuses", sim_str(c, "name"));
	bool mine = !*f->only || !strcmp(f->only, sim_str(c, "name"));
	const char *how = mine ? f->how : "";
	og_auto_free char *why = NULL;
	json_t *s;

	if (!init_done)
		return f->ready = false,
		       one(f, c, waiting("PodInitializing", ""), NULL, false, 0, "");
	if (!json_object_get(json_object_get(was, "state"), "running"))
		why = config_error(f->st, c);
	if (why) {
		f->waits_for_secret = true;
		s = one(f, c, waiting("CreateContainerConfigError", why), NULL, false, 0, "");
	} else if (!strcmp(how, "config-error")) {
		s = one(f, c,
			waiting("CreateContainerConfigError", "configmap \"missing\" not found"),
			NULL, false, 0, "");
	} else if (!strcmp(how, "image-pull")) {
		s = pulling(f, c);
	} else if (!strcmp(how, "succeed")) {
		s = over(f, c, was, false);
		f->started = true;
	} else if (!strcmp(how, "crash")) {
		s = crashing(f, c, was);
		f->started = true;
	} else {
		s = running(f, c, was, !*how || (!strcmp(how, "slow") && f->late));
		f->started = true;
	}
	f->ready = f->ready && json_is_true(json_object_get(s, "ready"));
	return s;
}

/* True = all are through. */
static bool init_containers(struct fate *f, json_t *status)
{
	const json_t *list = json_object_get(json_object_get(f->pod, "spec"), "initContainers");
	bool through = true;
	json_t *a = json_array(), *c;
	size_t i;

	json_array_foreach(list, i, c)
	{
		const json_t *was = status_of(f->pod, "initContainerStatuses", sim_str(c, "name"));
		bool side = !strcmp(sim_str(c, "restartPolicy"), "Always");
		og_auto_free char *why =
			json_object_get(json_object_get(was, "state"), "waiting") || !was
				? config_error(f->st, c)
				: NULL;

		if (!through) {
			json_array_append_new(
				a, one(f, c, waiting("PodInitializing", ""), NULL, false, 0, ""));
		} else if (why) {
			f->waits_for_secret = true;
			through = false;
			json_array_append_new(
				a, one(f, c, waiting("CreateContainerConfigError", why), NULL,
					   false, 0, ""));
		} else if (!strcmp(f->how, "init-fail")) {
			through = false;
			json_array_append_new(a, crashing(f, c, was));
		} else if (side) {
			json_array_append_new(a, running(f, c, was, true));
		} else {
			json_array_append_new(a, over(f, c, was, true));
		}
	}
	if (json_array_size(a))
		json_object_set(status, "initContainerStatuses", a);
	json_decref(a);
	return through;
}

static void again_in(struct sim_step *st, int64_t ms)
{
	/* rounds made by hand end when nothing changes: there nothing is repeated */
	if (st->s->o.tick_ms)
		st->again_ms = ms;
}

bool sim_pod_statuses(struct sim_step *st, json_t *o, const char *how)
{
	json_t *status = json_object_get(o, "status"), *list = json_array(), *c;
	struct fate f = {.st = st,
		.pod = st->o,
		.how = how,
		.only = note(o, "annotations", "e2e.otelgate.dev/container"),
		.ready = true};
	bool through, done = !strcmp(how, "succeed");
	size_t i;

	sim_now(f.now);
	f.late = age(sim_str(status, "startTime")) >= SLOW_S;
	through = init_containers(&f, status);
	json_array_foreach(json_object_get(json_object_get(o, "spec"), "containers"), i, c)
		json_array_append_new(list, container(&f, c, through));
	json_object_set_new(status, "containerStatuses", list);
	sim_pod_condition(status, "Initialized", through,
		through ? done ? "PodCompleted" : "" : "ContainersNotInitialized", "");
	sim_pod_condition(status, "Ready", f.ready,
		done	  ? "PodCompleted"
		: f.ready ? ""
			  : "ContainersNotReady",
		"");
	sim_pod_condition(status, "ContainersReady", f.ready,
		done	  ? "PodCompleted"
		: f.ready ? ""
			  : "ContainersNotReady",
		"");
	if (f.waits_for_secret)
		again_in(st, SECRET_MS);
	else if (!strcmp(how, "crash") || !strcmp(how, "init-fail"))
		again_in(st, AGAIN_S * 1000 / 2);
	else if (!strcmp(how, "slow") && !f.ready)
		again_in(st, 500);
	return f.started;
}
