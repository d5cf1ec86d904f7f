/* SPDX-License-Identifier: Apache-2.0 */
/* Rollouts: classes of pods, what they add up to, and who is to blame. */
#include "rollout_world.h"

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
	tcase_add_loop_test(t, a_blame, 0, (int)OG_COUNT(blames));
	tcase_add_test(t, what_is_complete_is_not_called_stuck);
	tcase_add_loop_test(t, a_line, 0, (int)OG_COUNT(lines));
	tcase_add_test(t, names_cannot_leave_the_line);
	tcase_add_test(t, long_texts_are_bounded);
	tcase_add_test(t, no_memory);
	suite_add_tcase(s, t);
	return og_suite_run(s);
}
