/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From what was gathered to a reason, in this order: what arrives counts whatever else is so; then
 * what its owner switched off; then whether there are pods that could send; then whether the answer
 * can be stood on; and only then absence, softened by all that could explain it.
 */
#include "arrival-priv.h"

enum {
	MISSES = 2,	  /* answers in a row before what flowed is stale */
	HIDDEN_FROM = 3,  /* so many workloads lose one signal only by something they share */
	ENOUGH_SPANS = 10 /* expected: none of them with probability e^-10 */
};

static uint32_t count(const struct ar_one *o, enum ar_belong b)
{
	return o->n[b][AR_FRESH] + o->n[b][AR_AGED] + o->n[b][AR_UNDATED];
}

static bool flows(const struct ar_one *o)
{
	return o->n[AR_CURRENT][AR_FRESH] > 0;
}

/* As it is remembered: never empty, and no longer than there is room. */
struct og_sv ar_revision(const struct og_arrival_workload *w)
{
	size_t most = OG_ARRIVAL_REVISION_BYTES - 1;
	return !w->revision.n ? OG_SV("-")
			      : og_sv(w->revision.p, w->revision.n < most ? w->revision.n : most);
}

bool ar_same_revision(const char *remembered, struct og_sv revision)
{
	return og_sv_eq(
		og_sv(remembered, strnlen(remembered, OG_ARRIVAL_REVISION_BYTES)), revision);
}

/* Only what an answer said is kept: a grace that was, or a switch, is looked at anew. */
static bool remembered(const struct ar_judge *j, const struct ar_one *o)
{
	return o->before->state >= OG_AR_NEVER &&
	       ar_same_revision(o->before->revision, ar_revision(j->w));
}

static bool flowed_before(const struct ar_judge *j, const struct ar_one *o)
{
	return count(o, AR_CURRENT) || ar_same_revision(o->before->flowed, ar_revision(j->w));
}

/* It flowed with the former revision, and the new one has had its time. */
bool ar_would_regress(const struct ar_judge *j, const struct ar_one *o)
{
	int64_t out = ar_time(j->w->rolled_out_s);
	if (!o->before->flowed[0] || count(o, AR_CURRENT) ||
		ar_same_revision(o->before->flowed, ar_revision(j->w)))
		return false;
	if (j->w->life != OG_LIFE_SERVICE)
		return true; /* a run is whole or not */
	return out && o->asked_s >= out + j->grace;
}

/* The last verdict, while it is young enough; else `why`. */
static enum ar_why keep_or(
	struct ar_judge *j, struct ar_one *o, enum ar_why why, struct og_arrival_verdict *v)
{
	if (!remembered(j, o) || j->now - ar_time(o->before->answered_s) > j->keep)
		return why;
	v->kept = true;
	v->state = o->before->state;
	v->why = why == AR_UNANSWERED && o->src->why ? o->src->why : ar_reasons[why].name;
	return AR_LAST_KNOWN;
}

/* What flowed has to be missed more than once. */
static bool missed_enough(const struct ar_judge *j, const struct ar_one *o)
{
	const struct og_arrival_recall *b = o->before;
	if (!remembered(j, o) || (b->state != OG_AR_FLOWING && b->state != OG_AR_VIA_STDOUT))
		return true;
	uint32_t misses = b->misses + (o->asked_s > ar_time(b->answered_s) ? 1 : 0);
	return misses >= MISSES;
}

/* ---- what arrives ---- */

/* How log lines came, of what came at all. */
static enum ar_why by_route(
	const struct ar_judge *j, const struct ar_one *o, const uint32_t *routes)
{
	if (o->s != OG_SIGNAL_LOGS || routes[OG_ROUTE_OTLP])
		return AR_ARRIVING;
	if (o->ask->mode == OG_MODE_STDOUT)
		return AR_BY_STDOUT;
	/* Nothing says how it came. With OTLP the revision would have come too. */
	if (routes[OG_ROUTE_UNKNOWN] || routes[OG_ROUTE_SCRAPE] || routes[OG_ROUTE_EBPF])
		return o->src->grouped_by_revision && j->w->revision.n ? AR_ROUTE_NOT_TOLD
								       : AR_ARRIVING;
	return AR_ONLY_BY_STDOUT;
}

static enum ar_why arriving(struct ar_judge *j, struct ar_one *o, struct og_arrival_verdict *v)
{
	/* From pods that were there a moment ago and are no more it proves nothing of now. */
	if (!flows(o) || (j->w->life == OG_LIFE_SERVICE && !j->current))
		return AR_WHY_COUNT_;
	enum ar_why why = by_route(j, o, j->w->life == OG_LIFE_SERVICE ? o->routes : o->ever);
	if (why != AR_ONLY_BY_STDOUT || o->before->state != OG_AR_FLOWING || missed_enough(j, o))
		return why;
	v->state = OG_AR_FLOWING; /* by OTLP, a moment ago */
	return AR_MISSED_ONCE;
}

static enum ar_why switched_off(const struct ar_one *o)
{
	if (o->s == OG_SIGNAL_LOGS && o->ask->mode == OG_MODE_STDOUT)
		return AR_WHY_COUNT_; /* the exporter is ours to switch off there */
	if (o->ask->exporter == OG_EXPORTER_NONE)
		return AR_EXPORTER_NONE;
	if (o->ask->exporter == OG_EXPORTER_ELSEWHERE)
		return AR_SENT_ELSEWHERE;
	if (o->s == OG_SIGNAL_TRACES && o->ask->ratio == 0)
		return AR_SAMPLED_OUT;
	return AR_WHY_COUNT_;
}

/* ---- pods and runs ---- */

static enum ar_why pods_missing(const struct ar_judge *j, const struct ar_one *o)
{
	if (!j->live)
		return j->w->scaled_to_zero ? AR_SCALED_TO_ZERO : AR_NO_PODS;
	if (j->skipped == j->live)
		return AR_SKIPPED;
	if (!j->current)
		return o->n[AR_OLD][AR_FRESH] ? AR_OLD_PODS_ONLY : AR_NOT_INJECTED;
	return j->ready ? AR_WHY_COUNT_ : AR_PODS_NOT_READY;
}

/* Whether the pods of the run that are still there carry the wanted injection; true without any. */
static bool run_was_current(const struct ar_judge *j)
{
	uint32_t any = 0, ours = 0;
	for (uint32_t i = 0; i < j->w->npods; i++) {
		any++;
		ours += ar_pod_current(j->w, &j->w->pods[i]);
	}
	return !any || ours;
}

/* A run that is over: its telemetry is all there will be. */
static enum ar_why after_run(struct ar_judge *j, struct ar_one *o, struct og_arrival_verdict *v)
{
	int64_t run = ar_time(j->w->run_s), end = ar_time(j->w->finished_s);
	if (!end)
		end = run;
	if (!run || (j->w->opted_in_s && run < ar_time(j->w->opted_in_s)) || !run_was_current(j))
		return j->w->life == OG_LIFE_CRONJOB ? AR_NEXT_RUN : AR_NOT_INJECTED;
	/* What was found out about this run stays so, however long it is over. */
	if (remembered(j, o) && o->before->state == OG_AR_NEVER &&
		ar_time(o->before->answered_s) >= end + j->grace)
		return AR_NOTHING_FROM_RUN;
	if (!o->usable)
		return keep_or(j, o, o->unusable, v);
	if (j->now < end + j->grace)
		return AR_WITHIN_GRACE;
	if (o->asked_s < end + j->grace)
		return AR_ANSWER_PENDING;
	if (!o->src->answered || o->src->partial)
		return keep_or(j, o, AR_PARTIAL, v);
	int64_t window = ar_time(o->src->window_s);
	if (o->asked_s - window > run)
		return keep_or(j, o, AR_RUN_TOO_LONG_AGO, v);
	return AR_NOTHING_FROM_RUN;
}

static enum ar_why run(struct ar_judge *j, struct ar_one *o, struct og_arrival_verdict *v, bool *go)
{
	const struct og_arrival_workload *w = j->w;
	*go = false;
	if (count(o, AR_CURRENT)) {
		enum ar_why why = by_route(j, o, o->ever);
		return why == AR_ARRIVING ? AR_ARRIVED_WITH_RUN : why;
	}
	if (flowed_before(j, o) && w->run_s && ar_time(o->before->seen_s) >= w->run_s)
		return o->before->state != OG_AR_VIA_STDOUT ? AR_ARRIVED_WITH_RUN
		       : o->ask->mode == OG_MODE_STDOUT	    ? AR_BY_STDOUT
							    : AR_ONLY_BY_STDOUT;
	if (w->suspended)
		return AR_SUSPENDED;
	if (w->life == OG_LIFE_CRONJOB && !w->run_s)
		return AR_FIRST_RUN;
	if (w->finished)
		return after_run(j, o, v);
	*go = true;
	return AR_WHY_COUNT_;
}

/* ---- absence ---- */

static bool has_idle(const struct ar_one *o)
{
	return o->s == OG_SIGNAL_TRACES || o->s == OG_SIGNAL_LOGS;
}

static bool metrics_bad(const struct ar_judge *j)
{
	enum og_arrival_state s = ar_reasons[j->why[OG_SIGNAL_METRICS]].state;
	return s == OG_AR_NEVER || s == OG_AR_STALE;
}

static bool another_flows(const struct ar_judge *j, const struct ar_one *o)
{
	for (unsigned s = 0; s < OG_SIGNAL_COUNT_; s++)
		if (s != o->s && flows(&j->one[s]))
			return true;
	return false;
}

/* The same, but for what nobody can tell now: an error must not make anything missing. */
static bool another_may_flow(const struct ar_judge *j, const struct ar_one *o)
{
	for (unsigned s = 0; s < OG_SIGNAL_COUNT_; s++)
		if (s != o->s && (flows(&j->one[s]) ||
					 (!j->one[s].usable && j->one[s].ask->mode != OG_MODE_OFF)))
			return true;
	return false;
}

/*
 * Only metrics and profiles are to be expected from a process that nobody asks anything. For the
 * others silence counts with requests served, with no signal at all, or against a revision before
 * which there was none.
 */
static enum ar_why idle(const struct ar_judge *j, const struct ar_one *o, enum ar_why why)
{
	bool metrics = flows(&j->one[OG_SIGNAL_METRICS]);
	bool logs = o->s == OG_SIGNAL_LOGS;
	double ratio = o->ask->ratio;
	/* Counters that are read are metrics, even while nobody answers the other question. */
	if (j->traffic == AR_TRAFFIC_FLAT && !metrics_bad(j))
		return AR_NO_REQUESTS;
	if (j->traffic == AR_TRAFFIC_BUSY) {
		if (logs && flowed_before(j, o) && (another_may_flow(j, o) || !metrics_bad(j)))
			return AR_QUIET;
		bool low = !logs && ratio > 0 && ratio < 1;
		return low && j->rate * ratio * (double)o->freshness_s < ENOUGH_SPANS
			       ? AR_LOW_SAMPLING
			       : why;
	}
	if (ar_would_regress(j, o) || metrics_bad(j))
		return why;
	if (!metrics && !another_flows(j, o))
		return AR_NO_TRAFFIC_EVIDENCE;
	return logs && flowed_before(j, o) ? AR_QUIET : AR_TRAFFIC_UNKNOWN;
}

/* Whether the answers of this signal may be kept from us. */
static bool hidden(const struct ar_judge *j, const struct ar_one *o)
{
	switch (j->p->sight[o->s]) {
	case OG_SIGHT_BLIND:
		return true;
	case OG_SIGHT_SEES:
	case OG_SIGHT_REFUSED:
		return false;
	case OG_SIGHT_UNKNOWN:
	default:
		return !j->ix->rows_of[o->s] && j->ix->others[o->s] >= HIDDEN_FROM;
	}
}

static enum ar_why soften(
	struct ar_judge *j, struct ar_one *o, enum ar_why why, struct og_arrival_verdict *v)
{
	if (has_idle(o)) {
		enum ar_why w = idle(j, o, why);
		if (w == AR_NO_REQUESTS || w == AR_QUIET)
			return w;
		if (hidden(j, o))
			return keep_or(j, o, AR_HIDDEN, v);
		if (w != why)
			return w;
	}
	if (hidden(j, o))
		return keep_or(j, o, AR_HIDDEN, v);
	if (o->shared_fresh)
		return keep_or(j, o, AR_SHARED_NAME, v);
	if (o->ambiguous_fresh)
		return keep_or(j, o, AR_AMBIGUOUS_JOB, v);
	if (o->n[AR_UNTOLD][AR_FRESH])
		return keep_or(j, o, AR_REVISION_NOT_TOLD, v);
	return why == AR_NEVER_ARRIVED || why == AR_NOTHING_IN_WINDOW
		       ? (o->n[AR_OLD][AR_FRESH] ? AR_OLD_REVISION_ONLY : why)
		       : why;
}

static enum ar_why gone(struct ar_judge *j, struct ar_one *o, struct og_arrival_verdict *v)
{
	if (missed_enough(j, o))
		return soften(j, o, AR_STOPPED, v);
	v->state = o->before->state;
	return AR_MISSED_ONCE;
}

static enum ar_why absent(struct ar_judge *j, struct ar_one *o, struct og_arrival_verdict *v)
{
	const struct og_arrival_source *s = o->src;
	bool whole = s->answered && !s->partial;
	bool not_fresh = s->tells_age ? whole : (s->fresh_answered && !s->fresh_partial) || whole;
	if (o->n[AR_CURRENT][AR_UNDATED])
		return keep_or(j, o, AR_FRESHNESS_NOT_TOLD, v);
	if (!not_fresh)
		return keep_or(j, o, AR_PARTIAL, v);
	if (o->n[AR_CURRENT][AR_AGED] || flowed_before(j, o))
		return gone(j, o, v);
	int64_t window = ar_time(s->window_s);
	int64_t life = o->asked_s - j->start_s;
	if (!whole || (window < life && window < j->window))
		return keep_or(j, o, AR_PARTIAL, v);
	return soften(j, o, window >= life ? AR_NEVER_ARRIVED : AR_NOTHING_IN_WINDOW, v);
}

static enum ar_why missing(struct ar_judge *j, struct ar_one *o, struct og_arrival_verdict *v)
{
	enum ar_why why = pods_missing(j, o);
	if (why != AR_WHY_COUNT_)
		return why;
	if (!o->usable) {
		why = keep_or(j, o, o->unusable, v);
		bool young = j->start_s && j->now < j->start_s + j->grace;
		return v->kept || !young ? why : AR_WITHIN_GRACE;
	}
	if (!j->start_s)
		return keep_or(j, o, AR_START_UNKNOWN, v);
	if (j->now < j->start_s + j->grace)
		return AR_WITHIN_GRACE;
	if (o->asked_s < j->start_s + j->grace)
		return AR_ANSWER_PENDING;
	return absent(j, o, v);
}

void ar_decide(struct ar_judge *j, struct ar_one *o, struct og_arrival_verdict *v)
{
	enum ar_why why = o->ask->mode == OG_MODE_OFF ? AR_NOT_ASKED : arriving(j, o, v);
	if (why == AR_WHY_COUNT_)
		why = switched_off(o);
	if (why == AR_WHY_COUNT_) {
		bool go = true;
		if (j->w->life != OG_LIFE_SERVICE)
			why = run(j, o, v, &go);
		if (go)
			why = missing(j, o, v);
	}
	j->why[o->s] = why;
	if (!v->kept && why != AR_MISSED_ONCE)
		v->state = ar_reasons[why].state;
	v->reason = why == AR_UNANSWERED && o->src->why ? o->src->why : ar_reasons[why].name;
	v->finding = why == AR_UNANSWERED && o->src->finding ? o->src->finding
							     : ar_reasons[why].finding;
	if (why == AR_UNANSWERED || why == AR_TOO_OLD)
		v->why = v->reason;
	v->trust = ar_reasons[why].trust;
}
