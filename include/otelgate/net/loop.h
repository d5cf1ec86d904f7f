/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Event loop: timers, descriptors, and work posted by other threads, all on one thread.
 *
 * Everything that talks to an API server or to Grafana lives on one loop and never blocks it; a
 * callback that needs long gives itself a timer. Functions marked [any thread] may be called from
 * anywhere, all others on the loop's thread (or before it runs). Callbacks may add and remove
 * anything, themselves included.
 */
#include <stdbool.h>
#include <stdint.h>
#include "otelgate/base/clock.h"
#include "otelgate/base/err.h"

struct og_loop;
typedef void og_loop_fn(void *ctx);

/* `clock` NULL = the system's. With another clock timers follow it, and the caller drives the loop
 * by og_loop_turn (tests). Errors: IO (no descriptors), OOM. */
int og_loop_new(const struct og_clock *clock, struct og_loop **ret, struct og_err *err);
/* Runs nothing that is still posted; handles of descriptors must not be used afterwards, timers are
 * no longer set. NULL is fine. */
void og_loop_free(struct og_loop *l);

/* Turns until og_loop_stop; posted functions that came before the stop have run. */
void og_loop_run(struct og_loop *l);
/* One turn: due timers, ready descriptors, posted functions, in this order; waits at most
 * max_wait_ms (0 = not at all, negative = for ever) for the first of them. What a callback sets or
 * posts has its turn in the next one. Returns how many callbacks ran; 0, at once, from within a
 * callback: nothing that is waited for there ever comes. */
unsigned og_loop_turn(struct og_loop *l, int max_wait_ms);
bool og_loop_turning(const struct og_loop *l); /* from within a callback: do not wait */
void og_loop_stop(struct og_loop *l);	       /* [any thread], async-signal-safe */
bool og_loop_stopped(struct og_loop *l);       /* [any thread] */
/* [any thread] Since when the loop is busy with callbacks, monotonic; now, while it waits for
 * something to do. A loop that stands still shows here, an idle one costs no wake-ups for it. */
int64_t og_loop_beat_ns(const struct og_loop *l);
const struct og_clock *og_loop_clock(const struct og_loop *l);
static inline int64_t og_loop_now_ns(const struct og_loop *l)
{
	return og_clock_mono_ns(og_loop_clock(l));
}

/* [any thread] Runs fn(ctx) on the loop's thread, in the order of posting. -OG_E_CANCELLED once the
 * loop was stopped: then it never runs. */
int og_loop_post(struct og_loop *l, og_loop_fn *fn, void *ctx, struct og_err *err);

/* A timer, part of its owner's structure; zeroed memory is a timer that is not set. */
struct og_timer {
	og_loop_fn *fn_;
	void *ctx_;
	int64_t at_ns_;
	uint32_t slot_; /* place in the heap + 1; 0 = not set */
};
/* One shot at `at_ns` of the loop's monotonic clock (past = the next turn). Setting a set timer
 * moves it. -OG_E_OOM: not set. Equal times run in the order of setting. */
int og_timer_at(struct og_loop *l, struct og_timer *t, int64_t at_ns, og_loop_fn *fn, void *ctx);
int og_timer_in(struct og_loop *l, struct og_timer *t, int64_t in_ms, og_loop_fn *fn, void *ctx);
void og_timer_cancel(struct og_loop *l, struct og_timer *t);
static inline bool og_timer_is_set(const struct og_timer *t)
{
	return t->slot_ != 0;
}

/*
 * A guard runs at the begin of each turn, before every timer, descriptor and posted function: for
 * what must be noticed before anyone acts on an outdated belief, such as a lease that ran out while
 * the process stood still. Part of its owner's structure; zeroed memory is a guard that is not
 * added. It must be quick, and may add and remove guards.
 */
struct og_loop_guard {
	og_loop_fn *fn_;
	void *ctx_;
	struct og_loop_guard *prev_, *next_;
};
void og_loop_guard_add(struct og_loop *l, struct og_loop_guard *g, og_loop_fn *fn, void *ctx);
void og_loop_guard_remove(struct og_loop *l, struct og_loop_guard *g); /* not added: nothing */

/* Descriptors, level-triggered. `events` are EPOLLIN, EPOLLOUT … of <sys/epoll.h>. */
typedef void og_loop_fd_fn(void *ctx, int fd, uint32_t events);
struct og_loop_fd; /* belongs to the loop until removed */
int og_loop_fd_add(struct og_loop *l, int fd, uint32_t events, og_loop_fd_fn *fn, void *ctx,
	struct og_loop_fd **ret, struct og_err *err);
int og_loop_fd_set(struct og_loop *l, struct og_loop_fd *h, uint32_t events);
/* The descriptor itself stays open; remove before closing it. No callback comes any more, also not
 * for events of this turn. NULL is fine. */
void og_loop_fd_remove(struct og_loop *l, struct og_loop_fd *h);
