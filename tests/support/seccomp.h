/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <linux/seccomp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Whether filters of system calls can be had: valgrind knows nothing of them. Says when not. */
static inline bool seccomp_here(void)
{
	uint32_t action = SECCOMP_RET_KILL_PROCESS;

	if (syscall(__NR_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) == 0)
		return true;
	puts("skipped: seccomp(2) is not to be had here");
	return false;
}
