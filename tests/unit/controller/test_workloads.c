/* SPDX-License-Identifier: Apache-2.0 */
/* What the controller says of workloads, as seen through the API server. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "otelgate/base/mem.h"
#include "support/controller_run.h"
#include "support/suite.h"

#define WT "workloadtelemetries.otelgate.dev"
#define CONFIG                                                                             \
	"apiVersion: otelgate.dev/v1alpha1\nkind: GrafanaStack\nmetadata: {name: s}\n"     \
	"spec: {receiver: {endpoint: 'http://alloy.example.com:4318'}}\n---\n"             \
	"apiVersion: otelgate.dev/v1alpha1\nkind: TelemetryProfile\nmetadata: {name: p}\n" \
	"spec: {stack: s}\n"
#define UID(n) "00000000-0000-4000-8000-0000000000" n
#define TEMPLATE(inject)                                                            \
	"\"selector\":{\"matchLabels\":{\"a\":\"b\"}},\"template\":{\"metadata\":{" \
	"\"labels\":{\"a\":\"b\"}," inject                                          \
	"\"creationTimestamp\":null},\"spec\":{\"containers\":[{\"name\":\"app\",\"image\":\"w\"}]}}"
#define IN  "\"annotations\":{\"otelgate.dev/inject\":\"true\"},"
#define OUT "\"annotations\":{\"otelgate.dev/inject\":\"false\"},"
#define DEPLOYMENT(name, uid, inject, more)                                                  \
	"{\"apiVersion\":\"apps/v1\",\"kind\":\"Deployment\",\"metadata\":{\"name\":\"" name \
	"\",\"namespace\":\"shop\",\"generation\":1,\"uid\":\"" uid                          \
	"\"},\"spec\":{\"replicas\":3," TEMPLATE(inject) "}" more "}"
#define DONE                                                                          \
	",\"status\":{\"observedGeneration\":1,\"replicas\":3,\"updatedReplicas\":3," \
	"\"readyReplicas\":3,\"availableReplicas\":3}"
#define OWNED(kind, name, uid)                                                                    \
	"\"ownerReferences\":[{\"apiVersion\":\"apps/v1\",\"kind\":\"" kind "\",\"name\":\"" name \
	"\",\"uid\":\"" uid "\",\"controller\":true}]"
#define REPLICA_SET(name, uid)                                                               \
	"{\"apiVersion\":\"apps/v1\",\"kind\":\"ReplicaSet\",\"metadata\":{\"name\":\"" name \
	"\",\"namespace\":\"shop\",\"uid\":\"" uid "\"," OWNED(                              \
		"Deployment", "web", UID("d1")) "},\"spec\":{\"replicas\":3," TEMPLATE("") "}}"

static void setup(void)
{
	cr_setup();
	cr_crd("workloadtelemetries");
	cr_apply(CONFIG);
}

/* revision "" = it is not injected. */
static void pod(const char *name, const char *created, const char *revision)
{
	char label[128] = "", record[256] = "";

	if (*revision) {
		(void)snprintf(label, sizeof(label), ",\"otelgate.dev/revision\":\"%s\"", revision);
		(void)snprintf(record, sizeof(record),
			",\"otelgate.dev/injection\":\"{\\\"revision\\\":\\\"%s\\\","
			"\\\"containers\\\":{\\\"app\\\":{}}}\"",
			revision);
	}
	cr_putf("{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"metadata\":{\"name\":\"%s\","
		"\"namespace\":\"shop\",\"creationTimestamp\":\"%s\",\"labels\":{\"a\":\"b\"%s},"
		"\"annotations\":{\"otelgate.dev/inject\":\"true\"%s}," OWNED("ReplicaSet", "web-1",
			UID("e1")) "},\"spec\":{\"nodeName\":\"n\","
				   "\"containers\":[{\"name\":\"app\",\"image\":\"w\"}]},\"status\":{\"phase\":"
				   "\"Running\",\"conditions\":[{\"type\":\"Ready\",\"status\":\"True\"}],"
				   "\"containerStatuses\":[{\"name\":\"app\",\"ready\":true,\"restartCount\":0,"
				   "\"state\":{\"running\":{\"startedAt\":\"%s\"}}}]}}",
		name, created, label, record, created);
}

/* The text of a condition of a status, until the next call. */
static const char *condition(const char *name, const char *type)
{
	static char text[2048];
	const char *o = cr_get(WT, "shop", name);
	char mark[64];

	(void)snprintf(mark, sizeof(mark), "\"type\":\"%s\"", type);
	const char *at = o ? strstr(o, mark) : NULL;
	if (!at)
		return "";
	const char *from = at, *to = strchr(at, '}');
	while (from > o && *from != '{')
		from--;
	(void)snprintf(text, sizeof(text), "%.*s", (int)(to - from), from);
	return text;
}

/* For a look at what came instead. */
static bool wt_has(const char *name, const char *text)
{
	bool has = cr_has(WT, "shop", name, text);
	if (!has && getenv("CR_SHOW"))
		fprintf(stderr, "%s\n", cr_get(WT, "shop", name));
	return has;
}

static bool is(const char *name, const char *type, const char *status)
{
	char mark[64];
	(void)snprintf(mark, sizeof(mark), "\"status\":\"%s\"", status);
	return strstr(condition(name, type), mark);
}

/* The revision that the pods of the workload should carry. */
static const char *revision(const char *name)
{
	static char text[32];
	const char *o = cr_get(WT, "shop", name), *at = NULL;

	text[0] = '\0';
	if (o && (at = strstr(o, "\"status\":{")) && (at = strstr(at, "\"revision\":\"")))
		(void)snprintf(
			text, sizeof(text), "%.*s", (int)(strchr(at + 12, '"') - at - 12), at + 12);
	return text;
}

START_TEST(an_opted_in_workload_has_a_status_of_its_own)
{
	struct cr r;

	cr_init(&r, "a");
	r.o.no_lease = true;
	cr_put(DEPLOYMENT("web", UID("d1"), IN, DONE));
	cr_put(DEPLOYMENT("other", UID("d2"), "", DONE));
	cr_begin(&r, NULL);
	CR_UNTIL(wt_has("deployment-web", "\"conditions\""));
	const char *o = cr_get(WT, "shop", "deployment-web");
	ck_assert_ptr_nonnull(strstr(o, "\"uid\":\"" UID("d1") "\""));
	ck_assert_ptr_nonnull(strstr(o, "\"controller\":true"));
	ck_assert_ptr_nonnull(strstr(o, "\"app.kubernetes.io/managed-by\":\"otelgate\""));
	ck_assert_ptr_nonnull(strstr(o, "\"profile\":\"p\""));
	ck_assert_ptr_nonnull(strstr(o, "\"stack\":\"s\""));
	ck_assert_ptr_nonnull(strstr(o, "\"observedGeneration\":1"));
	ck_assert_uint_gt(strlen(revision("deployment-web")), 8);
	ck_assert(is("deployment-web", "Injected", "True"));
	ck_assert(is("deployment-web", "MetricsReceived", "Unknown"));
	/* Nobody asked for the other one. */
	ck_assert_uint_eq(og_sim_count(cr_sim, WT, NULL), 1);
	ck_assert_int_eq(cr_end(&r), 0);
}
END_TEST

START_TEST(old_and_new_pods_are_told_apart_and_the_old_ones_named)
{
	struct cr r;
	char wanted[32];

	cr_init(&r, "a");
	r.o.no_lease = true;
	cr_put(DEPLOYMENT("web", UID("d1"), IN, DONE));
	cr_put(REPLICA_SET("web-1", UID("e1")));
	pod("web-1-a", "2026-01-01T00:00:00Z", "");
	cr_begin(&r, NULL);
	CR_UNTIL(wt_has("deployment-web", "\"ratio\":\"0/1\""));
	ck_assert(is("deployment-web", "Injected", "False"));
	ck_assert(is("deployment-web", "Ready", "False"));
	(void)snprintf(wanted, sizeof(wanted), "%s", revision("deployment-web"));
	pod("web-1-b", "2026-02-01T00:00:00Z", wanted);
	pod("web-1-c", "2026-02-01T00:00:00Z", wanted);
	CR_UNTIL(wt_has("deployment-web", "\"ratio\":\"2/3\""));
	const char *o = cr_get(WT, "shop", "deployment-web");
	ck_assert_ptr_nonnull(strstr(o, "\"name\":\"web-1-a\""));
	ck_assert_ptr_nonnull(strstr(o, "\"replicaSet\":\"web-1\""));
	ck_assert_ptr_nonnull(strstr(o, "\"created\":\"2026-01-01T00:00:00Z\""));
	ck_assert_ptr_nonnull(strstr(o, "\"class\":\"bare\""));
	ck_assert_ptr_null(strstr(o, "\"name\":\"web-1-b\""));
	/* The old one goes. */
	struct og_err err = OG_ERR_INIT;
	ck_assert_int_eq(og_sim_delete(cr_sim, "pods", "shop", "web-1-a", &err), 0);
	CR_UNTIL(wt_has("deployment-web", "\"ratio\":\"2/2\""));
	ck_assert(is("deployment-web", "Injected", "True"));
	ck_assert(is("deployment-web", "RolloutComplete", "True"));
	ck_assert_ptr_null(strstr(cr_get(WT, "shop", "deployment-web"), "web-1-a"));
	CR_UNTIL(cr_metric(&r, "otelgate_workload_pods{class=\"current\"}") == 2);
	ck_assert(cr_metric(&r, "otelgate_workloads") == 1);
	ck_assert_int_eq(cr_end(&r), 0);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("controller/workloads");
	TCase *tc = tcase_create("workloads");
	tcase_add_checked_fixture(tc, setup, cr_teardown);
	tcase_add_test(tc, an_opted_in_workload_has_a_status_of_its_own);
	tcase_add_test(tc, old_and_new_pods_are_told_apart_and_the_old_ones_named);
	suite_add_tcase(s, tc);
	return og_suite_run(s);
}
