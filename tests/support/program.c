/* SPDX-License-Identifier: Apache-2.0 */
#include "support/program.h"
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { UP = 3 }; /* tests/<floor>/test_x */

const char *og_test_program(void)
{
	static char path[4096 + 16];
	const char *given = getenv("OG_BIN");

	if (given)
		return given;
	ssize_t n = readlink("/proc/self/exe", path, 4096);
	ck_assert(n > 0 && n < 4096);
	path[n] = '\0';
	for (int i = 0; i < UP; i++) {
		char *slash = strrchr(path, '/');
		ck_assert_ptr_nonnull(slash);
		*slash = '\0';
	}
	(void)snprintf(path + strlen(path), 16, "/otelgate");
	return path;
}
