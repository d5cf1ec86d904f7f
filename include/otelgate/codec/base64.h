/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* Base64 as RFC 4648 §4: the standard alphabet with padding, and nothing else. */
#include "otelgate/base/err.h"
#include "otelgate/base/str.h"

/* Bytes that n bytes become. */
static inline size_t og_base64_len(size_t n)
{
	return (n + 2) / 3 * 4;
}

/* Appends the encoding of s. On failure the buffer is `failed` and unchanged. */
void og_base64_encode(struct og_buf *b, struct og_sv s);

/*
 * Appends the decoding of s. Strict: only the alphabet, full groups of four, padding where it
 * belongs and the unused bits zero (RFC 4648 §3.5). On error the content is as before.
 * Errors: PARSE with the offset of the first bad byte, OOM, LIMIT (larger than b->max).
 */
int og_base64_decode(struct og_buf *b, struct og_sv s, struct og_err *err);
