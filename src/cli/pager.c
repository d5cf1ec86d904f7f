/* SPDX-License-Identifier: Apache-2.0 */
#include "pager-priv.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include "otelgate/base/fs.h"
#include "otelgate/base/mem.h"

/* What a shell answers for a command that is not there, or may not be run (POSIX, XCU 2.8.2). */
enum { NOT_EXECUTABLE = 126, NOT_FOUND = 127 };

/* Whether it takes more lines than the terminal has, the prompt's one kept free. Sequences that
 * colour count as columns: rather once too often, since less ends by itself when all fits. */
static bool too_long(int fd, struct og_sv text)
{
	struct winsize ws = {0};
	struct og_sv line;
	size_t lines = 0;

	if (ioctl(fd, TIOCGWINSZ, &ws) != 0 || ws.ws_row == 0 || ws.ws_col == 0)
		return false;
	while (lines < ws.ws_row && og_sv_split(&text, '\n', &line))
		lines += 1 + line.n / ws.ws_col;
	return lines >= ws.ws_row;
}

const char *og_pager_command(const struct og_cli *cli, struct og_sv text)
{
	const char *term = cli->env("TERM"), *pager = cli->env("OTELGATE_PAGER");

	if (cli->no_pager || isatty(cli->out_fd) != 1 || !term || !*term ||
		strcmp(term, "dumb") == 0 || !too_long(cli->out_fd, text))
		return NULL;
	if (!pager)
		pager = cli->env("PAGER");
	if (!pager)
		pager = "command -v less >/dev/null && exec less; exec cat";
	pager += strspn(pager, " \t"); /* of blanks a shell makes nothing */
	return *pager && strcmp(pager, "cat") != 0 ? pager : NULL;
}

/* The environment with the two defaults. The array is the caller's, its texts are not. */
static char **pager_environment(void)
{
	static const char *const names[] = {"LESS=", "LV="};
	static char less[] = "LESS=FRX", lv[] = "LV=-c";
	char *const defaults[] = {less, lv};
	size_t n = 0;
	char **env;

	while (environ[n])
		n++;
	env = og_calloc(n + OG_COUNT(names) + 1, sizeof(*env));
	if (!env)
		return NULL;
	memcpy(env, environ, n * sizeof(*env));
	for (size_t i = 0; i < OG_COUNT(names); i++) {
		size_t at = 0;
		while (at < n && strncmp(env[at], names[i], strlen(names[i])) != 0)
			at++;
		if (at == n)
			env[n++] = defaults[i];
	}
	return env;
}

/* Reads from in, writes to out. Signals are as in a program that a shell has started. */
static int start(const char *command, int in, int out, pid_t *ret_pid)
{
	static char sh[] = "sh", dash_c[] = "-c";
	og_auto_free char *line = og_strdup(command);
	og_auto_free char **env = pager_environment();
	char *argv[] = {sh, dash_c, line, NULL};
	posix_spawn_file_actions_t fds;
	posix_spawnattr_t attr;
	sigset_t all;

	if (!line || !env || posix_spawn_file_actions_init(&fds))
		return ENOMEM;
	if (posix_spawnattr_init(&attr)) {
		(void)posix_spawn_file_actions_destroy(&fds);
		return ENOMEM;
	}
	(void)sigemptyset(&all);
	(void)sigaddset(&all, SIGINT);
	(void)sigaddset(&all, SIGQUIT);
	(void)sigaddset(&all, SIGPIPE);
	int rc = posix_spawn_file_actions_adddup2(&fds, in, STDIN_FILENO);
	if (rc == 0)
		rc = posix_spawn_file_actions_adddup2(&fds, out, STDOUT_FILENO);
	if (rc == 0)
		rc = posix_spawnattr_setsigdefault(&attr, &all);
	if (rc == 0)
		rc = posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGDEF);
	if (rc == 0)
		rc = posix_spawn(ret_pid, "/bin/sh", &fds, &attr, argv, env);
	(void)posix_spawn_file_actions_destroy(&fds);
	(void)posix_spawnattr_destroy(&attr);
	return rc;
}

/* Who types Ctrl-C into a pager means the pager: it decides. */
static int wait_for(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return 0;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 0;
}

bool og_pager_show(const struct og_cli *cli, const char *command, struct og_sv text)
{
	struct sigaction ignore = {.sa_handler = SIG_IGN}, was[3];
	static const int quiet[] = {SIGINT, SIGQUIT, SIGPIPE};
	int ends[2], code = NOT_FOUND;
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) != 0)
		return false;
	for (size_t i = 0; i < OG_COUNT(quiet); i++)
		(void)sigaction(quiet[i], &ignore, &was[i]);
	if (start(command, ends[0], cli->out_fd, &pid) == 0) {
		(void)close(ends[0]); /* so that a write fails once the pager is left */
		ends[0] = -1;
		(void)og_fs_write_all(ends[1], "the pager", text.p, text.n, NULL);
		(void)close(ends[1]);
		ends[1] = -1;
		code = wait_for(pid);
	}
	for (size_t i = 0; i < OG_COUNT(ends); i++)
		if (ends[i] >= 0)
			(void)close(ends[i]);
	for (size_t i = 0; i < OG_COUNT(quiet); i++)
		(void)sigaction(quiet[i], &was[i], NULL);
	return code != NOT_FOUND && code != NOT_EXECUTABLE;
}
