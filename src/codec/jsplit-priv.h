/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* The inside of a container: skipped in blocks of 64 bytes. */
#include "otelgate/codec/jsplit.h"

enum { OG_JSPLIT_DEPTH = 256 }; /* bits of og_jsplit.stack_ */
extern const char og_jsplit_too_deep[];

/* A value that is a container begins; its bracket has been taken. */
static inline void og_jsplit_open(struct og_jsplit *s, bool object)
{
	s->depth_ = 1;
	s->stack_[0] = object;
}

/*
 * Until that container is closed (depth_ is 0 then) or the text ends; returns the position behind
 * what was taken. NULL: an error, *ret_at and *ret_why say which.
 */
const unsigned char *og_jsplit_skip(struct og_jsplit *s, const unsigned char *p,
	const unsigned char *end, const unsigned char **ret_at, const char **ret_why);
