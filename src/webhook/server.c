/* SPDX-License-Identifier: Apache-2.0 */
/* The service's life: start, watch, stop. */
#include "otelgate/webhook/server.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include "otelgate/base/mem.h"
#include "otelgate/base/signals.h"
#include "otelgate/kube/kubeconfig.h"
#include "webhook-priv.h"

enum {
	DEFAULT_DRAIN_MS = 15000,
	QUIET_MS = 100,		 /* a file written in place is read when its writer has paused */
	SETTLE_MS = 1000,	 /* a second look after a refused version: half-written pairs */
	REVIEW_ARENA = 96 << 20, /* W-7: cap on one review's memory, c-libraries 2 */
	REVIEW_BLOCK = 1 << 20,	 /* one for most reviews; kept, and only touched pages count */
	OPS_CONNECTIONS = 128,
	OPS_BODY = 4096,
};

static void *scratch_new(void *ctx, unsigned index)
{
	struct webhook *w = ctx;
	struct worker_scratch *s = og_calloc(1, sizeof(*s));

	(void)index;
	if (!s)
		return NULL;
	s->w = w;
	og_arena_init(&s->arena, REVIEW_BLOCK, REVIEW_ARENA);
	pthread_mutex_lock(&w->scratch_lock);
	s->next = w->scratch;
	w->scratch = s;
	pthread_mutex_unlock(&w->scratch_lock);
	return s;
}

static void scratch_free(void *ctx, void *worker)
{
	struct webhook *w = ctx;
	struct worker_scratch *s = worker;

	pthread_mutex_lock(&w->scratch_lock);
	for (struct worker_scratch **at = &w->scratch; *at; at = &(*at)->next) {
		if (*at == s) {
			*at = s->next;
			break;
		}
	}
	pthread_mutex_unlock(&w->scratch_lock);
	og_arena_fini(&s->arena);
	og_free(s);
}

static void on_http_log(void *ctx, const char *line, unsigned suppressed)
{
	(void)ctx;
	og_log(OG_LOG_WARN, "http", "connection", og_lf_str("detail", line),
		og_lf_uint("suppressed", suppressed));
}

static int new_admission(struct webhook *w, struct og_httpd **ret, struct og_err *err)
{
	struct og_httpd_opts o = {.address = w->o->address,
		.port = w->o->port,
		.workers = webhook_workers(w),
		.routes = w->admission_routes,
		.nroutes = OG_COUNT(w->admission_routes),
		.limits = w->o->limits,
		.cert_pem = og_buf_view(&w->pair.cert_pem),
		.key_pem = og_buf_view(&w->pair.key_pem),
		.ctx = w,
		.log = on_http_log,
		.done = webhook_done,
		.worker_new = scratch_new,
		.worker_free = scratch_free};

	w->admission_routes[0] = (struct og_route){"POST", "/mutate", webhook_mutate, w,
		OG_ROUTE_JSON | OG_ROUTE_BODY | OG_ROUTE_LIMITED};
	return og_httpd_new(&o, ret, err);
}

/* A pair that comes meanwhile waits, and is then rotated in. */
static int start_admission(struct webhook *w, struct og_err *err)
{
	struct og_httpd *s = NULL;

	pthread_mutex_lock(&w->pair_lock);
	int r = new_admission(w, &s, err);
	if (r == 0) {
		og_tls_pair_fini(&w->pair);
		atomic_store(&w->admission, s);
	}
	pthread_mutex_unlock(&w->pair_lock);
	return r < 0 ? og_err_wrap(err, "admission listener") : 0;
}

static int start_ops(struct webhook *w, struct og_err *err)
{
	struct og_httpd *s = NULL;
	struct og_httpd_opts o = {.address = w->o->ops_address,
		.port = w->o->ops_port,
		.workers = 1,
		.routes = w->ops_routes,
		.nroutes = OG_COUNT(w->ops_routes),
		.limits = {.max_connections = OPS_CONNECTIONS, .body_bytes = OPS_BODY},
		.ctx = w,
		.log = on_http_log};

	webhook_ops_routes(w);
	if (og_httpd_new(&o, &s, err) < 0)
		return og_err_wrap(err, "ops listener");
	atomic_store(&w->ops, s);
	return 0;
}

static int watch_inputs(struct webhook *w, struct og_err *err)
{
	const struct og_webhook_opts *o = w->o;
	int r = 0;

	for (int i = 0; i < INPUT_COUNT_; i++) {
		w->watch[i] = og_fs_watch_new(OG_SNAPSHOT_FILE_BYTES, err);
		if (!w->watch[i])
			return -OG_E_OOM;
	}
	if (o->tls_cert)
		r = og_fs_watch_add(w->watch[INPUT_CERT], o->tls_cert, err);
	if (r == 0 && o->tls_key)
		r = og_fs_watch_add(w->watch[INPUT_CERT], o->tls_key, err);
	for (size_t i = 0; i < o->nconfig && r == 0; i++)
		r = og_fs_watch_add(w->watch[INPUT_CONFIG], o->config_paths[i], err);
	if (r == 0 && o->objects)
		r = og_fs_watch_add(w->watch[INPUT_OBJECTS], o->objects, err);
	return r;
}

static int write_ports(struct webhook *w, struct og_err *err)
{
	char text[64];
	int n = snprintf(text, sizeof(text), "admission=%u\nops=%u\n",
		og_httpd_port(atomic_load(&w->admission)), og_httpd_port(atomic_load(&w->ops)));

	if (!w->o->ports_file)
		return 0;
	return og_fs_write_atomic(w->o->ports_file, text, (size_t)n, 0644, err);
}

int og_webhook_check(const struct og_webhook_opts *o, struct og_err *err)
{
	if (!o->tls_cert != !o->tls_key || (!o->tls_cert && !o->access))
		return og_err_set(err, OG_E_USAGE,
			"a certificate and its key are needed: --tls-cert FILE --tls-key FILE");
	if (o->nconfig == 0 && !o->access)
		return og_err_set(err, OG_E_USAGE, "a configuration is needed: --config FILE|DIR");
	return 0;
}

/* Both listeners serve. */
static int announce(struct webhook *w, struct og_err *err)
{
	uint16_t port = og_httpd_port(atomic_load(&w->admission));
	uint16_t ops_port = og_httpd_port(atomic_load(&w->ops));
	int r = write_ports(w, err);

	if (r < 0)
		return r;
	og_log(OG_LOG_INFO, "webhook", "serving", og_lf_uint("port", port),
		og_lf_uint("ops_port", ops_port), og_lf_str("version", OG_VERSION));
	if (w->o->started)
		w->o->started(w->o->ctx, port, ops_port);
	return 0;
}

static int start(struct webhook *w, struct og_err *err)
{
	int r = og_webhook_check(w->o, err);

	if (r == 0)
		r = webhook_metrics_init(w, err);
	/* Watched first, so that a change while loading is seen. */
	if (r == 0)
		r = watch_inputs(w, err);
	for (int i = 0; i < INPUT_COUNT_ && r == 0; i++)
		r = webhook_load(w, (enum webhook_input)i, true, err);
	if (r == 0 && w->o->access)
		r = webhook_cluster_start(w, err);
	/* A certificate that a cluster gives comes later: until then only health is served. */
	if (r == 0 && w->o->tls_cert)
		r = start_admission(w, err);
	if (r == 0)
		r = start_ops(w, err);
	if (r == 0 && w->o->tls_cert)
		r = announce(w, err);
	return r;
}

/* The first certificate has come from the cluster. */
static int start_late(struct webhook *w, struct og_err *err)
{
	uint64_t n;

	if (read(w->pair_fd, &n, sizeof(n)) != (ssize_t)sizeof(n) || atomic_load(&w->admission))
		return 0;
	int r = start_admission(w, err);
	return r == 0 ? announce(w, err) : r;
}

/* When an input is to be read, on the monotonic clock in ms; 0 = nothing has changed. */
struct due {
	int64_t at[INPUT_COUNT_];
	bool retried[INPUT_COUNT_];
};

static void look(struct webhook *w, enum webhook_input what, bool force, struct due *due)
{
	int64_t now = og_clock_mono_ms(og_clock_system());
	struct og_err err = OG_ERR_INIT;
	bool changed = false;

	if (og_fs_watch_check(w->watch[what], force, &changed, &err) < 0)
		og_log_limited(og_svz(webhook_input_name(what)), 60000, OG_LOG_WARN, "webhook",
			"files cannot be watched; they are read every few seconds",
			og_lf_err(&err));
	if (changed) {
		due->at[what] = now + QUIET_MS;
		due->retried[what] = false;
	}
	if (!due->at[what] || now < due->at[what])
		return;
	due->at[what] = 0;
	if (webhook_load(w, what, false, NULL) < 0 && !due->retried[what]) {
		due->retried[what] = true;
		due->at[what] = now + SETTLE_MS;
	}
}

static int64_t earliest(const struct due *due, int64_t at)
{
	for (int i = 0; i < INPUT_COUNT_; i++)
		if (due->at[i] && due->at[i] < at)
			at = due->at[i];
	return at;
}

/* 0 nothing, else a signal number. */
static int next_signal(const struct webhook *w, struct og_signals *sig)
{
	char bytes[64];
	if (w->o->stop_fd < 0)
		return og_signals_next(sig);
	struct pollfd p[] = {{.fd = w->o->stop_fd, .events = POLLIN},
		{.fd = w->o->hup_fd ? w->o->hup_fd : -1, .events = POLLIN}};
	if (poll(p, OG_COUNT(p), 0) <= 0)
		return 0;
	if (p[0].revents)
		return SIGTERM;
	return read(p[1].fd, bytes, sizeof(bytes)) > 0 ? SIGHUP : 0;
}

/* Until SIGTERM or SIGINT; an error when it cannot serve at all. */
static int watch_until_stopped(struct webhook *w, struct og_signals *sig, struct og_err *err)
{
	const struct og_clock *clock = og_clock_system();
	int64_t every = w->o->poll_ms ? w->o->poll_ms : OG_FS_WATCH_POLL_MS;
	int64_t next = og_clock_mono_ms(clock) + every;
	struct due due = {{0}, {false}};

	for (;;) {
		int64_t now = og_clock_mono_ms(clock);
		int64_t wake = earliest(&due, next);
		struct pollfd fds[3 + INPUT_COUNT_] = {
			{.fd = w->o->stop_fd >= 0 ? w->o->stop_fd : sig->fd, .events = POLLIN},
			{.fd = w->pair_fd, .events = POLLIN},
			{.fd = w->o->stop_fd >= 0 && w->o->hup_fd ? w->o->hup_fd : -1,
				.events = POLLIN}};
		for (int i = 0; i < INPUT_COUNT_; i++)
			fds[3 + i] = (struct pollfd){
				.fd = og_fs_watch_fd(w->watch[i]), .events = POLLIN};
		(void)poll(fds, OG_COUNT(fds), wake > now ? (int)(wake - now) : 0);
		atomic_store(&w->beat_ns, og_clock_mono_ns(clock));
		now = og_clock_mono_ms(clock);

		int signo = next_signal(w, sig);
		if (signo == SIGTERM || signo == SIGINT)
			return 0;
		int r = fds[1].revents ? start_late(w, err) : 0;
		if (r < 0)
			return r;
		if (signo == SIGHUP)
			webhook_cluster_poke(w);
		bool force = now >= next || signo == SIGHUP;
		if (force)
			next = now + every;
		for (int i = 0; i < INPUT_COUNT_; i++)
			look(w, (enum webhook_input)i, force, &due);
	}
}

static void wait_delay(struct webhook *w, struct og_signals *sig)
{
	const struct og_clock *clock = og_clock_system();
	int64_t until = og_clock_mono_ms(clock) + w->o->shutdown_delay_ms;

	for (;;) {
		int64_t now = og_clock_mono_ms(clock);
		struct pollfd p = {.fd = sig->fd, .events = POLLIN};
		atomic_store(&w->beat_ns, og_clock_mono_ns(clock));
		if (now >= until)
			return;
		(void)poll(&p, 1, (int)(until - now));
		if (w->o->stop_fd >= 0)
			continue;
		int signo = og_signals_next(sig);
		if (signo == SIGTERM || signo == SIGINT) {
			og_log(OG_LOG_WARN, "webhook", "second signal: not waiting any longer");
			return;
		}
	}
}

static int stop(struct webhook *w, struct og_signals *sig, struct og_err *err)
{
	struct og_httpd *s = atomic_load(&w->admission);
	struct og_httpd_stats st;
	int64_t drain = w->o->drain_ms ? w->o->drain_ms : DEFAULT_DRAIN_MS;

	atomic_store(&w->stopping, true);
	if (!s)
		return 0;
	og_httpd_set_closing(s);
	og_httpd_stats(s, &st);
	og_log(OG_LOG_INFO, "webhook", "stopping", og_lf_uint("connections", st.connections),
		og_lf_dur_ms("delay", w->o->shutdown_delay_ms));
	wait_delay(w, sig);
	int r = og_httpd_drain(s, (unsigned)drain, err);
	if (r < 0)
		og_log(OG_LOG_ERROR, "webhook", "drained late", og_lf_err(err));
	else
		og_log(OG_LOG_INFO, "webhook", "drained");
	return r;
}

static void webhook_fini(struct webhook *w)
{
	/* In this order: handlers ask the cluster, and the cluster rotates the listener. */
	og_httpd_free(atomic_load(&w->ops));
	pthread_mutex_lock(&w->pair_lock);
	struct og_httpd *s = atomic_exchange(&w->admission, NULL);
	pthread_mutex_unlock(&w->pair_lock);
	og_httpd_free(s);
	webhook_cluster_stop(w);
	for (int i = 0; i < INPUT_COUNT_; i++)
		og_fs_watch_free(w->watch[i]);
	og_snapshot_set(&w->config, NULL);
	og_snapshot_set(&w->objects, NULL);
	og_tls_pair_fini(&w->pair);
	og_metrics_free(w->metrics);
	if (w->pair_fd >= 0)
		close(w->pair_fd);
	pthread_mutex_destroy(&w->pair_lock);
	pthread_mutex_destroy(&w->status_lock);
	pthread_mutex_destroy(&w->scratch_lock);
	og_free(w);
}

int og_webhook_run(const struct og_webhook_opts *o, struct og_err *err)
{
	struct og_signals sig = OG_SIGNALS_INIT;
	struct webhook *w = og_calloc(1, sizeof(*w));
	struct og_err own = OG_ERR_INIT;
	int r = 0;

	if (!w) {
		og_kube_access_free(o->access);
		return og_err_set(err, OG_E_OOM, "starting the webhook");
	}
	w->o = o;
	w->access = o->access;
	w->started_wall_ns = og_clock_wall_ns(og_clock_system());
	atomic_store(&w->beat_ns, og_clock_mono_ns(og_clock_system()));
	pthread_mutex_init(&w->pair_lock, NULL);
	w->pair_fd = o->access ? eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK) : -1;
	if (o->access && w->pair_fd < 0)
		r = og_err_sys(&own, errno, "no descriptor for the certificate");
	pthread_mutex_init(&w->config.lock_, NULL);
	pthread_mutex_init(&w->objects.lock_, NULL);
	pthread_mutex_init(&w->status_lock, NULL);
	pthread_mutex_init(&w->scratch_lock, NULL);
	if (r == 0 && o->stop_fd < 0)
		r = og_signals_open(&sig, &own);
	if (r == 0)
		r = start(w, &own);
	if (r == 0)
		r = watch_until_stopped(w, &sig, &own);
	if (r == 0)
		r = stop(w, &sig, &own);
	og_kube_access_free(w->access);
	webhook_fini(w);
	og_signals_close(&sig);
	if (r < 0 && err)
		*err = own;
	return r;
}
