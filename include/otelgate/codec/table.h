/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Tables of text as kubectl prints them: columns as wide as their widest cell, three blanks between
 * them, no blanks at line ends. Width is that of a terminal (base/width.h): an emoji takes two
 * columns, and no character is cut apart. What steers a reader (base/harmless.h) becomes a blank,
 * invalid UTF-8 and what leaves no mark becomes "?", so that no
 * cell can break the layout.
 */
#include <stdbool.h>
#include <stdint.h>
#include "otelgate/base/arena.h"
#include "otelgate/base/str.h"

struct og_table_column {
	const char *header;
	uint32_t max_width; /* longer cells are cut, with "…" at the end; 0 = any */
	bool right;	    /* numbers: aligned to the right */
};

struct og_table {
	const struct og_table_column *columns; /* borrowed */
	uint32_t ncolumns;
	struct og_arena *arena;
	struct og_sv *cells; /* row by row */
	uint32_t nrows, cap;
	bool failed; /* a row was lost for lack of memory */
	bool ascii;  /* for a terminal that knows no other: "?" for the rest, "..." where cut */
	/* Called before (begin) and after a cell's text is appended, for colours: what it appends
	 * takes no width. Not for the header. Optional. */
	void (*paint)(
		void *ctx, struct og_sv cell, uint32_t column, bool begin, struct og_buf *out);
	void *paint_ctx;
};

/* Borrows columns and arena. At least one column. */
void og_table_init(struct og_table *t, struct og_arena *arena,
	const struct og_table_column *columns, uint32_t ncolumns);

/* Adds a row of ncolumns views, which are borrowed. Failure is sticky: check `failed`, or the
 * result of og_table_write, once. */
void og_table_row(struct og_table *t, const struct og_sv *cells);

/* Appends the table; `header` as kubectl's --no-headers is not. False when a row was lost or the
 * buffer failed. */
bool og_table_write(const struct og_table *t, bool header, struct og_buf *out);

/* Columns of a text as it is shown in a cell. */
uint32_t og_table_width(struct og_sv text);
