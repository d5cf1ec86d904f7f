/* SPDX-License-Identifier: Apache-2.0 */
/* Entry point. The table of commands is commands.c, what surrounds them cli.c. */
#include <stdlib.h>
#include "otelgate/cli/command.h"

static const char *from_environment(const char *name)
{
	return getenv(name);
}

int main(int argc, char **argv)
{
	return og_cli_main(argc, argv, from_environment);
}
