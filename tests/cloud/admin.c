/* SPDX-License-Identifier: Apache-2.0 */
/* The simulator's own face below /cloud/: settings, faults, the request log. */
#include <jansson.h>
#include <stdlib.h>
#include "cloud/cloud-priv.h"
#include "otelgate/codec/jwrite.h"

void cl_log_request(struct cl_req *q)
{
	og_auto_buf struct og_buf b = OG_BUF_INIT(64 << 10);
	struct og_cloud *c = q->c;
	struct cl_logged *l;

	if (q->host == OG_CLOUD_ADMIN)
		return;
	og_buf_fmt(&b, "{\"host\":\"%s\",\"method\":", og_cloud_host_name(q->host));
	og_jw_str(&b, q->method);
	og_buf_lit(&b, ",\"path\":");
	og_jw_str(&b, q->target);
	og_buf_lit(&b, ",\"user\":");
	og_jw_str(&b, q->user);
	og_buf_lit(&b, ",\"userAgent\":");
	og_jw_str(&b, cl_header(q, "user-agent"));
	og_buf_fmt(&b, ",\"status\":%d,\"in\":%llu,\"out\":%zu}", q->status,
		(unsigned long long)q->wire_in, q->out.len);
	pthread_mutex_lock(&c->mu);
	l = &c->log[c->nlog++ % CL_LOG];
	og_free(l->text);
	l->text = og_buf_take(&b);
	l->host = (int)q->host;
	pthread_mutex_unlock(&c->mu);
}

uint64_t og_cloud_requests(struct og_cloud *c, enum og_cloud_host h, const char *path)
{
	og_auto_buf struct og_buf want = OG_BUF_INIT(0);
	uint64_t n = 0;

	og_buf_lit(&want, "\"path\":\"");
	og_jw_part(&want, og_svz(path));
	pthread_mutex_lock(&c->mu);
	for (uint64_t i = c->nlog > CL_LOG ? c->nlog - CL_LOG : 0; i < c->nlog; i++) {
		const struct cl_logged *l = &c->log[i % CL_LOG];

		n += l->host == (int)h && l->text &&
		     (!path || og_sv_has(og_svz(l->text), og_buf_view(&want)));
	}
	pthread_mutex_unlock(&c->mu);
	return n;
}

uint64_t og_cloud_bytes_out(struct og_cloud *c)
{
	uint64_t n;

	pthread_mutex_lock(&c->mu);
	n = c->bytes_out;
	pthread_mutex_unlock(&c->mu);
	return n;
}

void og_cloud_request_log(struct og_cloud *c, struct og_buf *out)
{
	pthread_mutex_lock(&c->mu);
	for (uint64_t i = c->nlog > CL_LOG ? c->nlog - CL_LOG : 0; i < c->nlog; i++)
		og_buf_fmt(out, "%s\n", c->log[i % CL_LOG].text ? c->log[i % CL_LOG].text : "{}");
	pthread_mutex_unlock(&c->mu);
}

void og_cloud_clear_requests(struct og_cloud *c)
{
	pthread_mutex_lock(&c->mu);
	for (size_t i = 0; i < CL_LOG; i++) {
		og_free(c->log[i].text);
		c->log[i].text = NULL;
	}
	c->nlog = 0;
	c->bytes_out = 0;
	pthread_mutex_unlock(&c->mu);
}

/* {"token":"…","scopes":"metrics:read,…"}; scopes null = unknown from now on. */
static int post_token(struct og_cloud *c, const json_t *o, struct og_err *err)
{
	const char *token = json_string_value(json_object_get(o, "token"));

	if (!token || !*token)
		return og_err_set(err, OG_E_USAGE, "token is missing");
	return og_cloud_token(c, token, json_string_value(json_object_get(o, "scopes")), err);
}

static int post_age(struct og_cloud *c, const json_t *o, struct og_err *err)
{
	const json_t *ms = json_object_get(o, "ms");

	if (!json_is_integer(ms))
		return og_err_set(err, OG_E_USAGE, "ms is missing");
	og_cloud_age(c, json_integer_value(ms));
	return 0;
}

/* Members of struct og_cloud_seed, ageMs for age_ms. */
static int post_seed(struct og_cloud *c, const json_t *o, struct og_err *err)
{
	struct og_cloud_seed s = {
		.workloads = (uint32_t)json_integer_value(json_object_get(o, "workloads")),
		.pods = (uint32_t)json_integer_value(json_object_get(o, "pods")),
		.namespaces = (uint32_t)json_integer_value(json_object_get(o, "namespaces")),
		.signals = (unsigned)json_integer_value(json_object_get(o, "signals")),
		.age_ms = json_integer_value(json_object_get(o, "ageMs")),
		.cluster = json_string_value(json_object_get(o, "cluster")),
		.revision = json_string_value(json_object_get(o, "revision"))};

	return og_cloud_seed(c, &s, err);
}

/* {"signal":"metrics","request":{…}}: as og_cloud_push(). */
static int post_push(struct og_cloud *c, const json_t *o, struct og_err *err)
{
	const char *sig = json_string_value(json_object_get(o, "signal"));
	char *text = json_dumps(json_object_get(o, "request"), JSON_COMPACT);
	int rc = sig && text ? og_cloud_push(c, sig, text, err)
			     : og_err_set(err, OG_E_USAGE, "signal and request are needed");

	free(text);
	return rc;
}

static int post_config(struct og_cloud *c, const json_t *o, struct og_err *err)
{
	char *text = json_dumps(o, JSON_COMPACT);
	int rc = text ? og_cloud_config(c, text, err) : og_err_set(err, OG_E_OOM, "config");

	free(text);
	return rc;
}

static int post_faults(struct og_cloud *c, const json_t *o, struct og_err *err)
{
	char *text = json_dumps(o, JSON_COMPACT);
	int rc = text ? og_cloud_fault(c, text, err) : og_err_set(err, OG_E_OOM, "fault");

	free(text);
	return rc;
}

static void held_json(struct cl_req *q)
{
	struct og_cloud_held h;

	og_cloud_held(q->c, &h);
	og_buf_fmt(&q->out,
		"{\"series\":%llu,\"samples\":%llu,\"exemplars\":%llu,\"streams\":%llu,\"lines\":"
		"%llu,\"spans\":%llu,\"profiles\":%llu,\"bytes\":%llu,\"faultsHit\":%llu,"
		"\"bytesOut\":%llu}\n",
		(unsigned long long)h.series, (unsigned long long)h.samples,
		(unsigned long long)h.exemplars, (unsigned long long)h.streams,
		(unsigned long long)h.lines, (unsigned long long)h.spans,
		(unsigned long long)h.profiles, (unsigned long long)h.bytes,
		(unsigned long long)og_cloud_faults_hit(q->c),
		(unsigned long long)og_cloud_bytes_out(q->c));
	cl_json(q, 200);
}

static bool get(struct cl_req *q)
{
	if (og_sv_is(q->path, "/cloud/state")) {
		og_cloud_state(q->c, &q->out);
		cl_json(q, 200);
	} else if (og_sv_is(q->path, "/cloud/held")) {
		held_json(q);
	} else if (og_sv_is(q->path, "/cloud/requests")) {
		og_cloud_request_log(q->c, &q->out);
		cl_json(q, 200);
		q->content_type = "application/x-ndjson";
	} else {
		return false;
	}
	return true;
}

static bool post(struct cl_req *q)
{
	static const struct {
		const char *path;
		int (*fn)(struct og_cloud *, const json_t *, struct og_err *);
	} rows[] = {{"/cloud/config", post_config}, {"/cloud/faults", post_faults},
		{"/cloud/tokens", post_token}, {"/cloud/age", post_age}, {"/cloud/seed", post_seed},
		{"/cloud/push", post_push}};
	struct og_err err = OG_ERR_INIT;
	json_t *o;
	int rc;

	for (size_t i = 0; i < OG_COUNT(rows); i++) {
		if (!og_sv_eq(q->path, og_svz(rows[i].path)))
			continue;
		o = json_loadb(q->body.p, q->body.n, 0, NULL);
		rc = o ? rows[i].fn(q->c, o, &err)
		       : og_err_set(&err, OG_E_PARSE, "the body is not JSON");
		json_decref(o);
		if (rc) {
			cl_text(q, 400, "%s\n", err.msg);
		} else {
			og_buf_lit(&q->out, "{}\n");
			cl_json(q, 200);
		}
		return true;
	}
	return false;
}

void cl_admin_http(struct cl_req *q)
{
	bool del = og_sv_is(q->method, "DELETE");

	if (og_sv_is(q->method, "GET") && get(q))
		return;
	if (og_sv_is(q->method, "POST") && post(q))
		return;
	if (del && og_sv_is(q->path, "/cloud/faults")) {
		og_cloud_clear_faults(q->c);
	} else if (del && og_sv_is(q->path, "/cloud/requests")) {
		og_cloud_clear_requests(q->c);
	} else if (del && og_sv_is(q->path, "/cloud/data")) {
		og_cloud_wipe(q->c);
	} else {
		cl_text(q, 404, "404 page not found\n");
		return;
	}
	og_buf_lit(&q->out, "{}\n");
	cl_json(q, 200);
}
