/* SPDX-License-Identifier: Apache-2.0 */
/* The pool of strings: an open table of numbers, filled to three quarters at most. */
#include "pool-priv.h"
#include "otelgate/base/map.h"
#include "otelgate/base/mem.h"

enum { FIRST_SLOTS = 64, MAX_STRING = 1 << 30 };

bool og_ptrs_reach(struct og_ptrs *l, uint32_t i, size_t *bytes)
{
	uint32_t k = 31 - (uint32_t)__builtin_clz(i / OG_PTRS_FIRST + 1);
	if (k >= OG_PTRS_CHUNKS)
		return false;
	if (l->chunk[k])
		return true;
	size_t n = (size_t)OG_PTRS_FIRST << k;
	l->chunk[k] = og_calloc(n, sizeof(void *));
	if (!l->chunk[k])
		return false;
	*bytes += og_block_cost(n * sizeof(void *));
	return true;
}

void og_ptrs_fini(struct og_ptrs *l, size_t *bytes)
{
	for (uint32_t k = 0; k < OG_PTRS_CHUNKS; k++) {
		if (l->chunk[k])
			*bytes -= og_block_cost(((size_t)OG_PTRS_FIRST << k) * sizeof(void *));
		og_free(l->chunk[k]);
		l->chunk[k] = NULL;
	}
}

/* NOLINTNEXTLINE(readability-non-const-parameter): it is kept, and written through */
void og_pool_init(struct og_pool *p, uint64_t seed, size_t *bytes)
{
	*p = (struct og_pool){.seed = seed, .bytes = bytes};
}

static void release_tables(struct og_pool *p)
{
	og_ptrs_fini(&p->strs, p->bytes);
	if (p->slots)
		*p->bytes -= og_block_cost(p->nslots * sizeof(*p->slots));
	og_free(p->slots);
	p->slots = NULL;
	p->nslots = p->used = p->free = 0;
}

/* Free numbers form a list within the pointers: the next one's number, times two plus one. */
static bool is_free(const void *v)
{
	return (uintptr_t)v & 1;
}

void og_pool_fini(struct og_pool *p)
{
	for (uint32_t i = 0; i < p->used; i++) {
		struct og_pstr *s = *og_ptrs_at(&p->strs, i);
		if (is_free(s))
			continue;
		*p->bytes -= og_block_cost(sizeof(*s) + s->len);
		og_free(s);
	}
	release_tables(p);
}

static bool grow(struct og_pool *p)
{
	uint32_t n = p->nslots ? p->nslots * 2 : FIRST_SLOTS;
	uint32_t *slots = n ? og_calloc(n, sizeof(*slots)) : NULL;
	if (!slots)
		return false;
	for (uint32_t i = 0; i < p->nslots; i++) {
		if (!p->slots[i])
			continue;
		uint32_t at = og_pool_str(p, p->slots[i])->hash & (n - 1);
		while (slots[at])
			at = (at + 1) & (n - 1);
		slots[at] = p->slots[i];
	}
	*p->bytes += og_block_cost(n * sizeof(*slots));
	if (p->slots)
		*p->bytes -= og_block_cost(p->nslots * sizeof(*slots));
	og_free(p->slots);
	p->slots = slots;
	p->nslots = n;
	return true;
}

/* The slot that holds s, or the empty one where it would be. */
static uint32_t find(const struct og_pool *p, struct og_sv s, uint32_t hash)
{
	uint32_t at = hash & (p->nslots - 1);
	for (; p->slots[at]; at = (at + 1) & (p->nslots - 1)) {
		const struct og_pstr *have = og_pool_str(p, p->slots[at]);
		if (have->hash == hash && og_sv_eq(og_sv(have->p, have->len), s))
			break;
	}
	return at;
}

static bool add(struct og_pool *p, struct og_sv s, uint32_t hash, uint32_t at, uint32_t *ret)
{
	uint32_t i = p->free ? p->free - 1 : p->used;
	struct og_pstr *str = NULL;
	if (s.n > MAX_STRING || !og_ptrs_reach(&p->strs, i, p->bytes) ||
		!(str = og_malloc(sizeof(*str) + s.n)))
		return false;
	*str = (struct og_pstr){.refs = 1, .hash = hash, .len = (uint32_t)s.n};
	memcpy(str->p, s.p, s.n);
	*p->bytes += og_block_cost(sizeof(*str) + s.n);
	if (p->free)
		p->free = (uint32_t)((uintptr_t)*og_ptrs_at(&p->strs, i) >> 1);
	else
		p->used++;
	*og_ptrs_at(&p->strs, i) = str;
	p->slots[at] = i + 1;
	p->live++;
	*ret = i + 1;
	return true;
}

bool og_pool_get(struct og_pool *p, struct og_sv s, uint32_t *ret)
{
	*ret = 0;
	if (!s.n)
		return true;
	if (p->live + 1 > p->nslots / 4 * 3 && !grow(p))
		return false;
	uint32_t hash = (uint32_t)og_hash64(p->seed, s), at = find(p, s, hash);
	if (!p->slots[at]) {
		if (add(p, s, hash, at, ret))
			return true;
		if (!p->live)
			release_tables(p);
		return false;
	}
	struct og_pstr *have = *og_ptrs_at(&p->strs, p->slots[at] - 1);
	have->refs++;
	*ret = p->slots[at];
	return true;
}

/* Closes the gap at `at`: what was pushed behind its place comes nearer. */
static void close_gap(struct og_pool *p, uint32_t at)
{
	uint32_t mask = p->nslots - 1;
	for (uint32_t i = (at + 1) & mask; p->slots[i]; i = (i + 1) & mask) {
		uint32_t home = og_pool_str(p, p->slots[i])->hash & mask;
		if (((i - home) & mask) < ((i - at) & mask))
			continue;
		p->slots[at] = p->slots[i];
		at = i;
	}
	p->slots[at] = 0;
}

void og_pool_drop(struct og_pool *p, uint32_t id)
{
	if (!id)
		return;
	void **place = og_ptrs_at(&p->strs, id - 1);
	struct og_pstr *s = *place;
	if (--s->refs)
		return;
	close_gap(p, find(p, og_sv(s->p, s->len), s->hash));
	*p->bytes -= og_block_cost(sizeof(*s) + s->len);
	og_free(s);
	*place = (void *)((uintptr_t)p->free * 2 + 1);
	p->free = id;
	if (--p->live == 0)
		release_tables(p);
}
