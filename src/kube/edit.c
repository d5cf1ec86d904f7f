/* SPDX-License-Identifier: Apache-2.0 */
/* Read, modify, write: rounds of GET and PATCH until the object is as it should be. */
#include "otelgate/base/mem.h"
#include "rng-priv.h"
#include "write-priv.h"

enum { WAIT_US = 10000 }; /* and up to a tenth more */

struct og_kube_edit {
	struct kube_seam seam;
	struct og_kube_edit_opts o; /* views point into `text` */
	struct og_buf text;
	struct og_kube_call *call;
	struct og_timer timer;
	uint64_t rng;
	unsigned rounds;
	enum og_kube_edit_kind kind; /* of the write under way */
};

void og_kube_edit_cancel(struct og_kube_edit *e)
{
	if (!e)
		return;
	if (e->call)
		e->seam.cancel(e->seam.ctx, e->call);
	og_timer_cancel(e->seam.loop, &e->timer);
	og_buf_fini(&e->text);
	og_free(e);
}

static void finish(struct og_kube_edit *e, const struct og_kube_answer *a, bool changed)
{
	void (*on_done)(void *, const struct og_kube_answer *, bool) = e->o.on_done;
	void *ctx = e->o.ctx;
	og_kube_edit_cancel(e);
	on_done(ctx, a, changed);
}

/* Ends with an error of our own. */
static void fail(struct og_kube_edit *e, const struct og_kube_answer *of, const struct og_err *why)
{
	struct og_kube_answer a = of ? *of : (struct og_kube_answer){.http = 0};
	og_auto_arena struct og_arena arena;
	og_arena_init(&arena, 0, 0);
	if (!a.arena)
		a.arena = &arena;
	a.code = -(int)why->code;
	a.err = *why;
	finish(e, &a, false);
}

static int ask(struct og_kube_edit *e, struct og_err *err);

static void on_timer(void *ctx)
{
	struct og_kube_edit *e = ctx;
	struct og_err why = OG_ERR_INIT;
	if (ask(e, &why) < 0)
		fail(e, NULL, &why);
}

/* Whether looking again may help. */
static bool worth_another(const struct og_kube_edit *e, const struct og_kube_answer *a)
{
	return e->rounds < OG_KUBE_EDIT_ROUNDS &&
	       (a->http == 409 || a->http == 0 ||
		       (a->http == 422 && e->kind == OG_EDIT_JSON_PATCH));
}

static void on_written(void *ctx, const struct og_kube_answer *a)
{
	struct og_kube_edit *e = ctx;
	e->call = NULL;
	if (a->code != 0 && a->code != -OG_E_CANCELLED && worth_another(e, a)) {
		int64_t us = WAIT_US + kube_rng_upto(&e->rng, WAIT_US / 10);
		int64_t at = og_loop_now_ns(e->seam.loop) + us * 1000;
		if (og_timer_at(e->seam.loop, &e->timer, at, on_timer, e) == 0)
			return;
	}
	finish(e, a, a->code == 0);
}

static int patch(
	struct og_kube_edit *e, struct og_jval object, struct og_sv text, struct og_err *err)
{
	og_auto_arena struct og_arena arena;
	og_arena_init(&arena, 0, 0);
	og_auto_buf struct og_buf body = OG_BUF_INIT(WRITE_BODY_BYTES);
	struct og_jval meta = og_jgetl(object, "metadata");
	struct og_kube_write w = {.res = e->o.res, .body = text};
	w.pre.uid = og_jstr_or_empty(og_jgetl(meta, "uid"), &arena);
	w.pre.resource_version = og_jstr_or_empty(og_jgetl(meta, "resourceVersion"), &arena);
	int r = e->kind == OG_EDIT_MERGE ? write_body(WRITE_MERGE, &w, &body, err)
					 : write_json_patch(text, w.pre.uid, &body, err);
	if (r < 0)
		return r;
	if (e->o.lease && !og_lease_holds(e->o.lease))
		return og_err_set(err, OG_E_CANCELLED, "not written: we do not lead any more");
	const struct og_kube_request q = {
		.verb = OG_KUBE_PATCH,
		.res = e->o.res,
		.query = e->o.dry_run ? OG_SV("dryRun=All") : OG_SV(""),
		.body = og_buf_view(&body),
		.patch = e->kind == OG_EDIT_MERGE ? OG_KUBE_MERGE_PATCH : OG_KUBE_JSON_PATCH,
		.field_manager = e->o.field_manager,
		.ctx = e,
		.on_done = on_written,
	};
	return e->seam.start(e->seam.ctx, &q, &e->call, err);
}

/* The object was read: is it the one meant, and what is to be changed? */
static int look(struct og_kube_edit *e, const struct og_kube_answer *a, struct og_err *err)
{
	if (!a->doc || !og_jis(og_jpath(og_jroot(a->doc), "metadata", "resourceVersion", NULL),
			       OG_J_STRING))
		return og_err_set(err, OG_E_PARSE, "the answer is no object");
	struct og_jval object = og_jroot(a->doc);
	if (e->o.uid.n && !og_jstr_eq(og_jpath(object, "metadata", "uid", NULL), e->o.uid))
		return og_err_set(err, OG_E_NOT_FOUND,
			"the object was deleted; another one has its name now");
	og_auto_buf struct og_buf text = OG_BUF_INIT(WRITE_BODY_BYTES);
	int kind = e->o.edit(e->o.ctx, object, a->arena, &text, err);
	if (kind <= OG_EDIT_NOTHING)
		return kind;
	if (text.failed)
		return og_err_set(err, text.full ? OG_E_LIMIT : OG_E_OOM, "no room for a patch");
	e->kind = (enum og_kube_edit_kind)kind;
	int r = patch(e, object, og_buf_view(&text), err);
	return r < 0 ? r : kind;
}

static void on_read(void *ctx, const struct og_kube_answer *a)
{
	struct og_kube_edit *e = ctx;
	struct og_err why = OG_ERR_INIT;
	e->call = NULL;
	if (a->code != 0) {
		finish(e, a, false);
		return;
	}
	int r = look(e, a, &why);
	if (r == OG_EDIT_NOTHING) {
		finish(e, a, false);
	} else if (r < 0) {
		if (why.code == OG_OK) /* an edit that only gave a code */
			(void)og_err_set(&why, (enum og_code) - r, "the object was left as it is");
		fail(e, a, &why);
	}
}

static int ask(struct og_kube_edit *e, struct og_err *err)
{
	const struct og_kube_request q = {
		.verb = OG_KUBE_GET,
		.res = e->o.res,
		.ctx = e,
		.on_done = on_read,
	};
	e->rounds++;
	return e->seam.start(e->seam.ctx, &q, &e->call, err);
}

/* Copies the views: offsets first, because the buffer moves while it grows. */
static bool keep(struct og_kube_edit *e)
{
	struct og_kube_resource *r = &e->o.res;
	struct og_sv *all[] = {
		&r->group, &r->version, &r->resource, &r->subresource, &r->ns, &r->name, &e->o.uid};
	struct og_sv manager = og_svz(e->o.field_manager);
	for (size_t i = 0; i < OG_COUNT(all); i++)
		og_buf_add(&e->text, all[i]->n ? all[i]->p : "", all[i]->n);
	og_buf_sv(&e->text, manager);
	if (e->text.failed || !og_buf_reserve(&e->text, 1))
		return false;
	size_t at = 0;
	for (size_t i = 0; i < OG_COUNT(all); i++) {
		all[i]->p = e->text.p + at;
		at += all[i]->n;
	}
	if (e->o.field_manager)
		e->o.field_manager = e->text.p + at; /* the NUL behind the buffer ends it */
	return true;
}

int edit_start(const struct kube_seam *s, const struct og_kube_edit_opts *o,
	struct og_kube_edit **ret, struct og_err *err)
{
	if (!o->edit || !o->on_done || !o->res.resource.n || !o->res.name.n)
		return og_err_set(err, OG_E_INVALID,
			"an edit needs a resource, a name, an editor and someone to tell");
	struct og_kube_edit *e = og_calloc(1, sizeof(*e));
	if (!e)
		return og_err_set(err, OG_E_OOM, "no memory for an edit");
	e->seam = *s;
	e->o = *o;
	e->rng = o->seed;
	og_buf_init(&e->text, 0);
	int r = keep(e) ? 0 : og_err_set(err, OG_E_OOM, "no memory for an edit");
	if (r == 0)
		r = ask(e, err);
	if (r < 0) {
		og_kube_edit_cancel(e);
		return r;
	}
	if (ret)
		*ret = e;
	return 0;
}

int og_kube_edit(struct og_kube *k, const struct og_kube_edit_opts *o, struct og_kube_edit **ret,
	struct og_err *err)
{
	const struct kube_seam s = kube_seam_of(k);
	return edit_start(&s, o, ret, err);
}
