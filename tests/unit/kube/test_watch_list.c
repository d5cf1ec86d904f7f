/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How a watch gets the whole. Names in brackets are those of client-go's tests
 * (tools/cache/reflector_test.go) with the same scenario.
 */
#include "watch_rig.h"

/* ---- the first list ---- */

START_TEST(streamed_list) /* [WatchList, InitialEventsEndBookmarkTicker] */
{
	begin();
	ck_assert(!fake.live); /* not from within start */
	ck_assert_int_eq(fake_wait(0), 0);
	ck_initial(NULL);
	ck_assert_str_eq(fake.res, "apps/v1//things/");
	fake_open();
	fake_text(EV("ADDED", "a", "5") EV("ADDED", "b", "3"));
	ck_state(OG_WATCH_STARTING);
	ck_assert(!og_store_synced(store));
	fake_text(BOOKMARK("7")); /* not yet the mark */
	ck_assert(!og_store_synced(store));
	fake_text(MARK("9"));
	ck_state(OG_WATCH_SYNCED);
	ck_told("+a@5 +b@3 ! ");
	ck_turns("synced ");
	ck_assert(info.streamed);
	ck_assert_uint_eq(info.lists, 1);
	ck_assert_uint_eq(info.objects, 2);
	ck_assert_int_eq(info.disconnected_ns, 0);
	/* the same request goes on as the watch */
	fake_text(EV("MODIFIED", "a", "12") EV("DELETED", "b", "13"));
	ck_told("~a@12 -b@3 ");
	fake_advance(1500);
	fake_done();
	ck_assert_int_eq(fake_wait(0), 0);
	ck_watch("13");
}
END_TEST

START_TEST(versions_of_initial_events_do_not_count)
{
	begin();
	fake_wait(0);
	fake_open();
	fake_text(EV("ADDED", "a", "99") MARK("50"));
	fake_advance(5000);
	fake_done();
	fake_wait(0);
	ck_watch("50");
}
END_TEST

static const int refused_codes[] = {400, 405, 406, 415, 422, 501};

START_TEST(streamed_list_is_not_offered)
{
	begin();
	fake_wait(0);
	fake_fails(.http = refused_codes[_i]);
	ck_assert_int_eq(fake_wait(0), 0); /* at once */
	ck_list("0", "500", NULL);
	fake_list(LIST("10", "", OBJ("a", "1")));
	ck_state(OG_WATCH_SYNCED);
	ck_turns("synced ");
	ck_told("+a@1 ! ");
	ck_assert(!info.streamed);
	fake_wait(0);
	ck_watch("10");
	fake_open();
	fake_text(ERR(410, "Expired"));
	ck_assert_int_ge(fake_wait(2100), 0);
	ck_list("10", NULL, NULL); /* remembered */
}
END_TEST

START_TEST(streamed_list_fails_again_and_again)
{
	begin();
	for (int i = 0; i < 3; i++) {
		ck_assert_int_ge(fake_wait(10000), 0);
		ck_initial(NULL);
		fake_open();
		fake_text(EV("ADDED", "a", "1"));
		fake_cut(200);
		ck_state(OG_WATCH_FAILING);
	}
	ck_assert_int_ge(fake_wait(20000), 0);
	ck_list("0", "500", NULL); /* progress is better than beauty */
	fake_list(LIST("10", "", OBJ("a", "1")));
	fake_wait(0);
	ck_watch("10");
	fake_open();
	fake_advance(3000);
	ck_state(OG_WATCH_SYNCED);
	ck_turns("failing synced ");
	fake_text(ERR(410, "Expired"));
	ck_assert_int_ge(fake_wait(2100), 0);
	ck_initial("10"); /* and tried again next time */
}
END_TEST

START_TEST(streamed_list_without_its_mark)
{
	/* a server that does not know the parameters: an ordinary watch */
	begin();
	fake_wait(0);
	fake_open();
	fake_text(EV("ADDED", "a", "1"));
	fake_advance(61000);
	ck_assert_uint_eq(fake.cancels, 1);
	ck_assert_int_ge(fake_wait(3000), 0);
	ck_list("0", "500", NULL);
	fake_list(LIST("5", "", OBJ("a", "1")));
	ck_told("+a@1 ! ");
}
END_TEST

START_TEST(streamed_list_is_cut_before_its_mark)
{
	begin();
	fake_wait(0);
	fake_open();
	fake_text(EV("ADDED", "a", "1"));
	fake_done(); /* clean, but too early */
	ck_state(OG_WATCH_FAILING);
	ck_assert_ptr_nonnull(strstr(info.error, "before all initial events"));
	ck_assert(!og_store_synced(store));
	ck_assert_int_ge(fake_wait(3000), 500);
	ck_initial(NULL);
	fake_open();
	fake_text(EV("ADDED", "b", "2") MARK("3"));
	ck_told("+a@1 +b@2 -a@1? ! ");
}
END_TEST

START_TEST(throttled_streamed_list_is_asked_again)
{
	begin();
	for (int i = 0; i < 5; i++) { /* never given up for a plain list */
		ck_assert_int_ge(fake_wait(70000), 0);
		ck_initial(NULL);
		fake_fails(.http = 429);
	}
	ck_state(OG_WATCH_FAILING);
	ck_assert_int_eq(info.http, 429);
}
END_TEST

START_TEST(plain_list_in_pages)
{
	opts.no_watch_list = true;
	opts.page = 2;
	begin();
	fake_wait(0);
	ck_list("0", "2", NULL);
	fake_list(LIST("10", "c1/+=", OBJ("a", "1") "," OBJ("b", "2")));
	ck_assert_int_eq(fake_wait(0), 0);
	ck_list(NULL, "2", "c1/%2B%3D"); /* version and token exclude each other */
	ck_assert(!og_store_synced(store));
	fake_list(LIST("11", "c2", OBJ("c", "3") "," OBJ("d", "4")));
	fake_wait(0);
	ck_list(NULL, "2", "c2");
	fake_list(LIST("12", "", OBJ("e", "5")));
	ck_told("+a@1 +b@2 +c@3 +d@4 +e@5 ! ");
	fake_wait(0);
	ck_watch("10"); /* the version of the first page */
	look();
	ck_assert_uint_eq(info.lists, 3);
	ck_assert_uint_eq(info.syncs, 1);
}
END_TEST

#define REST(rv, cont, rest, items)                                          \
	"{\"metadata\":{\"resourceVersion\":\"" rv "\",\"continue\":\"" cont \
	"\",\"remainingItemCount\":" rest "},\"items\":[" items "]}"

/* How far it is, and how much it will be where the server says so. */
START_TEST(pages_are_counted)
{
	opts.no_watch_list = true;
	begin();
	fake_wait(0);
	fake_list(REST("10", "c1", "3", OBJ("a", "1") "," OBJ("b", "2")));
	look();
	ck_assert_uint_eq(info.listed, 2);
	ck_assert_uint_eq(info.list_total, 5);
	fake_wait(0);
	/* one went away meanwhile: the last count is the better one */
	fake_list(REST("11", "c2", "1", OBJ("c", "3")));
	look();
	ck_assert_uint_eq(info.listed, 3);
	ck_assert_uint_eq(info.list_total, 4);
	fake_wait(0);
	fake_list(LIST("12", "", OBJ("d", "4")));
	look();
	ck_assert_uint_eq(info.listed, 4);
	/* what comes as a watch is no list */
	fake_wait(0);
	fake_open();
	fake_text(EV("ADDED", "e", "13"));
	look();
	ck_assert_uint_eq(info.listed, 4);
}
END_TEST

static const char *const no_totals[] = {"0", "-1", "\"7\"", "null", "1.5", "{}"};

START_TEST(totals_that_are_none)
{
	og_auto_buf struct og_buf b = OG_BUF_INIT(0);

	opts.no_watch_list = true;
	begin();
	fake_wait(0);
	og_buf_fmt(&b,
		"{\"metadata\":{\"resourceVersion\":\"10\",\"continue\":\"c1\","
		"\"remainingItemCount\":%s},\"items\":[" OBJ("a", "1") "]}",
		no_totals[_i]);
	fake_list(b.p);
	look();
	ck_assert_uint_eq(info.listed, 1);
	ck_assert_uint_eq(info.list_total, 0);
}
END_TEST

START_TEST(pages_expire) /* [FullListIfExpired] */
{
	opts.no_watch_list = true;
	begin();
	fake_wait(0);
	fake_list(LIST("10", "c1", OBJ("a", "1")));
	fake_wait(0);
	fake_fails(.http = 410, .reason = "Expired");
	ck_assert_int_eq(fake_wait(0), 0);
	ck_list("0", NULL, NULL); /* all at once */
	fake_list(LIST("11", "", OBJ("b", "2")));
	ck_told("+a@1 +b@2 -a@1? ! ");
	fake_wait(0);
	ck_watch("11");
}
END_TEST

START_TEST(the_full_list_expires_too)
{
	opts.no_watch_list = true;
	begin();
	fake_wait(0);
	fake_list(LIST("10", "c1", OBJ("a", "1")));
	fake_wait(0);
	fake_fails(.http = 410);
	fake_wait(0);
	ck_list("0", NULL, NULL);
	fake_fails(.http = 410);
	ck_assert_int_eq(fake_wait(0), 0);
	ck_list(NULL, "500", NULL); /* the most recent state */
	fake_fails(.http = 410);
	ck_state(OG_WATCH_FAILING);
	ck_assert_int_ge(fake_wait(2000), 500); /* no more at once */
	ck_list(NULL, "500", NULL);
	look();
	ck_assert_uint_eq(info.expired, 3);
}
END_TEST

START_TEST(the_same_page_for_ever)
{
	opts.no_watch_list = true;
	begin();
	fake_wait(0);
	fake_list(LIST("10", "c1", OBJ("a", "1")));
	fake_wait(0);
	fake_list(LIST("10", "c1", OBJ("a", "1")));
	ck_state(OG_WATCH_FAILING);
	ck_assert_ptr_nonnull(strstr(info.error, "does not go on"));
	ck_assert(!fake.live);
	ck_assert(!og_store_synced(store));
}
END_TEST

START_TEST(a_server_that_pages_always) /* [NotPaginatingNotConsistentReads] */
{
	opts.no_watch_list = true;
	opts.page = 1;
	begin();
	fake_wait(0);
	ck_list("0", "1", NULL);
	fake_list(LIST("10", "c1", OBJ("a", "1")));
	fake_wait(0);
	fake_list(LIST("10", "", OBJ("b", "1")));
	fake_wait(0);
	fake_open();
	fake_text(ERR(410, "Expired"));
	fake_wait(2100);
	/* there is no cache: pages, and then of the most recent state */
	ck_list(NULL, "1", NULL);
}
END_TEST

START_TEST(a_list_of_a_known_version_has_no_pages) /* [NotPaginatingNotConsistentReads] */
{
	synced();
	fake_text(ERR(410, "Expired"));
	fake_wait(2100);
	ck_list("10", NULL, NULL);
}
END_TEST

START_TEST(a_list_may_be_too_old) /* [ExpiredExactResourceVersion] */
{
	synced();
	fake_text(ERR(410, "Gone"));
	fake_wait(2100);
	ck_list("10", NULL, NULL);
	fake_fails(.http = 410, .reason = "Expired");
	ck_assert_int_eq(fake_wait(0), 0);
	ck_list(NULL, "500", NULL);
	fake_list(LIST("20", "", OBJ("b", "2")));
	fake_wait(0);
	ck_watch("20");
	ck_told("-a@1? ! ");
	ck_turns("");
	look();
	ck_assert_uint_eq(info.expired, 2);
}
END_TEST

START_TEST(a_list_may_be_too_new) /* [FullListIfTooLarge] */
{
	static const struct fake_status how[] = {
		{.http = 504, .reason = "Timeout", .cause = "ResourceVersionTooLarge"},
		{.http = 504, .reason = "Timeout", .message = "Too large resource version: 7"},
	};
	synced();
	fake_text(ERR(410, "Expired"));
	fake_wait(2100);
	fake_status(how[_i]);
	ck_assert_int_eq(fake_wait(0), 0);
	ck_list(NULL, "500", NULL);
	fake_list(LIST("3", "", OBJ("a", "1")));
	fake_wait(0);
	ck_watch("3");
}
END_TEST

START_TEST(too_new_is_not_asked_for_at_once_for_ever)
{
	synced();
	fake_text(ERR(410, "Expired"));
	fake_wait(2100);
	fake_fails(.http = 504, .cause = "ResourceVersionTooLarge");
	fake_wait(0);
	fake_fails(.http = 504, .cause = "ResourceVersionTooLarge");
	ck_assert_int_ge(fake_wait(2000), 500);
	ck_list(NULL, "500", NULL);
}
END_TEST

START_TEST(deletions_that_nobody_saw) /* [ReplacesStoreOnUnsafeDelete] */
{
	synced();
	/* what an unsafe deletion of a corrupt object leaves in the stream */
	fake_text(ERR(500, "StoreReadError"));
	ck_assert_int_ge(fake_wait(2000), 0);
	ck_watch("10");
	fake_text(ERR(410, "Expired"));
	fake_wait(2100);
	fake_list(LIST("30", "", OBJ("b", "2")));
	ck_told("-a@1? ! ");
}
END_TEST

/* Bodies with 200 that are no list. */
static const struct {
	const char *body, *why;
} no_lists[] = {
	{"", "was cut"},
	{"{", "was cut"},
	{LIST("10", "", OBJ("a", "1") ",{\"metadata\":"), "bracket"},
	{"{\"kind\":\"ThingList\",\"metadata\":{\"resourceVersion\":\"1\"},\"items\":[{}",
		"was cut"},
	{"[]", "an object was expected"},
	{"null", "an object was expected"},
	{"<html>", "an object was expected"},
	{"{\"kind\":\"Status\",\"code\":200}", "no items"},
	{"{\"metadata\":{\"resourceVersion\":\"1\"},\"items\":{}}", "`items` is not an array"},
	{"{\"metadata\":{\"resourceVersion\":\"1\"},\"items\":[1}", "comma"},
	{"{\"metadata\":{},\"items\":[]}", "no resourceVersion"},
	{"{\"metadata\":{\"resourceVersion\":\"\"},\"items\":[]}", "no resourceVersion"},
	{"{\"metadata\":{\"resourceVersion\":7},\"items\":[]}", "no resourceVersion"},
	{"{\"metadata\":{\"resourceVersion\":\"1\"},\"a\":tru,\"items\":[]}", "is broken"},
	{"{\"metadata\":{\"resourceVersion\":\"1\"},\"a\":1,\"a\":1,\"items\":[]}", "is broken"},
	{LIST("1", "", "") LIST("2", "", ""), "nothing was expected"},
};

START_TEST(what_is_no_list_is_not_taken)
{
	opts.no_watch_list = true;
	begin();
	fake_wait(0);
	fake_list(LIST("10", "", OBJ("a", "1")));
	fake_wait(0);
	fake_text(ERR(410, "Expired"));
	fake_wait(2100);
	og_buf_reset(&told);
	fake_list(no_lists[_i].body);
	look();
	ck_assert_msg(strstr(info.error, no_lists[_i].why) != NULL, "%s", info.error);
	ck_assert_uint_eq(info.faults, 1);
	ck_assert_uint_eq(og_store_count(store), 1); /* nothing is gone because of it */
	ck_told("");
	ck_assert_int_ge(fake_wait(2000), 500);
	ck_list("10", NULL, NULL);
}
END_TEST

START_TEST(members_in_another_order)
{
	opts.no_watch_list = true;
	begin();
	fake_wait(0);
	fake_list("{\"items\":[" OBJ("a", "1") "],\"metadata\":{\"continue\":\"\","
					       "\"resourceVersion\":\"77\"},\"kind\":\"X\"}");
	fake_wait(0);
	ck_watch("77");
	fake_open();
	fake_text("{\"object\":" OBJ("a", "2") ",\"type\":\"MODIFIED\"}");
	ck_told("+a@1 ! ~a@2 ");
}
END_TEST

START_TEST(no_items_at_all)
{
	opts.no_watch_list = true;
	begin();
	fake_wait(0);
	fake_list("{\"metadata\":{\"resourceVersion\":\"77\"},\"items\":null}");
	ck_told("! ");
	ck_state(OG_WATCH_SYNCED);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("kube/watch_list");
	TCase *tc = watch_tcase(s, "list");
	tcase_add_test(tc, streamed_list);
	tcase_add_test(tc, versions_of_initial_events_do_not_count);
	tcase_add_loop_test(tc, streamed_list_is_not_offered, 0, (int)OG_COUNT(refused_codes));
	tcase_add_test(tc, streamed_list_fails_again_and_again);
	tcase_add_test(tc, streamed_list_without_its_mark);
	tcase_add_test(tc, streamed_list_is_cut_before_its_mark);
	tcase_add_test(tc, throttled_streamed_list_is_asked_again);
	tcase_add_test(tc, plain_list_in_pages);
	tcase_add_test(tc, pages_are_counted);
	tcase_add_loop_test(tc, totals_that_are_none, 0, (int)OG_COUNT(no_totals));
	tcase_add_test(tc, pages_expire);
	tcase_add_test(tc, the_full_list_expires_too);
	tcase_add_test(tc, the_same_page_for_ever);
	tcase_add_test(tc, a_server_that_pages_always);
	tcase_add_test(tc, a_list_of_a_known_version_has_no_pages);
	tcase_add_test(tc, a_list_may_be_too_old);
	tcase_add_loop_test(tc, a_list_may_be_too_new, 0, 2);
	tcase_add_test(tc, too_new_is_not_asked_for_at_once_for_ever);
	tcase_add_test(tc, deletions_that_nobody_saw);
	tcase_add_loop_test(tc, what_is_no_list_is_not_taken, 0, (int)OG_COUNT(no_lists));
	tcase_add_test(tc, members_in_another_order);
	tcase_add_test(tc, no_items_at_all);
	return og_suite_run(s);
}
