/* SPDX-License-Identifier: Apache-2.0 */
/* Strict readers of numbers, booleans, durations and quantities. Times are in time.c. */
#include "otelgate/base/parse.h"
#include "otelgate/base/mem.h"

#include <inttypes.h>
#include <stdio.h>

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

enum { NS_PER_MS = 1000000 };
enum digits { DIGITS_OK, DIGITS_BAD, DIGITS_HUGE };

static enum digits read_digits(struct og_sv s, uint64_t *ret)
{
	if (s.n == 0 || (s.n > 1 && s.p[0] == '0'))
		return DIGITS_BAD;
	uint64_t v = 0;
	bool huge = false;
	for (size_t i = 0; i < s.n; i++) {
		if (!is_digit(s.p[i]))
			return DIGITS_BAD;
		huge = huge || __builtin_mul_overflow(v, 10, &v) ||
		       __builtin_add_overflow(v, (uint64_t)(s.p[i] - '0'), &v);
	}
	*ret = v;
	return huge ? DIGITS_HUGE : DIGITS_OK;
}

int og_parse_u64(struct og_sv s, uint64_t min, uint64_t max, uint64_t *ret, struct og_err *err)
{
	uint64_t v = 0;
	enum digits d = read_digits(s, &v);
	if (d == DIGITS_OK && v >= min && v <= max) {
		*ret = v;
		return 0;
	}
	return og_err_set(err, d == DIGITS_BAD ? OG_E_PARSE : OG_E_LIMIT,
		"expected a whole number from %" PRIu64 " to %" PRIu64, min, max);
}

int og_parse_u32(struct og_sv s, uint32_t min, uint32_t max, uint32_t *ret, struct og_err *err)
{
	uint64_t v = 0;
	int rc = og_parse_u64(s, min, max, &v, err);
	if (rc == 0)
		*ret = (uint32_t)v;
	return rc;
}

int og_parse_i64(struct og_sv s, int64_t min, int64_t max, int64_t *ret, struct og_err *err)
{
	bool negative = s.n && s.p[0] == '-';
	uint64_t v = 0;
	enum digits d = read_digits(negative ? og_sv(s.p + 1, s.n - 1) : s, &v);
	if (d == DIGITS_OK && negative && v == 0)
		d = DIGITS_BAD; /* "-0" */
	if (d == DIGITS_OK && v <= (uint64_t)INT64_MAX + negative) {
		int64_t i = negative ? (int64_t)(0 - v) : (int64_t)v;
		if (i >= min && i <= max) {
			*ret = i;
			return 0;
		}
	}
	return og_err_set(err, d == DIGITS_BAD ? OG_E_PARSE : OG_E_LIMIT,
		"expected a whole number from %" PRId64 " to %" PRId64, min, max);
}

int og_parse_bool(struct og_sv s, bool *ret, struct og_err *err)
{
	bool yes = og_sv_is(s, "true");
	if (!yes && !og_sv_is(s, "false"))
		return og_err_set(err, OG_E_PARSE, "expected true or false");
	*ret = yes;
	return 0;
}

static const struct {
	const char *name;
	int64_t ns;
} units[] = {
	{"ns", 1},
	{"us", 1000},
	{"\xc2\xb5s", 1000}, /* U+00B5 micro sign */
	{"\xce\xbcs", 1000}, /* U+03BC Greek mu */
	{"ms", 1000000},
	{"s", 1000000000LL},
	{"m", 60000000000LL},
	{"h", 3600000000000LL},
};

/* One "<number><unit>" in nanoseconds, out of *s. DIGITS_BAD for anything else. */
static enum digits duration_part(struct og_sv *s, uint64_t *ret_ns)
{
	size_t i = 0;
	uint64_t whole = 0, fraction = 0, scale = 1;
	bool huge = false;
	for (; i < s->n && is_digit(s->p[i]); i++)
		huge = huge || __builtin_mul_overflow(whole, 10, &whole) ||
		       __builtin_add_overflow(whole, (uint64_t)(s->p[i] - '0'), &whole);
	size_t ndigits = i;
	if (i < s->n && s->p[i] == '.') {
		for (i++; i < s->n && is_digit(s->p[i]); i++, ndigits++) {
			/* 9 ms are 0.0000025h; with more digits nothing is whole milliseconds */
			if (scale < 10000000) {
				fraction = fraction * 10 + (uint64_t)(s->p[i] - '0');
				scale *= 10;
			} else if (s->p[i] != '0') {
				return DIGITS_BAD;
			}
		}
	}
	if (ndigits == 0)
		return DIGITS_BAD;
	size_t end = i;
	while (end < s->n && s->p[end] != '.' && !is_digit(s->p[end]))
		end++;
	struct og_sv unit = og_sv(s->p + i, end - i);
	for (size_t u = 0; u < OG_COUNT(units); u++) {
		if (!og_sv_eq(unit, og_svz(units[u].name)))
			continue;
		uint64_t ns, part = (uint64_t)units[u].ns;
		uint64_t grain = part > NS_PER_MS ? 1000 : 1; /* keeps the product in 64 bits */
		if (fraction * (part / grain) % scale)
			return DIGITS_BAD;
		huge = huge || __builtin_mul_overflow(whole, part, &ns) ||
		       __builtin_add_overflow(
			       ns, fraction * (part / grain) / scale * grain, ret_ns);
		*s = og_sv(s->p + end, s->n - end);
		return huge ? DIGITS_HUGE : DIGITS_OK;
	}
	return DIGITS_BAD;
}

int og_parse_duration_ms(
	struct og_sv s, int64_t min_ms, int64_t max_ms, int64_t *ret_ms, struct og_err *err)
{
	bool negative = s.n && s.p[0] == '-';
	struct og_sv rest = s.n && (negative || s.p[0] == '+') ? og_sv(s.p + 1, s.n - 1) : s;
	enum digits state = rest.n ? DIGITS_OK : DIGITS_BAD;
	uint64_t ns = 0;
	if (og_sv_is(rest, "0"))
		rest.n = 0;
	while (rest.n && state != DIGITS_BAD) {
		uint64_t part = 0;
		enum digits d = duration_part(&rest, &part);
		if (d != DIGITS_OK || __builtin_add_overflow(ns, part, &ns))
			state = d == DIGITS_BAD ? DIGITS_BAD : DIGITS_HUGE;
	}
	if (state == DIGITS_OK && ns % NS_PER_MS)
		state = DIGITS_BAD;
	if (state == DIGITS_BAD)
		return og_err_set(err, OG_E_PARSE,
			"expected a duration in whole milliseconds such as 10s, 1m30s or 250ms");
	int64_t ms = (int64_t)(ns / NS_PER_MS);
	ms = negative ? -ms : ms;
	if (state == DIGITS_HUGE || ms < min_ms || ms > max_ms) {
		char lo[OG_DURATION_BYTES], hi[OG_DURATION_BYTES];
		og_fmt_duration_ms(lo, min_ms);
		og_fmt_duration_ms(hi, max_ms);
		return og_err_set(err, OG_E_LIMIT, "expected a duration from %s to %s", lo, hi);
	}
	*ret_ms = ms;
	return 0;
}

void og_fmt_duration_ms(char out[OG_DURATION_BYTES], int64_t ms)
{
	uint64_t v = ms < 0 ? 0 - (uint64_t)ms : (uint64_t)ms;
	uint64_t h = v / 3600000, m = v / 60000 % 60, s = v / 1000 % 60, rest = v % 1000;
	char *p = out, *end = out + OG_DURATION_BYTES;
	*p = '\0';
	if (ms < 0)
		*p++ = '-';
	if (v < 1000 && v) {
		(void)snprintf(p, (size_t)(end - p), "%" PRIu64 "ms", v);
		return;
	}
	if (h)
		p += snprintf(p, (size_t)(end - p), "%" PRIu64 "h", h);
	if (m)
		p += snprintf(p, (size_t)(end - p), "%" PRIu64 "m", m);
	if (!s && !rest && v)
		return;
	p += snprintf(p, (size_t)(end - p), "%" PRIu64, s);
	if (rest) {
		p += snprintf(p, (size_t)(end - p), ".%03" PRIu64, rest);
		while (p[-1] == '0')
			p--;
	}
	p[0] = 's';
	p[1] = '\0';
}

static bool quantity_suffix(struct og_sv s)
{
	static const char *const known[] = {"", "n", "u", "m", "k", "M", "G", "T", "P", "E", "Ki",
		"Mi", "Gi", "Ti", "Pi", "Ei"};
	for (size_t i = 0; i < OG_COUNT(known); i++)
		if (og_sv_eq(s, og_svz(known[i])))
			return true;
	if (s.n < 2 || (s.p[0] != 'e' && s.p[0] != 'E'))
		return false;
	struct og_sv exponent = og_sv(s.p + 1, s.n - 1);
	if (exponent.p[0] == '+' || exponent.p[0] == '-')
		exponent = og_sv(exponent.p + 1, exponent.n - 1);
	/* Go reads it as an int64; nine digits are more than any quantity holds */
	if (exponent.n == 0 || exponent.n > 9)
		return false;
	for (size_t i = 0; i < exponent.n; i++)
		if (!is_digit(exponent.p[i]))
			return false;
	return true;
}

int og_parse_quantity(struct og_sv s, struct og_err *err)
{
	size_t i = s.n && (s.p[0] == '+' || s.p[0] == '-') ? 1 : 0, ndigits = 0;
	for (; i < s.n && is_digit(s.p[i]); i++)
		ndigits++;
	if (i < s.n && s.p[i] == '.')
		for (i++; i < s.n && is_digit(s.p[i]); i++)
			ndigits++;
	if (ndigits == 0 || !quantity_suffix(og_sv(s.p + i, s.n - i)))
		return og_err_set(err, OG_E_PARSE,
			"expected a Kubernetes quantity such as 100m, 0.5, 128Mi or 1e3");
	return 0;
}
