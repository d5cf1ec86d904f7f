/* SPDX-License-Identifier: Apache-2.0 */
/* Which sockets libcurl has, and which of them the loop watches. */
#include "httpc-priv.h"

#include <sys/socket.h>
#include <unistd.h>
#include "otelgate/base/mem.h"

static struct httpc_sock **find(struct og_httpc *c, curl_socket_t fd)
{
	struct httpc_sock **p = &c->socks;
	while (*p && (*p)->fd != fd)
		p = &(*p)->next;
	return p;
}

/* What find gave: nothing, when there is none. */
static void drop(struct og_httpc *c, struct httpc_sock **p)
{
	struct httpc_sock *s = *p;
	if (!s)
		return;
	og_loop_fd_remove(c->loop, s->watch);
	*p = s->next;
	og_free(s);
}

static struct httpc_sock *add(struct og_httpc *c, curl_socket_t fd)
{
	struct httpc_sock *s = og_calloc(1, sizeof(*s));
	if (!s)
		return NULL;
	*s = (struct httpc_sock){.fd = fd, .c = c, .next = c->socks};
	c->socks = s;
	return s;
}

curl_socket_t httpc_sock_open(void *ctx, curlsocktype purpose, struct curl_sockaddr *a)
{
	const struct og_httpc_call *call = ctx;
	struct og_httpc *c = call->c;
	(void)purpose;
	/* libcurl's own call lets children (credential plugins) inherit the connection */
	og_auto_fd int fd = socket(a->family, a->socktype | SOCK_CLOEXEC, a->protocol);
	if (fd < 0)
		return CURL_SOCKET_BAD;
	uint32_t events = 0;
	struct httpc_sock **old = find(c, fd);
	if (*old) {
		/* closed without telling; libcurl believes that this number is watched still */
		events = (*old)->watch ? (*old)->events : 0;
		drop(c, old);
	}
	struct httpc_sock *s = add(c, fd);
	if (!s)
		return CURL_SOCKET_BAD;
	s->call = call;
	if (events && httpc_sock_watch(c, call, fd, events) < 0) {
		drop(c, find(c, fd));
		return CURL_SOCKET_BAD;
	}
	c->stats.connects++;
	int mine = fd;
	fd = -1;
	return mine;
}

int httpc_sock_close(void *ctx, curl_socket_t fd)
{
	struct og_httpc *c = ctx;
	drop(c, find(c, fd));
	return close(fd);
}

/* Also sockets that libcurl made for itself: the pair by which its name look-ups wake it. */
int httpc_sock_watch(
	struct og_httpc *c, const struct og_httpc_call *call, curl_socket_t fd, uint32_t events)
{
	struct httpc_sock *s = *find(c, fd);
	if (!s)
		s = add(c, fd);
	if (!s)
		return -OG_E_OOM;
	s->call = call;
	s->events = events;
	return s->watch ? og_loop_fd_set(c->loop, s->watch, events)
			: og_loop_fd_add(c->loop, fd, events, httpc_on_sock, s, &s->watch, NULL);
}

void httpc_sock_unwatch(struct og_httpc *c, curl_socket_t fd)
{
	struct httpc_sock **p = find(c, fd);
	if (!*p)
		return;
	if ((*p)->established) {
		og_loop_fd_remove(c->loop, (*p)->watch);
		(*p)->watch = NULL;
	} else {
		drop(c, p);
	}
}

void httpc_sock_established(struct og_httpc *c, const struct og_httpc_call *call)
{
	struct httpc_sock *mine = NULL;
	for (struct httpc_sock *s = c->socks; s; s = s->next) {
		if (s->call != call || s->established)
			continue;
		if (mine)
			return; /* two addresses were tried at once: which of them is not known */
		mine = s;
	}
	if (mine)
		mine->established = true;
}

void httpc_sock_let_go(struct og_httpc *c, const struct og_httpc_call *call)
{
	for (struct httpc_sock *s = c->socks; s; s = s->next) {
		if (s->call != call || s->established)
			continue;
		og_loop_fd_remove(c->loop, s->watch);
		s->watch = NULL;
	}
}

void httpc_sock_forget(struct og_httpc *c, const struct og_httpc_call *call)
{
	for (struct httpc_sock **p = &c->socks; *p;) {
		if ((*p)->call == call && !(*p)->established)
			drop(c, p);
		else
			p = &(*p)->next;
	}
}

void httpc_sock_free_all(struct og_httpc *c)
{
	while (c->socks)
		drop(c, &c->socks);
}

void og_httpc_drop_idle(struct og_httpc *c)
{
	/* libcurl looks at a kept connection before it uses it, and then makes another one */
	for (struct httpc_sock *s = c->socks; s; s = s->next) {
		if (!s->watch && s->established)
			(void)shutdown(s->fd, SHUT_RDWR);
	}
}
