/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * A coverage report in the forms that people and programs read. Every form is made from the same
 * struct og_coverage alone, after og_coverage_finish. Names and messages come from whoever may
 * write to the cluster: every form escapes them in its own way.
 */
#include "otelgate/core/coverage.h"

struct og_report_opts {
	bool no_headers;    /* table, wide, csv: without the first line; table: the rows alone */
	bool ascii;	    /* table, wide: no other characters in what is ours */
	bool colour;	    /* table, wide */
	bool only_problems; /* rows that fail, are unknown, or have findings; sums are of all */
	unsigned width;	    /* columns for prose; 0 = 80 */
	const struct og_gate_result *gates; /* NULL or without lines = none was asked for */
};

/* One row per form: src/audit/report.c. */
struct og_report_form {
	const char *name; /* "json" */
	const char *mime;
	const char *what; /* one clause */
	/* False when memory is out; `out` may hold a part then. */
	bool (*write)(const struct og_coverage *c, const struct og_report_opts *o,
		struct og_arena *arena, struct og_buf *out);
};
extern const struct og_report_form og_report_forms[];
extern const size_t og_report_nforms;
/* NULL when there is none of that name. */
const struct og_report_form *og_report_form(struct og_sv name);

/* ---- what every form says the same way ---- */

/* "OK 12s", "STALE 3h", "NONE", "WAIT", "IDLE", "VIA stdout", "OFF", "N/A", "?": the word of a
 * signal of a row, and how it is meant. Arena memory or static. */
struct og_sv og_report_signal_word(
	const struct og_coverage_row *row, enum og_signal s, int64_t now_s, struct og_arena *arena);
/* "2/3", "would be", "no: profile-missing": whether its pods are injected. */
struct og_sv og_report_injected_word(const struct og_coverage_row *row, struct og_arena *arena);
/* "45s", "12m", "5h", "3d". */
struct og_sv og_report_age(int64_t seconds, struct og_arena *arena);
/* "deployment/web", as kubectl takes it. */
struct og_sv og_report_object(const struct og_coverage_row *row, struct og_arena *arena);
/* Whether only_problems keeps the row. */
bool og_report_is_problem(const struct og_coverage_row *row);
/* "4/5", "2-4/5" with what is not known, "-": stars of a dimension, in the arena or static. */
struct og_sv og_report_stars_word(
	const struct og_coverage_row *row, enum og_stars_dimension d, struct og_arena *arena);
/* The rule that would raise the score of a row's stars that has least; NULL = none is known to. */
const struct og_stars_rule *og_report_first_star(const struct og_coverage_row *row);
/* What is said of its first broken link: the cell, or NULL. */
const struct og_cell *og_report_broken(const struct og_coverage_row *row);

/* What a finding is said as: its message, else its title; its fix, else the table's. */
struct og_sv og_report_message(const struct og_coverage_finding *f);
struct og_sv og_report_fix(const struct og_coverage_finding *f);

/* The worst findings that are neither ignored nor mere information: by severity, then by rows. */
struct og_report_cause {
	const struct og_finding_def *def;
	uint32_t rows, pods;
	struct og_sv fix;
};
enum { OG_REPORT_CAUSES = 5 };
uint32_t og_report_causes(
	const struct og_coverage *c, struct og_report_cause ret[OG_REPORT_CAUSES]);

/* ---- the JSON form ---- */

/* Members of a workload, without the braces; what more there is can follow. */
void og_report_workload_json(const struct og_coverage_row *row, bool baselined, struct og_buf *out);
/* The list `blind`. */
void og_report_blind_json(const struct og_coverage_blind *v, uint32_t n, struct og_buf *out);

/* ---- fields of the JSON forms ---- */

enum og_report_type {
	OG_RT_OBJECT,
	OG_RT_LIST, /* of objects: members are below "path[]" */
	OG_RT_STRINGS,
	OG_RT_STRING,
	OG_RT_TIME, /* RFC 3339 */
	OG_RT_INT,
	OG_RT_NUMBER, /* 0 … 100, or null: nothing to score */
	OG_RT_BOOL,
	OG_RT_WORD, /* one of `words` */
};
struct og_report_field {
	const char *path; /* "workloads[].signals.metrics.state"; parents before their members */
	enum og_report_type type;
	bool optional;	   /* left out when there is nothing to say */
	const char *words; /* "pass|fail" */
	const char *help;
};
extern const struct og_report_field og_report_fields[];
extern const size_t og_report_nfields;
/* docs/reference/report.schema.json: JSON Schema 2020-12, made from the table. */
void og_report_schema(struct og_buf *out);
/* docs/reference/status.schema.json, of `otelgate status -o json`: the same workloads, and what a
 * status has beside them. */
enum { OG_STATUS_SCHEMA = 2 };
void og_status_schema(struct og_buf *out);
