/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A question in parts, where the whole would exceed what a backend gives in one answer: by
 * namespaces, so many to a part that their pods should fit. Fine (each pod for itself) while the
 * parts are few, else coarse (each service), so that a turn does not take an hour.
 */
#include "verify-priv.h"

enum {
	FINE_PARTS = 6,
	GUESS_ROWS = 500, /* Loki's max_query_series, the smallest of the defaults; docs */
	FILL = 80,	  /* percent of the limit: pods come and go */
	ARENA_BYTES = 64 << 20,
};

static void part_fini(struct verify_part *p)
{
	og_free(p->any);
	verify_answer_free(p->answer);
	*p = (struct verify_part){0};
}

static void parts_free(struct verify_part *parts, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		part_fini(&parts[i]);
	og_free(parts);
}

int verify_question_init(struct verify_question *q, const struct verify_ask *ask)
{
	*q = (struct verify_question){.ask = ask};
	q->parts = og_calloc(1, sizeof(*q->parts));
	q->nparts = q->parts ? 1 : 0;
	return q->parts ? 0 : -(int)OG_E_OOM;
}

void verify_question_fini(struct verify_question *q)
{
	parts_free(og_take(q->parts), q->nparts);
	verify_answer_free(q->base);
	q->nparts = 0;
	q->base = NULL;
}

bool verify_question_answered(const struct verify_question *q)
{
	for (uint32_t i = 0; i < q->nparts; i++)
		if (!q->parts[i].answer)
			return false;
	return q->nparts > 0;
}

/* ---- namespaces into parts ---- */

static uint32_t weight_of(const struct og_verify_place *p, bool coarse)
{
	return coarse ? p->workloads : p->pods;
}

static bool set_names(
	struct verify_part *p, const struct og_verify_place *at, uint32_t n, bool coarse)
{
	size_t bytes = n * sizeof(struct og_sv);

	*p = (struct verify_part){0};
	for (uint32_t i = 0; i < n; i++) {
		bytes += at[i].ns.n;
		p->weight += weight_of(&at[i], coarse);
	}
	p->any = og_malloc(bytes ? bytes : 1);
	if (!p->any)
		return false;
	char *text = (char *)(p->any + n);
	for (uint32_t i = 0; i < n; i++) {
		memcpy(text, at[i].ns.p, at[i].ns.n);
		p->any[i] = og_sv(text, at[i].ns.n);
		text += at[i].ns.n;
	}
	p->nany = n;
	return true;
}

struct plan {
	struct verify_part *parts;
	uint32_t n;
	bool coarse, oom;
};

static void add(struct plan *p, const struct og_verify_place *at, uint32_t n)
{
	if (set_names(&p->parts[p->n], at, n, p->coarse))
		p->n++;
	else
		p->oom = true;
}

/* In the order they come: whoever sorts the places keeps neighbours together. */
static void fill(struct plan *p, const struct og_verify_place *at, uint32_t n, uint32_t most)
{
	uint32_t from = 0, sum = 0;

	for (uint32_t i = 0; i < n && !p->oom; i++) {
		uint32_t weight = weight_of(&at[i], p->coarse);
		bool full = sum + weight > most || i - from >= OG_GF_SHARD_MAX;
		if (i > from && full && p->n + 1 < OG_VERIFY_PARTS) {
			add(p, &at[from], i - from);
			from = i;
			sum = 0;
		}
		sum += weight;
	}
	if (from < n && !p->oom)
		add(p, &at[from], n - from);
}

static uint32_t places_of(
	struct verify_stack *s, struct og_arena *arena, const struct og_verify_place **ret)
{
	const struct og_verify_opts *o = &s->v->o;

	return o->places ? o->places(o->ctx, og_svz(s->name), arena, ret) : 0;
}

/* The parts take the place of the ones there were; what was answered stays until all of them have
 * answered. */
static void replace(struct verify_question *q, struct plan *p)
{
	if (!q->base && q->nparts == 1 && q->parts[0].answer) {
		q->base = og_take(q->parts[0].answer);
		q->base_s = q->parts[0].asked_s;
	}
	parts_free(q->parts, q->nparts);
	q->parts = p->parts;
	q->nparts = p->n;
}

static void split_whole(struct verify_stack *s, struct verify_question *q)
{
	og_auto_arena struct og_arena arena;
	const struct og_verify_place *at = NULL;
	uint32_t pods = 0, most = q->limit * FILL / 100;

	og_arena_init(&arena, 0, ARENA_BYTES);
	uint32_t n = places_of(s, &arena, &at);
	for (uint32_t i = 0; i < n; i++)
		pods += at[i].pods;
	if (!most)
		most = 1;
	if (n && !q->coarse && pods / most >= FINE_PARTS) {
		q->coarse = true;
		if (q->ask->coarse_whole) { /* its only part is asked again, in another way */
			q->parts[0].tried_ns = 0;
			return;
		}
	}
	if (n < 2 || (q->coarse && q->ask->coarse_whole)) {
		q->split_failed = true;
		return;
	}
	struct plan p = {.parts = og_calloc(OG_VERIFY_PARTS, sizeof(struct verify_part)),
		.coarse = q->coarse};
	if (!p.parts)
		return;
	fill(&p, at, n, most);
	if (p.oom)
		parts_free(p.parts, p.n);
	else
		replace(q, &p);
}

/* One part in two. */
static void halve(struct verify_question *q, struct verify_part *part)
{
	struct og_verify_place *places = og_calloc(part->nany, sizeof(*places));
	struct verify_part two[2];
	struct plan p = {.parts = two, .coarse = q->coarse};
	uint32_t n = part->nany, each = part->weight / n + 1;

	for (uint32_t i = 0; places && i < n; i++)
		places[i] = (struct og_verify_place){part->any[i], each, each};
	if (places) {
		add(&p, places, n / 2);
		add(&p, places + n / 2, n - n / 2);
	}
	og_free(places);
	if (p.n < 2) {
		for (uint32_t i = 0; i < p.n; i++)
			part_fini(&two[i]);
		return;
	}
	/* What it said stands for the first half until both are asked. */
	two[0].answer = og_take(part->answer);
	two[0].asked_s = part->asked_s;
	two[0].partial = true;
	part_fini(part);
	*part = two[0];
	q->parts[q->nparts++] = two[1];
}

void verify_question_split(
	struct verify_stack *s, struct verify_question *q, struct verify_part *p, uint32_t rows)
{
	if (rows && (!q->limit || rows < q->limit))
		q->limit = rows;
	if (!q->limit)
		q->limit = GUESS_ROWS;
	if (!p->any)
		split_whole(s, q);
	else if (p->nany > 1 && q->nparts < OG_VERIFY_PARTS)
		halve(q, p);
}

/* ---- namespaces that came later ---- */

void verify_question_widen(struct verify_stack *s, struct verify_question *q)
{
	og_auto_arena struct og_arena arena;
	const struct og_verify_place *at = NULL;
	struct og_map known;
	uint32_t n, missing = 0;

	og_arena_init(&arena, 0, ARENA_BYTES);
	if (!q->nparts || !q->parts[0].any)
		return;
	og_map_init(&known, s->v->o.seed, &arena);
	n = places_of(s, &arena, &at);
	for (uint32_t i = 0; i < q->nparts; i++)
		for (uint32_t j = 0; j < q->parts[i].nany; j++)
			(void)og_map_set(&known, q->parts[i].any[j], &known);
	struct og_verify_place *more = og_arena_new_n(&arena, n ? n : 1, struct og_verify_place);
	for (uint32_t i = 0; more && i < n; i++)
		if (!og_map_get(&known, at[i].ns))
			more[missing++] = at[i];
	if (!missing || arena.failed)
		return;
	if (q->nparts == OG_VERIFY_PARTS) { /* no room: begin anew */
		split_whole(s, q);
		return;
	}
	struct plan p = {.parts = q->parts, .n = q->nparts, .coarse = q->coarse};
	fill(&p, more, missing, q->limit * FILL / 100);
	q->nparts = p.n;
}
