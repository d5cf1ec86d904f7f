/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Compact bytes for records that are kept by the hundred thousand. One text per value: what unpacks
 * packs to the same bytes again, everything else is refused.
 */
#include <stdint.h>
#include "otelgate/codec/jdoc.h"

/* ---- writing ---- */
void kobj_pack_u64(struct og_buf *b, uint64_t v);	/* LEB128 */
void kobj_pack_i64(struct og_buf *b, int64_t v);	/* zigzag */
void kobj_pack_u32_fixed(struct og_buf *b, uint32_t v); /* four bytes */
void kobj_pack_sv(struct og_buf *b, struct og_sv s);	/* length, bytes */
/* Seconds against a base that is packed too; 0 stands for "unknown". */
void kobj_pack_time(struct og_buf *b, int64_t t, int64_t base);
/* One of a table of words by its place, or its text. */
void kobj_pack_word(struct og_buf *b, struct og_sv s, const char *const *words, size_t n);
/* The value cannot be packed: the buffer is failed. */
void kobj_pack_refuse(struct og_buf *b);

/* ---- reading: after the first fault all that is read is 0 ---- */
struct kobj_unpack {
	const unsigned char *p, *end;
	bool bad;
};
struct kobj_unpack kobj_unpack(struct og_sv bytes);
uint64_t kobj_unpack_u64(struct kobj_unpack *u, uint64_t max);
int64_t kobj_unpack_i64(struct kobj_unpack *u, int64_t min, int64_t max);
uint32_t kobj_unpack_u32_fixed(struct kobj_unpack *u);
struct og_sv kobj_unpack_sv(struct kobj_unpack *u, size_t max); /* UTF-8 */
int64_t kobj_unpack_time(struct kobj_unpack *u, int64_t base);
struct og_sv kobj_unpack_word(
	struct kobj_unpack *u, const char *const *words, size_t n, size_t max);

/* RFC 3339 years 1678 to 2262 (base/parse.h) are within. */
#define KOBJ_TIME_MAX (1LL << 40)

/* ---- reading objects ---- */
/* At most `max` bytes, cut at a character. */
struct og_sv kobj_cut(struct og_sv s, size_t max);
/* A string of an object, so cut; "" for anything else. */
struct og_sv kobj_text(struct og_jval v, size_t max, struct og_arena *arena);
/* An RFC 3339 time as Unix seconds; 0 for anything else. */
int64_t kobj_seconds(struct og_jval v, struct og_arena *arena);
