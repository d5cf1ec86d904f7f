/* SPDX-License-Identifier: Apache-2.0 */
/* The books on connections: from the worker's first sight to the close. */
#include "httpd-priv.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include "otelgate/base/mem.h"

void httpd_list_init(struct conn *head)
{
	head->prev = head->next = head;
}

void httpd_list_add(struct conn *head, struct conn *c)
{
	c->prev = head->prev;
	c->next = head;
	head->prev->next = c;
	head->prev = c;
}

void httpd_list_del(struct conn *c)
{
	c->prev->next = c->next;
	c->next->prev = c->prev;
	c->prev = c->next = c;
}

void httpd_conn_phase(struct conn *c, enum conn_phase phase)
{
	atomic_store_explicit(&c->phase_ms, coarse_ms(), memory_order_relaxed);
	atomic_store_explicit(&c->phase, (int)phase, memory_order_release);
}

void httpd_conn_lost(struct og_httpd *s, struct conn *c)
{
	httpd_list_del(c);
	atomic_fetch_sub(&c->w->conns, 1);
	atomic_fetch_sub(&c->w->gen->conns, 1);
	if (STAT_SUB(s->n.connections, 1) == 1)
		pthread_cond_broadcast(&s->conn_gone);
	og_free(c);
}

static void on_started(struct worker *w, int fd, void **socket_context)
{
	struct og_httpd *s = w->gen->server;

	pthread_mutex_lock(&s->conn_lock);
	for (struct conn *c = s->pending.next; c != &s->pending; c = c->next) {
		if (c->fd != fd || c->w != w)
			continue;
		httpd_list_del(c);
		httpd_list_add(&s->live, c);
		httpd_conn_phase(c, CONN_FRESH);
		*socket_context = c;
		break;
	}
	pthread_mutex_unlock(&s->conn_lock);
}

static void on_closed(struct worker *w, struct conn *c)
{
	struct og_httpd *s = w->gen->server;
	int unread = 0, dup_fd = -1;

	/*
	 * Closing with unread bytes makes the kernel send a reset, which can overtake the answer
	 * (a 413 while the client is still sending). A duplicate keeps the socket until the
	 * client has had time to read it; the library has already sent its end of stream.
	 */
	if (atomic_load(&c->phase) != CONN_DEAD &&
		(c->linger || (ioctl(c->fd, FIONREAD, &unread) == 0 && unread > 0)))
		dup_fd = fcntl(c->fd, F_DUPFD_CLOEXEC, 0);
	pthread_mutex_lock(&s->conn_lock);
	if (dup_fd >= 0)
		httpd_linger(s, dup_fd);
	httpd_conn_lost(s, c);
	pthread_mutex_unlock(&s->conn_lock);
	if (dup_fd >= 0 || atomic_load(&w->gen->closing) || atomic_load(&s->closing))
		httpd_wake(s->wake_sweep);
}

void httpd_conn_notify(void *cls, struct MHD_Connection *mc, void **socket_context,
	enum MHD_ConnectionNotificationCode code)
{
	struct worker *w = cls;

	if (code == MHD_CONNECTION_NOTIFY_STARTED) {
		const union MHD_ConnectionInfo *info =
			MHD_get_connection_info(mc, MHD_CONNECTION_INFO_CONNECTION_FD);
		if (info)
			on_started(w, info->connect_fd, socket_context);
	} else if (*socket_context) {
		on_closed(w, *socket_context);
		*socket_context = NULL;
	}
}
