/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* A pod's digests: what its owner wrote, without what injection adds. */
#include "otelgate/kobj/podstate.h"

struct podstate_record { /* the record of the injection; absent values without one */
	struct og_jval sets, containers;
};

enum { PODSTATE_CONTAINERS = 256 }; /* of each list that are looked at */

bool podstate_is_own(struct og_sv container);
void podstate_digest(struct og_jval spec, const struct podstate_record *rec, struct og_arena *arena,
	struct og_pod_state *s);
