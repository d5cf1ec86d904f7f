/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Watches with the real client against the simulated API server and its faults: in the end the
 * store holds what the server holds. Waits run faster than on the wall.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>
#include "otelgate/base/mem.h"
#include "otelgate/kube/kubeconfig.h"
#include "otelgate/kube/watch.h"
#include "sim/sim.h"
#include "support/jsongen.h"
#include "support/suite.h"
#include "support/tmpdir.h"

enum { FASTER = 20, MUCH_FASTER = 100 };

static struct rig {
	struct og_sim *sim;
	struct og_tmpdir dir;
	int64_t real_ns, fast_ns, rate; /* of the clock: from then on, so fast */
	struct og_clock clock;
	struct og_loop *loop;
	struct og_kube *kube;
	struct og_store *store;
	struct og_watch *watch;
	struct og_watch_info info;
	unsigned added, updated, deleted, synced;
} rig;

static int64_t now_ns(clockid_t id)
{
	struct timespec t;
	clock_gettime(id, &t);
	return (int64_t)t.tv_sec * OG_NS_PER_S + t.tv_nsec;
}

static int64_t fast_mono(void *ctx)
{
	(void)ctx;
	return rig.fast_ns + (now_ns(CLOCK_MONOTONIC) - rig.real_ns) * rig.rate;
}

static void run_at(int64_t rate)
{
	int64_t fast = fast_mono(NULL);
	rig.real_ns = now_ns(CLOCK_MONOTONIC);
	rig.fast_ns = fast;
	rig.rate = rate;
}

static int64_t plain_wall(void *ctx)
{
	(void)ctx;
	return now_ns(CLOCK_REALTIME);
}

static const char *no_variable(void *ctx, const char *name)
{
	(void)ctx;
	(void)name;
	return NULL;
}

static void listener(void *ctx, enum og_store_change what, const struct og_record *old,
	const struct og_record *now, bool stale)
{
	(void)ctx;
	(void)old;
	(void)now;
	(void)stale;
	++*(unsigned *[]){&rig.added, &rig.updated, &rig.deleted, &rig.synced}[what];
}

static void connect_kube_with(const char *token, unsigned max_inflight)
{
	static const struct og_kube_env none = {.get = no_variable};
	og_auto_buf struct og_buf b = OG_BUF_INIT(0);
	og_sim_kubeconfig(rig.sim, token, &b);
	char path[512];
	og_tmpdir_write(&rig.dir, "kubeconfig", b.p);
	og_tmpdir_join(&rig.dir, "kubeconfig", path, sizeof(path));
	struct og_kube_options ko = {
		.flags.kubeconfig = path, .env = &none, .service_account_dir = "/nonexistent"};
	struct og_kube_opts o = {
		.loop = rig.loop, .component = "test", .max_inflight = max_inflight, .seed = 5};
	struct og_err err = OG_ERR_INIT;
	ck_assert_msg(og_kube_access_load(&ko, &o.access, &err) == 0, "%s", err.msg);
	ck_assert_msg(og_kube_new(&o, &rig.kube, &err) == 0, "%s", err.msg);
}

static void connect_kube(const char *token)
{
	connect_kube_with(token, 0);
}

static void start_sim(const struct og_sim_opts *o)
{
	struct og_err err = OG_ERR_INIT;
	ck_assert_msg(og_sim_start(o, &rig.sim, &err) == 0, "%s", err.msg);
}

static void start_watch(struct og_watch_opts o)
{
	struct og_store_opts so = {.name = "things", .labels = true, .seed = 9};
	if (!rig.store) {
		ck_assert_int_eq(og_store_new(&so, &rig.store, NULL), 0);
		ck_assert_int_eq(og_store_listen(rig.store, listener, NULL, NULL), 0);
	}
	if (!o.res.resource.n)
		o.res = (struct og_kube_resource){
			.version = OG_SV("v1"), .resource = OG_SV("configmaps")};
	o.kube = rig.kube;
	o.store = rig.store;
	o.seed = 77;
	ck_assert_int_eq(og_watch_start(&o, &rig.watch, NULL), 0);
}

static void setup(void)
{
	memset(&rig, 0, sizeof(rig));
	rig.dir = og_tmpdir_make();
	rig.fast_ns = rig.real_ns = now_ns(CLOCK_MONOTONIC);
	rig.rate = FASTER;
	rig.clock = (struct og_clock){fast_mono, plain_wall, NULL};
	ck_assert_int_eq(og_loop_new(&rig.clock, &rig.loop, NULL), 0);
}

static void teardown(void)
{
	og_watch_stop(rig.watch);
	og_kube_free(rig.kube);
	og_loop_free(rig.loop);
	og_store_free(rig.store);
	og_sim_stop(rig.sim);
	og_tmpdir_remove(&rig.dir);
}

#define until(cond)                                                                              \
	do {                                                                                     \
		int64_t end_ = now_ns(CLOCK_MONOTONIC) + 30 * OG_NS_PER_S;                       \
		og_watch_info(rig.watch, &rig.info);                                             \
		while (!(cond)) {                                                                \
			og_loop_turn(rig.loop, 2);                                               \
			og_watch_info(rig.watch, &rig.info);                                     \
			ck_assert_msg(now_ns(CLOCK_MONOTONIC) < end_, "%s: %s (%s), %u objects", \
				#cond, og_watch_state_name(rig.info.state), rig.info.error,      \
				og_store_count(rig.store));                                      \
		}                                                                                \
	} while (0)

static void put(const char *ns, const char *name, const char *data)
{
	char json[512];
	struct og_err err = OG_ERR_INIT;
	snprintf(json, sizeof(json),
		"{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{\"name\":\"%s\","
		"\"namespace\":\"%s\",\"labels\":{\"v\":\"%s\"}},\"data\":{\"x\":\"%s\"}}",
		name, ns, data, data);
	ck_assert_msg(og_sim_put(rig.sim, json, &err) == 0, "%s", err.msg);
}

/* The server's resourceVersion of a record, or "". */
static void version_there(const struct og_record *r, char out[64])
{
	og_auto_buf struct og_buf b = OG_BUF_INIT(0);
	og_auto_arena struct og_arena a;
	og_arena_init(&a, 0, 0);
	struct og_jdoc d;
	char ns[256], name[256];
	snprintf(ns, sizeof(ns), "%.*s", OG_SV_ARG(r->ns));
	snprintf(name, sizeof(name), "%.*s", OG_SV_ARG(r->name));
	out[0] = '\0';
	if (og_sim_get(rig.sim, "configmaps", ns, name, &b, NULL) ||
		og_jdoc_parse(&d, &a, og_buf_view(&b), NULL, NULL))
		return;
	struct og_sv rv =
		og_jstr_or_empty(og_jpath(og_jroot(&d), "metadata", "resourceVersion", NULL), &a);
	snprintf(out, 64, "%.*s", OG_SV_ARG(rv));
}

static bool same(void)
{
	if (og_store_count(rig.store) != og_sim_count(rig.sim, "configmaps", NULL))
		return false;
	struct og_record r;
	for (uint32_t at = 0; og_store_next(rig.store, &at, &r);) {
		char there[64];
		version_there(&r, there);
		if (!og_sv_eq(r.resource_version, og_svz(there)))
			return false;
	}
	return true;
}

static void some(void)
{
	for (int i = 0; i < 30; i++) {
		char name[32];
		snprintf(name, sizeof(name), "m%d", i);
		put(i % 2 ? "shop" : "bank", name, "1");
	}
}

static void begin(const struct og_sim_opts *o, struct og_watch_opts wo)
{
	start_sim(o);
	some();
	connect_kube(NULL);
	start_watch(wo);
}

START_TEST(streamed_and_live)
{
	begin(NULL, (struct og_watch_opts){.metadata_only = _i});
	until(rig.info.state == OG_WATCH_SYNCED && same());
	ck_assert(rig.info.streamed);
	ck_assert_uint_eq(rig.added, 30);
	put("shop", "m1", "2");
	put("shop", "new", "1");
	ck_assert_int_eq(og_sim_delete(rig.sim, "configmaps", "bank", "m0", NULL), 0);
	until(same() && rig.updated == 1 && rig.added == 31 && rig.deleted == 1);
	struct og_record r;
	ck_assert(og_store_get(rig.store, OG_SV("shop"), OG_SV("m1"), &r));
	ck_assert(og_sv_is(og_record_label(&r, OG_SV("v")), "2"));
	ck_assert_uint_eq(rig.info.lists, 1);
	ck_assert_uint_eq(og_sim_requests(rig.sim, "list", "configmaps"), 0);
}
END_TEST

START_TEST(a_server_without_streamed_lists)
{
	struct og_sim_opts o = {.no_watch_list = true};
	begin(&o, (struct og_watch_opts){.page = 7, .metadata_only = _i});
	until(rig.info.state == OG_WATCH_SYNCED && same() && !rig.info.disconnected_ns);
	ck_assert(!rig.info.streamed);
	put("shop", "new", "1");
	until(same());
	ck_assert_uint_eq(rig.synced, 1);
}
END_TEST

START_TEST(history_is_lost_while_away)
{
	struct og_sim_opts o = {.no_watch_list = _i};
	begin(&o, (struct og_watch_opts){.page = 10});
	until(rig.info.state == OG_WATCH_SYNCED && !rig.info.disconnected_ns);
	og_sim_down(rig.sim);
	ck_assert_int_eq(og_sim_delete(rig.sim, "configmaps", "bank", "m0", NULL), 0);
	put("shop", "new", "1");
	og_sim_compact(rig.sim);
	until(rig.info.state == OG_WATCH_FAILING);
	ck_assert_uint_eq(og_store_count(rig.store), 30);
	ck_assert_int_eq(og_sim_up(rig.sim, NULL), 0);
	until(rig.info.state == OG_WATCH_SYNCED && same());
	ck_assert_uint_ge(rig.info.expired, 1);
	ck_assert_uint_eq(rig.deleted, 1);
	ck_assert_uint_eq(rig.added, 31);
}
END_TEST

START_TEST(the_server_comes_back_with_an_older_state)
{
	begin(NULL, (struct og_watch_opts){.page = 10});
	until(rig.info.state == OG_WATCH_SYNCED && !rig.info.disconnected_ns);
	/* a new server: versions begin anew, and are lower than ours */
	struct og_sim *old = rig.sim;
	og_watch_stop(rig.watch);
	rig.watch = NULL;
	og_kube_free(rig.kube);
	og_sim_stop(old);
	struct og_sim_opts o = {.first_rv = 3};
	start_sim(&o);
	put("shop", "only", "1");
	connect_kube(NULL);
	start_watch((struct og_watch_opts){.page = 10});
	until(rig.info.state == OG_WATCH_SYNCED && same());
	ck_assert_uint_ge(rig.deleted, 29);
}
END_TEST

/* Rules for two requests each; then all is well. */
static const char *const faults[] = {
	"{\"match\":{\"resource\":\"configmaps\",\"count\":2},\"action\":{\"type\":\"reset\",\"after\":-1}}",
	"{\"match\":{\"resource\":\"configmaps\",\"count\":2},\"action\":{\"type\":\"reset\",\"after\":700}}",
	"{\"match\":{\"resource\":\"configmaps\",\"count\":2},\"action\":{\"type\":\"truncate\",\"after\":900}}",
	"{\"match\":{\"resource\":\"configmaps\",\"count\":2},\"action\":{\"type\":\"truncate\",\"after\":900,"
	"\"framing\":\"length\"}}",
	"{\"match\":{\"resource\":\"configmaps\",\"count\":2},\"action\":{\"type\":\"garbage\",\"after\":500,"
	"\"text\":\"}}\"}}",
	"{\"match\":{\"resource\":\"configmaps\",\"count\":2},\"action\":{\"type\":\"body\",\"text\":\"<html>\","
	"\"contentType\":\"text/html\",\"code\":200}}",
	"{\"match\":{\"resource\":\"configmaps\",\"count\":2},\"action\":{\"type\":\"body\",\"text\":\"{}\","
	"\"contentType\":\"application/json\",\"code\":200}}",
	"{\"match\":{\"resource\":\"configmaps\",\"count\":2},\"action\":{\"type\":\"status\",\"code\":500}}",
	"{\"match\":{\"resource\":\"configmaps\",\"count\":2},\"action\":{\"type\":\"status\",\"code\":429,"
	"\"retryAfter\":1}}",
	"{\"match\":{\"resource\":\"configmaps\",\"count\":2},\"action\":{\"type\":\"status\",\"code\":429}}",
	"{\"match\":{\"resource\":\"configmaps\",\"count\":2},\"action\":{\"type\":\"status\",\"code\":410,"
	"\"reason\":\"Expired\"}}",
	"{\"match\":{\"resource\":\"configmaps\",\"count\":2},\"action\":{\"type\":\"status\",\"code\":410,"
	"\"reason\":\"Expired\",\"stream\":true}}",
	"{\"match\":{\"resource\":\"configmaps\",\"count\":2},\"action\":{\"type\":\"status\",\"code\":500,"
	"\"reason\":\"InternalError\",\"stream\":true}}",
	"{\"match\":{\"resource\":\"configmaps\",\"count\":2},\"action\":{\"type\":\"status\",\"code\":401}}",
	"{\"match\":{\"resource\":\"configmaps\",\"count\":2},\"action\":{\"type\":\"status\",\"code\":403}}",
	"{\"match\":{\"resource\":\"configmaps\",\"count\":2},\"action\":{\"type\":\"status\",\"code\":503}}",
	"{\"match\":{\"resource\":\"configmaps\",\"count\":2},\"action\":{\"type\":\"endWatch\",\"events\":3}}",
	"{\"match\":{\"resource\":\"configmaps\",\"count\":2},\"action\":{\"type\":\"endWatch\",\"events\":0}}",
	"{\"match\":{\"resource\":\"configmaps\",\"count\":-1},\"action\":{\"type\":\"duplicate\"}}",
	"{\"match\":{\"resource\":\"configmaps\",\"count\":-1},\"action\":{\"type\":\"late\",\"ms\":5}}",
	"{\"match\":{\"resource\":\"configmaps\",\"count\":-1},\"action\":{\"type\":\"slow\",\"bytes\":100,"
	"\"ms\":1}}",
	"{\"match\":{\"resource\":\"configmaps\",\"count\":-1},\"action\":{\"type\":\"noBookmarks\"}}",
	"{\"match\":{\"resource\":\"configmaps\",\"count\":1},\"action\":{\"type\":\"restart\",\"ms\":20,"
	"\"rvJump\":1000,\"loseHistory\":true}}",
	"{\"match\":{\"resource\":\"configmaps\",\"count\":2},\"action\":{\"type\":\"compact\"}}",
	"{\"match\":{\"resource\":\"configmaps\",\"count\":1},\"action\":{\"type\":\"stall\",\"after\":800,"
	"\"ms\":0}}",
	"{\"match\":{\"resource\":\"configmaps\",\"count\":1},\"action\":{\"type\":\"stall\",\"after\":-1,"
	"\"ms\":0}}",
};

/* The fault during the first list; or when it stands, with a cut that makes it ask again. */
static void through_fault(const char *fault, bool streamed, bool later)
{
	bool stall = strstr(fault, "stall") != NULL;
	struct og_sim_opts o = {.no_watch_list = !streamed, .bookmark_ms = stall ? 50 : 0};
	struct og_err err = OG_ERR_INIT;
	start_sim(&o);
	some();
	connect_kube(NULL);
	if (!later)
		ck_assert_msg(og_sim_fault(rig.sim, fault, &err) == 0, "%s", err.msg);
	start_watch((struct og_watch_opts){.page = 12, .no_watch_list = !streamed});
	if (later) {
		/* what has sent bookmarks and falls silent is given up after three minutes */
		until(rig.info.state == OG_WATCH_SYNCED && !rig.info.disconnected_ns &&
			(!stall || rig.info.bookmarks > 1));
		ck_assert_msg(og_sim_fault(rig.sim, fault, &err) == 0, "%s", err.msg);
		og_sim_drop_connections(rig.sim);
		put("shop", "m1", "2");
		ck_assert_int_eq(og_sim_delete(rig.sim, "configmaps", "bank", "m0", NULL), 0);
	}
	if (stall)
		run_at(MUCH_FASTER);
	until(same() && rig.info.state == OG_WATCH_SYNCED && og_store_synced(rig.store));
	run_at(FASTER);
	put("shop", "m3", "3");
	put("shop", "last", "1");
	until(same() && rig.info.state == OG_WATCH_SYNCED);
}

START_TEST(faults_of_a_streamed_list)
{
	through_fault(faults[_i], true, false);
}
END_TEST

START_TEST(faults_of_a_plain_list)
{
	through_fault(faults[_i], false, false);
}
END_TEST

START_TEST(faults_of_a_watch)
{
	through_fault(faults[_i], _i % 2, true);
}
END_TEST

/*
 * Several watches share a client that lets one list through at a time, and the first one is never
 * answered: the others say that they wait for their turn, and it comes.
 */
START_TEST(one_list_holds_up_the_others)
{
	enum { N = 4 };
	struct og_store *store[N];
	struct og_watch *watch[N];
	struct og_watch_info i[N];
	start_sim(NULL);
	some();
	connect_kube_with(NULL, 2);
	ck_assert_int_eq(og_sim_fault(rig.sim,
				 "{\"match\":{\"resource\":\"configmaps\",\"count\":1},\"action\":{"
				 "\"type\":\"stall\",\"after\":-1,\"ms\":0}}",
				 NULL),
		0);
	for (int n = 0; n < N; n++) {
		const struct og_store_opts so = {.name = "things", .seed = 9};
		ck_assert_int_eq(og_store_new(&so, &store[n], NULL), 0);
		const struct og_watch_opts o = {.kube = rig.kube,
			.store = store[n],
			.res = {.version = OG_SV("v1"), .resource = OG_SV("configmaps")},
			.no_watch_list = true,
			.seed = 3};
		ck_assert_int_eq(og_watch_start(&o, &watch[n], NULL), 0);
	}
	unsigned said = 0, whole = 0;
	int64_t end = now_ns(CLOCK_MONOTONIC) + 60 * OG_NS_PER_S;
	run_at(MUCH_FASTER);
	while (whole < N && now_ns(CLOCK_MONOTONIC) < end) {
		(void)og_loop_turn(rig.loop, 2);
		whole = 0;
		for (int n = 0; n < N; n++) {
			og_watch_info(watch[n], &i[n]);
			whole += i[n].state == OG_WATCH_SYNCED && og_store_count(store[n]) == 30;
			/* never silent */
			ck_assert(i[n].state != OG_WATCH_STARTING || *i[n].waits);
			if (strncmp(i[n].waits, "its turn, behind ", 17) == 0)
				said |= 1U << n;
		}
	}
	for (int n = 0; n < N; n++)
		ck_assert_msg(i[n].state == OG_WATCH_SYNCED, "%d: %s (%s; waits for %s)", n,
			og_watch_state_name(i[n].state), i[n].error, i[n].waits);
	ck_assert_uint_eq(said & 0xEU, 0xEU);
	for (int n = 0; n < N; n++) {
		og_watch_stop(watch[n]);
		og_store_free(store[n]);
	}
}
END_TEST

START_TEST(rights_come_and_go)
{
	start_sim(NULL);
	some();
	ck_assert_int_eq(og_sim_add_user(rig.sim, "u", NULL, "secret-token", NULL), 0);
	connect_kube("secret-token");
	start_watch((struct og_watch_opts){.page = 10});
	until(rig.info.state == OG_WATCH_FORBIDDEN);
	ck_assert_int_eq(rig.info.http, 403);
	ck_assert_ptr_nonnull(strstr(rig.info.rule, "configmaps"));
	ck_assert_ptr_nonnull(strstr(rig.info.error, "configmaps"));
	ck_assert_ptr_null(strstr(rig.info.error, "secret-token"));
	ck_assert_int_eq(og_sim_allow(rig.sim, "u", NULL,
				 "[{\"apiGroups\":[\"\"],\"resources\":[\"configmaps\"],\"verbs\":["
				 "\"list\",\"watch\"]}]",
				 NULL),
		0);
	until(rig.info.state == OG_WATCH_SYNCED && same());
	og_sim_disallow_all(rig.sim, "u");
	og_sim_drop_connections(rig.sim);
	until(rig.info.state == OG_WATCH_FORBIDDEN);
	ck_assert_uint_eq(og_store_count(rig.store), 30);
}
END_TEST

static const char crd[] =
	"{\"apiVersion\":\"apiextensions.k8s.io/v1\",\"kind\":\"CustomResourceDefinition\","
	"\"metadata\":{\"name\":\"widgets.example.com\"},\"spec\":{\"group\":\"example.com\","
	"\"scope\":\"Namespaced\",\"names\":{\"plural\":\"widgets\",\"singular\":\"widget\","
	"\"kind\":\"Widget\",\"listKind\":\"WidgetList\"},\"versions\":[{\"name\":\"v1\",\"served\":true,"
	"\"storage\":true,\"schema\":{\"openAPIV3Schema\":{\"type\":\"object\","
	"\"x-kubernetes-preserve-unknown-fields\":true}}}]}}";

START_TEST(a_kind_comes_and_goes)
{
	struct og_err err = OG_ERR_INIT;
	start_sim(NULL);
	connect_kube(NULL);
	start_watch((struct og_watch_opts){.res = {.group = OG_SV("example.com"),
						   .version = OG_SV("v1"),
						   .resource = OG_SV("widgets")},
		.optional = true});
	until(rig.info.state == OG_WATCH_ABSENT);
	ck_assert_str_eq(rig.info.resource, "widgets.example.com");
	ck_assert_msg(og_sim_put(rig.sim, crd, &err) == 0, "%s", err.msg);
	ck_assert_msg(
		og_sim_put(rig.sim,
			"{\"apiVersion\":\"example.com/v1\",\"kind\":\"Widget\",\"metadata\":{"
			"\"name\":\"w\",\"namespace\":\"shop\"}}",
			&err) == 0,
		"%s", err.msg);
	og_watch_poke(rig.watch);
	until(rig.info.state == OG_WATCH_SYNCED && og_store_count(rig.store) == 1);
	ck_assert_int_eq(og_sim_delete(rig.sim, "customresourcedefinitions.apiextensions.k8s.io",
				 NULL, "widgets.example.com", NULL),
		0);
	og_sim_drop_connections(rig.sim);
	until(rig.info.state == OG_WATCH_ABSENT && og_store_count(rig.store) == 0);
}
END_TEST

START_TEST(one_object_alone)
{
	begin(NULL, (struct og_watch_opts){.field_selector = "metadata.name=m3",
			    .res = {.version = OG_SV("v1"),
				    .resource = OG_SV("configmaps"),
				    .ns = OG_SV("shop")}});
	until(rig.info.state == OG_WATCH_SYNCED);
	ck_assert_uint_eq(og_store_count(rig.store), 1);
	put("shop", "m5", "2");
	put("shop", "m3", "2");
	until(rig.updated == 1);
	ck_assert_uint_eq(og_store_count(rig.store), 1);
}
END_TEST

/* Other threads look at the watch and its store all the time. */
static atomic_bool looked_enough;
static void *look_on(void *arg)
{
	(void)arg;
	while (!atomic_load(&looked_enough)) {
		struct og_watch_info info;
		struct og_record r;
		og_watch_info(rig.watch, &info);
		ck_assert((unsigned)info.state < OG_WATCH_STATES_);
		og_store_read_begin(rig.store);
		for (uint32_t at = 0; og_store_next(rig.store, &at, &r);)
			ck_assert(r.name.n > 0 && r.uid.n == 36);
		og_store_read_end(rig.store);
		usleep(200);
	}
	return NULL;
}

/* Anything at any time; in the end it is the same. */
START_TEST(random_changes_and_faults)
{
	uint64_t seed = jsongen_seed();
	struct jsongen g = jsongen_case(seed, (unsigned)_i);
	struct og_sim_opts o = {
		.no_watch_list = _i % 2, .bookmark_ms = 20, .history = 30, .fresh_wait_ms = 20};
	begin(&o, (struct og_watch_opts){
			  .page = 3 + jsongen_below(&g, 30), .metadata_only = _i % 3 == 0});
	printf("# OG_SEED=%llu case %d\n", (unsigned long long)seed, _i);
	pthread_t other;
	atomic_store(&looked_enough, false);
	ck_assert_int_eq(pthread_create(&other, NULL, look_on, NULL), 0);
	for (int step = 0; step < 250; step++) {
		char name[32];
		snprintf(name, sizeof(name), "m%u", jsongen_below(&g, 40));
		const char *ns = jsongen_chance(&g, 50) ? "shop" : "bank";
		unsigned what = jsongen_below(&g, 100);
		if (what < 50)
			put(ns, name, jsongen_chance(&g, 50) ? "1" : "2");
		else if (what < 75)
			og_sim_delete(rig.sim, "configmaps", ns, name, NULL);
		else if (what < 79)
			og_sim_compact(rig.sim);
		else if (what < 84)
			og_sim_drop_connections(rig.sim);
		else if (what < 88) /* not those that stand still: they only take long */
			og_sim_fault(
				rig.sim, faults[jsongen_below(&g, OG_COUNT(faults) - 3)], NULL);
		for (unsigned n = jsongen_below(&g, 6); n > 0; n--)
			og_loop_turn(rig.loop, 1);
	}
	og_sim_clear_faults(rig.sim);
	put("shop", "end", "1");
	until(same() && rig.info.state == OG_WATCH_SYNCED);
	atomic_store(&looked_enough, true);
	pthread_join(other, NULL);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("kube/watch_sim");
	TCase *tc = tcase_create("sim");
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 90);
	tcase_add_loop_test(tc, streamed_and_live, 0, 2);
	tcase_add_loop_test(tc, a_server_without_streamed_lists, 0, 2);
	tcase_add_loop_test(tc, history_is_lost_while_away, 0, 2);
	tcase_add_test(tc, the_server_comes_back_with_an_older_state);
	tcase_add_test(tc, one_list_holds_up_the_others);
	tcase_add_test(tc, rights_come_and_go);
	tcase_add_test(tc, a_kind_comes_and_goes);
	tcase_add_test(tc, one_object_alone);
	tcase_add_loop_test(tc, faults_of_a_streamed_list, 0, (int)OG_COUNT(faults));
	tcase_add_loop_test(tc, faults_of_a_plain_list, 0, (int)OG_COUNT(faults));
	tcase_add_loop_test(tc, faults_of_a_watch, 0, (int)OG_COUNT(faults));
	tcase_add_loop_test(tc, random_changes_and_faults, 0, 8);
	suite_add_tcase(s, tc);
	return og_suite_run(s);
}
