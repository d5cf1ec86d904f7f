/* SPDX-License-Identifier: Apache-2.0 */
/* The client with credentials that rotate, expire, come from plugins, or are not enough. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include "otelgate/kube/execplugin.h"
#include "sim_fixture.h"
#include "support/http_fixture.h"
#include "support/script_server.h"
#include "support/suite.h"

static struct simfix f;
static struct og_tmpdir dir;
static struct og_arena arena;
static struct og_kube_answer a;
static struct og_err err;
static unsigned notices;

static void setup(void)
{
	simfix_init(&f, NULL);
	dir = og_tmpdir_make();
	og_arena_init(&arena, 0, 0);
	ck_assert_int_eq(og_sim_add_user(f.sim, "jane", "dev", "token-1", NULL), 0);
	ck_assert_int_eq(
		og_sim_allow(f.sim, "jane", "x",
			"[{\"apiGroups\":[\"\"],\"resources\":[\"configmaps\"],\"verbs\":[\"*\"]}]",
			NULL),
		0);
	ck_assert_int_eq(
		og_sim_put(f.sim,
			"{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{\"name\":\"a\","
			"\"namespace\":\"x\"}}",
			NULL),
		0);
}

static void teardown(void)
{
	og_arena_fini(&arena);
	simfix_fini(&f);
	og_tmpdir_remove(&dir);
}

static void on_notice(void *ctx, const struct og_err *why)
{
	(void)ctx;
	(void)why;
	notices++;
}

/* A client whose user has these fields in a kubeconfig; %DIR% is the test's folder. */
static void client(const char *server, const char *user)
{
	static const struct og_kube_env env = {.get = simfix_env_};
	static const struct og_exec_plugin_options plugin = {.stdin_unavailable = true};
	char text[4096], path[512];
	og_kube_free(og_take(f.kube));
	(void)snprintf(text, sizeof(text),
		"clusters: [{name: c, cluster: {server: '%s', certificate-authority: ca}}]\n"
		"users: [{name: u, user: {%s}}]\ncurrent-context: a\n"
		"contexts: [{name: a, context: {cluster: c, user: u, namespace: x}}]\n",
		server, user);
	og_tmpdir_write(&dir, "config", text);
	const struct og_kube_options o = {
		.flags = {.kubeconfig = og_tmpdir_join(&dir, "config", path, sizeof(path))},
		.env = &env,
		.service_account_dir = "/nonexistent"};
	struct og_kube_opts ko = {.loop = f.loop,
		.component = "unit-test",
		.seed = 1,
		.on_notice = on_notice,
		.plugin = &plugin};
	ck_assert_msg(og_kube_access_load(&o, &ko.access, &err) == 0, "%s", err.msg);
	ck_assert_msg(og_kube_new(&ko, &f.kube, &err) == 0, "%s", err.msg);
}

static void sim_client(const char *user)
{
	og_tmpdir_write(&dir, "ca", og_sim_ca_pem(f.sim));
	client(og_sim_url(f.sim), user);
}

static const struct og_kube_request get = {.verb = OG_KUBE_GET,
	.res = {.version = OG_SV("v1"),
		.resource = OG_SV("configmaps"),
		.ns = OG_SV("x"),
		.name = OG_SV("a")},
	.max_tries = 3};

static int ask(const struct og_kube_request *q)
{
	og_arena_reset(&arena);
	og_err_clear(&err);
	return og_kube_wait(f.kube, q, &arena, &a, &err);
}

START_TEST(a_token_file_is_read_again_after_401)
{
	og_tmpdir_write(&dir, "token", "token-1\n");
	sim_client("tokenFile: token");
	ck_assert_msg(ask(&get) == 0, "%s", err.msg);
	ck_assert_uint_eq(a.tries, 1);
	ck_assert_str_eq(og_kube_namespace(f.kube), "x");
	ck_assert_int_eq(og_sim_add_user(f.sim, "jane", "dev", "token-2", NULL), 0);
	og_sim_revoke_token(f.sim, "token-1");
	og_tmpdir_write(&dir, "token", "token-2");
	ck_assert_msg(ask(&get) == 0, "%s", err.msg);
	ck_assert_uint_eq(a.tries, 2);
	ck_assert_int_eq(ask(&get), 0);
	ck_assert_uint_eq(a.tries, 1);
	/* also a write, and a stream: a 401 was not done */
	og_sim_revoke_token(f.sim, "token-2");
	ck_assert_int_eq(og_sim_add_user(f.sim, "jane", "dev", "token-3", NULL), 0);
	og_tmpdir_write(&dir, "token", "token-3");
	struct og_kube_request q = get;
	q.verb = OG_KUBE_DELETE;
	ck_assert_msg(ask(&q) == 0, "%s", err.msg);
	ck_assert_uint_eq(a.tries, 2);
	ck_assert_uint_eq(notices, 0);
}
END_TEST

START_TEST(a_token_that_stays_bad)
{
	og_tmpdir_write(&dir, "token", "token-1");
	sim_client("tokenFile: token");
	og_sim_revoke_token(f.sim, "token-1");
	ck_assert_int_eq(ask(&get), -OG_E_INVALID);
	ck_assert_int_eq(a.http, 401);
	ck_assert_uint_eq(a.tries, 2);
	ck_assert_msg(strstr(err.msg, "also after they were read again"), "%s", err.msg);
	ck_assert(!strstr(err.msg, "token-1"));
	/* the file is gone too: what was read before is used, and that is said */
	char path[512];
	ck_assert_int_eq(unlink(og_tmpdir_join(&dir, "token", path, sizeof(path))), 0);
	ck_assert_int_lt(ask(&get), 0);
}
END_TEST

START_TEST(a_fixed_token_is_not_tried_twice)
{
	sim_client("token: nobody-knows-it");
	ck_assert_int_eq(ask(&get), -OG_E_INVALID);
	ck_assert_int_eq(a.http, 401);
	ck_assert_uint_eq(a.tries, 1);
}
END_TEST

START_TEST(what_rbac_forbids)
{
	sim_client("token: token-1");
	struct og_kube_request q = {.verb = OG_KUBE_LIST,
		.res = {.version = OG_SV("v1"), .resource = OG_SV("secrets"), .ns = OG_SV("x")}};
	ck_assert_int_eq(ask(&q), -OG_E_INVALID);
	ck_assert_int_eq(a.http, 403);
	ck_assert(og_sv_is(a.status.reason, "Forbidden"));
	ck_assert_msg(strstr(err.msg, "cannot list secrets in namespace \"x\" (GET https://"), "%s",
		err.msg);
	/* the rule is the one that is missing: with it, it works */
	ck_assert(og_sv_has(a.rule, OG_SV("resources: [\"secrets\"]\n  verbs: [\"list\"]\n")));
	ck_assert_int_eq(
		og_sim_allow(f.sim, "jane", "x",
			"[{\"apiGroups\":[\"\"],\"resources\":[\"secrets\"],\"verbs\":[\"list\"]}]",
			NULL),
		0);
	ck_assert_msg(ask(&q) == 0, "%s", err.msg);
	q.res.group = OG_SV("apps");
	q.res.resource = OG_SV("deployments");
	q.res.ns = OG_SV("");
	ck_assert_int_eq(ask(&q), -OG_E_INVALID);
	ck_assert(og_sv_has(a.rule, OG_SV("kind: ClusterRole\n")));
	ck_assert(og_sv_has(a.rule, OG_SV("apiGroups: [\"apps\"]")));
}
END_TEST

START_TEST(nobody_in_particular)
{
	sim_client("");
	ck_assert_int_lt(ask(&get), 0);
	ck_assert(a.http == 401 || a.http == 403);
	if (a.http == 403)
		ck_assert_msg(strstr(err.msg, "no credentials were sent"), "%s", err.msg);
}
END_TEST

/* Plugins */
#define EXEC \
	"exec: {apiVersion: client.authentication.k8s.io/v1, interactiveMode: Never, command: ./plug}"

static void plug(const char *script)
{
	char text[2048], path[512];
	(void)snprintf(text, sizeof(text),
		"#!/bin/sh\ncd '%s' || exit 9\necho x >> runs\nsay() { echo '{\"apiVersion\":"
		"\"client.authentication.k8s.io/v1\",\"kind\":\"ExecCredential\",\"status\":{'\"$1\"'}}';"
		" }\n%s\n",
		dir.path, script);
	og_tmpdir_write(&dir, "plug", text);
	ck_assert_int_eq(chmod(og_tmpdir_join(&dir, "plug", path, sizeof(path)), 0700), 0);
}

static size_t runs(void)
{
	char path[512];
	struct stat st;
	return stat(og_tmpdir_join(&dir, "runs", path, sizeof(path)), &st) == 0
		       ? (size_t)st.st_size / 2
		       : 0;
}

static void count_good(void *ctx, const struct og_kube_answer *ans)
{
	ck_assert_msg(ans->code == 0, "%s", ans->err.msg);
	++*(unsigned *)ctx;
}

START_TEST(a_plugin_runs_once_for_many)
{
	plug("say '\"token\":\"'$(cat tok)'\"'");
	og_tmpdir_write(&dir, "tok", "token-1");
	sim_client(EXEC);
	unsigned good = 0;
	struct og_kube_request q = get;
	q.ctx = &good;
	q.on_done = count_good;
	for (int i = 0; i < 12; i++)
		ck_assert_int_eq(og_kube_start(f.kube, &q, NULL, &err), 0);
	for (int i = 0; i < 2000 && good < 12; i++)
		(void)og_loop_turn(f.loop, 20);
	ck_assert_uint_eq(good, 12);
	ck_assert_uint_eq(runs(), 1);
	/* refused: it is run again, once */
	ck_assert_int_eq(og_sim_add_user(f.sim, "jane", "dev", "token-2", NULL), 0);
	og_sim_revoke_token(f.sim, "token-1");
	og_tmpdir_write(&dir, "tok", "token-2");
	ck_assert_msg(ask(&get) == 0, "%s", err.msg);
	ck_assert_uint_eq(a.tries, 2);
	ck_assert_uint_eq(runs(), 2);
	ck_assert_int_eq(ask(&get), 0);
	ck_assert_uint_eq(runs(), 2);
}
END_TEST

static const struct {
	const char *script, *says;
} plugins[] = {
	{"exit 3", "3"},
	{"echo nonsense", ""},
	{"say ''", ""},
	{"say '\"token\":\"a\\nb\"'", ""},
};

START_TEST(plugins_that_fail)
{
	plug(plugins[_i].script);
	sim_client(EXEC);
	ck_assert_int_lt(ask(&get), 0);
	ck_assert_msg(strstr(err.msg, plugins[_i].says), "%s", err.msg);
	ck_assert(strncmp(err.msg, "cannot get configmaps", 21) == 0);
	ck_assert_int_eq(a.http, 0);
	/* and recover */
	plug("say '\"token\":\"token-1\"'");
	ck_assert_msg(ask(&get) == 0, "%s", err.msg);
}
END_TEST

START_TEST(a_plugin_that_is_not_there)
{
	sim_client(EXEC);
	ck_assert_int_lt(ask(&get), 0);
	ck_assert_msg(strstr(err.msg, "plug"), "%s", err.msg);
	ck_assert_int_eq(ask(&get), a.code);
}
END_TEST

START_TEST(a_plugin_that_takes_too_long)
{
	plug("exec sleep 30");
	sim_client(EXEC);
	struct og_kube_request q = get;
	q.deadline_ms = 150;
	ck_assert_int_eq(ask(&q), -OG_E_TIMEOUT);
	ck_assert_msg(strstr(err.msg, "while waiting for credentials"), "%s", err.msg);
	ck_assert_uint_eq(a.tries, 0);
	/* freed while it runs */
	unsigned good = 0;
	q.ctx = &good;
	q.on_done = count_good;
	q.deadline_ms = -1;
	struct og_kube_call *call;
	og_auto_buf struct og_buf waits = OG_BUF_INIT(0);
	ck_assert_int_eq(og_kube_start(f.kube, &q, &call, NULL), 0);
	(void)og_loop_turn(f.loop, 10);
	og_kube_waits(call, &waits);
	ck_assert_str_eq(waits.p, "credentials");
	og_kube_free(og_take(f.kube));
	ck_assert_uint_eq(good, 0);
}
END_TEST

/* The CA on disk has changed, and with it the server: found out by the first failure. */
START_TEST(another_ca)
{
	struct pki old, now;
	ck_assert(pki_make(&old) && pki_make(&now));
	static struct ss_step steps[] = {
		{"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", 0, SS_KEEP}, {NULL, 0, SS_KEEP}};
	const struct ss_tls t = {og_buf_view(&now.cert), og_buf_view(&now.key), og_sv(NULL, 0)};
	struct ss *srv = ss_start(NULL, steps, &t);
	og_tmpdir_write(&dir, "ca", old.ca.p);
	client(ss_url(srv, ""), "token: t");
	/* still the old one */
	ck_assert_int_eq(ask(&get), -OG_E_TLS);
	ck_assert_msg(strstr(err.msg, "not signed by a CA that is trusted"), "%s", err.msg);
	ck_assert_uint_eq(a.tries, 2);
	ck_assert_uint_eq(ss_requests(srv), 0);
	og_tmpdir_write(&dir, "ca", now.ca.p);
	ck_assert_msg(ask(&get) == 0, "%s", err.msg);
	ck_assert(strstr(ss_seen(srv, 0), "\r\nAuthorization: Bearer t\r\n"));
	/* unreadable now: what was read serves */
	og_tmpdir_write(&dir, "ca", "nonsense");
	ck_assert_msg(ask(&get) == 0, "%s", err.msg);
	ss_stop(srv);
	pki_fini(&old);
	pki_fini(&now);
}
END_TEST

/* Faults of a server that is otherwise sound. */
static const struct {
	const char *fault;
	int code;
	unsigned tries;
} faults[] = {
	{"{\"match\":{\"verb\":\"get\",\"count\":1},\"action\":{\"type\":\"reset\",\"after\":-1}}",
		0, 2},
	{"{\"match\":{\"verb\":\"get\",\"count\":1},\"action\":{\"type\":\"reset\",\"after\":10}}",
		0, 2},
	{"{\"match\":{\"verb\":\"get\",\"count\":1},\"action\":{\"type\":\"truncate\",\"after\":20}}",
		0, 2},
	{"{\"match\":{\"verb\":\"get\",\"count\":1},\"action\":{\"type\":\"truncate\",\"after\":20,"
	 "\"framing\":\"length\"}}",
		0, 2},
	{"{\"match\":{\"verb\":\"get\",\"count\":1},\"action\":{\"type\":\"status\",\"code\":429,"
	 "\"retryAfter\":0}}",
		0, 2},
	{"{\"match\":{\"verb\":\"get\",\"count\":1},\"action\":{\"type\":\"status\",\"code\":500}}",
		-OG_E_IO, 1},
	{"{\"match\":{\"verb\":\"get\",\"count\":9},\"action\":{\"type\":\"reset\",\"after\":-1}}",
		-OG_E_IO, 3},
	{"{\"match\":{\"verb\":\"get\",\"count\":1},\"action\":{\"type\":\"garbage\",\"after\":5,"
	 "\"text\":\"\\u0001{\"}}",
		-OG_E_PARSE, 1},
	{"{\"match\":{\"verb\":\"get\",\"count\":1},\"action\":{\"type\":\"body\",\"code\":200,"
	 "\"contentType\":\"text/html\",\"text\":\"<html>login</html>\"}}",
		-OG_E_PARSE, 1},
	{"{\"match\":{\"verb\":\"get\",\"count\":1},\"action\":{\"type\":\"contentType\","
	 "\"contentType\":\"text/plain\"}}",
		0, 1},
	{"{\"match\":{\"verb\":\"get\",\"count\":1},\"action\":{\"type\":\"delay\",\"ms\":30}}", 0,
		1},
	{"{\"match\":{\"verb\":\"get\",\"count\":1},\"action\":{\"type\":\"slow\",\"bytes\":7,\"ms\":1}}",
		0, 1},
	{"{\"match\":{\"verb\":\"get\",\"count\":1},\"action\":{\"type\":\"stall\",\"after\":5}}",
		-OG_E_TIMEOUT, 1},
	{"{\"match\":{\"verb\":\"get\",\"count\":1},\"action\":{\"type\":\"restart\",\"ms\":40}}",
		0, 0},
};

START_TEST(faults_of_the_server)
{
	sim_client("token: token-1");
	simfix_fault(&f, faults[_i].fault);
	struct og_kube_request q = get;
	q.deadline_ms = faults[_i].code == -OG_E_TIMEOUT ? 300 : 15000;
	if (!faults[_i].tries)
		q.max_tries = 0;
	int rc = ask(&q);
	ck_assert_msg(rc == faults[_i].code, "%d %s", rc, err.msg);
	if (faults[_i].tries)
		ck_assert_uint_eq(a.tries, faults[_i].tries);
	og_sim_clear_faults(f.sim);
	ck_assert_msg(ask(&get) == 0, "%s", err.msg);
}
END_TEST

START_TEST(the_life_of_an_object)
{
	sim_client("token: token-1");
	struct og_kube_request q = get;
	q.res.name = OG_SV("b");
	ck_assert_int_eq(ask(&q), -OG_E_NOT_FOUND);
	ck_assert(og_sv_is(a.status.reason, "NotFound"));
	struct og_kube_request create = q;
	create.verb = OG_KUBE_CREATE;
	create.res.name = OG_SV("");
	create.body = OG_SV(
		"{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{\"name\":\"b\"},"
		"\"data\":{\"k\":\"1\"}}");
	ck_assert_msg(ask(&create) == 0, "%s", err.msg);
	ck_assert_int_eq(a.http, 201);
	ck_assert_int_eq(ask(&create), -OG_E_CONFLICT);
	ck_assert(og_sv_is(a.status.reason, "AlreadyExists"));
	struct og_kube_request patch = q;
	patch.verb = OG_KUBE_PATCH;
	patch.patch = OG_KUBE_MERGE_PATCH;
	patch.body = OG_SV("{\"data\":{\"k\":\"2\"}}");
	ck_assert_msg(ask(&patch) == 0, "%s", err.msg);
	patch.patch = OG_KUBE_APPLY;
	patch.body = OG_SV(
		"{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{\"name\":\"b\"},"
		"\"data\":{\"k\":\"3\"}}");
	ck_assert_int_eq(ask(&patch), -OG_E_CONFLICT);
	ck_assert_msg(strstr(err.msg, "409 Conflict"), "%s", err.msg);
	patch.force = true;
	patch.field_manager = "other";
	ck_assert_msg(ask(&patch) == 0, "%s", err.msg);
	ck_assert(og_jstr_is(og_jpath(og_jroot(a.doc), "data", "k", NULL), "3"));
	struct og_kube_request list = q;
	list.verb = OG_KUBE_LIST;
	list.res.name = OG_SV("");
	ck_assert_int_eq(ask(&list), 0);
	ck_assert_uint_eq(og_jcount(og_jgetl(og_jroot(a.doc), "items")), 2);
	struct og_kube_request del = q;
	del.verb = OG_KUBE_DELETE;
	del.body = OG_SV("{\"preconditions\":{\"uid\":\"wrong\"}}");
	ck_assert_int_eq(ask(&del), -OG_E_CONFLICT);
	del.body = OG_SV("");
	ck_assert_int_eq(ask(&del), 0);
	ck_assert_int_eq(ask(&q), -OG_E_NOT_FOUND);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("kube/client_auth");
	TCase *tc = tcase_create("auth");
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, a_token_file_is_read_again_after_401);
	tcase_add_test(tc, a_token_that_stays_bad);
	tcase_add_test(tc, a_fixed_token_is_not_tried_twice);
	tcase_add_test(tc, what_rbac_forbids);
	tcase_add_test(tc, nobody_in_particular);
	tcase_add_test(tc, a_plugin_runs_once_for_many);
	tcase_add_loop_test(tc, plugins_that_fail, 0, (int)OG_COUNT(plugins));
	tcase_add_test(tc, a_plugin_that_is_not_there);
	tcase_add_test(tc, a_plugin_that_takes_too_long);
	tcase_add_test(tc, another_ca);
	tcase_add_loop_test(tc, faults_of_the_server, 0, (int)OG_COUNT(faults));
	tcase_add_test(tc, the_life_of_an_object);
	suite_add_tcase(s, tc);
	return og_suite_run(s);
}
