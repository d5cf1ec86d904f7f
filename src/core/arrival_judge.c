/* SPDX-License-Identifier: Apache-2.0 */
/* One workload: gather, decide, remember, say. */
#include "arrival-priv.h"

#include <stdlib.h>

static void copy_revision(char out[OG_ARRIVAL_REVISION_BYTES], struct og_sv s)
{
	memset(out, 0, OG_ARRIVAL_REVISION_BYTES);
	memcpy(out, s.p, s.n);
}

static bool said_arrived(enum ar_why why)
{
	return why == AR_ARRIVING || why == AR_ARRIVED_WITH_RUN || why == AR_ROUTE_NOT_TOLD ||
	       why == AR_BY_STDOUT || why == AR_ONLY_BY_STDOUT;
}

static void remember(const struct ar_judge *j, const struct ar_one *o, enum ar_why why,
	const struct og_arrival_verdict *v, struct og_arrival_recall *r)
{
	const struct og_arrival_recall before = *o->before; /* r may be it */
	*r = before;
	if (v->kept)
		return;
	if (v->state != before.state || !before.since_s)
		r->since_s = j->now;
	r->state = v->state;
	r->regressed = v->regressed;
	copy_revision(r->revision, ar_revision(j->w));
	int64_t was = ar_time(before.answered_s);
	if (o->usable && o->asked_s > was) {
		r->answered_s = o->asked_s;
		if (why == AR_MISSED_ONCE)
			r->misses = before.misses < 255 ? before.misses + 1 : 255;
		else
			r->misses = 0;
	}
	bool present = o->n[AR_CURRENT][AR_FRESH] || o->n[AR_CURRENT][AR_AGED] ||
		       o->n[AR_CURRENT][AR_UNDATED];
	if (!said_arrived(why) && !present)
		return;
	struct og_sv revision = ar_revision(j->w);
	if (!ar_same_revision(before.flowed, revision))
		r->seen_s = 0;
	copy_revision(r->flowed, revision);
	r->seen_s = o->last > r->seen_s ? o->last : r->seen_s;
}

static int by_text(const void *a, const void *b)
{
	return og_sv_cmp(*(const struct og_sv *)a, *(const struct og_sv *)b);
}

/* Keeps the first ones of a list that never grows beyond its room. */
static void add_silent(struct og_arrival_verdict *v, struct og_sv name)
{
	v->silent_total++;
	uint32_t n = v->nsilent;
	if (n == OG_ARRIVAL_SILENT) {
		if (og_sv_cmp(name, v->silent[n - 1]) >= 0)
			return;
		n--;
	}
	v->silent[n] = name;
	v->nsilent = n + 1;
	qsort(v->silent, v->nsilent, sizeof(v->silent[0]), by_text);
}

static void cover(const struct ar_judge *j, const struct ar_one *o, struct og_arrival_verdict *v)
{
	const struct og_arrival_source *s = o->src;
	if (!o->usable || v->kept || !s->grouped_by_pod || !o->n[AR_CURRENT][AR_FRESH])
		return;
	bool whole = s->tells_age ? s->answered && !s->partial
				  : (s->fresh_answered ? !s->fresh_partial : !s->partial);
	for (uint32_t i = 0; i < j->w->npods; i++) {
		const struct og_arrival_pod *p = &j->w->pods[i];
		int64_t at = ar_time(p->started_s);
		if (o->covered[i])
			v->covered++;
		else if (whole && p->class_ == OG_CLASS_CURRENT && p->ready &&
			 at + j->grace <= o->asked_s)
			add_silent(v, p->name);
	}
	/* Without a pod in any row the names of pods do not come through. */
	v->covers_known = v->covered > 0;
	if (!v->covers_known) {
		v->nsilent = v->silent_total = 0;
		return;
	}
	v->of = v->covered + v->silent_total;
}

static enum og_arrival_route route_of(const struct ar_one *o, enum og_arrival_state state)
{
	if (state == OG_AR_VIA_STDOUT)
		return OG_ROUTE_STDOUT;
	for (int r = OG_ROUTE_OTLP; r < OG_ROUTE_COUNT_; r++)
		if (o->routes[r])
			return (enum og_arrival_route)r;
	return o->ask->via;
}

static void fill(struct ar_judge *j, struct ar_one *o, struct og_arrival_verdict *v)
{
	const struct og_arrival_recall *b = o->before;
	v->signal = o->s;
	v->expected = o->ask->mode == OG_MODE_EXPECTED || o->ask->mode == OG_MODE_STDOUT;
	ar_decide(j, o, v);
	enum ar_why why = j->why[o->s];
	v->route = route_of(o, v->state);
	v->old_sending = o->n[AR_OLD][AR_FRESH] > 0;
	v->shared = j->nothers > 0;
	v->regressed = (v->state == OG_AR_NEVER || v->state == OG_AR_STALE) &&
		       (v->kept ? b->regressed : ar_would_regress(j, o));
	if (v->regressed)
		v->finding = "OG711";
	if (!v->expected && ar_reasons[why].state != OG_AR_UNKNOWN)
		v->finding = NULL;
	v->answered_s = v->kept ? ar_time(b->answered_s) : o->usable ? o->asked_s : 0;
	if (o->best != AR_NONE) {
		v->has_evidence = true;
		v->evidence = j->ix->ev->rows[o->best];
		v->tie = (enum og_arrival_tie)j->ix->hits[o->best].tie;
	}
	if (said_arrived(why)) {
		v->tie = o->tie > v->tie ? o->tie : v->tie;
		enum og_arrival_trust most = v->tie >= OG_TIE_POD	? OG_TRUST_HIGH
					     : v->tie == OG_TIE_SERVICE ? OG_TRUST_FAIR
									: OG_TRUST_LOW;
		if (why != AR_ARRIVED_WITH_RUN || v->has_evidence)
			v->trust = v->trust < most ? v->trust : most;
	}
	cover(j, o, v);
}

/* Seconds from parameters; nonsense becomes the default of the stack (core/fields_stack.c). */
static int64_t at_least(int64_t s, int64_t least, int64_t otherwise)
{
	return s >= least ? ar_time(s) : otherwise;
}

static void prepare(struct ar_judge *j, const struct og_arrival_memory *before)
{
	const struct og_arrival_params *p = j->p;
	j->now = ar_time(p->now_s);
	j->freshness = at_least(p->freshness_s, 1, 300);
	j->grace = at_least(p->grace_s, 0, 300);
	j->window = at_least(p->window_s, 1, 900);
	j->keep = at_least(p->keep_s, 1, j->window);
	j->nothers = ar_others(j->ix, j->me, j->others);
	for (unsigned s = 0; s < OG_SIGNAL_COUNT_; s++)
		j->one[s].before = before ? &before->signal[s] : NULL;
}

int og_arrival_judge(const struct og_arrival_index *ix, uint32_t workload,
	const struct og_arrival_memory *before, const struct og_arrival_params *params,
	struct og_arena *arena, struct og_arrival_result *ret, struct og_findings *findings,
	struct og_err *err)
{
	if (workload >= ix->nw)
		return og_err_set(err, OG_E_BUG, "no workload number %u", workload);
	struct ar_judge j = {.ix = ix,
		.me = workload,
		.w = &ix->w[workload],
		.p = params,
		.arena = arena,
		.findings = findings};
	struct og_arrival_result r = {0};
	prepare(&j, before);
	if (ar_gather(&j))
		return og_err_set(err, OG_E_OOM, "out of memory judging arrival");
	/* Metrics first: what the others make of silence depends on them. */
	for (unsigned s = 0; s < OG_SIGNAL_COUNT_; s++) {
		struct ar_one *o = &j.one[s];
		struct og_arrival_verdict *v = &r.signal[s];
		fill(&j, o, v);
		remember(&j, o, j.why[s], v, &r.memory.signal[s]);
		bool same = ar_same_revision(o->before->flowed, ar_revision(j.w));
		int64_t seen = same ? ar_time(o->before->seen_s) : 0;
		v->last_seen_s = o->last > seen ? o->last : seen;
		v->since_s = r.memory.signal[s].since_s;
		ar_say(&j, o, v);
		ar_find(&j, o, v);
	}
	ar_find_identity(&j);
	if (arena->failed)
		return og_err_set(err, OG_E_OOM, "out of memory judging arrival");
	*ret = r;
	return 0;
}

bool og_arrival_row_keep(struct og_arrival_row *row, struct og_arena *arena)
{
	struct og_sv *const all[] = {&row->service_namespace, &row->service_name, &row->job,
		&row->instance, &row->k8s_namespace, &row->pod, &row->container, &row->workload,
		&row->revision, &row->language};
	struct og_arrival_row copy = *row;
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		if (!all[i]->n)
			continue;
		struct og_sv s = og_arena_sv(arena, *all[i]);
		if (!s.p) {
			*row = copy;
			return false;
		}
		*all[i] = s;
	}
	return true;
}
