/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The type of a YAML scalar as kubectl sees it, and its JSON form. The rules are those of
 * sigs.k8s.io/yaml goyaml.v2/resolve.go (resolve, resolveMapList, yamlStyleFloat) and yaml.go
 * (convertToJSONableObject), compared with that library by differential tests.
 */
#include "yaml-priv.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static const struct {
	const char *text;
	uint8_t type, tag;
} words[] = {
	{"y", OG_Y_TRUE, OG_YT_BOOL},
	{"Y", OG_Y_TRUE, OG_YT_BOOL},
	{"yes", OG_Y_TRUE, OG_YT_BOOL},
	{"Yes", OG_Y_TRUE, OG_YT_BOOL},
	{"YES", OG_Y_TRUE, OG_YT_BOOL},
	{"true", OG_Y_TRUE, OG_YT_BOOL},
	{"True", OG_Y_TRUE, OG_YT_BOOL},
	{"TRUE", OG_Y_TRUE, OG_YT_BOOL},
	{"on", OG_Y_TRUE, OG_YT_BOOL},
	{"On", OG_Y_TRUE, OG_YT_BOOL},
	{"ON", OG_Y_TRUE, OG_YT_BOOL},
	{"n", OG_Y_FALSE, OG_YT_BOOL},
	{"N", OG_Y_FALSE, OG_YT_BOOL},
	{"no", OG_Y_FALSE, OG_YT_BOOL},
	{"No", OG_Y_FALSE, OG_YT_BOOL},
	{"NO", OG_Y_FALSE, OG_YT_BOOL},
	{"false", OG_Y_FALSE, OG_YT_BOOL},
	{"False", OG_Y_FALSE, OG_YT_BOOL},
	{"FALSE", OG_Y_FALSE, OG_YT_BOOL},
	{"off", OG_Y_FALSE, OG_YT_BOOL},
	{"Off", OG_Y_FALSE, OG_YT_BOOL},
	{"OFF", OG_Y_FALSE, OG_YT_BOOL},
	{"", OG_Y_NULL, OG_YT_NULL},
	{"~", OG_Y_NULL, OG_YT_NULL},
	{"null", OG_Y_NULL, OG_YT_NULL},
	{"Null", OG_Y_NULL, OG_YT_NULL},
	{"NULL", OG_Y_NULL, OG_YT_NULL},
	{".nan", OG_Y_NAN, OG_YT_FLOAT},
	{".NaN", OG_Y_NAN, OG_YT_FLOAT},
	{".NAN", OG_Y_NAN, OG_YT_FLOAT},
	{".inf", OG_Y_INF, OG_YT_FLOAT},
	{".Inf", OG_Y_INF, OG_YT_FLOAT},
	{".INF", OG_Y_INF, OG_YT_FLOAT},
	{"+.inf", OG_Y_INF, OG_YT_FLOAT},
	{"+.Inf", OG_Y_INF, OG_YT_FLOAT},
	{"+.INF", OG_Y_INF, OG_YT_FLOAT},
	{"-.inf", OG_Y_NINF, OG_YT_FLOAT},
	{"-.Inf", OG_Y_NINF, OG_YT_FLOAT},
	{"-.INF", OG_Y_NINF, OG_YT_FLOAT},
};

/* Longer scalars are no numbers we keep: the largest double has 309 digits before the point. */
enum { NUMBER_BYTES = 1024 };

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static unsigned digit_of(char c)
{
	if (is_digit(c))
		return (unsigned)(c - '0');
	char l = (char)(c | 0x20);
	return l >= 'a' && l <= 'f' ? (unsigned)(l - 'a') + 10 : 99;
}

/* Go's strconv.ParseInt, else ParseUint, with base 0 and 64 bits. */
static bool parse_int(const char *s, struct og_yvalue *v)
{
	const char *p = s;
	bool sign = *p == '-' || *p == '+';
	v->negative = *p == '-';
	p += sign;
	unsigned base = 10;
	if (p[0] == '0' && p[1]) {
		char x = (char)(p[1] | 0x20);
		base = x == 'x' ? 16 : x == 'b' ? 2 : 8;
		p += x == 'x' || x == 'b' || x == 'o' ? 2 : 1;
	}
	if (!*p)
		return false;
	uint64_t m = 0;
	for (; *p; p++) {
		unsigned d = digit_of(*p);
		if (d >= base || __builtin_mul_overflow(m, base, &m) ||
			__builtin_add_overflow(m, d, &m))
			return false;
	}
	uint64_t max = !sign ? UINT64_MAX : v->negative ? (uint64_t)1 << 63 : INT64_MAX;
	if (m > max)
		return false;
	v->type = OG_Y_INT;
	v->magnitude = m;
	return true;
}

/* [-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)? */
static bool float_syntax(const char *p)
{
	p += *p == '-' || *p == '+';
	bool whole = is_digit(*p);
	while (is_digit(*p))
		p++;
	if (*p == '.') {
		p++;
		if (!whole && !is_digit(*p))
			return false;
		while (is_digit(*p))
			p++;
	} else if (!whole) {
		return false;
	}
	if (*p == 'e' || *p == 'E') {
		p++;
		p += *p == '-' || *p == '+';
		if (!is_digit(*p))
			return false;
		while (is_digit(*p))
			p++;
	}
	return !*p;
}

/* Out of range is no number (Go reports ErrRange), so 1e999 stays a string. */
static bool parse_real(const char *s, struct og_yvalue *v)
{
	if (!float_syntax(s))
		return false;
	double d = strtod(s, NULL);
	if (!isfinite(d))
		return false;
	v->type = OG_Y_REAL;
	v->real = d;
	return true;
}

/* Go's strconv.ParseFloat allows an underscore between two digits; resolve() keeps them for it when
 * the text starts with a point. */
static bool underscores_inside(struct og_sv s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] == '_' &&
			(i == 0 || i + 1 == s.n || !is_digit(s.p[i - 1]) || !is_digit(s.p[i + 1])))
			return false;
	return true;
}

/* resolve() strips "0b" and reads the rest as a signed number: 0b-1. */
static bool parse_signed_binary(const char *s, struct og_yvalue *v)
{
	char flat[NUMBER_BYTES];
	if (strncmp(s, "0b", 2) != 0 || (s[2] != '+' && s[2] != '-') || !s[3])
		return false;
	flat[0] = s[2];
	flat[1] = '0';
	flat[2] = 'b';
	memcpy(flat + 3, s + 3, strlen(s + 3) + 1);
	return parse_int(flat, v);
}

static bool parse_number(struct og_sv text, struct og_yvalue *v)
{
	char s[NUMBER_BYTES];
	size_t n = 0;
	if (text.n >= sizeof(s))
		return false;
	for (size_t i = 0; i < text.n; i++) {
		if (text.p[i] == '\0')
			return false;
		if (text.p[i] != '_')
			s[n++] = text.p[i];
	}
	s[n] = '\0';
	if (text.p[0] == '.')
		return underscores_inside(text) && parse_real(s, v);
	return parse_int(s, v) || parse_real(s, v) || parse_signed_binary(s, v);
}

/* "2001-12-14", alone or followed by a time; enough to tell a date from anything else. */
static bool date_like(struct og_sv s)
{
	size_t i = 0;
	for (int part = 0; part < 3; part++) {
		size_t from = i;
		while (i < s.n && is_digit(s.p[i]))
			i++;
		size_t digits = i - from;
		if (part == 0 ? digits != 4 : digits < 1 || digits > 2)
			return false;
		if (part < 2 && (i == s.n || s.p[i++] != '-'))
			return false;
	}
	return i == s.n || s.p[i] == 'T' || s.p[i] == 't' || s.p[i] == ' ';
}

static enum og_ytag infer(struct og_sv text, struct og_yvalue *v)
{
	char c = text.n ? text.p[0] : '\0';
	if (!text.n || strchr("yYnNtTfFoO~.+-", c)) {
		for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
			if (og_sv_eq(text, og_svz(words[i].text))) {
				v->type = words[i].type;
				return words[i].tag;
			}
	}
	if ((is_digit(c) || c == '+' || c == '-' || c == '.') && parse_number(text, v))
		return v->type == OG_Y_INT ? OG_YT_INT : OG_YT_FLOAT;
	return OG_YT_STR;
}

static const char *const tag_names[] = {
	[OG_YT_BOOL] = "the tag !!bool wants true or false",
	[OG_YT_INT] = "the tag !!int wants an integer",
	[OG_YT_FLOAT] = "the tag !!float wants a number",
	[OG_YT_NULL] = "the tag !!null wants null",
	[OG_YT_TIMESTAMP] = "the tag !!timestamp wants a date such as 2001-12-14",
};

const char *og_ytype_resolve(
	struct og_sv text, enum og_ytag tag, bool implicit, struct og_yvalue *ret)
{
	struct og_yvalue v = {.type = OG_Y_STR};
	if (tag == OG_YT_NONE && implicit) {
		infer(text, &v);
	} else if (tag == OG_YT_TIMESTAMP) {
		if (!date_like(text))
			return tag_names[tag];
	} else if (tag >= OG_YT_BOOL && tag <= OG_YT_NULL) {
		enum og_ytag got = infer(text, &v);
		if (got != tag && !(tag == OG_YT_FLOAT && got == OG_YT_INT))
			return tag_names[tag];
		if (tag == OG_YT_FLOAT && got == OG_YT_INT) {
			v.type = OG_Y_REAL;
			v.real = v.negative && v.magnitude ? -(double)v.magnitude
							   : (double)v.magnitude;
		}
	}
	*ret = v;
	return NULL;
}

/* The shortest decimal digits that give the value back; returns their number, *ret_exp as in
 * 0.DIGITS × 10^exp. Zero gives "0". */
static int shortest(double d, bool single, char digits[24], int *ret_exp)
{
	char s[40];
	for (int prec = 0; prec < 17; prec++) {
		snprintf(s, sizeof(s), "%.*e", prec, d);
		if (single ? strtof(s, NULL) == (float)d : strtod(s, NULL) == d)
			break;
	}
	int n = 0;
	const char *p = s;
	for (; *p && *p != 'e'; p++)
		if (is_digit(*p))
			digits[n++] = *p;
	*ret_exp = (int)strtol(p + 1, NULL, 10) + 1;
	while (n > 1 && digits[n - 1] == '0')
		n--;
	if (n == 1 && digits[0] == '0')
		*ret_exp = 1;
	return n;
}

/* Go's strconv.FormatFloat: plain when the exponent lies in [low, high), else with an exponent of
 * at least two digits. */
static void put_real(struct og_buf *b, double d, bool single, int low, int high)
{
	char digits[24];
	int exp, n = shortest(fabs(d), single, digits, &exp);
	if (signbit(d))
		og_buf_ch(b, '-');
	if (exp - 1 < low || exp - 1 >= high) {
		og_buf_add(b, digits, 1);
		if (n > 1) {
			og_buf_ch(b, '.');
			og_buf_add(b, digits + 1, (size_t)n - 1);
		}
		og_buf_fmt(b, "e%c%02d", exp > 0 ? '+' : '-', abs(exp - 1));
		return;
	}
	if (exp <= 0) {
		og_buf_lit(b, "0.");
		for (int i = exp; i < 0; i++)
			og_buf_ch(b, '0');
		og_buf_add(b, digits, (size_t)n);
		return;
	}
	for (int i = 0; i < exp || i < n; i++) {
		if (i == exp)
			og_buf_ch(b, '.');
		og_buf_ch(b, i < n ? digits[i] : '0');
	}
}

/* A whole decimal number beyond 64 bits: its digits, not the rounded double. */
static bool whole_digits(struct og_sv text)
{
	size_t i = text.n && (text.p[0] == '-' || text.p[0] == '+');
	if (i == text.n || text.p[i] == '0')
		return false;
	for (; i < text.n; i++)
		if (!is_digit(text.p[i]))
			return false;
	return true;
}

void og_ytype_number(struct og_buf *b, const struct og_yvalue *v, struct og_sv text)
{
	if (v->type == OG_Y_INT) {
		if (v->negative && v->magnitude)
			og_buf_ch(b, '-');
		og_buf_u64(b, v->magnitude);
	} else if (whole_digits(text)) {
		size_t skip = text.p[0] == '+';
		og_buf_add(b, text.p + skip, text.n - skip);
	} else {
		put_real(b, v->real, false, -6, 21); /* encoding/json's limits */
	}
}

/* FormatFloat(x, 'g', -1, 32), as kubectl writes a key; beyond a float's range it is infinite. */
static void put_single(struct og_buf *b, float f)
{
	if (isinf(f))
		og_buf_str(b, f < 0 ? "-.inf" : ".inf");
	else
		put_real(b, (double)f, true, -4, 6);
}

void og_ytype_key(struct og_buf *b, const struct og_yvalue *v, struct og_sv text)
{
	switch (v->type) {
	case OG_Y_TRUE:
		og_buf_lit(b, "true");
		break;
	case OG_Y_FALSE:
		og_buf_lit(b, "false");
		break;
	case OG_Y_INT:
		og_ytype_number(b, v, text);
		break;
	case OG_Y_REAL:
		put_single(b, (float)v->real);
		break;
	case OG_Y_INF:
		og_buf_lit(b, ".inf");
		break;
	case OG_Y_NINF:
		og_buf_lit(b, "-.inf");
		break;
	case OG_Y_NAN:
		og_buf_lit(b, ".nan");
		break;
	case OG_Y_STR:
	case OG_Y_NULL:
		og_buf_sv(b, text);
		break;
	}
}
