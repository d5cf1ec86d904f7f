/* SPDX-License-Identifier: Apache-2.0 */
/* Rules over one workload: what the engine, the rollout rules or the controller say of it. */
#include "doctor-priv.h"

#define SAY(...) og_svz(og_arena_fmt(arena, __VA_ARGS__))

static bool take_finding(const struct og_coverage_row *row, const char *id, struct og_arena *arena,
	struct og_doctor_said *ret)
{
	const struct og_coverage_finding *first = NULL;
	uint32_t more = 0;

	for (uint32_t i = 0; i < row->nfindings; i++) {
		const struct og_coverage_finding *x = &row->findings[i];
		if (x->ignored || strcmp(x->def->id, id) != 0)
			continue;
		more += first != NULL;
		first = first ? first : x;
	}
	if (!first)
		return false;
	ret->message = more ? SAY("%.*s (and %u more like it)", OG_SV_ARG(first->message), more)
			    : first->message;
	ret->place = first->place;
	ret->fix = first->fix;
	return true;
}

static bool take_cell(const struct og_cell *c, const char *id, struct og_doctor_said *ret)
{
	if (c->ignored || !c->finding || strcmp(c->finding, id) != 0)
		return false;
	ret->message = c->message;
	ret->fix = c->fix;
	return true;
}

bool doctor_of_workload(const struct og_doctor_facts *f, const struct og_doctor_rule *r,
	struct og_arena *arena, struct og_doctor_said *ret)
{
	struct og_doctor_said cell = *ret;
	bool has = false;

	if (!f->row)
		return false;
	for (int i = 0; i < OG_LINK_COUNT_ && !has; i++)
		has = take_cell(&f->row->row.link[i], r->finding, &cell);
	bool found = take_finding(&f->row->row, r->finding, arena, ret);
	if (has && !found)
		*ret = cell;
	if (has && !ret->fix.n)
		ret->fix = cell.fix; /* cells have a command to copy where findings have words */
	return has || found;
}

/* What is wrong with a receiver on the way of one signal alone; a link that is only not known
 * breaks nothing. */
bool doctor_of_way(const struct og_doctor_facts *f, const struct og_doctor_rule *r,
	struct og_arena *arena, struct og_doctor_said *ret)
{
	const struct og_cell *c = f->row ? &f->row->row.link[OG_LINK_EGRESS] : NULL;

	(void)arena;
	return c && og_coverage_counts(c) == OG_RESULT_FAIL && take_cell(c, r->finding, ret);
}

/* One that somebody expects; what is said of an optional signal breaks nothing. */
bool doctor_of_signal(const struct og_doctor_facts *f, const struct og_doctor_rule *r,
	struct og_arena *arena, struct og_doctor_said *ret)
{
	bool optional = false;

	if (!f->row)
		return false;
	for (int i = 0; i < OG_SIGNAL_COUNT_; i++) {
		const struct og_coverage_signal *s = &f->row->row.signal[i];
		struct og_doctor_said said = *ret;
		if (!take_cell(&s->cell, r->finding, &said))
			continue;
		if (!og_coverage_expects(s)) {
			optional = true;
			continue;
		}
		*ret = said;
		ret->place = og_svz(og_signal_name((enum og_signal)i));
		return true;
	}
	return !optional && take_finding(&f->row->row, r->finding, arena, ret);
}
