/* SPDX-License-Identifier: Apache-2.0 */
/* Discovery: aggregated and classic, what is cached, what is asked again, what cannot be told. */
#include "otelgate/kube/client.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include "otelgate/base/mem.h"
#include "support/kube_run.h"
#include "support/suite.h"

/* Answers by path; the first that matches. */
struct route {
	const char *path, *status, *body;
};
static const struct route *_Atomic routes;

static void serve_routes(struct ss_conn *c, void *ctx)
{
	(void)ctx;
	char head[200], path[200];
	for (unsigned n = 0; ss_read(c); n++) {
		const struct route *t = routes;
		const char *q = ss_last(c);
		(void)sscanf(q, "GET %199s", path);
		while (t->path && strcmp(t->path, path) != 0)
			t++;
		const char *body = t->path ? t->body : "{\"kind\":\"Status\",\"code\":404}";
		(void)snprintf(head, sizeof(head),
			"HTTP/1.1 %s\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n\r\n",
			t->path ? t->status : "404 Not Found", strlen(body));
		if (!ss_send(c, head) || !ss_send(c, body))
			return;
	}
}

static const struct route aggregated[] = {
	{"/api", "200 OK",
		"{\"kind\":\"APIGroupDiscoveryList\",\"items\":[{\"metadata\":{},\"versions\":[{"
		"\"version\":\"v1\",\"resources\":[{\"resource\":\"pods\",\"responseKind\":{\"kind\":"
		"\"Pod\"},\"scope\":\"Namespaced\",\"verbs\":[\"get\",\"watch\"],\"subresources\":[{"
		"\"subresource\":\"log\"},{\"subresource\":\"status\"}]},{\"resource\":\"nodes\","
		"\"responseKind\":{\"kind\":\"Node\"},\"scope\":\"Cluster\",\"verbs\":[\"get\"]}]}]}]}"},
	{"/apis", "200 OK",
		"{\"kind\":\"APIGroupDiscoveryList\",\"items\":["
		"{\"metadata\":{\"name\":\"apps\"},\"versions\":[{\"version\":\"v1\",\"resources\":[{"
		"\"resource\":\"deployments\",\"responseKind\":{\"kind\":\"Deployment\"},\"scope\":"
		"\"Namespaced\",\"verbs\":[\"watch\"]}]},{\"version\":\"v1beta1\",\"resources\":[{"
		"\"resource\":\"deployments\",\"responseKind\":{\"kind\":\"Deployment\"}},{\"resource\":"
		"\"old\",\"responseKind\":{\"kind\":\"Old\"}}]}]},"
		"{\"metadata\":{\"name\":\"away.example.org\"},\"versions\":[{\"version\":\"v1\","
		"\"freshness\":\"Stale\"}]},"
		"{\"metadata\":{\"name\":\"../evil\"},\"versions\":[{\"version\":\"v1\"}]},"
		"{\"metadata\":{\"name\":\"odd\"},\"versions\":[5,{\"version\":\"v1\",\"resources\":[7,{"
		"\"resource\":\"a/b\",\"responseKind\":{\"kind\":\"X\"}},{\"resource\":\"nokind\","
		"\"responseKind\":null},{\"resource\":\"fine\",\"responseKind\":{\"kind\":\"Fine\"},"
		"\"verbs\":null,\"subresources\":{}}]}]}]}"},
	{NULL, NULL, NULL}};

static const struct route classic[] = {
	{"/api", "200 OK", "{\"kind\":\"APIVersions\",\"versions\":[\"v1\",7,\"../x\"]}"},
	{"/apis", "200 OK",
		"{\"kind\":\"APIGroupList\",\"groups\":[{\"name\":\"apps\",\"versions\":[{\"version\":"
		"\"v1beta1\"},{\"version\":\"v1\"}],\"preferredVersion\":{\"version\":\"v1\"}},{\"name\":"
		"\"away.example.org\",\"versions\":[{\"version\":\"v1\"}]},{\"name\":\"gone.example.org\","
		"\"versions\":[{\"version\":\"v1\"}]},{\"name\":\"\"},{\"name\":\"a/b\"}]}"},
	{"/api/v1", "200 OK",
		"{\"kind\":\"APIResourceList\",\"resources\":[{\"name\":\"pods\",\"kind\":\"Pod\","
		"\"namespaced\":true,\"verbs\":[\"get\",\"watch\"]},{\"name\":\"pods/status\",\"kind\":"
		"\"Pod\"},{\"name\":\"nodes\",\"kind\":\"Node\",\"namespaced\":false,\"verbs\":[\"get\"]}]}"},
	{"/apis/apps/v1", "200 OK",
		"{\"kind\":\"APIResourceList\",\"resources\":[{\"name\":\"deployments\",\"kind\":"
		"\"Deployment\",\"namespaced\":true,\"verbs\":[\"watch\"]}]}"},
	{"/apis/apps/v1beta1", "200 OK",
		"{\"kind\":\"APIResourceList\",\"resources\":[{\"name\":\"deployments\",\"kind\":"
		"\"Deployment\"},{\"name\":\"old\",\"kind\":\"Old\"}]}"},
	{"/apis/away.example.org/v1", "503 Service Unavailable", "no endpoints available"},
	{NULL, NULL, NULL}};

static const struct route broken[] = {{"/api", "200 OK", "{\"kind\":\"PodList\"}"},
	{"/apis", "200 OK", "{}"}, {NULL, NULL, NULL}};
static const struct route down[] = {
	{"/api", "500 X", "{}"}, {"/apis", "500 X", "{}"}, {NULL, NULL, NULL}};

static struct krun r;
static struct ss *srv;

static void setup(void)
{
	srv = ss_start(serve_routes, NULL, NULL);
	ck_assert_ptr_nonnull(srv);
	krun_init(&r, srv, NULL, NULL);
}

static void teardown(void)
{
	krun_fini(&r);
	ss_stop(srv);
}

/* One look-up's answer. */
struct found {
	unsigned dones;
	bool have, namespaced, status, watch, failed;
	char version[32], resource[64], kind[64], why[OG_ERR_MSG_BYTES];
};

static void on_found(void *ctx, const struct og_kube_api *api, const struct og_err *err)
{
	struct found *f = ctx;
	f->dones++;
	f->have = api != NULL;
	f->failed = err != NULL;
	ck_assert(!api || !err);
	if (err)
		(void)snprintf(f->why, sizeof(f->why), "%s", err->msg);
	if (!api)
		return;
	f->namespaced = api->namespaced;
	f->status = api->has_status;
	f->watch = api->can_watch;
	(void)snprintf(f->version, sizeof(f->version), "%.*s", OG_SV_ARG(api->version));
	(void)snprintf(f->resource, sizeof(f->resource), "%.*s", OG_SV_ARG(api->resource));
	(void)snprintf(f->kind, sizeof(f->kind), "%.*s", OG_SV_ARG(api->kind));
}

static void wait_for(struct found *f)
{
	int64_t end = og_loop_now_ns(r.loop) + 20 * OG_NS_PER_S;
	while (!f->dones && og_loop_now_ns(r.loop) < end)
		(void)og_loop_turn(r.loop, 100);
	ck_assert_uint_eq(f->dones, 1);
}

static struct found find(const char *group, const char *version, const char *name, int64_t age_ms)
{
	struct found f = {.dones = 0};
	ck_assert_int_eq(og_kube_discover(r.k, og_svz(group), og_svz(version), og_svz(name), age_ms,
				 on_found, &f, NULL),
		0);
	ck_assert_uint_eq(f.dones, 0);
	wait_for(&f);
	return f;
}

/* The same questions to both forms. */
static const struct {
	const char *group, *version, *name, *want_version, *resource, *kind;
	bool namespaced, status, watch;
} known[] = {
	{"", "v1", "pods", "v1", "pods", "Pod", true, true, true},
	{"", "", "Pod", "v1", "pods", "Pod", true, true, true},
	{"", "", "nodes", "v1", "nodes", "Node", false, false, false},
	{"apps", "", "Deployment", "v1", "deployments", "Deployment", true, false, true},
	{"apps", "v1beta1", "deployments", "v1beta1", "deployments", "Deployment", false, false,
		false},
	{"apps", "", "old", "v1beta1", "old", "Old", false, false, false},
	{"apps", "v1", "old", NULL, NULL, NULL, false, false, false},
	{"apps", "", "pods", NULL, NULL, NULL, false, false, false},
	{"apps", "v2", "deployments", NULL, NULL, NULL, false, false, false},
	{"", "", "pod", NULL, NULL, NULL, false, false, false},
	{"nope.example.org", "", "x", NULL, NULL, NULL, false, false, false},
	{"gone.example.org", "", "x", NULL, NULL, NULL, false, false, false},
};

static void check_known(const struct route *table)
{
	routes = table;
	for (size_t i = 0; i < OG_COUNT(known); i++) {
		struct found f = find(known[i].group, known[i].version, known[i].name, 0);
		ck_assert_msg(!f.failed, "%s", f.why);
		ck_assert_msg(f.have == (known[i].resource != NULL), "%zu", i);
		if (!f.have)
			continue;
		ck_assert_str_eq(f.version, known[i].want_version);
		ck_assert_str_eq(f.resource, known[i].resource);
		ck_assert_str_eq(f.kind, known[i].kind);
		ck_assert(f.namespaced == known[i].namespaced);
		ck_assert(f.status == known[i].status);
		ck_assert(f.watch == known[i].watch);
	}
}

START_TEST(the_aggregated_form)
{
	check_known(aggregated);
	ck_assert(find("odd", "", "fine", 0).have);
	ck_assert(!find("odd", "", "nokind", 0).have);
	ck_assert(strstr(ss_seen(srv, 0), "as=APIGroupDiscoveryList"));
}
END_TEST

START_TEST(the_classic_form)
{
	check_known(classic);
}
END_TEST

START_TEST(a_group_whose_server_is_away_is_no_no)
{
	routes = _i ? classic : aggregated;
	struct found f = find("away.example.org", "", "things", 0);
	ck_assert(f.failed && !f.have);
	ck_assert_msg(strstr(f.why, _i ? "503" : "is away"), "%s", f.why);
}
END_TEST

START_TEST(what_is_known_is_not_asked_again)
{
	routes = aggregated;
	ck_assert(find("", "", "pods", 0).have);
	unsigned n = ss_requests(srv);
	ck_assert_uint_eq(n, 2);
	for (int i = 0; i < 5; i++)
		ck_assert(find("apps", "", "deployments", 60000).have);
	ck_assert_uint_eq(ss_requests(srv), n);
	/* a "no" is always asked for */
	ck_assert(!find("apps", "", "rollouts", 60000).have);
	ck_assert_uint_eq(ss_requests(srv), n + 2);
	/* too old */
	int64_t end = og_loop_now_ns(r.loop) + 3 * OG_NS_PER_MS;
	while (og_loop_now_ns(r.loop) < end)
		(void)og_loop_turn(r.loop, 1);
	ck_assert(find("apps", "", "deployments", 1).have);
	ck_assert_uint_eq(ss_requests(srv), n + 4);
}
END_TEST

START_TEST(look_ups_that_come_together_share_the_requests)
{
	routes = aggregated;
	struct found f[6] = {0};
	static const char *const names[] = {"pods", "nodes", "x", "y", "Pod", "z"};
	for (int i = 0; i < 6; i++)
		ck_assert_int_eq(og_kube_discover(r.k, OG_SV(""), OG_SV(""), og_svz(names[i]), 0,
					 on_found, &f[i], NULL),
			0);
	for (int i = 0; i < 6; i++)
		wait_for(&f[i]);
	ck_assert(f[0].have && f[1].have && !f[2].have && !f[3].have && f[4].have && !f[5].have);
	ck_assert_uint_eq(ss_requests(srv), 2);
}
END_TEST

START_TEST(a_resource_appears)
{
	static const struct route with[] = {
		{"/api", "200 OK", "{\"kind\":\"APIGroupDiscoveryList\"}"},
		{"/apis", "200 OK",
			"{\"kind\":\"APIGroupDiscoveryList\",\"items\":[{\"metadata\":{\"name\":"
			"\"argoproj.io\"},\"versions\":[{\"version\":\"v1alpha1\",\"resources\":[{"
			"\"resource\":\"rollouts\",\"responseKind\":{\"kind\":\"Rollout\"}}]}]}]}"},
		{NULL, NULL, NULL}};
	routes = aggregated;
	ck_assert(!find("argoproj.io", "", "Rollout", 0).have);
	routes = with;
	ck_assert(find("argoproj.io", "", "Rollout", 0).have);
	ck_assert(!find("", "", "pods", 0).have);
}
END_TEST

START_TEST(failures_are_no_answers)
{
	routes = _i == 0 ? broken : down;
	struct found f = find("", "", "pods", 0);
	ck_assert(f.failed);
	ck_assert_msg(strstr(f.why, _i == 0 ? "no list of API groups" : "500"), "%s", f.why);
	routes = aggregated;
	ck_assert(find("", "", "pods", 0).have);
	/* what is old is better than nothing, but a "no" of then says nothing of now */
	routes = _i == 0 ? broken : down;
	int64_t end = og_loop_now_ns(r.loop) + 3 * OG_NS_PER_MS;
	while (og_loop_now_ns(r.loop) < end)
		(void)og_loop_turn(r.loop, 1);
	ck_assert(find("", "", "pods", 1).have);
	ck_assert(find("", "", "nothing", 1).failed);
}
END_TEST

static void ask_again(void *ctx, const struct og_kube_api *api, const struct og_err *err)
{
	on_found(ctx, api, err);
	if (((struct found *)ctx)->dones == 1)
		ck_assert_int_eq(og_kube_discover(r.k, OG_SV(""), OG_SV(""), OG_SV("nodes"), 0,
					 ask_again, ctx, NULL),
			0);
}

static void free_client(void *ctx, const struct og_kube_api *api, const struct og_err *err)
{
	on_found(ctx, api, err);
	og_kube_free(og_take(r.k));
}

START_TEST(callbacks_may_do_anything)
{
	routes = aggregated;
	struct found a = {0}, b = {0}, c = {0};
	ck_assert_int_eq(
		og_kube_discover(r.k, OG_SV(""), OG_SV(""), OG_SV("x"), 0, ask_again, &a, NULL), 0);
	ck_assert_int_eq(
		og_kube_discover(r.k, OG_SV(""), OG_SV(""), OG_SV("y"), 0, on_found, &b, NULL), 0);
	og_kube_discover_cancel(r.k, &b);
	while (a.dones < 2)
		(void)og_loop_turn(r.loop, 100);
	ck_assert(a.have);
	ck_assert_int_eq(og_kube_discover(r.k, OG_SV(""), OG_SV(""), OG_SV("pods"), 0, free_client,
				 &c, NULL),
		0);
	ck_assert_int_eq(
		og_kube_discover(r.k, OG_SV(""), OG_SV(""), OG_SV("pods"), 0, on_found, &b, NULL),
		0);
	wait_for(&c);
	ck_assert_ptr_null(r.k);
	for (int i = 0; i < 5; i++)
		(void)og_loop_turn(r.loop, 1);
	ck_assert_uint_eq(b.dones, 0);
}
END_TEST

START_TEST(questions_that_are_none)
{
	ck_assert_int_eq(
		og_kube_discover(r.k, OG_SV(""), OG_SV(""), OG_SV(""), 0, on_found, NULL, NULL),
		-OG_E_INVALID);
	ck_assert_int_eq(
		og_kube_discover(r.k, OG_SV(""), OG_SV(""), OG_SV("x"), 0, NULL, NULL, NULL),
		-OG_E_INVALID);
	og_kube_discover_cancel(r.k, NULL);
}
END_TEST

/* Freed in the middle. */
START_TEST(freed_while_asking)
{
	routes = classic;
	struct found f = {0};
	ck_assert_int_eq(
		og_kube_discover(r.k, OG_SV("apps"), OG_SV(""), OG_SV("x"), 0, on_found, &f, NULL),
		0);
	for (int i = 0; i < _i; i++)
		(void)og_loop_turn(r.loop, 20);
	og_kube_free(og_take(r.k));
	ck_assert_uint_eq(f.dones, 0);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("kube/discovery");
	TCase *tc = tcase_create("discovery");
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, the_aggregated_form);
	tcase_add_test(tc, the_classic_form);
	tcase_add_loop_test(tc, a_group_whose_server_is_away_is_no_no, 0, 2);
	tcase_add_test(tc, what_is_known_is_not_asked_again);
	tcase_add_test(tc, look_ups_that_come_together_share_the_requests);
	tcase_add_test(tc, a_resource_appears);
	tcase_add_loop_test(tc, failures_are_no_answers, 0, 2);
	tcase_add_test(tc, callbacks_may_do_anything);
	tcase_add_test(tc, questions_that_are_none);
	tcase_add_loop_test(tc, freed_while_asking, 0, 6);
	suite_add_tcase(s, tc);
	return og_suite_run(s);
}
