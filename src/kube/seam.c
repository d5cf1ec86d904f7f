/* SPDX-License-Identifier: Apache-2.0 */
/* The real client behind the seam. */
#include "seam-priv.h"

static int start(
	void *ctx, const struct og_kube_request *r, struct og_kube_call **ret, struct og_err *err)
{
	return og_kube_start(ctx, r, ret, err);
}

static void cancel(void *ctx, struct og_kube_call *c)
{
	(void)ctx;
	og_kube_cancel(c);
}

static void waits(void *ctx, const struct og_kube_call *c, struct og_buf *out)
{
	(void)ctx;
	og_kube_waits(c, out);
}

struct kube_seam kube_seam_of(struct og_kube *k)
{
	return (struct kube_seam){.loop = og_kube_loop(k),
		.ctx = k,
		.start = start,
		.cancel = cancel,
		.waits = waits};
}
