/* SPDX-License-Identifier: Apache-2.0 */
/* Findings that somebody has accepted. */
#include "otelgate/core/ignore.h"

#include <stdio.h>
#include "otelgate/base/clock.h"
#include "otelgate/base/mem.h"
#include "otelgate/base/parse.h"

enum { DAY_BYTES = 10, ANNOTATION_IDS = 64 };

bool og_ignore_match(struct og_sv glob, struct og_sv text)
{
	size_t g = 0, t = 0, star = SIZE_MAX, from = 0;

	while (t < text.n) {
		if (g < glob.n && glob.p[g] == '*') {
			star = g++;
			from = t;
		} else if (g < glob.n && glob.p[g] == text.p[t]) {
			g++;
			t++;
		} else if (star != SIZE_MAX) {
			g = star + 1;
			t = ++from;
		} else {
			return false;
		}
	}
	while (g < glob.n && glob.p[g] == '*')
		g++;
	return g == glob.n;
}

bool og_ignore_until(struct og_sv text, int64_t *ret_s)
{
	char full[OG_RFC3339_BYTES];
	int64_t ns;

	if (text.n == DAY_BYTES) {
		(void)snprintf(full, sizeof(full), "%.*sT23:59:59Z", OG_SV_ARG(text));
		text = og_svz(full);
	}
	if (og_parse_rfc3339(text, &ns, NULL) < 0 || ns <= 0)
		return false;
	*ret_s = ns / OG_NS_PER_S;
	return true;
}

/* ---- the file ---- */

static int wrong(struct og_err *err, uint32_t i, const char *member, const char *what)
{
	return og_err_set(
		err, OG_E_CONFIG, "ignore[%u]%s%s: %s", i, *member ? "." : "", member, what);
}

static int read_rule(struct og_jval v, uint32_t i, struct og_arena *arena, struct og_ignore_rule *r,
	struct og_err *err)
{
	struct og_sv finding = og_sv("", 0), until = og_sv("", 0);
	const struct {
		const char *name;
		struct og_sv *to;
	} members[] = {{"finding", &finding}, {"namespace", &r->ns}, {"kind", &r->kind},
		{"name", &r->name}, {"reason", &r->why}, {"until", &until}};

	*r = (struct og_ignore_rule){.number = i + 1};
	if (!og_jis(v, OG_J_OBJECT))
		return wrong(err, i, "", "must be an object");
	og_jfor (it, v) {
		size_t m = 0;
		while (m < OG_COUNT(members) && !og_jstr_eq(it.key, og_svz(members[m].name)))
			m++;
		if (m == OG_COUNT(members))
			return wrong(err, i, "",
				"has an unknown member; known are finding, namespace, kind, name, "
				"reason and until");
		if (!og_jis(it.val, OG_J_STRING))
			return wrong(err, i, members[m].name, "must be a string: put it in quotes");
		if (!og_jstr(it.val, arena, members[m].to))
			return og_err_set(err, OG_E_OOM, "reading rules");
	}
	if (!finding.n || !(r->def = og_finding_def(finding)))
		return wrong(err, i, "finding",
			"must be the id or slug of a finding; `otelgate explain list` names them");
	if (!og_sv_trim(r->why).n)
		return wrong(err, i, "reason", "is required");
	if (until.n && !og_ignore_until(until, &r->until_s))
		return wrong(err, i, "until", "must be a day (2026-12-31) or an RFC 3339 time");
	return 0;
}

int og_ignores_read(struct og_jval root, const char *name, struct og_arena *arena,
	struct og_ignores *ret, struct og_err *err)
{
	struct og_jval list = og_jgetl(root, "ignore");
	struct og_ignores all = {.name = name};

	if (!og_jis(list, OG_J_ARRAY) || og_jcount(root) != 1)
		return og_err_set(
			err, OG_E_CONFIG, "must hold one list named \"ignore\", and nothing else");
	if (og_jcount(list) > OG_IGNORE_MAX_RULES)
		return og_err_set(err, OG_E_LIMIT, "more than %d rules", OG_IGNORE_MAX_RULES);
	all.rules = og_arena_new_n(arena, (size_t)og_jcount(list) + 1, struct og_ignore_rule);
	if (!all.rules)
		return og_err_set(err, OG_E_OOM, "reading rules");
	og_jfor (it, list) {
		int r = read_rule(it.val, it.index, arena, &all.rules[all.n], err);
		if (r < 0)
			return r;
		all.n++;
	}
	*ret = all;
	return 0;
}

/* ---- marking ---- */

static void ignore_one(
	struct og_coverage_finding *f, struct og_sv by, struct og_sv why, int64_t until_s)
{
	f->ignored = true;
	f->ignored_by = by;
	f->ignored_why = why;
	f->ignored_until_s = until_s;
}

/* Cells that rest on a finding which is accepted. */
static void ignore_cells(struct og_coverage_row *row, const char *id)
{
	for (int l = 0; l < OG_LINK_COUNT_; l++)
		if (row->link[l].finding && strcmp(row->link[l].finding, id) == 0)
			row->link[l].ignored = true;
	for (int s = 0; s < OG_SIGNAL_COUNT_; s++) {
		struct og_cell *c = &row->signal[s].cell;
		if (c->finding && strcmp(c->finding, id) == 0)
			c->ignored = true;
	}
}

static void ignore_in(struct og_coverage_row *row, const struct og_finding_def *def,
	struct og_sv by, struct og_sv why, int64_t until_s)
{
	for (uint32_t i = 0; i < row->nfindings; i++) {
		struct og_coverage_finding *f = &row->findings[i];
		if (f->def == def && !f->ignored)
			ignore_one(f, by, why, until_s);
	}
	ignore_cells(row, def->id);
	if (row->link[OG_LINK_RECEIVED].ignored)
		og_coverage_received(row);
}

static bool rule_fits(const struct og_ignore_rule *r, const struct og_coverage_row *row)
{
	return (!r->ns.n || og_ignore_match(r->ns, row->ns)) &&
	       (!r->kind.n || og_ignore_match(r->kind, row->kind)) &&
	       (!r->name.n || og_ignore_match(r->name, row->name));
}

static void apply_rule(const struct og_ignore_rule *r, struct og_sv by, struct og_coverage *c)
{
	bool anywhere = !r->ns.n && !r->kind.n && !r->name.n;

	for (uint32_t i = 0; i < c->n; i++)
		if (rule_fits(r, &c->rows[i]))
			ignore_in(&c->rows[i], r->def, by, r->why, r->until_s);
	for (uint32_t i = 0; anywhere && i < c->nfindings; i++)
		if (c->findings[i].def == r->def && !c->findings[i].ignored)
			ignore_one(&c->findings[i], by, r->why, r->until_s);
}

static bool add_note(struct og_coverage *c, struct og_arena *arena, struct og_sv note)
{
	struct og_sv *v = og_arena_new_n(arena, (size_t)c->nnotes + 1, struct og_sv);

	if (!v)
		return false;
	if (c->nnotes)
		memcpy(v, c->notes, c->nnotes * sizeof(*v));
	v[c->nnotes++] = note;
	c->notes = v;
	return true;
}

int og_ignores_apply(const struct og_ignores *rules, struct og_coverage *c, struct og_arena *arena,
	struct og_err *err)
{
	uint32_t expired = 0;

	for (uint32_t i = 0; rules && i < rules->n; i++) {
		const struct og_ignore_rule *r = &rules->rules[i];
		const char *by = og_arena_fmt(arena, "%s: rule %u", rules->name, r->number);
		if (!r->until_s || c->made_s <= r->until_s) {
			apply_rule(r, og_svz(by), c);
			continue;
		}
		if (expired++ >= OG_IGNORE_MAX_NOTES)
			continue;
		char day[OG_RFC3339_BYTES];
		og_fmt_rfc3339(day, r->until_s * OG_NS_PER_S);
		const char *note = og_arena_fmt(arena, "%s for %s has expired on %.10s: %.*s", by,
			r->def->id, day, OG_SV_ARG(r->why));
		if (!add_note(c, arena, og_svz(note)))
			break;
	}
	return arena->failed ? og_err_set(err, OG_E_OOM, "applying rules") : 0;
}

/* ---- the annotation ---- */

struct accepted {
	const struct og_finding_def *def;
	struct og_sv why;
	int64_t until_s;
	bool says; /* has an end or a reason of its own */
};

/* "OG704 until=2026-12-31 reason=no traffic": the rest behind the id. */
static void read_rest(struct og_sv rest, struct accepted *a)
{
	rest = og_sv_trim(rest);
	a->says = rest.n > 0;
	if (og_sv_starts(rest, OG_SV("until="))) {
		size_t n = og_sv_chr(rest, ' ');
		int64_t until_s;
		/* An end that nobody can read is over: silence must not be for ever by mistake. */
		a->until_s = og_ignore_until(og_sv(rest.p + 6, n - 6), &until_s) ? until_s : 1;
		rest = og_sv_trim(og_sv(rest.p + n, rest.n - n));
	}
	if (og_sv_starts(rest, OG_SV("reason=")))
		rest = og_sv(rest.p + 7, rest.n - 7);
	a->why = rest;
}

static uint32_t read_annotation(struct og_sv value, struct accepted *v)
{
	struct og_sv item;
	uint32_t n = 0;

	while (n < ANNOTATION_IDS && og_sv_split(&value, ',', &item)) {
		item = og_sv_trim(item);
		size_t len = og_sv_chr(item, ' ');
		const struct og_finding_def *def = og_finding_def(og_sv(item.p, len));
		if (!len || !def)
			continue;
		v[n] = (struct accepted){.def = def};
		read_rest(og_sv(item.p + len, item.n - len), &v[n++]);
	}
	for (uint32_t i = n; i-- > 1;)
		if (v[i].says && !v[i - 1].says) {
			v[i - 1].why = v[i].why;
			v[i - 1].until_s = v[i].until_s;
			v[i - 1].says = true;
		}
	return n;
}

int og_ignores_annotation(struct og_sv value, struct og_coverage_row *row, int64_t now_s,
	struct og_arena *arena, struct og_ignore_notes *notes, struct og_err *err)
{
	struct accepted v[ANNOTATION_IDS];
	uint32_t n = read_annotation(value, v);

	for (uint32_t i = 0; i < n; i++) {
		if (!v[i].until_s || now_s <= v[i].until_s) {
			ignore_in(row, v[i].def, OG_SV("annotation otelgate.dev/ignore"),
				og_arena_sv(arena, v[i].why), v[i].until_s);
			continue;
		}
		if (!notes)
			continue;
		if (notes->n == OG_IGNORE_MAX_NOTES) {
			notes->more++;
			continue;
		}
		const char *note = og_arena_fmt(arena,
			"%.*s %.*s/%.*s: its otelgate.dev/ignore of %s %s", OG_SV_ARG(row->kind),
			OG_SV_ARG(row->ns), OG_SV_ARG(row->name), v[i].def->id,
			v[i].until_s == 1 ? "has an end that is no day (until=2026-12-31)"
					  : "has expired");
		notes->v[notes->n++] = og_svz(note);
	}
	return arena->failed ? og_err_set(err, OG_E_OOM, "reading otelgate.dev/ignore") : 0;
}
