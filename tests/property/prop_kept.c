/* SPDX-License-Identifier: Apache-2.0 */
/* What injection leaves alone, and that it can be undone. */
#include "otelgate/codec/jpatch.h"
#include "support/naive_patch.h"
#include "support/property.h"

static struct og_jval template_of(struct og_jval object)
{
	return og_workload_template(og_workload_kind_of(object), object);
}

static bool same_bytes(struct og_jval a, struct og_jval b)
{
	return og_sv_eq(og_jraw(a), og_jraw(b));
}

/* --- patch twice ---------------------------------------------------------------------------- */

static bool second_is_empty(struct world *w)
{
	struct outcome first, second;
	if (!world_inject(w, w->object, NULL, &first))
		return false;
	if (!first.patch.n)
		return true;
	world_hit();
	if (!world_inject(w, first.object, NULL, &second))
		return false;
	if (second.rc)
		return world_fail(w, "second round: %s", second.err.msg);
	if (second.patch.n)
		return world_fail(w, "second patch: %.*s", OG_SV_ARG(second.patch));
	if (second.plan->reason != OG_REASON_UP_TO_DATE)
		return world_fail(w, "second reason: %s", og_reason_name(second.plan->reason));
	if (strcmp(second.plan->revision, first.plan->revision) != 0)
		return world_fail(w, "the revision changed");
	return true;
}

/* --- untouched ------------------------------------------------------------------------------ */

static bool says_nothing(const struct world *w)
{
	for (uint32_t i = 0; i < w->fact_texts.n; i++) {
		struct og_sv t = og_buf_view(&w->fact_texts.v[i]);
		if (og_sv_has(t, OG_SV("inject")) || og_sv_has(t, OG_SV("telemetry")) ||
			og_sv_has(t, OG_SV("\\")))
			return false;
	}
	return true;
}

static bool left_alone(struct world *w)
{
	struct outcome o;
	if (!world_inject(w, w->object, NULL, &o))
		return false;
	if (o.rc)
		return world_fail(w, "%s", o.err.msg);
	if (says_nothing(w)) {
		world_hit();
		if (o.plan->reason != OG_REASON_NOT_OPTED_IN)
			return world_fail(w, "reason: %s", og_reason_name(o.plan->reason));
	}
	if (!o.plan->optin.in && o.patch.n)
		return world_fail(w, "not opted in, and a patch");
	return true;
}

static bool opted_out(struct world *w)
{
	struct outcome o;
	struct og_jval ann = og_jpath(template_of(w->object), "metadata", "annotations", NULL);
	if (!world_inject(w, w->object, NULL, &o))
		return false;
	if (!o.rc && o.plan->reason != OG_REASON_INJECTED && o.patch.n)
		return world_fail(w, "%s, and a patch", og_reason_name(o.plan->reason));
	if (!og_jstr_is(og_jgetl(ann, "otelgate.dev/inject"), "false"))
		return true;
	world_hit();
	if (o.rc || o.plan->reason != OG_REASON_OPTED_OUT || o.patch.n)
		return world_fail(w, "false on the template, and %s",
			o.rc ? o.err.msg : og_reason_name(o.plan->reason));
	if (!world_inject(w, w->object, "standard", &o))
		return false;
	return !o.patch.n || world_fail(w, "false on the template, and a patch by --profile");
}

/* --- kept byte for byte --------------------------------------------------------------------- */

/* The variables that may have something added to them (I2). */
static bool mergeable(struct og_jval name)
{
	static const char *const names[] = {"OTEL_RESOURCE_ATTRIBUTES", "JAVA_TOOL_OPTIONS",
		"NODE_OPTIONS", "PYTHONPATH", "DOTNET_STARTUP_HOOKS", "DOTNET_ADDITIONAL_DEPS",
		"DOTNET_SHARED_STORE"};
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (og_jstr_eq(name, og_svz(names[i])))
			return true;
	return false;
}

/* Merged: the user's text stands in it as a whole. */
static bool merged(struct world *w, struct og_jval was, struct og_jval is)
{
	struct og_jval old = og_jgetl(was, "value"), now = og_jgetl(is, "value");
	struct og_sv a = og_jstr_or_empty(old, &w->arena), b = og_jstr_or_empty(now, &w->arena);
	if (!mergeable(og_jgetl(was, "name")) || !og_junset(og_jgetl(was, "valueFrom")) ||
		!og_jstr_eq(
			og_jgetl(is, "name"), og_jstr_or_empty(og_jgetl(was, "name"), &w->arena)))
		return false;
	return og_jis(now, OG_J_STRING) && b.n >= a.n &&
	       (a.n == 0 || memmem(b.p, b.n, a.p, a.n) != NULL);
}

static bool kept(struct world *w, struct og_jval was, struct og_jval is);

/* Every member is still there, in the same order among themselves, under the same raw key. */
static bool members_kept(struct world *w, struct og_jval was, struct og_jval is)
{
	struct og_jiter now = og_jiter(is);
	bool entry = og_jis(og_jgetl(was, "name"), OG_J_STRING) && merged(w, was, is);
	og_jfor (it, was) {
		bool found = false;
		while (!found && og_jnext(&now))
			found = same_bytes(now.key, it.key);
		if (!found)
			return false;
		if (entry && og_jstr_is(it.key, "value"))
			continue;
		if (!kept(w, it.val, now.val))
			return false;
	}
	return true;
}

static bool kept(struct world *w, struct og_jval was, struct og_jval is)
{
	if (same_bytes(was, is) || og_jis(was, OG_J_NULL))
		return true; /* null is "not set": a list or map may be made there */
	if (og_jtype(was) != og_jtype(is))
		return false;
	if (og_jis(was, OG_J_OBJECT))
		return members_kept(w, was, is);
	if (!og_jis(was, OG_J_ARRAY))
		return false;
	struct og_jiter now = og_jiter(is);
	og_jfor (it, was) {
		bool found = false;
		while (!found && og_jnext(&now))
			found = kept(w, it.val, now.val);
		if (!found)
			return false;
	}
	return true;
}

static bool all_kept(struct world *w)
{
	struct outcome o;
	if (!world_inject(w, w->object, NULL, &o))
		return false;
	if (!o.patch.n)
		return true;
	world_hit();
	return kept(w, w->object, o.object) ||
	       world_fail(w, "something is lost or changed: %.*s", OG_SV_ARG(o.text));
}

/* The user's variables of each container: same bytes, same order, nothing in between removed. */
static bool env_of_one(struct world *w, struct og_jval was, struct og_jval is)
{
	struct og_jiter now = og_jiter(og_jgetl(is, "env"));
	og_jfor (it, og_jgetl(was, "env")) {
		bool found = false;
		while (!found && og_jnext(&now))
			found = same_bytes(it.val, now.val) || merged(w, it.val, now.val);
		if (!found)
			return world_fail(w, "variable %u is changed, moved or gone", it.index);
	}
	return true;
}

static bool env_kept(struct world *w)
{
	static const char *const lists[] = {"containers", "initContainers", "ephemeralContainers"};
	struct outcome o;
	if (!world_inject(w, w->object, NULL, &o))
		return false;
	if (!o.patch.n)
		return true;
	world_hit();
	for (int l = 0; l < 3; l++) {
		struct og_jval a = og_jpath(template_of(w->object), "spec", lists[l], NULL);
		struct og_jiter now =
			og_jiter(og_jpath(template_of(o.object), "spec", lists[l], NULL));
		og_jfor (it, a) {
			struct og_jval name = og_jgetl(it.val, "name");
			do {
				if (!og_jnext(&now))
					return world_fail(w, "a container is gone");
			} while (!og_jequal(og_jgetl(now.val, "name"), name));
			if (!env_of_one(w, it.val, now.val))
				return false;
			if (l == 2 && !same_bytes(it.val, now.val))
				return world_fail(w, "an ephemeral container is changed");
		}
	}
	return true;
}

/* --- undone --------------------------------------------------------------------------------- */

/* Equal, and members in the same order with the same bytes. White space is not compared. */
static bool identical(struct og_jval a, struct og_jval b)
{
	if (og_jtype(a) != og_jtype(b) || og_jcount(a) != og_jcount(b))
		return false;
	if (!og_jis(a, OG_J_OBJECT) && !og_jis(a, OG_J_ARRAY))
		return og_jis(a, OG_J_STRING) ? og_jequal(a, b) : same_bytes(a, b);
	struct og_jiter other = og_jiter(b);
	og_jfor (it, a) {
		if (!og_jnext(&other) || (it.key.d && !og_jequal(it.key, other.key)) ||
			!identical(it.val, other.val))
			return false;
	}
	return true;
}

static bool undo_is_exact(struct world *w)
{
	struct outcome o;
	struct og_jval back;
	if (!world_inject(w, w->object, NULL, &o))
		return false;
	if (!o.patch.n)
		return true;
	world_hit();
	if (!world_uninject(w, o.object, &back))
		return false;
	return identical(w->object, back) ||
	       world_fail(w, "comes back as %.*s", OG_SV_ARG(og_jraw(back)));
}

/* --- others' eyes --------------------------------------------------------------------------- */

static bool applies_elsewhere(struct world *w)
{
	struct outcome o;
	if (!world_inject(w, w->object, NULL, &o))
		return false;
	if (!o.patch.n)
		return true;
	world_hit();
	struct og_sv raw = og_jraw(w->object);
	json_t *doc = json_loadb(raw.p, raw.n, JSON_ALLOW_NUL, NULL);
	json_t *patch = json_loadb(o.patch.p, o.patch.n, JSON_ALLOW_NUL, NULL);
	json_t *ours = json_loadb(o.text.p, o.text.n, JSON_ALLOW_NUL, NULL);
	bool ok = doc && patch && ours;
	if (!ok)
		world_fail(w, "jansson cannot read a document of ours");
	else if (!naive_patch(&doc, patch))
		ok = world_fail(w, "the patch does not apply elsewhere: %.*s", OG_SV_ARG(o.patch));
	else if (!json_equal(doc, ours))
		ok = world_fail(w, "the patch gives another result elsewhere");
	json_decref(doc);
	json_decref(patch);
	json_decref(ours);
	return ok;
}

static bool no_secret(struct world *w)
{
	struct outcome o;
	if (!world_inject(w, w->object, NULL, &o))
		return false;
	if (o.plan && o.plan->profile && o.plan->profile->stack->credentials.present)
		world_hit();
	if (og_sv_has(o.text, OG_SV(GEN_CANARY)) || og_sv_has(o.patch, OG_SV(GEN_CANARY)))
		return world_fail(w, "the source Secret shows in the patch");
	for (uint32_t i = 0; o.plan && i < o.plan->findings.n; i++)
		if (og_sv_has(o.plan->findings.v[i].detail, OG_SV(GEN_CANARY)))
			return world_fail(w, "the source Secret shows in a finding");
	return true;
}

enum { RUNS = 2000 };
static const struct gen_opts any = {0}, in = {.always_in = true}, never = {.never_in = true};

#define ROW(name) #name, name
static const struct property properties[] = {
	{ROW(second_is_empty), &in, 60},
	{ROW(left_alone), &never, 8},
	{ROW(opted_out), &any, 2},
	{ROW(all_kept), &in, 60},
	{ROW(env_kept), &in, 60},
	{ROW(undo_is_exact), &in, 60},
	{ROW(applies_elsewhere), &any, 25},
	{ROW(no_secret), &in, 20},
};
#undef ROW

int main(void)
{
	return property_main("kept", properties, OG_COUNT(properties), RUNS);
}
