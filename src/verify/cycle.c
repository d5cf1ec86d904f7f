/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One cycle: what is asked as a whole first, then of what is asked in parts those that were asked
 * longest ago, as far as the calls reach; and what becomes of the answers.
 */
#include "verify-priv.h"

enum {
	FIRST_MS = 2000, /* the first cycle begins within */
	STEP_MIN_S = 10,
	STEP_MAX_S = 60,
	RARE_MS = 3600000, /* what stars are counted by changes slowly */
	RARE_FAILED_MS = RARE_MS / 6,
	SKEW_S = 2, /* Date headers are of whole seconds, and answers take their time */
};

struct asked {
	struct asked *next, **at; /* those under way: freed with the stack, if no answer comes */
	struct verify_stack *s;
	struct verify_question *q;
	uint32_t part;
};

/* ---- its end ---- */

static void tell_backend(struct verify_stack *s, enum og_gf_backend which)
{
	struct verify_backend *b = &s->backend[which];
	const char *why = og_verify_word(b->worst, b->worst_why);

	if (!b->any)
		return;
	if (!b->why || strcmp(b->why, why) != 0)
		b->since_s = verify_now_s(s->v);
	b->state = b->worst;
	b->why = why;
	b->finding = og_verify_finding(b->worst, b->worst_why);
	(void)og_sv_set(&b->message, og_svz(b->worst_message));
}

static void end(struct verify_stack *s)
{
	struct og_verify *v = s->v;
	int64_t jitter = (int64_t)(verify_random(v) % (s->interval_ms / 5 + 1));
	int64_t in_ms = (int64_t)s->interval_ms - s->interval_ms / 10 + jitter;
	bool whole = true;

	for (int i = 0; i < OG_GF_COUNT_; i++)
		tell_backend(s, (enum og_gf_backend)i);
	for (int i = 0; i < VERIFY_ASKS; i++) {
		const struct verify_question *q = &s->questions[i];
		if (q->ask->rare)
			continue;
		for (uint32_t j = 0; j < q->nparts && s->backend[q->ask->backend].configured; j++)
			whole &= q->parts[j].tried_ns != 0;
	}
	s->stats.cycles++;
	s->stats.cycle_calls = s->calls;
	s->stats.cycle_bytes = s->bytes;
	s->stats.whole |= whole;
	s->cycling = false;
	if (og_timer_in(v->o.loop, &s->timer, s->again ? 0 : in_ms, verify_cycle_begin, s) < 0)
		og_log(OG_LOG_ERROR, "verify", "no memory for a timer",
			og_lf_str("stack", s->name));
	s->again = false;
	if (v->o.on_cycle) /* last: it may take the stack away */
		v->o.on_cycle(v->o.ctx, og_svz(s->name));
}

/* ---- answers ---- */

/* How bad a state is, for the sum of a cycle. */
static int badness(enum og_gf_state s)
{
	return og_gf_state_is_answer(s) ? 0 : OG_GF_QUERY_ERROR + 1 - (int)s;
}

void verify_gather(struct verify_backend *b, const struct og_gf_answer *a)
{
	if (!b->any || badness(a->state) > badness(b->worst)) {
		b->worst = a->state;
		b->worst_why = a->why;
		(void)og_sv_set(&b->worst_message,
			og_gf_state_is_answer(a->state) ? a->rows.warning : a->message);
	}
	b->any = true;
	b->took_ms = a->took_ms;
	if (a->date_s)
		b->skew_ms = a->skew_ms;
	if (og_gf_state_is_answer(a->state) && a->asked_s > b->asked_s)
		b->asked_s = a->asked_s;
}

static void keep(struct verify_stack *s, struct verify_question *q, struct verify_part *p,
	const struct og_gf_answer *a)
{
	struct verify_answer *kept = verify_answer_new(&a->rows, og_svz(s->cluster), s->v->o.seed);

	if (!kept) {
		p->failed = true;
		return;
	}
	verify_answer_free(p->answer);
	p->answer = kept;
	p->asked_s = a->asked_s;
	p->partial = a->rows.partial;
	p->failed = false;
	if (q->base && verify_question_answered(q)) {
		verify_answer_free(q->base);
		q->base = NULL;
	}
}

static void asked_end(struct asked *c)
{
	*c->at = c->next;
	if (c->next)
		c->next->at = c->at;
	og_free(c);
}

void verify_cycle_forget(struct verify_stack *s)
{
	while (s->asked)
		asked_end(s->asked);
}

static void on_answer(void *ctx, const struct og_gf_answer *a)
{
	struct asked *c = ctx;
	struct verify_stack *s = c->s;
	struct verify_question *q = c->q;
	struct verify_part *p = &q->parts[c->part];
	bool evidence = og_gf_state_is_answer(a->state);

	asked_end(c);
	p->busy = false;
	s->stats.calls += a->tries;
	s->stats.wire_bytes += a->wire_bytes;
	s->stats.body_bytes += a->body_bytes;
	s->calls += a->tries;
	s->bytes += a->body_bytes;
	/* A server that cannot count requests, or knows nothing of what stars are counted by, can
	 * say what arrives all the same. */
	bool minor = q->ask->rare || (q->ask->traffic && a->state == OG_GF_QUERY_ERROR);
	if (!evidence)
		s->stats.failed++;
	if (!minor)
		verify_gather(&s->backend[q->ask->backend], a);
	if (evidence)
		keep(s, q, p, a);
	else
		p->failed = true;
	bool cut = evidence ? a->rows.partial : a->too_large;
	if (cut && !q->split_failed && !q->ask->rare)
		verify_question_split(s, q, p, evidence ? a->rows.n : 0);
	if (--s->waiting == 0)
		end(s);
}

/* ---- asking ---- */

/* How exactly the age of a sample is to be known: finer costs the backend more. A sample shows no
 * sooner than with the next step. */
static int64_t step_of(const struct verify_stack *s)
{
	int64_t step = s->freshness_ms / 1000 / 20;

	return step < STEP_MIN_S ? STEP_MIN_S : step > STEP_MAX_S ? STEP_MAX_S : step;
}

/* The present by the backend's clock, as far as it has told. */
static int64_t now_there(const struct verify_stack *s, const struct verify_backend *b)
{
	int64_t skew = b->skew_ms / 1000;

	return verify_now_s(s->v) - (skew > SKEW_S || skew < -SKEW_S ? skew : 0);
}

static struct og_gf_query query_of(
	const struct verify_stack *s, const struct verify_question *q, const struct verify_part *p)
{
	struct og_gf_query r = {.ask = q->coarse ? q->ask->coarse : q->ask->ask,
		.cluster = q->ask->any_cluster ? OG_SV("") : og_svz(s->cluster),
		.end_s = now_there(s, &s->backend[q->ask->backend]),
		.window_s = (q->ask->fresh ? s->freshness_ms : s->window_ms) / 1000,
		.fresh_s = s->freshness_ms / 1000,
		.step_s = step_of(s),
		.by = q->coarse ? q->ask->coarse_by : q->ask->by};

	if (p->any)
		r.shard = (struct og_gf_shard){
			.key = OG_GF_KEY_K8S_NAMESPACE, .any = p->any, .nany = p->nany};
	return r;
}

static void refused(struct verify_stack *s, struct verify_question *q, struct verify_part *p,
	const struct og_err *err)
{
	const struct og_gf_answer a = {
		.state = OG_GF_QUERY_ERROR, .why = OG_GF_WHY_QUERY, .message = og_svz(err->msg)};

	p->failed = true;
	p->busy = false;
	if (!q->ask->rare)
		verify_gather(&s->backend[q->ask->backend], &a);
}

static void ask(struct verify_stack *s, struct verify_question *q, uint32_t part)
{
	struct verify_part *p = &q->parts[part];
	/* The next cycle is the next try; what was said before bridges until then. */
	const struct og_gf_ask_opts once = {.once = true};
	struct og_gf_query r = query_of(s, q, p);
	struct asked *c = og_calloc(1, sizeof(*c));
	struct og_err err = OG_ERR_INIT;

	p->tried_ns = og_loop_now_ns(s->v->o.loop);
	p->busy = true;
	if (!c) {
		(void)og_err_set(&err, OG_E_OOM, "out of memory");
		refused(s, q, p, &err);
		return;
	}
	*c = (struct asked){.next = s->asked, .at = &s->asked, .s = s, .q = q, .part = part};
	if (og_gf_client_ask(s->client, &r, &once, c, on_answer, NULL, &err) < 0) {
		og_free(c);
		refused(s, q, p, &err);
		return;
	}
	if (c->next)
		c->next->at = &c->next;
	s->asked = c;
	s->waiting++;
}

static bool askable(const struct verify_stack *s, const struct verify_question *q)
{
	const struct verify_backend *b = &s->backend[q->ask->backend];

	return b->configured && b->url[0] && !b->bad;
}

/* The part that was asked longest ago; of equals the first. */
static bool oldest(struct verify_stack *s, int64_t before_ns, struct verify_question **ret_q,
	uint32_t *ret_part)
{
	int64_t best = before_ns;
	bool found = false;

	for (int i = 0; i < VERIFY_ASKS; i++) {
		struct verify_question *q = &s->questions[i];
		for (uint32_t j = 0; j < q->nparts && q->nparts > 1 && askable(s, q); j++) {
			if (q->parts[j].busy || q->parts[j].tried_ns >= best)
				continue;
			best = q->parts[j].tried_ns;
			*ret_q = q;
			*ret_part = j;
			found = true;
		}
	}
	return found;
}

/* ---- for the stars ---- */

/* One of a cycle, unless cycles are so rare that an hour would not be enough for all. */
static unsigned rare_each(const struct verify_stack *s)
{
	if (!s->stats.whole) /* proof comes first */
		return 0;
	return (int64_t)s->interval_ms * VERIFY_ASKS > RARE_MS ? 2 : 1;
}

/* The one that was asked longest ago, if it is its turn. */
static struct verify_question *rarest(struct verify_stack *s, int64_t now_ns)
{
	struct verify_question *best = NULL;

	for (int i = 0; i < VERIFY_ASKS; i++) {
		struct verify_question *q = &s->questions[i];
		const struct verify_part *p = q->parts;
		int64_t after_ms = p && p->failed ? RARE_FAILED_MS : RARE_MS;
		if (!q->ask->rare || !p || p->busy || !askable(s, q))
			continue;
		if (p->tried_ns && now_ns - p->tried_ns < after_ms * OG_NS_PER_MS)
			continue;
		if (!best || p->tried_ns < best->parts->tried_ns)
			best = q;
	}
	return best;
}

static void bad_urls(struct verify_stack *s)
{
	for (int i = 0; i < OG_GF_COUNT_; i++) {
		struct verify_backend *b = &s->backend[i];
		const struct og_gf_answer a = {.state = OG_GF_WRONG_PATH,
			.why = OG_GF_WHY_NONE,
			.message = og_svz(b->bad)};
		b->any = false;
		if (b->bad)
			verify_gather(b, &a);
	}
}

/* How long a turn takes: so many parts, so many at a time. */
static void time_turn(struct verify_stack *s, unsigned whole, unsigned parts)
{
	unsigned each = whole < OG_VERIFY_CALLS ? OG_VERIFY_CALLS - whole : 1;
	unsigned cycles = 1 + (parts ? (parts + each - 1) / each - 1 : 0);

	s->stats.turn_s = (int64_t)cycles * s->interval_ms / 1000;
}

/* With the places known. */
void verify_cycle_go_on(struct verify_stack *s)
{
	int64_t begun = og_loop_now_ns(s->v->o.loop);
	unsigned whole = 0, parts = 0;
	struct verify_question *q;
	uint32_t part;

	s->waiting = 1; /* ours, until all are asked */
	for (int i = 0; i < VERIFY_ASKS; i++) {
		q = &s->questions[i];
		if (q->ask->rare || !askable(s, q))
			continue;
		verify_question_widen(s, q);
		if (q->nparts == 1) {
			ask(s, q, 0);
			whole++;
		} else {
			parts += q->nparts;
		}
	}
	unsigned n = whole;
	for (; n < OG_VERIFY_CALLS && oldest(s, begun, &q, &part); n++)
		ask(s, q, part);
	for (unsigned most = n + rare_each(s);
		n < most && n < OG_VERIFY_CALLS && (q = rarest(s, begun)); n++)
		ask(s, q, 0);
	time_turn(s, whole, parts);
	if (--s->waiting == 0)
		end(s);
}

void verify_cycle_begin(void *stack)
{
	struct verify_stack *s = stack;

	s->cycling = true;
	s->calls = 0;
	s->bytes = 0;
	bad_urls(s);
	if (!verify_discover(s))
		verify_cycle_go_on(s);
}

void verify_cycle_soon(struct verify_stack *s)
{
	uint32_t most = s->interval_ms / 4 < FIRST_MS ? s->interval_ms / 4 : FIRST_MS;

	if (s->cycling)
		s->again = true;
	else
		(void)og_timer_in(s->v->o.loop, &s->timer,
			(int64_t)(verify_random(s->v) % (most + 1)), verify_cycle_begin, s);
}
