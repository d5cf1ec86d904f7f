/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* What all services have: an ops listener and a log. */
#include "otelgate/base/log.h"
#include "otelgate/cli/command.h"
#include "otelgate/kube/kubeconfig.h"

struct og_service_args {
	const char *ops_address, *ports_file, *debug;
	uint32_t ops_port;
	unsigned log_level, log_format, sandbox, seccomp;
};

#define OG_SERVICE_LISTEN  "Listeners"
#define OG_SERVICE_LOG	   "Log"
#define OG_SERVICE_SANDBOX "Sandbox"

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

/* Landlock and seccomp, see base/sandbox.h and base/seccomp.h. The words are those of enum
 * og_sandbox_mode and enum og_seccomp_mode. */
#define OG_SERVICE_SANDBOX_OPTS(T, m)                                                            \
	{.name = "sandbox",                                                                      \
		.type = OG_OPT_WORD,                                                             \
		.at = offsetof(T, m.sandbox),                                                    \
		.arg = "MODE",                                                                   \
		.words = "auto|required|off",                                                    \
		.def = "auto",                                                                   \
		.env = "OTELGATE_SANDBOX",                                                       \
		.help = "give up writing files, running programs and listening elsewhere, with " \
			"Landlock: as far as the kernel can, or not start without it",           \
		.group = OG_SERVICE_SANDBOX},                                                    \
	{                                                                                        \
		.name = "seccomp", .type = OG_OPT_WORD, .at = offsetof(T, m.seccomp),            \
		.arg = "MODE", .words = "off|log|errno|kill", .def = "off",                      \
		.env = "OTELGATE_SECCOMP",                                                       \
		.help = "give up all system calls but those of a list; any other is named in "   \
			"the audit log, fails, or ends the process",                             \
		.group = OG_SERVICE_SANDBOX                                                      \
	}

/* Sets the log up; OG_EXIT_PASS or the exit code. */
int og_service_log(struct og_cli *cli, const struct og_service_args *a);
/* Enters the sandbox, then takes the list of system calls, and says in the log what is restricted;
 * before there are threads. `access` may be NULL. ports: that are listened on. OG_EXIT_PASS or the
 * exit code. */
int og_service_sandbox(struct og_cli *cli, const struct og_service_args *a,
	const struct og_kube_access *access, const uint16_t *ports, size_t nports);
