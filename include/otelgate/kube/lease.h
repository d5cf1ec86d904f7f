/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Leader election on a coordination.k8s.io/v1 Lease, as client-go does it
 * (kubernetes/client-go tools/leaderelection/leaderelection.go; L-1 … L-9): times of others are
 * never compared with our clock, only whether the record has changed since we last looked.
 *
 * Stricter than client-go where that costs nothing: our claim is counted from the sending of a
 * renewal, not from its answer; a Lease that was deleted is not taken before the claim last seen
 * has run out; one that names someone else ends ours at once. Time is CLOCK_BOOTTIME with the
 * system's clock, so that a suspended machine does not wake up as a leader.
 *
 * Everything belongs to the loop's thread, except where it says otherwise. After on_stopped it is a
 * candidate again; a process that cannot undo its leader's work ends itself there (L-7).
 */
#include "otelgate/kube/client.h"

struct og_lease;
struct og_lease_opts {
	struct og_kube *kube;
	const char *ns, *name;
	/* NULL = "<hostname>_<uuid>" (L-2). No other process may ever use the same. */
	const char *identity;
	int64_t duration_ms; /* whole seconds; 0 = 15,000 */
	int64_t renew_ms;    /* 0 = 10,000: deadline for a renewal */
	int64_t retry_ms; /* 0 = 2,000; a renewal that is refused is tried after a quarter of it */
	/* Who does not lead looks that often, up to a quarter later: what a hand-over takes. 0 = as
	 * client-go, retry_ms to 2.2 times that. It only reads. */
	int64_t candidate_ms;
	uint64_t seed;
	struct og_metrics *metrics; /* NULL = none; og_lease_metrics below */
	void *ctx;
	/* Callbacks may call any function of the lease, og_lease_free included. */
	void (*on_started)(void *ctx); /* we lead */
	/* We lead no longer: whatever only a leader may do has to stop at once. When the claim ran
	 * out, this is called before any other callback of the loop, however late it wakes up. Once
	 * for each on_started, except after og_lease_free. */
	void (*on_stopped)(void *ctx);
	void (*on_leader)(void *ctx, struct og_sv identity); /* someone else does. Optional */
};
/* duration > renew > 1.2 * retry, else INVALID. Strings are copied. The first attempt is made in
 * the next turn of the loop. */
int og_lease_start(const struct og_lease_opts *o, struct og_lease **ret, struct og_err *err);
/* Gives the lease back when we hold it (holderIdentity "", L-7), then on_done, never before this
 * has returned; bounded by renew_ms. While we lead, on_stopped is called at once, from within: the
 * leader's work must have ended before someone else may begin. Afterwards the lease only waits to
 * be freed; on_done may do it. Asked again while it runs: the newer on_done counts. */
void og_lease_release(struct og_lease *l, void (*on_done)(void *ctx), void *ctx);
void og_lease_free(struct og_lease *l); /* without giving it back. NULL is fine */
/* True while a write is covered: last renewal + renew_ms is not over (L-8). False for NULL. */
bool og_lease_holds(const struct og_lease *l);
/* L-9: false when we think we lead and have not renewed for duration + 5 s, which only happens when
 * the loop stands still. [any thread] */
bool og_lease_healthy(const struct og_lease *l);
const char *og_lease_identity(const struct og_lease *l);
/* As last seen; "" when nobody holds it or it was not seen yet. Valid until the next turn. */
const char *og_lease_holder(const struct og_lease *l);

/* Names of client-go (tools/leaderelection/metrics.go; O-1). */
enum og_lease_metric { OG_LM_STATUS, OG_LM_SLOWPATH, OG_LM_COUNT_ }; /* name */
extern const struct og_metric_def og_lease_metrics[OG_LM_COUNT_];
