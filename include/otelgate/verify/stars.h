/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * What backends say of things that stars are counted by: correlation, versions, exports. Asked when
 * a cycle has calls to spare, one question at a time, each once an hour; nothing of it says whether
 * telemetry arrives, and a backend that does not know an answer is no worse for it.
 */
#include "otelgate/core/stars_facts.h"
#include "otelgate/verify/verify.h"

/*
 * The answers in hand, none older than three hours; rows are in the arena, their texts live until
 * the next answer. Without such a stack nothing is answered. Errors: OOM.
 */
int og_verify_stars(const struct og_verify *v, struct og_sv stack, struct og_arena *arena,
	struct og_stars_evidence *ret, struct og_err *err);
