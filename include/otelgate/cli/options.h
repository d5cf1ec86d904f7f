/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Option tables: one row per option drives parsing, --help, the man page, the completions and
 * docs/reference/cli.md. Values land in the command's own struct, at the row's offset.
 *
 * Syntax: --name=value, --name value, -x value, -xvalue, -x=value (as kubectl), clustered flags
 * (-ab), --flag=true|false, "--" ends the options, "-" alone is an operand (standard input).
 * Options and operands may be mixed. Explicit beats environment beats default. Abbreviated names
 * are refused, so that adding an option can never change what a script means.
 */
#include <stddef.h>
#include <stdint.h>
#include "otelgate/base/arena.h"
#include "otelgate/base/err.h"

enum og_opt_type {
	OG_OPT_FLAG,	 /* bool */
	OG_OPT_STR,	 /* const char *; NULL = not given */
	OG_OPT_STRS,	 /* struct og_strs; the option may be repeated */
	OG_OPT_U32,	 /* uint32_t within min..max */
	OG_OPT_DURATION, /* int64_t in milliseconds, within min..max; written as "10s", "1m30s" */
	OG_OPT_WORD	 /* unsigned: index into `words` */
};

struct og_strs {
	const char **v; /* the vector is the arena's, the strings are borrowed from argv */
	size_t n;
};

struct og_opt {
	const char *name; /* long name, without the dashes */
	char letter;	  /* short name; 0 = none */
	enum og_opt_type type;
	size_t at;	   /* offsetof the value in the command's struct */
	const char *arg;   /* placeholder of the value: "FILE"; NULL for flags */
	const char *words; /* OG_OPT_WORD: "table|json"; an empty first word is never accepted */
	const char *def;   /* default as text; NULL = zero */
	const char *env;   /* environment variable that may give the value; NULL = none */
	const char *help;  /* one sentence without a full stop */
	int64_t min, max;  /* U32 and DURATION (ms); max 0 = the type's own */
	const char *group; /* heading in --help; NULL = "Options" */
};

/* Looks up an environment variable; getenv in the program, a table in tests. */
typedef const char *og_getenv_fn(const char *name);

struct og_opt_set {
	const struct og_opt *rows;
	size_t n;
	void *base; /* the struct that the offsets point into, zeroed by the caller */
};

struct og_parsed {
	const char **operands; /* in order; arena memory, borrowed strings */
	size_t noperands;
	bool help; /* -h or --help was seen; parsing stopped there */
};

/*
 * Fills the structs of `sets` from defaults, environment and argv[0..argc-1] (program and command
 * names already taken off). Errors: USAGE with a message that names the option, what was expected
 * and the nearest name; OOM. -h and --help are known without a row.
 */
int og_opts_parse(const struct og_opt_set *sets, size_t nsets, int argc, char *const *argv,
	og_getenv_fn *env, struct og_arena *arena, struct og_parsed *ret, struct og_err *err);

/* The i-th word of "a|b|c"; empty when out of range. */
struct og_sv og_opt_word(const char *words, unsigned i);
