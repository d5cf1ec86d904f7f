/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Sending one signal as pods do, and saying which link of the way is the first that is broken.
 *
 * The pure half: from what was seen (a connection made step by step, a status, a body) to one
 * class, with a sentence and a fix. The other half is grafana/probe.h. Nothing here quotes a
 * credential: what is said of one is its kind, its shape and its number of characters.
 */
#include "otelgate/grafana/otlp.h"
#include "otelgate/grafana/rows.h"
#include "otelgate/net/dial.h"
#include "otelgate/net/httpc.h"

/* The links in their order. */
enum og_send_link {
	OG_LINK_CONFIG, /* what to send to is not told, or makes no sense */
	OG_LINK_DNS,
	OG_LINK_TCP,
	OG_LINK_PROXY,
	OG_LINK_TLS,
	OG_LINK_HTTP,	    /* the protocol, redirects, web pages */
	OG_LINK_PATH,	    /* 404, 405 */
	OG_LINK_CREDENTIAL, /* 401 */
	OG_LINK_PERMISSION, /* a scope; 403 */
	OG_LINK_REQUEST,    /* 400, 413, 415 */
	OG_LINK_LIMIT,	    /* 429 */
	OG_LINK_RECEIVER,   /* 5xx, no answer */
	OG_LINK_INGEST,	    /* accepted, and some of it refused */
	OG_LINK_QUERY,	    /* the backend cannot be asked */
	OG_LINK_ARRIVAL,    /* it is not to be seen there */
	OG_LINK_NONE,	    /* none is broken */
	OG_SEND_LINK_COUNT_
};
const char *og_send_link_name(enum og_send_link l); /* "dns", … */

enum og_send_class {
	OG_SEND_ACCEPTED,
	OG_SEND_WARNED,	 /* accepted, with a message and nothing refused */
	OG_SEND_PARTIAL, /* a part is refused */
	OG_SEND_BAD_TARGET,
	OG_SEND_NO_NAME,
	OG_SEND_NO_DNS,
	OG_SEND_REFUSED,
	OG_SEND_UNREACHABLE,
	OG_SEND_CONNECT_TIMEOUT,
	OG_SEND_CUT,
	OG_SEND_PROXY_UNREACHABLE,
	OG_SEND_PROXY_AUTH,
	OG_SEND_PROXY_DENIED,
	OG_SEND_PROXY_NO_HTTP,
	OG_SEND_PLAIN_SERVER, /* https://, and the port speaks plain text */
	OG_SEND_TLS_SERVER,   /* http://, and the port speaks TLS */
	OG_SEND_UNKNOWN_CA,
	OG_SEND_EXPIRED,
	OG_SEND_NOT_YET,
	OG_SEND_WRONG_HOST,
	OG_SEND_CERT_OTHER,
	OG_SEND_CLIENT_CERT,
	OG_SEND_TLS_OTHER,
	OG_SEND_HTTP2_ONLY, /* a gRPC port */
	OG_SEND_HTTP1_ONLY, /* grpc is configured, and an HTTP/1.1 port answers */
	OG_SEND_NO_HTTP,
	OG_SEND_REDIRECT,
	OG_SEND_WEB_PAGE,
	OG_SEND_NOT_OTLP,
	OG_SEND_PATH_OTLP,    /* Grafana Cloud without /otlp */
	OG_SEND_PATH_DOUBLED, /* …/v1/traces/v1/traces */
	OG_SEND_PATH_SIGNAL,  /* a signal's own URL without /v1/<signal>, or with another's */
	OG_SEND_NOT_FOUND,
	OG_SEND_UNROUTED, /* not found, and other signals are accepted */
	OG_SEND_METHOD,
	/* 401, and why */
	OG_SEND_NO_CREDENTIAL,
	OG_SEND_TOKEN_EMPTY,
	OG_SEND_TOKEN_SPACE,
	OG_SEND_DOUBLE_ENCODED,
	OG_SEND_RAW_TOKEN, /* no "id:" before it, or no base64, or no scheme */
	OG_SEND_SWAPPED,
	OG_SEND_ID_NOT_NUMBER,
	OG_SEND_ID_OF_BACKEND,
	OG_SEND_ID_OTHER, /* not the id of this stack */
	OG_SEND_TOKEN_KIND,
	OG_SEND_TOKEN_CUT,
	OG_SEND_TOKEN_EXPIRED,
	OG_SEND_WRONG_REGION,
	OG_SEND_UNAUTHORIZED, /* nothing is wrong to look at */
	OG_SEND_SCOPE,	      /* 401 or 403 that names a scope, or for one signal alone */
	OG_SEND_FORBIDDEN,
	OG_SEND_MALFORMED,
	OG_SEND_DELTA,
	OG_SEND_OUT_OF_ORDER,
	OG_SEND_CLOCK, /* too old, or in the future */
	OG_SEND_TOO_LARGE,
	OG_SEND_MEDIA_TYPE,
	OG_SEND_THROTTLED,
	OG_SEND_UNIMPLEMENTED,
	OG_SEND_SERVER_ERROR,
	OG_SEND_NO_ANSWER,
	OG_SEND_STATUS,	      /* another status */
	OG_SEND_LOCAL,	      /* our own: memory, descriptors */
	OG_SEND_GRPC_UNTRIED, /* gRPC: connected, and it speaks HTTP/2; nothing was sent */
	/* Reading back. */
	OG_READ_VISIBLE,
	OG_READ_CHANGED,     /* to be seen under another name, or without attributes */
	OG_READ_NOT_VISIBLE, /* not to be seen in time */
	OG_READ_AUTH,
	OG_READ_FORBIDDEN,
	OG_READ_PATH,
	OG_READ_THROTTLED,
	OG_READ_FAILED,
	OG_READ_UNASKED, /* no backend is configured */
	OG_SEND_CLASS_COUNT_
};
const char *og_send_class_name(enum og_send_class c);	   /* "Accepted", "WrongRegion", … */
enum og_send_class og_send_class_named(struct og_sv name); /* COUNT_ = none has that name */
enum og_send_link og_send_class_link(enum og_send_class c);
/* Id in findings_table.c; NULL when nothing is wrong. */
const char *og_send_class_finding(enum og_send_class c);

/* What OTEL_EXPORTER_OTLP_HEADERS holds, without holding it. */
enum og_send_token {
	OG_TOKEN_NONE,
	OG_TOKEN_POLICY,  /* glc_ */
	OG_TOKEN_SERVICE, /* glsa_ */
	OG_TOKEN_OLD,	  /* eyJ */
	OG_TOKEN_NUMBER,
	OG_TOKEN_OTHER
};
struct og_send_shape {
	bool authorization; /* there is an Authorization header */
	bool double_encoded, no_scheme, basic, bad_base64, no_colon, token_space, swapped;
	bool cut;    /* an access policy token whose content cannot be read */
	char id[24]; /* the user of Basic, when it is a number; else "" */
	bool id_empty;
	size_t id_chars, token_chars;
	enum og_send_token token;
	char region[48]; /* of an access policy token; "" = not told */
};
/* Reads the value of OTEL_EXPORTER_OTLP_HEADERS; NULL or unset = no credential. */
void og_send_shape_headers(const struct og_secret *headers, struct og_send_shape *ret);
/* The same of a user and a password, as Pyroscope is given them. */
void og_send_shape_basic(
	const struct og_secret *user, const struct og_secret *password, struct og_send_shape *ret);

/*
 * Decodes the value as SDKs do into "Name: value" texts, each with a NUL behind it; ret_lines is
 * NULL-terminated and points into `text`, which the caller wipes. Items that no SDK can read are
 * left out; a value that a header cannot hold (line breaks) is, too, and *ret_lost says so.
 */
enum { OG_SEND_HEADERS = 32 };
int og_send_header_lines(const struct og_secret *headers, struct og_buf *text,
	const char *ret_lines[OG_SEND_HEADERS + 1], bool *ret_lost, struct og_err *err);

/* What is known beside the answer. */
struct og_send_id {
	const char *what; /* "the Prometheus data source": for a message; static */
	struct og_sv user;
};
struct og_send_facts {
	enum og_otlp_signal signal;
	struct og_sv url; /* whole, that was posted to */
	bool own_url;	  /* it is the signal's own, nothing was appended */
	bool ingest;	  /* Pyroscope's /ingest: answers are no OTLP */
	bool proxied;
	struct og_sv proxy; /* host:port, for messages */
	bool headers_lost;  /* the credential could not be made a header */
	struct og_send_shape shape;
	struct og_sv stack_id; /* the user that is right for this receiver; empty = not known */
	const struct og_send_id *ids; /* users of the stack's other backends */
	size_t nids;
	struct og_sv
		where; /* where the credential is from: "Secret a/b, key token"; may be empty */
	struct og_sv
		field; /* what is to be corrected: "spec.receiver.endpoint of GrafanaStack x" */
	int64_t now_s;
};

struct og_send_seen {
	int http; /* 0 = no answer */
	struct og_sv content_type, retry_after, location, body;
	/* Without an answer. */
	int code; /* negative enum og_code of the HTTP client */
	bool refused, reset;
	struct og_sv error; /* what it says */
	bool speaks_tls;    /* a second look: the port takes a TLS handshake */
	bool speaks_http2;
};

struct og_send_verdict {
	enum og_send_class class;
	enum og_send_link link;
	const char *finding;
	bool ok;	      /* accepted or visible, perhaps with a warning */
	struct og_sv message; /* one or two sentences */
	struct og_sv fix;     /* what to do, to copy where possible; empty when nothing is wrong */
	int http;
	int64_t rejected, retry_after_s; /* -1 = not told */
};

/* Never fails; when memory is out the texts are empty. Texts are the arena's. */
void og_send_judge(const struct og_send_facts *f, const struct og_send_seen *s,
	struct og_arena *arena, struct og_send_verdict *ret);
void og_send_judge_dial(const struct og_send_facts *f, const struct og_dial_result *d,
	struct og_arena *arena, struct og_send_verdict *ret);
/* A verdict of the caller's own, with the class's link and finding. */
void og_send_say(
	struct og_send_verdict *v, enum og_send_class c, struct og_sv message, struct og_sv fix);
/*
 * What one signal tells of another that has the same receiver and credential: 401 or 403 for some
 * and not for others is a scope that is missing; 404 for some is a pipeline that is missing.
 * NULL = that signal is none of them.
 */
void og_send_compare(struct og_send_verdict *v[OG_OTLP_SIGNAL_COUNT_], struct og_arena *arena);
