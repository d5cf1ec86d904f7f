/* SPDX-License-Identifier: Apache-2.0 */
/* What is to arrive, from what containers are told. */
#include "otelgate/core/expect.h"

#include <check.h>
#include <string.h>
#include "otelgate/base/mem.h"
#include "otelgate/core/config_read.h"
#include "support/suite.h"

static struct og_arena arena;

static void setup(void)
{
	og_arena_init(&arena, 0, 0);
}

static void teardown(void)
{
	og_arena_fini(&arena);
}

static struct og_expectation expect(const char *profile, const char *containers)
{
	const char *text = og_arena_fmt(&arena,
		"apiVersion: otelgate.dev/v1alpha1\nkind: GrafanaStack\nmetadata: {name: s}\n"
		"spec: {receiver: {endpoint: 'http://alloy:4318/', endpoints: "
		"{profiles: 'http://alloy:4040'}}}\n---\n"
		"apiVersion: otelgate.dev/v1alpha1\nkind: TelemetryProfile\nmetadata: {name: p}\n"
		"spec: {default: true, %s}\n",
		profile);
	const char *object = og_arena_fmt(&arena,
		"{\"apiVersion\":\"apps/v1\",\"kind\":\"Deployment\",\"metadata\":{\"name\":\"web\","
		"\"namespace\":\"shop\"},\"spec\":{\"template\":{\"metadata\":{\"annotations\":{"
		"\"otelgate.dev/inject\":\"true\"}},\"spec\":{\"containers\":[%s]}}}}",
		containers);
	struct og_config_input input = {"config", og_svz(text)};
	struct og_config_report report;
	struct og_config *config = NULL;
	struct og_jdoc *d = og_arena_new(&arena, struct og_jdoc);
	struct og_plan *plan = NULL;
	struct og_expectation x;
	struct og_err err = OG_ERR_INIT;

	ck_assert_msg(og_config_read(&arena, &input, 1, &config, &report) == 0, "%s", text);
	ck_assert_msg(og_jdoc_parse(d, &arena, og_svz(object), NULL, &err) == 0, "%s", err.msg);
	struct og_plan_input in = {.config = config, .object = og_jroot(d)};
	ck_assert_int_eq(
		og_facts_of_workload(NULL, in.object, OG_SV(""), &arena, &in.facts, &err), 0);
	ck_assert_msg(og_plan_make(&in, &arena, &plan, &err) == 0, "%s", err.msg);
	ck_assert_int_eq(plan->reason, OG_REASON_INJECTED);
	ck_assert_msg(og_expect(plan, &arena, &x, &err) == 0, "%s", err.msg);
	return x;
}

#define CONTAINER(env) "{\"name\":\"app\",\"image\":\"i\",\"env\":[" env "]}"
#define VAR(n, v)      "{\"name\":\"" n "\",\"value\":\"" v "\"}"
#define FROM(n) \
	"{\"name\":\"" n "\",\"valueFrom\":{\"configMapKeyRef\":{\"name\":\"c\",\"key\":\"k\"}}}"

START_TEST(names_are_those_that_will_arrive)
{
	static const struct {
		const char *env, *namespace, *name;
	} rows[] = {
		{"", "shop", "web"},
		{VAR("OTEL_SERVICE_NAME", "mine"), "shop", "mine"},
		{VAR("OTEL_SERVICE_NAME", "$(X)-mine"), "shop", ""},
		{FROM("OTEL_SERVICE_NAME"), "shop", ""},
		{VAR("OTEL_RESOURCE_ATTRIBUTES", "service.namespace=a%2Fb, service.name=c"), "a/b",
			"c"},
		{VAR("OTEL_RESOURCE_ATTRIBUTES", "service.namespace=$(NS)"), "", "web"},
		{VAR("OTEL_RESOURCE_ATTRIBUTES", "service.namespaces=x"), "shop", "web"},
		/* a malformed list is left as it is, without ours */
		{VAR("OTEL_RESOURCE_ATTRIBUTES", "team=x,=,x"), "", "web"},
	};
	for (size_t i = 0; i < OG_COUNT(rows); i++) {
		char *c = og_arena_fmt(&arena, CONTAINER("%s"), rows[i].env);
		struct og_expectation x = expect("signals: {}", c);
		ck_assert_uint_eq(x.nidentities, 1);
		ck_assert_msg(og_sv_eq(x.identities[0].service_name, og_svz(rows[i].name)),
			"%zu: %.*s", i, OG_SV_ARG(x.identities[0].service_name));
		ck_assert_msg(
			og_sv_eq(x.identities[0].service_namespace, og_svz(rows[i].namespace)),
			"%zu: %.*s", i, OG_SV_ARG(x.identities[0].service_namespace));
		ck_assert(og_sv_is(x.identities[0].container, "app"));
	}
}
END_TEST

/* o = ours, n = none, e = elsewhere: metrics, traces, logs. */
START_TEST(exporters_are_ours_unless_the_owner_says_otherwise)
{
	static const struct {
		const char *env, *want;
	} rows[] = {
		{"", "ooo"},
		{VAR("OTEL_SDK_DISABLED", "TRUE"), "nnn"},
		{VAR("OTEL_SDK_DISABLED", "1"), "ooo"}, /* only "true" counts, by the spec */
		{VAR("OTEL_TRACES_EXPORTER", "none"), "ono"},
		{VAR("OTEL_TRACES_EXPORTER", "console"), "oeo"},
		{VAR("OTEL_TRACES_EXPORTER", "console, otlp"), "ooo"},
		{VAR("OTEL_TRACES_EXPORTER", ""), "ooo"},
		{FROM("OTEL_TRACES_EXPORTER"), "ooo"},
		{VAR("OTEL_METRICS_EXPORTER", "prometheus"), "eoo"},
		{VAR("OTEL_EXPORTER_OTLP_ENDPOINT", "http://elsewhere:4318"), "eee"},
		{VAR("OTEL_EXPORTER_OTLP_ENDPOINT", "http://alloy:4318"), "ooo"},
		{VAR("OTEL_EXPORTER_OTLP_ENDPOINT", "http://alloy:43180"), "eee"},
		{VAR("OTEL_EXPORTER_OTLP_LOGS_ENDPOINT", "http://elsewhere/v1/logs"), "ooe"},
		{VAR("OTEL_EXPORTER_OTLP_LOGS_ENDPOINT", "http://alloy:4318/v1/logs"), "ooo"},
		{VAR("OTEL_EXPORTER_OTLP_ENDPOINT", "http://elsewhere") "," VAR(
			 "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://alloy:4318/v1/traces"),
			"eoe"},
	};
	for (size_t i = 0; i < OG_COUNT(rows); i++) {
		struct og_expectation x =
			expect("signals: {}", og_arena_fmt(&arena, CONTAINER("%s"), rows[i].env));
		for (int s = 0; s < 3; s++)
			ck_assert_msg("one"[x.ask[s].exporter] == rows[i].want[s], "%zu %d", i, s);
	}
}
END_TEST

START_TEST(samplers_say_how_much_is_to_be_expected)
{
	static const struct {
		const char *profile, *env;
		double want;
	} rows[] = {
		{"signals: {}", "", 1},
		{"sdk: {sampler: {type: always_off}}", "", 0},
		{"sdk: {sampler: {type: traceidratio, argument: '0.25'}}", "", .25},
		{"sdk: {sampler: {type: parentbased_traceidratio, argument: '0.25'}}", "", .25},
		{"sdk: {sampler: {type: traceidratio, argument: '0.25'}}",
			VAR("OTEL_TRACES_SAMPLER", "always_on"), 1},
		{"signals: {}", VAR("OTEL_TRACES_SAMPLER", "parentbased_always_off"), 0},
		{"signals: {}", VAR("OTEL_TRACES_SAMPLER", "xray"), -1},
		{"signals: {}", VAR("OTEL_TRACES_SAMPLER", ""), 1},
		{"signals: {}", VAR("OTEL_TRACES_SAMPLER", "traceidratio"), 1},
		{"signals: {}",
			VAR("OTEL_TRACES_SAMPLER", "traceidratio") "," VAR(
				"OTEL_TRACES_SAMPLER_ARG", "2"),
			-1},
		{"signals: {}",
			VAR("OTEL_TRACES_SAMPLER", "traceidratio") "," VAR(
				"OTEL_TRACES_SAMPLER_ARG", "0.1x"),
			-1},
		{"signals: {}",
			VAR("OTEL_TRACES_SAMPLER", "traceidratio") "," VAR(
				"OTEL_TRACES_SAMPLER_ARG", "nan"),
			-1},
		{"signals: {}", FROM("OTEL_TRACES_SAMPLER"), -1},
	};
	for (size_t i = 0; i < OG_COUNT(rows); i++) {
		struct og_expectation x =
			expect(rows[i].profile, og_arena_fmt(&arena, CONTAINER("%s"), rows[i].env));
		ck_assert_msg(x.ask[OG_SIGNAL_TRACES].ratio == rows[i].want, "%zu: %g", i,
			x.ask[OG_SIGNAL_TRACES].ratio);
	}
}
END_TEST

/* The variable that keeps a signal away is named: "" = none does. */
START_TEST(what_keeps_a_signal_away_is_named)
{
	static const struct {
		const char *profile, *containers, *want[3];
	} rows[] = {
		{"signals: {}", CONTAINER(""), {"", "", ""}},
		{"signals: {}", CONTAINER(VAR("OTEL_SDK_DISABLED", "true")),
			{"OTEL_SDK_DISABLED", "OTEL_SDK_DISABLED", "OTEL_SDK_DISABLED"}},
		{"signals: {}", CONTAINER(VAR("OTEL_METRICS_EXPORTER", "none")),
			{"OTEL_METRICS_EXPORTER", "", ""}},
		{"signals: {}",
			CONTAINER(VAR("OTEL_LOGS_EXPORTER", "none") "," VAR(
				"OTEL_EXPORTER_OTLP_ENDPOINT", "http://there")),
			{"OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT",
				"OTEL_LOGS_EXPORTER"}},
		{"signals: {}", CONTAINER(VAR("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://t")),
			{"", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", ""}},
		{"signals: {}", CONTAINER(VAR("OTEL_EXPORTER_OTLP_ENDPOINT", "http://alloy:4318")),
			{"", "", ""}},
		{"signals: {}", CONTAINER(VAR("OTEL_TRACES_SAMPLER", "always_off")),
			{"", "OTEL_TRACES_SAMPLER", ""}},
		{"signals: {}",
			CONTAINER(VAR("OTEL_TRACES_SAMPLER", "traceidratio") "," VAR(
				"OTEL_TRACES_SAMPLER_ARG", "0")),
			{"", "OTEL_TRACES_SAMPLER_ARG", ""}},
		{"signals: {}", CONTAINER(VAR("OTEL_TRACES_SAMPLER", "always_on")), {"", "", ""}},
		/* what the profile says is no variable of the owner's */
		{"sdk: {sampler: {type: always_off}}", CONTAINER(""), {"", "", ""}},
		/* another container sends it */
		{"signals: {}",
			CONTAINER(VAR(
				"OTEL_SDK_DISABLED", "true")) ",{\"name\":\"b\",\"image\":\"i\"}",
			{"", "", ""}},
		{"signals: {}",
			CONTAINER(VAR("OTEL_TRACES_SAMPLER",
				"always_off")) ",{\"name\":\"b\",\"image\":\"i\"}",
			{"", "", ""}},
	};
	for (size_t i = 0; i < OG_COUNT(rows); i++) {
		struct og_expectation x = expect(rows[i].profile, rows[i].containers);
		for (int s = 0; s < 3; s++) {
			const char *is = x.by[s].variable;
			ck_assert_msg(!strcmp(is ? is : "", rows[i].want[s]), "%zu %d: %s", i, s,
				is ? is : "none");
			ck_assert(!is || og_sv_is(x.by[s].container, "app"));
		}
		ck_assert_ptr_null(x.by[OG_SIGNAL_PROFILES].variable);
	}
}
END_TEST

START_TEST(one_container_that_sends_is_enough)
{
	struct og_expectation x = expect("signals: {}",
		CONTAINER(VAR("OTEL_SDK_DISABLED", "true")) ",{\"name\":\"b\",\"image\":\"i\"},"
							    "{\"name\":\"istio-proxy\","
							    "\"image\":\"istio/proxyv2\"}");
	ck_assert_uint_eq(x.nidentities, 2); /* a proxy is no target */
	ck_assert_int_eq(x.ask[OG_SIGNAL_LOGS].exporter, OG_EXPORTER_OURS);
	x = expect("signals: {logs: stdout, metrics: optional, traces: 'off'}", CONTAINER(""));
	ck_assert_int_eq(x.ask[OG_SIGNAL_LOGS].mode, OG_MODE_STDOUT);
	ck_assert_int_eq(x.ask[OG_SIGNAL_LOGS].exporter, OG_EXPORTER_OURS);
	ck_assert_int_eq(x.ask[OG_SIGNAL_METRICS].mode, OG_MODE_OPTIONAL);
	ck_assert_int_eq(x.ask[OG_SIGNAL_TRACES].mode, OG_MODE_OFF);
}
END_TEST

START_TEST(profiles_that_nobody_takes_are_not_waited_for)
{
	struct og_expectation x = expect("signals: {profiles: optional}", CONTAINER(""));
	ck_assert_int_ne(x.profiles, OG_PROFILES_AGENT);
	bool sent = x.profiles == OG_PROFILES_ENV_ONLY;
	ck_assert_int_eq(x.ask[OG_SIGNAL_PROFILES].mode, sent ? OG_MODE_OPTIONAL : OG_MODE_OFF);
	x = expect("signals: {profiles: optional}, profiles: {via: ebpf}", CONTAINER(""));
	ck_assert_int_eq(x.profiles, OG_PROFILES_EBPF);
	ck_assert_int_eq(x.ask[OG_SIGNAL_PROFILES].via, OG_ROUTE_EBPF);
	ck_assert_int_eq(x.ask[OG_SIGNAL_PROFILES].mode, OG_MODE_OPTIONAL);
	x = expect("signals: {}", CONTAINER(""));
	ck_assert_int_eq(x.ask[OG_SIGNAL_PROFILES].mode, OG_MODE_OFF);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("core/expect");
	TCase *tc = tcase_create("expect");
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, names_are_those_that_will_arrive);
	tcase_add_test(tc, exporters_are_ours_unless_the_owner_says_otherwise);
	tcase_add_test(tc, samplers_say_how_much_is_to_be_expected);
	tcase_add_test(tc, what_keeps_a_signal_away_is_named);
	tcase_add_test(tc, one_container_that_sends_is_enough);
	tcase_add_test(tc, profiles_that_nobody_takes_are_not_waited_for);
	suite_add_tcase(s, tc);
	return og_suite_run(s);
}
