/* SPDX-License-Identifier: Apache-2.0 */
/* completions/otelgate.fish from the tables. */
#include "gen_shell-priv.h"

static void fish_text(struct og_buf *b, const char *s)
{
	og_buf_ch(b, '\'');
	for (; *s; s++) {
		if (*s == '\'' || *s == '\\')
			og_buf_ch(b, '\\');
		og_buf_ch(b, *s);
	}
	og_buf_ch(b, '\'');
}

/* Condition "this command was typed"; two-word commands need both words. */
static void fish_when(struct og_buf *b, struct og_sv name)
{
	struct og_sv rest = name, w;
	const char *sep = "";
	og_buf_lit(b, " -n '");
	while (og_sv_split(&rest, ' ', &w)) {
		og_buf_fmt(b, "%s__fish_seen_subcommand_from %.*s", sep, OG_SV_ARG(w));
		sep = "; and ";
	}
	og_buf_ch(b, '\'');
}

static void fish_options(
	struct og_buf *b, const struct og_command *c, const struct og_opt *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const struct og_opt *o = &rows[i];
		og_buf_lit(b, "complete -c otelgate");
		if (c)
			fish_when(b, og_svz(c->name));
		if (o->letter)
			og_buf_fmt(b, " -s %c", o->letter);
		og_buf_fmt(b, " -l %s", o->name);
		if (o->type == OG_OPT_WORD) {
			og_buf_lit(b, " -x -a '");
			og_gen_words(b, o->words, ' ');
			og_buf_ch(b, '\'');
		} else if (o->type != OG_OPT_FLAG) {
			og_buf_str(b, og_gen_takes_file(o) ? " -r -F" : " -x");
		}
		og_buf_lit(b, " -d ");
		fish_text(b, o->help);
		og_buf_ch(b, '\n');
	}
}

void og_gen_fish(struct og_buf *b)
{
	struct og_sv group;
	og_buf_str(b, og_gen_header);
	og_buf_lit(b, "complete -c kubectl-otelgate -w otelgate\n");
	og_buf_lit(b, "complete -c otelgate -f\n");
	og_buf_lit(b, "complete -c otelgate -s h -l help -d 'help'\n");
	fish_options(b, NULL, og_common_opts, og_ncommon_opts);
	for (size_t i = 0; i < og_ncommands; i++) {
		const struct og_command *c = og_commands[i];
		if (og_gen_opens_group(i, &group))
			og_buf_fmt(b, "complete -c otelgate -n __fish_use_subcommand -a %.*s\n",
				OG_SV_ARG(group));
		if (c->hidden)
			continue;
		const char *sp = strchr(c->name, ' ');
		og_buf_lit(b, "complete -c otelgate");
		if (sp)
			fish_when(b, og_sv(c->name, (size_t)(sp - c->name)));
		else
			og_buf_lit(b, " -n __fish_use_subcommand");
		og_buf_fmt(b, " -a %s -d ", sp ? sp + 1 : c->name);
		fish_text(b, c->summary);
		og_buf_ch(b, '\n');
		fish_options(b, c, c->opts, c->nopts);
	}
}
