/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A generation: one certificate and its workers. Each worker is a library daemon of its own with
 * one epoll thread and no listening socket, so that we choose the worker of every connection.
 */
#include "httpd-priv.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include "otelgate/base/mem.h"

/* TLS 1.2 and 1.3 only; the library's default allows 1.0 (c-libraries 1.6). Of their suites those
 * with forward secrecy and authenticated encryption, which every API server offers, also one that
 * keeps to FIPS 140 (crypto/tls of Go, cipher_suites.go); no groups of numbers, of which one has
 * 112 bits. */
static const char priorities[] =
	"SECURE128:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2:-KX-ALL:+ECDHE-ECDSA:+ECDHE-RSA:"
	"-CIPHER-ALL:+AES-128-GCM:+AES-256-GCM:+CHACHA20-POLY1305:-MAC-ALL:+AEAD:"
	"-GROUP-ALL:+GROUP-X25519:+GROUP-SECP256R1:+GROUP-SECP384R1:+GROUP-SECP521R1:"
	"%SERVER_PRECEDENCE";

enum { LOG_PER_SECOND = 10, LOG_LINE = 256 };

static void log_line(struct og_httpd *s, const char *line)
{
	unsigned suppressed = 0;
	bool send = false;
	int64_t second = mono_ms() / 1000;

	if (!s->o.log)
		return;
	pthread_mutex_lock(&s->log_lock);
	if (s->log_second != second) {
		s->log_second = second;
		s->log_sent = 0;
	}
	if (s->log_sent < LOG_PER_SECOND) {
		s->log_sent++;
		suppressed = s->log_suppressed;
		s->log_suppressed = 0;
		send = true;
	} else {
		s->log_suppressed++;
	}
	pthread_mutex_unlock(&s->log_lock);
	if (send)
		s->o.log(s->o.ctx, line, suppressed);
}

void httpd_log(struct og_httpd *s, const char *fmt, ...)
{
	char line[LOG_LINE];
	va_list ap;
	va_start(ap, fmt);
	(void)vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	log_line(s, line);
}

/* The library's own messages. A failed handshake is announced here and nowhere else. */
static void __attribute__((format(printf, 2, 0)))
on_library_log(void *cls, const char *fmt, va_list ap)
{
	struct og_httpd *s = cls;
	char line[LOG_LINE];

	if (strstr(fmt, "handshake"))
		STAT_ADD(s->n.tls_errors, 1);
	(void)vsnprintf(line, sizeof(line), fmt, ap);
	for (char *p = line; *p; p++)
		if ((unsigned char)*p < 0x20 || *p == 0x7f)
			*p = ' ';
	log_line(s, line);
}

static struct MHD_Daemon *start_daemon(struct worker *w, const char *cert_pem, const char *key_pem)
{
	struct og_httpd *s = w->gen->server;
	const struct og_httpd_limits *l = &s->o.limits;
	unsigned flags = MHD_USE_EPOLL_INTERNAL_THREAD | MHD_USE_NO_LISTEN_SOCKET | MHD_USE_ITC |
			 MHD_USE_ERROR_LOG;
	struct MHD_OptionItem tls[4] = {{MHD_OPTION_END, 0, NULL}};

	if (s->tls) {
		flags |= MHD_USE_TLS;
		/* The library takes char pointers as void *; it only reads them, while it starts.
		 */
		tls[0] = (struct MHD_OptionItem){MHD_OPTION_HTTPS_MEM_CERT, 0, NULL};
		tls[1] = (struct MHD_OptionItem){MHD_OPTION_HTTPS_MEM_KEY, 0, NULL};
		tls[2] = (struct MHD_OptionItem){MHD_OPTION_HTTPS_PRIORITIES, 0, NULL};
		tls[3] = (struct MHD_OptionItem){MHD_OPTION_END, 0, NULL};
		memcpy(&tls[0].ptr_value, &cert_pem, sizeof(cert_pem));
		memcpy(&tls[1].ptr_value, &key_pem, sizeof(key_pem));
		const char *p = priorities;
		memcpy(&tls[2].ptr_value, &p, sizeof(p));
	}
	/* The inactivity timer of the library is only a second line behind the sweeper. */
	return MHD_start_daemon(flags, 0, NULL, NULL, httpd_on_request, w,
		MHD_OPTION_EXTERNAL_LOGGER, on_library_log, s, MHD_OPTION_NOTIFY_COMPLETED,
		httpd_on_completed, w, MHD_OPTION_NOTIFY_CONNECTION, httpd_conn_notify, w,
		MHD_OPTION_CONNECTION_LIMIT, l->max_connections + SHED_SLACK + 64,
		MHD_OPTION_CONNECTION_TIMEOUT, l->idle_ms / 1000 + 10,
		MHD_OPTION_CONNECTION_MEMORY_LIMIT, l->header_bytes,
#if MHD_VERSION >= 0x00097601
		MHD_OPTION_CLIENT_DISCIPLINE_LVL, 1,
#else
		MHD_OPTION_STRICT_FOR_CLIENT, 1,
#endif
		MHD_OPTION_ARRAY, tls, MHD_OPTION_END);
}

static char *secret_dup(struct og_sv s)
{
	char *p = og_malloc(s.n + 1);
	if (p) {
		if (s.n)
			memcpy(p, s.p, s.n);
		p[s.n] = '\0';
	}
	return p;
}

static int start_workers(
	struct gen *g, const char *cert_pem, const char *key_pem, struct og_err *err)
{
	struct og_httpd *s = g->server;

	for (unsigned i = 0; i < s->o.workers; i++) {
		struct worker *w = &g->workers[i];
		w->gen = g;
		w->index = i;
		g->nworkers = i + 1;
		if (s->o.worker_new) {
			w->user = s->o.worker_new(s->o.ctx, i);
			if (!w->user)
				return og_err_set(
					err, OG_E_OOM, "making the scratch memory of worker %u", i);
		}
		w->daemon = start_daemon(w, cert_pem, key_pem);
		if (!w->daemon && s->tls)
			return og_err_set(err, OG_E_TLS,
				"the TLS library refuses the certificate or its key; check that "
				"both are PEM, that the key belongs to the first certificate and "
				"has no passphrase");
		if (!w->daemon)
			return og_err_set(err, OG_E_IO,
				"starting HTTP worker %u; check the limits on threads and open "
				"files",
				i);
	}
	return 0;
}

int httpd_gen_start(struct og_httpd *s, struct og_sv cert_pem, struct og_sv key_pem,
	struct gen **ret_gen, struct og_err *err)
{
	struct gen *g = og_calloc(1, sizeof(*g) + s->o.workers * sizeof(g->workers[0]));
	og_auto_free char *cert = secret_dup(cert_pem);
	og_auto_free char *key = secret_dup(key_pem);
	int r;

	if (!g || !cert || !key) {
		r = og_err_set(err, OG_E_OOM, "starting %u HTTP workers", s->o.workers);
	} else if (memchr(cert, 0, cert_pem.n) || memchr(key, 0, key_pem.n)) {
		r = og_err_set(err, OG_E_TLS, "a NUL byte in the PEM text of certificate or key");
	} else {
		g->server = s;
		r = start_workers(g, cert, key, err);
	}
	if (key)
		explicit_bzero(key, key_pem.n);
	if (r < 0) {
		if (g && g->server)
			httpd_gen_stop(g);
		else
			og_free(g);
		return r;
	}
	STAT_ADD(s->n.generations, 1);
	*ret_gen = g;
	return 0;
}

void httpd_gen_stop(struct gen *g)
{
	struct og_httpd *s = g->server;
	bool whole = g->nworkers == s->o.workers && g->workers[g->nworkers - 1].daemon;

	for (unsigned i = 0; i < g->nworkers; i++) {
		struct worker *w = &g->workers[i];
		if (w->daemon)
			MHD_stop_daemon(w->daemon);
		httpd_xfer_free_all(w);
		if (w->user && s->o.worker_free)
			s->o.worker_free(s->o.ctx, w->user);
	}
	/* What was handed over but never seen by a worker has been closed without a word. */
	pthread_mutex_lock(&s->conn_lock);
	for (struct conn *c = s->pending.next, *next; c != &s->pending; c = next) {
		next = c->next;
		if (c->w->gen == g)
			httpd_conn_lost(s, c);
	}
	pthread_mutex_unlock(&s->conn_lock);
	if (whole)
		STAT_SUB(s->n.generations, 1);
	og_free(g);
}
