/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* The list of system calls, apart from what makes a filter of it. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	OG_SECCOMP_ARGS = 3,
	OG_SECCOMP_NEWEST = 469, /* file_setattr of Linux 6.17: later ones were not looked at */
};

/* Of an argument the lower 32 bits, which is all that the kernel reads of those that are looked at:
 * (argument & mask) == value; mask 0 = not looked at. */
struct og_seccomp_arg {
	uint32_t mask, value;
	uint8_t at; /* which argument, from 0 */
	bool self;  /* value is the id of the process */
};

/* Several rows of one number: any of them allows it. */
struct og_seccomp_call {
	uint16_t nr;
	bool writes; /* only where files may be replaced */
	struct og_seccomp_arg arg[OG_SECCOMP_ARGS];
};

extern const struct og_seccomp_call og_seccomp_calls[];
extern const size_t og_seccomp_ncalls; /* 0: no list for this architecture */
extern const uint32_t og_seccomp_arch; /* AUDIT_ARCH_* */
