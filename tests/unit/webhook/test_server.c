/* SPDX-License-Identifier: Apache-2.0 */
/* The whole service in this process: real files, real TLS, real reviews. */
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "otelgate/base/mem.h"
#include "otelgate/base/log.h"
#include "otelgate/net/certs.h"
#include "otelgate/codec/jdoc.h"
#include "otelgate/webhook/server.h"
#include "support/http_client.h"
#include "support/http_fixture.h"
#include "support/suite.h"
#include "support/tmpdir.h"

#define STACK                                 \
	"apiVersion: otelgate.dev/v1alpha1\n" \
	"kind: GrafanaStack\n"                \
	"metadata: {name: main}\n"            \
	"spec:\n"                             \
	"  receiver:\n"                       \
	"    type: collector\n"               \
	"    endpoint: http://alloy.obs.svc:4318\n"
#define PROFILE(name)                         \
	"---\n"                               \
	"apiVersion: otelgate.dev/v1alpha1\n" \
	"kind: TelemetryProfile\n"            \
	"metadata: {name: " name "}\n"        \
	"spec:\n"                             \
	"  stack: main\n"                     \
	"  default: true\n"

static struct pki pki;
static struct og_tmpdir dir;
static struct og_webhook_opts opts;
static char cert_path[300], key_path[300], config_path[300], objects_path[300], ports_path[300];
static const char *config_paths[1];
static int stop_pipe[2] = {-1, -1};
static pthread_t thread;
static bool running;
static int run_result;
static struct og_err run_err;
static struct {
	pthread_mutex_t lock;
	pthread_cond_t cond;
	bool up, over;
	uint16_t port, ops;
} gate = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, false, false, 0, 0};
static struct hc_resp r;

static void on_started(void *ctx, uint16_t port, uint16_t ops)
{
	(void)ctx;
	pthread_mutex_lock(&gate.lock);
	gate.up = true;
	gate.port = port;
	gate.ops = ops;
	pthread_cond_broadcast(&gate.cond);
	pthread_mutex_unlock(&gate.lock);
}

static void *run_main(void *arg)
{
	(void)arg;
	run_result = og_webhook_run(&opts, &run_err);
	pthread_mutex_lock(&gate.lock);
	gate.over = true;
	pthread_cond_broadcast(&gate.cond);
	pthread_mutex_unlock(&gate.lock);
	return NULL;
}

/* True when it serves, false when it ended at once. */
static bool run(void)
{
	ck_assert_int_eq(pipe(stop_pipe), 0);
	opts.stop_fd = stop_pipe[0];
	ck_assert_int_eq(pthread_create(&thread, NULL, run_main, NULL), 0);
	running = true;
	pthread_mutex_lock(&gate.lock);
	while (!gate.up && !gate.over)
		pthread_cond_wait(&gate.cond, &gate.lock);
	bool up = gate.up;
	pthread_mutex_unlock(&gate.lock);
	return up;
}

static void stop(void)
{
	if (!running)
		return;
	ck_assert_int_eq(write(stop_pipe[1], "x", 1), 1);
	pthread_join(thread, NULL);
	running = false;
	close(stop_pipe[0]);
	close(stop_pipe[1]);
}

static void write_pair(const struct og_buf *cert, const struct og_buf *key)
{
	og_tmpdir_write(&dir, "tls.crt", cert->p);
	og_tmpdir_write(&dir, "tls.key", key->p);
}

static void setup(void)
{
	struct og_log_options quiet = OG_LOG_OPTIONS_INIT;

	quiet.level = OG_LOG_OFF;
	ck_assert_int_eq(og_log_setup(&quiet, NULL), 0);
	ck_assert(pki_make(&pki));
	dir = og_tmpdir_make();
	og_tmpdir_join(&dir, "tls.crt", cert_path, sizeof(cert_path));
	og_tmpdir_join(&dir, "tls.key", key_path, sizeof(key_path));
	og_tmpdir_join(&dir, "config.yaml", config_path, sizeof(config_path));
	og_tmpdir_join(&dir, "objects.yaml", objects_path, sizeof(objects_path));
	og_tmpdir_join(&dir, "ports", ports_path, sizeof(ports_path));
	write_pair(&pki.cert, &pki.key);
	og_tmpdir_write(&dir, "config.yaml", STACK PROFILE("standard"));
	config_paths[0] = config_path;
	opts = (struct og_webhook_opts)OG_WEBHOOK_OPTS_INIT;
	opts.address = opts.ops_address = "127.0.0.1";
	opts.tls_cert = cert_path;
	opts.tls_key = key_path;
	opts.config_paths = config_paths;
	opts.nconfig = 1;
	opts.started = on_started;
	opts.poll_ms = 20;
	opts.limits.drain_idle_ms = 20;
}

static void teardown(void)
{
	stop();
	hc_resp_fini(&r);
	og_tmpdir_remove(&dir);
	pki_fini(&pki);
}

static void ops_get(const char *path, const char *accept)
{
	struct hc h;
	char text[512];

	ck_assert(hc_open(&h, gate.ops, NULL));
	snprintf(text, sizeof(text), "GET %s HTTP/1.1\r\nHost: x\r\n%s%s%s\r\n", path,
		accept ? "Accept: " : "", accept ? accept : "", accept ? "\r\n" : "");
	ck_assert(hc_str(&h, text) && hc_recv(&h, &r));
	hc_close(&h);
}

static bool ops_has(const char *path, const char *text)
{
	ops_get(path, NULL);
	return strstr(og_buf_view(&r.body).p, text) != NULL;
}

/* Waits until the answer of an ops path holds a text. */
static void ops_until(const char *path, const char *text)
{
	for (int i = 0; i < 1000; i++) {
		if (ops_has(path, text))
			return;
		(void)poll(NULL, 0, 10);
	}
	ck_abort_msg("%s never said \"%s\"; last: %s", path, text, og_buf_view(&r.body).p);
}

static const char pod_in[] = "{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"metadata\":{\"name\":\"p\","
			     "\"annotations\":{\"otelgate.dev/inject\":\"true\"}},"
			     "\"spec\":{\"containers\":[{\"name\":\"app\",\"image\":\"i:1\"}]}}";
static const char pod_out[] =
	"{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"metadata\":{\"name\":\"p\"},"
	"\"spec\":{\"containers\":[{\"name\":\"app\",\"image\":\"i:1\"}]}}";

static void review_text(struct og_buf *b, const char *pod, bool dry)
{
	og_buf_reset(b);
	og_buf_fmt(b,
		"{\"apiVersion\":\"admission.k8s.io/v1\",\"kind\":\"AdmissionReview\",\"request\":{"
		"\"uid\":\"u-1\",\"resource\":{\"group\":\"\",\"version\":\"v1\",\"resource\":\"pods\"},"
		"\"operation\":\"CREATE\",\"namespace\":\"shop\",\"dryRun\":%s,\"object\":%s}}",
		dry ? "true" : "false", pod);
}

static bool review(struct hc *h, const char *pod)
{
	struct og_buf b = OG_BUF_INIT(0);
	review_text(&b, pod, false);
	bool ok = hc_post(h, "/mutate?timeout=5s", NULL, b.p, b.len) && hc_recv(h, &r);
	og_buf_fini(&b);
	return ok;
}

START_TEST(a_pod_is_injected)
{
	struct hc h;

	opts.ports_file = ports_path;
	ck_assert_msg(run(), "%s", run_err.msg);
	ck_assert(hc_open(&h, gate.port, pki.ca.p));
	ck_assert(review(&h, pod_in));
	ck_assert_int_eq(r.status, 200);
	ck_assert_ptr_nonnull(strstr(r.head, "Content-Type: application/json\r\n"));
	ck_assert_ptr_nonnull(strstr(r.body.p, "\"uid\":\"u-1\""));
	ck_assert_ptr_nonnull(strstr(r.body.p, "\"allowed\":true"));
	ck_assert_ptr_nonnull(strstr(r.body.p, "\"patchType\":\"JSONPatch\""));
	ck_assert(review(&h, pod_out));
	ck_assert_int_eq(r.status, 200);
	ck_assert_ptr_null(strstr(r.body.p, "patch"));
	struct og_buf b = OG_BUF_INIT(0);
	review_text(&b, pod_in, true);
	ck_assert(hc_post(&h, "/mutate", NULL, b.p, b.len) && hc_recv(&h, &r));
	ck_assert_int_eq(r.status, 200);
	og_buf_fini(&b);
	hc_close(&h);
	ops_until("/metrics",
		"controller_runtime_webhook_requests_total{webhook=\"/mutate\",code=\"200\"} 3\n");
	ck_assert(ops_has("/metrics",
		"otelgate_reviews_total{decision=\"injected\",reason=\"injected\",dry_run=\"false\"} 1\n"));
	ck_assert(ops_has("/metrics",
		"otelgate_reviews_total{decision=\"injected\",reason=\"injected\",dry_run=\"true\"} 1\n"));
	ck_assert(ops_has("/metrics",
		"otelgate_reviews_total{decision=\"unchanged\",reason=\"not-opted-in\",dry_run=\"false\"} 1\n"));
	ck_assert(ops_has("/metrics", "otelgate_review_duration_seconds_count 3\n"));
	ck_assert(ops_has("/metrics", "otelgate_ready 1\n"));
	FILE *f = fopen(ports_path, "r");
	unsigned a = 0, o = 0;
	ck_assert_ptr_nonnull(f);
	ck_assert_int_eq(fscanf(f, "admission=%u\nops=%u\n", &a, &o), 2);
	fclose(f);
	ck_assert_uint_eq(a, gate.port);
	ck_assert_uint_eq(o, gate.ops);
	stop();
	ck_assert_int_eq(run_result, 0);
}
END_TEST

static const struct {
	const char *body;
	int status;
	const char *has;
} bad_reviews[] = {
	{"{", 400, "line 1"},
	{"[]", 400, "AdmissionReview"},
	{"{}", 400, "AdmissionReview"},
	{"{\"kind\":\"AdmissionReview\",\"apiVersion\":\"admission.k8s.io/v1beta1\"}", 400,
		"admission.k8s.io/v1"},
	{"{\"kind\":\"AdmissionReview\",\"apiVersion\":\"admission.k8s.io/v1\",\"request\":{}}",
		400, "uid"},
	{"{\"kind\":\"AdmissionReview\",\"apiVersion\":\"admission.k8s.io/v1\",\"request\":{\"uid\":\"\"}}",
		400, "uid"},
	{"{\"a\":1,\"a\":2}", 400, "line 1"},
	{"\xff\xfe", 400, ""},
	{"{\"kind\":\"AdmissionReview\",\"apiVersion\":\"admission.k8s.io/v1\",\"request\":{\"uid\":\"u\","
	 "\"object\":{\"kind\":\"Pod\",\"spec\":5},\"resource\":{\"group\":\"\",\"version\":\"v1\","
	 "\"resource\":\"pods\"},\"operation\":\"CREATE\"}}",
		200, "\"allowed\":true"},
	{"{\"kind\":\"AdmissionReview\",\"apiVersion\":\"admission.k8s.io/v1\",\"request\":{\"uid\":\"u\"}}",
		200, "\"allowed\":true"},
};

START_TEST(bad_reviews_are_named)
{
	struct hc h;

	ck_assert_msg(run(), "%s", run_err.msg);
	ck_assert(hc_open(&h, gate.port, pki.ca.p));
	ck_assert(hc_post(&h, "/mutate", NULL, bad_reviews[_i].body, strlen(bad_reviews[_i].body)));
	ck_assert(hc_recv(&h, &r));
	ck_assert_msg(r.status == bad_reviews[_i].status, "%d: %s", r.status, r.body.p);
	ck_assert_msg(strstr(r.body.p, bad_reviews[_i].has), "%s", r.body.p);
	ck_assert_ptr_null(strstr(r.body.p, "\"allowed\":false"));
	ck_assert(review(&h, pod_in)); /* the connection and the service are fine */
	ck_assert_int_eq(r.status, 200);
	hc_close(&h);
}
END_TEST

START_TEST(deep_and_huge_reviews)
{
	struct hc h;
	size_t n = 10000;
	char *deep = og_malloc(n);

	memset(deep, '[', n);
	ck_assert_msg(run(), "%s", run_err.msg);
	ck_assert(hc_open(&h, gate.port, pki.ca.p));
	ck_assert(hc_post(&h, "/mutate", NULL, deep, n) && hc_recv(&h, &r));
	ck_assert_int_ge(r.status, 400);
	og_free(deep);
	/* a pod with an annotation of 6 MiB is admitted, whatever becomes of it */
	struct og_buf pod = OG_BUF_INIT(0), b = OG_BUF_INIT(0);
	og_buf_lit(&pod, "{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"metadata\":{\"annotations\":{"
			 "\"otelgate.dev/inject\":\"true\",\"x\":\"");
	for (size_t i = 0; i < (6 << 20); i++)
		og_buf_ch(&pod, 'a');
	og_buf_lit(&pod, "\"}},\"spec\":{\"containers\":[{\"name\":\"app\"}]}}");
	review_text(&b, pod.p, false);
	ck_assert(hc_post(&h, "/mutate", NULL, b.p, b.len) && hc_recv(&h, &r));
	ck_assert_int_eq(r.status, 200);
	ck_assert_ptr_nonnull(strstr(r.body.p, "\"allowed\":true"));
	og_buf_fini(&pod);
	og_buf_fini(&b);
	hc_close(&h);
}
END_TEST

START_TEST(ops_pages)
{
	ck_assert_msg(run(), "%s", run_err.msg);
	static const char *const ok[] = {"/healthz", "/livez", "/readyz"};
	for (size_t i = 0; i < OG_COUNT(ok); i++) {
		ops_get(ok[i], NULL);
		ck_assert_int_eq(r.status, 200);
		ck_assert_str_eq(r.body.p, "ok\n");
	}
	ck_assert(ops_has("/readyz?verbose", "[+]certificate ok: generation 1; expires "));
	ck_assert(ops_has("/readyz?verbose", "[+]config ok: generation 1"));
	ck_assert(ops_has("/readyz?verbose", "[+]objects ok: none given"));
	ck_assert(ops_has("/livez?verbose", "[+]workers ok: 2"));
	ops_get("/nothing", NULL);
	ck_assert_int_eq(r.status, 404);
	ck_assert_ptr_nonnull(strstr(r.body.p, "GET /debug/config"));
	ops_get("/metrics", NULL);
	ck_assert_ptr_nonnull(strstr(r.head, "text/plain; version=0.0.4"));
	ops_get("/metrics", "application/openmetrics-text;version=1.0.0");
	ck_assert_ptr_nonnull(strstr(r.head, "application/openmetrics-text"));
	ck_assert_ptr_nonnull(strstr(r.body.p, "# EOF\n"));
	struct hc h;
	ck_assert(hc_open(&h, gate.ops, NULL));
	ck_assert(hc_post(&h, "/healthz", NULL, "{}", 2) && hc_recv(&h, &r));
	ck_assert_int_eq(r.status, 405);
	/* the admission port serves reviews alone */
	hc_close(&h);
	ck_assert(hc_open(&h, gate.port, pki.ca.p));
	ck_assert(hc_get(&h, "/healthz") && hc_recv(&h, &r));
	ck_assert_int_eq(r.status, 404);
	ck_assert(hc_get(&h, "/mutate") && hc_recv(&h, &r));
	ck_assert_int_eq(r.status, 405);
	hc_close(&h);
}
END_TEST

START_TEST(debug_config_is_json_without_secrets)
{
	og_auto_arena struct og_arena a;
	struct og_jdoc d;
	struct og_err err = OG_ERR_INIT;

	og_arena_init(&a, 0, 0);
	ck_assert_msg(run(), "%s", run_err.msg);
	ops_get("/debug/config", NULL);
	ck_assert_int_eq(r.status, 200);
	ck_assert_msg(og_jdoc_parse(&d, &a, og_buf_view(&r.body), NULL, &err) == 0, "%s\n%s",
		err.msg, r.body.p);
	ck_assert_ptr_nonnull(strstr(r.body.p, "\"endpoint\":\"http://alloy.obs.svc:4318\""));
	ck_assert_ptr_nonnull(strstr(r.body.p, "\"otelgate.otelgate.svc\""));
	ck_assert_ptr_nonnull(strstr(r.body.p, "\"profiles\":[{\"name\":\"standard\""));
	ck_assert_ptr_null(strstr(r.body.p, "PRIVATE"));
}
END_TEST

START_TEST(configuration_is_taken_over_and_bad_ones_are_not)
{
	struct hc h;

	ck_assert_msg(run(), "%s", run_err.msg);
	og_tmpdir_write(&dir, "config.yaml", STACK PROFILE("second"));
	ops_until("/readyz?verbose", "[+]config ok: generation 2\n");
	ck_assert(ops_has("/debug/config", "\"name\":\"second\""));
	og_tmpdir_write(&dir, "config.yaml", STACK "---\nkind: Nonsense\n  bad: [\n");
	ops_until("/readyz?verbose", "[+]config ok: generation 2; a newer version was refused: ");
	ck_assert(ops_has("/debug/config", "\"refused\":"));
	ck_assert(ops_has("/metrics", "otelgate_reload_successful{what=\"config\"} 0\n"));
	ck_assert(ops_has("/metrics", "otelgate_ready 1\n"));
	ck_assert(hc_open(&h, gate.port, pki.ca.p));
	ck_assert(review(&h, pod_in)); /* by the one that is in force */
	ck_assert_ptr_nonnull(strstr(r.body.p, "JSONPatch"));
	hc_close(&h);
	unlink(config_path);
	ops_until("/readyz?verbose", "config.yaml");
	og_tmpdir_write(&dir, "config.yaml", STACK PROFILE("second"));
	ops_until("/readyz?verbose", "[+]config ok: generation 2\n");
	og_tmpdir_write(&dir, "config.yaml", STACK PROFILE("third"));
	ops_until("/readyz?verbose", "[+]config ok: generation 3\n");
	ck_assert(ops_has("/metrics", "otelgate_reload_successful{what=\"config\"} 1\n"));
}
END_TEST

START_TEST(certificate_is_taken_over_and_bad_ones_are_not)
{
	struct og_buf cert = OG_BUF_INIT(0), key = OG_BUF_INIT(0);
	struct hc h;

	ck_assert_msg(run(), "%s", run_err.msg);
	ck_assert(hc_open(&h, gate.port, pki.ca.p));
	ck_assert(review(&h, pod_out));
	ck_assert(!r.close);
	ck_assert(pki_leaf(&pki, &cert, &key));
	og_tmpdir_write(&dir, "tls.crt", cert.p); /* the key is still the old one's */
	ops_until(
		"/readyz?verbose", "[+]certificate ok: generation 1; a newer version was refused");
	ck_assert(ops_has("/readyz?verbose", "the key does not belong"));
	ck_assert(review(&h, pod_out));
	ck_assert(!r.close);
	og_tmpdir_write(&dir, "tls.key", key.p);
	ops_until("/readyz?verbose", "[+]certificate ok: generation 2; expires");
	ck_assert(review(&h, pod_out)); /* the old connection, for the last time */
	ck_assert(r.close);
	hc_close(&h);
	ck_assert(hc_open(&h, gate.port, pki.ca.p));
	ck_assert(review(&h, pod_out));
	ck_assert(!r.close);
	hc_close(&h);
	og_buf_fini(&cert);
	og_buf_wipe(&key);
}
END_TEST

START_TEST(objects_decide_and_are_taken_over)
{
	struct hc h;

	opts.objects = objects_path;
	og_tmpdir_write(&dir, "objects.yaml",
		"apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: Namespace\n"
		"  metadata: {name: shop, annotations: {otelgate.dev/inject: \"true\"}}\n"
		"---\n# nothing\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: c, namespace: shop}\n"
		"data: {A: b}\n");
	ck_assert_msg(run(), "%s", run_err.msg);
	ck_assert(ops_has("/metrics", "otelgate_objects 2\n"));
	ck_assert(hc_open(&h, gate.port, pki.ca.p));
	ck_assert(review(&h, pod_out)); /* the namespace opts it in */
	ck_assert_ptr_nonnull(strstr(r.body.p, "JSONPatch"));
	og_tmpdir_write(
		&dir, "objects.yaml", "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n");
	ops_until("/metrics", "otelgate_objects 1\n");
	ck_assert(review(&h, pod_out));
	ck_assert_ptr_null(strstr(r.body.p, "JSONPatch"));
	og_tmpdir_write(&dir, "objects.yaml", "apiVersion: [\n");
	ops_until("/readyz?verbose", "; a newer version was refused");
	hc_close(&h);
}
END_TEST

START_TEST(bad_starts)
{
	const char *want;

	switch (_i) {
	case 0:
		og_tmpdir_write(&dir, "tls.key", "nonsense");
		want = "key is missing or damaged";
		break;
	case 1:
		unlink(cert_path);
		want = "tls.crt";
		break;
	case 2:
		og_tmpdir_write(&dir, "config.yaml",
			"kind: GrafanaStack\napiVersion: otelgate.dev/v1alpha1\n");
		want = "configuration file";
		break;
	case 3:
		unlink(config_path);
		want = "config.yaml";
		break;
	case 4:
		opts.nconfig = 0;
		want = "--config";
		break;
	case 5:
		opts.tls_key = NULL;
		want = "--tls-key";
		break;
	case 6:
		opts.objects = "/nonexistent/objects";
		want = "/nonexistent/objects";
		break;
	case 7:
		opts.ops_address = "localhost";
		want = "ops listener";
		break;
	default:
		opts.address = "1.2.3";
		want = "admission listener";
		break;
	}
	ck_assert(!run());
	pthread_join(thread, NULL);
	running = false;
	close(stop_pipe[0]);
	close(stop_pipe[1]);
	ck_assert_int_lt(run_result, 0);
	ck_assert_msg(strstr(run_err.msg, want), "%s", run_err.msg);
}
END_TEST

/* One client that never stops, as an API server would. */
static struct {
	pthread_t thread;
	_Atomic unsigned ok, failed;
	_Atomic bool closing_seen;
} client;

static void *client_main(void *arg)
{
	struct hc h = {.fd = -1};
	struct hc_resp resp = {0};
	struct og_buf b = OG_BUF_INIT(0);

	(void)arg;
	review_text(&b, pod_in, false);
	for (;;) {
		if (h.fd < 0 && !hc_open(&h, gate.port, pki.ca.p))
			break;
		bool sent = hc_post(&h, "/mutate?timeout=5s", NULL, b.p, b.len);
		if (sent && hc_recv(&h, &resp) && resp.status == 200)
			atomic_fetch_add(&client.ok, 1);
		else
			atomic_fetch_add(&client.failed, 1);
		if (resp.close)
			atomic_store(&client.closing_seen, true);
		if (!sent || resp.close || resp.status != 200)
			hc_close(&h);
	}
	hc_close(&h);
	hc_resp_fini(&resp);
	og_buf_fini(&b);
	return NULL;
}

START_TEST(stopping_under_load_loses_nothing)
{
	opts.shutdown_delay_ms = 300;
	ck_assert_msg(run(), "%s", run_err.msg);
	ck_assert_int_eq(pthread_create(&client.thread, NULL, client_main, NULL), 0);
	while (atomic_load(&client.ok) < 50)
		(void)poll(NULL, 0, 5);
	ck_assert_int_eq(write(stop_pipe[1], "x", 1), 1);
	ops_until("/readyz", "[-]shutdown failed: shutting down");
	ck_assert_int_eq(r.status, 503);
	unsigned before = atomic_load(&client.ok);
	pthread_join(thread, NULL);
	running = false;
	close(stop_pipe[0]);
	close(stop_pipe[1]);
	pthread_join(client.thread, NULL);
	ck_assert_int_eq(run_result, 0);
	ck_assert_uint_eq(atomic_load(&client.failed), 0);
	ck_assert_uint_gt(atomic_load(&client.ok), before); /* served during the delay */
	ck_assert(atomic_load(&client.closing_seen));
}
END_TEST

START_TEST(deadline_admits_or_fails)
{
	struct hc h;
	struct og_buf b = OG_BUF_INIT(0);

	opts.fail_mode = _i;
	ck_assert_msg(run(), "%s", run_err.msg);
	ck_assert(hc_open(&h, gate.port, pki.ca.p));
	review_text(&b, pod_in, false);
	ck_assert(hc_post(&h, "/mutate?timeout=1ms", NULL, b.p, b.len) && hc_recv(&h, &r));
	if (_i) {
		ck_assert_int_eq(r.status, 500);
	} else {
		ck_assert_int_eq(r.status, 200);
		ck_assert_ptr_nonnull(strstr(r.body.p, "\"allowed\":true"));
		ck_assert_ptr_nonnull(strstr(r.body.p, "\"warnings\":["));
		ck_assert_ptr_null(strstr(r.body.p, "patch\""));
		ck_assert(ops_has("/metrics",
			"otelgate_reviews_total{decision=\"faulty\",reason=\"deadline\",dry_run=\"false\"} 1\n"));
	}
	/* what is no duration, or none at all, is no deadline */
	static const char *const odd[] = {"/mutate?timeout=", "/mutate?timeout=abc",
		"/mutate?timeout=-5s", "/mutate?timeout=99999h", "/mutate"};
	for (size_t i = 0; i < OG_COUNT(odd); i++) {
		ck_assert(hc_post(&h, odd[i], NULL, b.p, b.len) && hc_recv(&h, &r));
		ck_assert_int_eq(r.status, 200);
		ck_assert_ptr_nonnull(strstr(r.body.p, "JSONPatch"));
	}
	og_buf_fini(&b);
	hc_close(&h);
}
END_TEST

/* Waits until the child has written its ports. */
static bool read_ports(void)
{
	unsigned a = 0, o = 0;

	for (int i = 0; i < 1500; i++) {
		FILE *f = fopen(ports_path, "r");
		int n = f ? fscanf(f, "admission=%u\nops=%u\n", &a, &o) : 0;
		if (f)
			fclose(f);
		if (n == 2) {
			gate.port = (uint16_t)a;
			gate.ops = (uint16_t)o;
			return true;
		}
		(void)poll(NULL, 0, 10);
	}
	return false;
}

START_TEST(signals_reload_and_stop)
{
	struct hc h;
	int status = -1;

	opts.ports_file = ports_path;
	opts.poll_ms = 60000;
	opts.shutdown_delay_ms = 60000; /* the second signal skips it */
	opts.started = NULL;
	pid_t pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0)
		_exit(og_webhook_run(&opts, NULL) == 0 ? 0 : 1);
	ck_assert(read_ports());
	ck_assert(hc_open(&h, gate.port, pki.ca.p));
	ck_assert(review(&h, pod_in));
	ck_assert(!r.close);
	og_tmpdir_write(&dir, "config.yaml", STACK PROFILE("second"));
	ck_assert_int_eq(kill(pid, SIGHUP), 0);
	ops_until("/readyz?verbose", "[+]config ok: generation 2");
	ck_assert_int_eq(kill(pid, SIGTERM), 0);
	ops_until("/readyz", "[-]shutdown failed");
	ck_assert(ops_has("/livez", "ok"));
	ck_assert(review(&h, pod_in)); /* still served, and told to go */
	ck_assert(r.close);
	hc_close(&h);
	ck_assert_int_eq(kill(pid, SIGINT), 0);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFEXITED(status));
	ck_assert_int_eq(WEXITSTATUS(status), 0);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("webhook/server");
	TCase *tc = tcase_create("service");
	tcase_set_timeout(tc, 60);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, a_pod_is_injected);
	tcase_add_loop_test(tc, bad_reviews_are_named, 0, (int)OG_COUNT(bad_reviews));
	tcase_add_test(tc, deep_and_huge_reviews);
	tcase_add_test(tc, ops_pages);
	tcase_add_test(tc, debug_config_is_json_without_secrets);
	tcase_add_test(tc, configuration_is_taken_over_and_bad_ones_are_not);
	tcase_add_test(tc, certificate_is_taken_over_and_bad_ones_are_not);
	tcase_add_test(tc, objects_decide_and_are_taken_over);
	tcase_add_loop_test(tc, bad_starts, 0, 9);
	tcase_add_loop_test(tc, deadline_admits_or_fails, 0, 2);
	tcase_add_test(tc, signals_reload_and_stop);
	tcase_add_test(tc, stopping_under_load_loses_nothing);
	suite_add_tcase(s, tc);
	return og_suite_run(s);
}
