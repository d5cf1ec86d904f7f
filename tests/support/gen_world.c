/* SPDX-License-Identifier: Apache-2.0 */
/* Running the engine on one random case, and making failing cases smaller. */
#include "support/jsongen.h"
#include "support/gen_world.h"

#include "otelgate/codec/jpatch.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static unsigned hits;

void world_hit(void)
{
	hits++;
}

unsigned world_hits(void)
{
	return hits;
}

bool world_fail(struct world *w, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(w->why, sizeof(w->why), fmt, ap);
	va_end(ap);
	return false;
}

bool world_parse(struct world *w, struct og_sv text, struct og_jval *ret)
{
	struct og_err err = OG_ERR_INIT;
	struct og_jdoc *d = og_arena_new(&w->arena, struct og_jdoc);
	char *copy = og_arena_strndup(&w->arena, text.p, text.n);
	if (!d || !copy || og_jdoc_parse(d, &w->arena, og_sv(copy, text.n), NULL, &err))
		return world_fail(w, "does not parse: %s", err.msg);
	*ret = og_jroot(d);
	return true;
}

bool world_config(struct world *w, struct gen *g)
{
	struct og_config_input in[GEN_MAX_DOCS];
	struct og_config_report report = {0};
	struct og_config *c = NULL;
	gen_docs_fini(&w->config_texts);
	gen_config(g, &w->config_texts);
	for (uint32_t i = 0; i < w->config_texts.n; i++) {
		struct og_sv copy = og_arena_sv(&w->arena, og_buf_view(&w->config_texts.v[i]));
		in[i] = (struct og_config_input){"generated", copy};
	}
	if (og_config_read(&w->arena, in, w->config_texts.n, &c, &report)) {
		og_auto_buf struct og_buf b = OG_BUF_INIT(0);
		for (uint32_t i = 0; i < report.n; i++)
			if (report.v[i].severity == OG_SEV_ERROR)
				og_config_problem_text(&report.v[i], &b);
		return world_fail(w, "configuration: %s", og_buf_view(&b).p);
	}
	w->config = c;
	return true;
}

bool world_object(struct world *w, const char *text, size_t len)
{
	return world_parse(w, og_sv(text, len), &w->object);
}

bool world_make(struct world *w, uint64_t seed, uint64_t n, const struct gen_opts *opts)
{
	*w = (struct world){.g = gen_case(seed, n)};
	og_arena_init(&w->arena, 256 << 10, 0);
	og_buf_init(&w->text, 0);
	if (!world_config(w, &w->g))
		return false;
	gen_facts(&w->g, &w->fact_texts);
	for (uint32_t i = 0; i < w->fact_texts.n; i++)
		if (!world_parse(w, og_buf_view(&w->fact_texts.v[i]), &w->facts[i]))
			return false;
	w->set = (struct og_facts_objects){w->facts, w->fact_texts.n, OG_SV("prod")};
	w->source = og_facts_from_objects(&w->set);
	gen_object(&w->g, opts, &w->text);
	return world_object(w, w->text.p, w->text.len);
}

void world_fini(struct world *w)
{
	gen_docs_fini(&w->config_texts);
	gen_docs_fini(&w->fact_texts);
	og_buf_fini(&w->text);
	og_arena_fini(&w->arena);
}

static bool apply(struct world *w, struct og_jval object, struct og_sv patch, struct og_jval *ret)
{
	struct og_err err = OG_ERR_INIT;
	struct og_jval ops;
	og_auto_buf struct og_buf b = OG_BUF_INIT(0);
	if (!world_parse(w, patch, &ops))
		return false;
	if (og_jpatch_apply(object, ops, &w->arena, &b, &err))
		return world_fail(w, "the patch does not apply: %s", err.msg);
	return world_parse(w, og_buf_view(&b), ret);
}

bool world_inject(struct world *w, struct og_jval object, const char *profile, struct outcome *ret)
{
	struct og_plan_input in = {
		.config = w->config, .object = object, .profile_override = og_svz(profile)};
	*ret = (struct outcome){.object = object, .text = og_jraw(object)};
	ret->rc = og_facts_of_workload(
		&w->source, object, OG_SV("prod"), &w->arena, &in.facts, &ret->err);
	if (!ret->rc)
		ret->rc = og_plan_make(&in, &w->arena, &ret->plan, &ret->err);
	if (!ret->rc)
		ret->rc = og_plan_patch(ret->plan, &w->arena, &ret->err);
	if (ret->rc || !ret->plan->patch.n)
		return true;
	ret->patch = ret->plan->patch;
	if (!apply(w, object, ret->patch, &ret->object))
		return false;
	ret->text = og_jraw(ret->object);
	return true;
}

bool world_uninject(struct world *w, struct og_jval object, struct og_jval *ret)
{
	struct og_err err = OG_ERR_INIT;
	struct og_findings f = {0};
	og_auto_buf struct og_buf b = OG_BUF_INIT(0);
	if (og_uninject_patch(object, &w->arena, &b, &f, &err))
		return world_fail(w, "uninject: %s", err.msg);
	return apply(w, object, og_buf_view(&b), ret);
}

/* --- smaller cases -------------------------------------------------------------------------- */

enum { MAX_TRIES = 3000 };

struct shrinker {
	struct world *w;
	world_property *p;
	json_t *root;
	struct gen g; /* as it was when the property was called first */
	char why[24]; /* the same failure begins with it */
	unsigned tries;
};

static bool still_fails(struct shrinker *s)
{
	if (s->tries++ > MAX_TRIES)
		return false;
	char *text = json_dumps(s->root, JSON_COMPACT);
	struct gen keep = s->w->g;
	s->w->g = s->g;
	bool fails = text && world_object(s->w, text, strlen(text)) &&
		     og_workload_kind_of(s->w->object) && !s->p(s->w) &&
		     strncmp(s->w->why, s->why, strlen(s->why)) == 0;
	s->w->g = keep;
	free(text);
	return fails;
}

static void smaller(struct shrinker *s, json_t *at);

static void smaller_array(struct shrinker *s, json_t *at)
{
	for (size_t i = json_array_size(at); i-- > 0;) {
		json_t *v = json_incref(json_array_get(at, i));
		json_array_remove(at, i);
		if (!still_fails(s)) {
			json_array_insert(at, i, v);
			smaller(s, v);
		}
		json_decref(v);
	}
}

static void smaller_object(struct shrinker *s, json_t *at)
{
	const char *keys[256];
	size_t n = 0;
	for (void *it = json_object_iter(at); it && n < 256; it = json_object_iter_next(at, it))
		keys[n++] = json_object_iter_key(it);
	for (size_t i = n; i-- > 0;) {
		char *key = strdup(keys[i]);
		json_t *v = json_incref(json_object_get(at, key));
		json_object_del(at, key);
		if (!still_fails(s)) {
			json_object_set(at, key, v); /* last now: order is no matter here */
			smaller(s, v);
		}
		json_decref(v);
		free(key);
	}
}

static void smaller(struct shrinker *s, json_t *at)
{
	if (json_is_array(at))
		smaller_array(s, at);
	else if (json_is_object(at))
		smaller_object(s, at);
}

static void print_smallest(struct world *w, world_property *p, struct gen g)
{
	struct shrinker s = {.w = w, .p = p, .g = g};
	snprintf(s.why, sizeof(s.why), "%.12s", w->why);
	s.root = json_loadb(w->text.p, w->text.len, JSON_ALLOW_NUL, NULL);
	if (s.root && still_fails(&s)) {
		smaller(&s, s.root);
		s.tries = 0;
		char *text = json_dumps(s.root, JSON_COMPACT);
		if (text && still_fails(&s))
			fprintf(stderr, "  smallest: %s\n  because: %s\n", text, w->why);
		free(text);
	}
	json_decref(s.root);
}

static uint64_t env_number(const char *name, uint64_t otherwise)
{
	const char *s = getenv(name);
	return s && *s ? strtoull(s, NULL, 10) : otherwise;
}

bool world_run(const char *name, world_property *p, const struct gen_opts *opts, unsigned runs)
{
	uint64_t seed = jsongen_seed_from("PROPERTY_SEED");
	uint64_t n = env_number("PROPERTY_RUNS", runs), first = env_number("PROPERTY_CASE", 0);
	hits = 0;
	for (uint64_t i = first; i < first + n; i++) {
		struct world w;
		bool ok = world_make(&w, seed, i, opts);
		struct gen g = w.g;
		const char *what = ok ? "property" : "generator";
		ok = ok && p(&w);
		if (!ok) {
			fprintf(stderr,
				"%s: %s failed: %s\n  replay: PROPERTY_SEED=%llu PROPERTY_CASE=%llu "
				"PROPERTY_RUNS=1\n  object: %.*s\n",
				name, what, w.why, (unsigned long long)seed, (unsigned long long)i,
				(int)w.text.len, w.text.p ? w.text.p : "");
			if (w.text.len)
				print_smallest(&w, p, g);
		}
		world_fini(&w);
		if (!ok)
			return false;
	}
	return true;
}
