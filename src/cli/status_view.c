/* SPDX-License-Identifier: Apache-2.0 */
/* Workloads and their signals as lines. */
#include "otelgate/base/clock.h"
#include "otelgate/base/mem.h"
#include "otelgate/cli/term.h"
#include "otelgate/codec/table.h"
#include "otelgate/audit/report.h"
#include "status-priv.h"

enum { CELL_BYTES = 256, NAME_BYTES = 1024 };

/* k8s.io/apimachinery duration.HumanDuration: two units while the larger one is small. */
void status_age(int64_t then_s, int64_t now_s, struct og_buf *out)
{
	static const struct {
		int64_t below, unit, sub;
		char letter, sub_letter;
	} steps[] = {{120, 1, 0, 's', 0}, {600, 60, 1, 'm', 's'}, {10800, 60, 0, 'm', 0},
		{28800, 3600, 60, 'h', 'm'}, {172800, 3600, 0, 'h', 0},
		{691200, 86400, 3600, 'd', 'h'}, {63072000, 86400, 0, 'd', 0},
		{INT64_MAX, 31536000, 0, 'y', 0}};
	int64_t s = now_s > then_s ? now_s - then_s : 0;

	if (!then_s) {
		og_buf_lit(out, "<unknown>");
		return;
	}
	for (size_t i = 0; i < OG_COUNT(steps); i++) {
		if (s >= steps[i].below)
			continue;
		og_buf_fmt(out, "%lld%c", (long long)(s / steps[i].unit), steps[i].letter);
		int64_t rest = steps[i].sub ? s % steps[i].unit / steps[i].sub : 0;
		if (rest)
			og_buf_fmt(out, "%lld%c", (long long)rest, steps[i].sub_letter);
		return;
	}
}

static void flowing(const struct og_coverage_signal *s, int64_t now_s, struct og_buf *out)
{
	og_buf_lit(out, "OK");
	if (s->pods_known && s->covered < s->of) {
		og_buf_fmt(out, " %u/%u", s->covered, s->of);
	} else if (s->last_seen_s) {
		og_buf_ch(out, ' ');
		status_age(s->last_seen_s, now_s, out);
	}
}

void status_cell(const struct og_coverage_signal *s, int64_t now_s, struct og_buf *out)
{
	static const char *const words[OG_AR_STATE_COUNT_] = {[OG_AR_UNKNOWN] = "?",
		[OG_AR_OFF] = "OFF",
		[OG_AR_WAITING] = "WAIT",
		[OG_AR_NEVER] = "NONE",
		[OG_AR_STALE] = "STALE",
		[OG_AR_IDLE] = "IDLE",
		[OG_AR_VIA_STDOUT] = "VIA stdout",
		[OG_AR_FLOWING] = "OK"};

	if (s->state == OG_AR_FLOWING) {
		flowing(s, now_s, out);
		return;
	}
	og_buf_str(out, words[s->state]);
	if (s->state == OG_AR_STALE && s->last_seen_s) {
		og_buf_ch(out, ' ');
		status_age(s->last_seen_s, now_s, out);
	}
}

void status_ratio(const struct og_coverage_row *row, struct og_buf *out)
{
	const uint32_t *n = row->classes;
	uint32_t of = n[OG_CLASS_CURRENT] + n[OG_CLASS_STALE] + n[OG_CLASS_BARE];

	if (!row->pods_seen)
		og_buf_ch(out, '?');
	else if (of)
		og_buf_fmt(out, "%u/%u", n[OG_CLASS_CURRENT], of);
	else
		og_buf_ch(out, '-');
}

void status_object(const struct og_coverage_row *row, struct og_buf *out)
{
	for (size_t i = 0; i < row->kind.n; i++) {
		char c = row->kind.p[i];
		og_buf_ch(out, c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c);
	}
	if (row->group.n && !og_sv_is(row->group, "apps") && !og_sv_is(row->group, "batch")) {
		og_buf_ch(out, '.');
		og_buf_sv(out, row->group);
	}
	og_buf_ch(out, '/');
	og_buf_sv(out, row->name);
}

enum og_link status_broken(const struct og_telemetry_row *t)
{
	const struct og_cell *link = t->row.link;

	for (int i = 0; i < OG_LINK_COUNT_; i++)
		if (link[i].result == OG_RESULT_FAIL)
			return (enum og_link)i;
	for (int i = 0; i < OG_LINK_COUNT_ && t->ready != OG_COND_TRUE; i++)
		if (link[i].result == OG_RESULT_UNKNOWN)
			return (enum og_link)i;
	return OG_LINK_COUNT_;
}

const char *status_link_words(enum og_link l)
{
	static const char *const words[OG_LINK_COUNT_] = {[OG_LINK_OPTED_IN] = "opted in",
		[OG_LINK_INJECTED] = "injected",
		[OG_LINK_CREDENTIALS] = "credentials",
		[OG_LINK_EGRESS] = "egress",
		[OG_LINK_ROLLED_OUT] = "rolled out",
		[OG_LINK_RECEIVED] = "received"};

	return (unsigned)l < OG_LINK_COUNT_ ? words[l] : "none";
}

const char *status_link_name(enum og_link l)
{
	static const char *const names[OG_LINK_COUNT_] = {[OG_LINK_OPTED_IN] = "OptedIn",
		[OG_LINK_INJECTED] = "Injected",
		[OG_LINK_CREDENTIALS] = "CredentialsReady",
		[OG_LINK_EGRESS] = "EgressAllowed",
		[OG_LINK_ROLLED_OUT] = "RolloutComplete",
		[OG_LINK_RECEIVED] = "Received"};

	return (unsigned)l < OG_LINK_COUNT_ ? names[l] : "-";
}

/* ---- the table ---- */

static const char *ready_word(enum og_cond_status s)
{
	return s == OG_COND_TRUE ? "yes" : s == OG_COND_FALSE ? "no" : "?";
}

enum { COL_ROLLOUT = 3, COL_METRICS = 4, COL_READY = 8 };

static enum og_style style_of(struct og_sv cell)
{
	static const struct {
		const char *begin;
		enum og_style style;
	} styles[] = {{"OK", OG_STYLE_GREEN}, {"VIA", OG_STYLE_GREEN}, {"yes", OG_STYLE_GREEN},
		{"Complete", OG_STYLE_GREEN}, {"STALE", OG_STYLE_RED}, {"NONE", OG_STYLE_RED},
		{"no", OG_STYLE_RED}, {"Stuck", OG_STYLE_RED}, {"OFF", OG_STYLE_DIM},
		{"-", OG_STYLE_DIM}};

	for (size_t i = 0; i < OG_COUNT(styles); i++)
		if (og_sv_starts(cell, og_svz(styles[i].begin)))
			return styles[i].style;
	return OG_STYLE_YELLOW;
}

static void paint(void *ctx, struct og_sv cell, uint32_t column, bool begin, struct og_buf *out)
{
	(void)ctx;
	if (column < COL_ROLLOUT || column > COL_READY)
		return;
	if (begin && og_sv_starts(cell, OG_SV("OK ")) && og_sv_chr(cell, '/') < cell.n)
		og_buf_str(out, og_style_code(OG_STYLE_YELLOW));
	else
		og_buf_str(out, begin ? og_style_code(style_of(cell)) : og_style_off);
}

struct og_sv status_cell_text(const struct status_look *v, struct og_buf *b)
{
	struct og_sv s = og_arena_sv(v->arena, og_buf_view(b));

	if (b->failed)
		v->arena->failed = true;
	og_buf_reset(b);
	return s.p ? s : OG_SV("");
}

static struct og_sv or_none(struct og_sv s)
{
	return s.n ? s : OG_SV("<none>");
}

void status_table(const struct status_look *v, const struct og_audit_status *s, struct og_buf *out)
{
	static const struct og_table_column columns[] = {{"NAMESPACE", 0, false},
		{"WORKLOAD", 0, false}, {"PODS", 0, true}, {"ROLLOUT", 0, false},
		{"METRICS", 0, false}, {"TRACES", 0, false}, {"LOGS", 0, false},
		{"PROFILES", 0, false}, {"READY", 0, false}, {"BROKEN", 0, false},
		{"PROFILE", 0, false}, {"REVISION", 0, false}, {"COVERAGE", 0, false},
		{"QUALITY", 0, false}, {"CORRELATION", 0, false}, {"PERFORMANCE", 0, false},
		{"PRODUCTION", 0, false}, {"PROFILING", 0, false}, {"WHY", 120, false}};
	enum { NARROW = 9, STARS = NARROW + 3 };
	og_auto_buf struct og_buf b = OG_BUF_INIT(NAME_BYTES);
	struct og_table t;

	og_table_init(&t, v->arena, columns, v->wide ? (uint32_t)OG_COUNT(columns) : NARROW);
	t.ascii = v->ascii;
	t.paint = v->colour ? paint : NULL;
	for (uint32_t i = 0; i < s->n; i++) {
		const struct og_telemetry_row *r = &s->rows[i];
		struct og_sv cells[OG_COUNT(columns)] = {r->row.ns};
		status_object(&r->row, &b);
		cells[1] = status_cell_text(v, &b);
		status_ratio(&r->row, &b);
		cells[2] = status_cell_text(v, &b);
		cells[COL_ROLLOUT] = r->rollout == OG_ROLLOUT_UNKNOWN
					     ? OG_SV("?")
					     : og_svz(og_rollout_state_name(r->rollout));
		for (int k = 0; k < OG_SIGNAL_COUNT_; k++) {
			status_cell(&r->row.signal[k], v->now_s, &b);
			cells[COL_METRICS + k] = status_cell_text(v, &b);
		}
		cells[COL_READY] = og_svz(ready_word(r->ready));
		enum og_link broken = status_broken(r);
		cells[NARROW] = og_svz(status_link_name(broken));
		cells[NARROW + 1] = or_none(r->row.profile);
		cells[NARROW + 2] = or_none(r->row.revision);
		for (int d = 0; d < OG_STARS_DIMENSION_COUNT_; d++)
			cells[STARS + d] =
				og_report_stars_word(&r->row, (enum og_stars_dimension)d, v->arena);
		cells[STARS + OG_STARS_DIMENSION_COUNT_] = r->ready_message;
		og_table_row(&t, cells);
	}
	if (!og_table_write(&t, v->headers, out) || v->arena->failed)
		out->failed = true;
}

/* ---- by namespace ---- */

struct sums {
	uint32_t workloads, ready, pods, current, good[OG_SIGNAL_COUNT_], of[OG_SIGNAL_COUNT_];
	uint32_t unknown[OG_SIGNAL_COUNT_];
};

static void add(struct sums *n, const struct og_telemetry_row *t)
{
	const uint32_t *c = t->row.classes;

	n->workloads++;
	n->ready += t->ready == OG_COND_TRUE;
	n->pods += c[OG_CLASS_CURRENT] + c[OG_CLASS_STALE] + c[OG_CLASS_BARE];
	n->current += c[OG_CLASS_CURRENT];
	for (int i = 0; i < OG_SIGNAL_COUNT_; i++) {
		const struct og_coverage_signal *s = &t->row.signal[i];
		if (s->mode == OG_MODE_OFF || s->cell.result == OG_RESULT_NA)
			continue;
		n->of[i]++;
		n->good[i] += s->cell.result == OG_RESULT_PASS;
		n->unknown[i] += s->cell.result == OG_RESULT_UNKNOWN;
	}
}

static void add_sum(
	struct og_table *t, const struct status_look *v, struct og_sv ns, const struct sums *n)
{
	og_auto_buf struct og_buf b = OG_BUF_INIT(CELL_BYTES);
	struct og_sv cells[4 + OG_SIGNAL_COUNT_] = {ns};

	og_buf_fmt(&b, "%u", n->workloads);
	cells[1] = status_cell_text(v, &b);
	og_buf_fmt(&b, "%u", n->ready);
	cells[2] = status_cell_text(v, &b);
	og_buf_fmt(&b, "%u/%u", n->current, n->pods);
	cells[3] = status_cell_text(v, &b);
	for (int i = 0; i < OG_SIGNAL_COUNT_; i++) {
		if (n->of[i])
			og_buf_fmt(&b, "%u/%u", n->good[i], n->of[i]);
		else
			og_buf_ch(&b, '-');
		if (n->unknown[i])
			og_buf_fmt(&b, " (%u ?)", n->unknown[i]);
		cells[4 + i] = status_cell_text(v, &b);
	}
	og_table_row(t, cells);
}

void status_summary(
	const struct status_look *v, const struct og_audit_status *s, struct og_buf *out)
{
	static const struct og_table_column columns[] = {{"NAMESPACE", 0, false},
		{"WORKLOADS", 0, true}, {"READY", 0, true}, {"PODS", 0, true},
		{"METRICS", 0, false}, {"TRACES", 0, false}, {"LOGS", 0, false},
		{"PROFILES", 0, false}};
	struct sums all = {0}, one = {0};
	uint32_t namespaces = 0;
	struct og_table t;

	og_table_init(&t, v->arena, columns, OG_COUNT(columns));
	t.ascii = v->ascii;
	for (uint32_t i = 0; i < s->n; i++) {
		add(&one, &s->rows[i]);
		add(&all, &s->rows[i]);
		if (i + 1 < s->n && og_sv_eq(s->rows[i].row.ns, s->rows[i + 1].row.ns))
			continue;
		add_sum(&t, v, s->rows[i].row.ns, &one);
		one = (struct sums){0};
		namespaces++;
	}
	if (namespaces > 1)
		add_sum(&t, v, OG_SV("(all)"), &all);
	if (!og_table_write(&t, v->headers, out) || v->arena->failed)
		out->failed = true;
}

void status_names(const struct og_audit_status *s, struct og_buf *out)
{
	for (uint32_t i = 0; i < s->n; i++) {
		status_object(&s->rows[i].row, out);
		og_buf_ch(out, '\n');
	}
}
