/* SPDX-License-Identifier: Apache-2.0 */
/* Spans as they came, resources shared; and profiles. */
#include <stdio.h>
#include <stdlib.h>
#include "cloud/cloud-priv.h"
#include "otelgate/base/clock.h"

static int attr_cmp(const struct cl_attr *a, const struct cl_attr *b)
{
	return og_sv_cmp(a->k, b->k);
}

static int attr_order(const void *a, const void *b)
{
	return attr_cmp(a, b);
}

static const struct cl_res *shared(
	struct og_cloud *c, struct og_arena *a, const struct cl_attrs *in)
{
	struct og_buf key = OG_BUF_INIT(0);
	struct cl_attr *v = og_arena_alloc(a, (in->nv + 1) * sizeof(*v));
	struct cl_res *r;

	if (!v)
		return NULL;
	if (in->nv) {
		memcpy(v, in->v, in->nv * sizeof(*v));
		qsort(v, in->nv, sizeof(*v), attr_order);
	}
	for (uint32_t i = 0; i < in->nv; i++) {
		og_buf_sv(&key, v[i].k);
		og_buf_ch(&key, '\0');
		og_buf_ch(&key, v[i].type);
		og_buf_sv(&key, v[i].v);
		og_buf_ch(&key, '\0');
	}
	r = og_map_get(&c->st.resources, og_buf_view(&key));
	if (!r)
		r = og_arena_new(&c->st.arena, struct cl_res);
	if (r && !r->attrs.v) {
		for (uint32_t i = 0; i < in->nv; i++) {
			struct cl_attr *at = cl_push(&c->st.arena, &r->attrs, v);

			if (at)
				*at = (struct cl_attr){og_intern_sv(&c->st.words, v[i].k),
					og_intern_sv(&c->st.words, v[i].v), v[i].type};
		}
		r->service = cl_attr_get(&r->attrs, OG_SV("service.name"));
		if (!og_map_set(&c->st.resources, og_buf_view(&key), r))
			r = NULL;
	}
	og_buf_fini(&key);
	return r;
}

static struct og_sv put(char **at, struct og_sv s)
{
	struct og_sv r = og_sv(*at, s.n);

	if (s.n)
		memcpy(*at, s.p, s.n);
	*at += s.n;
	return r;
}

static size_t span_bytes(const struct cl_span *s, struct og_sv scope)
{
	size_t n = sizeof(struct cl_held_span) + s->name.n + s->status_message.n + scope.n +
		   s->attrs.nv * sizeof(struct cl_attr);

	for (uint32_t i = 0; i < s->attrs.nv; i++)
		n += s->attrs.v[i].k.n + s->attrs.v[i].v.n;
	return n;
}

static size_t held_bytes(const struct cl_held_span *s)
{
	size_t n = sizeof(*s) + s->name.n + s->status_message.n + s->scope.n +
		   s->attrs.nv * sizeof(struct cl_attr);

	for (uint32_t i = 0; i < s->attrs.nv; i++)
		n += s->attrs.v[i].k.n + s->attrs.v[i].v.n;
	return n;
}

static void hold(
	struct og_cloud *c, const struct cl_res *res, struct og_sv scope, const struct cl_span *s)
{
	struct cl_store *st = &c->st;
	size_t bytes = span_bytes(s, scope);
	struct cl_held_span *h = og_malloc(bytes);
	char *at;

	if (!h)
		return;
	*h = (struct cl_held_span){.res = res,
		.kind = s->kind,
		.status = s->status,
		.start_ns = s->start_ns,
		.end_ns = s->end_ns,
		.recv_ms = cl_mono_ms(),
		.has_parent = s->parent.n == 8};
	memcpy(h->trace, s->trace.p, 16);
	memcpy(h->span, s->span.p, 8);
	if (h->has_parent)
		memcpy(h->parent, s->parent.p, 8);
	h->attrs.v = (struct cl_attr *)(h + 1);
	h->attrs.nv = s->attrs.nv;
	at = (char *)(h->attrs.v + s->attrs.nv);
	h->name = put(&at, s->name);
	h->status_message = put(&at, s->status_message);
	h->scope = put(&at, scope);
	for (uint32_t i = 0; i < s->attrs.nv; i++) {
		h->attrs.v[i].type = s->attrs.v[i].type;
		h->attrs.v[i].k = put(&at, s->attrs.v[i].k);
		h->attrs.v[i].v = put(&at, s->attrs.v[i].v);
	}
	if (st->nspans == CL_SPANS) {
		st->heap_bytes -= held_bytes(st->spans[st->first_span]);
		og_free(st->spans[st->first_span]);
		st->first_span = (st->first_span + 1) % CL_SPANS;
	} else {
		st->nspans++;
	}
	st->spans[(st->first_span + st->nspans - 1) % CL_SPANS] = h;
	st->heap_bytes += bytes;
}

/* A whole request is refused for one bad id (tempo modules/distributor). */
static bool ids_fine(const struct cl_export *e, struct cl_refusal *r)
{
	for (uint32_t i = 0; i < e->ngroups; i++)
		for (uint32_t k = 0; k < e->groups[i].nscopes; k++) {
			const struct cl_scope *sc = &e->groups[i].scopes[k];

			for (uint32_t m = 0; m < sc->nspans; m++) {
				if (sc->spans[m].trace.n == 16 && sc->spans[m].span.n == 8)
					continue;
				r->n = 1;
				r->status = 400;
				if (sc->spans[m].trace.n != 16)
					snprintf(r->why, sizeof(r->why),
						"trace ids must be 128 bit, received %zu bits",
						sc->spans[m].trace.n * 8);
				else
					snprintf(r->why, sizeof(r->why),
						"span ids must be 64 bit and not all zero");
				return false;
			}
		}
	return true;
}

void cl_tempo_ingest(
	struct og_cloud *c, struct og_arena *a, const struct cl_export *e, struct cl_refusal *r)
{
	if (!ids_fine(e, r))
		return;
	for (uint32_t i = 0; i < e->ngroups; i++) {
		const struct cl_res *res = shared(c, a, &e->groups[i].resource);

		for (uint32_t k = 0; res && k < e->groups[i].nscopes; k++) {
			const struct cl_scope *sc = &e->groups[i].scopes[k];

			for (uint32_t m = 0; m < sc->nspans; m++)
				hold(c, res, sc->name, &sc->spans[m]);
		}
	}
}

bool cl_pyro_add(struct og_cloud *c, struct og_arena *a, struct cl_label *l, uint32_t n,
	int64_t ts_ms, double v)
{
	struct cl_store *st = &c->st;
	struct cl_lset tmp;
	struct cl_pseries *s;
	struct og_sv key;

	cl_lset_seal(&tmp, l, n);
	key = cl_lset_key(a, &tmp);
	s = key.p ? og_map_get(&st->pseries, key) : NULL;
	if (!s && key.p) {
		s = og_arena_new(&st->arena, struct cl_pseries);
		if (!s || !cl_store_lset(c, l, tmp.n, &s->labels) ||
			!og_map_set(&st->pseries, key, s))
			return false;
		s->next = st->pseries_list;
		st->pseries_list = s;
	}
	if (!s)
		return false;
	if (s->n == s->cap && s->cap < CL_PROFILES) {
		uint32_t want = s->cap ? s->cap * 4 : 4;
		struct cl_held_profile *now = og_calloc(want, sizeof(*now));

		if (!now)
			return false;
		for (uint32_t i = 0; i < s->n; i++)
			now[i] = s->ring[(s->first + i) % s->cap];
		og_free(s->ring);
		st->heap_bytes += (want - s->cap) * sizeof(*now);
		s->ring = now;
		s->cap = want;
		s->first = 0;
	}
	if (s->n == s->cap)
		s->first = (s->first + 1) % s->cap;
	else
		s->n++;
	s->ring[(s->first + s->n - 1) % s->cap] =
		(struct cl_held_profile){.ts_ms = ts_ms, .recv_ms = cl_mono_ms(), .v = v};
	st->nprofiles++;
	return true;
}

/* OTLP profiles: labels are the resource's attributes with their own names (Pyroscope 2). */
void cl_pyro_ingest(
	struct og_cloud *c, struct og_arena *a, const struct cl_export *e, struct cl_refusal *r)
{
	(void)r;
	for (uint32_t i = 0; i < e->ngroups; i++) {
		const struct cl_attrs *res = &e->groups[i].resource;
		struct og_sv name = cl_attr_get(res, OG_SV("service.name"));
		uint64_t samples = 0;
		int64_t ts = 0;
		struct cl_label *l = og_arena_alloc(a, (res->nv + 9) * sizeof(*l));
		uint32_t n = 0, profiles = 0;

		for (uint32_t k = 0; k < e->groups[i].nscopes; k++)
			for (uint32_t m = 0; m < e->groups[i].scopes[k].nprofiles; m++) {
				samples += e->groups[i].scopes[k].profiles[m].samples;
				ts = e->groups[i].scopes[k].profiles[m].ts_ns / OG_NS_PER_MS;
				profiles++;
			}
		if (!l || !profiles)
			continue;
		for (uint32_t k = 0; k < res->nv; k++)
			if (!og_sv_is(res->v[k].k, "service.name"))
				l[n++] = (struct cl_label){res->v[k].k, res->v[k].v};
		l[n++] = (struct cl_label){
			OG_SV("service_name"), name.n ? name : OG_SV("unknown_service")};
		l[n++] = (struct cl_label){OG_SV("__profile_type__"),
			OG_SV("process_cpu:cpu:nanoseconds:cpu:nanoseconds")};
		l[n++] = (struct cl_label){OG_SV("__name__"), OG_SV("process_cpu")};
		l[n++] = (struct cl_label){OG_SV("__type__"), OG_SV("cpu")};
		l[n++] = (struct cl_label){OG_SV("__unit__"), OG_SV("nanoseconds")};
		l[n++] = (struct cl_label){OG_SV("__period_type__"), OG_SV("cpu")};
		l[n++] = (struct cl_label){
			OG_SV("__service_name__"), name.n ? name : OG_SV("unknown_service")};
		cl_pyro_add(c, a, l, n, ts ? ts : cl_now_ms(c), (double)samples);
	}
}
