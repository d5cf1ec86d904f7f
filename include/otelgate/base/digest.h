/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* SHA-256 (FIPS 180-4) through OpenSSL's EVP, and hexadecimal text. Thread-safe per object. */
#include <stddef.h>
#include "otelgate/base/err.h"
#include "otelgate/base/str.h"

enum { OG_SHA256_BYTES = 32, OG_SHA256_HEX_BYTES = 2 * OG_SHA256_BYTES + 1 };

struct og_sha256 {
	void *evp_;  /* EVP_MD_CTX */
	bool failed; /* sticky: update many, check at the end */
};

/* One shot. 0, or -OG_E_OOM / -OG_E_BUG (the library refused); `out` is set on success only. */
int og_sha256(const void *p, size_t n, unsigned char out[OG_SHA256_BYTES], struct og_err *err);

/* Incremental. init may fail by making the object `failed`; final reports it. fini is always
 * allowed, also after final. A part is added with its length before it by og_sha256_part, so that
 * ("ab","c") and ("a","bc") differ. */
void og_sha256_init(struct og_sha256 *h);
void og_sha256_add(struct og_sha256 *h, const void *p, size_t n);
void og_sha256_part(struct og_sha256 *h, struct og_sv part);
int og_sha256_final(struct og_sha256 *h, unsigned char out[OG_SHA256_BYTES], struct og_err *err);
void og_sha256_fini(struct og_sha256 *h);
#define og_auto_sha256 __attribute__((cleanup(og_sha256_fini)))

/* Lower-case hex of n bytes and a NUL: `out` has 2 * n + 1 bytes. */
void og_hex(char *out, const void *p, size_t n);
