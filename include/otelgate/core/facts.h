/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Facts: what a decision needs to know beside the pod itself: its namespace, its chain of owners,
 * and the keys of ConfigMaps it takes environment from. The engine asks through an interface, so
 * that the same decision is made from a cluster's caches, from a folder of objects, or from the
 * documents of one `inject` run. A fact that is not to be had is `known = false`, never an error.
 */
#include "otelgate/kobj/meta.h"

struct og_object_facts {
	bool known;    /* labels and annotations were really seen */
	bool inferred; /* the name was derived from the pod, the object itself was not seen */
	struct og_sv group, kind, name, uid;
	struct og_kvs labels, annotations;
	bool has_owner;
	struct og_owner owner;
};

/* Keys of one ConfigMap. */
struct og_config_map_facts {
	bool known;
	const struct og_sv *keys;
	uint32_t nkeys;
};

/*
 * A source of facts. Each function returns true and fills *ret when the object is known; all views
 * live as long as the arena or longer. Calls come from one thread per source context at a time
 * unless the source says otherwise. `group` is "" for the core group.
 */
struct og_facts_source {
	bool (*object)(void *ctx, struct og_sv group, struct og_sv kind, struct og_sv ns,
		struct og_sv name, struct og_arena *arena, struct og_object_facts *ret);
	bool (*config_map)(void *ctx, struct og_sv ns, struct og_sv name, struct og_arena *arena,
		struct og_config_map_facts *ret);
	void *ctx;
};

enum { OG_FACTS_MAX_OWNERS = 4 };

struct og_facts {
	struct og_sv namespace_name; /* of the pod; "" when nobody said */
	struct og_object_facts ns;
	struct og_object_facts
		owners[OG_FACTS_MAX_OWNERS]; /* nearest first: ReplicaSet, Deployment */
	uint32_t nowners;
	const struct og_facts_source *source; /* for ConfigMaps; may be NULL */
};

/*
 * Collects the facts of a pod: namespace and owner chain. Where the source does not know a
 * ReplicaSet, its Deployment (or Argo Rollout) is inferred from the pod-template-hash label:
 * name "web-5d4f" with hash "5d4f" belongs to "web". `source` may be NULL. Never fails.
 */
void og_facts_collect(const struct og_facts_source *source, struct og_sv ns,
	const struct og_meta *pod, struct og_arena *arena, struct og_facts *ret);

/*
 * The facts of a workload's own template, as `inject` sees it: the workload is the nearest owner.
 * `object` is the workload; for a bare Pod use og_facts_collect.
 */
int og_facts_of_workload(const struct og_facts_source *source, struct og_jval object,
	struct og_sv default_ns, struct og_arena *arena, struct og_facts *ret, struct og_err *err);

/*
 * A source made of parsed objects (any kinds; Lists must be taken apart by the caller). The array
 * and its documents must outlive the source. Read-only after init: any number of threads.
 */
struct og_facts_objects {
	const struct og_jval *objects;
	uint32_t n;
	struct og_sv default_ns; /* namespace of objects that say none */
};
struct og_facts_source og_facts_from_objects(const struct og_facts_objects *set);
