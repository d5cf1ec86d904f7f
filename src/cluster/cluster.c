/* SPDX-License-Identifier: Apache-2.0 */
/* The life of the watches. */
#include "otelgate/cluster/cluster.h"

#include <stdio.h>
#include <string.h>
#include "cluster-priv.h"
#include "otelgate/base/mem.h"

enum {
	SETTLE_MS = 100, /* `kubectl apply -f folder` sends a handful of objects in a row */
	WAIT_MS = 150,	 /* a watch event is seldom more than a few ms behind */
};

/* What the engine reads; optin.h, the operator's, and what stands for `false` there. */
static const char *const prefixes[] = {"otelgate.dev/", "resource.opentelemetry.io/",
	"instrumentation.opentelemetry.io/", "kubernetes.io/config.mirror", NULL};

static void check_synced(struct og_cluster *c)
{
	if (atomic_load(&c->synced))
		return;
	for (size_t i = 0; i < c->nwatches; i++)
		if (!atomic_load(&c->watches[i].answered))
			return;
	cluster_config_rebuild(c);
	atomic_store(&c->synced, true);
	og_metric_set(c->m, CM_SYNCED, 1, NULL);
	if (c->o.on_synced)
		c->o.on_synced(c->o.ctx);
}

/* The first watch that stands again: the API server is back, or has learned its roles. The others
 * need not wait for the ends of their own back-offs, which have grown while it was away. */
static void wake_others(struct og_cluster *c)
{
	for (size_t i = 0; i < c->nwatches; i++)
		if (c->watches[i].down && c->watches[i].watch)
			og_watch_poke(c->watches[i].watch);
}

static void on_state(void *ctx, enum og_watch_state s, const struct og_err *why)
{
	struct cluster_watch *w = ctx;
	struct og_watch_info info;
	bool back = w->down && s == OG_WATCH_SYNCED;

	(void)why;
	w->down = s == OG_WATCH_FAILING || s == OG_WATCH_FORBIDDEN;
	if (back)
		wake_others(w->c);
	if (s == OG_WATCH_SYNCED || s == OG_WATCH_ABSENT || s == OG_WATCH_FORBIDDEN)
		atomic_store(&w->answered, true);
	bool quiet = w->kind->optional && (s == OG_WATCH_ABSENT || s == OG_WATCH_FORBIDDEN);
	if (w->c->o.on_state && w->watch && !quiet) {
		og_watch_info(w->watch, &info);
		w->c->o.on_state(w->c->o.ctx, &info);
	}
	check_synced(w->c);
}

static void settled(void *ctx)
{
	cluster_config_rebuild(ctx);
}

static void on_change(void *ctx, enum og_store_change what, const struct og_record *old,
	const struct og_record *now, bool stale)
{
	struct cluster_watch *w = ctx;
	struct og_cluster *c = w->c;

	(void)what, (void)old, (void)now, (void)stale;
	if (w->kind->part & CLUSTER_OWNER_PARTS)
		cluster_facts_changed(c);
	if (w->kind->part != OG_CLUSTER_CONFIG || !atomic_load(&c->synced) ||
		og_timer_is_set(&c->settle))
		return;
	if (og_timer_in(og_kube_loop(c->o.kube), &c->settle,
		    c->o.settle_ms ? c->o.settle_ms : SETTLE_MS, settled, c) < 0)
		cluster_config_rebuild(c);
}

static int (*projection_of(enum og_cluster_part part))(
	void *, struct og_jval, struct og_arena *, struct og_buf *, struct og_err *)
{
	static const struct {
		enum og_cluster_part part;
		int (*project)(void *, struct og_jval, struct og_arena *, struct og_buf *,
			struct og_err *);
	} projections[] = {
		{OG_CLUSTER_CONFIG, cluster_config_project},
		{OG_CLUSTER_OWNERS, cluster_written_project},
		{OG_CLUSTER_PODS, cluster_written_project},
		{OG_CLUSTER_REGISTRATION, cluster_registration_project},
		{OG_CLUSTER_WORKLOADS, cluster_workload_project},
		{OG_CLUSTER_PODSTATES, cluster_podstate_project},
		{OG_CLUSTER_POLICIES, cluster_spec_project},
		{OG_CLUSTER_SERVICES, cluster_spec_project},
		{OG_CLUSTER_TELEMETRY, cluster_telemetry_project},
		{OG_CLUSTER_STATUSES, cluster_status_project},
	};
	for (size_t i = 0; i < OG_COUNT(projections); i++)
		if (projections[i].part == part)
			return projections[i].project;
	return NULL;
}

static unsigned owner_uid(void *ctx, const struct og_record *r, struct og_sv *keys)
{
	struct og_owner o;

	(void)ctx;
	if (!og_record_owner(r, &o))
		return 0;
	keys[0] = o.uid;
	return 1;
}

static int start_watch(struct og_cluster *c, const struct og_cluster_kind *k, struct og_err *err)
{
	struct cluster_watch *w = &c->watches[c->nwatches];
	struct og_store_opts so = {.name = k->resource,
		.group = og_svz(k->group),
		.kind = og_svz(k->kind),
		.labels = k->labels,
		.annotation_prefixes = prefixes,
		.project = projection_of(k->part),
		.index = k->by_owner ? owner_uid : NULL,
		.ctx = c,
		.seed = c->o.seed};

	*w = (struct cluster_watch){.c = c, .kind = k};
	/* Opt-in times are asked for only together with the pods. */
	if (k->part == OG_CLUSTER_OWNERS && !(c->o.parts & OG_CLUSTER_PODS))
		so.project = NULL;
	int r = og_store_new(&so, &w->store, err);
	if (r < 0)
		return r;
	c->nwatches++;
	if ((r = og_store_listen(w->store, on_change, w, err)) < 0)
		return r;
	if (k->part == OG_CLUSTER_REGISTRATION)
		(void)snprintf(w->field_selector, sizeof(w->field_selector), "metadata.name=%s",
			c->registration);
	else if (*c->ns && strcmp(k->resource, "namespaces") == 0)
		(void)snprintf(
			w->field_selector, sizeof(w->field_selector), "metadata.name=%s", c->ns);
	struct og_watch_opts wo = {.kube = c->o.kube,
		.store = w->store,
		.res = {.group = og_svz(k->group),
			.version = og_svz(k->version),
			.resource = og_svz(k->resource),
			.ns = og_svz(k->namespaced ? c->ns : "")},
		.field_selector = *w->field_selector ? w->field_selector : k->field_selector,
		.metadata_only = k->metadata_only,
		.optional = k->optional,
		.metrics = c->o.metrics,
		.on_state = on_state,
		.ctx = w};
	return og_watch_start(&wo, &w->watch, err);
}

int og_cluster_start(const struct og_cluster_opts *o, struct og_cluster **ret, struct og_err *err)
{
	struct og_cluster *c = og_calloc(1, sizeof(*c));
	size_t n;
	const struct og_cluster_kind *k = og_cluster_kinds(&n);
	int r = 0;

	if (!c)
		return og_err_set(err, OG_E_OOM, "starting the watches");
	/* A kind has one store. */
	if ((o->parts & OG_CLUSTER_OWNERS && o->parts & OG_CLUSTER_WORKLOADS) ||
		(o->parts & OG_CLUSTER_PODS && o->parts & OG_CLUSTER_PODSTATES) ||
		(o->parts & OG_CLUSTER_TELEMETRY && o->parts & OG_CLUSTER_STATUSES)) {
		og_free(c);
		return og_err_set(err, OG_E_BUG, "parts of the cluster exclude each other");
	}
	c->o = *o;
	if (!c->o.wait_ms)
		c->o.wait_ms = WAIT_MS;
	(void)snprintf(c->ns, sizeof(c->ns), "%s", o->ns ? o->ns : "");
	(void)snprintf(c->registration, sizeof(c->registration), "%s",
		o->registration ? o->registration : "otelgate");
	pthread_mutex_init(&c->config_lock, NULL);
	og_arena_init(&c->good_arena, 0, 0);
	cluster_facts_init(c);
	if (o->metrics && !(c->m = og_metrics_add(o->metrics, og_cluster_metrics, CM_COUNT_, err)))
		r = -(int)OG_E_OOM;
	for (size_t i = 0; i < n && r == 0; i++)
		if (o->parts & k[i].part)
			r = start_watch(c, &k[i], err);
	if (r < 0) {
		og_cluster_stop(c);
		return r;
	}
	*ret = c;
	return 0;
}

void og_cluster_stop(struct og_cluster *c)
{
	if (!c)
		return;
	og_timer_cancel(og_kube_loop(c->o.kube), &c->settle);
	for (size_t i = 0; i < c->nwatches; i++) {
		og_watch_stop(c->watches[i].watch);
		og_store_free(c->watches[i].store);
	}
	og_cluster_config_unref(c->config);
	og_arena_fini(&c->good_arena);
	cluster_facts_fini(c);
	pthread_mutex_destroy(&c->config_lock);
	og_free(c);
}

void og_cluster_poke(struct og_cluster *c)
{
	for (size_t i = 0; i < c->nwatches; i++)
		og_watch_poke(c->watches[i].watch);
}

bool og_cluster_synced(struct og_cluster *c)
{
	return atomic_load(&c->synced);
}

void og_cluster_watches(struct og_cluster *c, struct og_watch_info *ret, size_t *ret_n)
{
	for (size_t i = 0; i < c->nwatches; i++)
		og_watch_info(c->watches[i].watch, &ret[i]);
	*ret_n = c->nwatches;
}

struct cluster_watch *cluster_watch_of(struct og_cluster *c, struct og_sv group, struct og_sv kind)
{
	for (size_t i = 0; i < c->nwatches; i++)
		if (og_sv_eq(kind, og_svz(c->watches[i].kind->kind)) &&
			og_sv_eq(group, og_svz(c->watches[i].kind->group)))
			return &c->watches[i];
	return NULL;
}

struct og_store *og_cluster_store(struct og_cluster *c, struct og_sv group, struct og_sv kind)
{
	struct cluster_watch *w = cluster_watch_of(c, group, kind);
	return w ? w->store : NULL;
}

/* "3 s ago", "never". */
static void write_ago(struct og_buf *out, int64_t then_ns, int64_t now_ns)
{
	if (!then_ns)
		og_buf_lit(out, "never");
	else
		og_buf_fmt(out, "%lld s ago", (long long)((now_ns - then_ns) / OG_NS_PER_S));
}

bool og_cluster_ready(struct og_cluster *c, struct og_buf *detail)
{
	int64_t now = og_clock_mono_ns(og_clock_system());
	bool ok = true;

	for (size_t i = 0; i < c->nwatches; i++) {
		const struct cluster_watch *w = &c->watches[i];
		struct og_watch_info s;
		og_watch_info(w->watch, &s);
		bool bad = s.state != OG_WATCH_SYNCED && !w->kind->optional;
		ok &= !bad;
		og_buf_fmt(detail, "%s %s: %s, %u objects, last heard ", bad ? "[-]" : "[+]",
			s.resource, og_watch_state_name(s.state), s.objects);
		write_ago(detail, s.last_event_ns, now);
		if (*s.error && !(w->kind->optional && s.state == OG_WATCH_ABSENT))
			og_buf_fmt(detail, ": %s", s.error);
		if (bad && *s.waits)
			og_buf_fmt(detail, "; waits for %s", s.waits);
		og_buf_ch(detail, '\n');
	}
	return ok;
}
