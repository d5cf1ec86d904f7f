/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What audit, status, doctor and wait write in each situation that people meet, as a whole:
 * tests/golden/situations/NAME.txt has the commands, what they wrote, and how they ended. Ports,
 * revisions and seconds are masked.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "otelgate/base/mem.h"
#include "support/askworld.h"
#include "support/suite.h"
#include "support/tmpdir.h"

static struct og_buf told = OG_BUF_INIT(1 << 20);
static struct og_tmpdir dir;
static char revision[64], limit[16], dump[400], config[400];

static void setup(void)
{
	dir = og_tmpdir_make();
	aw_setup();
	clr_crd("workloadtelemetries");
	og_buf_reset(&told);
	revision[0] = '\0';
	(void)snprintf(limit, sizeof(limit), "%ds", 5 * og_suite_patience());
	(void)og_tmpdir_join(&dir, "dump.json", dump, sizeof(dump));
	(void)og_tmpdir_join(&dir, "config.yaml", config, sizeof(config));
}

static void teardown(void)
{
	og_buf_fini(&told);
	aw_teardown();
	og_tmpdir_remove(&dir);
}

/* ---- what is written down ---- */

/* How much of the text stands for something that is another one each time; 0 = nothing. */
static size_t masked(const char *p, bool line, const char **ret)
{
	static const char host[] = "127.0.0.1:";
	size_t n = strspn(p, "0123456789");

	if (!strncmp(p, host, strlen(host))) {
		*ret = "127.0.0.1:PORT";
		return strlen(host) + strspn(p + strlen(host), "0123456789");
	}
	if (*revision && !strncmp(p, revision, strlen(revision))) {
		*ret = "RRRRRRRRRRRR";
		return strlen(revision);
	}
	if (!strncmp(p, dir.path, strlen(dir.path))) {
		*ret = "DIR";
		return strlen(dir.path);
	}
	if (n == 4 && strspn(p, "0123456789-T:Z") == 20 && p[10] == 'T' && p[19] == 'Z') {
		*ret = "YYYY-MM-DDTHH:MM:SSZ";
		return 20;
	}
	if (line && n && !strncmp(p + n, "s  ", 3)) {
		*ret = "Ns  ";
		return n + 3;
	}
	return 0;
}

static void put(const char *text)
{
	bool line = true;

	for (const char *p = text; *p;) {
		const char *as = NULL;
		size_t n = masked(p, line, &as);
		if (n)
			og_buf_str(&told, as);
		else
			og_buf_ch(&told, *p);
		line = !n && *p == '\n';
		p += n ? n : 1;
	}
	if (!line && told.len && told.p[told.len - 1] != '\n')
		og_buf_ch(&told, '\n');
}

static void put_arg(const char *arg)
{
	bool limited = strcmp(arg, limit) == 0,
	     path = strncmp(arg, dir.path, strlen(dir.path)) == 0;

	if (limited || path)
		og_buf_fmt(&told, "%s%s", limited ? "TIME" : "DIR",
			path ? arg + strlen(dir.path) : "");
	for (const char *p = arg; *p && !limited && !path; p++)
		if (isprint((unsigned char)*p))
			og_buf_ch(&told, *p);
		else
			og_buf_fmt(&told, "\\x%02x", (unsigned)(unsigned char)*p);
}

static void tell(const char *const *args)
{
	int code = clr_run(args);

	og_buf_lit(&told, "$ otelgate");
	for (size_t i = 0; args[i]; i++) {
		og_buf_ch(&told, ' ');
		put_arg(args[i]);
	}
	og_buf_ch(&told, '\n');
	put(clr_out.p);
	put(clr_err.p);
	og_buf_fmt(&told, "(%d)\n\n", code);
}
#define TELL(...) tell((const char *const[]){__VA_ARGS__, NULL})

static void is(const char *name)
{
	char path[128];

	(void)snprintf(path, sizeof(path), "situations/%s.txt", name);
	og_buf_reset(&clr_out);
	og_buf_sv(&clr_out, og_sv(told.p, told.len - 1)); /* one newline ends it */
	og_buf_ch(&clr_out, '\0');
	ck_assert(!told.failed && !clr_out.failed);
	clr_golden(path);
}

/* All four about one workload and its cluster. */
static void tell_all(const char *object)
{
	TELL("audit", "-A");
	TELL("status", "-A");
	TELL("status", "-n", "shop", object);
	TELL("wait", "-n", "shop", object, "--timeout", limit);
	TELL("doctor", "-n", "shop", object, "--no-dry-run");
}

/* The ladder of what the same objects tell as files: it goes on where a cluster's ends. */
static void tell_files(const char *object)
{
	og_tmpdir_write(&dir, "dump.json", aw_dump());
	og_tmpdir_write(&dir, "config.yaml", aw_config("", NULL));
	TELL("doctor", "-f", dump, "--config", config, object);
}

/* ---- situations ---- */

START_TEST(no_server)
{
	og_sim_down(clr_sim);
	TELL("audit", "-A", "--timeout", limit);
	TELL("status", "-A", "--timeout", limit);
	TELL("wait", "-n", "shop", "deployment/web", "--timeout", limit);
	TELL("doctor", "-n", "shop", "deployment/web", "--timeout", limit);
	is("no-server");
}
END_TEST

START_TEST(token_has_ended)
{
	aw_web();
	og_sim_revoke_token(clr_sim, og_sim_admin_token(clr_sim));
	tell_all("deployment/web");
	is("token-has-ended");
}
END_TEST

START_TEST(no_rights)
{
	aw_web();
	clr_user("none", "[]");
	tell_all("deployment/web");
	is("no-rights");
}
END_TEST

START_TEST(half_of_the_rights)
{
	(void)snprintf(revision, sizeof(revision), "%s", aw_web());
	clr_user("half", "[{\"apiGroups\":[\"apps\",\"batch\",\"otelgate.dev\",\"argoproj.io\"],"
			 "\"resources\":[\"*\"],\"verbs\":[\"get\",\"list\",\"watch\"]}]");
	tell_all("deployment/web");
	is("half-of-the-rights");
}
END_TEST

START_TEST(no_workload)
{
	TELL("audit", "-A");
	TELL("status", "-A");
	TELL("status", "-n", "shop");
	TELL("status", "-A", "--check");
	TELL("status", "-n", "shop", "deployment/web");
	TELL("wait", "-n", "shop", "deployment/web", "--timeout", limit);
	TELL("doctor", "-n", "shop", "deployment/web", "--no-dry-run");
	is("no-workload");
}
END_TEST

START_TEST(mixed_versions)
{
	aw_workload("web", true);
	(void)snprintf(revision, sizeof(revision), "%s", aw_revision("web"));
	aw_pod("web-1-a", "web", 30 * 3600 + 20, revision);
	aw_pod("web-1-b", "web", 2 * 86400 + 20, "0123456789ab");
	aw_pod("web-1-c", "web", 3 * 86400 + 20, "");
	tell_all("deployment/web");
	tell_files("deployment/web");
	is("mixed-versions");
}
END_TEST

START_TEST(backends_are_away)
{
	aw_fault("{\"type\":\"status\",\"code\":503,\"count\":-1}");
	(void)snprintf(revision, sizeof(revision), "%s", aw_web());
	TELL("audit", "-A", "--ask", "--require-evaluated", "90");
	TELL("status", "-A", "--ask", "--check");
	TELL("status", "-n", "shop", "deployment/web", "--ask");
	is("backends-are-away");
}
END_TEST

START_TEST(half_of_the_pods_send)
{
	(void)snprintf(revision, sizeof(revision), "%s", aw_web());
	aw_configure("    grace: 0s\n", "read");
	aw_push_all("web", "web-1-a", revision);
	TELL("status", "-A", "--ask");
	TELL("status", "-n", "shop", "deployment/web", "--ask");
	is("half-of-the-pods-send");
}
END_TEST

static void deployment(const char *name, const char *spec)
{
	static char text[256 << 10];

	(void)snprintf(text, sizeof(text),
		"{\"apiVersion\":\"apps/v1\",\"kind\":\"Deployment\",\"metadata\":{\"name\":"
		"\"%s\",\"namespace\":\"shop\",\"generation\":1,\"uid\":\"d-%s\"},\"spec\":{"
		"\"replicas\":1,\"selector\":{\"matchLabels\":{\"a\":\"b\"}},\"template\":{"
		"\"metadata\":{\"labels\":{\"a\":\"b\"},\"annotations\":{"
		"\"otelgate.dev/inject\":\"true\"}},\"spec\":%s}},\"status\":{"
		"\"observedGeneration\":1,\"replicas\":1,\"updatedReplicas\":1,"
		"\"readyReplicas\":1,\"availableReplicas\":1}}",
		name, name, spec);
	aw_put(text);
}

START_TEST(windows_nodes)
{
	deployment("web", "{\"nodeSelector\":{\"kubernetes.io/os\":\"windows\"},\"containers\":[{"
			  "\"name\":\"app\",\"image\":\"w\"}]}");
	tell_all("deployment/web");
	tell_files("deployment/web");
	is("windows-nodes");
}
END_TEST

START_TEST(two_hundred_containers)
{
	og_auto_buf struct og_buf b = OG_BUF_INIT(1 << 20);

	og_buf_lit(&b, "{\"containers\":[");
	for (int i = 0; i < 200; i++)
		og_buf_fmt(&b, "%s{\"name\":\"c%03d\",\"image\":\"example/app:%d\"}", i ? "," : "",
			i, i);
	og_buf_lit(&b, "]}");
	og_buf_ch(&b, '\0');
	deployment("web", b.p);
	(void)snprintf(revision, sizeof(revision), "%s", aw_revision("web"));
	tell_all("deployment/web");
	tell_files("deployment/web");
	is("two-hundred-containers");
}
END_TEST

/* Who may write to the cluster writes what people read. */
START_TEST(hostile_words)
{
	clr_putf(
		"{\"apiVersion\":\"otelgate.dev/v1alpha1\",\"kind\":\"WorkloadTelemetry\","
		"\"metadata\":{\"name\":\"x\",\"namespace\":\"shop\",\"ownerReferences\":[{"
		"\"apiVersion\":\"apps/v1\",\"kind\":\"Deployment\",\"name\":"
		"\"we\\u001b]0;owned\\u0007b\\nfake\\u202e\",\"uid\":\"u\",\"controller\":true}]},"
		"\"status\":{\"observedGeneration\":1,\"revision\":\"\\u001b[2J\",\"stack\":"
		"\"\\u001b[1ms\",\"pods\":{\"total\":1,\"bare\":1,\"old\":[{\"name\":"
		"\"\\u001b[2Jp\",\"class\":\"bare\"}]},\"rollout\":{\"state\":\"Stuck\",\"reason\":"
		"\"x\\ny\",\"message\":\"a\\u001b[31m\\nb\",\"fix\":\"rm -rf /\\u202e\"},"
		"\"conditions\":[{\"type\":\"Ready\",\"status\":\"False\",\"reason\":\"\\u001b[1m\","
		"\"message\":\"a\\u001b[1m\\nb\"},{\"type\":\"Injected\",\"status\":\"False\","
		"\"reason\":\"B\",\"message\":\"c\\u009b31md\\ne\"}]}}");
	TELL("audit", "-A");
	TELL("status", "-A", "-o", "wide");
	TELL("status", "-n", "shop", "we\033]0;owned\007b\nfake\xe2\x80\xae");
	TELL("status", "-n", "shop", "\033[31mnobody\033[0m");
	TELL("wait", "-n", "shop", "\033[31mnobody\033[0m", "--timeout", limit);
	TELL("doctor", "-n", "shop", "\033[31mnobody\033[0m", "--no-dry-run");
	for (size_t i = 0; i < told.len; i++)
		ck_assert_msg(told.p[i] == '\n' || !iscntrl((unsigned char)told.p[i]), "%.80s",
			told.p + i);
	is("hostile-words");
}
END_TEST

int main(void)
{
	Suite *s = suite_create("cli/situations");
	TCase *t = tcase_create("situations");

	tcase_set_timeout(t, 120);
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, no_server);
	tcase_add_test(t, token_has_ended);
	tcase_add_test(t, no_rights);
	tcase_add_test(t, half_of_the_rights);
	tcase_add_test(t, no_workload);
	tcase_add_test(t, mixed_versions);
	tcase_add_test(t, backends_are_away);
	tcase_add_test(t, half_of_the_pods_send);
	tcase_add_test(t, windows_nodes);
	tcase_add_test(t, two_hundred_containers);
	tcase_add_test(t, hostile_words);
	suite_add_tcase(s, t);
	return og_suite_run(s);
}
