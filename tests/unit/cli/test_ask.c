/* SPDX-License-Identifier: Apache-2.0 */
/* --ask: a cluster without a controller, and files, told by backends that are asked. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "otelgate/audit/report.h"
#include "otelgate/base/mem.h"
#include "support/askworld.h"
#include "support/schema.h"
#include "support/suite.h"
#include "support/tmpdir.h"

/* What otelgate-reader may, and no Secret. */
#define READER                                                                                                \
	"[{\"apiGroups\":[\"apps\",\"batch\",\"otelgate.dev\",\"argoproj.io\",\"\"],\"resources\":["          \
	"\"deployments\",\"rollouts\",\"replicasets\",\"statefulsets\",\"daemonsets\",\"jobs\",\"cronjobs\"," \
	"\"pods\",\"namespaces\",\"configmaps\",\"grafanastacks\",\"telemetryprofiles\","                     \
	"\"replicationcontrollers\",\"workloadtelemetries\"],\"verbs\":[\"get\",\"list\",\"watch\"]}]"

static struct og_tmpdir dir;
static char token[400], wrong[400], config[400], dump[400];

static void files(void)
{
	dir = og_tmpdir_make();
	og_tmpdir_write(&dir, "token", OG_CLOUD_TOKEN_READ "\n");
	og_tmpdir_write(&dir, "wrong", "glc_of-nobody-at-all\n");
	(void)og_tmpdir_join(&dir, "token", token, sizeof(token));
	(void)og_tmpdir_join(&dir, "wrong", wrong, sizeof(wrong));
	(void)og_tmpdir_join(&dir, "config.yaml", config, sizeof(config));
	(void)og_tmpdir_join(&dir, "dump.json", dump, sizeof(dump));
}

static void setup(void)
{
	files();
	aw_setup();
}

static void teardown(void)
{
	aw_teardown();
	og_tmpdir_remove(&dir);
}

static void arrives(const char *rev)
{
	aw_push_all("web", "web-1-a", rev);
	aw_push_all("web", "web-1-b", rev);
}

/* No word of a credential, wherever it is from. */
static void no_token(void)
{
	ck_assert_ptr_null(strstr(clr_out.p, "glc_"));
	ck_assert_ptr_null(strstr(clr_err.p, "glc_"));
}

/* The dump of the shop, and a stack of files whose Secret nobody sees. */
static void write_files(const char *secret)
{
	og_tmpdir_write(&dir, "dump.json", aw_dump());
	og_tmpdir_write(&dir, "config.yaml", aw_config("", secret));
}

/* What was written is what its schema says. */
static void valid(void (*write)(struct og_buf *out))
{
	og_auto_buf struct og_buf schema = OG_BUF_INIT(1 << 20);
	og_auto_arena struct og_arena a = {0};
	struct og_err err = OG_ERR_INIT;
	struct og_jdoc d, s;

	og_arena_init(&a, 0, 0);
	write(&schema);
	ck_assert_int_eq(og_jdoc_parse(&s, &a, og_buf_view(&schema), NULL, &err), 0);
	ck_assert_msg(og_jdoc_parse(&d, &a, og_svz(clr_out.p), NULL, &err) == 0, "%s", err.msg);
	schema_validate(og_jroot(&d), og_jroot(&s), "$");
}

/* ---- what is known ---- */

START_TEST(what_arrives_is_told_without_a_controller)
{
	arrives(aw_web());
	ck_assert_int_eq(CLR_RUN("status", "-n", "shop"), 0);
	ck_assert(clr_says("deployment/web    2/2   Complete   ?         ?        ?"));
	ck_assert_int_eq(CLR_RUN("status", "-n", "shop", "--ask", "--check"), 0);
	ck_assert(clr_says("deployment/web    2/2   Complete   OK "));
	ck_assert(clr_says("OFF        yes"));
	ck_assert_str_eq(clr_err.p, ""); /* nothing is missing */
	no_token();
	ck_assert_int_eq(CLR_RUN("status", "-n", "shop", "--ask", "deployment/web"), 0);
	ck_assert(clr_says("✓ egress        What its pods send arrives"));
	ck_assert(clr_says("2/2 pods send traces."));
	ck_assert(clr_says("  web-1-a   "));
	ck_assert(clr_says("30h   yes     ✓ ✓ ✓ ?   current"));
	ck_assert(clr_says("Coverage              ★★★★★  5/5"));
	ck_assert(clr_says("count by (k8s_pod_name, otelgate_revision) "
			   "(target_info{job=\"shop/web\"})"));
}
END_TEST

START_TEST(an_audit_of_the_cluster_counts_it)
{
	arrives(aw_web());
	ck_assert_int_eq(
		CLR_RUN("audit", "-A", "--min-coverage", "metrics=100,traces=100,logs=100"), 3);
	ck_assert_int_eq(CLR_RUN("audit", "-A", "--ask", "--min-coverage",
				 "metrics=100,traces=100,logs=100", "--require-evaluated", "100"),
		0);
	ck_assert(clr_says("metrics   1 of 1 expected (100.0 %)"));
	ck_assert_ptr_null(strstr(clr_out.p, "not checked"));
	ck_assert_int_eq(CLR_RUN("audit", "-A", "--ask", "-o", "json"), 0);
	ck_assert(clr_says("\"backends\":true"));
	ck_assert(clr_says("\"tie\":\"revision\""));
	valid(og_report_schema);
	no_token();
	ck_assert_int_eq(CLR_RUN("status", "-A", "--ask", "-o", "json"), 0);
	ck_assert(clr_says("\"verdict\":\"pass\",\"score\":100.0"));
	ck_assert(clr_says("\"ready\":\"true\",\"readyReason\":\"Arrives\""));
	valid(og_status_schema);
}
END_TEST

/* The way of who has no right in the cluster at all. */
START_TEST(a_dump_is_told_by_live_backends)
{
	arrives(aw_web());
	write_files(NULL);
	ck_assert_int_eq(CLR_RUN("audit", "-f", dump, "--config", config, "--ask",
				 "--query-token-file", token, "--min-coverage", "100"),
		0);
	ck_assert(clr_says("metrics   1 of 1 expected (100.0 %)"));
	ck_assert(clr_says("✓ OK "));
	ck_assert_ptr_null(strstr(clr_out.p, "what arrives"));
	no_token();
	ck_assert_int_eq(CLR_RUN("doctor", "-f", dump, "--config", config, "--ask",
				 "--query-token-file", token, "deployment/web"),
		0);
	ck_assert(clr_says("✓ arrival        metrics Flowing, traces Flowing, logs Flowing"));
	ck_assert(clr_says("✓ correlation    All 3 signals that flow are tied"));
	ck_assert_int_eq(CLR_RUN("doctor", "-f", dump, "--config", config, "--ask",
				 "--query-token-file", wrong, "deployment/web"),
		0); /* what files cannot tell does not count */
	ck_assert(clr_says("? arrival        metrics Unknown, traces Unknown, logs Unknown"));
	no_token();
	/* By the name of the stack, where there are several. */
	char named[420];
	(void)snprintf(named, sizeof(named), "s=%s", token);
	ck_assert_int_eq(
		CLR_RUN("audit", "-f", dump, "--config", config, "--ask", "--query-token-file",
			named, "--min-coverage", "metrics=100,traces=100,logs=100"),
		0);
	/* Without pods among the objects nothing is told of them. */
	aw_workload("lone", true);
	write_files(NULL);
	ck_assert_int_eq(CLR_RUN("audit", "-f", dump, "--config", config, "--ask",
				 "--query-token-file", token),
		0);
	ck_assert(clr_says("deployment/lone"));
}
END_TEST

/* A cluster that has no kind of otelgate's: the configuration is that of files. */
START_TEST(a_cluster_is_judged_by_a_configuration_of_files)
{
	arrives(aw_web());
	write_files(NULL);
	ck_assert_int_eq(CLR_RUN("status", "-n", "shop", "--config", config, "--ask",
				 "--query-token-file", token, "--check"),
		0);
	ck_assert(clr_says("2/2   Complete   OK "));
	ck_assert_int_eq(CLR_RUN("audit", "-n", "shop", "--config", config, "--ask",
				 "--query-token-file", token, "--min-coverage", "metrics=100"),
		0);
}
END_TEST

/* What comes no more, and what has never come. */
START_TEST(what_is_missing_is_missing)
{
	const char *rev = aw_web();

	aw_configure("    grace: 0s\n", "read");
	aw_push("metrics", "web", "web-1-a", rev, 20);
	aw_push("metrics", "web", "web-1-b", rev, 20);
	aw_push("traces", "web", "web-1-a", rev, 2400);
	ck_assert_int_eq(CLR_RUN("audit", "-A", "--ask", "--fail-on", "error"), 0);
	ck_assert_int_eq(CLR_RUN("audit", "-A", "--ask", "-o", "json"), 0);
	ck_assert_int_eq(CLR_RUN("status", "-n", "shop", "--ask", "web"), 0);
	ck_assert(clr_says("2/2 pods send metrics."));
	aw_fault("{\"host\":\"loki\",\"type\":\"status\",\"code\":500,\"count\":-1}");
	og_cloud_wipe(aw_cloud);
	ck_assert_int_eq(CLR_RUN("status", "-n", "shop", "--ask", "--check"), 1);
	ck_assert(clr_says("NONE"));
	ck_assert_int_eq(CLR_RUN("audit", "-A", "--ask", "--min-coverage", "metrics=100"), 1);
}
END_TEST

/* ---- what cannot be asked ---- */

START_TEST(a_secret_that_may_not_be_read)
{
	arrives(aw_web());
	clr_user("reader", READER);
	ck_assert_int_eq(CLR_RUN("status", "-n", "shop", "--ask", "--check"), 3);
	ck_assert(clr_says("deployment/web    2/2   Complete   ?"));
	ck_assert(clr_says("what arrives of stack s: SecretForbidden: Secret monitoring/read may "
			   "not be read: it takes get on secrets \"read\" in namespace monitoring; "
			   "or give the token: --query-token-file FILE; otelgate explain OG414"));
	ck_assert_int_eq(CLR_RUN("audit", "-n", "shop", "--ask", "--require-evaluated", "100"), 3);
	ck_assert(clr_says("SecretForbidden"));
	/* The token itself does without the right. */
	ck_assert_int_eq(
		CLR_RUN("status", "-n", "shop", "--ask", "--query-token-file", token, "--check"),
		0);
	ck_assert_str_eq(clr_err.p, "");
	ck_assert(clr_says("OK "));
	no_token();
}
END_TEST

START_TEST(a_secret_that_is_not_there_or_is_none)
{
	arrives(aw_web());
	aw_configure("", "nowhere");
	ck_assert_int_eq(CLR_RUN("status", "-n", "shop", "--ask"), 0);
	ck_assert(clr_says("SecretMissing: Secret monitoring/nowhere is not there"));
	aw_configure("    tokenKey: other\n", "read");
	ck_assert_int_eq(CLR_RUN("status", "-n", "shop", "--ask"), 0);
	ck_assert(clr_says("KeyMissing"));
	aw_configure("", "read");
	aw_token("two\nlines");
	ck_assert_int_eq(CLR_RUN("status", "-n", "shop", "--ask"), 0);
	ck_assert(clr_says("TokenInvalid"));
	ck_assert_ptr_null(strstr(clr_err.p, "two"));
}
END_TEST

/* Who writes a GrafanaStack need not read Secrets: what the cluster is entered with is sent to no
 * URL of theirs by who may read it. */
START_TEST(a_token_of_the_cluster_is_not_sent)
{
	static const char *const types[] = {"kubernetes.io/service-account-token",
		"bootstrap.kubernetes.io/token", "kubernetes.io/dockerconfigjson"};

	arrives(aw_web());
	for (size_t i = 0; i < OG_COUNT(types); i++) {
		clr_putf("{\"apiVersion\":\"v1\",\"kind\":\"Secret\",\"type\":\"%s\",\"metadata\":"
			 "{\"name\":\"read\",\"namespace\":\"monitoring\"},\"data\":{\"token\":"
			 "\"Z2xjX29mLW5vYm9keQ==\"}}",
			types[i]);
		ck_assert_int_eq(CLR_RUN("status", "-n", "shop", "--ask", "--check"), 3);
		ck_assert(clr_says("what arrives of stack s: SecretOfCluster: Secret "
				   "monitoring/read is of type "));
		ck_assert(clr_says(types[i]));
		ck_assert_ptr_null(strstr(clr_err.p, "AuthFailed")); /* nobody was asked */
		no_token();
	}
	ck_assert_int_eq(
		CLR_RUN("status", "-n", "shop", "--ask", "--query-token-file", token, "--check"),
		0);
	aw_token(OG_CLOUD_TOKEN_READ);
	ck_assert_int_eq(CLR_RUN("status", "-n", "shop", "--ask", "--check"), 0);
}
END_TEST

START_TEST(a_wrong_token)
{
	arrives(aw_web());
	ck_assert_int_eq(
		CLR_RUN("status", "-n", "shop", "--ask", "--query-token-file", wrong, "--check"),
		3);
	ck_assert(clr_says("deployment/web    2/2   Complete   ?         ?        ?"));
	ck_assert(clr_says("metrics of stack s: AuthFailed: "));
	ck_assert_int_eq(
		CLR_RUN("status", "-n", "shop", "--ask", "--query-token-file", wrong, "-o", "json"),
		0);
	valid(og_status_schema);
	ck_assert(clr_says("\"partial\":true"));
	ck_assert(clr_says("{\"what\":\"metrics of stack s\",\"why\":\"AuthFailed: "));
	ck_assert(clr_says("\"finding\":\"OG419\""));
	no_token();
	ck_assert_int_eq(CLR_RUN("audit", "-A", "--ask", "--query-token-file", wrong,
				 "--min-coverage", "metrics=100", "-o", "json"),
		3);
	no_token();
}
END_TEST

START_TEST(a_backend_that_is_away_makes_nothing_missing)
{
	arrives(aw_web());
	aw_configure("    grace: 0s\n", "read");
	aw_fault(
		"[{\"host\":\"prometheus\",\"type\":\"status\",\"code\":503,\"count\":-1},"
		"{\"host\":\"loki\",\"type\":\"status\",\"code\":429,\"retryAfter\":60,\"count\":-1},"
		"{\"host\":\"tempo\",\"type\":\"cut\",\"bytes\":20,\"count\":-1},"
		"{\"host\":\"pyroscope\",\"type\":\"reset\",\"count\":-1}]");
	ck_assert_int_eq(CLR_RUN("status", "-n", "shop", "--ask", "--check"), 3);
	ck_assert(clr_says("deployment/web    2/2   Complete   ?         ?        ?"));
	ck_assert(clr_says("metrics of stack s: BackendError: "));
	ck_assert(clr_says("logs of stack s: Throttled: "));
	ck_assert(clr_says("traces of stack s: "));
	ck_assert_ptr_null(strstr(clr_out.p, "NONE"));
	ck_assert_ptr_null(strstr(clr_out.p, "STALE"));
	ck_assert_int_eq(CLR_RUN("audit", "-A", "--ask", "--min-coverage", "metrics=90"), 3);
	ck_assert_int_eq(CLR_RUN("audit", "-A", "--ask", "--fail-on", "error"), 0);
}
END_TEST

START_TEST(hostile_answers_say_nothing)
{
	arrives(aw_web());
	aw_fault("[{\"host\":\"prometheus\",\"type\":\"body\",\"text\":\"{\\\"status\\\":"
		 "\\\"error\\\",\\\"errorType\\\":\\\"bad_data\\\",\\\"error\\\":\\\""
		 "\\\\u001b[31mglc_x\\\"}\",\"count\":-1},"
		 "{\"host\":\"loki\",\"type\":\"body\",\"text\":\"<html>login\",\"contentType\":"
		 "\"text/html\",\"count\":-1},"
		 "{\"host\":\"tempo\",\"type\":\"redirect\",\"text\":\"http://127.0.0.1:1/\","
		 "\"count\":-1}]");
	ck_assert_int_eq(CLR_RUN("status", "-n", "shop", "--ask"), 0);
	ck_assert(clr_says("deployment/web    2/2   Complete   ?         ?        ?"));
	ck_assert_ptr_null(strchr(clr_err.p, '\033'));
	ck_assert_ptr_null(strstr(clr_out.p, "NONE"));
	ck_assert(clr_says("Redirected"));
}
END_TEST

/* A backend that hangs costs no more than the time that was given. */
START_TEST(the_time_is_bounded)
{
	char limit[16];
	int seconds = 8 * og_suite_patience();

	/* below the 30 s after which a request would end by itself, in other words */
	(void)snprintf(limit, sizeof(limit), "%ds", seconds < 20 ? seconds : 20);
	arrives(aw_web());
	aw_fault("{\"host\":\"tempo\",\"type\":\"hang\",\"count\":-1}");
	ck_assert_int_eq(CLR_RUN("status", "-n", "shop", "--ask", "--timeout", limit), 0);
	ck_assert(clr_says("traces of stack s: TimedOut: no answer came within --timeout"));
	ck_assert(clr_says("Complete   OK "));
	ck_assert_ptr_null(strstr(clr_out.p, "NONE"));
}
END_TEST

START_TEST(a_stack_that_does_not_say_where)
{
	struct og_err err = OG_ERR_INIT;

	arrives(aw_web());
	ck_assert_int_eq(og_sim_apply(clr_sim,
				 OG_SV("apiVersion: otelgate.dev/v1alpha1\nkind: GrafanaStack\n"
				       "metadata: {name: s}\nspec: {receiver: {endpoint: "
				       "'http://alloy.example.com:4318'}}\n"),
				 "config", &err),
		0);
	ck_assert_int_eq(CLR_RUN("status", "-n", "shop", "--ask"), 0);
	ck_assert(clr_says("what arrives of stack s: NotConfigured"));
	ck_assert_int_eq(CLR_RUN("status", "-n", "shop", "--ask", "--prometheus-url",
				 og_cloud_url(aw_cloud, OG_CLOUD_PROM)),
		0);
	ck_assert(clr_says("logs of stack s: NotConfigured"));
}
END_TEST

START_TEST(files_without_a_token)
{
	arrives(aw_web());
	write_files("read");
	ck_assert_int_eq(CLR_RUN("audit", "-f", dump, "--config", config, "--ask",
				 "--require-evaluated", "100"),
		3);
	ck_assert(clr_says("SecretNotSeen"));
	ck_assert(clr_says("--query-token-file FILE"));
	write_files(NULL);
	ck_assert_int_eq(CLR_RUN("audit", "-f", dump, "--config", config, "--ask"), 0);
	ck_assert(clr_says("AuthFailed")); /* without Authorization */
}
END_TEST

START_TEST(the_command_line_is_checked)
{
	static const char two[] =
		"\n---\napiVersion: otelgate.dev/v1alpha1\nkind: GrafanaStack\n"
		"metadata: {name: t}\nspec: {receiver: {endpoint: 'http://b.example.com:4318'}}\n"
		"---\napiVersion: otelgate.dev/v1alpha1\nkind: TelemetryProfile\n"
		"metadata: {name: q}\nspec: {stack: t}\n";
	char nobody[420];

	ck_assert_int_eq(CLR_RUN("status", "--query-token-file", token), 2);
	ck_assert(clr_says("--query-token-file goes with --ask"));
	ck_assert_int_eq(CLR_RUN("audit", "--loki-url", "http://localhost:1"), 2);
	ck_assert_int_eq(CLR_RUN("status", "-w", "--ask"), 2);
	ck_assert_int_eq(CLR_RUN("status", "--ask", "--prometheus-url", "ftp://x"), 2);
	ck_assert_int_eq(
		CLR_RUN("status", "--ask", "--prometheus-url", "http://mimir.example.com"), 2);
	ck_assert_int_eq(CLR_RUN("status", "--ask", "--query-token-file", "/nowhere"), 3);
	ck_assert_int_eq(CLR_RUN("status", "--ask", "--query-token-file", "/dev/null"), 3);
	ck_assert(clr_says("holds no token"));
	ck_assert_int_eq(CLR_RUN("status", "--ask", "--query-ca-file", token), 3);
	no_token();
	ck_assert_int_eq(CLR_RUN("status", "--ask", "--query-token-file", token,
				 "--query-token-file", token),
		2);
	aw_web();
	(void)snprintf(nobody, sizeof(nobody), "nobody=%s", token);
	ck_assert_int_eq(CLR_RUN("status", "-n", "shop", "--ask", "--query-token-file", nobody), 2);
	ck_assert(clr_says("there is no GrafanaStack \"nobody\""));
	/* A token without a name is not handed to the backends of two stacks. */
	struct og_err err = OG_ERR_INIT;
	ck_assert_int_eq(og_sim_apply(clr_sim, og_svz(two), "config", &err), 0);
	clr_putf("{\"apiVersion\":\"apps/v1\",\"kind\":\"Deployment\",\"metadata\":{\"name\":"
		 "\"b\",\"namespace\":\"shop\"},\"spec\":{\"replicas\":1,\"selector\":{"
		 "\"matchLabels\":{\"a\":\"c\"}},\"template\":{\"metadata\":{\"labels\":{\"a\":"
		 "\"c\"},\"annotations\":{\"otelgate.dev/inject\":\"q\"}},\"spec\":{"
		 "\"containers\":[{\"name\":\"app\",\"image\":\"w\"}]}}}}");
	clr_putf("{\"apiVersion\":\"otelgate.dev/v1alpha1\",\"kind\":\"TelemetryProfile\","
		 "\"metadata\":{\"name\":\"p\"},\"spec\":{\"stack\":\"s\",\"default\":true}}");
	ck_assert_int_eq(CLR_RUN("status", "-n", "shop", "--ask", "--query-token-file", token), 2);
	ck_assert(clr_says("is of one stack, and workloads send to 2"));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("cli/ask");
	TCase *t = tcase_create("ask");

	tcase_set_timeout(t, 120);
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, what_arrives_is_told_without_a_controller);
	tcase_add_test(t, an_audit_of_the_cluster_counts_it);
	tcase_add_test(t, a_dump_is_told_by_live_backends);
	tcase_add_test(t, a_cluster_is_judged_by_a_configuration_of_files);
	tcase_add_test(t, what_is_missing_is_missing);
	tcase_add_test(t, a_secret_that_may_not_be_read);
	tcase_add_test(t, a_secret_that_is_not_there_or_is_none);
	tcase_add_test(t, a_token_of_the_cluster_is_not_sent);
	tcase_add_test(t, a_wrong_token);
	tcase_add_test(t, a_backend_that_is_away_makes_nothing_missing);
	tcase_add_test(t, hostile_answers_say_nothing);
	tcase_add_test(t, the_time_is_bounded);
	tcase_add_test(t, a_stack_that_does_not_say_where);
	tcase_add_test(t, files_without_a_token);
	tcase_add_test(t, the_command_line_is_checked);
	suite_add_tcase(s, t);
	return og_suite_run(s);
}
