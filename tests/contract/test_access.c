/* SPDX-License-Identifier: Apache-2.0 */
/* Who may what: 401, 403 and their texts; reviews; impersonation. */
#include <stdio.h>
#include "contract/cluster.h"

static void forbidden(const char *method, const char *path, const char *body, const char *message)
{
	struct ct_reply *r;

	ct_opt.as = "nobody@example.org";
	if (!strcmp(method, "PATCH"))
		ct_opt.type = "application/merge-patch+json";
	r = ct(method, path, body);
	ct_status(r, 403, "Forbidden", message);
}

#define WHO "User 'nobody@example.org' cannot "

START_TEST(texts)
{
	forbidden("GET", "/api/v1/pods", NULL,
		"pods is forbidden: " WHO
		"list resource 'pods' in API group '' at the cluster scope");
	forbidden("GET", "/api/v1/namespaces/%s/pods", NULL,
		"pods is forbidden: " WHO
		"list resource 'pods' in API group '' in the namespace '%s'");
	forbidden("GET", "/api/v1/pods?watch=true", NULL,
		"pods is forbidden: " WHO
		"watch resource 'pods' in API group '' at the cluster scope");
	forbidden("GET", "/api/v1/namespaces/%s/secrets/x", NULL,
		"secrets 'x' is forbidden: " WHO
		"get resource 'secrets' in API group '' in the namespace '%s'");
	forbidden("POST", "/apis/apps/v1/namespaces/%s/deployments", "{}",
		"deployments.apps is forbidden: " WHO
		"create resource 'deployments' in API group 'apps' in the namespace '%s'");
	forbidden("PATCH", "/apis/apps/v1/namespaces/%s/deployments/x/status", "{}",
		"deployments.apps 'x' is forbidden: " WHO
		"patch resource 'deployments/status' in API group 'apps' in the namespace '%s'");
	forbidden("DELETE", "/api/v1/nodes/x", NULL,
		"nodes 'x' is forbidden: " WHO
		"delete resource 'nodes' in API group '' at the cluster scope");
	forbidden("DELETE", "/api/v1/namespaces/%s/configmaps", NULL,
		"configmaps is forbidden: " WHO
		"deletecollection resource 'configmaps' in API group '' in the namespace '%s'");
	forbidden("GET", "/metrics", NULL, "forbidden: " WHO "get path '/metrics'");
}
END_TEST

START_TEST(details)
{
	struct ct_reply *r;

	ct_opt.as = "nobody@example.org";
	r = ct("GET", "/apis/apps/v1/namespaces/%s/deployments/x", NULL);
	ck_assert_str_eq(ct_text(r->json, "details.name"), "x");
	ck_assert_str_eq(ct_text(r->json, "details.group"), "apps");
	ck_assert_str_eq(ct_text(r->json, "details.kind"), "deployments");
}
END_TEST

START_TEST(one_name_by_field_selector)
{
	/* RBAC sees the name of a list or watch of one object, so that resourceNames work */
	forbidden("GET", "/api/v1/namespaces/%s/secrets?fieldSelector=metadata.name%3Dca", NULL,
		"secrets 'ca' is forbidden: " WHO
		"list resource 'secrets' in API group '' in the namespace '%s'");
}
END_TEST

START_TEST(namespaces)
{
	forbidden("GET", "/api/v1/namespaces/%s", NULL,
		"namespaces '%s' is forbidden: " WHO
		"get resource 'namespaces' in API group '' in the namespace '%s'");
}
END_TEST

START_TEST(unknown_resources_are_forbidden_first)
{
	forbidden("GET", "/apis/nosuch.example.org/v1/things", NULL,
		"things.nosuch.example.org is forbidden: " WHO
		"list resource 'things' in API group 'nosuch.example.org' at the cluster scope");
}
END_TEST

START_TEST(discovery_is_open)
{
	static const char *const paths[] = {
		"/api", "/apis", "/apis/apps/v1", "/version", "/readyz"};

	for (size_t i = 0; i < sizeof(paths) / sizeof(*paths); i++) {
		ct_opt.as = "nobody@example.org";
		ct_want(200, "GET", paths[i], NULL);
	}
}
END_TEST

START_TEST(unauthorized)
{
	ct_opt.token = "not-a-token";
	ct_status(ct("GET", "/api/v1/pods", NULL), 401, "Unauthorized", "Unauthorized");
}
END_TEST

START_TEST(anonymous)
{
	ct_opt.anonymous = true;
	ct_status(ct("GET", "/api/v1/pods", NULL), 403, "Forbidden",
		"pods is forbidden: User 'system:anonymous' cannot list resource 'pods' in API group '' "
		"at the cluster scope");
	ct_opt.anonymous = true;
	ct_want(200, "GET", "/readyz", NULL);
}
END_TEST

START_TEST(self_access_review)
{
	static const char path[] = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";
	static const char body[] =
		"{'spec':{'resourceAttributes':{'verb':'list','resource':'pods'}}}";
	struct ct_reply *r = ct_want(201, "POST", path, body);

	ck_assert(json_is_true(ct_at(r->json, "status.allowed")));
	ct_opt.as = "nobody@example.org";
	r = ct_want(201, "POST", path, body);
	ck_assert(!json_is_true(ct_at(r->json, "status.allowed")));
}
END_TEST

START_TEST(self_review)
{
	struct ct_reply *r;

	ct_opt.as = "nobody@example.org";
	r = ct_want(201, "POST", "/apis/authentication.k8s.io/v1/selfsubjectreviews", "{}");
	ck_assert_str_eq(ct_text(r->json, "status.userInfo.username"), "nobody@example.org");
}
END_TEST

START_TEST(service_account_token)
{
	struct ct_reply *r;
	char token[2048], who[256];

	ct_want(201, "POST", "/api/v1/namespaces/%s/serviceaccounts", "{'metadata':{'name':'me'}}");
	r = ct_want(201, "POST", "/api/v1/namespaces/%s/serviceaccounts/me/token",
		"{'spec':{'expirationSeconds':600}}");
	snprintf(token, sizeof(token), "%s", ct_text(r->json, "status.token"));
	ck_assert_str_ne(token, "");
	ck_assert_int_eq((int)strlen(ct_text(r->json, "status.expirationTimestamp")), 20);
	ct_opt.token = token;
	snprintf(who, sizeof(who),
		"pods is forbidden: User 'system:serviceaccount:%s:me' cannot list resource 'pods' in "
		"API group '' at the cluster scope",
		ct_ns);
	ct_status(ct("GET", "/api/v1/pods", NULL), 403, "Forbidden", who);
}
END_TEST

START_TEST(impersonation_needs_the_right)
{
	struct ct_reply *r;
	char token[2048];

	ct_want(201, "POST", "/api/v1/namespaces/%s/serviceaccounts", "{'metadata':{'name':'me'}}");
	r = ct_want(201, "POST", "/api/v1/namespaces/%s/serviceaccounts/me/token", "{'spec':{}}");
	snprintf(token, sizeof(token), "%s", ct_text(r->json, "status.token"));
	ct_opt.token = token;
	ct_opt.as = "admin";
	r = ct("GET", "/api/v1/pods", NULL);
	ct_status(r, 403, "Forbidden", NULL);
	/* what exactly is missing differs by release */
	ck_assert_msg(strstr(ct_text(r->json, "message"), "cannot impersonate"), "%s", r->body);
}
END_TEST

Suite *suite_access(void)
{
	Suite *s = suite_create("contract: access");

	CT_CASE(s, "forbidden", texts, details, one_name_by_field_selector, namespaces,
		unknown_resources_are_forbidden_first, discovery_is_open);
	CT_CASE(s, "who", unauthorized, anonymous, service_account_token,
		impersonation_needs_the_right);
	CT_CASE(s, "reviews", self_access_review, self_review);
	return s;
}
