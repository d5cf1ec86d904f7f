/* SPDX-License-Identifier: Apache-2.0 */
/* Tempo and Pyroscope. */
#include <stdio.h>
#include <stdlib.h>
#include "cloud/test.h"
#include "otelgate/base/mem.h"

#define ID	"0102030405060708090a0b0c0d0e0f10"
#define METRICS "/tempo/api/metrics/query"
#define GROUPS	"resource.service.namespace,resource.service.name,resource.otelgate.revision"

START_TEST(search_cuts_leading_zeros)
{
	send_span(RESOURCE("web-1"), 60, ID);
	ck_assert_int_eq(get(OG_CLOUD_TEMPO, "/tempo/api/search", "q",
				 "{resource.k8s.cluster.name='C' && kind=server}", "start", "1",
				 "end", "99999999999", NULL),
		200);
	ck_assert(has("'traceID':'102030405060708090a0b0c0d0e0f10'"));
	ck_assert(has("'rootServiceName':'web','rootTraceName':'GET /'"));
	ck_assert(has("'durationMs':5000"));
	ck_assert(has("'completedJobs':3,'totalJobs':3"));
	get(OG_CLOUD_TEMPO, "/tempo/api/search", "q", "{resource.service.name='x'}", NULL);
	ck_assert(has("'traces':[]"));
	get(OG_CLOUD_TEMPO, "/tempo/api/search", "q",
		"{trace:id='102030405060708090a0b0c0d0e0f10'}", NULL);
	ck_assert(has("'rootServiceName'"));
}
END_TEST

START_TEST(search_looks_at_what_is_recent)
{
	char start[24], end[24];

	send_span(RESOURCE("web-1"), 3600, ID);
	get(OG_CLOUD_TEMPO, "/tempo/api/search", "q", "{}", NULL);
	ck_assert(has("'traces':[]"));
	snprintf(start, sizeof(start), "%.10s", ago(7200));
	snprintf(end, sizeof(end), "%.10s", ago(0));
	get(OG_CLOUD_TEMPO, "/tempo/api/search", "q", "{}", "start", start, "end", end, NULL);
	ck_assert(has("'rootServiceName'"));
	ck_assert_int_eq(
		get(OG_CLOUD_TEMPO, "/tempo/api/search", "start", end, "end", start, NULL), 400);
}
END_TEST

START_TEST(conditions_of_every_kind)
{
	static const char *const yes[] = {"{}", "{ true }", "{span.http.response.status_code=200}",
		"{.http.response.status_code>=200}", "{.service.name=~'w.b'}", "{name='GET /'}",
		"{duration>1s && duration<6s}", "{status=unset}", "{kind!=client}",
		"{resource.nothing=nil}", "{resource.service.name!=nil}",
		"{resource.service.name='x' || (resource.service.name='web' && true)}",
		"{resource.service.name='web'} | select(span.http.response.status_code)",
		"{span:name='GET /'}", "{resource.'service.name'='web'}"};
	static const char *const no[] = {"{span.http.response.status_code=500}",
		"{resource.nothing!='x'}", "{status=error}", "{duration>6s}", "{name!~'GET.*'}",
		"{resource.service.name=nil}", "{span.service.name='web'}"};

	send_span(RESOURCE("web-1"), 60, ID);
	for (size_t i = 0; i < OG_COUNT(yes); i++) {
		ck_assert_int_eq(get(OG_CLOUD_TEMPO, "/tempo/api/search", "q", yes[i], NULL), 200);
		ck_assert_msg(has("'traceID'"), "%s", yes[i]);
	}
	for (size_t i = 0; i < OG_COUNT(no); i++) {
		ck_assert_int_eq(get(OG_CLOUD_TEMPO, "/tempo/api/search", "q", no[i], NULL), 200);
		ck_assert_msg(!has("'traceID'"), "%s", no[i]);
	}
}
END_TEST

START_TEST(instant_metrics)
{
	ck_assert_int_eq(get(OG_CLOUD_TEMPO, METRICS, "q", "{} | count_over_time() by(" GROUPS ")",
				 "since", "15m", NULL),
		200);
	ck_assert(!has("series")); /* no key at all */
	send_span(RESOURCE("web-1"), 60, ID);
	send_span("'resource':{'attributes':[]}", 60, ID);
	get(OG_CLOUD_TEMPO, METRICS, "q", "{} | count_over_time() by(" GROUPS ")", "since", "15m",
		NULL);
	ck_assert(has("{'key':'resource.otelgate.revision','value':{'stringValue':'r1'}}],"
		      "'value':1}"));
	ck_assert_uint_eq(times("{'stringValue':'nil'}"), 3);
	/* the newest half minute is cut off in the range form */
	send_span(RESOURCE("web-2"), 10, ID);
	get(OG_CLOUD_TEMPO, METRICS, "q",
		"{resource.k8s.pod.name='web-2'} | count_over_time() by(resource.k8s.pod.name)",
		"since", "15m", NULL);
	ck_assert(has("web-2"));
	ck_assert_int_eq(get(OG_CLOUD_TEMPO, "/tempo/api/metrics/query_range", "q",
				 "{resource.k8s.pod.name='web-2'} | count_over_time()", "since",
				 "15m", "step", "60", NULL),
		200);
	ck_assert(has("'series':[]"));
	get(OG_CLOUD_TEMPO, "/tempo/api/metrics/query_range", "q", "{} | rate()", "since", "15m",
		NULL);
	ck_assert(has("'timestampMs':'"));
}
END_TEST

START_TEST(metrics_of_too_many_series_are_partial)
{
	struct og_cloud_seed seed = {.workloads = 12, .signals = 2};

	ck_assert_int_eq(og_cloud_seed(cloud, &seed, NULL), 0);
	ck_assert_int_eq(og_cloud_config(cloud, "{\"limits\":{\"tempoSeries\":10}}", NULL), 0);
	ck_assert_int_eq(
		get(OG_CLOUD_TEMPO, METRICS, "q",
			"{} | count_over_time() by(resource.service.name)", "since", "15m", NULL),
		200);
	ck_assert_uint_eq(times("'value':1}"), 10);
	ck_assert(has("'status':'PARTIAL','message':'Response exceeds maximum series limit of 10"));
}
END_TEST

START_TEST(traceql_errors_are_plain_text)
{
	static const char *const bad[] = {"{", "x", "{foo='x'}", "{resource.a}", "{resource.a=}",
		"{} | json", "{} | avg_over_time(x)", "{resource.a='x' &&}", "{resource.a>'x'}",
		"{} | count_over_time() | rate()", "{resource.a=~'('}", "{} by(resource.a)"};

	for (size_t i = 0; i < OG_COUNT(bad); i++) {
		ck_assert_msg(get(OG_CLOUD_TEMPO, "/tempo/api/search", "q", bad[i], NULL) == 400,
			"%s gave %s", bad[i], answer.p);
		ck_assert(has("invalid TraceQL query: "));
		ck_assert(head_has("text/plain"));
		ck_assert_int_eq(
			get(OG_CLOUD_TEMPO, METRICS, "q", bad[i], "since", "15m", NULL), 400);
		ck_assert(has("compiling query: "));
	}
	ck_assert_int_eq(get(OG_CLOUD_TEMPO, METRICS, "q", "{}", "since", "15m", NULL), 400);
	ck_assert_int_eq(
		get(OG_CLOUD_TEMPO, METRICS, "q", "{} | rate()", "since", "25h", NULL), 400);
	ck_assert(has("exceeds the maximum allowed duration of 24h0m0s"));
	ck_assert_int_eq(get(OG_CLOUD_TEMPO, "/api/search", NULL), 404);
}
END_TEST

START_TEST(tag_values_ignore_a_broken_query)
{
	send_span(RESOURCE("web-1"), 60, ID);
	get(OG_CLOUD_TEMPO, "/tempo/api/v2/search/tag/resource.service.name/values", NULL);
	ck_assert(has("'tagValues':[{'type':'string','value':'web'}]"));
	get(OG_CLOUD_TEMPO, "/tempo/api/v2/search/tag/resource.service.name/values", "q",
		"{resource.k8s.namespace.name='x'}", NULL);
	ck_assert(has("'tagValues':[]"));
	ck_assert_int_eq(
		get(OG_CLOUD_TEMPO, "/tempo/api/v2/search/tag/resource.service.name/values", "q",
			"{broken", NULL),
		200);
	ck_assert(has("'value':'web'"));
}
END_TEST

START_TEST(traces_by_id)
{
	send_span(RESOURCE("web-1"), 60, ID);
	ck_assert_int_eq(get(OG_CLOUD_TEMPO, "/tempo/api/v2/traces/" ID, NULL), 200);
	ck_assert(has("'traceId':'AQIDBAUGBwgJCgsMDQ4PEA=='"));
	ck_assert(has("'intValue':'200'"));
	get(OG_CLOUD_TEMPO, "/tempo/api/v2/traces/102030405060708090a0b0c0d0e0f10", NULL);
	ck_assert(has("'traceId'"));
	ck_assert_int_eq(get(OG_CLOUD_TEMPO, "/tempo/api/v2/traces/ff", NULL), 200);
	ck_assert_str_eq(answer.p, quoted("{'trace':{},'metrics':{}}"));
	ck_assert_int_eq(get(OG_CLOUD_TEMPO, "/tempo/api/v2/traces/xyz", NULL), 400);
	ck_assert_int_eq(get(OG_CLOUD_TEMPO, "/tempo/api/echo", NULL), 200);
	ck_assert_str_eq(answer.p, "echo");
}
END_TEST

START_TEST(spans_come_late)
{
	ck_assert_int_eq(og_cloud_config(cloud, "{\"delayMs\":{\"tempo\":3600000}}", NULL), 0);
	send_span(RESOURCE("web-1"), 60, ID);
	get(OG_CLOUD_TEMPO, "/tempo/api/v2/traces/" ID, NULL);
	ck_assert(!has("traceId"));
	ck_assert_int_eq(og_cloud_config(cloud, "{\"delayMs\":{\"tempo\":0}}", NULL), 0);
	get(OG_CLOUD_TEMPO, "/tempo/api/v2/traces/" ID, NULL);
	ck_assert(has("traceId"));
}
END_TEST

Suite *suite_tempo(void)
{
	Suite *s = suite_create("tempo");
	TCase *t = cloud_case(s, "queries");

	tcase_add_test(t, search_cuts_leading_zeros);
	tcase_add_test(t, search_looks_at_what_is_recent);
	tcase_add_test(t, conditions_of_every_kind);
	tcase_add_test(t, instant_metrics);
	tcase_add_test(t, metrics_of_too_many_series_are_partial);
	tcase_add_test(t, traceql_errors_are_plain_text);
	tcase_add_test(t, tag_values_ignore_a_broken_query);
	tcase_add_test(t, traces_by_id);
	tcase_add_test(t, spans_come_late);
	return s;
}

#define RPC  "/querier.v1.QuerierService/"
#define EVER "'start':1,'end':'99999999999999'"

static int ingest(const char *path, const char *body)
{
	return ask(&(struct ask){.host = OG_CLOUD_PYROSCOPE,
		.method = "POST",
		.path = path,
		.token = OG_CLOUD_TOKEN_WRITE,
		.body = body});
}

START_TEST(folded_profiles_arrive)
{
	ck_assert_int_eq(ingest("/ingest?name=web%7Bservice_namespace%3Dshop%2Cpod%3Dweb-1%7D&"
				"format=folded&sampleRate=100",
				 "a;b 40\na;c 20\n"),
		200);
	ck_assert_uint_eq(answer.len, 0);
	ck_assert_int_eq(post(OG_CLOUD_PYROSCOPE, RPC "Series",
				 "{'matchers':['{service_name=\\\"web\\\"}'],'labelNames':['pod',"
				 "'service_name','service_namespace']," EVER "}"),
		200);
	ck_assert_str_eq(answer.p,
		quoted("{'labelsSet':[{'labels':[{'name':'pod','value':'web-1'},{'name':"
		       "'service_name','value':'web'},{'name':'service_namespace','value':'shop'}]"
		       "}]}"));
	post(OG_CLOUD_PYROSCOPE, RPC "SelectSeries",
		"{'profileTypeID':'process_cpu:cpu:nanoseconds:cpu:nanoseconds','labelSelector':"
		"'{}','groupBy':['service_name'],'step':15," EVER "}");
	ck_assert(has("'points':[{'value':600000000,'timestamp':'"));
	post(OG_CLOUD_PYROSCOPE, RPC "LabelValues", "{'name':'service_name'," EVER "}");
	ck_assert_str_eq(answer.p, quoted("{'names':['web']}"));
	post(OG_CLOUD_PYROSCOPE, RPC "LabelNames", "{" EVER "}");
	ck_assert(has("'__profile_type__'"));
	post(OG_CLOUD_PYROSCOPE, RPC "ProfileTypes", "{" EVER "}");
	ck_assert(has("{'ID':'process_cpu:cpu:nanoseconds:cpu:nanoseconds','name':'process_cpu',"
		      "'sampleType':'cpu','sampleUnit':'nanoseconds','periodType':'cpu',"
		      "'periodUnit':'nanoseconds'}"));
	post(OG_CLOUD_PYROSCOPE, RPC "GetProfileStats", "{}");
	ck_assert_str_eq(answer.p, "{}");
}
END_TEST

START_TEST(nothing_is_an_empty_object)
{
	static const char *const methods[] = {
		"Series", "LabelNames", "LabelValues", "ProfileTypes", "SelectSeries"};
	og_auto_buf struct og_buf b = OG_BUF_INIT(0);

	for (size_t i = 0; i < OG_COUNT(methods); i++) {
		og_buf_reset(&b);
		og_buf_fmt(&b, RPC "%s", methods[i]);
		ck_assert_int_eq(post(OG_CLOUD_PYROSCOPE, b.p,
					 "{'profileTypeID':'a:b:c:d:e','name':'x'," EVER "}"),
			200);
		ck_assert_str_eq(answer.p, "{}");
		ck_assert_int_eq(post(OG_CLOUD_PYROSCOPE, b.p, "{}"), 400);
		ck_assert(has("'code':'invalid_argument','message':'missing time range in the "
			      "query'"));
	}
}
END_TEST

START_TEST(wrong_profile_calls)
{
	ck_assert_int_eq(
		post(OG_CLOUD_PYROSCOPE, RPC "Series", "{'matchers':['{a=']," EVER "}"), 400);
	ck_assert(has("failed to parse label selector"));
	ck_assert_int_eq(post(OG_CLOUD_PYROSCOPE, RPC "Nothing", "{}"), 404);
	ck_assert_str_eq(answer.p, "404 page not found\n");
	ck_assert_int_eq(post(OG_CLOUD_PYROSCOPE, RPC "Series", "{"), 400);
	ck_assert_int_eq(
		post(OG_CLOUD_PYROSCOPE, RPC "SelectSeries", "{'profileTypeID':'cpu'," EVER "}"),
		400);
	ck_assert_int_eq(ingest("/ingest?name=&format=folded", "a 1"), 422);
	ck_assert_int_eq(ingest("/ingest?name=web&format=folded", "no number"), 422);
	ck_assert_int_eq(ingest("/ingest?name=web&format=pprof", ""), 422);
	ck_assert_int_eq(ask(&(struct ask){.host = OG_CLOUD_PYROSCOPE,
				 .path = RPC "Series",
				 .token = OG_CLOUD_TOKEN_READ}),
		405);
}
END_TEST

START_TEST(pushed_profiles_arrive)
{
	static const char json[] =
		"{'series':[{'labels':[{'name':'__name__','value':'process_cpu'},{'name':"
		"'service_name','value':'web'}],'samples':[{'rawProfile':'AAEC'}]}]}";
	/* the same by hand: series 1, labels 1 of name 1 and value 2, samples 2 of raw_profile 1 */
	static const char pb[] = "\x0a\x34"
				 "\x0a\x17\x0a\x08__name__\x12\x0bprocess_cpu"
				 "\x0a\x14\x0a\x0cservice_name\x12\x04push"
				 "\x12\x03\x0a\x01\x00";

	ck_assert_int_eq(ask(&(struct ask){.host = OG_CLOUD_PYROSCOPE,
				 .method = "POST",
				 .path = "/push.v1.PusherService/Push",
				 .token = OG_CLOUD_TOKEN_WRITE,
				 .type = "application/json",
				 .body = quoted(json)}),
		200);
	ck_assert_int_eq(ask(&(struct ask){.host = OG_CLOUD_PYROSCOPE,
				 .method = "POST",
				 .path = "/push.v1.PusherService/Push",
				 .token = OG_CLOUD_TOKEN_WRITE,
				 .type = "application/proto",
				 .body = pb,
				 .n = sizeof(pb) - 1}),
		200);
	post(OG_CLOUD_PYROSCOPE, RPC "LabelValues", "{'name':'service_name'," EVER "}");
	ck_assert_str_eq(answer.p, quoted("{'names':['push','web']}"));
	ck_assert_int_eq(ask(&(struct ask){.host = OG_CLOUD_PYROSCOPE,
				 .method = "POST",
				 .path = "/push.v1.PusherService/Push",
				 .token = OG_CLOUD_TOKEN_WRITE,
				 .type = "application/proto",
				 .body = pb,
				 .n = sizeof(pb) - 2}),
		400);
}
END_TEST

START_TEST(otlp_profiles_arrive)
{
	static const char json[] =
		"{'resourceProfiles':[{" RESOURCE("web-1") ",'scopeProfiles':[{'profiles':[{"
							   "'samples':[{},{}]}]}]}]}";

	ck_assert_int_eq(ask(&(struct ask){.host = OG_CLOUD_PYROSCOPE,
				 .method = "POST",
				 .path = "/v1development/profiles",
				 .token = OG_CLOUD_TOKEN_WRITE,
				 .type = "application/json",
				 .body = quoted(json)}),
		200);
	post(OG_CLOUD_PYROSCOPE, RPC "Series",
		"{'labelNames':['k8s.pod.name','otelgate.revision','service_name']," EVER "}");
	ck_assert(has("{'name':'k8s.pod.name','value':'web-1'}"));
	ck_assert(has("{'name':'otelgate.revision','value':'r1'}"));
	ck_assert_int_eq(og_cloud_config(cloud, "{\"gatewayProfiles\":true}", NULL), 0);
	ck_assert_int_eq(post(OG_CLOUD_GATEWAY, "/otlp/v1development/profiles", json), 200);
}
END_TEST

Suite *suite_pyroscope(void)
{
	Suite *s = suite_create("pyroscope");
	TCase *t = cloud_case(s, "calls");

	tcase_add_test(t, folded_profiles_arrive);
	tcase_add_test(t, nothing_is_an_empty_object);
	tcase_add_test(t, wrong_profile_calls);
	tcase_add_test(t, pushed_profiles_arrive);
	tcase_add_test(t, otlp_profiles_arrive);
	return s;
}
