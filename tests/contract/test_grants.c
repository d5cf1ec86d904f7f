/* SPDX-License-Identifier: Apache-2.0 */
/* Rights by Roles that are objects; Secrets by name; what immutable means. */
#include <stdio.h>
#include <unistd.h>
#include "contract/cluster.h"

#define SECRETS "/api/v1/namespaces/@/secrets"
#define RBAC	"/apis/rbac.authorization.k8s.io/v1/"
#define WHO	"User 'system:serviceaccount:%s:me' cannot "

static char token[2048], role[96];

/* A ServiceAccount that may do that with the Secret "ours" in all namespaces. */
static void grant(const char *verbs)
{
	char body[1024], path[256];
	struct ct_reply *r;

	ct_want(201, "POST", "/api/v1/namespaces/%s/serviceaccounts", "{'metadata':{'name':'me'}}");
	r = ct_want(201, "POST", "/api/v1/namespaces/%s/serviceaccounts/me/token", "{'spec':{}}");
	snprintf(token, sizeof(token), "%s", ct_text(r->json, "status.token"));
	snprintf(role, sizeof(role), "%s-ours", ct_ns);
	snprintf(body, sizeof(body),
		"{'metadata':{'name':'%s'},'rules':[{'apiGroups':[''],'resources':['secrets'],"
		"'resourceNames':['ours'],'verbs':[%s]}]}",
		role, verbs);
	ct_want(201, "POST", RBAC "clusterroles", body);
	snprintf(body, sizeof(body),
		"{'metadata':{'name':'%s'},'roleRef':{'apiGroup':'rbac.authorization.k8s.io','kind':"
		"'ClusterRole','name':'%s'},'subjects':[{'kind':'ServiceAccount','namespace':'%s',"
		"'name':'me'}]}",
		role, role, ct_ns);
	ct_want(201, "POST", RBAC "clusterrolebindings", body);
	snprintf(path, sizeof(path), "%s", "/api/v1/secrets?fieldSelector=metadata.name%3Dours");
	for (int i = 0; i < 400; i++) {
		ct_opt.token = token;
		r = ct("GET", path, NULL);
		if (r->code == 200)
			return;
		usleep(25000); /* the server hears of its own objects a moment later */
	}
	ck_abort_msg("no right: %s", r->body);
}

static void ungrant(void)
{
	char path[256];

	snprintf(path, sizeof(path), RBAC "clusterrolebindings/%s", role);
	ct("DELETE", path, NULL);
	snprintf(path, sizeof(path), RBAC "clusterroles/%s", role);
	ct("DELETE", path, NULL);
}

static struct ct_reply *mine(const char *method, const char *path, const char *body)
{
	ct_opt.token = token;
	ct_opt.type = !strcmp(method, "PATCH") ? "application/apply-patch+yaml" : NULL;
	return ct(method, path, body);
}

#define OURS  "{'apiVersion':'v1','kind':'Secret','metadata':{'name':'ours'},'data':{'a':'Yg=='}}"
#define OTHER "{'apiVersion':'v1','kind':'Secret','metadata':{'name':'other'},'data':{'a':'Yg=='}}"

START_TEST(one_name_everywhere)
{
	struct ct_reply *r;

	grant("'get','list','watch','create','patch','delete'");
	ct_want(201, "POST", SECRETS, OTHER);
	ct_want(201, "POST", SECRETS, OURS);
	r = mine("GET", "/api/v1/secrets?fieldSelector=metadata.name%3Dours", NULL);
	ck_assert_int_eq((int)r->code, 200);
	ck_assert_int_eq((int)json_array_size(ct_at(r->json, "items")), 1);
	ct_status(mine("GET", "/api/v1/secrets", NULL), 403, "Forbidden",
		"secrets is forbidden: " WHO
		"list resource 'secrets' in API group '' at the cluster scope");
	ct_status(mine("GET", "/api/v1/secrets?fieldSelector=metadata.name%3Dother", NULL), 403,
		"Forbidden",
		"secrets 'other' is forbidden: " WHO
		"list resource 'secrets' in API group '' at the cluster scope");
	ct_status(
		mine("GET", "/api/v1/secrets?watch=true&fieldSelector=metadata.name%3Dother", NULL),
		403, "Forbidden", NULL);
	ct_status(mine("GET", SECRETS "/other", NULL), 403, "Forbidden", NULL);
	/* which ones those would be, nobody says here */
	ct_status(mine("DELETE", SECRETS "?fieldSelector=metadata.name%3Dours", NULL), 403,
		"Forbidden", NULL);
	ungrant();
}
END_TEST

START_TEST(apply_creates_by_name)
{
	grant("'get','list','watch','create','patch','delete'");
	ck_assert_int_eq(
		(int)mine("PATCH", SECRETS "/ours?fieldManager=one&force=true", OURS)->code, 201);
	ct_status(mine("PATCH", SECRETS "/other?fieldManager=one&force=true", OTHER), 403,
		"Forbidden",
		"secrets 'other' is forbidden: " WHO
		"patch resource 'secrets' in API group '' in the namespace '%s'");
	/* a POST has no name that could be looked at */
	ct_status(mine("POST", SECRETS, OURS), 403, "Forbidden",
		"secrets is forbidden: " WHO
		"create resource 'secrets' in API group '' in the namespace '%s'");
	ck_assert_int_eq((int)mine("DELETE", SECRETS "/ours", NULL)->code, 200);
	ungrant();
}
END_TEST

START_TEST(apply_needs_create)
{
	grant("'get','list','watch','patch'");
	ct_status(mine("PATCH", SECRETS "/ours?fieldManager=one&force=true", OURS), 403,
		"Forbidden",
		"secrets 'ours' is forbidden: " WHO
		"create resource 'secrets' in API group '' in the namespace '%s'");
	ct_want(404, "GET", SECRETS "/ours", NULL);
	ct_want(201, "POST", SECRETS, OURS);
	ck_assert_int_eq(
		(int)mine("PATCH", SECRETS "/ours?fieldManager=one&force=true", OURS)->code, 200);
	ungrant();
}
END_TEST

START_TEST(rights_are_taken)
{
	struct ct_reply *r = NULL;

	grant("'get','list','watch'");
	ungrant();
	for (int i = 0; i < 400; i++) {
		r = mine("GET", "/api/v1/secrets?fieldSelector=metadata.name%3Dours", NULL);
		if (r->code == 403)
			break;
		usleep(25000);
	}
	ct_status(r, 403, "Forbidden", NULL);
}
END_TEST

START_TEST(role_in_one_namespace)
{
	struct ct_reply *r = NULL;
	char body[512];

	ct_want(201, "POST", RBAC "namespaces/%s/roles",
		"{'metadata':{'name':'r'},'rules':[{'apiGroups':[''],'resources':['configmaps'],'verbs':["
		"'list']}]}");
	snprintf(body, sizeof(body),
		"{'metadata':{'name':'r'},'roleRef':{'apiGroup':'rbac.authorization.k8s.io','kind':'Role',"
		"'name':'r'},'subjects':[{'kind':'User','apiGroup':'rbac.authorization.k8s.io','name':"
		"'reader-%s'}]}",
		ct_ns);
	ct_want(201, "POST", RBAC "namespaces/%s/rolebindings", body);
	snprintf(body, sizeof(body), "reader-%s", ct_ns);
	for (int i = 0; i < 400; i++) {
		ct_opt.as = body;
		r = ct("GET", "/api/v1/namespaces/%s/configmaps", NULL);
		if (r->code == 200)
			break;
		usleep(25000);
	}
	ck_assert_int_eq((int)r->code, 200);
	ct_opt.as = body;
	ct_status(ct("GET", "/api/v1/configmaps", NULL), 403, "Forbidden", NULL);
	ct_opt.as = body;
	ct_status(ct("GET", "/api/v1/namespaces/default/configmaps", NULL), 403, "Forbidden", NULL);
	ct_opt.as = body;
	ct_status(ct("GET", "/api/v1/namespaces/%s/configmaps/x", NULL), 403, "Forbidden", NULL);
}
END_TEST

START_TEST(immutable)
{
	static const struct {
		const char *patch, *field;
	} no[] = {
		{"{'data':{'a':'Yw=='}}", "data"},
		{"{'stringData':{'a':'c'}}", "data"},
		{"{'data':{'b':'Yw=='}}", "data"},
		{"{'immutable':false}", "immutable"},
		{"{'immutable':null}", "immutable"},
	};
	struct ct_reply *r;

	r = ct_want(201, "POST", SECRETS,
		"{'metadata':{'name':'i'},'immutable':true,'stringData':{'a':'b'}}");
	ck_assert_str_eq(ct_text(r->json, "data.a"), "Yg==");
	ck_assert_ptr_null(ct_at(r->json, "stringData"));
	for (size_t i = 0; i < sizeof(no) / sizeof(*no); i++) {
		ct_opt.type = "application/merge-patch+json";
		r = ct("PATCH", SECRETS "/i", no[i].patch);
		ct_status(r, 422, "Invalid", NULL);
		ck_assert_str_eq(ct_text(r->json, "details.causes.0.field"), no[i].field);
		ck_assert_str_eq(ct_text(r->json, "details.causes.0.message"),
			"Forbidden: field is immutable when `immutable` is set");
	}
	ct_opt.type = "application/merge-patch+json";
	ct_want(200, "PATCH", SECRETS "/i", "{'metadata':{'labels':{'x':'y'}}}");
	ct_opt.type = "application/merge-patch+json";
	ct_status(ct("PATCH", SECRETS "/i", "{'type':'x/y'}"), 422, "Invalid",
		"Secret 'i' is invalid: type: Invalid value: 'x/y': field is immutable");
	ct_want(200, "DELETE", SECRETS "/i", NULL);
	ct_want(201, "POST", SECRETS, "{'metadata':{'name':'i'},'data':{'a':'Yw=='}}");
}
END_TEST

START_TEST(keys_of_secrets)
{
	struct ct_reply *r = ct("POST", SECRETS, "{'metadata':{'name':'k'},'data':{'a b':'Yg=='}}");

	ct_status(r, 422, "Invalid", NULL);
	ck_assert_str_eq(ct_text(r->json, "details.causes.0.field"), "data[a b]");
	r = ct("POST", SECRETS, "{'metadata':{'name':'k'},'data':{'a':'not base64!'}}");
	ct_status(r, 400, "BadRequest", NULL);
}
END_TEST

Suite *suite_grants(void)
{
	Suite *s = suite_create("contract: grants");

	CT_CASE(s, "rights", one_name_everywhere, apply_creates_by_name, apply_needs_create,
		rights_are_taken, role_in_one_namespace);
	CT_CASE(s, "secrets", immutable, keys_of_secrets);
	return s;
}
