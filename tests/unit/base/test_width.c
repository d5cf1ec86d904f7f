/* SPDX-License-Identifier: Apache-2.0 */
/* Columns of text. The cases are those of UAX #11, UAX #29 and UTS #51. */
#include <check.h>
#include "otelgate/base/mem.h"
#include "otelgate/base/width.h"
#include "support/suite.h"

static const struct {
	const char *text;
	uint32_t columns, glyphs;
} texts[] = {
	{"", 0, 0},
	{"abc", 3, 3},
	{"\u00e9t\u00e9", 3, 3},
	{"e\u0301te\u0301", 3, 3}, /* the same of letters and marks */
	{"\u4e2d\u6587", 4, 2},
	{"\uff21\uff22", 4, 2}, /* full width */
	{"\uff71", 1, 1},	/* half width */
	{"\ud55c", 2, 1},
	{"\u1112\u1161\u11ab", 2, 1}, /* the same of jamo */
	{"\u0928\u093f", 2, 1},	      /* a consonant with a vowel that takes a column */
	{"\u0e01\u0e33", 2, 1},
	{"\u03b1\u2026\u25b2\u2713", 4, 4}, /* ambiguous: one each */
	{"\U0001f600", 2, 1},
	{"\u26a0", 1, 1},	/* an emoji that is text by default */
	{"\u26a0\ufe0f", 2, 1}, /* until its style asks for more */
	{"\U0001f44d\U0001f3fd", 2, 1},
	{"\U0001f3fd", 2, 1},
	{"\U0001f469\u200d\U0001f4bb", 2, 1},
	{"\U0001f468\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466", 2, 1},
	{"\U0001f3f3\ufe0f\u200d\U0001f308", 2, 1},
	{"\U0001f1e9\U0001f1ea", 2, 1},
	{"\U0001f1e9\U0001f1ea\U0001f1eb\U0001f1f7", 4, 2},
	{"1\ufe0f\u20e3", 2, 1},
	{"a\u20e3", 1, 1},
	{"a\u200d\u4e2d", 3, 2}, /* what is joined has to be an emoji on both sides */
	{"\U0001f600a", 3, 2},
};

START_TEST(text_has_its_columns)
{
	struct og_sv s = og_svz(texts[_i].text);
	uint32_t n = 0;

	ck_assert_uint_eq(og_width(s), texts[_i].columns);
	for (size_t i = 0; i < s.n; n++) {
		struct og_glyph g = og_glyph_first(og_sv(s.p + i, s.n - i));
		ck_assert_int_eq(g.kind, OG_GLYPH_TEXT);
		i += g.n;
	}
	ck_assert_uint_eq(n, texts[_i].glyphs);
}
END_TEST

static const struct {
	const char *text;
	enum og_glyph_kind kind;
	size_t n;
} odd[] = {
	{"\n", OG_GLYPH_STEERS, 1},
	{"\033[2J", OG_GLYPH_STEERS, 1},
	{"\x7f", OG_GLYPH_STEERS, 1},
	{"\xc2\x9b", OG_GLYPH_STEERS, 2},
	{"\xff", OG_GLYPH_BAD, 1},
	{"\xc3", OG_GLYPH_BAD, 1},
	{"\xe4\xb8", OG_GLYPH_BAD, 1},
	{"\xc0\xaf", OG_GLYPH_BAD, 1},
	{"\xed\xa0\x80", OG_GLYPH_BAD, 1},
	{"\xf4\x90\x80\x80", OG_GLYPH_BAD, 1},
	{"\u202e", OG_GLYPH_STEERS, 3},
	{"\u2066", OG_GLYPH_STEERS, 3},
	{"\u200b", OG_GLYPH_BAD, 3},
	{"\ufeff", OG_GLYPH_BAD, 3},
	{"\u2028", OG_GLYPH_STEERS, 3},
	{"\u0301", OG_GLYPH_BAD, 2}, /* a mark with nothing below it */
	{"\u200d", OG_GLYPH_BAD, 3},
	{"\U000e0001", OG_GLYPH_BAD, 4},
};

START_TEST(what_cannot_be_shown_is_one_column)
{
	struct og_glyph g = og_glyph_first(og_svz(odd[_i].text));

	ck_assert_int_eq(g.kind, odd[_i].kind);
	ck_assert_uint_eq(g.n, odd[_i].n);
	ck_assert_uint_eq(g.columns, 1);
}
END_TEST

START_TEST(a_cut_keeps_characters_whole)
{
	struct og_sv s = OG_SV("a\u4e2d\U0001f469\u200d\U0001f4bbe\u0301");
	static const struct {
		uint32_t columns;
		size_t n;
	} cuts[] = {{0, 0}, {1, 1}, {2, 1}, {3, 4}, {4, 4}, {5, 15}, {6, 18}, {7, 18},
		{UINT32_MAX, 18}};

	for (size_t i = 0; i < OG_COUNT(cuts); i++)
		ck_assert_uint_eq(og_width_fit(s, cuts[i].columns), cuts[i].n);
}
END_TEST

START_TEST(a_tower_of_marks_ends)
{
	char text[1 + 2 * 100];
	struct og_sv s = og_sv(text, sizeof(text));

	text[0] = 'a';
	for (size_t i = 1; i < sizeof(text); i += 2)
		memcpy(text + i, "\u0301", 2);
	struct og_glyph g = og_glyph_first(s);
	ck_assert_uint_eq(g.n, 1 + 2 * OG_GLYPH_MARKS);
	ck_assert_uint_eq(g.columns, 1);
	ck_assert_uint_eq(og_width(s), 1 + 100 - OG_GLYPH_MARKS);
}
END_TEST

/* Whatever the bytes are: the parts are those of the whole, and none is empty. */
START_TEST(any_bytes_are_measured)
{
	char text[64];
	uint64_t x = (uint64_t)(unsigned)_i * 0x9e3779b97f4a7c15UL + 1;

	for (size_t i = 0; i < sizeof(text); i++) {
		x ^= x << 13, x ^= x >> 7, x ^= x << 17;
		text[i] = (char)(x >> ((unsigned)_i & 31));
	}
	struct og_sv s = og_sv(text, sizeof(text));
	uint32_t all = og_width(s), sum = 0;
	for (size_t i = 0; i < s.n;) {
		struct og_glyph g = og_glyph_first(og_sv(s.p + i, s.n - i));
		ck_assert_uint_ge(g.n, 1);
		ck_assert_uint_le(g.n, s.n - i);
		ck_assert_uint_eq(og_width_fit(s, sum + g.columns), i + g.n);
		sum += g.columns;
		i += g.n;
	}
	ck_assert_uint_eq(sum, all);
	ck_assert_uint_eq(og_width_fit(s, all), s.n);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("base/width");
	TCase *t = tcase_create("width");

	tcase_add_loop_test(t, text_has_its_columns, 0, (int)OG_COUNT(texts));
	tcase_add_loop_test(t, what_cannot_be_shown_is_one_column, 0, (int)OG_COUNT(odd));
	tcase_add_test(t, a_cut_keeps_characters_whole);
	tcase_add_test(t, a_tower_of_marks_ends);
	tcase_add_loop_test(t, any_bytes_are_measured, 0, 100);
	suite_add_tcase(s, t);
	return og_suite_run(s);
}
