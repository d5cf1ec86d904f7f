/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The last look before a patch leaves (I10, W-15): a patch whose result is no valid pod rejects the
 * pod even under failurePolicy Ignore (kubernetes/kubernetes issue 129459), so it must not leave.
 */
#include "plan-priv.h"

enum { MAX_ANNOTATIONS = 256 << 10 }; /* apimachinery validation, TotalAnnotationSizeLimitB */

struct check {
	const struct og_plan *p;
	struct og_jmut spec; /* patched */
	struct og_arena *a;
	struct og_err *err;
};

#define fail(c, ...) og_err_set((c)->err, OG_E_BUG, "self-check: " __VA_ARGS__)

/* The variable of that name; *hint is where to look first, because they mostly come in order. */
static const struct og_plan_env *planned(
	const struct og_plan_container *pc, struct og_sv name, uint32_t *hint)
{
	for (uint32_t k = 0; k < pc->nenv; k++) {
		uint32_t i = *hint + k < pc->nenv ? *hint + k : *hint + k - pc->nenv;
		if (!og_sv_eq(pc->env[i].name, name))
			continue;
		*hint = i + 1 < pc->nenv ? i + 1 : 0;
		return &pc->env[i];
	}
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
	for (size_t i = og_sv_chr(v, '$'); i + 1 < v.n; i++) {
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
		uint32_t k = 0, hint = 0;
		while (k < nseen && !og_sv_eq(seen[k], name))
			k++;
		const struct og_plan_env *from = planned(pc, name, &hint);
		if (from && from->origin == OG_FROM_ENV_FROM)
			continue; /* the kubelet reads envFrom first */
		if (k == nseen)
			return fail(c,
				"container %.*s: %.*s refers to $(%.*s), which is not defined before it",
				OG_SV_ARG(pc->c.name), OG_SV_ARG(e->name), OG_SV_ARG(name));
	}
	return 0;
}

static struct og_sv text_of(struct check *c, struct og_jmut m)
{
	return m.sub ? og_sv("", 0) : og_jstr_or_empty(m.v, c->a);
}

static struct og_sv member_sv(struct check *c, struct og_jmut m, struct og_sv key)
{
	return text_of(c, og_jmut_get(m, key));
}
#define member_text(c, m, lit) member_sv((c), (m), OG_SV(lit))

/* The very value that was received: not expanded, and the same place on the same tape. */
static bool untouched(struct og_jmut now, struct og_jval was)
{
	return !now.sub && now.v.d == was.d && now.v.i == was.i;
}

/* The user's own text stands in the merged value, where the record says. */
static bool keeps_user(
	struct check *c, const struct og_plan_env *e, struct og_jmut now, struct og_jval was)
{
	struct og_sv text = member_text(c, now, "value");
	struct og_sv own = og_jstr_or_empty(og_jgetl(was, "value"), c->a);
	return e->keep_len == own.n && e->keep_off <= text.n && own.n <= text.n - e->keep_off &&
	       og_sv_eq(og_sv(text.p + e->keep_off, own.n), own);
}

static int check_env(struct check *c, const struct og_plan_container *pc, struct og_jmut env)
{
	uint32_t n = og_jmut_count(env), nseen = 0, nuser = 0, nadded = 0, want = 0;
	uint32_t hint = 0;
	struct og_sv *seen = og_arena_alloc(c->a, (n ? n : 1) * sizeof(*seen));
	bool *done = og_arena_new_n(c->a, pc->nenv ? pc->nenv : 1, bool);
	if (!seen || !done)
		return og_err_set(c->err, OG_E_OOM, "out of memory checking the patch");
	struct og_jiter user = og_jiter(pc->c.env);
	bool more = og_jnext(&user);
	og_jmut_for (it, env) {
		struct og_sv name = member_text(c, it.val, "name");
		const struct og_plan_env *e = planned(pc, name, &hint);
		if (is_added(e)) {
			if (done[e - pc->env])
				return fail(c, "container %.*s: %.*s stands twice",
					OG_SV_ARG(pc->c.name), OG_SV_ARG(name));
			done[e - pc->env] = true;
			int rc = check_references(c, pc, e, seen, nseen);
			if (rc)
				return rc;
			nadded++;
		} else {
			bool merged = e && e->action == OG_ENV_MERGE && e->user_index == nuser;
			if (!more)
				return fail(c, "container %.*s: a variable appeared from nowhere",
					OG_SV_ARG(pc->c.name));
			if (merged ? !keeps_user(c, e, it.val, user.val)
				   : !untouched(it.val, user.val))
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

static bool in_objects(const struct og_plan_object *v, uint32_t n, struct og_sv name)
{
	for (uint32_t i = 0; i < n; i++)
		if (og_sv_eq(v[i].name, name))
			return true;
	return false;
}

/* Our mounts alone: the user's own are the API server's business. */
static int check_mounts(struct check *c, const struct og_plan_container *pc, struct og_jmut mounts)
{
	uint32_t count = og_jmut_count(mounts), own = og_jcount(pc->c.mounts);
	if (count != own + pc->nmounts)
		return fail(c, "container %.*s: %u mounts became %u", OG_SV_ARG(pc->c.name), own,
			count);
	for (uint32_t i = 0; i < pc->nmounts; i++) {
		struct og_sv path = og_sv("", 0);
		if (!in_objects(c->p->volumes, c->p->nvolumes, pc->mount_names[i]))
			return fail(c, "container %.*s: no volume for its mount %.*s",
				OG_SV_ARG(pc->c.name), OG_SV_ARG(pc->mount_names[i]));
		og_jmut_for (it, mounts)
			if (it.index == own + i)
				path = member_text(c, it.val, "mountPath");
		og_jmut_for (it, mounts)
			if (it.index != own + i &&
				og_sv_eq(member_text(c, it.val, "mountPath"), path))
				return fail(c, "container %.*s: two mounts at %.*s",
					OG_SV_ARG(pc->c.name), OG_SV_ARG(path));
	}
	return 0;
}

/* Each of ours stands once, and no other has its name. */
static int check_unique(
	struct check *c, const char *list, const struct og_plan_object *v, uint32_t n)
{
	uint32_t seen = 0;
	if (!n)
		return 0;
	struct og_jmut all = og_jmut_get(c->spec, og_svz(list));
	og_jmut_for (it, all)
		seen += in_objects(v, n, member_text(c, it.val, "name"));
	return seen == n ? 0 : fail(c, "%s: one of our names stands twice", list);
}

static int check_container(struct check *c, const struct og_plan_container *pc, struct og_jmut now)
{
	if (!og_sv_eq(member_text(c, now, "name"), pc->c.name))
		return fail(c, "container %.*s is not in its place", OG_SV_ARG(pc->c.name));
	if (pc->skip != OG_SKIP_NONE)
		return untouched(now, pc->c.v) ? 0
					       : fail(c, "container %.*s is skipped, but changed",
							 OG_SV_ARG(pc->c.name));
	int rc = check_env(c, pc, og_jmut_getl(now, "env"));
	return rc ? rc : check_mounts(c, pc, og_jmut_getl(now, "volumeMounts"));
}

/* Containers keep their order; agents stand before (init_first) or behind the init containers. */
static int check_list(struct check *c, const char *list, bool init)
{
	const struct og_plan *p = c->p;
	struct og_jmut v = og_jmut_get(c->spec, og_svz(list));
	uint32_t first = 0, ours = init ? p->ninits : 0, next = 0, had = 0;
	while (first < p->ncontainers && p->containers[first].c.init != init)
		first++;
	for (uint32_t i = 0; i < p->ncontainers; i++)
		had += p->containers[i].c.init == init;
	if (og_jmut_count(v) != had + ours)
		return fail(c, "%s: %u entries became %u", list, had, og_jmut_count(v));
	uint32_t skip_front = p->init_first ? ours : 0;
	og_jmut_for (it, v) {
		if (it.index < skip_front || next == had)
			continue; /* an agent */
		int rc = check_container(c, &p->containers[first + next++], it.val);
		if (rc)
			return rc;
	}
	return 0;
}

static int check_annotations(struct check *c, struct og_jmut meta)
{
	size_t total = 0;
	struct og_jmut ann = og_jmut_getl(meta, "annotations");
	for (uint32_t i = 0; ann.sub && i < ann.sub->n; i++)
		total += ann.sub->slot[i].key.n + text_of(c, ann.sub->slot[i].val).n;
	if (!ann.sub)
		total = og_jraw(ann.v).n; /* an upper bound */
	if (total > MAX_ANNOTATIONS)
		return og_err_set(c->err, OG_E_LIMIT,
			"with the record the annotations come to %zu bytes, above the API's %d",
			total, MAX_ANNOTATIONS);
	return 0;
}

int og_selfcheck(
	const struct og_plan *p, struct og_jmut patched, struct og_arena *a, struct og_err *err)
{
	struct og_jmut tmpl = patched;
	struct og_sv rest = p->tmpl_path, part;
	if (rest.n)
		rest = og_sv(rest.p + 1, rest.n - 1);
	while (og_sv_split(&rest, '/', &part))
		tmpl = og_jmut_get(tmpl, part);
	struct check c = {.p = p, .spec = og_jmut_getl(tmpl, "spec"), .a = a, .err = err};
	struct og_jmut meta = og_jmut_getl(tmpl, "metadata");
	int rc;
	if (og_jmut_type(c.spec) != OG_J_OBJECT)
		return fail(&c, "the result has no spec");
	if ((rc = check_list(&c, "initContainers", true)) ||
		(rc = check_list(&c, "containers", false)) ||
		(rc = check_unique(&c, "volumes", p->volumes, p->nvolumes)) ||
		(rc = check_unique(&c, "initContainers", p->inits, p->ninits)) ||
		(rc = check_annotations(&c, meta)))
		return rc;
	struct og_jmut labels = og_jmut_getl(meta, "labels");
	if (!og_sv_eq(member_text(&c, labels, OG_LABEL_REVISION), og_svz(p->revision)))
		return fail(&c, "the revision label is missing");
	return 0;
}
