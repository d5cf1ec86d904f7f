/* SPDX-License-Identifier: Apache-2.0 */
/* The forms of a report, and what they say the same way. */
#include "report-priv.h"

#include <stdlib.h>
#include "otelgate/base/mem.h"
#include "otelgate/base/parse.h"

const struct og_report_form og_report_forms[] = {
	{"table", "text/plain", "a line per workload, and a summary", report_table},
	{"wide", "text/plain", "the same with profile, pods, reason and source", report_wide},
	{"stars", "text/plain", "the table of stars, and what would raise them", report_stars},
	{"json", "application/json", "all of it; docs/reference/report.schema.json", report_json},
	{"yaml", "application/yaml", "the same as YAML", report_yaml},
	{"csv", "text/csv", "a line per workload, RFC 4180", report_csv},
	{"markdown", "text/markdown", "for a comment on a pull request", report_markdown},
	{"junit", "application/xml", "a test case per workload and check", report_junit},
	{"sarif", "application/sarif+json", "findings with their places, SARIF 2.1.0",
		report_sarif},
	{"prometheus", "text/plain; version=0.0.4", "gauges for a textfile collector",
		report_prometheus},
	{"html", "text/html; charset=utf-8", "one file to look at, offline", report_html},
};
const size_t og_report_nforms = OG_COUNT(og_report_forms);

const struct og_report_form *og_report_form(struct og_sv name)
{
	for (size_t i = 0; i < og_report_nforms; i++)
		if (og_sv_eq(name, og_svz(og_report_forms[i].name)))
			return &og_report_forms[i];
	return NULL;
}

struct og_sv og_report_age(int64_t s, struct og_arena *arena)
{
	static const struct {
		int64_t from, unit;
		char letter;
	} steps[] = {{2 * 86400, 86400, 'd'}, {2 * 3600, 3600, 'h'}, {120, 60, 'm'}, {0, 1, 's'}};

	s = s < 0 ? 0 : s;
	for (size_t i = 0; i < OG_COUNT(steps); i++)
		if (s >= steps[i].from)
			return og_svz(og_arena_fmt(
				arena, "%lld%c", (long long)(s / steps[i].unit), steps[i].letter));
	return OG_SV("0s");
}

struct og_sv og_report_signal_word(const struct og_coverage_row *row, enum og_signal signal,
	int64_t now_s, struct og_arena *arena)
{
	static const char *const words[OG_AR_STATE_COUNT_] = {
		"?", "OFF", "WAIT", "NONE", "STALE", "IDLE", "VIA stdout", "OK"};
	const struct og_coverage_signal *s = &row->signal[signal];
	bool dated = s->state == OG_AR_FLOWING || s->state == OG_AR_STALE;

	if (!row->opted_in)
		return OG_SV("N/A");
	if (s->mode == OG_MODE_OFF)
		return OG_SV("OFF");
	const char *word = (unsigned)s->state < OG_AR_STATE_COUNT_ ? words[s->state] : "?";
	if (!dated || !s->last_seen_s || !now_s)
		return og_svz(word);
	struct og_sv age = og_report_age(now_s - s->last_seen_s, arena);
	return og_svz(og_arena_fmt(arena, "%s %.*s", word, OG_SV_ARG(age)));
}

struct og_sv og_report_injected_word(const struct og_coverage_row *row, struct og_arena *arena)
{
	const uint32_t *n = row->classes;
	uint32_t should = n[OG_CLASS_CURRENT] + n[OG_CLASS_STALE] + n[OG_CLASS_BARE];
	enum og_result r = row->link[OG_LINK_INJECTED].result;

	if (!row->opted_in)
		return OG_SV("N/A");
	if (row->pods_seen && should)
		return og_svz(og_arena_fmt(arena, "%u/%u", n[OG_CLASS_CURRENT], should));
	return r == OG_RESULT_PASS   ? row->pods_seen ? OG_SV("0/0") : OG_SV("would")
		 : r == OG_RESULT_FAIL ? OG_SV("NO")
				     : OG_SV("?");
}

struct og_sv og_report_object(const struct og_coverage_row *row, struct og_arena *arena)
{
	char *text = og_arena_fmt(arena, "%.*s/%.*s", OG_SV_ARG(row->kind), OG_SV_ARG(row->name));

	for (size_t i = 0; text && i < row->kind.n && text[i]; i++)
		if (text[i] >= 'A' && text[i] <= 'Z')
			text[i] = (char)(text[i] + 32);
	return og_svz(text);
}

bool og_report_is_problem(const struct og_coverage_row *row)
{
	for (uint32_t i = 0; i < row->nfindings; i++)
		if (!row->findings[i].ignored && row->findings[i].def->severity >= OG_SEV_WARNING)
			return true;
	return row->verdict == OG_RESULT_FAIL || row->verdict == OG_RESULT_UNKNOWN ||
	       og_coverage_uncovered(row);
}

bool report_skips(const struct og_report_opts *o, const struct og_coverage_row *row)
{
	return o->only_problems && !og_report_is_problem(row);
}

const struct og_cell *og_report_broken(const struct og_coverage_row *row)
{
	return row->opted_in && row->broken < OG_LINK_COUNT_ ? &row->link[row->broken] : NULL;
}

struct og_sv og_report_message(const struct og_coverage_finding *f)
{
	return f->message.n ? f->message : og_svz(f->def->title);
}

struct og_sv og_report_fix(const struct og_coverage_finding *f)
{
	return f->fix.n ? f->fix : og_svz(f->def->fix);
}

const char *report_link_member(enum og_link l)
{
	static const char *const names[OG_LINK_COUNT_] = {"optedIn", "injected", "credentialsReady",
		"egressAllowed", "rolloutComplete", "received"};
	return names[l];
}

bool report_place(const struct og_coverage_row *row, struct og_sv *ret_file, uint32_t *ret_line)
{
	size_t n = row->source.n;

	while (n && row->source.p[n - 1] != ':')
		n--;
	if (n < 2 || og_parse_u32(og_sv(row->source.p + n, row->source.n - n), 1, UINT32_MAX,
			     ret_line, NULL) < 0)
		return false;
	*ret_file = og_sv(row->source.p, n - 1);
	return true;
}

struct og_sv report_percent(struct og_share s, struct og_arena *arena)
{
	if (!s.of)
		return OG_SV("-");
	return og_svz(og_arena_fmt(arena, "%.1f %%", 100.0 * s.good / s.of));
}

/* Bytes of the character at p that XML 1.0 may hold; 0 = none of its. */
static size_t xml_char(const char *p, size_t n)
{
	unsigned char u = (unsigned char)*p;
	size_t len = u < 0x80 ? 1 : u < 0xe0 ? 2 : u < 0xf0 ? 3 : 4;

	if (len > n || !og_utf8_valid(p, len))
		return 0;
	if (len == 1)
		return u >= 0x20 || u == '\t' || u == '\n' ? 1 : 0;
	bool c1 = len == 2 && u == 0xc2 && (unsigned char)p[1] < 0xa0;
	bool none = len == 3 && u == 0xef && (unsigned char)p[1] == 0xbf &&
		    (unsigned char)p[2] >= 0xbe;
	return c1 || none ? 0 : len;
}

static const char *xml_entity(char ch)
{
	switch (ch) {
	case '&':
		return "&amp;";
	case '<':
		return "&lt;";
	case '>':
		return "&gt;";
	case '"':
		return "&quot;";
	case '\'':
		return "&#39;";
	case '\n':
		return "&#10;";
	case '\t':
		return "&#9;";
	default:
		return NULL;
	}
}

void report_xml(struct og_buf *b, struct og_sv s)
{
	for (size_t i = 0; i < s.n;) {
		size_t len = xml_char(s.p + i, s.n - i);
		const char *entity = xml_entity(s.p[i]);
		if (!len)
			og_buf_lit(b, "\xef\xbf\xbd");
		else if (entity)
			og_buf_str(b, entity);
		else
			og_buf_add(b, s.p + i, len);
		i += len ? len : 1;
	}
}

/* ---- causes ---- */

static void count_cause(struct og_report_cause *all, uint32_t ndefs,
	const struct og_finding_def *defs, const struct og_coverage_row *row)
{
	for (uint32_t i = 0; i < row->nfindings; i++) {
		const struct og_coverage_finding *f = &row->findings[i];
		size_t at = (size_t)(f->def - defs);
		bool again = i && row->findings[i - 1].def == f->def;
		if (f->ignored || f->def < defs || at >= ndefs || again ||
			f->def->severity == OG_SEV_INFO)
			continue;
		all[at].def = f->def;
		all[at].rows++;
		all[at].pods += row->pods;
		if (!all[at].fix.n)
			all[at].fix = og_report_fix(f);
	}
}

static bool worse(const struct og_report_cause *a, const struct og_report_cause *b)
{
	static const int ranks[] = {[OG_SEV_INFO] = 4,
		[OG_SEV_NOTICE] = 3,
		[OG_SEV_WARNING] = 1,
		[OG_SEV_ERROR] = 0,
		[OG_SEV_UNKNOWN] = 2};
	int x = ranks[a->def->severity], y = ranks[b->def->severity];

	if (x != y)
		return x < y;
	if (a->rows != b->rows)
		return a->rows > b->rows;
	return a->pods != b->pods ? a->pods > b->pods : strcmp(a->def->id, b->def->id) < 0;
}

uint32_t og_report_causes(const struct og_coverage *c, struct og_report_cause ret[OG_REPORT_CAUSES])
{
	uint32_t ndefs, n = 0;
	const struct og_finding_def *defs = og_finding_defs(&ndefs);
	struct og_report_cause *all = og_calloc(ndefs, sizeof(*all));

	for (uint32_t i = 0; all && i < c->n; i++)
		count_cause(all, ndefs, defs, &c->rows[i]);
	for (; all && n < OG_REPORT_CAUSES; n++) {
		struct og_report_cause *best = NULL;
		for (uint32_t i = 0; i < ndefs; i++)
			if (all[i].def && (!best || worse(&all[i], best)))
				best = &all[i];
		if (!best)
			break;
		ret[n] = *best;
		best->def = NULL;
	}
	og_free(all);
	return n;
}
