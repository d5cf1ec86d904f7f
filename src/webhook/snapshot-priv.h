/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* Shared by the two kinds of snapshots. */
#include "otelgate/core/config_read.h"
#include "otelgate/webhook/snapshot.h"

/* Files and their texts, in the snapshot's arena. */
struct snapshot_texts {
	const struct og_config_input *v;
	uint32_t n;
};

/* One reference; NULL when memory is out. */
struct og_snapshot *snapshot_new(void);
/* Files of the paths, folders recursively, in sorted order; sets s->files and s->hash. */
int snapshot_read_texts(struct og_snapshot *s, const char *const *paths, size_t npaths,
	struct snapshot_texts *ret, struct og_err *err);
