/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Is what the plan wants there already? Asked of objects that were injected before: the second call
 * of a reinvocation must not undo what the API server and others have put in since. The API server
 * writes defaults into our init containers, volumes and fieldRefs (terminationMessagePath,
 * defaultMode, apiVersion: v1), ServiceAccount adds a mount, LimitRanger limits, and other webhooks
 * append behind ours.
 */
#include "plan-priv.h"

struct look {
	const struct og_plan *p;
	struct og_jval spec; /* as received */
	struct og_arena *a;
};

/*
 * Everything wanted is there; members and elements behind it may be more. The API server leaves out
 * empty strings. Recursion follows what is wanted, which is ours and flat.
 */
/* NOLINTNEXTLINE(misc-no-recursion): depth is limited by MAX_DEPTH */
static bool covers(struct og_jval have, struct og_jval want, unsigned depth)
{
	enum { MAX_DEPTH = 32 };
	enum og_jtype t = og_jtype(want);
	if (depth > MAX_DEPTH)
		return false;
	if (t == OG_J_STRING && og_junset(have))
		return og_jstr_is(want, "");
	if (t != OG_J_OBJECT && t != OG_J_ARRAY)
		return og_jequal(have, want);
	if (og_jtype(have) != t)
		return false;
	og_jfor (it, want) {
		struct og_jval x = OG_JABSENT;
		if (t == OG_J_ARRAY)
			x = og_jat(have, it.index);
		else
			og_jfor (h, have)
				if (og_jequal(h.key, it.key))
					x = h.val;
		if (!covers(x, it.val, depth + 1))
			return false;
	}
	return true;
}

static bool covers_text(struct look *l, struct og_jval have, struct og_sv json)
{
	struct og_jdoc *d = og_arena_new(l->a, struct og_jdoc);
	return d && !og_jdoc_parse(d, l->a, json, NULL, NULL) && covers(have, og_jroot(d), 0);
}

/* The one entry of the name; absent when there are more of them. */
static struct og_jval only(struct og_jval list, struct og_sv name, uint32_t *ret_index)
{
	struct og_jval hit = OG_JABSENT;
	uint32_t n = 0;
	og_jfor (it, list)
		if (og_jstr_eq(og_jgetl(it.val, "name"), name)) {
			hit = it.val;
			*ret_index = it.index;
			n++;
		}
	return n == 1 ? hit : OG_JABSENT;
}

/* Ours in front stand in front; the others in the order of the plan, wherever. */
static bool env_there(struct look *l, const struct og_plan_container *pc, struct og_jval env)
{
	uint32_t at = 0, first = 0, last = 0;
	for (uint32_t i = 0; i < pc->nenv; i++) {
		const struct og_plan_env *e = &pc->env[i];
		if (e->action == OG_ENV_KEEP || e->action == OG_ENV_OFF)
			continue;
		struct og_jval have = e->action == OG_ENV_MERGE ? og_env_find(env, e->name, &at)
								: only(env, e->name, &at);
		if (og_jtype(have) != OG_J_OBJECT)
			return false;
		struct og_jval value = og_jgetl(have, "value");
		if (e->json.n ? !covers_text(l, have, e->json)
			      : !og_junset(og_jgetl(have, "valueFrom")) ||
					!(og_jstr_eq(value, e->value) ||
						(!e->value.n && og_junset(value))))
			return false;
		if (e->action == OG_ENV_ADD_FIRST && at != first++)
			return false;
		if (e->action == OG_ENV_ADD_LAST && at < last)
			return false;
		if (e->action == OG_ENV_ADD_LAST)
			last = at;
	}
	return true;
}

static bool container_there(struct look *l, const struct og_plan_container *pc)
{
	uint32_t at;
	struct og_jval c =
		only(og_jget(l->spec, pc->c.init ? OG_SV("initContainers") : OG_SV("containers")),
			pc->c.name, &at);
	if (!env_there(l, pc, og_jgetl(c, "env")))
		return false;
	for (uint32_t i = 0; i < pc->nmounts; i++)
		if (!covers_text(l, only(og_jgetl(c, "volumeMounts"), pc->mount_names[i], &at),
			    pc->mounts[i]))
			return false;
	return true;
}

static bool objects_there(struct look *l, const char *member, const struct og_plan_object *v,
	uint32_t n, bool in_front)
{
	uint32_t at = 0;
	for (uint32_t i = 0; i < n; i++)
		if (!covers_text(
			    l, only(og_jget(l->spec, og_svz(member)), v[i].name, &at), v[i].json) ||
			(in_front && at >= n))
			return false;
	return true;
}

/*
 * `made` says what was there before the first injection, and now there is more; the containers, and
 * what is skipped of them, are looked at apart.
 */
static bool same_but_made(struct og_jval a, struct og_jval b)
{
	og_jfor (it, a) {
		struct og_jval other = OG_JABSENT;
		if (og_jstr_is(it.key, "made") || og_jstr_is(it.key, "containers") ||
			og_jstr_is(it.key, "skipped"))
			continue;
		og_jfor (o, b)
			if (og_jequal(o.key, it.key))
				other = o.val;
		if (!og_jequal(it.val, other))
			return false;
	}
	return true;
}

static bool same_record(struct look *l, struct og_jval meta, bool *ret_skips)
{
	struct og_jdoc had, now;
	struct og_sv text = og_jstr_or_empty(
		og_jpath(meta, "annotations", OG_ANNOTATION_INJECTION, NULL), l->a);
	if (og_jdoc_parse(&had, l->a, text, NULL, NULL) ||
		og_jdoc_parse(&now, l->a, l->p->record, NULL, NULL))
		return false;
	struct og_jval a = og_jroot(&had), b = og_jroot(&now);
	struct og_jval ca = og_jgetl(a, "containers"), cb = og_jgetl(b, "containers");
	if (!same_but_made(a, b) || !same_but_made(b, a) || og_jcount(ca) != og_jcount(cb))
		return false;
	og_jfor (it, cb) {
		struct og_jval x = og_jget(ca, og_jstr_or_empty(it.key, l->a));
		if (!og_jis(x, OG_J_OBJECT) || !same_but_made(x, it.val) ||
			!same_but_made(it.val, x))
			return false;
	}
	struct og_jval sa = og_jgetl(a, "skipped"), sb = og_jgetl(b, "skipped");
	*ret_skips = og_jcount(sa) == og_jcount(sb) && (!og_jcount(sb) || og_jequal(sa, sb));
	return true;
}

bool og_plan_is_there(const struct og_plan *p, struct og_arena *a, bool *ret_record)
{
	struct og_jval tmpl = og_workload_template(p->kind, p->received);
	struct og_jval meta = og_jgetl(tmpl, "metadata");
	struct look l = {.p = p, .spec = og_jgetl(tmpl, "spec"), .a = a};
	if (!og_jstr_eq(og_jpath(meta, "labels", OG_LABEL_REVISION, NULL), og_svz(p->revision)) ||
		!same_record(&l, meta, ret_record))
		return false;
	for (uint32_t i = 0; i < p->nannotations; i++)
		if (!og_jstr_eq(og_jget(og_jgetl(meta, "annotations"), p->annotations[i].name),
			    p->annotations[i].json))
			return false;
	for (uint32_t i = 0; i < p->ncontainers; i++)
		if (p->containers[i].skip == OG_SKIP_NONE &&
			!container_there(&l, &p->containers[i]))
			return false;
	return objects_there(&l, "volumes", p->volumes, p->nvolumes, false) &&
	       objects_there(&l, "initContainers", p->inits, p->ninits, p->init_first);
}
