/* SPDX-License-Identifier: Apache-2.0 */
/* explain: why a pod is injected or not, and what every word of otelgate means. */
#include "otelgate/base/mem.h"
#include "commands-priv.h"
#include "otelgate/codec/emit.h"
#include "explain-priv.h"
#include "joboptions-priv.h"

struct explain_args {
	struct og_job_args job;
	unsigned output;
};
enum { FORM_TEXT, FORM_JSON };
#define AT(member) .at = offsetof(struct explain_args, member)

static const struct og_opt explain_opts[] = {
	{
		.name = "file",
		.letter = 'f',
		.type = OG_OPT_STRS,
		AT(job.files),
		.arg = "FILE|DIR|-",
		.help = "the Pod or workload to explain; - is standard input",
	},
	OG_OPT_CONFIG(struct explain_args, job.config, OG_OPT_CONFIG_HELP),
	OG_OPT_PROFILE(struct explain_args, job.profile, "as if injected with --profile NAME"),
	OG_OPT_FILE_NAMESPACE(struct explain_args, job.ns, NULL),
	OG_OPT_OBJECTS(struct explain_args, job.objects),
	{
		.name = "output",
		.letter = 'o',
		.type = OG_OPT_WORD,
		AT(output),
		.arg = "FORM",
		.words = "text|json",
		.def = "text",
		.help = "form of the output",
	},
};

static int explain_files(struct og_cli *cli, const struct explain_args *a)
{
	struct og_job job = {.cli = cli, .args = a->job, .plan_only = true};
	struct og_job_iter it = {0};
	struct og_buf j og_auto_buf = OG_BUF_INIT(0);
	uint32_t n = 0, others = 0;
	int code = og_job_load(&job);
	if (code != OG_EXIT_PASS)
		return code;
	if (!og_job_profile_known(&job))
		return OG_EXIT_USAGE;
	if (!og_job_run(&job))
		return OG_EXIT_FAULT;
	og_buf_ch(&j, '[');
	for (const struct og_in_object *o; (o = og_job_next(&job.in, &it));) {
		if (o->class != OG_OBJ_WORKLOAD || !o->plan) {
			others += o->class != OG_OBJ_EMPTY;
			continue;
		}
		if (a->output == FORM_JSON) {
			og_buf_str(&j, n ? "," : "");
			og_view_json(&j, o, false, cli->arena);
		} else {
			og_buf_str(&cli->out, n ? "\n\n" : "");
			og_explain_object(&cli->out, o, cli);
		}
		n++;
	}
	og_buf_ch(&j, ']');
	if (a->output == FORM_JSON && !job.fault) {
		struct og_jdoc d;
		const struct og_jlimits limits = {
			.max_bytes = UINT32_MAX / 2, .max_tokens = UINT32_MAX / 32};
		if (j.failed ||
			og_jdoc_parse(&d, cli->arena, og_buf_view(&j), &limits, NULL) != 0) {
			cli->out.failed = true;
			return OG_EXIT_FAULT;
		}
		og_emit_json(&cli->out, og_jroot(&d), 0);
		og_buf_ch(&cli->out, '\n');
	}
	if (job.fault)
		return OG_EXIT_FAULT;
	if (n == 0 && a->output != FORM_JSON) {
		og_cli_error(cli,
			others ? "the input holds no Pod and no workload" : "the input is empty");
		return OG_EXIT_FAULT;
	}
	return OG_EXIT_PASS;
}

static int run_explain(struct og_cli *cli, void *args, const struct og_parsed *p)
{
	const struct explain_args *a = args;
	if (p->noperands && a->job.files.n)
		return og_cli_usage(cli, "either a topic or -f, not both");
	if (p->noperands)
		return og_explain_topic(cli, p->operands, p->noperands, a->output == FORM_JSON);
	return explain_files(cli, a);
}

const struct og_command og_cmd_explain = {
	.name = "explain",
	.summary = "say why a pod is injected or not, and what a finding, variable or field means",
	.usage = "-f FILE|DIR|-... [--config FILE|DIR] [options]\n"
		 "FINDING\n"
		 "env NAME\n"
		 "field PATH\n"
		 "annotations\n"
		 "list",
	.description =
		"With -f: which rule opted the pod in or out and at which level, the profile and the "
		"stack, and per container every variable with its value, where it comes from and "
		"what wins over it; containers that are left alone and why; findings with their "
		"fixes. Values of credentials are never shown.\n"
		"\n"
		"With a topic: the reference page of a finding (OG305 or pod.runtime-options-hidden), "
		"a variable, a configuration field or the annotations; list names them all.",
	.examples = "# why is my pod not injected?\n"
		    "kubectl get pod web-0 -o yaml | %P explain -f - --config otelgate/\n"
		    "# what is OG305?\n"
		    "%P explain OG305\n"
		    "# where does this variable come from?\n"
		    "%P explain env OTEL_EXPORTER_OTLP_HEADERS",
	.opts = explain_opts,
	.nopts = OG_COUNT(explain_opts),
	.args_bytes = sizeof(struct explain_args),
	.max_operands = 2,
	.run = run_explain,
};
