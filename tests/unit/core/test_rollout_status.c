/* SPDX-License-Identifier: Apache-2.0 */
/* The numbers of rollouts, against rows and against the rules of kubectl written down once more. */
#include <check.h>
#include <stdio.h>
#include <string.h>

#include "otelgate/base/mem.h"
#include "otelgate/base/parse.h"
#include "otelgate/core/findings.h"
#include "otelgate/core/rollout.h"
#include "support/suite.h"

#define DEPLOYMENT .kind = OG_RK_DEPLOYMENT, .progress_deadline_s = 600
#define STS	   .kind = OG_RK_STATEFULSET, .rolling = true
#define DS	   .kind = OG_RK_DAEMONSET
#define RS	   .kind = OG_RK_REPLICASET
#define SEEN	   .generation = 2, .observed = 2
#define PODS(d, t, u, r, av) \
	.desired = (d), .total = (t), .updated = (u), .ready = (r), .available = (av)
#define COND(c, st, why) \
	.cond[OG_COND_##c] = {.status = OG_COND_##st, .reason = {why, sizeof(why) - 1}}
#define TXT(s) ((struct og_sv){s, sizeof(s) - 1})

static const struct {
	struct og_rollout_facts f;
	enum og_rollout_step step;
	const char *reason, *text; /* text NULL: not looked at */
} rows[] = {
	/* Deployment */
	{{DEPLOYMENT, SEEN, PODS(3, 3, 3, 3, 3)}, OG_STEP_DONE, "RolloutComplete",
		"all 3 pods are of the newest template and available"},
	{{DEPLOYMENT, .generation = 3, .observed = 2, PODS(3, 3, 3, 3, 3)}, OG_STEP_WAIT,
		"SpecNotObserved", "its last change (generation 3) is not observed yet (2)"},
	{{DEPLOYMENT, .generation = 2, .observed = 3, PODS(3, 3, 3, 3, 3)}, OG_STEP_DONE,
		"RolloutComplete", NULL},
	{{DEPLOYMENT, SEEN, PODS(3, 4, 1, 3, 3)}, OG_STEP_WAIT, "UpdatingPods",
		"1 of 3 pods are of the new template"},
	{{DEPLOYMENT, SEEN, PODS(3, 4, 3, 4, 4)}, OG_STEP_WAIT, "OldPodsTerminating",
		"1 old pods have not gone yet"},
	{{DEPLOYMENT, SEEN, PODS(3, 3, 3, 3, 2)}, OG_STEP_WAIT, "PodsBecomingAvailable",
		"2 of 3 pods are available"},
	{{DEPLOYMENT, SEEN, PODS(3, 5, 5, 5, 5)}, OG_STEP_DONE, "RolloutComplete", NULL},
	{{DEPLOYMENT, SEEN, PODS(3, 5, 5, 4, 4)}, OG_STEP_WAIT, "PodsBecomingAvailable", NULL},
	{{DEPLOYMENT, SEEN, PODS(0, 0, 0, 0, 0)}, OG_STEP_DONE, "ScaledToZero", NULL},
	{{DEPLOYMENT, SEEN, PODS(0, 2, 0, 2, 2)}, OG_STEP_WAIT, "OldPodsTerminating", NULL},
	{{DEPLOYMENT, SEEN, PODS(3, 3, 3, 3, 3), .paused = true}, OG_STEP_DONE, "RolloutComplete",
		NULL},
	{{DEPLOYMENT, SEEN, PODS(3, 3, 1, 3, 3), .paused = true}, OG_STEP_WAIT, "RolloutPaused",
		"paused with 1 of 3 pods of the new template"},
	{{DEPLOYMENT, SEEN, PODS(3, 4, 1, 3, 3),
		 COND(PROGRESSING, FALSE, "ProgressDeadlineExceeded")},
		OG_STEP_FAILED, "ProgressDeadlineExceeded",
		"no progress within its deadline of 600 s"},
	{{DEPLOYMENT, SEEN, PODS(3, 3, 3, 3, 3),
		 COND(PROGRESSING, FALSE, "ProgressDeadlineExceeded")},
		OG_STEP_FAILED, "ProgressDeadlineExceeded", NULL},
	{{DEPLOYMENT, .generation = 3, .observed = 2, PODS(3, 4, 1, 3, 3),
		 COND(PROGRESSING, FALSE, "ProgressDeadlineExceeded")},
		OG_STEP_WAIT, "SpecNotObserved", NULL},
	{{DEPLOYMENT, SEEN, PODS(3, 3, 3, 3, 3), COND(PROGRESSING, TRUE, "NewReplicaSetAvailable")},
		OG_STEP_DONE, "RolloutComplete", NULL},
	{{DEPLOYMENT, SEEN, PODS(3, 4, 2, 3, 3), COND(PROGRESSING, TRUE, "ReplicaSetUpdated")},
		OG_STEP_WAIT, "UpdatingPods", NULL},
	{{DEPLOYMENT, SEEN, PODS(3, 4, 2, 3, 3),
		 COND(AVAILABLE, FALSE, "ProgressDeadlineExceeded")},
		OG_STEP_WAIT, "UpdatingPods", NULL},
	{{DEPLOYMENT, SEEN, PODS(3, 0, 0, 0, 0), .strategy = OG_STRATEGY_RECREATE}, OG_STEP_WAIT,
		"UpdatingPods", NULL},
	{{DEPLOYMENT, PODS(3, 3, 3, 3, 3)}, OG_STEP_DONE, "RolloutComplete", NULL},
	/* DaemonSet */
	{{DS, SEEN, PODS(5, 5, 5, 5, 5)}, OG_STEP_DONE, "RolloutComplete", NULL},
	{{DS, .generation = 2, .observed = 1, PODS(5, 5, 5, 5, 5)}, OG_STEP_WAIT, "SpecNotObserved",
		NULL},
	{{DS, SEEN, PODS(5, 5, 2, 5, 5)}, OG_STEP_WAIT, "UpdatingPods", NULL},
	{{DS, SEEN, PODS(5, 5, 5, 5, 3)}, OG_STEP_WAIT, "PodsBecomingAvailable", NULL},
	{{DS, SEEN, PODS(5, 6, 6, 6, 6)}, OG_STEP_DONE, "RolloutComplete", NULL},
	{{DS, SEEN, PODS(0, 0, 0, 0, 0)}, OG_STEP_DONE, "ScaledToZero", NULL},
	{{DS, SEEN, PODS(5, 5, 2, 5, 5), .strategy = OG_STRATEGY_ON_DELETE}, OG_STEP_NOT_KNOWN,
		"NeedsPodDeletion", NULL},
	{{DS, SEEN, PODS(5, 5, 5, 5, 5), .strategy = OG_STRATEGY_ON_DELETE}, OG_STEP_DONE,
		"RolloutComplete", NULL},
	{{DS, SEEN, PODS(5, 5, 5, 4, 4), .strategy = OG_STRATEGY_ON_DELETE}, OG_STEP_WAIT,
		"PodsBecomingAvailable", NULL},
	/* StatefulSet */
	{{STS, SEEN, PODS(3, 3, 3, 3, 3)}, OG_STEP_DONE, "RolloutComplete", NULL},
	{{STS, .generation = 1, PODS(3, 3, 3, 3, 3)}, OG_STEP_WAIT, "SpecNotObserved", NULL},
	{{STS, PODS(3, 3, 3, 3, 3)}, OG_STEP_WAIT, "SpecNotObserved", NULL},
	{{STS, .generation = 3, .observed = 2, PODS(3, 3, 3, 3, 3)}, OG_STEP_WAIT,
		"SpecNotObserved", NULL},
	{{STS, SEEN, PODS(3, 3, 3, 2, 2)}, OG_STEP_WAIT, "PodsBecomingAvailable",
		"2 of 3 pods are ready"},
	{{STS, SEEN, PODS(3, 3, 1, 3, 3)}, OG_STEP_WAIT, "UpdatingPods",
		"1 of 3 pods above the partition are of the new template"},
	{{STS, SEEN, PODS(3, 3, 1, 3, 3), .partition = 1}, OG_STEP_WAIT, "UpdatingPods",
		"1 of 2 pods above the partition are of the new template"},
	{{STS, SEEN, PODS(3, 3, 2, 3, 3), .partition = 1}, OG_STEP_DONE, "PartitionComplete",
		"2 of 3 pods are of the new template, the partition keeps the others"},
	{{STS, SEEN, PODS(3, 3, 0, 3, 3), .partition = 3}, OG_STEP_DONE, "PartitionComplete", NULL},
	{{STS, SEEN, PODS(3, 3, 0, 3, 3), .partition = 99}, OG_STEP_DONE, "PartitionComplete",
		NULL},
	{{STS, SEEN, PODS(3, 3, 3, 3, 3), .partition = 3}, OG_STEP_DONE, "RolloutComplete", NULL},
	{{STS, SEEN, PODS(0, 0, 0, 0, 0)}, OG_STEP_DONE, "ScaledToZero", NULL},
	{{STS, SEEN, PODS(3, 3, 1, 3, 3), .strategy = OG_STRATEGY_ON_DELETE}, OG_STEP_NOT_KNOWN,
		"NeedsPodDeletion", NULL},
	{{STS, SEEN, PODS(3, 3, 1, 2, 2), .strategy = OG_STRATEGY_ON_DELETE}, OG_STEP_WAIT,
		"PodsBecomingAvailable", NULL},
	{{.kind = OG_RK_STATEFULSET,
		 SEEN,
		 PODS(3, 3, 1, 3, 3),
		 .current_revision = TXT("a"),
		 .update_revision = TXT("b")},
		OG_STEP_WAIT, "UpdatingPods", NULL},
	{{.kind = OG_RK_STATEFULSET,
		 SEEN,
		 PODS(3, 3, 3, 3, 3),
		 .current_revision = TXT("b"),
		 .update_revision = TXT("b")},
		OG_STEP_DONE, "RolloutComplete", NULL},
	/* ReplicaSet, ReplicationController */
	{{RS, SEEN, PODS(2, 2, 0, 2, 2)}, OG_STEP_DONE, "RolloutComplete", NULL},
	{{RS, SEEN, PODS(2, 1, 0, 1, 1)}, OG_STEP_WAIT, "UpdatingPods", "1 of 2 pods exist"},
	{{RS, SEEN, PODS(2, 3, 0, 3, 3)}, OG_STEP_WAIT, "OldPodsTerminating", NULL},
	{{RS, SEEN, PODS(2, 2, 0, 1, 1)}, OG_STEP_WAIT, "PodsBecomingAvailable", NULL},
	{{RS, SEEN, PODS(0, 0, 0, 0, 0)}, OG_STEP_DONE, "ScaledToZero", NULL},
	{{.kind = OG_RK_REPLICATION_CONTROLLER,
		 .generation = 2,
		 .observed = 1,
		 PODS(1, 1, 0, 1, 1)},
		OG_STEP_WAIT, "SpecNotObserved", NULL},
	/* Job, CronJob */
	{{.kind = OG_RK_JOB, .active = 1}, OG_STEP_WAIT, "JobRunning",
		"1 pods run, 0 have succeeded"},
	{{.kind = OG_RK_JOB, .succeeded = 1, COND(COMPLETE, TRUE, "")}, OG_STEP_DONE, "JobComplete",
		NULL},
	{{.kind = OG_RK_JOB, .succeeded = 1, COND(COMPLETE, FALSE, "")}, OG_STEP_WAIT, "JobRunning",
		NULL},
	{{.kind = OG_RK_JOB, .failed = 7, COND(FAILED, TRUE, "BackoffLimitExceeded")},
		OG_STEP_FAILED, "JobFailed", "it has failed, 7 pods with it"},
	{{.kind = OG_RK_JOB, .failed = 7}, OG_STEP_WAIT, "JobRunning", NULL},
	{{.kind = OG_RK_JOB, .suspended = true}, OG_STEP_WAIT, "Suspended", NULL},
	{{.kind = OG_RK_JOB, .suspended = true, COND(COMPLETE, TRUE, "")}, OG_STEP_DONE,
		"JobComplete", NULL},
	{{.kind = OG_RK_CRONJOB}, OG_STEP_WAIT, "NextRun", NULL},
	{{.kind = OG_RK_CRONJOB, .suspended = true}, OG_STEP_WAIT, "Suspended", NULL},
	/* Argo Rollout */
	{{.kind = OG_RK_ARGO, SEEN, PODS(2, 2, 2, 2, 2), .argo_phase = TXT("Healthy")},
		OG_STEP_DONE, "RolloutComplete", NULL},
	{{.kind = OG_RK_ARGO,
		 .generation = 3,
		 .observed = 2,
		 PODS(2, 2, 2, 2, 2),
		 .argo_phase = TXT("Healthy")},
		OG_STEP_WAIT, "SpecNotObserved", NULL},
	{{.kind = OG_RK_ARGO, SEEN, PODS(2, 3, 1, 3, 3), .argo_phase = TXT("Paused")}, OG_STEP_WAIT,
		"RolloutPaused", NULL},
	{{.kind = OG_RK_ARGO, SEEN, PODS(2, 3, 2, 3, 3), .argo_phase = TXT("Progressing")},
		OG_STEP_WAIT, "UpdatingPods", NULL},
	{{.kind = OG_RK_ARGO, SEEN, PODS(2, 3, 1, 3, 3), .argo_phase = TXT("Degraded")},
		OG_STEP_FAILED, "RolloutDegraded", NULL},
	{{.kind = OG_RK_ARGO,
		 SEEN,
		 PODS(2, 3, 1, 3, 3),
		 .argo_phase = TXT("Degraded"),
		 .aborted = true},
		OG_STEP_FAILED, "RolloutAborted", NULL},
	{{.kind = OG_RK_ARGO, SEEN, PODS(2, 2, 2, 1, 1)}, OG_STEP_WAIT, "PodsBecomingAvailable",
		NULL},
	{{.kind = OG_RK_ARGO, SEEN, PODS(0, 0, 0, 0, 0), .argo_phase = TXT("Healthy")},
		OG_STEP_DONE, "ScaledToZero", NULL},
	/* nothing is known */
	{{.kind = OG_RK_NONE}, OG_STEP_NOT_KNOWN, "RolloutUnknown", NULL},
	{{.kind = OG_RK_POD}, OG_STEP_NOT_KNOWN, "RolloutUnknown", NULL},
	{{.kind = OG_RK_COUNT_}, OG_STEP_NOT_KNOWN, "RolloutUnknown", NULL},
};

START_TEST(a_row)
{
	struct og_rollout_status s;
	og_rollout_status_of(&rows[_i].f, &s);
	ck_assert_msg(s.step == rows[_i].step, "row %d: %u %s", _i, (unsigned)s.step, s.reason);
	ck_assert_str_eq(s.reason, rows[_i].reason);
	if (rows[_i].text)
		ck_assert_str_eq(s.text, rows[_i].text);
	ck_assert_ptr_null(strchr(s.text, '%'));
}
END_TEST

START_TEST(no_facts)
{
	struct og_rollout_status s;
	og_rollout_status_of(NULL, &s);
	ck_assert_int_eq(s.step, OG_STEP_NOT_KNOWN);
}
END_TEST

/* ---- the rules once more, one after the other as kubectl asks them ---- */

static enum og_rollout_step kubectl_deployment(const struct og_rollout_facts *f)
{
	if (f->generation > f->observed)
		return OG_STEP_WAIT;
	if (f->cond[OG_COND_PROGRESSING].status != OG_COND_ABSENT &&
		og_sv_is(f->cond[OG_COND_PROGRESSING].reason, "ProgressDeadlineExceeded"))
		return OG_STEP_FAILED;
	if (f->updated < f->desired || f->total > f->updated || f->available < f->updated)
		return OG_STEP_WAIT;
	return OG_STEP_DONE;
}

static enum og_rollout_step kubectl_daemonset(const struct og_rollout_facts *f)
{
	bool behind = f->generation > f->observed;
	return behind || f->updated < f->desired || f->available < f->desired ? OG_STEP_WAIT
									      : OG_STEP_DONE;
}

static enum og_rollout_step kubectl_statefulset(const struct og_rollout_facts *f)
{
	if (f->observed == 0 || f->generation > f->observed || f->ready < f->desired)
		return OG_STEP_WAIT;
	if (f->rolling)
		return f->updated < f->desired - f->partition ? OG_STEP_WAIT : OG_STEP_DONE;
	return og_sv_eq(f->current_revision, f->update_revision) ? OG_STEP_DONE : OG_STEP_WAIT;
}

static uint64_t seed;
static int32_t rnd(uint32_t n)
{
	seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
	return (int32_t)((seed >> 33) % n);
}

START_TEST(as_kubectl_says_it)
{
	static enum og_rollout_step (*const oracle[])(const struct og_rollout_facts *f) = {
		[OG_RK_DEPLOYMENT] = kubectl_deployment,
		[OG_RK_DAEMONSET] = kubectl_daemonset,
		[OG_RK_STATEFULSET] = kubectl_statefulset,
	};
	static const enum og_rollout_kind kinds[] = {
		OG_RK_DEPLOYMENT, OG_RK_DAEMONSET, OG_RK_STATEFULSET};
	unsigned seen[OG_STEP_NOT_KNOWN + 1] = {0};
	for (int i = 0; i < 50000; i++) {
		struct og_rollout_facts f = {.kind = kinds[rnd(3)],
			.generation = rnd(4),
			.observed = rnd(4),
			PODS(rnd(4), rnd(5), rnd(5), rnd(5), rnd(5)),
			.partition = rnd(4) ? 0 : rnd(5),
			.rolling = rnd(4) != 0,
			.paused = rnd(8) == 0};
		f.current_revision = rnd(2) ? OG_SV("a") : OG_SV("b");
		f.update_revision = OG_SV("b");
		if (rnd(6) == 0) {
			f.cond[OG_COND_PROGRESSING].status = (enum og_cond_status)rnd(4);
			f.cond[OG_COND_PROGRESSING].reason = OG_SV("ProgressDeadlineExceeded");
		}
		struct og_rollout_status s;
		og_rollout_status_of(&f, &s);
		ck_assert_msg(s.step == oracle[f.kind](&f), "%s: %s: %s",
			og_rollout_kind_name(f.kind), s.reason, s.text);
		seen[s.step]++;
	}
	ck_assert(
		seen[OG_STEP_DONE] > 300 && seen[OG_STEP_WAIT] > 300 && seen[OG_STEP_FAILED] > 300);
}
END_TEST

/* ---- the timer ---- */

START_TEST(progress_turns_the_timer_back)
{
	static const struct {
		struct og_rollout_facts f;
		int64_t now;
		int64_t since;
	} turns[] = {
		{{PODS(3, 4, 1, 3, 3), .generation = 2}, 100, 100},
		{{PODS(3, 4, 1, 3, 3), .generation = 2}, 200, 100}, /* nothing */
		{{PODS(3, 4, 1, 2, 3), .generation = 2}, 210, 100}, /* less ready */
		{{PODS(3, 4, 1, 3, 3), .generation = 2}, 220, 220}, /* more ready */
		{{PODS(3, 4, 2, 3, 3), .generation = 2}, 300, 300}, /* more updated */
		{{PODS(3, 3, 2, 3, 3), .generation = 2}, 400, 400}, /* fewer old */
		{{PODS(3, 3, 2, 3, 4), .generation = 2}, 500, 500}, /* more available */
		{{PODS(3, 5, 2, 3, 4), .generation = 2}, 600, 500}, /* more old */
		{{PODS(3, 5, 2, 3, 4), .generation = 3}, 700, 700}, /* another change */
		{{PODS(3, 5, 2, 3, 4), .generation = 3}, 50, 50},   /* the clock stepped back */
	};
	struct og_rollout_timer t = {0};
	for (size_t i = 0; i < OG_COUNT(turns); i++) {
		og_rollout_timer_turn(&t, &turns[i].f, turns[i].now);
		ck_assert_msg(
			t.since_s == turns[i].since, "turn %zu: %lld", i, (long long)t.since_s);
	}
}
END_TEST

/* ---- refusals ---- */

static const struct {
	const char *message;
	enum og_refusal want;
} refusals[] = {
	{"pods \"web-1\" is forbidden: exceeded quota: compute, requested: limits.memory=1Gi, used: "
	 "limits.memory=8Gi, limited: limits.memory=8Gi",
		OG_REFUSAL_QUOTA},
	{"pods \"web-1\" is forbidden: failed quota: compute: must specify limits.cpu",
		OG_REFUSAL_QUOTA},
	{"pods \"web-1\" is forbidden: violates PodSecurity \"restricted:latest\": "
	 "allowPrivilegeEscalation != false",
		OG_REFUSAL_POD_SECURITY},
	{"pods \"w-\" is forbidden: unable to validate against any security context constraint: []",
		OG_REFUSAL_POD_SECURITY},
	{"admission webhook \"validate.kyverno.svc-fail\" denied the request: no label",
		OG_REFUSAL_WEBHOOK},
	{"admission webhook \"x\" denied the request: exceeded quota of words", OG_REFUSAL_WEBHOOK},
	{"Internal error occurred: failed calling webhook \"x\": no endpoints", OG_REFUSAL_WEBHOOK},
	{"pods \"w\" is forbidden: maximum memory usage per Container is 1Gi, but limit is 2Gi",
		OG_REFUSAL_LIMIT_RANGE},
	{"pods \"w\" is forbidden: minimum cpu usage per Pod is 100m", OG_REFUSAL_LIMIT_RANGE},
	{"pods \"w\" is forbidden: cpu max limit to request ratio per Container is 2",
		OG_REFUSAL_LIMIT_RANGE},
	{"pods \"w\" is forbidden: error looking up service account shop/web: serviceaccount \"web\" "
	 "not found",
		OG_REFUSAL_ACCOUNT},
	/* otelgate's own, and what only looks like it */
	{"Internal error occurred: failed calling webhook \"pods.otelgate.dev\": failed to call "
	 "webhook: Post \"https://otelgate-webhook.otelgate.svc:443/mutate\": no endpoints",
		OG_REFUSAL_OWN_WEBHOOK},
	{"admission webhook \"pods.otelgate.dev\" denied the request: too large",
		OG_REFUSAL_OWN_WEBHOOK},
	{"failed calling webhook \"pods.otelgate.dev.example.com\": EOF", OG_REFUSAL_WEBHOOK},
	{"pods \"pods.otelgate.dev\" is forbidden: exceeded quota: q", OG_REFUSAL_QUOTA},
	{"", OG_REFUSAL_OTHER},
	{"exceeded", OG_REFUSAL_OTHER},
	{"quota", OG_REFUSAL_OTHER},
	{"admission webhook \"x\"", OG_REFUSAL_OTHER},
	{"the webhook denied the request", OG_REFUSAL_OTHER},
	{"PodSecurity", OG_REFUSAL_OTHER},
	{"Pod \"w\" is invalid: spec.containers[0].image: Required value", OG_REFUSAL_OTHER},
};

START_TEST(a_refusal)
{
	ck_assert_int_eq(og_refusal_of(og_svz(refusals[_i].message)), refusals[_i].want);
}
END_TEST

/* ---- refusals in Events ---- */

#define EV(reason, uid, note, more)                                                       \
	"{\"reason\":\"" reason "\",\"regarding\":{\"uid\":\"" uid "\"},\"note\":\"" note \
	"\"" more "}"
#define LAST(t)	 ",\"deprecatedLastTimestamp\":\"2026-11-22T10:00:" t "Z\""
#define FIRST(t) ",\"deprecatedFirstTimestamp\":\"2026-11-22T10:00:" t "Z\""
#define AT(t)	 ",\"eventTime\":\"2026-11-22T10:00:" t ".500000Z\""
#define SER(t)	 ",\"series\":{\"count\":3,\"lastObservedTime\":\"2026-11-22T10:00:" t ".500000Z\"}"
#define BASE	 1795341600 /* 2026-11-22T10:00:00Z */

static const struct {
	const char *items, *message; /* NULL = none is found */
	int first, last;	     /* seconds after BASE */
} events[] = {
	{EV("FailedCreate", "u", "a", FIRST("01") LAST("05")), "a", 1, 5},
	{EV("FailedCreate", "u", "a", LAST("05")) "," EV("FailedCreate", "u", "b", LAST("07")), "b",
		7, 7},
	{EV("FailedCreate", "u", "b", LAST("07")) "," EV("FailedCreate", "u", "a", LAST("05")), "b",
		7, 7},
	/* equally new: the first */
	{EV("FailedCreate", "u", "a", LAST("05")) "," EV("FailedCreate", "u", "b", LAST("05")), "a",
		5, 5},
	/* recorders of events.k8s.io/v1 */
	{EV("FailedCreate", "u", "a", AT("02")), "a", 2, 2},
	{EV("FailedCreate", "u", "a", AT("02") SER("09")), "a", 2, 9},
	{EV("FailedCreate", "u", "a", ",\"eventTime\":null" FIRST("03") LAST("04")), "a", 3, 4},
	/* the first one after the last: not believed */
	{EV("FailedCreate", "u", "a", FIRST("09") LAST("04")), "a", 4, 4},
	/* what is not what is looked for */
	{"", NULL, 0, 0},
	{EV("FailedCreate", "v", "a", LAST("05")), NULL, 0, 0},
	{EV("FailedCreate", "", "a", LAST("05")), NULL, 0, 0},
	{EV("SuccessfulCreate", "u", "a", LAST("05")), NULL, 0, 0},
	{EV("FailedCreatePodSandBox", "u", "a", LAST("05")), NULL, 0, 0},
	{EV("FailedCreate", "u", "", LAST("05")), NULL, 0, 0},
	{EV("FailedCreate", "u", "a", ""), NULL, 0, 0},
	{EV("FailedCreate", "u", "a", ",\"deprecatedLastTimestamp\":\"yesterday\""), NULL, 0, 0},
	{EV("FailedCreate", "u", "a", ",\"deprecatedLastTimestamp\":5"), NULL, 0, 0},
	{EV("FailedCreate", "u", "a", ",\"deprecatedLastTimestamp\":\"1950-01-01T00:00:00Z\""),
		NULL, 0, 0},
	{"null,1,\"FailedCreate\",[],{},{\"reason\":{},\"regarding\":[],\"note\":[]}", NULL, 0, 0},
	{"{\"reason\":\"FailedCreate\",\"regarding\":\"u\",\"note\":\"a\"" LAST("05") "}", NULL, 0,
		0},
	{"{\"reason\":\"FailedCreate\",\"regarding\":{\"uid\":\"u\"},\"note\":{}" LAST("05") "}",
		NULL, 0, 0},
};

static bool newest(
	const char *text, const char *uid, struct og_arena *arena, struct og_refusal_event *ret)
{
	struct og_jdoc doc;

	ck_assert_msg(og_jdoc_parse(&doc, arena, og_svz(text), NULL, NULL) == 0, "%s", text);
	return og_refusal_newest(og_jroot(&doc), og_svz(uid), arena, ret);
}

START_TEST(an_event)
{
	struct og_refusal_event got = {.message = OG_SV("untouched"), .first_s = 1};
	og_auto_arena struct og_arena arena;
	char text[2048];

	og_arena_init(&arena, 0, 0);
	(void)snprintf(
		text, sizeof(text), "{\"kind\":\"EventList\",\"items\":[%s]}", events[_i].items);
	bool found = newest(text, "u", &arena, &got);
	ck_assert_int_eq(found, events[_i].message != NULL);
	if (!found) {
		ck_assert(og_sv_is(got.message, "untouched") && got.first_s == 1);
		return;
	}
	ck_assert(og_sv_eq(got.message, og_svz(events[_i].message)));
	ck_assert_int_eq(got.first_s - BASE, events[_i].first);
	ck_assert_int_eq(got.last_s - BASE, events[_i].last);
	ck_assert(!newest(text, "", &arena, &got) && !newest(text, "uu", &arena, &got));
}
END_TEST

START_TEST(lists_of_events_that_are_none)
{
	static const char *const texts[] = {"{}", "[]", "null", "{\"items\":{}}",
		"{\"items\":null}", "{\"items\":\"FailedCreate\"}",
		"{\"kind\":\"Status\",\"reason\":\"Forbidden\"}"};
	struct og_refusal_event got;
	og_auto_arena struct og_arena arena;

	og_arena_init(&arena, 0, 0);
	for (size_t i = 0; i < OG_COUNT(texts); i++)
		ck_assert(!newest(texts[i], "u", &arena, &got));
}
END_TEST

/* It is cut, and not within a character. */
START_TEST(a_long_event)
{
	struct og_refusal_event got;
	og_auto_arena struct og_arena arena;
	og_auto_buf struct og_buf b = OG_BUF_INIT(0);

	og_arena_init(&arena, 0, 0);
	og_buf_str(&b, "{\"items\":[" EV("FailedCreate", "u", "x", ""));
	b.len -= strlen("x\"}");
	for (int i = 0; i < 5000; i++)
		og_buf_str(&b, "\u00e4");
	og_buf_str(&b, "\"" LAST("05") "}]}");
	ck_assert(newest(b.p, "u", &arena, &got));
	ck_assert_uint_eq(got.message.n, OG_REFUSAL_MESSAGE_BYTES);
	ck_assert(og_utf8_valid(got.message.p, got.message.n));
}
END_TEST

/* ---- the table ---- */

START_TEST(reasons_are_whole)
{
	size_t n;
	const struct og_rollout_reason *r = og_rollout_reasons(&n);
	ck_assert_uint_gt(n, 50);
	for (size_t i = 0; i < n; i++) {
		ck_assert_msg(r[i].name && r[i].name[0] >= 'A' && r[i].name[0] <= 'Z', "%zu", i);
		ck_assert_msg(
			strspn(r[i].name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz") ==
				strlen(r[i].name),
			"%s", r[i].name);
		ck_assert_msg(
			r[i].text && r[i].text[strlen(r[i].text) - 1] == '.', "%s", r[i].name);
		ck_assert_msg(!r[i].fix || r[i].fix[strlen(r[i].fix) - 1] == '.', "%s", r[i].name);
		ck_assert_msg(
			!r[i].finding || og_finding_def(og_svz(r[i].finding)), "%s", r[i].name);
		bool bad = r[i].state == OG_ROLLOUT_STUCK;
		ck_assert_msg(!bad || (r[i].finding && r[i].fix && r[i].command), "%s", r[i].name);
		ck_assert_msg(r[i].state != OG_ROLLOUT_COMPLETE || !r[i].finding, "%s", r[i].name);
		ck_assert_ptr_eq(og_rollout_reason(og_svz(r[i].name)), &r[i]);
		for (size_t k = 0; k < i; k++)
			ck_assert_str_ne(r[i].name, r[k].name);
	}
	ck_assert_ptr_null(og_rollout_reason(OG_SV("")));
	ck_assert_ptr_null(og_rollout_reason(OG_SV("crashlooping")));
	ck_assert_str_eq(og_rollout_state_name((enum og_rollout_state)99), "Unknown");
}
END_TEST

int main(void)
{
	Suite *s = suite_create("rollout_status");
	TCase *t = tcase_create("all");
	tcase_add_loop_test(t, a_row, 0, (int)OG_COUNT(rows));
	tcase_add_test(t, no_facts);
	tcase_add_test(t, as_kubectl_says_it);
	tcase_add_test(t, progress_turns_the_timer_back);
	tcase_add_loop_test(t, a_refusal, 0, (int)OG_COUNT(refusals));
	tcase_add_loop_test(t, an_event, 0, (int)OG_COUNT(events));
	tcase_add_test(t, lists_of_events_that_are_none);
	tcase_add_test(t, a_long_event);
	tcase_add_test(t, reasons_are_whole);
	suite_add_tcase(s, t);
	return og_suite_run(s);
}
