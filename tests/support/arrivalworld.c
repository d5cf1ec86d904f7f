/* SPDX-License-Identifier: Apache-2.0 */
/* One line of words becomes a workload and rows: see the header. */
#include "support/arrivalworld.h"

#include <check.h>
#include <stdlib.h>
#include "otelgate/base/mem.h"

#define START (ARW_NOW - 3600)

enum og_signal arrivalworld_signal(char c)
{
	const char *at = c ? strchr("mtlp", c) : NULL;
	ck_assert_msg(at != NULL, "no signal '%c'", c);
	return (enum og_signal)(at - "mtlp");
}

static void defaults(struct arrivalworld *aw)
{
	struct og_arrival_workload *w = &aw->w[0];
	aw->nw = 2;
	*w = (struct og_arrival_workload){.ns = OG_SV("shop"),
		.kind = OG_SV("Deployment"),
		.name = OG_SV("web"),
		.opted_in = true,
		.identities = &aw->ids[0],
		.nidentities = 1,
		.revision = OG_SV("r2"),
		.pods = aw->pods,
		.opted_in_s = START - 60,
		.rolled_out_s = START + 60};
	aw->ids[0] = (struct og_arrival_identity){OG_SV("shop"), OG_SV("web"), OG_SV("app")};
	aw->ids[1] = (struct og_arrival_identity){OG_SV("shop"), OG_SV("other"), OG_SV("app")};
	aw->w[1] = *w;
	aw->w[1].name = OG_SV("other");
	aw->w[1].identities = &aw->ids[1];
	aw->w[1].revision = OG_SV("q7");
	aw->w[1].pods = &aw->pods[16];
	aw->w[1].npods = 1;
	aw->pods[16] = (struct og_arrival_pod){
		OG_SV("other-1"), OG_SV("q7"), START, OG_CLASS_CURRENT, true};
	for (unsigned s = 0; s < OG_SIGNAL_COUNT_; s++) {
		w->ask[s].mode = s == OG_SIGNAL_PROFILES ? OG_MODE_OFF : OG_MODE_EXPECTED;
		w->ask[s].ratio = -1;
		aw->ev.source[s] = (struct og_arrival_source){.asked = true,
			.answered = true,
			.fresh_answered = true,
			.grouped_by_pod = true,
			.grouped_by_revision = true,
			.asked_s = ARW_NOW,
			.window_s = 900};
	}
	aw->params = (struct og_arrival_params){
		.now_s = ARW_NOW, .freshness_s = 300, .grace_s = 300, .window_s = 900};
	aw->ev.rows = aw->rows;
	aw->ev.traffic = aw->traffic;
}

static struct og_sv keep(struct arrivalworld *aw, struct og_sv s)
{
	struct og_sv k = og_arena_sv(&aw->arena, s);
	ck_assert(k.p != NULL);
	return k;
}

static void pods(struct arrivalworld *aw, struct og_sv classes)
{
	static const char letters[] = "CSBKTF";
	static const enum og_pod_class classes_[] = {OG_CLASS_CURRENT, OG_CLASS_STALE,
		OG_CLASS_BARE, OG_CLASS_SKIPPED, OG_CLASS_TERMINATING, OG_CLASS_FINISHED};
	ck_assert(classes.n <= 15);
	aw->w[0].npods = (uint32_t)classes.n;
	for (size_t i = 0; i < classes.n; i++) {
		char c = classes.p[i];
		struct og_arrival_pod *p = &aw->pods[i];
		bool late = c == 'y', waits = c == 'c';
		const char *at = strchr(letters, late || waits ? 'C' : c);
		ck_assert_msg(at != NULL, "no class '%c'", c);
		*p = (struct og_arrival_pod){
			.name = og_svz(og_arena_fmt(&aw->arena, "web-%zu", i + 1)),
			.revision = c == 'S'   ? OG_SV("r1")
				    : c == 'B' ? OG_SV("")
					       : OG_SV("r2"),
			.started_s = late ? ARW_NOW - 60 : START,
			.class_ = classes_[at - letters],
			.ready = !waits && c != 'F'};
	}
}

static void split2(struct og_sv s, char c, struct og_sv *a, struct og_sv *b)
{
	size_t at = og_sv_chr(s, c);
	*a = og_sv(s.p, at);
	*b = at < s.n ? og_sv(s.p + at + 1, s.n - at - 1) : og_sv("", 0);
}

static void row_option(struct og_arrival_row *r, struct og_sv o)
{
	struct og_sv key, value;
	split2(o, '=', &key, &value);
	if (og_sv_is(key, "aged")) {
		r->fresh = false;
		r->last_s = ARW_NOW - 600;
	} else if (og_sv_is(key, "undated")) {
		r->fresh = false;
		r->last_s = 0;
	} else if (og_sv_is(key, "rev")) {
		r->revision = value;
	} else if (og_sv_is(key, "name")) {
		split2(value, '/', &r->service_namespace, &r->service_name);
	} else if (og_sv_is(key, "job")) {
		r->job = value;
		r->service_name = r->service_namespace = og_sv("", 0);
	} else if (og_sv_is(key, "ns")) {
		r->k8s_namespace = value;
	} else if (og_sv_is(key, "nons")) {
		r->k8s_namespace = og_sv("", 0);
	} else if (og_sv_is(key, "inst")) {
		r->instance = value;
	} else if (og_sv_is(key, "obj")) {
		r->workload = value;
	} else if (og_sv_is(key, "stdout")) {
		r->route = OG_ROUTE_STDOUT;
		r->revision = og_sv("", 0);
	} else if (og_sv_is(key, "otlp")) {
		r->route = OG_ROUTE_OTLP;
	} else if (og_sv_is(key, "at")) {
		r->fresh = false;
		r->last_s = ARW_NOW + strtol(value.p, NULL, 10);
	} else {
		ck_abort_msg("no option '%.*s'", OG_SV_ARG(o));
	}
}

static void row(struct arrivalworld *aw, struct og_sv word)
{
	ck_assert(aw->ev.nrows < ARW_ROWS && word.n >= 3);
	struct og_arrival_row *r = &aw->rows[aw->ev.nrows++];
	char pod = word.p[2];
	struct og_sv rest = og_sv(word.p + 3, word.n - 3), option;
	*r = (struct og_arrival_row){.signal = arrivalworld_signal(word.p[1]),
		.service_namespace = OG_SV("shop"),
		.service_name = OG_SV("web"),
		.k8s_namespace = OG_SV("shop"),
		.revision = OG_SV("r2"),
		.last_s = ARW_NOW - 30,
		.fresh = true};
	if (pod == '8')
		r->pod = OG_SV("other-1");
	else if (pod != '-')
		r->pod = og_svz(og_arena_fmt(&aw->arena, "web-%c", pod));
	while (og_sv_split(&rest, ',', &option))
		if (option.n)
			row_option(r, option);
}

static void source(struct og_arrival_source *s, struct og_sv v)
{
	if (og_sv_is(v, "auth") || og_sv_is(v, "throttled")) {
		s->answered = s->fresh_answered = false;
		s->why = og_sv_is(v, "auth") ? "AuthFailed" : "Throttled";
		s->message = OG_SV("The backend refuses the token");
		s->finding = "OG003";
	} else if (og_sv_is(v, "unasked")) {
		s->answered = s->fresh_answered = false;
	} else if (og_sv_is(v, "off")) {
		s->asked = s->answered = s->fresh_answered = false;
	} else if (og_sv_is(v, "partial")) {
		s->partial = s->fresh_partial = true;
	} else if (og_sv_is(v, "nofresh")) {
		s->fresh_answered = false;
	} else if (og_sv_is(v, "onlyfresh")) {
		s->answered = false;
	} else if (og_sv_is(v, "old")) {
		s->asked_s = ARW_NOW - 400;
	} else if (og_sv_is(v, "ancient")) {
		s->asked_s = ARW_NOW - 4000;
	} else if (og_sv_is(v, "nopods")) {
		s->grouped_by_pod = false;
	} else if (og_sv_is(v, "norev")) {
		s->grouped_by_revision = false;
	} else if (og_sv_is(v, "ages")) {
		s->tells_age = true;
		s->fresh_answered = false;
	} else if (og_sv_is(v, "short")) {
		s->window_s = 400;
	} else if (og_sv_is(v, "long")) {
		s->window_s = 7200;
	} else {
		ck_abort_msg("no source '%.*s'", OG_SV_ARG(v));
	}
}

static void memory(struct arrivalworld *aw, enum og_signal sig, struct og_sv v)
{
	struct og_arrival_recall *r = &aw->before.signal[sig];
	struct og_sv part[4] = {{"", 0}, {"", 0}, {"", 0}, {"", 0}};
	for (size_t i = 0; i < 4 && og_sv_split(&v, ',', &part[i]); i++)
		;
	unsigned s = 0;
	while (s < OG_AR_STATE_COUNT_ &&
		!og_sv_eq(part[0], og_svz(og_arrival_state_name((enum og_arrival_state)s))))
		s++;
	ck_assert(s < OG_AR_STATE_COUNT_);
	long age = part[3].n ? strtol(part[3].p, NULL, 10) : 60;
	*r = (struct og_arrival_recall){.state = (enum og_arrival_state)s,
		.since_s = ARW_NOW - 3000,
		.seen_s = part[1].n ? ARW_NOW - age - 10 : 0,
		.answered_s = ARW_NOW - age,
		.misses = part[2].n ? (uint32_t)strtol(part[2].p, NULL, 10) : 0};
	struct og_sv about = part[1].n ? part[1] : OG_SV("r2");
	memcpy(r->revision, about.p, about.n < 20 ? about.n : 20);
	memcpy(r->flowed, part[1].p, part[1].n < 20 ? part[1].n : 20);
	aw->remembers = true;
}

static bool times(struct arrivalworld *aw, struct og_sv key, struct og_sv value)
{
	struct og_arrival_workload *w = &aw->w[0];
	int64_t t = og_sv_is(value, "0") ? 0 : ARW_NOW + strtol(value.p, NULL, 10);
	if (og_sv_is(key, "start"))
		for (uint32_t i = 0; i < w->npods; i++)
			aw->pods[i].started_s = t;
	else if (og_sv_is(key, "rolled"))
		w->rolled_out_s = t;
	else if (og_sv_is(key, "opted"))
		w->opted_in_s = t;
	else if (og_sv_is(key, "run"))
		w->run_s = t;
	else if (og_sv_is(key, "ended")) {
		w->finished_s = t;
		w->finished = true;
	} else
		return false;
	return true;
}

static void of_signal(struct arrivalworld *aw, struct og_sv word)
{
	struct og_sv key, value, what, sig;
	split2(word, '=', &key, &value);
	split2(key, ':', &what, &sig);
	enum og_signal s = arrivalworld_signal(sig.n ? sig.p[0] : '?');
	struct og_arrival_ask *a = &aw->w[0].ask[s];
	if (og_sv_is(what, "src"))
		source(&aw->ev.source[s], value);
	else if (og_sv_is(what, "mem"))
		memory(aw, s, value);
	else if (og_sv_is(what, "mode"))
		ck_assert(og_signal_mode_parse(value, &a->mode));
	else if (og_sv_is(what, "exp"))
		a->exporter = og_sv_is(value, "none") ? OG_EXPORTER_NONE : OG_EXPORTER_ELSEWHERE;
	else if (og_sv_is(what, "via"))
		a->via = og_sv_is(value, "ebpf") ? OG_ROUTE_EBPF : OG_ROUTE_SCRAPE;
	else if (og_sv_is(what, "sight"))
		aw->params.sight[s] = og_sv_is(value, "blind")	? OG_SIGHT_BLIND
				      : og_sv_is(value, "sees") ? OG_SIGHT_SEES
								: OG_SIGHT_REFUSED;
	else
		ck_abort_msg("no word '%.*s'", OG_SV_ARG(word));
}

static void traffic(struct arrivalworld *aw, double rate)
{
	aw->traffic[0] = (struct og_arrival_row){.service_namespace = OG_SV("shop"),
		.service_name = OG_SV("web"),
		.k8s_namespace = OG_SV("shop"),
		.value = rate};
	aw->ev.ntraffic = 1;
	aw->ev.traffic_source.answered = true;
	aw->ev.traffic_source.asked_s = ARW_NOW;
}

/* Workloads that take part in what this one is judged by. */
static void neighbours(struct arrivalworld *aw, uint32_t n, bool same_name)
{
	for (uint32_t i = 0; i < n; i++) {
		struct og_arrival_workload *w = &aw->w[aw->nw];
		*w = aw->w[1];
		w->name = og_svz(og_arena_fmt(&aw->arena, "more-%u", i));
		w->revision = og_svz(og_arena_fmt(&aw->arena, "n%u", i));
		w->identities = &aw->ids[aw->nw];
		aw->ids[aw->nw] = same_name ? aw->ids[0]
					    : (struct og_arrival_identity){
						      OG_SV("shop"), w->name, OG_SV("app")};
		w->pods = &aw->pods[16 + aw->nw];
		aw->pods[16 + aw->nw] =
			(struct og_arrival_pod){og_svz(og_arena_fmt(&aw->arena, "more-%u-1", i)),
				w->revision, START, OG_CLASS_CURRENT, true};
		aw->nw++;
		if (same_name)
			continue;
		struct og_arrival_row *r = &aw->rows[aw->ev.nrows++];
		*r = (struct og_arrival_row){.signal = OG_SIGNAL_METRICS,
			.k8s_namespace = OG_SV("shop"),
			.pod = w->pods[0].name,
			.revision = w->revision,
			.last_s = ARW_NOW,
			.fresh = true};
		for (unsigned s = 0; s < OG_SIGNAL_COUNT_; s++)
			w->ask[s].mode = OG_MODE_EXPECTED;
	}
}

static void apply(struct arrivalworld *aw, struct og_sv word)
{
	struct og_arrival_workload *w = &aw->w[0];
	struct og_sv key, value;
	split2(word, '=', &key, &value);
	if (word.p[0] == '+')
		row(aw, word);
	else if (og_sv_is(key, "pods"))
		pods(aw, value);
	else if (og_sv_is(key, "life")) {
		w->life = og_sv_is(value, "job")    ? OG_LIFE_JOB
			  : og_sv_is(value, "cron") ? OG_LIFE_CRONJOB
						    : OG_LIFE_SERVICE;
		w->reuses_names = og_sv_is(value, "set");
	} else if (og_sv_is(key, "zero"))
		w->scaled_to_zero = true;
	else if (og_sv_is(key, "suspended"))
		w->suspended = true;
	else if (og_sv_is(key, "flat"))
		traffic(aw, 0);
	else if (og_sv_is(key, "busy"))
		traffic(aw, strtod(value.p, NULL));
	else if (og_sv_is(key, "ratio"))
		w->ask[OG_SIGNAL_TRACES].ratio = strtod(value.p, NULL);
	else if (og_sv_is(key, "twin"))
		neighbours(aw, 1, true);
	else if (og_sv_is(key, "crowd"))
		neighbours(aw, 3, false);
	else if (og_sv_is(key, "rev"))
		w->revision = value;
	else if (og_sv_is(key, "noid"))
		w->nidentities = 0;
	else if (og_sv_is(key, "id"))
		split2(value, '/', &aw->ids[0].service_namespace, &aw->ids[0].service_name);
	else if (og_sv_is(key, "two")) {
		aw->ids[6] = aw->ids[0];
		aw->ids[7] = (struct og_arrival_identity){
			OG_SV("shop"), OG_SV("worker"), OG_SV("worker")};
		w->identities = &aw->ids[6];
		w->nidentities = 2;
	} else if (og_sv_is(key, "id2"))
		split2(value, '|', &aw->ids[1].service_namespace, &aw->ids[1].service_name);
	else if (og_sv_chr(key, ':') < key.n)
		of_signal(aw, word);
	else
		ck_assert_msg(times(aw, key, value), "no word '%.*s'", OG_SV_ARG(word));
}

void arrivalworld_init(struct arrivalworld *aw, const char *words)
{
	memset(aw, 0, sizeof(*aw));
	og_arena_init(&aw->arena, 0, 0);
	defaults(aw);
	pods(aw, OG_SV("CC"));
	struct og_sv rest = keep(aw, og_svz(words)), word;
	while (og_sv_split(&rest, ' ', &word))
		if (word.n)
			apply(aw, word);
}

void arrivalworld_judge(struct arrivalworld *aw)
{
	struct og_err err = OG_ERR_INIT;
	ck_assert_msg(!og_arrival_index_new(aw->w, aw->nw, &aw->ev, 1, &aw->arena, &aw->ix, &err),
		"%s", err.msg);
	ck_assert_msg(!og_arrival_judge(aw->ix, 0, aw->remembers ? &aw->before : NULL, &aw->params,
			      &aw->arena, &aw->r, &aw->findings, &err),
		"%s", err.msg);
}

void arrivalworld_fini(struct arrivalworld *aw)
{
	og_arena_fini(&aw->arena);
}

bool arrivalworld_found(const struct arrivalworld *aw, const char *id, enum og_signal signal)
{
	struct og_sv place = og_svz(og_signal_name(signal));
	for (uint32_t i = 0; i < aw->findings.n; i++) {
		const struct og_finding *f = &aw->findings.v[i];
		if (!strcmp(f->def->id, id) && (!f->place.n || og_sv_ends(f->place, place)))
			return true;
	}
	return false;
}
