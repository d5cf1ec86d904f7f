/* SPDX-License-Identifier: Apache-2.0 */
/* Where the facts of the stars come from, and what is kept of them: half of all cases say what is
 * not known, or must not be taken for good. */
#include <check.h>
#include <math.h>
#include "otelgate/base/mem.h"
#include "otelgate/core/config_read.h"
#include "otelgate/core/stars_brief.h"
#include "otelgate/core/stars_facts.h"
#include "otelgate/core/telemetry_row.h"
#include "support/suite.h"

static struct og_arena arena;
static struct og_stars_facts f;

static void setup(void)
{
	og_arena_init(&arena, 0, 0);
	og_stars_facts_init(&f);
}

static void teardown(void)
{
	og_arena_fini(&arena);
}

/* ---- the template ---- */

static void plan_of(const char *profile, const char *kind, const char *spec)
{
	const char *config = og_arena_fmt(&arena,
		"apiVersion: otelgate.dev/v1alpha1\nkind: GrafanaStack\nmetadata: {name: s}\n"
		"spec: {receiver: {endpoint: 'http://alloy:4318/'}}\n---\n"
		"apiVersion: otelgate.dev/v1alpha1\nkind: TelemetryProfile\nmetadata: {name: p}\n"
		"spec: {default: true%s}\n",
		profile);
	bool pod = !strcmp(kind, "Pod"), job = !strcmp(kind, "Job");
	const char *meta = "\"annotations\":{\"otelgate.dev/inject\":\"true\"}";
	const char *object =
		pod ? og_arena_fmt(&arena,
			      "{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"metadata\":{\"name\":"
			      "\"web\",\"namespace\":\"shop\",%s},\"spec\":{%s}}",
			      meta, spec)
		    : og_arena_fmt(&arena,
			      "{\"apiVersion\":\"%s/v1\",\"kind\":\"%s\",\"metadata\":{\"name\":"
			      "\"web\",\"namespace\":\"shop\"},\"spec\":{\"template\":{\"metadata\":"
			      "{%s},\"spec\":{%s}}}}",
			      job ? "batch" : "apps", kind, meta, spec);
	struct og_config_input input = {"config", og_svz(config)};
	struct og_config_report report;
	struct og_config *c = NULL;
	struct og_jdoc *d = og_arena_new(&arena, struct og_jdoc);
	struct og_plan *plan = NULL;
	struct og_err err = OG_ERR_INIT;

	ck_assert_msg(og_config_read(&arena, &input, 1, &c, &report) == 0, "%s", config);
	ck_assert_msg(og_jdoc_parse(d, &arena, og_svz(object), NULL, &err) == 0, "%s", err.msg);
	struct og_plan_input in = {.config = c, .object = og_jroot(d)};
	ck_assert_int_eq(
		og_facts_of_workload(NULL, in.object, OG_SV(""), &arena, &in.facts, &err), 0);
	ck_assert_msg(og_plan_make(&in, &arena, &plan, &err) == 0, "%s", err.msg);
	og_stars_facts_of_plan(plan, &arena, &f);
}

#define C(more)	 "\"containers\":[{\"name\":\"app\",\"image\":\"i\"" more "}]"
#define FULL	 ",\"resources\":{\"requests\":{\"cpu\":\"1\"},\"limits\":{\"memory\":\"1Gi\"}}"
#define PROBE	 ",\"readinessProbe\":{\"tcpSocket\":{\"port\":1}}"
#define ENV(e)	 ",\"env\":[" e "]"
#define SAMPLER	 "{\"name\":\"OTEL_TRACES_SAMPLER\",\"value\":\"always_on\"}"
#define ENV_FROM ",\"envFrom\":[{\"configMapRef\":{\"name\":\"c\"}}]"

static const struct {
	const char *profile, *kind, *spec;
	enum og_fact sampler, resources, probes, restarts;
} templates[] = {
#define U OG_FACT_UNKNOWN
#define N OG_FACT_NO
#define Y OG_FACT_YES
	{"", "Deployment", C(""), N, N, N, Y},
	{"", "Deployment", C(FULL PROBE ENV(SAMPLER)), Y, Y, Y, Y},
	{", sdk: {sampler: {type: always_off}}", "Deployment", C(""), Y, N, N, Y},
	/* what a ConfigMap says is not known */
	{"", "Deployment", C(ENV_FROM), U, N, N, Y},
	{"", "Deployment", C(ENV_FROM ENV(SAMPLER)), Y, N, N, Y},
	{"", "Deployment", C(",\"resources\":{\"limits\":{\"cpu\":\"1\",\"memory\":\"1Gi\"}}"), N,
		Y, N, Y},
	{"", "Deployment", C(",\"resources\":{\"limits\":{\"memory\":\"1Gi\"}}"), N, N, N, Y},
	{"", "Deployment", C(",\"resources\":{\"requests\":{\"cpu\":\"1\",\"memory\":\"1Gi\"}}"), N,
		N, N, Y},
	{"", "Deployment", C(",\"resources\":\"lots\",\"readinessProbe\":true"), N, N, N, Y},
	/* of the pod as a whole */
	{"", "Deployment", "\"resources\":{\"limits\":{\"cpu\":\"1\",\"memory\":\"1Gi\"}}," C(""),
		N, Y, N, Y},
	/* one container without is enough for a no; one probe for a yes */
	{"", "Deployment",
		"\"containers\":[{\"name\":\"a\",\"image\":\"i\"" FULL PROBE
		"},{\"name\":\"b\",\"image\":\"i\"}]",
		N, N, Y, Y},
	/* an init container is gone when it serves */
	{"", "Deployment", "\"initContainers\":[{\"name\":\"i\",\"image\":\"i\"}]," C(FULL), N, Y,
		N, Y},
	{"", "Job", "\"restartPolicy\":\"Never\"," C(""), N, N, Y, Y},
	{"", "Pod", C(""), N, N, N, Y},
	{"", "Pod", "\"restartPolicy\":\"OnFailure\"," C(""), N, N, N, Y},
	{"", "Pod", "\"restartPolicy\":\"Never\"," C(""), N, N, N, N},
};

START_TEST(what_a_template_says)
{
	const int i = _i;

	plan_of(templates[i].profile, templates[i].kind, templates[i].spec);
	ck_assert_int_eq(f.sampler_set, templates[i].sampler);
	ck_assert_int_eq(f.resources, templates[i].resources);
	ck_assert_int_eq(f.probes, templates[i].probes);
	ck_assert_int_eq(f.restarts, templates[i].restarts);
	/* and nothing else */
	ck_assert_int_eq(f.replicas, U);
	ck_assert_int_eq(f.egress_allowed, U);
	ck_assert(f.overhead < 0);
}
END_TEST

static const struct {
	enum og_rollout_kind kind;
	int32_t desired;
	enum og_rollout_state state;
	enum og_fact replicas, complete;
} rollouts[] = {
	{OG_RK_DEPLOYMENT, 3, OG_ROLLOUT_COMPLETE, Y, Y},
	{OG_RK_DEPLOYMENT, 1, OG_ROLLOUT_STUCK, N, N},
	{OG_RK_DEPLOYMENT, 0, OG_ROLLOUT_COMPLETE, U, Y}, /* at rest */
	{OG_RK_DEPLOYMENT, -5, OG_ROLLOUT_PROGRESSING, U, N},
	{OG_RK_STATEFULSET, 2, OG_ROLLOUT_UNKNOWN, Y, U},
	{OG_RK_DAEMONSET, 1, OG_ROLLOUT_COMPLETE, Y, Y},
	{OG_RK_POD, 1, OG_ROLLOUT_COMPLETE, N, Y},
	{OG_RK_JOB, 1, OG_ROLLOUT_WAITING, Y, N},
	{OG_RK_CRONJOB, 1, OG_ROLLOUT_WAITING, Y, Y},
	{OG_RK_NONE, 5, OG_ROLLOUT_UNKNOWN, U, U},
	{(enum og_rollout_kind)99, 5, OG_ROLLOUT_UNKNOWN, U, U},
};

START_TEST(what_a_rollout_says)
{
	const struct og_rollout_facts r = {
		.kind = rollouts[_i].kind, .desired = rollouts[_i].desired};

	og_stars_facts_of_rollout(&r, rollouts[_i].state, &f);
	ck_assert_int_eq(f.replicas, rollouts[_i].replicas);
	ck_assert_int_eq(f.rollout_complete, rollouts[_i].complete);
	og_stars_facts_init(&f);
	og_stars_facts_of_rollout(NULL, OG_ROLLOUT_UNKNOWN, &f);
	ck_assert_int_eq(f.replicas, U);
	ck_assert_int_eq(f.rollout_complete, U);
}
END_TEST

START_TEST(only_what_is_not_known_is_added)
{
	struct og_stars_facts more;

	og_stars_facts_init(&more);
	f.probes = N;
	f.dropped = 0.5;
	f.retried = (double)NAN;
	more.probes = Y;
	more.exemplars = Y;
	more.dropped = 0;
	more.retried = 0.25;
	og_stars_facts_add(&f, &more);
	ck_assert_int_eq(f.probes, N);
	ck_assert_int_eq(f.exemplars, Y);
	ck_assert(f.dropped > 0.4 && f.retried > 0.2);
	ck_assert(f.overhead < 0);
}
END_TEST

/* ---- what arrives ---- */

static struct og_arrival_verdict v[OG_SIGNAL_COUNT_];
static const struct og_arrival_workload web = {.ns = {"shop", sizeof("shop") - 1},
	.kind = {"Deployment", sizeof("Deployment") - 1},
	.name = {"web", sizeof("web") - 1}};

static void flows(enum og_signal s, const char *name, const char *job)
{
	v[s] = (struct og_arrival_verdict){.signal = s,
		.state = OG_AR_FLOWING,
		.reason = "Arriving",
		.route = OG_ROUTE_OTLP,
		.covers_known = true,
		.has_evidence = true,
		.evidence = {.signal = s,
			.service_name = og_svz(name),
			.job = og_svz(job),
			.k8s_namespace = OG_SV("shop"),
			.pod = OG_SV("web-1"),
			.workload = OG_SV("Deployment/web")}};
}

static void arrival(const struct og_findings *found)
{
	og_stars_facts_init(&f);
	og_stars_facts_of_arrival(&web, v, found, &f);
}

START_TEST(what_arrival_says)
{
	memset(v, 0, sizeof(v));
	arrival(NULL);
	ck_assert(!f.name_right && !f.name_unique && !f.k8s_attributes && !f.one_name);
	flows(OG_SIGNAL_METRICS, "", "shop/web");
	arrival(NULL);
	ck_assert(f.name_right == Y && f.name_unique == Y && f.k8s_attributes == Y);
	ck_assert_int_eq(f.one_name, U); /* nothing to compare it with */
	flows(OG_SIGNAL_TRACES, "web", "");
	arrival(NULL);
	ck_assert_int_eq(f.one_name, Y);
	flows(OG_SIGNAL_LOGS, "wob", "");
	arrival(NULL);
	ck_assert_int_eq(f.one_name, N);
	/* what is kept from before says nothing of now */
	v[OG_SIGNAL_LOGS].kept = true;
	arrival(NULL);
	ck_assert_int_eq(f.one_name, Y);
	v[OG_SIGNAL_METRICS].evidence.workload = OG_SV("");
	arrival(NULL);
	ck_assert_int_eq(f.k8s_attributes, N);
	/* rows by service alone cannot have them */
	v[OG_SIGNAL_METRICS].covers_known = false;
	arrival(NULL);
	ck_assert_int_eq(f.k8s_attributes, U);
	v[OG_SIGNAL_TRACES].shared = true;
	arrival(NULL);
	ck_assert_int_eq(f.name_unique, N);
}
END_TEST

START_TEST(names_of_collected_lines_are_nobodys)
{
	memset(v, 0, sizeof(v));
	flows(OG_SIGNAL_LOGS, "web", "");
	v[OG_SIGNAL_LOGS].state = OG_AR_VIA_STDOUT;
	v[OG_SIGNAL_LOGS].route = OG_ROUTE_STDOUT;
	arrival(NULL);
	ck_assert_int_eq(f.name_right, U);
	ck_assert_int_eq(f.k8s_attributes, U);
}
END_TEST

START_TEST(findings_say_no)
{
	static const char *const ids[] = {"OG801", "OG802", "OG803", "OG804", "OG805"};

	for (size_t i = 0; i < OG_COUNT(ids); i++) {
		struct og_findings found = {0};
		memset(v, 0, sizeof(v));
		flows(OG_SIGNAL_METRICS, "", "shop/web");
		og_findings_add(&found, &arena, ids[i], OG_SV(""), OG_SV("x"));
		arrival(&found);
		ck_assert_int_eq(f.name_right, i < 2 ? N : Y);
		ck_assert_int_eq(f.name_unique, i == 2 ? N : Y);
		ck_assert_int_eq(f.k8s_attributes, i == 3 ? N : Y);
		ck_assert_int_eq(f.instance_id, i == 4 ? N : U);
	}
}
END_TEST

/* ---- what backends say of many ---- */

enum { WORKLOADS = 2, ROWS = 16 };
static struct og_arrival_workload w[WORKLOADS];
static struct og_arrival_identity ids[WORKLOADS];
static struct og_arrival_row rows[ROWS], seen[ROWS];
static struct og_stars_note notes[ROWS];
static struct og_stars_facts facts[WORKLOADS];
static struct og_stars_evidence ev;
static struct og_arrival_evidence arrived;
static bool by_collector;

static void world(void)
{
	static const char *const names[] = {"web", "api"};

	memset(&ev, 0, sizeof(ev));
	memset(&arrived, 0, sizeof(arrived));
	by_collector = false;
	for (int i = 0; i < WORKLOADS; i++) {
		ids[i] =
			(struct og_arrival_identity){OG_SV("shop"), og_svz(names[i]), OG_SV("app")};
		w[i] = (struct og_arrival_workload){.ns = OG_SV("shop"),
			.kind = OG_SV("Deployment"),
			.name = og_svz(names[i]),
			.opted_in = true,
			.identities = &ids[i],
			.nidentities = 1};
	}
	ev.rows = rows;
	ev.notes = notes;
	arrived.rows = seen;
	arrived.source[OG_SIGNAL_METRICS].grouped_by_pod = true;
	for (int a = 0; a < OG_STARS_ASK_COUNT_; a++)
		ev.source[a].answered = true;
}

static void row(enum og_stars_ask ask, const char *job, double value, const char *text)
{
	rows[ev.n] = (struct og_arrival_row){
		.signal = OG_SIGNAL_METRICS, .job = og_svz(job), .value = value};
	notes[ev.n++] =
		(struct og_stars_note){.ask = ask, .metric = og_svz(text), .version = og_svz(text)};
}

static void count(void)
{
	struct og_arrival_index *ix = NULL;
	struct og_err err = OG_ERR_INIT;

	ck_assert_int_eq(og_arrival_index_new(w, WORKLOADS, &arrived, 7, &arena, &ix, &err), 0);
	const struct og_stars_many in = {.workloads = w,
		.n = WORKLOADS,
		.index = ix,
		.arrival = &arrived,
		.evidence = &ev,
		.by_collector = by_collector,
		.seed = 9};
	for (int i = 0; i < WORKLOADS; i++)
		og_stars_facts_init(&facts[i]);
	ck_assert_int_eq(og_stars_facts_of_many(&in, &arena, facts, &err), 0);
}

START_TEST(shares_and_versions_find_their_workload)
{
	world();
	row(OG_STARS_ASK_TRACE_SHARE, "shop/web", 0.5, "");
	row(OG_STARS_ASK_TRACE_SHARE, "shop/web", 1.5, ""); /* no share is more than all */
	row(OG_STARS_ASK_VERSIONS, "shop/web", 0, "1.2");
	row(OG_STARS_ASK_VERSIONS, "shop/api", 0, "");
	row(OG_STARS_ASK_VERSIONS, "shop/nobody", 0, "");
	row(OG_STARS_ASK_TRACE_SHARE, "shop/api", (double)NAN, "");
	count();
	ck_assert(facts[0].logs_with_trace > 0.74 && facts[0].logs_with_trace < 0.76);
	ck_assert(facts[1].logs_with_trace >= 0 && facts[1].logs_with_trace < 0.01);
	ck_assert_int_eq(facts[0].service_version, Y);
	ck_assert_int_eq(facts[1].service_version, N);
	/* one container without is one too many */
	row(OG_STARS_ASK_VERSIONS, "shop/web", 0, "");
	count();
	ck_assert_int_eq(facts[0].service_version, N);
	world();
	count();
	ck_assert_int_eq(facts[0].service_version, U);
	ck_assert(facts[0].logs_with_trace < 0);
}
END_TEST

START_TEST(no_exemplars_is_known_only_where_they_would_show)
{
	struct og_arrival_row traffic[] = {
		{.job = OG_SV("shop/web"), .value = 5}, {.job = OG_SV("shop/api"), .value = 5}};

	world();
	arrived.traffic = traffic;
	arrived.ntraffic = 2;
	count();
	ck_assert_int_eq(facts[1].exemplars, U); /* nobody's are seen */
	row(OG_STARS_ASK_EXEMPLARS, "shop/web", 3, "");
	count();
	ck_assert_int_eq(facts[0].exemplars, Y);
	ck_assert_int_eq(facts[1].exemplars, N);
	ev.source[OG_STARS_ASK_EXEMPLARS].partial = true;
	count();
	ck_assert_int_eq(facts[0].exemplars, Y); /* what is seen is seen */
	ck_assert_int_eq(facts[1].exemplars, U);
	ev.source[OG_STARS_ASK_EXEMPLARS].partial = false;
	traffic[1].value = 0;
	count();
	ck_assert_int_eq(facts[1].exemplars, U); /* no request, no exemplar */
}
END_TEST

START_TEST(exports_are_counted_by_sdks_else_by_collectors)
{
	world();
	row(OG_STARS_ASK_EXPORTED, "shop/web", 90, "span");
	row(OG_STARS_ASK_EXPORT_FAILED, "shop/web", 9, "span");
	row(OG_STARS_ASK_EXPORT_FAILED, "shop/web", 10, "span queue");
	row(OG_STARS_ASK_COLLECTOR, "alloy", 95, "sent spans");
	row(OG_STARS_ASK_COLLECTOR, "alloy", 5, "failed spans");
	row(OG_STARS_ASK_COLLECTOR, "alloy", 1, "unheard of");
	count();
	ck_assert(facts[0].export_failed > 0.09 && facts[0].export_failed < 0.11);
	ck_assert(facts[0].dropped > 0.09 && facts[0].dropped < 0.11);
	/* it sends past them */
	ck_assert(facts[1].export_failed < 0 && facts[1].dropped < 0);
	by_collector = true;
	count();
	ck_assert(facts[0].export_failed > 0.09);
	ck_assert(facts[1].export_failed > 0.04 && facts[1].export_failed < 0.06);
	ck_assert(facts[1].dropped >= 0 && facts[1].dropped < 0.001);
	/* half an answer proves no success */
	ev.source[OG_STARS_ASK_COLLECTOR].partial = true;
	ev.source[OG_STARS_ASK_EXPORT_FAILED].answered = false;
	count();
	ck_assert(facts[0].export_failed < 0 && facts[1].export_failed < 0);
	/* nothing was tried: nothing is known */
	world();
	by_collector = true;
	row(OG_STARS_ASK_COLLECTOR, "alloy", -1, "sent spans");
	row(OG_STARS_ASK_EXPORTED, "shop/web", 0, "span");
	count();
	ck_assert(facts[0].export_failed < 0 && facts[1].dropped < 0);
	/* what is never measured stays unknown */
	ck_assert(facts[0].retried < 0 && facts[0].overhead < 0);
}
END_TEST

static void instance(const char *job, const char *pod, const char *id)
{
	seen[arrived.nrows++] = (struct og_arrival_row){.signal = OG_SIGNAL_METRICS,
		.job = og_svz(job),
		.instance = og_svz(id),
		.k8s_namespace = OG_SV("shop"),
		.pod = og_svz(pod)};
}

START_TEST(instances_tell_pods_apart)
{
	world();
	instance("shop/web", "web-1", "a");
	instance("shop/web", "web-2", "b");
	instance("shop/web", "web-2", "b"); /* another series of it */
	instance("shop/api", "api-1", "same");
	instance("shop/api", "api-2", "same");
	count();
	ck_assert_int_eq(facts[0].instance_id, Y);
	ck_assert_int_eq(facts[1].instance_id, N);
	instance("shop/web", "web-3", "");
	count();
	ck_assert_int_eq(facts[0].instance_id, N);
	/* asked for by service, no row has one */
	arrived.source[OG_SIGNAL_METRICS].grouped_by_pod = false;
	count();
	ck_assert_int_eq(facts[0].instance_id, U);
	ck_assert_int_eq(facts[1].instance_id, U);
}
END_TEST

START_TEST(without_evidence_nothing_is_known)
{
	const struct og_stars_many in = {.workloads = w, .n = WORKLOADS, .seed = 1};
	struct og_err err = OG_ERR_INIT;

	world();
	for (int i = 0; i < WORKLOADS; i++)
		og_stars_facts_init(&facts[i]);
	ck_assert_int_eq(og_stars_facts_of_many(&in, &arena, facts, &err), 0);
	ck_assert_int_eq(facts[0].instance_id, U);
	ck_assert(facts[0].logs_with_trace < 0);
}
END_TEST

/* ---- in short ---- */

static const char *text_of(const struct og_stars_brief *b, enum og_stars_dimension d)
{
	og_auto_buf struct og_buf out = OG_BUF_INIT(64);
	og_stars_brief_text(&b->score[d], d, &out);
	return og_arena_strndup(&arena, out.p, out.len);
}

START_TEST(without_backends_it_is_a_range)
{
	static const enum og_signal_mode modes[OG_SIGNAL_COUNT_] = {
		OG_MODE_EXPECTED, OG_MODE_EXPECTED, OG_MODE_EXPECTED, OG_MODE_OFF};
	struct og_stars_brief b;

	f.replicas = N;
	f.probes = Y;
	og_stars_unverified(modes, &f, &b);
	ck_assert(b.told);
	ck_assert_str_eq(text_of(&b, OG_STARS_COVERAGE), "0-5/5");
	ck_assert_ptr_null(b.score[OG_STARS_COVERAGE].raise);
	ck_assert_str_eq(b.score[OG_STARS_COVERAGE].unknown->id, "coverage.metrics");
	ck_assert_str_eq(b.score[OG_STARS_PRODUCTION].raise->id, "production.replicas");
	ck_assert_uint_eq(b.score[OG_STARS_PRODUCTION].percent, 10);
	ck_assert_uint_eq(b.score[OG_STARS_PRODUCTION].best_percent, 85);
	ck_assert(!b.score[OG_STARS_PROFILING].applies);
	ck_assert_str_eq(text_of(&b, OG_STARS_PROFILING), "-");
}
END_TEST

START_TEST(rules_have_ids)
{
	ck_assert_ptr_eq(og_stars_rule_of(OG_SV("coverage.logs")), og_stars_rule(2));
	ck_assert_ptr_null(og_stars_rule_of(OG_SV("coverage")));
	ck_assert_ptr_null(og_stars_rule_of(OG_SV("")));
	ck_assert_str_eq(og_stars_dimension_id((enum og_stars_dimension)77), "?");
	for (size_t i = 0; i < OG_STARS_RULES; i++) {
		const struct og_stars_rule *r = og_stars_rule(i);
		ck_assert(og_sv_starts(og_svz(r->id), og_svz(og_stars_dimension_id(r->dimension))));
	}
}
END_TEST

/* ---- from a status ---- */

static bool read_status(const char *stars, struct og_stars_brief *ret)
{
	const char *text = og_arena_fmt(&arena, "{\"stars\":%s}", stars);
	const struct og_owner o = {.group = OG_SV("apps"),
		.kind = OG_SV("Deployment"),
		.name = OG_SV("web"),
		.uid = OG_SV("")};
	struct og_telemetry_row row;
	struct og_jdoc d;

	ck_assert_int_eq(og_jdoc_parse(&d, &arena, og_svz(text), NULL, NULL), 0);
	ck_assert_int_eq(
		og_telemetry_row_read(OG_SV("shop"), &o, og_jroot(&d), &arena, &row, NULL), 0);
	*ret = row.row.stars;
	return ret->told;
}

START_TEST(what_was_written_is_read_again)
{
	struct og_stars_brief b;

	ck_assert(read_status("{\"coverage\":{\"stars\":3,\"best\":4,\"percent\":60,"
			      "\"bestPercent\":85,\"raise\":\"coverage.logs\","
			      "\"unknown\":\"of.tomorrow\"}}",
		&b));
	ck_assert_str_eq(text_of(&b, OG_STARS_COVERAGE), "3-4/5");
	ck_assert_str_eq(b.score[0].raise->id, "coverage.logs");
	ck_assert_ptr_null(b.score[0].unknown); /* of a newer controller */
	ck_assert(!b.score[OG_STARS_QUALITY].applies);
}
END_TEST

START_TEST(what_nobody_wrote_is_not_believed)
{
	static const char *const bad[] = {"null", "7", "[]", "\"*****\"",
		"{\"coverage\":{\"stars\":6,\"best\":6}}",
		"{\"coverage\":{\"stars\":3,\"best\":2}}",
		"{\"profiling\":{\"stars\":1,\"best\":4}}",
		"{\"coverage\":{\"stars\":1,\"best\":2,\"percent\":90,\"bestPercent\":50}}",
		"{\"coverage\":{\"stars\":1,\"best\":2,\"percent\":1,\"bestPercent\":101}}"};
	struct og_stars_brief b;

	for (size_t i = 0; i < OG_COUNT(bad); i++)
		ck_assert_msg(!read_status(bad[i], &b), "%s", bad[i]);
	/* a dimension that is no object does not apply */
	ck_assert(read_status("{\"coverage\":[1],\"quality\":{\"best\":5}}", &b));
	ck_assert(!b.score[0].applies && b.score[1].applies);
	/* numbers below nothing are nothing */
	ck_assert(read_status("{\"coverage\":{\"stars\":-4,\"best\":1.5}}", &b));
	ck_assert_uint_eq(b.score[0].stars + b.score[0].best, 0);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("core/stars_facts");
	TCase *tc = tcase_create("facts");
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, what_a_template_says, 0, OG_COUNT(templates));
	tcase_add_loop_test(tc, what_a_rollout_says, 0, OG_COUNT(rollouts));
	tcase_add_test(tc, only_what_is_not_known_is_added);
	tcase_add_test(tc, what_arrival_says);
	tcase_add_test(tc, names_of_collected_lines_are_nobodys);
	tcase_add_test(tc, findings_say_no);
	tcase_add_test(tc, shares_and_versions_find_their_workload);
	tcase_add_test(tc, no_exemplars_is_known_only_where_they_would_show);
	tcase_add_test(tc, exports_are_counted_by_sdks_else_by_collectors);
	tcase_add_test(tc, instances_tell_pods_apart);
	tcase_add_test(tc, without_evidence_nothing_is_known);
	tcase_add_test(tc, without_backends_it_is_a_range);
	tcase_add_test(tc, rules_have_ids);
	tcase_add_test(tc, what_was_written_is_read_again);
	tcase_add_test(tc, what_nobody_wrote_is_not_believed);
	suite_add_tcase(s, tc);
	return og_suite_run(s);
}
