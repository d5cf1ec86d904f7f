/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The sweeper: deadlines, lingering closes, retired generations.
 *
 * The library only has an inactivity timer, which a client that drips one byte a second never
 * meets (c-libraries 1.5). Phases that we see (body, answer) have deadlines of their own. What
 * happens before the headers are complete we do not see: there the kernel's count of received
 * bytes tells an idle connection from one that has begun to send a request.
 */
#include "httpd-priv.h"

#include <errno.h>
#include <linux/tcp.h> /* the C library's struct tcp_info is older and lacks the byte counts */
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>
#include "otelgate/base/mem.h"

void httpd_wake(int fd)
{
	uint64_t one = 1;
	ssize_t n;
	do
		n = write(fd, &one, sizeof(one));
	while (n < 0 && errno == EINTR);
}

enum { STATE_CLOSE_WAIT = 8 }; /* TCP_CLOSE_WAIT of include/net/tcp_states.h */

struct tcp_facts {
	uint64_t received;
	bool peer_done; /* the client has sent its end of stream */
};

static struct tcp_facts tcp_facts(int fd)
{
	struct tcp_info info = {0}; /* fields that the kernel does not know stay 0 */
	socklen_t len = sizeof(info);

	if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len) < 0)
		return (struct tcp_facts){0};
	return (struct tcp_facts){info.tcpi_bytes_received, info.tcpi_state == STATE_CLOSE_WAIT};
}

/* The worker sees the end of the stream and closes. */
static void kill_conn(struct conn *c)
{
	atomic_store(&c->phase, CONN_DEAD);
	(void)shutdown(c->fd, SHUT_RDWR);
}

static void time_out(struct og_httpd *s, struct conn *c, enum og_httpd_timeout why)
{
	STAT_ADD(s->n.timeouts[why], 1);
	kill_conn(c);
}

/*
 * A first request may take header_ms from the accept. Behind TLS the handshake cannot be told
 * from a request, and clients open connections that they use later: one that has sent something
 * counts as idle after that, and has header_ms from its next byte on.
 */
static void sweep_fresh(struct og_httpd *s, struct conn *c, uint64_t bytes, int64_t now)
{
	int fresh = CONN_FRESH;

	if (now - c->accepted_ms < s->o.limits.header_ms)
		return;
	if (!s->tls || bytes == 0) {
		time_out(s, c, OG_HTTPD_TIMEOUT_HEADER);
		return;
	}
	if (!atomic_compare_exchange_strong(&c->phase, &fresh, CONN_IDLE))
		return;
	c->mark_bytes = bytes;
	c->mark_known = true;
	c->burst_ms = 0;
}

static void sweep_idle(struct og_httpd *s, struct conn *c, uint64_t bytes, int64_t now)
{
	const struct og_httpd_limits *l = &s->o.limits;
	uint32_t requests = atomic_load(&c->requests);
	int64_t since = atomic_load(&c->phase_ms);
	int64_t drain = atomic_load(&s->drain_ms);

	if (c->seen_requests != requests) {
		c->seen_requests = requests;
		c->mark_known = false;
		c->burst_ms = 0;
	}
	if (!c->mark_known) {
		c->mark_bytes = bytes;
		c->mark_known = true;
	} else if (bytes != c->mark_bytes && !c->burst_ms) {
		c->burst_ms = now;
	}
	if (c->burst_ms) {
		if (now - c->burst_ms >= l->header_ms)
			time_out(s, c, OG_HTTPD_TIMEOUT_HEADER);
		return;
	}
	if (drain && now - (since > drain ? since : drain) >= l->drain_idle_ms)
		kill_conn(c);
	else if (now - since >= l->idle_ms)
		time_out(s, c, OG_HTTPD_TIMEOUT_IDLE);
}

/*
 * A client that has sent its end of stream will neither finish a request nor start one. The library
 * misses that when the end came together with data (its epoll is edge-triggered). Seen twice, so
 * that what it sent before has been read. True when the connection has been shut.
 */
static bool sweep_half_closed(struct conn *c, const struct tcp_facts *f)
{
	int unread = 0;

	if (!f->peer_done || ioctl(c->fd, FIONREAD, &unread) < 0 || unread > 0) {
		c->peer_done = false;
	} else if (!c->peer_done) {
		c->peer_done = true;
	} else {
		kill_conn(c);
		return true;
	}
	return false;
}

static void sweep_conn(struct og_httpd *s, struct conn *c, int64_t now)
{
	int64_t in_phase = now - atomic_load(&c->phase_ms);
	int phase = atomic_load_explicit(&c->phase, memory_order_acquire);
	struct tcp_facts f;

	if (phase == CONN_SEND && in_phase >= s->o.limits.send_ms)
		time_out(s, c, OG_HTTPD_TIMEOUT_SEND);
	if (phase == CONN_BODY && in_phase >= s->o.limits.body_ms) {
		time_out(s, c, OG_HTTPD_TIMEOUT_BODY);
		return;
	}
	if (phase != CONN_FRESH && phase != CONN_IDLE && phase != CONN_BODY)
		return;
	f = tcp_facts(c->fd);
	if (sweep_half_closed(c, &f))
		return;
	if (phase == CONN_FRESH)
		sweep_fresh(s, c, f.received, now);
	else if (phase == CONN_IDLE)
		sweep_idle(s, c, f.received, now);
}

/*
 * A thousand TLS sessions take some 70 MB, and the allocator keeps them in its lists when they end:
 * after a burst it gives back what it can.
 */
static void trim_after_burst(struct og_httpd *s, unsigned nconns)
{
	enum { BURST = 256 };

	if (nconns > s->peak_conns)
		s->peak_conns = nconns;
	if (s->peak_conns < BURST || nconns > s->peak_conns / 4)
		return;
	s->peak_conns = nconns;
	og_mem_trim();
}

static void sweep_conns(struct og_httpd *s, int64_t now)
{
	unsigned n = 0;

	pthread_mutex_lock(&s->conn_lock);
	for (struct conn *c = s->live.next; c != &s->live; c = c->next, n++)
		sweep_conn(s, c, now);
	pthread_mutex_unlock(&s->conn_lock);
	trim_after_burst(s, n);
}

static bool has_unread(const struct conn *c)
{
	int unread = 0;
	return ioctl(c->fd, FIONREAD, &unread) == 0 && unread > 0;
}

/* Whoever may be done without, see struct og_httpd_limits; NULL: all are at work. */
static struct conn *least_useful(struct og_httpd *s, int64_t now)
{
	enum { LOOKS = 64 }; /* at the kernel's count of bytes: everybody waits meanwhile */
	const struct og_httpd_limits *l = &s->o.limits;
	struct conn *useless = NULL, *idle = NULL;
	int64_t since = now - l->shed_idle_ms + 1;
	unsigned looks = 0;

	/* The list is in the order of first sight. */
	for (struct conn *c = s->live.next; c != &s->live; c = c->next) {
		int phase = atomic_load(&c->phase);
		int64_t age = now - c->accepted_ms;
		if (phase != CONN_FRESH && phase != CONN_IDLE)
			continue;
		if (!atomic_load(&c->useful)) {
			if (phase == CONN_FRESH && age >= l->shed_silent_ms && looks++ < LOOKS &&
				tcp_facts(c->fd).received == 0)
				return c;
			if (!useless && age >= l->shed_ms)
				useless = c;
		} else if (phase == CONN_IDLE && !c->burst_ms &&
			   atomic_load(&c->phase_ms) < since) {
			since = atomic_load(&c->phase_ms);
			idle = c;
		}
	}
	if (useless)
		return useless;
	return idle && !has_unread(idle) ? idle : NULL;
}

bool httpd_shed(struct og_httpd *s, int64_t now)
{
	struct conn *victim = least_useful(s, now);

	if (!victim)
		return false;
	STAT_ADD(s->n.shed, 1);
	kill_conn(victim);
	return true;
}

void httpd_linger(struct og_httpd *s, int fd)
{
	if (s->nlinger == LINGER_MAX) {
		(void)close(fd);
		return;
	}
	(void)shutdown(fd, SHUT_WR);
	s->linger[s->nlinger++] = (struct lingerer){fd, mono_ms() + LINGER_MS, 0};
}

/* True when nothing more is to be expected from it. */
static bool linger_done(struct lingerer *l, int64_t now)
{
	char drop[16384];
	ssize_t n;

	for (;;) {
		n = recv(l->fd, drop, sizeof(drop), MSG_DONTWAIT);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			return now >= l->until_ms;
		if (n <= 0)
			return true;
		l->bytes += (size_t)n;
		if (l->bytes > LINGER_BYTES || now >= l->until_ms)
			return true;
	}
}

static void sweep_lingering(struct og_httpd *s, int64_t now)
{
	pthread_mutex_lock(&s->conn_lock);
	for (unsigned i = 0; i < s->nlinger;) {
		if (linger_done(&s->linger[i], now)) {
			(void)close(s->linger[i].fd);
			s->linger[i] = s->linger[--s->nlinger];
		} else {
			i++;
		}
	}
	pthread_mutex_unlock(&s->conn_lock);
}

/* Old generations end with their last connection, or when their time is up and none is busy. */
static void sweep_generations(struct og_httpd *s, int64_t now)
{
	struct gen *ended = NULL;

	pthread_mutex_lock(&s->gen_lock);
	for (struct gen **at = &s->gens->next, *g; (g = *at);) {
		bool over = atomic_load(&g->conns) == 0 ||
			    (now >= g->stop_by_ms && atomic_load(&g->busy) == 0);
		if (!over) {
			at = &g->next;
			continue;
		}
		*at = g->next;
		g->next = ended;
		ended = g;
	}
	pthread_mutex_unlock(&s->gen_lock);
	while (ended) {
		struct gen *g = ended;
		ended = g->next;
		httpd_gen_stop(g);
	}
}

/* A quarter of the shortest limit, within [10, 500] ms. */
static int sweep_period(const struct og_httpd *s)
{
	const struct og_httpd_limits *l = &s->o.limits;
	unsigned all[] = {l->header_ms, l->body_ms, l->send_ms, l->idle_ms, l->retire_ms,
		atomic_load(&s->drain_ms) ? l->drain_idle_ms : 2000};
	unsigned shortest = 2000;

	for (size_t i = 0; i < OG_COUNT(all); i++)
		shortest = all[i] < shortest ? all[i] : shortest;
	return shortest / 4 < 10 ? 10 : (int)(shortest / 4);
}

void *httpd_sweep_main(void *arg)
{
	struct og_httpd *s = arg;
	int64_t next = 0;

	while (!atomic_load(&s->stop_sweep)) {
		struct pollfd fds[1 + LINGER_MAX];
		nfds_t n = 0;

		fds[n++] = (struct pollfd){.fd = s->wake_sweep, .events = POLLIN};
		pthread_mutex_lock(&s->conn_lock);
		for (unsigned i = 0; i < s->nlinger; i++)
			fds[n++] = (struct pollfd){.fd = s->linger[i].fd, .events = POLLIN};
		pthread_mutex_unlock(&s->conn_lock);
		int64_t now = mono_ms();
		(void)poll(fds, n, next > now ? (int)(next - now) : 0);
		if (fds[0].revents & POLLIN) {
			uint64_t count;
			(void)!read(s->wake_sweep, &count, sizeof(count));
		}
		now = mono_ms();
		sweep_lingering(s, now);
		sweep_generations(s, now);
		if (now >= next) {
			sweep_conns(s, now);
			next = now + sweep_period(s);
		} else if (next > now + sweep_period(s)) {
			next = now + sweep_period(s); /* a drain has begun */
		}
	}
	return NULL;
}
