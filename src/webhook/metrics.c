/* SPDX-License-Identifier: Apache-2.0 */
/* The table. docs are generated from it. */
#include "otelgate/webhook/metrics.h"

#include "otelgate/base/mem.h"

/* 0.25 ms to 2.5 s: a review takes some 50 us, an API server gives up after seconds. */
static const double seconds[] = {
	0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5};

#define COUNTER(name_, help_, ...)                                                                 \
	{                                                                                          \
		.name = name_, .help = help_, .type = OG_METRIC_COUNTER, .labels = { __VA_ARGS__ } \
	}
#define GAUGE(name_, help_, unit_, ...)                                                           \
	{                                                                                         \
		.name = name_, .help = help_, .type = OG_METRIC_GAUGE, .unit = unit_, .labels = { \
			__VA_ARGS__                                                               \
		}                                                                                 \
	}
#define SECONDS(name_, help_, ...)                                                            \
	{                                                                                     \
		.name = name_, .help = help_, .type = OG_METRIC_HISTOGRAM, .unit = "seconds", \
		.labels = {__VA_ARGS__}, .buckets = seconds, .nbuckets = OG_COUNT(seconds)    \
	}

const struct og_metric_def og_webhook_metrics[OG_WM_COUNT_] = {
	[OG_WM_REVIEWS] = {.name = "otelgate_reviews_total",
		.help = "Admission reviews by decision (injected, unchanged, faulty, rejected, "
			"refused), reason and dry run.",
		.type = OG_METRIC_COUNTER,
		.labels = {"decision", "reason", "dry_run"},
		.max_series = 200},
	[OG_WM_REVIEW_SECONDS] = SECONDS("otelgate_review_duration_seconds",
		"Time from the complete request to the complete answer of one review.", NULL),
	[OG_WM_REQUESTS] = COUNTER("controller_runtime_webhook_requests_total",
		"Requests by HTTP status code; code 0 is a client that went away.", "webhook",
		"code"),
	[OG_WM_LATENCY] = SECONDS("controller_runtime_webhook_latency_seconds",
		"Time from the end of the headers to the end of the answer, network included.",
		"webhook"),
	[OG_WM_IN_FLIGHT] = GAUGE("controller_runtime_webhook_requests_in_flight",
		"Requests whose headers have come and whose answer has not gone.", NULL, "webhook"),
	[OG_WM_CONNECTIONS] =
		GAUGE("otelgate_http_connections", "Open connections.", NULL, "listener"),
	[OG_WM_ACCEPTED] =
		COUNTER("otelgate_http_accepted_total", "Connections accepted.", "listener"),
	[OG_WM_REFUSED] = COUNTER("otelgate_http_refused_total",
		"Connections closed unserved: over the cap, or out of descriptors or memory.",
		"listener"),
	[OG_WM_SHED] = COUNTER("otelgate_http_shed_total",
		"Connections without a served request, closed at the cap to make room.",
		"listener"),
	[OG_WM_TIMEOUTS] = COUNTER("otelgate_http_timeouts_total",
		"Connections closed because the client was too slow, by phase.", "listener",
		"phase"),
	[OG_WM_TLS_ERRORS] = COUNTER("otelgate_http_tls_errors_total",
		"TLS handshakes that failed, clients that do not trust the certificate included.",
		"listener"),
	[OG_WM_THROTTLED] = COUNTER("otelgate_http_throttled_total",
		"Requests answered 429 because too much was in progress.", "listener"),
	[OG_WM_ABORTED] = COUNTER("otelgate_http_aborted_total",
		"Requests whose answer was not delivered whole.", "listener"),
	[OG_WM_RECEIVED] = {.name = "otelgate_http_received_bytes_total",
		.help = "Bytes of request bodies.",
		.type = OG_METRIC_COUNTER,
		.unit = "bytes",
		.labels = {"listener"}},
	[OG_WM_SENT] = {.name = "otelgate_http_sent_bytes_total",
		.help = "Bytes of answers delivered.",
		.type = OG_METRIC_COUNTER,
		.unit = "bytes",
		.labels = {"listener"}},
	[OG_WM_CERT_READS] = COUNTER(
		"certwatcher_read_certificate_total", "Times the certificate was read.", NULL),
	[OG_WM_CERT_ERRORS] = COUNTER("certwatcher_read_certificate_errors_total",
		"Times the certificate could not be used and the one in force was kept.", NULL),
	[OG_WM_CERT_EXPIRY] = GAUGE("otelgate_certificate_expiry_timestamp_seconds",
		"End of the certificate in force, Unix time.", "seconds", NULL),
	[OG_WM_RELOADS] = COUNTER("otelgate_reloads_total",
		"Looks at changed input (config, objects, certificate) by result: ok or error.",
		"what", "result"),
	[OG_WM_GENERATION] = GAUGE("otelgate_generation",
		"Generation in force of config and objects; grows with each change taken over.",
		NULL, "what"),
	[OG_WM_RELOAD_OK] = GAUGE("otelgate_reload_successful",
		"1 when the latest version is in force, 0 when it was refused and an older one kept.",
		NULL, "what"),
	[OG_WM_RELOAD_TIME] = GAUGE("otelgate_reload_timestamp_seconds",
		"When the version in force was read, Unix time.", "seconds", "what"),
	[OG_WM_OBJECTS] =
		GAUGE("otelgate_objects", "Objects known from the objects folder.", NULL, NULL),
	[OG_WM_READY] = GAUGE("otelgate_ready", "1 when /readyz answers 200.", NULL, NULL),
};

const struct og_metric_def og_webhook_cluster_metrics[OG_WCM_COUNT_] = {
	[OG_WCM_DEFERRED] = COUNTER("otelgate_reviews_deferred_total",
		"Reviews answered 429 because the caches had not answered yet.", NULL),
	[OG_WCM_CACHE_OBJECTS] =
		GAUGE("otelgate_cache_objects", "Objects in the cache.", NULL, "resource"),
	[OG_WCM_CACHE_SYNCED] = GAUGE("otelgate_cache_synced",
		"1 when the cache follows the API server; 0 also for kinds that are not installed.",
		NULL, "resource"),
	[OG_WCM_CACHE_AWAY] = GAUGE("otelgate_cache_disconnected_seconds",
		"For how long no watch has stood: what the cache says may be that old.", "seconds",
		"resource"),
	[OG_WCM_CA_EXPIRY] = GAUGE("otelgate_ca_expiry_timestamp_seconds",
		"End of the CA that signs, Unix time; 0 when there is none.", "seconds", NULL),
	[OG_WCM_CAS] = GAUGE("otelgate_ca_certificates",
		"CAs that caBundle should hold; more than 1 during a rotation.", NULL, NULL),
	[OG_WCM_LEAVES] = COUNTER("otelgate_certificates_made_total",
		"Certificates that this replica has served.", NULL),
	[OG_WCM_ROTATIONS] = COUNTER("otelgate_ca_rotations_total",
		"Rotations of the CA that this replica has completed.", NULL),
	[OG_WCM_BUNDLE_WRITES] = COUNTER("otelgate_ca_bundle_writes_total",
		"Times this replica wrote caBundle of the webhook configuration.", NULL),
	[OG_WCM_BUNDLE_REPAIRS] = COUNTER("otelgate_ca_bundle_repairs_total",
		"Times someone else changed caBundle so that it had to be written again.", NULL),
	[OG_WCM_BUNDLE_CURRENT] = GAUGE("otelgate_ca_bundle_current",
		"1 when the webhook configuration carries our CAs.", NULL, NULL),
	[OG_WCM_PROBLEM] = GAUGE("otelgate_ca_problem",
		"1 when /readyz?verbose names a problem with certificates.", NULL, NULL),
};
