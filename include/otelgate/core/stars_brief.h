/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* The stars of a workload as they are shown and kept: six scores, and for each the rule that would
 * raise it first. */
#include "otelgate/core/stars.h"

struct og_stars_brief_score {
	bool applies;
	uint32_t stars, best;  /* of og_stars_most; best: if all that is not known is well */
	uint32_t percent;      /* earned, 0 to 100 */
	uint32_t best_percent; /* never less */
	/* The rule that is known not to be met whole and would raise it most, and the heaviest that
	 * is not known; NULL = there is none. */
	const struct og_stars_rule *raise, *unknown;
};
struct og_stars_brief {
	bool told; /* false: nothing is said of stars */
	struct og_stars_brief_score score[OG_STARS_DIMENSION_COUNT_];
};
void og_stars_brief_of(const struct og_stars *s, struct og_stars_brief *ret);

/* NULL when there is none of that id. */
const struct og_stars_rule *og_stars_rule_of(struct og_sv id);
/* "coverage", …, "production", "profiling": members and labels. */
const char *og_stars_dimension_id(enum og_stars_dimension d);

/* As og_stars_draw. */
void og_stars_brief_draw(const struct og_stars_brief_score *s, enum og_stars_dimension d, bool utf8,
	struct og_buf *out);
/* "4/5", "2-4/5" with what is not known, "-" when it does not apply. */
void og_stars_brief_text(
	const struct og_stars_brief_score *s, enum og_stars_dimension d, struct og_buf *out);
