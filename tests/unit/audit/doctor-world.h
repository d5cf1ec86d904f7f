/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* A world in which all is well, and what makes each rule of the doctor true in it. */
#include <stdio.h>
#include <string.h>
#include "otelgate/audit/doctor.h"

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

static void old_certificate(struct world *w, const char *id)
{
	struct og_doctor_call *c = &w->f.call;

	(void)id;
	c->marked = c->created = false;
	c->refusal = OG_DR_OUR_WEBHOOK;
	c->says_tls = c->says_ended = true;
	c->said = OG_SV("x509: certificate has expired");
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

static void changed(struct world *w, const char *id)
{
	(void)id;
	w->conditions[2].reason = OG_SV("ChangedOnTheWay");
	w->conditions[2].message = OG_SV("a probe is accepted; it lacks otelgate.revision");
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
	{"OG107", OG_RUNG_CERTIFICATES, old_certificate},
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
	{"OG416", OG_RUNG_CREDENTIALS, of_probe},
	{"OG405", OG_RUNG_CREDENTIALS, of_probe},
	{"OG411", OG_RUNG_CREDENTIALS, of_probe},
	{"OG412", OG_RUNG_CREDENTIALS, of_probe},
	{"OG404", OG_RUNG_CREDENTIALS, of_probe},
	{"OG417", OG_RUNG_CREDENTIALS, of_probe},
	{"OG403", OG_RUNG_CREDENTIALS, of_probe},
	{"OG413", OG_RUNG_CREDENTIALS, of_probe},
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
	{"OG502", OG_RUNG_RECEIVER, of_probe},
	{"OG503", OG_RUNG_RECEIVER, of_probe},
	{"OG504", OG_RUNG_RECEIVER, of_probe},
	{"OG505", OG_RUNG_RECEIVER, of_probe},
	{"OG511", OG_RUNG_RECEIVER, of_probe},
	{"OG523", OG_RUNG_RECEIVER, of_probe},
	{"OG707", OG_RUNG_RECEIVER, of_probe},
	{"OG706", OG_RUNG_RECEIVER, of_probe},
	{"OG713", OG_RUNG_RECEIVER, of_probe},
	{"OG716", OG_RUNG_RECEIVER, of_probe},
	{"OG714", OG_RUNG_RECEIVER, of_probe},
	{"OG111", OG_RUNG_WORKLOADS, bare},
	{"OG513", OG_RUNG_NETWORK, finding},
	{"OG512", OG_RUNG_NETWORK, finding},
	{"OG517", OG_RUNG_NETWORK, finding},
	{"OG508", OG_RUNG_NETWORK, egress},
	{"OG509", OG_RUNG_NETWORK, egress},
	{"OG510", OG_RUNG_NETWORK, egress},
	{"OG515", OG_RUNG_NETWORK, egress},
	{"OG516", OG_RUNG_NETWORK, finding},
	{"OG524", OG_RUNG_NETWORK, finding},
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
	{"OG715", OG_RUNG_CORRELATION, changed},
};
