/* SPDX-License-Identifier: Apache-2.0 */
/* Metrics of the client; names and labels as client-go's (rest_client_*) where it has them. */
#include "client-priv.h"

#include <stdio.h>

#include "otelgate/base/mem.h"

/* 1 ms to 60 s: client-go's are 5 ms … 60 s, a read of one object takes less than one. */
static const double seconds[] = {0.001, 0.005, 0.025, 0.1, 0.25, 0.5, 1, 2, 4, 8, 15, 30, 60};

const struct og_metric_def og_kube_metrics[OG_KM_COUNT_] = {
	[OG_KM_REQUESTS] = {.name = "rest_client_requests_total",
		.help = "Requests to the API server by status code (<error> = no answer), method "
			"and host; each try counts.",
		.type = OG_METRIC_COUNTER,
		.labels = {"code", "method", "host"}},
	[OG_KM_SECONDS] = {.name = "rest_client_request_duration_seconds",
		.help = "Time from sending a request to the end of its answer, watches excluded.",
		.type = OG_METRIC_HISTOGRAM,
		.unit = "seconds",
		.labels = {"verb", "host"},
		.buckets = seconds,
		.nbuckets = OG_COUNT(seconds)},
	[OG_KM_RETRIES] = {.name = "rest_client_request_retries_total",
		.help = "Requests that were sent again, by the status code (<error> = no answer) "
			"of the try before.",
		.type = OG_METRIC_COUNTER,
		.labels = {"code", "verb", "host"}},
	[OG_KM_IN_FLIGHT] = {.name = "otelgate_kube_requests_in_flight",
		.help = "Requests to the API server that are under way, by lane; watches included.",
		.type = OG_METRIC_GAUGE,
		.labels = {"lane"}},
	[OG_KM_RECEIVED] = {.name = "otelgate_kube_received_bytes_total",
		.help = "Bytes received from the API server, as they came (compressed).",
		.type = OG_METRIC_COUNTER,
		.unit = "bytes",
		.labels = {NULL}},
};

static const char *const lanes[OG_KUBE_LANES_] = {
	[OG_KUBE_URGENT] = "urgent",
	[OG_KUBE_NORMAL] = "normal",
	[OG_KUBE_BULK] = "bulk",
};

/* "host:port" of the server's URL, as client-go labels it. */
static void put_host(struct kc_metrics *m, const char *server)
{
	const char *at = strstr(server, "://");
	at = at ? at + 3 : server;
	(void)snprintf(m->host, sizeof(m->host), "%.*s", (int)strcspn(at, "/"), at);
}

int kc_metrics_init(struct og_kube *k, struct og_metrics *m, struct og_err *err)
{
	struct og_err own = OG_ERR_INIT;
	put_host(&k->metrics, k->access->server);
	k->metrics.table = og_metrics_add(m, og_kube_metrics, OG_KM_COUNT_, &own);
	if (k->metrics.table)
		return 0;
	if (err)
		*err = own;
	return own.code ? -(int)own.code : -OG_E_OOM;
}

static void code_text(char out[16], int status)
{
	if (status)
		(void)snprintf(out, 16, "%d", status);
	else
		(void)snprintf(out, 16, "<error>");
}

void kc_metrics_try(const struct og_kube_call *call, const struct og_httpc_result *r)
{
	const struct kc_metrics *m = &call->k->metrics;
	char code[16];
	if (!m->table)
		return;
	code_text(code, r->code < 0 ? 0 : r->status);
	og_metric_add(m->table, OG_KM_REQUESTS, 1, OG_LABELS(code, call->wire.method, m->host));
	og_metric_add(m->table, OG_KM_RECEIVED, (double)r->wire_bytes, NULL);
	if (call->verb != OG_KUBE_WATCH)
		og_metric_observe(m->table, OG_KM_SECONDS, (double)r->took_ns / (double)OG_NS_PER_S,
			OG_LABELS(og_kube_verb_name(call->verb), m->host));
}

void kc_metrics_retry(const struct og_kube_call *call, int status)
{
	const struct kc_metrics *m = &call->k->metrics;
	char code[16];
	code_text(code, status);
	og_metric_add(m->table, OG_KM_RETRIES, 1,
		OG_LABELS(code, og_kube_verb_name(call->verb), m->host));
}

void kc_metrics_lanes(const struct og_kube *k)
{
	for (int i = 0; i < OG_KUBE_LANES_; i++)
		og_metric_set(k->metrics.table, OG_KM_IN_FLIGHT, k->flying[i], OG_LABELS(lanes[i]));
}
