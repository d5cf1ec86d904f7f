/* SPDX-License-Identifier: Apache-2.0 */
/* completions/_otelgate from the tables. */
#include "gen_shell-priv.h"

/* Text within single quotes of zsh, where [ ] and : mean something to _arguments. */
static void zsh_text(struct og_buf *b, const char *s, bool in_brackets)
{
	for (; *s; s++) {
		if (*s == '\'')
			og_buf_lit(b, "'\\''");
		else if (in_brackets && (*s == '[' || *s == ']'))
			og_buf_fmt(b, "\\%c", *s);
		else if (!in_brackets && *s == ':')
			og_buf_lit(b, "\\:");
		else
			og_buf_ch(b, *s);
	}
}

static void zsh_options(struct og_buf *b, const struct og_opt *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const struct og_opt *o = &rows[i];
		og_buf_lit(b, "\t\t\t");
		if (o->type == OG_OPT_STRS)
			og_buf_lit(b, "'*'");
		else if (o->letter)
			og_buf_fmt(b, "'(-%c --%s)'", o->letter, o->name);
		const char *eq = o->type == OG_OPT_FLAG ? "" : "=";
		if (o->letter)
			og_buf_fmt(b, "{-%c%s,--%s%s}", o->letter, *eq ? "+" : "", o->name, eq);
		else
			og_buf_fmt(b, "--%s%s", o->name, eq);
		og_buf_lit(b, "'[");
		zsh_text(b, o->help, true);
		og_buf_ch(b, ']');
		if (o->type == OG_OPT_WORD) {
			og_buf_fmt(b, ":%s:(", o->arg);
			og_gen_words(b, o->words, ' ');
			og_buf_ch(b, ')');
		} else if (og_gen_takes_file(o)) {
			og_buf_lit(b, ":file:_files");
		} else if (o->type != OG_OPT_FLAG) {
			og_buf_lit(b, ":value:");
		}
		og_buf_lit(b, "' \\\n");
	}
}

void og_gen_zsh(struct og_buf *b)
{
	struct og_sv group;
	og_buf_lit(b, "#compdef otelgate kubectl-otelgate\n");
	og_buf_str(b, og_gen_header);
	og_buf_lit(b, "_otelgate() {\n\tlocal cmd=\"\" word at=1\n\tlocal -a commands\n"
		      "\tfor word in \"${words[@]:1:$((CURRENT - 2))}\"; do\n"
		      "\t\tcase \"$cmd $word\" in\n\t\t\" -\"*) (( at++ )) ;;\n");
	for (size_t i = 0; i < og_ncommands; i++) {
		if (og_commands[i]->hidden)
			continue;
		if (og_gen_opens_group(i, &group))
			og_buf_fmt(b, "\t\t\" %.*s\") cmd=\"%.*s\"; (( at++ )) ;;\n",
				OG_SV_ARG(group), OG_SV_ARG(group));
		bool two = strchr(og_commands[i]->name, ' ') != NULL;
		og_buf_fmt(b, "\t\t\"%s%s\") cmd=\"%s\"; (( at++ )) ;;\n", two ? "" : " ",
			og_commands[i]->name, og_commands[i]->name);
	}
	og_buf_lit(b, "\t\t*) break ;;\n\t\tesac\n\tdone\n\tcase \"$cmd\" in\n\t\"\"|help)\n"
		      "\t\tcommands=(\n");
	for (size_t i = 0; i < og_ncommands; i++) {
		const struct og_command *c = og_commands[i];
		if (og_gen_opens_group(i, &group))
			og_buf_fmt(b, "\t\t\t'%.*s:commands about it'\n", OG_SV_ARG(group));
		if (c->hidden || strchr(c->name, ' '))
			continue;
		og_buf_fmt(b, "\t\t\t'%s:", c->name);
		zsh_text(b, c->summary, false);
		og_buf_lit(b, "'\n");
	}
	og_buf_lit(b, "\t\t)\n\t\t_describe command commands\n\t\t;;\n");
	for (size_t i = 0; i < og_ncommands; i++) {
		const struct og_command *c = og_commands[i];
		if (og_gen_opens_group(i, &group)) {
			og_buf_fmt(b, "\t\"%.*s\") _values command ", OG_SV_ARG(group));
			og_gen_second_words(b, group);
			og_buf_lit(b, " ;;\n");
		}
		if (c->hidden || strcmp(c->name, "help") == 0)
			continue;
		og_buf_fmt(b,
			"\t\"%s\")\n\t\twords=(\"$cmd\" \"${words[@]:$at}\")\n"
			"\t\t(( CURRENT -= at - 1 ))\n\t\t_arguments -s -S \\\n",
			c->name);
		zsh_options(b, c->opts, c->nopts);
		zsh_options(b, og_common_opts, og_ncommon_opts);
		og_buf_lit(b, "\t\t\t'(-h --help)'{-h,--help}'[help]'");
		if (c->max_operands)
			og_buf_lit(b, " \\\n\t\t\t'*:operand:_files'");
		og_buf_lit(b, "\n\t\t;;\n");
	}
	og_buf_lit(b, "\tesac\n}\n_otelgate \"$@\"\n");
}
