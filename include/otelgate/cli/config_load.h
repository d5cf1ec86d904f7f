/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* Configuration for commands: loaded from --config, problems shown to people. */
#include "otelgate/cli/command.h"
#include "otelgate/webhook/config_files.h"

/*
 * Loads the configuration into cli->arena. Returns OG_EXIT_PASS with *ret set, or the exit code:
 * FAULT when a file can't be read or is wrong (the problems are on standard error then). Warnings
 * go to standard error and change nothing. stdin_fd: where "-" is read from; -1 refuses it.
 */
int og_cli_config_load(struct og_cli *cli, const char *const *paths, size_t npaths, int stdin_fd,
	const struct og_config **ret);

/* The same, with the texts that were read (for origins). */
struct og_config_set {
	const struct og_config *config;
	const struct og_config_input *inputs;
	size_t ninputs;
};
int og_cli_config_load_set(struct og_cli *cli, const char *const *paths, size_t npaths,
	int stdin_fd, struct og_config_set *ret);

/*
 * Appends a problem for people: the line of og_config_problem_text, the source line with a caret,
 * and the hint. What looks like a credential in the source line is hidden.
 */
void og_cli_config_problem(
	struct og_buf *out, const struct og_config_problem *p, struct og_sv text, bool colour);
/* "2 errors, 1 warning". */
void og_cli_config_counts(struct og_buf *out, const struct og_config_report *rep);
