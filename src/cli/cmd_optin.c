/* SPDX-License-Identifier: Apache-2.0 */
/* optin, optout: the annotations of workloads, with a look at what comes of them. */
#include <unistd.h>
#include "otelgate/base/mem.h"
#include "otelgate/cli/term.h"
#include "otelgate/kobj/names.h"
#include "otelgate/kobj/selector.h"
#include "commands-priv.h"
#include "optin-priv.h"
#include "session-priv.h"

#define AT(field) offsetof(struct optin_args, field)

#define FILE_ROWS                                                                           \
	{.name = "filename",                                                                \
		.letter = 'f',                                                              \
		.type = OG_OPT_STRS,                                                        \
		.at = AT(files),                                                            \
		.arg = "FILE|DIR|-",                                                        \
		.help = "change these manifests instead of the cluster, and write them to " \
			"standard output"},                                                 \
		{.name = "in-place",                                                        \
			.type = OG_OPT_FLAG,                                                \
			.at = AT(in_place),                                                 \
			.help = "with -f: write the files"},                                \
	{                                                                                   \
		.name = "diff", .type = OG_OPT_FLAG, .at = AT(diff),                        \
		.help = "with -f: only show what changes"                                   \
	}
#define WHICH_ROWS                                                                             \
	OG_KUBE_OPT_NAMESPACE(struct optin_args, kube),                                        \
		{.name = "selector",                                                           \
			.letter = 'l',                                                         \
			.type = OG_OPT_STR,                                                    \
			.at = AT(selector),                                                    \
			.arg = "SELECTOR",                                                     \
			.help = "of a KIND without names, those with these labels: a=b,c!=d, " \
				"e in (f,g), h, !i"},                                          \
	{                                                                                      \
		.name = "all", .type = OG_OPT_FLAG, .at = AT(all),                             \
		.help = "of a KIND without names, all in the namespace"                        \
	}
#define HOW_ROWS                                                                                  \
	{.name = "dry-run",                                                                       \
		.type = OG_OPT_WORD,                                                              \
		.at = AT(dry_run),                                                                \
		.arg = "HOW",                                                                     \
		.words = "none|client|server",                                                    \
		.def = "none",                                                                    \
		.help = "client: only show what would be done; server: let the API server check " \
			"it too, and keep nothing"},                                              \
		{.name = "yes",                                                                   \
			.letter = 'y',                                                            \
			.type = OG_OPT_FLAG,                                                      \
			.at = AT(yes),                                                            \
			.help = "do not ask"},                                                    \
		{.name = "force",                                                                 \
			.type = OG_OPT_FLAG,                                                      \
			.at = AT(force),                                                          \
			.help = "write also what Helm, Argo CD, Flux or an operator manages and " \
				"may undo"},                                                      \
	{                                                                                         \
		.name = "timeout", .type = OG_OPT_DURATION, .at = AT(timeout_ms), .arg = "TIME",  \
		.def = "60s", .min = 1000, .max = 3600000,                                        \
		.help = "longest wait for the configuration of the cluster"                       \
	}

static const struct og_opt optin_opts[] = {
	{
		.name = "signals",
		.type = OG_OPT_STR,
		.at = AT(signals),
		.arg = "LIST",
		.help = "metrics, traces, logs, profiles, each optionally =expected, =optional or "
			"=off; those not named stay as the profile has them",
	},
	{
		.name = "profile",
		.letter = 'p',
		.type = OG_OPT_STR,
		.at = AT(profile),
		.arg = "NAME",
		.help = "the TelemetryProfile to use; the one that fits, when not given",
	},
	WHICH_ROWS,
	FILE_ROWS,
	HOW_ROWS,
	OG_KUBE_OPTS(struct optin_args, kube),
};

static const struct og_opt optout_opts[] = {
	{
		.name = "clear",
		.type = OG_OPT_FLAG,
		.at = AT(clear),
		.help = "take the annotations of optin away, so that the namespace or a profile "
			"decides",
	},
	WHICH_ROWS,
	FILE_ROWS,
	HOW_ROWS,
	OG_KUBE_OPTS(struct optin_args, kube),
};

/* ---- the question, and doing it ---- */

static uint32_t count(const struct og_audit_optin_item *v, uint32_t n, enum og_optin_state s)
{
	uint32_t sum = 0;

	for (uint32_t i = 0; i < n; i++)
		sum += v[i].state == s;
	return sum;
}

/* The others are tried too; the first error counts. */
static int write_all(struct optin_run *u, const struct og_audit_optin_opts *o,
	struct og_audit_optin_item *v, uint32_t n)
{
	bool server = u->a->dry_run == OPTIN_DRY_SERVER;
	int code = OG_EXIT_PASS;

	for (uint32_t i = 0; i < n; i++) {
		og_auto_buf struct og_buf name = OG_BUF_INIT(4096);
		struct og_err err = OG_ERR_INIT;
		bool changed = false;
		if (v[i].state != OG_OPTIN_CHANGES)
			continue;
		optin_object(&v[i], &name);
		if (og_audit_optin_write(o, &v[i], server, &changed, &err) < 0) {
			(void)og_err_wrap(&err, "%s", name.p ? name.p : "");
			(void)og_cli_fail(u->cli, &err);
			code = OG_EXIT_FAULT;
			continue;
		}
		og_buf_sv(&u->cli->out, og_buf_view(&name));
		og_buf_fmt(&u->cli->out, " %s%s\n", changed ? optin_done(u) : "said so already",
			server ? " (server dry run)" : "");
	}
	return code;
}

static int change(struct optin_run *u, const struct og_audit_optin_opts *o,
	struct og_audit_optin_item *v, uint32_t n)
{
	uint32_t changes = count(v, n, OG_OPTIN_CHANGES);
	int gate = count(v, n, OG_OPTIN_REFUSED) + count(v, n, OG_OPTIN_MANAGED) ? OG_EXIT_GATE
										 : OG_EXIT_PASS;

	if (!changes || u->a->dry_run == OPTIN_DRY_CLIENT)
		return gate;
	if (u->a->dry_run == OPTIN_REALLY && !u->a->yes) {
		if (isatty(u->cli->in_fd) != 1)
			return og_cli_usage(
				u->cli, "nobody can be asked here: add --yes, or --dry-run=client");
		if (!session_confirm(u->cli, "Change", changes)) {
			og_buf_lit(&u->cli->err, "Nothing was changed.\n");
			return OG_EXIT_GATE;
		}
	}
	int code = write_all(u, o, v, n);
	return code ? code : gate;
}

/* ---- the cluster ---- */

/* The configuration, or why there is none to be had: that is no error, the change can be made. */
static struct og_cluster_config *configuration(
	struct optin_run *u, struct og_audit_session *s, struct og_sv *ret_why)
{
	struct og_audit_blind blind[OG_CLUSTER_WATCHES];
	struct og_err err = OG_ERR_INIT;
	uint32_t n = 0;

	*ret_why = OG_SV("");
	if (og_audit_session_watch(s, OG_CLUSTER_CONFIG, NULL, NULL, &err) < 0 ||
		og_audit_session_blind(s, NULL, u->cli->arena, blind, &n, &err) < 0) {
		*ret_why = og_svz(og_arena_fmt(u->cli->arena, "%s", err.msg));
		return NULL;
	}
	if (n) {
		*ret_why = blind[0].why;
		return NULL;
	}
	return og_cluster_config(s->cluster);
}

static int show_and_change(struct optin_run *u, const struct og_audit_optin_opts *o,
	struct session_progress *progress, struct og_err *err)
{
	struct og_cluster_config *config = NULL;
	struct og_audit_optin_item *v = NULL;
	struct og_sv why = OG_SV("");
	uint32_t n = 0;
	int r = og_audit_optin_find(o, u->cli->arena, &v, &n, err);

	if (r == 0 && !u->out && count(v, n, OG_OPTIN_CHANGES))
		config = configuration(u, o->session, &why);
	session_progress_clear(progress);
	for (uint32_t i = 0; i < n && r == 0; i++)
		r = og_audit_optin_preview(
			o, &v[i], config ? config->config : NULL, why, u->cli->arena, err);
	for (uint32_t i = 0; i < n && r == 0; i++)
		optin_view(u, &v[i]);
	if (r == 0 && n == 0)
		og_buf_fmt(&u->cli->err, "No such workload in namespace %s.\n", o->ns);
	int code = r < 0 ? og_cli_fail(u->cli, err) : change(u, o, v, n);
	og_cluster_config_unref(config);
	return code;
}

static int in_cluster(struct optin_run *u)
{
	struct og_kube_access *access = NULL;
	struct og_err err = OG_ERR_INIT;
	struct session_progress progress = {.cli = u->cli};
	struct og_audit_session s = {0};
	int code = og_kubeflags_load(u->cli, &u->a->kube, &access);

	if (code != OG_EXIT_PASS)
		return code;
	/* The access is given away, its namespace is needed until the end. */
	struct og_sv ns = og_arena_sv(u->cli->arena, og_svz(access->ns));
	const struct og_audit_session_opts so = {.access = access,
		.component = "otelgate-optin",
		.timeout_ms = u->a->timeout_ms,
		.ctx = &progress,
		.progress = session_on_progress};
	const struct og_audit_optin_opts o = {.session = &s,
		.ns = ns.p,
		.targets = u->targets,
		.ntargets = u->ntargets,
		.selector = u->a->selector,
		.ask = u->ask,
		.verb = u->out ? "optout" : "optin",
		.force = u->a->force};
	code = og_audit_session_open(&so, &s, &err) < 0 ? og_cli_fail(u->cli, &err)
							: show_and_change(u, &o, &progress, &err);
	og_audit_session_close(&s);
	return code;
}

/* ---- the command ---- */

static int check_names(struct optin_run *u)
{
	const struct optin_args *a = u->a;

	if (!u->ntargets)
		return og_cli_usage(u->cli, "say which: KIND/NAME, or KIND with -l or --all");
	for (size_t i = 0; i < u->ntargets; i++) {
		const struct og_audit_target *t = &u->targets[i];
		if (!t->kind)
			return og_cli_usage(u->cli, "say its kind: deployment/%.*s",
				(int)(t->name.n < 100 ? t->name.n : 100), t->name.p);
		if (!t->name.n && !a->selector && !a->all)
			return og_cli_usage(u->cli, "which of them: names, -l SELECTOR or --all");
		if (t->name.n && (a->selector || a->all))
			return og_cli_usage(
				u->cli, "names do not go together with --selector and --all");
	}
	return OG_EXIT_PASS;
}

/* Rows of what excludes what. */
static int bad_options(struct og_cli *cli, const struct optin_args *a)
{
	const struct {
		bool is;
		const char *text;
	} rows[] = {
		{(a->in_place || a->diff) && !a->files.n, "--in-place and --diff go with -f FILE"},
		{a->in_place && a->diff, "--in-place and --diff exclude each other"},
		{a->in_place && a->dry_run, "--in-place and --dry-run exclude each other"},
		{a->files.n && a->dry_run == OPTIN_DRY_SERVER,
			"--dry-run=server asks a cluster, and -f needs none"},
		{a->selector && a->all, "--selector and --all exclude each other"},
	};

	for (size_t i = 0; i < OG_COUNT(rows); i++)
		if (rows[i].is)
			return og_cli_usage(cli, "%s", rows[i].text);
	for (size_t i = 0; a->in_place && i < a->files.n; i++)
		if (strcmp(a->files.v[i], "-") == 0)
			return og_cli_usage(cli, "--in-place cannot write standard input");
	return OG_EXIT_PASS;
}

static int check_ask(struct optin_run *u)
{
	const struct optin_args *a = u->a;
	struct og_err err = OG_ERR_INIT;
	struct og_selector unused;

	/* Written as it is, a name that no object can have would only be found out by pods. */
	if (a->profile && (!og_name_is_dns_subdomain(og_svz(a->profile)) ||
				  og_sv_is(og_svz(a->profile), "false")))
		return og_cli_usage(u->cli,
			"--profile: \"%.64s\" is the name of no TelemetryProfile", a->profile);
	if (a->signals && og_optin_signals_check(og_svz(a->signals), &err) < 0)
		return og_cli_usage(u->cli, "--signals: %s", err.msg);
	if (a->selector && og_selector_parse(og_svz(a->selector), u->cli->arena, &unused, &err) < 0)
		return og_cli_usage(u->cli, "--selector: %s", err.msg);
	return OG_EXIT_PASS;
}

static int run(struct og_cli *cli, const struct optin_args *a, const struct og_parsed *p, bool out)
{
	struct optin_run u = {.cli = cli, .a = a, .out = out};
	struct og_err err = OG_ERR_INIT;
	int code = bad_options(cli, a);

	if (code == OG_EXIT_PASS)
		code = check_ask(&u);
	if (code != OG_EXIT_PASS)
		return code;
	if (og_audit_targets_parse(
		    p->operands, p->noperands, cli->arena, &u.targets, &u.ntargets, &err) < 0)
		return og_cli_fail(cli, &err);
	u.ask = (struct og_optin_ask){.clear = a->clear,
		.inject = out ? OG_SV("false") : og_svz(a->profile ? a->profile : "true"),
		.signals = og_svz(a->signals)};
	if (a->files.n)
		return optin_files(&u);
	code = check_names(&u);
	return code == OG_EXIT_PASS ? in_cluster(&u) : code;
}

static int run_optin(struct og_cli *cli, void *args, const struct og_parsed *p)
{
	return run(cli, args, p, false);
}

static int run_optout(struct og_cli *cli, void *args, const struct og_parsed *p)
{
	return run(cli, args, p, true);
}

static const char exits[] =
	"0 done, or all of them said so already\n"
	"1 one cannot be changed in the cluster, or is managed from elsewhere; or the answer was "
	"no\n"
	"2 the command line is wrong\n"
	"3 the cluster could not be asked, a right is missing, nothing has a name that was given, "
	"or a document could not be edited";

const struct og_command og_cmd_optin = {
	.name = "optin",
	.summary = "ask for injection of a workload's pods",
	.usage = "KIND/NAME... [-n NAMESPACE] [--signals LIST] [--profile NAME] [--yes]\n"
		 "KIND -l SELECTOR|--all [options]\n"
		 "-f FILE|DIR|-... [KIND/NAME...] [--in-place|--diff] [options]",
	.description =
		"Annotates the pod template with otelgate.dev/inject, and with otelgate.dev/signals "
		"where signals are given; nothing else of the object is touched. Before, it shows "
		"what changes, what the injection will do with each container by the "
		"configuration of the cluster, and which rollout follows; then it asks, on a "
		"terminal.\n"
		"\n"
		"What another workload makes is not changed: the owner is named. Nor are pods and "
		"Jobs, whose templates are fixed, and what Helm, Argo CD, Flux, other tools or an "
		"operator manage: for these it prints the lines for the manifest, and --force "
		"writes all the same.\n"
		"\n"
		"With -f it changes manifests: comments, quoting and order stay as they are. It "
		"takes the rights to get and patch the workloads; what the injection will do is "
		"shown with those of ClusterRole otelgate-reader.",
	.examples = "# see what would happen, and change nothing\n"
		    "%P optin -n shop deployment/web --dry-run=client\n"
		    "# metrics and traces of all Deployments of a team\n"
		    "%P optin -n shop deployment -l team=checkout --signals metrics,traces\n"
		    "# in the manifest, where it belongs\n"
		    "%P optin -f deploy.yaml --in-place",
	.exits = exits,
	.opts = optin_opts,
	.nopts = OG_COUNT(optin_opts),
	.args_bytes = sizeof(struct optin_args),
	.max_operands = 500,
	.run = run_optin,
};

const struct og_command og_cmd_optout = {
	.name = "optout",
	.summary = "ask for no injection of a workload's pods",
	.usage = "KIND/NAME... [-n NAMESPACE] [--clear] [--yes]\n"
		 "KIND -l SELECTOR|--all [options]\n"
		 "-f FILE|DIR|-... [KIND/NAME...] [--in-place|--diff] [options]",
	.description =
		"Annotates the pod template with otelgate.dev/inject: \"false\", which holds against "
		"what its namespace or a profile asks for. With --clear the annotations that optin "
		"writes are taken away instead. In everything else it is like optin.",
	.examples = "# without telemetry from its next pods on\n"
		    "%P optout -n shop deployment/web\n"
		    "# as the namespace says\n"
		    "%P optout -n shop deployment/web --clear",
	.exits = exits,
	.opts = optout_opts,
	.nopts = OG_COUNT(optout_opts),
	.args_bytes = sizeof(struct optin_args),
	.max_operands = 500,
	.run = run_optout,
};
