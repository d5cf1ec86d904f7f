/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Texts of others on their way to a terminal, a log or a report: what could steer the reader is
 * found here, once for all who show any.
 */
#include "otelgate/base/arena.h"

/* Bytes of the character at p, or 0 when it is not valid UTF-8 there. n is at least 1. */
size_t og_utf8_len(const char *p, size_t n);

/*
 * Whether the character at p, of len bytes, is obeyed rather than read: C0, DEL and C1 controls,
 * the line and paragraph separators, and the marks that turn the direction of writing (Unicode's
 * property Bidi_Control, and its deprecated neighbours U+206A … U+206F).
 */
bool og_utf8_steers(const char *p, size_t len);

/*
 * One line of at most `max` bytes of s: "?" for what steers and for what is no UTF-8, a blank for
 * line ends and tabs, none of them at the end. Empty without memory.
 */
struct og_sv og_harmless(struct og_sv s, size_t max, struct og_arena *arena);
