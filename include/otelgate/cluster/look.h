/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * One workload as the stores of a cluster hold it: what it asks for, what it is to be, and what
 * runs. Takes the parts WORKLOADS and PODSTATES. On the loop's thread; views are of the stores and
 * of the arena, and good until the loop's next turn.
 */
#include "otelgate/cluster/cluster.h"
#include "otelgate/cluster/projections.h"
#include "otelgate/core/plan.h"
#include "otelgate/core/rollout.h"

struct og_look {
	struct og_cluster *cluster;
	const struct og_config *config; /* NULL = none is known */
	struct og_arena *arena;
	struct og_sv ns, group, kind, name;
};

/* The top-most object, and what was kept of it. False when there is none, it is on its way out, or
 * it belongs to another workload. `ret_kind` and the others are written in any case. */
bool og_look_find(const struct og_look *l, const struct og_cluster_kind **ret_kind,
	struct og_record *ret, struct og_cluster_extra *ret_extra);

/* "apps/v1"; the arena's. */
struct og_sv og_look_api_version(const struct og_look *l, const struct og_cluster_kind *kind);
/* How its rollout stands, by its own status. False when that is not known. */
bool og_look_facts(const struct og_look *l, const struct og_cluster_extra *extra,
	struct og_rollout_facts *ret);

struct og_look_plan {
	struct og_plan *plan;
	struct og_jval object;	  /* as far as it was kept */
	struct og_facts facts;	  /* of its pods' owners */
	bool opted_in;		  /* somebody asked, and it is ours to follow */
	bool injects;		  /* its pods are to be injected */
	struct og_sv secret_name; /* of the distributed Secret that they read; "" = none */
};
/* Errors: OOM, and what og_plan_make gives. */
int og_look_plan(const struct og_look *l, const struct og_record *record,
	const struct og_cluster_extra *extra, struct og_look_plan *ret, struct og_err *err);

/* Its pods and ReplicaSets or Jobs, by the uids of their owners, never by labels; into `pods` and
 * `children` of the input. `facts` are those of the plan. Errors: OOM. */
int og_look_pods(const struct og_look *l, const struct og_record *record,
	const struct og_facts *facts, struct og_rollout_input *in, struct og_err *err);
