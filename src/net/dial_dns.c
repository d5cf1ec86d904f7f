/* SPDX-License-Identifier: Apache-2.0 */
/* Looking up a name without standing still: getaddrinfo in a thread that may outlive the dial. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>
#include "dial-priv.h"
#include "otelgate/base/mem.h"

struct dial_dns {
	atomic_uint holders;
	int ready; /* eventfd */
	char host[DIAL_HOST_BYTES], port[8];
	og_dial_resolve_fn *resolve;
	int code; /* of getaddrinfo; written before `ready` is */
	struct addrinfo *list;
};

static void put_down(struct dial_dns *j)
{
	if (atomic_fetch_sub(&j->holders, 1) != 1)
		return;
	if (j->list)
		freeaddrinfo(j->list);
	(void)close(j->ready);
	og_free(j);
}

static void *look_up(void *ctx)
{
	const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_ADDRCONFIG};
	struct dial_dns *j = ctx;
	const uint64_t one = 1;

	j->code = j->resolve(j->host, j->port, &hints, &j->list);
	/* an eventfd that is 0 takes it always */
	(void)!write(j->ready, &one, sizeof(one));
	put_down(j);
	return NULL;
}

static void not_found(struct og_dial *d, int code)
{
	bool none = code == EAI_NONAME || code == EAI_NODATA || code == EAI_ADDRFAMILY;

	if (none)
		dial_fail(d, OG_DIAL_NO_NAME, "there is no host %s", dial_peer(d));
	else if (code == EAI_MEMORY)
		dial_fail(d, OG_DIAL_LOCAL, "no memory to look up %s", dial_peer(d));
	else
		dial_fail(d, OG_DIAL_NO_DNS, "no name server answers for %s (%s)", dial_peer(d),
			gai_strerror(code));
}

static void found(struct og_dial *d, struct addrinfo *list)
{
	for (const struct addrinfo *a = list; a; a = a->ai_next)
		d->r.addresses++;
	d->list = d->next = list;
	dial_step_done(d);
}

static void on_ready(void *ctx, int fd, uint32_t events)
{
	struct og_dial *d = ctx;
	struct addrinfo *list = d->dns->list;
	int code = d->dns->code;
	uint64_t n;

	(void)events;
	if (read(fd, &n, sizeof(n)) != (ssize_t)sizeof(n))
		return;
	d->dns->list = NULL;
	og_loop_fd_remove(d->loop, d->dns_watch);
	d->dns_watch = NULL;
	put_down(og_take(d->dns));
	if (code != 0 || !list)
		not_found(d, code ? code : EAI_NONAME);
	else
		found(d, list);
}

void dial_dns_drop(struct og_dial *d)
{
	og_loop_fd_remove(d->loop, og_take(d->dns_watch));
	if (d->dns)
		put_down(og_take(d->dns));
	if (d->list)
		freeaddrinfo(og_take(d->list));
}

static int start_thread(struct dial_dns *j)
{
	pthread_attr_t attr;
	pthread_t t;
	int r = pthread_attr_init(&attr);

	if (r != 0)
		return r;
	(void)pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	r = pthread_create(&t, &attr, look_up, j);
	(void)pthread_attr_destroy(&attr);
	return r;
}

int dial_dns_start(struct og_dial *d, struct og_err *err)
{
	struct dial_dns *j = og_calloc(1, sizeof(*j));

	if (!j)
		return og_err_set(err, OG_E_OOM, "looking up a name");
	j->resolve = d->req.resolve ? d->req.resolve : getaddrinfo;
	(void)snprintf(j->host, sizeof(j->host), "%s", dial_peer(d));
	(void)snprintf(j->port, sizeof(j->port), "%u",
		(unsigned)(d->req.proxy_host ? d->req.proxy_port : d->req.port));
	j->ready = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (j->ready < 0) {
		og_free(j);
		return og_err_set(err, OG_E_IO, "no descriptor to look up a name");
	}
	atomic_store(&j->holders, 1);
	d->dns = j;
	int r = og_loop_fd_add(d->loop, j->ready, EPOLLIN, on_ready, d, &d->dns_watch, err);
	if (r < 0)
		return r;
	atomic_fetch_add(&j->holders, 1);
	int sys = start_thread(j);
	if (sys != 0) {
		put_down(j);
		return og_err_sys(err, sys, "no thread to look up a name");
	}
	return 0;
}
