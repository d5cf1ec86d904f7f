/* SPDX-License-Identifier: Apache-2.0 */
/* Answers: head, chunked or counted body, gzip, and what faults do to them. */
#include <openssl/err.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>
#include <zlib.h>
#include "sim/sim-priv.h"

enum { OUT_FLUSH = 16 * 1024 };

bool sim_conn_flush(struct sim_conn *c)
{
	size_t at = 0;
	int64_t idle = 0;

	while (at < c->out.len && !c->broken) {
		struct pollfd p[2] = {{c->fd, POLLOUT, 0}, {c->wake_fd, POLLIN, 0}};
		size_t n = c->out.len - at;
		int r, e;

		if (atomic_load(&c->kill)) {
			c->broken = true;
			break;
		}
		r = SSL_write(c->ssl, c->out.p + at, n > OUT_FLUSH ? OUT_FLUSH : (int)n);
		if (r > 0) {
			at += (size_t)r;
			idle = 0;
			continue;
		}
		e = SSL_get_error(c->ssl, r);
		ERR_clear_error();
		if (e == SSL_ERROR_WANT_READ)
			p[0].events = POLLIN;
		/* half a minute without a byte taken: a real server gives up as well */
		if ((e != SSL_ERROR_WANT_READ && e != SSL_ERROR_WANT_WRITE) || ++idle > 300)
			c->broken = true;
		else if (poll(p, 1, 100) < 0)
			continue;
	}
	og_buf_reset(&c->out);
	return !c->broken;
}

void sim_conn_reset(struct sim_conn *c)
{
	sim_conn_flush(c);
	atomic_store(&c->kill, SIM_KILL_RST);
	c->broken = true;
}

/* Silence, for a while or until someone ends the connection. */
static void stall(struct sim_conn *c, int64_t ms)
{
	int64_t until = sim_mono_ms() + ms;

	sim_conn_flush(c);
	while (!c->broken && (!ms || sim_mono_ms() < until)) {
		int64_t left = ms ? until - sim_mono_ms() : 60000;
		int r = sim_conn_wait(c, left);

		if (r < 0)
			c->broken = true;
		else if (r > 0)
			sim_conn_gone(c);
	}
}

static void chunk_out(struct sim_conn *c, const void *p, size_t n)
{
	if (!n || c->head_only || c->broken)
		return;
	if (c->chunked)
		og_buf_fmt(&c->out, "%zx\r\n", n);
	og_buf_add(&c->out, p, n);
	if (c->chunked)
		og_buf_lit(&c->out, "\r\n");
	__atomic_fetch_add(&c->s->bytes_sent, n, __ATOMIC_RELAXED);
	if (c->out.len >= OUT_FLUSH)
		sim_conn_flush(c);
}

static void zip_out(struct sim_conn *c, const void *p, size_t n, int how)
{
	unsigned char buf[OUT_FLUSH];
	z_stream *z = c->zip;
	char dummy = 0;

	z->next_in = (Bytef *)(uintptr_t)(n ? p : &dummy);
	z->avail_in = (uInt)n;
	do {
		z->next_out = buf;
		z->avail_out = sizeof(buf);
		deflate(z, how);
		chunk_out(c, buf, sizeof(buf) - z->avail_out);
	} while (z->avail_out == 0 && !c->broken);
}

static void plain(struct sim_conn *c, const void *p, size_t n)
{
	if (c->zip)
		zip_out(c, p, n, Z_NO_FLUSH);
	else
		chunk_out(c, p, n);
	c->sent += (int64_t)n;
}

/* The fault's moment has come: `after` bytes are out. */
static void strike(struct sim_conn *c)
{
	struct sim_shape *sh = &c->shape;
	unsigned kind = sh->kind;

	if (c->zip && kind != SIM_F_GARBAGE)
		zip_out(c, NULL, 0, Z_SYNC_FLUSH);
	if (kind != SIM_F_SLOW)
		sh->kind = SIM_F_NONE;
	if (kind == SIM_F_RESET) {
		sim_conn_reset(c);
	} else if (kind == SIM_F_TRUNCATE) {
		sim_conn_flush(c);
		atomic_store(&c->kill, SIM_KILL_CLOSE);
		if (!c->broken)
			SSL_shutdown(c->ssl);
		c->broken = true;
	} else if (kind == SIM_F_STALL) {
		stall(c, sh->ms);
	} else if (kind == SIM_F_GARBAGE) {
		plain(c, sh->text, strlen(sh->text));
	}
}

static bool strikes_in_body(const struct sim_shape *sh)
{
	return sh->kind == SIM_F_RESET || sh->kind == SIM_F_TRUNCATE || sh->kind == SIM_F_STALL ||
	       sh->kind == SIM_F_GARBAGE;
}

static void slow_out(struct sim_conn *c, const char *p, size_t n)
{
	while (n && !c->broken) {
		size_t part = (size_t)c->shape.bytes < n ? (size_t)c->shape.bytes : n;

		plain(c, p, part);
		if (c->zip)
			zip_out(c, NULL, 0, Z_SYNC_FLUSH);
		p += part;
		n -= part;
		stall(c, c->shape.ms);
	}
}

void sim_body(struct sim_req *q, const void *p, size_t n)
{
	struct sim_conn *c = q->c;
	struct sim_shape *sh = &c->shape;
	const char *from = p;

	if (c->broken)
		return;
	if (sh->kind == SIM_F_SLOW) {
		slow_out(c, from, n);
		return;
	}
	if (strikes_in_body(sh) && c->sent + (int64_t)n > sh->after) {
		size_t part = (size_t)(sh->after > c->sent ? sh->after - c->sent : 0);

		plain(c, from, part);
		from += part;
		n -= part;
		strike(c);
		if (c->broken)
			return;
	}
	plain(c, from, n);
}

static const char *phrase(int code)
{
	switch (code) {
	case 200:
		return "OK";
	case 201:
		return "Created";
	case 202:
		return "Accepted";
	case 304:
		return "Not Modified";
	case 400:
		return "Bad Request";
	case 401:
		return "Unauthorized";
	case 403:
		return "Forbidden";
	case 404:
		return "Not Found";
	case 405:
		return "Method Not Allowed";
	case 409:
		return "Conflict";
	case 410:
		return "Gone";
	case 422:
		return "Unprocessable Entity";
	case 429:
		return "Too Many Requests";
	case 500:
		return "Internal Server Error";
	case 503:
		return "Service Unavailable";
	case 504:
		return "Gateway Timeout";
	default:
		return "Status";
	}
}

static void begin_zip(struct sim_conn *c)
{
	z_stream *z = og_calloc(1, sizeof(*z));

	/* level 1, as the real server; 16: with a gzip header */
	if (!z || deflateInit2(z, 1, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK) {
		og_free(z);
		return;
	}
	c->zip = z;
}

void sim_begin(struct sim_req *q, int code, const char *content_type, int64_t length)
{
	struct sim_conn *c = q->c;
	struct sim_shape *sh = &c->shape;
	bool zip = q->gzip && (length < 0 || length > 128 * 1024) && code == 200;

	c->begun = true;
	q->code = code;
	if (sh->after < 0 && strikes_in_body(sh)) {
		strike(c);
		if (c->broken)
			return;
	}
	if (sh->kind == SIM_F_CONTENT_TYPE)
		content_type = sh->content_type;
	if (length > 2048 && !sh->length)
		length = -1; /* as Go's net/http: longer answers are chunked */
	og_buf_fmt(&c->out,
		"HTTP/1.1 %d %s\r\nContent-Type: %s\r\nCache-Control: no-cache, private\r\n", code,
		phrase(code), content_type);
	og_buf_fmt(&c->out,
		"Audit-Id: %016llx\r\nX-Kubernetes-Pf-Flowschema-Uid: sim-flow\r\n"
		"X-Kubernetes-Pf-Prioritylevel-Uid: sim-level\r\n",
		(unsigned long long)sim_random());
	for (int i = 0; i < q->nwarnings; i++)
		og_buf_fmt(&c->out, "Warning: 299 - \"%s\"\r\n", q->warnings[i]);
	if (sh->retry_after >= 0 && (sh->kind == SIM_F_STATUS || sh->kind == SIM_F_BODY))
		og_buf_fmt(&c->out, "Retry-After: %d\r\n", sh->retry_after);
	if (zip && !sh->length) {
		og_buf_lit(&c->out, "Content-Encoding: gzip\r\nVary: Accept-Encoding\r\n");
		begin_zip(c);
		length = -1;
	}
	if (length >= 0)
		og_buf_fmt(&c->out, "Content-Length: %lld\r\n", (long long)length);
	else
		og_buf_lit(&c->out, "Transfer-Encoding: chunked\r\n");
	c->chunked = length < 0;
	if (c->close)
		og_buf_lit(&c->out, "Connection: close\r\n");
	og_buf_lit(&c->out, "\r\n");
}

bool sim_flush(struct sim_req *q)
{
	if (q->c->zip)
		zip_out(q->c, NULL, 0, Z_SYNC_FLUSH);
	return sim_conn_flush(q->c);
}

void sim_end(struct sim_req *q)
{
	struct sim_conn *c = q->c;

	if (!q->code && !c->broken)
		sim_send(q, 500, "text/plain", OG_SV("nothing answered\n"));
	if (c->begun && !c->broken && strikes_in_body(&c->shape))
		strike(c); /* the body was shorter than `after` */
	if (c->zip) {
		z_stream *z = c->zip;

		if (!c->broken)
			zip_out(c, NULL, 0, Z_FINISH);
		deflateEnd(z);
		og_free(z);
		c->zip = NULL;
	}
	if (!c->broken && c->begun && c->chunked && !c->head_only)
		og_buf_lit(&c->out, "0\r\n\r\n");
	c->begun = c->chunked = false;
	sim_conn_flush(c);
}

void sim_send(struct sim_req *q, int code, const char *content_type, struct og_sv body)
{
	struct sim_shape *sh = &q->c->shape;

	if (sh->kind == SIM_F_BODY) {
		body = og_svz(sh->text);
		code = sh->code ? sh->code : code;
		content_type = sh->content_type ? sh->content_type : content_type;
	}
	sim_begin(q, code, content_type, (int64_t)body.n);
	sim_body(q, body.p, body.n);
}

void sim_send_json(struct sim_req *q, int code, json_t *o)
{
	char *text = o ? json_dumps(o, JSON_COMPACT | JSON_REAL_PRECISION(15)) : NULL;

	json_decref(o);
	if (!text) {
		sim_fail_oom(q);
		return;
	}
	sim_send(q, code, "application/json", og_svz(text));
	free(text);
}

/* Text before and behind the metadata of a PartialObjectMetadata. */
static const char partial_head[] =
	"{\"kind\":\"PartialObjectMetadata\",\"apiVersion\":\"meta.k8s.io/v1\",\"metadata\":";

size_t sim_obj_size(const struct sim_req *q, const struct sim_obj *o, bool in_list)
{
	if (q->partial)
		return sizeof(partial_head) + o->meta_len;
	return in_list && !(q->res->flags & SIM_R_CRD) ? o->len - o->head + 1 : o->len;
}

/* Items of lists of built-in kinds do not say what they are; those of CRDs do. */
static void write_text(struct sim_req *q, const char *text, size_t len, size_t head, bool in_list)
{
	if (in_list && !(q->res->flags & SIM_R_CRD)) {
		sim_body(q, "{", 1);
		text += head;
		len -= head;
	}
	sim_body(q, text, len);
}

void sim_write_obj(struct sim_req *q, const struct sim_obj *o, bool in_list)
{
	if (q->partial) {
		sim_body(q, partial_head, sizeof(partial_head) - 1);
		sim_body(q, o->text + o->meta_off, o->meta_len);
		sim_body(q, "}", 1);
	} else if (q->res->view_of) {
		json_t *j = sim_obj_json(o);
		struct sim_obj *v;

		sim_event_to_new(j);
		v = j ? sim_obj_new(q->res, j, o->rv) : NULL;
		json_decref(j);
		if (v)
			write_text(q, v->text, v->len, v->head, in_list);
		sim_obj_unref(v);
	} else {
		write_text(q, o->text, o->len, o->head, in_list);
	}
}

void sim_send_obj(struct sim_req *q, int code, const struct sim_obj *o)
{
	int64_t n = q->res->view_of ? -1 : (int64_t)sim_obj_size(q, o, false);

	if (q->c->shape.kind == SIM_F_BODY) {
		sim_send(q, code, "application/json", og_svz(""));
		return;
	}
	sim_begin(q, code, "application/json", n);
	sim_write_obj(q, o, false);
}
