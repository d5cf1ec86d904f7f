/* SPDX-License-Identifier: Apache-2.0 */
/*
 * YAML as kubectl reads it. The wanted JSON is what sigs.k8s.io/yaml v1.4.0 YAMLToJSON gives, but
 * for whole numbers beyond 64 bits, which keep their digits here.
 */
#include "otelgate/base/mem.h"
#include "otelgate/codec/source.h"
#include "support/suite.h"

static const struct {
	const char *yaml, *json;
} typed[] = {
	/* Booleans and null: three case forms, no others. */
	{"[y, Y, yes, Yes, YES, true, True, TRUE, on, On, ON]",
		"[true,true,true,true,true,true,true,true,true,true,true]"},
	{"[n, N, no, No, NO, false, False, FALSE, off, Off, OFF]",
		"[false,false,false,false,false,false,false,false,false,false,false]"},
	{"[yEs, tRUE, oN, nO, oFF, NULl, nUll]",
		"[\"yEs\",\"tRUE\",\"oN\",\"nO\",\"oFF\",\"NULl\",\"nUll\"]"},
	{"- ~\n- null\n- Null\n- NULL\n-\n", "[null,null,null,null,null]"},
	{"['y', \"null\", '~', '12', \"1.5\", '']", "[\"y\",\"null\",\"~\",\"12\",\"1.5\",\"\"]"},
	/* Integers. */
	{"[0, -1, +12, 1_000, 1__0, 12_]", "[0,-1,12,1000,10,12]"},
	{"[0755, 0o755, 0O17, -0755, 0_7]", "[493,493,15,-493,7]"},
	{"[0x1F, 0XfF, -0x10, +0x1, 0x_1F]", "[31,255,-16,1,31]"},
	{"[0b101, 0B11, -0b11, 0b-1, 0b+1]", "[5,3,-3,-1,1]"},
	{"[0x, 0b, 0o, 0b2, 0o8, 0xG, 1a, 12e, '-', +]",
		"[\"0x\",\"0b\",\"0o\",\"0b2\",\"0o8\",\"0xG\",\"1a\",\"12e\",\"-\",\"+\"]"},
	{"[9223372036854775807, -9223372036854775808, 18446744073709551615]",
		"[9223372036854775807,-9223372036854775808,18446744073709551615]"},
	{"[18446744073709551616, -9223372036854775809, +123456789012345678901234567890]",
		"[18446744073709551616,-9223372036854775809,123456789012345678901234567890]"},
	{"[0x1FFFFFFFFFFFFFFFF, 0b-]", "[\"0x1FFFFFFFFFFFFFFFF\",\"0b-\"]"},
	/* Floating point. */
	{"[1.5, .5, 5., -.5, +.5, 1e3, 1E+2, 2.5e-3, 08, 0999.5, -0.0]",
		"[1.5,0.5,5,-0.5,0.5,1000,100,0.0025,8,999.5,-0.0]"},
	{"[1e21, 1e20, 0.0000001, 1_0.5, .5_0, 1e999, 1.2.3, ._5, .5_, e5, 1e, .e1]",
		"[1e21,100000000000000000000,1e-7,10.5,0.5,\"1e999\",\"1.2.3\",\"._5\",\".5_\","
		"\"e5\",\"1e\",\".e1\"]"},
	{"- [0.1, 123456789.123456789, 5e-324, 1.7976931348623157e308]",
		"[[0.1,123456789.12345679,5e-324,1.7976931348623157e308]]"},
	/* Dates and times of day are strings. */
	{"[2001-12-14, 2001-12-14T21:59:43Z, 12:30:45, 1:2]",
		"[\"2001-12-14\",\"2001-12-14T21:59:43Z\",\"12:30:45\",\"1:2\"]"},
	{"[=, '<<', a<<]", "[\"=\",\"<<\",\"a<<\"]"},
	/* Tags. */
	{"[!!str 12, !!str, !!str true, !!str ~, !!str 2001-12-14]",
		"[\"12\",\"\",\"true\",\"~\",\"2001-12-14\"]"},
	{"[!!int 12, !!int '0x1F', !!float 3, !!float '1.5', !!bool yes, !!null '']",
		"[12,31,3,1.5,true,null]"},
	{"[!foo 12, ! 12, ! '12', !!foo true, !<x> 1]", "[\"12\",\"12\",\"12\",\"true\",\"1\"]"},
	{"[!!timestamp 2001-12-14, !!binary 'aGk=']", "[\"2001-12-14\",\"hi\"]"},
	{"[!!map {a: 1}, !!seq [1], !x {b: 2}]", "[{\"a\":1},[1],{\"b\":2}]"},
	/* Keys. */
	{"{12: a, 0x1F: b, true: c, off: d, 1.5: e, 1e6: f, .inf: g, -.inf: h, .nan: i}",
		"{\"12\":\"a\",\"31\":\"b\",\"true\":\"c\",\"false\":\"d\",\"1.5\":\"e\","
		"\"1e+06\":\"f\",\".inf\":\"g\",\"-.inf\":\"h\",\".nan\":\"i\"}"},
	{"{'12': a, '': b, \"\\u00e9\": c, !!str 1: d}",
		"{\"12\":\"a\",\"\":\"b\",\"\xC3\xA9\":\"c\",\"1\":\"d\"}"},
	{"&k a: 1\n*k : 2\n", NULL},
	{"&k a: 1\nb: {*k : 2}\n", "{\"a\":1,\"b\":{\"a\":2}}"},
	{"? a\n: b\n? c\n", "{\"a\":\"b\",\"c\":null}"},
	/* Scalars of many lines. */
	{"a: |\n  x\n   y\n\n  z\n\nb: |-\n  x\nc: |+\n  x\n\nd: |2\n    x\n",
		"{\"a\":\"x\\n y\\n\\nz\\n\",\"b\":\"x\",\"c\":\"x\\n\\n\",\"d\":\"  x\\n\"}"},
	{"a: >\n  x\n  y\n\n  z\nb: >-\n  0755\n", "{\"a\":\"x y\\nz\\n\",\"b\":\"0755\"}"},
	{"a: x\n  y\n\n  z\nb: \"x\n  y\\\n  z\"\nc: 'x\n\n  y'\n",
		"{\"a\":\"x y\\nz\",\"b\":\"x yz\",\"c\":\"x\\ny\"}"},
	{"a: \"\\x41\\u00e9\\U0001F600\\e\\0\\t\\/\\N\\L\"",
		"{\"a\":\"A\xC3\xA9\xF0\x9F\x98\x80\\u001b\\u0000\\t/\xC2\x85\xE2\x80\xA8\"}"},
	{"a: #x\nb: x#y\nc: x #y\n", "{\"a\":null,\"b\":\"x#y\",\"c\":\"x\"}"},
	/* Aliases and merges: a later key wins, merged or not. */
	{"a: &a [1, {b: 2}]\nb: *a\n", "{\"a\":[1,{\"b\":2}],\"b\":[1,{\"b\":2}]}"},
	{"a: &a x\nb: &a w\nc: *a\n", "{\"a\":\"x\",\"b\":\"w\",\"c\":\"w\"}"},
	{"b: &b {x: 1, z: 2}\nd: {<<: *b, x: 3}\n",
		"{\"b\":{\"x\":1,\"z\":2},\"d\":{\"x\":3,\"z\":2}}"},
	{"b: &b {x: 1, z: 2}\nd: {x: 3, <<: *b}\n",
		"{\"b\":{\"x\":1,\"z\":2},\"d\":{\"x\":1,\"z\":2}}"},
	{"a: {<<: [{x: 1}, {x: 2, z: 3}], z: 4}\n", "{\"a\":{\"x\":1,\"z\":4}}"},
	{"a: {<<: {x: 1}, <<: {x: 2}}\n", "{\"a\":{\"x\":2}}"},
	{"a: {<<: [], b: 1}\n", "{\"a\":{\"b\":1}}"},
	{"a: {!!merge <<: {x: 1}, \"<<\": 2}\n", "{\"a\":{\"x\":1,\"<<\":2}}"},
	{"a: &a {x: 1}\nb: &b {<<: *a, z: 2}\nc: {<<: *b}\n",
		"{\"a\":{\"x\":1},\"b\":{\"x\":1,\"z\":2},\"c\":{\"x\":1,\"z\":2}}"},
	/* Layout. */
	{"a:\n- b\n-   c: d\n    e: f\n- - g\n  -\n   - h\n",
		"{\"a\":[\"b\",{\"c\":\"d\",\"e\":\"f\"},[\"g\",[\"h\"]]]}"},
	{"%YAML 1.2\n---\na: 1\n...\n", "{\"a\":1}"},
	{"%TAG !e! tag:yaml.org,2002:\n---\na: !e!int '1'\n", "{\"a\":1}"},
	{"\xEF\xBB\xBF# c\na: 1\r\nb:\r\n  - 2\r\n", "{\"a\":1,\"b\":[2]}"},
	{"{a, b: , 'c': d, \"e\":f}", "{\"a\":null,\"b\":null,\"c\":\"d\",\"e\":\"f\"}"},
	{"[a: b, {c: d}]", "[{\"a\":\"b\"},{\"c\":\"d\"}]"},
	{"[1, 2, ]", "[1,2]"},
	{"text", "\"text\""},
};

START_TEST(types)
{
	og_auto_arena struct og_arena a;
	struct og_source s;
	struct og_jdoc want;
	struct og_err err = OG_ERR_INIT;
	og_arena_init(&a, 0, 0);
	int rc = og_source_parse(&s, &a, og_svz(typed[_i].yaml), "t", NULL, &err);
	if (!typed[_i].json) {
		ck_assert_int_eq(rc, -OG_E_PARSE);
		return;
	}
	ck_assert_msg(!rc, "%s", err.msg);
	ck_assert_uint_eq(s.ndocs, 1);
	ck_assert(!og_jdoc_parse(&want, &a, og_svz(typed[_i].json), NULL, NULL));
	struct og_jval got = og_jroot(&s.docs[0].doc);
	ck_assert_msg(og_jequal(got, og_jroot(&want)), "%.*s", OG_SV_ARG(og_jraw(got)));
	ck_assert_uint_eq(s.docs[0].doc.ntok, want.ntok);
}
END_TEST

/* Equality is by value; these must keep their very digits. */
START_TEST(digits_are_kept)
{
	og_auto_arena struct og_arena a;
	struct og_source s;
	og_arena_init(&a, 0, 0);
	ck_assert(!og_source_parse(&s, &a,
		OG_SV("[18446744073709551617, +100000000000000000000001, 9007199254740993, 1.50, "
		      "0x10, 1e2, 123456789012345678]"),
		"t", NULL, NULL));
	struct og_sv got = og_jraw(og_jroot(&s.docs[0].doc));
	ck_assert(og_sv_is(got, "[18446744073709551617,100000000000000000000001,9007199254740993,"
				"1.5,16,100,123456789012345678]"));
}
END_TEST

/* Members keep the order of the text, so that reports read as the manifest does. */
START_TEST(order_is_kept)
{
	og_auto_arena struct og_arena a;
	struct og_source s;
	og_arena_init(&a, 0, 0);
	ck_assert(!og_source_parse(&s, &a,
		OG_SV("z: 1\nb: &b {q: 1, d: 2}\na: {k: 0, <<: *b, c: 3, d: 4}\n"), "t", NULL,
		NULL));
	struct og_sv got = og_jraw(og_jroot(&s.docs[0].doc));
	ck_assert(og_sv_is(
		got, "{\"z\":1,\"b\":{\"q\":1,\"d\":2},\"a\":{\"k\":0,\"q\":1,\"d\":4,\"c\":3}}"));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("codec/yaml");
	TCase *tc = tcase_create("yaml");
	tcase_add_loop_test(tc, types, 0, (int)OG_COUNT(typed));
	tcase_add_test(tc, digits_are_kept);
	tcase_add_test(tc, order_is_kept);
	suite_add_tcase(s, tc);
	return og_suite_run(s);
}
