/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Generated YAML in many styles, random patches: the result reads as the patched object, untouched
 * lines stay, what was added can be taken away again to the byte. OG_TEST_SEED and OG_TEST_COUNT
 * replay and deepen.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include "otelgate/base/mem.h"
#include "otelgate/codec/jpatch.h"
#include "otelgate/codec/jptr.h"
#include "otelgate/codec/jwrite.h"
#include "otelgate/codec/splice.h"

static uint64_t rng;
static struct og_arena arena;

static unsigned rnd(unsigned n)
{
	rng ^= rng << 13;
	rng ^= rng >> 7;
	rng ^= rng << 17;
	return (unsigned)((rng >> 11) % n);
}

static bool chance(unsigned percent)
{
	return rnd(100) < percent;
}

/* ---- Documents ------------------------------------------------------------------------------- */

static struct {
	struct og_buf b;
	const char *nl;
	unsigned step, seq_offset, dash, comments, nodes, anchors;
	size_t scalar_end; /* where the last block scalar ended */
	bool chomped;	   /* the text ends in a block scalar without a line break */
} g;

static void put(const char *s)
{
	og_buf_str(&g.b, s);
}

static void spaces(unsigned n)
{
	while (n--)
		put(" ");
}

static void line_break(void)
{
	if (chance(g.comments / 2))
		put(chance(50) ? "  # note: a, b" : " #");
	put(g.nl);
}

static void maybe_comment(unsigned col)
{
	if (chance(g.comments)) {
		spaces(col);
		put(chance(70) ? "# own line - x: y" : "#");
		put(g.nl);
	}
	if (chance(g.comments / 3))
		put(g.nl);
}

static const char *const scalars[] = {"x", "text with words", "\"quoted: # x\"", "'it''s'", "12",
	"0755", "true", "~", "null", "1e3", "2001-12-14", "\"\\u00e9\\n\"", "\xC3\xA9t\xC3\xA9",
	"http://x:80/a#b", "\"\"", "-x", "a b: c"};
static const char *const words[] = {
	"x", "two words", "\"a, b\"", "'q'", "7", "null", "yes", "\xE2\x82\xAC"};

static void scalar(bool flow)
{
	if (!flow && chance(5)) {
		put("!!str 12");
		return;
	}
	/* The last of the scalars is not valid on a key's line. */
	put(flow ? words[rnd(OG_COUNT(words))] : scalars[rnd(OG_COUNT(scalars) - 1)]);
}

static void key(unsigned i)
{
	static const char *const forms[][2] = {{"k", ""}, {"key-", ""}, {"\"q ", "\""}, {"'s", "'"},
		{"a.b/c", ""}, {"\xC3\xA9", ""}};
	const char *const *form = forms[rnd(OG_COUNT(forms))];
	put(form[0]);
	og_buf_u64(&g.b, i);
	put(form[1]);
}

static void flow(unsigned depth, unsigned col)
{
	bool map = chance(50), many = chance(25);
	unsigned n = rnd(4);
	put(map ? "{" : "[");
	for (unsigned i = 0; i < n; i++) {
		if (many) {
			if (i && chance(20))
				put(" # inside");
			put(g.nl);
			spaces(col + 2);
		}
		if (map) {
			key(i);
			put(": ");
		}
		if (depth < 3 && chance(20))
			flow(depth + 1, col + 2);
		else
			scalar(true);
		if (i + 1 < n)
			put(many ? "," : ", ");
	}
	if (many && n) {
		put(g.nl);
		spaces(col + 1);
	}
	put(map ? "}" : "]");
}

static void block_scalar(unsigned col)
{
	static const char *const heads[] = {"|", "|-", "|+", ">", ">-"};
	put(heads[rnd(5)]);
	put(g.nl);
	for (unsigned i = 0, n = 1 + rnd(3); i < n; i++) {
		spaces(col);
		put(chance(30) ? "# text, no comment" : "line\tof text");
		put(g.nl);
		if (chance(30))
			put(g.nl);
	}
	g.scalar_end = g.b.len;
}

static void block_map(unsigned depth, unsigned col, bool bare);
static void block_seq(unsigned depth, unsigned col, bool bare);

static void anchor(void)
{
	if (chance(4)) {
		char text[16];
		snprintf(text, sizeof(text), " &a%u", g.anchors++);
		put(text);
	}
}

static void member_value(unsigned depth, unsigned col)
{
	unsigned r = depth > 4 || g.nodes > 60 ? rnd(50) : rnd(100);
	g.nodes++;
	anchor();
	if (r < 35) {
		put(" ");
		scalar(false);
		line_break();
	} else if (r < 40) {
		line_break();
	} else if (r < 50) {
		put(" ");
		flow(0, col + 1);
		line_break();
	} else if (r < 55) {
		put(" ");
		block_scalar(col + g.step);
	} else if (r < 78) {
		line_break();
		block_map(depth + 1, col + g.step, false);
	} else {
		line_break();
		block_seq(depth + 1, col + g.seq_offset, false);
	}
}

static void block_map(unsigned depth, unsigned col, bool bare)
{
	for (unsigned i = 0, n = 1 + rnd(4); i < n; i++) {
		if (!bare) {
			maybe_comment(col);
			spaces(col);
		}
		bare = false;
		key(i);
		put(":");
		member_value(depth, col);
	}
	if (chance(g.comments / 2))
		maybe_comment(col);
}

static void element_value(unsigned depth, unsigned col)
{
	unsigned r = depth > 4 || g.nodes > 60 ? rnd(50) : rnd(100);
	g.nodes++;
	if (r < 5) {
		line_break();
		return;
	}
	spaces(g.dash - 1);
	if (r < 40) {
		scalar(false);
		line_break();
	} else if (r < 47) {
		flow(0, col + 1);
		line_break();
	} else if (r < 50) {
		block_scalar(col + g.dash);
	} else if (r < 85) {
		block_map(depth + 1, col + g.dash, true);
	} else {
		block_seq(depth + 1, col + g.dash, true);
	}
}

static void block_seq(unsigned depth, unsigned col, bool bare)
{
	for (unsigned i = 0, n = 1 + rnd(4); i < n; i++) {
		if (!bare) {
			maybe_comment(col);
			spaces(col);
		}
		bare = false;
		put("-");
		element_value(depth, col);
	}
}

static void document(void)
{
	og_buf_reset(&g.b);
	g.nl = chance(25) ? "\r\n" : "\n";
	g.step = 1 + rnd(4);
	g.seq_offset = chance(50) ? 0 : 1 + rnd(3);
	g.dash = chance(80) ? 2 : 4;
	g.comments = chance(50) ? 30 : 0;
	g.nodes = g.anchors = 0;
	g.scalar_end = 0;
	if (chance(10))
		put("\xEF\xBB\xBF");
	else if (chance(20))
		put("# head\n%YAML 1.1\n");
	if (g.b.len > 3 || chance(20)) {
		put("---");
		put(g.nl);
	}
	if (chance(85))
		block_map(0, 0, false);
	else
		block_seq(0, 0, false);
	size_t end = g.b.len;
	if (chance(10))
		put("...\n");
	else if (chance(15) && g.b.p[g.b.len - 1] == '\n')
		g.b.p[--g.b.len] = '\0';
	if (g.b.len && g.b.p[g.b.len - 1] == '\r')
		g.b.p[--g.b.len] = '\0';
	g.chomped = g.b.len < end && g.scalar_end == end;
}

/* JSON in three layouts. */
static void json_value(unsigned depth, const char *unit, unsigned level)
{
	bool map = chance(60);
	unsigned n = rnd(4);
	if (depth > 3 || (depth && chance(40))) {
		static const char *const leaves[] = {
			"1", "-1.5e3", "\"x\"", "\"\\u00e9\\\"\"", "true", "null", "{}", "[]"};
		put(leaves[rnd(8)]);
		return;
	}
	put(map ? "{" : "[");
	for (unsigned i = 0; i < n; i++) {
		if (*unit)
			put("\n");
		for (unsigned k = 0; *unit && k <= level; k++)
			put(unit);
		if (map) {
			char text[16];
			snprintf(text, sizeof(text), "\"k%u\":%s", i, g.step > 1 ? " " : "");
			put(text);
		}
		json_value(depth + 1, unit, level + 1);
		if (i + 1 < n)
			put(*unit || g.step == 1 ? "," : ", ");
	}
	if (*unit && n)
		put("\n");
	for (unsigned k = 0; *unit && n && k < level; k++)
		put(unit);
	put(map ? "}" : "]");
}

static void json_document(void)
{
	static const char *const units[] = {"", "  ", "    ", "\t"};
	og_buf_reset(&g.b);
	g.chomped = false;
	g.step = 1 + rnd(2);
	json_value(0, units[rnd(4)], 0);
	if (chance(50))
		put("\n");
}

/* ---- Patches --------------------------------------------------------------------------------- */

struct change {
	enum { ADD, REPLACE, REMOVE } verb;
	struct og_buf path;
	struct og_jval parent, old; /* of the text's own object, for single changes */
	uint32_t index;
};

static void new_value(struct og_buf *b, unsigned depth)
{
	static const char *const leaves[] = {"\"on\"", "\"plain text\"", "\"0755\"", "\"\"", "12",
		"-1.5", "true", "null", "\"a: b #c\"", "\"two\\nlines\"", "\"{\\\"a\\\": 'x'}\"",
		"\"1e3\"", "\"- x\"", "\"\\u00e9 \\ud83d\\ude00\"", "\"tab\\there \"", "\"---\"",
		"\"-Dx=y\"", "\"$(A),b\"", "\"12:30:45\"", "\"C:\\\\x\"", "{}", "[]", "1e400"};
	unsigned n = 1 + rnd(3);
	/* 1e400 is a number in JSON alone; it must be refused, not written. */
	if (depth > 2 || chance(50)) {
		og_buf_str(b, leaves[rnd(OG_COUNT(leaves) - 1)]);
		return;
	}
	bool map = chance(60);
	og_buf_ch(b, map ? '{' : '[');
	for (unsigned i = 0; i < n; i++) {
		if (map)
			og_buf_fmt(b, i % 2 ? "\"on%u: x\":" : "\"name%u\":", i);
		new_value(b, depth + 1);
		og_buf_str(b, i + 1 < n ? "," : "");
	}
	og_buf_ch(b, map ? '}' : ']');
}

static struct og_jval pick_container(struct og_jval v, struct og_buf *path)
{
	for (;;) {
		uint32_t n = og_jcount(v), k = n ? rnd(n) : 0;
		struct og_jval next = OG_JABSENT;
		size_t before = path->len;
		og_jfor (it, v)
			if (it.index == k) {
				next = it.val;
				if (it.object)
					og_jptr_add(path, og_jstr_or_empty(it.key, &arena));
				else
					og_jptr_add_index(path, it.index);
			}
		if (chance(30) || (!og_jis(next, OG_J_OBJECT) && !og_jis(next, OG_J_ARRAY))) {
			path->len = before;
			if (path->p)
				path->p[before] = '\0';
			return v;
		}
		v = next;
	}
}

/* Appends one operation; false when there is nothing to do. */
static bool make_change(struct og_jval root, struct og_jpatch *p, struct change *c)
{
	og_auto_buf struct og_buf value = OG_BUF_INIT(0);
	og_buf_reset(&c->path);
	c->parent = pick_container(root, &c->path);
	uint32_t n = og_jcount(c->parent);
	bool object = og_jis(c->parent, OG_J_OBJECT);
	c->verb = n == 0 || chance(60) ? ADD : chance(50) ? REPLACE : REMOVE;
	uint32_t choices = n + (c->verb == ADD && !object ? 1 : 0);
	c->index = choices ? rnd(choices) : 0;
	c->old = OG_JABSENT;
	new_value(&value, 0);
	if (object && c->verb == ADD) {
		og_buf_fmt(&c->path, "/new-%u", rnd(1000));
	} else if (object) {
		og_jfor (it, c->parent)
			if (it.index == c->index) {
				og_jptr_add(&c->path, og_jstr_or_empty(it.key, &arena));
				c->old = it.val;
			}
	} else {
		og_jptr_add_index(&c->path, c->index);
		c->old = og_jat(c->parent, c->index);
	}
	if (c->verb == ADD)
		og_jpatch_add(p, og_buf_view(&c->path), og_buf_view(&value));
	else if (c->verb == REPLACE)
		og_jpatch_replace(p, og_buf_view(&c->path), og_buf_view(&value));
	else
		og_jpatch_remove(p, og_buf_view(&c->path));
	return true;
}

/* ---- Checks ---------------------------------------------------------------------------------- */

static unsigned long total, refused, undone, kept_lines;

static _Noreturn void fail_case(
	uint64_t seed, struct og_sv patch, struct og_sv out, const char *why)
{
	fprintf(stderr, "seed %llu: %s\n--- text\n%s\n--- patch\n%.*s\n--- result\n%.*s\n",
		(unsigned long long)seed, why, g.b.p, OG_SV_ARG(patch), OG_SV_ARG(out));
	ck_abort_msg("%s", why);
}

enum { MAX_LINES = 1000 };

static unsigned split_lines(struct og_sv t, struct og_sv lines[MAX_LINES])
{
	unsigned n = 0;
	struct og_sv x;
	while (n < MAX_LINES && og_sv_split(&t, '\n', &x))
		lines[n++] = x.n && x.p[x.n - 1] == '\r' ? og_sv(x.p, x.n - 1) : x;
	return n;
}

/* Lines of a that are not in b, by the longest common subsequence. */
static unsigned lines_lost(struct og_sv a, struct og_sv b)
{
	static struct og_sv x[MAX_LINES], y[MAX_LINES];
	static unsigned best[2][MAX_LINES + 1];
	unsigned n = split_lines(a, x), m = split_lines(b, y);
	memset(best, 0, sizeof(best));
	for (unsigned i = 0; i < n; i++) {
		unsigned *now = best[i % 2], *before = best[(i + 1) % 2];
		for (unsigned k = 0; k < m; k++) {
			unsigned longer = now[k] > before[k + 1] ? now[k] : before[k + 1];
			now[k + 1] = og_sv_eq(x[i], y[k]) ? before[k] + 1 : longer;
		}
	}
	return n - best[(n + 1) % 2][m];
}

static bool parse(struct og_sv text, struct og_source *s)
{
	struct og_err err = OG_ERR_INIT;
	if (!og_source_parse(s, &arena, text, "t", NULL, &err))
		return true;
	fprintf(stderr, "%s\n", err.msg);
	return false;
}

static void check_undo(uint64_t seed, const struct change *c, struct og_sv patch, struct og_sv out)
{
	og_auto_buf struct og_buf undo = OG_BUF_INIT(0), back = OG_BUF_INIT(0);
	struct og_jpatch p;
	struct og_source s;
	struct og_jdoc u;
	struct og_err err = OG_ERR_INIT;
	og_jpatch_begin(&p, &undo);
	og_jpatch_remove(&p, og_buf_view(&c->path));
	og_jpatch_end(&p);
	if (!parse(out, &s) || og_jdoc_parse(&u, &arena, og_buf_view(&undo), NULL, NULL) ||
		og_splice_patch(&s.docs[0], og_jroot(&u), &arena, &back, &err))
		fail_case(seed, patch, out, err.msg);
	if (!og_sv_eq(og_buf_view(&back), og_buf_view(&g.b))) {
		fprintf(stderr, "--- undone\n%s\n", back.p);
		fail_case(seed, patch, out, "taking the addition away does not restore the text");
	}
	undone++;
}

static void check_one(uint64_t seed, bool json)
{
	og_auto_buf struct og_buf ops = OG_BUF_INIT(0), out = OG_BUF_INIT(0);
	struct change c = {.path = OG_BUF_INIT(0)};
	struct og_source s;
	struct og_jpatch p;
	struct og_err err = OG_ERR_INIT;
	unsigned n = chance(60) ? 1 : 2 + rnd(4);
	if (!parse(og_buf_view(&g.b), &s) || s.ndocs != 1 || s.docs[0].json != json)
		fail_case(seed, OG_SV(""), OG_SV(""), "the generated text is not read");
	struct og_jdoc *now = &s.docs[0].doc;
	for (unsigned i = 0; i < n; i++) {
		og_auto_buf struct og_buf one = OG_BUF_INIT(0), next = OG_BUF_INIT(0);
		struct og_jdoc op;
		og_jpatch_begin(&p, &one);
		make_change(og_jroot(now), &p, &c);
		og_jpatch_end(&p);
		ck_assert(!og_jdoc_parse(
			&op, &arena, og_arena_sv(&arena, og_buf_view(&one)), NULL, NULL));
		if (og_jpatch_apply(og_jroot(now), og_jroot(&op), &arena, &next, &err))
			fail_case(seed, og_buf_view(&one), OG_SV(""), err.msg);
		now = og_arena_new(&arena, struct og_jdoc);
		ck_assert(!og_jdoc_parse(
			now, &arena, og_arena_sv(&arena, og_buf_view(&next)), NULL, NULL));
		og_buf_ch(&ops, i ? ',' : '[');
		og_buf_add(&ops, one.p + 1, one.len - 2);
	}
	og_buf_ch(&ops, ']');
	struct og_sv patch = og_buf_view(&ops);
	struct og_jdoc pd;
	ck_assert(!og_jdoc_parse(&pd, &arena, patch, NULL, NULL));
	int rc = og_splice_patch(&s.docs[0], og_jroot(&pd), &arena, &out, &err);
	total++;
	if (rc) {
		if (rc != -OG_E_UNSUPPORTED || out.len)
			fail_case(seed, patch, og_buf_view(&out), err.msg);
		refused++;
		if (getenv("OG_TEST_SHOW"))
			fprintf(stderr, "== %llu %s\n%s\n%.*s\n", (unsigned long long)seed, err.msg,
				g.b.p, OG_SV_ARG(patch));
		og_buf_fini(&c.path);
		return;
	}
	struct og_source again;
	if (!parse(og_buf_view(&out), &again) || again.ndocs != 1 ||
		!og_jequal(og_jroot(&again.docs[0].doc), og_jroot(now)))
		fail_case(seed, patch, og_buf_view(&out), "the result is another object");
	if (n == 1 && c.verb == ADD && og_jcount(c.parent)) {
		/* In flow collections and JSON the neighbour's line may gain a comma. */
		if (lines_lost(og_buf_view(&g.b), og_buf_view(&out)) > 1)
			fail_case(seed, patch, og_buf_view(&out), "lines were lost");
		kept_lines++;
		/* The header of such a scalar had to gain a "-". */
		if (!g.chomped)
			check_undo(seed, &c, patch, og_buf_view(&out));
	}
	og_buf_fini(&c.path);
}

static uint64_t env_number(const char *name, uint64_t otherwise)
{
	const char *s = getenv(name);
	return s && *s ? strtoull(s, NULL, 10) : otherwise;
}

static void run(bool json)
{
	uint64_t seed = env_number("OG_TEST_SEED", 1), count = env_number("OG_TEST_COUNT", 3000);
	og_arena_init(&arena, 0, 0);
	og_buf_init(&g.b, 0);
	for (uint64_t i = 0; i < count; i++, seed++) {
		rng = (seed + 1) * 0x9E3779B97F4A7C15u;
		rnd(2);
		if (json)
			json_document();
		else
			document();
		check_one(seed, json);
		og_arena_reset(&arena);
	}
	og_buf_fini(&g.b);
	og_arena_fini(&arena);
	if (getenv("OG_TEST_SHOW"))
		fprintf(stderr, "%lu patches, %lu refused, %lu undone\n", total, refused, undone);
	/* A splicer that refuses everything would pass all of the above. */
	ck_assert_uint_lt(refused, total / 500 + 2);
	ck_assert_uint_gt(undone, total / 8);
}

START_TEST(yaml_documents)
{
	run(false);
}
END_TEST

START_TEST(json_documents)
{
	run(true);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("codec/splice_property");
	TCase *tc = tcase_create("property");
	tcase_set_timeout(tc, 300);
	tcase_add_test(tc, yaml_documents);
	tcase_add_test(tc, json_documents);
	suite_add_tcase(s, tc);
	SRunner *sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	int failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
