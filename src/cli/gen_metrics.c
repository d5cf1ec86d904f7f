/* SPDX-License-Identifier: Apache-2.0 */
/* docs/reference/metrics.md from the tables of metrics. */
#include "otelgate/base/mem.h"
#include "otelgate/base/metric.h"
#include "otelgate/cli/command.h"
#include "otelgate/cluster/cluster.h"
#include "otelgate/controller/controller.h"
#include "otelgate/grafana/client.h"
#include "otelgate/kube/client.h"
#include "otelgate/kube/events.h"
#include "otelgate/kube/lease.h"
#include "otelgate/kube/queue.h"
#include "otelgate/kube/store.h"
#include "otelgate/kube/watch.h"
#include "otelgate/webhook/metrics.h"
#include "gen_metrics-priv.h"

void og_metric_tables(metric_table_fn *fn, void *ctx)
{
	const struct {
		const char *title, *note; /* note: NULL = none */
		const struct og_metric_def *defs;
		size_t n;
	} tables[] = {
		{"Webhook", NULL, og_webhook_metrics, OG_WM_COUNT_},
		{"Webhook in a cluster", NULL, og_webhook_cluster_metrics, OG_WCM_COUNT_},
		{"Cluster", "Of every process that watches a cluster.", og_cluster_metrics,
			og_cluster_metrics_n},
		{"Client of the API server", NULL, og_kube_metrics, OG_KM_COUNT_},
		{"Watches", NULL, og_watch_metrics, og_watch_metrics_n},
		{"Stores", "What the watches have seen.", og_store_metrics, og_store_metrics_n},
		{"Work queues", "`name` and `controller` are the queue's.", og_queue_metrics,
			OG_QM_COUNT_},
		{"Leader election", "`name` is the Lease's.", og_lease_metrics, OG_LM_COUNT_},
		{"Kubernetes Events", NULL, og_events_metrics, OG_EM_COUNT_},
		{"Controller", NULL, og_controller_metrics, OG_CM_COUNT_},
		{"Questions to backends", "Of the leading controller.", og_gf_metrics,
			OG_GFM_COUNT_},
		{"Restarts", "Of the leading controller.", og_restart_metrics, OG_RSM_COUNT_},
		{"Process", NULL, og_metric_process_defs, og_metric_process_defs_n},
	};

	for (size_t i = 0; i < OG_COUNT(tables); i++)
		fn(ctx, tables[i].title, tables[i].note, tables[i].defs, tables[i].n);
}

static void section(
	void *ctx, const char *title, const char *note, const struct og_metric_def *defs, size_t n)
{
	struct og_buf *out = ctx;

	og_buf_fmt(out, "\n## %s\n\n", title);
	if (note)
		og_buf_fmt(out, "%s\n\n", note);
	og_metric_defs_markdown(defs, n, out);
}

void og_gen_metrics(struct og_buf *out)
{
	og_buf_lit(out,
		"<!-- Generated from the tables of metrics by `make docs`. -->\n"
		"# Metrics\n\n"
		"`GET /metrics` answers in the Prometheus text format 0.0.4, or in OpenMetrics "
		"1.0 when the `Accept` header\n"
		"asks for it. Label values are bounded: beyond a row's limit everything new is "
		"counted under `other`.\n");
	og_metric_tables(section, out);
}
