/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * String-keyed hash map that iterates in insertion order, and a table of interned strings.
 *
 * Hashing is SipHash-1-3 with a caller-given seed: the program draws one at start, so that hostile
 * keys cannot be chosen to collide; tests and pure code pass a constant. Order of iteration never
 * depends on the seed. Keys are copied and may hold any bytes. Not thread-safe.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdbool.h>
#include "otelgate/base/str.h"
#include "otelgate/base/arena.h"

/* SipHash-1-3 (https://www.aumasson.jp/siphash/siphash.pdf), key (seed, ~seed). */
uint64_t og_hash64(uint64_t seed, struct og_sv s);

struct og_map_entry {
	struct og_sv key; /* NUL-terminated copy; p is NULL in a removed entry */
	void *value;
	uint32_t hash_;
};

struct og_map {
	struct og_map_entry *entries_; /* in insertion order, with holes after removals */
	uint32_t *slots_;	       /* entry number + 1; 0 free */
	uint32_t nslots_, nentries_, cap_, live_;
	uint64_t seed_;
	struct og_arena *arena_;
};

/* Allocates nothing yet. With an arena, table and keys live there and og_map_fini is optional;
 * with NULL they are on the heap. */
void og_map_init(struct og_map *m, uint64_t seed, struct og_arena *arena);
void og_map_fini(struct og_map *m); /* values belong to the caller */
#define og_auto_map __attribute__((cleanup(og_map_fini)))

/* NULL when absent. Entry pointers are valid until the next put or remove. */
struct og_map_entry *og_map_find(const struct og_map *m, struct og_sv key);
/* The value, or NULL when absent. */
void *og_map_get(const struct og_map *m, struct og_sv key);
/* Finds or adds (with value NULL); *ret_new (may be NULL) tells which. NULL when out of memory;
 * the map is unchanged then. */
struct og_map_entry *og_map_put(struct og_map *m, struct og_sv key, bool *ret_new);
/* Sets the value; false when out of memory. A replaced value is the caller's business. */
bool og_map_set(struct og_map *m, struct og_sv key, void *value);
/* Removes and returns the value; NULL when absent. */
void *og_map_remove(struct og_map *m, struct og_sv key);
/* Forgets all entries, keeps the table's memory. */
void og_map_clear(struct og_map *m);
static inline size_t og_map_count(const struct og_map *m)
{
	return m->live_;
}

/* Insertion order; NULL starts, NULL ends. Removing the current entry while iterating is fine. */
struct og_map_entry *og_map_next(const struct og_map *m, const struct og_map_entry *e);
#define og_map_for(m, e) \
	for (struct og_map_entry *e = og_map_next((m), NULL); e; e = og_map_next((m), e))

/* Interned strings: equal content, equal pointer. The strings live in the arena. */
struct og_intern {
	struct og_map map_;
};
void og_intern_init(struct og_intern *t, uint64_t seed, struct og_arena *arena);
/* The one copy of s (NUL-terminated); {NULL, 0} when out of memory. */
struct og_sv og_intern_sv(struct og_intern *t, struct og_sv s);
size_t og_intern_count(const struct og_intern *t);
