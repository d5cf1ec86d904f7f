/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pods: placed in one round, running and ready in the next, gone in the one after their deletion.
 * Labels and annotations change their fate: see ctl_fate.c.
 */
#include <stdio.h>
#include "sim/sim-priv.h"

static bool placed(const json_t *o)
{
	size_t i;
	json_t *c;

	json_array_foreach(json_object_get(json_object_get(o, "status"), "conditions"), i, c)
	{
		if (!strcmp(sim_ctl_text(c, "type", NULL), "PodScheduled"))
			return !strcmp(sim_ctl_text(c, "status", NULL), "True");
	}
	return false;
}

static void place(struct sim_step *st)
{
	json_t *o = json_deep_copy(st->o), *spec = json_object_get(o, "spec");
	og_auto_free char *why = sim_pod_unschedulable(st, o);
	char(*nodes)[64];
	size_t n = sim_ctl_nodes(st, &nodes);
	const char *node = n ? nodes[sim_random() % n] : "sim-node";

	if (why) {
		sim_pod_condition(
			json_object_get(o, "status"), "PodScheduled", false, "Unschedulable", why);
	} else {
		if (!*sim_ctl_text(spec, "nodeName", NULL))
			json_object_set_new(spec, "nodeName", json_string(node));
		sim_pod_condition(json_object_get(o, "status"), "PodScheduled", true, "", "");
	}
	sim_ctl_write(st, st->res, st->cur, o);
	json_decref(o);
	og_free(nodes);
}

/* All that the kubelet tells of it. */
static void run(struct sim_step *st, const char *how)
{
	json_t *o = json_deep_copy(st->o), *status = json_object_get(o, "status");
	uint64_t ip = og_hash64(3, st->cur->uid);
	char text[24], now[32];
	bool started = sim_pod_statuses(st, o, how);

	sim_now(now);
	snprintf(text, sizeof(text), "10.%u.%u.%u", (unsigned)(ip & 63) + 64,
		(unsigned)(ip >> 8) & 255U, (unsigned)((ip >> 16) % 254) + 1U);
	json_object_set_new(status, "phase",
		json_string(!strcmp(how, "succeed") ? "Succeeded"
			    : started		    ? "Running"
						    : "Pending"));
	sim_missing(status, "startTime", json_string(now));
	json_object_set_new(status, "podIP", json_string(text));
	json_object_set_new(status, "podIPs", json_pack("[{s:s}]", "ip", text));
	json_object_set_new(status, "hostIP", json_string("127.0.0.1"));
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
	const char *how = sim_pod_fate(st->o), *who = sim_ctl_text(st->o, "spec", "schedulerName");
	bool runs = og_sv_is(st->cur->phase, "Running");

	if (st->cur->deleting) {
		finish(st);
		return;
	}
	if (!runs && !og_sv_is(st->cur->phase, "Pending"))
		return;
	if (!runs && !placed(st->o)) {
		if (strcmp(how, "pending") &&
			(st->cur->node.n || !*who || !strcmp(who, "default-scheduler")))
			place(st);
	} else if (!runs || *how || !st->cur->ready) {
		run(st, how);
	} else if (of_job(st->o)) {
		run(st, "succeed");
	}
}
