/* SPDX-License-Identifier: Apache-2.0 */
/* The report as JSON and YAML. What is written here has its row in report_fields.c. */
#include "otelgate/base/clock.h"
#include "otelgate/base/mem.h"
#include "otelgate/base/parse.h"
#include "otelgate/codec/emit.h"
#include "otelgate/codec/jwrite.h"
#include "report-priv.h"

static void comma(struct og_buf *b)
{
	char last = b->len ? b->p[b->len - 1] : '\0';
	if (last != '{' && last != '[' && last != '\n')
		og_buf_ch(b, ',');
}

static void key(struct og_buf *b, const char *name)
{
	comma(b);
	og_buf_fmt(b, "\"%s\":", name);
}

static void str(struct og_buf *b, const char *name, struct og_sv v)
{
	key(b, name);
	og_jw_str(b, v);
}

static void some(struct og_buf *b, const char *name, struct og_sv v)
{
	if (v.n)
		str(b, name, v);
}

static void word(struct og_buf *b, const char *name, const char *v)
{
	if (v && *v)
		str(b, name, og_svz(v));
}

static void num(struct og_buf *b, const char *name, uint32_t v)
{
	key(b, name);
	og_buf_u64(b, v);
}

static void yes(struct og_buf *b, const char *name, bool v)
{
	key(b, name);
	og_buf_str(b, v ? "true" : "false");
}

static void when(struct og_buf *b, const char *name, int64_t s)
{
	char text[OG_RFC3339_BYTES];

	if (s <= 0 || s > INT64_MAX / OG_NS_PER_S)
		return;
	og_fmt_rfc3339(text, s * OG_NS_PER_S);
	str(b, name, og_svz(text));
}

static void score(struct og_buf *b, double v)
{
	key(b, "score");
	if (v < 0)
		og_buf_lit(b, "null");
	else
		og_buf_fmt(b, "%.1f", v);
}

static void share(struct og_buf *b, const char *name, struct og_share s)
{
	key(b, name);
	og_buf_fmt(b, "{\"good\":%u,\"of\":%u,\"unknown\":%u}", s.good, s.of, s.unknown);
}

static void sum(struct og_buf *b, const struct og_coverage_sum *s)
{
	num(b, "workloads", s->workloads);
	num(b, "optedIn", s->opted_in);
	score(b, s->score);
	key(b, "signals");
	og_buf_ch(b, '{');
	for (int i = 0; i < OG_SIGNAL_COUNT_; i++)
		share(b, og_signal_name((enum og_signal)i), s->signal[i]);
	og_buf_ch(b, '}');
	share(b, "pods", s->pods);
	share(b, "evaluated", s->evaluated);
	key(b, "findings");
	og_buf_ch(b, '{');
	for (int i = OG_SEV_UNKNOWN; i >= 0; i--)
		num(b, og_severity_name((enum og_severity)i), s->by_severity[i]);
	num(b, "ignored", s->ignored);
	og_buf_ch(b, '}');
	num(b, "newLosses", s->new_losses);
}

static void cell(struct og_buf *b, const struct og_cell *c)
{
	word(b, "result", og_result_name(c->result));
	word(b, "reason", c->reason);
	some(b, "message", c->message);
	some(b, "fix", c->fix);
	word(b, "finding", c->finding);
	if (c->ignored)
		yes(b, "ignored", true);
	if (c->known)
		yes(b, "known", true);
}

static void signal_of(struct og_buf *b, const struct og_coverage_signal *s)
{
	cell(b, &s->cell);
	word(b, "mode", og_signal_mode_name(s->mode));
	word(b, "state", og_arrival_state_name(s->state));
	yes(b, "verified", s->verified);
	when(b, "lastSeen", s->last_seen_s);
	when(b, "since", s->since_s);
	when(b, "asked", s->asked_s);
	if (s->pods_known) {
		num(b, "podsSending", s->covered);
		num(b, "podsExpected", s->of);
	}
	if (s->nsilent) {
		key(b, "silent");
		og_buf_ch(b, '[');
		for (uint32_t i = 0; i < s->nsilent; i++) {
			comma(b);
			og_jw_str(b, s->silent[i]);
		}
		og_buf_ch(b, ']');
	}
	word(b, "via", s->via);
	word(b, "tie", s->tie);
	some(b, "query", s->query);
	some(b, "explore", s->explore);
}

static void stars(struct og_buf *b, const struct og_stars_brief *s)
{
	if (!s->told)
		return;
	key(b, "stars");
	og_buf_ch(b, '{');
	for (int d = 0; d < OG_STARS_DIMENSION_COUNT_; d++) {
		const struct og_stars_brief_score *one = &s->score[d];
		if (!one->applies)
			continue;
		key(b, og_stars_dimension_id((enum og_stars_dimension)d));
		og_buf_ch(b, '{');
		num(b, "stars", one->stars);
		num(b, "best", one->best);
		num(b, "of", og_stars_most((enum og_stars_dimension)d));
		num(b, "percent", one->percent);
		num(b, "bestPercent", one->best_percent);
		word(b, "raise", one->raise ? one->raise->id : NULL);
		word(b, "how", one->raise ? one->raise->rise : NULL);
		word(b, "unknown", one->unknown ? one->unknown->id : NULL);
		og_buf_ch(b, '}');
	}
	og_buf_ch(b, '}');
}

static void finding(struct og_buf *b, const struct og_coverage_finding *f, bool baselined)
{
	comma(b);
	og_buf_ch(b, '{');
	word(b, "id", f->def->id);
	word(b, "slug", f->def->slug);
	word(b, "severity", og_severity_name(f->def->severity));
	word(b, "title", f->def->title);
	str(b, "message", og_report_message(f));
	some(b, "place", f->place);
	some(b, "fix", og_report_fix(f));
	word(b, "signal", f->signal);
	if (baselined)
		yes(b, "new", f->is_new);
	if (f->ignored) {
		key(b, "ignored");
		og_buf_ch(b, '{');
		str(b, "by", f->ignored_by);
		some(b, "why", f->ignored_why);
		when(b, "until", f->ignored_until_s);
		og_buf_ch(b, '}');
	}
	og_buf_ch(b, '}');
}

static void findings(
	struct og_buf *b, const struct og_coverage_finding *f, uint32_t n, bool baselined)
{
	key(b, "findings");
	og_buf_ch(b, '[');
	for (uint32_t i = 0; i < n; i++)
		finding(b, &f[i], baselined);
	og_buf_ch(b, ']');
}

static void pod(struct og_buf *b, const struct og_coverage_pod *p)
{
	comma(b);
	og_buf_ch(b, '{');
	str(b, "name", p->name);
	some(b, "owner", p->owner);
	some(b, "revision", p->revision);
	word(b, "class", og_pod_class_name(p->class_));
	if (p->cause != OG_STALE_NOT)
		word(b, "cause", og_stale_cause_name(p->cause));
	yes(b, "ready", p->ready);
	when(b, "created", p->created_s);
	key(b, "sends");
	og_buf_ch(b, '{');
	for (int i = 0; i < OG_SIGNAL_COUNT_; i++)
		if (p->sends_known[i])
			yes(b, og_signal_name((enum og_signal)i), p->sends[i]);
	og_buf_lit(b, "}}");
}

static void pods(struct og_buf *b, const struct og_coverage_row *row)
{
	key(b, "pods");
	og_buf_ch(b, '{');
	yes(b, "seen", row->pods_seen);
	num(b, "total", row->pods);
	for (int i = 0; i < OG_POD_CLASS_COUNT_; i++)
		num(b, og_pod_class_name((enum og_pod_class)i), row->classes[i]);
	key(b, "list");
	og_buf_ch(b, '[');
	for (uint32_t i = 0; i < row->npod; i++)
		pod(b, &row->pod[i]);
	og_buf_lit(b, "]}");
}

void og_report_workload_json(const struct og_coverage_row *row, bool baselined, struct og_buf *b)
{
	str(b, "namespace", row->ns);
	str(b, "group", row->group);
	str(b, "kind", row->kind);
	str(b, "name", row->name);
	some(b, "uid", row->uid);
	str(b, "source", row->source);
	yes(b, "optedIn", row->opted_in);
	word(b, "outReason", row->opted_in ? NULL : row->out_reason);
	some(b, "profile", row->profile);
	some(b, "stack", row->stack);
	some(b, "revision", row->revision);
	word(b, "verdict", og_result_name(row->verdict));
	if (og_report_broken(row))
		word(b, "broken", report_link_member(row->broken));
	score(b, row->score);
	pods(b, row);
	key(b, "links");
	og_buf_ch(b, '{');
	for (int l = 0; l < OG_LINK_COUNT_; l++) {
		key(b, report_link_member((enum og_link)l));
		og_buf_ch(b, '{');
		cell(b, &row->link[l]);
		og_buf_ch(b, '}');
	}
	og_buf_ch(b, '}');
	key(b, "signals");
	og_buf_ch(b, '{');
	for (int i = 0; i < OG_SIGNAL_COUNT_; i++) {
		key(b, og_signal_name((enum og_signal)i));
		og_buf_ch(b, '{');
		signal_of(b, &row->signal[i]);
		og_buf_ch(b, '}');
	}
	og_buf_ch(b, '}');
	stars(b, &row->stars);
	findings(b, row->findings, row->nfindings, baselined);
}

static void row_of(struct og_buf *b, const struct og_coverage_row *row, bool baselined)
{
	og_buf_ch(b, '{');
	og_report_workload_json(row, baselined, b);
	og_buf_ch(b, '}');
}

void og_report_blind_json(const struct og_coverage_blind *v, uint32_t n, struct og_buf *b)
{
	og_buf_ch(b, '[');
	for (uint32_t i = 0; i < n; i++) {
		comma(b);
		og_buf_ch(b, '{');
		str(b, "what", v[i].what);
		str(b, "why", v[i].why);
		word(b, "finding", v[i].finding);
		some(b, "rule", v[i].rule);
		og_buf_ch(b, '}');
	}
	og_buf_ch(b, ']');
}

static void head(struct og_buf *b, const struct og_coverage *c)
{
	og_buf_fmt(b, "\"schemaVersion\":%d", OG_COVERAGE_SCHEMA);
	word(b, "kind", "CoverageReport");
	str(b, "toolVersion", c->tool_version);
	str(b, "cluster", c->cluster);
	when(b, "generated", c->made_s);
	yes(b, "backends", c->backends);
	yes(b, "baseline", c->baselined);
}

static void gates(struct og_buf *b, const struct og_gate_result *g)
{
	key(b, "gates");
	og_buf_ch(b, '{');
	word(b, "end", og_gate_end_name(g ? g->end : OG_GATE_PASS));
	key(b, "lines");
	og_buf_ch(b, '[');
	for (uint32_t i = 0; g && i < g->nlines; i++) {
		comma(b);
		og_buf_ch(b, '{');
		str(b, "text", g->lines[i]);
		word(b, "end", og_gate_end_name(g->line_end[i]));
		og_buf_ch(b, '}');
	}
	og_buf_lit(b, "]}");
}

static void rest(struct og_buf *b, const struct og_coverage *c)
{
	findings(b, c->findings, c->nfindings, c->baselined);
	key(b, "blind");
	og_report_blind_json(c->blind, c->nblind, b);
	key(b, "notes");
	og_buf_ch(b, '[');
	for (uint32_t i = 0; i < c->nnotes; i++) {
		comma(b);
		og_jw_str(b, c->notes[i]);
	}
	og_buf_ch(b, ']');
}

bool report_json(const struct og_coverage *c, const struct og_report_opts *o,
	struct og_arena *arena, struct og_buf *out)
{
	(void)arena;
	og_buf_ch(out, '{');
	head(out, c);
	key(out, "summary");
	og_buf_ch(out, '{');
	sum(out, &c->total);
	og_buf_ch(out, '}');
	key(out, "namespaces");
	og_buf_ch(out, '[');
	for (uint32_t i = 0; i < c->nnamespaces; i++) {
		og_buf_str(out, i ? ",\n{" : "\n{");
		str(out, "namespace", c->namespaces[i].ns);
		sum(out, &c->namespaces[i]);
		og_buf_ch(out, '}');
	}
	og_buf_lit(out, "],\n\"workloads\":[");
	bool any = false;
	for (uint32_t i = 0; i < c->n; i++) {
		if (report_skips(o, &c->rows[i]))
			continue;
		og_buf_str(out, any ? ",\n" : "\n");
		row_of(out, &c->rows[i], c->baselined);
		any = true;
	}
	og_buf_ch(out, ']');
	rest(out, c);
	gates(out, o->gates);
	og_buf_lit(out, "}\n");
	return !out->failed;
}

bool report_yaml(const struct og_coverage *c, const struct og_report_opts *o,
	struct og_arena *arena, struct og_buf *out)
{
	const struct og_jlimits limits = {
		.max_bytes = UINT32_MAX / 2, .max_tokens = UINT32_MAX / 32, .own_text = true};
	og_auto_buf struct og_buf b = OG_BUF_INIT(out->max);
	struct og_jdoc d;

	if (!report_json(c, o, arena, &b) ||
		og_jdoc_parse(&d, arena, og_buf_view(&b), &limits, NULL) < 0)
		return false;
	og_emit_yaml(out, og_jroot(&d), arena);
	return !out->failed;
}
