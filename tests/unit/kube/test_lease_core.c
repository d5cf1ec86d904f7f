/* SPDX-License-Identifier: Apache-2.0 */
/* What an election decides: client-go's scenarios (leaderelection_test.go) and hostile records. */
#include "lease_rig.h"

START_TEST(a_missing_lease_is_created)
{
	ck_assert_int_eq(tick(0), LEASE_GET);
	ck_assert_int_eq(reply(0, LEASE_NOT_FOUND, ""), LEASE_CREATE);
	ck_assert(body_has("\"metadata\":{\"name\":\"lock\",\"namespace\":\"ns\"}"));
	ck_assert(body_has("\"holderIdentity\":\"me\",\"leaseDurationSeconds\":15,\"acquireTime\":"
			   "\"2024-05-06T07:08:09.123456Z\",\"renewTime\":"
			   "\"2024-05-06T07:08:09.123456Z\",\"leaseTransitions\":0}}"));
	ck_assert_int_eq(reply(0, LEASE_OK, lease("me", 15, 1)), LEASE_IDLE);
	ck_assert(out.started && holds(9.999) && !holds(10));
}
END_TEST

START_TEST(a_lost_race_to_create_waits)
{
	(void)tick(0);
	(void)reply(0, LEASE_NOT_FOUND, "");
	ck_assert_int_eq(reply(0, LEASE_CONFLICT, ""), LEASE_IDLE);
	ck_assert(!out.started && !c.leading);
	ck_assert_int_ge(lease_next_ns(&c), S(2));
	ck_assert_int_le(lease_next_ns(&c), S(4.4));
	ck_assert_int_eq(tick(4.4), LEASE_GET);
	ck_assert_int_eq(reply(4.4, LEASE_OK, lease("other", 15, 1)), LEASE_IDLE);
	ck_assert(out.leader);
}
END_TEST

/* A candidate that is in a hurry sees within that time that the lease is given back. */
START_TEST(a_hasty_candidate_looks_often)
{
	c.candidate_ns = S(0.6);
	(void)tick(0);
	ck_assert_int_eq(reply(0, LEASE_OK, lease("other", 15, 1)), LEASE_IDLE);
	ck_assert_int_ge(lease_next_ns(&c), S(0.6));
	ck_assert_int_le(lease_next_ns(&c), S(0.75));
	ck_assert_int_eq(tick(0.59), LEASE_IDLE);
	ck_assert_int_eq(tick(0.75), LEASE_GET);
	ck_assert_int_eq(reply(0.75, LEASE_OK, lease("", 1, 2)), LEASE_PUT);
	ck_assert_int_eq(reply(0.75, LEASE_OK, lease("me", 15, 3)), LEASE_IDLE);
	ck_assert(out.started && c.leading);
	/* who leads renews as before */
	ck_assert_int_eq(lease_next_ns(&c), S(2.75));
}
END_TEST

/* who holds it, for how long, and what it takes for us: seconds until we may, -1 = at once */
static const struct {
	const char *holder;
	int duration;
	double free_after;
} held[] = {
	{"", 1, 0},
	{"", 1000000, 0},
	{"me", 15, 0}, /* ours, from before */
	{"me", 1, 0},
	{"other", 15, 15},
	{"other", 1, 1},
	{"other", 60, 60},
	{"other", 0, 15},		   /* means nothing: our own duration */
	{"other", -5, 15},		   /* as well */
	{"other", 2147483647, 2147483647}, /* a long time */
	{"me2", 15, 15},
	{"m", 15, 15},
	{"Me", 15, 15},
};

START_TEST(a_lease_is_taken_when_it_has_run_out)
{
	(void)tick(0);
	if (held[_i].free_after <= 0) {
		ck_assert_int_eq(reply(0, LEASE_OK, lease(held[_i].holder, held[_i].duration, 1)),
			LEASE_PUT);
		return;
	}
	static char same[sizeof(object)];
	(void)snprintf(same, sizeof(same), "%s", lease(held[_i].holder, held[_i].duration, 1));
	ck_assert_int_eq(reply(0, LEASE_OK, same), LEASE_IDLE);
	double just_before = held[_i].free_after - 0.001;
	c.next_ns = 0;
	ck_assert_int_eq(tick(just_before), LEASE_GET);
	ck_assert_int_eq(reply(just_before, LEASE_OK, same), LEASE_IDLE);
	c.next_ns = 0;
	ck_assert_int_eq(tick(held[_i].free_after), LEASE_GET);
	ck_assert_int_eq(reply(held[_i].free_after, LEASE_OK, same), LEASE_PUT);
	ck_assert(body_has("\"leaseTransitions\":8"));
	ck_assert(body_has("\"acquireTime\":\"2024-05-06T07:08:09.123456Z\""));
	ck_assert(body_has("\"labels\":{\"keep\":\"me\"}"));
	ck_assert(body_has("\"resourceVersion\":\"10\""));
	ck_assert_int_eq(reply(held[_i].free_after, LEASE_OK, lease("me", 15, 2)), LEASE_IDLE);
	ck_assert(out.started);
}
END_TEST

START_TEST(each_change_begins_the_wait_anew)
{
	(void)tick(0);
	for (int i = 1; i < 20; i++) {
		ck_assert_int_eq(reply(i * 10, LEASE_OK, lease("other", 15, i)), LEASE_IDLE);
		c.next_ns = 0;
		ck_assert_int_eq(tick(i * 10 + 10), LEASE_GET);
	}
}
END_TEST

START_TEST(a_change_of_metadata_is_no_renewal)
{
	(void)tick(0);
	(void)reply(0, LEASE_OK, lease("other", 15, 1));
	c.next_ns = 0;
	(void)tick(14);
	(void)reply(14, LEASE_OK, lease("other", 15, 1)); /* another resourceVersion alone */
	c.next_ns = 0;
	(void)tick(15);
	ck_assert_int_eq(reply(15, LEASE_OK, lease("other", 15, 1)), LEASE_PUT);
	ck_assert(body_has("\"resourceVersion\":\"12\""));
}
END_TEST

/* A clock of theirs that is years off, or no time at all, changes nothing. */
START_TEST(their_times_are_not_read)
{
	static const char *const specs[] = {
		"\"renewTime\":\"1999-01-01T00:00:00.000000Z\"",
		"\"renewTime\":\"2999-01-01T00:00:00.000000Z\"",
		"\"renewTime\":\"yesterday\"",
		"\"renewTime\":null",
		"\"x\":1",
	};
	for (size_t i = 0; i < OG_COUNT(specs); i++) {
		char text[512];
		(void)snprintf(text, sizeof(text),
			"{\"metadata\":{\"resourceVersion\":\"1\"},\"spec\":{\"holderIdentity\":"
			"\"other\",\"leaseDurationSeconds\":15,%s}}",
			specs[i]);
		teardown();
		setup();
		(void)tick(0);
		ck_assert_int_eq(reply(0, LEASE_OK, text), LEASE_IDLE);
		c.next_ns = 0;
		(void)tick(14.9);
		ck_assert_int_eq(reply(14.9, LEASE_OK, text), LEASE_IDLE);
		c.next_ns = 0;
		(void)tick(15);
		ck_assert_int_eq(reply(15, LEASE_OK, text), LEASE_PUT);
	}
}
END_TEST

START_TEST(the_leader_renews_without_looking)
{
	lead(0);
	ck_assert_int_eq(tick(1.999), LEASE_IDLE);
	ck_assert_int_eq(tick(2), LEASE_PUT);
	ck_assert(!out.slow);
	ck_assert(body_has("\"resourceVersion\":\"11\""));
	ck_assert(body_has("\"acquireTime\":\"2024-01-01T00:00:00.000001Z\""));
	ck_assert(body_has("\"leaseTransitions\":7}}"));
	ck_assert_int_eq(reply(2.5, LEASE_OK, lease("me", 15, 3)), LEASE_IDLE);
	ck_assert(!out.started && !out.stopped);
	ck_assert(holds(11.9) && !holds(12)); /* counted from the sending */
	ck_assert_int_eq(tick(4), LEASE_PUT);
}
END_TEST

START_TEST(a_conflict_of_the_fast_path_looks_and_renews)
{
	lead(0);
	(void)tick(2);
	ck_assert_int_eq(reply(2, LEASE_CONFLICT, ""), LEASE_GET);
	ck_assert_int_eq(reply(2, LEASE_OK, lease("me", 15, 9)), LEASE_PUT);
	ck_assert(out.slow);
	ck_assert_int_eq(reply(2, LEASE_OK, lease("me", 15, 3)), LEASE_IDLE);
	ck_assert(c.leading && holds(11.9));
}
END_TEST

START_TEST(a_conflict_that_shows_someone_else_ends_it_at_once)
{
	lead(0);
	(void)tick(2);
	(void)reply(2, LEASE_CONFLICT, "");
	ck_assert_int_eq(reply(2, LEASE_OK, lease("other", 15, 9)), LEASE_IDLE);
	ck_assert(out.stopped && out.leader && !holds(2));
}
END_TEST

START_TEST(a_lease_that_was_emptied_is_given_up_and_taken_again)
{
	lead(0);
	(void)tick(2);
	(void)reply(2, LEASE_CONFLICT, "");
	ck_assert_int_eq(reply(2, LEASE_OK, lease("", 1, 9)), LEASE_PUT);
	ck_assert(out.stopped && !out.slow);
	ck_assert(body_has("\"leaseTransitions\":8"));
	ck_assert_int_eq(reply(2, LEASE_OK, lease("me", 15, 3)), LEASE_IDLE);
	ck_assert(out.started);
}
END_TEST

START_TEST(a_deleted_lease_is_made_again)
{
	lead(0);
	(void)tick(2);
	ck_assert_int_eq(reply(2, LEASE_NOT_FOUND, ""), LEASE_GET);
	ck_assert_int_eq(reply(2, LEASE_NOT_FOUND, ""), LEASE_CREATE);
	ck_assert(body_has("\"leaseTransitions\":7"));
	ck_assert(!body_has("resourceVersion") && holds(2));
	ck_assert_int_eq(reply(2, LEASE_OK, lease("me", 15, 3)), LEASE_IDLE);
	ck_assert(!out.started && c.leading);
}
END_TEST

START_TEST(a_deleted_lease_that_another_made_is_lost)
{
	lead(0);
	(void)tick(2);
	(void)reply(2, LEASE_NOT_FOUND, "");
	(void)reply(2, LEASE_NOT_FOUND, "");
	ck_assert_int_eq(reply(2, LEASE_CONFLICT, ""), LEASE_GET); /* at once: who is it? */
	ck_assert_int_eq(reply(2, LEASE_OK, lease("other", 15, 3)), LEASE_IDLE);
	ck_assert(out.stopped);
}
END_TEST

START_TEST(a_deleted_lease_is_not_taken_from_its_holder)
{
	(void)tick(0);
	(void)reply(0, LEASE_OK, lease("other", 15, 1));
	c.next_ns = 0;
	(void)tick(5);
	ck_assert_int_eq(reply(5, LEASE_NOT_FOUND, ""), LEASE_IDLE);
	c.next_ns = 0;
	(void)tick(14.9);
	ck_assert_int_eq(reply(14.9, LEASE_NOT_FOUND, ""), LEASE_IDLE);
	c.next_ns = 0;
	(void)tick(15);
	ck_assert_int_eq(reply(15, LEASE_NOT_FOUND, ""), LEASE_CREATE);
}
END_TEST

START_TEST(without_renewal_it_ends_in_time)
{
	lead(0);
	ck_assert_int_eq(tick(2), LEASE_PUT);
	ck_assert_int_eq(reply(7, LEASE_FAILED, ""), LEASE_IDLE); /* 5 s without an answer */
	/* it may have been done: then this is a conflict, and looks */
	ck_assert_int_eq(tick(7), LEASE_PUT);
	ck_assert_int_eq(lease_next_ns(&c), S(10));
	ck_assert_int_eq(tick(9.999), LEASE_IDLE);
	ck_assert(!out.stopped && holds(9.999));
	ck_assert(!holds(10));
	(void)tick(10);
	ck_assert(out.stopped && !c.leading);
	(void)tick(11);
	ck_assert(!out.stopped); /* once */
}
END_TEST

/* A server that refuses two requests of three, one of them each: it still leads at the end. */
START_TEST(a_renewal_that_is_refused_is_tried_again_soon)
{
	lead(0);
	ck_assert_int_eq(tick(2), LEASE_PUT);
	ck_assert_int_eq(reply(2, LEASE_FAILED, ""), LEASE_IDLE);
	ck_assert(!out.stopped && lease_next_ns(&c) == S(2.5));
	ck_assert_int_eq(tick(2.499), LEASE_IDLE);
	for (double s = 2.5; s < 9.5; s += .5) {
		ck_assert_int_eq(tick(s), LEASE_PUT); /* one request, and not two */
		ck_assert_int_eq(reply(s, LEASE_FAILED, ""), LEASE_IDLE);
		ck_assert(!out.stopped);
	}
	ck_assert_int_eq(tick(9.5), LEASE_PUT);
	/* one of them had been done after all */
	ck_assert_int_eq(reply(9.5, LEASE_CONFLICT, ""), LEASE_GET);
	ck_assert_int_eq(reply(9.5, LEASE_OK, lease("me", 15, 4)), LEASE_PUT);
	ck_assert_int_eq(reply(9.6, LEASE_OK, lease("me", 15, 5)), LEASE_IDLE);
	ck_assert(c.leading && !out.started && !out.stopped && holds(19.4));
	ck_assert_int_eq(lease_next_ns(&c), S(11.5)); /* and at its usual pace again */
}
END_TEST

/* What a conflict has to show, and a refusal does not: it is not renewed blindly. */
START_TEST(a_conflict_that_cannot_be_looked_into_is_looked_into_later)
{
	lead(0);
	(void)tick(2);
	ck_assert_int_eq(reply(2, LEASE_CONFLICT, ""), LEASE_GET);
	ck_assert_int_eq(reply(2, LEASE_FAILED, ""), LEASE_IDLE);
	ck_assert_int_eq(tick(2.5), LEASE_GET);
	ck_assert_int_eq(reply(2.5, LEASE_OK, lease("other", 15, 4)), LEASE_IDLE);
	ck_assert(out.stopped && out.leader);
}
END_TEST

START_TEST(an_answer_after_the_end_comes_second)
{
	lead(0);
	(void)tick(2);
	/* stopped for 30 s; the answer is the first that is seen */
	ck_assert_int_eq(reply(32, LEASE_OK, lease("me", 15, 3)), LEASE_IDLE);
	ck_assert(out.stopped && !out.started && !holds(32));
	/* what was sent 30 s ago covers nothing; others may have taken it: look first */
	ck_assert_int_eq(tick(32), LEASE_GET);
	ck_assert_int_eq(reply(32, LEASE_OK, lease("other", 15, 4)), LEASE_IDLE);
	ck_assert(out.leader && !out.started);
}
END_TEST

START_TEST(a_late_renewal_that_still_covers_begins_anew)
{
	lead(0);
	(void)tick(9.5);
	ck_assert_int_eq(reply(12, LEASE_OK, lease("me", 15, 3)), LEASE_IDLE);
	ck_assert(out.stopped && out.started);
	ck_assert(holds(19.4) && !holds(19.5));
}
END_TEST

START_TEST(a_takeover_that_took_too_long_does_not_lead)
{
	(void)tick(0);
	(void)reply(0, LEASE_OK, lease("", 1, 1));
	ck_assert_int_eq(reply(10, LEASE_OK, lease("me", 15, 2)), LEASE_IDLE);
	ck_assert(!out.started && !c.leading);
	ck_assert_int_eq(tick(10), LEASE_PUT); /* it is ours: renewed, then it leads */
	(void)reply(10, LEASE_OK, lease("me", 15, 3));
	ck_assert(out.started);
}
END_TEST

START_TEST(a_write_without_answer_that_was_done_is_a_conflict)
{
	lead(0);
	(void)tick(2);
	(void)reply(3, LEASE_FAILED, "");
	ck_assert_int_eq(tick(3.499), LEASE_IDLE);
	ck_assert_int_eq(tick(4), LEASE_PUT);
	ck_assert_int_eq(reply(4, LEASE_CONFLICT, ""), LEASE_GET);
	ck_assert_int_eq(reply(4, LEASE_OK, lease("me", 15, 3)), LEASE_PUT);
	ck_assert_int_eq(reply(4, LEASE_OK, lease("me", 15, 4)), LEASE_IDLE);
	ck_assert(c.leading && holds(13.9));
}
END_TEST

START_TEST(a_server_that_is_away_is_asked_every_two_seconds)
{
	double t = 0;
	for (int i = 0; i < 10; i++) {
		ck_assert_int_eq(tick(t), LEASE_GET);
		ck_assert_int_eq(reply(t, LEASE_FAILED, ""), LEASE_IDLE);
		double next = (double)lease_next_ns(&c) / (double)OG_NS_PER_S;
		ck_assert(next - t >= 2 && next - t <= 4.4);
		t = next + 0.001; /* of a double */
	}
	ck_assert(!c.leading);
}
END_TEST

START_TEST(conflicts_without_end_are_not_chased)
{
	lead(0);
	enum lease_act act = tick(2);
	int n = 0;
	for (; act != LEASE_IDLE && n < 100; n++)
		act = act == LEASE_GET ? reply(2, LEASE_OK, lease("me", 15, n % 60))
				       : reply(2, LEASE_CONFLICT, "");
	ck_assert_int_le(n, 5);
	ck_assert_int_eq(lease_next_ns(&c), S(4));
}
END_TEST

/* Answers that cannot be used: nothing is known, nothing begins. */
static const char *const garbage[] = {
	"",
	"null",
	"[]",
	"\"Lease\"",
	"{}",
	"{\"metadata\":{}}",
	"{\"metadata\":{\"resourceVersion\":\"\"},\"spec\":{}}",
	"{\"metadata\":{\"resourceVersion\":5},\"spec\":{}}",
	"{\"metadata\":[],\"spec\":{}}",
	"{\"metadata\":{\"resourceVersion\":\"1\"},\"spec\":[]}",
	"{\"metadata\":{\"resourceVersion\":\"1\"},\"spec\":\"x\"}",
	"{\"metadata\":{\"resourceVersion\":\"1\"},\"spec\":{\"holderIdentity\":5}}",
	"{\"metadata\":{\"resourceVersion\":\"1\"},\"spec\":{\"holderIdentity\":{}}}",
	"{\"metadata\":{\"resourceVersion\":\"1\"},\"spec\":{\"holderIdentity\":\"x\"",
	"{\"metadata\":{\"resourceVersion\":\"1\"},\"spec\":{\"holderIdentity\":\"\xff\"}}",
	"{\"metadata\":{\"resourceVersion\":\"1\"},\"metadata\":{\"resourceVersion\":\"2\"}}",
	"<html>502</html>",
};

START_TEST(garbage_is_not_acted_on)
{
	(void)tick(0);
	ck_assert_int_eq(reply(0, LEASE_OK, garbage[_i]), LEASE_IDLE);
	ck_assert(!c.has_seen && !out.started && !out.leader);
	teardown();
	setup();
	lead(0);
	(void)tick(2);
	ck_assert_int_eq(reply(2, LEASE_OK, garbage[_i]), LEASE_IDLE); /* as answer to a PUT */
	ck_assert(c.leading && !holds(10));			       /* not renewed by it */
	ck_assert_int_eq(tick(4), LEASE_GET);
	ck_assert_int_eq(reply(4, LEASE_OK, garbage[_i]), LEASE_IDLE);
	(void)tick(10);
	ck_assert(out.stopped);
}
END_TEST

START_TEST(a_lease_without_spec_is_free)
{
	static const char *const bare[] = {"{\"metadata\":{\"resourceVersion\":\"1\"}}",
		"{\"metadata\":{\"resourceVersion\":\"1\"},\"spec\":null}",
		"{\"metadata\":{\"resourceVersion\":\"1\"},\"spec\":{}}",
		"{\"metadata\":{\"resourceVersion\":\"1\"},\"spec\":{\"holderIdentity\":null}}"};
	for (size_t i = 0; i < OG_COUNT(bare); i++) {
		teardown();
		setup();
		(void)tick(0);
		ck_assert_int_eq(reply(0, LEASE_OK, bare[i]), LEASE_PUT);
		ck_assert(body_has("\"leaseTransitions\":1}}"));
	}
}
END_TEST

START_TEST(transitions_do_not_overflow)
{
	static const struct {
		const char *text, *want;
	} rows[] = {
		{"2147483646", "\"leaseTransitions\":2147483647}"},
		{"2147483647", "\"leaseTransitions\":2147483647}"},
		{"99999999999999999999", "\"leaseTransitions\":1}"},
		{"-3", "\"leaseTransitions\":1}"},
		{"1.5", "\"leaseTransitions\":1}"},
		{"\"9\"", "\"leaseTransitions\":1}"},
		{"null", "\"leaseTransitions\":1}"},
	};
	char text[512];
	for (size_t i = 0; i < OG_COUNT(rows); i++) {
		teardown();
		setup();
		(void)snprintf(text, sizeof(text),
			"{\"metadata\":{\"resourceVersion\":\"1\"},\"spec\":{\"leaseTransitions\":%s}}",
			rows[i].text);
		(void)tick(0);
		ck_assert_int_eq(reply(0, LEASE_OK, text), LEASE_PUT);
		ck_assert(body_has(rows[i].want));
	}
}
END_TEST

START_TEST(what_others_put_into_the_lease_stays)
{
	(void)tick(0);
	(void)reply(0, LEASE_OK,
		"{\"metadata\":{\"resourceVersion\":\"1\",\"annotations\":{\"a\\u0062\":\"\\\"\"}},"
		"\"spec\":{\"strategy\":\"OldestEmulationVersion\",\"holderIdentity\":\"\","
		"\"preferred\\u0048older\":\"x\",\"renewTime\":5}}");
	ck_assert(body_has("\"metadata\":{\"resourceVersion\":\"1\",\"annotations\":"
			   "{\"a\\u0062\":\"\\\"\"}}"));
	ck_assert(body_has(",\"strategy\":\"OldestEmulationVersion\""));
	ck_assert(body_has(",\"preferred\\u0048older\":\"x\"}}"));
	ck_assert(!body_has("\"renewTime\":5"));
}
END_TEST

START_TEST(a_wall_clock_that_stands_still_does_not_hide_renewals)
{
	char text[1024];
	(void)tick(0);
	(void)reply(0, LEASE_OK, lease("", 1, 1));
	og_auto_buf struct og_buf a = OG_BUF_INIT(0);
	og_auto_buf struct og_buf b = OG_BUF_INIT(0);
	ck_assert(lease_body(&c, S(100), &a));
	const char *spec = strstr(a.p, "\"spec\"");
	(void)snprintf(text, sizeof(text), "{\"metadata\":{\"resourceVersion\":\"5\"},%s", spec);
	ck_assert_int_eq(reply(0, LEASE_OK, text), LEASE_IDLE);
	ck_assert(out.started);
	ck_assert_int_eq(tick(2), LEASE_PUT);
	ck_assert(lease_body(&c, S(100), &b)); /* the same wall time */
	ck_assert_ptr_nonnull(strstr(b.p, "\"renewTime\":\"1970-01-01T00:01:40.000001Z\""));
	ck_assert_ptr_nonnull(strstr(b.p, "\"acquireTime\":\"1970-01-01T00:01:40.000000Z\""));
}
END_TEST

/* Someone on the way changes what we write: it is not what we asked for, so we do not lead. */
START_TEST(a_write_that_was_changed_on_the_way_is_no_claim)
{
	(void)tick(0);
	(void)reply(0, LEASE_OK, lease("", 1, 1));
	ck_assert_int_eq(reply(0, LEASE_OK, lease("me", 1, 2)), LEASE_IDLE); /* one second only */
	ck_assert(!out.started);
	teardown();
	setup();
	(void)tick(0);
	(void)reply(0, LEASE_OK, lease("", 1, 1));
	ck_assert_int_eq(reply(0, LEASE_OK, lease("other", 15, 2)), LEASE_IDLE);
	ck_assert(!out.started && out.leader);
}
END_TEST

START_TEST(leaders_are_told_once)
{
	(void)tick(0);
	(void)reply(0, LEASE_OK, lease("a", 15, 1));
	ck_assert(out.leader);
	c.next_ns = 0;
	(void)tick(2);
	(void)reply(2, LEASE_OK, lease("a", 15, 2));
	ck_assert(!out.leader);
	c.next_ns = 0;
	(void)tick(4);
	(void)reply(4, LEASE_OK, lease("b", 15, 3));
	ck_assert(out.leader && og_sv_is(c.seen.holder, "b"));
}
END_TEST

START_TEST(answers_nobody_asked_for_are_ignored)
{
	ck_assert_int_eq(reply(0, LEASE_OK, lease("me", 15, 1)), LEASE_IDLE);
	ck_assert(!c.has_seen && !out.started);
	lead(0);
	lease_release(&c, S(1), &out);
	(void)tick(1);
	(void)reply(1, LEASE_OK, lease("", 1, 9));
	ck_assert_int_eq(reply(1, LEASE_OK, lease("me", 15, 1)), LEASE_IDLE);
	ck_assert(!out.done && !out.started);
}
END_TEST

START_TEST(spans_at_the_end_of_time_do_not_overflow)
{
	c.next_ns = 0;
	lease_tick(&c, INT64_MAX - 5, &out);
	lease_reply(&c, LEASE_OK, og_svz(lease("other", 2147483647, 1)), INT64_MAX - 4, &out);
	ck_assert_int_eq(out.act, LEASE_IDLE);
	ck_assert_int_eq(lease_next_ns(&c), INT64_MAX);
}
END_TEST

START_TEST(without_memory_nothing_begins)
{
	for (unsigned long at = 1; at < 12; at++) {
		teardown();
		setup();
		(void)tick(0);
		const char *text = lease("", 1, 1);
		og_mem_fault_arm(at, true);
		enum lease_act act = reply(0, LEASE_OK, text);
		unsigned long seen = og_mem_fault_disarm();
		ck_assert_int_eq(act, seen < at ? LEASE_PUT : LEASE_IDLE);
		ck_assert_int_eq(c.has_seen, seen < at);
		if (seen < at)
			return;
	}
	ck_abort_msg("an answer takes more allocations than that");
}
END_TEST

int main(void)
{
	Suite *s = suite_create("kube/lease_core");
	TCase *tc = tcase_create("lease_core");
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, a_missing_lease_is_created);
	tcase_add_test(tc, a_lost_race_to_create_waits);
	tcase_add_test(tc, a_hasty_candidate_looks_often);
	tcase_add_loop_test(tc, a_lease_is_taken_when_it_has_run_out, 0, (int)OG_COUNT(held));
	tcase_add_test(tc, each_change_begins_the_wait_anew);
	tcase_add_test(tc, a_change_of_metadata_is_no_renewal);
	tcase_add_test(tc, their_times_are_not_read);
	tcase_add_test(tc, the_leader_renews_without_looking);
	tcase_add_test(tc, a_conflict_of_the_fast_path_looks_and_renews);
	tcase_add_test(tc, a_conflict_that_shows_someone_else_ends_it_at_once);
	tcase_add_test(tc, a_lease_that_was_emptied_is_given_up_and_taken_again);
	tcase_add_test(tc, a_deleted_lease_is_made_again);
	tcase_add_test(tc, a_deleted_lease_that_another_made_is_lost);
	tcase_add_test(tc, a_deleted_lease_is_not_taken_from_its_holder);
	tcase_add_test(tc, without_renewal_it_ends_in_time);
	tcase_add_test(tc, a_renewal_that_is_refused_is_tried_again_soon);
	tcase_add_test(tc, a_conflict_that_cannot_be_looked_into_is_looked_into_later);
	tcase_add_test(tc, an_answer_after_the_end_comes_second);
	tcase_add_test(tc, a_late_renewal_that_still_covers_begins_anew);
	tcase_add_test(tc, a_takeover_that_took_too_long_does_not_lead);
	tcase_add_test(tc, a_write_without_answer_that_was_done_is_a_conflict);
	tcase_add_test(tc, a_server_that_is_away_is_asked_every_two_seconds);
	tcase_add_test(tc, conflicts_without_end_are_not_chased);
	tcase_add_loop_test(tc, garbage_is_not_acted_on, 0, (int)OG_COUNT(garbage));
	tcase_add_test(tc, a_lease_without_spec_is_free);
	tcase_add_test(tc, transitions_do_not_overflow);
	tcase_add_test(tc, what_others_put_into_the_lease_stays);
	tcase_add_test(tc, a_wall_clock_that_stands_still_does_not_hide_renewals);
	tcase_add_test(tc, a_write_that_was_changed_on_the_way_is_no_claim);
	tcase_add_test(tc, leaders_are_told_once);
	tcase_add_test(tc, answers_nobody_asked_for_are_ignored);
	tcase_add_test(tc, spans_at_the_end_of_time_do_not_overflow);
	tcase_add_test(tc, without_memory_nothing_begins);
	suite_add_tcase(s, tc);
	return og_suite_run(s);
}
