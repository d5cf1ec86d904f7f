/* SPDX-License-Identifier: Apache-2.0 */
/* libcurl's initialisation, with memory that is wiped when given back: tokens, keys and bodies pass
 * through its buffers. */
#include "httpc-priv.h"

#include <malloc.h>
#include <openssl/crypto.h>
#include <pthread.h>
#include "otelgate/base/libmem.h"
#include "otelgate/base/mem.h"

static void wiping_free(void *p)
{
	if (p)
		og_wipe(p, malloc_usable_size(p));
	og_free(p);
}

static void *wiping_realloc(void *p, size_t n)
{
	size_t had = p ? malloc_usable_size(p) : 0;
	if (p && n <= had && n >= had / 2)
		return p;
	void *q = og_malloc(n);
	if (!q)
		return NULL;
	if (p)
		memcpy(q, p, had < n ? had : n);
	wiping_free(p);
	return q;
}

/* OpenSSL keeps records in buffers that it gives back as they are. */
static void *ssl_malloc(size_t n, const char *file, int line)
{
	(void)file, (void)line;
	return og_lib_malloc(n);
}

static void *ssl_realloc(void *p, size_t n, const char *file, int line)
{
	(void)file, (void)line;
	return og_lib_realloc(p, n);
}

static void ssl_free(void *p, const char *file, int line)
{
	(void)file, (void)line;
	og_lib_free(p);
}

/* Only possible before OpenSSL has allocated anything. */
__attribute__((constructor)) static void wipe_ssl_memory(void)
{
	(void)CRYPTO_set_mem_functions(ssl_malloc, ssl_realloc, ssl_free);
}

int httpc_global_init(struct og_err *err)
{
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	static bool done;
	int rc = 0;

	(void)pthread_mutex_lock(&lock);
	if (!done) {
		rc = httpc_curl_load(NULL, &httpc_curl, err);
		if (rc == 0 && curl(global_init_mem)(CURL_GLOBAL_DEFAULT, og_malloc, wiping_free,
				       wiping_realloc, og_strdup, og_calloc) != CURLE_OK)
			rc = og_err_set(err, OG_E_OOM, "libcurl cannot be initialised");
		done = rc == 0;
	}
	(void)pthread_mutex_unlock(&lock);
	return rc;
}
