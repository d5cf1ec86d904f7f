/* SPDX-License-Identifier: Apache-2.0 */
/* Metrics of the client. */
#include <stdio.h>
#include "client-priv.h"
#include "otelgate/base/mem.h"

/* 50 ms to 60 s: queries of a cluster's size take longer than those of an API server. */
static const double seconds[] = {0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 30, 60};

const struct og_metric_def og_gf_metrics[OG_GFM_COUNT_] = {
	[OG_GFM_REQUESTS] = {.name = "otelgate_grafana_requests_total",
		.help = "Requests to the backends of a stack by status code (<error> = no answer); "
			"each try counts.",
		.type = OG_METRIC_COUNTER,
		.labels = {"backend", "code"}},
	[OG_GFM_ANSWERS] = {.name = "otelgate_grafana_answers_total",
		.help = "Answers to questions by what they mean (Present, Empty, Throttled …).",
		.type = OG_METRIC_COUNTER,
		.labels = {"backend", "state"}},
	[OG_GFM_SECONDS] = {.name = "otelgate_grafana_request_duration_seconds",
		.help = "Time from sending a request to the end of its answer.",
		.type = OG_METRIC_HISTOGRAM,
		.unit = "seconds",
		.labels = {"backend"},
		.buckets = seconds,
		.nbuckets = OG_COUNT(seconds)},
	[OG_GFM_BYTES] = {.name = "otelgate_grafana_received_bytes_total",
		.help = "Bytes received from the backends, as they came (compressed).",
		.type = OG_METRIC_COUNTER,
		.unit = "bytes",
		.labels = {"backend"}},
	[OG_GFM_WAITING] = {.name = "otelgate_grafana_questions_waiting",
		.help = "Questions that have not been answered yet.",
		.type = OG_METRIC_GAUGE,
		.labels = {"backend"}},
};

void gfc_count_try(const struct og_gf_call *call, const struct og_httpc_result *r)
{
	struct og_metric_table *m = call->c->metrics;
	const char *name = gfc_who(call);
	char code[16] = "<error>";
	if (!m)
		return;
	if (call->status)
		(void)snprintf(code, sizeof(code), "%d", call->status);
	og_metric_add(m, OG_GFM_REQUESTS, 1, OG_LABELS(name, code));
	og_metric_observe(
		m, OG_GFM_SECONDS, (double)r->took_ns / (double)OG_NS_PER_S, OG_LABELS(name));
	og_metric_add(m, OG_GFM_BYTES, (double)r->wire_bytes, OG_LABELS(name));
}

void gfc_count_answer(const struct og_gf_call *call, const struct og_gf_answer *a)
{
	if (call->c->metrics)
		og_metric_add(call->c->metrics, OG_GFM_ANSWERS, 1,
			OG_LABELS(gfc_who(call), og_gf_state_name(a->state)));
}

void gfc_count_waiting(const struct og_gf_call *call)
{
	const struct og_gf_client *c = call->c;
	if (c->metrics)
		og_metric_set(c->metrics, OG_GFM_WAITING, (double)c->b[call->backend].stats.waiting,
			OG_LABELS(gfc_who(call)));
}
