/* SPDX-License-Identifier: Apache-2.0 */
/* Who may ask, what breaks on the way, and what the collector does to attributes. */
#include <stdio.h>
#include <sys/socket.h>
#include "cloud/test.h"
#include "otelgate/base/mem.h"
#include "support/http_client.h"

#define Q "/api/prom/api/v1/query"

START_TEST(each_host_has_its_user)
{
	struct ask a = {.host = OG_CLOUD_PROM, .path = Q "?query=1"};

	ck_assert_int_eq(ask(&a), 200);
	a.user = og_cloud_user(cloud, OG_CLOUD_LOKI);
	ck_assert_int_eq(ask(&a), 401);
	ck_assert(has("{'status':'error','error':'authentication error: invalid authentication "
		      "credentials'}"));
	a.user = NULL;
	a.token = "glc_nothing";
	ck_assert_int_eq(ask(&a), 401);
	ck_assert(has("invalid token"));
	a.token = "";
	ck_assert_int_eq(ask(&a), 401);
	ck_assert(has("no credentials provided"));
	ck_assert(head_has("WWW-Authenticate: Basic"));
	a.headers = "Authorization: Bearer glc_sim-all\r\n";
	ck_assert_int_eq(ask(&a), 401);
	ck_assert(has("legacy auth cannot be upgraded because the host is not found"));
	a.headers = "Authorization: Basic !!\r\n";
	ck_assert_int_eq(ask(&a), 401);
}
END_TEST

START_TEST(scopes_are_looked_at)
{
	struct ask a = {.host = OG_CLOUD_PROM, .path = Q "?query=1", .token = OG_CLOUD_TOKEN_WRITE};

	ck_assert_int_eq(ask(&a), 401);
	ck_assert(has("'error':'authentication error: invalid scope requested'"));
	ck_assert_int_eq(og_cloud_config(cloud, "{\"authText\":true}", NULL), 0);
	ck_assert_int_eq(ask(&a), 401);
	ck_assert_str_eq(answer.p, "Unauthorized\n");
	ck_assert_int_eq(
		og_cloud_token(cloud, OG_CLOUD_TOKEN_WRITE, "metrics:read, traces:read", NULL), 0);
	ck_assert_int_eq(ask(&a), 200);
	ck_assert_int_eq(post(OG_CLOUD_GATEWAY, "/otlp/v1/traces", "{}"), 401);
	ck_assert(has("'code':16"));
	ck_assert(has("invalid scope requested"));
	ck_assert_int_eq(og_cloud_token(cloud, OG_CLOUD_TOKEN_WRITE, NULL, NULL), 0);
	ck_assert_int_eq(ask(&a), 401);
}
END_TEST

START_TEST(discovery)
{
	char want[80];

	ck_assert_int_eq(get(OG_CLOUD_DISCOVERY, "/api/instances/" OG_CLOUD_SLUG, NULL), 200);
	ck_assert(has("'id':100001"));
	ck_assert(has("'hmInstancePromId':200002"));
	ck_assert(has("'regionSlug':'prod-sim-0'"));
	snprintf(want, sizeof(want), "'hlInstanceUrl':'%s'", og_cloud_base(cloud, OG_CLOUD_LOKI));
	ck_assert(has(want));
	ck_assert_int_eq(get(OG_CLOUD_DISCOVERY, "/api/instances/other", NULL), 404);
	ck_assert(has("'code':'NotFound'"));
	ck_assert_int_eq(ask(&(struct ask){.host = OG_CLOUD_DISCOVERY,
				 .path = "/api/instances/" OG_CLOUD_SLUG,
				 .token = OG_CLOUD_TOKEN_WRITE}),
		401);
	ck_assert(has("missing required scope [stacks:read]"));
	ck_assert_int_eq(ask(&(struct ask){.host = OG_CLOUD_DISCOVERY,
				 .path = "/api/instances/" OG_CLOUD_SLUG,
				 .token = "x"}),
		401);
	ck_assert_int_eq(ask(&(struct ask){.host = OG_CLOUD_DISCOVERY,
				 .path = "/api/instances/" OG_CLOUD_SLUG,
				 .user = "100001"}),
		401);
}
END_TEST

START_TEST(tls_with_its_own_ca)
{
	struct og_cloud_opts o = {.tls = true};
	struct og_cloud *c;
	struct hc h;
	struct hc_resp r = {0};

	ck_assert_int_eq(og_cloud_start(&o, &c, NULL), 0);
	ck_assert(hc_open(&h, og_cloud_port(c, OG_CLOUD_TEMPO), og_cloud_ca_pem(c)));
	ck_assert(hc_get(&h, "/tempo/api/echo"));
	og_buf_init(&r.body, 0);
	ck_assert(hc_recv(&h, &r));
	ck_assert_int_eq(r.status, 401);
	hc_resp_fini(&r);
	hc_close(&h);
	ck_assert_int_eq(strncmp(og_cloud_url(c, OG_CLOUD_GATEWAY), "https://", 8), 0);
	ck_assert_int_eq(strncmp(og_cloud_url(c, OG_CLOUD_COLLECTOR), "http://", 7), 0);
	/* plain text to a TLS port, and a client without the CA */
	ck_assert(hc_open(&h, og_cloud_port(c, OG_CLOUD_TEMPO), NULL));
	ck_assert(hc_get(&h, "/tempo/api/echo"));
	ck_assert(!hc_recv(&h, &r));
	hc_close(&h);
	ck_assert(!hc_open(&h, og_cloud_port(c, OG_CLOUD_TEMPO), ""));
	hc_close(&h);
	og_cloud_stop(c);
}
END_TEST

START_TEST(settings_are_checked)
{
	static const char *const bad[] = {"", "[]", "{\"x\":1}", "{\"delayMs\":{\"x\":1}}",
		"{\"delayMs\":{\"loki\":\"1\"}}", "{\"limits\":{\"x\":1}}", "{\"limits\":1}",
		"{\"pipeline\":{\"drop\":\"a\"}}", "{\"pipeline\":{\"drop\":[1]}}",
		"{\"pipeline\":{\"x\":1}}", "{\"visible\":{\"loki\":\"x\"}}", "{\"authText\":1}",
		"{\"stack\":{\"slug\":1}}", "{\"authText\":true,\"clockOffsetMs\":\"x\"}"};

	for (size_t i = 0; i < OG_COUNT(bad); i++)
		ck_assert_msg(og_cloud_config(cloud, bad[i], NULL) == -OG_E_USAGE, "%s", bad[i]);
	/* nothing of a refused one stays */
	ck_assert_int_eq(ask(&(struct ask){.host = OG_CLOUD_PROM, .path = Q, .token = "x"}), 401);
	ck_assert(has("authentication error"));
}
END_TEST

static int admin(const char *method, const char *path, const char *json)
{
	return ask(&(struct ask){.host = OG_CLOUD_ADMIN,
		.method = method,
		.path = path,
		.token = "",
		.body = json ? quoted(json) : NULL});
}

START_TEST(everything_from_a_shell)
{
	ck_assert_int_eq(admin("GET", "/cloud/state", NULL), 200);
	ck_assert(has("'pyroscope':{'url':"));
	ck_assert_int_eq(admin("POST", "/cloud/seed", "{'workloads':3,'pods':2}"), 200);
	ck_assert_int_eq(admin("GET", "/cloud/held", NULL), 200);
	ck_assert(has("'spans':6"));
	ck_assert_int_eq(admin("POST", "/cloud/tokens", "{'token':'t','scopes':'logs:read'}"), 200);
	ck_assert_int_eq(
		ask(&(struct ask){
			.host = OG_CLOUD_LOKI, .path = "/loki/api/v1/labels", .token = "t"}),
		200);
	ck_assert_int_eq(admin("POST", "/cloud/age", "{'ms':86400000}"), 200);
	get(OG_CLOUD_LOKI, "/loki/api/v1/labels", NULL);
	ck_assert_str_eq(answer.p, quoted("{'status':'success'}"));
	ck_assert_uint_eq(og_cloud_requests(cloud, OG_CLOUD_LOKI, "/loki/api/v1/labels"), 2);
	ck_assert_uint_eq(og_cloud_requests(cloud, OG_CLOUD_LOKI, "/x"), 0);
	ck_assert_int_eq(admin("GET", "/cloud/requests", NULL), 200);
	ck_assert(has("'host':'loki','method':'GET','path':'/loki/api/v1/labels','user':'300003'"));
	ck_assert(!has("sim-read"));
	ck_assert_int_eq(admin("DELETE", "/cloud/data", NULL), 200);
	admin("GET", "/cloud/held", NULL);
	ck_assert(has("'series':0"));
	ck_assert_int_eq(admin("POST", "/cloud/seed", "{"), 400);
	ck_assert_int_eq(admin("POST", "/cloud/seed", "{'workloads':100001}"), 400);
	ck_assert_int_eq(admin("POST", "/cloud/push", "{'signal':'x','request':{}}"), 400);
	ck_assert_int_eq(admin("POST", "/cloud/config", "{'x':1}"), 400);
	ck_assert_int_eq(admin("POST", "/cloud/age", "{}"), 400);
	ck_assert_int_eq(admin("GET", "/cloud/nothing", NULL), 404);
}
END_TEST

Suite *suite_access(void)
{
	Suite *s = suite_create("access");
	TCase *t = cloud_case(s, "credentials");

	tcase_add_test(t, each_host_has_its_user);
	tcase_add_test(t, scopes_are_looked_at);
	tcase_add_test(t, discovery);
	tcase_add_test(t, tls_with_its_own_ca);
	tcase_add_test(t, settings_are_checked);
	tcase_add_test(t, everything_from_a_shell);
	return s;
}

static void fault(const char *json)
{
	struct og_err err = OG_ERR_INIT;

	ck_assert_msg(og_cloud_fault(cloud, quoted(json), &err) == 0, "%s", err.msg);
}

START_TEST(statuses_with_their_bodies)
{
	fault("[{'host':'prometheus','type':'status','code':429,'retryAfter':7},"
	      "{'host':'prometheus','type':'status','code':404,'html':true},"
	      "{'host':'prometheus','type':'status','code':503},"
	      "{'host':'loki','type':'status','code':502,'html':true,'count':2}]");
	ck_assert_int_eq(get(OG_CLOUD_PROM, Q, "query", "1", NULL), 429);
	ck_assert(head_has("Retry-After: 7"));
	ck_assert(has("'errorType':'too_many_requests'"));
	ck_assert_int_eq(get(OG_CLOUD_PROM, Q, "query", "1", NULL), 404);
	ck_assert(head_has("text/html"));
	ck_assert_int_eq(get(OG_CLOUD_PROM, Q, "query", "1", NULL), 503);
	ck_assert_int_eq(get(OG_CLOUD_PROM, Q, "query", "1", NULL), 200);
	for (int i = 0; i < 3; i++)
		ck_assert_int_eq(
			get(OG_CLOUD_LOKI, "/loki/api/v1/labels", NULL), i < 2 ? 502 : 200);
	ck_assert_uint_eq(og_cloud_faults_hit(cloud), 5);
}
END_TEST

START_TEST(path_and_after)
{
	fault("{'path':'/loki/api/v1/series','after':1,'count':-1,'type':'status','code':500}");
	ck_assert_int_eq(get(OG_CLOUD_LOKI, "/loki/api/v1/labels", NULL), 200);
	ck_assert_int_eq(get(OG_CLOUD_LOKI, "/loki/api/v1/series", NULL), 200);
	ck_assert_int_eq(get(OG_CLOUD_LOKI, "/loki/api/v1/series", NULL), 500);
	ck_assert_int_eq(get(OG_CLOUD_LOKI, "/loki/api/v1/series", NULL), 500);
	og_cloud_clear_faults(cloud);
	ck_assert_int_eq(get(OG_CLOUD_LOKI, "/loki/api/v1/series", NULL), 200);
}
END_TEST

START_TEST(gateway_errors_in_the_encoding_of_the_request)
{
	fault("{'host':'gateway','type':'status','code':429,'retryAfter':2,'count':2}");
	ck_assert_int_eq(post(OG_CLOUD_GATEWAY, "/otlp/v1/logs", "{}"), 429);
	ck_assert(has("'code':8,'message':'"));
	ck_assert_int_eq(ask(&(struct ask){.host = OG_CLOUD_GATEWAY,
				 .method = "POST",
				 .path = "/otlp/v1/logs",
				 .type = "application/x-protobuf",
				 .body = ""}),
		429);
	ck_assert_mem_eq(answer.p, "\x08\x08\x12", 3);
}
END_TEST

START_TEST(answers_that_break)
{
	struct hc c;
	ssize_t got = 0;

	fault("[{'host':'tempo','type':'reset'},{'host':'tempo','type':'cut','bytes':2}]");
	for (int i = 0; i < 2; i++) {
		ck_assert_int_eq(get(OG_CLOUD_TEMPO, "/tempo/api/echo", NULL), 0);
		ck_assert_uint_eq(answer.len, 0);
	}
	ck_assert_int_eq(get(OG_CLOUD_TEMPO, "/tempo/api/echo", NULL), 200);
	/* who hangs up is let go, who waits gets nothing */
	fault("{'host':'tempo','type':'hang'}");
	ck_assert(hc_open(&c, og_cloud_port(cloud, OG_CLOUD_TEMPO), NULL));
	c.timeout_ms = 200;
	ck_assert(hc_get(&c, "/tempo/api/echo"));
	ck_assert(!hc_ended(&c, 200));
	hc_close(&c);
	fault("{'host':'tempo','type':'hang','ms':1}");
	ck_assert(hc_open(&c, og_cloud_port(cloud, OG_CLOUD_TEMPO), NULL));
	ck_assert(hc_get(&c, "/tempo/api/echo"));
	ck_assert(hc_ended(&c, 10000));
	hc_close(&c);
	fault("{'host':'tempo','type':'slow','bytes':1,'ms':1}");
	ck_assert_int_eq(get(OG_CLOUD_TEMPO, "/tempo/api/echo", NULL), 200);
	ck_assert_str_eq(answer.p, "echo");
	fault("{'host':'tempo','type':'huge','bytes':3000000}");
	ck_assert_int_eq(get(OG_CLOUD_TEMPO, "/tempo/api/echo", NULL), 200);
	ck_assert_uint_eq(answer.len, 3000000);
	/* more than any limit, and it ends with the client */
	fault("{'host':'tempo','type':'endless'}");
	ck_assert(hc_open(&c, og_cloud_port(cloud, OG_CLOUD_TEMPO), NULL));
	ck_assert(hc_get(&c, "/tempo/api/echo"));
	while (got < 3 << 20) {
		char buf[65536];
		ssize_t n = recv(c.fd, buf, sizeof(buf), 0);

		ck_assert_int_gt(n, 0);
		got += n;
	}
	hc_close(&c);
}
END_TEST

START_TEST(answers_that_mislead)
{
	fault("[{'host':'prometheus','type':'contentType','contentType':'text/html'},"
	      "{'host':'prometheus','type':'body','text':'<html>'},"
	      "{'host':'prometheus','type':'warnings','text':'results may be incomplete'},"
	      "{'host':'prometheus','type':'redirect','text':'https://evil.invalid/'}]");
	ck_assert_int_eq(get(OG_CLOUD_PROM, Q, "query", "foo", NULL), 200);
	ck_assert(head_has("Content-Type: text/html"));
	ck_assert(has("'result':[]"));
	get(OG_CLOUD_PROM, Q, "query", "foo", NULL);
	ck_assert_str_eq(answer.p, "<html>");
	get(OG_CLOUD_PROM, Q, "query", "foo", NULL);
	ck_assert(has("'warnings':['results may be incomplete'],'data'"));
	ck_assert_int_eq(get(OG_CLOUD_PROM, Q, "query", "foo", NULL), 302);
	ck_assert(head_has("Location: https://evil.invalid/"));
	fault("{'host':'tempo','type':'partial'}");
	get(OG_CLOUD_TEMPO, "/tempo/api/search", NULL);
	ck_assert(has("'completedJobs':2,'totalJobs':3"));
}
END_TEST

START_TEST(faults_are_checked)
{
	static const char *const bad[] = {"", "{}", "{\"type\":\"x\"}", "{\"type\":\"status\"}",
		"{\"type\":\"status\",\"code\":200}", "{\"type\":\"body\"}",
		"{\"type\":\"hang\",\"host\":\"x\"}", "{\"type\":\"hang\",\"x\":1}",
		"{\"type\":\"contentType\"}", "[{\"type\":\"redirect\"}]"};

	for (size_t i = 0; i < OG_COUNT(bad); i++)
		ck_assert_msg(og_cloud_fault(cloud, bad[i], NULL) == -OG_E_USAGE, "%s", bad[i]);
}
END_TEST

Suite *suite_faults(void)
{
	Suite *s = suite_create("faults");
	TCase *t = cloud_case(s, "faults");

	tcase_add_test(t, statuses_with_their_bodies);
	tcase_add_test(t, path_and_after);
	tcase_add_test(t, gateway_errors_in_the_encoding_of_the_request);
	tcase_add_test(t, answers_that_break);
	tcase_add_test(t, answers_that_mislead);
	tcase_add_test(t, faults_are_checked);
	return s;
}

static int collect(const char *signal, const char *inside)
{
	og_auto_buf struct og_buf b = OG_BUF_INIT(0), path = OG_BUF_INIT(0);

	og_buf_fmt(&path, "/v1/%s", signal);
	og_buf_fmt(&b, "{%s}", inside);
	return ask(&(struct ask){.host = OG_CLOUD_COLLECTOR,
		.method = "POST",
		.path = path.p,
		.token = "",
		.type = "application/json",
		.body = quoted(b.p)});
}

static const char *counter(void)
{
	static char text[4096];

	snprintf(text, sizeof(text),
		"'resourceMetrics':[{" RESOURCE(
			"web-1") ",'scopeMetrics':[{'metrics':[{'name':"
				 "'hits','gauge':{'dataPoints':[{"
				 "'timeUnixNano':'%s','asDouble':1.5}]}}]}]}"
				 "]",
		ago(0));
	return text;
}

static void config(const char *json)
{
	struct og_err err = OG_ERR_INIT;

	ck_assert_msg(og_cloud_config(cloud, quoted(json), &err) == 0, "%s", err.msg);
}

START_TEST(the_pipeline_changes_attributes)
{
	config("{'pipeline':{'drop':['otelgate.revision','k8s.pod.name'],'rename':{'web':'shop-web'"
	       "},'cluster':'prod','k8s':{'k8s.node.name':'n1','k8s.namespace.name':'other'}}}");
	ck_assert_int_eq(collect("metrics", counter()), 200);
	get(OG_CLOUD_PROM, Q, "query", "target_info", NULL);
	ck_assert(has("'job':'shop/shop-web'"));
	ck_assert(has("'cluster':'prod'"));
	ck_assert(has("'k8s_cluster_name':'prod'"));
	ck_assert(has("'k8s_node_name':'n1'"));
	ck_assert(has("'k8s_namespace_name':'shop'"));
	ck_assert(!has("otelgate_revision"));
	ck_assert(!has("k8s_pod_name"));
	get(OG_CLOUD_PROM, Q, "query", "hits", NULL);
	ck_assert(has(",'1.5']"));
}
END_TEST

START_TEST(the_collector_loses_things)
{
	struct og_cloud_held h;

	config("{'pipeline':{'dropSignals':['metrics']}}");
	ck_assert_int_eq(collect("metrics", counter()), 200);
	config("{'pipeline':{'dropSignals':[],'forward':false}}");
	ck_assert_int_eq(collect("metrics", counter()), 200);
	config("{'pipeline':{'status':503,'forward':true}}");
	ck_assert_int_eq(collect("metrics", counter()), 503);
	ck_assert(head_has("Retry-After: 1"));
	config("{'pipeline':{'status':0}}");
	/* the collector takes what the gateway refuses */
	ck_assert_int_eq(collect("metrics", "'resourceMetrics':[{'scopeMetrics':[{'metrics':[{"
					    "'name':'x','sum':{'aggregationTemporality':1,"
					    "'dataPoints':[{'timeUnixNano':'1'}]}}]}]}]"),
		200);
	og_cloud_held(cloud, &h);
	ck_assert_uint_eq(h.samples, 0);
	ck_assert_int_eq(collect("metrics", counter()), 200);
	og_cloud_held(cloud, &h);
	ck_assert_uint_eq(h.samples, 2);
	ck_assert_int_eq(collect("metrics", "x"), 400);
	ck_assert_int_eq(collect("nothing", ""), 404);
	ck_assert_int_eq(
		ask(&(struct ask){.host = OG_CLOUD_COLLECTOR, .path = "/v1/metrics", .token = ""}),
		405);
}
END_TEST

START_TEST(five_thousand_workloads)
{
	struct og_cloud_seed seed = {.workloads = 5000, .pods = 2};
	struct og_cloud_held h;
	struct og_err err = OG_ERR_INIT;

	ck_assert_msg(og_cloud_seed(cloud, &seed, &err) == 0, "%s", err.msg);
	og_cloud_held(cloud, &h);
	ck_assert_uint_eq(h.spans, 10000);
	ck_assert_uint_eq(h.lines, 10000);
	ck_assert_uint_eq(h.profiles, 10000);
	ck_assert_int_eq(get(OG_CLOUD_PROM, Q, "query",
				 "count(max by (job, k8s_pod_name, otelgate_revision) "
				 "(max_over_time(timestamp(target_info{k8s_cluster_name='sim'})"
				 "[15m:1m])))",
				 NULL),
		200);
	ck_assert(has(",'10000']"));
	seed.workloads = 100001;
	ck_assert_int_eq(og_cloud_seed(cloud, &seed, &err), -OG_E_LIMIT);
}
END_TEST

Suite *suite_pipeline(void)
{
	Suite *s = suite_create("pipeline");
	TCase *t = cloud_case(s, "collector");

	tcase_add_test(t, the_pipeline_changes_attributes);
	tcase_add_test(t, the_collector_loses_things);
	tcase_add_test(t, five_thousand_workloads);
	return s;
}
