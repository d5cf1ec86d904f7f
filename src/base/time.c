/* SPDX-License-Identifier: Apache-2.0 */
/* RFC 3339 times. Calendar arithmetic on the proleptic Gregorian calendar, no time zone data. */
#include "otelgate/base/parse.h"

#include <stdio.h>

enum { NS_PER_S = 1000000000 };

/* Days since 1970-01-01. Years are counted from March, so that leap days come last. */
static int64_t days_from_civil(int64_t y, int64_t m, int64_t d)
{
	y -= m <= 2;
	int64_t era = (y >= 0 ? y : y - 399) / 400;
	int64_t yoe = y - era * 400;
	int64_t doy = (153 * (m > 2 ? m - 3 : m + 9) + 2) / 5 + d - 1;
	return era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468;
}

static void civil_from_days(int64_t days, int64_t *y, int64_t *m, int64_t *d)
{
	int64_t z = days + 719468;
	int64_t era = (z >= 0 ? z : z - 146096) / 146097;
	int64_t doe = z - era * 146097;
	int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	int64_t mp = (5 * doy + 2) / 153;
	*d = doy - (153 * mp + 2) / 5 + 1;
	*m = mp < 10 ? mp + 3 : mp - 9;
	*y = yoe + era * 400 + (*m <= 2);
}

static int days_in_month(int64_t y, int64_t m)
{
	static const unsigned char days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool leap = (y % 4 == 0 && y % 100 != 0) || y % 400 == 0;
	return days[m - 1] + (m == 2 && leap);
}

/* Exactly n digits at *pos, within lo..hi. */
static bool field(struct og_sv s, size_t *pos, size_t n, int64_t lo, int64_t hi, int64_t *ret)
{
	int64_t v = 0;
	if (s.n - *pos < n)
		return false;
	for (size_t i = 0; i < n; i++) {
		char c = s.p[*pos + i];
		if (c < '0' || c > '9')
			return false;
		v = v * 10 + (c - '0');
	}
	*pos += n;
	*ret = v;
	return v >= lo && v <= hi;
}

static bool expect(struct og_sv s, size_t *pos, char c)
{
	if (*pos >= s.n || s.p[*pos] != c)
		return false;
	++*pos;
	return true;
}

static bool fraction(struct og_sv s, size_t *pos, int64_t *ret_ns)
{
	int64_t ns = 0, scale = NS_PER_S / 10;
	size_t first = *pos;
	for (; *pos < s.n && s.p[*pos] >= '0' && s.p[*pos] <= '9'; ++*pos, scale /= 10)
		ns += (s.p[*pos] - '0') * scale;
	*ret_ns = ns;
	return *pos > first;
}

static bool offset(struct og_sv s, size_t *pos, int64_t *ret_s)
{
	*ret_s = 0;
	if (expect(s, pos, 'Z'))
		return true;
	int64_t sign = *pos < s.n && s.p[*pos] == '-' ? -1 : 1, h, m;
	if (!expect(s, pos, '+') && !expect(s, pos, '-'))
		return false;
	if (!field(s, pos, 2, 0, 23, &h) || !expect(s, pos, ':') || !field(s, pos, 2, 0, 59, &m))
		return false;
	*ret_s = sign * (h * 3600 + m * 60);
	return true;
}

int og_parse_rfc3339(struct og_sv s, int64_t *ret_ns, struct og_err *err)
{
	size_t i = 0;
	int64_t y, mo, d, h, mi, sec, ns = 0, off;
	bool ok = field(s, &i, 4, 0, 9999, &y) && expect(s, &i, '-') &&
		  field(s, &i, 2, 1, 12, &mo) && expect(s, &i, '-') &&
		  field(s, &i, 2, 1, days_in_month(y, mo), &d) && expect(s, &i, 'T') &&
		  field(s, &i, 2, 0, 23, &h) && expect(s, &i, ':') && field(s, &i, 2, 0, 59, &mi) &&
		  expect(s, &i, ':') && field(s, &i, 2, 0, 59, &sec);
	if (ok && expect(s, &i, '.'))
		ok = fraction(s, &i, &ns);
	if (!ok || !offset(s, &i, &off) || i != s.n)
		return og_err_set(
			err, OG_E_PARSE, "expected a time such as 2024-05-06T07:08:09Z (RFC 3339)");
	int64_t t = days_from_civil(y, mo, d) * 86400 + h * 3600 + mi * 60 + sec - off;
	if (__builtin_mul_overflow(t, (int64_t)NS_PER_S, &t) || __builtin_add_overflow(t, ns, &t))
		return og_err_set(err, OG_E_LIMIT, "expected a time between 1678 and 2262");
	*ret_ns = t;
	return 0;
}

/* digits of the fraction: 0, 3 or 6 */
static void format(char out[OG_RFC3339_BYTES], int64_t wall_ns, int digits)
{
	int64_t s = wall_ns / NS_PER_S, ns = wall_ns % NS_PER_S;
	if (ns < 0) {
		ns += NS_PER_S;
		s--;
	}
	int64_t days = s / 86400, rest = s % 86400, y, m, d;
	if (rest < 0) {
		rest += 86400;
		days--;
	}
	civil_from_days(days, &y, &m, &d);
	int n = snprintf(out, OG_RFC3339_BYTES, "%04d-%02d-%02dT%02d:%02d:%02d", (int)y, (int)m,
		(int)d, (int)(rest / 3600), (int)(rest / 60 % 60), (int)(rest % 60));
	if (digits)
		n += snprintf(out + n, (size_t)(OG_RFC3339_BYTES - n), ".%0*d", digits,
			(int)(ns / (digits == 3 ? 1000000 : 1000)));
	out[n] = 'Z';
	out[n + 1] = '\0';
}

void og_fmt_rfc3339(char out[OG_RFC3339_BYTES], int64_t wall_ns)
{
	format(out, wall_ns, 0);
}

void og_fmt_rfc3339_ms(char out[OG_RFC3339_BYTES], int64_t wall_ns)
{
	format(out, wall_ns, 3);
}

void og_fmt_rfc3339_us(char out[OG_RFC3339_BYTES], int64_t wall_ns)
{
	format(out, wall_ns, 6);
}
