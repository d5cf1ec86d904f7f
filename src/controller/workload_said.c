/* SPDX-License-Identifier: Apache-2.0 */
/* Events on the workload for what has turned: once for each turn, and not again after a restart of
 * the controller for what the status says already. */
#include "workloads-priv.h"

/* What is said when a condition turns. NULL = nothing. The scan speaks of missed pods. */
static const struct turn {
	enum og_telemetry_cond cond;
	enum og_cond_status to;
	bool warning;
	const char *reason, *action;
} turns[] = {
	{OG_TC_CREDENTIALS_READY, OG_COND_FALSE, true, "CredentialsNotReady", "Distributing"},
	{OG_TC_CREDENTIALS_READY, OG_COND_TRUE, false, "CredentialsReady", "Distributing"},
	{OG_TC_EGRESS_ALLOWED, OG_COND_FALSE, true, "EgressBlocked", "CheckingPolicies"},
	{OG_TC_EGRESS_ALLOWED, OG_COND_TRUE, false, "EgressAllowed", "CheckingPolicies"},
	{OG_TC_ROLLOUT_COMPLETE, OG_COND_TRUE, false, "TelemetryRolledOut", "Rolling"},
};

/* How it was before: as said by this process, else as written by the one before. */
static enum og_cond_status before(const struct pass *p, enum og_telemetry_cond c)
{
	if (p->entry->said_once)
		return p->entry->said[c];
	return p->has_seen && p->seen.has_status ? p->seen.conds[c].status : OG_COND_ABSENT;
}

static void say_turn(struct pass *p, const struct turn *t)
{
	const struct og_telemetry_said *now = &p->status.said[t->cond];
	enum og_cond_status was = before(p, t->cond);

	if (now->status != t->to || was == t->to)
		return;
	/* That all is well is worth a word only where it was not. */
	if (t->to == OG_COND_TRUE && was != OG_COND_FALSE)
		return;
	controller_event(
		p->c, &p->found, t->warning, t->reason, t->action, "%.*s", OG_SV_ARG(now->message));
}

static void say_stuck(struct pass *p)
{
	const struct og_rollout_verdict *v = &p->result.rollout;
	struct workload_entry *e = p->entry;
	bool known = e->said_once
			     ? e->said_rollout == OG_ROLLOUT_STUCK && e->said_reason == v->reason
			     : before(p, OG_TC_ROLLOUT_COMPLETE) == OG_COND_FALSE;

	if (v->state == OG_ROLLOUT_STUCK && !known)
		controller_event(p->c, &p->found, true, "RolloutStuck", "Rolling", "%s: %.*s%s%.*s",
			v->reason, OG_SV_ARG(v->message), v->fix.n ? " " : "", OG_SV_ARG(v->fix));
	e->said_rollout = v->state;
	e->said_reason = v->reason;
}

static void say_blame(struct pass *p)
{
	const struct og_rollout_blame *b = &p->result.blame;

	if (b->blamed && !p->entry->said_blame)
		controller_event(p->c, &p->found, true, "InjectionBlamed", "Judging", "%.*s%s%.*s",
			OG_SV_ARG(b->message), b->fix.n ? " " : "", OG_SV_ARG(b->fix));
	p->entry->said_blame = b->blamed;
}

void pass_say(struct pass *p)
{
	for (size_t i = 0; i < OG_COUNT(turns); i++)
		say_turn(p, &turns[i]);
	say_stuck(p);
	say_blame(p);
	for (int i = 0; i < OG_TC_COUNT_; i++)
		p->entry->said[i] = p->status.said[i].status;
	p->entry->said_once = true;
}
