/* SPDX-License-Identifier: Apache-2.0 */
/* The table of status fields of WorkloadTelemetry, and of its columns. */
#include "otelgate/base/mem.h"
#include "otelgate/core/telemetry.h"

enum { MESSAGE = 32768, SHORT = 253 };

#define SIGNAL(s, what)                                                                                                     \
	{"status.signals." s, OG_ST_OBJECT, what, NULL, false, 0},                                                          \
		{"status.signals." s ".state", OG_ST_STRING,                                                                \
			"Flowing, ViaStdout, Idle, Waiting, Off, Unknown, Stale or Never.", NULL,                           \
			false, 32},                                                                                         \
		{"status.signals." s ".reason", OG_ST_STRING, "One stable word.", NULL, false,                              \
			128},                                                                                               \
		{"status.signals." s ".lastSeen", OG_ST_TIME,                                                               \
			"The newest that was seen when this was written; while it flows, it is not written for each look.", \
			NULL, false, 0},                                                                                    \
		{"status.signals." s ".since", OG_ST_TIME, "When the state began.", NULL, false,                            \
			0},                                                                                                 \
		{"status.signals." s ".pods", OG_ST_STRING,                                                                 \
			"Pods that send, of those that should: 2/3.", NULL, false, 32},                                     \
		{"status.signals." s ".silent", OG_ST_STRINGS,                                                              \
			"Pods that should send and do not; the first ten.", NULL, false,                                    \
			OG_TELEMETRY_SILENT},                                                                               \
		{"status.signals." s ".via", OG_ST_STRING, "otlp, stdout, scrape or ebpf.", NULL,                           \
			false, 32},                                                                                         \
		{"status.signals." s ".tie", OG_ST_STRING,                                                                  \
			"What ties it to the workload: revision, pod, service or job.", NULL,                               \
			false, 32},                                                                                         \
		{"status.signals." s ".trust", OG_ST_STRING,                                                                \
			"How far the verdict can be relied on: high, fair or low.", NULL, false,                            \
			32},                                                                                                \
		{"status.signals." s ".finding", OG_ST_STRING, "Id for `otelgate explain`.", NULL,                          \
			false, 16},                                                                                         \
		{"status.signals." s ".query", OG_ST_STRING, "The query that shows it.", NULL,                              \
			false, 4096},                                                                                       \
	{                                                                                                                   \
		"status.signals." s ".explore", OG_ST_STRING, "A link that opens the query.",                               \
			NULL, false, 4096                                                                                   \
	}

#define STARS(d, what)                                                                             \
	{"status.stars." d, OG_ST_OBJECT, what, NULL, false, 0},                                   \
		{"status.stars." d ".stars", OG_ST_INT, "Stars that are earned.", NULL, false, 0}, \
		{"status.stars." d ".best", OG_ST_INT,                                             \
			"Stars if all that is not known turned out well.", NULL, false, 0},        \
		{"status.stars." d ".percent", OG_ST_INT, "What is earned.", NULL, false, 0},      \
		{"status.stars." d ".bestPercent", OG_ST_INT,                                      \
			"The same if all that is not known turned out well.", NULL, false, 0},     \
		{"status.stars." d ".raise", OG_ST_STRING,                                         \
			"The rule that would raise it most; see the table of rules.", NULL, false, \
			64},                                                                       \
	{                                                                                          \
		"status.stars." d ".unknown", OG_ST_STRING,                                        \
			"The heaviest rule of which nothing is known.", NULL, false, 64            \
	}

const struct og_status_field og_telemetry_fields[] = {
	{"status", OG_ST_OBJECT, "Written by otelgate.", NULL, false, 0},
	{"status.observedGeneration", OG_ST_INT64,
		"Generation of the workload that this was judged by.", NULL, false, 0},
	{"status.profile", OG_ST_STRING, "TelemetryProfile in effect.", NULL, false, SHORT},
	{"status.stack", OG_ST_STRING, "GrafanaStack in effect.", NULL, false, SHORT},
	{"status.revision", OG_ST_STRING,
		"Revision that pods should carry: it changes with profile, stack, agents and credentials.",
		NULL, false, 63},
	{"status.pods", OG_ST_OBJECT, "How its pods run.", NULL, false, 0},
	{"status.pods.ratio", OG_ST_STRING,
		"Pods that run as they should, of those that should: 2/3.", NULL, false, 32},
	{"status.pods.total", OG_ST_INT, "Pods, without those that are going.", NULL, false, 0},
	{"status.pods.current", OG_ST_INT, "Pods of the wanted revision.", NULL, false, 0},
	{"status.pods.stale", OG_ST_INT,
		"Pods that were injected and of which something has changed since.", NULL, false,
		0},
	{"status.pods.bare", OG_ST_INT, "Pods that should be injected and are not.", NULL, false,
		0},
	{"status.pods.skipped", OG_ST_INT, "Pods that are rightly not injected.", NULL, false, 0},
	{"status.pods.terminating", OG_ST_INT, "Pods on their way out.", NULL, false, 0},
	{"status.pods.outdatedCredentials", OG_ST_INT,
		"Pods that hold an old token, or started before there was one. At 0 the old token can be revoked.",
		NULL, false, 0},
	{"status.pods.old", OG_ST_LIST,
		"Pods that do not run as they should, oldest first; the first ten.", "name", false,
		OG_TELEMETRY_OLD_PODS},
	{"status.pods.old[].name", OG_ST_STRING, "Name of the pod.", NULL, false, SHORT},
	{"status.pods.old[].created", OG_ST_TIME, "When it was made.", NULL, false, 0},
	{"status.pods.old[].replicaSet", OG_ST_STRING, "Its ReplicaSet, or Job.", NULL, false,
		SHORT},
	{"status.pods.old[].class", OG_ST_STRING, "stale or bare.", NULL, false, 32},
	{"status.pods.old[].cause", OG_ST_STRING, "Why it is stale.", NULL, false, 64},
	{"status.pods.old[].revision", OG_ST_STRING, "Revision that it carries.", NULL, false, 63},
	{"status.pods.more", OG_ST_INT, "So many more that are not listed.", NULL, false, 0},
	{"status.rollout", OG_ST_OBJECT, "How far its rollout is.", NULL, false, 0},
	{"status.rollout.state", OG_ST_STRING, "Complete, Progressing, Waiting, Stuck or Unknown.",
		NULL, false, 32},
	{"status.rollout.reason", OG_ST_STRING, "One stable word.", NULL, false, 128},
	{"status.rollout.message", OG_ST_STRING, "For people.", NULL, false, MESSAGE},
	{"status.rollout.fix", OG_ST_STRING, "What to do: a command to copy, or words.", NULL,
		false, MESSAGE},
	{"status.rollout.finding", OG_ST_STRING, "Id for `otelgate explain`.", NULL, false, 16},
	{"status.rollout.pod", OG_ST_STRING, "Pod that shows it.", NULL, false, SHORT},
	{"status.rollout.container", OG_ST_STRING, "Its container.", NULL, false, SHORT},
	{"status.rollout.exitCode", OG_ST_INT, "How that container ended last.", NULL, true, 0},
	{"status.rollout.since", OG_ST_TIME, "When it began.", NULL, false, 0},
	{"status.restart", OG_ST_OBJECT, "The last restart that otelgate did or suggested.", NULL,
		false, 0},
	{"status.restart.state", OG_ST_STRING,
		"Suggested, Requested, Restarted, Complete or StoodDown.", NULL, false, 32},
	{"status.restart.revision", OG_ST_STRING, "Revision that it was for.", NULL, false, 63},
	{"status.restart.wave", OG_ST_STRING,
		"The change that it was for: workloads of one wave are restarted one after another.",
		NULL, false, 63},
	{"status.restart.requestedAt", OG_ST_TIME, "When it was decided.", NULL, false, 0},
	{"status.restart.completedAt", OG_ST_TIME, "When its rollout had ended.", NULL, false, 0},
	{"status.restart.reason", OG_ST_STRING, "One stable word.", NULL, false, 128},
	{"status.restart.message", OG_ST_STRING, "For people.", NULL, false, MESSAGE},
	{"status.egress", OG_ST_OBJECT, "What network policies say of its way to the receiver.",
		NULL, false, 0},
	{"status.egress.need", OG_ST_STRING, "What there is to do.", NULL, false, 64},
	{"status.egress.managedPolicy", OG_ST_BOOL,
		"A NetworkPolicy of otelgate opens its way to the receiver.", NULL, false, 0},
	{"status.signals", OG_ST_OBJECT,
		"What arrives of it in the backends, where the stack says how to ask them.", NULL,
		false, 0},
	SIGNAL("metrics", "What Prometheus or Mimir holds."),
	SIGNAL("traces", "What Tempo holds."),
	SIGNAL("logs", "What Loki holds."),
	SIGNAL("profiles", "What Pyroscope holds."),
	{"status.stars", OG_ST_OBJECT,
		"The table of stars, computed; a dimension that does not apply is left out.", NULL,
		false, 0},
	STARS("coverage", "Coverage: is it there at all; of five."),
	STARS("quality", "Quality: does it say where it is from; of five."),
	STARS("correlation", "Correlation: do signals lead to each other; of five."),
	STARS("performance", "Performance: of sending; of five."),
	STARS("production", "Production readiness, of five."),
	STARS("profiling", "Profiling, of three."),
	{"status.seen", OG_ST_STRING,
		"What was seen so far, for the controller itself when it starts again.", NULL,
		false, OG_TELEMETRY_SEEN_BYTES},
	{"status.findings", OG_ST_LIST, "What is wrong, by id.", "id", false,
		OG_TELEMETRY_FINDINGS},
	{"status.findings[].id", OG_ST_STRING, "For `otelgate explain`.", NULL, false, 16},
	{"status.findings[].message", OG_ST_STRING, "For people.", NULL, false, MESSAGE},
	{"status.conditions", OG_ST_CONDITIONS, "What is known of it, one entry per type.", "type",
		false, OG_TC_COUNT_},
};
const size_t og_telemetry_fields_n = OG_COUNT(og_telemetry_fields);

#define CONDITION(type, what) ".status.conditions[?(@.type==\"" type "\")]." what
const struct og_status_column og_telemetry_columns[] = {
	{"Profile", "string", ".status.profile", false},
	{"Pods", "string", ".status.pods.ratio", false},
	{"Rollout", "string", ".status.rollout.state", false},
	{"Credentials", "string", CONDITION("CredentialsReady", "reason"), false},
	{"Egress", "string", CONDITION("EgressAllowed", "reason"), false},
	{"Metrics", "string", ".status.signals.metrics.state", false},
	{"Traces", "string", ".status.signals.traces.state", false},
	{"Logs", "string", ".status.signals.logs.state", false},
	{"Profiles", "string", ".status.signals.profiles.state", true},
	{"Ready", "string", CONDITION("Ready", "status"), false},
	{"Revision", "string", ".status.revision", true},
	{"Why", "string", CONDITION("Ready", "message"), true},
	{"Age", "date", ".metadata.creationTimestamp", false},
};
const size_t og_telemetry_columns_n = OG_COUNT(og_telemetry_columns);
