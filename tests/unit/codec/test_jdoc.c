/* SPDX-License-Identifier: Apache-2.0 */
/* The JSON reader: what it accepts, what it refuses and with which words, what its readers see. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include "otelgate/base/mem.h"
#include "otelgate/codec/jdoc.h"

struct fixture {
	struct og_arena arena;
	struct og_jdoc doc;
	struct og_err err;
};

static void setup(struct fixture *f)
{
	*f = (struct fixture){.err = OG_ERR_INIT};
	og_arena_init(&f->arena, 0, 0);
}

static void teardown(struct fixture *f)
{
	og_arena_fini(&f->arena);
}
#define FIXTURE(f)                          \
	og_auto(teardown) struct fixture f; \
	setup(&f)

static struct og_jval must_parse(struct fixture *f, struct og_sv text)
{
	int rc = og_jdoc_parse(&f->doc, &f->arena, text, NULL, &f->err);
	ck_assert_msg(rc == 0, "%.*s: %s", OG_SV_ARG(text), f->err.msg);
	return og_jroot(&f->doc);
}

#define ROW(lit)                        \
	{                               \
		"" lit, sizeof(lit) - 1 \
	}

static const struct og_sv good[] = {
	ROW("null"),
	ROW(" true "),
	ROW("\t\r\n false\n"),
	ROW("0"),
	ROW("-0"),
	ROW("-0.0e-0"),
	ROW("1e999"),
	ROW("123456789012345678901234567890"),
	ROW("1.5E+3"),
	ROW("\"\""),
	ROW("\"\\u0000\""),
	ROW("\"\\ud83d\\ude00\""),
	ROW("\"\\uD83D\\uDE00 \\\"\\\\\\/\\b\\f\\n\\r\\t\""),
	ROW("\"\x7f\""),
	ROW("\"\xc2\x80\xdf\xbf\xe0\xa0\x80\xed\x9f\xbf\xee\x80\x80\xef\xbf\xbf\xf0\x90\x80\x80\xf4\x8f\xbf\xbf\""),
	ROW("[]"),
	ROW("[ ]"),
	ROW("{}"),
	ROW("{ \n }"),
	ROW("[1,2 , 3]"),
	ROW("{\"a\":1,\"b\":{\"a\":[{\"a\":null}]}}"),
	ROW("{\"\":0,\" \":1}"),
	ROW("[[[[[[[[[[]]]]]]]]]]"),
	ROW("{\"\\u0061\":1,\"A\":2,\"aa\":3}"),
};

START_TEST(accepts)
{
	FIXTURE(f);
	struct og_jval v = must_parse(&f, good[_i]);
	ck_assert(og_jtype(v) != OG_J_ABSENT);
	struct og_sv raw = og_jraw(v);
	ck_assert(og_sv_eq(raw, og_sv_trim(good[_i])));
	ck_assert_uint_eq(f.doc.tok[0].end, f.doc.ntok);
}
END_TEST

static const struct {
	struct og_sv text;
	const char *msg;
} refused[] = {
	{ROW(""), "line 1 column 1 (byte 0): the text is empty"},
	{ROW(" \n "), "line 2 column 2 (byte 3): the text is empty"},
	{ROW("\xEF\xBB\xBF{}"),
		"line 1 column 1 (byte 0): a byte order mark; the text must be UTF-8 without one"},
	{ROW("{\0}"), "line 1 column 2 (byte 1): a key in double quotes was expected"},
	{ROW("\0"), "line 1 column 1 (byte 0): a value was expected"},
	{ROW("{}\0"), "line 1 column 3 (byte 2): there is text behind the end of the document"},
	{ROW("1 2"), "line 1 column 3 (byte 2): there is text behind the end of the document"},
	{ROW("[1]]"), "line 1 column 4 (byte 3): there is text behind the end of the document"},
	{ROW("tru"), "line 1 column 1 (byte 0): a value was expected"},
	{ROW("nul"), "line 1 column 1 (byte 0): a value was expected"},
	{ROW("True"), "line 1 column 1 (byte 0): a value was expected"},
	{ROW("NaN"), "line 1 column 1 (byte 0): a value was expected"},
	{ROW("truex"), "line 1 column 5 (byte 4): there is text behind the end of the document"},
	{ROW("'a'"), "line 1 column 1 (byte 0): a value was expected"},
	{ROW("[1,]"), "line 1 column 4 (byte 3): a value was expected before the closing bracket"},
	{ROW("[,1]"), "line 1 column 2 (byte 1): a value was expected"},
	{ROW("[1"), "line 1 column 3 (byte 2): the text ends inside an array"},
	{ROW("[1,"), "line 1 column 4 (byte 3): the text ends where a value was expected"},
	{ROW("["), "line 1 column 2 (byte 1): the text ends where a value was expected"},
	{ROW("[1}"), "line 1 column 3 (byte 2): ',' or ']' was expected"},
	{ROW("[1 2]"), "line 1 column 4 (byte 3): ',' or ']' was expected"},
	{ROW("[01]"),
		"line 1 column 2 (byte 1): a number must not start with a zero before other digits"},
	{ROW("-01"),
		"line 1 column 2 (byte 1): a number must not start with a zero before other digits"},
	{ROW("-"), "line 1 column 2 (byte 1): the text ends inside a number"},
	{ROW("-x"), "line 1 column 2 (byte 1): a digit was expected"},
	{ROW("+1"), "line 1 column 1 (byte 0): a value was expected"},
	{ROW(".5"), "line 1 column 1 (byte 0): a value was expected"},
	{ROW("1."), "line 1 column 3 (byte 2): the text ends inside a number"},
	{ROW("1.e1"), "line 1 column 3 (byte 2): a digit was expected"},
	{ROW("1e"), "line 1 column 3 (byte 2): the text ends inside a number"},
	{ROW("1e+"), "line 1 column 4 (byte 3): the text ends inside a number"},
	{ROW("[1e-]"), "line 1 column 5 (byte 4): a digit was expected"},
	{ROW("0x10"), "line 1 column 2 (byte 1): there is text behind the end of the document"},
	{ROW("{"), "line 1 column 2 (byte 1): the text ends inside an object"},
	{ROW("{\"a\""), "line 1 column 5 (byte 4): the text ends behind a key"},
	{ROW("{\"a\" 1}"), "line 1 column 6 (byte 5): ':' was expected behind the key"},
	{ROW("{\"a\":}"),
		"line 1 column 6 (byte 5): a value was expected before the closing bracket"},
	{ROW("{\"a\":"), "line 1 column 6 (byte 5): the text ends where a value was expected"},
	{ROW("{\"a\":1"), "line 1 column 7 (byte 6): the text ends inside an object"},
	{ROW("{\"a\":1 \"b\":2}"), "line 1 column 8 (byte 7): ',' or '}' was expected"},
	{ROW("{\"a\":1]"), "line 1 column 7 (byte 6): ',' or '}' was expected"},
	{ROW("{\"a\":1,}"), "line 1 column 8 (byte 7): a key in double quotes was expected"},
	{ROW("{a:1}"), "line 1 column 2 (byte 1): a key in double quotes was expected"},
	{ROW("{1:1}"), "line 1 column 2 (byte 1): a key in double quotes was expected"},
	{ROW("{\n\"a\":1,\n \"a\":2}"),
		"line 3 column 2 (byte 10): a key occurs twice in one object"},
	{ROW("{\"a\":1,\"\\u0061\":2}"),
		"line 1 column 8 (byte 7): a key occurs twice in one object"},
	{ROW("{\"\\u00e9\":1,\"\xc3\xa9\":2}"),
		"line 1 column 13 (byte 12): a key occurs twice in one object"},
	{ROW("{\"/\":1,\"\\/\":2}"), "line 1 column 8 (byte 7): a key occurs twice in one object"},
	{ROW("{\"\":1,\"\":2}"), "line 1 column 7 (byte 6): a key occurs twice in one object"},
	{ROW("[{\"\\ud83d\\ude00\":1,\"x\":{},\"\xf0\x9f\x98\x80\":2}]"),
		"line 1 column 27 (byte 26): a key occurs twice in one object"},
	{ROW("\""), "line 1 column 2 (byte 1): the text ends inside a string"},
	{ROW("\"abc"), "line 1 column 5 (byte 4): the text ends inside a string"},
	{ROW("\"a\\"), "line 1 column 4 (byte 3): the text ends inside a string"},
	{ROW("\"\\\""), "line 1 column 4 (byte 3): the text ends inside a string"},
	{ROW("\"\\x41\""), "line 1 column 2 (byte 1): unknown escape sequence"},
	{ROW("\"\\\0\""), "line 1 column 2 (byte 1): unknown escape sequence"},
	{ROW("\"\\U0041\""), "line 1 column 2 (byte 1): unknown escape sequence"},
	{ROW("\"\\u00g0\""),
		"line 1 column 2 (byte 1): \\u must be followed by four hexadecimal digits"},
	{ROW("\"\\u12\""),
		"line 1 column 2 (byte 1): \\u must be followed by four hexadecimal digits"},
	{ROW("\"\\u"), "line 1 column 2 (byte 1): \\u must be followed by four hexadecimal digits"},
	{ROW("\"\\ud800\""), "line 1 column 2 (byte 1): unpaired surrogate escape"},
	{ROW("\"\\udc00\""), "line 1 column 2 (byte 1): unpaired surrogate escape"},
	{ROW("\"\\ud800\\ud800\""), "line 1 column 2 (byte 1): unpaired surrogate escape"},
	{ROW("\"\\ud800\\u0041\""), "line 1 column 2 (byte 1): unpaired surrogate escape"},
	{ROW("\"\\ud800 \\udc00\""), "line 1 column 2 (byte 1): unpaired surrogate escape"},
	{ROW("\"\\ud800\\udc0"), "line 1 column 2 (byte 1): unpaired surrogate escape"},
	{ROW("\"a\nb\""),
		"line 1 column 3 (byte 2): a control character in a string must be escaped"},
	{ROW("\"a\tb\""),
		"line 1 column 3 (byte 2): a control character in a string must be escaped"},
	{ROW("\"a\0b\""),
		"line 1 column 3 (byte 2): a control character in a string must be escaped"},
	{ROW("\"0123456789abcdef0123\x1f\""),
		"line 1 column 22 (byte 21): a control character in a string must be escaped"},
	{ROW("\"\x80\""), "line 1 column 2 (byte 1): invalid UTF-8"},
	{ROW("\"\xc3\""), "line 1 column 2 (byte 1): invalid UTF-8"},
	{ROW("\"\xc3"), "line 1 column 2 (byte 1): invalid UTF-8"},
	{ROW("\"\xc0\x80\""), "line 1 column 2 (byte 1): invalid UTF-8"},
	{ROW("\"\xc1\xbf\""), "line 1 column 2 (byte 1): invalid UTF-8"},
	{ROW("\"\xe0\x80\x80\""), "line 1 column 2 (byte 1): invalid UTF-8"},
	{ROW("\"\xe2\x82\""), "line 1 column 2 (byte 1): invalid UTF-8"},
	{ROW("\"\xed\xa0\x80\""), "line 1 column 2 (byte 1): invalid UTF-8"},
	{ROW("\"\xed\xbf\xbf\""), "line 1 column 2 (byte 1): invalid UTF-8"},
	{ROW("\"\xf0\x80\x80\x80\""), "line 1 column 2 (byte 1): invalid UTF-8"},
	{ROW("\"\xf0\x9f\x98\""), "line 1 column 2 (byte 1): invalid UTF-8"},
	{ROW("\"\xf4\x90\x80\x80\""), "line 1 column 2 (byte 1): invalid UTF-8"},
	{ROW("\"\xf5\x80\x80\x80\""), "line 1 column 2 (byte 1): invalid UTF-8"},
	{ROW("\"\xff\""), "line 1 column 2 (byte 1): invalid UTF-8"},
	{ROW("\"\xfe\xff\""), "line 1 column 2 (byte 1): invalid UTF-8"},
	{ROW("\"\xc3\xa9\xc3\xa9\x80\""), "line 1 column 6 (byte 5): invalid UTF-8"},
	{ROW("{\"\xff\":1}"), "line 1 column 3 (byte 2): invalid UTF-8"},
	{ROW("\xa0[]"), "line 1 column 1 (byte 0): a value was expected"},
	{ROW("\x0c[]"), "line 1 column 1 (byte 0): a value was expected"},
	{ROW("[1]// x"), "line 1 column 4 (byte 3): there is text behind the end of the document"},
	{ROW("/**/1"), "line 1 column 1 (byte 0): a value was expected"},
};

START_TEST(refuses_with_place_and_reason)
{
	FIXTURE(f);
	/* an exact copy, so that ASan sees any read behind the end */
	og_auto_free char *copy = og_memdup(refused[_i].text.p, refused[_i].text.n);
	struct og_sv text = og_sv(copy, refused[_i].text.n);
	int rc = og_jdoc_parse(&f.doc, &f.arena, text, NULL, &f.err);
	ck_assert_str_eq(f.err.msg, refused[_i].msg);
	ck_assert_int_eq(rc, -OG_E_PARSE);
	ck_assert_int_eq(f.err.code, OG_E_PARSE);
	ck_assert_int_eq(og_jdoc_parse(&f.doc, &f.arena, text, NULL, NULL), -OG_E_PARSE);
}
END_TEST

static struct og_sv repeat(
	struct og_buf *b, const char *open, const char *mid, const char *close, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		og_buf_str(b, open);
	og_buf_str(b, mid);
	for (unsigned i = 0; i < n; i++)
		og_buf_str(b, close);
	ck_assert(!b->failed);
	return og_buf_view(b);
}

START_TEST(depth_is_limited)
{
	FIXTURE(f);
	og_auto_buf struct og_buf b = OG_BUF_INIT(0);
	must_parse(&f, repeat(&b, "[", "", "]", 100));
	og_buf_reset(&b);
	struct og_sv deep = repeat(&b, "[", "", "]", 101);
	ck_assert_int_eq(og_jdoc_parse(&f.doc, &f.arena, deep, NULL, &f.err), -OG_E_LIMIT);
	ck_assert_str_eq(f.err.msg, "line 1 column 101 (byte 100): nested deeper than 100 levels");
	og_buf_reset(&b);
	deep = repeat(&b, "{\"a\":", "1", "}", 10000);
	ck_assert_int_eq(og_jdoc_parse(&f.doc, &f.arena, deep, NULL, &f.err), -OG_E_LIMIT);
	/* a larger limit is cut at the ceiling that the walkers rely on */
	struct og_jlimits wide = {.max_depth = 1000000};
	og_buf_reset(&b);
	deep = repeat(&b, "[", "", "]", 10000);
	ck_assert_int_eq(og_jdoc_parse(&f.doc, &f.arena, deep, &wide, &f.err), -OG_E_LIMIT);
	ck_assert_str_eq(
		f.err.msg, "line 1 column 1025 (byte 1024): nested deeper than 1024 levels");
	og_buf_reset(&b);
	deep = repeat(&b, "[", "", "]", 1024);
	ck_assert_int_eq(og_jdoc_parse(&f.doc, &f.arena, deep, &wide, &f.err), 0);
	ck_assert(og_jequal(og_jroot(&f.doc), og_jroot(&f.doc)));
	struct og_jlimits flat = {.max_depth = 1};
	ck_assert_int_eq(
		og_jdoc_parse(&f.doc, &f.arena, OG_SV("[1,[]]"), &flat, &f.err), -OG_E_LIMIT);
	ck_assert_str_eq(f.err.msg, "line 1 column 4 (byte 3): nested deeper than 1 levels");
}
END_TEST

START_TEST(tokens_and_bytes_are_limited)
{
	FIXTURE(f);
	struct og_jlimits l = {.max_tokens = 5};
	ck_assert_int_eq(
		og_jdoc_parse(&f.doc, &f.arena, OG_SV("{\"a\":1,\"b\":2}"), &l, &f.err), 0);
	ck_assert_int_eq(og_jdoc_parse(&f.doc, &f.arena, OG_SV("{\"a\":1,\"b\":[0]}"), &l, &f.err),
		-OG_E_LIMIT);
	ck_assert_str_eq(f.err.msg, "line 1 column 13 (byte 12): more than 5 values and keys");
	l.max_tokens = 3;
	ck_assert_int_eq(og_jdoc_parse(&f.doc, &f.arena, OG_SV("{\"a\":1,\"b\":2}"), &l, &f.err),
		-OG_E_LIMIT);
	ck_assert_str_eq(f.err.msg, "line 1 column 8 (byte 7): more than 3 values and keys");
	l = (struct og_jlimits){.max_bytes = 4};
	ck_assert_int_eq(og_jdoc_parse(&f.doc, &f.arena, OG_SV("[12]"), &l, &f.err), 0);
	ck_assert_int_eq(og_jdoc_parse(&f.doc, &f.arena, OG_SV("[123]"), &l, &f.err), -OG_E_LIMIT);
	ck_assert_str_eq(f.err.msg, "the text has 5 bytes, the limit is 4");
	/* more tokens than first estimated: the tape grows */
	og_auto_buf struct og_buf b = OG_BUF_INIT(0);
	struct og_sv many = repeat(&b, "0,", "0", "", 4999);
	og_auto_buf struct og_buf list = OG_BUF_INIT(0);
	og_buf_fmt(&list, "[%.*s]", OG_SV_ARG(many));
	struct og_jval v = must_parse(&f, og_buf_view(&list));
	ck_assert_uint_eq(og_jcount(v), 5000);
	ck_assert(og_jis(og_jat(v, 4999), OG_J_NUMBER));
	ck_assert(og_jis(og_jat(v, 5000), OG_J_ABSENT));
}
END_TEST

START_TEST(seven_mebibytes_in_one_string)
{
	FIXTURE(f);
	og_auto_buf struct og_buf b = OG_BUF_INIT(0);
	og_buf_ch(&b, '"');
	while (b.len < (7u << 20) - 1)
		og_buf_ch(&b, 'x');
	og_buf_ch(&b, '"');
	struct og_jval v = must_parse(&f, og_buf_view(&b));
	struct og_sv s;
	ck_assert(og_jstr(v, NULL, &s));
	ck_assert_uint_eq(s.n, (7u << 20) - 2);
	og_buf_ch(&b, ' ');
	ck_assert_int_eq(
		og_jdoc_parse(&f.doc, &f.arena, og_buf_view(&b), NULL, &f.err), -OG_E_LIMIT);
	ck_assert_str_eq(f.err.msg, "the text has 7340033 bytes, the limit is 7340032");
}
END_TEST

/* Every position of every kind of byte within and across the 16-byte steps. */
START_TEST(strings_at_every_alignment)
{
	static const struct {
		const char *part;
		bool ok;
	} parts[] = {{"\\n", true}, {"\xc3\xa9", true}, {"\xf0\x9f\x98\x80", true}, {"\x01", false},
		{"\xff", false}, {"\\q", false}, {"\\u0041", true}, {"", true}};
	FIXTURE(f);
	for (size_t before = 0; before < 40; before++) {
		for (size_t k = 0; k < OG_COUNT(parts); k++) {
			og_auto_buf struct og_buf b = OG_BUF_INIT(0);
			og_buf_ch(&b, '"');
			for (size_t i = 0; i < before; i++)
				og_buf_ch(&b, 'a');
			og_buf_str(&b, parts[k].part);
			og_buf_fmt(&b, "%.*s\"", (int)(before % 19), "zzzzzzzzzzzzzzzzzzz");
			og_auto_free char *exact = og_memdup(b.p, b.len);
			int rc = og_jdoc_parse(&f.doc, &f.arena, og_sv(exact, b.len), NULL, &f.err);
			ck_assert_int_eq(rc, parts[k].ok ? 0 : -OG_E_PARSE);
			if (rc == 0)
				ck_assert_uint_eq(f.doc.tok[0].len, b.len - 2);
		}
	}
}
END_TEST

/* Objects on both sides of every internal threshold, with and without a repeated key. */
START_TEST(duplicates_in_objects_of_any_size)
{
	static const unsigned sizes[] = {2, 3, 16, 17, 63, 64, 65, 66, 200, 5000};
	for (size_t s = 0; s < OG_COUNT(sizes); s++) {
		for (int twice = 0; twice < 3; twice++) {
			FIXTURE(f);
			og_auto_buf struct og_buf b = OG_BUF_INIT(0);
			size_t where = 0;
			og_buf_ch(&b, '{');
			for (unsigned i = 0; i < sizes[s]; i++) {
				where = b.len;
				bool again = twice && i + 1 == sizes[s];
				og_buf_fmt(&b, "%s\"%skey%u\":{\"key0\":[]}", i ? "," : "",
					again && twice == 2 ? "\\u0070" : "p", again ? i / 2 : i);
			}
			og_buf_ch(&b, '}');
			int rc = og_jdoc_parse(&f.doc, &f.arena, og_buf_view(&b), NULL, &f.err);
			ck_assert_int_eq(rc, twice ? -OG_E_PARSE : 0);
			char want[128];
			snprintf(want, sizeof(want),
				"line 1 column %zu (byte %zu): a key occurs twice in one object",
				where + 2, where + 1);
			if (twice)
				ck_assert_str_eq(f.err.msg, want);
		}
	}
}
END_TEST

START_TEST(members_by_key)
{
	FIXTURE(f);
	struct og_jval v = must_parse(&f,
		OG_SV("{\"ab\":1,\"a\":{\"x\":[10,{\"y\":null}]},\"\\u00e9\\n\":2,\"\":3,\"\\\\u0061\":4}"));
	ck_assert_uint_eq(og_jcount(v), 5);
	ck_assert(og_sv_is(og_jraw(og_jgetl(v, "ab")), "1"));
	ck_assert(og_sv_is(og_jraw(og_jgetl(v, "\xc3\xa9\n")), "2"));
	ck_assert(og_sv_is(og_jraw(og_jgetl(v, "")), "3"));
	ck_assert(og_sv_is(og_jraw(og_jgetl(v, "\\u0061")), "4"));
	/* what the escaped keys look like raw is not their name */
	ck_assert(og_jis(og_jgetl(v, "\\u00e9\\n"), OG_J_ABSENT));
	ck_assert(og_jis(og_jgetl(v, "\\\\u0061"), OG_J_ABSENT));
	ck_assert(og_jis(og_jgetl(v, "x"), OG_J_ABSENT));
	ck_assert(og_jis(og_jpath(v, "a", "x", NULL), OG_J_ARRAY));
	ck_assert(og_jis(og_jpath(v, "a", "z", "x", NULL), OG_J_ABSENT));
	ck_assert(og_jis(og_jpath(v, "ab", "x", NULL), OG_J_ABSENT));
	struct og_jval x = og_jpath(v, "a", "x", NULL);
	ck_assert(og_jis(og_jgetl(og_jat(x, 1), "y"), OG_J_NULL));
	ck_assert(og_junset(og_jgetl(og_jat(x, 1), "y")));
	ck_assert(og_junset(og_jat(x, 2)));
	ck_assert(og_jis(og_jat(v, 0), OG_J_ABSENT));
	ck_assert(og_jis(og_jgetl(x, "0"), OG_J_ABSENT));
}
END_TEST

START_TEST(absent_values_are_harmless)
{
	struct og_jval none = OG_JABSENT;
	struct og_sv s;
	int64_t n = 7;
	ck_assert_uint_eq(og_jcount(none), 0);
	ck_assert_uint_eq(og_jraw(none).n, 0);
	ck_assert(!og_jget(none, OG_SV("a")).d);
	ck_assert(!og_jat(none, 0).d);
	ck_assert(!og_jpath(none, "a", NULL).d);
	ck_assert(!og_jstr(none, NULL, &s));
	ck_assert_uint_eq(s.n, 0);
	ck_assert(!og_jstr_is(none, ""));
	ck_assert(!og_ji64(none, &n));
	ck_assert_int_eq(n, 7);
	ck_assert(og_jequal(none, none));
	og_jfor (it, none)
		ck_abort_msg("an absent value has no elements");
	ck_assert_str_eq(og_jtype_name(og_jtype(none)), "absent");
	ck_assert_str_eq(og_jtype_name((enum og_jtype)99), "absent");
}
END_TEST

static const struct {
	struct og_sv json, text;
} strings[] = {
	{ROW("\"\""), ROW("")},
	{ROW("\"plain\""), ROW("plain")},
	{ROW("\"\\u0041\\u00e9\\u20ac\\ud83d\\ude00\""),
		ROW("A\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80")},
	{ROW("\"\\uFFFF\\uffff\""), ROW("\xef\xbf\xbf\xef\xbf\xbf")},
	{ROW("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\""), ROW("\"\\/\b\f\n\r\t")},
	{ROW("\"a\\u0000b\""), ROW("a\0b")},
	{ROW("\"\\u007f\\u0080\\u07ff\\u0800\""), ROW("\x7f\xc2\x80\xdf\xbf\xe0\xa0\x80")},
	{ROW("\"\\uD800\\uDC00\\uDBFF\\uDFFF\""), ROW("\xf0\x90\x80\x80\xf4\x8f\xbf\xbf")},
	{ROW("\"tail\\n\""), ROW("tail\n")},
};

START_TEST(string_texts)
{
	FIXTURE(f);
	struct og_jval v = must_parse(&f, strings[_i].json);
	struct og_sv s, want = strings[_i].text;
	ck_assert(og_jstr(v, &f.arena, &s));
	ck_assert(og_sv_eq(s, want));
	ck_assert(og_sv_eq(og_jstr_or_empty(v, &f.arena), want));
	ck_assert(og_jstr_eq(v, want));
	ck_assert(!og_jstr_eq(v, OG_SV("something else")));
	ck_assert(want.n == 0 || !og_jstr_eq(v, og_sv(want.p, want.n - 1)));
	if (f.doc.tok[0].count) {
		ck_assert(!og_jstr_eq(v, og_sv(strings[_i].json.p + 1, strings[_i].json.n - 2)));
		ck_assert(!og_jstr(v, NULL, &s));
		og_mem_fault_arm(1, true);
		bool ok = og_jstr(v, &f.arena, &s);
		og_mem_fault_disarm();
		ck_assert(!ok && s.n == 0);
	}
}
END_TEST

static const struct {
	const char *json;
	bool ok;
	int64_t want;
} integers[] = {
	{"0", true, 0},
	{"-0", true, 0},
	{"42", true, 42},
	{"-1", true, -1},
	{"9223372036854775807", true, INT64_MAX},
	{"-9223372036854775808", true, INT64_MIN},
	{"9223372036854775808", false, 0},
	{"-9223372036854775809", false, 0},
	{"99999999999999999999999999", false, 0},
	{"1.0", false, 0},
	{"1e3", false, 0},
	{"1E0", false, 0},
	{"\"1\"", false, 0},
	{"true", false, 0},
	{"null", false, 0},
	{"[1]", false, 0},
};

START_TEST(integer_values)
{
	FIXTURE(f);
	struct og_jval v = must_parse(&f, og_svz(integers[_i].json));
	int64_t n = 12345;
	ck_assert_int_eq(og_ji64(v, &n), integers[_i].ok);
	ck_assert_int_eq(n, integers[_i].ok ? integers[_i].want : 12345);
}
END_TEST

static const struct {
	const char *a, *b;
	bool equal;
} pairs[] = {
	{"null", "null", true},
	{"true", "false", false},
	{"null", "false", false},
	{"1", "1.0", true},
	{"10", "1e1", true},
	{"1", "10e-1", true},
	{"100", "1E+2", true},
	{"0.001", "1e-3", true},
	{"12.50", "125e-1", true},
	{"0", "-0", true},
	{"0", "0.0e99999999999999999999", true},
	{"1", "-1", false},
	{"1", "10", false},
	{"1.01", "1.001", false},
	{"1e999", "10e998", true},
	{"1e999", "1e998", false},
	{"0.1e1000000000000000000", "1e999999999999999999", false}, /* 19 digits: by text */
	{"1e1000000000000000000", "1e1000000000000000000", true},
	{"18446744073709551616", "18446744073709551617", false},
	{"9007199254740993", "9007199254740992", false},
	{"1", "\"1\"", false},
	{"\"a\"", "\"\\u0061\"", true},
	{"\"\\u0061\"", "\"\\u0062\"", false},
	{"\"a\"", "\"ab\"", false},
	{"[]", "{}", false},
	{"[1,2]", "[1,2]", true},
	{"[1,2]", "[2,1]", false},
	{"[1]", "[1,1]", false},
	{"{}", "{}", true},
	{"{\"a\":1,\"b\":2}", "{\"b\":2,\"a\":1}", true},
	{"{\"a\":1,\"b\":2}", "{\"b\":2,\"c\":1}", false},
	{"{\"a\":1,\"b\":2}", "{\"a\":1,\"b\":3}", false},
	{"{\"a\":1}", "{\"a\":1,\"b\":null}", false},
	{"{\"\\u0061\":[{\"x\":1.0}]}", "{\"a\":[{\"x\":1}]}", true},
};

START_TEST(deep_equality)
{
	FIXTURE(f);
	FIXTURE(g);
	struct og_jval a = must_parse(&f, og_svz(pairs[_i].a));
	struct og_jval b = must_parse(&g, og_svz(pairs[_i].b));
	ck_assert_int_eq(og_jequal(a, b), pairs[_i].equal);
	ck_assert_int_eq(og_jequal(b, a), pairs[_i].equal);
	ck_assert(og_jequal(a, a) && og_jequal(b, b));
	ck_assert(!og_jequal(a, OG_JABSENT));
}
END_TEST

static void numbered_object(struct og_buf *b, unsigned n, bool backwards, unsigned last)
{
	og_buf_ch(b, '{');
	for (unsigned i = 0; i < n; i++) {
		unsigned k = backwards ? n - 1 - i : i;
		og_buf_fmt(b, "%s\"key-%u\":%u", i ? "," : "", k, k == n - 1 ? last : k);
	}
	og_buf_ch(b, '}');
}

START_TEST(equality_of_large_objects_in_another_order)
{
	static const unsigned sizes[] = {5, 32, 33, 100, 100000};
	for (size_t i = 0; i < OG_COUNT(sizes); i++) {
		FIXTURE(f);
		FIXTURE(g);
		og_auto_buf struct og_buf a = OG_BUF_INIT(0), b = OG_BUF_INIT(0);
		numbered_object(&a, sizes[i], false, 1);
		numbered_object(&b, sizes[i], true, 1);
		struct og_jval va = must_parse(&f, og_buf_view(&a));
		ck_assert(og_jequal(va, must_parse(&g, og_buf_view(&b))));
		if (sizes[i] < 1000) { /* without memory it is slower, and still right */
			og_mem_fault_arm(1, true);
			bool same = og_jequal(va, og_jroot(&g.doc));
			og_mem_fault_disarm();
			ck_assert(same);
		}
		og_buf_reset(&b);
		numbered_object(&b, sizes[i], true, 2);
		ck_assert(!og_jequal(va, must_parse(&g, og_buf_view(&b))));
		memcpy(strstr(b.p, "key-0"), "other", 5); /* as many members, one of another name */
		ck_assert(!og_jequal(va, must_parse(&g, og_buf_view(&b))));
		ck_assert(!og_jequal(og_jroot(&g.doc), va));
	}
}
END_TEST

START_TEST(iteration)
{
	FIXTURE(f);
	struct og_jval v = must_parse(&f, OG_SV("{\"a\":[1,[2,3],{\"x\":4}],\"b\":\"t\"}"));
	unsigned turns = 0;
	og_jfor (it, v) {
		ck_assert_uint_eq(it.index, turns);
		ck_assert(og_jstr_eq(it.key, turns ? OG_SV("b") : OG_SV("a")));
		turns++;
	}
	ck_assert_uint_eq(turns, 2);
	static const char *const want[] = {"1", "[2,3]", "{\"x\":4}"};
	turns = 0;
	og_jfor (it, og_jgetl(v, "a")) {
		ck_assert(og_jis(it.key, OG_J_ABSENT));
		ck_assert(og_sv_eq(og_jraw(it.val), og_svz(want[it.index])));
		ck_assert_uint_eq(og_jat(og_jgetl(v, "a"), it.index).i, it.val.i);
		turns++;
	}
	ck_assert_uint_eq(turns, 3);
	og_jfor (it, og_jgetl(v, "b"))
		ck_abort_msg("a string has no elements");
	ck_assert(og_sv_is(og_jraw(og_jgetl(v, "b")), "\"t\""));
}
END_TEST

START_TEST(positions)
{
	FIXTURE(f);
	must_parse(&f, OG_SV("[\n 1,\r\n\n2]"));
	uint32_t line, col;
	og_jdoc_position(&f.doc, 0, &line, &col);
	ck_assert(line == 1 && col == 1);
	og_jdoc_position(&f.doc, 3, &line, &col);
	ck_assert(line == 2 && col == 2);
	og_jdoc_position(&f.doc, 8, &line, &col);
	ck_assert(line == 4 && col == 1);
	og_jdoc_position(&f.doc, 99999, &line, &col);
	ck_assert(line == 4 && col == 3);
}
END_TEST

/* One allocation after the other fails: always OOM, never a leak or a wrong answer. */
START_TEST(allocation_failures)
{
	og_auto_buf struct og_buf b = OG_BUF_INIT(0);
	og_buf_str(&b, "[");
	numbered_object(&b, 100, false, 0);
	for (int i = 0; i < 3000; i++)
		og_buf_str(&b, ",0");
	og_buf_str(&b, ",{\"\\u0061\":1,\"b\":2}]");
	for (int sticky = 0; sticky < 2; sticky++) {
		unsigned long k = 1;
		for (bool done = false; !done; k++) {
			FIXTURE(f);
			og_mem_fault_arm(k, sticky);
			int rc = og_jdoc_parse(&f.doc, &f.arena, og_buf_view(&b), NULL, &f.err);
			done = og_mem_fault_disarm() < k;
			ck_assert_int_eq(rc, done ? 0 : -OG_E_OOM);
			if (!done)
				ck_assert_str_eq(f.err.msg, "out of memory while reading JSON");
		}
		ck_assert_uint_gt(k, 5);
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("codec/jdoc");
	TCase *tc = tcase_create("jdoc");
	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, accepts, 0, (int)OG_COUNT(good));
	tcase_add_loop_test(tc, refuses_with_place_and_reason, 0, (int)OG_COUNT(refused));
	tcase_add_test(tc, depth_is_limited);
	tcase_add_test(tc, tokens_and_bytes_are_limited);
	tcase_add_test(tc, seven_mebibytes_in_one_string);
	tcase_add_test(tc, strings_at_every_alignment);
	tcase_add_test(tc, duplicates_in_objects_of_any_size);
	tcase_add_test(tc, members_by_key);
	tcase_add_test(tc, absent_values_are_harmless);
	tcase_add_loop_test(tc, string_texts, 0, (int)OG_COUNT(strings));
	tcase_add_loop_test(tc, integer_values, 0, (int)OG_COUNT(integers));
	tcase_add_loop_test(tc, deep_equality, 0, (int)OG_COUNT(pairs));
	tcase_add_test(tc, equality_of_large_objects_in_another_order);
	tcase_add_test(tc, iteration);
	tcase_add_test(tc, positions);
	tcase_add_test(tc, allocation_failures);
	suite_add_tcase(s, tc);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
