/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Asking one stack's backends, on an event loop. Everything belongs to the loop's thread; nothing
 * blocks.
 *
 * What it keeps to, whoever asks: at most one request per second and backend (retries included),
 * the rest waits its turn; 429 and Retry-After are obeyed, for everybody; HTTPS except loopback;
 * redirects are never followed; bodies, time and tries are bounded. An answer always comes, as a
 * state: see grafana/answer.h.
 *
 * Retries as Grafana's own gcx does them: GET after 429, 502, 503, 504 and a connection that broke,
 * POST after 429 only, both when nothing was sent; 3 times, after 0.5 s to 10 s with full jitter or
 * what Retry-After says. A Retry-After above 30 s is not waited for: the answer is THROTTLED, and
 * so are all others of that backend, without asking, until it has passed.
 */
#include "otelgate/base/metric.h"
#include "otelgate/base/secret.h"
#include "otelgate/grafana/answer.h"
#include "otelgate/net/httpc.h"

struct og_gf_client;
struct og_gf_call;

/* Credentials of one backend. Views are borrowed until og_gf_client_new returns. */
struct og_gf_endpoint {
	struct og_sv url;  /* as people paste it, see og_gf_base_url; empty = not asked */
	struct og_sv user; /* Basic: the backend's own instance id; empty = Bearer */
	/* Access-policy token, or a service account's for Grafana's data source proxy. NULL = no
	 * Authorization (a server of one's own). Must live as long as the client; a new value is
	 * used by the next request. */
	const struct og_secret *token;
};

struct og_gf_client_opts {
	struct og_loop *loop;
	struct og_httpc *http; /* must live as long as the client */
	struct og_gf_endpoint backend[OG_GF_COUNT_];
	/* Another server of the same stack that is asked by og_gf_client_send alone, with backend
	 * OG_GF_COUNT_: grafana.com itself, a gateway. Its URL is taken as it is, but for a
	 * trailing "/". */
	struct og_gf_endpoint other;
	struct og_sv ca_pem;	    /* empty = the system's CAs; copied */
	bool insecure;		    /* certificates are not verified */
	const char *proxy;	    /* NULL = by HTTPS_PROXY, NO_PROXY; copied */
	bool allow_http;	    /* http:// to other hosts than loopback: servers of one's own */
	int64_t interval_ms;	    /* between requests to one backend; 0 = 1,000 */
	int64_t deadline_ms;	    /* of one question, waits and retries included; 0 = 30,000 */
	uint64_t max_bytes;	    /* of a decoded body; 0 = 32 MiB; at most 64 MiB */
	struct og_metrics *metrics; /* NULL = none */
	uint64_t seed;		    /* of the jitter; 0 = random */
};

/*
 * Errors: INVALID names the backend and what is wrong with its URL or user (see og_gf_base_url),
 * OOM. *o is copied, tokens and CA-less views excepted as said above.
 */
int og_gf_client_new(
	const struct og_gf_client_opts *o, struct og_gf_client **ret, struct og_err *err);
/* Ends all questions without their callbacks; may be called from one. NULL is fine. */
void og_gf_client_free(struct og_gf_client *c);

/* Whether that backend has a URL. */
bool og_gf_client_has(const struct og_gf_client *c, enum og_gf_backend b);
/* The URL in use, without trailing "/"; "" when there is none. For messages. */
const char *og_gf_client_url(const struct og_gf_client *c, enum og_gf_backend b);
/* What was changed in the URL that was given, for people; "" when nothing was. */
const char *og_gf_client_note(const struct og_gf_client *c, enum og_gf_backend b);

/*
 * The answer lives until the callback returns. Never called from within og_gf_client_ask, exactly
 * once for each call that is not cancelled. It may ask anew, cancel others, and free the client.
 */
typedef void og_gf_answer_fn(void *ctx, const struct og_gf_answer *a);

/* Zeroed = the client's own limits. */
struct og_gf_ask_opts {
	int64_t deadline_ms; /* at most the client's own */
	uint64_t max_bytes;  /* at most the client's own */
	bool once;	     /* no retries */
};

/*
 * Asks. A backend without a URL is answered UNASKED. Errors (no callback comes): what
 * og_gf_query_http says, OOM. ret may be NULL.
 */
int og_gf_client_ask(struct og_gf_client *c, const struct og_gf_query *q,
	const struct og_gf_ask_opts *o, void *ctx, og_gf_answer_fn *on_answer,
	struct og_gf_call **ret, struct og_err *err);
/* The same for a request that was made elsewhere; it is copied. INVALID: the target is no path. */
int og_gf_client_send(struct og_gf_client *c, const struct og_gf_http *h,
	const struct og_gf_ask_opts *o, void *ctx, og_gf_answer_fn *on_answer,
	struct og_gf_call **ret, struct og_err *err);
/* No callback comes any more; not for calls whose callback has begun. NULL is fine. */
void og_gf_call_cancel(struct og_gf_call *call);

/* Milliseconds until the backend may be asked again after a 429; 0 = now. */
int64_t og_gf_client_throttled_ms(const struct og_gf_client *c, enum og_gf_backend b);

struct og_gf_stats {
	uint64_t asked, answered, requests, retries, wire_bytes, body_bytes;
	unsigned waiting; /* questions that have not been answered */
};
void og_gf_client_stats(
	const struct og_gf_client *c, enum og_gf_backend b, struct og_gf_stats *ret);

enum og_gf_metric {
	OG_GFM_REQUESTS, /* by backend and status code */
	OG_GFM_ANSWERS,	 /* by backend and state */
	OG_GFM_SECONDS,	 /* by backend: of one request */
	OG_GFM_BYTES,	 /* by backend: received, as they came */
	OG_GFM_WAITING,	 /* by backend */
	OG_GFM_COUNT_
};
extern const struct og_metric_def og_gf_metrics[OG_GFM_COUNT_];

/*
 * The base URL to put paths behind, from what people paste: without a scheme https is meant; query
 * and fragment are refused, user names and passwords too; ends that belong to one API ("/push",
 * "/api/v1/query", "/loki/api/v1", "/api/search", "/ingest", trailing "/") are cut off; on hosts of
 * grafana.net without a path, the documented one is added (/api/prom, /tempo). Appends the URL to
 * `url` and, when something was changed, a sentence to `note`.
 * Errors: INVALID, PARSE, LIMIT, UNSUPPORTED; they never quote the text. http:// to another host
 * than loopback is INVALID unless allow_http.
 */
int og_gf_base_url(enum og_gf_backend b, struct og_sv text, bool allow_http, struct og_buf *url,
	struct og_buf *note, struct og_err *err);
