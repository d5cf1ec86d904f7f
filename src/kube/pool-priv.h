/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Counted strings with small numbers: equal texts are kept once, a number is four bytes. One thread
 * changes the pool; others may read texts by numbers they hold while that happens.
 */
#include <stdint.h>
#include "otelgate/base/str.h"

/* What the C library takes for a block: a header of one word, blocks of 16, at least 32 (glibc,
 * malloc/malloc.c: MINSIZE, MALLOC_ALIGNMENT). */
static inline size_t og_block_cost(size_t bytes)
{
	size_t n = (bytes + 8 + 15) & ~(size_t)15;
	return n < 32 ? 32 : n;
}

/* A list of pointers that grows without moving: chunk k has 256 << k of them. */
enum { OG_PTRS_CHUNKS = 23, OG_PTRS_FIRST = 256 };
struct og_ptrs {
	void **chunk[OG_PTRS_CHUNKS];
};
static inline void **og_ptrs_at(const struct og_ptrs *l, uint32_t i)
{
	uint32_t q = i / OG_PTRS_FIRST + 1, k = 31 - (uint32_t)__builtin_clz(q);
	return &l->chunk[k][i - OG_PTRS_FIRST * ((1U << k) - 1)];
}
/* Makes room for number i, which is at most one more than there was; false = no memory. */
bool og_ptrs_reach(struct og_ptrs *l, uint32_t i, size_t *bytes);
void og_ptrs_fini(struct og_ptrs *l, size_t *bytes);

struct og_pstr {
	uint32_t refs, hash, len;
	char p[];
};

struct og_pool {
	uint64_t seed;
	struct og_ptrs strs; /* number less 1; odd "pointers" are free numbers, see pool.c */
	uint32_t used, free; /* numbers given out so far; first free one + 1 */
	uint32_t *slots;     /* numbers; 0 = empty */
	uint32_t nslots, live;
	size_t *bytes; /* of all that is allocated; the owner's */
};

void og_pool_init(struct og_pool *p, uint64_t seed, size_t *bytes);
void og_pool_fini(struct og_pool *p);
/* The number of s with one more reference; 0 is the empty string. False: no memory. */
bool og_pool_get(struct og_pool *p, struct og_sv s, uint32_t *ret);
/* Gives one reference back. The last string takes the tables with it. */
void og_pool_drop(struct og_pool *p, uint32_t id);

static inline const struct og_pstr *og_pool_str(const struct og_pool *p, uint32_t id)
{
	return *og_ptrs_at(&p->strs, id - 1);
}
static inline struct og_sv og_pool_sv(const struct og_pool *p, uint32_t id)
{
	if (!id)
		return og_sv("", 0);
	const struct og_pstr *s = og_pool_str(p, id);
	return og_sv(s->p, s->len);
}
