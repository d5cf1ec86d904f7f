/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading back: a signal is looked for with growing pauses, within the client's own budget of one
 * request per second and backend, until it is seen or the time is over.
 */
#include "otelgate/base/digest.h"
#include "otelgate/base/harmless.h"
#include "otelgate/base/mem.h"
#include "probe-priv.h"

enum { FIRST_PAUSE_MS = 1000, LAST_PAUSE_MS = 10000, WINDOW_S = 300 };

static const struct {
	enum og_gf_backend backend;
	const char *name; /* for messages */
} backends[OG_OTLP_SIGNAL_COUNT_] = {
	[OG_OTLP_METRICS] = {OG_GF_PROMETHEUS, "Prometheus"},
	[OG_OTLP_TRACES] = {OG_GF_TEMPO, "Tempo"},
	[OG_OTLP_LOGS] = {OG_GF_LOKI, "Loki"},
	[OG_OTLP_PROFILES] = {OG_GF_PYROSCOPE, "Pyroscope"},
};

static int64_t first_pause(const struct og_probe *p)
{
	return p->o.pause_ms > 0 ? p->o.pause_ms : FIRST_PAUSE_MS;
}

static struct og_probe_row *row_of(const struct probe_reading *g)
{
	return &g->p->r.signal[g->s];
}

static void finish(
	struct probe_reading *g, enum og_send_class c, struct og_sv message, struct og_sv fix)
{
	struct og_probe_row *r = row_of(g);

	og_timer_cancel(g->p->o.loop, &g->timer);
	og_gf_call_cancel(og_take(g->call));
	og_send_say(&r->read, c, message, fix);
	r->read_over = r->over = true;
	probe_stage(g->p, g->s, r->stage);
}

/* ---- seen ---- */

/* What was sent and is not in the row. */
static struct og_sv lost_of(const struct probe_reading *g, const struct og_gf_row *row)
{
	const struct og_probe_opts *o = &g->p->o;
	const struct {
		enum og_gf_key key;
		struct og_sv sent;
	} sent[] = {
		{OG_GF_KEY_K8S_CLUSTER, o->cluster},
		{OG_GF_KEY_K8S_NAMESPACE, o->k8s_namespace},
		{OG_GF_KEY_K8S_POD, o->k8s_pod},
		{OG_GF_KEY_REVISION, o->revision},
	};
	og_auto_buf struct og_buf b = OG_BUF_INIT(512);
	bool ns = row->key[OG_GF_KEY_SERVICE_NAMESPACE].n ||
		  og_sv_chr(row->key[OG_GF_KEY_JOB], '/') < row->key[OG_GF_KEY_JOB].n;

	if (o->service_namespace.n && !ns)
		og_buf_lit(&b, "service.namespace");
	for (size_t i = 0; i < OG_COUNT(sent); i++)
		if (sent[i].sent.n && !row->key[sent[i].key].n)
			og_buf_fmt(&b, "%s%s", b.len ? ", " : "", og_gf_key_name(sent[i].key));
	return og_arena_sv(&g->p->arena, og_buf_view(&b));
}

/* The service's name in the row; of a `job` the part behind the last slash. */
static struct og_sv service_of(const struct og_gf_row *row)
{
	struct og_sv job = row->key[OG_GF_KEY_JOB];

	if (row->key[OG_GF_KEY_SERVICE_NAME].n)
		return row->key[OG_GF_KEY_SERVICE_NAME];
	for (size_t i = job.n; i > 0; i--)
		if (job.p[i - 1] == '/')
			return og_sv(job.p + i, job.n - i);
	return job;
}

static void seen(struct probe_reading *g, const struct og_gf_row *row)
{
	struct og_arena *a = &g->p->arena;
	struct og_probe_row *r = row_of(g);
	struct og_sv name = row ? og_harmless(service_of(row), 200, a) : og_sv("", 0);
	bool renamed = name.n && !og_sv_is(name, OG_PROBE_SERVICE);

	r->lost = row ? lost_of(g, row) : OG_SV("all attributes of the resource");
	r->seen_as = renamed ? name : og_sv("", 0);
	r->stage = OG_PROBE_VISIBLE;
	double s = (double)r->visible_ms / 1000;
	if (!renamed && !r->lost.n) {
		finish(g, OG_READ_VISIBLE,
			og_svz(og_arena_fmt(
				a, "visible in %s after %.1f s", backends[g->s].name, s)),
			og_sv("", 0));
		return;
	}
	const char *as = renamed ? og_arena_fmt(a, " as service %.*s", OG_SV_ARG(name)) : "";
	finish(g, OG_READ_CHANGED,
		og_svz(og_arena_fmt(a, "visible in %s after %.1f s%s%s%.*s", backends[g->s].name, s,
			as ? as : "", r->lost.n ? ", without " : "", OG_SV_ARG(r->lost))),
		OG_SV("Keep these attributes in the collector's pipeline (processors that drop or rename resource attributes): workloads are found by them"));
}

/* ---- not seen ---- */

static const struct {
	enum og_send_class class;
	const char *fix;
} refusals[OG_GF_STATE_COUNT_] = {
	[OG_GF_AUTH_FAILED] = {OG_READ_AUTH,
		"Each backend has a user of its own: compare spec.query with the stack's page, and the token's scopes metrics:read, logs:read, traces:read and profiles:read."},
	[OG_GF_FORBIDDEN] = {OG_READ_FORBIDDEN,
		"Add metrics:read, logs:read, traces:read and profiles:read to the access policy of the token."},
	[OG_GF_WRONG_PATH] = {OG_READ_PATH,
		"Correct the URL in spec.query of the GrafanaStack: the stack's page shows it."},
	[OG_GF_THROTTLED] = {OG_READ_THROTTLED, "Try again later; other queries use up the limit."},
	[OG_GF_BACKEND_ERROR] = {OG_READ_FAILED,
		"Look at https://status.grafana.com, and whether the URL in spec.query is right."},
	[OG_GF_QUERY_ERROR] = {OG_READ_FAILED, "The backend may be too old for the query."},
};

static void refused(struct probe_reading *g, const struct og_gf_answer *a)
{
	struct og_arena *arena = &g->p->arena;

	finish(g, refusals[a->state].class,
		og_svz(og_arena_fmt(arena, "accepted, but %s cannot be asked: %.*s",
			backends[g->s].name, OG_SV_ARG(a->message))),
		og_svz(refusals[a->state].fix));
}

void probe_read_late(struct og_probe *p, enum og_otlp_signal s)
{
	struct probe_reading *g = &p->reading[s];
	struct og_probe_row *r = row_of(g);
	int64_t waited = (og_loop_now_ns(p->o.loop) - g->sent_ns) / OG_NS_PER_MS;

	if (g->attributes) {
		seen(g, NULL);
		return;
	}
	if (r->read_state == OG_GF_THROTTLED || r->read_state == OG_GF_BACKEND_ERROR) {
		finish(g, refusals[r->read_state].class,
			og_svz(og_arena_fmt(&p->arena, "accepted, but %s %s until the end",
				backends[s].name,
				r->read_state == OG_GF_THROTTLED ? "was at its limit" : "failed")),
			og_svz(refusals[r->read_state].fix));
		return;
	}
	const char *via =
		og_sv_has(r->url, OG_SV(".grafana.net"))
			? "Look at the stack's ingestion limits, and whether spec.query belongs to the same stack."
			: "Look at the collector's log and its exporter for this signal, and whether spec.query belongs to the same stack.";
	finish(g, OG_READ_NOT_VISIBLE,
		og_svz(og_arena_fmt(&p->arena,
			"accepted, and not to be seen in %s after %.1f s (looked for it %u times)",
			backends[s].name, (double)waited / 1000, r->looked)),
		og_svz(via));
}

/* ---- asking ---- */

static void ask(void *ctx);
static void on_due(void *ctx);

static void again(struct probe_reading *g)
{
	if (og_timer_in(g->p->o.loop, &g->timer, g->pause_ms, on_due, g) < 0)
		probe_read_late(g->p, g->s);
	g->pause_ms += g->pause_ms / 2;
	if (g->pause_ms > LAST_PAUSE_MS)
		g->pause_ms = LAST_PAUSE_MS;
}

static void on_found(struct probe_reading *g, const struct og_gf_answer *a)
{
	struct og_probe_row *r = row_of(g);

	r->visible_ms = (og_loop_now_ns(g->p->o.loop) - g->sent_ns) / OG_NS_PER_MS;
	if (g->s != OG_OTLP_METRICS || !a->rows.n) {
		seen(g, a->rows.n ? &a->rows.v[0] : NULL);
		return;
	}
	/* a metric's labels need not have the resource: that stands in target_info */
	g->attributes = true;
	g->pause_ms = first_pause(g->p);
	ask(g);
}

/* target_info comes with the metric, or not at all. */
static void on_attributes(struct probe_reading *g, const struct og_gf_answer *a)
{
	if (a->state == OG_GF_PRESENT && a->rows.n)
		seen(g, &a->rows.v[0]);
	else if (og_gf_state_is_answer(a->state) && g->pause_ms > 4 * first_pause(g->p))
		seen(g, NULL);
	else
		again(g);
}

static void on_answer(void *ctx, const struct og_gf_answer *a)
{
	struct probe_reading *g = ctx;
	struct og_probe *p = g->p;
	struct og_probe_row *r = row_of(g);

	g->call = NULL;
	r->read_state = a->state;
	if (g->attributes)
		on_attributes(g, a);
	else if (a->state == OG_GF_PRESENT)
		on_found(g, a);
	else if (a->state == OG_GF_AUTH_FAILED || a->state == OG_GF_FORBIDDEN ||
		 a->state == OG_GF_WRONG_PATH || a->state == OG_GF_QUERY_ERROR)
		refused(g, a);
	else
		again(g);
	probe_check_end(p);
}

static struct og_gf_query query_of(const struct probe_reading *g)
{
	static const enum og_gf_ask asks[] = {[OG_OTLP_METRICS] = OG_GF_PROM_FIND,
		[OG_OTLP_TRACES] = OG_GF_TEMPO_TRACE,
		[OG_OTLP_LOGS] = OG_GF_LOKI_FIND,
		[OG_OTLP_PROFILES] = OG_GF_PYRO_FIND};
	struct og_probe *p = g->p;
	struct og_gf_query q = {.ask = asks[g->s],
		.window_s = WINDOW_S,
		/* a sample is seen at the steps of the query alone */
		.step_s = 1,
		.label = OG_SV("otelgate_probe_id"),
		.value = og_svz(p->r.id)};

	/* clocks may differ, so that the window ends a while after now */
	q.end_s = og_clock_wall_ns(og_loop_clock(p->o.loop)) / OG_NS_PER_S + 60;
	if (g->s == OG_OTLP_METRICS) {
		q.end_s = 0;
		q.name = g->attributes ? OG_SV("target_info") : OG_SV(OG_PROBE_METRIC);
	}
	return q;
}

static void ask(void *ctx)
{
	struct probe_reading *g = ctx;
	struct og_probe *p = g->p;
	struct og_gf_query q = query_of(g);
	struct og_err err = OG_ERR_INIT;
	char trace[2 * OG_OTLP_TRACE_ID_BYTES + 1];

	if (g->s == OG_OTLP_TRACES) {
		og_hex(trace, p->record.trace_id, OG_OTLP_TRACE_ID_BYTES);
		q.label = og_sv("", 0);
		q.value = og_svz(trace);
		q.end_s = 0;
	}
	row_of(g)->looked++;
	const struct og_gf_ask_opts once = {.once = true};
	if (og_gf_client_ask(p->o.client, &q, &once, g, on_answer, &g->call, &err) < 0)
		finish(g, OG_READ_FAILED,
			og_svz(og_arena_fmt(&p->arena, "accepted, but %s cannot be asked: %s",
				backends[g->s].name, err.msg)),
			OG_SV("Look at spec.query of the GrafanaStack."));
}

static void on_due(void *ctx)
{
	struct probe_reading *g = ctx;

	ask(g);
	probe_check_end(g->p);
}

void probe_read_begin(struct og_probe *p, enum og_otlp_signal s)
{
	struct probe_reading *g = &p->reading[s];
	struct og_probe_row *r = row_of(g);

	g->sent_ns = og_loop_now_ns(p->o.loop);
	g->pause_ms = first_pause(g->p);
	if (!og_gf_client_has(p->o.client, backends[s].backend)) {
		og_send_say(&r->read, OG_READ_UNASKED,
			og_svz(og_arena_fmt(&p->arena,
				"accepted; %s is not configured, so it was not looked for",
				backends[s].name)),
			og_sv("", 0));
		r->read_over = r->over = true;
		return;
	}
	if (og_timer_in(p->o.loop, &g->timer, first_pause(p) / 2, on_due, g) < 0)
		probe_read_late(p, s);
}

void probe_read_stop(struct og_probe *p, enum og_otlp_signal s)
{
	og_timer_cancel(p->o.loop, &p->reading[s].timer);
	og_gf_call_cancel(og_take(p->reading[s].call));
}
