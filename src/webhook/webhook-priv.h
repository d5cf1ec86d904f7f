/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * The running service. Threads: the main one (reload, shutdown) and the listeners' own. `status` is
 * written by the main thread and read by ops handlers, under its lock; the rest is atomic or
 * constant while the listeners run.
 */
#include <pthread.h>
#include <stdatomic.h>
#include "otelgate/base/fs.h"
#include "otelgate/base/log.h"
#include "otelgate/core/optin.h"
#include "otelgate/net/tlspair.h"
#include "otelgate/webhook/metrics.h"
#include "otelgate/webhook/server.h"
#include "otelgate/webhook/snapshot.h"

enum webhook_input { INPUT_CERT, INPUT_CONFIG, INPUT_OBJECTS, INPUT_COUNT_ };
enum webhook_decision {
	DECISION_INJECTED,
	DECISION_UNCHANGED, /* left alone on purpose */
	DECISION_FAULTY,    /* admitted unchanged because something went wrong */
	DECISION_REJECTED,  /* denied, because the owner or the profile asked for it */
	DECISION_REFUSED,   /* no review could be made of the request: HTTP error */
	DECISION_COUNT_
};
enum { STATUS_TEXT = 1024, HTTP_CODES = 600 };

/* State of one watched input, for people. */
struct input_status {
	uint64_t generation; /* in force; 0 = none */
	int64_t loaded_wall_ns;
	bool refused;		 /* a newer version was refused */
	char error[STATUS_TEXT]; /* why; "" = it was not */
};

/* Scratch of one worker. */
struct worker_scratch {
	struct worker_scratch *next;
	struct webhook *w;
	struct og_arena arena;
	_Atomic int64_t busy_since_ns; /* 0 = not in a handler */
};

struct webhook {
	const struct og_webhook_opts *o;
	int64_t started_wall_ns;
	_Atomic(struct og_httpd *) admission, ops;
	struct og_tls_pair pair; /* main thread, until the admission listener has started */
	struct og_route admission_routes[1], ops_routes[5];

	struct og_snapshot_cell config, objects;
	struct og_fs_watch *watch[INPUT_COUNT_];

	pthread_mutex_t status_lock;
	struct input_status status[INPUT_COUNT_];
	struct {
		char hash[65], subject[128], serial[65], key_type[32], names[512];
		int64_t not_before, not_after;
	} cert; /* status_lock */

	_Atomic bool stopping;
	_Atomic int64_t beat_ns; /* main loop's last turn */
	pthread_mutex_t scratch_lock;
	struct worker_scratch *scratch;

	struct og_metrics *metrics;
	struct og_metric_table *m;
	struct og_metric_series *review_seconds, *latency;
	_Atomic(struct og_metric_series *) reviews[DECISION_COUNT_][OG_REASON_COUNT_][2];
	_Atomic(struct og_metric_series *) codes[HTTP_CODES];
};

/* reload.c: reads what changed and puts it in force. The first load fails on any fault. */
int webhook_load(struct webhook *w, enum webhook_input what, bool first, struct og_err *err);
const char *webhook_input_name(enum webhook_input what);

/* mutate.c */
void webhook_mutate(void *ctx, const struct og_http_req *req, struct og_http_resp *resp);
void webhook_done(void *ctx, const struct og_http_done *d);
/* Milliseconds that a review may take: `timeout` as the API server sends it ("5s"). */
int64_t webhook_budget_ms(struct og_sv timeout, int64_t cap_ms);

/* ops.c */
void webhook_ops_routes(struct webhook *w);
bool webhook_ready(struct webhook *w, struct og_buf *detail);
bool webhook_live(struct webhook *w, struct og_buf *detail);

/* collect.c */
int webhook_metrics_init(struct webhook *w, struct og_err *err);
