/* SPDX-License-Identifier: Apache-2.0 */
/* Gauges and the listeners' own counters, refreshed before each scrape. */
#include "webhook-priv.h"

#include "otelgate/base/mem.h"

static const char *const phases[OG_HTTPD_TIMEOUT_COUNT_] = {
	[OG_HTTPD_TIMEOUT_HEADER] = "header",
	[OG_HTTPD_TIMEOUT_BODY] = "body",
	[OG_HTTPD_TIMEOUT_SEND] = "send",
	[OG_HTTPD_TIMEOUT_IDLE] = "idle",
};

static void collect_listener(struct webhook *w, const struct og_httpd *s, const char *name)
{
	struct og_httpd_stats st;

	if (!s)
		return;
	og_httpd_stats(s, &st);
	const struct {
		enum og_webhook_metric row;
		uint64_t v;
	} rows[] = {
		{OG_WM_CONNECTIONS, st.connections},
		{OG_WM_ACCEPTED, st.accepted},
		{OG_WM_REFUSED, st.refused},
		{OG_WM_SHED, st.shed},
		{OG_WM_TLS_ERRORS, st.tls_errors},
		{OG_WM_THROTTLED, st.throttled},
		{OG_WM_ABORTED, st.aborted},
		{OG_WM_RECEIVED, st.bytes_in},
		{OG_WM_SENT, st.bytes_out},
	};
	for (size_t i = 0; i < OG_COUNT(rows); i++)
		og_metric_set(w->m, rows[i].row, (double)rows[i].v, OG_LABELS(name));
	for (int i = 0; i < OG_HTTPD_TIMEOUT_COUNT_; i++)
		og_metric_set(
			w->m, OG_WM_TIMEOUTS, (double)st.timeouts[i], OG_LABELS(name, phases[i]));
	if (s == atomic_load(&w->admission))
		og_metric_set(w->m, OG_WM_IN_FLIGHT, (double)st.inflight, OG_LABELS("/mutate"));
}

static void collect_inputs(struct webhook *w)
{
	pthread_mutex_lock(&w->status_lock);
	for (int i = 0; i < INPUT_COUNT_; i++) {
		const struct input_status *s = &w->status[i];
		const char *name = webhook_input_name((enum webhook_input)i);
		if (i == INPUT_OBJECTS && !w->o->objects)
			continue;
		og_metric_set(w->m, OG_WM_GENERATION, (double)s->generation, OG_LABELS(name));
		og_metric_set(w->m, OG_WM_RELOAD_OK, s->refused ? 0 : 1, OG_LABELS(name));
		og_metric_set(w->m, OG_WM_RELOAD_TIME,
			(double)s->loaded_wall_ns / (double)OG_NS_PER_S, OG_LABELS(name));
	}
	og_metric_set(w->m, OG_WM_CERT_EXPIRY, (double)w->cert.not_after, NULL);
	pthread_mutex_unlock(&w->status_lock);
}

static void collect(void *ctx)
{
	struct webhook *w = ctx;
	og_auto_snapshot struct og_snapshot *objects = og_snapshot_get(&w->objects);

	collect_listener(w, atomic_load(&w->admission), "admission");
	collect_listener(w, atomic_load(&w->ops), "ops");
	collect_inputs(w);
	og_metric_set(w->m, OG_WM_OBJECTS, objects ? objects->nobjects : 0, NULL);
	og_metric_set(w->m, OG_WM_READY, webhook_ready(w, NULL), NULL);
	webhook_cluster_collect(w);
}

/* Series that dashboards and alerts want to see at 0 rather than not at all. */
static void create_series(struct webhook *w)
{
	static const char *const results[] = {"ok", "error"};

	w->review_seconds = og_metric_series(w->m, OG_WM_REVIEW_SECONDS, NULL);
	w->latency = og_metric_series(w->m, OG_WM_LATENCY, OG_LABELS("/mutate"));
	for (int i = 0; i < INPUT_COUNT_; i++)
		for (size_t k = 0; k < OG_COUNT(results); k++)
			og_metric_add(w->m, OG_WM_RELOADS, 0,
				OG_LABELS(webhook_input_name((enum webhook_input)i), results[k]));
	og_metric_add(w->m, OG_WM_REQUESTS, 0, OG_LABELS("/mutate", "200"));
	og_metric_add(w->m, OG_WM_REQUESTS, 0, OG_LABELS("/mutate", "500"));
	og_metric_add(w->m, OG_WM_REVIEWS, 0,
		OG_LABELS("injected", og_reason_name(OG_REASON_INJECTED), "false"));
	for (int r = OG_REASON_TOO_LARGE; r < OG_REASON_COUNT_; r++)
		og_metric_add(w->m, OG_WM_REVIEWS, 0,
			OG_LABELS("faulty", og_reason_name((enum og_reason)r), "false"));
}

int webhook_metrics_init(struct webhook *w, struct og_err *err)
{
	int r;

	w->metrics = og_metrics_new(err);
	if (!w->metrics)
		return -OG_E_OOM;
	w->m = og_metrics_add(w->metrics, og_webhook_metrics, OG_WM_COUNT_, err);
	if (!w->m)
		return err ? -(int)err->code : -OG_E_OOM;
	r = og_metrics_add_process(w->metrics, err);
	if (r == 0)
		r = og_metrics_on_collect(w->metrics, collect, w, err);
	if (r == 0)
		create_series(w);
	return r;
}
