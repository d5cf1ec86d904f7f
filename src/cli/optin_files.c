/* SPDX-License-Identifier: Apache-2.0 */
/* optin -f: the annotations in manifests, comments and all the rest as they were. */
#include "inject-priv.h"
#include "optin-priv.h"
#include "otelgate/kobj/selector.h"

struct files {
	struct optin_run *u;
	struct og_selector selector;
	uint32_t seen, meant;
};

static bool is_meant(const struct files *f, const struct og_in_object *o)
{
	const struct og_kubeflags *k = &f->u->a->kube;

	if (k->ns && o->meta.ns.n && !og_sv_eq(o->meta.ns, og_svz(k->ns)))
		return false;
	if (f->selector.present && !og_selector_match(&f->selector, &o->meta.labels))
		return false;
	if (!og_audit_targets_want(f->u->targets, f->u->ntargets, og_svz(o->kind->group),
		    og_svz(o->kind->kind), o->meta.name))
		return false;
	/* What another workload makes is meant with that one: a dump has both. */
	return !o->meta.has_owner || !og_workload_kind(o->meta.owner.group, o->meta.owner.kind);
}

static int edit(struct og_job *job, struct og_in_object *o, struct og_err *err)
{
	og_auto_buf struct og_buf patch = OG_BUF_INIT(1 << 20);
	struct files *f = job->edit_ctx;
	struct og_optin_edit e;

	f->seen++;
	o->patch = OG_SV("");
	if (!is_meant(f, o))
		return 0;
	int r = og_optin_edit(o->v, &f->u->ask, job->cli->arena, &e, err);
	if (r < 0)
		return r;
	f->meant++;
	if (!e.n)
		return 0;
	og_optin_json_patch(&e, &patch);
	o->patch = og_arena_sv(job->cli->arena, og_buf_view(&patch));
	return patch.failed || !o->patch.p ? og_err_set(err, OG_E_OOM, "out of memory") : 0;
}

/* A name that is not there is an error; that a kind or a selector chooses nothing is an answer, as
 * it is in a cluster. */
static int not_found(struct og_cli *cli, const struct files *f)
{
	for (size_t i = 0; i < f->u->ntargets; i++) {
		const struct og_audit_target *t = &f->u->targets[i];
		if (t->found || !t->name.n)
			continue;
		og_cli_error(cli, "no %s is called \"%.*s\" in the files",
			t->kind ? t->kind : "workload", OG_SV_ARG(t->name));
		return OG_EXIT_FAULT;
	}
	if (!f->seen) {
		og_cli_error(cli, "the files hold no workload");
		return OG_EXIT_FAULT;
	}
	if (!f->meant)
		og_buf_lit(&cli->err, "No such workload in the files.\n");
	return OG_EXIT_PASS;
}

int optin_files(struct optin_run *u)
{
	const struct optin_args *a = u->a;
	struct og_cli *cli = u->cli;
	struct files f = {.u = u};
	struct og_err err = OG_ERR_INIT;
	struct og_job job = {.cli = cli,
		.args = {.files = a->files},
		.edit = edit,
		.edit_ctx = &f,
		.done = optin_done(u)};
	const struct og_inject_args diff = {.context = 3};

	if (a->selector &&
		og_selector_parse(og_svz(a->selector), cli->arena, &f.selector, &err) < 0)
		return og_cli_usage(cli, "--selector: %s", err.msg);
	int code = og_job_load(&job);
	if (code != OG_EXIT_PASS)
		return code;
	if (!og_job_run(&job)) {
		og_cli_error(cli, "out of memory");
		return OG_EXIT_FAULT;
	}
	code = job.fault ? OG_EXIT_FAULT : not_found(cli, &f);
	if (code != OG_EXIT_PASS) {
		og_cli_error(cli, "nothing is written");
		return code;
	}
	if (a->in_place)
		return og_out_in_place(&job) ? OG_EXIT_PASS : OG_EXIT_FAULT;
	if (a->diff || a->dry_run != OPTIN_REALLY)
		og_out_diff(&job, &diff);
	else
		og_out_documents(&job, OG_OUT_AS_IS);
	return OG_EXIT_PASS;
}
