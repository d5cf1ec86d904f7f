/* SPDX-License-Identifier: Apache-2.0 */
/* Statuses where the cluster does not do as it is asked; and how much is written. */
#include "otelgate/base/clock.h"
#include "otelgate/base/mem.h"
#include "support/suite.h"
#include "support/workload_objects.h"

static void fault(const char *json)
{
	struct og_err err = OG_ERR_INIT;
	ck_assert_msg(og_sim_fault(cr_sim, json, &err) == 0, "%s", err.msg);
}

static uint64_t patches(void)
{
	return og_sim_requests(cr_sim, "patch", "workloadtelemetries");
}

#define STATUS_FAULT(nth, count, action)                                                    \
	"{\"match\":{\"verb\":\"patch\",\"resource\":\"workloadtelemetries\",\"nth\":" #nth \
	",\"count\":" #count "},\"action\":" action "}"

static void begin_alone(struct cr *r)
{
	cr_init(r, "a");
	r->o.no_lease = true;
	cr_begin(r, NULL);
}

START_TEST(conflicts_and_faults_are_tried_again)
{
	struct cr r;

	cr_put(DEPLOYMENT("web", UID("d1"), IN, DONE));
	fault(STATUS_FAULT(1, 1, "{\"type\":\"status\",\"code\":409,\"reason\":\"Conflict\"}"));
	fault(STATUS_FAULT(2, 1, "{\"type\":\"status\",\"code\":500}"));
	begin_alone(&r);
	CR_UNTIL(cr_has(WT, "shop", "deployment-web", "\"conditions\""));
	ck_assert(cr_metric(&r, "otelgate_writes_total{part=\"workloads\",result=\"conflict\"}") >=
		  1);
	ck_assert_int_eq(cr_end(&r), 0);
}
END_TEST

START_TEST(an_answer_that_is_lost_is_not_written_twice)
{
	struct cr r;

	cr_put(DEPLOYMENT("web", UID("d1"), IN, DONE));
	/* The write is done, its answer never comes: what the watch shows is enough. */
	fault(STATUS_FAULT(2, 1, "{\"type\":\"reset\",\"after\":0}"));
	begin_alone(&r);
	CR_UNTIL(cr_has(WT, "shop", "deployment-web", "\"conditions\""));
	CR_UNTIL(cr_metric(&r, "otelgate_workloads") == 1);
	CR_UNTIL(
		cr_metric(&r,
			"workqueue_unfinished_work_seconds{name=\"workloads\",controller=\"workloads\"}") ==
		0);
	ck_assert_uint_le(patches(), 3);
	ck_assert_uint_eq(og_sim_count(cr_sim, WT, NULL), 1);
	ck_assert_int_eq(cr_end(&r), 0);
}
END_TEST

START_TEST(without_the_right_to_write_it_looks_on_and_does_not_hammer)
{
	static const char *const read =
		"[{\"apiGroups\":[\"\",\"apps\",\"batch\",\"otelgate.dev\",\"argoproj.io\","
		"\"networking.k8s.io\",\"admissionregistration.k8s.io\",\"discovery.k8s.io\"],"
		"\"resources\":[\"pods\",\"namespaces\",\"services\",\"secrets\",\"deployments\","
		"\"replicasets\",\"statefulsets\",\"daemonsets\",\"jobs\",\"cronjobs\",\"rollouts\","
		"\"grafanastacks\",\"telemetryprofiles\",\"workloadtelemetries\","
		"\"networkpolicies\",\"mutatingwebhookconfigurations\"],"
		"\"verbs\":[\"get\",\"list\",\"watch\"]}]";
	static const char *const writes =
		"[{\"apiGroups\":[\"otelgate.dev\"],\"resources\":[\"workloadtelemetries\","
		"\"workloadtelemetries/status\"],\"verbs\":[\"create\",\"patch\",\"delete\"]}]";
	struct cr r;
	struct og_err err = OG_ERR_INIT;

	ck_assert_int_eq(og_sim_add_user(cr_sim, "poor", NULL, "poor-token", &err), 0);
	ck_assert_msg(og_sim_allow(cr_sim, "poor", NULL, read, &err) == 0, "%s", err.msg);
	cr_put(DEPLOYMENT("web", UID("d1"), IN, DONE));
	cr_init(&r, "a");
	r.o.no_lease = true;
	cr_begin(&r, "poor-token");
	CR_UNTIL(cr_metric(&r, "otelgate_writes_total{part=\"workloads\",result=\"forbidden\"}") >=
		 1);
	ck_assert_uint_eq(og_sim_count(cr_sim, WT, NULL), 0);
	CR_UNTIL(cr_metric(&r, "otelgate_workloads") == 1);
	ck_assert_uint_le(patches(), 2);
	ck_assert_int_eq(cr_ops(&r, "/livez", NULL), 200);
	/* The right is given: the next change is written. */
	ck_assert_int_eq(og_sim_allow(cr_sim, "poor", NULL, writes, &err), 0);
	cr_put(DEPLOYMENT("web", UID("d1"), IN, ""));
	CR_UNTIL(cr_has(WT, "shop", "deployment-web", "\"conditions\""));
	ck_assert_int_eq(cr_end(&r), 0);
}
END_TEST

START_TEST(nothing_is_written_without_a_change)
{
	struct cr r;

	cr_put(DEPLOYMENT("web", UID("d1"), IN, DONE));
	begin_alone(&r);
	CR_UNTIL(cr_has(WT, "shop", "deployment-web", "\"conditions\""));
	CR_UNTIL(cr_metric(&r, "otelgate_workloads") == 1);
	const char *passes =
		"controller_runtime_reconcile_total{controller=\"workloads\",result=\"success\"}";
	CR_UNTIL(patches() >= 2); /* counted when they are answered */
	uint64_t before = patches();
	ck_assert_uint_eq(before, 2);
	for (int i = 0; i < 5; i++) {
		double done = cr_metric(&r, passes);
		cr_putf("{\"apiVersion\":\"apps/v1\",\"kind\":\"Deployment\",\"metadata\":{"
			"\"name\":\"web\",\"namespace\":\"shop\",\"generation\":1,\"annotations\":{"
			"\"x\":\"%d\"},\"uid\":\"" UID(
				"d1") "\"},\"spec\":{\"replicas\":3," TEMPLATE(IN) "}" DONE "}",
			i);
		CR_UNTIL(cr_metric(&r, passes) > done);
	}
	ck_assert_uint_eq(patches(), before);
	ck_assert_int_eq(cr_end(&r), 0);
	/* Nor by the next one, who knows nothing but what is in the cluster. */
	begin_alone(&r);
	CR_UNTIL(cr_metric(&r, "otelgate_workloads") == 1);
	CR_UNTIL(cr_metric(&r, passes) >= 1);
	ck_assert_uint_eq(patches(), before);
	ck_assert_int_eq(cr_end(&r), 0);
}
END_TEST

START_TEST(the_budget_of_writes_holds)
{
	enum { WORKLOADS = 10 };
	struct cr r;
	const struct og_clock *clock = og_clock_system();

	for (int i = 0; i < WORKLOADS; i++)
		cr_putf("{\"apiVersion\":\"apps/v1\",\"kind\":\"Deployment\",\"metadata\":{\"name\":"
			"\"w%d\",\"namespace\":\"shop\",\"generation\":1},\"spec\":{\"replicas\":1," TEMPLATE(
				IN) "}}",
			i);
	cr_init(&r, "a");
	r.o.no_lease = true;
	r.o.writes_per_s = 0;
	int64_t begun = og_clock_mono_ns(clock);
	cr_begin(&r, NULL);
	while (og_sim_count(cr_sim, WT, "shop") < WORKLOADS) {
		/* read first: more may be written before the time is */
		uint64_t n = patches();
		double s = (double)(og_clock_mono_ns(clock) - begun) / 1e9;
		ck_assert_msg(
			(double)n <= 10 + 5 * s + 1, "%llu in %.2f s", (unsigned long long)n, s);
		(void)usleep(5000);
	}
	CR_UNTIL(cr_metric(&r, "otelgate_writes_held_total{part=\"workloads\"}") > 0);
	ck_assert_int_eq(cr_end(&r), 0);
}
END_TEST

/* ---- who may write ---- */

START_TEST(who_loses_the_lease_between_two_writes_does_not_do_the_second)
{
	struct cr r;

	cr_put(DEPLOYMENT("web", UID("d1"), IN, DONE));
	fault(STATUS_FAULT(1, 1, "{\"type\":\"delay\",\"ms\":4000}"));
	cr_init(&r, "a");
	cr_begin(&r, NULL);
	CR_UNTIL(og_sim_faults_hit(cr_sim) == 1);
	cr_put("{\"apiVersion\":\"coordination.k8s.io/v1\",\"kind\":\"Lease\",\"metadata\":{\"name\":"
	       "\"otelgate-controller\",\"namespace\":\"default\"},\"spec\":{\"holderIdentity\":"
	       "\"another\",\"leaseDurationSeconds\":15,\"renewTime\":\"2099-01-01T00:00:00.000000Z\","
	       "\"acquireTime\":\"2099-01-01T00:00:00.000000Z\",\"leaseTransitions\":7}}");
	pthread_join(r.thread, NULL);
	ck_assert_int_eq(r.code, -(int)OG_E_CANCELLED);
	ck_assert_uint_eq(patches(), 1);
	(void)close(r.stop[0]);
	(void)close(r.stop[1]);
}
END_TEST

START_TEST(the_next_leader_goes_on_without_repeating)
{
	struct cr a, b;

	cr_put(DEPLOYMENT("web", UID("d1"), IN, DONE));
	cr_init(&a, "a");
	cr_begin(&a, NULL);
	CR_UNTIL(cr_has(WT, "shop", "deployment-web", "\"conditions\""));
	cr_init(&b, "b");
	cr_begin(&b, NULL);
	CR_UNTIL(cr_ops(&b, "/readyz", NULL) == 200);
	/* Who does not lead looks on. */
	ck_assert(cr_metric(&b, "otelgate_workloads") <= 0);
	CR_UNTIL(patches() >= 2); /* counted when they are answered */
	uint64_t before = patches();
	int64_t from = og_clock_mono_ns(og_clock_system());
	ck_assert_int_eq(cr_end(&a), 0);
	ck_assert_int_lt(og_clock_mono_ns(og_clock_system()) - from, 2 * OG_NS_PER_S);
	CR_UNTIL(cr_metric(&b, "otelgate_workloads") == 1);
	ck_assert_uint_eq(patches(), before);
	cr_put(DEPLOYMENT("next", UID("d2"), IN, DONE));
	CR_UNTIL(cr_has(WT, "shop", "deployment-next", "\"conditions\""));
	ck_assert_int_eq(cr_end(&b), 0);
}
END_TEST

START_TEST(a_server_that_restarts_is_caught_up_with)
{
	struct cr r;
	struct og_err err = OG_ERR_INIT;

	cr_put(DEPLOYMENT("web", UID("d1"), IN, DONE));
	begin_alone(&r);
	CR_UNTIL(cr_has(WT, "shop", "deployment-web", "\"conditions\""));
	CR_UNTIL(patches() >= 2); /* counted when they are answered */
	uint64_t before = patches();
	og_sim_down(cr_sim);
	cr_put(DEPLOYMENT("next", UID("d2"), IN, DONE));
	ck_assert_int_eq(og_sim_up(cr_sim, &err), 0);
	CR_UNTIL(cr_has(WT, "shop", "deployment-next", "\"conditions\""));
	CR_UNTIL(patches() >= before + 2);
	ck_assert_int_eq(cr_end(&r), 0);
	ck_assert_uint_eq(patches(), before + 2);
}
END_TEST

/* ---- what is said ---- */

#define NOT_AVAILABLE                                                                 \
	",\"status\":{\"observedGeneration\":1,\"replicas\":3,\"updatedReplicas\":3," \
	"\"readyReplicas\":0,\"availableReplicas\":0,\"unavailableReplicas\":3}"
#define CRASHING                                                                                                     \
	"{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"metadata\":{\"name\":\"web-1-a\","                                \
	"\"namespace\":\"shop\",\"creationTimestamp\":\"2026-01-01T00:00:00Z\",\"labels\":{"                         \
	"\"a\":\"b\"}," OWNED("ReplicaSet", "web-1",                                                                 \
		UID("e1")) "},\"spec\":{\"nodeName\":\"n\","                                                         \
			   "\"containers\":[{\"name\":\"app\",\"image\":\"w\"}]},\"status\":{\"phase\":\"Running\"," \
			   "\"conditions\":[{\"type\":\"Ready\",\"status\":\"False\"}],\"containerStatuses\":[{"     \
			   "\"name\":\"app\",\"ready\":false,\"restartCount\":7,\"state\":{\"waiting\":{\"reason\":" \
			   "\"CrashLoopBackOff\"}},\"lastState\":{\"terminated\":{\"exitCode\":3,\"reason\":"        \
			   "\"Error\",\"finishedAt\":\"2026-01-01T01:00:00Z\"}}}]}}"

START_TEST(a_stuck_rollout_is_said_once_and_named)
{
	struct cr r;

	cr_put(DEPLOYMENT("web", UID("d1"), IN, NOT_AVAILABLE));
	cr_put(REPLICA_SET("web-1", UID("e1")));
	cr_put(CRASHING);
	begin_alone(&r);
	CR_UNTIL(wt_has("deployment-web", "\"reason\":\"CrashLooping\""));
	const char *o = cr_get(WT, "shop", "deployment-web");
	ck_assert_ptr_nonnull(strstr(o, "\"exitCode\":3"));
	ck_assert_ptr_nonnull(strstr(o, "\"container\":\"app\""));
	ck_assert_ptr_nonnull(strstr(o, "\"state\":\"Stuck\""));
	CR_UNTIL(og_sim_count(cr_sim, "events.events.k8s.io", "shop") >= 1);
	CR_UNTIL(cr_metric(&r,
			 "otelgate_workload_rollouts{state=\"Stuck\",reason=\"CrashLooping\"}") ==
		 1);
	size_t events = og_sim_count(cr_sim, "events.events.k8s.io", "shop");
	ck_assert_int_eq(cr_end(&r), 0);
	/* Another process does not say again what the status says. */
	begin_alone(&r);
	CR_UNTIL(cr_metric(&r, "otelgate_workloads") == 1);
	ck_assert_int_eq(cr_end(&r), 0);
	ck_assert_uint_eq(og_sim_count(cr_sim, "events.events.k8s.io", "shop"), events);
}
END_TEST

START_TEST(a_missing_profile_is_said_in_the_status)
{
	struct cr r;

	cr_put(DEPLOYMENT("web", UID("d1"),
		"\"annotations\":{\"otelgate.dev/inject\":\"no-such-profile\"},", DONE));
	begin_alone(&r);
	CR_UNTIL(cr_has(WT, "shop", "deployment-web", "\"reason\":\"ProfileMissing\""));
	ck_assert(is("deployment-web", "Injected", "False"));
	ck_assert(is("deployment-web", "Ready", "False"));
	ck_assert_str_eq(revision("deployment-web"), "");
	ck_assert_int_eq(cr_end(&r), 0);
}
END_TEST

START_TEST(another_configuration_is_another_revision)
{
	struct cr r;
	char before[32];

	cr_put(DEPLOYMENT("web", UID("d1"), IN, DONE));
	begin_alone(&r);
	CR_UNTIL(cr_has(WT, "shop", "deployment-web", "\"conditions\""));
	(void)snprintf(before, sizeof(before), "%s", revision("deployment-web"));
	cr_apply("apiVersion: otelgate.dev/v1alpha1\nkind: GrafanaStack\nmetadata: {name: s}\n"
		 "spec: {receiver: {endpoint: 'http://other.example.com:4318'}}\n");
	CR_UNTIL(*revision("deployment-web") && strcmp(revision("deployment-web"), before) != 0);
	ck_assert_int_eq(cr_end(&r), 0);
}
END_TEST

/* ---- what only an Event says ---- */

static void refused_set(const char *name, const char *uid)
{
	cr_putf("{\"apiVersion\":\"apps/v1\",\"kind\":\"StatefulSet\",\"metadata\":{\"name\":\"%s\","
		"\"namespace\":\"shop\",\"generation\":1,\"uid\":\"%s\"},\"spec\":{\"replicas\":3,"
		"\"serviceName\":\"%s\",\"selector\":{\"matchLabels\":{\"app\":\"%s\"}},"
		"\"updateStrategy\":{\"type\":\"RollingUpdate\",\"rollingUpdate\":{\"partition\":0}},"
		"\"template\":{\"metadata\":{\"labels\":{\"app\":\"%s\"},\"annotations\":{"
		"\"otelgate.dev/inject\":\"true\"}},\"spec\":{\"containers\":[{\"name\":\"app\","
		"\"image\":\"i\"}]}}},\"status\":{\"observedGeneration\":1,\"replicas\":0}}",
		name, uid, name, name, name);
}

static void refusal(const char *event, const char *uid, const char *note)
{
	cr_putf("{\"apiVersion\":\"v1\",\"kind\":\"Event\",\"metadata\":{\"name\":\"%s\","
		"\"namespace\":\"shop\"},\"involvedObject\":{\"apiVersion\":\"apps/v1\",\"kind\":"
		"\"StatefulSet\",\"namespace\":\"shop\",\"name\":\"x\",\"uid\":\"%s\"},\"reason\":"
		"\"FailedCreate\",\"message\":\"%s\",\"type\":\"Warning\",\"firstTimestamp\":"
		"\"2026-01-01T00:00:00Z\",\"lastTimestamp\":\"2026-01-01T00:00:05Z\"}",
		event, uid, note);
}

START_TEST(an_event_says_why_pods_are_missing)
{
	struct cr r;

	refused_set("db", UID("d1"));
	refused_set("other", UID("d2"));
	refusal("db.1", UID("d1"), "create Pod db-0 failed error: exceeded quota: few");
	begin_alone(&r);
	CR_UNTIL(cr_has(WT, "shop", "statefulset-db", "QuotaExceeded"));
	ck_assert(cr_has(WT, "shop", "statefulset-db", "exceeded quota: few"));
	/* Each is asked for by its uid: nothing of one is said of another. */
	CR_UNTIL(og_sim_requests(cr_sim, "list", "events") >= 2);
	ck_assert(!cr_has(WT, "shop", "statefulset-other", "quota"));
	ck_assert_uint_eq(og_sim_requests(cr_sim, "list", "events"), 2); /* once a minute */
	ck_assert_int_eq(cr_end(&r), 0);
}
END_TEST

START_TEST(without_the_right_to_events_nobody_insists)
{
	struct cr r;

	refused_set("db", UID("d1"));
	refused_set("other", UID("d2"));
	refusal("db.1", UID("d1"), "create Pod db-0 failed error: exceeded quota: few");
	fault("{\"match\":{\"verb\":\"list\",\"resource\":\"events\",\"count\":-1},\"action\":{"
	      "\"type\":\"status\",\"code\":403,\"reason\":\"Forbidden\"}}");
	begin_alone(&r);
	CR_UNTIL(og_sim_faults_hit(cr_sim) >= 1);
	CR_UNTIL(cr_has(WT, "shop", "statefulset-db", "\"conditions\""));
	CR_UNTIL(cr_has(WT, "shop", "statefulset-other", "\"conditions\""));
	ck_assert(!cr_has(WT, "shop", "statefulset-db", "quota"));
	ck_assert_int_eq(cr_end(&r), 0);
	ck_assert_uint_le(og_sim_faults_hit(cr_sim), 2); /* one may have been in line already */
}
END_TEST

int main(void)
{
	Suite *s = suite_create("controller/workload_faults");
	TCase *tc = tcase_create("workload_faults");
	tcase_add_checked_fixture(tc, setup, cr_teardown);
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, conflicts_and_faults_are_tried_again);
	tcase_add_test(tc, an_answer_that_is_lost_is_not_written_twice);
	tcase_add_test(tc, without_the_right_to_write_it_looks_on_and_does_not_hammer);
	tcase_add_test(tc, nothing_is_written_without_a_change);
	tcase_add_test(tc, the_budget_of_writes_holds);
	tcase_add_test(tc, who_loses_the_lease_between_two_writes_does_not_do_the_second);
	tcase_add_test(tc, the_next_leader_goes_on_without_repeating);
	tcase_add_test(tc, a_server_that_restarts_is_caught_up_with);
	tcase_add_test(tc, a_stuck_rollout_is_said_once_and_named);
	tcase_add_test(tc, a_missing_profile_is_said_in_the_status);
	tcase_add_test(tc, another_configuration_is_another_revision);
	tcase_add_test(tc, an_event_says_why_pods_are_missing);
	tcase_add_test(tc, without_the_right_to_events_nobody_insists);
	suite_add_tcase(s, tc);
	return og_suite_run(s);
}
