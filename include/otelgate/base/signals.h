/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * SIGTERM, SIGINT and SIGHUP as a file descriptor for a main loop; SIGPIPE is ignored.
 * To be opened by the main thread before any other thread starts, because threads inherit the
 * mask that keeps these signals from being delivered elsewhere.
 */
#include "otelgate/base/err.h"

struct og_signals {
	int fd; /* signalfd, non-blocking, close-on-exec; poll for reading. -1 when closed */
};
#define OG_SIGNALS_INIT  \
	{                \
		.fd = -1 \
	}

int og_signals_open(struct og_signals *s, struct og_err *err);
/* The next pending signal number, 0 when there is none. */
int og_signals_next(struct og_signals *s);
/* Closes the descriptor and restores the mask for the three signals in this thread. */
void og_signals_close(struct og_signals *s);
/* For children between fork and exec: default dispositions, nothing blocked. */
void og_signals_reset_child(void);
