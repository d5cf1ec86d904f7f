/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Metrics of the webhook: one table. Names of controller-runtime and its certwatcher are kept where
 * they mean the same (kubernetes-sigs/controller-runtime pkg/webhook/internal/metrics,
 * pkg/certwatcher/metrics), so that existing dashboards work; buckets are our own, because theirs
 * are decades from 10 ns.
 */
#include "otelgate/base/metric.h"

enum og_webhook_metric {
	OG_WM_REVIEWS,	      /* decision, reason, dry_run */
	OG_WM_REVIEW_SECONDS, /* in the handler */
	OG_WM_REQUESTS,	      /* controller-runtime: webhook, code */
	OG_WM_LATENCY,	      /* controller-runtime: webhook; headers to end of answer */
	OG_WM_IN_FLIGHT,      /* controller-runtime: webhook */
	OG_WM_CONNECTIONS,    /* listener; the HTTP rows follow og_httpd_stats */
	OG_WM_ACCEPTED,
	OG_WM_REFUSED,
	OG_WM_SHED,
	OG_WM_TIMEOUTS, /* listener, phase */
	OG_WM_TLS_ERRORS,
	OG_WM_THROTTLED,
	OG_WM_ABORTED,
	OG_WM_RECEIVED,
	OG_WM_SENT,
	OG_WM_CERT_READS, /* certwatcher */
	OG_WM_CERT_ERRORS,
	OG_WM_CERT_EXPIRY,
	OG_WM_RELOADS,	   /* what, result */
	OG_WM_GENERATION,  /* what */
	OG_WM_RELOAD_OK,   /* what */
	OG_WM_RELOAD_TIME, /* what */
	OG_WM_OBJECTS,
	OG_WM_READY,
	OG_WM_COUNT_
};

/* OG_WM_COUNT_ rows, in the order of the enum. */
extern const struct og_metric_def og_webhook_metrics[];

/* Of the cluster side; registered when there is one. */
enum og_webhook_cluster_metric {
	OG_WCM_DEFERRED,
	OG_WCM_CACHE_OBJECTS, /* resource, as the next two */
	OG_WCM_CACHE_SYNCED,
	OG_WCM_CACHE_AWAY,
	OG_WCM_CA_EXPIRY,
	OG_WCM_CAS,
	OG_WCM_LEAVES,
	OG_WCM_ROTATIONS,
	OG_WCM_BUNDLE_WRITES,
	OG_WCM_BUNDLE_REPAIRS,
	OG_WCM_BUNDLE_CURRENT,
	OG_WCM_PROBLEM,
	OG_WCM_COUNT_
};
extern const struct og_metric_def og_webhook_cluster_metrics[];
