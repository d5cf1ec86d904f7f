/* SPDX-License-Identifier: Apache-2.0 */
/* The report as CSV, as Markdown, and as metrics. */
#include "otelgate/base/harmless.h"
#include "otelgate/base/mem.h"
#include "report-priv.h"

enum { MARKDOWN_ROWS = 200, MARKDOWN_STARS = 50 };

/* ---- CSV ---- */

/* Bytes of what s begins with; *ret_bad when it steers whoever looks at it, turns the direction of
 * text, or is no text: a blank is written for it. */
static size_t first(struct og_sv s, bool *ret_bad)
{
	size_t n = og_utf8_len(s.p, s.n);

	*ret_bad = !n || og_utf8_steers(s.p, n);
	return n ? n : 1;
}

/* What begins a formula, full-width signs included, which some spreadsheets take for the others;
 * after blanks it does so in those that trim. */
static bool is_formula(struct og_sv s)
{
	static const char *const signs[] = {
		"=", "+", "-", "@", "\xef\xbc\x9d", "\xef\xbc\x8b", "\xef\xbc\x8d", "\xef\xbc\xa0"};

	if (s.n && (s.p[0] == '\t' || s.p[0] == '\r'))
		return true; /* taken away by those that trim */
	for (bool bad; s.n;) {
		size_t n = first(s, &bad);
		if (!bad && s.p[0] != ' ')
			break;
		s = og_sv(s.p + n, s.n - n);
	}
	for (size_t i = 0; i < OG_COUNT(signs); i++)
		if (og_sv_starts(s, og_svz(signs[i])))
			return true;
	return false;
}

/*
 * RFC 4180. A text that a spreadsheet would take for a formula gets an apostrophe before it
 * (https://owasp.org/www-community/attacks/CSV_Injection): names are whatever somebody wrote. What
 * steers a terminal, or turns the direction of text, is a blank.
 */
static void csv(struct og_buf *b, struct og_sv s)
{
	if (b->len && b->p[b->len - 1] != '\n')
		og_buf_ch(b, ',');
	og_buf_ch(b, '"');
	if (is_formula(s))
		og_buf_ch(b, '\'');
	for (bool bad; s.n;) {
		size_t n = first(s, &bad);
		if (bad)
			og_buf_ch(b, ' ');
		else
			og_buf_add(b, s.p, n);
		if (!bad && s.p[0] == '"')
			og_buf_ch(b, '"');
		s = og_sv(s.p + n, s.n - n);
	}
	og_buf_ch(b, '"');
}

static void csv_num(struct og_buf *b, double v, const char *fmt)
{
	og_buf_ch(b, ',');
	if (v >= 0)
		og_buf_fmt(b, strcmp(fmt, "%.1f") == 0 ? "%.1f" : "%.0f", v);
}

/* Stars earned, and those if all that is not known is well; empty where they do not apply. */
static void csv_stars(struct og_buf *b, const struct og_stars_brief *s)
{
	for (int d = 0; d < OG_STARS_DIMENSION_COUNT_; d++) {
		bool is = s->told && s->score[d].applies;
		csv_num(b, is ? (double)s->score[d].stars : -1, "%.0f");
		csv_num(b, is ? (double)s->score[d].best : -1, "%.0f");
	}
}

static void csv_row(struct og_buf *b, const struct og_coverage_row *row, struct og_arena *arena)
{
	const struct og_cell *broken = og_report_broken(row);
	og_auto_buf struct og_buf ids = OG_BUF_INIT(16 << 10);

	csv(b, row->ns);
	csv(b, row->kind);
	csv(b, row->name);
	csv(b, row->opted_in ? OG_SV("true") : OG_SV("false"));
	csv(b, og_svz(og_result_name(row->verdict)));
	csv_num(b, row->score, "%.1f");
	csv(b, og_report_injected_word(row, arena));
	for (int l = OG_LINK_CREDENTIALS; l < OG_LINK_RECEIVED; l++)
		csv(b, og_svz(og_result_name(row->link[l].result)));
	for (int i = 0; i < OG_SIGNAL_COUNT_; i++) {
		const struct og_coverage_signal *s = &row->signal[i];
		csv(b, og_svz(og_result_name(s->cell.result)));
		csv(b, og_svz(row->opted_in ? og_arrival_state_name(s->state) : ""));
	}
	csv(b, row->profile);
	csv(b, row->stack);
	csv_num(b, row->pods, "%.0f");
	csv(b, broken ? og_svz(og_link_name(row->broken)) : OG_SV(""));
	csv(b, broken ? broken->message : OG_SV(""));
	for (uint32_t i = 0; i < row->nfindings; i++)
		if (!row->findings[i].ignored)
			og_buf_fmt(&ids, "%s%s", ids.len ? " " : "", row->findings[i].def->id);
	csv(b, og_buf_view(&ids));
	csv(b, row->source);
	csv_stars(b, &row->stars);
	og_buf_lit(b, "\r\n");
}

bool report_csv(const struct og_coverage *c, const struct og_report_opts *o, struct og_arena *arena,
	struct og_buf *out)
{
	if (!o->no_headers)
		og_buf_lit(out,
			"namespace,kind,name,optedIn,verdict,score,injected,credentials,egress,"
			"rollout,metrics,metricsState,traces,tracesState,logs,logsState,profiles,"
			"profilesState,profile,stack,pods,broken,message,findings,source,"
			"coverageStars,coverageBest,qualityStars,qualityBest,correlationStars,"
			"correlationBest,performanceStars,performanceBest,productionStars,"
			"productionBest,profilingStars,profilingBest\r\n");
	for (uint32_t i = 0; i < c->n; i++)
		if (!report_skips(o, &c->rows[i]))
			csv_row(out, &c->rows[i], arena);
	return !out->failed;
}

/* ---- Markdown ---- */

/* Text within a cell: nothing of it is markup, a link, a mention or a new line. */
static void md(struct og_buf *b, struct og_sv s)
{
	size_t n;
	bool bad;

	for (size_t i = 0; i < s.n; i += n) {
		unsigned char u = (unsigned char)s.p[i];
		n = first(og_sv(s.p + i, s.n - i), &bad);
		if (bad)
			og_buf_ch(b, ' ');
		else if (u == '<')
			og_buf_lit(b, "&lt;");
		else if (u == '>')
			og_buf_lit(b, "&gt;");
		else if (u == '&')
			og_buf_lit(b, "&amp;");
		else if (u == '@' || u == '#')
			og_buf_fmt(b, "&#%u;", u); /* no mention, no issue */
		else if (strchr("\\`*_{}[]()|~!:", u) != NULL)
			og_buf_fmt(b, u == ':' ? "%c" : "\\%c", u);
		else
			og_buf_add(b, s.p + i, n);
	}
}

static void md_cell(struct og_buf *b, struct og_sv s)
{
	og_buf_ch(b, ' ');
	md(b, s);
	og_buf_lit(b, " |");
}

static const char *md_sign(enum og_result r)
{
	static const char *const signs[OG_RESULT_COUNT_] = {"➖", "❔", "✅", "❌"};
	return signs[r];
}

static void md_row(struct og_buf *b, const struct og_coverage *c, const struct og_coverage_row *row,
	struct og_arena *arena)
{
	const struct og_cell *broken = og_report_broken(row);

	og_buf_fmt(b, "| %s |", md_sign(row->verdict));
	md_cell(b, row->ns);
	md_cell(b, og_report_object(row, arena));
	md_cell(b, og_report_injected_word(row, arena));
	for (int i = 0; i < OG_SIGNAL_COUNT_; i++)
		md_cell(b, og_report_signal_word(row, (enum og_signal)i, c->made_s, arena));
	md_cell(b, broken && row->verdict != OG_RESULT_PASS ? broken->message : OG_SV(""));
	og_buf_ch(b, '\n');
}

static void md_head(struct og_buf *b, const struct og_coverage *c, const struct og_report_opts *o)
{
	const struct og_coverage_sum *t = &c->total;

	og_buf_lit(b, "## Telemetry coverage\n\n");
	og_buf_fmt(b, "%u workload%s, %u opted in", t->workloads, t->workloads == 1 ? "" : "s",
		t->opted_in);
	if (t->score >= 0)
		og_buf_fmt(b, ", score **%.0f**", t->score);
	og_buf_fmt(b, "; %u error%s, %u warning%s", t->by_severity[OG_SEV_ERROR],
		t->by_severity[OG_SEV_ERROR] == 1 ? "" : "s", t->by_severity[OG_SEV_WARNING],
		t->by_severity[OG_SEV_WARNING] == 1 ? "" : "s");
	if (t->ignored)
		og_buf_fmt(b, ", %u ignored", t->ignored);
	og_buf_lit(b, ".\n\n");
	for (uint32_t i = 0; o->gates && i < o->gates->nlines; i++) {
		og_buf_fmt(b, "- %s ",
			o->gates->line_end[i] == OG_GATE_PASS	   ? "✅"
			: o->gates->line_end[i] == OG_GATE_TRIPPED ? "❌"
								   : "❔");
		md(b, o->gates->lines[i]);
		og_buf_ch(b, '\n');
	}
	if (o->gates && o->gates->nlines)
		og_buf_ch(b, '\n');
}

/* Problems first here too: of those the table above names. */
static void md_stars(struct og_buf *b, const struct og_coverage *c, const struct og_report_opts *o,
	struct og_arena *arena)
{
	uint32_t shown = 0, left = 0;

	for (uint32_t i = 0; i < c->n; i++) {
		const struct og_coverage_row *row = &c->rows[i];
		if (!row->stars.told || report_skips(o, row))
			continue;
		if (shown >= MARKDOWN_STARS) {
			left++;
			continue;
		}
		if (!shown++) {
			og_buf_lit(b, "\n### Stars\n\n| Namespace | Workload |");
			for (int d = 0; d < OG_STARS_DIMENSION_COUNT_; d++)
				og_buf_fmt(b, " %s |",
					og_stars_dimension_name((enum og_stars_dimension)d));
			og_buf_lit(b, " First |\n|---|---|---|---|---|---|---|---|---|\n");
		}
		og_buf_ch(b, '|');
		md_cell(b, row->ns);
		md_cell(b, og_report_object(row, arena));
		for (int d = 0; d < OG_STARS_DIMENSION_COUNT_; d++) {
			og_buf_ch(b, ' ');
			og_stars_brief_draw(
				&row->stars.score[d], (enum og_stars_dimension)d, true, b);
			og_buf_lit(b, " |");
		}
		const struct og_stars_rule *first = og_report_first_star(row);
		md_cell(b, og_svz(first ? first->rise : ""));
		og_buf_ch(b, '\n');
	}
	if (left)
		og_buf_fmt(b, "\nand %u more.\n", left);
	if (shown)
		og_buf_lit(b, "\n★ earned, ◌ not known, ☆ missed.\n");
}

static void md_rest(struct og_buf *b, const struct og_coverage *c)
{
	struct og_report_cause v[OG_REPORT_CAUSES];
	uint32_t n = og_report_causes(c, v);

	if (n)
		og_buf_lit(b, "\n### Top causes\n\n");
	for (uint32_t i = 0; i < n; i++) {
		og_buf_fmt(b, "- **%s** %s (%u workload%s): ", v[i].def->id, v[i].def->title,
			v[i].rows, v[i].rows == 1 ? "" : "s");
		md(b, v[i].fix);
		og_buf_ch(b, '\n');
	}
	if (c->nblind || c->nnotes)
		og_buf_lit(b, "\n### Not checked\n\n");
	for (uint32_t i = 0; i < c->nblind; i++) {
		og_buf_lit(b, "- ");
		md(b, c->blind[i].what);
		og_buf_lit(b, ": ");
		md(b, c->blind[i].why);
		og_buf_ch(b, '\n');
	}
	for (uint32_t i = 0; i < c->nnotes; i++) {
		og_buf_lit(b, "- ");
		md(b, c->notes[i]);
		og_buf_ch(b, '\n');
	}
}

/* A comment has 65,536 characters at GitHub: problems come first, and the rest is counted. */
bool report_markdown(const struct og_coverage *c, const struct og_report_opts *o,
	struct og_arena *arena, struct og_buf *out)
{
	uint32_t shown = 0, left = 0;

	md_head(out, c, o);
	for (int problems = 1; problems >= 0; problems--)
		for (uint32_t i = 0; i < c->n; i++) {
			const struct og_coverage_row *row = &c->rows[i];
			if (report_skips(o, row) || og_report_is_problem(row) != (problems == 1))
				continue;
			if (shown >= MARKDOWN_ROWS) {
				left++;
				continue;
			}
			if (!shown++)
				og_buf_lit(out,
					"| | Namespace | Workload | Injected | Metrics | Traces | "
					"Logs | Profiles | Why |\n"
					"|---|---|---|---|---|---|---|---|---|\n");
			md_row(out, c, row, arena);
		}
	if (left)
		og_buf_fmt(out, "\nand %u more.\n", left);
	md_stars(out, c, o, arena);
	md_rest(out, c);
	return !out->failed;
}

/* ---- Prometheus ---- */

/* https://prometheus.io/docs/instrumenting/exposition_formats/: \ " and line feeds. */
static void label(struct og_buf *b, const char *name, struct og_sv v)
{
	og_buf_fmt(b, "%s%s=\"", b->len && b->p[b->len - 1] != '{' ? "," : "", name);
	for (size_t i = 0; i < v.n;) {
		size_t n = 1;
		while (n < 4 && i + n < v.n && ((unsigned char)v.p[i + n] & 0xc0) == 0x80)
			n++;
		if (v.p[i] == '\n')
			og_buf_lit(b, "\\n");
		else if (v.p[i] == '"' || v.p[i] == '\\')
			og_buf_fmt(b, "\\%c", v.p[i]);
		else if (!og_utf8_valid(v.p + i, n) || (unsigned char)v.p[i] < 0x20 ||
			 v.p[i] == 0x7f)
			og_buf_lit(b, "\xef\xbf\xbd");
		else
			og_buf_add(b, v.p + i, n);
		i += n;
	}
	og_buf_ch(b, '"');
}

static void family(struct og_buf *b, const char *name, const char *help)
{
	og_buf_fmt(b, "# HELP %s %s\n# TYPE %s gauge\n", name, help, name);
}

static void sum_metric(struct og_buf *b, const struct og_coverage *c, const char *name,
	const char *help, double (*value)(const struct og_coverage_sum *))
{
	family(b, name, help);
	for (uint32_t i = 0; i < c->nnamespaces; i++) {
		double v = value(&c->namespaces[i]);
		if (v < 0)
			continue;
		og_buf_fmt(b, "%s{", name);
		label(b, "namespace", c->namespaces[i].ns);
		og_buf_fmt(b, "} %g\n", v);
	}
}

static double sum_score(const struct og_coverage_sum *s)
{
	return s->score;
}
static double sum_workloads(const struct og_coverage_sum *s)
{
	return s->workloads;
}
static double sum_opted_in(const struct og_coverage_sum *s)
{
	return s->opted_in;
}

static void signal_metrics(struct og_buf *b, const struct og_coverage *c)
{
	static const char *const results[] = {"pass", "fail", "unknown"};

	family(b, "otelgate_audit_signal_workloads",
		"Opted-in workloads that are expected to send a signal, by result.");
	for (uint32_t n = 0; n < c->nnamespaces; n++)
		for (int i = 0; i < OG_SIGNAL_COUNT_; i++) {
			struct og_share s = c->namespaces[n].signal[i];
			const uint32_t counts[] = {s.good, s.of - s.good - s.unknown, s.unknown};
			for (size_t k = 0; k < OG_COUNT(results); k++) {
				og_buf_lit(b, "otelgate_audit_signal_workloads{");
				label(b, "namespace", c->namespaces[n].ns);
				label(b, "signal", og_svz(og_signal_name((enum og_signal)i)));
				label(b, "result", og_svz(results[k]));
				og_buf_fmt(b, "} %u\n", counts[k]);
			}
		}
}

static void workload_labels(struct og_buf *b, const struct og_coverage_row *row)
{
	label(b, "namespace", row->ns);
	label(b, "kind", row->kind);
	label(b, "workload", row->name);
}

/* Rows of one name would be one series twice. */
static bool repeated(const struct og_coverage *c, uint32_t i)
{
	const struct og_coverage_row *a = &c->rows[i], *b = i ? &c->rows[i - 1] : NULL;
	return b && og_sv_eq(a->ns, b->ns) && og_sv_eq(a->kind, b->kind) &&
	       og_sv_eq(a->name, b->name);
}

static void workload_metrics(struct og_buf *b, const struct og_coverage *c)
{
	family(b, "otelgate_audit_workload_score", "Coverage score of a workload, 0 to 100.");
	for (uint32_t i = 0; i < c->n; i++) {
		if (c->rows[i].score < 0 || repeated(c, i))
			continue;
		og_buf_lit(b, "otelgate_audit_workload_score{");
		workload_labels(b, &c->rows[i]);
		og_buf_fmt(b, "} %.1f\n", c->rows[i].score);
	}
	family(b, "otelgate_audit_workload_broken",
		"1 for the first broken link of an opted-in workload.");
	for (uint32_t i = 0; i < c->n; i++) {
		const struct og_cell *cell = og_report_broken(&c->rows[i]);
		if (!cell || cell->result != OG_RESULT_FAIL || repeated(c, i))
			continue;
		og_buf_lit(b, "otelgate_audit_workload_broken{");
		workload_labels(b, &c->rows[i]);
		label(b, "link", og_svz(og_link_name(c->rows[i].broken)));
		og_buf_lit(b, "} 1\n");
	}
}

static void star_metrics(struct og_buf *b, const struct og_coverage *c)
{
	static const char *const bounds[] = {"earned", "best"};

	family(b, "otelgate_audit_workload_stars",
		"Stars of a workload: earned, and best if all that is not known turned out well.");
	for (uint32_t i = 0; i < c->n; i++) {
		const struct og_stars_brief *s = &c->rows[i].stars;
		for (int d = 0; s->told && !repeated(c, i) && d < OG_STARS_DIMENSION_COUNT_; d++) {
			const uint32_t values[] = {s->score[d].stars, s->score[d].best};
			for (size_t k = 0; s->score[d].applies && k < OG_COUNT(bounds); k++) {
				og_buf_lit(b, "otelgate_audit_workload_stars{");
				workload_labels(b, &c->rows[i]);
				label(b, "dimension",
					og_svz(og_stars_dimension_id((enum og_stars_dimension)d)));
				label(b, "bound", og_svz(bounds[k]));
				og_buf_fmt(b, "} %u\n", values[k]);
			}
		}
	}
}

bool report_prometheus(const struct og_coverage *c, const struct og_report_opts *o,
	struct og_arena *arena, struct og_buf *out)
{
	(void)arena;
	family(out, "otelgate_audit_info", "What the audit was made with.");
	og_buf_lit(out, "otelgate_audit_info{");
	label(out, "version", c->tool_version);
	label(out, "cluster", c->cluster);
	og_buf_lit(out, "} 1\n");
	family(out, "otelgate_audit_timestamp_seconds", "When the audit was made.");
	og_buf_fmt(out, "otelgate_audit_timestamp_seconds %lld\n", (long long)c->made_s);
	if (c->total.score >= 0) {
		family(out, "otelgate_audit_cluster_score", "Coverage score of all, 0 to 100.");
		og_buf_fmt(out, "otelgate_audit_cluster_score %.1f\n", c->total.score);
	}
	sum_metric(out, c, "otelgate_audit_score", "Coverage score of a namespace, 0 to 100.",
		sum_score);
	sum_metric(out, c, "otelgate_audit_workloads", "Workloads.", sum_workloads);
	sum_metric(out, c, "otelgate_audit_opted_in_workloads", "Workloads that are opted in.",
		sum_opted_in);
	signal_metrics(out, c);
	family(out, "otelgate_audit_findings", "Findings that are not ignored, by severity.");
	for (int i = 0; i <= OG_SEV_UNKNOWN; i++) {
		og_buf_lit(out, "otelgate_audit_findings{");
		label(out, "severity", og_svz(og_severity_name((enum og_severity)i)));
		og_buf_fmt(out, "} %u\n", c->total.by_severity[i]);
	}
	family(out, "otelgate_audit_blind", "Things that could not be looked at.");
	og_buf_fmt(out, "otelgate_audit_blind %u\n", c->nblind);
	if (o->gates && o->gates->nlines) {
		family(out, "otelgate_audit_gate", "0 pass, 1 tripped, 3 not evaluated.");
		og_buf_fmt(out, "otelgate_audit_gate %d\n", (int)o->gates->end);
	}
	workload_metrics(out, c);
	star_metrics(out, c);
	return !out->failed;
}
