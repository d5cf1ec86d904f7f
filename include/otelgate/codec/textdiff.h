/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Unified differences of two texts, as `diff -u` and `patch` know them (POSIX diff, "Diff -u Output
 * Format"). Lines end with LF; a CR before it is part of the line.
 *
 * The search (Myers, O(ND)) goes 512 edits far at a time and continues from the furthest point it
 * reached, so that two large texts with nothing in common cost no more than lines × 512; the result
 * is always right, and minimal for up to 512 changed lines.
 */
#include "otelgate/base/arena.h"
#include "otelgate/base/err.h"
#include "otelgate/base/str.h"

struct og_textdiff_options {
	const char *old_name, *new_name; /* for the header; NULL leaves the two lines out */
	unsigned context;		 /* unchanged lines around a change; 0 = 3 */
	bool no_context;		 /* none at all */
	/* For a terminal: ANSI colours, and control characters of the texts made visible (^[), so
	 * that no text can play tricks with the screen. Not fit for `patch`. */
	bool colour;
};

struct og_textdiff_stat {
	size_t added, removed; /* lines */
};

/*
 * Appends the difference; nothing when the texts are equal. options and ret_stat may be NULL.
 * Errors, with out as before: OOM, LIMIT (out->max, or more than 2^28 lines).
 */
int og_textdiff_unified(struct og_sv old_text, struct og_sv new_text,
	const struct og_textdiff_options *options, struct og_arena *a, struct og_buf *out,
	struct og_textdiff_stat *ret_stat, struct og_err *err);
