/* SPDX-License-Identifier: Apache-2.0 */
/* Missed admissions for people and for programs. */
#include "otelgate/base/clock.h"
#include "otelgate/base/mem.h"
#include "otelgate/cli/term.h"
#include "otelgate/codec/jwrite.h"
#include "otelgate/codec/table.h"
#include "missed-priv.h"

/* "45s", "12m", "5h", "3d": kubectl's AGE, in its coarsest form. */
static struct og_sv age(struct og_arena *a, int64_t then_s, int64_t now_s)
{
	static const struct {
		int64_t from, unit;
		char letter;
	} steps[] = {{2 * 86400, 86400, 'd'}, {2 * 3600, 3600, 'h'}, {120, 60, 'm'}, {0, 1, 's'}};
	int64_t s = now_s - then_s;

	if (!then_s)
		return OG_SV("<unknown>");
	s = s < 0 ? 0 : s;
	for (size_t i = 0; i < OG_COUNT(steps); i++)
		if (s >= steps[i].from)
			return og_svz(og_arena_fmt(
				a, "%lld%c", (long long)(s / steps[i].unit), steps[i].letter));
	return OG_SV("0s");
}

static struct og_sv text_of(struct og_arena *a, const struct og_missed_row *r,
	void (*write)(const struct og_missed_row *, struct og_buf *))
{
	og_auto_buf struct og_buf b = OG_BUF_INIT(4096);

	write(r, &b);
	return og_arena_sv(a, og_buf_view(&b));
}

void og_missed_table(const struct og_missed_report *r, bool wide, bool headers, bool ascii,
	int64_t now_s, struct og_arena *arena, struct og_buf *out)
{
	static const struct og_table_column columns[] = {{"NAMESPACE", 0, false},
		{"WORKLOAD", 0, false}, {"PODS", 0, true}, {"AGE", 0, true}, {"REASON", 0, false},
		{"OPTED-IN-BY", 0, false}, {"PROFILE", 0, false}, {"DETAIL", 100, false},
		{"FIX", 0, false}};
	enum { NARROW = 5 };
	struct og_table t;
	uint32_t n = wide ? (uint32_t)OG_COUNT(columns) : NARROW;

	og_table_init(&t, arena, columns, n);
	t.ascii = ascii;
	for (uint32_t i = 0; i < r->n; i++) {
		const struct og_missed_row *row = r->rows[i];
		bool said = row->level < OG_LEVEL_COUNT_;
		const struct og_sv cells[] = {row->ns, text_of(arena, row, og_missed_row_object),
			og_svz(og_arena_fmt(arena, "%u", row->pods)),
			age(arena, row->oldest_s, now_s), og_svz(og_missed_name(row->what)),
			said ? og_svz(og_level_name(row->level)) : OG_SV("<unknown>"),
			row->profile.n ? row->profile : OG_SV("<none>"), row->detail,
			text_of(arena, row, og_missed_row_fix)};
		og_table_row(&t, cells);
	}
	if (!og_table_write(&t, headers, out))
		out->failed = true;
}

/* What each reason means and what to do, once for each that occurs. */
void og_missed_legend(const struct og_missed_report *r, bool colour, unsigned width,
	struct og_arena *arena, struct og_buf *out)
{
	enum { INDENT = 2 };

	for (int w = OG_MISSED_NOT + 1; w < OG_MISSED_COUNT_; w++) {
		const struct og_missed_row *first = NULL;
		const char *finding = og_missed_finding((enum og_missed)w);
		for (uint32_t i = 0; i < r->n && !first; i++)
			if (r->rows[i]->what == (enum og_missed)w)
				first = r->rows[i];
		if (!first)
			continue;
		og_buf_ch(out, '\n');
		og_style_str(out, colour, OG_STYLE_BOLD, og_missed_name((enum og_missed)w));
		og_buf_fmt(out, ": %s", og_missed_text((enum og_missed)w));
		if (finding)
			og_buf_fmt(out, " (%s)", finding);
		og_buf_lit(out, "\n  fix: ");
		struct og_sv fix = text_of(arena, first, og_missed_row_fix);
		og_text_wrap(out, fix, INDENT + 5, INDENT + 5, width);
		og_buf_ch(out, '\n');
	}
}

void og_missed_json(const struct og_audit_missed *m, struct og_buf *out)
{
	const struct og_missed_report *r = &m->report;

	og_buf_fmt(out, "{\"podsLookedAt\":%u,\"podsMissed\":%u,\"partial\":%s,\"notes\":", m->pods,
		r->pods, m->partial ? "true" : "false");
	og_jw_str(out, og_buf_view(&m->notes));
	og_buf_lit(out, ",\"workloads\":[");
	for (uint32_t i = 0; i < r->n; i++) {
		og_buf_str(out, i ? ",\n" : "\n");
		og_missed_row_json(r->rows[i], out);
	}
	og_buf_lit(out, "]}\n");
}
