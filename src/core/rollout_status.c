/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The numbers of a rollout: the rules of `kubectl rollout status`, as data.
 *
 * Source: kubectl pkg/polymorphichelpers/rollout_status.go for Deployment, DaemonSet and
 * StatefulSet; the other kinds are judged in the same way, by what their status holds.
 */
#include "rollout-priv.h"

#include <stdio.h>
#include "otelgate/base/map.h"
#include "otelgate/base/mem.h"

typedef const struct og_rollout_facts facts_t;

/* One question. The first that is answered with yes decides. `a` and `b` are for the sentence. */
struct rule {
	bool (*applies)(facts_t *f, int64_t *a, int64_t *b);
	enum og_rollout_step step;
	enum rollout_why why;
	const char *text; /* %1$lld is a, %2$lld is b */
};

static bool behind(facts_t *f, int64_t *a, int64_t *b)
{
	*a = f->generation;
	*b = f->observed;
	return f->generation > f->observed;
}
/* A StatefulSet that nobody has seen yet says 0. */
static bool behind_or_new(facts_t *f, int64_t *a, int64_t *b)
{
	return behind(f, a, b) || f->observed == 0;
}
static bool deadline_passed(facts_t *f, int64_t *a, int64_t *b)
{
	*a = f->progress_deadline_s;
	*b = 0;
	return og_sv_is(f->cond[OG_COND_PROGRESSING].reason, "ProgressDeadlineExceeded") &&
	       f->cond[OG_COND_PROGRESSING].status != OG_COND_ABSENT;
}
static bool few_updated(facts_t *f, int64_t *a, int64_t *b)
{
	*a = f->updated;
	*b = f->desired;
	return f->updated < f->desired;
}
static bool paused_and_few(facts_t *f, int64_t *a, int64_t *b)
{
	return few_updated(f, a, b) && f->paused;
}
static bool on_delete_and_few(facts_t *f, int64_t *a, int64_t *b)
{
	return few_updated(f, a, b) && f->strategy == OG_STRATEGY_ON_DELETE;
}
static bool few_above_partition(facts_t *f, int64_t *a, int64_t *b)
{
	*a = f->updated;
	*b = (int64_t)f->desired - f->partition;
	return f->strategy == OG_STRATEGY_ROLLING && f->rolling && *a < *b;
}
static bool old_there(facts_t *f, int64_t *a, int64_t *b)
{
	*a = (int64_t)f->total - f->updated;
	*b = 0;
	return f->total > f->updated;
}
static bool too_many(facts_t *f, int64_t *a, int64_t *b)
{
	*a = (int64_t)f->total - f->desired;
	*b = 0;
	return f->total > f->desired;
}
static bool few_total(facts_t *f, int64_t *a, int64_t *b)
{
	*a = f->total;
	*b = f->desired;
	return f->total < f->desired;
}
static bool few_of_updated(facts_t *f, int64_t *a, int64_t *b)
{
	*a = f->available;
	*b = f->updated;
	return f->available < f->updated;
}
static bool few_available(facts_t *f, int64_t *a, int64_t *b)
{
	*a = f->available;
	*b = f->desired;
	return f->available < f->desired;
}
static bool few_ready(facts_t *f, int64_t *a, int64_t *b)
{
	*a = f->ready;
	*b = f->desired;
	return f->ready < f->desired;
}
static bool held_by_partition(facts_t *f, int64_t *a, int64_t *b)
{
	return few_updated(f, a, b) && f->strategy == OG_STRATEGY_ROLLING && f->rolling;
}
/* Without rollingUpdate there is no partition, and the revisions decide. */
static bool revisions_differ(facts_t *f, int64_t *a, int64_t *b)
{
	*a = f->updated;
	*b = f->desired;
	return !f->rolling && f->strategy == OG_STRATEGY_ROLLING &&
	       !og_sv_eq(f->current_revision, f->update_revision);
}
static bool zero(facts_t *f, int64_t *a, int64_t *b)
{
	*a = *b = 0;
	return f->desired == 0;
}
static bool always(facts_t *f, int64_t *a, int64_t *b)
{
	*a = f->desired;
	*b = f->available;
	return true;
}
static bool is_suspended(facts_t *f, int64_t *a, int64_t *b)
{
	*a = f->active;
	*b = 0;
	return f->suspended;
}
static bool job_complete(facts_t *f, int64_t *a, int64_t *b)
{
	*a = f->succeeded;
	*b = 0;
	return f->cond[OG_COND_COMPLETE].status == OG_COND_TRUE;
}
static bool job_failed(facts_t *f, int64_t *a, int64_t *b)
{
	*a = f->failed;
	*b = 0;
	return f->cond[OG_COND_FAILED].status == OG_COND_TRUE;
}
static bool job_runs(facts_t *f, int64_t *a, int64_t *b)
{
	*a = f->active;
	*b = f->succeeded;
	return true;
}
static bool argo_aborted(facts_t *f, int64_t *a, int64_t *b)
{
	*a = *b = 0;
	return f->aborted;
}
static bool argo_degraded(facts_t *f, int64_t *a, int64_t *b)
{
	*a = *b = 0;
	return og_sv_is(f->argo_phase, "Degraded");
}
static bool argo_paused(facts_t *f, int64_t *a, int64_t *b)
{
	*a = f->updated;
	*b = f->desired;
	return og_sv_is(f->argo_phase, "Paused") || (f->paused && f->updated < f->desired);
}
static bool argo_progressing(facts_t *f, int64_t *a, int64_t *b)
{
	*a = f->updated;
	*b = f->desired;
	return og_sv_is(f->argo_phase, "Progressing");
}

#define TEXT_UNSEEN	 "its last change (generation %1$lld) is not observed yet (%2$lld)"
#define TEXT_UPDATED	 "%1$lld of %2$lld pods are of the new template"
#define TEXT_OLD	 "%1$lld old pods have not gone yet"
#define TEXT_AVAILABLE	 "%1$lld of %2$lld pods are available"
#define TEXT_DONE	 "all %1$lld pods are of the newest template and available"
#define TEXT_NONE_WANTED "no pods are wanted"

static const struct rule deployment[] = {
	{behind, OG_STEP_WAIT, WHY_UNSEEN, TEXT_UNSEEN},
	{deadline_passed, OG_STEP_FAILED, WHY_DEADLINE,
		"no progress within its deadline of %1$lld s"},
	{paused_and_few, OG_STEP_WAIT, WHY_PAUSED,
		"paused with %1$lld of %2$lld pods of the new template"},
	{few_updated, OG_STEP_WAIT, WHY_UPDATING, TEXT_UPDATED},
	{old_there, OG_STEP_WAIT, WHY_OLD_PODS, TEXT_OLD},
	{few_of_updated, OG_STEP_WAIT, WHY_BECOMING_AVAILABLE, TEXT_AVAILABLE},
	{zero, OG_STEP_DONE, WHY_ZERO, TEXT_NONE_WANTED},
	{always, OG_STEP_DONE, WHY_COMPLETE, TEXT_DONE},
	{0},
};
/* kubectl refuses OnDelete; it is told as what it is. */
static const struct rule daemonset[] = {
	{behind, OG_STEP_WAIT, WHY_UNSEEN, TEXT_UNSEEN},
	{on_delete_and_few, OG_STEP_NOT_KNOWN, WHY_ON_DELETE, TEXT_UPDATED},
	{few_updated, OG_STEP_WAIT, WHY_UPDATING, TEXT_UPDATED},
	{few_available, OG_STEP_WAIT, WHY_BECOMING_AVAILABLE, TEXT_AVAILABLE},
	{zero, OG_STEP_DONE, WHY_ZERO, "no node takes one of its pods"},
	{always, OG_STEP_DONE, WHY_COMPLETE, TEXT_DONE},
	{0},
};
static const struct rule statefulset[] = {
	{behind_or_new, OG_STEP_WAIT, WHY_UNSEEN, TEXT_UNSEEN},
	{few_ready, OG_STEP_WAIT, WHY_BECOMING_AVAILABLE, "%1$lld of %2$lld pods are ready"},
	{on_delete_and_few, OG_STEP_NOT_KNOWN, WHY_ON_DELETE, TEXT_UPDATED},
	{few_above_partition, OG_STEP_WAIT, WHY_UPDATING,
		"%1$lld of %2$lld pods above the partition are of the new template"},
	{held_by_partition, OG_STEP_DONE, WHY_PARTITION,
		"%1$lld of %2$lld pods are of the new template, the partition keeps the others"},
	{revisions_differ, OG_STEP_WAIT, WHY_UPDATING, TEXT_UPDATED},
	{zero, OG_STEP_DONE, WHY_ZERO, TEXT_NONE_WANTED},
	{always, OG_STEP_DONE, WHY_COMPLETE, TEXT_DONE},
	{0},
};
static const struct rule replicaset[] = {
	{behind, OG_STEP_WAIT, WHY_UNSEEN, TEXT_UNSEEN},
	{few_total, OG_STEP_WAIT, WHY_UPDATING, "%1$lld of %2$lld pods exist"},
	{too_many, OG_STEP_WAIT, WHY_OLD_PODS, "%1$lld pods too many have not gone yet"},
	{few_available, OG_STEP_WAIT, WHY_BECOMING_AVAILABLE, TEXT_AVAILABLE},
	{zero, OG_STEP_DONE, WHY_ZERO, TEXT_NONE_WANTED},
	{always, OG_STEP_DONE, WHY_COMPLETE, "all %1$lld pods are available"},
	{0},
};
static const struct rule job[] = {
	{job_complete, OG_STEP_DONE, WHY_JOB_COMPLETE, "it has run to its end"},
	{job_failed, OG_STEP_FAILED, WHY_JOB_FAILED, "it has failed, %1$lld pods with it"},
	{is_suspended, OG_STEP_WAIT, WHY_SUSPENDED, "it is suspended"},
	{job_runs, OG_STEP_WAIT, WHY_JOB_RUNNING, "%1$lld pods run, %2$lld have succeeded"},
	{0},
};
static const struct rule cronjob[] = {
	{is_suspended, OG_STEP_WAIT, WHY_SUSPENDED, "it is suspended"},
	{always, OG_STEP_WAIT, WHY_NEXT_RUN, "its pods are made at its next run"},
	{0},
};
/* The phase is Argo's own verdict; Rollouts older than v1.0 have none and are told by numbers. */
static const struct rule argo[] = {
	{behind, OG_STEP_WAIT, WHY_UNSEEN, TEXT_UNSEEN},
	{argo_aborted, OG_STEP_FAILED, WHY_ARGO_ABORTED, "it was aborted"},
	{argo_degraded, OG_STEP_FAILED, WHY_ARGO_DEGRADED, "Argo Rollouts calls it degraded"},
	{deadline_passed, OG_STEP_FAILED, WHY_DEADLINE,
		"no progress within its deadline of %1$lld s"},
	{argo_paused, OG_STEP_WAIT, WHY_PAUSED,
		"paused with %1$lld of %2$lld pods of the new template"},
	{few_updated, OG_STEP_WAIT, WHY_UPDATING, TEXT_UPDATED},
	{argo_progressing, OG_STEP_WAIT, WHY_UPDATING, TEXT_UPDATED},
	{few_available, OG_STEP_WAIT, WHY_BECOMING_AVAILABLE, TEXT_AVAILABLE},
	{zero, OG_STEP_DONE, WHY_ZERO, TEXT_NONE_WANTED},
	{always, OG_STEP_DONE, WHY_COMPLETE, TEXT_DONE},
	{0},
};

static const struct rule *const rules[OG_RK_COUNT_] = {
	[OG_RK_DEPLOYMENT] = deployment,
	[OG_RK_REPLICASET] = replicaset,
	[OG_RK_STATEFULSET] = statefulset,
	[OG_RK_DAEMONSET] = daemonset,
	[OG_RK_JOB] = job,
	[OG_RK_CRONJOB] = cronjob,
	[OG_RK_ARGO] = argo,
	[OG_RK_REPLICATION_CONTROLLER] = replicaset,
};

enum rollout_why rollout_numbers(const struct og_rollout_facts *f, struct og_rollout_status *ret)
{
	const struct rule *r = f && (unsigned)f->kind < OG_RK_COUNT_ ? rules[f->kind] : NULL;
	int64_t a = 0, b = 0;

	*ret = (struct og_rollout_status){.step = OG_STEP_NOT_KNOWN};
	while (r && r->applies && !r->applies(f, &a, &b))
		r++;
	enum rollout_why why = r && r->applies ? r->why : WHY_UNKNOWN;
	ret->reason = rollout_reasons[why].name;
	if (why == WHY_UNKNOWN) {
		(void)snprintf(ret->text, sizeof(ret->text), "its status is not known");
		return why;
	}
	ret->step = r->step;
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	/* From the tables above. */
	(void)snprintf(ret->text, sizeof(ret->text), r->text, (long long)a, (long long)b);
#pragma GCC diagnostic pop
	return why;
}

void og_rollout_status_of(const struct og_rollout_facts *f, struct og_rollout_status *ret)
{
	(void)rollout_numbers(f, ret);
}

/* ---- own timer ---- */

void og_rollout_timer_turn(
	struct og_rollout_timer *t, const struct og_rollout_facts *f, int64_t now_s)
{
	int32_t old = f->total > f->updated ? f->total - f->updated : 0;
	bool fresh = t->since_s == 0 || f->generation != t->generation;
	if (fresh || f->updated > t->updated || old < t->old || f->ready > t->ready ||
		f->available > t->available || t->since_s > now_s)
		t->since_s = now_s;
	t->generation = f->generation;
	t->updated = f->updated;
	t->old = old;
	t->ready = f->ready;
	t->available = f->available;
}

/* Without a timer (none is kept, or this process has just begun) the youngest sign of life of its
 * pods, which is what a timer would have seen. */
int64_t rollout_idle_since(const struct og_rollout_input *in)
{
	int64_t since = 0;
	if (in->timer && in->timer->since_s)
		return in->timer->since_s;
	for (uint32_t i = 0; i < in->npods; i++) {
		const struct og_rollout_pod *p = &in->pods[i];
		int64_t at = p->created_s;
		if (p->state && p->state->created_s > at)
			at = p->state->created_s;
		if (p->state && p->state->ready_s > at)
			at = p->state->ready_s;
		since = at > since ? at : since;
	}
	return since;
}
