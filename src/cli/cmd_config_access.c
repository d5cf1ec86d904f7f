/* SPDX-License-Identifier: Apache-2.0 */
/* config access: which cluster, as whom, and why. */
#include "otelgate/base/clock.h"
#include "otelgate/base/mem.h"
#include "otelgate/base/parse.h"
#include "otelgate/cli/config_load.h"
#include "otelgate/cli/kubeflags.h"
#include "otelgate/cli/term.h"
#include "otelgate/kube/execplugin.h"
#include "access-priv.h"
#include "commands-priv.h"
#include "otelgate/codec/emit.h"

enum { FORM_TEXT, FORM_YAML, FORM_JSON };

struct access_args {
	struct og_kubeflags kube;
	struct og_strs config;
	unsigned output;
	bool raw, flatten, run_plugin;
};
#define AT(member) .at = offsetof(struct access_args, member)

static const struct og_opt access_opts[] = {
	{
		.name = "output",
		.letter = 'o',
		.type = OG_OPT_WORD,
		AT(output),
		.arg = "FORM",
		.words = "text|yaml|json",
		.def = "text",
		.help = "text for people, or a kubeconfig with this one context",
	},
	{
		.name = "raw",
		.type = OG_OPT_FLAG,
		AT(raw),
		.help = "show tokens, keys and certificates in the kubeconfig",
	},
	{
		.name = "flatten",
		.type = OG_OPT_FLAG,
		AT(flatten),
		.help = "put the content of certificate files into the kubeconfig",
	},
	{
		.name = "run-plugin",
		.type = OG_OPT_FLAG,
		AT(run_plugin),
		.help = "run the user's exec plugin, and say what it gave",
	},
	{
		.name = "config",
		.type = OG_OPT_STRS,
		AT(config),
		.arg = "FILE|DIR",
		.help = "instead: the rights to Secrets that these stacks need beside manifests/base, for kubectl apply; -n is otelgate's namespace",
	},
	OG_KUBE_OPT_NAMESPACE(struct access_args, kube),
	OG_KUBE_OPTS(struct access_args, kube),
	OG_KUBE_OPT_SERVICE_ACCOUNT_DIR(struct access_args, kube),
};

/* "label:       value", with what may come from outside made safe. */
static void row(struct og_cli *cli, const char *label, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
static void row(struct og_cli *cli, const char *label, const char *fmt, ...)
{
	og_auto_buf struct og_buf b = OG_BUF_INIT(0);
	va_list ap;
	va_start(ap, fmt);
	og_buf_vfmt(&b, fmt, ap);
	va_end(ap);
	og_buf_fmt(&cli->out, "%s:%*s", label, (int)(14 - strlen(label)), "");
	og_text_safe(&cli->out, og_buf_view(&b));
	og_buf_ch(&cli->out, '\n');
	og_buf_inherit(&cli->out, &b);
}

static void put_server(struct og_cli *cli, const struct og_kube_access *a)
{
	row(cli, "server", "%s", a->server);
	if (!a->https)
		row(cli, "certificate", "none: plain HTTP");
	else if (a->insecure)
		row(cli, "certificate", "not verified");
	else
		row(cli, "certificate", "verified by %s%s%s",
			a->ca_file ? a->ca_file
			: a->ca.n  ? "the CA in the kubeconfig"
				   : "the system's CAs",
			a->tls_server_name ? ", as " : "",
			a->tls_server_name ? a->tls_server_name : "");
	if (a->proxy_shown)
		row(cli, "proxy", "%s", a->proxy_shown);
	if (a->request_timeout_ms) {
		char text[OG_DURATION_BYTES];
		og_fmt_duration_ms(text, a->request_timeout_ms);
		row(cli, "timeout", "%s", text);
	}
}

static void put_identity(struct og_cli *cli, const struct og_kube_access *a)
{
	static const char *const from[] = {"-n", "the context", "the pod", "nobody said otherwise"};
	if (a->user)
		row(cli, "user", "%s", a->user);
	if (a->bearer == OG_KUBE_BEARER_TOKEN)
		row(cli, "credentials", "a token");
	else if (a->bearer == OG_KUBE_BEARER_FILE)
		row(cli, "credentials", "the token in %s, read again every minute", a->token_file);
	else if (a->bearer == OG_KUBE_BEARER_EXEC)
		row(cli, "credentials", "what the exec plugin %s gives", a->exec.command);
	if (a->cert != OG_KUBE_CERT_NONE)
		row(cli, "credentials", "the client certificate %s%s",
			a->client_cert_file ? "in " : "of the kubeconfig",
			a->client_cert_file ? a->client_cert_file : "");
	if (a->bearer == OG_KUBE_BEARER_NONE && a->cert == OG_KUBE_CERT_NONE)
		row(cli, "credentials", "none (anonymous)");
	if (a->as)
		row(cli, "impersonates", "%s", a->as);
	for (size_t i = 0; i < a->nas_groups; i++)
		row(cli, "with group", "%s", a->as_groups[i]);
	row(cli, "namespace", "%s (%s)", a->ns, from[a->ns_from]);
}

static void put_text(struct og_cli *cli, const struct og_kube_access *a)
{
	row(cli, "source", "%s", a->source);
	for (size_t i = 0; a->nfiles > 1 && i < a->nfiles; i++)
		row(cli, i ? "and" : "merged from", "%s", a->files[i]);
	put_server(cli, a);
	put_identity(cli, a);
}

static int put_kubeconfig(
	struct og_cli *cli, const struct access_args *o, const struct og_kube_access *a)
{
	struct og_buf json = OG_BUF_INIT(0);
	struct og_jdoc d;
	og_kube_access_write(a, o->raw, o->flatten, &json);
	if (json.failed || og_jdoc_parse(&d, cli->arena, og_buf_view(&json), NULL, NULL) != 0) {
		cli->out.failed = true;
	} else if (o->output == FORM_JSON) {
		og_emit_json(&cli->out, og_jroot(&d), 0);
		og_buf_ch(&cli->out, '\n');
	} else {
		og_emit_yaml(&cli->out, og_jroot(&d), cli->arena);
	}
	if (json.p)
		og_wipe(json.p, json.cap);
	og_buf_fini(&json);
	return cli->out.failed ? OG_EXIT_FAULT : OG_EXIT_PASS;
}

static int run_plugin(struct og_cli *cli, const struct og_kube_access *a)
{
	struct og_exec_plugin_options po = {.env = og_kubeflags_env(cli), .stdin_fd = cli->in_fd};
	struct og_err err = OG_ERR_INIT;
	struct og_exec_plugin *p = og_exec_plugin_new(a, &po, &err);
	int rc = p ? og_exec_plugin_run(p, &err) : -(int)err.code;
	const struct og_exec_creds *c =
		rc ? NULL : og_exec_plugin_creds(p, og_clock_wall_ns(og_clock_system()));
	if (c) {
		char until[OG_RFC3339_BYTES] = "";
		if (c->expires)
			og_fmt_rfc3339(until, c->expires);
		row(cli, "plugin gave", "%s%s%s%s%s", og_secret_is_set(&c->token) ? "a token" : "",
			og_secret_is_set(&c->token) && c->client_cert ? " and " : "",
			c->client_cert ? "a client certificate" : "",
			c->expires ? ", valid until " : "", until);
	}
	og_exec_plugin_free(p);
	return rc ? og_cli_fail(cli, &err) : OG_EXIT_PASS;
}

static int put_rights(struct og_cli *cli, const struct access_args *o)
{
	const struct og_config *config = NULL;
	struct og_sv ns = o->kube.ns ? og_svz(o->kube.ns) : OG_SV("otelgate");

	if (o->output != FORM_TEXT || o->run_plugin)
		return og_cli_usage(cli, "--config goes with neither -o nor --run-plugin");
	int rc = og_cli_config_load(cli, o->config.v, o->config.n, cli->in_fd, &config);
	if (rc == OG_EXIT_PASS && og_access_rights(config, ns, cli->arena, &cli->out) < 0)
		rc = OG_EXIT_FAULT;
	return rc;
}

static int run_access(struct og_cli *cli, void *args, const struct og_parsed *p)
{
	const struct access_args *o = args;
	og_auto_kube_access struct og_kube_access *a = NULL;
	(void)p;
	if (o->config.n)
		return put_rights(cli, o);
	if (o->output == FORM_TEXT && (o->raw || o->flatten))
		return og_cli_usage(
			cli, "--%s goes with -o yaml or -o json", o->raw ? "raw" : "flatten");
	if (o->output != FORM_TEXT && o->run_plugin)
		return og_cli_usage(cli, "--run-plugin goes with -o text");
	int rc = og_kubeflags_load(cli, &o->kube, &a);
	if (rc != OG_EXIT_PASS)
		return rc;
	if (o->output != FORM_TEXT)
		return put_kubeconfig(cli, o, a);
	if (o->run_plugin && a->bearer != OG_KUBE_BEARER_EXEC)
		return og_cli_usage(cli, "--run-plugin: %s has no exec plugin in use", a->source);
	put_text(cli, a);
	return o->run_plugin ? run_plugin(cli, a) : OG_EXIT_PASS;
}

const struct og_command og_cmd_config_access = {
	.name = "config access",
	.summary = "show which cluster would be talked to, as whom, and why",
	.usage = "[-n NAME] [--context NAME] [--kubeconfig FILE] [-o text|yaml|json] [options]",
	.description =
		"Resolves kubeconfig files, flags and the service account of a pod as every other "
		"command does, and as kubectl does. Certificates and tokens are checked; nothing is "
		"sent, and no plugin is run unless asked for. With -o yaml it is kubectl config view "
		"--minify, and with --flatten --raw as well a kubeconfig that works on its own.\n"
		"\n"
		"--kubeconfig wins over the files of $KUBECONFIG, those over ~/.kube/config. Of files "
		"that name the same cluster, user or context the first one counts. Without a context "
		"a pod uses its service account.\n"
		"\n"
		"With --config it prints the Roles and bindings that the controller needs for the "
		"Secrets which GrafanaStacks name: to read those that the credentials come from, and "
		"to write one of another name than the usual otelgate-otlp.",
	.examples = "# whom am I talking to?\n%P config access\n"
		    "# a kubeconfig for one context\n"
		    "%P config access --context prod -o yaml --flatten --raw > prod.kubeconfig\n"
		    "# does the credential plugin work?\n%P config access --run-plugin\n"
		    "# the rights that a configuration needs\n"
		    "%P config access --config stacks.yaml | kubectl apply -f -",
	.exits = "0 shown\n2 the command line is wrong\n3 the kubeconfig or configuration can't be "
		 "used, or the plugin failed",
	.opts = access_opts,
	.nopts = OG_COUNT(access_opts),
	.args_bytes = sizeof(struct access_args),
	.run = run_access,
};
