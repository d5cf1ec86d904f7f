/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Between the files of the asking:
 *
 *   ask_sends.c   what is to arrive, kept with each row
 *   ask.c         stacks, tokens, one cycle
 *   ask_judge.c   answers → rows
 */
#include "otelgate/audit/ask.h"
#include "otelgate/verify/verdict.h"

struct ask_stack {
	const struct og_stack *spec;
	struct og_verify_token token;
	struct og_coverage_row **rows;
	uint32_t n;
	bool told;  /* the engine asks it */
	bool ended; /* its cycle has */
};

struct ask {
	const struct og_audit_asking *in;
	struct og_arena *arena; /* of the rows */
	struct og_verify *engine;
	struct ask_stack *stacks;
	uint32_t nstacks, waiting;
	int64_t until_ns; /* monotonic */
	struct og_audit_asked out;
	uint32_t blind_cap;
};

/* Errors: OOM. */
int ask_blind(struct ask *a, struct og_sv what, struct og_sv why, const char *finding,
	struct og_err *err);
/* Judges all rows of the stack by what is in hand. Errors: OOM, LIMIT. */
int ask_judge(struct ask *a, struct ask_stack *s, struct og_err *err);
