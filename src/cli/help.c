/* SPDX-License-Identifier: Apache-2.0 */
/* --help, from the tables. */
#include "otelgate/base/mem.h"
#include "otelgate/cli/command.h"
#include "otelgate/cli/term.h"

enum { HELP_COLUMN = 28, LIST_COLUMN = 18 };

static const char general_exits[] = "0 done\n1 a gate tripped\n2 the command line is wrong\n"
				    "3 could not be evaluated\n";

static void pad_to(struct og_buf *b, size_t from, unsigned column)
{
	size_t at = b->len - from;
	if (at + 1 > column) {
		og_buf_ch(b, '\n');
		at = 0;
	}
	for (; at < column; at++)
		og_buf_ch(b, ' ');
}

static void heading(struct og_buf *b, const char *text, bool colour)
{
	og_buf_ch(b, '\n');
	og_style_str(b, colour, OG_STYLE_BOLD, text);
	og_buf_str(b, colour ? "\n" : ":\n");
}

static void option_row(struct og_buf *b, const struct og_opt *o, unsigned width)
{
	struct og_buf text = OG_BUF_INIT(0);
	size_t start = b->len;
	if (o->letter)
		og_buf_fmt(b, "  -%c, --%s", o->letter, o->name);
	else
		og_buf_fmt(b, "      --%s", o->name);
	if (o->type == OG_OPT_WORD)
		og_buf_fmt(b, " %s", o->arg ? o->arg : o->words);
	else if (o->arg)
		og_buf_fmt(b, " %s", o->arg);
	pad_to(b, start, HELP_COLUMN);
	og_buf_str(&text, o->help);
	if (o->type == OG_OPT_WORD) {
		struct og_sv rest = og_svz(o->words), word;
		const char *sep = ": ";
		while (og_sv_split(&rest, '|', &word)) {
			if (!word.n)
				continue;
			og_buf_str(&text, sep);
			og_buf_sv(&text, word);
			sep = ", ";
		}
	}
	if (o->def)
		og_buf_fmt(&text, " (default %s)", o->def);
	if (o->env)
		og_buf_fmt(&text, " (also $%s)", o->env);
	if (o->type == OG_OPT_STRS)
		og_buf_lit(&text, " (may be repeated)");
	og_text_wrap(b, og_buf_view(&text), HELP_COLUMN, HELP_COLUMN, width);
	og_buf_ch(b, '\n');
	og_buf_inherit(b, &text);
	og_buf_fini(&text);
}

/* The rows of one group after another, each group under its heading, in order of appearance. */
static void option_groups(
	struct og_buf *b, const struct og_opt *rows, size_t n, unsigned width, bool colour)
{
	for (size_t i = 0; i < n; i++) {
		const char *group = rows[i].group ? rows[i].group : "Options";
		bool seen = false;
		for (size_t j = 0; j < i && !seen; j++)
			seen = strcmp(rows[j].group ? rows[j].group : "Options", group) == 0;
		if (seen)
			continue;
		heading(b, group, colour);
		for (size_t j = i; j < n; j++) {
			if (strcmp(rows[j].group ? rows[j].group : "Options", group) == 0)
				option_row(b, &rows[j], width);
		}
	}
}

/* Lines of "key what", the key in a column of its own. */
static void pairs(struct og_buf *b, const char *text, unsigned width)
{
	struct og_sv rest = og_svz(text), line;
	while (og_sv_split(&rest, '\n', &line)) {
		size_t sp = og_sv_chr(line, ' ');
		og_buf_fmt(b, "  %-3.*s", (int)sp, line.p);
		if (sp < line.n)
			og_text_wrap(b, og_sv(line.p + sp + 1, line.n - sp - 1), 5, 5, width);
		og_buf_ch(b, '\n');
	}
}

static void add_examples(struct og_buf *b, const char *text, const char *prog, bool colour)
{
	struct og_sv rest = og_svz(text), line;
	while (og_sv_split(&rest, '\n', &line)) {
		og_buf_lit(b, "  ");
		if (line.n && line.p[0] == '#') {
			og_style_sv(b, colour, OG_STYLE_DIM, line);
			og_buf_ch(b, '\n');
			continue;
		}
		for (size_t i = 0; i < line.n; i++) {
			if (line.p[i] == '%' && i + 1 < line.n && line.p[i + 1] == 'P') {
				og_buf_str(b, prog);
				i++;
			} else {
				og_buf_ch(b, line.p[i]);
			}
		}
		og_buf_ch(b, '\n');
	}
}

void og_help_command(struct og_buf *out, const struct og_command *cmd, const char *prog,
	unsigned width, bool colour)
{
	struct og_sv rest = og_svz(cmd->usage), line;
	og_buf_fmt(out, "%s %s: %s\n", prog, cmd->name, cmd->summary);
	heading(out, "Usage", colour);
	while (og_sv_split(&rest, '\n', &line))
		og_buf_fmt(out, "  %s %s %.*s\n", prog, cmd->name, OG_SV_ARG(line));
	if (!cmd->usage[0])
		og_buf_fmt(out, "  %s %s\n", prog, cmd->name);
	if (cmd->description) {
		og_buf_ch(out, '\n');
		og_text_wrap(out, og_svz(cmd->description), 0, 0, width);
		og_buf_ch(out, '\n');
	}
	option_groups(out, cmd->opts, cmd->nopts, width, colour);
	option_groups(out, og_common_opts, og_ncommon_opts, width, colour);
	og_buf_lit(out, "  -h, --help                this text\n");
	if (cmd->exits) {
		heading(out, "Exit codes", colour);
		pairs(out, cmd->exits, width);
	}
	if (cmd->examples) {
		heading(out, "Examples", colour);
		add_examples(out, cmd->examples, prog, colour);
	}
}

static void command_rows(struct og_buf *out, struct og_sv group, unsigned width, bool colour)
{
	for (size_t i = 0; i < og_ncommands; i++) {
		const struct og_command *c = og_commands[i];
		struct og_sv name = og_svz(c->name);
		bool in_group = name.n > group.n && og_sv_starts(name, group) &&
				name.p[group.n] == ' ';
		if (c->hidden || (group.n && !in_group))
			continue;
		size_t start = out->len;
		og_buf_lit(out, "  ");
		og_style_sv(out, colour, OG_STYLE_BOLD, name);
		pad_to(out, start + (colour ? 8 : 0), LIST_COLUMN);
		og_text_wrap(out, og_svz(c->summary), LIST_COLUMN, LIST_COLUMN, width);
		og_buf_ch(out, '\n');
	}
}

void og_help_program(struct og_buf *out, const char *prog, unsigned width, bool colour)
{
	og_buf_fmt(
		out, "%s makes Kubernetes workloads send OTLP telemetry to Grafana Cloud.\n", prog);
	heading(out, "Usage", colour);
	og_buf_fmt(out, "  %s COMMAND [options]\n", prog);
	heading(out, "Commands", colour);
	command_rows(out, OG_SV(""), width, colour);
	option_groups(out, og_common_opts, og_ncommon_opts, width, colour);
	og_buf_lit(out, "  -h, --help                this text, or a command's\n"
			"  -V, --version             the version\n");
	heading(out, "Exit codes", colour);
	pairs(out, general_exits, width);
	og_buf_fmt(out, "\n\"%s help COMMAND\" says more about a command.\n", prog);
}

bool og_help_group(
	struct og_buf *out, struct og_sv group, const char *prog, unsigned width, bool colour)
{
	struct og_buf rows = OG_BUF_INIT(0);
	if (group.n)
		command_rows(&rows, group, width, colour);
	bool any = rows.len > 0;
	og_buf_inherit(out, &rows);
	if (any) {
		og_buf_lit(out, "Usage:\n");
		og_buf_fmt(
			out, "  %s %.*s COMMAND [options]\n\nCommands:\n", prog, OG_SV_ARG(group));
		og_buf_sv(out, og_buf_view(&rows));
		og_buf_fmt(out, "\n\"%s help %.*s COMMAND\" says more about a command.\n", prog,
			OG_SV_ARG(group));
	}
	og_buf_fini(&rows);
	return any;
}
