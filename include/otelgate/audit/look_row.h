/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* One workload judged here, from what is watched (parts WORKLOADS, PODSTATES, CONFIG): what a
 * controller would say of it, but for what only backends, Secrets and network policies tell. */
#include "otelgate/cluster/look.h"
#include "otelgate/core/telemetry_row.h"

/* What may be read at all: where it may not, empty stores say nothing. */
struct og_audit_sight {
	bool config, pods, namespaces;
	bool config_given; /* not the cluster's own: which credentials are distributed is not told
			    */
	bool sends;	   /* what is to arrive is kept with the row: backends are to be asked */
};

/*
 * *ret_is: it is a workload of its own; else nothing is written. Rows come also of those that
 * nobody opted in: opted_in and out_reason say so. Everything is copied into `arena`; that of the
 * look is for the work alone. Errors: OOM.
 */
int og_audit_look_row(const struct og_look *l, const struct og_audit_sight *sight, int64_t now_s,
	struct og_arena *arena, struct og_telemetry_row *ret, bool *ret_is, struct og_err *err);

/* A link of the chain as a condition of a WorkloadTelemetry says it; what does not apply is True.
 */
struct og_telemetry_said og_cell_said(const struct og_cell *c);
