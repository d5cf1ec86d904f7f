/* SPDX-License-Identifier: Apache-2.0 */
/* missed: which running pods should be injected and are not. */
#include "otelgate/base/clock.h"
#include "otelgate/base/mem.h"
#include "otelgate/base/parse.h"
#include "otelgate/cli/kubeflags.h"
#include "otelgate/cli/term.h"
#include "commands-priv.h"
#include "missed-priv.h"
#include "session-priv.h"

struct missed_args {
	struct og_kubeflags kube;
	bool all, no_headers, check;
	unsigned output;
	const char *registration;
	int64_t timeout_ms;
};
enum { OUT_TABLE, OUT_WIDE, OUT_JSON };
#define AT(field) offsetof(struct missed_args, field)

static const struct og_opt opts[] = {
	OG_KUBE_OPT_NAMESPACE(struct missed_args, kube),
	OG_KUBE_OPT_ALL(struct missed_args, all, "look at all namespaces"),
	{
		.name = "output",
		.letter = 'o',
		.type = OG_OPT_WORD,
		.at = AT(output),
		.arg = "FORM",
		.words = "table|wide|json",
		.def = "table",
		.help = "form of the output; wide adds who opted in, the profile and the fix",
	},
	{
		.name = "no-headers",
		.type = OG_OPT_FLAG,
		.at = AT(no_headers),
		.help = "table without its first line",
	},
	{
		.name = "check",
		.type = OG_OPT_FLAG,
		.at = AT(check),
		.help = "exit with 1 when any pod is missed",
	},
	{
		.name = "registration",
		.type = OG_OPT_STR,
		.at = AT(registration),
		.arg = "NAME",
		.def = "otelgate",
		.help = "name of the webhook's MutatingWebhookConfiguration",
	},
	{
		.name = "timeout",
		.type = OG_OPT_DURATION,
		.at = AT(timeout_ms),
		.arg = "TIME",
		.def = "60s",
		.min = 1000,
		.max = 3600000,
		.help = "longest time for all of it",
	},
	OG_KUBE_OPTS(struct missed_args, kube),
};

static void show(struct og_cli *cli, const struct missed_args *a, const struct og_audit_missed *m)
{
	int64_t now = og_clock_wall_ns(og_clock_system()) / OG_NS_PER_S;

	if (a->output == OUT_JSON) {
		og_missed_json(m, &cli->out);
		return;
	}
	if (m->report.n)
		og_missed_table(&m->report, a->output == OUT_WIDE, !a->no_headers,
			og_term_ascii(cli->env), now, cli->arena, &cli->out);
	session_write_notes(cli, og_buf_view(&m->notes));
	if (a->no_headers)
		return;
	if (m->report.n && a->output == OUT_TABLE)
		og_missed_legend(&m->report, cli->colour_out, cli->width, cli->arena, &cli->out);
	if (!m->report.n)
		og_buf_fmt(&cli->err, "%u pods looked at, none is missed%s\n", m->pods,
			m->partial ? ", as far as could be seen" : "");
}

static int run_missed(struct og_cli *cli, void *args, const struct og_parsed *p)
{
	struct missed_args *a = args;
	struct og_kube_access *access = NULL;
	struct og_err err = OG_ERR_INIT;
	struct og_audit_missed m;
	struct session_progress progress = {.cli = cli};

	(void)p;
	if (a->all && a->kube.ns)
		return og_cli_usage(cli, "--namespace and --all-namespaces exclude each other");
	int code = og_kubeflags_load(cli, &a->kube, &access);
	if (code != OG_EXIT_PASS)
		return code;
	/* The access is given away, its namespace is needed until the end. */
	struct og_sv ns = og_arena_sv(cli->arena, og_svz(access->ns));
	struct og_audit_missed_opts o = {.access = access,
		.ns = a->all ? NULL : ns.p,
		.registration = a->registration,
		.timeout_ms = a->timeout_ms,
		.ctx = &progress,
		.progress = session_on_progress};
	int r = og_audit_missed(&o, cli->arena, &m, &err);
	session_progress_clear(&progress);
	if (r == 0) {
		show(cli, a, &m);
		code = a->check && m.report.pods ? OG_EXIT_GATE : OG_EXIT_PASS;
		if (m.partial && code == OG_EXIT_PASS && a->check)
			code = OG_EXIT_FAULT;
	}
	og_buf_fini(&m.notes);
	return r == 0 ? code : og_cli_fail(cli, &err);
}

const struct og_command og_cmd_missed = {
	.name = "missed",
	.summary = "name the running pods that should be injected and are not",
	.usage = "[-n NAMESPACE | -A] [-o table|wide|json] [--check]",
	.description =
		"Injection happens when a pod is created, and the API server creates pods "
		"without the webhook when it cannot reach it. This lists, by workload, the pods "
		"that asked for injection and run without it, and why: the webhook was away, they "
		"are older than the opt-in, the profile or the webhook itself, the webhook's "
		"registration leaves them out, or the configuration lacks what they ask for.\n"
		"\n"
		"Nothing is changed. The rights it takes are those of ClusterRole "
		"otelgate-reader; without some of them the answer says what is unknown.",
	.examples = "# everything that was missed, with the command that puts it right\n"
		    "%P missed -A -o wide\n"
		    "# in CI, after a rollout\n"
		    "%P missed -n shop --check",
	.exits = "0 looked, and nothing is missed (or --check was not given)\n"
		 "1 with --check: some pods are missed\n"
		 "3 the cluster could not be asked; with --check also when something that decides "
		 "could not be seen",
	.opts = opts,
	.nopts = OG_COUNT(opts),
	.args_bytes = sizeof(struct missed_args),
	.run = run_missed,
};
