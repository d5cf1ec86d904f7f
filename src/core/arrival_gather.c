/* SPDX-License-Identifier: Apache-2.0 */
/* What the rows of one workload say of each signal: how new, from which pods, of which revision. */
#include "arrival-priv.h"

static const int64_t max_time = 253402300799; /* the end of the year 9999 */

int64_t ar_time(int64_t s)
{
	return s < 0 ? 0 : s > max_time ? max_time : s;
}

bool ar_pod_live(const struct og_arrival_pod *p)
{
	return p->class_ != OG_CLASS_TERMINATING && p->class_ != OG_CLASS_FINISHED;
}

bool ar_pod_current(const struct og_arrival_workload *w, const struct og_arrival_pod *p)
{
	if (p->class_ == OG_CLASS_CURRENT)
		return true;
	return !ar_pod_live(p) && p->revision.n && og_sv_eq(p->revision, w->revision);
}

enum ar_age ar_row_age(const struct ar_one *o, const struct ar_hit *h)
{
	if (h->fresh)
		return AR_FRESH;
	if (h->last_s)
		return h->last_s >= o->asked_s - o->freshness_s ? AR_FRESH : AR_AGED;
	return o->src->fresh_answered && !o->src->fresh_partial ? AR_AGED : AR_UNDATED;
}

/* Whether a row can only have been sent after `from`. */
static bool sent_after(const struct ar_one *o, const struct ar_hit *h, int64_t from)
{
	return h->last_s ? h->last_s >= from : h->fresh && o->asked_s - o->freshness_s >= from;
}

enum ar_belong ar_row_belongs(
	const struct ar_judge *j, const struct ar_one *o, const struct ar_hit *h)
{
	const struct og_arrival_workload *w = j->w;
	/* What the row says itself counts before the class of its pod: StatefulSets use names
	 * again. */
	if (h->told)
		return h->wanted ? AR_CURRENT : AR_OLD;
	if (h->pod != AR_NONE) {
		const struct og_arrival_pod *p = &w->pods[h->pod];
		if (!ar_pod_current(w, p))
			return AR_OLD;
		if (w->reuses_names && !sent_after(o, h, ar_time(p->started_s)))
			return AR_UNTOLD;
		return AR_CURRENT;
	}
	/* From a pod that is gone: of a job one of its run, else of what was before. */
	if (h->names_pod && w->life == OG_LIFE_SERVICE)
		return j->settled && w->rolled_out_s > 0 &&
				       sent_after(o, h, ar_time(w->rolled_out_s))
			       ? AR_CURRENT
			       : AR_OLD;
	if (w->life != OG_LIFE_SERVICE)
		return sent_after(o, h, ar_time(w->run_s)) ? AR_CURRENT : AR_OLD;
	if (!j->settled || !sent_after(o, h, ar_time(w->rolled_out_s)))
		return AR_UNTOLD;
	return AR_CURRENT;
}

/* Among equals the newest, then that of the first pod, then by the texts. */
static bool newer(const struct ar_judge *j, uint32_t a, uint32_t b)
{
	int64_t x = j->ix->hits[a].last_s, y = j->ix->hits[b].last_s;
	if (x != y)
		return x > y;
	uint32_t p = j->ix->hits[a].pod, q = j->ix->hits[b].pod;
	return p != q ? p < q : ar_row_cmp(&j->ix->ev->rows[a], &j->ix->ev->rows[b]) < 0;
}

/* Sent by a pod before any of those that are there had started: it is no proof of them, whatever
 * revision it tells. */
static bool of_pods_before(const struct ar_judge *j, const struct ar_hit *h)
{
	return j->w->life == OG_LIFE_SERVICE && j->ready && h->last_s && h->last_s < j->start_s &&
	       (h->names_pod || h->pod != AR_NONE);
}

/* A pod that started anew has not sent what is older than that. */
static bool covers(const struct ar_judge *j, const struct ar_hit *h)
{
	const struct og_arrival_pod *p = h->pod != AR_NONE ? &j->w->pods[h->pod] : NULL;

	return p && ar_pod_live(p) && !(h->last_s && h->last_s < ar_time(p->started_s));
}

static void take(struct ar_judge *j, struct ar_one *o, uint32_t i)
{
	const struct ar_hit *h = &j->ix->hits[i];
	enum ar_belong belong = ar_row_belongs(j, o, h);
	enum ar_age age = ar_row_age(o, h);
	if (belong == AR_CURRENT && h->told && of_pods_before(j, h)) {
		o->last = h->last_s > o->last ? h->last_s : o->last;
		return;
	}
	o->n[belong][age]++;
	int key = ((int)belong * 4 + (int)age) * 8 + h->tie;
	if (o->best == AR_NONE || key > o->best_key ||
		(key == o->best_key && newer(j, i, o->best))) {
		o->best = i;
		o->best_key = key;
	}
	if (belong != AR_CURRENT)
		return;
	int64_t at = h->last_s;
	if (!at && age == AR_FRESH)
		at = o->asked_s;
	if (at > o->asked_s && o->asked_s)
		at = o->asked_s; /* a clock that runs ahead */
	o->last = at > o->last ? at : o->last;
	if (h->tie > o->tie)
		o->tie = (enum og_arrival_tie)h->tie;
	o->ever[h->route]++;
	if (age != AR_FRESH)
		return;
	o->routes[h->route]++;
	if (covers(j, h))
		o->covered[h->pod] = 1;
}

static bool fresh_row(const struct ar_judge *j, const struct ar_one *o, uint32_t row)
{
	return row != AR_NONE && ar_row_age(o, &j->ix->hits[row]) == AR_FRESH;
}

/* Rows that are of this workload or of another of the same name. */
static void take_shared(struct ar_judge *j)
{
	static const enum ar_name_kind kinds[] = {
		AR_NAME_FULL, AR_NAME_PAIR, AR_NAME_PLACE, AR_NAME_ALONE};
	for (uint32_t k = 0; j->ix->any_shared && k < j->w->nidentities; k++)
		for (size_t n = 0; n < sizeof(kinds) / sizeof(kinds[0]); n++) {
			const struct og_arrival_identity *id = &j->w->identities[k];
			const struct ar_name *name = ar_name_find(
				j->ix, kinds[n], j->w->ns, id->service_namespace, id->service_name);
			for (unsigned s = 0; name && s < OG_SIGNAL_COUNT_; s++) {
				struct ar_one *o = &j->one[s];
				o->shared_fresh |= fresh_row(j, o, name->shared[s]);
				o->ambiguous_fresh |= fresh_row(j, o, name->ambiguous[s]);
			}
		}
}

static void count_pods(struct ar_judge *j)
{
	bool others = false;
	for (uint32_t i = 0; i < j->w->npods; i++) {
		const struct og_arrival_pod *p = &j->w->pods[i];
		others |= p->class_ != OG_CLASS_CURRENT && p->class_ != OG_CLASS_FINISHED;
		if (!ar_pod_live(p))
			continue;
		j->live++;
		j->skipped += p->class_ == OG_CLASS_SKIPPED;
		if (p->class_ != OG_CLASS_CURRENT)
			continue;
		j->current++;
		if (!p->ready)
			continue;
		j->ready++;
		int64_t at = ar_time(p->started_s);
		if (at && (!j->start_s || at < j->start_s))
			j->start_s = at;
	}
	j->settled = j->current > 0 && !others;
	if (!j->start_s) {
		int64_t a = ar_time(j->w->rolled_out_s), b = ar_time(j->w->opted_in_s);
		j->start_s = a > b ? a : b;
	}
}

/* Whether there is an answer to stand on. */
static void look_at_source(struct ar_judge *j, struct ar_one *o)
{
	const struct og_arrival_source *s = o->src;
	o->asked_s = ar_time(s->asked_s);
	o->freshness_s = s->freshness_s > 0 ? ar_time(s->freshness_s) : j->freshness;
	bool answered = s->answered || s->fresh_answered;
	if (!s->asked && !answered)
		o->unusable = AR_NOT_CONFIGURED;
	else if (!answered)
		o->unusable = AR_UNANSWERED;
	else if (j->now - o->asked_s > j->keep)
		o->unusable = AR_TOO_OLD;
	else
		o->usable = true;
}

static void look_at_traffic(struct ar_judge *j)
{
	const struct og_arrival_source *s = &j->ix->ev->traffic_source;
	const struct ar_load *l = &j->ix->load[j->me];
	if (!s->answered || j->now - ar_time(s->asked_s) > j->keep || !l->told)
		return;
	j->rate = (double)l->micro / 1e6;
	if (l->micro > 0)
		j->traffic = AR_TRAFFIC_BUSY;
	else if (!s->partial)
		j->traffic = AR_TRAFFIC_FLAT;
}

int ar_gather(struct ar_judge *j)
{
	static const struct og_arrival_recall nothing;
	uint32_t n = j->w->npods;
	uint8_t *covered = og_arena_calloc(j->arena, n ? n : 1, OG_SIGNAL_COUNT_);
	if (!covered)
		return -1;
	count_pods(j);
	for (unsigned s = 0; s < OG_SIGNAL_COUNT_; s++) {
		struct ar_one *o = &j->one[s];
		const struct og_arrival_recall *before = o->before ? o->before : &nothing;
		*o = (struct ar_one){.s = (enum og_signal)s,
			.src = &j->ix->ev->source[s],
			.ask = &j->w->ask[s],
			.before = before,
			.best = AR_NONE,
			.covered = covered + (size_t)s * n};
		look_at_source(j, o);
	}
	for (uint32_t i = j->ix->head[j->me]; i != AR_NONE; i = j->ix->hits[i].next) {
		struct ar_one *o = &j->one[j->ix->hits[i].signal];
		if (o->usable)
			take(j, o, i);
	}
	take_shared(j);
	look_at_traffic(j);
	return 0;
}
