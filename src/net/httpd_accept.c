/* SPDX-License-Identifier: Apache-2.0 */
/* The listening socket and its thread: which connections are taken, and by whom. */
#include "httpd-priv.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "otelgate/base/mem.h"

enum { ACCEPT_BATCH = 64 };
/* A handshake in progress at the end of a drain gets that long, once the queue is empty. */
enum { LAST_HANDSHAKE_MS = 20 };

static int parse_address(const char *text, uint16_t port, struct sockaddr_storage *ret,
	socklen_t *ret_len, struct og_err *err)
{
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)ret;
	struct sockaddr_in *v4 = (struct sockaddr_in *)ret;

	memset(ret, 0, sizeof(*ret));
	if (!text || !*text)
		text = "::";
	if (inet_pton(AF_INET, text, &v4->sin_addr) == 1) {
		v4->sin_family = AF_INET;
		v4->sin_port = htons(port);
		*ret_len = sizeof(*v4);
	} else if (inet_pton(AF_INET6, text, &v6->sin6_addr) == 1) {
		v6->sin6_family = AF_INET6;
		v6->sin6_port = htons(port);
		*ret_len = sizeof(*v6);
	} else {
		return og_err_set(err, OG_E_CONFIG,
			"listen address \"%.64s\" is no IPv4 or IPv6 address; host names are not "
			"looked up",
			text);
	}
	return 0;
}

static int bind_one(const char *text, uint16_t port, struct og_err *err)
{
	struct sockaddr_storage addr;
	socklen_t len = 0;
	int on = 1, off = 0;
	int r = parse_address(text, port, &addr, &len, err);
	if (r < 0)
		return r;

	og_auto_fd int fd = socket(addr.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return og_err_sys(err, errno, "making a listening socket");
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0)
		return og_err_sys(err, errno, "setting SO_REUSEADDR");
	if (addr.ss_family == AF_INET6 &&
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off)) < 0)
		return og_err_sys(err, errno, "clearing IPV6_V6ONLY");
	if (bind(fd, (struct sockaddr *)&addr, len) < 0)
		return og_err_sys(err, errno, "binding [%s]:%u", text ? text : "", port);
	if (listen(fd, SOMAXCONN) < 0)
		return og_err_sys(err, errno, "listening on [%s]:%u", text ? text : "", port);
	int done = fd;
	fd = -1;
	return done;
}

int httpd_listen(struct og_httpd *s, struct og_err *err)
{
	bool any = !s->o.address || !*s->o.address;
	struct sockaddr_storage addr;
	socklen_t len = sizeof(addr);
	struct og_err first = OG_ERR_INIT;
	int fd = bind_one(s->o.address, s->o.port, &first);

	if (fd < 0 && any && (first.sys == EAFNOSUPPORT || first.sys == EADDRNOTAVAIL))
		fd = bind_one("0.0.0.0", s->o.port, &first);
	if (fd < 0) {
		if (err)
			*err = first;
		return fd;
	}
	if (getsockname(fd, (struct sockaddr *)&addr, &len) < 0) {
		int sys = errno;
		(void)close(fd);
		return og_err_sys(err, sys, "asking for the bound port");
	}
	s->port = ntohs(addr.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)&addr)->sin6_port
						   : ((struct sockaddr_in *)&addr)->sin_port);
	s->listen_fd = fd;
	return 0;
}

/* xorshift64*: spreads ages, protects nothing. */
static int64_t jittered_age(struct og_httpd *s)
{
	int64_t age = s->o.limits.age_ms;
	s->jitter ^= s->jitter >> 12;
	s->jitter ^= s->jitter << 25;
	s->jitter ^= s->jitter >> 27;
	uint64_t r = (s->jitter * 0x2545f4914f6cdd1dULL) >> 32;
	return age - age / 10 + (int64_t)(r % (uint64_t)(age / 5 + 1));
}

/*
 * Fail fast: a client left in the kernel's queue would wait until its own timeout and the reason
 * would be nobody's. Over plain HTTP there is a 503; behind TLS a handshake would cost more than
 * the answer is worth: the connection is closed.
 */
static void refuse(struct og_httpd *s, int fd)
{
	static const char busy[] = "HTTP/1.1 503 Service Unavailable\r\n"
				   "Connection: close\r\nRetry-After: 1\r\n"
				   "Content-Type: text/plain; charset=utf-8\r\n"
				   "Content-Length: 21\r\n\r\n"
				   "too many connections\n";

	STAT_ADD(s->n.refused, 1);
	if (s->tls) {
		(void)close(fd);
		return;
	}
	(void)!send(fd, busy, sizeof(busy) - 1, MSG_DONTWAIT | MSG_NOSIGNAL);
	pthread_mutex_lock(&s->conn_lock);
	httpd_linger(s, fd);
	pthread_mutex_unlock(&s->conn_lock);
	httpd_wake(s->wake_sweep);
}

static struct worker *least_loaded(struct gen *g)
{
	struct worker *best = &g->workers[0];
	for (unsigned i = 1; i < g->nworkers; i++)
		if (atomic_load(&g->workers[i].conns) < atomic_load(&best->conns))
			best = &g->workers[i];
	return best;
}

/* The descriptor number is new: whoever still holds it in the books was closed unseen. */
static void drop_stale(struct og_httpd *s, int fd)
{
	for (struct conn *c = s->pending.next; c != &s->pending; c = c->next) {
		if (c->fd == fd) {
			httpd_conn_lost(s, c);
			return;
		}
	}
}

static bool has_room(struct og_httpd *s, int64_t now)
{
	uint64_t open = STAT_GET(s->n.connections);
	unsigned cap = s->o.limits.max_connections;

	if (open < cap)
		return true;
	return open < cap + SHED_SLACK && httpd_shed(s, now);
}

static void hand_over(struct og_httpd *s, int fd, struct sockaddr *addr, socklen_t len)
{
	struct conn *c = og_calloc(1, sizeof(*c));
	int64_t now = mono_ms();
	bool room;

	STAT_ADD(s->n.accepted, 1);
	pthread_mutex_lock(&s->gen_lock);
	pthread_mutex_lock(&s->conn_lock);
	drop_stale(s, fd);
	room = c && has_room(s, now);
	if (room) {
		c->w = least_loaded(s->gens);
		c->fd = fd;
		c->accepted_ms = now;
		c->old_at_ms = now + jittered_age(s);
		atomic_store(&c->phase_ms, now);
		httpd_list_add(&s->pending, c);
		atomic_fetch_add(&c->w->conns, 1);
		atomic_fetch_add(&c->w->gen->conns, 1);
		STAT_ADD(s->n.connections, 1);
	}
	pthread_mutex_unlock(&s->conn_lock);
	if (!room) {
		pthread_mutex_unlock(&s->gen_lock);
		og_free(c);
		refuse(s, fd);
		return;
	}
	/* Under gen_lock, so that the generation cannot be stopped in between. It closes fd when it
	 * fails; it may also fail later and say nothing, see drop_stale(). */
	if (MHD_add_connection(c->w->daemon, fd, addr, len) != MHD_YES) {
		pthread_mutex_lock(&s->conn_lock);
		httpd_conn_lost(s, c);
		pthread_mutex_unlock(&s->conn_lock);
		STAT_ADD(s->n.refused, 1);
	}
	pthread_mutex_unlock(&s->gen_lock);
}

/* Out of descriptors: without the spare one the connection would stay queued and poll would spin.
 */
static void accept_without_room(struct og_httpd *s)
{
	int fd;

	if (s->spare_fd >= 0)
		(void)close(s->spare_fd);
	fd = accept4(s->listen_fd, NULL, NULL, SOCK_CLOEXEC);
	if (fd >= 0) {
		(void)close(fd);
		STAT_ADD(s->n.refused, 1);
	}
	s->spare_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	httpd_log(s, "out of file descriptors: a connection was closed unserved");
	if (fd < 0)
		(void)poll(NULL, 0, 10);
}

/* False when the queue is empty. */
static bool accept_one(struct og_httpd *s)
{
	struct sockaddr_storage addr;
	socklen_t len = sizeof(addr);
	int on = 1;
	int fd =
		accept4(s->listen_fd, (struct sockaddr *)&addr, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);

	if (fd >= 0) {
		(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
		hand_over(s, fd, (struct sockaddr *)&addr, len);
		return true;
	}
	switch (errno) {
	case EAGAIN:
		return false;
	case EMFILE:
	case ENFILE:
		accept_without_room(s);
		return true;
	case ENOBUFS:
	case ENOMEM:
		(void)poll(NULL, 0, 10);
		return true;
	default: /* accept(2): errors of the connection itself are to be treated like EAGAIN */
		return true;
	}
}

/*
 * Between the last accept and close(2) the kernel would still say yes, and close would then reset
 * the connection under a request that is on its way. A filter (socket(7), SO_ATTACH_FILTER) that
 * drops SYN segments lets handshakes in progress end and begins no new one: those clients are
 * refused when the socket is gone.
 */
static void refuse_new_handshakes(int fd)
{
	enum { FLAGS = 13, SYN = 0x02, ACK = 0x10 }; /* RFC 9293 §3.1 */
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_B | BPF_ABS, FLAGS),
		BPF_STMT(BPF_ALU | BPF_AND | BPF_K, SYN | ACK),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYN, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, 0),
		BPF_STMT(BPF_RET | BPF_K, UINT32_MAX),
	};
	struct sock_fprog prog = {.len = OG_COUNT(code), .filter = code};

	/* without it only the short race is back */
	(void)setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &prog, sizeof(prog));
}

void *httpd_accept_main(void *arg)
{
	struct og_httpd *s = arg;

	while (!atomic_load(&s->stop_accept)) {
		struct pollfd fds[2] = {{.fd = s->listen_fd, .events = POLLIN},
			{.fd = s->wake_accept, .events = POLLIN}};
		if (poll(fds, 2, -1) < 0 && errno != EINTR)
			(void)poll(NULL, 0, 10);
		for (int i = 0; i < ACCEPT_BATCH && accept_one(s); i++)
			;
	}
	/* Whoever the kernel has already said yes to is served. */
	refuse_new_handshakes(s->listen_fd);
	struct pollfd last = {.fd = s->listen_fd, .events = POLLIN};
	for (unsigned i = 0; i < s->o.limits.max_connections; i++)
		if (!accept_one(s) && poll(&last, 1, LAST_HANDSHAKE_MS) <= 0)
			break;
	(void)close(s->listen_fd);
	s->listen_fd = -1;
	return NULL;
}
