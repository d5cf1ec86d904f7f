/* SPDX-License-Identifier: Apache-2.0 */
/* Checked allocation and fault injection. The only file that calls malloc. */
#include "otelgate/base/mem.h"
#include "otelgate/base/libmem.h"

#include <errno.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static __thread struct {
	bool armed, sticky;
	unsigned long seen, fail_at;
} fault;

void og_mem_fault_arm(unsigned long fail_at, bool sticky)
{
	fault.armed = true;
	fault.sticky = sticky;
	fault.seen = 0;
	fault.fail_at = fail_at;
}

unsigned long og_mem_fault_disarm(void)
{
	fault.armed = false;
	return fault.seen;
}

bool og_mem_fault_now(void)
{
	if (__builtin_expect(!fault.armed, 1))
		return false;
	fault.seen++;
	if (!fault.fail_at)
		return false;
	return fault.sticky ? fault.seen >= fault.fail_at : fault.seen == fault.fail_at;
}

void *og_malloc(size_t bytes)
{
	if (og_mem_fault_now())
		return NULL;
	return malloc(bytes ? bytes : 1);
}

void *og_calloc(size_t n, size_t size)
{
	if (og_mem_fault_now())
		return NULL;
	return calloc(n ? n : 1, size ? size : 1);
}

void *og_realloc(void *p, size_t n, size_t size)
{
	size_t bytes;
	if (__builtin_mul_overflow(n, size, &bytes) || og_mem_fault_now())
		return NULL;
	return realloc(p, bytes ? bytes : 1);
}

void *og_memdup(const void *p, size_t bytes)
{
	void *copy = og_malloc(bytes);
	if (copy && bytes)
		memcpy(copy, p, bytes);
	return copy;
}

char *og_strdup(const char *s)
{
	return og_memdup(s, strlen(s) + 1);
}

void og_free(void *p)
{
	free(p);
}

void og_mem_trim(void)
{
#ifdef __GLIBC__
	(void)malloc_trim(0);
#endif
}

void og_free_ptr_(void *pp)
{
	void *p;
	memcpy(&p, pp, sizeof(p)); /* pp is a pointer to some T *, not to void * */
	free(p);
}

void og_close_fd_(const int *fd)
{
	if (*fd >= 0) {
		int saved = errno;
		(void)close(*fd);
		errno = saved;
	}
}

void *og_lib_malloc(size_t bytes)
{
	return malloc(bytes ? bytes : 1);
}

void og_lib_free(void *p)
{
	if (p)
		explicit_bzero(p, malloc_usable_size(p));
	free(p);
}

void *og_lib_realloc(void *p, size_t bytes)
{
	size_t had = p ? malloc_usable_size(p) : 0;
	if (p && bytes && bytes <= had && bytes >= had / 2)
		return p;
	void *q = bytes ? malloc(bytes) : NULL;
	if (bytes && !q)
		return NULL;
	if (p && q)
		memcpy(q, p, had < bytes ? had : bytes);
	og_lib_free(p);
	return q;
}
