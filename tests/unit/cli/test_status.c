/* SPDX-License-Identifier: Apache-2.0 */
/* otelgate status, against a simulated API server: what it shows, and says it cannot see. */
#include <check.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "otelgate/audit/report.h"
#include "otelgate/base/mem.h"
#include "support/clusterrun.h"
#include "support/program.h"
#include "support/schema.h"
#include "support/suite.h"

#define READER                                                                                   \
	"[{\"apiGroups\":[\"otelgate.dev\"],\"resources\":[\"workloadtelemetries\"],\"verbs\":[" \
	"\"get\",\"list\",\"watch\"]}]"

#define HEAD(ns, kind, api, name)                                                                \
	"{\"apiVersion\":\"otelgate.dev/v1alpha1\",\"kind\":\"WorkloadTelemetry\",\"metadata\":" \
	"{\"name\":\"w-" name "\",\"namespace\":\"" ns "\",\"ownerReferences\":[{"               \
	"\"apiVersion\":\"" api "\",\"kind\":\"" kind "\",\"name\":\"" name                      \
	"\",\"uid\":\"uid-" name "\",\"controller\":true}]},\"status\":"
#define COND(type, status, reason, message)                                     \
	"{\"type\":\"" type "\",\"status\":\"" status "\",\"reason\":\"" reason \
	"\",\"message\":\"" message "\",\"lastTransitionTime\":\"2026-01-01T00:00:00Z\"}"
#define FINE                                            \
	COND("CredentialsReady", "True", "Distributed", \
		"The namespace has the "                \
		"Secret that the pods read.")           \
	"," COND("EgressAllowed", "True", "NotRestricted", "No policy restricts it.")

#define SCORE(d, stars, best, percent, most, more)                              \
	"\"" d "\":{\"stars\":" stars ",\"best\":" best ",\"percent\":" percent \
	",\"bestPercent\":" most more "}"
#define RAISE(id)   ",\"raise\":\"" id "\""
#define UNKNOWN(id) ",\"unknown\":\"" id "\""
#define STARS                                                                                     \
	"\"stars\":{" SCORE("coverage", "3", "4", "75", "100",                                    \
		RAISE("coverage.logs") UNKNOWN("coverage.traces")) "," SCORE("quality", "5", "5", \
		"100", "100", "") "," SCORE("correlation", "1", "3", "35", "65",                  \
		RAISE("correlation.logs")                                                         \
			UNKNOWN("correlation.exemplars")) "," SCORE("performance", "0", "5", "0", \
		"100", UNKNOWN("performance.exports")) "," SCORE("production", "4", "4", "90",    \
		"90", RAISE("production.probes")) "},"

/* All is well. */
static void fine(const char *ago)
{
	clr_putf(
		HEAD("shop", "Deployment", "apps/v1",
			"api") "{\"observedGeneration\":3,"
			       "\"profile\":\"default\",\"stack\":\"grafana\",\"revision\":\"1a2b3c4d5e6f7a8b\","
			       "\"pods\":{\"ratio\":\"3/3\",\"total\":3,\"current\":3},"
			       "\"rollout\":{\"state\":\"Complete\",\"reason\":\"RolloutComplete\"},"
			       "\"signals\":{\"metrics\":{\"state\":\"Flowing\",\"reason\":\"Arriving\","
			       "\"lastSeen\":\"%s\",\"pods\":\"3/3\",\"via\":\"otlp\",\"tie\":\"revision\","
			       "\"query\":\"target_info{job=\\\"shop/api\\\"}\",\"explore\":"
			       "\"https://acme.grafana.net/explore?x=1\"},"
			       "\"traces\":{\"state\":\"Idle\",\"reason\":\"NoRequests\",\"via\":\"otlp\"},"
			       "\"logs\":{\"state\":\"ViaStdout\",\"reason\":\"ByStdout\",\"via\":\"stdout\"}}," STARS
			       "\"conditions\":[" COND("Injected", "True", "Injected",
				       "All 3 pods that should be injected are.") "," FINE "," COND("RolloutComplete",
				       "True", "RolloutComplete",
				       "All is new.") "," COND("MetricsReceived", "True",
				       "Arriving",
				       "3/3 pods send metrics.") "," COND("TracesReceived", "True",
				       "NoRequests",
				       "Counters stand still.") "," COND("LogsReceived", "True",
				       "ByStdout",
				       "Collected from stdout.") "," COND("ProfilesReceived",
				       "Unknown", "Off",
				       "The signal is not asked for.") "," COND("Ready", "True",
				       "Arrives", "Its pods carry what they should.") "]}}",
		ago);
}

/* Three pods, one of them of an old version. */
static void mixed(void)
{
	clr_putf(
		HEAD("trading", "Deployment", "apps/v1",
			"tradeengine") "{"
				       "\"observedGeneration\":7,\"profile\":\"default\",\"stack\":\"grafana\","
				       "\"revision\":\"8756f7b8c0011223\",\"pods\":{\"ratio\":\"2/3\",\"total\":3,"
				       "\"current\":2,\"bare\":1,\"old\":[{\"name\":\"tradeengine-5f6d-x7k2p\","
				       "\"created\":\"%s\",\"replicaSet\":\"tradeengine-5f6d\",\"class\":\"bare\"}]},"
				       "\"rollout\":{\"state\":\"Waiting\",\"reason\":\"MixedRevisions\",\"message\":"
				       "\"2 of 3 pods carry what they should.\",\"fix\":\"kubectl -n trading rollout "
				       "restart deployment/tradeengine\",\"finding\":\"OG601\"},"
				       "\"signals\":{\"metrics\":{\"state\":\"Flowing\",\"reason\":\"Arriving\","
				       "\"pods\":\"2/3\",\"silent\":[\"tradeengine-5f6d-x7k2p\"],\"tie\":\"pod\"},"
				       "\"traces\":{\"state\":\"Stale\",\"reason\":\"Stopped\",\"lastSeen\":\"%s\","
				       "\"finding\":\"OG702\"},\"logs\":{\"state\":\"Never\",\"reason\":"
				       "\"NeverArrived\",\"finding\":\"OG701\"}},\"findings\":[{\"id\":\"OG601\","
				       "\"message\":\"2 of 3 pods carry what they should.\"},{\"id\":\"OG999999\"}],"
				       "\"conditions\":[" COND("Injected", "False", "PodsMissed",
					       "1 of 3 pods run without the injection that was asked for.") "," FINE "," COND("RolloutComplete",
					       "False", "MixedRevisions",
					       "2 of 3 pods carry what they should.") "," COND("MetricsReceived",
					       "True", "Arriving",
					       "2/3 pods send metrics.") "," COND("TracesReceived",
					       "False", "Stopped",
					       "It comes no more.") "," COND("LogsReceived",
					       "False", "NeverArrived",
					       "Nothing has arrived.") "," COND("ProfilesReceived",
					       "Unknown", "NotVerified",
					       "Not verified.") "," COND("Ready", "False",
					       "PodsMissed",
					       "1 of 3 pods run without the injection that was asked for.") "]}}",
		clr_ago(5 * 3600 + 45 * 60 + 20), clr_ago(3 * 3600 + 10 * 60 + 20));
}

/* It was seen, and not yet judged. */
static void fresh(const char *name)
{
	clr_putf("{\"apiVersion\":\"otelgate.dev/v1alpha1\",\"kind\":\"WorkloadTelemetry\","
		 "\"metadata\":{\"name\":\"w-%s\",\"namespace\":\"shop\",\"ownerReferences\":[{"
		 "\"apiVersion\":\"argoproj.io/v1alpha1\",\"kind\":\"Rollout\",\"name\":\"%s\","
		 "\"uid\":\"u\",\"controller\":true}]}}",
		name, name);
}

static void world(void)
{
	clr_crd("workloadtelemetries");
	fine(clr_ago(30 * 60 + 20));
	mixed();
	fresh("new");
}

START_TEST(a_line_for_each_workload)
{
	world();
	ck_assert_int_eq(CLR_RUN("status", "-A"), 0);
	clr_golden("status/table.txt");
	ck_assert_int_eq(CLR_RUN("status", "-A", "-o", "wide"), 0);
	clr_golden("status/wide.txt");
	ck_assert_int_eq(CLR_RUN("status", "-A", "--summary"), 0);
	clr_golden("status/summary.txt");
	ck_assert_int_eq(CLR_RUN("status", "-A", "-o", "name"), 0);
	clr_golden("status/name.txt");
	ck_assert_int_eq(CLR_RUN("status", "-A", "-o", "stars"), 0);
	clr_golden("status/stars.txt");
	ck_assert_int_eq(CLR_RUN("status", "-A", "-o", "stars", "--ascii", "--no-headers"), 0);
	ck_assert(clr_says("***?-"));
	ck_assert_ptr_null(strstr(clr_out.p, "COVERAGE"));
	ck_assert_int_eq(CLR_RUN("status", "-n", "shop", "--no-headers"), 0);
	ck_assert_ptr_null(strstr(clr_out.p, "NAMESPACE"));
	ck_assert_ptr_null(strstr(clr_out.p, "trading"));
	ck_assert_int_eq(CLR_RUN("status", "-A", "--color=always"), 0);
	ck_assert(clr_says("\033[31mSTALE 3h10m\033[0m"));
	ck_assert(clr_says("\033[32mOK 30m\033[0m"));
}
END_TEST

START_TEST(one_workload_is_a_picture)
{
	world();
	ck_assert_int_eq(CLR_RUN("status", "-n", "trading", "deploy/tradeengine"), 0);
	clr_golden("status/mixed.txt");
	ck_assert_int_eq(CLR_RUN("status", "-n", "shop", "deployment", "api"), 0);
	clr_golden("status/fine.txt");
	ck_assert_int_eq(CLR_RUN("status", "-n", "shop", "rollout/new", "--ascii"), 0);
	clr_golden("status/new.txt");
}
END_TEST

/* What was written is what the schema says. */
static void valid(void)
{
	og_auto_buf struct og_buf schema = OG_BUF_INIT(1 << 20);
	og_auto_arena struct og_arena a = {0};
	struct og_err err = OG_ERR_INIT;
	struct og_jdoc d, s;

	og_arena_init(&a, 0, 0);
	og_status_schema(&schema);
	ck_assert_int_eq(og_jdoc_parse(&s, &a, og_buf_view(&schema), NULL, &err), 0);
	ck_assert_msg(og_jdoc_parse(&d, &a, og_svz(clr_out.p), NULL, &err) == 0, "%s", err.msg);
	schema_validate(og_jroot(&d), og_jroot(&s), "$");
}

START_TEST(programs_get_a_document)
{
	world();
	ck_assert_int_eq(CLR_RUN("status", "-n", "trading", "-o", "json"), 0);
	valid();
	ck_assert(clr_says("{\"schemaVersion\":2,\"kind\":\"StatusReport\","));
	ck_assert(clr_says("\"partial\":false,\"workloads\":["));
	ck_assert(clr_says("\"broken\":\"injected\""));
	ck_assert(clr_says("\"podsSending\":2,\"podsExpected\":3"));
	ck_assert(clr_says("\"blind\":[],\"notes\":[]}"));
	ck_assert_ptr_null(strstr(clr_out.p, "\"stars\"")); /* nobody counted */
	ck_assert(clr_says("\"silent\":[\"tradeengine-5f6d-x7k2p\"]"));
	ck_assert_ptr_null(strstr(clr_out.p, "OG999999"));
	ck_assert_int_eq(CLR_RUN("status", "-n", "trading", "-o", "yaml"), 0);
	ck_assert(clr_says("schemaVersion: 2\n"));
	ck_assert(clr_says("  name: tradeengine\n"));
	ck_assert_int_eq(CLR_RUN("status", "-n", "shop", "-o", "json"), 0);
	ck_assert(clr_says("\"stars\":{\"coverage\":{\"stars\":3,\"best\":4,\"of\":5,"));
}
END_TEST

/* Who arrives and was not opted in is said once, of the whole cluster. */
START_TEST(strangers_are_a_note)
{
	world();
	clr_crd("grafanastacks");
	clr_putf(
		"{\"apiVersion\":\"otelgate.dev/v1alpha1\",\"kind\":\"GrafanaStack\",\"metadata\":{"
		"\"name\":\"grafana\"},\"spec\":{\"receiver\":{\"endpoint\":\"http://alloy:4318\"}},"
		"\"status\":{\"strangers\":{\"count\":2,\"first\":[\"shop/\\u001b[31mold\"]}}}");
	ck_assert_int_eq(CLR_RUN("status", "-A"), 0);
	ck_assert(clr_says("2 services arrive in the backends of stack grafana that no opted-in "
			   "workload explains: shop/"));
	ck_assert(clr_says("and 1 more; otelgate explain OG806"));
	ck_assert(!clr_says("\033[31mold"));
	ck_assert_int_eq(CLR_RUN("status", "-A", "-o", "json"), 0);
	valid();
	ck_assert(clr_says("\"notes\":[\"2 services arrive"));
	ck_assert_int_eq(CLR_RUN("status", "-n", "shop"), 0);
	ck_assert(!clr_says("OG806"));
}
END_TEST

START_TEST(check_is_a_gate)
{
	world();
	ck_assert_int_eq(CLR_RUN("status", "-A", "--check"), 1);
	ck_assert_int_eq(CLR_RUN("status", "-n", "shop", "deployment/api", "--check"), 0);
	ck_assert_int_eq(CLR_RUN("status", "-n", "shop", "--check"), 3); /* one is not known */
	ck_assert_int_eq(CLR_RUN("status", "-A", "--check", "-o", "json"), 1);
	ck_assert_int_eq(CLR_RUN("status", "-A", "--check", "-w"), 2);
}
END_TEST

START_TEST(a_reader_needs_no_more_than_its_role)
{
	world();
	clr_user("reader", READER);
	ck_assert_int_eq(CLR_RUN("status", "-A"), 0);
	clr_golden("status/table.txt");
}
END_TEST

/* ---- what cannot be seen ---- */

START_TEST(names_that_are_not_there)
{
	world();
	ck_assert_int_eq(CLR_RUN("status", "-n", "shop", "deployment/api", "sts/api"), 3);
	ck_assert(clr_says("no workload is called \"StatefulSet/api\" in namespace shop"));
	ck_assert(clr_says("deployment/api")); /* what is there is shown */
	ck_assert_int_eq(CLR_RUN("status", "-n", "nowhere"), 0);
	ck_assert(clr_says("No opted-in workload in namespace nowhere."));
	ck_assert_int_eq(CLR_RUN("status", "-n", "shop", "secret/api"), 2);
	ck_assert(clr_says("\"secret\" is no kind of workload"));
	ck_assert_int_eq(CLR_RUN("status", "-n", "shop", "deployment/"), 2);
	ck_assert_int_eq(CLR_RUN("status", "-n", "shop", "deployment", "deployment/api"), 2);
	ck_assert_int_eq(CLR_RUN("status", "-n", "shop", ""), 2);
	ck_assert_int_eq(CLR_RUN("status", "-A", "-n", "shop"), 2);
}
END_TEST

START_TEST(nobody_answers)
{
	og_sim_down(clr_sim);
	ck_assert_int_eq(CLR_RUN("status", "-A", "--timeout", "2s"), 3);
	ck_assert(clr_says("cannot be reached"));
	ck_assert_int_eq(CLR_RUN("status", "-A", "--context", "other"), 3);
}
END_TEST

START_TEST(a_token_that_has_ended)
{
	world();
	og_sim_revoke_token(clr_sim, og_sim_admin_token(clr_sim));
	ck_assert_int_eq(CLR_RUN("status", "-A"), 3);
	ck_assert(clr_says("401"));
}
END_TEST

/* Whoever may write the object may write anything into it. */
START_TEST(hostile_texts_steer_nothing)
{
	clr_crd("workloadtelemetries");
	clr_putf("{\"apiVersion\":\"otelgate.dev/v1alpha1\",\"kind\":\"WorkloadTelemetry\","
		 "\"metadata\":{\"name\":\"x\",\"namespace\":\"shop\",\"ownerReferences\":[{"
		 "\"apiVersion\":\"apps/v1\",\"kind\":\"Deploy\\u001b[31mment\",\"name\":"
		 "\"we\\u001b]0;owned\\u0007b\\nfake\",\"uid\":\"u\",\"controller\":true}]},"
		 "\"status\":{\"profile\":[1],\"revision\":{\"a\":1},\"pods\":{\"total\":-4,"
		 "\"current\":1e99,\"old\":[7,{\"name\":\"\\u001b[2Jp\",\"class\":3}]},"
		 "\"rollout\":\"x\",\"signals\":{\"metrics\":{\"state\":\"Flow\\u001b[1ming\","
		 "\"pods\":\"9/0\",\"query\":\"\\u001b[5mq\",\"silent\":{\"a\":1}},\"logs\":[]},"
		 "\"findings\":{\"a\":[]},\"conditions\":[null,7,{\"type\":\"Ready\",\"status\":"
		 "\"False\",\"reason\":\"\\u001b[1m\",\"message\":\"a\\u001b[1m\\nb\"},"
		 "{\"type\":\"Injected\",\"status\":\"False\",\"reason\":\"\\u001b[1mB\","
		 "\"message\":\"c\\u009b31md\\ne\"}]}}");
	ck_assert_int_eq(CLR_RUN("status", "-A", "-o", "wide"), 0);
	ck_assert_ptr_null(strchr(clr_out.p, '\033'));
	ck_assert(clr_says("shop"));
	char name[] = "we\033]0;owned\007b\nfake";
	ck_assert_int_eq(CLR_RUN("status", "-n", "shop", name), 0);
	ck_assert_ptr_null(strchr(clr_out.p, '\033'));
	ck_assert_ptr_null(strchr(clr_out.p, '\007'));
	ck_assert_ptr_null(strstr(clr_out.p, "\xC2\x9B"));
	ck_assert(clr_says("\\x1b[5mq"));
	ck_assert_int_eq(CLR_RUN("status", "-A", "-o", "json"), 0);
	valid();
	ck_assert_ptr_null(strchr(clr_out.p, '\033'));
}
END_TEST

/* ---- without a controller ---- */

#define SPEC                                                                                   \
	"\"spec\":{\"replicas\":2,\"selector\":{\"matchLabels\":{\"a\":\"b\"}},\"template\":{" \
	"\"metadata\":{\"labels\":{\"a\":\"b\"}%s},\"spec\":{\"containers\":[{\"name\":"       \
	"\"app\",\"image\":\"w\"}]}}}"
#define CONFIG                                                                             \
	"apiVersion: otelgate.dev/v1alpha1\nkind: GrafanaStack\nmetadata: {name: s}\n"     \
	"spec: {receiver: {endpoint: 'http://alloy.example.com:4318'}}\n---\n"             \
	"apiVersion: otelgate.dev/v1alpha1\nkind: TelemetryProfile\nmetadata: {name: p}\n" \
	"spec: {stack: s}\n"
#define ASKS ",\"annotations\":{\"otelgate.dev/inject\":\"true\"}"

static void object(const char *name, const char *asks)
{
	clr_putf("{\"apiVersion\":\"apps/v1\",\"kind\":\"Deployment\",\"metadata\":{\"name\":"
		 "\"%s\",\"namespace\":\"shop\",\"generation\":1,\"uid\":\"d-%s\",\"labels\":{"
		 "\"app\":\"%s\"}}," SPEC ",\"status\":{\"observedGeneration\":1,\"replicas\":2,"
		 "\"updatedReplicas\":2,\"readyReplicas\":2,\"availableReplicas\":2}}",
		name, name, name, asks);
	clr_putf("{\"apiVersion\":\"apps/v1\",\"kind\":\"ReplicaSet\",\"metadata\":{\"name\":"
		 "\"%s-1\",\"namespace\":\"shop\",\"uid\":\"r-%s\",\"ownerReferences\":[{"
		 "\"apiVersion\":\"apps/v1\",\"kind\":\"Deployment\",\"name\":\"%s\",\"uid\":"
		 "\"d-%s\",\"controller\":true}]}," SPEC "}",
		name, name, name, name, asks);
}

static void runs(const char *name, const char *of, long ago, const char *revision)
{
	char record[256] = "";

	if (*revision)
		(void)snprintf(record, sizeof(record),
			"\"otelgate.dev/injection\":\"{\\\"revision\\\":\\\"%s\\\","
			"\\\"containers\\\":{\\\"app\\\":{}}}\"",
			revision);
	clr_putf("{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"metadata\":{\"name\":\"%s\","
		 "\"namespace\":\"shop\",\"creationTimestamp\":\"%s\",\"labels\":{\"a\":\"b\","
		 "\"otelgate.dev/revision\":\"%s\"},\"annotations\":{%s},\"ownerReferences\":[{"
		 "\"apiVersion\":\"apps/v1\",\"kind\":\"ReplicaSet\",\"name\":\"%s-1\",\"uid\":"
		 "\"r-%s\",\"controller\":true}]},\"spec\":{\"containers\":[{\"name\":\"app\","
		 "\"image\":\"w\"}]},\"status\":{\"phase\":\"Running\",\"conditions\":[{"
		 "\"type\":\"Ready\",\"status\":\"True\"}]}}",
		name, clr_ago(ago), revision, record, of, of);
}

static void configured(void)
{
	struct og_err err = OG_ERR_INIT;

	clr_crd("grafanastacks");
	clr_crd("telemetryprofiles");
	ck_assert_int_eq(og_sim_apply(clr_sim, OG_SV(CONFIG), "config", &err), 0);
}

START_TEST(without_statuses_it_is_judged_here)
{
	configured();
	object("web", ASKS);
	object("other", "");
	runs("web-1-a", "web", 5 * 3600 + 45 * 60 + 20, "");
	runs("web-1-b", "web", 53 * 60 + 20, "0123456789abcdef");
	ck_assert_int_eq(CLR_RUN("status", "-n", "shop"), 0);
	ck_assert(clr_says("shop        deployment/web    0/2   Waiting   ?         ?        ?"));
	ck_assert(
		clr_says("workloadtelemetries.otelgate.dev: the cluster does not know this kind"));
	ck_assert_ptr_null(strstr(clr_out.p, "deployment/other"));
	ck_assert_int_eq(CLR_RUN("status", "-n", "shop", "deployment/web"), 0);
	ck_assert(clr_says("✗ injected      0/2 pods. 1 of 2 pods run without"));
	ck_assert(clr_says("  web-1-a   <none>             5h45m   yes     ? ? ? ?   old version: "
			   "not injected"));
	ck_assert(clr_says("  web-1-b   0123456789abcdef     53m   yes     ? ? ? ?   old version"));
	ck_assert(clr_says("kubectl -n shop rollout restart deployment/web"));
	ck_assert(clr_says("Coverage              ◌◌◌◌◌  0-5/5"));
	ck_assert(clr_says("Not known: coverage.metrics (metrics\n"));
	ck_assert_int_eq(CLR_RUN("status", "-n", "shop", "deployment/web", "--check"), 1);
	ck_assert_int_eq(CLR_RUN("status", "-n", "shop", "-l", "app in (web,x)"), 0);
	ck_assert(clr_says("deployment/web"));
	ck_assert_int_eq(CLR_RUN("status", "-n", "shop", "-l", "app!=web"), 0);
	ck_assert_ptr_null(strstr(clr_out.p, "deployment/web"));
	ck_assert_int_eq(CLR_RUN("status", "-n", "shop", "-l", "app in web"), 2);
	/* Nobody asked: it is said, and how to. */
	ck_assert_int_eq(CLR_RUN("status", "-n", "shop", "deployment/other"), 0);
	ck_assert(clr_says("✗ opted in"));
	ck_assert_ptr_null(strstr(clr_out.p, "Stars"));
	ck_assert(clr_says("otelgate.dev/inject: \"true\""));
	/* Not the namespace's, and not that of ReplicaSets. */
	ck_assert_int_eq(CLR_RUN("status", "-n", "shop", "rs/web-1"), 3);
}
END_TEST

START_TEST(the_pods_are_those_of_now)
{
	configured();
	world();
	object("api", ASKS);
	runs("api-1-a", "api", 53 * 60 + 20, "1a2b3c4d5e6f7a8b");
	ck_assert_int_eq(CLR_RUN("status", "-n", "shop", "deployment/api"), 0);
	ck_assert(clr_says("  api-1-a   1a2b3c4d5e6f7a8b   53m   yes"));
	ck_assert(clr_says("metrics   OK 30m")); /* what the controller says stays */
}
END_TEST

START_TEST(half_of_the_rights_show_half)
{
	configured();
	object("web", ASKS);
	runs("web-1-a", "web", 60, "");
	clr_user("half", "[{\"apiGroups\":[\"apps\",\"batch\",\"otelgate.dev\"],\"resources\":["
			 "\"deployments\",\"replicasets\",\"grafanastacks\","
			 "\"telemetryprofiles\"],\"verbs\":[\"list\",\"watch\"]}]");
	ck_assert_int_eq(CLR_RUN("status", "-n", "shop"), 0);
	ck_assert(clr_says("deployment/web      ?   Complete"));
	ck_assert(clr_says("pods in namespace shop: "));
	ck_assert(clr_says("resources: [\"pods\"]"));
	ck_assert_int_eq(CLR_RUN("status", "-n", "shop", "deployment/web"), 0);
	ck_assert(clr_says("? injected      Pods may not be read."));
	ck_assert_int_eq(CLR_RUN("status", "-n", "shop", "-o", "json"), 0);
	valid();
	ck_assert(clr_says("\"partial\":true"));
	ck_assert(clr_says("{\"what\":\"pods in namespace shop\","));
	ck_assert(clr_says("\"finding\":\"OG002\",\"rule\":\"apiVersion: rbac.authorization"));
	clr_user("none", "[]");
	ck_assert_int_eq(CLR_RUN("status", "-n", "shop"), 3);
	ck_assert(clr_says("nothing may be read"));
}
END_TEST

/* ---- -w ---- */

struct watching {
	pid_t pid;
	int fd;
	char text[1 << 16];
	size_t n;
};

static void begin(struct watching *w, const char *ns)
{
	int p[2];

	ck_assert_int_eq(pipe2(p, O_CLOEXEC), 0);
	w->pid = fork();
	ck_assert_int_ge(w->pid, 0);
	if (w->pid == 0) {
		(void)dup2(p[1], 1);
		execl(og_test_program(), "otelgate", "status", "-w", "-n", ns, "--kubeconfig",
			clr_kubeconfig(), (char *)NULL);
		_exit(99);
	}
	(void)close(p[1]);
	w->fd = p[0];
	w->n = 0;
	w->text[0] = '\0';
}

static bool comes(struct watching *w, const char *text)
{
	while (!strstr(w->text, text)) {
		ssize_t got = read(w->fd, w->text + w->n, sizeof(w->text) - 1 - w->n);
		if (got <= 0)
			return false;
		w->n += (size_t)got;
		w->text[w->n] = '\0';
	}
	return true;
}

START_TEST(watching_writes_what_has_changed)
{
	struct watching w;
	int status;

	world();
	begin(&w, "shop");
	ck_assert(comes(&w, "rollout.argoproj.io/new"));
	ck_assert_ptr_nonnull(strstr(w.text, "NAMESPACE"));
	fresh("other");
	ck_assert(comes(&w, "rollout.argoproj.io/other"));
	/* What did not change is not said again. */
	ck_assert_ptr_null(strstr(strstr(w.text, "deployment/api") + 1, "deployment/api"));
	/* Nobody reads any more: it ends. */
	(void)close(w.fd);
	fresh("third");
	ck_assert_int_eq(waitpid(w.pid, &status, 0), w.pid);
	ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 3, "%d", status);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("cli/status");
	TCase *tc = tcase_create("status");

	tcase_add_checked_fixture(tc, clr_setup, clr_teardown);
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, a_line_for_each_workload);
	tcase_add_test(tc, one_workload_is_a_picture);
	tcase_add_test(tc, programs_get_a_document);
	tcase_add_test(tc, strangers_are_a_note);
	tcase_add_test(tc, check_is_a_gate);
	tcase_add_test(tc, a_reader_needs_no_more_than_its_role);
	tcase_add_test(tc, names_that_are_not_there);
	tcase_add_test(tc, nobody_answers);
	tcase_add_test(tc, a_token_that_has_ended);
	tcase_add_test(tc, hostile_texts_steer_nothing);
	tcase_add_test(tc, without_statuses_it_is_judged_here);
	tcase_add_test(tc, the_pods_are_those_of_now);
	tcase_add_test(tc, half_of_the_rights_show_half);
	tcase_add_test(tc, watching_writes_what_has_changed);
	suite_add_tcase(s, tc);
	return og_suite_run(s);
}
