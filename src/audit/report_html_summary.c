/* SPDX-License-Identifier: Apache-2.0 */
/* The head of the HTML report: score, shares, gates, causes. */
#include "otelgate/base/mem.h"
#include "report_html-priv.h"

static double percent(uint32_t part, uint32_t of)
{
	return of ? 100.0 * part / of : 0;
}

/* Good, failing and unknown side by side; the numbers beside it say the same. */
static void bar(struct og_buf *b, struct og_share s)
{
	double good = percent(s.good, s.of), unknown = percent(s.unknown, s.of);
	double fails = s.of ? 100 - good - unknown : 0;

	og_buf_fmt(b,
		"<svg class=\"bar\" aria-hidden=\"true\"><rect class=\"g\" width=\"%.2f%%\" "
		"height=\"8\"></rect><rect class=\"f\" x=\"%.2f%%\" width=\"%.2f%%\" "
		"height=\"8\"></rect><rect class=\"q\" x=\"%.2f%%\" width=\"%.2f%%\" "
		"height=\"8\"></rect></svg>",
		good, good, fails < 0 ? 0 : fails, 100 - unknown, unknown);
}

static void share_card(struct og_buf *b, const char *name, struct og_share s)
{
	uint32_t fails = s.of - s.good - s.unknown;

	og_buf_fmt(b, "<section class=\"card\"><h2>%s</h2><div class=\"big\">", name);
	/* Of what nobody could look at there is no number: 0 % would be read as a loss. */
	if (s.of && s.unknown < s.of)
		og_buf_fmt(b, "%.0f&#8239;%%", percent(s.good, s.of));
	else
		og_buf_str(b, s.of ? "?" : "–");
	og_buf_lit(b, "</div>");
	bar(b, s);
	if (!s.of) {
		og_buf_lit(b, "<p class=\"soft\">none expected</p></section>\n");
		return;
	}
	if (s.unknown == s.of)
		og_buf_fmt(b, "<p>%u of %u not evaluated</p></section>\n", s.unknown, s.of);
	else
		og_buf_fmt(b,
			"<p>%u of %u expected</p><p class=\"soft\">%u failing, %u unknown</p>"
			"</section>\n",
			s.good, s.of, fails, s.unknown);
}

static void score_card(struct og_buf *b, const struct og_coverage_sum *t)
{
	/* Round a circle of radius 40: 2 pi 40 = 251.33. */
	double full = 251.33, score = t->score < 0 ? 0 : t->score > 100 ? 100 : t->score;

	og_buf_lit(b, "<section class=\"card wide\"><h2>Coverage score</h2><div class=\"score\">"
		      "<svg class=\"ring\" viewBox=\"0 0 100 100\" role=\"img\" aria-label=\"");
	if (t->score < 0)
		og_buf_lit(b, "nothing to score");
	else
		og_buf_fmt(b, "%.0f of 100", score);
	og_buf_lit(b, "\"><circle cx=\"50\" cy=\"50\" r=\"40\"></circle>");
	if (score >= 0.5)
		og_buf_fmt(b,
			"<circle class=\"%s\" cx=\"50\" cy=\"50\" r=\"40\" stroke-dasharray=\"%.2f "
			"%.2f\" transform=\"rotate(-90 50 50)\"></circle>",
			score >= 90   ? "good"
			: score >= 50 ? "mid"
				      : "low",
			full * score / 100, full);
	if (t->score < 0)
		og_buf_lit(b, "<text x=\"50\" y=\"59\">–</text>");
	else
		og_buf_fmt(b, "<text x=\"50\" y=\"59\">%.0f</text>", score);
	og_buf_fmt(b, "</svg><div><p>%u of %u workload%s opted in</p>", t->opted_in, t->workloads,
		t->workloads == 1 ? "" : "s");
	if (t->pods.of)
		og_buf_fmt(b, "<p>%u of %u pods current</p>", t->pods.good, t->pods.of);
	if (t->evaluated.of)
		og_buf_fmt(b, "<p class=\"soft\">%.0f&#8239;%% could be judged</p>",
			percent(t->evaluated.good, t->evaluated.of));
	og_buf_lit(b, "</div></div></section>\n");
}

static void counts(struct og_buf *b, const struct og_coverage_sum *t, bool baselined)
{
	og_buf_fmt(b, "<p class=\"soft\">%u error%s, %u warning%s", t->by_severity[OG_SEV_ERROR],
		t->by_severity[OG_SEV_ERROR] == 1 ? "" : "s", t->by_severity[OG_SEV_WARNING],
		t->by_severity[OG_SEV_WARNING] == 1 ? "" : "s");
	if (t->by_severity[OG_SEV_UNKNOWN])
		og_buf_fmt(b, ", %u unknown", t->by_severity[OG_SEV_UNKNOWN]);
	if (t->ignored)
		og_buf_fmt(b, ", %u accepted", t->ignored);
	if (baselined)
		og_buf_fmt(b, ", %u new loss%s", t->new_losses, t->new_losses == 1 ? "" : "es");
	og_buf_lit(b, "</p>\n");
}

static void gates(struct og_buf *b, const struct og_gate_result *g)
{
	if (!g || !g->nlines)
		return;
	og_buf_lit(b, "<h2>Gates</h2><ul class=\"f\">\n");
	for (uint32_t i = 0; i < g->nlines; i++) {
		const struct html_look *look =
			html_look_result(g->line_end[i] == OG_GATE_PASS	     ? OG_RESULT_PASS
					 : g->line_end[i] == OG_GATE_TRIPPED ? OG_RESULT_FAIL
									     : OG_RESULT_UNKNOWN);
		og_buf_fmt(b,
			"<li><span class=\"badge %s\"><s aria-hidden=\"true\">%s</s>%s</span>",
			look->class_, look->sign, og_gate_end_name(g->line_end[i]));
		html_text(b, g->lines[i]);
		og_buf_lit(b, "</li>\n");
	}
	og_buf_lit(b, "</ul>\n");
}

static void causes(struct og_buf *b, const struct og_coverage *c)
{
	struct og_report_cause v[OG_REPORT_CAUSES];
	uint32_t n = og_report_causes(c, v);

	if (!n)
		return;
	og_buf_lit(b, "<h2>Top causes</h2><ul class=\"causes\">\n");
	for (uint32_t i = 0; i < n; i++) {
		const struct html_look *look = html_look_severity(v[i].def->severity);
		og_buf_fmt(b,
			"<li><span class=\"badge %s\"><s aria-hidden=\"true\">%s</s>%s</span>"
			"<span class=\"bad-id\">%s</span> ",
			look->class_, look->sign, og_severity_name(v[i].def->severity),
			v[i].def->id);
		html_text(b, og_svz(v[i].def->title));
		og_buf_fmt(b,
			" <span class=\"soft\">%u workload%s, %u pod%s</span> "
			"<button type=\"button\" class=\"find\" data-q=\"%s\" hidden>Show</button>",
			v[i].rows, v[i].rows == 1 ? "" : "s", v[i].pods, v[i].pods == 1 ? "" : "s",
			v[i].def->id);
		html_fix(b, v[i].fix);
		og_buf_lit(b, "</li>\n");
	}
	og_buf_lit(b, "</ul>\n");
}

void html_summary(struct og_buf *b, const struct og_coverage *c, const struct og_report_opts *o)
{
	static const char *const titles[OG_SIGNAL_COUNT_] = {
		"Metrics", "Traces", "Logs", "Profiles"};

	counts(b, &c->total, c->baselined);
	og_buf_lit(b, "<div class=\"cards\">\n");
	score_card(b, &c->total);
	for (int i = 0; i < OG_SIGNAL_COUNT_; i++)
		share_card(b, titles[i], c->total.signal[i]);
	og_buf_lit(b, "</div>\n");
	gates(b, o->gates);
	causes(b, c);
}
