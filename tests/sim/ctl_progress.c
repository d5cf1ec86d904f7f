/* SPDX-License-Identifier: Apache-2.0 */
/* How far a Deployment is, as its conditions tell it (pkg/controller/deployment/progress.go). */
#include <time.h>
#include "sim/sim-priv.h"

static const json_t *condition(const json_t *status, const char *type)
{
	size_t i;
	json_t *c;

	json_array_foreach(json_object_get(status, "conditions"), i, c)
	{
		if (!strcmp(sim_str(c, "type"), type))
			return c;
	}
	return NULL;
}

static void drop(json_t *status, const char *type)
{
	json_t *list = json_object_get(status, "conditions"), *c;
	size_t i;

	json_array_foreach(list, i, c)
	{
		if (strcmp(sim_str(c, "type"), type))
			continue;
		json_array_remove(list, i);
		return;
	}
}

static int64_t num(const json_t *status, const char *k)
{
	return sim_ctl_int(status, k, NULL, 0);
}

/* More updated, fewer old, more ready or available than before. */
static bool advanced(const json_t *was, const json_t *now)
{
	return num(now, "updatedReplicas") > num(was, "updatedReplicas") ||
	       num(now, "replicas") - num(now, "updatedReplicas") <
		       num(was, "replicas") - num(was, "updatedReplicas") ||
	       num(now, "readyReplicas") > num(was, "readyReplicas") ||
	       num(now, "availableReplicas") > num(was, "availableReplicas");
}

static int64_t seconds_since(const char *stamp)
{
	struct tm tm = {0};

	if (!strptime(stamp, "%Y-%m-%dT%H:%M:%SZ", &tm))
		return 0;
	return (int64_t)(time(NULL) - timegm(&tm));
}

static void say(
	json_t *status, const char *value, const char *reason, const char *fmt, const char *set)
{
	og_auto_free char *text = sim_fmt("ReplicaSet \"%s\" %s", set, fmt);

	sim_ctl_condition_is(status, "Progressing", value, reason, text ? text : "");
}

static void rolling(struct sim_step *st, const struct sim_progress *p, json_t *status)
{
	const json_t *was = json_object_get(st->o, "status"), *c = condition(status, "Progressing");
	const char *reason = sim_str(c, "reason");
	int64_t left;

	if (num(status, "replicas") == num(status, "updatedReplicas") &&
		!strcmp(reason, "NewReplicaSetAvailable"))
		return;
	if (num(status, "updatedReplicas") == p->want && num(status, "replicas") == p->want &&
		num(status, "availableReplicas") == p->want) {
		say(status, "True", "NewReplicaSetAvailable", "has successfully progressed.",
			p->set);
		return;
	}
	if (p->made || !c || advanced(was, status)) {
		/* with a new lastUpdateTime, although status and reason may be the same */
		const char *since = sim_str(c, "lastTransitionTime");
		json_t *at = *since && !strcmp(sim_str(c, "status"), "True") ? json_string(since)
									     : NULL;

		drop(status, "Progressing");
		say(status, "True", "ReplicaSetUpdated", "is progressing.", p->set);
		if (at)
			json_object_set_new((json_t *)(uintptr_t)condition(status, "Progressing"),
				"lastTransitionTime", at);
		c = condition(status, "Progressing");
	} else if (!strcmp(reason, "ProgressDeadlineExceeded")) {
		return;
	}
	left = p->deadline - seconds_since(sim_str(c, "lastUpdateTime"));
	if (left < 0)
		say(status, "False", "ProgressDeadlineExceeded", "has timed out progressing.",
			p->set);
	else
		st->again_ms = (left + 1) * 1000;
}

void sim_ctl_progress(struct sim_step *st, const struct sim_progress *p, json_t *status)
{
	bool enough = num(status, "availableReplicas") >= p->want - p->unavailable;
	const char *reason = sim_str(condition(status, "Progressing"), "reason");

	sim_ctl_condition(status, "Available", enough,
		enough ? "MinimumReplicasAvailable" : "MinimumReplicasUnavailable",
		enough ? "Deployment has minimum availability."
		       : "Deployment does not have minimum availability.");
	if (p->paused) {
		/* what has timed out stays so */
		if (strcmp(reason, "ProgressDeadlineExceeded"))
			sim_ctl_condition_is(status, "Progressing", "Unknown", "DeploymentPaused",
				"Deployment is paused");
	} else {
		if (!strcmp(reason, "DeploymentPaused"))
			sim_ctl_condition_is(status, "Progressing", "Unknown", "DeploymentResumed",
				"Deployment is resumed");
		rolling(st, p, status);
	}
	if (p->failure)
		sim_ctl_condition(status, "ReplicaFailure", true, sim_str(p->failure, "reason"),
			sim_str(p->failure, "message"));
	else
		drop(status, "ReplicaFailure");
}
