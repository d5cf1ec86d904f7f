/* SPDX-License-Identifier: Apache-2.0 */
/* Server-side apply as a controller uses it. */
#include <stdio.h>
#include "contract/cluster.h"

#define CMS  "/api/v1/namespaces/@/configmaps"
#define POLS "/apis/networking.k8s.io/v1/namespaces/@/networkpolicies"

static struct ct_reply *apply(const char *path, const char *body)
{
	ct_opt.type = "application/apply-patch+yaml";
	return ct("PATCH", path, body);
}

#define CM(rest) "{'apiVersion':'v1','kind':'ConfigMap','metadata':{'name':'a'" rest "}"

static json_t *entry(const struct ct_reply *r, const char *manager)
{
	size_t i;
	json_t *e;

	json_array_foreach(ct_at(r->json, "metadata.managedFields"), i, e)
	{
		if (!strcmp(ct_text(e, "manager"), manager))
			return e;
	}
	return NULL;
}

START_TEST(creates_and_repeats)
{
	struct ct_reply *a = apply(CMS "/a?fieldManager=one&force=true", CM("},'data':{'k':'v'}")),
			*r;

	ck_assert_int_eq(a->code, 201);
	ck_assert_str_eq(ct_text(entry(a, "one"), "operation"), "Apply");
	ck_assert_str_eq(ct_text(entry(a, "one"), "fieldsType"), "FieldsV1");
	ck_assert_ptr_nonnull(ct_at(entry(a, "one"), "fieldsV1.f:data.f:k"));
	r = apply(CMS "/a?fieldManager=one&force=true", CM("},'data':{'k':'v'}"));
	ck_assert_int_eq(r->code, 200);
	ck_assert_str_eq(ct_rv(a), ct_rv(r));
}
END_TEST

START_TEST(drops_what_it_no_longer_names)
{
	struct ct_reply *r;

	apply(CMS "/a?fieldManager=one", CM(",'labels':{'l':'1'}},'data':{'k':'v','m':'w'}"));
	ct_opt.type = "application/merge-patch+json";
	ct_want(200, "PATCH", CMS "/a?fieldManager=two", "{'data':{'other':'x'}}");
	r = apply(CMS "/a?fieldManager=one", CM("},'data':{'k':'v'}"));
	ck_assert_int_eq(r->code, 200);
	ck_assert_ptr_null(ct_at(r->json, "data.m"));
	ck_assert_ptr_null(ct_at(r->json, "metadata.labels"));
	ck_assert_str_eq(ct_text(r->json, "data.k"), "v");
	ck_assert_str_eq(ct_text(r->json, "data.other"), "x");
}
END_TEST

START_TEST(conflict_and_force)
{
	struct ct_reply *r;

	apply(CMS "/a?fieldManager=one", CM("},'data':{'k':'v'}"));
	r = apply(CMS "/a?fieldManager=two", CM("},'data':{'k':'w'}"));
	ct_status(r, 409, "Conflict", "Apply failed with 1 conflict: conflict with 'one': .data.k");
	ck_assert_str_eq(ct_text(r->json, "details.causes.0.reason"), "FieldManagerConflict");
	ck_assert_str_eq(ct_text(r->json, "details.causes.0.field"), ".data.k");
	ck_assert_str_eq(
		ct_text(r->json, "details.causes.0.message"), ct_json("conflict with 'one'"));
	r = apply(CMS "/a?fieldManager=two&force=true", CM("},'data':{'k':'w'}"));
	ck_assert_int_eq(r->code, 200);
	ck_assert_str_eq(ct_text(r->json, "data.k"), "w");
	ck_assert_ptr_null(entry(r, "one"));
}
END_TEST

START_TEST(conflict_with_an_update)
{
	struct ct_reply *r;

	ct_configmap("a", "1");
	r = apply(CMS "/a?fieldManager=one", CM("},'data':{'x':'w'}"));
	ct_status(r, 409, "Conflict",
		"Apply failed with 1 conflict: conflict with 'otelgate-contract' using v1: .data.x");
}
END_TEST

START_TEST(same_value_is_shared)
{
	struct ct_reply *r;

	apply(CMS "/a?fieldManager=one", CM("},'data':{'k':'v'}"));
	r = apply(CMS "/a?fieldManager=two", CM("},'data':{'k':'v'}"));
	ck_assert_int_eq(r->code, 200);
	ck_assert_ptr_nonnull(entry(r, "one"));
	ck_assert_ptr_nonnull(entry(r, "two"));
	r = apply(CMS "/a?fieldManager=one", CM("}"));
	ck_assert_int_eq(r->code, 200);
	ck_assert_str_eq(ct_text(r->json, "data.k"), "v");
}
END_TEST

START_TEST(options)
{
	ct_status(apply(CMS "/a", CM("}")), 422, "Invalid", NULL);
	ct_status(apply(CMS "/a?fieldManager=one", CM(",'managedFields':[{}]}")), 400, "BadRequest",
		NULL);
	ck_assert_int_eq(apply(CMS "/a?fieldManager=one", "{'metadata':{'name':'a'}}")->code, 400);
	ck_assert_int_eq(apply(CMS "/b?fieldManager=one", CM("},'data':{'k':'v'}"))->code, 400);
}
END_TEST

START_TEST(yaml_is_fine)
{
	struct ct_reply *r = apply(CMS "/a?fieldManager=one",
		"apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\ndata:\n  k: v\n");

	ck_assert_int_eq(r->code, 201);
	ck_assert_str_eq(ct_text(r->json, "data.k"), "v");
}
END_TEST

START_TEST(an_empty_map_takes_nothing)
{
	struct ct_reply *r;

	apply(CMS "/a?fieldManager=one", CM("},'data':{'k':'v'}"));
	r = apply(CMS "/a?fieldManager=two&force=true", CM("},'data':{}"));
	ck_assert_int_eq(r->code, 200);
	ck_assert_str_eq(ct_text(r->json, "data.k"), "v");
	ck_assert_ptr_nonnull(ct_at(entry(r, "one"), "fieldsV1.f:data.f:k"));
	/* it is still the first one's to take away */
	r = apply(CMS "/a?fieldManager=one", CM("},'data':{'other':'v'}"));
	ck_assert_ptr_null(ct_at(r->json, "data.k"));
	ck_assert_str_eq(ct_text(r->json, "data.other"), "v");
}
END_TEST

START_TEST(lists_of_a_policy_are_whole)
{
	static const char body[] =
		"{'apiVersion':'networking.k8s.io/v1','kind':'NetworkPolicy','metadata':{'name':'p'},"
		"'spec':{'podSelector':{'matchLabels':{'a':'b'}},'policyTypes':['Egress'],'egress':["
		"{'to':[{'ipBlock':{'cidr':'10.0.0.0/8'}}],'ports':[{'port':4318,'protocol':'TCP'}]}]}}";
	struct ct_reply *r = apply(POLS "/p?fieldManager=one&force=true", body), *again;

	ck_assert_msg(r->code == 201, "%s", r->body);
	ck_assert_int_eq(ct_int(r->json, "metadata.generation"), 1);
	again = apply(POLS "/p?fieldManager=one&force=true", body);
	ck_assert_str_eq(ct_rv(r), ct_rv(again));
	ck_assert_ptr_nonnull(ct_at(entry(r, "one"), "fieldsV1.f:spec.f:egress"));
	ck_assert_int_eq(
		(int)json_object_size(ct_at(entry(r, "one"), "fieldsV1.f:spec.f:egress")), 0);
}
END_TEST

START_TEST(owner_references_by_uid)
{
	struct ct_reply *o = ct_configmap("owner", "1"), *r;
	char body[512];

	snprintf(body, sizeof(body),
		CM(",'ownerReferences':[{'apiVersion':'v1','kind':'ConfigMap','name':'owner',"
		   "'uid':'%s','controller':true}]}"),
		ct_text(o->json, "metadata.uid"));
	r = apply(CMS "/a?fieldManager=one", body);
	ck_assert_msg(r->code == 201, "%s", r->body);
	ck_assert_str_eq(ct_text(r->json, "metadata.ownerReferences.0.name"), "owner");
	r = apply(CMS "/a?fieldManager=one", CM("}"));
	ck_assert_ptr_null(ct_at(r->json, "metadata.ownerReferences"));
}
END_TEST

START_TEST(update_takes_fields_over)
{
	struct ct_reply *r;

	apply(CMS "/a?fieldManager=one", CM("},'data':{'k':'v'}"));
	ct_opt.type = "application/merge-patch+json";
	r = ct_want(200, "PATCH", CMS "/a?fieldManager=two", "{'data':{'k':'w'}}");
	ck_assert_ptr_null(ct_at(entry(r, "one"), "fieldsV1.f:data.f:k"));
	ck_assert_str_eq(ct_text(entry(r, "two"), "operation"), "Update");
	ck_assert_ptr_nonnull(ct_at(entry(r, "two"), "fieldsV1.f:data.f:k"));
}
END_TEST

START_TEST(container_of_a_deployment)
{
	struct ct_reply *r = apply("/apis/apps/v1/namespaces/%s/deployments/web?fieldManager=one",
		"{'apiVersion':'apps/v1','kind':'Deployment','metadata':{'name':'web'},'spec':{"
		"'replicas':0,'selector':{'matchLabels':{'a':'b'}},'template':{'metadata':{'labels':"
		"{'a':'b'}},'spec':{'containers':[{'name':'c','image':'i','env':[{'name':'A',"
		"'value':'1'}]}]}}}}");
	json_t *f;

	ck_assert_msg(r->code == 201, "%s", r->body);
	f = ct_at(entry(r, "one"), "fieldsV1.f:spec.f:template.f:spec.f:containers");
	ck_assert_ptr_nonnull(json_object_get(f, "k:{\"name\":\"c\"}"));
	r = apply("/apis/apps/v1/namespaces/%s/deployments/web?fieldManager=two",
		"{'apiVersion':'apps/v1','kind':'Deployment','metadata':{'name':'web'},'spec':{"
		"'template':{'spec':{'containers':[{'name':'c','image':'other'}]}}}}");
	ct_status(r, 409, "Conflict",
		"Apply failed with 1 conflict: conflict with 'one': "
		".spec.template.spec.containers[name='c'].image");
}
END_TEST

Suite *suite_apply(void)
{
	Suite *s = suite_create("contract: apply");

	CT_CASE(s, "ownership", creates_and_repeats, drops_what_it_no_longer_names,
		same_value_is_shared, update_takes_fields_over, owner_references_by_uid);
	CT_CASE(s, "conflicts", conflict_and_force, conflict_with_an_update,
		container_of_a_deployment, an_empty_map_takes_nothing);
	CT_CASE(s, "forms", options, yaml_is_fine, lists_of_a_policy_are_whole);
	return s;
}
