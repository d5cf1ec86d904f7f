/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* The members of og_rollout_facts as a table: reading and packing walk it. */
#include <stddef.h>
#include "otelgate/kobj/rollout.h"

enum rollout_type { RT_I32, RT_I64, RT_BOOL, RT_TEXT, RT_TIME };

/* A kind's bit. */
#define RB(k) (1u << OG_RK_##k)
#define RB_SCALED \
	(RB(DEPLOYMENT) | RB(REPLICASET) | RB(STATEFULSET) | RB(ARGO) | RB(REPLICATION_CONTROLLER))

struct rollout_member {
	unsigned kinds;	  /* that have it */
	const char *path; /* "status.updatedReplicas" */
	uint16_t offset;
	uint8_t type; /* enum rollout_type */
	int32_t def;  /* of numbers that are absent */
};
