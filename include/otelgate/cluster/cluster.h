/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * What a process knows of its cluster: watches that fill stores, the configuration made from
 * objects, and facts about pods' owners for the engine.
 *
 * Lives on a loop. Functions marked [any thread] may be called by others while it runs there.
 */
#include "otelgate/cluster/kinds.h"
#include "otelgate/core/missed.h"
#include "otelgate/kube/watch.h"

struct og_cluster;

/* A configuration made from GrafanaStack and TelemetryProfile objects. Immutable, counted. */
struct og_cluster_refused {
	struct og_sv name;    /* "TelemetryProfile/shop" */
	struct og_sv problem; /* what is wrong, one line */
	bool last_good;	      /* an earlier version of it is in force */
};
struct og_cluster_config {
	_Atomic unsigned refs_;
	struct og_arena arena;
	struct og_config *config;
	uint64_t generation; /* 1, 2, … */
	char hash[65];	     /* SHA-256 of what it was made of, lower-case hex */
	uint32_t nobjects;   /* in force */
	uint32_t nwarnings;
	const struct og_cluster_refused *refused;
	uint32_t nrefused;
};
struct og_cluster_config *og_cluster_config_ref(struct og_cluster_config *c);
void og_cluster_config_unref(struct og_cluster_config *c); /* NULL is fine */

struct og_cluster_opts {
	struct og_kube *kube;
	unsigned parts;		    /* enum og_cluster_part, ORed */
	const char *ns;		    /* only this namespace and what is in it; NULL = all */
	const char *registration;   /* name of our MutatingWebhookConfiguration; NULL "otelgate" */
	struct og_metrics *metrics; /* NULL = none */
	uint64_t seed;
	int64_t settle_ms;    /* changes of configuration are collected that long; 0 = 100 */
	int64_t wait_ms;      /* a missing owner is waited for; 0 = 150 */
	unsigned max_waiting; /* for how many reviews at once; others go on without; 0 = all */
	void *ctx;
	/* A new configuration is in force; the reference is the callee's. Optional. */
	void (*on_config)(void *ctx, struct og_cluster_config *take);
	/* A watch has turned to another state; an optional kind that is absent is not told.
	 * Optional.
	 */
	void (*on_state)(void *ctx, const struct og_watch_info *w);
	/* The first time that every watch has given an answer. Optional. */
	void (*on_synced)(void *ctx);
};
/* The rows it counts in, for documentation. */
extern const struct og_metric_def og_cluster_metrics[];
extern const size_t og_cluster_metrics_n;

int og_cluster_start(const struct og_cluster_opts *o, struct og_cluster **ret, struct og_err *err);
/* On the loop's thread, or when the loop no longer runs; no facts may be asked for any more. NULL
 * is fine. */
void og_cluster_stop(struct og_cluster *c);
/* Looks again at what is absent, forbidden or failing. */
void og_cluster_poke(struct og_cluster *c);

/* [any thread] Every watch has listed once, or has had the answer that it may not or that there is
 * no such kind. */
bool og_cluster_synced(struct og_cluster *c);
/* [any thread] How each watch stands; *ret_n of them, at most OG_CLUSTER_WATCHES. */
enum { OG_CLUSTER_WATCHES = 24 };
void og_cluster_watches(struct og_cluster *c, struct og_watch_info *ret, size_t *ret_n);
/* [any thread] One line per watch: "deployments.apps synced, 120 objects, last heard 3 s ago".
 * False when one that is not optional does not stand. */
bool og_cluster_ready(struct og_cluster *c, struct og_buf *detail);
/* NULL when that kind is not watched by this process. */
struct og_store *og_cluster_store(struct og_cluster *c, struct og_sv group, struct og_sv kind);
/* [any thread] The configuration in force, a reference of the caller's own; NULL = none yet. */
struct og_cluster_config *og_cluster_config(struct og_cluster *c);

/*
 * Facts for one review. A kind's object that should be there and is not in the store is waited for,
 * then fetched once, within the deadline; what the server does not have is remembered for a while.
 */
struct og_cluster_facts {
	struct og_cluster *c;
	int64_t until_ns; /* CLOCK_MONOTONIC; 0 = neither wait nor fetch */
	unsigned waited, fetched, missing;
};
/* The structure must outlive the source. [any thread], one at a time per structure. */
struct og_facts_source og_cluster_facts_source(struct og_cluster_facts *f);

/*
 * Missed admissions among the pods of the store, in the order of the store. Needs all parts. The
 * callback's views live until it returns; non-zero ends the walk and is returned. On the loop's
 * thread. `at` 0 starts; at most `max` pods (0 = all) are looked at, *at goes on, and is 0 at the
 * end.
 */
struct og_cluster_missed {
	struct og_sv ns, pod;
	int64_t created_s;
	struct og_sv owner_group, owner_kind, owner_name, owner_uid; /* top-most; "" = bare pod */
	struct og_missed_result verdict;
};
int og_cluster_missed(struct og_cluster *c, const char *ns, uint32_t *at, uint32_t max,
	int (*row)(void *ctx, const struct og_cluster_missed *m), void *ctx, struct og_err *err);
/* The same for one pod whose whole object is at hand. */
int og_cluster_missed_pod(struct og_cluster *c, struct og_jval pod, struct og_arena *arena,
	struct og_cluster_missed *ret, struct og_err *err);
