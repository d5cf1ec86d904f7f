/* SPDX-License-Identifier: Apache-2.0 */
/* Writes as requests: one table says what each kind is. */
#include "write-priv.h"

#include "otelgate/base/mem.h"

enum { PRE_BYTES = 1024 }; /* for the precondition, and what escaping adds */

static const struct {
	enum og_kube_verb verb;
	enum og_kube_patch_type patch;
	const char *subresource;
	bool create; /* the name is in the body, not in the path */
} kinds[WRITE_COUNT_] = {
	[WRITE_APPLY] = {OG_KUBE_PATCH, OG_KUBE_APPLY, "", false},
	[WRITE_APPLY_STATUS] = {OG_KUBE_PATCH, OG_KUBE_APPLY, "status", false},
	[WRITE_MERGE] = {OG_KUBE_PATCH, OG_KUBE_MERGE_PATCH, "", false},
	[WRITE_REPLACE] = {OG_KUBE_UPDATE, OG_KUBE_JSON_PATCH, "", false},
	[WRITE_CREATE] = {OG_KUBE_CREATE, OG_KUBE_JSON_PATCH, "", true},
	[WRITE_DELETE] = {OG_KUBE_DELETE, OG_KUBE_JSON_PATCH, "", false},
};

int write_start(const struct kube_seam *s, enum write_kind kind, const struct og_kube_write *w,
	struct og_kube_call **ret, struct og_err *err)
{
	if (!w->on_done || !w->res.resource.n || (!w->res.name.n && !kinds[kind].create))
		return og_err_set(
			err, OG_E_INVALID, "a write needs a resource, a name and someone to tell");
	/* it may be a Secret: one piece of the final size, wiped */
	og_auto_wipe struct og_buf body = OG_BUF_INIT(WRITE_BODY_BYTES);
	(void)og_buf_reserve(&body, w->body.n < WRITE_BODY_BYTES / 2 ? w->body.n + PRE_BYTES : 0);
	int r = write_body(kind, w, &body, err);
	if (r < 0)
		return r;
	if (w->lease && !og_lease_holds(w->lease))
		return og_err_set(err, OG_E_CANCELLED, "not written: we do not lead any more");
	struct og_kube_request q = {
		.verb = kinds[kind].verb,
		.res = w->res,
		.query = w->dry_run ? OG_SV("dryRun=All") : OG_SV(""),
		.body = og_buf_view(&body),
		.patch = kinds[kind].patch,
		.field_manager = w->field_manager,
		.force = w->force,
		.lane = w->lane,
		.deadline_ms = w->deadline_ms,
		.ctx = w->ctx,
		.on_done = w->on_done,
	};
	if (*kinds[kind].subresource)
		q.res.subresource = og_svz(kinds[kind].subresource);
	if (kinds[kind].create)
		q.res.name = OG_SV("");
	return s->start(s->ctx, &q, ret, err);
}

static int real(struct og_kube *k, enum write_kind kind, const struct og_kube_write *w,
	struct og_kube_call **ret, struct og_err *err)
{
	const struct kube_seam s = kube_seam_of(k);
	return write_start(&s, kind, w, ret, err);
}

int og_kube_apply(struct og_kube *k, const struct og_kube_write *w, struct og_kube_call **ret,
	struct og_err *err)
{
	return real(k, WRITE_APPLY, w, ret, err);
}

int og_kube_apply_status(struct og_kube *k, const struct og_kube_write *w,
	struct og_kube_call **ret, struct og_err *err)
{
	return real(k, WRITE_APPLY_STATUS, w, ret, err);
}

int og_kube_merge(struct og_kube *k, const struct og_kube_write *w, struct og_kube_call **ret,
	struct og_err *err)
{
	return real(k, WRITE_MERGE, w, ret, err);
}

int og_kube_replace(struct og_kube *k, const struct og_kube_write *w, struct og_kube_call **ret,
	struct og_err *err)
{
	return real(k, WRITE_REPLACE, w, ret, err);
}

int og_kube_create(struct og_kube *k, const struct og_kube_write *w, struct og_kube_call **ret,
	struct og_err *err)
{
	return real(k, WRITE_CREATE, w, ret, err);
}

int og_kube_delete(struct og_kube *k, const struct og_kube_write *w, struct og_kube_call **ret,
	struct og_err *err)
{
	return real(k, WRITE_DELETE, w, ret, err);
}

bool og_kube_written(const struct og_kube_answer *a, struct og_kube_pre *ret)
{
	struct og_jval meta = a->doc ? og_jgetl(og_jroot(a->doc), "metadata") : OG_JABSENT;
	struct og_kube_pre p;
	p.uid = og_jstr_or_empty(og_jgetl(meta, "uid"), a->arena);
	p.resource_version = og_jstr_or_empty(og_jgetl(meta, "resourceVersion"), a->arena);
	if (a->code != 0 || !p.uid.n || !p.resource_version.n)
		return false;
	*ret = p;
	return true;
}
