/* SPDX-License-Identifier: Apache-2.0 */
/* Base64: three bytes to four characters and back. */
#include "otelgate/codec/base64.h"

#include <endian.h>
#include <stdint.h>

static const char alphabet[65] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static inline void put_triple(char *q, const unsigned char *s)
{
	uint32_t v = (uint32_t)s[0] << 16 | (uint32_t)s[1] << 8 | s[2];
	q[0] = alphabet[v >> 18];
	q[1] = alphabet[v >> 12 & 63];
	q[2] = alphabet[v >> 6 & 63];
	q[3] = alphabet[v & 63];
}

/* Twelve bits to two characters, made by the compiler: a third of the steps of one at a time. */
#define CHAR(i)                            \
	((char)((i) < 26    ? 'A' + (i)    \
		: (i) < 52  ? 'a' + (i)-26 \
		: (i) < 62  ? '0' + (i)-52 \
		: (i) == 62 ? '+'          \
			    : '/'))
#define PAIR(i)                              \
	{                                    \
		CHAR((i) >> 6), CHAR((i)&63) \
	}
#define PAIRS4(i)   PAIR(i), PAIR((i) + 1), PAIR((i) + 2), PAIR((i) + 3)
#define PAIRS16(i)  PAIRS4(i), PAIRS4((i) + 4), PAIRS4((i) + 8), PAIRS4((i) + 12)
#define PAIRS64(i)  PAIRS16(i), PAIRS16((i) + 16), PAIRS16((i) + 32), PAIRS16((i) + 48)
#define PAIRS256(i) PAIRS64(i), PAIRS64((i) + 64), PAIRS64((i) + 128), PAIRS64((i) + 192)
#define PAIRS1K(i)  PAIRS256(i), PAIRS256((i) + 256), PAIRS256((i) + 512), PAIRS256((i) + 768)
static const char pairs[4096][2] = {PAIRS1K(0), PAIRS1K(1024), PAIRS1K(2048), PAIRS1K(3072)};

/* Six bytes to eight characters; reads eight bytes, so that one load is enough. */
static inline void put_six(char *q, const unsigned char *s)
{
	uint64_t v;
	memcpy(&v, s, sizeof(v));
	v = be64toh(v);
	memcpy(q, pairs[v >> 52], 2);
	memcpy(q + 2, pairs[v >> 40 & 4095], 2);
	memcpy(q + 4, pairs[v >> 28 & 4095], 2);
	memcpy(q + 6, pairs[v >> 16 & 4095], 2);
}

void og_base64_encode(struct og_buf *b, struct og_sv s)
{
	if (s.n > SIZE_MAX / 2) {
		b->failed = true;
		return;
	}
	if (!og_buf_reserve(b, og_base64_len(s.n)))
		return;
	const unsigned char *p = (const unsigned char *)s.p;
	char *q = b->p + b->len;
	size_t left = s.n;
	for (; left >= 8; left -= 6, p += 6, q += 8)
		put_six(q, p);
	for (; left >= 3; left -= 3, p += 3, q += 4)
		put_triple(q, p);
	if (left) {
		unsigned char tail[3] = {p[0], left == 2 ? p[1] : 0, 0};
		put_triple(q, tail);
		q[3] = '=';
		if (left == 1)
			q[2] = '=';
	}
	b->len += og_base64_len(s.n);
	b->p[b->len] = '\0';
}

/* 0..63, or 255 for a byte outside the alphabet. */
static unsigned value_of(unsigned char c)
{
	if (c >= 'A' && c <= 'Z')
		return (unsigned)c - 'A';
	if (c >= 'a' && c <= 'z')
		return (unsigned)c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return (unsigned)c - '0' + 52;
	return c == '+' ? 62 : c == '/' ? 63 : 255;
}

static int bad(struct og_err *err, size_t off, const char *what)
{
	return og_err_set(err, OG_E_PARSE, "base64: byte %zu: %s", off + 1, what);
}

/* Decodes one group with `chars` significant characters (2 to 4); returns the bytes written. */
static int group(
	const unsigned char *s, unsigned chars, char out[3], size_t off, struct og_err *err)
{
	uint32_t v = 0;
	for (unsigned i = 0; i < 4; i++) {
		unsigned d = i < chars ? value_of(s[i]) : 0;
		if (d == 255)
			return bad(err, off + i,
				s[i] == '=' ? "padding in the wrong place"
					    : "not a character of the base64 alphabet");
		v = v << 6 | d;
	}
	if ((chars == 3 && (v & 0xff)) || (chars == 2 && (v & 0xffff)))
		return bad(
			err, off + chars - 1, "the unused bits of the last character are not zero");
	out[0] = (char)(v >> 16 & 0xff);
	out[1] = (char)(v >> 8 & 0xff);
	out[2] = (char)(v & 0xff);
	return (int)chars - 1;
}

int og_base64_decode(struct og_buf *b, struct og_sv s, struct og_err *err)
{
	if (s.n % 4)
		return bad(
			err, s.n - 1, "the text ends in the middle of a group of four characters");
	if (!og_buf_reserve(b, s.n / 4 * 3))
		return og_err_set(err, OG_E_OOM, "base64: no room for the decoded bytes");
	const unsigned char *p = (const unsigned char *)s.p;
	size_t before = b->len;
	for (size_t i = 0; i < s.n; i += 4) {
		unsigned chars = 4;
		if (i + 4 == s.n)
			chars = p[i + 3] != '=' ? 4 : p[i + 2] != '=' ? 3 : 2;
		char out[3];
		int n = group(p + i, chars, out, i, err);
		if (n < 0) {
			b->len = before;
			b->p[before] = '\0';
			return n;
		}
		og_buf_add(b, out, (size_t)n);
	}
	return 0;
}
