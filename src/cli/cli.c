/* SPDX-License-Identifier: Apache-2.0 */
/* The program around the commands: dispatch, parsing, messages, writing. */
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <unistd.h>
#include "otelgate/base/fs.h"
#include "otelgate/base/mem.h"
#include "otelgate/base/suggest.h"
#include "otelgate/cli/command.h"
#include "otelgate/cli/term.h"
#include "commands-priv.h"
#include "pager-priv.h"

/* Output is collected, so it needs room for the largest input and what is inserted. */
enum { OUT_MAX_BYTES = 1 << 30, ARENA_MAX_BYTES = 1 << 30, MSG_BYTES = 4096 };

bool og_cli_show(struct og_cli *cli, struct og_sv text)
{
	struct og_err err = OG_ERR_INIT;
	const char *pager = og_pager_command(cli, text);

	(void)signal(SIGPIPE, SIG_IGN);
	if (!text.n || (pager && og_pager_show(cli, pager, text)) ||
		og_fs_write_all(cli->out_fd, "standard output", text.p, text.n, &err) == 0 ||
		err.sys == EPIPE)
		return true;
	og_cli_error(cli, "%s", err.msg);
	return false;
}

static bool flush(struct og_cli *cli, bool end)
{
	struct og_err err = OG_ERR_INIT;
	bool ok = !cli->out.failed;

	if (!ok)
		og_cli_error(cli, "out of memory: the output is not written");
	else if (end)
		ok = og_cli_show(cli, og_buf_view(&cli->out));
	else if (cli->out.len && og_fs_write_all(cli->out_fd, "standard output", cli->out.p,
					 cli->out.len, &err) != 0) {
		og_cli_error(cli, "%s", err.msg);
		ok = false;
	}
	og_buf_reset(&cli->out);
	/* Nobody is left to tell when this fails. */
	if (cli->err.len)
		(void)og_fs_write_all(
			cli->err_fd, "standard error", cli->err.p, cli->err.len, &err);
	og_buf_reset(&cli->err);
	return ok;
}

bool og_cli_flush(struct og_cli *cli)
{
	cli->no_pager = true; /* the rest follows what is on the screen */
	return flush(cli, false);
}

__attribute__((format(printf, 2, 0))) static void message(
	struct og_cli *cli, const char *fmt, va_list ap)
{
	struct og_buf b = OG_BUF_INIT(MSG_BYTES);
	og_buf_vfmt(&b, fmt, ap);
	og_buf_str(&cli->err, cli->prog);
	if (cli->cmd) {
		og_buf_ch(&cli->err, ' ');
		og_buf_str(&cli->err, cli->cmd->name);
	}
	og_buf_lit(&cli->err, ": ");
	struct og_sv rest = og_buf_view(&b), line;
	for (bool more = false; og_sv_split(&rest, '\n', &line); more = true) {
		if (more)
			og_buf_ch(&cli->err, '\n');
		og_text_safe(&cli->err, line);
	}
	og_buf_ch(&cli->err, '\n');
	og_buf_fini(&b);
}

void og_cli_error(struct og_cli *cli, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	message(cli, fmt, ap);
	va_end(ap);
}

int og_cli_usage(struct og_cli *cli, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	message(cli, fmt, ap);
	va_end(ap);
	og_buf_fmt(&cli->err, "Try \"%s%s%s --help\".\n", cli->prog, cli->cmd ? " " : "",
		cli->cmd ? cli->cmd->name : "");
	return OG_EXIT_USAGE;
}

int og_cli_fail(struct og_cli *cli, const struct og_err *err)
{
	if (err->code == OG_E_USAGE)
		return og_cli_usage(cli, "%s", err->msg);
	og_cli_error(cli, "%s", err->msg);
	return OG_EXIT_FAULT;
}

static int run_command(
	struct og_cli *cli, const struct og_command *cmd, int argc, char *const *argv)
{
	struct og_common common = {0};
	struct og_parsed parsed = {0};
	struct og_err err = OG_ERR_INIT;
	void *args = og_arena_calloc(cli->arena, 1, cmd->args_bytes + 1);
	if (!args) {
		og_cli_error(cli, "out of memory");
		return OG_EXIT_FAULT;
	}
	struct og_opt_set sets[] = {
		{cmd->opts, cmd->nopts, args},
		{og_common_opts, og_ncommon_opts, &common},
	};
	cli->cmd = cmd;
	int rc = og_opts_parse(
		sets, OG_COUNT(sets), argc, argv, cli->env, cli->arena, &parsed, &err);
	if (rc != 0)
		return og_cli_fail(cli, &err);
	enum og_colour when = common.no_colour ? OG_COLOUR_NEVER : (enum og_colour)common.colour;
	cli->colour_out = og_term_colour(cli->out_fd, when, cli->env);
	cli->colour_err = og_term_colour(cli->err_fd, when, cli->env);
	cli->no_pager = common.no_pager;
	if (parsed.help) {
		og_help_command(&cli->out, cmd, cli->prog, cli->width, cli->colour_out);
		return OG_EXIT_PASS;
	}
	if (parsed.noperands > cmd->max_operands)
		return og_cli_usage(cli, "unexpected argument \"%s\"%s",
			parsed.operands[cmd->max_operands],
			strcmp(cmd->name, "inject") == 0 || strcmp(cmd->name, "uninject") == 0
				? " (files are given with -f)"
				: "");
	if (parsed.noperands < cmd->min_operands)
		return og_cli_usage(
			cli, "an argument is missing: %s %s %s", cli->prog, cmd->name, cmd->usage);
	return cmd->run(cli, args, &parsed);
}

static int unknown_command(struct og_cli *cli, int argc, char *const *argv)
{
	struct og_sv first = og_svz(argv[0]);
	bool help = argc > 1 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0);
	struct og_buf group = OG_BUF_INIT(0);
	bool is_group = og_help_group(&group, first, cli->prog, cli->width, false);
	int code = OG_EXIT_USAGE;
	if (is_group && (argc == 1 || help)) {
		og_buf_sv(help ? &cli->out : &cli->err, og_buf_view(&group));
		code = help ? OG_EXIT_PASS : OG_EXIT_USAGE;
	} else {
		const char *names[64];
		size_t n = 0;
		for (size_t i = 0; i < og_ncommands && n < OG_COUNT(names); i++) {
			if (!og_commands[i]->hidden)
				names[n++] = og_commands[i]->name;
		}
		struct og_buf typed = OG_BUF_INIT(256);
		og_buf_sv(&typed, first);
		if (is_group)
			og_buf_fmt(&typed, " %s", argv[1]);
		const char *near = og_suggest(og_buf_view(&typed), names, n);
		if (near)
			og_cli_usage(cli, "unknown command \"%.64s\" (did you mean \"%s\"?)",
				typed.p ? typed.p : "", near);
		else
			og_cli_usage(cli, "unknown command \"%.64s\"", typed.p ? typed.p : "");
		og_buf_fini(&typed);
	}
	og_buf_fini(&group);
	return code;
}

static const char *program_name(const char *argv0)
{
	const char *slash = argv0 ? strrchr(argv0, '/') : NULL;
	const char *base = slash ? slash + 1 : argv0 ? argv0 : "";
	return strcmp(base, "kubectl-otelgate") == 0 ? "kubectl otelgate" : "otelgate";
}

/*
 * Options before the command: the common ones, --help and --version. Returns how many words they
 * take (an option's value included), or less than 0, the exit code negated, after an error.
 */
static int leading_options(struct og_cli *cli, int argc, char *const *argv, bool *ret_version)
{
	int n = 0;
	*ret_version = false;
	for (; n < argc && argv[n][0] == '-' && argv[n][1]; n++) {
		if (strcmp(argv[n], "--version") == 0 || strcmp(argv[n], "-V") == 0) {
			*ret_version = true;
			return n;
		}
		if (strcmp(argv[n], "--color") == 0 && n + 1 < argc)
			n++;
	}
	struct og_common common = {0};
	struct og_parsed parsed = {0};
	struct og_err err = OG_ERR_INIT;
	struct og_opt_set set = {og_common_opts, og_ncommon_opts, &common};
	if (og_opts_parse(&set, 1, n, argv, cli->env, cli->arena, &parsed, &err) != 0) {
		if (err.code != OG_E_USAGE)
			return -og_cli_fail(cli, &err);
		return -og_cli_usage(cli, "%s before the command", err.msg);
	}
	cli->no_pager = common.no_pager;
	if (parsed.help) {
		og_help_program(&cli->out, cli->prog, cli->width,
			og_term_colour(cli->out_fd,
				common.no_colour ? OG_COLOUR_NEVER : (enum og_colour)common.colour,
				cli->env));
		return argc;
	}
	return n;
}

static int dispatch(struct og_cli *cli, int argc, char *const *argv)
{
	bool version = false;
	int lead = leading_options(cli, argc, argv, &version);
	if (lead < 0)
		return -lead;
	if (version)
		return run_command(cli, &og_cmd_version, 0, NULL);
	if (lead == argc) {
		if (cli->out.len)
			return OG_EXIT_PASS;
		og_help_program(&cli->err, cli->prog, cli->width, false);
		return OG_EXIT_USAGE;
	}
	int words = 0;
	const struct og_command *cmd = og_command_find(argc - lead, argv + lead, &words);
	if (!cmd)
		return unknown_command(cli, argc - lead, argv + lead);
	/* The leading options are put before the command's own. */
	char **rest = og_arena_new_n(cli->arena, (size_t)argc + 1, char *);
	if (!rest) {
		og_cli_error(cli, "out of memory");
		return OG_EXIT_FAULT;
	}
	int n = 0;
	for (int i = 0; i < lead; i++)
		rest[n++] = argv[i];
	for (int i = lead + words; i < argc; i++)
		rest[n++] = argv[i];
	return run_command(cli, cmd, n, rest);
}

int og_cli_main(int argc, char *const *argv, og_getenv_fn *env)
{
	struct og_arena arena og_auto_arena = {0};
	og_arena_init(&arena, 0, ARENA_MAX_BYTES);
	struct og_cli cli = {
		.prog = program_name(argc > 0 ? argv[0] : NULL),
		.argv0 = argc > 0 ? argv[0] : "otelgate",
		.arena = &arena,
		.out = OG_BUF_INIT(OUT_MAX_BYTES),
		.err = OG_BUF_INIT(OUT_MAX_BYTES),
		.in_fd = STDIN_FILENO,
		.out_fd = STDOUT_FILENO,
		.err_fd = STDERR_FILENO,
		.width = og_term_width(STDOUT_FILENO),
		.env = env,
	};
	int code = dispatch(&cli, argc > 0 ? argc - 1 : 0, argv + (argc > 0 ? 1 : 0));
	if (!flush(&cli, true))
		code = OG_EXIT_FAULT;
	og_buf_fini(&cli.out);
	og_buf_fini(&cli.err);
	return code;
}
