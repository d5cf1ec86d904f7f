/* SPDX-License-Identifier: Apache-2.0 */
/* What of a workload's stars makes them others. */
#include "verify-priv.h"

void verify_stars_mark(
	const struct og_arrival_result *r, const struct og_stars_facts *f, struct og_buf *out)
{
	struct og_stars stars;

	og_stars_count(r->signal, f, &stars);
	for (uint32_t i = 0; i < stars.nrows; i++)
		og_buf_fmt(out, " %d:%u", (int)stars.rows[i].known, stars.rows[i].met / 10);
}
