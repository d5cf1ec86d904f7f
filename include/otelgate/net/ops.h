/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* What the ops listeners of all services answer in the same way. */
#include "otelgate/base/metric.h"
#include "otelgate/net/httpd.h"

/*
 * The end of a health check whose lines are in resp->body: 200 with them for `?verbose`, 200 with
 * "ok" otherwise; 503 with the lines when not all is well. Never cached.
 */
void og_ops_answer(const struct og_http_req *req, struct og_http_resp *resp, bool ok);

/* Handler of GET /metrics; ctx is the struct og_metrics. The form follows the Accept header. */
void og_ops_metrics(void *ctx, const struct og_http_req *req, struct og_http_resp *resp);
