/* SPDX-License-Identifier: Apache-2.0 */
/* The server object: options, start, rotation, drain, end. */
#include "httpd-priv.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include "otelgate/base/mem.h"

enum { KEEP_GENERATIONS = 4 };

static void fill_limits(struct og_httpd_limits *l)
{
	static const struct og_httpd_limits defaults = {
		.max_connections = 2048,
		.max_inflight = 1024,
		.max_large = 2,
		.large_bytes = 1 << 20,
		.body_bytes = 7 << 20,
		.buffered_bytes = 64 << 20,
		.answer_bytes = 32 << 20,
		.header_bytes = 32 << 10,
		.header_ms = 5000,
		.body_ms = 10000,
		.send_ms = 10000,
		.idle_ms = 180000,
		.age_ms = 120000,
		.age_requests = 1000,
		.age_min_ms = 10000,
		.retire_ms = 150000,
		.drain_idle_ms = 1000,
		.shed_silent_ms = 50,
		.shed_ms = 1000,
		.shed_idle_ms = 1000,
	};
#define DEFAULT(field) l->field = l->field ? l->field : defaults.field
	DEFAULT(max_connections);
	DEFAULT(max_inflight);
	DEFAULT(max_large);
	DEFAULT(large_bytes);
	DEFAULT(body_bytes);
	DEFAULT(buffered_bytes);
	DEFAULT(answer_bytes);
	DEFAULT(header_bytes);
	DEFAULT(header_ms);
	DEFAULT(body_ms);
	DEFAULT(send_ms);
	DEFAULT(idle_ms);
	DEFAULT(age_ms);
	DEFAULT(age_requests);
	DEFAULT(age_min_ms);
	DEFAULT(retire_ms);
	DEFAULT(drain_idle_ms);
	DEFAULT(shed_silent_ms);
	DEFAULT(shed_ms);
	DEFAULT(shed_idle_ms);
#undef DEFAULT
}

static int init_locks(struct og_httpd *s)
{
	pthread_condattr_t attr;
	int r = pthread_condattr_init(&attr);

	if (r == 0) {
		r = pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
		if (r == 0)
			r = pthread_cond_init(&s->conn_gone, &attr);
		pthread_condattr_destroy(&attr);
	}
	if (r == 0)
		r = pthread_mutex_init(&s->gen_lock, NULL);
	if (r == 0)
		r = pthread_mutex_init(&s->conn_lock, NULL);
	if (r == 0)
		r = pthread_mutex_init(&s->log_lock, NULL);
	return r;
}

static struct og_httpd *server_alloc(const struct og_httpd_opts *opts)
{
	static const char oom[] = "503 out of memory\n";
	struct og_httpd *s = og_calloc(1, sizeof(*s));
	void *text;
	const char *p = oom;

	if (!s)
		return NULL;
	s->o = *opts;
	s->o.cert_pem = s->o.key_pem = og_sv(NULL, 0);
	s->o.workers = opts->workers ? opts->workers : 2;
	fill_limits(&s->o.limits);
	s->tls = opts->cert_pem.n > 0;
	s->listen_fd = s->wake_accept = s->wake_sweep = s->spare_fd = -1;
	s->jitter = (uint64_t)mono_ns() | 1;
	httpd_list_init(&s->pending);
	httpd_list_init(&s->live);
	memcpy(&text, &p, sizeof(text));
	s->oom = MHD_create_response_from_buffer(sizeof(oom) - 1, text, MHD_RESPMEM_PERSISTENT);
	if (!s->oom || MHD_add_response_header(s->oom, "Retry-After", "1") != MHD_YES ||
		MHD_add_response_header(s->oom, "Connection", "close") != MHD_YES ||
		init_locks(s) != 0) {
		if (s->oom)
			MHD_destroy_response(s->oom);
		og_free(s);
		return NULL;
	}
	return s;
}

static int open_descriptors(struct og_httpd *s, struct og_err *err)
{
	s->wake_accept = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	s->wake_sweep = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	s->spare_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	if (s->wake_accept < 0 || s->wake_sweep < 0)
		return og_err_sys(err, errno, "making an eventfd");
	return httpd_listen(s, err);
}

/* All threads made here and in the library inherit a mask without signals. */
static int start_threads(struct og_httpd *s, const struct og_httpd_opts *opts, struct og_err *err)
{
	int r = httpd_gen_start(s, opts->cert_pem, opts->key_pem, &s->gens, err);
	if (r < 0)
		return r;
	r = pthread_create(&s->sweep_thread, NULL, httpd_sweep_main, s);
	if (r != 0)
		return og_err_sys(err, r, "starting the sweeper thread");
	s->sweep_running = true;
	r = pthread_create(&s->accept_thread, NULL, httpd_accept_main, s);
	if (r != 0)
		return og_err_sys(err, r, "starting the accept thread");
	s->accept_running = true;
	return 0;
}

int og_httpd_new(const struct og_httpd_opts *opts, struct og_httpd **ret_server, struct og_err *err)
{
	sigset_t all, old;
	struct og_httpd *s;
	int r;

	if ((opts->cert_pem.n == 0) != (opts->key_pem.n == 0))
		return og_err_set(err, OG_E_CONFIG, "a certificate and its key go together");
	if (opts->workers > 64)
		return og_err_set(err, OG_E_CONFIG, "%u HTTP workers; at most 64", opts->workers);
	s = server_alloc(opts);
	if (!s)
		return og_err_set(err, OG_E_OOM, "making an HTTP server");
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	r = open_descriptors(s, err);
	if (r == 0)
		r = start_threads(s, opts, err);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (r < 0) {
		og_httpd_free(s);
		return r;
	}
	*ret_server = s;
	return 0;
}

static void stop_accepting(struct og_httpd *s)
{
	if (!s->accept_running)
		return;
	atomic_store(&s->stop_accept, true);
	httpd_wake(s->wake_accept);
	pthread_join(s->accept_thread, NULL);
	s->accept_running = false;
}

static void stop_everything(struct og_httpd *s)
{
	stop_accepting(s);
	if (s->sweep_running) {
		atomic_store(&s->stop_sweep, true);
		httpd_wake(s->wake_sweep);
		pthread_join(s->sweep_thread, NULL);
		s->sweep_running = false;
	}
	while (s->gens) {
		struct gen *g = s->gens;
		s->gens = g->next;
		httpd_gen_stop(g);
	}
}

void og_httpd_free(struct og_httpd *s)
{
	if (!s)
		return;
	stop_everything(s);
	for (unsigned i = 0; i < s->nlinger; i++)
		(void)close(s->linger[i].fd);
	og_close_fd_(&s->listen_fd);
	og_close_fd_(&s->wake_accept);
	og_close_fd_(&s->wake_sweep);
	og_close_fd_(&s->spare_fd);
	MHD_destroy_response(s->oom);
	pthread_cond_destroy(&s->conn_gone);
	pthread_mutex_destroy(&s->gen_lock);
	pthread_mutex_destroy(&s->conn_lock);
	pthread_mutex_destroy(&s->log_lock);
	og_free(s);
}

void og_httpd_free_ptr_(struct og_httpd **s)
{
	og_httpd_free(*s);
}

uint16_t og_httpd_port(const struct og_httpd *s)
{
	return s->port;
}

/* A certificate that changes again and again must not pile up threads: only the newest few old
 * generations get their full time. gen_lock held. */
static void retire_surplus(struct og_httpd *s)
{
	unsigned n = 0;

	for (struct gen *g = s->gens; g; g = g->next)
		if (++n > KEEP_GENERATIONS)
			g->stop_by_ms = 0;
}

int og_httpd_rotate(
	struct og_httpd *s, struct og_sv cert_pem, struct og_sv key_pem, struct og_err *err)
{
	sigset_t all, old;
	struct gen *g;
	int r;

	if (!s->tls || cert_pem.n == 0 || key_pem.n == 0)
		return og_err_set(err, OG_E_INVALID,
			s->tls ? "an empty certificate or key" : "a plain HTTP server has no key");
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	r = httpd_gen_start(s, cert_pem, key_pem, &g, err);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (r < 0)
		return r;
	pthread_mutex_lock(&s->gen_lock);
	g->next = s->gens;
	s->gens->stop_by_ms = mono_ms() + s->o.limits.retire_ms;
	atomic_store(&s->gens->closing, true);
	s->gens = g;
	retire_surplus(s);
	pthread_mutex_unlock(&s->gen_lock);
	STAT_ADD(s->n.rotations, 1);
	httpd_wake(s->wake_sweep);
	return 0;
}

void og_httpd_set_closing(struct og_httpd *s)
{
	atomic_store(&s->closing, true);
}

int og_httpd_drain(struct og_httpd *s, unsigned deadline_ms, struct og_err *err)
{
	int64_t until = mono_ms() + deadline_ms;
	struct timespec ts = {until / 1000, (long)(until % 1000) * 1000000};
	uint64_t busy = 0;
	int r = 0;

	og_httpd_set_closing(s);
	stop_accepting(s);
	atomic_store(&s->drain_ms, mono_ms());
	httpd_wake(s->wake_sweep);
	pthread_mutex_lock(&s->conn_lock);
	while (STAT_GET(s->n.connections) > 0 && r == 0)
		r = pthread_cond_timedwait(&s->conn_gone, &s->conn_lock, &ts);
	pthread_mutex_unlock(&s->conn_lock);
	pthread_mutex_lock(&s->gen_lock);
	for (struct gen *g = s->gens; g; g = g->next)
		busy += atomic_load(&g->busy);
	pthread_mutex_unlock(&s->gen_lock);
	stop_everything(s);
	if (busy)
		return og_err_set(err, OG_E_TIMEOUT,
			"%llu requests were cut: not done within %u ms of the drain",
			(unsigned long long)busy, deadline_ms);
	return 0;
}

void og_httpd_stats(const struct og_httpd *s, struct og_httpd_stats *ret)
{
	*ret = (struct og_httpd_stats){
		.connections = STAT_GET(s->n.connections),
		.accepted = STAT_GET(s->n.accepted),
		.refused = STAT_GET(s->n.refused),
		.shed = STAT_GET(s->n.shed),
		.tls_errors = STAT_GET(s->n.tls_errors),
		.requests = STAT_GET(s->n.requests),
		.inflight = STAT_GET(s->n.inflight),
		.aborted = STAT_GET(s->n.aborted),
		.throttled = STAT_GET(s->n.throttled),
		.bytes_in = STAT_GET(s->n.bytes_in),
		.bytes_out = STAT_GET(s->n.bytes_out),
		.buffered = STAT_GET(s->n.buffered),
		.rotations = STAT_GET(s->n.rotations),
		.generations = STAT_GET(s->n.generations),
	};
	for (int i = 0; i < OG_HTTPD_TIMEOUT_COUNT_; i++)
		ret->timeouts[i] = STAT_GET(s->n.timeouts[i]);
}

uint64_t og_httpd_status_count(const struct og_httpd *s, int status)
{
	return status >= 100 && status < STATUS_MAX ? STAT_GET(s->n.status[status]) : 0;
}
