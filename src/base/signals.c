/* SPDX-License-Identifier: Apache-2.0 */
/* Termination and reload signals through a signalfd. */
#include "otelgate/base/signals.h"
#include "otelgate/base/mem.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

static const int watched[] = {SIGTERM, SIGINT, SIGHUP};

static sigset_t watched_set(void)
{
	sigset_t set;
	sigemptyset(&set);
	for (size_t i = 0; i < OG_COUNT(watched); i++)
		sigaddset(&set, watched[i]);
	return set;
}

int og_signals_open(struct og_signals *s, struct og_err *err)
{
	sigset_t set = watched_set();
	int rc = pthread_sigmask(SIG_BLOCK, &set, NULL);
	if (rc)
		return og_err_sys(err, rc, "blocking signals");
	int fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	if (fd < 0) {
		int saved = errno;
		(void)pthread_sigmask(SIG_UNBLOCK, &set, NULL);
		return og_err_sys(err, saved, "opening a signalfd");
	}
	struct sigaction ignore = {.sa_handler = SIG_IGN};
	(void)sigaction(SIGPIPE, &ignore, NULL);
	s->fd = fd;
	return 0;
}

int og_signals_next(struct og_signals *s)
{
	struct signalfd_siginfo info;
	for (;;) {
		ssize_t n = read(s->fd, &info, sizeof(info));
		if (n == (ssize_t)sizeof(info))
			return (int)info.ssi_signo;
		if (n < 0 && errno == EINTR)
			continue;
		return 0;
	}
}

void og_signals_close(struct og_signals *s)
{
	if (s->fd < 0)
		return;
	(void)close(s->fd);
	s->fd = -1;
	sigset_t set = watched_set();
	(void)pthread_sigmask(SIG_UNBLOCK, &set, NULL);
}

void og_signals_reset_child(void)
{
	struct sigaction dfl = {.sa_handler = SIG_DFL};
	(void)sigaction(SIGPIPE, &dfl, NULL);
	sigset_t none;
	sigemptyset(&none);
	(void)pthread_sigmask(SIG_SETMASK, &none, NULL);
}
