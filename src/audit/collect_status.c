/* SPDX-License-Identifier: Apache-2.0 */
/* What the controller saw, as WorkloadTelemetry objects among the files say it. */
#include "collect-priv.h"

#include "otelgate/base/clock.h"
#include "otelgate/base/mem.h"
#include "otelgate/base/parse.h"
#include "otelgate/core/telemetry.h"

enum { STATUS_BYTES = 1 << 20, SILENT = OG_TELEMETRY_SILENT };

struct reader {
	struct collect *c;
	struct og_coverage_row *row;
	struct og_jval status;
};

static struct og_sv text_of(struct reader *r, struct og_jval v)
{
	return og_jstr_or_empty(v, r->c->arena);
}

/* Words that the report borrows for ever. */
static const char *word_of(struct reader *r, struct og_jval v)
{
	struct og_sv s = text_of(r, v);
	const char *p = s.n ? og_arena_strndup(r->c->arena, s.p, s.n) : NULL;
	return p;
}

static int64_t time_of(struct reader *r, struct og_jval v)
{
	int64_t ns = 0;
	struct og_sv s = text_of(r, v);
	return s.n && og_parse_rfc3339(s, &ns, NULL) == 0 && ns > 0 ? ns / OG_NS_PER_S : 0;
}

static struct og_jval condition(struct reader *r, enum og_telemetry_cond c)
{
	og_jfor (it, og_jgetl(r->status, "conditions"))
		if (og_jstr_eq(og_jgetl(it.val, "type"), og_svz(og_telemetry_cond_name(c))))
			return it.val;
	return OG_JABSENT;
}

/* Only what is known replaces what files told. */
static void take_cell(struct reader *r, enum og_telemetry_cond c, struct og_cell *cell)
{
	struct og_jval v = condition(r, c), s = og_jgetl(v, "status");
	bool yes = og_jstr_is(s, "True"), no = og_jstr_is(s, "False");

	if ((!yes && !no) || cell->result == OG_RESULT_NA)
		return;
	*cell = (struct og_cell){.result = yes ? OG_RESULT_PASS : OG_RESULT_FAIL,
		.reason = word_of(r, og_jgetl(v, "reason")),
		.message = text_of(r, og_jgetl(v, "message"))};
}

static const char *finding_of(struct reader *r, struct og_jval v)
{
	const struct og_finding_def *d = og_finding_def(text_of(r, v));
	return d ? d->id : NULL;
}

static bool state_of(struct og_jval v, enum og_arrival_state *ret)
{
	for (int i = 0; i < OG_AR_STATE_COUNT_; i++)
		if (og_jstr_eq(v, og_svz(og_arrival_state_name((enum og_arrival_state)i)))) {
			*ret = (enum og_arrival_state)i;
			return true;
		}
	return false;
}

static enum og_result result_of(const struct og_coverage_signal *s)
{
	static const enum og_result of[OG_AR_STATE_COUNT_] = {[OG_AR_UNKNOWN] = OG_RESULT_UNKNOWN,
		[OG_AR_OFF] = OG_RESULT_NA,
		[OG_AR_WAITING] = OG_RESULT_UNKNOWN,
		[OG_AR_NEVER] = OG_RESULT_FAIL,
		[OG_AR_STALE] = OG_RESULT_FAIL,
		[OG_AR_IDLE] = OG_RESULT_PASS,
		[OG_AR_VIA_STDOUT] = OG_RESULT_PASS,
		[OG_AR_FLOWING] = OG_RESULT_PASS};
	return of[s->state];
}

static void take_silent(struct reader *r, struct og_jval list, struct og_coverage_signal *s)
{
	struct og_sv *v = og_arena_new_n(r->c->arena, SILENT, struct og_sv);

	og_jfor (it, list)
		if (v && s->nsilent < SILENT)
			v[s->nsilent++] = text_of(r, it.val);
	s->silent = v;
}

static void take_pods(struct reader *r, struct og_jval v, struct og_coverage_signal *s)
{
	struct og_sv text = text_of(r, v), left;

	if (!og_sv_split(&text, '/', &left))
		return;
	s->pods_known = og_parse_u32(left, 0, UINT32_MAX, &s->covered, NULL) == 0 &&
			og_parse_u32(text, 0, UINT32_MAX, &s->of, NULL) == 0 && s->of > 0;
}

static bool take_signal(struct reader *r, enum og_signal signal, enum og_telemetry_cond c)
{
	const char *name = og_signal_name(signal);
	struct og_jval v = og_jget(og_jgetl(r->status, "signals"), og_svz(name));
	struct og_coverage_signal *s = &r->row->signal[signal];
	enum og_arrival_state state;

	if (s->mode == OG_MODE_OFF || !state_of(og_jgetl(v, "state"), &state))
		return true;
	s->state = state;
	s->cell = (struct og_cell){.result = result_of(s),
		.reason = word_of(r, og_jgetl(v, "reason")),
		.message = text_of(r, og_jgetl(condition(r, c), "message")),
		.finding = finding_of(r, og_jgetl(v, "finding"))};
	const struct og_arrival_reason *why = og_arrival_reason(og_svz(s->cell.reason));
	s->cell.fix = og_svz(why ? why->fix : NULL);
	s->verified = s->cell.result != OG_RESULT_UNKNOWN;
	s->last_seen_s = time_of(r, og_jgetl(v, "lastSeen"));
	s->since_s = time_of(r, og_jgetl(v, "since"));
	s->via = word_of(r, og_jgetl(v, "via"));
	s->tie = word_of(r, og_jgetl(v, "tie"));
	s->query = text_of(r, og_jgetl(v, "query"));
	s->explore = text_of(r, og_jgetl(v, "explore"));
	take_pods(r, og_jgetl(v, "pods"), s);
	take_silent(r, og_jgetl(v, "silent"), s);
	return !s->cell.finding || og_coverage_add(r->row, r->c->arena, s->cell.finding, OG_SV(""),
					   s->cell.message, s->cell.fix, name);
}

static bool has_finding(const struct og_coverage_row *row, const char *id)
{
	for (uint32_t i = 0; i < row->nfindings; i++)
		if (strcmp(row->findings[i].def->id, id) == 0)
			return true;
	return false;
}

static bool take_findings(struct reader *r)
{
	uint32_t n = 0;

	og_jfor (it, og_jgetl(r->status, "findings")) {
		const char *id = finding_of(r, og_jgetl(it.val, "id"));
		if (!id || has_finding(r->row, id) || n++ >= OG_TELEMETRY_FINDINGS)
			continue;
		if (!og_coverage_add(r->row, r->c->arena, id, OG_SV(""),
			    text_of(r, og_jgetl(it.val, "message")), OG_SV(""), NULL))
			return false;
	}
	return true;
}

int collect_status(
	struct collect *c, const struct kept *k, struct og_coverage_row *row, struct og_err *err)
{
	static const struct {
		enum og_telemetry_cond cond;
		enum og_link link;
	} links[] = {{OG_TC_CREDENTIALS_READY, OG_LINK_CREDENTIALS},
		{OG_TC_EGRESS_ALLOWED, OG_LINK_EGRESS},
		{OG_TC_ROLLOUT_COMPLETE, OG_LINK_ROLLED_OUT}};
	const struct og_jlimits limits = {.max_bytes = STATUS_BYTES, .max_depth = 32};
	struct og_jdoc *d = og_arena_new(c->arena, struct og_jdoc);
	struct reader r = {.c = c, .row = row};

	if (!k->status)
		return 0;
	if (!d)
		return og_err_set(err, OG_E_OOM, "reading a status");
	int rc = og_jdoc_parse(d, c->arena, k->status->json, &limits, err);
	if (rc < 0)
		return og_err_wrap(err, "%.*s", OG_SV_ARG(k->status->source));
	r.status = og_jroot(d);
	for (size_t i = 0; i < OG_COUNT(links); i++)
		take_cell(&r, links[i].cond, &row->link[links[i].link]);
	/* Pods among the objects tell more than a status that was written before. */
	if (!row->pods_seen)
		take_cell(&r, OG_TC_INJECTED, &row->link[OG_LINK_INJECTED]);
	bool ok = take_signal(&r, OG_SIGNAL_METRICS, OG_TC_METRICS_RECEIVED) &&
		  take_signal(&r, OG_SIGNAL_TRACES, OG_TC_TRACES_RECEIVED) &&
		  take_signal(&r, OG_SIGNAL_LOGS, OG_TC_LOGS_RECEIVED) &&
		  take_signal(&r, OG_SIGNAL_PROFILES, OG_TC_PROFILES_RECEIVED) && take_findings(&r);
	return ok && !c->arena->failed ? 0 : og_err_set(err, OG_E_OOM, "reading a status");
}
