/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * How workloads stand, from the stores of a session: the controller's WorkloadTelemetry objects
 * where it keeps them (OG_CLUSTER_STATUSES), else as judged here from what is watched.
 */
#include "otelgate/audit/ask.h"
#include "otelgate/audit/session.h"
#include "otelgate/audit/targets.h"
#include "otelgate/core/telemetry_row.h"
#include "otelgate/kobj/selector.h"

/* What is watched: statuses alone, or all that is needed to judge without them. */
enum {
	OG_AUDIT_PARTS_STATUS = OG_CLUSTER_STATUSES,
	OG_AUDIT_PARTS_ALL = OG_CLUSTER_STATUSES | OG_CLUSTER_CONFIG | OG_CLUSTER_WORKLOADS |
			     OG_CLUSTER_PODSTATES,
};

struct og_audit_status_ask {
	struct og_audit_target *targets; /* marked when found */
	size_t ntargets;
	bool everybody; /* with PARTS_ALL: also those that nobody opted in, though not named */
	struct og_selector selector; /* with PARTS_ALL: labels of workloads; not present = all */
	int64_t now_s;
	const struct og_config *config; /* with PARTS_ALL: instead of the cluster's; NULL = that */
	/* With PARTS_ALL: the backends are asked, and the loop turns meanwhile. NULL = they are
	 * not. */
	const struct og_audit_ask *backends;
};

struct og_audit_status {
	struct og_telemetry_row *rows; /* by namespace, kind, name */
	uint32_t n;
	uint32_t nstatuses; /* objects of the controller's that were there */
	struct og_audit_asked asked;
};

/* The controller's word where there is one, with the pods as they are now; else as judged here.
 * Everything is copied into the arena. On the loop's thread. Errors: OOM, LIMIT, those of
 * og_audit_ask_rows. */
int og_audit_status_rows(struct og_audit_session *s, const struct og_audit_status_ask *ask,
	struct og_arena *arena, struct og_audit_status *ret, struct og_err *err);
