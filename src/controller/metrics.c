/* SPDX-License-Identifier: Apache-2.0 */
/* The table of the controller's metrics. */
#include "otelgate/base/mem.h"
#include "otelgate/controller/controller.h"

/* 5 ms … 30 minutes: with a budget of writes a status may have to wait. */
static const double status_seconds[] = {
	.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60, 300, 1800};

const struct og_metric_def og_controller_metrics[OG_CM_COUNT_] = {
	[OG_CM_MISSED_PODS] = {"otelgate_missed_pods",
		"Running pods that should be injected and are not, by reason.", OG_METRIC_GAUGE,
		NULL, {"reason"}, NULL, 0, 0},
	[OG_CM_MISSED_WORKLOADS] = {"otelgate_missed_workloads", "Workloads with such pods.",
		OG_METRIC_GAUGE, NULL, {"reason"}, NULL, 0, 0},
	[OG_CM_SCANS] = {"otelgate_missed_scans_total", "Scans of all pods for missed admissions.",
		OG_METRIC_COUNTER, NULL, {NULL}, NULL, 0, 0},
	[OG_CM_SCAN_SECONDS] = {"otelgate_missed_scan_duration_seconds",
		"Time from the begin of a scan to its result.", OG_METRIC_GAUGE, "seconds", {NULL},
		NULL, 0, 0},
	[OG_CM_LAST_SCAN] = {"otelgate_missed_last_scan_timestamp_seconds",
		"When the last scan ended, as Unix time.", OG_METRIC_GAUGE, "seconds", {NULL}, NULL,
		0, 0},
	/* The name of controller-runtime (pkg/internal/controller/metrics; O-1). */
	[OG_CM_RECONCILES] = {"controller_runtime_reconcile_total",
		"Keys worked on: success, requeue_after (to be looked at again), error, terminal.",
		OG_METRIC_COUNTER, NULL, {"controller", "result"}, NULL, 0, 0},
	[OG_CM_WRITES] = {"otelgate_writes_total",
		"The leader's writes to the API server, by what became of them.", OG_METRIC_COUNTER,
		NULL, {"part", "result"}, NULL, 0, 0},
	[OG_CM_WRITES_HELD] = {"otelgate_writes_held_total",
		"Times that a write had to wait for the budget.", OG_METRIC_COUNTER, NULL, {"part"},
		NULL, 0, 0},
	[OG_CM_WORKLOADS] = {"otelgate_workloads", "Opted-in workloads, as the leader knows them.",
		OG_METRIC_GAUGE, NULL, {NULL}, NULL, 0, 0},
	[OG_CM_PODS] = {"otelgate_workload_pods",
		"Their pods: current, stale (something has changed since), bare (not injected), skipped (rightly), terminating, finished.",
		OG_METRIC_GAUGE, NULL, {"class"}, NULL, 0, 0},
	[OG_CM_CONDITIONS] = {"otelgate_workload_conditions",
		"Workloads by condition, as in their status.", OG_METRIC_GAUGE, NULL,
		{"type", "status"}, NULL, 0, 0},
	[OG_CM_ROLLOUTS] = {"otelgate_workload_rollouts", "Workloads by how far their rollout is.",
		OG_METRIC_GAUGE, NULL, {"state", "reason"}, NULL, 0, 150},
	[OG_CM_OUTDATED] = {"otelgate_workload_pods_outdated_credentials",
		"Pods that hold an old token, or started before there was one.", OG_METRIC_GAUGE,
		NULL, {NULL}, NULL, 0, 0},
	[OG_CM_BLAMED] = {"otelgate_workloads_blamed",
		"Workloads whose pods misbehave since they are injected.", OG_METRIC_GAUGE, NULL,
		{NULL}, NULL, 0, 0},
	[OG_CM_WRITABLE] = {"otelgate_status_writable",
		"1 when the cluster has WorkloadTelemetry and the controller sees it.",
		OG_METRIC_GAUGE, NULL, {NULL}, NULL, 0, 0},
	[OG_CM_STATUS_SECONDS] = {"otelgate_status_latency_seconds",
		"From a change in the cluster to the status that says so.", OG_METRIC_HISTOGRAM,
		"seconds", {NULL}, status_seconds, OG_COUNT(status_seconds), 0},
	[OG_CM_CREDENTIAL_SECRETS] = {"otelgate_credential_secrets",
		"Namespaces that need a distributed Secret, by how it stands.", OG_METRIC_GAUGE,
		NULL, {"state"}, NULL, 0, 0},
	[OG_CM_CREDENTIAL_ROTATED] = {"otelgate_credential_rotation_timestamp_seconds",
		"When the credentials of a stack were last in place everywhere after a change, as Unix time.",
		OG_METRIC_GAUGE, "seconds", {"stack"}, NULL, 0, 0},
};
