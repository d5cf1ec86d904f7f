/* SPDX-License-Identifier: Apache-2.0 */
/* The stars of a workload in the HTML report. */
#include "otelgate/base/mem.h"
#include "report_html-priv.h"

static void score(struct og_buf *b, const struct og_stars_brief_score *s, enum og_stars_dimension d)
{
	og_auto_buf struct og_buf drawn = OG_BUF_INIT(64), text = OG_BUF_INIT(64);

	og_stars_brief_draw(s, d, true, &drawn);
	og_stars_brief_text(s, d, &text);
	b->failed |= drawn.failed || text.failed;
	if (b->failed)
		return;
	og_buf_fmt(b, "<li><b>%s</b><span><s class=\"stars\" aria-hidden=\"true\">%s</s> %s",
		og_stars_dimension_name(d), drawn.p, s->applies ? text.p : "does not apply");
	og_buf_lit(b, " <span class=\"soft\">");
	if (s->raise)
		html_text(b, og_svz(s->raise->rise));
	if (s->unknown) {
		og_buf_str(b, s->raise ? " Not known: " : "Not known: ");
		html_text(b, og_svz(s->unknown->need));
		og_buf_ch(b, '.');
	}
	og_buf_lit(b, "</span></span></li>");
}

void html_stars(struct og_buf *b, const struct og_coverage_row *row)
{
	if (!row->stars.told)
		return;
	og_buf_lit(b, "<h3>Stars</h3><ul class=\"chain\">");
	for (int d = 0; d < OG_STARS_DIMENSION_COUNT_; d++)
		score(b, &row->stars.score[d], (enum og_stars_dimension)d);
	og_buf_lit(b, "</ul>");
}
