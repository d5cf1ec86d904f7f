/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Inside the HTTP server. Who touches what:
 *   server  lists of connections: conn_lock. Generations: gen_lock. Counters: relaxed atomics.
 *   worker  its free list of transfers: only its own thread, or after that thread has ended.
 *   conn    the atomics are written by the worker and read by the sweeper; the fields marked so
 *           belong to the sweeper. A connection leaves the list, under conn_lock, before its
 *           descriptor is closed: the sweeper can never shut down a reused descriptor.
 * Lock order: gen_lock before conn_lock; neither is held while a handler or callback runs.
 */
#include <microhttpd.h>
#include <pthread.h>
#include <stdatomic.h>
#include <time.h>
#include "otelgate/net/httpd.h"

enum conn_phase {
	CONN_PENDING, /* handed to a worker that has not seen it yet */
	CONN_FRESH,   /* no complete request yet, within header_ms of the accept */
	CONN_IDLE,    /* between requests */
	CONN_BODY,    /* headers complete, body arriving */
	CONN_HANDLER, /* in a handler */
	CONN_SEND,    /* answer on its way */
	CONN_DEAD,    /* shut down by the sweeper */
};

struct conn {
	struct conn *prev, *next;
	struct worker *w;
	int fd;
	int64_t accepted_ms, old_at_ms;
	_Atomic int phase;
	_Atomic int64_t phase_ms; /* when the phase began */
	_Atomic uint32_t requests;
	_Atomic bool useful; /* carried a request that a handler answered with success */
	bool linger;	     /* worker only: answered while the client may still be sending */
	/* sweeper only */
	uint32_t seen_requests;
	bool mark_known, peer_done;
	uint64_t mark_bytes; /* bytes received by the kernel when it became idle */
	int64_t burst_ms;    /* when more bytes were first seen; 0 = none */
};

struct worker {
	struct gen *gen;
	struct MHD_Daemon *daemon;
	void *user;
	unsigned index;
	_Atomic unsigned conns;
	struct og_http_xfer *free;
	unsigned nfree;
};

struct gen {
	struct gen *next;
	struct og_httpd *server;
	_Atomic bool closing;
	int64_t stop_by_ms;
	_Atomic unsigned conns, busy;
	unsigned nworkers;
	struct worker workers[];
};

/* Room above max_connections for those that are being shed and not yet closed by their workers, to
 * which connections may come at some thousands a second. */
enum { SHED_SLACK = 256 };

enum { LINGER_MAX = 64, LINGER_MS = 2000, LINGER_BYTES = 16 << 20, STATUS_MAX = 600 };
struct lingerer {
	int fd;
	int64_t until_ms;
	size_t bytes;
};

struct og_httpd {
	struct og_httpd_opts o; /* pem views cleared, limits filled in */
	int listen_fd;		/* accept thread only after the start */
	int wake_accept, wake_sweep;
	int spare_fd; /* given up to accept and close when descriptors run out */
	uint16_t port;
	bool tls, started;
	struct MHD_Response *oom;
	pthread_t accept_thread, sweep_thread;
	bool accept_running, sweep_running;
	_Atomic bool stop_accept, stop_sweep, closing;
	_Atomic int64_t drain_ms; /* when the drain began; 0 = not draining */

	pthread_mutex_t gen_lock;
	struct gen *gens; /* newest first; the first one takes new connections */

	pthread_mutex_t conn_lock;
	pthread_cond_t conn_gone;  /* CLOCK_MONOTONIC */
	struct conn pending, live; /* list heads */
	struct lingerer linger[LINGER_MAX];
	unsigned nlinger;
	unsigned peak_conns; /* most connections since memory was given back; the sweeper's own */

	pthread_mutex_t log_lock;
	int64_t log_second;
	unsigned log_sent, log_suppressed;

	uint64_t jitter; /* accept thread only */
	_Atomic unsigned large;
	struct {
		_Atomic uint64_t connections, accepted, refused, shed, tls_errors, requests;
		_Atomic uint64_t inflight, aborted, throttled, bytes_in, bytes_out, buffered;
		_Atomic uint64_t rotations, generations;
		_Atomic uint64_t timeouts[OG_HTTPD_TIMEOUT_COUNT_];
		_Atomic uint64_t status[STATUS_MAX];
	} n;
};

/* One request with its buffers, kept by the worker for the next one. */
struct og_http_xfer {
	struct og_http_xfer *next_free;
	struct worker *w;
	struct conn *conn; /* NULL only if the library gave none */
	struct MHD_Connection *mc;
	const struct og_route *route;
	struct og_buf in, out;
	struct og_sv method, path;
	int64_t begun_ns;
	uint64_t swallowed;
	size_t buffered;	 /* part of n.buffered */
	int status;		 /* of the answer; 0 = none yet */
	int refuse;		 /* status decided before the body was read; 0 = none */
	const char *refuse_text; /* static; NULL with 404, whose text lists the routes */
	bool must_close;
	size_t answer_bytes;
	bool counted; /* in n.inflight as a limited request */
	bool large;
};

#define STAT_ADD(field, v) atomic_fetch_add_explicit(&(field), (v), memory_order_relaxed)
#define STAT_SUB(field, v) atomic_fetch_sub_explicit(&(field), (v), memory_order_relaxed)
#define STAT_GET(field)	   atomic_load_explicit(&(field), memory_order_relaxed)

static inline int64_t mono_ns(void)
{
	struct timespec ts;
	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}
static inline int64_t mono_ms(void)
{
	return mono_ns() / 1000000;
}
/* The same clock to a tick of the kernel (4 ms), cheap enough for every step of every request. */
static inline int64_t coarse_ms(void)
{
	struct timespec ts;
	clock_gettime(CLOCK_MONOTONIC_COARSE, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* httpd_gen.c */
int httpd_gen_start(struct og_httpd *s, struct og_sv cert_pem, struct og_sv key_pem,
	struct gen **ret_gen, struct og_err *err);
/* Stops the workers and frees; must not be called from one of them. */
void httpd_gen_stop(struct gen *g);
void httpd_log(struct og_httpd *s, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* httpd_accept.c */
int httpd_listen(struct og_httpd *s, struct og_err *err);
void *httpd_accept_main(void *arg);

/* httpd_conn.c */
void httpd_conn_notify(void *cls, struct MHD_Connection *mc, void **socket_context,
	enum MHD_ConnectionNotificationCode code);
void httpd_conn_phase(struct conn *c, enum conn_phase phase);
void httpd_list_init(struct conn *head);
void httpd_list_del(struct conn *c);
void httpd_list_add(struct conn *head, struct conn *c);
/* Takes a connection that never reached its worker out of the books. conn_lock held. */
void httpd_conn_lost(struct og_httpd *s, struct conn *c);

/* httpd_sweep.c */
void *httpd_sweep_main(void *arg);
void httpd_wake(int eventfd);
/* Shuts the connection that deserves it least; false when all are worthy. conn_lock held. */
bool httpd_shed(struct og_httpd *s, int64_t now_ms);
/* Keeps a descriptor open until the client has read what it was sent. conn_lock held. Takes fd. */
void httpd_linger(struct og_httpd *s, int fd);

/* httpd_req.c */
enum MHD_Result httpd_on_request(void *cls, struct MHD_Connection *mc, const char *url,
	const char *method, const char *version, const char *data, size_t *size, void **req_cls);
void httpd_on_completed(
	void *cls, struct MHD_Connection *mc, void **req_cls, enum MHD_RequestTerminationCode how);
void httpd_xfer_free_all(struct worker *w);

/* httpd_head.c: what is decided from the headers alone. */
struct http_head {
	uint64_t length; /* announced; 0 when chunked or absent */
	bool chunked, expect;
	bool bad_framing; /* where the next request begins is uncertain */
};
/* Finds the route and sets x->refuse when the request is to be refused. */
void httpd_head_check(struct og_http_xfer *x, const char *version, struct http_head *ret_head);
