/* SPDX-License-Identifier: Apache-2.0 */
/* DELETE: answers, preconditions, finalizers, owners, collections, namespaces. */
#include <stdio.h>
#include "contract/cluster.h"

#define CMS "/api/v1/namespaces/@/configmaps"

START_TEST(answer)
{
	struct ct_reply *a = ct_configmap("a", "1"), *r = ct_want(200, "DELETE", CMS "/a", NULL);

	ck_assert_str_eq(ct_text(r->json, "kind"), "Status");
	ck_assert_str_eq(ct_text(r->json, "status"), "Success");
	ck_assert_str_eq(ct_text(r->json, "details.name"), "a");
	ck_assert_str_eq(ct_text(r->json, "details.kind"), "configmaps");
	ck_assert_str_eq(ct_text(r->json, "details.uid"), ct_text(a->json, "metadata.uid"));
	ct_status(ct("DELETE", CMS "/a", NULL), 404, "NotFound", "configmaps 'a' not found");
}
END_TEST

START_TEST(preconditions)
{
	struct ct_reply *a = ct_configmap("a", "1"), *r;
	char body[256];

	r = ct("DELETE", CMS "/a",
		"{'preconditions':{'uid':'00000000-0000-4000-8000-000000000000'}}");
	ct_status(r, 409, "Conflict", NULL);
	snprintf(body, sizeof(body),
		"Operation cannot be fulfilled on ConfigMap 'a': the UID in the precondition "
		"(00000000-0000-4000-8000-000000000000) does not match the UID in record (%s). The "
		"object might have been deleted and then recreated",
		ct_text(a->json, "metadata.uid"));
	ct_status(r, 409, "Conflict", body);
	ct_status(ct("DELETE", CMS "/a", "{'preconditions':{'resourceVersion':'1'}}"), 409,
		"Conflict", NULL);
	snprintf(body, sizeof(body), "{'preconditions':{'uid':'%s','resourceVersion':'%s'}}",
		ct_text(a->json, "metadata.uid"), ct_rv(a));
	ct_want(200, "DELETE", CMS "/a", body);
}
END_TEST

START_TEST(dry_run)
{
	ct_configmap("a", "1");
	ct_want(200, "DELETE", CMS "/a?dryRun=All", NULL);
	ct_want(200, "GET", CMS "/a", NULL);
}
END_TEST

START_TEST(finalizers_hold)
{
	struct ct_reply *r, *first;

	ct_want(201, "POST", CMS, "{'metadata':{'name':'a','finalizers':['example.org/x']}}");
	first = ct_want(200, "DELETE", CMS "/a", NULL);
	ck_assert_str_ne(ct_text(first->json, "metadata.deletionTimestamp"), "");
	ck_assert_int_eq(ct_int(first->json, "metadata.deletionGracePeriodSeconds"), 0);
	r = ct_want(200, "GET", CMS "/a", NULL);
	ck_assert_str_ne(ct_text(r->json, "metadata.deletionTimestamp"), "");
	r = ct_want(200, "DELETE", CMS "/a", NULL);
	ct_opt.type = "application/merge-patch+json";
	r = ct_want(200, "PATCH", CMS "/a", "{'metadata':{'finalizers':null}}");
	ct_want(404, "GET", CMS "/a", NULL);
}
END_TEST

START_TEST(finalizers_cannot_come_late)
{
	struct ct_reply *r;

	ct_want(201, "POST", CMS, "{'metadata':{'name':'a','finalizers':['example.org/x']}}");
	ct_want(200, "DELETE", CMS "/a", NULL);
	ct_opt.type = "application/merge-patch+json";
	r = ct("PATCH", CMS "/a", "{'metadata':{'finalizers':['example.org/x','example.org/y']}}");
	ct_status(r, 422, "Invalid", NULL);
	ct_opt.type = "application/merge-patch+json";
	ct_want(200, "PATCH", CMS "/a", "{'metadata':{'finalizers':[]}}");
	ct_want(404, "GET", CMS "/a", NULL);
}
END_TEST

START_TEST(owned_objects_follow)
{
	struct ct_reply *o = ct_configmap("owner", "1");
	char body[512];

	snprintf(body, sizeof(body),
		"{'metadata':{'name':'a','ownerReferences':[{'apiVersion':'v1','kind':'ConfigMap',"
		"'name':'owner','uid':'%s'}]}}",
		ct_text(o->json, "metadata.uid"));
	ct_want(201, "POST", CMS, body);
	ct_want(200, "DELETE", CMS "/owner", "{'propagationPolicy':'Background'}");
	ck_assert(ct_wait(CMS "/a", 404));
}
END_TEST

START_TEST(orphans_of_a_stranger_go)
{
	/* an owner that never was: the garbage collector takes the object */
	ct_want(201, "POST", CMS,
		"{'metadata':{'name':'a','ownerReferences':[{'apiVersion':'v1','kind':'ConfigMap',"
		"'name':'ghost','uid':'00000000-0000-4000-8000-000000000000'}]}}");
	ck_assert(ct_wait(CMS "/a", 404));
}
END_TEST

START_TEST(collection)
{
	struct ct_reply *r;

	ct_configmap("a", "1");
	ct_configmap("b", "2");
	ct_want(200, "DELETE", CMS "?labelSelector=n%3D1", NULL);
	ct_want(404, "GET", CMS "/a", NULL);
	ct_want(200, "GET", CMS "/b", NULL);
	r = ct("DELETE", "/api/v1/configmaps", NULL);
	ck_assert_int_eq(r->code, 405);
}
END_TEST

START_TEST(namespace_ends)
{
	struct ct_reply *r;

	ct_want(201, "POST", CMS, "{'metadata':{'name':'a','finalizers':['example.org/x']}}");
	r = ct_want(200, "DELETE", "/api/v1/namespaces/%s", NULL);
	ck_assert_str_eq(ct_text(r->json, "status.phase"), "Terminating");
	r = ct("POST", CMS, "{'metadata':{'name':'late'}}");
	ct_status(r, 403, "Forbidden",
		"configmaps 'late' is forbidden: unable to create new content in namespace %s because it "
		"is being terminated");
	ck_assert_str_eq(ct_text(r->json, "details.causes.0.reason"), "NamespaceTerminating");
	for (int i = 0; i < 2; i++) {
		ct_opt.type = "application/merge-patch+json";
		ct("PATCH", CMS "/a", "{'metadata':{'finalizers':null}}");
	}
	ck_assert(ct_wait("/api/v1/namespaces/%s", 404));
}
END_TEST

Suite *suite_delete(void)
{
	Suite *s = suite_create("contract: delete");

	CT_CASE(s, "one", answer, preconditions, dry_run);
	CT_CASE(s, "finalizers", finalizers_hold, finalizers_cannot_come_late);
	CT_CASE(s, "owners", owned_objects_follow, orphans_of_a_stranger_go);
	CT_CASE(s, "many", collection, namespace_ends);
	return s;
}
