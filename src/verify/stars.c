/* SPDX-License-Identifier: Apache-2.0 */
/* The answers that stars are counted by. */
#include "verify-priv.h"

enum { OLD_S = 3 * 3600 };

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
