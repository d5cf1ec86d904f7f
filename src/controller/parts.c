/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of the leader: their table, queues, write budget and Events. */
#include <stdarg.h>
#include <stdio.h>
#include "credentials-priv.h"
#include "egress-priv.h"
#include "restart-priv.h"
#include "verify-priv.h"
#include "workload-priv.h"

enum {
	RESYNC_MS = 600000,
	DRAIN_MS = 500, /* for writes under way when told to stop */
	DRAIN_STEP_MS = 10,
	RETRY_BASE_MS = 500,  /* an API server that refuses is not asked again at once */
	RETRY_MAX_MS = 60000, /* when it is well again, the last failure is a minute ago at most */
	NOTE_BYTES = 1024,
};

const struct controller_part controller_parts[PART_COUNT_] = {
	[PART_WORKLOADS] = {.name = "workloads",
		.workers = 4,
		.init = workloads_init,
		.fini = workloads_fini,
		.resync = workloads_resync,
		.work = workloads_work},
	[PART_CREDENTIALS] = {.name = "credentials",
		.workers = 4,
		.init = credentials_init,
		.fini = credentials_fini,
		.resync = credentials_resync,
		.work = credentials_work,
		.workload_changed = credentials_workload_changed},
	[PART_EGRESS] = {.name = "egress",
		.workers = 8,
		.init = egress_init,
		.fini = egress_fini,
		.resync = egress_resync,
		.work = egress_work,
		.workload_changed = egress_workload_changed},
	[PART_RESTART] = {.name = "restart",
		.workers = 1,
		.init = restarts_init,
		.fini = restarts_fini,
		.resync = restarts_resync,
		.work = restarts_work,
		.workload_changed = restarts_workload_changed},
	[PART_VERIFY] = {.name = "verify",
		.workers = 2,
		.init = verify_init,
		.fini = verify_fini,
		.resync = verify_resync,
		.work = verify_work},
};

bool controller_acts(const struct controller *c)
{
	return c->leads && !c->stopping && c->cluster && og_cluster_synced(c->cluster);
}

static void on_work(void *ctx, struct og_sv key)
{
	struct controller_queue *q = ctx;

	if (controller_acts(q->c))
		controller_parts[q->id].work(q->c, key);
	else
		og_queue_done(q->queue, key, OG_QUEUE_OK, -1);
}

static void on_resync(void *ctx)
{
	controller_resync(ctx);
}

void controller_resync(struct controller *c)
{
	(void)og_timer_in(c->loop, &c->resync_timer, RESYNC_MS, on_resync, c);
	for (int i = 0; i < PART_COUNT_ && controller_acts(c); i++)
		if (controller_parts[i].resync)
			controller_parts[i].resync(c);
}

static int start_part(struct controller *c, enum controller_part_id id, struct og_err *err)
{
	const struct controller_part *p = &controller_parts[id];
	struct og_queue_opts o = {.loop = c->loop,
		.name = p->name,
		.workers = p->workers,
		.base_ms = RETRY_BASE_MS,
		.max_ms = RETRY_MAX_MS,
		.metrics = c->metrics,
		.work = on_work,
		.ctx = &c->queues[id]};

	c->queues[id] = (struct controller_queue){.c = c, .id = id};
	int r = p->work ? og_queue_new(&o, &c->queues[id].queue, err) : 0;
	if (r == 0 && p->init)
		r = p->init(c, err);
	return r < 0 ? og_err_wrap(err, "%s", p->name) : 0;
}

int controller_parts_start(struct controller *c, struct og_err *err)
{
	int r = 0;

	c->tokens = CONTROLLER_WRITES_BURST;
	c->tokens_ns = og_loop_now_ns(c->loop);
	for (int i = 0; i < PART_COUNT_ && r == 0; i++)
		r = start_part(c, (enum controller_part_id)i, err);
	return r;
}

static bool idle(const struct controller *c)
{
	struct og_queue_stats s;

	for (int i = 0; i < PART_COUNT_; i++) {
		if (!c->queues[i].queue)
			continue;
		og_queue_stats(c->queues[i].queue, &s);
		if (s.working)
			return false;
	}
	return true;
}

static void drain(void *ctx)
{
	struct controller *c = ctx;

	if (!idle(c) && og_loop_now_ns(c->loop) < c->drain_until_ns &&
		og_timer_in(c->loop, &c->drain_timer, DRAIN_STEP_MS, drain, c) == 0)
		return;
	controller_parts_fini(c);
	c->drained(c);
}

void controller_parts_stop(struct controller *c, void (*then)(struct controller *c))
{
	c->drained = then;
	c->drain_until_ns = og_loop_now_ns(c->loop) + DRAIN_MS * OG_NS_PER_MS;
	drain(c);
}

/* Queues first: what a part gives up on must not be put to work again. In the reverse order: a
 * later part may look at what an earlier one keeps. */
void controller_parts_fini(struct controller *c)
{
	if (!c->loop)
		return;
	og_timer_cancel(c->loop, &c->resync_timer);
	og_timer_cancel(c->loop, &c->drain_timer);
	for (int i = PART_COUNT_ - 1; i >= 0; i--) {
		og_queue_free(og_take(c->queues[i].queue));
		if (c->queues[i].c && controller_parts[i].fini)
			controller_parts[i].fini(c);
		c->queues[i].c = NULL;
	}
}

int controller_enqueue_in(struct controller *c, enum controller_part_id part, struct og_sv key,
	int priority, int64_t in_ms)
{
	struct og_err err = OG_ERR_INIT;

	if (!controller_acts(c) || !c->queues[part].queue)
		return 0;
	int r = og_queue_add_in(c->queues[part].queue, key, priority, in_ms, &err);
	if (r < 0)
		og_log_limited(OG_SV("enqueue"), 60000, OG_LOG_ERROR, "controller", "enqueue",
			og_lf_str("part", controller_parts[part].name), og_lf_err(&err));
	return r;
}

int controller_enqueue(
	struct controller *c, enum controller_part_id part, struct og_sv key, int priority)
{
	return controller_enqueue_in(c, part, key, priority, 0);
}

void controller_done(struct controller *c, enum controller_part_id part, struct og_sv key,
	enum og_queue_result r, int64_t again_ms)
{
	static const char *const results[] = {[OG_QUEUE_OK] = "success",
		[OG_QUEUE_FAILED] = "error",
		[OG_QUEUE_TERMINAL] = "terminal"};

	if (!c->queues[part].queue)
		return;
	og_metric_add(c->m, OG_CM_RECONCILES, 1,
		OG_LABELS(controller_parts[part].name,
			r == OG_QUEUE_OK && again_ms >= 0 ? "requeue_after" : results[r]));
	og_queue_done(c->queues[part].queue, key, r, again_ms);
}

/* ---- the budget ---- */

bool controller_write_token(struct controller *c, enum controller_part_id part, int64_t *ret_ms)
{
	static const double reserved[PART_COUNT_] = {[PART_WORKLOADS] = CONTROLLER_WRITES_RESERVED};
	double rate = c->o->writes_per_s > 0 ? c->o->writes_per_s : CONTROLLER_WRITES_PER_S;
	double burst = rate * CONTROLLER_WRITES_BURST / CONTROLLER_WRITES_PER_S;
	int64_t now = og_loop_now_ns(c->loop);

	c->tokens += (double)(now - c->tokens_ns) / (double)OG_NS_PER_S * rate;
	c->tokens_ns = now;
	if (c->tokens > burst)
		c->tokens = burst;
	double missing = 1 + reserved[part] - c->tokens;
	if (missing > 0) {
		*ret_ms = (int64_t)(missing / rate * 1000) + 1;
		og_metric_add(c->m, OG_CM_WRITES_HELD, 1, OG_LABELS(controller_parts[part].name));
		return false;
	}
	c->tokens -= 1;
	return true;
}

void controller_wrote(
	struct controller *c, enum controller_part_id part, const struct og_kube_answer *a)
{
	const char *result = !a		      ? "not-sent"
			     : a->code == 0   ? "done"
			     : a->http == 409 ? "conflict"
			     : a->http == 403 ? "forbidden"
			     : a->http == 404 ? "gone"
			     : a->http == 0   ? "no-answer"
					      : "refused";

	og_metric_add(c->m, OG_CM_WRITES, 1, OG_LABELS(controller_parts[part].name, result));
}

/* ---- Events ---- */

void controller_event(struct controller *c, const struct workload *w, bool warning,
	const char *reason, const char *action, const char *fmt, ...)
{
	struct og_buf note = OG_BUF_INIT(NOTE_BYTES);
	va_list ap;

	if (!controller_acts(c))
		return;
	va_start(ap, fmt);
	og_buf_vfmt(&note, fmt, ap);
	va_end(ap);
	struct og_event ev = {.warning = warning,
		.api_version = w->api_version,
		.kind = w->kind,
		.ns = w->ns,
		.name = w->name,
		.uid = w->uid,
		.reason = reason,
		.action = action,
		.note = og_buf_view(&note)};
	og_events_emit(c->events, &ev);
	og_buf_fini(&note);
}
