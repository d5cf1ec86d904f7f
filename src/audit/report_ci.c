/* SPDX-License-Identifier: Apache-2.0 */
/* The report for pipelines: JUnit and SARIF. */
#include "otelgate/base/mem.h"
#include "otelgate/codec/jwrite.h"
#include "report-priv.h"

/* ---- JUnit ---- */

static void attribute(struct og_buf *b, const char *name, struct og_sv v)
{
	og_buf_fmt(b, " %s=\"", name);
	report_xml(b, v);
	og_buf_ch(b, '"');
}

struct check {
	const char *name;
	const struct og_cell *cell;
	bool optional;
};

static void test_case(struct og_buf *b, const struct og_coverage_row *row, const struct check *k)
{
	enum og_result r = og_coverage_counts(k->cell);
	struct og_sv reason = og_svz(k->cell->reason ? k->cell->reason : og_result_name(r));

	og_buf_lit(b, "    <testcase classname=\"");
	report_xml(b, row->ns);
	og_buf_lit(b, "\" name=\"");
	report_xml(b, row->kind);
	og_buf_ch(b, '/');
	report_xml(b, row->name);
	og_buf_fmt(b, " %s\"", k->name);
	if (r == OG_RESULT_PASS) {
		og_buf_lit(b, "/>\n");
		return;
	}
	bool fails = r == OG_RESULT_FAIL && !k->optional;
	og_buf_str(b, fails ? ">\n      <failure" : ">\n      <skipped");
	if (fails)
		attribute(b, "type", reason);
	attribute(b, "message", k->cell->message.n ? k->cell->message : reason);
	if (fails && k->cell->fix.n) {
		og_buf_lit(b, ">fix: ");
		report_xml(b, k->cell->fix);
		og_buf_lit(b, "</failure>\n    </testcase>\n");
	} else {
		og_buf_lit(b, "/>\n    </testcase>\n");
	}
}

static uint32_t checks_of(const struct og_coverage_row *row, struct check *v)
{
	uint32_t n = 0;

	if (!row->opted_in)
		v[n++] = (struct check){"OptedIn", &row->link[OG_LINK_OPTED_IN], true};
	for (int l = OG_LINK_INJECTED; row->opted_in && l < OG_LINK_RECEIVED; l++)
		v[n++] = (struct check){og_link_name((enum og_link)l), &row->link[l], false};
	for (int i = 0; row->opted_in && i < OG_SIGNAL_COUNT_; i++)
		v[n++] = (struct check){og_signal_name((enum og_signal)i), &row->signal[i].cell,
			!og_coverage_expects(&row->signal[i])};
	return n;
}

enum { CHECKS = OG_LINK_COUNT_ + OG_SIGNAL_COUNT_ };

static void suite(struct og_buf *b, const struct og_coverage *c, const struct og_report_opts *o,
	uint32_t from, uint32_t to)
{
	uint32_t tests = 0, failures = 0, skipped = 0;
	struct check v[CHECKS];

	for (uint32_t i = from; i < to; i++) {
		uint32_t n = report_skips(o, &c->rows[i]) ? 0 : checks_of(&c->rows[i], v);
		for (uint32_t k = 0; k < n; k++) {
			enum og_result r = og_coverage_counts(v[k].cell);
			bool fails = r == OG_RESULT_FAIL && !v[k].optional;
			failures += fails;
			skipped += r != OG_RESULT_PASS && !fails;
		}
		tests += n;
	}
	if (!tests)
		return;
	og_buf_lit(b, "  <testsuite");
	attribute(b, "name", c->rows[from].ns);
	og_buf_fmt(b, " tests=\"%u\" failures=\"%u\" errors=\"0\" skipped=\"%u\">\n", tests,
		failures, skipped);
	for (uint32_t i = from; i < to; i++) {
		uint32_t n = report_skips(o, &c->rows[i]) ? 0 : checks_of(&c->rows[i], v);
		for (uint32_t k = 0; k < n; k++)
			test_case(b, &c->rows[i], &v[k]);
	}
	og_buf_lit(b, "  </testsuite>\n");
}

static void gate_suite(struct og_buf *b, const struct og_gate_result *g)
{
	uint32_t failures = 0, skipped = 0;

	if (!g || !g->nlines)
		return;
	for (uint32_t i = 0; i < g->nlines; i++) {
		failures += g->line_end[i] == OG_GATE_TRIPPED;
		skipped += g->line_end[i] == OG_GATE_NOT_EVALUATED;
	}
	og_buf_fmt(b,
		"  <testsuite name=\"gates\" tests=\"%u\" failures=\"%u\" errors=\"0\" "
		"skipped=\"%u\">\n",
		g->nlines, failures, skipped);
	for (uint32_t i = 0; i < g->nlines; i++) {
		og_buf_lit(b, "    <testcase classname=\"gates\"");
		attribute(b, "name", g->lines[i]);
		og_buf_str(b, g->line_end[i] == OG_GATE_PASS ? "/>\n"
			      : g->line_end[i] == OG_GATE_TRIPPED
				      ? "><failure message=\"tripped\"/></testcase>\n"
				      : "><skipped message=\"not evaluated\"/></testcase>\n");
	}
	og_buf_lit(b, "  </testsuite>\n");
}

bool report_junit(const struct og_coverage *c, const struct og_report_opts *o,
	struct og_arena *arena, struct og_buf *out)
{
	(void)arena;
	og_buf_lit(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
			"<testsuites name=\"otelgate audit\">\n");
	for (uint32_t from = 0, to; from < c->n; from = to) {
		for (to = from + 1; to < c->n && og_sv_eq(c->rows[to].ns, c->rows[from].ns); to++)
			;
		suite(out, c, o, from, to);
	}
	gate_suite(out, o->gates);
	og_buf_lit(out, "</testsuites>\n");
	return !out->failed;
}

/* ---- SARIF 2.1.0 ---- */

static void text_of(struct og_buf *b, const char *name, struct og_sv v)
{
	og_buf_fmt(b, "\"%s\":{\"text\":", name);
	og_jw_str(b, v);
	og_buf_ch(b, '}');
}

static const char *level(enum og_severity s)
{
	return s == OG_SEV_ERROR ? "error" : s == OG_SEV_WARNING ? "warning" : "note";
}

static void rules(struct og_buf *b, const bool *used, const struct og_finding_def *defs, uint32_t n)
{
	bool any = false;

	og_buf_lit(b, "\"rules\":[");
	for (uint32_t i = 0; i < n; i++) {
		if (!used[i])
			continue;
		og_buf_fmt(b, "%s{\"id\":\"%s\",\"name\":\"%s\",", any ? ",\n" : "\n", defs[i].id,
			defs[i].slug);
		text_of(b, "shortDescription", og_svz(defs[i].title));
		og_buf_ch(b, ',');
		text_of(b, "fullDescription", og_svz(defs[i].why));
		og_buf_ch(b, ',');
		text_of(b, "help", og_svz(defs[i].fix));
		og_buf_fmt(b, ",\"defaultConfiguration\":{\"level\":\"%s\"}}",
			level(defs[i].severity));
		any = true;
	}
	og_buf_ch(b, ']');
}

/* A path as a URI reference (RFC 3986): what is no unreserved character is percent-encoded. */
static void uri(struct og_buf *b, struct og_sv path)
{
	og_buf_ch(b, '"');
	for (size_t i = 0; i < path.n; i++) {
		unsigned char u = (unsigned char)path.p[i];
		bool plain = (u >= 'a' && u <= 'z') || (u >= 'A' && u <= 'Z') ||
			     (u >= '0' && u <= '9') || (u && strchr("-._~/", u));
		if (plain)
			og_buf_ch(b, (char)u);
		else
			og_buf_fmt(b, "%%%02X", u);
	}
	og_buf_ch(b, '"');
}

static void location(struct og_buf *b, const struct og_coverage_row *row)
{
	struct og_sv file;
	uint32_t line = 1;

	og_buf_lit(b, "\"locations\":[{");
	if (report_place(row, &file, &line)) {
		og_buf_lit(b, "\"physicalLocation\":{\"artifactLocation\":{\"uri\":");
		uri(b, file);
		og_buf_fmt(b, "},\"region\":{\"startLine\":%u}},", line);
	}
	og_buf_lit(b, "\"logicalLocations\":[{\"kind\":\"resource\",\"name\":");
	og_jw_str(b, row->name);
	og_buf_lit(b, ",\"fullyQualifiedName\":\"");
	og_jw_part(b, row->ns);
	og_buf_ch(b, '/');
	og_jw_part(b, row->kind);
	og_buf_ch(b, '/');
	og_jw_part(b, row->name);
	og_buf_lit(b, "\"}]}]");
}

static void result(struct og_buf *b, const struct og_coverage *c, const struct og_coverage_row *row,
	const struct og_coverage_finding *f)
{
	og_auto_buf struct og_buf text = OG_BUF_INIT(64 << 10);

	if (row) {
		og_buf_sv(&text, row->kind);
		og_buf_ch(&text, ' ');
		og_buf_sv(&text, row->ns);
		og_buf_ch(&text, '/');
		og_buf_sv(&text, row->name);
		og_buf_lit(&text, ": ");
	}
	if (f->place.n) {
		og_buf_sv(&text, f->place);
		og_buf_lit(&text, ": ");
	}
	og_buf_sv(&text, og_report_message(f));
	og_buf_fmt(b, "{\"ruleId\":\"%s\",\"level\":\"%s\",", f->def->id, level(f->def->severity));
	text_of(b, "message", og_buf_view(&text));
	og_buf_ch(b, ',');
	if (row) {
		location(b, row);
		og_buf_lit(b, ",\"partialFingerprints\":{\"otelgate/v1\":\"");
		og_jw_part(b, og_svz(f->def->id));
		const struct og_sv parts[] = {
			row->ns, row->kind, row->name, og_svz(f->signal), f->place};
		for (size_t i = 0; i < OG_COUNT(parts); i++) {
			og_buf_ch(b, '|');
			og_jw_part(b, parts[i]);
		}
		og_buf_lit(b, "\"},");
	}
	if (c->baselined)
		og_buf_fmt(b, "\"baselineState\":\"%s\",", f->is_new ? "new" : "unchanged");
	og_buf_lit(b, "\"suppressions\":[");
	if (f->ignored) {
		og_buf_lit(b, "{\"kind\":\"external\",\"justification\":");
		og_jw_str(b, f->ignored_why.n ? f->ignored_why : f->ignored_by);
		og_buf_ch(b, '}');
	}
	og_buf_lit(b, "]}");
	b->failed |= text.failed;
}

static void mark(bool *used, const struct og_finding_def *defs, uint32_t n,
	const struct og_coverage_finding *f, uint32_t nf)
{
	for (uint32_t i = 0; i < nf; i++)
		if (f[i].def >= defs && f[i].def < defs + n)
			used[f[i].def - defs] = true;
}

bool report_sarif(const struct og_coverage *c, const struct og_report_opts *o,
	struct og_arena *arena, struct og_buf *out)
{
	uint32_t ndefs;
	const struct og_finding_def *defs = og_finding_defs(&ndefs);
	bool *used = og_arena_new_n(arena, (size_t)ndefs + 1, bool);
	bool any = false;

	if (!used)
		return false;
	for (uint32_t i = 0; i < c->n; i++)
		mark(used, defs, ndefs, c->rows[i].findings, c->rows[i].nfindings);
	mark(used, defs, ndefs, c->findings, c->nfindings);
	og_buf_lit(out,
		"{\"$schema\":\"https://json.schemastore.org/sarif-2.1.0.json\",\"version\":"
		"\"2.1.0\",\"runs\":[{\"tool\":{\"driver\":{\"name\":\"otelgate\",\"version\":");
	og_jw_str(out, c->tool_version);
	og_buf_ch(out, ',');
	rules(out, used, defs, ndefs);
	og_buf_lit(out, "}},\"columnKind\":\"unicodeCodePoints\",\"results\":[");
	for (uint32_t i = 0; i < c->n; i++) {
		if (report_skips(o, &c->rows[i]))
			continue;
		for (uint32_t k = 0; k < c->rows[i].nfindings; k++) {
			og_buf_str(out, any ? ",\n" : "\n");
			result(out, c, &c->rows[i], &c->rows[i].findings[k]);
			any = true;
		}
	}
	for (uint32_t k = 0; k < c->nfindings; k++) {
		og_buf_str(out, any ? ",\n" : "\n");
		result(out, c, NULL, &c->findings[k]);
		any = true;
	}
	og_buf_lit(out, "]}]}\n");
	return !out->failed;
}
