/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* Terminals: whether to colour, how wide, and text that can't steer the terminal. */
#include "otelgate/base/str.h"
#include "otelgate/cli/options.h"

enum og_colour { OG_COLOUR_AUTO, OG_COLOUR_ALWAYS, OG_COLOUR_NEVER };

/*
 * AUTO: only on a terminal, and neither with NO_COLOR (set and not empty, https://no-color.org)
 * nor with TERM unset or "dumb".
 */
bool og_term_colour(int fd, enum og_colour when, og_getenv_fn *env);
/* Columns for prose: the terminal's width within 60 … 100; 80 when fd is no terminal. */
unsigned og_term_width(int fd);
/* Columns of the terminal, whatever they are; 80 when fd is no terminal or does not say. */
unsigned og_term_columns(int fd);

/*
 * Whether the locale has no other characters than ASCII: all but UTF-8, as POSIX decides it (the
 * first of LC_ALL, LC_CTYPE and LANG that is set and not empty; none of them is the C locale).
 */
bool og_term_ascii(og_getenv_fn *env);

enum og_style {
	OG_STYLE_BOLD,
	OG_STYLE_DIM,
	OG_STYLE_RED,
	OG_STYLE_GREEN,
	OG_STYLE_YELLOW,
	OG_STYLE_CYAN
};
/* What switches it on; og_style_off ends every one. */
const char *og_style_code(enum og_style style);
extern const char og_style_off[];
/* Appends s between the style's escape sequences, or as it is when `on` is false. */
void og_style_sv(struct og_buf *b, bool on, enum og_style style, struct og_sv s);
void og_style_str(struct og_buf *b, bool on, enum og_style style, const char *s);

/*
 * Appends text that came from outside for people to read: control characters (ESC above all), DEL,
 * invalid UTF-8 and what turns the direction of text or leaves no mark become \xNN, so that an
 * object's name can't steer the terminal, fake a line or look like another's.
 */
void og_text_safe(struct og_buf *b, struct og_sv s);

/* What is made of a part that ran out of memory is incomplete too. */
static inline void og_buf_inherit(struct og_buf *b, const struct og_buf *part)
{
	b->failed = b->failed || part->failed;
}

/*
 * Appends prose wrapped to `width` columns: the first line continues at column `at`, the others
 * begin with `indent` blanks. Newlines in the text are kept. Columns are those of base/width.h.
 */
void og_text_wrap(
	struct og_buf *b, struct og_sv text, unsigned at, unsigned indent, unsigned width);
