/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* Files and folders of configuration, or of objects, into texts. */
#include "otelgate/core/config_read.h"

enum {
	OG_CONFIG_FILE_MAX_BYTES = 4 << 20,
	OG_CONFIG_TOTAL_MAX_BYTES = 32 << 20,
	OG_CONFIG_MAX_FILES = 1000
};

struct og_files_limits {
	size_t file_bytes, total_bytes, files;
	bool may_be_empty; /* a folder without such files is no error */
};
extern const struct og_files_limits og_config_files_limits; /* those above */

/*
 * Reads each path: a file, a folder (its .yaml, .yml and .json files, also in folders below, in
 * byte order of their paths; names that begin with '.' are left out), or "-" for the descriptor
 * `stdin_fd` (-1 = "-" is refused). A file named twice is read once. Texts and names are the
 * arena's. Errors: NOT_FOUND (also for a folder without such files), IO, LIMIT, OOM.
 */
int og_files_read(struct og_arena *arena, const char *const *paths, size_t npaths, int stdin_fd,
	const struct og_files_limits *limits, const struct og_config_input **ret, size_t *ret_n,
	struct og_err *err);
/* The same within og_config_files_limits. */
int og_config_files_read(struct og_arena *arena, const char *const *paths, size_t npaths,
	int stdin_fd, const struct og_config_input **ret, size_t *ret_n, struct og_err *err);
