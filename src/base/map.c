/* SPDX-License-Identifier: Apache-2.0 */
/* Compact hash map: a dense array of entries in insertion order and a table of slots into it. */
#include "otelgate/base/map.h"
#include "otelgate/base/mem.h"

#include <string.h>

static uint64_t rotl(uint64_t x, unsigned b)
{
	return (x << b) | (x >> (64 - b));
}

static void sip_round(uint64_t v[4])
{
	v[0] += v[1];
	v[1] = rotl(v[1], 13) ^ v[0];
	v[0] = rotl(v[0], 32);
	v[2] += v[3];
	v[3] = rotl(v[3], 16) ^ v[2];
	v[0] += v[3];
	v[3] = rotl(v[3], 21) ^ v[0];
	v[2] += v[1];
	v[1] = rotl(v[1], 17) ^ v[2];
	v[2] = rotl(v[2], 32);
}

static uint64_t load_le(const char *p, size_t n)
{
	uint64_t w = 0;
	for (size_t i = n; i > 0; i--)
		w = w << 8 | (unsigned char)p[i - 1];
	return w;
}

uint64_t og_hash64(uint64_t seed, struct og_sv s)
{
	uint64_t k0 = seed, k1 = ~seed;
	/* "somepseudorandomlygeneratedbytes", the constants of the SipHash paper */
	uint64_t v[4] = {k0 ^ 0x736f6d6570736575ULL, k1 ^ 0x646f72616e646f6dULL,
		k0 ^ 0x6c7967656e657261ULL, k1 ^ 0x7465646279746573ULL};
	size_t i = 0;
	for (; i + 8 <= s.n; i += 8) {
		uint64_t m = load_le(s.p + i, 8);
		v[3] ^= m;
		sip_round(v);
		v[0] ^= m;
	}
	uint64_t m = (uint64_t)s.n << 56 | (s.n > i ? load_le(s.p + i, s.n - i) : 0);
	v[3] ^= m;
	sip_round(v);
	v[0] ^= m;
	v[2] ^= 0xff;
	for (int r = 0; r < 3; r++)
		sip_round(v);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}

enum { FIRST_CAP = 8, MAX_ENTRIES = 1 << 28 };

static void *get_mem(struct og_map *m, size_t n, size_t size)
{
	return m->arena_ ? og_arena_calloc(m->arena_, n, size) : og_calloc(n, size);
}

static void put_mem(struct og_map *m, void *p)
{
	if (!m->arena_)
		og_free(p);
}

void og_map_init(struct og_map *m, uint64_t seed, struct og_arena *arena)
{
	*m = (struct og_map){.seed_ = seed, .arena_ = arena};
}

static void free_key(struct og_map *m, struct og_map_entry *e)
{
	union {
		const char *c;
		void *v;
	} key = {.c = e->key.p};
	put_mem(m, key.v);
	e->key = (struct og_sv){NULL, 0};
}

void og_map_clear(struct og_map *m)
{
	for (uint32_t i = 0; i < m->nentries_; i++)
		if (m->entries_[i].key.p)
			free_key(m, &m->entries_[i]);
	if (m->nslots_)
		memset(m->slots_, 0, m->nslots_ * sizeof(*m->slots_));
	m->nentries_ = m->live_ = 0;
}

void og_map_fini(struct og_map *m)
{
	og_map_clear(m);
	put_mem(m, m->entries_);
	put_mem(m, m->slots_);
	og_map_init(m, m->seed_, m->arena_);
}

/* A removed entry keeps its slot until the next rebuild, so that probing goes past it. */
static struct og_map_entry *lookup(
	const struct og_map *m, struct og_sv key, uint32_t hash, uint32_t *ret_slot)
{
	if (!m->nslots_)
		return NULL;
	uint32_t mask = m->nslots_ - 1;
	for (uint32_t i = hash & mask;; i = (i + 1) & mask) {
		uint32_t number = m->slots_[i];
		if (!number) {
			*ret_slot = i;
			return NULL;
		}
		struct og_map_entry *e = &m->entries_[number - 1];
		if (e->hash_ == hash && e->key.p && og_sv_eq(e->key, key))
			return e;
	}
}

struct og_map_entry *og_map_find(const struct og_map *m, struct og_sv key)
{
	uint32_t slot;
	return m->live_ ? lookup(m, key, (uint32_t)og_hash64(m->seed_, key), &slot) : NULL;
}

void *og_map_get(const struct og_map *m, struct og_sv key)
{
	struct og_map_entry *e = og_map_find(m, key);
	return e ? e->value : NULL;
}

/* New arrays without the holes; twice as large when more than half of the entries live. */
static bool rebuild(struct og_map *m)
{
	uint32_t cap = m->cap_ ? m->cap_ : FIRST_CAP;
	if (m->cap_ && m->live_ >= m->cap_ / 2)
		cap *= 2;
	if (cap > MAX_ENTRIES)
		return false;
	struct og_map_entry *entries = get_mem(m, cap, sizeof(*entries));
	uint32_t *slots = get_mem(m, (size_t)cap * 2, sizeof(*slots));
	if (!entries || !slots) {
		put_mem(m, entries);
		put_mem(m, slots);
		return false;
	}
	uint32_t n = 0, mask = cap * 2 - 1;
	for (uint32_t k = 0; k < m->nentries_; k++) {
		if (!m->entries_[k].key.p)
			continue;
		uint32_t i = m->entries_[k].hash_ & mask;
		while (slots[i])
			i = (i + 1) & mask;
		entries[n++] = m->entries_[k];
		slots[i] = n;
	}
	put_mem(m, m->entries_);
	put_mem(m, m->slots_);
	m->entries_ = entries;
	m->slots_ = slots;
	m->nslots_ = cap * 2;
	m->nentries_ = n;
	m->cap_ = cap;
	return true;
}

static char *copy_key(struct og_map *m, struct og_sv key)
{
	if (m->arena_)
		return og_arena_strndup(m->arena_, key.p, key.n);
	char *p = key.n < SIZE_MAX ? og_malloc(key.n + 1) : NULL;
	if (!p)
		return NULL;
	if (key.n)
		memcpy(p, key.p, key.n);
	p[key.n] = '\0';
	return p;
}

struct og_map_entry *og_map_put(struct og_map *m, struct og_sv key, bool *ret_new)
{
	uint32_t hash = (uint32_t)og_hash64(m->seed_, key), slot = 0;
	struct og_map_entry *e = lookup(m, key, hash, &slot);
	if (e) {
		if (ret_new)
			*ret_new = false;
		return e;
	}
	if (m->nentries_ == m->cap_) {
		if (!rebuild(m))
			return NULL;
		(void)lookup(m, key, hash, &slot);
	}
	char *copy = copy_key(m, key);
	if (!copy)
		return NULL;
	e = &m->entries_[m->nentries_++];
	*e = (struct og_map_entry){.key = og_sv(copy, key.n), .hash_ = hash};
	m->slots_[slot] = m->nentries_;
	m->live_++;
	if (ret_new)
		*ret_new = true;
	return e;
}

bool og_map_set(struct og_map *m, struct og_sv key, void *value)
{
	struct og_map_entry *e = og_map_put(m, key, NULL);
	if (!e)
		return false;
	e->value = value;
	return true;
}

void *og_map_remove(struct og_map *m, struct og_sv key)
{
	struct og_map_entry *e = og_map_find(m, key);
	if (!e)
		return NULL;
	void *value = e->value;
	free_key(m, e);
	e->value = NULL;
	m->live_--;
	return value;
}

struct og_map_entry *og_map_next(const struct og_map *m, const struct og_map_entry *e)
{
	for (size_t i = e ? (size_t)(e - m->entries_) + 1 : 0; i < m->nentries_; i++)
		if (m->entries_[i].key.p)
			return &m->entries_[i];
	return NULL;
}

void og_intern_init(struct og_intern *t, uint64_t seed, struct og_arena *arena)
{
	og_map_init(&t->map_, seed, arena);
}

struct og_sv og_intern_sv(struct og_intern *t, struct og_sv s)
{
	struct og_map_entry *e = og_map_put(&t->map_, s, NULL);
	return e ? e->key : (struct og_sv){NULL, 0};
}

size_t og_intern_count(const struct og_intern *t)
{
	return og_map_count(&t->map_);
}
