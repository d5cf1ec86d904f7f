/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* What the forms of a report share. */
#include "otelgate/audit/report.h"

#define OG_REPORT_WRITER(name)                                                 \
	bool name(const struct og_coverage *c, const struct og_report_opts *o, \
		struct og_arena *arena, struct og_buf *out)
OG_REPORT_WRITER(report_table);
OG_REPORT_WRITER(report_wide);
OG_REPORT_WRITER(report_stars);
OG_REPORT_WRITER(report_json);
OG_REPORT_WRITER(report_yaml);
OG_REPORT_WRITER(report_csv);
OG_REPORT_WRITER(report_markdown);
OG_REPORT_WRITER(report_junit);
OG_REPORT_WRITER(report_sarif);
OG_REPORT_WRITER(report_prometheus);
OG_REPORT_WRITER(report_html);

/* Lower camel case of a link's name, as members are called: "rolloutComplete". */
const char *report_link_member(enum og_link l);
bool report_skips(const struct og_report_opts *o, const struct og_coverage_row *row);
/* "dump.yaml:12" → its file and line; false when it is none. */
bool report_place(const struct og_coverage_row *row, struct og_sv *ret_file, uint32_t *ret_line);
/* "78.8 %", "-" for a share of nothing. */
struct og_sv report_percent(struct og_share s, struct og_arena *arena);
/* XML and HTML text: & < > " ' as entities; what XML cannot hold becomes U+FFFD. */
void report_xml(struct og_buf *b, struct og_sv s);
