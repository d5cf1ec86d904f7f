/* SPDX-License-Identifier: Apache-2.0 */
/* otelgate wait, against a simulated API server, and the rule by which it ends. */
#include <check.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "otelgate/audit/wait.h"
#include "otelgate/base/mem.h"
#include "support/clusterrun.h"
#include "support/suite.h"

/* ---- the rule ---- */

static const struct og_coverage_pod new_pod = {
	.name = {"p", 1}, .class_ = OG_CLASS_CURRENT, .created_s = 1000};

static struct og_telemetry_row good(void)
{
	struct og_telemetry_row t = {.observed_generation = 3, .generation = 3};

	t.row.opted_in = true;
	t.row.revision = OG_SV("aaaa");
	t.row.pod = &new_pod;
	t.row.npod = 1;
	for (int i = 0; i < OG_LINK_COUNT_; i++)
		t.row.link[i] = (struct og_cell){
			.result = OG_RESULT_PASS, .message = OG_SV("m"), .fix = OG_SV("")};
	for (int i = 0; i < OG_SIGNAL_COUNT_; i++)
		t.row.signal[i] = (struct og_coverage_signal){.cell = t.row.link[0],
			.state = OG_AR_FLOWING,
			.verified = true,
			.tie = "revision",
			.last_seen_s = 1001};
	return t;
}

static enum og_wait_end judge(
	const struct og_telemetry_row *t, const char *revision, const char *says)
{
	const struct og_wait_ask ask = {
		.signals = {true, true, true, false}, .revision = og_svz(revision)};
	og_auto_buf struct og_buf why = OG_BUF_INIT(4096);
	enum og_wait_end end = og_wait_judge(t, &ask, &why);

	og_buf_ch(&why, '\0');
	ck_assert_msg(strstr(why.p, says), "%s", why.p);
	return end;
}

START_TEST(all_of_it_is_needed)
{
	struct og_telemetry_row t = good();

	ck_assert_int_eq(judge(&t, "", ""), OG_WAIT_ARRIVED);
	ck_assert_int_eq(judge(&t, "aaaa", ""), OG_WAIT_ARRIVED);
	ck_assert_int_eq(judge(&t, "bbbb", "bbbb is waited for"), OG_WAIT_NOT_YET);
	t.generation = 4;
	ck_assert_int_eq(judge(&t, "", "and 4 is the newest"), OG_WAIT_NOT_YET);
	t.generation = 0; /* may not be read */
	ck_assert_int_eq(judge(&t, "", ""), OG_WAIT_ARRIVED);
	t.observed_generation = 0;
	ck_assert_int_eq(judge(&t, "", "not written a status"), OG_WAIT_NOT_YET);
	t = good();
	t.row.link[OG_LINK_INJECTED].result = OG_RESULT_FAIL;
	ck_assert_int_eq(judge(&t, "", "injection: "), OG_WAIT_NOT_YET);
	t = good();
	t.row.link[OG_LINK_ROLLED_OUT].result = OG_RESULT_UNKNOWN;
	ck_assert_int_eq(judge(&t, "", "rollout: "), OG_WAIT_NOT_YET);
	t = good();
	t.row.revision = OG_SV("");
	ck_assert_int_eq(judge(&t, "", "no revision"), OG_WAIT_NOT_YET);
	t = good();
	t.row.opted_in = false;
	t.row.link[OG_LINK_OPTED_IN].result = OG_RESULT_FAIL;
	ck_assert_int_eq(judge(&t, "", "opt-in"), OG_WAIT_NEVER);
}
END_TEST

START_TEST(a_signal_is_of_the_new_pods)
{
	static const enum og_arrival_state not_yet[] = {OG_AR_UNKNOWN, OG_AR_WAITING, OG_AR_NEVER,
		OG_AR_STALE, OG_AR_IDLE, OG_AR_VIA_STDOUT};
	struct og_telemetry_row t;
	struct og_coverage_signal *s = &t.row.signal[OG_SIGNAL_TRACES];

	for (size_t i = 0; i < OG_COUNT(not_yet); i++) {
		t = good();
		s->state = not_yet[i];
		ck_assert_int_eq(judge(&t, "", "traces: "), OG_WAIT_NOT_YET);
	}
	t = good();
	s->state = OG_AR_OFF;
	ck_assert_int_eq(judge(&t, "", "traces: "), OG_WAIT_NEVER);
	t = good();
	s->tie = "service";
	ck_assert_int_eq(judge(&t, "", "tied by service"), OG_WAIT_NOT_YET);
	s->tie = NULL;
	ck_assert_int_eq(judge(&t, "", "tied by nothing"), OG_WAIT_NOT_YET);
	s->tie = "pod";
	ck_assert_int_eq(judge(&t, "", "tied by pod"), OG_WAIT_NOT_YET);
	s->pods_known = true;
	s->covered = s->of = 1;
	ck_assert_int_eq(judge(&t, "", ""), OG_WAIT_ARRIVED);
	s->tie = "revision";
	s->covered = 0;
	ck_assert_int_eq(judge(&t, "", "none of the 1 pods"), OG_WAIT_NOT_YET);
	t = good();
	s->last_seen_s = 999; /* the pod is newer */
	ck_assert_int_eq(judge(&t, "", "older than the newest pod"), OG_WAIT_NOT_YET);
	s->since_s = 1000;
	ck_assert_int_eq(judge(&t, "", ""), OG_WAIT_ARRIVED);
	/* Not asked for. */
	t = good();
	t.row.signal[OG_SIGNAL_PROFILES].state = OG_AR_NEVER;
	ck_assert_int_eq(judge(&t, "", ""), OG_WAIT_ARRIVED);
	t.row.signal[OG_SIGNAL_LOGS].state = OG_AR_VIA_STDOUT;
	t.row.signal[OG_SIGNAL_LOGS].cell.reason = "ByStdout";
	ck_assert_int_eq(judge(&t, "", ""), OG_WAIT_ARRIVED);
}
END_TEST

/* ---- the command ---- */

#define COND(type, status, reason, message)                                     \
	"{\"type\":\"" type "\",\"status\":\"" status "\",\"reason\":\"" reason \
	"\",\"message\":\"" message "\"}"
#define SIGNAL \
	"{\"state\":\"Flowing\",\"reason\":\"Arriving\",\"tie\":\"revision\",\"lastSeen\":\"%s\"}"

static void workload(unsigned generation)
{
	clr_putf(
		"{\"apiVersion\":\"apps/v1\",\"kind\":\"Deployment\",\"metadata\":{\"name\":\"web\","
		"\"namespace\":\"shop\",\"uid\":\"d1\",\"generation\":%u},\"spec\":{\"replicas\":1,"
		"\"selector\":{\"matchLabels\":{\"a\":\"b\"}},\"template\":{\"metadata\":{"
		"\"annotations\":{\"otelgate.dev/inject\":\"true\"}},\"spec\":{\"containers\":[{"
		"\"name\":\"app\",\"image\":\"w\"}]}}}}",
		generation);
}

static void told(unsigned generation, const char *traces)
{
	char at[64];

	(void)snprintf(at, sizeof(at), "%s", clr_ago(5));
	clr_putf(
		"{\"apiVersion\":\"otelgate.dev/v1alpha1\",\"kind\":\"WorkloadTelemetry\",\"metadata\":"
		"{\"name\":\"deployment-web\",\"namespace\":\"shop\",\"ownerReferences\":[{"
		"\"apiVersion\":\"apps/v1\",\"kind\":\"Deployment\",\"name\":\"web\",\"uid\":\"d1\","
		"\"controller\":true}]},\"status\":{\"observedGeneration\":%u,\"revision\":\"aaaa\","
		"\"rollout\":{\"state\":\"Complete\"},\"signals\":{\"metrics\":" SIGNAL
		",\"logs\":" SIGNAL ",\"traces\":{\"state\":\"%s\",\"reason\":\"NeverArrived\","
		"\"tie\":\"revision\",\"lastSeen\":\"%s\"}},\"conditions\":[" COND(
			"Injected", "True", "Injected", "All.") "," COND("CredentialsReady", "True",
			"NotNeeded", "None.") "," COND("EgressAllowed", "True", "Off",
			"Off.") "," COND("RolloutComplete", "True", "RolloutComplete",
			"All.") "," COND("TracesReceived", "False", "NeverArrived",
			"No trace has come.") "," COND("Ready", "False", "NeverArrived",
			"No trace has come.") "]}}",
		generation, at, at, traces, at);
}

START_TEST(it_has_arrived)
{
	clr_crd("workloadtelemetries");
	workload(2);
	told(2, "Flowing");
	ck_assert_int_eq(CLR_RUN("wait", "-n", "shop", "deployment/web"), 0);
	ck_assert(clr_says("shop deployment/web: arrived"));
	ck_assert_int_eq(CLR_RUN("wait", "-n", "shop", "deploy/web", "--revision", "aaaa"), 0);
}
END_TEST

static void *later(void *arg)
{
	(void)arg;
	for (int i = 0; i < 3000 && !clr_said_so_far("and 2 is the newest"); i++)
		(void)usleep(10000);
	told(2, "Never");
	for (int i = 0; i < 3000 && !clr_said_so_far("traces: NeverArrived"); i++)
		(void)usleep(10000);
	told(2, "Flowing");
	return NULL;
}

START_TEST(it_waits_for_the_new_generation)
{
	pthread_t t;

	clr_crd("workloadtelemetries");
	workload(2);
	told(1, "Flowing");
	ck_assert_int_eq(pthread_create(&t, NULL, later, NULL), 0);
	ck_assert_int_eq(CLR_RUN("wait", "-n", "shop", "deployment/web", "--timeout", "50s"), 0);
	pthread_join(t, NULL);
	ck_assert(clr_says("has judged generation 1, and 2 is the newest"));
	ck_assert(clr_says("shop deployment/web: arrived"));
}
END_TEST

START_TEST(at_the_end_of_the_time_it_says_what_is_broken)
{
	clr_crd("workloadtelemetries");
	workload(2);
	told(2, "Never");
	ck_assert_int_eq(CLR_RUN("wait", "-n", "shop", "deployment/web", "--timeout", "1s"), 1);
	ck_assert(clr_says("not arrived in time: traces: NeverArrived: No trace has come."));
	ck_assert(clr_says("First link that is broken: received (NeverArrived)"));
	ck_assert_int_eq(CLR_RUN("wait", "-n", "shop", "deployment/web", "--signals",
				 "metrics, logs", "--timeout", "5s"),
		0);
}
END_TEST

START_TEST(what_cannot_be_is_said_at_once)
{
	clr_crd("workloadtelemetries");
	workload(2);
	told(2, "Off");
	ck_assert_int_eq(CLR_RUN("wait", "-n", "shop", "deployment/web", "--timeout", "1h"), 1);
	ck_assert(clr_says("will not arrive: traces: "));
	ck_assert_int_eq(CLR_RUN("wait", "-n", "shop", "deployment/other", "--timeout", "1h"), 3);
	ck_assert(clr_says("no workload is called \"Deployment/other\" in namespace shop"));
	ck_assert_int_eq(CLR_RUN("wait", "-n", "shop", "deployment"), 2);
	ck_assert_int_eq(CLR_RUN("wait", "-n", "shop", "web"), 2);
	ck_assert_int_eq(CLR_RUN("wait", "-n", "shop"), 2);
	ck_assert_int_eq(CLR_RUN("wait", "deployment/web", "--signals", "metrics,spans"), 2);
	ck_assert(clr_says("\"spans\" is none of"));
	ck_assert_int_eq(CLR_RUN("wait", "deployment/web", "--signals", ""), 2);
}
END_TEST

START_TEST(without_statuses_or_rights_nobody_knows)
{
	workload(2);
	ck_assert_int_eq(CLR_RUN("wait", "-n", "shop", "deployment/web", "--timeout", "1h"), 3);
	ck_assert(clr_says("the cluster has no WorkloadTelemetry"));
	clr_crd("workloadtelemetries");
	clr_user("x", "[{\"apiGroups\":[\"apps\"],\"resources\":[\"deployments\"],\"verbs\":["
		      "\"list\",\"watch\"]}]");
	ck_assert_int_eq(CLR_RUN("wait", "-n", "shop", "deployment/web", "--timeout", "1h"), 3);
	ck_assert(clr_says("workloadtelemetries"));
	og_sim_down(clr_sim);
	ck_assert_int_eq(CLR_RUN("wait", "-n", "shop", "deployment/web", "--timeout", "2s"), 3);
}
END_TEST

START_TEST(the_right_to_statuses_alone_is_enough)
{
	clr_crd("workloadtelemetries");
	workload(2);
	told(2, "Flowing");
	clr_user("r", "[{\"apiGroups\":[\"otelgate.dev\"],\"resources\":[\"workloadtelemetries\"],"
		      "\"verbs\":[\"list\",\"watch\"]}]");
	ck_assert_int_eq(CLR_RUN("wait", "-n", "shop", "deployment/web", "--timeout", "20s"), 0);
	ck_assert(clr_says("deployments.apps in namespace shop")); /* what it goes without */
}
END_TEST

int main(void)
{
	Suite *s = suite_create("cli/wait");
	TCase *rule = tcase_create("rule"), *tc = tcase_create("wait");

	tcase_add_test(rule, all_of_it_is_needed);
	tcase_add_test(rule, a_signal_is_of_the_new_pods);
	tcase_add_checked_fixture(tc, clr_setup, clr_teardown);
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, it_has_arrived);
	tcase_add_test(tc, it_waits_for_the_new_generation);
	tcase_add_test(tc, at_the_end_of_the_time_it_says_what_is_broken);
	tcase_add_test(tc, what_cannot_be_is_said_at_once);
	tcase_add_test(tc, without_statuses_or_rights_nobody_knows);
	tcase_add_test(tc, the_right_to_statuses_alone_is_enough);
	suite_add_tcase(s, rule);
	suite_add_tcase(s, tc);
	return og_suite_run(s);
}
