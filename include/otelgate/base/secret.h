/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Secret bytes: kept in pages of their own that are left out of core dumps (best effort) and
 * zeroed before they are given back. The type has no printf path: log fields of this type print
 * "[redacted]", and the bytes can be had only through og_secret_expose, which is easy to grep.
 * One owner; not thread-safe while being set.
 */
#include <stddef.h>
#include <stdbool.h>
#include "otelgate/base/err.h"

struct og_secret {
	void *page_; /* NULL = unset */
	size_t len_, mapped_;
};
#define OG_SECRET_INIT        \
	{                     \
		.page_ = NULL \
	}

enum { OG_SECRET_MAX_BYTES = 1 << 20 }; /* a Kubernetes Secret holds at most 1 MiB */

/* Copies n bytes in (0 is a set, empty secret); what was there before is zeroed, and kept on
 * failure. -OG_E_LIMIT above OG_SECRET_MAX_BYTES, -OG_E_OOM. The caller zeroes its own copy. */
int og_secret_set(struct og_secret *s, const void *p, size_t n, struct og_err *err);
/* Zeroes and releases; the secret is unset afterwards. */
void og_secret_fini(struct og_secret *s);
#define og_auto_secret __attribute__((cleanup(og_secret_fini)))

bool og_secret_is_set(const struct og_secret *s);
size_t og_secret_len(const struct og_secret *s);
/* Borrowed bytes, followed by one NUL, valid until set or fini; NULL when unset. */
const void *og_secret_expose(const struct og_secret *s);

/* Compares in a time that depends on n alone (and on whether the lengths are equal).
 * An unset secret equals nothing. */
bool og_secret_eq(const struct og_secret *s, const void *p, size_t n);
/* The same for plain memory of equal length. */
bool og_ct_eq(const void *a, const void *b, size_t n);
/* Zeroes memory in a way the compiler keeps. */
void og_wipe(void *p, size_t n);
