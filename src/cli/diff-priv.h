/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* Unified diffs for people. */
#include "view-priv.h"

/* Where lines of a diff for reading are cut: records and attribute lists are far longer. */
enum { OG_DIFF_CLIP = 84 };

struct og_diff_options {
	const char *from_name, *to_name;
	unsigned context;
	unsigned clip; /* cut lines to that many characters, for reading; 0 = never */
	bool colour;
	bool safe;		/* for a terminal: control characters are made visible */
	struct og_arena *arena; /* scratch */
	const struct og_plan *const *plans; /* for the reasons of added lines */
	size_t nplans; /* 0 = no reasons: then the diff is one patch(1) takes */
};

/* Appends the diff; nothing when the texts are equal (false). */
bool og_diff_write(
	struct og_buf *b, const struct og_diff_options *o, struct og_sv from, struct og_sv to);
