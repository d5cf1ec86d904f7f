/* SPDX-License-Identifier: Apache-2.0 */
/* Prometheus and Loki: what is asked of them, and what they refuse. */
#include <stdio.h>
#include <stdlib.h>
#include "cloud/test.h"
#include "otelgate/base/clock.h"
#include "otelgate/base/mem.h"

#define Q "/api/prom/api/v1/query"

static int prom(const char *query)
{
	return get(OG_CLOUD_PROM, Q, "query", query, NULL);
}

/* The number in quotes that comes after both texts, one after the other. */
static double number_after(const char *first, const char *then)
{
	const char *p = strstr(answer.p, quoted(first));

	p = p ? strstr(p, quoted(then)) : NULL;
	p = p ? strstr(p, ",\"") : NULL;
	ck_assert_msg(p, "no %s after %s in %s", then, first, answer.p);
	return strtod(p + 2, NULL);
}

START_TEST(ages_of_instances)
{
	double now = (double)og_cloud_now_ns(cloud) / OG_NS_PER_S, at;

	send_counter(RESOURCE("web-1"), 120, 5);
	send_counter(RESOURCE("web-2"), 600, 5);
	ck_assert_int_eq(prom("max by (job, instance, k8s_namespace_name, k8s_pod_name, "
			      "otelgate_revision) (max_over_time(timestamp(target_info{"
			      "k8s_cluster_name='C'})[15m:1m]))"),
		200);
	ck_assert_uint_eq(times("'job':'shop/web'"), 2);
	ck_assert(has("'k8s_pod_name':'web-1','otelgate_revision':'r1'"));
	at = number_after("'k8s_pod_name':'web-1'", "'value':[");
	ck_assert(at > now - 121 && at < now - 100);
	/* an instant selector looks five minutes back */
	prom("target_info");
	ck_assert_uint_eq(times("'metric'"), 1);
	prom("last_over_time(target_info[15m])");
	ck_assert_uint_eq(times("'metric'"), 2);
	og_cloud_age(cloud, 14 * 60 * 1000);
	prom("last_over_time(target_info[15m])");
	ck_assert(has("'result':[]"));
}
END_TEST

START_TEST(a_subquery_sees_whole_minutes_only)
{
	/* as Prometheus: steps are multiples of the step since 1970, so what came after the last
	 * whole minute is not seen yet. The sample is of the middle of the minute before this one:
	 * no second of the clock at which the test runs is another's. */
	char t[32];
	long long now = og_cloud_now_ns(cloud) / OG_NS_PER_S, minute = now / 60 * 60;

	send_counter(RESOURCE("web-1"), now - (minute - 30), 5);
	snprintf(t, sizeof(t), "%lld", minute + 1);
	ck_assert_int_eq(get(OG_CLOUD_PROM, Q, "query",
				 "max_over_time(timestamp(target_info)[15m:1m])", "time", t, NULL),
		200);
	ck_assert_uint_eq(times("'metric'"), 1);
	snprintf(t, sizeof(t), "%lld", minute - 1);
	get(OG_CLOUD_PROM, Q, "query", "timestamp(target_info)", "time", t, NULL);
	ck_assert_uint_eq(times("'metric'"), 1);
	get(OG_CLOUD_PROM, Q, "query", "max_over_time(timestamp(target_info)[15m:1m])", "time", t,
		NULL);
	ck_assert(has("'result':[]"));
}
END_TEST

START_TEST(rates_and_comparisons)
{
	for (int i = 4; i >= 0; i--)
		send_counter(RESOURCE("web-1"), i * 60, 100 + (4 - i) * 60);
	ck_assert_int_eq(prom("sum by (job) (rate(http_requests_total[5m])) > 0"), 200);
	ck_assert(has("'metric':{'job':'shop/web'}"));
	ck_assert(has("'1']") || has("'0.9") || has("'1.0"));
	prom("sum by (job) (rate(http_requests_total[5m])) > 2");
	ck_assert(has("'result':[]"));
	prom("count(http_requests_total) or group by (job) (target_info)");
	ck_assert_uint_eq(times("'metric'"), 2);
	prom("count_over_time(http_requests_total[10m])");
	ck_assert(has(",'5']"));
	ck_assert(!has("__name__"));
	prom("sum(increase(http_requests_total[5m])) / count(http_requests_total)");
	ck_assert_uint_eq(times("'metric':{}"), 1);
	prom("1 + 2 * 3");
	ck_assert(has("'resultType':'scalar'"));
	ck_assert(has(",'7']"));
	ck_assert_int_eq(
		get(OG_CLOUD_PROM, "/api/prom/api/v1/query_range", "query", "http_requests_total",
			"start", "1", "end", "2", "step", "60", NULL),
		200);
	ck_assert(has("'resultType':'matrix','result':[]"));
}
END_TEST

START_TEST(matchers_of_every_kind)
{
	send_counter(RESOURCE("web-1"), 1, 5);
	send_counter(RESOURCE("web-2"), 1, 5);
	prom("{__name__=~'http_.*', k8s_pod_name!='web-2', k8s_pod_name=~'web-.', nothing=''}");
	ck_assert_uint_eq(times("'metric'"), 1);
	prom("http_requests_total{k8s_pod_name!~'web-1|web-2'}");
	ck_assert(has("'result':[]"));
	prom("{'http_requests_total', 'k8s_pod_name'='web-1'}");
	ck_assert_uint_eq(times("'metric'"), 1);
}
END_TEST

START_TEST(labels_are_replaced)
{
	send_counter(RESOURCE("web-1"), 1, 5);
	prom("label_replace(target_info, 'metric', 'x', '', '')");
	ck_assert(has("'metric':'x'"));
	prom("label_replace(target_info, 'number', '$1', 'k8s_pod_name', 'web-(.*)')");
	ck_assert(has("'number':'1'"));
	prom("label_replace(target_info, 'number', '$1', 'k8s_pod_name', 'web')");
	ck_assert(!has("number"));
	prom("label_replace(target_info, 'job', '', 'job', '.*')");
	ck_assert(!has("'job'"));
	ck_assert_int_eq(prom("label_replace(foo, 'a', 'b', 'c', '(')"), 422);
	prom("histogram_count(rate(http_requests_total[5m]))");
	ck_assert(has("'result':[]"));
	prom("vector(1)");
	ck_assert(has("{'metric':{},'value':["));
}
END_TEST

START_TEST(native_histograms_are_counted)
{
	og_auto_buf struct og_buf b = OG_BUF_INIT(0);

	for (int i = 2; i >= 0; i--) {
		og_buf_reset(&b);
		og_buf_fmt(&b,
			"{'resourceMetrics':[{" RESOURCE(
				"web-1") ",'scopeMetrics':[{'metrics':[{'name':"
					 "'http.server.request.duration','unit':'s',"
					 "'exponentialHistogram':{'aggregationTemporality':2,"
					 "'dataPoints':[{'timeUnixNano':'%s','count':'%d','scale':1"
					 "}]}}]}]}]}",
			ago(i * 60), 30 - i * 10);
		ck_assert_int_eq(og_cloud_push(cloud, "metrics", quoted(b.p), NULL), 0);
	}
	prom("sum by (job) (histogram_count(increase(http_server_request_duration_seconds[5m])))");
	ck_assert(has("'metric':{'job':'shop/web'}"));
}
END_TEST

START_TEST(labels_and_series)
{
	send_counter(RESOURCE("web-1"), 1, 5);
	ck_assert_int_eq(get(OG_CLOUD_PROM, "/api/prom/api/v1/labels", NULL), 200);
	ck_assert(has("'otelgate_revision'"));
	get(OG_CLOUD_PROM, "/api/prom/api/v1/label/k8s_pod_name/values", NULL);
	ck_assert_str_eq(answer.p, quoted("{'status':'success','data':['web-1']}"));
	get(OG_CLOUD_PROM, "/api/prom/api/v1/series", "match[]", "{job='shop/web'}", NULL);
	ck_assert_uint_eq(times("__name__"), 2);
	get(OG_CLOUD_PROM, "/api/prom/api/v1/series", "match[]", "{job='x'}", NULL);
	ck_assert(has("'data':[]"));
	ck_assert_int_eq(get(OG_CLOUD_PROM, "/api/prom/api/v1/series", NULL), 400);
	ck_assert_int_eq(get(OG_CLOUD_PROM, "/api/prom/api/v1/series", "match[]", "{}", NULL), 400);
	ck_assert_int_eq(ask(&(struct ask){.host = OG_CLOUD_PROM,
				 .method = "POST",
				 .path = Q,
				 .type = "application/x-www-form-urlencoded",
				 .body = "query=count%28target_info%29"}),
		200);
	ck_assert(has(",'1']"));
}
END_TEST

START_TEST(unknown_promql_is_bad_data)
{
	static const char *const bad[] = {"", "sum by (x", "foo[5m]", "rate(foo)", "foo[5x]",
		"label_replace(foo, 'a')", "vector(foo)", "topk(3, foo)", "foo{a=~'('}", "{}",
		"{a=''}", "foo{a}", "foo bar", "1 > 2", "foo and 1", "foo offset 5", "sum(foo[5m])",
		"foo * on (a) group_left (b) bar", "timestamp(foo[5m])", "-", "foo{", "\"x\"",
		"histogram_quantile(0.9, foo)", "((((((((((foo"};

	for (size_t i = 0; i < OG_COUNT(bad); i++) {
		ck_assert_msg(prom(bad[i]) == 400, "%s gave %s", bad[i], answer.p);
		ck_assert(has("'status':'error','errorType':'bad_data','error':'"));
		ck_assert(head_has("application/json"));
	}
	ck_assert_int_eq(get(OG_CLOUD_PROM, Q, "query", "foo", "time", "x", NULL), 400);
	ck_assert_int_eq(get(OG_CLOUD_PROM, "/api/prom/api/v1/query_range", "query", "foo", "start",
				 "1", "end", "100000", "step", "1", NULL),
		400);
	ck_assert(has("11,000 points"));
	ck_assert_int_eq(get(OG_CLOUD_PROM, "/api/prom/api/v1/nothing", NULL), 404);
	ck_assert_int_eq(get(OG_CLOUD_PROM, "/api/v1/query", NULL), 404);
	ck_assert(head_has("text/html"));
}
END_TEST

START_TEST(what_was_sent_is_seen_later)
{
	ck_assert_int_eq(og_cloud_config(cloud, "{\"delayMs\":{\"prometheus\":3600000}}", NULL), 0);
	send_counter(RESOURCE("web-1"), 1, 5);
	prom("target_info");
	ck_assert(has("'result':[]"));
	get(OG_CLOUD_PROM, "/api/prom/api/v1/series", "match[]", "{job=~'.+'}", NULL);
	ck_assert(has("'data':[]"));
	ck_assert_int_eq(og_cloud_config(cloud, "{\"delayMs\":{\"prometheus\":0}}", NULL), 0);
	prom("target_info");
	ck_assert(has("web-1"));
}
END_TEST

START_TEST(a_label_policy_hides_series)
{
	send_counter(RESOURCE("web-1"), 1, 5);
	ck_assert_int_eq(
		og_cloud_config(
			cloud, "{\"visible\":{\"prometheus\":\"k8s_namespace_name=other\"}}", NULL),
		0);
	prom("target_info");
	ck_assert(has("'result':[]"));
	ck_assert_int_eq(og_cloud_config(cloud, "{\"visible\":{\"prometheus\":\"\"}}", NULL), 0);
	prom("target_info");
	ck_assert(has("web-1"));
}
END_TEST

START_TEST(prom_series_limit)
{
	struct og_cloud_seed seed = {.workloads = 20};

	ck_assert_int_eq(og_cloud_seed(cloud, &seed, NULL), 0);
	ck_assert_int_eq(og_cloud_config(cloud, "{\"limits\":{\"promSeries\":19}}", NULL), 0);
	ck_assert_int_eq(prom("target_info"), 422);
	ck_assert(has("err-mimir-max-series-per-query"));
	ck_assert_int_eq(og_cloud_config(cloud, "{\"limits\":{\"promSeries\":20}}", NULL), 0);
	ck_assert_int_eq(prom("target_info"), 200);
	ck_assert_uint_eq(times("'metric'"), 20);
}
END_TEST

Suite *suite_prom(void)
{
	Suite *s = suite_create("prometheus");
	TCase *t = cloud_case(s, "queries");

	tcase_add_test(t, ages_of_instances);
	tcase_add_test(t, a_subquery_sees_whole_minutes_only);
	tcase_add_test(t, rates_and_comparisons);
	tcase_add_test(t, matchers_of_every_kind);
	tcase_add_test(t, labels_are_replaced);
	tcase_add_test(t, native_histograms_are_counted);
	tcase_add_test(t, labels_and_series);
	tcase_add_test(t, unknown_promql_is_bad_data);
	tcase_add_test(t, what_was_sent_is_seen_later);
	tcase_add_test(t, a_label_policy_hides_series);
	tcase_add_test(t, prom_series_limit);
	return s;
}

#define TRACED ",'traceId':'000102030405060708090a0b0c0d0e0f','spanId':'0102030405060708'"

static int loki(const char *query)
{
	return get(OG_CLOUD_LOKI, "/loki/api/v1/query", "query", query, NULL);
}

START_TEST(index_labels_and_metadata)
{
	send_line(RESOURCE("web-1"), 60, TRACED);
	ck_assert_int_eq(get(OG_CLOUD_LOKI, "/loki/api/v1/series", "match[]",
				 "{k8s_cluster_name='C'}", NULL),
		200);
	ck_assert(has("'service_namespace':'shop'"));
	ck_assert(has("'k8s_pod_name':'web-1'"));
	ck_assert(!has("otelgate_revision"));
	ck_assert_int_eq(loki("sum by (service_namespace, service_name, k8s_pod_name, "
			      "otelgate_revision) (count_over_time({k8s_cluster_name='C'}[15m]))"),
		200);
	ck_assert(has("'metric':{'k8s_pod_name':'web-1','otelgate_revision':'r1','service_name':"
		      "'web','service_namespace':'shop'}"));
	loki("sum by (telemetry_sdk_language, scope_name) (count_over_time({service_name='web'} | "
	     "scope_name='lib' [15m]))");
	ck_assert(has("'scope_name':'lib','telemetry_sdk_language':'python'"));
}
END_TEST

START_TEST(share_of_correlated_lines)
{
	send_line(RESOURCE("web-1"), 60, TRACED);
	send_line(RESOURCE("web-1"), 50, "");
	loki("sum by (service_name) (count_over_time({service_name='web'} | trace_id!='' [15m]))");
	ck_assert(has(",'1']"));
	loki("sum by (service_name) (count_over_time({service_name='web'} | trace_id!='' [15m])) / "
	     "sum by (service_name) (count_over_time({service_name='web'}[15m]))");
	ck_assert(has(",'0.5']"));
	loki("(sum by (service_name) (count_over_time({service_name='web'} | trace_id = 'x' [15m])) "
	     "or sum by (service_name) (count_over_time({service_name='web'}[15m])) * 0) / sum by "
	     "(service_name) (count_over_time({service_name='web'}[15m]))");
	ck_assert(has(",'0']"));
	loki("sum(count_over_time({service_name='web'} |= 'hell' != 'x' |~ 'h.*o' [15m]))");
	ck_assert(has(",'2']"));
	loki("sum(count_over_time({service_name='web'} |= 'nothing' [15m]))");
	ck_assert(has("'result':[]"));
}
END_TEST

START_TEST(lines_come_newest_first)
{
	int64_t before = og_cloud_now_ns(cloud) - 30 * OG_NS_PER_S, at;
	const char *first;

	send_line(RESOURCE("web-1"), 60, "");
	send_line(RESOURCE("web-1"), 30, "");
	ck_assert_int_eq(get(OG_CLOUD_LOKI, "/loki/api/v1/query_range", "query",
				 "{service_name='web'}", "limit", "1", NULL),
		200);
	ck_assert(has("'resultType':'streams'"));
	ck_assert_uint_eq(times("'hello'"), 1);
	first = strstr(answer.p, "[[\"");
	ck_assert_ptr_nonnull(first);
	at = strtoll(first + 3, NULL, 10);
	ck_assert_int_ge(at, before);
	ck_assert_int_le(at, og_cloud_now_ns(cloud) - 30 * OG_NS_PER_S);
	get(OG_CLOUD_LOKI, "/loki/api/v1/query_range", "query", "{service_name='web'}", "start",
		ago(3600), "end", ago(100), NULL);
	ck_assert(has("'result':[]"));
	ck_assert_int_eq(
		get(OG_CLOUD_LOKI, "/loki/api/v1/query_range", "query",
			"sum(count_over_time({service_name='web'}[1m]))", "step", "10s", NULL),
		200);
	ck_assert(has("'resultType':'matrix'"));
}
END_TEST

START_TEST(series_limit_of_metric_queries)
{
	struct og_cloud_seed seed = {.workloads = 30, .signals = 4};

	ck_assert_int_eq(og_cloud_seed(cloud, &seed, NULL), 0);
	ck_assert_int_eq(og_cloud_config(cloud, "{\"limits\":{\"lokiSeries\":29}}", NULL), 0);
	ck_assert_int_eq(
		loki("sum by (service_name) (count_over_time({k8s_cluster_name='sim'}[15m]))"),
		400);
	ck_assert(has("maximum number of series (29) reached for a single query"));
	ck_assert(head_has("text/plain"));
	/* /series is no metric query */
	ck_assert_int_eq(get(OG_CLOUD_LOKI, "/loki/api/v1/series", "match[]",
				 "{k8s_cluster_name='sim'}", NULL),
		200);
	ck_assert_uint_eq(times("'k8s_pod_name'"), 30);
	/* a sum of few groups is computed in shards */
	ck_assert_int_eq(loki("sum by (k8s_cluster_name) (count_over_time({k8s_cluster_name='sim'}"
			      "[15m]))"),
		200);
	ck_assert(has(",'30']"));
	ck_assert_int_eq(
		loki("avg by (k8s_cluster_name) (count_over_time({k8s_cluster_name='sim'}[15m]))"),
		400);
}
END_TEST

START_TEST(unknown_logql_is_refused_in_plain_text)
{
	static const char *const bad[] = {"", "{service_name='web'}", "count_over_time({a='b'})",
		"sum(rate({a='b'}))", "count_over_time({}[5m])", "count_over_time({a=~'.*'}[5m])",
		"{a='b'} | json", "sum(count_over_time({a='b'} | json [5m]))", "foo",
		"quantile_over_time(0.9, {a='b'} [5m])", "sum by (a (count_over_time({a='b'}[5m]))",
		"rate({a='b'} | unwrap x [5m])", "count_over_time({a='b'}[5m:1m])", "time()"};

	for (size_t i = 0; i < OG_COUNT(bad); i++) {
		ck_assert_msg(loki(bad[i]) == 400, "%s gave %s", bad[i], answer.p);
		ck_assert(head_has("text/plain"));
	}
	ck_assert_int_eq(loki("{service_name='web'}"), 400);
	ck_assert(has("log queries are not supported as an instant query type"));
	ck_assert_int_eq(get(OG_CLOUD_LOKI, "/loki/api/v1/series", "match[]", "{", NULL), 400);
	ck_assert_int_eq(get(OG_CLOUD_LOKI, "/loki/api/v1/series", "start", "x", NULL), 400);
	ck_assert_int_eq(get(OG_CLOUD_LOKI, "/api/v1/query", NULL), 404);
}
END_TEST

START_TEST(loki_labels)
{
	get(OG_CLOUD_LOKI, "/loki/api/v1/labels", NULL);
	ck_assert_str_eq(answer.p, quoted("{'status':'success'}"));
	send_line(RESOURCE("web-1"), 60, "");
	get(OG_CLOUD_LOKI, "/loki/api/v1/labels", NULL);
	ck_assert(has("'k8s_pod_name'"));
	get(OG_CLOUD_LOKI, "/loki/api/v1/label/service_name/values", NULL);
	ck_assert(has("'data':['web']"));
	get(OG_CLOUD_LOKI, "/loki/api/v1/label/service_name/values", "query",
		"{service_name='other'}", NULL);
	ck_assert(!has("web"));
	og_cloud_age(cloud, 7 * 3600 * 1000);
	get(OG_CLOUD_LOKI, "/loki/api/v1/labels", NULL);
	ck_assert_str_eq(answer.p, quoted("{'status':'success'}"));
	get(OG_CLOUD_LOKI, "/loki/api/v1/labels", "since", "10h", NULL);
	ck_assert(has("service_name"));
}
END_TEST

START_TEST(lines_of_stdout)
{
	og_auto_buf struct og_buf b = OG_BUF_INIT(0);

	og_buf_fmt(&b,
		"{'streams':[{'stream':{'namespace':'shop','container':'app','k8s_cluster_name':"
		"'C'},'values':[['%s','line']]}]}",
		ago(1));
	ck_assert_int_eq(ask(&(struct ask){.host = OG_CLOUD_LOKI,
				 .method = "POST",
				 .path = "/loki/api/v1/push",
				 .type = "application/json",
				 .token = OG_CLOUD_TOKEN_WRITE,
				 .body = quoted(b.p)}),
		204);
	loki("sum by (service_name, scope_name) (count_over_time({k8s_cluster_name='C'}[15m]))");
	ck_assert(has("'metric':{'service_name':'app'}"));
	ck_assert_int_eq(ask(&(struct ask){.host = OG_CLOUD_LOKI,
				 .method = "POST",
				 .path = "/loki/api/v1/push",
				 .type = "application/json",
				 .body = quoted("{'streams':[{'stream':{},'values':[]}]}")}),
		400);
}
END_TEST

START_TEST(nobody_named_the_service)
{
	send_line("'resource':{'attributes':[]}", 1, "");
	get(OG_CLOUD_LOKI, "/loki/api/v1/label/service_name/values", NULL);
	ck_assert(has("'unknown_service'"));
}
END_TEST

Suite *suite_loki(void)
{
	Suite *s = suite_create("loki");
	TCase *t = cloud_case(s, "queries");

	tcase_add_test(t, index_labels_and_metadata);
	tcase_add_test(t, share_of_correlated_lines);
	tcase_add_test(t, lines_come_newest_first);
	tcase_add_test(t, series_limit_of_metric_queries);
	tcase_add_test(t, unknown_logql_is_refused_in_plain_text);
	tcase_add_test(t, loki_labels);
	tcase_add_test(t, lines_of_stdout);
	tcase_add_test(t, nobody_named_the_service);
	return s;
}
