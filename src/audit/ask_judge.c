/* SPDX-License-Identifier: Apache-2.0 */
/* Answers into rows: the same join and the same verdicts as the controller's. */
#include "ask-priv.h"

#include <string.h>
#include "otelgate/audit/look_row.h"
#include "otelgate/base/clock.h"
#include "otelgate/base/mem.h"
#include "otelgate/core/telemetry_row.h"
#include "otelgate/verify/stars.h"

static const uint64_t SEED = 0x61736b20726f7773ULL;
enum { ARENA_BYTES = 512 << 20 };

struct judging {
	struct ask *a;
	struct ask_stack *s;
	struct og_arena arena; /* of this stack's judging */
	struct og_verify_judging by;
	struct og_arrival_workload *workloads;
	struct og_stars_facts *stars;
	struct og_arrival_index *index;
};

/* ---- what could not be asked ---- */

static int say_blind(struct judging *j, const char *what, const char *why, struct og_sv message,
	const char *id, struct og_err *err)
{
	og_auto_buf struct og_buf w = OG_BUF_INIT(1024), y = OG_BUF_INIT(8192);

	og_buf_fmt(&w, "%s of stack %.*s", what, OG_SV_ARG(j->s->spec->name));
	og_buf_fmt(&y, "%s%s", why, message.n ? ": " : "");
	og_buf_sv(&y, message);
	return ask_blind(j->a, og_buf_view(&w), og_buf_view(&y), id, err);
}

static bool expects(const struct judging *j, enum og_signal signal)
{
	for (uint32_t i = 0; i < j->s->n; i++) {
		enum og_signal_mode m = j->s->rows[i]->sends->mode[signal];
		if (m == OG_MODE_EXPECTED || m == OG_MODE_STDOUT)
			return true;
	}
	return false;
}

static int say_signal(struct judging *j, enum og_signal signal, struct og_err *err)
{
	const struct og_arrival_source *src = &j->by.evidence.source[signal];
	const char *name = og_signal_name(signal);

	if (!src->asked && expects(j, signal))
		return say_blind(j, name, "NotConfigured",
			OG_SV("spec.query does not say where to ask"), NULL, err);
	if (src->asked && !src->answered)
		return say_blind(j, name, src->why ? src->why : "NotAnswered", src->message,
			src->finding, err);
	if (src->asked && (src->partial || (src->fresh_answered && src->fresh_partial)))
		return say_blind(j, name, "PartialAnswer",
			OG_SV("a limit of the backend has cut the answer; what is not in it is "
			      "unknown"),
			"OG003", err);
	return 0;
}

static int say_all(struct judging *j, struct og_err *err)
{
	const struct og_verify_token *t = &j->s->token;
	int r = 0;

	if (!j->s->told && t->why)
		return say_blind(j, "what arrives", t->why, og_svz(t->message), t->finding, err);
	if (!j->s->told)
		return say_blind(j, "what arrives", "NotConfigured",
			OG_SV("the GrafanaStack has neither slug nor URLs in spec.query"), NULL,
			err);
	for (int i = 0; i < OG_SIGNAL_COUNT_ && r == 0; i++) {
		j->a->out.answers += j->by.evidence.source[i].answered;
		r = say_signal(j, (enum og_signal)i, err);
	}
	return r;
}

/* Who has not answered when the time is over was asked all the same. */
static void end_of_time(struct judging *j)
{
	for (int i = 0; i < OG_SIGNAL_COUNT_ && j->s->told && !j->s->ended; i++) {
		struct og_arrival_source *src = &j->by.evidence.source[i];
		if (!src->asked || src->answered)
			continue;
		src->why = "TimedOut";
		src->message = OG_SV("no answer came within --timeout");
		src->finding = "OG003";
	}
}

/* ---- one row ---- */

/* Findings that only answers make: the controller's go when there is a new answer. */
static bool of_answers(const struct og_finding_def *def)
{
	static const char *const ids[] = {"OG701", "OG702", "OG704", "OG709", "OG710", "OG711",
		"OG712", "OG801", "OG802", "OG803", "OG804", "OG805"};

	for (size_t i = 0; i < OG_COUNT(ids); i++)
		if (strcmp(def->id, ids[i]) == 0)
			return true;
	return false;
}

static int drop_findings(struct og_coverage_row *row, struct og_arena *arena, struct og_err *err)
{
	struct og_coverage_finding *v =
		og_arena_new_n(arena, (size_t)row->nfindings + 1, struct og_coverage_finding);
	uint32_t n = 0;

	if (!v)
		return og_err_set(err, OG_E_OOM, "judging by answers");
	for (uint32_t i = 0; i < row->nfindings; i++)
		if (!of_answers(row->findings[i].def))
			v[n++] = row->findings[i];
	row->findings = v;
	row->nfindings = n;
	return 0;
}

/* "signal traces" */
static const char *signal_of(struct og_sv place)
{
	static const char lead[] = "signal ";
	enum og_signal s;

	if (!og_sv_starts(place, og_svz(lead)) ||
		!og_signal_parse(og_sv(place.p + 7, place.n - 7), &s))
		return NULL;
	return og_signal_name(s);
}

static bool has_finding(
	const struct og_coverage_row *row, const struct og_finding_def *def, const char *signal)
{
	for (uint32_t i = 0; i < row->nfindings; i++) {
		const struct og_coverage_finding *f = &row->findings[i];
		if (f->def == def && (!signal || !f->signal || !strcmp(f->signal, signal)))
			return true;
	}
	return false;
}

static int take_findings(struct og_coverage_row *row, const struct og_findings *f,
	struct og_arena *arena, struct og_err *err)
{
	for (uint32_t i = 0; i < f->n; i++) {
		const char *signal = signal_of(f->v[i].place);
		if (!has_finding(row, f->v[i].def, signal) &&
			!og_coverage_add(row, arena, f->v[i].def->id, OG_SV(""),
				og_arena_sv(arena, f->v[i].detail), OG_SV(""), signal))
			return og_err_set(err, OG_E_OOM, "judging by answers");
	}
	return 0;
}

/* Texts of a verdict are of the answer and of the judging: what is kept is copied. */
static void take_signal(struct judging *j, struct og_coverage_row *row,
	const struct og_arrival_verdict *v, bool remembered)
{
	struct og_coverage_signal *s = &row->signal[v->signal];
	struct og_arena *arena = j->a->arena;
	struct og_verify_shown shown;
	struct og_sv *silent = v->nsilent ? og_arena_new_n(arena, v->nsilent, struct og_sv) : NULL;

	s->mode = row->sends->mode[v->signal];
	og_coverage_signal_take(v, s);
	og_verify_show(&j->by, &row->sends->w, v, arena, &shown);
	s->cell.message = og_arena_sv(arena, v->message);
	s->query = shown.query;
	s->explore = shown.explore;
	for (uint32_t i = 0; silent && i < v->nsilent; i++)
		silent[i] = og_arena_sv(arena, v->silent[i]);
	s->silent = silent;
	s->nsilent = silent ? v->nsilent : 0;
	s->verified = j->by.evidence.source[v->signal].answered || v->state != OG_AR_UNKNOWN;
	/* Since this look is since when, for who has no memory, and says nothing. */
	if (!remembered)
		s->since_s = 0;
}

/* A profile that nobody could take says why. */
static void say_profiles(struct og_coverage_row *row)
{
	const struct og_audit_sends *x = row->sends;
	struct og_coverage_signal *s = &row->signal[OG_SIGNAL_PROFILES];

	if (x->mode[OG_SIGNAL_PROFILES] == OG_MODE_OFF ||
		x->w.ask[OG_SIGNAL_PROFILES].mode != OG_MODE_OFF || x->profiles == OG_PROFILES_OFF)
		return;
	s->cell.reason = "NotTaken";
	s->cell.message = og_svz(og_profiles_state_text(x->profiles));
}

/* Who has nothing to ask now says what it has said; READY is by that, too. */
static struct og_telemetry_said said_before(const struct og_coverage_signal *s)
{
	static const enum og_cond_status of[OG_RESULT_COUNT_] = {[OG_RESULT_NA] = OG_COND_UNKNOWN,
		[OG_RESULT_UNKNOWN] = OG_COND_UNKNOWN,
		[OG_RESULT_PASS] = OG_COND_TRUE,
		[OG_RESULT_FAIL] = OG_COND_FALSE};

	return (struct og_telemetry_said){.status = of[s->cell.result],
		.reason = s->cell.reason,
		.message = s->cell.message,
		.verified = s->verified,
		.optional = !og_coverage_expects(s)};
}

/* What comes from all pods, with the revision that only our injection gives them, has found its
 * way: nothing on it needs to be looked at. */
static bool proves_way(const struct og_coverage_signal *s)
{
	return s->state == OG_AR_FLOWING && s->tie && strcmp(s->tie, "revision") == 0 &&
	       s->pods_known && s->covered == s->of && (!s->via || strcmp(s->via, "otlp") == 0);
}

static void take_links(struct og_coverage_row *row)
{
	bool proved = false;

	for (int i = 0; i < OG_SIGNAL_COUNT_; i++)
		proved |= i != OG_SIGNAL_PROFILES && proves_way(&row->signal[i]);
	for (int l = OG_LINK_CREDENTIALS; l <= OG_LINK_EGRESS && proved; l++)
		if (row->link[l].result == OG_RESULT_UNKNOWN)
			row->link[l] = (struct og_cell){.result = OG_RESULT_PASS,
				.reason = "Arrives",
				.message = OG_SV("What its pods send arrives: nothing on the way "
						 "stops it.")};
	og_coverage_received(row);
}

static void take_stars(struct judging *j, uint32_t i, const struct og_arrival_result *r,
	const struct og_findings *f, const struct og_stars_facts *rare)
{
	static const enum og_fact of[OG_RESULT_COUNT_] = {
		[OG_RESULT_PASS] = OG_FACT_YES, [OG_RESULT_FAIL] = OG_FACT_NO};
	struct og_coverage_row *row = j->s->rows[i];
	struct og_stars_facts all = row->sends->stars;
	struct og_stars stars;

	og_verify_stars_of(&row->sends->w, r, f, &j->stars[i]);
	if (rare)
		og_stars_facts_add(&j->stars[i], rare);
	all.egress_allowed = of[row->link[OG_LINK_EGRESS].result];
	og_stars_facts_add(&all, &j->stars[i]);
	og_stars_count(r->signal, &all, &stars);
	og_stars_brief_of(&stars, &row->stars);
}

static int take_row(struct judging *j, uint32_t i, const struct og_arrival_result *r,
	const struct og_findings *f, bool remembered, const struct og_stars_facts *rare,
	struct og_err *err)
{
	struct og_coverage_row *row = j->s->rows[i];
	struct og_audit_sends *x = row->sends;
	bool kept = false;

	for (int k = 0; k < OG_SIGNAL_COUNT_; k++) {
		bool answered = j->by.evidence.source[k].answered;
		kept |= !answered && row->signal[k].verified;
	}
	int rc = kept ? 0 : drop_findings(row, j->a->arena, err);
	for (int k = 0; k < OG_SIGNAL_COUNT_ && rc == 0; k++) {
		struct og_coverage_signal *s = &row->signal[k];
		if (x->mode[k] == OG_MODE_OFF ||
			(!j->by.evidence.source[k].answered && s->verified)) {
			x->said[k] = said_before(s);
			continue;
		}
		take_signal(j, row, &r->signal[k], remembered);
		og_telemetry_received(&r->signal[k], &x->said[k]);
		x->said[k].message = s->cell.message;
	}
	if (rc == 0)
		rc = take_findings(row, f, j->a->arena, err);
	say_profiles(row);
	take_links(row);
	if (!kept || !row->stars.told)
		take_stars(j, i, r, f, rare);
	og_coverage_pods_send(
		row, (struct og_coverage_pod *)(uintptr_t)row->pod, row->pod ? row->npod : 0);
	x->asked = true;
	return rc == 0 && j->a->arena->failed ? og_err_set(err, OG_E_OOM, "judging by answers")
					      : rc;
}

/* Whose pods were not seen could not be found among those that send. */
static void unseen(struct og_coverage_row *row)
{
	for (int k = 0; k < OG_SIGNAL_COUNT_; k++) {
		struct og_coverage_signal *s = &row->signal[k];
		if (s->mode == OG_MODE_OFF || s->verified || s->state == OG_AR_OFF)
			continue;
		s->cell.result = OG_RESULT_UNKNOWN;
		s->cell.reason = "PodsNotSeen";
		s->cell.message = OG_SV("What arrives is told by the pods that run, and those were "
					"not looked at.");
	}
	og_coverage_received(row);
}

static int judge_row(struct judging *j, uint32_t i, struct og_arena *one, struct og_err *err)
{
	struct og_coverage_row *row = j->s->rows[i];
	struct og_arrival_memory memory;
	struct og_stars_facts rare;
	struct og_arrival_result result;
	struct og_findings findings = {0};
	bool has_rare = false;
	uint64_t mark = 0;

	if (!row->pods_seen) {
		unseen(row);
		return 0;
	}
	bool remembered = og_verify_seen_read(
		row->sends->seen, j->by.params.now_s, &mark, &rare, &has_rare, &memory);
	int r = og_arrival_judge(j->index, i, remembered ? &memory : NULL, &j->by.params, one,
		&result, &findings, err);
	return r < 0 ? r
		     : take_row(j, i, &result, &findings, remembered, has_rare ? &rare : NULL, err);
}

/* ---- all of a stack ---- */

static int prepare(struct judging *j, struct og_err *err)
{
	const struct og_audit_asking *in = j->a->in;
	int64_t now_s = og_clock_wall_ns(og_loop_clock(in->loop)) / OG_NS_PER_S;
	int r = og_verify_prepare(
		j->a->engine, j->s->spec, &j->s->token, now_s, &j->arena, &j->by, err);

	if (r < 0)
		return r;
	end_of_time(j);
	j->workloads = og_arena_new_n(&j->arena, j->s->n, struct og_arrival_workload);
	if (!j->workloads)
		return og_err_set(err, OG_E_OOM, "judging by answers");
	for (uint32_t i = 0; i < j->s->n; i++)
		j->workloads[i] = j->s->rows[i]->sends->w;
	r = og_arrival_index_new(
		j->workloads, j->s->n, &j->by.evidence, SEED, &j->arena, &j->index, err);
	if (r < 0)
		return r;
	const struct og_stars_many many = {.workloads = j->workloads,
		.n = j->s->n,
		.index = j->index,
		.arrival = &j->by.evidence,
		.seed = SEED};
	j->stars = og_verify_stars_many(j->a->engine, j->s->spec, &many, &j->arena, err);
	return j->stars ? 0 : -(int)err->code;
}

int ask_judge(struct ask *a, struct ask_stack *s, struct og_err *err)
{
	struct judging j = {.a = a, .s = s};
	og_auto_arena struct og_arena one = {0};

	og_arena_init(&j.arena, 0, ARENA_BYTES);
	og_arena_init(&one, 0, 0);
	int r = prepare(&j, err);
	for (uint32_t i = 0; i < s->n && r == 0; i++) {
		r = judge_row(&j, i, &one, err);
		og_arena_reset(&one);
	}
	if (r == 0)
		r = say_all(&j, err);
	og_arena_fini(&j.arena);
	return r;
}

/* ---- READY ---- */

void og_audit_ask_ready(struct og_telemetry_row *t)
{
	static const enum og_telemetry_cond links[OG_LINK_RECEIVED] = {
		[OG_LINK_INJECTED] = OG_TC_INJECTED,
		[OG_LINK_CREDENTIALS] = OG_TC_CREDENTIALS_READY,
		[OG_LINK_EGRESS] = OG_TC_EGRESS_ALLOWED,
		[OG_LINK_ROLLED_OUT] = OG_TC_ROLLOUT_COMPLETE};
	static const enum og_telemetry_cond received[OG_SIGNAL_COUNT_] = {
		[OG_SIGNAL_METRICS] = OG_TC_METRICS_RECEIVED,
		[OG_SIGNAL_TRACES] = OG_TC_TRACES_RECEIVED,
		[OG_SIGNAL_LOGS] = OG_TC_LOGS_RECEIVED,
		[OG_SIGNAL_PROFILES] = OG_TC_PROFILES_RECEIVED};
	const struct og_audit_sends *x = t->row.sends;
	struct og_telemetry_said all[OG_TC_COUNT_] = {0}, ready;

	if (!x || !x->asked)
		return;
	for (int l = OG_LINK_INJECTED; l < OG_LINK_RECEIVED; l++)
		all[links[l]] = og_cell_said(&t->row.link[l]);
	for (int s = 0; s < OG_SIGNAL_COUNT_; s++)
		all[received[s]] = x->said[s];
	og_telemetry_ready(all, &ready);
	t->ready = ready.status;
	t->ready_reason = ready.reason ? ready.reason : "";
	t->ready_message = ready.message;
}
