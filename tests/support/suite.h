/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* What every Check program shares: running one suite as main. */
#include <check.h>
#include <stdlib.h>

/* How many times longer than an idle machine this one may take: CK_TIMEOUT_MULTIPLIER, 1 without.
 * For limits of waits that end by themselves, and of what is claimed about an idle machine. */
int og_suite_patience(void);
/* An assertion that costs nothing while it holds, for loops of a model: Check writes a message to
 * its parent at every ck_assert, a million of them are minutes on a busy machine. */
#define ck_hold(cond)                                            \
	do {                                                     \
		if (!(cond))                                     \
			ck_abort_msg("%s does not hold", #cond); \
	} while (0)
/* Runs the suite, frees it, and gives main's return value. */
int og_suite_run(Suite *s);
