/* SPDX-License-Identifier: Apache-2.0 */
/* PATCH in three of its forms. */
#include <stdio.h>
#include "contract/cluster.h"

#define CMS  "/api/v1/namespaces/@/configmaps"
#define DEPS "/apis/apps/v1/namespaces/@/deployments"

static struct ct_reply *patch(const char *type, const char *path, const char *body)
{
	ct_opt.type = type;
	return ct("PATCH", path, body);
}

#define MERGE	  "application/merge-patch+json"
#define STRATEGIC "application/strategic-merge-patch+json"
#define JSON6902  "application/json-patch+json"

static void deployment(void)
{
	ct_want(201, "POST", DEPS,
		"{'metadata':{'name':'web'},'spec':{'replicas':0,'selector':{'matchLabels':{'a':'b'}},"
		"'template':{'metadata':{'labels':{'a':'b'}},'spec':{'containers':["
		"{'name':'c','image':'i','env':[{'name':'A','value':'1'},{'name':'B','value':'2'}]},"
		"{'name':'d','image':'j'}]}}}}");
}

START_TEST(merge)
{
	struct ct_reply *r;

	ct_configmap("a", "1");
	r = patch(MERGE, CMS "/a",
		"{'data':{'x':null,'k':'v'},'metadata':{'annotations':{'q':'r'}}}");
	ck_assert_int_eq(r->code, 200);
	ck_assert_ptr_null(ct_at(r->json, "data.x"));
	ck_assert_str_eq(ct_text(r->json, "data.k"), "v");
	ck_assert_str_eq(ct_text(r->json, "metadata.annotations.q"), "r");
	ck_assert_str_eq(ct_text(r->json, "metadata.labels.n"), "1");
}
END_TEST

START_TEST(empty_patch_changes_nothing)
{
	struct ct_reply *a = ct_configmap("a", "1"), *r = patch(MERGE, CMS "/a", "{}");

	ck_assert_int_eq(r->code, 200);
	ck_assert_str_eq(ct_rv(a), ct_rv(r));
}
END_TEST

START_TEST(patch_for_a_version)
{
	struct ct_reply *a = ct_configmap("a", "1"), *r;
	char body[256];

	snprintf(body, sizeof(body), "{'metadata':{'resourceVersion':'%s'},'data':{'k':'v'}}",
		ct_rv(a));
	r = patch(MERGE, CMS "/a", body);
	ck_assert_int_eq(r->code, 200);
	r = patch(MERGE, CMS "/a", body);
	ct_status(r, 409, "Conflict", NULL);
}
END_TEST

START_TEST(patch_for_a_uid)
{
	ct_configmap("a", "1");
	ct_status(patch(MERGE, CMS "/a",
			  "{'metadata':{'uid':'00000000-0000-4000-8000-000000000000'},"
			  "'data':{'k':'v'}}"),
		422, "Invalid", NULL);
}
END_TEST

START_TEST(patch_of_nothing)
{
	ct_status(patch(MERGE, CMS "/nope", "{}"), 404, "NotFound", "configmaps 'nope' not found");
}
END_TEST

START_TEST(json_patch)
{
	struct ct_reply *r;

	ct_configmap("a", "1");
	r = patch(JSON6902, CMS "/a",
		"[{'op':'test','path':'/data/x','value':'y'},{'op':'add','path':'/data/k','value':'v'},"
		"{'op':'remove','path':'/metadata/labels/n'}]");
	ck_assert_int_eq(r->code, 200);
	ck_assert_str_eq(ct_text(r->json, "data.k"), "v");
	ck_assert_ptr_null(ct_at(r->json, "metadata.labels"));
}
END_TEST

START_TEST(json_patch_that_fails)
{
	struct ct_reply *r;

	ct_configmap("a", "1");
	r = patch(JSON6902, CMS "/a", "[{'op':'test','path':'/data/x','value':'other'}]");
	ct_status(r, 422, "Invalid", NULL);
	ct_status(patch(JSON6902, CMS "/a", "[{'op':'remove','path':'/data/nope'}]"), 422,
		"Invalid", NULL);
	ct_status(patch(JSON6902, CMS "/a", "{'op':'x'}"), 400, "BadRequest", NULL);
}
END_TEST

START_TEST(json_patch_version_test)
{
	struct ct_reply *a = ct_configmap("a", "1");
	char body[256];

	snprintf(body, sizeof(body),
		"[{'op':'test','path':'/metadata/resourceVersion','value':'%s'},"
		"{'op':'replace','path':'/data/x','value':'z'}]",
		ct_rv(a));
	ck_assert_int_eq(patch(JSON6902, CMS "/a", body)->code, 200);
	ct_status(patch(JSON6902, CMS "/a", body), 422, "Invalid", NULL);
}
END_TEST

START_TEST(strategic_lists_by_name)
{
	struct ct_reply *r;

	deployment();
	r = patch(STRATEGIC, DEPS "/web",
		"{'spec':{'template':{'metadata':{'annotations':"
		"{'kubectl.kubernetes.io/restartedAt':'2026-01-01T00:00:00Z'}},"
		"'spec':{'containers':[{'name':'c','env':[{'name':'B','value':'3'},"
		"{'name':'C','value':'4'}]}]}}}}");
	ck_assert_int_eq(r->code, 200);
	ck_assert_int_eq(ct_int(r->json, "metadata.generation"), 2);
	ck_assert_int_eq((int)json_array_size(ct_at(r->json, "spec.template.spec.containers")), 2);
	ck_assert_str_eq(ct_text(r->json, "spec.template.spec.containers.0.image"), "i");
	ck_assert_int_eq(
		(int)json_array_size(ct_at(r->json, "spec.template.spec.containers.0.env")), 3);
	ck_assert_str_eq(json_string_value(json_object_get(
				 ct_at(r->json, "spec.template.metadata.annotations"),
				 "kubectl.kubernetes.io/restartedAt")),
		"2026-01-01T00:00:00Z");
}
END_TEST

START_TEST(strategic_delete_of_an_item)
{
	struct ct_reply *r;

	deployment();
	r = patch(STRATEGIC, DEPS "/web",
		"{'spec':{'template':{'spec':{'containers':[{'name':'d','$patch':'delete'}]}}}}");
	ck_assert_int_eq(r->code, 200);
	ck_assert_int_eq((int)json_array_size(ct_at(r->json, "spec.template.spec.containers")), 1);
}
END_TEST

START_TEST(merge_replaces_lists)
{
	struct ct_reply *r;

	deployment();
	r = patch(MERGE, DEPS "/web",
		"{'spec':{'template':{'spec':{'containers':[{'name':'e','image':'k'}]}}}}");
	ck_assert_int_eq(r->code, 200);
	ck_assert_int_eq((int)json_array_size(ct_at(r->json, "spec.template.spec.containers")), 1);
}
END_TEST

START_TEST(unknown_patch_type)
{
	ct_configmap("a", "1");
	ct_status(patch("application/json", CMS "/a", "{}"), 415, "UnsupportedMediaType", NULL);
}
END_TEST

START_TEST(force_is_for_apply)
{
	ct_configmap("a", "1");
	ct_status(patch(MERGE, CMS "/a?force=true", "{}"), 422, "Invalid", NULL);
}
END_TEST

START_TEST(dry_run_patches_nothing)
{
	struct ct_reply *a = ct_configmap("a", "1"), *r;

	r = patch(MERGE, CMS "/a?dryRun=All", "{'data':{'x':'dry'}}");
	ck_assert_int_eq(r->code, 200);
	ck_assert_str_eq(ct_text(r->json, "data.x"), "dry");
	r = ct_want(200, "GET", CMS "/a", NULL);
	ck_assert_str_eq(ct_text(r->json, "data.x"), "y");
	ck_assert_str_eq(ct_rv(a), ct_rv(r));
}
END_TEST

START_TEST(patch_cannot_rename)
{
	ct_configmap("a", "1");
	ck_assert_int_eq(patch(MERGE, CMS "/a", "{'metadata':{'name':'b'}}")->code, 400);
}
END_TEST

Suite *suite_patch(void)
{
	Suite *s = suite_create("contract: patch");

	CT_CASE(s, "merge", merge, empty_patch_changes_nothing, patch_for_a_version,
		patch_for_a_uid, patch_of_nothing, merge_replaces_lists, dry_run_patches_nothing,
		patch_cannot_rename);
	CT_CASE(s, "json", json_patch, json_patch_that_fails, json_patch_version_test);
	CT_CASE(s, "strategic", strategic_lists_by_name, strategic_delete_of_an_item);
	CT_CASE(s, "refused", unknown_patch_type, force_is_for_apply);
	return s;
}
