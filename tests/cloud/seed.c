/* SPDX-License-Identifier: Apache-2.0 */
/* Many workloads at once, directly into the stores: what SDKs with otelgate's environment send. */
#include <stdio.h>
#include "cloud/cloud-priv.h"
#include "otelgate/base/clock.h"

struct seed {
	struct og_cloud *c;
	struct og_arena a;
	const struct og_cloud_seed *s;
	int64_t now_ms;
	char ns[40], app[40], pod[80], instance[140], rs[80];
	uint64_t number;
};

static void attr(struct seed *d, struct cl_attrs *r, const char *k, const char *v)
{
	cl_attr_set(&d->a, r, og_svz(k), og_svz(v));
}

static void resource(struct seed *d, struct cl_attrs *r)
{
	attr(d, r, "service.name", d->app);
	attr(d, r, "service.namespace", d->ns);
	attr(d, r, "service.instance.id", d->instance);
	attr(d, r, "service.version", "1.0.0");
	attr(d, r, "k8s.namespace.name", d->ns);
	attr(d, r, "k8s.pod.name", d->pod);
	attr(d, r, "k8s.container.name", "app");
	attr(d, r, "k8s.deployment.name", d->app);
	attr(d, r, "k8s.cluster.name", d->s->cluster ? d->s->cluster : "sim");
	attr(d, r, "otelgate.revision", d->s->revision ? d->s->revision : "rev-1");
	attr(d, r, "telemetry.sdk.language", "python");
}

/* Three exports, a minute apart, as a running SDK sends them. */
static void metrics(struct seed *d, struct cl_export *e, struct cl_refusal *r)
{
	struct cl_scope *sc = &e->groups[0].scopes[0];
	struct cl_metric *m = cl_push(&d->a, sc, metrics);
	struct cl_point *p = m ? cl_push(&d->a, m, points) : NULL;

	if (!p)
		return;
	m->name = OG_SV("http.server.request.duration");
	m->unit = OG_SV("s");
	m->kind = CL_HISTOGRAM;
	m->temporality = 2;
	p->has_sum = true;
	for (int i = 2; i >= 0 && !r->status; i--) {
		p->ts_ns = (d->now_ms - i * 60000LL) * OG_NS_PER_MS;
		p->count = (uint64_t)(10 * (3 - i));
		p->sum = 1.5 * (3 - i);
		cl_ingest(d->c, &d->a, CL_METRICS, e, r);
	}
}

static void ids(struct seed *d, char id[16])
{
	uint64_t a = og_hash64(1, og_sv((const char *)&d->number, 8));

	memcpy(id, &a, 8);
	memcpy(id + 8, &d->number, 8);
	d->number++;
}

static void span(struct seed *d, struct cl_scope *sc, char id[16])
{
	struct cl_span *s = cl_push(&d->a, sc, spans);

	if (!s)
		return;
	s->trace = og_sv(id, 16);
	s->span = og_sv(id + 8, 8);
	s->name = OG_SV("GET /");
	s->kind = 2;
	s->start_ns = d->now_ms * OG_NS_PER_MS;
	s->end_ns = s->start_ns + 5 * OG_NS_PER_MS;
}

static void line(struct seed *d, struct cl_scope *sc, const char id[16])
{
	struct cl_logrec *l = cl_push(&d->a, sc, logs);
	char *hex = og_arena_alloc(&d->a, 33);

	if (!l || !hex)
		return;
	for (int i = 0; i < 16; i++)
		snprintf(hex + 2 * i, 3, "%02x", (unsigned char)id[i]);
	l->ts_ns = d->now_ms * OG_NS_PER_MS;
	l->trace = og_sv(hex, 32);
	l->severity_number = 9;
	l->severity = OG_SV("INFO");
	l->body = OG_SV("request served");
}

static void pod(struct seed *d, struct cl_refusal *r)
{
	struct cl_export e = {0};
	struct cl_group *g = cl_push(&d->a, &e, groups);
	struct cl_scope *sc = g ? cl_push(&d->a, g, scopes) : NULL;
	unsigned want = d->s->signals ? d->s->signals : 15;
	struct cl_profile *p;
	char id[16];

	if (!sc)
		return;
	resource(d, &g->resource);
	sc->name = OG_SV("seed");
	ids(d, id);
	if (want & 1)
		metrics(d, &e, r);
	if (want & 2)
		span(d, sc, id);
	if (want & 4)
		line(d, sc, id);
	p = want & 8 ? cl_push(&d->a, sc, profiles) : NULL;
	if (p) {
		p->ts_ns = d->now_ms * OG_NS_PER_MS;
		p->samples = 100;
	}
	for (int s = CL_TRACES; s < CL_SIGNALS_ && !r->status; s++)
		if (want & (s == CL_TRACES ? 2U : s == CL_LOGS ? 4U : 8U))
			cl_ingest(d->c, &d->a, (enum cl_signal)s, &e, r);
}

int og_cloud_seed(struct og_cloud *c, const struct og_cloud_seed *s, struct og_err *err)
{
	uint32_t spaces = s->namespaces ? s->namespaces : (s->workloads + 49) / 50;
	struct seed d = {.c = c, .s = s};
	struct cl_refusal r = {0};

	if (s->workloads > 100000 || s->pods > 1000)
		return og_err_set(err, OG_E_LIMIT, "at most 100,000 workloads of 1,000 pods");
	og_arena_init(&d.a, 0, 0);
	for (uint32_t w = 0; w < s->workloads && !r.status; w++)
		for (uint32_t p = 0; p < (s->pods ? s->pods : 1) && !r.status; p++) {
			snprintf(d.ns, sizeof(d.ns), "team-%03u", w % spaces);
			snprintf(d.app, sizeof(d.app), "app-%05u", w);
			snprintf(d.pod, sizeof(d.pod), "%s-5d8f9c7b6-%05u", d.app, p);
			snprintf(d.instance, sizeof(d.instance), "%s.%s.app", d.ns, d.pod);
			d.number = (uint64_t)w * 1000 + p + 1;
			pthread_mutex_lock(&c->mu);
			d.now_ms = cl_now_ms(c) - s->age_ms;
			pod(&d, &r);
			pthread_mutex_unlock(&c->mu);
			og_arena_reset(&d.a);
		}
	og_arena_fini(&d.a);
	return r.status ? og_err_set(err, OG_E_LIMIT, "%s", r.why) : 0;
}
