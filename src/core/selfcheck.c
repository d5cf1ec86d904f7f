/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The last look before a patch leaves (I10, W-15): a patch whose result is no valid pod rejects the
 * pod even under failurePolicy Ignore (kubernetes/kubernetes issue 129459), so it must not leave.
 */
#include "plan-priv.h"

enum { MAX_ANNOTATIONS = 256 << 10 }; /* apimachinery validation, TotalAnnotationSizeLimitB */

struct check {
	const struct og_plan *p;
	struct og_jval spec; /* patched */
	struct og_arena *a;
	struct og_err *err;
};

#define fail(c, ...) og_err_set((c)->err, OG_E_BUG, "self-check: " __VA_ARGS__)

static const struct og_plan_env *planned(const struct og_plan_container *pc, struct og_sv name)
{
	for (uint32_t i = 0; i < pc->nenv; i++)
		if (og_sv_eq(pc->env[i].name, name))
			return &pc->env[i];
	return NULL;
}

static bool is_added(const struct og_plan_env *e)
{
	return e && (e->action == OG_ENV_ADD_FIRST || e->action == OG_ENV_ADD_LAST);
}

/* Every reference in text we wrote ourselves must name a variable that stands earlier. */
static int check_references(struct check *c, const struct og_plan_container *pc,
	const struct og_plan_env *e, const struct og_sv *seen, uint32_t nseen)
{
	struct og_sv v = e->value;
	bool ours = e->origin == OG_FROM_IDENTITY || e->origin == OG_FROM_STACK;
	if (!ours || e->action == OG_ENV_MERGE)
		return 0; /* the profile's and the user's references are theirs */
	for (size_t i = 0; i + 1 < v.n; i++) {
		if (v.p[i] != '$')
			continue;
		if (v.p[i + 1] == '$') {
			i++;
			continue;
		}
		if (v.p[i + 1] != '(')
			continue;
		struct og_sv rest = og_sv(v.p + i + 2, v.n - i - 2);
		struct og_sv name = og_sv(rest.p, og_sv_chr(rest, ')'));
		uint32_t k = 0;
		while (k < nseen && !og_sv_eq(seen[k], name))
			k++;
		if (k == nseen)
			return fail(c,
				"container %.*s: %.*s refers to $(%.*s), which is not defined before it",
				OG_SV_ARG(pc->c.name), OG_SV_ARG(e->name), OG_SV_ARG(name));
	}
	return 0;
}

static int check_env(struct check *c, const struct og_plan_container *pc, struct og_jval env)
{
	struct og_jval old = pc->c.env;
	uint32_t n = og_jcount(env), nseen = 0, nuser = 0, nadded = 0, want = 0;
	struct og_sv *seen = og_arena_new_n(c->a, n ? n : 1, struct og_sv);
	if (!seen)
		return og_err_set(c->err, OG_E_OOM, "out of memory checking the patch");
	struct og_jiter user = og_jiter(old);
	bool more = og_jnext(&user);
	og_jfor (it, env) {
		struct og_sv name = og_jstr_or_empty(og_jgetl(it.val, "name"), c->a);
		const struct og_plan_env *e = planned(pc, name);
		if (is_added(e)) {
			for (uint32_t k = 0; k < nseen; k++)
				if (og_sv_eq(seen[k], name))
					return fail(c, "container %.*s: %.*s stands twice",
						OG_SV_ARG(pc->c.name), OG_SV_ARG(name));
			int rc = check_references(c, pc, e, seen, nseen);
			if (rc)
				return rc;
			nadded++;
		} else {
			bool merged = e && e->action == OG_ENV_MERGE && e->user_index == nuser;
			if (!more)
				return fail(c, "container %.*s: a variable appeared from nowhere",
					OG_SV_ARG(pc->c.name));
			if (!merged && !og_sv_eq(og_jraw(user.val), og_jraw(it.val)))
				return fail(c,
					"container %.*s: the user's variable %u is not as it was",
					OG_SV_ARG(pc->c.name), nuser);
			nuser++;
			more = og_jnext(&user);
		}
		seen[nseen++] = name;
	}
	for (uint32_t i = 0; i < pc->nenv; i++)
		want += is_added(&pc->env[i]);
	if (more || nadded != want)
		return fail(c, "container %.*s: variables are missing", OG_SV_ARG(pc->c.name));
	return 0;
}

static int check_mounts(struct check *c, const struct og_container *now)
{
	struct og_jval volumes = og_jgetl(c->spec, "volumes");
	og_jfor (it, now->mounts) {
		struct og_sv name = og_jstr_or_empty(og_jgetl(it.val, "name"), c->a);
		struct og_sv path = og_jstr_or_empty(og_jgetl(it.val, "mountPath"), c->a);
		if (!og_sv_starts(path, OG_SV("/otelgate/")))
			continue; /* the user's own mounts are the API server's business */
		bool found = false;
		og_jfor (vol, volumes)
			found |= og_jstr_eq(og_jgetl(vol.val, "name"), name);
		if (!found)
			return fail(c, "container %.*s: no volume for its mount %.*s",
				OG_SV_ARG(now->name), OG_SV_ARG(path));
		og_jfor (other, now->mounts)
			if (other.index != it.index &&
				og_jstr_eq(og_jgetl(other.val, "mountPath"), path))
				return fail(c, "container %.*s: two mounts at %.*s",
					OG_SV_ARG(now->name), OG_SV_ARG(path));
	}
	return 0;
}

static int check_unique(struct check *c, const char *list)
{
	struct og_jval v = og_jget(c->spec, og_svz(list));
	og_jfor (it, v) {
		struct og_sv name = og_jstr_or_empty(og_jgetl(it.val, "name"), c->a);
		if (!og_sv_starts(name, OG_SV("otelgate-")))
			continue;
		og_jfor (other, v)
			if (other.index != it.index &&
				og_jstr_eq(og_jgetl(other.val, "name"), name))
				return fail(
					c, "%s: the name %.*s stands twice", list, OG_SV_ARG(name));
	}
	return 0;
}

static int check_containers(struct check *c)
{
	const struct og_plan *p = c->p;
	struct og_containers now;
	int rc = og_podspec_containers(c->spec, c->a, &now, c->err);
	if (rc)
		return rc == -OG_E_OOM ? rc : fail(c, "the containers of the result are malformed");
	if (now.n != p->ncontainers + p->ninits)
		return fail(c, "%u containers became %u", p->ncontainers, now.n);
	for (uint32_t i = 0; i < p->ncontainers; i++) {
		const struct og_plan_container *pc = &p->containers[i];
		/* regular containers keep their places; agents stand before or behind the init ones
		 */
		uint32_t at = pc->c.init ? pc->c.index + (p->init_first ? p->ninits : 0)
					 : now.ninit + pc->c.index;
		if (at >= now.n || !og_sv_eq(now.v[at].name, pc->c.name))
			return fail(c, "container %.*s is not in its place", OG_SV_ARG(pc->c.name));
		if (pc->skip != OG_SKIP_NONE) {
			if (!og_sv_eq(og_jraw(now.v[at].v), og_jraw(pc->c.v)))
				return fail(c, "container %.*s is skipped, but changed",
					OG_SV_ARG(pc->c.name));
			continue;
		}
		if ((rc = check_env(c, pc, now.v[at].env)) || (rc = check_mounts(c, &now.v[at])))
			return rc;
	}
	return 0;
}

static int check_annotations(struct check *c, struct og_jval meta)
{
	size_t total = 0;
	og_jfor (it, og_jgetl(meta, "annotations"))
		total += og_jraw(it.key).n + og_jraw(it.val).n; /* with quotes: an upper bound */
	if (total > MAX_ANNOTATIONS)
		return og_err_set(c->err, OG_E_LIMIT,
			"with the record the annotations come to %zu bytes, above the API's %d",
			total, MAX_ANNOTATIONS);
	return 0;
}

int og_selfcheck(
	const struct og_plan *p, struct og_jval patched, struct og_arena *a, struct og_err *err)
{
	struct og_jval tmpl = og_workload_template(p->kind, patched);
	struct check c = {.p = p, .spec = og_jgetl(tmpl, "spec"), .a = a, .err = err};
	struct og_jval meta = og_jgetl(tmpl, "metadata");
	int rc;
	if (!og_jis(c.spec, OG_J_OBJECT))
		return fail(&c, "the result has no spec");
	if ((rc = check_containers(&c)) || (rc = check_unique(&c, "volumes")) ||
		(rc = check_unique(&c, "initContainers")) || (rc = check_annotations(&c, meta)))
		return rc;
	if (!og_jstr_eq(og_jpath(meta, "labels", OG_LABEL_REVISION, NULL), og_svz(p->revision)))
		return fail(&c, "the revision label is missing");
	return 0;
}
