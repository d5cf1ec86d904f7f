/* SPDX-License-Identifier: Apache-2.0 */
/* audit: where telemetry is missing, and whether that may pass. */
#include <stdlib.h>
#include <unistd.h>
#include "audit-priv.h"
#include "commands-priv.h"
#include "joboptions-priv.h"
#include "otelgate/audit/collect_cluster.h"
#include "otelgate/base/clock.h"
#include "otelgate/base/fs.h"
#include "otelgate/base/mem.h"
#include "otelgate/base/parse.h"
#include "otelgate/cli/config_load.h"
#include "otelgate/codec/source.h"
#include "otelgate/core/baseline.h"
#include "otelgate/core/ignore.h"
#include "session-priv.h"

#define AT(field) offsetof(struct og_audit_args, field)

static const struct og_opt opts[] = {
	{
		.name = "filename",
		.letter = 'f',
		.type = OG_OPT_STRS,
		.at = AT(files),
		.arg = "FILE|DIR|-",
		.help = "manifests, or a dump of kubectl get -o yaml|json; may be repeated",
	},
	{
		.name = "namespace",
		.letter = 'n',
		.type = OG_OPT_STR,
		.at = AT(kube.ns),
		.arg = "NAME",
		.help = "this namespace alone; objects in files that name none are in it; of a "
			"cluster, the context's when not given",
	},
	OG_KUBE_OPT_ALL(struct og_audit_args, all,
		"all namespaces of a cluster; files are looked at whole anyway"),
	{
		.name = "selector",
		.letter = 'l',
		.type = OG_OPT_STR,
		.at = AT(selector),
		.arg = "LABELS",
		.help = "workloads with these labels: a=b,c!=d,e in (f,g),h,!i",
	},
	OG_OPT_CONFIG(struct og_audit_args, config,
		"GrafanaStack and TelemetryProfile documents; when not given, those among the input, "
		"or the cluster's"),
	ASK_OPTS(struct og_audit_args, ask),
	{
		.name = "output",
		.letter = 'o',
		.type = OG_OPT_STRS,
		.at = AT(outputs),
		.arg = "FORM[=FILE]",
		.help = "table, wide, stars, json, yaml, csv, markdown, junit, sarif, prometheus or html, "
			"to a file when one is named; may be repeated; table when not given",
	},
	{
		.name = "only-problems",
		.type = OG_OPT_FLAG,
		.at = AT(only_problems),
		.help = "leave out rows with nothing wrong; numbers and exit code stay the same",
	},
	{
		.name = "no-headers",
		.type = OG_OPT_FLAG,
		.at = AT(no_headers),
		.help = "rows alone: no first line, no summary",
	},
	{
		.name = "ascii",
		.type = OG_OPT_FLAG,
		.at = AT(ascii),
		.help = "signs in plain ASCII; so it is anyway when the locale is not UTF-8",
	},
	{
		.name = "fail-on",
		.type = OG_OPT_WORD,
		.at = AT(fail_on),
		.arg = "SEVERITY",
		.words = "never|info|notice|warning|error",
		.def = "never",
		.help = "exit with 1 when there is a finding of this severity or above",
		.group = "Gates",
	},
	{
		.name = "min-coverage",
		.type = OG_OPT_STRS,
		.at = AT(min_coverage),
		.arg = "SIGNAL=PERCENT",
		.help = "exit with 1 when fewer of the workloads that should send a signal do: "
			"90, or metrics=90,traces=80",
		.group = "Gates",
	},
	{
		.name = "min-score",
		.type = OG_OPT_STR,
		.at = AT(min_score),
		.arg = "SCORE",
		.help = "exit with 1 when the score of all is lower, 0 to 100",
		.group = "Gates",
	},
	{
		.name = "require-evaluated",
		.type = OG_OPT_STR,
		.at = AT(min_evaluated),
		.arg = "PERCENT",
		.help = "exit with 3 when less of what counts could be looked at",
		.group = "Gates",
	},
	{
		.name = "baseline",
		.type = OG_OPT_STR,
		.at = AT(baseline),
		.arg = "FILE",
		.help = "only what is not in this file counts, and every new loss does",
		.group = "Gates",
	},
	{
		.name = "write-baseline",
		.type = OG_OPT_STR,
		.at = AT(write_baseline),
		.arg = "FILE",
		.help = "write the losses of this report to a file",
		.group = "Gates",
	},
	{
		.name = "ignore-file",
		.type = OG_OPT_STRS,
		.at = AT(ignore_files),
		.arg = "FILE",
		.help = "rules for findings that are accepted, each with a reason; may be repeated",
		.group = "Gates",
	},
	{
		.name = "timeout",
		.type = OG_OPT_DURATION,
		.at = AT(timeout_ms),
		.arg = "TIME",
		.def = "60s",
		.min = 1000,
		.max = 3600000,
		.help = "longest time until a cluster has told everything; and, with --ask, until the "
			"backends have",
	},
	OG_KUBE_OPTS(struct og_audit_args, kube),
};

/* ---- gates ---- */

static bool percent(const char *text, size_t n, double *ret)
{
	char buf[16], *end = NULL;

	if (!n || n >= sizeof(buf) || !(text[0] >= '0' && text[0] <= '9'))
		return false;
	memcpy(buf, text, n);
	buf[n] = '\0';
	if (strspn(buf, "0123456789.") != n)
		return false;
	*ret = strtod(buf, &end);
	return end && !*end && *ret <= 100;
}

static int min_coverage(struct og_cli *cli, struct og_sv text, struct og_gates *g)
{
	struct og_sv part;

	while (og_sv_split(&text, ',', &part)) {
		size_t eq = og_sv_chr(part, '=');
		enum og_signal signal = OG_SIGNAL_METRICS;
		bool named = eq < part.n;
		struct og_sv value = named ? og_sv(part.p + eq + 1, part.n - eq - 1) : part;
		double least;
		if (named && !og_signal_parse(og_sv(part.p, eq), &signal))
			return og_cli_usage(cli,
				"--min-coverage: \"%.*s\" is no signal: metrics, traces, logs or "
				"profiles",
				(int)(eq > 40 ? 40 : eq), part.p);
		if (!percent(value.p, value.n, &least))
			return og_cli_usage(cli,
				"--min-coverage wants percents from 0 to 100: 90, or "
				"metrics=90,traces=80");
		for (int i = 0; i < OG_SIGNAL_COUNT_; i++)
			if (!named || i == (int)signal)
				g->min_signal[i] = least;
	}
	return OG_EXIT_PASS;
}

static int one_number(struct og_cli *cli, const char *name, const char *text, double *ret)
{
	if (!text || percent(text, strlen(text), ret))
		return OG_EXIT_PASS;
	return og_cli_usage(cli, "--%s wants a number from 0 to 100", name);
}

static int read_gates(struct og_cli *cli, const struct og_audit_args *a, struct og_gates *g)
{
	int code = OG_EXIT_PASS;

	og_gates_init(g);
	if (a->fail_on) {
		g->fail_on_set = true;
		g->fail_on = (enum og_severity)(a->fail_on - 1);
	}
	for (size_t i = 0; i < a->min_coverage.n && code == OG_EXIT_PASS; i++)
		code = min_coverage(cli, og_svz(a->min_coverage.v[i]), g);
	if (code == OG_EXIT_PASS)
		code = one_number(cli, "min-score", a->min_score, &g->min_score);
	if (code == OG_EXIT_PASS)
		code = one_number(cli, "require-evaluated", a->min_evaluated, &g->min_evaluated);
	g->new_only = a->baseline != NULL;
	return code;
}

/* ---- files beside the report ---- */

static int read_baseline(struct og_cli *cli, const char *path, struct og_baseline *ret)
{
	og_auto_buf struct og_buf b = OG_BUF_INIT(OG_BASELINE_MAX_BYTES + 1);
	struct og_err err = OG_ERR_INIT;
	int r = og_fs_read(path, OG_BASELINE_MAX_BYTES, &b, &err);

	if (r == 0) {
		struct og_sv text = og_arena_sv(cli->arena, og_buf_view(&b));
		r = text.p ? og_baseline_read(text, cli->arena, ret, &err)
			   : og_err_set(&err, OG_E_OOM, "out of memory");
		if (r < 0)
			(void)og_err_wrap(&err, "%s", path);
	}
	if (r == 0)
		return OG_EXIT_PASS;
	(void)og_err_wrap(&err, "--baseline");
	return og_cli_fail(cli, &err);
}

static int ignore_file(
	struct og_cli *cli, const char *path, struct og_coverage *c, struct og_err *err)
{
	enum { MAX_BYTES = 4 << 20 };
	og_auto_buf struct og_buf b = OG_BUF_INIT(MAX_BYTES + 1);
	struct og_source s;
	struct og_ignores rules;
	int r = og_fs_read(path, MAX_BYTES, &b, err);

	if (r < 0)
		return r;
	struct og_sv text = og_arena_sv(cli->arena, og_buf_view(&b));
	if (!text.p)
		return og_err_set(err, OG_E_OOM, "out of memory");
	if ((r = og_source_parse(&s, cli->arena, text, path, NULL, err)) < 0)
		return r;
	if (s.ndocs != 1)
		return og_err_set(err, OG_E_CONFIG, "%s: must hold one document", path);
	r = og_ignores_read(og_jroot(&s.docs[0].doc), path, cli->arena, &rules, err);
	if (r < 0)
		return og_err_wrap(err, "%s", path);
	return og_ignores_apply(&rules, c, cli->arena, err);
}

static int write_baseline(struct og_cli *cli, const char *path, const struct og_coverage *c)
{
	og_auto_buf struct og_buf b = OG_BUF_INIT(OG_BASELINE_MAX_BYTES);
	struct og_err err = OG_ERR_INIT;

	og_baseline_write(c, &b);
	int r = b.failed ? og_err_set(&err, b.full ? OG_E_LIMIT : OG_E_OOM,
				   "%s: more than %d bytes, or out of memory", path,
				   OG_BASELINE_MAX_BYTES)
			 : og_fs_write_atomic(path, b.p, b.len, 0666, &err);
	return r < 0 ? og_cli_fail(cli, &err) : OG_EXIT_PASS;
}

/* ---- the run ---- */

struct problems {
	struct og_cli *cli;
	uint32_t n;
};

static void on_problem(void *ctx, const char *message)
{
	enum { SHOWN = 20 };
	struct problems *p = ctx;

	if (p->n++ < SHOWN)
		og_cli_error(p->cli, "%s", message);
	else if (p->n == SHOWN + 1)
		og_cli_error(p->cli, "more problems are not shown");
}

static void on_cluster_progress(void *ctx, const char *what, uint64_t done, uint64_t of)
{
	(void)done;
	(void)of;
	session_on_progress(ctx, what);
}

/* Reading is told in bytes; then backends are waited for. */
static void on_files_progress(void *ctx, const char *what, uint64_t done, uint64_t of)
{
	if (done || of)
		session_progress_bytes(ctx, what, done, of);
	else
		session_on_progress(ctx, what);
}

static int bad_options(struct og_cli *cli, const struct og_audit_args *a)
{
	size_t dashes = 0;

	if (a->all && a->kube.ns)
		return og_cli_usage(cli, "--namespace and --all-namespaces exclude each other");
	for (size_t i = 0; i < a->files.n; i++)
		dashes += strcmp(a->files.v[i], "-") == 0;
	for (size_t i = 0; i < a->ask.token_files.n; i++)
		dashes += ask_reads_input(a->ask.token_files.v[i]);
	if (dashes > 1)
		return og_cli_usage(cli, "standard input (-) can be read only once");
	return OG_EXIT_PASS;
}

static int finish(struct og_cli *cli, const struct og_audit_args *a, struct og_coverage *c,
	const struct og_baseline *baseline)
{
	struct og_err err = OG_ERR_INIT;
	int r = 0;

	for (size_t i = 0; r == 0 && i < a->ignore_files.n; i++)
		r = ignore_file(cli, a->ignore_files.v[i], c, &err);
	if (r < 0) {
		(void)og_err_wrap(&err, "--ignore-file");
		return og_cli_fail(cli, &err);
	}
	if (baseline)
		og_baseline_apply(baseline, c);
	r = og_coverage_finish(c, cli->arena, &err);
	return r < 0 ? og_cli_fail(cli, &err) : OG_EXIT_PASS;
}

/* A report of the same files can be made the same again:
 * https://reproducible-builds.org/specs/source-date-epoch/ */
static int64_t now(const struct og_cli *cli)
{
	const char *epoch = cli->env("SOURCE_DATE_EPOCH");
	int64_t s;

	if (epoch && og_parse_i64(og_svz(epoch), 1, INT64_MAX / OG_NS_PER_S, &s, NULL) == 0)
		return s;
	return og_clock_wall_ns(og_clock_system()) / OG_NS_PER_S;
}

/* Of the cluster that the kubeconfig names. */
static int collect_cluster(struct og_cli *cli, const struct og_audit_args *a,
	struct og_audit_want *want, struct og_coverage *ret)
{
	struct session_progress progress = {.cli = cli};
	struct og_audit_cluster source = {.timeout_ms = a->timeout_ms};
	struct og_err err = OG_ERR_INIT;
	int code = og_kubeflags_load(cli, &a->kube, &source.access);

	if (code != OG_EXIT_PASS)
		return code;
	struct og_sv ns = og_arena_sv(cli->arena, og_svz(source.access->ns));
	struct og_sv name = og_arena_sv(cli->arena,
		og_svz(source.access->context ? source.access->context : source.access->server));
	if (!a->all)
		want->ns = ns;
	want->progress = on_cluster_progress;
	want->ctx = &progress;
	int r = og_audit_collect_cluster(&source, want, cli->arena, ret, &err);
	session_progress_clear(&progress);
	if (r < 0)
		return og_cli_fail(cli, &err);
	ret->cluster = name;
	return OG_EXIT_PASS;
}

static int collect_files(struct og_cli *cli, const struct og_audit_args *a,
	struct og_audit_want *want, struct problems *problems, struct og_coverage *ret)
{
	struct og_audit_files files = {.paths = a->files.v,
		.n = a->files.n,
		.stdin_fd = cli->in_fd,
		.problem = on_problem,
		.ctx = problems};
	struct session_progress progress = {.cli = cli};
	struct og_err err = OG_ERR_INIT;

	want->ns = want->default_ns = og_svz(a->kube.ns);
	want->progress = on_files_progress;
	want->ctx = &progress;
	int r = og_audit_collect_files(&files, want, cli->arena, ret, &err);
	session_progress_clear(&progress);
	return r < 0 ? og_cli_fail(cli, &err) : OG_EXIT_PASS;
}

static int collect(struct og_cli *cli, const struct og_audit_args *a,
	const struct og_config *config, struct problems *problems, struct og_coverage *ret)
{
	struct og_audit_want want = {.config = config, .now_s = now(cli)};
	struct ask_loaded asked = {.n = 0};
	struct og_err err = OG_ERR_INIT;

	if (a->selector &&
		og_selector_parse(og_svz(a->selector), cli->arena, &want.selector, &err)) {
		if (err.code == OG_E_OOM)
			return og_cli_fail(cli, &err);
		return og_cli_usage(cli, "--selector: %s", err.msg);
	}
	int code = ask_load(cli, &a->ask, a->timeout_ms, &asked, &want.backends);
	if (code == OG_EXIT_PASS)
		code = a->files.n ? collect_files(cli, a, &want, problems, ret)
				  : collect_cluster(cli, a, &want, ret);
	ask_fini(&asked);
	ret->tool_version = OG_SV(OG_VERSION);
	return code;
}

static int exit_of(const struct og_gate_result *g, bool fault)
{
	if (g->end == OG_GATE_TRIPPED)
		return OG_EXIT_GATE;
	return fault || g->end == OG_GATE_NOT_EVALUATED ? OG_EXIT_FAULT : OG_EXIT_PASS;
}

static int run_audit(struct og_cli *cli, void *args, const struct og_parsed *p)
{
	struct og_audit_args *a = args;
	struct og_audit_outputs outputs = {0};
	struct og_gates gates;
	struct og_gate_result result;
	struct og_baseline baseline;
	const struct og_config *config = NULL;
	struct problems problems = {.cli = cli};
	struct og_coverage c;
	struct og_err err = OG_ERR_INIT;

	(void)p;
	int code = bad_options(cli, a);
	if (code == OG_EXIT_PASS)
		code = read_gates(cli, a, &gates);
	if (code == OG_EXIT_PASS)
		code = og_audit_outputs_read(cli, a, &outputs);
	if (code == OG_EXIT_PASS && a->config.n)
		code = og_cli_config_load(cli, a->config.v, a->config.n, -1, &config);
	if (code == OG_EXIT_PASS && a->baseline)
		code = read_baseline(cli, a->baseline, &baseline);
	if (code == OG_EXIT_PASS)
		code = collect(cli, a, config, &problems, &c);
	if (code == OG_EXIT_PASS)
		code = finish(cli, a, &c, a->baseline ? &baseline : NULL);
	if (code != OG_EXIT_PASS)
		return code;
	if (og_gates_judge(&c, &gates, cli->arena, &result, &err) < 0)
		return og_cli_fail(cli, &err);
	if (a->write_baseline &&
		(code = write_baseline(cli, a->write_baseline, &c)) != OG_EXIT_PASS)
		return code;
	code = og_audit_outputs_write(cli, a, &outputs, &c, &result);
	return code != OG_EXIT_PASS ? code : exit_of(&result, problems.n > 0);
}

const struct og_command og_cmd_audit = {
	.name = "audit",
	.summary = "say where telemetry is missing and why, and gate on it",
	.usage = "[-f FILE|DIR|-... [--config FILE|DIR] | -n NAMESPACE | -A] [-o FORM[=FILE]]...\n"
		 "[gates]",
	.description =
		"Looks at every workload of a cluster, of manifests or of a dump: whether it is opted "
		"in, would be or is injected (k of n pods), whether its rollout is at its end, its "
		"credentials are there, network policies let it reach the receiver, and, from "
		"WorkloadTelemetry objects, what arrives. A cluster without them is judged here, and "
		"with --ask the backends are asked, once, as the controller asks them; "
		"nothing is written, and the rights it takes are those of ClusterRole "
		"otelgate-reader. The first broken link is "
		"named with what mends it. What could not be looked at is said, and is never a "
		"pass.\n"
		"\n"
		"All forms are made from one report, and the exit code is the same for all. With "
		"--baseline only new loss counts. Findings are accepted by the annotation "
		"otelgate.dev/ignore or by rules in a file, with a reason and until a day.\n"
		"\n"
		"Large dumps are read object by object; 100 MB take seconds and little memory.",
	.examples =
		"# manifests in a pull request\n"
		"%P audit -f manifests/ --config otelgate/ --fail-on error -o markdown=comment.md\n"
		"# the cluster of the kubeconfig\n"
		"%P audit -A --fail-on error --min-coverage metrics=90,traces=80\n"
		"# a whole cluster, without asking it again\n"
		"kubectl get deploy,sts,ds,job,cj,rs,po,ns,netpol,svc -A -o json | %P audit -f - -c "
		"otelgate/\n"
		"# what arrives, without a controller, and without a right to Secrets\n"
		"%P audit -A --ask --query-token-file token\n"
		"# a dump, judged by live backends\n"
		"%P audit -f dump.json --config otelgate/ --ask --query-token-file token\n"
		"# only what is worse than before\n"
		"%P audit -f dump.yaml --baseline coverage.json --min-coverage metrics=90,traces=80",
	.exits = "0 looked, and no gate tripped\n"
		 "1 a gate tripped\n"
		 "3 something could not be read, or a gate could not be evaluated",
	.opts = opts,
	.nopts = OG_COUNT(opts),
	.args_bytes = sizeof(struct og_audit_args),
	.run = run_audit,
};
