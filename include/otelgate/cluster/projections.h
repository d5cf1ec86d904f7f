/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * What is kept of watched objects beside their metadata: the `extra` of records. Never a Secret's
 * values, never a whole pod but one that has no owner.
 *
 *   POLICIES, SERVICES, REGISTRATION   JSON: the spec; the whole object for the registration
 *   TELEMETRY                          core/telemetry.h
 *   STATUSES                           JSON: the status; "" = none
 *   the others                         struct og_cluster_extra
 */
#include "otelgate/kube/store.h"

struct og_cluster_extra {
	int64_t written_s;  /* og_optin_written_s; 0 = unknown */
	int64_t generation; /* metadata.generation; 0 = none */
	/* WORKLOADS and PODSTATES: what decides on a rollout, as kobj packs it; "" = none. */
	struct og_sv facts;
	/*
	 * JSON, only of objects that no kind of workload owns; "" = none. Of a workload its spec
	 * with selector and template as `spec`; of a pod `metadata` and `spec`. What no decision
	 * reads of a pod's spec is left out.
	 */
	struct og_sv object;
};
/* Views of the record; zero for what is not there. False when it is none of these. */
bool og_cluster_extra_read(struct og_sv extra, struct og_cluster_extra *ret);
