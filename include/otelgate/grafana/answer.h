/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Answers of the four backends: bytes become a state, rows and one sentence. Pure.
 *
 * An answer is evidence only when it is whole and of the shape that was asked for. Everything else
 * (an error, a web page of a proxy, half a document) becomes a state that says that nothing is
 * known, and why.
 */
#include "otelgate/grafana/query.h"

/* Why a state is what it is, for those that act upon it. */
enum og_gf_why {
	OG_GF_WHY_NONE,
	OG_GF_WHY_CREDENTIALS, /* 401: user or token are wrong, or belong to another stack */
	OG_GF_WHY_SCOPE,       /* 401, 403: the token lacks a scope */
	OG_GF_WHY_EXPIRED,     /* 401: the token has expired */
	OG_GF_WHY_PERMISSION,  /* 403 */
	OG_GF_WHY_REDIRECT,    /* 3xx; never followed */
	OG_GF_WHY_WEB_PAGE,    /* HTML: a login page, a proxy, another server */
	OG_GF_WHY_NOT_FOUND,   /* 404 */
	OG_GF_WHY_METHOD,      /* 405 */
	OG_GF_WHY_RATE,	       /* 429 */
	OG_GF_WHY_TOO_LARGE,   /* larger than is read, or than the backend gives: ask for less */
	OG_GF_WHY_QUERY,       /* the backend does not understand the question */
	OG_GF_WHY_SERVER,      /* 5xx */
	OG_GF_WHY_TIMEOUT,     /* no answer in time */
	OG_GF_WHY_CONNECTION,  /* no connection, or it broke */
	OG_GF_WHY_TLS,
	OG_GF_WHY_PROXY,  /* a proxy refuses */
	OG_GF_WHY_SHAPE,  /* readable, and not what was asked for; cut off */
	OG_GF_WHY_MEMORY, /* ours */
	OG_GF_WHY_COUNT_
};
const char *og_gf_why_name(enum og_gf_why w); /* "Credentials", …; "" for NONE */

/* What came over the wire. Views are borrowed. */
struct og_gf_reply {
	int http;
	struct og_sv content_type;
	struct og_sv retry_after; /* header; empty = none */
	struct og_sv location;	  /* header of a redirect; empty = none */
	struct og_sv body;	  /* decoded */
	int64_t now_s;		  /* wall clock: for Retry-After dates */
	/* Seconds since the epoch that rows are compared with when the answer itself does not tell
	 * when it was made; 0 = as now_s. */
	int64_t asked_s;
	/* What must not be quoted, whatever the server writes: the token, and as it was sent. */
	struct og_sv hide[2];
};

/* Bytes of a body that a message may quote, and of a whole message. */
enum { OG_GF_QUOTE_BYTES = 300, OG_GF_MESSAGE_BYTES = 768 };

struct og_gf_answer {
	enum og_gf_state state;
	enum og_gf_why why;
	int http; /* 0 = no answer */
	struct og_gf_rows rows;
	/* One sentence: never empty unless EMPTY, STALE or PRESENT; UTF-8, no control characters,
	 * no header, no credential. */
	struct og_sv message;
	struct og_sv body;	/* OG_GF_SHAPE_RAW: of a 200; a view */
	bool too_large;		/* ask for a smaller part */
	int64_t retry_after_ms; /* -1 = not told */
	/* When the answer was made by the backend's clock, where it tells; else when it was asked.
	 */
	int64_t asked_s;
	/* Filled by the client. */
	enum og_gf_backend backend;
	struct og_sv query;		 /* as people read it */
	int64_t date_s;			 /* Date header; 0 = none */
	int64_t skew_ms;		 /* our clock minus the backend's; 0 when date_s is */
	int64_t took_ms;		 /* from asking to the answer, waits included */
	uint64_t wire_bytes, body_bytes; /* of the last try */
	unsigned tries;			 /* requests that were sent; 0 = none */
};

/*
 * Reads a reply to `asked`. Never fails: what cannot be read, memory that is out included, is a
 * state. Rows and message are in the arena; rows also hold views of the body. Only the fields above
 * "Filled by the client" are written, the others are zeroed.
 */
void og_gf_answer_read(const struct og_gf_http *asked, const struct og_gf_reply *r,
	struct og_arena *a, struct og_gf_answer *ret);

/* Milliseconds that a Retry-After header asks to wait: seconds or an HTTP date (RFC 9110
 * §10.2.3). -1 = none or not readable; at most a day. */
int64_t og_gf_retry_after_ms(struct og_sv value, int64_t now_s);
/* IMF-fixdate (RFC 9110 §5.6.7): "Sun, 06 Nov 1994 08:49:37 GMT". False for everything else. */
bool og_gf_http_date(struct og_sv value, int64_t *ret_s);
