/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * A JSON document that can be changed: a value is a received one (a handle on a tape) until a path
 * goes through it; then it is expanded by one level. Everything lives in one arena.
 */
#include "otelgate/codec/jdoc.h"

struct og_jcont;

/* One value: expanded when `sub` is set, else as received. */
struct og_jmut {
	struct og_jval v;
	struct og_jcont *sub;
};

/* An element or a member; keys are unescaped, key_raw keeps a received spelling with escapes. */
struct og_jslot {
	struct og_jmut val;
	struct og_sv key, key_raw;
};

struct og_jcont {
	struct og_jslot *slot;
	uint32_t n, cap;
	bool object;
};

struct og_jtree {
	struct og_arena *arena;
	struct og_jmut root;
	uint64_t work; /* slots visited, moved or made so far */
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
/* Appends the JSON text: received parts byte for byte. LIMIT when larger than out->max. */
int og_jtree_write(const struct og_jtree *t, struct og_buf *out, struct og_err *err);
