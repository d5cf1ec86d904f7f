/* SPDX-License-Identifier: Apache-2.0 */
/* Planning what was read, and making the new text of what changes. */
#include "otelgate/cli/term.h"
#include "otelgate/codec/jpatch.h"
#include "otelgate/codec/splice.h"
#include "otelgate/core/uninject.h"
#include "inject-priv.h"

enum { TEXT_MAX_BYTES = 256 << 20, SCRATCH_MAX_BYTES = 1 << 30 };

struct og_in_object *og_job_next(const struct og_inputs *in, struct og_job_iter *it)
{
	for (; it->input < in->n; it->input++, it->doc = 0) {
		const struct og_input *i = &in->v[it->input];
		for (; !i->failed && it->doc < i->ndocs; it->doc++, it->object = 0) {
			if (it->object < i->docs[it->doc].nobjects)
				return &i->docs[it->doc].objects[it->object++];
		}
	}
	return NULL;
}

static int plan_object(struct og_job *job, struct og_in_object *o, struct og_err *err)
{
	struct og_arena *arena = job->cli->arena;
	struct og_sv ns = og_svz(job->args.ns);
	struct og_plan_input in = {
		.config = job->config,
		.object = o->v,
		.profile_override = og_svz(job->args.profile),
	};
	if (o->kind->template_path[0] == '\0') {
		og_facts_collect(
			&job->source, o->meta.ns.n ? o->meta.ns : ns, &o->meta, arena, &in.facts);
	} else {
		int rc = og_facts_of_workload(&job->source, o->v, ns, arena, &in.facts, err);
		if (rc != 0)
			return rc;
	}
	int rc = og_plan_make(&in, arena, &o->plan, err);
	if (rc == 0 && o->plan->reason == OG_REASON_INJECTED)
		rc = og_plan_patch(o->plan, arena, err);
	if (rc != 0)
		return rc;
	o->findings = &o->plan->findings;
	o->patch = o->plan->patch;
	return 0;
}

static int unplan_object(struct og_job *job, struct og_in_object *o, struct og_err *err)
{
	struct og_buf b og_auto_buf = OG_BUF_INIT(TEXT_MAX_BYTES);
	struct og_findings *f = og_arena_new(job->cli->arena, struct og_findings);
	if (!f)
		return og_err_set(err, OG_E_OOM, "out of memory");
	int rc = og_uninject_patch(o->v, job->cli->arena, &b, f, err);
	if (rc != 0)
		return rc;
	o->findings = f;
	o->patch = og_arena_sv(job->cli->arena, og_buf_view(&b));
	if (!o->patch.p)
		return og_err_set(err, OG_E_OOM, "out of memory");
	return 0;
}

/* The object's operations with their paths made the document's. */
static int add_ops(struct og_jpatch *out, const struct og_in_object *o, struct og_arena *arena,
	struct og_err *err)
{
	struct og_jdoc d;
	int rc = og_jdoc_parse(&d, arena, o->patch, &og_own_json, err);
	if (rc != 0)
		return og_err_wrap(err, "our own patch");
	og_jfor (it, og_jroot(&d)) {
		struct og_sv op = og_jstr_or_empty(og_jgetl(it.val, "op"), arena);
		struct og_sv path = og_jstr_or_empty(og_jgetl(it.val, "path"), arena);
		struct og_jval value = og_jgetl(it.val, "value");
		char *full = og_arena_fmt(arena, "%.*s%.*s", OG_SV_ARG(o->prefix), OG_SV_ARG(path));
		if (!full)
			return og_err_set(err, OG_E_OOM, "out of memory");
		if (og_sv_is(op, "add"))
			og_jpatch_add(out, og_svz(full), og_jraw(value));
		else if (og_sv_is(op, "replace"))
			og_jpatch_replace(out, og_svz(full), og_jraw(value));
		else if (og_sv_is(op, "remove"))
			og_jpatch_remove(out, og_svz(full));
		else if (og_sv_is(op, "test"))
			og_jpatch_test(out, og_svz(full), og_jraw(value));
		else
			return og_err_set(err, OG_E_BUG, "our own patch has an unknown operation");
	}
	return 0;
}

/* What is made on the way, most of all the document read again, lives in `scratch`. */
static int edit_doc(
	struct og_in_doc *d, struct og_arena *arena, struct og_arena *scratch, struct og_err *err)
{
	struct og_buf patch og_auto_buf = OG_BUF_INIT(TEXT_MAX_BYTES);
	struct og_buf text og_auto_buf = OG_BUF_INIT(TEXT_MAX_BYTES);
	struct og_jpatch p;
	struct og_jdoc pd;
	og_jpatch_begin(&p, &patch);
	for (uint32_t i = 0; i < d->nobjects; i++) {
		if (!d->objects[i].changed)
			continue;
		int rc = add_ops(&p, &d->objects[i], scratch, err);
		if (rc != 0)
			return rc;
	}
	if (d->resource_list) {
		struct og_buf value og_auto_buf = OG_BUF_INIT(TEXT_MAX_BYTES);
		if (og_krm_results(d, &value))
			og_jpatch_add(&p, OG_SV("/results"), og_buf_view(&value));
		if (value.failed)
			return og_err_set(err, OG_E_OOM, "out of memory");
	}
	if (!og_jpatch_end(&p))
		return og_err_set(err, OG_E_OOM, "out of memory");
	d->patch = og_arena_sv(arena, og_buf_view(&patch));
	if (!d->patch.p)
		return og_err_set(err, OG_E_OOM, "out of memory");
	int rc = og_jdoc_parse(&pd, scratch, d->patch, &og_own_json, err);
	if (rc == 0)
		rc = og_splice_patch(d->src, og_jroot(&pd), scratch, &text, err);
	if (rc != 0)
		return rc;
	d->text = og_arena_sv(arena, og_buf_view(&text));
	return d->text.p ? 0 : og_err_set(err, OG_E_OOM, "out of memory");
}

/* Messages of the splice carry their place already; the others get the object's. */
static void fault(struct og_job *job, struct og_input *in, const struct og_in_object *o,
	const struct og_err *err)
{
	struct og_buf b og_auto_buf = OG_BUF_INIT(0);
	if (o) {
		og_buf_str(&b, og_in_place(o->doc, o->v, job->cli->arena));
		og_buf_lit(&b, ": ");
		og_in_title(&b, o);
		og_buf_lit(&b, ": ");
	}
	og_buf_str(&b, err->msg);
	og_cli_error(job->cli, "%s", b.p ? b.p : err->msg);
	in->failed = true;
	job->in.failed = true;
	job->fault = true;
}

static bool run_doc(struct og_job *job, struct og_input *in, struct og_in_doc *d)
{
	static const struct og_findings none;
	bool ok = true;
	for (uint32_t i = 0; i < d->nobjects; i++) {
		struct og_in_object *o = &d->objects[i];
		struct og_err err = OG_ERR_INIT;
		o->findings = &none;
		if (o->class != OG_OBJ_WORKLOAD)
			continue;
		int rc = job->edit	 ? job->edit(job, o, &err)
			 : job->uninject ? unplan_object(job, o, &err)
					 : plan_object(job, o, &err);
		if (rc != 0) {
			fault(job, in, o, &err);
			ok = false;
			if (err.code == OG_E_OOM)
				return false;
			continue;
		}
		o->changed = o->patch.n > 2;
		d->changed = d->changed || o->changed || (d->resource_list && o->findings->n);
	}
	struct og_err err = OG_ERR_INIT;
	if (!ok || !d->changed || job->plan_only)
		return true;
	in->changed = true;
	struct og_arena scratch;
	og_arena_init(&scratch, 0, SCRATCH_MAX_BYTES);
	int rc = edit_doc(d, job->cli->arena, &scratch, &err);
	og_arena_fini(&scratch);
	if (rc == 0)
		return true;
	fault(job, in, NULL, &err);
	return err.code != OG_E_OOM;
}

bool og_job_run(struct og_job *job)
{
	for (size_t i = 0; i < job->in.n; i++) {
		struct og_input *in = &job->in.v[i];
		/* A document's fault must not hide the next one's. */
		bool failed = in->failed;
		for (uint32_t d = 0; !failed && d < in->ndocs; d++) {
			if (!run_doc(job, in, &in->docs[d]))
				return false;
		}
	}
	return true;
}
