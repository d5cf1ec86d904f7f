/* SPDX-License-Identifier: Apache-2.0 */
/* The dashboard of those whose service it is: its metrics, logs and traces in one view. Names are
 * those of OTLP in Prometheus (service in `job`, attributes with `_`) and Loki; HTTP servers count
 * by the stable semantic conventions, or by those before (http.server.duration, in ms). */
#include "otelgate/base/mem.h"
#include "dashboard-priv.h"

#define S     "job=~\"(.+/)?$service\", k8s_namespace_name=\"$namespace\""
#define LOG   "{service_name=\"$service\", k8s_namespace_name=\"$namespace\"}"
#define TRACE "resource.service.name=\"$service\" && resource.k8s.namespace.name=\"$namespace\""
#define METRICS(q, l)              \
	{                          \
		DASH_METRICS, q, l \
	}

static const struct dash_panel panels[] = {
	{DASH_MAP, "What arrives", "Of each signal, as otelgate has proven it.", NULL, DASH_PLAIN,
		10, 6,
		{METRICS(
			"label_join(max by (workload_kind, workload, signal, state) "
			"(otelgate_workload_signal{workload_namespace=\"$namespace\"}), \"name\", \"/\", "
			"\"workload_kind\", \"workload\")",
			NULL)}},
	{DASH_TABLE, "Who sends",
		"Pods that have sent metrics lately, by revision of the injection.", NULL,
		DASH_PLAIN, 14, 6,
		{METRICS(
			"max by (k8s_pod_name, otelgate_revision, telemetry_sdk_language) (target_info{" S
			"})",
			NULL)}},
	{.kind = DASH_ROW, .title = "HTTP server"},
	{DASH_SERIES, "Requests", "Per second, by status code.", "reqps", DASH_PLAIN, 8, 8,
		{METRICS("sum by (http_response_status_code) (rate(http_server_request_duration_seconds_count{" S
			 "}[$__rate_interval]))",
			 "{{http_response_status_code}}"),
			METRICS("sum by (http_status_code) (rate(http_server_duration_milliseconds_count{" S
				"}[$__rate_interval]))",
				"{{http_status_code}}")}},
	{DASH_SERIES, "Share of errors", "Answers with a status of 500 and above.", "percentunit",
		DASH_PLAIN, 8, 8,
		{METRICS("(sum(rate(http_server_request_duration_seconds_count{http_response_status_code=~\"5..\", " S
			 "}[$__rate_interval])) or vector(0)) / (sum(rate(http_server_request_duration_seconds_count{" S
			 "}[$__rate_interval])) > 0)",
			 "errors"),
			METRICS("(sum(rate(http_server_duration_milliseconds_count{http_status_code=~\"5..\", " S
				"}[$__rate_interval])) or vector(0)) / (sum(rate(http_server_duration_milliseconds_count{" S
				"}[$__rate_interval])) > 0)",
				"errors")}},
	{DASH_SERIES, "Latency, p95", "Of requests to this service; points are exemplars: traces.",
		"s", DASH_PLAIN, 8, 8,
		{METRICS("histogram_quantile(0.95, sum by (le) (rate(http_server_request_duration_seconds_bucket{" S
			 "}[$__rate_interval])))",
			 "p95"),
			METRICS("histogram_quantile(0.95, sum by (le) (rate(http_server_duration_milliseconds_bucket{" S
				"}[$__rate_interval]))) / 1000",
				"p95")}},
	{.kind = DASH_ROW, .title = "Tracing"},
	{DASH_TRACES_LIST, "Traces", "The latest.", NULL, DASH_PLAIN, 12, 9,
		{{DASH_TRACES, "{" TRACE "}", NULL}}},
	{DASH_TRACES_LIST, "Traces with errors", "The latest that failed.", NULL, DASH_PLAIN, 12, 9,
		{{DASH_TRACES, "{" TRACE " && status=error}", NULL}}},
	{.kind = DASH_ROW, .title = "Logs"},
	{DASH_SERIES, "Log lines", "By severity.", NULL, DASH_PLAIN, 12, 8,
		{{DASH_LOGS, "sum by (severity_text) (count_over_time(" LOG " [$__auto]))",
			"{{severity_text}}"}}},
	{DASH_SERIES, "Log lines with a trace", "Share of the lines that carry the id of a trace.",
		"percentunit", DASH_PLAIN, 12, 8,
		{{DASH_LOGS,
			"sum(count_over_time(" LOG
			" | trace_id != \"\" [$__auto])) / sum(count_over_time(" LOG " [$__auto]))",
			"with a trace"}}},
	{DASH_LOGS_LIST, "Log", "Open a line for its trace.", NULL, DASH_PLAIN, 24, 12,
		{{DASH_LOGS, LOG, NULL}}},
	{.kind = DASH_ROW, .title = "Profiles"},
	{DASH_FLAMES, "CPU", "Where the time goes; empty where no profiles are sent.", NULL,
		DASH_PLAIN, 24, 12, {{DASH_PROFILES, "{service_name=\"$service\"}", NULL}}},
};

const struct dashboard og_dashboard_workload = {
	.uid = "otelgate-workload",
	.title = "otelgate / Workload",
	.help = "Metrics, logs and traces of one service in one view.",
	.variables =
		{
			{.name = "datasource", .label = "Metrics", .source = "prometheus"},
			{.name = "logs", .label = "Logs", .source = "loki"},
			{.name = "traces", .label = "Traces", .source = "tempo"},
			{.name = "profiles",
				.label = "Profiles",
				.source = "grafana-pyroscope-datasource"},
			{.name = "namespace",
				.label = "Namespace",
				.query = "label_values(target_info, k8s_namespace_name)"},
			{.name = "service",
				.label = "Service",
				.query =
					"label_values(target_info{k8s_namespace_name=\"$namespace\"}, job)",
				.regex = "/([^\\/]+)$/"},
		},
	.panels = panels,
	.n = OG_COUNT(panels),
	.link_title = "Cluster",
	.link_uid = "otelgate-cluster",
};
