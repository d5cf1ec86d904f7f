/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * The table of stars of a workload, computed: coverage, quality, correlation, performance and
 * production readiness with five stars each, profiling with three. Each dimension is a list of
 * rules with weights (in percent of the dimension); a rule is met, partly met, not met, not known,
 * or does not apply.
 *
 *   earned   what is met; the stars are drawn from it, rounded down: five only when all is met
 *   best     what would be reached if all that is not known turned out well; never less than earned
 *
 * What is not known neither earns nor costs: it lies between the two. What does not apply is left
 * out, and the rest counts for the whole. Making a fact better never lowers either number.
 *
 * Weights say what a person who is called at night needs first: data being there at all before its
 * finer points. They are ours; the table is core/stars_rules.c. In percent:
 *
 * - Coverage: metrics 25, traces 25, logs 25 (collected from stdout where OTLP was asked for: 15),
 *   every pod sends 15 (its share), no pod of an older revision sends 10
 * - Quality: right name 25, k8s attributes 25, unique name 20, version 15, instance id 15
 * - Correlation: log lines with a trace_id 35 (all of it from a fifth of the lines on), one name
 *   in all backends 25, exemplars 20, logs by OTLP 10, revision with every signal 10
 * - Performance: exports succeed 30 (nothing from 5 % failures on), nothing dropped 30 (1 %),
 *   overhead 15 (all up to 1 % of the CPU, nothing from 10 % on), sampler 15, retries 10 (20 %)
 * - Production: expected signals arrive 25, rollout complete 15, egress open 15, replicas 15,
 *   resources 10, probes 10, restarts 10
 * - Profiling: profiles arrive 60, every pod 20, joined to other signals by pod 20
 */
#include "otelgate/core/arrival.h"

enum og_stars_dimension {
	OG_STARS_COVERAGE,
	OG_STARS_QUALITY,
	OG_STARS_CORRELATION,
	OG_STARS_PERFORMANCE,
	OG_STARS_PRODUCTION,
	OG_STARS_PROFILING,
	OG_STARS_DIMENSION_COUNT_
};
const char *og_stars_dimension_name(enum og_stars_dimension d); /* "Coverage", … */
uint32_t og_stars_most(enum og_stars_dimension d);		/* 5, or 3 for profiling */

enum og_fact { OG_FACT_UNKNOWN, OG_FACT_NO, OG_FACT_YES };

/* Zeroed is not "nothing known": shares are 0 to 1, and negative when not known. Use
 * og_stars_facts_init. NaN counts as not known. */
struct og_stars_facts {
	/* quality */
	enum og_fact k8s_attributes; /* namespace, pod and workload arrive */
	enum og_fact service_version, instance_id;
	enum og_fact name_right;  /* arrives as it was injected; not unknown_service (OG801, 802) */
	enum og_fact name_unique; /* OG803 */
	/* correlation */
	double logs_with_trace; /* share of log lines that carry a trace_id */
	enum og_fact exemplars;
	enum og_fact one_name; /* the same names in all backends */
	/* performance: shares of what was to be sent */
	double export_failed, dropped, retried;
	double overhead; /* share of the container's CPU that telemetry takes */
	enum og_fact sampler_set;
	/* production */
	enum og_fact replicas; /* two or more, or a kind without replicas */
	enum og_fact rollout_complete;
	enum og_fact egress_allowed;
	enum og_fact restarts;	/* restartPolicy brings it back */
	enum og_fact resources; /* requests, and a memory limit */
	enum og_fact probes;	/* a readiness probe */
};
void og_stars_facts_init(struct og_stars_facts *f);
/* What `from` knows and `f` does not. */
void og_stars_facts_add(struct og_stars_facts *f, const struct og_stars_facts *from);

struct og_stars_rule {
	const char *id; /* stable: "coverage.metrics" */
	enum og_stars_dimension dimension;
	uint32_t weight;  /* percent */
	const char *need; /* what is needed, one clause */
	const char *rise; /* how it would rise, one sentence */
};
/* In order of dimension; weights of a dimension sum up to 100. */
enum { OG_STARS_RULES = 30 };
const struct og_stars_rule *og_stars_rule(size_t i); /* NULL from OG_STARS_RULES on */

enum og_stars_known { OG_STARS_NOT_APPLICABLE, OG_STARS_UNKNOWN, OG_STARS_KNOWN };
struct og_stars_row {
	const struct og_stars_rule *rule;
	enum og_stars_known known;
	uint32_t met; /* thousandths; with KNOWN alone */
};

struct og_stars_score {
	enum og_stars_dimension dimension;
	bool applies;	       /* false: no rule of it applies (profiling that nobody asked for) */
	uint32_t earned, best; /* thousandths of the dimension */
	uint32_t stars, best_stars, most;
	uint32_t first, n; /* its rows in og_stars.rows */
};

struct og_stars {
	struct og_stars_row rows[OG_STARS_RULES];
	uint32_t nrows;
	struct og_stars_score score[OG_STARS_DIMENSION_COUNT_];
	/* Rows that would raise a score, those first that would raise theirs most; of two that
	 * would alike, the earlier dimension. */
	uint32_t next[OG_STARS_RULES];
	uint32_t nnext;
};

/* facts NULL = none known. */
void og_stars_count(const struct og_arrival_verdict verdicts[OG_SIGNAL_COUNT_],
	const struct og_stars_facts *facts, struct og_stars *ret);

/* "★★★◌☆": earned, not known, missed; "***?-" without utf8. "-" when nothing of it applies. */
void og_stars_draw(const struct og_stars_score *s, bool utf8, struct og_buf *out);
