/* SPDX-License-Identifier: Apache-2.0 */
/* Who is to send: the pods of a workload, and how they come and go. */
#include "otelgate/core/expect.h"

#include "otelgate/base/mem.h"

/* Since when it could have sent. */
static int64_t started(const struct og_rollout_pod *pod)
{
	const struct og_pod_state *s = pod->state;

	if (s && s->started_s)
		return s->started_s;
	return s && s->ready && s->ready_s ? s->ready_s : pod->created_s;
}

/* How a Job has ended; 0 = it has not. */
static int64_t job_end(const struct og_rollout_facts *f)
{
	static const int ends[] = {OG_COND_COMPLETE, OG_COND_FAILED};

	for (size_t i = 0; i < OG_COUNT(ends); i++)
		if (f->cond[ends[i]].status == OG_COND_TRUE)
			return f->cond[ends[i]].changed_s ? f->cond[ends[i]].changed_s : 1;
	return 0;
}

static void take_run(
	const struct og_rollout_input *in, int64_t created_s, struct og_arrival_workload *w)
{
	const struct og_rollout_facts *f = in->facts;

	if (!f)
		return;
	w->suspended = f->suspended;
	if (f->kind == OG_RK_JOB) {
		w->life = OG_LIFE_JOB;
		w->run_s = f->created_s ? f->created_s : created_s;
		w->finished_s = job_end(f);
		w->finished = w->finished_s != 0;
	} else if (f->kind == OG_RK_CRONJOB) {
		const struct og_rollout_child *last = NULL;
		w->life = OG_LIFE_CRONJOB;
		w->run_s = f->last_run_s;
		for (uint32_t i = 0; i < in->nchildren; i++)
			if (!last || in->children[i].created_s > last->created_s)
				last = &in->children[i];
		if (last && last->facts)
			w->finished_s = job_end(last->facts);
		/* Its Job may be gone already. */
		w->finished = w->finished_s != 0 || (!last && w->run_s);
	} else {
		w->scaled_to_zero = f->desired == 0;
	}
	w->reuses_names = f->kind == OG_RK_STATEFULSET;
}

int og_expect_pods(const struct og_rollout_input *in, const struct og_rollout_result *result,
	int64_t created_s, struct og_arena *arena, struct og_arrival_workload *w,
	struct og_err *err)
{
	struct og_arrival_pod *pods =
		og_arena_new_n(arena, (size_t)in->npods + 1, struct og_arrival_pod);

	if (!pods)
		return og_err_set(err, OG_E_OOM, "looking at what is to arrive");
	for (uint32_t i = 0; i < in->npods; i++) {
		const struct og_rollout_pod *pod = &in->pods[i];
		pods[i] = (struct og_arrival_pod){.name = pod->name,
			.revision = pod->revision,
			.started_s = started(pod),
			.class_ = pod->class_,
			.ready = pod->state && pod->state->ready};
		if (pod->class_ == OG_CLASS_CURRENT && pods[i].started_s > w->rolled_out_s)
			w->rolled_out_s = pods[i].started_s;
	}
	if (result->rollout.state != OG_ROLLOUT_COMPLETE)
		w->rolled_out_s = 0;
	w->pods = pods;
	w->npods = in->npods;
	take_run(in, created_s, w);
	return 0;
}
