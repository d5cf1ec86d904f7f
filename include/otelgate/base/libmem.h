/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Memory for libraries that take an allocator: never made to fail by the injection of base/mem.h,
 * and zeroed when it is given back. Keys, tokens and records of others pass through it.
 */
#include <stddef.h>

void *og_lib_malloc(size_t bytes);
void *og_lib_realloc(void *p, size_t bytes); /* 0 bytes free it */
void og_lib_free(void *p);
