/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The report as one HTML file that asks nobody for anything: its style and script are in it, and
 * allowed by their hashes alone (https://www.w3.org/TR/CSP3/#match-element-to-source-list), so that
 * a name that found a way through the escaping could still not run. Without the script it is
 * complete; the script filters and copies.
 */
#include <stdlib.h>
#include "otelgate/base/digest.h"
#include "otelgate/base/mem.h"
#include "otelgate/codec/base64.h"
#include "report_html-priv.h"

static bool hash(struct og_buf *b, const char *const *lines)
{
	unsigned char sum[OG_SHA256_BYTES];
	struct og_err err = OG_ERR_INIT;
	struct og_sha256 h og_auto_sha256;

	og_sha256_init(&h);
	for (; *lines; lines++)
		og_sha256_add(&h, *lines, strlen(*lines));
	if (og_sha256_final(&h, sum, &err) < 0)
		return false;
	og_buf_lit(b, "'sha256-");
	og_base64_encode(b, og_sv((const char *)sum, sizeof(sum)));
	og_buf_ch(b, '\'');
	return true;
}

static void put(struct og_buf *b, const char *const *lines)
{
	for (; *lines; lines++)
		og_buf_str(b, *lines);
}

static bool head(struct og_buf *b, const struct og_coverage *c)
{
	og_buf_lit(b, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
		      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
		      "base-uri 'none'; form-action 'none'; style-src ");
	if (!hash(b, report_html_style))
		return false;
	og_buf_lit(b, "; script-src ");
	if (!hash(b, report_html_script))
		return false;
	og_buf_lit(b, "\">\n<meta name=\"referrer\" content=\"no-referrer\">\n"
		      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
		      "<title>Telemetry coverage");
	if (c->cluster.n)
		og_buf_lit(b, " of ");
	/* A title holds no elements: its text is escaped as that of an attribute. */
	html_attr(b, c->cluster);
	og_buf_lit(b, "</title>\n<style>");
	put(b, report_html_style);
	og_buf_lit(b, "</style>\n</head>\n<body>\n<header id=\"top\">\n<h1>Telemetry coverage");
	if (c->cluster.n) {
		og_buf_lit(b, " of ");
		html_name(b, c->cluster);
	}
	og_buf_lit(b, "</h1>\n<p class=\"soft\">");
	html_time(b, c->made_s);
	og_buf_lit(b, ", otelgate ");
	html_name(b, c->tool_version);
	if (!c->backends)
		og_buf_lit(b, "; no backend was asked what arrives");
	og_buf_lit(b, "</p>\n");
	return true;
}

static void tools(struct og_buf *b)
{
	og_buf_lit(b,
		"<div class=\"bar2\">\n<form id=\"f\" role=\"search\" hidden>\n"
		"<input id=\"q\" type=\"search\" autocomplete=\"off\" spellcheck=\"false\" "
		"placeholder=\"Search workload, namespace, finding ( / )\" "
		"aria-label=\"Search workloads\">\n"
		"<select id=\"ns\" aria-label=\"Namespace\"><option value=\"\">All namespaces"
		"</option></select>\n"
		"<label><input id=\"only\" type=\"checkbox\"> Only problems</label>\n"
		"<button type=\"reset\">Clear</button>\n"
		"<output id=\"n\" aria-live=\"polite\"></output>\n</form>\n"
		"<div class=\"head\" aria-hidden=\"true\"><span>Workload</span><span>Injected</span>"
		"<span>Rollout</span><span>Metrics</span><span>Traces</span><span>Logs</span>"
		"<span>Profiles</span><span>Score</span></div>\n</div>\n");
}

/* ---- namespaces ---- */

struct group {
	const struct og_coverage_sum *sum;
	uint32_t from, to;
};

static int worst_first(const void *x, const void *y)
{
	const struct group *a = x, *b = y;
	double p = a->sum->score < 0 ? 101 : a->sum->score;
	double q = b->sum->score < 0 ? 101 : b->sum->score;

	if (p < q || p > q)
		return p < q ? -1 : 1;
	return a->from < b->from ? -1 : a->from > b->from;
}

static bool group(struct og_buf *b, const struct og_coverage *c, const struct og_report_opts *o,
	const struct group *g, struct og_arena *arena)
{
	struct html_row *rows;
	uint32_t n;

	if (!html_rows_sort(c, o, g->from, g->to, arena, &rows, &n))
		return false;
	if (!n)
		return true;
	const struct og_coverage_sum *s = g->sum;
	struct og_sv title = s->ns.n ? s->ns : OG_SV("no namespace");
	og_buf_lit(b, "<details class=\"ns\" open data-n=\"");
	html_attr(b, s->ns);
	og_buf_lit(b, "\" data-t=\"");
	html_attr(b, title);
	og_buf_lit(b, "\"><summary><h2>");
	html_name(b, title);
	og_buf_fmt(b, "</h2><span class=\"soft\">%u of %u opted in", s->opted_in, s->workloads);
	if (n < s->workloads)
		og_buf_fmt(b, ", %u shown", n);
	if (s->score >= 0)
		og_buf_fmt(b, ", score %.0f", s->score);
	og_buf_lit(b, "</span></summary>\n<div class=\"rows\">\n");
	for (uint32_t i = 0; i < n && !b->failed; i++)
		html_row(b, c, rows[i].row, arena);
	og_buf_lit(b, "</div></details>\n");
	return true;
}

static bool groups(struct og_buf *b, const struct og_coverage *c, const struct og_report_opts *o,
	struct og_arena *arena)
{
	struct group *v = og_arena_new_n(arena, (size_t)c->nnamespaces + 1, struct group);
	uint32_t from = 0;

	if (!v)
		return false;
	for (uint32_t i = 0; i < c->nnamespaces; i++) {
		uint32_t to = from;
		while (to < c->n && og_sv_eq(c->rows[to].ns, c->namespaces[i].ns))
			to++;
		v[i] = (struct group){&c->namespaces[i], from, to};
		from = to;
	}
	if (c->nnamespaces)
		qsort(v, c->nnamespaces, sizeof(*v), worst_first);
	for (uint32_t i = 0; i < c->nnamespaces; i++)
		if (!group(b, c, o, &v[i], arena))
			return false;
	return true;
}

/* ---- the end ---- */

static void not_checked(struct og_buf *b, const struct og_coverage *c)
{
	if (c->nblind || c->nnotes)
		og_buf_lit(b, "<h2>Not checked</h2>\n<ul class=\"plain\">\n");
	for (uint32_t i = 0; i < c->nblind; i++) {
		og_buf_lit(b, "<li>");
		html_name(b, c->blind[i].what);
		og_buf_lit(b, ": ");
		html_text(b, c->blind[i].why);
		og_buf_lit(b, "</li>\n");
	}
	for (uint32_t i = 0; i < c->nnotes; i++) {
		og_buf_lit(b, "<li>");
		html_text(b, c->notes[i]);
		og_buf_lit(b, "</li>\n");
	}
	if (c->nblind || c->nnotes)
		og_buf_lit(b, "</ul>\n");
}

static void legend(struct og_buf *b)
{
	static const struct {
		const char *class_, *sign, *word, *text;
	} rows[] = {
		{"ok", "✓", "OK 12s", "it arrives; the newest is that old"},
		{"ok", "✓", "VIA stdout", "log lines are collected from stdout"},
		{"warn", "▲", "STALE 3h", "it came, and comes no more"},
		{"bad", "✗", "NONE", "it should come, and never did"},
		{"unk", "◦", "IDLE", "no traffic, so absence proves nothing"},
		{"unk", "…", "WAIT", "within its grace"},
		{"unk", "?", "", "could not be looked at: neither good nor bad"},
		{"na", "–", "OFF, N/A", "switched off by its owner, accepted, or does not apply"},
	};

	og_buf_lit(b, "<details class=\"legend\"><summary>What the cells say</summary>\n<dl>\n");
	for (size_t i = 0; i < OG_COUNT(rows); i++)
		og_buf_fmt(b,
			"<dt class=\"c %s\"><s aria-hidden=\"true\">%s</s>%s</dt><dd>%s</dd>\n",
			rows[i].class_, rows[i].sign, rows[i].word, rows[i].text);
	og_buf_lit(b, "</dl>\n</details>\n");
}

bool report_html(const struct og_coverage *c, const struct og_report_opts *o,
	struct og_arena *arena, struct og_buf *out)
{
	if (!head(out, c))
		return false;
	html_summary(out, c, o);
	og_buf_lit(out, "</header>\n<main>\n");
	tools(out);
	if (!groups(out, c, o, arena))
		return false;
	og_buf_fmt(out, "<p id=\"none\" class=\"none\"%s>No workload%s.</p>\n</main>\n<footer>\n",
		c->n ? " hidden" : "", c->n ? " matches" : "s");
	not_checked(out, c);
	legend(out);
	og_buf_lit(out,
		"<p class=\"soft\"><code>otelgate explain</code> and the id of a finding say "
		"more about it.</p>\n</footer>\n<script>");
	put(out, report_html_script);
	og_buf_lit(out, "</script>\n</body>\n</html>\n");
	return !out->failed && !arena->failed;
}
