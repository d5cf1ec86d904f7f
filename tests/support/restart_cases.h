/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* Workloads in every state that matters to restarts, for tests of core/restart.h. */
#include <string.h>
#include "otelgate/core/restart.h"

#define NOW  1000000LL
#define REV  "aaaaaaaaaaaaaaaa"
#define OLD  "bbbbbbbbbbbbbbbb"
#define WAVE "1111111111111111"

/* A healthy managed Deployment with one old pod of three. */
static inline struct og_restart_workload base(void)
{
	return (struct og_restart_workload){
		.ns = OG_SV("shop"),
		.group = OG_SV("apps"),
		.kind = OG_SV("Deployment"),
		.name = OG_SV("web"),
		.profile = OG_SV("p"),
		.wave = WAVE,
		.mode = OG_RESTART_MANAGED,
		.revision = OG_SV(REV),
		.pods = 3,
		.current = 2,
		.old = 1,
		.newest_old_s = NOW - 5000,
		.rollout = OG_ROLLOUT_COMPLETE,
	};
}

static inline struct og_restart_record record(
	enum og_rstate s, const char *rev, int64_t req, int64_t done)
{
	struct og_restart_record r = {.state = s, .requested_s = req, .completed_s = done};

	memcpy(r.revision, rev, strlen(rev) + 1);
	memcpy(r.wave, WAVE, sizeof(WAVE));
	return r;
}

static inline void never(struct og_restart_workload *w)
{
	w->mode = OG_RESTART_NEVER;
}
static inline void suggest(struct og_restart_workload *w)
{
	w->mode = OG_RESTART_SUGGEST;
}
static inline void none_old(struct og_restart_workload *w)
{
	w->old = 0;
	w->current = 3;
}
static inline void suggest_none_old(struct og_restart_workload *w)
{
	suggest(w);
	none_old(w);
}
static inline void not_injected(struct og_restart_workload *w)
{
	w->revision = OG_SV("");
}
static inline void long_revision(struct og_restart_workload *w)
{
	w->revision = OG_SV("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
}
static inline void job(struct og_restart_workload *w)
{
	w->group = OG_SV("batch");
	w->kind = OG_SV("Job");
}
static inline void cronjob(struct og_restart_workload *w)
{
	w->group = OG_SV("batch");
	w->kind = OG_SV("CronJob");
}
static inline void bare_pod(struct og_restart_workload *w)
{
	w->group = OG_SV("");
	w->kind = OG_SV("Pod");
}
static inline void foreign_kind(struct og_restart_workload *w)
{
	w->group = OG_SV("example.com");
}
static inline void statefulset(struct og_restart_workload *w)
{
	w->kind = OG_SV("StatefulSet");
}
static inline void daemonset(struct og_restart_workload *w)
{
	w->kind = OG_SV("DaemonSet");
}
static inline void argo(struct og_restart_workload *w)
{
	w->group = OG_SV("argoproj.io");
	w->kind = OG_SV("Rollout");
}
static inline void on_delete(struct og_restart_workload *w)
{
	daemonset(w);
	w->on_delete = true;
}
static inline void partition(struct og_restart_workload *w)
{
	statefulset(w);
	w->partition = true;
}
static inline void forbidden(struct og_restart_workload *w)
{
	w->forbidden = true;
}
static inline void paused(struct og_restart_workload *w)
{
	w->paused = true;
}
static inline void suggest_paused(struct og_restart_workload *w)
{
	suggest(w);
	w->paused = true;
}
static inline void rolling(struct og_restart_workload *w)
{
	w->rollout = OG_ROLLOUT_PROGRESSING;
}
static inline void suggest_rolling(struct og_restart_workload *w)
{
	suggest(w);
	rolling(w);
}
static inline void stuck_by_others(struct og_restart_workload *w)
{
	w->rollout = OG_ROLLOUT_STUCK;
}
static inline void waiting(struct og_restart_workload *w)
{
	w->rollout = OG_ROLLOUT_WAITING;
}
static inline void unknown(struct og_restart_workload *w)
{
	w->rollout = OG_ROLLOUT_UNKNOWN;
}
static inline void no_wave(struct og_restart_workload *w)
{
	w->wave = "";
}
static inline void null_wave(struct og_restart_workload *w)
{
	w->wave = NULL;
}
static inline void suggested(struct og_restart_workload *w)
{
	w->record = record(OG_RSTATE_SUGGESTED, REV, 0, 0);
}
static inline void suggest_suggested(struct og_restart_workload *w)
{
	suggest(w);
	suggested(w);
}
static inline void suggest_suggested_before(struct og_restart_workload *w)
{
	suggest(w);
	w->record = record(OG_RSTATE_SUGGESTED, OLD, 0, 0);
}
static inline void crash_not_ours(struct og_restart_workload *w)
{
	w->crashes = true;
	w->rollout = OG_ROLLOUT_STUCK;
}
static inline void crash_of_the_old(struct og_restart_workload *w)
{
	crash_not_ours(w);
	w->current = 0;
	w->old = 3;
}
static inline void requested(struct og_restart_workload *w)
{
	w->record = record(OG_RSTATE_REQUESTED, REV, NOW - 10, 0);
}
static inline void requested_never(struct og_restart_workload *w)
{
	requested(w);
	never(w);
}
static inline void requested_suggest(struct og_restart_workload *w)
{
	requested(w);
	suggest(w);
}
static inline void requested_forbidden(struct og_restart_workload *w)
{
	requested(w);
	w->forbidden = true;
}
static inline void requested_paused(struct og_restart_workload *w)
{
	requested(w);
	w->paused = true;
}
static inline void requested_rolling(struct og_restart_workload *w)
{
	requested(w);
	rolling(w);
}
static inline void requested_patched(struct og_restart_workload *w)
{
	requested(w);
	rolling(w);
	w->template_restarted_s = NOW - 10;
}
static inline void requested_person(struct og_restart_workload *w)
{
	requested(w);
	rolling(w);
	w->template_restarted_s = NOW - 3;
}
static inline void requested_earlier_patch(struct og_restart_workload *w)
{
	requested(w);
	w->template_restarted_s = NOW - 11;
}
static inline void requested_renewed(struct og_restart_workload *w)
{
	requested(w);
	none_old(w);
}
static inline void requested_for_another(struct og_restart_workload *w)
{
	w->record = record(OG_RSTATE_REQUESTED, OLD, NOW - 10, 0);
}
static inline void requested_crash(struct og_restart_workload *w)
{
	requested(w);
	crash_not_ours(w);
}
static inline void restarted(struct og_restart_workload *w)
{
	w->record = record(OG_RSTATE_RESTARTED, REV, NOW - 10, 0);
	w->template_restarted_s = NOW - 10;
	rolling(w);
}
static inline void restarted_lagging(struct og_restart_workload *w)
{
	restarted(w);
	w->rollout = OG_ROLLOUT_COMPLETE; /* old pods not seen going yet */
}
static inline void restarted_missed(struct og_restart_workload *w)
{
	restarted_lagging(w);
	w->newest_old_s = NOW - 5;
}
static inline void restarted_stuck(struct og_restart_workload *w)
{
	restarted(w);
	w->rollout = OG_ROLLOUT_STUCK;
}
static inline void restarted_crash(struct og_restart_workload *w)
{
	restarted_stuck(w);
	w->crashes = true;
}
static inline void restarted_old_crash(struct og_restart_workload *w)
{
	restarted(w);
	w->crashes = true;
	w->current = 0;
	w->old = 3;
}
static inline void restarted_done(struct og_restart_workload *w)
{
	restarted(w);
	none_old(w);
	w->rollout = OG_ROLLOUT_COMPLETE;
}
static inline void restarted_new_revision(struct og_restart_workload *w)
{
	restarted(w);
	w->record = record(OG_RSTATE_RESTARTED, OLD, NOW - 1000, 0);
	w->rollout = OG_ROLLOUT_COMPLETE;
}
static inline void restarted_new_revision_rolling(struct og_restart_workload *w)
{
	restarted_new_revision(w);
	rolling(w);
}
static inline void restarted_new_revision_stuck(struct og_restart_workload *w)
{
	restarted_new_revision(w);
	w->rollout = OG_ROLLOUT_STUCK;
}
static inline void complete(struct og_restart_workload *w)
{
	w->record = record(OG_RSTATE_COMPLETE, REV, NOW - 500, NOW - 400);
	none_old(w);
}
static inline void complete_old_again(struct og_restart_workload *w)
{
	complete(w);
	w->old = 1;
	w->current = 2;
}
static inline void complete_never_old_again(struct og_restart_workload *w)
{
	complete_old_again(w);
	never(w);
}
static inline void complete_grace_stuck(struct og_restart_workload *w)
{
	w->record = record(OG_RSTATE_COMPLETE, REV, NOW - 100, NOW - 10);
	none_old(w);
	w->rollout = OG_ROLLOUT_STUCK;
}
static inline void complete_later_stuck(struct og_restart_workload *w)
{
	complete(w);
	w->rollout = OG_ROLLOUT_STUCK;
}
static inline void complete_grace_rolling(struct og_restart_workload *w)
{
	complete_grace_stuck(w);
	rolling(w);
}
static inline void complete_crash(struct og_restart_workload *w)
{
	complete(w);
	w->crashes = true;
	w->rollout = OG_ROLLOUT_STUCK;
}
static inline void complete_before(struct og_restart_workload *w)
{
	w->record = record(OG_RSTATE_COMPLETE, OLD, NOW - 500, NOW - 400);
}
static inline void stood_down(struct og_restart_workload *w)
{
	w->record = record(OG_RSTATE_STOOD_DOWN, REV, NOW - 500, 0);
	w->rollout = OG_ROLLOUT_STUCK;
}
static inline void stood_down_quiet(struct og_restart_workload *w)
{
	stood_down(w);
	rolling(w);
}
static inline void stood_down_healed(struct og_restart_workload *w)
{
	stood_down(w);
	none_old(w);
	w->rollout = OG_ROLLOUT_COMPLETE;
}
static inline void stood_down_backed_out(struct og_restart_workload *w)
{
	w->record = record(OG_RSTATE_STOOD_DOWN, OLD, NOW - 500, 0);
	w->crashes = true;
	w->rollout = OG_ROLLOUT_STUCK;
	w->current = 0;
	w->old = 3;
}
static inline void stood_down_never(struct og_restart_workload *w)
{
	stood_down(w);
	never(w);
}
static inline void scaled_to_zero(struct og_restart_workload *w)
{
	w->pods = w->current = w->old = 0;
}
static inline void fresh(struct og_restart_workload *w)
{
	(void)w;
}
