/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* What the files of this floor share. */
#include <pthread.h>
#include <stdatomic.h>
#include "otelgate/base/map.h"
#include "otelgate/cluster/cluster.h"

struct og_cluster;

/* Where facts about owners are. */
enum { CLUSTER_OWNER_PARTS = OG_CLUSTER_OWNERS | OG_CLUSTER_WORKLOADS };

/* One watched kind. */
struct cluster_watch {
	struct og_cluster *c;
	const struct og_cluster_kind *kind;
	struct og_store *store;
	struct og_watch *watch;
	_Atomic bool answered; /* SYNCED, ABSENT or FORBIDDEN once */
	bool down;	       /* FAILING or FORBIDDEN, as last heard */
	char field_selector[300];
};

/* The version of an object of configuration that was in force last. */
struct good_text {
	struct og_sv name; /* "TelemetryProfile/shop" */
	struct og_sv text;
};

struct og_cluster {
	struct og_cluster_opts o;
	char ns[254]; /* "" = all */
	char registration[254];
	struct cluster_watch watches[OG_CLUSTER_WATCHES];
	size_t nwatches;
	_Atomic bool synced;
	struct og_timer settle;

	pthread_mutex_t config_lock;
	struct og_cluster_config *config;
	uint64_t generation;
	struct og_arena good_arena;
	struct good_text *good;
	uint32_t ngood;

	/* Waiting for an owner: turned by every change of an OWNERS store. */
	pthread_mutex_t change_lock;
	pthread_cond_t change_cond;
	uint64_t changes;
	_Atomic unsigned waiting; /* reviews */
	/* What the server did not have: key → until when that is believed. */
	pthread_mutex_t negative_lock;
	struct og_map negative;

	struct og_metric_table *m;
};

enum cluster_metric {
	CM_LOOKUPS, /* result */
	CM_OBJECTS, /* state */
	CM_SYNCED,
	CM_COUNT_
};

struct cluster_watch *cluster_watch_of(struct og_cluster *c, struct og_sv group, struct og_sv kind);

/* config.c: reads all objects of configuration anew. On the loop's thread. */
void cluster_config_rebuild(struct og_cluster *c);
/* The projection of a configuration object: a small document of its own. */
int cluster_config_project(void *ctx, struct og_jval object, struct og_arena *scratch,
	struct og_buf *extra, struct og_err *err);

/* facts.c */
void cluster_facts_init(struct og_cluster *c);
void cluster_facts_fini(struct og_cluster *c);
void cluster_facts_changed(struct og_cluster *c);

/* missed.c: the projection of pods and owners: when the opt-in was written, as decimal text. */
int cluster_written_project(void *ctx, struct og_jval object, struct og_arena *scratch,
	struct og_buf *extra, struct og_err *err);
/* The registration as it was received. */
int cluster_registration_project(void *ctx, struct og_jval object, struct og_arena *scratch,
	struct og_buf *extra, struct og_err *err);

/* projections.c */
int cluster_workload_project(void *ctx, struct og_jval object, struct og_arena *scratch,
	struct og_buf *extra, struct og_err *err);
int cluster_podstate_project(void *ctx, struct og_jval object, struct og_arena *scratch,
	struct og_buf *extra, struct og_err *err);
int cluster_spec_project(void *ctx, struct og_jval object, struct og_arena *scratch,
	struct og_buf *extra, struct og_err *err);
int cluster_telemetry_project(void *ctx, struct og_jval object, struct og_arena *scratch,
	struct og_buf *extra, struct og_err *err);
int cluster_status_project(void *ctx, struct og_jval object, struct og_arena *scratch,
	struct og_buf *extra, struct og_err *err);
