/* SPDX-License-Identifier: Apache-2.0 */
/* POST, GET and PUT of single objects. */
#include <stdio.h>
#include "contract/cluster.h"

#define CMS  "/api/v1/namespaces/@/configmaps"
#define DEPS "/apis/apps/v1/namespaces/@/deployments"

static const char deployment[] =
	"{'metadata':{'name':'web'},'spec':{'replicas':0,'selector':{'matchLabels':{'a':'b'}},"
	"'template':{'metadata':{'labels':{'a':'b'}},'spec':{'containers':[{'name':'c','image':'i'}]}}}}";

START_TEST(create_fills_in)
{
	struct ct_reply *r = ct_configmap("a", "1");

	ck_assert_str_eq(ct_text(r->json, "kind"), "ConfigMap");
	ck_assert_str_eq(ct_text(r->json, "apiVersion"), "v1");
	ck_assert_str_eq(ct_text(r->json, "metadata.namespace"), ct_ns);
	ck_assert_int_eq((int)strlen(ct_text(r->json, "metadata.uid")), 36);
	ck_assert_int_eq((int)strlen(ct_text(r->json, "metadata.creationTimestamp")), 20);
	ck_assert_str_ne(ct_rv(r), "");
	ck_assert_str_eq(ct_text(r->json, "metadata.managedFields.0.manager"), "otelgate-contract");
	ck_assert_str_eq(ct_text(r->json, "metadata.managedFields.0.operation"), "Update");
	ck_assert_ptr_nonnull(ct_at(r->json, "metadata.managedFields.0.fieldsV1.f:data.f:x"));
	ck_assert_ptr_null(ct_at(r->json, "metadata.generation"));
}
END_TEST

START_TEST(create_twice)
{
	struct ct_reply *r;

	ct_configmap("a", "1");
	r = ct("POST", CMS, "{'metadata':{'name':'a'}}");
	ct_status(r, 409, "AlreadyExists", "configmaps 'a' already exists");
	ck_assert_str_eq(ct_text(r->json, "details.name"), "a");
	ck_assert_str_eq(ct_text(r->json, "details.kind"), "configmaps");
}
END_TEST

START_TEST(generate_name)
{
	struct ct_reply *r = ct_want(201, "POST", CMS, "{'metadata':{'generateName':'gen-'}}");

	ck_assert_int_eq((int)strlen(ct_text(r->json, "metadata.name")), 9);
	ck_assert(!strncmp(ct_text(r->json, "metadata.name"), "gen-", 4));
	ck_assert_str_eq(ct_text(r->json, "metadata.generateName"), "gen-");
}
END_TEST

START_TEST(name_is_required)
{
	ct_status(ct("POST", CMS, "{'metadata':{}}"), 422, "Invalid",
		"ConfigMap '' is invalid: metadata.name: Required value: name or generateName is "
		"required");
}
END_TEST

START_TEST(create_with_a_version_is_refused)
{
	struct ct_reply *r = ct("POST", CMS, "{'metadata':{'name':'a','resourceVersion':'5'}}");

	ck_assert_int_ge(r->code, 400);
	ck_assert_str_eq(ct_text(r->json, "message"),
		"resourceVersion should not be set on objects to be created");
}
END_TEST

START_TEST(dry_run_creates_nothing)
{
	struct ct_reply *r = ct_want(201, "POST", CMS "?dryRun=All", "{'metadata':{'name':'a'}}");

	ck_assert_str_ne(ct_text(r->json, "metadata.uid"), "");
	ck_assert_str_eq(ct_rv(r), "");
	ct_want(404, "GET", CMS "/a", NULL);
	r = ct("POST", CMS "?dryRun=Some", "{'metadata':{'name':'a'}}");
	ck_assert_int_eq(r->code, 422);
}
END_TEST

START_TEST(missing_namespace)
{
	struct ct_reply *r =
		ct("POST", "/api/v1/namespaces/no-such-ns/configmaps", "{'metadata':{'name':'a'}}");

	ct_status(r, 404, "NotFound", "namespaces 'no-such-ns' not found");
	ck_assert_str_eq(ct_text(r->json, "details.kind"), "namespaces");
}
END_TEST

START_TEST(body_says_otherwise)
{
	ct_want(400, "POST", CMS, "{'metadata':{'name':'a','namespace':'other'}}");
	ct_want(400, "POST", CMS, "{'kind':'Secret','apiVersion':'v1','metadata':{'name':'a'}}");
	ct_want(400, "POST", CMS,
		"{'kind':'ConfigMap','apiVersion':'apps/v1','metadata':{'name':'a'}}");
	ct_configmap("a", "1");
	ct_want(400, "PUT", CMS "/a", "{'metadata':{'name':'b'}}");
}
END_TEST

START_TEST(broken_bodies)
{
	ct_want(400, "POST", CMS, "{'metadata':");
	ct_want(400, "POST", CMS, "[]");
	ct_opt.type = "text/csv";
	ct_status(ct("POST", CMS, "{}"), 415, "UnsupportedMediaType", NULL);
}
END_TEST

START_TEST(get_and_not_found)
{
	struct ct_reply *a = ct_configmap("a", "1"), *r = ct_want(200, "GET", CMS "/a", NULL);

	ck_assert(json_equal(a->json, r->json));
	r = ct("GET", CMS "/nope", NULL);
	ct_status(r, 404, "NotFound", "configmaps 'nope' not found");
	ck_assert_str_eq(ct_text(r->json, "details.name"), "nope");
	r = ct("GET", DEPS "/nope", NULL);
	ct_status(r, 404, "NotFound", "deployments.apps 'nope' not found");
	ck_assert_str_eq(ct_text(r->json, "details.group"), "apps");
	ck_assert_str_eq(ct_text(r->json, "details.kind"), "deployments");
}
END_TEST

START_TEST(get_metadata_only)
{
	struct ct_reply *r;

	ct_configmap("a", "1");
	ct_opt.accept =
		"application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json";
	r = ct_want(200, "GET", CMS "/a", NULL);
	ck_assert_str_eq(ct_text(r->json, "kind"), "PartialObjectMetadata");
	ck_assert_str_eq(ct_text(r->json, "apiVersion"), "meta.k8s.io/v1");
	ck_assert_str_eq(ct_text(r->json, "metadata.labels.n"), "1");
	ck_assert_ptr_null(ct_at(r->json, "data"));
}
END_TEST

START_TEST(put_replaces)
{
	struct ct_reply *a = ct_configmap("a", "1"), *r;
	char body[512];

	snprintf(body, sizeof(body),
		"{'metadata':{'name':'a','resourceVersion':'%s'},'data':{'k':'v'}}", ct_rv(a));
	r = ct_want(200, "PUT", CMS "/a", body);
	ck_assert_str_ne(ct_rv(r), ct_rv(a));
	ck_assert_str_eq(ct_text(r->json, "metadata.uid"), ct_text(a->json, "metadata.uid"));
	ck_assert_ptr_null(ct_at(r->json, "metadata.labels"));
	ck_assert_ptr_null(ct_at(r->json, "data.x"));
	ct_status(ct("PUT", CMS "/a", body), 409, "Conflict",
		"Operation cannot be fulfilled on configmaps 'a': the object has been modified; please "
		"apply your changes to the latest version and try again");
}
END_TEST

START_TEST(put_without_version_overwrites)
{
	struct ct_reply *r;

	ct_configmap("a", "1");
	r = ct_want(200, "PUT", CMS "/a", "{'metadata':{'name':'a'},'data':{'k':'w'}}");
	ck_assert_str_eq(ct_text(r->json, "data.k"), "w");
}
END_TEST

START_TEST(put_of_the_same_changes_nothing)
{
	struct ct_reply *a = ct_configmap("a", "1"), *r;

	r = ct_want(200, "PUT", CMS "/a",
		"{'metadata':{'name':'a','labels':{'n':'1'}},'data':{'x':'y'}}");
	ck_assert_str_eq(ct_rv(a), ct_rv(r));
}
END_TEST

START_TEST(put_with_another_uid)
{
	struct ct_reply *r;

	ct_configmap("a", "1");
	r = ct("PUT", CMS "/a",
		"{'metadata':{'name':'a','uid':'00000000-0000-4000-8000-000000000000'}}");
	ct_status(r, 409, "Conflict", NULL);
	ck_assert_msg(
		strstr(ct_text(r->json, "message"), "Precondition failed: UID in precondition:"),
		"%s", r->body);
}
END_TEST

START_TEST(put_of_nothing)
{
	ct_status(ct("PUT", CMS "/nope", "{'metadata':{'name':'nope'}}"), 404, "NotFound",
		"configmaps 'nope' not found");
}
END_TEST

START_TEST(generation_counts_specs)
{
	struct ct_reply *a = ct_want(201, "POST", DEPS, deployment), *r;

	ck_assert_int_eq(ct_int(a->json, "metadata.generation"), 1);
	ct_opt.type = "application/merge-patch+json";
	r = ct_want(200, "PATCH", DEPS "/web", "{'metadata':{'labels':{'x':'y'}}}");
	ck_assert_int_eq(ct_int(r->json, "metadata.generation"), 1);
	ct_opt.type = "application/merge-patch+json";
	r = ct_want(200, "PATCH", DEPS "/web", "{'spec':{'minReadySeconds':5}}");
	ck_assert_int_eq(ct_int(r->json, "metadata.generation"), 2);
}
END_TEST

START_TEST(defaults_of_workloads)
{
	struct ct_reply *r = ct_want(201, "POST", DEPS, deployment);

	ck_assert_str_eq(ct_text(r->json, "spec.strategy.type"), "RollingUpdate");
	ck_assert_str_eq(ct_text(r->json, "spec.strategy.rollingUpdate.maxSurge"), "25%");
	ck_assert_int_eq(ct_int(r->json, "spec.revisionHistoryLimit"), 10);
	ck_assert_int_eq(ct_int(r->json, "spec.progressDeadlineSeconds"), 600);
	ck_assert_str_eq(ct_text(r->json, "spec.template.spec.restartPolicy"), "Always");
	ck_assert_str_eq(ct_text(r->json, "spec.template.spec.dnsPolicy"), "ClusterFirst");
	ck_assert_str_eq(
		ct_text(r->json, "spec.template.spec.containers.0.imagePullPolicy"), "Always");
}
END_TEST

START_TEST(status_is_its_own_half)
{
	struct ct_reply *r;

	ct_want(201, "POST", DEPS, deployment);
	ct_opt.type = "application/merge-patch+json";
	r = ct_want(200, "PATCH", DEPS "/web/status",
		"{'spec':{'replicas':7},'metadata':{'labels':{'via':'status'}},"
		"'status':{'observedGeneration':41}}");
	ck_assert_int_eq(ct_int(r->json, "spec.replicas"), 0);
	ck_assert_int_eq(ct_int(r->json, "metadata.generation"), 1);
	ct_opt.type = "application/merge-patch+json";
	r = ct_want(200, "PATCH", DEPS "/web", "{'status':{'replicas':99}}");
	ck_assert_int_ne(ct_int(r->json, "status.replicas"), 99);
}
END_TEST

START_TEST(scale_subresource)
{
	struct ct_reply *r;

	ct_want(201, "POST", DEPS, deployment);
	r = ct_want(200, "GET", DEPS "/web/scale", NULL);
	ck_assert_str_eq(ct_text(r->json, "kind"), "Scale");
	ck_assert_ptr_null(ct_at(r->json, "spec.replicas")); /* 0 is left out */
	r = ct_want(
		200, "PUT", DEPS "/web/scale", "{'metadata':{'name':'web'},'spec':{'replicas':2}}");
	ck_assert_int_eq(ct_int(r->json, "spec.replicas"), 2);
	ct_opt.type = "application/merge-patch+json";
	r = ct_want(200, "PATCH", DEPS "/web/scale", "{'spec':{'replicas':2}}");
	ck_assert_str_eq(ct_text(r->json, "kind"), "Scale");
	r = ct_want(200, "GET", DEPS "/web", NULL);
	ck_assert_int_eq(ct_int(r->json, "spec.replicas"), 2);
	ck_assert_int_eq(ct_int(r->json, "metadata.generation"), 2);
}
END_TEST

START_TEST(sub_resource_of_a_kind_without)
{
	ct_configmap("a", "1");
	ct_want(404, "GET", CMS "/a/status", NULL);
}
END_TEST

START_TEST(namespace_has_its_label)
{
	struct ct_reply *r = ct_want(200, "GET", "/api/v1/namespaces/%s", NULL);

	ck_assert_str_eq(ct_text(ct_at(r->json, "metadata.labels"), "kubernetes.io/metadata"), "");
	ck_assert_str_eq(json_string_value(json_object_get(
				 ct_at(r->json, "metadata.labels"), "kubernetes.io/metadata.name")),
		ct_ns);
	ck_assert_str_eq(ct_text(r->json, "status.phase"), "Active");
	ck_assert_str_eq(ct_text(r->json, "spec.finalizers.0"), "kubernetes");
}
END_TEST

START_TEST(secret_type_and_data)
{
	struct ct_reply *r = ct_want(201, "POST", "/api/v1/namespaces/%s/secrets",
		"{'metadata':{'name':'s'},'data':{'k':'dg=='}}");

	ck_assert_str_eq(ct_text(r->json, "type"), "Opaque");
	ck_assert_str_eq(ct_text(r->json, "data.k"), "dg==");
}
END_TEST

Suite *suite_objects(void)
{
	Suite *s = suite_create("contract: objects");

	CT_CASE(s, "create", create_fills_in, create_twice, generate_name, name_is_required,
		create_with_a_version_is_refused, dry_run_creates_nothing, missing_namespace,
		body_says_otherwise, broken_bodies, namespace_has_its_label, secret_type_and_data);
	CT_CASE(s, "get", get_and_not_found, get_metadata_only, sub_resource_of_a_kind_without);
	CT_CASE(s, "put", put_replaces, put_without_version_overwrites,
		put_of_the_same_changes_nothing, put_with_another_uid, put_of_nothing);
	CT_CASE(s, "workloads", generation_counts_specs, defaults_of_workloads,
		status_is_its_own_half, scale_subresource);
	return s;
}
