/* SPDX-License-Identifier: Apache-2.0 */
/* All workloads of a stack judged by the answers in hand, and what has changed taken over. */
#include "verify-priv.h"
#include "workloads-priv.h"

enum { MARK_BYTES = 1 << 20 };
static const uint64_t SEED = 0x7665726469637400ULL;

struct judging {
	struct verify_part *p;
	struct verify_part_stack *s;
	struct workload_entry **entries;
	struct og_arrival_workload *workloads;
	uint32_t n;
	struct og_verify_judging by;
	struct og_stars_facts *stars; /* of each */
};

/* ---- what goes in ---- */

static bool gather(struct judging *j)
{
	struct og_map *map = &j->p->c->workloads->map;
	struct og_arena *a = &j->p->arena;
	size_t most = og_map_count(map) ? og_map_count(map) : 1;
	struct og_sv stack = og_svz(j->s->name);

	j->entries = og_arena_new_n(a, most, struct workload_entry *);
	j->workloads = og_arena_new_n(a, most, struct og_arrival_workload);
	if (!j->entries || !j->workloads)
		return false;
	og_map_for (map, e) {
		struct workload_entry *w = e->value;
		if (!w->w || !w->arrival.facts || !og_sv_eq(w->arrival.facts->stack, stack))
			continue;
		j->entries[j->n] = w;
		j->workloads[j->n++] = w->arrival.facts->w;
	}
	return true;
}

static bool prepare(struct judging *j, const struct og_stack *spec)
{
	int64_t now_s = og_clock_wall_ns(og_loop_clock(j->p->c->loop)) / OG_NS_PER_S;
	struct og_err err = OG_ERR_INIT;

	if (!gather(j) || og_verify_prepare(j->p->engine, spec, &j->s->token, now_s, &j->p->arena,
				  &j->by, &err) < 0)
		return false;
	for (int i = 0; i < OG_SIGNAL_COUNT_; i++)
		j->by.params.sight[i] = j->s->written[i].sight;
	return true;
}

/* ---- what comes out ---- */

static uint64_t mark_of(const struct og_arrival_result *r, const struct og_findings *f,
	const struct og_verify_shown *shown, const struct og_stars_facts *stars)
{
	og_auto_buf struct og_buf b = OG_BUF_INIT(MARK_BYTES);

	for (int i = 0; i < OG_SIGNAL_COUNT_; i++) {
		const struct og_arrival_verdict *v = &r->signal[i];
		og_buf_fmt(&b, "%d %s %s %d %d %d %d %d %u/%u %.*s\n", (int)v->state, v->reason,
			v->finding ? v->finding : "", (int)v->tie, (int)v->trust, (int)v->route,
			v->expected, v->covers_known, v->covered, v->of, OG_SV_ARG(v->message));
		og_buf_str(&b, v->cause ? v->cause : "");
		for (uint32_t k = 0; k < v->nsilent; k++)
			og_buf_fmt(&b, " %.*s", OG_SV_ARG(v->silent[k]));
		og_buf_sv(&b, shown[i].query);
		og_buf_sv(&b, shown[i].explore);
	}
	for (uint32_t i = 0; i < f->n; i++)
		og_buf_fmt(&b, "\n%s %.*s", f->v[i].def->id, OG_SV_ARG(f->v[i].detail));
	verify_stars_mark(r, stars, &b);
	return og_hash64(SEED, og_buf_view(&b)) ^ b.failed;
}

static void copy_text(struct og_sv *s, char **at)
{
	if (s->n)
		memcpy(*at, s->p, s->n);
	s->p = *at;
	*at += s->n;
}

static uint32_t nfindings(const struct og_findings *f)
{
	return f->n < ARRIVAL_FINDINGS ? f->n : ARRIVAL_FINDINGS;
}

static struct arrival_said *keep(const struct og_arrival_result *r, const struct og_findings *f,
	const struct og_verify_shown *shown)
{
	size_t text = 0, nsilent = 0;

	for (int i = 0; i < OG_SIGNAL_COUNT_; i++) {
		const struct og_arrival_verdict *v = &r->signal[i];
		text += v->message.n + shown[i].query.n + shown[i].explore.n;
		nsilent += v->nsilent;
		for (uint32_t k = 0; k < v->nsilent; k++)
			text += v->silent[k].n;
	}
	for (uint32_t i = 0; i < nfindings(f); i++)
		text += f->v[i].detail.n;
	struct arrival_said *s = og_malloc(sizeof(*s) + nsilent * sizeof(struct og_sv) + text);
	if (!s)
		return NULL;
	struct og_sv *silent = (struct og_sv *)(s + 1);
	char *at = (char *)(silent + nsilent);
	*s = (struct arrival_said){.nfindings = nfindings(f)};
	for (int i = 0; i < OG_SIGNAL_COUNT_; i++) {
		const struct og_arrival_verdict *v = &r->signal[i];
		struct arrival_signal *to = &s->signal[i];
		*to = (struct arrival_signal){.state = v->state,
			.reason = v->reason,
			.finding = v->finding,
			.why = v->why,
			.cause = v->cause,
			.message = v->message,
			.tie = v->tie,
			.trust = v->trust,
			.route = v->route,
			.expected = v->expected,
			.kept = v->kept,
			.covers_known = v->covers_known,
			.regressed = v->regressed,
			.old_sending = v->old_sending,
			.shared = v->shared,
			.covered = v->covered,
			.of = v->of,
			.silent = silent,
			.nsilent = v->nsilent,
			.query = shown[i].query,
			.explore = shown[i].explore};
		copy_text(&to->message, &at);
		copy_text(&to->query, &at);
		copy_text(&to->explore, &at);
		for (uint32_t k = 0; k < v->nsilent; k++) {
			silent[k] = v->silent[k];
			copy_text(&silent[k], &at);
		}
		silent += v->nsilent;
	}
	for (uint32_t i = 0; i < s->nfindings; i++) {
		s->findings[i] = (struct og_telemetry_finding){f->v[i].def->id, f->v[i].detail};
		copy_text(&s->findings[i].message, &at);
	}
	return s;
}

static void take(struct judging *j, uint32_t i, const struct og_arrival_result *r,
	const struct og_findings *f, struct og_arena *arena)
{
	struct workload_entry *e = j->entries[i];
	struct arrival *a = &e->arrival;
	struct og_verify_shown shown[OG_SIGNAL_COUNT_];

	for (int s = 0; s < OG_SIGNAL_COUNT_; s++)
		og_verify_show(&j->by, &a->facts->w, &r->signal[s], arena, &shown[s]);
	og_verify_stars_of(&a->facts->w, r, f, &j->stars[i]);
	if (og_loop_now_ns(j->p->c->loop) < a->rare_until_ns)
		og_stars_facts_add(&j->stars[i], &a->rare);
	uint64_t mark = mark_of(r, f, shown, &j->stars[i]);

	verify_say(j->p, e->w, &a->facts->w, &a->memory, r);
	a->memory = r->memory;
	if (!a->said || a->said->mark != mark) {
		struct arrival_said *said = keep(r, f, shown);
		if (!said)
			return; /* the next cycle tries again */
		said->mark = mark;
		said->stars = j->stars[i];
		og_free(a->said);
		a->said = said;
		if (!e->changed_ns)
			e->changed_ns = og_loop_now_ns(j->p->c->loop);
		(void)controller_enqueue(j->p->c, PART_WORKLOADS, e->w->key, OG_QUEUE_USER);
	} else if (arrival_due(j->p->c, a)) {
		(void)controller_enqueue(j->p->c, PART_WORKLOADS, e->w->key, OG_QUEUE_LOW);
	}
}

static int judge_all(struct judging *j, const struct og_stack *spec, struct og_err *err)
{
	struct og_arena *a = &j->p->arena;
	struct og_arrival_index *ix = NULL;
	og_auto_arena struct og_arena one;
	int r = og_arrival_index_new(j->workloads, j->n, &j->by.evidence, SEED, a, &ix, err);

	const struct og_stars_many many = {.workloads = j->workloads,
		.n = j->n,
		.index = ix,
		.arrival = &j->by.evidence,
		.seed = SEED};
	if (r == 0 && !(j->stars = og_verify_stars_many(j->p->engine, spec, &many, a, err)))
		r = -(int)err->code;
	og_arena_init(&one, 0, 0);
	for (uint32_t i = 0; i < j->n && r == 0; i++) {
		struct og_arrival_result result;
		struct og_findings findings = {0};
		r = og_arrival_judge(ix, i, &j->entries[i]->arrival.memory, &j->by.params, &one,
			&result, &findings, err);
		for (int k = 0; k < OG_SIGNAL_COUNT_ && r == 0; k++)
			verify_written_explain(j->s, &result.signal[k], &one);
		if (r == 0)
			take(j, i, &result, &findings, &one);
		og_arena_reset(&one);
	}
	return r;
}

void verify_judge(struct verify_part *p, struct verify_part_stack *s)
{
	struct judging j = {.p = p, .s = s};
	const struct og_stack *spec = verify_stack_spec(p, og_svz(s->name));
	struct og_err err = OG_ERR_INIT;
	int64_t begun = og_loop_now_ns(p->c->loop);

	if (!spec)
		return;
	if (!prepare(&j, spec))
		(void)og_err_set(&err, OG_E_OOM, "out of memory");
	if (err.code == 0)
		(void)judge_all(&j, spec, &err);
	if (err.code == 0)
		(void)verify_strangers(p, s, &j.by.evidence, &err);
	if (err.code != 0)
		og_log_limited(OG_SV("judge"), 60000, OG_LOG_ERROR, "verify", "not judged",
			og_lf_str("stack", s->name), og_lf_err(&err));
	og_arena_reset(&p->arena);
	s->judged_ns = og_loop_now_ns(p->c->loop);
	s->took_ns = s->judged_ns - begun;
	og_metric_set(p->c->m, OG_CM_VERIFY_SECONDS, (double)s->took_ns / (double)OG_NS_PER_S,
		OG_LABELS(s->name));
	verify_count(p);
}
