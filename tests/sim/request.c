/* SPDX-License-Identifier: Apache-2.0 */
/* Requests as they come in, one after the other (RFC 9112). */
#include <openssl/err.h>
#include <errno.h>
#include <poll.h>
#include <unistd.h>
#include "otelgate/codec/percent.h"
#include "sim/sim-priv.h"

enum { MAX_HEAD = 64 * 1024, MAX_BODY = 3 * 1024 * 1024 };

/* Reads what there is; 0 = nothing yet, -1 = the end. */
static int fill(struct sim_conn *c)
{
	char buf[16384];
	int n = SSL_read(c->ssl, buf, sizeof(buf)), e;

	if (n > 0) {
		og_buf_add(&c->in, buf, (size_t)n);
		return c->in.failed ? -1 : 1;
	}
	e = SSL_get_error(c->ssl, n);
	ERR_clear_error();
	return e == SSL_ERROR_WANT_READ ? 0 : -1;
}

/* More bytes, or false: ended, killed or nothing for a minute. */
static bool more(struct sim_conn *c)
{
	int64_t until = sim_mono_ms() + 60000;

	for (;;) {
		int64_t left = until - sim_mono_ms();
		size_t had = c->in.len;
		struct pollfd p[2] = {{c->fd, POLLIN, 0}, {c->wake_fd, POLLIN, 0}};
		uint64_t n;
		int r;

		if (atomic_load(&c->kill) || left <= 0)
			return false;
		r = fill(c);
		if (r < 0 || c->in.len > had)
			return r > 0;
		if (poll(p, 2, (int)left) < 0 && errno != EINTR)
			return false;
		if (p[1].revents && read(c->wake_fd, &n, sizeof(n)) < 0)
			n = 0;
	}
}

static void drop(struct sim_conn *c, size_t n)
{
	memmove(c->in.p, c->in.p + n, c->in.len - n);
	c->in.len -= n;
}

/* Body of known length or chunked, appended to `body`. */
static bool read_exact(struct sim_conn *c, size_t n, struct og_buf *body)
{
	while (c->in.len < n)
		if (!more(c))
			return false;
	og_buf_add(body, c->in.p, n);
	drop(c, n);
	return !body->failed;
}

static bool read_line(struct sim_conn *c, char *line, size_t size)
{
	for (;;) {
		char *nl = c->in.len ? memchr(c->in.p, '\n', c->in.len) : NULL;

		if (nl) {
			size_t n = (size_t)(nl - c->in.p);

			if (n >= size)
				return false;
			memcpy(line, c->in.p, n);
			line[n] = '\0';
			drop(c, n + 1);
			return true;
		}
		if (c->in.len >= size || !more(c))
			return false;
	}
}

static bool read_chunked(struct sim_conn *c, struct og_buf *body)
{
	char line[256];
	struct og_buf crlf = OG_BUF_INIT(8);

	for (;;) {
		unsigned long n;
		bool ok;

		if (!read_line(c, line, sizeof(line)))
			return false;
		n = strtoul(line, NULL, 16);
		if (n > MAX_BODY || body->len + n > MAX_BODY + 1)
			return false;
		if (n == 0)
			break;
		og_buf_reset(&crlf);
		ok = read_exact(c, n, body) && read_exact(c, 2, &crlf);
		og_buf_fini(&crlf);
		if (!ok)
			return false;
	}
	do {
		if (!read_line(c, line, sizeof(line)))
			return false;
	} while (line[0] && line[0] != '\r');
	return true;
}

static struct og_sv decode(struct sim_req *q, struct og_sv s, bool plus)
{
	og_auto_buf struct og_buf b = OG_BUF_INIT(0), t = OG_BUF_INIT(0);

	for (size_t i = 0; i < s.n; i++)
		og_buf_ch(&t, plus && s.p[i] == '+' ? ' ' : s.p[i]);
	if (og_percent_decode(og_buf_view(&t), &b, NULL))
		return og_arena_sv(q->a, s);
	return og_arena_sv(q->a, og_buf_view(&b));
}

static void read_query(struct sim_req *q)
{
	struct og_sv rest = q->query, part;

	while (og_sv_split(&rest, '&', &part) && q->nparams < SIM_MAX_PARAMS) {
		size_t eq = og_sv_chr(part, '=');
		struct og_sv v = eq < part.n ? og_sv(part.p + eq + 1, part.n - eq - 1) : og_svz("");

		q->params[q->nparams].key = decode(q, og_sv(part.p, eq), true);
		q->params[q->nparams++].val = decode(q, v, true);
	}
}

/* Request line and headers of `head`, which ends behind the empty line. */
static bool parse_head(struct sim_req *q, struct og_sv head)
{
	struct og_sv rest = og_arena_sv(q->a, head), line, part;
	size_t at;

	if (!og_sv_split(&rest, '\n', &line))
		return false;
	line = og_sv_trim(line);
	if (!og_sv_split(&line, ' ', &q->method) || !og_sv_split(&line, ' ', &q->target) ||
		!og_sv_split(&line, ' ', &part) || !og_sv_starts(part, OG_SV("HTTP/1.")))
		return false;
	q->c->close = og_sv_is(part, "HTTP/1.0");
	at = og_sv_chr(q->target, '?');
	q->path = decode(q, og_sv(q->target.p, at), false);
	q->query = at < q->target.n ? og_sv(q->target.p + at + 1, q->target.n - at - 1)
				    : og_svz("");
	read_query(q);
	while (og_sv_split(&rest, '\n', &line)) {
		line = og_sv_trim(line);
		at = og_sv_chr(line, ':');
		if (!line.n)
			break;
		if (at == line.n || q->nheaders == SIM_MAX_HEADERS)
			return false;
		q->headers[q->nheaders].name = og_sv(line.p, at);
		q->headers[q->nheaders++].val = og_sv_trim(og_sv(line.p + at + 1, line.n - at - 1));
	}
	return true;
}

static bool read_body(struct sim_req *q)
{
	struct sim_conn *c = q->c;
	struct og_sv te = sim_header(q, "transfer-encoding");
	struct og_sv cl = sim_header(q, "content-length");
	unsigned long n = cl.n ? strtoul(sim_z(q, cl), NULL, 10) : 0;
	bool ok = true;

	og_buf_reset(&c->body);
	if (og_sv_caseeq(sim_header(q, "expect"), OG_SV("100-continue")) && n <= MAX_BODY) {
		og_buf_lit(&c->out, "HTTP/1.1 100 Continue\r\n\r\n");
		ok = sim_conn_flush(c);
	}
	if (n > MAX_BODY)
		c->close = true; /* answered with 413 by the router */
	else if (te.n)
		ok = ok && read_chunked(c, &c->body);
	else
		ok = ok && read_exact(c, n, &c->body);
	q->body = og_buf_view(&c->body);
	if (og_sv_caseeq(sim_header(q, "connection"), OG_SV("close")))
		c->close = true;
	return ok;
}

/* One request and its answer; false = the connection ends. */
bool sim_serve_one(struct sim_conn *c, struct og_arena *a)
{
	struct sim_req *q;
	size_t from = 0;
	char *end;

	while (!c->in.len || !(end = memmem(c->in.p + from, c->in.len - from, "\r\n\r\n", 4))) {
		from = c->in.len > 3 ? c->in.len - 3 : 0;
		if (c->in.len > MAX_HEAD || !more(c))
			return false;
	}
	q = og_arena_new(a, struct sim_req);
	if (!q)
		return false;
	q->s = c->s;
	q->c = c;
	q->a = a;
	c->begun = c->chunked = c->head_only = false;
	c->sent = 0;
	if ((size_t)(end - c->in.p) > MAX_HEAD ||
		!parse_head(q, og_sv(c->in.p, (size_t)(end - c->in.p) + 4)))
		return false;
	drop(c, (size_t)(end - c->in.p) + 4);
	if (!read_body(q))
		return false;
	c->head_only = og_sv_is(q->method, "HEAD");
	sim_route(q);
	/* before the last byte goes: who has the answer finds it in the log */
	sim_log_request(q);
	sim_end(q);
	sim_shape_free(&c->shape);
	return !c->close && !c->broken && !atomic_load(&c->kill);
}
