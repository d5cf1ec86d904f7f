/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* Configuration files and folders into texts for core/config_read.h. */
#include "otelgate/core/config_read.h"

enum {
	OG_CONFIG_FILE_MAX_BYTES = 4 << 20,
	OG_CONFIG_TOTAL_MAX_BYTES = 32 << 20,
	OG_CONFIG_MAX_FILES = 1000
};

/*
 * Reads each path: a file, a folder (its .yaml, .yml and .json files, also in folders below, in
 * byte order of their paths; names that begin with '.' are left out), or "-" for the descriptor
 * `stdin_fd` (-1 = "-" is refused). A file named twice is read once. Texts and names are the
 * arena's. Errors: NOT_FOUND (also for a folder without such files), IO, LIMIT, OOM.
 */
int og_config_files_read(struct og_arena *arena, const char *const *paths, size_t npaths,
	int stdin_fd, const struct og_config_input **ret, size_t *ret_n, struct og_err *err);
