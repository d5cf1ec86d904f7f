/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <openssl/ssl.h>
#include <signal.h>
#include "otelgate/net/dial.h"

enum { DIAL_HOST_BYTES = 256, DIAL_MS = 10000, DIAL_TALK_MS = 3000, DIAL_HEAD_BYTES = 8192 };

/* A look-up: its thread and its dial each hold it. */
struct dial_dns;

struct og_dial {
	struct og_loop *loop;
	struct og_dial_request req; /* its pointers lead to the copies below */
	char host[DIAL_HOST_BYTES], verify[DIAL_HOST_BYTES], proxy[DIAL_HOST_BYTES];
	struct og_buf ca, cert;
	struct og_secret key, proxy_auth;

	struct og_dial_result r;
	struct og_timer timer, attempt, step_timer;
	int64_t step_ns;
	bool begun; /* the step; else its events are none of it */
	struct dial_dns *dns;
	struct og_loop_fd *dns_watch;
	struct addrinfo *list, *next; /* addresses, of the look-up */
	int fd;
	struct og_loop_fd *watch;
	SSL_CTX *ctx;
	SSL *ssl;
	struct og_buf in, out;
	size_t sent;
};

/* dial.c */
void dial_end(struct og_dial *d, enum og_dial_why why);
void dial_fail(struct og_dial *d, enum og_dial_why why, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
void dial_step_done(struct og_dial *d);
bool dial_want(struct og_dial *d, uint32_t events);
const char *dial_peer(const struct og_dial *d); /* the host that is connected to: proxy or host */

/* dial_dns.c */
int dial_dns_start(struct og_dial *d, struct og_err *err);
void dial_dns_drop(struct og_dial *d);

/* dial_tls.c: sets up d->ssl on d->fd, and goes on with it; false when the dial has ended. */
bool dial_tls_begin(struct og_dial *d);
void dial_tls_go(struct og_dial *d);
void dial_tls_fini(struct og_dial *d);
/* Around what OpenSSL writes, which knows no MSG_NOSIGNAL: a peer that is gone must not end the
 * process, whatever it does about SIGPIPE. */
struct dial_hush {
	sigset_t before;
	bool pending;
};
void dial_hush(struct dial_hush *h);
void dial_unhush(const struct dial_hush *h);

/* dial_talk.c: the proxy's tunnel, and the beginning of HTTP/2. */
void dial_proxy_begin(struct og_dial *d);
void dial_proxy_go(struct og_dial *d);
void dial_talk_begin(struct og_dial *d);
void dial_talk_go(struct og_dial *d);
