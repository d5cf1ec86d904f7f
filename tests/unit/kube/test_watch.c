/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The reflector against a scripted client, on a clock of the test's own. Names in brackets are
 * those of client-go's tests (tools/cache/reflector_test.go) with the same scenario.
 */
#include "../../../src/kube/watch-priv.h"
#include "fake_kube.h"
#include "support/suite.h"

static struct og_store *store;
static struct og_watch *watch;
static struct og_buf told, states;
static struct og_watch_info info;

static void listener(void *ctx, enum og_store_change what, const struct og_record *old,
	const struct og_record *now, bool stale)
{
	(void)ctx;
	const struct og_record *r = now ? now : old;
	if (!r)
		og_buf_lit(&told, "! ");
	else
		og_buf_fmt(&told, "%c%.*s@%.*s%s ", "+~-"[what], OG_SV_ARG(r->name),
			OG_SV_ARG(r->resource_version), stale ? "?" : "");
}

static void on_state(void *ctx, enum og_watch_state s, const struct og_err *why)
{
	ck_assert_ptr_eq(ctx, &states);
	ck_assert(s != OG_WATCH_SYNCED || og_store_synced(store));
	(void)why;
	og_buf_fmt(&states, "%s ", og_watch_state_name(s));
}

#define ck_text(buf, want)                                      \
	do {                                                    \
		og_buf_lit(&(buf), "");                         \
		ck_assert_str_eq((buf).p ? (buf).p : "", want); \
		og_buf_reset(&(buf));                           \
		if ((buf).p)                                    \
			(buf).p[0] = '\0';                      \
	} while (0)
#define ck_told(want)  ck_text(told, want)
#define ck_turns(want) ck_text(states, want)

static struct og_store_opts store_opts;
static struct og_watch_opts opts;

static void begin(void)
{
	ck_assert_int_eq(og_store_new(&store_opts, &store, NULL), 0);
	ck_assert_int_eq(og_store_listen(store, listener, NULL, NULL), 0);
	opts.store = store;
	struct og_err err = OG_ERR_INIT;
	ck_assert_msg(watch_start(&opts, &fake.seam, &watch, &err) == 0, "%s", err.msg);
}

static void setup(void)
{
	fake_init();
	og_buf_init(&told, 0);
	og_buf_init(&states, 0);
	og_buf_reserve(&told, 1000);
	og_buf_reserve(&states, 1000);
	store_opts = (struct og_store_opts){.name = "things", .seed = 3};
	opts = (struct og_watch_opts){.res = {.group = OG_SV("apps"),
					      .version = OG_SV("v1"),
					      .resource = OG_SV("things")},
		.seed = 11,
		.on_state = on_state,
		.ctx = &states};
	watch = NULL;
	store = NULL;
}

static void teardown(void)
{
	og_watch_stop(watch);
	ck_assert(!fake.live);
	og_store_free(store);
	fake_fini();
	og_buf_fini(&told);
	og_buf_fini(&states);
}

static void look(void)
{
	og_watch_info(watch, &info);
}

/* What the request under way has to be. "" = without; limit 0 = without. */
static void ck_param(const char *key, const char *want)
{
	const char *got = fake_param(key);
	ck_assert_msg(want ? got && strcmp(got, want) == 0 : !got, "%s is %s, not %s (%s)", key,
		got ? got : "absent", want ? want : "absent", fake.query);
}

static void ck_list(const char *rv, const char *limit, const char *cont)
{
	ck_assert(fake.live);
	ck_assert_int_eq(fake.r.verb, OG_KUBE_LIST);
	ck_param("resourceVersion", rv);
	ck_param("limit", limit);
	ck_param("continue", cont);
	ck_param("watch", NULL);
	ck_param("resourceVersionMatch", NULL);
	ck_assert_int_eq(fake.r.deadline_ms, -1);
	ck_assert_int_gt(fake.r.idle_ms, 0);
}

static void ck_stream(const char *rv, bool initial)
{
	ck_assert(fake.live);
	ck_assert_int_eq(fake.r.verb, OG_KUBE_WATCH);
	ck_param("resourceVersion", rv);
	ck_param("allowWatchBookmarks", "true");
	ck_param("sendInitialEvents", initial ? "true" : NULL);
	ck_param("resourceVersionMatch", initial ? "NotOlderThan" : NULL);
	ck_param("limit", NULL);
	int seconds = atoi(fake_param("timeoutSeconds"));
	ck_assert(seconds >= 300 && seconds <= 600);
	ck_assert_int_eq(fake.r.deadline_ms, -1);
	ck_assert_int_eq(fake.r.idle_ms, 0);
}
#define ck_watch(rv)   ck_stream(rv, false)
#define ck_initial(rv) ck_stream(rv, true)

static void ck_state(enum og_watch_state want)
{
	look();
	ck_assert_msg(
		info.state == want, "state is %s: %s", og_watch_state_name(info.state), info.error);
}

#define LIST(rv, cont, items)                                                                        \
	"{\"kind\":\"ThingList\",\"apiVersion\":\"apps/v1\",\"metadata\":{\"resourceVersion\":\"" rv \
	"\",\"continue\":\"" cont "\"},\"items\":[" items "]}"
#define OBJ(name, rv)	   "{\"metadata\":{\"name\":\"" name "\",\"resourceVersion\":\"" rv "\"}}"
#define EV(type, name, rv) "{\"type\":\"" type "\",\"object\":" OBJ(name, rv) "}\n"
#define MARK(rv)                                                                     \
	"{\"type\":\"BOOKMARK\",\"object\":{\"metadata\":{\"resourceVersion\":\"" rv \
	"\",\"annotations\":{\"k8s.io/initial-events-end\":\"true\"}}}}\n"
#define BOOKMARK(rv) \
	"{\"type\":\"BOOKMARK\",\"object\":{\"metadata\":{\"resourceVersion\":\"" rv "\"}}}\n"
#define ERR(code, reason)                                                     \
	"{\"type\":\"ERROR\",\"object\":{\"kind\":\"Status\",\"code\":" #code \
	",\"reason\":\"" reason "\",\"message\":\"m\"}}\n"

/* Synced by a plain list at version 10 with a and b, and the watch is open. */
static void synced(void)
{
	opts.no_watch_list = true;
	begin();
	ck_assert_int_ge(fake_wait(0), 0);
	fake_list(LIST("10", "", OBJ("a", "1") "," OBJ("b", "2")));
	ck_assert_int_ge(fake_wait(0), 0);
	ck_watch("10");
	fake_open();
	fake_advance(2100);
	ck_state(OG_WATCH_SYNCED);
	ck_told("+a@1 +b@2 ! ");
	ck_turns("synced ");
}

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
	case NOT_ALLOWED:
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
	int s = atoi(fake_param("timeoutSeconds"));
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

/* ---- absent, forbidden ---- */

START_TEST(absent_and_back)
{
	begin();
	fake_wait(0);
	fake_fails(.http = 404, .reason = "NotFound");
	ck_state(OG_WATCH_ABSENT);
	ck_turns("absent ");
	ck_told("! ");
	int64_t ms = fake_wait(61000);
	ck_assert(ms >= 30000 && ms <= 60010);
	fake_fails(.http = 404);
	ck_turns("");
	ck_told(""); /* once is enough */
	og_watch_poke(watch);
	ck_assert_int_eq(fake_wait(0), 0);
	ck_initial(NULL);
	fake_open();
	fake_text(EV("ADDED", "a", "1") MARK("2"));
	ck_turns("synced ");
	ck_told("+a@1 ! ");
}
END_TEST

START_TEST(absent_under_way)
{
	synced();
	fake_fails(.http = 404);
	ck_told("-a@1? -b@2? ! ");
	ck_turns("absent ");
	look();
	ck_assert_uint_eq(info.objects, 0);
	ck_assert_int_eq(info.http, 404);
	fake_wait(61000);
	ck_list("0", "500", NULL); /* another resource of the same name, for all we know */
}
END_TEST

START_TEST(forbidden_and_back)
{
	opts.no_watch_list = true;
	begin();
	fake_wait(0);
	fake_fails(.http = 403, .reason = "Forbidden", .rule = "rules:\n- verbs: [list]\n");
	ck_state(OG_WATCH_FORBIDDEN);
	ck_turns("forbidden ");
	ck_assert_str_eq(info.rule, "rules:\n- verbs: [list]\n");
	ck_assert(!og_store_synced(store));
	for (int i = 0; i < 5; i++) {
		int64_t ms = fake_wait(31000);
		ck_assert(ms >= 5000 && ms <= 30010);
		fake_fails(.http = 403);
	}
	ck_turns("");
	og_watch_poke(watch);
	ck_assert_int_eq(fake_wait(0), 0);
	fake_list(LIST("10", "", ""));
	ck_turns("synced ");
	ck_state(OG_WATCH_SYNCED);
	ck_assert_str_eq(info.rule, "");
	ck_assert_int_eq(info.http, 0);
}
END_TEST

START_TEST(forbidden_to_watch_keeps_what_is_known)
{
	synced();
	fake_fails(.http = 403);
	ck_state(OG_WATCH_FORBIDDEN);
	ck_told("");
	fake_wait(31000);
	ck_watch("10"); /* goes on where it was */
}
END_TEST

START_TEST(the_rule_of_one_object_names_it)
{
	opts.field_selector = "metadata.name=ca";
	begin();
	fake_wait(0);
	ck_param("fieldSelector", "metadata.name%3Dca");
	fake_fails(.http = 403, .rule = "a broad one");
	look();
	ck_assert_ptr_nonnull(strstr(info.rule, "resourceNames"));
	ck_assert_ptr_nonnull(strstr(info.rule, "watch"));
}
END_TEST

START_TEST(poking_what_is_fine_does_nothing)
{
	synced();
	og_watch_poke(watch);
	fake_turn();
	ck_assert_uint_eq(fake.starts, 2);
	fake_cut(0);
	og_watch_poke(watch); /* the first fault: it waits its time */
	fake_turn();
	ck_assert(!fake.live);
	fake_wait(70000);
	fake_cut(0);
	og_watch_poke(watch);
	ck_assert_int_eq(fake_wait(0), 0);
}
END_TEST

/* ---- objects that cannot be taken ---- */

static int project(void *ctx, struct og_jval object, struct og_arena *scratch, struct og_buf *extra,
	struct og_err *err)
{
	(void)ctx;
	(void)scratch;
	if (og_jis(og_jgetl(object, "bad"), OG_J_TRUE))
		return og_err_set(err, OG_E_INVALID, "field bad is set");
	og_buf_sv(extra, og_jraw(og_jgetl(object, "spec")));
	return 1;
}

START_TEST(bad_objects_are_named_and_left_out)
{
	store_opts.project = project;
	opts.no_watch_list = true;
	begin();
	fake_wait(0);
	fake_list(LIST("10", "",
		"{\"metadata\":{\"name\":\"ba\\u001bd\",\"namespace\":\"n\"},\"bad\":true},7,{}," OBJ(
			"a", "1")));
	ck_told("+a@1 ! ");
	ck_state(OG_WATCH_SYNCED);
	ck_assert_uint_eq(info.skipped, 3);
	ck_assert_str_eq(
		info.error, "skipped an object of things.apps: an object has no metadata.name");
	fake_wait(0);
	fake_open();
	fake_advance(2100);
	ck_state(OG_WATCH_SYNCED);
	ck_assert_int_ne(info.error[0], '\0'); /* until the next list */
	fake_text("{\"type\":\"MODIFIED\",\"object\":{\"metadata\":{\"name\":\"a\\u001b[2J\","
		  "\"namespace\":\"n\",\"resourceVersion\":\"12\"},\"bad\":true}}");
	look();
	ck_assert_str_eq(info.error, "skipped an object of things.apps n/a?[2J: field bad is set");
	fake_advance(2000);
	fake_done();
	fake_wait(0);
	ck_watch("12"); /* never twice */
	fake_text(ERR(410, "Expired"));
	fake_wait(2100);
	fake_list(LIST("20", "", OBJ("a", "1")));
	look();
	ck_assert_str_eq(info.error, "");
	ck_assert_uint_eq(info.skipped, 4);
}
END_TEST

START_TEST(a_full_store)
{
	store_opts.max_bytes = 16 << 10;
	opts.no_watch_list = true;
	begin();
	fake_wait(0);
	og_auto_buf struct og_buf b = OG_BUF_INIT(0);
	og_buf_lit(&b, "{\"metadata\":{\"resourceVersion\":\"10\"},\"items\":[");
	for (int i = 0; i < 1000; i++)
		og_buf_fmt(&b, "%s{\"metadata\":{\"name\":\"n%d\",\"resourceVersion\":\"1\"}}",
			i ? "," : "", i);
	og_buf_lit(&b, "]}");
	fake_list(b.p);
	ck_state(OG_WATCH_FAILING);
	ck_assert_ptr_nonnull(strstr(info.error, "the store of things is full"));
	ck_assert(!og_store_synced(store)); /* it is not the whole */
	ck_assert_uint_gt(og_store_count(store), 50);
	fake_wait(0);
	ck_watch("10");
	fake_open();
	fake_advance(5000);
	fake_text(EV("DELETED", "n1", "11") EV("ADDED", "m1", "12"));
	ck_state(OG_WATCH_FAILING);
	struct og_record r;
	ck_assert(og_store_get(store, OG_SV(""), OG_SV("m1"), &r));
	fake_advance(290000);
	ck_assert_uint_eq(fake.cancels, 0);
	for (int sec = 0; sec < 320 && (!fake.live || fake.r.verb != OG_KUBE_LIST); sec++)
		fake_advance(1000);
	ck_list("12", NULL, NULL);
	fake_list(LIST("20", "", OBJ("n0", "1")));
	ck_state(OG_WATCH_SYNCED);
	ck_assert(og_store_synced(store));
	ck_assert_uint_eq(og_store_count(store), 1);
}
END_TEST

START_TEST(a_full_store_is_poked)
{
	store_opts.max_bytes = 16 << 10;
	synced();
	char ev[200];
	int i = 0;
	do {
		snprintf(ev, sizeof(ev), EV("ADDED", "n%d", "11"), i++);
		fake_text(ev);
		look();
	} while (info.state == OG_WATCH_SYNCED && i < 1000);
	ck_assert_int_lt(i, 1000);
	ck_assert_ptr_nonnull(strstr(info.error, "full"));
	og_watch_poke(watch);
	ck_assert_int_eq(fake_wait(0), 0);
	ck_list("11", NULL, NULL);
}
END_TEST

/* ---- requests ---- */

START_TEST(metadata_only_and_selectors)
{
	opts.metadata_only = true;
	opts.label_selector = "app=web,!x";
	opts.field_selector = "status.phase!=Failed";
	opts.res.ns = OG_SV("shop");
	begin();
	fake_wait(0);
	ck_assert_str_eq(fake.accept,
		"application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json");
	ck_param("labelSelector", "app%3Dweb%2C%21x");
	ck_param("fieldSelector", "status.phase%21%3DFailed");
	ck_assert_str_eq(fake.res, "apps/v1/shop/things/");
	fake_fails(.http = 422);
	fake_wait(0);
	ck_assert_str_eq(fake.accept, "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;"
				      "v=v1,application/json");
	ck_param("labelSelector", "app%3Dweb%2C%21x");
	/* a server that knows no metadata-only form sends all of it */
	fake_list(LIST(
		"1", "", "{\"spec\":{\"a\":[1]},\"metadata\":{\"name\":\"a\"},\"status\":{}}"));
	ck_told("+a@ ! ");
}
END_TEST

START_TEST(timeouts_are_spread)
{
	synced();
	int first = atoi(fake_param("timeoutSeconds")), differ = 0;
	for (int i = 0; i < 20; i++) {
		fake_advance(2000);
		fake_done();
		fake_wait(0);
		fake_open();
		differ += atoi(fake_param("timeoutSeconds")) != first;
	}
	ck_assert_int_gt(differ, 15);
}
END_TEST

START_TEST(new_lists_are_spread)
{
	int64_t low = 1 << 30, high = 0;
	for (uint64_t seed = 1; seed <= 40; seed++) {
		teardown();
		setup();
		opts.seed = seed;
		synced();
		fake_text(ERR(410, "Expired"));
		int64_t ms = fake_wait(2100);
		ck_assert_int_ge(ms, 0);
		low = ms < low ? ms : low;
		high = ms > high ? ms : high;
	}
	ck_assert_int_lt(low, 300);
	ck_assert_int_gt(high, 1700);
}
END_TEST

START_TEST(requests_that_cannot_be_made)
{
	begin();
	fake.refuse = -OG_E_OOM;
	fake_turn();
	ck_assert_uint_eq(fake.starts, 1);
	ck_state(OG_WATCH_FAILING);
	fake.refuse = 0;
	ck_assert_int_ge(fake_wait(3000), 800);
	ck_initial(NULL);
}
END_TEST

START_TEST(what_is_missing_is_refused)
{
	struct og_store *s;
	ck_assert_int_eq(og_store_new(&store_opts, &s, NULL), 0);
	struct og_watch_opts o[4] = {opts, opts, opts, opts};
	o[1].store = s;
	ck_assert_int_eq(og_watch_start(&o[1], &watch, NULL), -OG_E_INVALID);
	o[1].store = NULL;
	o[2].store = s, o[2].res.resource = og_sv("", 0);
	o[3].store = s, o[3].res.version = og_sv("", 0);
	for (int i = 0; i < 4; i++)
		ck_assert_int_eq(watch_start(&o[i], &fake.seam, &watch, NULL), -OG_E_INVALID);
	o[0].store = s;
	unsigned long n = 1, failed = 0;
	for (unsigned long i = 1; i <= n; i++) {
		og_mem_fault_arm(i, false);
		int rc = watch_start(&o[0], &fake.seam, &watch, NULL);
		unsigned long seen = og_mem_fault_disarm();
		n = seen >= i ? i + 1 : n;
		ck_assert(rc == 0 || rc == -OG_E_OOM);
		failed += rc != 0;
		og_watch_stop(watch);
		watch = NULL;
		fake_turn();
		ck_assert(!fake.live);
	}
	ck_assert_uint_gt(failed, 2);
	og_store_free(s);
	og_watch_stop(NULL);
}
END_TEST

START_TEST(stopped_at_any_time)
{
	for (int when = 0; when < 5; when++) {
		begin();
		if (when > 0)
			fake_wait(0);
		if (when > 1)
			fake_open();
		if (when > 2)
			fake_text(EV("ADDED", "a", "1") "{\"type\":");
		if (when > 3) {
			fake_text("\"BOOKMARK\",\"object\":{}}");
			fake_cut(200);
		}
		og_watch_stop(watch);
		watch = NULL;
		ck_assert(!fake.live);
		fake_advance(100000);
		ck_assert(!fake.live);
		og_store_free(store);
		store = NULL;
		fake.starts = fake.cancels = 0;
	}
}
END_TEST

START_TEST(memory_runs_out_under_way)
{
	synced();
	/* an event that cannot be kept is lost: only a list brings it back */
	bool listed = false;
	for (unsigned long i = 1; i < 12 && !listed; i++) {
		og_mem_fault_arm(i, true);
		int rc = fake.r.on_data(fake.r.ctx, OG_SV(EV("ADDED", "new", "11")));
		og_mem_fault_disarm();
		if (rc == 0)
			continue;
		struct og_kube_answer a = {.code = rc, .http = 200, .status.retry_after_s = -1};
		fake_answer(&a);
		ck_assert_int_ge(fake_wait(3000), 0);
		ck_list("10", NULL, NULL);
		fake_list(LIST("12", "", OBJ("a", "1") "," OBJ("b", "2") "," OBJ("new", "11")));
		listed = true;
	}
	ck_assert(listed);
	ck_told("+new@11 ! ");
}
END_TEST

START_TEST(metrics_and_names)
{
	struct og_metrics *m = og_metrics_new(NULL);
	opts.metrics = m;
	synced();
	fake_text(EV("MODIFIED", "a", "11") "{}" BOOKMARK("12") ERR(410, "Expired"));
	og_auto_buf struct og_buf out = OG_BUF_INIT(0);
	ck_assert_int_eq(og_metrics_write(m, OG_METRIC_TEXT, &out, NULL), 0);
	static const char *const want[] = {
		"otelgate_watch_events_total{resource=\"things.apps\",type=\"modified\"} 1\n",
		"otelgate_watch_events_total{resource=\"things.apps\",type=\"bookmark\"} 1\n",
		"otelgate_watch_events_total{resource=\"things.apps\",type=\"error\"} 1\n",
		"otelgate_watch_ends_total{resource=\"things.apps\",cause=\"expired\"} 1\n",
		"otelgate_watch_lists_total{resource=\"things.apps\",cause=\"start\"} 1\n",
		"otelgate_watch_skipped_total{resource=\"things.apps\"} 1\n",
		"otelgate_watch_state{resource=\"things.apps\",state=\"synced\"} 1\n",
		"otelgate_watch_state{resource=\"things.apps\",state=\"failing\"} 0\n",
		"otelgate_watch_received_bytes_total{resource=\"things.apps\"} ",
		"otelgate_watch_last_list_timestamp_seconds{resource=\"things.apps\"} 17149",
		"otelgate_store_objects{store=\"things\"} 2\n",
	};
	for (size_t i = 0; i < OG_COUNT(want); i++)
		ck_assert_msg(strstr(out.p, want[i]) != NULL, "%s is not in\n%s", want[i], out.p);
	og_watch_stop(watch);
	watch = NULL;
	og_store_free(store);
	store = NULL;
	og_metrics_free(m);
	ck_assert_str_eq(og_watch_state_name(OG_WATCH_FORBIDDEN), "forbidden");
	ck_assert_str_eq(og_watch_state_name((enum og_watch_state)77), "unknown");
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

static TCase *tcase(Suite *s, const char *name)
{
	TCase *tc = tcase_create(name);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 60);
	suite_add_tcase(s, tc);
	return tc;
}

static void lists(Suite *s)
{
	TCase *tc = tcase(s, "list");
	tcase_add_test(tc, streamed_list);
	tcase_add_test(tc, versions_of_initial_events_do_not_count);
	tcase_add_loop_test(tc, streamed_list_is_not_offered, 0, (int)OG_COUNT(refused_codes));
	tcase_add_test(tc, streamed_list_fails_again_and_again);
	tcase_add_test(tc, streamed_list_without_its_mark);
	tcase_add_test(tc, streamed_list_is_cut_before_its_mark);
	tcase_add_test(tc, throttled_streamed_list_is_asked_again);
	tcase_add_test(tc, plain_list_in_pages);
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
}

static void watches(Suite *s)
{
	TCase *tc = tcase(s, "watch");
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
	tcase_add_test(tc, a_body_in_every_cut);
}

static void the_rest(Suite *s)
{
	TCase *tc = tcase(s, "states");
	tcase_add_test(tc, absent_and_back);
	tcase_add_test(tc, absent_under_way);
	tcase_add_test(tc, forbidden_and_back);
	tcase_add_test(tc, forbidden_to_watch_keeps_what_is_known);
	tcase_add_test(tc, the_rule_of_one_object_names_it);
	tcase_add_test(tc, poking_what_is_fine_does_nothing);
	tcase_add_test(tc, bad_objects_are_named_and_left_out);
	tcase_add_test(tc, a_full_store);
	tcase_add_test(tc, a_full_store_is_poked);
	tcase_add_test(tc, metadata_only_and_selectors);
	tcase_add_test(tc, timeouts_are_spread);
	tcase_add_test(tc, new_lists_are_spread);
	tcase_add_test(tc, requests_that_cannot_be_made);
	tcase_add_test(tc, what_is_missing_is_refused);
	tcase_add_test(tc, stopped_at_any_time);
	tcase_add_test(tc, memory_runs_out_under_way);
	tcase_add_test(tc, metrics_and_names);
}

int main(void)
{
	Suite *s = suite_create("kube/watch");
	lists(s);
	watches(s);
	the_rest(s);
	return og_suite_run(s);
}
