/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * HTTP client on an event loop: libcurl's multi interface, hidden. Connections are kept and reused;
 * answers stream through callbacks. HTTP/2 only with libcurl >= 8.0.0: before, an aborted stream
 * may be reported as complete (curl commits 48cd032623, 544a7f804d), which for a LIST would look
 * like deleted objects. Redirects are never followed; only https and http URLs are spoken; TLS 1.2
 * is the least. A request on a kept connection that turns out to be closed is repeated on another
 * one only if it is GET or HEAD. A gzip body that is cut inside a complete answer is not noticed:
 * what has to be whole is to be checked by its content.
 *
 * libcurl's memory is wiped when it is given back, since copies of tokens and keys pass through it.
 * Heads of answers are limited to 256 KiB. Limits of time are kept by timers of the loop.
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
/* Ends all calls without their callbacks; may be called from one. NULL is fine. */
void og_httpc_free(struct og_httpc *c);

/* Whom to trust and who we are. All views are copied by og_httpc_start. */
struct og_httpc_tls {
	struct og_sv ca_pem;	 /* empty = the system's CAs; SSL_CERT_FILE names others */
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
	/* Nothing but the end of the connection marked the end of the body (HTTP/1.0): whether it
	 * is whole can be told by its content only. */
	bool unmarked_end;
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
	/* "Name: value", NULL-terminated; may be NULL. None is added but Host, User-Agent, Accept,
	 * Accept-Encoding, Content-Length and Authorization. */
	const char *const *headers;
	const struct og_secret *bearer; /* Authorization: Bearer …; NULL = none */
	struct og_sv body;		/* copied; p NULL = none */
	struct og_httpc_tls tls;
	/* http, https, socks5 (names are looked up by the proxy) URL; NULL = none. May hold user
	 * name and password. */
	const char *proxy;
	/* Without `proxy`: HTTPS_PROXY, NO_PROXY … are honoured, but for loopback addresses, as Go
	 * does (net/http ProxyFromEnvironment). */
	bool env_proxy;
	bool accept_gzip;    /* decoded before on_data */
	int64_t connect_ms;  /* DNS, TCP, proxy and TLS together; 0 = 10 s */
	int64_t total_ms;    /* 0 = no limit */
	int64_t idle_ms;     /* longest silence once connected; 0 = no limit */
	uint64_t max_bytes;  /* of the decoded body; 0 = no limit. Beyond it: LIMIT */
	bool own_connection; /* made for this call and closed after it */

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

/* Starts a call; *ret (may be NULL) is valid until on_done begins. No callback comes before the
 * loop's next turn. Errors (no callback comes): INVALID for URL, method, headers (names are
 * tokens, values hold no control characters), server name, proxy; OOM. */
int og_httpc_start(struct og_httpc *c, const struct og_httpc_request *r, struct og_httpc_call **ret,
	struct og_err *err);
/* Ends the call at once; none of its callbacks is called any more. NULL is fine. */
void og_httpc_cancel(struct og_httpc_call *call);
/* Whether a connection was had, and the request began to be sent. */
bool og_httpc_sent(const struct og_httpc_call *call);
/* Closes connections that carry no call: after a change of certificates. */
void og_httpc_drop_idle(struct og_httpc *c);

struct og_httpc_stats {
	uint64_t calls, failed, connects, bytes_in, bytes_out;
	unsigned active;
};
void og_httpc_stats(const struct og_httpc *c, struct og_httpc_stats *ret);
