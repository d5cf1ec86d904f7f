/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Certificates of the webhook in a simulated cluster, under load: clients that trust what the
 * registration held a moment ago, as API servers do, and that lose nothing.
 */
#include <signal.h>
#include <spawn.h>
#include <stdatomic.h>
#include <sys/wait.h>
#include <time.h>
#include "otelgate/net/certs.h"
#include "support/program.h"
#include "world.inc"

#define OPT_IN "\"annotations\":{\"otelgate.dev/inject\":\"true\"}"
#define REVIEW                                                                                  \
	"{\"apiVersion\":\"admission.k8s.io/v1\",\"kind\":\"AdmissionReview\",\"request\":{"    \
	"\"uid\":\"u\",\"resource\":{\"group\":\"\",\"version\":\"v1\",\"resource\":\"pods\"}," \
	"\"operation\":\"CREATE\",\"namespace\":\"shop\",\"object\":{\"apiVersion\":\"v1\","    \
	"\"kind\":\"Pod\",\"metadata\":{\"name\":\"p\"," OPT_IN "},\"spec\":{\"containers\":["  \
	"{\"name\":\"app\",\"image\":\"i:1\"}]}}}}"
enum {
	CLIENTS = 4,
	PACE_MS = 8, /* of each: 500 reviews a second together */
	PER_CONNECTION = 10,
	SAMPLE_MS = 50,
	LAG = 6, /* samples: an API server takes up a new bundle that late */
	SETTLE_MS = 1500,
};

/* ---- load ---- */

static struct {
	_Atomic bool over;
	pthread_mutex_t lock;
	char *bundles[LAG + 1]; /* oldest first */
	int64_t read_ns[LAG + 1];
	size_t nbundles;
	pthread_t sampler, clients[CLIENTS];
	int replicas;
	_Atomic unsigned sent, lost;
	char why[300];
} load = {.lock = PTHREAD_MUTEX_INITIALIZER};

static int64_t now_ns(void)
{
	return og_clock_mono_ns(og_clock_system());
}

static void *sampler_main(void *arg)
{
	og_auto_buf struct og_buf b = OG_BUF_INIT(0);

	(void)arg;
	while (!atomic_load(&load.over)) {
		int64_t at = now_ns();
		ca_bundle(&b);
		pthread_mutex_lock(&load.lock);
		if (load.nbundles == LAG + 1) {
			og_free(load.bundles[0]);
			memmove(load.bundles, load.bundles + 1, LAG * sizeof(load.bundles[0]));
			memmove(load.read_ns, load.read_ns + 1, LAG * sizeof(load.read_ns[0]));
			load.nbundles--;
		}
		load.read_ns[load.nbundles] = at;
		load.bundles[load.nbundles++] = og_strdup(og_buf_view(&b).p);
		pthread_mutex_unlock(&load.lock);
		(void)poll(NULL, 0, SAMPLE_MS);
	}
	return NULL;
}

static char *bundle_of_then(int64_t *ret_read_ns)
{
	pthread_mutex_lock(&load.lock);
	char *b = og_strdup(load.nbundles ? load.bundles[0] : "");
	*ret_read_ns = load.nbundles ? load.read_ns[0] : now_ns();
	pthread_mutex_unlock(&load.lock);
	return b;
}

static void lost(const char *what)
{
	pthread_mutex_lock(&load.lock);
	if (!atomic_fetch_add(&load.lost, 1))
		snprintf(
			load.why, sizeof(load.why), "review %u: %s", atomic_load(&load.sent), what);
	pthread_mutex_unlock(&load.lock);
}

/* Keeps a connection for some reviews and until the server wants it closed. */
static void one_connection(uint16_t port, struct hc_resp *resp)
{
	struct hc h;
	int64_t read_ns;
	char *ca = bundle_of_then(&read_ns);
	bool open = hc_open(&h, port, ca);

	og_free(ca);
	if (!open) {
		hc_close(&h);
		if (now_ns() - read_ns >= SETTLE_MS * OG_NS_PER_MS)
			return; /* a busy machine: older than any bundle has to be good for */
		atomic_fetch_add(&load.sent, 1);
		lost("no connection, or not trusted");
		return;
	}
	for (int i = 0; i < PER_CONNECTION && !atomic_load(&load.over); i++) {
		atomic_fetch_add(&load.sent, 1);
		if (!hc_post(&h, "/mutate?timeout=3s", NULL, REVIEW, sizeof(REVIEW) - 1) ||
			!hc_recv(&h, resp)) {
			lost("no answer");
			break;
		}
		if (resp->status != 200 || !strstr(resp->body.p, "\"patch\":"))
			lost(resp->status == 200 ? "not injected" : "not 200");
		if (resp->close)
			break;
		(void)poll(NULL, 0, PACE_MS);
	}
	hc_close(&h);
}

static void *client_main(void *arg)
{
	struct hc_resp resp = {0};
	unsigned n = (unsigned)(size_t)arg;

	while (!atomic_load(&load.over))
		one_connection(w.r[n++ % (unsigned)load.replicas].port, &resp);
	hc_resp_fini(&resp);
	return NULL;
}

static bool sampled(void)
{
	pthread_mutex_lock(&load.lock);
	bool any = load.nbundles > 0;
	pthread_mutex_unlock(&load.lock);
	return any;
}

static void load_start(int replicas)
{
	load.replicas = replicas;
	ck_assert_int_eq(pthread_create(&load.sampler, NULL, sampler_main, NULL), 0);
	for (int i = 0; i < 500 && !sampled(); i++)
		(void)poll(NULL, 0, 10);
	for (size_t i = 0; i < CLIENTS; i++)
		ck_assert_int_eq(pthread_create(&load.clients[i], NULL, client_main, (void *)i), 0);
}

static void load_stop(void)
{
	for (int n = 0; n < WORLD_TRIES && atomic_load(&load.sent) < 100; n++)
		(void)poll(NULL, 0, WORLD_PAUSE_MS);
	atomic_store(&load.over, true);
	for (size_t i = 0; i < CLIENTS; i++)
		pthread_join(load.clients[i], NULL);
	pthread_join(load.sampler, NULL);
	while (load.nbundles)
		og_free(load.bundles[--load.nbundles]);
	ck_assert_msg(atomic_load(&load.lost) == 0, "%u of %u lost; %s", atomic_load(&load.lost),
		atomic_load(&load.sent), load.why);
	ck_assert_uint_ge(atomic_load(&load.sent), 100);
}

/* ---- the Secret ---- */

static bool secret_has(const char *key)
{
	og_auto_buf struct og_buf b = OG_BUF_INIT(0);
	char quoted[80];

	snprintf(quoted, sizeof(quoted), "\"%s\":\"", key);
	if (og_sim_get(w.sim, "secrets", "otelgate", "otelgate-webhook-ca", &b, NULL) < 0)
		return false;
	const char *at = strstr(b.p, quoted);
	return at && at[strlen(quoted)] != '"';
}

static void secret_until(const char *key, bool there)
{
	for (int n = 0; n < WORLD_TRIES; n++) {
		if (secret_has(key) == there)
			return;
		(void)poll(NULL, 0, WORLD_PAUSE_MS);
	}
	ck_abort_msg("%s of the Secret %s", key, there ? "never came" : "stays");
}

/* A CA that is due for rotation. */
static void old_secret(void)
{
	og_auto_buf struct og_buf ca = OG_BUF_INIT(0), key = OG_BUF_INIT(0), b = OG_BUF_INIT(0);
	int64_t now = time(NULL);
	const struct og_ca_opts o = {"an old one", now - 90000, now + 900};

	TRY(og_certs_make_ca(&o, &ca, &key, err));
	og_buf_lit(&b, "{\"apiVersion\":\"v1\",\"kind\":\"Secret\",\"type\":\"kubernetes.io/tls\","
		       "\"metadata\":{\"name\":\"otelgate-webhook-ca\","
		       "\"namespace\":\"otelgate\",\"labels\":{"
		       "\"app.kubernetes.io/managed-by\":\"otelgate\"}},\"data\":{"
		       "\"tls.crt\":\"");
	og_base64_encode(&b, og_buf_view(&ca));
	og_buf_lit(&b, "\",\"tls.key\":\"");
	og_base64_encode(&b, og_buf_view(&key));
	og_buf_lit(&b, "\",\"ca.crt\":\"");
	og_base64_encode(&b, og_buf_view(&ca));
	og_buf_lit(&b, "\"}}");
	TRY(og_sim_put(w.sim, b.p, err));
}

static void setup(void)
{
	cluster_init(0);
}

static void teardown(void)
{
	cluster_fini();
}

static void start(int n)
{
	for (int i = 0; i < n; i++) {
		struct og_webhook_cluster_opts *o = &replica_opts(i)->cluster;
		o->settle_ms = SETTLE_MS;
		replica_run(i);
	}
	for (int i = 0; i < n; i++)
		replica_serves(i);
}

START_TEST(a_rotation_under_load_loses_nothing)
{
	old_secret();
	TRY(og_sim_fault(w.sim,
		"{\"match\":{\"verb\":\"patch\",\"resource\":\"secrets\",\"count\":-1},"
		"\"action\":{\"type\":\"status\",\"code\":500,\"reason\":\"InternalError\"}}",
		err));
	start(3);
	load_start(3);
	ops_until(0, "/readyz?verbose", "500");
	og_sim_clear_faults(w.sim);
	secret_until("next.crt", true);
	secret_until("previous.crt", true);
	secret_until("next.crt", false);
	for (int i = 0; i < 3; i++)
		ops_until(i, "/metrics", "\notelgate_certificates_made_total 2\n");
	(void)poll(NULL, 0, 500); /* and some more with the new ones */
	load_stop();
	bundle_until(true);
	ck_assert(ops_says(1, "/readyz?verbose", "holds our 2 CAs"));
	double rotations = 0;
	for (int i = 0; i < 3; i++)
		rotations += metric(i, "otelgate_ca_rotations_total");
	ck_assert(rotations == 1);
}
END_TEST

START_TEST(a_deleted_secret_under_load_loses_nothing)
{
	start(2);
	load_start(2);
	TRY(og_sim_delete(w.sim, "secrets", "otelgate", "otelgate-webhook-ca", err));
	secret_until("next.key", true);
	secret_until("tls.key", true);
	for (int i = 0; i < 2; i++)
		ops_until(i, "/metrics", "\notelgate_certificates_made_total 2\n");
	load_stop();
	bundle_until(true);
}
END_TEST

START_TEST(renewed_leaves_under_load_lose_nothing)
{
	replica_opts(0)->cluster.leaf_ms = 6000;
	start(1);
	load_start(1);
	ops_until(0, "/metrics", "\notelgate_certificates_made_total 3\n");
	load_stop();
}
END_TEST

START_TEST(a_restarted_api_server_under_load_loses_nothing)
{
	const struct og_sim_restart_opts o = {.down_ms = 300, .rv_jump = 50, .lose_history = true};

	start(2);
	load_start(2);
	TRY(og_sim_restart(w.sim, &o, err));
	og_sim_drop_connections(w.sim);
	TRY(og_sim_restart(w.sim, &o, err));
	ops_until_not(0, "/readyz?verbose", "failing");
	load_stop();
}
END_TEST

START_TEST(a_wiped_bundle_comes_back)
{
	start(2);
	pods_until_injected("shop", OPT_IN);
	for (int i = 0; i < 3; i++) {
		TRY(og_sim_delete(w.sim,
			"mutatingwebhookconfigurations.admissionregistration.k8s.io", NULL,
			"otelgate", err));
		cluster_registration(); /* as `kubectl apply` after a deletion: without caBundle */
		bundle_until(true);
		pods_until_injected("shop", OPT_IN);
	}
	ck_assert_int_eq(ops(0, "/readyz"), 200);
}
END_TEST

START_TEST(someone_elses_secret)
{
	og_auto_buf struct og_buf ca = OG_BUF_INIT(0), ca_key = OG_BUF_INIT(0),
				  cert = OG_BUF_INIT(0), key = OG_BUF_INIT(0), b = OG_BUF_INIT(0);
	static const char *const names[] = {"otelgate-webhook.otelgate.svc", "localhost"};
	int64_t now = time(NULL);
	const struct og_ca_opts co = {"theirs", now - 60, now + 86400};
	const struct og_leaf_opts lo = {
		.dns_names = names, .ndns = 2, .not_before = now - 60, .not_after = now + 80000};
	char rights[] = "[{\"apiGroups\":[\"\"],\"resources\":[\"secrets\"],\"resourceNames\":["
			"\"theirs\"],\"verbs\":[\"get\",\"list\",\"watch\"]}]";

	replica_opts(0)->cluster.tls_secret = "theirs";
	replica_run(0);
	/* the right to it is the user's to give, and its name is said */
	ops_until(0, "/readyz?verbose", "secrets");
	ck_assert_int_eq(ops(0, "/readyz"), 503);
	TRY(og_sim_allow(w.sim, WEBHOOK_USER, "otelgate", rights, err));
	ops_until(0, "/readyz?verbose", "otelgate/theirs does not exist");
	TRY(og_certs_make_ca(&co, &ca, &ca_key, err));
	TRY(og_certs_make_leaf(og_buf_view(&ca), og_buf_view(&ca_key), &lo, &cert, &key, err));
	og_buf_lit(&b, "{\"apiVersion\":\"v1\",\"kind\":\"Secret\",\"type\":\"kubernetes.io/tls\","
		       "\"metadata\":{\"name\":\"theirs\",\"namespace\":\"otelgate\"},\"data\":{"
		       "\"tls.crt\":\"");
	og_base64_encode(&b, og_buf_view(&cert));
	og_buf_lit(&b, "\",\"tls.key\":\"");
	og_base64_encode(&b, og_buf_view(&key));
	og_buf_lit(&b, "\",\"ca.crt\":\"");
	og_base64_encode(&b, og_buf_view(&ca));
	og_buf_lit(&b, "\"}}");
	TRY(og_sim_put(w.sim, b.p, err));
	replica_serves(0);
	pods_until_injected("shop", OPT_IN);
	ck_assert_uint_eq(og_sim_count(w.sim, "secrets", "otelgate"), 1);
}
END_TEST

/* ---- killed ---- */

static struct {
	_Atomic bool over;
	unsigned created, refused;
	char why[300];
} creator;

/* Pods all the time, each of which has to be admitted. */
static void *creator_main(void *arg)
{
	(void)arg;
	for (unsigned n = 0; !atomic_load(&creator.over); n++) {
		char name[32];
		snprintf(name, sizeof(name), "p%u", n);
		int http = pod("shop", name, OPT_IN);
		creator.created++;
		if (http == 201)
			continue;
		creator.refused++;
		snprintf(creator.why, sizeof(creator.why), "%d %.250s", http,
			og_buf_view(&w.body).p);
	}
	return NULL;
}

static pid_t spawn(uint16_t port)
{
	char path[300], line[700], vars[] = "PATH=/usr/bin:/bin", *argv[24], *env[] = {vars, NULL};
	size_t n = 0;
	pid_t pid = 0;

	og_tmpdir_join(&w.dir, "webhook-1.kubeconfig", path, sizeof(path));
	snprintf(line, sizeof(line),
		"otelgate webhook --kubeconfig %s -n otelgate --address 127.0.0.1 --ops-address "
		"127.0.0.1 --ops-port 0 --port %u --log-level off",
		path, port);
	for (char *p = line; p && n + 1 < OG_COUNT(argv);) {
		argv[n++] = p;
		p = strchr(p, ' ');
		if (p)
			*p++ = '\0';
	}
	argv[n] = NULL;
	ck_assert_int_eq(posix_spawn(&pid, og_test_program(), NULL, NULL, argv, env), 0);
	return pid;
}

START_TEST(killed_at_each_moment_of_its_life)
{
	pthread_t t;
	int held;
	uint16_t port = hold_port(&held);

	(void)replica_opts(1); /* writes the kubeconfig */
	TRY(og_sim_route_service(w.sim, "otelgate/otelgate-webhook", port, err));
	ck_assert_int_eq(pthread_create(&t, NULL, creator_main, NULL), 0);
	for (int i = 0; i < 24; i++) {
		pid_t pid = spawn(port);
		int status = 0;
		(void)poll(NULL, 0, i * 25);
		ck_assert_int_eq(kill(pid, SIGKILL), 0);
		ck_assert_int_eq(waitpid(pid, &status, 0), pid);
		ck_assert_msg(WIFSIGNALED(status), "it ended by itself: %d", status);
	}
	atomic_store(&creator.over, true);
	pthread_join(t, NULL);
	ck_assert_msg(creator.refused == 0, "%u of %u pods were refused; %s", creator.refused,
		creator.created, creator.why);
	ck_assert_uint_ge(creator.created, 10);
	close(held);
	/* and whatever state it was left in, the next one finds its way */
	replica_start(0);
	pods_until_injected("shop", OPT_IN);
	bundle_until(true);
	ck_assert_uint_eq(og_sim_count(w.sim, "secrets", "otelgate"), 1);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("webhook/cluster_certs");
	TCase *t = tcase_create("certificates");
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_set_timeout(t, 100);
	tcase_add_test(t, a_rotation_under_load_loses_nothing);
	tcase_add_test(t, a_deleted_secret_under_load_loses_nothing);
	tcase_add_test(t, renewed_leaves_under_load_lose_nothing);
	tcase_add_test(t, a_restarted_api_server_under_load_loses_nothing);
	tcase_add_test(t, a_wiped_bundle_comes_back);
	tcase_add_test(t, someone_elses_secret);
	tcase_add_test(t, killed_at_each_moment_of_its_life);
	suite_add_tcase(s, t);
	return og_suite_run(s);
}
