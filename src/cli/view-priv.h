/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* How a plan's parts are shown to people, the same in report and explain. */
#include "otelgate/core/plan.h"
#include "input-priv.h"

/* "injected", "up-to-date", "skipped", "removed", "unchanged": what became of the object. */
const char *og_view_decision(const struct og_in_object *o, bool uninject);
/* Variables that the patch writes or changes in this container. */
uint32_t og_view_nset(const struct og_plan_container *c);
/*
 * The value of a variable for people: literal text, "secret NAME, key KEY", "field PATH". Values
 * that the user wrote, and literals of variables whose name speaks of credentials, are not shown.
 * Control characters are made harmless.
 */
void og_view_value(struct og_buf *b, const struct og_plan_env *e, struct og_arena *arena);
/* Whether a literal value must not be shown: by the variable's name or by what it looks like. */
bool og_view_is_secret(struct og_sv name, struct og_sv value);
const char *og_view_action(enum og_env_action a); /* "added", "merged", "kept", "off" */
/* Where a variable comes from, for people: `stack "alloy": receiver`. */
void og_view_origin(struct og_buf *b, const struct og_plan *p, const struct og_plan_env *e);
/* Namespace for display: the object's, else what the facts say; may be empty. */
struct og_sv og_view_ns(const struct og_in_object *o);

/* "file:line:col: severity OG305 slug: place: detail" and, with `fix`, an indented fix. */
void og_view_finding(struct og_buf *b, const struct og_in_object *o, const struct og_finding *f,
	struct og_arena *arena, bool colour);
/* The whole object as a JSON value, findings included. */
void og_view_json(
	struct og_buf *b, const struct og_in_object *o, bool uninject, struct og_arena *arena);
