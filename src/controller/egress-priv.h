/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* Network policies: whether a workload may reach its receiver, and the policy that opens the way.
 */
#include "otelgate/core/egress.h"
#include "workload-priv.h"

enum egress_allowed {
	EGRESS_UNKNOWN, /* not looked at yet, or it cannot be told */
	EGRESS_ALLOWED, /* open, allowed by others, or opened by ours */
	EGRESS_DENIED,
};

/* Views in the arena; texts that are not are static. */
struct egress_state {
	enum egress_allowed allowed; /* of the condition EgressAllowed */
	enum og_egress_need need;
	const char
		*reason; /* of the condition: "NotIsolated", "PolicyApplied", "ForeignPolicy" … */
	struct og_sv message;
	const char *finding; /* "OG512"; NULL = none */
	bool managed;	     /* our policy exists */
	/* The receiver's side; NULL = nothing to say. */
	const char *ingress_finding;
	struct og_sv ingress_message;
};
/* When it turns into another one, the workload's key is enqueued in PART_WORKLOADS. */
void controller_egress_state(struct controller *c, const struct workload *w, struct og_arena *arena,
	struct egress_state *ret);

/* The row of the table of parts. */
int egress_init(struct controller *c, struct og_err *err);
void egress_fini(struct controller *c);
void egress_resync(struct controller *c);
void egress_work(struct controller *c, struct og_sv key);
void egress_workload_changed(struct controller *c, const struct workload *now, bool gone);
/* When no store is left that could tell anything. */
void egress_free(struct controller *c);
