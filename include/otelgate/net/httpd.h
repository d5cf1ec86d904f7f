/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * HTTP/1.1 server, plain or TLS 1.2/1.3, for hostile clients. The library inside is hidden.
 *
 * Threads: one accepts, one sweeps (deadlines, lingering closes, retired generations), and
 * `workers` serve. A connection goes to the worker with the fewest connections and stays there, so
 * that a burst of keep-alive connections from one API server spreads (a listen socket shared by a
 * pool does not spread: measured 19 instead of 78 requests/s with four workers). All threads block
 * every signal.
 *
 * Handlers run on worker threads, at most one at a time per worker, several at once per server.
 * They must not block.
 *
 * What is refused before a handler sees it (all with a short text that names the fix):
 *   400 no or several Host, Content-Length twice or beside Transfer-Encoding, another
 *       Transfer-Encoding than chunked, empty body where one is needed
 *   404 unknown path (the text lists the routes)   405 with Allow   413 body above the limit
 *   415 not application/json, or any Content-Encoding   429 + Retry-After: 1 above a limit
 *   431 request line and headers above header_bytes
 * Requests refused without reading their body end their connection, except small ones.
 */
#include <stdint.h>
#include "otelgate/base/err.h"
#include "otelgate/base/str.h"

struct og_httpd;
struct og_http_xfer;

struct og_http_req {
	struct og_sv method; /* as sent: "POST" */
	struct og_sv path;   /* percent-decoded, without the query */
	struct og_sv body; /* whole; NUL-terminated behind its end; lives as long as the request */
	void *worker;	   /* what worker_new made for this worker */
	int64_t begun_ns;  /* CLOCK_MONOTONIC when the headers were complete */
	struct og_http_xfer *xfer;
};

enum { OG_HTTP_EXTRA_HEADERS = 4 };

struct og_http_resp {
	int status;		  /* 200 at first */
	const char *content_type; /* "text/plain; charset=utf-8" at first; NULL = none */
	struct og_buf *body;	  /* empty, capped at answer_bytes; sent without a copy */
	struct og_sv fixed;	  /* sent instead of body when p is set; must outlive the server */
	bool close;		  /* end the connection after this answer */
	unsigned nextra;	  /* extra headers; see og_http_resp_header() */
	struct {
		const char *name, *value;
	} extra[OG_HTTP_EXTRA_HEADERS];
};

/* `name` and `value` must live until the handler has returned. Further ones are dropped. */
void og_http_resp_header(struct og_http_resp *resp, const char *name, const char *value);

/* Query parameter (percent-decoded, first of that name) or header (case-insensitive, first). The
 * view lives as long as the request. */
bool og_http_query(const struct og_http_req *req, const char *name, struct og_sv *ret_value);
bool og_http_header(const struct og_http_req *req, const char *name, struct og_sv *ret_value);

/* A body that failed to grow (resp->body->failed) becomes a 500. */
typedef void og_route_fn(void *ctx, const struct og_http_req *req, struct og_http_resp *resp);

enum og_route_flag {
	OG_ROUTE_JSON = 1,    /* the body must be application/json, in no Content-Encoding */
	OG_ROUTE_BODY = 2,    /* an empty body is a 400 */
	OG_ROUTE_LIMITED = 4, /* counts against max_inflight and max_large */
};

struct og_route {
	const char *method; /* "GET" serves HEAD too */
	const char *path;
	og_route_fn *handler;
	void *ctx;
	unsigned flags; /* enum og_route_flag */
};

/* 0 in a field means its default. Sources: c-libraries = measured with libmicrohttpd 0.9.75;
 * W-n = the webhook practice table; client-go numbers are kubernetes/client-go's. */
struct og_httpd_limits {
	unsigned max_connections; /* 2048: 600 in-flight seats of each of three API servers */
	unsigned max_inflight;	  /* 1024 OG_ROUTE_LIMITED requests, headers to end of answer */
	unsigned max_large;	  /* 2 bodies above large_bytes in a handler at a time */
	size_t large_bytes;	  /* 1 MiB */
	size_t body_bytes;	  /* 7 MiB (W-7): two objects of 3 MiB, 1 MiB for the rest */
	size_t buffered_bytes;	  /* 64 MiB of received bodies above 64 KiB, all requests */
	size_t answer_bytes;	  /* 32 MiB per answer */
	size_t header_bytes;	  /* 32 KiB of memory per connection; beyond it 431 */
	unsigned header_ms;	  /* 5 s: first byte of a request to end of its headers (W-29) */
	unsigned body_ms;	  /* 10 s: whole body (W-29) */
	unsigned send_ms;	  /* 10 s: whole answer read by the client */
	unsigned idle_ms;	  /* 180 s: above the client's 90 s (W-28, W-29) */
	unsigned age_ms;	  /* 120 s +-10 %: then `Connection: close` (W-30) */
	unsigned age_requests;	  /* 1000: the same (W-30), once it is age_min_ms old */
	unsigned age_min_ms;	  /* 10 s: under full load 1000 requests last a second, and a
				     handshake each second would cost more than it balances */
	unsigned retire_ms;	  /* 150 s: an old generation is stopped then at the latest */
	unsigned drain_idle_ms;	  /* 1 s: connections idle that long are closed in a drain */
	/* At the cap a newcomer takes the place of the first of these that there is: */
	unsigned shed_silent_ms; /* 50 ms: a connection without a byte for so long; a client sends
				    its part of the handshake when it is connected */
	unsigned shed_ms;	 /* 1 s: one that never carried a served request */
	unsigned shed_idle_ms;	 /* 1 s: the one that has been idle for longest. An API server at
				    work uses its connections more often, and drops one that is
				    closed while it is idle */
};

/* One finished request. status 0 = the client went away before there was an answer. */
struct og_http_done {
	const struct og_route *route; /* NULL = none matched */
	int status;
	bool aborted; /* the answer was not delivered whole */
	size_t body_bytes, answer_bytes;
	int64_t took_ns; /* headers complete to end of answer */
};

struct og_httpd_opts {
	/* IPv4 or IPv6 address; NULL or "" = all of both families (IPv4 only without IPv6). */
	const char *address;
	uint16_t port;	  /* 0 = any free one; ask og_httpd_port() */
	unsigned workers; /* 0 = 2 */
	const struct og_route *routes;
	size_t nroutes;
	struct og_httpd_limits limits;
	/* PEM chain (leaf first) and key; both empty = plain HTTP. Not kept. */
	struct og_sv cert_pem, key_pem;

	void *ctx; /* for the callbacks, all optional, called from any thread */
	/* One line, at most 10 a second; `suppressed` lines were dropped before it. */
	void (*log)(void *ctx, const char *line, unsigned suppressed);
	void (*done)(void *ctx, const struct og_http_done *d);
	/* Scratch of one worker. NULL from worker_new fails the start. A rotation makes new ones;
	 * old ones are freed when the old generation has ended. */
	void *(*worker_new)(void *ctx, unsigned index);
	void (*worker_free)(void *ctx, void *worker);
};

/* Starts to serve. The routes, their ctx and opts->ctx must outlive the server. OG_E_IO when the
 * address cannot be bound, OG_E_TLS when the pair is no good, OG_E_CONFIG, OG_E_OOM. */
int og_httpd_new(
	const struct og_httpd_opts *opts, struct og_httpd **ret_server, struct og_err *err);
/* Stops at once (running handlers end first). NULL is fine. */
void og_httpd_free(struct og_httpd *s);
void og_httpd_free_ptr_(struct og_httpd **s);
#define og_auto_httpd __attribute__((cleanup(og_httpd_free_ptr_)))

uint16_t og_httpd_port(const struct og_httpd *s);

/*
 * New connections get the new pair, from the next accept on. Open ones are served by the old
 * generation, whose answers carry `Connection: close`; it is stopped when its last connection
 * is gone, or after retire_ms as soon as no request is in progress; of more than three old ones
 * the oldest at once. On an error (OG_E_TLS,
 * OG_E_OOM, OG_E_INVALID for a plain server) nothing has changed.
 */
int og_httpd_rotate(
	struct og_httpd *s, struct og_sv cert_pem, struct og_sv key_pem, struct og_err *err);

/* From now on every answer carries `Connection: close`; new connections are still served. */
void og_httpd_set_closing(struct og_httpd *s);
/*
 * Closing, then: everything already queued by the kernel is accepted, the listening socket is
 * closed, requests in progress end, idle connections are closed after drain_idle_ms, and the server
 * stops. 0 when no request was cut; -OG_E_TIMEOUT when the deadline came first. Call once; free
 * after.
 */
int og_httpd_drain(struct og_httpd *s, unsigned deadline_ms, struct og_err *err);

enum og_httpd_timeout {
	OG_HTTPD_TIMEOUT_HEADER, /* handshake or headers */
	OG_HTTPD_TIMEOUT_BODY,
	OG_HTTPD_TIMEOUT_SEND,
	OG_HTTPD_TIMEOUT_IDLE,
	OG_HTTPD_TIMEOUT_COUNT_
};

struct og_httpd_stats {
	uint64_t connections; /* open now */
	uint64_t accepted;    /* ever */
	uint64_t refused;     /* over the cap, or out of descriptors or memory */
	uint64_t shed;	      /* closed at the cap to make room */
	uint64_t timeouts[OG_HTTPD_TIMEOUT_COUNT_];
	uint64_t tls_errors;	      /* handshakes that failed */
	uint64_t requests;	      /* headers complete */
	uint64_t inflight;	      /* between headers and end of answer, now */
	uint64_t aborted;	      /* answers not delivered whole */
	uint64_t throttled;	      /* answered 429 by a limit here */
	uint64_t bytes_in, bytes_out; /* bodies */
	uint64_t buffered;	      /* bytes of bodies above 64 KiB held now */
	uint64_t rotations;
	uint64_t generations; /* alive now, 1 when no old one is left */
};
void og_httpd_stats(const struct og_httpd *s, struct og_httpd_stats *ret);
/* Answers given with that status (100 to 599), ever. */
uint64_t og_httpd_status_count(const struct og_httpd *s, int status);
