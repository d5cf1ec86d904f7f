/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* A folder of its own for a test, under $TMPDIR or /tmp, removed with all it holds at the end of
 * the scope. Failures abort the test. */
#include <stddef.h>

struct og_tmpdir {
	char path[256];
};

struct og_tmpdir og_tmpdir_make(void);
void og_tmpdir_remove(struct og_tmpdir *d);
#define og_auto_tmpdir __attribute__((cleanup(og_tmpdir_remove)))

/* path/name in a buffer of the caller. */
const char *og_tmpdir_join(const struct og_tmpdir *d, const char *name, char *buf, size_t size);
/* Writes a file (not atomically; open, truncate, write). */
void og_tmpdir_write(const struct og_tmpdir *d, const char *name, const char *content);
