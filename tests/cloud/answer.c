/* SPDX-License-Identifier: Apache-2.0 */
/* Answers, in the shape that a fault gives them. */
#include <stdio.h>
#include <sys/socket.h>
#include <zlib.h>
#include "cloud/cloud-priv.h"
#include "otelgate/codec/jwrite.h"

void cl_json(struct cl_req *q, int status)
{
	q->status = status;
	q->content_type = "application/json";
}

/* Of a gateway that is a google.rpc.Status in the encoding of the request. */
void cl_text(struct cl_req *q, int status, const char *fmt, ...)
{
	og_auto_buf struct og_buf b = OG_BUF_INIT(0);
	va_list ap;

	va_start(ap, fmt);
	og_buf_vfmt(&b, fmt, ap);
	va_end(ap);
	og_buf_reset(&q->out);
	q->status = status;
	if (!q->otlp) {
		q->content_type = "text/plain; charset=utf-8";
		og_buf_sv(&q->out, og_buf_view(&b));
		return;
	}
	/* google.rpc.Code of that status (opentelemetry-proto: OTLP/HTTP failures) */
	int code = status == 400 || status == 413 || status == 415 ? 3
		   : status == 401				   ? 16
		   : status == 403				   ? 7
		   : status == 404				   ? 12
		   : status == 429				   ? 8
		   : status == 503				   ? 14
								   : 2;
	if (q->otlp_json) {
		q->content_type = "application/json";
		og_buf_fmt(&q->out, "{\"code\":%d,\"message\":", code);
		og_jw_str(&q->out, og_buf_view(&b));
		og_buf_ch(&q->out, '}');
	} else {
		q->content_type = "application/x-protobuf";
		cl_pb_varint(&q->out, 1, (uint64_t)code);
		cl_pb_bytes(&q->out, 2, og_buf_view(&b));
	}
}

void cl_bad_data(struct cl_req *q, int status, const char *type, const char *fmt, ...)
{
	og_auto_buf struct og_buf b = OG_BUF_INIT(0);
	va_list ap;

	va_start(ap, fmt);
	og_buf_vfmt(&b, fmt, ap);
	va_end(ap);
	og_buf_reset(&q->out);
	og_buf_fmt(&q->out, "{\"status\":\"error\",\"errorType\":\"%s\",\"error\":", type);
	og_jw_str(&q->out, og_buf_view(&b));
	og_buf_ch(&q->out, '}');
	cl_json(q, status);
}

static const char *phrase(int status)
{
	static const struct {
		int status;
		const char *text;
	} known[] = {{200, "OK"}, {204, "No Content"}, {302, "Found"}, {400, "Bad Request"},
		{401, "Unauthorized"}, {403, "Forbidden"}, {404, "Not Found"},
		{405, "Method Not Allowed"}, {413, "Request Entity Too Large"},
		{415, "Unsupported Media Type"}, {422, "Unprocessable Entity"},
		{429, "Too Many Requests"}, {500, "Internal Server Error"}, {502, "Bad Gateway"},
		{503, "Service Unavailable"}, {504, "Gateway Timeout"}};

	for (size_t i = 0; i < OG_COUNT(known); i++)
		if (known[i].status == status)
			return known[i].text;
	return "Status";
}

static void gzip(struct cl_req *q)
{
	struct og_buf z = OG_BUF_INIT(256 << 20);
	z_stream s = {0};
	uLong bound;

	if (q->out.len < 1024 || !og_sv_has(cl_header(q, "accept-encoding"), OG_SV("gzip")) ||
		deflateInit2(&s, 1, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY) != Z_OK)
		return;
	bound = deflateBound(&s, q->out.len);
	if (og_buf_reserve(&z, bound)) {
		s.next_in = (Bytef *)q->out.p;
		s.avail_in = (uInt)q->out.len;
		s.next_out = (Bytef *)z.p;
		s.avail_out = (uInt)bound;
		if (deflate(&s, Z_FINISH) == Z_STREAM_END) {
			z.len = s.total_out;
			og_buf_fini(&q->out);
			q->out = z;
			og_buf_init(&z, 0);
			og_buf_lit(&q->head, "Content-Encoding: gzip\r\n");
		}
	}
	deflateEnd(&s);
	og_buf_fini(&z);
}

static bool head(struct cl_req *q, bool chunked, uint64_t length)
{
	og_auto_buf struct og_buf b = OG_BUF_INIT(0);
	const char *type = q->content_type;

	if (q->fault.kind == CL_F_CONTENT_TYPE)
		type = q->fault.content_type;
	og_buf_fmt(&b, "HTTP/1.1 %d %s\r\n", q->status, phrase(q->status));
	if (type)
		og_buf_fmt(&b, "Content-Type: %s\r\n", type);
	if (chunked)
		og_buf_lit(&b, "Transfer-Encoding: chunked\r\n");
	else
		og_buf_fmt(&b, "Content-Length: %llu\r\n", (unsigned long long)length);
	og_buf_sv(&b, og_buf_view(&q->head));
	if (q->conn->close)
		og_buf_lit(&b, "Connection: close\r\n");
	og_buf_lit(&b, "\r\n");
	return cl_write(q->conn, b.p, b.len);
}

static void endless(struct cl_req *q)
{
	static const char part[] = "1000\r\n";
	char chunk[4096];

	memset(chunk, 'x', sizeof(chunk));
	if (!head(q, true, 0) || !cl_write(q->conn, "1\r\n\"\r\n", 6))
		return;
	while (!atomic_load(&q->c->stopping) && cl_write(q->conn, part, 6) &&
		cl_write(q->conn, chunk, sizeof(chunk)) && cl_write(q->conn, "\r\n", 2))
		q->wire_out += sizeof(chunk);
}

static void huge(struct cl_req *q)
{
	int64_t left = q->fault.bytes > 2 ? q->fault.bytes - 2 : 0;
	char part[65536];

	memset(part, 'x', sizeof(part));
	if (!head(q, false, (uint64_t)left + 2) || !cl_write(q->conn, "\"", 1))
		return;
	while (left && !atomic_load(&q->c->stopping)) {
		size_t n = left > (int64_t)sizeof(part) ? sizeof(part) : (size_t)left;

		if (!cl_write(q->conn, part, n))
			return;
		left -= (int64_t)n;
		q->wire_out += n;
	}
	cl_write(q->conn, "\"", 1);
}

static void slow(struct cl_req *q)
{
	size_t step = q->fault.bytes > 0 ? (size_t)q->fault.bytes : 1;

	if (!head(q, false, q->out.len))
		return;
	for (size_t at = 0; at < q->out.len; at += step) {
		size_t n = q->out.len - at < step ? q->out.len - at : step;

		if (!cl_pause(q->conn, q->fault.ms) || !cl_write(q->conn, q->out.p + at, n))
			return;
	}
}

static void cut(struct cl_req *q)
{
	size_t n = q->fault.bytes > 0 ? (size_t)q->fault.bytes : q->out.len / 2;

	q->conn->close = true;
	if (head(q, false, q->out.len + (n >= q->out.len)))
		cl_write(q->conn, q->out.p ? q->out.p : "", n < q->out.len ? n : q->out.len);
	q->conn->broken = true;
}

static void reset(struct cl_req *q)
{
	struct linger hard = {1, 0};

	setsockopt(q->conn->fd, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));
	q->conn->broken = true;
}

static void send_plain(struct cl_req *q)
{
	bool headless = og_sv_is(q->method, "HEAD") || q->status == 204;

	gzip(q);
	if (head(q, false, q->out.len) && !headless && q->out.len)
		cl_write(q->conn, q->out.p, q->out.len);
	q->wire_out = q->out.len;
}

void cl_send(struct cl_req *q)
{
	if (q->out.failed) {
		og_buf_reset(&q->out);
		q->status = 500;
	}
	switch (q->fault.kind) {
	case CL_F_HANG:
		cl_pause(q->conn, q->fault.ms > 0 ? q->fault.ms : INT64_MAX / 4);
		q->conn->close = true;
		q->conn->broken = true;
		break;
	case CL_F_DELAY:
		if (cl_pause(q->conn, q->fault.ms))
			send_plain(q);
		break;
	case CL_F_SLOW:
		slow(q);
		break;
	case CL_F_CUT:
		cut(q);
		break;
	case CL_F_RESET:
		reset(q);
		break;
	case CL_F_ENDLESS:
		q->conn->close = true;
		endless(q);
		break;
	case CL_F_HUGE:
		huge(q);
		break;
	default:
		send_plain(q);
	}
	pthread_mutex_lock(&q->c->mu);
	q->c->bytes_out += q->wire_out;
	pthread_mutex_unlock(&q->c->mu);
}
