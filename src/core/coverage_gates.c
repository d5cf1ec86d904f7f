/* SPDX-License-Identifier: Apache-2.0 */
/* Gates over a coverage report. */
#include "otelgate/base/mem.h"
#include "otelgate/core/coverage.h"

void og_gates_init(struct og_gates *g)
{
	*g = (struct og_gates){.min_score = -1, .min_evaluated = -1};
	for (int i = 0; i < OG_SIGNAL_COUNT_; i++)
		g->min_signal[i] = -1;
}

const char *og_gate_end_name(enum og_gate_end e)
{
	return e == OG_GATE_PASS ? "pass" : e == OG_GATE_TRIPPED ? "tripped" : "not-evaluated";
}

struct judge {
	const struct og_coverage *c;
	const struct og_gates *g;
	struct og_arena *arena;
	struct og_gate_result *r;
};

static void end_line(struct judge *j, enum og_gate_end end, const char *text)
{
	struct og_gate_result *r = j->r;

	if (r->nlines == OG_COUNT(r->lines))
		return;
	r->lines[r->nlines] = og_svz(text);
	r->line_end[r->nlines++] = end;
	if (end == OG_GATE_TRIPPED || (end && r->end == OG_GATE_PASS))
		r->end = end;
}

static void count_findings(
	const struct judge *j, const struct og_coverage_finding *f, uint32_t n, uint32_t *ret)
{
	for (uint32_t i = 0; i < n; i++)
		*ret += !f[i].ignored && f[i].def->severity >= j->g->fail_on &&
			f[i].def->severity != OG_SEV_UNKNOWN && (f[i].is_new || !j->g->new_only);
}

static void gate_findings(struct judge *j)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < j->c->n; i++)
		count_findings(j, j->c->rows[i].findings, j->c->rows[i].nfindings, &n);
	count_findings(j, j->c->findings, j->c->nfindings, &n);
	end_line(j, n ? OG_GATE_TRIPPED : OG_GATE_PASS,
		og_arena_fmt(j->arena, "%sfindings of severity %s or above: %u",
			j->g->new_only ? "new " : "", og_severity_name(j->g->fail_on), n));
}

/* Losses that the baseline knows count as no loss. */
static uint32_t known_losses(const struct og_coverage *c, int signal)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < c->n; i++) {
		const struct og_coverage_signal *s = &c->rows[i].signal[signal];
		n += c->rows[i].opted_in && og_coverage_expects(s) && s->cell.known &&
		     og_coverage_counts(&s->cell) == OG_RESULT_FAIL;
	}
	return n;
}

static double percent(uint32_t n, uint32_t of)
{
	return of ? 100.0 * n / of : 100;
}

static void gate_signal(struct judge *j, int signal)
{
	struct og_share s = j->c->total.signal[signal];
	double least = j->g->min_signal[signal];
	const char *name = og_signal_name((enum og_signal)signal);
	uint32_t known = j->g->new_only ? known_losses(j->c, signal) : 0;

	if (!s.of) {
		end_line(j, OG_GATE_PASS,
			og_arena_fmt(j->arena, "%s: no workload is expected to send them", name));
		return;
	}
	/* Of what nobody could look at there is no share: 0 % would read as a loss. */
	if (s.unknown == s.of && !known) {
		end_line(j, least > 0 ? OG_GATE_NOT_EVALUATED : OG_GATE_PASS,
			og_arena_fmt(j->arena, "%s unknown: %u of %u not evaluated, at least %g %%",
				name, s.unknown, s.of, least));
		return;
	}
	uint32_t good = s.good + known;
	enum og_gate_end end = percent(good, s.of) >= least		  ? OG_GATE_PASS
			       : percent(good + s.unknown, s.of) >= least ? OG_GATE_NOT_EVALUATED
									  : OG_GATE_TRIPPED;
	char more[96] = "";
	if (s.unknown || known) {
		struct og_buf b = OG_BUF_INIT(sizeof(more) - 1);
		if (s.unknown)
			og_buf_fmt(&b, ", %u not evaluated", s.unknown);
		if (known)
			og_buf_fmt(&b, ", %u lost as in the baseline", known);
		if (b.p)
			memcpy(more, b.p, b.len + 1);
		og_buf_fini(&b);
	}
	end_line(j, end,
		og_arena_fmt(j->arena, "%s %u of %u (%.1f %%)%s, at least %g %%", name, good, s.of,
			percent(good, s.of), more, least));
}

static void gate_score(struct judge *j)
{
	double score = j->c->total.score;

	if (score < 0)
		end_line(j, OG_GATE_NOT_EVALUATED,
			og_arena_fmt(j->arena, "score: there is nothing to score, at least %g",
				j->g->min_score));
	else
		end_line(j, score >= j->g->min_score ? OG_GATE_PASS : OG_GATE_TRIPPED,
			og_arena_fmt(j->arena, "score %.1f, at least %g", score, j->g->min_score));
}

/* That too little could be looked at is no fault of what was looked at. */
static void gate_evaluated(struct judge *j)
{
	struct og_share s = j->c->total.evaluated;

	if (!s.of) {
		end_line(j, OG_GATE_NOT_EVALUATED,
			og_arena_fmt(j->arena, "evaluated: no opted-in workload was found"));
		return;
	}
	end_line(j,
		percent(s.good, s.of) >= j->g->min_evaluated ? OG_GATE_PASS : OG_GATE_NOT_EVALUATED,
		og_arena_fmt(j->arena, "evaluated %u of %u (%.1f %%), at least %g %%", s.good, s.of,
			percent(s.good, s.of), j->g->min_evaluated));
}

static void gate_new(struct judge *j)
{
	const struct og_coverage_row *first = NULL;
	uint32_t n = j->c->total.new_losses, left = 0;

	for (uint32_t i = 0; i < j->c->n; i++)
		if (og_coverage_left(&j->c->rows[i]) && left++ == 0)
			first = &j->c->rows[i];
	if (first)
		end_line(j, OG_GATE_TRIPPED,
			og_arena_fmt(j->arena,
				"losses that are not in the baseline: %u, of these %u workload%s no "
				"longer opted in: %.*s %.*s/%.*s%s",
				n, left, left == 1 ? "" : "s", OG_SV_ARG(first->ns),
				OG_SV_ARG(first->kind), OG_SV_ARG(first->name),
				left == 1 ? "" : " …"));
	else
		end_line(j, n ? OG_GATE_TRIPPED : OG_GATE_PASS,
			og_arena_fmt(j->arena, "losses that are not in the baseline: %u", n));
}

int og_gates_judge(const struct og_coverage *c, const struct og_gates *g, struct og_arena *arena,
	struct og_gate_result *ret, struct og_err *err)
{
	struct og_gate_result r = {.end = OG_GATE_PASS};
	struct judge j = {.c = c, .g = g, .arena = arena, .r = &r};

	if (g->fail_on_set)
		gate_findings(&j);
	if (g->new_only)
		gate_new(&j);
	for (int i = 0; i < OG_SIGNAL_COUNT_; i++)
		if (g->min_signal[i] >= 0)
			gate_signal(&j, i);
	if (g->min_score >= 0)
		gate_score(&j);
	if (g->min_evaluated >= 0)
		gate_evaluated(&j);
	if (arena->failed)
		return og_err_set(err, OG_E_OOM, "judging gates");
	*ret = r;
	return 0;
}
