/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table of commands, in the order --help lists them. Each row is defined in the
 * cmd_<name>.c of its command.
 */
#include "otelgate/base/mem.h"
#include "otelgate/cli/command.h"
#include "otelgate/cli/term.h"
#include "commands-priv.h"

const struct og_command *const og_commands[] = {
	&og_cmd_inject,
	&og_cmd_uninject,
	&og_cmd_explain,
	&og_cmd_status,
	&og_cmd_doctor,
	&og_cmd_wait,
	&og_cmd_audit,
	&og_cmd_missed,
	&og_cmd_optin,
	&og_cmd_optout,
	&og_cmd_restart,
	&og_cmd_probe,
	&og_cmd_webhook,
	&og_cmd_controller,
	&og_cmd_review,
	&og_cmd_certs,
	&og_cmd_config_check,
	&og_cmd_config_show,
	&og_cmd_config_fields,
	&og_cmd_config_access,
	&og_cmd_help,
	&og_cmd_completion,
	&og_cmd_version,
	&og_cmd_complete,
	&og_cmd_gen_docs,
	&og_cmd_gen_config,
};
const size_t og_ncommands = OG_COUNT(og_commands);

const struct og_opt og_common_opts[] = {
	{
		.name = "color",
		.type = OG_OPT_WORD,
		.at = offsetof(struct og_common, colour),
		.arg = "WHEN",
		.words = "auto|always|never",
		.def = "auto",
		.help = "colour the output; auto means on a terminal, unless NO_COLOR is set or TERM is dumb",
		.group = "Common options",
	},
	{
		.name = "no-color",
		.type = OG_OPT_FLAG,
		.at = offsetof(struct og_common, no_colour),
		.help = "the same as --color=never",
		.group = "Common options",
	},
	{
		.name = "no-pager",
		.type = OG_OPT_FLAG,
		.at = offsetof(struct og_common, no_pager),
		.help = "do not show what is longer than the terminal in a pager "
			"($OTELGATE_PAGER, $PAGER or less; empty or \"cat\" means none)",
		.group = "Common options",
	},
};
const size_t og_ncommon_opts = OG_COUNT(og_common_opts);

/* Words of the command's name that argv begins with; 0 when it is not this command. */
static int matches(const struct og_command *cmd, int argc, char *const *argv)
{
	struct og_sv rest = og_svz(cmd->name), word;
	int n = 0;
	while (og_sv_split(&rest, ' ', &word)) {
		if (n >= argc || !og_sv_eq(word, og_svz(argv[n])))
			return 0;
		n++;
	}
	return n;
}

const struct og_command *og_command_find(int argc, char *const *argv, int *ret_words)
{
	const struct og_command *best = NULL;
	int best_words = 0;
	for (size_t i = 0; i < og_ncommands; i++) {
		int n = matches(og_commands[i], argc, argv);
		if (n > best_words) {
			best_words = n;
			best = og_commands[i];
		}
	}
	if (best)
		*ret_words = best_words;
	return best;
}
