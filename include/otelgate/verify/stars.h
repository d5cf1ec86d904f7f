/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * What backends say of things that stars are counted by: correlation, versions, exports. Asked when
 * a cycle has calls to spare, one question at a time, each once an hour; nothing of it says whether
 * telemetry arrives, and a backend that does not know an answer is no worse for it.
 */
#include "otelgate/core/stars_facts.h"
#include "otelgate/verify/stack.h"

/*
 * The answers in hand, none older than three hours; rows are in the arena, their texts live until
 * the next answer. Without such a stack nothing is answered. Errors: OOM.
 */
int og_verify_stars(const struct og_verify *v, struct og_sv stack, struct og_arena *arena,
	struct og_stars_evidence *ret, struct og_err *err);

/* For each workload of `of`, whose evidence and by_collector are not read; in the arena. NULL on an
 * error: OOM. */
struct og_stars_facts *og_verify_stars_many(const struct og_verify *v, const struct og_stack *spec,
	const struct og_stars_many *of, struct og_arena *arena, struct og_err *err);
/* Adds what its verdicts say. */
void og_verify_stars_of(const struct og_arrival_workload *w, const struct og_arrival_result *r,
	const struct og_findings *findings, struct og_stars_facts *f);

/* Facts of questions that are asked now and then, as short text without blanks; "" = none. */
void og_verify_stars_write(const struct og_stars_facts *f, struct og_buf *out);

/* status.seen of a WorkloadTelemetry: "MARK[,STARS] memory". False for what is not exactly that;
 * *ret_stars may be written all the same, when that part of it is fine. */
bool og_verify_seen_read(struct og_sv text, int64_t now_s, uint64_t *ret_mark,
	struct og_stars_facts *ret_stars, bool *ret_has_stars, struct og_arrival_memory *ret);
