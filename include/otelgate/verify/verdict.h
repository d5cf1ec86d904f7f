/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * From the answers in hand to verdicts: what core/arrival.h is given, and what shows its verdicts
 * to people. For whoever judges by an engine's answers.
 */
#include "otelgate/core/explore.h"
#include "otelgate/verify/stack.h"

struct og_verify_judging {
	struct og_arrival_evidence evidence;
	struct og_arrival_params params; /* `sight` is the caller's to add */
	struct og_explore_stack grafana;
	struct og_sv cluster;
};
/*
 * `token` says why the engine was not told of the stack, when it was not. Rows are in the arena,
 * texts as og_verify_evidence has them. Errors: OOM.
 */
int og_verify_prepare(const struct og_verify *v, const struct og_stack *spec,
	const struct og_verify_token *token, int64_t now_s, struct og_arena *arena,
	struct og_verify_judging *ret, struct og_err *err);

/* The query that shows a verdict, and the link that opens it in Grafana; the arena's, or empty. */
struct og_verify_shown {
	struct og_sv query, explore;
};
void og_verify_show(const struct og_verify_judging *j, const struct og_arrival_workload *w,
	const struct og_arrival_verdict *v, struct og_arena *arena, struct og_verify_shown *ret);
