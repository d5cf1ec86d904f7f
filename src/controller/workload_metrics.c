/* SPDX-License-Identifier: Apache-2.0 */
/* What all workloads come to: one walk over the table, when it has changed, and no more often than
 * that. No label names a workload or a namespace. */
#include "workloads-priv.h"

enum { COUNT_MS = 1000, REASONS_MAX = 128 };

struct sums {
	uint32_t pods[OG_POD_CLASS_COUNT_], held_back, blamed;
	uint32_t conds[OG_TC_COUNT_][OG_COND_TRUE + 1];
	uint32_t reasons[REASONS_MAX];
};

static const char *const words[] = {[OG_COND_ABSENT] = "Unknown",
	[OG_COND_UNKNOWN] = "Unknown",
	[OG_COND_FALSE] = "False",
	[OG_COND_TRUE] = "True"};

static void add(struct sums *s, const struct workload_entry *e)
{
	size_t n;
	const struct og_rollout_reason *reasons = og_rollout_reasons(&n);

	for (int i = 0; i < OG_POD_CLASS_COUNT_; i++)
		s->pods[i] += e->w->classes[i];
	s->held_back += e->w->held_back;
	s->blamed += e->w->blamed;
	for (int i = 0; i < OG_TC_COUNT_; i++)
		s->conds[i][e->said[i] == OG_COND_ABSENT ? OG_COND_UNKNOWN : e->said[i]]++;
	for (size_t i = 0; e->w->rollout.reason && i < n && i < REASONS_MAX; i++)
		s->reasons[i] += strcmp(reasons[i].name, e->w->rollout.reason) == 0;
}

static void publish(struct controller *c, const struct sums *s)
{
	size_t n;
	const struct og_rollout_reason *reasons = og_rollout_reasons(&n);

	og_metric_set(c->m, OG_CM_WORKLOADS, controller_workload_count(c), NULL);
	for (int i = 0; i < OG_POD_CLASS_COUNT_; i++)
		og_metric_set(c->m, OG_CM_PODS, s->pods[i],
			OG_LABELS(og_pod_class_name((enum og_pod_class)i)));
	og_metric_set(c->m, OG_CM_OUTDATED, s->held_back, NULL);
	og_metric_set(c->m, OG_CM_BLAMED, s->blamed, NULL);
	for (int i = 0; i < OG_TC_COUNT_; i++)
		for (int j = OG_COND_UNKNOWN; j <= OG_COND_TRUE; j++)
			og_metric_set(c->m, OG_CM_CONDITIONS, s->conds[i][j],
				OG_LABELS(og_telemetry_cond_name((enum og_telemetry_cond)i),
					words[j]));
	for (size_t i = 0; i < n && i < REASONS_MAX; i++)
		og_metric_set(c->m, OG_CM_ROLLOUTS, s->reasons[i],
			OG_LABELS(og_rollout_state_name(reasons[i].state), reasons[i].name));
}

static void on_count(void *ctx)
{
	struct controller *c = ctx;
	struct sums s = {0};

	og_map_for (&c->workloads->map, e) {
		const struct workload_entry *entry = e->value;
		if (entry->w)
			add(&s, entry);
	}
	publish(c, &s);
}

void workloads_count_soon(struct controller *c)
{
	struct og_timer *t = &c->workloads->count_timer;

	if (!og_timer_is_set(t))
		(void)og_timer_in(c->loop, t, COUNT_MS, on_count, c);
	workloads_series_soon(c);
}
