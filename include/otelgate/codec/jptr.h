/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* JSON Pointer (RFC 6901). */
#include "otelgate/codec/jdoc.h"

/* Appends "/" and the token with ~ and / escaped (RFC 6901 §3), as plain text (not JSON). */
void og_jptr_add(struct og_buf *b, struct og_sv token);
void og_jptr_add_index(struct og_buf *b, uint32_t index);

/*
 * Takes the next reference token off *rest (which starts with "/") and unescapes it into the arena
 * when it has to. False at the end of the pointer, or with err set on a syntax error
 * (err->code != OG_OK): a pointer that does not start with "/", "~" not followed by 0 or 1.
 */
bool og_jptr_next(
	struct og_sv *rest, struct og_arena *arena, struct og_sv *ret, struct og_err *err);

/* RFC 6901 §4: "0" or digits without a leading zero. "-" and anything else give false. */
bool og_jptr_index(struct og_sv token, uint32_t *ret);

/* Resolves; absent with err filled when the pointer is malformed or leads nowhere. */
struct og_jval og_jptr_resolve(
	struct og_jval v, struct og_sv ptr, struct og_arena *arena, struct og_err *err);
