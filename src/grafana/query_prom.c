/* SPDX-License-Identifier: Apache-2.0 */
/* PromQL. */
#include "otelgate/base/mem.h"
#include "query-priv.h"

#define K(x) GF_BIT(OG_GF_KEY_##x)
enum {
	/* target_info holds the attributes of a resource once per instance */
	BY_IDENTITY = K(JOB) | K(INSTANCE) | K(SERVICE_NAMESPACE) | K(SERVICE_NAME) |
		      K(K8S_CLUSTER) | K(K8S_NAMESPACE) | K(K8S_POD) | K(K8S_CONTAINER) |
		      K(K8S_WORKLOAD) | K(REVISION) | K(SDK_LANGUAGE),
	BY_INSTANCE = K(JOB) | K(INSTANCE),
};

static void put_metric(struct gf_ask *t, struct og_sv metric, const char *more)
{
	struct og_buf *b = t->text;
	bool plain = og_gf_label_is_plain(metric);
	if (plain)
		og_buf_sv(b, metric);
	og_buf_ch(b, '{');
	if (!plain) {
		og_gf_put_string(b, metric);
		if ((t->q->cluster.n && t->q->ask != OG_GF_PROM_FIND) || t->q->shard.nany ||
			t->q->shard.rest || t->q->shard.from || (more && *more))
			og_buf_ch(b, ',');
	}
	gf_text_matchers(t, false, more);
	og_buf_ch(b, '}');
}

/*
 * The newest sample of each group in the window, as time. What came within the look-back of an
 * instant query (5 min) is told exactly; older ones are found at steps, which stand at whole
 * multiples of the step, so that they may be told as up to one step older.
 */
static void newest(struct gf_ask *t, struct og_sv metric, const char *more)
{
	struct og_buf *b = t->text;
	og_buf_lit(b, "max ");
	gf_text_by(t, BY_IDENTITY);
	og_buf_lit(b, " (timestamp(");
	put_metric(t, metric, more);
	og_buf_lit(b, ") or max_over_time(timestamp(");
	put_metric(t, metric, more);
	og_buf_lit(b, ")[");
	gf_put_duration(b, t->window_s);
	og_buf_ch(b, ':');
	gf_put_duration(b, t->step_s);
	og_buf_lit(b, "]))");
}

/*
 * rate() forgets names, so that series of two metrics may become one and the query be refused:
 * a label of its own keeps them apart.
 */
struct counter {
	const char *metric, *more, *mark;
	bool native; /* a histogram without _count: its own count */
};

static void put_rates(
	struct gf_ask *t, uint32_t by, const char *as, const struct counter *c, size_t n)
{
	struct og_buf *b = t->text;
	og_buf_lit(b, "sum ");
	gf_text_by(t, by);
	og_buf_lit(b, " (");
	for (size_t i = 0; i < n; i++) {
		og_buf_str(b, i ? " or label_replace(" : "label_replace(");
		og_buf_str(b, c[i].native ? "histogram_count(rate(" : "rate(");
		og_buf_str(b, c[i].metric);
		if (c[i].more)
			og_buf_fmt(b, "{%s}", c[i].more);
		gf_text_window(t);
		og_buf_str(b, c[i].native ? ")), \"" : "), \"");
		og_buf_fmt(b, "%s\", \"%s\", \"\", \"\")", as, c[i].mark);
	}
	og_buf_ch(b, ')');
}

/* These series need not carry the cluster's name, target_info of the same instance does. */
static void only_here(struct gf_ask *t)
{
	const struct og_gf_query *q = t->q;
	if (!q->cluster.n && !q->shard.nany && !q->shard.from && !q->shard.rest)
		return;
	og_buf_lit(t->text, " and on (job, instance) ");
	put_metric(t, OG_SV("target_info"), NULL);
}

/* Semantic conventions of HTTP, RPC, messaging and FaaS, stable and before. */
static void requests(struct gf_ask *t)
{
	static const struct counter served[] = {
		{"http_server_request_duration_seconds_count", NULL, "http", false},
		{"http_server_request_duration_seconds", NULL, "http native", true},
		{"http_server_duration_milliseconds_count", NULL, "http before", false},
		{"rpc_server_call_duration_seconds_count", NULL, "rpc", false},
		{"rpc_server_duration_milliseconds_count", NULL, "rpc before", false},
		{"messaging_process_duration_seconds_count", NULL, "messaging", false},
		{"faas_invoke_duration_seconds_count", NULL, "faas", false},
	};
	put_rates(t, BY_INSTANCE, "metric", served, OG_COUNT(served));
	only_here(t);
}

/* Semantic conventions "OpenTelemetry SDK metrics", and what the Java SDK had before. */
#define SDK_EXPORTED                                                                           \
	{"otel_sdk_exporter_span_exported_total", NULL, "span", false},                        \
		{"otel_sdk_exporter_metric_data_point_exported_total", NULL, "metric", false}, \
		{"otel_sdk_exporter_log_exported_total", NULL, "log", false},                  \
	{                                                                                      \
		"otlp_exporter_exported_total", NULL, "otlp", false                            \
	}

static void export_failed(struct gf_ask *t)
{
	static const struct counter failed[] = {
		{"otel_sdk_exporter_span_exported_total", "error_type!=\"\"", "span", false},
		{"otel_sdk_exporter_metric_data_point_exported_total", "error_type!=\"\"", "metric",
			false},
		{"otel_sdk_exporter_log_exported_total", "error_type!=\"\"", "log", false},
		{"otel_sdk_processor_span_processed_total", "error_type!=\"\"", "span queue",
			false},
		{"otel_sdk_processor_log_processed_total", "error_type!=\"\"", "log queue", false},
		{"otlp_exporter_exported_total", "success=\"false\"", "otlp", false},
		{"processedSpans_total", "dropped=\"true\"", "span queue before", false},
	};
	put_rates(t, BY_INSTANCE | K(METRIC) | K(REASON), "metric", failed, OG_COUNT(failed));
	only_here(t);
}

static void exported(struct gf_ask *t)
{
	static const struct counter all[] = {SDK_EXPORTED};
	put_rates(t, BY_INSTANCE | K(METRIC), "metric", all, OG_COUNT(all));
	only_here(t);
}

static void export_seconds(struct gf_ask *t)
{
	static const char *const parts[] = {"sum", "count"};
	for (size_t i = 0; i < OG_COUNT(parts); i++) {
		og_buf_str(t->text, i ? " / sum " : "sum ");
		gf_text_by(t, BY_INSTANCE);
		og_buf_fmt(t->text, " (rate(otel_sdk_exporter_operation_duration_seconds_%s",
			parts[i]);
		gf_text_window(t);
		og_buf_lit(t->text, "))");
	}
	only_here(t);
}

/* Collectors' own metrics (opentelemetry-collector docs, "internal telemetry"). */
static void collector_failed(struct gf_ask *t)
{
	static const struct counter failed[] = {
		{"otelcol_exporter_send_failed_spans_total", NULL, "spans", false},
		{"otelcol_exporter_send_failed_metric_points_total", NULL, "metric points", false},
		{"otelcol_exporter_send_failed_log_records_total", NULL, "log records", false},
		{"otelcol_exporter_enqueue_failed_spans_total", NULL, "spans queue", false},
		{"otelcol_exporter_enqueue_failed_metric_points_total", NULL, "metric points queue",
			false},
		{"otelcol_exporter_enqueue_failed_log_records_total", NULL, "log records queue",
			false},
		{"otelcol_receiver_refused_spans_total", NULL, "spans refused", false},
		{"otelcol_receiver_refused_metric_points_total", NULL, "metric points refused",
			false},
		{"otelcol_receiver_refused_log_records_total", NULL, "log records refused", false},
	};
	put_rates(t, BY_INSTANCE | K(METRIC), "metric", failed, OG_COUNT(failed));
}

/* The same by what became of it. Collectors carry the cluster's name by a label of whoever scrapes
 * them: what has both is the same series twice, and `or` keeps one of them. */
static void collector(struct gf_ask *t)
{
	static const struct counter all[] = {
		{"otelcol_exporter_sent_spans_total", NULL, "sent spans", false},
		{"otelcol_exporter_sent_metric_points_total", NULL, "sent metric points", false},
		{"otelcol_exporter_sent_log_records_total", NULL, "sent log records", false},
		{"otelcol_exporter_send_failed_spans_total", NULL, "failed spans", false},
		{"otelcol_exporter_send_failed_metric_points_total", NULL, "failed metric points",
			false},
		{"otelcol_exporter_send_failed_log_records_total", NULL, "failed log records",
			false},
		{"otelcol_exporter_enqueue_failed_spans_total", NULL, "dropped spans", false},
		{"otelcol_exporter_enqueue_failed_metric_points_total", NULL,
			"dropped metric points", false},
		{"otelcol_exporter_enqueue_failed_log_records_total", NULL, "dropped log records",
			false},
	};
	struct counter here[2 * OG_COUNT(all)];
	og_auto_buf struct og_buf scraped = OG_BUF_INIT(GF_TEXT_MAX);
	og_auto_buf struct og_buf sent = OG_BUF_INIT(GF_TEXT_MAX);
	bool named = t->q->cluster.n > 0;
	size_t n = 0;

	if (named) {
		og_buf_lit(&scraped, "cluster=");
		og_gf_put_string(&scraped, t->q->cluster);
		og_buf_lit(&sent, "k8s_cluster_name=");
		og_gf_put_string(&sent, t->q->cluster);
	}
	t->text->failed |= scraped.failed || sent.failed;
	for (size_t i = 0; i < OG_COUNT(all); i++) {
		here[n] = all[i];
		here[n++].more = named ? scraped.p : NULL;
		if (!named)
			continue;
		here[n] = all[i];
		here[n++].more = sent.p;
	}
	put_rates(t, K(METRIC), "metric", here, n);
}

/* Grafana Cloud's data source "usage", and the counters of servers of one's own. */
static void discarded(struct gf_ask *t)
{
	static const struct counter own[] = {
		{"cortex_discarded_samples_total", NULL, "prometheus", false},
		{"loki_discarded_samples_total", NULL, "loki", false},
		{"tempo_discarded_spans_total", NULL, "tempo", false},
		{"pyroscope_discarded_samples_total", NULL, "pyroscope", false},
	};
	put_rates(t, K(METRIC) | K(REASON), "metric", own, OG_COUNT(own));
	og_buf_lit(t->text, " or sum ");
	gf_text_by(t, K(METRIC) | K(REASON));
	og_buf_lit(t->text, " (label_replace(grafanacloud_instance_samples_discarded_per_second, "
			    "\"metric\", \"prometheus cloud\", \"\", \"\"))");
}

static void find(struct gf_ask *t)
{
	og_auto_buf struct og_buf more = OG_BUF_INIT(GF_TEXT_MAX);
	if (t->q->label.n) {
		gf_put_label(&more, t->q->label);
		og_buf_ch(&more, '=');
		og_gf_put_string(&more, t->q->value);
	}
	t->text->failed |= more.failed;
	newest(t, t->q->name, more.p);
}

void gf_text_prometheus(struct gf_ask *t)
{
	switch (t->q->ask) {
	case OG_GF_PROM_ARRIVAL:
		newest(t, OG_SV("target_info"), NULL);
		break;
	case OG_GF_PROM_UNKNOWN_SERVICE:
		newest(t, OG_SV("target_info"), "job=~\"(.+/)?unknown_service(:.*)?\"");
		break;
	case OG_GF_PROM_REQUESTS:
		requests(t);
		break;
	case OG_GF_PROM_EXPORT_FAILED:
		export_failed(t);
		break;
	case OG_GF_PROM_EXPORTED:
		exported(t);
		break;
	case OG_GF_PROM_EXPORT_SECONDS:
		export_seconds(t);
		break;
	case OG_GF_PROM_COLLECTOR_FAILED:
		collector_failed(t);
		break;
	case OG_GF_PROM_COLLECTOR:
		collector(t);
		break;
	case OG_GF_PROM_DISCARDED:
		discarded(t);
		break;
	case OG_GF_PROM_EXEMPLARS:
		/* the metrics whose exemplars lead from a request to its trace */
		og_buf_ch(t->text, '{');
		gf_text_matchers(t, false, "__name__=~\"(http|rpc)_server_.*duration.*\"");
		og_buf_ch(t->text, '}');
		break;
	case OG_GF_PROM_FIND:
		find(t);
		break;
	case OG_GF_PROM_TEXT:
		og_buf_sv(t->text, t->q->text);
		break;
	default:
		og_buf_lit(t->text, "vector(1)");
		break;
	}
}
