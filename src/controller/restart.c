/* SPDX-License-Identifier: Apache-2.0 */
/* Restarts: one plan for all workloads, whose steps are done one after the other. */
#include "restarts-priv.h"

#include "otelgate/base/clock.h"

enum {
	SETTLE_MS = 300, /* a change is seldom alone: pods, statuses and our own writes follow */
	ARENA_BYTES = 256 << 20,
};

const struct og_metric_def og_restart_metrics[OG_RSM_COUNT_] = {
	[OG_RSM_RESTARTS] = {"otelgate_restarts_total",
		"Managed restarts: requested (the template was changed), complete, stuck, stood-down, conflict, forbidden, failed.",
		OG_METRIC_COUNTER, NULL, {"result"}, NULL, 0, 0},
	[OG_RSM_WORKLOADS] = {"otelgate_restart_workloads",
		"Workloads by what the last plan says of their restart.", OG_METRIC_GAUGE, NULL,
		{"state"}, NULL, 0, 0},
	[OG_RSM_WAITING] = {"otelgate_restarts_waiting",
		"Workloads whose restart waits, by what for.", OG_METRIC_GAUGE, NULL, {"reason"},
		NULL, 0, 0},
	[OG_RSM_HALTED] = {"otelgate_restarts_halted",
		"Workloads that are not restarted because one before them is stuck or crashes.",
		OG_METRIC_GAUGE, NULL, {NULL}, NULL, 0, 0},
};

/* Without its status object a workload is not restarted, and our own writes come back here. */
static void on_telemetry(void *ctx, enum og_store_change what, const struct og_record *old,
	const struct og_record *now, bool stale)
{
	(void)what, (void)old, (void)now, (void)stale;
	(void)controller_enqueue_in(ctx, PART_RESTART, RESTART_KEY, OG_QUEUE_USER, SETTLE_MS);
}

int restarts_init(struct controller *c, struct og_err *err)
{
	struct restarts *rs = c->restarts = og_calloc(1, sizeof(*rs));

	if (!rs)
		return og_err_set(err, OG_E_OOM, "starting the restarts");
	og_map_init(&rs->entries, 0x72657374617274ULL, NULL);
	og_map_init(&rs->forbidden, 0x72657374617274ULL, NULL);
	og_arena_init(&rs->arena, 0, ARENA_BYTES);
	rs->m = og_metrics_add(c->metrics, og_restart_metrics, OG_RSM_COUNT_, err);
	if (!rs->m)
		return -(int)OG_E_OOM;
	int r = og_ownwrites_new(og_loop_clock(c->loop), 0, 0, &rs->own, err);
	struct og_store *s =
		og_cluster_store(c->cluster, OG_SV("otelgate.dev"), OG_SV(OG_TELEMETRY_KIND));
	return r == 0 && s ? og_store_listen(s, on_telemetry, c, err) : r;
}

void restarts_fini(struct controller *c)
{
	struct restarts *rs = og_take(c->restarts);

	if (!rs)
		return;
	og_kube_cancel(rs->call);
	og_map_for (&rs->entries, e)
		og_free(e->value);
	og_map_fini(&rs->entries);
	og_map_fini(&rs->forbidden);
	og_ownwrites_free(rs->own);
	og_arena_fini(&rs->arena);
	og_free(rs);
}

void restarts_resync(struct controller *c)
{
	(void)controller_enqueue(c, PART_RESTART, RESTART_KEY, OG_QUEUE_USER);
}

void restarts_workload_changed(struct controller *c, const struct workload *now, bool gone)
{
	if (gone && c->restarts)
		og_free(og_map_remove(&c->restarts->entries, now->key));
	(void)controller_enqueue_in(c, PART_RESTART, RESTART_KEY, OG_QUEUE_USER, SETTLE_MS);
}

void restarts_stop(struct controller *c, enum og_queue_result r, int64_t again_ms)
{
	c->restarts->njobs = c->restarts->at = 0;
	controller_done(c, PART_RESTART, RESTART_KEY, r, again_ms);
}

/* The next job of the plan, as far as the budget of writes goes. */
static void go_on(struct controller *c)
{
	struct restarts *rs = c->restarts;
	int64_t wait_ms = 0;

	if (rs->at == rs->njobs)
		restarts_stop(c, OG_QUEUE_OK, rs->again_ms);
	else if (!controller_write_token(c, PART_RESTART, &wait_ms))
		restarts_stop(c, OG_QUEUE_OK, wait_ms);
	else
		restart_do(c, &rs->jobs[rs->at]);
}

void restarts_next(struct controller *c)
{
	c->restarts->at++;
	go_on(c);
}

void restarts_work(struct controller *c, struct og_sv key)
{
	struct og_err err = OG_ERR_INIT;

	(void)key;
	if (restarts_plan(c, &err) < 0) {
		og_log_limited(OG_SV("restarts"), 60000, OG_LOG_ERROR, "controller", "restarts",
			og_lf_err(&err));
		restarts_stop(c, OG_QUEUE_FAILED, -1);
		return;
	}
	go_on(c);
}

void controller_restart_state(struct controller *c, const struct workload *w,
	struct og_arena *arena, struct restart_state *ret)
{
	struct restart_entry *e = c->restarts ? og_map_get(&c->restarts->entries, w->key) : NULL;
	struct og_jlimits limits = {.max_bytes = 8192, .max_depth = 4};
	struct og_jdoc doc;

	*ret = (struct restart_state){.reason = e && e->planned ? e->planned : ""};
	if (!w->restart_json.n || og_jdoc_parse(&doc, arena, w->restart_json, &limits, NULL) < 0)
		return;
	struct og_restart_record r;
	og_restart_record_read(og_jroot(&doc), &r);
	ret->state = r.state;
	memcpy(ret->revision, r.revision, sizeof(ret->revision));
	ret->at_s = r.requested_s;
	ret->message =
		og_arena_sv(arena, og_jstr_or_empty(og_jgetl(og_jroot(&doc), "message"), arena));
}
