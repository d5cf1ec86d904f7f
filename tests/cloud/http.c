/* SPDX-License-Identifier: Apache-2.0 */
/* Listening, connections, and requests as they come in (RFC 9112). */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>
#include <zlib.h>
#include "cloud/cloud-priv.h"
#include "otelgate/base/parse.h"
#include "otelgate/codec/percent.h"

static int listen_one(struct og_cloud *c, int h, struct og_err *err)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(c->o.port[h])};
	socklen_t n = sizeof(a);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), one = 1;

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd < 0)
		return og_err_sys(err, errno, "socket");
	c->listen_fd[h] = fd;
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) ||
		bind(fd, (struct sockaddr *)&a, sizeof(a)) || listen(fd, 512) ||
		getsockname(fd, (struct sockaddr *)&a, &n))
		return og_err_sys(err, errno, "%s: 127.0.0.1:%u",
			og_cloud_host_name((enum og_cloud_host)h), c->o.port[h]);
	c->port[h] = ntohs(a.sin_port);
	return 0;
}

int cl_listen_all(struct og_cloud *c, struct og_err *err)
{
	int rc = 0;

	for (int h = 0; h < OG_CLOUD_HOSTS_ && !rc; h++)
		rc = listen_one(c, h, err);
	return rc;
}

bool cl_pause(struct cl_conn *k, int64_t ms)
{
	struct pollfd p = {k->fd, POLLRDHUP, 0};
	int64_t until = cl_mono_ms() + ms, left;

	while ((left = until - cl_mono_ms()) > 0 && !atomic_load(&k->c->stopping)) {
		int r = poll(&p, 1, left > 1000 ? 1000 : (int)left);

		if ((r < 0 && errno != EINTR) || (r > 0 && p.revents))
			k->broken = true;
		if (k->broken)
			return false;
	}
	return !atomic_load(&k->c->stopping);
}

bool cl_write(struct cl_conn *k, const void *p, size_t n)
{
	const char *at = p;

	while (n && !k->broken) {
		int want = n > (1 << 20) ? 1 << 20 : (int)n;
		ssize_t r = k->ssl ? SSL_write(k->ssl, at, want)
				   : send(k->fd, at, (size_t)want, MSG_NOSIGNAL);

		if (r <= 0) {
			if (k->ssl)
				ERR_clear_error();
			else if (r < 0 && errno == EINTR)
				continue;
			k->broken = true;
			break;
		}
		at += r;
		n -= (size_t)r;
	}
	return !k->broken;
}

/* More bytes, or false: the end, or nothing for a minute. */
static bool more(struct cl_conn *k)
{
	char buf[32768];
	ssize_t n;

	do {
		n = k->ssl ? SSL_read(k->ssl, buf, sizeof(buf)) : recv(k->fd, buf, sizeof(buf), 0);
	} while (!k->ssl && n < 0 && errno == EINTR);
	if (k->ssl && n <= 0)
		ERR_clear_error();
	if (n <= 0 || atomic_load(&k->c->stopping))
		return false;
	og_buf_add(&k->in, buf, (size_t)n);
	return !k->in.failed;
}

static void drop(struct cl_conn *k, size_t n)
{
	memmove(k->in.p, k->in.p + n, k->in.len - n);
	k->in.len -= n;
}

static bool read_exact(struct cl_conn *k, size_t n, struct og_buf *body)
{
	while (n) {
		size_t part = k->in.len < n ? k->in.len : n;

		og_buf_add(body, k->in.p ? k->in.p : "", part);
		if (part)
			drop(k, part);
		n -= part;
		if (body->failed || (n && !more(k)))
			return false;
	}
	return true;
}

static bool read_line(struct cl_conn *k, char *line, size_t size)
{
	for (;;) {
		char *nl = k->in.len ? memchr(k->in.p, '\n', k->in.len) : NULL;

		if (nl) {
			size_t n = (size_t)(nl - k->in.p);

			if (n >= size)
				return false;
			memcpy(line, k->in.p, n);
			line[n] = '\0';
			drop(k, n + 1);
			return true;
		}
		if (k->in.len >= size || !more(k))
			return false;
	}
}

static bool read_chunked(struct cl_conn *k, struct og_buf *body, size_t max, bool *large)
{
	char line[256];

	for (;;) {
		og_auto_buf struct og_buf crlf = OG_BUF_INIT(8);
		unsigned long n;

		if (!read_line(k, line, sizeof(line)))
			return false;
		n = strtoul(line, NULL, 16);
		if (n > max || body->len + n > max) {
			*large = true;
			return true;
		}
		if (n == 0)
			break;
		if (!read_exact(k, n, body) || !read_exact(k, 2, &crlf))
			return false;
	}
	do {
		if (!read_line(k, line, sizeof(line)))
			return false;
	} while (line[0] && line[0] != '\r');
	return true;
}

static struct og_sv decode(struct cl_req *q, struct og_sv s, bool plus)
{
	og_auto_buf struct og_buf b = OG_BUF_INIT(0), t = OG_BUF_INIT(0);

	for (size_t i = 0; i < s.n; i++)
		og_buf_ch(&t, plus && s.p[i] == '+' ? ' ' : s.p[i]);
	if (og_percent_decode(og_buf_view(&t), &b, NULL))
		return og_arena_sv(q->a, s);
	return og_arena_sv(q->a, og_buf_view(&b));
}

void cl_read_form(struct cl_req *q, struct og_sv text)
{
	struct og_sv rest = text, part;

	while (og_sv_split(&rest, '&', &part)) {
		size_t eq = og_sv_chr(part, '=');
		struct cl_header *h = q->nparams < 4096 ? cl_push(q->a, q, params) : NULL;

		if (!h)
			return;
		h->k = decode(q, og_sv(part.p, eq), true);
		h->v = eq < part.n ? decode(q, og_sv(part.p + eq + 1, part.n - eq - 1), true)
				   : og_svz("");
	}
}

static bool parse_head(struct cl_req *q, struct og_sv head)
{
	struct og_sv rest = og_arena_sv(q->a, head), line, part;
	size_t at;

	if (!og_sv_split(&rest, '\n', &line))
		return false;
	line = og_sv_trim(line);
	if (!og_sv_split(&line, ' ', &q->method) || !og_sv_split(&line, ' ', &q->target) ||
		!og_sv_split(&line, ' ', &part) || !og_sv_starts(part, OG_SV("HTTP/1.")))
		return false;
	q->conn->close = og_sv_is(part, "HTTP/1.0");
	at = og_sv_chr(q->target, '?');
	q->path = decode(q, og_sv(q->target.p, at), false);
	if (at < q->target.n)
		cl_read_form(q, og_sv(q->target.p + at + 1, q->target.n - at - 1));
	while (og_sv_split(&rest, '\n', &line)) {
		line = og_sv_trim(line);
		at = og_sv_chr(line, ':');
		if (!line.n)
			break;
		if (at == line.n || q->nheaders == CL_HEADERS)
			return false;
		q->headers[q->nheaders].k = og_sv(line.p, at);
		q->headers[q->nheaders++].v = og_sv_trim(og_sv(line.p + at + 1, line.n - at - 1));
	}
	return true;
}

struct og_sv cl_header(const struct cl_req *q, const char *name)
{
	for (uint32_t i = 0; i < q->nheaders; i++)
		if (og_sv_caseeq(q->headers[i].k, og_svz(name)))
			return q->headers[i].v;
	return og_svz("");
}

struct og_sv cl_param(const struct cl_req *q, const char *name)
{
	for (uint32_t i = 0; i < q->nparams; i++)
		if (og_sv_eq(q->params[i].k, og_svz(name)))
			return q->params[i].v;
	return og_svz("");
}

static bool read_body(struct cl_req *q, struct og_buf *body)
{
	struct cl_conn *k = q->conn;
	struct og_sv te = cl_header(q, "transfer-encoding"), cl = cl_header(q, "content-length");
	uint64_t n = 0, max;
	bool ok = true;

	pthread_mutex_lock(&q->c->mu);
	max = (uint64_t)q->c->set.body_bytes;
	pthread_mutex_unlock(&q->c->mu);
	if (cl.n && og_parse_u64(cl, 0, UINT64_MAX, &n, NULL))
		return false;
	q->too_large = n > max;
	if (!q->too_large && og_sv_caseeq(cl_header(q, "expect"), OG_SV("100-continue")))
		ok = cl_write(k, "HTTP/1.1 100 Continue\r\n\r\n", 25);
	if (te.n && !q->too_large)
		ok = ok && read_chunked(k, body, max, &q->too_large);
	else if (!q->too_large)
		ok = ok && read_exact(k, n, body);
	if (q->too_large || og_sv_caseeq(cl_header(q, "connection"), OG_SV("close")))
		k->close = true;
	q->body = og_buf_view(body);
	q->wire_in = body->len;
	return ok;
}

bool cl_gunzip(struct og_arena *a, struct og_sv *body, size_t max, bool *ret_large)
{
	og_auto_buf struct og_buf out = OG_BUF_INIT(max + 1);
	z_stream z = {0};
	char buf[32768];
	int r = Z_OK;

	*ret_large = false;
	if (inflateInit2(&z, 15 + 32) != Z_OK)
		return false;
	z.next_in = (Bytef *)(uintptr_t)body->p;
	z.avail_in = (uInt)body->n;
	while (r == Z_OK && !out.failed) {
		z.next_out = (Bytef *)buf;
		z.avail_out = sizeof(buf);
		r = inflate(&z, Z_NO_FLUSH);
		og_buf_add(&out, buf, sizeof(buf) - z.avail_out);
		if (r == Z_OK && !z.avail_in && z.avail_out)
			r = Z_BUF_ERROR;
	}
	inflateEnd(&z);
	*ret_large = out.failed || out.len > max;
	if (r != Z_STREAM_END || out.failed)
		return false;
	*body = og_arena_sv(a, og_buf_view(&out));
	return body->p != NULL;
}

/* One request and its answer; false = the connection ends. */
static bool serve_one(struct cl_conn *k, struct og_arena *a)
{
	og_auto_buf struct og_buf body = OG_BUF_INIT(256 << 20);
	struct cl_req *q;
	size_t n;
	char *end;

	while (!k->in.len || !(end = memmem(k->in.p, k->in.len, "\r\n\r\n", 4)))
		if (k->in.len > CL_HEAD_BYTES || !more(k))
			return false;
	q = og_arena_new(a, struct cl_req);
	if (!q)
		return false;
	q->c = k->c;
	q->conn = k;
	q->a = a;
	q->host = (enum og_cloud_host)k->host;
	n = (size_t)(end - k->in.p) + 4;
	if (!parse_head(q, og_sv(k->in.p, n)))
		return false;
	drop(k, n);
	if (!read_body(q, &body))
		return false;
	og_buf_init(&q->out, 256 << 20);
	og_buf_init(&q->head, 1 << 20);
	cl_route(q);
	cl_log_request(q);
	cl_send(q);
	og_buf_fini(&q->out);
	og_buf_fini(&q->head);
	cl_fault_free(&q->fault);
	if (q->too_large) { /* the rest of the body is read away, a little, so that the answer is
			       not lost in a reset */
		struct timeval soon = {.tv_usec = 300000};

		shutdown(k->fd, SHUT_WR);
		setsockopt(k->fd, SOL_SOCKET, SO_RCVTIMEO, &soon, sizeof(soon));
		for (int i = 0; i < 2000 && more(k); i++)
			k->in.len = 0;
	}
	return !k->close && !k->broken && !atomic_load(&k->c->stopping);
}

static void conn_end(struct cl_conn *k)
{
	struct og_cloud *c = k->c;

	if (k->ssl && !k->broken && SSL_is_init_finished(k->ssl))
		SSL_shutdown(k->ssl);
	ERR_clear_error();
	pthread_mutex_lock(&c->mu);
	close(k->fd);
	k->fd = -1;
	k->done = true;
	pthread_cond_broadcast(&c->cond);
	pthread_mutex_unlock(&c->mu);
}

static void *conn_thread(void *arg)
{
	struct cl_conn *k = arg;
	og_auto_arena struct og_arena a;
	struct timeval rcv = {.tv_sec = 60}, snd = {.tv_sec = 30};
	int one = 1;
	sigset_t pipes;

	/* a client that left is an error to see, not a signal to die of */
	sigemptyset(&pipes);
	sigaddset(&pipes, SIGPIPE);
	pthread_sigmask(SIG_BLOCK, &pipes, NULL);
	og_arena_init(&a, 0, 1ULL << 30);
	setsockopt(k->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	setsockopt(k->fd, SOL_SOCKET, SO_RCVTIMEO, &rcv, sizeof(rcv));
	setsockopt(k->fd, SOL_SOCKET, SO_SNDTIMEO, &snd, sizeof(snd));
	if (k->ssl && SSL_accept(k->ssl) != 1) {
		ERR_clear_error();
		k->broken = true;
	}
	while (!k->broken && serve_one(k, &a))
		og_arena_reset(&a);
	conn_end(k);
	return NULL;
}

static void conn_free(struct cl_conn *k)
{
	SSL_free(k->ssl);
	og_buf_fini(&k->in);
	og_free(k);
}

/* Frees what has ended; with mu held. */
static void reap(struct og_cloud *c)
{
	struct cl_conn **at = &c->conns;

	while (*at) {
		struct cl_conn *k = *at;

		if (!k->done) {
			at = &k->next;
			continue;
		}
		*at = k->next;
		c->nconns--;
		pthread_join(k->thread, NULL);
		conn_free(k);
	}
}

static void conn_start(struct og_cloud *c, int fd, int host)
{
	struct cl_conn *k = og_calloc(1, sizeof(*k));
	bool plain = !c->tls || host == OG_CLOUD_COLLECTOR || host == OG_CLOUD_ADMIN;

	if (!k) {
		close(fd);
		return;
	}
	k->c = c;
	k->fd = fd;
	k->host = host;
	og_buf_init(&k->in, 2 << 20);
	k->ssl = plain ? NULL : SSL_new(c->tls);
	if (!plain && (!k->ssl || !SSL_set_fd(k->ssl, fd))) {
		close(fd);
		conn_free(k);
		return;
	}
	pthread_mutex_lock(&c->mu);
	reap(c);
	if (c->nconns < CL_CONNS && pthread_create(&k->thread, NULL, conn_thread, k) == 0) {
		k->next = c->conns;
		c->conns = k;
		c->nconns++;
		k = NULL;
	}
	pthread_mutex_unlock(&c->mu);
	if (k) {
		close(fd);
		conn_free(k);
	}
}

void *cl_accept_thread(void *arg)
{
	struct og_cloud *c = arg;
	struct pollfd p[OG_CLOUD_HOSTS_ + 1];

	for (int h = 0; h < OG_CLOUD_HOSTS_; h++)
		p[h] = (struct pollfd){c->listen_fd[h], POLLIN, 0};
	p[OG_CLOUD_HOSTS_] = (struct pollfd){c->wake_fd, POLLIN, 0};
	while (!atomic_load(&c->stopping)) {
		if (poll(p, OG_CLOUD_HOSTS_ + 1, -1) < 0 && errno != EINTR)
			break;
		for (int h = 0; h < OG_CLOUD_HOSTS_; h++) {
			int fd = p[h].revents ? accept4(c->listen_fd[h], NULL, NULL, SOCK_CLOEXEC)
					      : -1;

			if (fd >= 0)
				conn_start(c, fd, h);
		}
	}
	return NULL;
}

void cl_kill_all(struct og_cloud *c)
{
	pthread_mutex_lock(&c->mu);
	for (;;) {
		for (struct cl_conn *k = c->conns; k; k = k->next)
			if (!k->done)
				shutdown(k->fd, SHUT_RDWR);
		reap(c);
		if (!c->conns)
			break;
		pthread_cond_wait(&c->cond, &c->mu);
	}
	pthread_mutex_unlock(&c->mu);
}
