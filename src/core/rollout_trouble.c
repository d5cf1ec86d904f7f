/* SPDX-License-Identifier: Apache-2.0 */
/* What is wrong with one pod, from its status. */
#include "rollout-priv.h"

#include "otelgate/base/mem.h"

/* Of a container that waits (kubelet: pkg/kubelet/images/types.go, container/sync_result.go,
 * kuberuntime/kuberuntime_container.go). */
static const struct {
	const char *reason;
	enum rollout_why why, init, own; /* of a container, an init container, otelgate's own */
} waiting[] = {
	{"InvalidImageName", WHY_INVALID_IMAGE, WHY_INVALID_IMAGE, WHY_AGENT_IMAGE},
	{"ImagePullBackOff", WHY_IMAGE_PULL, WHY_IMAGE_PULL, WHY_AGENT_IMAGE},
	{"ErrImagePull", WHY_IMAGE_PULL, WHY_IMAGE_PULL, WHY_AGENT_IMAGE},
	{"ErrImageNeverPull", WHY_IMAGE_PULL, WHY_IMAGE_PULL, WHY_AGENT_IMAGE},
	{"ImageInspectError", WHY_IMAGE_PULL, WHY_IMAGE_PULL, WHY_AGENT_IMAGE},
	{"RegistryUnavailable", WHY_IMAGE_PULL, WHY_IMAGE_PULL, WHY_AGENT_IMAGE},
	{"SignatureValidationFailed", WHY_IMAGE_PULL, WHY_IMAGE_PULL, WHY_AGENT_IMAGE},
	{"CreateContainerConfigError", WHY_CONFIG_ERROR, WHY_CONFIG_ERROR, WHY_AGENT_INIT},
	{"CreateContainerError", WHY_CANNOT_START, WHY_CANNOT_START, WHY_AGENT_INIT},
	{"RunContainerError", WHY_CANNOT_START, WHY_CANNOT_START, WHY_AGENT_INIT},
	{"PostStartHookError", WHY_CANNOT_START, WHY_CANNOT_START, WHY_AGENT_INIT},
	{"StartError", WHY_CANNOT_START, WHY_CANNOT_START, WHY_AGENT_INIT},
	{"CrashLoopBackOff", WHY_CRASH, WHY_INIT_FAILING, WHY_AGENT_INIT},
};

/* Messages of CreateContainerConfigError (pkg/kubelet/kubelet_pods.go,
 * kuberuntime/security_context.go). All words of a row have to be there. */
static const struct {
	const char *words[2];
	enum rollout_why why;
} config_errors[] = {
	{{"couldn't find key ", " in Secret "}, WHY_SECRET_KEY},
	{{"couldn't find key ", " in ConfigMap "}, WHY_CONFIG_MAP_KEY},
	{{"secret \"", "\" not found"}, WHY_SECRET_MISSING},
	{{"configmap \"", "\" not found"}, WHY_CONFIG_MAP},
	{{"runAsNonRoot", NULL}, WHY_RUN_AS_ROOT},
	{{"run as root", NULL}, WHY_RUN_AS_ROOT},
};

/* Of the whole pod: status.reason and conditions (pkg/kubelet/eviction, pkg/util/node,
 * pkg/kubelet/lifecycle/predicate.go, pkg/scheduler). */
static const struct {
	const char *reason;
	enum rollout_why why;
	int32_t grace_s; /* since the pod was made */
} pods[] = {
	{"Unschedulable", WHY_UNSCHEDULABLE, OG_ROLLOUT_SCHEDULE_GRACE_S},
	{"SchedulerError", WHY_UNSCHEDULABLE, OG_ROLLOUT_SCHEDULE_GRACE_S},
	{"SchedulingGated", WHY_GATED, 0},
	{"Evicted", WHY_EVICTED, 0},
	{"TerminationByKubelet", WHY_EVICTED, 0},
	{"PreemptionByScheduler", WHY_EVICTED, 0},
	{"Preempting", WHY_EVICTED, 0},
	{"NodeLost", WHY_NODE_LOST, 0},
	{"NodeShutdown", WHY_NODE_LOST, 0},
	{"Terminated", WHY_NODE_LOST, 0},
	{"DeletionByTaintManager", WHY_NODE_LOST, 0},
	{"DeletionByPodGC", WHY_NODE_LOST, 0},
	{"UnexpectedAdmissionError", WHY_NODE_REFUSED, 0},
	{"OutOfcpu", WHY_NODE_REFUSED, 0},
	{"OutOfmemory", WHY_NODE_REFUSED, 0},
	{"OutOfpods", WHY_NODE_REFUSED, 0},
	{"NodeAffinity", WHY_NODE_REFUSED, 0},
	{"TopologyAffinityError", WHY_NODE_REFUSED, 0},
	{"AppArmor", WHY_NODE_REFUSED, 0},
	{"SysctlForbidden", WHY_NODE_REFUSED, 0},
};

static enum rollout_why config_error(const struct og_rollout_input *in, struct og_sv message)
{
	for (size_t i = 0; i < OG_COUNT(config_errors); i++) {
		const char *const *w = config_errors[i].words;
		if (!og_sv_has(message, og_svz(w[0])) ||
			(w[1] && !og_sv_has(message, og_svz(w[1]))))
			continue;
		enum rollout_why why = config_errors[i].why;
		bool secret = why == WHY_SECRET_MISSING || why == WHY_SECRET_KEY;
		return secret && in->secret_name.n && og_sv_has(message, in->secret_name)
			       ? WHY_CREDENTIALS
			       : why;
	}
	return WHY_CONFIG_ERROR;
}

/* The kubelet forgets its back-off after ten minutes (MaxContainerBackOff, backOffPeriod). */
enum { BACK_OFF_FORGOTTEN_S = 600, MANY_RESTARTS = 2 };

static bool failed(const struct og_container_state *c)
{
	return c->exited && (c->exit_code != 0 || og_sv_is(c->exit_reason, "OOMKilled"));
}

/* How it ended, for a container that is in its back-off, has just ended, or has been started
 * again after several ends. */
static enum rollout_why why_ended(const struct og_container_state *c)
{
	if (c->own)
		return WHY_AGENT_INIT;
	if (c->init && !c->sidecar)
		return WHY_INIT_FAILING;
	if (og_sv_is(c->exit_reason, "OOMKilled"))
		return WHY_OOM;
	if (og_sv_is(c->exit_reason, "StartError") ||
		og_sv_is(c->exit_reason, "ContainerCannotRun"))
		return WHY_CANNOT_START;
	return WHY_CRASH;
}

static enum rollout_why why_waiting(
	const struct og_rollout_input *in, const struct og_container_state *c)
{
	for (size_t i = 0; i < OG_COUNT(waiting); i++) {
		if (!og_sv_eq(c->reason, og_svz(waiting[i].reason)))
			continue;
		enum rollout_why why = c->own			? waiting[i].own
				       : c->init && !c->sidecar ? waiting[i].init
								: waiting[i].why;
		if (why == WHY_CONFIG_ERROR)
			return config_error(in, c->message);
		return why == WHY_CRASH ? why_ended(c) : why;
	}
	return failed(c) ? why_ended(c) : WHY_COUNT_;
}

static enum rollout_why why_of(const struct og_rollout_input *in, const struct og_rollout_pod *pod,
	const struct og_container_state *c)
{
	const struct og_pod_state *s = pod->state;
	switch (c->run) {
	case OG_RUN_WAITING:
		return why_waiting(in, c);
	case OG_RUN_TERMINATED:
		return failed(c) ? why_ended(c) : WHY_COUNT_;
	case OG_RUN_RUNNING:
		if (failed(c) && c->restarts >= MANY_RESTARTS &&
			in->now_s - c->since_s < BACK_OFF_FORGOTTEN_S)
			return why_ended(c);
		if (!c->init && !c->ready && c->since_s &&
			in->now_s - (s->ready_s > c->since_s ? s->ready_s : c->since_s) >
				OG_ROLLOUT_READY_GRACE_S)
			return WHY_NOT_READY;
		return WHY_COUNT_;
	default:
		return WHY_COUNT_;
	}
}

static int64_t made_at(const struct og_rollout_pod *pod)
{
	return pod->state && pod->state->created_s ? pod->state->created_s : pod->created_s;
}

static enum rollout_why pod_why(const struct og_rollout_input *in, const struct og_rollout_pod *pod)
{
	const struct og_pod_state *s = pod->state;
	int64_t age = in->now_s - made_at(pod);

	for (size_t i = 0; i < OG_COUNT(pods); i++)
		if (og_sv_eq(s->reason, og_svz(pods[i].reason)))
			return age >= pods[i].grace_s ? pods[i].why : WHY_COUNT_;
	if (s->phase == OG_POD_FAILED)
		return WHY_POD_FAILED;
	if (s->phase == OG_POD_SUCCEEDED || !s->bound)
		return WHY_COUNT_;
	if (s->gates)
		return in->now_s - s->ready_s > OG_ROLLOUT_READY_GRACE_S ? WHY_READINESS_GATE
									 : WHY_COUNT_;
	/* The kubelet writes both in one go; only the node's controller takes Ready away alone
	 * (pkg/controller/util/node: MarkPodsNotReady). */
	if (!s->ready && s->ready_s && s->containers && s->nready == s->containers)
		return WHY_NODE_LOST;
	if (s->phase == OG_POD_PENDING && !s->ncontainers && s->nready == 0 &&
		age > OG_ROLLOUT_START_GRACE_S)
		return WHY_NOT_STARTING;
	return WHY_COUNT_;
}

struct rollout_trouble rollout_trouble_of(
	const struct og_rollout_input *in, const struct og_rollout_pod *pod)
{
	struct rollout_trouble t = {.why = WHY_COUNT_, .pod = pod};
	const struct og_pod_state *s = pod->state;

	if (pod->deleting || !s) /* what happens on the way out is nobody's trouble */
		return t;
	t.why = pod_why(in, pod);
	t.since_s = s->ready_s ? s->ready_s : made_at(pod);
	if (s->phase == OG_POD_FAILED || s->phase == OG_POD_SUCCEEDED) {
		for (uint32_t i = 0; i < s->ncontainers && t.why == WHY_POD_FAILED && !t.c; i++)
			t.c = failed(&s->c[i]) ? &s->c[i] : NULL;
		return t;
	}
	for (uint32_t i = 0; i < s->ncontainers; i++) {
		enum rollout_why why = why_of(in, pod, &s->c[i]);
		if (why >= t.why)
			continue;
		t.why = why;
		t.c = &s->c[i];
		/* not its last end, which moves with every restart */
		t.since_s = why == WHY_NOT_READY && s->ready_s ? s->ready_s : made_at(pod);
	}
	return t;
}
