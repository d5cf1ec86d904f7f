/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * One connection made step by step, to say which step fails and why: name look-up, TCP, a proxy's
 * tunnel, TLS, and what is spoken there. Nothing is sent but what the steps themselves need; the
 * certificate is looked at also when it is not to be trusted. For diagnosis; requests go through
 * net/httpc.h.
 *
 * Everything here belongs to the loop's thread; names are looked up in a thread of their own.
 */
#include <netdb.h>
#include "otelgate/base/secret.h"
#include "otelgate/base/str.h"
#include "otelgate/net/loop.h"

enum og_dial_step {
	OG_DIAL_DNS,
	OG_DIAL_TCP,
	OG_DIAL_PROXY,
	OG_DIAL_TLS,
	OG_DIAL_TALK,
	OG_DIAL_END
};
const char *og_dial_step_name(enum og_dial_step s); /* "dns", "tcp", "proxy", "tls", "talk" */

enum og_dial_why {
	OG_DIAL_OK,
	OG_DIAL_NO_NAME,	 /* there is no such name */
	OG_DIAL_NO_DNS,		 /* no name server answers */
	OG_DIAL_REFUSED,	 /* nothing listens */
	OG_DIAL_UNREACHABLE,	 /* no route, filtered */
	OG_DIAL_TIMEOUT,	 /* no answer in time */
	OG_DIAL_CUT,		 /* the peer ended the connection */
	OG_DIAL_PROXY_AUTH,	 /* 407 */
	OG_DIAL_PROXY_DENIED,	 /* another status than 2xx */
	OG_DIAL_PROXY_NO_HTTP,	 /* what answers is no HTTP proxy */
	OG_DIAL_PLAINTEXT,	 /* TLS was begun, the peer does not speak it */
	OG_DIAL_CERT_UNKNOWN_CA, /* no CA that is trusted has signed it */
	OG_DIAL_CERT_EXPIRED,
	OG_DIAL_CERT_NOT_YET,
	OG_DIAL_CERT_HOST,   /* it is for other names */
	OG_DIAL_CERT_OTHER,  /* refused for another reason */
	OG_DIAL_CLIENT_CERT, /* the peer asks for a client certificate, or refuses ours */
	OG_DIAL_NO_PROTOCOL, /* ALPN: it does not speak what was offered */
	OG_DIAL_TLS_OTHER,   /* no handshake */
	OG_DIAL_LOCAL,	     /* our own: memory, descriptors, a CA that cannot be read */
	OG_DIAL_WHY_COUNT_
};

enum og_dial_speaks { OG_DIAL_SPEAKS_UNKNOWN, OG_DIAL_SPEAKS_HTTP1, OG_DIAL_SPEAKS_HTTP2 };

/* The certificate that the peer showed first. */
struct og_dial_cert {
	bool present;
	char subject[200], issuer[200]; /* RFC 2253, cut */
	char names[200];		/* DNS names and addresses, separated by blanks, cut */
	char sha256[65];		/* of its DER, lower-case hex */
	int64_t not_before, not_after;	/* Unix seconds */
};

struct og_dial_result {
	enum og_dial_step step; /* where it ended; OG_DIAL_END when all went well */
	enum og_dial_why why;
	char address[80]; /* tried last: "192.0.2.1:443"; "" before TCP */
	unsigned addresses;
	int proxy_status;
	struct og_dial_cert cert;
	char tls_version[16], alpn[16]; /* "TLSv1.3", "h2"; "" when there is none */
	enum og_dial_speaks speaks;	/* with `talk` only */
	int64_t took_ms[OG_DIAL_END];	/* of each step; -1 = was not made */
	struct og_err err;		/* what happened, for people; code 0 when nothing did */
};

typedef int og_dial_resolve_fn(
	const char *host, const char *port, const struct addrinfo *hints, struct addrinfo **ret);

struct og_dial_request {
	const char *host; /* name, or address without brackets */
	uint16_t port;
	bool tls;
	bool insecure;		 /* every certificate is fine */
	const char *server_name; /* to be verified; NULL = host */
	struct og_sv ca_pem;	 /* empty = the system's */
	struct og_sv cert_pem;	 /* client certificate; empty = none */
	const struct og_secret *key_pem;
	bool h2;   /* offer "h2" alone by ALPN; else "http/1.1" alone */
	bool talk; /* begin HTTP/2 and see what is spoken */
	/* An HTTP proxy: the tunnel is asked for when tls or talk is set; else the proxy is only
	 * connected to. NULL = none. */
	const char *proxy_host;
	uint16_t proxy_port;
	const struct og_secret *proxy_auth; /* "user:password"; NULL = none */
	int64_t timeout_ms;		    /* all of it; 0 = 10 s */
	og_dial_resolve_fn *resolve;	    /* NULL = getaddrinfo; runs in another thread */

	void *ctx;
	void (*on_step)(void *ctx, enum og_dial_step done);	    /* a step went well; optional */
	void (*on_done)(void *ctx, const struct og_dial_result *r); /* once; gone afterwards */
};

struct og_dial;
/* Everything is copied. No callback comes before the loop's next turn. Errors: INVALID (host,
 * port), OOM, IO. *ret is valid until on_done begins. */
int og_dial_start(struct og_loop *l, const struct og_dial_request *r, struct og_dial **ret,
	struct og_err *err);
/* No callback comes any more. NULL is fine. */
void og_dial_cancel(struct og_dial *d);
