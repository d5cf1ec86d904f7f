/* SPDX-License-Identifier: Apache-2.0 */
/* How the cluster side stands: readiness, metrics, /debug/config. */
#include <stdio.h>
#include "cluster-priv.h"
#include "otelgate/base/mem.h"
#include "otelgate/base/parse.h"
#include "otelgate/codec/jwrite.h"

bool webhook_cluster_check(struct webhook *w, struct og_buf *d)
{
	struct webhook_cluster *c = w->cluster;
	struct og_watch_info v[OG_CLUSTER_WATCHES];
	size_t n = 0;
	unsigned counts[OG_WATCH_STATES_] = {0};

	if (!c) {
		og_buf_lit(d, "none");
		return true;
	}
	og_cluster_watches(c->cluster, v, &n);
	for (size_t i = 0; i < n; i++)
		if ((unsigned)v[i].state < OG_WATCH_STATES_)
			counts[v[i].state]++;
	for (int i = 0; i < OG_WATCH_STATES_; i++)
		if (counts[i])
			og_buf_fmt(d, "%s%u %s", d->len ? ", " : "", counts[i],
				og_watch_state_name((enum og_watch_state)i));
	return og_cluster_synced(c->cluster);
}

/* Not ready before the API server can trust us, if it is ever to; later it is no more than news,
 * since a replica that is taken out of service cannot mend it. */
bool webhook_registration_check(struct webhook *w, struct og_buf *d)
{
	struct webhook_cluster *c = w->cluster;
	struct og_authority_info a;

	if (!c || !c->authority) {
		og_buf_lit(d, "kept by someone else");
		return true;
	}
	og_authority_info(c->authority, &a);
	if (a.bundles_current && a.found)
		atomic_store(&c->registered, true);
	if (a.bundles_current && a.found)
		og_buf_fmt(d, "caBundle of %u holds our %u CA%s", a.found, a.cas,
			a.cas == 1 ? "" : "s");
	else if (!a.seen)
		og_buf_lit(d, "not seen yet");
	else if (!a.found)
		og_buf_lit(d, "there is none");
	else
		og_buf_lit(d, "caBundle is not current");
	if (a.waiting[0])
		og_buf_fmt(d, "; a rotation waits: %s", a.waiting);
	if (a.error[0])
		og_buf_fmt(d, "; %s", a.error);
	return atomic_load(&c->registered) || a.error[0] || (a.seen && (!a.found || !a.cas));
}

void webhook_cluster_watches(struct webhook *w, struct og_buf *d)
{
	if (w->cluster)
		(void)og_cluster_ready(w->cluster->cluster, d);
}

static void collect_watches(struct webhook_cluster *c)
{
	struct og_watch_info v[OG_CLUSTER_WATCHES];
	int64_t now = og_clock_mono_ns(og_clock_system());
	size_t n = 0;

	og_cluster_watches(c->cluster, v, &n);
	for (size_t i = 0; i < n; i++) {
		const char *const *l = OG_LABELS(v[i].resource);
		double away = v[i].disconnected_ns
				      ? (double)(now - v[i].disconnected_ns) / OG_NS_PER_S
				      : 0;
		bool absent = v[i].state == OG_WATCH_ABSENT;
		og_metric_set(c->m, OG_WCM_CACHE_OBJECTS, v[i].objects, l);
		og_metric_set(c->m, OG_WCM_CACHE_SYNCED, v[i].state == OG_WATCH_SYNCED, l);
		og_metric_set(c->m, OG_WCM_CACHE_AWAY, absent ? 0 : away, l);
	}
}

void webhook_cluster_collect(struct webhook *w)
{
	struct webhook_cluster *c = w->cluster;
	struct og_authority_info a;

	if (!c)
		return;
	collect_watches(c);
	if (!c->authority)
		return;
	og_authority_info(c->authority, &a);
	og_metric_set(c->m, OG_WCM_CA_EXPIRY, (double)a.ca_not_after, NULL);
	og_metric_set(c->m, OG_WCM_CAS, a.cas, NULL);
	og_metric_set(c->m, OG_WCM_LEAVES, (double)a.leafs, NULL);
	og_metric_set(c->m, OG_WCM_ROTATIONS, (double)a.rotations, NULL);
	og_metric_set(c->m, OG_WCM_BUNDLE_WRITES, (double)a.bundle_writes, NULL);
	og_metric_set(c->m, OG_WCM_BUNDLE_REPAIRS, (double)a.bundle_repairs, NULL);
	og_metric_set(c->m, OG_WCM_BUNDLE_CURRENT, a.bundles_current && a.found, NULL);
	og_metric_set(c->m, OG_WCM_PROBLEM, a.error[0] != '\0', NULL);
}

static void put_str(struct og_buf *b, const char *key, const char *v)
{
	og_buf_fmt(b, "\"%s\":", key);
	og_jw_str(b, og_svz(v));
}

static void put_watches(struct webhook_cluster *c, struct og_buf *b)
{
	struct og_watch_info v[OG_CLUSTER_WATCHES];
	size_t n = 0;

	og_cluster_watches(c->cluster, v, &n);
	og_buf_lit(b, "\"watches\":[");
	for (size_t i = 0; i < n; i++) {
		og_buf_str(b, i ? ",{" : "{");
		put_str(b, "resource", v[i].resource);
		og_buf_ch(b, ',');
		put_str(b, "state", og_watch_state_name(v[i].state));
		og_buf_fmt(b, ",\"objects\":%u", v[i].objects);
		if (v[i].error[0]) {
			og_buf_ch(b, ',');
			put_str(b, "error", v[i].error);
		}
		if (v[i].waits[0]) {
			og_buf_ch(b, ',');
			put_str(b, "waitsFor", v[i].waits);
		}
		if (v[i].rule[0]) {
			og_buf_ch(b, ',');
			put_str(b, "missingRule", v[i].rule);
		}
		og_buf_ch(b, '}');
	}
	og_buf_ch(b, ']');
}

static void put_authority(struct webhook_cluster *c, struct og_buf *b)
{
	struct og_authority_info a;
	char text[OG_RFC3339_BYTES];

	og_authority_info(c->authority, &a);
	og_buf_lit(b, ",\"authority\":{");
	put_str(b, "secret", c->secret);
	og_buf_ch(b, ',');
	put_str(b, "registration", c->registration);
	og_buf_fmt(b, ",\"cas\":%u,\"bundleCurrent\":%s,\"leaves\":%llu,\"rotations\":%llu", a.cas,
		a.bundles_current && a.found ? "true" : "false", (unsigned long long)a.leafs,
		(unsigned long long)a.rotations);
	if (a.ca_not_after) {
		og_fmt_rfc3339(text, a.ca_not_after * OG_NS_PER_S);
		og_buf_ch(b, ',');
		put_str(b, "caNotAfter", text);
	}
	if (a.waiting[0]) {
		og_buf_ch(b, ',');
		put_str(b, "rotationWaits", a.waiting);
	}
	if (a.error[0]) {
		og_buf_ch(b, ',');
		put_str(b, "error", a.error);
	}
	og_buf_ch(b, '}');
}

static void put_refused(struct webhook_cluster *c, struct og_buf *b)
{
	struct og_cluster_config *cfg = og_cluster_config(c->cluster);

	og_buf_lit(b, ",\"refused\":[");
	for (uint32_t i = 0; cfg && i < cfg->nrefused; i++) {
		const struct og_cluster_refused *r = &cfg->refused[i];
		og_buf_str(b, i ? ",{\"object\":" : "{\"object\":");
		og_jw_str(b, r->name);
		og_buf_lit(b, ",\"problem\":");
		og_jw_str(b, r->problem);
		og_buf_fmt(b, ",\"earlierInForce\":%s}", r->last_good ? "true" : "false");
	}
	og_buf_ch(b, ']');
	og_cluster_config_unref(cfg);
}

void webhook_cluster_debug(struct webhook *w, struct og_buf *b)
{
	struct webhook_cluster *c = w->cluster;

	if (!c) {
		og_buf_lit(b, "null");
		return;
	}
	og_buf_ch(b, '{');
	put_str(b, "server", c->server);
	og_buf_fmt(b, ",\"synced\":%s,", og_cluster_synced(c->cluster) ? "true" : "false");
	put_watches(c, b);
	put_refused(c, b);
	if (c->authority)
		put_authority(c, b);
	og_buf_ch(b, '}');
}
