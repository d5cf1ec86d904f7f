/* SPDX-License-Identifier: Apache-2.0 */
/* The webhook in a simulated cluster: configuration, owners, faults of the API server, rights. */
#include <stdatomic.h>
#include "world.inc"

#define OPT_IN "\"annotations\":{\"otelgate.dev/inject\":\"true\"}"
#define REVIEW_BEGIN                                                                            \
	"{\"apiVersion\":\"admission.k8s.io/v1\",\"kind\":\"AdmissionReview\",\"request\":{"    \
	"\"uid\":\"u\",\"resource\":{\"group\":\"\",\"version\":\"v1\",\"resource\":\"pods\"}," \
	"\"operation\":\"CREATE\",\"namespace\":\"shop\",\"object\":{\"apiVersion\":\"v1\","    \
	"\"kind\":\"Pod\",\"metadata\":{\"name\":\"p\","
#define REVIEW_END "},\"spec\":{\"containers\":[{\"name\":\"app\",\"image\":\"i:1\"}]}}}}"
#define OPT_OUT	   "\"annotations\":{\"otelgate.dev/inject\":\"false\"}"

static void setup(void)
{
	cluster_init(0);
}

static void teardown(void)
{
	cluster_fini();
}

static void put(const char *json)
{
	TRY(og_sim_put(w.sim, json, err));
}

/* Asks for no pods of its own. */
#define TEMPLATE                                                                            \
	"\"template\":{\"metadata\":{\"labels\":{\"a\":\"b\"}},\"spec\":{\"containers\":[{" \
	"\"name\":\"a\",\"image\":\"i:1\"}]}}"
#define SPEC                                                                                      \
	"{\"replicas\":0,\"suspend\":true,\"selector\":{\"matchLabels\":{\"a\":\"b\"}}," TEMPLATE \
	",\"schedule\":\"0 0 1 1 *\",\"jobTemplate\":{\"spec\":{" TEMPLATE "}}}"

static void workload(const char *kind, const char *api, const char *name, const char *more)
{
	char text[2000];
	snprintf(text, sizeof(text),
		"{\"apiVersion\":\"%s\",\"kind\":\"%s\",\"metadata\":{\"namespace\":\"shop\","
		"\"name\":\"%s\",\"uid\":\"u-%s\"%s%s},\"spec\":" SPEC "}",
		api, kind, name, name, more ? "," : "", more ? more : "");
	put(text);
}

/* ---- from nothing ---- */

START_TEST(from_nothing)
{
	replica_start(0);
	ck_assert_int_eq(pod("shop", "a", OPT_IN), 201);
	ck_assert(injected());
	ck_assert_int_eq(pod("shop", "b", NULL), 201);
	ck_assert(!injected());
	ck_assert_int_eq(pod("shop", "c", OPT_OUT), 201);
	ck_assert(!injected());
	bundle_until(true);
	ck_assert_uint_eq(og_sim_count(w.sim, "secrets", "otelgate"), 1);
	ck_assert(ops_says(0, "/readyz?verbose", "caBundle of 1 holds our 1 CA"));
	ck_assert(ops_says(0, "/readyz?verbose", "[+]cluster ok"));
	ck_assert(ops_says(0, "/debug/config", "\"bundleCurrent\":true"));
	ck_assert(metric(0, "otelgate_ca_bundle_current") == 1);
	ck_assert(metric(0, "otelgate_cache_synced{resource=\"deployments.apps\"}") == 1);
	ck_assert(metric(0, "otelgate_cache_objects{resource=\"namespaces\"}") >= 2);
	ck_assert(metric(0, "otelgate_ca_problem") == 0);
	replica_stop(0);
	ck_assert_int_eq(w.r[0].result, 0);
}
END_TEST

START_TEST(own_and_system_namespaces_are_not_asked_about)
{
	replica_start(0);
	pods_until_injected("shop", OPT_IN);
	ck_assert_int_eq(pod("otelgate", "x", OPT_IN), 201);
	ck_assert(!injected());
	put("{\"apiVersion\":\"v1\",\"kind\":\"Namespace\",\"metadata\":{"
	    "\"name\":\"kube-system\"}}");
	ck_assert_int_eq(pod("kube-system", "x", OPT_IN), 201);
	ck_assert(!injected());
	ck_assert(ops(0, "/metrics") == 200);
	ck_assert_ptr_null(strstr(w.resp.body.p, "excluded-namespace"));
}
END_TEST

START_TEST(three_at_once)
{
	for (int i = 0; i < 3; i++)
		replica_run(i);
	for (int i = 0; i < 3; i++) {
		replica_serves(i);
		pods_until_injected("shop", OPT_IN);
	}
	ck_assert_uint_eq(og_sim_count(w.sim, "secrets", "otelgate"), 1);
	bundle_until(true);
}
END_TEST

START_TEST(the_registration_comes_later)
{
	replica_run(0);
	ops_until(0, "/readyz?verbose", "there is none");
	replica_serves(0); /* ready: nobody calls it, and nobody is harmed */
	cluster_registration();
	pods_until_injected("shop", OPT_IN);
}
END_TEST

/* ---- configuration ---- */

START_TEST(custom_resources_come_later)
{
	replica_start(0);
	ck_assert_int_eq(pod("shop", "a", OPT_IN), 201);
	ck_assert(!injected());
	ck_assert(ops_says(0, "/readyz?verbose", "telemetryprofiles.otelgate.dev: absent"));
	cluster_crds();
	cluster_config();
	replica_hup(0);
	pods_until_injected("shop", OPT_IN);
	ops_until(0, "/readyz?verbose", "telemetryprofiles.otelgate.dev: synced");
}
END_TEST

#define PROFILE(name, spec)                                                                      \
	"{\"apiVersion\":\"otelgate.dev/v1alpha1\",\"kind\":\"TelemetryProfile\",\"metadata\":{" \
	"\"name\":\"" name "\"},\"spec\":" spec "}"

START_TEST(changes_are_followed)
{
	replica_start(0);
	pods_until_injected("shop", OPT_IN);
	put("{\"apiVersion\":\"otelgate.dev/v1alpha1\",\"kind\":\"GrafanaStack\",\"metadata\":{"
	    "\"name\":\"main\"},\"spec\":{\"receiver\":{\"type\":\"collector\","
	    "\"endpoint\":\"http://other.obs.svc:4318\"}}}");
	for (int i = 0; i < 200 && !strstr(w.body.p, "other.obs"); i++)
		pods_until_injected("shop", OPT_IN);
	ck_assert_ptr_nonnull(strstr(w.body.p, "http://other.obs.svc:4318"));
	put(PROFILE("extra", "{\"stack\":\"main\"}"));
	pods_until_injected("shop", "\"annotations\":{\"otelgate.dev/inject\":\"extra\"}");
	TRY(og_sim_delete(w.sim, "telemetryprofiles.otelgate.dev", NULL, "extra", err));
	pods_until_not_injected("shop", "\"annotations\":{\"otelgate.dev/inject\":\"extra\"}");
	pods_until_injected("shop", OPT_IN);
}
END_TEST

START_TEST(a_bad_object_is_refused_alone)
{
	replica_start(0);
	pods_until_injected("shop", OPT_IN);
	/* past validation, as a newer version of ours, or a hand in etcd, may have written it */
	put(PROFILE("standard", "{\"stack\":\"main\",\"default\":true,\"nonsense\":1}"));
	put(PROFILE("good", "{\"stack\":\"main\"}"));
	put(PROFILE("never", "{\"stack\":\"nowhere\"}"));
	pods_until_injected("shop", "\"annotations\":{\"otelgate.dev/inject\":\"good\"}");
	ck_assert_int_eq(pod("shop", "last-good", OPT_IN), 201);
	ck_assert(injected());
	ops_until(0, "/readyz?verbose", "TelemetryProfile/standard");
	ck_assert(ops_says(0, "/readyz?verbose", "TelemetryProfile/never"));
	ck_assert_int_eq(ops(0, "/readyz"), 200);
	ck_assert(ops_says(0, "/debug/config", "\"object\":\"TelemetryProfile/standard\""));
	ck_assert(ops_says(0, "/debug/config", "\"earlierInForce\":true"));
	ck_assert(metric(0, "otelgate_reload_successful{what=\"config\"}") == 0);
	put(PROFILE("standard", "{\"stack\":\"main\",\"default\":true}"));
	TRY(og_sim_delete(w.sim, "telemetryprofiles.otelgate.dev", NULL, "never", err));
	ops_until_not(0, "/readyz?verbose", "refused");
	ck_assert(metric(0, "otelgate_reload_successful{what=\"config\"}") == 1);
}
END_TEST

START_TEST(bad_from_the_beginning)
{
	put(PROFILE("standard", "{\"stack\":17}"));
	put(PROFILE("good", "{\"stack\":\"main\"}"));
	replica_start(0);
	pods_until_injected("shop", "\"annotations\":{\"otelgate.dev/inject\":\"good\"}");
	ck_assert(ops_says(0, "/readyz?verbose", "TelemetryProfile/standard"));
}
END_TEST

START_TEST(files_and_the_clusters_facts)
{
	static const char *paths[1];
	static char path[300];

	og_tmpdir_write(&w.dir, "config.yaml",
		"apiVersion: otelgate.dev/v1alpha1\nkind: GrafanaStack\nmetadata: {name: f}\n"
		"spec: {receiver: {type: collector, endpoint: \"http://file.obs.svc:4318\"}}\n"
		"---\napiVersion: otelgate.dev/v1alpha1\nkind: TelemetryProfile\n"
		"metadata: {name: p}\nspec: {stack: f, default: true}\n");
	paths[0] = og_tmpdir_join(&w.dir, "config.yaml", path, sizeof(path));
	replica_opts(0)->config_paths = paths;
	replica_opts(0)->nconfig = 1;
	workload("StatefulSet", "apps/v1", "db", OPT_IN);
	replica_start(0);
	pods_until_injected("shop", owned_by("StatefulSet", "apps/v1", "db"));
	ck_assert_ptr_nonnull(strstr(w.body.p, "http://file.obs.svc:4318"));
	ck_assert(!ops_says(0, "/readyz?verbose", "telemetryprofiles"));
}
END_TEST

/* ---- owners ---- */

START_TEST(every_owner_and_the_namespace)
{
	static const struct {
		const char *kind, *api;
	} kinds[] = {{"Deployment", "apps/v1"}, {"StatefulSet", "apps/v1"},
		{"DaemonSet", "apps/v1"}, {"Job", "batch/v1"}, {"CronJob", "batch/v1"}};
	static const char *const names[] = {"deploy", "sts", "ds", "job"};
	for (size_t i = 0; i < OG_COUNT(kinds); i++)
		workload(kinds[i].kind, kinds[i].api, "yes", OPT_IN);
	workload("ReplicaSet", "apps/v1", "yes-5d4f", owned_by("Deployment", "apps/v1", "yes"));
	workload("Job", "batch/v1", "yes-123", owned_by("CronJob", "batch/v1", "yes"));
	put("{\"apiVersion\":\"v1\",\"kind\":\"Namespace\",\"metadata\":{\"name\":\"all\"," OPT_IN
	    "}}");
	replica_start(0);
	for (size_t i = 1; i < 4; i++) {
		ck_assert_int_eq(
			pod("shop", names[i], owned_by(kinds[i].kind, kinds[i].api, "yes")), 201);
		ck_assert_msg(injected(), "%s", kinds[i].kind);
	}
	ck_assert_int_eq(pod("shop", "rs", owned_by("ReplicaSet", "apps/v1", "yes-5d4f")), 201);
	ck_assert(injected());
	ck_assert_ptr_nonnull(strstr(w.body.p, "k8s.deployment.name=yes"));
	ck_assert_int_eq(pod("shop", "cj", owned_by("Job", "batch/v1", "yes-123")), 201);
	ck_assert(injected());
	ck_assert_int_eq(pod("all", "bare", NULL), 201);
	ck_assert(injected());
	ck_assert_int_eq(pod("all", "not-me", OPT_OUT), 201);
	ck_assert(!injected());
	ck_assert(metric(0, "otelgate_owner_lookups_total{result=\"found\"}") > 5);
}
END_TEST

START_TEST(an_owner_that_opts_in_later)
{
	workload("StatefulSet", "apps/v1", "db", NULL);
	replica_start(0);
	ck_assert_int_eq(pod("shop", "db-0", owned_by("StatefulSet", "apps/v1", "db")), 201);
	ck_assert(!injected());
	workload("StatefulSet", "apps/v1", "db", OPT_IN);
	pods_until_injected("shop", owned_by("StatefulSet", "apps/v1", "db"));
	workload("StatefulSet", "apps/v1", "db", OPT_OUT);
	pods_until_not_injected("shop", owned_by("StatefulSet", "apps/v1", "db"));
}
END_TEST

static void *late_owner(void *arg)
{
	(void)arg;
	(void)poll(NULL, 0, 300);
	workload("StatefulSet", "apps/v1", "late", OPT_IN);
	return NULL;
}

START_TEST(an_owner_that_comes_a_moment_later_is_waited_for)
{
	pthread_t t;

	replica_opts(0)->cluster.owner_wait_ms = 2000;
	replica_start(0);
	pods_until_injected("shop", OPT_IN);
	ck_assert_int_eq(pthread_create(&t, NULL, late_owner, NULL), 0);
	ck_assert_int_eq(pod("shop", "late-0", owned_by("StatefulSet", "apps/v1", "late")), 201);
	ck_assert(injected());
	pthread_join(t, NULL);
	ck_assert(metric(0, "otelgate_owner_lookups_total{result=\"waited\"}") == 1);
	ck_assert_uint_eq(og_sim_requests(w.sim, "get", "statefulsets"), 0);
}
END_TEST

START_TEST(an_owner_whose_event_is_late_is_fetched)
{
	replica_start(0);
	pods_until_injected("shop", OPT_IN);
	/* the watch is told a minute later */
	TRY(og_sim_fault(w.sim,
		"{\"match\":{\"verb\":\"watch\",\"resource\":\"statefulsets\",\"count\":-1},"
		"\"action\":{\"type\":\"late\",\"ms\":60000}}",
		err));
	og_sim_drop_connections(w.sim);
	ops_until(0, "/readyz?verbose", "statefulsets.apps: synced");
	(void)poll(NULL, 0, 300);
	ops_until(0, "/readyz?verbose", "statefulsets.apps: synced");
	workload("StatefulSet", "apps/v1", "quick", OPT_IN);
	ck_assert_int_eq(pod("shop", "quick-0", owned_by("StatefulSet", "apps/v1", "quick")), 201);
	ck_assert_msg(injected(), "%s", w.body.p);
	ck_assert_uint_ge(og_sim_requests(w.sim, "get", "statefulsets"), 1);
}
END_TEST

START_TEST(an_owner_that_never_was)
{
	replica_start(0);
	pods_until_injected("shop", OPT_IN);
	for (int i = 0; i < 20; i++) {
		char name[20];
		snprintf(name, sizeof(name), "ghost%d", i);
		ck_assert_int_eq(
			pod("shop", name, owned_by("StatefulSet", "apps/v1", "ghost")), 201);
		ck_assert(!injected());
	}
	/* asked once, then known */
	ck_assert_uint_eq(og_sim_requests(w.sim, "get", "statefulsets"), 1);
	/* a pod that says so itself is injected all the same */
	char both[700];
	snprintf(both, sizeof(both), OPT_IN ",%s", owned_by("StatefulSet", "apps/v1", "ghost"));
	ck_assert_int_eq(pod("shop", "ghost-yes", both), 201);
	ck_assert(injected());
	ck_assert(metric(0, "otelgate_owner_lookups_total{result=\"missing\"}") >= 20);
}
END_TEST

START_TEST(a_strange_kind_of_owner_costs_nothing)
{
	replica_start(0);
	pods_until_injected("shop", OPT_IN);
	uint64_t before = og_sim_requests(w.sim, "get", NULL);
	ck_assert_int_eq(pod("shop", "wf", owned_by("Workflow", "argoproj.io/v1alpha1", "x")), 201);
	ck_assert(!injected());
	ck_assert_uint_eq(og_sim_requests(w.sim, "get", NULL), before);
}
END_TEST

static _Atomic unsigned ghosts_done;
static char *ghost_ca;

static void *ghost_main(void *arg)
{
	og_auto_buf struct og_buf b = OG_BUF_INIT(0);
	struct hc_resp resp = {0};
	struct hc h;

	og_buf_fmt(&b,
		REVIEW_BEGIN
		"\"ownerReferences\":[{\"apiVersion\":\"apps/v1\",\"kind\":\"StatefulSet\","
		"\"name\":\"g%zu\",\"uid\":\"u\",\"controller\":true}]" REVIEW_END,
		(size_t)arg);
	if (hc_open(&h, replica_port(0), ghost_ca) &&
		hc_post(&h, "/mutate?timeout=5s", NULL, b.p, b.len) && hc_recv(&h, &resp) &&
		resp.status == 200)
		atomic_fetch_add(&ghosts_done, 1);
	hc_close(&h);
	hc_resp_fini(&resp);
	return NULL;
}

START_TEST(a_storm_of_strange_owners_leaves_room)
{
	og_auto_buf struct og_buf ca = OG_BUF_INIT(0);
	pthread_t t[12];
	struct hc h;
	static const char plain[] = REVIEW_BEGIN OPT_IN REVIEW_END;

	replica_start(0);
	pods_until_injected("shop", OPT_IN);
	ca_bundle(&ca);
	ghost_ca = ca.p;
	TRY(og_sim_fault(w.sim,
		"{\"match\":{\"verb\":\"get\",\"resource\":\"statefulsets\",\"count\":-1},"
		"\"action\":{\"type\":\"stall\",\"after\":-1}}",
		err));
	for (size_t i = 0; i < OG_COUNT(t); i++)
		ck_assert_int_eq(pthread_create(&t[i], NULL, ghost_main, (void *)i), 0);
	while (og_sim_requests(w.sim, "get", "statefulsets") == 0 && atomic_load(&ghosts_done) < 12)
		(void)poll(NULL, 0, 5);
	ck_assert(hc_open(&h, replica_port(0), ca.p));
	ck_assert(hc_post(&h, "/mutate?timeout=5s", NULL, plain, sizeof(plain) - 1) &&
		  hc_recv(&h, &w.resp));
	hc_close(&h);
	ck_assert_int_eq(w.resp.status, 200);
	ck_assert_ptr_nonnull(strstr(w.resp.body.p, "\"patch\":"));
	ck_assert_uint_lt(atomic_load(&ghosts_done), 12); /* some still wait */
	for (size_t i = 0; i < OG_COUNT(t); i++)
		pthread_join(t[i], NULL);
	ck_assert_uint_eq(atomic_load(&ghosts_done), 12); /* and all are answered in time */
}
END_TEST

/* ---- the API server ---- */

START_TEST(reviews_go_on_without_the_api_server)
{
	og_auto_buf struct og_buf ca = OG_BUF_INIT(0), b = OG_BUF_INIT(0);
	struct hc h;

	workload("StatefulSet", "apps/v1", "db", OPT_IN);
	replica_start(0);
	pods_until_injected("shop", OPT_IN);
	ca_bundle(&ca);
	og_sim_down(w.sim);
	ops_until(0, "/readyz?verbose", "statefulsets.apps: failing");
	ck_assert_int_eq(ops(0, "/readyz"), 200);
	ck_assert_int_eq(ops(0, "/livez"), 200);
	ck_assert(hc_open(&h, replica_port(0), ca.p));
	og_buf_fmt(&b,
		"{\"apiVersion\":\"admission.k8s.io/v1\",\"kind\":\"AdmissionReview\",\"request\":{"
		"\"uid\":\"u\",\"resource\":{\"group\":\"\",\"version\":\"v1\","
		"\"resource\":\"pods\"},\"operation\":\"CREATE\",\"namespace\":\"shop\","
		"\"object\":{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"metadata\":{"
		"\"name\":\"db-0\",%s},\"spec\":{\"containers\":[{\"name\":\"app\","
		"\"image\":\"i:1\"}]}}}}",
		owned_by("StatefulSet", "apps/v1", "db"));
	ck_assert(hc_post(&h, "/mutate?timeout=3s", NULL, b.p, b.len) && hc_recv(&h, &w.resp));
	hc_close(&h);
	ck_assert_int_eq(w.resp.status, 200);
	ck_assert_ptr_nonnull(strstr(w.resp.body.p, "\"patch\":"));
	ck_assert(metric(0, "otelgate_cache_synced{resource=\"statefulsets.apps\"}") == 0);
	TRY(og_sim_up(w.sim, err));
	ops_until_not(0, "/readyz?verbose", "failing");
	workload("StatefulSet", "apps/v1", "db", OPT_OUT);
	pods_until_not_injected("shop", owned_by("StatefulSet", "apps/v1", "db"));
}
END_TEST

START_TEST(an_api_server_that_restarts_and_forgets)
{
	const struct og_sim_restart_opts o = {
		.down_ms = 200, .rv_jump = 1000, .lose_history = true};

	replica_start(0);
	pods_until_injected("shop", OPT_IN);
	TRY(og_sim_restart(w.sim, &o, err));
	put(PROFILE("after", "{\"stack\":\"main\"}"));
	pods_until_injected("shop", "\"annotations\":{\"otelgate.dev/inject\":\"after\"}");
	workload("StatefulSet", "apps/v1", "new", OPT_IN);
	pods_until_injected("shop", owned_by("StatefulSet", "apps/v1", "new"));
}
END_TEST

START_TEST(started_without_an_api_server)
{
	(void)replica_opts(0);
	og_sim_down(w.sim);
	replica_run(0);
	ops_until(0, "/livez", "ok");
	ck_assert_int_eq(ops(0, "/readyz"), 503);
	ops_until(0, "/readyz?verbose", "[-]certificate failed: not loaded");
	ops_until(0, "/readyz?verbose", "[-]cluster failed");
	TRY(og_sim_up(w.sim, err));
	replica_serves(0);
	pods_until_injected("shop", OPT_IN);
}
END_TEST

START_TEST(stopped_without_an_api_server)
{
	(void)replica_opts(0);
	og_sim_down(w.sim);
	replica_run(0);
	ops_until(0, "/livez", "ok");
	replica_stop(0);
	ck_assert_int_eq(w.r[0].result, 0);
}
END_TEST

START_TEST(slow_caches_defer_reviews_for_a_while)
{
	og_auto_buf struct og_buf ca = OG_BUF_INIT(0);
	struct hc h;
	static const char review[] =
		"{\"apiVersion\":\"admission.k8s.io/v1\",\"kind\":\"AdmissionReview\",\"request\":{"
		"\"uid\":\"u\",\"resource\":{\"group\":\"\",\"version\":\"v1\","
		"\"resource\":\"pods\"},\"operation\":\"CREATE\",\"namespace\":\"shop\","
		"\"object\":{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"metadata\":{\"name\":\"p\"},"
		"\"spec\":{\"containers\":[{\"name\":\"app\",\"image\":\"i:1\"}]}}}}";
	char value[16];
	bool deferred = false;

	TRY(og_sim_fault(w.sim,
		"{\"match\":{\"resource\":\"replicasets\",\"count\":-1},"
		"\"action\":{\"type\":\"stall\",\"after\":-1}}",
		err));
	replica_opts(0)->cluster.sync_ms = 3000;
	replica_run(0);
	for (int i = 0; i < 1000 && !replica_port(0); i++)
		(void)poll(NULL, 0, 5);
	bundle_until(true);
	ca_bundle(&ca);
	ck_assert_int_eq(ops(0, "/readyz"), 503);
	/* and says what it waits for */
	ops_until(0, "/readyz?verbose", "last heard never; waits for the server's answer");
	ck_assert(ops_says(0, "/debug/config", "\"waitsFor\":\"the server's answer"));
	for (int i = 0; i < 1000; i++) {
		ck_assert(hc_open(&h, replica_port(0), ca.p));
		ck_assert(hc_post(&h, "/mutate?timeout=3s", NULL, review, sizeof(review) - 1) &&
			  hc_recv(&h, &w.resp));
		hc_close(&h);
		if (w.resp.status == 200)
			break;
		ck_assert_int_eq(w.resp.status, 429);
		ck_assert_str_eq(hc_header(&w.resp, "Retry-After", value, sizeof(value)), "1");
		deferred = true;
		(void)poll(NULL, 0, 20);
	}
	/* then it decides without them */
	ck_assert(deferred);
	ck_assert_int_eq(w.resp.status, 200);
	ck_assert_ptr_nonnull(strstr(w.resp.body.p, "\"allowed\":true"));
	ck_assert(metric(0, "otelgate_reviews_deferred_total") >= 1);
	ck_assert_int_eq(ops(0, "/readyz"), 503);
	og_sim_clear_faults(w.sim);
	og_sim_drop_connections(w.sim);
	replica_serves(0);
}
END_TEST

/* ---- rights ---- */

START_TEST(without_a_right_the_rest_works)
{
	static const struct {
		const char *resource, *watch, *rule;
	} rows[] = {
		{"replicasets", "replicasets.apps: forbidden", "replicasets"},
		{"namespaces", "namespaces: forbidden", "namespaces"},
		{"jobs", "cronjobs.batch: forbidden", "cronjobs"},
	};
	cluster_rights(rows[_i].resource);
	replica_start(0);
	pods_until_injected("shop", OPT_IN);
	ck_assert(ops_says(0, "/readyz?verbose", rows[_i].watch));
	ck_assert(ops_says(0, "/debug/config", "\"missingRule\":"));
	ck_assert(ops_says(0, "/debug/config", rows[_i].rule));
	cluster_rights(NULL);
	replica_hup(0);
	ops_until_not(0, "/readyz?verbose", "forbidden");
}
END_TEST

START_TEST(without_the_right_to_the_configuration)
{
	cluster_rights("grafanastacks");
	replica_start(0);
	ck_assert_int_eq(pod("shop", "a", OPT_IN), 201);
	ck_assert(!injected());
	ck_assert(ops_says(0, "/readyz?verbose", "telemetryprofiles.otelgate.dev: forbidden"));
	cluster_rights(NULL);
	replica_hup(0);
	pods_until_injected("shop", OPT_IN);
}
END_TEST

START_TEST(without_the_right_to_the_secret)
{
	cluster_rights("secrets");
	replica_run(0);
	ops_until(0, "/readyz?verbose", "secrets");
	ck_assert_int_eq(ops(0, "/readyz"), 503);
	ck_assert(metric(0, "otelgate_ca_problem") == 1);
	ck_assert_int_eq(pod("shop", "a", OPT_IN), 201); /* and pods come all the same */
	cluster_rights(NULL);
	replica_hup(0);
	replica_serves(0);
	pods_until_injected("shop", OPT_IN);
}
END_TEST

START_TEST(without_the_right_to_the_registration)
{
	cluster_rights("mutatingwebhookconfigurations");
	replica_run(0);
	replica_serves(0);
	ck_assert(ops_says(0, "/readyz?verbose", "mutatingwebhookconfigurations"));
	ck_assert_int_eq(pod("shop", "a", OPT_IN), 201);
	ck_assert(!injected());
	cluster_rights(NULL);
	replica_hup(0);
	pods_until_injected("shop", OPT_IN);
}
END_TEST

static void no_crds(void)
{
	cluster_init(WORLD_NO_CRDS);
}
static void no_registration(void)
{
	cluster_init(WORLD_NO_REGISTRATION);
}

int main(void)
{
	const struct {
		const char *name;
		void (*setup)(void);
		const TTest *tests[24];
		int loop;
	} cases[] = {
		{"from nothing", setup,
			{from_nothing, own_and_system_namespaces_are_not_asked_about,
				three_at_once},
			1},
		{"later", no_registration, {the_registration_comes_later}, 1},
		{"without CRDs", no_crds, {custom_resources_come_later}, 1},
		{"configuration", setup,
			{changes_are_followed, a_bad_object_is_refused_alone,
				bad_from_the_beginning, files_and_the_clusters_facts},
			1},
		{"owners", setup,
			{every_owner_and_the_namespace, an_owner_that_opts_in_later,
				an_owner_that_comes_a_moment_later_is_waited_for,
				an_owner_whose_event_is_late_is_fetched, an_owner_that_never_was,
				a_strange_kind_of_owner_costs_nothing,
				a_storm_of_strange_owners_leaves_room},
			1},
		{"API server", setup,
			{reviews_go_on_without_the_api_server,
				an_api_server_that_restarts_and_forgets,
				started_without_an_api_server, stopped_without_an_api_server,
				slow_caches_defer_reviews_for_a_while},
			1},
		{"rights", setup, {without_a_right_the_rest_works}, 3},
		{"more rights", setup,
			{without_the_right_to_the_configuration, without_the_right_to_the_secret,
				without_the_right_to_the_registration},
			1},
	};
	Suite *s = suite_create("webhook/cluster");
	for (size_t i = 0; i < OG_COUNT(cases); i++) {
		TCase *t = tcase_create(cases[i].name);
		tcase_add_checked_fixture(t, cases[i].setup, teardown);
		tcase_set_timeout(t, 60);
		for (size_t k = 0; k < OG_COUNT(cases[i].tests) && cases[i].tests[k]; k++)
			tcase_add_loop_test(t, cases[i].tests[k], 0, cases[i].loop);
		suite_add_tcase(s, t);
	}
	return og_suite_run(s);
}
