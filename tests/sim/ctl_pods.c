/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pods: placed in one round, running and ready in the next, gone in the one after their deletion.
 * The annotation sim.otelgate.dev/state changes their fate: pending (never placed), unready, crash
 * (CrashLoopBackOff), succeed (ends at once).
 */
#include <stdio.h>
#include "sim/sim-priv.h"

static const char *fate(const json_t *o)
{
	return sim_ctl_text(json_object_get(json_object_get(o, "metadata"), "annotations"),
		"sim.otelgate.dev/state", NULL);
}

static void pod_condition(json_t *status, const char *type, bool on, const char *reason)
{
	json_t *list = json_object_get(status, "conditions"), *v;
	char now[32];
	size_t i;

	if (!list) {
		list = json_array();
		json_object_set_new(status, "conditions", list);
	}
	json_array_foreach(list, i, v)
	{
		if (!strcmp(sim_ctl_text(v, "type", NULL), type)) {
			json_array_remove(list, i);
			break;
		}
	}
	sim_now(now);
	v = json_pack("{s:s,s:s,s:n,s:s}", "type", type, "status", on ? "True" : "False",
		"lastProbeTime", "lastTransitionTime", now);
	if (*reason)
		json_object_set_new(v, "reason", json_string(reason));
	json_array_append_new(list, v);
}

static void place(struct sim_step *st)
{
	json_t *o = json_deep_copy(st->o), *spec = json_object_get(o, "spec");
	char(*nodes)[64];
	size_t n = sim_ctl_nodes(st, &nodes);
	const char *node = n ? nodes[sim_random() % n] : "sim-node";

	if (!*sim_ctl_text(spec, "nodeName", NULL))
		json_object_set_new(spec, "nodeName", json_string(node));
	pod_condition(json_object_get(o, "status"), "PodScheduled", true, "");
	sim_ctl_write(st, st->res, st->cur, o);
	json_decref(o);
	og_free(nodes);
}

static json_t *container_status(const json_t *c, const char *how, bool ready, bool init)
{
	json_t *state;
	char now[32];

	sim_now(now);
	if (!strcmp(how, "crash") && !init)
		state = json_pack("{s:{s:s,s:s}}", "waiting", "reason", "CrashLoopBackOff",
			"message", "back-off 10s restarting failed container");
	else if (init || !strcmp(how, "succeed"))
		state = json_pack("{s:{s:i,s:s,s:s,s:s}}", "terminated", "exitCode", 0, "reason",
			"Completed", "startedAt", now, "finishedAt", now);
	else
		state = json_pack("{s:{s:s}}", "running", "startedAt", now);
	return json_pack("{s:s,s:o,s:{},s:b,s:i,s:s,s:s,s:s,s:b}", "name",
		sim_ctl_text(c, "name", NULL), "state", state, "lastState", "ready", ready || init,
		"restartCount", !strcmp(how, "crash") && !init ? 3 : 0, "image",
		sim_ctl_text(c, "image", NULL), "imageID", "sim@sha256:00", "containerID",
		"containerd://sim", "started", ready);
}

static json_t *statuses(const json_t *list, const char *how, bool ready, bool init)
{
	json_t *a = json_array(), *c;
	size_t i;

	json_array_foreach(list, i, c)
		json_array_append_new(a, container_status(c, how, ready, init));
	return a;
}

static void start(struct sim_step *st, const char *how)
{
	json_t *o = json_deep_copy(st->o), *spec = json_object_get(o, "spec");
	json_t *status = json_object_get(o, "status");
	bool ready = !*how, over = !strcmp(how, "succeed");
	const char *reason = over ? "PodCompleted" : ready ? "" : "ContainersNotReady";
	uint64_t ip = og_hash64(3, st->cur->uid);
	char text[24], now[32];

	sim_now(now);
	snprintf(text, sizeof(text), "10.%u.%u.%u", (unsigned)(ip & 63) + 64,
		(unsigned)(ip >> 8) & 255U, (unsigned)((ip >> 16) % 254) + 1U);
	json_object_set_new(status, "phase", json_string(over ? "Succeeded" : "Running"));
	pod_condition(status, "Initialized", true, over ? "PodCompleted" : "");
	pod_condition(status, "Ready", ready, reason);
	pod_condition(status, "ContainersReady", ready, reason);
	json_object_set_new(status, "startTime", json_string(now));
	json_object_set_new(status, "podIP", json_string(text));
	json_object_set_new(status, "podIPs", json_pack("[{s:s}]", "ip", text));
	json_object_set_new(status, "hostIP", json_string("127.0.0.1"));
	if (json_object_get(spec, "initContainers"))
		json_object_set_new(status, "initContainerStatuses",
			statuses(json_object_get(spec, "initContainers"), how, ready, true));
	json_object_set_new(status, "containerStatuses",
		statuses(json_object_get(spec, "containers"), how, ready, false));
	sim_ctl_write(st, st->res, st->cur, o);
	json_decref(o);
}

static void finish(struct sim_step *st)
{
	const json_t *meta = json_object_get(st->o, "metadata");

	if (json_array_size(json_object_get(meta, "finalizers")))
		return;
	pthread_mutex_lock(&st->s->mu);
	if (sim_coll_find(st->res->coll, st->cur->ns, st->cur->name) == st->cur) {
		sim_store_remove(st->s, st->res, st->cur->ns, st->cur->name);
		st->changed = true;
	}
	pthread_mutex_unlock(&st->s->mu);
}

static bool of_job(const json_t *o)
{
	const json_t *refs = json_object_get(json_object_get(o, "metadata"), "ownerReferences");

	return !strcmp(sim_ctl_text(json_array_get(refs, 0), "kind", NULL), "Job");
}

void sim_step_pod(struct sim_step *st)
{
	const char *how = fate(st->o), *who = sim_ctl_text(st->o, "spec", "schedulerName");

	if (st->cur->deleting) {
		finish(st);
	} else if (og_sv_is(st->cur->phase, "Pending")) {
		bool placed = false;
		size_t i;
		json_t *c;

		json_array_foreach(
			json_object_get(json_object_get(st->o, "status"), "conditions"), i, c)
		{
			if (!strcmp(sim_ctl_text(c, "type", NULL), "PodScheduled"))
				placed = true;
		}
		if (!strcmp(how, "pending") ||
			(!st->cur->node.n && *who && strcmp(who, "default-scheduler")))
			return;
		if (!placed)
			place(st);
		else
			start(st, how);
	} else if (og_sv_is(st->cur->phase, "Running") && !*how && of_job(st->o)) {
		start(st, "succeed");
	}
}
