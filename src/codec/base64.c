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

/* Six bytes to eight characters; reads eight bytes, so that one load is enough. */
static inline void put_six(char *q, const unsigned char *s)
{
	uint64_t v;
	memcpy(&v, s, sizeof(v));
	v = be64toh(v);
	uint64_t out = 0;
	for (unsigned i = 0; i < 8; i++)
		out |= (uint64_t)(unsigned char)alphabet[v >> (58 - 6 * i) & 63] << (8 * i);
	out = htole64(out);
	memcpy(q, &out, sizeof(out));
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
