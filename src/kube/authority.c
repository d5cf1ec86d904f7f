/* SPDX-License-Identifier: Apache-2.0 */
/* Life of an authority: its options, its watches, what they bring. */
#include "otelgate/kube/authority.h"

#include <stdio.h>
#include "authority_run-priv.h"
#include "otelgate/base/mem.h"

enum { DAY_S = 86400, CA_DAYS = 365, LEAF_DAYS = 7, SETTLE_MS = 60000, STORE_BYTES = 4 << 20 };

/* ---- what the watches bring ---- */

static int take_secret(void *ctx, struct og_jval object, struct og_arena *scratch,
	struct og_buf *extra, struct og_err *err)
{
	struct og_authority *a = ctx;

	(void)extra;
	if (a->o.source == OG_AUTHORITY_SECRET) {
		user_pair_free(a->user_incoming);
		a->user_incoming = user_pair_read(object, scratch);
	} else {
		secret_seen_free(a->incoming);
		a->incoming = secret_seen_read(object, scratch);
	}
	if (!a->incoming && !a->user_incoming)
		return og_err_set(err, OG_E_OOM, "no memory for the CA's Secret");
	return 1;
}

static void remember(struct og_authority *a)
{
	const struct ca *c = &a->secret->current;

	if (!c->cert_ok || strcmp(c->info.id, a->remembered.info.id) == 0)
		return;
	og_buf_reset(&a->remembered.pem);
	og_buf_sv(&a->remembered.pem, og_buf_view(&c->pem));
	a->remembered.cert_ok = a->remembered.given = !a->remembered.pem.failed;
	a->remembered.info = c->info;
}

static void secret_changed(void *ctx, enum og_store_change what, const struct og_record *old,
	const struct og_record *now, bool stale)
{
	struct og_authority *a = ctx;

	(void)old;
	(void)stale;
	a->secret_watch.known = true;
	if (what == OG_STORE_DELETED) {
		secret_seen_free(og_take(a->secret));
		user_pair_free(og_take(a->user));
		authority_say(a, "the Secret was deleted");
	} else if (now && a->incoming &&
		   og_sv_eq(now->resource_version, og_svz(a->incoming->resource_version))) {
		secret_seen_free(a->secret);
		a->secret = og_take(a->incoming);
		a->pause_ns = 0;
		a->failures = 0;
		a->write_error[0] = '\0'; /* about a state that is no more */
		remember(a);
	} else if (now && a->user_incoming &&
		   og_sv_eq(now->resource_version, og_svz(a->user_incoming->resource_version))) {
		user_pair_free(a->user);
		a->user = og_take(a->user_incoming);
		authority_take_user(a);
	}
	authority_act(a);
}

static int take_config(void *ctx, struct og_jval object, struct og_arena *scratch,
	struct og_buf *extra, struct og_err *err)
{
	struct watched_config *c = ctx;
	struct og_authority *a = c->w.a;
	const struct our_names names = {a->o.dns_names, a->o.ndns, a->o.ips, a->o.nips};

	(void)extra;
	og_free(c->incoming);
	c->incoming = config_seen_read(object, &names, scratch);
	return c->incoming ? 1 : og_err_set(err, OG_E_OOM, "no memory for a configuration");
}

static void config_changed(void *ctx, enum og_store_change what, const struct og_record *old,
	const struct og_record *now, bool stale)
{
	struct watched_config *c = ctx;

	(void)old;
	(void)stale;
	c->w.known = true;
	if (what == OG_STORE_DELETED) {
		og_free(og_take(c->seen));
		c->was_current = false;
		authority_say(c->w.a, "a webhook configuration was deleted: no pod is injected");
	} else if (now && c->incoming &&
		   og_sv_eq(now->resource_version, og_svz(c->incoming->resource_version))) {
		og_free(c->seen);
		c->seen = og_take(c->incoming);
		c->pause_ns = 0;
	}
	authority_act(c->w.a);
}

static void watch_turned(void *ctx, enum og_watch_state s, const struct og_err *why)
{
	struct watched *w = ctx;

	w->state = s;
	(void)snprintf(w->error, sizeof(w->error), "%.399s",
		s == OG_WATCH_SYNCED || s == OG_WATCH_STARTING || !why ? "" : why->msg);
	authority_act(w->a);
}

/* ---- options ---- */

static const char *keep(struct og_authority *a, const char *s)
{
	return og_arena_strndup(&a->strings, s, strlen(s));
}

static int keep_list(struct og_authority *a, const char *const *v, size_t n,
	const char *const **ret, struct og_err *err)
{
	const char **copy = og_arena_new_n(&a->strings, n ? n : 1, const char *);

	for (size_t i = 0; copy && i < n; i++)
		if (!(copy[i] = keep(a, v[i])))
			copy = NULL;
	*ret = copy;
	return copy ? 0 : og_err_set(err, OG_E_OOM, "no memory for names");
}

static int keep_opts(struct og_authority *a, struct og_err *err)
{
	struct og_authority_opts *o = &a->o;
	int r = keep_list(a, o->dns_names, o->ndns, &o->dns_names, err);

	if (r == 0)
		r = keep_list(a, o->ips, o->nips, &o->ips, err);
	if (r == 0)
		r = keep_list(a, o->configurations, o->nconfigurations, &o->configurations, err);
	o->ns = keep(a, o->ns);
	o->secret = keep(a, o->secret);
	if (r == 0 && (!o->ns || !o->secret))
		r = og_err_set(err, OG_E_OOM, "no memory for names");
	o->ca_ms = o->ca_ms ? o->ca_ms : (o->ca_days ? o->ca_days : CA_DAYS) * DAY_S * 1000LL;
	o->leaf_ms = o->leaf_ms ? o->leaf_ms : LEAF_DAYS * DAY_S * 1000LL;
	o->settle_ms = o->settle_ms ? o->settle_ms : SETTLE_MS;
	return r;
}

static int check_opts(const struct og_authority_opts *o, struct og_err *err)
{
	if (!o->kube || !o->ns || !*o->ns || !o->secret || !*o->secret || !o->on_pair)
		return og_err_set(err, OG_E_INVALID, "a Secret and its namespace are needed");
	if (o->nconfigurations > AUTHORITY_CONFIGURATIONS)
		return og_err_set(err, OG_E_LIMIT, "no more than %d webhook configurations",
			AUTHORITY_CONFIGURATIONS);
	if (o->source == OG_AUTHORITY_SELF && o->ndns + o->nips == 0)
		return og_err_set(err, OG_E_INVALID, "a certificate needs a name");
	return 0;
}

/* ---- watches ---- */

struct watch_of {
	struct og_kube_resource res;
	const char *name, *store_name, *kind;
	int (*project)(void *ctx, struct og_jval object, struct og_arena *scratch,
		struct og_buf *extra, struct og_err *err);
	og_store_listener *changed;
	void *ctx;
};

static int start_watch(
	struct og_authority *a, struct watched *w, const struct watch_of *of, struct og_err *err)
{
	og_auto_buf struct og_buf field = OG_BUF_INIT(1024);
	struct og_store_opts so = {.name = of->store_name,
		.group = of->res.group,
		.kind = og_svz(of->kind),
		.project = of->project,
		.ctx = of->ctx,
		.max_bytes = STORE_BYTES,
		.seed = a->o.seed};
	struct og_watch_opts wo = {.kube = a->o.kube,
		.res = of->res,
		.optional = true,
		.metrics = a->o.metrics,
		.on_state = watch_turned,
		.ctx = w};

	w->a = a;
	/* Exactly one object (T-7): RBAC by resourceNames covers list and watch by this. */
	og_buf_fmt(&field, "metadata.name=%s", of->name);
	int r = og_store_new(&so, &w->store, err);
	if (r == 0)
		r = og_store_listen(w->store, of->changed, of->ctx, err);
	wo.store = w->store;
	wo.field_selector = field.p;
	return r == 0 ? a->seam->watch_start(&wo, &w->watch, err) : r;
}

static int start_watches(struct og_authority *a, struct og_err *err)
{
	const struct watch_of secret = {.res = {.version = OG_SV("v1"),
						.resource = OG_SV("secrets"),
						.ns = og_svz(a->o.ns)},
		.name = a->o.secret,
		.store_name = "ca-secret",
		.kind = "Secret",
		.project = take_secret,
		.changed = secret_changed,
		.ctx = a};
	int r = start_watch(a, &a->secret_watch, &secret, err);

	for (size_t i = 0; i < a->o.nconfigurations && r == 0; i++) {
		struct watched_config *c = &a->config[a->nconfig++];
		const struct watch_of of = {
			.res = {.group = OG_SV("admissionregistration.k8s.io"),
				.version = OG_SV("v1"),
				.resource = OG_SV("mutatingwebhookconfigurations")},
			.name = a->o.configurations[i],
			.store_name = "webhook-configuration",
			.kind = "MutatingWebhookConfiguration",
			.project = take_config,
			.changed = config_changed,
			.ctx = c};
		c->name = og_strdup(a->o.configurations[i]);
		r = c->name ? start_watch(a, &c->w, &of, err)
			    : og_err_set(err, OG_E_OOM, "no memory for names");
	}
	return r;
}

static void on_timer(void *ctx)
{
	authority_act(ctx);
}

int authority_start(const struct og_authority_opts *o, const struct authority_seam *seam,
	struct og_authority **ret, struct og_err *err)
{
	int r = check_opts(o, err);
	struct og_authority *a = r == 0 ? og_calloc(1, sizeof(*a)) : NULL;

	if (r < 0)
		return r;
	if (!a)
		return og_err_set(err, OG_E_OOM, "no memory for an authority");
	a->o = *o;
	a->seam = seam;
	a->loop = seam->loop(o->kube);
	a->random = o->seed ? o->seed
			    : (uint64_t)og_clock_wall_ns(og_loop_clock(a->loop)) ^ (uintptr_t)a;
	a->bundle.max = a->remembered.pem.max = AUTHORITY_BUNDLE_BYTES;
	pthread_mutex_init(&a->lock, NULL);
	og_arena_init(&a->strings, 4096, 1 << 20);
	r = keep_opts(a, err);
	if (r == 0)
		r = start_watches(a, err);
	if (r == 0 && og_timer_in(a->loop, &a->timer, 1000, on_timer, a) < 0)
		r = og_err_set(err, OG_E_OOM, "no memory for a timer");
	if (r < 0) {
		og_authority_stop(a);
		return r;
	}
	*ret = a;
	return 0;
}

static void stop_watch(struct og_authority *a, struct watched *w)
{
	a->seam->watch_stop(w->watch);
	og_store_free(w->store);
}

void og_authority_poke(struct og_authority *a)
{
	if (!a)
		return;
	if (a->secret_watch.watch)
		a->seam->watch_poke(a->secret_watch.watch);
	for (size_t i = 0; i < a->nconfig; i++)
		if (a->config[i].w.watch)
			a->seam->watch_poke(a->config[i].w.watch);
}

void og_authority_stop(struct og_authority *a)
{
	if (!a)
		return;
	a->acting = true; /* nothing is begun any more */
	og_timer_cancel(a->loop, &a->timer);
	a->seam->cancel(a->call);
	stop_watch(a, &a->secret_watch);
	for (size_t i = 0; i < a->nconfig; i++) {
		a->seam->cancel(a->config[i].call);
		stop_watch(a, &a->config[i].w);
		og_free(a->config[i].seen);
		og_free(a->config[i].incoming);
		og_free(a->config[i].name);
	}
	secret_seen_free(a->secret);
	secret_seen_free(a->incoming);
	user_pair_free(a->user);
	user_pair_free(a->user_incoming);
	og_buf_fini(&a->remembered.pem);
	og_buf_fini(&a->bundle);
	og_arena_fini(&a->strings);
	pthread_mutex_destroy(&a->lock);
	og_free(a);
}

void og_authority_info(struct og_authority *a, struct og_authority_info *ret)
{
	pthread_mutex_lock(&a->lock);
	*ret = a->info;
	pthread_mutex_unlock(&a->lock);
}
