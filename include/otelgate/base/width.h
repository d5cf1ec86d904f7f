/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Columns that text takes on a terminal. A character as people see it (UAX #29: a letter with its
 * marks, a syllable of Hangul jamo, two letters that are a flag, emoji joined by U+200D) is
 * measured and cut as one. It takes two columns when East_Asian_Width is W or F (UAX #11), when it
 * is a flag or an emoji by default or by U+FE0F (UTS #51), and one otherwise; ambiguous ones take
 * one, as terminals do outside East Asian encodings. The version of Unicode is named in
 * width_table.c.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "otelgate/base/str.h"

/* Of all but text something has to be shown in its stead, which is one column. */
enum og_glyph_kind {
	OG_GLYPH_TEXT,	 /* may be shown as it is */
	OG_GLYPH_STEERS, /* obeyed rather than read (base/harmless.h) */
	OG_GLYPH_BAD	 /* no UTF-8; leaves no mark; a mark with nothing below it */
};

struct og_glyph {
	enum og_glyph_kind kind;
	uint32_t columns;
	size_t n; /* bytes, at least one */
};

/* Marks above this number in one character are bad (UAX #15 allows 30 in a stream-safe text). */
enum { OG_GLYPH_MARKS = 30 };

/* The first character of a text that is not empty. */
struct og_glyph og_glyph_first(struct og_sv s);
/* Columns of all of it. */
uint32_t og_width(struct og_sv s);
/* Bytes of the characters from its beginning that fit into so many columns. */
size_t og_width_fit(struct og_sv s, uint32_t columns);
