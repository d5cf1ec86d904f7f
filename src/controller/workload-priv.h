/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * The table of opted-in workloads, as the leader's workload pass found each of them last. Other
 * parts read it; only the pass writes it. On the loop's thread.
 */
#include "otelgate/core/config.h"
#include "otelgate/core/optin.h"
#include "controller-priv.h"

/* What a pod of a workload is, beside its plan. Same order as the names. */
enum workload_pods {
	WORKLOAD_PODS_CURRENT, /* the desired revision */
	WORKLOAD_PODS_STALE,   /* an older one */
	WORKLOAD_PODS_BARE,    /* opted in, not injected */
	WORKLOAD_PODS_SKIPPED, /* rightly left alone */
	WORKLOAD_PODS_TERMINATING,
	WORKLOAD_PODS_COUNT_
};

/* All strings are the entry's own, and NUL-terminated. */
struct workload {
	struct og_sv ns, group, kind, name, uid;
	struct og_sv key; /* "ns/group/Kind/name"; group "" = core */
	struct og_sv api_version;
	int64_t generation;	     /* metadata.generation */
	uint64_t config_generation;  /* that it was judged by */
	struct og_sv profile, stack; /* names; "" = none */
	bool injects;		     /* the plan injects its pods; else `reason` says why not */
	enum og_reason reason;
	struct og_sv detail;		   /* one sentence; may be empty */
	char revision[17];		   /* desired; "" = nothing is injected */
	bool required;			   /* pods are not to run without */
	bool uses_secret;		   /* its pods refer to the stack's distributed Secret */
	enum og_restart_mode restart_mode; /* profile and annotation */
	bool netpol_off;		   /* profile or annotation */
	struct og_sv selector_json, template_labels_json; /* texts; "" = none */
	uint32_t pods, classes[WORKLOAD_PODS_COUNT_];
};

/* NULL when no such workload is opted in. Valid until the loop's next turn. */
const struct workload *controller_workload(struct controller *c, struct og_sv key);
/* All, in no particular order; *at 0 starts. Nothing may be added or removed meanwhile, which only
 * the pass does. NULL ends. */
const struct workload *controller_workload_next(struct controller *c, uint32_t *at);
uint32_t controller_workload_count(struct controller *c);

/* The row of the table of parts. */
int workloads_init(struct controller *c, struct og_err *err);
void workloads_fini(struct controller *c);
void workloads_resync(struct controller *c);
void workloads_work(struct controller *c, struct og_sv key);
