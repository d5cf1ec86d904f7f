/* SPDX-License-Identifier: Apache-2.0 */
/* Writing what inject and uninject made: documents, patches, files in place. */
#include <unistd.h>
#include "otelgate/base/fs.h"
#include "otelgate/codec/jpatch.h"
#include "otelgate/codec/jwrite.h"
#include "diff-priv.h"
#include "otelgate/codec/emit.h"
#include "inject-priv.h"

static const char bom[] = "\xef\xbb\xbf";

static struct og_sv doc_text(const struct og_in_doc *d)
{
	if (d->changed)
		return d->text;
	return og_sv(d->input->text.p + d->src->start, d->src->end - d->src->start);
}

void og_out_text(struct og_buf *b, const struct og_input *in)
{
	if (!in->changed) {
		og_buf_sv(b, in->text);
		return;
	}
	for (uint32_t i = 0; i < in->ndocs; i++)
		og_buf_sv(b, doc_text(&in->docs[i]));
}

/* Texts of several files one after another: each starts a document of its own. */
static void join(struct og_buf *out, struct og_sv text)
{
	if (out->len) {
		if (og_sv_starts(text, og_svz(bom)))
			text = og_sv(text.p + 3, text.n - 3);
		if (out->p[out->len - 1] != '\n')
			og_buf_ch(out, '\n');
		if (!og_sv_starts(text, OG_SV("---")) && !og_sv_starts(text, OG_SV("%")))
			og_buf_lit(out, "---\n");
	}
	og_buf_sv(out, text);
}

/* The document's value after the patch, as JSON. */
static bool patched(struct og_in_doc *d, struct og_arena *arena, struct og_jdoc *ret)
{
	struct og_buf b og_auto_buf = OG_BUF_INIT(0);
	struct og_jdoc pd;
	if (!d->changed) {
		*ret = d->src->doc;
		return true;
	}
	/* Both were proved by the splice. */
	if (og_jdoc_parse(&pd, arena, d->patch, &og_own_json, NULL) != 0 ||
		og_jpatch_apply(og_jroot(&d->src->doc), og_jroot(&pd), arena, &b, NULL) != 0)
		return false;
	struct og_sv text = og_arena_sv(arena, og_buf_view(&b));
	return text.p && og_jdoc_parse(ret, arena, text, &og_own_json, NULL) == 0;
}

static bool converted(struct og_job *job, struct og_in_doc *d, enum og_out_form form)
{
	struct og_buf *out = &job->cli->out;
	struct og_jdoc now;
	if (!patched(d, job->cli->arena, &now))
		return false;
	if (og_junset(og_jroot(&now)))
		return true;
	if (form == OG_OUT_JSON) {
		og_emit_json(out, og_jroot(&now), 0);
		og_buf_ch(out, '\n');
		return true;
	}
	struct og_buf text og_auto_buf = OG_BUF_INIT(0);
	og_emit_yaml(&text, og_jroot(&now), job->cli->arena);
	join(out, og_buf_view(&text));
	return !text.failed;
}

void og_out_documents(struct og_job *job, enum og_out_form form)
{
	struct og_buf *out = &job->cli->out;
	for (size_t i = 0; i < job->in.n; i++) {
		struct og_input *in = &job->in.v[i];
		bool json = in->ndocs && in->docs[0].src->json;
		if (form == OG_OUT_AS_IS || (form == OG_OUT_YAML && !json)) {
			struct og_buf text og_auto_buf = OG_BUF_INIT(0);
			og_out_text(&text, in);
			join(out, og_buf_view(&text));
			out->failed = out->failed || text.failed;
			continue;
		}
		for (uint32_t d = 0; d < in->ndocs; d++) {
			if (!converted(job, &in->docs[d], form))
				out->failed = true;
		}
	}
}

void og_out_patches(struct og_job *job)
{
	struct og_buf *b = &job->cli->out;
	struct og_job_iter it = {0};
	for (const struct og_in_object *o; (o = og_job_next(&job->in, &it));) {
		static const char *const members[] = {"apiVersion", "kind"};
		if (!o->changed)
			continue;
		og_buf_lit(b, "{\"file\":");
		og_jw_str(b, og_svz(o->doc->input->name));
		for (size_t i = 0; i < 2; i++) {
			og_buf_fmt(b, ",\"%s\":", members[i]);
			og_buf_sv(b, og_jraw(og_jget(o->v, og_svz(members[i]))));
		}
		if (o->meta.ns.n) {
			og_buf_lit(b, ",\"namespace\":");
			og_jw_str(b, o->meta.ns);
		}
		if (o->meta.name.n) {
			og_buf_lit(b, ",\"name\":");
			og_jw_str(b, o->meta.name);
		}
		og_buf_lit(b, ",\"patch\":");
		og_buf_sv(b, o->patch);
		og_buf_lit(b, "}\n");
	}
}

static void changed_line(struct og_job *job, const struct og_in_object *o, const char *verb)
{
	struct og_buf *b = &job->cli->out;
	og_buf_str(b, og_in_place(o->doc, o->v, job->cli->arena));
	og_buf_lit(b, ": ");
	og_in_title(b, o);
	og_buf_fmt(b, " %s\n", verb);
}

void og_out_check(struct og_job *job)
{
	struct og_job_iter it = {0};
	for (const struct og_in_object *o; (o = og_job_next(&job->in, &it));) {
		if (o->changed)
			changed_line(
				job, o, job->uninject ? "would be restored" : "would be injected");
	}
}

bool og_out_in_place(struct og_job *job)
{
	bool ok = true;
	for (size_t i = 0; i < job->in.n; i++) {
		struct og_input *in = &job->in.v[i];
		struct og_err err = OG_ERR_INIT;
		struct og_buf text og_auto_buf = OG_BUF_INIT(0);
		if (in->failed || !in->changed)
			continue;
		og_out_text(&text, in);
		int rc = text.failed ? og_err_set(&err, OG_E_OOM, "%s: out of memory", in->name)
				     : og_fs_write_atomic(in->path, text.p, text.len, 0666, &err);
		if (rc != 0) {
			og_cli_error(job->cli, "%s", err.msg);
			ok = false;
			continue;
		}
		for (uint32_t d = 0; d < in->ndocs; d++) {
			for (uint32_t k = 0; k < in->docs[d].nobjects; k++) {
				if (in->docs[d].objects[k].changed)
					changed_line(job, &in->docs[d].objects[k],
						job->done	? job->done
						: job->uninject ? "restored"
								: "injected");
			}
		}
	}
	return ok;
}

/* The plans of one input, for the reasons in its diff. */
static size_t plans_of(
	const struct og_input *in, struct og_arena *arena, const struct og_plan *const **ret)
{
	size_t n = 0, cap = 0;
	for (uint32_t d = 0; d < in->ndocs; d++)
		cap += in->docs[d].nobjects;
	const struct og_plan **v = og_arena_new_n(arena, cap + 1, const struct og_plan *);
	for (uint32_t d = 0; v && d < in->ndocs; d++) {
		for (uint32_t i = 0; i < in->docs[d].nobjects; i++) {
			if (in->docs[d].objects[i].plan)
				v[n++] = in->docs[d].objects[i].plan;
		}
	}
	*ret = v;
	return n;
}

void og_out_diff(struct og_job *job, const struct og_inject_args *a)
{
	for (size_t i = 0; i < job->in.n; i++) {
		const struct og_input *in = &job->in.v[i];
		struct og_buf text og_auto_buf = OG_BUF_INIT(0);
		if (in->failed || !in->changed)
			continue;
		og_out_text(&text, in);
		job->cli->out.failed = job->cli->out.failed || text.failed;
		struct og_diff_options o = {
			.from_name = in->name,
			.to_name = in->name,
			.context = a->context,
			.colour = job->cli->colour_out,
			.safe = job->cli->colour_out || isatty(job->cli->out_fd) == 1,
			.arena = job->cli->arena,
		};
		o.clip = a->why ? OG_DIFF_CLIP : 0;
		if (a->why)
			o.nplans = plans_of(in, job->cli->arena, &o.plans);
		(void)og_diff_write(&job->cli->out, &o, in->text, og_buf_view(&text));
	}
}
