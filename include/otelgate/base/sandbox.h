/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * What a service gives up before it reads a byte from the network: with Landlock
 * (https://docs.kernel.org/userspace-api/landlock.html, Linux 5.13) it can no longer write, create,
 * remove or rename files, execute programs, control devices, listen on further TCP ports, signal
 * other processes or reach abstract UNIX sockets, whatever it is talked into. Reading stays: what
 * is mounted into its pod is what it needs. Files that are open already, like the log, stay usable.
 *
 * Each kernel enforces what it knows: files since ABI 1, renaming between folders 2, truncation 3,
 * TCP ports 4, devices 5, signals and abstract sockets 6.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "otelgate/base/err.h"

enum og_sandbox_mode {
	OG_SANDBOX_AUTO,     /* as far as the kernel can */
	OG_SANDBOX_REQUIRED, /* an error where it cannot restrict files */
	OG_SANDBOX_OFF,
};

struct og_sandbox {
	enum og_sandbox_mode mode;
	bool runs_programs;    /* credential plugins: what they may do cannot be foreseen, so that
				  files and programs stay unrestricted */
	const char *write_dir; /* a folder in which files may be replaced; NULL = none */
	const uint16_t *ports; /* TCP ports to listen on, 0 = any free one */
	size_t nports;
};

/* What came of it. */
struct og_sandbox_state {
	int abi; /* of Landlock; 0 = the kernel has none, or it is switched off */
	bool files, tcp, devices, scope;
	const char *why; /* static; when nothing is restricted; else NULL */
};

/*
 * Restricts the calling thread and all that it starts from now on, for good: call it before there
 * are other threads. Sets no_new_privs, which outlives execve, too. Nothing is restricted after an
 * error. Errors: OG_E_UNSUPPORTED with OG_SANDBOX_REQUIRED; OG_E_IO when write_dir cannot be opened
 * or the kernel refuses.
 */
int og_sandbox_enter(const struct og_sandbox *s, struct og_sandbox_state *ret, struct og_err *err);
