/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * What a WorkloadTelemetry says, as a row of the coverage report. Pure; the document is taken as
 * anybody may have written it.
 */
#include "otelgate/core/coverage.h"
#include "otelgate/core/telemetry.h"
#include "otelgate/kobj/meta.h"

struct og_telemetry_row {
	struct og_coverage_row
		row; /* findings and pods included; those of `old` are all it knows */
	int64_t observed_generation; /* of the workload; 0 = it has no status yet */
	int64_t generation; /* of the workload as it is now, where it was looked at; 0 = unknown */
	enum og_rollout_state rollout;
	enum og_cond_status ready;
	const char *ready_reason; /* "" = none */
	struct og_sv ready_message;
	struct og_sv seen; /* status.seen as it is; "" = none */
};

/*
 * `owner` is the workload, `status` the status of its object (absent: nothing is known yet).
 * Everything is copied into the arena. A signal is taken for optional when its absence does not
 * keep the workload from being Ready: modes are not written. Errors: OOM.
 */
int og_telemetry_row_read(struct og_sv ns, const struct og_owner *owner, struct og_jval status,
	struct og_arena *arena, struct og_telemetry_row *ret, struct og_err *err);

/* The same of one signal from its verdict, without a status between them. The mode stays; query and
 * link are the caller's; `silent` are views of the verdict. */
void og_coverage_signal_take(const struct og_arrival_verdict *v, struct og_coverage_signal *s);

/* Which of these pods send, from the row's signals. */
void og_coverage_pods_send(struct og_coverage_row *row, struct og_coverage_pod *pods, uint32_t n);
