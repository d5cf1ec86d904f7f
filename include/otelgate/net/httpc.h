/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * HTTP client on an event loop: libcurl's multi interface, hidden. Connections are kept and reused;
 * answers stream through callbacks. HTTP/2 only with libcurl >= 8.0.0: before, an aborted stream
 * may be reported as complete (curl commits 48cd032623, 544a7f804d), which for a LIST would look
 * like deleted objects. Redirects are never followed; only https and http URLs are spoken.
 *
 * Everything here belongs to the loop's thread.
 */
#include "otelgate/base/secret.h"
#include "otelgate/base/str.h"
#include "otelgate/net/loop.h"

struct og_httpc;
struct og_httpc_call;

struct og_httpc_opts {
	const char *user_agent;
	unsigned max_connections;	   /* kept open, idle ones included; 0 = 64 */
	unsigned max_connections_per_host; /* 0 = no limit: each watch holds one in HTTP/1.1 */
	bool http2;			   /* wanted; used where libcurl is safe */
};
int og_httpc_new(struct og_loop *l, const struct og_httpc_opts *o, struct og_httpc **ret,
	struct og_err *err);
/* Ends all calls without their callbacks. NULL is fine. */
void og_httpc_free(struct og_httpc *c);

/* Whom to trust and who we are. All views are copied by og_httpc_start. */
struct og_httpc_tls {
	struct og_sv ca_pem;	 /* empty = the system's CAs */
	const char *server_name; /* NULL = the URL's host; SNI and verification name */
	bool insecure;		 /* nothing is verified */
	struct og_sv cert_pem;	 /* client certificate chain; empty = none */
	const struct og_secret *key_pem;
};

/* What came of a call. Views live until the callback returns. */
struct og_httpc_result {
	int status;   /* 0 = no answer was received */
	int code;     /* 0, or a negative enum og_code: TIMEOUT, TLS, IO, LIMIT, CANCELLED … */
	bool sent;    /* the request may have reached the server: a write must not be repeated */
	bool refused; /* nobody listens there (ECONNREFUSED) */
	bool reset;   /* ended by the peer before it was complete */
	uint64_t body_bytes;   /* decoded */
	uint64_t wire_bytes;   /* as received */
	unsigned new_connects; /* 0 = an open connection was used */
	int64_t took_ns;
	struct og_err err; /* says host, port and what; never a header or a body */
};

struct og_httpc_head;
/* First header of that name; empty view when there is none. */
struct og_sv og_httpc_header(const struct og_httpc_head *h, const char *name);
int og_httpc_status(const struct og_httpc_head *h);

struct og_httpc_request {
	const char *method; /* "GET" */
	const char *url;
	const char *const *headers;	/* "Name: value", NULL-terminated; may be NULL */
	const struct og_secret *bearer; /* Authorization: Bearer …; NULL = none */
	struct og_sv body;		/* copied; p NULL = none */
	struct og_httpc_tls tls;
	const char *proxy;   /* NULL = none */
	bool env_proxy;	     /* without `proxy`: HTTPS_PROXY, NO_PROXY … are honoured */
	bool accept_gzip;    /* decoded before on_data */
	int64_t connect_ms;  /* 0 = 10 s */
	int64_t total_ms;    /* 0 = no limit */
	int64_t idle_ms;     /* longest silence after the request was sent; 0 = no limit */
	uint64_t max_bytes;  /* of the decoded body; 0 = no limit. Beyond it: LIMIT */
	bool own_connection; /* not shared with other calls (watches, leases) */

	void *ctx;
	/* Once, when the final headers are there. Non-zero ends the call with CANCELLED. Optional.
	 */
	int (*on_head)(void *ctx, const struct og_httpc_head *h);
	/* Non-zero ends the call with CANCELLED. Optional. */
	int (*on_data)(void *ctx, struct og_sv chunk);
	/* Exactly once, unless the call was cancelled by og_httpc_cancel. The call is gone
	 * afterwards. Required. */
	void (*on_done)(void *ctx, const struct og_httpc_result *r);
};

/* Starts a call; *ret (may be NULL) is valid until on_done begins. Errors (no callback comes):
 * INVALID for the URL, OOM. */
int og_httpc_start(struct og_httpc *c, const struct og_httpc_request *r, struct og_httpc_call **ret,
	struct og_err *err);
/* Ends the call at once; none of its callbacks is called any more. NULL is fine. */
void og_httpc_cancel(struct og_httpc_call *call);
/* Closes connections that carry no call: after a change of certificates. */
void og_httpc_drop_idle(struct og_httpc *c);

struct og_httpc_stats {
	uint64_t calls, failed, connects, bytes_in, bytes_out;
	unsigned active;
};
void og_httpc_stats(const struct og_httpc *c, struct og_httpc_stats *ret);
