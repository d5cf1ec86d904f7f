/* SPDX-License-Identifier: Apache-2.0 */
/* Terminals: what the locale can show, text that cannot steer them, prose in columns. */
#include <check.h>
#include "otelgate/base/mem.h"
#include "otelgate/cli/term.h"
#include "support/suite.h"

static const char *all, *ctype, *lang;

static const char *env(const char *name)
{
	return !strcmp(name, "LC_ALL")	   ? all
	       : !strcmp(name, "LC_CTYPE") ? ctype
	       : !strcmp(name, "LANG")	   ? lang
					   : NULL;
}

static const struct {
	const char *all, *ctype, *lang;
	bool ascii;
} locales[] = {
	{NULL, NULL, NULL, true}, /* the C locale */
	{"", "", "", true},
	{"C", NULL, NULL, true},
	{"POSIX", NULL, NULL, true},
	{"de_DE", NULL, NULL, true},
	{"de_DE.ISO-8859-1", NULL, NULL, true},
	{"de_DE.ISO-8859-15@euro", NULL, NULL, true},
	{"de_DE.UTF-80", NULL, NULL, true},
	{"UTF-8", NULL, NULL, true}, /* no locale has that name */
	{"en_US.UTF-8", NULL, NULL, false},
	{"en_US.utf8", NULL, NULL, false},
	{"C.UTF-8", NULL, NULL, false},
	{"de_DE.UTF-8@euro", NULL, NULL, false},
	{NULL, "en_US.UTF-8", NULL, false},
	{NULL, NULL, "en_US.UTF-8", false},
	{"C", "en_US.UTF-8", "en_US.UTF-8", true}, /* LC_ALL is above all */
	{"en_US.UTF-8", "C", "C", false},
	{"", "C", "en_US.UTF-8", true},
	{"", "en_US.UTF-8", "C", false},
};

START_TEST(the_first_variable_that_is_set_decides)
{
	all = locales[_i].all;
	ctype = locales[_i].ctype;
	lang = locales[_i].lang;
	ck_assert_int_eq(og_term_ascii(env), locales[_i].ascii);
}
END_TEST

static const struct {
	const char *text, *want;
} safe[] = {
	{"plain \u00e9 \u4e2d \U0001f469\u200d\U0001f4bb",
		"plain \u00e9 \u4e2d \U0001f469\u200d\U0001f4bb"},
	{"\033[2J\r\n", "\\x1b[2J\\x0d\\x0a"},
	{"\x7f\xc2\x9b", "\\x7f\\xc2\\x9b"},
	{"\xff\xc3", "\\xff\\xc3"},
	{"a\u202eb", "a\\xe2\\x80\\xaeb"},
	{"a\u200bb", "a\\xe2\\x80\\x8bb"},
	{"\u0301a", "\\xcc\\x81a"},
	{"a\u0301", "a\u0301"},
};

START_TEST(text_cannot_steer_the_terminal)
{
	og_auto_buf struct og_buf b = OG_BUF_INIT(0);

	og_text_safe(&b, og_svz(safe[_i].text));
	ck_assert_str_eq(b.p, safe[_i].want);
}
END_TEST

START_TEST(prose_is_wrapped_by_columns)
{
	og_auto_buf struct og_buf b = OG_BUF_INIT(0);

	og_text_wrap(&b, OG_SV("\u4e2d\u6587 \u4e2d\u6587 ab\ncd"), 0, 2, 9);
	ck_assert_str_eq(b.p, "\u4e2d\u6587 \u4e2d\u6587\n  ab\n  cd");
}
END_TEST

int main(void)
{
	Suite *s = suite_create("cli/term");
	TCase *t = tcase_create("term");

	tcase_add_loop_test(t, the_first_variable_that_is_set_decides, 0, (int)OG_COUNT(locales));
	tcase_add_loop_test(t, text_cannot_steer_the_terminal, 0, (int)OG_COUNT(safe));
	tcase_add_test(t, prose_is_wrapped_by_columns);
	suite_add_tcase(s, t);
	return og_suite_run(s);
}
