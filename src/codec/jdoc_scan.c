/* SPDX-License-Identifier: Apache-2.0 */
/* JSON's terminals: the paths that need care. See jdoc_scan-priv.h. */
#include "jdoc_scan-priv.h"

static const unsigned char *bad(struct og_jscan *s, const unsigned char *at, const char *why)
{
	s->bad = at;
	s->why = why;
	return NULL;
}

static inline bool is_ws(unsigned char c)
{
	return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

const unsigned char *og_jscan_ws_slow(const unsigned char *p, const unsigned char *end)
{
#ifdef OG_JSCAN_SSE2
	while (end - p >= 16) {
		__m128i v = _mm_loadu_si128((const __m128i *)(const void *)p);
		__m128i ws = _mm_or_si128(_mm_or_si128(_mm_cmpeq_epi8(v, _mm_set1_epi8(' ')),
						  _mm_cmpeq_epi8(v, _mm_set1_epi8('\n'))),
			_mm_or_si128(_mm_cmpeq_epi8(v, _mm_set1_epi8('\r')),
				_mm_cmpeq_epi8(v, _mm_set1_epi8('\t'))));
		unsigned other = ~(unsigned)_mm_movemask_epi8(ws) & 0xFFFF;
		if (other)
			return p + __builtin_ctz(other);
		p += 16;
	}
#endif
	while (p < end && is_ws(*p))
		p++;
	return p;
}

unsigned og_jscan_utf8(const unsigned char *p, const unsigned char *end)
{
	unsigned char c = p[0];
	unsigned n = c >= 0xF0 ? 4 : c >= 0xE0 ? 3 : 2;
	if (c < 0xC2 || c > 0xF4 || (size_t)(end - p) < n)
		return 0;
	unsigned char lo = c == 0xE0 ? 0xA0 : c == 0xF0 ? 0x90 : 0x80;
	unsigned char hi = c == 0xED ? 0x9F : c == 0xF4 ? 0x8F : 0xBF;
	if (p[1] < lo || p[1] > hi)
		return 0;
	for (unsigned i = 2; i < n; i++)
		if ((p[i] & 0xC0) != 0x80)
			return 0;
	return n;
}

/* Four hexadecimal digits behind "\u" at p; -1 when they are not there. */
static int32_t unicode_escape(const unsigned char *p, const unsigned char *end)
{
	if (end - p < 6 || p[0] != '\\' || p[1] != 'u')
		return -1;
	int32_t v = 0;
	for (int i = 2; i < 6; i++) {
		unsigned char c = p[i], l = c | 0x20;
		if (c >= '0' && c <= '9')
			v = v * 16 + (c - '0');
		else if (l >= 'a' && l <= 'f')
			v = v * 16 + (l - 'a' + 10);
		else
			return -1;
	}
	return v;
}

static const unsigned char *escape(
	struct og_jscan *s, const unsigned char *p, const unsigned char *end)
{
	static const char simple[] = "\"\\/bfnrt";
	if (end - p < 2)
		return bad(s, end, "the text ends inside a string");
	if (p[1] != 'u')
		return p[1] && strchr(simple, p[1]) ? p + 2 : bad(s, p, "unknown escape sequence");
	int32_t v = unicode_escape(p, end);
	if (v < 0)
		return bad(s, p, "\\u must be followed by four hexadecimal digits");
	if (v < 0xD800 || v > 0xDFFF)
		return p + 6;
	int32_t low = v <= 0xDBFF ? unicode_escape(p + 6, end) : -1;
	if (low < 0xDC00 || low > 0xDFFF)
		return bad(s, p, "unpaired surrogate escape");
	return p + 12;
}

const unsigned char *og_jscan_string_slow(
	struct og_jscan *s, const unsigned char *p, const unsigned char *end, bool *escaped)
{
	while (p < end) {
		unsigned char c = *p;
		if (c == '"')
			return p;
		if (c < 0x20)
			return bad(s, p, "a control character in a string must be escaped");
		if (c == '\\') {
			*escaped = true;
			p = escape(s, p, end);
			if (!p)
				return NULL;
		} else if (c >= 0x80) {
			unsigned n = og_jscan_utf8(p, end);
			if (!n)
				return bad(s, p, "invalid UTF-8");
			p += n;
			if (p < end && *p >= 0x80)
				continue; /* texts in other scripts stay on this path */
		} else {
			p++;
		}
		p = og_jscan_plain(p, end);
	}
	return bad(s, end, "the text ends inside a string");
}

static inline bool is_digit(const unsigned char *p, const unsigned char *end)
{
	return p < end && *p >= '0' && *p <= '9';
}

static const unsigned char *digits(
	struct og_jscan *s, const unsigned char *p, const unsigned char *end)
{
	if (!is_digit(p, end))
		return bad(
			s, p, p < end ? "a digit was expected" : "the text ends inside a number");
	while (is_digit(p, end))
		p++;
	return p;
}

static const unsigned char *number(
	struct og_jscan *s, const unsigned char *p, const unsigned char *end)
{
	if (*p == '-')
		p++;
	const unsigned char *first = p;
	p = digits(s, p, end);
	if (!p)
		return NULL;
	if (*first == '0' && p - first > 1)
		return bad(s, first, "a number must not start with a zero before other digits");
	if (p < end && *p == '.') {
		p = digits(s, p + 1, end);
		if (!p)
			return NULL;
	}
	if (p < end && (*p == 'e' || *p == 'E')) {
		p++;
		if (p < end && (*p == '+' || *p == '-'))
			p++;
		p = digits(s, p, end);
	}
	return p;
}

const unsigned char *og_jscan_scalar(
	struct og_jscan *s, const unsigned char *p, const unsigned char *end, enum og_jtype *type)
{
	static const struct {
		const char *text;
		size_t n;
		enum og_jtype type;
	} names[] = {{"true", 4, OG_J_TRUE}, {"false", 5, OG_J_FALSE}, {"null", 4, OG_J_NULL}};
	if (*p == '-' || is_digit(p, end)) {
		*type = OG_J_NUMBER;
		return number(s, p, end);
	}
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if ((size_t)(end - p) >= names[i].n && memcmp(p, names[i].text, names[i].n) == 0) {
			*type = names[i].type;
			return p + names[i].n;
		}
	return bad(s, p,
		*p == ']' || *p == '}' ? "a value was expected before the closing bracket"
				       : "a value was expected");
}
