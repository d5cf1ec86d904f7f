/* SPDX-License-Identifier: Apache-2.0 */
/* The ops listener of the controller. Runs on threads of its own. */
#include "controller-priv.h"
#include "otelgate/net/ops.h"

enum { STUCK_LOOP_S = 120, OPS_CONNECTIONS = 128, OPS_BODY = 4096 };

static void line(struct og_buf *b, bool ok, const char *name)
{
	og_buf_fmt(b, "[%c]%s %s", ok ? '+' : '-', name, ok ? "ok" : "failed");
}

/* A watch that fails later does not take the controller out: what it knows is still true. */
static void on_ready(void *ctx, const struct og_http_req *req, struct og_http_resp *resp)
{
	struct controller *c = ctx;
	bool off = atomic_load(&c->ready_off), synced = og_cluster_synced(c->cluster);

	line(resp->body, !off, "shutdown");
	og_buf_ch(resp->body, '\n');
	line(resp->body, synced, "watches");
	og_buf_lit(resp->body, ": every one has given its first answer\n");
	(void)og_cluster_ready(c->cluster, resp->body);
	og_ops_answer(req, resp, !off && synced);
}

static void on_live(void *ctx, const struct og_http_req *req, struct og_http_resp *resp)
{
	struct controller *c = ctx;
	int64_t silent = og_clock_mono_ns(og_clock_system()) - og_loop_beat_ns(c->loop);
	bool loop = silent < STUCK_LOOP_S * OG_NS_PER_S;
	bool lease = !c->lease || og_lease_healthy(c->lease);

	line(resp->body, loop, "loop");
	og_buf_fmt(resp->body, ": last turn %lld s ago\n", (long long)(silent / OG_NS_PER_S));
	line(resp->body, lease, "lease");
	og_buf_ch(resp->body, '\n');
	og_ops_answer(req, resp, loop && lease);
}

static void on_missed(void *ctx, const struct og_http_req *req, struct og_http_resp *resp)
{
	struct controller *c = ctx;

	(void)req;
	resp->content_type = "application/json";
	og_http_resp_header(resp, "Cache-Control", "no-store");
	pthread_mutex_lock(&c->published_lock);
	if (c->published.len)
		og_buf_sv(resp->body, og_buf_view(&c->published));
	else
		resp->status = 503;
	pthread_mutex_unlock(&c->published_lock);
	if (resp->status == 503)
		og_buf_lit(resp->body, "{\"message\":\"no scan has ended yet\"}\n");
}

static void on_http_log(void *ctx, const char *text, unsigned suppressed)
{
	(void)ctx;
	og_log(OG_LOG_WARN, "http", "connection", og_lf_str("detail", text),
		og_lf_uint("suppressed", suppressed));
}

int controller_ops_start(struct controller *c, struct og_err *err)
{
	const struct og_route routes[] = {
		{"GET", "/healthz", on_live, c, 0},
		{"GET", "/livez", on_live, c, 0},
		{"GET", "/readyz", on_ready, c, 0},
		{"GET", "/metrics", og_ops_metrics, c->metrics, 0},
		{"GET", "/debug/missed", on_missed, c, 0},
	};
	struct og_httpd_opts o = {.address = c->o->ops_address,
		.port = c->o->ops_port,
		.workers = 1,
		.routes = c->routes,
		.nroutes = OG_COUNT(routes),
		.limits = {.max_connections = OPS_CONNECTIONS, .body_bytes = OPS_BODY},
		.ctx = c,
		.log = on_http_log};

	memcpy(c->routes, routes, sizeof(routes));
	int r = og_httpd_new(&o, &c->ops, err);
	return r < 0 ? og_err_wrap(err, "ops listener") : 0;
}
