/* SPDX-License-Identifier: Apache-2.0 */
/* Events for what has turned, and the numbers. */
#include "verify-priv.h"
#include "workloads-priv.h"

enum { LIST_BYTES = 256, NOTE_BYTES = 900 };

static bool flows(enum og_arrival_state s)
{
	return s == OG_AR_FLOWING || s == OG_AR_VIA_STDOUT;
}

enum turn { ARRIVED, STALE, MISSING, REGRESSED, TURNS };

static const struct {
	bool warning;
	const char *reason, *text;
} turns[TURNS] = {
	[ARRIVED] = {false, "TelemetryArrived", "arrives"},
	[STALE] = {true, "TelemetryStale", "comes no more"},
	[MISSING] = {true, "TelemetryMissing", "does not arrive"},
	[REGRESSED] = {true, "TelemetryRegressed",
		"arrived with the former revision and does not with this one"},
};

/* TURNS = nothing that is worth a word. What is not asked for is not missed. */
static enum turn turn_of(const struct og_arrival_recall *before, const struct og_arrival_verdict *v)
{
	enum og_arrival_state was = before->state;

	if (v->kept)
		return TURNS;
	if (v->regressed && !before->regressed && v->expected)
		return REGRESSED;
	if (v->state == was || v->regressed)
		return TURNS;
	if (flows(v->state))
		return was == OG_AR_WAITING || was == OG_AR_NEVER || was == OG_AR_STALE ? ARRIVED
											: TURNS;
	if (!v->expected)
		return TURNS;
	return v->state == OG_AR_STALE ? STALE : v->state == OG_AR_NEVER ? MISSING : TURNS;
}

static void say(struct verify_part *p, const struct workload *w, enum turn t, unsigned signals,
	const struct og_arrival_result *r)
{
	og_auto_buf struct og_buf list = OG_BUF_INIT(LIST_BYTES), why = OG_BUF_INIT(NOTE_BYTES);
	bool first = true;

	for (int s = 0; s < OG_SIGNAL_COUNT_; s++) {
		if (!(signals & 1u << s))
			continue;
		og_buf_fmt(&list, "%s%s", first ? "" : ", ", og_signal_name((enum og_signal)s));
		if (first && turns[t].warning)
			og_buf_fmt(&why, ": %.*s", OG_SV_ARG(r->signal[s].message));
		first = false;
	}
	controller_event(p->c, w, turns[t].warning, turns[t].reason, "Verifying", "%.*s %s%.*s",
		OG_SV_ARG(og_buf_view(&list)), turns[t].text, OG_SV_ARG(og_buf_view(&why)));
}

void verify_say(struct verify_part *p, const struct workload *w,
	const struct og_arrival_workload *f, const struct og_arrival_memory *before,
	const struct og_arrival_result *now)
{
	unsigned signals[TURNS] = {0};
	int64_t now_s = og_clock_wall_ns(og_loop_clock(p->c->loop)) / OG_NS_PER_S;

	for (int s = 0; s < OG_SIGNAL_COUNT_; s++) {
		enum turn t = turn_of(&before->signal[s], &now->signal[s]);
		const char *name = og_signal_name((enum og_signal)s);
		if (t == TURNS)
			continue;
		signals[t] |= 1u << s;
		if (t == REGRESSED)
			og_metric_add(p->c->m, OG_CM_REGRESSIONS, 1, OG_LABELS(name));
		if (t == ARRIVED && before->signal[s].state == OG_AR_WAITING && f->rolled_out_s &&
			now_s >= f->rolled_out_s)
			og_metric_observe(p->c->m, OG_CM_ARRIVAL_SECONDS,
				(double)(now_s - f->rolled_out_s), OG_LABELS(name));
	}
	for (int t = 0; t < TURNS; t++)
		if (signals[t])
			say(p, w, (enum turn)t, signals[t], now);
}

void verify_count(struct verify_part *p)
{
	uint32_t n[OG_SIGNAL_COUNT_][OG_AR_STATE_COUNT_] = {{0}};

	og_map_for (&p->c->workloads->map, e) {
		const struct workload_entry *w = e->value;
		for (int s = 0; w->arrival.facts && w->arrival.said && s < OG_SIGNAL_COUNT_; s++)
			n[s][w->arrival.said->signal[s].state]++;
	}
	for (int s = 0; s < OG_SIGNAL_COUNT_; s++)
		for (int k = 0; k < OG_AR_STATE_COUNT_; k++)
			og_metric_set(p->c->m, OG_CM_SIGNALS, n[s][k],
				OG_LABELS(og_signal_name((enum og_signal)s),
					og_arrival_state_name((enum og_arrival_state)k)));
}
