/* SPDX-License-Identifier: Apache-2.0 */
/* What an opt-in would do, and doing it. */
#include "otelgate/audit/optin.h"
#include "otelgate/base/mem.h"
#include "otelgate/codec/jpatch.h"
#include "otelgate/kube/apply.h"

enum { OBJECT_BYTES = 8 << 20, TURN_MS = 200 };

static const struct og_jlimits own_json = {
	.max_bytes = OBJECT_BYTES, .max_depth = 1000, .max_tokens = 1u << 24};

/* ---- what the injection would do ---- */

/* Reasons that no time will mend: a rollout for nothing; and which findings say what to do. */
static const struct hopeless {
	enum og_reason reason;
	const char *findings[2];
} hopeless[] = {
	{OG_REASON_PROFILE_MISSING, {"OG204"}},
	{OG_REASON_WINDOWS, {"OG207"}},
	{OG_REASON_EXCLUDED_NAMESPACE, {"OG207"}},
	{OG_REASON_NO_TARGET, {"OG203", "OG302"}},
};

static const struct hopeless *hopeless_of(enum og_reason r)
{
	for (size_t i = 0; i < OG_COUNT(hopeless); i++)
		if (hopeless[i].reason == r)
			return &hopeless[i];
	return NULL;
}

static struct og_sv advice(const struct hopeless *h, const struct og_findings *f)
{
	for (size_t k = 0; k < OG_COUNT(h->findings) && h->findings[k]; k++)
		for (uint32_t i = 0; i < f->n; i++)
			if (!strcmp(f->v[i].def->id, h->findings[k]))
				return f->v[i].detail;
	return OG_SV("");
}

static int apply(struct og_audit_optin_item *it, struct og_arena *arena, struct og_err *err)
{
	og_auto_buf struct og_buf patch = OG_BUF_INIT(0), text = OG_BUF_INIT(OBJECT_BYTES);
	struct og_jdoc d;

	og_optin_json_patch(&it->edit, &patch);
	if (patch.failed)
		return og_err_set(err, OG_E_OOM, "changing annotations");
	int r = og_jdoc_parse(&d, arena, og_buf_view(&patch), &own_json, err);
	if (r == 0)
		r = og_jpatch_apply(it->object, og_jroot(&d), arena, &text, err);
	if (r < 0)
		return r;
	it->after = og_arena_sv(arena, og_buf_view(&text));
	return it->after.p ? 0 : og_err_set(err, OG_E_OOM, "changing annotations");
}

/* The namespace as the engine sees it; absent when it may not be read. */
static struct og_jval read_namespace(const struct og_audit_optin_opts *o, struct og_arena *arena)
{
	struct og_kube_answer a = {0};
	const struct og_kube_request r = {.verb = OG_KUBE_GET,
		.res = {.version = OG_SV("v1"),
			.resource = OG_SV("namespaces"),
			.name = og_svz(o->ns)}};

	return og_kube_wait(o->session->kube, &r, arena, &a, NULL) == 0 && a.doc ? og_jroot(a.doc)
										 : OG_JABSENT;
}

static int make_plan(const struct og_audit_optin_opts *o, struct og_audit_optin_item *it,
	const struct og_config *config, struct og_arena *arena, struct og_err *err)
{
	struct og_jdoc *d = og_arena_new(arena, struct og_jdoc);
	struct og_jval *objects = og_arena_new_n(arena, 2, struct og_jval);
	struct og_facts_objects *set = og_arena_new(arena, struct og_facts_objects);
	struct og_facts_source *source = og_arena_new(arena, struct og_facts_source);

	if (!d || !objects || !set || !source)
		return og_err_set(err, OG_E_OOM, "planning an injection");
	int r = og_jdoc_parse(d, arena, it->after, &own_json, err);
	if (r < 0)
		return r;
	objects[0] = og_jroot(d);
	objects[1] = read_namespace(o, arena);
	*set = (struct og_facts_objects){objects, og_junset(objects[1]) ? 1 : 2, og_svz(o->ns)};
	*source = og_facts_from_objects(set);
	struct og_plan_input in = {.config = config, .object = objects[0]};
	r = og_facts_of_workload(source, objects[0], og_svz(o->ns), arena, &in.facts, err);
	if (r == 0)
		r = og_plan_make(&in, arena, &it->plan, err);
	if (r == 0 && it->plan->reason == OG_REASON_INJECTED)
		r = og_plan_patch(it->plan, arena, err);
	return r;
}

int og_audit_optin_preview(const struct og_audit_optin_opts *o, struct og_audit_optin_item *it,
	const struct og_config *config, struct og_sv why_not, struct og_arena *arena,
	struct og_err *err)
{
	struct og_err why = OG_ERR_INIT;

	if (it->state == OG_OPTIN_REFUSED || it->state == OG_OPTIN_ALREADY)
		return 0;
	int r = apply(it, arena, err);
	if (r < 0)
		return r;
	it->unknown = why_not;
	r = config ? make_plan(o, it, config, arena, &why) : 0;
	if (why.code == OG_E_OOM)
		return og_err_set(err, OG_E_OOM, "%s", why.msg);
	if (r < 0) {
		it->plan = NULL;
		it->unknown = og_svz(og_arena_fmt(arena, "%s", why.msg));
		return 0;
	}
	bool in = !o->ask.clear && !og_sv_is(o->ask.inject, "false");
	const struct hopeless *none = it->plan && in ? hopeless_of(it->plan->reason) : NULL;
	if (!none)
		return 0;
	it->state = OG_OPTIN_REFUSED;
	it->why = og_svz(og_arena_fmt(arena, "its pods would be replaced for nothing: %s",
		og_reason_text(it->plan->reason)));
	it->fix = advice(none, &it->plan->findings);
	return 0;
}

/* ---- doing it ---- */

struct change {
	const struct og_audit_optin_opts *o;
	const struct og_audit_optin_item *it;
	bool done, changed;
	struct og_err err;
};

/* [og_kube_edit] Again by the state of now: what was looked at may be old. */
static int edit(void *ctx, struct og_jval object, struct og_arena *arena, struct og_buf *out,
	struct og_err *err)
{
	struct change *c = ctx;
	struct og_optin_edit e;
	int r = og_optin_edit(object, &c->o->ask, arena, &e, err);

	if (r < 0)
		return r;
	if (!e.n)
		return OG_EDIT_NOTHING;
	og_optin_merge_patch(&e, out);
	return OG_EDIT_MERGE;
}

static void on_done(void *ctx, const struct og_kube_answer *a, bool changed)
{
	struct change *c = ctx;

	c->done = true;
	c->changed = changed;
	if (a->code == 0)
		return;
	if (a->http == 403 && a->rule.n)
		(void)og_err_set(&c->err, OG_E_INVALID, "%s\nThe right that is missing:\n%.*s",
			a->err.msg, OG_SV_ARG(a->rule));
	else if (a->http == 409)
		(void)og_err_set(&c->err, OG_E_CONFLICT,
			"others change it all the time: try again (%s)", a->err.msg);
	else
		c->err = a->err;
}

int og_audit_optin_write(const struct og_audit_optin_opts *o, const struct og_audit_optin_item *it,
	bool dry_run, bool *ret_changed, struct og_err *err)
{
	struct change c = {.o = o, .it = it, .err = OG_ERR_INIT};
	const struct og_kube_edit_opts eo = {.res = {.group = og_svz(it->kind->group),
						     .version = og_svz(it->kind->version),
						     .resource = og_svz(it->kind->resource),
						     .ns = it->ns,
						     .name = it->name},
		.uid = it->uid,
		.dry_run = dry_run,
		.ctx = &c,
		.edit = edit,
		.on_done = on_done};
	struct og_kube_edit *e = NULL;
	int r = og_kube_edit(o->session->kube, &eo, &e, err);

	while (r == 0 && !c.done) {
		(void)og_loop_turn(o->session->loop, TURN_MS);
		if (!c.done && og_loop_stopped(o->session->loop)) {
			og_kube_edit_cancel(e);
			return og_err_set(err, OG_E_CANCELLED, "stopped");
		}
	}
	if (r < 0)
		return r;
	if (c.err.code != OG_OK)
		return og_err_set(err, c.err.code, "%s", c.err.msg);
	*ret_changed = c.changed;
	return 0;
}
