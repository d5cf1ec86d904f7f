/* SPDX-License-Identifier: Apache-2.0 */
/* Rollouts: what they are stuck on, or wait for. */
#include "rollout_world.h"

/* ---- what a rollout is stuck on ---- */

static const struct og_rollout_facts late = {.kind = OG_RK_DEPLOYMENT,
	.generation = 2,
	.observed = 2,
	.desired = 2,
	.total = 3,
	.updated = 1,
	.ready = 2,
	.available = 2,
	.progress_deadline_s = 600,
	.cond[OG_COND_PROGRESSING] = {.status = OG_COND_FALSE,
		.reason = {"ProgressDeadlineExceeded", 24},
		.message = {"ReplicaSet \"web-5d4f\" has timed out progressing.", 48},
		.changed_s = NOW - 60}};
static const struct og_rollout_facts sts_half = {.kind = OG_RK_STATEFULSET,
	.generation = 2,
	.observed = 2,
	.rolling = true,
	.desired = 3,
	.total = 2,
	.updated = 2,
	.ready = 2};
static const struct og_rollout_facts ds_half = {.kind = OG_RK_DAEMONSET,
	.generation = 2,
	.observed = 2,
	.desired = 3,
	.total = 3,
	.updated = 2,
	.ready = 3,
	.available = 3};
static const struct og_rollout_facts no_deadline = {.kind = OG_RK_DEPLOYMENT,
	.generation = 2,
	.observed = 2,
	.desired = 2,
	.total = 2,
	.updated = 2,
	.ready = 1,
	.available = 1,
	.progress_deadline_s = INT32_MAX};
static const struct og_rollout_facts bare_pod = {.kind = OG_RK_POD, .desired = 1};
static const struct og_rollout_facts job = {.kind = OG_RK_JOB, .active = 1};
static const struct og_rollout_facts job_failed = {.kind = OG_RK_JOB,
	.failed = 2,
	.cond[OG_COND_FAILED] = {.status = OG_COND_TRUE,
		.reason = {"BackoffLimitExceeded", 20},
		.message = {"Job has reached the specified backoff limit", 43}}};
static const struct og_rollout_facts next_run = {
	.kind = OG_RK_CRONJOB, .schedule = {"*/5 * * * *", 11}};
static const struct og_rollout_facts paused = {.kind = OG_RK_DEPLOYMENT,
	.paused = true,
	.desired = 2,
	.total = 2,
	.ready = 2,
	.available = 2};
static const struct og_rollout_facts unseen = {
	.kind = OG_RK_DEPLOYMENT, .generation = 3, .observed = 2, .desired = 2};
static const struct og_rollout_facts aborted = {.kind = OG_RK_ARGO,
	.aborted = true,
	.argo_message = {"RolloutAborted: metric \"errors\" assessed Failed", 47}};
static const struct og_rollout_facts recreate = {.kind = OG_RK_DEPLOYMENT,
	.strategy = OG_STRATEGY_RECREATE,
	.desired = 2,
	.progress_deadline_s = 600};
static const struct og_rollout_facts job_idle = {.kind = OG_RK_JOB, .created_s = NOW - 300};

static const struct {
	const struct og_rollout_facts *f;
	struct pod pods[4];
	enum og_rollout_state state;
	const char *reason, *finding, *message, *fix; /* NULL = not looked at */
	int idle;				      /* of a timer; 0 = none is kept */
	int exit;
	enum og_touch ours;
} stuck[] = {
	{&deploy, {{"a", INJ | READY, 300, REV}}, OG_ROLLOUT_COMPLETE, "RolloutComplete", NULL,
		"Deployment web: all 3 pods are of the newest template and available.", ""},
	/* numbers are complete: trouble of a pod does not undo that */
	{&deploy,
		{{"a", INJ, 300, REV, .c = {{"app", X, "CrashLoopBackOff", "", 1, "Error", 5, 9}}}},
		OG_ROLLOUT_COMPLETE, "RolloutComplete"},
	{&half, {{"a", INJ | READY, 300, REV}, {"b", INJ, 30, REV}}, OG_ROLLOUT_PROGRESSING,
		"PodsBecomingAvailable", NULL, "Deployment web: 1 of 2 pods are available."},
	{&half, {{0}}, OG_ROLLOUT_PROGRESSING, "PodsBecomingAvailable"},
	/* images */
	{&half,
		{{"a", READY, 300, NULL}, {"b", PEND, 30, NULL,
						  .c = {{"app", 0, "ImagePullBackOff",
							  "Back-off pulling image \"x:1\""}}}},
		OG_ROLLOUT_STUCK, "ImagePullFailed", "OG610",
		"1 of 2 pods: container app of pod b cannot pull its image: Back-off pulling image "
		"\"x:1\".",
		"kubectl -n shop describe pod b"},
	{&half, {{"b", PEND, 30, NULL, .c = {{"app", 0, "ErrImagePull", "denied."}}}},
		OG_ROLLOUT_STUCK, "ImagePullFailed", "OG610",
		"container app of pod b cannot pull its image: denied."},
	{&half, {{"b", PEND, 30, NULL, .c = {{"app", 0, "ErrImageNeverPull", ""}}}},
		OG_ROLLOUT_STUCK, "ImagePullFailed", "OG610"},
	{&half, {{"b", PEND, 30, NULL, .c = {{"app", 0, "InvalidImageName", ""}}}},
		OG_ROLLOUT_STUCK, "InvalidImageName", "OG610"},
	{&half,
		{{"b", PEND | INJ, 30, REV,
			.c = {{"otelgate-java", OWN, "ImagePullBackOff", "no such host"}}}},
		OG_ROLLOUT_STUCK, "AgentImagePullFailed", "OG310",
		"otelgate's init container otelgate-java of pod b cannot pull its image: no such "
		"host.",
		NULL, .ours = OG_TOUCH_OWN},
	/* crashes */
	{&half, {{"b", 0, 300, NULL, .c = {{"app", X, "CrashLoopBackOff", "", 1, "Error", 5, 9}}}},
		OG_ROLLOUT_STUCK, "CrashLooping", "OG612",
		"container app of pod b ends again and again (exit code 1).",
		"kubectl -n shop logs b -c app --previous", .exit = 1},
	{&half,
		{{"b", INJ, 300, REV,
			.c = {{"app", X | T, "CrashLoopBackOff", "", 1, "Error", 1, 9}}}},
		OG_ROLLOUT_STUCK, "CrashLooping", "OG612",
		"injected container app of pod b ends again and again (exit code 1).", NULL,
		.exit = 1, .ours = OG_TOUCH_CHANGED},
	{&half,
		{{"b", 0, 300, NULL,
			.c = {{"app", X, "CrashLoopBackOff", "", 137, "OOMKilled", 5, 9}}}},
		OG_ROLLOUT_STUCK, "OutOfMemory", "OG612", NULL, NULL, .exit = 137},
	{&half, {{"b", 0, 300, NULL, .c = {{"app", X | ENDED, "", "", 2, "Error", 0, 9}}}},
		OG_ROLLOUT_STUCK, "CrashLooping", "OG612", NULL, NULL, .exit = 2},
	{&half, {{"b", 0, 300, NULL, .c = {{"app", X | ENDED, "", "", 0, "Completed", 2, 9}}}},
		OG_ROLLOUT_PROGRESSING, "PodsBecomingAvailable"},
	{&half, {{"b", 0, 300, NULL, .c = {{"app", X | RUN | RDY, "", "", 1, "Error", 3, 9}}}},
		OG_ROLLOUT_STUCK, "CrashLooping", "OG612", NULL, NULL, .exit = 1},
	{&half, {{"b", 0, 3000, NULL, .c = {{"app", X | RUN | RDY, "", "", 1, "Error", 3, 700}}}},
		OG_ROLLOUT_PROGRESSING, "PodsBecomingAvailable"},
	{&half, {{"b", 0, 300, NULL, .c = {{"app", X | RUN | RDY, "", "", 1, "Error", 1, 9}}}},
		OG_ROLLOUT_PROGRESSING, "PodsBecomingAvailable"},
	{&half,
		{{"b", 0, 300, NULL,
			.c = {{"app", X, "CrashLoopBackOff", "", 128, "StartError", 5, 9}}}},
		OG_ROLLOUT_STUCK, "ContainerCannotStart", "OG612"},
	{&half,
		{{"b", 0, 300, NULL,
			.c = {{"app", 0, "RunContainerError", "exec: \"x\": not found"}}}},
		OG_ROLLOUT_STUCK, "ContainerCannotStart", "OG612",
		"container app of pod b cannot be started: exec: \"x\": not found."},
	{&half,
		{{"b", PEND, 300, NULL,
			.c = {{"setup", INI | X, "CrashLoopBackOff", "", 3, "Error", 4, 9}}}},
		OG_ROLLOUT_STUCK, "InitContainerFailing", "OG612",
		"container setup of pod b fails, and the pod cannot go on (exit code 3).",
		"kubectl -n shop logs b -c setup", .exit = 3},
	{&half,
		{{"b", PEND | INJ, 300, REV,
			.c = {{"otelgate-java", OWN | X, "CrashLoopBackOff", "", 1, "Error", 4,
				9}}}},
		OG_ROLLOUT_STUCK, "AgentInitFailed", "OG311", NULL, NULL, .exit = 1,
		.ours = OG_TOUCH_OWN},
	{&half, {{"b", PEND, 300, NULL, .c = {{"setup", INI | RUN, "", "", 0, "", 0, 250}}}},
		OG_ROLLOUT_PROGRESSING, "PodsBecomingAvailable"},
	/* what is referred to */
	{&half,
		{{"b", PEND, 30, NULL,
			.c = {{"app", 0, "CreateContainerConfigError",
				"secret \"db\" not found"}}}},
		OG_ROLLOUT_STUCK, "SecretMissing", "OG611",
		"container app of pod b refers to a Secret that is not there: secret \"db\" not found."},
	{&half,
		{{"b", PEND, 30, NULL,
			.c = {{"app", 0, "CreateContainerConfigError",
				"couldn't find key pw in Secret shop/db"}}}},
		OG_ROLLOUT_STUCK, "SecretKeyMissing", "OG611"},
	{&half,
		{{"b", PEND, 30, NULL,
			.c = {{"app", 0, "CreateContainerConfigError",
				"configmap \"c\" not found"}}}},
		OG_ROLLOUT_STUCK, "ConfigMapMissing", "OG611"},
	{&half,
		{{"b", PEND, 30, NULL,
			.c = {{"app", 0, "CreateContainerConfigError",
				"couldn't find key k in ConfigMap shop/c"}}}},
		OG_ROLLOUT_STUCK, "ConfigMapKeyMissing", "OG611"},
	{&half,
		{{"b", PEND, 30, NULL,
			.c = {{"app", 0, "CreateContainerConfigError",
				"container has runAsNonRoot and image will run as root"}}}},
		OG_ROLLOUT_STUCK, "RunsAsRoot", "OG611"},
	{&half, {{"b", PEND, 30, NULL, .c = {{"app", 0, "CreateContainerConfigError", "hm\nha"}}}},
		OG_ROLLOUT_STUCK, "ContainerConfigError", "OG611",
		"container app of pod b cannot be configured: hm ha."},
	{&half,
		{{"b", PEND | INJ, 30, REV,
			.c = {{"app", T, "CreateContainerConfigError",
				"secret \"otelgate-otlp\" not found"}}}},
		OG_ROLLOUT_WAITING, "WaitingForCredentials", "OG401", NULL,
		"kubectl -n shop get wt", .ours = OG_TOUCH_CHANGED},
	/* nodes */
	{&half,
		{{"b", PEND | UNBOUND, 31, NULL, .reason = "Unschedulable",
			.message = "0/3 nodes are available: 3 Insufficient cpu."}},
		OG_ROLLOUT_STUCK, "Unschedulable", "OG609",
		"pod b finds no node: 0/3 nodes are available: 3 Insufficient cpu."},
	{&half, {{"b", PEND | UNBOUND, 29, NULL, .reason = "Unschedulable"}},
		OG_ROLLOUT_PROGRESSING, "PodsBecomingAvailable"},
	{&half, {{"b", PEND | UNBOUND, 300, NULL, .reason = "SchedulingGated"}}, OG_ROLLOUT_WAITING,
		"SchedulingGated"},
	{&half, {{"b", PEND, 301, NULL}}, OG_ROLLOUT_STUCK, "ContainersNotCreated", "OG609"},
	{&half, {{"b", PEND, 299, NULL}}, OG_ROLLOUT_PROGRESSING, "PodsBecomingAvailable"},
	{&half, {{"b", 0, 900, NULL, .ready_age = 30, .reason = "NodeLost"}}, OG_ROLLOUT_STUCK,
		"NodeLost", "OG614"},
	{&half,
		{{"b", FAIL, 900, NULL, .ready_age = 60, .reason = "Evicted",
			.message = "The node was low on resource: memory."}},
		OG_ROLLOUT_STUCK, "PodEvicted", "OG614",
		"pod b was evicted: The node was low on resource: memory."},
	{&half, {{"b", FAIL, 9000, NULL, .ready_age = 6000, .reason = "Evicted"}},
		OG_ROLLOUT_PROGRESSING, "PodsBecomingAvailable"},
	{&half, {{"b", FAIL, 30, NULL, .ready_age = 30, .reason = "OutOfcpu"}}, OG_ROLLOUT_STUCK,
		"NodeRefused", "OG614"},
	/* readiness */
	{&half, {{"b", 0, 900, NULL, .ready_age = 890, .c = {{"app", RUN, "", "", 0, "", 0, 890}}}},
		OG_ROLLOUT_STUCK, "ReadinessFailing", "OG613",
		"container app of pod b runs and is not ready.", "kubectl -n shop logs b -c app"},
	{&half, {{"b", 0, 900, NULL, .ready_age = 170, .c = {{"app", RUN, "", "", 0, "", 0, 890}}}},
		OG_ROLLOUT_PROGRESSING, "PodsBecomingAvailable"},
	{&half, {{"b", 0, 170, NULL, .c = {{"app", RUN, "", "", 0, "", 0, 165}}}},
		OG_ROLLOUT_PROGRESSING, "PodsBecomingAvailable"},
	{&half, {{"b", GATES, 900, NULL, .ready_age = 600}}, OG_ROLLOUT_STUCK,
		"ReadinessGateClosed", "OG613"},
	{&half, {{"b", GATES, 900, NULL, .ready_age = 60}}, OG_ROLLOUT_PROGRESSING,
		"PodsBecomingAvailable"},
	/* the worse is told, of equals the younger; what is on its way out is not */
	{&half,
		{{"a", 0, 900, NULL, .ready_age = 890, .c = {{"app", RUN, "", "", 0, "", 0, 890}}},
			{"b", PEND, 90, NULL, .c = {{"app", 0, "ErrImagePull", ""}}},
			{"c", PEND, 30, NULL, .c = {{"app", 0, "ErrImagePull", ""}}}},
		OG_ROLLOUT_STUCK, "ImagePullFailed", "OG610",
		"2 of 3 pods: container app of pod c cannot pull its image."},
	{&half, {{"a", DEL, 900, NULL, .c = {{"app", X, "CrashLoopBackOff", "", 1, "", 9, 9}}}},
		OG_ROLLOUT_PROGRESSING, "PodsBecomingAvailable"},
	{&half, {{"a", BLIND, 900, NULL}}, OG_ROLLOUT_PROGRESSING, "PodsBecomingAvailable"},
	/* time */
	{&late, {{"a", READY, 900, NULL}}, OG_ROLLOUT_STUCK, "ProgressDeadlineExceeded", "OG602",
		"Deployment web: no progress within its deadline of 600 s: ReplicaSet \"web-5d4f\" has "
		"timed out progressing.",
		"kubectl -n shop describe deployment/web"},
	{&late, {{"b", PEND, 700, NULL, .c = {{"app", 0, "ErrImagePull", "x"}}}}, OG_ROLLOUT_STUCK,
		"ImagePullFailed", "OG610",
		"container app of pod b cannot pull its image: x; the rollout's deadline has passed."},
	{&no_deadline, {{0}}, OG_ROLLOUT_STUCK, "NoProgress", "OG602", NULL, NULL, .idle = 601},
	{&no_deadline, {{0}}, OG_ROLLOUT_PROGRESSING, "PodsBecomingAvailable", .idle = 600},
	{&half, {{0}}, OG_ROLLOUT_PROGRESSING, "PodsBecomingAvailable", .idle = 6000},
	{&no_deadline, {{"a", READY, 9000, NULL, .ready_age = 8000}}, OG_ROLLOUT_STUCK,
		"NoProgress", "OG602",
		"Deployment web: 1 of 2 pods are available; nothing has moved since 2026-11-18T08:53:20Z."},
	{&no_deadline, {{"a", READY, 9000, NULL, .ready_age = 80}}, OG_ROLLOUT_PROGRESSING,
		"PodsBecomingAvailable"},
	{&ds_half, {{"a", READY, 9000, NULL}}, OG_ROLLOUT_STUCK, "NoProgress", "OG602", NULL, NULL,
		.idle = 700},
	{&sts_half, {{"a", READY, 900, NULL}}, OG_ROLLOUT_PROGRESSING, "PodsBecomingAvailable",
		.idle = 30},
	{&unseen, {{0}}, OG_ROLLOUT_PROGRESSING, "SpecNotObserved", NULL, NULL, NULL, .idle = 120},
	{&unseen, {{0}}, OG_ROLLOUT_STUCK, "ControllerNotResponding", "OG602", NULL, NULL,
		.idle = 121},
	{&unseen, {{"a", READY, 9000, NULL, .ready_age = 9000}}, OG_ROLLOUT_PROGRESSING,
		"SpecNotObserved"},
	{&recreate, {{"a", DEL, 9000, NULL}}, OG_ROLLOUT_STUCK, "PodNotTerminating", "OG614", NULL,
		"kubectl -n shop get pod a -o yaml", .idle = 601},
	{&recreate, {{"a", DEL, 9000, NULL}}, OG_ROLLOUT_PROGRESSING, "UpdatingPods", .idle = 60},
	{&recreate, {{0}}, OG_ROLLOUT_STUCK, "PodsNotCreated", "OG608", NULL, NULL, .idle = 61},
	{&job_idle, {{0}}, OG_ROLLOUT_STUCK, "PodsNotCreated", "OG608"},
	/* waits for somebody */
	{&paused, {{"a", READY, 9000, NULL}}, OG_ROLLOUT_WAITING, "RolloutPaused", "OG607", NULL,
		"kubectl -n shop rollout resume deployment/web", .idle = 9000},
	{&next_run, {{0}}, OG_ROLLOUT_WAITING, "NextRun", "OG606",
		"CronJob web: its pods are made at its next run: */5 * * * *."},
	{&aborted, {{0}}, OG_ROLLOUT_STUCK, "RolloutAborted", "OG602",
		"Rollout web: it was aborted: RolloutAborted: metric \"errors\" assessed Failed."},
	/* Jobs */
	{&job, {{"a", READY, 90000, NULL}}, OG_ROLLOUT_PROGRESSING, "JobRunning", .idle = 90000},
	{&job,
		{{"a", FAIL, 90, NULL, .ready_age = 9,
			.c = {{"app", X | ENDED, "", "", 1, "Error"}}}},
		OG_ROLLOUT_PROGRESSING, "JobRunning"},
	{&job, {{"a", PEND, 90, NULL, .c = {{"app", 0, "ErrImagePull", ""}}}}, OG_ROLLOUT_STUCK,
		"ImagePullFailed", "OG610"},
	{&job_failed, {{"a", FAIL, 90, NULL, .c = {{"app", X | ENDED, "", "", 3, "Error"}}}},
		OG_ROLLOUT_STUCK, "JobFailed", "OG615",
		"Job web: it has failed, 2 pods with it: Job has reached the specified backoff limit; "
		"container app of pod a ended (exit code 3).",
		NULL, .exit = 3},
	/* bare Pods */
	{&bare_pod, {{"web", READY, 90, NULL}}, OG_ROLLOUT_COMPLETE, "PodReady"},
	{&bare_pod, {{"web", DONE, 90, NULL}}, OG_ROLLOUT_COMPLETE, "PodSucceeded"},
	{&bare_pod, {{"web", PEND, 90, NULL}}, OG_ROLLOUT_PROGRESSING, "PodStarting"},
	{&bare_pod, {{"web", FAIL, 90, NULL, .c = {{"app", X | ENDED, "", "", 3, "Error"}}}},
		OG_ROLLOUT_STUCK, "PodFailed", "OG612", NULL, NULL, .exit = 3},
	{&bare_pod, {{"web", FAIL, 90, NULL, .reason = "Evicted"}}, OG_ROLLOUT_STUCK, "PodEvicted",
		"OG614"},
	{&bare_pod, {{0}}, OG_ROLLOUT_UNKNOWN, "RolloutUnknown"},
	{NULL, {{"a", READY, 90, NULL}}, OG_ROLLOUT_UNKNOWN, "RolloutUnknown", NULL,
		"The workload's status is not known."},
};

START_TEST(a_rollout)
{
	struct og_rollout_input in = input(stuck[_i].f);
	struct og_rollout_timer timer = {.since_s = ago(stuck[_i].idle)};
	in.timer = stuck[_i].idle ? &timer : NULL;
	struct og_rollout_result r = judge(&in, stuck[_i].pods, 4);
	const struct og_rollout_verdict *v = &r.rollout;
	ck_assert_msg(v->reason && strcmp(v->reason, stuck[_i].reason) == 0, "%s, not %s: %s",
		v->reason, stuck[_i].reason, text(v->message));
	ck_assert_str_eq(og_rollout_state_name(v->state), og_rollout_state_name(stuck[_i].state));
	if (stuck[_i].finding)
		ck_assert_str_eq(v->finding, stuck[_i].finding);
	if (stuck[_i].message)
		ck_assert_str_eq(text(v->message), stuck[_i].message);
	if (stuck[_i].fix)
		ck_assert_str_eq(text(v->fix), stuck[_i].fix);
	if (stuck[_i].exit)
		ck_assert_int_eq(v->exit_code, stuck[_i].exit);
	ck_assert_int_eq(v->ours, stuck[_i].ours);
	ck_assert(v->message.n && !r.blame.blamed);
	/* Bad news come with a finding and something to do. */
	ck_assert(v->state != OG_ROLLOUT_STUCK || (v->finding && v->fix.n));
}
END_TEST

/* ---- refusals ---- */

START_TEST(refused_pods)
{
	static const struct og_rollout_facts old_rs = {.kind = OG_RK_REPLICASET,
		.cond[OG_COND_REPLICA_FAILURE] = {.status = OG_COND_TRUE,
			.reason = {"FailedCreate", 12},
			.message = {"exceeded quota: q", 17}}};
	static const struct og_rollout_facts new_rs = {.kind = OG_RK_REPLICASET,
		.cond[OG_COND_REPLICA_FAILURE] = {.status = OG_COND_TRUE,
			.reason = {"FailedCreate", 12},
			.message = {"violates PodSecurity \"restricted:latest\"", 40},
			.changed_s = NOW - 5}};
	static const struct og_rollout_facts fine = {.kind = OG_RK_REPLICASET,
		.cond[OG_COND_REPLICA_FAILURE] = {.status = OG_COND_FALSE}};
	static const struct og_rollout_facts cannot_delete = {.kind = OG_RK_REPLICASET,
		.cond[OG_COND_REPLICA_FAILURE] = {
			.status = OG_COND_TRUE, .reason = {"FailedDelete", 12}}};
	static const struct pod bad[] = {
		{"b", PEND, 700, NULL, .c = {{"app", 0, "ErrImagePull", "x"}}}};
	struct og_rollout_child children[] = {
		{OG_SV("web-new"), OG_SV("new"), NOW - 10, &new_rs},
		{OG_SV("web-old"), OG_SV("old"), NOW - 900, &old_rs},
		{OG_SV("web-fine"), OG_SV("fine"), NOW - 1, &fine},
		{OG_SV("web-del"), OG_SV("del"), NOW, &cannot_delete},
		{OG_SV("web-none"), OG_SV("none"), NOW, NULL},
	};
	struct og_rollout_input in = input(&half);
	in.children = children;
	in.nchildren = 5;
	struct og_rollout_result r = judge(&in, bad, 1);
	ck_assert_str_eq(r.rollout.reason, "PodSecurityDenied");
	ck_assert_str_eq(r.rollout.finding, "OG308");
	ck_assert_str_eq(text(r.rollout.message), "The API server refuses new pods of web-new: "
						  "violates PodSecurity \"restricted:latest\".");
	ck_assert_int_eq(r.rollout.since_s, NOW - 5);
	in.children = children + 1;
	in.nchildren = 1;
	r = judge(&in, bad, 1);
	ck_assert_str_eq(r.rollout.reason, "QuotaExceeded");
	ck_assert_str_eq(r.rollout.finding, "OG309");
	ck_assert_str_eq(text(r.rollout.fix), "kubectl -n shop describe quota");
	in.children = children + 2;
	in.nchildren = 3;
	r = judge(&in, bad, 1);
	ck_assert_str_eq(r.rollout.reason, "ImagePullFailed");
	/* the Deployment's own condition, where no child is known */
	struct og_rollout_facts f = half;
	f.cond[OG_COND_REPLICA_FAILURE] = old_rs.cond[OG_COND_REPLICA_FAILURE];
	f.cond[OG_COND_REPLICA_FAILURE].message =
		OG_SV("admission webhook \"v\" denied the request: no");
	in = input(&f);
	r = judge(&in, bad, 1);
	ck_assert_str_eq(r.rollout.reason, "WebhookDenied");
	ck_assert_str_eq(r.rollout.finding, "OG608");
	/* what is complete is not refused */
	f = deploy;
	f.cond[OG_COND_REPLICA_FAILURE] = old_rs.cond[OG_COND_REPLICA_FAILURE];
	in = input(&f);
	r = judge(&in, bad, 0);
	ck_assert_str_eq(r.rollout.reason, "RolloutComplete");
}
END_TEST

/* ---- refusals that stand in Events alone ---- */

static const struct og_rollout_facts sts_none = {
	.kind = OG_RK_STATEFULSET, .generation = 1, .observed = 1, .rolling = true, .desired = 3};
static const struct og_rollout_facts sts_unwell = {.kind = OG_RK_STATEFULSET,
	.generation = 1,
	.observed = 1,
	.rolling = true,
	.desired = 3,
	.total = 2,
	.updated = 2,
	.ready = 1};
static const struct og_rollout_facts sts_all = {.kind = OG_RK_STATEFULSET,
	.generation = 1,
	.observed = 1,
	.rolling = true,
	.desired = 2,
	.total = 2,
	.updated = 2,
	.ready = 2,
	.available = 2};
static const struct og_rollout_facts sts_unseen = {
	.kind = OG_RK_STATEFULSET, .generation = 2, .observed = 1, .rolling = true, .desired = 3};
static const struct og_rollout_facts ds_none = {
	.kind = OG_RK_DAEMONSET, .generation = 1, .observed = 1, .desired = 3};
static const struct og_rollout_facts job_held = {.kind = OG_RK_JOB, .suspended = true};

#define QUOTA                                                                          \
	"create Pod db-0 in StatefulSet db failed error: pods \"db-0\" is forbidden: " \
	"exceeded quota: few, requested: pods=1, used: pods=1, limited: pods=1"

static const struct {
	const struct og_rollout_facts *f;
	struct pod pods[3];
	const char *event;
	int last; /* seconds ago */
	const char *reason, *finding;
	bool unmade;
} refused[] = {
	{&sts_none, {{0}}, QUOTA, 5, "QuotaExceeded", "OG309", true},
	{&sts_half, {{"db-0", INJ | READY, 300, REV}, {"db-1", INJ | READY, 200, REV}}, QUOTA, 5,
		"QuotaExceeded", "OG309", true},
	{&ds_none, {{0}},
		"Error creating: pods \"a-x\" is forbidden: violates PodSecurity \"b:latest\"", 5,
		"PodSecurityDenied", "OG308", true},
	{&job_idle, {{0}},
		"Error creating: pods \"j-\" is forbidden: minimum cpu usage per Container is 1", 5,
		"LimitRangeExceeded", "OG309", true},
	{&job_idle, {{0}},
		"Error creating: Internal error occurred: failed calling webhook \"x\": EOF", 5,
		"WebhookDenied", "OG608", true},
	{&job_idle, {{0}},
		"Error creating: Internal error occurred: failed calling webhook \"pods.otelgate.dev\": EOF",
		5, "OwnWebhookFailed", "OG108", true},
	{&sts_none, {{0}}, "something new", 5, "PodsRefused", "OG608", true},
	/* a pod made in the same second does not overcome it */
	{&sts_half, {{"db-0", INJ | READY, 300, REV}, {"db-1", INJ | READY, 5, REV}}, QUOTA, 5,
		"QuotaExceeded", "OG309", true},
	/* it has been overcome */
	{&sts_half, {{"db-0", INJ | READY, 300, REV}, {"db-1", INJ | READY, 4, REV}}, QUOTA, 5,
		"PodsBecomingAvailable", NULL, true},
	/* nobody says anything */
	{&sts_none, {{0}}, "", 0, "PodsBecomingAvailable", NULL, true},
	/* the next pod waits for one that is not ready */
	{&sts_unwell, {{"db-0", INJ | READY, 300, REV}, {"db-1", INJ, 20, REV}}, QUOTA, 5,
		"PodsBecomingAvailable", NULL, false},
	/* nothing is missing, or wanted */
	{&sts_all, {{"db-0", INJ | READY, 300, REV}, {"db-1", INJ | READY, 200, REV}}, QUOTA, 5,
		"RolloutComplete", NULL, false},
	{&job_held, {{0}}, QUOTA, 5, "Suspended", "OG607", false},
	{&job, {{"j-1", INJ | READY, 20, REV}}, QUOTA, 5, "JobRunning", NULL, false},
	{&job_failed, {{0}}, QUOTA, 5, "JobFailed", "OG615", false},
	/* its controller has not looked at the last change yet */
	{&sts_unseen, {{0}}, QUOTA, 5, "SpecNotObserved", NULL, false},
	/* kinds with a condition for it */
	{&recreate, {{0}}, QUOTA, 5, "UpdatingPods", NULL, false},
	/* an old pod is still going */
	{&sts_half,
		{{"db-0", INJ | READY, 300, REV}, {"db-1", INJ | READY, 200, REV},
			{"db-2", INJ | DEL, 200, OLD}},
		"", 0, NULL, NULL, false},
};

START_TEST(an_event_of_refusal)
{
	struct og_rollout_input in = input(refused[_i].f);
	uint32_t n = 0;

	while (n < 3 && refused[_i].pods[n].name)
		n++;
	in.refused = (struct og_refusal_event){
		og_svz(refused[_i].event), NOW - 60, NOW - refused[_i].last};
	struct og_rollout_result r = judge(&in, refused[_i].pods, n);
	ck_assert_int_eq(r.unmade, refused[_i].unmade);
	if (!refused[_i].reason)
		return;
	ck_assert_str_eq(r.rollout.reason, refused[_i].reason);
	if (!refused[_i].finding) {
		ck_assert_ptr_null(r.rollout.finding);
		return;
	}
	ck_assert_str_eq(r.rollout.finding, refused[_i].finding);
	if (r.unmade) {
		ck_assert_int_eq(r.rollout.state, OG_ROLLOUT_STUCK);
		ck_assert_int_eq(r.rollout.since_s, NOW - 60);
		ck_assert_ptr_nonnull(strstr(text(r.rollout.message), refused[_i].event));
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("rollout_stuck");
	TCase *t = tcase_create("all");
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_loop_test(t, a_rollout, 0, (int)OG_COUNT(stuck));
	tcase_add_test(t, refused_pods);
	tcase_add_loop_test(t, an_event_of_refusal, 0, (int)OG_COUNT(refused));
	suite_add_tcase(s, t);
	return og_suite_run(s);
}
