/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * A simulated Grafana Cloud for tests: OTLP gateway, Prometheus/Mimir, Loki, Tempo, Pyroscope and
 * the discovery API, in one process or one object inside a test program, on 127.0.0.1. Each has a
 * port of its own, as it has a host of its own in the cloud. It answers from what was really sent
 * to it; nothing is canned. A second door, the collector, takes OTLP without credentials and
 * forwards it as an in-cluster collector would.
 *
 * All functions may be called from any thread. Texts handed out belong to the simulator.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "otelgate/base/err.h"
#include "otelgate/base/str.h"

struct og_cloud;

enum og_cloud_host {
	OG_CLOUD_GATEWAY,   /* POST /otlp/v1/{traces,metrics,logs} */
	OG_CLOUD_PROM,	    /* /api/prom/api/v1/… */
	OG_CLOUD_LOKI,	    /* /loki/api/v1/… */
	OG_CLOUD_TEMPO,	    /* /tempo/api/… */
	OG_CLOUD_PYROSCOPE, /* /querier.v1.QuerierService/…, /ingest, /push.v1.…, OTLP profiles */
	OG_CLOUD_DISCOVERY, /* GET /api/instances/{slug} */
	OG_CLOUD_COLLECTOR, /* POST /v1/{traces,metrics,logs}, no credentials, never TLS */
	OG_CLOUD_ADMIN,	    /* /cloud/…, no credentials, never TLS */
	OG_CLOUD_HOSTS_
};
/* "gateway", "prometheus", "loki", "tempo", "pyroscope", "discovery", "collector", "admin". */
const char *og_cloud_host_name(enum og_cloud_host h);

struct og_cloud_opts {
	bool tls;			/* all but collector and admin; see og_cloud_ca_pem() */
	uint16_t port[OG_CLOUD_HOSTS_]; /* 0 = any free one */
	uint64_t max_bytes;		/* of what is held; 0 = 1 GiB; beyond it 429 */
};

/* opts NULL = all zero. Starts threads; every port answers when this returns. */
int og_cloud_start(const struct og_cloud_opts *opts, struct og_cloud **ret, struct og_err *err);
/* Ends all connections and threads and frees everything. NULL is fine. */
void og_cloud_stop(struct og_cloud *c);

uint16_t og_cloud_port(const struct og_cloud *c, enum og_cloud_host h);
/* "http://127.0.0.1:PORT" or with https; without any path. */
const char *og_cloud_base(const struct og_cloud *c, enum og_cloud_host h);
/* What a client is configured with: the base with "/otlp", "/api/prom", "/tempo"; Loki, Pyroscope,
 * discovery and collector as og_cloud_base(). */
const char *og_cloud_url(const struct og_cloud *c, enum og_cloud_host h);
const char *og_cloud_ca_pem(const struct og_cloud *c); /* "" without TLS */

/*
 * The stack. Its users differ per host, as they do in the cloud. Three tokens exist at the start:
 * write (metrics logs traces profiles), read (the same, and stacks:read), all (both).
 */
#define OG_CLOUD_SLUG "teststack"
/* Basic user of a host: "100001" for the gateway … ; "" where there is none. */
const char *og_cloud_user(const struct og_cloud *c, enum og_cloud_host h);
#define OG_CLOUD_TOKEN_WRITE "glc_sim-write"
#define OG_CLOUD_TOKEN_READ  "glc_sim-read"
#define OG_CLOUD_TOKEN_ALL   "glc_sim-all"
/* Sets a token's scopes, separated by commas; makes it when it is not known. NULL = unknown from
 * now on. */
int og_cloud_token(struct og_cloud *c, const char *token, const char *scopes, struct og_err *err);

/*
 * Settings; absent members stay as they are (POST /cloud/config takes the same):
 *
 *  {"delayMs": {"prometheus":0,"loki":0,"tempo":0,"pyroscope":0},   sent, but not yet to be seen
 *   "limits": {"lokiSeries":500, "tempoSeries":1000, "promSeries":100000, "bodyBytes":20971520,
 *              "promOldMs":3600000, "promFutureMs":600000, "lokiOldMs":604800000},
 *   "clockOffsetMs": 0,             the cloud's clock minus the machine's
 *   "authText": false,              401 as text/plain instead of JSON
 *   "gatewayProfiles": false,       /otlp/v1development/profiles is served
 *   "indexLabels": ["service.name", …],    of Loki; "promote": […] of Prometheus
 *   "stack": {"slug":"…","regionSlug":"…","status":"active"},
 *   "visible": {"prometheus":"label=value", …}   label policy: other series are hidden
 *   "pipeline": {                   of the collector
 *     "drop": ["k8s.pod.uid", …],   resource attributes that are removed
 *     "rename": {"from":"to"},      service names that are changed
 *     "cluster": "c1",              stamped as cluster and k8s.cluster.name; "" = not
 *     "dropSignals": ["traces"],    taken, and not forwarded
 *     "k8s": {"k8s.node.name":"n1"} attributes added where they are missing
 *     "status": 0,                  the collector itself answers that (0 = 200)
 *     "forward": true}              false = taken, and lost on the way
 *  }
 */
int og_cloud_config(struct og_cloud *c, const char *json, struct og_err *err);

/*
 * Faults: one rule or an array of them (POST /cloud/faults).
 *
 *  {"host":"loki", "path":"/loki/api/v1/series", "after":0, "count":1, "type":"status", …}
 *
 * The first rule that fits hits; a rule that is used up lets requests through to the later ones.
 * host and path (a prefix) absent = any; after: so many matching requests pass first; count: how
 * many are hit, default 1, -1 = until cleared. Types:
 *  status       "code", "retryAfter" (s), "html":true, "text", "contentType"
 *  hang         nothing is answered for "ms" (default: until the client leaves)
 *  delay        "ms" before the answer
 *  slow         "bytes" of the body each "ms"
 *  cut          the connection ends after "bytes" of the body
 *  reset        the connection is reset before any answer
 *  endless      a chunked body that does not end, as long as the client listens
 *  huge         a body of "bytes" (default 100 MB) of JSON string
 *  contentType  "contentType" instead of the right one
 *  body         "text" instead of the body
 *  warnings     "text" as a warning beside the data (Prometheus and Loki)
 *  partial      the answer says that it is partial (Tempo), rows are left out
 *  reject       "text": the write is a partial success with "n" refused (gateway and collector)
 *  redirect     302 to "text"
 */
int og_cloud_fault(struct og_cloud *c, const char *json, struct og_err *err);
void og_cloud_clear_faults(struct og_cloud *c);
uint64_t og_cloud_faults_hit(struct og_cloud *c);

/* Everything held becomes that much older: staleness without waiting. */
void og_cloud_age(struct og_cloud *c, int64_t ms);
/* Forgets all telemetry. */
void og_cloud_wipe(struct og_cloud *c);
/* The cloud's wall clock, ns since the epoch. */
int64_t og_cloud_now_ns(struct og_cloud *c);

/*
 * Sends past HTTP and credentials, through what the gateway does with it. `signal` is "traces",
 * "metrics", "logs" or "profiles"; json is an OTLP request. "@-90s" in place of a time is not
 * understood: use og_cloud_now_ns().
 */
int og_cloud_push(struct og_cloud *c, const char *signal, const char *json, struct og_err *err);

/* N workloads with P pods each, all four signals, directly into the stores. */
struct og_cloud_seed {
	uint32_t workloads, pods; /* pods 0 = 1 */
	uint32_t namespaces;	  /* 0 = one for each 50 workloads */
	const char *cluster;	  /* NULL = "sim" */
	const char *revision;	  /* NULL = "rev-1" */
	int64_t age_ms;		  /* of the newest sample */
	unsigned signals;	  /* bits: 1 metrics, 2 traces, 4 logs, 8 profiles; 0 = all */
};
int og_cloud_seed(struct og_cloud *c, const struct og_cloud_seed *s, struct og_err *err);

struct og_cloud_held {
	uint64_t series, samples, exemplars, streams, lines, spans, profiles, bytes;
};
void og_cloud_held(struct og_cloud *c, struct og_cloud_held *ret);

/* Requests answered so far; path is a prefix, NULL = any. */
uint64_t og_cloud_requests(struct og_cloud *c, enum og_cloud_host h, const char *path);
uint64_t og_cloud_bytes_out(struct og_cloud *c); /* of bodies, as on the wire */
/* The latest 4,096 as JSON lines: {"host","method","path","user","status","in","out"}. The path
 * with its query; no credentials. */
void og_cloud_request_log(struct og_cloud *c, struct og_buf *out);
void og_cloud_clear_requests(struct og_cloud *c);

/* What the program writes with --state-file: {"ca":…,"hosts":{"loki":{"url","user","port"},…},
 * "tokens":{…}}. */
void og_cloud_state(struct og_cloud *c, struct og_buf *out);
