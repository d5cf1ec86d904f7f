/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Arena: bump allocation with a hard cap, freed all at once. One arena belongs to one thread and
 * one piece of work (an admission, a file). Memory is 16-byte aligned and not zeroed unless said.
 */
#include <stddef.h>
#include <stdbool.h>
#include "otelgate/base/str.h"

struct og_arena_block;

struct og_arena {
	struct og_arena_block *head; /* current block; chained to older ones */
	char *cur, *end;
	size_t block_bytes; /* size of a regular block */
	size_t max_bytes;   /* cap on the sum of all blocks */
	size_t used_bytes;  /* sum of all blocks */
	bool failed; /* an allocation failed since init or reset: what was made may be incomplete */
	bool full;   /* one of them because of max_bytes */
};

/* block_bytes 0 = 64 KiB, max_bytes 0 = 256 MiB. Allocates nothing yet. */
void og_arena_init(struct og_arena *a, size_t block_bytes, size_t max_bytes);
void og_arena_fini(struct og_arena *a);
#define og_auto_arena __attribute__((cleanup(og_arena_fini)))
/* Zeroes all that was handed out, and then as og_arena_fini: for arenas that held secrets. */
void og_arena_wipe(struct og_arena *a);
#define og_auto_arena_wipe __attribute__((cleanup(og_arena_wipe)))
/* Forgets all allocations; keeps one regular block, returns the others to the system. */
void og_arena_reset(struct og_arena *a);

/* NULL when the cap is reached or memory is out. */
void *og_arena_alloc(struct og_arena *a, size_t bytes);
void *og_arena_calloc(struct og_arena *a, size_t n, size_t size);
/* Grows the latest allocation in place when it can, else copies. The old pointer becomes invalid
 * on success and stays valid on failure (NULL). */
void *og_arena_grow(struct og_arena *a, void *p, size_t old_bytes, size_t new_bytes);
/* NUL-terminated copies. */
char *og_arena_strndup(struct og_arena *a, const char *p, size_t n);
char *og_arena_fmt(struct og_arena *a, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Copy as a view; {NULL,0} on failure. */
struct og_sv og_arena_sv(struct og_arena *a, struct og_sv s);

#define og_arena_new(a, type)	   ((type *)og_arena_calloc((a), 1, sizeof(type)))
#define og_arena_new_n(a, n, type) ((type *)og_arena_calloc((a), (n), sizeof(type)))
