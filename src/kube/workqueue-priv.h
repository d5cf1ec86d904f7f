/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * What a work queue decides, without loop or clock: every function is told the time. kube/queue
 * binds it to a loop. Not thread-safe.
 *
 * An item is READY (waiting for a worker), DELAYED (waiting for its time) or WORKING. What is added
 * while it is WORKING is kept beside it and becomes READY or DELAYED when the work is done.
 */
#include <stdint.h>
#include "otelgate/base/map.h"
#include "otelgate/kube/queue.h"

/* Every so many takes the oldest READY item goes first, whatever its priority: urgent keys
 * without end leave an eighth of the work to the others. */
enum { WQ_OLDEST_EVERY = 8 };
enum { WQ_KEY_BYTES = 4096 };

enum wq_state { WQ_NEW, WQ_READY, WQ_DELAYED, WQ_WORKING };

struct wq_item {
	struct og_sv key; /* the map's copy */
	enum wq_state state;
	int priority;	   /* waiting with; WORKING: taken with */
	int64_t at_ns;	   /* DELAYED: due; READY and WORKING: since */
	uint64_t seq;	   /* order among equals */
	uint32_t slot;	   /* place in the heap of its state */
	int64_t waited_ns; /* WORKING: how long it was READY before */
	unsigned failures; /* in a row */
	bool again;	   /* WORKING: was added meanwhile, with: */
	int again_priority;
	int64_t again_at_ns;
	struct wq_item *prev, *next; /* READY: by age; WORKING: by beginning */
};

struct wq_list {
	struct wq_item *head, *tail;
};

struct wq_heap {
	struct wq_item **item;
	uint32_t n;
	bool (*before)(const struct wq_item *a, const struct wq_item *b);
};

struct wq {
	struct og_map items;
	struct wq_heap ready, delayed; /* both have room for every item: moving cannot fail */
	uint32_t room;
	struct wq_list by_age, working;
	uint32_t nworking;
	uint64_t seq, takes, rng;
	int64_t base_ns, max_ns;
	size_t max_keys;
	uint64_t adds, retries, done;
	void (*on_depth)(void *ctx, int priority, int by); /* READY items; may be NULL */
	void *ctx;
};

void wq_init(struct wq *q, const struct og_queue_opts *o);
void wq_fini(struct wq *q);
/* at_ns <= now_ns: at once. Errors as og_queue_add; nothing has changed then. */
int wq_add(struct wq *q, struct og_sv key, int priority, int64_t at_ns, int64_t now_ns,
	struct og_err *err);
/* Makes READY what is due. */
void wq_due(struct wq *q, int64_t now_ns);
/* The next item to work on, WORKING now; NULL when none is READY. */
struct wq_item *wq_take(struct wq *q, int64_t now_ns);
/* How long the item was worked on; -1 when the key was not WORKING (nothing has changed). `key` may
 * be the item's own. */
int64_t wq_done(
	struct wq *q, struct og_sv key, enum og_queue_result r, int64_t again_ms, int64_t now_ns);
/* When the first DELAYED item is due; INT64_MAX = never. */
int64_t wq_next_ns(const struct wq *q);
/* The wait after `failures` (>= 1) failures in a row, jitter included. */
int64_t wq_backoff_ns(struct wq *q, unsigned failures);
/* a + b, or the nearest int64. */
int64_t wq_sat_add(int64_t a, int64_t b);
