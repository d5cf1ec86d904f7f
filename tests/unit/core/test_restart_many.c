/* SPDX-License-Identifier: Apache-2.0 */
/* Restarts: what several workloads mean for each other. */
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

/* ---- several ---- */

struct two {
	struct og_restart_workload v[4];
	struct og_restart_result r[4];
};

static void plan_n(struct two *t, uint32_t n, int64_t now_s)
{
	struct og_restart_input in = {.v = t->v, .n = n, .leads = true, .now_s = now_s};
	ck_assert_int_eq(og_restart_plan(&in, &arena, t->r, NULL), 0);
}

static const struct og_restart_rules roomy = {
	.max_per_namespace = 10, .max_per_cluster = 10, .pause_s = 0, .grace_s = 60};

static void make_two(struct two *t)
{
	static const char *const names[] = {"a", "b", "c", "d"};

	for (size_t i = 0; i < 4; i++) {
		t->v[i] = base();
		t->v[i].name = og_svz(names[i]);
		t->v[i].rules = &roomy;
	}
}

START_TEST(the_smallest_goes_first_and_alone)
{
	struct two t;
	make_two(&t);
	t.v[2].pods = 2;
	plan_n(&t, 4, NOW);
	for (uint32_t i = 0; i < 4; i++) {
		ck_assert_int_eq(t.r[i].what, i == 2 ? OG_RESTART_NOW : OG_RESTART_WAIT);
		ck_assert_int_eq(t.r[i].wait, i == 2 ? OG_RWAIT_NOTHING : OG_RWAIT_CANARY);
		ck_assert_uint_eq(t.r[i].blocker, i == 2 ? OG_RESTART_NOBODY : 2);
		ck_assert_int_eq(t.r[i].canary, i == 2);
	}
}
END_TEST

START_TEST(among_equals_the_name_decides_whatever_the_order)
{
	struct two t;
	make_two(&t);
	struct og_restart_workload swap = t.v[0];
	t.v[0] = t.v[3];
	t.v[3] = swap;
	plan_n(&t, 4, NOW);
	ck_assert_int_eq(t.r[3].what, OG_RESTART_NOW);
	ck_assert_uint_eq(t.r[0].blocker, 3);
}
END_TEST

START_TEST(who_cannot_be_restarted_is_no_canary)
{
	struct two t;
	make_two(&t);
	t.v[0].paused = true;
	t.v[1].rollout = OG_ROLLOUT_PROGRESSING;
	t.v[2].on_delete = true;
	plan_n(&t, 4, NOW);
	ck_assert_int_eq(t.r[0].wait, OG_RWAIT_PAUSED);
	ck_assert_int_eq(t.r[1].wait, OG_RWAIT_ROLLOUT);
	ck_assert_int_eq(t.r[2].what, OG_RESTART_TELL);
	ck_assert_int_eq(t.r[3].what, OG_RESTART_NOW);
	ck_assert(t.r[3].canary);
}
END_TEST

START_TEST(others_follow_when_the_canary_has_stayed_ready)
{
	struct two t;
	make_two(&t);
	t.v[0].record = record(OG_RSTATE_COMPLETE, REV, NOW - 100, NOW - 59);
	none_old(&t.v[0]);
	plan_n(&t, 3, NOW);
	ck_assert_int_eq(t.r[0].what, OG_RESTART_DONE);
	for (uint32_t i = 1; i < 3; i++) {
		ck_assert_int_eq(t.r[i].wait, OG_RWAIT_CANARY);
		ck_assert_uint_eq(t.r[i].blocker, 0);
		ck_assert_int_eq(t.r[i].again_s, NOW + 1);
	}
	plan_n(&t, 3, NOW + 1);
	ck_assert_int_eq(t.r[1].what, OG_RESTART_NOW);
	ck_assert_int_eq(t.r[2].what, OG_RESTART_NOW);
	ck_assert(!t.r[1].canary && !t.r[2].canary);
}
END_TEST

START_TEST(a_wave_has_a_canary_of_its_own)
{
	struct two t;
	make_two(&t);
	t.v[0].record = record(OG_RSTATE_COMPLETE, REV, NOW - 1000, NOW - 900);
	none_old(&t.v[0]);
	t.v[2].wave = t.v[3].wave = "2222222222222222";
	plan_n(&t, 4, NOW);
	ck_assert_int_eq(t.r[1].what, OG_RESTART_NOW);
	ck_assert(!t.r[1].canary);
	ck_assert_int_eq(t.r[2].what, OG_RESTART_NOW);
	ck_assert(t.r[2].canary);
	ck_assert_int_eq(t.r[3].wait, OG_RWAIT_CANARY);
}
END_TEST

/* What the first does to the second of a wave that has passed its canary (the third). */
static const struct {
	const char *name;
	void (*first)(struct og_restart_workload *w);
	enum og_restart_do what;
	enum og_restart_wait wait;
} after[] = {
	{"stuck", restarted_stuck, OG_RESTART_HALTED, OG_RWAIT_NOTHING},
	{"crash", restarted_crash, OG_RESTART_HALTED, OG_RWAIT_NOTHING},
	{"stood down", stood_down, OG_RESTART_HALTED, OG_RWAIT_NOTHING},
	{"not injected", restarted_missed, OG_RESTART_HALTED, OG_RWAIT_NOTHING},
	{"crash later", complete_crash, OG_RESTART_HALTED, OG_RWAIT_NOTHING},
	{"under way", restarted, OG_RESTART_NOW, OG_RWAIT_NOTHING},
	{"stuck by others", stuck_by_others, OG_RESTART_NOW, OG_RWAIT_NOTHING},
	{"crash without us", crash_not_ours, OG_RESTART_NOW, OG_RWAIT_NOTHING},
	{"stuck, now never", NULL, OG_RESTART_NOW, OG_RWAIT_NOTHING},
	{"paused", paused, OG_RESTART_NOW, OG_RWAIT_NOTHING},
	{"complete, stuck much later", complete_later_stuck, OG_RESTART_NOW, OG_RWAIT_NOTHING},
	{"our stuck one has a new revision", restarted_new_revision_stuck, OG_RESTART_NOW,
		OG_RWAIT_NOTHING},
	{"backed out", stood_down_backed_out, OG_RESTART_NOW, OG_RWAIT_NOTHING},
};

START_TEST(what_one_means_for_another)
{
	struct two t;
	make_two(&t);
	if (after[_i].first) {
		after[_i].first(&t.v[0]);
	} else {
		restarted_stuck(&t.v[0]);
		never(&t.v[0]);
	}
	complete(&t.v[2]);
	plan_n(&t, 3, NOW);
	ck_assert_msg(t.r[1].what == after[_i].what && t.r[1].wait == after[_i].wait, "%s: %s, %s",
		after[_i].name, og_restart_do_name(t.r[1].what), og_restart_wait_name(t.r[1].wait));
	if (t.r[1].what == OG_RESTART_HALTED)
		ck_assert_uint_eq(t.r[1].blocker, 0);
	/* Another wave goes on. */
	t.v[1].wave = "2222222222222222";
	plan_n(&t, 3, NOW);
	ck_assert_int_eq(t.r[1].what, OG_RESTART_NOW);
}
END_TEST

/* One workload is under way; what the second waits for. */
static const struct {
	uint32_t per_ns, per_cluster;
	int64_t pause_s, ago;
	bool other_ns;
	const char *window;
	enum og_restart_wait wait;
} budgets[] = {
	{1, 5, 0, 10, false, NULL, OG_RWAIT_NAMESPACE}, {1, 5, 0, 10, true, NULL, OG_RWAIT_NOTHING},
	{2, 5, 0, 10, false, NULL, OG_RWAIT_NOTHING}, {1, 1, 0, 10, true, NULL, OG_RWAIT_CLUSTER},
	{2, 2, 30, 29, false, NULL, OG_RWAIT_PAUSE}, {2, 2, 30, 30, false, NULL, OG_RWAIT_NOTHING},
	{2, 2, 30, 31, false, NULL, OG_RWAIT_NOTHING},
	{1, 1, 30, 5, false, NULL, OG_RWAIT_NAMESPACE},
	/* NOW is 1970-01-12, a Monday, 13:46:40 */
	{2, 2, 0, 10, false, "Mon 13:00-14:00", OG_RWAIT_NOTHING},
	{2, 2, 0, 10, false, "Mon 14:00-15:00", OG_RWAIT_WINDOW},
	{2, 2, 0, 10, false, "nonsense", OG_RWAIT_WINDOW},
	{0, 0, 0, 10, true, NULL, OG_RWAIT_NAMESPACE}, /* no room at all: nothing begins */
};

START_TEST(budget)
{
	struct two t;
	struct og_sv window = og_svz(budgets[_i].window);
	struct og_restart_rules rules = {.max_per_namespace = budgets[_i].per_ns,
		.max_per_cluster = budgets[_i].per_cluster,
		.pause_s = budgets[_i].pause_s,
		.grace_s = 60,
		.windows = &window,
		.nwindows = budgets[_i].window != NULL};

	make_two(&t);
	restarted(&t.v[0]);
	t.v[0].record.requested_s = NOW - budgets[_i].ago;
	complete(&t.v[2]);
	t.v[1].rules = &rules;
	if (budgets[_i].other_ns)
		t.v[1].ns = OG_SV("pay");
	plan_n(&t, 3, NOW);
	ck_assert_msg(t.r[1].wait == budgets[_i].wait, "%s", og_restart_wait_name(t.r[1].wait));
	ck_assert_int_eq(t.r[1].what,
		budgets[_i].wait == OG_RWAIT_NOTHING ? OG_RESTART_NOW : OG_RESTART_WAIT);
	if (budgets[_i].wait == OG_RWAIT_PAUSE)
		ck_assert_int_eq(t.r[1].again_s, NOW + 1);
	if (budgets[_i].wait == OG_RWAIT_NAMESPACE && !budgets[_i].other_ns)
		ck_assert_uint_eq(t.r[1].blocker, 0);
}
END_TEST

START_TEST(several_may_begin_and_stay_within_the_budgets)
{
	static const struct og_restart_rules rules = {
		.max_per_namespace = 2, .max_per_cluster = 3, .grace_s = 0};
	struct og_restart_workload v[8];
	struct og_restart_result r[8];
	static const char *const names[] = {"a", "b", "c", "d", "e", "f", "g", "h"};
	uint32_t now = 0;

	for (size_t i = 0; i < 8; i++) {
		v[i] = base();
		v[i].name = og_svz(names[i]);
		v[i].ns = i < 5 ? OG_SV("shop") : OG_SV("pay");
		v[i].rules = &rules;
	}
	complete(&v[7]);
	struct og_restart_input in = {.v = v, .n = 8, .leads = true, .now_s = NOW};
	ck_assert_int_eq(og_restart_plan(&in, &arena, r, NULL), 0);
	for (size_t i = 0; i < 8; i++)
		now += r[i].what == OG_RESTART_NOW;
	ck_assert_uint_eq(now, 3);
	ck_assert_int_eq(r[5].what, OG_RESTART_NOW); /* "pay" comes first by name */
	ck_assert_int_eq(r[6].what, OG_RESTART_NOW);
	ck_assert_int_eq(r[0].what, OG_RESTART_NOW);
	ck_assert_int_eq(r[1].wait, OG_RWAIT_CLUSTER);
}
END_TEST

START_TEST(an_intent_holds_its_place_and_is_not_held_up_by_it)
{
	static const struct og_restart_rules tight = {
		.max_per_namespace = 1, .max_per_cluster = 1, .pause_s = 60, .grace_s = 60};
	struct two t;
	make_two(&t);
	t.v[0].rules = t.v[1].rules = &tight;
	requested(&t.v[1]);
	plan_n(&t, 2, NOW);
	ck_assert_int_eq(t.r[1].what, OG_RESTART_NOW);
	ck_assert(t.r[1].again);
	ck_assert_int_eq(t.r[0].wait, OG_RWAIT_CANARY);
	ck_assert_uint_eq(t.r[0].blocker, 1);
	/* Its wave was halted meanwhile. */
	restarted_stuck(&t.v[2]);
	plan_n(&t, 3, NOW);
	ck_assert_int_eq(t.r[1].what, OG_RESTART_HALTED);
	ck_assert_uint_eq(t.r[1].blocker, 2);
}
END_TEST

START_TEST(what_is_broken_already_goes_first)
{
	struct two t;
	make_two(&t);
	t.v[0].pods = 1;
	stood_down_backed_out(&t.v[1]);
	t.v[1].pods = 50;
	plan_n(&t, 2, NOW);
	ck_assert_int_eq(t.r[1].what, OG_RESTART_NOW);
	ck_assert(t.r[1].canary);
	ck_assert_uint_eq(t.r[0].blocker, 1);
}
END_TEST

START_TEST(a_time_from_the_future_does_not_stop_the_others)
{
	static const struct og_restart_rules rules = {
		.max_per_namespace = 9, .max_per_cluster = 9, .pause_s = 60, .grace_s = 60};
	struct two t;
	make_two(&t);
	t.v[0].rules = t.v[1].rules = &rules;
	t.v[0].record = record(OG_RSTATE_COMPLETE, REV, NOW + 999999, NOW + 999999);
	none_old(&t.v[0]);
	plan_n(&t, 2, NOW);
	ck_assert_int_eq(t.r[1].what, OG_RESTART_NOW);
	/* A clock that is a little ahead is believed. */
	t.v[0].record = record(OG_RSTATE_COMPLETE, REV, NOW - 1000, NOW + 10);
	plan_n(&t, 2, NOW);
	ck_assert_int_eq(t.r[1].wait, OG_RWAIT_CANARY);
}
END_TEST

START_TEST(nothing_to_plan)
{
	struct og_restart_input in = {.now_s = NOW, .leads = true};
	ck_assert_int_eq(og_restart_plan(&in, &arena, NULL, NULL), 0);
}
END_TEST

START_TEST(memory_that_runs_out_is_an_error_not_a_restart)
{
	struct two t;
	make_two(&t);
	og_mem_fault_arm(0, false);
	plan_n(&t, 4, NOW);
	unsigned long n = og_mem_fault_disarm();
	for (unsigned long at = 1; at <= n; at++) {
		og_auto_arena struct og_arena small;
		struct og_restart_input in = {.v = t.v, .n = 4, .leads = true, .now_s = NOW};
		og_arena_init(&small, 0, 0);
		og_mem_fault_arm(at, true);
		int rc = og_restart_plan(&in, &small, t.r, NULL);
		og_mem_fault_disarm();
		ck_assert_int_eq(rc, -OG_E_OOM);
	}
}
END_TEST

START_TEST(who_waits_says_for_whom)
{
	struct two t;
	og_auto_buf struct og_buf text = OG_BUF_INIT(4096);

	make_two(&t);
	restarted_stuck(&t.v[0]);
	t.v[0].why = OG_SV("Pod a-1 cannot pull its image.");
	plan_n(&t, 2, NOW);
	struct og_restart_input in = {.v = t.v, .n = 2, .leads = true, .now_s = NOW};
	og_restart_say(&in, 1, &t.r[1], &text);
	ck_assert_str_eq(text.p, "Not restarted: shop/deployment/a was restarted for the same "
				 "configuration and is stuck: Pod a-1 cannot pull its image.");
}
END_TEST

int main(void)
{
	Suite *s = suite_create("restart-many");
	TCase *t = tcase_create("plan");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, the_smallest_goes_first_and_alone);
	tcase_add_test(t, among_equals_the_name_decides_whatever_the_order);
	tcase_add_test(t, who_cannot_be_restarted_is_no_canary);
	tcase_add_test(t, others_follow_when_the_canary_has_stayed_ready);
	tcase_add_test(t, a_wave_has_a_canary_of_its_own);
	tcase_add_loop_test(t, what_one_means_for_another, 0, (int)OG_COUNT(after));
	tcase_add_loop_test(t, budget, 0, (int)OG_COUNT(budgets));
	tcase_add_test(t, several_may_begin_and_stay_within_the_budgets);
	tcase_add_test(t, an_intent_holds_its_place_and_is_not_held_up_by_it);
	tcase_add_test(t, what_is_broken_already_goes_first);
	tcase_add_test(t, a_time_from_the_future_does_not_stop_the_others);
	tcase_add_test(t, nothing_to_plan);
	tcase_add_test(t, memory_that_runs_out_is_an_error_not_a_restart);
	tcase_add_test(t, who_waits_says_for_whom);
	suite_add_tcase(s, t);
	return og_suite_run(s);
}
