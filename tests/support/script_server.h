/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * A server for tests of clients that sends exactly the bytes it is told to: plain or TLS, on a port
 * of its own on 127.0.0.1, a thread per connection. Either a list of steps (the n-th request of the
 * server gets the n-th step, the last one repeats) or a function that serves a connection.
 */
#include <openssl/ssl.h>
#include "otelgate/base/str.h"

struct ss;
struct ss_conn {
	struct ss *s;
	int fd;
	SSL *ssl;
	unsigned index; /* of the connection, from 0 */
	struct og_buf in;
	const char *last;
	bool resting; /* waits for bytes of the client; under the server's lock */
};

enum ss_after {
	SS_KEEP,  /* the next request of the connection */
	SS_CLOSE, /* an orderly end */
	SS_RESET, /* RST */
	SS_HANG,  /* nothing more until the client goes away */
};
struct ss_step {
	const char *text; /* NULL = the steps are over: like the one before */
	size_t n;	  /* 0 = strlen(text) */
	enum ss_after after;
};

struct ss_tls {
	struct og_sv cert, key;
	struct og_sv client_ca; /* p NULL = no client certificate is asked for */
};

typedef void ss_fn(struct ss_conn *c, void *ctx);
/* fn NULL: ctx is an array of steps. tls NULL: plain. NULL on failure. */
struct ss *ss_start(ss_fn *fn, void *ctx, const struct ss_tls *tls);
/* Ends all connections and waits for their threads. */
void ss_stop(struct ss *s);
unsigned ss_port(const struct ss *s);
/* "http://127.0.0.1:1234/path", in static storage of the calling thread: four at a time. */
const char *ss_url(const struct ss *s, const char *path);
unsigned ss_requests(struct ss *s);    /* read so far */
unsigned ss_connections(struct ss *s); /* accepted so far */
/* It has accepted all connections and read all bytes that were sent to it, and each of its threads
 * waits for more: what it has to say is said. Tests with a clock of their own let time pass only
 * then, however slow the machine is. NULL: true. */
bool ss_at_rest(struct ss *s);
/* Waits until so many connections have ended; false after 15 s. */
bool ss_wait_ended(struct ss *s, unsigned n);
/* Head and body of the n-th request, NUL-terminated; NULL when there was none. Lives as long as the
 * server. */
const char *ss_seen(struct ss *s, unsigned n);

/* For serving functions. */
/* Reads a request (Content-Length or no body) and records it. False at the end. */
bool ss_read(struct ss_conn *c);
/* The request that ss_read read last, NUL-terminated. */
const char *ss_last(const struct ss_conn *c);
bool ss_send(struct ss_conn *c, const char *text);
bool ss_send_n(struct ss_conn *c, const void *p, size_t n);
/* Around a wait of the function's own for something that the test does. */
void ss_resting(struct ss_conn *c, bool resting);
void ss_reset(struct ss_conn *c); /* the connection ends with RST */
void ss_hang(struct ss_conn *c);  /* returns when the client, or ss_stop, ended it */
