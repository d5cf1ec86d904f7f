/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * A blocking HTTP/1.1 client for tests, plain or TLS, that sends whatever bytes it is told to.
 * TCP_NODELAY is set. Every wait ends after `timeout_ms`.
 */
#include <openssl/ssl.h>
#include "otelgate/base/str.h"

struct hc {
	int fd;
	SSL_CTX *ctx;
	SSL *ssl; /* NULL = plain */
	int timeout_ms;
	const char *suites, *groups; /* what is offered (suites of TLS 1.2); NULL = all */
	struct og_buf in;	     /* received and not yet consumed */
};

struct hc_resp {
	int status; /* 0 = none */
	char head[4096];
	struct og_buf body;
	bool close; /* Connection: close */
};

enum { HC_TIMEOUT_MS = 15000 };

/* TCP connection to 127.0.0.1 (family AF_INET) or ::1 (AF_INET6); -1 on failure. */
int hc_tcp(int family, uint16_t port, int timeout_ms);
/* ca_pem NULL = plain. With a CA the server's certificate must be for `localhost`. */
bool hc_open(struct hc *c, uint16_t port, const char *ca_pem);
/* The TLS handshake alone, on c->fd; false when it fails. */
bool hc_handshake(struct hc *c, const char *ca_pem, int min_version, int max_version);
void hc_close(struct hc *c);
/* Sends all; false when the other side does not take it. */
bool hc_send(struct hc *c, const void *p, size_t n);
bool hc_str(struct hc *c, const char *s);
/* Reads one response with Content-Length. False on end of stream, timeout or nonsense. */
bool hc_recv(struct hc *c, struct hc_resp *r);
void hc_resp_fini(struct hc_resp *r);
/* True when the server ends the connection in time, whatever else it sends before. */
bool hc_ended(struct hc *c, int timeout_ms);
/* Value of a header of r, or NULL. */
const char *hc_header(struct hc_resp *r, const char *name, char *buf, size_t size);

/* POST with JSON content type and Content-Length. */
bool hc_post(struct hc *c, const char *path, const char *extra, const void *body, size_t n);
bool hc_get(struct hc *c, const char *path);
