/* SPDX-License-Identifier: Apache-2.0 */
/* Health and metrics, as every service answers them. */
#include "otelgate/net/ops.h"

void og_ops_answer(const struct og_http_req *req, struct og_http_resp *resp, bool ok)
{
	struct og_sv verbose;

	resp->status = ok ? 200 : 503;
	if (ok && !og_http_query(req, "verbose", &verbose)) {
		og_buf_reset(resp->body);
		og_buf_lit(resp->body, "ok\n");
	}
	og_http_resp_header(resp, "Cache-Control", "no-store");
}

void og_ops_metrics(void *ctx, const struct og_http_req *req, struct og_http_resp *resp)
{
	struct og_sv accept = {0};

	(void)og_http_header(req, "Accept", &accept);
	enum og_metric_format f = og_metrics_negotiate(accept);
	resp->content_type = og_metrics_content_type(f);
	(void)og_metrics_write(ctx, f, resp->body, NULL);
}
