/* SPDX-License-Identifier: Apache-2.0 */
/* Managed restarts, as seen through the API server: what is written, and above all what is not. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "otelgate/base/mem.h"
#include "sim/client.h"
#include "support/controller_run.h"
#include "support/suite.h"

#define WT     "workloadtelemetries.otelgate.dev"
#define DEPLOY "deployments.apps"
#define OLD    "0123456789abcdef"
#define STACK                                                                          \
	"apiVersion: otelgate.dev/v1alpha1\nkind: GrafanaStack\nmetadata: {name: s}\n" \
	"spec: {receiver: {endpoint: 'http://alloy.example.com:4318'}}\n---\n"
#define PROFILE(restart)                                                                   \
	"apiVersion: otelgate.dev/v1alpha1\nkind: TelemetryProfile\nmetadata: {name: p}\n" \
	"spec: {stack: s" restart "}\n"
#define MANAGED PROFILE(", restart: {mode: managed, pause: 0s}")

enum { VALUE_BYTES = 256 };

static void setup(void)
{
	cr_setup();
	cr_crd("workloadtelemetries");
}

/* ---- objects ---- */

/* A workload whose rollout is at its end; `spec` and `status` are further members. */
static void put(
	const char *kind, const char *name, const char *uid, const char *spec, const char *status)
{
	cr_putf("{\"apiVersion\":\"apps/v1\",\"kind\":\"%s\",\"metadata\":{\"name\":\"%s\","
		"\"namespace\":\"shop\",\"generation\":1,\"uid\":\"%s\"},\"spec\":{\"replicas\":1,"
		"\"selector\":{\"matchLabels\":{\"a\":\"%s\"}}%s,\"template\":{\"metadata\":{"
		"\"labels\":{\"a\":\"%s\"},\"annotations\":{\"otelgate.dev/inject\":\"true\"},"
		"\"creationTimestamp\":null},\"spec\":{\"containers\":[{\"name\":\"app\","
		"\"image\":\"w\"}]}}},\"status\":{\"observedGeneration\":99,\"replicas\":1,"
		"\"updatedReplicas\":1,\"readyReplicas\":1,\"availableReplicas\":1%s}}",
		kind, name, uid, name, spec, name, status);
}

static void put_pod(const char *name, const char *owner_kind, const char *owner,
	const char *owner_uid, const char *app, const char *revision)
{
	cr_putf("{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"metadata\":{\"name\":\"%s\","
		"\"namespace\":\"shop\",\"creationTimestamp\":\"2026-01-01T00:00:00Z\",\"labels\":{"
		"\"a\":\"%s\",\"otelgate.dev/revision\":\"%s\"},\"annotations\":{"
		"\"otelgate.dev/inject\":\"true\",\"otelgate.dev/injection\":\"{\\\"containers\\\":{\\\"app\\\":{}}}\"},"
		"\"ownerReferences\":[{\"apiVersion\":"
		"\"apps/v1\",\"kind\":\"%s\",\"name\":\"%s\",\"uid\":\"%s\",\"controller\":true}]},"
		"\"spec\":{\"nodeName\":\"n\",\"containers\":[{\"name\":\"app\",\"image\":\"w\"}]},"
		"\"status\":{\"phase\":\"Running\",\"conditions\":[{\"type\":\"Ready\",\"status\":"
		"\"True\"}],\"containerStatuses\":[{\"name\":\"app\",\"ready\":true,"
		"\"restartCount\":0,\"state\":{\"running\":{\"startedAt\":"
		"\"2026-01-01T00:00:00Z\"}}}]}}",
		name, app, revision, owner_kind, owner, owner_uid);
}

static const char *uid(char kind, const char *name)
{
	static char text[2][48];
	static int turn;
	unsigned sum = 0;

	for (const char *at = name; *at; at++)
		sum = sum * 31 + (unsigned char)*at;
	turn ^= 1;
	(void)snprintf(text[turn], sizeof(text[turn]), "%08x-0000-4000-8000-0000000000%02x", sum,
		(unsigned)kind);
	return text[turn];
}

/* A Deployment with one pod of an old revision. */
static void put_deployment(const char *name, const char *spec)
{
	char rs[64], pod[64];

	(void)snprintf(rs, sizeof(rs), "%s-1", name);
	(void)snprintf(pod, sizeof(pod), "%s-1-a", name);
	put("Deployment", name, uid('d', name), spec, "");
	cr_putf("{\"apiVersion\":\"apps/v1\",\"kind\":\"ReplicaSet\",\"metadata\":{\"name\":\"%s\","
		"\"namespace\":\"shop\",\"uid\":\"%s\",\"ownerReferences\":[{\"apiVersion\":"
		"\"apps/v1\",\"kind\":\"Deployment\",\"name\":\"%s\",\"uid\":\"%s\","
		"\"controller\":true}]},\"spec\":{\"replicas\":1,\"selector\":{\"matchLabels\":{"
		"\"a\":\"%s\"}},\"template\":{\"metadata\":{\"labels\":{\"a\":\"%s\"}},\"spec\":{"
		"\"containers\":[{\"name\":\"app\",\"image\":\"w\"}]}}}}",
		rs, uid('e', name), name, uid('d', name), name, name);
	put_pod(pod, "ReplicaSet", rs, uid('e', name), name, OLD);
}

/* ---- what stands there ---- */

/* The text after "key":" of the first object behind `after`, "" when there is none. */
static void value(const char *resource, const char *name, const char *after, const char *key,
	char ret[VALUE_BYTES])
{
	const char *at = cr_get(resource, "shop", name);
	char mark[96];

	ret[0] = '\0';
	(void)snprintf(mark, sizeof(mark), "\"%s\":\"", key);
	if (at && *after)
		at = strstr(at, after);
	if (at && (at = strstr(at, mark))) {
		at += strlen(mark);
		(void)snprintf(ret, VALUE_BYTES, "%.*s", (int)strcspn(at, "\""), at);
	}
}

static bool wt(const char *name, const char *key, const char *want)
{
	char object[80], v[VALUE_BYTES];

	(void)snprintf(object, sizeof(object), "deployment-%s", name);
	value(WT, object, "\"restart\":{", key, v);
	return strcmp(v, want) == 0;
}

static const char *restarted_at(const char *name)
{
	static char v[VALUE_BYTES];

	value(DEPLOY, name, "\"template\"", "kubectl.kubernetes.io/restartedAt", v);
	return v;
}

static const char *requested_at(const char *name)
{
	static char v[VALUE_BYTES];
	char object[80];

	(void)snprintf(object, sizeof(object), "deployment-%s", name);
	value(WT, object, "\"restart\":{", "requestedAt", v);
	return v;
}

static bool once(const char *name) /* the template was changed one single time */
{
	return cr_has(DEPLOY, "shop", name, "\"generation\":2");
}

/* The revision that its pods should carry; "" = not known yet. */
static void revision_of(const char *name, char ret[VALUE_BYTES])
{
	char object[80];
	const char *at;

	ret[0] = '\0';
	(void)snprintf(object, sizeof(object), "deployment-%s", name);
	at = cr_get(WT, "shop", object);
	while (at && (at = strstr(at, "\"revision\":\""))) {
		at += strlen("\"revision\":\"");
		if (strncmp(at, OLD, strlen(OLD)) == 0)
			continue;
		(void)snprintf(ret, VALUE_BYTES, "%.*s", (int)strcspn(at, "\""), at);
		return;
	}
}

/* What the controllers of the cluster and the webhook do after a restart. */
static void renew(const char *name)
{
	char revision[VALUE_BYTES], rs[64], pod[64];

	(void)snprintf(rs, sizeof(rs), "%s-1", name);
	(void)snprintf(pod, sizeof(pod), "%s-1-a", name);
	revision_of(name, revision);
	ck_assert(revision[0]);
	put_pod(pod, "ReplicaSet", rs, uid('e', name), name, revision);
}

/* Events of that reason in the namespace. */
static unsigned events(const char *reason)
{
	struct og_err err = OG_ERR_INIT;
	og_auto_arena struct og_arena arena;
	struct og_sim_client client;
	struct og_kube_answer a;
	char query[96];
	unsigned n = 0;

	og_arena_init(&arena, 0, 0);
	(void)snprintf(query, sizeof(query), "fieldSelector=reason%%3D%s", reason);
	ck_assert_int_eq(og_sim_client_init(&client, cr_sim, NULL, NULL, &err), 0);
	struct og_kube_request r = {.verb = OG_KUBE_LIST,
		.res = {.version = OG_SV("v1"), .resource = OG_SV("events"), .ns = OG_SV("shop")},
		.query = og_svz(query)};
	ck_assert_msg(og_kube_wait(client.kube, &r, &arena, &a, &err) == 0, "%s", err.msg);
	og_jfor (it, og_jgetl(og_jroot(a.doc), "items"))
		n++;
	og_sim_client_fini(&client);
	return n;
}

static void fault(const char *json)
{
	struct og_err err = OG_ERR_INIT;
	ck_assert_msg(og_sim_fault(cr_sim, json, &err) == 0, "%s", err.msg);
}
#define ON_TEMPLATE(more, action)                                                             \
	"{\"match\":{\"verb\":\"patch\",\"resource\":\"deployments\",\"group\":\"apps\"" more \
	"},\"action\":{" action "}}"
#define STATUS(code, reason) "\"type\":\"status\",\"code\":" code ",\"reason\":\"" reason "\""

static void begin(struct cr *r, const char *name)
{
	cr_init(r, name);
	r->o.no_lease = true;
	cr_begin(r, NULL);
}

/* Time for whatever must not happen: more plans have been made since. A pod that says nothing new
 * is what brings them. */
static void quiet(struct cr *r)
{
	static const char *const results[] = {"success", "requeue_after"};
	char series[128];

	for (int i = 0; i < 3; i++) {
		double before = 0, now = 0;
		char name[32];
		for (int turn = 0; turn < 1000 && now <= before; turn++) {
			now = 0;
			for (size_t k = 0; k < OG_COUNT(results); k++) {
				(void)snprintf(series, sizeof(series),
					"controller_runtime_reconcile_total{controller=\"restart\","
					"result=\"%s\"}",
					results[k]);
				double v = cr_metric(r, series);
				now += v > 0 ? v : 0;
			}
			if (!turn) {
				before = now;
				(void)snprintf(name, sizeof(name), "poke-%d", i);
				put_deployment(name, ",\"paused\":true");
			}
			(void)usleep(10000);
		}
		ck_assert(now > before);
	}
}

/* Its rollout has passed its deadline. */
static void stuck(const char *name)
{
	og_auto_buf struct og_buf text = OG_BUF_INIT(1 << 20);
	struct og_err err = OG_ERR_INIT;

	ck_assert_int_eq(og_sim_get(cr_sim, DEPLOY, "shop", name, &text, &err), 0);
	og_buf_ch(&text, '\0');
	char *at = strstr(text.p, "\"observedGeneration\":99");
	ck_assert_ptr_nonnull(at);
	cr_putf("%.*s\"conditions\":[{\"type\":\"Progressing\",\"status\":\"False\",\"reason\":"
		"\"ProgressDeadlineExceeded\",\"message\":\"it took too long\"}],%s",
		(int)(at - text.p), text.p, at);
}

/* The record of a restart, as if it had been made a day ago. */
static void long_ago(const char *name)
{
	og_auto_buf struct og_buf text = OG_BUF_INIT(1 << 20);
	struct og_err err = OG_ERR_INIT;
	char object[80], year[] = "2025-";

	(void)snprintf(object, sizeof(object), "deployment-%s", name);
	ck_assert_int_eq(og_sim_get(cr_sim, WT, "shop", object, &text, &err), 0);
	og_buf_ch(&text, '\0');
	char *at = strstr(text.p, "\"completedAt\":\"");
	ck_assert_ptr_nonnull(at);
	memcpy(at + strlen("\"completedAt\":\""), year, strlen(year));
	cr_put(text.p);
}

/* ---- what is done ---- */

START_TEST(an_old_pod_leads_to_one_restart)
{
	struct cr r;

	cr_apply(STACK MANAGED);
	put_deployment("web", "");
	begin(&r, "a");
	CR_UNTIL(restarted_at("web")[0]);
	ck_assert_str_eq(restarted_at("web"), requested_at("web"));
	CR_UNTIL(wt("web", "state", "Restarted"));
	CR_UNTIL(wt("web", "reason", "Restarting"));
	renew("web");
	CR_UNTIL(wt("web", "state", "Complete"));
	ck_assert(wt("web", "reason", "Restarted"));
	ck_assert(once("web"));
	CR_UNTIL(events("RestartRequested") == 1 && events("Restarted") == 1);
	ck_assert(cr_metric(&r, "otelgate_restarts_total{result=\"requested\"}") == 1);
	CR_UNTIL(cr_metric(&r, "otelgate_restarts_total{result=\"complete\"}") == 1);
	ck_assert_int_eq(cr_end(&r), 0);
}
END_TEST

START_TEST(what_was_restarted_is_not_restarted_again_for_the_same_revision)
{
	struct cr r;

	cr_apply(STACK MANAGED);
	put_deployment("web", "");
	begin(&r, "a");
	CR_UNTIL(restarted_at("web")[0]);
	renew("web");
	CR_UNTIL(wt("web", "state", "Complete"));
	/* After the time of grace nothing of it is ours: the record is put back in time. */
	ck_assert_int_eq(cr_end(&r), 0);
	long_ago("web");
	put_pod("web-1-a", "ReplicaSet", "web-1", uid('e', "web"), "web", OLD);
	begin(&r, "b");
	CR_UNTIL(wt("web", "reason", "RestartedAlready"));
	ck_assert(once("web"));
	ck_assert_int_eq(cr_end(&r), 0);
}
END_TEST

START_TEST(a_leader_that_dies_between_the_two_writes_is_continued)
{
	struct cr r;
	char requested[VALUE_BYTES];

	cr_apply(STACK MANAGED);
	put_deployment("web", "");
	fault(ON_TEMPLATE(",\"count\":-1", STATUS("503", "ServiceUnavailable")));
	begin(&r, "a");
	CR_UNTIL(wt("web", "state", "Requested"));
	CR_UNTIL(og_sim_faults_hit(cr_sim) > 0);
	ck_assert_int_eq(cr_end(&r), 0);
	ck_assert_str_eq(restarted_at("web"), "");
	(void)snprintf(requested, sizeof(requested), "%s", requested_at("web"));
	og_sim_clear_faults(cr_sim);
	begin(&r, "b");
	CR_UNTIL(restarted_at("web")[0]);
	ck_assert_str_eq(restarted_at("web"), requested);
	CR_UNTIL(wt("web", "state", "Restarted"));
	ck_assert_str_eq(requested_at("web"), requested);
	ck_assert(once("web"));
	ck_assert_int_eq(cr_end(&r), 0);
}
END_TEST

START_TEST(an_answer_that_is_lost_does_not_restart_twice)
{
	struct cr r;

	cr_apply(STACK MANAGED);
	put_deployment("web", "");
	/* It is done, and nobody hears of it. */
	fault(ON_TEMPLATE(",\"count\":1", "\"type\":\"reset\",\"after\":0"));
	begin(&r, "a");
	CR_UNTIL(wt("web", "state", "Restarted"));
	ck_assert_str_eq(restarted_at("web"), requested_at("web"));
	ck_assert(once("web"));
	ck_assert_uint_gt(og_sim_faults_hit(cr_sim), 0);
	ck_assert_int_eq(cr_end(&r), 0);
}
END_TEST

START_TEST(a_conflict_leads_to_another_plan)
{
	struct cr r;

	cr_apply(STACK MANAGED);
	put_deployment("web", "");
	fault(ON_TEMPLATE(",\"count\":2", STATUS("409", "Conflict")));
	begin(&r, "a");
	CR_UNTIL(restarted_at("web")[0]);
	ck_assert_str_eq(restarted_at("web"), requested_at("web"));
	ck_assert(once("web"));
	CR_UNTIL(cr_metric(&r, "otelgate_restarts_total{result=\"conflict\"}") == 2);
	ck_assert(cr_metric(&r, "otelgate_restarts_total{result=\"requested\"}") == 1);
	ck_assert_int_eq(cr_end(&r), 0);
}
END_TEST

START_TEST(a_conflict_about_the_intent_leads_to_another_plan)
{
	struct cr r;

	cr_apply(STACK MANAGED);
	put_deployment("web", "");
	fault("{\"match\":{\"verb\":\"patch\",\"resource\":\"workloadtelemetries\",\"path\":"
	      "\"/apis/otelgate.dev/v1alpha1/namespaces/shop/workloadtelemetries/deployment-web/"
	      "status?fieldManager=otelgate-restart\",\"count\":1},\"action\":{" STATUS(
		      "409", "Conflict") "}}");
	begin(&r, "a");
	CR_UNTIL(restarted_at("web")[0]);
	ck_assert_uint_eq(og_sim_faults_hit(cr_sim), 1);
	ck_assert_str_eq(restarted_at("web"), requested_at("web"));
	ck_assert(once("web"));
	ck_assert_int_eq(cr_end(&r), 0);
}
END_TEST

static double conflicts(struct cr *r)
{
	double n = cr_metric(r, "otelgate_writes_total{part=\"restart\",result=\"conflict\"}");

	return n > 0 ? n : 0;
}

/* It has looked at the workload, and made a plan since. */
static bool planned(struct cr *r)
{
	return cr_metric(r, "controller_runtime_reconcile_total{controller=\"workloads\","
			    "result=\"success\"}") >= 1 &&
	       cr_metric(r, "controller_runtime_reconcile_total{controller=\"restart\","
			    "result=\"success\"}") >= 1;
}

/* Both know everything and have nothing to do; then both want the same at once, and neither hears
 * of the other before its own write has arrived. That both have tried is seen from the conflict. */
START_TEST(two_that_lead_never_restart_twice)
{
	struct cr a, b;

	cr_apply(STACK PROFILE(", restart: {mode: never}"));
	put_deployment("web", "");
	cr_init(&a, "a");
	cr_init(&b, "b");
	a.o.no_lease = b.o.no_lease = true;
	cr_begin(&a, NULL);
	cr_begin(&b, NULL);
	CR_UNTIL(cr_get(WT, "shop", "deployment-web"));
	CR_UNTIL(planned(&a) && planned(&b));
	ck_assert(!restarted_at("web")[0]);
	ck_assert(conflicts(&a) + conflicts(&b) == 0);
	fault("{\"match\":{\"verb\":\"patch\",\"resource\":\"workloadtelemetries\",\"path\":"
	      "\"/apis/otelgate.dev/v1alpha1/namespaces/shop/workloadtelemetries/deployment-web/"
	      "status?fieldManager=otelgate-restart\",\"count\":2},\"action\":{\"type\":\"delay\","
	      "\"ms\":3000}}");
	cr_apply(STACK MANAGED);
	CR_UNTIL(wt("web", "state", "Restarted"));
	CR_UNTIL(conflicts(&a) + conflicts(&b) >= 1);
	ck_assert_uint_eq(og_sim_faults_hit(cr_sim), 2); /* both have asked */
	ck_assert_str_eq(restarted_at("web"), requested_at("web"));
	renew("web");
	CR_UNTIL(wt("web", "state", "Complete"));
	ck_assert(once("web"));
	ck_assert_int_eq(cr_end(&a), 0);
	ck_assert_int_eq(cr_end(&b), 0);
	ck_assert(once("web"));
}
END_TEST

START_TEST(whoever_was_faster_counts)
{
	struct cr r;
	struct og_err err = OG_ERR_INIT;

	cr_apply(STACK MANAGED);
	put_deployment("web", "");
	fault(ON_TEMPLATE(",\"count\":-1", STATUS("503", "ServiceUnavailable")));
	begin(&r, "a");
	CR_UNTIL(wt("web", "state", "Requested"));
	CR_UNTIL(og_sim_faults_hit(cr_sim) > 0);
	ck_assert_int_eq(cr_end(&r), 0);
	/* A person restarts it meanwhile. */
	og_auto_buf struct og_buf text = OG_BUF_INIT(1 << 20);
	ck_assert_int_eq(og_sim_get(cr_sim, DEPLOY, "shop", "web", &text, &err), 0);
	og_buf_ch(&text, '\0');
	char *at = strstr(text.p, "\"otelgate.dev/inject\":\"true\"");
	ck_assert_ptr_nonnull(at);
	cr_putf("%.*s\"kubectl.kubernetes.io/restartedAt\":\"2099-01-01T00:00:00+02:00\",%s",
		(int)(at - text.p), text.p, at);
	og_sim_clear_faults(cr_sim);
	og_sim_clear_requests(cr_sim);
	begin(&r, "b");
	CR_UNTIL(wt("web", "state", "Restarted"));
	renew("web");
	CR_UNTIL(wt("web", "state", "Complete"));
	ck_assert_str_eq(restarted_at("web"), "2099-01-01T00:00:00+02:00");
	ck_assert_uint_eq(og_sim_requests(cr_sim, "patch", "deployments"), 0);
	ck_assert_int_eq(cr_end(&r), 0);
}
END_TEST

/* ---- what is not done ---- */

START_TEST(by_default_people_are_told_once)
{
	struct cr r;

	cr_apply(STACK PROFILE(""));
	put_deployment("web", "");
	begin(&r, "a");
	CR_UNTIL(wt("web", "state", "Suggested"));
	ck_assert(wt("web", "reason", "RestartSuggested"));
	ck_assert(wt("web", "message",
		"1 of 1 pods is older than the configuration. To restart it: kubectl -n shop "
		"rollout restart deployment/web"));
	CR_UNTIL(events("RestartSuggested") == 1);
	ck_assert_int_eq(cr_end(&r), 0);
	/* Another leader does not tell it again. */
	begin(&r, "b");
	CR_UNTIL(cr_metric(&r, "otelgate_restart_workloads{state=\"suggested\"}") == 1);
	ck_assert_int_eq(cr_end(&r), 0);
	ck_assert_uint_eq(events("RestartSuggested"), 1);
	ck_assert_str_eq(restarted_at("web"), "");
	ck_assert_uint_eq(og_sim_requests(cr_sim, "patch", "deployments"), 0);
}
END_TEST

START_TEST(what_was_suggested_follows_the_pods)
{
	struct cr r;

	cr_apply(STACK PROFILE(""));
	put_deployment("web", "");
	begin(&r, "a");
	CR_UNTIL(wt("web", "state", "Suggested"));
	CR_UNTIL(events("RestartSuggested") == 1);
	ck_assert_int_eq(cr_end(&r), 0);
	put_pod("web-1-b", "ReplicaSet", "web-1", uid('e', "web"), "web", OLD);
	begin(&r, "b"); /* a while later, or another process */
	CR_UNTIL(wt("web", "message",
		"2 of 2 pods are older than the configuration. To restart it: kubectl -n shop "
		"rollout restart deployment/web"));
	/* They are renewed by hand. */
	renew("web");
	ck_assert_int_eq(og_sim_delete(cr_sim, "pods", "shop", "web-1-b", NULL), 0);
	CR_UNTIL(wt("web", "reason", ""));
	ck_assert(wt("web", "state", "Suggested"));
	ck_assert_int_eq(cr_end(&r), 0);
	ck_assert_uint_eq(events("RestartSuggested"), 1);
}
END_TEST

START_TEST(without_the_right_people_are_told)
{
	struct cr r;

	cr_apply(STACK MANAGED);
	put_deployment("web", "");
	fault(ON_TEMPLATE(",\"count\":-1", STATUS("403", "Forbidden")));
	begin(&r, "a");
	CR_UNTIL(wt("web", "reason", "RestartForbidden"));
	ck_assert(cr_has(WT, "shop", "deployment-web", "otelgate-controller-restarts"));
	CR_UNTIL(events("RestartForbidden") == 1);
	ck_assert_str_eq(restarted_at("web"), "");
	ck_assert_uint_eq(og_sim_faults_hit(cr_sim), 1);
	CR_UNTIL(cr_metric(&r, "otelgate_restarts_total{result=\"forbidden\"}") == 1);
	ck_assert_int_eq(cr_end(&r), 0);
	/* Given later, it is done, by the intent there was. */
	char requested[VALUE_BYTES];
	(void)snprintf(requested, sizeof(requested), "%s", requested_at("web"));
	og_sim_clear_faults(cr_sim);
	begin(&r, "b");
	CR_UNTIL(restarted_at("web")[0]);
	ck_assert_str_eq(restarted_at("web"), requested);
	ck_assert_int_eq(cr_end(&r), 0);
}
END_TEST

/* Whatever is not to be restarted, and what the status says instead. */
static const struct {
	const char *name, *profile, *spec, *reason;
} refused[] = {
	{"never", PROFILE(", restart: {mode: never}"), "", ""},
	{"paused", MANAGED, ",\"paused\":true", "WorkloadPaused"},
	{"no window", PROFILE(", restart: {mode: managed, windows: [\"%s\"]}"), "",
		"WaitingForWindow"},
};

START_TEST(refusal)
{
	static const char *const days[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
	struct cr r;
	char profile[512], window[64];
	time_t now = time(NULL);
	struct tm tm;

	/* A window that is closed for the next three days. */
	ck_assert_ptr_nonnull(gmtime_r(&now, &tm));
	(void)snprintf(window, sizeof(window), "%s 01:00-02:00", days[(tm.tm_wday + 3) % 7]);
	const char *hole = strstr(refused[_i].profile, "%s");
	(void)snprintf(profile, sizeof(profile), "%.*s%s%s",
		hole ? (int)(hole - refused[_i].profile) : (int)strlen(refused[_i].profile),
		refused[_i].profile, hole ? window : "", hole ? hole + 2 : "");
	cr_apply(STACK);
	cr_apply(profile);
	put_deployment("web", refused[_i].spec);
	begin(&r, "a");
	CR_UNTIL(cr_has(WT, "shop", "deployment-web", "\"conditions\""));
	if (*refused[_i].reason)
		CR_UNTIL(wt("web", "reason", refused[_i].reason));
	else
		CR_UNTIL(cr_metric(&r, "otelgate_workload_pods{class=\"stale\"}") == 1);
	quiet(&r);
	ck_assert_str_eq(restarted_at("web"), "");
	ck_assert_str_eq(requested_at("web"), "");
	ck_assert_uint_eq(og_sim_requests(cr_sim, "patch", "deployments"), 0);
	ck_assert_int_eq(cr_end(&r), 0);
}
END_TEST

START_TEST(what_was_paused_is_restarted_when_it_goes_on)
{
	struct cr r;

	cr_apply(STACK MANAGED);
	put_deployment("web", ",\"paused\":true");
	begin(&r, "a");
	CR_UNTIL(wt("web", "reason", "WorkloadPaused"));
	ck_assert_str_eq(restarted_at("web"), "");
	put("Deployment", "web", uid('d', "web"), "", "");
	CR_UNTIL(restarted_at("web")[0]);
	ck_assert_int_eq(cr_end(&r), 0);
}
END_TEST

START_TEST(nothing_is_restarted_without_a_place_to_write_it_down)
{
	struct cr r;
	struct og_err err = OG_ERR_INIT;

	ck_assert_int_eq(og_sim_delete(cr_sim, "customresourcedefinitions.apiextensions.k8s.io",
				 NULL, "workloadtelemetries.otelgate.dev", &err),
		0);
	cr_apply(STACK MANAGED);
	put_deployment("web", "");
	begin(&r, "a");
	CR_UNTIL(cr_metric(&r, "otelgate_workload_pods{class=\"stale\"}") == 1);
	CR_UNTIL(cr_metric(&r, "otelgate_restarts_waiting{reason=\"unknown\"}") == 1);
	quiet(&r);
	ck_assert_uint_eq(og_sim_requests(cr_sim, "patch", "deployments"), 0);
	ck_assert_str_eq(restarted_at("web"), "");
	ck_assert_int_eq(cr_end(&r), 0);
}
END_TEST

START_TEST(the_first_that_is_stuck_halts_the_others)
{
	struct cr r;

	cr_apply(STACK MANAGED);
	put_deployment("a", "");
	put_deployment("b", "");
	begin(&r, "a");
	CR_UNTIL(restarted_at("a")[0]);
	CR_UNTIL(wt("b", "reason", "WaitingForCanary"));
	CR_UNTIL(wt("a", "state", "Restarted"));
	stuck("a");
	CR_UNTIL(wt("a", "reason", "RestartHalted"));
	CR_UNTIL(wt("b", "reason", "RestartHalted"));
	ck_assert(cr_has(WT, "shop", "deployment-b", "shop/deployment/a was restarted for"));
	CR_UNTIL(events("RestartHalted") == 1);
	CR_UNTIL(cr_metric(&r, "otelgate_restarts_halted") == 2);
	ck_assert(cr_metric(&r, "otelgate_restarts_total{result=\"stuck\"}") == 1);
	ck_assert_str_eq(restarted_at("b"), "");
	ck_assert_str_eq(requested_at("b"), "");
	ck_assert_int_eq(cr_end(&r), 0);
	/* Another leader finds the same. */
	begin(&r, "b");
	CR_UNTIL(cr_metric(&r, "otelgate_restarts_halted") == 2);
	quiet(&r);
	ck_assert_str_eq(restarted_at("b"), "");
	ck_assert_int_eq(cr_end(&r), 0);
	ck_assert_uint_eq(events("RestartHalted"), 1);
}
END_TEST

START_TEST(another_of_the_same_name_inherits_nothing)
{
	struct cr r;
	struct og_err err = OG_ERR_INIT;

	cr_apply(STACK MANAGED);
	put_deployment("web", "");
	fault(ON_TEMPLATE(",\"count\":-1", STATUS("503", "ServiceUnavailable")));
	begin(&r, "a");
	CR_UNTIL(wt("web", "state", "Requested"));
	CR_UNTIL(og_sim_faults_hit(cr_sim) > 0);
	/* Deleted in the middle; a namesake comes, whose pods are as they should be. */
	renew("web");
	ck_assert_int_eq(og_sim_delete(cr_sim, DEPLOY, "shop", "web", &err), 0);
	ck_assert_int_eq(og_sim_delete(cr_sim, "pods", "shop", "web-1-a", &err), 0);
	put("Deployment", "web", uid('x', "web"), "", "");
	og_sim_clear_faults(cr_sim);
	CR_UNTIL(cr_has(WT, "shop", "deployment-web", uid('x', "web")));
	CR_UNTIL(cr_has(WT, "shop", "deployment-web", "\"conditions\""));
	quiet(&r);
	ck_assert_str_eq(restarted_at("web"), "");
	ck_assert_str_eq(requested_at("web"), "");
	ck_assert_int_eq(cr_end(&r), 0);
}
END_TEST

START_TEST(a_daemonset_that_waits_for_deletions_is_left_to_people)
{
	struct cr r;

	cr_apply(STACK MANAGED);
	put("DaemonSet", "agent", uid('s', "agent"), ",\"updateStrategy\":{\"type\":\"OnDelete\"}",
		",\"desiredNumberScheduled\":1,\"currentNumberScheduled\":1,\"numberReady\":1,"
		"\"updatedNumberScheduled\":1,\"numberAvailable\":1");
	put_pod("agent-a", "DaemonSet", "agent", uid('s', "agent"), "agent", OLD);
	begin(&r, "a");
	CR_UNTIL(cr_has(WT, "shop", "daemonset-agent", "\"reason\":\"RestartSuggested\""));
	ck_assert(cr_has(WT, "shop", "daemonset-agent", "kubectl -n shop delete pod NAME"));
	quiet(&r);
	ck_assert_uint_eq(og_sim_requests(cr_sim, "patch", "daemonsets"), 0);
	ck_assert_int_eq(cr_end(&r), 0);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("controller/restarts");
	TCase *tc = tcase_create("restarts");

	tcase_add_checked_fixture(tc, setup, cr_teardown);
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, an_old_pod_leads_to_one_restart);
	tcase_add_test(tc, what_was_restarted_is_not_restarted_again_for_the_same_revision);
	tcase_add_test(tc, a_leader_that_dies_between_the_two_writes_is_continued);
	tcase_add_test(tc, an_answer_that_is_lost_does_not_restart_twice);
	tcase_add_test(tc, a_conflict_leads_to_another_plan);
	tcase_add_test(tc, a_conflict_about_the_intent_leads_to_another_plan);
	tcase_add_test(tc, two_that_lead_never_restart_twice);
	tcase_add_test(tc, whoever_was_faster_counts);
	tcase_add_test(tc, by_default_people_are_told_once);
	tcase_add_test(tc, what_was_suggested_follows_the_pods);
	tcase_add_test(tc, without_the_right_people_are_told);
	tcase_add_loop_test(tc, refusal, 0, (int)OG_COUNT(refused));
	tcase_add_test(tc, what_was_paused_is_restarted_when_it_goes_on);
	tcase_add_test(tc, nothing_is_restarted_without_a_place_to_write_it_down);
	tcase_add_test(tc, the_first_that_is_stuck_halts_the_others);
	tcase_add_test(tc, another_of_the_same_name_inherits_nothing);
	tcase_add_test(tc, a_daemonset_that_waits_for_deletions_is_left_to_people);
	suite_add_tcase(s, tc);
	return og_suite_run(s);
}
