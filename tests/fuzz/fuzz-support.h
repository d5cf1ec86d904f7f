/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* What the harnesses share. A broken promise aborts, with the place. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include "otelgate/base/mem.h"
#include "otelgate/codec/jdoc.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define FUZZ_CHECK(cond)                                                                   \
	do {                                                                               \
		if (!(cond)) {                                                             \
			fprintf(stderr, "%s:%d: broken: %s\n", __FILE__, __LINE__, #cond); \
			abort();                                                           \
		}                                                                          \
	} while (0)

/* Splits at the first NUL byte; false when there is none. */
static inline bool fuzz_split(const uint8_t *data, size_t size, struct og_sv *a, struct og_sv *b)
{
	struct og_sv all = og_sv((const char *)data, size);
	size_t at = og_sv_chr(all, '\0');
	if (at == size)
		return false;
	*a = og_sv(all.p, at);
	*b = og_sv(all.p + at + 1, size - at - 1);
	return true;
}
