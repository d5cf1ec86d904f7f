/* SPDX-License-Identifier: Apache-2.0 */
/* What steers a reader is found and masked; what is only text is not. */
#include <check.h>
#include <stdlib.h>
#include "otelgate/base/harmless.h"
#include "otelgate/base/mem.h"

static const struct {
	const char *s;
	size_t max;
	const char *want;
} texts[] = {
	{"plain", 100, "plain"},
	{"", 100, ""},
	{"gr\xc3\xbc\xc3\x9f \xe2\x80\x9cquoted\xe2\x80\x9d \xe2\x80\xa6", 100,
		"gr\xc3\xbc\xc3\x9f \xe2\x80\x9cquoted\xe2\x80\x9d \xe2\x80\xa6"},
	{"10\xe2\x81\xb0 \xf0\x9f\x9a\x80", 100, "10\xe2\x81\xb0 \xf0\x9f\x9a\x80"},
	{"two\r\nlines\tand \n", 100, "two  lines and"},
	{"\x1b[31mred\x07", 100, "?[31mred?"},
	{"del\x7f", 100, "del?"},
	{"c1\xc2\x9b"
	 "31m",
		100, "c1?31m"},
	{"nbsp\xc2\xa0|", 100, "nbsp\xc2\xa0|"},
	{"sep\xe2\x80\xa8\xe2\x80\xa9", 100, "sep??"},
	{"evil\xe2\x80\xae"
	 "cod.exe",
		100, "evil?cod.exe"},
	{"\xe2\x81\xa6iso\xe2\x81\xa9", 100, "?iso?"},
	{"lrm\xe2\x80\x8e rlm\xe2\x80\x8f alm\xd8\x9c", 100, "lrm? rlm? alm?"},
	{"bad\xff\xfe utf\xc3", 100, "bad?? utf?"},
	{"overlong\xc0\xaf", 100, "overlong??"},
	{"surrogate\xed\xa0\x80", 100, "surrogate???"},
	{"cut\xc3\xa4", 4, "cut"}, /* never within a character */
	{"cut\xc3\xa4", 5, "cut\xc3\xa4"},
	{"abc", 0, ""},
};

START_TEST(what_steers_is_masked)
{
	og_auto_arena struct og_arena a;
	og_arena_init(&a, 0, 0);
	struct og_sv got = og_harmless(og_svz(texts[_i].s), texts[_i].max, &a);
	ck_assert_str_eq(got.p, texts[_i].want);
	ck_assert_uint_eq(got.n, strlen(texts[_i].want));
}
END_TEST

START_TEST(a_nul_byte_is_one_of_them)
{
	og_auto_arena struct og_arena a;
	og_arena_init(&a, 0, 0);
	struct og_sv got = og_harmless(og_sv("a\0b", 3), 10, &a);
	ck_assert(og_sv_is(got, "a?b"));
}
END_TEST

START_TEST(without_memory_it_is_empty)
{
	og_auto_arena struct og_arena a;
	og_arena_init(&a, 0, 0);
	og_mem_fault_arm(1, true);
	struct og_sv got = og_harmless(OG_SV("text"), 10, &a);
	og_mem_fault_disarm();
	ck_assert_uint_eq(got.n, 0);
	ck_assert_ptr_nonnull(got.p);
}
END_TEST

/* Every code point against Unicode's own lists: Cc, Zl, Zp, and Bidi_Control. */
START_TEST(every_code_point_below_the_surrogates)
{
	for (unsigned c = 0; c < 0xd800; c++) {
		char p[3];
		size_t n = c < 0x80 ? 1 : c < 0x800 ? 2 : 3;
		p[0] = (char)(n == 1 ? c : n == 2 ? 0xc0 | c >> 6 : 0xe0 | c >> 12);
		p[1] = (char)(0x80 | (n == 2 ? c & 0x3f : c >> 6 & 0x3f));
		p[2] = (char)(0x80 | (c & 0x3f));
		bool want = c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x61c || c == 0x200e ||
			    c == 0x200f || (c >= 0x2028 && c <= 0x202e) ||
			    (c >= 0x2066 && c <= 0x206f);
		ck_assert_uint_eq(og_utf8_len(p, n), n);
		ck_assert_msg(og_utf8_steers(p, n) == want, "U+%04X", c);
		if (n > 1)
			ck_assert_uint_eq(og_utf8_len(p, n - 1), 0);
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("base/harmless");
	TCase *tc = tcase_create("harmless");
	tcase_add_loop_test(tc, what_steers_is_masked, 0, (int)OG_COUNT(texts));
	tcase_add_test(tc, a_nul_byte_is_one_of_them);
	tcase_add_test(tc, without_memory_it_is_empty);
	tcase_add_test(tc, every_code_point_below_the_surrogates);
	suite_add_tcase(s, tc);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
