/* SPDX-License-Identifier: Apache-2.0 */
/* From the plan to RFC 6902 text. */
#include "plan-priv.h"

#include "otelgate/base/mem.h"
#include "otelgate/codec/jpatch.h"
#include "otelgate/codec/jptr.h"
#include "otelgate/codec/jwrite.h"

#include <stdio.h>

enum { SPANS = 48 };

struct writer {
	const struct og_plan *p;
	struct og_arena *a;
	struct og_jval came, came_env; /* the received spec and container, when it comes back */
	struct og_jpatch jp;
	struct og_buf path; /* scratch; the first `base` bytes are the path being worked below */
	size_t base;
	struct og_buf value;
	bool failed;
	/* where the variables of the container before this one stand in the patch: most of them are
	 * the same, and copying is quicker than writing */
	const struct og_plan_container *before;
	struct span {
		size_t off, len;
	} now[SPANS], was[SPANS];
};

/* Sets the path that below() and below_index() continue: one formatting for many operations. */
static void set_base(struct writer *w, const char *list, uint32_t index, const char *member)
{
	og_buf_reset(&w->path);
	og_buf_sv(&w->path, w->p->tmpl_path);
	og_buf_lit(&w->path, "/spec/");
	og_buf_str(&w->path, list);
	og_buf_ch(&w->path, '/');
	og_buf_u64(&w->path, index);
	og_buf_ch(&w->path, '/');
	og_buf_str(&w->path, member);
	w->base = w->path.len;
}

static struct og_sv below(struct writer *w, const char *tail)
{
	w->path.len = w->base;
	og_buf_str(&w->path, tail);
	w->failed |= w->path.failed;
	return og_buf_view(&w->path);
}

static struct og_sv below_index(struct writer *w, uint32_t index, const char *tail)
{
	w->path.len = w->base;
	og_buf_ch(&w->path, '/');
	og_buf_u64(&w->path, index);
	og_buf_str(&w->path, tail);
	w->failed |= w->path.failed;
	return og_buf_view(&w->path);
}

static struct og_sv at(struct writer *w, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
static struct og_sv at(struct writer *w, const char *fmt, ...)
{
	og_buf_reset(&w->path);
	og_buf_sv(&w->path, w->p->tmpl_path);
	va_list ap;
	va_start(ap, fmt);
	og_buf_vfmt(&w->path, fmt, ap);
	va_end(ap);
	w->failed |= w->path.failed;
	return og_buf_view(&w->path);
}

static struct og_sv env_json(struct writer *w, const struct og_plan_env *e)
{
	if (e->json.n)
		return w->p->reinjected ? og_plan_keep(w->came_env, e->name, e->json, w->a)
					: e->json;
	og_buf_reset(&w->value);
	og_buf_lit(&w->value, "{\"name\":");
	og_jw_str(&w->value, e->name);
	og_buf_lit(&w->value, ",\"value\":");
	og_jw_str(&w->value, e->value);
	og_buf_ch(&w->value, '}');
	w->failed |= w->value.failed;
	return og_buf_view(&w->value);
}

static const char *list_name(const struct og_plan_container *pc)
{
	return pc->c.init ? "initContainers" : "containers";
}

/* The whole array, where the container has none. */
static void write_new_env(struct writer *w, const struct og_plan_container *pc)
{
	struct og_buf all = OG_BUF_INIT(8 << 20);
	for (int pass = 0; pass < 2; pass++)
		for (uint32_t i = 0; i < pc->nenv; i++) {
			const struct og_plan_env *e = &pc->env[i];
			if (e->action != (pass ? OG_ENV_ADD_LAST : OG_ENV_ADD_FIRST))
				continue;
			og_buf_ch(&all, all.len ? ',' : '[');
			og_buf_sv(&all, env_json(w, e));
		}
	if (all.len) {
		og_buf_ch(&all, ']');
		og_jpatch_add(&w->jp, below(w, ""), og_buf_view(&all));
	}
	w->failed |= all.failed;
	og_buf_fini(&all);
}

/* A list of the container as it came, with what an earlier injection put in. */
static struct og_jval came_list(
	const struct writer *w, const struct og_plan_container *pc, const char *list)
{
	if (!w->p->reinjected)
		return OG_JABSENT;
	struct og_jval c = og_env_find(og_jget(w->came, og_svz(list_name(pc))), pc->c.name, NULL);
	return og_jget(c, og_svz(list));
}

/* The very same texts as those of the container before: made once, for all of them. */
static bool same_texts(const struct og_plan_env *a, const struct og_plan_env *b)
{
	return a->action == b->action && a->name.p == b->name.p && a->name.n == b->name.n &&
	       a->value.p == b->value.p && a->value.n == b->value.n && a->json.p == b->json.p;
}

static void append_env(struct writer *w, const struct og_plan_container *pc, uint32_t i)
{
	const struct og_plan_env *e = &pc->env[i];
	struct og_buf *out = w->jp.out;
	struct og_sv json;
	bool again = i < SPANS && w->before && i < w->before->nenv && w->was[i].len &&
		     !w->p->reinjected && same_texts(e, &w->before->env[i]);
	if (again && !og_buf_reserve(out, w->path.len + w->was[i].len + 64))
		return; /* so that the text does not move while it is copied; sticky */
	json = again ? og_sv(out->p + w->was[i].off, w->was[i].len) : env_json(w, e);
	og_jpatch_add(&w->jp, below(w, "/-"), json);
	if (i < SPANS && !out->failed)
		w->now[i] = (struct span){out->len - 1 - json.n, json.n};
}

static void write_env(struct writer *w, const struct og_plan_container *pc)
{
	memset(w->now, 0, sizeof(w->now));
	set_base(w, list_name(pc), pc->c.index, "env");
	w->came_env = came_list(w, pc, "env");
	if (og_junset(pc->c.env)) {
		write_new_env(w, pc);
		return;
	}
	/* merges first, while the user's places are still what they were */
	for (uint32_t i = 0; i < pc->nenv; i++) {
		const struct og_plan_env *e = &pc->env[i];
		if (e->action != OG_ENV_MERGE)
			continue;
		og_buf_reset(&w->value);
		og_jw_str(&w->value, e->value);
		w->failed |= w->value.failed;
		struct og_sv path = below_index(w, e->user_index, "/value");
		if (e->user_has_value)
			og_jpatch_replace(&w->jp, path, og_buf_view(&w->value));
		else
			og_jpatch_add(&w->jp, path, og_buf_view(&w->value));
	}
	uint32_t first = 0;
	for (uint32_t i = 0; i < pc->nenv; i++)
		if (pc->env[i].action == OG_ENV_ADD_FIRST) {
			struct og_sv json = env_json(w, &pc->env[i]);
			og_jpatch_add(&w->jp, below_index(w, first++, ""), json);
		}
	for (uint32_t i = 0; i < pc->nenv; i++)
		if (pc->env[i].action == OG_ENV_ADD_LAST)
			append_env(w, pc, i);
	w->before = pc;
	memcpy(w->was, w->now, sizeof(w->was));
}

/* Appends values to an array member, or adds the member where it is missing. */
static void write_list(struct writer *w, struct og_jval present, const struct og_sv *json,
	uint32_t n, const char *path, bool in_front)
{
	if (!n)
		return;
	if (!og_junset(present)) {
		for (uint32_t i = 0; i < n; i++) {
			if (in_front)
				og_jpatch_add(&w->jp, at(w, "%s/%u", path, i), json[i]);
			else
				og_jpatch_add(&w->jp, at(w, "%s/-", path), json[i]);
		}
		return;
	}
	struct og_buf all = OG_BUF_INIT(8 << 20);
	for (uint32_t i = 0; i < n; i++) {
		og_buf_ch(&all, i ? ',' : '[');
		og_buf_sv(&all, json[i]);
	}
	og_buf_ch(&all, ']');
	og_jpatch_add(&w->jp, at(w, "%s", path), og_buf_view(&all));
	w->failed |= all.failed;
	og_buf_fini(&all);
}

static void write_objects(struct writer *w, const char *member, const struct og_plan_object *v,
	uint32_t n, bool in_front)
{
	struct og_sv json[16];
	char path[64];
	struct og_jval came = og_jget(w->came, og_svz(member));
	for (uint32_t i = 0; i < n && i < OG_COUNT(json); i++)
		json[i] = og_plan_keep(came, v[i].name, v[i].json, w->a);
	snprintf(path, sizeof(path), "/spec/%s", member);
	write_list(w, og_jget(w->p->spec, og_svz(member)), json, n, path, in_front);
}

struct pair {
	struct og_sv key, value;
};

/* {"k":"v",…} */
static void write_map(struct og_buf *b, const struct pair *v, uint32_t n)
{
	og_buf_ch(b, '{');
	for (uint32_t i = 0; i < n; i++) {
		if (i)
			og_buf_ch(b, ',');
		og_jw_str(b, v[i].key);
		og_buf_ch(b, ':');
		og_jw_str(b, v[i].value);
	}
	og_buf_ch(b, '}');
}

static void write_pairs(
	struct writer *w, struct og_jval map, const char *member, const struct pair *v, uint32_t n)
{
	struct og_buf b = OG_BUF_INIT(1 << 20);
	if (og_junset(map)) {
		write_map(&b, v, n);
		og_jpatch_add(&w->jp, at(w, "/metadata/%s", member), og_buf_view(&b));
	} else {
		for (uint32_t i = 0; i < n; i++) {
			og_buf_reset(&b);
			og_jw_str(&b, v[i].value);
			(void)at(w, "/metadata/%s", member);
			og_jptr_add(&w->path, v[i].key);
			w->failed |= w->path.failed;
			og_jpatch_add(&w->jp, og_buf_view(&w->path), og_buf_view(&b));
		}
	}
	w->failed |= b.failed;
	og_buf_fini(&b);
}

static void write_metadata(struct writer *w)
{
	const struct og_plan *p = w->p;
	struct pair labels[] = {{OG_SV(OG_LABEL_REVISION), og_svz(p->revision)}};
	struct pair ann[20];
	uint32_t n = 0;
	for (uint32_t i = 0; i < p->nannotations && n + 1 < OG_COUNT(ann); i++)
		ann[n++] = (struct pair){p->annotations[i].name, p->annotations[i].json};
	ann[n++] = (struct pair){OG_SV(OG_ANNOTATION_INJECTION), p->record};
	struct og_jval meta = og_jgetl(p->tmpl, "metadata");
	if (!og_junset(meta)) {
		write_pairs(w, og_jgetl(meta, "labels"), "labels", labels, OG_COUNT(labels));
		write_pairs(w, og_jgetl(meta, "annotations"), "annotations", ann, n);
		return;
	}
	struct og_buf b = OG_BUF_INIT(1 << 20);
	og_buf_lit(&b, "{\"labels\":");
	write_map(&b, labels, OG_COUNT(labels));
	og_buf_lit(&b, ",\"annotations\":");
	write_map(&b, ann, n);
	og_buf_ch(&b, '}');
	og_jpatch_add(&w->jp, at(w, "/metadata"), og_buf_view(&b));
	w->failed |= b.failed;
	og_buf_fini(&b);
}

int og_plan_write(
	const struct og_plan *p, struct og_arena *a, struct og_buf *out, struct og_err *err)
{
	struct writer w = {.p = p, .a = a, .path.max = 64 << 10, .value.max = 16 << 20};
	if (p->reinjected)
		w.came = og_jgetl(og_workload_template(p->kind, p->received), "spec");
	og_jpatch_begin(&w.jp, out);
	for (uint32_t i = 0; i < p->ncontainers; i++) {
		const struct og_plan_container *pc = &p->containers[i];
		char path[64];
		if (pc->skip != OG_SKIP_NONE)
			continue;
		write_env(&w, pc);
		if (!pc->nmounts)
			continue;
		snprintf(
			path, sizeof(path), "/spec/%s/%u/volumeMounts", list_name(pc), pc->c.index);
		struct og_sv json[16];
		struct og_jval came = came_list(&w, pc, "volumeMounts");
		for (uint32_t k = 0; k < pc->nmounts && k < OG_COUNT(json); k++)
			json[k] = og_plan_keep(came, pc->mount_names[k], pc->mounts[k], a);
		write_list(&w, pc->c.mounts, json, pc->nmounts, path, false);
	}
	/* after the containers, whose places an init container in front would shift */
	write_objects(&w, "initContainers", p->inits, p->ninits, p->init_first);
	write_objects(&w, "volumes", p->volumes, p->nvolumes, false);
	write_metadata(&w);
	bool ok = og_jpatch_end(&w.jp) && !w.failed;
	og_buf_fini(&w.path);
	og_buf_fini(&w.value);
	if (!ok && out->full)
		return og_err_set(
			err, OG_E_LIMIT, "the patch would be larger than %zu bytes", out->max);
	return ok ? 0 : og_err_set(err, OG_E_OOM, "out of memory writing the patch");
}
