/* SPDX-License-Identifier: Apache-2.0 */
/* JSON Pointer: building, taking apart, resolving. */
#include <check.h>
#include <stdlib.h>
#include "otelgate/base/mem.h"
#include "otelgate/codec/jptr.h"

static struct og_jval must_parse(struct og_jdoc *d, struct og_arena *a, const char *text)
{
	struct og_err err = OG_ERR_INIT;
	ck_assert_msg(og_jdoc_parse(d, a, og_svz(text), NULL, &err) == 0, "%s", err.msg);
	return og_jroot(d);
}

/* RFC 6901 §5, with some of our own. */
static const char doc_text[] =
	"{\"foo\":[\"bar\",\"baz\"],\"\":0,\"a/b\":1,\"c%d\":2,\"e^f\":3,\"g|h\":4,\"i\\\\j\":5,"
	"\"k\\\"l\":6,\" \":7,\"m~n\":8,\"~1\":9,\"x\":{\"\":{\"\":10}},\"\\u00e9\":11,\"0\":12,"
	"\"-\":13,\"list\":[[1,{\"k\":14}]],\"null\":null,\"a\\u0000b\":15,\"01\":16}";

static const struct {
	struct og_sv ptr;
	const char *want;
} found[] = {
	{{"", 0}, doc_text},
	{{"/foo", 4}, "[\"bar\",\"baz\"]"},
	{{"/foo/0", 6}, "\"bar\""},
	{{"/foo/1", 6}, "\"baz\""},
	{{"/", 1}, "0"},
	{{"/a~1b", 5}, "1"},
	{{"/c%d", 4}, "2"},
	{{"/e^f", 4}, "3"},
	{{"/g|h", 4}, "4"},
	{{"/i\\j", 4}, "5"},
	{{"/k\"l", 4}, "6"},
	{{"/ ", 2}, "7"},
	{{"/m~0n", 5}, "8"},
	{{"/~01", 4}, "9"},
	{{"/x//", 4}, "10"},
	{{"/\xc3\xa9", 3}, "11"},
	{{"/0", 2}, "12"},
	{{"/-", 2}, "13"},
	{{"/list/0/1/k", 11}, "14"},
	{{"/null", 5}, "null"},
	{{"/a\0b", 4}, "15"},
	{{"/01", 3}, "16"},
};

START_TEST(resolves)
{
	og_auto_arena struct og_arena a;
	og_arena_init(&a, 0, 0);
	struct og_jdoc d;
	struct og_err err = OG_ERR_INIT;
	struct og_jval v = og_jptr_resolve(must_parse(&d, &a, doc_text), found[_i].ptr, &a, &err);
	ck_assert_str_eq(err.msg, "");
	ck_assert(og_sv_eq(og_jraw(v), og_svz(found[_i].want)));
	ck_assert_int_eq(err.code, OG_OK);
}
END_TEST

static const struct {
	const char *ptr;
	enum og_code code;
	const char *msg;
} refused[] = {
	{"foo", OG_E_PARSE,
		"JSON Pointer, reference 1: a JSON Pointer must be empty or start with \"/\""},
	{"#/foo", OG_E_PARSE,
		"JSON Pointer, reference 1: a JSON Pointer must be empty or start with \"/\""},
	{" /foo", OG_E_PARSE,
		"JSON Pointer, reference 1: a JSON Pointer must be empty or start with \"/\""},
	{"/~", OG_E_PARSE,
		"JSON Pointer, reference 1: \"~\" must be followed by 0 or 1 in a JSON Pointer"},
	{"/~2", OG_E_PARSE,
		"JSON Pointer, reference 1: \"~\" must be followed by 0 or 1 in a JSON Pointer"},
	{"/m~n", OG_E_PARSE,
		"JSON Pointer, reference 1: \"~\" must be followed by 0 or 1 in a JSON Pointer"},
	{"/x/~~0", OG_E_PARSE,
		"JSON Pointer, reference 2: \"~\" must be followed by 0 or 1 in a JSON Pointer"},
	{"/foo/00", OG_E_PARSE,
		"JSON Pointer, reference 2: an array index must be digits without leading zeros"},
	{"/foo/01", OG_E_PARSE,
		"JSON Pointer, reference 2: an array index must be digits without leading zeros"},
	{"/foo/-1", OG_E_PARSE,
		"JSON Pointer, reference 2: an array index must be digits without leading zeros"},
	{"/foo/+1", OG_E_PARSE,
		"JSON Pointer, reference 2: an array index must be digits without leading zeros"},
	{"/foo/1.0", OG_E_PARSE,
		"JSON Pointer, reference 2: an array index must be digits without leading zeros"},
	{"/foo/1e0", OG_E_PARSE,
		"JSON Pointer, reference 2: an array index must be digits without leading zeros"},
	{"/foo/", OG_E_PARSE,
		"JSON Pointer, reference 2: an array index must be digits without leading zeros"},
	{"/foo/ 1", OG_E_PARSE,
		"JSON Pointer, reference 2: an array index must be digits without leading zeros"},
	{"/foo/99999999999", OG_E_PARSE,
		"JSON Pointer, reference 2: an array index must be digits without leading zeros"},
	{"/foo/2", OG_E_NOT_FOUND, "JSON Pointer, reference 2: index 2 in an array of 2 elements"},
	{"/foo/4294967295", OG_E_NOT_FOUND,
		"JSON Pointer, reference 2: index 4294967295 in an array of 2 elements"},
	{"/foo/-", OG_E_NOT_FOUND,
		"JSON Pointer, reference 2: \"-\" is the place behind the last element, where nothing is"},
	{"/bar", OG_E_NOT_FOUND, "JSON Pointer, reference 1: the object has no such member"},
	{"/fo", OG_E_NOT_FOUND, "JSON Pointer, reference 1: the object has no such member"},
	{"/a~1", OG_E_NOT_FOUND, "JSON Pointer, reference 1: the object has no such member"},
	{"/foo/0/0", OG_E_NOT_FOUND, "JSON Pointer, reference 3: string has no members"},
	{"//x", OG_E_NOT_FOUND, "JSON Pointer, reference 2: number has no members"},
	{"/null/x", OG_E_NOT_FOUND, "JSON Pointer, reference 2: null has no members"},
	{"/x/x/x", OG_E_NOT_FOUND, "JSON Pointer, reference 2: the object has no such member"},
};

START_TEST(refuses)
{
	og_auto_arena struct og_arena a;
	og_arena_init(&a, 0, 0);
	struct og_jdoc d;
	struct og_err err = OG_ERR_INIT;
	struct og_jval root = must_parse(&d, &a, doc_text);
	struct og_jval v = og_jptr_resolve(root, og_svz(refused[_i].ptr), &a, &err);
	ck_assert(!v.d);
	ck_assert_str_eq(err.msg, refused[_i].msg);
	ck_assert_int_eq(err.code, refused[_i].code);
	ck_assert(!og_jptr_resolve(root, og_svz(refused[_i].ptr), &a, NULL).d);
}
END_TEST

START_TEST(absent_documents_and_no_memory)
{
	og_auto_arena struct og_arena a;
	og_arena_init(&a, 0, 0);
	struct og_err err = OG_ERR_INIT;
	ck_assert(!og_jptr_resolve(OG_JABSENT, OG_SV(""), &a, &err).d);
	ck_assert_str_eq(err.msg, "JSON Pointer, reference 1: there is no document");
	ck_assert(!og_jptr_resolve(OG_JABSENT, OG_SV("/a"), &a, &err).d);
	ck_assert_str_eq(err.msg, "JSON Pointer, reference 1: nothing has no members");
	struct og_jdoc d;
	struct og_jval v = must_parse(&d, &a, doc_text);
	og_mem_fault_arm(1, true);
	struct og_jval got = og_jptr_resolve(v, OG_SV("/m~0n"), &a, &err);
	og_mem_fault_disarm();
	ck_assert(!got.d);
	ck_assert_int_eq(err.code, OG_E_OOM);
	/* without escapes no memory is needed */
	ck_assert(og_jptr_resolve(v, OG_SV("/foo/1"), NULL, &err).d);
}
END_TEST

static const struct {
	const char *text;
	bool ok;
	uint32_t want;
} indexes[] = {
	{"0", true, 0}, {"7", true, 7}, {"10", true, 10}, {"4294967295", true, UINT32_MAX},
	{"4294967296", false, 0}, {"9999999999", false, 0}, {"18446744073709551616", false, 0},
	{"", false, 0}, {"-", false, 0}, {"-0", false, 0}, {"00", false, 0}, {"01", false, 0},
	{"1 ", false, 0}, {"1x", false, 0}, {"\xd9\xa1", false, 0}, /* ARABIC-INDIC DIGIT ONE */
};

START_TEST(array_indexes)
{
	uint32_t i = 77;
	ck_assert_int_eq(og_jptr_index(og_svz(indexes[_i].text), &i), indexes[_i].ok);
	ck_assert_uint_eq(i, indexes[_i].ok ? indexes[_i].want : 77);
}
END_TEST

/* Whatever is added comes back, token by token. */
START_TEST(round_trip)
{
	static const char *const tokens[] = {"", "a", "/", "~", "~1", "~01", "a/b~c", "//", "~~",
		"\xc3\xa9", "-", "0", "with space", "\"quoted\\\""};
	og_auto_arena struct og_arena a;
	og_arena_init(&a, 0, 0);
	og_auto_buf struct og_buf b = OG_BUF_INIT(0);
	for (size_t i = 0; i < OG_COUNT(tokens); i++) {
		og_jptr_add(&b, og_svz(tokens[i]));
		og_jptr_add_index(&b, (uint32_t)i);
	}
	og_jptr_add_index(&b, UINT32_MAX);
	struct og_err err = OG_ERR_INIT;
	struct og_sv rest = og_buf_view(&b), t;
	uint32_t n;
	for (size_t i = 0; i < OG_COUNT(tokens); i++) {
		ck_assert(og_jptr_next(&rest, &a, &t, &err));
		ck_assert(og_sv_eq(t, og_svz(tokens[i])));
		ck_assert(og_jptr_next(&rest, &a, &t, &err) && og_jptr_index(t, &n));
		ck_assert_uint_eq(n, i);
	}
	ck_assert(og_jptr_next(&rest, &a, &t, &err) && og_sv_is(t, "4294967295"));
	ck_assert(!og_jptr_next(&rest, &a, &t, &err));
	ck_assert_int_eq(err.code, OG_OK);
	og_buf_reset(&b);
	og_jptr_add(&b, OG_SV("a/b~c"));
	ck_assert_str_eq(b.p, "/a~1b~0c");
}
END_TEST

int main(void)
{
	Suite *s = suite_create("codec/jptr");
	TCase *tc = tcase_create("jptr");
	tcase_add_loop_test(tc, resolves, 0, (int)OG_COUNT(found));
	tcase_add_loop_test(tc, refuses, 0, (int)OG_COUNT(refused));
	tcase_add_test(tc, absent_documents_and_no_memory);
	tcase_add_loop_test(tc, array_indexes, 0, (int)OG_COUNT(indexes));
	tcase_add_test(tc, round_trip);
	suite_add_tcase(s, tc);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
