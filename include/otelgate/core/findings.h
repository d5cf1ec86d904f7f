/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Findings: everything otelgate has to say about a workload, as rows of one table. An id is never
 * reused. `otelgate explain OG203` prints a row.
 */
#include "otelgate/base/arena.h"
#include <stdint.h>

enum og_severity { OG_SEV_INFO, OG_SEV_NOTICE, OG_SEV_WARNING, OG_SEV_ERROR, OG_SEV_UNKNOWN };

struct og_finding_def {
	const char *id;	  /* "OG203" */
	const char *slug; /* "optin.bad-value" */
	enum og_severity severity;
	const char *title;   /* one line, no full stop */
	const char *why;     /* what it means and why it matters */
	const char *fix;     /* what to do, ready to copy where possible */
	const char *example; /* may be NULL */
};

struct og_finding {
	const struct og_finding_def *def;
	struct og_sv place;  /* "container app, variable JAVA_TOOL_OPTIONS"; may be empty */
	struct og_sv detail; /* one sentence for this very case; never a secret */
};

/* Collected in the arena, in the order they are made; the same finding twice is kept once. */
struct og_findings {
	struct og_finding *v;
	uint32_t n, cap;
	bool lost; /* memory ran out or more than 200: some are missing */
};

/* id is an id of the table ("OG203"). place and detail may be built with og_arena_fmt. */
void og_findings_add(struct og_findings *f, struct og_arena *arena, const char *id,
	struct og_sv place, struct og_sv detail);
void og_findings_addf(struct og_findings *f, struct og_arena *arena, const char *id,
	struct og_sv place, const char *fmt, ...) __attribute__((format(printf, 5, 6)));

/*
 * True, and `lost` set, when no more are taken. Whoever makes places and texts for many findings
 * asks first, so that hostile input cannot make it work for nothing.
 */
bool og_findings_full(struct og_findings *f);

/* Rows in order of id; *ret_n gets their number. */
const struct og_finding_def *og_finding_defs(uint32_t *ret_n);
/* By id (any case) or slug; NULL when unknown. */
const struct og_finding_def *og_finding_def(struct og_sv id_or_slug);
const char *og_severity_name(enum og_severity s); /* "info", "notice", "warning", … */
