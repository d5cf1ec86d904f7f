/* SPDX-License-Identifier: Apache-2.0 */
/* Kinds that come and go: CustomResourceDefinitions and their objects. */
#include <unistd.h>
#include <stdio.h>
#include "contract/cluster.h"

static char group[96];

#define CRDS "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"

static const char *at(const char *rest)
{
	static char path[4][256];
	static unsigned n;

	snprintf(path[n % 4], sizeof(path[0]), "/apis/%s/v1/%s", group, rest);
	return path[n++ % 4];
}

static void define(void)
{
	char body[2048], path[256];

	snprintf(group, sizeof(group), "%s.example.org", ct_ns);
	snprintf(body, sizeof(body),
		"{'metadata':{'name':'gadgets.%s'},'spec':{'group':'%s','scope':'Namespaced','names':{"
		"'plural':'gadgets','singular':'gadget','kind':'Gadget','shortNames':['gd']},"
		"'versions':[{'name':'v1','served':true,'storage':true,'subresources':{'status':{}},"
		"'schema':{'openAPIV3Schema':{'type':'object','properties':{'spec':{'type':'object',"
		"'required':['size'],'properties':{'size':{'type':'integer','minimum':1},"
		"'colour':{'type':'string','enum':['red','blue'],'default':'red'},"
		"'host':{'type':'string','pattern':'^[^/\\\\s]+$'}}},"
		"'status':{'type':'object','properties':{'phase':{'type':'string'}}}}}}}]}}",
		group, group);
	ct_want(201, "POST", CRDS, body);
	snprintf(path, sizeof(path), "/apis/%s/v1/namespaces/%s/gadgets", group, ct_ns);
	ck_assert(ct_wait(path, 200));
}

static void undefine(void)
{
	char path[256];

	snprintf(path, sizeof(path), CRDS "/gadgets.%s", group);
	ct_want(200, "DELETE", path, NULL);
}

static const char *gadgets = "namespaces/%s/gadgets";

static struct ct_reply *make(const char *name, const char *spec)
{
	char body[512];

	snprintf(body, sizeof(body),
		"{'apiVersion':'%s/v1','kind':'Gadget','metadata':{'name':'%s'},'spec':%s,"
		"'status':{'phase':'early'}}",
		group, name, spec);
	return ct("POST", at(gadgets), body);
}

START_TEST(comes_and_goes)
{
	struct ct_reply *r;
	char path[256];

	define();
	snprintf(path, sizeof(path), CRDS "/gadgets.%s", group);
	r = ct_want(200, "GET", path, NULL);
	ck_assert_str_eq(ct_text(r->json, "status.storedVersions.0"), "v1");
	snprintf(path, sizeof(path), "/apis/%s/v1", group);
	ck_assert(ct_wait(path, 200));
	r = ct_want(200, "GET", path, NULL);
	ck_assert_str_eq(ct_text(r->json, "resources.0.name"), "gadgets");
	ck_assert_int_eq(make("a", "{'size':1}")->code, 201);
	undefine();
	ck_assert(ct_wait(at("namespaces/%s/gadgets"), 404));
	r = ct_want(404, "GET", at("namespaces/%s/gadgets"), NULL);
	ck_assert_str_eq(r->body, "404 page not found\n");
}
END_TEST

START_TEST(schema)
{
	struct ct_reply *r;

	define();
	r = make("a", "{'size':1,'unknown':true}");
	ck_assert_msg(r->code == 201, "%s", r->body);
	ck_assert_ptr_null(ct_at(r->json, "spec.unknown"));
	ck_assert_str_eq(r->warning, "299 - \"unknown field \\\"spec.unknown\\\"\"");
	ck_assert_str_eq(ct_text(r->json, "spec.colour"), "red");
	ck_assert_ptr_null(ct_at(r->json, "status"));
	r = make("b", "{}");
	ct_status(r, 422, "Invalid", NULL);
	ck_assert_str_eq(ct_text(r->json, "details.causes.0.field"), "spec.size");
	ck_assert_str_eq(ct_text(r->json, "details.causes.0.reason"), "FieldValueRequired");
	ct_status(make("b", "{'size':'x'}"), 422, "Invalid", NULL);
	ct_status(make("b", "{'size':0}"), 422, "Invalid", NULL);
	ct_status(make("b", "{'size':1,'colour':'green'}"), 422, "Invalid", NULL);
	/* a class within brackets, as RE2 reads it */
	ct_status(make("b", "{'size':1,'host':'a b'}"), 422, "Invalid", NULL);
	ct_status(make("b", "{'size':1,'host':'a/b'}"), 422, "Invalid", NULL);
	ck_assert_int_eq(make("c", "{'size':1,'host':'cssc'}")->code, 201);
	undefine();
}
END_TEST

START_TEST(field_validation)
{
	char want[256];

	define();
	gadgets = "namespaces/%s/gadgets?fieldValidation=Strict";
	snprintf(want, sizeof(want),
		"Gadget in version 'v1' cannot be handled as a Gadget: strict decoding error: unknown "
		"field 'spec.unknown'");
	ct_status(make("a", "{'size':1,'unknown':true}"), 400, "BadRequest", want);
	gadgets = "namespaces/%s/gadgets?fieldValidation=Ignore";
	ck_assert_str_eq(make("a", "{'size':1,'unknown':true}")->warning, "");
	undefine();
}
END_TEST

START_TEST(status_half)
{
	struct ct_reply *r;

	define();
	ck_assert_int_eq(make("a", "{'size':1}")->code, 201);
	ct_opt.type = "application/merge-patch+json";
	r = ct_want(200, "PATCH", at("namespaces/%s/gadgets/a/status"),
		"{'spec':{'size':9},'status':{'phase':'Ready','unknown':1}}");
	ck_assert_int_eq(ct_int(r->json, "spec.size"), 1);
	ck_assert_str_eq(ct_text(r->json, "status.phase"), "Ready");
	ck_assert_ptr_null(ct_at(r->json, "status.unknown"));
	ck_assert_int_eq(ct_int(r->json, "metadata.generation"), 1);
	ct_opt.type = "application/merge-patch+json";
	r = ct_want(200, "PATCH", at("namespaces/%s/gadgets/a"),
		"{'spec':{'size':2},'status':{'phase':'Nope'}}");
	ck_assert_int_eq(ct_int(r->json, "metadata.generation"), 2);
	ck_assert_str_eq(ct_text(r->json, "status.phase"), "Ready");
	undefine();
}
END_TEST

START_TEST(status_by_apply)
{
	struct ct_reply *r;
	char body[512];

	define();
	ck_assert_int_eq(make("a", "{'size':1}")->code, 201);
	snprintf(body, sizeof(body),
		"{'apiVersion':'%s/v1','kind':'Gadget','metadata':{'name':'a'},"
		"'status':{'phase':'Ready'}}",
		group);
	ct_opt.type = "application/apply-patch+yaml";
	r = ct_want(200, "PATCH", at("namespaces/%s/gadgets/a/status?fieldManager=one&force=true"),
		body);
	ck_assert_str_eq(ct_text(r->json, "status.phase"), "Ready");
	ck_assert_int_eq(ct_int(r->json, "spec.size"), 1);
	ct_opt.type = "application/apply-patch+yaml";
	ck_assert_str_eq(
		ct_rv(ct_want(200, "PATCH",
			at("namespaces/%s/gadgets/a/status?fieldManager=one&force=true"), body)),
		ct_rv(r));
	undefine();
}
END_TEST

START_TEST(lists_say_what_they_are)
{
	struct ct_reply *r;
	char want[160];

	define();
	ck_assert_int_eq(make("a", "{'size':1}")->code, 201);
	r = ct_want(200, "GET", at("namespaces/%s/gadgets"), NULL);
	snprintf(want, sizeof(want), "%s/v1", group);
	ck_assert_str_eq(ct_text(r->json, "kind"), "GadgetList");
	ck_assert_str_eq(ct_text(r->json, "items.0.kind"), "Gadget");
	ck_assert_str_eq(ct_text(r->json, "items.0.apiVersion"), want);
	undefine();
}
END_TEST

START_TEST(writes_of_custom_kinds)
{
	struct ct_reply *r;
	char body[512];

	define();
	ck_assert_int_eq(make("a", "{'size':1}")->code, 201);
	ct_opt.type = "application/strategic-merge-patch+json";
	ct_status(ct("PATCH", at("namespaces/%s/gadgets/a"), "{'spec':{'size':3}}"), 415,
		"UnsupportedMediaType", NULL);
	snprintf(body, sizeof(body),
		"{'apiVersion':'%s/v1','kind':'Gadget','metadata':{'name':'a'},'spec':{'size':4}}",
		group);
	r = ct("PUT", at("namespaces/%s/gadgets/a"), body);
	ct_status(r, 422, "Invalid", NULL);
	ck_assert_str_eq(ct_text(r->json, "details.causes.0.field"), "metadata.resourceVersion");
	r = ct("GET", at("namespaces/%s/gadgets/nope"), NULL);
	ct_status(r, 404, "NotFound", NULL);
	ck_assert_str_eq(ct_text(r->json, "details.group"), group);
	ck_assert_str_eq(ct_text(r->json, "details.kind"), "gadgets");
	undefine();
}
END_TEST

/* Watches see their objects go, and end, when the definition is deleted; nothing of it comes back.
 */
START_TEST(removal_ends_watches)
{
	struct ct_reply *r;
	struct ct_watch *w;
	char path[256], rv[32];

	define();
	ck_assert_int_eq(make("a", "{'size':1}")->code, 201);
	r = ct_want(200, "GET", at("namespaces/%s/gadgets"), NULL);
	snprintf(rv, sizeof(rv), "%s", ct_text(r->json, "metadata.resourceVersion"));
	snprintf(path, sizeof(path), CRDS "/gadgets.%s", group);
	ct_later(200, "DELETE", path);
	snprintf(
		path, sizeof(path), "/apis/%s/v1/gadgets?watch=true&resourceVersion=%s", group, rv);
	w = ct_watch(path, 100, 40);
	ct_later_done();
	ck_assert(!w->timed_out);
	ck_assert_int_ge((int)json_array_size(w->events), 1);
	ck_assert_str_eq(ct_event(w, json_array_size(w->events) - 1), "DELETED a");
	ck_assert(ct_wait(at("namespaces/%s/gadgets"), 404));
	define();
	r = ct_want(200, "GET", at("namespaces/%s/gadgets"), NULL);
	ck_assert_int_eq((int)json_array_size(ct_at(r->json, "items")), 0);
	ck_assert_int_eq(make("a", "{'size':2}")->code, 201);
	undefine();
}
END_TEST

/* Custom objects follow their owner of a built-in kind. */
START_TEST(owned_by_a_builtin)
{
	struct ct_reply *o;
	char body[512], path[256];

	define();
	o = ct_configmap("owner", "1");
	snprintf(body, sizeof(body),
		"{'apiVersion':'%s/v1','kind':'Gadget','metadata':{'name':'a','ownerReferences':[{"
		"'apiVersion':'v1','kind':'ConfigMap','name':'owner','uid':'%s','controller':true,"
		"'blockOwnerDeletion':false}]},'spec':{'size':1}}",
		group, ct_text(o->json, "metadata.uid"));
	ct_opt.type = "application/apply-patch+yaml";
	ct_want(201, "PATCH", at("namespaces/%s/gadgets/a?fieldManager=one&force=true"), body);
	ct_want(200, "DELETE", "/api/v1/namespaces/%s/configmaps/owner",
		"{'propagationPolicy':'Background'}");
	snprintf(path, sizeof(path), "%s", at("namespaces/%s/gadgets/a"));
	ck_assert(ct_wait(path, 404));
	undefine();
}
END_TEST

/* Fields of the status belong to who applied them, apart from those of the rest. */
START_TEST(status_owners)
{
	struct ct_reply *r;
	char body[512];
	size_t i;
	json_t *e;
	int seen = 0;

	define();
	ck_assert_int_eq(make("a", "{'size':1}")->code, 201);
	snprintf(body, sizeof(body),
		"{'apiVersion':'%s/v1','kind':'Gadget','metadata':{'name':'a'},'status':{'phase':'One'}}",
		group);
	ct_opt.type = "application/apply-patch+yaml";
	ct_want(200, "PATCH", at("namespaces/%s/gadgets/a/status?fieldManager=one"), body);
	snprintf(body, sizeof(body),
		"{'apiVersion':'%s/v1','kind':'Gadget','metadata':{'name':'a'},'status':{'phase':'Two'}}",
		group);
	ct_opt.type = "application/apply-patch+yaml";
	r = ct("PATCH", at("namespaces/%s/gadgets/a/status?fieldManager=two"), body);
	ct_status(r, 409, "Conflict", NULL);
	ck_assert_str_eq(ct_text(r->json, "details.causes.0.reason"), "FieldManagerConflict");
	ck_assert_str_eq(ct_text(r->json, "details.causes.0.field"), ".status.phase");
	ct_opt.type = "application/apply-patch+yaml";
	r = ct_want(200, "PATCH", at("namespaces/%s/gadgets/a/status?fieldManager=two&force=true"),
		body);
	ck_assert_str_eq(ct_text(r->json, "status.phase"), "Two");
	json_array_foreach(ct_at(r->json, "metadata.managedFields"), i, e)
	{
		if (strcmp(ct_text(e, "subresource"), "status"))
			continue;
		ck_assert_str_eq(ct_text(e, "manager"), "two");
		ck_assert_str_eq(ct_text(e, "operation"), "Apply");
		seen++;
	}
	ck_assert_int_eq(seen, 1);
	/* what it no longer names goes */
	snprintf(body, sizeof(body),
		"{'apiVersion':'%s/v1','kind':'Gadget','metadata':{'name':'a'}}", group);
	ct_opt.type = "application/apply-patch+yaml";
	r = ct_want(200, "PATCH", at("namespaces/%s/gadgets/a/status?fieldManager=two&force=true"),
		body);
	ck_assert_ptr_null(ct_at(r->json, "status.phase"));
	ck_assert_int_eq(ct_int(r->json, "spec.size"), 1);
	snprintf(body, sizeof(body),
		"{'apiVersion':'%s/v1','kind':'Gadget','metadata':{'name':'nope'},'status':{'phase':'x'}}",
		group);
	ct_opt.type = "application/apply-patch+yaml";
	ct_status(ct("PATCH", at("namespaces/%s/gadgets/nope/status?fieldManager=two&force=true"),
			  body),
		404, "NotFound", NULL);
	undefine();
}
END_TEST

Suite *suite_kinds(void)
{
	Suite *s = suite_create("contract: kinds");

	CT_CASE(s, "custom", comes_and_goes, schema, field_validation, status_half, status_by_apply,
		lists_say_what_they_are, writes_of_custom_kinds, removal_ends_watches,
		owned_by_a_builtin, status_owners);
	return s;
}
