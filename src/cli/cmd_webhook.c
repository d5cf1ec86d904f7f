/* SPDX-License-Identifier: Apache-2.0 */
/* webhook: the admission service. */
#include "otelgate/base/mem.h"
#include "otelgate/cli/command.h"
#include "otelgate/cli/kubeflags.h"
#include "otelgate/webhook/server.h"
#include "commands-priv.h"
#include "serviceopts-priv.h"

struct webhook_args {
	const char *tls_cert, *tls_key, *objects, *address;
	struct og_service_args run;
	const char *service, *domain, *registration, *ca_secret, *tls_secret;
	struct og_strs config, names;
	struct og_kubeflags kube;
	bool no_cluster;
	int64_t ca_ms, leaf_ms, settle_ms, sync_ms, owner_wait_ms;
	uint32_t port, workers, max_inflight, max_connections;
	int64_t review_ms, delay_ms, drain_ms;
	unsigned failure_policy;
};
enum { POLICY_IGNORE, POLICY_FAIL };

#define AT(field) offsetof(struct webhook_args, field)
#define LISTEN	  OG_SERVICE_LISTEN
#define LIMITS	  "Limits"
#define CERTS	  "Certificates from the cluster"
enum { HOUR_MS = 3600 * 1000 };

static const struct og_opt opts[] = {
	{
		.name = "tls-cert",
		.type = OG_OPT_STR,
		.at = AT(tls_cert),
		.arg = "FILE",
		.env = "OTELGATE_TLS_CERT",
		.help = "certificate chain in PEM, the server's own first; followed when it "
			"changes. Without it the certificate comes from the cluster",
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
		.help = "GrafanaStack and TelemetryProfile documents; followed when they change. "
			"Without them the cluster's objects are the configuration",
	},
	{
		.name = "objects",
		.type = OG_OPT_STR,
		.at = AT(objects),
		.arg = "FILE|DIR",
		.help = "manifests of namespaces, owners and ConfigMaps to decide by, before "
			"what the cluster has; followed when they change",
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
	OG_SERVICE_LISTEN_OPTS(
		struct webhook_args, run, "/healthz, /livez, /readyz, /metrics and /debug/config"),
	{
		.name = "workers",
		.type = OG_OPT_U32,
		.at = AT(workers),
		.arg = "N",
		.max = 64,
		.help = "threads that serve reviews; 0 means 2, and 4 with a cluster, where a "
			"review may wait for an owner",
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
		.name = "service",
		.type = OG_OPT_STR,
		.at = AT(service),
		.arg = "NAME",
		.def = "otelgate-webhook",
		.help = "Service that the API server calls: the certificate is for its names",
		.group = CERTS,
	},
	{
		.name = "cluster-domain",
		.type = OG_OPT_STR,
		.at = AT(domain),
		.arg = "DOMAIN",
		.def = "cluster.local",
		.help = "DNS domain of the cluster",
		.group = CERTS,
	},
	{
		.name = "tls-name",
		.type = OG_OPT_STRS,
		.at = AT(names),
		.arg = "NAME|IP",
		.help = "another name or address for the certificate, where the webhook is "
			"registered by URL",
		.group = CERTS,
	},
	{
		.name = "registration",
		.type = OG_OPT_STR,
		.at = AT(registration),
		.arg = "NAME",
		.def = "otelgate",
		.help = "MutatingWebhookConfiguration whose caBundle is kept; \"\" keeps none",
		.group = CERTS,
	},
	{
		.name = "ca-secret",
		.type = OG_OPT_STR,
		.at = AT(ca_secret),
		.arg = "NAME",
		.def = "otelgate-webhook-ca",
		.help = "Secret that holds the CA; made when it is not there",
		.group = CERTS,
	},
	{
		.name = "tls-secret",
		.type = OG_OPT_STR,
		.at = AT(tls_secret),
		.arg = "NAME",
		.help = "serve this kubernetes.io/tls Secret, cert-manager's or your own, "
			"instead of making certificates; its ca.crt goes into caBundle",
		.group = CERTS,
	},
	{
		.name = "ca-lifetime",
		.type = OG_OPT_DURATION,
		.at = AT(ca_ms),
		.arg = "TIME",
		.def = "8760h",
		.min = 10000,
		.max = 10LL * 8766 * HOUR_MS,
		.help = "life of the CA; renewed with a third of it left",
		.group = CERTS,
	},
	{
		.name = "certificate-lifetime",
		.type = OG_OPT_DURATION,
		.at = AT(leaf_ms),
		.arg = "TIME",
		.def = "168h",
		.min = 3000,
		.max = 8766LL * HOUR_MS,
		.help = "life of the server's certificate; renewed after two thirds of it",
		.group = CERTS,
	},
	{
		.name = "rotation-settle",
		.type = OG_OPT_DURATION,
		.at = AT(settle_ms),
		.arg = "TIME",
		.def = "60s",
		.min = 100,
		.max = 24 * HOUR_MS,
		.help = "how long a new CA is published before it signs",
		.group = CERTS,
	},
	{
		.name = "sync-timeout",
		.type = OG_OPT_DURATION,
		.at = AT(sync_ms),
		.arg = "TIME",
		.def = "30s",
		.min = 1,
		.max = HOUR_MS,
		.help = "after the start, reviews are answered 429 until the caches have "
			"answered, but no longer than that",
		.group = LIMITS,
	},
	{
		.name = "owner-wait",
		.type = OG_OPT_DURATION,
		.at = AT(owner_wait_ms),
		.arg = "TIME",
		.def = "150ms",
		.min = 1,
		.max = 2000,
		.help = "wait that long for an owner that the caches do not have yet, before it "
			"is fetched",
		.group = LIMITS,
	},
	{
		.name = "no-cluster",
		.type = OG_OPT_FLAG,
		.at = AT(no_cluster),
		.help = "use files alone, also inside a pod",
		.group = OG_KUBE_OPT_GROUP,
	},
	OG_KUBE_OPT_NAMESPACE(struct webhook_args, kube),
	OG_KUBE_OPTS(struct webhook_args, kube),
	OG_KUBE_OPT_SERVICE_ACCOUNT_DIR(struct webhook_args, kube),
	OG_SERVICE_LOG_OPTS(
		struct webhook_args, run, "; pods left alone are debug", "webhook, http"),
	OG_SERVICE_SANDBOX_OPTS(struct webhook_args, run),
};

/* With a cluster: when one is named, or when this runs in a pod and not all comes from files. */
static bool wants_cluster(struct og_cli *cli, const struct webhook_args *a)
{
	const struct og_kubeflags *k = &a->kube;
	const char *host = cli->env("KUBERNETES_SERVICE_HOST");

	if (a->no_cluster)
		return false;
	if (k->kubeconfig || k->context || k->cluster || k->user || k->server ||
		k->service_account_dir)
		return true;
	return host && *host && !(a->tls_cert && a->config.n && a->objects);
}

static int check_args(struct og_cli *cli, const struct webhook_args *a)
{
	if (a->tls_cert && a->tls_secret)
		return og_cli_usage(
			cli, "--tls-cert and --tls-secret are two sources of one thing");
	if (a->leaf_ms > a->ca_ms / 3)
		return og_cli_usage(cli,
			"--certificate-lifetime must be at most a third of --ca-lifetime: a "
			"certificate never outlives its CA");
	return OG_EXIT_PASS;
}

static struct og_webhook_opts make_opts(const struct webhook_args *a)
{
	return (struct og_webhook_opts){.address = a->address,
		.port = (uint16_t)a->port,
		.ops_address = a->run.ops_address,
		.ops_port = (uint16_t)a->run.ops_port,
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
		.ports_file = a->run.ports_file,
		.cluster = {.service = a->service,
			.domain = a->domain,
			.names = a->names.v,
			.nnames = a->names.n,
			.registration = a->registration,
			.ca_secret = a->ca_secret,
			.tls_secret = a->tls_secret,
			.ca_ms = a->ca_ms,
			.leaf_ms = a->leaf_ms,
			.settle_ms = a->settle_ms,
			.sync_ms = a->sync_ms,
			.owner_wait_ms = a->owner_wait_ms},
		.stop_fd = -1};
}

static int run_webhook(struct og_cli *cli, void *args, const struct og_parsed *p)
{
	const struct webhook_args *a = args;
	struct og_err err = OG_ERR_INIT;
	struct og_webhook_opts o = make_opts(a);
	int r;

	(void)p;
	if ((r = og_service_log(cli, &a->run)) != OG_EXIT_PASS)
		return r;
	if ((r = check_args(cli, a)) != OG_EXIT_PASS)
		return r;
	if (wants_cluster(cli, a) &&
		(r = og_kubeflags_load(cli, &a->kube, &o.access)) != OG_EXIT_PASS)
		return r;
	const uint16_t ports[] = {o.port, o.ops_port};
	r = og_webhook_check(&o, &err);
	if (r == 0 && (r = og_service_sandbox(cli, &a->run, o.access, ports, OG_COUNT(ports))) !=
			      OG_EXIT_PASS)
		return r;
	if (r == 0)
		r = og_webhook_run(&o, &err);
	if (r == 0)
		return OG_EXIT_PASS;
	return r == -OG_E_USAGE ? og_cli_usage(cli, "%s", err.msg) : og_cli_fail(cli, &err);
}

const struct og_command og_cmd_webhook = {
	.name = "webhook",
	.summary = "serve the mutating admission webhook",
	.usage = "[--tls-cert FILE --tls-key FILE] [--config FILE|DIR] [--objects DIR]",
	.description =
		"Answers POST /mutate over HTTPS: pods being created are injected as their "
		"annotations, labels, namespace and the profiles say, and everything else is "
		"admitted as it is. An own fault never denies a pod.\n"
		"\n"
		"In a pod, or with --kubeconfig, --context or --server, what no files are given "
		"for comes from the cluster: GrafanaStack and TelemetryProfile objects, what is "
		"known of owners and namespaces, and a certificate of a CA of its own, which is "
		"kept in a Secret and in the webhook configuration's caBundle and rotated without "
		"losing a review. Whatever is missing there is named, and found when it comes; no "
		"restart is needed.\n"
		"\n"
		"Certificate, configuration and objects are followed while it runs; a bad new "
		"version is refused and the one in force stays: see /readyz?verbose and "
		"/debug/config on the ops port. SIGHUP looks at once. On SIGTERM it turns not "
		"ready, serves for --shutdown-delay, then ends without losing a review; a second "
		"signal skips the delay.",
	.examples = "# in a pod, as manifests/base runs it\n"
		    "%P webhook\n"
		    "# on this machine, with a certificate for trying\n"
		    "%P webhook --tls-cert tls.crt --tls-key tls.key --config config/ --port 8443",
	.exits = "0 stopped after an orderly drain\n"
		 "3 could not start, or reviews were cut at the end of the drain",
	.opts = opts,
	.nopts = OG_COUNT(opts),
	.args_bytes = sizeof(struct webhook_args),
	.run = run_webhook,
};
