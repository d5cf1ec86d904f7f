/* SPDX-License-Identifier: Apache-2.0 */
/* Rollouts as a whole: classes of pods, what they are stuck on, and who is to blame. */
#pragma GCC diagnostic ignored "-Wmissing-field-initializers" /* rows say what matters */
#include <check.h>

#include "otelgate/base/mem.h"
#include "otelgate/core/findings.h"
#include "otelgate/core/rollout.h"
#include "support/suite.h"

#define NOW 1795000000
#define REV "aaaa000000000000"
#define OLD "bbbb000000000000"

enum {		 /* of a pod */
	INJ = 1, /* carries a record */
	READY = 2,
	PEND = 4, /* phase; Running otherwise */
	FAIL = 8,
	DONE = 16,
	DEL = 32,
	SECRET = 64, /* reads credentials */
	UNBOUND = 128,
	GATES = 256,
	LEFT = 512,   /* rightly left alone */
	BLIND = 1024, /* its state is not known */
	IMAGE2 = 2048,
	REST2 = 4096,
};
enum { T = 1, OWN = 2, INI = 4, RUN = 8, ENDED = 16, X = 32, LIBC = 64, RDY = 128 }; /* container */

struct box { /* a container with something to tell; name NULL = none */
	const char *name;
	unsigned flags;
	const char *reason, *message;
	int exit;
	const char *exit_reason;
	unsigned restarts;
	int age; /* of since_s; 0 = unknown */
};

struct pod {
	const char *name;
	unsigned flags;
	int age;
	const char *rev; /* NULL = none */
	int ready_age;	 /* 0 = unknown */
	int started_age; /* 0 = none */
	const char *reason, *message;
	struct box c[2];
};

static struct og_arena a;

static void setup(void)
{
	og_arena_init(&a, 0, 0);
}

static void teardown(void)
{
	og_arena_fini(&a);
}

static int64_t ago(int age)
{
	return age ? NOW - age : 0;
}

static struct og_container_state box(const struct box *b)
{
	return (struct og_container_state){
		.name = og_svz(b->name),
		.run = b->flags & RUN	  ? OG_RUN_RUNNING
		       : b->flags & ENDED ? OG_RUN_TERMINATED
					  : OG_RUN_WAITING,
		.init = b->flags & (INI | OWN),
		.touched = b->flags & T,
		.own = b->flags & OWN,
		.ready = b->flags & RDY,
		.exited = b->flags & X,
		.other_libc = b->flags & LIBC,
		.exit_code = b->exit,
		.restarts = b->restarts,
		.since_s = ago(b->age),
		.reason = og_svz(b->reason),
		.message = og_svz(b->message),
		.exit_reason = og_svz(b->exit_reason),
	};
}

static struct og_rollout_pod pod(const struct pod *p)
{
	struct og_pod_state *s = og_arena_new(&a, struct og_pod_state);
	struct og_container_state *c = og_arena_new_n(&a, 2, struct og_container_state);
	ck_assert(s && c);
	*s = (struct og_pod_state){
		.created_s = ago(p->age),
		.phase = p->flags & PEND   ? OG_POD_PENDING
			 : p->flags & FAIL ? OG_POD_FAILED
			 : p->flags & DONE ? OG_POD_SUCCEEDED
					   : OG_POD_RUNNING,
		.bound = !(p->flags & UNBOUND),
		.ready = p->flags & READY,
		.gates = p->flags & GATES,
		.uses_secret = p->flags & SECRET,
		.injected = p->flags & INJ,
		.containers = 1,
		.nready = (uint16_t) !!(p->flags & READY),
		.ready_s = ago(p->ready_age),
		.started_s = ago(p->started_age),
		.images = p->flags & IMAGE2 ? 2 : 1,
		.rest = p->flags & REST2 ? 2 : 1,
		.reason = og_svz(p->reason),
		.message = og_svz(p->message),
		.c = c,
	};
	while (s->ncontainers < 2 && p->c[s->ncontainers].name) {
		c[s->ncontainers] = box(&p->c[s->ncontainers]);
		s->ncontainers++;
	}
	return (struct og_rollout_pod){.name = og_svz(p->name),
		.owner = OG_SV("web-5d4f"),
		.revision = og_svz(p->rev),
		.deleting = p->flags & DEL,
		.left_alone = p->flags & LEFT,
		.created_s = ago(p->age),
		.state = p->flags & BLIND ? NULL : s};
}

static struct og_rollout_input input(const struct og_rollout_facts *f)
{
	return (struct og_rollout_input){.ns = OG_SV("shop"),
		.group = OG_SV("apps"),
		.kind = OG_SV("Deployment"),
		.name = OG_SV("web"),
		.facts = f,
		.injects = true,
		.revision = OG_SV(REV),
		.secret_name = OG_SV("otelgate-otlp"),
		.now_s = NOW};
}

static struct og_rollout_result judge(
	struct og_rollout_input *in, const struct pod *pods, uint32_t max)
{
	struct og_rollout_result r;
	struct og_err err = OG_ERR_INIT;
	in->pods = og_arena_new_n(&a, max + 1, struct og_rollout_pod);
	ck_assert_ptr_nonnull(in->pods);
	for (in->npods = 0; in->npods < max && pods[in->npods].name; in->npods++)
		in->pods[in->npods] = pod(&pods[in->npods]);
	ck_assert_msg(og_rollout_judge(in, &a, &r, &err) == 0, "%s", err.msg);
	return r;
}

static const char *text(struct og_sv s)
{
	char *p = og_arena_strndup(&a, s.p, s.n);
	ck_assert_ptr_nonnull(p);
	return p;
}

/* ---- classes ---- */

static const struct {
	struct pod p;
	bool not_wanted;
	int secret_made, secret_changed; /* ages; 0 = not there */
	enum og_pod_class class_;
	enum og_stale_cause cause;
} classes[] = {
	{{"p", INJ | READY, 300, REV}, .class_ = OG_CLASS_CURRENT},
	{{"p", INJ | READY, 300, OLD}, .class_ = OG_CLASS_STALE, .cause = OG_STALE_CONFIG},
	{{"p", INJ | READY, 300, NULL}, .class_ = OG_CLASS_STALE, .cause = OG_STALE_CONFIG},
	{{"p", READY, 300, NULL}, .class_ = OG_CLASS_BARE},
	{{"p", READY, 300, REV}, .class_ = OG_CLASS_BARE}, /* a label that was copied */
	{{"p", BLIND, 300, REV}, .class_ = OG_CLASS_CURRENT},
	{{"p", BLIND, 300, OLD}, .class_ = OG_CLASS_STALE, .cause = OG_STALE_CONFIG},
	{{"p", BLIND, 300, NULL}, .class_ = OG_CLASS_BARE},
	{{"p", INJ | DEL, 300, REV}, .class_ = OG_CLASS_TERMINATING},
	{{"p", DEL, 300, NULL}, .class_ = OG_CLASS_TERMINATING},
	{{"p", INJ | DONE, 300, REV}, .class_ = OG_CLASS_FINISHED},
	{{"p", FAIL | DEL, 300, NULL}, .class_ = OG_CLASS_FINISHED},
	{{"p", READY, 300, NULL}, true, .class_ = OG_CLASS_SKIPPED},
	{{"p", INJ | READY, 300, REV}, true, .class_ = OG_CLASS_STALE, .cause = OG_STALE_CONFIG},
	{{"p", READY | LEFT, 300, NULL}, .class_ = OG_CLASS_SKIPPED},
	{{"p", INJ | READY | LEFT, 300, OLD}, .class_ = OG_CLASS_STALE, .cause = OG_STALE_CONFIG},
	/* credentials */
	{{"p", INJ | SECRET, 300, REV, .started_age = 290}, false, 1000, 1000,
		.class_ = OG_CLASS_CURRENT},
	{{"p", INJ | SECRET, 300, REV, .started_age = 290}, false, 290, 290,
		.class_ = OG_CLASS_CURRENT}, /* in the same second */
	{{"p", INJ | SECRET, 300, REV, .started_age = 290}, false, 289, 289,
		.class_ = OG_CLASS_STALE, .cause = OG_STALE_BEFORE_SECRET},
	{{"p", INJ | SECRET, 300, REV, .started_age = 290}, false, 1000, 100,
		.class_ = OG_CLASS_STALE, .cause = OG_STALE_CREDENTIAL},
	{{"p", INJ | SECRET, 300, OLD, .started_age = 290}, false, 1000, 100,
		.class_ = OG_CLASS_STALE, .cause = OG_STALE_CREDENTIAL},
	{{"p", INJ | SECRET, 300, OLD, .started_age = 290}, false, 1000, 1000,
		.class_ = OG_CLASS_STALE, .cause = OG_STALE_CONFIG},
	{{"p", INJ, 300, REV, .started_age = 290}, false, 100, 100, .class_ = OG_CLASS_CURRENT},
	{{"p", INJ | SECRET, 300, REV}, false, 100, 100, .class_ = OG_CLASS_CURRENT},
	{{"p", INJ | SECRET, 300, REV, .started_age = 290}, .class_ = OG_CLASS_CURRENT},
	{{"p", SECRET, 300, NULL, .started_age = 290}, false, 100, 100, .class_ = OG_CLASS_BARE},
};

START_TEST(a_class)
{
	struct og_rollout_input in = input(NULL);
	struct og_rollout_pod p = pod(&classes[_i].p);
	in.injects = !classes[_i].not_wanted;
	in.secret_created_s = ago(classes[_i].secret_made);
	in.secret_changed_s = ago(classes[_i].secret_changed);
	og_rollout_classify(&in, &p);
	ck_assert_str_eq(og_pod_class_name(p.class_), og_pod_class_name(classes[_i].class_));
	ck_assert_str_eq(og_stale_cause_name(p.cause), og_stale_cause_name(classes[_i].cause));
}
END_TEST

START_TEST(no_revision_is_known)
{
	struct og_rollout_input in = input(NULL);
	struct og_rollout_pod p = pod(&classes[1].p);
	in.revision = OG_SV("");
	og_rollout_classify(&in, &p);
	ck_assert_int_eq(p.class_, OG_CLASS_CURRENT);
	ck_assert_str_eq(og_pod_class_name((enum og_pod_class)99), "unknown");
	ck_assert_str_eq(og_stale_cause_name((enum og_stale_cause)99), "unknown");
}
END_TEST

/* ---- revisions: "2/3" ---- */

static const struct og_rollout_facts deploy = {.kind = OG_RK_DEPLOYMENT,
	.generation = 2,
	.observed = 2,
	.desired = 3,
	.total = 3,
	.updated = 3,
	.ready = 3,
	.available = 3,
	.progress_deadline_s = 600,
	.cond[OG_COND_PROGRESSING] = {.status = OG_COND_TRUE}};
static const struct og_rollout_facts on_delete = {
	.kind = OG_RK_STATEFULSET, .strategy = OG_STRATEGY_ON_DELETE};
static const struct og_rollout_facts partition = {
	.kind = OG_RK_STATEFULSET, .rolling = true, .partition = 2};
static const struct og_rollout_facts cron = {.kind = OG_RK_CRONJOB};

static const struct {
	const struct og_rollout_facts *f;
	struct pod pods[5];
	const char *ratio, *reason, *finding, *message, *fix;
	bool not_wanted;
	int secret_made, secret_changed;
} revisions[] = {
	{&deploy, {{"a", INJ | READY, 300, REV}, {"b", INJ | READY, 300, REV}}, "2/2",
		"AllPodsCurrent", NULL, "All pods carry what they should.", ""},
	{&deploy,
		{{"web-1", INJ | READY, 3180, REV}, {"web-2", INJ | READY, 3120, REV},
			{"web-0", INJ | READY, 20700, OLD}},
		"2/3", "MixedRevisions", "OG601",
		"2/3 pods carry what they should; not so: web-0 (of 2026-11-18T05:21:40Z, web-5d4f, injected before "
		"the configuration changed).",
		"kubectl -n shop rollout restart deployment/web"},
	{&deploy, {{"a", READY, 300, NULL}, {"b", INJ | READY, 300, REV}}, "1/2", "MixedRevisions",
		"OG601",
		"1/2 pods carry what they should; not so: a (of 2026-11-18T11:01:40Z, web-5d4f, without injection).",
		"kubectl -n shop rollout restart deployment/web"},
	{&deploy, {{"a", READY, 200000, NULL}, {"b", READY, 7000, NULL}}, "0/2",
		"PodsWithoutInjection", "OG301",
		"0/2 pods carry what they should; not so: a (of 2026-11-16T03:33:20Z, web-5d4f, without injection), b "
		"(of 2026-11-18T09:10:00Z, web-5d4f, without injection).",
		"kubectl -n shop rollout restart deployment/web"},
	{&deploy, {{"a", INJ | READY, 300, OLD}, {"b", INJ | READY, 90, OLD}}, "0/2",
		"RestartNeeded", "OG603", NULL, "kubectl -n shop rollout restart deployment/web"},
	{&deploy, {{"a", INJ | SECRET, 300, OLD, .started_age = 299}, {"b", INJ, 90, OLD}}, "0/2",
		"CredentialsOutdated", "OG407", NULL,
		"kubectl -n shop rollout restart deployment/web", false, 1000, 100},
	{&deploy, {{"a", INJ | SECRET, 300, REV, .started_age = 299}}, "0/1", "StartedBeforeSecret",
		"OG407",
		"0/1 pods carry what they should; not so: a (of 2026-11-18T11:01:40Z, web-5d4f, started before its Secret "
		"was there).",
		"kubectl -n shop rollout restart deployment/web", false, 100, 100},
	{&deploy, {{0}}, "-", "NoPods", NULL, "The workload has no pods.", ""},
	{&deploy, {{"a", READY, 300, NULL}}, "-", "NotInjected", NULL, NULL, "", true},
	{&deploy, {{"a", READY | LEFT, 300, NULL}}, "-", "NotInjected", NULL, NULL, ""},
	{&deploy, {{"a", INJ | READY, 300, REV}, {"b", READY, 300, NULL}}, "0/1", "RemovalPending",
		"OG603",
		"1 pods are still injected: a (of 2026-11-18T11:01:40Z, web-5d4f, injected before the configuration "
		"changed).",
		"kubectl -n shop rollout restart deployment/web", true},
	{&deploy, {{"a", INJ | READY, 300, REV}, {"b", READY | LEFT, 300, NULL}}, "1/1",
		"AllPodsCurrent", NULL, NULL, ""},
	{&deploy, {{"a", INJ | READY, 300, REV}, {"b", INJ | DEL, 300, OLD}}, "1/1",
		"AllPodsCurrent", NULL, NULL, ""},
	{&deploy, {{"a", INJ | DONE, 300, OLD}}, "-", "NoPods", NULL, NULL, ""},
	{&on_delete, {{"w-0", INJ | READY, 300, OLD}}, "0/1", "PodsHeldBack", "OG604", NULL,
		"kubectl -n shop delete pod w-0"},
	{&partition, {{"w-0", INJ, 300, OLD}, {"w-1", INJ, 300, OLD}, {"w-2", INJ, 30, REV}}, "1/3",
		"PodsHeldBack", "OG604", NULL, "kubectl -n shop delete pod w-0"},
	{&cron, {{"j-0", INJ, 30, OLD}}, "0/1", "NextRunCarriesIt", "OG606", NULL, ""},
	{NULL,
		{{"e", READY, 300, NULL}, {"d", READY, 400, NULL}, {"c", READY, 500, NULL},
			{"b", READY, 500, NULL}, {"a", READY, 600, NULL}},
		"0/5", "PodsWithoutInjection", "OG301",
		"0/5 pods carry what they should; not so: a (of 2026-11-18T10:56:40Z, web-5d4f, without injection), b "
		"(of 2026-11-18T10:58:20Z, web-5d4f, without injection), c (of 2026-11-18T10:58:20Z, web-5d4f, without injection) and 2 "
		"more.",
		"kubectl -n shop rollout restart deployment/web"},
};

START_TEST(a_revision)
{
	struct og_rollout_input in = input(revisions[_i].f);
	in.injects = !revisions[_i].not_wanted;
	in.secret_created_s = ago(revisions[_i].secret_made);
	in.secret_changed_s = ago(revisions[_i].secret_changed);
	struct og_rollout_result r = judge(&in, revisions[_i].pods, 5);
	ck_assert_str_eq(text(r.ratio), revisions[_i].ratio);
	ck_assert_str_eq(r.revision.reason, revisions[_i].reason);
	ck_assert_pstr_eq(r.revision.finding, revisions[_i].finding);
	ck_assert_str_eq(text(r.revision.fix), revisions[_i].fix);
	if (revisions[_i].message)
		ck_assert_str_eq(text(r.revision.message), revisions[_i].message);
	ck_assert_uint_eq(
		r.total + r.classes[OG_CLASS_TERMINATING] + r.classes[OG_CLASS_FINISHED], in.npods);
}
END_TEST

START_TEST(a_bare_pod_says_why)
{
	struct og_rollout_input in = input(&deploy);
	struct og_rollout_pod p = pod(&(struct pod){"a", READY, 300, NULL});
	struct og_rollout_result r;
	p.missed = OG_MISSED_WEBHOOK_AWAY;
	in.pods = &p;
	in.npods = 1;
	ck_assert_int_eq(og_rollout_judge(&in, &a, &r, NULL), 0);
	ck_assert_ptr_nonnull(strstr(text(r.revision.message), "webhook-away"));
}
END_TEST

/* ---- what a rollout is stuck on ---- */

static const struct og_rollout_facts half = {.kind = OG_RK_DEPLOYMENT,
	.generation = 2,
	.observed = 2,
	.desired = 2,
	.total = 2,
	.updated = 2,
	.ready = 1,
	.available = 1,
	.progress_deadline_s = 600,
	.cond[OG_COND_PROGRESSING] = {.status = OG_COND_TRUE}};
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

/* ---- blame ---- */

#define CRASH(f, code, why)                                                      \
	{                                                                        \
		{                                                                \
			"app", X | (f), "CrashLoopBackOff", "", code, why, 5, 20 \
		}                                                                \
	}
#define GOOD(n)                                         \
	{                                               \
		n, READY, 9000, NULL, .ready_age = 8990 \
	}
#define GOOD_OLD(n)                                          \
	{                                                    \
		n, INJ | READY, 9000, OLD, .ready_age = 8990 \
	}
#define BAD(n, more)                                                                   \
	{                                                                              \
		n, INJ | (more), 300, REV, .ready_age = 290, .c = CRASH(T, 1, "Error") \
	}

static const struct {
	struct pod pods[4];
	const char *reason, *finding, *not_because, *message; /* reason NULL: not blamed */
	bool was_healthy;
	uint32_t was_images, was_rest;
	unsigned bad, of;
} blames[] = {
	{{BAD("n", 0), GOOD("o")}, "CrashesSinceInjection", "OG311", "",
		"Container app crashes in 1 of 1 pods that carry the injection " REV
		" with exit code 1, since 2026-11-18T11:01:40Z; 1 pods without it run well. Image, command, probes, "
		"resources and variables are the same.",
		.bad = 1, .of = 1},
	{{BAD("n", 0), BAD("m", 0), GOOD_OLD("o"), GOOD("p")}, "CrashesSinceInjection", "OG311", "",
		.bad = 2, .of = 2},
	{{{"n", INJ, 300, REV, .c = CRASH(T, 137, "OOMKilled")}, GOOD("o")},
		"OutOfMemorySinceInjection", "OG312", "", .bad = 1, .of = 1},
	{{{"n", INJ, 300, REV, .c = CRASH(T | LIBC, 127, "Error")}, GOOD("o")}, "AgentForOtherLibc",
		"OG313", "", .bad = 1, .of = 1},
	{{{"n", INJ, 900, REV, .ready_age = 890, .c = {{"app", T | RUN, "", "", 0, "", 0, 890}}},
		 GOOD("o")},
		"NotReadySinceInjection", "OG312", "", .bad = 1, .of = 1},
	{{BAD("n", 0)}, "CrashesSinceInjection", "OG311", "",
		"Container app crashes in 1 of 1 pods that carry the injection " REV
		" with exit code 1, since 2026-11-18T11:01:40Z; the pods before it ran well. Image, command, probes, "
		"resources and variables are the same.",
		.was_healthy = true, .was_images = 1, .was_rest = 1, .bad = 1, .of = 1},
	/* long-lived, and failing since it was made */
	{{{"n", INJ, 36000, REV, .ready_age = 35990,
		  .c = {{"app", X | T, "CrashLoopBackOff", "", 1, "Error", 100, 20}}},
		 GOOD("o")},
		"CrashesSinceInjection", "OG311", "", .bad = 1, .of = 1},
	/* not to blame */
	{{BAD("n", 0)}, NULL, NULL, "no pod without this injection is known to compare with",
		.bad = 1, .of = 1},
	{{BAD("n", IMAGE2), GOOD("o")}, NULL, NULL, "also changed: image", .bad = 1, .of = 1},
	{{BAD("n", REST2), GOOD("o")}, NULL, NULL,
		"also changed: command, probes, resources or variables", .bad = 1, .of = 1},
	{{BAD("n", IMAGE2 | REST2), GOOD("o")}, NULL, NULL,
		"also changed: image, and command, probes, resources or variables", .bad = 1,
		.of = 1},
	{{BAD("n", 0)}, NULL, NULL, "also changed: image", NULL, true, 7, 1, 1, 1},
	{{BAD("n", 0), {"o", 0, 900, NULL, .c = CRASH(0, 1, "Error")}}, NULL, NULL,
		"pods of the revision before fail, too", .bad = 1, .of = 1},
	{{BAD("n", 0), GOOD("p"), {"o", 0, 900, NULL, .c = CRASH(0, 1, "Error")}}, NULL, NULL,
		"pods of the revision before fail, too", .bad = 1, .of = 1},
	{{BAD("n", 0), {"m", INJ | READY, 300, REV}, {"l", INJ | READY, 300, REV}, GOOD("o")}, NULL,
		NULL, "most pods with this injection are fine", .bad = 1, .of = 3},
	{{{"n", INJ, 300, REV, .c = CRASH(0, 1, "Error")}, GOOD("o")}, NULL, NULL,
		""}, /* a container that was not touched */
	{{{"n", INJ, 300, REV, .c = {{"app", T, "ErrImagePull", ""}}}, GOOD("o")}, NULL, NULL, ""},
	{{{"n", 0, 300, NULL, .c = CRASH(T, 1, "Error")}, GOOD("o")}, NULL, NULL, ""},
	{{{"n", INJ, 300, OLD, .c = CRASH(T, 1, "Error")}, {"m", INJ | READY, 300, REV}}, NULL,
		NULL, ""},
	{{{"n", INJ | DEL, 300, REV, .c = CRASH(T, 1, "Error")}, GOOD("o")}, NULL, NULL, ""},
	{{{"n", INJ, 90000, REV, .ready_age = 60,
		  .c = {{"app", X | T, "CrashLoopBackOff", "", 1, "Error", 3, 20}}},
		 GOOD("o")},
		NULL, NULL, ""}, /* ran well for a day before */
	{{BAD("n", 0), {"o", 0, 900, NULL}}, NULL, NULL,
		"no pod without this injection is known to compare with", .bad = 1, .of = 1},
	{{BAD("n", 0), {"o", READY | DEL, 900, NULL}}, NULL, NULL,
		"no pod without this injection is known to compare with", .bad = 1, .of = 1},
	{{GOOD("o")}, NULL, NULL, ""},
};

#define BACK_OUT                                                                                       \
	"kubectl -n shop patch deployment/web --type merge -p '{\"spec\":{\"template\":{\"metadata\":" \
	"{\"annotations\":{\"otelgate.dev/inject\":\"false\"}}}}}'"

START_TEST(a_blame)
{
	struct og_rollout_input in = input(&half);
	in.was_healthy = blames[_i].was_healthy;
	in.was_images = blames[_i].was_images;
	in.was_rest = blames[_i].was_rest;
	struct og_rollout_result r = judge(&in, blames[_i].pods, 4);
	const struct og_rollout_blame *b = &r.blame;
	ck_assert_msg(b->blamed == (blames[_i].reason != NULL), "%s", text(b->not_because));
	ck_assert_pstr_eq(b->reason, blames[_i].reason);
	ck_assert_pstr_eq(b->finding, blames[_i].finding);
	ck_assert_str_eq(text(b->not_because), blames[_i].not_because);
	ck_assert_uint_eq(b->bad, blames[_i].bad);
	ck_assert_uint_eq(b->of, blames[_i].of);
	if (blames[_i].message)
		ck_assert_str_eq(text(b->message), blames[_i].message);
	if (!b->blamed)
		return;
	ck_assert_str_eq(text(b->fix), BACK_OUT);
	ck_assert_str_eq(r.rollout.reason, blames[_i].reason);
	ck_assert_int_eq(r.rollout.ours, OG_TOUCH_CHANGED);
	ck_assert(og_sv_eq(r.rollout.message, b->message));
}
END_TEST

START_TEST(what_is_complete_is_not_called_stuck)
{
	struct og_rollout_input in = input(&deploy);
	struct og_rollout_result r = judge(&in, blames[0].pods, 4);
	ck_assert(r.blame.blamed);
	ck_assert_str_eq(r.rollout.reason, "RolloutComplete");
}
END_TEST

/* ---- lines to copy ---- */

static const struct {
	const char *group, *kind, *object, *restart;
} lines[] = {
	{"apps", "Deployment", "deployment/web", "kubectl -n shop rollout restart deployment/web"},
	{"apps", "StatefulSet", "statefulset/web",
		"kubectl -n shop rollout restart statefulset/web"},
	{"apps", "DaemonSet", "daemonset/web", "kubectl -n shop rollout restart daemonset/web"},
	{"argoproj.io", "Rollout", "rollout.argoproj.io/web",
		"kubectl argo rollouts -n shop restart web"},
	{"apps", "ReplicaSet", "replicaset/web", "kubectl -n shop delete pod POD"},
	{"batch", "CronJob", "cronjob/web",
		"kubectl -n shop create job --from=cronjob/web web-now"},
	{"batch", "Job", "job/web",
		"kubectl -n shop replace --force -f FILE  # runs the Job again"},
	{"", "Pod", "pod/web", "kubectl -n shop replace --force -f FILE  # makes the pod again"},
	{"example.org", "Thing", "thing/web", "restart thing/web"},
};

START_TEST(a_line)
{
	struct og_rollout_input in = input(NULL);
	struct og_buf b = OG_BUF_INIT(0);
	in.group = og_svz(lines[_i].group);
	in.kind = og_svz(lines[_i].kind);
	og_rollout_object(&in, &b);
	ck_assert_str_eq(b.p, lines[_i].object);
	og_buf_reset(&b);
	og_rollout_restart_line(&in, &b);
	ck_assert_str_eq(b.p, lines[_i].restart);
	og_buf_fini(&b);
}
END_TEST

START_TEST(names_cannot_leave_the_line)
{
	struct og_rollout_input in = input(NULL);
	struct og_buf b = OG_BUF_INIT(0);
	in.name = OG_SV("web; rm -rf '$HOME'\n`x`%n");
	in.ns = OG_SV("a b");
	og_rollout_restart_line(&in, &b);
	ck_assert_str_eq(
		b.p, "kubectl -n a_b rollout restart deployment/web__rm_-rf___HOME___x__n");
	og_buf_fini(&b);
}
END_TEST

/* ---- hostile sizes, and memory ---- */

START_TEST(long_texts_are_bounded)
{
	static const struct og_rollout_facts f = {.kind = OG_RK_REPLICASET,
		.desired = 1,
		.cond[OG_COND_REPLICA_FAILURE].status = OG_COND_TRUE};
	struct og_rollout_facts long_f = f;
	char *big = og_arena_alloc(&a, 100000);
	ck_assert_ptr_nonnull(big);
	memset(big, 'x', 100000);
	long_f.cond[OG_COND_REPLICA_FAILURE].message = og_sv(big, 100000);
	struct og_rollout_input in = input(&long_f);
	in.name = og_sv(big, 100000);
	struct og_rollout_result r;
	ck_assert_int_eq(og_rollout_judge(&in, &a, &r, NULL), 0);
	ck_assert_uint_le(r.rollout.message.n, 2048);
	ck_assert_uint_le(r.rollout.fix.n, 2048);
	ck_assert_str_eq(r.rollout.reason, "PodsRefused");
}
END_TEST

START_TEST(no_memory)
{
	for (unsigned long at = 1;; at++) {
		og_auto_arena struct og_arena own;
		struct og_rollout_input in = input(&half);
		struct og_rollout_result r = {.total = 77};
		struct og_rollout_pod pods[2] = {pod(&blames[0].pods[0]), pod(&blames[0].pods[1])};
		in.pods = pods;
		in.npods = 2;
		og_arena_init(&own, 64, 0);
		og_mem_fault_arm(at, at % 2);
		int rc = og_rollout_judge(&in, &own, &r, NULL);
		bool hit = og_mem_fault_disarm() >= at;
		ck_assert_int_eq(rc, hit ? -OG_E_OOM : 0);
		ck_assert_int_eq(r.total == 77, hit);
		if (!hit)
			break;
		ck_assert_uint_lt(at, 1000);
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("core_rollout");
	TCase *t = tcase_create("all");
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_loop_test(t, a_class, 0, (int)OG_COUNT(classes));
	tcase_add_test(t, no_revision_is_known);
	tcase_add_loop_test(t, a_revision, 0, (int)OG_COUNT(revisions));
	tcase_add_test(t, a_bare_pod_says_why);
	tcase_add_loop_test(t, a_rollout, 0, (int)OG_COUNT(stuck));
	tcase_add_test(t, refused_pods);
	tcase_add_loop_test(t, a_blame, 0, (int)OG_COUNT(blames));
	tcase_add_test(t, what_is_complete_is_not_called_stuck);
	tcase_add_loop_test(t, a_line, 0, (int)OG_COUNT(lines));
	tcase_add_test(t, names_cannot_leave_the_line);
	tcase_add_test(t, long_texts_are_bounded);
	tcase_add_test(t, no_memory);
	suite_add_tcase(s, t);
	return og_suite_run(s);
}
