/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* What is known of code points; all others are one column and stand for themselves. */
#include <stddef.h>
#include <stdint.h>

enum width_kind {
	WIDTH_PLAIN,
	WIDTH_WIDE,
	WIDTH_MARK,	    /* no column, belongs to what stands before it */
	WIDTH_SPACING,	    /* the same, with a column of its own */
	WIDTH_PICTURE,	    /* an emoji that is text where nothing asks for more */
	WIDTH_PICTURE_WIDE, /* an emoji */
	WIDTH_UNSEEN	    /* leaves no mark, or changes how others are read */
};

struct width_span {
	uint32_t first;
	uint16_t more; /* how many follow it */
	uint8_t kind;
};

extern const struct width_span width_spans[]; /* sorted, apart */
extern const size_t width_nspans;
