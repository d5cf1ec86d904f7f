/* SPDX-License-Identifier: Apache-2.0 */
/* The rules of the doctor: each is made true, and is false of what is whole. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "otelgate/audit/doctor.h"
#include "otelgate/base/mem.h"
#include "support/suite.h"

enum { NOW = 1800000000, DAY = 86400 };

/* ---- a whole world ---- */

struct world {
	struct og_doctor_facts f;
	struct og_doctor_stack stack;
	struct og_doctor_condition conditions[4];
	struct og_telemetry_row row;
	struct og_coverage_finding findings[2];
	struct og_doctor_right rights[2];
	struct og_doctor_component components[2];
	struct og_doctor_refused refused;
	struct og_finding secret[1];
	struct og_audit_blind blind;
	struct og_arena arena;
};

static void whole_row(struct og_telemetry_row *t)
{
	*t = (struct og_telemetry_row){.row = {.ns = OG_SV("shop"),
					       .group = OG_SV("apps"),
					       .kind = OG_SV("Deployment"),
					       .name = OG_SV("web"),
					       .opted_in = true,
					       .profile = OG_SV("p"),
					       .stack = OG_SV("s"),
					       .pods_seen = true,
					       .pods = 2},
		.observed_generation = 1,
		.generation = 1,
		.rollout = OG_ROLLOUT_COMPLETE,
		.ready = OG_COND_TRUE,
		.ready_reason = "Arrives"};
	t->row.classes[OG_CLASS_CURRENT] = 2;
	for (int i = 0; i < OG_LINK_COUNT_; i++)
		t->row.link[i] = (struct og_cell){
			.result = OG_RESULT_PASS, .message = OG_SV("Fine."), .fix = OG_SV("")};
	for (int i = 0; i < OG_SIGNAL_COUNT_; i++)
		t->row.signal[i] = (struct og_coverage_signal){
			.cell = {.result = OG_RESULT_PASS, .message = OG_SV("Arrives.")},
			.mode = i == OG_SIGNAL_PROFILES ? OG_MODE_OPTIONAL : OG_MODE_EXPECTED,
			.verified = true,
			.state = OG_AR_FLOWING,
			.tie = "revision"};
}

static void whole_hook(struct og_doctor_hook *h)
{
	*h = (struct og_doctor_hook){.present = true,
		.name = OG_SV("otelgate"),
		.webhooks = 1,
		.reinvokes = true,
		.timeout_s = 3,
		.path = OG_SV("/mutate"),
		.ca_given = true,
		.ca_good = true,
		.ca_count = 1,
		.ca_not_before = NOW - DAY,
		.ca_not_after = NOW + 300 * DAY,
		.service = {.known = {.sight = OG_DS_SEEN},
			.ns = OG_SV("otelgate"),
			.name = OG_SV("otelgate-webhook"),
			.nearest = OG_SV(""),
			.port = 443,
			.found = true,
			.has_port = true,
			.slices = true,
			.ready = 2}};
}

static void whole_stack(struct world *w)
{
	w->conditions[0] = (struct og_doctor_condition){
		OG_SV("CredentialsValid"), OG_SV("True"), OG_SV("Valid"), OG_SV("good")};
	w->conditions[1] = (struct og_doctor_condition){
		OG_SV("MetricsQueryable"), OG_SV("True"), OG_SV("Answers"), OG_SV("answers")};
	w->conditions[2] = (struct og_doctor_condition){
		OG_SV("LogsWritable"), OG_SV("True"), OG_SV("Visible"), OG_SV("taken")};
	w->stack = (struct og_doctor_stack){.name = OG_SV("s"),
		.endpoint = OG_SV("http://alloy.monitoring.svc:4318"),
		.has_endpoint = true,
		.wants_credentials = true,
		.conditions = w->conditions,
		.nconditions = 3,
		.secret_known = {.sight = OG_DS_SEEN},
		.secret_ns = OG_SV("monitoring"),
		.secret_name = OG_SV("cloud"),
		.secret_state = OG_CREDENTIAL_VALID,
		.host = OG_SV("alloy.monitoring.svc"),
		.service = {.known = {.sight = OG_DS_SEEN},
			.ns = OG_SV("monitoring"),
			.name = OG_SV("alloy"),
			.nearest = OG_SV(""),
			.port = 4318,
			.found = true,
			.has_port = true,
			.slices = true,
			.ready = 1}};
}

static void whole(struct world *w)
{
	static const char *const kinds[] = {
		"grafanastacks", "telemetryprofiles", "workloadtelemetries"};

	memset(w, 0, sizeof(*w));
	og_arena_init(&w->arena, 0, 0);
	whole_row(&w->row);
	whole_stack(w);
	w->rights[0] = (struct og_doctor_right){"list", "", "pods", NULL, true};
	w->rights[1] = (struct og_doctor_right){"get", "apps", "deployments", "x", true};
	w->components[0] = (struct og_doctor_component){
		.name = OG_SV("deployment/w"), .version = OG_SV("1.2.3"), .webhook = true};
	w->f = (struct og_doctor_facts){.now_s = NOW,
		.server = OG_SV("https://k"),
		.ns = OG_SV("shop"),
		.target = OG_SV("deployment/web"),
		.version = OG_SV("v1.36.0"),
		.user = OG_SV("me"),
		.http = 200,
		.skew_known = true,
		.skew_s = 1,
		.rights = w->rights,
		.nrights = 2,
		.call = {.ns = OG_SV("shop"),
			.what = OG_SV("a pod"),
			.created = true,
			.marked = true,
			.expected = true,
			.revision = OG_SV("1a2b")},
		.components = w->components,
		.ncomponents = 1,
		.tool_version = "1.2.3",
		.lease = {.found = true, .holder = OG_SV("c-0"), .age_s = 2, .duration_s = 15},
		.nstacks = 1,
		.nprofiles = 1,
		.has_default = true,
		.stacks = &w->stack,
		.nlooked = 1,
		.row = &w->row,
		.rows = &w->row,
		.nrows = 1};
	whole_hook(&w->f.hook);
	for (int i = 0; i < OG_DP_COUNT_; i++)
		w->f.part[i].sight = OG_DS_SEEN;
	for (size_t i = 0; i < OG_COUNT(kinds); i++)
		w->f.kinds[i] = (struct og_doctor_kind){
			kinds[i], "v1alpha1", true, true, OG_SV("v1alpha1")};
}

/* ---- ways to break it ---- */

static void no_access(struct world *w, const char *id)
{
	w->f.part[OG_DP_ACCESS] =
		(struct og_doctor_known){.sight = OG_DS_FAILED, .why = OG_SV("no answer")};
	w->f.http = strcmp(id, "OG007") == 0 ? 401 : 0;
}

static void skewed(struct world *w, const char *id)
{
	(void)id;
	w->f.skew_s = -61;
}

static void denied(struct world *w, const char *id)
{
	(void)id;
	w->rights[1].allowed = false;
}

static void kinds(struct world *w, const char *id)
{
	w->f.call.marked = false;
	w->f.kinds[1].served = false;
	w->f.kinds[1].present = strcmp(id, "OG009") == 0;
}

static void registration(struct world *w, const char *id)
{
	(void)id;
	w->f.hook.present = false;
}

static void hook_service(struct world *w, const char *id)
{
	(void)id;
	w->f.hook.service.found = false;
}

static void hook_ready(struct world *w, const char *id)
{
	w->f.hook.service.ready = strcmp(id, "OG112") == 0;
}

static void closed(struct world *w, const char *id)
{
	(void)id;
	w->f.hook.fails_closed = w->f.hook.covers_system = true;
}

static void reinvocation(struct world *w, const char *id)
{
	(void)id;
	w->f.hook.reinvokes = false;
}

static void ca(struct world *w, const char *id)
{
	w->f.hook.ca_given = strcmp(id, "OG104") != 0;
	w->f.hook.ca_not_before = NOW - 300 * DAY;
	w->f.hook.ca_not_after = strcmp(id, "OG105") == 0 ? NOW - DAY : NOW + DAY;
}

static void config(struct world *w, const char *id)
{
	static const struct og_doctor_refused one = {{"TelemetryProfile/p", 18}, {"is wrong", 8}};

	w->f.call.marked = false;
	w->f.nprofiles = 0;
	w->f.refused = &one;
	w->f.nrefused = strcmp(id, "OG209") == 0;
}

static void call(struct world *w, const char *id)
{
	struct og_doctor_call *c = &w->f.call;

	c->marked = false;
	c->said = OG_SV("failed");
	w->f.hook.skips = strcmp(id, "OG115") == 0;
	if (!strcmp(id, "OG109")) {
		c->proxied = true;
		c->proxy_said = OG_SV("i/o timeout");
	}
	c->refusal = !strcmp(id, "OG308")   ? OG_DR_POD_SECURITY
		     : !strcmp(id, "OG309") ? OG_DR_QUOTA
		     : !strcmp(id, "OG608") ? OG_DR_OTHER_WEBHOOK
					    : OG_DR_NONE;
	c->created = c->refusal == OG_DR_NONE;
}

static void leader(struct world *w, const char *id)
{
	(void)id;
	w->f.lease.age_s = 600;
}

static void version(struct world *w, const char *id)
{
	(void)id;
	w->components[0].version = OG_SV("1.0.0");
}

static void of_secret(struct world *w, const char *id)
{
	w->secret[0] = (struct og_finding){og_finding_def(og_svz(id)), OG_SV(""), OG_SV("bad")};
	w->stack.secret_findings = (struct og_findings){.v = w->secret, .n = 1};
}

static void of_probe(struct world *w, const char *id)
{
	const char *text = og_arena_fmt(&w->arena,
		"a probe is not taken; first broken link: path (%s): no. Fix: do it", id);

	w->conditions[2].status = OG_SV("False");
	w->conditions[2].message = og_svz(text);
}

static void receiver(struct world *w, const char *id)
{
	w->stack.has_endpoint = strcmp(id, "OG501") != 0;
	w->stack.service.found = strcmp(id, "OG508") != 0;
	w->stack.service.has_port = strcmp(id, "OG509") != 0;
	w->stack.service.ready = strcmp(id, "OG510") != 0;
}

static void bare(struct world *w, const char *id)
{
	(void)id;
	w->row.row.classes[OG_CLASS_BARE] = 1;
	w->f.row = NULL;
	w->f.target = OG_SV("");
}

static void query(struct world *w, const char *id)
{
	(void)id;
	w->conditions[1].status = OG_SV("False");
	w->conditions[1].reason = OG_SV("AuthFailed");
}

static void finding(struct world *w, const char *id)
{
	w->findings[0] = (struct og_coverage_finding){
		.def = og_finding_def(og_svz(id)), .message = OG_SV("so it is"), .fix = OG_SV("")};
	w->row.row.findings = w->findings;
	w->row.row.nfindings = 1;
}

/* The receiver, as the way to it is judged; cells have no fix of their own there. */
static void egress(struct world *w, const char *id)
{
	w->row.row.link[OG_LINK_EGRESS] = (struct og_cell){.result = OG_RESULT_FAIL,
		.finding = id,
		.message = OG_SV("so it is"),
		.fix = OG_SV("")};
}

static void of_signal(struct world *w, const char *id)
{
	w->row.row.signal[OG_SIGNAL_TRACES].cell = (struct og_cell){.result = OG_RESULT_FAIL,
		.finding = id,
		.message = OG_SV("so it is"),
		.fix = OG_SV("")};
}

static const struct {
	const char *finding;
	enum og_rung rung;
	void (*make)(struct world *w, const char *id);
} rows[] = {
	{"OG007", OG_RUNG_ACCESS, no_access},
	{"OG006", OG_RUNG_ACCESS, no_access},
	{"OG004", OG_RUNG_ACCESS, skewed},
	{"OG002", OG_RUNG_RIGHTS, denied},
	{"OG008", OG_RUNG_KINDS, kinds},
	{"OG009", OG_RUNG_KINDS, kinds},
	{"OG101", OG_RUNG_WEBHOOK, registration},
	{"OG102", OG_RUNG_WEBHOOK, hook_service},
	{"OG103", OG_RUNG_WEBHOOK, hook_ready},
	{"OG110", OG_RUNG_WEBHOOK, closed},
	{"OG112", OG_RUNG_WEBHOOK, hook_ready},
	{"OG113", OG_RUNG_WEBHOOK, reinvocation},
	{"OG105", OG_RUNG_CERTIFICATES, ca},
	{"OG104", OG_RUNG_CERTIFICATES, ca},
	{"OG106", OG_RUNG_CERTIFICATES, ca},
	{"OG210", OG_RUNG_CONFIG, config},
	{"OG209", OG_RUNG_CONFIG, config},
	{"OG115", OG_RUNG_ADMISSION, call},
	{"OG308", OG_RUNG_ADMISSION, call},
	{"OG309", OG_RUNG_ADMISSION, call},
	{"OG608", OG_RUNG_ADMISSION, call},
	{"OG109", OG_RUNG_ADMISSION, call},
	{"OG108", OG_RUNG_ADMISSION, call},
	{"OG114", OG_RUNG_CONTROLLER, leader},
	{"OG005", OG_RUNG_CONTROLLER, version},
	{"OG401", OG_RUNG_CREDENTIALS, of_secret},
	{"OG402", OG_RUNG_CREDENTIALS, of_secret},
	{"OG416", OG_RUNG_CREDENTIALS, of_secret},
	{"OG405", OG_RUNG_CREDENTIALS, of_secret},
	{"OG411", OG_RUNG_CREDENTIALS, of_secret},
	{"OG412", OG_RUNG_CREDENTIALS, of_secret},
	{"OG404", OG_RUNG_CREDENTIALS, of_secret},
	{"OG408", OG_RUNG_CREDENTIALS, of_probe},
	{"OG409", OG_RUNG_CREDENTIALS, of_probe},
	{"OG415", OG_RUNG_CREDENTIALS, finding},
	{"OG414", OG_RUNG_CREDENTIALS, finding},
	{"OG403", OG_RUNG_CREDENTIALS, of_secret},
	{"OG406", OG_RUNG_CREDENTIALS, of_secret},
	{"OG413", OG_RUNG_CREDENTIALS, of_secret},
	{"OG417", OG_RUNG_CREDENTIALS, of_secret},
	{"OG418", OG_RUNG_CREDENTIALS, of_secret},
	{"OG410", OG_RUNG_CREDENTIALS, finding},
	{"OG501", OG_RUNG_RECEIVER, receiver},
	{"OG508", OG_RUNG_RECEIVER, receiver},
	{"OG509", OG_RUNG_RECEIVER, receiver},
	{"OG510", OG_RUNG_RECEIVER, receiver},
	{"OG518", OG_RUNG_RECEIVER, of_probe},
	{"OG519", OG_RUNG_RECEIVER, of_probe},
	{"OG520", OG_RUNG_RECEIVER, of_probe},
	{"OG507", OG_RUNG_RECEIVER, of_probe},
	{"OG521", OG_RUNG_RECEIVER, of_probe},
	{"OG522", OG_RUNG_RECEIVER, of_probe},
	{"OG505", OG_RUNG_RECEIVER, of_probe},
	{"OG511", OG_RUNG_RECEIVER, of_probe},
	{"OG523", OG_RUNG_RECEIVER, of_probe},
	{"OG707", OG_RUNG_RECEIVER, of_probe},
	{"OG713", OG_RUNG_RECEIVER, of_probe},
	{"OG714", OG_RUNG_RECEIVER, of_probe},
	{"OG111", OG_RUNG_WORKLOADS, bare},
	{"OG513", OG_RUNG_NETWORK, finding},
	{"OG512", OG_RUNG_NETWORK, finding},
	{"OG517", OG_RUNG_NETWORK, finding},
	{"OG508", OG_RUNG_NETWORK, egress},
	{"OG509", OG_RUNG_NETWORK, egress},
	{"OG510", OG_RUNG_NETWORK, egress},
	{"OG515", OG_RUNG_NETWORK, finding},
	{"OG516", OG_RUNG_NETWORK, finding},
	{"OG514", OG_RUNG_NETWORK, finding},
	{"OG204", OG_RUNG_OPT_IN, finding},
	{"OG203", OG_RUNG_OPT_IN, finding},
	{"OG205", OG_RUNG_OPT_IN, finding},
	{"OG207", OG_RUNG_OPT_IN, finding},
	{"OG201", OG_RUNG_OPT_IN, finding},
	{"OG202", OG_RUNG_OPT_IN, finding},
	{"OG206", OG_RUNG_OPT_IN, finding},
	{"OG208", OG_RUNG_OPT_IN, finding},
	{"OG301", OG_RUNG_INJECTION, finding},
	{"OG302", OG_RUNG_INJECTION, finding},
	{"OG306", OG_RUNG_INJECTION, finding},
	{"OG303", OG_RUNG_INJECTION, finding},
	{"OG305", OG_RUNG_INJECTION, finding},
	{"OG314", OG_RUNG_INJECTION, finding},
	{"OG315", OG_RUNG_INJECTION, finding},
	{"OG317", OG_RUNG_INJECTION, finding},
	{"OG318", OG_RUNG_INJECTION, finding},
	{"OG320", OG_RUNG_INJECTION, finding},
	{"OG321", OG_RUNG_INJECTION, finding},
	{"OG322", OG_RUNG_INJECTION, finding},
	{"OG323", OG_RUNG_INJECTION, finding},
	{"OG324", OG_RUNG_INJECTION, finding},
	{"OG316", OG_RUNG_INJECTION, finding},
	{"OG319", OG_RUNG_INJECTION, finding},
	{"OG310", OG_RUNG_ROLLOUT, finding},
	{"OG311", OG_RUNG_ROLLOUT, finding},
	{"OG313", OG_RUNG_ROLLOUT, finding},
	{"OG308", OG_RUNG_ROLLOUT, finding},
	{"OG309", OG_RUNG_ROLLOUT, finding},
	{"OG608", OG_RUNG_ROLLOUT, finding},
	{"OG611", OG_RUNG_ROLLOUT, finding},
	{"OG610", OG_RUNG_ROLLOUT, finding},
	{"OG609", OG_RUNG_ROLLOUT, finding},
	{"OG612", OG_RUNG_ROLLOUT, finding},
	{"OG615", OG_RUNG_ROLLOUT, finding},
	{"OG613", OG_RUNG_ROLLOUT, finding},
	{"OG614", OG_RUNG_ROLLOUT, finding},
	{"OG602", OG_RUNG_ROLLOUT, finding},
	{"OG605", OG_RUNG_ROLLOUT, finding},
	{"OG607", OG_RUNG_ROLLOUT, finding},
	{"OG604", OG_RUNG_ROLLOUT, finding},
	{"OG603", OG_RUNG_ROLLOUT, finding},
	{"OG601", OG_RUNG_ROLLOUT, finding},
	{"OG407", OG_RUNG_ROLLOUT, finding},
	{"OG312", OG_RUNG_ROLLOUT, finding},
	{"OG606", OG_RUNG_ROLLOUT, finding},
	{"OG502", OG_RUNG_EXPORT, finding},
	{"OG503", OG_RUNG_EXPORT, finding},
	{"OG504", OG_RUNG_EXPORT, finding},
	{"OG505", OG_RUNG_EXPORT, finding},
	{"OG506", OG_RUNG_EXPORT, finding},
	{"OG706", OG_RUNG_EXPORT, finding},
	{"OG705", OG_RUNG_EXPORT, finding},
	{"OG703", OG_RUNG_EXPORT, finding},
	{"OG304", OG_RUNG_EXPORT, finding},
	{"OG902", OG_RUNG_EXPORT, finding},
	{"OG419", OG_RUNG_ARRIVAL, query},
	{"OG003", OG_RUNG_ARRIVAL, of_signal},
	{"OG711", OG_RUNG_ARRIVAL, of_signal},
	{"OG701", OG_RUNG_ARRIVAL, of_signal},
	{"OG702", OG_RUNG_ARRIVAL, of_signal},
	{"OG712", OG_RUNG_ARRIVAL, of_signal},
	{"OG709", OG_RUNG_ARRIVAL, of_signal},
	{"OG710", OG_RUNG_ARRIVAL, of_signal},
	{"OG704", OG_RUNG_ARRIVAL, of_signal},
	{"OG801", OG_RUNG_CORRELATION, finding},
	{"OG307", OG_RUNG_CORRELATION, finding},
	{"OG802", OG_RUNG_CORRELATION, finding},
	{"OG803", OG_RUNG_CORRELATION, finding},
	{"OG804", OG_RUNG_CORRELATION, finding},
	{"OG805", OG_RUNG_CORRELATION, finding},
};

/* ---- the tests ---- */

static const struct og_doctor_step *step_of(const struct og_doctor_report *r, enum og_rung rung)
{
	for (uint32_t i = 0; i < r->n; i++)
		if (r->step[i].rung->rung == rung)
			return &r->step[i];
	return NULL;
}

START_TEST(what_is_whole_breaks_no_rule)
{
	struct world w;
	struct og_doctor_report r;
	struct og_err err = OG_ERR_INIT;

	whole(&w);
	for (size_t i = 0; i < og_doctor_nrules; i++) {
		struct og_doctor_said said = {0};
		ck_assert_msg(!og_doctor_rules[i].holds(&w.f, &og_doctor_rules[i], &w.arena, &said),
			"%s", og_doctor_rules[i].finding);
	}
	ck_assert_int_eq(og_doctor_judge(&w.f, &w.arena, &r, &err), 0);
	ck_assert_ptr_null(r.broken);
	ck_assert(!r.unknown);
	ck_assert_uint_eq(r.n, OG_RUNG_COUNT_ - 1); /* all but the one of a cluster */
	for (uint32_t i = 0; i < r.n; i++) {
		ck_assert_msg(r.step[i].end == OG_DE_PASS, "%s: %s", r.step[i].rung->id,
			og_doctor_end_name(r.step[i].end));
		ck_assert_uint_gt(r.step[i].evidence.n, 0);
	}
	og_arena_fini(&w.arena);
}
END_TEST

START_TEST(each_rule_is_made_true)
{
	static const enum og_doctor_end ends[] = {
		OG_DE_PASS, OG_DE_WARN, OG_DE_UNKNOWN, OG_DE_BROKEN};
	const struct og_doctor_rule *rule = &og_doctor_rules[_i];
	const struct og_doctor_step *s;
	struct world w;
	struct og_doctor_report r;
	struct og_err err = OG_ERR_INIT;
	size_t i = 0;

	while (i < OG_COUNT(rows) &&
		(strcmp(rows[i].finding, rule->finding) != 0 || rows[i].rung != rule->rung))
		i++;
	ck_assert_msg(i < OG_COUNT(rows), "no test makes %s true on rung %s", rule->finding,
		og_doctor_rungs[rule->rung].id);
	whole(&w);
	rows[i].make(&w, rule->finding);
	ck_assert_int_eq(og_doctor_judge(&w.f, &w.arena, &r, &err), 0);
	s = step_of(&r, rule->rung);
	ck_assert_ptr_nonnull(s);
	ck_assert_msg(s->nsaid && !strcmp(s->said[0].def->id, rule->finding),
		"%s is not said first on rung %s, but %s", rule->finding, s->rung->id,
		s->nsaid ? s->said[0].def->id : "nothing");
	ck_assert_uint_gt(s->said[0].message.n, 0);
	ck_assert_msg(
		s->end >= ends[rule->weight], "%s: %s", rule->finding, og_doctor_end_name(s->end));
	if (rule->weight == OG_DW_BREAKS) {
		ck_assert_ptr_eq(r.broken, s);
		for (uint32_t k = 0; k < r.n; k++)
			ck_assert_int_eq(&r.step[k] > s, r.step[k].end == OG_DE_NOT_REACHED);
	} else {
		ck_assert_msg(!r.broken, "%s", rule->finding);
	}
	og_arena_fini(&w.arena);
}
END_TEST

START_TEST(the_table_is_sound)
{
	/* Those of the field's most frequent troubles that have to be told at least. */
	enum { LEAST = 50 };
	size_t different = 0;

	for (size_t i = 0; i < og_doctor_nrules; i++) {
		const struct og_doctor_rule *r = &og_doctor_rules[i];
		const struct og_finding_def *d = og_finding_def(og_svz(r->finding));
		bool before = false;
		ck_assert_msg(d != NULL, "%s is no finding", r->finding);
		ck_assert_uint_gt(strlen(d->fix), 0);
		ck_assert_uint_gt(strlen(d->why), 0);
		ck_assert_ptr_nonnull(strchr("OPBH", r->tier));
		/* A guess alone breaks nothing. */
		ck_assert(r->tier != 'H' || r->weight != OG_DW_BREAKS);
		ck_assert(r->rung < OG_RUNG_COUNT_ && r->holds);
		for (size_t k = 0; k < i; k++) {
			bool same = !strcmp(r->finding, og_doctor_rules[k].finding);
			ck_assert_msg(!same || r->rung != og_doctor_rules[k].rung, "%s twice",
				r->finding);
			before |= same;
		}
		different += !before;
	}
	ck_assert_uint_ge(different, LEAST);
	for (size_t i = 0; i < OG_RUNG_COUNT_; i++) {
		ck_assert_int_eq((int)og_doctor_rungs[i].rung, (int)i);
		ck_assert(og_doctor_rungs[i].check != NULL);
	}
}
END_TEST

START_TEST(what_was_not_seen_is_unknown)
{
	for (int p = 0; p < OG_DP_COUNT_; p++) {
		struct world w;
		struct og_doctor_report r;
		struct og_err err = OG_ERR_INIT;
		bool asked = false;

		whole(&w);
		w.f.part[p] = (struct og_doctor_known){.sight = OG_DS_REFUSED,
			.why = OG_SV("forbidden"),
			.rule = OG_SV("- verbs: [get]")};
		ck_assert_int_eq(og_doctor_judge(&w.f, &w.arena, &r, &err), 0);
		ck_assert_ptr_null(r.broken);
		for (uint32_t i = 0; i < r.n; i++) {
			if (!(r.step[i].rung->needs & 1U << p))
				continue;
			asked = true;
			ck_assert_int_eq(r.step[i].end, OG_DE_UNKNOWN);
			ck_assert(og_sv_is(r.step[i].evidence, "forbidden"));
			ck_assert(og_sv_is(r.step[i].right, "- verbs: [get]"));
		}
		ck_assert_int_eq(asked, r.unknown);
		og_arena_fini(&w.arena);
	}
}
END_TEST

START_TEST(what_cannot_be_here_is_neither)
{
	struct world w;
	struct og_doctor_report r;
	struct og_err err = OG_ERR_INIT;

	whole(&w);
	w.f.part[OG_DP_LEASE] =
		(struct og_doctor_known){.sight = OG_DS_NA, .why = OG_SV("none is installed")};
	w.row.row.link[OG_LINK_EGRESS].result = OG_RESULT_NA;
	ck_assert_int_eq(og_doctor_judge(&w.f, &w.arena, &r, &err), 0);
	ck_assert_ptr_null(r.broken);
	ck_assert(!r.unknown);
	ck_assert_int_eq(step_of(&r, OG_RUNG_CONTROLLER)->end, OG_DE_NA);
	ck_assert_int_eq(step_of(&r, OG_RUNG_NETWORK)->end, OG_DE_NA);
	og_arena_fini(&w.arena);
}
END_TEST

/* A link breaks its rung also when no rule knows why. */
START_TEST(links_break_their_rungs)
{
	static const struct {
		enum og_link link;
		enum og_rung rung;
	} of[] = {{OG_LINK_OPTED_IN, OG_RUNG_OPT_IN}, {OG_LINK_INJECTED, OG_RUNG_INJECTION},
		{OG_LINK_CREDENTIALS, OG_RUNG_CREDENTIALS}, {OG_LINK_EGRESS, OG_RUNG_NETWORK},
		{OG_LINK_ROLLED_OUT, OG_RUNG_ROLLOUT}, {OG_LINK_RECEIVED, OG_RUNG_ARRIVAL}};

	for (size_t i = 0; i < OG_COUNT(of); i++)
		for (int result = 0; result < 3; result++) {
			struct world w;
			struct og_doctor_report r;
			struct og_err err = OG_ERR_INIT;

			whole(&w);
			w.row.row.link[of[i].link] = (struct og_cell){
				.result = result ? OG_RESULT_FAIL : OG_RESULT_UNKNOWN,
				.message = OG_SV("because"),
				.fix = OG_SV("do it"),
				.ignored = result == 2};
			ck_assert_int_eq(og_doctor_judge(&w.f, &w.arena, &r, &err), 0);
			const struct og_doctor_step *s = step_of(&r, of[i].rung);
			ck_assert_int_eq(r.broken != NULL, result == 1);
			if (result == 1) {
				ck_assert_ptr_eq(r.broken, s);
				ck_assert(og_sv_is(s->fix, "do it"));
			}
			og_arena_fini(&w.arena);
		}
}
END_TEST

/* A receiver that is not whole for the way is said with its finding, and breaks it only where the
 * link is broken: a controller may only not know. */
START_TEST(the_way_is_told_by_its_finding)
{
	static const char *const ids[] = {"OG508", "OG509", "OG510"};

	for (size_t i = 0; i < OG_COUNT(ids); i++)
		for (int fails = 0; fails < 2; fails++) {
			struct world w;
			struct og_doctor_report r;
			struct og_err err = OG_ERR_INIT;

			whole(&w);
			egress(&w, ids[i]);
			if (!fails)
				w.row.row.link[OG_LINK_EGRESS].result = OG_RESULT_UNKNOWN;
			ck_assert_int_eq(og_doctor_judge(&w.f, &w.arena, &r, &err), 0);
			const struct og_doctor_step *s = step_of(&r, OG_RUNG_NETWORK);
			ck_assert_int_eq(s->end, fails ? OG_DE_BROKEN : OG_DE_UNKNOWN);
			ck_assert_int_eq(r.broken != NULL, fails);
			ck_assert_uint_eq(s->nsaid, (uint32_t)fails);
			ck_assert(!fails || !strcmp(s->said[0].def->id, ids[i]));
			og_arena_fini(&w.arena);
		}
}
END_TEST

/* What only an optional signal lacks breaks nothing; what its owner accepted neither. */
START_TEST(what_does_not_count)
{
	struct world w;
	struct og_doctor_report r;
	struct og_err err = OG_ERR_INIT;

	whole(&w);
	w.row.row.signal[OG_SIGNAL_PROFILES].cell = (struct og_cell){
		.result = OG_RESULT_FAIL, .finding = "OG701", .message = OG_SV("none")};
	finding(&w, "OG701");
	ck_assert_int_eq(og_doctor_judge(&w.f, &w.arena, &r, &err), 0);
	ck_assert_ptr_null(r.broken);
	w.conditions[2].type = OG_SV("ProfilesWritable");
	of_probe(&w, "OG409");
	ck_assert_int_eq(og_doctor_judge(&w.f, &w.arena, &r, &err), 0);
	ck_assert_ptr_null(r.broken);
	og_arena_fini(&w.arena);

	whole(&w);
	finding(&w, "OG512");
	w.findings[0].ignored = true;
	ck_assert_int_eq(og_doctor_judge(&w.f, &w.arena, &r, &err), 0);
	ck_assert_ptr_null(r.broken);
	og_arena_fini(&w.arena);
}
END_TEST

START_TEST(workloads_in_short)
{
	enum { N = 7 };
	struct og_telemetry_row v[N];
	struct world w;
	struct og_doctor_report r;
	struct og_err err = OG_ERR_INIT;

	whole(&w);
	for (int i = 0; i < N; i++)
		whole_row(&v[i]);
	for (int i = 0; i < 4; i++)
		v[i].row.link[OG_LINK_ROLLED_OUT] = (struct og_cell){
			.result = OG_RESULT_FAIL, .reason = "ImagePullFailed", .finding = "OG610"};
	v[4].row.link[OG_LINK_RECEIVED] =
		(struct og_cell){.result = OG_RESULT_UNKNOWN, .reason = "NotVerified"};
	v[5].row.opted_in = false;
	v[5].row.link[OG_LINK_OPTED_IN].result = OG_RESULT_FAIL;
	w.f.target = OG_SV("");
	w.f.row = NULL;
	w.f.rows = v;
	w.f.nrows = N;
	ck_assert_int_eq(og_doctor_judge(&w.f, &w.arena, &r, &err), 0);
	ck_assert_uint_eq(r.opted_in, 6);
	ck_assert_uint_eq(r.fine, 1);
	ck_assert_uint_eq(r.ngroups, 2);
	ck_assert_int_eq(r.groups[0].link, OG_LINK_ROLLED_OUT);
	ck_assert_uint_eq(r.groups[0].n, 4);
	ck_assert(og_sv_is(r.groups[0].names[2], "shop deployment/web"));
	ck_assert_int_eq(r.groups[1].result, OG_RESULT_UNKNOWN);
	ck_assert_ptr_nonnull(r.broken);
	ck_assert_int_eq(r.broken->rung->rung, OG_RUNG_WORKLOADS);
	og_arena_fini(&w.arena);
}
END_TEST

START_TEST(without_memory_it_is_an_error)
{
	struct world w;
	struct og_doctor_report r;

	for (size_t most = 0; most < 4096; most += 512) {
		og_auto_arena struct og_arena small = {0};
		struct og_err err = OG_ERR_INIT;
		whole(&w);
		og_arena_init(&small, 64, most);
		ck_assert_int_eq(og_doctor_judge(&w.f, &small, &r, &err), most ? -OG_E_OOM : 0);
		og_arena_fini(&w.arena);
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("audit/doctor");
	TCase *tc = tcase_create("rules");

	tcase_add_test(tc, what_is_whole_breaks_no_rule);
	tcase_add_loop_test(tc, each_rule_is_made_true, 0, (int)og_doctor_nrules);
	tcase_add_test(tc, the_table_is_sound);
	tcase_add_test(tc, what_was_not_seen_is_unknown);
	tcase_add_test(tc, what_cannot_be_here_is_neither);
	tcase_add_test(tc, links_break_their_rungs);
	tcase_add_test(tc, the_way_is_told_by_its_finding);
	tcase_add_test(tc, what_does_not_count);
	tcase_add_test(tc, workloads_in_short);
	tcase_add_test(tc, without_memory_it_is_an_error);
	suite_add_tcase(s, tc);
	return og_suite_run(s);
}
