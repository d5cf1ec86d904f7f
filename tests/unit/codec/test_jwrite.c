/* SPDX-License-Identifier: Apache-2.0 */
/* Escaping: known pairs, every byte, and every code point there and back through the reader. */
#include <check.h>
#include <stdlib.h>
#include "otelgate/base/mem.h"
#include "otelgate/codec/jdoc.h"
#include "otelgate/codec/jwrite.h"

#define ROW(lit)                        \
	{                               \
		"" lit, sizeof(lit) - 1 \
	}

static const struct {
	struct og_sv text;
	const char *json;
} rows[] = {
	{ROW(""), "\"\""},
	{ROW("plain"), "\"plain\""},
	{ROW("a \"quoted\" \\ / text"), "\"a \\\"quoted\\\" \\\\ / text\""},
	{ROW("\b\f\n\r\t"), "\"\\b\\f\\n\\r\\t\""},
	{ROW("\0\x01\x0b\x1f\x7f"), "\"\\u0000\\u0001\\u000b\\u001f\x7f\""},
	{ROW("\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80"), "\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\""},
	{ROW("a long run of text without any need for care\n"),
		"\"a long run of text without any need for care\\n\""},
	{ROW("0123456789abcde\""), "\"0123456789abcde\\\"\""},
	/* what is no UTF-8 becomes U+FFFD, one for each maximal ill-formed part */
	{ROW("\x80"), "\"\xef\xbf\xbd\""},
	{ROW("a\xff"
	     "b"),
		"\"a\xef\xbf\xbd"
		"b\""},
	{ROW("\xc3"), "\"\xef\xbf\xbd\""},
	{ROW("\xc3\""), "\"\xef\xbf\xbd\\\"\""},
	{ROW("\xc0\x80"), "\"\xef\xbf\xbd\xef\xbf\xbd\""},
	{ROW("\xe2\x82"), "\"\xef\xbf\xbd\""},
	{ROW("\xe2\x82z"), "\"\xef\xbf\xbdz\""},
	{ROW("\xe0\x80\x80"), "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""},
	{ROW("\xed\xa0\x80"), "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""},
	{ROW("\xf0\x9f\x98"), "\"\xef\xbf\xbd\""},
	{ROW("\xf0\x9f\x98\xf0\x9f\x98\x80"), "\"\xef\xbf\xbd\xf0\x9f\x98\x80\""},
	{ROW("\xf4\x90\x80\x80"), "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""},
	{ROW("\xf5"), "\"\xef\xbf\xbd\""},
	{ROW("\xfe\xff"), "\"\xef\xbf\xbd\xef\xbf\xbd\""},
};

START_TEST(known_pairs)
{
	og_auto_buf struct og_buf b = OG_BUF_INIT(0);
	og_jw_str(&b, rows[_i].text);
	ck_assert_str_eq(b.p, rows[_i].json);
	og_auto_buf struct og_buf part = OG_BUF_INIT(0);
	og_jw_part(&part, rows[_i].text);
	ck_assert(og_sv_eq(og_buf_view(&part), og_sv(b.p + 1, b.len - 2)));
}
END_TEST

static size_t put_utf8(unsigned cp, char out[4])
{
	if (cp < 0x80) {
		out[0] = (char)cp;
		return 1;
	}
	size_t n = cp < 0x800 ? 2 : cp < 0x10000 ? 3 : 4;
	static const unsigned lead[] = {0, 0, 0xC0, 0xE0, 0xF0};
	for (size_t i = n - 1; i > 0; i--, cp >>= 6)
		out[i] = (char)(0x80 | (cp & 0x3F));
	out[0] = (char)(lead[n] | cp);
	return n;
}

START_TEST(every_code_point_comes_back)
{
	og_auto_buf struct og_buf text = OG_BUF_INIT(0), json = OG_BUF_INIT(0);
	for (unsigned cp = 0; cp <= 0x10FFFF; cp++) {
		char utf8[4];
		if (cp < 0xD800 || cp > 0xDFFF)
			og_buf_add(&text, utf8, put_utf8(cp, utf8));
	}
	og_jw_str(&json, og_buf_view(&text));
	ck_assert(!json.failed);
	og_auto_arena struct og_arena a;
	og_arena_init(&a, 0, 0);
	struct og_jdoc d;
	struct og_err err = OG_ERR_INIT;
	int rc = og_jdoc_parse(&d, &a, og_buf_view(&json), NULL, &err);
	ck_assert_msg(rc == 0, "%s", err.msg);
	ck_assert(og_jstr_eq(og_jroot(&d), og_buf_view(&text)));
	struct og_sv back;
	ck_assert(og_jstr(og_jroot(&d), &a, &back) && og_sv_eq(back, og_buf_view(&text)));
}
END_TEST

/* Any bytes give a JSON string that our strict reader takes. */
START_TEST(any_three_bytes_give_valid_json)
{
	static const unsigned char edge[] = {0x00, 0x1f, 0x20, '"', '\\', 0x7f, 0x80, 0x8f, 0x90,
		0x9f, 0xa0, 0xbf, 0xc0, 0xc1, 0xc2, 0xdf, 0xe0, 0xe1, 0xec, 0xed, 0xee, 0xef, 0xf0,
		0xf1, 0xf3, 0xf4, 0xf5, 0xff};
	og_auto_arena struct og_arena a;
	og_arena_init(&a, 0, 0);
	og_auto_buf struct og_buf b = OG_BUF_INIT(0);
	const size_t n = OG_COUNT(edge);
	for (size_t i = 0; i < n * n * n; i++) {
		char in[3] = {(char)edge[i % n], (char)edge[i / n % n], (char)edge[i / n / n]};
		og_buf_reset(&b);
		og_arena_reset(&a);
		og_jw_str(&b, og_sv(in, 3));
		struct og_jdoc d;
		ck_assert_int_eq(og_jdoc_parse(&d, &a, og_buf_view(&b), NULL, NULL), 0);
		if (og_utf8_valid(in, 3))
			ck_assert(og_jstr_eq(og_jroot(&d), og_sv(in, 3)));
	}
}
END_TEST

START_TEST(a_full_buffer_fails)
{
	og_auto_buf struct og_buf fits = OG_BUF_INIT(7), short_by_one = OG_BUF_INIT(6);
	og_jw_str(&fits, OG_SV("12\n4"));
	ck_assert(!fits.failed);
	ck_assert_str_eq(fits.p, "\"12\\n4\"");
	og_jw_str(&short_by_one, OG_SV("12\n4"));
	ck_assert(short_by_one.failed);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("codec/jwrite");
	TCase *tc = tcase_create("jwrite");
	tcase_set_timeout(tc, 30);
	tcase_add_loop_test(tc, known_pairs, 0, (int)OG_COUNT(rows));
	tcase_add_test(tc, every_code_point_comes_back);
	tcase_add_test(tc, any_three_bytes_give_valid_json);
	tcase_add_test(tc, a_full_buffer_fails);
	suite_add_tcase(s, tc);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
