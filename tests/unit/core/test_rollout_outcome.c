/* SPDX-License-Identifier: Apache-2.0 */
/* What conditions, reports and the command line say of the same judgement. */
#include <check.h>
#include <ctype.h>
#include <stdlib.h>
#include "otelgate/base/mem.h"
#include "otelgate/core/optin.h"
#include "otelgate/core/rollout.h"
#include "../../support/suite.h"

static const struct {
	uint32_t current, stale, bare, skipped, total;
	bool all;
	const char *reason, *message;
} injected[] = {
	{3, 0, 0, 0, 3, true, "Injected", "All 3 pods that should be injected are."},
	{1, 2, 0, 4, 7, true, "Injected", "All 3 pods that should be injected are."},
	{2, 0, 1, 0, 3, false, "PodsMissed",
		"1 of 3 pods run without the injection that was asked for."},
	{0, 0, 2, 5, 7, false, "PodsMissed",
		"2 of 7 pods run without the injection that was asked for."},
	{0, 0, 0, 2, 2, true, "PodsLeftAlone", "Its pods ask to be left alone."},
	{0, 0, 0, 0, 0, true, "NoPods", "No pod runs; the next one will be injected."},
};

START_TEST(whether_the_pods_are_injected)
{
	og_auto_arena struct og_arena a;
	og_arena_init(&a, 0, 0);
	struct og_rollout_result r = {.total = injected[_i].total,
		.classes = {[OG_CLASS_CURRENT] = injected[_i].current,
			[OG_CLASS_STALE] = injected[_i].stale,
			[OG_CLASS_BARE] = injected[_i].bare,
			[OG_CLASS_SKIPPED] = injected[_i].skipped}};
	struct og_injected is;
	og_rollout_injected(&r, &a, &is);
	ck_assert_int_eq(is.all, injected[_i].all);
	ck_assert_str_eq(is.reason, injected[_i].reason);
	ck_assert_msg(
		og_sv_eq(is.message, og_svz(injected[_i].message)), "%.*s", OG_SV_ARG(is.message));
}
END_TEST

static const struct {
	enum og_rollout_state rollout, revision;
	bool said; /* the revision has a reason */
	bool takes_revision;
} outcomes[] = {
	{OG_ROLLOUT_COMPLETE, OG_ROLLOUT_COMPLETE, true, false},
	{OG_ROLLOUT_COMPLETE, OG_ROLLOUT_UNKNOWN, true, false},
	{OG_ROLLOUT_COMPLETE, OG_ROLLOUT_WAITING, true, true},
	{OG_ROLLOUT_COMPLETE, OG_ROLLOUT_STUCK, true, true},
	{OG_ROLLOUT_COMPLETE, OG_ROLLOUT_WAITING, false, false},
	{OG_ROLLOUT_PROGRESSING, OG_ROLLOUT_WAITING, true, false},
	{OG_ROLLOUT_STUCK, OG_ROLLOUT_WAITING, true, false},
	{OG_ROLLOUT_UNKNOWN, OG_ROLLOUT_WAITING, true, false},
};

START_TEST(the_revision_counts_when_kubernetes_is_done)
{
	struct og_rollout_result r = {.rollout = {.state = outcomes[_i].rollout, .reason = "A"},
		.revision = {
			.state = outcomes[_i].revision, .reason = outcomes[_i].said ? "B" : NULL}};
	ck_assert_ptr_eq(
		og_rollout_outcome(&r), outcomes[_i].takes_revision ? &r.revision : &r.rollout);
}
END_TEST

static const struct {
	enum og_rollout_kind kind;
	enum og_rollout_state state;
	uint32_t stale, bare;
	bool rests;
} resting[] = {
	{OG_RK_CRONJOB, OG_ROLLOUT_WAITING, 0, 0, true},
	{OG_RK_CRONJOB, OG_ROLLOUT_WAITING, 1, 0, false},
	{OG_RK_CRONJOB, OG_ROLLOUT_WAITING, 0, 1, false},
	{OG_RK_CRONJOB, OG_ROLLOUT_STUCK, 0, 0, false},
	{OG_RK_CRONJOB, OG_ROLLOUT_PROGRESSING, 0, 0, false},
	{OG_RK_DEPLOYMENT, OG_ROLLOUT_WAITING, 0, 0, false},
};

START_TEST(only_a_cronjob_rests)
{
	struct og_rollout_facts f = {.kind = resting[_i].kind};
	struct og_rollout_result r = {.rollout = {.state = resting[_i].state},
		.classes = {
			[OG_CLASS_STALE] = resting[_i].stale, [OG_CLASS_BARE] = resting[_i].bare}};
	ck_assert_int_eq(og_rollout_rests(&r, &f), resting[_i].rests);
	ck_assert(!og_rollout_rests(&r, NULL));
}
END_TEST

/* "profile-missing" and "ProfileMissing" are one reason. */
START_TEST(a_reason_has_one_name_in_two_spellings)
{
	const char *kebab = og_reason_name((enum og_reason)_i);
	const char *camel = og_reason_condition((enum og_reason)_i);
	bool up = true;

	for (; *kebab; kebab++) {
		if (*kebab == '-') {
			up = true;
			continue;
		}
		ck_assert_int_eq(*camel++, up ? toupper(*kebab) : *kebab);
		up = false;
	}
	ck_assert_int_eq(*camel, '\0');
	ck_assert_str_eq(og_reason_condition(OG_REASON_COUNT_), "Unknown");
}
END_TEST

int main(void)
{
	Suite *s = suite_create("core/rollout_outcome");
	TCase *tc = tcase_create("outcome");
	tcase_add_loop_test(tc, whether_the_pods_are_injected, 0, (int)OG_COUNT(injected));
	tcase_add_loop_test(
		tc, the_revision_counts_when_kubernetes_is_done, 0, (int)OG_COUNT(outcomes));
	tcase_add_loop_test(tc, only_a_cronjob_rests, 0, (int)OG_COUNT(resting));
	tcase_add_loop_test(tc, a_reason_has_one_name_in_two_spellings, 0, OG_REASON_COUNT_);
	suite_add_tcase(s, tc);
	return og_suite_run(s);
}
