/* SPDX-License-Identifier: Apache-2.0 */
/* What is held, whatever the backend; and how it becomes older. */
#include <stdio.h>
#include "otelgate/base/clock.h"
#include "cloud/cloud-priv.h"

int64_t cl_mono_ms(void)
{
	return og_clock_mono_ms(og_clock_system());
}

int64_t cl_now_ms(struct og_cloud *c)
{
	return og_clock_wall_ns(og_clock_system()) / OG_NS_PER_MS + c->set.clock_offset_ms;
}

int cl_store_init(struct cl_store *st, uint64_t max_bytes)
{
	*st = (struct cl_store){0};
	og_arena_init(&st->arena, 1 << 20, max_bytes);
	og_intern_init(&st->words, 11, &st->arena);
	og_map_init(&st->series, 12, &st->arena);
	og_map_init(&st->by_name, 13, &st->arena);
	og_map_init(&st->streams, 14, &st->arena);
	og_map_init(&st->resources, 15, &st->arena);
	og_map_init(&st->pseries, 16, &st->arena);
	st->spans = og_calloc(CL_SPANS, sizeof(*st->spans));
	return st->spans ? 0 : -OG_E_OOM;
}

void cl_store_fini(struct cl_store *st)
{
	for (struct cl_stream *s = st->stream_list; s; s = s->next) {
		for (uint32_t i = 0; i < s->n; i++)
			og_free(s->ring[(s->first + i) % s->cap]);
		og_free(s->ring);
	}
	for (struct cl_series *s = st->series_list; s; s = s->next) {
		og_free(s->ring);
		og_free(s->ex);
	}
	for (struct cl_pseries *s = st->pseries_list; s; s = s->next)
		og_free(s->ring);
	for (uint32_t i = 0; i < st->nspans; i++)
		og_free(st->spans[(st->first_span + i) % CL_SPANS]);
	og_free(st->spans);
	og_arena_fini(&st->arena);
}

/* A set whose words are the store's own. */
bool cl_store_lset(struct og_cloud *c, struct cl_label *l, uint32_t n, struct cl_lset *ret)
{
	struct cl_label *own = og_arena_new_n(&c->st.arena, n + 1, struct cl_label);
	uint32_t kept = 0;

	for (uint32_t i = 0; own && i < n; i++) {
		if (!l[i].v.n)
			continue;
		own[kept].k = og_intern_sv(&c->st.words, l[i].k);
		own[kept].v = og_intern_sv(&c->st.words, l[i].v);
		if (!own[kept].k.p || !own[kept].v.p)
			return false;
		kept++;
	}
	if (own)
		cl_lset_seal(ret, own, kept);
	return own != NULL;
}

bool cl_shown(const struct og_cloud *c, enum og_cloud_host h, const struct cl_lset *s)
{
	const struct cl_label *v = &c->set.visible[h];

	return !v->k.n || og_sv_eq(cl_lset_get(s, v->k), v->v);
}

bool cl_words_has(const struct cl_words *w, struct og_sv s)
{
	for (uint32_t i = 0; i < w->n; i++)
		if (og_sv_eq(w->v[i], s))
			return true;
	return false;
}

void og_cloud_age(struct og_cloud *c, int64_t ms)
{
	int64_t ns = ms * OG_NS_PER_MS;

	pthread_mutex_lock(&c->mu);
	for (struct cl_series *s = c->st.series_list; s; s = s->next) {
		for (uint32_t i = 0; i < s->n; i++)
			s->ring[(s->first + i) % s->cap].ts_ms -= ms;
		for (uint32_t i = 0; i < CL_EXEMPLARS && i < s->nex; i++)
			s->ex[i].ts_ms -= ms;
	}
	for (struct cl_stream *s = c->st.stream_list; s; s = s->next)
		for (uint32_t i = 0; i < s->n; i++)
			s->ring[(s->first + i) % s->cap]->ts_ns -= ns;
	for (uint32_t i = 0; i < c->st.nspans; i++) {
		struct cl_held_span *s = c->st.spans[(c->st.first_span + i) % CL_SPANS];

		s->start_ns -= ns;
		s->end_ns -= ns;
	}
	for (struct cl_pseries *s = c->st.pseries_list; s; s = s->next)
		for (uint32_t i = 0; i < s->n; i++)
			s->ring[(s->first + i) % s->cap].ts_ms -= ms;
	pthread_mutex_unlock(&c->mu);
}

void og_cloud_wipe(struct og_cloud *c)
{
	pthread_mutex_lock(&c->mu);
	cl_store_fini(&c->st);
	if (cl_store_init(&c->st, c->o.max_bytes))
		c->st.arena.max_bytes = 1; /* without memory all writes are refused */
	pthread_mutex_unlock(&c->mu);
}

void og_cloud_held(struct og_cloud *c, struct og_cloud_held *r)
{
	pthread_mutex_lock(&c->mu);
	*r = (struct og_cloud_held){
		.series = og_map_count(&c->st.series),
		.samples = c->st.nsamples,
		.exemplars = c->st.nexemplars,
		.streams = og_map_count(&c->st.streams),
		.lines = c->st.nlines,
		.spans = c->st.nspans,
		.profiles = c->st.nprofiles,
		.bytes = c->st.arena.used_bytes + c->st.heap_bytes,
	};
	pthread_mutex_unlock(&c->mu);
}

int64_t og_cloud_now_ns(struct og_cloud *c)
{
	int64_t ms;

	pthread_mutex_lock(&c->mu);
	ms = cl_now_ms(c);
	pthread_mutex_unlock(&c->mu);
	return ms * OG_NS_PER_MS;
}

void cl_ingest(struct og_cloud *c, struct og_arena *a, enum cl_signal sig,
	const struct cl_export *e, struct cl_refusal *r)
{
	static void (*const into[])(struct og_cloud *, struct og_arena *, const struct cl_export *,
		struct cl_refusal *) = {
		[CL_METRICS] = cl_prom_ingest,
		[CL_TRACES] = cl_tempo_ingest,
		[CL_LOGS] = cl_loki_ingest,
		[CL_PROFILES_SIG] = cl_pyro_ingest,
	};

	*r = (struct cl_refusal){0};
	if (!c->st.spans || c->st.arena.failed || c->st.heap_bytes > c->o.max_bytes) {
		r->status = 429;
		snprintf(r->why, sizeof(r->why), "the simulator holds as much as it may");
		return;
	}
	into[sig](c, a, e, r);
	if (c->st.arena.failed && !r->status) {
		r->status = 429;
		snprintf(r->why, sizeof(r->why), "the simulator holds as much as it may");
	}
}
