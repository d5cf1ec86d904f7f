/* SPDX-License-Identifier: Apache-2.0 */
/* A workload in the HTML report: its line, and what is behind it. */
#include "otelgate/base/mem.h"
#include "report_html-priv.h"

/* The label is read aloud, and seen where columns have no head. */
static void cell(struct og_buf *b, const char *label, const struct html_look *look,
	struct og_sv word, bool named)
{
	og_buf_fmt(b, "<span class=\"c %s\"><span class=\"l\">%s </span>", look->class_, label);
	if (!og_sv_is(word, "?"))
		og_buf_fmt(b, "<s aria-hidden=\"true\">%s</s>", look->sign);
	html_text(b, word);
	if (named)
		og_buf_fmt(b, "<span class=\"vh\"> %s</span>", look->name);
	og_buf_lit(b, "</span>");
}

static void why(struct og_buf *b, const struct og_coverage_row *row)
{
	const struct og_cell *broken = og_report_broken(row);
	const struct og_finding_def *last = NULL;
	const char *reason = !row->opted_in				? row->out_reason
			     : broken && row->verdict != OG_RESULT_PASS ? broken->reason
									: NULL;

	og_buf_lit(b, "<span class=\"why\">");
	if (reason)
		html_text(b, og_svz(reason));
	for (uint32_t i = 0; i < row->nfindings; i++) {
		const struct og_coverage_finding *f = &row->findings[i];
		if (f->ignored || f->def->severity < OG_SEV_WARNING || f->def == last)
			continue;
		og_buf_fmt(b, "%s%s", reason || last ? " " : "", f->def->id);
		last = f->def;
	}
	og_buf_lit(b, "</span>");
}

void html_row(struct og_buf *b, const struct og_coverage *c, const struct og_coverage_row *row,
	struct og_arena *arena)
{
	static const char *const rollout[OG_RESULT_COUNT_] = {"N/A", "?", "OK", "FAIL"};
	static const char *const labels[OG_SIGNAL_COUNT_] = {
		"Metrics", "Traces", "Logs", "Profiles"};
	const struct og_cell *rolled = &row->link[OG_LINK_ROLLED_OUT];
	enum og_result rolls = row->opted_in ? og_coverage_counts(rolled) : OG_RESULT_NA;

	og_buf_str(
		b, og_report_is_problem(row) ? "<details class=\"w p\">" : "<details class=\"w\">");
	og_buf_lit(b, "<summary><span class=\"n\"><b>");
	html_name(b, og_report_object(row, arena));
	og_buf_lit(b, "</b> ");
	why(b, row);
	og_buf_lit(b, "</span>");
	cell(b, "Injected", html_look_injected(row), og_report_injected_word(row, arena), true);
	cell(b, "Rollout", html_look_result(rolls), og_svz(rollout[rolls]), false);
	for (int i = 0; i < OG_SIGNAL_COUNT_; i++) {
		struct og_sv word = og_report_signal_word(row, (enum og_signal)i, c->made_s, arena);
		bool accepted = row->signal[i].cell.ignored && row->opted_in;
		cell(b, labels[i], accepted ? html_look_result(OG_RESULT_NA) : html_look_word(word),
			word, accepted);
	}
	og_buf_lit(b, "<span class=\"sc\"><span class=\"vh\">Score </span>");
	if (row->score >= 0)
		og_buf_fmt(b, "%.0f", row->score);
	else
		og_buf_lit(b, "–");
	og_buf_lit(b, "</span></summary><div class=\"d\">");
	html_drawer(b, c, row);
	og_buf_lit(b, "</div></details>\n");
}
