/* SPDX-License-Identifier: Apache-2.0 */
/* Patches applied in memory: ours before it leaves, and the one that takes an earlier injection
 * away. */
#include "plan-priv.h"

#include "otelgate/codec/jpatch.h"
#include "otelgate/core/uninject.h"

/* What went wrong below is ours, whatever it was there. */
static int bug(struct og_err *err, const char *what)
{
	if (err)
		err->code = OG_E_BUG;
	(void)og_err_wrap(err, "%s", what);
	return -OG_E_BUG;
}

/* Parses text that we made ourselves; a failure is a bug of ours, unless memory is out. */
static int parse_own(struct og_sv text, struct og_arena *a, struct og_jval *ret, struct og_err *err)
{
	static const struct og_jlimits lim = {
		.max_bytes = 64 << 20, .max_depth = 128, .max_tokens = 4000000, .own_text = true};
	struct og_jdoc *d = og_arena_new(a, struct og_jdoc);
	if (!d)
		return og_err_set(err, OG_E_OOM, "out of memory");
	int rc = og_jdoc_parse(d, a, text, &lim, err);
	if (rc)
		return rc == -OG_E_PARSE ? bug(err, "our own text does not parse") : rc;
	*ret = og_jroot(d);
	return 0;
}

/* Applies patch text to an object: the result lives in the arena, written out only when asked. */
static int apply_own(struct og_jval object, struct og_sv patch, struct og_arena *a,
	struct og_jmut *ret, struct og_err *err)
{
	struct og_jval ops;
	int rc = parse_own(patch, a, &ops, err);
	if (rc)
		return rc;
	rc = og_jmut_apply(object, ops, a, ret, err);
	if (rc == -OG_E_INVALID)
		rc = bug(err, "our own patch does not apply");
	return rc;
}

/* A patched document, written out and read again. */
static int reread(struct og_jmut m, struct og_arena *a, struct og_jval *ret, struct og_err *err)
{
	struct og_buf text = OG_BUF_INIT(32 << 20);
	int rc = og_jmut_write(m, &text, err);
	struct og_sv copy = {NULL, 0};
	if (!rc && !(copy = og_arena_sv(a, og_buf_view(&text))).p)
		rc = og_err_set(err, OG_E_OOM, "out of memory keeping the patched object");
	og_buf_fini(&text);
	return rc ? rc : parse_own(copy, a, ret, err);
}

int og_plan_rebase(struct og_plan *p, struct og_arena *a, struct og_err *err)
{
	struct og_buf patch = OG_BUF_INIT(8 << 20);
	struct og_err local = OG_ERR_INIT;
	int rc = og_uninject_patch(p->received, a, &patch, &p->findings, &local);
	if (rc == -OG_E_INVALID) {
		/* not ours to read: leave what is there and plan on top of it */
		og_findings_addf(&p->findings, a, "OG321",
			OG_SV("annotation " OG_ANNOTATION_INJECTION), "%s", local.msg);
		og_buf_fini(&patch);
		return 0;
	}
	struct og_jval before;
	struct og_jmut undone;
	struct og_sv text = og_arena_sv(a, og_buf_view(&patch));
	if (!rc)
		rc = text.p ? apply_own(p->received, text, a, &undone, &local) : -OG_E_OOM;
	if (!rc)
		rc = reread(undone, a, &before, &local);
	og_buf_fini(&patch);
	if (rc) {
		if (err)
			*err = local;
		return rc;
	}
	p->object = before;
	p->tmpl = og_workload_template(p->kind, before);
	p->spec = og_jgetl(p->tmpl, "spec");
	return og_meta_read(p->tmpl, a, &p->meta, err);
}

static int patch(struct og_plan *plan, struct og_arena *arena, struct og_err *err)
{
	if (!plan->optin.in || plan->reason != OG_REASON_INJECTED)
		return 0;
	struct og_buf b = OG_BUF_INIT(16 << 20);
	struct og_jmut after;
	struct og_jval want;
	/* about what a container's variables take, so that the text is not moved while it grows */
	(void)og_buf_reserve(&b, 4096 + (size_t)plan->ncontainers * 3072);
	int rc = og_plan_write(plan, arena, &b, err);
	/* the arena's copy: the applied document refers to the patch's own text */
	struct og_sv text = rc ? og_sv(NULL, 0) : og_arena_sv(arena, og_buf_view(&b));
	if (!rc && !text.p)
		rc = og_err_set(err, OG_E_OOM, "out of memory keeping the patch");
	if (!rc)
		rc = apply_own(plan->object, text, arena, &after, err);
	if (!rc)
		rc = og_selfcheck(plan, after, arena, err);
	if (!rc && plan->reinjected) {
		og_buf_reset(&b);
		if ((rc = reread(after, arena, &want, err)) == 0 &&
			og_plan_settled(plan, want, arena))
			text = OG_SV("[]");
		else if (!rc && !(rc = og_jpatch_diff(plan->received, want, arena, &b, err)) &&
			 !(text = og_arena_sv(arena, og_buf_view(&b))).p)
			rc = og_err_set(err, OG_E_OOM, "out of memory keeping the patch");
	}
	og_buf_fini(&b);
	if (rc)
		return rc;
	if (og_sv_is(text, "[]"))
		plan->reason = OG_REASON_UP_TO_DATE;
	else
		plan->patch = text;
	return 0;
}

int og_plan_patch(struct og_plan *plan, struct og_arena *arena, struct og_err *err)
{
	int rc = patch(plan, arena, err);
	if (!arena->failed || rc == -OG_E_LIMIT)
		return rc;
	/* the check, too, reads names that may have had no room */
	plan->patch = og_sv("", 0);
	return og_err_set(err, OG_E_OOM, "out of memory writing the patch");
}
