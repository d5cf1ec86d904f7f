/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Findings that somebody has accepted: by the annotation otelgate.dev/ignore of a workload, or by a
 * file of rules. Pure: the time is an argument.
 *
 *   otelgate.dev/ignore: OG704 until=2026-12-31 no traffic at night, OG805 known
 *
 * A list of ids or slugs, each with an optional end and a reason; what follows an id holds for
 * those before it that have nothing of their own. The file:
 *
 *   ignore:
 *   - finding: OG704            # id or slug; required
 *     namespace: batch-*        # name or glob with "*"; all when left out
 *     kind: CronJob
 *     name: "*-nightly"
 *     reason: runs at night     # required: a rule that nobody can explain is not accepted
 *     until: 2026-12-31         # day (to its end, UTC) or RFC 3339 time; for ever when left out
 *
 * A rule that has expired holds no more, and is named in the report.
 */
#include "otelgate/core/coverage.h"

enum { OG_IGNORE_MAX_RULES = 10000, OG_IGNORE_MAX_NOTES = 50 };

struct og_ignore_rule {
	const struct og_finding_def *def;
	struct og_sv ns, kind, name; /* "" = any */
	struct og_sv why;
	int64_t until_s; /* 0 = for ever */
	uint32_t number; /* in its file, from 1 */
};

struct og_ignores {
	const char *name; /* of the file */
	struct og_ignore_rule *rules;
	uint32_t n;
};

/* `root` is a document of the file. Errors: CONFIG with the rule and member, LIMIT, OOM. */
int og_ignores_read(struct og_jval root, const char *name, struct og_arena *arena,
	struct og_ignores *ret, struct og_err *err);

/*
 * Marks findings of rows and of the cluster, and the cells that rest on them, as ignored. Expired
 * rules become notes of the report. `rules` may be NULL. To be called before og_coverage_finish.
 * Errors: OOM.
 */
int og_ignores_apply(const struct og_ignores *rules, struct og_coverage *c, struct og_arena *arena,
	struct og_err *err);

/* The annotation of one row, as collectors read it. Errors: OOM. What is no finding is passed over:
 * the engine says so (OG203). `notes` gets the expired ones; may be NULL. */
struct og_ignore_notes {
	struct og_sv v[OG_IGNORE_MAX_NOTES];
	uint32_t n, more;
};
int og_ignores_annotation(struct og_sv value, struct og_coverage_row *row, int64_t now_s,
	struct og_arena *arena, struct og_ignore_notes *notes, struct og_err *err);

/* "*" stands for any characters; everything else for itself. */
bool og_ignore_match(struct og_sv glob, struct og_sv text);
/* "2026-12-31" (its last second) or RFC 3339. */
bool og_ignore_until(struct og_sv text, int64_t *ret_s);
