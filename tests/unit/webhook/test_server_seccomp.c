/* SPDX-License-Identifier: Apache-2.0 */
/* The whole service, as a process that would end at the first system call outside of the list:
 * files, TLS, reviews, metrics, a configuration that changes, an orderly end. */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "otelgate/base/log.h"
#include "otelgate/base/mem.h"
#include "otelgate/base/seccomp.h"
#include "otelgate/webhook/server.h"
#include "support/http_client.h"
#include "support/http_fixture.h"
#include "support/seccomp.h"
#include "support/suite.h"
#include "support/tmpdir.h"

#define CONFIG(name)                                                                              \
	"apiVersion: otelgate.dev/v1alpha1\nkind: GrafanaStack\nmetadata: {name: main}\nspec:\n"  \
	"  receiver: {type: collector, endpoint: 'http://alloy.obs.svc:4318'}\n---\n"             \
	"apiVersion: otelgate.dev/v1alpha1\nkind: TelemetryProfile\nmetadata: {name: " name "}\n" \
	"spec: {stack: main, default: true}\n"

static const char review[] =
	"{\"apiVersion\":\"admission.k8s.io/v1\",\"kind\":\"AdmissionReview\",\"request\":{"
	"\"uid\":\"u-1\",\"resource\":{\"group\":\"\",\"version\":\"v1\",\"resource\":\"pods\"},"
	"\"operation\":\"CREATE\",\"namespace\":\"shop\",\"object\":{\"apiVersion\":\"v1\","
	"\"kind\":\"Pod\",\"metadata\":{\"annotations\":{\"otelgate.dev/inject\":\"true\"}},"
	"\"spec\":{\"containers\":[{\"name\":\"app\",\"image\":\"i:1\"}]}}}}";

static struct pki pki;
static struct og_tmpdir dir;
static char cert[300], key[300], config[300], ports_file[300];
static int started[2]; /* a pipe; the two ports */
static uint16_t ports[2];
static pid_t service;

static void on_started(void *ctx, uint16_t port, uint16_t ops)
{
	const uint16_t both[] = {port, ops};

	(void)ctx;
	if (write(started[1], both, sizeof(both)) != sizeof(both))
		_exit(98);
}

/* In the child. */
static int serve(void)
{
	struct og_webhook_opts o = OG_WEBHOOK_OPTS_INIT;
	struct og_log_options quiet = OG_LOG_OPTIONS_INIT;
	const char *const paths[] = {config};
	struct og_seccomp s = {.mode = OG_SECCOMP_KILL, .writes_files = true};
	size_t calls;

	quiet.level = OG_LOG_OFF;
	o.address = o.ops_address = "127.0.0.1";
	o.tls_cert = cert;
	o.tls_key = key;
	o.config_paths = paths;
	o.nconfig = 1;
	o.ports_file = ports_file;
	o.started = on_started;
	o.poll_ms = 20;
	o.stop_fd = -1;
	if (og_log_setup(&quiet, NULL) != 0 || og_seccomp_enter(&s, &calls, NULL) != 0)
		return 97;
	return og_webhook_run(&o, NULL) == 0 ? 0 : 96;
}

static void setup(void)
{
	ck_assert(pki_make(&pki));
	dir = og_tmpdir_make();
	og_tmpdir_join(&dir, "tls.crt", cert, sizeof(cert));
	og_tmpdir_join(&dir, "tls.key", key, sizeof(key));
	og_tmpdir_join(&dir, "config.yaml", config, sizeof(config));
	og_tmpdir_join(&dir, "ports", ports_file, sizeof(ports_file));
	og_tmpdir_write(&dir, "tls.crt", pki.cert.p);
	og_tmpdir_write(&dir, "tls.key", pki.key.p);
	og_tmpdir_write(&dir, "config.yaml", CONFIG("first"));
	ck_assert_int_eq(pipe(started), 0);
	service = fork();
	if (service == 0)
		_exit(serve());
	ck_assert_int_gt(service, 0);
	(void)close(started[1]);
	ck_assert_msg(read(started[0], ports, sizeof(ports)) == sizeof(ports), "it did not start");
}

static void teardown(void)
{
	int status = 0;

	ck_assert_int_eq(kill(service, SIGTERM), 0);
	ck_assert_int_eq(waitpid(service, &status, 0), service);
	(void)close(started[0]);
	og_tmpdir_remove(&dir);
	pki_fini(&pki);
	ck_assert_msg(!WIFSIGNALED(status), "ended by signal %d", WTERMSIG(status));
	ck_assert_int_eq(WEXITSTATUS(status), 0);
}

/* Whether an answer of the ops port holds the text. */
static bool ops_has(const char *path, const char *text)
{
	struct hc h;
	struct hc_resp r = {0};

	ck_assert(hc_open(&h, ports[1], NULL) && hc_get(&h, path) && hc_recv(&h, &r));
	bool has = strstr(r.body.p, text) != NULL;
	hc_close(&h);
	hc_resp_fini(&r);
	return has;
}

START_TEST(it_serves)
{
	struct hc h;
	struct hc_resp r = {0};

	ck_assert(hc_open(&h, ports[0], pki.ca.p));
	for (int i = 0; i < 3; i++) {
		ck_assert(hc_post(&h, "/mutate?timeout=5s", NULL, review, strlen(review)));
		ck_assert(hc_recv(&h, &r));
		ck_assert_int_eq(r.status, 200);
		ck_assert_ptr_nonnull(strstr(r.body.p, "\"patchType\":\"JSONPatch\""));
	}
	hc_close(&h);
	hc_resp_fini(&r);
	ck_assert(ops_has("/readyz", "ok"));
	ck_assert(ops_has("/metrics", "process_resident_memory_bytes "));
	ck_assert(ops_has("/metrics", "process_open_fds "));
}
END_TEST

START_TEST(it_follows_its_files)
{
	ck_assert(ops_has("/debug/config", "first"));
	og_tmpdir_write(&dir, "config.yaml", CONFIG("second"));
	ck_assert_int_eq(kill(service, SIGHUP), 0);
	while (!ops_has("/debug/config", "second")) /* the time limit of the case ends it */
		(void)usleep(5000);
}
END_TEST

int main(void)
{
	if (!seccomp_here())
		return 0;
	Suite *s = suite_create("webhook/server_seccomp");
	TCase *tc = tcase_create("restricted");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, it_serves);
	tcase_add_test(tc, it_follows_its_files);
	suite_add_tcase(s, tc);
	return og_suite_run(s);
}
