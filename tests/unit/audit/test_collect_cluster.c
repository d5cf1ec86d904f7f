/* SPDX-License-Identifier: Apache-2.0 */
/* A coverage report from a simulated API server. */
#include <check.h>
#include <string.h>
#include <time.h>
#include "otelgate/audit/collect_cluster.h"
#include "otelgate/audit/targets.h"
#include "otelgate/base/mem.h"
#include "support/clusterrun.h"
#include "support/kube_run.h"
#include "support/suite.h"

#define CONFIG                                                                             \
	"apiVersion: otelgate.dev/v1alpha1\nkind: GrafanaStack\nmetadata: {name: s}\n"     \
	"spec: {receiver: {endpoint: 'http://alloy.example.com:4318'}}\n---\n"             \
	"apiVersion: otelgate.dev/v1alpha1\nkind: TelemetryProfile\nmetadata: {name: p}\n" \
	"spec: {stack: s}\n"

static void deployment(const char *ns, const char *name, const char *annotation)
{
	clr_putf(
		"{\"apiVersion\":\"apps/v1\",\"kind\":\"Deployment\",\"metadata\":{\"name\":\"%s\","
		"\"namespace\":\"%s\",\"labels\":{\"app\":\"%s\"}},\"spec\":{\"replicas\":1,"
		"\"selector\":{\"matchLabels\":{\"a\":\"b\"}},\"template\":{\"metadata\":{"
		"\"annotations\":{%s}},\"spec\":{\"containers\":[{\"name\":\"app\",\"image\":"
		"\"w\"}]}}}}",
		name, ns, name, annotation);
}

static void world(void)
{
	struct og_err err = OG_ERR_INIT;

	clr_crd("grafanastacks");
	clr_crd("telemetryprofiles");
	clr_crd("workloadtelemetries");
	ck_assert_int_eq(og_sim_apply(clr_sim, OG_SV(CONFIG), "config", &err), 0);
	deployment("shop", "web", "\"otelgate.dev/inject\":\"true\"");
	deployment("shop", "cart", "\"otelgate.dev/inject\":\"no-such-profile\"");
	deployment("bank", "ledger", "");
}

static int collect(
	struct og_audit_want *want, struct og_arena *a, struct og_coverage *ret, struct og_err *err)
{
	const struct og_kube_flags flags = {.kubeconfig = clr_kubeconfig()};
	const struct og_audit_cluster c = {.access = krun_access(&flags, err), .timeout_ms = 20000};

	ck_assert_msg(c.access, "%s", err->msg);
	want->now_s = (int64_t)time(NULL);
	return og_audit_collect_cluster(&c, want, a, ret, err);
}

START_TEST(every_workload_is_a_row)
{
	og_auto_arena struct og_arena a = {0};
	struct og_audit_want c = {0};
	struct og_err err = OG_ERR_INIT;
	struct og_coverage cov;

	og_arena_init(&a, 0, 0);
	world();
	ck_assert_msg(collect(&c, &a, &cov, &err) == 0, "%s", err.msg);
	ck_assert_uint_eq(cov.n, 3);
	ck_assert_uint_eq(cov.nblind, 0);
	ck_assert(!cov.backends);
	ck_assert(og_sv_is(cov.rows[0].name, "ledger"));
	ck_assert(!cov.rows[0].opted_in);
	ck_assert_str_eq(cov.rows[0].out_reason, "not-opted-in");
	ck_assert_int_eq(cov.rows[0].link[OG_LINK_OPTED_IN].result, OG_RESULT_FAIL);
	ck_assert_int_eq(cov.rows[0].link[OG_LINK_INJECTED].result, OG_RESULT_NA);
	ck_assert(og_sv_is(cov.rows[1].name, "cart"));
	ck_assert(cov.rows[1].opted_in);
	ck_assert_int_eq(cov.rows[1].link[OG_LINK_INJECTED].result, OG_RESULT_FAIL);
	ck_assert_uint_ge(cov.rows[1].nfindings, 1);
	ck_assert(og_sv_is(cov.rows[2].name, "web"));
	ck_assert(og_sv_is(cov.rows[2].profile, "p"));
	ck_assert_int_eq(cov.rows[2].link[OG_LINK_INJECTED].result, OG_RESULT_PASS);
	ck_assert_int_eq(cov.rows[2].signal[OG_SIGNAL_TRACES].cell.result, OG_RESULT_UNKNOWN);
	ck_assert_int_eq(cov.rows[2].link[OG_LINK_RECEIVED].result, OG_RESULT_UNKNOWN);
}
END_TEST

START_TEST(a_namespace_and_labels_limit_it)
{
	const struct og_sv cart = OG_SV("cart");
	const struct og_selector_req req = {
		.key = OG_SV("app"), .op = OG_SEL_IN, .values = &cart, .nvalues = 1};
	og_auto_arena struct og_arena a = {0};
	struct og_audit_want c = {.ns = OG_SV("shop")};
	struct og_err err = OG_ERR_INIT;
	struct og_coverage cov;

	og_arena_init(&a, 0, 0);
	world();
	ck_assert_msg(collect(&c, &a, &cov, &err) == 0, "%s", err.msg);
	ck_assert_uint_eq(cov.n, 2);
	c.selector = (struct og_selector){.present = true, .reqs = &req, .nreqs = 1};
	ck_assert_msg(collect(&c, &a, &cov, &err) == 0, "%s", err.msg);
	ck_assert_uint_eq(cov.n, 1);
	ck_assert(og_sv_is(cov.rows[0].name, "cart"));
}
END_TEST

START_TEST(what_may_not_be_read_is_blind_and_no_pass)
{
	og_auto_arena struct og_arena a = {0};
	struct og_audit_want c = {0};
	struct og_err err = OG_ERR_INIT;
	struct og_coverage cov;
	bool pods = false;

	og_arena_init(&a, 0, 0);
	world();
	clr_user("half", "[{\"apiGroups\":[\"apps\"],\"resources\":[\"deployments\"],\"verbs\":["
			 "\"list\",\"watch\"]}]");
	ck_assert_msg(collect(&c, &a, &cov, &err) == 0, "%s", err.msg);
	ck_assert_uint_eq(cov.n, 3);
	for (uint32_t i = 0; i < cov.nblind; i++) {
		pods |= og_sv_is(cov.blind[i].what, "pods");
		ck_assert_str_eq(cov.blind[i].finding, "OG002");
		ck_assert_uint_gt(cov.blind[i].why.n, 0);
	}
	ck_assert(pods);
	for (uint32_t i = 0; i < cov.n; i++) {
		ck_assert(!cov.rows[i].pods_seen);
		ck_assert_int_ne(cov.rows[i].link[OG_LINK_INJECTED].result, OG_RESULT_PASS);
		ck_assert_int_ne(cov.rows[i].link[OG_LINK_INJECTED].result, OG_RESULT_FAIL);
	}
	/* Whether the namespace asks is not known either. */
	ck_assert_int_eq(cov.rows[0].link[OG_LINK_OPTED_IN].result, OG_RESULT_UNKNOWN);
}
END_TEST

/* Most objects of a cluster are pods of something: memory follows what has a row. */
START_TEST(owned_objects_cost_no_rows)
{
	const struct og_sim_gen gen = {
		.pods = 1000, .namespaces = 1, .deployments = 10, .pod_bytes = 1000};
	og_auto_arena struct og_arena a = {0};
	struct og_audit_want c = {0};
	struct og_err err = OG_ERR_INIT;
	struct og_coverage cov;

	og_arena_init(&a, 4096, 0);
	world();
	ck_assert_msg(og_sim_generate(clr_sim, &gen, &err) == 0, "%s", err.msg);
	ck_assert_msg(collect(&c, &a, &cov, &err) == 0, "%s", err.msg);
	ck_assert_uint_eq(cov.n, 3 + 10);
	ck_assert_uint_eq(cov.rows[1].pods, 100);
	ck_assert_uint_lt(a.used_bytes, 1000 * sizeof(struct og_coverage_row));
}
END_TEST

START_TEST(nothing_to_read_is_an_error)
{
	og_auto_arena struct og_arena a = {0};
	struct og_audit_want c = {0};
	struct og_err err = OG_ERR_INIT;
	struct og_coverage cov;

	og_arena_init(&a, 0, 0);
	clr_user("none", "[]");
	ck_assert_int_eq(collect(&c, &a, &cov, &err), -OG_E_INVALID);
	ck_assert_ptr_nonnull(strstr(err.msg, "no workload may be read"));
	og_sim_down(clr_sim);
	ck_assert_int_lt(collect(&c, &a, &cov, &err), 0);
}
END_TEST

START_TEST(an_empty_cluster_has_no_rows)
{
	og_auto_arena struct og_arena a = {0};
	struct og_audit_want c = {0};
	struct og_err err = OG_ERR_INIT;
	struct og_coverage cov;

	og_arena_init(&a, 0, 0);
	ck_assert_msg(collect(&c, &a, &cov, &err) == 0, "%s", err.msg);
	ck_assert_uint_eq(cov.n, 0);
	ck_assert_uint_eq(cov.nblind, 3); /* no CRD of ours */
}
END_TEST

START_TEST(names_as_people_write_them)
{
	static const struct {
		const char *words[3];
		int code;
		size_t n;
		const char *kind, *name;
	} cases[] = {{{"deployment/web"}, 0, 1, "Deployment", "web"},
		{{"Deployments/web"}, 0, 1, "Deployment", "web"},
		{{"deploy/web"}, 0, 1, "Deployment", "web"},
		{{"deployment.apps/web"}, 0, 1, "Deployment", "web"},
		{{"deployment.batch/web"}, -OG_E_USAGE, 0, NULL, NULL},
		{{"rollouts.argoproj.io/web"}, 0, 1, "Rollout", "web"},
		{{"sts", "web"}, 0, 1, "StatefulSet", "web"}, {{"sts"}, 0, 1, "StatefulSet", ""},
		{{"web"}, 0, 1, NULL, "web"}, {{"web", "api"}, 0, 2, NULL, "web"},
		{{"pod", "a", "b"}, 0, 2, "Pod", "a"},
		{{"pod", "pod/a"}, -OG_E_USAGE, 0, NULL, NULL},
		{{"secret/a"}, -OG_E_USAGE, 0, NULL, NULL}, {{"/a"}, -OG_E_USAGE, 0, NULL, NULL},
		{{"pod/"}, -OG_E_USAGE, 0, NULL, NULL}, {{"pod/a/b"}, -OG_E_USAGE, 0, NULL, NULL},
		{{""}, -OG_E_USAGE, 0, NULL, NULL}};
	og_auto_arena struct og_arena a = {0};

	og_arena_init(&a, 0, 0);
	for (size_t i = 0; i < OG_COUNT(cases); i++) {
		struct og_audit_target *t;
		struct og_err err = OG_ERR_INIT;
		size_t n = 0, words = 0;
		while (words < 3 && cases[i].words[words])
			words++;
		int r = og_audit_targets_parse(cases[i].words, words, &a, &t, &n, &err);
		ck_assert_msg(r == cases[i].code, "%zu: %d %s", i, r, err.msg);
		if (r < 0)
			continue;
		ck_assert_uint_eq(n, cases[i].n);
		ck_assert((!t[0].kind && !cases[i].kind) ||
			  (t[0].kind && cases[i].kind && !strcmp(t[0].kind, cases[i].kind)));
		ck_assert(og_sv_eq(t[0].name, og_svz(cases[i].name)));
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("audit/collect_cluster");
	TCase *tc = tcase_create("cluster");

	tcase_add_checked_fixture(tc, clr_setup, clr_teardown);
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, every_workload_is_a_row);
	tcase_add_test(tc, a_namespace_and_labels_limit_it);
	tcase_add_test(tc, what_may_not_be_read_is_blind_and_no_pass);
	tcase_add_test(tc, owned_objects_cost_no_rows);
	tcase_add_test(tc, nothing_to_read_is_an_error);
	tcase_add_test(tc, an_empty_cluster_has_no_rows);
	tcase_add_test(tc, names_as_people_write_them);
	suite_add_tcase(s, tc);
	return og_suite_run(s);
}
