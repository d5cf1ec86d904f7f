/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Scans for missed admissions: all pods in slices, so that the loop turns on; then one whole pod of
 * each workload whose metadata alone does not tell; then the result, in one piece.
 */
#include <stdio.h>
#include "controller-priv.h"
#include "otelgate/base/parse.h"

enum {
	SCAN_MS = 5000,
	FIRST_MS = 1000, /* a rollout makes many changes; the first second of it is enough */
	SLICE = 2000,	 /* pods in one turn: about 10 ms */
	KEY_BYTES = 1024,
	PUBLISHED_BYTES = 32 << 20,
	SAID_MAX = 100000,
};

static void step(void *ctx);

int controller_scan_init(struct controller *c, struct og_err *err)
{
	(void)err;
	c->round = 1; /* a value of 0 in the map is never the round before */
	og_arena_init(&c->scan_arena, 0, 0);
	og_map_init(&c->verdicts, 0x7665726469637473ULL, NULL);
	og_map_init(&c->said, 0x73616964ULL, NULL);
	c->published = (struct og_buf)OG_BUF_INIT(PUBLISHED_BYTES);
	return 0;
}

void controller_scan_fini(struct controller *c)
{
	if (c->loop)
		og_timer_cancel(c->loop, &c->scan_timer);
	og_map_fini(&c->verdicts);
	og_map_fini(&c->said);
	og_arena_fini(&c->scan_arena);
	og_buf_fini(&c->published);
}

void controller_scan_soon(struct controller *c)
{
	int64_t least = (c->o->scan_ms ? c->o->scan_ms : SCAN_MS) * OG_NS_PER_MS;
	int64_t now = og_loop_now_ns(c->loop), first = now + FIRST_MS * OG_NS_PER_MS;
	int64_t at = c->scan_ended_ns ? c->scan_ended_ns + least : now;

	c->dirty = true;
	if (c->scanning || og_timer_is_set(&c->scan_timer) || !c->cluster ||
		!og_cluster_synced(c->cluster))
		return;
	if (first > now + least)
		first = now + least;
	(void)og_timer_at(c->loop, &c->scan_timer, at > first ? at : first, step, c);
}

/* ---- the result ---- */

static void publish(struct controller *c)
{
	struct og_missed_report *r = &c->report;
	char now[OG_RFC3339_BYTES];
	struct og_buf b = OG_BUF_INIT(PUBLISHED_BYTES);

	og_fmt_rfc3339(now, og_clock_wall_ns(og_loop_clock(c->loop)));
	og_buf_fmt(&b, "{\"time\":\"%s\",\"pods\":%u,\"workloads\":[", now, r->pods);
	for (uint32_t i = 0; i < r->n; i++) {
		og_buf_str(&b, i ? ",\n" : "\n");
		og_missed_row_json(r->rows[i], &b);
	}
	og_buf_lit(&b, "]}\n");
	if (b.failed) { /* the former one is better than half of this */
		og_buf_fini(&b);
		return;
	}
	pthread_mutex_lock(&c->published_lock);
	struct og_buf old = c->published;
	c->published = b;
	pthread_mutex_unlock(&c->published_lock);
	og_buf_fini(&old);
}

static void count(struct controller *c)
{
	uint32_t workloads[OG_MISSED_COUNT_] = {0};

	for (uint32_t i = 0; i < c->report.n; i++)
		workloads[c->report.rows[i]->what]++;
	for (int i = OG_MISSED_NOT + 1; i < OG_MISSED_COUNT_; i++) {
		const char *name = og_missed_name((enum og_missed)i);
		og_metric_set(c->m, OG_CM_MISSED_PODS, c->report.by_reason[i], OG_LABELS(name));
		og_metric_set(c->m, OG_CM_MISSED_WORKLOADS, workloads[i], OG_LABELS(name));
	}
	og_metric_add(c->m, OG_CM_SCANS, 1, NULL);
	og_metric_set(c->m, OG_CM_SCAN_SECONDS,
		(double)(og_loop_now_ns(c->loop) - c->scan_begun_ns) / (double)OG_NS_PER_S, NULL);
	og_metric_set(c->m, OG_CM_LAST_SCAN,
		(double)og_clock_wall_ns(og_loop_clock(c->loop)) / (double)OG_NS_PER_S, NULL);
}

/* True the first time that a workload is missed for this reason, and again after it was not. */
static bool is_new(struct controller *c, const struct og_missed_row *row, struct og_buf *key)
{
	og_buf_reset(key);
	og_buf_fmt(key, "%.*s\n", OG_SV_ARG(row->ns));
	og_missed_row_object(row, key);
	og_buf_fmt(key, "\n%s", og_missed_name(row->what));
	struct og_map_entry *e = og_map_put(&c->said, og_buf_view(key), NULL);
	if (!e)
		return false;
	bool was = (uintptr_t)e->value + 1 == (uintptr_t)c->round;
	e->value = (void *)(uintptr_t)c->round;
	return !was;
}

static void forget_said(struct controller *c)
{
	og_map_for (&c->said, e)
		if ((uintptr_t)e->value != (uintptr_t)c->round)
			(void)og_map_remove(&c->said, e->key);
}

static void emit(struct controller *c, const struct og_missed_row *row)
{
	char api[300];
	struct og_buf note = OG_BUF_INIT(1024);
	const struct og_cluster_kind *k = og_cluster_kind(row->group, row->kind);

	og_buf_fmt(&note, "%u pod%s without the injection that was asked for: %s", row->pods,
		row->pods == 1 ? " runs" : "s run", og_missed_text(row->what));
	if (row->detail.n)
		og_buf_fmt(&note, " (%.*s)", OG_SV_ARG(row->detail));
	og_buf_lit(&note, "; ");
	og_missed_row_fix(row, &note);
	(void)snprintf(api, sizeof(api), "%.*s%s%s", OG_SV_ARG(row->group), row->group.n ? "/" : "",
		k ? k->version : "v1");
	struct og_event ev = {.warning = true,
		.api_version = og_svz(api),
		.kind = row->kind,
		.ns = row->ns,
		.name = row->name,
		.uid = row->uid,
		.reason = "InjectionMissed",
		.action = "Injecting",
		.note = og_buf_view(&note)};
	og_events_emit(c->events, &ev);
	og_buf_fini(&note);
}

static void tell(struct controller *c)
{
	struct og_buf key = OG_BUF_INIT(4096), object = OG_BUF_INIT(1024);

	c->round++;
	for (uint32_t i = 0; i < c->report.n; i++) {
		const struct og_missed_row *row = c->report.rows[i];
		if (!is_new(c, row, &key))
			continue;
		og_buf_reset(&object);
		og_missed_row_object(row, &object);
		og_log(OG_LOG_WARN, "controller", "missed", og_lf_sv("namespace", row->ns),
			og_lf_sv("workload", og_buf_view(&object)),
			og_lf_str("reason", og_missed_name(row->what)),
			og_lf_uint("pods", row->pods), og_lf_sv("detail", row->detail));
		if (c->leads)
			emit(c, row);
		else /* whoever leads next has to say it */
			(void)og_map_remove(&c->said, og_buf_view(&key));
	}
	forget_said(c);
	og_buf_fini(&key);
	og_buf_fini(&object);
}

static void finish(struct controller *c)
{
	og_missed_report_sort(&c->report);
	publish(c);
	count(c);
	tell(c);
	og_arena_reset(&c->scan_arena);
	c->report = (struct og_missed_report){0};
	c->scanning = false;
	c->scan_ended_ns = og_loop_now_ns(c->loop);
	if (c->dirty)
		controller_scan_soon(c);
}

/* ---- one whole pod for what metadata does not tell ---- */

static void judge_next(struct controller *c);

/* Values of the map of verdicts. */
enum { SAID_STANDS = 1, SAID_NOT, SAID_NO_TARGET, SAID_WINDOWS };

static bool verdict_key(struct controller *c, const struct og_missed_row *row, struct og_buf *key)
{
	struct og_cluster_config *config = og_cluster_config(c->cluster);

	og_buf_fmt(key, "%.*s/%.*s %llu", OG_SV_ARG(row->ns), OG_SV_ARG(row->examples[0]),
		config ? (unsigned long long)config->generation : 0ULL);
	og_cluster_config_unref(config);
	return !key->failed;
}

static void apply_verdict(struct controller *c, uintptr_t said)
{
	struct og_missed_result r = {.what = OG_MISSED_EXCLUDED};

	if (said == SAID_NOT) {
		og_missed_report_drop(&c->report, c->judging);
		return;
	}
	if (said == SAID_NO_TARGET || said == SAID_WINDOWS) {
		r.reason = said == SAID_WINDOWS ? OG_REASON_WINDOWS : OG_REASON_NO_TARGET;
		r.detail = said == SAID_WINDOWS ? OG_SV("it is for Windows nodes")
						: OG_SV("every container of it is skipped");
		og_missed_report_set(&c->report, c->judging, &r);
	}
	c->judging++;
}

static uintptr_t judge_pod(struct controller *c, const struct og_kube_answer *a)
{
	struct og_cluster_missed m;

	/* Gone, or not to be had: the next scan does not find it, or asks again. */
	if (a->code < 0 || !a->doc ||
		og_cluster_missed_pod(c->cluster, og_jroot(a->doc), a->arena, &m, NULL) < 0)
		return a->http == 404 ? SAID_NOT : SAID_STANDS;
	if (m.verdict.what == OG_MISSED_NOT)
		return SAID_NOT;
	if (m.verdict.reason == OG_REASON_NO_TARGET)
		return SAID_NO_TARGET;
	return m.verdict.reason == OG_REASON_WINDOWS ? SAID_WINDOWS : SAID_STANDS;
}

static void on_pod(void *ctx, const struct og_kube_answer *a)
{
	struct controller *c = ctx;
	struct og_buf key = OG_BUF_INIT(KEY_BYTES);
	uintptr_t said = judge_pod(c, a);

	if (og_map_count(&c->verdicts) >= CONTROLLER_VERDICTS_MAX)
		og_map_clear(&c->verdicts);
	if (a->code == 0 && verdict_key(c, c->report.rows[c->judging], &key))
		(void)og_map_set(&c->verdicts, og_buf_view(&key), (void *)said);
	og_buf_fini(&key);
	apply_verdict(c, said);
	judge_next(c);
}

static bool needs_pod(const struct og_missed_row *row)
{
	return (row->what == OG_MISSED_WEBHOOK_AWAY || row->what == OG_MISSED_BEFORE_OPT_IN ||
		       row->what == OG_MISSED_BEFORE_PROFILE ||
		       row->what == OG_MISSED_BEFORE_WEBHOOK) &&
	       row->nexamples;
}

static void judge_next(struct controller *c)
{
	while (c->judging < c->report.n) {
		const struct og_missed_row *row = c->report.rows[c->judging];
		struct og_buf key = OG_BUF_INIT(KEY_BYTES);
		struct og_kube_request r = {.verb = OG_KUBE_GET,
			.res = {.version = OG_SV("v1"),
				.resource = OG_SV("pods"),
				.ns = row->ns,
				.name = row->examples[0]},
			.lane = OG_KUBE_BULK,
			.ctx = c,
			.on_done = on_pod};
		uintptr_t said = 0;

		if (needs_pod(row) && verdict_key(c, row, &key))
			said = (uintptr_t)og_map_get(&c->verdicts, og_buf_view(&key));
		og_buf_fini(&key);
		if (said) {
			apply_verdict(c, said);
			continue;
		}
		if (needs_pod(row) && og_kube_start(c->kube, &r, NULL, NULL) == 0)
			return;
		c->judging++;
	}
	finish(c);
}

/* ---- all pods ---- */

static int on_row(void *ctx, const struct og_cluster_missed *m)
{
	return og_missed_report_add(ctx, m, NULL);
}

static void step(void *ctx)
{
	struct controller *c = ctx;
	struct og_err err = OG_ERR_INIT;

	if (!c->scanning) {
		c->scanning = true;
		c->dirty = false;
		c->scan_at = 0;
		c->judging = 0;
		c->scan_begun_ns = og_loop_now_ns(c->loop);
		og_missed_report_init(&c->report, &c->scan_arena);
	}
	if (og_cluster_missed(c->cluster, NULL, &c->scan_at, SLICE, on_row, &c->report, &err) < 0) {
		og_log_limited(
			OG_SV(""), 60000, OG_LOG_ERROR, "controller", "scan", og_lf_err(&err));
		og_arena_reset(&c->scan_arena);
		c->report = (struct og_missed_report){0};
		c->scanning = false;
		c->scan_ended_ns = og_loop_now_ns(c->loop);
		controller_scan_soon(c);
		return;
	}
	if (c->scan_at)
		(void)og_timer_in(c->loop, &c->scan_timer, 0, step, c);
	else
		judge_next(c);
}
