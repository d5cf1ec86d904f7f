/* SPDX-License-Identifier: Apache-2.0 */
/* The table of metrics of this floor. */
#include "cluster-priv.h"

const struct og_metric_def og_cluster_metrics[CM_COUNT_] = {
	[CM_LOOKUPS] = {"otelgate_owner_lookups_total",
		"Owners and namespaces that reviews asked for: found in the cache, after waiting, fetched from the API server, or missing.",
		OG_METRIC_COUNTER, NULL, {"result"}, NULL, 0, 0},
	[CM_OBJECTS] = {"otelgate_config_objects",
		"GrafanaStack and TelemetryProfile objects: in force as they are, refused with an earlier version in force, or refused.",
		OG_METRIC_GAUGE, NULL, {"state"}, NULL, 0, 0},
	[CM_SYNCED] = {"otelgate_cluster_synced",
		"1 when every watch has given an answer since the start.", OG_METRIC_GAUGE, NULL,
		{NULL}, NULL, 0, 0},
};

const size_t og_cluster_metrics_n = CM_COUNT_;
