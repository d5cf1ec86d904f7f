/* SPDX-License-Identifier: Apache-2.0 */
/* Questions as requests: texts, units of time, and that no name can get out of its quotes. */
#include "otelgate/grafana/query.h"

#include <stdio.h>
#include "otelgate/base/mem.h"
#include "otelgate/codec/jdoc.h"
#include "otelgate/codec/percent.h"
#include "support/suite.h"

static struct og_arena arena;
static struct og_gf_http h;
static struct og_err err;

static void setup(void)
{
	og_arena_init(&arena, 0, 0);
	err = (struct og_err)OG_ERR_INIT;
}

static void teardown(void)
{
	og_arena_fini(&arena);
}

static struct og_gf_query question(enum og_gf_ask ask)
{
	struct og_gf_query q = {.ask = ask, .end_s = 1000000};
	q.cluster = OG_SV("prod");
	if (ask == OG_GF_PROM_TEXT || ask == OG_GF_LOKI_TEXT || ask == OG_GF_TEMPO_TEXT)
		q.text = OG_SV("up");
	if (ask == OG_GF_PROM_FIND)
		q.name = OG_SV("otelgate_probe");
	q.label = ask == OG_GF_TEMPO_FIND ? OG_SV("span.otelgate.probe") : OG_SV("otelgate_probe");
	q.value = OG_SV("abc123");
	return q;
}

static void make(const struct og_gf_query *q)
{
	ck_assert_msg(og_gf_query_http(q, &arena, &h, &err) == 0, "%s", err.msg);
}

/* A parameter of the target's query or of the form, decoded; empty when there is none. */
static struct og_sv parameter(const char *name, unsigned nth)
{
	struct og_sv all = h.body.p ? h.body : og_svz(h.target), part;
	size_t at = og_sv_chr(all, '?');
	if (!h.body.p)
		all = at < all.n ? og_sv(all.p + at + 1, all.n - at - 1) : OG_SV("");
	while (og_sv_split(&all, '&', &part)) {
		size_t eq = og_sv_chr(part, '=');
		if (!og_sv_eq(og_sv(part.p, eq), og_svz(name)) || nth--)
			continue;
		struct og_buf b = OG_BUF_INIT(0);
		ck_assert_int_eq(
			og_percent_decode(og_sv(part.p + eq + 1, part.n - eq - 1), &b, NULL), 0);
		struct og_sv s = og_arena_sv(&arena, og_buf_view(&b));
		og_buf_fini(&b);
		return s;
	}
	return OG_SV("");
}

#define ck_sv(got, want) ck_assert_msg(og_sv_eq((got), og_svz(want)), "%.*s", OG_SV_ARG(got))

static const struct {
	enum og_gf_ask ask;
	const char *method, *path, *text;
} texts[] = {
	{OG_GF_PROM_PING, "POST", "/api/v1/query", "vector(1)"},
	{OG_GF_PROM_ARRIVAL, "POST", "/api/v1/query",
		"max by (service_namespace, service_name, exported_job, job, exported_instance, "
		"instance, k8s_cluster_name, k8s_namespace_name, k8s_pod_name, k8s_container_name, "
		"k8s_deployment_name, k8s_statefulset_name, k8s_daemonset_name, k8s_cronjob_name, "
		"k8s_job_name, otelgate_revision, telemetry_sdk_language) "
		"(timestamp(target_info{k8s_cluster_name=\"prod\"}) or "
		"max_over_time(timestamp(target_info{k8s_cluster_name=\"prod\"})[15m:1m]))"},
	{OG_GF_PROM_EXPORT_SECONDS, "POST", "/api/v1/query",
		"sum by (exported_job, job, exported_instance, instance) "
		"(rate(otel_sdk_exporter_operation_duration_seconds_sum[15m])) / sum by "
		"(exported_job, job, exported_instance, instance) "
		"(rate(otel_sdk_exporter_operation_duration_seconds_count[15m])) and on (job, "
		"instance) target_info{k8s_cluster_name=\"prod\"}"},
	{OG_GF_PROM_EXEMPLARS, "POST", "/api/v1/query_exemplars",
		"{k8s_cluster_name=\"prod\",__name__=~\"(http|rpc)_server_.*duration.*\"}"},
	{OG_GF_LOKI_PING, "GET", "/loki/api/v1/query", "vector(1)"},
	{OG_GF_LOKI_STREAMS, "POST", "/loki/api/v1/series",
		"{k8s_cluster_name=\"prod\"} or {cluster=\"prod\"}"},
	{OG_GF_LOKI_ARRIVAL, "GET", "/loki/api/v1/query",
		"sum by (service_namespace, service_name, k8s_namespace_name, namespace, "
		"k8s_pod_name, pod, k8s_container_name, container, otelgate_revision, "
		"telemetry_sdk_language, log_iostream) "
		"(count_over_time({k8s_cluster_name=\"prod\"} [15m]))"},
	{OG_GF_LOKI_TRACE_SHARE, "GET", "/loki/api/v1/query",
		"(sum by (service_namespace, service_name, k8s_namespace_name, namespace) "
		"(count_over_time({k8s_cluster_name=\"prod\"} | trace_id != \"\" [15m])) or sum by "
		"(service_namespace, service_name, k8s_namespace_name, namespace) "
		"(count_over_time({k8s_cluster_name=\"prod\"} [15m])) * 0) / sum by "
		"(service_namespace, service_name, k8s_namespace_name, namespace) "
		"(count_over_time({k8s_cluster_name=\"prod\"} [15m]))"},
	{OG_GF_LOKI_FIND, "GET", "/loki/api/v1/query_range",
		"{k8s_cluster_name=\"prod\"} | otelgate_probe = \"abc123\""},
	{OG_GF_TEMPO_ARRIVAL, "GET", "/api/metrics/query",
		"{resource.k8s.cluster.name=\"prod\"} | count_over_time() by "
		"(resource.service.namespace, resource.service.name, resource.k8s.pod.name, "
		"resource.otelgate.revision)"},
	{OG_GF_TEMPO_ERRORS, "GET", "/api/metrics/query",
		"{resource.k8s.cluster.name=\"prod\" && status=error} | count_over_time() by "
		"(resource.service.namespace, resource.service.name)"},
	{OG_GF_TEMPO_FIND, "GET", "/api/search",
		"{resource.k8s.cluster.name=\"prod\" && span.otelgate.probe=\"abc123\"}"},
	{OG_GF_TEMPO_SERVICES, "GET", "/api/v2/search/tag/resource.service.name/values",
		"{resource.k8s.cluster.name=\"prod\"}"},
	{OG_GF_TEMPO_TRACE, "GET", "/api/v2/traces/abc123", "abc123"},
	{OG_GF_TEMPO_PING, "GET", "/api/echo", ""},
	{OG_GF_PYRO_ARRIVAL, "POST", "/querier.v1.QuerierService/Series",
		"{k8s_cluster_name=\"prod\"} or {cluster=\"prod\"}"},
	{OG_GF_PYRO_FIND, "POST", "/querier.v1.QuerierService/Series",
		"{k8s_cluster_name=\"prod\",otelgate_probe=\"abc123\"} or "
		"{cluster=\"prod\",otelgate_probe=\"abc123\"}"},
	{OG_GF_PYRO_PING, "POST", "/querier.v1.QuerierService/LabelNames", ""},
};

START_TEST(texts_and_paths)
{
	struct og_gf_query q = question(texts[_i].ask);
	make(&q);
	ck_assert_str_eq(h.method, texts[_i].method);
	ck_sv(og_sv(h.target, og_sv_chr(og_svz(h.target), '?')), texts[_i].path);
	ck_sv(h.text, texts[_i].text);
	ck_assert((h.body.p != NULL) == (strcmp(h.method, "POST") == 0));
	struct og_sv sent = parameter(h.backend == OG_GF_TEMPO ? "q" : "query", 0);
	if (sent.n)
		ck_sv(sent, texts[_i].text);
	ck_assert_str_eq(h.name, og_gf_ask_name(q.ask));
	ck_assert_int_eq(h.backend, og_gf_ask_backend(q.ask));
}
END_TEST

START_TEST(every_backend_has_its_unit_of_time)
{
	struct og_gf_query q = question(OG_GF_PROM_ARRIVAL);
	make(&q);
	ck_sv(parameter("time", 0), "1000000");
	ck_assert(h.value_is_time);
	q.ask = OG_GF_LOKI_ARRIVAL;
	make(&q);
	ck_sv(parameter("time", 0), "1000000000000000");
	q.ask = OG_GF_LOKI_STREAMS;
	make(&q);
	ck_sv(parameter("start", 0), "999100000000000");
	ck_sv(parameter("end", 0), "1000000000000000");
	ck_sv(parameter("match[]", 0), "{k8s_cluster_name=\"prod\"}");
	ck_sv(parameter("match[]", 1), "{cluster=\"prod\"}");
	q.ask = OG_GF_TEMPO_ARRIVAL;
	make(&q);
	ck_sv(parameter("start", 0), "999100");
	ck_sv(parameter("end", 0), "1000000");
	q.end_s = 0;
	make(&q);
	ck_sv(parameter("since", 0), "900s");
	ck_assert_uint_eq(parameter("start", 0).n, 0);
	q.ask = OG_GF_PROM_ARRIVAL;
	make(&q);
	ck_assert_uint_eq(parameter("time", 0).n, 0);
	q = question(OG_GF_PYRO_ARRIVAL);
	q.window_s = 60;
	make(&q);
	struct og_jdoc d;
	ck_assert_int_eq(og_jdoc_parse(&d, &arena, h.body, NULL, NULL), 0);
	int64_t n;
	ck_assert(og_ji64(og_jgetl(og_jroot(&d), "start"), &n) && n == 999940000);
	ck_assert(og_ji64(og_jgetl(og_jroot(&d), "end"), &n) && n == 1000000000);
	ck_assert(og_jstr_is(og_jat(og_jgetl(og_jroot(&d), "matchers"), 1), "{cluster=\"prod\"}"));
	ck_assert_uint_ge(og_jcount(og_jgetl(og_jroot(&d), "labelNames")), 15);
	ck_assert_str_eq(h.headers[0], "Accept: */*;allow-utf8-labelnames=true");
}
END_TEST

/* Go's strconv.Unquote, for what we write. Returns the bytes it takes, 0 when it is no string. */
static size_t unquote(struct og_sv s, struct og_buf *out)
{
	if (!s.n || s.p[0] != '"')
		return 0;
	for (size_t i = 1; i < s.n; i++) {
		char c = s.p[i];
		if (c == '"')
			return i + 1;
		if (c == '\n')
			return 0;
		if (c != '\\') {
			og_buf_ch(out, c);
			continue;
		}
		c = ++i < s.n ? s.p[i] : 0;
		if (c == '"' || c == '\\') {
			og_buf_ch(out, c);
		} else if (c == 'n') {
			og_buf_ch(out, '\n');
		} else if (c == 'x' && i + 2 < s.n) {
			char hex[3] = {s.p[i + 1], s.p[i + 2], 0};
			og_buf_ch(out, (char)strtol(hex, NULL, 16));
			i += 2;
		} else {
			return 0;
		}
	}
	return 0;
}

static const char *const hostile[] = {"a\"b", "a\\", "\\\"", "a\nb", "a}b", "\"} or {x=\"", "%7D",
	"a&query=up", "a b+c", "\"}) or vector(1) #", "a\tb\x01\x7f", "\xc3\xa4\xe2\x82\xac",
	"`backquote`", "${x}", "} or {", "a\r\nHost: evil", "'", "\\n", "\\x41", "prod|.*", "#c"};

/* What stands behind a label's "=" in the decoded query reads back as the name, and ends there. */
static void check_quoted(struct og_sv text, const char *before, struct og_sv want)
{
	og_auto_buf struct og_buf b = OG_BUF_INIT(0);
	size_t n = strlen(before), at = 0;
	while (at + n <= text.n && memcmp(text.p + at, before, n) != 0)
		at++;
	ck_assert_msg(at + n <= text.n, "%s in %.*s", before, OG_SV_ARG(text));
	size_t used = unquote(og_sv(text.p + at + n, text.n - at - n), &b);
	ck_assert_uint_gt(used, 0);
	ck_assert(og_sv_eq(og_buf_view(&b), want));
	char next = text.p[at + n + used];
	ck_assert_msg(next == '}' || next == ',' || next == ' ', "%.*s", OG_SV_ARG(text));
}

START_TEST(names_stay_in_their_quotes)
{
	struct og_sv name = og_svz(hostile[_i]);
	for (unsigned ask = 0; ask < OG_GF_ASK_COUNT_; ask++) {
		struct og_gf_query q = question((enum og_gf_ask)ask);
		q.cluster = name;
		if (ask == OG_GF_LOKI_FIND || ask == OG_GF_TEMPO_FIND)
			q.value = name;
		make(&q);
		for (const char *p = h.target; *p; p++)
			ck_assert(*p > 0x20 && *p < 0x7f && *p != '#');
		struct og_sv text = h.text;
		bool used = ask != OG_GF_PROM_FIND && og_sv_has(text, OG_SV("cluster"));
		if (used)
			check_quoted(text,
				h.backend == OG_GF_TEMPO ? "resource.k8s.cluster.name="
							 : "k8s_cluster_name=",
				name);
		struct og_sv sent = parameter(h.backend == OG_GF_TEMPO ? "q" : "query", 0);
		if (sent.n && h.backend != OG_GF_PYROSCOPE)
			ck_assert(og_sv_eq(sent, text));
		if (ask == OG_GF_LOKI_STREAMS) {
			check_quoted(parameter("match[]", 0), "k8s_cluster_name=", name);
			check_quoted(parameter("match[]", 1), "{cluster=", name);
			ck_assert_uint_eq(parameter("match[]", 2).n, 0);
		}
		if (ask == OG_GF_PYRO_ARRIVAL) {
			struct og_jdoc d;
			ck_assert_int_eq(og_jdoc_parse(&d, &arena, h.body, NULL, NULL), 0);
			struct og_jval m = og_jgetl(og_jroot(&d), "matchers");
			ck_assert_uint_eq(og_jcount(m), 2);
			check_quoted(
				og_jstr_or_empty(og_jat(m, 0), &arena), "k8s_cluster_name=", name);
		}
		og_arena_reset(&arena);
	}
}
END_TEST

static void ck_newest(const char *by, const char *metric, const char *range)
{
	char want[1024];
	(void)snprintf(want, sizeof(want),
		"max by (%s) (timestamp(%s) or max_over_time(timestamp(%s)[%s]))", by, metric,
		metric, range);
	ck_sv(h.text, want);
}

START_TEST(shards)
{
	const struct og_sv names[] = {OG_SV("shop"), OG_SV("a.b|c\"\\")};
	struct og_gf_query q = question(OG_GF_PROM_ARRIVAL);
	q.by = 1U << OG_GF_KEY_JOB;
	q.shard = (struct og_gf_shard){.key = OG_GF_KEY_K8S_NAMESPACE, .any = names, .nany = 2};
	make(&q);
	ck_newest("exported_job, job",
		"target_info{k8s_cluster_name=\"prod\","
		"k8s_namespace_name=~\"(shop|a\\\\.b\\\\|c\\\"\\\\\\\\)\"}",
		"15m:1m");
	q.shard = (struct og_gf_shard){.key = OG_GF_KEY_SERVICE_NAME, .from = 'a', .to = 'f'};
	q.cluster = OG_SV("");
	make(&q);
	ck_newest("exported_job, job", "target_info{job=~\"(.+/)?[a-f].*\"}", "15m:1m");
	q = question(OG_GF_TEMPO_ARRIVAL);
	q.by = 1U << OG_GF_KEY_SERVICE_NAME;
	q.shard = (struct og_gf_shard){.key = OG_GF_KEY_SERVICE_NAME, .rest = true};
	make(&q);
	ck_sv(h.text, "{resource.k8s.cluster.name=\"prod\" && resource.service.name!~\"[0-9a-z].*"
		      "\"} | count_over_time() by (resource.service.name)");
	q = question(OG_GF_LOKI_STREAMS);
	q.cluster = OG_SV("");
	q.shard = (struct og_gf_shard){.key = OG_GF_KEY_K8S_NAMESPACE, .from = '0', .to = '9'};
	make(&q);
	ck_sv(h.text, "{k8s_namespace_name=~\"[0-9].*\"} or {namespace=~\"[0-9].*\"}");
	q.shard = (struct og_gf_shard){.from = 0};
	make(&q);
	ck_sv(h.text, "{service_name=~\".+\"}");
}
END_TEST

START_TEST(labels_of_ones_own)
{
	struct og_gf_query q = question(OG_GF_LOKI_STREAMS);
	q.cluster_label = OG_SV("cluster_id");
	make(&q);
	ck_sv(h.text, "{cluster_id=\"prod\"}");
	q = question(OG_GF_PROM_ARRIVAL);
	q.by = 1U << OG_GF_KEY_K8S_POD;
	q.cluster_label = OG_SV("k8s.cluster.name");
	q.utf8_names = true;
	make(&q);
	ck_newest("k8s_pod_name, \"k8s.pod.name\"", "target_info{\"k8s.cluster.name\"=\"prod\"}",
		"15m:1m");
	q = question(OG_GF_PROM_FIND);
	q.name = OG_SV("otelgate.probe");
	q.utf8_names = true;
	q.window_s = 90;
	q.step_s = 7200;
	q.by = 1U << OG_GF_KEY_JOB;
	make(&q);
	ck_newest("exported_job, job", "{\"otelgate.probe\",otelgate_probe=\"abc123\"}", "90s:2h");
}
END_TEST

/* Series of several metrics never become one: each has its own mark. */
START_TEST(rates_are_kept_apart)
{
	static const enum og_gf_ask asks[] = {OG_GF_PROM_REQUESTS, OG_GF_PROM_EXPORT_FAILED,
		OG_GF_PROM_EXPORTED, OG_GF_PROM_COLLECTOR_FAILED, OG_GF_PROM_DISCARDED,
		OG_GF_PROM_COLLECTOR};
	for (size_t i = 0; i < OG_COUNT(asks); i++) {
		struct og_gf_query q = question(asks[i]);
		make(&q);
		struct og_sv rest = h.text;
		unsigned marks = 0, rates = 0;
		for (size_t at = 0; at < rest.n; at++) {
			struct og_sv here = og_sv(rest.p + at, rest.n - at);
			marks += og_sv_starts(here, OG_SV("label_replace("));
			rates += og_sv_starts(here, OG_SV("rate("));
		}
		ck_assert_uint_ge(marks, 4);
		ck_assert_uint_le(rates, marks);
	}
}
END_TEST

/* Collectors are told apart by cluster as their metrics are, whatever its name holds; without one
 * by nothing. */
START_TEST(collectors_of_a_cluster)
{
	struct og_gf_query q = question(OG_GF_PROM_COLLECTOR);

	make(&q);
	ck_assert(og_sv_has(h.text, OG_SV("sent_spans_total{cluster=\"prod\"}[")));
	ck_assert(og_sv_has(h.text, OG_SV("sent_spans_total{k8s_cluster_name=\"prod\"}[")));
	ck_assert(og_sv_has(h.text, OG_SV("\"metric\", \"dropped log records\"")));
	q.cluster = OG_SV("a\"} or vector(1) #");
	make(&q);
	ck_assert(og_sv_has(h.text, OG_SV("{cluster=\"a\\\"} or vector(1) #\"}")));
	q.cluster = OG_SV("");
	make(&q);
	ck_assert(og_sv_has(h.text, OG_SV("rate(otelcol_exporter_sent_spans_total[")));
	ck_assert(!og_sv_has(h.text, OG_SV("cluster")));
}
END_TEST

START_TEST(versions_are_grouped_by)
{
	struct og_gf_query q = question(OG_GF_PROM_ARRIVAL);

	q.by = 1U << OG_GF_KEY_JOB | 1U << OG_GF_KEY_SERVICE_VERSION;
	make(&q);
	ck_assert(og_sv_starts(h.text, OG_SV("max by (exported_job, job, service_version) (")));
}
END_TEST

START_TEST(long_loki_queries_are_forms)
{
	struct og_sv names[500];
	for (size_t i = 0; i < OG_COUNT(names); i++)
		names[i] = OG_SV("a-namespace-with-a-long-name");
	struct og_gf_query q = question(OG_GF_LOKI_ARRIVAL);
	q.shard = (struct og_gf_shard){
		.key = OG_GF_KEY_K8S_NAMESPACE, .any = names, .nany = OG_COUNT(names)};
	make(&q);
	ck_assert_str_eq(h.method, "POST");
	ck_assert_str_eq(h.target, "/loki/api/v1/query");
	ck_assert_uint_gt(parameter("query", 0).n, 10000);
	q.ask = OG_GF_TEMPO_ARRIVAL;
	ck_assert_int_eq(og_gf_query_http(&q, &arena, &h, &err), -OG_E_LIMIT);
}
END_TEST

static void no_query(struct og_gf_query *q)
{
	q->ask = OG_GF_ASK_COUNT_;
}
static void no_utf8(struct og_gf_query *q)
{
	q->cluster = OG_SV("\xff\xfe");
}
static void no_label(struct og_gf_query *q)
{
	q->cluster_label = OG_SV("a-b=\"x\"");
}
static void dotted_label(struct og_gf_query *q)
{
	q->cluster_label = OG_SV("k8s.cluster.name");
}
static void no_end(struct og_gf_query *q)
{
	q->ask = OG_GF_LOKI_STREAMS;
	q->end_s = 0;
}
static void long_window(struct og_gf_query *q)
{
	q->window_s = 86401;
}
static void window_before_time(struct og_gf_query *q)
{
	q->end_s = 100;
	q->window_s = 100;
}
static void negative_time(struct og_gf_query *q)
{
	q->end_s = -1;
}
static void huge_time(struct og_gf_query *q)
{
	q->end_s = INT64_MAX;
}
static void no_text(struct og_gf_query *q)
{
	q->ask = OG_GF_TEMPO_TEXT;
	q->text = OG_SV("");
}
static void five_groups(struct og_gf_query *q)
{
	q->ask = OG_GF_TEMPO_ARRIVAL;
	q->by = 31;
}
static void bad_range(struct og_gf_query *q)
{
	q->shard = (struct og_gf_shard){.key = OG_GF_KEY_K8S_NAMESPACE, .from = 'a', .to = ']'};
}
static void mixed_range(struct og_gf_query *q)
{
	q->shard = (struct og_gf_shard){.key = OG_GF_KEY_K8S_NAMESPACE, .from = '0', .to = 'z'};
}
static void bad_shard_key(struct og_gf_query *q)
{
	q->shard = (struct og_gf_shard){.key = OG_GF_KEY_K8S_POD, .rest = true};
}
static void two_shards(struct og_gf_query *q)
{
	q->shard = (struct og_gf_shard){
		.key = OG_GF_KEY_K8S_NAMESPACE, .rest = true, .from = 'a', .to = 'b'};
}
static void no_trace_id(struct og_gf_query *q)
{
	q->ask = OG_GF_TEMPO_TRACE;
	q->value = OG_SV("../../../etc");
}
static void long_trace_id(struct og_gf_query *q)
{
	q->ask = OG_GF_TEMPO_TRACE;
	q->value = OG_SV("000000000000000000000000000000000");
}
static void injected_attribute(struct og_gf_query *q)
{
	q->ask = OG_GF_TEMPO_FIND;
	q->label = OG_SV("a=1 || span.b");
}
static void injected_metric(struct og_gf_query *q)
{
	q->ask = OG_GF_PROM_FIND;
	q->name = OG_SV("up or x");
}
static void nothing_to_find(struct og_gf_query *q)
{
	q->ask = OG_GF_PYRO_FIND;
	q->label = OG_SV("");
}
static void no_line_to_find(struct og_gf_query *q)
{
	q->ask = OG_GF_LOKI_FIND;
	q->value = OG_SV("");
}
static void many_lines(struct og_gf_query *q)
{
	q->limit = 5001;
}

static void (*const refused[])(struct og_gf_query *) = {no_query, no_utf8, no_label, dotted_label,
	no_end, long_window, window_before_time, negative_time, huge_time, no_text, five_groups,
	bad_range, mixed_range, bad_shard_key, two_shards, no_trace_id, long_trace_id,
	injected_attribute, injected_metric, nothing_to_find, no_line_to_find, many_lines};

START_TEST(what_makes_no_question)
{
	struct og_gf_query q = question(OG_GF_PROM_ARRIVAL);
	refused[_i](&q);
	memset(&h, 0x55, sizeof(h));
	int rc = og_gf_query_http(&q, &arena, &h, &err);
	ck_assert_msg(rc == -OG_E_INVALID || rc == -OG_E_LIMIT, "%d", rc);
	ck_assert_str_ne(err.msg, "");
	ck_assert_uint_eq((unsigned char)((const char *)&h)[0], 0x55);
}
END_TEST

START_TEST(memory_that_is_out)
{
	for (unsigned ask = 0; ask < OG_GF_ASK_COUNT_; ask++) {
		struct og_gf_query q = question((enum og_gf_ask)ask);
		int rc = -1;
		for (unsigned long fail = 1; rc != 0; fail++) {
			ck_assert_uint_lt(fail, 100);
			og_arena_fini(&arena);
			og_arena_init(&arena, 256, 0);
			og_mem_fault_arm(fail, false);
			rc = og_gf_query_http(&q, &arena, &h, &err);
			(void)og_mem_fault_disarm();
			ck_assert(rc == 0 || rc == -OG_E_OOM);
		}
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("grafana/query");
	TCase *tc = tcase_create("query");
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, texts_and_paths, 0, (int)OG_COUNT(texts));
	tcase_add_test(tc, every_backend_has_its_unit_of_time);
	tcase_add_loop_test(tc, names_stay_in_their_quotes, 0, (int)OG_COUNT(hostile));
	tcase_add_test(tc, shards);
	tcase_add_test(tc, labels_of_ones_own);
	tcase_add_test(tc, rates_are_kept_apart);
	tcase_add_test(tc, collectors_of_a_cluster);
	tcase_add_test(tc, versions_are_grouped_by);
	tcase_add_test(tc, long_loki_queries_are_forms);
	tcase_add_loop_test(tc, what_makes_no_question, 0, (int)OG_COUNT(refused));
	tcase_add_test(tc, memory_that_is_out);
	suite_add_tcase(s, tc);
	return og_suite_run(s);
}
