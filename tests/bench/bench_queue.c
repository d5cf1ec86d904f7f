/* SPDX-License-Identifier: Apache-2.0 */
/* The work queue: adds of new and of held keys, and a whole life of a key. */
#include <stdio.h>
#include "../../src/kube/workqueue-priv.h"
#include "bench.h"

enum { KEYS = 200000 };
static struct wq q;
static char keys[KEYS][32];
static struct og_sv views[KEYS];
static unsigned at;

static void add_held(void *ctx)
{
	(void)ctx;
	(void)wq_add(&q, views[at++ % KEYS], 0, 0, 0, NULL);
}

static void life(void *ctx)
{
	(void)ctx;
	(void)wq_add(&q, views[at % KEYS], (int)(at % 3) * 100 - 100, 0, 0, NULL);
	at++;
	const struct wq_item *it = wq_take(&q, 0);
	(void)wq_done(&q, it->key, OG_QUEUE_OK, -1, 0);
}

/* From empty to full and away again: each round grows all tables. */
static void fill(void *ctx)
{
	(void)ctx;
	wq_init(&q, &(struct og_queue_opts){.seed = 1});
	for (unsigned i = 0; i < KEYS; i++)
		(void)wq_add(&q, views[i], i % 2 ? 0 : -100, i % 5 ? 0 : 1000, 0, NULL);
	wq_fini(&q);
}

int main(void)
{
	for (unsigned i = 0; i < KEYS; i++) {
		int n = snprintf(keys[i], sizeof(keys[i]), "namespace-%u/web-%u", i % 100, i);
		views[i] = og_sv(keys[i], (size_t)n);
	}
	double new_ns = bench_time(fill, NULL, 5) / KEYS;
	wq_init(&q, &(struct og_queue_opts){.seed = 1});
	double life_ns = bench_time(life, NULL, 11);
	for (unsigned i = 0; i < KEYS; i++)
		(void)wq_add(&q, views[i], 0, 0, 0, NULL);
	double held_ns = bench_time(add_held, NULL, 11);
	wq_fini(&q);
	const struct bench_row rows[] = {
		{"queue: adds of new keys, from empty", "adds/s", 1e9 / new_ns, .budget = 1e6,
			.at_least = true},
		{"queue: adds of held keys", "adds/s", 1e9 / held_ns, .budget = 1e6,
			.at_least = true},
		{"queue: add, take, done", "keys/s", 1e9 / life_ns, .budget = 1e6,
			.at_least = true},
	};
	bench_print(rows, 3);
	return 0;
}
