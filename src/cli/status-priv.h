/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* How workloads stand, for people and for programs. */
#include "otelgate/audit/status.h"
#include "otelgate/cli/command.h"

struct status_look {
	int64_t now_s;
	bool wide, headers, colour, ascii;
	unsigned width;
	struct og_arena *arena;
};

/* kubectl's AGE: "45s", "7m30s", "53m", "5h45m", "3d"; "<unknown>" for 0. */
void status_age(int64_t then_s, int64_t now_s, struct og_buf *out);
/* "OK 12s", "OK 2/3", "STALE 3h", "NONE", "WAIT", "IDLE", "VIA stdout", "OFF", "?". */
void status_cell(const struct og_coverage_signal *s, int64_t now_s, struct og_buf *out);
/* What b holds, as a cell of a table, kept by the arena; b is empty then. */
struct og_sv status_cell_text(const struct status_look *v, struct og_buf *b);
/* "2/3"; "-" when none should carry anything. */
void status_ratio(const struct og_coverage_row *row, struct og_buf *out);
/* "deployment/web", "rollout.argoproj.io/web". */
void status_object(const struct og_coverage_row *row, struct og_buf *out);
/* The first link that fails, else the first that is unknown and has to be known; COUNT_ = none. */
enum og_link status_broken(const struct og_telemetry_row *row);
const char *status_link_words(enum og_link l); /* "rolled out" */

const char *status_link_name(enum og_link l); /* "RolloutComplete"; "-" for COUNT_ */

/* One line for each workload. */
void status_table(const struct status_look *v, const struct og_audit_status *s, struct og_buf *out);
/* One line for each namespace, and one for all. */
void status_summary(
	const struct status_look *v, const struct og_audit_status *s, struct og_buf *out);
/* All that is known of one. */
void status_picture(
	const struct status_look *v, const struct og_telemetry_row *row, struct og_buf *out);
/* The stars of one, and what would raise them; nothing where none are told. */
void status_stars_of(
	const struct status_look *v, const struct og_coverage_row *row, struct og_buf *out);
/* The table of stars. Errors: OOM. */
int status_stars(const struct status_look *v, const struct og_audit_status *s, struct og_buf *out,
	struct og_err *err);
/* "deployment/web", a line each. */
void status_names(const struct og_audit_status *s, struct og_buf *out);
/* What a document says beside workloads. */
struct status_beside {
	int64_t now_s;
	const struct og_coverage_blind *blind;
	uint32_t nblind;
	struct og_sv notes; /* a line each */
};
/* One document: docs/reference/status.schema.json. */
void status_json(
	const struct og_audit_status *s, const struct status_beside *beside, struct og_buf *out);
