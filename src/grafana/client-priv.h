/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "otelgate/base/clock.h"
#include "otelgate/grafana/client.h"

enum {
	GFC_INTERVAL_MS = 1000,
	GFC_DEADLINE_MS = 30000,
	GFC_BYTES = 32 << 20,
	GFC_BYTES_MAX = 64 << 20,
	GFC_TRIES = 4,
	GFC_BACKOFF_MS = 500,
	GFC_BACKOFF_MAX_MS = 10000,
	GFC_WAIT_MAX_MS = 30000,    /* a Retry-After that a question waits for */
	GFC_ERROR_BYTES = 64 << 10, /* of a body that is no success */
	GFC_HEADER_BYTES = 512,
	GFC_USER_BYTES = 256,
};

enum gfc_state { GFC_QUEUED, GFC_SENT, GFC_PAUSED };

struct og_gf_call {
	struct og_gf_client *c;
	struct og_gf_call *prev, *next; /* all of the client */
	struct og_gf_call *later;	/* in the backend's queue */
	enum og_gf_backend backend;
	enum gfc_state state;
	struct og_arena arena; /* the request */
	struct og_gf_http q;
	void *ctx;
	og_gf_answer_fn *on_answer;
	struct og_timer wake;	       /* late in the queue, or the end of a pause */
	int64_t asked_ns, deadline_ns; /* monotonic */
	uint64_t max_bytes;
	unsigned tries, max_tries;
	struct og_httpc_call *http;
	struct og_buf body;
	bool enough; /* of an error's body */
	int status;
	int64_t sent_wall_s, date_s, skew_ms;
	char type[GFC_HEADER_BYTES], after[GFC_HEADER_BYTES], location[GFC_HEADER_BYTES];
};

struct gfc_backend {
	struct og_gf_client *c;
	char *url, *user, *note; /* url NULL = not asked */
	const struct og_secret *token;
	int64_t next_ns;		  /* earliest time of the next request */
	int64_t until_ns;		  /* throttled until then */
	struct og_gf_call *first, **last; /* those that wait for their turn */
	struct og_timer turn;
	struct og_gf_stats stats;
};

struct og_gf_client {
	struct og_loop *loop;
	struct og_httpc *http;
	struct gfc_backend b[OG_GF_COUNT_ + 1];
	char *ca_pem, *proxy;
	size_t ca_n;
	bool insecure;
	int64_t interval_ns, deadline_ms;
	uint64_t max_bytes;
	struct og_metric_table *metrics;
	uint64_t rng;
	struct og_gf_call *calls;
	unsigned holding;
	bool closed;
};

void gfc_hold(struct og_gf_client *c);
void gfc_release(struct og_gf_client *c);
/* Takes its place in the queue of its backend. False: no memory, its turn may not come. */
bool gfc_enqueue(struct og_gf_call *call);
void gfc_unqueue(struct og_gf_call *call);
void gfc_free_call(struct og_gf_call *call);
void gfc_drop(struct og_gf_call *call); /* its memory alone */
/* Its turn has come. */
void gfc_send(struct og_gf_call *call);
/* Tells the answer and frees the call. */
void gfc_finish(struct og_gf_call *call, struct og_gf_answer *a);
/* An answer without a reply. The message is borrowed until it has been told. */
void gfc_fail(struct og_gf_call *call, enum og_gf_state s, enum og_gf_why w, const char *message);
void gfc_throttled(struct og_gf_call *call);
void gfc_late(void *ctx);

void gfc_count_try(const struct og_gf_call *call, const struct og_httpc_result *r);
void gfc_count_answer(const struct og_gf_call *call, const struct og_gf_answer *a);
void gfc_count_waiting(const struct og_gf_call *call);
const char *gfc_who(const struct og_gf_call *call);
