/* SPDX-License-Identifier: Apache-2.0 */
/* The controller's own probe of a stack: from a simulated Grafana Cloud to the conditions of the
 * GrafanaStack, and to what is said of workloads. */
#include <math.h>
#include "cloud/cloud.h"
#include "otelgate/base/mem.h"
#include "otelgate/codec/base64.h"
#include "otelgate/core/arrival.h"
#include "otelgate/grafana/probe.h"
#include "sim/client.h"
#include "support/suite.h"
#include "support/workload_objects.h"

#define WRITE_SECONDS	"otelgate_probe_write_duration_seconds{stack=\"s\",signal=\"traces\"}"
#define VISIBLE_SECONDS "otelgate_probe_visible_duration_seconds{stack=\"s\",signal=\"traces\"}"
#define BROKEN		"otelgate_probe_signals{stack=\"s\",signal=\"traces\",result=\"broken\"}"
#define ANSWERED                                                      \
	"otelgate_backend_last_answer_timestamp_seconds{stack=\"s\"," \
	"backend=\"tempo\"}"
#define WRITES "metrics:write,traces:write,logs:write,profiles:write"

static struct og_cloud *cloud;
static struct cr r;
static int64_t probe_timeout_ms;
static const char *const all[] = {
	"MetricsWritable", "TracesWritable", "LogsWritable", "ProfilesWritable"};

static void b64(const char *text, char *ret, size_t n)
{
	og_auto_buf struct og_buf b = OG_BUF_INIT(0);

	ck_assert(og_buf_reserve(&b, og_base64_len(strlen(text)) + 1));
	og_base64_encode(&b, og_svz(text));
	ck_assert_uint_lt(b.len, n);
	(void)snprintf(ret, n, "%.*s", (int)b.len, b.p);
}

static void put_secret(const char *name, const char *id, const char *token)
{
	char i[256], t[256];

	b64(id, i, sizeof(i));
	b64(token, t, sizeof(t));
	cr_putf("{\"apiVersion\":\"v1\",\"kind\":\"Secret\",\"metadata\":{\"name\":\"%s\","
		"\"namespace\":\"monitoring\"},\"data\":{\"instance-id\":\"%s\",\"token\":\"%s\"}}",
		name, i, t);
}

static bool probe_off, each_minute;

/* `receiver` is put into spec.receiver. */
static void put_config(const char *type, const char *endpoint, const char *receiver)
{
	static char text[4096];
	const char *off = probe_off	? "  probe: {mode: \"off\"}\n"
			  : each_minute ? "  probe: {interval: 1m}\n"
					: "";

	(void)snprintf(text, sizeof(text),
		"apiVersion: otelgate.dev/v1alpha1\nkind: GrafanaStack\nmetadata: {name: s}\n"
		"spec:\n%s  receiver: {type: %s, endpoint: '%s'%s}\n"
		"  credentials: {secretRef: {name: cloud, namespace: monitoring}}\n"
		"  query:\n    secretRef: {name: read, namespace: monitoring}\n    grace: 0s\n"
		"    prometheus: {url: '%s', user: '%s'}\n    loki: {url: '%s', user: '%s'}\n"
		"    tempo: {url: '%s', user: '%s'}\n    pyroscope: {url: '%s', user: '%s'}\n"
		"---\napiVersion: otelgate.dev/v1alpha1\nkind: TelemetryProfile\n"
		"metadata: {name: p}\nspec: {stack: s}\n",
		off, type, endpoint, receiver, og_cloud_url(cloud, OG_CLOUD_PROM),
		og_cloud_user(cloud, OG_CLOUD_PROM), og_cloud_url(cloud, OG_CLOUD_LOKI),
		og_cloud_user(cloud, OG_CLOUD_LOKI), og_cloud_url(cloud, OG_CLOUD_TEMPO),
		og_cloud_user(cloud, OG_CLOUD_TEMPO), og_cloud_url(cloud, OG_CLOUD_PYROSCOPE),
		og_cloud_user(cloud, OG_CLOUD_PYROSCOPE));
	cr_apply(text);
}

static void put_gateway(void)
{
	static char more[512];

	(void)snprintf(more, sizeof(more), ", endpoints: {profiles: '%s'}",
		og_cloud_url(cloud, OG_CLOUD_PYROSCOPE));
	put_config("gateway", og_cloud_url(cloud, OG_CLOUD_GATEWAY), more);
}

static void start(void)
{
	struct og_err err = OG_ERR_INIT;

	probe_off = each_minute = false;
	probe_timeout_ms = 0;
	cr_setup();
	cr_crd("workloadtelemetries");
	ck_assert_msg(og_cloud_start(NULL, &cloud, &err) == 0, "%s", err.msg);
	cr_put("{\"apiVersion\":\"v1\",\"kind\":\"Namespace\",\"metadata\":{\"name\":\"monitoring\"}}");
	put_secret("read", "1", OG_CLOUD_TOKEN_READ);
	put_secret("cloud", og_cloud_user(cloud, OG_CLOUD_GATEWAY), OG_CLOUD_TOKEN_WRITE);
}

static void finish(void)
{
	og_cloud_stop(og_take(cloud));
	cr_teardown();
}

static void begin(int64_t probe_ms)
{
	cr_init(&r, "a");
	r.o.no_lease = true;
	r.o.verify_ms = 300;
	r.o.verify_request_ms = 1;
	r.o.probe_ms = probe_ms;
	r.o.probe_timeout_ms = probe_timeout_ms;
	cr_begin(&r, NULL);
}

/* The text of one condition of the stack; "" = there is none. */
static const char *stack_condition(const char *type)
{
	const char *o = cr_get("grafanastacks.otelgate.dev", NULL, "s");
	static char text[4096];
	struct og_err err = OG_ERR_INIT;
	og_auto_arena struct og_arena arena;
	struct og_jdoc d;

	og_arena_init(&arena, 0, 0);
	text[0] = '\0';
	if (!o || og_jdoc_parse(&d, &arena, og_svz(o), NULL, &err) < 0)
		return text;
	og_jfor (it, og_jpath(og_jroot(&d), "status", "conditions", NULL))
		if (og_jstr_eq(og_jgetl(it.val, "type"), og_svz(type))) {
			struct og_sv raw = og_jraw(it.val);
			(void)snprintf(text, sizeof(text), "%.*s", (int)raw.n, raw.p);
		}
	if (getenv("CR_SHOW"))
		fprintf(stderr, "%s\n", text);
	return text;
}

static bool says(const char *type, const char *status, const char *part)
{
	char want[64];
	const char *c = stack_condition(type);

	(void)snprintf(want, sizeof(want), "\"status\":\"%s\"", status);
	return strstr(c, want) && strstr(c, part);
}

static void fault(const char *json)
{
	struct og_err err = OG_ERR_INIT;
	ck_assert_msg(og_cloud_fault(cloud, json, &err) == 0, "%s", err.msg);
}

static void scopes(const char *text)
{
	struct og_err err = OG_ERR_INIT;
	ck_assert_int_eq(og_cloud_token(cloud, OG_CLOUD_TOKEN_WRITE, text, &err), 0);
}

static const char *auth_hash(void)
{
	const char *o = cr_get("grafanastacks.otelgate.dev", NULL, "s");
	static char text[64];

	o = o ? strstr(o, "\"authHash\":\"") : NULL;
	(void)snprintf(text, sizeof(text), "%.32s", o ? o : "");
	return text;
}

/* ---- the cases ---- */

/* What sends it and what leaves it out of the strangers are floors that do not know each other. */
START_TEST(the_probe_has_one_name)
{
	ck_assert_str_eq(OG_PROBE_SERVICE, OG_ARRIVAL_PROBE);
}
END_TEST

START_TEST(a_stack_that_is_well_is_writable)
{
	put_gateway();
	begin(0);
	for (size_t i = 0; i < OG_COUNT(all); i++) {
		CR_UNTIL(says(all[i], "True", "\"reason\":\"Visible\""));
		ck_assert(says(all[i], "True", "read back within"));
	}
	CR_UNTIL(says("Ready", "True", ""));
	CR_UNTIL(cr_metric(&r, "otelgate_probe_signals{stack=\"s\",signal=\"traces\","
			       "result=\"accepted\"}") == 1);
	ck_assert(cr_metric(&r, "otelgate_probe_signals{stack=\"s\",signal=\"traces\","
				"result=\"broken\"}") == 0);
	double taken = cr_metric(&r, WRITE_SECONDS), seen = cr_metric(&r, VISIBLE_SECONDS);
	ck_assert_msg(taken >= 0 && taken < 120 && seen >= 0 && seen < 120, "%g %g", taken, seen);
	/* Once, and not with each cycle. */
	uint64_t sent = og_cloud_requests(cloud, OG_CLOUD_PYROSCOPE, "/ingest");
	uint64_t from = og_cloud_requests(cloud, OG_CLOUD_PROM, NULL);
	CR_UNTIL(og_cloud_requests(cloud, OG_CLOUD_PROM, NULL) >= from + 8);
	ck_assert_uint_eq(og_cloud_requests(cloud, OG_CLOUD_PYROSCOPE, "/ingest"), sent);
	ck_assert_int_eq(cr_end(&r), 0);
}
END_TEST

START_TEST(a_scope_that_is_missing_breaks_one_signal)
{
	put_gateway();
	scopes("metrics:write,logs:write,profiles:write");
	begin(2000);
	CR_UNTIL(says("TracesWritable", "False", "\"reason\":\"ScopeMissing\""));
	ck_assert(says("TracesWritable", "False", "OG409"));
	ck_assert(says("TracesWritable", "False", "permission"));
	ck_assert(says("TracesWritable", "False", "traces:write"));
	ck_assert(says("MetricsWritable", "True", "Visible"));
	ck_assert(says("LogsWritable", "True", "Visible"));
	ck_assert(says("ProfilesWritable", "True", "Visible"));
	CR_UNTIL(says("Ready", "False", "ScopeMissing"));
	CR_UNTIL(cr_metric(&r, "otelgate_probe_signals{stack=\"s\",signal=\"traces\","
			       "result=\"broken\"}") == 1);
	/* It is tried again without anybody's doing. */
	scopes(WRITES);
	CR_UNTIL(says("TracesWritable", "True", "Visible"));
	CR_UNTIL(says("Ready", "True", ""));
	ck_assert_int_eq(cr_end(&r), 0);
}
END_TEST

#define WRONG "glc_canary-0f8e7d6c5b4a"

START_TEST(a_wrong_token_breaks_all_and_is_never_shown)
{
	char canary[64];

	put_gateway();
	put_secret("cloud", og_cloud_user(cloud, OG_CLOUD_GATEWAY), WRONG);
	begin(0);
	for (size_t i = 0; i < OG_COUNT(all); i++)
		CR_UNTIL(says(all[i], "False", "OG4"));
	CR_UNTIL(says("Ready", "False", ""));
	ck_assert(isnan(cr_metric(&r, WRITE_SECONDS)));
	ck_assert(isnan(cr_metric(&r, VISIBLE_SECONDS)));
	b64(WRONG, canary, sizeof(canary));
	const char *o = cr_get("grafanastacks.otelgate.dev", NULL, "s");
	ck_assert_ptr_null(strstr(o, &WRONG[11]));
	ck_assert_ptr_null(strstr(o, canary));
	ck_assert_int_eq(cr_ops(&r, "/metrics", &o), 200);
	ck_assert_ptr_null(strstr(o, &WRONG[11]));
	/* The right one is used as soon as it is there: the pause of an hour is not waited for. */
	put_secret("cloud", og_cloud_user(cloud, OG_CLOUD_GATEWAY), OG_CLOUD_TOKEN_WRITE);
	for (size_t i = 0; i < OG_COUNT(all); i++)
		CR_UNTIL(says(all[i], "True", "Visible"));
	ck_assert_int_eq(cr_end(&r), 0);
}
END_TEST

START_TEST(what_differs_by_node_is_not_probed)
{
	put_config("collector", "http://$(OTEL_NODE_IP):4318", "");
	begin(0);
	for (size_t i = 0; i < 3; i++)
		CR_UNTIL(says(all[i], "Unknown", "\"reason\":\"NotProbed\""));
	ck_assert(says("ProfilesWritable", "Unknown", "\"reason\":\"NotConfigured\""));
	CR_UNTIL(says("Ready", "True", ""));
	ck_assert_uint_eq(og_cloud_requests(cloud, OG_CLOUD_GATEWAY, NULL), 0);
	ck_assert_int_eq(cr_end(&r), 0);
}
END_TEST

/* The test runs outside of a cluster: nobody here knows the name. */
START_TEST(a_name_of_the_cluster_is_no_fault_outside_of_it)
{
	put_config("collector", "http://no-such.monitoring.svc:4318", "");
	begin(0);
	for (size_t i = 0; i < 3; i++)
		CR_UNTIL(says(all[i], "Unknown", "outside"));
	CR_UNTIL(says("Ready", "True", ""));
	ck_assert_int_eq(cr_end(&r), 0);
}
END_TEST

static void run_web(void)
{
	static char rev[32];

	cr_put(DEPLOYMENT("web", UID("d1"), IN, DONE));
	cr_put(REPLICA_SET("web-1", UID("e1")));
	CR_UNTIL(*revision("deployment-web"));
	(void)snprintf(rev, sizeof(rev), "%s", revision("deployment-web"));
	pod("web-1-a", "2026-01-01T00:00:00Z", rev);
}

START_TEST(what_does_not_arrive_is_explained_by_the_probe)
{
	put_gateway();
	begin(2000);
	/* The wanted revision has it. */
	CR_UNTIL(cr_has("grafanastacks.otelgate.dev", NULL, "s", "\"authHash\""));
	CR_UNTIL(says("MetricsWritable", "True", "Visible"));
	run_web();
	CR_UNTIL(strstr(condition("deployment-web", "MetricsReceived"), "\"False\"") != NULL);
	CR_UNTIL(strstr(condition("deployment-web", "MetricsReceived"),
			 "the stack's own probe arrives: the pod does not send it") != NULL);
	ck_assert_ptr_nonnull(strstr(condition("deployment-web", "Ready"), "\"NothingInWindow\""));
	scopes("traces:write");
	CR_UNTIL(strstr(condition("deployment-web", "MetricsReceived"),
			 "the stack's own probe fails, too: 401 ScopeMissing ") != NULL);
	ck_assert_ptr_nonnull(strstr(condition("deployment-web", "MetricsReceived"), "OG409"));
	ck_assert_ptr_nonnull(
		strstr(condition("deployment-web", "MetricsReceived"), "\"NothingInWindow\""));
	/* The first link that is broken. */
	ck_assert_ptr_nonnull(strstr(condition("deployment-web", "Ready"), "\"ScopeMissing\""));
	ck_assert_int_eq(cr_end(&r), 0);
}
END_TEST

/* The gateway has it, and the reading token does not see it: nothing is called missing. */
START_TEST(what_is_hidden_is_not_missing)
{
	struct og_err err = OG_ERR_INIT;

	put_gateway();
	ck_assert_int_eq(
		og_cloud_config(cloud, "{\"visible\":{\"prometheus\":\"team=x\"}}", &err), 0);
	probe_timeout_ms = 1500;
	begin(6000);
	CR_UNTIL(says("MetricsWritable", "True", "\"reason\":\"NotVisible\""));
	ck_assert(says("LogsWritable", "True", "\"reason\":\"Visible\""));
	run_web();
	CR_UNTIL(strstr(condition("deployment-web", "MetricsReceived"), "HiddenByAccessPolicy"));
	ck_assert_ptr_null(
		strstr(condition("deployment-web", "LogsReceived"), "HiddenByAccessPolicy"));
	CR_UNTIL(says("MetricsWritable", "Unknown", "\"reason\":\"NotVisible\""));
	ck_assert(says("Ready", "True", ""));
	ck_assert_ptr_nonnull(
		strstr(condition("deployment-web", "MetricsReceived"), "\"Unknown\""));
	ck_assert_int_eq(cr_end(&r), 0);
}
END_TEST

/* A collector takes everything and forwards nothing: that is where it breaks. */
START_TEST(what_a_collector_loses_is_missing)
{
	struct og_err err = OG_ERR_INIT;

	put_config("collector", og_cloud_url(cloud, OG_CLOUD_COLLECTOR), "");
	ck_assert_int_eq(og_cloud_config(cloud, "{\"pipeline\":{\"forward\":false}}", &err), 0);
	probe_timeout_ms = 1500;
	begin(6000);
	CR_UNTIL(says("MetricsWritable", "True", "\"reason\":\"NotVisible\""));
	run_web();
	CR_UNTIL(strstr(condition("deployment-web", "MetricsReceived"),
			 "has taken a record that the backend does not show (OG714)") != NULL);
	ck_assert_ptr_nonnull(strstr(condition("deployment-web", "MetricsReceived"), "\"False\""));
	CR_UNTIL(says("MetricsWritable", "False", "\"reason\":\"NotVisible\""));
	CR_UNTIL(says("Ready", "False", "NotVisible"));
	ck_assert_int_eq(og_cloud_config(cloud, "{\"pipeline\":{\"forward\":true}}", &err), 0);
	CR_UNTIL(says("MetricsWritable", "True", "\"reason\":\"Visible\""));
	CR_UNTIL(says("Ready", "True", ""));
	ck_assert_int_eq(cr_end(&r), 0);
}
END_TEST

START_TEST(a_stack_can_refuse_to_be_probed)
{
	put_gateway();
	scopes("metrics:write,logs:write,profiles:write");
	begin(0);
	CR_UNTIL(says("TracesWritable", "False", "ScopeMissing"));
	probe_off = true;
	put_gateway();
	for (size_t i = 0; i < OG_COUNT(all); i++)
		CR_UNTIL(says(all[i], "Unknown", "\"reason\":\"ProbeOff\""));
	CR_UNTIL(says("Ready", "True", ""));
	uint64_t sent = og_cloud_requests(cloud, OG_CLOUD_GATEWAY, NULL);
	uint64_t from = og_cloud_requests(cloud, OG_CLOUD_PROM, NULL);
	CR_UNTIL(og_cloud_requests(cloud, OG_CLOUD_PROM, NULL) >= from + 8);
	ck_assert_uint_eq(og_cloud_requests(cloud, OG_CLOUD_GATEWAY, NULL), sent);
	ck_assert(cr_metric(&r, "otelgate_probe_signals{stack=\"s\",signal=\"traces\","
				"result=\"broken\"}") == 0);
	/* And on again. */
	probe_off = false;
	put_gateway();
	CR_UNTIL(says("TracesWritable", "False", "ScopeMissing"));
	ck_assert_int_eq(cr_end(&r), 0);
}
END_TEST

/* An outage that passes does not turn what was well. */
START_TEST(what_passes_counts_when_it_lasts)
{
	put_gateway();
	begin(6000); /* after a failure 0.1 s, 0.2 s … */
	CR_UNTIL(says("MetricsWritable", "True", "Visible"));
	fault("{\"host\":\"gateway\",\"count\":-1,\"type\":\"status\",\"code\":503}");
	uint64_t from = og_cloud_requests(cloud, OG_CLOUD_GATEWAY, NULL);
	CR_UNTIL(og_cloud_requests(cloud, OG_CLOUD_GATEWAY, NULL) > from);
	ck_assert(says("MetricsWritable", "True", "Visible"));
	CR_UNTIL(says("MetricsWritable", "False", "\"reason\":\"ServerError\""));
	og_cloud_clear_faults(cloud);
	CR_UNTIL(says("MetricsWritable", "True", "Visible"));
	ck_assert_int_eq(cr_end(&r), 0);
}
END_TEST

/* The next leader has not probed yet, and says what the one before found. */
START_TEST(what_was_found_outlives_the_leader)
{
	put_gateway();
	scopes("metrics:write,logs:write,profiles:write");
	begin(0);
	CR_UNTIL(says("TracesWritable", "False", "ScopeMissing"));
	ck_assert_int_eq(cr_end(&r), 0);
	begin(-1);
	uint64_t from = og_cloud_requests(cloud, OG_CLOUD_PROM, NULL);
	CR_UNTIL(og_cloud_requests(cloud, OG_CLOUD_PROM, NULL) >= from + 8);
	ck_assert(says("TracesWritable", "False", "ScopeMissing"));
	ck_assert_int_eq(cr_end(&r), 0);
}
END_TEST

/* Whoever may write a status may write words that are no reason; they stay text. */
START_TEST(what_others_wrote_is_kept_as_text)
{
	static char text[65536];
	const char *at;

	put_gateway();
	scopes("metrics:write,logs:write,profiles:write");
	begin(0);
	CR_UNTIL(says("TracesWritable", "False", "ScopeMissing"));
	ck_assert_int_eq(cr_end(&r), 0);
	const char *stack = cr_get("grafanastacks.otelgate.dev", NULL, "s");
	at = strstr(stack, "\"ScopeMissing\"");
	ck_assert_ptr_nonnull(at);
	(void)snprintf(text, sizeof(text), "%.*s\"a\\\",\\n\"%s", (int)(at - stack), stack,
		at + strlen("\"ScopeMissing\""));
	/* a status of before, so that there is something to write */
	for (char *g = text; (g = strstr(g, "\"observedGeneration\":1")); g++)
		g[strlen("\"observedGeneration\":")] = '0';
	cr_put(text);
	ck_assert(says("MetricsWritable", "True", "\"observedGeneration\":0"));
	begin(-1);
	CR_UNTIL(says("MetricsWritable", "True", "\"observedGeneration\":1"));
	ck_assert(says("TracesWritable", "False", "\"reason\":\"a\\\",\\n\""));
	ck_assert_int_eq(cr_end(&r), 0);
}
END_TEST

/* A stack that goes takes with it what is under way. */
START_TEST(a_stack_may_go_in_the_middle_of_a_probe)
{
	struct og_err err = OG_ERR_INIT;

	put_gateway();
	fault("{\"host\":\"gateway\",\"count\":-1,\"type\":\"hang\"}");
	begin(0);
	CR_UNTIL(og_cloud_faults_hit(cloud) > 0);
	uint64_t sent = og_cloud_requests(cloud, OG_CLOUD_GATEWAY, NULL);
	ck_assert_int_eq(og_sim_delete(cr_sim, "grafanastacks.otelgate.dev", NULL, "s", &err), 0);
	CR_UNTIL(isnan(cr_metric(&r, ANSWERED)));
	og_cloud_clear_faults(cloud);
	ck_assert_uint_eq(og_cloud_requests(cloud, OG_CLOUD_GATEWAY, NULL), sent);
	/* And it comes again. */
	put_gateway();
	CR_UNTIL(says("LogsWritable", "True", "Visible"));
	ck_assert_int_eq(cr_end(&r), 0);
}
END_TEST

/* Alerts name no stack that is gone. */
START_TEST(a_stack_that_is_gone_is_not_broken)
{
	struct og_err err = OG_ERR_INIT;

	put_gateway();
	scopes("metrics:write,logs:write,profiles:write");
	begin(0);
	CR_UNTIL(cr_metric(&r, BROKEN) == 1);
	CR_UNTIL(cr_metric(&r, ANSWERED) > 0);
	ck_assert_int_eq(og_sim_delete(cr_sim, "grafanastacks.otelgate.dev", NULL, "s", &err), 0);
	CR_UNTIL(cr_metric(&r, BROKEN) == 0);
	ck_assert(isnan(cr_metric(&r, WRITE_SECONDS)));
	ck_assert(isnan(cr_metric(&r, ANSWERED)));
	ck_assert_int_eq(cr_end(&r), 0);
}
END_TEST

/* Whoever changes it all the time has not as many records sent. */
START_TEST(what_changes_all_the_time_is_not_probed_each_time)
{
	static char before[4096];
	char token[64];

	put_gateway();
	begin(0);
	CR_UNTIL(says("LogsWritable", "True", "Visible"));
	CR_UNTIL(cr_has("grafanastacks.otelgate.dev", NULL, "s", "\"authHash\""));
	uint64_t one = og_cloud_requests(cloud, OG_CLOUD_GATEWAY, NULL);
	for (int i = 0; i < 8; i++) {
		(void)snprintf(before, sizeof(before), "%s", auth_hash());
		(void)snprintf(token, sizeof(token), "glc_wrong-%d", i);
		put_secret("cloud", og_cloud_user(cloud, OG_CLOUD_GATEWAY), token);
		CR_UNTIL(strcmp(auth_hash(), before) != 0);
	}
	uint64_t now = og_cloud_requests(cloud, OG_CLOUD_GATEWAY, NULL);
	ck_assert_msg(now <= 2 * one, "%llu and %llu requests", (unsigned long long)one,
		(unsigned long long)now);
	/* The last one is. */
	CR_UNTIL(says("LogsWritable", "False", ""));
	ck_assert_int_eq(cr_end(&r), 0);
}
END_TEST

/* What fails is not tried each second, however short the interval is. */
START_TEST(a_short_interval_has_pauses)
{
	each_minute = true;
	put_gateway();
	scopes("metrics:write,logs:write,profiles:write");
	begin(0);
	CR_UNTIL(says("TracesWritable", "False", "ScopeMissing"));
	uint64_t sent = og_cloud_requests(cloud, OG_CLOUD_GATEWAY, NULL);
	uint64_t from = og_cloud_requests(cloud, OG_CLOUD_PROM, NULL);
	CR_UNTIL(og_cloud_requests(cloud, OG_CLOUD_PROM, NULL) >= from + 24);
	ck_assert_uint_eq(og_cloud_requests(cloud, OG_CLOUD_GATEWAY, NULL), sent);
	ck_assert_int_eq(cr_end(&r), 0);
}
END_TEST

START_TEST(each_of_a_hundred_stacks_is_counted)
{
	static const size_t rows[] = {OG_CM_BACKEND_ANSWERS, OG_CM_BACKEND_ANSWERED,
		OG_CM_PROBE_SIGNALS, OG_CM_PROBE_WRITE, OG_CM_PROBE_VISIBLE};
	static const char *const results[] = {"accepted", "broken", "unknown"};
	struct og_err err = OG_ERR_INIT;
	struct og_metrics *m = og_metrics_new(&err);
	struct og_metric_table *t = og_metrics_add(m, og_controller_metrics, OG_CM_COUNT_, &err);
	struct og_metric_series *last = NULL;
	char stack[16];

	ck_assert_msg(t, "%s", err.msg);
	for (int i = 0; i < 100 * 4 * 3; i++) {
		(void)snprintf(stack, sizeof(stack), "s%d", i / 12);
		struct og_metric_series *now = og_metric_series(
			t, rows[_i], OG_LABELS(stack, all[i / 3 % 4], results[i % 3]));
		ck_assert_ptr_nonnull(now);
		if (rows[_i] == OG_CM_PROBE_SIGNALS || i % 3 == 0)
			ck_assert_ptr_ne(now, last);
		last = now;
	}
	og_metrics_free(m);
}
END_TEST

/* What is under way goes with the process, whoever is waited for. */
START_TEST(it_ends_in_the_middle_of_a_probe)
{
	static const char *const hosts[] = {"gateway", "tempo"};
	char text[96];

	put_gateway();
	(void)snprintf(text, sizeof(text), "{\"host\":\"%s\",\"count\":-1,\"type\":\"hang\"%s}",
		hosts[_i], _i ? ",\"path\":\"/tempo/api/v2/traces/\"" : "");
	fault(text);
	begin(0);
	CR_UNTIL(og_cloud_faults_hit(cloud) > 0);
	ck_assert_int_eq(cr_end(&r), 0);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("controller/verify_probe");
	TCase *tc = tcase_create("probe");
	tcase_set_timeout(tc, 60);
	tcase_add_checked_fixture(tc, start, finish);
	tcase_add_test(tc, the_probe_has_one_name);
	tcase_add_test(tc, a_stack_that_is_well_is_writable);
	tcase_add_test(tc, a_scope_that_is_missing_breaks_one_signal);
	tcase_add_test(tc, a_wrong_token_breaks_all_and_is_never_shown);
	tcase_add_test(tc, what_differs_by_node_is_not_probed);
	tcase_add_test(tc, a_name_of_the_cluster_is_no_fault_outside_of_it);
	tcase_add_test(tc, what_does_not_arrive_is_explained_by_the_probe);
	tcase_add_test(tc, what_is_hidden_is_not_missing);
	tcase_add_test(tc, what_a_collector_loses_is_missing);
	tcase_add_test(tc, a_stack_can_refuse_to_be_probed);
	tcase_add_test(tc, what_passes_counts_when_it_lasts);
	tcase_add_test(tc, what_was_found_outlives_the_leader);
	tcase_add_test(tc, what_others_wrote_is_kept_as_text);
	suite_add_tcase(s, tc);
	tc = tcase_create("end");
	tcase_set_timeout(tc, 60);
	tcase_add_checked_fixture(tc, start, finish);
	tcase_add_test(tc, what_changes_all_the_time_is_not_probed_each_time);
	tcase_add_test(tc, a_short_interval_has_pauses);
	tcase_add_loop_test(tc, each_of_a_hundred_stacks_is_counted, 0, 5);
	tcase_add_test(tc, a_stack_may_go_in_the_middle_of_a_probe);
	tcase_add_test(tc, a_stack_that_is_gone_is_not_broken);
	tcase_add_loop_test(tc, it_ends_in_the_middle_of_a_probe, 0, 2);
	suite_add_tcase(s, tc);
	return og_suite_run(s);
}
