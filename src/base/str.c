/* SPDX-License-Identifier: Apache-2.0 */
/* Views and capped buffers. */
#include "otelgate/base/str.h"
#include "otelgate/base/mem.h"

#include <stdint.h>
#include <stdio.h>

int og_sv_cmp(struct og_sv a, struct og_sv b)
{
	size_t n = a.n < b.n ? a.n : b.n;
	int c = n ? memcmp(a.p, b.p, n) : 0;
	if (c)
		return c;
	return (a.n > b.n) - (a.n < b.n);
}

static char ascii_lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

bool og_sv_caseeq(struct og_sv a, struct og_sv b)
{
	if (a.n != b.n)
		return false;
	for (size_t i = 0; i < a.n; i++)
		if (ascii_lower(a.p[i]) != ascii_lower(b.p[i]))
			return false;
	return true;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

struct og_sv og_sv_trim(struct og_sv s)
{
	while (s.n && is_blank(s.p[0])) {
		s.p++;
		s.n--;
	}
	while (s.n && is_blank(s.p[s.n - 1]))
		s.n--;
	return s;
}

size_t og_sv_chr(struct og_sv s, char c)
{
	const char *hit = s.n ? memchr(s.p, c, s.n) : NULL;
	return hit ? (size_t)(hit - s.p) : s.n;
}

bool og_sv_key(
	char *buf, size_t size, const struct og_sv *parts, size_t n, char end, struct og_sv *ret)
{
	size_t at = 0;

	for (size_t i = 0; i < n; i++) {
		if (parts[i].n >= size - at)
			return false;
		if (parts[i].n)
			memcpy(buf + at, parts[i].p, parts[i].n);
		at += parts[i].n;
		buf[at++] = end;
	}
	*ret = og_sv(buf, at);
	return true;
}

bool og_sv_has(struct og_sv s, struct og_sv needle)
{
	return needle.n == 0 || (s.n && memmem(s.p, s.n, needle.p, needle.n) != NULL);
}

bool og_sv_split(struct og_sv *rest, char sep, struct og_sv *ret_part)
{
	if (rest->n == 0)
		return false;
	size_t i = og_sv_chr(*rest, sep);
	*ret_part = og_sv(rest->p, i);
	size_t used = i < rest->n ? i + 1 : i;
	rest->p += used;
	rest->n -= used;
	return true;
}

bool og_sv_set(char **at, struct og_sv s)
{
	char *p = og_malloc(s.n + 1);

	if (!p)
		return false;
	if (s.n)
		memcpy(p, s.p, s.n);
	p[s.n] = '\0';
	og_free(*at);
	*at = p;
	return true;
}

bool og_utf8_valid(const char *p, size_t n)
{
	const unsigned char *s = (const unsigned char *)p;
	size_t i = 0;
	while (i < n) {
		while (i + 8 <= n) {
			uint64_t w;
			memcpy(&w, s + i, 8);
			if (w & 0x8080808080808080ULL)
				break;
			i += 8;
		}
		if (i >= n)
			return true;
		unsigned char c = s[i];
		if (c < 0x80) {
			i++;
			continue;
		}
		size_t need = c >= 0xF0 ? 3 : c >= 0xE0 ? 2 : 1;
		if (c < 0xC2 || c > 0xF4 || n - i <= need)
			return false;
		unsigned char c1 = s[i + 1];
		unsigned char lo = c == 0xE0 ? 0xA0 : c == 0xF0 ? 0x90 : 0x80;
		unsigned char hi = c == 0xED ? 0x9F : c == 0xF4 ? 0x8F : 0xBF;
		if (c1 < lo || c1 > hi)
			return false;
		for (size_t k = 2; k <= need; k++)
			if ((s[i + k] & 0xC0) != 0x80)
				return false;
		i += need + 1;
	}
	return true;
}

enum { BUF_DEFAULT_MAX = 64 << 20, BUF_FIRST = 64 };

void og_buf_init(struct og_buf *b, size_t max_bytes)
{
	*b = (struct og_buf){.max = max_bytes};
}

void og_buf_fini(struct og_buf *b)
{
	og_free(b->p);
	*b = (struct og_buf){.max = b->max};
}

void og_buf_wipe(struct og_buf *b)
{
	if (b->p)
		explicit_bzero(b->p, b->cap);
	og_buf_fini(b);
}

void og_buf_reset(struct og_buf *b)
{
	b->len = 0;
	b->failed = b->full = false;
	if (b->p)
		b->p[0] = '\0';
}

bool og_buf_grow_(struct og_buf *b, size_t more)
{
	if (b->failed)
		return false;
	size_t max = b->max ? b->max : BUF_DEFAULT_MAX;
	if (more > max - b->len) {
		b->failed = b->full = true;
		return false;
	}
	size_t need = b->len + more + 1;
	if (need <= b->cap)
		return true;
	size_t cap = b->cap ? b->cap : BUF_FIRST;
	while (cap < need)
		cap *= 2;
	if (cap > max + 1)
		cap = max + 1; /* the inline fast path trusts cap alone */
	char *p = og_realloc(b->p, cap, 1);
	if (!p) {
		b->failed = true;
		return false;
	}
	b->p = p;
	b->cap = cap;
	b->p[b->len] = '\0';
	return true;
}

bool og_buf_reserve(struct og_buf *b, size_t more)
{
	return og_buf_grow_(b, more);
}

void og_buf_vfmt(struct og_buf *b, const char *fmt, va_list ap)
{
	va_list again;
	va_copy(again, ap);
	int n = vsnprintf(NULL, 0, fmt, ap);
	if (n < 0)
		b->failed = true;
	else if (og_buf_grow_(b, (size_t)n)) {
		vsnprintf(b->p + b->len, (size_t)n + 1, fmt, again);
		b->len += (size_t)n;
	}
	va_end(again);
}

void og_buf_fmt(struct og_buf *b, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	og_buf_vfmt(b, fmt, ap);
	va_end(ap);
}

void og_buf_u64(struct og_buf *b, unsigned long long v)
{
	char digits[20];
	size_t i = sizeof(digits);
	do {
		digits[--i] = (char)('0' + v % 10);
		v /= 10;
	} while (v);
	og_buf_add(b, digits + i, sizeof(digits) - i);
}

char *og_buf_take(struct og_buf *b)
{
	if (!og_buf_grow_(b, 0))
		return NULL;
	char *p = b->p;
	*b = (struct og_buf){.max = b->max};
	return p;
}
