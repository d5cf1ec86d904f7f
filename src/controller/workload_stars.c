/* SPDX-License-Identifier: Apache-2.0 */
/* The stars of a workload: what its pass has seen of it, and what was judged of its arrival. */
#include "workloads-priv.h"

/* A verdict again, as far as stars are counted by it. */
static struct og_arrival_verdict verdict_of(const struct pass *p, enum og_signal signal)
{
	const struct arrival *a = &p->entry->arrival;
	const struct arrival_signal *s = p->verified && a->said ? &a->said->signal[signal] : NULL;
	enum og_signal_mode mode = p->signals[signal];

	if (!s)
		return (struct og_arrival_verdict){.signal = signal,
			.state = mode == OG_MODE_OFF ? OG_AR_OFF : OG_AR_UNKNOWN,
			.reason = mode == OG_MODE_OFF ? "NotAsked" : "NotVerified",
			.expected = mode == OG_MODE_EXPECTED};
	return (struct og_arrival_verdict){.signal = signal,
		.state = s->state,
		.reason = s->reason,
		.expected = s->expected,
		.tie = s->tie,
		.route = s->route,
		.kept = s->kept,
		.covers_known = s->covers_known,
		.covered = s->covered,
		.of = s->of,
		.old_sending = s->old_sending,
		.shared = s->shared};
}

void pass_stars(struct pass *p, enum og_rollout_state rollout)
{
	static const enum og_fact of[] = {[OG_COND_ABSENT] = OG_FACT_UNKNOWN,
		[OG_COND_UNKNOWN] = OG_FACT_UNKNOWN,
		[OG_COND_FALSE] = OG_FACT_NO,
		[OG_COND_TRUE] = OG_FACT_YES};
	const struct arrival_said *said = p->entry->arrival.said;
	struct og_arrival_verdict v[OG_SIGNAL_COUNT_];
	struct og_stars_facts *f = &p->stars;
	struct og_stars stars;

	og_stars_facts_of_rollout(p->has_facts ? &p->facts : NULL, rollout, f);
	f->egress_allowed = of[p->status.said[OG_TC_EGRESS_ALLOWED].status];
	if (p->verified && said)
		og_stars_facts_add(f, &said->stars);
	for (int i = 0; i < OG_SIGNAL_COUNT_; i++)
		v[i] = verdict_of(p, (enum og_signal)i);
	og_stars_count(v, f, &stars);
	og_stars_brief_of(&stars, &p->status.stars);
}
