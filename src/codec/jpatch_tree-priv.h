/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * A JSON document that can be changed: a value is a received one (a handle on a tape) until a path
 * goes through it; then it is expanded by one level. Everything lives in one arena.
 */
#include "otelgate/codec/jmut.h"

struct og_jtree {
	struct og_arena *arena;
	struct og_jmut root;
	uint64_t work; /* slots visited, moved or made so far */
	/* the latest add's container and the path to it: a run of adds goes to one place */
	struct og_sv last_path;
	struct og_jcont *last;
};

/* The value at the pointer, without expanding anything. */
int og_jtree_get(struct og_jtree *t, struct og_sv ptr, struct og_jmut *ret, struct og_err *err);
/* RFC 6902 §4.1 to §4.3; replace and remove want the target to exist. */
int og_jtree_add(struct og_jtree *t, struct og_sv ptr, struct og_jmut value, struct og_err *err);
int og_jtree_remove(struct og_jtree *t, struct og_sv ptr, struct og_err *err);
int og_jtree_replace(
	struct og_jtree *t, struct og_sv ptr, struct og_jmut value, struct og_err *err);
/* A copy that later changes of the original do not reach. */
int og_jtree_copy(struct og_jtree *t, struct og_jmut from, struct og_jmut *ret, struct og_err *err);
bool og_jtree_equal(struct og_jmut a, struct og_jval b);
