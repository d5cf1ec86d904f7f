/* SPDX-License-Identifier: Apache-2.0 */
/* Unified differences: exact texts, and the property that applying the hunks gives the new text. */
#include <stdio.h>
#include <string.h>
#include "otelgate/base/mem.h"
#include "otelgate/codec/textdiff.h"
#include "support/suite.h"

static struct og_arena arena;

static void setup(void)
{
	og_arena_init(&arena, 0, 0);
}

static void teardown(void)
{
	og_arena_fini(&arena);
}

static const struct {
	const char *a, *b, *want;
	unsigned context;
} cases[] = {
	{"", "", "", 0},
	{"a\nb\n", "a\nb\n", "", 0},
	{"a\nb\n", "a\nc\n", "@@ -1,2 +1,2 @@\n a\n-b\n+c\n", 0},
	{"", "a\n", "@@ -0,0 +1 @@\n+a\n", 0},
	{"a\n", "", "@@ -1 +0,0 @@\n-a\n", 0},
	{"a", "a\n", "@@ -1 +1 @@\n-a\n\\ No newline at end of file\n+a\n", 0},
	{"a\nb", "a\nb\nc",
		"@@ -1,2 +1,3 @@\n a\n-b\n\\ No newline at end of file\n+b\n+c\n"
		"\\ No newline at end of file\n",
		0},
	{"x\na", "y\na", "@@ -1,2 +1,2 @@\n-x\n+y\n a\n\\ No newline at end of file\n", 0},
	{"1\n2\n3\n4\n5\n6\n7\n8\n9\n", "1\n2\n3\n4\n5\n6\n7\n8\nx\n",
		"@@ -6,4 +6,4 @@\n 6\n 7\n 8\n-9\n+x\n", 0},
	/* Six quiet lines join two hunks, seven part them. */
	{"a\n1\n2\n3\n4\n5\n6\nb\n", "A\n1\n2\n3\n4\n5\n6\nB\n",
		"@@ -1,8 +1,8 @@\n-a\n+A\n 1\n 2\n 3\n 4\n 5\n 6\n-b\n+B\n", 0},
	{"a\n1\n2\n3\n4\n5\n6\n7\nb\n", "A\n1\n2\n3\n4\n5\n6\n7\nB\n",
		"@@ -1,4 +1,4 @@\n-a\n+A\n 1\n 2\n 3\n@@ -6,4 +6,4 @@\n 5\n 6\n 7\n-b\n+B\n", 0},
	{"a\n1\n2\n3\nb\n", "A\n1\n2\n3\nB\n",
		"@@ -1,2 +1,2 @@\n-a\n+A\n 1\n@@ -4,2 +4,2 @@\n 3\n-b\n+B\n", 1},
	{"a\r\nb\r\n", "a\r\nb\n", "@@ -1,2 +1,2 @@\n a\r\n-b\r\n+b\n", 0},
};

START_TEST(exact_texts)
{
	og_auto_buf struct og_buf b = OG_BUF_INIT(0);
	struct og_textdiff_options o = {.context = cases[_i].context};
	ck_assert_int_eq(og_textdiff_unified(og_svz(cases[_i].a), og_svz(cases[_i].b), &o, &arena,
				 &b, NULL, NULL),
		0);
	ck_assert_str_eq(b.p ? b.p : "", cases[_i].want);
}
END_TEST

START_TEST(names_colours_and_counts)
{
	og_auto_buf struct og_buf b = OG_BUF_INIT(0);
	struct og_textdiff_stat stat;
	struct og_textdiff_options o = {.old_name = "a.yaml", .new_name = "b.yaml", .colour = true};
	struct og_sv x = OG_SV("k\ny: \033[2Jz\r\n"), y = OG_SV("k\ny: \xC2\x9Bz\t\x7F\n");
	ck_assert_int_eq(og_textdiff_unified(x, y, &o, &arena, &b, &stat, NULL), 0);
	/* Nothing of the text reaches the terminal as a control sequence. */
	ck_assert_str_eq(b.p, "\033[1m--- a.yaml\033[0m\n\033[1m+++ b.yaml\033[0m\n"
			      "\033[36m@@ -1,2 +1,2 @@\033[0m\n k\n"
			      "\033[31m-y: ^[[2Jz\033[0m\n\033[32m+y: <U+009B>z\t^?\033[0m\n");
	ck_assert(stat.added == 1 && stat.removed == 1);
	og_buf_reset(&b);
	ck_assert_int_eq(og_textdiff_unified(x, x, &o, &arena, &b, &stat, NULL), 0);
	ck_assert(b.len == 0 && stat.added == 0 && stat.removed == 0);
	o = (struct og_textdiff_options){.no_context = true};
	ck_assert_int_eq(og_textdiff_unified(OG_SV("a\nb\nc\n"), OG_SV("a\nB\nc\n"), &o, &arena, &b,
				 NULL, NULL),
		0);
	ck_assert_str_eq(b.p, "@@ -2 +2 @@\n-b\n+B\n");
}
END_TEST

/* ---- Applying hunks -------------------------------------------------------------------------- */

static size_t line_len(struct og_sv t, size_t at)
{
	const char *lf = memchr(t.p + at, '\n', t.n - at);
	return lf ? (size_t)(lf - t.p) + 1 - at : t.n - at;
}

/* A plain reading of the format; any disagreement with the old text fails the test. */
static void apply(struct og_sv old, struct og_sv diff, struct og_buf *out)
{
	size_t at = 0, line = 1;
	for (size_t p = 0; p < diff.n;) {
		unsigned from, n = 1, new_from, new_n = 1;
		char head[80];
		size_t len = line_len(diff, p);
		ck_assert_uint_lt(len, sizeof(head));
		memcpy(head, diff.p + p, len);
		head[len] = '\0';
		const char *plus = strchr(head, '+');
		ck_assert(plus && sscanf(head, "@@ -%u,%u", &from, &n) >= 1 &&
			  sscanf(plus, "+%u,%u", &new_from, &new_n) >= 1);
		for (p += len; line < from + (n == 0); line++) {
			size_t l = line_len(old, at);
			og_buf_add(out, old.p + at, l);
			at += l;
		}
		while (n || new_n) {
			char sign = diff.p[p++];
			len = line_len(diff, p);
			struct og_sv text = og_sv(diff.p + p, len);
			p += len;
			if (p < diff.n && diff.p[p] == '\\') {
				text.n--;
				p += line_len(diff, p);
			}
			if (sign != '+') {
				ck_assert(og_sv_eq(text, og_sv(old.p + at, line_len(old, at))));
				at += text.n;
				line++;
				n--;
			}
			if (sign != '-') {
				og_buf_sv(out, text);
				new_n--;
			}
		}
	}
	og_buf_add(out, old.p + at, old.n - at);
}

static uint64_t rng = 88172645463325252u;

static unsigned rnd(unsigned n)
{
	rng ^= rng << 13;
	rng ^= rng >> 7;
	rng ^= rng << 17;
	return (unsigned)((rng >> 11) % n);
}

static void lines(struct og_buf *b, unsigned n, unsigned kinds)
{
	for (unsigned i = 0; i < n; i++)
		og_buf_fmt(b, "%u\n", rnd(kinds));
	if (n && rnd(3) == 0)
		b->p[--b->len] = '\0';
}

START_TEST(hunks_give_the_new_text)
{
	og_auto_buf struct og_buf a = OG_BUF_INIT(0), b = OG_BUF_INIT(0), d = OG_BUF_INIT(0),
				  got = OG_BUF_INIT(0);
	for (unsigned i = 0; i < 3000; i++) {
		struct og_textdiff_stat stat;
		struct og_textdiff_options o = {.context = rnd(5)};
		unsigned kinds = 1 + rnd(12);
		og_buf_reset(&a);
		og_buf_reset(&b);
		og_buf_reset(&d);
		og_buf_reset(&got);
		lines(&a, rnd(40), kinds);
		lines(&b, rnd(40), kinds);
		struct og_sv x = og_buf_view(&a), y = og_buf_view(&b);
		ck_assert_int_eq(og_textdiff_unified(x, y, &o, &arena, &d, &stat, NULL), 0);
		apply(x, og_buf_view(&d), &got);
		ck_assert(og_sv_eq(og_buf_view(&got), y));
		ck_assert(d.len || og_sv_eq(x, y));
		og_arena_reset(&arena);
	}
}
END_TEST

/* The number of changed lines is the least possible one. */
START_TEST(differences_are_minimal)
{
	static unsigned t[41][41];
	for (unsigned i = 0; i < 500; i++) {
		char a[41], b[41], x[81], y[81];
		unsigned n = rnd(40), m = rnd(40);
		for (unsigned k = 0; k < n; k++) {
			a[k] = (char)('a' + rnd(4));
			x[2 * k] = a[k];
			x[2 * k + 1] = '\n';
		}
		for (unsigned k = 0; k < m; k++) {
			b[k] = (char)('a' + rnd(4));
			y[2 * k] = b[k];
			y[2 * k + 1] = '\n';
		}
		for (unsigned p = 0; p <= n; p++)
			for (unsigned q = 0; q <= m; q++) {
				unsigned up = p ? t[p - 1][q] : 0, left = q ? t[p][q - 1] : 0;
				t[p][q] = up > left ? up : left;
				if (p && q && a[p - 1] == b[q - 1])
					t[p][q] = t[p - 1][q - 1] + 1;
			}
		og_auto_buf struct og_buf d = OG_BUF_INIT(0);
		struct og_textdiff_stat stat;
		ck_assert_int_eq(og_textdiff_unified(og_sv(x, 2 * n), og_sv(y, 2 * m), NULL, &arena,
					 &d, &stat, NULL),
			0);
		ck_assert_uint_eq(stat.added + stat.removed, n + m - 2 * t[n][m]);
		og_arena_reset(&arena);
	}
}
END_TEST

START_TEST(large_texts_stay_cheap)
{
	og_auto_buf struct og_buf a = OG_BUF_INIT(0), b = OG_BUF_INIT(0), d = OG_BUF_INIT(0),
				  got = OG_BUF_INIT(0);
	for (unsigned i = 0; i < 30000; i++) {
		og_buf_fmt(&a, "a%u\n", i);
		og_buf_fmt(&b, "b%u\n", i);
	}
	ck_assert_int_eq(
		og_textdiff_unified(og_buf_view(&a), og_buf_view(&b), NULL, &arena, &d, NULL, NULL),
		0);
	apply(og_buf_view(&a), og_buf_view(&d), &got);
	ck_assert(og_sv_eq(og_buf_view(&got), og_buf_view(&b)));
	/* More edits than one search takes, with lines in common. */
	og_buf_reset(&b);
	og_buf_reset(&d);
	og_buf_reset(&got);
	for (unsigned i = 0; i < 30000; i++)
		og_buf_fmt(&b, i % 3 ? "a%u\n" : "x%u\n", i);
	ck_assert_int_eq(
		og_textdiff_unified(og_buf_view(&a), og_buf_view(&b), NULL, &arena, &d, NULL, NULL),
		0);
	apply(og_buf_view(&a), og_buf_view(&d), &got);
	ck_assert(og_sv_eq(og_buf_view(&got), og_buf_view(&b)));
}
END_TEST

START_TEST(failures_leave_the_output)
{
	og_mem_fault_arm(0, false);
	og_auto_buf struct og_buf ok = OG_BUF_INIT(0);
	og_textdiff_unified(OG_SV("a\n"), OG_SV("b\n"), NULL, &arena, &ok, NULL, NULL);
	unsigned long total = og_mem_fault_disarm();
	for (unsigned long n = 1; n <= total; n++) {
		struct og_arena a;
		struct og_err err = OG_ERR_INIT;
		og_auto_buf struct og_buf b = OG_BUF_INIT(0);
		og_arena_init(&a, 0, 0);
		og_mem_fault_arm(n, true);
		int rc = og_textdiff_unified(OG_SV("a\n"), OG_SV("b\n"), NULL, &a, &b, NULL, &err);
		og_mem_fault_disarm();
		ck_assert_int_lt(rc, 0);
		ck_assert_uint_eq(b.len, 0);
		ck_assert_str_ne(err.msg, "");
		og_arena_fini(&a);
	}
	og_auto_buf struct og_buf tiny = OG_BUF_INIT(4);
	ck_assert_int_eq(
		og_textdiff_unified(OG_SV("a\n"), OG_SV("b\n"), NULL, &arena, &tiny, NULL, NULL),
		-OG_E_LIMIT);
	ck_assert_uint_eq(tiny.len, 0);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("codec/textdiff");
	TCase *tc = tcase_create("textdiff");
	tcase_set_timeout(tc, 120);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, exact_texts, 0, (int)OG_COUNT(cases));
	tcase_add_test(tc, names_colours_and_counts);
	tcase_add_test(tc, hunks_give_the_new_text);
	tcase_add_test(tc, differences_are_minimal);
	tcase_add_test(tc, large_texts_stay_cheap);
	tcase_add_test(tc, failures_leave_the_output);
	suite_add_tcase(s, tc);
	return og_suite_run(s);
}
