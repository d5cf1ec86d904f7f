/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * How lease, events and writes reach the API server: through these functions, so that tests can
 * put a scripted server in the client's place. Same contracts as og_kube_start and its like.
 */
#include "otelgate/kube/client.h"

struct kube_seam {
	struct og_loop *loop;
	void *ctx;
	int (*start)(void *ctx, const struct og_kube_request *r, struct og_kube_call **ret,
		struct og_err *err);
	void (*cancel)(void *ctx, struct og_kube_call *c);
	/* og_kube_waits; NULL = nobody knows */
	void (*waits)(void *ctx, const struct og_kube_call *c, struct og_buf *out);
};
struct kube_seam kube_seam_of(struct og_kube *k);
