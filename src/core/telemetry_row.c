/* SPDX-License-Identifier: Apache-2.0 */
/* A WorkloadTelemetry as a row of the coverage report. */
#include "otelgate/core/telemetry_row.h"

#include "otelgate/base/clock.h"
#include "otelgate/base/mem.h"
#include "otelgate/base/parse.h"

struct reader {
	struct og_jval status;
	struct og_arena *a;
	struct og_telemetry_row *out;
};

/* ---- leaves ---- */

static struct og_sv text(struct reader *r, struct og_jval v)
{
	struct og_sv s = og_jstr_or_empty(v, r->a);

	return s.n ? og_arena_sv(r->a, s) : OG_SV("");
}

/* NULL for what is not there. */
static const char *word(struct reader *r, struct og_jval v)
{
	struct og_sv s = og_jstr_or_empty(v, r->a);

	return s.n ? og_arena_strndup(r->a, s.p, s.n) : NULL;
}

static int64_t when(struct reader *r, struct og_jval v)
{
	int64_t ns = 0;

	if (og_parse_rfc3339(og_jstr_or_empty(v, r->a), &ns, NULL) < 0 || ns < 0)
		return 0;
	return ns / OG_NS_PER_S;
}

static uint32_t count(struct og_jval object, const char *key)
{
	int64_t n = 0;

	return og_ji64(og_jget(object, og_svz(key)), &n) && n > 0 && n <= UINT32_MAX ? (uint32_t)n
										     : 0;
}

static struct og_jval condition(struct reader *r, enum og_telemetry_cond type)
{
	og_jfor (it, og_jgetl(r->status, "conditions"))
		if (og_jstr_eq(og_jgetl(it.val, "type"), og_svz(og_telemetry_cond_name(type))))
			return it.val;
	return OG_JABSENT;
}

static enum og_cond_status status_of(struct og_jval cond)
{
	struct og_jval s = og_jgetl(cond, "status");

	if (og_jstr_is(s, "True"))
		return OG_COND_TRUE;
	return og_jstr_is(s, "False") ? OG_COND_FALSE : OG_COND_UNKNOWN;
}

/* ---- links ---- */

/* The finding of the same words is about the same thing. */
static void find(struct reader *r, struct og_cell *c)
{
	const struct og_coverage_row *row = &r->out->row;

	for (uint32_t i = 0; i < row->nfindings && c->result != OG_RESULT_PASS; i++)
		if (c->message.n && og_sv_eq(row->findings[i].message, c->message)) {
			c->finding = row->findings[i].def->id;
			c->fix = og_svz(row->findings[i].def->fix);
			return;
		}
}

static struct og_cell cell_of(struct reader *r, struct og_jval cond)
{
	static const enum og_result results[] = {[OG_COND_ABSENT] = OG_RESULT_UNKNOWN,
		[OG_COND_UNKNOWN] = OG_RESULT_UNKNOWN,
		[OG_COND_FALSE] = OG_RESULT_FAIL,
		[OG_COND_TRUE] = OG_RESULT_PASS};
	struct og_cell c = {.result = results[status_of(cond)],
		.reason = word(r, og_jgetl(cond, "reason")),
		.message = text(r, og_jgetl(cond, "message")),
		.fix = OG_SV("")};

	if (og_junset(cond)) {
		c.reason = "NoStatus";
		c.message = OG_SV("The controller has not written a status yet.");
	}
	find(r, &c);
	return c;
}

static void read_links(struct reader *r)
{
	static const enum og_telemetry_cond of[OG_LINK_RECEIVED] = {
		[OG_LINK_INJECTED] = OG_TC_INJECTED,
		[OG_LINK_CREDENTIALS] = OG_TC_CREDENTIALS_READY,
		[OG_LINK_EGRESS] = OG_TC_EGRESS_ALLOWED,
		[OG_LINK_ROLLED_OUT] = OG_TC_ROLLOUT_COMPLETE};
	struct og_cell *link = r->out->row.link;
	struct og_jval rollout = og_jgetl(r->status, "rollout");
	struct og_sv fix = text(r, og_jgetl(rollout, "fix"));
	const char *finding = word(r, og_jgetl(rollout, "finding"));

	link[OG_LINK_OPTED_IN] =
		(struct og_cell){.result = OG_RESULT_PASS, .message = OG_SV(""), .fix = OG_SV("")};
	for (int i = OG_LINK_INJECTED; i < OG_LINK_RECEIVED; i++)
		link[i] = cell_of(r, condition(r, of[i]));
	/* Pods that were missed are what the restart of the rollout's line mends. */
	for (int i = 0; i < OG_LINK_RECEIVED; i++) {
		struct og_cell *c = &link[i];
		bool missed = i == OG_LINK_INJECTED && c->reason &&
			      !strcmp(c->reason, "PodsMissed");
		if ((i != OG_LINK_ROLLED_OUT && !missed) || c->result == OG_RESULT_PASS)
			continue;
		if (fix.n)
			c->fix = fix;
		if (!c->finding)
			c->finding = finding;
	}
}

static enum og_rollout_state rollout_of(struct reader *r)
{
	struct og_jval state = og_jpath(r->status, "rollout", "state", NULL);

	for (int i = 0; i < OG_ROLLOUT_STATE_COUNT_; i++)
		if (og_jstr_eq(state, og_svz(og_rollout_state_name((enum og_rollout_state)i))))
			return (enum og_rollout_state)i;
	return OG_ROLLOUT_UNKNOWN;
}

/* ---- pods ---- */

static enum og_pod_class class_of(struct og_jval v)
{
	for (int i = 0; i < OG_POD_CLASS_COUNT_; i++)
		if (og_jstr_eq(v, og_svz(og_pod_class_name((enum og_pod_class)i))))
			return (enum og_pod_class)i;
	return OG_CLASS_STALE;
}

static enum og_stale_cause cause_of(struct og_jval v)
{
	for (int i = 0; i < OG_STALE_COUNT_; i++)
		if (og_jstr_eq(v, og_svz(og_stale_cause_name((enum og_stale_cause)i))))
			return (enum og_stale_cause)i;
	return OG_STALE_NOT;
}

static void read_pods(struct reader *r, struct og_coverage_pod **ret)
{
	struct og_jval pods = og_jgetl(r->status, "pods"), old = og_jgetl(pods, "old");
	struct og_coverage_row *row = &r->out->row;
	struct og_coverage_pod *list =
		og_arena_new_n(r->a, og_jcount(old) + 1, struct og_coverage_pod);

	row->pods = count(pods, "total");
	row->pods_seen = !og_junset(pods);
	row->classes[OG_CLASS_CURRENT] = count(pods, "current");
	row->classes[OG_CLASS_STALE] = count(pods, "stale");
	row->classes[OG_CLASS_BARE] = count(pods, "bare");
	row->classes[OG_CLASS_SKIPPED] = count(pods, "skipped");
	row->classes[OG_CLASS_TERMINATING] = count(pods, "terminating");
	row->pod = *ret = list;
	if (!list)
		return;
	og_jfor (it, old)
		if (og_jis(it.val, OG_J_OBJECT))
			list[row->npod++] =
				(struct og_coverage_pod){.name = text(r, og_jgetl(it.val, "name")),
					.owner = text(r, og_jgetl(it.val, "replicaSet")),
					.revision = text(r, og_jgetl(it.val, "revision")),
					.class_ = class_of(og_jgetl(it.val, "class")),
					.cause = cause_of(og_jgetl(it.val, "cause")),
					.created_s = when(r, og_jgetl(it.val, "created"))};
}

/* ---- findings ---- */

static void read_findings(struct reader *r)
{
	struct og_jval list = og_jgetl(r->status, "findings");
	struct og_coverage_row *row = &r->out->row;

	row->findings = og_arena_new_n(r->a, og_jcount(list) + 1, struct og_coverage_finding);
	if (!row->findings)
		return;
	og_jfor (it, list) {
		const struct og_finding_def *def =
			og_finding_def(og_jstr_or_empty(og_jgetl(it.val, "id"), r->a));
		if (def) /* others are of a newer controller */
			row->findings[row->nfindings++] = (struct og_coverage_finding){.def = def,
				.message = text(r, og_jgetl(it.val, "message")),
				.place = OG_SV(""),
				.fix = OG_SV(""),
				.ignored_by = OG_SV(""),
				.ignored_why = OG_SV("")};
	}
}

/* ---- signals ---- */

static enum og_arrival_state state_of(struct og_jval v)
{
	for (int i = 0; i < OG_AR_STATE_COUNT_; i++)
		if (og_jstr_eq(v, og_svz(og_arrival_state_name((enum og_arrival_state)i))))
			return (enum og_arrival_state)i;
	return OG_AR_UNKNOWN;
}

/* "2/3" */
static void read_ratio(struct reader *r, struct og_jval v, struct og_coverage_signal *s)
{
	struct og_sv of = og_jstr_or_empty(v, r->a), part;

	s->pods_known = og_sv_split(&of, '/', &part) &&
			og_parse_u32(part, 0, UINT32_MAX, &s->covered, NULL) == 0 &&
			og_parse_u32(of, 1, UINT32_MAX, &s->of, NULL) == 0;
}

static void read_silent(struct reader *r, struct og_jval list, struct og_coverage_signal *s)
{
	struct og_sv *names = og_arena_new_n(r->a, og_jcount(list) + 1, struct og_sv);

	s->silent = names;
	if (names)
		og_jfor (it, list)
			names[s->nsilent++] = text(r, it.val);
}

static void read_signal(struct reader *r, enum og_signal signal, enum og_telemetry_cond type)
{
	struct og_jval v = og_jpath(r->status, "signals", og_signal_name(signal), NULL);
	struct og_coverage_signal *s = &r->out->row.signal[signal];
	const struct og_telemetry_row *out = r->out;

	*s = (struct og_coverage_signal){.cell = cell_of(r, condition(r, type)),
		.mode = signal == OG_SIGNAL_PROFILES ? OG_MODE_OPTIONAL : OG_MODE_EXPECTED,
		.verified = !og_junset(og_jgetl(v, "state")),
		.state = state_of(og_jgetl(v, "state")),
		.last_seen_s = when(r, og_jgetl(v, "lastSeen")),
		.since_s = when(r, og_jgetl(v, "since")),
		.via = word(r, og_jgetl(v, "via")),
		.tie = word(r, og_jgetl(v, "tie")),
		.query = text(r, og_jgetl(v, "query")),
		.explore = text(r, og_jgetl(v, "explore"))};
	read_ratio(r, og_jgetl(v, "pods"), s);
	read_silent(r, og_jgetl(v, "silent"), s);
	if (!s->cell.finding)
		s->cell.finding = word(r, og_jgetl(v, "finding"));
	const struct og_finding_def *def = s->cell.finding ? og_finding_def(og_svz(s->cell.finding))
							   : NULL;
	if (def && !s->cell.fix.n)
		s->cell.fix = og_svz(def->fix);
	if (s->cell.reason && !strcmp(s->cell.reason, "Off")) {
		s->mode = OG_MODE_OFF;
		s->state = OG_AR_OFF;
	}
	if (s->state == OG_AR_OFF)
		s->cell.result = OG_RESULT_NA;
	else if (og_arrival_at_rest(s->state, s->cell.reason))
		s->cell.result = OG_RESULT_PASS;
	else if (s->cell.result == OG_RESULT_FAIL && out->ready == OG_COND_TRUE)
		s->mode = OG_MODE_OPTIONAL;
}

void og_coverage_signal_take(const struct og_arrival_verdict *v, struct og_coverage_signal *s)
{
	static const enum og_result results[] = {[OG_COND_ABSENT] = OG_RESULT_UNKNOWN,
		[OG_COND_UNKNOWN] = OG_RESULT_UNKNOWN,
		[OG_COND_FALSE] = OG_RESULT_FAIL,
		[OG_COND_TRUE] = OG_RESULT_PASS};
	const struct og_finding_def *def = v->finding ? og_finding_def(og_svz(v->finding)) : NULL;
	bool known = v->state != OG_AR_UNKNOWN && v->state != OG_AR_OFF;
	enum og_signal_mode mode = s->mode;

	*s = (struct og_coverage_signal){.cell = {.result = results[og_arrival_condition(v->state)],
						 .reason = v->reason,
						 .message = v->message,
						 .fix = og_svz(def ? def->fix : ""),
						 .finding = v->finding},
		.mode = mode,
		.verified = true,
		.state = v->state,
		.last_seen_s = v->last_seen_s,
		.since_s = v->since_s,
		.asked_s = v->answered_s,
		.pods_known = v->covers_known && v->of,
		.covered = v->covered,
		.of = v->of,
		.silent = v->silent,
		.nsilent = v->nsilent,
		.via = known && v->route != OG_ROUTE_UNKNOWN ? og_arrival_route_name(v->route)
							     : NULL,
		.tie = v->tie != OG_TIE_NONE ? og_arrival_tie_name(v->tie) : NULL,
		.query = OG_SV(""),
		.explore = OG_SV("")};
	if (v->state == OG_AR_OFF)
		s->cell.result = OG_RESULT_NA;
	else if (og_arrival_at_rest(v->state, v->reason))
		s->cell.result = OG_RESULT_PASS;
}

void og_coverage_pods_send(struct og_coverage_row *row, struct og_coverage_pod *pods, uint32_t n)
{
	for (int i = 0; i < OG_SIGNAL_COUNT_; i++) {
		const struct og_coverage_signal *s = &row->signal[i];
		bool all = s->of - s->covered <= s->nsilent; /* all silent ones are named */
		for (uint32_t k = 0; k < n && s->pods_known; k++) {
			bool silent = false;
			for (uint32_t j = 0; j < s->nsilent && !silent; j++)
				silent = og_sv_eq(s->silent[j], pods[k].name);
			pods[k].sends_known[i] = silent ||
						 (all && pods[k].class_ == OG_CLASS_CURRENT);
			pods[k].sends[i] = pods[k].sends_known[i] && !silent;
		}
	}
}

/* ---- stars ---- */

/* Numbers beyond their range are not ours: nothing is said then. */
static bool read_score(
	struct reader *r, struct og_jval v, uint32_t most, struct og_stars_brief_score *ret)
{
	struct og_stars_brief_score s = {.applies = true,
		.stars = count(v, "stars"),
		.best = count(v, "best"),
		.percent = count(v, "percent"),
		.best_percent = count(v, "bestPercent"),
		.raise = og_stars_rule_of(text(r, og_jgetl(v, "raise"))),
		.unknown = og_stars_rule_of(text(r, og_jgetl(v, "unknown")))};

	if (s.best > most || s.stars > s.best || s.best_percent > 100 || s.percent > s.best_percent)
		return false;
	*ret = s;
	return true;
}

static void read_stars(struct reader *r)
{
	struct og_jval stars = og_jgetl(r->status, "stars");
	struct og_stars_brief b = {.told = og_jis(stars, OG_J_OBJECT)};

	for (int d = 0; d < OG_STARS_DIMENSION_COUNT_; d++) {
		enum og_stars_dimension of = (enum og_stars_dimension)d;
		struct og_jval v = og_jget(stars, og_svz(og_stars_dimension_id(of)));
		if (og_jis(v, OG_J_OBJECT) && !read_score(r, v, og_stars_most(of), &b.score[d]))
			return;
	}
	r->out->row.stars = b;
}

static void read_ready(struct reader *r)
{
	struct og_jval c = condition(r, OG_TC_READY);
	const char *reason = word(r, og_jgetl(c, "reason"));

	r->out->ready = status_of(c);
	r->out->ready_reason = reason ? reason : "";
	r->out->ready_message = text(r, og_jgetl(c, "message"));
}

int og_telemetry_row_read(struct og_sv ns, const struct og_owner *owner, struct og_jval status,
	struct og_arena *arena, struct og_telemetry_row *ret, struct og_err *err)
{
	static const enum og_telemetry_cond received[OG_SIGNAL_COUNT_] = {
		[OG_SIGNAL_METRICS] = OG_TC_METRICS_RECEIVED,
		[OG_SIGNAL_TRACES] = OG_TC_TRACES_RECEIVED,
		[OG_SIGNAL_LOGS] = OG_TC_LOGS_RECEIVED,
		[OG_SIGNAL_PROFILES] = OG_TC_PROFILES_RECEIVED};
	struct og_telemetry_row out = {.row = {.ns = og_arena_sv(arena, ns),
					       .group = og_arena_sv(arena, owner->group),
					       .kind = og_arena_sv(arena, owner->kind),
					       .name = og_arena_sv(arena, owner->name),
					       .uid = og_arena_sv(arena, owner->uid),
					       .source = OG_SV("cluster"),
					       .opted_in = true,
					       .broken = OG_LINK_COUNT_,
					       .score = -1}};
	struct reader r = {.status = status, .a = arena, .out = &out};
	struct og_coverage_pod *pods;
	int64_t n = 0;

	out.row.profile = text(&r, og_jgetl(status, "profile"));
	out.row.stack = text(&r, og_jgetl(status, "stack"));
	out.row.revision = text(&r, og_jgetl(status, "revision"));
	out.seen = text(&r, og_jgetl(status, "seen"));
	if (og_ji64(og_jgetl(status, "observedGeneration"), &n) && n > 0)
		out.observed_generation = n;
	out.rollout = rollout_of(&r);
	read_ready(&r);
	read_findings(&r);
	read_links(&r);
	read_pods(&r, &pods);
	for (int i = 0; i < OG_SIGNAL_COUNT_; i++)
		read_signal(&r, (enum og_signal)i, received[i]);
	read_stars(&r);
	og_coverage_received(&out.row);
	if (pods)
		og_coverage_pods_send(&out.row, pods, out.row.npod);
	if (arena->failed)
		return og_err_set(err, OG_E_OOM, "reading a status");
	*ret = out;
	return 0;
}
