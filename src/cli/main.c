/* SPDX-License-Identifier: Apache-2.0 */
/* Entry point: finds the command and runs it. */
#include <stdio.h>

int main(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	puts("otelgate " OG_VERSION);
	return 0;
}
