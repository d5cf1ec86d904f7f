/* SPDX-License-Identifier: Apache-2.0 */
/* One workload looked at: what it is to be, what runs, what to write. */
#include "workloads-priv.h"

void workloads_work(struct controller *c, struct og_sv key)
{
	controller_done(c, PART_WORKLOADS, key, OG_QUEUE_OK, -1);
}
