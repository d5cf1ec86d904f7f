/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * The result of a JSON Patch as a document that can be read without writing it out: received values
 * stay handles on their tape, and only what a path went through is expanded. Everything lives in
 * the arena of the application.
 */
#include "otelgate/codec/jdoc.h"

struct og_jcont;

/* One value: expanded when `sub` is set, else as received. {{NULL, 0}, NULL} is absent. */
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

/*
 * Applies a patch as og_jpatch_apply does (codec/jpatch.h), and gives the root of the result
 * instead of its text. The documents of both must outlive it.
 */
int og_jmut_apply(struct og_jval doc, struct og_jval patch, struct og_arena *arena,
	struct og_jmut *ret, struct og_err *err);

enum og_jtype og_jmut_type(struct og_jmut m);
/* Elements or members; 0 for anything but arrays and objects. */
uint32_t og_jmut_count(struct og_jmut m);
/* Absent when m is no object or lacks the member. */
struct og_jmut og_jmut_get(struct og_jmut m, struct og_sv key);
#define og_jmut_getl(m, lit) og_jmut_get((m), OG_SV(lit))

/* Iteration, as og_jiter: for (struct og_jmut_iter it = og_jmut_iter(m); og_jmut_next(&it);) */
struct og_jmut_iter {
	struct og_jmut val;
	uint32_t index;
	const struct og_jcont *sub;
	struct og_jiter in;
};
struct og_jmut_iter og_jmut_iter(struct og_jmut m);
bool og_jmut_next(struct og_jmut_iter *it);
#define og_jmut_for(it, m) for (struct og_jmut_iter it = og_jmut_iter(m); og_jmut_next(&it);)

/* Appends the JSON text: received parts byte for byte. LIMIT when larger than out->max. */
int og_jmut_write(struct og_jmut m, struct og_buf *out, struct og_err *err);
