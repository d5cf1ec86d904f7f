/* SPDX-License-Identifier: Apache-2.0 */
/* Work queue on a loop: one timer for what is due, one for the gauges. */
#include "otelgate/kube/queue.h"

#include <stdio.h>
#include "otelgate/base/mem.h"
#include "workqueue-priv.h"

enum { BATCH = 64 };	  /* keys begun in one turn of the loop */
enum { GAUGES_MS = 500 }; /* client-go util/workqueue/queue.go defaultUnfinishedWorkUpdatePeriod */
enum { IDLE_MS = 3600000 }; /* an idle queue keeps its timer set: so setting it cannot fail */
enum { PRIORITIES = 25 };   /* series of depth (O-1) */

/* 1 ms … 1,000 s: ours, controller-runtime's are decades from 10 ns. */
static const double seconds[] = {.001, .01, .05, .1, .5, 1, 5, 10, 60, 300, 1000};
#define BY_NAME                            \
	{                                  \
		"name", "controller", NULL \
	}
const struct og_metric_def og_queue_metrics[OG_QM_COUNT_] = {
	[OG_QM_DEPTH] = {"workqueue_depth", "Keys that wait for a worker.", OG_METRIC_GAUGE,
		.labels = {"name", "controller", "priority", NULL}, .max_series = 8 * PRIORITIES},
	[OG_QM_ADDS] = {"workqueue_adds_total", "Keys added, without those merged.",
		OG_METRIC_COUNTER, .labels = BY_NAME},
	[OG_QM_QUEUE_SECONDS] = {"workqueue_queue_duration_seconds",
		"How long a key waited for a worker.", OG_METRIC_HISTOGRAM, .unit = "seconds",
		.labels = BY_NAME, .buckets = seconds, .nbuckets = OG_COUNT(seconds)},
	[OG_QM_WORK_SECONDS] = {"workqueue_work_duration_seconds", "How long a key was worked on.",
		OG_METRIC_HISTOGRAM, .unit = "seconds", .labels = BY_NAME, .buckets = seconds,
		.nbuckets = OG_COUNT(seconds)},
	[OG_QM_UNFINISHED] = {"workqueue_unfinished_work_seconds",
		"Sum of the time that keys in work have been worked on.", OG_METRIC_GAUGE,
		.unit = "seconds", .labels = BY_NAME},
	[OG_QM_LONGEST] = {"workqueue_longest_running_processor_seconds",
		"How long the key longest in work has been worked on.", OG_METRIC_GAUGE,
		.unit = "seconds", .labels = BY_NAME},
	[OG_QM_RETRIES] = {"workqueue_retries_total",
		"Keys added for later: after failures, or to be looked at again.",
		OG_METRIC_COUNTER, .labels = BY_NAME},
};

struct depth {
	int priority;
	struct og_metric_series *series;
};

struct og_queue {
	struct wq wq;
	struct og_loop *loop;
	struct og_timer due, gauges;
	int64_t due_at_ns; /* when `due` is set for; INT64_MAX = it could not be set */
	unsigned workers;
	void (*work)(void *ctx, struct og_sv key);
	void *ctx;
	bool *freed; /* set while `work` is called: tells the caller that the queue is gone */
	struct og_metric_table *table;
	struct og_metric_series *m[OG_QM_COUNT_];
	struct depth depth[PRIORITIES];
	unsigned ndepth;
	char name[];
};

static void on_due(void *ctx);
static void on_gauges(void *ctx);

static void arm(struct og_queue *q, int64_t at_ns)
{
	q->due_at_ns = og_timer_at(q->loop, &q->due, at_ns, on_due, q) < 0 ? INT64_MAX : at_ns;
}

/* Sees to it that the loop comes back in time. */
static void kick(struct og_queue *q)
{
	int64_t at = wq_next_ns(&q->wq);
	if (q->wq.ready.n && q->wq.nworking < q->workers)
		at = INT64_MIN;
	if (at < q->due_at_ns)
		arm(q, at);
}

static struct og_metric_series *depth_series(struct og_queue *q, int priority)
{
	for (unsigned i = 0; i < q->ndepth; i++)
		if (q->depth[i].priority == priority)
			return q->depth[i].series;
	char text[16] = "other";
	if (q->ndepth < PRIORITIES)
		(void)snprintf(text, sizeof(text), "%d", priority);
	struct og_metric_series *s =
		og_metric_series(q->table, OG_QM_DEPTH, OG_LABELS(q->name, q->name, text));
	if (s && q->ndepth < PRIORITIES)
		q->depth[q->ndepth++] = (struct depth){priority, s};
	return s;
}

static void on_depth(void *ctx, int priority, int by)
{
	og_series_add(depth_series(ctx, priority), by);
}

static int metrics_init(struct og_queue *q, struct og_metrics *m, struct og_err *err)
{
	if (!m)
		return 0;
	struct og_err why = OG_ERR_INIT;
	q->table = og_metrics_add(m, og_queue_metrics, OG_QM_COUNT_, &why);
	if (!q->table) {
		if (err)
			*err = why;
		return -(int)why.code;
	}
	for (int i = OG_QM_ADDS; i < OG_QM_COUNT_; i++)
		q->m[i] = og_metric_series(q->table, (size_t)i, OG_LABELS(q->name, q->name));
	q->wq.on_depth = on_depth;
	q->wq.ctx = q;
	static const int common[] = {OG_QUEUE_LOW, OG_QUEUE_USER, OG_QUEUE_HIGH};
	for (size_t i = 0; i < OG_COUNT(common); i++)
		(void)depth_series(q, common[i]);
	return 0;
}

static int check(const struct og_queue_opts *o, struct og_err *err)
{
	if (!o->loop || !o->work || !o->name || !*o->name)
		return og_err_set(
			err, OG_E_INVALID, "a work queue needs a loop, a name and a worker");
	int64_t base = o->base_ms ? o->base_ms : 5, max = o->max_ms ? o->max_ms : 1000000;
	if (base < 0 || max < base || max > INT64_MAX / OG_NS_PER_MS)
		return og_err_set(err, OG_E_INVALID,
			"the waits of a work queue grow from base_ms to max_ms, and are positive");
	return 0;
}

int og_queue_new(const struct og_queue_opts *o, struct og_queue **ret, struct og_err *err)
{
	int r = check(o, err);
	if (r < 0)
		return r;
	size_t n = strlen(o->name) + 1;
	struct og_queue *q = og_calloc(1, sizeof(*q) + n);
	if (!q)
		return og_err_set(err, OG_E_OOM, "no memory for a work queue");
	memcpy(q->name, o->name, n);
	wq_init(&q->wq, o);
	q->loop = o->loop;
	q->workers = o->workers ? o->workers : 4;
	q->work = o->work;
	q->ctx = o->ctx;
	r = metrics_init(q, o->metrics, err);
	if (r >= 0) {
		arm(q, wq_sat_add(og_loop_now_ns(q->loop), IDLE_MS * OG_NS_PER_MS));
		if (q->due_at_ns == INT64_MAX)
			r = og_err_set(err, OG_E_OOM, "no memory for the timer of a work queue");
	}
	if (r < 0) {
		og_queue_free(q);
		return r;
	}
	*ret = q;
	return 0;
}

/* Gauges count what is there: what the queue held is there no longer. */
static void gauges_clear(const struct og_queue *q)
{
	for (unsigned i = 0; i < q->ndepth; i++)
		og_series_set(q->depth[i].series, 0);
	og_series_set(q->m[OG_QM_UNFINISHED], 0);
	og_series_set(q->m[OG_QM_LONGEST], 0);
}

void og_queue_free(struct og_queue *q)
{
	if (!q)
		return;
	if (q->freed)
		*q->freed = true;
	og_timer_cancel(q->loop, &q->due);
	og_timer_cancel(q->loop, &q->gauges);
	gauges_clear(q);
	wq_fini(&q->wq);
	og_free(q);
}

int og_queue_add_in(
	struct og_queue *q, struct og_sv key, int priority, int64_t in_ms, struct og_err *err)
{
	int64_t now = og_loop_now_ns(q->loop), at = now, ns;
	if (in_ms > 0)
		at = __builtin_mul_overflow(in_ms, OG_NS_PER_MS, &ns) ? INT64_MAX
								      : wq_sat_add(now, ns);
	uint64_t adds = q->wq.adds, retries = q->wq.retries;
	int r = wq_add(&q->wq, key, priority, at, now, err);
	og_series_add(q->m[OG_QM_ADDS], (double)(q->wq.adds - adds));
	if (retries != q->wq.retries)
		og_series_add(q->m[OG_QM_RETRIES], 1);
	kick(q);
	return r;
}

int og_queue_add(struct og_queue *q, struct og_sv key, int priority, struct og_err *err)
{
	return og_queue_add_in(q, key, priority, 0, err);
}

static double seconds_of(int64_t ns)
{
	return (double)ns / (double)OG_NS_PER_S;
}

static void gauges_set(const struct og_queue *q)
{
	int64_t now = og_loop_now_ns(q->loop);
	double sum = 0;
	for (const struct wq_item *it = q->wq.working.head; it; it = it->next)
		sum += seconds_of(now - it->at_ns);
	const struct wq_item *first = q->wq.working.head;
	og_series_set(q->m[OG_QM_UNFINISHED], sum);
	og_series_set(q->m[OG_QM_LONGEST], first ? seconds_of(now - first->at_ns) : 0);
}

static void on_gauges(void *ctx)
{
	struct og_queue *q = ctx;
	gauges_set(q);
	if (q->wq.nworking) /* without memory the gauges stand still until the next work */
		(void)og_timer_in(q->loop, &q->gauges, GAUGES_MS, on_gauges, q);
}

void og_queue_done(struct og_queue *q, struct og_sv key, enum og_queue_result r, int64_t again_ms)
{
	uint64_t retries = q->wq.retries;
	int64_t took = wq_done(&q->wq, key, r, again_ms, og_loop_now_ns(q->loop));
	if (took < 0)
		return;
	og_series_observe(q->m[OG_QM_WORK_SECONDS], seconds_of(took));
	og_series_add(q->m[OG_QM_RETRIES], (double)(q->wq.retries - retries));
	kick(q);
}

static void on_due(void *ctx)
{
	struct og_queue *q = ctx;
	bool freed = false;
	/* first of all, while the timer's place is surely free */
	arm(q, wq_sat_add(og_loop_now_ns(q->loop), IDLE_MS * OG_NS_PER_MS));
	wq_due(&q->wq, og_loop_now_ns(q->loop));
	q->freed = &freed;
	for (int i = 0; i < BATCH && q->wq.nworking < q->workers; i++) {
		const struct wq_item *it = wq_take(&q->wq, og_loop_now_ns(q->loop));
		if (!it)
			break;
		og_series_observe(q->m[OG_QM_QUEUE_SECONDS], seconds_of(it->waited_ns));
		if (q->table && !og_timer_is_set(&q->gauges))
			(void)og_timer_in(q->loop, &q->gauges, GAUGES_MS, on_gauges, q);
		q->work(q->ctx, it->key);
		if (freed)
			return;
	}
	q->freed = NULL;
	kick(q);
}

unsigned og_queue_failures(const struct og_queue *q, struct og_sv key)
{
	const struct wq_item *it = og_map_get(&q->wq.items, key);
	return it ? it->failures : 0;
}

void og_queue_stats(const struct og_queue *q, struct og_queue_stats *ret)
{
	*ret = (struct og_queue_stats){
		.ready = q->wq.ready.n,
		.delayed = q->wq.delayed.n,
		.working = q->wq.nworking,
		.adds = q->wq.adds,
		.retries = q->wq.retries,
		.done = q->wq.done,
	};
}
