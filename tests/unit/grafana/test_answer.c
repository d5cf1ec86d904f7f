/* SPDX-License-Identifier: Apache-2.0 */
/* Answers as they come over the wire: state, rows, words. */
#include "otelgate/grafana/answer.h"

#include <stdio.h>
#include <stdlib.h>
#include "otelgate/base/mem.h"
#include "support/suite.h"

static struct og_arena arena;
static struct og_gf_answer a;

static void setup(void)
{
	og_arena_init(&arena, 0, 0);
}

static void teardown(void)
{
	og_arena_fini(&arena);
}

enum { NOW = 1795356968 };

static void read_reply(enum og_gf_ask ask, const struct og_gf_reply *r, int64_t fresh_s)
{
	struct og_err err = OG_ERR_INIT;
	struct og_gf_http h;
	struct og_gf_query q = {.ask = ask, .end_s = NOW, .fresh_s = fresh_s};
	q.name = OG_SV("m");
	q.label = OG_SV("l");
	q.value = OG_SV("a1");
	q.text = OG_SV("up");
	q.limit = 5;
	ck_assert_msg(og_gf_query_http(&q, &arena, &h, &err) == 0, "%s", err.msg);
	og_gf_answer_read(&h, r, &arena, &a);
}

static void check_sound(void)
{
	ck_assert(a.state > OG_GF_UNASKED && a.state < OG_GF_STATE_COUNT_);
	ck_assert((a.message.n == 0) == og_gf_state_is_answer(a.state));
	ck_assert((a.why == OG_GF_WHY_NONE) == og_gf_state_is_answer(a.state));
	ck_assert(a.rows.n == 0 || og_gf_state_is_answer(a.state));
	ck_assert(og_utf8_valid(a.message.p, a.message.n));
	for (size_t i = 0; i < a.message.n; i++)
		ck_assert((unsigned char)a.message.p[i] >= 0x20 && a.message.p[i] != 0x7f);
}

/* "key=value …;key=value …" of all rows, in order. */
static const char *rows_text(void)
{
	static char out[4096];
	struct og_buf b = OG_BUF_INIT(sizeof(out) - 1);
	for (uint32_t i = 0; i < a.rows.n; i++) {
		const struct og_gf_row *r = &a.rows.v[i];
		if (i)
			og_buf_ch(&b, ';');
		for (unsigned k = 0; k < OG_GF_KEY_COUNT_; k++) {
			if (!r->key[k].n)
				continue;
			og_buf_fmt(&b, "%s=%.*s ", og_gf_key_name((enum og_gf_key)k),
				OG_SV_ARG(r->key[k]));
		}
		og_buf_fmt(&b, "%g@%lld", r->value, (long long)r->last_s);
	}
	ck_assert(!b.failed);
	memcpy(out, b.p ? b.p : "", b.len);
	out[b.len] = '\0';
	og_buf_fini(&b);
	return out;
}

#define VECTOR(rows) \
	"{\"status\":\"success\",\"data\":{\"resultType\":\"vector\",\"result\":[" rows "]}}"
#define STREAMS(rows) \
	"{\"status\":\"success\",\"data\":{\"resultType\":\"streams\",\"result\":[" rows "]}}"
#define TM(rows) "{\"series\":[" rows "],\"metrics\":{\"completedJobs\":3,\"totalJobs\":3}}"

static const struct {
	enum og_gf_ask ask;
	const char *body;
	enum og_gf_state state;
	const char *rows;
	bool partial;
	const char *warning;
} good[] = {
	/* Prometheus 2.42, 3.x, Mimir */
	{OG_GF_PROM_PING, VECTOR("{\"metric\":{},\"value\":[1795356968.123,\"1\"]}"), OG_GF_PRESENT,
		"1@0", false, NULL},
	{OG_GF_PROM_ARRIVAL, VECTOR(""), OG_GF_EMPTY, "", false, NULL},
	{OG_GF_PROM_ARRIVAL,
		"{\"status\":\"success\",\"data\":{\"resultType\":\"vector\",\"result\":null}}",
		OG_GF_EMPTY, "", false, NULL},
	{OG_GF_PROM_ARRIVAL,
		VECTOR("{\"metric\":{\"instance\":\"shop.web-1.app\",\"job\":\"shop/web\","
		       "\"k8s_deployment_name\":\"web\",\"k8s_namespace_name\":\"shop\","
		       "\"k8s_pod_name\":\"web-1\",\"k8s_replicaset_name\":\"web-7\","
		       "\"otelgate_revision\":\"abc\",\"telemetry_sdk_language\":\"java\"},"
		       "\"value\":[1795356968,\"1795356930\"]}"),
		OG_GF_PRESENT,
		"job=shop/web service.instance.id=shop.web-1.app k8s.namespace.name=shop "
		"k8s.pod.name=web-1 workload=Deployment/web otelgate.revision=abc "
		"telemetry.sdk.language=java 0@1795356930",
		false, NULL},
	/* names with dots, kept as UTF-8 */
	{OG_GF_PROM_ARRIVAL,
		VECTOR("{\"metric\":{\"job\":\"a\",\"k8s.pod.name\":\"p\",\"otelgate.revision\":"
		       "\"r\",\"k8s.statefulset.name\":\"db\"},\"value\":[1795356968,\"1.79535693e9\"]}"),
		OG_GF_PRESENT,
		"job=a k8s.pod.name=p workload=StatefulSet/db otelgate.revision=r 0@1795356930",
		false, NULL},
	/* what a scrape calls its own is not what sent it */
	{OG_GF_PROM_ARRIVAL,
		VECTOR("{\"metric\":{\"exported_job\":\"shop/web\",\"job\":\"collector\","
		       "\"instance\":\"10.0.0.1:8889\",\"exported_instance\":\"i-1\"},"
		       "\"value\":[1795356968,\"1795356930\"]}"),
		OG_GF_PRESENT, "job=shop/web service.instance.id=i-1 0@1795356930", false, NULL},
	{OG_GF_PROM_REQUESTS,
		VECTOR("{\"metric\":{\"job\":\"a\"},\"value\":[1795356968,\"NaN\"]},"
		       "{\"metric\":{\"job\":\"b\"},\"value\":[1795356968,\"+Inf\"]},"
		       "{\"metric\":{\"job\":\"c\"},\"value\":[1795356968,\"0.25\"]}"),
		OG_GF_PRESENT, "job=b inf@0;job=c 0.25@0", false, NULL},
	{OG_GF_PROM_REQUESTS, VECTOR("{\"metric\":{\"job\":\"a\"},\"value\":[1795356968,\"NaN\"]}"),
		OG_GF_EMPTY, "", false, NULL},
	/* a native histogram where a number was meant */
	{OG_GF_PROM_TEXT,
		VECTOR("{\"metric\":{\"job\":\"a\"},\"histogram\":[1795356968,{\"count\":\"1\"}]}"),
		OG_GF_EMPTY, "", false, NULL},
	{OG_GF_PROM_TEXT,
		"{\"status\":\"success\",\"data\":{\"resultType\":\"matrix\",\"result\":[{\"metric\":{"
		"\"job\":\"a\"},\"values\":[[1795356900,\"1\"],[1795356960,\"3\"]]}]}}",
		OG_GF_PRESENT, "job=a 3@1795356960", false, NULL},
	{OG_GF_PROM_TEXT,
		"{\"status\":\"success\",\"data\":{\"resultType\":\"scalar\",\"result\":[1795356968,"
		"\"2\"]}}",
		OG_GF_PRESENT, "2@0", false, NULL},
	{OG_GF_PROM_TEXT,
		"{\"status\":\"success\",\"warnings\":[\"results truncated due to limit\"],\"data\":{"
		"\"resultType\":\"vector\",\"result\":[{\"metric\":{\"job\":\"a\"},\"value\":[1,"
		"\"1\"]}]}}",
		OG_GF_PRESENT, "job=a 1@0", true, "results truncated due to limit"},
	{OG_GF_PROM_TEXT,
		"{\"status\":\"success\",\"warnings\":[\"PromQL info: metric might not be a counter\"],"
		"\"infos\":[\"x\"],\"data\":{\"resultType\":\"vector\",\"result\":[]}}",
		OG_GF_EMPTY, "", false, "PromQL info: metric might not be a counter"},
	{OG_GF_PROM_TEXT,
		"{\"status\":\"success\",\"infos\":[\"line\\none\\u001b[31m\"],\"data\":{"
		"\"resultType\":\"vector\",\"result\":[]}}",
		OG_GF_EMPTY, "", false, "line one?[31m"},
	{OG_GF_PROM_EXPORT_FAILED,
		VECTOR("{\"metric\":{\"job\":\"a\",\"metric\":\"span\",\"error_type\":\"timeout\"},"
		       "\"value\":[1,\"0.5\"]}"),
		OG_GF_PRESENT, "job=a metric=span reason=timeout 0.5@0", false, NULL},
	{OG_GF_PROM_EXEMPLARS, "{\"status\":\"success\",\"data\":[]}", OG_GF_EMPTY, "", false,
		NULL},
	{OG_GF_PROM_EXEMPLARS,
		"{\"status\":\"success\",\"data\":[{\"seriesLabels\":{\"__name__\":\"h\",\"job\":\"a\"},"
		"\"exemplars\":[{\"labels\":{\"trace_id\":\"ABC\"},\"value\":\"1\",\"timestamp\":"
		"1795356960.5},{\"labels\":{\"traceID\":\"1\"},\"value\":\"1\",\"timestamp\":1795356950"
		"},{\"labels\":{},\"value\":\"1\",\"timestamp\":1795356967}]}]}",
		OG_GF_PRESENT,
		"job=a metric=h trace id=00000000000000000000000000000abc 2@1795356960", false,
		NULL},
	{OG_GF_PROM_EXEMPLARS,
		"{\"status\":\"success\",\"data\":[{\"seriesLabels\":{\"job\":\"a\"},\"exemplars\":[{"
		"\"labels\":{\"user\":\"x\"},\"value\":\"1\",\"timestamp\":1795356960.5}]}]}",
		OG_GF_EMPTY, "", false, NULL},
	/* Loki */
	{OG_GF_LOKI_STREAMS, "{\"status\":\"success\",\"data\":[]}", OG_GF_EMPTY, "", false, NULL},
	{OG_GF_LOKI_STREAMS, "{\"status\":\"success\"}", OG_GF_EMPTY, "", false, NULL},
	{OG_GF_LOKI_STREAMS,
		"{\"status\":\"success\",\"data\":[{\"service_name\":\"web\",\"service_namespace\":"
		"\"shop\",\"k8s_namespace_name\":\"shop\",\"k8s_pod_name\":\"web-1\"},{\"container\":"
		"\"app\",\"namespace\":\"shop\",\"pod\":\"old-1\",\"service_name\":\"old\","
		"\"stream\":\"stdout\"}]}",
		OG_GF_PRESENT,
		"service.namespace=shop service.name=web k8s.namespace.name=shop k8s.pod.name=web-1 "
		"0@0;service.name=old k8s.namespace.name=shop k8s.pod.name=old-1 "
		"k8s.container.name=app route=stdout 0@0",
		false, NULL},
	{OG_GF_LOKI_ARRIVAL,
		"{\"status\":\"success\",\"data\":{\"resultType\":\"vector\",\"result\":[{\"metric\":{"
		"\"service_name\":\"web\",\"k8s_pod_name\":\"web-1\",\"otelgate_revision\":\"abc\","
		"\"telemetry_sdk_language\":\"python\"},\"value\":[1795356968.1,\"42\"]}],\"stats\":{"
		"\"summary\":{}}}}",
		OG_GF_PRESENT,
		"service.name=web k8s.pod.name=web-1 otelgate.revision=abc "
		"telemetry.sdk.language=python route=otlp 42@0",
		false, NULL},
	{OG_GF_LOKI_FIND, STREAMS(""), OG_GF_EMPTY, "", false, NULL},
	{OG_GF_LOKI_FIND,
		STREAMS("{\"stream\":{\"service_name\":\"web\",\"trace_id\":\"00ff\",\"scope_name\":"
			"\"s\"},\"values\":[[\"1795356960000000001\",\"line\"],[\"1795356961000000000\","
			"\"line\",{\"structuredMetadata\":{}}]]}"),
		OG_GF_PRESENT, "service.name=web route=otlp trace id=00ff 2@1795356961", false,
		NULL},
	/* Tempo */
	{OG_GF_TEMPO_PING, "echo", OG_GF_PRESENT, "", false, NULL},
	{OG_GF_TEMPO_ARRIVAL, "{\"metrics\":{\"inspectedBytes\":\"1\"}}", OG_GF_EMPTY, "", false,
		NULL},
	{OG_GF_TEMPO_ARRIVAL, TM(""), OG_GF_EMPTY, "", false, NULL},
	{OG_GF_TEMPO_ARRIVAL, "{}", OG_GF_EMPTY, "", false, NULL},
	{OG_GF_TEMPO_ARRIVAL,
		TM("{\"labels\":[{\"key\":\"resource.service.namespace\",\"value\":{\"stringValue\":"
		   "\"petrosa-apps\"}},{\"key\":\"resource.service.name\",\"value\":{\"stringValue\":"
		   "\"tradeengine\"}},{\"key\":\"resource.otelgate.revision\",\"value\":{"
		   "\"stringValue\":\"nil\"}},{\"key\":\"resource.k8s.pod.name\",\"value\":{"
		   "\"stringValue\":\"p-1\"}}],\"value\":1,\"timestampMs\":\"1795356968000\"}"),
		OG_GF_PRESENT,
		"service.namespace=petrosa-apps service.name=tradeengine k8s.pod.name=p-1 1@0",
		false, NULL},
	/* proto3: zero is left out; zero spans are no spans */
	{OG_GF_TEMPO_ARRIVAL,
		TM("{\"labels\":[{\"key\":\"resource.service.name\",\"value\":{\"stringValue\":\"a\"}"
		   "}]}"),
		OG_GF_EMPTY, "", false, NULL},
	{OG_GF_TEMPO_ARRIVAL,
		TM("{\"labels\":[{\"key\":\"resource.service.name\",\"value\":{\"intValue\":\"7\"}},{"
		   "\"key\":\"resource.k8s.pod.name\",\"value\":{}}],\"value\":\"3\"}"),
		OG_GF_PRESENT, "service.name=7 3@0", false, NULL},
	{OG_GF_TEMPO_TEXT,
		TM("{\"labels\":[],\"samples\":[{\"timestampMs\":\"1795356900000\",\"value\":2},{"
		   "\"timestampMs\":1795356960000,\"value\":5},{\"timestampMs\":\"1795356967000\"}]}"),
		OG_GF_PRESENT, "5@1795356960", false, NULL},
	{OG_GF_TEMPO_ARRIVAL,
		"{\"series\":[],\"metrics\":{\"completedJobs\":2,\"totalJobs\":\"3\"}}",
		OG_GF_EMPTY, "", true, "not all of the blocks were searched"},
	{OG_GF_TEMPO_ARRIVAL,
		"{\"series\":[],\"status\":\"PARTIAL\",\"message\":\"max series reached\"}",
		OG_GF_EMPTY, "", true, "max series reached"},
	{OG_GF_TEMPO_FIND,
		"{\"traces\":[{\"traceID\":\"102030405060708090a0b0c0d0e0f10\",\"rootServiceName\":"
		"\"web\",\"startTimeUnixNano\":\"1795356960000000000\",\"durationMs\":5000,\"spanSets\":"
		"[]}],\"metrics\":{\"completedJobs\":3,\"totalJobs\":3}}",
		OG_GF_PRESENT,
		"service.name=web trace id=0102030405060708090a0b0c0d0e0f10 1@1795356960", false,
		NULL},
	{OG_GF_TEMPO_FIND, "{\"traces\":[],\"metrics\":{\"completedJobs\":3,\"totalJobs\":3}}",
		OG_GF_EMPTY, "", false, NULL},
	{OG_GF_TEMPO_SERVICES,
		"{\"tagValues\":[{\"type\":\"string\",\"value\":\"a\"},\"b\"],\"metrics\":{}}",
		OG_GF_PRESENT, "service.name=a 0@0;service.name=b 0@0", false, NULL},
	{OG_GF_TEMPO_SERVICES, "{\"metrics\":{}}", OG_GF_EMPTY, "", false, NULL},
	{OG_GF_TEMPO_TRACE, "{\"trace\":{},\"metrics\":{}}", OG_GF_EMPTY, "", false, NULL},
	{OG_GF_TEMPO_TRACE,
		"{\"trace\":{\"resourceSpans\":[{\"resource\":{\"attributes\":[{\"key\":\"service.name\""
		",\"value\":{\"stringValue\":\"web\"}}]},\"scopeSpans\":[{\"spans\":[{\"traceId\":"
		"\"AQIDBAUGBwgJCgsMDQ4PEA==\",\"startTimeUnixNano\":\"1795356960000000000\"},{}]}]}]},"
		"\"metrics\":{}}",
		OG_GF_PRESENT, "service.name=web 2@1795356960", false, NULL},
	{OG_GF_TEMPO_TRACE, "{\"batches\":[{\"scopeSpans\":[{\"spans\":[{}]}]}]}", OG_GF_PRESENT,
		"1@0", false, NULL},
	/* Pyroscope */
	{OG_GF_PYRO_PING, "{}", OG_GF_PRESENT, "", false, NULL},
	{OG_GF_PYRO_PING, "{\"names\":[\"__name__\"]}", OG_GF_PRESENT, "", false, NULL},
	{OG_GF_PYRO_ARRIVAL, "{}", OG_GF_EMPTY, "", false, NULL},
	{OG_GF_PYRO_ARRIVAL, "{\"labelsSet\":[]}", OG_GF_EMPTY, "", false, NULL},
	{OG_GF_PYRO_ARRIVAL,
		"{\"labelsSet\":[{\"labels\":[{\"name\":\"otelgate_revision\",\"value\":\"abc123\"},{"
		"\"name\":\"pod\",\"value\":\"p-1\"},{\"name\":\"service_name\",\"value\":\"web\"},{"
		"\"name\":\"service_namespace\",\"value\":\"shop\"}]},{\"labels\":[{\"name\":"
		"\"k8s.pod.name\",\"value\":\"p-2\"},{\"name\":\"pyroscope_spy\",\"value\":"
		"\"pyroscope.ebpf\"}]}]}",
		OG_GF_PRESENT,
		"service.namespace=shop service.name=web k8s.pod.name=p-1 otelgate.revision=abc123 "
		"0@0;k8s.pod.name=p-2 route=ebpf 0@0",
		false, NULL},
};

START_TEST(good_answers)
{
	struct og_gf_reply r = {.http = 200, .now_s = NOW};
	r.content_type = OG_SV("application/json; charset=UTF-8");
	r.body = og_svz(good[_i].body);
	read_reply(good[_i].ask, &r, 0);
	ck_assert_msg(a.state == good[_i].state, "%s: %.*s", og_gf_state_name(a.state),
		OG_SV_ARG(a.message));
	ck_assert_str_eq(rows_text(), good[_i].rows);
	ck_assert(a.rows.partial == good[_i].partial);
	const char *warning = good[_i].warning ? good[_i].warning : "";
	ck_assert_msg(og_sv_eq(a.rows.warning, og_svz(warning)), "%.*s", OG_SV_ARG(a.rows.warning));
	ck_assert_int_eq(a.http, 200);
	check_sound();
}
END_TEST

/* Every byte that is missing at the end makes an answer unreadable, and never an empty one. */
START_TEST(cut_answers_are_no_answers)
{
	struct og_gf_reply r = {.http = 200, .now_s = NOW};
	size_t n = strlen(good[_i].body);
	if (good[_i].ask == OG_GF_TEMPO_PING)
		return;
	for (size_t len = 0; len < n; len++) {
		/* a copy of that length, so that reading behind it is noticed */
		char *copy = og_memdup(good[_i].body, len ? len : 1);
		r.body = og_sv(copy, len);
		read_reply(good[_i].ask, &r, 0);
		ck_assert_msg(
			a.state == OG_GF_BACKEND_ERROR, "%zu: %s", len, og_gf_state_name(a.state));
		ck_assert_int_eq(a.why, OG_GF_WHY_SHAPE);
		check_sound();
		og_free(copy);
		og_arena_reset(&arena);
	}
}
END_TEST

#define HTML "<!DOCTYPE html><html><body>Log in <b>glc_secret</b></body></html>"

static const struct {
	enum og_gf_ask ask;
	int http;
	const char *type, *body;
	enum og_gf_state state;
	enum og_gf_why why;
	const char *says;
} bad[] = {
	{OG_GF_PROM_ARRIVAL, 401, "text/plain", "Unauthorized\n", OG_GF_AUTH_FAILED,
		OG_GF_WHY_CREDENTIALS, "instance id"},
	{OG_GF_PROM_ARRIVAL, 401, "application/json",
		"{\"status\":\"error\",\"error\":\"authentication error: invalid scope requested\"}",
		OG_GF_AUTH_FAILED, OG_GF_WHY_SCOPE, "lacks the scope"},
	{OG_GF_LOKI_ARRIVAL, 401, "application/json", "{\"message\":\"token expired\"}",
		OG_GF_AUTH_FAILED, OG_GF_WHY_EXPIRED, "make a new one"},
	{OG_GF_TEMPO_ARRIVAL, 401, "text/html", HTML, OG_GF_AUTH_FAILED, OG_GF_WHY_CREDENTIALS,
		"a web page"},
	{OG_GF_PYRO_ARRIVAL, 401, "application/json",
		"{\"code\":\"unauthenticated\",\"message\":\"no\"}", OG_GF_AUTH_FAILED,
		OG_GF_WHY_CREDENTIALS, "no"},
	{OG_GF_PROM_ARRIVAL, 403, "text/plain", "", OG_GF_FORBIDDEN, OG_GF_WHY_PERMISSION,
		"access policy"},
	{OG_GF_PROM_ARRIVAL, 402, "text/plain", "pay", OG_GF_FORBIDDEN, OG_GF_WHY_PERMISSION,
		"pay"},
	{OG_GF_PROM_ARRIVAL, 404, "text/plain", "404 page not found\n", OG_GF_WRONG_PATH,
		OG_GF_WHY_NOT_FOUND, "404 page not found"},
	{OG_GF_PROM_ARRIVAL, 404, "text/html", HTML, OG_GF_WRONG_PATH, OG_GF_WHY_NOT_FOUND,
		"a web page"},
	{OG_GF_PROM_ARRIVAL, 404, "application/json",
		"{\"status\":\"error\",\"errorType\":\"not_found\",\"error\":\"no such thing\"}",
		OG_GF_QUERY_ERROR, OG_GF_WHY_NOT_FOUND, "no such thing"},
	{OG_GF_PYRO_ARRIVAL, 404, "text/plain", "404 page not found", OG_GF_WRONG_PATH,
		OG_GF_WHY_NOT_FOUND, "404"},
	{OG_GF_TEMPO_TRACE, 404, "text/plain", "404 page not found", OG_GF_WRONG_PATH,
		OG_GF_WHY_NOT_FOUND, "404"},
	{OG_GF_PROM_ARRIVAL, 405, "text/plain", "", OG_GF_WRONG_PATH, OG_GF_WHY_METHOD, "method"},
	{OG_GF_PROM_ARRIVAL, 400, "application/json",
		"{\"status\":\"error\",\"errorType\":\"bad_data\",\"error\":\"parse error\"}",
		OG_GF_QUERY_ERROR, OG_GF_WHY_QUERY, "parse error"},
	{OG_GF_TEMPO_ARRIVAL, 400, "text/plain",
		"invalid TraceQL query: parse error at line 1, col 2: x", OG_GF_QUERY_ERROR,
		OG_GF_WHY_QUERY, "line 1, col 2"},
	{OG_GF_PYRO_ARRIVAL, 400, "application/json",
		"{\"code\":\"invalid_argument\",\"message\":\"failed to parse label selector\"}",
		OG_GF_QUERY_ERROR, OG_GF_WHY_QUERY, "failed to parse label selector"},
	{OG_GF_LOKI_ARRIVAL, 400, "text/plain; charset=utf-8",
		"maximum number of series (500) reached for a single query", OG_GF_QUERY_ERROR,
		OG_GF_WHY_TOO_LARGE, "smaller part"},
	{OG_GF_PROM_ARRIVAL, 422, "application/json",
		"{\"status\":\"error\",\"errorType\":\"execution\",\"error\":\"the query exceeded the "
		"maximum number of series (err-mimir-max-series-per-query)\"}",
		OG_GF_QUERY_ERROR, OG_GF_WHY_TOO_LARGE, "smaller part"},
	{OG_GF_PROM_ARRIVAL, 422, "application/json", "{\"error\":\"vector cannot contain\"}",
		OG_GF_QUERY_ERROR, OG_GF_WHY_QUERY, "vector cannot contain"},
	{OG_GF_PROM_ARRIVAL, 413, "text/html", "<html>", OG_GF_QUERY_ERROR, OG_GF_WHY_TOO_LARGE,
		"this size"},
	{OG_GF_PROM_ARRIVAL, 429, "text/plain", "slow down", OG_GF_THROTTLED, OG_GF_WHY_RATE,
		"slow down"},
	{OG_GF_PROM_ARRIVAL, 500, "text/plain", "panic\x1b]0;x\x07", OG_GF_BACKEND_ERROR,
		OG_GF_WHY_SERVER, "panic?]0;x?"},
	{OG_GF_LOKI_ARRIVAL, 500, "text/plain",
		"rpc error: code = ResourceExhausted desc = grpc: received message larger than max",
		OG_GF_BACKEND_ERROR, OG_GF_WHY_TOO_LARGE, "smaller part"},
	{OG_GF_PROM_ARRIVAL, 502, "text/html", HTML, OG_GF_BACKEND_ERROR, OG_GF_WHY_SERVER,
		"a web page"},
	{OG_GF_PROM_ARRIVAL, 504, "text/plain", "", OG_GF_BACKEND_ERROR, OG_GF_WHY_TIMEOUT,
		"in time"},
	{OG_GF_PROM_ARRIVAL, 599, "", "", OG_GF_BACKEND_ERROR, OG_GF_WHY_SERVER, "599"},
	{OG_GF_PROM_ARRIVAL, 407, "text/html", HTML, OG_GF_BACKEND_ERROR, OG_GF_WHY_PROXY, "proxy"},
	{OG_GF_PROM_ARRIVAL, 204, "", "", OG_GF_BACKEND_ERROR, OG_GF_WHY_SHAPE, "204"},
	{OG_GF_PROM_ARRIVAL, 999, "", "", OG_GF_BACKEND_ERROR, OG_GF_WHY_SHAPE, "999"},
	{OG_GF_PROM_ARRIVAL, 0, "", "", OG_GF_BACKEND_ERROR, OG_GF_WHY_SHAPE, "status"},
	/* 200 that is none */
	{OG_GF_PROM_ARRIVAL, 200, "text/html", HTML, OG_GF_WRONG_PATH, OG_GF_WHY_WEB_PAGE,
		"a web page"},
	{OG_GF_PROM_ARRIVAL, 200, "application/json", HTML, OG_GF_WRONG_PATH, OG_GF_WHY_WEB_PAGE,
		"a web page"},
	{OG_GF_TEMPO_PING, 200, "text/html", HTML, OG_GF_WRONG_PATH, OG_GF_WHY_WEB_PAGE,
		"another server"},
	{OG_GF_TEMPO_PING, 200, "text/plain", "ok", OG_GF_WRONG_PATH, OG_GF_WHY_SHAPE,
		"another server"},
	{OG_GF_PROM_ARRIVAL, 200, "application/json", "", OG_GF_BACKEND_ERROR, OG_GF_WHY_SHAPE,
		"is empty"},
	{OG_GF_PROM_ARRIVAL, 200, "application/json", "\x1f\x8b\x08\x01", OG_GF_BACKEND_ERROR,
		OG_GF_WHY_SHAPE, "compressed"},
	{OG_GF_PROM_ARRIVAL, 200, "application/json",
		"{\"status\":\"error\",\"errorType\":\"timeout\",\"error\":\"query timed out\"}",
		OG_GF_QUERY_ERROR, OG_GF_WHY_QUERY, "query timed out"},
	{OG_GF_LOKI_ARRIVAL, 200, "application/json",
		"{\"status\":\"error\",\"error\":\"maximum number of series\"}", OG_GF_QUERY_ERROR,
		OG_GF_WHY_TOO_LARGE, "maximum"},
	{OG_GF_PROM_ARRIVAL, 200, "application/json", "{\"status\":\"success\"}",
		OG_GF_BACKEND_ERROR, OG_GF_WHY_SHAPE, "not what prometheus"},
	{OG_GF_PROM_ARRIVAL, 200, "application/json", "{}", OG_GF_BACKEND_ERROR, OG_GF_WHY_SHAPE,
		"not what"},
	{OG_GF_PROM_ARRIVAL, 200, "application/json", "[]", OG_GF_BACKEND_ERROR, OG_GF_WHY_SHAPE,
		"not what"},
	{OG_GF_PROM_ARRIVAL, 200, "application/json", "null", OG_GF_BACKEND_ERROR, OG_GF_WHY_SHAPE,
		"not what"},
	{OG_GF_PROM_ARRIVAL, 200, "application/json", VECTOR("7"), OG_GF_BACKEND_ERROR,
		OG_GF_WHY_SHAPE, "not what"},
	{OG_GF_PROM_ARRIVAL, 200, "application/json", VECTOR("{\"metric\":{},\"value\":[1]}"),
		OG_GF_BACKEND_ERROR, OG_GF_WHY_SHAPE, "not what"},
	{OG_GF_PROM_ARRIVAL, 200, "application/json",
		VECTOR("{\"metric\":{},\"value\":[1,\"1x\"]}"), OG_GF_BACKEND_ERROR,
		OG_GF_WHY_SHAPE, "not what"},
	{OG_GF_PROM_ARRIVAL, 200, "application/json",
		VECTOR("{\"metric\":{\"job\":1},\"value\":[1,\"1\"]}"), OG_GF_BACKEND_ERROR,
		OG_GF_WHY_SHAPE, "not what"},
	{OG_GF_PROM_ARRIVAL, 200, "application/json",
		"{\"status\":\"success\",\"data\":{\"resultType\":\"table\",\"result\":[]}}",
		OG_GF_BACKEND_ERROR, OG_GF_WHY_SHAPE, "not what"},
	/* the answer of another backend: the URLs are swapped */
	{OG_GF_TEMPO_ARRIVAL, 200, "application/json", VECTOR(""), OG_GF_BACKEND_ERROR,
		OG_GF_WHY_SHAPE, "not what tempo"},
	{OG_GF_PROM_ARRIVAL, 200, "application/json", TM(""), OG_GF_BACKEND_ERROR, OG_GF_WHY_SHAPE,
		"not what"},
	{OG_GF_PYRO_ARRIVAL, 200, "application/json", VECTOR(""), OG_GF_BACKEND_ERROR,
		OG_GF_WHY_SHAPE, "not what pyroscope"},
	{OG_GF_PYRO_PING, 200, "application/json", VECTOR(""), OG_GF_BACKEND_ERROR, OG_GF_WHY_SHAPE,
		"not what"},
	{OG_GF_TEMPO_FIND, 200, "application/json", "{\"traces\":[{\"traceID\":\"xyz\"}]}",
		OG_GF_BACKEND_ERROR, OG_GF_WHY_SHAPE, "not what"},
	{OG_GF_TEMPO_FIND, 200, "application/json", "{\"traces\":7}", OG_GF_BACKEND_ERROR,
		OG_GF_WHY_SHAPE, "not what"},
	{OG_GF_TEMPO_TRACE, 200, "application/json", "{\"x\":1}", OG_GF_BACKEND_ERROR,
		OG_GF_WHY_SHAPE, "not what"},
	{OG_GF_LOKI_FIND, 200, "application/json", STREAMS("{\"stream\":{},\"values\":[[7]]}") "x",
		OG_GF_BACKEND_ERROR, OG_GF_WHY_SHAPE, "no whole JSON"},
	{OG_GF_LOKI_FIND, 200, "application/json",
		STREAMS("{\"stream\":{},\"values\":[[\"x\",\"l\"]]}"), OG_GF_BACKEND_ERROR,
		OG_GF_WHY_SHAPE, "not what"},
	{OG_GF_LOKI_STREAMS, 200, "application/json", "{\"status\":\"success\",\"data\":{}}",
		OG_GF_BACKEND_ERROR, OG_GF_WHY_SHAPE, "not what"},
	{OG_GF_PYRO_ARRIVAL, 200, "application/json", "{\"labelsSet\":[1]}", OG_GF_BACKEND_ERROR,
		OG_GF_WHY_SHAPE, "not what"},
	{OG_GF_PYRO_ARRIVAL, 200, "application/json", "{\"labelsSet\":{}}", OG_GF_BACKEND_ERROR,
		OG_GF_WHY_SHAPE, "not what"},
};

START_TEST(bad_answers)
{
	struct og_gf_reply r = {.http = bad[_i].http, .now_s = NOW};
	r.content_type = og_svz(bad[_i].type);
	r.body = og_svz(bad[_i].body);
	read_reply(bad[_i].ask, &r, 0);
	ck_assert_msg(a.state == bad[_i].state && a.why == bad[_i].why, "%s %s: %.*s",
		og_gf_state_name(a.state), og_gf_why_name(a.why), OG_SV_ARG(a.message));
	ck_assert_msg(og_sv_has(a.message, og_svz(bad[_i].says)), "%.*s", OG_SV_ARG(a.message));
	ck_assert(!og_sv_has(a.message, OG_SV("glc_")));
	ck_assert(a.too_large == (a.why == OG_GF_WHY_TOO_LARGE));
	ck_assert_uint_eq(a.rows.n, 0);
	check_sound();
}
END_TEST

START_TEST(a_trace_that_is_not_there)
{
	struct og_gf_reply r = {.http = 404, .body = OG_SV("trace not found"), .now_s = NOW};
	read_reply(OG_GF_TEMPO_TRACE, &r, 0);
	ck_assert_int_eq(a.state, OG_GF_EMPTY);
	check_sound();
	read_reply(OG_GF_TEMPO_FIND, &r, 0);
	ck_assert_int_eq(a.state, OG_GF_WRONG_PATH);
}
END_TEST

static const struct {
	const char *location, *says;
} redirects[] = {
	{"https://grafana.com/auth/sign-in?token=glc_1234567890", "grafana.com:443"},
	{"https://u:glc_pw@evil.example/x", "an address that is none"},
	{"/login?x=glc_1234567890", "another path of the same host"},
	{"//evil.example/", "an address that is none"},
	{"", "nowhere"},
	{"javascript:alert(1)", "an address that is none"},
};

START_TEST(redirects_are_named_by_their_host)
{
	struct og_gf_reply r = {.http = 302, .now_s = NOW};
	r.location = og_svz(redirects[_i].location);
	read_reply(OG_GF_PROM_PING, &r, 0);
	ck_assert_int_eq(a.state, OG_GF_WRONG_PATH);
	ck_assert_int_eq(a.why, OG_GF_WHY_REDIRECT);
	ck_assert_msg(
		og_sv_has(a.message, og_svz(redirects[_i].says)), "%.*s", OG_SV_ARG(a.message));
	ck_assert(!og_sv_has(a.message, OG_SV("glc_")));
	check_sound();
}
END_TEST

/* Age by the backend's clock, which the answer tells. */
START_TEST(old_rows_are_stale)
{
	struct og_gf_reply r = {.http = 200, .now_s = NOW + 5000};
	r.body = OG_SV(VECTOR("{\"metric\":{\"job\":\"a\"},\"value\":[1000900,\"1000300\"]},"
			      "{\"metric\":{\"job\":\"b\"},\"value\":[1000900,\"1000500\"]}"));
	read_reply(OG_GF_PROM_ARRIVAL, &r, 400);
	ck_assert_int_eq(a.state, OG_GF_PRESENT);
	ck_assert_int_eq(a.asked_s, 1000900);
	read_reply(OG_GF_PROM_ARRIVAL, &r, 399);
	ck_assert_int_eq(a.state, OG_GF_STALE);
	ck_assert_uint_eq(a.rows.n, 2);
	check_sound();
	read_reply(OG_GF_PROM_ARRIVAL, &r, 0);
	ck_assert_int_eq(a.state, OG_GF_PRESENT);
	/* rows that do not tell are as fresh as the window */
	r.body = OG_SV("{\"status\":\"success\",\"data\":[{\"service_name\":\"a\"}]}");
	read_reply(OG_GF_LOKI_STREAMS, &r, 1);
	ck_assert_int_eq(a.state, OG_GF_PRESENT);
	ck_assert_int_eq(a.asked_s, NOW + 5000);
}
END_TEST

static const struct {
	const char *value;
	int64_t ms;
} afters[] = {
	{"", -1},
	{"0", 0},
	{"7", 7000},
	{"007", 7000},
	{" 30 ", 30000},
	{"-1", -1},
	{"1.5", -1},
	{"99999999", 86400000},
	{"99999999999999999999", -1},
	{"soon", -1},
	{"Sun, 06 Nov 1994 08:49:47 GMT", 10000},
	{"Sun, 06 Nov 1994 08:49:30 GMT", 0},
	{"Sun, 06 Nov 2094 08:49:30 GMT", 86400000},
	{"Sun, 06 Foo 1994 08:49:47 GMT", -1},
	{"Sun, 99 Nov 1994 08:49:47 GMT", -1},
	{"Sunday, 06-Nov-94 08:49:37 GMT", -1},
	{"Sun, 06 Nov 1994 08:49:47 UTC", -1},
};

START_TEST(retry_after)
{
	int64_t now;
	ck_assert(og_gf_http_date(OG_SV("Sun, 06 Nov 1994 08:49:37 GMT"), &now));
	ck_assert_int_eq(now, 784111777);
	ck_assert_int_eq(og_gf_retry_after_ms(og_svz(afters[_i].value), now), afters[_i].ms);
}
END_TEST

START_TEST(throttled_says_how_long)
{
	struct og_gf_reply r = {.http = 429, .retry_after = OG_SV("120"), .now_s = NOW};
	read_reply(OG_GF_LOKI_ARRIVAL, &r, 0);
	ck_assert_int_eq(a.retry_after_ms, 120000);
	r.http = 503;
	read_reply(OG_GF_LOKI_ARRIVAL, &r, 0);
	ck_assert_int_eq(a.retry_after_ms, 120000);
	r.http = 400;
	read_reply(OG_GF_LOKI_ARRIVAL, &r, 0);
	ck_assert_int_eq(a.retry_after_ms, -1);
}
END_TEST

/* Whatever a server repeats of what it was sent, no message shows it, however it is cut. */
START_TEST(credentials_are_never_quoted)
{
	static const char token[] = "T0k3n/with+odd=chars", basic[] = "MTIzOlQwazNu";
	for (size_t pad = 0; pad < 330; pad++) {
		char body[900];
		(void)snprintf(body, sizeof(body),
			"{\"error\":\"%*s %s and %s and glc_eyJvIjoiMSJ9 and Basic abcdefgh12345678\"}",
			(int)pad, "x", token, basic);
		struct og_gf_reply r = {.http = 401, .now_s = NOW, .body = og_svz(body)};
		r.hide[0] = og_svz(token);
		r.hide[1] = og_svz(basic);
		read_reply(OG_GF_PROM_PING, &r, 0);
		ck_assert(!og_sv_has(a.message, OG_SV("T0k3n")));
		ck_assert(!og_sv_has(a.message, OG_SV("MTIzO")));
		ck_assert(!og_sv_has(a.message, OG_SV("glc_e")));
		ck_assert(!og_sv_has(a.message, OG_SV("abcdefgh")));
		ck_assert_uint_le(a.message.n, OG_GF_MESSAGE_BYTES);
		check_sound();
		og_arena_reset(&arena);
	}
}
END_TEST

START_TEST(long_errors_are_cut)
{
	char body[5000];
	memset(body, 'e', sizeof(body));
	struct og_gf_reply r = {.http = 500, .body = og_sv(body, sizeof(body)), .now_s = NOW};
	read_reply(OG_GF_PROM_PING, &r, 0);
	size_t n = 0;
	for (size_t i = 0; i < a.message.n; i++)
		n += a.message.p[i] == 'e';
	ck_assert_uint_ge(n, OG_GF_QUOTE_BYTES);
	ck_assert_uint_le(n, OG_GF_QUOTE_BYTES + 10);
}
END_TEST

START_TEST(out_of_memory_is_a_state)
{
	for (size_t cap = 1; cap < 200; cap++) {
		og_arena_fini(&arena);
		struct og_gf_http h = {.shape = OG_GF_SHAPE_PROM, .text = OG_SV("q")};
		struct og_gf_reply r = {.http = 200, .now_s = NOW};
		r.body = OG_SV(VECTOR("{\"metric\":{\"job\":\"a\\n\",\"k8s_job_name\":\"x\"},"
				      "\"value\":[1000900,\"1000300\"]}"));
		og_arena_init(&arena, 64, cap * 64);
		og_gf_answer_read(&h, &r, &arena, &a);
		ck_assert(a.state == OG_GF_PRESENT || a.why == OG_GF_WHY_MEMORY);
		ck_assert(a.state != OG_GF_PRESENT || a.rows.n == 1);
		check_sound();
	}
	ck_assert_int_eq(a.state, OG_GF_PRESENT);
}
END_TEST

/* Many rows, with a limit on what is read. */
START_TEST(too_many_values_ask_for_less)
{
	struct og_buf b = OG_BUF_INIT(0);
	og_buf_lit(&b, "{\"status\":\"success\",\"data\":[{}");
	for (int i = 0; i < 5000000; i++)
		og_buf_lit(&b, ",{}");
	og_buf_lit(&b, "]}");
	struct og_gf_reply r = {.http = 200, .now_s = NOW, .body = og_buf_view(&b)};
	read_reply(OG_GF_LOKI_STREAMS, &r, 0);
	ck_assert_int_eq(a.state, OG_GF_BACKEND_ERROR);
	ck_assert_int_eq(a.why, OG_GF_WHY_TOO_LARGE);
	ck_assert(a.too_large);
	og_buf_fini(&b);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("grafana/answer");
	TCase *tc = tcase_create("answer");
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, good_answers, 0, (int)OG_COUNT(good));
	tcase_add_loop_test(tc, cut_answers_are_no_answers, 0, (int)OG_COUNT(good));
	tcase_add_loop_test(tc, bad_answers, 0, (int)OG_COUNT(bad));
	tcase_add_test(tc, a_trace_that_is_not_there);
	tcase_add_loop_test(tc, redirects_are_named_by_their_host, 0, (int)OG_COUNT(redirects));
	tcase_add_test(tc, old_rows_are_stale);
	tcase_add_loop_test(tc, retry_after, 0, (int)OG_COUNT(afters));
	tcase_add_test(tc, throttled_says_how_long);
	tcase_add_test(tc, credentials_are_never_quoted);
	tcase_add_test(tc, long_errors_are_cut);
	tcase_add_test(tc, out_of_memory_is_a_state);
	tcase_add_test(tc, too_many_values_ask_for_less);
	suite_add_tcase(s, tc);
	return og_suite_run(s);
}
