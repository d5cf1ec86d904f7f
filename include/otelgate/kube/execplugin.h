/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Credential plugins (exec in a kubeconfig): a program that prints an ExecCredential of
 * client.authentication.k8s.io/v1 or v1beta1, as client-go runs it (plugin/pkg/client/auth/exec).
 *
 * The program is run without a shell, with the environment given, the plugin's own variables over
 * it and KUBERNETES_EXEC_INFO. Its standard error is ours; its standard input is ours when it is
 * interactive and nothing otherwise. It ends when it exits: children that keep its standard output
 * open are not waited for. What it prints is never logged.
 *
 * Never blocks but in og_exec_plugin_run. In an event loop:
 *
 *	og_exec_plugin_start(p, now, &err)                        when creds() gives NULL
 *	watch og_exec_plugin_fd(p) for reading, and a timer at og_exec_plugin_deadline(p)
 *	og_exec_plugin_step(p, now, wall, &err)                   at each of them: 1 = go on
 *watching
 *
 * Runs are serialised: start while it runs changes nothing. One thread. While it runs, SIGCHLD must
 * not be ignored and nobody else may wait for "any child".
 */
#include <stdint.h>
#include "otelgate/kube/kubeconfig.h"

enum {
	OG_EXEC_OUTPUT_BYTES = 1 << 20,
	OG_EXEC_TIMEOUT_MS = 60000, /* not interactive; client-go has none */
};

struct og_exec_plugin;

/* What a plugin gave. */
struct og_exec_creds {
	struct og_secret token;	     /* unset = none */
	const char *client_cert;     /* PEM; NULL = none */
	struct og_secret client_key; /* set with client_cert */
	/* Wall nanoseconds; 0 = until the server says 401. What is past when it is printed counts
	 * as ten seconds: the clocks may differ. */
	int64_t expires;
	unsigned generation;	  /* of all credentials of this plugin, from 1 */
	unsigned cert_generation; /* changes when connections have to be made anew */
};

struct og_exec_plugin_options {
	const struct og_kube_env
		*env;		/* NULL = the process's; `vars` is inherited, PATH is `get`'s */
	bool stdin_unavailable; /* standard input is used otherwise: "-f -" */
	int timeout_ms;		/* 0 = OG_EXEC_TIMEOUT_MS */
	int stdin_fd;		/* terminal for interactive plugins; 0 is standard input */
};

/*
 * `a` has to outlive the plugin; its bearer is OG_KUBE_BEARER_EXEC. Runs nothing. Errors: OOM,
 * LIMIT (the environment gets too large), UNSUPPORTED (interactiveMode Always without a terminal).
 */
struct og_exec_plugin *og_exec_plugin_new(
	const struct og_kube_access *a, const struct og_exec_plugin_options *o, struct og_err *err);
/* Ends a running program. NULL is fine. */
void og_exec_plugin_free(struct og_exec_plugin *p);

/* Starts a run unless one is under way. NOT_FOUND (with the install hint), IO, UNSUPPORTED, OOM. */
int og_exec_plugin_start(struct og_exec_plugin *p, int64_t now_mono, struct og_err *err);
bool og_exec_plugin_running(const struct og_exec_plugin *p);
/* To be watched for reading; the same for all of the plugin's life. */
int og_exec_plugin_fd(const struct og_exec_plugin *p);
/* Monotonic nanoseconds at which to call step at the latest; INT64_MAX = never. */
int64_t og_exec_plugin_deadline(const struct og_exec_plugin *p);
/*
 * 1 the program is still running; 0 it is done and creds() gives what it printed (or nothing was
 * running); negative: it failed, and what was there before stays. TIMEOUT, INVALID
 * (exit code, wrong output), LIMIT (too much output), OOM, IO.
 */
int og_exec_plugin_step(
	struct og_exec_plugin *p, int64_t now_mono, int64_t now_wall, struct og_err *err);
/* start and step until it is done, waiting on the descriptor: for commands. */
int og_exec_plugin_run(struct og_exec_plugin *p, struct og_err *err);

/* Credentials that are not expired at now_wall, borrowed until the next step; NULL = none. */
const struct og_exec_creds *og_exec_plugin_creds(const struct og_exec_plugin *p, int64_t now_wall);
/* After a 401 to credentials of this generation: forgets them unless they are others by now. */
void og_exec_plugin_drop(struct og_exec_plugin *p, unsigned generation);
