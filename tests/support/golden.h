/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* A golden case of the engine: a folder with in.yaml and what must come of it. */
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "otelgate/core/plan.h"

/*
 * tests/golden/inject/<case>/
 *   in.yaml       the object first, then facts: Namespace, owners, ConfigMaps. Comment lines
 *                 "#: key=value …" at the top: config= (default std), namespace=, profile=
 *   config.yaml   the configuration; without it tests/golden/config-<config>.yaml
 *   want.json     the object afterwards; missing when nothing may change
 *   want.explain  the decision
 * The revision's digits are written as RRRRRRRRRRRR in both.
 */
struct golden {
	const char *dir;
	struct og_arena *a;
	const struct og_config *config; /* NULL with config=none */
	struct og_sv object_text;	/* of the first document, as JSON */
	struct og_jval object;
	struct og_jval facts[32];
	struct og_facts_objects set;
	struct og_facts_source source;
	struct og_sv ns, profile;
};

void golden_load(struct golden *g, struct og_arena *a, const char *root, const char *dir);
/* Plans any object with the facts of the case. */
int golden_plan(
	const struct golden *g, struct og_jval object, struct og_plan **ret, struct og_err *err);
struct og_jval golden_parse(struct og_arena *a, struct og_sv json);

/* Appends the decision in words; `after` is the patched object or NULL. */
void golden_explain(const struct og_plan *p, const json_t *after, struct og_buf *out);
/* The containers of a pod spec wherever the template is. */
json_t *golden_template(const struct og_plan *p, const json_t *object);
