/* SPDX-License-Identifier: Apache-2.0 */
/* What was judged, in the few words that conditions, reports and the command line share. */
#include "otelgate/core/rollout.h"

const struct og_rollout_verdict *og_rollout_outcome(const struct og_rollout_result *r)
{
	const struct og_rollout_verdict *m = &r->revision;

	if (r->rollout.state == OG_ROLLOUT_COMPLETE && m->reason &&
		m->state != OG_ROLLOUT_COMPLETE && m->state != OG_ROLLOUT_UNKNOWN)
		return m;
	return &r->rollout;
}

bool og_rollout_rests(const struct og_rollout_result *r, const struct og_rollout_facts *f)
{
	return f && f->kind == OG_RK_CRONJOB &&
	       og_rollout_outcome(r)->state == OG_ROLLOUT_WAITING &&
	       r->classes[OG_CLASS_STALE] + r->classes[OG_CLASS_BARE] == 0;
}

void og_rollout_injected(
	const struct og_rollout_result *r, struct og_arena *arena, struct og_injected *ret)
{
	const uint32_t *n = r->classes;
	uint32_t injected = n[OG_CLASS_CURRENT] + n[OG_CLASS_STALE];

	*ret = (struct og_injected){.all = n[OG_CLASS_BARE] == 0};
	if (n[OG_CLASS_BARE]) {
		ret->reason = "PodsMissed";
		ret->message = og_svz(og_arena_fmt(arena,
			"%u of %u pods run without the injection that was asked for.",
			n[OG_CLASS_BARE], r->total));
	} else if (injected) {
		ret->reason = "Injected";
		ret->message = og_svz(
			og_arena_fmt(arena, "All %u pods that should be injected are.", injected));
	} else if (n[OG_CLASS_SKIPPED]) {
		ret->reason = "PodsLeftAlone";
		ret->message = OG_SV("Its pods ask to be left alone.");
	} else {
		ret->reason = "NoPods";
		ret->message = OG_SV("No pod runs; the next one will be injected.");
	}
}
