/* SPDX-License-Identifier: Apache-2.0 */
/* Percent-encoding: what is kept, what is refused and where. */
#include <stdio.h>
#include "otelgate/base/mem.h"
#include "otelgate/codec/percent.h"
#include "support/suite.h"

static const struct {
	struct og_sv raw;
	const char *text;
} vectors[] = {
	{OG_SV(""), ""},
	{OG_SV("AZaz09-._~/:@"), "AZaz09-._~/:@"},
	{OG_SV("a b"), "a%20b"},
	{OG_SV("a,b=c;d"), "a%2Cb%3Dc%3Bd"},
	{OG_SV("100%"), "100%25"},
	{OG_SV("\xC3\xA9\xF0\x9F\x98\x80"), "%C3%A9%F0%9F%98%80"},
	{OG_SV("\0\n\x7F\xFF"), "%00%0A%7F%FF"},
	{OG_SV("$(VAR)+\"'\\"), "%24%28VAR%29%2B%22%27%5C"},
};

START_TEST(vectors_both_ways)
{
	og_auto_buf struct og_buf b = OG_BUF_INIT(0), d = OG_BUF_INIT(0);
	og_percent_encode(&b, vectors[_i].raw);
	ck_assert_str_eq(b.p ? b.p : "", vectors[_i].text);
	ck_assert_int_eq(og_percent_decode(og_svz(vectors[_i].text), &d, NULL), 0);
	ck_assert(og_sv_eq(og_buf_view(&d), vectors[_i].raw));
	ck_assert_int_eq(og_percent_decode(og_svz(vectors[_i].text), NULL, NULL), 0);
}
END_TEST

START_TEST(lower_case_and_unneeded_escapes_are_read)
{
	og_auto_buf struct og_buf d = OG_BUF_INIT(0);
	ck_assert_int_eq(og_percent_decode(OG_SV("%c3%A9%61+"), &d, NULL), 0);
	ck_assert_str_eq(d.p, "\xC3\xA9"
			      "a+");
}
END_TEST

/* The offset, from 0, of the "%" that is refused. */
static const struct {
	struct og_sv text;
	unsigned at;
} bad[] = {
	{OG_SV("%"), 0},
	{OG_SV("%4"), 0},
	{OG_SV("%4g"), 0},
	{OG_SV("%g4"), 0},
	{OG_SV("%%"), 0},
	{OG_SV("%%41"), 0},
	{OG_SV("% 4"), 0},
	{OG_SV("%-1"), 0},
	{OG_SV("%+1"), 0},
	{OG_SV("%0x"), 0},
	{OG_SV("%\0"
	       "1"),
		0},
	{OG_SV("%4\xC3"), 0},
	{OG_SV("a%"), 1},
	{OG_SV("ab%4"), 2},
	{OG_SV("%41%"), 3},
	{OG_SV("%41%4"), 3},
	{OG_SV("%25%zz"), 3},
	{OG_SV("100%"), 3},
	{OG_SV("a%20b%2"), 5},
	{OG_SV("a%20b%2,c"), 5},
	{OG_SV("%u0041"), 0},
	{OG_SV("key=50%,x=y"), 6},
};

START_TEST(bad_text)
{
	og_auto_buf struct og_buf b = OG_BUF_INIT(0);
	struct og_err err = OG_ERR_INIT;
	char want[80];
	snprintf(want, sizeof(want), "byte %u: \"%%\" is not followed by two hex digits",
		bad[_i].at);
	og_buf_lit(&b, "kept");
	ck_assert_int_eq(og_percent_decode(bad[_i].text, &b, &err), -OG_E_PARSE);
	ck_assert_str_eq(err.msg, want);
	ck_assert_str_eq(b.p, "kept");
	ck_assert_int_eq(og_percent_decode(bad[_i].text, NULL, NULL), -OG_E_PARSE);
}
END_TEST

START_TEST(every_byte_comes_back)
{
	char raw[256];
	og_auto_buf struct og_buf b = OG_BUF_INIT(0), d = OG_BUF_INIT(0);
	for (unsigned i = 0; i < 256; i++)
		raw[i] = (char)i;
	og_percent_encode(&b, og_sv(raw, sizeof(raw)));
	ck_assert_int_eq(og_percent_decode(og_buf_view(&b), &d, NULL), 0);
	ck_assert(og_sv_eq(og_buf_view(&d), og_sv(raw, sizeof(raw))));
	for (size_t i = 0; i < b.len; i++)
		ck_assert(b.p[i] > 0x20 && b.p[i] < 0x7F && !strchr(",;=\\\"$()", b.p[i]));
}
END_TEST

START_TEST(limits_and_memory)
{
	struct og_buf small = OG_BUF_INIT(2);
	struct og_err err = OG_ERR_INIT;
	og_percent_encode(&small, OG_SV(" "));
	ck_assert(small.failed);
	og_buf_reset(&small);
	ck_assert_int_eq(og_percent_decode(OG_SV("abc"), &small, &err), -OG_E_OOM);
	og_buf_fini(&small);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("codec/percent");
	TCase *tc = tcase_create("percent");
	tcase_add_loop_test(tc, vectors_both_ways, 0, (int)OG_COUNT(vectors));
	tcase_add_test(tc, lower_case_and_unneeded_escapes_are_read);
	tcase_add_loop_test(tc, bad_text, 0, (int)OG_COUNT(bad));
	tcase_add_test(tc, every_byte_comes_back);
	tcase_add_test(tc, limits_and_memory);
	suite_add_tcase(s, tc);
	return og_suite_run(s);
}
