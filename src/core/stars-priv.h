/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* The rules of core/stars with what computes them. */
#include "otelgate/core/stars.h"

struct st_input {
	const struct og_arrival_verdict *v;
	const struct og_stars_facts *f;
};
enum { ST_UNKNOWN = -1, ST_NOT_APPLICABLE = -2 };
/* Thousandths met, or one of the above. */
typedef int st_judge(const struct st_input *in);

struct st_rule {
	struct og_stars_rule rule;
	st_judge *judge;
};
extern const struct st_rule st_rules[OG_STARS_RULES];
