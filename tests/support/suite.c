/* SPDX-License-Identifier: Apache-2.0 */
#include "support/suite.h"

int og_suite_patience(void)
{
	const char *text = getenv("CK_TIMEOUT_MULTIPLIER");
	long n = text ? strtol(text, NULL, 10) : 1;
	return n > 1 && n < 1000 ? (int)n : 1;
}

int og_suite_run(Suite *s)
{
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
