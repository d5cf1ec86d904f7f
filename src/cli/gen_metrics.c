/* SPDX-License-Identifier: Apache-2.0 */
/* docs/reference/metrics.md from the tables of metrics. */
#include "otelgate/base/metric.h"
#include "otelgate/cli/command.h"
#include "otelgate/cluster/cluster.h"
#include "otelgate/controller/controller.h"
#include "otelgate/kube/client.h"
#include "otelgate/kube/events.h"
#include "otelgate/kube/lease.h"
#include "otelgate/kube/queue.h"
#include "otelgate/kube/store.h"
#include "otelgate/kube/watch.h"
#include "otelgate/webhook/metrics.h"

void og_gen_metrics(struct og_buf *out)
{
	og_buf_lit(out,
		"<!-- Generated from the tables of metrics by `make docs`. -->\n"
		"# Metrics\n\n"
		"`GET /metrics` answers in the Prometheus text format 0.0.4, or in OpenMetrics "
		"1.0 when the `Accept` header\n"
		"asks for it. Label values are bounded: beyond a row's limit everything new is "
		"counted under `other`.\n\n"
		"## Webhook\n\n");
	og_metric_defs_markdown(og_webhook_metrics, OG_WM_COUNT_, out);
	og_buf_lit(out, "\n## Webhook in a cluster\n\n");
	og_metric_defs_markdown(og_webhook_cluster_metrics, OG_WCM_COUNT_, out);
	og_buf_lit(out, "\n## Cluster\n\nOf every process that watches a cluster.\n\n");
	og_metric_defs_markdown(og_cluster_metrics, og_cluster_metrics_n, out);
	og_buf_lit(out, "\n## Client of the API server\n\n");
	og_metric_defs_markdown(og_kube_metrics, OG_KM_COUNT_, out);
	og_buf_lit(out, "\n## Watches\n\n");
	og_metric_defs_markdown(og_watch_metrics, og_watch_metrics_n, out);
	og_buf_lit(out, "\n## Stores\n\nWhat the watches have seen.\n\n");
	og_metric_defs_markdown(og_store_metrics, og_store_metrics_n, out);
	og_buf_lit(out, "\n## Work queues\n\n`name` and `controller` are the queue's.\n\n");
	og_metric_defs_markdown(og_queue_metrics, OG_QM_COUNT_, out);
	og_buf_lit(out, "\n## Leader election\n\n`name` is the Lease's.\n\n");
	og_metric_defs_markdown(og_lease_metrics, OG_LM_COUNT_, out);
	og_buf_lit(out, "\n## Kubernetes Events\n\n");
	og_metric_defs_markdown(og_events_metrics, OG_EM_COUNT_, out);
	og_buf_lit(out, "\n## Controller\n\n");
	og_metric_defs_markdown(og_controller_metrics, OG_CM_COUNT_, out);
	og_buf_lit(out, "\n## Process\n\n");
	og_metric_defs_markdown(og_metric_process_defs, og_metric_process_defs_n, out);
}
