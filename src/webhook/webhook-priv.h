/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * The running service. Threads: the main one (reload, shutdown), the listeners' own, and with a
 * cluster the loop's. `status` is written by the main and the loop's thread and read by ops
 * handlers, under its lock; the rest is atomic or constant while the listeners run.
 */
#include <pthread.h>
#include <stdatomic.h>
#include "otelgate/base/fs.h"
#include "otelgate/base/log.h"
#include "otelgate/core/optin.h"
#include "otelgate/cluster/cluster.h"
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
	pthread_mutex_t pair_lock;	 /* the pair, and the listener's start */
	struct og_tls_pair pair;	 /* what it will start with */
	int pair_fd;			 /* eventfd: a first pair is there; -1 without a cluster */
	struct og_kube_access *access;	 /* until the client has taken it over */
	struct webhook_cluster *cluster; /* NULL = none */
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

/* reload.c */
/* A pair to serve with from now on; taken. 0 when it was served already, else 1. [any thread] */
int webhook_take_pair(struct webhook *w, struct og_tls_pair *p, struct og_err *err);
/* What is in force from now on: gives the generation. / A newer version was refused. */
uint64_t webhook_taken_over(struct webhook *w, enum webhook_input what, int64_t at_ns);
void webhook_refused(
	struct webhook *w, enum webhook_input what, const struct og_err *err, struct og_sv detail);
/* Reads what changed and puts it in force. The first load fails on any fault. */
int webhook_load(struct webhook *w, enum webhook_input what, bool first, struct og_err *err);
const char *webhook_input_name(enum webhook_input what);

/* Whether files are given for it. */
static inline bool webhook_has_file(const struct webhook *w, enum webhook_input what)
{
	return what == INPUT_CERT     ? w->o->tls_cert != NULL
	       : what == INPUT_CONFIG ? w->o->nconfig > 0
				      : w->o->objects != NULL;
}

/* Threads that serve reviews: with a cluster more, since one may wait for an owner. */
static inline unsigned webhook_workers(const struct webhook *w)
{
	return w->o->workers ? w->o->workers : w->o->access ? 4 : 2;
}

/* cluster.c. Start and stop on the main thread; start needs the metrics. */
int webhook_cluster_start(struct webhook *w, struct og_err *err);
void webhook_cluster_stop(struct webhook *w); /* no review may be in progress any more */
/* [any thread] Looks again at what is absent, forbidden or failing. */
void webhook_cluster_poke(struct webhook *w);
/* [any thread] The loop's last turn, monotonic; 0 = there is none. */
int64_t webhook_cluster_beat_ns(struct webhook *w);
/* [any thread] Reviews are to come again, because the caches have not answered yet. */
bool webhook_cluster_defers(struct webhook *w);
/* [any thread] Facts of one review: the folder of objects first, then the cluster. */
struct review_facts {
	const struct og_facts_source *objects; /* NULL = none */
	struct og_cluster_facts cluster;       /* c NULL = none */
	struct og_facts_source of_cluster;
};
struct og_facts_source webhook_facts(struct webhook *w, const struct og_snapshot *objects,
	int64_t until_ns, struct review_facts *f);

/* cluster_state.c */
bool webhook_cluster_check(struct webhook *w, struct og_buf *detail);
bool webhook_registration_check(struct webhook *w, struct og_buf *detail);
void webhook_cluster_watches(struct webhook *w, struct og_buf *detail);
void webhook_cluster_collect(struct webhook *w);
void webhook_cluster_debug(struct webhook *w, struct og_buf *b);

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
