/* SPDX-License-Identifier: Apache-2.0 */
#include "support/script_server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include "otelgate/base/mem.h"

enum { MAX_CONNS = 1024, MAX_SEEN = 4096, WAIT_S = 15 };

struct ss {
	int listen_fd;
	unsigned port;
	ss_fn *fn;
	void *ctx;
	struct ss_step *steps; /* without fn: the test's, copied; they outlive the test's stack */
	SSL_CTX *tls;
	pthread_t acceptor;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct ss_conn *conns[MAX_CONNS];
	pthread_t threads[MAX_CONNS];
	unsigned nconns, nended;
	char *seen[MAX_SEEN];
	unsigned nseen;
	bool stopping;
};

void ss_resting(struct ss_conn *c, bool resting)
{
	pthread_mutex_lock(&c->s->lock);
	c->resting = resting;
	pthread_mutex_unlock(&c->s->lock);
}

/* The bytes stay in the socket until it is told that the thread works. */
static void rest(struct ss_conn *c)
{
	struct pollfd p = {.fd = c->fd, .events = POLLIN};
	if (c->ssl && SSL_has_pending(c->ssl))
		return;
	ss_resting(c, true);
	while (poll(&p, 1, -1) < 0)
		;
	ss_resting(c, false);
}

static ssize_t get(struct ss_conn *c, char *p, size_t n)
{
	rest(c);
	return c->ssl ? SSL_read(c->ssl, p, (int)n) : recv(c->fd, p, n, 0);
}

bool ss_send_n(struct ss_conn *c, const void *p, size_t n)
{
	const char *at = p;
	while (n) {
		ssize_t k = c->ssl ? SSL_write(c->ssl, at, (int)(n > 1 << 20 ? 1 << 20 : n))
				   : send(c->fd, at, n, MSG_NOSIGNAL);
		if (k <= 0)
			return false;
		at += k;
		n -= (size_t)k;
	}
	return true;
}

bool ss_send(struct ss_conn *c, const char *text)
{
	return ss_send_n(c, text, strlen(text));
}

void ss_reset(struct ss_conn *c)
{
	struct linger now = {.l_onoff = 1, .l_linger = 0};
	(void)setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
}

void ss_hang(struct ss_conn *c)
{
	char sink[4096];
	do
		rest(c);
	while (recv(c->fd, sink, sizeof(sink), 0) > 0);
}

static void record(struct ss_conn *c, size_t n)
{
	struct ss *s = c->s;
	pthread_mutex_lock(&s->lock);
	if (s->nseen < MAX_SEEN) {
		char *copy = og_malloc(n + 1);
		if (copy) {
			memcpy(copy, c->in.p, n);
			copy[n] = '\0';
		}
		s->seen[s->nseen++] = copy;
		c->last = copy;
	}
	pthread_cond_broadcast(&s->changed);
	pthread_mutex_unlock(&s->lock);
}

/* Bytes of the request that begins the buffer; 0 = not complete. */
static size_t request_size(const struct og_buf *b)
{
	const char *end = b->p ? strstr(b->p, "\r\n\r\n") : NULL;
	if (!end)
		return 0;
	size_t head = (size_t)(end - b->p) + 4, body = 0;
	const char *length = strcasestr(b->p, "\r\ncontent-length:");
	if (length && length < end)
		body = strtoul(length + strlen("\r\ncontent-length:"), NULL, 10);
	return b->len >= head + body ? head + body : 0;
}

bool ss_read(struct ss_conn *c)
{
	char chunk[16384];
	size_t n;
	while (!(n = request_size(&c->in))) {
		ssize_t k = get(c, chunk, sizeof(chunk));
		if (k <= 0)
			return false;
		og_buf_add(&c->in, chunk, (size_t)k);
	}
	record(c, n);
	memmove(c->in.p, c->in.p + n, c->in.len - n + 1);
	c->in.len -= n;
	return true;
}

const char *ss_last(const struct ss_conn *c)
{
	return c->last;
}

static const struct ss_step *step_of(struct ss *s)
{
	const struct ss_step *steps = s->steps;
	pthread_mutex_lock(&s->lock);
	unsigned want = s->nseen - 1, i = 0;
	pthread_mutex_unlock(&s->lock);
	while (i < want && steps[i + 1].text)
		i++;
	return &steps[i];
}

static void serve_steps(struct ss_conn *c)
{
	while (ss_read(c)) {
		const struct ss_step *st = step_of(c->s);
		if (!ss_send_n(c, st->text, st->n))
			return;
		if (st->after == SS_KEEP)
			continue;
		if (st->after == SS_RESET)
			ss_reset(c);
		else if (st->after == SS_HANG)
			ss_hang(c);
		return;
	}
}

static void *serve(void *ctx)
{
	struct ss_conn *c = ctx;
	struct ss *s = c->s;
	bool ok = true;
	/* OpenSSL writes to connections that are gone; the client under test stays unprotected */
	sigset_t pipe;
	(void)sigemptyset(&pipe);
	(void)sigaddset(&pipe, SIGPIPE);
	(void)pthread_sigmask(SIG_BLOCK, &pipe, NULL);
	if (s->tls) {
		c->ssl = SSL_new(s->tls);
		ok = c->ssl && SSL_set_fd(c->ssl, c->fd) == 1 && SSL_accept(c->ssl) == 1;
	}
	if (ok && s->fn)
		s->fn(c, s->ctx);
	else if (ok)
		serve_steps(c);
	struct linger l = {0};
	socklen_t n = sizeof(l);
	(void)getsockopt(c->fd, SOL_SOCKET, SO_LINGER, &l, &n);
	if (c->ssl && ok && !l.l_onoff)
		(void)SSL_shutdown(c->ssl);
	SSL_free(c->ssl);
	pthread_mutex_lock(&s->lock);
	(void)close(c->fd);
	s->conns[c->index] = NULL;
	s->nended++;
	pthread_cond_broadcast(&s->changed);
	pthread_mutex_unlock(&s->lock);
	og_buf_fini(&c->in);
	og_free(c);
	return NULL;
}

/* Under the lock. */
static void take(struct ss *s, int fd)
{
	int on = 1;
	struct ss_conn *c = og_calloc(1, sizeof(*c));
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (!c || s->stopping || s->nconns == MAX_CONNS) {
		(void)close(fd);
		og_free(c);
	} else {
		*c = (struct ss_conn){.s = s, .fd = fd, .index = s->nconns};
		s->conns[s->nconns] = c;
		if (pthread_create(&s->threads[s->nconns], NULL, serve, c) == 0) {
			s->nconns++;
		} else {
			s->conns[s->nconns] = NULL;
			(void)close(fd);
			og_free(c);
		}
	}
}

static void *accept_all(void *ctx)
{
	struct ss *s = ctx;
	struct pollfd p = {.fd = s->listen_fd, .events = POLLIN};
	int fd;
	do {
		while (poll(&p, 1, -1) < 0)
			;
		pthread_mutex_lock(&s->lock); /* it is taken at the moment it leaves the queue */
		fd = accept4(s->listen_fd, NULL, NULL, SOCK_CLOEXEC);
		if (fd >= 0)
			take(s, fd);
		int saved = errno;
		pthread_mutex_unlock(&s->lock);
		errno = saved;
	} while (fd >= 0 || errno == EAGAIN || errno == ECONNABORTED);
	return NULL;
}

static bool readable(int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};
	return poll(&p, 1, 0) > 0;
}

bool ss_at_rest(struct ss *s)
{
	if (!s)
		return true;
	pthread_mutex_lock(&s->lock);
	bool yes = !readable(s->listen_fd);
	for (unsigned i = 0; yes && i < s->nconns; i++)
		yes = !s->conns[i] || (s->conns[i]->resting && !readable(s->conns[i]->fd));
	pthread_mutex_unlock(&s->lock);
	return yes;
}

static SSL_CTX *make_tls(const struct ss_tls *t)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
	BIO *cert = BIO_new_mem_buf(t->cert.p, (int)t->cert.n);
	BIO *key = BIO_new_mem_buf(t->key.p, (int)t->key.n);
	X509 *x = PEM_read_bio_X509(cert, NULL, NULL, NULL);
	EVP_PKEY *k = PEM_read_bio_PrivateKey(key, NULL, NULL, NULL);
	bool ok = ctx && x && k && SSL_CTX_use_certificate(ctx, x) == 1 &&
		  SSL_CTX_use_PrivateKey(ctx, k) == 1;
	if (ok && t->client_ca.p) {
		BIO *b = BIO_new_mem_buf(t->client_ca.p, (int)t->client_ca.n);
		X509 *ca = PEM_read_bio_X509(b, NULL, NULL, NULL);
		ok = ca && X509_STORE_add_cert(SSL_CTX_get_cert_store(ctx), ca) == 1;
		SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
		X509_free(ca);
		BIO_free(b);
	}
	X509_free(x);
	EVP_PKEY_free(k);
	BIO_free(cert);
	BIO_free(key);
	if (!ok) {
		SSL_CTX_free(ctx);
		return NULL;
	}
	return ctx;
}

static void free_steps(struct ss_step *steps)
{
	for (size_t i = 0; steps && steps[i].text; i++)
		og_free((void *)(uintptr_t)steps[i].text);
	og_free(steps);
}

/* NULL when memory is out. */
static struct ss_step *copy_steps(const struct ss_step *from)
{
	size_t n = 0;
	while (from[n].text)
		n++;
	struct ss_step *to = og_calloc(n + 1, sizeof(*to));
	for (size_t i = 0; to && i < n; i++) {
		size_t len = from[i].n ? from[i].n : strlen(from[i].text);
		to[i] = (struct ss_step){og_memdup(from[i].text, len), len, from[i].after};
		if (!to[i].text) {
			free_steps(to);
			return NULL;
		}
	}
	return to;
}

struct ss *ss_start(ss_fn *fn, void *ctx, const struct ss_tls *tls)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
	socklen_t n = sizeof(a);
	struct ss *s = og_calloc(1, sizeof(*s));
	if (!s)
		return NULL;
	s->fn = fn;
	s->ctx = ctx;
	if (!fn && ctx && !(s->steps = copy_steps(ctx))) {
		og_free(s);
		return NULL;
	}
	pthread_mutex_init(&s->lock, NULL);
	pthread_cond_init(&s->changed, NULL);
	s->listen_fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if ((tls && !(s->tls = make_tls(tls))) || bind(s->listen_fd, (void *)&a, n) ||
		listen(s->listen_fd, 256) || getsockname(s->listen_fd, (void *)&a, &n) ||
		pthread_create(&s->acceptor, NULL, accept_all, s)) {
		SSL_CTX_free(s->tls);
		(void)close(s->listen_fd);
		free_steps(s->steps);
		og_free(s);
		return NULL;
	}
	s->port = ntohs(a.sin_port);
	return s;
}

void ss_stop(struct ss *s)
{
	if (!s)
		return;
	(void)shutdown(s->listen_fd, SHUT_RDWR);
	(void)pthread_join(s->acceptor, NULL);
	pthread_mutex_lock(&s->lock);
	s->stopping = true;
	for (unsigned i = 0; i < s->nconns; i++) {
		if (s->conns[i])
			(void)shutdown(s->conns[i]->fd, SHUT_RDWR);
	}
	pthread_mutex_unlock(&s->lock);
	for (unsigned i = 0; i < s->nconns; i++)
		(void)pthread_join(s->threads[i], NULL);
	for (unsigned i = 0; i < s->nseen; i++)
		og_free(s->seen[i]);
	(void)close(s->listen_fd);
	SSL_CTX_free(s->tls);
	pthread_mutex_destroy(&s->lock);
	pthread_cond_destroy(&s->changed);
	free_steps(s->steps);
	og_free(s);
}

unsigned ss_port(const struct ss *s)
{
	return s->port;
}

const char *ss_url(const struct ss *s, const char *path)
{
	static __thread char urls[4][512];
	static __thread unsigned next;
	char *u = urls[next++ % 4];
	(void)snprintf(u, sizeof(urls[0]), "%s://127.0.0.1:%u%s", s->tls ? "https" : "http",
		s->port, path);
	return u;
}

static unsigned under_lock(struct ss *s, const unsigned *what)
{
	pthread_mutex_lock(&s->lock);
	unsigned n = *what;
	pthread_mutex_unlock(&s->lock);
	return n;
}

unsigned ss_requests(struct ss *s)
{
	return under_lock(s, &s->nseen);
}

unsigned ss_connections(struct ss *s)
{
	return under_lock(s, &s->nconns);
}

bool ss_wait_ended(struct ss *s, unsigned n)
{
	struct timespec until;
	int r = 0;
	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += WAIT_S;
	pthread_mutex_lock(&s->lock);
	while (s->nended < n && r == 0)
		r = pthread_cond_timedwait(&s->changed, &s->lock, &until);
	bool ok = s->nended >= n;
	pthread_mutex_unlock(&s->lock);
	return ok;
}

const char *ss_seen(struct ss *s, unsigned n)
{
	pthread_mutex_lock(&s->lock);
	const char *text = n < s->nseen ? s->seen[n] : NULL;
	pthread_mutex_unlock(&s->lock);
	return text;
}
