/* SPDX-License-Identifier: Apache-2.0 */
#include "support/http_client.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

static void set_timeout(int fd, int ms)
{
	struct timeval tv = {ms / 1000, (ms % 1000) * 1000};
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv));
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof(tv));
}

int hc_tcp(int family, uint16_t port, int timeout_ms)
{
	struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(port)};
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
	int on = 1, fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -1;
	v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	v6.sin6_addr = in6addr_loopback;
	set_timeout(fd, timeout_ms);
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (connect(fd, family == AF_INET6 ? (struct sockaddr *)&v6 : (struct sockaddr *)&v4,
		    family == AF_INET6 ? sizeof(v6) : sizeof(v4)) < 0) {
		(void)close(fd);
		return -1;
	}
	return fd;
}

static SSL_CTX *client_ctx(const char *ca_pem)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
	BIO *bio = BIO_new_mem_buf(ca_pem, -1);
	X509 *ca;

	while (ctx && bio && (ca = PEM_read_bio_X509(bio, NULL, NULL, NULL))) {
		X509_STORE_add_cert(SSL_CTX_get_cert_store(ctx), ca);
		X509_free(ca);
	}
	ERR_clear_error(); /* the end of the text is none */
	if (ctx)
		SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
	BIO_free(bio);
	return ctx;
}

bool hc_handshake(struct hc *c, const char *ca_pem, int min_version, int max_version)
{
	/* OpenSSL writes without MSG_NOSIGNAL; a server that hangs up must not kill the test. */
	signal(SIGPIPE, SIG_IGN);
	c->ctx = client_ctx(ca_pem);
	if (!c->ctx)
		return false;
	SSL_CTX_set_security_level(c->ctx, 0);
	SSL_CTX_set_min_proto_version(c->ctx, min_version);
	SSL_CTX_set_max_proto_version(c->ctx, max_version);
	char groups[64]; /* OpenSSL's macro takes no const */
	(void)snprintf(groups, sizeof(groups), "%s", c->groups ? c->groups : "");
	if ((c->suites && SSL_CTX_set_cipher_list(c->ctx, c->suites) != 1) ||
		(c->groups && SSL_CTX_set1_groups_list(c->ctx, groups) != 1))
		return false;
	c->ssl = SSL_new(c->ctx);
	static char host[] = "localhost";
	bool ok = c->ssl && SSL_set_fd(c->ssl, c->fd) == 1 && SSL_set1_host(c->ssl, "localhost") &&
		  SSL_ctrl(c->ssl, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, host) ==
			  1 &&
		  SSL_connect(c->ssl) == 1;
	ERR_clear_error();
	return ok;
}

bool hc_open(struct hc *c, uint16_t port, const char *ca_pem)
{
	*c = (struct hc){.fd = hc_tcp(AF_INET, port, HC_TIMEOUT_MS), .timeout_ms = HC_TIMEOUT_MS};
	og_buf_init(&c->in, 64 << 20);
	if (c->fd < 0)
		return false;
	return !ca_pem || hc_handshake(c, ca_pem, 0, 0);
}

void hc_close(struct hc *c)
{
	SSL_free(c->ssl);
	SSL_CTX_free(c->ctx);
	if (c->fd >= 0)
		(void)close(c->fd);
	og_buf_fini(&c->in);
	*c = (struct hc){.fd = -1};
	ERR_clear_error();
}

bool hc_send(struct hc *c, const void *p, size_t n)
{
	const char *at = p;

	while (n > 0) {
		ssize_t r;
		if (c->ssl)
			r = SSL_write(c->ssl, at, n > 1 << 20 ? 1 << 20 : (int)n);
		else
			r = send(c->fd, at, n, MSG_NOSIGNAL);
		if (r <= 0) {
			ERR_clear_error();
			return false;
		}
		at += r;
		n -= (size_t)r;
	}
	return true;
}

bool hc_str(struct hc *c, const char *s)
{
	return hc_send(c, s, strlen(s));
}

/* >0 bytes added, 0 end of stream, -1 error or timeout. */
static ssize_t fill(struct hc *c)
{
	char buf[16384];
	ssize_t n;

	if (c->ssl)
		n = SSL_read(c->ssl, buf, sizeof(buf));
	else
		n = recv(c->fd, buf, sizeof(buf), 0);
	int saved = errno;
	if (n > 0)
		og_buf_add(&c->in, buf, (size_t)n);
	else if (c->ssl &&
		 (SSL_get_error(c->ssl, (int)n) == SSL_ERROR_ZERO_RETURN || saved != EAGAIN))
		n = 0;
	ERR_clear_error();
	return n;
}

static void consume(struct hc *c, size_t n)
{
	memmove(c->in.p, c->in.p + n, c->in.len - n);
	c->in.len -= n;
	c->in.p[c->in.len] = '\0';
}

const char *hc_header(struct hc_resp *r, const char *name, char *buf, size_t size)
{
	size_t n = strlen(name);

	for (const char *at = strstr(r->head, "\r\n"); at; at = strstr(at + 2, "\r\n")) {
		const char *line = at + 2;
		if (strncasecmp(line, name, n) != 0 || line[n] != ':')
			continue;
		line += n + 1;
		line += strspn(line, " ");
		(void)snprintf(buf, size, "%.*s", (int)strcspn(line, "\r\n"), line);
		return buf;
	}
	return NULL;
}

bool hc_recv(struct hc *c, struct hc_resp *r)
{
	char value[128];
	char *end;

	r->status = 0;
	og_buf_fini(&r->body);
	og_buf_init(&r->body, 64 << 20);
	while (!c->in.p || !(end = strstr(c->in.p, "\r\n\r\n")))
		if (c->in.failed || fill(c) <= 0)
			return false;
	size_t head = (size_t)(end - c->in.p) + 4;
	(void)snprintf(r->head, sizeof(r->head), "%.*s", (int)head, c->in.p);
	if (strncmp(r->head, "HTTP/1.", 7) != 0)
		return false;
	int status = (int)strtol(r->head + 9, NULL, 10);
	consume(c, head);
	if (status == 100) {
		r->status = 100;
		return true;
	}
	r->close = hc_header(r, "Connection", value, sizeof(value)) &&
		   strcasecmp(value, "close") == 0;
	if (!hc_header(r, "Content-Length", value, sizeof(value)))
		return false;
	size_t want = strtoul(value, NULL, 10);
	while (c->in.len < want)
		if (fill(c) <= 0)
			return false;
	og_buf_add(&r->body, c->in.p ? c->in.p : "", want);
	if (want)
		consume(c, want);
	r->status = status;
	return true;
}

void hc_resp_fini(struct hc_resp *r)
{
	og_buf_fini(&r->body);
}

bool hc_ended(struct hc *c, int timeout_ms)
{
	ssize_t n;

	set_timeout(c->fd, timeout_ms);
	do
		n = fill(c);
	while (n > 0);
	set_timeout(c->fd, c->timeout_ms);
	return n == 0 || errno != EAGAIN;
}

bool hc_post(struct hc *c, const char *path, const char *extra, const void *body, size_t n)
{
	char head[1024];
	int k = snprintf(head, sizeof(head),
		"POST %s HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
		"Content-Length: %zu\r\n%s\r\n",
		path, n, extra ? extra : "");
	struct og_buf all = OG_BUF_INIT(64 << 20);

	og_buf_add(&all, head, (size_t)k);
	og_buf_add(&all, body, n);
	bool ok = !all.failed && hc_send(c, all.p, all.len);
	og_buf_fini(&all);
	return ok;
}

bool hc_get(struct hc *c, const char *path)
{
	char head[1024];
	(void)snprintf(head, sizeof(head), "GET %s HTTP/1.1\r\nHost: localhost\r\n\r\n", path);
	return hc_str(c, head);
}
