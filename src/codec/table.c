/* SPDX-License-Identifier: Apache-2.0 */
/* Tables of text. */
#include "otelgate/codec/table.h"

#include "otelgate/base/harmless.h"

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

/* Bytes of the next character, and what is shown for it: itself, a blank or "?". */
static size_t next(struct og_sv s, size_t i, const char **ret_shown)
{
	size_t n = og_utf8_len(s.p + i, s.n - i);

	*ret_shown = n == 0 ? "?" : og_utf8_steers(s.p + i, n) ? " " : NULL;
	return n ? n : 1;
}

uint32_t og_table_width(struct og_sv text)
{
	const char *shown;
	uint32_t width = 0;
	for (size_t i = 0; i < text.n; i += next(text, i, &shown))
		width++;
	return width;
}

static uint32_t shown_width(const struct og_table_column *c, struct og_sv cell)
{
	uint32_t w = og_table_width(cell);
	return c->max_width && w > c->max_width ? c->max_width : w;
}

static void put_blanks(struct og_buf *b, uint32_t n)
{
	while (n--)
		og_buf_ch(b, ' ');
}

static void put_cell(struct og_buf *b, const struct og_table_column *c, struct og_sv cell)
{
	bool cut = c->max_width && og_table_width(cell) > c->max_width;
	uint32_t left = cut ? c->max_width - 1 : UINT32_MAX;
	for (size_t i = 0; i < cell.n && left; left--) {
		const char *shown;
		size_t n = next(cell, i, &shown);
		if (shown)
			og_buf_str(b, shown);
		else
			og_buf_add(b, cell.p + i, n);
		i += n;
	}
	if (cut)
		og_buf_lit(b, "\xE2\x80\xA6");
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
		uint32_t pad = widths[i] - shown_width(c, cell);
		if (i)
			put_blanks(b, GAP);
		if (c->right)
			put_blanks(b, pad);
		if (cells && t->paint)
			t->paint(t->paint_ctx, cell, i, true, b);
		put_cell(b, c, cell);
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
	if (!widths || t->failed)
		return false;
	for (uint32_t i = 0; i < t->ncolumns; i++) {
		if (header)
			widths[i] = shown_width(&t->columns[i], cell_of(t, NULL, i));
		for (uint32_t r = 0; r < t->nrows; r++) {
			uint32_t w =
				shown_width(&t->columns[i], t->cells[(size_t)r * t->ncolumns + i]);
			widths[i] = w > widths[i] ? w : widths[i];
		}
	}
	if (header)
		put_row(t, out, NULL, widths);
	for (uint32_t r = 0; r < t->nrows; r++)
		put_row(t, out, t->cells + (size_t)r * t->ncolumns, widths);
	return !out->failed;
}
