/* SPDX-License-Identifier: Apache-2.0 */
/* Texts into documents: refusals with their exact words, ranges, places, limits, memory. */
#include <check.h>
#include <stdlib.h>
#include "otelgate/base/mem.h"
#include "otelgate/codec/source.h"

static struct og_arena arena;

static void setup(void)
{
	og_arena_init(&arena, 0, 0);
}

static void teardown(void)
{
	og_arena_fini(&arena);
}

static struct og_source read_ok(struct og_sv text)
{
	struct og_source s;
	struct og_err err = OG_ERR_INIT;
	int rc = og_source_parse(&s, &arena, text, "t", NULL, &err);
	ck_assert_msg(rc == 0, "%s", err.msg);
	return s;
}

static const struct {
	struct og_sv text;
	const char *msg;
} refused[] = {
	{OG_SV("a: b: c\n"),
		"t:1:5: mapping values are not allowed in this context (quote the value if it "
		"holds \": \", or check the indentation)"},
	{OG_SV("a: 1\n b: 2\n"),
		"t:2:3: mapping values are not allowed in this context (quote the value if it "
		"holds \": \", or check the indentation)"},
	{OG_SV("a:\n\t- x\n"),
		"t:2:1: found character that cannot start any token (indent with spaces, never "
		"tabs, and quote text that starts with @ ` or %)"},
	{OG_SV("a: [1, 2\n"),
		"t:2:1: did not find expected ',' or ']', while parsing a flow sequence that "
		"starts at 1:4 (a closing ] or a comma is missing)"},
	{OG_SV("a: {b: 1\n"),
		"t:2:1: did not find expected ',' or '}', while parsing a flow mapping that "
		"starts at 1:4 (a closing } or a comma is missing; a template has to be "
		"rendered first)"},
	{OG_SV("a: 'x\n"),
		"t:2:1: found unexpected end of stream, while scanning a quoted scalar that "
		"starts at 1:4 (a closing quote or bracket is missing)"},
	{OG_SV("a: \"\\q\"\n"),
		"t:1:5: found unknown escape character (in double quotes a backslash is written "
		"\\\\)"},
	{OG_SV("a: @x\n"),
		"t:1:4: found character that cannot start any token (indent with spaces, never "
		"tabs, and quote text that starts with @ ` or %)"},
	{OG_SV("a: *x\n"), "t:1:4: the alias *x has no anchor before it (define &x first)"},
	{OG_SV("a: &x [*x]\n"), "t:1:8: the alias *x refers to a value that contains it"},
	{OG_SV("a: 1\nb: 2\na: 3\n"),
		"t:3:1: the key \"a\" is already set at 1:1 (remove one of the two)"},
	{OG_SV("? [a]\n: 1\n"),
		"t:1:3: a key must be text, not a list or a mapping (a template has to be "
		"rendered first)"},
	{OG_SV("{{ .Values.x }}: 1\n"),
		"t:1:1: a key must be text, not a list or a mapping (a template has to be "
		"rendered first)"},
	{OG_SV("a: {{ .Values.x }}\n"),
		"t:1:5: a key must be text, not a list or a mapping (a template has to be "
		"rendered first)"},
	{OG_SV("~: 1\n"), "t:1:1: a key must not be null (quote it)"},
	{OG_SV("a: .inf\n"),
		"t:1:4: infinity and not-a-number have no JSON form (quote it if it is text)"},
	{OG_SV("a: !!int x\n"), "t:1:4: the tag !!int wants an integer"},
	{OG_SV("a: !!bool 3\n"), "t:1:4: the tag !!bool wants true or false"},
	{OG_SV("a: !!float x\n"), "t:1:4: the tag !!float wants a number"},
	{OG_SV("a: !!null x\n"), "t:1:4: the tag !!null wants null"},
	{OG_SV("a: !!timestamp x\n"), "t:1:4: the tag !!timestamp wants a date such as 2001-12-14"},
	{OG_SV("a: !!binary '*'\n"), "t:1:4: the tag !!binary wants base64 text"},
	{OG_SV("a: !!binary /w==\n"),
		"t:1:4: this !!binary value is no UTF-8 text, which JSON cannot hold"},
	{OG_SV("<<: 3\n"), "t:1:5: << wants a mapping or a list of mappings"},
	{OG_SV("<<: [1]\n"), "t:1:6: << wants a mapping or a list of mappings"},
	{OG_SV("a: !x!y z\n"),
		"t:1:4: found undefined tag handle (declare it with %TAG, or drop the tag)"},
	{OG_SV("%YAML 3.0\n---\na: 1\n"),
		"t:1:1: found incompatible YAML document (only YAML 1.1 and 1.2 are understood)"},
	{OG_SV("a: \001\n"),
		"t:1:4: control characters are not allowed (write them as escapes in double "
		"quotes)"},
	{OG_SV("a: \000\n"),
		"t:1:4: control characters are not allowed (write them as escapes in double "
		"quotes)"},
	{OG_SV("- a\nb: c\n"),
		"t:2:1: did not find expected '-' indicator, while parsing a block collection "
		"that starts at 1:1 (check the indentation of this list item)"},
	{OG_SV("a: b\n- c\n"),
		"t:2:1: did not find expected key, while parsing a block mapping that starts at "
		"1:1 (check the indentation of this line)"},
	{OG_SV("a: |\n  x\n y\n"),
		"t:3:2: did not find expected key, while parsing a block mapping that starts at "
		"1:1 (check the indentation of this line)"},
	{OG_SV("a: 1\n---\nb: [\n"),
		"t:4:1: did not find expected node content (a value is missing, or a template "
		"is not rendered)"},
	{OG_SV("{\"a\": 1, \"a\": 2}"),
		"t:1:10: the key \"a\" is already set at 1:2 (remove one of the two)"},
	{OG_SV("1: a\n\"1\": b\n"),
		"t:2:1: the key \"1\" is already set at 1:1 (remove one of the two)"},
	{OG_SV("a: - b\n"),
		"t:1:4: block sequence entries are not allowed in this context (put the list on "
		"its own lines)"},
	{OG_SV("key\nother: 1\n"),
		"t:2:6: mapping values are not allowed in this context (quote the value if it "
		"holds \": \", or check the indentation)"},
	{OG_SV("--- a\nb\n... c\n"),
		"t:3:5: did not find expected <document start> (separate documents by a line of "
		"\"---\")"},
	{OG_SV("&a &b c\n"),
		"t:1:4: did not find expected <document start> (separate documents by a line of "
		"\"---\")"},
	{OG_SV("&a *b\n"),
		"t:1:4: did not find expected <document start> (separate documents by a line of "
		"\"---\")"},
	{OG_SV("a: 'x'y\n"),
		"t:1:7: did not find expected key (check the indentation of this line)"},
	{OG_SV("%TAG ! x\n%TAG ! y\n--- a\n"), "t:2:1: found duplicate %TAG directive"},
	{OG_SV("a: !<tag:x y> z\n"), "t:1:11: did not find the expected '>'"},
	{OG_SV("\303\251: 1\n\303\274: 2\n\303\251: 3\n"),
		"t:3:1: the key \"\303\251\" is already set at 1:1 (remove one of the two)"},
	{OG_SV("\357\273\277a: 1\n\357\273\277b: 2\n"),
		"t:2:4: did not find expected key, while parsing a block mapping that starts at "
		"1:1 (check the indentation of this line)"},
	{OG_SV("]"), "t:1:1: did not find expected node content (a value is missing, or a template "
		     "is not rendered)"},
	{OG_SV("{\"a\": 1} x"),
		"t:1:10: did not find expected <document start> (separate documents by a line "
		"of \"---\")"},
};

START_TEST(refuses_with_place_and_fix)
{
	struct og_source s;
	struct og_err err = OG_ERR_INIT;
	int rc = og_source_parse(&s, &arena, refused[_i].text, "t", NULL, &err);
	ck_assert_str_eq(err.msg, refused[_i].msg);
	ck_assert_int_eq(rc, -OG_E_PARSE);
	/* The same without an error object. */
	ck_assert_int_eq(og_source_parse(&s, &arena, refused[_i].text, "t", NULL, NULL), rc);
}
END_TEST

static const struct {
	struct og_sv text;
	int code;
	const char *msg;
} encodings[] = {
	{OG_SV("\xFF\xFE"
	       "a\0:\0"),
		OG_E_UNSUPPORTED, "t:1:1: the text is UTF-16 or binary (save it as UTF-8)"},
	{OG_SV("\xFE\xFF\0a"), OG_E_UNSUPPORTED,
		"t:1:1: the text is UTF-16 or binary (save it as UTF-8)"},
	{OG_SV("a\0:\0"), OG_E_UNSUPPORTED,
		"t:1:1: the text is UTF-16 or binary (save it as UTF-8)"},
	{OG_SV("\0a\0:"), OG_E_UNSUPPORTED,
		"t:1:1: the text is UTF-16 or binary (save it as UTF-8)"},
	{OG_SV("a: b\nc: \xC3\xA9\xFF\n"), OG_E_PARSE,
		"t:2:6: invalid UTF-8 (save the file as UTF-8)"},
	{OG_SV("\xC3"), OG_E_PARSE, "t:1:1: invalid UTF-8 (save the file as UTF-8)"},
	{OG_SV("a: \xED\xA0\x80"), OG_E_PARSE, "t:1:4: invalid UTF-8 (save the file as UTF-8)"},
	{OG_SV("\xEF\xBB\xBF{\"a\": \x80}"), OG_E_PARSE,
		"t:1:7: invalid UTF-8 (save the file as UTF-8)"},
};

START_TEST(refuses_other_encodings)
{
	struct og_source s;
	struct og_err err = OG_ERR_INIT;
	int rc = og_source_parse(&s, &arena, encodings[_i].text, "t", NULL, &err);
	ck_assert_str_eq(err.msg, encodings[_i].msg);
	ck_assert_int_eq(rc, -encodings[_i].code);
}
END_TEST

static void repeat(struct og_buf *b, const char *s, size_t n)
{
	while (n--)
		og_buf_str(b, s);
}

static void expect_limit(struct og_buf *b, const struct og_source_limits *lim, const char *msg)
{
	struct og_source s;
	struct og_err err = OG_ERR_INIT;
	int rc = og_source_parse(&s, &arena, og_buf_view(b), "t", lim, &err);
	ck_assert_str_eq(err.msg, msg);
	ck_assert_int_eq(rc, -OG_E_LIMIT);
	og_buf_fini(b);
	og_arena_reset(&arena);
}

START_TEST(limits_hold)
{
	struct og_buf b = OG_BUF_INIT(0);
	/* Left alone, libyaml takes minutes for these. */
	repeat(&b, "[", 100000);
	expect_limit(&b, NULL, "t:1:101: more than 100 levels of nesting");
	repeat(&b, "[\n", 100000);
	expect_limit(&b, NULL, "t:101:1: more than 100 levels of nesting");
	repeat(&b, "- ", 100000);
	expect_limit(&b, NULL, "t:1:201: more than 100 levels of nesting");
	repeat(&b, "{\"a\":", 100000);
	expect_limit(&b, NULL, "t:1:501: more than 100 levels of nesting");
	repeat(&b, "%TAG !a! b\n", 100000);
	expect_limit(&b, NULL, "t:101:1: more than 100 directives for one document");
	repeat(&b, "- &a b\n", 2000);
	expect_limit(&b, NULL, "t:1001:3: more than 1000 anchors in one document");
	repeat(&b, "- a\n", 200001);
	expect_limit(&b, NULL, "t:200000:3: more than 200000 keys and values (split the file)");
	repeat(&b, "x", 8000001);
	expect_limit(&b, NULL, "t: larger than 8000000 bytes (split the file)");
	struct og_source_limits lim = {.max_bytes = 10, .max_depth = 2, .max_nodes = 5};
	og_buf_lit(&b, "a: [[[]]]");
	expect_limit(&b, &lim, "t:1:5: more than 2 levels of nesting");
	og_buf_lit(&b, "{a: 1, b: 2}");
	expect_limit(&b, &lim, "t: larger than 10 bytes (split the file)");
}
END_TEST

START_TEST(alias_bombs_are_stopped)
{
	struct og_buf b = OG_BUF_INIT(0);
	og_buf_lit(&b, "a0: &a0 [x,x,x,x,x,x,x,x,x]\n");
	for (int i = 1; i < 9; i++) {
		og_buf_fmt(&b, "a%d: &a%d [", i, i);
		for (int k = 0; k < 9; k++)
			og_buf_fmt(&b, "%s*a%d", k ? "," : "", i - 1);
		og_buf_lit(&b, "]\n");
	}
	expect_limit(
		&b, NULL, "t:1:14: more than 200000 keys and values once aliases are expanded");
	/* The same by merges: 30 levels of two. */
	og_buf_lit(&b, "a0: &a0 {k: v}\n");
	for (int i = 1; i < 30; i++)
		og_buf_fmt(&b, "a%d: &a%d {<<: [*a%d, *a%d]}\n", i, i, i - 1, i - 1);
	expect_limit(&b, NULL, "t:1:10: more than 200000 keys once merges are carried out");
	/* Long text many times. */
	og_buf_lit(&b, "a: &a \"");
	repeat(&b, "0123456789", 10000);
	og_buf_lit(&b, "\"\nb: [");
	repeat(&b, "*a,", 10000);
	og_buf_lit(&b, "]\n");
	expect_limit(&b, NULL, "t:1:4: aliases expand to more text than is accepted");
	/* Deep only when expanded. */
	og_buf_lit(&b, "a0: &a0 [x]\n");
	for (int i = 1; i < 200; i++)
		og_buf_fmt(&b, "a%d: &a%d [*a%d]\n", i, i, i - 1);
	expect_limit(&b, NULL, "t:1:5: too many levels of nesting once aliases are expanded");
}
END_TEST

/* Many members and merges must not cost quadratic time; valgrind-slow, never minutes. */
START_TEST(large_maps_are_read)
{
	og_auto_buf struct og_buf b = OG_BUF_INIT(0);
	og_buf_lit(&b, "base: &b\n  k1: x\nm:\n  <<: *b\n");
	for (int i = 0; i < 40000; i++)
		og_buf_fmt(&b, "  k%d: %d\n", i, i);
	struct og_source s = read_ok(og_buf_view(&b));
	struct og_jval m = og_jgetl(og_jroot(&s.docs[0].doc), "m");
	ck_assert_uint_eq(og_jcount(m), 40000);
	int64_t n;
	ck_assert(og_ji64(og_jgetl(m, "k1"), &n) && n == 1);
	og_buf_reset(&b);
	for (int i = 0; i < 4000; i++)
		og_buf_fmt(&b, "---\na: %d\n", i);
	s = read_ok(og_buf_view(&b));
	ck_assert_uint_eq(s.ndocs, 4000);
}
END_TEST

static void check_partition(const struct og_source *s, const char *const *want, uint32_t n)
{
	ck_assert_uint_eq(s->ndocs, n);
	uint32_t at = 0;
	for (uint32_t i = 0; i < n; i++) {
		const struct og_source_doc *d = &s->docs[i];
		ck_assert_uint_eq(d->index, i);
		ck_assert_uint_eq(d->start, at);
		at = d->end;
		struct og_sv got = og_sv(s->src->text.p + d->start, d->end - d->start);
		ck_assert_msg(
			og_sv_eq(got, og_svz(want[i])), "document %u: %.*s", i, OG_SV_ARG(got));
	}
	if (n)
		ck_assert_uint_eq(at, s->src->text.n);
}

START_TEST(documents_partition_the_text)
{
	struct og_source s = read_ok(OG_SV("# head\n---\na: 1\n# tail\n---\nb: 2\n...\n# gap\n"
					   "%YAML 1.1\n--- |\n c\n"));
	const char *const yaml[] = {
		"# head\n---\na: 1\n# tail\n", "---\nb: 2\n...\n# gap\n", "%YAML 1.1\n--- |\n c\n"};
	check_partition(&s, yaml, 3);
	ck_assert(!s.docs[0].json);
	ck_assert(og_jstr_is(og_jroot(&s.docs[2].doc), "c\n"));
	s = read_ok(OG_SV(" {\"a\":1}\n\n[2]{\"b\":\"}\"}\n"));
	const char *const json[] = {" {\"a\":1}\n\n", "[2]", "{\"b\":\"}\"}\n"};
	check_partition(&s, json, 3);
	ck_assert(s.docs[2].json);
	ck_assert(og_jstr_is(og_jgetl(og_jroot(&s.docs[2].doc), "b"), "}"));
	s = read_ok(OG_SV("{\"a\":1}\n---\n{\"b\":1}\n"));
	const char *const both[] = {"{\"a\":1}\n", "---\n{\"b\":1}\n"};
	check_partition(&s, both, 2);
	ck_assert(!s.docs[0].json);
	check_partition(&(struct og_source){.ndocs = 0}, NULL, 0);
}
END_TEST

START_TEST(empty_texts_have_no_documents)
{
	ck_assert_uint_eq(read_ok(OG_SV("")).ndocs, 0);
	ck_assert_uint_eq(read_ok(OG_SV("\n \n# only a comment\n")).ndocs, 0);
	ck_assert_uint_eq(read_ok(OG_SV("\xEF\xBB\xBF")).ndocs, 0);
	ck_assert_uint_eq(read_ok((struct og_sv){NULL, 0}).ndocs, 0);
	struct og_source s = read_ok(OG_SV("---\n---\n"));
	ck_assert_uint_eq(s.ndocs, 2);
	ck_assert(og_jis(og_jroot(&s.docs[0].doc), OG_J_NULL));
}
END_TEST

static void expect_place(
	const struct og_source_doc *d, struct og_jval v, uint32_t line, uint32_t col)
{
	uint32_t l, c;
	og_source_position(d, v, &l, &c);
	ck_assert_msg(l == line && c == col, "%u:%u instead of %u:%u", l, c, line, col);
}

START_TEST(places_count_bytes_and_lines)
{
	/* A byte order mark, CRLF, characters of two, three and four bytes. */
	struct og_source s = read_ok(OG_SV("\xEF\xBB\xBF\xC3\xA9: \"\xE2\x82\xAC\"\r\n"
					   "b:\r\n- \xF0\x9F\x98\x80: x\r\n  z: \xC3\xA9 # z\r\n"
					   "- [\xC3\xA9, last]\r\n---\r\nlast: \xC3\xA9\r\n"));
	const struct og_source_doc *d = &s.docs[0];
	struct og_jval root = og_jroot(&d->doc), b = og_jgetl(root, "b");
	expect_place(d, root, 1, 1);
	expect_place(d, og_jgetl(root, "\xC3\xA9"), 1, 5);
	expect_place(d, b, 3, 1);
	expect_place(d, og_jgetl(og_jat(b, 0), "\xF0\x9F\x98\x80"), 3, 9);
	expect_place(d, og_jgetl(og_jat(b, 0), "z"), 4, 6);
	expect_place(d, og_jat(og_jat(b, 1), 1), 5, 8);
	expect_place(&s.docs[1], og_jgetl(og_jroot(&s.docs[1].doc), "last"), 7, 7);
	expect_place(&s.docs[1], OG_JABSENT, 6, 1);
	uint32_t l, c;
	og_source_position_key(d, og_jat(b, 0), OG_SV("z"), &l, &c);
	ck_assert(l == 4 && c == 3);
	og_source_position_key(d, og_jat(b, 1), OG_SV("none"), &l, &c);
	ck_assert(l == 5 && c == 3);
}
END_TEST

START_TEST(places_of_aliases_merges_and_nothing)
{
	struct og_source s =
		read_ok(OG_SV("a: &a {x: 1}\nb: *a\nc: {<<: *a, z: 2}\nd:\ne: !!str\n"));
	const struct og_source_doc *d = &s.docs[0];
	struct og_jval root = og_jroot(&d->doc);
	expect_place(d, og_jgetl(og_jgetl(root, "b"), "x"), 1, 11);
	expect_place(d, og_jgetl(og_jgetl(root, "c"), "x"), 1, 11);
	expect_place(d, og_jgetl(og_jgetl(root, "c"), "z"), 3, 16);
	expect_place(d, og_jgetl(root, "d"), 4, 3);
	expect_place(d, og_jgetl(root, "e"), 5, 4);
	ck_assert(og_jis(og_jgetl(root, "d"), OG_J_NULL));
	ck_assert(og_jstr_is(og_jgetl(root, "e"), ""));
}
END_TEST

START_TEST(places_in_json)
{
	struct og_source s = read_ok(OG_SV("{\"a\": [1,\n  \"x\"]}\n{\"b\":\n null}"));
	struct og_jval a = og_jgetl(og_jroot(&s.docs[0].doc), "a");
	expect_place(&s.docs[0], og_jat(a, 0), 1, 8);
	expect_place(&s.docs[0], og_jat(a, 1), 2, 3);
	expect_place(&s.docs[1], og_jgetl(og_jroot(&s.docs[1].doc), "b"), 4, 2);
	uint32_t l, c;
	og_source_position_key(&s.docs[1], og_jroot(&s.docs[1].doc), OG_SV("b"), &l, &c);
	ck_assert(l == 3 && c == 2);
}
END_TEST

START_TEST(allocation_failures_are_clean)
{
	static const struct og_sv texts[] = {
		OG_SV("a: &a {x: 1, y: [\"\\u00e9\", z]}\nb: {<<: *a, c: |\n  t\n  }\n"),
		OG_SV("a: &a\n  x: 0755\n  8: !!binary aGk=\nb:\n  <<: [*a, {q: 1}]\n---\nc: '\xC3\xA9'\n"),
		OG_SV("{\"a\": 1}[2]"),
		OG_SV("{a: 1}"),
	};
	/* The first text is refused for its own fault; all that counts is a clean end. */
	og_mem_fault_arm(0, false);
	struct og_source s;
	struct og_err err = OG_ERR_INIT;
	int normal = og_source_parse(&s, &arena, texts[_i], "t", NULL, &err);
	unsigned long total = og_mem_fault_disarm();
	ck_assert_uint_gt(total, 3);
	for (unsigned long n = 1; n <= total; n++) {
		struct og_arena a;
		og_arena_init(&a, 256, 0);
		og_err_clear(&err);
		og_mem_fault_arm(n, true);
		int rc = og_source_parse(&s, &a, texts[_i], "t", NULL, &err);
		og_mem_fault_disarm();
		ck_assert_msg(rc == -OG_E_OOM || (rc == normal && rc), "failure %lu of %lu: %s", n,
			total, err.msg);
		og_arena_fini(&a);
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("codec/source");
	TCase *tc = tcase_create("source");
	tcase_set_timeout(tc, 60);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, refuses_with_place_and_fix, 0, (int)OG_COUNT(refused));
	tcase_add_loop_test(tc, refuses_other_encodings, 0, (int)OG_COUNT(encodings));
	tcase_add_test(tc, limits_hold);
	tcase_add_test(tc, alias_bombs_are_stopped);
	tcase_add_test(tc, large_maps_are_read);
	tcase_add_test(tc, documents_partition_the_text);
	tcase_add_test(tc, empty_texts_have_no_documents);
	tcase_add_test(tc, places_count_bytes_and_lines);
	tcase_add_test(tc, places_of_aliases_merges_and_nothing);
	tcase_add_test(tc, places_in_json);
	tcase_add_loop_test(tc, allocation_failures_are_clean, 0, 4);
	suite_add_tcase(s, tc);
	SRunner *sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	int failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
