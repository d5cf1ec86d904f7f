/* SPDX-License-Identifier: Apache-2.0 */
/* Connections: accept, TLS, one thread each. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>
#include "sim/sim-priv.h"

/* Bound to 127.0.0.1 and s->port; 0 = any, which is then ours. */
static int bound(struct og_sim *s, struct og_err *err)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(s->port)};
	socklen_t n = sizeof(a);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1;

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd < 0)
		return og_err_sys(err, errno, "socket");
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) ||
		bind(fd, (struct sockaddr *)&a, sizeof(a)) ||
		getsockname(fd, (struct sockaddr *)&a, &n)) {
		int e = errno;

		close(fd);
		return og_err_sys(err, e, "binding 127.0.0.1:%u", s->port);
	}
	s->port = ntohs(a.sin_port);
	return fd;
}

/* hold_fd is bound for as long as the simulator lives, and never listens: nobody else is given the
 * port while the server is down. */
int sim_listen(struct og_sim *s, struct og_err *err)
{
	if (s->hold_fd < 0 && (s->hold_fd = bound(s, err)) < 0)
		return s->hold_fd;
	int fd = bound(s, err);
	if (fd < 0)
		return fd;
	if (listen(fd, 1024)) {
		int e = errno;

		close(fd);
		return og_err_sys(err, e, "listen on 127.0.0.1:%u", s->port);
	}
	s->listen_fd = fd;
	return 0;
}

int sim_conn_wait(struct sim_conn *c, int64_t ms)
{
	struct pollfd p[2] = {{c->fd, POLLIN, 0}, {c->wake_fd, POLLIN, 0}};
	uint64_t n;

	if (atomic_load(&c->kill) || c->broken)
		return -1;
	if (c->in.len || SSL_pending(c->ssl))
		p[0].fd = -1; /* a request waits already: nobody polls for its end */
	if (poll(p, 2, ms > 60000 || ms < 0 ? 60000 : (int)ms) < 0 && errno != EINTR)
		return -1;
	if (p[1].revents && read(c->wake_fd, &n, sizeof(n)) < 0)
		n = 0;
	if (atomic_load(&c->kill))
		return -1;
	return p[0].revents != 0;
}

/* Whether the other end has ended the connection, asked when it became readable. */
bool sim_conn_gone(struct sim_conn *c)
{
	char x;
	int r = SSL_peek(c->ssl, &x, 1), e = r > 0 ? SSL_ERROR_NONE : SSL_get_error(c->ssl, r);

	ERR_clear_error();
	if (r <= 0 && e != SSL_ERROR_WANT_READ && e != SSL_ERROR_WANT_WRITE)
		c->broken = true;
	return c->broken;
}

static void conn_end(struct sim_conn *c)
{
	struct linger hard = {1, 0};
	struct og_sim *s = c->s;

	if (atomic_load(&c->kill) == SIM_KILL_RST)
		setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));
	else if (!c->broken && SSL_is_init_finished(c->ssl))
		SSL_shutdown(c->ssl);
	ERR_clear_error();
	pthread_mutex_lock(&s->mu);
	close(c->fd);
	c->fd = -1;
	c->done = true;
	pthread_cond_broadcast(&s->cond);
	pthread_mutex_unlock(&s->mu);
}

static void *conn_thread(void *arg)
{
	struct sim_conn *c = arg;
	og_auto_arena struct og_arena a;
	struct timeval snd = {.tv_usec = 200000};
	int one = 1, r;
	sigset_t pipes;

	/* a client that left is an error to see, not a signal to die of */
	sigemptyset(&pipes);
	sigaddset(&pipes, SIGPIPE);
	pthread_sigmask(SIG_BLOCK, &pipes, NULL);
	og_arena_init(&a, 0, 0);
	setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	setsockopt(c->fd, SOL_SOCKET, SO_SNDTIMEO, &snd, sizeof(snd));
	fcntl(c->fd, F_SETFL, O_NONBLOCK);
	while ((r = SSL_accept(c->ssl)) != 1) {
		int e = SSL_get_error(c->ssl, r);

		ERR_clear_error();
		if ((e != SSL_ERROR_WANT_READ && e != SSL_ERROR_WANT_WRITE) ||
			sim_conn_wait(c, 10000) < 0) {
			c->broken = true;
			break;
		}
	}
	while (!c->broken && sim_serve_one(c, &a))
		og_arena_reset(&a);
	conn_end(c);
	return NULL;
}

static void conn_free(struct sim_conn *c)
{
	SSL_free(c->ssl);
	close(c->wake_fd);
	og_buf_fini(&c->in);
	og_buf_fini(&c->out);
	og_buf_fini(&c->body);
	sim_shape_free(&c->shape);
	og_free(c);
}

/* Frees what has ended; with mu held. */
static void reap(struct og_sim *s)
{
	struct sim_conn **at = &s->conns;

	while (*at) {
		struct sim_conn *c = *at;

		if (!c->done) {
			at = &c->next;
			continue;
		}
		*at = c->next;
		pthread_join(c->thread, NULL);
		conn_free(c);
	}
}

static void conn_start(struct og_sim *s, int fd)
{
	struct sim_conn *c = og_calloc(1, sizeof(*c));

	if (!c) {
		close(fd);
		return;
	}
	c->s = s;
	c->fd = fd;
	c->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	c->ssl = SSL_new(s->tls);
	og_buf_init(&c->in, 16 << 20);
	og_buf_init(&c->out, 0);
	og_buf_init(&c->body, 16 << 20);
	if (c->wake_fd < 0 || !c->ssl || !SSL_set_fd(c->ssl, fd)) {
		close(fd);
		conn_free(c);
		return;
	}
	pthread_mutex_lock(&s->mu);
	reap(s);
	s->nconns++;
	if (pthread_create(&c->thread, NULL, conn_thread, c) == 0) {
		c->next = s->conns;
		s->conns = c;
		c = NULL;
	}
	pthread_mutex_unlock(&s->mu);
	if (c) {
		close(fd);
		conn_free(c);
	}
}

void *sim_accept_thread(void *arg)
{
	struct og_sim *s = arg;
	struct pollfd p[2] = {{s->listen_fd, POLLIN, 0}, {s->wake_fd, POLLIN, 0}};

	for (;;) {
		int fd;

		if (poll(p, 2, -1) < 0 && errno != EINTR)
			break;
		if (p[1].revents)
			break;
		fd = p[0].revents ? accept4(s->listen_fd, NULL, NULL, SOCK_CLOEXEC) : -1;
		if (fd >= 0)
			conn_start(s, fd);
	}
	close(s->listen_fd);
	return NULL;
}

/* Ends all connections and waits for their threads. */
void sim_kill_all(struct og_sim *s, int how)
{
	pthread_mutex_lock(&s->mu);
	for (struct sim_conn *c = s->conns; c; c = c->next) {
		atomic_store(&c->kill, how);
		sim_poke(c->wake_fd);
	}
	for (;;) {
		bool left = false;

		reap(s);
		/* new ones may come meanwhile */
		for (struct sim_conn *c = s->conns; c; c = c->next)
			left = left || atomic_load(&c->kill);
		if (!left)
			break;
		pthread_cond_wait(&s->cond, &s->mu);
	}
	pthread_mutex_unlock(&s->mu);
}
