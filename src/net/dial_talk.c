/* SPDX-License-Identifier: Apache-2.0 */
/* What is said in a connection: CONNECT to a proxy (RFC 9110 §9.3.6), HTTP/2's beginning. */
#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include "dial-priv.h"
#include "otelgate/base/mem.h"
#include "otelgate/codec/base64.h"

/* Bytes moved, 0 at the end of the stream, -1 to be asked again, -2 broken. */
static int move(struct og_dial *d, bool writing, void *p, size_t n)
{
	if (d->ssl) {
		struct dial_hush hush;
		dial_hush(&hush);
		int r = writing ? SSL_write(d->ssl, p, (int)n) : SSL_read(d->ssl, p, (int)n);
		dial_unhush(&hush);
		if (r > 0)
			return r;
		switch (SSL_get_error(d->ssl, r)) {
		case SSL_ERROR_WANT_READ:
		case SSL_ERROR_WANT_WRITE:
			return -1;
		case SSL_ERROR_ZERO_RETURN:
			return 0;
		default:
			return -2;
		}
	}
	ssize_t r = writing ? send(d->fd, p, n, MSG_NOSIGNAL) : recv(d->fd, p, n, 0);
	if (r >= 0)
		return (int)r;
	return errno == EAGAIN || errno == EINTR ? -1 : -2;
}

/* Sends what is left of d->out. False: not yet, or the connection is broken (*broken). */
static bool say(struct og_dial *d, bool *broken)
{
	while (d->sent < d->out.len) {
		int n = move(d, true, d->out.p + d->sent, d->out.len - d->sent);
		if (n <= 0) {
			*broken = n != -1;
			return false;
		}
		d->sent += (size_t)n;
	}
	return true;
}

/* Reads what is there. False when the stream has ended. */
static bool hear(struct og_dial *d)
{
	char part[1024];

	for (;;) {
		int n = move(d, false, part, sizeof(part));
		if (n == -1)
			return true;
		if (n <= 0)
			return false;
		og_buf_add(&d->in, part, (size_t)n);
		if (d->in.failed)
			return false;
	}
}

/* ---- the proxy's tunnel ---- */

void dial_proxy_begin(struct og_dial *d)
{
	bool v6 = strchr(d->req.host, ':') != NULL;
	og_auto_wipe struct og_buf auth = OG_BUF_INIT(DIAL_HEAD_BYTES);

	og_buf_fmt(&d->out, "CONNECT %s%s%s:%u HTTP/1.1\r\nHost: %s%s%s:%u\r\n", v6 ? "[" : "",
		d->req.host, v6 ? "]" : "", d->req.port, v6 ? "[" : "", d->req.host, v6 ? "]" : "",
		d->req.port);
	if (og_secret_is_set(&d->proxy_auth)) {
		og_base64_encode(&auth,
			og_sv(og_secret_expose(&d->proxy_auth), og_secret_len(&d->proxy_auth)));
		og_buf_fmt(&d->out, "Proxy-Authorization: Basic %s\r\n", auth.p ? auth.p : "");
	}
	og_buf_lit(&d->out, "\r\n");
	if (d->out.failed || auth.failed)
		dial_fail(d, OG_DIAL_LOCAL, "no memory to ask a proxy");
	else
		(void)dial_want(d, EPOLLOUT | EPOLLIN);
}

/* "HTTP/1.1 200 …": 0 = none of that kind. */
static int status_of(struct og_sv head)
{
	if (head.n < 12 || !og_sv_starts(head, OG_SV("HTTP/1.")) || head.p[8] != ' ')
		return 0;
	int v = 0;
	for (size_t i = 9; i < 12; i++) {
		if (head.p[i] < '0' || head.p[i] > '9')
			return 0;
		v = v * 10 + (head.p[i] - '0');
	}
	return v;
}

void dial_proxy_go(struct og_dial *d)
{
	bool broken = false, said = say(d, &broken);
	bool open = !broken && hear(d);
	struct og_sv head = og_buf_view(&d->in);
	bool whole = og_sv_has(head, OG_SV("\r\n\r\n"));

	if (!whole && open) {
		(void)dial_want(d, said ? EPOLLIN : EPOLLOUT | EPOLLIN);
		return;
	}
	d->r.proxy_status = status_of(head);
	if (!whole && !d->r.proxy_status) {
		dial_fail(d, head.n ? OG_DIAL_PROXY_NO_HTTP : OG_DIAL_CUT,
			"%s at %s %s: is it an HTTP proxy?", d->req.proxy_host, d->r.address,
			head.n ? "does not answer as a proxy does" : "ends the connection");
	} else if (!d->r.proxy_status) {
		dial_fail(d, OG_DIAL_PROXY_NO_HTTP, "%s at %s does not answer as a proxy does",
			d->req.proxy_host, d->r.address);
	} else if (d->r.proxy_status == 407) {
		dial_fail(d, OG_DIAL_PROXY_AUTH,
			"the proxy %s wants a user name and a password (407)", d->req.proxy_host);
	} else if (d->r.proxy_status / 100 != 2) {
		dial_fail(d, OG_DIAL_PROXY_DENIED, "the proxy %s refuses a tunnel to %s:%u (%d)",
			d->req.proxy_host, d->req.host, d->req.port, d->r.proxy_status);
	} else {
		og_buf_reset(&d->in);
		og_wipe(d->out.p, d->out.len);
		og_buf_reset(&d->out);
		d->sent = 0;
		dial_step_done(d);
	}
}

/* ---- HTTP/2 ---- */

/* Connection preface and empty SETTINGS (RFC 9113 §3.4, §6.5). */
static const char preface[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
			      "\0\0\0\x04\0\0\0\0\0";

static void on_silent(void *ctx)
{
	dial_end(ctx, OG_DIAL_OK);
}

void dial_talk_begin(struct og_dial *d)
{
	og_buf_add(&d->out, preface, sizeof(preface) - 1);
	if (d->out.failed || og_timer_in(d->loop, &d->step_timer, DIAL_TALK_MS, on_silent, d) < 0) {
		dial_fail(d, OG_DIAL_LOCAL, "no memory to talk to %s", d->req.host);
		return;
	}
	/* what TLS has read already makes no event */
	dial_talk_go(d);
}

/* A server's first frame is SETTINGS: type 4, stream 0, a multiple of 6 bytes. */
static enum og_dial_speaks what_is_spoken(struct og_sv in)
{
	if (og_sv_starts(in, OG_SV("HTTP/1.")))
		return OG_DIAL_SPEAKS_HTTP1;
	if (in.n < 9)
		return OG_DIAL_SPEAKS_UNKNOWN;
	const unsigned char *f = (const unsigned char *)in.p;
	uint32_t len = (uint32_t)f[0] << 16 | (uint32_t)f[1] << 8 | f[2];
	bool settings = f[3] == 4 && !(f[5] | f[6] | f[7] | f[8]) && len % 6 == 0 && len < 600;
	return settings ? OG_DIAL_SPEAKS_HTTP2 : OG_DIAL_SPEAKS_UNKNOWN;
}

void dial_talk_go(struct og_dial *d)
{
	bool broken = false, said = say(d, &broken);
	bool open = !broken && hear(d);

	d->r.speaks = what_is_spoken(og_buf_view(&d->in));
	if (d->r.speaks == OG_DIAL_SPEAKS_UNKNOWN && open) {
		(void)dial_want(d, said ? EPOLLIN : EPOLLOUT | EPOLLIN);
		return;
	}
	d->r.took_ms[OG_DIAL_TALK] = (og_loop_now_ns(d->loop) - d->step_ns) / OG_NS_PER_MS;
	dial_end(d, OG_DIAL_OK);
}
