/* SPDX-License-Identifier: Apache-2.0 */
/* completions/otelgate.bash from the tables. */
#include "gen_shell-priv.h"

static void bash_values(struct og_buf *b, const struct og_opt *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const struct og_opt *o = &rows[i];
		if (o->type == OG_OPT_FLAG)
			continue;
		og_buf_lit(b, "\t\t");
		if (o->letter)
			og_buf_fmt(b, "-%c|", o->letter);
		og_buf_fmt(b, "--%s)", o->name);
		if (o->type == OG_OPT_WORD) {
			og_buf_lit(b, " words=\"");
			og_gen_words(b, o->words, ' ');
			og_buf_lit(b, "\"");
		} else if (og_gen_takes_file(o)) {
			og_buf_lit(b, " files=1");
		} else {
			og_buf_lit(b, " return");
		}
		og_buf_lit(b, " ;;\n");
	}
}

static void bash_names(struct og_buf *b, const struct og_opt *rows, size_t n)
{
	for (size_t i = 0; i < n; i++)
		og_buf_fmt(b, " --%s", rows[i].name);
}

void og_gen_bash(struct og_buf *b)
{
	struct og_sv group;
	og_buf_str(b, og_gen_header);
	og_buf_lit(b, "# shellcheck shell=bash\n"
		      "_otelgate() {\n"
		      "\tlocal cur prev cmd=\"\" i word words=\"\" files=\"\" options=\"\"\n"
		      "\tCOMPREPLY=()\n"
		      "\tcur=${COMP_WORDS[COMP_CWORD]}\n"
		      "\tprev=${COMP_WORDS[COMP_CWORD-1]}\n"
		      "\t# \"=\" is a word of its own in --name=value\n"
		      "\tif [ \"$cur\" = \"=\" ]; then\n\t\tcur=\"\"\n"
		      "\telif [ \"$prev\" = \"=\" ] && [ \"$COMP_CWORD\" -gt 1 ]; then\n"
		      "\t\tprev=${COMP_WORDS[COMP_CWORD-2]}\n\tfi\n"
		      "\tfor ((i = 1; i < COMP_CWORD; i++)); do\n"
		      "\t\tword=${COMP_WORDS[i]}\n"
		      "\t\tcase \"$cmd $word\" in\n"
		      "\t\t\" -\"*) ;;\n");
	for (size_t i = 0; i < og_ncommands; i++) {
		if (og_commands[i]->hidden)
			continue;
		if (og_gen_opens_group(i, &group))
			og_buf_fmt(b, "\t\t\" %.*s\") cmd=\"%.*s\" ;;\n", OG_SV_ARG(group),
				OG_SV_ARG(group));
		bool two = strchr(og_commands[i]->name, ' ') != NULL;
		og_buf_fmt(b, "\t\t\"%s%s\") cmd=\"%s\" ;;\n", two ? "" : " ", og_commands[i]->name,
			og_commands[i]->name);
	}
	og_buf_lit(b, "\t\tesac\n\tdone\n\tcase \"$cmd\" in\n\t\"\") words=\"");
	struct og_buf first = OG_BUF_INIT(0);
	og_gen_first_words(&first);
	og_buf_sv(b, og_buf_view(&first));
	og_buf_lit(b, "\" ;;\n\thelp) words=\"");
	og_buf_sv(b, og_buf_view(&first));
	og_buf_lit(b, "\" ;;\n");
	og_buf_fini(&first);
	for (size_t i = 0; i < og_ncommands; i++) {
		const struct og_command *c = og_commands[i];
		if (og_gen_opens_group(i, &group)) {
			og_buf_fmt(b, "\t\"%.*s\") words=\"", OG_SV_ARG(group));
			og_gen_second_words(b, group);
			og_buf_lit(b, "\" ;;\n");
		}
		if (c->hidden || strcmp(c->name, "help") == 0)
			continue;
		og_buf_fmt(b, "\t\"%s\")\n\t\toptions=\"", c->name);
		size_t from = b->len;
		bash_names(b, c->opts, c->nopts);
		bash_names(b, og_common_opts, og_ncommon_opts);
		og_buf_lit(b, " --help\"\n");
		if (b->len > from && !b->failed && b->p[from] == ' ')
			memmove(b->p + from, b->p + from + 1, b->len-- - from);
		if (c->max_operands)
			og_buf_lit(b, "\t\tfiles=1\n");
		og_buf_lit(b, "\t\tcase \"$prev\" in\n");
		bash_values(b, c->opts, c->nopts);
		bash_values(b, og_common_opts, og_ncommon_opts);
		og_buf_lit(b, "\t\tesac\n\t\t;;\n");
	}
	og_buf_lit(b, "\tesac\n"
		      "\tif [ \"${cur#-}\" != \"$cur\" ]; then\n"
		      "\t\twords=${options:-\"--help --version\"}\n\t\tfiles=\"\"\n\tfi\n"
		      "\tif [ -n \"$words\" ]; then\n"
		      "\t\tmapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$cur\")\n"
		      "\telif [ -n \"$files\" ]; then\n"
		      "\t\tcompopt -o filenames 2>/dev/null\n"
		      "\t\tmapfile -t COMPREPLY < <(compgen -f -- \"$cur\")\n"
		      "\tfi\n}\n"
		      "complete -F _otelgate otelgate kubectl-otelgate\n");
}
