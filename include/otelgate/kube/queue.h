/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Work queue of keys, as controllers need it (kubernetes/client-go util/workqueue; Q-1 … Q-3): a
 * key is in work at most once; added again meanwhile, it runs once more afterwards; failures wait
 * longer each time; what a person did goes before what a list brought. Bound to a loop; the worker
 * is asynchronous: it says og_queue_done when it has finished.
 */
#include "otelgate/base/metric.h"
#include "otelgate/net/loop.h"
#include "otelgate/base/str.h"

struct og_queue;
enum og_queue_priority { OG_QUEUE_LOW = -100, OG_QUEUE_USER = 0, OG_QUEUE_HIGH = 100 };

struct og_queue_opts {
	struct og_loop *loop;
	const char *name; /* for metrics */
	unsigned workers; /* keys in work at a time; 0 = 4 */
	int64_t base_ms;  /* first wait after a failure; 0 = 5 */
	int64_t max_ms;	  /* longest; 0 = 1,000,000 */
	size_t max_keys;  /* 0 = 1,000,000; beyond it: LIMIT */
	struct og_metrics *metrics;
	uint64_t seed; /* of the jitter */
	/* Begins work on a key; ends with og_queue_done, at once or later. */
	void (*work)(void *ctx, struct og_sv key);
	void *ctx;
};
int og_queue_new(const struct og_queue_opts *o, struct og_queue **ret, struct og_err *err);
void og_queue_free(struct og_queue *q);

int og_queue_add(struct og_queue *q, struct og_sv key, int priority, struct og_err *err);
/* Not before in_ms; the earliest of several times holds. */
int og_queue_add_in(
	struct og_queue *q, struct og_sv key, int priority, int64_t in_ms, struct og_err *err);

enum og_queue_result {
	OG_QUEUE_OK,	   /* forget earlier failures */
	OG_QUEUE_FAILED,   /* again after the back-off */
	OG_QUEUE_TERMINAL, /* failed, and trying again would not help */
};
/* again_ms >= 0 with OK: look again after that time; -1 = not. */
void og_queue_done(struct og_queue *q, struct og_sv key, enum og_queue_result r, int64_t again_ms);
unsigned og_queue_failures(const struct og_queue *q, struct og_sv key);

struct og_queue_stats {
	uint32_t ready, delayed, working;
	uint64_t adds, retries, done;
};
void og_queue_stats(const struct og_queue *q, struct og_queue_stats *ret);
