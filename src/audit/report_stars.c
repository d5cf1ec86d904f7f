/* SPDX-License-Identifier: Apache-2.0 */
/* The table of stars on a terminal. */
#include "otelgate/base/mem.h"
#include "otelgate/codec/table.h"
#include "report-priv.h"

const struct og_stars_rule *og_report_first_star(const struct og_coverage_row *row)
{
	const struct og_stars_rule *best = NULL;
	uint32_t least = UINT32_MAX;

	for (int d = 0; row->stars.told && d < OG_STARS_DIMENSION_COUNT_; d++) {
		const struct og_stars_brief_score *s = &row->stars.score[d];
		if (!s->applies || !s->raise || s->best_percent >= least)
			continue;
		least = s->best_percent;
		best = s->raise;
	}
	return best;
}

struct og_sv og_report_stars_word(
	const struct og_coverage_row *row, enum og_stars_dimension d, struct og_arena *arena)
{
	og_auto_buf struct og_buf b = OG_BUF_INIT(64);

	if (!row->stars.told)
		return OG_SV("-");
	og_stars_brief_text(&row->stars.score[d], d, &b);
	return og_arena_sv(arena, og_buf_view(&b));
}

enum { FIRST = 2, COLUMNS = FIRST + OG_STARS_DIMENSION_COUNT_ + 1 };
static const struct og_table_column columns[COLUMNS] = {
	{.header = "NAMESPACE"},
	{.header = "WORKLOAD", .max_width = 48},
	{.header = "COVERAGE"},
	{.header = "QUALITY"},
	{.header = "CORRELATION"},
	{.header = "PERFORMANCE"},
	{.header = "PRODUCTION"},
	{.header = "PROFILING"},
	{.header = "FIRST", .max_width = 60},
};

static bool add_row(
	struct og_table *t, const struct og_coverage_row *row, const struct og_report_opts *o)
{
	const struct og_stars_rule *first = og_report_first_star(row);
	struct og_sv cells[COLUMNS] = {
		row->ns.n ? row->ns : OG_SV("<none>"), og_report_object(row, t->arena)};

	for (int d = 0; d < OG_STARS_DIMENSION_COUNT_; d++) {
		og_auto_buf struct og_buf b = OG_BUF_INIT(64);
		og_stars_brief_draw(
			&row->stars.score[d], (enum og_stars_dimension)d, !o->ascii, &b);
		cells[FIRST + d] = og_arena_sv(t->arena, og_buf_view(&b));
		if (b.failed)
			return false;
	}
	cells[COLUMNS - 1] = first ? og_svz(first->rise) : OG_SV("<none>");
	og_table_row(t, cells);
	return true;
}

bool report_stars(const struct og_coverage *c, const struct og_report_opts *o,
	struct og_arena *arena, struct og_buf *out)
{
	struct og_table t;
	uint32_t out_of_it = 0;

	og_table_init(&t, arena, columns, COLUMNS);
	for (uint32_t i = 0; i < c->n; i++) {
		if (report_skips(o, &c->rows[i]))
			continue;
		if (!c->rows[i].stars.told)
			out_of_it++;
		else if (!add_row(&t, &c->rows[i], o))
			return false;
	}
	if (t.nrows && !og_table_write(&t, !o->no_headers, out))
		return false;
	if (o->no_headers)
		return !out->failed && !arena->failed;
	if (t.nrows)
		og_buf_fmt(out, "\n%s\n",
			o->ascii ? "* earned, ? not known, - missed or does not apply"
				 : "★ earned, ◌ not known, ☆ missed, - does not apply");
	if (out_of_it)
		og_buf_fmt(out, "%u workload%s without: nobody opted %s in, or nothing is known.\n",
			out_of_it, out_of_it == 1 ? "" : "s", out_of_it == 1 ? "it" : "them");
	return !out->failed && !arena->failed;
}
