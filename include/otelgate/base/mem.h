/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Memory: checked allocation with one place to inject failures, and scope cleanup.
 * Raw malloc, calloc, realloc and strdup are not used outside this module.
 */
#include <stddef.h>
#include <stdbool.h>

/* NULL on failure or when n * size overflows. A size of 0 gives a unique non-NULL pointer. */
void *og_malloc(size_t bytes);
void *og_calloc(size_t n, size_t size);
/* Like realloc: on failure the old block stays valid. */
void *og_realloc(void *p, size_t n, size_t size);
void *og_memdup(const void *p, size_t bytes);
char *og_strdup(const char *s);
void og_free(void *p);
/* Gives memory that is free back to the system, where the C library can (glibc). Takes a while. */
void og_mem_trim(void);

/*
 * Failure injection for tests. While armed, every allocation (arena allocations included) is
 * counted, and the one with number `fail_at` (from 1) and all later ones fail if `sticky`, or
 * only that one otherwise. fail_at 0 only counts. The state is per thread.
 */
void og_mem_fault_arm(unsigned long fail_at, bool sticky);
/* Disarms and returns the number of allocations seen since og_mem_fault_arm. */
unsigned long og_mem_fault_disarm(void);
/* True when the current allocation has to fail; called by the allocators of base/. */
bool og_mem_fault_now(void);

void og_free_ptr_(void *pp); /* frees *(void **)pp; for og_auto_free */
void og_close_fd_(const int *fd);
#define og_auto(fn)  __attribute__((cleanup(fn)))
#define og_auto_free __attribute__((cleanup(og_free_ptr_)))
#define og_auto_fd   __attribute__((cleanup(og_close_fd_)))

/* Moves a pointer out of a variable with a cleanup attribute. */
#define og_take(p)                             \
	({                                     \
		__typeof__(p) og_taken_ = (p); \
		(p) = NULL;                    \
		og_taken_;                     \
	})

#define OG_COUNT(a) (sizeof(a) / sizeof((a)[0]))
