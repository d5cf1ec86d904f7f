/* SPDX-License-Identifier: Apache-2.0 */
/* Strict small values: each table holds what is read and what is refused. */
#include "otelgate/base/mem.h"
#include "otelgate/base/parse.h"
#include "support/suite.h"

enum { P = -(int)OG_E_PARSE, L = -(int)OG_E_LIMIT };

static const struct {
	const char *s;
	int rc;
	int64_t v;
} ints[] = {
	{"0", 0, 0},
	{"7", 0, 7},
	{"-7", 0, -7},
	{"9223372036854775807", 0, INT64_MAX},
	{"-9223372036854775808", 0, INT64_MIN},
	{"9223372036854775808", L, 0},
	{"-9223372036854775809", L, 0},
	{"18446744073709551616", L, 0},
	{"99999999999999999999999999", L, 0},
	{"", P, 0},
	{"-", P, 0},
	{"-0", P, 0},
	{"+1", P, 0},
	{"01", P, 0},
	{"00", P, 0},
	{" 1", P, 0},
	{"1 ", P, 0},
	{"1\n", P, 0},
	{"1.0", P, 0},
	{"1e3", P, 0},
	{"0x10", P, 0},
	{"1_000", P, 0},
	{"--1", P, 0},
	{"\xd9\xa1", P, 0}, /* Arabic-Indic digit one */
	{"nan", P, 0},
};

START_TEST(int_table)
{
	struct og_err err = OG_ERR_INIT;
	int64_t v = 42;
	ck_assert_int_eq(
		og_parse_i64(og_svz(ints[_i].s), INT64_MIN, INT64_MAX, &v, &err), ints[_i].rc);
	ck_assert_int_eq(v, ints[_i].rc ? 42 : ints[_i].v);
}
END_TEST

START_TEST(unsigned_range)
{
	struct og_err err = OG_ERR_INIT;
	uint32_t u = 1;
	uint64_t w = 1;
	ck_assert_int_eq(og_parse_u32(OG_SV("65535"), 1, 65535, &u, &err), 0);
	ck_assert_uint_eq(u, 65535);
	ck_assert_int_eq(og_parse_u32(OG_SV("65536"), 1, 65535, &u, &err), L);
	ck_assert_str_eq(err.msg, "expected a whole number from 1 to 65535");
	ck_assert_int_eq(og_parse_u32(OG_SV("0"), 1, 65535, &u, &err), L);
	ck_assert_int_eq(og_parse_u32(OG_SV("-1"), 0, 65535, &u, &err), P);
	ck_assert_uint_eq(u, 65535);
	ck_assert_int_eq(og_parse_u64(OG_SV("18446744073709551615"), 0, UINT64_MAX, &w, NULL), 0);
	ck_assert(w == UINT64_MAX);
	ck_assert_int_eq(og_parse_u64(OG_SV("18446744073709551616"), 0, UINT64_MAX, &w, NULL), L);
	/* a NUL inside is a byte like any other */
	ck_assert_int_eq(og_parse_u64(og_sv("1\0", 2), 0, 9, &w, NULL), P);
}
END_TEST

START_TEST(messages_never_quote_the_text)
{
	struct og_err err = OG_ERR_INIT;
	int64_t v;
	bool b;
	(void)og_parse_i64(OG_SV("hunter2"), 0, 9, &v, &err);
	ck_assert_ptr_null(strstr(err.msg, "hunter2"));
	(void)og_parse_bool(OG_SV("hunter2"), &b, &err);
	ck_assert_ptr_null(strstr(err.msg, "hunter2"));
	(void)og_parse_duration_ms(OG_SV("hunter2"), 0, 9, &v, &err);
	ck_assert_ptr_null(strstr(err.msg, "hunter2"));
	(void)og_parse_quantity(OG_SV("hunter2"), &err);
	ck_assert_ptr_null(strstr(err.msg, "hunter2"));
	(void)og_parse_rfc3339(OG_SV("hunter2"), &v, &err);
	ck_assert_ptr_null(strstr(err.msg, "hunter2"));
}
END_TEST

static const char *const not_bools[] = {
	"", "True", "TRUE", "yes", "1", "on", "true ", " true", "truee", "fals", "t", "f"};

START_TEST(bool_bad)
{
	bool b = true;
	ck_assert_int_eq(og_parse_bool(og_svz(not_bools[_i]), &b, NULL), P);
	ck_assert(b);
}
END_TEST

START_TEST(bool_good)
{
	bool b = false;
	ck_assert_int_eq(og_parse_bool(OG_SV("true"), &b, NULL), 0);
	ck_assert(b);
	ck_assert_int_eq(og_parse_bool(OG_SV("false"), &b, NULL), 0);
	ck_assert(!b);
}
END_TEST

#define DAY_MS (24 * 3600 * 1000LL)

static const struct {
	const char *s;
	int rc;
	int64_t ms;
} durations[] = {
	{"10s", 0, 10000},
	{"1m30s", 0, 90000},
	{"250ms", 0, 250},
	{"1.5h", 0, 5400000},
	{".5s", 0, 500},
	{"1.s", 0, 1000},
	{"1h0m0.5s", 0, 3600500},
	{"0", 0, 0},
	{"0s", 0, 0},
	{"+5s", 0, 5000},
	{"-5s", 0, -5000},
	{"-0", 0, 0},
	{"1000us", 0, 1},
	{"1000\xc2\xb5s", 0, 1},
	{"1000\xce\xbcs", 0, 1},
	{"1000000ns", 0, 1},
	{"0.0000025h", 0, 9},
	{"500us500us", 0, 1},
	{"1.00000000000s", 0, 1000},
	{"24h", 0, DAY_MS},
	{"24h1ms", L, 0},
	{"-24h1ms", L, 0},
	{"9999999999999999999999h", L, 0},
	{"9223372036854775807h", L, 0},
	{"", P, 0},
	{"1", P, 0},
	{"s", P, 0},
	{"10 s", P, 0},
	{"10s ", P, 0},
	{" 10s", P, 0},
	{"10S", P, 0},
	{"1d", P, 0},
	{"1w", P, 0},
	{"1y", P, 0},
	{".s", P, 0},
	{"1..5s", P, 0},
	{"1.5.5s", P, 0},
	{"--5s", P, 0},
	{"1m-5s", P, 0},
	{"1us", P, 0},
	{"0.0001s", P, 0},
	{"0.00000001h", P, 0},
	{"1e3s", P, 0},
	{"00", P, 0},
	{"+", P, 0},
	{"-", P, 0},
	{"1m30", P, 0},
	{"1mss", P, 0},
	{"1\xc2s", P, 0},
};

START_TEST(duration_table)
{
	int64_t ms = 42;
	struct og_err err = OG_ERR_INIT;
	ck_assert_msg(og_parse_duration_ms(og_svz(durations[_i].s), -DAY_MS, DAY_MS, &ms, &err) ==
			      durations[_i].rc,
		"%s", durations[_i].s);
	ck_assert_int_eq(ms, durations[_i].rc ? 42 : durations[_i].ms);
	if (durations[_i].rc == L)
		ck_assert_str_eq(err.msg, "expected a duration from -24h to 24h");
}
END_TEST

static const struct {
	int64_t ms;
	const char *s;
} shown[] = {
	{0, "0s"},
	{1, "1ms"},
	{999, "999ms"},
	{1000, "1s"},
	{1500, "1.5s"},
	{1050, "1.05s"},
	{60000, "1m"},
	{90000, "1m30s"},
	{3600000, "1h"},
	{3601001, "1h1.001s"},
	{-250, "-250ms"},
	{-90000, "-1m30s"},
	{INT64_MAX, "2562047788015h12m55.807s"},
	{INT64_MIN, "-2562047788015h12m55.808s"},
};

START_TEST(duration_shown)
{
	char out[OG_DURATION_BYTES];
	int64_t back;
	og_fmt_duration_ms(out, shown[_i].ms);
	ck_assert_str_eq(out, shown[_i].s);
	if (shown[_i].ms > -DAY_MS && shown[_i].ms < DAY_MS) {
		ck_assert_int_eq(
			og_parse_duration_ms(og_svz(out), -DAY_MS, DAY_MS, &back, NULL), 0);
		ck_assert_int_eq(back, shown[_i].ms);
	}
}
END_TEST

static const char *const good_quantities[] = {"0", "1", "100m", "0.5", ".5", "5.", "128Mi", "1Gi",
	"1e3", "1E3", "1e-3", "1E+3", "-1", "+1", "1k", "1M", "1G", "1T", "1P", "1E", "12Ei", "1n",
	"1u", "007", "1.5Gi"};
static const char *const bad_quantities[] = {"", "-", "+", ".", "m", "Mi", "1K", "1mi", "1MI",
	"1 Mi", " 1", "1 ", "1e", "1e+", "1e3.5", "1e3m", "1.2.3", "1Mi1", "--1", "0x10", "1kb",
	"1KiB", "1e9999999999", "one", "1,5", "1\n"};

START_TEST(quantity_good)
{
	ck_assert_msg(og_parse_quantity(og_svz(good_quantities[_i]), NULL) == 0, "%s",
		good_quantities[_i]);
}
END_TEST

START_TEST(quantity_bad)
{
	ck_assert_msg(
		og_parse_quantity(og_svz(bad_quantities[_i]), NULL) == P, "%s", bad_quantities[_i]);
}
END_TEST

static const struct {
	const char *s;
	int rc;
	int64_t ns;
} times[] = {
	{"1970-01-01T00:00:00Z", 0, 0},
	{"2024-05-06T07:08:09Z", 0, 1714979289000000000},
	{"2024-05-06T07:08:09.123Z", 0, 1714979289123000000},
	{"2024-05-06T07:08:09.123456789Z", 0, 1714979289123456789},
	{"2024-05-06T07:08:09.1234567899Z", 0, 1714979289123456789},
	{"2024-05-06T09:08:09+02:00", 0, 1714979289000000000},
	{"2024-05-06T01:38:09-05:30", 0, 1714979289000000000},
	{"2024-02-29T00:00:00Z", 0, 1709164800000000000},
	{"2000-02-29T00:00:00Z", 0, 951782400000000000},
	{"1969-12-31T23:59:59.999999999Z", 0, -1},
	{"1900-03-01T00:00:00Z", 0, -2203891200000000000},
	{"2262-04-11T23:47:16.854775807Z", 0, INT64_MAX},
	{"2262-04-11T23:47:16.854775808Z", L, 0},
	{"9999-12-31T23:59:59Z", L, 0},
	{"0001-01-01T00:00:00Z", L, 0},
	{"", P, 0},
	{"2024-05-06", P, 0},
	{"2024-05-06T07:08:09", P, 0},
	{"2024-05-06 07:08:09Z", P, 0},
	{"2024-05-06t07:08:09z", P, 0},
	{"2024-5-06T07:08:09Z", P, 0},
	{"2024-13-06T07:08:09Z", P, 0},
	{"2024-00-06T07:08:09Z", P, 0},
	{"2023-02-29T07:08:09Z", P, 0},
	{"1900-02-29T07:08:09Z", P, 0},
	{"2024-04-31T07:08:09Z", P, 0},
	{"2024-05-00T07:08:09Z", P, 0},
	{"2024-05-06T24:00:00Z", P, 0},
	{"2024-05-06T07:60:09Z", P, 0},
	{"2024-05-06T23:59:60Z", P, 0},
	{"2024-05-06T07:08:09.Z", P, 0},
	{"2024-05-06T07:08:09,5Z", P, 0},
	{"2024-05-06T07:08:09+0200", P, 0},
	{"2024-05-06T07:08:09+24:00", P, 0},
	{"2024-05-06T07:08:09+02:60", P, 0},
	{"2024-05-06T07:08:09Zx", P, 0},
	{" 2024-05-06T07:08:09Z", P, 0},
	{"-024-05-06T07:08:09Z", P, 0},
};

START_TEST(time_table)
{
	int64_t ns = 42;
	ck_assert_msg(og_parse_rfc3339(og_svz(times[_i].s), &ns, NULL) == times[_i].rc, "%s",
		times[_i].s);
	ck_assert_int_eq(ns, times[_i].rc ? 42 : times[_i].ns);
}
END_TEST

START_TEST(time_shown)
{
	char out[OG_RFC3339_BYTES];
	og_fmt_rfc3339(out, 1714979289123456789);
	ck_assert_str_eq(out, "2024-05-06T07:08:09Z");
	og_fmt_rfc3339_ms(out, 1714979289123456789);
	ck_assert_str_eq(out, "2024-05-06T07:08:09.123Z");
	og_fmt_rfc3339_us(out, 1714979289123456789);
	ck_assert_str_eq(out, "2024-05-06T07:08:09.123456Z");
	og_fmt_rfc3339_us(out, 1714979289000001999);
	ck_assert_str_eq(out, "2024-05-06T07:08:09.000001Z");
	og_fmt_rfc3339_us(out, -1);
	ck_assert_str_eq(out, "1969-12-31T23:59:59.999999Z");
	og_fmt_rfc3339_ms(out, -1);
	ck_assert_str_eq(out, "1969-12-31T23:59:59.999Z");
	og_fmt_rfc3339_ms(out, INT64_MIN);
	ck_assert_str_eq(out, "1677-09-21T00:12:43.145Z");
}
END_TEST

/* Every day from 1900 to 2100 is written and read back. */
START_TEST(time_round_trip)
{
	char out[OG_RFC3339_BYTES];
	for (int64_t day = -25567; day < 47482; day++) {
		int64_t ns = day * 86400 * 1000000000, back;
		og_fmt_rfc3339(out, ns);
		ck_assert_int_eq(og_parse_rfc3339(og_svz(out), &back, NULL), 0);
		ck_assert_int_eq(back, ns);
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("base/parse");
	TCase *tc = tcase_create("parse");
	tcase_add_loop_test(tc, int_table, 0, (int)OG_COUNT(ints));
	tcase_add_test(tc, unsigned_range);
	tcase_add_test(tc, messages_never_quote_the_text);
	tcase_add_loop_test(tc, bool_bad, 0, (int)OG_COUNT(not_bools));
	tcase_add_test(tc, bool_good);
	tcase_add_loop_test(tc, duration_table, 0, (int)OG_COUNT(durations));
	tcase_add_loop_test(tc, duration_shown, 0, (int)OG_COUNT(shown));
	tcase_add_loop_test(tc, quantity_good, 0, (int)OG_COUNT(good_quantities));
	tcase_add_loop_test(tc, quantity_bad, 0, (int)OG_COUNT(bad_quantities));
	tcase_add_loop_test(tc, time_table, 0, (int)OG_COUNT(times));
	tcase_add_test(tc, time_shown);
	tcase_add_test(tc, time_round_trip);
	suite_add_tcase(s, tc);
	return og_suite_run(s);
}
