/* SPDX-License-Identifier: Apache-2.0 */
/* The system's clocks. */
#include "otelgate/base/clock.h"

#include <time.h>

static int64_t read_clock(clockid_t id)
{
	struct timespec ts = {0, 0};
	(void)clock_gettime(id, &ts); /* cannot fail for these two clocks */
	return (int64_t)ts.tv_sec * OG_NS_PER_S + ts.tv_nsec;
}

static int64_t mono_ns(void *ctx)
{
	(void)ctx;
	return read_clock(CLOCK_MONOTONIC);
}

static int64_t wall_ns(void *ctx)
{
	(void)ctx;
	return read_clock(CLOCK_REALTIME);
}

const struct og_clock *og_clock_system(void)
{
	static const struct og_clock system_clock = {mono_ns, wall_ns, NULL};
	return &system_clock;
}
