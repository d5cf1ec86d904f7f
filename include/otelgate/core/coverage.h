/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * The coverage of a cluster: one report in memory, from which every form of output is made, and the
 * gates that judge it. Pure: who collects fills rows; the functions here count, score, compare and
 * judge.
 *
 * Four results, and "does not apply": unknown is never a pass and never a failure.
 */
#include "otelgate/core/arrival.h"
#include "otelgate/core/missed.h"
#include "otelgate/core/rollout.h"
#include "otelgate/core/stars_brief.h"

/* What a person would look at first, in this order: the first that is not PASS is the broken
 * link. */
enum og_link {
	OG_LINK_OPTED_IN,
	OG_LINK_INJECTED,
	OG_LINK_CREDENTIALS,
	OG_LINK_EGRESS,
	OG_LINK_ROLLED_OUT,
	OG_LINK_RECEIVED,
	OG_LINK_COUNT_
};
const char *og_link_name(enum og_link l); /* "Injected", as the conditions are called */

enum og_result {
	OG_RESULT_NA,
	OG_RESULT_UNKNOWN,
	OG_RESULT_PASS,
	OG_RESULT_FAIL,
	OG_RESULT_COUNT_
};
const char *og_result_name(enum og_result r); /* "n/a", "unknown", "pass", "fail" */

/* One cell: what is said of a link, or of a signal. Texts may be empty. */
struct og_cell {
	enum og_result result;
	const char *reason; /* stable CamelCase; NULL = none */
	struct og_sv message;
	struct og_sv fix;    /* a command to copy, or words */
	const char *finding; /* id; NULL = none */
	bool ignored;	     /* its finding is: counts as little as NA */
	bool known;	     /* a loss that is in the baseline */
};

struct og_coverage_signal {
	struct og_cell cell; /* PASS: it arrives, or rightly does not; NA: off */
	enum og_signal_mode mode;
	bool verified; /* its state is known from a backend, now or before */
	enum og_arrival_state state;
	int64_t last_seen_s, since_s, asked_s; /* 0 = unknown */
	bool pods_known;
	uint32_t covered, of;
	const struct og_sv *silent;
	uint32_t nsilent;
	const char *via, *tie;	     /* "otlp", "revision"; NULL = unknown */
	struct og_sv query, explore; /* evidence, and the link that opens it */
};

struct og_coverage_pod {
	struct og_sv name, owner, revision;
	enum og_pod_class class_;
	enum og_stale_cause cause;
	bool ready;
	int64_t created_s;
	bool sends[OG_SIGNAL_COUNT_], sends_known[OG_SIGNAL_COUNT_];
};

struct og_coverage_finding {
	const struct og_finding_def *def;
	struct og_sv message;
	struct og_sv place; /* file:line:column, JSON pointer, annotation key; may be empty */
	struct og_sv fix;   /* of this very case; empty = the table's */
	const char *signal; /* name of the signal it is about; NULL = none */
	/* Suppressed: by whom or what, why, until when (0 = for ever). */
	bool ignored;
	struct og_sv ignored_by, ignored_why;
	int64_t ignored_until_s;
	bool is_new; /* not in the baseline */
};

struct og_audit_sends; /* audit/ask.h */

struct og_coverage_row {
	struct og_sv ns, group, kind, name, uid;
	struct og_sv source; /* "cluster", or file:line */
	bool opted_in;
	const char *out_reason; /* not opted in: og_reason_name */
	bool was_in;		/* opted in by the baseline */
	struct og_sv profile, stack, revision;
	uint32_t classes[OG_POD_CLASS_COUNT_];
	uint32_t pods;	/* those that should carry it and those that rightly do not */
	bool pods_seen; /* false: from a file, or pods could not be read */
	const struct og_coverage_pod *pod; /* may be fewer than `pods`; oldest first */
	uint32_t npod;
	struct og_cell link[OG_LINK_COUNT_];
	struct og_coverage_signal signal[OG_SIGNAL_COUNT_];
	struct og_stars_brief stars; /* not told: nobody opted it in, or nobody counted */
	struct og_coverage_finding *findings;
	uint32_t nfindings;
	/* What is to arrive, for who asks backends about it; NULL = nobody does. */
	struct og_audit_sends *sends;
	/* Made by og_coverage_finish. */
	enum og_link broken; /* first that fails, else first unknown; COUNT_ = none */
	enum og_result verdict;
	double score; /* 0 … 100; negative = nothing to score */
};

/* Something that could not be looked at, and why: "pods of namespace shop: forbidden". */
struct og_coverage_blind {
	struct og_sv what, why;
	const char *finding; /* OG002, OG003 … */
	struct og_sv rule;   /* YAML of the RBAC rule that is missing; "" = none */
};

/* Numerator, denominator and what is unknown of it. */
struct og_share {
	uint32_t good, of, unknown;
};

struct og_coverage_sum {
	struct og_sv ns; /* "" = of everything */
	uint32_t workloads, opted_in;
	struct og_share signal[OG_SIGNAL_COUNT_]; /* workloads that are expected to send it */
	struct og_share pods;			  /* current of those that should be */
	struct og_share evaluated;		  /* cells that could be judged */
	uint32_t by_severity[OG_SEV_UNKNOWN + 1]; /* findings that are not ignored */
	uint32_t ignored;
	uint32_t new_losses; /* cells that fail and are not in the baseline */
	double score;	     /* negative = nothing to score */
};

enum { OG_COVERAGE_SCHEMA = 1 }; /* schemaVersion of the JSON form */

struct og_coverage {
	struct og_sv cluster; /* context or clusterName; "" = files alone */
	struct og_sv tool_version;
	int64_t made_s;
	struct og_coverage_row *rows; /* by namespace, kind, name after finish */
	uint32_t n;
	struct og_coverage_finding *findings; /* of the cluster, not of a workload */
	uint32_t nfindings;
	struct og_coverage_blind *blind;
	uint32_t nblind;
	const struct og_sv *notes; /* for people: a suppression that has expired … */
	uint32_t nnotes;
	bool backends;	/* arrival was looked at at all */
	bool baselined; /* og_baseline_apply was called */
	/* Made by og_coverage_finish. */
	struct og_coverage_sum total;
	struct og_coverage_sum *namespaces;
	uint32_t nnamespaces;
};

/*
 * Sorts, finds broken links and verdicts, counts and scores.
 *
 * Score of a workload: its links and expected signals that can be judged, each with a weight
 * (core/coverage.c holds the table and the reasons), earned / possible × 100. Unknown cells are in
 * neither; optional signals can only earn. A workload nobody opted in scores 0 if it runs pods and
 * could be opted in. A namespace's and the cluster's score is the mean over workloads, weighted by
 * the square root of their pods, so that one giant does not hide the rest.
 * Errors: OOM.
 */
int og_coverage_finish(struct og_coverage *c, struct og_arena *arena, struct og_err *err);

/* Broken link, verdict and score of one row, as og_coverage_finish makes them of all. */
void og_coverage_row_judge(struct og_coverage_row *row);
/* Makes link RECEIVED from the signals: the worst of those that are expected. For who collects. */
void og_coverage_received(struct og_coverage_row *row);
/* The signal's absence is a fault: expected, or logs that are collected from stdout. */
bool og_coverage_expects(const struct og_coverage_signal *s);
/* The cell as it counts: NA when it is ignored. */
enum og_result og_coverage_counts(const struct og_cell *cell);
/* It was opted in when the baseline was written, and is not any more. */
bool og_coverage_left(const struct og_coverage_row *row);
/* Somebody could opt it in, and its pods run without. */
bool og_coverage_uncovered(const struct og_coverage_row *row);
/* Adds a finding to a row; def unknown: nothing is added. False when memory is out. */
bool og_coverage_add(struct og_coverage_row *row, struct og_arena *arena, const char *id,
	struct og_sv place, struct og_sv message, struct og_sv fix, const char *signal);

/* ---- gates ---- */

struct og_gates {
	bool fail_on_set;
	enum og_severity fail_on;	     /* findings of this severity or above trip */
	double min_signal[OG_SIGNAL_COUNT_]; /* percent of workloads; negative = not asked */
	double min_score;		     /* negative = not asked */
	double min_evaluated;		     /* percent of cells; negative = not asked */
	bool new_only; /* with a baseline: only what is not in it counts, and every new loss */
};
enum og_gate_end { OG_GATE_PASS = 0, OG_GATE_TRIPPED = 1, OG_GATE_NOT_EVALUATED = 3 };
struct og_gate_result {
	enum og_gate_end end;
	/* One line per gate that was asked for: "metrics 41 of 52 (78.8 %), at least 90 %". */
	struct og_sv lines[16];
	enum og_gate_end line_end[16];
	uint32_t nlines;
};
/* An empty struct og_gates asks for a score of 0 and more: start from this. */
void og_gates_init(struct og_gates *g);
const char *og_gate_end_name(enum og_gate_end e); /* "pass", "tripped", "not-evaluated" */
/*
 * Unknown is never a pass: a share that only what is unknown could lift over its bound is not
 * evaluated. Errors: OOM.
 */
int og_gates_judge(const struct og_coverage *c, const struct og_gates *g, struct og_arena *arena,
	struct og_gate_result *ret, struct og_err *err);
