/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Policies by host name (CiliumNetworkPolicy), in clusters that have them: whether this is one, and
 * a watch of those that are ours. They are written as the others are (egress_write.c).
 */
#include "egress_parts-priv.h"

#define GROUP "cilium.io"
#define KIND  "CiliumNetworkPolicy"

static int project(void *ctx, struct og_jval object, struct og_arena *scratch, struct og_buf *extra,
	struct og_err *err)
{
	(void)ctx, (void)scratch;
	og_buf_sv(extra, og_jraw(og_jgetl(object, "spec")));
	return extra->failed ? og_err_set(err, OG_E_OOM, "keeping a policy") : 1;
}

static void on_change(void *ctx, enum og_store_change what, const struct og_record *old,
	const struct og_record *now, bool stale)
{
	struct egress *e = ctx;

	(void)what, (void)stale;
	if ((!old && !now) || e->stopped)
		return;
	(void)egress_policy_changed(e, EGRESS_BY_HOST, old, now);
}

static void on_state(void *ctx, enum og_watch_state s, const struct og_err *why)
{
	struct egress *e = ctx;
	bool before = e->cilium;

	if (s == OG_WATCH_SYNCED || s == OG_WATCH_ABSENT)
		e->cilium = s == OG_WATCH_SYNCED;
	if (s == OG_WATCH_FORBIDDEN)
		og_log_limited(OG_SV(KIND), 60000, OG_LOG_WARN, "controller", "watch",
			og_lf_str("resource", "ciliumnetworkpolicies." GROUP),
			og_lf_str("state", og_watch_state_name(s)), og_lf_err(why));
	if (before != e->cilium)
		controller_resync(e->c);
}

static int start(struct egress *e, struct og_err *err)
{
	struct og_store_opts so = {.name = "host-policies",
		.group = OG_SV(GROUP),
		.kind = OG_SV(KIND),
		.labels = true,
		.project = project};
	struct og_watch_opts wo = {.kube = e->c->kube,
		.res = {.group = OG_SV(GROUP),
			.version = OG_SV("v2"),
			.resource = OG_SV("ciliumnetworkpolicies")},
		.label_selector = OG_MANAGED_LABEL "=" OG_MANAGED_VALUE,
		.optional = true,
		.on_state = on_state,
		.ctx = e};
	int r = og_store_new(&so, &e->host_store, err);

	if (r == 0)
		r = og_store_listen(e->host_store, on_change, e, err);
	wo.store = e->host_store;
	if (r == 0)
		r = og_watch_start(&wo, &e->host_watch, err);
	if (r < 0)
		og_store_free(og_take(e->host_store));
	return r;
}

static void on_found(void *ctx, const struct og_kube_api *api, const struct og_err *err)
{
	struct egress *e = ctx;
	struct og_err why = OG_ERR_INIT;

	if (err || !api || e->host_watch) /* not to be told now; not here; known */
		return;
	if (start(e, &why) < 0)
		og_log(OG_LOG_ERROR, "controller", "watching policies by host name",
			og_lf_err(&why));
}

/* Once it was there the watch tells whether it still is. */
void egress_host_look(struct egress *e)
{
	if (!e->host_watch)
		(void)og_kube_discover(e->c->kube, OG_SV(GROUP), OG_SV("v2"),
			OG_SV("ciliumnetworkpolicies"), 300000, on_found, e, NULL);
}

void egress_host_stop(struct egress *e)
{
	og_watch_stop(og_take(e->host_watch));
}
