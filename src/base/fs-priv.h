/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "otelgate/base/fs.h"

/* og_fs_list with the folders met on the way (without the root) in *ret_dirs, unless NULL. */
int og_fs_walk_(const char *root, const struct og_fs_list_options *o, struct og_fs_list *ret_files,
	struct og_fs_list *ret_dirs, struct og_err *err);
