/* SPDX-License-Identifier: Apache-2.0 */
/*
 * OTLP logs become Loki streams (loki pkg/loghttp/push/otlp.go and otlp_config.go): some resource
 * attributes are index labels, all else is structured metadata.
 */
#include <stdio.h>
#include "cloud/cloud-priv.h"
#include "otelgate/base/clock.h"
#include "otelgate/base/parse.h"

enum { MAX_LABELS = 128 };

static struct cl_stream *stream(struct og_cloud *c, const struct cl_lset *labels)
{
	struct cl_store *st = &c->st;
	og_auto_arena struct og_arena a;
	struct cl_label *copy;
	struct cl_stream *s;
	struct og_sv key;

	og_arena_init(&a, 4096, 0);
	key = cl_lset_key(&a, labels);
	s = key.p ? og_map_get(&st->streams, key) : NULL;
	if (s || !key.p)
		return s;
	s = og_arena_new(&st->arena, struct cl_stream);
	copy = og_arena_alloc(&a, (labels->n + 1) * sizeof(*copy));
	if (!s || !copy)
		return NULL;
	for (uint32_t i = 0; i < labels->n; i++)
		copy[i] = labels->l[i];
	if (!cl_store_lset(c, copy, labels->n, &s->labels) || !og_map_set(&st->streams, key, s))
		return NULL;
	s->next = st->stream_list;
	st->stream_list = s;
	return s;
}

/* A line, its metadata and their texts in one block. */
static struct cl_line *line_new(int64_t ts_ns, struct og_sv text, const struct cl_label *meta,
	uint32_t nmeta, size_t *ret_bytes)
{
	size_t bytes = sizeof(struct cl_line) + text.n + nmeta * sizeof(struct cl_label);
	struct cl_line *l;
	struct cl_label *own;
	char *at;

	for (uint32_t i = 0; i < nmeta; i++)
		bytes += meta[i].k.n + meta[i].v.n;
	l = og_malloc(bytes);
	if (!l)
		return NULL;
	own = (struct cl_label *)(l + 1);
	at = (char *)(own + nmeta);
	*l = (struct cl_line){.ts_ns = ts_ns, .recv_ms = cl_mono_ms()};
	l->line = og_sv(at, text.n);
	if (text.n)
		memcpy(at, text.p, text.n);
	at += text.n;
	for (uint32_t i = 0; i < nmeta; i++) {
		own[i].k = og_sv(at, meta[i].k.n);
		memcpy(at, meta[i].k.p, meta[i].k.n);
		at += meta[i].k.n;
		own[i].v = og_sv(at, meta[i].v.n);
		if (meta[i].v.n)
			memcpy(at, meta[i].v.p, meta[i].v.n);
		at += meta[i].v.n;
	}
	cl_lset_seal(&l->meta, own, nmeta);
	*ret_bytes = bytes;
	return l;
}

static size_t line_bytes(const struct cl_line *l)
{
	size_t bytes = sizeof(*l) + l->line.n;

	for (uint32_t i = 0; i < l->meta.n; i++)
		bytes += sizeof(struct cl_label) + l->meta.l[i].k.n + l->meta.l[i].v.n;
	return bytes;
}

bool cl_loki_line(struct og_cloud *c, const struct cl_lset *labels, int64_t ts_ns,
	struct og_sv text, const struct cl_label *meta, uint32_t nmeta)
{
	struct cl_stream *s = stream(c, labels);
	struct cl_line *l;
	size_t bytes;

	if (!s)
		return false;
	l = line_new(ts_ns, text, meta, nmeta, &bytes);
	if (!l)
		return false;
	if (s->n == s->cap && s->cap < CL_LINES) {
		uint32_t want = s->cap ? s->cap * 4 : 4;
		struct cl_line **now = og_calloc(want, sizeof(struct cl_line *));

		if (!now) {
			og_free(l);
			return false;
		}
		for (uint32_t i = 0; i < s->n; i++)
			now[i] = s->ring[(s->first + i) % s->cap];
		og_free(s->ring);
		s->ring = now;
		s->cap = want;
		s->first = 0;
	}
	if (s->n == s->cap) {
		c->st.heap_bytes -= line_bytes(s->ring[s->first]);
		og_free(s->ring[s->first]);
		s->first = (s->first + 1) % s->cap;
	} else {
		s->n++;
		c->st.nlines++;
	}
	s->ring[(s->first + s->n - 1) % s->cap] = l;
	c->st.heap_bytes += line_bytes(l);
	return true;
}

struct work {
	struct og_cloud *c;
	struct og_arena *a;
	struct cl_refusal *r;
	int64_t now_ms;
	struct cl_label index[MAX_LABELS], meta[MAX_LABELS];
	uint32_t nindex, nmeta;
	struct cl_lset labels;
};

static void put(struct work *w, struct cl_label *l, uint32_t *n, const char *k, struct og_sv v)
{
	(void)w;
	if (v.n && *n < MAX_LABELS)
		l[(*n)++] = (struct cl_label){og_svz(k), v};
}

static void refuse(struct work *w, int64_t ts, bool old)
{
	char iso[OG_RFC3339_BYTES], least[OG_RFC3339_BYTES];
	og_auto_buf struct og_buf b = OG_BUF_INIT(0);

	if (w->r->n++)
		return;
	og_fmt_rfc3339(iso, ts * OG_NS_PER_MS);
	og_fmt_rfc3339(least, (w->now_ms - w->c->set.loki_old_ms) * OG_NS_PER_MS);
	cl_lset_json(&b, &w->labels);
	w->r->status = 400;
	if (old)
		snprintf(w->r->why, sizeof(w->r->why),
			"entry for stream '%.200s' has timestamp too old: %s, oldest acceptable "
			"timestamp is: %s",
			b.p, iso, least);
	else
		snprintf(w->r->why, sizeof(w->r->why),
			"entry for stream '%.200s' has timestamp too new: %s", b.p, iso);
}

/* Loki finds the level of a line by itself. */
static struct og_sv level(const struct cl_logrec *l)
{
	static const char *const names[] = {
		"unknown", "trace", "debug", "info", "warn", "error", "fatal"};
	int n = l->severity_number;

	return og_svz(names[n < 1 || n > 24 ? 0 : (n + 3) / 4]);
}

static void record(struct work *w, const struct cl_scope *sc, const struct cl_logrec *l)
{
	struct cl_label meta[2 * MAX_LABELS + 16];
	uint32_t n = 0;
	int64_t ts = (l->ts_ns ? l->ts_ns : l->observed_ns) / OG_NS_PER_MS;

	if (!ts)
		ts = w->now_ms;
	if (ts > w->now_ms + w->c->set.prom_future_ms || ts < w->now_ms - w->c->set.loki_old_ms) {
		refuse(w, ts, ts < w->now_ms);
		return;
	}
	for (uint32_t i = 0; i < l->attrs.nv && n < MAX_LABELS; i++)
		meta[n++] = (struct cl_label){cl_prom_name(w->a, l->attrs.v[i].k), l->attrs.v[i].v};
	put(w, meta, &n, "severity_text", l->severity);
	if (l->severity_number)
		put(w, meta, &n, "severity_number",
			og_svz(og_arena_fmt(w->a, "%d", l->severity_number)));
	put(w, meta, &n, "detected_level", level(l));
	put(w, meta, &n, "trace_id", l->trace);
	put(w, meta, &n, "span_id", l->span);
	if (l->observed_ns)
		put(w, meta, &n, "observed_timestamp",
			og_svz(og_arena_fmt(w->a, "%lld", (long long)l->observed_ns)));
	put(w, meta, &n, "scope_name", sc->name);
	put(w, meta, &n, "scope_version", sc->version);
	memcpy(meta + n, w->meta, w->nmeta * sizeof(*meta));
	n += w->nmeta;
	cl_loki_line(w->c, &w->labels, l->ts_ns ? l->ts_ns : ts * OG_NS_PER_MS, l->body, meta, n);
}

void cl_loki_ingest(
	struct og_cloud *c, struct og_arena *a, const struct cl_export *e, struct cl_refusal *r)
{
	struct work *w = og_arena_new(a, struct work);

	if (!w)
		return;
	w->c = c;
	w->a = a;
	w->r = r;
	w->now_ms = cl_now_ms(c);
	for (uint32_t i = 0; i < e->ngroups; i++) {
		const struct cl_group *g = &e->groups[i];
		bool named = cl_attr_get(&g->resource, OG_SV("service.name")).n;

		w->nindex = w->nmeta = 0;
		for (uint32_t k = 0; k < g->resource.nv && k < MAX_LABELS - 1; k++) {
			const struct cl_attr *at = &g->resource.v[k];
			struct cl_label l = {cl_prom_name(a, at->k), at->v};

			if (cl_words_has(&c->set.index_labels, at->k))
				w->index[w->nindex++] = l;
			else
				w->meta[w->nmeta++] = l;
		}
		if (!named)
			put(w, w->index, &w->nindex, "service_name", OG_SV("unknown_service"));
		cl_lset_seal(&w->labels, w->index, w->nindex);
		for (uint32_t k = 0; k < g->nscopes; k++)
			for (uint32_t m = 0; m < g->scopes[k].nlogs; m++)
				record(w, &g->scopes[k], &g->scopes[k].logs[m]);
	}
}
