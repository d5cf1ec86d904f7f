/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Leader election on a coordination.k8s.io/v1 Lease, as client-go does it
 * (kubernetes/client-go tools/leaderelection/leaderelection.go; L-1 … L-9): times of others are
 * never compared with our clock, only whether the record has changed since we last looked.
 */
#include "otelgate/kube/client.h"

struct og_lease;
struct og_lease_opts {
	struct og_kube *kube;
	const char *ns, *name;
	const char *identity; /* NULL = "<hostname>_<uuid>" (L-2) */
	int64_t duration_ms;  /* 0 = 15,000 */
	int64_t renew_ms;     /* 0 = 10,000: deadline for a renewal */
	int64_t retry_ms;     /* 0 = 2,000 */
	uint64_t seed;
	struct og_metrics *metrics; /* leader_election_master_status */
	void *ctx;
	void (*on_started)(void *ctx); /* we lead */
	/* We lead no longer: whatever only a leader may do has to stop at once. */
	void (*on_stopped)(void *ctx);
	void (*on_leader)(void *ctx, struct og_sv identity); /* someone else does. Optional */
};
/* duration > renew > 1.2 * retry, else INVALID. */
int og_lease_start(const struct og_lease_opts *o, struct og_lease **ret, struct og_err *err);
/* Gives the lease back when we hold it (holderIdentity "", L-7), then on_done; bounded by renew_ms.
 */
void og_lease_release(struct og_lease *l, void (*on_done)(void *ctx), void *ctx);
void og_lease_free(struct og_lease *l); /* without giving it back. NULL is fine */
/* True while a write is covered: last renewal + renew_ms is not over (L-8). */
bool og_lease_holds(const struct og_lease *l);
/* L-9: false when we think we lead and have not renewed for duration + 5 s. [any thread] */
bool og_lease_healthy(const struct og_lease *l);
const char *og_lease_identity(const struct og_lease *l);
const char *og_lease_holder(const struct og_lease *l);
