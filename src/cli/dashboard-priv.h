/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Dashboards of Grafana, as tables of panels. Each panel's queries are run against real backends by
 * tests/e2e/cases/dashboards.sh; each metric of ours that they name is in a table of metrics, by
 * tests/unit/cli/test_gen_dashboards.c.
 */
#include "otelgate/base/str.h"

enum dash_source { DASH_METRICS, DASH_LOGS, DASH_TRACES, DASH_PROFILES, DASH_SOURCE_COUNT_ };

enum dash_kind {
	DASH_ROW, /* a heading */
	DASH_STAT,
	DASH_SERIES,
	DASH_TABLE,
	DASH_MAP, /* a table of workloads and signals, coloured by state */
	DASH_LOGS_LIST,
	DASH_TRACES_LIST,
	DASH_FLAMES,
	DASH_KIND_COUNT_
};

/* What a number means to a reader. */
enum dash_tone {
	DASH_PLAIN,
	DASH_NONE_IS_GOOD, /* red above 0 */
	DASH_SHARE,	   /* red below 0.9, yellow below 1 */
	DASH_TIME_LEFT,	   /* seconds: red below a day, yellow below a week */
	DASH_ONE_IS_GOOD,  /* red below 1 */
	DASH_TONE_COUNT_
};

enum { DASH_TARGETS_MAX = 3, DASH_VARIABLES_MAX = 7 };

struct dash_target {
	enum dash_source source;
	const char *query;
	const char *legend; /* of a series; NULL = all of its labels */
};

struct dash_panel {
	enum dash_kind kind;
	const char *title, *help; /* help: one sentence; NULL for rows */
	const char *unit;	  /* of Grafana: "short", "s", "percentunit"; NULL = short */
	enum dash_tone tone;
	unsigned w, h; /* of 24 columns; ignored of a row */
	struct dash_target targets[DASH_TARGETS_MAX];
};

struct dash_variable {
	const char *name, *label;
	const char *source; /* a data source of that type; else NULL */
	const char *query;  /* label_values(…) of the metrics */
	const char *regex;  /* what is taken of the values; NULL = all */
	bool all;	    /* may be everything, also what has no such label */
};

struct dashboard {
	const char *uid, *title, *help;
	struct dash_variable variables[DASH_VARIABLES_MAX];
	const struct dash_panel *panels;
	size_t n;
	const char *link_title, *link_uid; /* the other one */
};

extern const struct dashboard og_dashboard_cluster, og_dashboard_workload;

/* Appends it as JSON, as Grafana imports it. */
void og_gen_dashboard(struct og_buf *out, const struct dashboard *d);
/* charts/otelgate/files/dashboards. */
void og_gen_dashboard_cluster(struct og_buf *out);
void og_gen_dashboard_workload(struct og_buf *out);
