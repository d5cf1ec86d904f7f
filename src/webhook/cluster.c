/* SPDX-License-Identifier: Apache-2.0 */
/* A loop beside the listeners: watches, the CA, and what they bring into force. */
#include <arpa/inet.h>
#include <stdio.h>
#include <unistd.h>
#include "cluster-priv.h"
#include "otelgate/base/mem.h"
#include "otelgate/net/certs.h"

enum { SYNC_MS = 30000, TICK_MS = 5000, NAMES_BYTES = 2048, AWAY_LOG_MS = 60000 };

/* ---- what comes from the cluster ---- */

static int on_pair(void *ctx, struct og_sv cert_pem, struct og_sv key_pem, struct og_err *err)
{
	struct webhook_cluster *c = ctx;
	og_auto_tls_pair struct og_tls_pair p = {0};
	const uint64_t one = 1;

	og_metric_add(c->w->m, OG_WM_CERT_READS, 1, NULL);
	int r = og_tls_pair_parse(
		&p, cert_pem, key_pem, og_clock_wall_ns(og_clock_system()) / OG_NS_PER_S, err);
	if (r == 0)
		r = webhook_take_pair(c->w, &p, err);
	if (r < 0) {
		og_metric_add(c->w->m, OG_WM_CERT_ERRORS, 1, NULL);
		return r;
	}
	/* Wakes the main thread, which starts the listener with the first pair. */
	if (write(c->w->pair_fd, &one, sizeof(one)) != (ssize_t)sizeof(one))
		og_log(OG_LOG_DEBUG, "webhook", "the main thread is awake already");
	return 0;
}

static void on_authority(void *ctx, const char *what, const struct og_err *err)
{
	(void)ctx;
	if (err)
		og_log(OG_LOG_WARN, "webhook", "certificates", og_lf_str("what", what),
			og_lf_err(err));
	else
		og_log(OG_LOG_INFO, "webhook", "certificates", og_lf_str("what", what));
}

static void say_refused(struct webhook *w, const struct og_cluster_config *cfg)
{
	og_auto_buf struct og_buf b = OG_BUF_INIT(STATUS_TEXT);
	struct og_err err = OG_ERR_INIT;

	for (uint32_t i = 0; i < cfg->nrefused; i++) {
		const struct og_cluster_refused *r = &cfg->refused[i];
		og_log(OG_LOG_ERROR, "webhook", "configuration object refused",
			og_lf_sv("object", r->name), og_lf_bool("earlier_in_force", r->last_good),
			og_lf_sv("problem", r->problem));
		og_buf_fmt(&b, "%s%.*s: %.*s", i ? "; " : "", OG_SV_ARG(r->name),
			OG_SV_ARG(r->problem));
	}
	if (!cfg->nrefused)
		return;
	(void)og_err_set(&err, OG_E_CONFIG, "%u object%s refused", cfg->nrefused,
		cfg->nrefused == 1 ? "" : "s");
	webhook_refused(w, INPUT_CONFIG, &err, og_buf_view(&b));
}

static void on_config(void *ctx, struct og_cluster_config *take)
{
	struct webhook_cluster *c = ctx;
	og_auto_snapshot struct og_snapshot *s = og_snapshot_of_cluster(take);

	if (!s) {
		og_log(OG_LOG_ERROR, "webhook", "no memory for a new configuration");
		return;
	}
	s->loaded_wall_ns = og_clock_wall_ns(og_clock_system());
	s->generation = webhook_taken_over(c->w, INPUT_CONFIG, s->loaded_wall_ns);
	og_log(s->config->nprofiles ? OG_LOG_INFO : OG_LOG_WARN, "webhook",
		s->config->nprofiles ? "configuration in force"
				     : "configuration in force; without a TelemetryProfile "
				       "nothing is injected",
		og_lf_uint("generation", s->generation), og_lf_str("hash", s->hash),
		og_lf_uint("objects", s->nobjects), og_lf_uint("stacks", s->config->nstacks),
		og_lf_uint("profiles", s->config->nprofiles));
	say_refused(c->w, take);
	og_snapshot_set(&c->w->config, og_take(s));
}

static bool is_ours(const struct og_watch_info *i)
{
	return og_sv_ends(og_svz(i->resource), OG_SV(".otelgate.dev"));
}

static void on_watch(void *ctx, const struct og_watch_info *i)
{
	const struct webhook_cluster *c = ctx;
	enum og_log_level level = OG_LOG_INFO;

	if (i->state == OG_WATCH_STARTING)
		return;
	if (is_ours(i) && i->state == OG_WATCH_ABSENT) {
		og_log(OG_LOG_WARN, "webhook",
			"nothing is injected: the custom resource is not installed",
			og_lf_str("resource", i->resource),
			og_lf_str("fix", "kubectl apply -k manifests/crds"));
		return;
	}
	if (i->state == OG_WATCH_FORBIDDEN)
		level = OG_LOG_ERROR;
	else if (i->state == OG_WATCH_FAILING)
		level = OG_LOG_WARN;
	else if (i->state == OG_WATCH_ABSENT || !og_cluster_synced(c->cluster))
		level = OG_LOG_DEBUG;
	og_log(level, "webhook", "watch", og_lf_str("resource", i->resource),
		og_lf_str("state", og_watch_state_name(i->state)),
		og_lf_uint("objects", i->objects),
		i->error[0] ? og_lf_str("error", i->error) : (struct og_lf){0},
		i->rule[0] ? og_lf_str("missing_rule", i->rule) : (struct og_lf){0});
}

static void on_synced(void *ctx)
{
	const struct webhook_cluster *c = ctx;

	og_log(OG_LOG_INFO, "webhook", "the caches have answered",
		og_lf_dur_ns("took", og_loop_now_ns(c->loop) - c->started_ns));
}

/* What has to be said, and looked for, now and then. */
static void look_around(struct webhook_cluster *c)
{
	struct og_watch_info v[OG_CLUSTER_WATCHES];
	int64_t now = og_loop_now_ns(c->loop), longest = 0;
	const char *error = "";
	size_t n = 0;
	unsigned down = 0, missing = 0;

	og_cluster_watches(c->cluster, v, &n);
	for (size_t i = 0; i < n; i++) {
		missing += is_ours(&v[i]) && v[i].state == OG_WATCH_ABSENT;
		if (v[i].state != OG_WATCH_FAILING)
			continue;
		int64_t since = v[i].disconnected_ns ? now - v[i].disconnected_ns : 0;
		down++;
		longest = since > longest ? since : longest;
		error = v[i].error;
	}
	if (down)
		og_log_limited(OG_SV(""), AWAY_LOG_MS, OG_LOG_WARN, "webhook",
			"the API server cannot be reached; reviews are decided from the caches",
			og_lf_uint("watches_down", down), og_lf_dur_ns("for", longest),
			og_lf_str("error", error));
	else if (c->said_away)
		og_log(OG_LOG_INFO, "webhook", "the API server is back");
	c->said_away = down > 0;
	/* Custom resources may be installed any moment; other optional kinds can wait. */
	if (missing && !down)
		og_cluster_poke(c->cluster);
}

static void on_tick(void *ctx)
{
	struct webhook_cluster *c = ctx;

	look_around(c);
	(void)og_timer_in(c->loop, &c->tick, TICK_MS, on_tick, c);
}

/* ---- start and stop ---- */

static void *loop_main(void *arg)
{
	struct webhook_cluster *c = arg;

	og_loop_run(c->loop);
	return NULL;
}

static int start_client(struct webhook_cluster *c, struct og_err *err)
{
	struct og_kube_opts o = {
		.component = "otelgate-webhook", .metrics = c->w->metrics, .access = c->w->access};
	int r = og_loop_new(NULL, &c->loop, err);

	if (r < 0)
		return r;
	for (size_t i = 0; i < c->w->access->nwarnings; i++)
		og_log(OG_LOG_WARN, "webhook", "cluster access",
			og_lf_str("warning", c->w->access->warnings[i]));
	o.loop = c->loop;
	const struct og_webhook_cluster_opts *co = &c->w->o->cluster;
	c->ns = og_arena_fmt(&c->arena, "%s", co->ns ? co->ns : c->w->access->ns);
	c->service = co->service ? co->service : "otelgate-webhook";
	c->registration = co->registration ? co->registration : "otelgate";
	c->secret = co->tls_secret  ? co->tls_secret
		    : co->ca_secret ? co->ca_secret
				    : "otelgate-webhook-ca";
	if (!c->ns)
		return og_err_set(err, OG_E_OOM, "no memory for a name");
	c->w->access = NULL; /* taken over, also on an error */
	r = og_kube_new(&o, &c->kube, err);
	if (r == 0)
		c->server = og_kube_server(c->kube);
	return r;
}

static int start_watches(struct webhook_cluster *c, struct og_err *err)
{
	const struct og_webhook_opts *o = c->w->o;
	struct og_cluster_opts co = {.kube = c->kube,
		.parts = (o->nconfig ? 0U : OG_CLUSTER_CONFIG) | OG_CLUSTER_OWNERS,
		.registration = c->registration,
		.metrics = c->w->metrics,
		.seed = (uint64_t)og_clock_wall_ns(og_clock_system()),
		.wait_ms = o->cluster.owner_wait_ms,
		.max_waiting = webhook_workers(c->w) > 1 ? webhook_workers(c->w) - 1 : 1,
		.ctx = c,
		.on_config = on_config,
		.on_state = on_watch,
		.on_synced = on_synced};

	return og_cluster_start(&co, &c->cluster, err);
}

static bool is_ip(const char *s)
{
	unsigned char raw[16];
	return inet_pton(AF_INET, s, raw) == 1 || inet_pton(AF_INET6, s, raw) == 1;
}

static int start_authority(struct webhook_cluster *c, struct og_err *err)
{
	const struct og_webhook_cluster_opts *co = &c->w->o->cluster;
	const char *dns[OG_CERT_SERVICE_NAMES + CLUSTER_NAMES], *ips[CLUSTER_NAMES];
	char *buf = og_arena_alloc(&c->arena, NAMES_BYTES);
	struct og_authority_opts o = {.kube = c->kube,
		.source = co->tls_secret ? OG_AUTHORITY_SECRET : OG_AUTHORITY_SELF,
		.ns = c->ns,
		.secret = c->secret,
		.configurations = &c->registration,
		.nconfigurations = *c->registration ? 1 : 0,
		.dns_names = dns,
		.ips = ips,
		.ca_ms = co->ca_ms,
		.leaf_ms = co->leaf_ms,
		.settle_ms = co->settle_ms,
		.metrics = c->w->metrics,
		.ctx = c,
		.on_pair = on_pair,
		.on_state = on_authority};

	if (!buf)
		return og_err_set(err, OG_E_OOM, "no memory for names");
	int r = og_certs_service_names(c->service, c->ns, co->domain ? co->domain : "cluster.local",
		buf, NAMES_BYTES, dns, err);
	if (r < 0)
		return r;
	o.ndns = OG_CERT_SERVICE_NAMES;
	if (co->nnames > CLUSTER_NAMES)
		return og_err_set(err, OG_E_LIMIT, "no more than %d names", CLUSTER_NAMES);
	for (size_t i = 0; i < co->nnames; i++) {
		if (is_ip(co->names[i]))
			ips[o.nips++] = co->names[i];
		else
			dns[o.ndns++] = co->names[i];
	}
	return og_authority_start(&o, &c->authority, err);
}

static int start_thread(struct webhook_cluster *c, struct og_err *err)
{
	int r = pthread_create(&c->thread, NULL, loop_main, c);

	if (r != 0)
		return og_err_sys(err, r, "no thread for the cluster");
	c->thread_runs = true;
	return 0;
}

int webhook_cluster_start(struct webhook *w, struct og_err *err)
{
	struct webhook_cluster *c = og_calloc(1, sizeof(*c));
	int r;

	if (!c)
		return og_err_set(err, OG_E_OOM, "no memory for the cluster");
	w->cluster = c;
	c->w = w;
	og_arena_init(&c->arena, 4096, 1 << 20);
	c->m = og_metrics_add(w->metrics, og_webhook_cluster_metrics, OG_WCM_COUNT_, err);
	if (!c->m)
		return -(int)OG_E_OOM;
	c->deferred = og_metric_series(c->m, OG_WCM_DEFERRED, NULL);
	r = start_client(c, err);
	if (r == 0) {
		c->started_ns = og_loop_now_ns(c->loop);
		r = start_watches(c, err);
	}
	if (r == 0 && !w->o->tls_cert)
		r = start_authority(c, err);
	if (r == 0 && og_timer_in(c->loop, &c->tick, TICK_MS, on_tick, c) < 0)
		r = og_err_set(err, OG_E_OOM, "no memory for a timer");
	return r == 0 ? start_thread(c, err) : r;
}

void webhook_cluster_stop(struct webhook *w)
{
	struct webhook_cluster *c = w->cluster;

	if (!c)
		return;
	if (c->thread_runs) {
		og_loop_stop(c->loop);
		(void)pthread_join(c->thread, NULL);
	}
	if (c->loop)
		og_timer_cancel(c->loop, &c->tick);
	og_authority_stop(c->authority);
	og_cluster_stop(c->cluster);
	og_kube_free(c->kube);
	og_loop_free(c->loop);
	og_arena_fini(&c->arena);
	og_free(c);
	w->cluster = NULL;
}

static void poke(void *ctx)
{
	struct webhook_cluster *c = ctx;

	og_cluster_poke(c->cluster);
	og_authority_poke(c->authority);
}

void webhook_cluster_poke(struct webhook *w)
{
	if (w->cluster)
		(void)og_loop_post(w->cluster->loop, poke, w->cluster, NULL);
}

int64_t webhook_cluster_beat_ns(struct webhook *w)
{
	return w->cluster ? og_loop_beat_ns(w->cluster->loop) : 0;
}

/* ---- for reviews ---- */

bool webhook_cluster_defers(struct webhook *w)
{
	struct webhook_cluster *c = w->cluster;
	int64_t most = w->o->cluster.sync_ms ? w->o->cluster.sync_ms : SYNC_MS;

	if (!c || og_cluster_synced(c->cluster) ||
		og_loop_now_ns(c->loop) - c->started_ns >= most * OG_NS_PER_MS)
		return false;
	og_series_add(c->deferred, 1);
	return true;
}

static bool get_object(void *ctx, struct og_sv group, struct og_sv kind, struct og_sv ns,
	struct og_sv name, struct og_arena *arena, struct og_object_facts *ret)
{
	struct review_facts *f = ctx;

	if (f->objects && f->objects->object(f->objects->ctx, group, kind, ns, name, arena, ret))
		return true;
	return f->of_cluster.object(f->of_cluster.ctx, group, kind, ns, name, arena, ret);
}

static bool get_config_map(void *ctx, struct og_sv ns, struct og_sv name, struct og_arena *arena,
	struct og_config_map_facts *ret)
{
	struct review_facts *f = ctx;

	return f->objects && f->objects->config_map &&
	       f->objects->config_map(f->objects->ctx, ns, name, arena, ret);
}

struct og_facts_source webhook_facts(struct webhook *w, const struct og_snapshot *objects,
	int64_t until_ns, struct review_facts *f)
{
	*f = (struct review_facts){.objects = objects ? &objects->facts : NULL};
	if (!w->cluster)
		return objects ? objects->facts : (struct og_facts_source){.object = NULL};
	f->cluster = (struct og_cluster_facts){.c = w->cluster->cluster, .until_ns = until_ns};
	f->of_cluster = og_cluster_facts_source(&f->cluster);
	return (struct og_facts_source){
		.object = get_object, .config_map = get_config_map, .ctx = f};
}
