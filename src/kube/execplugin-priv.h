/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* Running a credential plugin and reading what it prints. */
#include <sys/types.h>
#include "kubeconfig-priv.h"
#include "otelgate/kube/execplugin.h"

struct og_exec_plugin {
	const struct og_kube_access *a;
	const struct og_kube_env *env;
	bool stdin_unavailable;
	int stdin_fd, timeout_ms;
	char *label; /* for messages: exec plugin "x" of user "u" */

	int watch_fd; /* epoll: readable when there is something to do */
	int out_fd;   /* its standard output; -1 after the end of it */
	int end_fd;   /* pidfd, or a timer where there is none */
	pid_t pid;    /* 0 = not running */
	bool interactive;
	int64_t deadline;   /* monotonic; INT64_MAX = none */
	struct og_err doom; /* why it was killed; OK = it was not */
	struct og_buf out;

	bool have;
	struct og_exec_creds creds;
	unsigned generation, cert_generation;
};

/* execplugin_env.c: the program's environment, in the arena. NULL = out of memory. */
char **kx_environment(const struct og_exec_plugin *p, struct og_arena *a);
/* The program's file, in the arena; NULL with the error set. */
const char *kx_find(const struct og_exec_plugin *p, struct og_arena *a, struct og_err *err);

/* execplugin_read.c: takes over p->creds from what was printed. */
int kx_read(struct og_exec_plugin *p, struct og_sv text, int64_t now_wall, struct og_err *err);
/* Zeroes and releases. */
void kx_forget(struct og_exec_creds *c);
