/* SPDX-License-Identifier: Apache-2.0 */
/* The ladder for people: a line for each rung, the first broken one with its fix, what comes next.
 */
#include "doctor-priv.h"
#include "otelgate/base/mem.h"
#include "otelgate/cli/term.h"
#include "status-priv.h"

/* A text takes up to four bytes for each that an object of 1.5 MiB can hold. */
enum { TEXT_BYTES = 8 << 20, INDENT = 17 };

/* Parts that only a cluster has. */
#define OF_A_CLUSTER                                                                              \
	(1U << OG_DP_ACCESS | 1U << OG_DP_RIGHTS | 1U << OG_DP_KINDS | 1U << OG_DP_REGISTRATION | \
		1U << OG_DP_SERVICE | 1U << OG_DP_CALL | 1U << OG_DP_LEASE)

static const struct {
	const char *text, *ascii;
	enum og_style style;
} marks[OG_DE_COUNT_] = {[OG_DE_NOT_REACHED] = {" ", " ", OG_STYLE_DIM},
	[OG_DE_NA] = {"\xC2\xB7", "-", OG_STYLE_DIM},
	[OG_DE_PASS] = {"\xE2\x9C\x93", "+", OG_STYLE_GREEN},
	[OG_DE_WARN] = {"!", "!", OG_STYLE_YELLOW},
	[OG_DE_UNKNOWN] = {"?", "?", OG_STYLE_YELLOW},
	[OG_DE_BROKEN] = {"\xE2\x9C\x97", "x", OG_STYLE_RED}};

static void put_mark(const struct doctor_style *v, enum og_doctor_end e, struct og_buf *out)
{
	og_style_str(out, v->colour, marks[e].style, v->ascii ? marks[e].ascii : marks[e].text);
}

/* Text from outside, wrapped; its line breaks are kept. */
static void put_text(
	const struct doctor_style *v, struct og_sv text, unsigned indent, struct og_buf *out)
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
	og_buf_ch(out, '\n');
}

/* A command is one piece, to be copied: never wrapped, and the lines of a document that is given to
 * it begin where they have to. */
static void put_command(
	const struct doctor_style *v, struct og_sv fix, unsigned indent, struct og_buf *out)
{
	bool command = og_sv_starts(fix, OG_SV("kubectl ")) ||
		       og_sv_starts(fix, OG_SV("otelgate "));
	struct og_sv rest = fix, line;

	if (!command) {
		put_text(v, fix, indent, out);
		return;
	}
	while (og_sv_split(&rest, '\n', &line)) {
		og_text_safe(out, line);
		og_buf_ch(out, '\n');
	}
}

static void pad(struct og_buf *out, size_t from, unsigned to)
{
	for (size_t i = from; i < to; i++)
		og_buf_ch(out, ' ');
}

/* ---- head ---- */

static void put_head(
	const struct doctor_style *v, const struct og_doctor_facts *f, struct og_buf *out)
{
	if (v->colour)
		og_buf_str(out, og_style_code(OG_STYLE_BOLD));
	if (f->files)
		og_buf_lit(out, "files: what needs no cluster");
	else
		og_text_safe(out, f->server);
	if (f->target.n) {
		og_buf_lit(out, "   ");
		og_text_safe(out, f->ns);
		og_buf_ch(out, ' ');
		og_text_safe(out, f->target);
	}
	if (v->colour)
		og_buf_str(out, og_style_off);
	og_buf_lit(out, "\n\n");
}

/* ---- rungs ---- */

static void put_said(
	const struct doctor_style *v, const struct og_doctor_said *s, struct og_buf *out)
{
	static const enum og_doctor_end as[] = {[OG_DW_NOTE] = OG_DE_NA,
		[OG_DW_WARNS] = OG_DE_WARN,
		[OG_DW_UNKNOWN] = OG_DE_UNKNOWN,
		[OG_DW_BREAKS] = OG_DE_BROKEN};
	og_auto_buf struct og_buf b = OG_BUF_INIT(TEXT_BYTES);

	if (s->rule->weight == OG_DW_NOTE && !v->all)
		return;
	pad(out, 0, INDENT);
	put_mark(v, as[s->rule->weight], out);
	og_buf_fmt(out, " %s ", s->def->id);
	if (s->place.n)
		og_buf_fmt(&b, "%.*s: ", OG_SV_ARG(s->place));
	og_buf_sv(&b, s->message);
	og_buf_inherit(out, &b);
	put_text(v, og_buf_view(&b), INDENT + 8, out);
	if (s->rule->weight != OG_DW_WARNS)
		return;
	pad(out, 0, INDENT + 8);
	og_buf_lit(out, "fix ");
	put_command(v, s->fix.n ? s->fix : og_svz(s->def->fix), INDENT + 12, out);
}

static const struct og_doctor_said *breaker(const struct og_doctor_step *s)
{
	return s->nsaid && s->said[0].rule->weight == OG_DW_BREAKS ? &s->said[0] : NULL;
}

static void put_step(const struct doctor_style *v, const struct og_doctor_report *r,
	const struct og_doctor_step *s, const struct og_doctor_step *before, struct og_buf *out)
{
	bool first = s == r->broken;
	const struct og_doctor_said *x = breaker(s);
	/* What keeps one rung from being known often keeps all that follow. */
	bool same = before && s->end == OG_DE_UNKNOWN && before->end == OG_DE_UNKNOWN &&
		    s->evidence.n && og_sv_eq(s->evidence, before->evidence);

	put_mark(v, s->end, out);
	og_buf_fmt(out, " %s", s->rung->id);
	pad(out, 2 + strlen(s->rung->id), INDENT);
	/* What breaks it is told in full below. */
	put_text(v,
		same	     ? OG_SV("As above.")
		: first && x ? og_svz(x->def->title)
			     : s->evidence,
		INDENT, out);
	for (uint32_t i = first && x ? 1 : 0; i < s->nsaid; i++)
		put_said(v, &s->said[i], out);
}

/* ---- the first that is broken ---- */

static void put_line(
	const struct doctor_style *v, const char *what, struct og_sv text, struct og_buf *out)
{
	if (!text.n)
		return;
	og_buf_fmt(out, "  %-6s", what);
	put_text(v, text, 8, out);
}

static void put_fix(const struct doctor_style *v, struct og_sv fix, struct og_buf *out)
{
	if (!fix.n)
		return;
	og_buf_lit(out, "  fix   ");
	put_command(v, fix, 8, out);
}

static void put_broken(
	const struct doctor_style *v, const struct og_doctor_report *r, struct og_buf *out)
{
	const struct og_doctor_step *s = r->broken;
	const struct og_doctor_said *x = breaker(s);
	const char *comma = "";

	og_buf_lit(out, "\nFirst broken rung: ");
	og_style_str(out, v->colour, OG_STYLE_BOLD, s->rung->id);
	if (x)
		og_buf_fmt(out, " (%s %s)", x->def->id, x->def->slug);
	og_buf_ch(out, '\n');
	put_line(v, "why", x ? x->message : s->evidence, out);
	put_line(v, "where", x ? x->place : OG_SV(""), out);
	put_fix(v, x ? (x->fix.n ? x->fix : og_svz(x->def->fix)) : s->fix, out);
	if (x)
		og_buf_fmt(out, "  more  otelgate explain %s\n", x->def->id);
	for (uint32_t i = 0; i < r->n; i++) {
		if (r->step[i].end != OG_DE_NOT_REACHED)
			continue;
		og_buf_fmt(out, "%s%s",
			*comma ? comma : "Next it would look at: ", r->step[i].rung->id);
		comma = ", ";
	}
	og_buf_str(out, *comma ? "\n" : "");
}

/* To be pasted: as it is. */
static void put_yaml(struct og_sv text, struct og_buf *out)
{
	struct og_sv line;

	while (og_sv_split(&text, '\n', &line)) {
		og_text_safe(out, line);
		og_buf_ch(out, '\n');
	}
}

static void put_unknown(const struct og_doctor_report *r, struct og_buf *out)
{
	const char *comma = "";
	struct og_sv last = OG_SV("");

	if (!r->broken && !r->unknown)
		og_buf_lit(out, "\nNo rung is broken.\n");
	if (!r->unknown)
		return;
	og_buf_str(out, r->broken ? "Not known: " : "\nNo rung is broken. Not known: ");
	for (uint32_t i = 0; i < r->n; i++) {
		if (r->step[i].end != OG_DE_UNKNOWN)
			continue;
		og_buf_fmt(out, "%s%s", comma, r->step[i].rung->id);
		comma = ", ";
	}
	og_buf_ch(out, '\n');
	for (uint32_t i = 0; i < r->n; i++) {
		struct og_sv rule = r->step[i].right;
		if (r->step[i].end != OG_DE_UNKNOWN || !rule.n || og_sv_eq(rule, last))
			continue;
		og_buf_fmt(out, "\nThe right that is missing for %s:\n", r->step[i].rung->id);
		put_yaml(rule, out);
		last = rule;
	}
}

/* ---- workloads ---- */

static void put_group(
	const struct doctor_style *v, const struct og_doctor_group *g, struct og_buf *out)
{
	og_auto_buf struct og_buf b = OG_BUF_INIT(TEXT_BYTES);
	bool bad = g->result == OG_RESULT_FAIL;

	put_mark(v, bad ? OG_DE_BROKEN : OG_DE_UNKNOWN, out);
	og_buf_fmt(out, " %-12s %4u  ", status_link_words(g->link), g->n);
	og_buf_sv(&b, g->reason);
	if (g->finding)
		og_buf_fmt(&b, " (%s)", g->finding);
	og_buf_str(&b, b.len ? ": " : "");
	for (uint32_t i = 0; i < g->n && i < OG_DOCTOR_NAMES; i++)
		og_buf_fmt(&b, "%s%.*s", i ? ", " : "", OG_SV_ARG(g->names[i]));
	if (g->n > OG_DOCTOR_NAMES)
		og_buf_fmt(&b, " and %u more", g->n - OG_DOCTOR_NAMES);
	og_buf_inherit(out, &b);
	put_text(v, og_buf_view(&b), 21, out);
}

static void put_groups(
	const struct doctor_style *v, const struct og_doctor_report *r, struct og_buf *out)
{
	if (!r->opted_in)
		return;
	og_buf_fmt(out, "\nWorkloads: %u opted in, %u whole", r->opted_in, r->fine);
	og_buf_str(out, r->ngroups ? "; the first broken link of the others:\n" : "\n");
	for (uint32_t i = 0; i < r->ngroups; i++)
		put_group(v, &r->groups[i], out);
}

/* What no file could tell. */
static bool beyond(const struct og_doctor_facts *f, const struct og_doctor_step *s)
{
	return f->files && s->end == OG_DE_NA && (s->rung->needs & OF_A_CLUSTER);
}

void doctor_table(const struct doctor_style *v, const struct og_doctor_facts *f,
	const struct og_doctor_report *r, struct og_buf *out)
{
	const struct og_doctor_step *before = NULL;

	put_head(v, f, out);
	for (uint32_t i = 0; i < r->n; i++) {
		if (r->step[i].end == OG_DE_NOT_REACHED || beyond(f, &r->step[i]))
			continue;
		put_step(v, r, &r->step[i], before, out);
		before = &r->step[i];
	}
	if (!f->target.n)
		put_groups(v, r, out);
	if (r->broken)
		put_broken(v, r, out);
	put_unknown(r, out);
}
