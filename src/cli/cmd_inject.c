/* SPDX-License-Identifier: Apache-2.0 */
/* inject and uninject. */
#include "otelgate/base/mem.h"
#include "otelgate/cli/term.h"
#include "commands-priv.h"
#include "inject-priv.h"
#include "joboptions-priv.h"

#define AT(member) .at = offsetof(struct og_inject_args, member)

/* The first rows are uninject's, too. */
enum { UNINJECT_ROWS = 9 };
static const struct og_opt inject_opts[] = {
	{
		.name = "file",
		.letter = 'f',
		.type = OG_OPT_STRS,
		AT(job.files),
		.arg = "FILE|DIR|-",
		.help = "manifests to read; a folder gives its *.yaml, *.yml and *.json files, - is "
			"standard input (the default when it is no terminal)",
	},
	{
		.name = "output",
		.letter = 'o',
		.type = OG_OPT_WORD,
		AT(output),
		.arg = "FORM",
		.words = "|yaml|json|patch|none",
		.help = "form of the output; as the input when not given, patch gives one JSON "
			"object per line with the JSON Patch of each changed object",
	},
	{
		.name = "diff",
		.type = OG_OPT_FLAG,
		AT(diff),
		.help = "print a unified diff instead of the documents",
	},
	OG_OPT_DIFF_CONTEXT(struct og_inject_args, context),
	{
		.name = "check",
		.type = OG_OPT_FLAG,
		AT(check),
		.help = "change nothing; name what would change, and exit with 1 if anything would",
	},
	{
		.name = "in-place",
		.letter = 'i',
		.type = OG_OPT_FLAG,
		AT(in_place),
		.help = "write the changed files, each atomically, and name what changed",
	},
	{
		.name = "report",
		.type = OG_OPT_WORD,
		AT(report),
		.arg = "FORM",
		.words = "|table|json",
		.help = "say what was decided for every workload and why, on standard error (on "
			"standard output with -o none)",
	},
	{
		.name = "strict",
		.type = OG_OPT_FLAG,
		AT(strict),
		.help = "write nothing and exit with 1 when a document is not supported or a finding "
			"is an error",
	},
	{
		.name = "quiet",
		.letter = 'q',
		.type = OG_OPT_FLAG,
		AT(quiet),
		.help = "do not print findings",
	},
	OG_OPT_CONFIG(struct og_inject_args, job.config, OG_OPT_CONFIG_HELP),
	OG_OPT_PROFILE(struct og_inject_args, job.profile,
		"use this TelemetryProfile, and opt in whatever nobody opted out"),
	OG_OPT_FILE_NAMESPACE(struct og_inject_args, job.ns, NULL),
	OG_OPT_OBJECTS(struct og_inject_args, job.objects),
	{
		.name = "why",
		.type = OG_OPT_FLAG,
		AT(why),
		.help = "in a diff, put the reason behind each added line; for reading, long lines are cut",
	},
};

static int bad_options(struct og_cli *cli, const struct og_inject_args *a)
{
	if (a->in_place && (a->diff || a->check || a->output))
		return og_cli_usage(cli, "--in-place cannot be combined with --%s",
			a->diff	   ? "diff"
			: a->check ? "check"
				   : "output");
	if (a->diff && a->output)
		return og_cli_usage(cli, "--diff cannot be combined with --output");
	if (a->check && a->output && a->output != OG_OUT_NONE)
		return og_cli_usage(cli, "--check cannot be combined with --output");
	if (a->why && !a->diff)
		return og_cli_usage(cli, "--why goes with --diff");
	for (size_t i = 0; a->in_place && i < a->job.files.n; i++) {
		if (strcmp(a->job.files.v[i], "-") == 0)
			return og_cli_usage(cli, "--in-place cannot write standard input");
	}
	if (a->in_place && a->job.files.n == 0)
		return og_cli_usage(cli, "--in-place needs files: -f FILE");
	return OG_EXIT_PASS;
}

static bool print_findings(struct og_job *job, bool quiet)
{
	struct og_job_iter it = {0};
	bool error = false;
	for (const struct og_in_object *o; (o = og_job_next(&job->in, &it));) {
		for (uint32_t i = 0; o->findings && i < o->findings->n; i++) {
			const struct og_finding *f = &o->findings->v[i];
			error = error || f->def->severity == OG_SEV_ERROR;
			if (quiet || (f->def->severity != OG_SEV_ERROR &&
					     f->def->severity != OG_SEV_WARNING))
				continue;
			og_view_finding(
				&job->cli->err, o, f, job->cli->arena, job->cli->colour_err);
		}
	}
	return error;
}

/* As the webhook rejects: the owner wants it, and it cannot be done. */
static bool required_and_missing(const struct og_plan *p)
{
	return p->required &&
	       (p->reason == OG_REASON_PROFILE_MISSING || p->reason == OG_REASON_NO_CONFIG ||
		       p->reason == OG_REASON_NO_TARGET);
}

/* Reasons to write nothing although all was read: an owner's `required`, and --strict. */
static bool gate(struct og_job *job, const struct og_inject_args *a, bool error_finding)
{
	struct og_job_iter it = {0};
	bool tripped = false;
	for (const struct og_in_object *o; (o = og_job_next(&job->in, &it));) {
		struct og_buf b og_auto_buf = OG_BUF_INIT(0);
		const char *place = og_in_place(o->doc, o->v, job->cli->arena);
		og_in_title(&b, o);
		const char *title = b.p ? b.p : "document";
		if (a->strict && o->class == OG_OBJ_UNSUPPORTED) {
			og_cli_error(job->cli, "%s: %s: %s", place, title,
				o->kind_name.n ? "holds a pod template, and its kind is not known "
						 "to otelgate"
					       : "this is no Kubernetes object: apiVersion and "
						 "kind are missing");
			tripped = true;
		}
		if (o->plan && required_and_missing(o->plan)) {
			og_cli_error(job->cli,
				"%s: %s: its owner requires injection (otelgate.dev/required), "
				"and it cannot be done: %s",
				place, title, og_reason_text(o->plan->reason));
			tripped = true;
		}
	}
	if (a->strict && error_finding) {
		og_cli_error(job->cli, "--strict: a finding is an error");
		tripped = true;
	}
	return tripped;
}

static void report(struct og_job *job, const struct og_inject_args *a)
{
	struct og_cli *cli = job->cli;
	bool out = a->output == OG_OUT_NONE;
	struct og_buf *b = out ? &cli->out : &cli->err;
	if (a->report == OG_REPORT_TABLE)
		og_report_table(b, job, out ? cli->colour_out : cli->colour_err);
	else if (a->report == OG_REPORT_JSON)
		og_report_json(b, job);
}

static bool any_workload(const struct og_job *job, bool *ret_changed)
{
	struct og_job_iter it = {0};
	bool any = false;
	*ret_changed = false;
	for (const struct og_in_object *o; (o = og_job_next(&job->in, &it));) {
		any = any || o->class == OG_OBJ_WORKLOAD;
		*ret_changed = *ret_changed || o->changed;
	}
	return any;
}

/* Nothing was opted in: the commonest surprise, so it is said. */
static void say_nothing_happened(struct og_job *job)
{
	struct og_job_iter it = {0};
	uint32_t workloads = 0, asked = 0;
	for (const struct og_in_object *o; (o = og_job_next(&job->in, &it));) {
		if (o->class != OG_OBJ_WORKLOAD || !o->plan)
			continue;
		workloads++;
		asked += o->plan->reason != OG_REASON_NOT_OPTED_IN;
	}
	if (workloads && !asked)
		og_cli_error(job->cli,
			"nothing was injected: no workload is opted in (annotate a pod template or "
			"Namespace with otelgate.dev/inject: \"true\", or use --profile NAME)");
}

static int write_output(struct og_job *job, const struct og_inject_args *a)
{
	if (a->in_place)
		return og_out_in_place(job) ? OG_EXIT_PASS : OG_EXIT_FAULT;
	if (job->fault && !a->diff && !a->check) {
		if (a->output != OG_OUT_NONE)
			og_cli_error(job->cli, "nothing is written");
		return OG_EXIT_PASS;
	}
	if (a->diff)
		og_out_diff(job, a);
	else if (a->check)
		og_out_check(job);
	else if (a->output == OG_OUT_PATCH)
		og_out_patches(job);
	else if (a->output != OG_OUT_NONE)
		og_out_documents(job, (enum og_out_form)a->output);
	return OG_EXIT_PASS;
}

static int run(struct og_cli *cli, const struct og_inject_args *a, bool uninject)
{
	struct og_job job = {.cli = cli, .args = a->job, .uninject = uninject};
	bool changed = false;
	int code = bad_options(cli, a);
	if (code == OG_EXIT_PASS)
		code = og_job_load(&job);
	if (code != OG_EXIT_PASS)
		return code;
	if (any_workload(&job, &changed) && !uninject && !job.config) {
		og_cli_error(cli,
			"no configuration: name GrafanaStack and TelemetryProfile documents with "
			"--config FILE|DIR or OTELGATE_CONFIG, or put them among the input");
		return OG_EXIT_FAULT;
	}
	if (!og_job_profile_known(&job))
		return OG_EXIT_USAGE;
	if (!og_job_run(&job))
		return OG_EXIT_FAULT;
	bool error = print_findings(&job, a->quiet);
	if (gate(&job, a, error)) {
		if (!a->check && a->output != OG_OUT_NONE)
			og_cli_error(cli, "nothing is written");
		report(&job, a);
		return job.fault ? OG_EXIT_FAULT : OG_EXIT_GATE;
	}
	if (!uninject && !a->quiet)
		say_nothing_happened(&job);
	code = write_output(&job, a);
	report(&job, a);
	if (job.fault || code != OG_EXIT_PASS)
		return OG_EXIT_FAULT;
	(void)any_workload(&job, &changed);
	return a->check && changed ? OG_EXIT_GATE : OG_EXIT_PASS;
}

static int run_inject(struct og_cli *cli, void *args, const struct og_parsed *p)
{
	(void)p;
	return run(cli, args, false);
}

static int run_uninject(struct og_cli *cli, void *args, const struct og_parsed *p)
{
	(void)p;
	return run(cli, args, true);
}

static const char exits[] =
	"0 done, or nothing to do\n"
	"1 --check: something would change; --strict or otelgate.dev/required: "
	"nothing was written\n"
	"2 the command line is wrong\n"
	"3 a document or the configuration could not be read or edited: nothing is "
	"written for it";

const struct og_command og_cmd_inject = {
	.name = "inject",
	.summary = "inject manifests, as the webhook would inject their pods",
	.usage = "-f FILE|DIR|-... [--config FILE|DIR] [options]\n"
		 "-f FILE|DIR... --in-place [options]\n"
		 "[options] < manifests",
	.description =
		"Reads Kubernetes manifests and writes them with the OpenTelemetry environment put "
		"into the pod templates that opted in. Pods, Deployments, StatefulSets, DaemonSets, "
		"ReplicaSets, Jobs, CronJobs, ReplicationControllers and Argo Rollouts are known; "
		"everything else passes through untouched. Only the lines that change differ: "
		"comments, quoting, anchors and line endings stay as they are.\n"
		"\n"
		"Namespaces, owners and ConfigMaps among the input count as facts. An error in one "
		"document keeps all of its file from being written. Running it twice changes "
		"nothing more, and uninject restores the original.\n"
		"\n"
		"It is a filter, so it works as a Helm post-renderer, and it recognises a kustomize "
		"function's ResourceList on standard input.",
	.exits = exits,
	.examples =
		"# see what would be put in, and why\n"
		"%P inject -f deploy.yaml --config otelgate/ --diff --why\n"
		"# inject what helm renders\n"
		"helm template web ./chart | %P inject --config otelgate/ | kubectl apply -f -\n"
		"# fail a pipeline when manifests are not up to date\n"
		"%P inject -f manifests/ --config otelgate/ --check",
	.opts = inject_opts,
	.nopts = OG_COUNT(inject_opts),
	.args_bytes = sizeof(struct og_inject_args),
	.run = run_inject,
};

const struct og_command og_cmd_uninject = {
	.name = "uninject",
	.summary = "take out what inject put into manifests",
	.usage = "-f FILE|DIR|-... [options]\n-f FILE|DIR... --in-place [options]",
	.description =
		"Removes exactly what the annotation otelgate.dev/injection records, so that a file "
		"that inject changed is byte for byte what it was. What others changed since then "
		"stays and is reported. No configuration is needed.",
	.exits = exits,
	.examples = "# restore the files of a folder\n%P uninject -f manifests/ --in-place",
	.opts = inject_opts,
	.nopts = UNINJECT_ROWS,
	.args_bytes = sizeof(struct og_inject_args),
	.run = run_uninject,
};
