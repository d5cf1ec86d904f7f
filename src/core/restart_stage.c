/* SPDX-License-Identifier: Apache-2.0 */
/* Where one workload stands on its own: what became of its last restart, and whether it needs one.
 */
#include "restart-priv.h"

/* Clocks of two leaders differ by less; what is later than that was set by hand. */
enum { SKEW_S = 300 };

int64_t restart_since(int64_t then_s, int64_t now_s)
{
	if (then_s > now_s + SKEW_S)
		return INT64_MAX;
	return then_s > now_s ? 0 : now_s - then_s;
}

bool restart_made(const struct og_restart_workload *w)
{
	const struct og_restart_record *r = &w->record;

	return r->state >= OG_RSTATE_RESTARTED ||
	       (r->state == OG_RSTATE_REQUESTED && w->template_restarted_s >= r->requested_s);
}

bool restart_broken(const struct og_restart_workload *w)
{
	return (w->crashes && !w->current) || (w->rollout == OG_ROLLOUT_STUCK && restart_made(w));
}

static bool crashing(const struct og_restart_workload *w)
{
	return w->crashes && w->current;
}

static bool settled(const struct og_restart_workload *w)
{
	return w->rollout == OG_ROLLOUT_COMPLETE && !w->crashes && !w->old;
}

static enum restart_stage say(
	struct og_restart_result *r, enum og_restart_do what, enum restart_stage stage)
{
	r->what = what;
	return stage;
}

static enum restart_stage wait_for(
	struct og_restart_result *r, enum og_restart_wait wait, enum restart_stage stage)
{
	r->what = OG_RESTART_WAIT;
	r->wait = wait;
	return stage;
}

/* Told once for each revision; what was told is remembered in place of an older restart. */
static enum restart_stage tell(
	const struct og_restart_workload *w, struct og_restart_result *r, enum og_restart_tell why)
{
	bool same = og_sv_eq(og_svz(w->record.revision), w->revision);

	r->what = OG_RESTART_TELL;
	r->tell = why;
	r->first_time = !same || w->record.state == OG_RSTATE_NONE;
	if (r->first_time && w->revision.n < OG_RESTART_ID_BYTES) {
		r->next.state = OG_RSTATE_SUGGESTED;
		memcpy(r->next.revision, w->revision.p, w->revision.n);
		r->next.revision[w->revision.n] = '\0';
		r->next.completed_s = 0; /* requested_s: when it was restarted last */
		r->next.wave[0] = '\0';
	}
	return STAGE_REST;
}

/* What keeps a workload from being restarted, beside its turn. False: nothing. */
static bool kept(const struct og_restart_workload *w, struct og_restart_result *r)
{
	if (w->paused)
		wait_for(r, OG_RWAIT_PAUSED, STAGE_REST);
	else if (w->rollout == OG_ROLLOUT_UNKNOWN || !w->wave || !w->wave[0])
		wait_for(r, OG_RWAIT_UNKNOWN, STAGE_REST);
	else if (w->rollout != OG_ROLLOUT_COMPLETE && !restart_broken(w))
		wait_for(r, OG_RWAIT_ROLLOUT, STAGE_REST);
	else
		return false;
	return true;
}

/* It has old pods, and no restart for this revision behind it. */
static enum restart_stage needs(const struct og_restart_workload *w, struct og_restart_result *r)
{
	if (w->mode == OG_RESTART_NEVER || !w->revision.n || !w->old ||
		w->revision.n >= OG_RESTART_ID_BYTES)
		return say(r, OG_RESTART_NOTHING, STAGE_REST);
	/* The next run of a CronJob needs nobody. */
	if (og_sv_is(w->kind, "CronJob"))
		return say(r, OG_RESTART_NOTHING, STAGE_REST);
	if (w->mode == OG_RESTART_MANAGED && crashing(w))
		return say(r, OG_RESTART_STAND_DOWN, STAGE_REST);
	/* People roll things out all day: what runs may mend it, and is not worth a word. */
	if (w->rollout == OG_ROLLOUT_PROGRESSING && !restart_broken(w))
		return w->mode == OG_RESTART_SUGGEST ? say(r, OG_RESTART_NOTHING, STAGE_REST)
						     : wait_for(r, OG_RWAIT_ROLLOUT, STAGE_REST);
	if (!og_restart_kind(w->group, w->kind))
		return tell(w, r, OG_RTELL_KIND);
	if (w->on_delete)
		return tell(w, r, OG_RTELL_ON_DELETE);
	if (w->partition)
		return tell(w, r, OG_RTELL_PARTITION);
	if (w->mode == OG_RESTART_SUGGEST)
		return tell(w, r, OG_RTELL_MODE);
	if (w->forbidden)
		return tell(w, r, OG_RTELL_FORBIDDEN);
	return kept(w, r) ? STAGE_REST : STAGE_CANDIDATE;
}

static enum restart_stage requested(
	const struct og_restart_workload *w, int64_t now_s, struct og_restart_result *r)
{
	if (settled(w)) { /* somebody else has renewed them all */
		r->next.state = OG_RSTATE_COMPLETE;
		r->next.completed_s = now_s;
		return say(r, OG_RESTART_DONE, STAGE_REST);
	}
	if (w->mode == OG_RESTART_NEVER)
		return say(r, OG_RESTART_NOTHING, STAGE_REST);
	if (w->mode == OG_RESTART_SUGGEST)
		return tell(w, r, OG_RTELL_MODE);
	if (w->forbidden)
		return tell(w, r, OG_RTELL_FORBIDDEN);
	if (crashing(w))
		return say(r, OG_RESTART_STAND_DOWN, STAGE_REST);
	r->holds = true;
	return kept(w, r) ? STAGE_REST : STAGE_CONTINUE;
}

/* Pods that were made after the restart, and still without what they should carry. */
static bool missed(const struct og_restart_workload *w)
{
	return w->rollout == OG_ROLLOUT_COMPLETE && w->old &&
	       w->newest_old_s > w->record.requested_s;
}

static enum restart_stage restarted(
	const struct og_restart_workload *w, int64_t now_s, struct og_restart_result *r)
{
	r->holds = true;
	r->next.state = OG_RSTATE_RESTARTED;
	r->next.completed_s = 0;
	if (crashing(w)) {
		r->next.state = OG_RSTATE_STOOD_DOWN;
		r->holds = false;
		return say(r, OG_RESTART_STAND_DOWN, STAGE_CRASH);
	}
	if (settled(w)) {
		r->next.state = OG_RSTATE_COMPLETE;
		r->next.completed_s = now_s;
		r->holds = false;
		return say(r, OG_RESTART_DONE, STAGE_REST);
	}
	r->missed = missed(w);
	if (w->rollout == OG_ROLLOUT_STUCK || r->missed)
		return say(r, OG_RESTART_HALTED, STAGE_STUCK);
	return wait_for(r, OG_RWAIT_OWN, STAGE_UNDERWAY);
}

static enum restart_stage complete(const struct og_restart_workload *w,
	const struct og_restart_rules *rules, int64_t now_s, struct og_restart_result *r)
{
	if (crashing(w) ||
		(!settled(w) && restart_since(w->record.completed_s, now_s) < rules->grace_s))
		return restarted(w, now_s, r);
	if (w->old && w->rollout == OG_ROLLOUT_COMPLETE && w->mode != OG_RESTART_NEVER)
		return tell(w, r, OG_RTELL_TWICE);
	return say(r, OG_RESTART_DONE, STAGE_REST);
}

enum restart_stage restart_stage_of(const struct og_restart_workload *w,
	const struct og_restart_rules *rules, int64_t now_s, struct og_restart_result *r)
{
	const struct og_restart_record *rec = &w->record;
	bool same = w->revision.n && og_sv_eq(og_svz(rec->revision), w->revision);

	*r = (struct og_restart_result){.next = *rec, .blocker = OG_RESTART_NOBODY};
	if (rec->state <= OG_RSTATE_SUGGESTED || !same) {
		/* A restart for an earlier revision that has not come to its end. */
		r->holds = restart_made(w) && rec->state <= OG_RSTATE_RESTARTED &&
			   w->rollout != OG_ROLLOUT_COMPLETE;
		return needs(w, r);
	}
	if (rec->state == OG_RSTATE_REQUESTED && !restart_made(w))
		return requested(w, now_s, r);
	if (rec->state == OG_RSTATE_COMPLETE)
		return complete(w, rules, now_s, r);
	if (rec->state == OG_RSTATE_STOOD_DOWN && !settled(w))
		return say(r, OG_RESTART_STAND_DOWN, STAGE_CRASH);
	return restarted(w, now_s, r);
}
