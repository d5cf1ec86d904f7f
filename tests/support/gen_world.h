/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * One random case: configuration, facts and object, and the engine run on them. A property is a
 * function of a world; when it fails, the object is made smaller as long as it still fails.
 */
#include "otelgate/core/config_read.h"
#include "otelgate/core/plan.h"
#include "otelgate/core/uninject.h"
#include "support/gen_pod.h"

struct world {
	struct og_arena arena;
	struct gen_docs config_texts, fact_texts;
	const struct og_config *config;
	struct og_jval facts[GEN_MAX_DOCS];
	struct og_facts_objects set;
	struct og_facts_source source;
	struct og_buf text; /* the object */
	struct og_jval object;
	struct gen g;	/* for further choices; the same for every smaller object */
	char why[4096]; /* why it failed */
};

/* False when the generator made something that the engine's readers refuse: a bug of the test. */
bool world_make(struct world *w, uint64_t seed, uint64_t n, const struct gen_opts *opts);
bool world_config(struct world *w, struct gen *g); /* a new configuration */
bool world_object(struct world *w, const char *text, size_t len);
void world_fini(struct world *w);

/* What the engine made of an object. */
struct outcome {
	int rc; /* of og_plan_make or og_plan_patch */
	struct og_err err;
	struct og_plan *plan;
	struct og_sv patch; /* "" when nothing changes */
	struct og_sv text;  /* the object afterwards */
	struct og_jval object;
};
/* False (with w->why) when the patch does not apply or the result does not parse. */
bool world_inject(struct world *w, struct og_jval object, const char *profile, struct outcome *ret);
bool world_uninject(struct world *w, struct og_jval object, struct og_jval *ret);

/* Parses text into the world's arena. */
bool world_parse(struct world *w, struct og_sv text, struct og_jval *ret);
/* Fills w->why and returns false, so that a property can `return world_fail(...)`. */
bool world_fail(struct world *w, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

typedef bool world_property(struct world *w);
/*
 * Runs a property on PROPERTY_RUNS worlds (default `runs`). On failure prints seed, case, reason
 * and the smallest object found, and returns false. *ret_hits (may be NULL) counts the worlds for
 * which the property had something to check: those where it called world_hit.
 */
bool world_run(const char *name, world_property *p, const struct gen_opts *opts, unsigned runs);
void world_hit(void);
unsigned world_hits(void);
