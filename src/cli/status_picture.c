/* SPDX-License-Identifier: Apache-2.0 */
/* One workload as a picture: its chain of links, its pods, the first broken link, the evidence. */
#include "otelgate/base/clock.h"
#include "otelgate/base/mem.h"
#include "otelgate/cli/term.h"
#include "otelgate/codec/table.h"
#include "status-priv.h"

/* A text takes up to four bytes for each that an object of 1.5 MiB can hold. */
enum { TEXT_BYTES = 8 << 20, INDENT = 18, CELL = 13 };

enum mark { MARK_YES, MARK_NO, MARK_UNKNOWN, MARK_NONE, MARK_COUNT_ };
static const struct {
	const char *text, *ascii;
	enum og_style style;
} marks[MARK_COUNT_] = {[MARK_YES] = {"\xE2\x9C\x93", "+", OG_STYLE_GREEN},
	[MARK_NO] = {"\xE2\x9C\x97", "x", OG_STYLE_RED},
	[MARK_UNKNOWN] = {"?", "?", OG_STYLE_YELLOW},
	[MARK_NONE] = {"\xC2\xB7", "-", OG_STYLE_DIM}};

static const char *text_of(const struct status_look *v, enum mark m)
{
	return v->ascii ? marks[m].ascii : marks[m].text;
}

static void put_mark(const struct status_look *v, enum mark m, struct og_buf *out)
{
	og_style_str(out, v->colour, marks[m].style, text_of(v, m));
}

static enum mark mark_of(enum og_result r)
{
	static const enum mark of[OG_RESULT_COUNT_] = {[OG_RESULT_NA] = MARK_NONE,
		[OG_RESULT_UNKNOWN] = MARK_UNKNOWN,
		[OG_RESULT_PASS] = MARK_YES,
		[OG_RESULT_FAIL] = MARK_NO};

	return of[r];
}

/* Text from outside, wrapped. */
static void put_text(
	const struct status_look *v, struct og_sv text, unsigned indent, struct og_buf *out)
{
	og_auto_buf struct og_buf safe = OG_BUF_INIT(TEXT_BYTES);
	struct og_sv rest = text, line;

	for (bool more = false; og_sv_split(&rest, '\n', &line); more = true) {
		if (more)
			og_buf_ch(&safe, '\n');
		og_text_safe(&safe, line);
	}
	og_buf_inherit(out, &safe);
	og_text_wrap(out, og_buf_view(&safe), indent, indent, v->width);
}

static void pad(struct og_buf *out, size_t from, unsigned to)
{
	/* The marks before it are no part of the words. */
	for (size_t i = from; i < to; i++)
		og_buf_ch(out, ' ');
}

/* ---- head ---- */

static void put_named(struct og_buf *out, const char *what, struct og_sv value)
{
	if (!value.n)
		return;
	og_buf_fmt(out, "   %s ", what);
	og_text_safe(out, value);
}

static void put_head(
	const struct status_look *v, const struct og_telemetry_row *t, struct og_buf *out)
{
	og_auto_buf struct og_buf b = OG_BUF_INIT(TEXT_BYTES);
	const struct og_coverage_row *r = &t->row;
	enum mark m = t->ready == OG_COND_TRUE	  ? MARK_YES
		      : t->ready == OG_COND_FALSE ? MARK_NO
						  : MARK_UNKNOWN;

	put_mark(v, m, out);
	og_buf_ch(out, ' ');
	if (v->colour)
		og_buf_str(out, og_style_code(OG_STYLE_BOLD));
	og_text_safe(out, r->ns);
	og_buf_ch(out, ' ');
	status_object(r, &b);
	og_text_safe(out, og_buf_view(&b));
	og_buf_inherit(out, &b);
	if (v->colour)
		og_buf_str(out, og_style_off);
	put_named(out, "profile", r->profile);
	put_named(out, "stack", r->stack);
	put_named(out, "revision", r->revision);
	og_buf_ch(out, '\n');
}

/* ---- links ---- */

static void put_pods_said(const struct og_coverage_row *r, struct og_buf *out)
{
	og_auto_buf struct og_buf b = OG_BUF_INIT(64);

	status_ratio(r, &b);
	if (r->pods_seen && !og_sv_is(og_buf_view(&b), "-"))
		og_buf_fmt(out, "%s pods. ", b.p);
}

static void put_links(
	const struct status_look *v, const struct og_telemetry_row *t, struct og_buf *out)
{
	const struct og_coverage_row *r = &t->row;

	for (int i = 0; i < OG_LINK_COUNT_; i++) {
		const struct og_cell *c = &r->link[i];
		og_auto_buf struct og_buf b = OG_BUF_INIT(TEXT_BYTES);
		const char *words = status_link_words((enum og_link)i);
		og_buf_lit(out, "  ");
		put_mark(v, mark_of(c->result), out);
		og_buf_fmt(out, " %s", words);
		if (i == OG_LINK_INJECTED)
			put_pods_said(r, &b);
		if (i == OG_LINK_ROLLED_OUT && t->rollout != OG_ROLLOUT_UNKNOWN)
			og_buf_fmt(&b, "%s. ", og_rollout_state_name(t->rollout));
		if (i == OG_LINK_RECEIVED && c->result == OG_RESULT_NA)
			og_buf_lit(&b, "No signal is expected.");
		if (c->message.n)
			og_buf_sv(&b, c->message);
		og_buf_inherit(out, &b);
		if (b.len) {
			pad(out, 4 + strlen(words), INDENT);
			put_text(v, og_buf_view(&b), INDENT, out);
		}
		og_buf_ch(out, '\n');
	}
}

/* ---- signals ---- */

static void put_signals(
	const struct status_look *v, const struct og_coverage_row *r, struct og_buf *out)
{
	for (int i = 0; i < OG_SIGNAL_COUNT_; i++) {
		const struct og_coverage_signal *s = &r->signal[i];
		og_auto_buf struct og_buf cell = OG_BUF_INIT(64), b = OG_BUF_INIT(TEXT_BYTES);
		const char *name = og_signal_name((enum og_signal)i);
		og_buf_lit(out, "      ");
		put_mark(v, mark_of(s->cell.result), out);
		og_buf_fmt(out, " %s", name);
		pad(out, 8 + strlen(name), INDENT);
		status_cell(s, v->now_s, &cell);
		og_buf_sv(&b, og_buf_view(&cell));
		for (unsigned k = (unsigned)b.len; k < CELL; k++)
			og_buf_ch(&b, ' ');
		og_buf_sv(out, og_buf_view(&b));
		og_buf_ch(out, ' ');
		put_text(v, s->cell.message, INDENT + CELL + 1, out);
		og_buf_ch(out, '\n');
	}
}

/* ---- pods ---- */

static const char *version_of(const struct og_coverage_pod *p)
{
	static const char *const words[OG_POD_CLASS_COUNT_] = {[OG_CLASS_CURRENT] = "current",
		[OG_CLASS_STALE] = "old version",
		[OG_CLASS_BARE] = "old version: not injected",
		[OG_CLASS_SKIPPED] = "left alone",
		[OG_CLASS_TERMINATING] = "terminating",
		[OG_CLASS_FINISHED] = "finished"};

	return words[p->class_];
}

static void add_pod(
	const struct status_look *v, const struct og_coverage_pod *p, struct og_table *t)
{
	og_auto_buf struct og_buf b = OG_BUF_INIT(1024);
	struct og_sv cells[6] = {p->name, p->revision.n ? p->revision : OG_SV("<none>")};

	status_age(p->created_s, v->now_s, &b);
	cells[2] = status_cell_text(v, &b);
	cells[3] = og_svz(p->ready ? "yes" : "?");
	for (int i = 0; i < OG_SIGNAL_COUNT_; i++) {
		if (i)
			og_buf_ch(&b, ' ');
		og_buf_str(&b, text_of(v, !p->sends_known[i] ? MARK_UNKNOWN
					  : p->sends[i]	     ? MARK_YES
							     : MARK_NO));
	}
	cells[4] = status_cell_text(v, &b);
	og_buf_str(&b, version_of(p));
	if (p->class_ == OG_CLASS_STALE && p->cause != OG_STALE_NOT)
		og_buf_fmt(&b, ": %s", og_stale_cause_text(p->cause));
	cells[5] = status_cell_text(v, &b);
	og_table_row(t, cells);
}

static void put_pods(
	const struct status_look *v, const struct og_coverage_row *r, struct og_buf *out)
{
	static const struct og_table_column columns[] = {{"  POD", 0, false},
		{"REVISION", 0, false}, {"AGE", 0, true}, {"READY", 0, false},
		{"M T L P", 0, false}, {"VERSION", 0, false}};
	struct og_table t;

	if (!r->npod)
		return;
	og_table_init(&t, v->arena, columns, OG_COUNT(columns));
	t.ascii = v->ascii;
	for (uint32_t i = 0; i < r->npod; i++) {
		struct og_coverage_pod p = r->pod[i];
		p.name = og_svz(og_arena_fmt(v->arena, "  %.*s", OG_SV_ARG(p.name)));
		add_pod(v, &p, &t);
	}
	og_buf_ch(out, '\n');
	if (!og_table_write(&t, true, out) || v->arena->failed)
		out->failed = true;
	if (r->pods > r->npod)
		og_buf_fmt(out, "  and %u more\n", r->pods - r->npod);
}

/* ---- what is broken, and the evidence ---- */

static void put_line(
	const struct status_look *v, const char *what, struct og_sv text, struct og_buf *out)
{
	if (!text.n)
		return;
	og_buf_fmt(out, "  %-6s", what);
	put_text(v, text, 8, out);
	og_buf_ch(out, '\n');
}

static void put_broken(
	const struct status_look *v, const struct og_telemetry_row *t, struct og_buf *out)
{
	enum og_link l = status_broken(t);
	const struct og_cell *c = l < OG_LINK_COUNT_ ? &t->row.link[l] : NULL;

	if (!c)
		return;
	og_buf_fmt(out,
		"\nFirst link that is %s: ", c->result == OG_RESULT_FAIL ? "broken" : "not known");
	og_style_str(out, v->colour, OG_STYLE_BOLD, status_link_words(l));
	if (c->reason) {
		og_buf_lit(out, " (");
		og_text_safe(out, og_svz(c->reason));
		og_buf_ch(out, ')');
	}
	og_buf_ch(out, '\n');
	put_line(v, "why", c->message, out);
	put_line(v, "fix", c->fix, out);
	if (c->finding && og_finding_def(og_svz(c->finding)))
		og_buf_fmt(out, "  more  otelgate explain %s\n",
			og_finding_def(og_svz(c->finding))->id);
}

/* One piece, to be copied: never wrapped. */
static void put_evidence(const struct og_coverage_row *r, struct og_buf *out)
{
	bool begun = false;

	for (int i = 0; i < OG_SIGNAL_COUNT_; i++) {
		const struct og_coverage_signal *s = &r->signal[i];
		if (!s->query.n && !s->explore.n)
			continue;
		if (!begun)
			og_buf_lit(out, "\nEvidence\n");
		begun = true;
		og_buf_fmt(out, "  %-10s", og_signal_name((enum og_signal)i));
		og_text_safe(out, s->query.n ? s->query : s->explore);
		og_buf_ch(out, '\n');
		if (!s->query.n || !s->explore.n)
			continue;
		og_buf_lit(out, "            ");
		og_text_safe(out, s->explore);
		og_buf_ch(out, '\n');
	}
}

void status_picture(
	const struct status_look *v, const struct og_telemetry_row *t, struct og_buf *out)
{
	put_head(v, t, out);
	put_links(v, t, out);
	put_signals(v, &t->row, out);
	put_pods(v, &t->row, out);
	put_broken(v, t, out);
	status_stars_of(v, &t->row, out);
	put_evidence(&t->row, out);
}
