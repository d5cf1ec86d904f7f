/* SPDX-License-Identifier: Apache-2.0 */
/* The list of system calls, tried from inside: each row in a process of its own, because there is
 * no way back. */
#include "../../../src/base/seccomp-priv.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_packet.h>
#include <netdb.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include "otelgate/base/fs.h"
#include "otelgate/base/mem.h"
#include "otelgate/base/seccomp.h"
#include "support/seccomp.h"
#include "support/suite.h"
#include "support/tmpdir.h"

#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED true
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED true
#endif
#endif
#ifndef SANITIZED
#define SANITIZED false
#endif

static struct og_tmpdir dir;
static char file[300];

static int tried(long r)
{
	return r < 0 ? errno : 0;
}

/* ---- what a service does; 0 = it works, else errno ---- */

static int read_it(void)
{
	char text[8];
	int fd = open(file, O_RDONLY | O_CLOEXEC), e = tried(fd);

	return e ? e : read(fd, text, sizeof(text)) == 4 ? 0 : EIO;
}
static int replace_it(void)
{
	return og_fs_write_atomic(file, "new", 3, 0600, NULL) == 0 ? 0 : EIO;
}
static void *nothing(void *ret)
{
	*(int *)ret = prctl(PR_SET_NAME, "worker") == 0 ? 0 : errno;
	return NULL;
}
static int thread(void)
{
	pthread_t t;
	int r = EIO, e = pthread_create(&t, NULL, nothing, &r);

	return e ? e : pthread_join(t, NULL) == 0 ? r : EINVAL;
}
static int look_up(void)
{
	struct addrinfo want = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_ADDRCONFIG}, *a = NULL;
	int r = getaddrinfo("localhost", "80", &want, &a);

	if (r == 0)
		freeaddrinfo(a);
	return r == EAI_SYSTEM ? errno : 0; /* whether there is such a name is the system's */
}
static int serve(void)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t n = sizeof(a);
	int on = 1, s = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0),
	    c = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, IPPROTO_TCP);

	return s < 0 || c < 0 || setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) != 0 ||
			       bind(s, (struct sockaddr *)&a, n) != 0 || listen(s, 8) != 0 ||
			       getsockname(s, (struct sockaddr *)&a, &n) != 0 ||
			       connect(c, (struct sockaddr *)&a, n) != 0 ||
			       setsockopt(c, IPPROTO_TCP, 1 /* TCP_NODELAY */, &on, sizeof(on)) ||
			       accept4(s, NULL, NULL, SOCK_CLOEXEC) < 0
		       ? errno
		       : 0;
}
static int ask_by_udp(void)
{
	struct sockaddr_in a = {.sin_family = AF_INET,
		.sin_port = htons(9),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};

	return tried(sendto(socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, IPPROTO_UDP), "x", 1, 0,
		(struct sockaddr *)&a, sizeof(a)));
}
static int own_limits(void)
{
	struct rlimit l;
	return tried(getrlimit(RLIMIT_NOFILE, &l) || setrlimit(RLIMIT_NOFILE, &l) ? -1 : 0);
}
static int load_library_page(void)
{
	void *p = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	return p == MAP_FAILED ? errno : 0;
}
static int signal_self(void)
{
	return tried(kill(getpid(), 0)) || signal(SIGUSR1, SIG_IGN) == SIG_ERR || raise(SIGUSR1);
}
static int clone3_is_older(void)
{
	return syscall(__NR_clone3, NULL, 0) < 0 && errno == ENOSYS ? 0 : EINVAL;
}
static int newer_than_the_list(void)
{
	return syscall(1023) < 0 && errno == ENOSYS ? 0 : EINVAL;
}

/* ---- what it never does ---- */

static int new_process(void)
{
	pid_t pid = (pid_t)syscall(__NR_clone, SIGCHLD, 0, 0, 0, 0);
	if (pid == 0)
		_exit(0);
	return tried(pid);
}
static int new_namespace(void)
{
	return tried(syscall(__NR_clone, CLONE_THREAD | CLONE_NEWUSER, 0, 0, 0, 0));
}
static int signal_parent(void)
{
	return tried(kill(getppid(), 0));
}
static int limits_of_another(void)
{
	struct rlimit l;
	return tried(prlimit(getppid(), RLIMIT_NOFILE, NULL, &l));
}
static int packet_socket(void)
{
	return tried(socket(AF_PACKET, SOCK_RAW, 0));
}
static int raw_socket(void)
{
	return tried(socket(AF_INET, SOCK_RAW, IPPROTO_ICMP));
}
static int odd_protocol(void)
{
	return tried(socket(AF_INET6, SOCK_STREAM, 132 /* SCTP */));
}
static int crypto_socket(void)
{
	return tried(socket(38 /* AF_ALG */, SOCK_SEQPACKET, 0));
}
static int firewall_socket(void)
{
	return tried(socket(AF_NETLINK, SOCK_RAW, 12 /* NETFILTER */));
}
static int odd_option(void)
{
	return tried(setsockopt(0, 270 /* SOL_NETLINK */, 1, "", 1));
}
static int type_for_the_terminal(void)
{
	return tried(ioctl(0, TIOCSTI, "x"));
}
static int map_writable_code(void)
{
	void *p = mmap(
		NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	return p == MAP_FAILED ? errno : 0;
}
static int make_code_writable(void)
{
	void *p = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	return tried(mprotect(p, 4096, PROT_READ | PROT_WRITE | PROT_EXEC));
}
static int forget_the_list(void)
{
	return tried(prctl(PR_SET_SECCOMP, 0, 0, 0, 0));
}
#ifdef __x86_64__
static int x32(void)
{
	return tried(syscall(0x40000000 | __NR_getpid));
}
/* getpid is 20 there, writev here; 0 without a list: the process is gone where i386 is not known */
static int i386(void)
{
	long r;
	__asm__ volatile("int $0x80" : "=a"(r) : "a"(20L) : "memory", "r8", "r9", "r10", "r11");
	return r < 0 ? (int)-r : 0;
}
#endif

/* What no service ever calls, with no argument at all. */
#define N(name)                    \
	{                          \
#name, __NR_##name \
	}
/* clang-format off */
static const struct {
	const char *name;
	long nr;
} never[] = {
	N(ptrace), N(process_vm_readv), N(process_vm_writev), N(kcmp), N(pidfd_open),
	N(pidfd_getfd), N(process_madvise), N(mount), N(umount2), N(pivot_root), N(chroot),
	N(move_mount), N(fsopen), N(open_tree), N(unshare), N(setns), N(bpf), N(perf_event_open),
	N(userfaultfd), N(io_uring_setup), N(io_uring_enter), N(io_uring_register), N(keyctl),
	N(add_key), N(request_key), N(kexec_load), N(init_module), N(finit_module),
	N(delete_module), N(execve), N(execveat), N(personality), N(reboot), N(swapon),
	N(syslog), N(acct), N(quotactl), N(name_to_handle_at), N(open_by_handle_at), N(seccomp),
	N(setuid), N(setgid), N(setresuid), N(setgroups), N(capset), N(sethostname),
	N(settimeofday), N(clock_settime), N(adjtimex), N(memfd_create), N(splice), N(tee),
	N(vmsplice), N(mkdirat), N(mknodat), N(symlinkat), N(linkat), N(fchownat), N(truncate),
	N(setxattr), N(fanotify_init), N(shmget), N(msgget), N(semget), N(mq_open), N(tkill),
	N(rt_sigqueueinfo), N(rt_tgsigqueueinfo), N(setpgid), N(setsid), N(remap_file_pages),
	N(mbind), N(migrate_pages), N(move_pages), N(ioprio_set), N(sched_setscheduler),
	N(sched_setaffinity), N(setpriority), N(vhangup),
};
/* clang-format on */

/* ---- the rows ---- */

static const struct row {
	const char *name;
	int (*what)(void);
	bool allowed, writes;
} rows[] = {
	{"a file is read", read_it, true, false},
	{"a file is replaced where that is needed", replace_it, true, true},
	{"a thread runs", thread, true, false},
	{"a name is looked up", look_up, true, false},
	{"a connection is made and taken", serve, true, false},
	{"a datagram is sent", ask_by_udp, true, false},
	{"limits of its own", own_limits, true, false},
	{"a library is loaded late", load_library_page, true, false},
	{"it signals itself", signal_self, true, false},
	{"clone3 is answered as by an older kernel", clone3_is_older, true, false},
	{"so is what is newer than the list", newer_than_the_list, true, false},
	{"a process", new_process, false, false},
	{"a namespace", new_namespace, false, false},
	{"a signal to another", signal_parent, false, false},
	{"limits of another", limits_of_another, false, false},
	{"a packet socket", packet_socket, false, false},
	{"a raw socket", raw_socket, false, false},
	{"a protocol that is not TCP or UDP", odd_protocol, false, false},
	{"a socket of the kernel's cryptography", crypto_socket, false, false},
	{"a socket to the firewall", firewall_socket, false, false},
	{"an option of a protocol that it has no sockets of", odd_option, false, false},
	{"input for the terminal", type_for_the_terminal, false, false},
	{"memory writable and executable", map_writable_code, false, false},
	{"memory made so", make_code_writable, false, false},
	{"another mode of seccomp", forget_the_list, false, false},
#ifdef __x86_64__
	{"x32", x32, false, false},
	{"i386", i386, false, false},
#endif
};

static long call_nr;
static int call_it(void)
{
	return tried(syscall(call_nr, 0, 0, 0, 0, 0, 0));
}

static const struct row a_process = {"a process", new_process, false, false};

/* A file can't be replaced without the calls for it. */
static const struct row no_writing = {"a file is replaced", replace_it, false, false};

enum { COULD_NOT_ENTER = 200 };

/* How a process ends that enters and tries: its exit code, or -signal. */
static int inside(const struct row *r, enum og_seccomp_mode mode)
{
	int status = 0;
	pid_t pid = fork();

	if (pid == 0) {
		struct og_seccomp s = {.mode = mode, .writes_files = r->writes};
		struct rlimit none = {0, 0};
		size_t calls;
		(void)setrlimit(RLIMIT_CORE, &none); /* SIGSYS would leave one */
		_exit(og_seccomp_enter(&s, &calls, NULL) == 0 ? r->what() : COULD_NOT_ENTER);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

/* Whether it cannot be refused here: AddressSanitizer's search for leaks needs processes and
 * ptrace, so that its builds allow them; a kernel may know nothing of i386. */
static bool not_here(const struct row *r)
{
	bool leaks = r->what == new_process || (r->what == call_it && call_nr == __NR_ptrace);
#ifdef __x86_64__
	if (r->what == i386)
		return inside(r, OG_SECCOMP_OFF) != 0;
#endif
	return SANITIZED && leaks;
}

static void refused_by(enum og_seccomp_mode mode, const struct row *r, int how)
{
	int want = r->allowed ? 0 : how, got;

	if (not_here(r))
		return;
	got = inside(r, mode);
	ck_assert_msg(got == want, "%s: %d, wanted %d", r->name, got, want);
}

static void setup(void)
{
	dir = og_tmpdir_make();
	og_tmpdir_write(&dir, "file", "text");
	og_tmpdir_join(&dir, "file", file, sizeof(file));
}

static void teardown(void)
{
	og_tmpdir_remove(&dir);
}

START_TEST(otherwise_it_ends)
{
	refused_by(OG_SECCOMP_KILL, &rows[_i], -SIGSYS);
}
END_TEST

START_TEST(otherwise_it_is_refused)
{
	refused_by(OG_SECCOMP_ERRNO, &rows[_i], EPERM);
}
END_TEST

START_TEST(never_called)
{
	const struct row r = {never[_i].name, call_it, false, false};

	call_nr = never[_i].nr;
	refused_by(OG_SECCOMP_KILL, &r, -SIGSYS);
	refused_by(OG_SECCOMP_ERRNO, &r, EPERM);
}
END_TEST

#ifdef __x86_64__
/* What the kernel itself puts into a process that is watched by uprobes. Newer kernels do not ask
 * the list, some ask it: so the row itself is looked for. */
START_TEST(a_watched_library_goes_on)
{
	static const long probes[] = {335 /* uretprobe */, 336 /* uprobe */};
	size_t rows_of = 0;

	for (size_t i = 0; i < og_seccomp_ncalls; i++)
		rows_of += og_seccomp_calls[i].nr == probes[_i] && !og_seccomp_calls[i].writes &&
			   !og_seccomp_calls[i].arg[0].mask;
	ck_assert_uint_eq(rows_of, 1);
}
END_TEST
#endif

/* With the audit log alone all that can work does. */
START_TEST(otherwise_it_is_logged)
{
	const struct row works[] = {
		a_process,
		{"a signal to another", signal_parent, false, false},
		{"memory writable and executable", map_writable_code, false, false},
		{"a file is replaced", replace_it, false, false},
		{"a thread runs", thread, true, false},
	};
	for (size_t i = 0; i < OG_COUNT(works); i++)
		ck_assert_msg(inside(&works[i], OG_SECCOMP_LOG) == 0, "%s", works[i].name);
}
END_TEST

START_TEST(switched_off_all_works)
{
	ck_assert_int_eq(inside(&no_writing, OG_SECCOMP_OFF), 0);
	ck_assert_int_eq(inside(&a_process, OG_SECCOMP_OFF), 0);
}
END_TEST

START_TEST(no_file_is_replaced_without_need)
{
	ck_assert_int_eq(inside(&no_writing, OG_SECCOMP_KILL), -SIGSYS);
	ck_assert_int_eq(inside(&no_writing, OG_SECCOMP_ERRNO), EIO);
}
END_TEST

static void *tries_when_told(void *pipe_end)
{
	char c;
	ssize_t n = read(*(int *)pipe_end, &c, 1);
	return (void *)(intptr_t)(n == 1 ? map_writable_code() : EIO);
}

START_TEST(a_thread_that_was_there_before_is_restricted_too)
{
	int status = 0, ends[2];
	pid_t pid = fork();

	if (pid == 0) {
		struct og_seccomp s = {.mode = OG_SECCOMP_ERRNO};
		size_t calls;
		pthread_t t;
		void *r = NULL;
		if (pipe(ends) != 0 || pthread_create(&t, NULL, tries_when_told, &ends[0]) != 0 ||
			og_seccomp_enter(&s, &calls, NULL) != 0 || write(ends[1], "x", 1) != 1 ||
			pthread_join(t, &r) != 0)
			_exit(COULD_NOT_ENTER);
		_exit((int)(intptr_t)r);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFEXITED(status));
	ck_assert_int_eq(WEXITSTATUS(status), EPERM);
}
END_TEST

START_TEST(it_says_what_it_does)
{
	int status = 0;
	size_t calls = 7;
	struct og_seccomp s = {.mode = OG_SECCOMP_OFF, .runs_programs = true};

	ck_assert_int_eq(og_seccomp_enter(&s, &calls, NULL), 0);
	ck_assert_uint_eq(calls, 0);
	ck_assert_int_ne(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0), 1);
	pid_t pid = fork();
	if (pid == 0) {
		s = (struct og_seccomp){.mode = OG_SECCOMP_KILL};
		bool ok = og_seccomp_enter(&s, &calls, NULL) == 0 && calls > 100 && calls < 250 &&
			  prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1;
		_exit(ok ? 0 : 1);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
}
END_TEST

START_TEST(plugins_and_a_list_do_not_go_together)
{
	struct og_seccomp s = {.mode = OG_SECCOMP_ERRNO, .runs_programs = true};
	struct og_err err = OG_ERR_INIT;
	size_t calls = 7;

	ck_assert_int_eq(og_seccomp_enter(&s, &calls, &err), -OG_E_UNSUPPORTED);
	ck_assert_str_eq(err.msg, "no seccomp: a credential plugin has to run");
	ck_assert_uint_eq(calls, 7);
	ck_assert_int_eq(map_writable_code(), 0); /* nothing was entered */
	ck_assert_int_ne(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0), 1);
}
END_TEST

int main(void)
{
	if (!seccomp_here())
		return 0;
	Suite *s = suite_create("base/seccomp");
	TCase *tc = tcase_create("seccomp");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, otherwise_it_ends, 0, (int)OG_COUNT(rows));
	tcase_add_loop_test(tc, otherwise_it_is_refused, 0, (int)OG_COUNT(rows));
	tcase_add_loop_test(tc, never_called, 0, (int)OG_COUNT(never));
#ifdef __x86_64__
	tcase_add_loop_test(tc, a_watched_library_goes_on, 0, 2);
#endif
	tcase_add_test(tc, otherwise_it_is_logged);
	tcase_add_test(tc, switched_off_all_works);
	tcase_add_test(tc, no_file_is_replaced_without_need);
	tcase_add_test(tc, a_thread_that_was_there_before_is_restricted_too);
	tcase_add_test(tc, it_says_what_it_does);
	tcase_add_test(tc, plugins_and_a_list_do_not_go_together);
	suite_add_tcase(s, tc);
	return og_suite_run(s);
}
