/* SPDX-License-Identifier: Apache-2.0 */
/* otelgate restart, against a simulated API server: what it shows, asks, changes, and leaves. */
#include <check.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "otelgate/base/fs.h"
#include "otelgate/base/mem.h"
#include "otelgate/cli/command.h"
#include "sim/sim.h"
#include "support/suite.h"
#include "support/tmpdir.h"

#define DEPLOY "deployments.apps"
#define WT     "workloadtelemetries.otelgate.dev"

static struct og_sim *sim;
static struct og_tmpdir dir;
static char config[300], output[300];
static struct og_buf said = OG_BUF_INIT(4 << 20), object = OG_BUF_INIT(4 << 20);

static void crd(const char *kind)
{
	struct og_err err = OG_ERR_INIT;
	char path[256];

	(void)snprintf(path, sizeof(path), "manifests/crds/otelgate.dev_%s.yaml", kind);
	ck_assert_msg(og_sim_apply_file(sim, path, &err) == 0, "%s", err.msg);
}

static void setup(void)
{
	struct og_err err = OG_ERR_INIT;
	og_auto_buf struct og_buf text = OG_BUF_INIT(1 << 20);

	dir = og_tmpdir_make();
	(void)og_tmpdir_join(&dir, "kubeconfig", config, sizeof(config));
	(void)og_tmpdir_join(&dir, "output", output, sizeof(output));
	ck_assert_msg(og_sim_start(NULL, &sim, &err) == 0, "%s", err.msg);
	og_sim_kubeconfig(sim, NULL, &text);
	ck_assert_int_eq(og_fs_write_atomic(config, text.p, text.len, 0600, &err), 0);
}

static void teardown(void)
{
	og_sim_stop(og_take(sim));
	og_tmpdir_remove(&dir);
	og_buf_fini(&said);
	og_buf_fini(&object);
}

__attribute__((format(printf, 1, 2))) static void putf(const char *fmt, ...)
{
	og_auto_buf struct og_buf b = OG_BUF_INIT(1 << 20);
	struct og_err err = OG_ERR_INIT;
	va_list ap;

	va_start(ap, fmt);
	og_buf_vfmt(&b, fmt, ap);
	va_end(ap);
	og_buf_ch(&b, '\0');
	ck_assert_msg(og_sim_put(sim, b.p, &err) == 0, "%s: %s", err.msg, b.p);
}

/* A status with so many old pods of three. */
static void status(const char *name, unsigned old)
{
	putf("{\"apiVersion\":\"otelgate.dev/v1alpha1\",\"kind\":\"WorkloadTelemetry\","
	     "\"metadata\":{\"name\":\"deployment-%s\",\"namespace\":\"shop\","
	     "\"ownerReferences\":[{\"apiVersion\":\"apps/v1\",\"kind\":\"Deployment\","
	     "\"name\":\"%s\",\"uid\":\"uid-%s\",\"controller\":true}]},\"status\":{"
	     "\"profile\":\"p\",\"stack\":\"s\",\"revision\":\"aaaaaaaaaaaaaaaa\",\"pods\":{"
	     "\"ratio\":\"x\",\"total\":3,\"current\":%u,\"stale\":%u}}}",
		name, name, name, 3 - old, old);
}

static void workload(const char *name, unsigned old, const char *spec)
{
	putf("{\"apiVersion\":\"apps/v1\",\"kind\":\"Deployment\",\"metadata\":{\"name\":\"%s\","
	     "\"namespace\":\"shop\",\"uid\":\"uid-%s\",\"generation\":1},\"spec\":{"
	     "\"replicas\":3,\"selector\":{\"matchLabels\":{\"a\":\"b\"}}%s,\"template\":{"
	     "\"metadata\":{\"labels\":{\"a\":\"b\"}},\"spec\":{\"containers\":[{\"name\":"
	     "\"app\",\"image\":\"w\"}]}}},\"status\":{\"observedGeneration\":99,\"replicas\":3,"
	     "\"updatedReplicas\":3,\"readyReplicas\":3,\"availableReplicas\":3}}",
		name, name, spec);
	status(name, old);
}

static bool changed(const char *name)
{
	struct og_err err = OG_ERR_INIT;

	og_buf_reset(&object);
	ck_assert_int_eq(og_sim_get(sim, DEPLOY, "shop", name, &object, &err), 0);
	og_buf_ch(&object, '\0');
	return strstr(object.p, "kubectl.kubernetes.io/restartedAt");
}

static const char *no_env(const char *name)
{
	(void)name;
	return NULL;
}

/* Runs the command; its output of both kinds is `said`. */
static int run(const char *const *more)
{
	char *argv[16] = {(char[]){"otelgate"}, (char[]){"restart"}, (char[]){"--kubeconfig"},
		config, (char[]){"-n"}, (char[]){"shop"}};
	char copies[8][64];
	struct og_err err = OG_ERR_INIT;
	int argc = 6, code, keep[3], fd;

	for (int i = 0; more[i]; i++) {
		(void)snprintf(copies[i], sizeof(copies[i]), "%s", more[i]);
		argv[argc++] = copies[i];
	}
	(void)fflush(NULL);
	fd = open(output, O_CREAT | O_TRUNC | O_RDWR | O_CLOEXEC, 0600);
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
	ck_assert(fd >= 0 && null >= 0);
	for (int i = 0; i < 3; i++) {
		keep[i] = dup(i);
		ck_assert_int_eq(dup2(i ? fd : null, i), i);
	}
	code = og_cli_main(argc, argv, no_env);
	for (int i = 0; i < 3; i++) {
		(void)dup2(keep[i], i);
		(void)close(keep[i]);
	}
	(void)close(fd);
	(void)close(null);
	og_buf_reset(&said);
	ck_assert_int_eq(og_fs_read(output, 1 << 20, &said, &err), 0);
	og_buf_ch(&said, '\0');
	return code;
}
#define RUN(...) run((const char *const[]){__VA_ARGS__, NULL})

static bool says(const char *text)
{
	bool has = strstr(said.p, text);
	if (!has)
		fprintf(stderr, "%s\n", said.p);
	return has;
}

START_TEST(without_statuses_it_says_why_it_cannot)
{
	ck_assert_int_eq(RUN("--yes"), 3);
	ck_assert(says("the cluster has no WorkloadTelemetry"));
	ck_assert(says("manifests/crds"));
}
END_TEST

START_TEST(nothing_old_is_nothing_to_do)
{
	crd("workloadtelemetries");
	workload("web", 0, "");
	ck_assert_int_eq(RUN("--yes"), 0);
	ck_assert(says("Nothing to restart: no pod of 1 workload is old."));
	ck_assert(!changed("web"));
}
END_TEST

START_TEST(a_dry_run_shows_the_plan_alone)
{
	crd("workloadtelemetries");
	workload("a", 1, "");
	workload("b", 2, "");
	ck_assert_int_eq(RUN("--dry-run"), 0);
	ck_assert(says("shop        deployment/a     1      3   p         first, alone\n"));
	ck_assert(says("shop        deployment/b     2      3   p         then restart\n"));
	ck_assert(!changed("a") && !changed("b"));
	ck_assert_uint_eq(og_sim_requests(sim, "patch", "deployments"), 0);
}
END_TEST

START_TEST(nobody_to_ask_is_a_wrong_use)
{
	crd("workloadtelemetries");
	workload("a", 1, "");
	ck_assert_int_eq(RUN("--wait=true"), 2);
	ck_assert(says("add --yes, or --dry-run"));
	ck_assert(!changed("a"));
}
END_TEST

START_TEST(without_waiting_only_the_first_one_begins)
{
	crd("workloadtelemetries");
	workload("a", 1, "");
	workload("b", 1, "");
	ck_assert_int_eq(RUN("--yes", "--wait=false"), 0);
	ck_assert(changed("a"));
	ck_assert(!changed("b"));
}
END_TEST

START_TEST(only_what_is_named)
{
	crd("workloadtelemetries");
	workload("a", 1, "");
	workload("b", 1, "");
	ck_assert_int_eq(RUN("--yes", "--wait=false", "Deployments/b"), 0);
	ck_assert(changed("b"));
	ck_assert(!changed("a"));
	ck_assert_int_eq(RUN("--yes", "statefulset/b"), 3);
	ck_assert(says("no opted-in workload is called \"statefulset/b\" there"));
	ck_assert(!changed("a"));
}
END_TEST

START_TEST(what_is_paused_or_by_hand_is_left)
{
	crd("workloadtelemetries");
	workload("a", 1, ",\"paused\":true");
	putf("{\"apiVersion\":\"otelgate.dev/v1alpha1\",\"kind\":\"WorkloadTelemetry\","
	     "\"metadata\":{\"name\":\"job-x\",\"namespace\":\"shop\",\"ownerReferences\":[{"
	     "\"apiVersion\":\"batch/v1\",\"kind\":\"Job\",\"name\":\"x\",\"uid\":\"u\","
	     "\"controller\":true}]},\"status\":{\"revision\":\"aaaaaaaaaaaaaaaa\",\"pods\":{"
	     "\"total\":1,\"stale\":1}}}");
	ck_assert_int_eq(RUN("--yes"), 1);
	ck_assert(says("no: paused"));
	ck_assert(says("no: by hand"));
	ck_assert(says("run it again"));
	ck_assert(!changed("a"));
}
END_TEST

START_TEST(a_missing_right_is_named)
{
	struct og_err err = OG_ERR_INIT;

	crd("workloadtelemetries");
	workload("a", 1, "");
	ck_assert_int_eq(og_sim_fault(sim,
				 "{\"match\":{\"verb\":\"patch\",\"count\":-1},\"action\":{"
				 "\"type\":\"status\",\"code\":403,\"reason\":\"Forbidden\","
				 "\"message\":\"deployments.apps \\\"a\\\" is forbidden: User "
				 "\\\"x\\\" cannot patch resource\"}}",
				 &err),
		0);
	ck_assert_int_eq(RUN("--yes"), 3);
	ck_assert(says("403"));
	ck_assert(!changed("a"));
}
END_TEST

/* ---- waiting ---- */

/* The cluster: what happens once the template of "a" has been changed. */
static void *cluster(void *arg)
{
	const char *how = arg;
	struct og_err err = OG_ERR_INIT;
	og_auto_buf struct og_buf b = OG_BUF_INIT(4 << 20);

	for (int i = 0; i < 3000; i++) {
		og_buf_reset(&b);
		if (og_sim_get(sim, DEPLOY, "shop", "a", &b, &err) == 0) {
			og_buf_ch(&b, '\0');
			if (strstr(b.p, "restartedAt"))
				break;
		}
		(void)usleep(10000);
	}
	if (strcmp(how, "ready") == 0) {
		status("a", 0);
		return NULL;
	}
	const char *at = b.p ? strstr(b.p, "\"observedGeneration\":99") : NULL;
	if (at)
		putf("%.*s\"conditions\":[{\"type\":\"Progressing\",\"status\":\"False\",\"reason\":"
		     "\"ProgressDeadlineExceeded\",\"message\":\"too long\"}],%s",
			(int)(at - b.p), b.p, at);
	return NULL;
}

START_TEST(it_waits_until_it_is_ready)
{
	char how[] = "ready";
	pthread_t t;

	crd("workloadtelemetries");
	workload("a", 1, "");
	ck_assert_int_eq(pthread_create(&t, NULL, cluster, how), 0);
	ck_assert_int_eq(RUN("--yes"), 0);
	pthread_join(t, NULL);
	ck_assert(says("shop/deployment/a  1 of 3 pods is older than the configuration; it is "
		       "restarted now, as the first one."));
	ck_assert(says("; every pod carries the configuration."));
	ck_assert(changed("a"));
}
END_TEST

START_TEST(it_stops_at_the_first_that_is_stuck)
{
	char how[] = "stuck";
	pthread_t t;

	crd("workloadtelemetries");
	workload("a", 1, "");
	workload("b", 1, "");
	ck_assert_int_eq(pthread_create(&t, NULL, cluster, how), 0);
	ck_assert_int_eq(RUN("--yes"), 1);
	pthread_join(t, NULL);
	ck_assert(says("and stuck"));
	ck_assert(says("shop/deployment/b  Not restarted: shop/deployment/a was restarted"));
	ck_assert(changed("a"));
	ck_assert(!changed("b"));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("cli/restart");
	TCase *tc = tcase_create("restart");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, without_statuses_it_says_why_it_cannot);
	tcase_add_test(tc, nothing_old_is_nothing_to_do);
	tcase_add_test(tc, a_dry_run_shows_the_plan_alone);
	tcase_add_test(tc, nobody_to_ask_is_a_wrong_use);
	tcase_add_test(tc, without_waiting_only_the_first_one_begins);
	tcase_add_test(tc, only_what_is_named);
	tcase_add_test(tc, what_is_paused_or_by_hand_is_left);
	tcase_add_test(tc, a_missing_right_is_named);
	tcase_add_test(tc, it_waits_until_it_is_ready);
	tcase_add_test(tc, it_stops_at_the_first_that_is_stuck);
	suite_add_tcase(s, tc);
	return og_suite_run(s);
}
