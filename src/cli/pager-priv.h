/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* More than a screen, on a terminal, is shown by a pager. */
#include "otelgate/cli/command.h"

/*
 * The command line of the pager for `text` on the terminal of cli->out_fd, or NULL: it is no
 * terminal or a dumb one, the text fits, or nobody wants one. As git does it: OTELGATE_PAGER, else
 * PAGER, else less; empty or "cat" means none.
 */
const char *og_pager_command(const struct og_cli *cli, struct og_sv text);

/*
 * Shows text by the pager, a command line for sh, and waits until it is left. LESS=FRX (end when it
 * fits, keep colours, leave the text on the screen) and LV=-c, where they are not set. False when
 * it cannot be run: nothing was shown then.
 */
bool og_pager_show(const struct og_cli *cli, const char *command, struct og_sv text);
