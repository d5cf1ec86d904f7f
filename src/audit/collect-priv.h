/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Offline: objects are read one by one, and of each only what the report needs is kept:
 *
 *   collect_read.c    files, folders, standard input → texts of single objects
 *   collect_thin.c    parts of an object that nobody reads are left out before parsing
 *   collect_keep.c    objects → what is kept, found by name and by uid
 *   collect_judge.c   workloads → rows
 *   collect_egress.c  network policies among the objects
 *   collect_status.c  WorkloadTelemetry among the objects
 */
#include "otelgate/audit/collect.h"
#include "otelgate/base/map.h"
#include "otelgate/codec/source.h"
#include "otelgate/core/config_read.h"
#include "otelgate/core/egress.h"
#include "otelgate/core/ignore.h"
#include "otelgate/core/plan.h"

struct kept_pod {
	struct og_sv ns, name, owner_kind, owner_name, owner_uid, hash, revision, state;
	int64_t created_s;
	bool deleting;
	struct kept_pod *next; /* of the same workload */
};

/* Everything but pods that have an owner. All memory is the arena's. */
struct kept {
	struct og_sv group, kind, ns, name, uid, source;
	struct og_kvs labels, annotations;
	bool has_owner;
	struct og_owner owner;
	const struct og_workload_kind *workload; /* NULL = makes no pods */
	bool of_pod;		  /* stands for a workload that is not there; json is a pod of it */
	struct og_sv json;	  /* workload: the object; NetworkPolicy, Service: its spec */
	struct og_sv facts;	  /* workload: og_rollout_facts_pack; "" = it has no status */
	const struct og_sv *keys; /* ConfigMap */
	uint32_t nkeys;
	struct kept *parent; /* the owner, when it is among the objects */
	struct kept_pod *pods;
	uint32_t npods;
	struct kept *children; /* ReplicaSets, Jobs */
	struct kept *next_child;
	struct kept *status; /* WorkloadTelemetry; its json is the status */
	struct kept *next;
};

struct collect {
	const struct og_audit_files *files;
	const struct og_audit_want *want;
	struct og_arena *arena;	 /* of the report */
	struct og_arena scratch; /* of one object */
	struct og_intern words;
	struct og_map by_name, by_uid; /* struct kept */
	struct og_map samples;	       /* owner of a pod → the first of its pods */
	struct kept *first, *last;     /* all, in the order of reading */
	struct kept_pod *pods;	       /* with an owner */
	uint32_t nkept, npods, nproblems;
	struct og_config_input *config;
	uint32_t nconfig, config_cap;
	const struct og_config *loaded;
	bool saw_policies, saw_services, saw_status, saw_secrets;
	struct og_coverage *out;
	uint32_t cap;
	/* network policies, once they are read */
	struct og_netpol *policies;
	uint32_t npolicies;
	struct og_ignore_notes *notes;
};

/* ---- reading ---- */
int collect_read(struct collect *c, struct og_err *err);
void collect_problem(struct collect *c, const char *message);
/* Where an object stands: with its document, line of the document's first byte; else `item` of a
 * list, from 1. */
struct where {
	const char *name;
	const struct og_source_doc *doc; /* NULL = no places are known */
	uint32_t line0, item;
};
/* One object, or a List of them. */
int collect_object(struct collect *c, struct og_jval v, const struct where *w, struct og_err *err);

/* `text` is one object of a list in block YAML whose keys stand at column `indent`. Kind by its
 * line, "" = not found. True when this kind is never looked at. */
bool collect_skip(struct og_sv text, uint32_t indent, struct og_sv *ret_kind);
/* Copies the text without what is never looked at; lines stay where they are. */
void collect_thin(struct og_sv text, uint32_t indent, struct og_sv kind, struct og_buf *out);

/* ---- what is kept ---- */
struct kept *kept_find(const struct collect *c, struct og_sv group, struct og_sv kind,
	struct og_sv ns, struct og_sv name);
struct og_facts_source kept_facts(struct collect *c);
/* Owners and pods find their workloads. Errors: OOM. */
int kept_join(struct collect *c, struct og_err *err);

/* ---- rows ---- */
int collect_rows(struct collect *c, struct og_err *err);
int collect_egress(struct collect *c, const struct kept *k, const struct og_plan *plan,
	struct og_jval object, struct og_arena *scratch, struct og_coverage_row *row,
	struct og_err *err);
/* True when a status was there. */
int collect_status(
	struct collect *c, const struct kept *k, struct og_coverage_row *row, struct og_err *err);
int collect_blind(struct collect *c, const char *what, const char *why, const char *finding);
