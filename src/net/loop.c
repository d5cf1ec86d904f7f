/* SPDX-License-Identifier: Apache-2.0 */
/* The loop: epoll for descriptors, an eventfd for other threads and signals. */
#include "loop-priv.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include "otelgate/base/mem.h"

enum { EVENTS_PER_TURN = 64 };

static int open_fds(struct og_loop *l, struct og_err *err)
{
	struct epoll_event ev = {.events = EPOLLIN, .data = {.ptr = NULL}};
	l->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (l->epoll_fd < 0)
		return og_err_sys(err, errno, "making an epoll descriptor for the event loop");
	l->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (l->event_fd < 0)
		return og_err_sys(err, errno, "making an event descriptor for the event loop");
	if (epoll_ctl(l->epoll_fd, EPOLL_CTL_ADD, l->event_fd, &ev) < 0)
		return og_err_sys(err, errno, "watching the event descriptor of the event loop");
	return 0;
}

int og_loop_new(const struct og_clock *clock, struct og_loop **ret, struct og_err *err)
{
	struct og_loop *l = og_calloc(1, sizeof(*l));
	if (!l)
		return og_err_set(err, OG_E_OOM, "no memory for an event loop");
	l->clock = clock ? clock : og_clock_system();
	l->own_time = l->clock == og_clock_system();
	l->epoll_fd = l->event_fd = -1;
	l->posts_tail = &l->posts;
	(void)pthread_mutex_init(&l->lock, NULL); /* cannot fail without attributes on Linux */
	int r = open_fds(l, err);
	if (r < 0) {
		og_loop_free(l);
		return r;
	}
	*ret = l;
	return 0;
}

static void bury(struct og_loop *l)
{
	while (l->dead) {
		struct og_loop_fd *h = l->dead;
		l->dead = h->next;
		og_free(h);
	}
}

void og_loop_free(struct og_loop *l)
{
	if (!l)
		return;
	while (l->posts) {
		struct loop_post *p = l->posts;
		l->posts = p->next;
		og_free(p);
	}
	while (l->fds)
		og_loop_fd_remove(l, l->fds);
	bury(l);
	for (uint32_t i = 0; i < l->nheap; i++)
		l->heap[i].t->slot_ = 0;
	og_free(l->heap);
	if (l->epoll_fd >= 0)
		(void)close(l->epoll_fd);
	if (l->event_fd >= 0)
		(void)close(l->event_fd);
	(void)pthread_mutex_destroy(&l->lock);
	og_free(l);
}

const struct og_clock *og_loop_clock(const struct og_loop *l)
{
	return l->clock;
}

static void wake(const struct og_loop *l)
{
	uint64_t one = 1;
	/* EAGAIN: the counter is full, so the loop is awake anyway */
	while (write(l->event_fd, &one, sizeof(one)) < 0 && errno == EINTR)
		;
}

void og_loop_stop(struct og_loop *l)
{
	int saved = errno;
	atomic_store(&l->stop, true);
	wake(l);
	errno = saved;
}

bool og_loop_stopped(struct og_loop *l)
{
	return atomic_load(&l->stop);
}

int64_t og_loop_beat_ns(const struct og_loop *l)
{
	int64_t since = atomic_load(&l->busy_since_ns);
	return since ? since : og_clock_mono_ns(l->clock);
}

int og_loop_post(struct og_loop *l, og_loop_fn *fn, void *ctx, struct og_err *err)
{
	struct loop_post *p = og_malloc(sizeof(*p));
	if (!p)
		return og_err_set(err, OG_E_OOM, "no memory for work given to the event loop");
	*p = (struct loop_post){fn, ctx, NULL};
	(void)pthread_mutex_lock(&l->lock);
	bool refused = l->closed || atomic_load(&l->stop);
	if (!refused) {
		*l->posts_tail = p;
		l->posts_tail = &p->next;
	}
	(void)pthread_mutex_unlock(&l->lock);
	if (refused) {
		og_free(p);
		return og_err_set(err, OG_E_CANCELLED, "the event loop has been stopped");
	}
	wake(l);
	return 0;
}

static unsigned run_posts(struct og_loop *l, bool close_too)
{
	unsigned n = 0;
	(void)pthread_mutex_lock(&l->lock);
	struct loop_post *p = l->posts;
	l->posts = NULL;
	l->posts_tail = &l->posts;
	if (close_too)
		l->closed = true;
	(void)pthread_mutex_unlock(&l->lock);
	while (p) {
		struct loop_post *next = p->next;
		p->fn(p->ctx);
		og_free(p);
		p = next;
		n++;
	}
	return n;
}

/* Milliseconds until the first timer, rounded up so that it is due then; at most max_ms. */
static int wait_ms(const struct og_loop *l, int max_ms)
{
	int64_t at, now = og_clock_mono_ns(l->clock);
	if (max_ms == 0 || !loop_timer_first(l, &at))
		return max_ms;
	if (at <= now)
		return 0;
	if (!l->own_time)
		return max_ms; /* time that is turned by hand does not pass by waiting */
	int64_t ms = (at - now - 1) / OG_NS_PER_MS + 1;
	if (ms > INT_MAX)
		ms = INT_MAX;
	return max_ms < 0 || ms < max_ms ? (int)ms : max_ms;
}

static unsigned run_fds(const struct epoll_event *ev, int n)
{
	unsigned ran = 0;
	for (int i = 0; i < n; i++) {
		struct og_loop_fd *h = ev[i].data.ptr;
		if (!h || h->dead)
			continue;
		h->fn(h->ctx, h->fd, ev[i].events);
		ran++;
	}
	return ran;
}

void og_loop_guard_add(struct og_loop *l, struct og_loop_guard *g, og_loop_fn *fn, void *ctx)
{
	og_loop_guard_remove(l, g);
	*g = (struct og_loop_guard){.fn_ = fn, .ctx_ = ctx, .next_ = l->guards};
	if (g->next_)
		g->next_->prev_ = g;
	l->guards = g;
}

void og_loop_guard_remove(struct og_loop *l, struct og_loop_guard *g)
{
	if (!g->fn_)
		return;
	if (l->guard_next == g)
		l->guard_next = g->next_;
	if (g->prev_)
		g->prev_->next_ = g->next_;
	else
		l->guards = g->next_;
	if (g->next_)
		g->next_->prev_ = g->prev_;
	*g = (struct og_loop_guard){.fn_ = NULL};
}

static void run_guards(struct og_loop *l)
{
	l->guard_next = l->guards;
	while (l->guard_next) {
		const struct og_loop_guard *g = l->guard_next;
		l->guard_next = g->next_;
		g->fn_(g->ctx_);
	}
}

bool og_loop_turning(const struct og_loop *l)
{
	return l->turning;
}

unsigned og_loop_turn(struct og_loop *l, int max_wait_ms)
{
	struct epoll_event ev[EVENTS_PER_TURN];
	if (l->turning)
		return 0; /* from within a callback: what is due has its turn afterwards */
	l->turning = true;

	int n = epoll_wait(l->epoll_fd, ev, EVENTS_PER_TURN, wait_ms(l, max_wait_ms));
	l->now_ns = og_clock_mono_ns(l->clock);
	atomic_store(&l->busy_since_ns, l->now_ns);

	bool posted = false;
	for (int i = 0; i < n; i++)
		posted = posted || ev[i].data.ptr == NULL;
	if (posted) {
		uint64_t count;
		while (read(l->event_fd, &count, sizeof(count)) < 0 && errno == EINTR)
			;
	}
	run_guards(l);
	unsigned ran = loop_timer_run(l);
	if (n > 0)
		ran += run_fds(ev, n);
	if (posted)
		ran += run_posts(l, false);
	bury(l);
	atomic_store(&l->busy_since_ns, 0);
	l->turning = false;
	return ran;
}

void og_loop_run(struct og_loop *l)
{
	while (!atomic_load(&l->stop))
		(void)og_loop_turn(l, -1);
	/* what was accepted before the stop was seen runs; nothing is accepted any more */
	(void)run_posts(l, true);
	bury(l);
}

int og_loop_fd_add(struct og_loop *l, int fd, uint32_t events, og_loop_fd_fn *fn, void *ctx,
	struct og_loop_fd **ret, struct og_err *err)
{
	struct og_loop_fd *h = og_calloc(1, sizeof(*h));
	if (!h)
		return og_err_set(err, OG_E_OOM, "no memory to watch a descriptor");
	*h = (struct og_loop_fd){.fd = fd, .fn = fn, .ctx = ctx};
	struct epoll_event ev = {.events = events, .data = {.ptr = h}};
	if (epoll_ctl(l->epoll_fd, EPOLL_CTL_ADD, fd, &ev) < 0) {
		int sys = errno;
		og_free(h);
		return og_err_sys(err, sys, "watching a descriptor");
	}
	h->next = l->fds;
	if (h->next)
		h->next->prev = h;
	l->fds = h;
	*ret = h;
	return 0;
}

int og_loop_fd_set(struct og_loop *l, struct og_loop_fd *h, uint32_t events)
{
	struct epoll_event ev = {.events = events, .data = {.ptr = h}};
	return epoll_ctl(l->epoll_fd, EPOLL_CTL_MOD, h->fd, &ev) < 0 ? -OG_E_IO : 0;
}

void og_loop_fd_remove(struct og_loop *l, struct og_loop_fd *h)
{
	if (!h || h->dead)
		return;
	/* fails when the descriptor was closed before: then it is gone from epoll too */
	(void)epoll_ctl(l->epoll_fd, EPOLL_CTL_DEL, h->fd, NULL);
	if (h->prev)
		h->prev->next = h->next;
	else
		l->fds = h->next;
	if (h->next)
		h->next->prev = h->prev;
	h->dead = true;
	h->prev = NULL;
	h->next = l->dead;
	l->dead = h;
	if (!l->turning)
		bury(l);
}
