/* SPDX-License-Identifier: Apache-2.0 */
/* Faults of watches. */
#include <stdio.h>
#include "contract/cluster.h"
#include "sim/test.h"

#define CMS "/api/v1/namespaces/@/configmaps"

static const char *from(const char *rv, const char *more)
{
	static char path[512];

	snprintf(path, sizeof(path), CMS "?watch=true&timeoutSeconds=2&resourceVersion=%s%s", rv,
		more);
	return path;
}

/* Three objects; the version of the first. */
static const char *three(void)
{
	static char rv[32];

	snprintf(rv, sizeof(rv), "%s", ct_rv(ct_configmap("a", "1")));
	ct_configmap("b", "1");
	ct_configmap("c", "1");
	return rv;
}

START_TEST(duplicates)
{
	const char *rv = three();
	struct ct_watch *w;

	fault("{'match':{'verb':'watch'},'action':{'type':'duplicate'}}");
	w = ct_watch(from(rv, ""), 4, 10);
	ck_assert_str_eq(ct_event(w, 0), "ADDED b");
	ck_assert_str_eq(ct_event(w, 1), "ADDED b");
	ck_assert_str_eq(ct_event(w, 3), "ADDED c");
}
END_TEST

START_TEST(late_and_reversed)
{
	struct ct_watch *w;

	three();
	fault("{'match':{'verb':'watch'},'action':{'type':'late','ms':50}}");
	w = ct_watch(CMS "?watch=true&timeoutSeconds=2", 3, 10);
	ck_assert_str_eq(ct_event(w, 0), "ADDED c");
	ck_assert_str_eq(ct_event(w, 2), "ADDED a");
}
END_TEST

START_TEST(error_in_the_stream)
{
	const char *rv = three();
	struct ct_watch *w;

	fault("{'match':{'verb':'watch'},'action':{'type':'status','code':410,'stream':true}}");
	w = ct_watch(from(rv, ""), 5, 10);
	ck_assert_int_eq(w->code, 200);
	ck_assert_int_eq((int)json_array_size(w->events), 1);
	ck_assert_str_eq(ct_text(w->events, "0.type"), "ERROR");
	ck_assert_int_eq(ct_int(w->events, "0.object.code"), 410);
}
END_TEST

START_TEST(bookmarks_and_none)
{
	struct ct_watch *w;

	w = ct_watch(CMS
		"?watch=true&timeoutSeconds=1&allowWatchBookmarks=true&resourceVersion=2000",
		1, 10);
	ck_assert_str_eq(ct_text(w->events, "0.type"), "BOOKMARK");
	fault("{'match':{'verb':'watch'},'action':{'type':'noBookmarks'}}");
	w = ct_watch(CMS
		"?watch=true&timeoutSeconds=1&allowWatchBookmarks=true&resourceVersion=2000",
		1, 10);
	ck_assert_int_eq((int)json_array_size(w->events), 0);
	/* only those who ask get them */
	w = ct_watch(CMS "?watch=true&timeoutSeconds=1&resourceVersion=2000", 1, 10);
	ck_assert_int_eq((int)json_array_size(w->events), 0);
}
END_TEST

START_TEST(bookmarks_tell_of_other_changes)
{
	const char *rv = three();
	struct ct_watch *w;

	ct_want(201, "POST", "/api/v1/namespaces/%s/secrets", "{'metadata':{'name':'s'}}");
	w = ct_watch(
		from(rv, "&allowWatchBookmarks=true&fieldSelector=metadata.name%3Dnone"), 1, 10);
	ck_assert_str_eq(ct_text(w->events, "0.type"), "BOOKMARK");
	ck_assert_uint_eq(
		strtoul(ct_text(w->events, "0.object.metadata.resourceVersion"), NULL, 10),
		og_sim_rv(ct_sim()));
}
END_TEST

START_TEST(early_end)
{
	const char *rv = three();
	struct ct_watch *w;

	fault("{'match':{'verb':'watch'},'action':{'type':'endWatch','events':1}}");
	w = ct_watch(from(rv, ""), 5, 10);
	ck_assert_int_le((int)json_array_size(w->events), 2);
	ck_assert_int_ge((int)json_array_size(w->events), 1);
	ck_assert(!w->timed_out);
	fault("{'match':{'verb':'watch'},'action':{'type':'endWatch','events':0}}");
	w = ct_watch(from(rv, ""), 5, 10);
	ck_assert_int_eq((int)json_array_size(w->events), 0);
}
END_TEST

START_TEST(history_is_limited)
{
	const char *rv = three();
	struct ct_watch *w;

	for (int i = 0; i < 80; i++) {
		char body[64];

		snprintf(body, sizeof(body), "{'data':{'x':'%d'}}", i);
		ct_opt.type = "application/merge-patch+json";
		ct_want(200, "PATCH", CMS "/a", body);
	}
	w = ct_watch(from(rv, ""), 1, 10);
	ck_assert_str_eq(ct_text(w->events, "0.type"), "ERROR");
	ck_assert_int_eq(ct_int(w->events, "0.object.code"), 410);
}
END_TEST

START_TEST(no_watch_list)
{
	ct_status(
		ct("GET",
			CMS "?watch=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&"
			    "timeoutSeconds=1",
			NULL),
		422, "Invalid", NULL);
}
END_TEST

START_TEST(no_aggregated)
{
	struct ct_reply *r;

	ct_opt.accept = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,"
			"application/json";
	r = ct_want(200, "GET", "/apis", NULL);
	ck_assert_str_eq(ct_text(r->json, "kind"), "APIGroupList");
}
END_TEST

static void quick_setup(void)
{
	ct_sim_opts = (struct og_sim_opts){.bookmark_ms = 100, .history = 64};
	ct_setup();
}

static void old_setup(void)
{
	ct_sim_opts = (struct og_sim_opts){.no_watch_list = true, .no_aggregated = true};
	ct_setup();
}

Suite *suite_streams(void)
{
	Suite *s = suite_create("sim: watches");
	TCase *quick = tcase_create("options"), *old = tcase_create("older servers");

	CT_CASE(s, "events", duplicates, late_and_reversed, error_in_the_stream, early_end);
	tcase_add_checked_fixture(quick, quick_setup, ct_teardown);
	tcase_add_test(quick, bookmarks_and_none);
	tcase_add_test(quick, bookmarks_tell_of_other_changes);
	tcase_add_test(quick, history_is_limited);
	suite_add_tcase(s, quick);
	tcase_add_checked_fixture(old, old_setup, ct_teardown);
	tcase_add_test(old, no_watch_list);
	tcase_add_test(old, no_aggregated);
	suite_add_tcase(s, old);
	return s;
}
