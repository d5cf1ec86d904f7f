/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Random JSON for property tests, replayable: every choice comes from one 64-bit seed. OG_SEED=n in
 * the environment replays a run; without it every run takes another seed. Failures must print it.
 */
#include <jansson.h>
#include <stdint.h>
#include "otelgate/base/str.h"
#include "otelgate/codec/jdoc.h"

struct jsongen {
	uint64_t state;
	unsigned budget; /* values left in the current document */
};

/* From OG_SEED, or from the clock and the process number. */
uint64_t jsongen_seed(void);
/* The seed in an environment variable: a number, "random", or unset for a fixed one. */
uint64_t jsongen_seed_from(const char *name);
/* A generator for case `n` of a run; the cases do not depend on each other. */
struct jsongen jsongen_case(uint64_t seed, unsigned n);

uint64_t jsongen_next(struct jsongen *g);
/* 0 .. n-1; n > 0 */
unsigned jsongen_below(struct jsongen *g, unsigned n);
bool jsongen_chance(struct jsongen *g, unsigned percent);

/*
 * Appends a valid document: any nesting, white space, escapes, number forms. Sometimes with
 * repeated keys, which makes it invalid for a strict reader.
 */
void jsongen_text(struct jsongen *g, struct og_buf *out);
/* Damages the text in one to four places: bytes, structure, truncation, doubled parts. */
void jsongen_damage(struct jsongen *g, struct og_buf *text);
/* A small document without repeated keys or huge numbers; the caller owns it. NULL: no memory. */
json_t *jsongen_value(struct jsongen *g);
/* Changes it in one to six places: members and elements added, removed, replaced. */
void jsongen_edit(struct jsongen *g, json_t *doc);

/* The same value, as both libraries read it: types, bytes of strings, order, 64-bit integers. */
bool jsongen_same(struct og_jval v, const json_t *j);
