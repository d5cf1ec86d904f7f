/* SPDX-License-Identifier: Apache-2.0 */
/* Rules over one workload: what the engine, the rollout rules or the controller say of it. */
#include "doctor-priv.h"

#define SAY(...) og_svz(og_arena_fmt(arena, __VA_ARGS__))

static bool is_it(const struct og_coverage_finding *x, const char *id)
{
	return !x->ignored && !strcmp(x->def->id, id);
}

/* One that says where, if any does: what else has the id is the same thing in other words. */
static bool take_finding(const struct og_coverage_row *row, const char *id, struct og_arena *arena,
	struct og_doctor_said *ret)
{
	const struct og_coverage_finding *first = NULL;
	uint32_t n = 0, placed = 0;

	for (uint32_t i = 0; i < row->nfindings; i++) {
		const struct og_coverage_finding *x = &row->findings[i];
		if (!is_it(x, id))
			continue;
		n++;
		if (!first || (x->place.n && !placed))
			first = x;
		placed += x->place.n > 0;
	}
	if (!first)
		return false;
	n = placed ? placed : n;
	ret->message = n > 1 ? SAY("%.*s (and %u more like it)", OG_SV_ARG(first->message), n - 1)
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

/* Those that somebody expects; what is said of an optional signal breaks nothing. */
bool doctor_of_signal(const struct og_doctor_facts *f, const struct og_doctor_rule *r,
	struct og_arena *arena, struct og_doctor_said *ret)
{
	bool optional = false, found = false;

	if (!f->row)
		return false;
	for (int i = 0; i < OG_SIGNAL_COUNT_; i++) {
		const struct og_coverage_signal *s = &f->row->row.signal[i];
		struct og_doctor_said said = *ret;
		const char *name = og_signal_name((enum og_signal)i);
		if (!take_cell(&s->cell, r->finding, &said))
			continue;
		if (!og_coverage_expects(s)) {
			optional = true;
			continue;
		}
		if (found) {
			ret->place = SAY("%.*s, %s", OG_SV_ARG(ret->place), name);
			continue;
		}
		found = true;
		*ret = said;
		ret->place = og_svz(name);
	}
	return found || (!optional && take_finding(&f->row->row, r->finding, arena, ret));
}
