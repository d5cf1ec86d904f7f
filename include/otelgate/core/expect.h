/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * What is to arrive from a workload, by its plan: under which names, and which signals its
 * containers are told to send. The pods, and what became of them, are the caller's to add.
 */
#include "otelgate/core/arrival.h"
#include "otelgate/core/plan.h"

/* The variable of an owner's that keeps a signal from the stack. */
struct og_expect_by {
	struct og_sv container;
	const char *variable; /* NULL = none does */
};

struct og_expectation {
	struct og_arrival_identity *identities; /* one for each container that is a target */
	uint32_t nidentities;
	struct og_arrival_ask ask[OG_SIGNAL_COUNT_];
	enum og_profiles_state profiles; /* the best of the containers' */
	/* Of the first container, where no other sends it: why `ask` says that it is not sent. */
	struct og_expect_by by[OG_SIGNAL_COUNT_];
};

/*
 * Of several containers a signal is sent when one of them sends it. What a container takes from a
 * ConfigMap or a Secret is not known, and taken for ours. Views are of the plan or the arena.
 * Errors: OOM.
 */
int og_expect(const struct og_plan *plan, struct og_arena *arena, struct og_expectation *ret,
	struct og_err *err);

/*
 * The pods, and how they come and go, into `w`: from what its rollout was judged by and what came
 * of it. created_s is that of the object, where its facts do not tell it. Views are those of `in`.
 * Errors: OOM.
 */
int og_expect_pods(const struct og_rollout_input *in, const struct og_rollout_result *result,
	int64_t created_s, struct og_arena *arena, struct og_arrival_workload *w,
	struct og_err *err);
