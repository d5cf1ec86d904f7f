/* SPDX-License-Identifier: Apache-2.0 */
#include "support/tmpdir.h"

#include <check.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct og_tmpdir og_tmpdir_make(void)
{
	struct og_tmpdir d;
	const char *base = getenv("TMPDIR");
	int n = snprintf(
		d.path, sizeof(d.path), "%s/og-test-XXXXXX", base && *base ? base : "/tmp");
	ck_assert(n > 0 && (size_t)n < sizeof(d.path));
	ck_assert_ptr_nonnull(mkdtemp(d.path));
	return d;
}

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
	(void)flag;
	(void)ftw;
	if (S_ISDIR(st->st_mode))
		(void)chmod(path, 0700);
	(void)remove(path);
	return 0;
}

void og_tmpdir_remove(struct og_tmpdir *d)
{
	(void)nftw(d->path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

const char *og_tmpdir_join(const struct og_tmpdir *d, const char *name, char *buf, size_t size)
{
	int n = snprintf(buf, size, "%s/%s", d->path, name);
	ck_assert(n > 0 && (size_t)n < size);
	return buf;
}

void og_tmpdir_write(const struct og_tmpdir *d, const char *name, const char *content)
{
	char path[512];
	FILE *f = fopen(og_tmpdir_join(d, name, path, sizeof(path)), "w");
	ck_assert_ptr_nonnull(f);
	ck_assert_uint_eq(fwrite(content, 1, strlen(content), f), strlen(content));
	ck_assert_int_eq(fclose(f), 0);
}
