/* SPDX-License-Identifier: Apache-2.0 */
#include "support/fakeclock.h"

#include <stdatomic.h>

static int64_t mono_ns(void *ctx)
{
	struct og_fakeclock *f = ctx;
	return atomic_load(&f->mono);
}

static int64_t wall_ns(void *ctx)
{
	struct og_fakeclock *f = ctx;
	return atomic_load(&f->wall);
}

void og_fakeclock_init(struct og_fakeclock *f)
{
	f->clock = (struct og_clock){mono_ns, wall_ns, f};
	atomic_store(&f->mono, OG_NS_PER_S);
	atomic_store(&f->wall, 1714979289 * OG_NS_PER_S);
}

void og_fakeclock_advance_ms(struct og_fakeclock *f, int64_t ms)
{
	atomic_fetch_add(&f->mono, ms * OG_NS_PER_MS);
	og_fakeclock_step_wall_ms(f, ms);
}

void og_fakeclock_step_wall_ms(struct og_fakeclock *f, int64_t ms)
{
	atomic_fetch_add(&f->wall, ms * OG_NS_PER_MS);
}
