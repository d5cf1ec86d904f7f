/* SPDX-License-Identifier: Apache-2.0 */
/* The stars: of one workload with what would raise them, and of all as a table. */
#include "otelgate/audit/report.h"
#include "otelgate/base/mem.h"
#include "otelgate/cli/term.h"
#include "otelgate/codec/table.h"
#include "status-priv.h"

enum { DRAWN_BYTES = 64, NAME_WIDTH = 22, DRAWN_WIDTH = 7, TEXT_BYTES = 1024 };

static void pad_to(struct og_buf *out, unsigned have, unsigned want)
{
	for (unsigned i = have; i < want; i++)
		og_buf_ch(out, ' ');
}

static enum og_style style_of(const struct og_stars_brief_score *s, uint32_t most)
{
	if (!s->applies)
		return OG_STYLE_DIM;
	return s->stars == most ? OG_STYLE_GREEN : s->best < most ? OG_STYLE_RED : OG_STYLE_YELLOW;
}

/* What would raise it; else what is not known of it. */
static void say(
	const struct status_look *v, const struct og_stars_brief_score *s, struct og_buf *out)
{
	og_auto_buf struct og_buf b = OG_BUF_INIT(TEXT_BYTES);

	if (!s->applies)
		og_buf_lit(&b, "does not apply");
	else if (s->raise)
		og_buf_fmt(&b, "%s: %s", s->raise->id, s->raise->rise);
	else if (!s->unknown)
		og_buf_lit(&b, "all is met");
	if (s->applies && s->unknown)
		og_buf_fmt(&b, "%sNot known: %s (%s).", b.len ? " " : "", s->unknown->id,
			s->unknown->need);
	og_buf_inherit(out, &b);
	unsigned at = 2 + NAME_WIDTH + DRAWN_WIDTH + 7;
	og_text_wrap(out, og_buf_view(&b), at, at, v->width);
}

void status_stars_of(
	const struct status_look *v, const struct og_coverage_row *row, struct og_buf *out)
{
	if (!row->stars.told)
		return;
	og_buf_lit(out, "\nStars\n");
	for (int i = 0; i < OG_STARS_DIMENSION_COUNT_; i++) {
		enum og_stars_dimension d = (enum og_stars_dimension)i;
		const struct og_stars_brief_score *s = &row->stars.score[i];
		og_auto_buf struct og_buf drawn = OG_BUF_INIT(DRAWN_BYTES);
		og_auto_buf struct og_buf text = OG_BUF_INIT(DRAWN_BYTES);
		const char *name = og_stars_dimension_name(d);
		og_stars_brief_draw(s, d, !v->ascii, &drawn);
		og_stars_brief_text(s, d, &text);
		og_buf_inherit(out, &drawn);
		og_buf_inherit(out, &text);
		if (out->failed)
			return;
		og_buf_fmt(out, "  %s", name);
		pad_to(out, (unsigned)strlen(name), NAME_WIDTH);
		og_style_str(out, v->colour, style_of(s, og_stars_most(d)), drawn.p);
		pad_to(out, og_table_width(og_buf_view(&drawn)), DRAWN_WIDTH);
		og_buf_sv(out, og_buf_view(&text));
		pad_to(out, (unsigned)text.len, 7);
		say(v, s, out);
		og_buf_ch(out, '\n');
	}
}

/* The audit's table of the same rows. */
int status_stars(const struct status_look *v, const struct og_audit_status *s, struct og_buf *out,
	struct og_err *err)
{
	struct og_coverage c = {
		.rows = og_arena_new_n(v->arena, s->n + 1, struct og_coverage_row), .n = s->n};
	const struct og_report_opts o = {.no_headers = !v->headers, .ascii = v->ascii};
	const struct og_report_form *form = og_report_form(OG_SV("stars"));

	if (!c.rows)
		return og_err_set(err, OG_E_OOM, "writing the stars");
	for (uint32_t i = 0; i < s->n; i++)
		c.rows[i] = s->rows[i].row;
	if (!form->write(&c, &o, v->arena, out))
		return og_err_set(err, OG_E_OOM, "writing the stars");
	return 0;
}
