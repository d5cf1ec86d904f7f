/* SPDX-License-Identifier: Apache-2.0 */
/* otelgate optin and optout, against a simulated API server: what is shown, changed, and left. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "otelgate/base/mem.h"
#include "support/clusterrun.h"
#include "support/suite.h"

#define DEPLOY	   "deployments.apps"
#define CONTAINERS "\"spec\":{\"containers\":[{\"name\":\"app\",\"image\":\"w\"}]}"

static struct og_buf object = OG_BUF_INIT(4 << 20);

/* A Deployment; `meta` goes into its metadata, `tmpl` into that of its template. */
static void deployment(const char *name, const char *meta, const char *tmpl)
{
	clr_putf(
		"{\"apiVersion\":\"apps/v1\",\"kind\":\"Deployment\",\"metadata\":{\"name\":\"%s\","
		"\"namespace\":\"shop\"%s},\"spec\":{\"replicas\":3,\"selector\":{\"matchLabels\":{"
		"\"a\":\"b\"}},\"template\":{\"metadata\":{\"labels\":{\"a\":\"b\"}%s}," CONTAINERS
		"}}}",
		name, meta, tmpl);
}

static void owned(const char *api, const char *kind, const char *name, const char *owner_api,
	const char *owner_kind, const char *owner)
{
	og_auto_buf struct og_buf o = OG_BUF_INIT(4096);

	if (*owner)
		og_buf_fmt(&o,
			",\"ownerReferences\":[{\"apiVersion\":\"%s\",\"kind\":\"%s\",\"name\":"
			"\"%s\",\"uid\":\"u-%s\",\"controller\":true}]",
			owner_api, owner_kind, owner, owner);
	clr_putf(
		"{\"apiVersion\":\"%s\",\"kind\":\"%s\",\"metadata\":{\"name\":\"%s\",\"namespace\":"
		"\"shop\"%s},\"spec\":{%s}}",
		api, kind, name, o.p ? o.p : "",
		strcmp(kind, "Pod") == 0
			? "\"containers\":[{\"name\":\"app\",\"image\":\"w\"}]"
			: "\"selector\":{\"matchLabels\":{\"a\":\"b\"}},\"template\":{\"metadata\":{"
			  "\"labels\":{\"a\":\"b\"}}," CONTAINERS "}");
}

static void config(void)
{
	clr_crd("grafanastacks");
	clr_crd("telemetryprofiles");
	clr_putf(
		"{\"apiVersion\":\"otelgate.dev/v1alpha1\",\"kind\":\"GrafanaStack\",\"metadata\":{"
		"\"name\":\"alloy\"},\"spec\":{\"receiver\":{\"type\":\"collector\",\"endpoint\":"
		"\"http://alloy.telemetry.svc.cluster.local:4318\"}}}");
	clr_putf("{\"apiVersion\":\"otelgate.dev/v1alpha1\",\"kind\":\"TelemetryProfile\","
		 "\"metadata\":{\"name\":\"default\"},\"spec\":{\"stack\":\"alloy\",\"default\":"
		 "true}}");
}

static void setup(void)
{
	clr_setup();
	clr_putf("{\"apiVersion\":\"v1\",\"kind\":\"Namespace\",\"metadata\":{\"name\":\"shop\"}}");
}

static void teardown(void)
{
	clr_teardown();
	og_buf_fini(&object);
}

static bool has(const char *resource, const char *name, const char *text)
{
	struct og_err err = OG_ERR_INIT;

	og_buf_reset(&object);
	ck_assert_int_eq(og_sim_get(clr_sim, resource, "shop", name, &object, &err), 0);
	og_buf_ch(&object, '\0');
	return strstr(object.p, text);
}
#define IN(value)      "\"otelgate.dev/inject\":\"" value "\""
#define SIGNALS(value) "\"otelgate.dev/signals\":\"" value "\""
#define KEPT	       ",\"annotations\":{\"team\":\"checkout\"}"

/* ---- what is done ---- */

START_TEST(the_template_is_annotated_and_nothing_else)
{
	config();
	deployment("web", ",\"annotations\":{\"note\":\"mine\"}", KEPT);
	ck_assert_int_eq(CLR_RUN("optin", "-n", "shop", "deployment/web", "--yes"), 0);
	ck_assert(has(DEPLOY, "web",
			  "{"
			  "\"team\":\"checkout\"," IN("true") "}") ||
		  has(DEPLOY, "web", "{" IN("true") ",\"team\":\"checkout\"}"));
	ck_assert(has(DEPLOY, "web", "\"annotations\":{\"note\":\"mine\"}"));
	ck_assert(clr_says("deployment/web opted in"));
	ck_assert(clr_says("+ otelgate.dev/inject: \"true\""));
	ck_assert(clr_says("its pods get profile default (it is the default), stack alloy:"));
	ck_assert(clr_says("a rollout follows: its pods are replaced as its strategy says"));
}
END_TEST

START_TEST(the_preview_is_as_it_was)
{
	config();
	clr_putf(
		"{\"apiVersion\":\"apps/v1\",\"kind\":\"Deployment\",\"metadata\":{\"name\":\"web\","
		"\"namespace\":\"shop\"},\"spec\":{\"selector\":{\"matchLabels\":{\"a\":\"b\"}},"
		"\"strategy\":{\"type\":\"Recreate\"},\"template\":{\"metadata\":{\"labels\":{"
		"\"a\":\"b\"},\"annotations\":{" IN(
			"false") "}},\"spec\":{\"containers\":[{"
				 "\"name\":\"app\",\"image\":\"w\"},{\"name\":\"istio-proxy\",\"image\":\"i\"}]}}}}");
	owned("apps/v1", "StatefulSet", "db", "", "", "");
	deployment("api",
		",\"labels\":{\"app.kubernetes.io/managed-by\":\"Helm\"},\"annotations\":"
		"{\"meta.helm.sh/release-name\":\"shop-api\"}",
		"");
	ck_assert_int_eq(CLR_RUN("optin", "-n", "shop", "deployment/web", "sts/db", "deploy/api",
				 "--signals", "metrics,traces", "--dry-run=client"),
		1);
	clr_golden("optin/preview");
	ck_assert(has(DEPLOY, "web", IN("false")));
}
END_TEST

START_TEST(signals_and_profile_are_said)
{
	config();
	deployment("web", "", "");
	ck_assert_int_eq(CLR_RUN("optin", "-n", "shop", "deployment", "web", "--signals",
				 "metrics,traces", "--profile", "default", "-y"),
		0);
	ck_assert(has(DEPLOY, "web", IN("default")));
	ck_assert(has(DEPLOY, "web", SIGNALS("metrics,traces")));
	/* again: nothing is written */
	uint64_t rv = og_sim_rv(clr_sim);
	ck_assert_int_eq(
		CLR_RUN("optin", "-n", "shop", "deployment/web", "--profile", "default", "-y"), 0);
	ck_assert(clr_says("says so already"));
	ck_assert(has(DEPLOY, "web", SIGNALS("metrics,traces")));
	ck_assert_uint_eq(og_sim_rv(clr_sim), rv);
}
END_TEST

START_TEST(out_is_said_and_cleared)
{
	deployment("web", "", ",\"annotations\":{" IN("true") "," SIGNALS("logs") ",\"a\":\"1\"}");
	ck_assert_int_eq(CLR_RUN("optout", "-n", "shop", "deployment/web", "-y"), 0);
	ck_assert_ptr_null(strstr(clr_out.p, "not known"));
	ck_assert(has(DEPLOY, "web", IN("false")) && has(DEPLOY, "web", SIGNALS("logs")));
	ck_assert(clr_says("deployment/web opted out"));
	ck_assert_int_eq(CLR_RUN("optout", "-n", "shop", "deployment/web", "-y", "--clear"), 0);
	ck_assert(!has(DEPLOY, "web", "otelgate.dev/") && has(DEPLOY, "web", "\"a\":\"1\""));
	ck_assert_int_eq(CLR_RUN("optout", "-n", "shop", "deployment/web", "-y", "--clear"), 0);
	ck_assert(clr_says("says so already"));
}
END_TEST

START_TEST(a_selector_means_workloads_not_what_they_make)
{
	deployment("web", ",\"labels\":{\"team\":\"a\"}", "");
	deployment("api", ",\"labels\":{\"team\":\"b\"}", "");
	owned("apps/v1", "ReplicaSet", "lone", "", "", "");
	owned("apps/v1", "ReplicaSet", "web-1", "apps/v1", "Deployment", "web");
	ck_assert_int_eq(
		CLR_RUN("optin", "-n", "shop", "deployment", "-l", "team in (a)", "-y"), 0);
	ck_assert(has(DEPLOY, "web", IN("true")) && !has(DEPLOY, "api", IN("true")));
	ck_assert_int_eq(CLR_RUN("optin", "-n", "shop", "rs", "--all", "-y"), 0);
	ck_assert(has("replicasets.apps", "lone", IN("true")));
	ck_assert(!has("replicasets.apps", "web-1", IN("true")));
	ck_assert(clr_says("those that are there stay until they are deleted"));
	ck_assert_int_eq(CLR_RUN("optin", "-n", "shop", "deploy", "-l", "team=none", "-y"), 0);
	ck_assert(clr_says("No such workload in namespace shop."));
}
END_TEST

START_TEST(a_cronjob_has_its_template_further_down)
{
	clr_putf(
		"{\"apiVersion\":\"batch/v1\",\"kind\":\"CronJob\",\"metadata\":{\"name\":\"night\","
		"\"namespace\":\"shop\"},\"spec\":{\"schedule\":\"0 1 * * *\",\"jobTemplate\":{"
		"\"spec\":{\"template\":{" CONTAINERS "}}}}}");
	ck_assert_int_eq(CLR_RUN("optin", "-n", "shop", "cj/night", "-y"), 0);
	ck_assert(has("cronjobs.batch", "night", "\"template\":{") &&
		  has("cronjobs.batch", "night", "{\"annotations\":{" IN("true") "}}"));
	ck_assert(clr_says("no pod is replaced: its next run begins with it"));
}
END_TEST

START_TEST(a_dry_run_keeps_nothing)
{
	deployment("web", "", "");
	uint64_t rv = og_sim_rv(clr_sim);
	ck_assert_int_eq(CLR_RUN("optin", "-n", "shop", "deploy/web", "--dry-run=server"), 0);
	ck_assert(clr_says("deployment/web opted in (server dry run)"));
	ck_assert_uint_eq(og_sim_requests(clr_sim, "patch", "deployments"), 1);
	ck_assert_int_eq(CLR_RUN("optin", "-n", "shop", "deploy/web", "--dry-run=client"), 0);
	ck_assert_uint_eq(og_sim_requests(clr_sim, "patch", "deployments"), 1);
	ck_assert_uint_eq(og_sim_rv(clr_sim), rv);
}
END_TEST

START_TEST(a_terminal_is_asked)
{
	deployment("web", "", "");
	clr_type("n\n");
	ck_assert_int_eq(CLR_RUN("optin", "-n", "shop", "deploy/web"), 1);
	ck_assert(clr_says("Change 1 workload? [y/N]") && clr_says("Nothing was changed."));
	ck_assert(!has(DEPLOY, "web", "otelgate.dev/"));
	clr_type("\n");
	ck_assert_int_eq(CLR_RUN("optin", "-n", "shop", "deploy/web"), 1);
	clr_type("yes\n");
	ck_assert_int_eq(CLR_RUN("optin", "-n", "shop", "deploy/web"), 0);
	ck_assert(has(DEPLOY, "web", IN("true")));
}
END_TEST

START_TEST(others_may_write_meanwhile)
{
	struct og_err err = OG_ERR_INIT;

	deployment("web", "", "");
	ck_assert_int_eq(
		og_sim_fault(clr_sim,
			"{\"match\":{\"verb\":\"patch\",\"resource\":\"deployments\",\"count\":2},"
			"\"action\":{\"type\":\"status\",\"code\":409,\"reason\":\"Conflict\"}}",
			&err),
		0);
	ck_assert_int_eq(CLR_RUN("optin", "-n", "shop", "deploy/web", "-y"), 0);
	ck_assert(has(DEPLOY, "web", IN("true")));
	ck_assert_uint_eq(og_sim_faults_hit(clr_sim), 2);
}
END_TEST

/* ---- what is refused ---- */

START_TEST(nobody_can_be_asked)
{
	deployment("web", "", "");
	ck_assert_int_eq(CLR_RUN("optin", "-n", "shop", "deploy/web"), 2);
	ck_assert(clr_says("nobody can be asked here: add --yes, or --dry-run=client"));
	ck_assert(!has(DEPLOY, "web", "otelgate.dev/"));
}
END_TEST

START_TEST(what_a_workload_makes_is_that_ones)
{
	deployment("web", "", "");
	owned("apps/v1", "ReplicaSet", "web-1", "apps/v1", "Deployment", "web");
	owned("v1", "Pod", "web-1-x", "apps/v1", "ReplicaSet", "web-1");
	owned("v1", "Pod", "orphan", "apps/v1", "ReplicaSet", "gone");
	owned("batch/v1", "Job", "night-1", "batch/v1", "CronJob", "night");
	static const char *const rows[][3] = {
		{"rs/web-1", "it is made by Deployment web",
			"otelgate optin deployment/web -n shop"},
		{"pod/web-1-x", "it is made by Deployment web",
			"otelgate optin deployment/web -n shop"},
		{"pod/orphan", "it is made by ReplicaSet gone",
			"otelgate optin replicaset/gone -n shop"},
		{"job/night-1", "it is made by CronJob night",
			"otelgate optin cronjob/night -n shop"},
	};
	for (size_t i = 0; i < OG_COUNT(rows); i++) {
		ck_assert_int_eq(CLR_RUN("optin", "-n", "shop", rows[i][0], "-y", "--force"), 1);
		ck_assert(clr_says(rows[i][1]) && clr_says(rows[i][2]));
	}
	ck_assert_uint_eq(og_sim_requests(clr_sim, "patch", NULL), 0);
}
END_TEST

START_TEST(fixed_templates_stay)
{
	owned("v1", "Pod", "bare", "", "", "");
	owned("batch/v1", "Job", "once", "", "", "");
	clr_putf(
		"{\"apiVersion\":\"apps/v1\",\"kind\":\"Deployment\",\"metadata\":{\"name\":\"bad\","
		"\"namespace\":\"shop\"},\"spec\":{\"selector\":{},\"template\":{\"metadata\":{"
		"\"annotations\":[]}}}}");
	ck_assert_int_eq(CLR_RUN("optin", "-n", "shop", "pod/bare", "-y"), 1);
	ck_assert(clr_says("a pod is injected when it is made") &&
		  clr_says("create it again: otelgate optin -f FILE"));
	ck_assert_int_eq(CLR_RUN("optout", "-n", "shop", "job/once", "-y"), 1);
	ck_assert(clr_says("the pod template of a Job cannot be changed") &&
		  clr_says("otelgate optout -f FILE"));
	ck_assert_int_eq(CLR_RUN("optin", "-n", "shop", "deploy/bad", "-y"), 1);
	ck_assert(clr_says("the annotations of its pod template are no map"));
}
END_TEST

static const struct {
	const char *meta, *says;
} managed[] = {
	{",\"labels\":{\"app.kubernetes.io/managed-by\":\"Helm\"}", "managed by Helm, which"},
	{",\"annotations\":{\"meta.helm.sh/release-name\":\"r1\"}", "managed by Helm (release r1)"},
	{",\"annotations\":{\"argocd.argoproj.io/tracking-id\":\"store:apps/Deployment:shop/web\"}",
		"managed by Argo CD (application store)"},
	{",\"labels\":{\"kustomize.toolkit.fluxcd.io/name\":\"apps\"}",
		"managed by Flux (Kustomization apps)"},
	{",\"labels\":{\"helm.toolkit.fluxcd.io/name\":\"hr\",\"app.kubernetes.io/managed-by\":"
	 "\"Helm\"}",
		"managed by Flux (HelmRelease hr)"},
	{",\"ownerReferences\":[{\"apiVersion\":\"kafka.strimzi.io/v1\",\"kind\":\"Kafka\",\"name\":"
	 "\"log\",\"uid\":\"u\",\"controller\":true}]",
		"managed by an operator (owner log)"},
	{",\"annotations\":{\"meta.helm.sh/release-name\":\"\\u001b[31m\\u202e\"}",
		"(release \\x1b[31m\\xe2\\x80\\xae)"},
};

START_TEST(what_others_manage_is_theirs)
{
	deployment("web", managed[_i].meta, "");
	ck_assert_int_eq(CLR_RUN("optin", "-n", "shop", "deploy/web", "-y"), 1);
	ck_assert(clr_says(managed[_i].says));
	ck_assert(clr_says("    spec:\n      template:\n        metadata:\n          annotations:\n"
			   "            otelgate.dev/inject: \"true\"\n"));
	ck_assert(!has(DEPLOY, "web", "otelgate.dev/"));
	ck_assert_int_eq(CLR_RUN("optin", "-n", "shop", "deploy/web", "-y", "--force"), 0);
	ck_assert(clr_says("may undo the change"));
	ck_assert(has(DEPLOY, "web", IN("true")));
}
END_TEST

START_TEST(other_tools_are_no_managers)
{
	deployment("web", ",\"labels\":{\"app.kubernetes.io/managed-by\":\"me\"}", "");
	ck_assert_int_eq(CLR_RUN("optin", "-n", "shop", "deploy/web", "-y"), 0);
}
END_TEST

START_TEST(a_rollout_for_nothing_is_none)
{
	config();
	deployment("web", "", ",\"annotations\":{\"otelgate.dev/containers\":\"nobody\"}");
	ck_assert_int_eq(CLR_RUN("optin", "-n", "shop", "deploy/web", "-y"), 1);
	ck_assert(clr_says("its pods would be replaced for nothing"));
	deployment("api", "", "");
	ck_assert_int_eq(CLR_RUN("optin", "-n", "shop", "deploy/api", "-y", "-p", "defualt"), 1);
	ck_assert(clr_says("did you mean default?"));
	ck_assert(!has(DEPLOY, "api", "otelgate.dev/") && !has(DEPLOY, "web", IN("true")));
	/* out goes always */
	ck_assert_int_eq(CLR_RUN("optout", "-n", "shop", "deploy/web", "-y"), 0);
	/* The advice is about what is in the way, not what else is worth knowing. */
	clr_putf("{\"apiVersion\":\"v1\",\"kind\":\"Namespace\",\"metadata\":{\"name\":\"shop\","
		 "\"annotations\":{" IN("false") "}}}");
	ck_assert_int_eq(CLR_RUN("optin", "-n", "shop", "deploy/api", "-y", "-p", "defualt"), 1);
	ck_assert(clr_says("did you mean default?"));
}
END_TEST

/* The API server keeps annotations of 256 KiB. */
START_TEST(a_long_value_is_shown_in_short)
{
	og_auto_buf struct og_buf tmpl = OG_BUF_INIT(1 << 20);

	og_buf_lit(&tmpl, ",\"annotations\":{\"otelgate.dev/signals\":\"");
	for (int i = 0; i < 100000; i++)
		og_buf_lit(&tmpl, "\xC3\xA9");
	og_buf_lit(&tmpl, "\"}");
	og_buf_ch(&tmpl, '\0');
	config();
	deployment("web", "", tmpl.p);
	ck_assert_int_eq(
		CLR_RUN("optin", "-n", "shop", "deploy/web", "--signals", "logs", "-y"), 0);
	ck_assert(clr_says("\xC3\xA9... (200000 bytes)\"\n"));
	ck_assert(clr_says("deployment/web opted in"));
	ck_assert_uint_lt(strlen(clr_out.p), 2000);
	ck_assert(has(DEPLOY, "web", SIGNALS("logs")));
}
END_TEST

START_TEST(without_configuration_it_is_said)
{
	deployment("web", "", ",\"annotations\":{\"otelgate.dev/inject\":\"\\u001b[2J\"}");
	ck_assert_int_eq(CLR_RUN("optin", "-n", "shop", "deploy/web", "-y"), 0);
	ck_assert(clr_says("what its pods get is not known here: the cluster does not know this "
			   "kind"));
	ck_assert(clr_says("- otelgate.dev/inject: \"\\x1b[2J\""));
	ck_assert(!strchr(clr_out.p, '\x1b'));
}
END_TEST

START_TEST(names_that_are_not_there)
{
	deployment("web", "", "");
	ck_assert_int_eq(CLR_RUN("optin", "-n", "shop", "deploy/web", "deploy/wbe", "-y"), 3);
	ck_assert(clr_says("no Deployment is called \"wbe\" in namespace shop"));
	ck_assert(!has(DEPLOY, "web", "otelgate.dev/"));
	ck_assert_int_eq(CLR_RUN("optin", "-n", "shop", "gizmo/web", "-y"), 2);
	ck_assert_int_eq(CLR_RUN("optin", "-n", "shop", "deploy/web", "deploy/web", "-y"), 0);
}
END_TEST

#define RULE(groups, resources, verbs) \
	"{\"apiGroups\":[" groups "],\"resources\":[" resources "],\"verbs\":[" verbs "]}"

START_TEST(missing_rights_are_named)
{
	config();
	deployment("web", "", "");
	clr_user("nobody", "[]");
	ck_assert_int_eq(CLR_RUN("optin", "-n", "shop", "deploy/web", "-y"), 3);
	ck_assert(clr_says("The right that is missing:") && clr_says("verbs: [\"get\"]"));
	clr_user("reader", "[" RULE("\"apps\"", "\"deployments\"", "\"get\"") "]");
	ck_assert_int_eq(CLR_RUN("optin", "-n", "shop", "deploy/web", "-y"), 3);
	ck_assert(clr_says("what its pods get is not known here:"));
	ck_assert(clr_says("deployment/web: ") && clr_says("verbs: [\"patch\"]"));
	clr_as(NULL);
	ck_assert(!has(DEPLOY, "web", "otelgate.dev/"));
	clr_user("owner", "[" RULE("\"apps\"", "\"deployments\"", "\"get\",\"patch\"") "]");
	ck_assert_int_eq(CLR_RUN("optin", "-n", "shop", "deploy/web", "-y"), 0);
	ck_assert(clr_says("deployment/web opted in"));
}
END_TEST

START_TEST(no_cluster)
{
	og_sim_down(clr_sim);
	ck_assert_int_eq(CLR_RUN("optin", "-n", "shop", "deploy/web", "-y", "--request-timeout",
				 "1", "--timeout", "1s"),
		3);
	ck_assert_uint_eq(clr_out.len, 1);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("cli/optin");
	TCase *tc = tcase_create("done"), *no = tcase_create("refused");
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_checked_fixture(no, setup, teardown);
	tcase_set_timeout(tc, 120);
	tcase_set_timeout(no, 120);
	tcase_add_test(tc, the_template_is_annotated_and_nothing_else);
	tcase_add_test(tc, the_preview_is_as_it_was);
	tcase_add_test(tc, signals_and_profile_are_said);
	tcase_add_test(tc, out_is_said_and_cleared);
	tcase_add_test(tc, a_selector_means_workloads_not_what_they_make);
	tcase_add_test(tc, a_cronjob_has_its_template_further_down);
	tcase_add_test(tc, a_dry_run_keeps_nothing);
	tcase_add_test(tc, a_terminal_is_asked);
	tcase_add_test(tc, others_may_write_meanwhile);
	tcase_add_test(no, nobody_can_be_asked);
	tcase_add_test(no, what_a_workload_makes_is_that_ones);
	tcase_add_test(no, fixed_templates_stay);
	tcase_add_loop_test(no, what_others_manage_is_theirs, 0, (int)OG_COUNT(managed));
	tcase_add_test(no, other_tools_are_no_managers);
	tcase_add_test(no, a_rollout_for_nothing_is_none);
	tcase_add_test(no, a_long_value_is_shown_in_short);
	tcase_add_test(no, without_configuration_it_is_said);
	tcase_add_test(no, names_that_are_not_there);
	tcase_add_test(no, missing_rights_are_named);
	tcase_add_test(no, no_cluster);
	suite_add_tcase(s, tc);
	suite_add_tcase(s, no);
	return og_suite_run(s);
}
