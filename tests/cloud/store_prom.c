/* SPDX-License-Identifier: Apache-2.0 */
/*
 * OTLP metrics become Prometheus series (opentelemetry-specification
 * compatibility/prometheus_and_openmetrics.md), as Grafana Cloud does it: job, instance,
 * target_info, promoted resource attributes, suffixes of units and types.
 */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include "cloud/cloud-priv.h"
#include "otelgate/base/clock.h"
#include "otelgate/base/parse.h"

enum { MAX_LABELS = 128 };

struct work {
	struct og_cloud *c;
	struct og_arena *a;
	struct cl_refusal *r;
	int64_t now_ms;
	struct cl_label base[MAX_LABELS]; /* job, instance, promoted, cluster */
	uint32_t nbase;
	int64_t newest_ms;
};

struct cl_series *cl_prom_series(struct og_cloud *c, struct cl_label *l, uint32_t n)
{
	struct cl_store *st = &c->st;
	struct cl_lset tmp;
	struct cl_series *s, *head;
	struct cl_label *nl;
	og_auto_arena struct og_arena a;
	struct og_sv key, name;
	uint32_t kept = 0;

	og_arena_init(&a, 4096, 0);
	cl_lset_seal(&tmp, l, n);
	key = cl_lset_key(&a, &tmp);
	s = key.p ? og_map_get(&st->series, key) : NULL;
	if (s || !key.p)
		return s;
	s = og_arena_new(&st->arena, struct cl_series);
	if (!s || !cl_store_lset(c, l, tmp.n, &s->labels))
		return NULL;
	nl = og_arena_new_n(&st->arena, tmp.n + 1, struct cl_label);
	for (uint32_t i = 0; nl && i < s->labels.n; i++)
		if (!og_sv_is(s->labels.l[i].k, "__name__"))
			nl[kept++] = s->labels.l[i];
	if (!nl)
		return NULL;
	cl_lset_seal(&s->nameless, nl, kept);
	name = cl_lset_get(&s->labels, OG_SV("__name__"));
	s->name = name;
	head = og_map_get(&st->by_name, name);
	if (!og_map_set(&st->series, key, s) || !og_map_set(&st->by_name, name, s))
		return NULL;
	s->next_of_name = head;
	s->next = st->series_list;
	st->series_list = s;
	return s;
}

bool cl_prom_sample(struct og_cloud *c, struct cl_series *s, int64_t ts_ms, double v)
{
	struct cl_sample *at;

	if (s->n && s->ring[(s->first + s->n - 1) % s->cap].ts_ms >= ts_ms)
		return true; /* the same again, or out of order within the window: dropped */
	if (s->n == s->cap && s->cap < CL_SAMPLES) {
		uint32_t want = s->cap ? s->cap * 4 : 4;
		struct cl_sample *now = og_calloc(want, sizeof(*now));

		if (!now)
			return false;
		for (uint32_t i = 0; i < s->n; i++)
			now[i] = s->ring[(s->first + i) % s->cap];
		og_free(s->ring);
		c->st.heap_bytes += (want - s->cap) * sizeof(*now);
		s->ring = now;
		s->cap = want;
		s->first = 0;
	}
	if (s->n == s->cap)
		s->first = (s->first + 1) % s->cap;
	else
		s->n++;
	at = &s->ring[(s->first + s->n - 1) % s->cap];
	*at = (struct cl_sample){.ts_ms = ts_ms, .recv_ms = cl_mono_ms(), .v = v};
	c->st.nsamples++;
	return true;
}

static void __attribute__((format(printf, 3, 4)))
refuse(struct cl_refusal *r, int status, const char *fmt, ...)
{
	va_list ap;

	r->n++;
	if (r->why[0])
		return;
	r->status = status;
	va_start(ap, fmt);
	vsnprintf(r->why, sizeof(r->why), fmt, ap);
	va_end(ap);
}

/* One sample of base + extra labels. */
static struct cl_series *add(struct work *w, struct og_sv name, const char *suffix,
	const struct cl_label *extra, uint32_t nextra, int64_t ts_ms, double v)
{
	struct cl_label l[2 * MAX_LABELS + 4];
	struct cl_series *s;
	uint32_t n = 0;
	char iso[OG_RFC3339_BYTES];
	const char *full = og_arena_fmt(w->a, "%.*s%s", OG_SV_ARG(name), suffix);

	l[n++] = (struct cl_label){OG_SV("__name__"), og_svz(full)};
	for (uint32_t i = 0; i < nextra && n < OG_COUNT(l); i++)
		l[n++] = extra[i];
	for (uint32_t i = 0; i < w->nbase && n < OG_COUNT(l); i++)
		l[n++] = w->base[i];
	og_fmt_rfc3339_ms(iso, ts_ms * OG_NS_PER_MS);
	if (ts_ms > w->now_ms + w->c->set.prom_future_ms) {
		refuse(w->r, 400,
			"received a sample whose timestamp is too far in the future "
			"(err-mimir-too-far-in-future). The affected sample has timestamp %s and is "
			"from series %s",
			iso, full);
		return NULL;
	}
	if (ts_ms < w->now_ms - w->c->set.prom_old_ms) {
		refuse(w->r, 400,
			"the sample has been rejected because its timestamp is too old "
			"(err-mimir-sample-timestamp-too-old). The affected sample has timestamp %s "
			"and is from series %s",
			iso, full);
		return NULL;
	}
	if (ts_ms > w->newest_ms)
		w->newest_ms = ts_ms;
	s = cl_prom_series(w->c, l, n);
	if (s && !cl_prom_sample(w->c, s, ts_ms, v))
		s = NULL;
	return s;
}

static void exemplars(struct work *w, struct cl_series *s, const struct cl_point *p)
{
	for (uint32_t i = 0; s && i < p->nexemplars; i++) {
		const struct cl_exemplar *e = &p->exemplars[i];
		struct cl_held_exemplar *h;
		struct cl_label l[MAX_LABELS];
		uint32_t n = 0;

		if (!s->ex)
			s->ex = og_calloc(CL_EXEMPLARS, sizeof(*s->ex));
		if (!s->ex)
			return;
		l[n++] = (struct cl_label){OG_SV("trace_id"), e->trace};
		l[n++] = (struct cl_label){OG_SV("span_id"), e->span};
		for (uint32_t k = 0; k < e->attrs.nv && n < MAX_LABELS; k++)
			l[n++] = (struct cl_label){
				cl_prom_name(w->a, e->attrs.v[k].k), e->attrs.v[k].v};
		h = &s->ex[s->nex % CL_EXEMPLARS];
		if (!cl_store_lset(w->c, l, n, &h->labels))
			return;
		h->ts_ms = e->ts_ns / OG_NS_PER_MS;
		h->recv_ms = cl_mono_ms();
		h->v = e->v;
		s->nex++;
		w->c->st.nexemplars++;
	}
}

static void histogram(struct work *w, struct og_sv name, const struct cl_point *p,
	const struct cl_label *l, uint32_t n, int64_t ts)
{
	struct cl_label le[MAX_LABELS + 1];
	uint64_t sum = 0;

	memcpy(le, l, n * sizeof(*l));
	for (uint32_t i = 0; i <= p->nbounds; i++) {
		og_auto_buf struct og_buf b = OG_BUF_INIT(64);
		struct cl_series *s;

		sum += i < p->nbuckets ? p->buckets[i] : 0;
		if (i < p->nbounds)
			cl_float(&b, p->bounds[i]);
		else
			og_buf_lit(&b, "+Inf");
		le[n] = (struct cl_label){OG_SV("le"), og_arena_sv(w->a, og_buf_view(&b))};
		s = add(w, name, "_bucket", le, n + 1, ts,
			(double)(i < p->nbounds ? sum : p->count));
		if (i == p->nbounds)
			exemplars(w, s, p);
	}
	add(w, name, "_count", l, n, ts, (double)p->count);
	if (p->has_sum)
		add(w, name, "_sum", l, n, ts, p->sum);
}

static void point(
	struct work *w, const struct cl_metric *m, struct og_sv name, const struct cl_point *p)
{
	struct cl_label l[MAX_LABELS];
	uint32_t n = 0;
	int64_t ts = p->ts_ns / OG_NS_PER_MS;

	for (uint32_t i = 0; i < p->attrs.nv && n < MAX_LABELS - 2; i++)
		l[n++] = (struct cl_label){cl_prom_name(w->a, p->attrs.v[i].k), p->attrs.v[i].v};
	switch (m->kind) {
	case CL_HISTOGRAM:
		histogram(w, name, p, l, n, ts);
		break;
	case CL_SUMMARY:
		for (uint32_t i = 0; i < p->nquantiles; i++) {
			og_auto_buf struct og_buf b = OG_BUF_INIT(64);

			cl_float(&b, p->quantiles[i].q);
			l[n] = (struct cl_label){
				OG_SV("quantile"), og_arena_sv(w->a, og_buf_view(&b))};
			add(w, name, "", l, n + 1, ts, p->quantiles[i].v);
		}
		add(w, name, "_count", l, n, ts, (double)p->count);
		add(w, name, "_sum", l, n, ts, p->sum);
		break;
	case CL_EXP_HISTOGRAM: { /* a native histogram: only that it is there, and its count */
		struct cl_series *h = add(w, name, "", l, n, ts, (double)p->count);

		if (h)
			h->native = true;
		exemplars(w, h, p);
		break;
	}
	default:
		exemplars(w, add(w, name, "", l, n, ts, p->v), p);
	}
}

/* UCUM units that become words (the specification names the table of the translators). */
static const struct {
	const char *unit, *word;
} units[] = {{"d", "days"}, {"h", "hours"}, {"min", "minutes"}, {"s", "seconds"},
	{"ms", "milliseconds"}, {"us", "microseconds"}, {"ns", "nanoseconds"}, {"By", "bytes"},
	{"KiBy", "kibibytes"}, {"MiBy", "mebibytes"}, {"GiBy", "gibibytes"}, {"KBy", "kilobytes"},
	{"MBy", "megabytes"}, {"GBy", "gigabytes"}, {"m", "meters"}, {"V", "volts"},
	{"A", "amperes"}, {"J", "joules"}, {"W", "watts"}, {"g", "grams"}, {"Cel", "celsius"},
	{"Hz", "hertz"}, {"%", "percent"}};

static struct og_sv full_name(struct work *w, const struct cl_metric *m)
{
	struct og_sv name = cl_prom_name(w->a, m->name);
	const char *suffix = "";

	for (size_t i = 0; i < OG_COUNT(units); i++)
		if (og_sv_eq(m->unit, og_svz(units[i].unit)))
			suffix = og_arena_fmt(w->a, "_%s", units[i].word);
	if (og_sv_is(m->unit, "1") && m->kind == CL_GAUGE)
		suffix = "_ratio";
	if (!suffix || og_sv_ends(name, og_svz(suffix)))
		suffix = "";
	name = og_svz(og_arena_fmt(w->a, "%.*s%s", OG_SV_ARG(name), suffix));
	if (m->kind == CL_SUM && m->monotonic && !og_sv_ends(name, OG_SV("_total")))
		name = og_svz(og_arena_fmt(w->a, "%.*s_total", OG_SV_ARG(name)));
	return name;
}

static void base_label(struct work *w, struct og_sv k, struct og_sv v)
{
	if (w->nbase < MAX_LABELS && v.n)
		w->base[w->nbase++] = (struct cl_label){k, v};
}

/* job and instance; false = neither can be told. */
static bool identity(struct work *w, const struct cl_attrs *res)
{
	struct og_sv name = cl_attr_get(res, OG_SV("service.name"));
	struct og_sv ns = cl_attr_get(res, OG_SV("service.namespace"));
	struct og_sv id = cl_attr_get(res, OG_SV("service.instance.id"));

	if (name.n && ns.n)
		name = og_svz(og_arena_fmt(w->a, "%.*s/%.*s", OG_SV_ARG(ns), OG_SV_ARG(name)));
	base_label(w, OG_SV("job"), name);
	base_label(w, OG_SV("instance"), id);
	return name.n || id.n;
}

static void target_info(struct work *w, const struct cl_attrs *res)
{
	struct cl_label l[MAX_LABELS];
	uint32_t n = 0, nbase = w->nbase, own = 0;

	for (uint32_t i = 0; i < res->nv && n < MAX_LABELS; i++) {
		struct og_sv k = res->v[i].k;

		if (og_sv_is(k, "service.name") || og_sv_is(k, "service.namespace") ||
			og_sv_is(k, "service.instance.id"))
			continue;
		l[n++] = (struct cl_label){cl_prom_name(w->a, k), res->v[i].v};
	}
	/* of the common labels only job and instance belong to it */
	while (own < w->nbase &&
		(og_sv_is(w->base[own].k, "job") || og_sv_is(w->base[own].k, "instance")))
		own++;
	w->nbase = own;
	if (n)
		add(w, OG_SV("target_info"), "", l, n, w->newest_ms, 1.0);
	w->nbase = nbase;
}

static bool delta(struct work *w, const struct cl_metric *m)
{
	bool has = m->kind == CL_SUM || m->kind == CL_HISTOGRAM || m->kind == CL_EXP_HISTOGRAM;

	if (!has || m->temporality == 2)
		return false;
	refuse(w->r, 400,
		"otlp parse error: invalid temporality and type combination for metric \"%.*s\"",
		OG_SV_ARG(m->name));
	w->r->n += m->npoints ? m->npoints - 1 : 0;
	return true;
}

static void resource(struct work *w, const struct cl_group *g)
{
	bool known;

	w->nbase = 0;
	w->newest_ms = 0;
	known = identity(w, &g->resource);
	for (uint32_t i = 0; i < g->resource.nv; i++)
		if (cl_words_has(&w->c->set.promote, g->resource.v[i].k))
			base_label(w, cl_prom_name(w->a, g->resource.v[i].k), g->resource.v[i].v);
	for (uint32_t i = 0; i < g->nscopes; i++)
		for (uint32_t k = 0; k < g->scopes[i].nmetrics; k++) {
			const struct cl_metric *m = &g->scopes[i].metrics[k];
			struct og_sv name;

			if (!m->kind || delta(w, m))
				continue;
			name = full_name(w, m);
			for (uint32_t p = 0; p < m->npoints; p++)
				point(w, m, name, &m->points[p]);
		}
	if (known && w->newest_ms)
		target_info(w, &g->resource);
}

void cl_prom_ingest(
	struct og_cloud *c, struct og_arena *a, const struct cl_export *e, struct cl_refusal *r)
{
	struct work *w = og_arena_new(a, struct work);

	if (!w)
		return;
	w->c = c;
	w->a = a;
	w->r = r;
	w->now_ms = cl_now_ms(c);
	for (uint32_t i = 0; i < e->ngroups; i++)
		resource(w, &e->groups[i]);
}
