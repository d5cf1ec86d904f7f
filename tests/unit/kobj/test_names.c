/* SPDX-License-Identifier: Apache-2.0 */
/* Syntax of Kubernetes names. */
#include "otelgate/base/mem.h"
#include "otelgate/kobj/names.h"
#include "support/suite.h"

#define X63 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

enum { LABEL = 1, SUBDOMAIN = 2, KEY = 4, VALUE = 8, ENV = 16, OBJECT_KEY = 32 };
#define ALL (LABEL | SUBDOMAIN | KEY | VALUE | ENV | OBJECT_KEY)

static const struct {
	const char *s;
	unsigned good;
} rows[] = {
	{"", VALUE},
	{"a", ALL},
	{"a1", ALL},
	{"1a", ALL & ~(unsigned)ENV},
	{"A", KEY | VALUE | ENV | OBJECT_KEY},
	{"a-b", LABEL | SUBDOMAIN | KEY | VALUE | OBJECT_KEY},
	{"a--b", LABEL | SUBDOMAIN | KEY | VALUE | OBJECT_KEY},
	{"-a", OBJECT_KEY},
	{"a-", OBJECT_KEY},
	{"a_b", KEY | VALUE | ENV | OBJECT_KEY},
	{"_a", ENV | OBJECT_KEY},
	{"a.b", SUBDOMAIN | KEY | VALUE | OBJECT_KEY},
	{"a..b", KEY | VALUE | OBJECT_KEY},
	{"a.-b", KEY | VALUE | OBJECT_KEY},
	{"a-.b", KEY | VALUE | OBJECT_KEY},
	{".a", OBJECT_KEY},
	{"a.", OBJECT_KEY},
	{".", 0},
	{"..", 0},
	{"..a", 0},
	{"a/b", KEY},
	{"a.b/c_D", KEY},
	{"A/b", 0},
	{"/b", 0},
	{"a/", 0},
	{"a/b/c", 0},
	{"a b", 0},
	{"a\n", 0},
	{"\xc3\xa9", 0},
	{X63, ALL},
	{X63 "a", SUBDOMAIN | ENV | OBJECT_KEY},
	{X63 "." X63 "." X63 "." X63, 0},
};

START_TEST(table)
{
	struct og_sv s = og_svz(rows[_i].s);
	unsigned got = (og_name_is_dns_label(s) ? LABEL : 0u) |
		       (og_name_is_dns_subdomain(s) ? SUBDOMAIN : 0u) |
		       (og_name_is_label_key(s) ? KEY : 0u) |
		       (og_name_is_label_value(s) ? VALUE : 0u) | (og_name_is_env(s) ? ENV : 0u) |
		       (og_name_is_object_key(s) ? OBJECT_KEY : 0u);
	ck_assert_msg(
		got == rows[_i].good, "\"%s\": 0x%x, want 0x%x", rows[_i].s, got, rows[_i].good);
}
END_TEST

START_TEST(nul_is_no_letter)
{
	struct og_sv s = og_sv("a\0b", 3);
	ck_assert(!og_name_is_dns_label(s) && !og_name_is_dns_subdomain(s));
	ck_assert(!og_name_is_label_key(s) && !og_name_is_label_value(s));
	ck_assert(!og_name_is_env(s) && !og_name_is_object_key(s));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("kobj/names");
	TCase *tc = tcase_create("names");
	tcase_add_loop_test(tc, table, 0, (int)OG_COUNT(rows));
	tcase_add_test(tc, nul_is_no_letter);
	suite_add_tcase(s, tc);
	return og_suite_run(s);
}
