/* SPDX-License-Identifier: Apache-2.0 */
/* WATCH: order, selection, bookmarks, initial events, versions that are gone. */
#include <stdio.h>
#include "contract/cluster.h"

#define CMS "/api/v1/namespaces/@/configmaps"

/* Ends by itself, for those who wait for the end; the others are done with their last event. */
static const char *until(int seconds, const char *rv, const char *more)
{
	static char path[512];

	/* a real cluster adds kube-root-ca.crt sooner or later */
	snprintf(path, sizeof(path), CMS "?watch=true&timeoutSeconds=%d&resourceVersion=%s%s%s",
		seconds, rv, more, strstr(more, "Selector") ? "" : "&labelSelector=n");
	return path;
}

static const char *from(const char *rv, const char *more)
{
	return until(30, rv, more);
}

static struct ct_reply *relabel(const char *path, const char *body)
{
	ct_opt.type = "application/merge-patch+json";
	return ct_want(200, "PATCH", path, body);
}

START_TEST(follows_a_version)
{
	struct ct_reply *a = ct_configmap("a", "1");
	struct ct_watch *w;

	ct_configmap("b", "2");
	relabel(CMS "/a", "{'data':{'x':'z'}}");
	ct_want(200, "DELETE", CMS "/b", NULL);
	w = ct_watch(from(ct_rv(a), ""), 3, 60);
	ck_assert_int_eq(w->code, 200);
	ck_assert_str_eq(ct_event(w, 0), "ADDED b");
	ck_assert_str_eq(ct_event(w, 1), "MODIFIED a");
	ck_assert_str_eq(ct_event(w, 2), "DELETED b");
	ck_assert_str_eq(ct_text(w->events, "0.object.kind"), "ConfigMap");
	ck_assert_str_eq(ct_text(w->events, "0.object.apiVersion"), "v1");
	ck_assert_str_eq(ct_text(w->events, "1.object.data.x"), "z");
	/* of a deletion the version is that of the deletion */
	ck_assert_str_ne(ct_text(w->events, "2.object.metadata.resourceVersion"),
		ct_text(w->events, "0.object.metadata.resourceVersion"));
}
END_TEST

START_TEST(without_version_begins_with_all)
{
	struct ct_watch *w;

	ct_configmap("a", "1");
	ct_configmap("b", "2");
	w = ct_watch(CMS "?watch=true&labelSelector=n&timeoutSeconds=30", 2, 60);
	ck_assert_str_eq(ct_event(w, 0), "ADDED a");
	ck_assert_str_eq(ct_event(w, 1), "ADDED b");
	w = ct_watch(CMS "?watch=1&labelSelector=n&timeoutSeconds=30&resourceVersion=0", 2, 60);
	ck_assert_str_eq(ct_event(w, 1), "ADDED b");
}
END_TEST

START_TEST(ends_in_time)
{
	struct ct_reply *a = ct_configmap("a", "1");
	struct ct_watch *w;
	char path[256];

	snprintf(path, sizeof(path),
		CMS "?watch=true&timeoutSeconds=1&labelSelector=n&resourceVersion=%s", ct_rv(a));
	w = ct_watch(path, 1, 60);
	ck_assert_int_eq(w->code, 200);
	ck_assert(!w->timed_out);
	ck_assert_int_eq((int)json_array_size(w->events), 0);
	ck_assert_str_eq(w->rest, "");
}
END_TEST

START_TEST(leaving_the_selection_is_deleted)
{
	struct ct_reply *a = ct_configmap("a", "1");
	struct ct_watch *w;

	relabel(CMS "/a", "{'metadata':{'labels':{'n':'2'}}}");
	relabel(CMS "/a", "{'data':{'x':'z'}}");
	relabel(CMS "/a", "{'metadata':{'labels':{'n':'1'}}}");
	w = ct_watch(from(ct_rv(a), "&labelSelector=n%3D1"), 2, 60);
	ck_assert_str_eq(ct_event(w, 0), "DELETED a");
	ck_assert_str_eq(ct_event(w, 1), "ADDED a");
	/* the object as it was, with the version of the change */
	ck_assert_str_eq(ct_text(w->events, "0.object.metadata.labels.n"), "1");
}
END_TEST

START_TEST(one_name)
{
	struct ct_reply *a = ct_configmap("a", "1");
	struct ct_watch *w;

	ct_configmap("b", "2");
	relabel(CMS "/a", "{'data':{'x':'z'}}");
	w = ct_watch(from(ct_rv(a), "&fieldSelector=metadata.name%3Da"), 1, 60);
	ck_assert_str_eq(ct_event(w, 0), "MODIFIED a");
}
END_TEST

START_TEST(metadata_only)
{
	struct ct_reply *a = ct_configmap("a", "1");
	struct ct_watch *w;

	ct_configmap("b", "2");
	ct_opt.accept = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1";
	w = ct_watch(from(ct_rv(a), ""), 1, 60);
	ck_assert_str_eq(ct_event(w, 0), "ADDED b");
	ck_assert_str_eq(ct_text(w->events, "0.object.kind"), "PartialObjectMetadata");
	ck_assert_ptr_null(ct_at(w->events, "0.object.data"));
}
END_TEST

START_TEST(initial_events)
{
	struct ct_watch *w;

	ct_configmap("a", "1");
	ct_configmap("b", "2");
	w = ct_watch(CMS "?watch=true&labelSelector=n&timeoutSeconds=30&sendInitialEvents=true&"
			 "resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true",
		3, 60);
	ck_assert_str_eq(ct_event(w, 0), "ADDED a");
	ck_assert_str_eq(ct_event(w, 1), "ADDED b");
	ck_assert_str_eq(ct_text(w->events, "2.type"), "BOOKMARK");
	ck_assert_str_eq(
		json_string_value(json_object_get(ct_at(w->events, "2.object.metadata.annotations"),
			"k8s.io/initial-events-end")),
		"true");
	ck_assert_str_ne(ct_text(w->events, "2.object.metadata.resourceVersion"), "");
	ck_assert_str_eq(ct_text(w->events, "2.object.kind"), "ConfigMap");
}
END_TEST

START_TEST(initial_events_of_nothing)
{
	struct ct_watch *w;

	ct_opt.accept = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1";
	w = ct_watch(
		"/api/v1/namespaces/%s/secrets?watch=true&timeoutSeconds=30&sendInitialEvents=true&"
		"resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true",
		1, 60);
	ck_assert_str_eq(ct_text(w->events, "0.type"), "BOOKMARK");
	ck_assert_str_eq(ct_text(w->events, "0.object.kind"), "PartialObjectMetadata");
}
END_TEST

START_TEST(initial_events_options)
{
	struct ct_reply *r;

	ct_status(ct("GET", CMS "?watch=true&timeoutSeconds=1&sendInitialEvents=true", NULL), 422,
		"Invalid", NULL);
	ct_status(ct("GET", CMS "?watch=true&timeoutSeconds=1&resourceVersionMatch=NotOlderThan",
			  NULL),
		422, "Invalid", NULL);
	ct_status(ct("GET",
			  CMS "?sendInitialEvents=true&resourceVersionMatch=NotOlderThan&"
			      "resourceVersion=0",
			  NULL),
		422, "Invalid", NULL);
	r = ct("GET",
		CMS "?watch=true&timeoutSeconds=1&sendInitialEvents=true&"
		    "resourceVersionMatch=Exact",
		NULL);
	ct_status(r, 422, "Invalid", NULL);
	ck_assert_str_eq(ct_text(r->json, "details.causes.0.field"), "resourceVersionMatch");
}
END_TEST

START_TEST(too_old)
{
	struct ct_watch *w;

	/* a young cluster remembers its first changes, and tells them all: this one at least */
	if (ct_real())
		ct_configmap("told", "1");
	w = ct_watch(from("1", ""), 1, 60);
	ck_assert_int_eq(w->code, 200);
	if (ct_real() && !strcmp(ct_text(w->events, "0.type"), "ADDED"))
		return;
	ck_assert_str_eq(ct_text(w->events, "0.type"), "ERROR");
	ck_assert_str_eq(ct_text(w->events, "0.object.kind"), "Status");
	ck_assert_str_eq(ct_text(w->events, "0.object.reason"), "Expired");
	ck_assert_int_eq(ct_int(w->events, "0.object.code"), 410);
	ck_assert_msg(!strncmp(ct_text(w->events, "0.object.message"),
			      "too old resource version: 1 (", 29),
		"%s", ct_text(w->events, "0.object.message"));
}
END_TEST

START_TEST(bad_version)
{
	/* so it is, although it is the client's fault; a list gets 400 */
	ct_status(ct("GET", CMS "?watch=true&timeoutSeconds=1&resourceVersion=x", NULL), 500, "",
		"resourceVersion: Invalid value: 'x': strconv.ParseUint: parsing 'x': invalid syntax");
}
END_TEST

START_TEST(bookmark_before_the_end)
{
	struct ct_reply *a = ct_configmap("a", "1");
	struct ct_watch *w;

	/* bookmarks come about once a minute, and shortly before the end */
	w = ct_watch(until(3, ct_rv(a), "&allowWatchBookmarks=true"), 1, 60);
	if (json_array_size(w->events)) {
		ck_assert_str_eq(ct_text(w->events, "0.type"), "BOOKMARK");
		ck_assert_str_ne(ct_text(w->events, "0.object.metadata.resourceVersion"), "");
		ck_assert_str_eq(ct_text(w->events, "0.object.metadata.name"), "");
	}
	ck_assert(!w->timed_out);
}
END_TEST

Suite *suite_watch(void)
{
	Suite *s = suite_create("contract: watch");

	CT_CASE(s, "events", follows_a_version, without_version_begins_with_all, ends_in_time,
		metadata_only);
	CT_CASE(s, "selection", leaving_the_selection_is_deleted, one_name);
	CT_CASE(s, "initial events", initial_events, initial_events_of_nothing,
		initial_events_options);
	CT_CASE(s, "versions", too_old, bad_version, bookmark_before_the_end);
	return s;
}
