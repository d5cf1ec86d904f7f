/* SPDX-License-Identifier: Apache-2.0 */
/* Work queue: the decisions. Two heaps over one map of items; no loop, no clock. */
#include "workqueue-priv.h"

#include "otelgate/base/mem.h"
#include "rng-priv.h"

enum { FIRST_ROOM = 64 };

static bool ready_before(const struct wq_item *a, const struct wq_item *b)
{
	return a->priority != b->priority ? a->priority > b->priority : a->seq < b->seq;
}

static bool due_before(const struct wq_item *a, const struct wq_item *b)
{
	return a->at_ns != b->at_ns ? a->at_ns < b->at_ns : a->seq < b->seq;
}

static void heap_put(struct wq_heap *h, uint32_t i, struct wq_item *it)
{
	h->item[i] = it;
	it->slot = i;
}

/* Brings the item to its place from i. */
static void heap_place(struct wq_heap *h, uint32_t i, struct wq_item *it)
{
	while (i > 0 && h->before(it, h->item[(i - 1) / 2])) {
		heap_put(h, i, h->item[(i - 1) / 2]);
		i = (i - 1) / 2;
	}
	for (;;) {
		uint32_t child = 2 * i + 1;
		if (child >= h->n)
			break;
		if (child + 1 < h->n && h->before(h->item[child + 1], h->item[child]))
			child++;
		if (!h->before(h->item[child], it))
			break;
		heap_put(h, i, h->item[child]);
		i = child;
	}
	heap_put(h, i, it);
}

static void heap_add(struct wq_heap *h, struct wq_item *it)
{
	uint32_t i = h->n++;
	h->item[i] = it;
	heap_place(h, i, it);
}

static void heap_remove(struct wq_heap *h, const struct wq_item *it)
{
	uint32_t i = it->slot;
	struct wq_item *last = h->item[--h->n];
	if (last != it)
		heap_place(h, i, last);
}

static void list_append(struct wq_list *l, struct wq_item *it)
{
	it->prev = l->tail;
	it->next = NULL;
	if (l->tail)
		l->tail->next = it;
	else
		l->head = it;
	l->tail = it;
}

static void list_remove(struct wq_list *l, struct wq_item *it)
{
	if (it->prev)
		it->prev->next = it->next;
	else
		l->head = it->next;
	if (it->next)
		it->next->prev = it->prev;
	else
		l->tail = it->prev;
	it->prev = it->next = NULL;
}

void wq_init(struct wq *q, const struct og_queue_opts *o)
{
	*q = (struct wq){
		.rng = o->seed,
		.base_ns = (o->base_ms ? o->base_ms : 5) * OG_NS_PER_MS,
		.max_ns = (o->max_ms ? o->max_ms : 1000000) * OG_NS_PER_MS,
		.max_keys = o->max_keys ? o->max_keys : 1000000,
		.ready = {.before = ready_before},
		.delayed = {.before = due_before},
	};
	og_map_init(&q->items, o->seed, NULL);
}

void wq_fini(struct wq *q)
{
	og_map_for (&q->items, e) {
		og_free(e->value);
	}
	og_map_fini(&q->items);
	og_free(q->ready.item);
	og_free(q->delayed.item);
	q->ready.item = q->delayed.item = NULL;
}

int64_t wq_sat_add(int64_t a, int64_t b)
{
	int64_t sum;
	if (__builtin_add_overflow(a, b, &sum))
		return b < 0 ? INT64_MIN : INT64_MAX;
	return sum;
}

int64_t wq_backoff_ns(struct wq *q, unsigned failures)
{
	int64_t ns = q->base_ns;
	for (unsigned i = 1; i < failures && ns < q->max_ns; i++)
		if (__builtin_mul_overflow(ns, (int64_t)2, &ns))
			ns = q->max_ns;
	if (ns > q->max_ns)
		ns = q->max_ns;
	/* up to a tenth earlier: what failed together does not come back together */
	return ns - kube_rng_upto(&q->rng, ns / 10);
}

static void depth(const struct wq *q, int priority, int by)
{
	if (q->on_depth)
		q->on_depth(q->ctx, priority, by);
}

static void enter(struct wq *q, struct wq_item *it, int priority, int64_t at_ns, int64_t now_ns)
{
	it->priority = priority;
	it->seq = q->seq++;
	if (at_ns > now_ns) {
		it->state = WQ_DELAYED;
		it->at_ns = at_ns;
		heap_add(&q->delayed, it);
		return;
	}
	it->state = WQ_READY;
	it->at_ns = now_ns;
	heap_add(&q->ready, it);
	list_append(&q->by_age, it);
	depth(q, priority, 1);
}

static bool room_for_one(struct wq *q)
{
	if (og_map_count(&q->items) < q->room)
		return true;
	uint32_t room = q->room ? q->room * 2 : FIRST_ROOM;
	struct wq_item **a = og_realloc(q->ready.item, room, sizeof(struct wq_item *));
	if (a)
		q->ready.item = a;
	struct wq_item **b = og_realloc(q->delayed.item, room, sizeof(struct wq_item *));
	if (b)
		q->delayed.item = b;
	if (!a || !b)
		return false;
	q->room = room;
	return true;
}

/* A key the queue does not hold yet; NULL with *err. */
static struct wq_item *item_new(struct wq *q, struct og_sv key, struct og_err *err)
{
	if (og_map_count(&q->items) >= q->max_keys) {
		(void)og_err_set(err, OG_E_LIMIT,
			"the work queue holds %zu keys, as many as it may", q->max_keys);
		return NULL;
	}
	struct wq_item *it = room_for_one(q) ? og_calloc(1, sizeof(*it)) : NULL;
	struct og_map_entry *e = it ? og_map_put(&q->items, key, NULL) : NULL;
	if (!e) {
		og_free(it);
		(void)og_err_set(err, OG_E_OOM, "no memory for a key of the work queue");
		return NULL;
	}
	e->value = it;
	it->key = e->key;
	return it;
}

static void add_waiting(struct wq *q, struct wq_item *it, int priority, int64_t at_ns, int64_t now)
{
	if (priority < it->priority)
		priority = it->priority;
	if (it->state == WQ_READY) {
		if (priority == it->priority)
			return;
		depth(q, it->priority, -1);
		depth(q, priority, 1);
		it->priority = priority; /* its age stays */
		heap_place(&q->ready, it->slot, it);
	} else if (at_ns < it->at_ns) {
		heap_remove(&q->delayed, it);
		enter(q, it, priority, at_ns, now);
	} else {
		it->priority = priority;
	}
}

static void add_working(struct wq_item *it, int priority, int64_t at_ns)
{
	if (!it->again || priority > it->again_priority)
		it->again_priority = priority;
	if (!it->again || at_ns < it->again_at_ns)
		it->again_at_ns = at_ns;
	it->again = true;
}

int wq_add(struct wq *q, struct og_sv key, int priority, int64_t at_ns, int64_t now_ns,
	struct og_err *err)
{
	if (key.n == 0 || key.n > WQ_KEY_BYTES)
		return og_err_set(err, OG_E_INVALID,
			"a key of the work queue has 1 to %d bytes, not %zu", WQ_KEY_BYTES, key.n);
	struct wq_item *it = og_map_get(&q->items, key);
	bool merged = it && (it->state != WQ_WORKING || it->again);
	if (!it) {
		struct og_err why = OG_ERR_INIT;
		it = item_new(q, key, &why);
		if (!it) {
			if (err)
				*err = why;
			return -(int)why.code;
		}
		enter(q, it, priority, at_ns, now_ns);
	} else if (it->state == WQ_WORKING) {
		add_working(it, priority, at_ns);
	} else {
		add_waiting(q, it, priority, at_ns, now_ns);
	}
	if (!merged)
		q->adds++;
	if (at_ns > now_ns)
		q->retries++;
	return 0;
}

void wq_due(struct wq *q, int64_t now_ns)
{
	while (q->delayed.n && q->delayed.item[0]->at_ns <= now_ns) {
		struct wq_item *it = q->delayed.item[0];
		heap_remove(&q->delayed, it);
		enter(q, it, it->priority, now_ns, now_ns);
	}
}

struct wq_item *wq_take(struct wq *q, int64_t now_ns)
{
	if (q->ready.n == 0)
		return NULL;
	bool oldest = ++q->takes % WQ_OLDEST_EVERY == 0;
	struct wq_item *it = oldest ? q->by_age.head : q->ready.item[0];
	heap_remove(&q->ready, it);
	list_remove(&q->by_age, it);
	depth(q, it->priority, -1);
	it->state = WQ_WORKING;
	it->waited_ns = now_ns > it->at_ns ? now_ns - it->at_ns : 0;
	it->at_ns = now_ns;
	list_append(&q->working, it);
	q->nworking++;
	return it;
}

int64_t wq_done(
	struct wq *q, struct og_sv key, enum og_queue_result r, int64_t again_ms, int64_t now_ns)
{
	struct wq_item *it = og_map_get(&q->items, key);
	if (!it || it->state != WQ_WORKING)
		return -1;
	int64_t took = now_ns - it->at_ns;
	list_remove(&q->working, it);
	q->nworking--;
	q->done++;

	bool again = r == OG_QUEUE_FAILED || (r == OG_QUEUE_OK && again_ms >= 0);
	int64_t at = now_ns, ns;
	if (r == OG_QUEUE_FAILED) {
		if (it->failures < UINT32_MAX)
			it->failures++;
		at = wq_sat_add(now_ns, wq_backoff_ns(q, it->failures));
	} else {
		it->failures = 0;
		if (again)
			at = __builtin_mul_overflow(again_ms, OG_NS_PER_MS, &ns)
				     ? INT64_MAX
				     : wq_sat_add(now_ns, ns);
	}
	if (again)
		q->retries++;
	if (again || it->again) {
		int priority = !it->again || (again && it->priority > it->again_priority)
				       ? it->priority
				       : it->again_priority;
		if (it->again && (!again || it->again_at_ns < at))
			at = it->again_at_ns;
		it->again = false;
		enter(q, it, priority, at, now_ns);
	} else {
		(void)og_map_remove(&q->items, key);
		og_free(it);
	}
	return took < 0 ? 0 : took;
}

int64_t wq_next_ns(const struct wq *q)
{
	return q->delayed.n ? q->delayed.item[0]->at_ns : INT64_MAX;
}
