/* SPDX-License-Identifier: Apache-2.0 */
/* What every mutator uses: planning variables, mounts, volumes, findings' places. */
#include "plan-priv.h"

#include "otelgate/base/mem.h"
#include "otelgate/codec/jwrite.h"

#include <stdarg.h>

const struct og_user_env *og_mut_user(const struct og_mut *m, struct og_sv name)
{
	for (uint32_t i = m->nuser; i-- > 0;)
		if (og_sv_eq(m->user[i].name, name))
			return &m->user[i];
	return NULL;
}

struct og_plan_env *og_mut_planned(const struct og_mut *m, struct og_sv name)
{
	for (uint32_t i = 0; i < m->pc->nenv; i++)
		if (og_sv_eq(m->pc->env[i].name, name))
			return &m->pc->env[i];
	return NULL;
}

bool og_mut_disabled(const struct og_mut *m, struct og_sv key)
{
	for (uint32_t i = 0; i < m->profile->sdk.ndisable; i++)
		if (og_sv_eq(m->profile->sdk.disable[i], key))
			return true;
	return false;
}

static bool in_env_from(const struct og_mut *m, struct og_sv name)
{
	for (uint32_t i = 0; i < m->nenv_from_keys; i++)
		if (og_sv_eq(m->env_from_keys[i], name))
			return true;
	return false;
}

static struct og_plan_env *push(struct og_mut *m)
{
	struct og_plan_container *pc = m->pc;
	if (pc->nenv == pc->cap_env) {
		uint32_t cap = pc->cap_env ? pc->cap_env * 2 : 32;
		struct og_plan_env *p =
			og_arena_grow(m->a, pc->env, pc->cap_env * sizeof(*p), cap * sizeof(*p));
		if (!p || cap > 4 * OG_MAX_ENV) {
			m->oom = true;
			return NULL;
		}
		pc->env = p;
		pc->cap_env = cap;
	}
	struct og_plan_env *e = &pc->env[pc->nenv++];
	*e = (struct og_plan_env){0};
	return e;
}

static bool plan(struct og_mut *m, struct og_plan_env e)
{
	if (og_mut_planned(m, e.name))
		return false; /* a layer of higher precedence has it */
	/* what the profile writes out stands, and what our own values refer to has to */
	bool explicit = e.origin == OG_FROM_LANGUAGE || e.origin == OG_FROM_PROFILE ||
			e.origin == OG_FROM_HELPER;
	if (og_mut_user(m, e.name)) {
		e.action = OG_ENV_KEEP;
		e.note = OG_SV("the container sets it");
		e.origin = OG_FROM_USER;
	} else if (in_env_from(m, e.name)) {
		e.action = OG_ENV_KEEP;
		e.note = OG_SV("a ConfigMap of envFrom sets it");
		e.origin = OG_FROM_ENV_FROM;
	} else if (!explicit && og_mut_disabled(m, e.name)) {
		e.action = OG_ENV_OFF;
		e.note = OG_SV("switched off by the profile's sdk.disable");
	}
	struct og_plan_env *slot = push(m);
	if (!slot)
		return false;
	*slot = e;
	return e.action == OG_ENV_ADD_FIRST || e.action == OG_ENV_ADD_LAST;
}

bool og_mut_env(struct og_mut *m, enum og_env_action action, enum og_origin origin,
	struct og_sv name, struct og_sv value)
{
	return plan(m, (struct og_plan_env){
			       .name = name, .value = value, .action = action, .origin = origin});
}

bool og_mut_env_json(struct og_mut *m, enum og_env_action action, enum og_origin origin,
	struct og_sv name, struct og_sv json)
{
	return plan(m, (struct og_plan_env){
			       .name = name, .json = json, .action = action, .origin = origin});
}

void og_mut_env_off(struct og_mut *m, enum og_origin origin, struct og_sv name, const char *note)
{
	if (og_mut_planned(m, name))
		return;
	struct og_plan_env *e = push(m);
	if (e)
		*e = (struct og_plan_env){
			.name = name, .action = OG_ENV_OFF, .origin = origin, .note = og_svz(note)};
}

bool og_mut_can_merge(const struct og_mut *m, struct og_sv name, const char **ret_why)
{
	const struct og_user_env *u = og_mut_user(m, name);
	*ret_why = NULL;
	if (u && u->has_value_from)
		*ret_why = "its value comes from valueFrom, which cannot be added to";
	else if (!u && in_env_from(m, name))
		*ret_why = "its value comes from a ConfigMap of envFrom, which cannot be added to";
	else if (og_mut_disabled(m, name))
		*ret_why = "it is switched off by the profile's sdk.disable";
	else if (u && u->value.n > OG_MAX_ENV_BYTES)
		*ret_why = "its value is longer than a process can be given";
	return *ret_why == NULL;
}

/* Not by printf, which would end the user's text at a NUL. */
static struct og_sv join(struct og_mut *m, struct og_sv a, struct og_sv b, struct og_sv c)
{
	char *p = og_arena_alloc(m->a, a.n + b.n + c.n);
	if (!p) {
		m->oom = true;
		return og_sv("", 0);
	}
	memcpy(p, a.p, a.n);
	memcpy(p + a.n, b.p, b.n);
	memcpy(p + a.n + b.n, c.p, c.n);
	return og_sv(p, a.n + b.n + c.n);
}

/* before + user + after; `alone` when there is no user text to join to. */
bool og_mut_merge(struct og_mut *m, enum og_origin origin, struct og_sv name, struct og_sv before,
	struct og_sv after, struct og_sv alone)
{
	const char *why;
	if (!og_mut_can_merge(m, name, &why))
		return false;
	struct og_plan_env *had = og_mut_planned(m, name);
	const struct og_user_env *u = og_mut_user(m, name);
	if (had && had->json.n)
		return false; /* the profile sets it by valueFrom */
	bool ours = had && had->action != OG_ENV_KEEP;
	struct og_sv base = ours ? had->value : u ? u->value : og_sv("", 0);
	if (!ours && u && alone.n && og_sv_has(base, alone)) {
		(void)og_mut_env(m, OG_ENV_ADD_LAST, origin, name, alone); /* noted as kept */
		return true; /* an earlier injection, edited since, or written by hand */
	}
	struct og_sv text = base.n ? join(m, before, base, after) : alone;
	if (m->oom)
		return false;
	struct og_plan_env *e = had ? had : push(m);
	if (!e)
		return false;
	uint32_t keep_off = ours ? had->keep_off : 0;
	*e = (struct og_plan_env){.name = name, .value = text, .origin = origin};
	e->action = u ? OG_ENV_MERGE : OG_ENV_ADD_LAST;
	if (u) {
		e->user_index = (uint32_t)(u - m->user);
		struct og_jval value = og_jgetl(u->v, "value");
		e->user_has_value = !og_junset(value);
		e->user_value_null = og_jis(value, OG_J_NULL);
		e->keep_off = keep_off + (uint32_t)(base.n ? before.n : 0);
		e->keep_len = (uint32_t)u->value.n;
		e->note = OG_SV("added to the container's own value");
	}
	return true;
}

/*
 * Does a volume or a container of the pod have the name, or does any of its containers mount one
 * of that name (which undoing would then have to leave)? Asked once per name and pod.
 */
static bool taken_in_pod(struct og_mut *m, struct og_sv name)
{
	for (uint32_t i = 0; i < m->ntaken; i++)
		if (og_sv_eq(m->taken[i].name, name))
			return m->taken[i].is;
	bool is = false;
	og_jfor (it, og_jgetl(m->plan->spec, "volumes"))
		is |= og_jstr_eq(og_jgetl(it.val, "name"), name);
	for (uint32_t i = 0; i < m->plan->ncontainers; i++) {
		const struct og_container *c = &m->plan->containers[i].c;
		is |= og_sv_eq(c->name, name);
		og_jfor (it, c->mounts)
			is |= og_jstr_eq(og_jgetl(it.val, "name"), name);
	}
	if (m->ntaken < OG_COUNT(m->taken))
		m->taken[m->ntaken++] = (struct og_taken){name, is};
	return is;
}

bool og_mut_taken(struct og_mut *m, const char *volume, const char *path)
{
	bool is = taken_in_pod(m, og_svz(volume));
	og_jfor (it, m->pc->c.mounts)
		is |= og_jstr_eq(og_jgetl(it.val, "name"), og_svz(volume)) ||
		      og_jstr_eq(og_jgetl(it.val, "mountPath"), og_svz(path));
	/* the API server refuses a mount at the path of a raw block device, and the other way */
	og_jfor (it, og_jgetl(m->pc->c.v, "volumeDevices"))
		is |= og_jstr_eq(og_jgetl(it.val, "name"), og_svz(volume)) ||
		      og_jstr_eq(og_jgetl(it.val, "devicePath"), og_svz(path));
	if (is)
		og_mut_finding(m, "OG323", og_mut_place(m),
			"the pod has a volume, a container or a mount of its own at %s or %s",
			volume, path);
	return is;
}

void og_mut_mount(struct og_mut *m, const char *volume, const char *path)
{
	struct og_plan_container *pc = m->pc;
	enum { MAX = 8 };
	for (uint32_t i = 0; i < pc->nmounts; i++)
		if (og_sv_eq(pc->mount_names[i], og_svz(volume)))
			return;
	if (!pc->mounts) {
		pc->mounts = og_arena_new_n(m->a, MAX, struct og_sv);
		pc->mount_names = og_arena_new_n(m->a, MAX, struct og_sv);
	}
	if (!pc->mounts || !pc->mount_names || pc->nmounts == MAX) {
		m->oom = true;
		return;
	}
	pc->mount_names[pc->nmounts] = og_svz(volume);
	pc->mounts[pc->nmounts++] = og_mut_fmt(
		m, "{\"name\":\"%s\",\"mountPath\":\"%s\",\"readOnly\":true}", volume, path);
}

/* Lists of added objects are short; the same name is added once. */
static void add_object(
	struct og_mut *m, struct og_plan_object **list, uint32_t *n, struct og_plan_object o)
{
	enum { MAX = 16 };
	for (uint32_t i = 0; i < *n; i++)
		if (og_sv_eq((*list)[i].name, o.name))
			return;
	if (!*list)
		*list = og_arena_new_n(m->a, MAX, struct og_plan_object);
	if (!*list || *n == MAX) {
		m->oom = true;
		return;
	}
	(*list)[(*n)++] = o;
}

void og_plan_volume(struct og_mut *m, const char *name, struct og_sv json, const char *note)
{
	add_object(m, &m->plan->volumes, &m->plan->nvolumes,
		(struct og_plan_object){.name = og_svz(name), .json = json, .note = og_svz(note)});
}

void og_plan_init(struct og_mut *m, const char *name, struct og_sv json, uint32_t stable_len,
	const char *note)
{
	add_object(m, &m->plan->inits, &m->plan->ninits,
		(struct og_plan_object){.name = og_svz(name),
			.json = json,
			.note = og_svz(note),
			.stable_len = stable_len});
}

void og_plan_annotation(struct og_mut *m, struct og_sv key, struct og_sv value, const char *note)
{
	if (og_kvs_get(&m->plan->meta.annotations, key))
		return; /* the user's value stands */
	add_object(m, &m->plan->annotations, &m->plan->nannotations,
		(struct og_plan_object){.name = key, .json = value, .note = og_svz(note)});
}

struct og_sv og_mut_place(struct og_mut *m)
{
	return og_mut_fmt(m, "container %.*s", OG_SV_ARG(m->pc->c.name));
}

struct og_sv og_mut_place_env(struct og_mut *m, struct og_sv name)
{
	return og_mut_fmt(
		m, "container %.*s, variable %.*s", OG_SV_ARG(m->pc->c.name), OG_SV_ARG(name));
}

struct og_sv og_mut_fmt(struct og_mut *m, const char *fmt, ...)
{
	struct og_buf b = OG_BUF_INIT(16 << 20);
	va_list ap;
	va_start(ap, fmt);
	og_buf_vfmt(&b, fmt, ap);
	va_end(ap);
	struct og_sv s = b.failed ? (struct og_sv){NULL, 0} : og_arena_sv(m->a, og_buf_view(&b));
	m->large |= b.full;
	og_buf_fini(&b);
	if (!s.p) {
		m->oom = true;
		return og_sv("", 0);
	}
	return s;
}

struct og_sv og_mut_escape_dollar(struct og_mut *m, struct og_sv text)
{
	size_t extra = 0;
	for (size_t i = 0; i < text.n; i++)
		extra += text.p[i] == '$';
	if (!extra)
		return text;
	char *p = og_arena_alloc(m->a, text.n + extra);
	if (!p) {
		m->oom = true;
		return og_sv("", 0);
	}
	size_t n = 0;
	for (size_t i = 0; i < text.n; i++) {
		p[n++] = text.p[i];
		if (text.p[i] == '$')
			p[n++] = '$';
	}
	return og_sv(p, n);
}
