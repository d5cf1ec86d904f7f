/* SPDX-License-Identifier: Apache-2.0 */
/* Judging: the ladder over gathered facts, up to its first broken rung. */
#include <stdlib.h>
#include "doctor-priv.h"
#include "otelgate/audit/report.h"

const char *og_doctor_end_name(enum og_doctor_end e)
{
	static const char *const names[OG_DE_COUNT_] = {[OG_DE_NOT_REACHED] = "not-reached",
		[OG_DE_NA] = "n/a",
		[OG_DE_PASS] = "pass",
		[OG_DE_WARN] = "warning",
		[OG_DE_UNKNOWN] = "unknown",
		[OG_DE_BROKEN] = "broken"};

	return (unsigned)e < OG_DE_COUNT_ ? names[e] : "unknown";
}

struct og_sv doctor_object(const struct og_coverage_row *row, struct og_arena *arena)
{
	return og_report_object(row, arena);
}

struct og_sv doctor_word(struct og_sv s, struct og_arena *arena)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789-_./:@%+=,";
	og_auto_buf struct og_buf b = OG_BUF_INIT(64 << 10);
	size_t fine = 0;

	while (fine < s.n && s.p[fine] && strchr(plain, s.p[fine]))
		fine++;
	if (s.n && fine == s.n)
		return s;
	og_buf_ch(&b, '\'');
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] == '\'')
			og_buf_lit(&b, "'\\''");
		else
			og_buf_ch(&b, s.p[i]);
	og_buf_ch(&b, '\'');
	return b.failed ? OG_SV("''") : og_arena_sv(arena, og_buf_view(&b));
}

struct og_sv doctor_span(int64_t seconds, struct og_arena *arena)
{
	static const struct {
		int64_t of;
		const char *one;
	} units[] = {{86400, "day"}, {3600, "hour"}, {60, "minute"}, {1, "second"}};
	size_t i = 0;

	while (i + 1 < OG_COUNT(units) && seconds < 2 * units[i].of)
		i++;
	int64_t n = seconds / units[i].of;
	return og_svz(
		og_arena_fmt(arena, "%lld %s%s", (long long)n, units[i].one, n == 1 ? "" : "s"));
}

const struct og_doctor_condition *doctor_condition(
	const struct og_doctor_stack *s, struct og_sv type)
{
	for (uint32_t i = 0; i < s->nconditions; i++)
		if (og_sv_eq(s->conditions[i].type, type))
			return &s->conditions[i];
	return NULL;
}

/* ---- one rung ---- */

static const enum og_doctor_end ends[] = {[OG_DW_NOTE] = OG_DE_PASS,
	[OG_DW_WARNS] = OG_DE_WARN,
	[OG_DW_UNKNOWN] = OG_DE_UNKNOWN,
	[OG_DW_BREAKS] = OG_DE_BROKEN};

static int heavier(const void *x, const void *y)
{
	const struct og_doctor_said *a = x, *b = y;

	if (a->rule->weight != b->rule->weight)
		return a->rule->weight > b->rule->weight ? -1 : 1;
	return a->rule < b->rule ? -1 : a->rule > b->rule;
}

static bool said_already(const struct og_doctor_step *s, const struct og_finding_def *def)
{
	for (uint32_t i = 0; i < s->nsaid; i++)
		if (s->said[i].def == def)
			return true;
	return false;
}

static int apply_rules(const struct og_doctor_facts *f, struct og_arena *a,
	struct og_doctor_step *s, struct og_err *err)
{
	uint32_t n = 0;

	for (size_t i = 0; i < og_doctor_nrules; i++)
		n += og_doctor_rules[i].rung == s->rung->rung;
	s->said = og_arena_new_n(a, (size_t)n + 1, struct og_doctor_said);
	if (!s->said)
		return og_err_set(err, OG_E_OOM, "judging");
	for (size_t i = 0; i < og_doctor_nrules; i++) {
		const struct og_doctor_rule *r = &og_doctor_rules[i];
		struct og_doctor_said said = {.rule = r,
			.def = og_finding_def(og_svz(r->finding)),
			.message = OG_SV(""),
			.place = OG_SV(""),
			.fix = OG_SV("")};
		if (r->rung != s->rung->rung || said_already(s, said.def) ||
			!r->holds(f, r, a, &said))
			continue;
		if (!said.message.n)
			said.message = og_svz(said.def->why);
		s->said[s->nsaid++] = said;
		if (ends[r->weight] > s->end)
			s->end = ends[r->weight];
	}
	if (s->nsaid > 1)
		qsort(s->said, s->nsaid, sizeof(*s->said), heavier);
	return a->failed ? og_err_set(err, OG_E_OOM, "judging") : 0;
}

/* What it needs and was not seen: unknown, or nothing that could be here. */
static bool blind(const struct og_doctor_facts *f, struct og_doctor_step *s)
{
	for (int p = 0; p < OG_DP_COUNT_; p++) {
		const struct og_doctor_known *k = &f->part[p];
		if (!(s->rung->needs & 1U << p) || k->sight == OG_DS_SEEN)
			continue;
		s->end = k->sight == OG_DS_NA ? OG_DE_NA : OG_DE_UNKNOWN;
		s->evidence = k->why.n ? k->why : OG_SV("It was not looked at.");
		s->right = k->rule;
		return true;
	}
	return false;
}

static int climb(const struct og_doctor_facts *f, struct og_arena *a, struct og_doctor_step *s,
	struct og_err *err)
{
	s->end = OG_DE_PASS;
	int r = apply_rules(f, a, s, err);

	if (r < 0)
		return r;
	if (s->end == OG_DE_BROKEN)
		s->evidence = s->said[0].message;
	else if (!blind(f, s) && s->rung->check)
		s->rung->check(f, a, s);
	return a->failed ? og_err_set(err, OG_E_OOM, "judging") : 0;
}

/* ---- all workloads, in short ---- */

enum og_link doctor_first_link(const struct og_telemetry_row *row)
{
	enum og_link unknown = OG_LINK_COUNT_;

	for (int i = 0; i < OG_LINK_COUNT_; i++) {
		enum og_result r = og_coverage_counts(&row->row.link[i]);
		if (r == OG_RESULT_FAIL)
			return (enum og_link)i;
		if (r == OG_RESULT_UNKNOWN && unknown == OG_LINK_COUNT_)
			unknown = (enum og_link)i;
	}
	return unknown;
}

static bool same(const struct og_doctor_group *g, enum og_link l, const struct og_cell *c)
{
	return g->link == l && g->result == c->result &&
	       og_sv_eq(g->reason, og_svz(c->reason ? c->reason : ""));
}

static int worse_first(const void *x, const void *y)
{
	const struct og_doctor_group *a = x, *b = y;

	if (a->result != b->result)
		return a->result == OG_RESULT_FAIL ? -1 : 1;
	if (a->link != b->link)
		return a->link < b->link ? -1 : 1;
	if (a->n != b->n)
		return a->n > b->n ? -1 : 1;
	return og_sv_cmp(a->reason, b->reason);
}

static void count_in(struct og_doctor_group *v, uint32_t *n, const struct og_telemetry_row *row,
	enum og_link l, struct og_arena *a)
{
	const struct og_cell *c = &row->row.link[l];
	uint32_t i = 0;

	while (i < *n && !same(&v[i], l, c))
		i++;
	if (i == *n) {
		v[(*n)++] = (struct og_doctor_group){.link = l,
			.result = c->result,
			.reason = og_svz(c->reason ? c->reason : ""),
			.fix = c->fix,
			.finding = c->finding};
	}
	struct og_sv object = doctor_object(&row->row, a);
	if (v[i].n < OG_DOCTOR_NAMES)
		v[i].names[v[i].n] = og_svz(
			og_arena_fmt(a, "%.*s %.*s", OG_SV_ARG(row->row.ns), OG_SV_ARG(object)));
	v[i].n++;
}

/* Reasons are few: those of the links times those of the tables. */
enum { MAX_GROUPS = 256 };

static int in_short(const struct og_doctor_facts *f, struct og_arena *a,
	struct og_doctor_report *ret, struct og_err *err)
{
	struct og_doctor_group *v = og_arena_new_n(a, MAX_GROUPS, struct og_doctor_group);

	if (!v)
		return og_err_set(err, OG_E_OOM, "judging");
	for (uint32_t i = 0; i < f->nrows; i++) {
		const struct og_telemetry_row *row = &f->rows[i];
		enum og_link l = doctor_first_link(row);
		if (!row->row.opted_in)
			continue;
		ret->opted_in++;
		ret->fine += l == OG_LINK_COUNT_;
		if (l < OG_LINK_COUNT_ && ret->ngroups < MAX_GROUPS)
			count_in(v, &ret->ngroups, row, l, a);
	}
	if (ret->ngroups > 1)
		qsort(v, ret->ngroups, sizeof(*v), worse_first);
	ret->groups = v;
	return a->failed ? og_err_set(err, OG_E_OOM, "judging") : 0;
}

/* ---- the ladder ---- */

int og_doctor_judge(const struct og_doctor_facts *f, struct og_arena *arena,
	struct og_doctor_report *ret, struct og_err *err)
{
	struct og_doctor_report out = {.n = 0};
	bool one = f->target.n > 0;
	int r = in_short(f, arena, &out, err);

	for (size_t i = 0; r == 0 && i < OG_RUNG_COUNT_; i++) {
		const struct og_doctor_rung *rung = &og_doctor_rungs[i];
		struct og_doctor_step *s = &out.step[out.n];
		if ((rung->workload && !one) || (rung->cluster && one))
			continue;
		*s = (struct og_doctor_step){
			.rung = rung, .evidence = OG_SV(""), .fix = OG_SV(""), .right = OG_SV("")};
		out.n++;
		if (out.broken)
			continue;
		r = climb(f, arena, s, err);
		out.unknown |= s->end == OG_DE_UNKNOWN;
		if (s->end == OG_DE_BROKEN)
			out.broken = s;
	}
	if (r < 0)
		return r;
	size_t at = out.broken ? (size_t)(out.broken - out.step) : 0;
	bool broken = out.broken != NULL;
	*ret = out;
	ret->broken = broken ? &ret->step[at] : NULL;
	return 0;
}
