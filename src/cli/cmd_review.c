/* SPDX-License-Identifier: Apache-2.0 */
/* review: asks a webhook what it would do, as an API server asks. */
#include <signal.h>
#include "otelgate/base/clock.h"
#include "otelgate/base/mem.h"
#include "otelgate/cli/term.h"
#include "otelgate/codec/base64.h"
#include "otelgate/codec/jpatch.h"
#include "commands-priv.h"
#include "diff-priv.h"
#include "otelgate/codec/emit.h"
#include "https-priv.h"
#include "job-priv.h"
#include "joboptions-priv.h"
#include "podof-priv.h"

enum { FORM_TEXT, FORM_JSON };

struct review_args {
	struct og_job_args job;
	const char *url, *ca, *server_name;
	int64_t timeout_ms;
	unsigned output;
	uint32_t context;
	bool insecure, dry_run;
};
#define AT(member) .at = offsetof(struct review_args, member)

static const struct og_opt review_opts[] = {
	{
		.name = "file",
		.letter = 'f',
		.type = OG_OPT_STRS,
		AT(job.files),
		.arg = "FILE|DIR|-",
		.help = "Pods or workloads; of a workload, the pod its controller would create is sent",
	},
	{
		.name = "url",
		.type = OG_OPT_STR,
		AT(url),
		.arg = "URL",
		.def = "https://127.0.0.1:8443/mutate",
		.help = "the webhook",
	},
	{
		.name = "ca",
		.type = OG_OPT_STR,
		AT(ca),
		.arg = "FILE",
		.help = "CA certificates the webhook's must come from (its caBundle); the system's when "
			"not given",
	},
	{
		.name = "server-name",
		.type = OG_OPT_STR,
		AT(server_name),
		.arg = "NAME",
		.help = "name the certificate must hold, when it is not the URL's host: "
			"otelgate.NAMESPACE.svc behind a port-forward",
	},
	{
		.name = "insecure",
		.type = OG_OPT_FLAG,
		AT(insecure),
		.help = "do not verify the certificate",
	},
	{
		.name = "timeout",
		.type = OG_OPT_DURATION,
		AT(timeout_ms),
		.arg = "TIME",
		.def = "10s",
		.min = 1,
		.max = 300000,
		.help = "longest wait for one answer",
	},
	{
		.name = "dry-run",
		.type = OG_OPT_FLAG,
		AT(dry_run),
		.help = "mark the request as a dry run",
	},
	OG_OPT_FILE_NAMESPACE(struct review_args, job.ns, "default"),
	OG_OPT_CONFIG(struct review_args, job.config,
		"the webhook's configuration: then every added line is shown with its reason"),
	OG_OPT_DIFF_CONTEXT(struct review_args, context),
	{
		.name = "output",
		.letter = 'o',
		.type = OG_OPT_WORD,
		AT(output),
		.arg = "FORM",
		.words = "text|json",
		.def = "text",
		.help = "a diff of the pod before and after, or the answers as they came",
	},
};

/* Appends "  label: text" lines of what the answer says beside the patch. */
static void put_said(struct og_cli *cli, struct og_jval rs)
{
	og_jfor (it, og_jgetl(rs, "warnings")) {
		og_buf_lit(&cli->out, "  ");
		og_style_str(&cli->out, cli->colour_out, OG_STYLE_YELLOW, "warning");
		og_buf_lit(&cli->out, ": ");
		og_text_safe(&cli->out, og_jstr_or_empty(it.val, cli->arena));
		og_buf_ch(&cli->out, '\n');
	}
	struct og_jval audit = og_jgetl(rs, "auditAnnotations");
	if (og_jcount(audit) == 0)
		return;
	og_buf_lit(&cli->out, "  audit:");
	og_jfor (au, audit) {
		og_buf_ch(&cli->out, ' ');
		og_text_safe(&cli->out, og_jstr_or_empty(au.key, cli->arena));
		og_buf_ch(&cli->out, '=');
		og_text_safe(&cli->out, og_jstr_or_empty(au.val, cli->arena));
	}
	og_buf_ch(&cli->out, '\n');
}

static int show_patch(struct og_cli *cli, const struct review_args *a, const struct og_in_object *o,
	struct og_sv pod_json, struct og_jval rs, struct og_err *err)
{
	struct og_buf patch og_auto_buf = OG_BUF_INIT(0), after og_auto_buf = OG_BUF_INIT(0);
	struct og_buf was og_auto_buf = OG_BUF_INIT(0), is og_auto_buf = OG_BUF_INIT(0);
	struct og_jdoc pod, pd, now;
	struct og_sv b64 = og_jstr_or_empty(og_jgetl(rs, "patch"), cli->arena);
	if (!b64.n) {
		og_buf_lit(&cli->out, "  the pod is left as it is\n");
		return 0;
	}
	int rc = og_base64_decode(&patch, b64, err);
	if (rc == 0)
		rc = og_jdoc_parse(&pd, cli->arena, og_buf_view(&patch), NULL, err);
	if (rc == 0)
		rc = og_jdoc_parse(&pod, cli->arena, pod_json, NULL, err);
	if (rc == 0)
		rc = og_jpatch_apply(og_jroot(&pod), og_jroot(&pd), cli->arena, &after, err);
	if (rc == 0)
		rc = og_jdoc_parse(&now, cli->arena, og_buf_view(&after), NULL, err);
	if (rc != 0)
		return og_err_wrap(err, "the patch in the answer");
	uint32_t nops = og_jcount(og_jroot(&pd));
	og_buf_fmt(&cli->out, "  %u operation%s\n", (unsigned)nops, nops == 1 ? "" : "s");
	og_emit_yaml(&was, og_jroot(&pod), cli->arena);
	og_emit_yaml(&is, og_jroot(&now), cli->arena);
	const struct og_plan *plan = o->plan;
	struct og_diff_options d = {
		.from_name = "pod before",
		.to_name = "pod after",
		.context = a->context,
		.colour = cli->colour_out,
		.safe = true,
		.clip = OG_DIFF_CLIP,
		.arena = cli->arena,
		.plans = &plan,
		.nplans = plan && plan->reason <= OG_REASON_UP_TO_DATE ? 1 : 0,
	};
	(void)og_diff_write(&cli->out, &d, og_buf_view(&was), og_buf_view(&is));
	return was.failed || is.failed ? og_err_set(err, OG_E_OOM, "out of memory") : 0;
}

static void heading(struct og_cli *cli, const struct og_in_object *o)
{
	struct og_buf title og_auto_buf = OG_BUF_INIT(0);
	og_in_title(&title, o);
	og_buf_inherit(&cli->out, &title);
	og_style_sv(&cli->out, cli->colour_out, OG_STYLE_BOLD, og_buf_view(&title));
	og_buf_fmt(&cli->out, "  %s\n", og_in_place(o->doc, o->v, cli->arena));
}

/* Shows one answer; *ret_denied is set when the pod would be rejected. */
static int show(struct og_cli *cli, const struct review_args *a, const struct og_in_object *o,
	struct og_sv pod_json, const struct og_https_answer *answer, bool *ret_denied,
	struct og_err *err)
{
	struct og_jdoc d;
	struct og_sv text = og_buf_view(&answer->body);
	if (answer->status != 200) {
		struct og_buf safe og_auto_buf = OG_BUF_INIT(512);
		struct og_sv line;
		text = og_sv_trim(text);
		while (og_sv_split(&text, '\n', &line)) {
			og_text_safe(&safe, og_sv_trim(line));
			og_buf_ch(&safe, ' ');
		}
		return og_err_set(err, OG_E_INVALID,
			"the webhook answered with HTTP status %d: %.*s", answer->status,
			OG_SV_ARG(og_sv_trim(og_buf_view(&safe))));
	}
	if (a->output == FORM_JSON) {
		og_buf_sv(&cli->out, og_sv_trim(text));
		og_buf_ch(&cli->out, '\n');
	}
	int rc = og_jdoc_parse(&d, cli->arena, text, NULL, err);
	if (rc != 0)
		return og_err_wrap(err, "the answer");
	struct og_jval rs = og_jgetl(og_jroot(&d), "response");
	bool allowed = og_jis(og_jgetl(rs, "allowed"), OG_J_TRUE);
	if (!og_jis(rs, OG_J_OBJECT))
		return og_err_set(err, OG_E_PARSE, "the answer is no AdmissionReview");
	*ret_denied = *ret_denied || !allowed;
	if (a->output == FORM_JSON)
		return 0;
	heading(cli, o);
	og_buf_lit(&cli->out, "  ");
	og_style_str(&cli->out, cli->colour_out, allowed ? OG_STYLE_GREEN : OG_STYLE_RED,
		allowed ? "allowed" : "denied");
	og_buf_fmt(&cli->out, ", answered in %.1f ms\n", (double)answer->took_ns / 1e6);
	if (!allowed) {
		og_buf_lit(&cli->out, "  ");
		og_text_safe(&cli->out,
			og_jstr_or_empty(og_jpath(rs, "status", "message", NULL), cli->arena));
		og_buf_ch(&cli->out, '\n');
	}
	put_said(cli, rs);
	if (!allowed)
		return 0;
	return show_patch(cli, a, o, pod_json, rs, err);
}

static int review_one(struct og_cli *cli, const struct review_args *a, const struct og_in_object *o,
	unsigned seed, bool *ret_denied, struct og_err *err)
{
	struct og_sv ns = o->meta.ns.n ? o->meta.ns : og_svz(a->job.ns), pod, review;
	struct og_https_answer answer = {0};
	int rc = og_pod_of(o, ns, cli->arena, &pod, err);
	if (rc == 0)
		rc = og_review_of(pod, ns, a->dry_run, seed, cli->arena, &review, err);
	if (rc != 0)
		return rc;
	const struct og_https_request rq = {
		.url = a->url,
		.ca_file = a->ca,
		.server_name = a->server_name,
		.insecure = a->insecure,
		.content_type = "application/json",
		.body = review,
		.timeout_ms = (unsigned)a->timeout_ms,
	};
	rc = og_https_post(&rq, &answer, err);
	if (rc != 0)
		return rc;
	rc = show(cli, a, o, pod, &answer, ret_denied, err);
	og_buf_fini(&answer.body);
	return rc;
}

static int run_review(struct og_cli *cli, void *args, const struct og_parsed *p)
{
	(void)p;
	const struct review_args *a = args;
	struct og_job job = {.cli = cli, .args = a->job, .plan_only = true};
	struct og_job_iter it = {0};
	bool denied = false;
	unsigned n = 0;
	/* A server that hangs up is an error to report, not a signal to die of. */
	(void)signal(SIGPIPE, SIG_IGN);
	int code = og_job_load(&job);
	if (code != OG_EXIT_PASS)
		return code;
	if (job.config && !og_job_run(&job))
		return OG_EXIT_FAULT;
	for (const struct og_in_object *o; (o = og_job_next(&job.in, &it));) {
		struct og_err err = OG_ERR_INIT;
		if (o->class != OG_OBJ_WORKLOAD)
			continue;
		if (n++ && a->output == FORM_TEXT)
			og_buf_ch(&cli->out, '\n');
		if (review_one(cli, a, o, n, &denied, &err) == 0)
			continue;
		if (err.code == OG_E_INVALID && strncmp(err.msg, "--", 2) == 0)
			return og_cli_usage(cli, "%s", err.msg);
		(void)og_err_wrap(&err, "%s", og_in_place(o->doc, o->v, cli->arena));
		return og_cli_fail(cli, &err);
	}
	if (n == 0 && !job.fault) {
		og_cli_error(cli, "the input holds no Pod and no workload");
		return OG_EXIT_FAULT;
	}
	return job.fault ? OG_EXIT_FAULT : denied ? OG_EXIT_GATE : OG_EXIT_PASS;
}

const struct og_command og_cmd_review = {
	.name = "review",
	.summary = "ask a running webhook what it would do to a pod",
	.usage = "-f FILE|DIR|-... --url URL [--ca FILE] [options]",
	.description =
		"Sends an AdmissionReview for each Pod of the input, or for the pod that a workload's "
		"controller would create, and shows the answer: warnings, audit annotations, and the "
		"pod before and after as a diff. Nothing is created anywhere.",
	.exits = "0 every pod is allowed\n"
		 "1 a pod is denied\n"
		 "2 the command line is wrong\n"
		 "3 the webhook could not be asked",
	.examples = "# through a port-forward, with the CA of the webhook configuration\n"
		    "%P review -f deploy.yaml --url https://127.0.0.1:8443/mutate --ca ca.crt "
		    "--server-name otelgate.otelgate.svc",
	.opts = review_opts,
	.nopts = OG_COUNT(review_opts),
	.args_bytes = sizeof(struct review_args),
	.run = run_review,
};
