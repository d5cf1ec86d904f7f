/* SPDX-License-Identifier: Apache-2.0 */
/* Whose turn it is: waves, canaries, budgets. */
#include "otelgate/core/restart.h"

#include <stdlib.h>
#include "restart-priv.h"

/* Workloads that share a configuration. */
struct wave {
	uint32_t halted_by, underway, canary; /* indices, or OG_RESTART_NOBODY */
	bool passed;			      /* one is complete, and has stayed so */
	int64_t passes_s;		      /* … will have stayed so; 0 = none is on its way */
	uint32_t passing;		      /* that one */
};

/* A namespace, or the cluster. */
struct space {
	uint32_t restarting, holder; /* holder: one of them, for messages */
};

struct item {
	const struct og_restart_workload *w;
	const struct og_restart_rules *rules;
	struct og_restart_result *r;
	struct wave *wave; /* NULL = none */
	enum restart_stage stage;
	uint32_t i;
};

struct plan {
	const struct og_restart_input *in;
	struct og_arena *arena;
	struct item *items;
	struct item **turn; /* those that could be restarted, in the order of their turn */
	uint32_t nturn;
	struct og_map waves, spaces; /* spaces: ns → struct space */
	struct space all;
	int64_t last_s; /* the last begin or end of a restart */
};

static const struct og_restart_rules defaults = {
	.max_per_namespace = 1, .max_per_cluster = 5, .pause_s = 30, .grace_s = OG_RESTART_GRACE_S};

void og_restart_rules_of(const struct og_profile *p, struct og_restart_rules *ret)
{
	*ret = (struct og_restart_rules){
		.max_per_namespace = p->restart.max_per_namespace,
		.max_per_cluster = p->restart.max_per_cluster,
		.pause_s = ((int64_t)p->restart.pause_ms + 999) / 1000,
		.grace_s = OG_RESTART_GRACE_S,
		.windows = p->restart.windows,
		.nwindows = p->restart.nwindows,
	};
}

static struct space *space_of(struct plan *p, struct og_sv ns)
{
	struct og_map_entry *e = og_map_put(&p->spaces, ns, NULL);

	if (e && !e->value)
		e->value = og_arena_new(p->arena, struct space);
	return e ? e->value : NULL;
}

static void hold(struct plan *p, struct space *there, uint32_t i)
{
	there->restarting++;
	p->all.restarting++;
	there->holder = p->all.holder = i;
}

static struct wave *wave_of(struct plan *p, const char *id)
{
	struct og_map_entry *e = og_map_put(&p->waves, og_svz(id), NULL);

	if (e && !e->value) {
		struct wave *w = og_arena_new(p->arena, struct wave);
		if (w)
			w->halted_by = w->underway = w->canary = w->passing = OG_RESTART_NOBODY;
		e->value = w;
	}
	return e ? e->value : NULL;
}

static void later(int64_t *at, int64_t then_s, int64_t now_s)
{
	int64_t since = restart_since(then_s, now_s);

	if (then_s && since != INT64_MAX && now_s - since > *at)
		*at = now_s - since;
}

/* What one workload means for its wave. */
static void join_wave(struct plan *p, struct item *it)
{
	const struct og_restart_record *next = &it->r->next;
	struct wave *wave = it->wave;

	if (strcmp(next->wave, it->w->wave) != 0 || next->state < OG_RSTATE_REQUESTED)
		return;
	if ((it->stage == STAGE_STUCK || it->stage == STAGE_CRASH) &&
		it->w->mode == OG_RESTART_MANAGED) {
		if (wave->halted_by == OG_RESTART_NOBODY ||
			next->requested_s < p->items[wave->halted_by].r->next.requested_s)
			wave->halted_by = it->i;
	} else if (it->r->holds && it->stage != STAGE_CANDIDATE && it->stage != STAGE_STUCK) {
		if (wave->underway == OG_RESTART_NOBODY)
			wave->underway = it->i;
	}
	if (next->state != OG_RSTATE_COMPLETE || it->w->crashes)
		return;
	if (restart_since(next->completed_s, p->in->now_s) >= it->rules->grace_s) {
		wave->passed = true;
	} else if (!wave->passes_s || next->completed_s + it->rules->grace_s < wave->passes_s) {
		wave->passes_s = next->completed_s + it->rules->grace_s;
		wave->passing = it->i;
	}
}

static int look(struct plan *p, struct item *it, struct og_err *err)
{
	const struct og_restart_workload *w = it->w;

	it->rules = w->rules ? w->rules : &defaults;
	it->stage = restart_stage_of(w, it->rules, p->in->now_s, it->r);
	if (w->wave && w->wave[0]) {
		it->wave = wave_of(p, w->wave);
		if (!it->wave)
			return og_err_set(err, OG_E_OOM, "planning restarts");
		join_wave(p, it);
	}
	if (it->r->holds) {
		struct space *there = space_of(p, w->ns);
		if (!there)
			return og_err_set(err, OG_E_OOM, "planning restarts");
		hold(p, there, it->i);
	}
	if (w->record.state != OG_RSTATE_REQUESTED || restart_made(w) ||
		it->stage == STAGE_CONTINUE)
		later(&p->last_s, w->record.requested_s, p->in->now_s);
	later(&p->last_s, it->r->next.completed_s, p->in->now_s);
	if (it->stage == STAGE_CANDIDATE || it->stage == STAGE_CONTINUE)
		p->turn[p->nturn++] = it;
	return 0;
}

/* What was begun goes on; what is broken already has nothing to lose; then the smallest. */
static int by_risk(const void *a, const void *b)
{
	const struct item *x = *(struct item *const *)a, *y = *(struct item *const *)b;
	bool bx = restart_broken(x->w), by = restart_broken(y->w);
	int r;

	if (x->stage != y->stage)
		return x->stage == STAGE_CONTINUE ? -1 : 1;
	if (bx != by)
		return bx ? -1 : 1;
	if (x->w->pods != y->w->pods)
		return x->w->pods < y->w->pods ? -1 : 1;
	if ((r = og_sv_cmp(x->w->ns, y->w->ns)) || (r = og_sv_cmp(x->w->kind, y->w->kind)) ||
		(r = og_sv_cmp(x->w->name, y->w->name)) ||
		(r = og_sv_cmp(x->w->group, y->w->group)))
		return r;
	return x->i < y->i ? -1 : 1;
}

static void wait_for(struct item *it, enum og_restart_wait wait, uint32_t blocker, int64_t again_s)
{
	it->r->what = OG_RESTART_WAIT;
	it->r->wait = wait;
	it->r->blocker = blocker;
	it->r->again_s = again_s;
}

/* The wave's own order: false when another one of it goes first. */
static bool wave_allows(struct item *it)
{
	struct wave *wave = it->wave;

	if (wave->halted_by != OG_RESTART_NOBODY) {
		it->r->what = OG_RESTART_HALTED;
		it->r->blocker = wave->halted_by;
		return false;
	}
	if (wave->passed || it->stage == STAGE_CONTINUE)
		return true;
	if (wave->underway != OG_RESTART_NOBODY || wave->passes_s) {
		bool runs = wave->underway != OG_RESTART_NOBODY;
		wait_for(it, OG_RWAIT_CANARY, runs ? wave->underway : wave->passing,
			runs ? 0 : wave->passes_s);
		return false;
	}
	if (wave->canary != OG_RESTART_NOBODY) {
		wait_for(it, OG_RWAIT_CANARY, wave->canary, 0);
		return false;
	}
	wave->canary = it->i;
	it->r->canary = true;
	return true;
}

/* A workload whose own earlier restart holds a slot keeps it. */
static bool budget_allows(struct plan *p, struct item *it, const struct space *there)
{
	uint32_t own = it->r->holds;

	if (it->stage == STAGE_CONTINUE)
		return true;
	if (there->restarting - own >= it->rules->max_per_namespace)
		wait_for(it, OG_RWAIT_NAMESPACE, there->holder, 0);
	else if (p->all.restarting - own >= it->rules->max_per_cluster)
		wait_for(it, OG_RWAIT_CLUSTER, p->all.holder, 0);
	else if (p->last_s && it->rules->pause_s > p->in->now_s - p->last_s)
		wait_for(it, OG_RWAIT_PAUSE, OG_RESTART_NOBODY, p->last_s + it->rules->pause_s);
	else
		return true;
	return false;
}

/* requestedAt has to be after what the template says: the same text would be no change. */
static void begin(struct plan *p, struct item *it)
{
	struct og_restart_record *next = &it->r->next;
	const struct og_restart_workload *w = it->w;

	it->r->what = OG_RESTART_NOW;
	it->r->again = it->stage == STAGE_CONTINUE;
	if (it->r->again)
		return;
	*next = (struct og_restart_record){.state = OG_RSTATE_REQUESTED,
		.requested_s = w->template_restarted_s >= p->in->now_s ? w->template_restarted_s + 1
								       : p->in->now_s};
	memcpy(next->revision, w->revision.p, w->revision.n);
	size_t n = strnlen(w->wave, OG_RESTART_ID_BYTES - 1);
	memcpy(next->wave, w->wave, n);
}

static int decide(struct plan *p, struct item *it, struct og_err *err)
{
	struct space *there = space_of(p, it->w->ns);
	int64_t next = 0;

	if (!there)
		return og_err_set(err, OG_E_OOM, "planning restarts");
	if (!wave_allows(it))
		return 0;
	if (!og_restart_window_open(it->rules->windows, it->rules->nwindows, p->in->now_s, &next)) {
		wait_for(it, OG_RWAIT_WINDOW, OG_RESTART_NOBODY, next);
	} else if (budget_allows(p, it, there)) {
		if (!p->in->leads) {
			wait_for(it, OG_RWAIT_LEADER, OG_RESTART_NOBODY, 0);
			return 0;
		}
		begin(p, it);
		if (!it->r->holds) {
			it->r->holds = true;
			hold(p, there, it->i);
		}
		later(&p->last_s, p->in->now_s, p->in->now_s);
	}
	return 0;
}

int og_restart_plan(const struct og_restart_input *in, struct og_arena *arena,
	struct og_restart_result *ret, struct og_err *err)
{
	struct plan p = {.in = in, .arena = arena};
	int r = 0;

	if (!in->n)
		return 0;
	p.items = og_arena_new_n(arena, in->n, struct item);
	p.turn = og_arena_new_n(arena, in->n, struct item *);
	if (!p.items || !p.turn)
		return og_err_set(err, OG_E_OOM, "planning %u restarts", in->n);
	og_map_init(&p.waves, 0, arena);
	og_map_init(&p.spaces, 0, arena);
	for (uint32_t i = 0; i < in->n && r == 0; i++) {
		p.items[i] = (struct item){.w = &in->v[i], .r = &ret[i], .i = i};
		r = look(&p, &p.items[i], err);
	}
	if (r < 0)
		return r;
	qsort(p.turn, p.nturn, sizeof(struct item *), by_risk);
	for (uint32_t i = 0; i < p.nturn && r == 0; i++)
		r = decide(&p, p.turn[i], err);
	for (uint32_t i = 0; i < in->n; i++)
		if (p.items[i].stage == STAGE_STUCK)
			ret[i].blocker = i;
	return r;
}
