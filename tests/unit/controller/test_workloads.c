/* SPDX-License-Identifier: Apache-2.0 */
/* What the controller says of workloads, as seen through the API server. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "otelgate/base/mem.h"
#include "otelgate/core/config_read.h"
#include "otelgate/core/plan.h"
#include "support/suite.h"
#include "support/workload_objects.h"

START_TEST(an_opted_in_workload_has_a_status_of_its_own)
{
	struct cr r;

	cr_init(&r, "a");
	r.o.no_lease = true;
	cr_put(DEPLOYMENT("web", UID("d1"), IN, DONE));
	cr_put(DEPLOYMENT("other", UID("d2"), "", DONE));
	cr_begin(&r, NULL);
	CR_UNTIL(wt_has("deployment-web", "\"conditions\""));
	const char *o = cr_get(WT, "shop", "deployment-web");
	ck_assert_ptr_nonnull(strstr(o, "\"uid\":\"" UID("d1") "\""));
	ck_assert_ptr_nonnull(strstr(o, "\"controller\":true"));
	ck_assert_ptr_nonnull(strstr(o, "\"app.kubernetes.io/managed-by\":\"otelgate\""));
	ck_assert_ptr_nonnull(strstr(o, "\"profile\":\"p\""));
	ck_assert_ptr_nonnull(strstr(o, "\"stack\":\"s\""));
	ck_assert_ptr_nonnull(strstr(o, "\"observedGeneration\":1"));
	ck_assert_uint_gt(strlen(revision("deployment-web")), 8);
	ck_assert(is("deployment-web", "Injected", "True"));
	ck_assert(is("deployment-web", "MetricsReceived", "Unknown"));
	/* Nobody asked for the other one. */
	ck_assert_uint_eq(og_sim_count(cr_sim, WT, NULL), 1);
	ck_assert_int_eq(cr_end(&r), 0);
}
END_TEST

START_TEST(old_and_new_pods_are_told_apart_and_the_old_ones_named)
{
	struct cr r;
	char wanted[32];

	cr_init(&r, "a");
	r.o.no_lease = true;
	cr_put(DEPLOYMENT("web", UID("d1"), IN, DONE));
	cr_put(REPLICA_SET("web-1", UID("e1")));
	pod("web-1-a", "2026-01-01T00:00:00Z", "");
	cr_begin(&r, NULL);
	CR_UNTIL(wt_has("deployment-web", "\"ratio\":\"0/1\""));
	ck_assert(is("deployment-web", "Injected", "False"));
	ck_assert(is("deployment-web", "Ready", "False"));
	(void)snprintf(wanted, sizeof(wanted), "%s", revision("deployment-web"));
	pod("web-1-b", "2026-02-01T00:00:00Z", wanted);
	pod("web-1-c", "2026-02-01T00:00:00Z", wanted);
	CR_UNTIL(wt_has("deployment-web", "\"ratio\":\"2/3\""));
	const char *o = cr_get(WT, "shop", "deployment-web");
	ck_assert_ptr_nonnull(strstr(o, "\"name\":\"web-1-a\""));
	ck_assert_ptr_nonnull(strstr(o, "\"replicaSet\":\"web-1\""));
	ck_assert_ptr_nonnull(strstr(o, "\"created\":\"2026-01-01T00:00:00Z\""));
	ck_assert_ptr_nonnull(strstr(o, "\"class\":\"bare\""));
	ck_assert_ptr_null(strstr(o, "\"name\":\"web-1-b\""));
	/* The old one goes. */
	struct og_err err = OG_ERR_INIT;
	ck_assert_int_eq(og_sim_delete(cr_sim, "pods", "shop", "web-1-a", &err), 0);
	CR_UNTIL(wt_has("deployment-web", "\"ratio\":\"2/2\""));
	ck_assert(is("deployment-web", "Injected", "True"));
	ck_assert(is("deployment-web", "RolloutComplete", "True"));
	ck_assert_ptr_null(strstr(cr_get(WT, "shop", "deployment-web"), "web-1-a"));
	CR_UNTIL(cr_metric(&r, "otelgate_workload_pods{class=\"current\"}") == 2);
	ck_assert(cr_metric(&r, "otelgate_workloads") == 1);
	ck_assert_int_eq(cr_end(&r), 0);
}
END_TEST

/* ---- every kind ---- */

#define OBJECT(api, kind, name, uid, spec)                                                 \
	"{\"apiVersion\":\"" api "\",\"kind\":\"" kind "\",\"metadata\":{\"name\":\"" name \
	"\",\"namespace\":\"shop\",\"generation\":2,\"uid\":\"" uid "\"},\"spec\":{" spec "}}"
#define JOB_TEMPLATE                                                             \
	"\"template\":{\"metadata\":{" IN "\"labels\":{\"a\":\"b\"}},\"spec\":{" \
	"\"restartPolicy\":\"Never\",\"containers\":[{\"name\":\"app\",\"image\":\"w\"}]}}"

START_TEST(every_kind_that_makes_pods_has_one)
{
	static const char *const names[] = {"statefulset-db", "daemonset-agent", "job-once",
		"cronjob-night", "replicaset-bare", "pod-alone"};
	struct cr r;

	cr_init(&r, "a");
	r.o.no_lease = true;
	cr_put(OBJECT("apps/v1", "StatefulSet", "db", UID("b1"),
		"\"replicas\":1,\"serviceName\":\"db\"," TEMPLATE(IN)));
	cr_put(OBJECT("apps/v1", "DaemonSet", "agent", UID("b2"), TEMPLATE(IN)));
	cr_put(OBJECT("batch/v1", "Job", "once", UID("b3"), JOB_TEMPLATE));
	cr_put(OBJECT("batch/v1", "CronJob", "night", UID("b4"),
		"\"schedule\":\"0 3 * * *\",\"jobTemplate\":{\"spec\":{" JOB_TEMPLATE "}}"));
	cr_put(OBJECT("apps/v1", "ReplicaSet", "bare", UID("b5"), "\"replicas\":1," TEMPLATE(IN)));
	cr_put("{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"metadata\":{\"name\":\"alone\","
	       "\"namespace\":\"shop\"," IN "\"uid\":\"" UID(
		       "b6") "\"},\"spec\":{\"containers\":["
			     "{\"name\":\"app\",\"image\":\"w\"}]},\"status\":{\"phase\":\"Running\"}}");
	cr_begin(&r, NULL);
	for (size_t i = 0; i < OG_COUNT(names); i++) {
		CR_UNTIL(cr_has(WT, "shop", names[i], "\"conditions\""));
		ck_assert_msg(strlen(revision(names[i])) > 8, "%s", names[i]);
	}
	ck_assert_uint_eq(og_sim_count(cr_sim, WT, NULL), OG_COUNT(names));
	CR_UNTIL(cr_metric(&r, "otelgate_workloads") == OG_COUNT(names));
	ck_assert_int_eq(cr_end(&r), 0);
}
END_TEST

START_TEST(what_another_workload_owns_has_none)
{
	struct cr r;

	cr_init(&r, "a");
	r.o.no_lease = true;
	cr_put(DEPLOYMENT("web", UID("d1"), IN, DONE));
	cr_put(REPLICA_SET("web-1", UID("e1")));
	pod("web-1-a", "2026-01-01T00:00:00Z", "");
	/* An operator's object is no workload: the StatefulSet that it owns is one. */
	cr_put("{\"apiVersion\":\"apps/v1\",\"kind\":\"StatefulSet\",\"metadata\":{\"name\":\"db\","
	       "\"namespace\":\"shop\",\"uid\":\"" UID(
		       "b1") "\",\"ownerReferences\":[{"
			     "\"apiVersion\":\"db.example.com/v1\",\"kind\":\"Database\",\"name\":\"x\",\"uid\":\"" UID(
				     "b9") "\",\"controller\":true}]},\"spec\":{\"serviceName\":\"db\"," TEMPLATE(IN) "}}");
	cr_begin(&r, NULL);
	CR_UNTIL(cr_has(WT, "shop", "statefulset-db", "\"conditions\""));
	CR_UNTIL(cr_has(WT, "shop", "deployment-web", "\"conditions\""));
	ck_assert_uint_eq(og_sim_count(cr_sim, WT, NULL), 2);
	ck_assert_int_eq(cr_end(&r), 0);
}
END_TEST

/* ---- the end of an opt-in ---- */

START_TEST(who_opts_out_has_no_status_any_more)
{
	struct cr r;

	cr_init(&r, "a");
	r.o.no_lease = true;
	cr_put(DEPLOYMENT("web", UID("d1"), IN, DONE));
	cr_begin(&r, NULL);
	CR_UNTIL(cr_has(WT, "shop", "deployment-web", "\"conditions\""));
	cr_put(DEPLOYMENT("web", UID("d1"), OUT, DONE));
	CR_UNTIL(!cr_get(WT, "shop", "deployment-web"));
	CR_UNTIL(cr_metric(&r, "otelgate_workloads") == 0);
	/* And again. */
	cr_put(DEPLOYMENT("web", UID("d1"), IN, DONE));
	CR_UNTIL(cr_has(WT, "shop", "deployment-web", "\"conditions\""));
	ck_assert_int_eq(cr_end(&r), 0);
}
END_TEST

START_TEST(a_namesake_is_not_told_what_its_predecessor_was)
{
	struct cr r;
	struct og_err err = OG_ERR_INIT;

	cr_init(&r, "a");
	r.o.no_lease = true;
	cr_put(DEPLOYMENT("web", UID("d1"), IN, DONE));
	cr_begin(&r, NULL);
	CR_UNTIL(cr_has(WT, "shop", "deployment-web", "\"conditions\""));
	/* The garbage collector of this server does not run by itself: the old status stays. */
	ck_assert_int_eq(og_sim_delete(cr_sim, "deployments.apps", "shop", "web", &err), 0);
	CR_UNTIL(cr_metric(&r, "otelgate_workloads") == 0);
	ck_assert_ptr_nonnull(cr_get(WT, "shop", "deployment-web"));
	cr_put(DEPLOYMENT("web", UID("d7"), IN, DONE));
	CR_UNTIL(cr_has(WT, "shop", "deployment-web", "\"uid\":\"" UID("d7") "\"") &&
		 cr_has(WT, "shop", "deployment-web", "\"conditions\""));
	ck_assert_ptr_null(strstr(cr_get(WT, "shop", "deployment-web"), UID("d1")));
	ck_assert_int_eq(cr_end(&r), 0);
}
END_TEST

START_TEST(a_workload_deleted_in_the_middle_leaves_nothing_behind)
{
	struct cr r;
	struct og_err err = OG_ERR_INIT;

	cr_init(&r, "a");
	r.o.no_lease = true;
	/* The status of the first is answered late: meanwhile all of it goes. */
	ck_assert_int_eq(
		og_sim_fault(cr_sim,
			"{\"match\":{\"verb\":\"patch\",\"resource\":\"workloadtelemetries\","
			"\"nth\":2,\"count\":1},\"action\":{\"type\":\"delay\",\"ms\":300}}",
			&err),
		0);
	cr_put(DEPLOYMENT("web", UID("d1"), IN, DONE));
	cr_begin(&r, NULL);
	CR_UNTIL(og_sim_faults_hit(cr_sim) == 1);
	ck_assert_int_eq(og_sim_delete(cr_sim, "deployments.apps", "shop", "web", &err), 0);
	ck_assert_int_eq(og_sim_delete(cr_sim, WT, "shop", "deployment-web", &err), 0);
	CR_UNTIL(cr_metric(&r, "otelgate_workloads") == 0);
	CR_UNTIL(og_sim_count(cr_sim, WT, NULL) == 0);
	cr_put(DEPLOYMENT("next", UID("d2"), IN, DONE));
	CR_UNTIL(cr_has(WT, "shop", "deployment-next", "\"conditions\""));
	ck_assert_uint_eq(og_sim_count(cr_sim, WT, NULL), 1);
	ck_assert_int_eq(cr_end(&r), 0);
}
END_TEST

/* ---- others' hands ---- */

START_TEST(a_foreign_object_of_the_name_is_not_touched_and_named)
{
	struct cr r;
	char before[4096];

	cr_init(&r, "a");
	r.o.no_lease = true;
	cr_put("{\"apiVersion\":\"otelgate.dev/v1alpha1\",\"kind\":\"WorkloadTelemetry\","
	       "\"metadata\":{\"name\":\"deployment-web\",\"namespace\":\"shop\","
	       "\"labels\":{\"by\":\"hand\"}}}");
	(void)snprintf(before, sizeof(before), "%s", cr_get(WT, "shop", "deployment-web"));
	cr_put(DEPLOYMENT("web", UID("d1"), IN, DONE));
	cr_put(DEPLOYMENT("next", UID("d2"), IN, DONE));
	cr_begin(&r, NULL);
	CR_UNTIL(cr_has(WT, "shop", "deployment-next", "\"conditions\""));
	CR_UNTIL(og_sim_count(cr_sim, "events.events.k8s.io", "shop") == 1);
	ck_assert_str_eq(cr_get(WT, "shop", "deployment-web"), before);
	/* It is made way for. */
	struct og_err err = OG_ERR_INIT;
	ck_assert_int_eq(og_sim_delete(cr_sim, WT, "shop", "deployment-web", &err), 0);
	CR_UNTIL(cr_has(WT, "shop", "deployment-web", "\"conditions\""));
	ck_assert_int_eq(cr_end(&r), 0);
}
END_TEST

START_TEST(what_is_edited_or_deleted_by_hand_is_put_right)
{
	struct cr r;
	struct og_err err = OG_ERR_INIT;

	cr_init(&r, "a");
	r.o.no_lease = true;
	cr_put(DEPLOYMENT("web", UID("d1"), IN, DONE));
	cr_begin(&r, NULL);
	CR_UNTIL(cr_has(WT, "shop", "deployment-web", "\"conditions\""));
	cr_putf("{\"apiVersion\":\"otelgate.dev/v1alpha1\",\"kind\":\"WorkloadTelemetry\","
		"\"metadata\":{\"name\":\"deployment-web\",\"namespace\":\"shop\",\"labels\":{"
		"\"app.kubernetes.io/managed-by\":\"otelgate\"}," OWNED(
			"Deployment", "web", UID("d1")) "},\"status\":{\"profile\":\"forged\"}}");
	CR_UNTIL(wt_has("deployment-web", "\"profile\":\"p\"") &&
		 cr_has(WT, "shop", "deployment-web", "\"conditions\""));
	ck_assert_int_eq(og_sim_delete(cr_sim, WT, "shop", "deployment-web", &err), 0);
	CR_UNTIL(cr_has(WT, "shop", "deployment-web", "\"conditions\""));
	ck_assert_int_eq(cr_end(&r), 0);
}
END_TEST

/* ---- the kind comes and goes ---- */

START_TEST(without_the_kind_all_else_goes_on_and_with_it_statuses_come)
{
	struct cr r;
	struct og_err err = OG_ERR_INIT;
	const char *crds = "customresourcedefinitions.apiextensions.k8s.io";

	cr_init(&r, "a");
	r.o.no_lease = true;
	cr_put(DEPLOYMENT("web", UID("d1"), IN, DONE));
	cr_begin(&r, NULL);
	CR_UNTIL(cr_has(WT, "shop", "deployment-web", "\"conditions\""));
	ck_assert(cr_metric(&r, "otelgate_status_writable") == 1);
	ck_assert_int_eq(
		og_sim_delete(cr_sim, crds, NULL, "workloadtelemetries.otelgate.dev", &err), 0);
	/* A watch that stands ends by itself in minutes. */
	og_sim_drop_connections(cr_sim);
	CR_UNTIL(cr_metric(&r, "otelgate_status_writable") == 0);
	ck_assert_int_eq(cr_ops(&r, "/readyz", NULL), 200);
	ck_assert_int_eq(cr_ops(&r, "/livez", NULL), 200);
	/* It looks on, and writes nothing. */
	uint64_t patches = og_sim_requests(cr_sim, "patch", "workloadtelemetries");
	cr_put(DEPLOYMENT("next", UID("d2"), IN, DONE));
	CR_UNTIL(cr_metric(&r, "otelgate_workloads") == 2);
	ck_assert_uint_eq(og_sim_requests(cr_sim, "patch", "workloadtelemetries"), patches);
	ck_assert(cr_says(&r, "/readyz?verbose", "workloadtelemetries.otelgate.dev: absent"));
	ck_assert_int_eq(cr_end(&r), 0);
	/* The next one finds it again. */
	cr_crd("workloadtelemetries");
	cr_init(&r, "b");
	r.o.no_lease = true;
	cr_begin(&r, NULL);
	CR_UNTIL(cr_has(WT, "shop", "deployment-web", "\"conditions\""));
	CR_UNTIL(cr_has(WT, "shop", "deployment-next", "\"conditions\""));
	ck_assert_int_eq(cr_end(&r), 0);
}
END_TEST

/* ---- the revision is that of the webhook ---- */

static struct og_jval json(struct og_arena *a, const char *text)
{
	struct og_err err = OG_ERR_INIT;
	struct og_jdoc *d = og_arena_new(a, struct og_jdoc);
	ck_assert_msg(
		og_jdoc_parse(d, a, og_arena_sv(a, og_svz(text)), NULL, &err) == 0, "%s", err.msg);
	return og_jroot(d);
}

#define RICH_META                                                                          \
	"\"labels\":{\"a\":\"b\",\"app.kubernetes.io/version\":\"1.2\"},\"annotations\":{" \
	"\"otelgate.dev/inject\":\"true\",\"otelgate.dev/language\":\"java\","             \
	"\"example.com/other\":\"kept\"}"
#define RICH_SPEC                                                                                  \
	"{\"securityContext\":{\"runAsUser\":1000},\"nodeSelector\":{\"kubernetes.io/os\":"        \
	"\"linux\"},\"affinity\":{},\"tolerations\":[],\"volumes\":[{\"name\":\"tmp\","            \
	"\"emptyDir\":{}}],\"initContainers\":[{\"name\":\"setup\",\"image\":\"i\",\"command\":"   \
	"[\"true\"]},{\"name\":\"proxy\",\"image\":\"istio/proxyv2\",\"restartPolicy\":"           \
	"\"Always\"}],\"containers\":[{\"name\":\"app\",\"image\":\"team/app:1.2.3\",\"command\":" \
	"[\"run\"],\"livenessProbe\":{\"httpGet\":{\"path\":\"/\",\"port\":80}},\"env\":[{"        \
	"\"name\":\"OTEL_SERVICE_NAME\",\"value\":\"mine\"},{\"name\":\"JAVA_TOOL_OPTIONS\","      \
	"\"value\":\"-Xmx1g\"}],\"envFrom\":[{\"configMapRef\":{\"name\":\"c\"}}],"                \
	"\"resources\":{\"limits\":{\"memory\":\"1Gi\"}},\"volumeMounts\":[{\"name\":\"tmp\","     \
	"\"mountPath\":\"/tmp\"}]},{\"name\":\"side\",\"image\":\"s\"}]}"
#define RICH_DEPLOYMENT                                                                             \
	"{\"apiVersion\":\"apps/v1\",\"kind\":\"Deployment\",\"metadata\":{\"name\":\"web\","       \
	"\"namespace\":\"shop\",\"uid\":\"" UID(                                                    \
		"d1") "\",\"labels\":{\"team\":\"x\"},"                                             \
		      "\"annotations\":{\"otelgate.dev/signals\":\"metrics=expected\"}},\"spec\":{" \
		      "\"replicas\":1,\"selector\":{\"matchLabels\":{\"a\":\"b\"}},\"template\":{"  \
		      "\"metadata\":{" RICH_META "},\"spec\":" RICH_SPEC "}}}"
#define RICH_POD                                                                      \
	"{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"metadata\":{\"name\":\"web-1-x\"," \
	"\"namespace\":\"shop\"," RICH_META                                           \
	"," OWNED("ReplicaSet", "web-1", UID("e1")) "},"                              \
						    "\"spec\":" RICH_SPEC "}"

/* What the webhook, or `inject`, finds for an object. */
static const char *revision_of(struct og_arena *a, const char *text)
{
	struct og_config_input config = {.name = "config", .text = OG_SV(CONFIG)};
	struct og_jval set[] = {json(a, RICH_DEPLOYMENT), json(a, REPLICA_SET("web-1", UID("e1")))};
	struct og_facts_objects objects = {.objects = set, .n = 2};
	struct og_facts_source source = og_facts_from_objects(&objects);
	struct og_plan_input in = {.object = json(a, text)};
	struct og_config_report report = {0};
	struct og_config *c;
	struct og_plan *plan;
	struct og_err err = OG_ERR_INIT;

	ck_assert_int_eq(og_config_read(a, &config, 1, &c, &report), 0);
	in.config = c;
	ck_assert_int_eq(
		og_facts_of_workload(&source, in.object, OG_SV("shop"), a, &in.facts, &err), 0);
	ck_assert_msg(og_plan_make(&in, a, &plan, &err) == 0, "%s", err.msg);
	ck_assert_int_eq(plan->reason, OG_REASON_INJECTED);
	return plan->revision;
}

START_TEST(the_wanted_revision_is_what_the_webhook_writes)
{
	struct cr r;
	struct og_arena a;
	char wanted[32];

	og_arena_init(&a, 0, 0);
	cr_init(&r, "a");
	r.o.no_lease = true;
	cr_put(RICH_DEPLOYMENT);
	cr_put(REPLICA_SET("web-1", UID("e1")));
	cr_begin(&r, NULL);
	CR_UNTIL(*revision("deployment-web"));
	(void)snprintf(wanted, sizeof(wanted), "%s", revision("deployment-web"));
	ck_assert_str_eq(wanted, revision_of(&a, RICH_DEPLOYMENT));
	ck_assert_str_eq(wanted, revision_of(&a, RICH_POD));
	ck_assert_int_eq(cr_end(&r), 0);
	og_arena_fini(&a);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("controller/workloads");
	TCase *tc = tcase_create("workloads");
	tcase_add_checked_fixture(tc, setup, cr_teardown);
	tcase_add_test(tc, an_opted_in_workload_has_a_status_of_its_own);
	tcase_add_test(tc, old_and_new_pods_are_told_apart_and_the_old_ones_named);
	tcase_add_test(tc, every_kind_that_makes_pods_has_one);
	tcase_add_test(tc, what_another_workload_owns_has_none);
	tcase_add_test(tc, who_opts_out_has_no_status_any_more);
	tcase_add_test(tc, a_namesake_is_not_told_what_its_predecessor_was);
	tcase_add_test(tc, a_workload_deleted_in_the_middle_leaves_nothing_behind);
	tcase_add_test(tc, a_foreign_object_of_the_name_is_not_touched_and_named);
	tcase_add_test(tc, what_is_edited_or_deleted_by_hand_is_put_right);
	tcase_add_test(tc, without_the_kind_all_else_goes_on_and_with_it_statuses_come);
	tcase_add_test(tc, the_wanted_revision_is_what_the_webhook_writes);
	tcase_set_timeout(tc, 60);
	suite_add_tcase(s, tc);
	return og_suite_run(s);
}
