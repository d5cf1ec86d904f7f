/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * The webhook service: two listeners, live reload, drain.
 *
 *   admission (TLS)  POST /mutate?timeout=5s    AdmissionReview in, AdmissionReview out
 *   ops (plain)      GET /healthz /livez        the process and its workers make progress
 *                    GET /readyz[?verbose]      one line per check; 503 from SIGTERM on
 *                    GET /metrics               Prometheus text or OpenMetrics, by Accept
 *                    GET /debug/config          JSON: what is in force and where from; no secrets
 *
 * Certificate, configuration and objects are watched; a bad new version is refused, the one in
 * force stays, and log, metrics and /readyz?verbose say so. SIGHUP looks at once.
 *
 * With a cluster (`access`), what no files are given for comes from there: the configuration from
 * GrafanaStack and TelemetryProfile objects, facts of owners and namespaces from caches, and the
 * certificate from a CA of our own that a Secret holds, or from a Secret of someone else. None of
 * that is needed to start: the service is there at once, not ready, and becomes so by itself. What
 * cannot be had is named, everything else works without it, and no pod is ever denied for it.
 *
 * SIGTERM or SIGINT: /readyz turns 503 and every answer carries `Connection: close`; requests are
 * served for shutdown_delay_ms more (endpoints take that long to propagate), then the listening
 * socket is closed and requests in progress end, within drain_ms. A second signal skips the delay.
 */
#include <stdint.h>
#include "otelgate/base/err.h"
#include "otelgate/base/str.h"
#include "otelgate/net/httpd.h"

struct og_kube_access;

/* Zeroed memory gives the defaults. */
struct og_webhook_cluster_opts {
	const char *ns;		  /* of Secret and Service; NULL = the access's */
	const char *service;	  /* the certificate is for its names; NULL = "otelgate-webhook" */
	const char *domain;	  /* of the cluster; NULL = "cluster.local" */
	const char *const *names; /* more names or addresses for the certificate */
	size_t nnames;
	const char *registration; /* MutatingWebhookConfiguration; NULL = "otelgate", "" = none */
	const char *ca_secret;	  /* NULL = "otelgate-webhook-ca" */
	const char *tls_secret;	  /* serve this kubernetes.io/tls Secret; NULL = a CA of our own */
	int64_t ca_ms, leaf_ms, settle_ms; /* see kube/authority.h; 0 = its defaults */
	/* Until the caches have answered, reviews are told to come again (429), but no longer than
	 * that after the start. 0 = 30 s. */
	int64_t sync_ms;
	int64_t owner_wait_ms; /* for an owner that is not in the caches yet; 0 = 150 ms */
};

struct og_webhook_opts {
	const char *address;		 /* of the admission listener; NULL = all addresses */
	uint16_t port;			 /* 0 = any free one; the usual one is 10250 (W-34) */
	const char *ops_address;	 /* NULL = all addresses */
	uint16_t ops_port;		 /* 0 = any free one; the usual one is 8080 */
	const char *tls_cert, *tls_key;	 /* PEM files; NULL = from the cluster */
	const char *const *config_paths; /* files or folders; none = from the cluster */
	size_t nconfig;
	const char
		*objects; /* file or folder of objects for namespace and owner facts; NULL = none */
	unsigned workers; /* 0 = 2, with a cluster 4 */
	struct og_httpd_limits limits; /* of the admission listener; 0 = defaults */
	/* Longest time for one review; the deadline is the smaller of it and what the API server
	 * allows less 500 ms (W-1). 0 = 4500 ms. */
	int64_t review_ms;
	int64_t shutdown_delay_ms; /* 10 s is usual; 0 = none */
	int64_t drain_ms; /* 0 = 15 s: with the delay below the usual grace of 30 s (W-32) */
	int64_t poll_ms;  /* look at the files at least that often; 0 = 10 s (T-14) */
	/* The webhook is registered with failurePolicy Fail: own faults give HTTP 500, not an
	 * admission with a warning. */
	bool fail_mode;
	/* NULL = no cluster. Taken over, also on an error. */
	struct og_kube_access *access;
	struct og_webhook_cluster_opts cluster;
	/* Written once both listeners serve: "admission=PORT\nops=PORT\n". NULL = not written. */
	const char *ports_file;

	/* For tests and embedding. A readable stop_fd (-1 = none) acts as SIGTERM; with it, no
	 * signal is touched, and what a hup_fd (0 = none) brings acts as SIGHUP. `started` is
	 * called once both listeners serve. */
	int stop_fd, hup_fd;
	void (*started)(void *ctx, uint16_t port, uint16_t ops_port);
	void *ctx;
};
#define OG_WEBHOOK_OPTS_INIT  \
	{                     \
		.stop_fd = -1 \
	}

/* Whether the options name what is needed: 0 or -OG_E_USAGE; og_webhook_run asks it first. */
int og_webhook_check(const struct og_webhook_opts *o, struct og_err *err);
/*
 * Serves until told to stop. 0 after an orderly drain; -OG_E_TIMEOUT when requests were cut at its
 * end. Start errors: CONFIG (every problem has been logged), TLS, NOT_FOUND, IO, OOM, ... Logs as
 * component "webhook". Call it before other threads exist (signal mask).
 */
int og_webhook_run(const struct og_webhook_opts *o, struct og_err *err);
