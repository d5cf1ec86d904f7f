/* SPDX-License-Identifier: Apache-2.0 */
/* Tables of text. */
#include "otelgate/codec/table.h"

#include "otelgate/base/width.h"

enum { GAP = 3 };

void og_table_init(struct og_table *t, struct og_arena *arena,
	const struct og_table_column *columns, uint32_t ncolumns)
{
	*t = (struct og_table){.columns = columns, .ncolumns = ncolumns, .arena = arena};
}

void og_table_row(struct og_table *t, const struct og_sv *cells)
{
	size_t row = t->ncolumns * sizeof(*cells);
	if (t->failed)
		return;
	if (t->nrows == t->cap) {
		uint32_t cap = t->cap ? t->cap * 2 : 16;
		void *p = og_arena_grow(t->arena, t->cells, t->cap * row, cap * row);
		if (!p) {
			t->failed = true;
			return;
		}
		t->cells = p;
		t->cap = cap;
	}
	memcpy(t->cells + (size_t)t->nrows * t->ncolumns, cells, row);
	t->nrows++;
}

/* The character at i, and what is shown for it: itself when NULL. */
static struct og_glyph next(struct og_sv s, size_t i, bool ascii, const char **ret_shown)
{
	struct og_glyph g = og_glyph_first(og_sv(s.p + i, s.n - i));

	*ret_shown = g.kind == OG_GLYPH_STEERS ? " " : g.kind == OG_GLYPH_BAD ? "?" : NULL;
	if (ascii && !*ret_shown && g.n > 1) /* ASCII is one byte, and takes no marks */
		*ret_shown = g.columns > 1 ? "??" : "?";
	/* Of a character with marks that take columns of their own, no more than two are shown. */
	if (ascii && g.columns > 2)
		g.columns = 2;
	return g;
}

uint32_t og_table_width(struct og_sv text)
{
	return og_width(text);
}

static struct og_sv ellipsis(const struct og_table *t)
{
	return t->ascii ? OG_SV("...") : OG_SV("\u2026");
}

/* Columns of the whole cell, and bytes of it that are shown. */
static uint32_t shown_width(
	const struct og_table *t, const struct og_table_column *c, struct og_sv cell, size_t *ret_n)
{
	uint32_t dots = og_width(ellipsis(t)), all = 0, fits = 0;
	const char *shown;

	*ret_n = cell.n;
	for (size_t i = 0, n = 0; i < cell.n;) {
		struct og_glyph g = next(cell, i, t->ascii, &shown);
		all += g.columns;
		i += g.n;
		if (!c->max_width)
			continue;
		if (all + dots <= c->max_width) {
			n = i;
			fits = all;
		}
		if (all > c->max_width) {
			*ret_n = n;
			return fits + dots;
		}
	}
	return all;
}

static void put_blanks(struct og_buf *b, uint32_t n)
{
	while (n--)
		og_buf_ch(b, ' ');
}

static void put_cell(
	const struct og_table *t, struct og_buf *b, struct og_sv cell, size_t shown_bytes)
{
	for (size_t i = 0; i < shown_bytes;) {
		const char *shown;
		struct og_glyph g = next(cell, i, t->ascii, &shown);
		if (shown)
			og_buf_str(b, shown);
		else
			og_buf_add(b, cell.p + i, g.n);
		i += g.n;
	}
	if (shown_bytes < cell.n)
		og_buf_sv(b, ellipsis(t));
}

/* `headers` when cells is NULL. */
static struct og_sv cell_of(const struct og_table *t, const struct og_sv *cells, uint32_t i)
{
	return cells ? cells[i] : og_svz(t->columns[i].header);
}

static void put_row(const struct og_table *t, struct og_buf *b, const struct og_sv *cells,
	const uint32_t *widths)
{
	size_t start = b->len;
	for (uint32_t i = 0; i < t->ncolumns; i++) {
		const struct og_table_column *c = &t->columns[i];
		struct og_sv cell = cell_of(t, cells, i);
		size_t n;
		uint32_t pad = widths[i] - shown_width(t, c, cell, &n);
		if (i)
			put_blanks(b, GAP);
		if (c->right)
			put_blanks(b, pad);
		if (cells && t->paint)
			t->paint(t->paint_ctx, cell, i, true, b);
		put_cell(t, b, cell, n);
		if (cells && t->paint)
			t->paint(t->paint_ctx, cell, i, false, b);
		if (!c->right)
			put_blanks(b, pad);
	}
	while (!b->failed && b->len > start && b->p[b->len - 1] == ' ')
		b->p[--b->len] = '\0';
	og_buf_ch(b, '\n');
}

bool og_table_write(const struct og_table *t, bool header, struct og_buf *out)
{
	uint32_t *widths = og_arena_new_n(t->arena, t->ncolumns, uint32_t);
	size_t n;

	if (!widths || t->failed)
		return false;
	for (uint32_t i = 0; i < t->ncolumns; i++) {
		const struct og_table_column *c = &t->columns[i];
		if (header)
			widths[i] = shown_width(t, c, cell_of(t, NULL, i), &n);
		for (uint32_t r = 0; r < t->nrows; r++) {
			struct og_sv cell = t->cells[(size_t)r * t->ncolumns + i];
			uint32_t w = shown_width(t, c, cell, &n);
			widths[i] = w > widths[i] ? w : widths[i];
		}
	}
	if (header)
		put_row(t, out, NULL, widths);
	for (uint32_t r = 0; r < t->nrows; r++)
		put_row(t, out, t->cells + (size_t)r * t->ncolumns, widths);
	return !out->failed;
}
