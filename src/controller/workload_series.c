/* SPDX-License-Identifier: Apache-2.0 */
/* What arrives of each workload, as series: the map of workloads and signals of a dashboard. Their
 * number is bounded; what is missing comes first, because it is what somebody looks for. */
#include "workloads-priv.h"

enum { SERIES_MS = 5000 };

static bool shown(const struct workload_entry *e)
{
	return e->w && e->arrival.facts && e->arrival.said;
}

/* Something that should come does not. */
static bool lacks(const struct workload_entry *e)
{
	static const bool missing[OG_AR_STATE_COUNT_] = {
		[OG_AR_UNKNOWN] = true, [OG_AR_NEVER] = true, [OG_AR_STALE] = true};

	for (int s = 0; s < OG_SIGNAL_COUNT_; s++)
		if (missing[e->arrival.said->signal[s].state])
			return true;
	return false;
}

static uint32_t add(struct og_metric_sample *v, const struct workload_entry *e)
{
	for (int s = 0; s < OG_SIGNAL_COUNT_; s++)
		v[s] = (struct og_metric_sample){
			{e->w->ns.p, e->w->kind.p, e->w->name.p, og_signal_name((enum og_signal)s),
				og_arrival_state_name(e->arrival.said->signal[s].state)},
			1};
	return OG_SIGNAL_COUNT_;
}

static void on_series(void *ctx)
{
	struct controller *c = ctx;
	struct og_map *map = &c->workloads->map;
	size_t most = og_map_count(map) * OG_SIGNAL_COUNT_, n = 0;
	og_auto_free struct og_metric_sample *v = og_calloc(most ? most : 1, sizeof(*v));

	for (int round = 0; v && round < 2; round++)
		og_map_for (map, e)
			if (shown(e->value) && lacks(e->value) == (round == 0))
				n += add(v + n, e->value);
	int taken = v ? og_metric_replace(c->m, OG_CM_SIGNAL, v, n) : -OG_E_OOM;
	if (taken < 0)
		return; /* the next change tries again */
	og_metric_set(
		c->m, OG_CM_SIGNAL_LEFT_OUT, (double)(n - (size_t)taken) / OG_SIGNAL_COUNT_, NULL);
}

void workloads_series_soon(struct controller *c)
{
	struct og_timer *t = &c->workloads->series_timer;

	if (!og_timer_is_set(t))
		(void)og_timer_in(c->loop, t, SERIES_MS, on_series, c);
}
