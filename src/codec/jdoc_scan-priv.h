/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Scanning of JSON's terminals: white space, strings, numbers, names. Sixteen bytes at a time where
 * the machine has SSE2, eight elsewhere. Text is [p, end); nothing behind `end` is ever read.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include "otelgate/codec/jdoc.h"
/* OG_NO_SIMD: for testing the portable way on machines that have the other. */
#if defined(__SSE2__) && !defined(OG_NO_SIMD)
#define OG_JSCAN_SSE2 1
#include <emmintrin.h>
#endif

struct og_jscan {
	const unsigned char *bad; /* where the first error is */
	const char *why;
};

const unsigned char *og_jscan_ws_slow(const unsigned char *p, const unsigned char *end);
/* p is at a byte that needs care: an escape, a control character, UTF-8, or fewer than 16 left. */
const unsigned char *og_jscan_string_slow(
	struct og_jscan *s, const unsigned char *p, const unsigned char *end, bool *escaped);
/* Bytes of the UTF-8 sequence at p < end (RFC 3629 §4), 0 when it is none. */
unsigned og_jscan_utf8(const unsigned char *p, const unsigned char *end);
/* A number, true, false or null; the position behind it, or NULL with *s filled. */
const unsigned char *og_jscan_scalar(
	struct og_jscan *s, const unsigned char *p, const unsigned char *end, enum og_jtype *type);

static inline const unsigned char *og_jscan_ws(const unsigned char *p, const unsigned char *end)
{
	if (__builtin_expect(p<end && * p> ' ', 1))
		return p;
	return og_jscan_ws_slow(p, end);
}

/* Skips bytes that need no care; may stop early when fewer than a word is left. */
static inline const unsigned char *og_jscan_plain(const unsigned char *p, const unsigned char *end)
{
#ifdef OG_JSCAN_SSE2
	const __m128i quote = _mm_set1_epi8('"'), slash = _mm_set1_epi8('\\');
	const __m128i space = _mm_set1_epi8(' ');
	while (end - p >= 16) {
		__m128i v = _mm_loadu_si128((const __m128i *)(const void *)p);
		/* signed comparison: control characters and everything from 0x80 are below ' ' */
		__m128i care = _mm_or_si128(
			_mm_or_si128(_mm_cmpeq_epi8(v, quote), _mm_cmpeq_epi8(v, slash)),
			_mm_cmplt_epi8(v, space));
		unsigned mask = (unsigned)_mm_movemask_epi8(care);
		if (mask)
			return p + __builtin_ctz(mask);
		p += 16;
	}
#else
	const uint64_t ones = 0x0101010101010101ULL, high = 0x8080808080808080ULL;
	while (end - p >= 8) {
		uint64_t v;
		memcpy(&v, p, sizeof(v));
		uint64_t q = v ^ ones * '"', s = v ^ ones * '\\';
		/* "has a zero byte" and "has a byte below n": false alarms only cost time */
		uint64_t care = ((q - ones) & ~q) | ((s - ones) & ~s) | (v - ones * ' ') | v;
		if (care & high)
			break;
		p += 8;
	}
#endif
	return p;
}

/* From behind the opening quote; returns the closing quote, or NULL with *s filled. */
static inline const unsigned char *og_jscan_string(
	struct og_jscan *s, const unsigned char *p, const unsigned char *end, bool *escaped)
{
	p = og_jscan_plain(p, end);
	if (__builtin_expect(p < end && *p == '"', 1))
		return p;
	return og_jscan_string_slow(s, p, end, escaped);
}
