/* SPDX-License-Identifier: Apache-2.0 */
/* The steps in their order, TCP, and the end. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>
#include "dial-priv.h"
#include "otelgate/base/mem.h"

const char *og_dial_step_name(enum og_dial_step s)
{
	static const char *const names[] = {"dns", "tcp", "proxy", "tls", "talk", "end"};
	return (unsigned)s < OG_COUNT(names) ? names[s] : "?";
}

const char *dial_peer(const struct og_dial *d)
{
	return d->req.proxy_host ? d->req.proxy_host : d->req.host;
}

static void dial_free(struct og_dial *d)
{
	og_timer_cancel(d->loop, &d->timer);
	og_timer_cancel(d->loop, &d->attempt);
	og_timer_cancel(d->loop, &d->step_timer);
	og_loop_fd_remove(d->loop, d->watch);
	dial_tls_fini(d);
	dial_dns_drop(d);
	if (d->fd >= 0)
		(void)close(d->fd);
	og_buf_fini(&d->ca);
	og_buf_fini(&d->cert);
	og_secret_fini(&d->key);
	og_secret_fini(&d->proxy_auth);
	og_buf_fini(&d->in);
	og_buf_wipe(&d->out);
	og_free(d);
}

void og_dial_cancel(struct og_dial *d)
{
	if (d)
		dial_free(d);
}

void dial_end(struct og_dial *d, enum og_dial_why why)
{
	struct og_dial_result r = d->r;
	void (*on_done)(void *, const struct og_dial_result *) = d->req.on_done;
	void *ctx = d->req.ctx;

	r.why = why;
	if (why == OG_DIAL_OK)
		r.step = OG_DIAL_END;
	dial_free(d);
	on_done(ctx, &r);
}

void dial_fail(struct og_dial *d, enum og_dial_why why, const char *fmt, ...)
{
	static const enum og_code codes[OG_DIAL_WHY_COUNT_] = {
		[OG_DIAL_NO_NAME] = OG_E_NOT_FOUND, [OG_DIAL_TIMEOUT] = OG_E_TIMEOUT};
	char text[OG_ERR_MSG_BYTES];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	bool tls = why >= OG_DIAL_PLAINTEXT && why <= OG_DIAL_TLS_OTHER;
	(void)og_err_set(&d->r.err, codes[why] ? codes[why] : tls ? OG_E_TLS : OG_E_IO, "%s", text);
	dial_end(d, why);
}

bool dial_want(struct og_dial *d, uint32_t events)
{
	if (og_loop_fd_set(d->loop, d->watch, events) == 0)
		return true;
	dial_fail(d, OG_DIAL_LOCAL, "the connection to %s cannot be watched", dial_peer(d));
	return false;
}

/* ---- TCP ---- */

static void try_next(void *ctx);

static void note_address(struct og_dial *d, const struct addrinfo *a)
{
	char host[64] = "?", port[8] = "?";

	(void)getnameinfo(a->ai_addr, a->ai_addrlen, host, sizeof(host), port, sizeof(port),
		NI_NUMERICHOST | NI_NUMERICSERV);
	bool v6 = strchr(host, ':') != NULL;
	(void)snprintf(d->r.address, sizeof(d->r.address), "%s%s%s:%s", v6 ? "[" : "", host,
		v6 ? "]" : "", port);
}

static void hang_up(struct og_dial *d)
{
	og_timer_cancel(d->loop, &d->attempt);
	og_loop_fd_remove(d->loop, og_take(d->watch));
	if (d->fd >= 0)
		(void)close(d->fd);
	d->fd = -1;
}

static void no_connection(struct og_dial *d, int sys)
{
	char text[128];

	if (sys == ECONNREFUSED)
		dial_fail(d, OG_DIAL_REFUSED, "nothing listens at %s", d->r.address);
	else if (sys == ETIMEDOUT)
		dial_fail(d, OG_DIAL_TIMEOUT, "%s does not answer", d->r.address);
	else if (sys == EMFILE || sys == ENFILE || sys == ENOMEM || sys == ENOBUFS)
		dial_fail(d, OG_DIAL_LOCAL, "no connection to %s can be made", d->r.address);
	else
		dial_fail(d, OG_DIAL_UNREACHABLE, "%s cannot be reached: %s", d->r.address,
			strerror_r(sys, text, sizeof(text)));
}

static void attempt_failed(struct og_dial *d, int sys)
{
	hang_up(d);
	if (d->next)
		try_next(d);
	else
		no_connection(d, sys);
}

static void on_attempt_late(void *ctx)
{
	attempt_failed(ctx, ETIMEDOUT);
}

static void on_event(void *ctx, int fd, uint32_t events)
{
	struct og_dial *d = ctx;
	socklen_t len = sizeof(int);
	int sys = 0;

	(void)events;
	if (!d->begun)
		return;
	switch (d->r.step) {
	case OG_DIAL_TCP:
		if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &sys, &len) != 0)
			sys = errno;
		if (sys) {
			attempt_failed(d, sys);
			return;
		}
		og_timer_cancel(d->loop, &d->attempt);
		dial_step_done(d);
		return;
	case OG_DIAL_PROXY:
		dial_proxy_go(d);
		return;
	case OG_DIAL_TLS:
		dial_tls_go(d);
		return;
	case OG_DIAL_TALK:
		dial_talk_go(d);
		return;
	default:
		(void)dial_want(d, 0);
		return;
	}
}

/* Each address has its share of the time that is left, at least a second. */
static int64_t share_ms(const struct og_dial *d)
{
	unsigned left = 1;
	for (const struct addrinfo *a = d->next; a; a = a->ai_next)
		left++;
	int64_t ms = d->req.timeout_ms / left;
	return ms > 1000 ? ms : 1000;
}

/* True: it is under way, or everything has failed. */
static bool try_one(struct og_dial *d, int *ret_errno)
{
	const struct addrinfo *a = d->next;

	d->next = a->ai_next;
	note_address(d, a);
	d->fd = socket(a->ai_family, a->ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, a->ai_protocol);
	if (d->fd < 0 || (connect(d->fd, a->ai_addr, a->ai_addrlen) != 0 && errno != EINPROGRESS)) {
		*ret_errno = errno;
		hang_up(d);
		return false;
	}
	if (og_loop_fd_add(d->loop, d->fd, EPOLLOUT, on_event, d, &d->watch, NULL) < 0 ||
		og_timer_in(d->loop, &d->attempt, share_ms(d), on_attempt_late, d) < 0)
		dial_fail(d, OG_DIAL_LOCAL, "no memory to connect to %s", dial_peer(d));
	return true;
}

static void try_next(void *ctx)
{
	struct og_dial *d = ctx;
	int sys = 0;

	while (!try_one(d, &sys)) {
		if (d->next)
			continue;
		no_connection(d, sys);
		return;
	}
}

/* ---- the order of steps ---- */

static bool tunnelled(const struct og_dial *d)
{
	return d->req.proxy_host && (d->req.tls || d->req.talk);
}

static enum og_dial_step after(const struct og_dial *d, enum og_dial_step s)
{
	if (s == OG_DIAL_DNS)
		return OG_DIAL_TCP;
	if (s == OG_DIAL_TCP && tunnelled(d))
		return OG_DIAL_PROXY;
	if (s < OG_DIAL_TLS && d->req.tls)
		return OG_DIAL_TLS;
	return s < OG_DIAL_TALK && d->req.talk ? OG_DIAL_TALK : OG_DIAL_END;
}

/* Begins the step in a turn of its own: on_step may have cancelled. */
static void begin_step(void *ctx)
{
	struct og_dial *d = ctx;

	d->begun = true;
	switch (d->r.step) {
	case OG_DIAL_TCP:
		try_next(d);
		return;
	case OG_DIAL_PROXY:
		dial_proxy_begin(d);
		return;
	case OG_DIAL_TLS:
		if (dial_tls_begin(d))
			dial_tls_go(d);
		return;
	case OG_DIAL_TALK:
		dial_talk_begin(d);
		return;
	default:
		dial_end(d, OG_DIAL_OK);
		return;
	}
}

void dial_step_done(struct og_dial *d)
{
	enum og_dial_step done = d->r.step;
	int64_t now = og_loop_now_ns(d->loop);

	d->r.took_ms[done] = (now - d->step_ns) / OG_NS_PER_MS;
	d->step_ns = now;
	d->r.step = after(d, done);
	d->begun = false;
	if (d->watch && !dial_want(d, 0))
		return;
	if (og_timer_at(d->loop, &d->step_timer, 0, begin_step, d) < 0) {
		dial_fail(d, OG_DIAL_LOCAL, "no memory to connect to %s", dial_peer(d));
		return;
	}
	if (d->req.on_step)
		d->req.on_step(d->req.ctx, done);
}

static void on_late(void *ctx)
{
	static const char *const what[] = {"no name server answers for", "no connection to",
		"no answer to the request for a tunnel from", "no TLS handshake with",
		"no answer from"};
	struct og_dial *d = ctx;
	enum og_dial_step s = d->r.step < OG_DIAL_END ? d->r.step : OG_DIAL_TALK;

	dial_fail(d, s == OG_DIAL_DNS ? OG_DIAL_NO_DNS : OG_DIAL_TIMEOUT, "%s %s in time", what[s],
		s == OG_DIAL_TCP   ? d->r.address
		: s == OG_DIAL_TLS ? d->req.host
				   : dial_peer(d));
}

/* ---- begin ---- */

static bool host_ok(const char *s)
{
	if (!s || !*s || strlen(s) >= DIAL_HOST_BYTES)
		return false;
	for (; *s; s++)
		if (*s <= 0x20 || *s == 0x7f || *s == '/' || *s == '@' || *s == '%')
			return false;
	return true;
}

static int copy(struct og_dial *d, const struct og_dial_request *r, struct og_err *err)
{
	const struct og_secret *from[] = {r->key_pem, r->proxy_auth};
	struct og_secret *to[] = {&d->key, &d->proxy_auth};

	(void)snprintf(d->host, sizeof(d->host), "%s", r->host);
	(void)snprintf(d->verify, sizeof(d->verify), "%s",
		r->server_name && *r->server_name ? r->server_name : r->host);
	if (r->proxy_host)
		(void)snprintf(d->proxy, sizeof(d->proxy), "%s", r->proxy_host);
	d->req = *r;
	d->req.host = d->host;
	d->req.server_name = d->verify;
	d->req.proxy_host = r->proxy_host ? d->proxy : NULL;
	d->req.timeout_ms = r->timeout_ms > 0 ? r->timeout_ms : DIAL_MS;
	og_buf_sv(&d->ca, r->ca_pem);
	og_buf_sv(&d->cert, r->cert_pem);
	d->req.ca_pem = og_buf_view(&d->ca);
	d->req.cert_pem = og_buf_view(&d->cert);
	if (d->ca.failed || d->cert.failed)
		return og_err_set(err, OG_E_OOM, "copying certificates");
	for (size_t i = 0; i < OG_COUNT(from); i++) {
		if (!from[i] || !og_secret_is_set(from[i]))
			continue;
		int rc = og_secret_set(
			to[i], og_secret_expose(from[i]), og_secret_len(from[i]), err);
		if (rc < 0)
			return rc;
	}
	d->req.key_pem = &d->key;
	d->req.proxy_auth = &d->proxy_auth;
	return 0;
}

int og_dial_start(struct og_loop *l, const struct og_dial_request *r, struct og_dial **ret,
	struct og_err *err)
{
	if (!host_ok(r->host) || !r->port || (r->server_name && strlen(r->server_name) > 253) ||
		(r->proxy_host && (!host_ok(r->proxy_host) || !r->proxy_port)))
		return og_err_set(err, OG_E_INVALID, "no host and port that can be connected to");
	struct og_dial *d = og_calloc(1, sizeof(*d));
	if (!d)
		return og_err_set(err, OG_E_OOM, "connecting");
	d->loop = l;
	d->fd = -1;
	d->ca = d->cert = (struct og_buf)OG_BUF_INIT(4 << 20);
	d->in = d->out = (struct og_buf)OG_BUF_INIT(DIAL_HEAD_BYTES);
	d->step_ns = og_loop_now_ns(l);
	for (int i = 0; i < OG_DIAL_END; i++)
		d->r.took_ms[i] = -1;
	int rc = copy(d, r, err);
	if (rc == 0)
		rc = dial_dns_start(d, err);
	if (rc == 0 && og_timer_in(l, &d->timer, d->req.timeout_ms, on_late, d) < 0)
		rc = og_err_set(err, OG_E_OOM, "connecting");
	if (rc < 0) {
		dial_free(d);
		return rc;
	}
	if (ret)
		*ret = d;
	return 0;
}
