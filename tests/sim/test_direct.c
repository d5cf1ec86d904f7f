/* SPDX-License-Identifier: Apache-2.0 */
/* Objects put by tests, users and rules, ticks, generated clusters. */
#include <stdio.h>
#include "contract/cluster.h"
#include "sim/test.h"

#define CMS "/api/v1/namespaces/@/configmaps"

START_TEST(put_get_delete)
{
	struct og_buf b = OG_BUF_INIT(0);
	struct og_err err = OG_ERR_INIT;
	struct og_sim *s = ct_sim();

	ck_assert_int_eq(og_sim_put(s,
				 ct_json("{'kind':'Pod','apiVersion':'v1','metadata':{'name':'p',"
					 "'namespace':'fresh'},'status':{'phase':'Running'}}"),
				 &err),
		0);
	ck_assert_uint_eq(og_sim_count(s, "pods", "fresh"), 1);
	ck_assert_uint_eq(og_sim_count(s, "pods", NULL), 1);
	ck_assert_uint_eq(og_sim_count(s, "pods", "other"), 0);
	ct_want(200, "GET", "/api/v1/namespaces/fresh", NULL);
	ck_assert_str_eq(ct_text(ct_want(200, "GET", "/api/v1/namespaces/fresh/pods/p", NULL)->json,
				 "status.phase"),
		"Running");
	ck_assert_int_eq(og_sim_get(s, "pods", "fresh", "p", &b, &err), 0);
	ck_assert_msg(strstr(b.p, "\"phase\":\"Running\""), "%s", b.p);
	ck_assert_int_eq(og_sim_delete(s, "pods", "fresh", "p", &err), 0);
	ck_assert_int_eq(og_sim_delete(s, "pods", "fresh", "p", &err), -OG_E_NOT_FOUND);
	ck_assert_int_eq(og_sim_get(s, "pods", "fresh", "p", &b, &err), -OG_E_NOT_FOUND);
	ck_assert_int_eq(og_sim_get(s, "nothings", NULL, "p", &b, &err), -OG_E_NOT_FOUND);
	og_buf_fini(&b);
}
END_TEST

START_TEST(bad_puts)
{
	static const char *const bad[] = {"", "[]", "{}", "{'metadata':{'name':'a'}}",
		"{'kind':'Pod','apiVersion':'v1','metadata':{}}",
		"{'kind':'Nothing','apiVersion':'v1','metadata':{'name':'a'}}",
		"{'metadata':{'name':'a'},'kind':'TokenReview','apiVersion':'x/v1'}"};

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		ck_assert_msg(og_sim_put(ct_sim(), ct_json(bad[i]), NULL) < 0, "%s", bad[i]);
}
END_TEST

START_TEST(yaml)
{
	static const char text[] =
		"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {k: v}\n---\n"
		"apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: Secret\n"
		"  metadata: {name: s, namespace: nn}\n---\n# nothing\n";
	struct og_err err = OG_ERR_INIT;

	ck_assert_msg(!og_sim_apply(ct_sim(), og_svz(text), "text", &err), "%s", err.msg);
	ct_want(200, "GET", "/api/v1/namespaces/default/configmaps/a", NULL);
	ct_want(200, "GET", "/api/v1/namespaces/nn/secrets/s", NULL);
	ck_assert_int_lt(og_sim_apply(ct_sim(), OG_SV("kind: x"), "text", &err), 0);
	ck_assert_int_lt(og_sim_apply_file(ct_sim(), "/nonexistent", &err), 0);
}
END_TEST

static long as_user(const char *method, const char *path)
{
	ct_opt.token = "t1";
	return ct(method, path, !strcmp(method, "POST") ? "{'metadata':{'name':'x'}}" : NULL)->code;
}

START_TEST(rules)
{
	struct og_sim *s = ct_sim();

	ck_assert_int_eq(og_sim_add_user(s, "u", NULL, "t1", NULL), 0);
	ck_assert_int_eq(as_user("GET", CMS), 403);
	ck_assert_int_eq(
		og_sim_allow(s, "u", ct_ns,
			ct_json("[{'apiGroups':[''],'resources':['configmaps'],'verbs':"
				"['list','create']},{'apiGroups':[''],'resources':['secrets'],"
				"'verbs':['get'],'resourceNames':['one']}]"),
			NULL),
		0);
	ck_assert_int_eq(as_user("GET", CMS), 200);
	ck_assert_int_eq(as_user("GET", CMS "?watch=true&timeoutSeconds=1"), 403);
	ck_assert_int_eq(as_user("POST", CMS), 201);
	ck_assert_int_eq(as_user("GET", "/api/v1/configmaps"), 403);
	ck_assert_int_eq(as_user("GET", "/api/v1/namespaces/default/configmaps"), 403);
	ck_assert_int_eq(as_user("GET", "/api/v1/namespaces/@/secrets/one"), 404);
	ck_assert_int_eq(as_user("GET", "/api/v1/namespaces/@/secrets/two"), 403);
	ck_assert_int_eq(as_user("GET", "/metrics"), 403);
	ck_assert_int_eq(og_sim_allow(s, "u", NULL,
				 ct_json("[{'nonResourceURLs':['/met*'],'verbs':"
					 "['get']},{'apiGroups':['*'],'resources':"
					 "['*'],'verbs':['list']}]"),
				 NULL),
		0);
	ck_assert_int_eq(as_user("GET", "/metrics"), 404);
	ck_assert_int_eq(as_user("GET", "/apis/apps/v1/deployments"), 200);
	og_sim_disallow_all(s, "u");
	ck_assert_int_eq(as_user("GET", CMS), 403);
	ck_assert_int_lt(og_sim_allow(s, "u", NULL, "{}", NULL), 0);
	ck_assert_int_lt(og_sim_allow(s, "u", NULL, "[", NULL), 0);
}
END_TEST

START_TEST(certificates)
{
	struct og_buf cert = OG_BUF_INIT(0), key = OG_BUF_INIT(0);
	struct og_err err = OG_ERR_INIT;

	ck_assert_msg(!og_sim_client_cert(ct_sim(), "carol", &cert, &key, &err), "%s", err.msg);
	ct_opt.cert = &cert;
	ct_opt.key = &key;
	ct_status(ct("GET", CMS, NULL), 403, "Forbidden",
		"configmaps is forbidden: User 'carol' cannot list resource 'configmaps' in API group '' "
		"in the namespace '%s'");
	og_buf_reset(&cert);
	og_buf_reset(&key);
	ck_assert_msg(!og_sim_client_cert(ct_sim(), "admin", &cert, &key, &err), "%s", err.msg);
	ct_opt.cert = &cert;
	ct_opt.key = &key;
	ct_want(200, "GET", CMS, NULL);
	og_buf_fini(&cert);
	og_buf_fini(&key);
}
END_TEST

START_TEST(openapi_for_kubectl)
{
	struct ct_reply *r = ct_want(200, "GET", "/openapi/v3", NULL);
	const char *url = json_string_value(
		json_object_get(json_object_get(json_object_get(r->json, "paths"), "apis/apps/v1"),
			"serverRelativeURL"));

	ck_assert_ptr_nonnull(url);
	r = ct_want(200, "GET", url, NULL);
	ck_assert_ptr_nonnull(strstr(r->body, "fieldValidation"));
	ct_want(404, "GET", "/openapi/v3/apis/nothing/v1", NULL);
	ct_want(404, "GET", "/openapi/v3x", NULL);
}
END_TEST

START_TEST(ticks_by_hand)
{
	struct og_sim *s = ct_sim();
	struct ct_reply *r;

	ct_want(201, "POST", "/apis/apps/v1/namespaces/%s/deployments",
		"{'metadata':{'name':'web'},'spec':{'replicas':3,'selector':{'matchLabels':{'a':'b'}},"
		"'template':{'metadata':{'labels':{'a':'b'}},'spec':{'containers':[{'name':'c',"
		"'image':'i'}]}}}}");
	ck_assert_uint_eq(og_sim_count(s, "pods", NULL), 0);
	ck_assert(og_sim_tick(s));
	ck_assert_uint_eq(og_sim_count(s, "replicasets.apps", ct_ns), 1);
	ck_assert_uint_le(og_sim_settle(s, 50), 49);
	ck_assert_uint_eq(og_sim_count(s, "pods", ct_ns), 3);
	r = ct_want(200, "GET", "/apis/apps/v1/namespaces/%s/deployments/web", NULL);
	ck_assert_int_eq(ct_int(r->json, "status.availableReplicas"), 3);
	ck_assert(!og_sim_tick(s));
}
END_TEST

START_TEST(fates)
{
	static const struct {
		const char *state, *phase, *waiting;
	} t[] = {
		{"pending", "Pending", ""},
		{"crash", "Running", "CrashLoopBackOff"},
		{"succeed", "Succeeded", ""},
	};
	char body[512], path[128];

	for (size_t i = 0; i < sizeof(t) / sizeof(*t); i++) {
		struct ct_reply *r;

		snprintf(body, sizeof(body),
			"{'metadata':{'name':'%s','annotations':{'sim.otelgate.dev/state':'%s'}},'spec':{"
			"'containers':[{'name':'c','image':'i'}]}}",
			t[i].state, t[i].state);
		ct_want(201, "POST", "/api/v1/namespaces/%s/pods", body);
		og_sim_settle(ct_sim(), 20);
		snprintf(path, sizeof(path), "/api/v1/namespaces/%s/pods/%s", ct_ns, t[i].state);
		r = ct_want(200, "GET", path, NULL);
		ck_assert_str_eq(ct_text(r->json, "status.phase"), t[i].phase);
		ck_assert_str_eq(
			ct_text(r->json, "status.containerStatuses.0.state.waiting.reason"),
			t[i].waiting);
	}
}
END_TEST

START_TEST(generated)
{
	struct og_sim_gen g;
	struct og_sim *s = ct_sim();
	struct ct_reply *r, *set;
	char path[512];
	json_t *p;

	ck_assert_int_eq(og_sim_gen_parse(OG_SV("pods=500,namespaces=2,nodes=7"), &g, NULL), 0);
	ck_assert_int_eq(og_sim_generate(s, &g, NULL), 0);
	ck_assert_uint_eq(og_sim_count(s, "pods", NULL), 500);
	ck_assert_uint_eq(og_sim_count(s, "nodes", NULL), 7);
	r = ct_want(200, "GET", "/api/v1/namespaces/load-00001/pods", NULL);
	ck_assert_int_eq((int)json_array_size(ct_at(r->json, "items")), 250);
	p = ct_at(r->json, "items.17");
	ck_assert_int_eq((int)json_array_size(ct_at(p, "spec.containers")), 2);
	ck_assert_str_eq(ct_text(p, "status.phase"), "Running");
	snprintf(path, sizeof(path), "/apis/apps/v1/namespaces/load-00001/replicasets/%s",
		ct_text(p, "metadata.ownerReferences.0.name"));
	set = ct_want(200, "GET", path, NULL);
	ck_assert_str_eq(
		ct_text(set->json, "metadata.uid"), ct_text(p, "metadata.ownerReferences.0.uid"));
	ck_assert_str_eq(ct_text(set->json, "metadata.ownerReferences.0.kind"), "Deployment");
	snprintf(path, sizeof(path), "/api/v1/namespaces/load-00001/pods/%s",
		ct_text(p, "metadata.name"));
	r = ct_want(200, "GET", path, NULL);
	ck_assert_msg(r->len > 9000 && r->len < 10000, "%zu bytes", r->len);
	snprintf(path, sizeof(path), "/api/v1/pods?limit=100&fieldSelector=spec.nodeName%%3D%s",
		ct_text(r->json, "spec.nodeName"));
	r = ct_want(200, "GET", path, NULL);
	ck_assert_int_ge((int)json_array_size(ct_at(r->json, "items")), 30);
}
END_TEST

START_TEST(generated_rolls)
{
	struct og_sim_gen g = {.pods = 60, .namespaces = 1};
	struct og_sim *s = ct_sim();
	struct ct_reply *r;

	ck_assert_int_eq(og_sim_generate(s, &g, NULL), 0);
	ct_opt.type = "application/strategic-merge-patch+json";
	ct_want(200, "PATCH", "/apis/apps/v1/namespaces/load-00000/deployments/app-00001",
		"{'spec':{'template':{'metadata':{'annotations':{'r':'1'}}}}}");
	og_sim_settle(s, 200);
	r = ct_want(200, "GET", "/apis/apps/v1/namespaces/load-00000/deployments/app-00001", NULL);
	ck_assert_int_eq(ct_int(r->json, "status.updatedReplicas"), 10);
	ck_assert_int_eq(ct_int(r->json, "status.replicas"), 10);
	ck_assert_uint_eq(og_sim_count(s, "pods", NULL), 60);
}
END_TEST

START_TEST(bad_generators)
{
	static const char *const bad[] = {"pods", "pods=x", "pods=-1", "things=5", "pods=5,",
		"pods=99999999999", "prefix=", ",,"};
	struct og_sim_gen g;

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		if (!strcmp(bad[i], "pods=5,"))
			continue; /* a comma at the end is no further part */
		ck_assert_msg(
			og_sim_gen_parse(og_svz(bad[i]), &g, NULL) == -OG_E_USAGE, "%s", bad[i]);
	}
}
END_TEST

static void still_setup(void)
{
	ct_sim_opts = (struct og_sim_opts){0};
	ct_setup();
}

Suite *suite_direct(void)
{
	Suite *s = suite_create("sim: direct");
	TCase *still = tcase_create("by hand");

	CT_CASE(s, "objects", put_get_delete, bad_puts, yaml);
	CT_CASE(s, "users", rules, certificates, openapi_for_kubectl);
	CT_CASE(s, "generated", generated, bad_generators);
	tcase_add_checked_fixture(still, still_setup, ct_teardown);
	tcase_add_test(still, ticks_by_hand);
	tcase_add_test(still, fates);
	tcase_add_test(still, generated_rolls);
	suite_add_tcase(s, still);
	return s;
}
