/* SPDX-License-Identifier: Apache-2.0 */
/* Bump allocation in blocks. */
#include "otelgate/base/arena.h"
#include "otelgate/base/mem.h"
#include "otelgate/base/secret.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

struct og_arena_block {
	struct og_arena_block *older;
	size_t bytes; /* of data */
	_Alignas(16) char data[];
};

enum { ALIGN = 16 };

void og_arena_init(struct og_arena *a, size_t block_bytes, size_t max_bytes)
{
	*a = (struct og_arena){
		.block_bytes = block_bytes ? block_bytes : (size_t)64 << 10,
		.max_bytes = max_bytes ? max_bytes : (size_t)256 << 20,
	};
}

void og_arena_fini(struct og_arena *a)
{
	for (struct og_arena_block *b = a->head; b;) {
		struct og_arena_block *older = b->older;
		og_free(b);
		b = older;
	}
	og_arena_init(a, a->block_bytes, a->max_bytes);
}

void og_arena_wipe(struct og_arena *a)
{
	for (struct og_arena_block *b = a->head; b; b = b->older)
		og_wipe(b->data, b->bytes);
	og_arena_fini(a);
}

void og_arena_reset(struct og_arena *a)
{
	struct og_arena_block *keep = NULL;
	for (struct og_arena_block *b = a->head; b;) {
		struct og_arena_block *older = b->older;
		if (!keep && b->bytes == a->block_bytes)
			keep = b;
		else
			og_free(b);
		b = older;
	}
	a->head = keep;
	a->used_bytes = 0;
	a->failed = a->full = false;
	a->cur = a->end = NULL;
	if (keep) {
		keep->older = NULL;
		a->used_bytes = keep->bytes;
		a->cur = keep->data;
		a->end = keep->data + keep->bytes;
	}
}

static bool add_block(struct og_arena *a, size_t need)
{
	size_t bytes = need > a->block_bytes ? need : a->block_bytes;
	if (bytes > a->max_bytes || a->used_bytes > a->max_bytes - bytes) {
		a->full = true;
		return false;
	}
	struct og_arena_block *b = og_malloc(sizeof(*b) + bytes);
	if (!b)
		return false;
	b->bytes = bytes;
	b->older = a->head;
	a->head = b;
	a->used_bytes += bytes;
	a->cur = b->data;
	a->end = b->data + bytes;
	return true;
}

static void *no_memory(struct og_arena *a)
{
	a->failed = true;
	return NULL;
}

void *og_arena_alloc(struct og_arena *a, size_t bytes)
{
	if (og_mem_fault_now() || bytes > SIZE_MAX - ALIGN)
		return no_memory(a);
	size_t need = (bytes + ALIGN - 1) & ~(size_t)(ALIGN - 1);
	if (need == 0)
		need = ALIGN;
	if ((size_t)(a->end - a->cur) < need && !add_block(a, need))
		return no_memory(a);
	void *p = a->cur;
	a->cur += need;
	return p;
}

void *og_arena_calloc(struct og_arena *a, size_t n, size_t size)
{
	size_t bytes;
	if (__builtin_mul_overflow(n, size, &bytes))
		return no_memory(a);
	void *p = og_arena_alloc(a, bytes);
	if (p)
		memset(p, 0, bytes);
	return p;
}

void *og_arena_grow(struct og_arena *a, void *p, size_t old_bytes, size_t new_bytes)
{
	size_t old_need = (old_bytes + ALIGN - 1) & ~(size_t)(ALIGN - 1);
	if (p && old_need && (char *)p + old_need == a->cur && new_bytes <= SIZE_MAX - ALIGN) {
		size_t need = (new_bytes + ALIGN - 1) & ~(size_t)(ALIGN - 1);
		if (need >= old_need && need - old_need <= (size_t)(a->end - a->cur)) {
			if (og_mem_fault_now())
				return no_memory(a);
			a->cur = (char *)p + need;
			return p;
		}
	}
	void *q = og_arena_alloc(a, new_bytes);
	if (q && old_bytes)
		memcpy(q, p, old_bytes < new_bytes ? old_bytes : new_bytes);
	return q;
}

char *og_arena_strndup(struct og_arena *a, const char *p, size_t n)
{
	if (n == SIZE_MAX)
		return no_memory(a);
	char *s = og_arena_alloc(a, n + 1);
	if (!s)
		return NULL;
	if (n)
		memcpy(s, p, n);
	s[n] = '\0';
	return s;
}

char *og_arena_fmt(struct og_arena *a, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	int n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n < 0)
		return NULL;
	char *s = og_arena_alloc(a, (size_t)n + 1);
	if (!s)
		return NULL;
	va_start(ap, fmt);
	vsnprintf(s, (size_t)n + 1, fmt, ap);
	va_end(ap);
	return s;
}

struct og_sv og_arena_sv(struct og_arena *a, struct og_sv s)
{
	char *p = og_arena_strndup(a, s.p, s.n);
	return p ? og_sv(p, s.n) : (struct og_sv){NULL, 0};
}
