/* SPDX-License-Identifier: Apache-2.0 */
#include "support/property.h"
#include "support/suite.h"

enum { SECONDS = 120 };
static const struct property *all;
static unsigned runs_each;

START_TEST(test_property)
{
	const struct property *p = &all[_i];

	ck_assert_msg(world_run(p->name, p->holds, p->opts, runs_each), "%s", p->name);
	if (!getenv("PROPERTY_RUNS"))
		ck_assert_msg(world_hits() >= runs_each * p->atleast / 100,
			"%s: only %u of %u worlds had what it is about", p->name, world_hits(),
			runs_each);
}
END_TEST

int property_main(const char *suite, const struct property *rows, size_t n, unsigned runs)
{
	Suite *s = suite_create(suite);
	TCase *t = tcase_create("properties");

	all = rows;
	runs_each = runs;
	tcase_set_timeout(t, SECONDS);
	tcase_add_loop_test(t, test_property, 0, (int)n);
	suite_add_tcase(s, t);
	return og_suite_run(s);
}
