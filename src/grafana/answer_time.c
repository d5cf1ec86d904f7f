/* SPDX-License-Identifier: Apache-2.0 */
/* Times of HTTP headers. */
#include <stdio.h>
#include "otelgate/base/mem.h"
#include "otelgate/base/parse.h"
#include "otelgate/grafana/answer.h"

enum { RETRY_AFTER_MAX_S = 86400 };

static bool digits(struct og_sv s, size_t at, size_t n, int *ret)
{
	*ret = 0;
	for (size_t i = at; i < at + n; i++) {
		if (s.p[i] < '0' || s.p[i] > '9')
			return false;
		*ret = *ret * 10 + (s.p[i] - '0');
	}
	return true;
}

static int month_of(struct og_sv s)
{
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	for (int i = 0; i < 12; i++) {
		if (memcmp(months + (size_t)i * 3, s.p, 3) == 0)
			return i + 1;
	}
	return 0;
}

bool og_gf_http_date(struct og_sv s, int64_t *ret_s)
{
	char text[OG_RFC3339_BYTES];
	int day, year, h, m, sec;
	int64_t ns;
	s = og_sv_trim(s);
	if (s.n != 29 || memcmp(s.p + 3, ", ", 2) != 0 || memcmp(s.p + 25, " GMT", 4) != 0 ||
		s.p[7] != ' ' || s.p[11] != ' ' || s.p[16] != ' ' || s.p[19] != ':' ||
		s.p[22] != ':')
		return false;
	int month = month_of(og_sv(s.p + 8, 3));
	if (!month || !digits(s, 5, 2, &day) || !digits(s, 12, 4, &year) || !digits(s, 17, 2, &h) ||
		!digits(s, 20, 2, &m) || !digits(s, 23, 2, &sec))
		return false;
	(void)snprintf(text, sizeof(text), "%04d-%02d-%02dT%02d:%02d:%02dZ", year, month, day, h, m,
		sec == 60 ? 59 : sec);
	if (og_parse_rfc3339(og_svz(text), &ns, NULL) != 0)
		return false;
	*ret_s = ns / 1000000000;
	return true;
}

int64_t og_gf_retry_after_ms(struct og_sv value, int64_t now_s)
{
	uint32_t s;
	int64_t at;
	value = og_sv_trim(value);
	if (!value.n)
		return -1;
	/* leading zeros are fine in HTTP */
	while (value.n > 1 && value.p[0] == '0' && value.p[1] >= '0' && value.p[1] <= '9')
		value = og_sv(value.p + 1, value.n - 1);
	if (og_parse_u32(value, 0, UINT32_MAX, &s, NULL) == 0)
		return (s > RETRY_AFTER_MAX_S ? RETRY_AFTER_MAX_S : s) * 1000LL;
	if (!og_gf_http_date(value, &at) || now_s <= 0)
		return -1;
	if (at <= now_s)
		return 0;
	return (at - now_s > RETRY_AFTER_MAX_S ? RETRY_AFTER_MAX_S : at - now_s) * 1000LL;
}
