/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* A clock that stands still until the test turns it. One thread turns, any thread reads. */
#include "otelgate/base/clock.h"

struct og_fakeclock {
	struct og_clock clock; /* hand &f->clock to the code under test */
	_Atomic int64_t mono, wall;
};

/* mono starts at 1 s, wall at 2024-05-06T07:08:09Z. */
void og_fakeclock_init(struct og_fakeclock *f);
void og_fakeclock_advance_ms(struct og_fakeclock *f, int64_t ms); /* both */
void og_fakeclock_step_wall_ms(struct og_fakeclock *f, int64_t ms);
