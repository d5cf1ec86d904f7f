/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Time as an injected interface: code that needs time takes a `const struct og_clock *`, so that
 * tests can turn the clock themselves (tests/support/fakeclock.h).
 */
#include <stdint.h>

#define OG_NS_PER_MS 1000000LL
#define OG_NS_PER_S  1000000000LL

struct og_clock {
	int64_t (*mono_ns)(void *ctx); /* never steps back; origin is arbitrary */
	int64_t (*wall_ns)(void *ctx); /* nanoseconds since 1970-01-01T00:00:00Z, may step */
	void *ctx;
};

/* CLOCK_MONOTONIC and CLOCK_REALTIME. Static storage, thread-safe. */
const struct og_clock *og_clock_system(void);

static inline int64_t og_clock_mono_ns(const struct og_clock *c)
{
	return c->mono_ns(c->ctx);
}
static inline int64_t og_clock_wall_ns(const struct og_clock *c)
{
	return c->wall_ns(c->ctx);
}
static inline int64_t og_clock_mono_ms(const struct og_clock *c)
{
	return c->mono_ns(c->ctx) / OG_NS_PER_MS;
}
