/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * The system calls that a service may use from now on, all others refused (seccomp,
 * https://docs.kernel.org/userspace-api/seccomp_filter.html). Landlock (base/sandbox.h) says which
 * files, ports and processes; this takes away the ways into the kernel that a service never needs:
 * tracing and reading other processes, mounting, BPF, keys, io_uring, namespaces, modules,
 * programs, processes, odd kinds of sockets, memory that is writable and executable.
 *
 * The list is a table, src/base/seccomp_calls.c, each row with its reason. It is generous with what
 * a C library, a resolver, a TLS library may come to use in another version, and knows some calls
 * by their arguments too. A filter of this form needs no library: libseccomp would bring names for
 * numbers, which the kernel's own header gives as well, and architectures that we do not build for.
 */
#include <stdbool.h>
#include <stddef.h>
#include "otelgate/base/err.h"

/* What becomes of a call that is not in the list. */
enum og_seccomp_mode {
	OG_SECCOMP_OFF,	  /* no list */
	OG_SECCOMP_LOG,	  /* it works, and the kernel's audit log names it */
	OG_SECCOMP_ERRNO, /* EPERM */
	OG_SECCOMP_KILL,  /* the process ends at once, by SIGSYS, and the audit log names it */
};

struct og_seccomp {
	enum og_seccomp_mode mode;
	bool writes_files;  /* a file may be replaced, as og_fs_write_atomic does */
	bool runs_programs; /* credential plugins: what they call cannot be foreseen */
};

/*
 * Restricts all threads of the process, and what they start, for good, after no_new_privs. A call
 * that is newer than the list is answered ENOSYS, as an older kernel would, whatever the mode is,
 * so that a newer C library takes its older way; so is clone3, whose flags no filter can see.
 * Foreign architectures (i386, x32) are not in the list. *ret_calls: how many system calls are
 * allowed, 0 with OG_SECCOMP_OFF. Nothing is restricted after an error. Errors: OG_E_UNSUPPORTED
 * when programs have to run or on an architecture without a list; OG_E_IO when the kernel refuses.
 */
int og_seccomp_enter(const struct og_seccomp *s, size_t *ret_calls, struct og_err *err);
