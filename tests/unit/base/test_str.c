/* SPDX-License-Identifier: Apache-2.0 */
/* Views, buffers, UTF-8. */
#include <check.h>
#include <stdlib.h>
#include "otelgate/base/mem.h"
#include "otelgate/base/str.h"

START_TEST(split_keeps_inner_empty_parts)
{
	struct og_sv rest = OG_SV("a,,b,"), part;
	ck_assert(og_sv_split(&rest, ',', &part) && og_sv_is(part, "a"));
	ck_assert(og_sv_split(&rest, ',', &part) && part.n == 0);
	ck_assert(og_sv_split(&rest, ',', &part) && og_sv_is(part, "b"));
	ck_assert(!og_sv_split(&rest, ',', &part));
}
END_TEST

START_TEST(buffer_cap_is_sticky_and_keeps_content)
{
	struct og_buf b = OG_BUF_INIT(8);
	og_buf_lit(&b, "12345678");
	ck_assert(!b.failed);
	og_buf_ch(&b, '9');
	ck_assert(b.failed);
	og_buf_lit(&b, "");
	ck_assert_str_eq(b.p, "12345678");
	ck_assert_ptr_null(og_buf_take(&b));
	og_buf_reset(&b);
	og_buf_u64(&b, 1234);
	og_auto_free char *s = og_buf_take(&b);
	ck_assert_str_eq(s, "1234");
}
END_TEST

START_TEST(buffer_survives_allocation_failure)
{
	struct og_buf b = OG_BUF_INIT(0);
	og_mem_fault_arm(1, false);
	og_buf_lit(&b, "x");
	og_mem_fault_disarm();
	ck_assert(b.failed);
	ck_assert_uint_eq(b.len, 0);
	og_buf_fini(&b);
}
END_TEST

static const struct {
	const char *s;
	size_t n;
	bool ok;
} utf8[] = {
	{"plain ascii text", 16, true},
	{"\xc3\xa9", 2, true},
	{"\xe2\x82\xac", 3, true},
	{"\xf0\x9f\x98\x80", 4, true},
	{"\xf4\x8f\xbf\xbf", 4, true},
	{"\0", 1, true},
	{"\xc0\x80", 2, false},		/* overlong NUL */
	{"\xe0\x80\x80", 3, false},	/* overlong */
	{"\xf0\x80\x80\x80", 4, false}, /* overlong */
	{"\xed\xa0\x80", 3, false},	/* surrogate */
	{"\xf4\x90\x80\x80", 4, false}, /* above U+10FFFF */
	{"\xf5\x80\x80\x80", 4, false},
	{"\x80", 1, false},
	{"\xc3", 1, false},
	{"abcdefgh\xff", 9, false},
};

START_TEST(a_key_holds_its_parts_or_nothing)
{
	const struct og_sv parts[] = {OG_SV("ab"), OG_SV(""), OG_SV("c")};
	struct og_sv key = {0};
	char buf[6];

	ck_assert(og_sv_key(buf, sizeof(buf), parts, 3, '\n', &key));
	ck_assert(og_sv_is(key, "ab\n\nc\n"));
	ck_assert(!og_sv_key(buf, sizeof(buf) - 1, parts, 3, '\n', &key));
	ck_assert(!og_sv_key(buf, 0, parts, 1, '\n', &key));
	ck_assert(og_sv_key(buf, 0, parts, 0, '\n', &key) && key.n == 0);
}
END_TEST

START_TEST(a_text_is_replaced_or_stays)
{
	og_auto_free char *at = NULL;
	ck_assert(og_sv_set(&at, OG_SV("first")));
	ck_assert_str_eq(at, "first");
	ck_assert(og_sv_set(&at, og_sv(at + 1, 3))); /* a part of itself */
	ck_assert_str_eq(at, "irs");
	ck_assert(og_sv_set(&at, (struct og_sv){NULL, 0}));
	ck_assert_str_eq(at, "");
	ck_assert(og_sv_set(&at, OG_SV("kept")));
	og_mem_fault_arm(1, false);
	ck_assert(!og_sv_set(&at, OG_SV("lost")));
	og_mem_fault_disarm();
	ck_assert_str_eq(at, "kept");
}
END_TEST

START_TEST(utf8_table)
{
	ck_assert_int_eq(og_utf8_valid(utf8[_i].s, utf8[_i].n), utf8[_i].ok);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("base/str");
	TCase *tc = tcase_create("str");
	tcase_add_test(tc, split_keeps_inner_empty_parts);
	tcase_add_test(tc, buffer_cap_is_sticky_and_keeps_content);
	tcase_add_test(tc, buffer_survives_allocation_failure);
	tcase_add_test(tc, a_key_holds_its_parts_or_nothing);
	tcase_add_test(tc, a_text_is_replaced_or_stays);
	tcase_add_loop_test(tc, utf8_table, 0, (int)OG_COUNT(utf8));
	suite_add_tcase(s, tc);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
