/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * The table of opted-in workloads, as the leader's workload pass found each of them last. Other
 * parts read it; only the pass writes it. On the loop's thread.
 */
#include "controller-priv.h"
#include "otelgate/core/rollout.h"

/* All strings are the entry's own, and NUL-terminated; "" = none. */
struct workload {
	struct og_sv ns, group, kind, name, uid;
	struct og_sv key; /* "ns/group/Kind/name"; group "" = core */
	struct og_sv api_version;
	int64_t generation;	    /* metadata.generation */
	uint64_t config_generation; /* that it was judged by */
	struct og_sv profile, stack;
	bool injects; /* the plan injects its pods; else `reason` says why not */
	enum og_reason reason;
	struct og_sv detail; /* one sentence; may be empty */
	char revision[17];   /* desired; "" = nothing is injected */
	bool required;	     /* pods are not to run without */
	bool uses_secret;    /* its pods refer to the stack's distributed Secret */
	struct og_sv secret_name;
	enum og_restart_mode restart_mode;		  /* profile and annotation */
	bool netpol_off;				  /* profile or annotation */
	struct og_sv selector_json, template_labels_json; /* texts */
	uint32_t classes[OG_POD_CLASS_COUNT_];
	uint32_t pods;			   /* current + stale + bare + skipped */
	uint32_t held_back;		   /* hold an old token, or none */
	struct og_rollout_verdict rollout; /* its strings are the entry's own */
	struct og_rollout_verdict mixed;   /* of revisions: what a restart would mend */
	bool blamed;			   /* the injection is, for what its pods do */
	struct og_sv blame_message, blame_fix;
	int64_t newest_old_s; /* creation of the youngest pod that is stale or bare; 0 = none */
	bool paused;	      /* spec.paused or spec.suspend */
	/* status.restart of its WorkloadTelemetry, JSON, as last seen there */
	struct og_sv restart_json;
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
