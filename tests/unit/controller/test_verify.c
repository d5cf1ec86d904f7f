/* SPDX-License-Identifier: Apache-2.0 */
/* Proof of arrival, from telemetry in a simulated Grafana Cloud to the status in a simulated
 * cluster. */
#include <time.h>
#include "cloud/cloud.h"
#include "otelgate/base/clock.h"
#include "otelgate/base/mem.h"
#include "otelgate/base/parse.h"
#include "sim/client.h"
#include "support/suite.h"
#include "support/workload_objects.h"

static struct og_cloud *cloud;
static struct cr r;

static void put_secret(const char *token)
{
	char b64[128] = "";
	static const char set[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	size_t n = strlen(token), o = 0;

	for (size_t i = 0; i < n; i += 3) {
		unsigned v = (unsigned)(unsigned char)token[i] << 16;
		v |= i + 1 < n ? (unsigned)(unsigned char)token[i + 1] << 8 : 0;
		v |= i + 2 < n ? (unsigned)(unsigned char)token[i + 2] : 0;
		b64[o++] = set[v >> 18 & 63];
		b64[o++] = set[v >> 12 & 63];
		b64[o++] = i + 1 < n ? set[v >> 6 & 63] : '=';
		b64[o++] = i + 2 < n ? set[v & 63] : '=';
	}
	cr_putf("{\"apiVersion\":\"v1\",\"kind\":\"Secret\",\"metadata\":{\"name\":\"read\","
		"\"namespace\":\"monitoring\"},\"data\":{\"token\":\"%s\"}}",
		b64);
}

static bool tokenless;

/* `more` is put into spec.query, `signals` is of the profile. */
static void put_config(const char *more, const char *signals)
{
	static char text[4096];
	const char *secret = tokenless ? ""
				       : "    secretRef: {name: read, namespace: monitoring}\n";

	(void)snprintf(text, sizeof(text),
		"apiVersion: otelgate.dev/v1alpha1\nkind: GrafanaStack\nmetadata: {name: s}\n"
		"spec:\n  receiver: {endpoint: 'http://alloy.example.com:4318'}\n  query:\n%s"
		"    prometheus: {url: '%s', user: '%s'}\n    loki: {url: '%s', user: '%s'}\n"
		"    tempo: {url: '%s', user: '%s'}\n    pyroscope: {url: '%s', user: '%s'}\n%s"
		"---\napiVersion: otelgate.dev/v1alpha1\nkind: TelemetryProfile\n"
		"metadata: {name: p}\nspec: {stack: s%s}\n",
		secret, og_cloud_url(cloud, OG_CLOUD_PROM), og_cloud_user(cloud, OG_CLOUD_PROM),
		og_cloud_url(cloud, OG_CLOUD_LOKI), og_cloud_user(cloud, OG_CLOUD_LOKI),
		og_cloud_url(cloud, OG_CLOUD_TEMPO), og_cloud_user(cloud, OG_CLOUD_TEMPO),
		og_cloud_url(cloud, OG_CLOUD_PYROSCOPE), og_cloud_user(cloud, OG_CLOUD_PYROSCOPE),
		more, signals);
	cr_apply(text);
}

static void start(void)
{
	struct og_err err = OG_ERR_INIT;

	tokenless = false;
	cr_setup();
	cr_crd("workloadtelemetries");
	ck_assert_msg(og_cloud_start(NULL, &cloud, &err) == 0, "%s", err.msg);
	cr_put("{\"apiVersion\":\"v1\",\"kind\":\"Namespace\",\"metadata\":{\"name\":\"monitoring\"}}");
	put_secret(OG_CLOUD_TOKEN_READ);
}

static void finish(void)
{
	og_cloud_stop(og_take(cloud));
	cr_teardown();
}

static void begin(const char *name)
{
	cr_init(&r, name);
	r.o.no_lease = true;
	r.o.verify_ms = 300;
	r.o.verify_request_ms = 1;
	r.o.probe_ms = -1; /* test_verify_probe.c */
	cr_begin(&r, NULL);
}

/* ---- telemetry ---- */

static int64_t pushed_ago_s = 20;
static const char *pushed_namespace = "shop";

static void push(const char *signal, const char *service, const char *pod, const char *rev)
{
	static char text[8192];
	struct og_err err = OG_ERR_INIT;
	char resource[4096], item[512];
	long long at = (long long)(og_cloud_now_ns(cloud) - pushed_ago_s * OG_NS_PER_S);
	const char *list = "resourceSpans", *inner = "scopeSpans";

	(void)snprintf(resource, sizeof(resource),
		"{\"attributes\":["
		"{\"key\":\"service.name\",\"value\":{\"stringValue\":\"%s\"}},"
		"{\"key\":\"service.namespace\",\"value\":{\"stringValue\":\"%s\"}},"
		"{\"key\":\"service.instance.id\",\"value\":{\"stringValue\":\"shop.%s.app\"}},"
		"{\"key\":\"k8s.namespace.name\",\"value\":{\"stringValue\":\"shop\"}},"
		"{\"key\":\"k8s.pod.name\",\"value\":{\"stringValue\":\"%s\"}},"
		"{\"key\":\"k8s.cluster.name\",\"value\":{\"stringValue\":\"prod\"}},"
		"{\"key\":\"telemetry.sdk.language\",\"value\":{\"stringValue\":\"go\"}},"
		"{\"key\":\"otelgate.revision\",\"value\":{\"stringValue\":\"%s\"}}]}",
		service, pushed_namespace, pod, pod, rev);
	(void)snprintf(item, sizeof(item),
		"\"spans\":[{\"traceId\":\"0af7651916cd43dd8448eb211c80319c\",\"spanId\":"
		"\"b7ad6b7169203331\",\"name\":\"GET /\",\"kind\":2,\"startTimeUnixNano\":\"%lld\","
		"\"endTimeUnixNano\":\"%lld\"}]",
		at, at + 1000000);
	if (!strcmp(signal, "metrics")) {
		list = "resourceMetrics";
		inner = "scopeMetrics";
		(void)snprintf(item, sizeof(item),
			"\"metrics\":[{\"name\":\"queue.length\",\"gauge\":{\"dataPoints\":[{"
			"\"timeUnixNano\":\"%lld\",\"asDouble\":1}]}}]",
			at);
	} else if (!strcmp(signal, "logs")) {
		list = "resourceLogs";
		inner = "scopeLogs";
		(void)snprintf(item, sizeof(item),
			"\"logRecords\":[{\"timeUnixNano\":\"%lld\",\"severityNumber\":9,"
			"\"body\":{\"stringValue\":\"hello\"}}]",
			at);
	}
	(void)snprintf(text, sizeof(text),
		"{\"%s\":[{\"resource\":%s,\"%s\":[{\"scope\":{\"name\":\"t\"},%s}]}]}", list,
		resource, inner, item);
	ck_assert_msg(og_cloud_push(cloud, signal, text, &err) == 0, "%s: %s", err.msg, text);
}

static void push_all(const char *pod, const char *rev)
{
	push("metrics", "web", pod, rev);
	push("traces", "web", pod, rev);
	push("logs", "web", pod, rev);
}

/* ---- the cluster ---- */

static const char *old_time(void)
{
	return "2026-01-01T00:00:00Z";
}

/* Deployment web, and its revision. */
static const char *plan_web(void)
{
	static char rev[32];

	cr_put(DEPLOYMENT("web", UID("d1"), IN, DONE));
	cr_put(REPLICA_SET("web-1", UID("e1")));
	CR_UNTIL(*revision("deployment-web"));
	(void)snprintf(rev, sizeof(rev), "%s", revision("deployment-web"));
	return rev;
}

/* With two pods of it that have run for long. */
static const char *run_web(void)
{
	const char *rev = plan_web();

	pod("web-1-a", old_time(), rev);
	pod("web-1-b", old_time(), rev);
	return rev;
}

static bool state(const char *signal, const char *want)
{
	char mark[64];
	const char *o = cr_get(WT, "shop", "deployment-web"), *at;

	(void)snprintf(mark, sizeof(mark), "\"%s\":{", signal);
	at = o ? strstr(o, "\"signals\":{") : NULL;
	at = at ? strstr(at, mark) : NULL;
	if (!at)
		return false;
	const char *end = strchr(at, '}');
	(void)snprintf(mark, sizeof(mark), "\"state\":\"%s\"", want);
	const char *found = strstr(at, mark);
	return found && found < end;
}

static bool stack_says(const char *type, const char *status, const char *reason)
{
	const char *o = cr_get("grafanastacks.otelgate.dev", NULL, "s");
	char mark[64], want[2][64];
	static char text[2048];

	(void)snprintf(mark, sizeof(mark), "\"type\":\"%s\"", type);
	const char *at = o ? strstr(o, mark) : NULL;
	if (!at)
		return false;
	const char *from = at, *to = strchr(at, '}');
	while (from > o && *from != '{')
		from--;
	(void)snprintf(text, sizeof(text), "%.*s", (int)(to - from), from);
	(void)snprintf(want[0], sizeof(want[0]), "\"status\":\"%s\"", status);
	(void)snprintf(want[1], sizeof(want[1]), "\"reason\":\"%s\"", reason);
	bool says = strstr(text, want[0]) && strstr(text, want[1]);
	if (!says && getenv("CR_SHOW"))
		fprintf(stderr, "%s\n", o);
	return says;
}

/* Events of that reason in the namespace. */
static unsigned events(const char *reason)
{
	struct og_err err = OG_ERR_INIT;
	og_auto_arena struct og_arena arena;
	struct og_sim_client client;
	struct og_kube_answer a;
	char query[96];
	unsigned n = 0;

	og_arena_init(&arena, 0, 0);
	(void)snprintf(query, sizeof(query), "fieldSelector=reason%%3D%s", reason);
	ck_assert_int_eq(og_sim_client_init(&client, cr_sim, NULL, NULL, &err), 0);
	const struct og_kube_request q = {.verb = OG_KUBE_LIST,
		.res = {.version = OG_SV("v1"), .resource = OG_SV("events"), .ns = OG_SV("shop")},
		.query = og_svz(query)};
	ck_assert_msg(og_kube_wait(client.kube, &q, &arena, &a, &err) == 0, "%s", err.msg);
	og_jfor (it, og_jgetl(og_jroot(a.doc), "items")) {
		struct og_sv raw = og_jraw(it.val);
		n++;
		if (getenv("CR_SHOW"))
			fprintf(stderr, "%.*s\n", (int)raw.n, raw.p);
	}
	og_sim_client_fini(&client);
	return n;
}

/* ---- the cases ---- */

START_TEST(what_arrives_makes_it_ready)
{
	put_config("    grace: 0s\n", "");
	begin("a");
	const char *rev = run_web();
	CR_UNTIL(state("metrics", "Never"));
	ck_assert(is("deployment-web", "MetricsReceived", "False"));
	ck_assert(is("deployment-web", "Ready", "False"));
	push_all("web-1-a", rev);
	push_all("web-1-b", rev);
	CR_UNTIL(state("metrics", "Flowing") && state("traces", "Flowing") &&
		 state("logs", "Flowing"));
	CR_UNTIL(is("deployment-web", "Ready", "True"));
	ck_assert(is("deployment-web", "MetricsReceived", "True"));
	ck_assert(is("deployment-web", "TracesReceived", "True"));
	ck_assert(is("deployment-web", "LogsReceived", "True"));
	const char *o = cr_get(WT, "shop", "deployment-web");
	ck_assert_ptr_nonnull(strstr(o, "\"pods\":\"2/2\""));
	ck_assert_ptr_nonnull(strstr(o, "\"tie\":\"revision\""));
	ck_assert_ptr_nonnull(strstr(o, "\"lastSeen\":\""));
	CR_UNTIL(stack_says("Ready", "True", "NoCredentials"));
	ck_assert(stack_says("MetricsQueryable", "True", "Answers"));
	ck_assert(stack_says("ProfilesQueryable", "True", "Answers"));
	CR_UNTIL(events("TelemetryMissing") && events("TelemetryArrived"));
	CR_UNTIL(cr_metric(&r, "otelgate_workload_signal{workload_namespace=\"shop\","
			       "workload_kind=\"Deployment\",workload=\"web\",signal=\"traces\","
			       "state=\"Flowing\"}") == 1);
	ck_assert(cr_metric(&r, "otelgate_workload_signal_left_out") == 0);
	CR_UNTIL(cr_metric(&r, "otelgate_workload_signals{signal=\"metrics\",state=\"Flowing\"}") ==
		 1);
	ck_assert(cr_metric(&r, "otelgate_backend_answers{stack=\"s\",backend=\"loki\"}") == 1);
	ck_assert_int_eq(cr_end(&r), 0);
}
END_TEST

static void fault(const char *json)
{
	struct og_err err = OG_ERR_INIT;
	ck_assert_msg(og_cloud_fault(cloud, json, &err) == 0, "%s", err.msg);
}

static bool why(const char *type, const char *text)
{
	bool has = strstr(condition("deployment-web", type), text) != NULL;
	if (!has && getenv("CR_SHOW"))
		fprintf(stderr, "%s: %s\n", type, condition("deployment-web", type));
	return has;
}

static void all_flow(const char *rev)
{
	push_all("web-1-a", rev);
	push_all("web-1-b", rev);
	CR_UNTIL(state("metrics", "Flowing") && state("traces", "Flowing") &&
		 state("logs", "Flowing"));
	CR_UNTIL(is("deployment-web", "Ready", "True"));
}

/* How many cycles of questions have ended, more or less. */
static void cycles(uint64_t n)
{
	uint64_t from = og_cloud_requests(cloud, OG_CLOUD_PROM, NULL);
	CR_UNTIL(og_cloud_requests(cloud, OG_CLOUD_PROM, NULL) >= from + 2 * n);
}

static void last_seen(char ret[32])
{
	const char *o = cr_get(WT, "shop", "deployment-web");
	const char *at = o ? strstr(o, "\"metrics\":{") : NULL;

	at = at ? strstr(at, "\"lastSeen\":\"") : NULL;
	(void)snprintf(ret, 32, "%.20s", at ? at + 12 : "");
}

/* A pod comes that no judgement has missed: what it sends is written down at once, for who waits.
 */
START_TEST(what_is_newer_than_the_newest_pod_is_written_down)
{
	char seen[32], made[OG_RFC3339_BYTES];

	put_config("    grace: 300s\n    freshness: 300s\n", "");
	begin("a");
	const char *rev = run_web();
	all_flow(rev);
	og_fmt_rfc3339(made, og_cloud_now_ns(cloud) - 10 * OG_NS_PER_S);
	pod("web-1-b", made, rev);
	cycles(3);
	last_seen(seen);
	ck_assert_str_ne(seen, "");
	ck_assert_str_lt(seen, made); /* it was before the pod */
	pushed_ago_s = 2;
	push_all("web-1-b", rev);
	CR_UNTIL((last_seen(seen), strcmp(seen, made) > 0));
	pushed_ago_s = 20;
	ck_assert_int_eq(cr_end(&r), 0);
}
END_TEST

/* An outage, throttling, a token that is refused: what flowed is not said to be missing. */
START_TEST(what_cannot_be_asked_is_not_missing)
{
	static const struct {
		const char *fault, *reason;
	} rows[] = {{"{\"host\":\"tempo\",\"count\":-1,\"type\":\"status\",\"code\":503}",
			    "BackendError"},
		{"{\"host\":\"tempo\",\"count\":-1,\"type\":\"status\",\"code\":401}",
			"AuthFailed"},
		{"{\"host\":\"tempo\",\"count\":-1,\"type\":\"status\",\"code\":404,\"html\":true}",
			"WrongPath"},
		{"{\"host\":\"tempo\",\"count\":-1,\"type\":\"reset\"}", "NoConnection"},
		{"{\"host\":\"tempo\",\"count\":-1,\"type\":\"status\",\"code\":429,"
		 "\"retryAfter\":1}",
			"Throttled"},
		{"{\"host\":\"tempo\",\"count\":-1,\"type\":\"cut\",\"bytes\":5}", NULL}};

	put_config("    grace: 300s\n    freshness: 300s\n", "");
	begin("a");
	/* Sent before the pods are known: nobody may look between the two, and miss it. */
	const char *rev = plan_web();
	push_all("web-1-a", rev);
	push_all("web-1-b", rev);
	all_flow(run_web());
	for (size_t i = 0; i < OG_COUNT(rows); i++) {
		fault(rows[i].fault);
		/* The answer that came before bridges the time; of what passes the stack is silent
		 * for a while, of what does not it is not. */
		if (i == 1 || i == 2)
			CR_UNTIL(stack_says("TracesQueryable", "False", rows[i].reason));
		cycles(4);
		ck_assert_msg(state("traces", "Flowing"), "%zu", i);
		ck_assert(is("deployment-web", "TracesReceived", "True"));
		og_cloud_clear_faults(cloud);
		CR_UNTIL(stack_says("TracesQueryable", "True", "Answers"));
	}
	ck_assert_uint_eq(events("TelemetryMissing"), 0);
	ck_assert_uint_eq(events("TelemetryStale"), 0);
	ck_assert_int_eq(cr_end(&r), 0);
}
END_TEST

/* From the begin: nothing was ever known. */
START_TEST(what_could_never_be_asked_is_unknown_with_why)
{
	put_config("    grace: 0s\n", "");
	fault("{\"host\":\"prometheus\",\"count\":-1,\"type\":\"status\",\"code\":401}");
	fault("{\"host\":\"loki\",\"count\":-1,\"type\":\"status\",\"code\":502}");
	begin("a");
	const char *rev = run_web();
	push_all("web-1-a", rev);
	push_all("web-1-b", rev);
	CR_UNTIL(state("traces", "Flowing"));
	CR_UNTIL(why("MetricsReceived", "AuthFailed") || why("MetricsReceived", "NotAnswered"));
	ck_assert(is("deployment-web", "MetricsReceived", "Unknown"));
	ck_assert(is("deployment-web", "LogsReceived", "Unknown"));
	ck_assert(is("deployment-web", "Ready", "Unknown"));
	ck_assert(stack_says("MetricsQueryable", "False", "AuthFailed"));
	CR_UNTIL(stack_says("Ready", "False", "AuthFailed"));
	cycles(3);
	ck_assert(state("metrics", "Unknown") && state("logs", "Unknown"));
	og_cloud_clear_faults(cloud);
	CR_UNTIL(is("deployment-web", "Ready", "True"));
	ck_assert_int_eq(cr_end(&r), 0);
}
END_TEST

START_TEST(without_a_token_nobody_is_asked_and_it_is_said)
{
	struct og_err err = OG_ERR_INIT;

	put_config("", "");
	ck_assert_int_eq(og_sim_delete(cr_sim, "secrets", "monitoring", "read", &err), 0);
	begin("a");
	run_web();
	CR_UNTIL(stack_says("MetricsQueryable", "False", "SecretMissing"));
	CR_UNTIL(why("MetricsReceived", "monitoring/read"));
	ck_assert(is("deployment-web", "Ready", "Unknown"));
	ck_assert_uint_eq(og_cloud_requests(cloud, OG_CLOUD_PROM, NULL), 0);
	ck_assert_int_eq(cr_end(&r), 0);
}
END_TEST

/* What is asked without a token waits for no Secret that was named before. */
START_TEST(a_token_that_is_wanted_no_more_is_not_missed)
{
	struct og_err err = OG_ERR_INIT;

	put_config("", "");
	ck_assert_int_eq(og_sim_delete(cr_sim, "secrets", "monitoring", "read", &err), 0);
	begin("a");
	CR_UNTIL(stack_says("MetricsQueryable", "False", "SecretMissing"));
	tokenless = true;
	put_config("", "");
	CR_UNTIL(og_cloud_requests(cloud, OG_CLOUD_PROM, NULL) > 0);
	CR_UNTIL(stack_says("MetricsQueryable", "False", "AuthFailed"));
	ck_assert_int_eq(cr_end(&r), 0);
}
END_TEST

/* A CA that is named and not there is no reason to ask as if none were named. */
START_TEST(a_ca_that_is_not_there_asks_nobody)
{
	put_config("    caKey: ca.crt\n", "");
	begin("a");
	run_web();
	CR_UNTIL(stack_says("MetricsQueryable", "False", "KeyMissing"));
	CR_UNTIL(why("MetricsReceived", "spec.query.caKey"));
	ck_assert_uint_eq(og_cloud_requests(cloud, OG_CLOUD_PROM, NULL), 0);
	ck_assert_int_eq(cr_end(&r), 0);
	/* the token's own text is no certificate */
	put_config("    caKey: token\n", "");
	begin("b");
	CR_UNTIL(stack_says("MetricsQueryable", "False", "CaInvalid"));
	ck_assert_uint_eq(og_cloud_requests(cloud, OG_CLOUD_PROM, NULL), 0);
	ck_assert_int_eq(cr_end(&r), 0);
}
END_TEST

START_TEST(a_revision_with_which_a_signal_stops_is_a_regression)
{
	put_config("    grace: 0s\n    freshness: 60s\n", "");
	begin("a");
	const char *rev = run_web();
	all_flow(rev);
	/* Something changes what is injected: new pods, and no traces from them. */
	put_config("    grace: 0s\n    freshness: 60s\n", ", sdk: {resourceAttributes: {team: a}}");
	char old[32], now[32];
	(void)snprintf(old, sizeof(old), "%s", rev);
	CR_UNTIL(*revision("deployment-web") && strcmp(revision("deployment-web"), old) != 0);
	(void)snprintf(now, sizeof(now), "%s", revision("deployment-web"));
	struct og_err err = OG_ERR_INIT;
	ck_assert_int_eq(og_sim_delete(cr_sim, "pods", "shop", "web-1-a", &err), 0);
	ck_assert_int_eq(og_sim_delete(cr_sim, "pods", "shop", "web-1-b", &err), 0);
	pod("web-1-c", old_time(), now);
	og_cloud_age(cloud, 120000);
	push("metrics", "web", "web-1-c", now);
	push("logs", "web", "web-1-c", now);
	CR_UNTIL(state("metrics", "Flowing") && why("TracesReceived", "\"False\""));
	CR_UNTIL(events("TelemetryRegressed") == 1);
	CR_UNTIL(cr_metric(&r, "otelgate_signal_regressions_total{signal=\"traces\"}") == 1);
	ck_assert(is("deployment-web", "Ready", "False"));
	ck_assert_int_eq(cr_end(&r), 0);
}
END_TEST

START_TEST(a_service_without_a_name_is_found)
{
	put_config("    grace: 0s\n", "");
	begin("a");
	const char *rev = run_web();
	push("metrics", "unknown_service:go", "web-1-a", rev);
	push("metrics", "unknown_service:go", "web-1-b", rev);
	CR_UNTIL(wt_has("deployment-web", "\"OG801\""));
	ck_assert_int_eq(cr_end(&r), 0);
}
END_TEST

static bool stack_has(const char *text)
{
	const char *o = cr_get("grafanastacks.otelgate.dev", NULL, "s");
	return o && strstr(o, text);
}

/* Who arrives and was not opted in stands in the status of the stack; the probe does not. */
START_TEST(strangers_are_told_by_the_stack)
{
	put_config("    grace: 0s\n  clusterName: prod\n", "");
	begin("a");
	const char *rev = run_web();
	all_flow(rev);
	CR_UNTIL(is("deployment-web", "Ready", "True"));
	cycles(2);
	ck_assert(!stack_has("strangers"));
	push("metrics", "legacy", "legacy-1", "");
	push("traces", "legacy", "legacy-1", "");
	push("metrics", "otelgate-probe", "p", "");
	CR_UNTIL(stack_has("{\"count\":1,\"first\":[\"shop/legacy in namespace shop: "
			   "metrics, traces\"]"));
	CR_UNTIL(cr_metric(&r, "otelgate_stranger_services{stack=\"s\"}") == 1);
	ck_assert_int_eq(cr_end(&r), 0);
	/* The next leader does not forget them before it has asked. */
	fault("{\"count\":-1,\"type\":\"status\",\"code\":503}");
	begin("b");
	CR_UNTIL(stack_says("MetricsQueryable", "False", "BackendError"));
	ck_assert(stack_has("shop/legacy in namespace shop"));
	ck_assert_int_eq(cr_end(&r), 0);
}
END_TEST

/* What is made to fill a status does not: it is told as any other. */
START_TEST(strangers_with_hostile_names_are_told)
{
	char name[700] = "";

	for (int i = 0; i < 100; i++)
		(void)snprintf(name + strlen(name), sizeof(name) - strlen(name), "\\u001b");
	put_config("    grace: 0s\n  clusterName: prod\n", "");
	begin("a");
	const char *rev = run_web();
	all_flow(rev);
	pushed_namespace = name;
	for (int i = 0; i < 10; i++) {
		char own[800];
		(void)snprintf(own, sizeof(own), "%d%s", i, name);
		push("metrics", own, "p", "");
	}
	pushed_namespace = "shop";
	CR_UNTIL(stack_has("\"count\":10"));
	ck_assert(!stack_has("\\u001b"));
	CR_UNTIL(cr_metric(&r, "otelgate_stranger_services{stack=\"s\"}") == 10);
	ck_assert_int_eq(cr_end(&r), 0);
}
END_TEST

START_TEST(the_next_leader_goes_on_from_the_status)
{
	put_config("    grace: 0s\n    grafanaUrl: https://acme.grafana.net\n", "");
	begin("a");
	const char *rev = run_web();
	all_flow(rev);
	cycles(12); /* the questions of the stars, too: one in each */
	ck_assert_int_eq(cr_end(&r), 0);
	ck_assert(wt_has("deployment-web", "https://acme.grafana.net/explore?"));
	static char before[16384];
	(void)snprintf(before, sizeof(before), "%s", cr_get(WT, "shop", "deployment-web"));
	/* It knows what was, and writes nothing when it is so still. */
	uint64_t patches = og_sim_requests(cr_sim, "patch", "workloadtelemetries");
	begin("b");
	cycles(4);
	CR_UNTIL(cr_metric(&r, "otelgate_workload_signals{signal=\"traces\",state=\"Flowing\"}") ==
		 1);
	cycles(2);
	ck_assert_str_eq(cr_get(WT, "shop", "deployment-web"), before);
	ck_assert_uint_eq(og_sim_requests(cr_sim, "patch", "workloadtelemetries"), patches);
	ck_assert_int_eq(cr_end(&r), 0);
	/* Nor does an outage at its start make it forget. */
	fault("{\"count\":-1,\"type\":\"status\",\"code\":503}");
	begin("c");
	cycles(4);
	CR_UNTIL(why("TracesReceived", "LastKnown"));
	ck_assert(is("deployment-web", "TracesReceived", "True"));
	ck_assert(state("traces", "Flowing") && state("metrics", "Flowing"));
	ck_assert_int_eq(cr_end(&r), 0);
}
END_TEST

START_TEST(without_a_place_to_ask_it_is_as_before)
{
	cr_apply(CONFIG);
	begin("a");
	run_web();
	CR_UNTIL(is("deployment-web", "Ready", "True"));
	ck_assert(is("deployment-web", "MetricsReceived", "Unknown"));
	ck_assert_ptr_nonnull(
		strstr(condition("deployment-web", "MetricsReceived"), "NotVerified"));
	const char *o = cr_get(WT, "shop", "deployment-web");
	ck_assert_ptr_null(strstr(o, "\"signals\""));
	ck_assert_ptr_null(strstr(o, "\"seen\""));
	ck_assert_uint_eq(og_cloud_requests(cloud, OG_CLOUD_PROM, NULL), 0);
	ck_assert(!stack_says("MetricsQueryable", "Unknown", "NotAskedYet"));
	ck_assert_int_eq(cr_end(&r), 0);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("controller/verify");
	TCase *tc = tcase_create("verify");
	tcase_set_timeout(tc, 60);
	tcase_add_checked_fixture(tc, start, finish);
	tcase_add_test(tc, what_arrives_makes_it_ready);
	tcase_add_test(tc, what_is_newer_than_the_newest_pod_is_written_down);
	tcase_add_test(tc, what_cannot_be_asked_is_not_missing);
	tcase_add_test(tc, what_could_never_be_asked_is_unknown_with_why);
	tcase_add_test(tc, without_a_token_nobody_is_asked_and_it_is_said);
	tcase_add_test(tc, a_token_that_is_wanted_no_more_is_not_missed);
	tcase_add_test(tc, a_ca_that_is_not_there_asks_nobody);
	tcase_add_test(tc, a_revision_with_which_a_signal_stops_is_a_regression);
	tcase_add_test(tc, a_service_without_a_name_is_found);
	tcase_add_test(tc, strangers_are_told_by_the_stack);
	tcase_add_test(tc, the_next_leader_goes_on_from_the_status);
	tcase_add_test(tc, without_a_place_to_ask_it_is_as_before);
	suite_add_tcase(s, tc);
	tc = tcase_create("hostile");
	tcase_set_timeout(tc, 60);
	tcase_add_checked_fixture(tc, start, finish);
	tcase_add_test(tc, strangers_with_hostile_names_are_told);
	suite_add_tcase(s, tc);
	return og_suite_run(s);
}
