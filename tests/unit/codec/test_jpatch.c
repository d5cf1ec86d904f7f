/* SPDX-License-Identifier: Apache-2.0 */
/* JSON Patch: building, applying (RFC 6902), computing. The third-party suite: make conformance. */
#include <check.h>
#include <stdlib.h>
#include "otelgate/base/mem.h"
#include "otelgate/codec/jpatch.h"
#include "otelgate/codec/jptr.h"

struct work {
	struct og_arena arena;
	struct og_jdoc doc, patch;
	struct og_buf out;
	struct og_err err;
};

static void setup(struct work *w)
{
	*w = (struct work){.err = OG_ERR_INIT};
	og_arena_init(&w->arena, 0, 0);
	og_buf_init(&w->out, 0);
}

static void teardown(struct work *w)
{
	og_arena_fini(&w->arena);
	og_buf_fini(&w->out);
}
#define WORK(w)                          \
	og_auto(teardown) struct work w; \
	setup(&w)

static struct og_jval must_parse(struct work *w, struct og_jdoc *d, const char *text)
{
	static const struct og_jlimits wide = {.max_depth = 1024, .max_bytes = 64 << 20};
	int rc = og_jdoc_parse(d, &w->arena, og_svz(text), &wide, &w->err);
	ck_assert_msg(rc == 0, "%s: %s", text, w->err.msg);
	return og_jroot(d);
}

static int apply(struct work *w, const char *doc, const char *patch)
{
	must_parse(w, &w->doc, doc);
	must_parse(w, &w->patch, patch);
	return og_jpatch_apply(og_jroot(&w->doc), og_jroot(&w->patch), &w->arena, &w->out, &w->err);
}

/* What comes out, byte for byte: parts no path went through keep their spelling. */
static const struct {
	const char *doc, *patch, *want;
} applied[] = {
	{" {\"a\" : 1} ", "[]", "{\"a\" : 1}"},
	{"{\"foo\":\"bar\"}", "[{\"op\":\"add\",\"path\":\"/baz\",\"value\":\"qux\"}]",
		"{\"foo\":\"bar\",\"baz\":\"qux\"}"},
	{"{\"foo\":[\"bar\",\"baz\"]}", "[{\"op\":\"add\",\"path\":\"/foo/1\",\"value\":\"qux\"}]",
		"{\"foo\":[\"bar\",\"qux\",\"baz\"]}"},
	{"{\"baz\":\"qux\",\"foo\":\"bar\"}", "[{\"op\":\"remove\",\"path\":\"/baz\"}]",
		"{\"foo\":\"bar\"}"},
	{"{\"foo\":[\"bar\",\"qux\",\"baz\"]}", "[{\"op\":\"remove\",\"path\":\"/foo/1\"}]",
		"{\"foo\":[\"bar\",\"baz\"]}"},
	{"{\"a\":1,\"b\":2}", "[{\"op\":\"replace\",\"path\":\"/a\",\"value\":[ 3 ]}]",
		"{\"a\":[ 3 ],\"b\":2}"},
	{"{\"foo\":{\"bar\":\"baz\",\"waldo\":\"fred\"},\"qux\":{\"corge\":\"grault\"}}",
		"[{\"op\":\"move\",\"from\":\"/foo/waldo\",\"path\":\"/qux/thud\"}]",
		"{\"foo\":{\"bar\":\"baz\"},\"qux\":{\"corge\":\"grault\",\"thud\":\"fred\"}}"},
	{"{\"foo\":[\"all\",\"grass\",\"cows\",\"eat\"]}",
		"[{\"op\":\"move\",\"from\":\"/foo/1\",\"path\":\"/foo/3\"}]",
		"{\"foo\":[\"all\",\"cows\",\"eat\",\"grass\"]}"},
	{"{\"baz\":\"qux\",\"foo\":[\"a\",2,\"c\"]}",
		"[{\"op\":\"test\",\"path\":\"/baz\",\"value\":\"qux\"},{\"op\":\"test\",\"path\":\"/foo/1\",\"value\":2.0}]",
		"{\"baz\":\"qux\",\"foo\":[\"a\",2,\"c\"]}"},
	{"{\"a\":{\"x\":[1]}}",
		"[{\"op\":\"copy\",\"from\":\"/a\",\"path\":\"/b\"},{\"op\":\"add\",\"path\":\"/a/x/-\",\"value\":2}]",
		"{\"a\":{\"x\":[1,2]},\"b\":{\"x\":[1]}}"},
	/* a copy of something already expanded is a copy, too */
	{"{\"a\":{\"x\":[1]}}",
		"[{\"op\":\"add\",\"path\":\"/a/x/-\",\"value\":2},{\"op\":\"copy\",\"from\":\"/a\",\"path\":\"/b\"},"
		"{\"op\":\"remove\",\"path\":\"/a/x/0\"}]",
		"{\"a\":{\"x\":[2]},\"b\":{\"x\":[1,2]}}"},
	{"[1,2]", "[{\"op\":\"add\",\"path\":\"/2\",\"value\":3}]", "[1,2,3]"},
	{"[]", "[{\"op\":\"add\",\"path\":\"/-\",\"value\":null}]", "[null]"},
	{"[]",
		"[{\"op\":\"add\",\"path\":\"/0\",\"value\":[]},{\"op\":\"add\",\"path\":\"/0/0\",\"value\":{}},"
		"{\"op\":\"add\",\"path\":\"/0/0/k\",\"value\":1}]",
		"[[{\"k\":1}]]"},
	{"{\"a\":1}", "[{\"op\":\"replace\",\"path\":\"\",\"value\":[1, 2]}]", "[1, 2]"},
	{"{\"a\":1}", "[{\"op\":\"add\",\"path\":\"\",\"value\":null}]", "null"},
	{"{\"a\":[7]}", "[{\"op\":\"move\",\"from\":\"/a\",\"path\":\"\"}]", "[7]"},
	{"{\"a\":1}", "[{\"op\":\"copy\",\"from\":\"\",\"path\":\"/b\"}]",
		"{\"a\":1,\"b\":{\"a\":1}}"},
	{"{\"a\":1}", "[{\"op\":\"move\",\"from\":\"/a\",\"path\":\"/a\"}]", "{\"a\":1}"},
	{"{\"a\":1}", "[{\"op\":\"move\",\"from\":\"\",\"path\":\"\"}]", "{\"a\":1}"},
	{"{\"a\":1,\"ab\":{}}", "[{\"op\":\"move\",\"from\":\"/a\",\"path\":\"/ab/c\"}]",
		"{\"ab\":{\"c\":1}}"},
	{"{\"\":{\"\":1}}", "[{\"op\":\"replace\",\"path\":\"//\",\"value\":2}]",
		"{\"\":{\"\":2}}"},
	{"{\"a/b\":1,\"m~n\":2,\"~1\":3}",
		"[{\"op\":\"remove\",\"path\":\"/a~1b\"},{\"op\":\"replace\",\"path\":\"/m~0n\",\"value\":9},"
		"{\"op\":\"test\",\"path\":\"/~01\",\"value\":3}]",
		"{\"m~n\":9,\"~1\":3}"},
	/* keys keep their spelling, whether found by it or not; new keys are escaped as needed */
	{"{\"\\u0061\":1,\"b\\/\":2}",
		"[{\"op\":\"replace\",\"path\":\"/a\",\"value\":3},{\"op\":\"add\",\"path\":\"/c\\\"\\n\",\"value\":1e999}]",
		"{\"\\u0061\":3,\"b\\/\":2,\"c\\\"\\n\":1e999}"},
	{"{\"a\\u0000b\":1}", "[{\"op\":\"remove\",\"path\":\"/a\\u0000b\"}]", "{}"},
	{"{\"a\": {\"keep\" :  [ 1.50 ,2 ]} , \"b\":0}",
		"[{\"op\":\"replace\",\"path\":\"/b\",\"value\":1}]",
		"{\"a\":{\"keep\" :  [ 1.50 ,2 ]},\"b\":1}"},
	{"{\"n\":123456789012345678901234567890}",
		"[{\"op\":\"test\",\"path\":\"/n\",\"value\":12345678901234567890123456789e1},"
		"{\"op\":\"copy\",\"from\":\"/n\",\"path\":\"/m\"}]",
		"{\"n\":123456789012345678901234567890,\"m\":123456789012345678901234567890}"},
	/* unknown members of an operation are ignored (RFC 6902 §4), the order of members is free
	 */
	{"{}", "[{\"xyz\":1,\"value\":2,\"path\":\"/a\",\"op\":\"add\"}]", "{\"a\":2}"},
	{"{\"a\":[1,{\"b\":2}]}",
		"[{\"op\":\"add\",\"path\":\"/a/0\",\"value\":0},{\"op\":\"test\",\"path\":\"\",\"value\":{\"a\":[0,1,{\"b\":2}]}}]",
		"{\"a\":[0,1,{\"b\":2}]}"},
	{"{\"a\":{\"x\":1,\"y\":2}}",
		"[{\"op\":\"add\",\"path\":\"/a/z\",\"value\":3},{\"op\":\"test\",\"path\":\"/a\",\"value\":{\"z\":3,\"y\":2,\"x\":1}}]",
		"{\"a\":{\"x\":1,\"y\":2,\"z\":3}}"},
};

START_TEST(applies)
{
	WORK(w);
	og_buf_lit(&w.out, "before:");
	int rc = apply(&w, applied[_i].doc, applied[_i].patch);
	ck_assert_msg(rc == 0, "%s", w.err.msg);
	ck_assert_str_eq(w.out.p + 7, applied[_i].want);
	must_parse(&w, &w.doc, w.out.p + 7);
}
END_TEST

static const struct {
	const char *doc, *patch;
	enum og_code code;
	const char *msg;
} refused[] = {
	{"{}", "{}", OG_E_PARSE, "a JSON Patch must be an array of operations, not object"},
	{"{}", "null", OG_E_PARSE, "a JSON Patch must be an array of operations, not null"},
	{"{}", "[1]", OG_E_PARSE, "operation 0: must be an object, not number"},
	{"{}", "[{\"op\":\"add\",\"path\":\"/a\",\"value\":1},[]]", OG_E_PARSE,
		"operation 1: must be an object, not array"},
	{"{}", "[{}]", OG_E_PARSE, "operation 0: \"op\" is missing"},
	{"{}", "[{\"op\":1,\"path\":\"\"}]", OG_E_PARSE,
		"operation 0: \"op\" must be a string, not number"},
	{"{}", "[{\"op\":\"spam\",\"path\":\"/a\"}]", OG_E_PARSE,
		"operation 0: \"op\" must be add, remove, replace, move, copy or test"},
	{"{}", "[{\"op\":\"Add\",\"path\":\"/a\",\"value\":1}]", OG_E_PARSE,
		"operation 0: \"op\" must be add, remove, replace, move, copy or test"},
	{"{}", "[{\"op\":\"add\",\"value\":1}]", OG_E_PARSE,
		"operation 0 (add): \"path\" is missing"},
	{"{}", "[{\"op\":\"add\",\"path\":null,\"value\":1}]", OG_E_PARSE,
		"operation 0 (add): \"path\" must be a string, not null"},
	{"{}", "[{\"op\":\"add\",\"path\":\"/a\"}]", OG_E_PARSE,
		"operation 0 (add /a): \"value\" is missing"},
	{"{\"a\":1}", "[{\"op\":\"replace\",\"path\":\"/a\"}]", OG_E_PARSE,
		"operation 0 (replace /a): \"value\" is missing"},
	{"{\"a\":1}", "[{\"op\":\"test\",\"path\":\"/a\"}]", OG_E_PARSE,
		"operation 0 (test /a): \"value\" is missing"},
	{"{}", "[{\"op\":\"move\",\"path\":\"/a\"}]", OG_E_PARSE,
		"operation 0 (move /a): \"from\" is missing"},
	{"{}", "[{\"op\":\"copy\",\"path\":\"/a\",\"from\":[]}]", OG_E_PARSE,
		"operation 0 (copy /a): \"from\" must be a string, not array"},
	{"{}", "[{\"op\":\"add\",\"path\":\"a\",\"value\":1}]", OG_E_PARSE,
		"operation 0 (add a): a JSON Pointer must be empty or start with \"/\""},
	{"{}", "[{\"op\":\"add\",\"path\":\"/~2\",\"value\":1}]", OG_E_PARSE,
		"operation 0 (add /~2): \"~\" must be followed by 0 or 1 in a JSON Pointer"},
	{"{}", "[{\"op\":\"add\",\"path\":\"/a~\",\"value\":1}]", OG_E_PARSE,
		"operation 0 (add /a~): \"~\" must be followed by 0 or 1 in a JSON Pointer"},
	{"{\"a\":1}", "[{\"op\":\"copy\",\"from\":\"a\",\"path\":\"/b\"}]", OG_E_PARSE,
		"operation 0 (copy /b): from: a JSON Pointer must be empty or start with \"/\""},
	{"{}", "[{\"op\":\"add\",\"path\":\"/a/b\",\"value\":1}]", OG_E_INVALID,
		"operation 0 (add /a/b): there is no such member"},
	{"{\"a\":1}", "[{\"op\":\"add\",\"path\":\"/a/b\",\"value\":1}]", OG_E_INVALID,
		"operation 0 (add /a/b): the path leads through a number, which has no members"},
	{"null", "[{\"op\":\"add\",\"path\":\"/a\",\"value\":1}]", OG_E_INVALID,
		"operation 0 (add /a): the path leads through a null, which has no members"},
	{"{}", "[{\"op\":\"remove\",\"path\":\"/a\"}]", OG_E_INVALID,
		"operation 0 (remove /a): there is no such member"},
	{"{}", "[{\"op\":\"remove\",\"path\":\"\"}]", OG_E_INVALID,
		"operation 0 (remove ): the whole document cannot be removed"},
	{"{}", "[{\"op\":\"replace\",\"path\":\"/a\",\"value\":1}]", OG_E_INVALID,
		"operation 0 (replace /a): there is no such member"},
	{"[1]", "[{\"op\":\"add\",\"path\":\"/2\",\"value\":1}]", OG_E_INVALID,
		"operation 0 (add /2): index 2 in an array of 1 elements"},
	{"[1]", "[{\"op\":\"replace\",\"path\":\"/1\",\"value\":1}]", OG_E_INVALID,
		"operation 0 (replace /1): index 1 in an array of 1 elements"},
	{"[1]", "[{\"op\":\"remove\",\"path\":\"/4294967295\"}]", OG_E_INVALID,
		"operation 0 (remove /4294967295): index 4294967295 in an array of 1 elements"},
	{"[1]", "[{\"op\":\"remove\",\"path\":\"/4294967296\"}]", OG_E_INVALID,
		"operation 0 (remove /4294967296): an array index must be digits without leading zeros"},
	{"[1]", "[{\"op\":\"add\",\"path\":\"/00\",\"value\":1}]", OG_E_INVALID,
		"operation 0 (add /00): an array index must be digits without leading zeros"},
	{"[1]", "[{\"op\":\"add\",\"path\":\"/-1\",\"value\":1}]", OG_E_INVALID,
		"operation 0 (add /-1): an array index must be digits without leading zeros"},
	{"[1]", "[{\"op\":\"add\",\"path\":\"/1e0\",\"value\":1}]", OG_E_INVALID,
		"operation 0 (add /1e0): an array index must be digits without leading zeros"},
	{"[1]", "[{\"op\":\"add\",\"path\":\"/\",\"value\":1}]", OG_E_INVALID,
		"operation 0 (add /): an array index must be digits without leading zeros"},
	{"[1]", "[{\"op\":\"remove\",\"path\":\"/-\"}]", OG_E_INVALID,
		"operation 0 (remove /-): \"-\" names no existing element; it is only for adding"},
	{"[[1]]", "[{\"op\":\"add\",\"path\":\"/-/0\",\"value\":1}]", OG_E_INVALID,
		"operation 0 (add /-/0): \"-\" names no existing element; it is only for adding"},
	{"[1]", "[{\"op\":\"copy\",\"from\":\"/-\",\"path\":\"/0\"}]", OG_E_INVALID,
		"operation 0 (copy /0): from: \"-\" names no existing element; it is only for adding"},
	{"{\"a\":{\"b\":{}}}", "[{\"op\":\"move\",\"from\":\"/a\",\"path\":\"/a/b/c\"}]",
		OG_E_INVALID, "operation 0 (move /a/b/c): a value cannot be moved into itself"},
	{"{}", "[{\"op\":\"move\",\"from\":\"\",\"path\":\"/a\"}]", OG_E_INVALID,
		"operation 0 (move /a): a value cannot be moved into itself"},
	{"{}", "[{\"op\":\"move\",\"from\":\"/a\",\"path\":\"/a\"}]", OG_E_INVALID,
		"operation 0 (move /a): from: there is no such member"},
	{"{\"a\":1}", "[{\"op\":\"move\",\"from\":\"/a\",\"path\":\"/b/c\"}]", OG_E_INVALID,
		"operation 0 (move /b/c): there is no such member"},
	{"{\"a\":1}", "[{\"op\":\"test\",\"path\":\"/a\",\"value\":\"1\"}]", OG_E_INVALID,
		"operation 0 (test /a): the value there is another one"},
	{"{\"a\":null}", "[{\"op\":\"test\",\"path\":\"/b\",\"value\":null}]", OG_E_INVALID,
		"operation 0 (test /b): there is no such member"},
	/* a first operation that works does not show when the second does not */
	{"{\"a\":[1,2]}",
		"[{\"op\":\"remove\",\"path\":\"/a/0\"},{\"op\":\"test\",\"path\":\"/a\",\"value\":[1,2]}]",
		OG_E_INVALID, "operation 1 (test /a): the value there is another one"},
	{"{\"a\":[1,2]}",
		"[{\"op\":\"add\",\"path\":\"/a/0\",\"value\":5},{\"op\":\"test\",\"path\":\"/a\",\"value\":{\"0\":5}}]",
		OG_E_INVALID, "operation 1 (test /a): the value there is another one"},
	{"{\"a\":1}",
		"[{\"op\":\"add\",\"path\":\"/b\\n\\u0007\",\"value\":1},{\"op\":\"test\",\"path\":\"/b\\n\\u0008\",\"value\":1}]",
		OG_E_INVALID, "operation 1 (test /b\\n\\u0008): there is no such member"},
};

START_TEST(refuses_and_leaves_the_output_alone)
{
	WORK(w);
	og_buf_lit(&w.out, "before");
	int rc = apply(&w, refused[_i].doc, refused[_i].patch);
	ck_assert_str_eq(w.err.msg, refused[_i].msg);
	ck_assert_int_eq(rc, -(int)refused[_i].code);
	ck_assert_int_eq(w.err.code, refused[_i].code);
	ck_assert_str_eq(w.out.p, "before");
	ck_assert(!w.out.failed);
	rc = og_jpatch_apply(og_jroot(&w.doc), og_jroot(&w.patch), &w.arena, &w.out, NULL);
	ck_assert_int_eq(rc, -(int)refused[_i].code);
}
END_TEST

START_TEST(long_paths_are_cut_in_errors)
{
	WORK(w);
	og_auto_buf struct og_buf p = OG_BUF_INIT(0);
	og_buf_lit(&p, "[{\"op\":\"remove\",\"path\":\"/x");
	for (int i = 0; i < 300; i++)
		og_buf_lit(&p, "\xe2\x82\xac");
	og_buf_lit(&p, "\"}]");
	ck_assert_int_eq(apply(&w, "{}", p.p), -OG_E_INVALID);
	ck_assert(og_utf8_valid(w.err.msg, strlen(w.err.msg)));
	ck_assert(
		og_sv_ends(og_svz(w.err.msg), OG_SV("\xe2\x82\xac...): there is no such member")));
	ck_assert_uint_lt(strlen(w.err.msg), 300);
}
END_TEST

static void repeat(struct og_buf *b, const char *s, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		og_buf_str(b, s);
}

START_TEST(operations_are_counted)
{
	WORK(w);
	og_auto_buf struct og_buf p = OG_BUF_INIT(0);
	og_buf_ch(&p, '[');
	repeat(&p, "{\"op\":\"add\",\"path\":\"/-\",\"value\":1},", 9999);
	size_t back = p.len;
	og_buf_lit(&p, "{\"op\":\"add\",\"path\":\"/-\",\"value\":1}]");
	ck_assert_int_eq(apply(&w, "[]", p.p), 0);
	struct og_jdoc d;
	ck_assert_uint_eq(og_jcount(must_parse(&w, &d, w.out.p)), 10000);
	p.len = back;
	og_buf_lit(&p, "{\"op\":\"add\",\"path\":\"/-\",\"value\":1},1]");
	ck_assert_int_eq(apply(&w, "[]", p.p), -OG_E_LIMIT);
	ck_assert_str_eq(w.err.msg, "the patch has 10001 operations, the limit is 10000");
	/* as many as the document has values: the array itself and 12,000 */
	og_auto_buf struct og_buf doc = OG_BUF_INIT(0);
	og_buf_ch(&doc, '[');
	repeat(&doc, "1,", 11999);
	og_buf_lit(&doc, "1]");
	p.len = 1;
	repeat(&p, "{\"op\":\"replace\",\"path\":\"/0\",\"value\":1},", 12000);
	back = p.len;
	og_buf_lit(&p, "{\"op\":\"remove\",\"path\":\"/0\"}]");
	ck_assert_int_eq(apply(&w, doc.p, p.p), 0);
	p.len = back;
	og_buf_lit(&p, "1,1]");
	ck_assert_int_eq(apply(&w, doc.p, p.p), -OG_E_LIMIT);
	ck_assert_str_eq(w.err.msg, "the patch has 12002 operations, the limit is 12001");
}
END_TEST

/* Doubling by copying: 2^64 elements are asked for in 100 bytes a step. */
START_TEST(copy_bombs_are_refused)
{
	WORK(w);
	og_arena_init(&w.arena, 0, 16 << 20);
	og_auto_buf struct og_buf p = OG_BUF_INIT(0);
	og_buf_ch(&p, '[');
	repeat(&p, "{\"op\":\"copy\",\"from\":\"/a\",\"path\":\"/a/-\"},", 63);
	og_buf_lit(&p, "{\"op\":\"copy\",\"from\":\"/a\",\"path\":\"/a/-\"}]");
	int rc = apply(&w, "{\"a\":[1]}", p.p);
	ck_assert(rc == -OG_E_LIMIT || rc == -OG_E_OOM);
	ck_assert_uint_eq(w.out.len, 0);
	/* the output's own cap holds, too */
	WORK(x);
	og_buf_init(&x.out, 100);
	rc = apply(&x, "{\"a\":\"0123456789012345678901234567890123456789\"}",
		"[{\"op\":\"copy\",\"from\":\"/a\",\"path\":\"/b\"},{\"op\":\"copy\",\"from\":\"/a\",\"path\":\"/c\"}]");
	ck_assert_int_eq(rc, -OG_E_LIMIT);
	ck_assert_str_eq(x.err.msg, "the result is larger than 100 bytes");
	og_buf_fini(&x.out);
	og_buf_init(&x.out, 20);
	rc = apply(&x, "{}",
		"[{\"op\":\"add\",\"path\":\"/\\n\\n\\n\\n\\n\\n\\n\\n\\n\\n\",\"value\":1}]");
	ck_assert_int_eq(rc, -OG_E_LIMIT);
	ck_assert_str_eq(x.err.msg, "the result is larger than 20 bytes");
}
END_TEST

START_TEST(results_that_are_too_deep_are_refused)
{
	WORK(w);
	og_auto_buf struct og_buf p = OG_BUF_INIT(0);
	og_buf_lit(&p, "[{\"op\":\"add\",\"path\":\"/a\",\"value\":{}}");
	for (unsigned i = 1; i < 1100; i++) {
		og_buf_lit(&p, ",{\"op\":\"add\",\"path\":\"");
		repeat(&p, "/a", i + 1);
		og_buf_lit(&p, "\",\"value\":{}}");
	}
	size_t without_copy = p.len;
	og_buf_ch(&p, ']');
	ck_assert_int_eq(apply(&w, "{}", p.p), -OG_E_LIMIT);
	ck_assert_str_eq(w.err.msg, "the result is nested deeper than 1024 levels");
	p.len = without_copy;
	og_buf_lit(&p, ",{\"op\":\"copy\",\"from\":\"\",\"path\":\"/b\"}]");
	ck_assert_int_eq(apply(&w, "{}", p.p), -OG_E_LIMIT);
	ck_assert_str_eq(w.err.msg,
		"operation 1100 (copy /b): the result is nested deeper than 1024 levels");
}
END_TEST

START_TEST(work_is_bounded)
{
	WORK(w);
	og_auto_buf struct og_buf d = OG_BUF_INIT(0), p = OG_BUF_INIT(0);
	og_buf_ch(&d, '[');
	repeat(&d, "0,", 99999);
	og_buf_lit(&d, "0]");
	og_buf_ch(&p, '[');
	repeat(&p, "{\"op\":\"add\",\"path\":\"/0\",\"value\":1},", 9999);
	og_buf_lit(&p, "{\"op\":\"add\",\"path\":\"/0\",\"value\":1}]");
	ck_assert_int_eq(apply(&w, d.p, p.p), -OG_E_LIMIT);
	ck_assert(og_sv_ends(og_svz(w.err.msg),
		OG_SV("(add /0): the patch takes too much work on this document")));
}
END_TEST

START_TEST(absent_inputs_are_refused)
{
	WORK(w);
	struct og_jval d = must_parse(&w, &w.doc, "[]");
	ck_assert_int_eq(og_jpatch_apply(OG_JABSENT, d, &w.arena, &w.out, &w.err), -OG_E_INVALID);
	ck_assert_int_eq(og_jpatch_apply(d, OG_JABSENT, &w.arena, &w.out, &w.err), -OG_E_PARSE);
	ck_assert_int_eq(og_jpatch_diff(OG_JABSENT, d, &w.arena, &w.out, &w.err), -OG_E_INVALID);
	ck_assert_int_eq(og_jpatch_diff(d, OG_JABSENT, &w.arena, &w.out, &w.err), -OG_E_INVALID);
	w.out.failed = true;
	ck_assert_int_eq(og_jpatch_apply(d, d, &w.arena, &w.out, &w.err), -OG_E_OOM);
	ck_assert_int_eq(og_jpatch_diff(d, d, &w.arena, &w.out, &w.err), -OG_E_OOM);
	ck_assert(w.out.failed);
}
END_TEST

START_TEST(builder)
{
	WORK(w);
	struct og_jpatch p;
	og_jpatch_begin(&p, &w.out);
	ck_assert(og_jpatch_end(&p));
	ck_assert_str_eq(w.out.p, "[]");
	og_buf_reset(&w.out);
	og_jpatch_begin(&p, &w.out);
	og_jpatch_test(&p, OG_SV(""), OG_SV("{}"));
	og_jpatch_add(&p, OG_SV("/a~1b\""), OG_SV("[1]"));
	og_jpatch_replace(&p, OG_SV("/a~1b\"/0"), OG_SV("\"x\""));
	og_jpatch_remove(&p, OG_SV("/a~1b\"/0"));
	ck_assert_uint_eq(p.nops, 4);
	ck_assert(og_jpatch_end(&p));
	ck_assert_str_eq(w.out.p, "[{\"op\":\"test\",\"path\":\"\",\"value\":{}},"
				  "{\"op\":\"add\",\"path\":\"/a~1b\\\"\",\"value\":[1]},"
				  "{\"op\":\"replace\",\"path\":\"/a~1b\\\"/0\",\"value\":\"x\"},"
				  "{\"op\":\"remove\",\"path\":\"/a~1b\\\"/0\"}]");
	og_auto_buf struct og_buf text = OG_BUF_INIT(0);
	og_buf_sv(&text, og_buf_view(&w.out));
	og_buf_reset(&w.out);
	ck_assert_int_eq(apply(&w, "{}", text.p), 0);
	ck_assert_str_eq(w.out.p, "{\"a/b\\\"\":[]}");
	struct og_buf small = OG_BUF_INIT(30);
	og_jpatch_begin(&p, &small);
	og_jpatch_add(&p, OG_SV("/a"), OG_SV("1234567890"));
	ck_assert(!og_jpatch_end(&p));
	og_buf_fini(&small);
}
END_TEST

static const struct {
	const char *from, *to, *patch;
} diffs[] = {
	{"{}", "{}", "[]"},
	{"1", "1.0", "[]"},
	{"{\"a\":1,\"b\":[1]}", "{\"b\":[1e0],\"a\":1.0}", "[]"},
	{"1", "2", "[{\"op\":\"replace\",\"path\":\"\",\"value\":2}]"},
	{"[]", "{}", "[{\"op\":\"replace\",\"path\":\"\",\"value\":{}}]"},
	{"{}", "{\"a/b\":{}}", "[{\"op\":\"add\",\"path\":\"/a~1b\",\"value\":{}}]"},
	{"{\"a\":1}", "{}", "[{\"op\":\"remove\",\"path\":\"/a\"}]"},
	{"{\"a\":1,\"b\":{\"c\":2}}", "{\"a\":1,\"b\":{\"c\":3}}",
		"[{\"op\":\"replace\",\"path\":\"/b/c\",\"value\":3}]"},
	{"{\"a\":null}", "{\"a\":false}", "[{\"op\":\"replace\",\"path\":\"/a\",\"value\":false}]"},
	{"{\"\\u0061\":1}", "{\"a\":1}", "[]"},
	{"{\"\\n~\":1}", "{}", "[{\"op\":\"remove\",\"path\":\"/\\n~0\"}]"},
	/* an insertion or removal anywhere is one operation */
	{"[1,2,3,4]", "[1,2,9,3,4]", "[{\"op\":\"add\",\"path\":\"/2\",\"value\":9}]"},
	{"[1,2]", "[9,1,2]", "[{\"op\":\"add\",\"path\":\"/0\",\"value\":9}]"},
	{"[1,2]", "[1,2,9]", "[{\"op\":\"add\",\"path\":\"/2\",\"value\":9}]"},
	{"[]", "[9]", "[{\"op\":\"add\",\"path\":\"/0\",\"value\":9}]"},
	{"[1,2,3,4]", "[1,2,4]", "[{\"op\":\"remove\",\"path\":\"/2\"}]"},
	{"[1,1,1]", "[1,1]", "[{\"op\":\"remove\",\"path\":\"/2\"}]"},
	{"[1,2,3]", "[]",
		"[{\"op\":\"remove\",\"path\":\"/0\"},{\"op\":\"remove\",\"path\":\"/0\"},{\"op\":\"remove\",\"path\":\"/0\"}]"},
	{"[1,2,3,4,5]", "[0,2,3,5]",
		"[{\"op\":\"replace\",\"path\":\"/0\",\"value\":0},{\"op\":\"remove\",\"path\":\"/3\"}]"},
	/* two insertions with kept elements between */
	{"[1,2,3]", "[8,1,2,9,3,7]",
		"[{\"op\":\"add\",\"path\":\"/0\",\"value\":8},{\"op\":\"add\",\"path\":\"/3\",\"value\":9},"
		"{\"op\":\"add\",\"path\":\"/5\",\"value\":7}]"},
	/* objects with the same name are the same object, changed */
	{"[{\"name\":\"app\",\"image\":\"a\"},{\"name\":\"db\",\"image\":\"d\"}]",
		"[{\"name\":\"init\",\"image\":\"i\"},{\"name\":\"app\",\"image\":\"b\"},{\"name\":\"db\",\"image\":\"e\"}]",
		"[{\"op\":\"add\",\"path\":\"/0\",\"value\":{\"name\":\"init\",\"image\":\"i\"}},"
		"{\"op\":\"replace\",\"path\":\"/1/image\",\"value\":\"b\"},"
		"{\"op\":\"replace\",\"path\":\"/2/image\",\"value\":\"e\"}]"},
	{"[{\"name\":\"a\",\"x\":1}]", "[{\"name\":\"b\",\"x\":1}]",
		"[{\"op\":\"replace\",\"path\":\"/0\",\"value\":{\"name\":\"b\",\"x\":1}}]"},
	{"[{\"x\":1,\"y\":1}]", "[{\"x\":1,\"y\":2}]",
		"[{\"op\":\"replace\",\"path\":\"/0/y\",\"value\":2}]"},
	{"[[1,2],[3]]", "[[1],[3,4]]",
		"[{\"op\":\"remove\",\"path\":\"/0/1\"},{\"op\":\"add\",\"path\":\"/1/1\",\"value\":4}]"},
};

START_TEST(computes_small_patches)
{
	WORK(w);
	struct og_jval from = must_parse(&w, &w.doc, diffs[_i].from);
	struct og_jdoc to_doc;
	struct og_jval to = must_parse(&w, &to_doc, diffs[_i].to);
	ck_assert_int_eq(og_jpatch_diff(from, to, &w.arena, &w.out, &w.err), 0);
	ck_assert_str_eq(w.out.p, diffs[_i].patch);
	struct og_jval patch = must_parse(&w, &w.patch, w.out.p);
	og_auto_buf struct og_buf got = OG_BUF_INIT(0);
	ck_assert_int_eq(og_jpatch_apply(from, patch, &w.arena, &got, &w.err), 0);
	struct og_jdoc got_doc;
	ck_assert(og_jequal(must_parse(&w, &got_doc, got.p), to));
}
END_TEST

/* Arrays whose middles are too large for the table still give a right patch. */
START_TEST(large_arrays)
{
	WORK(w);
	og_auto_buf struct og_buf a = OG_BUF_INIT(0), b = OG_BUF_INIT(0);
	for (unsigned i = 0; i < 3000; i++) {
		og_buf_fmt(&a, "%s{\"i\":%u}", i ? "," : "[", i);
		og_buf_fmt(&b, "%s{\"i\":%u}", i ? "," : "[", i % 7 ? i : i + 5000);
	}
	og_buf_lit(&a, "]");
	og_buf_lit(&b, ",1,2,3]");
	struct og_jval from = must_parse(&w, &w.doc, a.p);
	struct og_jdoc to_doc, got_doc;
	struct og_jval to = must_parse(&w, &to_doc, b.p);
	ck_assert_int_eq(og_jpatch_diff(from, to, &w.arena, &w.out, &w.err), 0);
	struct og_jval patch = must_parse(&w, &w.patch, w.out.p);
	ck_assert_uint_eq(og_jcount(patch), 429 + 3);
	og_auto_buf struct og_buf got = OG_BUF_INIT(0);
	ck_assert_int_eq(og_jpatch_apply(from, patch, &w.arena, &got, &w.err), 0);
	ck_assert(og_jequal(must_parse(&w, &got_doc, got.p), to));
}
END_TEST

/* Neither depth nor many equal elements multiply the work: each of these takes milliseconds. */
START_TEST(diff_of_hostile_documents)
{
	static const unsigned operations[] = {1, 2, 6};
	for (int kind = 0; kind < 3; kind++) {
		WORK(w);
		og_auto_buf struct og_buf a = OG_BUF_INIT(0), b = OG_BUF_INIT(0);
		struct og_buf *side[2] = {&a, &b};
		for (int s = 0; s < 2; s++) {
			if (kind == 0) { /* a large array below many arrays, with another end */
				repeat(side[s], "[", 1000);
				repeat(side[s], "0,", 200000);
				og_buf_fmt(side[s], "%d", s);
				repeat(side[s], "]", 1000);
			} else { /* many equal large elements between differing ones */
				og_buf_fmt(side[s], "[%d,", s);
				for (int i = 0; i < 200; i++) {
					og_buf_lit(side[s], "[");
					repeat(side[s], "\"text\",", kind == 1 ? 1000 : 2);
					og_buf_fmt(side[s], "%d],", kind == 1 ? 0 : i / 2 + s);
				}
				og_buf_fmt(side[s], "%d]", s + 2);
			}
		}
		struct og_jdoc to, got_doc;
		struct og_jval vf = must_parse(&w, &w.doc, a.p), vt = must_parse(&w, &to, b.p);
		ck_assert_int_eq(og_jpatch_diff(vf, vt, &w.arena, &w.out, &w.err), 0);
		struct og_jval p = must_parse(&w, &w.patch, w.out.p);
		ck_assert_uint_eq(og_jcount(p), operations[kind]);
		og_auto_buf struct og_buf got = OG_BUF_INIT(0);
		ck_assert_int_eq(og_jpatch_apply(vf, p, &w.arena, &got, &w.err), 0);
		ck_assert(og_jequal(must_parse(&w, &got_doc, got.p), vt));
	}
}
END_TEST

static const char mid_doc[] =
	"{\"metadata\":{\"name\":\"p\",\"\\u006cabels\":{\"a\":\"1\",\"b\":\"2\"}},\"spec\":{\"containers\":"
	"[{\"name\":\"app\",\"env\":[{\"name\":\"A\",\"value\":\"x\\ny\"}]},{\"name\":\"db\"}],\"volumes\":[]}}";
static const char mid_patch[] =
	"[{\"op\":\"test\",\"path\":\"/metadata/name\",\"value\":\"p\"},"
	"{\"op\":\"add\",\"path\":\"/metadata/annotations\",\"value\":{}},"
	"{\"op\":\"add\",\"path\":\"/metadata/annotations/a~1b\",\"value\":\"v\"},"
	"{\"op\":\"copy\",\"from\":\"/spec/containers/0\",\"path\":\"/spec/containers/-\"},"
	"{\"op\":\"add\",\"path\":\"/spec/containers/0/env/-\",\"value\":{\"name\":\"B\"}},"
	"{\"op\":\"copy\",\"from\":\"/spec/containers/0\",\"path\":\"/spec/containers/1\"},"
	"{\"op\":\"move\",\"from\":\"/metadata/labels\",\"path\":\"/metadata/lab\\u0065ls2\"},"
	"{\"op\":\"add\",\"path\":\"/spec/volumes/0\",\"value\":0},"
	"{\"op\":\"add\",\"path\":\"/spec/volumes/0\",\"value\":1},"
	"{\"op\":\"add\",\"path\":\"/spec/volumes/0\",\"value\":2},"
	"{\"op\":\"add\",\"path\":\"/spec/volumes/0\",\"value\":3},"
	"{\"op\":\"add\",\"path\":\"/spec/volumes/0\",\"value\":4},"
	"{\"op\":\"add\",\"path\":\"/spec/volumes/0\",\"value\":5},"
	"{\"op\":\"remove\",\"path\":\"/spec/volumes\"},"
	"{\"op\":\"replace\",\"path\":\"/spec/containers/2/name\",\"value\":\"z\"}]";

static void fail_every_allocation(bool diff, bool sticky)
{
	unsigned long k = 1;
	for (bool done = false; !done; k++) {
		WORK(w);
		og_arena_fini(&w.arena);
		og_arena_init(&w.arena, 256, 0); /* small blocks: many allocations */
		struct og_jval doc = must_parse(&w, &w.doc, mid_doc);
		struct og_jval patch = must_parse(&w, &w.patch, mid_patch);
		og_mem_fault_arm(k, sticky);
		int rc = diff ? og_jpatch_diff(patch, doc, &w.arena, &w.out, &w.err)
			      : og_jpatch_apply(doc, patch, &w.arena, &w.out, &w.err);
		done = og_mem_fault_disarm() < k;
		ck_assert_int_eq(rc, done ? 0 : -OG_E_OOM);
		ck_assert(done || (w.err.code == OG_E_OOM && w.out.len == 0 && !w.out.failed));
	}
	ck_assert_uint_gt(k, diff ? 3 : 20);
}

START_TEST(allocation_failures)
{
	fail_every_allocation(_i & 1, _i & 2);
}
END_TEST

/* The same for a diff that goes everywhere: named and unnamed arrays, objects, escaped keys. */
START_TEST(allocation_failures_in_diff)
{
	unsigned long k = 1;
	for (bool done = false; !done; k++) {
		WORK(w);
		og_arena_fini(&w.arena);
		og_arena_init(&w.arena, 256, 0);
		struct og_jval from = must_parse(&w, &w.doc, mid_doc);
		must_parse(&w, &w.patch, mid_patch);
		ck_assert_int_eq(
			og_jpatch_apply(from, og_jroot(&w.patch), &w.arena, &w.out, &w.err), 0);
		struct og_jdoc to;
		must_parse(&w, &to, w.out.p);
		og_auto_buf struct og_buf out = OG_BUF_INIT(0);
		og_mem_fault_arm(k, _i);
		int rc = og_jpatch_diff(from, og_jroot(&to), &w.arena, &out, &w.err);
		done = og_mem_fault_disarm() < k;
		ck_assert_int_eq(rc, done ? 0 : -OG_E_OOM);
		ck_assert(done || (out.len == 0 && !out.failed));
	}
	ck_assert_uint_gt(k, 10);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("codec/jpatch");
	TCase *tc = tcase_create("jpatch");
	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, applies, 0, (int)OG_COUNT(applied));
	tcase_add_loop_test(tc, refuses_and_leaves_the_output_alone, 0, (int)OG_COUNT(refused));
	tcase_add_test(tc, long_paths_are_cut_in_errors);
	tcase_add_test(tc, operations_are_counted);
	tcase_add_test(tc, copy_bombs_are_refused);
	tcase_add_test(tc, results_that_are_too_deep_are_refused);
	tcase_add_test(tc, work_is_bounded);
	tcase_add_test(tc, absent_inputs_are_refused);
	tcase_add_test(tc, builder);
	tcase_add_loop_test(tc, computes_small_patches, 0, (int)OG_COUNT(diffs));
	tcase_add_test(tc, large_arrays);
	tcase_add_test(tc, diff_of_hostile_documents);
	tcase_add_loop_test(tc, allocation_failures, 0, 4);
	tcase_add_loop_test(tc, allocation_failures_in_diff, 0, 2);
	suite_add_tcase(s, tc);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
