/* SPDX-License-Identifier: Apache-2.0 */
/* Secret bytes in pages of their own. */
#include "otelgate/base/secret.h"
#include "otelgate/base/mem.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

void og_wipe(void *p, size_t n)
{
	if (n)
		explicit_bzero(p, n);
}

bool og_ct_eq(const void *a, const void *b, size_t n)
{
	const volatile unsigned char *x = a, *y = b;
	unsigned char diff = 0;
	for (size_t i = 0; i < n; i++)
		diff = (unsigned char)(diff | (x[i] ^ y[i]));
	return diff == 0;
}

int og_secret_set(struct og_secret *s, const void *p, size_t n, struct og_err *err)
{
	if (n > OG_SECRET_MAX_BYTES)
		return og_err_set(err, OG_E_LIMIT, "a secret of %zu bytes is above the limit of %d",
			n, OG_SECRET_MAX_BYTES);
	long page = sysconf(_SC_PAGESIZE);
	size_t unit = page > 0 ? (size_t)page : 4096;
	size_t bytes = (n + 1 + unit - 1) / unit * unit;
	void *mem = og_mem_fault_now() ? MAP_FAILED
				       : mmap(NULL, bytes, PROT_READ | PROT_WRITE,
						 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (mem == MAP_FAILED)
		return og_err_set(err, OG_E_OOM, "out of memory for a secret");
	(void)madvise(mem, bytes, MADV_DONTDUMP); /* best effort */
	if (n)
		memcpy(mem, p, n);
	og_secret_fini(s);
	*s = (struct og_secret){mem, n, bytes};
	return 0;
}

void og_secret_fini(struct og_secret *s)
{
	if (s->page_) {
		og_wipe(s->page_, s->len_);
		(void)munmap(s->page_, s->mapped_);
	}
	*s = (struct og_secret)OG_SECRET_INIT;
}

bool og_secret_is_set(const struct og_secret *s)
{
	return s->page_ != NULL;
}

size_t og_secret_len(const struct og_secret *s)
{
	return s->len_;
}

const void *og_secret_expose(const struct og_secret *s)
{
	return s->page_;
}

bool og_secret_eq(const struct og_secret *s, const void *p, size_t n)
{
	return s->page_ && s->len_ == n && og_ct_eq(s->page_, p, n);
}
