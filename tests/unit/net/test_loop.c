/* SPDX-License-Identifier: Apache-2.0 */
/* The event loop: order of timers, descriptors that vanish, work from other threads, stopping. */
#include "otelgate/net/loop.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>
#include "otelgate/base/mem.h"
#include "otelgate/base/str.h"
#include "support/fakeclock.h"
#include "support/suite.h"

static struct og_fakeclock fake;
static struct og_loop *loop;

static void setup(void)
{
	og_fakeclock_init(&fake);
	ck_assert_int_eq(og_loop_new(&fake.clock, &loop, NULL), 0);
}

static void setup_real(void)
{
	ck_assert_int_eq(og_loop_new(NULL, &loop, NULL), 0);
}

static void teardown(void)
{
	og_loop_free(loop);
	loop = NULL;
}

/* What ran, in order. */
static char trace[256];
static size_t ntrace;
struct item {
	struct og_timer t;
	char name;
};

static void note(char c)
{
	ck_assert_uint_lt(ntrace, sizeof(trace) - 1);
	trace[ntrace++] = c;
	trace[ntrace] = '\0';
}

static void run_item(void *ctx)
{
	note(((struct item *)ctx)->name);
}

static void in_ms(struct item *i, char name, int64_t ms)
{
	i->name = name;
	ck_assert_int_eq(og_timer_in(loop, &i->t, ms, run_item, i), 0);
}

static void turn_after(int64_t ms)
{
	og_fakeclock_advance_ms(&fake, ms);
	(void)og_loop_turn(loop, 0);
}

START_TEST(timers_run_by_time_then_by_order)
{
	struct item i[5] = {0};
	in_ms(&i[0], 'c', 30);
	in_ms(&i[1], 'a', 10);
	in_ms(&i[2], 'b', 20);
	in_ms(&i[3], 'd', 30);
	in_ms(&i[4], 'e', 30);
	ck_assert_uint_eq(og_loop_turn(loop, 0), 0);
	turn_after(9);
	ck_assert_uint_eq(ntrace, 0);
	turn_after(1);
	ck_assert_str_eq(trace, "a");
	turn_after(100);
	ck_assert_str_eq(trace, "abcde");
	ck_assert(!og_timer_is_set(&i[0].t));
	turn_after(100);
	ck_assert_str_eq(trace, "abcde");
}
END_TEST

START_TEST(a_set_timer_moves)
{
	struct item i[3] = {0};
	in_ms(&i[0], 'a', 10);
	in_ms(&i[1], 'b', 20);
	in_ms(&i[2], 'c', 30);
	in_ms(&i[0], 'a', 25);
	in_ms(&i[2], 'c', 5);
	turn_after(6);
	ck_assert_str_eq(trace, "c");
	turn_after(100);
	ck_assert_str_eq(trace, "cba");
}
END_TEST

START_TEST(cancelled_timers_do_not_run)
{
	struct item i[3] = {0};
	in_ms(&i[0], 'a', 10);
	in_ms(&i[1], 'b', 10);
	in_ms(&i[2], 'c', 10);
	og_timer_cancel(loop, &i[1].t);
	og_timer_cancel(loop, &i[1].t);
	ck_assert(!og_timer_is_set(&i[1].t));
	turn_after(10);
	ck_assert_str_eq(trace, "ac");
}
END_TEST

START_TEST(the_past_is_the_next_turn)
{
	struct item i[3] = {0};
	in_ms(&i[0], 'a', -5);
	in_ms(&i[1], 'b', INT64_MIN);
	in_ms(&i[2], 'c', INT64_MAX);
	ck_assert_uint_eq(og_loop_turn(loop, 0), 2);
	ck_assert_uint_eq(ntrace, 2);
	turn_after(1000LL * 3600 * 24 * 365 * 100);
	ck_assert_uint_eq(ntrace, 2);
	og_timer_cancel(loop, &i[2].t);
}
END_TEST

struct again {
	struct og_timer t;
	int left;
	int ran;
};

static void set_again(void *ctx)
{
	struct again *a = ctx;
	a->ran++;
	if (--a->left > 0)
		ck_assert_int_eq(og_timer_in(loop, &a->t, 0, set_again, a), 0);
}

START_TEST(what_a_callback_sets_runs_in_the_next_turn)
{
	struct again a = {.left = 3};
	ck_assert_int_eq(og_timer_in(loop, &a.t, 0, set_again, &a), 0);
	for (int i = 1; i <= 3; i++) {
		ck_assert_uint_eq(og_loop_turn(loop, 0), 1);
		ck_assert_int_eq(a.ran, i);
	}
	ck_assert_uint_eq(og_loop_turn(loop, 0), 0);
}
END_TEST

static struct item victim;
static void cancel_victim(void *ctx)
{
	note(((struct item *)ctx)->name);
	og_timer_cancel(loop, &victim.t);
}

START_TEST(a_callback_cancels_one_that_is_due)
{
	struct item first = {.name = 'a'};
	ck_assert_int_eq(og_timer_in(loop, &first.t, 1, cancel_victim, &first), 0);
	in_ms(&victim, 'x', 1);
	turn_after(5);
	ck_assert_str_eq(trace, "a");
}
END_TEST

static void free_self(void *ctx)
{
	note('f');
	og_free(ctx);
}

START_TEST(a_timer_may_free_itself)
{
	for (int i = 0; i < 3; i++) {
		struct item *it = og_calloc(1, sizeof(*it));
		ck_assert_ptr_nonnull(it);
		ck_assert_int_eq(og_timer_in(loop, &it->t, i, free_self, it), 0);
	}
	turn_after(5);
	ck_assert_str_eq(trace, "fff");
}
END_TEST

/* Random sets, moves and cancels against a plain array. */
START_TEST(heap_against_a_list)
{
	enum { N = 200 };
	static struct item i[N];
	static int64_t due[N];
	uint64_t rnd = 88172645463325252U + (unsigned)_i;
	int64_t now = 0;
	unsigned ran = 0, expect = 0;
	for (int k = 0; k < N; k++)
		due[k] = -1;
	for (int step = 0; step < 4000; step++) {
		rnd ^= rnd << 13, rnd ^= rnd >> 7, rnd ^= rnd << 17;
		unsigned k = (unsigned)(rnd % N), op = (unsigned)(rnd >> 40) % 8;
		int64_t ms = (int64_t)((rnd >> 20) % 50);
		if (op < 5) {
			in_ms(&i[k], 'x', ms);
			due[k] = now + ms;
		} else if (op < 7) {
			og_timer_cancel(loop, &i[k].t);
			due[k] = -1;
		} else {
			now += ms;
			og_fakeclock_advance_ms(&fake, ms);
			ntrace = 0;
			for (int j = 0; j < N; j++) {
				if (due[j] >= 0 && due[j] <= now) {
					due[j] = -1;
					expect++;
				}
			}
			ran += og_loop_turn(loop, 0);
			ck_assert_uint_eq(ran, expect);
		}
		ck_assert(og_timer_is_set(&i[k].t) == (due[k] >= 0));
	}
	ck_assert_uint_gt(ran, 100);
}
END_TEST

START_TEST(free_unsets_timers)
{
	struct item i = {0};
	in_ms(&i, 'a', 10);
	og_loop_free(loop);
	loop = NULL;
	ck_assert(!og_timer_is_set(&i.t));
	og_loop_free(NULL);
}
END_TEST

static void turn_within(void *ctx)
{
	*(unsigned *)ctx += 1 + og_loop_turn(loop, 0);
	ck_assert(og_loop_turning(loop));
}

START_TEST(a_turn_within_a_turn_does_nothing)
{
	unsigned n = 0;
	struct og_timer t = {0};
	ck_assert_int_eq(og_loop_post(loop, turn_within, &n, NULL), 0);
	ck_assert_int_eq(og_timer_in(loop, &t, 0, turn_within, &n), 0);
	ck_assert(!og_loop_turning(loop));
	ck_assert_uint_eq(og_loop_turn(loop, 0), 2);
	ck_assert_uint_eq(n, 2);
	ck_assert(!og_loop_turning(loop));
}
END_TEST

/* Descriptors */
struct pair {
	int fd[2];
	struct og_loop_fd *h;
	unsigned ran;
	uint32_t events;
	struct pair *also; /* removed by the callback */
};

static void pair_open(struct pair *p, uint32_t events, og_loop_fd_fn *fn)
{
	*p = (struct pair){.h = NULL};
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, p->fd), 0);
	ck_assert_int_eq(og_loop_fd_add(loop, p->fd[0], events, fn, p, &p->h, NULL), 0);
}

static void pair_close(struct pair *p)
{
	og_loop_fd_remove(loop, p->h);
	(void)close(p->fd[0]);
	(void)close(p->fd[1]);
}

static void on_pair(void *ctx, int fd, uint32_t events)
{
	struct pair *p = ctx;
	char c;
	p->ran++;
	p->events = events;
	if (events & EPOLLIN)
		ck_assert_int_ge(read(fd, &c, 1), 0);
}

START_TEST(descriptors_report_and_change)
{
	struct pair p;
	pair_open(&p, EPOLLIN, on_pair);
	ck_assert_uint_eq(og_loop_turn(loop, 0), 0);
	ck_assert_int_eq(write(p.fd[1], "ab", 2), 2);
	ck_assert_uint_eq(og_loop_turn(loop, 1000), 1);
	ck_assert_uint_eq(og_loop_turn(loop, 1000), 1); /* level-triggered */
	ck_assert_uint_eq(og_loop_turn(loop, 0), 0);
	ck_assert_int_eq(og_loop_fd_set(loop, p.h, EPOLLOUT), 0);
	ck_assert_uint_eq(og_loop_turn(loop, 1000), 1);
	ck_assert_uint_eq(p.events, EPOLLOUT);
	ck_assert_int_eq(og_loop_fd_set(loop, p.h, 0), 0);
	ck_assert_uint_eq(og_loop_turn(loop, 0), 0);
	pair_close(&p);
}
END_TEST

static void remove_both(void *ctx, int fd, uint32_t events)
{
	struct pair *p = ctx;
	(void)fd;
	(void)events;
	p->ran++;
	og_loop_fd_remove(loop, og_take(p->h));
	og_loop_fd_remove(loop, og_take(p->also->h));
}

START_TEST(a_callback_removes_itself_and_another_that_is_ready)
{
	struct pair a, b;
	pair_open(&a, EPOLLIN, remove_both);
	pair_open(&b, EPOLLIN, remove_both);
	a.also = &b;
	b.also = &a;
	ck_assert_int_eq(write(a.fd[1], "x", 1), 1);
	ck_assert_int_eq(write(b.fd[1], "x", 1), 1);
	ck_assert_uint_eq(og_loop_turn(loop, 1000), 1);
	ck_assert_uint_eq(a.ran + b.ran, 1);
	ck_assert_uint_eq(og_loop_turn(loop, 0), 0);
	pair_close(&a);
	pair_close(&b);
}
END_TEST

START_TEST(bad_descriptors_are_refused)
{
	struct og_loop_fd *h = NULL;
	struct og_err err = OG_ERR_INIT;
	ck_assert_int_eq(og_loop_fd_add(loop, -1, EPOLLIN, on_pair, NULL, &h, &err), -OG_E_IO);
	ck_assert_ptr_null(h);
	struct pair p;
	pair_open(&p, EPOLLIN, on_pair);
	ck_assert_int_eq(og_loop_fd_add(loop, p.fd[0], EPOLLIN, on_pair, NULL, &h, &err), -OG_E_IO);
	ck_assert_ptr_null(h);
	/* closed before removal: nothing breaks, the number may be used again */
	(void)close(p.fd[0]);
	(void)close(p.fd[1]);
	ck_assert_int_eq(og_loop_fd_set(loop, p.h, EPOLLIN), -OG_E_IO);
	struct pair q;
	pair_open(&q, EPOLLIN, on_pair);
	ck_assert_int_eq(q.fd[0], p.fd[0]);
	(void)close(q.fd[0]);
	og_loop_fd_remove(loop, p.h);
	og_loop_fd_remove(loop, q.h);
	(void)close(q.fd[1]);
	og_loop_fd_remove(loop, NULL);
}
END_TEST

START_TEST(a_hang_up_is_an_event)
{
	struct pair p;
	pair_open(&p, EPOLLIN, on_pair);
	(void)close(p.fd[1]);
	ck_assert_uint_eq(og_loop_turn(loop, 1000), 1);
	ck_assert(p.events & EPOLLHUP);
	og_loop_fd_remove(loop, p.h);
	(void)close(p.fd[0]);
}
END_TEST

/* Posts and stopping */
static void count(void *ctx)
{
	atomic_fetch_add((_Atomic unsigned *)ctx, 1);
}

static void note_post(void *ctx)
{
	note(*(const char *)ctx);
}

static void post_more(void *ctx)
{
	note('p');
	ck_assert_int_eq(og_loop_post(loop, note_post, ctx, NULL), 0);
}

START_TEST(posts_run_in_order_and_new_ones_in_the_next_turn)
{
	ck_assert_int_eq(og_loop_post(loop, note_post, (void *)(uintptr_t) "a", NULL), 0);
	ck_assert_int_eq(og_loop_post(loop, post_more, (void *)(uintptr_t) "c", NULL), 0);
	ck_assert_int_eq(og_loop_post(loop, note_post, (void *)(uintptr_t) "b", NULL), 0);
	ck_assert_uint_eq(og_loop_turn(loop, 1000), 3);
	ck_assert_str_eq(trace, "apb");
	ck_assert_uint_eq(og_loop_turn(loop, 1000), 1);
	ck_assert_str_eq(trace, "apbc");
}
END_TEST

START_TEST(posts_after_stop_are_refused)
{
	struct og_err err = OG_ERR_INIT;
	_Atomic unsigned n = 0;
	ck_assert_int_eq(og_loop_post(loop, count, &n, NULL), 0);
	og_loop_stop(loop);
	ck_assert(og_loop_stopped(loop));
	ck_assert_int_eq(og_loop_post(loop, count, &n, &err), -OG_E_CANCELLED);
	og_loop_run(loop);
	ck_assert_uint_eq(atomic_load(&n), 1);
	og_loop_stop(loop);
}
END_TEST

static void stop_self(void *ctx)
{
	(void)ctx;
	og_loop_stop(loop);
}

START_TEST(run_ends_when_a_timer_stops_it)
{
	struct og_timer t = {0};
	int64_t begin = og_loop_now_ns(loop);
	ck_assert_int_eq(og_timer_in(loop, &t, 20, stop_self, NULL), 0);
	og_loop_run(loop);
	ck_assert_int_ge(og_loop_now_ns(loop) - begin, 20 * OG_NS_PER_MS);
}
END_TEST

static void on_signal(int sig)
{
	(void)sig;
	og_loop_stop(loop);
}

START_TEST(run_ends_when_a_signal_stops_it)
{
	struct sigaction sa = {.sa_handler = on_signal};
	ck_assert_int_eq(sigaction(SIGUSR1, &sa, NULL), 0);
	ck_assert_int_eq(raise(SIGUSR1), 0);
	og_loop_run(loop);
	ck_assert(og_loop_stopped(loop));
}
END_TEST

enum { THREADS = 4, POSTS = 5000 };
static _Atomic unsigned accepted, ran_posts;

static void *poster(void *ctx)
{
	(void)ctx;
	for (int i = 0; i < POSTS; i++) {
		if (og_loop_post(loop, count, &ran_posts, NULL) == 0)
			atomic_fetch_add(&accepted, 1);
		(void)og_loop_beat_ns(loop);
		(void)og_loop_stopped(loop);
	}
	return NULL;
}

static void *runner(void *ctx)
{
	(void)ctx;
	og_loop_run(loop);
	return NULL;
}

/* Every post that was accepted has run, also when the stop comes in their middle. */
START_TEST(posts_of_many_threads)
{
	pthread_t t[THREADS], r;
	ck_assert_int_eq(pthread_create(&r, NULL, runner, NULL), 0);
	for (int i = 0; i < THREADS; i++)
		ck_assert_int_eq(pthread_create(&t[i], NULL, poster, NULL), 0);
	if (_i == 1) {
		while (atomic_load(&ran_posts) < POSTS / 2)
			sched_yield();
		og_loop_stop(loop);
	}
	for (int i = 0; i < THREADS; i++)
		ck_assert_int_eq(pthread_join(t[i], NULL), 0);
	og_loop_stop(loop);
	ck_assert_int_eq(pthread_join(r, NULL), 0);
	ck_assert_uint_eq(atomic_load(&accepted), atomic_load(&ran_posts));
	if (_i == 0)
		ck_assert_uint_eq(accepted, THREADS * POSTS);
}
END_TEST

static void see_beat(void *ctx)
{
	int64_t before = og_loop_now_ns(loop);
	og_fakeclock_advance_ms(&fake, 7000);
	*(int64_t *)ctx = og_loop_now_ns(loop) - og_loop_beat_ns(loop);
	ck_assert_int_eq(og_loop_beat_ns(loop), before);
}

START_TEST(the_beat_shows_a_loop_that_stands_still)
{
	int64_t late = 0;
	og_fakeclock_advance_ms(&fake, 60000);
	ck_assert_int_eq(og_loop_beat_ns(loop), og_loop_now_ns(loop)); /* idle is fine */
	ck_assert_int_eq(og_loop_post(loop, see_beat, &late, NULL), 0);
	(void)og_loop_turn(loop, 1000);
	ck_assert_int_eq(late, 7000 * OG_NS_PER_MS);
	ck_assert_int_eq(og_loop_beat_ns(loop), og_loop_now_ns(loop));
}
END_TEST

START_TEST(memory_runs_out)
{
	struct og_err err = OG_ERR_INIT;
	struct og_loop *l = NULL;
	og_mem_fault_arm(1, true);
	int r = og_loop_new(NULL, &l, &err);
	og_mem_fault_disarm();
	ck_assert_int_eq(r, -OG_E_OOM);
	ck_assert_ptr_null(l);

	struct og_timer t = {0};
	og_mem_fault_arm(1, true);
	int a = og_timer_in(loop, &t, 1, count, NULL);
	int b = og_loop_post(loop, count, NULL, NULL);
	int fds[2];
	ck_assert_int_eq(pipe(fds), 0);
	struct og_loop_fd *h = NULL;
	int c = og_loop_fd_add(loop, fds[0], EPOLLIN, on_pair, NULL, &h, NULL);
	og_mem_fault_disarm();
	ck_assert_int_eq(a, -OG_E_OOM);
	ck_assert(!og_timer_is_set(&t));
	ck_assert_int_eq(b, -OG_E_OOM);
	ck_assert_int_eq(c, -OG_E_OOM);
	ck_assert_ptr_null(h);
	(void)close(fds[0]);
	(void)close(fds[1]);
	ck_assert_uint_eq(og_loop_turn(loop, 0), 0);

	/* moving a timer that is set needs no memory */
	ck_assert_int_eq(og_timer_in(loop, &t, 1, count, NULL), 0);
	og_mem_fault_arm(1, true);
	a = og_timer_in(loop, &t, 5, count, NULL);
	og_mem_fault_disarm();
	ck_assert_int_eq(a, 0);
	og_timer_cancel(loop, &t);
}
END_TEST

struct guard {
	struct og_loop_guard g;
	char name;
	struct guard *removes, *adds;
};

static void on_guard(void *ctx)
{
	struct guard *g = ctx;
	note(g->name);
	if (g->removes)
		og_loop_guard_remove(loop, &g->removes->g);
	if (g->adds)
		og_loop_guard_add(loop, &g->adds->g, on_guard, g->adds);
	g->adds = NULL;
}

START_TEST(guards_go_before_all_else)
{
	struct item early = {.name = '1'};
	struct guard a = {.name = 'a'}, b = {.name = 'b'}, never = {.name = 'n'};
	in_ms(&early, '1', 0);
	og_loop_guard_add(loop, &a.g, on_guard, &a);
	og_loop_guard_add(loop, &b.g, on_guard, &b);
	og_loop_guard_remove(loop, &never.g);
	(void)og_loop_turn(loop, 0);
	ck_assert_str_eq(trace, "ba1");
	(void)og_loop_turn(loop, 0);
	ck_assert_str_eq(trace, "ba1ba");
	og_loop_guard_remove(loop, &a.g);
	og_loop_guard_remove(loop, &a.g);
	og_loop_guard_add(loop, &b.g, on_guard, &b); /* again: still once */
	(void)og_loop_turn(loop, 0);
	ck_assert_str_eq(trace, "ba1bab");
	og_loop_guard_remove(loop, &b.g);
	ck_assert_uint_eq(og_loop_turn(loop, 0), 0);
	ck_assert_str_eq(trace, "ba1bab");
}
END_TEST

START_TEST(guards_may_remove_and_add_each_other)
{
	struct guard a = {.name = 'a'}, b = {.name = 'b'}, c = {.name = 'c'}, d = {.name = 'd'};
	og_loop_guard_add(loop, &a.g, on_guard, &a);
	og_loop_guard_add(loop, &b.g, on_guard, &b);
	og_loop_guard_add(loop, &c.g, on_guard, &c);
	c.removes = &b; /* the next one */
	c.adds = &d;
	a.removes = &a;
	(void)og_loop_turn(loop, 0);
	ck_assert_str_eq(trace, "ca");
	(void)og_loop_turn(loop, 0);
	ck_assert_str_eq(trace, "cadc");
	og_loop_guard_remove(loop, &c.g);
	og_loop_guard_remove(loop, &d.g);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("net/loop");
	TCase *tc = tcase_create("fake");
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, timers_run_by_time_then_by_order);
	tcase_add_test(tc, a_set_timer_moves);
	tcase_add_test(tc, cancelled_timers_do_not_run);
	tcase_add_test(tc, the_past_is_the_next_turn);
	tcase_add_test(tc, what_a_callback_sets_runs_in_the_next_turn);
	tcase_add_test(tc, a_callback_cancels_one_that_is_due);
	tcase_add_test(tc, a_timer_may_free_itself);
	tcase_add_loop_test(tc, heap_against_a_list, 0, 4);
	tcase_add_test(tc, free_unsets_timers);
	tcase_add_test(tc, a_turn_within_a_turn_does_nothing);
	tcase_add_test(tc, descriptors_report_and_change);
	tcase_add_test(tc, a_callback_removes_itself_and_another_that_is_ready);
	tcase_add_test(tc, bad_descriptors_are_refused);
	tcase_add_test(tc, a_hang_up_is_an_event);
	tcase_add_test(tc, posts_run_in_order_and_new_ones_in_the_next_turn);
	tcase_add_test(tc, posts_after_stop_are_refused);
	tcase_add_test(tc, the_beat_shows_a_loop_that_stands_still);
	tcase_add_test(tc, memory_runs_out);
	tcase_add_test(tc, guards_go_before_all_else);
	tcase_add_test(tc, guards_may_remove_and_add_each_other);
	suite_add_tcase(s, tc);
	TCase *real = tcase_create("real");
	tcase_add_checked_fixture(real, setup_real, teardown);
	tcase_add_test(real, run_ends_when_a_timer_stops_it);
	tcase_add_test(real, run_ends_when_a_signal_stops_it);
	tcase_add_loop_test(real, posts_of_many_threads, 0, 2);
	suite_add_tcase(s, real);
	return og_suite_run(s);
}
