/* SPDX-License-Identifier: Apache-2.0 */
/* The dashboard of those who run otelgate. Gauges of the controller are the leader's: `max by`
 * takes them from whoever leads. */
#include "otelgate/base/mem.h"
#include "dashboard-priv.h"

#define C "cluster=~\"$cluster\""
#define METRICS(q, l)              \
	{                          \
		DASH_METRICS, q, l \
	}

static const struct dash_panel panels[] = {
	{.kind = DASH_ROW, .title = "Coverage"},
	{DASH_STAT, "Opted-in workloads", "Workloads that asked for telemetry.", NULL, DASH_PLAIN,
		4, 5, {METRICS("max(otelgate_workloads{" C "})", "workloads")}},
	{DASH_STAT, "Pods injected as wanted",
		"Share of their pods that run with the injection as it is wanted now.",
		"percentunit", DASH_SHARE, 4, 5,
		{METRICS(
			"sum(max by (class) (otelgate_workload_pods{class=\"current\", " C "})) / "
			"sum(max by (class) (otelgate_workload_pods{class=~\"current|stale|bare\", " C
			"}))",
			"current")}},
	{DASH_STAT, "Pods missed", "Running pods that should be injected and are not (OG301).",
		NULL, DASH_NONE_IS_GOOD, 4, 5,
		{METRICS("sum(max by (reason) (otelgate_missed_pods{" C "})) or vector(0)",
			"pods")}},
	{DASH_STAT, "Signals that arrive",
		"Share of the workloads that are to send a signal whose data is in the backend.",
		"percentunit", DASH_SHARE, 12, 5,
		{METRICS("sum by (signal) (max by (signal, state) "
			 "(otelgate_workload_signals{state=~\"Flowing|Idle|ViaStdout\", " C
			 "})) / (sum by (signal) (max by (signal, state) "
			 "(otelgate_workload_signals{state!=\"Off\", " C "})) > 0)",
			"{{signal}}")}},
	{DASH_SERIES, "Pods by class",
		"current: as wanted; stale: something has changed since; bare: not injected; skipped: rightly not.",
		NULL, DASH_PLAIN, 12, 8,
		{METRICS("max by (class) (otelgate_workload_pods{" C "})", "{{class}}")}},
	{DASH_SERIES, "Workloads that lack something",
		"Workloads whose condition is False, by condition: the chain from injection to readiness.",
		NULL, DASH_PLAIN, 12, 8,
		{METRICS("max by (type) (otelgate_workload_conditions{status=\"False\", " C "})",
			"{{type}}")}},
	{.kind = DASH_ROW, .title = "Signals"},
	{DASH_MAP, "Workloads and signals",
		"What arrives of each signal of each workload. Those that lack something come first when there are more than 2,000.",
		NULL, DASH_PLAIN, 14, 16,
		{METRICS(
			"label_join(max by (workload_namespace, workload_kind, workload, signal, state) "
			"(otelgate_workload_signal{" C
			"}), \"name\", \"/\", \"workload_namespace\", \"workload_kind\", \"workload\")",
			NULL)}},
	{DASH_SERIES, "Workloads by what arrives",
		"Workloads and signals by state, without those that are off.", NULL, DASH_PLAIN, 10,
		8,
		{METRICS(
			"sum by (state) (max by (signal, state) (otelgate_workload_signals{state!=\"Off\", " C
			"}))",
			"{{state}}")}},
	{DASH_SERIES, "Signals lost with a new revision",
		"A signal had arrived, and stopped with the pods of a new revision (OG702).", NULL,
		DASH_PLAIN, 10, 8,
		{METRICS("sum by (signal) (increase(otelgate_signal_regressions_total{" C
			 "}[$__rate_interval]))",
			"{{signal}}")}},
	{.kind = DASH_ROW, .title = "Injection and admission"},
	{DASH_STAT, "Ready replicas", "Replicas of the webhook that answer.", NULL,
		DASH_ONE_IS_GOOD, 4, 5, {METRICS("sum(otelgate_ready{" C "})", "ready")}},
	{DASH_STAT, "Certificate ends in", "Of the webhook; it is renewed long before (OG106).",
		"s", DASH_TIME_LEFT, 4, 5,
		{METRICS("min(otelgate_certificate_expiry_timestamp_seconds{" C "}) - time()",
			"left")}},
	{DASH_STAT, "CA ends in", "Of the CA that signs; it is rotated before.", "s",
		DASH_TIME_LEFT, 4, 5,
		{METRICS("min(otelgate_ca_expiry_timestamp_seconds{" C "} > 0) - time()", "left")}},
	{DASH_STAT, "Registration carries our CA",
		"Else the API server does not trust the webhook (OG104).", NULL, DASH_ONE_IS_GOOD,
		4, 5, {METRICS("max(otelgate_ca_bundle_current{" C "})", "current")}},
	{DASH_STAT, "Admitted without an answer",
		"Pods that the API server admitted without the webhook in the last hour, as the API server counts (OG111).",
		NULL, DASH_NONE_IS_GOOD, 4, 5,
		{METRICS(
			"sum(increase(apiserver_admission_webhook_fail_open_count{name=\"pods.otelgate.dev\", " C
			"}[1h])) or vector(0)",
			"pods")}},
	{DASH_STAT, "Faulty reviews",
		"Admitted without injection because of a fault of otelgate in the last hour (OG108).",
		NULL, DASH_NONE_IS_GOOD, 4, 5,
		{METRICS("sum(increase(otelgate_reviews_total{decision=\"faulty\", " C
			 "}[1h])) or vector(0)",
			"reviews")}},
	{DASH_SERIES, "Reviews", "Admission reviews per second by decision.", "reqps", DASH_PLAIN,
		12, 8,
		{METRICS("sum by (decision) (rate(otelgate_reviews_total{" C
			 "}[$__rate_interval]))",
			"{{decision}}")}},
	{DASH_SERIES, "Time of a review", "From the complete request to the complete answer.", "s",
		DASH_PLAIN, 12, 8,
		{METRICS("histogram_quantile(0.5, sum by (le) (rate(otelgate_review_duration_seconds_bucket{" C
			 "}[$__rate_interval])))",
			 "p50"),
			METRICS("histogram_quantile(0.99, sum by (le) (rate(otelgate_review_duration_seconds_bucket{" C
				"}[$__rate_interval])))",
				"p99")}},
	{DASH_SERIES, "Answers by status code", "0: the client went away.", "reqps", DASH_PLAIN, 12,
		8,
		{METRICS("sum by (code) (rate(controller_runtime_webhook_requests_total{" C
			 "}[$__rate_interval]))",
			"{{code}}")}},
	{DASH_SERIES, "Caches without a watch", "For how long: what they say may be that old.", "s",
		DASH_PLAIN, 12, 8,
		{METRICS("max by (resource) (otelgate_cache_disconnected_seconds{" C "})",
			"{{resource}}")}},
	{.kind = DASH_ROW, .title = "Rollouts"},
	{DASH_STAT, "Stuck rollouts", "Of opted-in workloads (OG602).", NULL, DASH_NONE_IS_GOOD, 4,
		8,
		{METRICS("sum(max by (reason) (otelgate_workload_rollouts{state=\"Stuck\", " C
			 "}))",
			"stuck")}},
	{DASH_STAT, "Blamed on the injection",
		"Workloads whose pods misbehave since they are injected, and did not before (OG311).",
		NULL, DASH_NONE_IS_GOOD, 4, 8,
		{METRICS("max(otelgate_workloads_blamed{" C "})", "blamed")}},
	{DASH_SERIES, "Rollouts that are not complete", "By what they wait for.", NULL, DASH_PLAIN,
		8, 8,
		{METRICS(
			"max by (state, reason) (otelgate_workload_rollouts{state!=\"Complete\", " C
			"}) > 0",
			"{{state}}: {{reason}}")}},
	{DASH_SERIES, "Managed restarts",
		"Restarts by result, and workloads whose restart waits or is halted.", NULL,
		DASH_PLAIN, 8, 8,
		{METRICS("sum by (result) (increase(otelgate_restarts_total{" C
			 "}[$__rate_interval]))",
			 "{{result}}"),
			METRICS("sum(max by (reason) (otelgate_restarts_waiting{" C "}))",
				"waiting"),
			METRICS("max(otelgate_restarts_halted{" C "})", "halted")}},
	{.kind = DASH_ROW, .title = "Credentials and the way out"},
	{DASH_SERIES, "Distributed Secrets", "Namespaces that need one, by how it stands.", NULL,
		DASH_PLAIN, 8, 8,
		{METRICS("max by (state) (otelgate_credential_secrets{" C "})", "{{state}}")}},
	{DASH_STAT, "Pods with an old token",
		"An old token can be revoked when there are none (OG407).", NULL, DASH_NONE_IS_GOOD,
		4, 8, {METRICS("max(otelgate_workload_pods_outdated_credentials{" C "})", "pods")}},
	{DASH_STAT, "Since the last rotation",
		"Since the credentials of a stack were in place everywhere after a change.", "s",
		DASH_PLAIN, 4, 8,
		{METRICS(
			"time() - max by (stack) (otelgate_credential_rotation_timestamp_seconds{" C
			"})",
			"{{stack}}")}},
	{DASH_SERIES, "Ways that are closed",
		"Workloads whose network policies close the way, or whose credentials are missing.",
		NULL, DASH_PLAIN, 8, 8,
		{METRICS(
			"max by (type) (otelgate_workload_conditions{type=~\"EgressAllowed|CredentialsReady\", status=\"False\", " C
			"})",
			"{{type}}")}},
	{.kind = DASH_ROW, .title = "Verification"},
	{DASH_TABLE, "Backends", "1: the last questions were answered.", NULL, DASH_ONE_IS_GOOD, 8,
		8, {METRICS("max by (stack, backend) (otelgate_backend_answers{" C "})", NULL)}},
	{DASH_SERIES, "Age of the answers", "Since the latest answer of each backend.", "s",
		DASH_PLAIN, 8, 8,
		{METRICS(
			"time() - max by (stack, backend) (otelgate_backend_last_answer_timestamp_seconds{" C
			"} > 0)",
			"{{stack}} {{backend}}")}},
	{DASH_SERIES, "From rollout to proof",
		"How long until a signal of a new revision was seen in its backend.", "s",
		DASH_PLAIN, 8, 8,
		{METRICS("histogram_quantile(0.5, sum by (le, signal) (rate(otelgate_signal_arrival_seconds_bucket{" C
			 "}[$__rate_interval])))",
			 "p50 {{signal}}"),
			METRICS("histogram_quantile(0.95, sum by (le, signal) (rate(otelgate_signal_arrival_seconds_bucket{" C
				"}[$__rate_interval])))",
				"p95 {{signal}}")}},
	{DASH_TABLE, "Stacks that take what is sent",
		"By the stack's own probe: 1 for accepted, broken or unknown.", NULL, DASH_PLAIN,
		12, 8,
		{METRICS("max by (stack, signal, result) (otelgate_probe_signals{" C "}) == 1",
			NULL)}},
	{DASH_SERIES, "Latency of the probe",
		"How long the receiver takes, and until the backend shows it.", "s", DASH_PLAIN, 12,
		8,
		{METRICS("max by (stack, signal) (otelgate_probe_write_duration_seconds{" C
			 "} >= 0)",
			 "{{stack}} {{signal}} taken"),
			METRICS("max by (stack, signal) (otelgate_probe_visible_duration_seconds{" C
				"} >= 0)",
				"{{stack}} {{signal}} seen")}},
	{DASH_SERIES, "Cost of judging", "Time of the last judging of all workloads of a stack.",
		"s", DASH_PLAIN, 12, 8,
		{METRICS("max by (stack) (otelgate_verify_judging_duration_seconds{" C "})",
			"{{stack}}")}},
	{DASH_SERIES, "Questions to the backends", "Answers per second by what they mean.", "reqps",
		DASH_PLAIN, 12, 8,
		{METRICS("sum by (backend, state) (rate(otelgate_grafana_answers_total{" C
			 "}[$__rate_interval]))",
			"{{backend}} {{state}}")}},
	{DASH_SERIES, "Bytes from the backends", "As they came, compressed.", "Bps", DASH_PLAIN, 12,
		8,
		{METRICS("sum by (backend) (rate(otelgate_grafana_received_bytes_total{" C
			 "}[$__rate_interval]))",
			"{{backend}}")}},
	{DASH_SERIES, "Status latency", "From a change in the cluster to the status that says so.",
		"s", DASH_PLAIN, 12, 8,
		{METRICS(
			"histogram_quantile(0.99, sum by (le) (rate(otelgate_status_latency_seconds_bucket{" C
			"}[$__rate_interval])))",
			"p99")}},
	{.kind = DASH_ROW, .title = "Errors and cost"},
	{DASH_SERIES, "Requests to the API server", "By status code; each try counts.", "reqps",
		DASH_PLAIN, 8, 8,
		{METRICS("sum by (code) (rate(rest_client_requests_total{" C
			 "}[$__rate_interval]) and on (instance) otelgate_build_info)",
			"{{code}}")}},
	{DASH_SERIES, "Writes",
		"Of the leader, by part and result; held: they waited for the budget.", "ops",
		DASH_PLAIN, 8, 8,
		{METRICS("sum by (part, result) (rate(otelgate_writes_total{" C
			 "}[$__rate_interval]))",
			 "{{part}} {{result}}"),
			METRICS("sum by (part) (rate(otelgate_writes_held_total{" C
				"}[$__rate_interval]))",
				"{{part}} held")}},
	{DASH_SERIES, "Watches that are not live", "By resource and state.", NULL, DASH_PLAIN, 8, 8,
		{METRICS("sum by (resource, state) (otelgate_watch_state{state!=\"live\", " C
			 "}) > 0",
			"{{resource}} {{state}}")}},
	{DASH_SERIES, "Reconciling", "Keys worked on by controller and result.", "ops", DASH_PLAIN,
		8, 8,
		{METRICS("sum by (controller, result) (rate(controller_runtime_reconcile_total{" C
			 "}[$__rate_interval]) and on (instance) otelgate_build_info)",
			"{{controller}} {{result}}")}},
	{DASH_SERIES, "Memory", "Resident memory of each process.", "bytes", DASH_PLAIN, 8, 8,
		{METRICS("process_resident_memory_bytes{" C
			 "} and on (instance) otelgate_build_info",
			"{{instance}}")}},
	{DASH_SERIES, "CPU", "Share of a core that each process takes.", "percentunit", DASH_PLAIN,
		8, 8,
		{METRICS("rate(process_cpu_seconds_total{" C
			 "}[$__rate_interval]) and on (instance) otelgate_build_info",
			"{{instance}}")}},
};

const struct dashboard og_dashboard_cluster = {
	.uid = "otelgate-cluster",
	.title = "otelgate / Cluster",
	.help = "Coverage of telemetry in the cluster, and how otelgate itself does.",
	.variables =
		{
			{.name = "datasource", .label = "Metrics", .source = "prometheus"},
			{.name = "cluster",
				.label = "Cluster",
				.query = "label_values(otelgate_build_info, cluster)",
				.all = true},
		},
	.panels = panels,
	.n = OG_COUNT(panels),
	.link_title = "Workload",
	.link_uid = "otelgate-workload",
};
