/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Undoing an injection from its record (the otelgate.dev/injection annotation), exactly.
 */
#include "otelgate/core/plan.h"

/*
 * Appends an RFC 6902 patch that removes all that otelgate put into the object's pod template;
 * "[]" when it carries no record. Members that otelgate had to create (env, volumes, …) go too
 * when nothing else is left in them. What was changed since by others is left as it is and
 * reported as a finding. Errors: INVALID for a record that is not ours to read, OOM.
 */
int og_uninject_patch(struct og_jval object, struct og_arena *arena, struct og_buf *out,
	struct og_findings *findings, struct og_err *err);
