/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * A baseline: the losses of a coverage report as a small JSON file, sorted and one per line, so
 * that it can be kept beside the manifests and its changes can be reviewed. Compared with it, only
 * what is new counts. Pure.
 *
 *   {"schemaVersion":1,"kind":"CoverageBaseline","optedIn":[
 *    {"namespace":"shop","kind":"Deployment","name":"web"}],"losses":[
 *    {"loss":"OG305","namespace":"shop","kind":"Deployment","name":"web"},
 *    {"loss":"NotReceived","namespace":"shop","kind":"Deployment","name":"web","signal":"traces"}]}
 *
 * A loss is the id of a finding, or "Not" and the name of a link that fails; and that a workload of
 * optedIn (which older files have not) is not opted in any more, whoever says so. A finding that is
 * ignored is none. Messages and places are no part of it: they change with every look.
 */
#include "otelgate/base/map.h"
#include "otelgate/core/coverage.h"

enum { OG_BASELINE_SCHEMA = 1, OG_BASELINE_MAX_BYTES = 16 << 20, OG_BASELINE_MAX = 200000 };

struct og_baseline {
	struct og_map set; /* private */
	uint32_t n;
};

/* After og_coverage_finish. *out is failed when memory is out. */
void og_baseline_write(const struct og_coverage *c, struct og_buf *out);

/* The arena has to outlive it. Errors: PARSE, LIMIT, UNSUPPORTED (a newer version), OOM; the
 * message says where and never quotes more than a member's name. */
int og_baseline_read(
	struct og_sv text, struct og_arena *arena, struct og_baseline *ret, struct og_err *err);

/*
 * Marks what is new (findings) and what is known (cells). To be called before og_coverage_finish.
 */
void og_baseline_apply(const struct og_baseline *b, struct og_coverage *c);
