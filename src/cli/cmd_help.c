/* SPDX-License-Identifier: Apache-2.0 */
/* help, version: what the program says of itself. */
#include <jansson.h>
#include <microhttpd.h>
#include <openssl/crypto.h>
#include <yaml.h>
#include "otelgate/base/mem.h"
#include "otelgate/base/suggest.h"
#include "otelgate/cli/command.h"
#include "otelgate/codec/jwrite.h"
#include "commands-priv.h"

static int run_help(struct og_cli *cli, void *args, const struct og_parsed *p)
{
	(void)args;
	char *words[2];
	int n = 0, taken = 0;
	for (size_t i = 0; i < p->noperands && i < OG_COUNT(words); i++) {
		words[n] = og_arena_fmt(cli->arena, "%s", p->operands[i]);
		if (!words[n++])
			return OG_EXIT_FAULT;
	}
	if (n == 0) {
		og_help_program(&cli->out, cli->prog, cli->width, cli->colour_out);
		return OG_EXIT_PASS;
	}
	const struct og_command *cmd = og_command_find(n, words, &taken);
	if (cmd && taken == n) {
		og_help_command(&cli->out, cmd, cli->prog, cli->width, cli->colour_out);
		return OG_EXIT_PASS;
	}
	if (n == 1 &&
		og_help_group(&cli->out, og_svz(words[0]), cli->prog, cli->width, cli->colour_out))
		return OG_EXIT_PASS;
	const char *names[64];
	size_t nnames = 0;
	for (size_t i = 0; i < og_ncommands && nnames < OG_COUNT(names); i++)
		names[nnames++] = og_commands[i]->hidden ? NULL : og_commands[i]->name;
	const char *typed = n == 2 ? og_arena_fmt(cli->arena, "%s %s", words[0], words[1])
				   : words[0];
	const char *near = typed ? og_suggest(og_svz(typed), names, nnames) : NULL;
	if (near)
		return og_cli_usage(
			cli, "unknown command \"%.64s\" (did you mean \"%s\"?)", typed, near);
	return og_cli_usage(cli, "unknown command \"%.64s\"", typed ? typed : "");
}

const struct og_command og_cmd_help = {
	.name = "help",
	.summary = "explain a command",
	.usage = "[COMMAND]",
	.max_operands = 2,
	.run = run_help,
};

struct version_args {
	unsigned output;
};
enum { VERSION_TEXT, VERSION_JSON };

static const struct og_opt version_opts[] = {
	{
		.name = "output",
		.letter = 'o',
		.type = OG_OPT_WORD,
		.at = offsetof(struct version_args, output),
		.arg = "FORM",
		.words = "text|json",
		.def = "text",
		.help = "form of the output",
	},
};

static void member(struct og_buf *b, const char *key, const char *value)
{
	og_buf_lit(b, ",\n  ");
	og_jw_str(b, og_svz(key));
	og_buf_lit(b, ": ");
	og_jw_str(b, og_svz(value));
}

static int run_version(struct og_cli *cli, void *args, const struct og_parsed *p)
{
	(void)p;
	const struct version_args *a = args;
	if (a->output == VERSION_TEXT) {
		og_buf_lit(&cli->out, "otelgate " OG_VERSION "\n");
		return OG_EXIT_PASS;
	}
	og_buf_lit(&cli->out, "{\n  \"version\": ");
	og_jw_str(&cli->out, OG_SV(OG_VERSION));
	member(&cli->out, "apiVersion", "otelgate.dev/v1alpha1");
	member(&cli->out, "compiler", __VERSION__);
	member(&cli->out, "jansson", jansson_version_str());
	member(&cli->out, "libyaml", yaml_get_version_string());
	member(&cli->out, "libmicrohttpd", MHD_get_version());
	member(&cli->out, "openssl", OpenSSL_version(OPENSSL_VERSION_STRING));
	og_buf_lit(&cli->out, "\n}\n");
	return OG_EXIT_PASS;
}

const struct og_command og_cmd_version = {
	.name = "version",
	.summary = "print the version",
	.usage = "[-o json]",
	.description =
		"With -o json also the versions of the compiler and of the libraries in use: "
		"what a bug report needs.",
	.opts = version_opts,
	.nopts = OG_COUNT(version_opts),
	.args_bytes = sizeof(struct version_args),
	.run = run_version,
};
