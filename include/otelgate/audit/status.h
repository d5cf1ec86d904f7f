/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * How workloads stand, from the stores of a session: the controller's WorkloadTelemetry objects
 * where it keeps them (OG_CLUSTER_STATUSES), else as judged here from what is watched.
 */
#include "otelgate/audit/session.h"
#include "otelgate/audit/targets.h"
#include "otelgate/core/telemetry_row.h"

struct og_audit_status_ask {
	struct og_audit_target *targets; /* marked when found */
	size_t ntargets;
	int64_t now_s;
};

struct og_audit_status {
	struct og_telemetry_row *rows; /* by namespace, kind, name */
	uint32_t n;
};

/* Everything is copied into the arena. On the loop's thread. Errors: OOM, LIMIT. */
int og_audit_status_rows(struct og_audit_session *s, const struct og_audit_status_ask *ask,
	struct og_arena *arena, struct og_audit_status *ret, struct og_err *err);
