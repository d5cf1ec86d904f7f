/* SPDX-License-Identifier: Apache-2.0 */
/* completion: the scripts for shells; complete: the words themselves, for kubectl. */
#include "otelgate/base/mem.h"
#include "commands-priv.h"
#include "gen_shell-priv.h"

/* ---- scripts ---- */

/*
 * kubectl runs kubectl_complete-NAME of PATH with the words behind NAME, the last of which is the
 * one that is typed (kubernetes/kubectl pkg/cmd/plugin/plugin_completion.go).
 */
static void kubectl_script(struct og_buf *out)
{
	og_buf_lit(out,
		"#!/bin/sh\n"
		"# SPDX-License-Identifier: Apache-2.0\n"
		"# kubectl asks this for the words that may follow \"kubectl otelgate\". Put it\n"
		"# into a folder of PATH, executable, as kubectl_complete-otelgate.\n"
		"exec kubectl-otelgate complete -- \"$@\"\n");
}

static const struct {
	const char *name;
	void (*write)(struct og_buf *out);
} scripts[] = {
	{"bash", og_gen_bash},
	{"zsh", og_gen_zsh},
	{"fish", og_gen_fish},
	{"kubectl", kubectl_script},
};

static int run_completion(struct og_cli *cli, void *args, const struct og_parsed *p)
{
	(void)args;
	for (size_t i = 0; i < OG_COUNT(scripts); i++) {
		if (strcmp(p->operands[0], scripts[i].name) == 0) {
			scripts[i].write(&cli->out);
			return OG_EXIT_PASS;
		}
	}
	return og_cli_usage(
		cli, "unknown shell \"%.64s\": bash, zsh, fish or kubectl", p->operands[0]);
}

const struct og_command og_cmd_completion = {
	.name = "completion",
	.summary = "print the script that completes commands and options in a shell",
	.usage = "bash|zsh|fish|kubectl",
	.description =
		"Packages and make install put these scripts where the shells look for them. The one "
		"for kubectl completes kubectl otelgate in every shell that completes kubectl: it has "
		"to be in a folder of PATH, executable, under the name kubectl_complete-otelgate, "
		"beside kubectl-otelgate.",
	.examples = "# in this shell\n"
		    "source <(%P completion bash)\n"
		    "# kubectl otelgate, for good\n"
		    "%P completion kubectl >~/.local/bin/kubectl_complete-otelgate; "
		    "chmod +x ~/.local/bin/kubectl_complete-otelgate",
	.min_operands = 1,
	.max_operands = 1,
	.run = run_completion,
};

/* ---- words ---- */

/* What the caller is to do beside: spf13/cobra ShellCompDirective. */
enum { FILES = 0, NO_SPACE = 2, NO_FILES = 4 };

struct completing {
	struct og_cli *cli;
	struct og_sv cur; /* what is typed of the word */
	const char *prev; /* the word before, "" = none */
	size_t n;	  /* words of the command line before cur */
	const char **words;
	const struct og_command *cmd;
	struct og_sv group; /* "config" */
	bool lost;	    /* a word is no command */
	size_t noperands;
};

static const struct og_opt *option(const struct completing *c, struct og_sv name)
{
	const struct og_opt_set sets[] = {
		{c->cmd ? c->cmd->opts : NULL, c->cmd ? c->cmd->nopts : 0, NULL},
		{og_common_opts, og_ncommon_opts, NULL}};

	for (size_t s = 0; s < OG_COUNT(sets); s++)
		for (size_t i = 0; i < sets[s].n; i++) {
			const struct og_opt *o = &sets[s].rows[i];
			bool is_long = og_sv_starts(name, OG_SV("--")) &&
				       og_sv_eq(og_sv(name.p + 2, name.n - 2), og_svz(o->name));
			bool is_short = name.n == 2 && name.p[0] == '-' && o->letter &&
					name.p[1] == o->letter;
			if (is_long || is_short)
				return o;
		}
	return NULL;
}

/* One line when it fits what is typed; the description is one line too. */
static void offer(struct completing *c, const char *before, struct og_sv word, const char *what)
{
	og_auto_buf struct og_buf b = OG_BUF_INIT(4096);

	og_buf_str(&b, before);
	og_buf_sv(&b, word);
	if (!og_sv_starts(og_buf_view(&b), c->cur))
		return;
	og_buf_sv(&c->cli->out, og_buf_view(&b));
	if (what)
		og_buf_fmt(&c->cli->out, "\t%s", what);
	og_buf_ch(&c->cli->out, '\n');
}

static int offer_values(struct completing *c, const struct og_opt *o, const char *before)
{
	struct og_sv rest = og_svz(o->words), word;

	if (o->type != OG_OPT_WORD)
		return og_gen_takes_file(o) ? FILES : NO_FILES;
	while (og_sv_split(&rest, '|', &word))
		if (word.n)
			offer(c, before, word, NULL);
	return NO_FILES;
}

static int offer_options(struct completing *c)
{
	size_t n = c->cmd ? c->cmd->nopts : 0;

	for (size_t i = 0; i < n; i++)
		offer(c, "--", og_svz(c->cmd->opts[i].name), c->cmd->opts[i].help);
	for (size_t i = 0; i < og_ncommon_opts; i++)
		offer(c, "--", og_svz(og_common_opts[i].name), og_common_opts[i].help);
	offer(c, "--", OG_SV("help"), "show help");
	if (!c->cmd)
		offer(c, "--", OG_SV("version"), "show the version");
	return NO_FILES;
}

/* Commands, or those of a group. */
static int offer_commands(struct completing *c)
{
	for (size_t i = 0; i < og_ncommands; i++) {
		const struct og_command *cmd = og_commands[i];
		struct og_sv name = og_svz(cmd->name), group;
		size_t space = og_sv_chr(name, ' ');
		if (cmd->hidden)
			continue;
		if (c->group.n && space < name.n && og_sv_eq(og_sv(name.p, space), c->group))
			offer(c, "", og_sv(name.p + space + 1, name.n - space - 1), cmd->summary);
		else if (!c->group.n && space == name.n)
			offer(c, "", name, cmd->summary);
		else if (!c->group.n && og_gen_opens_group(i, &group))
			offer(c, "", group, NULL);
	}
	return NO_FILES;
}

/* Words that the usage lists: "bash|zsh|fish|kubectl". */
static int offer_operands(struct completing *c)
{
	static const char *const kinds[] = {"deployment/", "statefulset/", "daemonset/", "cronjob/",
		"job/", "replicaset/", "rollout/", "pod/"};
	struct og_sv usage = og_svz(c->cmd->usage), word;

	if (c->noperands >= c->cmd->max_operands)
		return NO_FILES;
	if (strcmp(c->cmd->name, "help") == 0)
		return offer_commands(c);
	if (og_sv_has(usage, OG_SV("KIND/NAME"))) {
		for (size_t i = 0; i < OG_COUNT(kinds); i++)
			offer(c, "", og_svz(kinds[i]), NULL);
		return NO_FILES | NO_SPACE;
	}
	if (og_sv_chr(usage, '|') == usage.n || og_sv_chr(usage, ' ') < usage.n)
		return FILES;
	while (og_sv_split(&usage, '|', &word))
		offer(c, "", word, NULL);
	return NO_FILES;
}

static const struct og_command *command_at(const struct completing *c, size_t i, int *ret_took)
{
	char *argv[2] = {NULL, NULL};
	int n = i + 1 < c->n ? 2 : 1;

	for (int k = 0; k < n; k++) {
		argv[k] = og_arena_strndup(
			c->cli->arena, c->words[i + (size_t)k], strlen(c->words[i + (size_t)k]));
		if (!argv[k])
			return NULL;
	}
	return og_command_find(n, argv, ret_took);
}

/* Finds the command among the words, and counts what is no option nor the value of one. */
static void look(struct completing *c)
{
	struct og_sv group;

	for (size_t i = 0; i < c->n; i++) {
		struct og_sv word = og_svz(c->words[i]);
		int took = 0;
		if (word.n > 1 && word.p[0] == '-') {
			const struct og_opt *o = option(c, word);
			i += o && o->type != OG_OPT_FLAG;
			continue;
		}
		if (c->cmd) {
			c->noperands++;
			continue;
		}
		c->cmd = command_at(c, i, &took);
		i += c->cmd ? (size_t)took - 1 : 0;
		c->lost = !c->cmd;
		for (size_t k = 0; c->lost && i + 1 == c->n && k < og_ncommands; k++)
			if (og_gen_opens_group(k, &group) && og_sv_eq(group, word)) {
				c->group = group;
				c->lost = false;
			}
	}
}

static int words(struct completing *c)
{
	const struct og_opt *o = c->prev[0] == '-' ? option(c, og_svz(c->prev)) : NULL;
	size_t eq = og_sv_chr(c->cur, '=');

	if (o && o->type != OG_OPT_FLAG)
		return offer_values(c, o, "");
	if (og_sv_starts(c->cur, OG_SV("--")) && eq < c->cur.n) {
		char *before = og_arena_strndup(c->cli->arena, c->cur.p, eq + 1);
		o = option(c, og_sv(c->cur.p, eq));
		return o && before ? offer_values(c, o, before) : NO_FILES;
	}
	if (og_sv_starts(c->cur, OG_SV("-")))
		return offer_options(c);
	return c->cmd ? offer_operands(c) : c->lost ? NO_FILES : offer_commands(c);
}

static int run_complete(struct og_cli *cli, void *args, const struct og_parsed *p)
{
	struct completing c = {.cli = cli,
		.n = p->noperands ? p->noperands - 1 : 0,
		.words = p->operands,
		.prev = p->noperands > 1 ? p->operands[p->noperands - 2] : "",
		.cur = og_svz(p->noperands ? p->operands[p->noperands - 1] : "")};

	(void)args;
	look(&c);
	og_buf_fmt(&cli->out, ":%d\n", words(&c));
	return OG_EXIT_PASS;
}

const struct og_command og_cmd_complete = {
	.name = "complete",
	.summary = "print the words that may follow, as kubectl asks for them",
	.usage = "-- [WORD...]",
	.hidden = true,
	.max_operands = 1000,
	.run = run_complete,
};
