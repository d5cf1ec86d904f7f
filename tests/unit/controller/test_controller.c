/* SPDX-License-Identifier: Apache-2.0 */
/* The running controller against the simulated API server. */
#include "otelgate/controller/controller.h"

#include <check.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "otelgate/base/fs.h"
#include "otelgate/base/log.h"
#include "otelgate/base/mem.h"
#include "sim/client.h"
#include "support/http_client.h"
#include "support/suite.h"
#include "support/tmpdir.h"

#define OBJECTS                                                                                       \
	"apiVersion: otelgate.dev/v1alpha1\nkind: GrafanaStack\nmetadata: {name: s}\n"                \
	"spec: {receiver: {endpoint: 'http://alloy.example.com:4318'}}\n---\n"                        \
	"apiVersion: otelgate.dev/v1alpha1\nkind: TelemetryProfile\nmetadata: {name: p}\n"            \
	"spec: {stack: s}\n---\n"                                                                     \
	"apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web, namespace: shop,\n"             \
	"  uid: 00000000-0000-4000-8000-0000000000d1}\nspec: {replicas: 0, selector: {matchLabels:\n" \
	"  {a: b}}, template: {metadata: {labels: {a: b}}, spec: {containers: []}}}\n---\n"           \
	"apiVersion: apps/v1\nkind: ReplicaSet\nmetadata: {name: web-1, namespace: shop,\n"           \
	"  ownerReferences: [{apiVersion: apps/v1, kind: Deployment, name: web,\n"                    \
	"  uid: 00000000-0000-4000-8000-0000000000d1, controller: true}]}\n"                          \
	"spec: {replicas: 0, selector: {matchLabels: {a: b}}, template: {metadata: {labels:\n"        \
	"  {a: b}}, spec: {containers: []}}}\n"
#define POD(name, annotations)                                                                \
	"{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"metadata\":{\"name\":\"" name              \
	"\",\"namespace\":\"shop\",\"creationTimestamp\":\"2099-02-01T00:00:00Z\","           \
	"\"annotations\":{" annotations "},\"ownerReferences\":[{\"apiVersion\":\"apps/v1\"," \
	"\"kind\":\"ReplicaSet\",\"name\":\"web-1\",\"uid\":\"r\",\"controller\":true}]},"    \
	"\"spec\":{\"containers\":[{\"name\":\"app\",\"image\":\"web:1\"}]},"                 \
	"\"status\":{\"phase\":\"Running\"}}"
#define IN "\"otelgate.dev/inject\":\"true\""
#define REGISTRATION                                                                       \
	"{\"apiVersion\":\"admissionregistration.k8s.io/v1\",\"kind\":"                    \
	"\"MutatingWebhookConfiguration\",\"metadata\":{\"name\":\"otelgate\","            \
	"\"creationTimestamp\":\"2026-01-01T00:00:00Z\"},\"webhooks\":[{\"name\":"         \
	"\"pods.otelgate.dev\",\"clientConfig\":{\"url\":\"https://127.0.0.1:1/mutate\"}," \
	"\"sideEffects\":\"None\",\"admissionReviewVersions\":[\"v1\"]}]}"

struct running {
	struct og_controller_opts o;
	struct og_err err;
	char ports[300];
	uint16_t port;
	int stop[2], code;
	pthread_t thread;
};

static struct og_sim *sim;
static struct og_tmpdir dir;

static void put(const char *json)
{
	struct og_err err = OG_ERR_INIT;
	ck_assert_msg(og_sim_put(sim, json, &err) == 0, "%s", err.msg);
}

static void setup(void)
{
	struct og_err err = OG_ERR_INIT;
	const struct og_log_options quiet = {.fd = 2, .level = OG_LOG_OFF};

	ck_assert_int_eq(og_log_setup(&quiet, &err), 0);
	dir = og_tmpdir_make();
	ck_assert_msg(og_sim_start(NULL, &sim, &err) == 0, "%s", err.msg);
	ck_assert_int_eq(
		og_sim_apply_file(sim, "manifests/crds/otelgate.dev_grafanastacks.yaml", &err), 0);
	ck_assert_int_eq(
		og_sim_apply_file(sim, "manifests/crds/otelgate.dev_telemetryprofiles.yaml", &err),
		0);
	ck_assert_msg(og_sim_apply(sim, OG_SV(OBJECTS), "objects", &err) == 0, "%s", err.msg);
}

static void teardown(void)
{
	og_sim_stop(og_take(sim));
	og_tmpdir_remove(&dir);
}

static void *run(void *arg)
{
	struct running *r = arg;
	r->code = og_controller_run(&r->o, &r->err);
	return NULL;
}

/* A bounded wait for something that another thread brings about. */
#define UNTIL(condition)                                             \
	do {                                                         \
		int turns_ = 0;                                      \
		while (!(condition) && turns_++ < 3000)              \
			(void)usleep(10000);                         \
		ck_assert_msg((condition), "never: %s", #condition); \
	} while (0)

static void begin(struct running *r, const char *name, bool no_lease)
{
	struct og_err err = OG_ERR_INIT;
	og_auto_buf struct og_buf text = OG_BUF_INIT(256);
	unsigned port = 0;

	*r = (struct running){.o = OG_CONTROLLER_OPTS_INIT};
	ck_assert_int_eq(pipe(r->stop), 0);
	(void)og_tmpdir_join(&dir, name, r->ports, sizeof(r->ports));
	r->o.access = og_sim_access(sim, NULL, &err);
	ck_assert_msg(r->o.access != NULL, "%s", err.msg);
	r->o.ops_address = "127.0.0.1";
	r->o.ports_file = r->ports;
	r->o.no_lease = no_lease;
	r->o.scan_ms = 50;
	r->o.stop_fd = r->stop[0];
	ck_assert_int_eq(pthread_create(&r->thread, NULL, run, r), 0);
	UNTIL(access(r->ports, R_OK) == 0);
	ck_assert_int_eq(og_fs_read(r->ports, 256, &text, &err), 0);
	og_buf_ch(&text, '\0');
	ck_assert_int_eq(sscanf(text.p, "ops=%u", &port), 1);
	r->port = (uint16_t)port;
}

static int end(struct running *r)
{
	ck_assert_int_eq(write(r->stop[1], "x", 1), 1);
	pthread_join(r->thread, NULL);
	(void)close(r->stop[0]);
	(void)close(r->stop[1]);
	return r->code;
}

/* Status of an ops path; the body is kept until the next call. */
static struct og_buf body = OG_BUF_INIT(1 << 20);
static int get(struct running *r, const char *path)
{
	struct hc h;
	struct hc_resp resp = {0};

	ck_assert(hc_open(&h, r->port, NULL));
	ck_assert(hc_get(&h, path) && hc_recv(&h, &resp));
	int status = resp.status;
	og_buf_reset(&body);
	og_buf_sv(&body, og_buf_view(&resp.body));
	og_buf_ch(&body, '\0');
	hc_resp_fini(&resp);
	hc_close(&h);
	return status;
}

static bool says(struct running *r, const char *path, const char *text)
{
	return get(r, path) == 200 && strstr(body.p, text);
}

START_TEST(what_was_missed_is_named_counted_and_said_on_the_workload)
{
	struct running r;
	struct og_err err = OG_ERR_INIT;
	struct og_buf log = OG_BUF_INIT(1 << 22);

	put(REGISTRATION);
	put(POD("web-1-a", IN));
	put(POD("web-1-b", IN));
	begin(&r, "a", false);
	UNTIL(says(&r, "/debug/missed", "\"reason\":\"webhook-away\""));
	ck_assert_ptr_nonnull(strstr(body.p, "\"name\":\"web\""));
	ck_assert_ptr_nonnull(strstr(body.p, "\"pods\":2"));
	ck_assert_ptr_nonnull(strstr(body.p, "rollout restart deployment/web"));
	UNTIL(says(&r, "/metrics", "otelgate_missed_pods{reason=\"webhook-away\"} 2"));
	UNTIL(og_sim_count(sim, "events.events.k8s.io", "shop") == 1);
	ck_assert_int_eq(get(&r, "/readyz"), 200);
	ck_assert(says(&r, "/livez?verbose", "[+]lease ok"));
	ck_assert_msg(end(&r) == 0, "%s", r.err.msg);
	/* The lease is given back. */
	ck_assert_int_eq(og_sim_get(sim, "leases.coordination.k8s.io", "default",
				 "otelgate-controller", &log, &err),
		0);
	ck_assert(og_sv_has(og_buf_view(&log), OG_SV("\"holderIdentity\":\"\"")));
	og_buf_fini(&log);
}
END_TEST

START_TEST(what_is_put_right_is_no_longer_named)
{
	struct running r;
	struct og_err err = OG_ERR_INIT;

	put(REGISTRATION);
	put(POD("web-1-a", IN));
	begin(&r, "a", true);
	UNTIL(says(&r, "/debug/missed", "\"pods\":1"));
	ck_assert_int_eq(og_sim_delete(sim, "pods", "shop", "web-1-a", &err), 0);
	UNTIL(says(&r, "/debug/missed", "\"pods\":0"));
	UNTIL(says(&r, "/metrics", "otelgate_missed_pods{reason=\"webhook-away\"} 0"));
	put(POD("web-1-c", IN));
	UNTIL(says(&r, "/debug/missed", "\"pods\":1"));
	ck_assert_int_eq(end(&r), 0);
}
END_TEST

START_TEST(a_pod_without_a_target_is_excluded_once_it_was_seen_whole)
{
	struct running r;

	put(REGISTRATION);
	put(POD("web-1-a", IN ",\"otelgate.dev/exclude-containers\":\"app\""));
	begin(&r, "a", true);
	UNTIL(says(&r, "/debug/missed", "\"reason\":\"excluded\""));
	ck_assert_ptr_nonnull(strstr(body.p, "every container of it is skipped"));
	uint64_t gets = og_sim_requests(sim, "get", "pods");
	put(POD("web-1-z", ""));
	UNTIL(says(&r, "/metrics", "otelgate_missed_pods{reason=\"excluded\"} 1"));
	ck_assert_uint_eq(og_sim_requests(sim, "get", "pods"), gets);
	ck_assert_int_eq(end(&r), 0);
}
END_TEST

START_TEST(of_two_one_leads_and_the_other_follows)
{
	struct running a, b;

	put(REGISTRATION);
	begin(&a, "a", false);
	UNTIL(says(
		&a, "/metrics", "leader_election_master_status{name=\"otelgate-controller\"} 1"));
	begin(&b, "b", false);
	UNTIL(get(&b, "/readyz") == 200);
	ck_assert(says(
		&b, "/metrics", "leader_election_master_status{name=\"otelgate-controller\"} 0"));
	put(POD("web-1-a", IN));
	UNTIL(says(&b, "/debug/missed", "\"pods\":1"));
	UNTIL(og_sim_count(sim, "events.events.k8s.io", "shop") == 1);
	ck_assert_int_eq(end(&a), 0);
	UNTIL(says(
		&b, "/metrics", "leader_election_master_status{name=\"otelgate-controller\"} 1"));
	ck_assert_int_eq(end(&b), 0);
}
END_TEST

START_TEST(a_server_that_is_away_is_waited_for)
{
	struct running r;
	struct og_err err = OG_ERR_INIT;

	put(REGISTRATION);
	put(POD("web-1-a", IN));
	og_sim_down(sim);
	begin(&r, "a", false);
	ck_assert_int_eq(get(&r, "/readyz"), 503);
	ck_assert_int_eq(get(&r, "/debug/missed"), 503);
	ck_assert_int_eq(get(&r, "/livez"), 200);
	ck_assert_int_eq(og_sim_up(sim, &err), 0);
	UNTIL(says(&r, "/debug/missed", "\"pods\":1"));
	ck_assert_int_eq(get(&r, "/readyz"), 200);
	ck_assert_int_eq(end(&r), 0);
}
END_TEST

START_TEST(stopping_does_not_wait_for_a_server_that_is_away)
{
	struct running r;

	begin(&r, "a", false);
	UNTIL(get(&r, "/readyz") == 200);
	og_sim_down(sim);
	ck_assert_int_eq(end(&r), 0);
}
END_TEST

START_TEST(an_unknown_path_is_not_found)
{
	struct running r;

	begin(&r, "a", true);
	ck_assert_int_eq(get(&r, "/mutate"), 404);
	ck_assert_int_eq(end(&r), 0);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("controller/controller");
	TCase *tc = tcase_create("controller");
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, what_was_missed_is_named_counted_and_said_on_the_workload);
	tcase_add_test(tc, what_is_put_right_is_no_longer_named);
	tcase_add_test(tc, a_pod_without_a_target_is_excluded_once_it_was_seen_whole);
	tcase_add_test(tc, of_two_one_leads_and_the_other_follows);
	tcase_add_test(tc, a_server_that_is_away_is_waited_for);
	tcase_add_test(tc, stopping_does_not_wait_for_a_server_that_is_away);
	tcase_add_test(tc, an_unknown_path_is_not_found);
	suite_add_tcase(s, tc);
	return og_suite_run(s);
}
