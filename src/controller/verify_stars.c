/* SPDX-License-Identifier: Apache-2.0 */
/* What stars of workloads are counted by, of all that a stack's backends say. */
#include "otelgate/base/parse.h"
#include "verify-priv.h"

enum {
	STEPS = 20, /* the share of lines is told in so many steps: less is no news */
	TEXT_STEPS = 10000,
};

struct og_stars_facts *verify_stars(struct verify_part *p, const struct verify_part_stack *s,
	const struct og_stars_many *of, struct og_err *err)
{
	const struct og_stack *spec = verify_stack_spec(p, og_svz(s->name));
	struct og_stars_many in = *of;
	struct og_stars_evidence evidence;
	struct og_stars_facts *facts =
		og_arena_new_n(&p->arena, in.n ? in.n : 1, struct og_stars_facts);

	if (!facts) {
		(void)og_err_set(err, OG_E_OOM, "counting stars");
		return NULL;
	}
	for (uint32_t i = 0; i < in.n; i++)
		og_stars_facts_init(&facts[i]);
	if (og_verify_stars(p->engine, og_svz(s->name), &p->arena, &evidence, err) < 0)
		return NULL;
	in.evidence = &evidence;
	in.by_collector = spec && spec->receiver.type != OG_RECEIVER_GATEWAY;
	return og_stars_facts_of_many(&in, &p->arena, facts, err) < 0 ? NULL : facts;
}

static void round_off(double *share, int steps)
{
	if (*share >= 0)
		*share = (double)(int64_t)(*share * steps + 0.5) / steps;
}

void verify_stars_of(const struct og_arrival_workload *w, const struct og_arrival_result *r,
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
void verify_stars_write(const struct og_stars_facts *f, struct og_buf *out)
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

bool verify_stars_read(struct og_sv text, struct og_stars_facts *ret)
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

void verify_stars_mark(
	const struct og_arrival_result *r, const struct og_stars_facts *f, struct og_buf *out)
{
	struct og_stars stars;

	og_stars_count(r->signal, f, &stars);
	for (uint32_t i = 0; i < stars.nrows; i++)
		og_buf_fmt(out, " %d:%u", (int)stars.rows[i].known, stars.rows[i].met / 10);
}
