/* SPDX-License-Identifier: Apache-2.0 */
/* One workload judged without a controller. */
#include "otelgate/audit/look_row.h"

#include <stdlib.h>
#include <string.h>
#include "look_off-priv.h"
#include "otelgate/audit/ask.h"
#include "otelgate/base/mem.h"
#include "otelgate/core/expect.h"
#include "otelgate/core/stars_facts.h"

struct judging {
	const struct og_look *l;
	struct og_arena *a;
	const struct og_audit_sight *sight;
	struct og_look_plan plan;
	struct og_rollout_input in;
	struct og_rollout_result result;
	struct og_stars_facts stars;
	struct og_telemetry_row *out;
};

static struct og_sv keep(struct judging *j, struct og_sv s)
{
	return s.n ? og_arena_sv(j->a, s) : OG_SV("");
}

static struct og_cell cell(
	enum og_result result, const char *reason, struct og_sv message, struct og_sv fix)
{
	return (struct og_cell){.result = result, .reason = reason, .message = message, .fix = fix};
}

/* ---- links ---- */

static void link_opted_in(struct judging *j)
{
	const struct og_plan *plan = j->plan.plan;
	struct og_cell *to = &j->out->row.link[OG_LINK_OPTED_IN];

	*to = cell(OG_RESULT_PASS, NULL, OG_SV(""), OG_SV(""));
	if (j->plan.opted_in)
		return;
	*to = cell(OG_RESULT_FAIL, og_reason_condition(plan->reason),
		og_svz(og_reason_text(plan->reason)), OG_SV(""));
	if (plan->reason == OG_REASON_NOT_OPTED_IN && !j->sight->namespaces)
		*to = cell(OG_RESULT_UNKNOWN, "NamespaceNotSeen",
			OG_SV("It does not ask itself; whether its namespace does may not be read."),
			OG_SV(""));
	else if (plan->reason == OG_REASON_NOT_OPTED_IN)
		to->fix = OG_SV("annotate the pod template, or the namespace: "
				"otelgate.dev/inject: \"true\"");
}

static struct og_sv restart_line(struct judging *j)
{
	og_auto_buf struct og_buf b = OG_BUF_INIT(4096);

	og_rollout_restart_line(&j->in, &b);
	return keep(j, og_buf_view(&b));
}

static void link_injected(struct judging *j)
{
	const struct og_plan *plan = j->plan.plan;
	struct og_cell *to = &j->out->row.link[OG_LINK_INJECTED];
	struct og_injected is;
	struct og_sv none = OG_SV("");

	if (!j->plan.opted_in) {
		*to = cell(OG_RESULT_NA, NULL, none, none);
	} else if (!j->sight->config) {
		*to = cell(OG_RESULT_UNKNOWN, "ConfigurationNotSeen",
			OG_SV("TelemetryProfiles and GrafanaStacks may not be read."), none);
	} else if (!j->sight->pods && j->plan.injects) {
		*to = cell(OG_RESULT_UNKNOWN, "PodsNotSeen", OG_SV("Pods may not be read."), none);
	} else if (!j->plan.injects) {
		*to = cell(OG_RESULT_FAIL, og_reason_condition(plan->reason),
			og_svz(og_reason_text(plan->reason)), none);
		if (plan->findings.n) {
			to->finding = plan->findings.v[0].def->id;
			to->message = keep(j, plan->findings.v[0].detail);
			to->fix = og_svz(plan->findings.v[0].def->fix);
		}
	} else {
		og_rollout_injected(&j->result, j->a, &is);
		*to = cell(is.all ? OG_RESULT_PASS : OG_RESULT_FAIL, is.reason, is.message,
			is.all ? none : restart_line(j));
		to->finding = is.all ? NULL : j->result.revision.finding;
	}
}

/* What is not looked at here. */
static void links_unseen(struct judging *j)
{
	struct og_cell *link = j->out->row.link;
	struct og_sv none = OG_SV("");

	for (int i = OG_LINK_CREDENTIALS; i <= OG_LINK_EGRESS; i++)
		link[i] = cell(OG_RESULT_NA, NULL, none, none);
	if (!j->plan.injects)
		return;
	link[OG_LINK_EGRESS] = cell(OG_RESULT_UNKNOWN, "NotLookedAt",
		OG_SV("Network policies are looked at by otelgate controller, and by otelgate "
		      "doctor."),
		none);
	if (j->plan.secret_name.n)
		link[OG_LINK_CREDENTIALS] = cell(OG_RESULT_UNKNOWN, "NotLookedAt",
			OG_SV("Whether the namespace has the Secret of the stack takes rights to "
			      "Secrets; otelgate controller has them."),
			none);
	else
		link[OG_LINK_CREDENTIALS] = cell(OG_RESULT_PASS, "NotNeeded",
			OG_SV("Its pods send without credentials."), none);
}

static void link_rolled_out(struct judging *j)
{
	static const enum og_result results[OG_ROLLOUT_STATE_COUNT_] = {
		[OG_ROLLOUT_UNKNOWN] = OG_RESULT_UNKNOWN,
		[OG_ROLLOUT_COMPLETE] = OG_RESULT_PASS,
		[OG_ROLLOUT_PROGRESSING] = OG_RESULT_FAIL,
		[OG_ROLLOUT_WAITING] = OG_RESULT_FAIL,
		[OG_ROLLOUT_STUCK] = OG_RESULT_FAIL};
	const struct og_rollout_verdict *v = og_rollout_outcome(&j->result);
	struct og_cell *to = &j->out->row.link[OG_LINK_ROLLED_OUT];

	*to = cell(results[v->state], v->reason ? v->reason : "Unknown", keep(j, v->message),
		keep(j, v->fix));
	to->finding = v->finding;
	if (og_rollout_rests(&j->result, j->in.facts))
		*to = cell(OG_RESULT_PASS, to->reason, to->message, OG_SV(""));
	j->out->rollout = v->state;
	if (!j->plan.opted_in)
		*to = cell(OG_RESULT_NA, NULL, OG_SV(""), OG_SV(""));
}

static void signals(struct judging *j)
{
	struct og_coverage_row *row = &j->out->row;

	for (int i = 0; i < OG_SIGNAL_COUNT_; i++) {
		struct og_coverage_signal *s = &row->signal[i];
		enum og_signal_mode mode = j->plan.opted_in ? j->plan.plan->signals[i]
							    : OG_MODE_OFF;
		*s = (struct og_coverage_signal){.mode = mode,
			.state = mode == OG_MODE_OFF ? OG_AR_OFF : OG_AR_UNKNOWN,
			.query = OG_SV(""),
			.explore = OG_SV("")};
		s->cell =
			mode == OG_MODE_OFF
				? cell(OG_RESULT_NA, "Off", OG_SV("The signal is not asked for."),
					  OG_SV(""))
				: cell(OG_RESULT_UNKNOWN, "NotVerified",
					  OG_SV("otelgate controller has not written what arrives; "
						"otelgate status --ask asks the backends."),
					  OG_SV(""));
	}
	og_coverage_received(row);
}

/* ---- pods ---- */

static int older_first(const void *x, const void *y)
{
	const struct og_coverage_pod *a = x, *b = y;

	if (a->created_s != b->created_s)
		return a->created_s < b->created_s ? -1 : 1;
	return og_sv_cmp(a->name, b->name);
}

static void pods(struct judging *j)
{
	struct og_coverage_row *row = &j->out->row;
	struct og_coverage_pod *list =
		og_arena_new_n(j->a, j->in.npods + 1, struct og_coverage_pod);

	row->pods_seen = j->sight->pods;
	if (!row->pods_seen)
		return;
	row->pods = j->result.total;
	memcpy(row->classes, j->result.classes, sizeof(row->classes));
	for (uint32_t i = 0; list && i < j->in.npods; i++) {
		const struct og_rollout_pod *p = &j->in.pods[i];
		if (p->class_ == OG_CLASS_FINISHED)
			continue;
		list[row->npod++] = (struct og_coverage_pod){.name = keep(j, p->name),
			.owner = keep(j, p->owner),
			.revision = keep(j, p->revision),
			.class_ = p->class_,
			.cause = p->cause,
			.ready = p->state && p->state->ready,
			.created_s = p->created_s};
	}
	if (list && row->npod)
		qsort(list, row->npod, sizeof(*list), older_first);
	row->pod = list;
}

/* ---- findings ---- */

static void add_finding(struct judging *j, const char *id, struct og_sv message, struct og_sv place)
{
	struct og_coverage_row *row = &j->out->row;
	const struct og_finding_def *def = id ? og_finding_def(og_svz(id)) : NULL;

	if (def)
		row->findings[row->nfindings++] = (struct og_coverage_finding){.def = def,
			.message = keep(j, message),
			.place = keep(j, place),
			.fix = OG_SV(""),
			.ignored_by = OG_SV(""),
			.ignored_why = OG_SV("")};
}

static void findings(struct judging *j)
{
	const struct og_findings *f = &j->plan.plan->findings;
	const struct og_rollout_result *r = &j->result;
	struct og_coverage_row *row = &j->out->row;

	row->findings = og_arena_new_n(j->a, f->n + 3, struct og_coverage_finding);
	if (!row->findings)
		return;
	for (uint32_t i = 0; i < f->n; i++)
		add_finding(j, f->v[i].def->id, f->v[i].detail, f->v[i].place);
	if (!j->plan.opted_in)
		return;
	if (r->blame.blamed && r->blame.reason != r->rollout.reason)
		add_finding(j, r->blame.finding, r->blame.message, OG_SV(""));
	add_finding(j, r->rollout.finding, r->rollout.message, OG_SV(""));
	add_finding(j, r->revision.finding, r->revision.message, OG_SV(""));
}

/* ---- ready ---- */

struct og_telemetry_said og_cell_said(const struct og_cell *c)
{
	static const enum og_cond_status of[OG_RESULT_COUNT_] = {[OG_RESULT_NA] = OG_COND_TRUE,
		[OG_RESULT_UNKNOWN] = OG_COND_UNKNOWN,
		[OG_RESULT_PASS] = OG_COND_TRUE,
		[OG_RESULT_FAIL] = OG_COND_FALSE};

	return (struct og_telemetry_said){
		.status = of[c->result], .reason = c->reason, .message = c->message};
}

static void ready(struct judging *j)
{
	const struct og_cell *link = j->out->row.link;
	struct og_telemetry_said all[OG_TC_COUNT_] = {
		[OG_TC_INJECTED] = og_cell_said(&link[OG_LINK_INJECTED]),
		[OG_TC_ROLLOUT_COMPLETE] = og_cell_said(&link[OG_LINK_ROLLED_OUT]),
		[OG_TC_CREDENTIALS_READY] = og_cell_said(&link[OG_LINK_CREDENTIALS]),
		[OG_TC_EGRESS_ALLOWED] = og_cell_said(&link[OG_LINK_EGRESS])};
	struct og_telemetry_said r;

	for (int i = OG_TC_METRICS_RECEIVED; i <= OG_TC_PROFILES_RECEIVED; i++)
		all[i] = (struct og_telemetry_said){.status = OG_COND_UNKNOWN, .optional = true};
	og_telemetry_ready(all, &r);
	if (!j->plan.opted_in)
		r = og_cell_said(&link[OG_LINK_OPTED_IN]);
	j->out->ready = r.status;
	j->out->ready_reason = r.reason ? r.reason : "";
	j->out->ready_message = r.message;
}

/* ---- stars ---- */

static void stars(struct judging *j)
{
	const struct og_rollout_verdict *v = og_rollout_outcome(&j->result);
	struct og_stars_facts *f = &j->stars;

	if (!j->plan.opted_in)
		return;
	og_stars_facts_init(f);
	og_stars_facts_of_plan(j->plan.plan, j->a, f);
	og_stars_facts_of_rollout(j->in.facts, j->sight->pods ? v->state : OG_ROLLOUT_UNKNOWN, f);
	og_stars_unverified(j->plan.plan->signals, f, &j->out->row.stars);
}

/* ---- what is to arrive ---- */

static int sends(struct judging *j, const struct og_record *rec, struct og_err *err)
{
	struct og_audit_sends x = {.seen = OG_SV("")};
	struct og_expectation expect;

	if (!j->sight->sends || !j->plan.opted_in || !j->out->row.stack.n)
		return 0;
	int r = og_expect(j->plan.plan, j->l->arena, &expect, err);
	if (r == 0)
		r = og_expect_pods(&j->in, &j->result, rec->created_s, j->l->arena, &x.w, err);
	if (r < 0)
		return r;
	x.w.identities = expect.identities;
	x.w.nidentities = expect.nidentities;
	memcpy(x.w.ask, expect.ask, sizeof(x.w.ask));
	memcpy(x.mode, j->plan.plan->signals, sizeof(x.mode));
	x.profiles = expect.profiles;
	x.w.revision = j->in.revision;
	x.stars = j->stars;
	return og_audit_sends_keep(&x, &j->out->row, j->a, err);
}

/* ---- all of it ---- */

/* A revision covers the credentials, too. */
static bool revision_known(const struct judging *j)
{
	const struct og_plan *p = j->plan.plan;

	return !j->sight->config_given || !p->uses_secret || !p->profile || !p->profile->stack ||
	       p->profile->stack->auth_hash.n > 0;
}

static int judge(struct judging *j, const struct og_record *rec,
	const struct og_cluster_extra *extra, struct og_rollout_facts *facts, struct og_err *err)
{
	const struct og_look *l = j->l;
	int r = og_look_plan(l, rec, extra, &j->plan, err);

	if (r == 0)
		r = og_look_pods(l, rec, &j->plan.facts, &j->in, err);
	if (r < 0)
		return r;
	j->in.ns = l->ns;
	j->in.group = l->group;
	j->in.kind = l->kind;
	j->in.name = l->name;
	j->in.injects = j->plan.injects;
	j->in.revision = j->plan.injects && revision_known(j) ? og_svz(j->plan.plan->revision)
							      : OG_SV("");
	j->in.required = j->plan.plan->required;
	j->in.secret_name = j->plan.secret_name;
	j->in.facts = og_look_facts(l, extra, facts) ? facts : NULL;
	/* When that Secret was made is not known: pods are not older than it by our word. */
	j->in.secret_created_s = j->plan.secret_name.n ? 1 : 0;
	return og_rollout_judge(&j->in, l->arena, &j->result, err);
}

static void name_it(struct judging *j, const struct og_record *rec)
{
	const struct og_plan *plan = j->plan.plan;
	const struct og_look *l = j->l;
	struct og_coverage_row *row = &j->out->row;

	*j->out = (struct og_telemetry_row){.row = {.ns = keep(j, l->ns),
						    .group = keep(j, l->group),
						    .kind = keep(j, l->kind),
						    .name = keep(j, l->name),
						    .uid = keep(j, rec->uid),
						    .source = OG_SV("cluster"),
						    .opted_in = j->plan.opted_in,
						    .revision = keep(j, j->in.revision),
						    .profile = OG_SV(""),
						    .stack = OG_SV(""),
						    .broken = OG_LINK_COUNT_,
						    .score = -1}};
	if (!row->opted_in)
		row->out_reason = og_reason_name(plan->reason);
	if (row->opted_in && plan->profile) {
		row->profile = keep(j, plan->profile->name);
		row->stack = plan->profile->stack ? keep(j, plan->profile->stack->name) : OG_SV("");
	}
}

int og_audit_look_row(const struct og_look *l, const struct og_audit_sight *sight, int64_t now_s,
	struct og_arena *arena, struct og_telemetry_row *ret, bool *ret_is, struct og_err *err)
{
	struct og_telemetry_row out;
	struct judging j = {
		.l = l, .a = arena, .sight = sight, .out = &out, .in = {.now_s = now_s}};
	const struct og_cluster_kind *kind;
	struct og_cluster_extra extra;
	struct og_rollout_facts facts;
	struct og_record rec;

	*ret_is = og_look_find(l, &kind, &rec, &extra);
	if (!*ret_is)
		return 0;
	int r = judge(&j, &rec, &extra, &facts, err);
	if (r < 0)
		return r;
	name_it(&j, &rec);
	out.generation = extra.generation;
	link_opted_in(&j);
	link_injected(&j);
	links_unseen(&j);
	link_rolled_out(&j);
	signals(&j);
	pods(&j);
	findings(&j);
	stars(&j);
	ready(&j);
	if ((r = sends(&j, &rec, err)) < 0)
		return r;
	if (j.plan.injects && (r = look_off(j.plan.plan, l->arena, arena, &out.row, err)) < 0)
		return r;
	if (arena->failed || l->arena->failed)
		return og_err_set(err, OG_E_OOM, "judging a workload");
	*ret = out;
	return 0;
}
