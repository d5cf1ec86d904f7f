/* SPDX-License-Identifier: Apache-2.0 */
/* A request's life on its worker: headers, body, handler, answer, end. */
#include "httpd-priv.h"

#include <stdio.h>
#include <string.h>
#include "otelgate/base/mem.h"

enum {
	SMALL_BODY = 64 << 10, /* kept between requests; read even when refused */
	KEEP_ANSWER = 256 << 10,
	KEEP_XFERS = 32,
	SWALLOW_BYTES = 1 << 20, /* read past the limit of a chunked body to deliver the 413 */
};

static struct og_http_xfer *xfer_get(struct worker *w)
{
	const struct og_httpd_limits *l = &w->gen->server->o.limits;
	struct og_http_xfer *x = w->free;
	struct og_buf in, out;

	if (!x) {
		x = og_calloc(1, sizeof(*x));
		if (!x)
			return NULL;
		og_buf_init(&x->in, l->body_bytes);
		og_buf_init(&x->out, l->answer_bytes);
	} else {
		w->free = x->next_free;
		w->nfree--;
	}
	in = x->in;
	out = x->out;
	*x = (struct og_http_xfer){.w = w, .in = in, .out = out};
	return x;
}

static void xfer_free(struct og_http_xfer *x)
{
	og_buf_fini(&x->in);
	og_buf_fini(&x->out);
	og_free(x);
}

static void drop_body(struct og_http_xfer *x)
{
	if (x->buffered)
		STAT_SUB(x->w->gen->server->n.buffered, x->buffered);
	x->buffered = 0;
	if (x->in.cap > SMALL_BODY + 1) {
		size_t max = x->in.max;
		og_buf_fini(&x->in);
		og_buf_init(&x->in, max);
	} else {
		og_buf_reset(&x->in);
	}
}

static void xfer_put(struct og_http_xfer *x)
{
	struct worker *w = x->w;

	drop_body(x);
	if (x->out.cap > KEEP_ANSWER) {
		size_t max = x->out.max;
		og_buf_fini(&x->out);
		og_buf_init(&x->out, max);
	} else {
		og_buf_reset(&x->out);
	}
	if (w->nfree == KEEP_XFERS) {
		xfer_free(x);
		return;
	}
	x->next_free = w->free;
	w->free = x;
	w->nfree++;
}

void httpd_xfer_free_all(struct worker *w)
{
	while (w->free) {
		struct og_http_xfer *x = w->free;
		w->free = x->next_free;
		xfer_free(x);
	}
	w->nfree = 0;
}

void og_http_resp_header(struct og_http_resp *resp, const char *name, const char *value)
{
	if (resp->nextra == OG_HTTP_EXTRA_HEADERS)
		return;
	resp->extra[resp->nextra].name = name;
	resp->extra[resp->nextra].value = value;
	resp->nextra++;
}

static bool lookup(
	const struct og_http_req *req, enum MHD_ValueKind kind, const char *name, struct og_sv *ret)
{
	const char *value = NULL;
	size_t n = 0;

	if (MHD_lookup_connection_value_n(req->xfer->mc, kind, name, strlen(name), &value, &n) !=
		MHD_YES)
		return false;
	*ret = og_sv(value ? value : "", n);
	return true;
}

bool og_http_query(const struct og_http_req *req, const char *name, struct og_sv *ret_value)
{
	return lookup(req, MHD_GET_ARGUMENT_KIND, name, ret_value);
}

bool og_http_header(const struct og_http_req *req, const char *name, struct og_sv *ret_value)
{
	return lookup(req, MHD_HEADER_KIND, name, ret_value);
}

static bool too_old(const struct og_httpd_limits *l, const struct conn *c)
{
	int64_t now = coarse_ms();

	return now >= c->old_at_ms || (atomic_load(&c->requests) >= l->age_requests &&
					      now - c->accepted_ms >= l->age_min_ms);
}

static bool must_close(const struct og_http_xfer *x, const struct og_http_resp *resp)
{
	const struct og_httpd *s = x->w->gen->server;

	return resp->close || x->must_close || atomic_load(&s->closing) ||
	       atomic_load(&x->w->gen->closing) || !x->conn || too_old(&s->o.limits, x->conn);
}

/* Queues the answer; the body stays where it is until the request is completed. */
static enum MHD_Result answer(struct og_http_xfer *x, const struct og_http_resp *resp)
{
	struct og_httpd *s = x->w->gen->server;
	struct og_sv body = resp->fixed.p ? resp->fixed : og_buf_view(resp->body);
	void *bytes;
	enum MHD_Result ok = MHD_YES;

	memcpy(&bytes, &body.p, sizeof(bytes)); /* the library only reads it */
	struct MHD_Response *r =
		MHD_create_response_from_buffer(body.n, bytes, MHD_RESPMEM_PERSISTENT);
	if (!r)
		return MHD_queue_response(x->mc, 503, s->oom);
	if (resp->content_type)
		ok = MHD_add_response_header(r, "Content-Type", resp->content_type);
	for (unsigned i = 0; ok == MHD_YES && i < resp->nextra; i++)
		ok = MHD_add_response_header(r, resp->extra[i].name, resp->extra[i].value);
	if (ok == MHD_YES && must_close(x, resp))
		ok = MHD_add_response_header(r, "Connection", "close");
	if (x->conn)
		httpd_conn_phase(x->conn, CONN_SEND);
	x->status = ok == MHD_YES ? resp->status : 503;
	x->answer_bytes = body.n;
	if (x->status < STATUS_MAX && x->status >= 100)
		STAT_ADD(s->n.status[x->status], 1);
	ok = ok == MHD_YES ? MHD_queue_response(x->mc, (unsigned)resp->status, r)
			   : MHD_queue_response(x->mc, 503, s->oom);
	MHD_destroy_response(r);
	return ok;
}

static void list_routes(struct og_http_xfer *x)
{
	const struct og_httpd_opts *o = &x->w->gen->server->o;

	og_buf_lit(&x->out, "404 no such path; there are:\n");
	for (size_t i = 0; i < o->nroutes; i++)
		og_buf_fmt(&x->out, "  %s %s\n", o->routes[i].method, o->routes[i].path);
}

static void allow_list(const struct og_http_xfer *x, char *text, size_t size)
{
	const struct og_httpd_opts *o = &x->w->gen->server->o;
	size_t n = 0;

	text[0] = '\0';
	for (size_t i = 0; i < o->nroutes && n < size; i++) {
		const struct og_route *r = &o->routes[i];
		if (!og_sv_eq(x->path, og_svz(r->path)))
			continue;
		n += (size_t)snprintf(text + n, size - n, "%s%s", n ? ", " : "",
			strcmp(r->method, "GET") == 0 ? "GET, HEAD" : r->method);
	}
}

static enum MHD_Result answer_refusal(struct og_http_xfer *x)
{
	struct og_httpd *s = x->w->gen->server;
	struct og_http_resp resp = {
		.status = x->refuse, .content_type = "text/plain; charset=utf-8", .body = &x->out};
	char allow[64];

	if (x->refuse_text)
		resp.fixed = og_svz(x->refuse_text);
	else
		list_routes(x);
	if (x->refuse == 405) {
		allow_list(x, allow, sizeof(allow));
		og_http_resp_header(&resp, "Allow", allow);
	} else if (x->refuse == 429) {
		STAT_ADD(s->n.throttled, 1);
		og_http_resp_header(&resp, "Retry-After", "1");
	} else if (x->refuse == 415) {
		og_http_resp_header(&resp, "Accept-Encoding", "identity");
	}
	return answer(x, &resp);
}

static enum MHD_Result on_headers(struct worker *w, struct MHD_Connection *mc, const char *url,
	const char *method, const char *version, void **req_cls)
{
	struct og_httpd *s = w->gen->server;
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(mc, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
	struct conn *c = info ? info->socket_context : NULL;
	struct og_http_xfer *x = xfer_get(w);
	struct http_head head;

	STAT_ADD(s->n.requests, 1);
	if (c) {
		atomic_fetch_add(&c->requests, 1);
		httpd_conn_phase(c, CONN_BODY);
	}
	if (!x) {
		if (c)
			httpd_conn_phase(c, CONN_SEND);
		STAT_ADD(s->n.status[503], 1);
		return MHD_queue_response(mc, 503, s->oom);
	}
	*req_cls = x;
	atomic_fetch_add(&w->gen->busy, 1);
	x->conn = c;
	x->mc = mc;
	x->method = og_svz(method);
	x->path = og_svz(url);
	x->begun_ns = mono_ns();
	httpd_head_check(x, version, &head);
	if (!x->refuse)
		return MHD_YES;
	/* Small bodies are read and dropped, so that the connection, and its handshake, survive. */
	if (!head.bad_framing && !head.expect && !head.chunked && head.length <= SMALL_BODY)
		return MHD_YES;
	x->must_close = true;
	if (c)
		c->linger = true;
	return answer_refusal(x);
}

static void refuse_late(struct og_http_xfer *x, int status, const char *text)
{
	drop_body(x);
	x->refuse = status;
	x->refuse_text = text;
}

static enum MHD_Result on_body(struct og_http_xfer *x, const char *data, size_t n)
{
	struct og_httpd *s = x->w->gen->server;
	const struct og_httpd_limits *l = &s->o.limits;

	STAT_ADD(s->n.bytes_in, n);
	if (x->refuse) {
		x->swallowed += n;
		if (x->swallowed <= l->body_bytes + SWALLOW_BYTES)
			return MHD_YES;
		if (x->conn)
			x->conn->linger = true;
		return MHD_NO;
	}
	if (n > l->body_bytes - x->in.len) {
		x->swallowed = x->in.len + n;
		x->must_close = true;
		refuse_late(x, 413, "413 the body is larger than is accepted here\n");
		return MHD_YES;
	}
	if (x->in.len + n > SMALL_BODY) {
		size_t more = x->in.len + n - x->buffered;
		if (STAT_ADD(s->n.buffered, more) + more > l->buffered_bytes) {
			STAT_SUB(s->n.buffered, more);
			refuse_late(x, 429, "429 too many large bodies in progress; try again\n");
			return MHD_YES;
		}
		x->buffered += more;
	}
	og_buf_add(&x->in, data, n);
	if (x->in.failed)
		refuse_late(x, 503, "503 out of memory\n");
	return MHD_YES;
}

static bool take_large(struct og_http_xfer *x)
{
	struct og_httpd *s = x->w->gen->server;
	const struct og_httpd_limits *l = &s->o.limits;

	if (!(x->route->flags & OG_ROUTE_LIMITED) || x->in.len <= l->large_bytes)
		return true;
	if (atomic_fetch_add(&s->large, 1) < l->max_large) {
		x->large = true;
		return true;
	}
	atomic_fetch_sub(&s->large, 1);
	return false;
}

static enum MHD_Result run_handler(struct og_http_xfer *x)
{
	struct og_httpd *s = x->w->gen->server;
	struct og_http_req req = {.method = x->method,
		.path = x->path,
		.body = og_buf_view(&x->in),
		.worker = x->w->user,
		.begun_ns = x->begun_ns,
		.xfer = x};
	struct og_http_resp resp = {
		.status = 200, .content_type = "text/plain; charset=utf-8", .body = &x->out};

	x->route->handler(x->route->ctx, &req, &resp);
	if (x->large)
		atomic_fetch_sub(&s->large, 1);
	x->large = false;
	if ((!resp.fixed.p && x->out.failed) || resp.status < 200 || resp.status >= STATUS_MAX) {
		resp = (struct og_http_resp){.status = 500,
			.content_type = "text/plain; charset=utf-8",
			.fixed = OG_SV("500 the answer could not be made\n")};
	}
	if (x->conn && resp.status < 300)
		atomic_store(&x->conn->useful, true);
	return answer(x, &resp);
}

static enum MHD_Result on_whole(struct og_http_xfer *x)
{
	if (x->conn)
		httpd_conn_phase(x->conn, CONN_HANDLER);
	if (!x->refuse && (x->route->flags & OG_ROUTE_BODY) && x->in.len == 0)
		refuse_late(x, 400, "400 the body is empty\n");
	if (!x->refuse && !take_large(x))
		refuse_late(x, 429, "429 too many large bodies in progress; try again\n");
	return x->refuse ? answer_refusal(x) : run_handler(x);
}

enum MHD_Result httpd_on_request(void *cls, struct MHD_Connection *mc, const char *url,
	const char *method, const char *version, const char *data, size_t *size, void **req_cls)
{
	struct og_http_xfer *x = *req_cls;

	if (!x)
		return on_headers(cls, mc, url, method, version, req_cls);
	if (*size) {
		size_t n = *size;
		*size = 0;
		return on_body(x, data, n);
	}
	return on_whole(x);
}

void httpd_on_completed(
	void *cls, struct MHD_Connection *mc, void **req_cls, enum MHD_RequestTerminationCode how)
{
	struct worker *w = cls;
	struct og_httpd *s = w->gen->server;
	struct og_http_xfer *x = *req_cls;
	bool aborted = how != MHD_REQUEST_TERMINATED_COMPLETED_OK;

	(void)mc;
	if (!x)
		return;
	*req_cls = NULL;
	if (x->conn) {
		int dead = CONN_DEAD;
		if (!atomic_compare_exchange_strong(&x->conn->phase, &dead, CONN_DEAD))
			httpd_conn_phase(x->conn, CONN_IDLE);
	}
	if (aborted)
		STAT_ADD(s->n.aborted, 1);
	else
		STAT_ADD(s->n.bytes_out, x->answer_bytes);
	if (s->o.done) {
		struct og_http_done d = {.route = x->route,
			.status = x->status,
			.aborted = aborted,
			.body_bytes = x->in.len,
			.answer_bytes = x->answer_bytes,
			.took_ns = mono_ns() - x->begun_ns};
		s->o.done(s->o.ctx, &d);
	}
	if (x->counted)
		STAT_SUB(s->n.inflight, 1);
	atomic_fetch_sub(&w->gen->busy, 1);
	xfer_put(x);
}
