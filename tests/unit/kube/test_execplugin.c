/* SPDX-License-Identifier: Apache-2.0 */
/* Credential plugins: shell scripts in a folder play them. */
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "otelgate/base/clock.h"
#include "otelgate/base/mem.h"
#include "otelgate/codec/jdoc.h"
#include "otelgate/codec/jwrite.h"
#include "otelgate/kube/execplugin.h"
#include "support/kubeworld.h"
#include "support/suite.h"

#define V1   "client.authentication.k8s.io/v1"
#define HEAD "{\"apiVersion\":\"" V1 "\",\"kind\":\"ExecCredential\",\"status\":"
#define WALL INT64_C(1714979289000000000) /* 2024-05-06T07:08:09Z */

static struct og_kubeworld w;
static struct og_exec_plugin *p;
static char path_var[64] = "PATH=/usr/bin:/bin", keep_var[] = "KEEP=1", over_var[] = "OVER=old";
static char *vars[] = {path_var, keep_var, over_var, NULL};

static void setup(void)
{
	og_kubeworld_init(&w);
	w.env.vars = vars;
	og_kubeworld_env(&w, "PATH", ":.:relative:%s:/usr/bin:/bin", w.dir.path);
}

static void teardown(void)
{
	og_exec_plugin_free(p);
	p = NULL;
	og_kubeworld_fini(&w);
}

/* A plugin "plug" with this script, and a kubeconfig whose exec has these further fields. */
static void plugin(const char *script, const char *fields)
{
	char text[4096];
	snprintf(text, sizeof(text), "#!/bin/sh\n%s\n", script);
	og_kubeworld_write(&w, "plug", text);
	ck_assert_int_eq(chmod(og_kubeworld_path(&w, "plug"), 0700), 0);
	snprintf(text, sizeof(text),
		"clusters:\n- name: c\n  cluster:\n    server: https://s:6443\n"
		"    certificate-authority-data: %%CA%%\n    tls-server-name: name\n"
		"    proxy-url: http://proxy:1\n    disable-compression: true\n    extensions:\n"
		"    - {name: client.authentication.k8s.io/exec, extension: {aud: \"x\\u00e9\"}}\n"
		"users:\n- name: u\n  user:\n    exec: {%s}\n"
		"current-context: a\ncontexts: [{name: a, context: {cluster: c, user: u}}]\n",
		fields);
	og_kubeworld_write(&w, "kc", text);
	w.o.flags.kubeconfig = og_kubeworld_path(&w, "kc");
	int rc = og_kubeworld_load(&w);
	ck_assert_msg(rc == 0, "%s", w.err.msg);
	ck_assert_int_eq(w.a->bearer, OG_KUBE_BEARER_EXEC);
}

#define NEVER(command) "apiVersion: " V1 ", interactiveMode: Never, command: " command

static void make(int timeout_ms)
{
	struct og_exec_plugin_options o = {.env = &w.env, .timeout_ms = timeout_ms};
	og_exec_plugin_free(p);
	p = og_exec_plugin_new(w.a, &o, &w.err);
	ck_assert_msg(p != NULL, "%s", w.err.msg);
}

static int run(void)
{
	og_err_clear(&w.err);
	return og_exec_plugin_run(p, &w.err);
}

static void print(const char *status)
{
	char script[2048];
	snprintf(script, sizeof(script), "cat <<'END'\n%s\nEND", status);
	plugin(script, NEVER("plug"));
	make(0);
}

START_TEST(a_token)
{
	print(HEAD "{\"token\":\"t-1\"}}");
	ck_assert_ptr_null(og_exec_plugin_creds(p, WALL));
	ck_assert_msg(run() == 0, "%s", w.err.msg);
	const struct og_exec_creds *c = og_exec_plugin_creds(p, INT64_MAX);
	ck_assert_ptr_nonnull(c);
	ck_assert(og_secret_eq(&c->token, "t-1", 3));
	ck_assert_ptr_null(c->client_cert);
	ck_assert_int_eq(c->expires, 0);
	ck_assert_uint_eq(c->generation, 1);
	ck_assert_uint_eq(c->cert_generation, 1);
	ck_assert(!og_exec_plugin_running(p));
	ck_assert_int_eq(og_exec_plugin_deadline(p), INT64_MAX);
}
END_TEST

START_TEST(a_certificate_and_its_changes)
{
	struct og_buf b = OG_BUF_INIT(0);
	og_buf_lit(&b, HEAD "{\"clientCertificateData\":");
	og_jw_str(&b, og_buf_view(&w.cert));
	og_buf_lit(&b, ",\"clientKeyData\":");
	og_jw_str(&b, og_buf_view(&w.key));
	og_buf_lit(&b, "}}");
	og_tmpdir_write(&w.dir, "out.json", b.p);
	og_buf_fini(&b);
	plugin("cat \"${0%/*}/out.json\"", NEVER("plug"));
	make(0);
	ck_assert_msg(run() == 0, "%s", w.err.msg);
	const struct og_exec_creds *c = og_exec_plugin_creds(p, WALL);
	ck_assert_str_eq(c->client_cert, w.cert.p);
	ck_assert(og_secret_eq(&c->client_key, w.key.p, w.key.len));
	ck_assert(!og_secret_is_set(&c->token));
	ck_assert_int_eq(run(), 0);
	c = og_exec_plugin_creds(p, WALL);
	ck_assert_uint_eq(c->generation, 2);
	ck_assert_uint_eq(c->cert_generation, 1); /* connections can stay */
	og_tmpdir_write(&w.dir, "out.json", HEAD "{\"token\":\"t\"}}");
	ck_assert_int_eq(run(), 0);
	c = og_exec_plugin_creds(p, WALL);
	ck_assert_uint_eq(c->cert_generation, 2);
	ck_assert_ptr_null(c->client_cert);
}
END_TEST

START_TEST(expiry_is_obeyed)
{
	print(HEAD "{\"token\":\"t\",\"expirationTimestamp\":\"2199-01-01T00:00:00Z\"}}");
	ck_assert_int_eq(run(), 0);
	const struct og_exec_creds *c = og_exec_plugin_creds(p, WALL);
	ck_assert_ptr_nonnull(c);
	ck_assert_ptr_nonnull(og_exec_plugin_creds(p, c->expires - 1));
	ck_assert_ptr_null(og_exec_plugin_creds(p, c->expires));
}
END_TEST

START_TEST(years_that_the_clock_does_not_reach)
{
	print(HEAD "{\"token\":\"t\",\"expirationTimestamp\":\"9999-12-31T23:59:59Z\"}}");
	ck_assert_int_eq(run(), 0);
	ck_assert_ptr_nonnull(og_exec_plugin_creds(p, INT64_MAX - 1));
	print(HEAD "{\"token\":\"t\",\"expirationTimestamp\":\"0001-01-01T00:00:00Z\"}}");
	ck_assert_int_eq(run(), 0);
	ck_assert_ptr_null(og_exec_plugin_creds(p, INT64_MAX - 1));
}
END_TEST

START_TEST(what_is_expired_at_once_lasts_for_a_moment)
{
	print(HEAD "{\"token\":\"t\",\"expirationTimestamp\":\"2001-01-01T00:00:00+01:00\"}}");
	int64_t before = og_clock_wall_ns(og_clock_system());
	ck_assert_int_eq(run(), 0);
	ck_assert_ptr_nonnull(og_exec_plugin_creds(p, before));
	ck_assert_ptr_null(og_exec_plugin_creds(p, before + 3600 * OG_NS_PER_S));
}
END_TEST

START_TEST(dropped_after_a_401)
{
	print(HEAD "{\"token\":\"t\"}}");
	ck_assert_int_eq(run(), 0);
	og_exec_plugin_drop(p, 7);
	ck_assert_ptr_nonnull(og_exec_plugin_creds(p, WALL));
	og_exec_plugin_drop(p, 1);
	ck_assert_ptr_null(og_exec_plugin_creds(p, WALL));
	ck_assert_int_eq(run(), 0);
	ck_assert_uint_eq(og_exec_plugin_creds(p, WALL)->generation, 2);
	og_exec_plugin_drop(p, 1); /* those of before */
	ck_assert_ptr_nonnull(og_exec_plugin_creds(p, WALL));
}
END_TEST

START_TEST(arguments_environment_and_standard_input)
{
	plugin("d=${0%/*}; printf '%s|' \"$@\" >$d/args; env >$d/env; cat >$d/stdin\n"
	       "printf '%s' \"$KUBERNETES_EXEC_INFO\" >$d/info\n"
	       "echo '" HEAD "{\"token\":\"t\"}}'",
		NEVER("plug") ", provideClusterInfo: true, args: ['a b', '', '$(x)', '*'], env: "
			      "[{name: OVER, value: first}, {name: OVER, value: 'new; x'}]");
	make(0);
	ck_assert_msg(run() == 0, "%s", w.err.msg);
	og_auto_buf struct og_buf b = OG_BUF_INIT(0);
	ck_assert_int_eq(og_kube_read_file(og_kubeworld_path(&w, "args"), 1000, &b, NULL), 0);
	ck_assert_str_eq(b.p, "a b||$(x)|*|");
	ck_assert_int_eq(og_kube_read_file(og_kubeworld_path(&w, "env"), 100000, &b, NULL), 0);
	ck_assert_ptr_nonnull(strstr(b.p, "KEEP=1\n"));
	ck_assert_ptr_nonnull(strstr(b.p, "OVER=new; x\n"));
	ck_assert_ptr_null(strstr(b.p, "OVER=old"));
	ck_assert_ptr_null(strstr(b.p, "OVER=first"));
	ck_assert_int_eq(og_kube_read_file(og_kubeworld_path(&w, "stdin"), 1000, &b, NULL), 0);
	ck_assert_uint_eq(b.len, 0);
	ck_assert_int_eq(og_kube_read_file(og_kubeworld_path(&w, "info"), 100000, &b, NULL), 0);
	og_auto_arena struct og_arena a;
	struct og_jdoc d;
	og_arena_init(&a, 0, 0);
	ck_assert_int_eq(og_jdoc_parse(&d, &a, og_buf_view(&b), NULL, NULL), 0);
	struct og_jval root = og_jroot(&d), spec = og_jgetl(root, "spec");
	ck_assert(og_jstr_is(og_jgetl(root, "kind"), "ExecCredential"));
	ck_assert(og_jstr_is(og_jgetl(root, "apiVersion"), V1));
	ck_assert(og_jis(og_jgetl(spec, "interactive"), OG_J_FALSE));
	struct og_jval k = og_jgetl(spec, "cluster");
	ck_assert(og_jstr_is(og_jgetl(k, "server"), "https://s:6443"));
	ck_assert(og_jstr_is(og_jgetl(k, "tls-server-name"), "name"));
	ck_assert(og_jstr_is(og_jgetl(k, "proxy-url"), "http://proxy:1"));
	ck_assert(og_jis(og_jgetl(k, "disable-compression"), OG_J_TRUE));
	ck_assert(og_jis(og_jgetl(k, "certificate-authority-data"), OG_J_STRING));
	ck_assert(og_jstr_is(og_jpath(k, "config", "aud", NULL), "x\xc3\xa9"));
}
END_TEST

START_TEST(without_cluster_info_there_is_none)
{
	plugin("case $KUBERNETES_EXEC_INFO in *cluster*) exit 9;; esac\n"
	       "echo '{\"apiVersion\":\"" V1 "beta1\",\"kind\":\"ExecCredential\",\"status\":"
	       "{\"token\":\"t\",\"clientKeyData\":null,\"expirationTimestamp\":null}}'",
		"apiVersion: " V1 "beta1, command: plug");
	make(0);
	ck_assert_msg(run() == 0, "%s", w.err.msg);
}
END_TEST

/* Waits on the one descriptor, as an event loop would. */
static int turn_until_done(void)
{
	int rc = 1;
	while (rc == 1) {
		struct pollfd fd = {.fd = og_exec_plugin_fd(p), .events = POLLIN};
		ck_assert_int_eq(poll(&fd, 1, 10000), 1);
		rc = og_exec_plugin_step(p, 1, WALL, &w.err);
	}
	return rc;
}

START_TEST(asynchronous_and_serialised)
{
	plugin("echo x >>\"${0%/*}/count\"; echo '" HEAD "{\"token\":\"t\"}}'", NEVER("plug"));
	make(0);
	ck_assert_int_eq(og_exec_plugin_step(p, 0, WALL, &w.err), 0); /* nothing is running */
	ck_assert_int_eq(og_exec_plugin_start(p, 1, &w.err), 0);
	ck_assert(og_exec_plugin_running(p));
	ck_assert_int_eq(og_exec_plugin_deadline(p), 1 + OG_EXEC_TIMEOUT_MS * OG_NS_PER_MS);
	ck_assert_int_eq(og_exec_plugin_start(p, 1, &w.err), 0);
	ck_assert_int_eq(turn_until_done(), 0);
	ck_assert_ptr_nonnull(og_exec_plugin_creds(p, WALL));
	og_auto_buf struct og_buf b = OG_BUF_INIT(0);
	ck_assert_int_eq(og_kube_read_file(og_kubeworld_path(&w, "count"), 1000, &b, NULL), 0);
	ck_assert_uint_eq(b.len, 2);
}
END_TEST

START_TEST(children_are_not_waited_for)
{
	plugin("sleep 300 & echo $! >\"${0%/*}/pid\"; echo '" HEAD "{\"token\":\"t\"}}'",
		NEVER("plug"));
	make(20000);
	ck_assert_msg(run() == 0, "%s", w.err.msg);
	og_auto_buf struct og_buf b = OG_BUF_INIT(0);
	ck_assert_int_eq(og_kube_read_file(og_kubeworld_path(&w, "pid"), 1000, &b, NULL), 0);
	ck_assert_int_eq(kill((pid_t)strtol(b.p, NULL, 10), SIGKILL), 0);
}
END_TEST

START_TEST(closing_its_output_early_is_not_the_end)
{
	plugin("echo '" HEAD "{\"token\":\"t\"}}'; exec >&-; cat <\"${0%/*}/fifo\" >/dev/null",
		NEVER("plug"));
	ck_assert_int_eq(mkfifo(og_kubeworld_path(&w, "fifo"), 0600), 0);
	make(0);
	ck_assert_int_eq(og_exec_plugin_start(p, 1, &w.err), 0);
	/* opening blocks until the plugin reads, which is behind the end of its output */
	int fd = open(og_kubeworld_path(&w, "fifo"), O_WRONLY | O_CLOEXEC);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(og_exec_plugin_step(p, 1, WALL, &w.err), 1);
	struct pollfd quiet = {.fd = og_exec_plugin_fd(p), .events = POLLIN};
	ck_assert_int_eq(poll(&quiet, 1, 0), 0); /* no busy loop */
	ck_assert_int_eq(close(fd), 0);
	ck_assert_int_eq(turn_until_done(), 0);
	ck_assert_ptr_nonnull(og_exec_plugin_creds(p, WALL));
}
END_TEST

START_TEST(large_output_within_the_limit)
{
	plugin("printf '%s' '" HEAD "{\"token\":\"t\"},\"pad\":\"'; head -c 900000 /dev/zero | "
	       "tr '\\0' x; echo '\"}'",
		NEVER("plug"));
	make(0);
	ck_assert_msg(run() == 0, "%s", w.err.msg);
}
END_TEST

/* Linux before 5.3: from here on this process has no pidfd_open. False where that can't be had. */
static bool without_pidfd(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_pidfd_open, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog filter = {.len = OG_COUNT(code), .filter = code};
	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
	       prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0 &&
	       syscall(SYS_pidfd_open, getpid(), 0) < 0;
}

START_TEST(old_kernels_are_asked_again_and_again)
{
	const char *fork_mode = getenv("CK_FORK");
	if ((fork_mode && strcmp(fork_mode, "no") == 0) || !without_pidfd())
		return; /* it would stay for the tests that follow */
	print(HEAD "{\"token\":\"t\"}}");
	ck_assert_msg(run() == 0, "%s", w.err.msg);
	ck_assert_ptr_nonnull(og_exec_plugin_creds(p, WALL));
	plugin("exec >&-; sleep 300", NEVER("plug"));
	make(5000);
	ck_assert_int_eq(og_exec_plugin_start(p, 0, &w.err), 0);
	ck_assert_int_eq(og_exec_plugin_step(p, 5000 * OG_NS_PER_MS, WALL, &w.err), 1);
	ck_assert_int_eq(turn_until_done(), -OG_E_TIMEOUT);
}
END_TEST

/* --- what fails --- */

static const struct {
	const char *script;
	int code;
	const char *part;
} bad_runs[] = {
	{"exit 3", OG_E_INVALID, "exit code 3"},
	{"kill -TERM $$", OG_E_INVALID, "signal 15"},
	{"head -c 2000000 /dev/zero", OG_E_LIMIT, "more than 1048576 bytes"},
	{"while :; do printf xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx; done", OG_E_LIMIT,
		"more than"},
	{":", OG_E_INVALID, "no JSON"},
	{"echo '{\"a\":'", OG_E_INVALID, "no JSON"},
	{"echo 'hunter2'", OG_E_INVALID, "no JSON"},
};

START_TEST(runs_that_fail)
{
	plugin(bad_runs[_i].script, NEVER("plug"));
	make(0);
	int rc = run();
	ck_assert_int_eq(rc, -bad_runs[_i].code);
	ck_assert_msg(strstr(w.err.msg, bad_runs[_i].part) != NULL, "%s", w.err.msg);
	ck_assert_ptr_nonnull(strstr(w.err.msg, "exec plugin \"plug\" of user \"u\""));
	ck_assert_ptr_null(strstr(w.err.msg, "hunter2"));
	ck_assert_ptr_null(og_exec_plugin_creds(p, WALL));
	ck_assert(!og_exec_plugin_running(p));
}
END_TEST

static const struct {
	const char *out, *part;
} bad_output[] = {
	{"[]", "no ExecCredential"},
	{"null", "no ExecCredential"},
	{"{\"kind\":\"Secret\",\"apiVersion\":\"" V1 "\"}", "no ExecCredential"},
	{"{\"kind\":\"ExecCredential\"}", "another apiVersion"},
	{"{\"kind\":\"ExecCredential\",\"apiVersion\":\"" V1
	 "beta1\",\"status\":{\"token\":\"t\"}}",
		"another apiVersion"},
	{"{\"kind\":\"ExecCredential\",\"apiVersion\":\"" V1 "\"}", "no status"},
	{HEAD "null}", "no status"},
	{HEAD "[]}", "no status"},
	{HEAD "{}}", "neither a token nor a certificate"},
	{HEAD "{\"token\":\"\"}}", "neither a token nor a certificate"},
	{HEAD "{\"token\":7}}", "status.token is number"},
	{HEAD "{\"token\":\"hunter2 x\"}}", "no token has"},
	{HEAD "{\"token\":\"hunter2\\nX: y\"}}", "no token has"},
	{HEAD "{\"token\":\"t\",\"clientKeyData\":\"hunter2\"}}", "not both"},
	{HEAD "{\"clientCertificateData\":\"x\"}}", "not both"},
	{HEAD "{\"clientCertificateData\":\"x\",\"clientKeyData\":\"hunter2\"}}",
		"not a certificate in PEM"},
	{HEAD "{\"token\":\"hunter2\",\"expirationTimestamp\":\"tomorrow\"}}", "not RFC 3339"},
	{HEAD "{\"token\":\"hunter2\",\"expirationTimestamp\":\"\"}}", "not RFC 3339"},
	{HEAD "{\"token\":\"hunter2\",\"expirationTimestamp\":12}}", "has to be a string"},
	{HEAD "{\"token\":\"hunter2\",\"token\":\"b\"}}", "no JSON"},
	{HEAD "{\"token\":\"hunter2\"}} x", "no JSON"},
};

START_TEST(output_that_is_refused)
{
	print(bad_output[_i].out);
	int rc = run();
	ck_assert_int_lt(rc, 0);
	ck_assert_msg(strstr(w.err.msg, bad_output[_i].part) != NULL, "%s", w.err.msg);
	ck_assert_ptr_null(strstr(w.err.msg, "hunter2"));
	ck_assert_ptr_null(og_exec_plugin_creds(p, WALL));
}
END_TEST

START_TEST(failure_keeps_what_was_there)
{
	plugin("test ! -e \"${0%/*}/fail\" || exit 1; echo '" HEAD "{\"token\":\"t\"}}'",
		NEVER("plug"));
	make(0);
	ck_assert_int_eq(run(), 0);
	og_tmpdir_write(&w.dir, "fail", "");
	ck_assert_int_lt(run(), 0);
	ck_assert_ptr_nonnull(og_exec_plugin_creds(p, WALL));
}
END_TEST

START_TEST(not_found_shows_the_hint)
{
	plugin(":", NEVER("no-such-plugin") ", installHint: 'brew install it'");
	make(0);
	ck_assert_int_eq(run(), -OG_E_NOT_FOUND);
	ck_assert_ptr_nonnull(strstr(w.err.msg, "in PATH: install it: brew install it"));
	ck_assert(!og_exec_plugin_running(p));
}
END_TEST

START_TEST(the_current_folder_is_not_searched)
{
	plugin("echo '" HEAD "{\"token\":\"t\"}}'", NEVER("plug"));
	og_kubeworld_env(&w, "PATH", ":.");
	ck_assert_int_eq(chdir(w.dir.path), 0);
	make(0);
	ck_assert_int_eq(run(), -OG_E_NOT_FOUND);
	ck_assert_int_eq(chdir("/"), 0);
}
END_TEST

START_TEST(not_a_program)
{
	plugin(":", NEVER("./data"));
	og_tmpdir_write(&w.dir, "data", "x");
	make(0);
	ck_assert_int_eq(run(), -OG_E_NOT_FOUND);
	ck_assert_int_eq(chmod(og_kubeworld_path(&w, "data"), 0700), 0);
	int rc = run(); /* "x" is no executable format */
	ck_assert(rc == -OG_E_IO || rc == -OG_E_INVALID);
}
END_TEST

START_TEST(timeout_kills_it_and_its_children)
{
	/* all of them hold the writing end of the pipe */
	plugin("exec 3>\"${0%/*}/fifo\"; (sleep 300; :) & echo ready; sleep 300", NEVER("plug"));
	ck_assert_int_eq(mkfifo(og_kubeworld_path(&w, "fifo"), 0600), 0);
	int fifo = open(og_kubeworld_path(&w, "fifo"), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	make(7000);
	ck_assert_int_eq(og_exec_plugin_start(p, 0, &w.err), 0);
	struct pollfd fd = {.fd = og_exec_plugin_fd(p), .events = POLLIN};
	ck_assert_int_eq(poll(&fd, 1, 10000), 1); /* "ready" */
	ck_assert_int_eq(og_exec_plugin_step(p, 7000 * OG_NS_PER_MS - 1, WALL, &w.err), 1);
	ck_assert_int_eq(og_exec_plugin_step(p, 7000 * OG_NS_PER_MS, WALL, &w.err), 1);
	ck_assert_int_eq(og_exec_plugin_start(p, 0, &w.err), 0); /* still the old run */
	ck_assert_int_eq(turn_until_done(), -OG_E_TIMEOUT);
	ck_assert_ptr_nonnull(strstr(w.err.msg, "did not end within 7 seconds"));
	struct pollfd gone = {.fd = fifo, .events = POLLIN};
	ck_assert_int_eq(poll(&gone, 1, 10000), 1);
	ck_assert(gone.revents & POLLHUP);
	ck_assert_int_eq(close(fifo), 0);
}
END_TEST

START_TEST(free_ends_a_running_program)
{
	plugin("echo $$ >\"${0%/*}/pid\"; echo x; sleep 300", NEVER("plug"));
	make(0);
	ck_assert_int_eq(og_exec_plugin_start(p, 0, &w.err), 0);
	struct pollfd fd = {.fd = og_exec_plugin_fd(p), .events = POLLIN};
	ck_assert_int_eq(poll(&fd, 1, 10000), 1);
	og_auto_buf struct og_buf b = OG_BUF_INIT(0);
	ck_assert_int_eq(og_kube_read_file(og_kubeworld_path(&w, "pid"), 1000, &b, NULL), 0);
	og_exec_plugin_free(p);
	p = NULL;
	ck_assert_int_eq(kill((pid_t)strtol(b.p, NULL, 10), 0), -1);
	ck_assert_int_eq(errno, ESRCH);
}
END_TEST

START_TEST(always_needs_a_terminal)
{
	plugin(":", "apiVersion: " V1 ", interactiveMode: Always, command: plug");
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
	struct og_exec_plugin_options o = {.env = &w.env, .stdin_fd = null};
	p = og_exec_plugin_new(w.a, &o, &w.err);
	ck_assert_ptr_nonnull(p);
	ck_assert_int_eq(run(), -OG_E_UNSUPPORTED);
	ck_assert_ptr_nonnull(strstr(w.err.msg, "not a terminal"));
	ck_assert_int_eq(close(null), 0);
}
END_TEST

/* A pseudo-terminal; -1 where there are none. */
static int open_terminal(int *ret_master)
{
	*ret_master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (*ret_master < 0 || grantpt(*ret_master) < 0 || unlockpt(*ret_master) < 0)
		return -1;
	return open(ptsname(*ret_master), O_RDWR | O_NOCTTY | O_CLOEXEC);
}

START_TEST(a_terminal_is_given_to_interactive_plugins)
{
	int master, term = open_terminal(&master);
	ck_assert_int_ge(term, 0);
	plugin("read -r line; case $KUBERNETES_EXEC_INFO in *'\"interactive\":true'*) ;; *) exit 8;; "
	       "esac\necho '" HEAD "{\"token\":\"'$line'\"}}'",
		"apiVersion: " V1 ", interactiveMode: IfAvailable, command: plug");
	struct og_exec_plugin_options o = {.env = &w.env, .stdin_fd = term};
	p = og_exec_plugin_new(w.a, &o, &w.err);
	ck_assert_ptr_nonnull(p);
	ck_assert_int_eq(og_exec_plugin_start(p, 0, &w.err), 0);
	ck_assert_int_eq(og_exec_plugin_deadline(p), INT64_MAX); /* people take their time */
	ck_assert_int_eq(write(master, "typed\n", 6), 6);
	ck_assert_int_eq(turn_until_done(), 0);
	ck_assert(og_secret_eq(&og_exec_plugin_creds(p, WALL)->token, "typed", 5));
	og_exec_plugin_free(p);
	o.stdin_unavailable = true;
	p = og_exec_plugin_new(w.a, &o, &w.err);
	ck_assert_int_eq(run(), -OG_E_INVALID); /* not interactive: exit 8 */
	close(term);
	close(master);
}
END_TEST

START_TEST(memory_runs_out_anywhere)
{
	plugin("echo '" HEAD "{\"token\":\"t\",\"expirationTimestamp\":\"2199-01-01T00:00:00Z\"}}'",
		NEVER("plug") ", provideClusterInfo: true, args: [x], env: [{name: A, value: b}]");
	struct og_exec_plugin_options o = {.env = &w.env};
	bool done = false;
	for (unsigned long n = 1; !done && n < 500; n++) {
		og_err_clear(&w.err);
		og_mem_fault_arm(n, n % 2);
		p = og_exec_plugin_new(w.a, &o, &w.err);
		int rc = p ? og_exec_plugin_run(p, &w.err) : -OG_E_OOM;
		unsigned long seen = og_mem_fault_disarm();
		ck_assert_msg(rc == 0 || rc == -OG_E_OOM, "%lu: %d %s", n, rc, w.err.msg);
		ck_assert(rc == 0 || w.err.code == OG_E_OOM);
		done = rc == 0 && seen < n;
		og_exec_plugin_free(p);
		p = NULL;
	}
	ck_assert(done);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("kube/execplugin");
	TCase *tc = tcase_create("execplugin");
	tcase_set_timeout(tc, 60);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, a_token);
	tcase_add_test(tc, a_certificate_and_its_changes);
	tcase_add_test(tc, expiry_is_obeyed);
	tcase_add_test(tc, years_that_the_clock_does_not_reach);
	tcase_add_test(tc, what_is_expired_at_once_lasts_for_a_moment);
	tcase_add_test(tc, dropped_after_a_401);
	tcase_add_test(tc, arguments_environment_and_standard_input);
	tcase_add_test(tc, without_cluster_info_there_is_none);
	tcase_add_test(tc, asynchronous_and_serialised);
	tcase_add_test(tc, children_are_not_waited_for);
	tcase_add_test(tc, closing_its_output_early_is_not_the_end);
	tcase_add_test(tc, old_kernels_are_asked_again_and_again);
	tcase_add_test(tc, large_output_within_the_limit);
	tcase_add_loop_test(tc, runs_that_fail, 0, (int)OG_COUNT(bad_runs));
	tcase_add_loop_test(tc, output_that_is_refused, 0, (int)OG_COUNT(bad_output));
	tcase_add_test(tc, failure_keeps_what_was_there);
	tcase_add_test(tc, not_found_shows_the_hint);
	tcase_add_test(tc, the_current_folder_is_not_searched);
	tcase_add_test(tc, not_a_program);
	tcase_add_test(tc, timeout_kills_it_and_its_children);
	tcase_add_test(tc, free_ends_a_running_program);
	tcase_add_test(tc, always_needs_a_terminal);
	tcase_add_test(tc, a_terminal_is_given_to_interactive_plugins);
	tcase_add_test(tc, memory_runs_out_anywhere);
	suite_add_tcase(s, tc);
	return og_suite_run(s);
}
