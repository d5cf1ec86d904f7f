/* SPDX-License-Identifier: Apache-2.0 */
/* The answers that stars are counted by. */
#include "otelgate/base/parse.h"
#include "verify-priv.h"

enum {
	OLD_S = 3 * 3600,
	STEPS = 20, /* the share of lines is told in so many steps: less is no news */
	TEXT_STEPS = 10000,
};

/* The only part of a question that is asked now and then; NULL = nothing is in hand. */
static const struct verify_part *in_hand(
	const struct verify_stack *s, const struct verify_question *q)
{
	const struct verify_part *p = q->ask->rare && q->nparts ? &q->parts[0] : NULL;

	return p && p->answer && verify_now_s(s->v) - p->asked_s <= OLD_S ? p : NULL;
}

int og_verify_stars(const struct og_verify *v, struct og_sv stack, struct og_arena *arena,
	struct og_stars_evidence *ret, struct og_err *err)
{
	const struct verify_stack *s = verify_stack_of(v, stack);
	struct og_stars_evidence e = {0};
	uint32_t most = 0;

	for (int i = 0; s && i < VERIFY_ASKS; i++) {
		const struct verify_part *p = in_hand(s, &s->questions[i]);
		most += p ? p->answer->nrows : 0;
	}
	struct og_arrival_row *rows = og_arena_new_n(arena, most + 1, struct og_arrival_row);
	struct og_stars_note *notes = og_arena_new_n(arena, most + 1, struct og_stars_note);
	if (!rows || !notes)
		return og_err_set(err, OG_E_OOM, "gathering what stars are counted by");
	for (int i = 0; s && i < VERIFY_ASKS; i++) {
		const struct verify_question *q = &s->questions[i];
		const struct verify_part *p = in_hand(s, q);
		if (!p)
			continue;
		e.source[q->ask->stars] = (struct og_stars_source){true, p->partial};
		for (uint32_t k = 0; k < p->answer->nrows; k++) {
			rows[e.n] = verify_answer_row(p->answer, k);
			rows[e.n].signal = og_verify_signal(q->ask->backend);
			notes[e.n++] = (struct og_stars_note){.ask = q->ask->stars,
				.metric = verify_answer_text(p->answer, k, VT_METRIC),
				.version = verify_answer_text(p->answer, k, VT_VERSION)};
		}
	}
	e.rows = rows;
	e.notes = notes;
	*ret = e;
	return 0;
}

struct og_stars_facts *og_verify_stars_many(const struct og_verify *v, const struct og_stack *spec,
	const struct og_stars_many *of, struct og_arena *arena, struct og_err *err)
{
	struct og_stars_many in = *of;
	struct og_stars_evidence evidence;
	struct og_stars_facts *facts =
		og_arena_new_n(arena, in.n ? in.n : 1, struct og_stars_facts);

	if (!facts) {
		(void)og_err_set(err, OG_E_OOM, "counting stars");
		return NULL;
	}
	for (uint32_t i = 0; i < in.n; i++)
		og_stars_facts_init(&facts[i]);
	if (og_verify_stars(v, spec->name, arena, &evidence, err) < 0)
		return NULL;
	in.evidence = &evidence;
	in.by_collector = spec->receiver.type != OG_RECEIVER_GATEWAY;
	return og_stars_facts_of_many(&in, arena, facts, err) < 0 ? NULL : facts;
}

static void round_off(double *share, int steps)
{
	if (*share >= 0)
		*share = (double)(int64_t)(*share * steps + 0.5) / steps;
}

void og_verify_stars_of(const struct og_arrival_workload *w, const struct og_arrival_result *r,
	const struct og_findings *findings, struct og_stars_facts *f)
{
	og_stars_facts_of_arrival(w, r->signal, findings, f);
	round_off(&f->logs_with_trace, STEPS);
	round_off(&f->export_failed, TEXT_STEPS);
	round_off(&f->dropped, TEXT_STEPS);
}

/* ---- from one process to the next ---- */

static const char fact_letters[] = {
	[OG_FACT_UNKNOWN] = '-', [OG_FACT_NO] = 'n', [OG_FACT_YES] = 'y'};

/* ",YE:SHARE:SHARE:SHARE": version, exemplars; lines with a trace, failed, dropped. */
void og_verify_stars_write(const struct og_stars_facts *f, struct og_buf *out)
{
	const double shares[] = {f->logs_with_trace, f->export_failed, f->dropped};
	bool any = f->service_version != OG_FACT_UNKNOWN || f->exemplars != OG_FACT_UNKNOWN;

	for (size_t i = 0; i < OG_COUNT(shares); i++)
		any |= shares[i] >= 0;
	if (!any)
		return;
	og_buf_fmt(out, ",%c%c", fact_letters[f->service_version], fact_letters[f->exemplars]);
	for (size_t i = 0; i < OG_COUNT(shares); i++) {
		og_buf_ch(out, ':');
		if (shares[i] >= 0)
			og_buf_fmt(out, "%u", (unsigned)(shares[i] * TEXT_STEPS + 0.5));
	}
}

static bool read_fact(char c, enum og_fact *ret)
{
	for (size_t i = 0; i < OG_COUNT(fact_letters); i++)
		if (fact_letters[i] == c) {
			*ret = (enum og_fact)i;
			return true;
		}
	return false;
}

static bool read_stars(struct og_sv text, struct og_stars_facts *ret)
{
	struct og_stars_facts f;
	double *const shares[] = {&f.logs_with_trace, &f.export_failed, &f.dropped};
	struct og_sv rest = text, part;

	og_stars_facts_init(&f);
	if (!og_sv_split(&rest, ':', &part) || part.n != 3 || part.p[0] != ',' ||
		!read_fact(part.p[1], &f.service_version) || !read_fact(part.p[2], &f.exemplars))
		return false;
	for (size_t i = 0; i < OG_COUNT(shares); i++) {
		uint32_t n = 0;
		bool last = i + 1 == OG_COUNT(shares);
		size_t end = og_sv_chr(rest, ':');
		if (last ? end != rest.n : end == rest.n)
			return false;
		part = og_sv(rest.p, end);
		if (part.n && og_parse_u32(part, 0, TEXT_STEPS, &n, NULL) < 0)
			return false;
		if (part.n)
			*shares[i] = (double)n / TEXT_STEPS;
		rest = last ? OG_SV("") : og_sv(rest.p + end + 1, rest.n - end - 1);
	}
	*ret = f;
	return true;
}

bool og_verify_seen_read(struct og_sv text, int64_t now_s, uint64_t *ret_mark,
	struct og_stars_facts *ret_stars, bool *ret_has_stars, struct og_arrival_memory *ret)
{
	struct og_sv rest = text, mark, stars;

	*ret_has_stars = false;
	if (!og_sv_split(&rest, ' ', &mark))
		return false;
	size_t comma = og_sv_chr(mark, ',');
	stars = og_sv(mark.p + comma, mark.n - comma);
	mark.n = comma;
	*ret_has_stars = stars.n && read_stars(stars, ret_stars);
	return og_parse_u64(mark, 0, UINT64_MAX, ret_mark, NULL) == 0 &&
	       og_arrival_memory_read(rest, now_s, ret, NULL) == 0;
}
