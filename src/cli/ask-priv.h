/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * --ask, for commands that tell what arrives: a command puts `struct ask_args ask;` into its
 * arguments and ASK_OPTS(struct its_args, ask) among its rows, and calls ask_load.
 */
#include "otelgate/audit/ask.h"
#include "otelgate/cli/command.h"

struct ask_args {
	bool ask;
	struct og_strs token_files;
	const char *ca_file, *url[OG_GF_COUNT_];
};

#define ASK_OPT_GROUP "Backends, with --ask"
#define ASK_OPT_(T, member, name_, type_, arg_, help_)                                \
	{                                                                             \
		.name = name_, .type = type_, .at = offsetof(T, member), .arg = arg_, \
		.help = help_, .group = ASK_OPT_GROUP,                                \
	}
#define ASK_OPTS(T, m)                                                                                 \
	{                                                                                              \
		.name = "ask",                                                                         \
		.type = OG_OPT_FLAG,                                                                   \
		.at = offsetof(T, m.ask),                                                              \
		.help = "ask the backends of the stacks what arrives, once, as the controller does; "  \
			"it needs none",                                                               \
	},                                                                                             \
		ASK_OPT_(T, m.token_files, "query-token-file", OG_OPT_STRS, "[STACK=]FILE|-",          \
			"token to ask with, instead of reading the stack's Secret; of one of several " \
			"stacks by its name"),                                                         \
		ASK_OPT_(T, m.ca_file, "query-ca-file", OG_OPT_STR, "FILE",                            \
			"CA certificates to verify the backends with, instead of the stack's"),        \
		ASK_OPT_(T, m.url[OG_GF_PROMETHEUS], "prometheus-url", OG_OPT_STR, "URL",              \
			"where metrics are asked for, instead of the stack's: a port-forward"),        \
		ASK_OPT_(T, m.url[OG_GF_LOKI], "loki-url", OG_OPT_STR, "URL",                          \
			"where logs are asked for"),                                                   \
		ASK_OPT_(T, m.url[OG_GF_TEMPO], "tempo-url", OG_OPT_STR, "URL",                        \
			"where traces are asked for"),                                                 \
		ASK_OPT_(T, m.url[OG_GF_PYROSCOPE], "pyroscope-url", OG_OPT_STR, "URL",                \
			"where profiles are asked for")

/* What was read for it. Secrets are wiped by ask_fini, which zeroed memory takes. */
struct ask_loaded {
	struct og_audit_ask ask;
	struct og_secret *secrets;
	uint32_t n;
};
/* *ret_ask is NULL without --ask. Returns OG_EXIT_PASS, USAGE or FAULT. */
int ask_load(struct og_cli *cli, const struct ask_args *a, int64_t timeout_ms,
	struct ask_loaded *ret, const struct og_audit_ask **ret_ask);
void ask_fini(struct ask_loaded *l);
/* Whether --query-token-file with this value reads standard input. */
bool ask_reads_input(const char *token_file);
/* What could not be asked, a line each; *partial is set when there is any. */
void ask_notes(const struct og_audit_asked *a, struct og_buf *notes, bool *partial);
