/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* Missed admissions by workload: what people are told, instead of a line for every pod. */
#include "otelgate/base/map.h"
#include "otelgate/cluster/cluster.h"

enum { OG_MISSED_EXAMPLES = 3 };

struct og_missed_row {
	struct og_sv ns;
	struct og_sv group, kind, name, uid; /* the workload; of a bare pod the pod */
	enum og_missed what;
	enum og_reason reason;
	enum og_level level; /* that opted in */
	struct og_sv profile, detail;
	uint32_t pods;
	struct og_sv examples[OG_MISSED_EXAMPLES]; /* names of pods */
	uint32_t nexamples;
	int64_t oldest_s, newest_s; /* creation of its pods, Unix seconds */
	int64_t since_s;	    /* what they are older than; 0 = does not apply */
};

/* All memory is the arena's. Zeroed memory with an arena is an empty report. */
struct og_missed_report {
	struct og_arena *arena;
	struct og_map index_;
	struct og_missed_row **rows; /* after finish: by namespace, kind, name, reason */
	uint32_t n, cap_;
	uint32_t pods;
	uint32_t by_reason[OG_MISSED_COUNT_]; /* pods */
};
void og_missed_report_init(struct og_missed_report *r, struct og_arena *arena);
/* Errors: OOM. */
int og_missed_report_add(
	struct og_missed_report *r, const struct og_cluster_missed *m, struct og_err *err);
void og_missed_report_sort(struct og_missed_report *r);
/* Takes row i away. */
void og_missed_report_drop(struct og_missed_report *r, uint32_t i);
/* Another reason for row i. */
void og_missed_report_set(
	struct og_missed_report *r, uint32_t i, const struct og_missed_result *verdict);

/* "deployment/web", "rollout.argoproj.io/web", "pod/web-0": as kubectl takes it. */
void og_missed_row_object(const struct og_missed_row *r, struct og_buf *out);
/* The command that puts it right: "kubectl -n shop rollout restart deployment/web"; what to do in
 * words where there is none. */
void og_missed_row_fix(const struct og_missed_row *r, struct og_buf *out);
/* One JSON object: {"namespace":…,"workload":…,"reason":…,"pods":2,…}. */
void og_missed_row_json(const struct og_missed_row *r, struct og_buf *out);
