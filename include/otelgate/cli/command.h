/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Commands: one row each, found through og_commands[] (src/cli/commands.c). Adding a command means
 * adding src/cli/cmd_<name>.c with a `const struct og_command og_cmd_<name>` and its row there;
 * help, man page, completions and docs/reference/cli.md follow from the row.
 */
#include "otelgate/base/str.h"
#include "otelgate/cli/options.h"

/* The same for every command and output form. */
enum og_exit {
	OG_EXIT_PASS = 0,
	OG_EXIT_GATE = 1,  /* a gate tripped: --check, --strict, an invalid configuration */
	OG_EXIT_USAGE = 2, /* the command line is wrong */
	OG_EXIT_FAULT = 3  /* could not be evaluated: unreadable input, out of memory … */
};

/*
 * What a command gets from the program. Output is collected and written when the command returns
 * (standard output first, so that a report follows the documents; through a pager where it is more
 * than the terminal shows); a command that runs for long calls og_cli_flush. A buffer that failed
 * turns the exit code into FAULT.
 */
struct og_cli {
	const char *prog;	/* "otelgate", or "kubectl otelgate" when called as a plugin */
	const char *argv0;	/* how the program was called */
	struct og_arena *arena; /* lives as long as the command */
	struct og_buf out, err;
	int in_fd, out_fd, err_fd;
	bool colour_out, colour_err;
	bool no_pager;	/* more than a screen is written as it is: asked for, or something was shown
			 */
	unsigned width; /* columns for prose: the terminal's, at most 100; 80 off a terminal */
	og_getenv_fn *env;
	const struct og_command *cmd; /* the running command; for messages */
};

struct og_command {
	const char *name;	 /* "inject"; two words for a sub-command: "config check" */
	const char *summary;	 /* one line without a full stop */
	const char *usage;	 /* what follows the name; several forms are separated by '\n' */
	const char *description; /* paragraphs separated by an empty line; NULL = none */
	const char *examples;	 /* pairs of lines: "# what\ncommand"; %P stands for the program */
	const char *exits;	 /* lines "code what"; NULL = nothing to add to the general ones */
	const struct og_opt *opts;
	size_t nopts;
	size_t args_bytes; /* size of the struct the option offsets point into */
	size_t min_operands, max_operands;
	bool hidden; /* works, and is in no list */
	/* args is zeroed memory filled by the option table. Returns enum og_exit. */
	int (*run)(struct og_cli *cli, void *args, const struct og_parsed *p);
};

extern const struct og_command *const og_commands[];
extern const size_t og_ncommands;

/* Options that every command has. */
struct og_common {
	unsigned colour; /* auto, always, never */
	bool no_colour;
	bool no_pager;
};
extern const struct og_opt og_common_opts[];
extern const size_t og_ncommon_opts;

/* The whole program: finds the command, parses, runs, flushes. Returns enum og_exit. */
int og_cli_main(int argc, char *const *argv, og_getenv_fn *env);

/* "otelgate inject: message" on standard error. */
void og_cli_error(struct og_cli *cli, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* og_cli_error with err's message, and the exit code that fits err->code: USAGE is 2, else 3. */
int og_cli_fail(struct og_cli *cli, const struct og_err *err);
/* A usage error with the hint to --help; returns OG_EXIT_USAGE. */
int og_cli_usage(struct og_cli *cli, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Writes what was collected. False (with a message on standard error) when it can't be written. */
bool og_cli_flush(struct og_cli *cli);
/*
 * Writes what ends a command: through a pager where it is more than the terminal shows. A reader
 * that has gone has seen enough, and is no failure: the exit code is the command's all the same.
 * False (with a message on standard error) when it can't be written.
 */
bool og_cli_show(struct og_cli *cli, struct og_sv text);

/* NULL when there is no such command. *ret_words is the number of arguments it took. */
const struct og_command *og_command_find(int argc, char *const *argv, int *ret_words);

/* Help of one command, or of the program (cmd NULL), appended to out. */
void og_help_command(struct og_buf *out, const struct og_command *cmd, const char *prog,
	unsigned width, bool colour);
void og_help_program(struct og_buf *out, const char *prog, unsigned width, bool colour);
/* Help of a group such as "config": lists its sub-commands. False when there is none. */
bool og_help_group(
	struct og_buf *out, struct og_sv group, const char *prog, unsigned width, bool colour);

/* Generated documents, appended to out (src/cli/gen_*.c). */
void og_gen_man(struct og_buf *out);
void og_gen_markdown(struct og_buf *out);
void og_gen_bash(struct og_buf *out);
void og_gen_zsh(struct og_buf *out);
void og_gen_fish(struct og_buf *out);
void og_gen_metrics(struct og_buf *out);      /* Markdown */
void og_gen_rollouts(struct og_buf *out);     /* Markdown */
void og_gen_rbac(struct og_buf *out);	      /* Markdown */
void og_gen_rbac_webhook(struct og_buf *out); /* YAML */
void og_gen_rbac_controller(struct og_buf *out);
void og_gen_rbac_reader(struct og_buf *out);
void og_gen_rbac_restarts(struct og_buf *out);
