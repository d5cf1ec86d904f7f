/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Work queue of keys, as controllers need it (kubernetes/client-go util/workqueue and
 * controller-runtime pkg/controller/priorityqueue; Q-1 … Q-5): a key is in work at most once; added
 * again meanwhile, it runs once more afterwards; failures wait longer each time; what a person did
 * goes before what a list brought. Bound to a loop; the worker is asynchronous: it says
 * og_queue_done when it has finished.
 *
 * Order: the highest priority first, among equals the one that waits longest; every eighth take is
 * the key that waits longest of all, so that urgent keys without end do not starve the others. A
 * key added again while it waits keeps its place and gets the higher of both priorities and the
 * earlier of both times.
 *
 * Everything belongs to the loop's thread. `work` is called from the loop alone, never from within
 * og_queue_add or og_queue_done; it may call any function of the queue, og_queue_free included.
 */
#include "otelgate/base/metric.h"
#include "otelgate/base/str.h"
#include "otelgate/net/loop.h"

struct og_queue;
enum og_queue_priority { OG_QUEUE_LOW = -100, OG_QUEUE_USER = 0, OG_QUEUE_HIGH = 100 };

struct og_queue_opts {
	struct og_loop *loop;
	const char *name; /* for metrics; copied */
	unsigned workers; /* keys in work at a time; 0 = 4 */
	int64_t base_ms;  /* first wait after a failure, then twice as long each time; 0 = 5 */
	int64_t max_ms;	  /* longest; 0 = 1,000,000 */
	size_t max_keys; /* in the queue, those in work included; 0 = 1,000,000; beyond it: LIMIT */
	struct og_metrics *metrics; /* NULL = none; og_queue_metrics below */
	uint64_t seed; /* of the jitter, which makes waits up to a tenth shorter, and of the hash */
	/* Begins work on a key; ends with og_queue_done, at once or later. `key` is valid until
	 * then. */
	void (*work)(void *ctx, struct og_sv key);
	void *ctx;
};
/* Errors: INVALID (no loop, name or work; negative or contradicting times), OOM. */
int og_queue_new(const struct og_queue_opts *o, struct og_queue **ret, struct og_err *err);
/* Keys in work are forgotten: nothing may be said about them any more. NULL is fine. */
void og_queue_free(struct og_queue *q);

/* Any int is a priority. Errors: INVALID (key of 0 or more than 4,096 bytes), LIMIT, OOM; for a key
 * that the queue holds already, none of the last two. */
int og_queue_add(struct og_queue *q, struct og_sv key, int priority, struct og_err *err);
/* Not before in_ms (0 and less: at once); the earliest of several times holds. */
int og_queue_add_in(
	struct og_queue *q, struct og_sv key, int priority, int64_t in_ms, struct og_err *err);

enum og_queue_result {
	OG_QUEUE_OK,	   /* forget earlier failures */
	OG_QUEUE_FAILED,   /* again after the back-off */
	OG_QUEUE_TERMINAL, /* failed, and trying again would not help; failures are forgotten */
};
/* again_ms >= 0 with OK: look again after that time; -1 = not. With the other results it is ignored
 * . Never fails. A key that is not in work is ignored. */
void og_queue_done(struct og_queue *q, struct og_sv key, enum og_queue_result r, int64_t again_ms);
/* Failures in a row; 0 for a key that the queue does not hold. */
unsigned og_queue_failures(const struct og_queue *q, struct og_sv key);

struct og_queue_stats {
	uint32_t ready, delayed, working;
	uint64_t adds;	  /* that were not merged with what waits already */
	uint64_t retries; /* that had to wait first: after failures, and by a time given */
	uint64_t done;
};
void og_queue_stats(const struct og_queue *q, struct og_queue_stats *ret);

/* Names and meaning as controller-runtime's (pkg/internal/metrics/workqueue.go; O-1). */
enum og_queue_metric {
	OG_QM_DEPTH, /* name, controller, priority */
	OG_QM_ADDS,  /* name, controller, as all below */
	OG_QM_QUEUE_SECONDS,
	OG_QM_WORK_SECONDS,
	OG_QM_UNFINISHED, /* refreshed twice a second while there is work */
	OG_QM_LONGEST,
	OG_QM_RETRIES,
	OG_QM_COUNT_
};
extern const struct og_metric_def og_queue_metrics[OG_QM_COUNT_];
