/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sixty-four bytes at a time: which of them are quotes, backslashes and brackets. The idea of
 * working on bit masks instead of bytes is that of "Parsing Gigabytes of JSON per Second" (Langdale
 * and Lemire, 2019); SSE2 where there is some, eight bytes at a time elsewhere.
 */
#include "jsplit-priv.h"
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#if defined(__SSE2__) && !defined(OG_NO_SIMD)
#define OG_JSPLIT_SSE2 1
#include <emmintrin.h>
#endif

struct masks {
	uint64_t quote, slash, bracket; /* bit i = byte i */
};

#ifdef OG_JSPLIT_SSE2
static inline struct masks masks64(const unsigned char *p)
{
	const __m128i quote = _mm_set1_epi8('"'), slash = _mm_set1_epi8('\\');
	const __m128i low = _mm_set1_epi8(0x20), open = _mm_set1_epi8('{'),
		      close = _mm_set1_epi8('}');
	struct masks m = {0, 0, 0};
	for (unsigned i = 0; i < 64; i += 16) {
		__m128i v = _mm_loadu_si128((const __m128i *)(const void *)(p + i));
		__m128i u = _mm_or_si128(v, low); /* '[' becomes '{', ']' becomes '}' */
		__m128i b = _mm_or_si128(_mm_cmpeq_epi8(u, open), _mm_cmpeq_epi8(u, close));
		m.quote |= (uint64_t)(unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(v, quote)) << i;
		m.slash |= (uint64_t)(unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(v, slash)) << i;
		m.bracket |= (uint64_t)(unsigned)_mm_movemask_epi8(b) << i;
	}
	return m;
}
#else
/* One bit for each byte of v that is zero, the first byte's lowest. */
static inline uint64_t zero8(uint64_t v)
{
	const uint64_t low7 = 0x7F7F7F7F7F7F7F7FULL;
	uint64_t z = ~(((v & low7) + low7) | v | low7);
	return (z >> 7) * 0x0102040810204080ULL >> 56;
}

static inline struct masks masks64(const unsigned char *p)
{
	const uint64_t ones = 0x0101010101010101ULL;
	struct masks m = {0, 0, 0};
	for (unsigned i = 0; i < 64; i += 8) {
		uint64_t v;
		memcpy(&v, p + i, sizeof(v));
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
		v = __builtin_bswap64(v);
#endif
		uint64_t u = v | ones * 0x20;
		uint64_t b = zero8(u ^ ones * '{') | zero8(u ^ ones * '}');
		m.quote |= zero8(v ^ ones * '"') << i;
		m.slash |= zero8(v ^ ones * '\\') << i;
		m.bracket |= b << i;
	}
	return m;
}
#endif

/* The same for n < 64 bytes; nothing behind them is read. */
static struct masks masks_tail(const unsigned char *p, size_t n)
{
	unsigned char block[64] = {0};
	memcpy(block, p, n);
	return masks64(block);
}

/* Bit i = whether an odd number of bits is set in 0..i. */
static inline uint64_t parity(uint64_t x)
{
	for (unsigned by = 1; by < 64; by *= 2)
		x ^= x << by;
	return x;
}

const char og_jsplit_too_deep[] = "containers are nested more than 256 deep";

/* Bits of bytes that are escaped; a carry goes in and out in escape_. */
static inline uint64_t escapes(struct og_jsplit *s, uint64_t slash, size_t n)
{
	uint64_t escaped = s->escape_;
	s->escape_ = false;
	slash &= ~escaped;
	while (slash) {
		unsigned i = (unsigned)__builtin_ctzll(slash);
		if (i + 1 == n) {
			s->escape_ = true;
			break;
		}
		escaped |= 2ULL << i;
		slash &= ~(3ULL << i);
	}
	return escaped;
}

/* A bracket or a stray backslash outside strings; NULL = fine, else what is wrong. */
static inline const char *event(struct og_jsplit *s, unsigned char c)
{
	bool object = c == '{' || c == '}';
	if (c == '{' || c == '[') {
		if (s->depth_ >= OG_JSPLIT_DEPTH)
			return og_jsplit_too_deep;
		uint64_t bit = 1ULL << s->depth_ % 64, *word = &s->stack_[s->depth_ / 64];
		*word = object ? *word | bit : *word & ~bit;
		s->depth_++;
		return NULL;
	}
	if (c == '\\')
		return "a backslash outside of a string";
	uint32_t top = (s->depth_ - 1) % OG_JSPLIT_DEPTH; /* depth_ is 1 to 256 here */
	s->depth_ = top;
	return (s->stack_[top / 64] >> top % 64 & 1) == object
		       ? NULL
		       : "a bracket of the other kind was expected";
}

const unsigned char *og_jsplit_skip(struct og_jsplit *s, const unsigned char *p,
	const unsigned char *end, const unsigned char **ret_at, const char **ret_why)
{
	while (p < end) {
		size_t left = (size_t)(end - p), n = left < 64 ? left : 64;
		struct masks m = n == 64 ? masks64(p) : masks_tail(p, n);
		if (m.slash | s->escape_)
			m.quote &= ~escapes(s, m.slash, n);
		uint64_t in = parity(m.quote) ^ (s->in_string_ ? ~0ULL : 0);
		uint64_t events = (m.bracket | m.slash) & ~in;
		while (events) {
			unsigned i = (unsigned)__builtin_ctzll(events);
			events &= events - 1;
			*ret_why = event(s, p[i]);
			if (*ret_why) {
				*ret_at = p + i;
				return NULL;
			}
			if (s->depth_ == 0) {
				s->in_string_ = s->escape_ = false;
				return p + i + 1;
			}
		}
		s->in_string_ = in >> (n - 1) & 1;
		p += n;
	}
	return p;
}
