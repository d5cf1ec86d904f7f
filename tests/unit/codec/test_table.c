/* SPDX-License-Identifier: Apache-2.0 */
/* Tables: exact layouts. */
#include "otelgate/base/mem.h"
#include "otelgate/codec/table.h"
#include "support/suite.h"

static struct og_arena arena;
static struct og_table table;

static const struct og_table_column columns[] = {
	{"NAME", 0, false}, {"AGE", 0, true}, {"REASON", 8, false}};

static void setup(void)
{
	og_arena_init(&arena, 0, 0);
	og_table_init(&table, &arena, columns, OG_COUNT(columns));
}

static void teardown(void)
{
	og_arena_fini(&arena);
}

static void row(const char *a, const char *b, const char *c)
{
	struct og_sv cells[] = {og_svz(a), og_svz(b), og_svz(c)};
	og_table_row(&table, cells);
}

static void expect(bool header, const char *want)
{
	og_auto_buf struct og_buf b = OG_BUF_INIT(0);
	ck_assert(og_table_write(&table, header, &b));
	ck_assert_str_eq(b.p ? b.p : "", want);
}

START_TEST(columns_are_aligned)
{
	row("engine", "5m", "ok");
	row("a", "120d", "");
	expect(true, "NAME      AGE   REASON\nengine     5m   ok\na        120d\n");
	expect(false, "engine     5m   ok\na        120d\n");
}
END_TEST

START_TEST(no_rows_print_the_header_alone)
{
	expect(true, "NAME   AGE   REASON\n");
	expect(false, "");
}
END_TEST

START_TEST(width_is_that_of_a_terminal)
{
	row("\u00e9t\u00e9", "1", "\u20ac");
	row("\U0001f600", "2", "x");
	row("\u4e2d\u6587", "3", "e\u0301");
	expect(false, "\u00e9t\u00e9    1   \u20ac\n\U0001f600     2   x\n\u4e2d\u6587   3   "
		      "e\u0301\n");
	ck_assert_uint_eq(og_table_width(OG_SV("a\u00e9\U0001f600")), 4);
}
END_TEST

START_TEST(no_character_is_cut_apart)
{
	row("n", "1", "\u4e2d\u4e2d\u4e2d\u4e2d");
	row("n", "1", "\u4e2d\u4e2d\u4e2d\u4e2d\u4e2d"); /* 7 columns are for 3 and a half */
	row("n", "1", "1234567\U0001f469\u200d\U0001f4bb");
	row("n", "1", "123456e\u0301xy");
	expect(false, "n   1   \u4e2d\u4e2d\u4e2d\u4e2d\n"
		      "n   1   \u4e2d\u4e2d\u4e2d\u2026\n"
		      "n   1   1234567\u2026\n"
		      "n   1   123456e\u0301\u2026\n");
}
END_TEST

START_TEST(a_terminal_without_utf8_gets_ascii)
{
	table.ascii = true;
	row("\u00e9t\u00e9", "1", "123456789");
	row("\u4e2d\u6587", "2", "e\u0301\u20ac");
	row("\U0001f469\u200d\U0001f4bb", "3", "12345\u4e2d\u4e2d");
	expect(false, "?t?    1   12345...\n????   2   ??\n??     3   12345...\n");
}
END_TEST

START_TEST(long_cells_are_cut)
{
	row("n", "1", "12345678");
	row("n", "1", "123456789");
	row("n", "1", "\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9");
	expect(false,
		"n   1   12345678\nn   1   1234567\xE2\x80\xA6\n"
		"n   1   \xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xE2\x80\xA6\n");
}
END_TEST

START_TEST(hostile_cells_cannot_break_the_layout)
{
	row("a\nb\tc", "\033[2J", "\xFF\xC3");
	row("\xC2\x9B", "\x7F", "x  ");
	row("\u202eb", "\u200b", "\u0301");
	expect(false, "a b c    [2J   ??\n               x\n b         ?   ?\n");
}
END_TEST

START_TEST(lack_of_memory_is_told)
{
	og_auto_buf struct og_buf b = OG_BUF_INIT(0), tiny = OG_BUF_INIT(3);
	og_mem_fault_arm(1, true);
	row("a", "b", "c");
	og_mem_fault_disarm();
	ck_assert(table.failed);
	row("d", "e", "f");
	ck_assert_uint_eq(table.nrows, 0);
	ck_assert(!og_table_write(&table, true, &b));
	og_table_init(&table, &arena, columns, OG_COUNT(columns));
	ck_assert(!og_table_write(&table, true, &tiny));
	og_mem_fault_arm(1, true);
	bool ok = og_table_write(&table, true, &b);
	og_mem_fault_disarm();
	ck_assert(!ok);
}
END_TEST

START_TEST(many_rows)
{
	for (int i = 0; i < 1000; i++)
		row(i == 500 ? "longer" : "x", "1", "y");
	og_auto_buf struct og_buf b = OG_BUF_INIT(0);
	ck_assert(og_table_write(&table, false, &b));
	ck_assert_uint_eq(b.len, 1000 * (6 + 3 + 1 + 3 + 1 + 1));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("codec/table");
	TCase *tc = tcase_create("table");
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, columns_are_aligned);
	tcase_add_test(tc, no_rows_print_the_header_alone);
	tcase_add_test(tc, width_is_that_of_a_terminal);
	tcase_add_test(tc, no_character_is_cut_apart);
	tcase_add_test(tc, a_terminal_without_utf8_gets_ascii);
	tcase_add_test(tc, long_cells_are_cut);
	tcase_add_test(tc, hostile_cells_cannot_break_the_layout);
	tcase_add_test(tc, lack_of_memory_is_told);
	tcase_add_test(tc, many_rows);
	suite_add_tcase(s, tc);
	return og_suite_run(s);
}
