/* SPDX-License-Identifier: Apache-2.0 */
/* One HTTPS request. The socket is non-blocking; every wait is a poll with what is left of time. */
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include "otelgate/base/clock.h"
#include "otelgate/base/mem.h"
#include "otelgate/base/parse.h"
#include "https-priv.h"

/* struct og_buf has a cap; ours is above what a review may be. */
enum { ANSWER_MAX_BYTES = 64 << 20, HOST_BYTES = 256, IO_BYTES = 16384 };

struct url {
	char host[HOST_BYTES], port[8];
	struct og_sv path;
	bool v6;
};

struct conn {
	int fd;
	SSL_CTX *ctx;
	SSL *ssl;
	int64_t deadline_ns;
};

static void conn_fini(struct conn *c)
{
	SSL_free(c->ssl);
	SSL_CTX_free(c->ctx);
	og_close_fd_(&c->fd);
}

static int bad_url(struct og_err *err, const char *why)
{
	return og_err_set(err, OG_E_INVALID, "--url: %s: expected https://HOST[:PORT]/PATH", why);
}

static int parse_url(const char *text, struct url *ret, struct og_err *err)
{
	struct og_sv s = og_svz(text);
	uint32_t port = 443;
	for (size_t i = 0; i < s.n; i++) {
		/* Nothing may reach the request line or the Host header that ends it. */
		if ((unsigned char)s.p[i] <= ' ' || s.p[i] == 0x7f)
			return bad_url(err, "blanks and control characters are not allowed");
	}
	if (!og_sv_starts(s, OG_SV("https://")))
		return bad_url(err, "the scheme is not https");
	s = og_sv(s.p + 8, s.n - 8);
	size_t slash = og_sv_chr(s, '/');
	struct og_sv host = og_sv(s.p, slash), portv = OG_SV("");
	ret->path = slash < s.n ? og_sv(s.p + slash, s.n - slash) : OG_SV("/");
	ret->v6 = host.n && host.p[0] == '[';
	size_t end = ret->v6 ? og_sv_chr(host, ']') : og_sv_chr(host, ':');
	if (ret->v6 && end == host.n)
		return bad_url(err, "\"[\" without \"]\"");
	size_t after = ret->v6 ? end + 1 : end;
	if (after < host.n && host.p[after] == ':')
		portv = og_sv(host.p + after + 1, host.n - after - 1);
	else if (after < host.n)
		return bad_url(err, "malformed host");
	host = ret->v6 ? og_sv(host.p + 1, end - 1) : og_sv(host.p, end);
	if (!host.n || host.n >= HOST_BYTES || og_sv_chr(host, '@') < host.n)
		return bad_url(err, "malformed host");
	if ((after < slash && !portv.n) ||
		(portv.n && og_parse_u32(portv, 1, 65535, &port, NULL) != 0))
		return bad_url(err, "the port is not 1 to 65535");
	memcpy(ret->host, host.p, host.n);
	ret->host[host.n] = '\0';
	(void)snprintf(ret->port, sizeof(ret->port), "%u", (unsigned)port);
	return 0;
}

static int wait_for(const struct conn *c, short events, struct og_err *err)
{
	for (;;) {
		int64_t left = c->deadline_ns - og_clock_mono_ns(og_clock_system());
		struct pollfd p = {.fd = c->fd, .events = events};
		if (left <= 0)
			return og_err_set(err, OG_E_TIMEOUT, "no answer within --timeout");
		int n = poll(&p, 1, (int)(left / OG_NS_PER_MS) + 1);
		if (n > 0)
			return 0;
		if (n < 0 && errno != EINTR)
			return og_err_sys(err, errno, "poll");
	}
}

static int connect_one(struct conn *c, const struct addrinfo *ai, struct og_err *err)
{
	int so = 0;
	socklen_t n = sizeof(so);
	int on = 1;
	c->fd = socket(ai->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (c->fd < 0)
		return og_err_sys(err, errno, "socket");
	(void)setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (connect(c->fd, ai->ai_addr, ai->ai_addrlen) == 0)
		return 0;
	int rc = errno == EINPROGRESS ? wait_for(c, POLLOUT, err)
				      : og_err_sys(err, errno, "connect");
	if (rc == 0 && getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &so, &n) == 0 && so != 0)
		rc = og_err_sys(err, so, "connect");
	return rc;
}

static int dial(struct conn *c, const struct url *u, struct og_err *err)
{
	struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM}, *list = NULL;
	int gai = getaddrinfo(u->host, u->port, &hints, &list);
	if (gai != 0)
		return og_err_set(err, OG_E_IO, "%s: %s", u->host, gai_strerror(gai));
	int rc = -OG_E_IO;
	for (const struct addrinfo *ai = list; ai; ai = ai->ai_next) {
		og_close_fd_(&c->fd);
		rc = connect_one(c, ai, err);
		if (rc == 0 || (err && err->code == OG_E_TIMEOUT))
			break;
	}
	freeaddrinfo(list);
	return rc == 0 ? 0 : og_err_wrap(err, "%s port %s", u->host, u->port);
}

static int tls_error(const struct conn *c, struct og_err *err, const char *what)
{
	char text[160] = "connection closed";
	unsigned long e = ERR_peek_last_error();
	long verify = c->ssl ? SSL_get_verify_result(c->ssl) : X509_V_OK;
	if (verify != X509_V_OK)
		(void)snprintf(text, sizeof(text), "certificate: %s",
			X509_verify_cert_error_string(verify));
	else if (e)
		ERR_error_string_n(e, text, sizeof(text));
	ERR_clear_error();
	return og_err_set(err, OG_E_TLS, "%s: %s", what, text);
}

/* Waits as OpenSSL asks; 0 to repeat the call, an error otherwise. */
static int again(const struct conn *c, int rc, const char *what, struct og_err *err)
{
	switch (SSL_get_error(c->ssl, rc)) {
	case SSL_ERROR_WANT_READ:
		return wait_for(c, POLLIN, err);
	case SSL_ERROR_WANT_WRITE:
		return wait_for(c, POLLOUT, err);
	default:
		return tls_error(c, err, what);
	}
}

static int handshake(
	struct conn *c, const struct og_https_request *rq, const struct url *u, struct og_err *err)
{
	const char *name = rq->server_name ? rq->server_name : u->host;
	char sni[HOST_BYTES]; /* OpenSSL's macro wants to be able to write */
	int len = snprintf(sni, sizeof(sni), "%s", name);
	if (len <= 0 || (size_t)len >= sizeof(sni))
		return og_err_set(err, OG_E_INVALID, "--server-name: malformed name");
	c->ctx = SSL_CTX_new(TLS_client_method());
	if (!c->ctx || SSL_CTX_set_min_proto_version(c->ctx, TLS1_2_VERSION) != 1)
		return tls_error(c, err, "TLS");
	if (rq->ca_file && SSL_CTX_load_verify_locations(c->ctx, rq->ca_file, NULL) != 1) {
		ERR_clear_error();
		return og_err_set(err, OG_E_INVALID, "--ca %s: no certificates to be read there",
			rq->ca_file);
	}
	if (!rq->ca_file && SSL_CTX_set_default_verify_paths(c->ctx) != 1)
		return tls_error(c, err, "TLS");
	SSL_CTX_set_verify(c->ctx, rq->insecure ? SSL_VERIFY_NONE : SSL_VERIFY_PEER, NULL);
	c->ssl = SSL_new(c->ctx);
	if (!c->ssl || SSL_set_fd(c->ssl, c->fd) != 1)
		return tls_error(c, err, "TLS");
	/* An address is verified as an address, and is no server name (RFC 6066 §3). */
	X509_VERIFY_PARAM *vp = SSL_get0_param(c->ssl);
	if (X509_VERIFY_PARAM_set1_ip_asc(vp, name) != 1 &&
		(SSL_set1_host(c->ssl, name) != 1 || SSL_set_tlsext_host_name(c->ssl, sni) != 1))
		return tls_error(c, err, "TLS");
	ERR_clear_error();
	for (;;) {
		int rc = SSL_connect(c->ssl);
		if (rc == 1)
			return 0;
		rc = again(c, rc, "TLS handshake", err);
		if (rc != 0)
			return rc;
	}
}

static int send_all(struct conn *c, struct og_sv s, struct og_err *err)
{
	while (s.n) {
		int k = SSL_write(c->ssl, s.p, s.n > IO_BYTES ? IO_BYTES : (int)s.n);
		if (k > 0) {
			s = og_sv(s.p + k, s.n - (size_t)k);
			continue;
		}
		int rc = again(c, k, "sending", err);
		if (rc != 0)
			return rc;
	}
	return 0;
}

/* Reads until the other side closes: the request asked for that. */
static int read_all(struct conn *c, struct og_buf *b, struct og_err *err)
{
	char buf[IO_BYTES];
	for (;;) {
		int k = SSL_read(c->ssl, buf, sizeof(buf));
		if (k > 0) {
			og_buf_add(b, buf, (size_t)k);
			if (b->failed)
				return og_err_set(err, OG_E_LIMIT, "the answer is too long");
			continue;
		}
		int e = SSL_get_error(c->ssl, k);
		if (e == SSL_ERROR_ZERO_RETURN)
			return 0;
		if (e == SSL_ERROR_SYSCALL && b->len && ERR_peek_error() == 0)
			return 0;
		int rc = again(c, k, "reading", err);
		if (rc != 0)
			return rc;
	}
}

static int not_http(struct og_err *err, const char *why)
{
	return og_err_set(err, OG_E_PARSE, "the answer is no HTTP/1.1: %s", why);
}

static int dechunk(struct og_sv s, struct og_buf *out, struct og_err *err)
{
	for (;;) {
		size_t eol = og_sv_chr(s, '\n');
		uint64_t n = 0;
		if (eol == s.n || eol == 0)
			return not_http(err, "cut chunk");
		for (size_t i = 0; i < eol && s.p[i] != '\r' && s.p[i] != ';'; i++) {
			char c = s.p[i];
			unsigned d = c >= '0' && c <= '9'   ? (unsigned)(c - '0')
				     : c >= 'a' && c <= 'f' ? (unsigned)(c - 'a') + 10
				     : c >= 'A' && c <= 'F' ? (unsigned)(c - 'A') + 10
							    : 16;
			if (d == 16 || n > ANSWER_MAX_BYTES)
				return not_http(err, "chunk size");
			n = n * 16 + d;
		}
		s = og_sv(s.p + eol + 1, s.n - eol - 1);
		if (n == 0)
			return 0;
		if (s.n < n + 2)
			return not_http(err, "cut chunk");
		og_buf_add(out, s.p, n);
		s = og_sv(s.p + n + 2, s.n - n - 2);
	}
}

static int parse_answer(struct og_sv raw, struct og_https_answer *ret, struct og_err *err)
{
	const char *end = raw.n ? memmem(raw.p, raw.n, "\r\n\r\n", 4) : NULL;
	if (!end || !og_sv_starts(raw, OG_SV("HTTP/1.")) || raw.n < 12)
		return not_http(err, "no header");
	uint32_t status = 0;
	uint64_t length = UINT64_MAX;
	bool chunked = false;
	if (og_parse_u32(og_sv(raw.p + 9, 3), 100, 599, &status, NULL) != 0)
		return not_http(err, "no status");
	struct og_sv head = og_sv(raw.p, (size_t)(end - raw.p)), line;
	struct og_sv body = og_sv(end + 4, raw.n - head.n - 4);
	while (og_sv_split(&head, '\n', &line)) {
		size_t colon = og_sv_chr(line, ':');
		struct og_sv name = og_sv(line.p, colon);
		struct og_sv value =
			colon < line.n ? og_sv_trim(og_sv(line.p + colon + 1, line.n - colon - 1))
				       : OG_SV("");
		if (og_sv_caseeq(name, OG_SV("transfer-encoding")))
			chunked = og_sv_caseeq(value, OG_SV("chunked"));
		else if (og_sv_caseeq(name, OG_SV("content-length")) &&
			 og_parse_u64(value, 0, ANSWER_MAX_BYTES, &length, NULL) != 0)
			return not_http(err, "Content-Length");
	}
	ret->status = (int)status;
	if (chunked)
		return dechunk(body, &ret->body, err);
	if (length != UINT64_MAX && body.n != length)
		return not_http(err, "the body is cut");
	og_buf_sv(&ret->body, body);
	return 0;
}

int og_https_post(
	const struct og_https_request *rq, struct og_https_answer *ret, struct og_err *err)
{
	const struct og_clock *clock = og_clock_system();
	struct conn c og_auto(conn_fini) = {.fd = -1};
	struct og_buf head og_auto_buf = OG_BUF_INIT(0);
	struct og_buf raw og_auto_buf = OG_BUF_INIT(ANSWER_MAX_BYTES + (1 << 20));
	struct url u;
	c.deadline_ns = og_clock_mono_ns(clock) + (int64_t)rq->timeout_ms * OG_NS_PER_MS;
	int rc = parse_url(rq->url, &u, err);
	if (rc == 0)
		rc = dial(&c, &u, err);
	if (rc == 0)
		rc = handshake(&c, rq, &u, err);
	if (rc != 0)
		return rc;
	og_buf_fmt(&head,
		"POST %.*s HTTP/1.1\r\nHost: %s%s%s:%s\r\nUser-Agent: otelgate/" OG_VERSION
		"\r\nAccept: application/json\r\nContent-Type: %s\r\nContent-Length: %zu\r\n"
		"Connection: close\r\n\r\n",
		OG_SV_ARG(u.path), u.v6 ? "[" : "", u.host, u.v6 ? "]" : "", u.port,
		rq->content_type, rq->body.n);
	/* One write: a body behind a header of its own waits for the receiver's delayed ACK. */
	og_buf_sv(&head, rq->body);
	if (head.failed)
		return og_err_set(err, OG_E_OOM, "out of memory");
	int64_t begun = og_clock_mono_ns(clock);
	rc = send_all(&c, og_buf_view(&head), err);
	if (rc == 0)
		rc = read_all(&c, &raw, err);
	if (rc != 0)
		return rc;
	ret->took_ns = og_clock_mono_ns(clock) - begun;
	og_buf_init(&ret->body, ANSWER_MAX_BYTES);
	rc = parse_answer(og_buf_view(&raw), ret, err);
	if (rc == 0 && ret->body.failed)
		rc = og_err_set(err, OG_E_OOM, "out of memory");
	if (rc != 0)
		og_buf_fini(&ret->body);
	return rc;
}
