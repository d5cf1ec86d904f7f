/* SPDX-License-Identifier: Apache-2.0 */
/* The report on a terminal: a line per workload, and what it comes to. */
#include "otelgate/base/mem.h"
#include "otelgate/codec/table.h"
#include "report-priv.h"

enum { WIDTH = 80, MESSAGE_WIDTH = 60, SOURCE_WIDTH = 40, BLIND_MAX = 10 };

/* How a word looks: sign, sign in plain ASCII, colour. The word itself is always there: neither
 * colour nor sign alone says anything. */
static const struct look {
	const char *word, *sign, *ascii, *colour;
} looks[] = {
	{"OK", "✓ ", "+ ", "\033[32m"},
	{"VIA", "✓ ", "+ ", "\033[32m"},
	{"IDLE", "◦ ", "~ ", "\033[36m"},
	{"WAIT", "… ", ". ", "\033[36m"},
	{"STALE", "▲ ", "! ", "\033[33m"},
	{"NONE", "✗ ", "x ", "\033[31m"},
	{"NO", "✗ ", "x ", "\033[31m"},
	{"FAIL", "✗ ", "x ", "\033[31m"},
	{"OFF", "- ", "- ", "\033[2m"},
	{"N/A", "- ", "- ", "\033[2m"},
	{"?", "? ", "? ", "\033[33m"},
};

static const struct look *look_of(struct og_sv word)
{
	struct og_sv first = og_sv(word.p, og_sv_chr(word, ' '));

	for (size_t i = 0; i < OG_COUNT(looks); i++)
		if (og_sv_eq(first, og_svz(looks[i].word)))
			return &looks[i];
	return NULL;
}

/* "✓ OK 12s"; "?" stands for itself. */
static struct og_sv sign(struct og_sv word, const struct og_report_opts *o, struct og_arena *arena)
{
	const struct look *l = look_of(word);

	if (!l || og_sv_is(word, "?"))
		return word;
	return og_svz(
		og_arena_fmt(arena, "%s%.*s", o->ascii ? l->ascii : l->sign, OG_SV_ARG(word)));
}

static struct og_sv rollout_word(const struct og_coverage_row *row)
{
	static const char *const words[OG_RESULT_COUNT_] = {"N/A", "?", "OK", "FAIL"};
	return og_svz(words[row->link[OG_LINK_ROLLED_OUT].result]);
}

/* "OG301 OG701", those of warnings and errors; what is broken when there is none. */
static struct og_sv why(const struct og_coverage_row *row, struct og_arena *arena)
{
	og_auto_buf struct og_buf b = OG_BUF_INIT(4096);
	const struct og_cell *broken = og_report_broken(row);
	const struct og_finding_def *last = NULL;

	if (broken && broken->reason && row->verdict == OG_RESULT_FAIL)
		og_buf_str(&b, broken->reason);
	if (!row->opted_in)
		og_buf_str(&b, row->out_reason ? row->out_reason : "");
	for (uint32_t i = 0; i < row->nfindings; i++) {
		const struct og_coverage_finding *f = &row->findings[i];
		if (f->ignored || f->def->severity < OG_SEV_WARNING || f->def == last)
			continue;
		og_buf_fmt(&b, "%s%s", b.len ? " " : "", f->def->id);
		last = f->def;
	}
	return b.len ? og_arena_sv(arena, og_buf_view(&b)) : OG_SV("<none>");
}

static struct og_sv or_none(struct og_sv s)
{
	return s.n ? s : OG_SV("<none>");
}

enum {
	FIRST_WORD = 2,
	LAST_WORD = 7,
	NARROW = 10,
	STARS = 12,
	SOURCE = STARS + OG_STARS_DIMENSION_COUNT_,
	COLUMNS = SOURCE + 2
};
static const struct og_table_column columns[COLUMNS] = {
	{.header = "NAMESPACE"},
	{.header = "WORKLOAD", .max_width = 48},
	{.header = "INJECTED"},
	{.header = "ROLLOUT"},
	{.header = "METRICS"},
	{.header = "TRACES"},
	{.header = "LOGS"},
	{.header = "PROFILES"},
	{.header = "SCORE", .right = true},
	{.header = "WHY"},
	{.header = "PROFILE"},
	{.header = "STACK"},
	{.header = "COVERAGE"},
	{.header = "QUALITY"},
	{.header = "CORRELATION"},
	{.header = "PERFORMANCE"},
	{.header = "PRODUCTION"},
	{.header = "PROFILING"},
	{.header = "SOURCE", .max_width = SOURCE_WIDTH},
	{.header = "MESSAGE", .max_width = MESSAGE_WIDTH},
};

static void add_row(struct og_table *t, const struct og_coverage *c,
	const struct og_coverage_row *row, const struct og_report_opts *o)
{
	struct og_arena *a = t->arena;
	const struct og_cell *broken = og_report_broken(row);
	struct og_sv cells[COLUMNS] = {
		or_none(row->ns),
		og_report_object(row, a),
		sign(og_report_injected_word(row, a), o, a),
		sign(rollout_word(row), o, a),
	};

	for (int i = 0; i < OG_SIGNAL_COUNT_; i++)
		cells[4 + i] =
			sign(og_report_signal_word(row, (enum og_signal)i, c->made_s, a), o, a);
	cells[8] = row->score < 0 ? OG_SV("-") : og_svz(og_arena_fmt(a, "%.0f", row->score));
	cells[9] = why(row, a);
	cells[10] = or_none(row->profile);
	cells[11] = or_none(row->stack);
	for (int d = 0; d < OG_STARS_DIMENSION_COUNT_; d++)
		cells[STARS + d] = og_report_stars_word(row, (enum og_stars_dimension)d, a);
	cells[SOURCE] = or_none(row->source);
	cells[SOURCE + 1] = or_none(broken ? broken->message : og_sv("", 0));
	og_table_row(t, cells);
}

/* ---- colour ---- */

/* Byte offset of a column's text in a line: columns count code points. */
static size_t offset_of(struct og_sv line, uint32_t column)
{
	size_t i = 0;
	for (uint32_t n = 0; i < line.n; i++)
		if (((unsigned char)line.p[i] & 0xc0) != 0x80 && n++ == column)
			break;
	return i;
}

/* The colour of a cell, by the first of its words that has a look. */
static const char *colour_of(struct og_sv cell)
{
	struct og_sv word;
	while (og_sv_split(&cell, ' ', &word)) {
		const struct look *l = look_of(word);
		if (l)
			return l->colour;
	}
	return NULL;
}

static void colour_line(struct og_buf *out, struct og_sv line, const uint32_t *starts)
{
	size_t done = 0;

	for (int i = FIRST_WORD; i <= LAST_WORD; i++) {
		size_t from = offset_of(line, starts[i]), to = offset_of(line, starts[i + 1]);
		struct og_sv cell = og_sv_trim(og_sv(line.p + from, to - from));
		const char *colour = colour_of(cell);
		if (!colour || !cell.n)
			continue;
		og_buf_add(out, line.p + done, (size_t)(cell.p - line.p) - done);
		og_buf_str(out, colour);
		og_buf_sv(out, cell);
		og_buf_lit(out, "\033[0m");
		done = (size_t)(cell.p - line.p) + cell.n;
	}
	og_buf_add(out, line.p + done, line.n - done);
	og_buf_ch(out, '\n');
}

static void colour_table(struct og_buf *out, struct og_sv text, bool headers)
{
	uint32_t starts[COLUMNS + 1] = {0};
	struct og_sv line = og_sv(text.p, og_sv_chr(text, '\n')), rest = text;

	for (int i = 0; i < NARROW; i++) {
		const char *at =
			memmem(line.p, line.n, columns[i].header, strlen(columns[i].header));
		starts[i] = at ? (uint32_t)(at - line.p) : 0;
	}
	for (bool first = true; og_sv_split(&rest, '\n', &line); first = false) {
		if (!first)
			colour_line(out, line, starts);
		else if (headers) {
			og_buf_sv(out, line);
			og_buf_ch(out, '\n');
		}
	}
}

/* ---- below the table ---- */

static void wrap(struct og_buf *b, struct og_sv text, unsigned at, unsigned indent, unsigned width)
{
	struct og_sv word;
	unsigned column = at;
	bool first = true;

	while (og_sv_split(&text, ' ', &word)) {
		unsigned n = og_table_width(word);
		if (!word.n)
			continue;
		if (!first && column + 1 + n > width) {
			og_buf_fmt(b, "\n%*s", (int)indent, "");
			column = indent;
		} else if (!first) {
			og_buf_ch(b, ' ');
			column++;
		}
		og_buf_sv(b, word);
		column += n;
		first = false;
	}
}

/* Control characters become blanks, so that no text can steer the terminal or make a line. */
static struct og_sv clean(struct og_sv s, struct og_arena *arena)
{
	char *p = og_arena_strndup(arena, s.p ? s.p : "", s.n);

	for (size_t i = 0; p && i < s.n; i++) {
		unsigned char u = (unsigned char)p[i];
		if (u < 0x20 || u == 0x7f ||
			(u == 0xc2 && i + 1 < s.n && (unsigned char)p[i + 1] < 0xa0))
			p[i] = ' ';
		if (u == 0xc2 && p[i] == ' ')
			p[++i] = ' ';
	}
	if (p && !og_utf8_valid(p, s.n))
		for (size_t i = 0; i < s.n; i++)
			if ((unsigned char)p[i] >= 0x80)
				p[i] = '?';
	return p ? og_sv(p, s.n) : OG_SV("");
}

static void signals_line(const struct og_coverage *c, struct og_arena *arena, struct og_buf *out)
{
	for (int i = 0; i < OG_SIGNAL_COUNT_; i++) {
		struct og_share s = c->total.signal[i];
		const char *name = og_signal_name((enum og_signal)i);
		if (!s.of) {
			og_buf_fmt(out, "%-10sno workload is expected to send them\n", name);
			continue;
		}
		/* Of what nobody could look at there is no share: 0 % would read as a loss. */
		if (s.unknown == s.of) {
			og_buf_fmt(out, "%-10sunknown: %u of %u not evaluated\n", name, s.unknown,
				s.of);
			continue;
		}
		struct og_sv p = report_percent(s, arena);
		og_buf_fmt(out, "%-10s%u of %u expected (%.*s)", name, s.good, s.of, OG_SV_ARG(p));
		if (s.of > s.good + s.unknown)
			og_buf_fmt(out, ", %u failing", s.of - s.good - s.unknown);
		if (s.unknown)
			og_buf_fmt(out, ", %u not evaluated", s.unknown);
		og_buf_ch(out, '\n');
	}
}

static void totals(const struct og_coverage *c, struct og_arena *arena, struct og_buf *out)
{
	const struct og_coverage_sum *t = &c->total;
	struct og_sv evaluated = report_percent(t->evaluated, arena);

	og_buf_fmt(out, "%u workload%s, %u opted in", t->workloads, t->workloads == 1 ? "" : "s",
		t->opted_in);
	if (t->score >= 0)
		og_buf_fmt(out, ", score %.0f", t->score);
	if (t->evaluated.of)
		og_buf_fmt(out, ", %.*s of what counts could be looked at", OG_SV_ARG(evaluated));
	og_buf_ch(out, '\n');
	if (t->pods.of)
		og_buf_fmt(
			out, "%-10s%u of %u as they should be\n", "pods", t->pods.good, t->pods.of);
	signals_line(c, arena, out);
	og_buf_fmt(out, "%-10s%u error%s, %u warning%s", "findings", t->by_severity[OG_SEV_ERROR],
		t->by_severity[OG_SEV_ERROR] == 1 ? "" : "s", t->by_severity[OG_SEV_WARNING],
		t->by_severity[OG_SEV_WARNING] == 1 ? "" : "s");
	if (t->ignored)
		og_buf_fmt(out, ", %u ignored", t->ignored);
	if (c->baselined)
		og_buf_fmt(out, ", %u loss%s not in the baseline", t->new_losses,
			t->new_losses == 1 ? "" : "es");
	og_buf_ch(out, '\n');
}

static void causes(
	const struct og_coverage *c, unsigned width, struct og_arena *arena, struct og_buf *out)
{
	struct og_report_cause v[OG_REPORT_CAUSES];
	uint32_t n = og_report_causes(c, v);

	if (n)
		og_buf_lit(out, "\ntop causes\n");
	for (uint32_t i = 0; i < n; i++) {
		og_buf_fmt(out, "  %s  %u workload%s: %s\n         fix: ", v[i].def->id, v[i].rows,
			v[i].rows == 1 ? "" : "s", v[i].def->title);
		struct og_sv fix = clean(v[i].fix, arena);
		wrap(out, fix, 14, 14, width);
		og_buf_ch(out, '\n');
	}
}

static void blind(
	const struct og_coverage *c, unsigned width, struct og_arena *arena, struct og_buf *out)
{
	if (c->nblind)
		og_buf_lit(out, "\nnot checked\n");
	for (uint32_t i = 0; i < c->nblind && i < BLIND_MAX; i++) {
		struct og_sv what = clean(c->blind[i].what, arena);
		og_buf_fmt(out, "  %.*s: ", OG_SV_ARG(what));
		wrap(out, clean(c->blind[i].why, arena), og_table_width(what) + 4, 4, width);
		og_buf_ch(out, '\n');
	}
	if (c->nblind > BLIND_MAX)
		og_buf_fmt(out, "  and %u more (-o json has all)\n", c->nblind - BLIND_MAX);
	if (c->nnotes)
		og_buf_lit(out, "\nnotes\n");
	for (uint32_t i = 0; i < c->nnotes; i++) {
		og_buf_lit(out, "  ");
		wrap(out, clean(c->notes[i], arena), 2, 4, width);
		og_buf_ch(out, '\n');
	}
}

static void gates(const struct og_report_opts *o, struct og_arena *arena, struct og_buf *out)
{
	static const char *const words[] = {"ok  ", "FAIL", "", "?   "};

	if (!o->gates || !o->gates->nlines)
		return;
	og_buf_lit(out, "\ngates\n");
	for (uint32_t i = 0; i < o->gates->nlines; i++) {
		struct og_sv text = clean(o->gates->lines[i], arena);
		og_buf_fmt(out, "  %s %.*s\n", words[o->gates->line_end[i]], OG_SV_ARG(text));
	}
}

static void cluster_findings(
	const struct og_coverage *c, struct og_arena *arena, struct og_buf *out)
{
	for (uint32_t i = 0; i < c->nfindings; i++) {
		const struct og_coverage_finding *f = &c->findings[i];
		struct og_sv text = clean(og_report_message(f), arena);
		if (!f->ignored)
			og_buf_fmt(out, "%s %s: %.*s\n", og_severity_name(f->def->severity),
				f->def->id, OG_SV_ARG(text));
	}
}

static bool write_table(const struct og_coverage *c, const struct og_report_opts *o,
	struct og_arena *arena, struct og_buf *out, bool wide)
{
	og_auto_buf struct og_buf text = OG_BUF_INIT(out->max);
	struct og_table t;
	unsigned width = o->width ? o->width : WIDTH;

	og_table_init(&t, arena, columns, wide ? COLUMNS : NARROW);
	t.ascii = o->ascii;
	for (uint32_t i = 0; i < c->n; i++)
		if (!report_skips(o, &c->rows[i]))
			add_row(&t, c, &c->rows[i], o);
	if (!og_table_write(&t, o->colour || !o->no_headers, &text))
		return false;
	if (t.nrows && o->colour)
		colour_table(out, og_buf_view(&text), !o->no_headers);
	else if (t.nrows)
		og_buf_sv(out, og_buf_view(&text));
	if (o->no_headers)
		return !out->failed;
	if (t.nrows)
		og_buf_ch(out, '\n');
	cluster_findings(c, arena, out);
	totals(c, arena, out);
	causes(c, width, arena, out);
	blind(c, width, arena, out);
	gates(o, arena, out);
	return !out->failed && !arena->failed;
}

bool report_table(const struct og_coverage *c, const struct og_report_opts *o,
	struct og_arena *arena, struct og_buf *out)
{
	return write_table(c, o, arena, out, false);
}

bool report_wide(const struct og_coverage *c, const struct og_report_opts *o,
	struct og_arena *arena, struct og_buf *out)
{
	return write_table(c, o, arena, out, true);
}
