/* SPDX-License-Identifier: Apache-2.0 */
/* Stars in short. */
#include "otelgate/core/stars_brief.h"

#include "otelgate/base/mem.h"

const char *og_stars_dimension_id(enum og_stars_dimension d)
{
	static const char *const ids[OG_STARS_DIMENSION_COUNT_] = {[OG_STARS_COVERAGE] = "coverage",
		[OG_STARS_QUALITY] = "quality",
		[OG_STARS_CORRELATION] = "correlation",
		[OG_STARS_PERFORMANCE] = "performance",
		[OG_STARS_PRODUCTION] = "production",
		[OG_STARS_PROFILING] = "profiling"};
	return (unsigned)d < OG_COUNT(ids) ? ids[d] : "?";
}

const struct og_stars_rule *og_stars_rule_of(struct og_sv id)
{
	for (size_t i = 0; i < OG_STARS_RULES; i++)
		if (og_sv_eq(id, og_svz(og_stars_rule(i)->id)))
			return og_stars_rule(i);
	return NULL;
}

/* The list of what would raise scores begins with what would most: the first of each dimension. */
static const struct og_stars_rule *raises(const struct og_stars *s, enum og_stars_dimension d)
{
	for (uint32_t i = 0; i < s->nnext; i++)
		if (s->rows[s->next[i]].rule->dimension == d)
			return s->rows[s->next[i]].rule;
	return NULL;
}

static const struct og_stars_rule *heaviest_unknown(
	const struct og_stars *s, const struct og_stars_score *score)
{
	const struct og_stars_rule *best = NULL;

	for (uint32_t i = score->first; i < score->first + score->n; i++)
		if (s->rows[i].known == OG_STARS_UNKNOWN &&
			(!best || s->rows[i].rule->weight > best->weight))
			best = s->rows[i].rule;
	return best;
}

void og_stars_brief_of(const struct og_stars *s, struct og_stars_brief *ret)
{
	*ret = (struct og_stars_brief){.told = true};
	for (int d = 0; d < OG_STARS_DIMENSION_COUNT_; d++) {
		const struct og_stars_score *from = &s->score[d];
		if (!from->applies)
			continue;
		ret->score[d] = (struct og_stars_brief_score){.applies = true,
			.stars = from->stars,
			.best = from->best_stars,
			.percent = from->earned / 10,
			.best_percent = from->best / 10,
			.raise = raises(s, (enum og_stars_dimension)d),
			.unknown = heaviest_unknown(s, from)};
	}
}

void og_stars_brief_draw(const struct og_stars_brief_score *s, enum og_stars_dimension d, bool utf8,
	struct og_buf *out)
{
	const struct og_stars_score full = {.dimension = d,
		.applies = s->applies,
		.stars = s->stars,
		.best_stars = s->best,
		.most = og_stars_most(d)};

	og_stars_draw(&full, utf8, out);
}

void og_stars_brief_text(
	const struct og_stars_brief_score *s, enum og_stars_dimension d, struct og_buf *out)
{
	if (!s->applies) {
		og_buf_ch(out, '-');
		return;
	}
	og_buf_fmt(out, "%u", s->stars);
	if (s->best > s->stars)
		og_buf_fmt(out, "-%u", s->best);
	og_buf_fmt(out, "/%u", og_stars_most(d));
}
