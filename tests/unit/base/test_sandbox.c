/* SPDX-License-Identifier: Apache-2.0 */
/* The sandbox, tried from inside: each row in a process of its own, because there is no way back.
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "otelgate/base/mem.h"
#include "otelgate/base/sandbox.h"
#include "support/suite.h"

static char dir[64], file[128];
static uint16_t port; /* a free one */

/* ---- what is tried; 0 = it works, else errno ---- */

static int tried(long r)
{
	return r < 0 ? errno : 0;
}

static int try_bind(uint16_t p)
{
	struct sockaddr_in a = {.sin_family = AF_INET,
		.sin_port = htons(p),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;

	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	return fd < 0 ? errno : tried(bind(fd, (struct sockaddr *)&a, sizeof(a)));
}

static int read_it(void)
{
	return tried(open(file, O_RDONLY | O_CLOEXEC));
}
static int write_it(void)
{
	return tried(open(file, O_WRONLY | O_CLOEXEC));
}
static int truncate_it(void)
{
	return tried(truncate(file, 0));
}
static int create(void)
{
	char path[160];
	(void)snprintf(path, sizeof(path), "%s/new", dir);
	return tried(open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
}
static int remove_it(void)
{
	return tried(unlink(file));
}
static int rename_it(void)
{
	char path[160];
	(void)snprintf(path, sizeof(path), "%s/other", dir);
	return tried(rename(file, path));
}
static int make_dir(void)
{
	char path[160];
	(void)snprintf(path, sizeof(path), "%s/folder", dir);
	return tried(mkdir(path, 0700));
}
static int throw_away(void)
{
	return tried(open("/dev/null", O_WRONLY | O_CLOEXEC));
}
static int execute(void)
{
	return tried(
		execl("/bin/true", "true", (char *)NULL)); /* works: the process is another's */
}
static int listen_there(void)
{
	return try_bind(port);
}
static int listen_anywhere(void)
{
	return try_bind(0);
}
static int signal_parent(void)
{
	return tried(kill(getppid(), 0));
}
static int signal_self(void)
{
	return tried(kill(getpid(), 0));
}
static int privileges(void)
{
	return prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1 ? 0 : EINVAL;
}
static void *from_thread(void *ret)
{
	*(int *)ret = write_it();
	return NULL;
}
static int write_from_thread(void)
{
	pthread_t t;
	int r = 0;

	if (pthread_create(&t, NULL, from_thread, &r) != 0 || pthread_join(t, NULL) != 0)
		return EAGAIN;
	return r;
}

/* ---- the rows ---- */

static const uint16_t any[] = {0};

static const struct row {
	const char *name;
	int (*what)(void);
	int want, abi; /* of Landlock that enforces it; below it works */
	bool plugin, in_folder;
	const uint16_t *ports;
} rows[] = {
	{"a file is read", read_it, 0, 1, false, false, NULL},
	{"no file is written", write_it, EACCES, 1, false, false, NULL},
	{"not from a thread either", write_from_thread, EACCES, 1, false, false, NULL},
	{"none is cut", truncate_it, EACCES, 3, false, false, NULL},
	{"none is made", create, EACCES, 1, false, false, NULL},
	{"none is removed", remove_it, EACCES, 1, false, false, NULL},
	{"none is renamed", rename_it, EACCES, 1, false, false, NULL},
	{"no folder is made", make_dir, EACCES, 1, false, false, NULL},
	{"output is thrown away", throw_away, 0, 1, false, false, NULL},
	{"no program runs", execute, EACCES, 1, false, false, NULL},
	{"no port is opened", listen_there, EACCES, 4, false, false, NULL},
	{"not any free one", listen_anywhere, EACCES, 4, false, false, NULL},
	{"any free one, when asked for", listen_anywhere, 0, 4, false, false, any},
	{"but no other one then", listen_there, EACCES, 4, false, false, any},
	{"the port asked for", listen_there, 0, 4, false, false, &port},
	{"nobody is signalled", signal_parent, EPERM, 6, false, false, NULL},
	{"but the process itself", signal_self, 0, 1, false, false, NULL},
	{"nothing gains privileges", privileges, 0, 1, false, false, NULL},
	{"a file is replaced in the folder", write_it, 0, 1, false, true, NULL},
	{"made there", create, 0, 1, false, true, NULL},
	{"renamed there", rename_it, 0, 1, false, true, NULL},
	{"removed there", remove_it, 0, 1, false, true, NULL},
	{"no folder is made there", make_dir, EACCES, 1, false, true, NULL},
	{"a plugin runs", execute, 0, 1, true, false, NULL},
	{"it may write", write_it, 0, 1, true, false, NULL},
	{"it may not listen", listen_there, EACCES, 4, true, false, NULL},
};

static int abi_here(void)
{
	int status = 0;
	pid_t pid = fork();

	if (pid == 0) {
		struct og_sandbox s = {.mode = OG_SANDBOX_AUTO};
		struct og_sandbox_state st;
		_exit(og_sandbox_enter(&s, &st, NULL) == 0 ? st.abi : 99);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFEXITED(status) && WEXITSTATUS(status) != 99);
	return WEXITSTATUS(status);
}

/* The exit code of a process that enters and tries; 200 = it could not enter. */
static int inside(const struct row *r, enum og_sandbox_mode mode)
{
	int status = 0;
	pid_t pid = fork();

	if (pid == 0) {
		struct og_sandbox s = {.mode = mode,
			.runs_programs = r->plugin,
			.write_dir = r->in_folder ? dir : NULL,
			.ports = r->ports,
			.nports = r->ports ? 1 : 0};
		struct og_sandbox_state st;
		_exit(og_sandbox_enter(&s, &st, NULL) == 0 ? r->what() : 200);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_msg(WIFEXITED(status), "%s: ended by signal %d", r->name, WTERMSIG(status));
	return WEXITSTATUS(status);
}

static void setup(void)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t n = sizeof(a);

	(void)snprintf(dir, sizeof(dir), "/tmp/sandbox.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	(void)snprintf(file, sizeof(file), "%s/file", dir);
	int fd = open(file, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	ck_assert_int_ge(fd, 0);
	(void)close(fd);
	fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&a, n), 0);
	ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&a, &n), 0);
	port = ntohs(a.sin_port);
	(void)close(fd);
}

static void teardown(void)
{
	static const char *const names[] = {"file", "new", "other"};
	char path[160];

	for (size_t i = 0; i < OG_COUNT(names); i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", dir, names[i]);
		(void)unlink(path);
	}
	(void)snprintf(path, sizeof(path), "%s/folder", dir);
	(void)rmdir(path);
	ck_assert_int_eq(rmdir(dir), 0);
}

START_TEST(inside_it)
{
	const struct row *r = &rows[_i];
	int abi = abi_here(), want = abi >= r->abi ? r->want : 0;

	if (abi == 0 && r->what == privileges)
		return; /* nothing was entered */
	int got = inside(r, OG_SANDBOX_AUTO);
	ck_assert_msg(got == want, "%s: %s, wanted %s (Landlock %d)", r->name, strerrorname_np(got),
		strerrorname_np(want), abi);
}
END_TEST

START_TEST(switched_off_all_works)
{
	ck_assert_int_eq(
		inside(&rows[_i], OG_SANDBOX_OFF), rows[_i].what == privileges ? EINVAL : 0);
}
END_TEST

START_TEST(what_is_open_stays_open)
{
	int status = 0, fd = open(file, O_WRONLY | O_CLOEXEC);
	pid_t pid = fork();

	if (pid == 0) {
		struct og_sandbox s = {.mode = OG_SANDBOX_AUTO};
		struct og_sandbox_state st;
		int r = og_sandbox_enter(&s, &st, NULL);
		_exit(r == 0 && write(fd, "x", 1) == 1 ? 0 : 1);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	(void)close(fd);
}
END_TEST

START_TEST(required_is_not_given_up)
{
	struct og_sandbox s = {.mode = OG_SANDBOX_REQUIRED, .runs_programs = true};
	struct og_sandbox_state st;
	struct og_err err = OG_ERR_INIT;

	ck_assert_int_eq(og_sandbox_enter(&s, &st, &err), -OG_E_UNSUPPORTED);
	ck_assert_str_eq(err.msg, abi_here() ? "no sandbox: a credential plugin has to run"
					     : "no sandbox: this kernel has no Landlock");
	ck_assert_int_eq(write_it(), 0); /* nothing was entered */
	ck_assert_int_ne(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0), 1);
}
END_TEST

START_TEST(a_folder_that_is_not_there_is_named)
{
	struct og_sandbox s = {.mode = OG_SANDBOX_AUTO, .write_dir = "/nonexistent/folder"};
	struct og_sandbox_state st;
	struct og_err err = OG_ERR_INIT;

	if (abi_here() == 0)
		return;
	ck_assert_int_lt(og_sandbox_enter(&s, &st, &err), 0);
	ck_assert_ptr_nonnull(strstr(err.msg, "/nonexistent/folder"));
	ck_assert_int_eq(write_it(), 0);
}
END_TEST

START_TEST(it_says_what_it_does)
{
	struct og_sandbox s = {.mode = OG_SANDBOX_OFF};
	struct og_sandbox_state st;

	ck_assert_int_eq(og_sandbox_enter(&s, &st, NULL), 0);
	ck_assert_int_eq(st.abi, 0);
	ck_assert_str_eq(st.why, "it is switched off");
	ck_assert(!st.files && !st.tcp && !st.devices && !st.scope);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("base/sandbox");
	TCase *tc = tcase_create("sandbox");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, inside_it, 0, (int)OG_COUNT(rows));
	tcase_add_loop_test(tc, switched_off_all_works, 0, (int)OG_COUNT(rows));
	tcase_add_test(tc, what_is_open_stays_open);
	tcase_add_test(tc, required_is_not_given_up);
	tcase_add_test(tc, a_folder_that_is_not_there_is_named);
	tcase_add_test(tc, it_says_what_it_does);
	suite_add_tcase(s, tc);
	return og_suite_run(s);
}
