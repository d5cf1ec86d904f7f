/* SPDX-License-Identifier: Apache-2.0 */
/* Counting stars: weights of what is met, of what is not known, and of what would raise a score. */
#include "stars-priv.h"

#include "otelgate/base/mem.h"

static const struct {
	const char *name;
	uint32_t most;
} dimensions[OG_STARS_DIMENSION_COUNT_] = {
	[OG_STARS_COVERAGE] = {"Coverage", 5},
	[OG_STARS_QUALITY] = {"Quality", 5},
	[OG_STARS_CORRELATION] = {"Correlation", 5},
	[OG_STARS_PERFORMANCE] = {"Performance", 5},
	[OG_STARS_PRODUCTION] = {"Production readiness", 5},
	[OG_STARS_PROFILING] = {"Profiling", 3},
};

const char *og_stars_dimension_name(enum og_stars_dimension d)
{
	return (unsigned)d < OG_COUNT(dimensions) ? dimensions[d].name : "?";
}

uint32_t og_stars_most(enum og_stars_dimension d)
{
	return (unsigned)d < OG_COUNT(dimensions) ? dimensions[d].most : 0;
}

void og_stars_facts_init(struct og_stars_facts *f)
{
	*f = (struct og_stars_facts){.logs_with_trace = -1,
		.export_failed = -1,
		.dropped = -1,
		.retried = -1,
		.overhead = -1};
}

void og_stars_facts_add(struct og_stars_facts *f, const struct og_stars_facts *from)
{
#define FACT(x)                 \
	{                       \
		&f->x, &from->x \
	}
	const struct {
		enum og_fact *to;
		const enum og_fact *of;
	} facts[] = {FACT(k8s_attributes), FACT(service_version), FACT(instance_id),
		FACT(name_right), FACT(name_unique), FACT(exemplars), FACT(one_name),
		FACT(sampler_set), FACT(replicas), FACT(rollout_complete), FACT(egress_allowed),
		FACT(restarts), FACT(resources), FACT(probes)};
	const struct {
		double *to;
		const double *of;
	} shares[] = {FACT(logs_with_trace), FACT(export_failed), FACT(dropped), FACT(retried),
		FACT(overhead)};
#undef FACT

	for (size_t i = 0; i < OG_COUNT(facts); i++)
		if (*facts[i].to == OG_FACT_UNKNOWN)
			*facts[i].to = *facts[i].of;
	for (size_t i = 0; i < OG_COUNT(shares); i++)
		if (!(*shares[i].to >= 0)) /* NaN, too */
			*shares[i].to = *shares[i].of;
}

const struct og_stars_rule *og_stars_rule(size_t i)
{
	return i < OG_STARS_RULES ? &st_rules[i].rule : NULL;
}

static void score(struct og_stars *r, struct og_stars_score *s)
{
	uint64_t all = 0, earned = 0, unknown = 0;
	for (uint32_t i = s->first; i < s->first + s->n; i++) {
		const struct og_stars_row *row = &r->rows[i];
		if (row->known == OG_STARS_NOT_APPLICABLE)
			continue;
		all += row->rule->weight * 1000ull;
		if (row->known == OG_STARS_KNOWN)
			earned += (uint64_t)row->rule->weight * row->met;
		else
			unknown += row->rule->weight * 1000ull;
	}
	s->most = og_stars_most(s->dimension);
	s->applies = all > 0;
	if (!all)
		return;
	s->earned = (uint32_t)(earned * 1000 / all);
	s->best = (uint32_t)((earned + unknown) * 1000 / all);
	s->stars = (uint32_t)(earned * s->most / all);
	s->best_stars = (uint32_t)((earned + unknown) * s->most / all);
}

/* By how much the score of its dimension would rise, in thousandths. */
static uint64_t lost(const struct og_stars *r, uint32_t i)
{
	const struct og_stars_row *row = &r->rows[i];
	uint64_t all = 0;
	if (row->known != OG_STARS_KNOWN)
		return 0;
	const struct og_stars_score *s = &r->score[row->rule->dimension];
	for (uint32_t k = s->first; k < s->first + s->n; k++)
		if (r->rows[k].known != OG_STARS_NOT_APPLICABLE)
			all += r->rows[k].rule->weight;
	return (uint64_t)row->rule->weight * (1000 - row->met) * 1000 / all;
}

static void order(struct og_stars *r)
{
	for (uint32_t i = 0; i < r->nrows; i++) {
		uint64_t by = lost(r, i);
		if (!by)
			continue;
		uint32_t at = r->nnext++;
		for (; at > 0 && lost(r, r->next[at - 1]) < by; at--)
			r->next[at] = r->next[at - 1];
		r->next[at] = i;
	}
}

void og_stars_count(const struct og_arrival_verdict verdicts[OG_SIGNAL_COUNT_],
	const struct og_stars_facts *facts, struct og_stars *ret)
{
	struct og_stars_facts none;
	og_stars_facts_init(&none);
	const struct st_input in = {verdicts, facts ? facts : &none};
	struct og_stars r = {0};
	for (unsigned d = 0; d < OG_STARS_DIMENSION_COUNT_; d++) {
		struct og_stars_score *s = &r.score[d];
		s->dimension = (enum og_stars_dimension)d;
		s->first = r.nrows;
		for (size_t i = 0; i < OG_STARS_RULES; i++) {
			if (st_rules[i].rule.dimension != s->dimension)
				continue;
			int met = st_rules[i].judge(&in);
			r.rows[r.nrows++] = (struct og_stars_row){&st_rules[i].rule,
				met >= 0	    ? OG_STARS_KNOWN
				: met == ST_UNKNOWN ? OG_STARS_UNKNOWN
						    : OG_STARS_NOT_APPLICABLE,
				met > 0 ? (uint32_t)met : 0};
		}
		s->n = r.nrows - s->first;
		score(&r, s);
	}
	order(&r);
	*ret = r;
}

void og_stars_draw(const struct og_stars_score *s, bool utf8, struct og_buf *out)
{
	if (!s->applies) {
		og_buf_ch(out, '-');
		return;
	}
	for (uint32_t i = 0; i < s->most; i++)
		og_buf_str(out, i < s->stars	    ? (utf8 ? "\u2605" : "*")
				: i < s->best_stars ? (utf8 ? "\u25cc" : "?")
						    : (utf8 ? "\u2606" : "-"));
}
