/* SPDX-License-Identifier: Apache-2.0 */
/* /version, /readyz, discovery in both forms, paths that are none. */
#include <stdio.h>
#include "contract/cluster.h"

static const char aggregated[] =
	"application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,"
	"application/json";

static json_t *find(const json_t *list, const char *key, const char *want)
{
	size_t i;
	json_t *v;

	json_array_foreach(list, i, v)
	{
		if (!strcmp(ct_text(v, key), want))
			return v;
	}
	return NULL;
}

static bool has(const json_t *list, const char *want)
{
	size_t i;
	json_t *v;

	json_array_foreach(list, i, v)
	{
		if (json_string_value(v) && !strcmp(json_string_value(v), want))
			return true;
	}
	return false;
}

START_TEST(version)
{
	struct ct_reply *r = ct_want(200, "GET", "/version", NULL);

	ck_assert_str_eq(ct_text(r->json, "major"), "1");
	ck_assert_msg(!strncmp(ct_text(r->json, "gitVersion"), "v1.", 3), "%s", r->body);
	ck_assert(!strncmp(r->type, "application/json", 16));
}
END_TEST

START_TEST(health)
{
	static const char *const paths[] = {"/readyz", "/livez", "/healthz"};

	for (int i = 0; i < 3; i++)
		ck_assert_str_eq(ct_want(200, "GET", paths[i], NULL)->body, "ok");
}
END_TEST

START_TEST(classic_roots)
{
	struct ct_reply *api = ct_want(200, "GET", "/api", NULL);
	struct ct_reply *apis = ct_want(200, "GET", "/apis", NULL);
	json_t *g;

	ck_assert_str_eq(ct_text(api->json, "kind"), "APIVersions");
	ck_assert(has(ct_at(api->json, "versions"), "v1"));
	ck_assert_str_eq(ct_text(apis->json, "kind"), "APIGroupList");
	g = find(ct_at(apis->json, "groups"), "name", "apps");
	ck_assert_str_eq(ct_text(g, "preferredVersion.groupVersion"), "apps/v1");
	ck_assert_ptr_nonnull(find(ct_at(g, "versions"), "version", "v1"));
	ck_assert_ptr_null(find(ct_at(apis->json, "groups"), "name", ""));
}
END_TEST

START_TEST(classic_core)
{
	struct ct_reply *r = ct_want(200, "GET", "/api/v1", NULL);
	json_t *list = ct_at(r->json, "resources"), *pods = find(list, "name", "pods");

	ck_assert_str_eq(ct_text(r->json, "kind"), "APIResourceList");
	ck_assert_str_eq(ct_text(r->json, "groupVersion"), "v1");
	ck_assert(json_is_true(ct_at(pods, "namespaced")));
	ck_assert_str_eq(ct_text(pods, "kind"), "Pod");
	ck_assert_str_eq(ct_text(pods, "singularName"), "pod");
	ck_assert(has(ct_at(pods, "verbs"), "watch"));
	ck_assert(has(ct_at(pods, "shortNames"), "po"));
	ck_assert(json_is_false(ct_at(find(list, "name", "namespaces"), "namespaced")));
	ck_assert_ptr_nonnull(find(list, "name", "pods/status"));
}
END_TEST

START_TEST(classic_group)
{
	struct ct_reply *g = ct_want(200, "GET", "/apis/apps", NULL);
	struct ct_reply *r = ct_want(200, "GET", "/apis/apps/v1", NULL);

	ck_assert_str_eq(ct_text(g->json, "kind"), "APIGroup");
	ck_assert_str_eq(ct_text(g->json, "name"), "apps");
	ck_assert_str_eq(ct_text(r->json, "groupVersion"), "apps/v1");
	ck_assert_str_eq(ct_text(r->json, "apiVersion"), "v1");
	ck_assert_str_eq(
		ct_text(find(ct_at(r->json, "resources"), "name", "deployments/scale"), "kind"),
		"Scale");
}
END_TEST

START_TEST(aggregated_apis)
{
	struct ct_reply *r;
	json_t *apps, *ver, *dep;

	ct_opt.accept = aggregated;
	r = ct_want(200, "GET", "/apis", NULL);
	ck_assert_msg(strstr(r->type, "as=APIGroupDiscoveryList"), "%s", r->type);
	ck_assert_str_eq(ct_text(r->json, "kind"), "APIGroupDiscoveryList");
	ck_assert_str_eq(ct_text(r->json, "apiVersion"), "apidiscovery.k8s.io/v2");
	apps = find(ct_at(r->json, "items"), "metadata.name", "apps");
	ver = ct_at(apps, "versions.0");
	ck_assert_str_eq(ct_text(ver, "version"), "v1");
	ck_assert_str_eq(ct_text(ver, "freshness"), "Current");
	dep = find(ct_at(ver, "resources"), "resource", "deployments");
	ck_assert_str_eq(ct_text(dep, "responseKind.kind"), "Deployment");
	ck_assert_str_eq(ct_text(dep, "scope"), "Namespaced");
	ck_assert_str_eq(ct_text(dep, "singularResource"), "deployment");
	ck_assert(has(ct_at(dep, "verbs"), "patch"));
	ck_assert_ptr_nonnull(find(ct_at(dep, "subresources"), "subresource", "status"));
}
END_TEST

START_TEST(aggregated_core)
{
	struct ct_reply *r;
	json_t *group, *pods;

	ct_opt.accept = aggregated;
	r = ct_want(200, "GET", "/api", NULL);
	group = ct_at(r->json, "items.0");
	ck_assert_str_eq(ct_text(group, "metadata.name"), "");
	pods = find(ct_at(group, "versions.0.resources"), "resource", "pods");
	ck_assert_str_eq(ct_text(pods, "responseKind.kind"), "Pod");
}
END_TEST

START_TEST(plain_accept_is_classic)
{
	struct ct_reply *r;

	ct_opt.accept = "application/json, */*";
	r = ct_want(200, "GET", "/apis", NULL);
	ck_assert_str_eq(ct_text(r->json, "kind"), "APIGroupList");
}
END_TEST

START_TEST(unknown_group_is_no_page)
{
	struct ct_reply *r = ct_want(404, "GET", "/apis/nosuch.example.org/v1/things", NULL);

	ck_assert_str_eq(r->body, "404 page not found\n");
	ck_assert(!strncmp(r->type, "text/plain", 10));
	ct_want(404, "GET", "/apis/nosuch.example.org", NULL);
	ct_want(404, "GET", "/apis/apps/v9", NULL);
}
END_TEST

START_TEST(unknown_resource_of_a_built_in_group)
{
	struct ct_reply *r = ct("GET", "/api/v1/nosuchthings", NULL);

	ct_status(r, 404, "NotFound", "the server could not find the requested resource");
	ck_assert_ptr_nonnull(ct_at(r->json, "details"));
}
END_TEST

START_TEST(cluster_scoped_in_a_namespace)
{
	ct_want(404, "GET", "/api/v1/namespaces/%s/nodes", NULL);
}
END_TEST

START_TEST(unknown_path)
{
	ct_want(404, "GET", "/nosuchpath", NULL);
}
END_TEST

START_TEST(not_acceptable)
{
	struct ct_reply *r;

	ct_opt.accept = "text/csv";
	r = ct("GET", "/api/v1/namespaces/%s/configmaps", NULL);
	ck_assert_int_eq(r->code, 406);
}
END_TEST

Suite *suite_discovery(void)
{
	Suite *s = suite_create("contract: discovery");

	CT_CASE(s, "versions", version, health);
	CT_CASE(s, "classic", classic_roots, classic_core, classic_group, plain_accept_is_classic);
	CT_CASE(s, "aggregated", aggregated_apis, aggregated_core);
	CT_CASE(s, "nothing there", unknown_group_is_no_page, unknown_resource_of_a_built_in_group,
		cluster_scoped_in_a_namespace, unknown_path, not_acceptable);
	return s;
}
