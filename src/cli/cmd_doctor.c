/* SPDX-License-Identifier: Apache-2.0 */
/* doctor: the ladder from the API server to what arrives, up to its first broken rung. */
#include <signal.h>
#include "ask-priv.h"
#include "commands-priv.h"
#include "doctor-priv.h"
#include "joboptions-priv.h"
#include "otelgate/base/clock.h"
#include "otelgate/base/mem.h"
#include "otelgate/cli/config_load.h"
#include "otelgate/cli/kubeflags.h"
#include "otelgate/cli/term.h"
#include "otelgate/codec/emit.h"
#include "session-priv.h"

enum { OUT_TABLE, OUT_JSON, OUT_YAML };
enum { DOC_BYTES = 256 << 20, PROBLEMS_SHOWN = 20 };

struct doctor_args {
	struct og_kubeflags kube;
	struct ask_args ask;
	struct og_strs files, config;
	bool all, ascii, notes, no_dry_run;
	unsigned output;
	const char *registration;
	int64_t timeout_ms;
};
#define AT(field) offsetof(struct doctor_args, field)

static const struct og_opt opts[] = {
	OG_KUBE_OPT_NAMESPACE(struct doctor_args, kube),
	OG_KUBE_OPT_ALL(struct doctor_args, all, "look at the workloads of all namespaces"),
	{
		.name = "filename",
		.letter = 'f',
		.type = OG_OPT_STRS,
		.at = AT(files),
		.arg = "FILE|DIR|-",
		.help = "manifests or a dump instead of a cluster; may be repeated",
	},
	OG_OPT_CONFIG(struct doctor_args, config, OG_OPT_CONFIG_HELP),
	ASK_OPTS(struct doctor_args, ask),
	{
		.name = "output",
		.letter = 'o',
		.type = OG_OPT_WORD,
		.at = AT(output),
		.arg = "FORM",
		.words = "table|json|yaml",
		.def = "table",
		.help = "form of the output",
	},
	{
		.name = "notes",
		.type = OG_OPT_FLAG,
		.at = AT(notes),
		.help = "show also what is only worth knowing",
	},
	{
		.name = "no-dry-run",
		.type = OG_OPT_FLAG,
		.at = AT(no_dry_run),
		.help = "do not try the webhook with a pod; that it is called is not known then",
	},
	{
		.name = "registration",
		.type = OG_OPT_STR,
		.at = AT(registration),
		.arg = "NAME",
		.def = "otelgate",
		.help = "name of the MutatingWebhookConfiguration",
	},
	{
		.name = "ascii",
		.type = OG_OPT_FLAG,
		.at = AT(ascii),
		.help = "marks of plain ASCII",
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
	OG_KUBE_OPTS(struct doctor_args, kube),
};

static int64_t now_s(void)
{
	return og_clock_wall_ns(og_clock_system()) / OG_NS_PER_S;
}

/* ---- the forms ---- */

static int write_document(struct og_cli *cli, const struct doctor_args *a,
	const struct og_doctor_facts *f, const struct og_doctor_report *r, struct og_err *err)
{
	og_auto_buf struct og_buf json = OG_BUF_INIT(DOC_BYTES);
	const struct og_jlimits limits = {
		.max_bytes = DOC_BYTES, .max_tokens = (1U << 24), .own_text = true};
	struct og_jdoc doc;

	doctor_json(f, r, &json);
	if (json.failed)
		return og_err_set(err, OG_E_OOM, "writing the report");
	if (a->output == OUT_JSON) {
		og_buf_sv(&cli->out, og_buf_view(&json));
		return 0;
	}
	int code = og_jdoc_parse(&doc, cli->arena, og_buf_view(&json), &limits, err);
	if (code == 0)
		og_emit_yaml(&cli->out, og_jroot(&doc), cli->arena);
	return code;
}

/* Nothing could be looked at, or not all of what a cluster could have told. */
static int exit_of(const struct og_doctor_facts *f, const struct og_doctor_report *r)
{
	if (r->broken)
		return r->broken->rung->rung == OG_RUNG_ACCESS ? OG_EXIT_FAULT : OG_EXIT_GATE;
	return r->unknown && !f->files ? OG_EXIT_FAULT : OG_EXIT_PASS;
}

static int show(struct og_cli *cli, const struct doctor_args *a, const struct og_doctor_facts *f)
{
	const struct doctor_style v = {.colour = cli->colour_out,
		.ascii = a->ascii || og_term_ascii(cli->env),
		.all = a->notes,
		.width = cli->width};
	struct og_doctor_report *r = og_arena_new(cli->arena, struct og_doctor_report);
	struct og_err err = OG_ERR_INIT;
	int code = r ? og_doctor_judge(f, cli->arena, r, &err)
		     : og_err_set(&err, OG_E_OOM, "judging");

	if (code == 0 && a->output == OUT_TABLE)
		doctor_table(&v, f, r, &cli->out);
	else if (code == 0)
		code = write_document(cli, a, f, r, &err);
	return code < 0 ? og_cli_fail(cli, &err) : exit_of(f, r);
}

/* ---- files ---- */

struct problems {
	struct og_cli *cli;
	unsigned n;
};

static void on_problem(void *ctx, const char *message)
{
	struct problems *p = ctx;

	if (p->n++ < PROBLEMS_SHOWN)
		og_cli_error(p->cli, "%s", message);
}

static int of_files(struct og_cli *cli, const struct doctor_args *a, const struct og_parsed *p,
	const struct og_audit_ask *backends)
{
	struct problems problems = {.cli = cli};
	const struct og_audit_files files = {.paths = a->files.v,
		.n = a->files.n,
		.stdin_fd = cli->in_fd,
		.problem = on_problem,
		.ctx = &problems};
	const struct og_config *config = NULL;
	struct og_doctor_facts f;
	struct og_err err = OG_ERR_INIT;
	int code = OG_EXIT_PASS;

	if (a->config.n)
		code = og_cli_config_load(cli, a->config.v, a->config.n, -1, &config);
	if (code != OG_EXIT_PASS)
		return code;
	const struct og_audit_want want = {.config = config,
		.ns = og_svz(a->kube.ns),
		.default_ns = og_svz(a->kube.ns),
		.backends = backends,
		.now_s = now_s()};
	if (og_doctor_collect_files(
		    &files, &want, p->operands, p->noperands, cli->arena, &f, &err) < 0)
		return og_cli_fail(cli, &err);
	code = show(cli, a, &f);
	return code == OG_EXIT_PASS && problems.n ? OG_EXIT_FAULT : code;
}

/* ---- a cluster ---- */

/* What is over within a second needs no progress. */
struct patience {
	struct session_progress progress;
	int64_t from_ns;
};

static void on_progress(void *ctx, const char *what)
{
	struct patience *p = ctx;

	if (og_clock_mono_ns(og_clock_system()) - p->from_ns >= OG_NS_PER_S)
		session_progress_say(&p->progress, "looking at %s …", what);
}

static int of_cluster(struct og_cli *cli, const struct doctor_args *a, const struct og_parsed *p,
	const struct og_audit_ask *backends)
{
	struct patience patience = {
		.progress.cli = cli, .from_ns = og_clock_mono_ns(og_clock_system())};
	struct og_kube_access *access = NULL;
	struct og_doctor_facts f;
	struct og_err err = OG_ERR_INIT;
	int code = og_kubeflags_load(cli, &a->kube, &access);

	if (code != OG_EXIT_PASS)
		return code;
	/* The access is given away, its namespace is needed until the end. */
	struct og_sv ns = og_arena_sv(cli->arena, og_svz(access->ns));
	const struct og_doctor_ask ask = {.access = access,
		.ns = a->all ? NULL : ns.p,
		.target = p->operands,
		.ntarget = p->noperands,
		.registration = a->registration,
		.no_dry_run = a->no_dry_run,
		.backends = backends,
		.timeout_ms = a->timeout_ms,
		.now_s = now_s(),
		.tool_version = OG_VERSION,
		.ctx = &patience,
		.progress = on_progress};
	int r = og_doctor_collect_cluster(&ask, cli->arena, &f, &err);
	session_progress_clear(&patience.progress);
	return r < 0 ? og_cli_fail(cli, &err) : show(cli, a, &f);
}

static int run_doctor(struct og_cli *cli, void *args, const struct og_parsed *p)
{
	struct doctor_args *a = args;
	const struct og_audit_ask *backends = NULL;
	struct ask_loaded asked = {.n = 0};

	if (a->all && a->kube.ns)
		return og_cli_usage(cli, "--namespace and --all-namespaces exclude each other");
	if (a->all && p->noperands)
		return og_cli_usage(cli, "a workload is of one namespace: name it by -n");
	if (a->config.n && !a->files.n)
		return og_cli_usage(
			cli, "--config goes with -f: a cluster is judged by its own configuration");
	(void)signal(SIGPIPE, SIG_IGN); /* a reader that has gone ends it by its exit code */
	int code = ask_load(cli, &a->ask, a->timeout_ms, &asked, &backends);
	if (code == OG_EXIT_PASS)
		code = a->files.n ? of_files(cli, a, p, backends) : of_cluster(cli, a, p, backends);
	ask_fini(&asked);
	return code;
}

const struct og_command og_cmd_doctor = {
	.name = "doctor",
	.summary = "climb from the API server to what arrives, and say what is broken first",
	.usage = "[KIND/NAME | KIND NAME] [-n NAMESPACE | -A] [-o table|json|yaml]\n"
		 "-f FILE|DIR|-... [--config FILE|DIR] [KIND/NAME]",
	.description =
		"A ladder: access, rights, kinds, webhook, certificates, configuration, admission, "
		"controller, credentials, receiver; then of a workload network, opt-in, injection, "
		"rollout, export, arrival and correlation. It stops at the first rung that is "
		"broken, with what proves it, one fix to copy, and what comes next. Without a "
		"workload it climbs the cluster's part, and sums up the first broken link of "
		"each opted-in workload.\n"
		"\n"
		"That the webhook is really called is seen by a dry run: a pod of the workload, or "
		"one that asks for injection, is created with dryRun=All, which stores nothing. It "
		"takes the right to create pods; all else takes those of ClusterRole "
		"otelgate-reader. What may not be seen is \"?\", with the right that is missing: "
		"that is no pass. Of Secrets only what is wrong with them is said.\n"
		"\n"
		"With -f it looks at manifests or a dump, as far as they tell. With --ask the backends "
		"are asked what arrives, where the controller has not written it.",
	.examples = "# the cluster, and all workloads in short\n"
		    "%P doctor -A\n"
		    "# why does nothing arrive from this one?\n"
		    "%P doctor -n shop deployment/web\n"
		    "# before it is applied\n"
		    "%P doctor -f web.yaml --config otelgate/",
	.exits = "0 no rung is broken, and all are known\n"
		 "1 a rung is broken\n"
		 "3 the cluster could not be asked, or something is not known; what files cannot "
		 "tell does not count",
	.opts = opts,
	.nopts = OG_COUNT(opts),
	.args_bytes = sizeof(struct doctor_args),
	.max_operands = 2,
	.run = run_doctor,
};
