/* SPDX-License-Identifier: Apache-2.0 */
/* What a process knows of its cluster, against the simulated API server. */
#include "otelgate/cluster/cluster.h"

#include <check.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include "otelgate/base/mem.h"
#include "otelgate/cluster/report.h"
#include "sim/client.h"
#include "support/suite.h"
#include "../../../src/cluster/cluster-priv.h"
#include "../../../src/kube/watch-priv.h"

#define STACK(endpoint)                                                                      \
	"{\"apiVersion\":\"otelgate.dev/v1alpha1\",\"kind\":\"GrafanaStack\",\"metadata\":{" \
	"\"name\":\"s\"},\"spec\":{\"receiver\":{\"endpoint\":\"" endpoint "\"}}}"
#define PROFILE(name, spec)                                                                     \
	"{\"apiVersion\":\"otelgate.dev/v1alpha1\",\"kind\":\"TelemetryProfile\",\"metadata\":" \
	"{\"name\":\"" name "\"},\"spec\":{" spec "}}"
#define GOOD_STACK STACK("http://alloy.example.com:4318")
#define REGISTRATION                                                                       \
	"{\"apiVersion\":\"admissionregistration.k8s.io/v1\",\"kind\":"                    \
	"\"MutatingWebhookConfiguration\",\"metadata\":{\"name\":\"otelgate\","            \
	"\"creationTimestamp\":\"2026-01-01T00:00:00Z\"},\"webhooks\":[{\"name\":"         \
	"\"pods.otelgate.dev\",\"clientConfig\":{\"url\":\"https://127.0.0.1:1/mutate\"}," \
	"\"sideEffects\":\"None\",\"admissionReviewVersions\":[\"v1\"]}]}"
#define DEPLOYMENT(name, annotations)                                                        \
	"{\"apiVersion\":\"apps/v1\",\"kind\":\"Deployment\",\"metadata\":{\"name\":\"" name \
	"\",\"namespace\":\"shop\",\"uid\":\"00000000-0000-4000-8000-0000000000d1\","        \
	"\"labels\":{\"tier\":\"web\"},\"annotations\":{" annotations "\"secret\":\"x\"}}}"
#define REPLICASET(name, owner)                                                              \
	"{\"apiVersion\":\"apps/v1\",\"kind\":\"ReplicaSet\",\"metadata\":{\"name\":\"" name \
	"\",\"namespace\":\"shop\",\"ownerReferences\":[{\"apiVersion\":\"apps/v1\","        \
	"\"kind\":\"Deployment\",\"name\":\"" owner "\",\"uid\":\"u\",\"controller\":true}]}}"
#define POD(name, labels, annotations)                                                                 \
	"{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"metadata\":{\"name\":\"" name                       \
	"\",\"namespace\":\"shop\",\"creationTimestamp\":\"2026-02-01T00:00:00Z\",\"labels\":{" labels \
	"\"a\":\"b\"},\"annotations\":{" annotations "\"c\":\"d\"},"                                   \
	"\"ownerReferences\":[{\"apiVersion\":\"apps/v1\",\"kind\":\"ReplicaSet\",\"name\":"           \
	"\"web-1\",\"uid\":\"r\",\"controller\":true}]},\"spec\":{\"containers\":[{\"name\":"          \
	"\"app\",\"image\":\"web:1\"}]},\"status\":{\"phase\":\"Running\"}}"
#define IN "\"otelgate.dev/inject\":\"true\","

enum { TURN_MS = 20, TURNS = 1500 };

static struct og_sim *sim;
static struct og_sim_client client;
static struct og_cluster *cluster;
static unsigned configs;

static void put(const char *json)
{
	struct og_err err = OG_ERR_INIT;
	ck_assert_msg(og_sim_put(sim, json, &err) == 0, "%s", err.msg);
}

static void crds(void)
{
	struct og_err err = OG_ERR_INIT;
	ck_assert_msg(
		og_sim_apply_file(sim, "manifests/crds/otelgate.dev_grafanastacks.yaml", &err) == 0,
		"%s", err.msg);
	ck_assert_msg(og_sim_apply_file(
			      sim, "manifests/crds/otelgate.dev_telemetryprofiles.yaml", &err) == 0,
		"%s", err.msg);
}

static void setup(void)
{
	struct og_err err = OG_ERR_INIT;
	ck_assert_msg(og_sim_start(NULL, &sim, &err) == 0, "%s", err.msg);
	configs = 0;
}

static void teardown(void)
{
	og_cluster_stop(og_take(cluster));
	og_sim_client_fini(&client);
	og_sim_stop(og_take(sim));
}

static void on_config(void *ctx, struct og_cluster_config *take)
{
	(void)ctx;
	configs++;
	og_cluster_config_unref(take);
}

static void start_as(const char *token, unsigned parts, const char *ns)
{
	struct og_err err = OG_ERR_INIT;
	ck_assert_msg(og_sim_client_init(&client, sim, token, NULL, &err) == 0, "%s", err.msg);
	struct og_cluster_opts o = {.kube = client.kube,
		.parts = parts,
		.ns = ns,
		.settle_ms = 1,
		.on_config = on_config};
	ck_assert_msg(og_cluster_start(&o, &cluster, &err) == 0, "%s", err.msg);
}

/* Turns the loop until the condition holds; bounded. */
#define UNTIL(condition)                                             \
	do {                                                         \
		int turns_ = 0;                                      \
		while (!(condition) && turns_++ < TURNS)             \
			(void)og_loop_turn(client.loop, TURN_MS);    \
		ck_assert_msg((condition), "never: %s", #condition); \
	} while (0)

static void start(unsigned parts)
{
	start_as(NULL, parts, NULL);
	UNTIL(og_cluster_synced(cluster));
}

static uint32_t profiles(void)
{
	struct og_cluster_config *c = og_cluster_config(cluster);
	uint32_t n = c ? c->config->nprofiles : 0;
	og_cluster_config_unref(c);
	return n;
}

/* "TelemetryProfile/p good" …: the refused ones of the configuration in force. */
static const char *refused(void)
{
	static char text[512];
	struct og_cluster_config *c = og_cluster_config(cluster);
	size_t at = 0;

	text[0] = '\0';
	for (uint32_t i = 0; c && i < c->nrefused; i++)
		at += (size_t)snprintf(text + at, sizeof(text) - at, "%s%.*s%s", i ? "," : "",
			OG_SV_ARG(c->refused[i].name), c->refused[i].last_good ? "+" : "");
	og_cluster_config_unref(c);
	return text;
}

/* ---- configuration ---- */

START_TEST(objects_become_the_configuration)
{
	crds();
	put(GOOD_STACK);
	put(PROFILE("p", "\"default\":true"));
	start(OG_CLUSTER_CONFIG);
	ck_assert_uint_eq(profiles(), 1);
	ck_assert_str_eq(refused(), "");
	struct og_cluster_config *c = og_cluster_config(cluster);
	ck_assert_uint_eq(c->generation, 1);
	ck_assert_uint_eq(c->nobjects, 2);
	ck_assert(og_sv_is(
		c->config->profiles[0].stack->receiver.endpoint, "http://alloy.example.com:4318"));
	og_cluster_config_unref(c);
}
END_TEST

START_TEST(a_bad_object_takes_no_other_with_it)
{
	crds();
	put(GOOD_STACK);
	put(PROFILE("a", "\"default\":true"));
	put(PROFILE("b", "\"signals\":7"));
	start(OG_CLUSTER_CONFIG);
	ck_assert_uint_eq(profiles(), 1);
	ck_assert_str_eq(refused(), "TelemetryProfile/b");
	struct og_cluster_config *c = og_cluster_config(cluster);
	ck_assert_msg(og_sv_starts(c->refused[0].problem, OG_SV("spec.signals: ")), "%.*s",
		OG_SV_ARG(c->refused[0].problem));
	og_cluster_config_unref(c);
}
END_TEST

START_TEST(the_last_good_version_stays_until_it_is_repaired)
{
	crds();
	put(GOOD_STACK);
	put(PROFILE("p", "\"default\":true"));
	start(OG_CLUSTER_CONFIG);
	put(PROFILE("p", "\"default\":\"perhaps\""));
	UNTIL(strcmp(refused(), "TelemetryProfile/p+") == 0);
	ck_assert_uint_eq(profiles(), 1);
	put(PROFILE("q", ""));
	UNTIL(profiles() == 2);
	ck_assert_str_eq(refused(), "TelemetryProfile/p+");
	put(PROFILE("p", "\"default\":false"));
	UNTIL(strcmp(refused(), "") == 0);
	ck_assert_uint_eq(profiles(), 2);
}
END_TEST

START_TEST(a_stack_that_goes_bad_stays_as_it_was_with_its_profiles)
{
	crds();
	put(GOOD_STACK);
	put(PROFILE("p", "\"default\":true"));
	start(OG_CLUSTER_CONFIG);
	put(STACK("nonsense"));
	UNTIL(strcmp(refused(), "GrafanaStack/s+") == 0);
	ck_assert_uint_eq(profiles(), 1);
}
END_TEST

START_TEST(a_profile_waits_for_its_stack)
{
	crds();
	put(PROFILE("p", "\"stack\":\"s\""));
	start(OG_CLUSTER_CONFIG);
	ck_assert_uint_eq(profiles(), 0);
	ck_assert_str_eq(refused(), "TelemetryProfile/p");
	put(GOOD_STACK);
	UNTIL(profiles() == 1);
	ck_assert_str_eq(refused(), "");
}
END_TEST

START_TEST(what_is_deleted_is_gone)
{
	struct og_err err = OG_ERR_INIT;
	crds();
	put(GOOD_STACK);
	put(PROFILE("p", ""));
	start(OG_CLUSTER_CONFIG);
	ck_assert_int_eq(og_sim_delete(sim, "telemetryprofiles.otelgate.dev", NULL, "p", &err), 0);
	UNTIL(profiles() == 0);
	ck_assert_str_eq(refused(), "");
}
END_TEST

START_TEST(a_change_of_status_is_no_change)
{
	crds();
	put(GOOD_STACK);
	put(PROFILE("p", ""));
	start(OG_CLUSTER_CONFIG);
	unsigned before = configs;
	struct og_store *s =
		og_cluster_store(cluster, OG_SV("otelgate.dev"), OG_SV("TelemetryProfile"));
	uint64_t generation = og_store_generation(s);
	put("{\"apiVersion\":\"otelgate.dev/v1alpha1\",\"kind\":\"TelemetryProfile\",\"metadata\":"
	    "{\"name\":\"p\",\"labels\":{\"new\":\"one\"}},\"spec\":{},\"status\":{\"x\":1}}");
	UNTIL(og_store_generation(s) != generation);
	put(PROFILE("q", ""));
	UNTIL(profiles() == 2);
	ck_assert_uint_eq(configs, before + 1);
}
END_TEST

START_TEST(kinds_that_are_not_there_are_an_answer_and_come_later)
{
	start(OG_CLUSTER_CONFIG);
	ck_assert_uint_eq(profiles(), 0);
	struct og_buf text = OG_BUF_INIT(65536);
	ck_assert(!og_cluster_ready(cluster, &text));
	ck_assert_msg(og_sv_has(og_buf_view(&text), OG_SV("absent")), "%s", text.p);
	og_buf_fini(&text);
	crds();
	put(GOOD_STACK);
	put(PROFILE("p", ""));
	og_cluster_poke(cluster);
	UNTIL(profiles() == 1);
}
END_TEST

/* ---- rights ---- */

START_TEST(what_is_forbidden_is_said_with_the_rule_and_found_when_allowed)
{
	struct og_err err = OG_ERR_INIT;
	crds();
	ck_assert_int_eq(og_sim_add_user(sim, "poor", NULL, "poor-token", &err), 0);
	ck_assert_int_eq(og_sim_allow(sim, "poor", NULL,
				 "[{\"apiGroups\":[\"\"],\"resources\":[\"namespaces\"],"
				 "\"verbs\":[\"list\",\"watch\"]}]",
				 &err),
		0);
	start_as("poor-token", OG_CLUSTER_OWNERS, NULL);
	UNTIL(og_cluster_synced(cluster));
	struct og_buf text = OG_BUF_INIT(65536);
	ck_assert(!og_cluster_ready(cluster, &text));
	ck_assert_msg(
		og_sv_has(og_buf_view(&text), OG_SV("deployments.apps: forbidden")), "%s", text.p);
	ck_assert(og_sv_has(og_buf_view(&text), OG_SV("[+] namespaces: synced")));
	struct og_watch_info w[OG_CLUSTER_WATCHES];
	size_t n, with_rule = 0;
	og_cluster_watches(cluster, w, &n);
	for (size_t i = 0; i < n; i++)
		with_rule += strstr(w[i].rule, "apiGroups") != NULL;
	ck_assert_uint_ge(with_rule, 6);
	ck_assert_int_eq(og_sim_allow(sim, "poor", NULL,
				 "[{\"apiGroups\":[\"apps\",\"batch\"],\"resources\":[\"*\"],"
				 "\"verbs\":[\"list\",\"watch\"]}]",
				 &err),
		0);
	og_cluster_poke(cluster);
	put(DEPLOYMENT("web", ""));
	struct og_store *s = og_cluster_store(cluster, OG_SV("apps"), OG_SV("Deployment"));
	UNTIL(og_store_synced(s) && og_store_count(s) == 1);
	og_buf_fini(&text);
}
END_TEST

/* ---- an API server that was away ---- */

/* How many watches were down, and how many of them waited on, when the first one stood again. */
static unsigned down_then, waiting_then;
static bool stood;

static void at_state(void *ctx, const struct og_watch_info *i)
{
	(void)ctx;
	if (stood || !down_then || i->state != OG_WATCH_SYNCED)
		return;
	stood = true;
	down_then = 0;
	for (size_t k = 0; k < cluster->nwatches; k++) {
		const struct cluster_watch *w = &cluster->watches[k];
		down_then += w->down;
		waiting_then += w->down && w->watch->phase == WATCH_WAIT &&
				w->watch->next.at_ns_ > og_loop_now_ns(client.loop);
	}
}

static unsigned watches_in(enum og_watch_state state)
{
	struct og_watch_info w[OG_CLUSTER_WATCHES];
	size_t n;
	unsigned found = 0;

	og_cluster_watches(cluster, w, &n);
	for (size_t i = 0; i < n; i++)
		found += w[i].state == state;
	return found;
}

START_TEST(the_first_watch_that_stands_again_wakes_the_others)
{
	struct og_err err = OG_ERR_INIT;
	struct og_cluster_opts o;

	down_then = waiting_then = 0;
	stood = false;
	crds();
	ck_assert_msg(og_sim_client_init(&client, sim, NULL, NULL, &err) == 0, "%s", err.msg);
	o = (struct og_cluster_opts){.kube = client.kube,
		.parts = OG_CLUSTER_CONFIG | OG_CLUSTER_OWNERS,
		.on_state = at_state};
	ck_assert_msg(og_cluster_start(&o, &cluster, &err) == 0, "%s", err.msg);
	UNTIL(og_cluster_synced(cluster));
	unsigned all = watches_in(OG_WATCH_SYNCED);
	ck_assert_uint_gt(all, 5);
	/* as after a long time away: the next fault is not the first, and waits for half a minute
	 */
	for (size_t i = 0; i < cluster->nwatches; i++) {
		struct og_watch *w = cluster->watches[i].watch;
		w->faults_row = 1;
		w->backoff_ms = WATCH_BACKOFF_MAX_MS;
		w->backoff_ns = og_loop_now_ns(client.loop);
	}
	og_sim_down(sim);
	UNTIL(watches_in(OG_WATCH_FAILING) == all);
	down_then = all;
	ck_assert_msg(og_sim_up(sim, &err) == 0, "%s", err.msg);
	for (size_t i = 0; i < cluster->nwatches; i++)
		if (cluster->watches[i].down) {
			og_watch_poke(cluster->watches[i].watch);
			break;
		}
	UNTIL(watches_in(OG_WATCH_SYNCED) == all);
	ck_assert(stood);
	ck_assert_uint_eq(down_then, all - 1);
	ck_assert_uint_eq(waiting_then, 0);
}
END_TEST

/* ---- facts ---- */

struct ask {
	struct og_cluster_facts f;
	struct og_arena arena;
	const char *group, *kind, *name;
	struct og_object_facts got;
	bool found;
	_Atomic bool done;
	pthread_t thread;
};

static void *ask_thread(void *arg)
{
	struct ask *a = arg;
	struct og_facts_source src = og_cluster_facts_source(&a->f);
	a->found = src.object(src.ctx, og_svz(a->group), og_svz(a->kind), OG_SV("shop"),
		og_svz(a->name), &a->arena, &a->got);
	atomic_store(&a->done, true);
	return NULL;
}

/* Asks from another thread, as reviews do, while this one turns the loop. */
static void ask_begin(
	struct ask *a, const char *group, const char *kind, const char *name, int64_t within_ms)
{
	*a = (struct ask){.group = group, .kind = kind, .name = name};
	og_arena_init(&a->arena, 0, 0);
	a->f.c = cluster;
	if (within_ms)
		a->f.until_ns = og_clock_mono_ns(og_clock_system()) + within_ms * OG_NS_PER_MS;
	ck_assert_int_eq(pthread_create(&a->thread, NULL, ask_thread, a), 0);
}

static void ask_end(struct ask *a)
{
	UNTIL(atomic_load(&a->done));
	pthread_join(a->thread, NULL);
}

START_TEST(an_owner_in_the_store_is_found_with_what_the_engine_reads)
{
	struct ask a;
	put(DEPLOYMENT("web", IN));
	start(OG_CLUSTER_OWNERS);
	ask_begin(&a, "apps", "Deployment", "web", 2000);
	ask_end(&a);
	ck_assert(a.found && a.got.known);
	ck_assert_uint_eq(a.got.annotations.n, 1);
	ck_assert(og_sv_is(a.got.annotations.v[0].key, "otelgate.dev/inject"));
	ck_assert_uint_eq(a.got.labels.n, 1);
	ck_assert(og_sv_is(a.got.uid, "00000000-0000-4000-8000-0000000000d1"));
	ck_assert_uint_eq(a.f.waited + a.f.fetched, 0);
	og_arena_fini(&a.arena);
}
END_TEST

START_TEST(a_namespace_is_asked_for_by_its_name)
{
	struct ask a;
	put("{\"apiVersion\":\"v1\",\"kind\":\"Namespace\",\"metadata\":{\"name\":\"shop\","
	    "\"labels\":{\"otelgate.dev/inject\":\"true\"}}}");
	start(OG_CLUSTER_OWNERS);
	ask_begin(&a, "", "Namespace", "shop", 2000);
	ask_end(&a);
	ck_assert(a.found);
	ck_assert(og_kvs_getl(&a.got.labels, "otelgate.dev/inject") != NULL);
	og_arena_fini(&a.arena);
}
END_TEST

START_TEST(an_owner_that_comes_late_is_waited_for)
{
	struct ask a;
	start(OG_CLUSTER_OWNERS);
	ask_begin(&a, "apps", "ReplicaSet", "web-1", 10000);
	put(REPLICASET("web-1", "web"));
	ask_end(&a);
	ck_assert(a.found && a.got.has_owner);
	ck_assert(og_sv_is(a.got.owner.name, "web"));
	og_arena_fini(&a.arena);
}
END_TEST

START_TEST(an_owner_whose_event_does_not_come_is_fetched_once)
{
	struct og_err err = OG_ERR_INIT;
	struct ask a;
	ck_assert_int_eq(og_sim_fault(sim,
				 "{\"match\":{\"verb\":\"watch\",\"resource\":\"replicasets\","
				 "\"count\":-1},\"action\":{\"type\":\"late\",\"ms\":60000}}",
				 &err),
		0);
	start(OG_CLUSTER_OWNERS);
	put(REPLICASET("web-1", "web"));
	ask_begin(&a, "apps", "ReplicaSet", "web-1", 10000);
	ask_end(&a);
	ck_assert(a.found && a.got.has_owner);
	ck_assert_uint_eq(a.f.fetched, 1);
	ck_assert_uint_eq(og_sim_requests(sim, "get", "replicasets"), 1);
	og_arena_fini(&a.arena);
}
END_TEST

static bool failing(const char *resource)
{
	struct og_watch_info w[OG_CLUSTER_WATCHES];
	size_t n;
	og_cluster_watches(cluster, w, &n);
	for (size_t i = 0; i < n; i++)
		if (strcmp(w[i].resource, resource) == 0)
			return w[i].state == OG_WATCH_FAILING;
	return false;
}

/* The API server is just back: it answers, and watches are not allowed or do not stand yet. */
START_TEST(an_owner_is_fetched_at_once_while_its_watch_does_not_stand)
{
	static const char *const actions[] = {
		"{\"type\":\"status\",\"code\":403}", "{\"type\":\"status\",\"code\":500}"};
	char rule[256];
	struct og_err err = OG_ERR_INIT;
	struct ask a;
	start(OG_CLUSTER_OWNERS);
	(void)snprintf(rule, sizeof(rule),
		"{\"match\":{\"verb\":\"watch\",\"resource\":\"replicasets\",\"count\":-1},"
		"\"action\":%s}",
		actions[_i]);
	ck_assert_msg(og_sim_fault(sim, rule, &err) == 0, "%s", err.msg);
	og_sim_drop_connections(sim);
	UNTIL(failing("replicasets.apps"));
	put(REPLICASET("web-1", "web"));
	ask_begin(&a, "apps", "ReplicaSet", "web-1", 10000);
	ask_end(&a);
	ck_assert(a.found && a.got.has_owner);
	ck_assert_uint_eq(a.f.fetched, 1);
	ck_assert_uint_eq(a.f.waited, 0);
	og_arena_fini(&a.arena);
}
END_TEST

START_TEST(what_the_server_does_not_have_is_asked_for_once)
{
	struct ask a;
	start(OG_CLUSTER_OWNERS);
	for (int i = 0; i < 5; i++) {
		ask_begin(&a, "apps", "ReplicaSet", "nobody", 10000);
		ask_end(&a);
		ck_assert(!a.found);
		og_arena_fini(&a.arena);
	}
	ck_assert_uint_eq(og_sim_requests(sim, "get", "replicasets"), 1);
}
END_TEST

START_TEST(a_kind_we_do_not_watch_costs_nothing)
{
	struct ask a;
	start(OG_CLUSTER_OWNERS);
	ask_begin(&a, "argoproj.io", "Workflow", "w", 10000);
	ask_end(&a);
	ck_assert(!a.found);
	ck_assert_uint_eq(a.f.waited + a.f.fetched, 0);
	og_arena_fini(&a.arena);
}
END_TEST

START_TEST(without_time_there_is_no_waiting)
{
	struct ask a;
	start(OG_CLUSTER_OWNERS);
	ask_begin(&a, "apps", "ReplicaSet", "nobody", 0);
	ask_end(&a);
	ck_assert(!a.found);
	ck_assert_uint_eq(a.f.waited + a.f.fetched, 0);
	ck_assert_uint_eq(og_sim_requests(sim, "get", "replicasets"), 0);
	og_arena_fini(&a.arena);
}
END_TEST

START_TEST(a_forbidden_kind_is_neither_waited_for_nor_fetched)
{
	struct og_err err = OG_ERR_INIT;
	struct ask a;
	ck_assert_int_eq(og_sim_add_user(sim, "poor", NULL, "poor-token", &err), 0);
	start_as("poor-token", OG_CLUSTER_OWNERS, NULL);
	UNTIL(og_cluster_synced(cluster));
	ask_begin(&a, "apps", "ReplicaSet", "web-1", 10000);
	ask_end(&a);
	ck_assert(!a.found);
	ck_assert_uint_eq(a.f.fetched, 0);
	og_arena_fini(&a.arena);
}
END_TEST

/* ---- missed ---- */

struct rows {
	unsigned n;
	enum og_missed what[8];
	char pod[8][64], owner[8][64];
};

static int on_row(void *ctx, const struct og_cluster_missed *m)
{
	struct rows *r = ctx;
	ck_assert_uint_lt(r->n, 8);
	r->what[r->n] = m->verdict.what;
	(void)snprintf(r->pod[r->n], 64, "%.*s", OG_SV_ARG(m->pod));
	(void)snprintf(r->owner[r->n], 64, "%.*s/%.*s", OG_SV_ARG(m->owner_kind),
		OG_SV_ARG(m->owner_name));
	r->n++;
	return 0;
}

static void walk(struct rows *r)
{
	struct og_err err = OG_ERR_INIT;
	uint32_t at = 0;
	*r = (struct rows){0};
	do /* in slices of one, so that going on is tested too */
		ck_assert_msg(og_cluster_missed(cluster, NULL, &at, 1, on_row, r, &err) == 0, "%s",
			err.msg);
	while (at);
}

enum { ALL = OG_CLUSTER_CONFIG | OG_CLUSTER_OWNERS | OG_CLUSTER_PODS | OG_CLUSTER_REGISTRATION };

START_TEST(a_pod_without_the_label_is_missed_and_one_with_it_is_not)
{
	struct rows r;
	crds();
	put(GOOD_STACK);
	put(PROFILE("p", ""));
	put(REGISTRATION);
	put(DEPLOYMENT("web", IN));
	put(REPLICASET("web-1", "web"));
	put(POD("web-1-a", "", ""));
	put(POD("web-1-b", "\"otelgate.dev/revision\":\"x\",", ""));
	start(ALL);
	walk(&r);
	ck_assert_uint_eq(r.n, 1);
	ck_assert_str_eq(r.pod[0], "web-1-a");
	ck_assert_str_eq(r.owner[0], "Deployment/web");
	ck_assert_str_ne(og_missed_name(r.what[0]), "unknown");
}
END_TEST

START_TEST(nobody_asked_so_nothing_is_missed)
{
	struct rows r;
	crds();
	put(GOOD_STACK);
	put(PROFILE("p", ""));
	put(REGISTRATION);
	put(DEPLOYMENT("web", ""));
	put(REPLICASET("web-1", "web"));
	put(POD("web-1-a", "", ""));
	start(ALL);
	walk(&r);
	ck_assert_uint_eq(r.n, 0);
}
END_TEST

START_TEST(a_finished_pod_misses_nothing)
{
	struct rows r;
	crds();
	put(GOOD_STACK);
	put(PROFILE("p", ""));
	put(REGISTRATION);
	put("{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"metadata\":{\"name\":\"done\",\"namespace\":"
	    "\"shop\",\"annotations\":{\"otelgate.dev/inject\":\"true\"}},\"spec\":{\"containers\":"
	    "[{\"name\":\"a\",\"image\":\"b\"}]},\"status\":{\"phase\":\"Succeeded\"}}");
	start(ALL);
	walk(&r);
	ck_assert_uint_eq(r.n, 0);
}
END_TEST

/* managedFields as the API server keeps them: one time per manager. */
#define FIELDS(manager, time)                                              \
	"\"managedFields\":[{\"manager\":\"" manager "\",\"time\":\"" time \
	"\",\"fieldsV1\":{\"f:metadata\":{\"f:annotations\":{\"f:otelgate.dev/inject\":{}}}}}],"

START_TEST(a_later_change_of_the_workload_does_not_hide_that_the_webhook_was_away)
{
	struct rows r;
	crds();
	put(GOOD_STACK);
	put(PROFILE("p", "")); /* made now; the pods are of the future */
	put(REGISTRATION);
	put("{\"apiVersion\":\"apps/v1\",\"kind\":\"Deployment\",\"metadata\":{\"name\":\"web\","
	    "\"namespace\":\"shop\"," FIELDS("kubectl",
		    "2099-03-01T00:00:00Z") ""
					    "\"annotations\":{\"otelgate.dev/inject\":\"true\"}}}");
	put("{\"apiVersion\":\"apps/v1\",\"kind\":\"ReplicaSet\",\"metadata\":{\"name\":\"web-1\","
	    "\"namespace\":\"shop\"," FIELDS("kube-controller-manager",
		    "2099-01-01T00:00:00Z") "\"annotations\":{\"otelgate.dev/inject\":\"true\"},"
					    "\"ownerReferences\":[{\"apiVersion\":\"apps/v1\",\"kind\":\"Deployment\",\"name\":"
					    "\"web\",\"uid\":\"u\",\"controller\":true}]}}");
	put("{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"metadata\":{\"name\":\"web-1-a\",\"namespace\":"
	    "\"shop\",\"creationTimestamp\":\"2099-02-01T00:00:00Z\",\"ownerReferences\":["
	    "{\"apiVersion\":\"apps/v1\",\"kind\":\"ReplicaSet\",\"name\":\"web-1\",\"uid\":\"r\","
	    "\"controller\":true}]},\"spec\":{\"containers\":[{\"name\":\"app\",\"image\":\"w\"}]},"
	    "\"status\":{\"phase\":\"Running\"}}");
	start(ALL);
	walk(&r);
	ck_assert_uint_eq(r.n, 1);
	ck_assert_str_eq(og_missed_name(r.what[0]), "webhook-away");
}
END_TEST

START_TEST(without_a_registration_it_says_so)
{
	struct rows r;
	crds();
	put(GOOD_STACK);
	put(PROFILE("p", ""));
	put(POD("web-1-a", "", IN));
	start(ALL);
	walk(&r);
	ck_assert_uint_eq(r.n, 1);
	ck_assert_int_eq(r.what[0], OG_MISSED_NO_WEBHOOK);
}
END_TEST

START_TEST(one_namespace_takes_rights_there_alone)
{
	struct og_err err = OG_ERR_INIT;
	struct rows r;
	crds();
	put(GOOD_STACK);
	put(PROFILE("p", ""));
	put(POD("web-1-a", "", IN));
	ck_assert_int_eq(og_sim_add_user(sim, "dev", NULL, "dev-token", &err), 0);
	ck_assert_int_eq(og_sim_allow(sim, "dev", "shop",
				 "[{\"apiGroups\":[\"*\"],\"resources\":[\"*\"],\"verbs\":"
				 "[\"get\",\"list\",\"watch\"]}]",
				 &err),
		0);
	start_as("dev-token", ALL, "shop");
	UNTIL(og_cluster_synced(cluster));
	walk(&r);
	ck_assert_uint_eq(r.n, 1);
	ck_assert_int_eq(r.what[0], OG_MISSED_UNKNOWN);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("cluster/cluster");
	TCase *tc = tcase_create("configuration");
	tcase_set_timeout(tc, 60);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, objects_become_the_configuration);
	tcase_add_test(tc, a_bad_object_takes_no_other_with_it);
	tcase_add_test(tc, the_last_good_version_stays_until_it_is_repaired);
	tcase_add_test(tc, a_stack_that_goes_bad_stays_as_it_was_with_its_profiles);
	tcase_add_test(tc, a_profile_waits_for_its_stack);
	tcase_add_test(tc, what_is_deleted_is_gone);
	tcase_add_test(tc, a_change_of_status_is_no_change);
	tcase_add_test(tc, kinds_that_are_not_there_are_an_answer_and_come_later);
	tcase_add_test(tc, what_is_forbidden_is_said_with_the_rule_and_found_when_allowed);
	tcase_add_test(tc, the_first_watch_that_stands_again_wakes_the_others);
	suite_add_tcase(s, tc);
	tc = tcase_create("facts");
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, an_owner_in_the_store_is_found_with_what_the_engine_reads);
	tcase_add_test(tc, a_namespace_is_asked_for_by_its_name);
	tcase_add_test(tc, an_owner_that_comes_late_is_waited_for);
	tcase_add_test(tc, an_owner_whose_event_does_not_come_is_fetched_once);
	tcase_add_loop_test(tc, an_owner_is_fetched_at_once_while_its_watch_does_not_stand, 0, 2);
	tcase_add_test(tc, what_the_server_does_not_have_is_asked_for_once);
	tcase_add_test(tc, a_kind_we_do_not_watch_costs_nothing);
	tcase_add_test(tc, without_time_there_is_no_waiting);
	tcase_add_test(tc, a_forbidden_kind_is_neither_waited_for_nor_fetched);
	suite_add_tcase(s, tc);
	tc = tcase_create("missed");
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, a_pod_without_the_label_is_missed_and_one_with_it_is_not);
	tcase_add_test(tc, nobody_asked_so_nothing_is_missed);
	tcase_add_test(tc, a_finished_pod_misses_nothing);
	tcase_add_test(tc, a_later_change_of_the_workload_does_not_hide_that_the_webhook_was_away);
	tcase_add_test(tc, without_a_registration_it_says_so);
	tcase_add_test(tc, one_namespace_takes_rights_there_alone);
	suite_add_tcase(s, tc);
	return og_suite_run(s);
}
