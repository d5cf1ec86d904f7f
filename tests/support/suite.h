/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* What every Check program shares: running one suite as main. */
#include <check.h>
#include <stdlib.h>

/* Runs the suite, frees it, and gives main's return value. */
int og_suite_run(Suite *s);
