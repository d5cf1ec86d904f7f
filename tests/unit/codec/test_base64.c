/* SPDX-License-Identifier: Apache-2.0 */
/* Base64: RFC 4648 §10's vectors, refusals, round trips. */
#include "otelgate/base/mem.h"
#include "otelgate/codec/base64.h"
#include "support/suite.h"

static const struct {
	struct og_sv raw;
	const char *text;
} vectors[] = {
	{OG_SV(""), ""},
	{OG_SV("f"), "Zg=="},
	{OG_SV("fo"), "Zm8="},
	{OG_SV("foo"), "Zm9v"},
	{OG_SV("foob"), "Zm9vYg=="},
	{OG_SV("fooba"), "Zm9vYmE="},
	{OG_SV("foobar"), "Zm9vYmFy"},
	{OG_SV("\0\xFF\xFE"), "AP/+"},
};

START_TEST(vectors_both_ways)
{
	og_auto_buf struct og_buf b = OG_BUF_INIT(0), d = OG_BUF_INIT(0);
	og_base64_encode(&b, vectors[_i].raw);
	ck_assert_str_eq(b.p ? b.p : "", vectors[_i].text);
	ck_assert_int_eq(og_base64_decode(&d, og_svz(vectors[_i].text), NULL), 0);
	ck_assert(og_sv_eq(og_buf_view(&d), vectors[_i].raw));
}
END_TEST

static const struct {
	struct og_sv text;
	const char *msg;
} bad[] = {
	{OG_SV("Z"), "base64: byte 1: the text ends in the middle of a group of four characters"},
	{OG_SV("Zg="), "base64: byte 3: the text ends in the middle of a group of four characters"},
	{OG_SV("Zm9vY"),
		"base64: byte 5: the text ends in the middle of a group of four characters"},
	{OG_SV("Zh=="), "base64: byte 2: the unused bits of the last character are not zero"},
	{OG_SV("Zm9="), "base64: byte 3: the unused bits of the last character are not zero"},
	{OG_SV("===="), "base64: byte 1: padding in the wrong place"},
	{OG_SV("Z==="), "base64: byte 2: padding in the wrong place"},
	{OG_SV("Zg==Zg=="), "base64: byte 3: padding in the wrong place"},
	{OG_SV("Zg=a"), "base64: byte 3: padding in the wrong place"},
	{OG_SV("Zm9v\nA=="), "base64: byte 5: not a character of the base64 alphabet"},
	{OG_SV("Zm 9"), "base64: byte 3: not a character of the base64 alphabet"},
	{OG_SV("AP_-"), "base64: byte 3: not a character of the base64 alphabet"},
	{OG_SV("AA\0A"), "base64: byte 3: not a character of the base64 alphabet"},
	{OG_SV("AAA\xC3"), "base64: byte 4: not a character of the base64 alphabet"},
};

START_TEST(bad_text)
{
	og_auto_buf struct og_buf b = OG_BUF_INIT(0);
	struct og_err err = OG_ERR_INIT;
	og_buf_lit(&b, "kept");
	ck_assert_int_eq(og_base64_decode(&b, bad[_i].text, &err), -OG_E_PARSE);
	ck_assert_str_eq(err.msg, bad[_i].msg);
	ck_assert_str_eq(b.p, "kept");
}
END_TEST

START_TEST(every_length_comes_back)
{
	unsigned char raw[300];
	for (size_t i = 0; i < sizeof(raw); i++)
		raw[i] = (unsigned char)(i * 37 + i / 7);
	for (size_t n = 0; n < sizeof(raw); n++) {
		og_auto_buf struct og_buf b = OG_BUF_INIT(0), d = OG_BUF_INIT(0);
		struct og_sv in = og_sv((const char *)raw, n);
		og_base64_encode(&b, in);
		ck_assert_uint_eq(b.len, og_base64_len(n));
		ck_assert_int_eq(og_base64_decode(&d, og_buf_view(&b), NULL), 0);
		ck_assert(og_sv_eq(og_buf_view(&d), in));
	}
}
END_TEST

START_TEST(limits_and_memory)
{
	struct og_buf small = OG_BUF_INIT(7), b = OG_BUF_INIT(0);
	og_base64_encode(&small, OG_SV("foobar"));
	ck_assert(small.failed && small.len == 0);
	og_buf_reset(&small);
	og_base64_encode(&small, OG_SV("foo"));
	ck_assert_str_eq(small.p, "Zm9v");
	ck_assert_int_eq(og_base64_decode(&small, OG_SV("Zm9vYmFy"), NULL), -OG_E_OOM);
	og_mem_fault_arm(1, false);
	og_base64_encode(&b, OG_SV("x"));
	og_mem_fault_disarm();
	ck_assert(b.failed && b.len == 0);
	og_buf_fini(&small);
	og_buf_fini(&b);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("codec/base64");
	TCase *tc = tcase_create("base64");
	tcase_add_loop_test(tc, vectors_both_ways, 0, (int)OG_COUNT(vectors));
	tcase_add_loop_test(tc, bad_text, 0, (int)OG_COUNT(bad));
	tcase_add_test(tc, every_length_comes_back);
	tcase_add_test(tc, limits_and_memory);
	suite_add_tcase(s, tc);
	return og_suite_run(s);
}
