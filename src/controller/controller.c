/* SPDX-License-Identifier: Apache-2.0 */
/* The controller's life: start, lead, stop. */
#include "otelgate/controller/controller.h"

#include <signal.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <unistd.h>
#include "egress-priv.h"
#include "workloads-priv.h"
#include "otelgate/base/fs.h"
#include "otelgate/kube/kubeconfig.h"

enum {
	FLUSH_MS = 1000,    /* with the parts' time less than the 2 s that a hand-over takes */
	RELEASE_MS = 2000,  /* a server that is away cannot be told */
	CANDIDATE_MS = 600, /* with all of these: less than 2 s in which nobody leads */
};

static void on_state(void *ctx, const struct og_watch_info *w)
{
	enum og_log_level level = w->state == OG_WATCH_SYNCED || w->state == OG_WATCH_STARTING
					  ? OG_LOG_INFO
					  : OG_LOG_WARN;
	(void)ctx;
	og_log_limited(og_svz(w->resource), 10000, level, "controller", "watch",
		og_lf_str("resource", w->resource),
		og_lf_str("state", og_watch_state_name(w->state)),
		og_lf_uint("objects", w->objects), og_lf_str("error", w->error));
	controller_scan_soon(ctx);
	workloads_on_watch(ctx, w);
}

static void on_config(void *ctx, struct og_cluster_config *take)
{
	og_log(OG_LOG_INFO, "controller", "configuration",
		og_lf_uint("generation", take->generation), og_lf_uint("objects", take->nobjects),
		og_lf_uint("refused", take->nrefused));
	for (uint32_t i = 0; i < take->nrefused; i++)
		og_log(OG_LOG_WARN, "controller", "configuration refused",
			og_lf_sv("object", take->refused[i].name),
			og_lf_sv("problem", take->refused[i].problem),
			og_lf_bool("last_good", take->refused[i].last_good));
	og_cluster_config_unref(take);
	controller_scan_soon(ctx);
	controller_resync(ctx);
}

static void on_store(void *ctx, enum og_store_change what, const struct og_record *old,
	const struct og_record *now, bool stale)
{
	(void)what, (void)old, (void)now, (void)stale;
	controller_scan_soon(ctx);
}

static void on_lead(void *ctx)
{
	struct controller *c = ctx;

	c->leads = true;
	og_log(OG_LOG_INFO, "controller", "leading",
		og_lf_str("identity", c->lease ? og_lease_identity(c->lease) : "alone"));
	controller_scan_soon(c);
	controller_resync(c);
}

static void on_synced(void *ctx)
{
	controller_scan_soon(ctx);
	controller_resync(ctx);
}

static void on_lost(void *ctx)
{
	struct controller *c = ctx;

	c->leads = false;
	if (c->stopping)
		return;
	c->lease_lost = true;
	og_log(OG_LOG_ERROR, "controller", "the lease is lost: ending");
	og_loop_stop(c->loop);
}

static void on_leader(void *ctx, struct og_sv identity)
{
	(void)ctx;
	og_log(OG_LOG_INFO, "controller", "another one leads", og_lf_sv("identity", identity));
}

static void stop_now(void *ctx)
{
	og_loop_stop(((struct controller *)ctx)->loop);
}

static void flushed(void *ctx)
{
	struct controller *c = ctx;

	if (c->lease && og_timer_in(c->loop, &c->drain_timer, RELEASE_MS, stop_now, c) == 0)
		og_lease_release(c->lease, stop_now, c);
	else
		stop_now(c);
}

/* Nothing writes any more but the events and the lease. */
static void parts_stopped(struct controller *c)
{
	og_events_flush(c->events, FLUSH_MS, flushed, c);
}

static void begin_stop(struct controller *c)
{
	if (c->stopping) { /* a second signal does not wait */
		og_loop_stop(c->loop);
		return;
	}
	og_log(OG_LOG_INFO, "controller", "stopping");
	c->stopping = true;
	atomic_store(&c->ready_off, true);
	controller_parts_stop(c, parts_stopped);
}

static void on_signal(void *ctx, int fd, uint32_t events)
{
	struct controller *c = ctx;
	char byte;

	(void)events;
	if (c->o->stop_fd >= 0) {
		if (read(fd, &byte, 1) < 0 || !c->stopping)
			og_loop_fd_remove(c->loop, og_take(c->sig_fd));
		begin_stop(c);
		return;
	}
	for (int s; (s = og_signals_next(&c->sig));)
		if (s == SIGTERM || s == SIGINT)
			begin_stop(c);
		else
			og_cluster_poke(c->cluster);
}

static int start_lease(struct controller *c, struct og_err *err)
{
	struct og_lease_opts lo = {.kube = c->kube,
		.ns = c->o->lease_ns ? c->o->lease_ns : og_kube_namespace(c->kube),
		.name = c->o->lease_name ? c->o->lease_name : "otelgate-controller",
		.candidate_ms = CANDIDATE_MS,
		.metrics = c->metrics,
		.ctx = c,
		.on_started = on_lead,
		.on_stopped = on_lost,
		.on_leader = on_leader};

	if (c->o->no_lease) {
		on_lead(c);
		return 0;
	}
	return og_lease_start(&lo, &c->lease, err);
}

static int start_cluster(struct controller *c, struct og_err *err)
{
	static const char *const watched[][2] = {{"", "Pod"}, {"", "Namespace"},
		{"apps", "Deployment"}, {"apps", "StatefulSet"}, {"apps", "DaemonSet"},
		{"batch", "Job"}, {"batch", "CronJob"}, {"argoproj.io", "Rollout"},
		{"admissionregistration.k8s.io", "MutatingWebhookConfiguration"}};
	struct og_cluster_opts co = {.kube = c->kube,
		.parts = OG_CLUSTER_CONFIG | OG_CLUSTER_WORKLOADS | OG_CLUSTER_PODSTATES |
			 OG_CLUSTER_REGISTRATION | OG_CLUSTER_POLICIES | OG_CLUSTER_SERVICES |
			 OG_CLUSTER_TELEMETRY,
		.registration = c->o->registration,
		.metrics = c->metrics,
		.ctx = c,
		.on_config = on_config,
		.on_state = on_state,
		.on_synced = on_synced};
	int r = og_cluster_start(&co, &c->cluster, err);

	for (size_t i = 0; i < OG_COUNT(watched) && r == 0; i++)
		r = og_store_listen(
			og_cluster_store(c->cluster, og_svz(watched[i][0]), og_svz(watched[i][1])),
			on_store, c, err);
	return r == 0 ? controller_parts_start(c, err) : r;
}

static int start_events(struct controller *c, struct og_err *err)
{
	char host[256] = "";
	(void)gethostname(host, sizeof(host) - 1);
	struct og_events_opts eo = {.kube = c->kube,
		.controller = "otelgate.dev/controller",
		.instance = host,
		.metrics = c->metrics};
	return og_events_new(&eo, &c->events, err);
}

static int write_ports(struct controller *c, struct og_err *err)
{
	char text[32];
	int n = snprintf(text, sizeof(text), "ops=%u\n", og_httpd_port(c->ops));

	if (!c->o->ports_file)
		return 0;
	return og_fs_write_atomic(c->o->ports_file, text, (size_t)n, 0644, err);
}

static int start(struct controller *c, struct og_err *err)
{
	struct og_kube_opts ko = {.access = c->o->access, .component = "otelgate-controller"};
	int fd = c->o->stop_fd;
	int r = og_loop_new(NULL, &c->loop, err);

	c->metrics = r == 0 ? og_metrics_new(err) : NULL;
	if (!c->metrics || og_metrics_add_process(c->metrics, err) < 0 ||
		!(c->m = og_metrics_add(c->metrics, og_controller_metrics, OG_CM_COUNT_, err))) {
		og_kube_access_free(c->o->access);
		return r < 0 ? r : -(int)OG_E_OOM;
	}
	ko.loop = c->loop;
	ko.metrics = c->metrics;
	if ((r = og_kube_new(&ko, &c->kube, err)) < 0)
		return r;
	if (fd < 0 && (r = og_signals_open(&c->sig, err)) < 0)
		return r;
	r = og_loop_fd_add(
		c->loop, fd < 0 ? c->sig.fd : fd, EPOLLIN, on_signal, c, &c->sig_fd, err);
	if (r == 0)
		r = controller_scan_init(c, err);
	if (r == 0)
		r = start_events(c, err);
	if (r == 0)
		r = start_cluster(c, err);
	if (r == 0)
		r = start_lease(c, err);
	if (r == 0)
		r = controller_ops_start(c, err);
	return r == 0 ? write_ports(c, err) : r;
}

static void controller_fini(struct controller *c)
{
	og_httpd_free(c->ops);
	controller_parts_fini(c);
	controller_scan_fini(c);
	og_cluster_stop(c->cluster);
	workloads_free(c);
	egress_free(c);
	og_lease_free(c->lease);
	og_events_free(c->events);
	og_loop_fd_remove(c->loop, c->sig_fd);
	og_kube_free(c->kube);
	og_metrics_free(c->metrics);
	og_loop_free(c->loop);
	og_signals_close(&c->sig);
	pthread_mutex_destroy(&c->published_lock);
	og_free(c);
}

int og_controller_run(const struct og_controller_opts *o, struct og_err *err)
{
	struct controller *c = og_calloc(1, sizeof(*c));
	struct og_err own = OG_ERR_INIT;

	if (!c) {
		og_kube_access_free(o->access);
		return og_err_set(err, OG_E_OOM, "starting the controller");
	}
	c->o = o;
	c->sig = (struct og_signals)OG_SIGNALS_INIT;
	pthread_mutex_init(&c->published_lock, NULL);
	int r = start(c, &own);
	if (r == 0) {
		og_log(OG_LOG_INFO, "controller", "serving",
			og_lf_str("server", og_kube_server(c->kube)),
			og_lf_uint("ops_port", og_httpd_port(c->ops)),
			og_lf_str("version", OG_VERSION));
		og_loop_run(c->loop);
		if (c->lease_lost)
			r = og_err_set(&own, OG_E_CANCELLED, "the lease was lost");
	}
	controller_fini(c);
	if (r < 0 && err)
		*err = own;
	return r;
}
