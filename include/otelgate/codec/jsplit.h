/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Takes large JSON apart while it arrives, so that the whole is never in memory: a LIST body item
 * by item, a watch stream event by event. Knows strings, escapes and nesting, nothing else: each
 * part is complete and balanced, and is to be parsed by codec/jdoc, which checks the rest. The same
 * holds for the envelope: whoever wants the whole body checked parses it too.
 *
 * The same bytes give the same parts and the same verdict, however they are cut into chunks. A part
 * that lies whole within one chunk is handed out without a copy. Members may come in any order, a
 * key may be written with escapes, `items` may be null (no parts); twice, or anything else but an
 * array, is refused. Containers nest at most 256 deep within a part.
 */
#include <stdbool.h>
#include <stdint.h>
#include "otelgate/base/err.h"
#include "otelgate/base/str.h"

enum og_jsplit_mode {
	OG_JSPLIT_LIST,	  /* one object; elements of its member `items` come singly */
	OG_JSPLIT_STREAM, /* objects one after another, white space between */
};

struct og_jsplit {
	enum og_jsplit_mode mode;
	size_t max_part; /* longest part in bytes */
	void *ctx;
	/* One part; non-zero stops og_jsplit_feed, which returns it. The view lives until the
	 * callback returns. */
	int (*on_part)(void *ctx, struct og_sv part);
	/*
	 * LIST only, may be NULL: the envelope with `"items":[]` in place of the items, once when
	 * the items begin (it then holds only what came before them, closed by a brace) and
	 * `complete` false, and once at the end, whole, with `complete` true.
	 */
	int (*on_envelope)(void *ctx, struct og_sv json, bool complete);
	uint64_t parts; /* so far */

	/* private */
	struct og_buf part_, envelope_;
	uint32_t depth_, state_;
	uint64_t off_; /* bytes before the current chunk */
	bool in_string_, escape_, seen_items_, at_items_, kept_;
	uint64_t stack_[4]; /* one bit for each open container: 1 = object */
};

/* max_part 0 = 16 MiB. Allocates nothing yet. */
void og_jsplit_init(struct og_jsplit *s, enum og_jsplit_mode mode, size_t max_part);
void og_jsplit_fini(struct og_jsplit *s);
/* Takes a chunk of any size. Errors: PARSE ("byte N: …"), LIMIT, OOM, or what a callback gave.
 * After an error the splitter is only good for fini. */
int og_jsplit_feed(struct og_jsplit *s, struct og_sv chunk, struct og_err *err);
/*
 * The end of the body. PARSE when something is open: a LIST whose brace never came is not a list.
 * For a STREAM a begun part is an error too; the caller restarts from the last one it got.
 */
int og_jsplit_end(struct og_jsplit *s, struct og_err *err);
