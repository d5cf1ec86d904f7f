/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * What a review reads beside the pod, as immutable snapshots: the configuration, and the objects
 * of a folder (namespaces, owners, ConfigMaps). A snapshot is made once, then only read, by any
 * number of threads; it is freed with its last reference. A cell holds the one in force.
 */
#include <pthread.h>
#include <stdatomic.h>
#include "otelgate/cluster/cluster.h"
#include "otelgate/core/config.h"
#include "otelgate/core/facts.h"

enum {
	OG_SNAPSHOT_FILE_BYTES = 8 << 20, /* as codec/source reads at most */
	OG_SNAPSHOT_FILES = 10000,
	OG_SNAPSHOT_ARENA_BYTES = 512 << 20,
};

struct og_snapshot {
	_Atomic unsigned refs_;
	struct og_arena arena;
	uint64_t generation;	/* 1, 2, …: given by the cell's owner before it is set */
	int64_t loaded_wall_ns; /* the same */
	char hash[65];		/* SHA-256 of what was read, lower-case hex */
	const char **files;
	uint32_t nfiles;
	/* configuration */
	struct og_config *config;
	uint32_t nwarnings;
	struct og_cluster_config *of_cluster; /* made of objects of a cluster; NULL = of files */
	/* objects */
	struct og_facts_source facts; /* any number of threads, see core/facts.h */
	uint32_t nobjects;
};

/*
 * Reads configuration files and folders (*.yaml, *.yml, *.json). On -OG_E_CONFIG every problem is a
 * line of `problems`; warnings are there too on success. Folders may be empty, paths must exist.
 * Errors: CONFIG, NOT_FOUND, IO, LIMIT, OOM.
 */
int og_snapshot_load_config(const char *const *paths, size_t npaths, struct og_snapshot **ret,
	struct og_buf *problems, struct og_err *err);

/*
 * Reads all objects under a file or folder; Lists are taken apart. Objects without a name are
 * skipped; of two with the same identity the later file's holds. Errors: PARSE, IO, NOT_FOUND,
 * LIMIT, OOM.
 */
int og_snapshot_load_objects(const char *path, struct og_snapshot **ret, struct og_err *err);

/* The configuration that a cluster's objects make. NULL when memory is out; the reference is taken
 * in any case. */
struct og_snapshot *og_snapshot_of_cluster(struct og_cluster_config *take);

struct og_snapshot *og_snapshot_ref(struct og_snapshot *s);
void og_snapshot_unref(struct og_snapshot *s); /* NULL is fine */
void og_snapshot_unref_ptr_(struct og_snapshot **s);
#define og_auto_snapshot __attribute__((cleanup(og_snapshot_unref_ptr_)))

struct og_snapshot_cell {
	pthread_mutex_t lock_;
	struct og_snapshot *cur_;
};
#define OG_SNAPSHOT_CELL_INIT                       \
	{                                           \
		.lock_ = PTHREAD_MUTEX_INITIALIZER, \
	}
/* A reference of the caller's own; NULL when nothing was ever set. */
struct og_snapshot *og_snapshot_get(struct og_snapshot_cell *c);
/* Takes the reference; the former one is given up. NULL empties the cell. */
void og_snapshot_set(struct og_snapshot_cell *c, struct og_snapshot *take);
