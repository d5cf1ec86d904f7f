/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Restarts (core/restart.h) as a part of the leader.
 *
 * status.restart of a WorkloadTelemetry belongs to this part alone. It is applied with a field
 * manager of its own and with the resourceVersion that the decision was made by, so the status
 * writer neither applies it nor compares it. What is written there is og_restart_record_json with
 * `reason` and `message` beside it.
 *
 * A restart is two writes: the intent there, then the template's restartedAt with the same time. A
 * leader that dies between them is continued by the next one; the time tells it what was done.
 */
#include "otelgate/core/restart.h"
#include "workload-priv.h"

#define RESTART_FIELD_MANAGER "otelgate-restart"

/* The row of the table of parts. */
int restarts_init(struct controller *c, struct og_err *err);
void restarts_fini(struct controller *c);
void restarts_resync(struct controller *c);
void restarts_work(struct controller *c, struct og_sv key);
void restarts_workload_changed(struct controller *c, const struct workload *now, bool gone);

/* Where the restart of a workload stands, as it was planned last. */
struct restart_state {
	enum og_rstate state;
	const char *reason; /* og_restart_reason; "" = none is needed; static */
	char revision[OG_RESTART_ID_BYTES];
	int64_t at_s;	      /* of the last restart; 0 = none */
	struct og_sv message; /* the arena's; may be empty */
};
void controller_restart_state(struct controller *c, const struct workload *w,
	struct og_arena *arena, struct restart_state *ret);
