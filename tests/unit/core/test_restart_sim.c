/* SPDX-License-Identifier: Apache-2.0 */
/* Restarts in random worlds: budgets hold, nothing is restarted twice, one goes first, it ends. */
#include <check.h>
#include <stdio.h>
#include <string.h>
#include "otelgate/base/mem.h"
#include "otelgate/core/restart.h"
#include "support/gen_pod.h"
#include "support/suite.h"

enum { MOST = 24, WAVES = 3, REVISIONS = 8 };

/* One workload as the cluster has it. */
struct thing {
	char name[8], ns[8];
	uint32_t profile;
	bool bad;	      /* its next rollout does not come up */
	bool rolling, person; /* person: not our rollout */
	bool patched;	      /* by us, for `patched_revision`, and not complete since */
	uint32_t revision;
	uint32_t patches[REVISIONS];
};

struct world {
	struct gen g;
	struct og_arena arena;
	struct thing things[MOST];
	struct og_restart_workload v[MOST];
	struct og_restart_result r[MOST];
	struct og_restart_rules rules[WAVES];
	char wave[WAVES][OG_RESTART_ID_BYTES];
	uint32_t wave_at[WAVES]; /* how many configurations the profile has had */
	bool passed[WAVES];	 /* one of the wave was complete for the grace */
	uint32_t begun[WAVES];	 /* restarts begun in this step */
	bool going[WAVES];	 /* one is on its way since an earlier step */
	char revision[REVISIONS][OG_RESTART_ID_BYTES];
	uint32_t n;
	int64_t now_s, last_begin_s, last_before_s;
	uint32_t begun_now; /* with a pause */
	bool kind;	    /* nothing fails, nobody interferes */
	unsigned restarts;
};

static void new_config(struct world *w, uint32_t profile)
{
	w->wave_at[profile]++;
	snprintf(w->wave[profile], sizeof(w->wave[profile]), "w%u%u", profile,
		w->wave_at[profile] % 1000);
	w->passed[profile] = false;
	for (uint32_t i = 0; i < w->n; i++) {
		struct thing *t = &w->things[i];
		if (t->profile != profile || t->revision + 1 >= REVISIONS)
			continue;
		t->revision++;
		w->v[i].revision = og_svz(w->revision[t->revision]);
		w->v[i].old = w->v[i].pods;
		w->v[i].current = 0;
		w->v[i].newest_old_s = w->now_s - 1;
		w->v[i].crashes = false;
	}
}

static void make(struct world *w, uint64_t n, bool kind)
{
	memset(w, 0, sizeof(*w));
	w->g = gen_case(0x7e57a7, n);
	w->kind = kind;
	w->now_s = 1700000000;
	w->last_begin_s = 0;
	w->n = 1 + gen_below(&w->g, MOST);
	og_arena_init(&w->arena, 0, 0);
	for (uint32_t i = 0; i < REVISIONS; i++)
		snprintf(w->revision[i], sizeof(w->revision[i]), "r%u", i);
	uint32_t per_ns = 1 + gen_below(&w->g, 3), per_cluster = 3 + gen_below(&w->g, 4);
	for (uint32_t i = 0; i < WAVES; i++)
		w->rules[i] = (struct og_restart_rules){.max_per_namespace = per_ns,
			.max_per_cluster = per_cluster,
			.pause_s = gen_below(&w->g, 3) * 20,
			.grace_s = gen_below(&w->g, 2) * 60};
	for (uint32_t i = 0; i < w->n; i++) {
		struct thing *t = &w->things[i];
		snprintf(t->name, sizeof(t->name), "t%u", i);
		snprintf(t->ns, sizeof(t->ns), "n%u", gen_below(&w->g, 4));
		t->profile = gen_below(&w->g, WAVES);
		w->v[i] = (struct og_restart_workload){.ns = og_svz(t->ns),
			.group = OG_SV("apps"),
			.kind = OG_SV("Deployment"),
			.name = og_svz(t->name),
			.rules = &w->rules[t->profile],
			.wave = w->wave[t->profile],
			.mode = OG_RESTART_MANAGED,
			.revision = og_svz(w->revision[0]),
			.pods = gen_below(&w->g, 5),
			.rollout = OG_ROLLOUT_COMPLETE};
		w->v[i].current = w->v[i].pods;
	}
	for (uint32_t p = 0; p < WAVES; p++)
		new_config(w, p);
}

/* Restarting by our hand, in the namespace (or everywhere), as the cluster itself knows it. */
static uint32_t restarting(const struct world *w, const char *ns)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < w->n; i++)
		n += w->things[i].patched && w->things[i].rolling &&
		     (!ns || strcmp(ns, w->things[i].ns) == 0);
	return n;
}

static void patch(struct world *w, uint32_t i)
{
	struct thing *t = &w->things[i];
	struct og_restart_workload *v = &w->v[i];
	const struct og_restart_rules *rules = v->rules;

	ck_assert_msg(v->template_restarted_s < w->r[i].next.requested_s, "an empty change");
	ck_assert_msg(!v->paused, "%s is paused", t->name);
	ck_assert_msg(
		v->rollout == OG_ROLLOUT_COMPLETE || v->crashes || v->rollout == OG_ROLLOUT_STUCK,
		"%s is rolling", t->name);
	ck_assert_msg(++t->patches[t->revision] == 1, "%s twice for one revision", t->name);
	v->template_restarted_s = w->r[i].next.requested_s;
	v->rollout = OG_ROLLOUT_PROGRESSING;
	v->crashes = false;
	t->rolling = t->patched = true;
	t->person = false;
	w->restarts++;
	if (v->template_restarted_s > w->last_begin_s)
		w->last_begin_s = v->template_restarted_s;
	ck_assert_uint_le(restarting(w, t->ns), rules->max_per_namespace);
	ck_assert_uint_le(restarting(w, NULL), rules->max_per_cluster);
}

static void begin(struct world *w, uint32_t i)
{
	struct og_restart_workload *v = &w->v[i];
	uint32_t p = w->things[i].profile;

	if (!w->r[i].again) {
		ck_assert_msg(!w->last_before_s || w->now_s - w->last_before_s >= v->rules->pause_s,
			"no pause");
		ck_assert_uint_le(w->begun_now += v->rules->pause_s > 0, 1);
		ck_assert_msg(w->passed[p] || (!w->going[p] && !w->begun[p]),
			"%s although the first has not passed", w->things[i].name);
		w->begun[p]++;
	}
	/* The leader may die before the first write, or between both. */
	if (!w->kind && gen_chance(&w->g, 10)) {
		return;
	}
	v->record = w->r[i].next;
	if (!w->kind && gen_chance(&w->g, 10))
		return;
	patch(w, i);
	/* … or before it is seen that it was done. */
	if (gen_chance(&w->g, 50))
		v->record.state = OG_RSTATE_RESTARTED;
}

static void ended(struct world *w, uint32_t i)
{
	struct thing *t = &w->things[i];
	struct og_restart_workload *v = &w->v[i];

	t->rolling = false;
	if (t->bad) {
		t->bad = gen_chance(&w->g, 30);
		v->rollout = OG_ROLLOUT_STUCK;
		v->crashes = gen_chance(&w->g, 50);
		v->current = v->pods ? 1 : 0;
		v->old = v->pods - v->current;
		return;
	}
	v->rollout = OG_ROLLOUT_COMPLETE;
	v->crashes = false;
	v->old = 0;
	v->current = v->pods;
	t->patched = false;
}

static void live(struct world *w)
{
	for (uint32_t i = 0; i < w->n; i++) {
		struct thing *t = &w->things[i];
		struct og_restart_workload *v = &w->v[i];
		if (t->rolling && gen_chance(&w->g, 30))
			ended(w, i);
		if (w->kind)
			continue;
		v->paused = gen_chance(&w->g, 5);
		if (gen_chance(&w->g, 3))
			t->bad = !t->bad;
		if (!t->rolling && gen_chance(&w->g, 2)) { /* a person */
			t->rolling = t->person = true;
			t->patched = false;
			v->rollout = OG_ROLLOUT_PROGRESSING;
			v->crashes = false;
			v->template_restarted_s = w->now_s;
		}
		if (gen_chance(&w->g, 1))
			v->mode = (enum og_restart_mode)gen_below(&w->g, 3);
	}
	if (!w->kind && gen_chance(&w->g, 2))
		new_config(w, gen_below(&w->g, WAVES));
}

/* Before the plan: which waves have passed by what is written down, which are halted. */
static bool is_in_state(const struct world *w, uint32_t profile, bool stuck)
{
	for (uint32_t i = 0; i < w->n; i++) {
		const struct og_restart_workload *v = &w->v[i];
		const struct og_restart_record *r = &v->record;
		if (w->things[i].profile != profile || v->mode != OG_RESTART_MANAGED ||
			strcmp(r->wave, w->wave[profile]) != 0 ||
			!og_sv_eq(og_svz(r->revision), v->revision))
			continue;
		if (stuck ? r->state == OG_RSTATE_RESTARTED && v->rollout == OG_ROLLOUT_STUCK
			  : r->state == OG_RSTATE_REQUESTED || r->state == OG_RSTATE_RESTARTED)
			return true;
	}
	return false;
}

static void note_passed(struct world *w)
{
	for (uint32_t i = 0; i < w->n; i++) {
		const struct og_restart_record *r = &w->r[i].next;
		uint32_t p = w->things[i].profile;
		if (r->state == OG_RSTATE_COMPLETE && strcmp(r->wave, w->wave[p]) == 0 &&
			w->now_s - r->completed_s >= w->rules[p].grace_s)
			w->passed[p] = true;
	}
}

static void step(struct world *w)
{
	struct og_restart_input in = {.v = w->v, .n = w->n, .now_s = w->now_s};
	bool stop[WAVES];

	in.leads = w->kind || gen_chance(&w->g, 95);
	for (uint32_t p = 0; p < WAVES; p++) {
		stop[p] = is_in_state(w, p, true);
		w->going[p] = is_in_state(w, p, false);
		w->begun[p] = 0;
	}
	og_arena_reset(&w->arena);
	ck_assert_int_eq(og_restart_plan(&in, &w->arena, w->r, NULL), 0);
	note_passed(w);
	w->last_before_s = w->last_begin_s;
	w->begun_now = 0;
	for (uint32_t i = 0; i < w->n; i++) {
		if (w->r[i].what == OG_RESTART_NOW) {
			ck_assert(in.leads);
			ck_assert(w->v[i].mode == OG_RESTART_MANAGED);
			ck_assert_msg(!stop[w->things[i].profile], "although one is stuck");
			begin(w, i);
		} else if (w->kind || gen_chance(&w->g, 80)) {
			w->v[i].record = w->r[i].next;
		}
	}
	live(w);
	w->now_s += 1 + gen_below(&w->g, 20);
}

START_TEST(all_are_renewed_where_nothing_fails)
{
	static struct world w;
	unsigned restarts = 0;

	for (uint64_t n = 0; n < 150; n++) {
		uint32_t left = 1;
		make(&w, n, true);
		for (unsigned k = 0; k < 5000 && left; k++) {
			step(&w);
			left = 0;
			for (uint32_t i = 0; i < w.n; i++)
				left += w.v[i].old || w.things[i].rolling;
		}
		ck_assert_msg(!left, "case %lu: %u are left", (unsigned long)n, left);
		for (uint32_t i = 0; i < w.n; i++)
			ck_assert_uint_eq(w.things[i].patches[1], w.v[i].pods ? 1 : 0);
		restarts += w.restarts;
		og_arena_fini(&w.arena);
	}
	ck_assert_uint_gt(restarts, 500);
}
END_TEST

START_TEST(whatever_fails_the_rules_hold)
{
	static struct world w;
	unsigned restarts = 0;

	for (uint64_t n = 0; n < 400; n++) {
		make(&w, 1000 + n, false);
		for (unsigned k = 0; k < 300; k++)
			step(&w);
		restarts += w.restarts;
		og_arena_fini(&w.arena);
	}
	ck_assert_uint_gt(restarts, 1000);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("restart-sim");
	TCase *t = tcase_create("worlds");

	tcase_set_timeout(t, 60);
	tcase_add_test(t, all_are_renewed_where_nothing_fails);
	tcase_add_test(t, whatever_fails_the_rules_hold);
	suite_add_tcase(s, t);
	return og_suite_run(s);
}
