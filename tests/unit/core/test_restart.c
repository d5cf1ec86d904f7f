/* SPDX-License-Identifier: Apache-2.0 */
/* Restarts: what becomes of one workload, and what is said of it. */
#include <check.h>
#include <string.h>
#include "otelgate/base/mem.h"
#include "support/restart_cases.h"
#include "support/suite.h"

static struct og_arena arena;

static void setup(void)
{
	og_arena_init(&arena, 0, 0);
}

static void teardown(void)
{
	og_arena_fini(&arena);
}

static struct og_restart_result plan_one(
	const struct og_restart_workload *w, bool leads, int64_t now_s)
{
	struct og_restart_input in = {.v = w, .n = 1, .leads = leads, .now_s = now_s};
	struct og_restart_result r;

	ck_assert_int_eq(og_restart_plan(&in, &arena, &r, NULL), 0);
	return r;
}

static const struct {
	const char *name;
	void (*set)(struct og_restart_workload *w);
	enum og_restart_do what;
	int detail; /* wait or tell; -1 = none */
	enum og_rstate next;
	const char *reason;
} ones[] = {
	/* what leads to a restart */
	{"an old pod", fresh, OG_RESTART_NOW, -1, OG_RSTATE_REQUESTED, "RestartRequested"},
	{"StatefulSet", statefulset, OG_RESTART_NOW, -1, OG_RSTATE_REQUESTED, NULL},
	{"DaemonSet", daemonset, OG_RESTART_NOW, -1, OG_RSTATE_REQUESTED, NULL},
	{"Rollout", argo, OG_RESTART_NOW, -1, OG_RSTATE_REQUESTED, NULL},
	{"suggested before", suggested, OG_RESTART_NOW, -1, OG_RSTATE_REQUESTED, NULL},
	{"old pods crash", crash_of_the_old, OG_RESTART_NOW, -1, OG_RSTATE_REQUESTED, NULL},
	{"intended, not made", requested, OG_RESTART_NOW, -1, OG_RSTATE_REQUESTED, NULL},
	{"an earlier change of the template", requested_earlier_patch, OG_RESTART_NOW, -1,
		OG_RSTATE_REQUESTED, NULL},
	{"intended for another revision", requested_for_another, OG_RESTART_NOW, -1,
		OG_RSTATE_REQUESTED, NULL},
	{"restarted for another revision", restarted_new_revision, OG_RESTART_NOW, -1,
		OG_RSTATE_REQUESTED, NULL},
	{"our restart is stuck, and there is a new revision", restarted_new_revision_stuck,
		OG_RESTART_NOW, -1, OG_RSTATE_REQUESTED, NULL},
	{"complete for another revision", complete_before, OG_RESTART_NOW, -1, OG_RSTATE_REQUESTED,
		NULL},
	{"crashed, and was backed out", stood_down_backed_out, OG_RESTART_NOW, -1,
		OG_RSTATE_REQUESTED, NULL},
	/* a person is told */
	{"suggest", suggest, OG_RESTART_TELL, OG_RTELL_MODE, OG_RSTATE_SUGGESTED,
		"RestartSuggested"},
	{"suggest, paused", suggest_paused, OG_RESTART_TELL, OG_RTELL_MODE, OG_RSTATE_SUGGESTED,
		NULL},
	{"suggested already", suggest_suggested, OG_RESTART_TELL, OG_RTELL_MODE,
		OG_RSTATE_SUGGESTED, NULL},
	{"suggested for another revision", suggest_suggested_before, OG_RESTART_TELL, OG_RTELL_MODE,
		OG_RSTATE_SUGGESTED, NULL},
	{"Job", job, OG_RESTART_TELL, OG_RTELL_KIND, OG_RSTATE_SUGGESTED, "RestartSuggested"},
	{"Pod", bare_pod, OG_RESTART_TELL, OG_RTELL_KIND, OG_RSTATE_SUGGESTED, NULL},
	{"a Deployment of somebody else", foreign_kind, OG_RESTART_TELL, OG_RTELL_KIND,
		OG_RSTATE_SUGGESTED, NULL},
	{"OnDelete", on_delete, OG_RESTART_TELL, OG_RTELL_ON_DELETE, OG_RSTATE_SUGGESTED, NULL},
	{"partition", partition, OG_RESTART_TELL, OG_RTELL_PARTITION, OG_RSTATE_SUGGESTED, NULL},
	{"no right", forbidden, OG_RESTART_TELL, OG_RTELL_FORBIDDEN, OG_RSTATE_SUGGESTED,
		"RestartForbidden"},
	{"intended, and no right", requested_forbidden, OG_RESTART_TELL, OG_RTELL_FORBIDDEN,
		OG_RSTATE_REQUESTED, NULL},
	{"intended, now suggest", requested_suggest, OG_RESTART_TELL, OG_RTELL_MODE,
		OG_RSTATE_REQUESTED, NULL},
	{"old again after its restart", complete_old_again, OG_RESTART_TELL, OG_RTELL_TWICE,
		OG_RSTATE_COMPLETE, "RestartedAlready"},
	/* nothing */
	{"never", never, OG_RESTART_NOTHING, -1, OG_RSTATE_NONE, ""},
	{"all current", none_old, OG_RESTART_NOTHING, -1, OG_RSTATE_NONE, NULL},
	{"suggest, all current", suggest_none_old, OG_RESTART_NOTHING, -1, OG_RSTATE_NONE, NULL},
	{"not injected", not_injected, OG_RESTART_NOTHING, -1, OG_RSTATE_NONE, NULL},
	{"a revision that is none", long_revision, OG_RESTART_NOTHING, -1, OG_RSTATE_NONE, NULL},
	{"CronJob", cronjob, OG_RESTART_NOTHING, -1, OG_RSTATE_NONE, NULL},
	{"scaled to zero", scaled_to_zero, OG_RESTART_NOTHING, -1, OG_RSTATE_NONE, NULL},
	{"intended, now never", requested_never, OG_RESTART_NOTHING, -1, OG_RSTATE_REQUESTED, NULL},
	/* waits */
	{"paused", paused, OG_RESTART_WAIT, OG_RWAIT_PAUSED, OG_RSTATE_NONE, "WorkloadPaused"},
	{"intended, then paused", requested_paused, OG_RESTART_WAIT, OG_RWAIT_PAUSED,
		OG_RSTATE_REQUESTED, NULL},
	{"rolling", rolling, OG_RESTART_WAIT, OG_RWAIT_ROLLOUT, OG_RSTATE_NONE,
		"WaitingForRollout"},
	{"suggest, rolling", suggest_rolling, OG_RESTART_NOTHING, -1, OG_RSTATE_NONE, NULL},
	{"intended, then somebody rolls", requested_rolling, OG_RESTART_WAIT, OG_RWAIT_ROLLOUT,
		OG_RSTATE_REQUESTED, NULL},
	{"stuck by others", stuck_by_others, OG_RESTART_WAIT, OG_RWAIT_ROLLOUT, OG_RSTATE_NONE,
		NULL},
	{"waits for somebody", waiting, OG_RESTART_WAIT, OG_RWAIT_ROLLOUT, OG_RSTATE_NONE, NULL},
	{"state unknown", unknown, OG_RESTART_WAIT, OG_RWAIT_UNKNOWN, OG_RSTATE_NONE,
		"StateUnknown"},
	{"wave unknown", no_wave, OG_RESTART_WAIT, OG_RWAIT_UNKNOWN, OG_RSTATE_NONE, NULL},
	{"wave not given", null_wave, OG_RESTART_WAIT, OG_RWAIT_UNKNOWN, OG_RSTATE_NONE, NULL},
	{"made, and the leader died", requested_patched, OG_RESTART_WAIT, OG_RWAIT_OWN,
		OG_RSTATE_RESTARTED, "Restarting"},
	{"a person was faster", requested_person, OG_RESTART_WAIT, OG_RWAIT_OWN,
		OG_RSTATE_RESTARTED, NULL},
	{"on its way", restarted, OG_RESTART_WAIT, OG_RWAIT_OWN, OG_RSTATE_RESTARTED, NULL},
	{"old pods are still seen", restarted_lagging, OG_RESTART_WAIT, OG_RWAIT_OWN,
		OG_RSTATE_RESTARTED, NULL},
	{"the old ones crash while they go", restarted_old_crash, OG_RESTART_WAIT, OG_RWAIT_OWN,
		OG_RSTATE_RESTARTED, NULL},
	{"rolling for an earlier revision", restarted_new_revision_rolling, OG_RESTART_WAIT,
		OG_RWAIT_ROLLOUT, OG_RSTATE_RESTARTED, NULL},
	{"complete, and rolling soon after", complete_grace_rolling, OG_RESTART_WAIT, OG_RWAIT_OWN,
		OG_RSTATE_RESTARTED, NULL},
	/* halted, stood down */
	{"stuck", restarted_stuck, OG_RESTART_HALTED, -1, OG_RSTATE_RESTARTED, "RestartHalted"},
	{"new pods are not injected", restarted_missed, OG_RESTART_HALTED, -1, OG_RSTATE_RESTARTED,
		NULL},
	{"complete, and stuck soon after", complete_grace_stuck, OG_RESTART_HALTED, -1,
		OG_RSTATE_RESTARTED, NULL},
	{"crashes", restarted_crash, OG_RESTART_STAND_DOWN, -1, OG_RSTATE_STOOD_DOWN,
		"RestartStoodDown"},
	{"crashes, complete before", complete_crash, OG_RESTART_STAND_DOWN, -1,
		OG_RSTATE_STOOD_DOWN, NULL},
	{"crashes without us", crash_not_ours, OG_RESTART_STAND_DOWN, -1, OG_RSTATE_NONE, NULL},
	{"intended, and crashes", requested_crash, OG_RESTART_STAND_DOWN, -1, OG_RSTATE_REQUESTED,
		NULL},
	{"stood down", stood_down, OG_RESTART_STAND_DOWN, -1, OG_RSTATE_STOOD_DOWN, NULL},
	{"stood down, quiet for a moment", stood_down_quiet, OG_RESTART_STAND_DOWN, -1,
		OG_RSTATE_STOOD_DOWN, NULL},
	{"stood down, never", stood_down_never, OG_RESTART_STAND_DOWN, -1, OG_RSTATE_STOOD_DOWN,
		NULL},
	/* done */
	{"done", restarted_done, OG_RESTART_DONE, -1, OG_RSTATE_COMPLETE, "Restarted"},
	{"renewed by somebody else", requested_renewed, OG_RESTART_DONE, -1, OG_RSTATE_COMPLETE,
		NULL},
	{"complete", complete, OG_RESTART_DONE, -1, OG_RSTATE_COMPLETE, NULL},
	{"complete, stuck much later", complete_later_stuck, OG_RESTART_DONE, -1,
		OG_RSTATE_COMPLETE, NULL},
	{"complete, never", complete_never_old_again, OG_RESTART_DONE, -1, OG_RSTATE_COMPLETE,
		NULL},
	{"healed", stood_down_healed, OG_RESTART_DONE, -1, OG_RSTATE_COMPLETE, NULL},
};

START_TEST(one)
{
	struct og_restart_workload w = base();
	ones[_i].set(&w);
	struct og_restart_result r = plan_one(&w, true, NOW);
	int detail = r.what == OG_RESTART_WAIT	 ? (int)r.wait
		     : r.what == OG_RESTART_TELL ? (int)r.tell
						 : -1;

	ck_assert_msg(r.what == ones[_i].what, "%s: %s, wait %s", ones[_i].name,
		og_restart_do_name(r.what), og_restart_wait_name(r.wait));
	ck_assert_msg(detail == ones[_i].detail, "%s: detail %d", ones[_i].name, detail);
	ck_assert_msg(r.next.state == ones[_i].next, "%s: next %s", ones[_i].name,
		og_rstate_name(r.next.state));
	if (ones[_i].reason)
		ck_assert_str_eq(og_restart_reason(&r), ones[_i].reason);
	/* A replica that does not lead would do the same, but for the restart itself. */
	struct og_restart_result f = plan_one(&w, false, NOW);
	if (r.what == OG_RESTART_NOW) {
		ck_assert_int_eq(f.what, OG_RESTART_WAIT);
		ck_assert_int_eq(f.wait, OG_RWAIT_LEADER);
		ck_assert(og_restart_record_eq(&f.next, &w.record));
	} else {
		ck_assert_int_eq(f.what, r.what);
		ck_assert_int_eq(f.next.state, r.next.state);
	}
	/* What is said is never empty, and says nothing where nothing is. */
	og_auto_buf struct og_buf text = OG_BUF_INIT(4096);
	struct og_restart_input in = {.v = &w, .n = 1, .leads = true, .now_s = NOW};
	og_restart_say(&in, 0, &r, &text);
	ck_assert_msg((text.len == 0) == (r.what == OG_RESTART_NOTHING), "%s: \"%s\"",
		ones[_i].name, text.p);
	ck_assert(!text.failed);
}
END_TEST

START_TEST(an_intent_is_continued_with_its_own_time)
{
	struct og_restart_workload w = base();
	requested(&w);
	struct og_restart_result r = plan_one(&w, true, NOW + 3600);

	ck_assert(r.again);
	ck_assert(og_restart_record_eq(&r.next, &w.record));
}
END_TEST

START_TEST(the_time_is_after_what_the_template_says)
{
	static const struct {
		int64_t template, want;
	} rows[] = {{0, NOW}, {NOW - 1, NOW}, {NOW, NOW + 1}, {NOW + 5, NOW + 6}};

	for (size_t i = 0; i < OG_COUNT(rows); i++) {
		struct og_restart_workload w = base();
		w.template_restarted_s = rows[i].template;
		struct og_restart_result r = plan_one(&w, true, NOW);
		ck_assert_int_eq(r.what, OG_RESTART_NOW);
		ck_assert_int_eq(r.next.requested_s, rows[i].want);
		ck_assert_str_eq(r.next.revision, REV);
		ck_assert_str_eq(r.next.wave, WAVE);
	}
}
END_TEST

START_TEST(a_suggestion_is_told_once_for_each_revision)
{
	struct og_restart_workload w = base();
	suggest(&w);
	struct og_restart_result r = plan_one(&w, true, NOW);
	ck_assert(r.first_time);
	w.record = r.next;
	r = plan_one(&w, true, NOW + 1);
	ck_assert(!r.first_time);
	ck_assert(og_restart_record_eq(&r.next, &w.record));
	w.revision = OG_SV(OLD);
	r = plan_one(&w, true, NOW + 2);
	ck_assert(r.first_time);
	ck_assert_str_eq(r.next.revision, OLD);
}
END_TEST

/* ---- words ---- */

static const struct {
	void (*set)(struct og_restart_workload *w);
	const char *want;
} commands[] = {
	{fresh, "kubectl -n shop rollout restart deployment/web"},
	{statefulset, "kubectl -n shop rollout restart statefulset/web"},
	{daemonset, "kubectl -n shop rollout restart daemonset/web"},
	{argo, "kubectl argo rollouts -n shop restart web"},
	{on_delete, "delete its old pods, each when the one before is ready: "
		    "kubectl -n shop delete pod NAME"},
	{foreign_kind, "delete its old pods, each when the one before is ready: "
		       "kubectl -n shop delete pod NAME"},
	{cronjob, "nothing: its next run carries it"},
	{job, "run it again: pods of a Job cannot be replaced one by one"},
	{bare_pod, "delete and create it again: kubectl -n shop replace --force -f FILE"},
};

START_TEST(command)
{
	struct og_restart_workload w = base();
	og_auto_buf struct og_buf text = OG_BUF_INIT(4096);

	commands[_i].set(&w);
	og_restart_command(&w, &text);
	ck_assert_str_eq(text.p, commands[_i].want);
}
END_TEST

static const struct {
	void (*set)(struct og_restart_workload *w);
	const char *want; /* part of it */
} says[] = {
	{suggest, "1 of 3 pods is older than the configuration. To restart it: kubectl -n shop "
		  "rollout restart deployment/web"},
	{partition, "set it to 0, then kubectl -n shop rollout restart statefulset/web"},
	{forbidden, "otelgate-controller-restarts, or kubectl -n shop rollout restart"},
	{complete_old_again, "restarted for it at 1970-01-12T13:38:20Z; it is not restarted twice"},
	{restarted_missed, "1 of 3 pods came up without what they should carry"},
	{restarted_stuck, "No other workload of profile p is restarted before it is ready."},
	{stood_down, "To back out: otelgate.dev/language: other"},
	{paused, "kubectl -n shop rollout resume deployment/web"},
	{stuck_by_others, "Not restarted while its rollout is stuck."},
	{restarted, "Restarted at 1970-01-12T13:46:30Z; 2 of 3 pods are new."},
};

START_TEST(say)
{
	struct og_restart_workload w = base();
	og_auto_buf struct og_buf text = OG_BUF_INIT(4096);
	struct og_restart_input in = {.v = &w, .n = 1, .leads = true, .now_s = NOW};

	says[_i].set(&w);
	struct og_restart_result r = plan_one(&w, true, NOW);
	og_restart_say(&in, 0, &r, &text);
	ck_assert_msg(strstr(text.p, says[_i].want) != NULL, "%s\n%s", text.p, says[_i].want);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("restart");
	TCase *t = tcase_create("plan");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_loop_test(t, one, 0, (int)OG_COUNT(ones));
	tcase_add_test(t, an_intent_is_continued_with_its_own_time);
	tcase_add_test(t, the_time_is_after_what_the_template_says);
	tcase_add_test(t, a_suggestion_is_told_once_for_each_revision);
	tcase_add_loop_test(t, command, 0, (int)OG_COUNT(commands));
	tcase_add_loop_test(t, say, 0, (int)OG_COUNT(says));
	suite_add_tcase(s, t);
	return og_suite_run(s);
}
