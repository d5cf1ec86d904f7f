/* SPDX-License-Identifier: Apache-2.0 */
/* webhook: the admission service. */
#include "otelgate/base/log.h"
#include "otelgate/base/mem.h"
#include "otelgate/cli/command.h"
#include "otelgate/webhook/server.h"
#include "commands-priv.h"

struct webhook_args {
	const char *tls_cert, *tls_key, *objects, *address, *ops_address, *ports_file, *debug;
	struct og_strs config;
	uint32_t port, ops_port, workers, max_inflight, max_connections;
	int64_t review_ms, delay_ms, drain_ms;
	unsigned failure_policy, log_level, log_format;
};
enum { POLICY_IGNORE, POLICY_FAIL };

#define AT(field) offsetof(struct webhook_args, field)
#define LISTEN	  "Listeners"
#define LIMITS	  "Limits"
#define LOG	  "Log"

static const struct og_opt opts[] = {
	{
		.name = "tls-cert",
		.type = OG_OPT_STR,
		.at = AT(tls_cert),
		.arg = "FILE",
		.env = "OTELGATE_TLS_CERT",
		.help = "certificate chain in PEM, the server's own first; followed when it changes",
	},
	{
		.name = "tls-key",
		.type = OG_OPT_STR,
		.at = AT(tls_key),
		.arg = "FILE",
		.env = "OTELGATE_TLS_KEY",
		.help = "its private key in PEM, without a passphrase",
	},
	{
		.name = "config",
		.letter = 'c',
		.type = OG_OPT_STRS,
		.at = AT(config),
		.arg = "FILE|DIR",
		.help = "GrafanaStack and TelemetryProfile documents; followed when they change",
	},
	{
		.name = "objects",
		.type = OG_OPT_STR,
		.at = AT(objects),
		.arg = "FILE|DIR",
		.help = "manifests of namespaces, owners and ConfigMaps to decide by; followed "
			"when they change",
	},
	{
		.name = "failure-policy",
		.type = OG_OPT_WORD,
		.at = AT(failure_policy),
		.arg = "POLICY",
		.words = "ignore|fail",
		.def = "ignore",
		.help = "what the webhook is registered with: with ignore an own fault admits the "
			"pod with a warning, with fail it is an HTTP 500",
	},
	{
		.name = "address",
		.type = OG_OPT_STR,
		.at = AT(address),
		.arg = "IP",
		.help = "address of the admission port; all when not given",
		.group = LISTEN,
	},
	{
		.name = "port",
		.letter = 'p',
		.type = OG_OPT_U32,
		.at = AT(port),
		.arg = "PORT",
		.def = "10250",
		.max = 65535,
		.help = "admission port (HTTPS); 0 takes any free one",
		.group = LISTEN,
	},
	{
		.name = "ops-address",
		.type = OG_OPT_STR,
		.at = AT(ops_address),
		.arg = "IP",
		.help = "address of the port for health and metrics; all when not given",
		.group = LISTEN,
	},
	{
		.name = "ops-port",
		.type = OG_OPT_U32,
		.at = AT(ops_port),
		.arg = "PORT",
		.def = "8080",
		.max = 65535,
		.help = "port for /healthz, /livez, /readyz, /metrics and /debug/config (plain "
			"HTTP); 0 takes any free one",
		.group = LISTEN,
	},
	{
		.name = "ports-file",
		.type = OG_OPT_STR,
		.at = AT(ports_file),
		.arg = "FILE",
		.help = "write the ports there once both serve",
		.group = LISTEN,
	},
	{
		.name = "workers",
		.type = OG_OPT_U32,
		.at = AT(workers),
		.arg = "N",
		.def = "2",
		.min = 1,
		.max = 64,
		.help = "threads that serve reviews",
		.group = LIMITS,
	},
	{
		.name = "max-in-flight",
		.type = OG_OPT_U32,
		.at = AT(max_inflight),
		.arg = "N",
		.def = "1024",
		.min = 1,
		.max = 100000,
		.help = "reviews in progress, the rest is answered 429 with Retry-After: 1",
		.group = LIMITS,
	},
	{
		.name = "max-connections",
		.type = OG_OPT_U32,
		.at = AT(max_connections),
		.arg = "N",
		.def = "2048",
		.min = 1,
		.max = 100000,
		.help = "open connections, further ones are closed",
		.group = LIMITS,
	},
	{
		.name = "review-timeout",
		.type = OG_OPT_DURATION,
		.at = AT(review_ms),
		.arg = "TIME",
		.def = "4.5s",
		.min = 10,
		.max = 30000,
		.help = "longest time for one review; what the API server allows may be less",
		.group = LIMITS,
	},
	{
		.name = "shutdown-delay",
		.type = OG_OPT_DURATION,
		.at = AT(delay_ms),
		.arg = "TIME",
		.def = "10s",
		.max = 120000,
		.help = "keep serving that long after SIGTERM, while endpoints propagate",
		.group = LIMITS,
	},
	{
		.name = "drain-timeout",
		.type = OG_OPT_DURATION,
		.at = AT(drain_ms),
		.arg = "TIME",
		.def = "15s",
		.min = 100,
		.max = 120000,
		.help = "wait that long afterwards for reviews in progress",
		.group = LIMITS,
	},
	{
		.name = "log-level",
		.type = OG_OPT_WORD,
		.at = AT(log_level),
		.arg = "LEVEL",
		.words = "debug|info|warn|error|off",
		.def = "info",
		.help = "least level written to standard error; pods left alone are debug",
		.group = LOG,
	},
	{
		.name = "log-format",
		.type = OG_OPT_WORD,
		.at = AT(log_format),
		.arg = "FORM",
		.words = "auto|text|json",
		.def = "auto",
		.help = "auto means text on a terminal and JSON lines otherwise",
		.group = LOG,
	},
	{
		.name = "debug",
		.type = OG_OPT_STR,
		.at = AT(debug),
		.arg = "COMPONENTS",
		.env = "OTELGATE_DEBUG",
		.help = "components at debug level: webhook, http, or all; separated by commas",
		.group = LOG,
	},
};

static int run_webhook(struct og_cli *cli, void *args, const struct og_parsed *p)
{
	const struct webhook_args *a = args;
	struct og_err err = OG_ERR_INIT;
	struct og_log_options log = {.fd = cli->err_fd,
		.format = (enum og_log_format)a->log_format,
		.level = (enum og_log_level)a->log_level,
		.colour = cli->colour_err,
		.debug = a->debug};
	struct og_webhook_opts o = {.address = a->address,
		.port = (uint16_t)a->port,
		.ops_address = a->ops_address,
		.ops_port = (uint16_t)a->ops_port,
		.tls_cert = a->tls_cert,
		.tls_key = a->tls_key,
		.config_paths = a->config.v,
		.nconfig = a->config.n,
		.objects = a->objects,
		.workers = a->workers,
		.limits = {.max_inflight = a->max_inflight, .max_connections = a->max_connections},
		.review_ms = a->review_ms,
		.shutdown_delay_ms = a->delay_ms,
		.drain_ms = a->drain_ms,
		.fail_mode = a->failure_policy == POLICY_FAIL,
		.ports_file = a->ports_file,
		.stop_fd = -1};

	(void)p;
	if (og_log_setup(&log, &err) < 0)
		return og_cli_usage(cli, "--debug: %s", err.msg);
	int r = og_webhook_run(&o, &err);
	if (r == 0)
		return OG_EXIT_PASS;
	return r == -OG_E_USAGE ? og_cli_usage(cli, "%s", err.msg) : og_cli_fail(cli, &err);
}

const struct og_command og_cmd_webhook = {
	.name = "webhook",
	.summary = "serve the mutating admission webhook",
	.usage = "--tls-cert FILE --tls-key FILE --config FILE|DIR [--objects DIR]",
	.description =
		"Answers POST /mutate over HTTPS: pods being created are injected as their "
		"annotations, labels, namespace and the profiles say, and everything else is "
		"admitted as it is. An own fault never denies a pod.\n"
		"\n"
		"Certificate, configuration and objects are followed while it runs; a bad new "
		"version is refused and the one in force stays: see /readyz?verbose and "
		"/debug/config on the ops port. SIGHUP looks at once. On SIGTERM it turns not "
		"ready, serves for --shutdown-delay, then ends without losing a review; a second "
		"signal skips the delay.",
	.examples = "# on this machine, with a certificate for trying\n"
		    "%P webhook --tls-cert tls.crt --tls-key tls.key --config config/ --port 8443",
	.exits = "0 stopped after an orderly drain\n"
		 "3 could not start, or reviews were cut at the end of the drain",
	.opts = opts,
	.nopts = OG_COUNT(opts),
	.args_bytes = sizeof(struct webhook_args),
	.run = run_webhook,
};
