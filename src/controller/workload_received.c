/* SPDX-License-Identifier: Apache-2.0 */
/* What arrives of a workload, as its status says it. */
#include "workloads-priv.h"

enum {
	SEEN_AGAIN_S = 600,  /* times of what flows are written no more often */
	SEEN_EACH_MS = 1000, /* nor more of them than one in so many, over all workloads */
};

static const enum og_telemetry_cond conds[OG_SIGNAL_COUNT_] = {
	[OG_SIGNAL_METRICS] = OG_TC_METRICS_RECEIVED,
	[OG_SIGNAL_TRACES] = OG_TC_TRACES_RECEIVED,
	[OG_SIGNAL_LOGS] = OG_TC_LOGS_RECEIVED,
	[OG_SIGNAL_PROFILES] = OG_TC_PROFILES_RECEIVED};

static void say(struct pass *p, enum og_signal signal, struct og_telemetry_said *ret)
{
	const struct arrival *a = &p->entry->arrival;
	const struct arrival_signal *s = a->said ? &a->said->signal[signal] : NULL;

	if (p->signals[signal] == OG_MODE_OFF) {
		*ret = (struct og_telemetry_said){.status = OG_COND_UNKNOWN,
			.reason = "Off",
			.message = OG_SV("The signal is not asked for."),
			.optional = true};
	} else if (!p->verified) {
		*ret = (struct og_telemetry_said){.status = OG_COND_UNKNOWN,
			.reason = "NotVerified",
			.message = OG_SV("What arrives in Grafana Cloud is not verified.")};
	} else if (!s) {
		*ret = (struct og_telemetry_said){.status = OG_COND_UNKNOWN,
			.reason = "NotAskedYet",
			.message = OG_SV("The backends have not been asked yet."),
			.verified = true,
			.optional = p->signals[signal] == OG_MODE_OPTIONAL};
	} else {
		const struct og_arrival_verdict v = {.state = s->state,
			.reason = s->reason,
			.finding = s->finding,
			.cause = s->cause,
			.message = s->message,
			.expected = s->expected};
		og_telemetry_received(&v, ret);
	}
}

/* A profile that nobody could take says why. */
static void say_profiles(struct pass *p, struct og_telemetry_said *ret)
{
	if (!p->verified || p->signals[OG_SIGNAL_PROFILES] == OG_MODE_OFF ||
		p->arrival.ask[OG_SIGNAL_PROFILES].mode != OG_MODE_OFF ||
		p->profiles == OG_PROFILES_OFF)
		return;
	ret->status = OG_COND_UNKNOWN;
	ret->reason = "NotTaken";
	ret->message = og_svz(og_profiles_state_text(p->profiles));
}

static void take_signal(struct pass *p, enum og_signal signal, const struct arrival_signal *s,
	const struct og_arrival_recall *seen)
{
	bool known = s->state != OG_AR_UNKNOWN && s->state != OG_AR_OFF;

	p->status.signals[signal] =
		(struct og_telemetry_signal){.state = og_arrival_state_name(s->state),
			.reason = s->reason,
			.finding = s->finding,
			.via = known ? og_arrival_route_name(s->route) : "",
			.tie = s->tie != OG_TIE_NONE ? og_arrival_tie_name(s->tie) : "",
			.trust = s->trust != OG_TRUST_NONE ? og_arrival_trust_name(s->trust) : "",
			.pods_known = s->covers_known && s->of,
			.covered = s->covered,
			.of = s->of,
			.silent = s->silent,
			.nsilent = s->nsilent,
			.last_seen_s = seen->seen_s,
			.since_s = seen->since_s,
			.query = s->query,
			.explore = s->explore};
}

/* What was seen is newer than the newest pod, and what is written is not: who waits for that is not
 * kept waiting. */
static bool passed_newest(const struct arrival *a)
{
	const struct og_arrival_workload *w = a->facts ? &a->facts->w : NULL;
	int64_t newest = 0;

	for (uint32_t i = 0; w && i < w->npods; i++)
		if (w->pods[i].class_ == OG_CLASS_CURRENT && w->pods[i].started_s > newest)
			newest = w->pods[i].started_s;
	for (int i = 0; i < OG_SIGNAL_COUNT_ && newest; i++)
		if (a->memory.signal[i].seen_s > newest && a->written.signal[i].seen_s <= newest)
			return true;
	return false;
}

bool arrival_due(struct controller *c, const struct arrival *a)
{
	int64_t now = og_loop_now_ns(c->loop), each = (int64_t)SEEN_EACH_MS * OG_NS_PER_MS;
	int64_t most = (int64_t)controller_workload_count(c) * each;

	if (most < SEEN_AGAIN_S * OG_NS_PER_S)
		most = SEEN_AGAIN_S * OG_NS_PER_S;
	return a->said &&
	       (a->said->mark != a->written_mark || now - a->written_ns > most || passed_newest(a));
}

/* "MARK[,STARS] memory": what the next process goes on from. */
static void take_memory(struct pass *p)
{
	struct arrival *a = &p->entry->arrival;
	og_auto_buf struct og_buf b = OG_BUF_INIT(OG_TELEMETRY_SEEN_BYTES);

	if (arrival_due(p->c, a)) {
		a->written = a->memory;
		a->written_mark = a->said->mark;
		a->written_ns = og_loop_now_ns(p->c->loop);
	}
	og_buf_fmt(&b, "%llu", (unsigned long long)a->written_mark);
	og_verify_stars_write(&a->said->stars, &b);
	og_buf_ch(&b, ' ');
	og_arrival_memory_write(&a->written, &b);
	p->status.seen_text = b.failed ? OG_SV("") : og_arena_sv(p->arena, og_buf_view(&b));
}

void pass_received(struct pass *p)
{
	const struct arrival *a = &p->entry->arrival;

	for (int i = 0; i < OG_SIGNAL_COUNT_; i++)
		say(p, (enum og_signal)i, &p->status.said[conds[i]]);
	say_profiles(p, &p->status.said[OG_TC_PROFILES_RECEIVED]);
	if (!p->verified || !a->said)
		return;
	take_memory(p);
	for (int i = 0; i < OG_SIGNAL_COUNT_; i++)
		take_signal(p, (enum og_signal)i, &a->said->signal[i], &a->written.signal[i]);
}
