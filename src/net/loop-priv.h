/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <pthread.h>
#include <stdatomic.h>
#include "otelgate/net/loop.h"

/* One set timer. `seq` keeps the order of setting among equal times. */
struct loop_slot {
	int64_t at_ns;
	uint64_t seq;
	struct og_timer *t;
};

struct loop_post {
	og_loop_fn *fn;
	void *ctx;
	struct loop_post *next;
};

struct og_loop_fd {
	int fd;
	bool dead;
	og_loop_fd_fn *fn;
	void *ctx;
	struct og_loop_fd *prev, *next;
};

struct og_loop {
	const struct og_clock *clock;
	bool own_time; /* the system's clock: waiting and timers agree */
	int epoll_fd, event_fd;
	bool turning;
	int64_t now_ns; /* of this turn */

	struct loop_slot *heap;
	uint32_t nheap, cap;
	uint64_t seq;

	struct og_loop_guard *guards, *guard_next; /* the one to run next in this turn */

	struct og_loop_fd *fds;	 /* all that are added */
	struct og_loop_fd *dead; /* removed in this turn; events for them may still be queued */

	_Atomic bool stop;
	_Atomic int64_t busy_since_ns; /* 0 while it waits */

	pthread_mutex_t lock; /* for what follows */
	struct loop_post *posts, **posts_tail;
	bool closed; /* og_loop_run has ended */
};

/* Monotonic time of the first timer; false when none is set. */
bool loop_timer_first(const struct og_loop *l, int64_t *ret_at_ns);
/* Runs what is due at l->now_ns and was set before this call. */
unsigned loop_timer_run(struct og_loop *l);
