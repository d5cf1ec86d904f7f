/* SPDX-License-Identifier: Apache-2.0 */
/* probe: does what pods send get through, and arrive? */
#include <unistd.h>
#include "commands-priv.h"
#include "otelgate/base/mem.h"
#include "probe-priv.h"

#define AT(field) .at = offsetof(struct probe_args, field)
#define STR(name_, field, arg_, help_, group_)                                            \
	{                                                                                 \
		.name = name_, .type = OG_OPT_STR, AT(field), .arg = arg_, .help = help_, \
		.group = group_,                                                          \
	}
#define RECEIVER "Receiver, instead of the stack's"
#define BACKENDS "Backends, instead of the stack's"

static const struct og_opt opts[] = {
	OG_KUBE_OPT_(struct probe_args, kube.ns, "namespace", 'n', OG_OPT_STR, "NAME",
		"send with the Secret that pods of this namespace have; else with the one of the stack"),
	{
		.name = "config",
		.type = OG_OPT_STRS,
		AT(config),
		.arg = "FILE|DIR",
		.help = "read the GrafanaStack from files instead of a cluster",
	},
	STR("signals", signals, "LIST",
		"which of metrics, traces, logs, profiles; all that have a receiver when not given",
		NULL),
	{
		.name = "timeout",
		.type = OG_OPT_DURATION,
		AT(timeout_ms),
		.arg = "TIME",
		.def = "60s",
		.min = 1000,
		.max = 3600000,
		.help = "longest time for all of it, until everything is seen",
	},
	{
		.name = "connect-timeout",
		.type = OG_OPT_DURATION,
		AT(connect_ms),
		.arg = "TIME",
		.def = "10s",
		.min = 100,
		.max = 600000,
		.help = "longest time for one connection, and for one answer of the receiver",
	},
	{
		.name = "no-read",
		.type = OG_OPT_FLAG,
		AT(no_read),
		.help = "send, and do not look whether it arrives",
	},
	{
		.name = "output",
		.letter = 'o',
		.type = OG_OPT_WORD,
		AT(output),
		.arg = "FORM",
		.words = "table|json|yaml",
		.def = "table",
		.help = "form of the output",
	},
	STR("endpoint", endpoint, "URL", "base URL of an OTLP receiver", RECEIVER),
	{
		.name = "protocol",
		.type = OG_OPT_WORD,
		AT(protocol),
		.arg = "NAME",
		.words = "stack|http/protobuf|http/json|grpc",
		.def = "stack",
		.help = "the stack's is http/protobuf when there is none",
		.group = RECEIVER,
	},
	{
		.name = "compression",
		.type = OG_OPT_WORD,
		AT(compression),
		.arg = "NAME",
		.words = "stack|none|gzip",
		.def = "stack",
		.help = "the stack's is none when there is none",
		.group = RECEIVER,
	},
	STR("instance-id", user, "ID", "user of the receiver: the stack's instance id", RECEIVER),
	STR("token-file", token_file, "FILE|-", "file with the token; - is standard input",
		RECEIVER),
	STR("headers-file", headers_file, "FILE|-",
		"file with the value of OTEL_EXPORTER_OTLP_HEADERS as pods have it", RECEIVER),
	STR("ca-file", ca_file, "FILE", "CA certificates to verify the receiver with", RECEIVER),
	STR("certificate-file", cert_file, "FILE", "client certificate", RECEIVER),
	STR("key-file", key_file, "FILE", "its key", RECEIVER),
	{
		.name = "insecure",
		.type = OG_OPT_FLAG,
		AT(insecure),
		.help = "take any certificate",
		.group = RECEIVER,
	},
	STR("proxy", proxy, "URL|none",
		"HTTP proxy on the way; HTTPS_PROXY, HTTP_PROXY and NO_PROXY when not given",
		RECEIVER),
	STR("profiles-url", profiles_url, "URL", "Pyroscope server, or a collector in its place",
		RECEIVER),
	STR("profiles-user", profiles_user, "ID", "its user", RECEIVER),
	STR("slug", slug, "NAME",
		"slug of a Grafana Cloud stack: what is not given is looked up with the token, which takes the scope stacks:read",
		BACKENDS),
	STR("query-ca-file", query_ca_file, "FILE",
		"CA certificates to verify the backends with; those of --ca-file with --endpoint, else the system's",
		BACKENDS),
	STR("query-token-file", query_token_file, "FILE",
		"token to read with; the one to write with when not given", BACKENDS),
	STR("prometheus-url", query_url[OG_GF_PROMETHEUS], "URL", "where metrics are asked for",
		BACKENDS),
	STR("prometheus-user", query_user[OG_GF_PROMETHEUS], "ID", "its user", BACKENDS),
	STR("loki-url", query_url[OG_GF_LOKI], "URL", "where logs are asked for", BACKENDS),
	STR("loki-user", query_user[OG_GF_LOKI], "ID", "its user", BACKENDS),
	STR("tempo-url", query_url[OG_GF_TEMPO], "URL", "where traces are asked for", BACKENDS),
	STR("tempo-user", query_user[OG_GF_TEMPO], "ID", "its user", BACKENDS),
	STR("pyroscope-url", query_url[OG_GF_PYROSCOPE], "URL", "where profiles are asked for",
		BACKENDS),
	STR("pyroscope-user", query_user[OG_GF_PYROSCOPE], "ID", "its user", BACKENDS),
	{
		.name = "allow-http",
		.type = OG_OPT_FLAG,
		AT(allow_http),
		.help = "ask backends over http://, too; the token can be read on the way",
		.group = BACKENDS,
	},
	STR("grafana-com-url", grafana_com, "URL", "instead of https://grafana.com", BACKENDS),
	STR("cluster-name", cluster_name, "NAME", "k8s.cluster.name of what is sent", BACKENDS),
	OG_KUBE_OPTS(struct probe_args, kube),
};

struct run {
	struct probe_plan plan;
	struct probe_view view;
	struct og_probe *probe;
	bool done;
};

static void on_progress(void *ctx, enum og_otlp_signal s)
{
	struct run *u = ctx;
	(void)s;
	probe_view_progress(&u->view);
}

static void on_done(void *ctx)
{
	struct run *u = ctx;
	u->done = true;
}

static int exit_of(const struct og_probe_result *r)
{
	bool untold = false;

	for (int s = 0; s < OG_OTLP_SIGNAL_COUNT_; s++) {
		const struct og_send_verdict *v = og_probe_verdict(&r->signal[s]);
		if (v && r->signal[s].asked)
			untold |= v->class == OG_SEND_GRPC_UNTRIED || v->class == OG_SEND_LOCAL ||
				  v->link == OG_LINK_QUERY;
		if (v && !v->ok && v->class != OG_SEND_LOCAL && v->link != OG_LINK_QUERY)
			return OG_EXIT_GATE;
	}
	return untold ? OG_EXIT_FAULT : OG_EXIT_PASS;
}

static int show(struct run *u)
{
	const struct og_probe_result *r = og_probe_result(u->probe);
	unsigned form = u->plan.args->output;
	int code = OG_EXIT_PASS;

	probe_view_clear(&u->view);
	if (form == PROBE_TABLE)
		probe_view_table(&u->plan, r);
	else
		code = probe_view_json(&u->plan, r, form == PROBE_YAML);
	return code == OG_EXIT_PASS ? exit_of(r) : code;
}

/* Their own; else that of the receiver, where both were named on the command line. */
static struct og_sv ca_of_backends(const struct probe_plan *p)
{
	if (p->query_ca.n)
		return p->query_ca;
	return p->args->query_url[0] || p->args->endpoint ? p->o.ca_pem : og_sv("", 0);
}

static int make_client(struct run *u, struct og_gf_client **ret, struct og_err *err)
{
	struct probe_plan *p = &u->plan;
	struct og_gf_client_opts o = {.loop = p->o.loop,
		.http = p->o.http,
		.ca_pem = ca_of_backends(p),
		.insecure = p->args->insecure,
		.proxy = p->o.proxy,
		.allow_http = p->args->allow_http};

	if (p->args->no_read)
		return 0;
	memcpy(o.backend, p->backend, sizeof(o.backend));
	return og_gf_client_new(&o, ret, err);
}

static int probe(struct run *u, struct og_loop *loop, struct og_httpc *http)
{
	struct og_cli *cli = u->plan.cli;
	struct og_err err = OG_ERR_INIT;
	struct og_gf_client *client = NULL;
	int code = probe_plan_complete(&u->plan, loop, http);

	if (code != OG_EXIT_PASS)
		return code;
	if (make_client(u, &client, &err) < 0)
		return og_cli_fail(cli, &err);
	u->plan.o.client = client;
	u->plan.o.ctx = u;
	u->plan.o.on_progress = on_progress;
	u->plan.o.on_done = on_done;
	u->view.live = isatty(cli->err_fd) == 1 && og_cli_flush(cli);
	if (og_probe_start(&u->plan.o, &u->probe, &err) < 0) {
		code = og_cli_fail(cli, &err);
	} else {
		u->view.probe = u->probe;
		while (!u->done)
			(void)og_loop_turn(loop, 1000);
		code = show(u);
	}
	og_probe_free(u->probe);
	og_gf_client_free(client);
	return code;
}

static int run_probe(struct og_cli *cli, void *args, const struct og_parsed *p)
{
	const struct probe_args *a = args;
	struct run u = {.done = false};
	struct og_loop *loop = NULL;
	struct og_httpc *http = NULL;
	struct og_err err = OG_ERR_INIT;
	const struct og_httpc_opts o = {.user_agent = "otelgate/" OG_VERSION " probe"};
	int code = probe_plan_make(cli, a, p->noperands ? p->operands[0] : NULL, &u.plan);

	u.view.plan = &u.plan;
	if (code == OG_EXIT_PASS && u.plan.problem.n) {
		probe_view_credential(&u.plan);
		code = OG_EXIT_GATE;
	} else if (code == OG_EXIT_PASS) {
		if (og_loop_new(NULL, &loop, &err) < 0 || og_httpc_new(loop, &o, &http, &err) < 0)
			code = og_cli_fail(cli, &err);
		else
			code = probe(&u, loop, http);
	}
	og_httpc_free(http);
	og_loop_free(loop);
	probe_plan_fini(&u.plan);
	return code;
}

const struct og_command og_cmd_probe = {
	.name = "probe",
	.summary = "send telemetry as pods do and name the first broken link",
	.usage = "[STACK] [-n NAMESPACE] [--signals LIST] [--no-read] [-o table|json|yaml]\n"
		 "--config FILE|DIR [STACK] --instance-id ID --token-file FILE [options]\n"
		 "--endpoint URL [--instance-id ID --token-file FILE] [options]",
	.description =
		"One metric, one span, one log record and one profile are sent to the receiver of a "
		"GrafanaStack, with the endpoint, protocol, TLS and credential that pods use, and "
		"then looked for in the backends of the stack. For each signal it says whether it "
		"was accepted, after how long it was visible, and what the way there has changed; "
		"or which link is the first that is broken, why, and what puts it right: DNS, TCP, "
		"a proxy, TLS (with the certificate that was shown), the path, the credential "
		"(which of the known causes of a 401), a scope, the request, limits, the receiver, "
		"the backend.\n"
		"\n"
		"It sends from where it runs: a receiver inside the cluster is reached from a pod, "
		"or through kubectl port-forward and --endpoint. Nothing in the cluster is "
		"changed; the four records carry service.name otelgate-probe. Credentials are never "
		"shown. Over gRPC nothing is sent: name, connection, TLS and HTTP/2 are looked at.",
	.examples = "# the only stack of the cluster, as the controller would give it to pods\n"
		    "%P probe\n"
		    "# with the credential that pods of a namespace have\n"
		    "%P probe prod -n shop\n"
		    "# without a cluster: everything but the token is found by the stack's slug\n"
		    "%P probe --slug mystack --instance-id 123456 --token-file token\n"
		    "# a collector of one's own\n"
		    "%P probe --endpoint http://localhost:4318 --no-read",
	.exits = "0 everything that was asked for was accepted, and seen where it was looked for\n"
		 "1 a link is broken\n"
		 "3 could not be evaluated: the cluster or a backend could not be asked, or the "
		 "protocol is grpc",
	.opts = opts,
	.nopts = OG_COUNT(opts),
	.args_bytes = sizeof(struct probe_args),
	.max_operands = 1,
	.run = run_probe,
};
