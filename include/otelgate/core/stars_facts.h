/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Where the facts of the stars come from: the plan of a workload, its rollout, the verdicts of
 * arrival, and what backends say of many workloads at once. Pure. Each function writes only what it
 * knows and leaves the rest as it was, so that they may be called in any order on one set of facts.
 */
#include "otelgate/core/plan.h"
#include "otelgate/core/stars.h"

/* ---- one workload ---- */

/* From its pod template: sampler, resources, probes, restarts. What comes from a ConfigMap or a
 * Secret (envFrom) is not known. */
void og_stars_facts_of_plan(
	const struct og_plan *plan, struct og_arena *arena, struct og_stars_facts *f);

/* facts NULL = its rollout is not known; state: OG_ROLLOUT_UNKNOWN says nothing. */
void og_stars_facts_of_rollout(const struct og_rollout_facts *facts, enum og_rollout_state state,
	struct og_stars_facts *f);

/* From its four verdicts and what was found with them (may be NULL). */
void og_stars_facts_of_arrival(const struct og_arrival_workload *w,
	const struct og_arrival_verdict verdicts[OG_SIGNAL_COUNT_],
	const struct og_findings *findings, struct og_stars_facts *f);

/* Stars of a workload of which nothing is known but these facts: signals that are not asked for do
 * not apply, of the others nothing is known. */
struct og_stars_brief;
void og_stars_unverified(const enum og_signal_mode modes[OG_SIGNAL_COUNT_],
	const struct og_stars_facts *facts, struct og_stars_brief *ret);

/* ---- what backends say of all ---- */

enum og_stars_ask {
	OG_STARS_ASK_TRACE_SHARE,   /* value: share (0 … 1) of log lines with a trace_id */
	OG_STARS_ASK_EXEMPLARS,	    /* value: exemplars with a trace id */
	OG_STARS_ASK_EXPORTED,	    /* value: per second, by SDKs' own count; failures included */
	OG_STARS_ASK_EXPORT_FAILED, /* of them; `metric` with "queue" = dropped before export */
	OG_STARS_ASK_VERSIONS,	    /* target_info by job and service.version */
	OG_STARS_ASK_COLLECTOR,	    /* collectors' own count; metric "sent …", "failed …",
				     * "dropped …" */
	OG_STARS_ASK_COUNT_
};
struct og_stars_note {
	enum og_stars_ask ask;
	struct og_sv metric, version;
};
struct og_stars_source {
	bool answered;
	bool partial; /* rows may be missing: absence proves nothing */
};
struct og_stars_evidence {
	const struct og_arrival_row *rows; /* with `value` */
	const struct og_stars_note *notes; /* of the rows, as many */
	uint32_t n;
	struct og_stars_source source[OG_STARS_ASK_COUNT_];
};

struct og_stars_many {
	const struct og_arrival_workload *workloads;
	uint32_t n;
	const struct og_arrival_index *index;	   /* of the workloads and `arrival` */
	const struct og_arrival_evidence *arrival; /* instances, traffic */
	const struct og_stars_evidence *evidence;  /* NULL = none was asked for */
	bool by_collector; /* what they send goes through collectors that count in `evidence` */
	uint64_t seed;
};
/*
 * Adds to the facts of each workload (`n` of them). Time is linear in rows and workloads.
 * Collectors' counters tell of all workloads alike, and only where SDKs do not count themselves.
 * Errors: those of og_arrival_index_new.
 */
int og_stars_facts_of_many(const struct og_stars_many *in, struct og_arena *arena,
	struct og_stars_facts *facts, struct og_err *err);
