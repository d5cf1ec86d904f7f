/* SPDX-License-Identifier: Apache-2.0 */
/* What a work queue decides: client-go's and controller-runtime's scenarios, time given by hand. */
#include <limits.h>
#include <stdio.h>
#include "../../../src/kube/workqueue-priv.h"
#include "otelgate/base/mem.h"
#include "support/suite.h"

#define MS(n) ((n)*OG_NS_PER_MS)

static struct wq q;
static struct og_err err;

static void setup(void)
{
	wq_init(&q, &(struct og_queue_opts){.seed = 7, .max_keys = 1000});
	err = (struct og_err)OG_ERR_INIT;
}

static void teardown(void)
{
	wq_fini(&q);
}

static void add_at(const char *key, int priority, int64_t at_ms, int64_t now_ms)
{
	ck_assert_int_eq(wq_add(&q, og_svz(key), priority, MS(at_ms), MS(now_ms), &err), 0);
}

static void add(const char *key)
{
	add_at(key, 0, 0, 0);
}

/* The next key, or "" */
static const char *take(int64_t now_ms)
{
	wq_due(&q, MS(now_ms));
	const struct wq_item *it = wq_take(&q, MS(now_ms));
	return it ? it->key.p : "";
}

static int64_t done(const char *key, enum og_queue_result r, int64_t again_ms, int64_t now_ms)
{
	return wq_done(&q, og_svz(key), r, again_ms, MS(now_ms));
}

static bool holds(const char *key)
{
	return og_map_get(&q.items, og_svz(key)) != NULL;
}

START_TEST(keys_come_in_the_order_of_adding)
{
	add("a");
	add("b");
	add("c");
	ck_assert_str_eq(take(0), "a");
	ck_assert_str_eq(take(0), "b");
	ck_assert_str_eq(take(0), "c");
	ck_assert_str_eq(take(0), "");
}
END_TEST

START_TEST(a_key_added_twice_is_there_once)
{
	add("a");
	add("a");
	ck_assert_uint_eq(q.adds, 1);
	ck_assert_str_eq(take(0), "a");
	ck_assert_str_eq(take(0), "");
	ck_assert_int_eq(done("a", OG_QUEUE_OK, -1, 0), 0);
	ck_assert(!holds("a"));
}
END_TEST

START_TEST(a_key_in_work_is_not_given_out_again)
{
	add("a");
	ck_assert_str_eq(take(0), "a");
	add("a");
	add("a");
	ck_assert_uint_eq(q.adds, 2); /* the second of them was merged */
	ck_assert_str_eq(take(0), "");
	(void)done("a", OG_QUEUE_OK, -1, 5);
	ck_assert_str_eq(take(5), "a"); /* once more */
	(void)done("a", OG_QUEUE_OK, -1, 5);
	ck_assert_str_eq(take(5), "");
	ck_assert(!holds("a"));
}
END_TEST

START_TEST(done_for_a_key_that_is_not_in_work_changes_nothing)
{
	ck_assert_int_eq(done("never", OG_QUEUE_OK, -1, 0), -1);
	add("a");
	ck_assert_int_eq(done("a", OG_QUEUE_FAILED, -1, 0), -1);
	ck_assert_uint_eq(q.done, 0);
	ck_assert_str_eq(take(0), "a");
	(void)done("a", OG_QUEUE_OK, -1, 0);
	ck_assert_int_eq(done("a", OG_QUEUE_OK, -1, 0), -1);
	add_at("later", 0, 100, 0);
	ck_assert_int_eq(done("later", OG_QUEUE_OK, -1, 0), -1);
	ck_assert_uint_eq(q.done, 1);
	ck_assert_uint_eq(q.retries, 1);
}
END_TEST

START_TEST(delayed_keys_come_when_they_are_due)
{
	add_at("late", 0, 200, 0);
	add_at("soon", 0, 100, 0);
	ck_assert_int_eq(wq_next_ns(&q), MS(100));
	ck_assert_str_eq(take(99), "");
	ck_assert_str_eq(take(100), "soon");
	ck_assert_str_eq(take(199), "");
	ck_assert_str_eq(take(200), "late");
	ck_assert_int_eq(wq_next_ns(&q), INT64_MAX);
}
END_TEST

/* what is added first, what then, and when it is due */
static const struct {
	int first_ms, then_ms, due_ms;
} earliest[] = {
	{100, 50, 50},
	{50, 100, 50},
	{100, 0, 0},
	{0, 100, 0},
	{100, 100, 100},
	{1000000, 1, 1},
};

START_TEST(the_earliest_of_two_times_holds)
{
	add_at("a", 0, earliest[_i].first_ms, 0);
	add_at("a", 0, earliest[_i].then_ms, 0);
	if (earliest[_i].due_ms)
		ck_assert_str_eq(take(earliest[_i].due_ms - 1), "");
	ck_assert_str_eq(take(earliest[_i].due_ms), "a");
	(void)done("a", OG_QUEUE_OK, -1, 2000000);
	ck_assert_str_eq(take(2000000), ""); /* the other time is forgotten */
}
END_TEST

START_TEST(the_earliest_of_two_times_holds_while_in_work)
{
	add("a");
	(void)take(0);
	add_at("a", 0, earliest[_i].first_ms, 0);
	add_at("a", 0, earliest[_i].then_ms, 0);
	(void)done("a", OG_QUEUE_OK, -1, 0);
	if (earliest[_i].due_ms)
		ck_assert_str_eq(take(earliest[_i].due_ms - 1), "");
	ck_assert_str_eq(take(earliest[_i].due_ms), "a");
	(void)done("a", OG_QUEUE_OK, -1, 0);
	ck_assert(!holds("a"));
}
END_TEST

/* 5 ms × 2^n up to 1,000 s, at most a tenth earlier */
START_TEST(failures_wait_twice_as_long_each_time)
{
	int64_t now = 0, full = 5;
	add("a");
	for (unsigned i = 1; i <= 40; i++) {
		ck_assert_str_eq(take(now), "a");
		(void)done("a", OG_QUEUE_FAILED, -1, now);
		int64_t wait = wq_next_ns(&q) - MS(now);
		ck_assert_int_le(wait, MS(full));
		ck_assert_int_ge(wait, MS(full) - MS(full) / 10);
		const struct wq_item *it = og_map_get(&q.items, OG_SV("a"));
		ck_assert_uint_eq(it->failures, i);
		now += full;
		full = full * 2 > 1000000 ? 1000000 : full * 2;
	}
	ck_assert_uint_eq(q.retries, 40);
}
END_TEST

START_TEST(the_back_off_has_no_overflow)
{
	wq_fini(&q);
	wq_init(&q, &(struct og_queue_opts){.base_ms = INT64_MAX / OG_NS_PER_MS,
			    .max_ms = INT64_MAX / OG_NS_PER_MS});
	ck_assert_int_gt(wq_backoff_ns(&q, 1), 0);
	ck_assert_int_gt(wq_backoff_ns(&q, UINT_MAX), 0);
	add("a");
	wq_due(&q, 0);
	(void)wq_take(&q, 0);
	(void)wq_done(&q, OG_SV("a"), OG_QUEUE_FAILED, -1, INT64_MAX - 5);
	ck_assert_int_eq(wq_next_ns(&q), INT64_MAX);
}
END_TEST

static const struct {
	enum og_queue_result r;
	int64_t again_ms;
	bool held;
	unsigned failures;
	int64_t due_ms; /* when held; -1: about the third back-off */
} ends[] = {
	{OG_QUEUE_OK, -1, false, 0, 0},
	{OG_QUEUE_OK, -99, false, 0, 0},
	{OG_QUEUE_OK, 0, true, 0, 0},
	{OG_QUEUE_OK, 30000, true, 0, 30000},
	{OG_QUEUE_OK, INT64_MAX, true, 0, INT64_MAX},
	{OG_QUEUE_FAILED, -1, true, 3, -1},
	{OG_QUEUE_FAILED, 30000, true, 3, -1}, /* the time is ignored */
	{OG_QUEUE_FAILED, 0, true, 3, -1},
	{OG_QUEUE_TERMINAL, -1, false, 0, 0},
	{OG_QUEUE_TERMINAL, 30000, false, 0, 0},
};

START_TEST(what_a_result_means)
{
	add("a");
	for (int i = 0; i < 2; i++) {
		(void)take(1000 * i);
		(void)done("a", OG_QUEUE_FAILED, -1, 1000 * i);
	}
	ck_assert_str_eq(take(2000), "a");
	ck_assert_int_eq(done("a", ends[_i].r, ends[_i].again_ms, 2500), MS(500));
	const struct wq_item *it = og_map_get(&q.items, OG_SV("a"));
	ck_assert_int_eq(it != NULL, ends[_i].held);
	if (!it)
		return;
	ck_assert_uint_eq(it->failures, ends[_i].failures);
	if (ends[_i].due_ms == 0) {
		ck_assert_str_eq(take(2500), "a");
	} else if (ends[_i].due_ms == INT64_MAX) {
		ck_assert_int_eq(wq_next_ns(&q), INT64_MAX);
	} else {
		int64_t wait = wq_next_ns(&q) - MS(2500);
		int64_t most = ends[_i].due_ms < 0 ? 20 : ends[_i].due_ms;
		int64_t least = ends[_i].due_ms < 0 ? 18 : ends[_i].due_ms;
		ck_assert(wait >= MS(least) && wait <= MS(most));
	}
}
END_TEST

START_TEST(success_after_failures_begins_anew)
{
	add("a");
	for (int i = 0; i < 6; i++) {
		(void)take(10000 * i);
		(void)done("a", OG_QUEUE_FAILED, -1, 10000 * i);
	}
	(void)take(100000);
	(void)done("a", OG_QUEUE_OK, -1, 100000);
	add_at("a", 0, 100000, 100000);
	(void)take(100000);
	(void)done("a", OG_QUEUE_FAILED, -1, 100000);
	ck_assert_int_le(wq_next_ns(&q), MS(100005));
}
END_TEST

START_TEST(a_change_during_failing_work_is_not_kept_waiting)
{
	add("a");
	for (int i = 0; i < 10; i++) {
		(void)take(10000 * i);
		(void)done("a", OG_QUEUE_FAILED, -1, 10000 * i);
	}
	(void)take(100000);
	add_at("a", 0, 0, 100000); /* a change */
	(void)done("a", OG_QUEUE_FAILED, -1, 100001);
	ck_assert_str_eq(take(100001), "a");
	const struct wq_item *it = og_map_get(&q.items, OG_SV("a"));
	ck_assert_uint_eq(it->failures, 11);
}
END_TEST

START_TEST(a_change_ends_the_wait_of_a_failed_key)
{
	add("a");
	(void)take(0);
	(void)done("a", OG_QUEUE_FAILED, -1, 0);
	ck_assert_str_eq(take(1), "");
	add_at("a", 0, 0, 1);
	ck_assert_str_eq(take(1), "a");
	const struct wq_item *it = og_map_get(&q.items, OG_SV("a"));
	ck_assert_uint_eq(it->failures, 1);
}
END_TEST

START_TEST(higher_priorities_go_first)
{
	add_at("low", OG_QUEUE_LOW, 0, 0);
	add_at("user", OG_QUEUE_USER, 0, 0);
	add_at("high", OG_QUEUE_HIGH, 0, 0);
	add_at("user2", OG_QUEUE_USER, 0, 0);
	ck_assert_str_eq(take(0), "high");
	ck_assert_str_eq(take(0), "user");
	ck_assert_str_eq(take(0), "user2");
	ck_assert_str_eq(take(0), "low");
}
END_TEST

START_TEST(the_highest_priority_wins_when_merged)
{
	add_at("a", 0, 0, 0);
	add_at("b", OG_QUEUE_LOW, 0, 0);
	add_at("c", OG_QUEUE_LOW, 0, 0);
	add_at("c", OG_QUEUE_HIGH, 0, 0);
	add_at("a", OG_QUEUE_LOW, 0, 0); /* does not lower it */
	ck_assert_str_eq(take(0), "c");
	ck_assert_str_eq(take(0), "a");
	ck_assert_str_eq(take(0), "b");
	/* also while it is in work, and while it is delayed */
	add_at("b", OG_QUEUE_HIGH, 0, 0);
	add_at("b", OG_QUEUE_LOW, 0, 0);
	add_at("d", OG_QUEUE_USER, 0, 0);
	add_at("e", OG_QUEUE_LOW, 500, 0);
	add_at("e", 1, 900, 0);
	(void)done("b", OG_QUEUE_OK, -1, 0);
	ck_assert_str_eq(take(500), "b");
	ck_assert_str_eq(take(500), "e");
	ck_assert_str_eq(take(500), "d");
}
END_TEST

START_TEST(a_retry_keeps_its_priority)
{
	add_at("a", OG_QUEUE_HIGH, 0, 0);
	(void)take(0);
	(void)done("a", OG_QUEUE_FAILED, -1, 0);
	add_at("b", OG_QUEUE_USER, 0, 0);
	ck_assert_str_eq(take(10), "a");
	add_at("a", OG_QUEUE_LOW, 0, 10);
	(void)done("a", OG_QUEUE_FAILED, -1, 10);
	ck_assert_str_eq(take(10), "a");
	/* but what is done is done: the next adding counts alone */
	add_at("a", OG_QUEUE_LOW, 0, 10);
	(void)done("a", OG_QUEUE_OK, -1, 10);
	ck_assert_str_eq(take(10), "b");
	ck_assert_str_eq(take(10), "a");
}
END_TEST

START_TEST(a_raised_key_keeps_its_age)
{
	add_at("old", OG_QUEUE_LOW, 0, 0);
	add_at("h1", OG_QUEUE_HIGH, 0, 0);
	add_at("old", OG_QUEUE_HIGH, 0, 0);
	ck_assert_str_eq(take(0), "old");
	ck_assert_str_eq(take(0), "h1");
}
END_TEST

START_TEST(urgent_keys_without_end_do_not_starve_the_others)
{
	char key[16];
	int n = 0, waited = 0;
	add_at("starved", OG_QUEUE_LOW, 0, 0);
	for (int i = 0; i < 20; i++) {
		(void)snprintf(key, sizeof(key), "h%d", n++);
		add_at(key, OG_QUEUE_HIGH, 0, 1);
	}
	for (;; waited++) {
		const char *got = take(1);
		if (strcmp(got, "starved") == 0)
			break;
		ck_assert_int_lt(waited, WQ_OLDEST_EVERY);
		(void)snprintf(key, sizeof(key), "%s", got);
		(void)done(key, OG_QUEUE_OK, -1, 1);
		(void)snprintf(key, sizeof(key), "h%d", n++);
		add_at(key, OG_QUEUE_HIGH, 0, 1);
	}
}
END_TEST

/* 150,000 pods of a first list do not keep a person's change waiting. */
START_TEST(a_change_overtakes_a_long_list)
{
	char key[16];
	for (int i = 0; i < 900; i++) {
		(void)snprintf(key, sizeof(key), "pod%d", i);
		add_at(key, OG_QUEUE_LOW, 0, 0);
	}
	add_at("change", OG_QUEUE_USER, 0, 1);
	ck_assert_str_eq(take(1), "change");
}
END_TEST

static const struct {
	size_t n;
	int code;
} lengths[] = {
	{0, -OG_E_INVALID},
	{1, 0},
	{WQ_KEY_BYTES, 0},
	{WQ_KEY_BYTES + 1, -OG_E_INVALID},
	{1 << 20, -OG_E_INVALID},
};

START_TEST(keys_have_a_length)
{
	og_auto_free char *key = og_calloc(1, 1 << 20);
	ck_assert_int_eq(wq_add(&q, og_sv(key, lengths[_i].n), 0, 0, 0, &err), lengths[_i].code);
	ck_assert_int_eq(-(int)err.code, lengths[_i].code);
	ck_assert_uint_eq(og_map_count(&q.items), lengths[_i].code == 0);
}
END_TEST

START_TEST(keys_hold_any_bytes)
{
	ck_assert_int_eq(wq_add(&q, og_sv("a\0b", 3), 0, 0, 0, NULL), 0);
	ck_assert_int_eq(wq_add(&q, og_sv("a\0c", 3), 0, 0, 0, NULL), 0);
	const struct wq_item *it = wq_take(&q, 0);
	ck_assert(og_sv_eq(it->key, og_sv("a\0b", 3)));
	ck_assert_int_eq(wq_done(&q, it->key, OG_QUEUE_OK, -1, 0), 0); /* its own bytes */
	ck_assert_uint_eq(og_map_count(&q.items), 1);
}
END_TEST

START_TEST(a_full_queue_takes_only_what_it_holds)
{
	char key[16];
	for (int i = 0; i < 1000; i++) {
		(void)snprintf(key, sizeof(key), "k%d", i);
		add_at(key, 0, i % 2 ? 0 : 50, 0);
	}
	ck_assert_int_eq(wq_add(&q, OG_SV("one more"), 0, 0, 0, &err), -OG_E_LIMIT);
	ck_assert_ptr_nonnull(strstr(err.msg, "1000"));
	add_at("k0", OG_QUEUE_HIGH, 0, 0);
	ck_assert_str_eq(take(0), "k0");
	ck_assert_int_eq(wq_add(&q, OG_SV("one more"), 0, 0, 0, NULL), -OG_E_LIMIT); /* in work */
	(void)done("k0", OG_QUEUE_OK, -1, 0);
	ck_assert_int_eq(wq_add(&q, OG_SV("one more"), 0, 0, 0, NULL), 0);
}
END_TEST

START_TEST(time_that_goes_back_does_no_harm)
{
	add_at("a", 0, 0, 1000);
	wq_due(&q, MS(500));
	const struct wq_item *it = wq_take(&q, MS(500));
	ck_assert_int_eq(it->waited_ns, 0);
	ck_assert_int_eq(done("a", OG_QUEUE_OK, -1, 100), 0);
}
END_TEST

static int depth_of[3];

static void on_depth(void *ctx, int priority, int by)
{
	(void)ctx;
	ck_assert_int_eq(priority % 100, 0);
	depth_of[priority / 100 + 1] += by;
	ck_assert_int_ge(depth_of[priority / 100 + 1], 0);
}

static uint64_t rnd(uint64_t *s)
{
	*s ^= *s << 13;
	*s ^= *s >> 7;
	*s ^= *s << 17;
	return *s;
}

enum { MODEL_KEYS = 40 };
struct model {
	bool working, waiting;
	int64_t at_ms; /* not given out before, while waiting; kept loosely */
	int priority;
};

/* Random life against a simple model: nothing is lost, doubled, too early, or in work twice. */
START_TEST(random_life)
{
	struct model m[MODEL_KEYS] = {{0}};
	uint64_t s = (uint64_t)_i * 7919 + 1;
	int64_t now = 0;
	q.on_depth = on_depth;
	memset(depth_of, 0, sizeof(depth_of));
	for (int step = 0; step < 4000; step++) {
		unsigned k = (unsigned)(rnd(&s) % MODEL_KEYS);
		char key[8];
		(void)snprintf(key, sizeof(key), "%u", k);
		now += (int64_t)(rnd(&s) % 3);
		switch (rnd(&s) % 4) {
		case 0:
		case 1: {
			int64_t at = now + (rnd(&s) % 2 ? 0 : (int64_t)(rnd(&s) % 50));
			int priority = (int)(rnd(&s) % 3) * 100 - 100;
			add_at(key, priority, at, now);
			if (!m[k].waiting || at < m[k].at_ms)
				m[k].at_ms = at;
			m[k].waiting = true;
			break;
		}
		case 2: {
			const char *got = take(now);
			if (!*got)
				break;
			k = (unsigned)strtoul(got, NULL, 10);
			ck_assert(m[k].waiting && !m[k].working && m[k].at_ms <= now);
			m[k].working = true;
			m[k].waiting = false;
			break;
		}
		default:
			if (!m[k].working) {
				ck_assert_int_eq(done(key, OG_QUEUE_OK, -1, now), -1);
				break;
			}
			m[k].working = false;
			if (rnd(&s) % 3 == 0) {
				(void)done(key, OG_QUEUE_FAILED, -1, now);
				if (!m[k].waiting || m[k].at_ms > now + 4)
					m[k].at_ms = now + 4; /* 5 ms, a tenth earlier */
				m[k].waiting = true;
			} else {
				(void)done(key, OG_QUEUE_OK, -1, now);
			}
		}
	}
	now += 10000000;
	for (unsigned k = 0; k < MODEL_KEYS; k++) { /* what is in work ends */
		char key[8];
		(void)snprintf(key, sizeof(key), "%u", k);
		if (m[k].working)
			(void)done(key, OG_QUEUE_OK, -1, now);
	}
	for (const char *got; *(got = take(now));) { /* and all that waits comes */
		char key[8];
		(void)snprintf(key, sizeof(key), "%s", got);
		unsigned k = (unsigned)strtoul(key, NULL, 10);
		ck_assert(m[k].waiting);
		m[k].waiting = false;
		(void)done(key, OG_QUEUE_OK, -1, now);
	}
	for (unsigned k = 0; k < MODEL_KEYS; k++)
		ck_assert(!m[k].waiting);
	ck_assert_uint_eq(og_map_count(&q.items), 0);
	ck_assert_int_eq(depth_of[0] + depth_of[1] + depth_of[2], 0);
}
END_TEST

/* Each allocation fails once: the key is then not there, or wholly there. */
START_TEST(adding_without_memory_changes_nothing)
{
	char key[16];
	for (unsigned long at = 1; at < 400; at++) {
		unsigned held = (unsigned)og_map_count(&q.items);
		(void)snprintf(key, sizeof(key), "k%lu", at);
		og_mem_fault_arm(1 + at % 5, true);
		int r = wq_add(&q, og_svz(key), 0, MS(at % 2), 0, &err);
		(void)og_mem_fault_disarm();
		ck_assert(r == 0 || r == -OG_E_OOM);
		ck_assert_uint_eq(og_map_count(&q.items), held + (r == 0));
		ck_assert_int_eq(holds(key), r == 0);
	}
}
END_TEST

START_TEST(a_held_key_needs_no_memory)
{
	add("a");
	add("b");
	og_mem_fault_arm(1, true);
	add_at("a", OG_QUEUE_HIGH, 50, 0);
	const char *first = take(0), *second = take(0);
	ck_assert_int_eq(wq_add(&q, OG_SV("a"), 0, 0, 0, &err), 0);
	ck_assert_int_eq(done("a", OG_QUEUE_FAILED, -1, 0), 0);
	ck_assert_int_eq(done("b", OG_QUEUE_OK, 77, 0), 0);
	(void)og_mem_fault_disarm();
	ck_assert_str_eq(first, "a");
	ck_assert_str_eq(second, "b");
	ck_assert_uint_eq(og_map_count(&q.items), 2);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("kube/workqueue");
	TCase *tc = tcase_create("workqueue");
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, keys_come_in_the_order_of_adding);
	tcase_add_test(tc, a_key_added_twice_is_there_once);
	tcase_add_test(tc, a_key_in_work_is_not_given_out_again);
	tcase_add_test(tc, done_for_a_key_that_is_not_in_work_changes_nothing);
	tcase_add_test(tc, delayed_keys_come_when_they_are_due);
	tcase_add_loop_test(tc, the_earliest_of_two_times_holds, 0, (int)OG_COUNT(earliest));
	tcase_add_loop_test(
		tc, the_earliest_of_two_times_holds_while_in_work, 0, (int)OG_COUNT(earliest));
	tcase_add_test(tc, failures_wait_twice_as_long_each_time);
	tcase_add_test(tc, the_back_off_has_no_overflow);
	tcase_add_loop_test(tc, what_a_result_means, 0, (int)OG_COUNT(ends));
	tcase_add_test(tc, success_after_failures_begins_anew);
	tcase_add_test(tc, a_change_during_failing_work_is_not_kept_waiting);
	tcase_add_test(tc, a_change_ends_the_wait_of_a_failed_key);
	tcase_add_test(tc, higher_priorities_go_first);
	tcase_add_test(tc, the_highest_priority_wins_when_merged);
	tcase_add_test(tc, a_retry_keeps_its_priority);
	tcase_add_test(tc, a_raised_key_keeps_its_age);
	tcase_add_test(tc, urgent_keys_without_end_do_not_starve_the_others);
	tcase_add_test(tc, a_change_overtakes_a_long_list);
	tcase_add_loop_test(tc, keys_have_a_length, 0, (int)OG_COUNT(lengths));
	tcase_add_test(tc, keys_hold_any_bytes);
	tcase_add_test(tc, a_full_queue_takes_only_what_it_holds);
	tcase_add_test(tc, time_that_goes_back_does_no_harm);
	tcase_add_loop_test(tc, random_life, 0, 30);
	tcase_add_test(tc, adding_without_memory_changes_nothing);
	tcase_add_test(tc, a_held_key_needs_no_memory);
	suite_add_tcase(s, tc);
	return og_suite_run(s);
}
