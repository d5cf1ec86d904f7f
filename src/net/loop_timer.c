/* SPDX-License-Identifier: Apache-2.0 */
/* Timers of a loop: a binary heap ordered by time, then by order of setting. */
#include "loop-priv.h"

#include "otelgate/base/mem.h"

static bool before(const struct loop_slot *a, const struct loop_slot *b)
{
	return a->at_ns != b->at_ns ? a->at_ns < b->at_ns : a->seq < b->seq;
}

static void put(struct og_loop *l, uint32_t i, struct loop_slot s)
{
	l->heap[i] = s;
	s.t->slot_ = i + 1;
}

static void sift_up(struct og_loop *l, uint32_t i, struct loop_slot s)
{
	while (i > 0 && before(&s, &l->heap[(i - 1) / 2])) {
		put(l, i, l->heap[(i - 1) / 2]);
		i = (i - 1) / 2;
	}
	put(l, i, s);
}

static void sift_down(struct og_loop *l, uint32_t i, struct loop_slot s)
{
	for (;;) {
		uint32_t child = 2 * i + 1;
		if (child >= l->nheap)
			break;
		if (child + 1 < l->nheap && before(&l->heap[child + 1], &l->heap[child]))
			child++;
		if (!before(&l->heap[child], &s))
			break;
		put(l, i, l->heap[child]);
		i = child;
	}
	put(l, i, s);
}

static void place(struct og_loop *l, uint32_t i, struct loop_slot s)
{
	if (i > 0 && before(&s, &l->heap[(i - 1) / 2]))
		sift_up(l, i, s);
	else
		sift_down(l, i, s);
}

static bool room(struct og_loop *l)
{
	if (l->nheap < l->cap)
		return true;
	uint32_t cap = l->cap ? l->cap * 2 : 64;
	if (cap <= l->cap)
		return false;
	struct loop_slot *heap = og_realloc(l->heap, cap, sizeof(*heap));
	if (!heap)
		return false;
	l->heap = heap;
	l->cap = cap;
	return true;
}

int og_timer_at(struct og_loop *l, struct og_timer *t, int64_t at_ns, og_loop_fn *fn, void *ctx)
{
	bool was_set = t->slot_ != 0;
	if (!was_set && !room(l))
		return -OG_E_OOM;
	/* the past is now: so that what a callback sets is never before what is due already */
	if (at_ns < l->now_ns)
		at_ns = l->now_ns;
	t->fn_ = fn;
	t->ctx_ = ctx;
	t->at_ns_ = at_ns;
	struct loop_slot s = {at_ns, l->seq++, t};
	if (was_set)
		place(l, t->slot_ - 1, s);
	else
		sift_up(l, l->nheap++, s);
	return 0;
}

int og_timer_in(struct og_loop *l, struct og_timer *t, int64_t in_ms, og_loop_fn *fn, void *ctx)
{
	int64_t at, ns;
	if (__builtin_mul_overflow(in_ms, OG_NS_PER_MS, &ns) ||
		__builtin_add_overflow(og_loop_now_ns(l), ns, &at))
		at = in_ms < 0 ? 0 : INT64_MAX;
	return og_timer_at(l, t, at, fn, ctx);
}

void og_timer_cancel(struct og_loop *l, struct og_timer *t)
{
	if (!t->slot_)
		return;
	uint32_t i = t->slot_ - 1;
	t->slot_ = 0;
	struct loop_slot last = l->heap[--l->nheap];
	if (i < l->nheap)
		place(l, i, last);
}

bool loop_timer_first(const struct og_loop *l, int64_t *ret_at_ns)
{
	if (l->nheap)
		*ret_at_ns = l->heap[0].at_ns;
	return l->nheap > 0;
}

unsigned loop_timer_run(struct og_loop *l)
{
	uint64_t end = l->seq;
	unsigned n = 0;
	while (l->nheap && l->heap[0].at_ns <= l->now_ns && l->heap[0].seq < end) {
		struct og_timer *t = l->heap[0].t;
		og_timer_cancel(l, t);
		t->fn_(t->ctx_);
		n++;
	}
	return n;
}
