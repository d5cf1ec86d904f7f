/* SPDX-License-Identifier: Apache-2.0 */
/* Lists and streams taken apart: known bodies cut in every way, and random ones beside jdoc. */
#include <stdio.h>
#include "otelgate/base/mem.h"
#include "otelgate/codec/jdoc.h"
#include "otelgate/codec/jsplit.h"
#include "support/jsongen.h"
#include "support/suite.h"

/* What came out: parts as "<part>", envelopes as "(first)" and "[whole]", then "!parse" or "." */
struct got {
	struct og_buf out;
	unsigned stop_at; /* part at which on_part gives up; 0 = never */
};

static int on_part(void *ctx, struct og_sv p)
{
	struct got *g = ctx;
	og_buf_lit(&g->out, "<");
	og_buf_sv(&g->out, p);
	og_buf_lit(&g->out, ">");
	return g->stop_at && --g->stop_at == 0 ? -OG_E_CANCELLED : 0;
}

static int on_envelope(void *ctx, struct og_sv json, bool complete)
{
	struct got *g = ctx;
	og_buf_str(&g->out, complete ? "[" : "(");
	og_buf_sv(&g->out, json);
	og_buf_str(&g->out, complete ? "]" : ")");
	return 0;
}

/* Cuts after each of at[0..n-1]; the rest is one chunk. Chunks are copied, so that a read beyond
 * their end or after the call is seen. */
static void run(struct got *g, enum og_jsplit_mode mode, size_t max, struct og_sv text,
	const size_t *at, size_t n, struct og_err *err)
{
	struct og_jsplit s;
	og_jsplit_init(&s, mode, max);
	s.ctx = g;
	s.on_part = on_part;
	s.on_envelope = on_envelope;
	int rc = 0;
	size_t from = 0;
	for (size_t i = 0; i <= n && rc == 0; i++) {
		size_t to = i < n ? at[i] : text.n;
		char *copy = og_memdup(text.p + from, to - from);
		ck_assert_ptr_nonnull(copy);
		rc = og_jsplit_feed(&s, og_sv(copy, to - from), err);
		og_free(copy);
		from = to;
	}
	if (rc == 0)
		rc = og_jsplit_end(&s, err);
	else
		ck_assert_int_eq(og_jsplit_feed(&s, OG_SV("{}"), NULL), -OG_E_BUG);
	if (rc)
		ck_assert_int_ne(og_jsplit_end(&s, NULL), 0);
	og_buf_fmt(&g->out, rc ? "!%s" : ".", og_code_name((enum og_code) - rc));
	og_jsplit_fini(&s);
	ck_assert(!g->out.failed);
}

struct row {
	const char *text, *want;
	size_t max;
};

static const struct row lists[] = {
	{"{}", "[{}].", 0},
	{" \n{ } \r\t", "[{ }].", 0},
	{"{\"items\":[]}", "({\"items\":[]})[{\"items\":[]}].", 0},
	{"{\"items\":[ ]}", "({\"items\":[]})[{\"items\":[]}].", 0},
	{"{\"items\":null}", "[{\"items\":null}].", 0},
	{"{\"items\" : null , \"a\":1}", "[{\"items\" : null , \"a\":1}].", 0},
	{"{\"items\":[1]}", "({\"items\":[]})<1>[{\"items\":[]}].", 0},
	{"{\"items\":[1,2.5e-3,null,true,\"x\"]}",
		"({\"items\":[]})<1><2.5e-3><null><true><\"x\">[{\"items\":[]}].", 0},
	{"{\"items\":[ {\"a\":1} , [2] ,\"s\" ]}",
		"({\"items\":[]})<{\"a\":1}><[2]><\"s\">[{\"items\":[]}].", 0},
	{"{\"kind\":\"L\",\"metadata\":{\"x\":[1]},\"items\":[{}]}",
		"({\"kind\":\"L\",\"metadata\":{\"x\":[1]},\"items\":[]})<{}>"
		"[{\"kind\":\"L\",\"metadata\":{\"x\":[1]},\"items\":[]}].",
		0},
	{"{\"items\":[{}],\"metadata\":{\"items\":[3]},\"z\":-1}",
		"({\"items\":[]})<{}>[{\"items\":[],\"metadata\":{\"items\":[3]},\"z\":-1}].", 0},
	{"{\"items\":[{\"items\":[1,{\"items\":[]}]}]}",
		"({\"items\":[]})<{\"items\":[1,{\"items\":[]}]}>[{\"items\":[]}].", 0},
	{"{\"\\u0069tems\":[1],\"a\":2}",
		"({\"\\u0069tems\":[]})<1>[{\"\\u0069tems\":[],\"a\":2}].", 0},
	{"{\"items\\\"\":[1]}", "[{\"items\\\"\":[1]}].", 0},
	{"{\"items\\u0000\":[1]}", "[{\"items\\u0000\":[1]}].", 0},
	{"{\"Items\":[1],\"xitems\":[2]}", "[{\"Items\":[1],\"xitems\":[2]}].", 0},
	{"{\"a\":\"\\\\\",\"items\":[\"\\\\\",\"\\\"]\",\"\\\\\\\\\"]}",
		"({\"a\":\"\\\\\",\"items\":[]})<\"\\\\\"><\"\\\"]\"><\"\\\\\\\\\">"
		"[{\"a\":\"\\\\\",\"items\":[]}].",
		0},
	{"{\"items\":[{\"a\":\"}]\\\"}{[\"}]}",
		"({\"items\":[]})<{\"a\":\"}]\\\"}{[\"}>[{\"items\":[]}].", 0},
	{"{\"items\":[{\"k\":\"0123456789012345678901234567890123456789012345678901234567890\\\\\"},"
	 "{\"k\":\"012345678901234567890123456789012345678901234567890123456789012\\\"}\"}]}",
		"({\"items\":[]})"
		"<{\"k\":\"0123456789012345678901234567890123456789012345678901234567890\\\\\"}>"
		"<{\"k\":\"012345678901234567890123456789012345678901234567890123456789012\\\"}\"}>"
		"[{\"items\":[]}].",
		0},
	/* what jdoc has to find is left to it */
	{"{\"items\":[{\"a\":\"\x01\"},{a}, tru ]}",
		"({\"items\":[]})<{\"a\":\"\x01\"}><{a}><tru>[{\"items\":[]}].", 0},
	/* negative */
	{"", "!parse", 0},
	{" ", "!parse", 0},
	{"[", "!parse", 0},
	{"[]", "!parse", 0},
	{"null", "!parse", 0},
	{"\"items\"", "!parse", 0},
	{"\xEF\xBB\xBF{}", "!parse", 0},
	{"{", "!parse", 0},
	{"{,}", "!parse", 0},
	{"{1:2}", "!parse", 0},
	{"{\"a\"}", "!parse", 0},
	{"{\"a\"1}", "!parse", 0},
	{"{\"a\":}", "!parse", 0},
	{"{\"a\":,}", "!parse", 0},
	{"{\"a\":1,}", "!parse", 0},
	{"{\"a\":1 2}", "!parse", 0},
	{"{\"a\":1]", "!parse", 0},
	{"{\"a\":&}", "!parse", 0},
	{"{\"a", "!parse", 0},
	{"{\"a\\", "!parse", 0},
	{"{\"a\":\"x", "!parse", 0},
	{"{\"a\":1", "!parse", 0},
	{"{\"a\":{\"b\":[}]}", "!parse", 0},
	{"{\"a\":{\\\"}}", "!parse", 0},
	{"{}{}", "[{}]!parse", 0},
	{"{} x", "[{}]!parse", 0},
	{"{},", "[{}]!parse", 0},
	{"{\"items\":{}}", "!parse", 0},
	{"{\"items\":\"\"}", "!parse", 0},
	{"{\"items\":1}", "!parse", 0},
	{"{\"items\":nul}", "!parse", 0},
	{"{\"items\":nulll}", "!parse", 0},
	{"{\"items\":n", "!parse", 0},
	{"{\"items\":false}", "!parse", 0},
	{"{\"items\":[],\"items\":[]}", "({\"items\":[]})!parse", 0},
	{"{\"items\":[],\"item\\u0073\":null}", "({\"items\":[]})!parse", 0},
	{"{\"items\":null,\"items\":[]}", "!parse", 0},
	{"{\"items\":[", "({\"items\":[]})!parse", 0},
	{"{\"items\":[}", "({\"items\":[]})!parse", 0},
	{"{\"items\":[,]}", "({\"items\":[]})!parse", 0},
	{"{\"items\":[1,]}", "({\"items\":[]})<1>!parse", 0},
	{"{\"items\":[1 2]}", "({\"items\":[]})<1>!parse", 0},
	{"{\"items\":[1}", "({\"items\":[]})<1>!parse", 0},
	{"{\"items\":[{}{}]}", "({\"items\":[]})<{}>!parse", 0},
	{"{\"items\":[{]}", "({\"items\":[]})!parse", 0},
	{"{\"items\":[[}]", "({\"items\":[]})!parse", 0},
	{"{\"items\":[{}]", "({\"items\":[]})<{}>!parse", 0},
	{"{\"items\":[{\"a\":1", "({\"items\":[]})!parse", 0},
	{"{\"items\":[\"abc", "({\"items\":[]})!parse", 0},
	{"{\"items\":[12", "({\"items\":[]})!parse", 0},
	/* limits */
	{"{\"items\":[\"123456\",[12345678901234]]}", "({\"items\":[]})<\"123456\">!limit", 14},
	{"{\"items\":[\"1234567890ab\"]}", "({\"items\":[]})<\"1234567890ab\">[{\"items\":[]}].",
		14},
	{"{\"items\":[\"1234567890abc\"]}", "({\"items\":[]})!limit", 14},
	{"{\"items\":[1],\"a\":\"bc\"}", "({\"items\":[]})<1>!limit", 16},
	{"{\"abcdefghijklmnop\":1}", "!limit", 8},
};

static const struct row streams[] = {
	{"", ".", 0},
	{" \n\r\t", ".", 0},
	{"{}", "<{}>.", 0},
	{"{}{}", "<{}><{}>.", 0},
	{"{\"a\":1}\n{\"b\":[{}]}\n", "<{\"a\":1}><{\"b\":[{}]}>.", 0},
	{"\n\n{\"a\":\"\\\"}\"}\r\n ", "<{\"a\":\"\\\"}\"}>.", 0},
	{"{\"items\":[1]}\n{}", "<{\"items\":[1]}><{}>.", 0},
	{"{}\n{", "<{}>!parse", 0},
	{"{}\n{\"a\":\"}", "<{}>!parse", 0},
	{"{}\n{\"a\":1}\n{\"b\":2", "<{}><{\"a\":1}>!parse", 0},
	{"{},{}", "<{}>!parse", 0},
	{"[]", "!parse", 0},
	{"null\n", "!parse", 0},
	{"{}\n1\n", "<{}>!parse", 0},
	{"{]\n", "!parse", 0},
	{"{}}\n", "<{}>!parse", 0},
	{"{\\u0022}\n", "!parse", 0},
	{"<html>", "!parse", 0},
	{"{\"a\":\"0123456789\"}\n{\"a\":\"0123456789a\"}", "<{\"a\":\"0123456789\"}>!limit", 18},
};

static void check_all_cuts(enum og_jsplit_mode mode, const struct row *row)
{
	struct og_sv text = og_svz(row->text);
	size_t at[512], n = text.n;
	ck_assert(n < OG_COUNT(at));
	for (size_t i = 0; i <= n; i++) {
		struct got g = {.out = OG_BUF_INIT(0)};
		run(&g, mode, row->max, text, &i, 1, NULL);
		ck_assert_msg(og_sv_eq(og_buf_view(&g.out), og_svz(row->want)),
			"%s cut at %zu gave\n%s\nfor\n%s", row->text, i, g.out.p, row->want);
		og_buf_fini(&g.out);
	}
	for (size_t step = 1; step <= 3; step++) {
		size_t cuts = 0;
		for (size_t i = step; i < n; i += step)
			at[cuts++] = i;
		struct got g = {.out = OG_BUF_INIT(0)};
		run(&g, mode, row->max, text, at, cuts, NULL);
		ck_assert_msg(og_sv_eq(og_buf_view(&g.out), og_svz(row->want)),
			"%s by %zu gave\n%s\nfor\n%s", row->text, step, g.out.p, row->want);
		og_buf_fini(&g.out);
	}
}

START_TEST(list_bodies)
{
	check_all_cuts(OG_JSPLIT_LIST, &lists[_i]);
}
END_TEST

START_TEST(stream_bodies)
{
	check_all_cuts(OG_JSPLIT_STREAM, &streams[_i]);
}
END_TEST

START_TEST(messages_say_where)
{
	static const struct {
		const char *text, *want;
		bool cut;
	} rows[] = {
		{"{\"items\":[{}x", "byte 12: a comma or ']' was expected", false},
		{"{\"items\":[{}x", "byte 12: a comma or ']' was expected", true},
		{"{\"items\":[{\"a\":[}", "byte 16: a bracket of the other kind was expected",
			true},
		{"{\"items\":3", "byte 9: `items` is not an array", true},
		{"{\"items\":[{", "byte 11: the text ends inside the list", true},
	};
	for (size_t i = 0; i < OG_COUNT(rows); i++) {
		struct got g = {.out = OG_BUF_INIT(0)};
		struct og_err err = OG_ERR_INIT;
		size_t at[] = {1, 5, 6, 9};
		run(&g, OG_JSPLIT_LIST, 0, og_svz(rows[i].text), at, rows[i].cut ? 4 : 0, &err);
		ck_assert_str_eq(err.msg, rows[i].want);
		og_buf_fini(&g.out);
	}
}
END_TEST

START_TEST(depth_has_a_limit)
{
	for (unsigned depth = 250; depth < 262; depth++) {
		og_auto_buf struct og_buf t = OG_BUF_INIT(0);
		og_buf_lit(&t, "{\"items\":[");
		for (unsigned i = 0; i < depth; i++)
			og_buf_str(&t, i % 3 ? "[" : "{\"a\":");
		for (unsigned i = depth; i-- > 0;)
			og_buf_str(&t, i % 3 ? "]" : "}");
		og_buf_lit(&t, "]}");
		struct got g = {.out = OG_BUF_INIT(0)};
		size_t half = t.len / 2;
		run(&g, OG_JSPLIT_LIST, 0, og_buf_view(&t), &half, 1, NULL);
		ck_assert(og_sv_ends(
			og_buf_view(&g.out), depth <= 256 ? OG_SV("].") : OG_SV("!limit")));
		og_buf_fini(&g.out);
	}
}
END_TEST

START_TEST(a_callback_can_stop_it)
{
	for (size_t cut = 0; cut < 20; cut++) {
		struct got g = {.out = OG_BUF_INIT(0), .stop_at = 2};
		run(&g, OG_JSPLIT_LIST, 0, OG_SV("{\"items\":[1,[2],3,4]}"), &cut, 1, NULL);
		ck_assert_str_eq(g.out.p, "({\"items\":[]})<1><[2]>!cancelled");
		og_buf_fini(&g.out);
	}
}
END_TEST

START_TEST(parts_within_a_chunk_are_not_copied)
{
	static const char text[] = "{\"items\":[{\"a\":1},[2],3 ]}";
	struct got g = {.out = OG_BUF_INIT(0)};
	og_buf_reserve(&g.out, 1000);
	struct og_jsplit s;
	og_jsplit_init(&s, OG_JSPLIT_LIST, 0);
	s.ctx = &g;
	s.on_part = on_part;
	og_mem_fault_arm(0, false);
	ck_assert_int_eq(og_jsplit_feed(&s, og_svz(text), NULL), 0);
	ck_assert_uint_eq(og_mem_fault_disarm(), 0);
	ck_assert_uint_eq(s.parts, 3);
	ck_assert_int_eq(og_jsplit_end(&s, NULL), 0);
	og_jsplit_fini(&s);
	og_buf_fini(&g.out);
}
END_TEST

START_TEST(large_buffers_are_given_back)
{
	og_auto_buf struct og_buf t = OG_BUF_INIT(0);
	og_buf_lit(&t, "{\"a\":\"");
	for (unsigned i = 0; i < 100000; i++)
		og_buf_lit(&t, "0123456789");
	og_buf_lit(&t, "\"}{\"b\":2}");
	struct og_jsplit s;
	og_jsplit_init(&s, OG_JSPLIT_STREAM, 0);
	for (size_t i = 0; i < t.len; i += 1000)
		ck_assert_int_eq(og_jsplit_feed(&s,
					 og_sv(t.p + i, t.len - i < 1000 ? t.len - i : 1000), NULL),
			0);
	ck_assert_uint_eq(s.parts, 2);
	ck_assert_uint_lt(s.part_.cap, 300 << 10);
	og_jsplit_fini(&s);
}
END_TEST

START_TEST(memory_may_run_out_anywhere)
{
	static const char text[] =
		"{\"m\":{\"a\":\"bcd\"},\"\\u0069tems\":[{\"x\":\"yz\"},\"pq\"]}";
	size_t at[] = {7, 20, 25, 40, 48};
	unsigned long n = 1;
	bool seen_oom = false;
	for (unsigned long i = 1; i <= n; i++) {
		struct got g = {.out = OG_BUF_INIT(0)};
		ck_assert(og_buf_reserve(&g.out, 4096));
		struct og_jsplit s;
		og_jsplit_init(&s, OG_JSPLIT_LIST, 0);
		s.ctx = &g;
		s.on_part = on_part;
		s.on_envelope = on_envelope;
		og_mem_fault_arm(i, false);
		int rc = 0;
		size_t from = 0;
		for (size_t k = 0; k <= OG_COUNT(at) && rc == 0; k++) {
			size_t to = k < OG_COUNT(at) ? at[k] : sizeof(text) - 1;
			rc = og_jsplit_feed(&s, og_sv(text + from, to - from), NULL);
			from = to;
		}
		unsigned long seen = og_mem_fault_disarm();
		ck_assert(rc == 0 || rc == -OG_E_OOM);
		seen_oom |= rc != 0;
		if (seen >= i)
			n = i + 1;
		else
			ck_assert_int_eq(rc, 0);
		og_jsplit_fini(&s);
		og_buf_fini(&g.out);
	}
	ck_assert(seen_oom);
}
END_TEST

/* ---- beside jdoc ---- */

static void expect_from_jdoc(struct og_jval root, struct og_buf *want)
{
	struct og_jval items = og_jgetl(root, "items");
	og_jfor (it, items) {
		og_buf_lit(want, "<");
		og_buf_sv(want, og_jraw(it.val));
		og_buf_lit(want, ">");
	}
}

static int on_whole(void *ctx, struct og_sv json, bool complete)
{
	if (complete)
		og_buf_sv(ctx, json);
	return 0;
}

/* The same text in random chunks; parts into `out`, the envelope into `whole`. */
static int chunks(struct jsongen *g, struct og_sv text, struct got *out, struct og_buf *whole)
{
	struct og_jsplit parts, envelope;
	og_jsplit_init(&parts, OG_JSPLIT_LIST, 0);
	og_jsplit_init(&envelope, OG_JSPLIT_LIST, 0);
	parts.ctx = out;
	parts.on_part = on_part;
	envelope.ctx = whole;
	envelope.on_envelope = on_whole;
	int rc = 0;
	unsigned max = 1 + jsongen_below(g, jsongen_chance(g, 50) ? 20 : 300);
	for (size_t i = 0; i < text.n && rc == 0;) {
		size_t n = 1 + jsongen_below(g, max);
		n = n < text.n - i ? n : text.n - i;
		rc = og_jsplit_feed(&parts, og_sv(text.p + i, n), NULL);
		ck_assert_int_eq(og_jsplit_feed(&envelope, og_sv(text.p + i, n), NULL), rc);
		i += n;
	}
	if (rc == 0) {
		rc = og_jsplit_end(&parts, NULL);
		ck_assert_int_eq(og_jsplit_end(&envelope, NULL), rc);
	}
	og_jsplit_fini(&parts);
	og_jsplit_fini(&envelope);
	return rc;
}

/* Random members around random items, sometimes damaged. */
static void random_list(struct jsongen *g, struct og_buf *t)
{
	unsigned members = jsongen_below(g, 4), at = jsongen_below(g, members + 1);
	og_buf_lit(t, "{");
	for (unsigned i = 0; i <= members; i++) {
		og_buf_fmt(t, i ? ", " : " ");
		if (i != at) {
			og_buf_fmt(t, "\"m%u\" :", i);
			jsongen_text(g, t);
			continue;
		}
		og_buf_str(t, jsongen_chance(g, 80) ? "\"items\": [" : "\"\\u0069tem\\u0073\" :[ ");
		for (unsigned n = jsongen_below(g, 5), k = 0; k < n; k++) {
			if (k)
				og_buf_lit(t, ",");
			jsongen_text(g, t);
		}
		og_buf_lit(t, "]");
	}
	og_buf_lit(t, "}");
}

static void check_random(uint64_t seed, unsigned n, bool damage)
{
	struct jsongen g = jsongen_case(seed, n);
	og_auto_buf struct og_buf t = OG_BUF_INIT(0), want = OG_BUF_INIT(0), whole = OG_BUF_INIT(0);
	random_list(&g, &t);
	if (damage)
		jsongen_damage(&g, &t);
	og_auto_arena struct og_arena a;
	og_arena_init(&a, 0, 0);
	struct og_jdoc d;
	struct og_jlimits lim = {.own_text = true};
	int rc = og_jdoc_parse(&d, &a, og_buf_view(&t), &lim, NULL);
	struct got out = {.out = OG_BUF_INIT(0)}, one = {.out = OG_BUF_INIT(0)};
	int got = chunks(&g, og_buf_view(&t), &out, &whole);
	og_auto_buf struct og_buf whole2 = OG_BUF_INIT(0);
	ck_assert_int_eq(chunks(&g, og_buf_view(&t), &one, &whole2), got);
	ck_assert(og_sv_eq(og_buf_view(&one.out), og_buf_view(&out.out)));
	if (rc == 0 && og_jis(og_jroot(&d), OG_J_OBJECT) && got == 0) {
		expect_from_jdoc(og_jroot(&d), &want);
		ck_assert_msg(og_sv_eq(og_buf_view(&want), og_buf_view(&out.out)),
			"OG_SEED=%llu case %u: %s", (unsigned long long)seed, n, t.p);
		struct og_jdoc e;
		ck_assert_int_eq(og_jdoc_parse(&e, &a, og_buf_view(&whole), &lim, NULL), 0);
		ck_assert_uint_eq(og_jcount(og_jroot(&e)), og_jcount(og_jroot(&d)));
	}
	if (!damage)
		ck_assert_msg(rc || got == 0, "OG_SEED=%llu case %u", (unsigned long long)seed, n);
	og_buf_fini(&out.out);
	og_buf_fini(&one.out);
}

START_TEST(random_lists_are_as_jdoc_reads_them)
{
	uint64_t seed = jsongen_seed();
	for (unsigned n = 0; n < 3000; n++)
		check_random(seed, n, false);
}
END_TEST

START_TEST(damaged_lists_do_not_depend_on_chunks)
{
	uint64_t seed = jsongen_seed();
	for (unsigned n = 0; n < 3000; n++)
		check_random(seed, n, true);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("codec/jsplit");
	TCase *tc = tcase_create("jsplit");
	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, list_bodies, 0, (int)OG_COUNT(lists));
	tcase_add_loop_test(tc, stream_bodies, 0, (int)OG_COUNT(streams));
	tcase_add_test(tc, messages_say_where);
	tcase_add_test(tc, depth_has_a_limit);
	tcase_add_test(tc, a_callback_can_stop_it);
	tcase_add_test(tc, parts_within_a_chunk_are_not_copied);
	tcase_add_test(tc, large_buffers_are_given_back);
	tcase_add_test(tc, memory_may_run_out_anywhere);
	tcase_add_test(tc, random_lists_are_as_jdoc_reads_them);
	tcase_add_test(tc, damaged_lists_do_not_depend_on_chunks);
	suite_add_tcase(s, tc);
	return og_suite_run(s);
}
