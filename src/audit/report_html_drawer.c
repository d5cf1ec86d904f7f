/* SPDX-License-Identifier: Apache-2.0 */
/* What is behind a line of the HTML report: chain, findings, evidence. */
#include "otelgate/base/mem.h"
#include "report_html-priv.h"

enum { PODS_MAX = 20, SILENT_MAX = 10 };

static const char *const link_titles[OG_LINK_COUNT_] = {
	"Opted in", "Injected", "Credentials", "Egress", "Rolled out", "Received"};

static void chain(struct og_buf *b, const struct og_coverage_row *row)
{
	const struct og_cell *broken = og_report_broken(row);

	og_buf_lit(b, "<h3>Chain</h3><ol class=\"chain\">");
	for (int l = 0; l < OG_LINK_COUNT_; l++) {
		const struct og_cell *k = &row->link[l];
		const struct html_look *look = row->opted_in || l == OG_LINK_OPTED_IN
						       ? html_look_cell(k)
						       : html_look_result(OG_RESULT_NA);
		bool first = k == broken && row->verdict != OG_RESULT_PASS;
		og_buf_fmt(b, "<li class=\"%s%s\"><b>%s %s<span class=\"vh\"> %s</span></b>",
			look->class_, first ? " first" : "", look->sign, link_titles[l],
			look->name);
		og_buf_lit(b, "<span>");
		if (first)
			og_buf_str(b, k->result == OG_RESULT_FAIL
					      ? "<em>First broken link.</em> "
					      : "<em>First unknown link.</em> ");
		if (k->message.n)
			html_text(b, k->message);
		else if (k->reason)
			html_text(b, og_svz(k->reason));
		if (k->ignored)
			og_buf_lit(b, " (accepted)");
		og_buf_lit(b, "</span></li>");
	}
	og_buf_lit(b, "</ol>");
	if (broken && row->verdict != OG_RESULT_PASS)
		html_fix(b, broken->fix);
}

/* `said`: a fix that stands above already. */
static void finding(
	struct og_buf *b, const struct og_coverage_finding *f, bool baselined, struct og_sv said)
{
	const struct html_look *look =
		html_look_severity(f->ignored ? OG_SEV_INFO : f->def->severity);

	og_buf_fmt(b, "<li><span class=\"badge %s\"><s aria-hidden=\"true\">%s</s>%s</span>",
		look->class_, look->sign,
		f->ignored ? "accepted" : og_severity_name(f->def->severity));
	og_buf_fmt(b, "<span class=\"bad-id\">%s</span> ", f->def->id);
	html_text(b, og_svz(f->def->title));
	if (baselined && f->is_new && !f->ignored)
		og_buf_lit(b, " (new)");
	if (f->message.n) {
		og_buf_lit(b, "<p>");
		html_text(b, f->message);
		og_buf_lit(b, "</p>");
	}
	if (f->place.n) {
		og_buf_lit(b, "<p class=\"soft\">");
		html_name(b, f->place);
		og_buf_lit(b, "</p>");
	}
	if (f->ignored) {
		og_buf_lit(b, "<p class=\"soft\">accepted by ");
		html_name(b, f->ignored_by);
		if (f->ignored_why.n)
			og_buf_lit(b, ": ");
		html_text(b, f->ignored_why);
		if (f->ignored_until_s) {
			og_buf_lit(b, ", until ");
			html_time(b, f->ignored_until_s);
		}
		og_buf_lit(b, "</p>");
	} else if (!og_sv_eq(og_report_fix(f), said)) {
		html_fix(b, og_report_fix(f));
	}
	og_buf_lit(b, "</li>");
}

static void findings(
	struct og_buf *b, const struct og_coverage *c, const struct og_coverage_row *row)
{
	const struct og_cell *broken = og_report_broken(row);
	struct og_sv said = broken && row->verdict != OG_RESULT_PASS ? broken->fix
								     : (struct og_sv){"", 0};

	if (!row->nfindings)
		return;
	og_buf_lit(b, "<h3>Findings</h3><ul class=\"f\">");
	for (int ignored = 0; ignored <= 1; ignored++)
		for (uint32_t i = 0; i < row->nfindings; i++) {
			if (row->findings[i].ignored != (ignored == 1))
				continue;
			finding(b, &row->findings[i], c->baselined, said);
			said = og_report_fix(&row->findings[i]);
		}
	og_buf_lit(b, "</ul>");
}

static void silent(struct og_buf *b, const struct og_coverage_signal *s)
{
	if (!s->nsilent)
		return;
	og_buf_lit(b, "<br>Silent: ");
	for (uint32_t i = 0; i < s->nsilent && i < SILENT_MAX; i++) {
		og_buf_str(b, i ? ", " : "");
		html_name(b, s->silent[i]);
	}
	if (s->pods_known && s->of > s->covered && s->of - s->covered > SILENT_MAX)
		og_buf_fmt(b, " and %u more", s->of - s->covered - SILENT_MAX);
}

static void signal_evidence(struct og_buf *b, const struct og_coverage_signal *s, const char *name)
{
	const struct html_look *look = html_look_cell(&s->cell);

	og_buf_fmt(b, "<div><span class=\"badge %s\"><s aria-hidden=\"true\">%s</s>%s</span>",
		look->class_, look->sign, name);
	html_text(b, s->cell.message.n ? s->cell.message : og_svz(og_arrival_state_name(s->state)));
	if (s->last_seen_s) {
		og_buf_lit(b, " <span class=\"soft\">last seen ");
		html_time(b, s->last_seen_s);
		og_buf_lit(b, "</span>");
	}
	if (s->pods_known && s->of)
		og_buf_fmt(b, " <span class=\"soft\">%u of %u pods</span>", s->covered, s->of);
	silent(b, s);
	if (s->query.n) {
		og_buf_lit(b, "<div class=\"fix\"><code>");
		html_text(b, s->query);
		og_buf_lit(b, "</code></div>");
	}
	if (html_link_ok(s->explore)) {
		og_buf_lit(b, "<a href=\"");
		html_attr(b, s->explore);
		og_buf_fmt(b,
			"\" target=\"_blank\" rel=\"noopener noreferrer\">Open %s in Explore</a>",
			name);
	}
	og_buf_lit(b, "</div>");
}

static void evidence(struct og_buf *b, const struct og_coverage_row *row)
{
	bool any = false;

	for (int i = 0; row->opted_in && i < OG_SIGNAL_COUNT_; i++) {
		const struct og_coverage_signal *s = &row->signal[i];
		if (s->mode == OG_MODE_OFF ||
			(!s->cell.message.n && !s->query.n && !s->explore.n && !s->last_seen_s))
			continue;
		if (!any)
			og_buf_lit(b, "<h3>Evidence</h3><div class=\"ev\">");
		any = true;
		signal_evidence(b, s, og_signal_name((enum og_signal)i));
	}
	if (any)
		og_buf_lit(b, "</div>");
}

static void old_pods(struct og_buf *b, const struct og_coverage_row *row)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < row->npod; i++) {
		const struct og_coverage_pod *p = &row->pod[i];
		if (p->class_ != OG_CLASS_STALE && p->class_ != OG_CLASS_BARE)
			continue;
		if (n == PODS_MAX)
			break;
		if (!n++)
			og_buf_lit(b, "<h3>Pods without the wanted revision</h3>"
				      "<ul class=\"plain\">");
		og_buf_lit(b, "<li>");
		html_name(b, p->name);
		og_buf_fmt(b, " <span class=\"soft\">%s", og_pod_class_name(p->class_));
		if (p->created_s) {
			og_buf_lit(b, ", since ");
			html_time(b, p->created_s);
		}
		og_buf_lit(b, "</span></li>");
	}
	if (n)
		og_buf_lit(b, "</ul>");
}

static void meta(struct og_buf *b, const char *what, struct og_sv v)
{
	if (!v.n)
		return;
	og_buf_fmt(b, "<div><dt>%s</dt><dd>", what);
	html_name(b, v);
	og_buf_lit(b, "</dd></div>");
}

void html_drawer(struct og_buf *b, const struct og_coverage *c, const struct og_coverage_row *row)
{
	chain(b, row);
	findings(b, c, row);
	evidence(b, row);
	old_pods(b, row);
	html_stars(b, row);
	og_buf_lit(b, "<dl class=\"meta\">");
	meta(b, "namespace", row->ns);
	meta(b, "kind", row->kind);
	meta(b, "group", row->group);
	meta(b, "profile", row->profile);
	meta(b, "stack", row->stack);
	meta(b, "revision", row->revision);
	meta(b, "source", row->source);
	if (row->pods_seen)
		og_buf_fmt(b, "<div><dt>pods</dt><dd>%u</dd></div>", row->pods);
	og_buf_lit(b, "</dl>");
}
