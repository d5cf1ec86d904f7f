/* SPDX-License-Identifier: Apache-2.0 */
/* The first look: what flows, what does not, and what cannot be known. */
#include <check.h>
#include "support/arrivalworld.h"
#include "support/suite.h"

START_TEST(flows_by_pods)
{
	struct arrivalworld aw;
	arrivalworld_init(&aw, "+m1 +m2 +t1");
	arrivalworld_judge(&aw);
	const struct og_arrival_verdict *m = &aw.r.signal[OG_SIGNAL_METRICS];
	ck_assert_int_eq(m->state, OG_AR_FLOWING);
	ck_assert_int_eq(m->tie, OG_TIE_REVISION);
	ck_assert_uint_eq(m->covered, 2);
	ck_assert_uint_eq(m->of, 2);
	const struct og_arrival_verdict *t = &aw.r.signal[OG_SIGNAL_TRACES];
	ck_assert_int_eq(t->state, OG_AR_FLOWING);
	ck_assert_uint_eq(t->nsilent, 1);
	ck_assert(og_sv_is(t->silent[0], "web-2"));
	ck_assert_msg(og_sv_is(t->message, "1/2 pods send traces; not: web-2."), "%.*s",
		OG_SV_ARG(t->message));
	arrivalworld_fini(&aw);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("core/arrival");
	TCase *t = tcase_create("arrival");
	tcase_add_test(t, flows_by_pods);
	suite_add_tcase(s, t);
	return og_suite_run(s);
}
