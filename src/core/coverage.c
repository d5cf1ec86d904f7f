/* SPDX-License-Identifier: Apache-2.0 */
/* Counting and scoring of a coverage report. */
#include "otelgate/core/coverage.h"

#include <stdlib.h>
#include "otelgate/base/mem.h"

/*
 * What a link is worth. Telemetry that arrives is what all of it is for, so the signals together
 * (SIGNAL_WEIGHT) weigh as much as the chain before them; injection is the part of that chain that
 * is this program's own work. OptedIn and Received weigh nothing: the first is the condition for
 * being scored, the second is the sum of the signals.
 */
static const unsigned link_weight[OG_LINK_COUNT_] = {
	[OG_LINK_INJECTED] = 25,
	[OG_LINK_CREDENTIALS] = 10,
	[OG_LINK_EGRESS] = 10,
	[OG_LINK_ROLLED_OUT] = 5,
};
/* Metrics and traces make the views that most people open first; profiles are an extra. */
static const unsigned signal_weight[OG_SIGNAL_COUNT_] = {
	[OG_SIGNAL_METRICS] = 17,
	[OG_SIGNAL_TRACES] = 17,
	[OG_SIGNAL_LOGS] = 11,
	[OG_SIGNAL_PROFILES] = 5,
};

const char *og_link_name(enum og_link l)
{
	static const char *const names[OG_LINK_COUNT_] = {"OptedIn", "Injected", "CredentialsReady",
		"EgressAllowed", "RolloutComplete", "Received"};
	return (unsigned)l < OG_LINK_COUNT_ ? names[l] : "";
}

const char *og_result_name(enum og_result r)
{
	static const char *const names[OG_RESULT_COUNT_] = {"n/a", "unknown", "pass", "fail"};
	return (unsigned)r < OG_RESULT_COUNT_ ? names[r] : "unknown";
}

bool og_coverage_expects(const struct og_coverage_signal *s)
{
	return s->mode == OG_MODE_EXPECTED || s->mode == OG_MODE_STDOUT;
}

enum og_result og_coverage_counts(const struct og_cell *cell)
{
	return cell->ignored ? OG_RESULT_NA : cell->result;
}

bool og_coverage_uncovered(const struct og_coverage_row *row)
{
	return !row->opted_in && row->out_reason &&
	       strcmp(row->out_reason, og_reason_name(OG_REASON_NOT_OPTED_IN)) == 0 &&
	       (!row->pods_seen || row->pods > 0);
}

bool og_coverage_add(struct og_coverage_row *row, struct og_arena *arena, const char *id,
	struct og_sv place, struct og_sv message, struct og_sv fix, const char *signal)
{
	const struct og_finding_def *def = id ? og_finding_def(og_svz(id)) : NULL;

	if (!def)
		return true;
	struct og_coverage_finding *v =
		og_arena_new_n(arena, (size_t)row->nfindings + 1, struct og_coverage_finding);
	if (!v)
		return false;
	if (row->nfindings)
		memcpy(v, row->findings, row->nfindings * sizeof(*v));
	v[row->nfindings++] = (struct og_coverage_finding){.def = def,
		.place = place,
		.message = message,
		.fix = fix,
		.signal = signal,
		.is_new = true};
	row->findings = v;
	return true;
}

/* Fail before unknown before pass. */
static int badness(enum og_result r)
{
	static const int order[OG_RESULT_COUNT_] = {0, 2, 1, 3};
	return order[r];
}

void og_coverage_received(struct og_coverage_row *row)
{
	struct og_cell *to = &row->link[OG_LINK_RECEIVED];

	*to = (struct og_cell){.result = OG_RESULT_NA};
	for (int i = 0; i < OG_SIGNAL_COUNT_; i++) {
		const struct og_coverage_signal *s = &row->signal[i];
		if (og_coverage_expects(s) &&
			badness(og_coverage_counts(&s->cell)) > badness(to->result))
			*to = s->cell;
	}
}

/* ---- one row ---- */

static void find_broken(struct og_coverage_row *row)
{
	row->broken = OG_LINK_COUNT_;
	for (int l = OG_LINK_COUNT_ - 1; l >= 0; l--) {
		enum og_result r = og_coverage_counts(&row->link[l]);
		bool fails = row->broken < OG_LINK_COUNT_ &&
			     row->link[row->broken].result == OG_RESULT_FAIL;
		if (r == OG_RESULT_FAIL || (r == OG_RESULT_UNKNOWN && !fails))
			row->broken = (enum og_link)l;
	}
}

static enum og_result verdict_of(const struct og_coverage_row *row)
{
	enum og_result worst = OG_RESULT_PASS;

	if (!row->opted_in)
		return OG_RESULT_NA;
	for (int l = 0; l < OG_LINK_COUNT_; l++) {
		enum og_result r = og_coverage_counts(&row->link[l]);
		worst = badness(r) > badness(worst) ? r : worst;
	}
	for (int i = 0; i < OG_SIGNAL_COUNT_; i++) {
		enum og_result r = og_coverage_counts(&row->signal[i].cell);
		if (og_coverage_expects(&row->signal[i]))
			worst = badness(r) > badness(worst) ? r : worst;
	}
	return worst;
}

static double score_of(const struct og_coverage_row *row)
{
	unsigned earned = 0, possible = 0;

	if (!row->opted_in)
		return og_coverage_uncovered(row) ? 0 : -1;
	for (int l = 0; l < OG_LINK_COUNT_; l++) {
		enum og_result r = og_coverage_counts(&row->link[l]);
		earned += r == OG_RESULT_PASS ? link_weight[l] : 0;
		possible += r == OG_RESULT_PASS || r == OG_RESULT_FAIL ? link_weight[l] : 0;
	}
	for (int i = 0; i < OG_SIGNAL_COUNT_; i++) {
		enum og_result r = og_coverage_counts(&row->signal[i].cell);
		bool lost = r == OG_RESULT_FAIL && og_coverage_expects(&row->signal[i]);
		earned += r == OG_RESULT_PASS ? signal_weight[i] : 0;
		possible += r == OG_RESULT_PASS || lost ? signal_weight[i] : 0;
	}
	return possible ? 100.0 * earned / possible : -1;
}

static int by_id(const void *a, const void *b)
{
	const struct og_coverage_finding *x = a, *y = b;
	int r = strcmp(x->def->id, y->def->id);
	if (!r)
		r = og_sv_cmp(x->place, y->place);
	return r ? r : og_sv_cmp(x->message, y->message);
}

/* ---- sums ---- */

struct mean {
	double sum, weight;
};

/* Newton's method: the pure floors call nothing but the simplest of libm. */
static double root(double x)
{
	double r = x > 1 ? x : 1;
	for (int i = 0; i < 40; i++)
		r = (r + x / r) / 2;
	return r;
}

static void add_cell(struct og_share *to, const struct og_cell *cell)
{
	enum og_result r = og_coverage_counts(cell);

	if (r == OG_RESULT_NA)
		return;
	to->of++;
	to->good += r != OG_RESULT_UNKNOWN;
	to->unknown += r == OG_RESULT_UNKNOWN;
}

static void add_signal(struct og_coverage_sum *s, int i, const struct og_coverage_signal *sig)
{
	enum og_result r = og_coverage_counts(&sig->cell);

	if (!og_coverage_expects(sig) || r == OG_RESULT_NA)
		return;
	s->signal[i].of++;
	s->signal[i].good += r == OG_RESULT_PASS;
	s->signal[i].unknown += r == OG_RESULT_UNKNOWN;
	s->new_losses += r == OG_RESULT_FAIL && !sig->cell.known;
	add_cell(&s->evaluated, &sig->cell);
}

static void add_findings(struct og_coverage_sum *s, const struct og_coverage_finding *f, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		if (f[i].ignored)
			s->ignored++;
		else
			s->by_severity[f[i].def->severity]++;
	}
}

bool og_coverage_left(const struct og_coverage_row *row)
{
	return !row->opted_in && row->was_in &&
	       row->link[OG_LINK_OPTED_IN].result != OG_RESULT_UNKNOWN;
}

static void add_row(struct og_coverage_sum *s, struct mean *m, const struct og_coverage_row *row)
{
	uint32_t should = row->classes[OG_CLASS_CURRENT] + row->classes[OG_CLASS_STALE] +
			  row->classes[OG_CLASS_BARE];

	s->workloads++;
	s->opted_in += row->opted_in;
	add_findings(s, row->findings, row->nfindings);
	if (row->score >= 0) {
		double w = root(row->pods > 1 ? row->pods : 1);
		m->sum += w * row->score;
		m->weight += w;
	}
	s->new_losses += og_coverage_left(row);
	if (!row->opted_in)
		return;
	s->pods.good += row->classes[OG_CLASS_CURRENT];
	s->pods.of += should;
	/* Received is the signals once more. */
	for (int l = 0; l < OG_LINK_RECEIVED; l++) {
		add_cell(&s->evaluated, &row->link[l]);
		s->new_losses += og_coverage_counts(&row->link[l]) == OG_RESULT_FAIL &&
				 !row->link[l].known;
	}
	for (int i = 0; i < OG_SIGNAL_COUNT_; i++)
		add_signal(s, i, &row->signal[i]);
}

static int by_name(const void *a, const void *b)
{
	const struct og_coverage_row *x = a, *y = b;
	int r = og_sv_cmp(x->ns, y->ns);
	if (!r)
		r = og_sv_cmp(x->kind, y->kind);
	if (!r)
		r = og_sv_cmp(x->name, y->name);
	if (!r)
		r = og_sv_cmp(x->group, y->group);
	return r ? r : og_sv_cmp(x->source, y->source);
}

static void sum_up(struct og_coverage *c)
{
	struct mean all = {0}, here = {0};

	for (uint32_t i = 0; i < c->n; i++) {
		struct og_coverage_row *row = &c->rows[i];
		if (!i || !og_sv_eq(row->ns, c->rows[i - 1].ns)) {
			c->namespaces[c->nnamespaces++] = (struct og_coverage_sum){.ns = row->ns};
			here = (struct mean){0};
		}
		struct og_coverage_sum *s = &c->namespaces[c->nnamespaces - 1];
		add_row(s, &here, row);
		add_row(&c->total, &all, row);
		s->score = here.weight > 0 ? here.sum / here.weight : -1;
	}
	c->total.score = all.weight > 0 ? all.sum / all.weight : -1;
	add_findings(&c->total, c->findings, c->nfindings);
}

void og_coverage_row_judge(struct og_coverage_row *row)
{
	find_broken(row);
	row->verdict = verdict_of(row);
	row->score = score_of(row);
}

int og_coverage_finish(struct og_coverage *c, struct og_arena *arena, struct og_err *err)
{
	if (c->n)
		qsort(c->rows, c->n, sizeof(*c->rows), by_name);
	if (c->nfindings)
		qsort(c->findings, c->nfindings, sizeof(*c->findings), by_id);
	for (uint32_t i = 0; i < c->n; i++) {
		struct og_coverage_row *row = &c->rows[i];
		if (row->nfindings)
			qsort(row->findings, row->nfindings, sizeof(*row->findings), by_id);
		og_coverage_row_judge(row);
	}
	c->total = (struct og_coverage_sum){.ns = OG_SV("")};
	c->nnamespaces = 0;
	c->namespaces = og_arena_new_n(arena, (size_t)c->n + 1, struct og_coverage_sum);
	if (!c->namespaces)
		return og_err_set(err, OG_E_OOM, "summing up");
	sum_up(c);
	return 0;
}
