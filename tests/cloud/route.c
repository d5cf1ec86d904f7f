/* SPDX-License-Identifier: Apache-2.0 */
/* Which host answers what, and the discovery API. */
#include <stdio.h>
#include "cloud/cloud-priv.h"
#include "otelgate/codec/jwrite.h"

static void not_found(struct cl_req *q)
{
	/* the edge in front of the gateway and of Prometheus answers in HTML, Go in text */
	if (q->host == OG_CLOUD_GATEWAY || q->host == OG_CLOUD_PROM) {
		og_buf_lit(&q->out, "<html>\r\n<head><title>404 Not Found</title></head>\r\n<body>"
				    "\r\n<center><h1>404 Not Found</h1></center>\r\n<hr><center>"
				    "nginx</center>\r\n</body>\r\n</html>\r\n");
		q->status = 404;
		q->content_type = "text/html";
		return;
	}
	q->otlp = false;
	cl_text(q, 404, "404 page not found\n");
}

static int signal_of(struct og_sv path, const char *prefix)
{
	static const char *const tails[] = {
		"v1/metrics", "v1/traces", "v1/logs", "v1development/profiles"};
	struct og_sv p = og_svz(prefix);

	if (!og_sv_starts(path, p))
		return -1;
	path = og_sv(path.p + p.n, path.n - p.n);
	for (int s = 0; s < CL_SIGNALS_; s++)
		if (og_sv_eq(path, og_svz(tails[s])))
			return s;
	return -1;
}

static void otlp(struct cl_req *q)
{
	static const char *const scopes[] = {
		"metrics:write", "traces:write", "logs:write", "profiles:write"};
	bool collector = q->host == OG_CLOUD_COLLECTOR, profiles;
	int s = signal_of(q->path, q->host == OG_CLOUD_GATEWAY ? "/otlp/" : "/");

	pthread_mutex_lock(&q->c->mu);
	profiles = q->c->set.gateway_profiles;
	pthread_mutex_unlock(&q->c->mu);
	if (s < 0 || (s == CL_PROFILES_SIG && !profiles)) {
		not_found(q);
		return;
	}
	if (!og_sv_is(q->method, "POST")) {
		q->otlp = false;
		og_buf_lit(&q->head, "Allow: POST\r\n");
		cl_text(q, 405, "405 method not allowed, supported: [POST]");
		return;
	}
	if (!collector && !cl_authorised(q, scopes[s]))
		return;
	if (q->too_large)
		cl_text(q, 413, "the request has been rejected because its size exceeds the limit");
	else
		cl_receive(q, (enum cl_signal)s, collector);
}

void cl_discovery_http(struct cl_req *q)
{
	static const struct {
		enum og_cloud_host h;
		const char *url, *id;
	} rows[] = {{OG_CLOUD_PROM, "hmInstancePromUrl", "hmInstancePromId"},
		{OG_CLOUD_LOKI, "hlInstanceUrl", "hlInstanceId"},
		{OG_CLOUD_TEMPO, "htInstanceUrl", "htInstanceId"},
		{OG_CLOUD_PYROSCOPE, "hpInstanceUrl", "hpInstanceId"}};
	struct og_sv prefix = OG_SV("/api/instances/"), slug;
	struct og_cloud *c = q->c;

	if (!og_sv_starts(q->path, prefix)) {
		og_buf_lit(&q->out, "{\"code\":\"NotFound\",\"message\":\"Not found\"}");
		cl_json(q, 404);
		return;
	}
	if (!cl_authorised(q, "stacks:read"))
		return;
	slug = og_sv(q->path.p + prefix.n, q->path.n - prefix.n);
	pthread_mutex_lock(&c->mu);
	if (!og_sv_eq(slug, c->set.slug)) {
		og_buf_lit(&q->out, "{\"code\":\"NotFound\",\"message\":\"Instance not found\"}");
		cl_json(q, 404);
	} else {
		og_buf_fmt(&q->out, "{\"id\":%s,\"orgId\":900009,\"slug\":",
			og_cloud_user(c, OG_CLOUD_GATEWAY));
		og_jw_str(&q->out, c->set.slug);
		og_buf_lit(&q->out, ",\"status\":");
		og_jw_str(&q->out, c->set.status);
		og_buf_lit(&q->out, ",\"regionSlug\":");
		og_jw_str(&q->out, c->set.region);
		og_buf_lit(&q->out, ",\"clusterSlug\":");
		og_jw_str(&q->out, c->set.region);
		og_buf_fmt(
			&q->out, ",\"url\":\"https://%.*s.grafana.net\"", OG_SV_ARG(c->set.slug));
		for (size_t i = 0; i < OG_COUNT(rows); i++)
			og_buf_fmt(&q->out, ",\"%s\":\"%s\",\"%s\":%s", rows[i].url,
				c->base[rows[i].h], rows[i].id, og_cloud_user(c, rows[i].h));
		og_buf_lit(&q->out, ",\"agentManagementInstanceUrl\":\"\","
				    "\"agentManagementInstanceId\":0}");
		cl_json(q, 200);
	}
	pthread_mutex_unlock(&c->mu);
}

void cl_route(struct cl_req *q)
{
	struct og_sv type = cl_header(q, "content-type");
	bool form = og_sv_starts(type, OG_SV("application/x-www-form-urlencoded"));

	q->otlp = q->host == OG_CLOUD_GATEWAY || q->host == OG_CLOUD_COLLECTOR ||
		  (q->host == OG_CLOUD_PYROSCOPE && og_sv_is(q->path, "/v1development/profiles"));
	q->otlp_json = og_sv_starts(type, OG_SV("application/json"));
	cl_fault_find(q);
	if (cl_fault_answer(q))
		return;
	if (q->too_large && !q->otlp) {
		cl_text(q, 413, "request body too large\n");
		return;
	}
	if (form && !q->otlp && og_sv_is(q->method, "POST"))
		cl_read_form(q, q->body);
	switch (q->host) {
	case OG_CLOUD_GATEWAY:
	case OG_CLOUD_COLLECTOR:
		otlp(q);
		break;
	case OG_CLOUD_PROM:
		if (!og_sv_starts(q->path, OG_SV("/api/prom/")))
			not_found(q);
		else if (cl_authorised(q, "metrics:read"))
			cl_prom_http(q);
		break;
	case OG_CLOUD_LOKI:
		if (og_sv_is(q->path, "/loki/api/v1/push")) {
			if (cl_authorised(q, "logs:write"))
				cl_loki_push(q);
		} else if (!og_sv_starts(q->path, OG_SV("/loki/api/v1/"))) {
			not_found(q);
		} else if (cl_authorised(q, "logs:read")) {
			cl_loki_http(q);
		}
		break;
	case OG_CLOUD_TEMPO:
		if (!og_sv_starts(q->path, OG_SV("/tempo/api/")))
			not_found(q);
		else if (cl_authorised(q, "traces:read"))
			cl_tempo_http(q);
		break;
	case OG_CLOUD_PYROSCOPE:
		cl_pyro_http(q);
		break;
	case OG_CLOUD_DISCOVERY:
		cl_discovery_http(q);
		break;
	default:
		cl_admin_http(q);
	}
}
