/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* What all services have: an ops listener and a log. */
#include "otelgate/base/log.h"
#include "otelgate/cli/command.h"

struct og_service_args {
	const char *ops_address, *ports_file, *debug;
	uint32_t ops_port;
	unsigned log_level, log_format;
};

#define OG_SERVICE_LISTEN "Listeners"
#define OG_SERVICE_LOG	  "Log"

/* T: the command's struct, m: its member of type struct og_service_args. PATHS: what the ops port
 * serves. */
#define OG_SERVICE_LISTEN_OPTS(T, m, PATHS)                                                \
	{.name = "ops-address",                                                            \
		.type = OG_OPT_STR,                                                        \
		.at = offsetof(T, m.ops_address),                                          \
		.arg = "IP",                                                               \
		.help = "address of the port for health and metrics; all when not given",  \
		.group = OG_SERVICE_LISTEN},                                               \
		{.name = "ops-port",                                                       \
			.type = OG_OPT_U32,                                                \
			.at = offsetof(T, m.ops_port),                                     \
			.arg = "PORT",                                                     \
			.def = "8080",                                                     \
			.max = 65535,                                                      \
			.help = "port for " PATHS " (plain HTTP); 0 takes any free one",   \
			.group = OG_SERVICE_LISTEN},                                       \
	{                                                                                  \
		.name = "ports-file", .type = OG_OPT_STR, .at = offsetof(T, m.ports_file), \
		.arg = "FILE", .help = "write the ports there once they serve",            \
		.group = OG_SERVICE_LISTEN                                                 \
	}

/* MORE: what is to be said of the levels beside the usual, "" for nothing. COMPONENTS: the names
 * for
 * --debug. */
#define OG_SERVICE_LOG_OPTS(T, m, MORE, COMPONENTS)                                               \
	{.name = "log-level",                                                                     \
		.type = OG_OPT_WORD,                                                              \
		.at = offsetof(T, m.log_level),                                                   \
		.arg = "LEVEL",                                                                   \
		.words = "debug|info|warn|error|off",                                             \
		.def = "info",                                                                    \
		.help = "least level written to standard error" MORE,                             \
		.group = OG_SERVICE_LOG},                                                         \
		{.name = "log-format",                                                            \
			.type = OG_OPT_WORD,                                                      \
			.at = offsetof(T, m.log_format),                                          \
			.arg = "FORM",                                                            \
			.words = "auto|text|json",                                                \
			.def = "auto",                                                            \
			.help = "auto means text on a terminal and JSON lines otherwise",         \
			.group = OG_SERVICE_LOG},                                                 \
	{                                                                                         \
		.name = "debug", .type = OG_OPT_STR, .at = offsetof(T, m.debug),                  \
		.arg = "COMPONENTS", .env = "OTELGATE_DEBUG",                                     \
		.help = "components at debug level: " COMPONENTS ", or all; separated by commas", \
		.group = OG_SERVICE_LOG                                                           \
	}

/* Sets the log up; OG_EXIT_PASS or the exit code. */
static inline int og_service_log(struct og_cli *cli, const struct og_service_args *a)
{
	struct og_err err = OG_ERR_INIT;
	struct og_log_options log = {.fd = cli->err_fd,
		.format = (enum og_log_format)a->log_format,
		.level = (enum og_log_level)a->log_level,
		.colour = cli->colour_err,
		.debug = a->debug};

	if (og_log_setup(&log, &err) < 0)
		return og_cli_usage(cli, "--debug: %s", err.msg);
	return OG_EXIT_PASS;
}
