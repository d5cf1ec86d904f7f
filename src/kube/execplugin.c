/* SPDX-License-Identifier: Apache-2.0 */
/* Running a credential plugin: one program at a time, watched through one descriptor. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <unistd.h>
#include "execplugin-priv.h"
#include "otelgate/base/clock.h"
#include "otelgate/base/mem.h"

enum {
	FIRST_READ = 16 << 10,
	REAP_MS = 1000,	  /* how long free waits for a killed program */
	NO_PIDFD_MS = 20, /* how often to look where pidfd_open is missing (Linux < 5.3) */
	STUCK_MS = 5000	  /* killed and still there: given up */
};

static char *make_label(const struct og_kube_access *a)
{
	struct og_buf b = OG_BUF_INIT(0);
	og_buf_lit(&b, "exec plugin ");
	kcf_put_quoted(&b, og_svz(a->exec.command));
	if (a->user) {
		og_buf_lit(&b, " of user ");
		kcf_put_quoted(&b, og_svz(a->user));
	}
	char *label = og_buf_take(&b);
	og_buf_fini(&b);
	return label;
}

struct og_exec_plugin *og_exec_plugin_new(
	const struct og_kube_access *a, const struct og_exec_plugin_options *o, struct og_err *err)
{
	struct og_exec_plugin *p = og_calloc(1, sizeof(*p));
	if (!p) {
		og_err_set(err, OG_E_OOM, "out of memory");
		return NULL;
	}
	*p = (struct og_exec_plugin){.a = a,
		.env = o && o->env ? o->env : og_kube_env_system(),
		.stdin_unavailable = o && o->stdin_unavailable,
		.stdin_fd = o ? o->stdin_fd : 0,
		.timeout_ms = o && o->timeout_ms ? o->timeout_ms : OG_EXEC_TIMEOUT_MS,
		.out_fd = -1,
		.end_fd = -1,
		.deadline = INT64_MAX};
	p->label = make_label(a);
	p->watch_fd = epoll_create1(EPOLL_CLOEXEC);
	if (!p->label)
		og_err_set(err, OG_E_OOM, "out of memory");
	else if (p->watch_fd < 0)
		og_err_sys(err, errno, "%s: epoll_create", p->label);
	else
		return p;
	og_exec_plugin_free(p);
	return NULL;
}

static void close_at(int *fd)
{
	if (*fd >= 0)
		(void)close(*fd);
	*fd = -1;
}

/* Not running any more; what was printed is forgotten. */
static void finish(struct og_exec_plugin *p)
{
	close_at(&p->out_fd); /* closing takes them off the epoll */
	close_at(&p->end_fd);
	p->pid = 0;
	p->deadline = INT64_MAX;
	og_err_clear(&p->doom);
	og_buf_wipe(&p->out);
}

/* A group of its own is there unless it shares our terminal. */
static void kill_it(const struct og_exec_plugin *p)
{
	(void)kill(p->interactive ? p->pid : -p->pid, SIGKILL);
}

void og_exec_plugin_free(struct og_exec_plugin *p)
{
	if (!p)
		return;
	if (p->pid) {
		struct pollfd end = {.fd = p->end_fd, .events = POLLIN};
		kill_it(p);
		(void)poll(&end, 1, REAP_MS);
		(void)waitpid(p->pid, NULL, WNOHANG);
		finish(p);
	}
	og_buf_wipe(&p->out);
	kx_forget(&p->creds);
	if (p->watch_fd >= 0)
		(void)close(p->watch_fd);
	og_free(p->label);
	og_free(p);
}

bool og_exec_plugin_running(const struct og_exec_plugin *p)
{
	return p->pid != 0;
}

int og_exec_plugin_fd(const struct og_exec_plugin *p)
{
	return p->watch_fd;
}

int64_t og_exec_plugin_deadline(const struct og_exec_plugin *p)
{
	return p->deadline;
}

/* --- starting --- */

static int set_interactive(struct og_exec_plugin *p, struct og_err *err)
{
	bool terminal = !p->stdin_unavailable && isatty(p->stdin_fd);
	p->interactive = terminal && p->a->exec.interactive != OG_KUBE_INTERACTIVE_NEVER;
	if (p->interactive || p->a->exec.interactive != OG_KUBE_INTERACTIVE_ALWAYS)
		return 0;
	return og_err_set(err, OG_E_UNSUPPORTED,
		"%s has interactiveMode: Always, and standard input is %s", p->label,
		p->stdin_unavailable ? "used for something else" : "not a terminal");
}

static int set_attributes(const struct og_exec_plugin *p, posix_spawnattr_t *attr)
{
	static const int reset[] = {SIGHUP, SIGINT, SIGQUIT, SIGPIPE, SIGTERM, SIGCHLD, SIGUSR1,
		SIGUSR2, SIGTSTP, SIGTTIN, SIGTTOU, SIGALRM};
	int flags = POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF;
	sigset_t none, defaults;
	(void)sigemptyset(&none);
	(void)sigemptyset(&defaults);
	for (size_t i = 0; i < OG_COUNT(reset); i++)
		(void)sigaddset(&defaults, reset[i]);
	int rc = posix_spawnattr_setsigmask(attr, &none);
	if (!rc)
		rc = posix_spawnattr_setsigdefault(attr, &defaults);
	if (!rc && !p->interactive) { /* so that what it started can be ended with it */
		flags |= POSIX_SPAWN_SETPGROUP;
		rc = posix_spawnattr_setpgroup(attr, 0);
	}
	return rc ? rc : posix_spawnattr_setflags(attr, (short)flags);
}

static int set_files(const struct og_exec_plugin *p, int out, posix_spawn_file_actions_t *files)
{
	int rc = posix_spawn_file_actions_adddup2(files, out, STDOUT_FILENO);
	if (rc)
		return rc;
	if (!p->interactive)
		return posix_spawn_file_actions_addopen(
			files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	return p->stdin_fd ? posix_spawn_file_actions_adddup2(files, p->stdin_fd, STDIN_FILENO) : 0;
}

static int spawn(const struct og_exec_plugin *p, const char *path, char **argv, char **env, int out,
	pid_t *ret)
{
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attr;
	int rc = posix_spawn_file_actions_init(&files);
	if (rc)
		return rc;
	rc = posix_spawnattr_init(&attr);
	if (!rc) {
		rc = set_files(p, out, &files);
		if (!rc)
			rc = set_attributes(p, &attr);
		if (!rc)
			rc = posix_spawn(ret, path, &files, &attr, argv, env);
		(void)posix_spawnattr_destroy(&attr);
	}
	(void)posix_spawn_file_actions_destroy(&files);
	return rc;
}

/* A descriptor that is readable when the program has ended, or when it is time to look. */
static int open_end(pid_t pid)
{
	int fd = (int)syscall(SYS_pidfd_open, pid, 0);
	if (fd >= 0)
		return fd;
	struct itimerspec every = {.it_interval.tv_nsec = NO_PIDFD_MS * OG_NS_PER_MS,
		.it_value.tv_nsec = NO_PIDFD_MS * OG_NS_PER_MS};
	fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (fd >= 0)
		(void)timerfd_settime(fd, 0, &every, NULL);
	return fd;
}

static int watch(const struct og_exec_plugin *p, int fd)
{
	struct epoll_event ev = {.events = EPOLLIN, .data.fd = fd};
	return epoll_ctl(p->watch_fd, EPOLL_CTL_ADD, fd, &ev);
}

static char **arguments(const struct og_exec_plugin *p, struct og_arena *a)
{
	const struct og_kube_exec *x = &p->a->exec;
	char **argv = og_arena_new_n(a, x->nargs + 2, char *);
	if (!argv)
		return NULL;
	argv[0] = og_arena_fmt(a, "%s", x->command);
	for (size_t i = 0; i < x->nargs; i++)
		argv[i + 1] = og_arena_fmt(a, "%s", x->args[i]);
	return a->failed ? NULL : argv;
}

static int launch(struct og_exec_plugin *p, struct og_arena *a, int pipe_fds[2], struct og_err *err)
{
	const char *path = kx_find(p, a, err);
	if (!path)
		return err ? -(int)err->code : -OG_E_NOT_FOUND;
	char **argv = arguments(p, a), **env = kx_environment(p, a);
	if (!argv || !env || !og_buf_reserve(&p->out, FIRST_READ))
		return og_err_set(err, OG_E_OOM, "out of memory for %s", p->label);
	if (pipe2(pipe_fds, O_CLOEXEC) < 0)
		return og_err_sys(err, errno, "%s: pipe", p->label);
	if (fcntl(pipe_fds[0], F_SETFL, O_NONBLOCK) < 0)
		return og_err_sys(err, errno, "%s: pipe", p->label);
	int sys = spawn(p, path, argv, env, pipe_fds[1], &p->pid);
	if (sys) {
		p->pid = 0;
		return og_err_sys(err, sys, "%s: starting %s", p->label, path);
	}
	p->out_fd = pipe_fds[0];
	pipe_fds[0] = -1;
	p->end_fd = open_end(p->pid);
	if (p->end_fd >= 0 && watch(p, p->out_fd) == 0 && watch(p, p->end_fd) == 0)
		return 0;
	sys = errno;
	kill_it(p);
	(void)waitpid(p->pid, NULL, 0);
	return og_err_sys(err, sys, "%s: watching it", p->label);
}

int og_exec_plugin_start(struct og_exec_plugin *p, int64_t now_mono, struct og_err *err)
{
	struct og_err own = OG_ERR_INIT;
	og_auto_arena_wipe struct og_arena a;
	int pipe_fds[2] = {-1, -1};
	og_arena_init(&a, 0, 0); /* first of all: its end is automatic */
	if (p->pid)
		return 0;
	err = err ? err : &own;
	int rc = set_interactive(p, err);
	if (!rc)
		rc = launch(p, &a, pipe_fds, err);
	close_at(&pipe_fds[0]);
	close_at(&pipe_fds[1]);
	if (rc)
		finish(p);
	else if (!p->interactive)
		p->deadline = now_mono + p->timeout_ms * OG_NS_PER_MS;
	return rc;
}

/* --- while it runs --- */

/* Reads what is there. Sets p->doom when it is too much. */
static void drain(struct og_exec_plugin *p)
{
	while (p->out_fd >= 0 && p->doom.code == OG_OK) {
		struct og_buf *b = &p->out;
		if (b->cap - b->len < 2 && !kcf_grow_wiped(b, b->cap * 2)) {
			og_err_set(
				&p->doom, OG_E_OOM, "out of memory for what %s prints", p->label);
			return;
		}
		ssize_t n = read(p->out_fd, b->p + b->len, b->cap - b->len - 1);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			return;
		if (n <= 0) { /* level-triggered: an end would be told for ever */
			close_at(&p->out_fd);
			return;
		}
		b->len += (size_t)n;
		if (b->len > OG_EXEC_OUTPUT_BYTES)
			og_err_set(&p->doom, OG_E_LIMIT, "%s printed more than %d bytes", p->label,
				OG_EXEC_OUTPUT_BYTES);
	}
}

static int judge(struct og_exec_plugin *p, int status, int64_t now_wall, struct og_err *err)
{
	if (p->doom.code != OG_OK) {
		if (err)
			*err = p->doom;
		return -(int)p->doom.code;
	}
	if (WIFSIGNALED(status))
		return og_err_set(
			err, OG_E_INVALID, "%s was ended by signal %d", p->label, WTERMSIG(status));
	if (WEXITSTATUS(status) != 0)
		return og_err_set(err, OG_E_INVALID,
			"%s failed with exit code %d; its own message is on standard error",
			p->label, WEXITSTATUS(status));
	return kx_read(p, og_buf_view(&p->out), now_wall, err);
}

static void doom(struct og_exec_plugin *p, int64_t now)
{
	if (p->doom.code == OG_OK)
		og_err_set(&p->doom, OG_E_TIMEOUT, "%s did not end within %d seconds", p->label,
			(p->timeout_ms + 999) / 1000);
	kill_it(p);
	close_at(&p->out_fd);
	p->deadline = now + STUCK_MS * OG_NS_PER_MS;
}

int og_exec_plugin_step(
	struct og_exec_plugin *p, int64_t now_mono, int64_t now_wall, struct og_err *err)
{
	int status = 0;
	uint64_t ticks;
	if (!p->pid)
		return 0;
	bool doomed = p->doom.code != OG_OK;
	pid_t got;
	do
		got = waitpid(p->pid, &status, WNOHANG);
	while (got < 0 && errno == EINTR);
	drain(p); /* after the look: whatever it printed before it ended is in the pipe by now */
	if (got == 0 && (p->doom.code != OG_OK || now_mono >= p->deadline)) {
		if (!doomed) {
			doom(p, now_mono);
			return 1;
		}
		if (now_mono >= p->deadline)
			got = p->pid; /* killed, and not to be had: the verdict is known */
	}
	if (got == 0) {
		(void)!read(p->end_fd, &ticks, sizeof(ticks)); /* a timer; a pidfd gives EINVAL */
		return 1;
	}
	int rc = got < 0 ? og_err_sys(err, errno, "%s: waiting for it", p->label)
			 : judge(p, status, now_wall, err);
	finish(p);
	return rc;
}

int og_exec_plugin_run(struct og_exec_plugin *p, struct og_err *err)
{
	const struct og_clock *c = og_clock_system();
	int rc = og_exec_plugin_start(p, og_clock_mono_ns(c), err);
	while (!rc && p->pid) {
		struct pollfd fd = {.fd = p->watch_fd, .events = POLLIN};
		int64_t now = og_clock_mono_ns(c), ms = -1;
		if (p->deadline != INT64_MAX)
			ms = p->deadline > now ? (p->deadline - now) / OG_NS_PER_MS + 1 : 0;
		(void)poll(&fd, 1, (int)ms);
		rc = og_exec_plugin_step(p, og_clock_mono_ns(c), og_clock_wall_ns(c), err);
		if (rc == 1)
			rc = 0;
	}
	return rc;
}
