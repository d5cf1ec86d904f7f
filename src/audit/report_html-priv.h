/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* What the parts of the HTML report share. */
#include "report-priv.h"

/* Lines, then NULL: compilers promise no more than 4095 characters in a literal. */
extern const char *const report_html_style[], *const report_html_script[];

/*
 * Text between tags, and in attributes with double quotes. Nothing of it is markup; what cannot be
 * seen, or turns the direction of what is around it, is written as its number.
 */
void html_text(struct og_buf *b, struct og_sv s); /* line feeds and tabs stay */
void html_name(struct og_buf *b, struct og_sv s); /* within <bdi>; they do not */
void html_attr(struct og_buf *b, struct og_sv s); /* the value, without its quotes */
/* A block to copy when it is a command or a manifest, a line to read when not; nothing when empty.
 */
void html_fix(struct og_buf *b, struct og_sv fix);
/* "2026-06-30 12:00:00 UTC" within <time>. */
void html_time(struct og_buf *b, int64_t at_s);

/* How a cell looks: class, sign, and what it is called for those who see neither. */
struct html_look {
	const char *class_, *sign, *name;
};
const struct html_look *html_look_word(struct og_sv word); /* by its first word */
const struct html_look *html_look_result(enum og_result r);
/* Of a cell as it counts: accepted ones look like what does not apply. */
const struct html_look *html_look_cell(const struct og_cell *cell);
const struct html_look *html_look_severity(enum og_severity severity);
/* Injected, but before what is wanted now: a warning. */
const struct html_look *html_look_injected(const struct og_coverage_row *row);

struct html_row {
	const struct og_coverage_row *row;
	uint32_t rank, at;
	double score;
};
/* Rows [from, to) that opts keep, worst first. False when memory is out. */
bool html_rows_sort(const struct og_coverage *c, const struct og_report_opts *o, uint32_t from,
	uint32_t to, struct og_arena *arena, struct html_row **ret, uint32_t *ret_n);

void html_row(struct og_buf *b, const struct og_coverage *c, const struct og_coverage_row *row,
	struct og_arena *arena);
void html_drawer(struct og_buf *b, const struct og_coverage *c, const struct og_coverage_row *row);
/* Nothing where none are told. */
void html_stars(struct og_buf *b, const struct og_coverage_row *row);
/* Cards, gates and causes. */
void html_summary(struct og_buf *b, const struct og_coverage *c, const struct og_report_opts *o);
/* May stand in an href: https, and nothing that could end the attribute or be read otherwise. */
bool html_link_ok(struct og_sv url);
