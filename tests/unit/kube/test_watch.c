/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How a watch goes on. Names in brackets are those of client-go's tests
 * (tools/cache/reflector_test.go) with the same scenario.
 */
#include "watch_rig.h"

/* ---- the watch ---- */

START_TEST(resumes_where_it_was) /* [ResourceVersionUpdate, WatchTimeout] */
{
	synced();
	fake_text(EV("ADDED", "c", "11") EV("MODIFIED", "a", "12"));
	fake_done();
	ck_assert_int_ge(fake_wait(1100), 0);
	ck_watch("12");
	fake_open();
	fake_advance(300000);
	fake_done();
	ck_assert_int_eq(fake_wait(0), 0);
	ck_watch("12");
	fake_open();
	fake_text(BOOKMARK("40"));
	fake_advance(2000);
	fake_done();
	fake_wait(0);
	ck_watch("40");
	fake_open();
	fake_text(EV("DELETED", "c", "41"));
	fake_advance(2000);
	fake_cut(200);
	ck_assert_int_ge(fake_wait(2000), 500);
	ck_watch("41");
	ck_told("+c@11 ~a@12 -c@11 ");
	ck_turns("");
	look();
	ck_assert_uint_eq(info.lists, 1);
	ck_assert_uint_eq(info.bookmarks, 1);
	ck_assert_uint_eq(info.events, 3);
}
END_TEST

START_TEST(a_cut_frame_is_not_used)
{
	synced();
	fake_text(EV(
		"MODIFIED", "a", "11") "{\"type\":\"MODIFIED\",\"object\":{\"metadata\":{\"name\"");
	fake_advance(2000);
	fake_done(); /* a proxy may end it cleanly */
	ck_told("~a@11 ");
	ck_assert_int_ge(fake_wait(2000), 500);
	ck_watch("11");
	fake_open();
	fake_text(EV("MODIFIED", "b", "12"));
	ck_told("~b@12 ");
	ck_turns("");
}
END_TEST

START_TEST(events_twice_and_late)
{
	synced();
	fake_text(EV("ADDED", "a", "1") EV("MODIFIED", "a", "11") EV("MODIFIED", "a", "11"));
	fake_text(EV("DELETED", "b", "12") EV("DELETED", "b", "12") EV("DELETED", "none", "13"));
	ck_told("~a@11 -b@2 ");
	ck_state(OG_WATCH_SYNCED);
}
END_TEST

START_TEST(
	throttled_watch_does_not_list) /* [BackoffOnTooManyRequests, NoRelistOnTooManyRequests] */
{
	synced();
	fake_text(ERR(429, "TooManyRequests"));
	for (int i = 0; i < 8; i++) {
		ck_assert_int_ge(fake_wait(70000), 500);
		ck_watch("10");
		fake_fails(.http = 429, .reason = "TooManyRequests");
	}
	ck_state(OG_WATCH_FAILING);
	ck_turns("failing ");
	fake_wait(70000);
	ck_watch("10");
	fake_open();
	fake_advance(2100);
	ck_turns("synced ");
	look();
	ck_assert_uint_eq(info.lists, 1);
	ck_assert_uint_eq(info.faults, 9);
	ck_assert_str_eq(info.error, "");
}
END_TEST

START_TEST(retry_after_is_obeyed)
{
	synced();
	fake_fails(.http = 429, .retry_after = 20);
	int64_t ms = fake_wait(41000);
	ck_assert(ms >= 20000 && ms <= 40000);
	fake_fails(.http = 503, .retry_after = 86400); /* but not a day */
	ms = fake_wait(601000);
	ck_assert(ms >= 300000 && ms <= 600000);
	ck_watch("10");
	fake_text(
		"{\"type\":\"ERROR\",\"object\":{\"code\":429,\"details\":{\"retryAfterSeconds\":9}}}");
	ms = fake_wait(18100);
	ck_assert(ms >= 9000);
}
END_TEST

START_TEST(server_errors_resume_the_watch) /* [RetryInternalError] */
{
	synced();
	for (int i = 0; i < 4; i++) {
		fake_text(ERR(500, "InternalError"));
		ck_assert_int_ge(fake_wait(70000), 0);
		ck_watch("10");
		fake_open();
	}
	/* an event is progress: the row begins anew */
	fake_text(EV("MODIFIED", "a", "11"));
	for (int i = 0; i < 4; i++) {
		fake_text(ERR(500, "InternalError"));
		ck_assert_int_ge(fake_wait(70000), 0);
		ck_watch("11");
		fake_open();
	}
	fake_text(ERR(500, "InternalError"));
	fake_wait(70000);
	ck_list("11", NULL, NULL); /* five in a row: perhaps it is this version */
}
END_TEST

START_TEST(nobody_listens)
{
	synced();
	fake_cut(200);
	ck_turns("");
	look();
	ck_assert_int_gt(info.disconnected_ns, 0);
	int64_t since = info.disconnected_ns;
	for (int i = 0; i < 6; i++) {
		ck_assert_int_ge(fake_wait(70000), 500);
		ck_watch("10");
		fake_cut(0);
	}
	ck_turns("failing ");
	ck_assert_uint_eq(og_store_count(store), 2); /* what is known stays */
	ck_assert(og_store_synced(store));
	look();
	ck_assert_int_eq(info.disconnected_ns, since);
	fake_wait(70000);
	fake_open();
	look();
	ck_assert_int_eq(info.disconnected_ns, 0);
	fake_text(EV("MODIFIED", "a", "11")); /* proves it before the two seconds are over */
	ck_turns("synced ");
}
END_TEST

START_TEST(waits_grow_and_start_anew)
{
	synced();
	int64_t low = 800;
	for (int i = 0; i < 10; i++) {
		fake_cut(0);
		int64_t ms = fake_wait(70000);
		ck_assert_msg(
			ms >= low && ms <= 2 * low + 10, "wait %d was %lld", i, (long long)ms);
		low = low * 2 > 30000 ? 30000 : low * 2;
	}
	fake_open();
	fake_advance(121000);
	fake_cut(200);
	int64_t ms = fake_wait(70000);
	ck_assert(ms >= 800 && ms <= 1610);
}
END_TEST

START_TEST(over_at_once) /* very short watch */
{
	synced();
	fake_advance(298000);
	fake_done();
	fake_wait(0);
	fake_open();
	fake_done();
	look();
	ck_assert_ptr_nonnull(strstr(info.error, "ended at once"));
	ck_assert_int_ge(fake_wait(2000), 800);
	ck_list("10", NULL, NULL); /* if watches do not work, lists have to */
	fake_list(LIST("11", "", OBJ("a", "1")));
	fake_wait(0);
	ck_watch("11");
	fake_open();
	fake_done();
	ck_state(OG_WATCH_FAILING);
	ck_assert_int_ge(fake_wait(10000), 800);
	fake_list(LIST("12", "", OBJ("a", "1")));
	ck_state(OG_WATCH_FAILING); /* a list alone does not mend it */
	fake_wait(0);
	fake_open();
	fake_advance(2100);
	ck_turns("failing synced ");
}
END_TEST

START_TEST(short_but_with_events_is_fine)
{
	synced();
	fake_done();
	fake_wait(1000);
	for (int i = 0; i < 20; i++) {
		fake_open();
		fake_text(BOOKMARK("11"));
		fake_done();
		ck_assert_int_ge(fake_wait(1100), 500); /* without becoming a busy loop */
		ck_watch("11");
	}
	look();
	ck_assert_uint_eq(info.lists, 1);
	ck_assert_uint_eq(info.faults, 0);
}
END_TEST

static const struct {
	const char *text;
	bool skip; /* left out alone; else the stream ends */
} odd_frames[] = {
	{"{}\n", true},
	{"{\"type\":\"ADDED\"}\n", true},
	{"{\"type\":\"ADDED\",\"object\":null}\n", true},
	{"{\"type\":\"ADDED\",\"object\":[]}\n", true},
	{"{\"type\":\"ADDED\",\"object\":{}}\n", true},
	{"{\"type\":\"ADDED\",\"object\":{\"metadata\":{\"name\":7}}}\n", true},
	{"{\"type\":\"added\",\"object\":" OBJ("x", "9") "}\n", true},
	{"{\"type\":\"PATCHED\",\"object\":" OBJ("x", "9") "}\n", true},
	{"{\"type\":7,\"object\":" OBJ("x", "9") "}\n", true},
	{"{\"object\":" OBJ("x", "9") "}\n", true},
	{"{\"type\":\"ADDED\",\"object\":{\"metadata\":{\"name\":\"\xff\"}}}\n", true},
	{"{\"type\":\"ADDED\",\"object\":{\"metadata\":{name:1}}}\n", true},
	{"{\"type\":\"DELETED\",\"object\":{\"metadata\":{}}}\n", true},
	{"[]\n", false},
	{"null\n", false},
	{"<html>\n", false},
	{"}\n", false},
	{"{\"type\":]\n", false},
	{"\xEF\xBB\xBF{}\n", false},
	{"\"ADDED\"\n", false},
};

START_TEST(odd_frames_do_no_harm)
{
	synced();
	fake_text(odd_frames[_i].text);
	look();
	ck_assert_uint_eq(info.skipped, odd_frames[_i].skip);
	ck_assert_uint_eq(info.faults, !odd_frames[_i].skip);
	ck_assert_int_ne(info.error[0], '\0');
	ck_told("");
	if (!odd_frames[_i].skip) {
		ck_assert_int_ge(fake_wait(2000), 500);
		ck_watch("10");
		fake_open();
	} else {
		ck_assert_ptr_nonnull(strstr(info.error, "skipped an"));
	}
	fake_text(EV("MODIFIED", "a", "11"));
	ck_told("~a@11 ");
	ck_state(OG_WATCH_SYNCED);
}
END_TEST

START_TEST(garbage_in_a_row_lists_anew)
{
	synced();
	for (int i = 0; i < 5; i++) {
		ck_watch("10");
		fake_open();
		fake_text("garbage");
		fake_wait(70000);
	}
	ck_list("10", NULL, NULL);
}
END_TEST

/* ERROR events of every kind. */
static const struct {
	const char *frame;
	enum { RESUME, RELIST, RECENT, NOT_THERE, NOT_ALLOWED } then;
} errors[] = {
	{ERR(410, "Expired"), RELIST},
	{ERR(410, "Gone"), RELIST},
	{ERR(410, ""), RELIST},
	{"{\"type\":\"ERROR\",\"object\":{\"reason\":\"Expired\"}}", RELIST},
	{"{\"type\":\"ERROR\",\"object\":{\"reason\":\"Gone\",\"code\":\"410\"}}", RELIST},
	{ERR(429, "TooManyRequests"), RESUME},
	{"{\"type\":\"ERROR\",\"object\":{\"reason\":\"TooManyRequests\"}}", RESUME},
	{ERR(500, "InternalError"), RESUME},
	{"{\"type\":\"ERROR\",\"object\":{\"reason\":\"InternalError\"}}", RESUME},
	{ERR(503, "ServiceUnavailable"), RESUME},
	{ERR(504, "Timeout"), RESUME},
	{"{\"type\":\"ERROR\",\"object\":{\"code\":504,\"details\":{\"causes\":[{\"reason\":"
	 "\"ResourceVersionTooLarge\"}]}}}",
		RECENT},
	{ERR(401, "Unauthorized"), RESUME},
	{ERR(404, "NotFound"), NOT_THERE},
	{ERR(403, "Forbidden"), NOT_ALLOWED},
	{ERR(400, "BadRequest"), RELIST},
	{ERR(99999999999999999999, "x"), RESUME},
	{ERR(-1, ""), RESUME},
	{"{\"type\":\"ERROR\",\"object\":{}}", RESUME},
	{"{\"type\":\"ERROR\",\"object\":{\"metadata\":{\"name\":\"a\"}}}", RESUME},
};

START_TEST(error_events)
{
	synced();
	fake_text(errors[_i].frame);
	switch (errors[_i].then) {
	case NOT_THERE:
		ck_state(OG_WATCH_ABSENT);
		ck_told("-a@1? -b@2? ! ");
		return;
	case NOT_ALLOWED: /* doubted at first */
		for (int i = 0; i < 4; i++) {
			ck_assert_int_ge(fake_wait(9000), 0);
			ck_watch("10");
			fake_text(errors[_i].frame);
		}
		ck_state(OG_WATCH_FORBIDDEN);
		ck_told("");
		return;
	default:
		break;
	}
	ck_assert_int_ge(fake_wait(3000), 0);
	if (errors[_i].then == RESUME)
		ck_watch("10");
	else if (errors[_i].then == RELIST)
		ck_list("10", NULL, NULL);
	else
		ck_list(NULL, "500", NULL);
	ck_told("");
	ck_turns("");
}
END_TEST

START_TEST(http_errors_of_a_watch)
{
	static const struct {
		int http;
		bool list;
	} rows[] = {{410, true}, {400, true}, {422, true}, {401, false}, {429, false}, {500, false},
		{502, false}, {503, false}, {504, false}, {302, false}, {409, false}};
	synced();
	fake_fails(.http = rows[_i].http);
	ck_assert_int_ge(fake_wait(3000), 0);
	if (rows[_i].list)
		ck_list("10", NULL, NULL);
	else
		ck_watch("10");
}
END_TEST

/* ---- silence ---- */

START_TEST(silence_after_bookmarks)
{
	synced();
	fake_text(BOOKMARK("11"));
	fake_advance(179000);
	ck_assert(fake.live);
	ck_assert_uint_eq(fake.cancels, 0);
	fake_text(BOOKMARK("12")); /* half a frame would do as well */
	fake_advance(179000);
	ck_assert(fake.live);
	fake_advance(2000);
	ck_assert_uint_eq(fake.cancels, 1);
	ck_assert_int_ge(fake_wait(2100), 0);
	ck_watch("12");
	ck_turns("");
	/* and one that does not even begin to answer */
	fake_advance(181000);
	ck_assert_uint_eq(fake.cancels, 2);
}
END_TEST

START_TEST(silence_without_bookmarks_may_be_peace)
{
	synced();
	int s = (int)strtol(fake_param("timeoutSeconds"), NULL, 10);
	fake_advance((s + 10) * 1000 - 2100 - 100);
	ck_assert_uint_eq(fake.cancels, 0);
	fake_advance(200); /* but the server should have ended it by now */
	ck_assert_uint_eq(fake.cancels, 1);
	ck_assert_int_ge(fake_wait(2100), 0);
	ck_watch("10");
}
END_TEST

START_TEST(a_streamed_list_that_stands_still)
{
	begin();
	fake_wait(0);
	fake_advance(59000);
	ck_assert(fake.live);
	fake_advance(2000);
	ck_assert_uint_eq(fake.cancels, 1);
	ck_state(OG_WATCH_FAILING);
	ck_assert_ptr_nonnull(strstr(info.error, "silent"));
	ck_assert_int_ge(fake_wait(2000), 0);
	ck_initial(NULL); /* there was no answer at all: it may be the network */
}
END_TEST

static const char *fake_waits;
static void say_waits(void *ctx, const struct og_kube_call *c, struct og_buf *out)
{
	ck_assert_ptr_eq(ctx, &fake);
	ck_assert_ptr_eq(c, &fake);
	ck_assert(fake.live);
	og_buf_str(out, fake_waits);
}

#define ck_waits(want)                              \
	do {                                        \
		look();                             \
		ck_assert_str_eq(info.waits, want); \
	} while (0)

/* Whatever a first list waits for, it is said; and it does not wait for ever. */
START_TEST(a_list_says_what_it_waits_for)
{
	bool streamed = _i;
	opts.no_watch_list = !streamed;
	fake.seam.waits = say_waits;
	fake_waits = "its turn, behind 3 requests";
	begin();
	ck_waits("the loop's next turn");
	fake_wait(0);
	ck_waits("its turn, behind 3 requests");
	fake_advance(5000);
	ck_waits("its turn, behind 3 requests (5 s)");
	fake_waits = "the server's answer";
	fake_advance(1000);
	ck_waits("the server's answer (6 s)");
	ck_state(OG_WATCH_STARTING);
	fake_open();
	if (streamed)
		fake_text(EV("ADDED", "a", "5"));
	fake_advance(1000);
	ck_waits(streamed ? "the end of the answer; 1 objects are held (7 s)"
			  : "the end of the answer; 0 objects are held (7 s)");
	fake_cut(200);
	ck_state(OG_WATCH_FAILING);
	ck_waits("");
	ck_assert_str_ne(info.error, "");
	fake_waits = "credentials";
	ck_assert_int_ge(fake_wait(3000), 0);
	ck_waits("credentials");
	ck_state(OG_WATCH_FAILING);
	if (streamed)
		fake_text(MARK("9"));
	else
		fake_list(LIST("9", "", ""));
	ck_waits("");
}
END_TEST

START_TEST(silence_says_what_was_waited_for)
{
	fake.seam.waits = say_waits;
	fake_waits = "credentials";
	begin();
	fake_wait(0);
	fake_advance(61000);
	ck_assert_uint_eq(fake.cancels, 1);
	ck_state(OG_WATCH_FAILING);
	ck_assert_str_eq(info.error,
		"the watch of things.apps has been silent for 61 s; it waits for credentials");
}
END_TEST

/* Also where no bookmark was ever seen: what is open may be at peace, what is not is not there. */
START_TEST(a_watch_that_is_never_answered)
{
	opts.no_watch_list = true;
	begin();
	fake_wait(0);
	fake_list(LIST("10", "", OBJ("a", "1")));
	ck_assert_int_ge(fake_wait(0), 0);
	ck_watch("10");
	fake_advance(179000);
	ck_assert_uint_eq(fake.cancels, 0);
	look();
	ck_assert_int_ne(info.disconnected_ns, 0);
	fake_advance(2000);
	ck_assert_uint_eq(fake.cancels, 1);
	ck_assert_int_ge(fake_wait(2100), 0);
	ck_watch("10");
}
END_TEST

/* ---- any bytes, any cuts ---- */

START_TEST(a_body_in_every_cut)
{
	static const char body[] = EV("ADDED", "a", "5") EV("ADDED", "b\\\"", "3") MARK("9")
		EV("DELETED", "a", "10") BOOKMARK("12");
	for (size_t cut = 0; cut < sizeof(body) - 1; cut++) {
		begin();
		fake_wait(0);
		fake_open();
		fake_data(og_sv(body, cut));
		fake_data(og_sv(body + cut, sizeof(body) - 1 - cut));
		ck_told("+a@5 +b\"@3 ! -a@5 ");
		fake_advance(2000);
		fake_done();
		fake_wait(0);
		ck_watch("12");
		teardown();
		setup();
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("kube/watch");
	TCase *tc = watch_tcase(s, "watch");
	tcase_add_test(tc, resumes_where_it_was);
	tcase_add_test(tc, a_cut_frame_is_not_used);
	tcase_add_test(tc, events_twice_and_late);
	tcase_add_test(tc, throttled_watch_does_not_list);
	tcase_add_test(tc, retry_after_is_obeyed);
	tcase_add_test(tc, server_errors_resume_the_watch);
	tcase_add_test(tc, nobody_listens);
	tcase_add_test(tc, waits_grow_and_start_anew);
	tcase_add_test(tc, over_at_once);
	tcase_add_test(tc, short_but_with_events_is_fine);
	tcase_add_loop_test(tc, odd_frames_do_no_harm, 0, (int)OG_COUNT(odd_frames));
	tcase_add_test(tc, garbage_in_a_row_lists_anew);
	tcase_add_loop_test(tc, error_events, 0, (int)OG_COUNT(errors));
	tcase_add_loop_test(tc, http_errors_of_a_watch, 0, 11);
	tcase_add_test(tc, silence_after_bookmarks);
	tcase_add_test(tc, silence_without_bookmarks_may_be_peace);
	tcase_add_test(tc, a_streamed_list_that_stands_still);
	tcase_add_loop_test(tc, a_list_says_what_it_waits_for, 0, 2);
	tcase_add_test(tc, silence_says_what_was_waited_for);
	tcase_add_test(tc, a_watch_that_is_never_answered);
	tcase_add_test(tc, a_body_in_every_cut);
	return og_suite_run(s);
}
