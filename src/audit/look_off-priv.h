/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "otelgate/core/coverage.h"
#include "otelgate/core/expect.h"

/*
 * Adds a finding for each variable of the owner's that keeps signals of an injected workload from
 * its stack: "container app, variable OTEL_SDK_DISABLED", with what takes it away. `row` has the
 * workload's name. Errors: OOM.
 */
int look_off(const struct og_plan *plan, struct og_arena *scratch, struct og_arena *arena,
	struct og_coverage_row *row, struct og_err *err);
