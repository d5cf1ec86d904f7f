/* SPDX-License-Identifier: Apache-2.0 */
/* SHA-256 through OpenSSL 3. The algorithm is fetched once: a fetch costs more than a short hash.
 */
#include "otelgate/base/digest.h"
#include "otelgate/base/mem.h"

#include <openssl/evp.h>
#include <pthread.h>
#include <stdint.h>

static EVP_MD *fetched;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void fetch(void)
{
	fetched = EVP_MD_fetch(NULL, "SHA256", NULL);
}

/* The library frees its own state at exit; this object would be reported as leaked before that. */
__attribute__((destructor)) static void release(void)
{
	EVP_MD_free(fetched);
	fetched = NULL;
}

static const EVP_MD *sha256(void)
{
	(void)pthread_once(&once, fetch);
	return fetched ? fetched : EVP_sha256();
}

void og_sha256_init(struct og_sha256 *h)
{
	h->evp_ = og_mem_fault_now() ? NULL : EVP_MD_CTX_new();
	h->failed = !h->evp_ || EVP_DigestInit_ex2(h->evp_, sha256(), NULL) != 1;
}

void og_sha256_add(struct og_sha256 *h, const void *p, size_t n)
{
	if (!h->failed && n && EVP_DigestUpdate(h->evp_, p, n) != 1)
		h->failed = true;
}

void og_sha256_part(struct og_sha256 *h, struct og_sv part)
{
	unsigned char len[8];
	for (unsigned i = 0; i < 8; i++)
		len[i] = (unsigned char)((uint64_t)part.n >> (8 * i));
	og_sha256_add(h, len, sizeof(len));
	og_sha256_add(h, part.p, part.n);
}

int og_sha256_final(struct og_sha256 *h, unsigned char out[OG_SHA256_BYTES], struct og_err *err)
{
	if (!h->evp_)
		return og_err_set(err, OG_E_OOM, "out of memory for a SHA-256 digest");
	unsigned char md[EVP_MAX_MD_SIZE];
	unsigned int n = 0;
	if (h->failed || EVP_DigestFinal_ex(h->evp_, md, &n) != 1 || n != OG_SHA256_BYTES)
		return og_err_set(err, OG_E_BUG, "the TLS library refused to compute SHA-256");
	h->failed = true; /* a second final is refused */
	memcpy(out, md, OG_SHA256_BYTES);
	return 0;
}

void og_sha256_fini(struct og_sha256 *h)
{
	EVP_MD_CTX_free(h->evp_);
	h->evp_ = NULL;
	h->failed = true;
}

int og_sha256(const void *p, size_t n, unsigned char out[OG_SHA256_BYTES], struct og_err *err)
{
	struct og_sha256 h;
	og_sha256_init(&h);
	og_sha256_add(&h, p, n);
	int rc = og_sha256_final(&h, out, err);
	og_sha256_fini(&h);
	return rc;
}

void og_hex(char *out, const void *p, size_t n)
{
	static const char digits[] = "0123456789abcdef";
	const unsigned char *b = p;
	for (size_t i = 0; i < n; i++) {
		out[2 * i] = digits[b[i] >> 4];
		out[2 * i + 1] = digits[b[i] & 15];
	}
	out[2 * n] = '\0';
}
