/* SPDX-License-Identifier: Apache-2.0 */
/* How a lease is given back (L-7). */
#include "lease_rig.h"

/* ---- release (L-7) ---- */

static void release(double s)
{
	lease_release(&c, S(s), &out);
}

START_TEST(a_leader_gives_it_back)
{
	lead(0);
	release(1);
	ck_assert(out.stopped && !out.cancel && !holds(1));
	ck_assert_int_eq(tick(1), LEASE_PUT);
	ck_assert(body_has("\"holderIdentity\":\"\",\"leaseDurationSeconds\":1,\"acquireTime\":"
			   "\"2024-05-06T07:08:09.123456Z\",\"renewTime\":"
			   "\"2024-05-06T07:08:09.123456Z\",\"leaseTransitions\":7}}"));
	ck_assert(body_has("\"resourceVersion\":\"11\""));
	ck_assert_int_eq(reply(1, LEASE_OK, lease("", 1, 3)), LEASE_IDLE);
	ck_assert(out.done && !out.stopped);
	ck_assert_int_eq(lease_next_ns(&c), INT64_MAX);
	ck_assert_int_eq(tick(100), LEASE_IDLE);
}
END_TEST

START_TEST(who_never_held_it_is_done_at_once)
{
	release(0);
	ck_assert(!out.stopped);
	ck_assert_int_eq(tick(0), LEASE_IDLE);
	ck_assert(out.done);
	teardown();
	setup();
	(void)tick(0);
	(void)reply(0, LEASE_OK, lease("other", 15, 1));
	release(1);
	ck_assert_int_eq(tick(1), LEASE_IDLE);
	ck_assert(out.done);
}
END_TEST

START_TEST(a_takeover_under_way_is_looked_after)
{
	(void)tick(0);
	ck_assert_int_eq(reply(0, LEASE_OK, lease("", 1, 1)), LEASE_PUT);
	release(0.5);
	ck_assert(out.cancel);
	ck_assert_int_eq(tick(0.5), LEASE_GET); /* it may have been done */
	ck_assert_int_eq(reply(0.6, LEASE_OK, lease("me", 15, 2)), LEASE_PUT);
	ck_assert_int_eq(reply(0.7, LEASE_OK, lease("", 1, 2)), LEASE_IDLE);
	ck_assert(out.done && !out.started);
}
END_TEST

START_TEST(a_look_under_way_is_cancelled)
{
	(void)tick(0);
	release(0.5);
	ck_assert(out.cancel);
	ck_assert_int_eq(tick(0.5), LEASE_IDLE);
	ck_assert(out.done);
}
END_TEST

START_TEST(release_goes_on_after_a_conflict)
{
	lead(0);
	release(1);
	(void)tick(1);
	ck_assert_int_eq(reply(1, LEASE_CONFLICT, ""), LEASE_GET);
	ck_assert_int_eq(reply(1, LEASE_OK, lease("me", 15, 9)), LEASE_PUT);
	ck_assert(body_has("\"holderIdentity\":\"\""));
	ck_assert(body_has("\"resourceVersion\":\"12\""));
	ck_assert_int_eq(reply(1, LEASE_OK, lease("", 1, 9)), LEASE_IDLE);
	ck_assert(out.done);
}
END_TEST

START_TEST(release_leaves_what_is_not_ours)
{
	lead(0);
	release(1);
	(void)tick(1);
	(void)reply(1, LEASE_CONFLICT, "");
	ck_assert_int_eq(reply(1, LEASE_OK, lease("other", 15, 9)), LEASE_IDLE);
	ck_assert(out.done);
	teardown();
	setup();
	lead(0);
	release(1);
	(void)tick(1);
	ck_assert_int_eq(reply(1, LEASE_NOT_FOUND, ""), LEASE_IDLE);
	ck_assert(out.done);
}
END_TEST

START_TEST(release_ends_in_time)
{
	lead(0);
	release(1);
	double t = 1;
	enum lease_act act = tick(t);
	while (act != LEASE_IDLE || !out.done) {
		if (act != LEASE_IDLE)
			act = reply(t, act == LEASE_GET ? LEASE_FAILED : LEASE_CONFLICT, "");
		if (act == LEASE_IDLE && !out.done) {
			t = (double)lease_next_ns(&c) / (double)OG_NS_PER_S;
			ck_assert(t <= 11);
			act = tick(t);
		}
	}
	ck_assert(t >= 10.99 && t <= 11);
	/* or without any answer */
	teardown();
	setup();
	lead(0);
	release(1);
	(void)tick(1);
	(void)tick(11);
	ck_assert(out.done && out.cancel);
}
END_TEST

START_TEST(release_conflicts_are_not_chased_without_end)
{
	lead(0);
	release(1);
	enum lease_act act = tick(1);
	int n = 0;
	for (; act != LEASE_IDLE && n < 100; n++)
		act = act == LEASE_GET ? reply(1, LEASE_OK, lease("me", 15, n % 60))
				       : reply(1, LEASE_CONFLICT, "");
	ck_assert_int_lt(n, 12);
	ck_assert_int_ge(lease_next_ns(&c), S(3));
}
END_TEST

START_TEST(release_twice_is_once)
{
	lead(0);
	release(1);
	(void)tick(1);
	release(2);
	ck_assert(!out.stopped && !out.cancel);
	(void)reply(2, LEASE_OK, lease("", 1, 9));
	ck_assert(out.done);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("kube/lease_release");
	TCase *tc = tcase_create("lease_release");
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, a_leader_gives_it_back);
	tcase_add_test(tc, who_never_held_it_is_done_at_once);
	tcase_add_test(tc, a_takeover_under_way_is_looked_after);
	tcase_add_test(tc, a_look_under_way_is_cancelled);
	tcase_add_test(tc, release_goes_on_after_a_conflict);
	tcase_add_test(tc, release_leaves_what_is_not_ours);
	tcase_add_test(tc, release_ends_in_time);
	tcase_add_test(tc, release_conflicts_are_not_chased_without_end);
	tcase_add_test(tc, release_twice_is_once);
	suite_add_tcase(s, tc);
	return og_suite_run(s);
}
