/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A pod that comes back: between two rounds the API server fills in defaults (fieldRef.apiVersion,
 * terminationMessagePath …), and others append to the lists. What we put in then still stands when
 * it holds all that we would write and each reference still follows what it refers to.
 */
#include "plan-priv.h"

#include <stdio.h>

/* Above LONGEST nothing is settled: the general difference bounds its own work. */
enum { DEEPEST = 32, LONGEST = 2000 };

/* NOLINTBEGIN(misc-no-recursion): no deeper than DEEPEST */
static bool covers(struct og_jval have, struct og_jval want, unsigned depth);

/* Lists of objects may have grown, in any order; lists of words are what they are. */
static bool covers_list(struct og_jval have, struct og_jval want, unsigned depth)
{
	og_jfor (it, want) {
		bool found = false;
		if (!og_jis(it.val, OG_J_OBJECT))
			return og_jequal(have, want);
		og_jfor (other, have)
			if (!found)
				found = covers(other.val, it.val, depth + 1);
		if (!found)
			return false;
	}
	return og_jis(have, OG_J_ARRAY);
}

/* Everything in `want` is in `have`; `have` may say more. */
static bool covers(struct og_jval have, struct og_jval want, unsigned depth)
{
	if (depth > DEEPEST)
		return false;
	if (og_jis(want, OG_J_ARRAY))
		return covers_list(have, want, depth);
	if (!og_jis(want, OG_J_OBJECT))
		return og_jequal(have, want);
	if (!og_jis(have, OG_J_OBJECT))
		return false;
	og_jfor (it, want) {
		struct og_jval v =
			og_jget(have, og_sv(og_jraw(it.key).p + 1, og_jraw(it.key).n - 2));
		if (!covers(v, it.val, depth + 1))
			return false; /* our own keys need no escapes */
	}
	return true;
}

/* NOLINTEND(misc-no-recursion) */

struct og_sv og_plan_keep(
	struct og_jval list, struct og_sv name, struct og_sv json, struct og_arena *a)
{
	static const struct og_jlimits lim = {.max_bytes = 4 << 20, .max_depth = DEEPEST};
	struct og_jval have = og_env_find(list, name, NULL);
	struct og_jdoc *d = og_jis(have, OG_J_OBJECT) ? og_arena_new(a, struct og_jdoc) : NULL;
	if (!d || og_jdoc_parse(d, a, json, &lim, NULL) || !covers(have, og_jroot(d), 0))
		return json;
	return og_jraw(have);
}

/* Which names of a list are ours: those that both documents have by one rule. */
struct ours {
	const struct og_plan *p;
	const struct og_plan_container *pc; /* for env and mounts */
	enum { OUR_ENV, OUR_MOUNTS, OUR_VOLUMES, OUR_INITS } list;
};

static bool is_ours(const struct ours *o, struct og_sv name)
{
	const struct og_plan *p = o->p;
	switch (o->list) {
	case OUR_ENV:
		for (uint32_t i = 0; i < o->pc->nenv; i++)
			if (og_sv_eq(o->pc->env[i].name, name))
				return o->pc->env[i].action == OG_ENV_ADD_FIRST ||
				       o->pc->env[i].action == OG_ENV_ADD_LAST;
		return false;
	case OUR_MOUNTS:
		for (uint32_t i = 0; i < o->pc->nmounts; i++)
			if (og_sv_eq(o->pc->mount_names[i], name))
				return true;
		return false;
	case OUR_VOLUMES:
		for (uint32_t i = 0; i < p->nvolumes; i++)
			if (og_sv_eq(p->volumes[i].name, name))
				return true;
		return false;
	case OUR_INITS:
		for (uint32_t i = 0; i < p->ninits; i++)
			if (og_sv_eq(p->inits[i].name, name))
				return true;
		return false;
	}
	return false;
}

typedef bool same_fn(const struct og_plan *p, struct og_jval have, struct og_jval want, bool init,
	struct og_arena *a);

static bool same_value(const struct og_plan *p, struct og_jval have, struct og_jval want, bool init,
	struct og_arena *a)
{
	(void)p;
	(void)init;
	(void)a;
	return og_jequal(have, want);
}

/*
 * The same entries: the user's in their order, ours anywhere. `want` was made from `have`, so ours
 * are in it word for word when they still hold (og_plan_keep).
 */
static bool same_list(const struct ours *o, struct og_jval have, struct og_jval want, same_fn *same,
	bool init, struct og_arena *a)
{
	if (og_jcount(have) != og_jcount(want) || og_jtype(have) != og_jtype(want) ||
		og_jcount(have) > LONGEST)
		return false;
	struct og_jiter user = og_jiter(want);
	og_jfor (it, have) {
		struct og_sv name = og_jstr_or_empty(og_jgetl(it.val, "name"), a);
		if (is_ours(o, name)) {
			if (!og_jequal(it.val, og_env_find(want, name, NULL)))
				return false;
			continue;
		}
		bool more = og_jnext(&user);
		while (more && is_ours(o, og_jstr_or_empty(og_jgetl(user.val, "name"), a)))
			more = og_jnext(&user);
		if (!more || !same(o->p, it.val, user.val, init, a))
			return false;
	}
	return true;
}

/* Every member is the same but those named, which the caller looks at. */
static bool same_but(
	struct og_jval have, struct og_jval want, const char *const *but, struct og_arena *a)
{
	if (!og_jis(have, OG_J_OBJECT) || !og_jis(want, OG_J_OBJECT) ||
		og_jcount(have) != og_jcount(want) || og_jcount(have) > LONGEST)
		return false;
	og_jfor (it, have) {
		struct og_jval w = og_jget(want, og_jstr_or_empty(it.key, a));
		bool skip = false;
		for (const char *const *b = but; *b; b++)
			skip |= og_jstr_eq(it.key, og_svz(*b));
		if (!w.d || (!skip && !og_jequal(it.val, w)))
			return false;
	}
	return true;
}

/* Our own references still follow what they refer to. */
static bool in_order(const struct og_plan_container *pc, struct og_jval env, struct og_arena *a)
{
	struct ours o = {.pc = pc, .list = OUR_ENV};
	og_jfor (it, env) {
		struct og_sv v = og_jstr_or_empty(og_jgetl(it.val, "value"), a);
		if (og_sv_chr(v, '$') == v.n)
			continue;
		og_jfor (late, env) {
			struct og_sv name = og_jstr_or_empty(og_jgetl(late.val, "name"), a);
			if (late.index < it.index || !is_ours(&o, name))
				continue;
			char ref[128];
			int n = snprintf(ref, sizeof(ref), "$(%.*s)", OG_SV_ARG(name));
			if (n > 0 && (size_t)n < sizeof(ref) && og_sv_has(v, og_sv(ref, (size_t)n)))
				return false;
		}
	}
	return true;
}

static bool same_container(const struct og_plan *p, struct og_jval have, struct og_jval want,
	bool init, struct og_arena *a)
{
	static const char *const but[] = {"env", "volumeMounts", NULL};
	struct og_sv name = og_jstr_or_empty(og_jgetl(have, "name"), a);
	const struct og_plan_container *pc = NULL;
	for (uint32_t i = 0; i < p->ncontainers; i++)
		if (p->containers[i].c.init == init && og_sv_eq(p->containers[i].c.name, name))
			pc = &p->containers[i];
	if (!pc || !same_but(have, want, but, a))
		return false;
	struct ours env = {p, pc, OUR_ENV}, mounts = {p, pc, OUR_MOUNTS};
	return same_list(&env, og_jgetl(have, "env"), og_jgetl(want, "env"), same_value, init, a) &&
	       same_list(&mounts, og_jgetl(have, "volumeMounts"), og_jgetl(want, "volumeMounts"),
		       same_value, init, a) &&
	       in_order(pc, og_jgetl(have, "env"), a);
}

/*
 * The record may differ: a container that came since is among its `skipped`. The one that is there
 * undoes what is there.
 */
static bool same_metadata(struct og_jval have, struct og_jval want, struct og_arena *a)
{
	static const char *const but[] = {"annotations", NULL};
	static const char *const record[] = {OG_ANNOTATION_INJECTION, NULL};
	return same_but(have, want, but, a) &&
	       same_but(og_jgetl(have, "annotations"), og_jgetl(want, "annotations"), record, a);
}

bool og_plan_settled(const struct og_plan *p, struct og_jval want, struct og_arena *a)
{
	static const char *const but[] = {"containers", "initContainers", "volumes", NULL};
	struct og_jval have_t = og_workload_template(p->kind, p->received);
	struct og_jval want_t = og_workload_template(p->kind, want);
	struct og_jval have = og_jgetl(have_t, "spec"), spec = og_jgetl(want_t, "spec");
	struct ours none = {.p = p, .list = OUR_INITS}, volumes = {.p = p, .list = OUR_VOLUMES};
	/* nothing outside the template is ever changed */
	return same_metadata(og_jgetl(have_t, "metadata"), og_jgetl(want_t, "metadata"), a) &&
	       same_but(have, spec, but, a) &&
	       same_list(&none, og_jgetl(have, "containers"), og_jgetl(spec, "containers"),
		       same_container, false, a) &&
	       same_list(&none, og_jgetl(have, "initContainers"), og_jgetl(spec, "initContainers"),
		       same_container, true, a) &&
	       same_list(&volumes, og_jgetl(have, "volumes"), og_jgetl(spec, "volumes"), same_value,
		       false, a);
}
