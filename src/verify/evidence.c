/* SPDX-License-Identifier: Apache-2.0 */
/* The answers in hand as evidence. */
#include "verify-priv.h"

struct gather {
	struct og_arrival_row *rows[2]; /* arrival, traffic */
	uint32_t n[2];
};

static void add_rows(struct gather *g, const struct verify_question *q,
	const struct verify_answer *a, enum og_signal signal)
{
	int list = q->ask->traffic ? 1 : 0;

	for (uint32_t i = 0; a && i < a->nrows; i++) {
		struct og_arrival_row *r = &g->rows[list][g->n[list]++];
		*r = verify_answer_row(a, i);
		r->signal = signal;
		r->fresh = q->ask->fresh && !q->ask->traffic;
	}
}

static uint32_t count(const struct verify_stack *s, bool traffic)
{
	uint32_t n = 0;

	for (int i = 0; i < VERIFY_ASKS; i++) {
		const struct verify_question *q = &s->questions[i];
		if (q->ask->traffic != traffic || q->ask->rare)
			continue;
		n += q->base ? q->base->nrows : 0;
		for (uint32_t j = 0; j < q->nparts; j++)
			n += q->parts[j].answer ? q->parts[j].answer->nrows : 0;
	}
	return n;
}

/* What one question has to say of its source. */
struct sum {
	bool answered, partial, failed;
	int64_t asked_s; /* of the oldest part in hand */
};

static void sum_part(struct sum *s, const struct verify_answer *a, int64_t asked_s, bool partial)
{
	if (!a) {
		s->partial = true;
		return;
	}
	if (!s->answered || asked_s < s->asked_s)
		s->asked_s = asked_s;
	s->answered = true;
	s->partial |= partial;
}

static struct sum sum_up(const struct verify_question *q)
{
	struct sum s = {0};

	for (uint32_t i = 0; i < q->nparts; i++) {
		const struct verify_part *p = &q->parts[i];
		sum_part(&s, p->answer, p->asked_s, p->partial);
		s.failed |= p->failed;
	}
	if (q->base)
		sum_part(&s, q->base, q->base_s, true);
	return s;
}

/* Too old to be bridged, of a backend that does not answer. */
static bool given_up(const struct verify_stack *s, const struct sum *u)
{
	int64_t most = s->freshness_ms / 1000;

	if (s->stats.turn_s * 2 > most)
		most = s->stats.turn_s * 2;
	return u->answered && u->failed && verify_now_s(s->v) - u->asked_s > most;
}

static void tell(const struct verify_stack *s, const struct verify_question *q,
	struct og_arrival_source *src)
{
	const struct verify_backend *b = &s->backend[q->ask->backend];
	struct sum u = sum_up(q);
	bool bad = given_up(s, &u);

	src->asked = b->configured;
	if (bad || u.failed || !u.answered) {
		src->why = b->why ? b->why : og_verify_word(OG_GF_UNASKED, OG_GF_WHY_NONE);
		src->message = og_svz(b->message);
		src->finding = b->finding;
	}
	if (q->ask->fresh && !q->ask->traffic) {
		src->fresh_answered = u.answered && !bad;
		src->fresh_partial = u.partial;
	} else {
		src->answered = u.answered && !bad;
		src->partial = u.partial;
	}
	if (u.answered && !bad && (!src->asked_s || u.asked_s < src->asked_s))
		src->asked_s = u.asked_s;
	src->tells_age = q->ask->ask == OG_GF_PROM_ARRIVAL;
	src->window_s = s->window_ms / 1000;
	src->freshness_s = s->freshness_ms / 1000;
	src->grouped_by_pod = !q->coarse && (src->grouped_by_pod || !q->ask->fresh);
	src->grouped_by_revision = !(q->coarse && q->ask->coarse_whole) &&
				   (src->grouped_by_revision || !q->ask->fresh);
}

int og_verify_evidence(const struct og_verify *v, struct og_sv stack, struct og_arena *arena,
	struct og_arrival_evidence *ret, struct og_err *err)
{
	const struct verify_stack *s = verify_stack_of(v, stack);
	struct gather g = {0};

	*ret = (struct og_arrival_evidence){0};
	if (!s)
		return 0;
	for (int i = 0; i < 2; i++) {
		g.rows[i] = og_arena_new_n(arena, count(s, i == 1) + 1, struct og_arrival_row);
		if (!g.rows[i])
			return og_err_set(err, OG_E_OOM, "gathering what the backends said");
	}
	for (int i = 0; i < VERIFY_ASKS; i++) {
		const struct verify_question *q = &s->questions[i];
		if (q->ask->rare)
			continue;
		enum og_signal signal = og_verify_signal(q->ask->backend);
		struct og_arrival_source *src = q->ask->traffic ? &ret->traffic_source
								: &ret->source[signal];
		tell(s, q, src);
		add_rows(&g, q, q->base, signal);
		for (uint32_t j = 0; j < q->nparts; j++)
			add_rows(&g, q, q->parts[j].answer, signal);
	}
	ret->rows = g.rows[0];
	ret->nrows = g.n[0];
	ret->traffic = g.rows[1];
	ret->ntraffic = g.n[1];
	return 0;
}
