/* SPDX-License-Identifier: Apache-2.0 */
/* Tempo's HTTP API (tempo docs/sources/tempo/api_docs); shapes as a running Tempo 3 gives them. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include "cloud/cloud-priv.h"
#include "otelgate/base/clock.h"
#include "otelgate/base/parse.h"
#include "otelgate/codec/base64.h"
#include "otelgate/codec/jwrite.h"

enum { DAY_MS = 86400 * 1000, RECENT_MS = 15 * 60 * 1000 };

/* Epoch seconds, or since=. Without both: what is recent. */
static bool window(struct cl_req *q, int64_t def_ms, int64_t *from, int64_t *to)
{
	struct og_sv since = cl_param(q, "since"), start = cl_param(q, "start"),
		     end = cl_param(q, "end");

	*to = cl_now_ms(q->c);
	*from = *to - def_ms;
	if (since.n && !start.n) {
		int64_t ms;

		if (!cl_duration_ms(since, &ms)) {
			cl_text(q, 400, "invalid since: not a valid duration\n");
			return false;
		}
		*from = *to - ms;
		return true;
	}
	if (!start.n && !end.n)
		return true;
	if (!start.n || !end.n || !cl_time_ms(start, false, from) || !cl_time_ms(end, false, to)) {
		cl_text(q, 400, "invalid start or end: both have to be epoch seconds\n");
		return false;
	}
	if (*to <= *from) {
		cl_text(q, 400,
			"http parameter start must be before end. received start=%" PRId64
			" end=%" PRId64 "\n",
			*from / 1000, *to / 1000);
		return false;
	}
	return true;
}

static bool in_window(
	struct cl_req *q, const struct cl_held_span *s, int64_t from, int64_t to, int64_t now)
{
	int64_t ms = s->start_ns / OG_NS_PER_MS;
	const struct cl_label *v = &q->c->set.visible[OG_CLOUD_TEMPO];

	if (v->k.n && !og_sv_eq(cl_attr_get(&s->res->attrs, v->k), v->v))
		return false;
	return ms >= from && ms <= to && cl_seen(q->c, OG_CLOUD_TEMPO, s->recv_ms, now);
}

static void hex(struct og_buf *b, const unsigned char *id, size_t n, bool cut)
{
	for (size_t i = 0; i < n; i++) {
		if (cut && !id[i])
			continue;
		og_buf_fmt(b, cut ? "%x" : "%02x", id[i]);
		cut = false;
	}
}

static void attr_json(struct og_buf *b, struct og_sv k, struct og_sv v, char type)
{
	og_buf_lit(b, "{\"key\":");
	og_jw_str(b, k);
	og_buf_lit(b, ",\"value\":");
	if (type == 'i')
		og_buf_fmt(b, "{\"intValue\":\"%.*s\"}", OG_SV_ARG(v));
	else if (type == 'd')
		og_buf_fmt(b, "{\"doubleValue\":%.*s}", OG_SV_ARG(v));
	else if (type == 'b')
		og_buf_fmt(b, "{\"boolValue\":%.*s}", OG_SV_ARG(v));
	else {
		og_buf_lit(b, "{\"stringValue\":");
		og_jw_str(b, v);
		og_buf_ch(b, '}');
	}
	og_buf_ch(b, '}');
}

static void jobs(struct cl_req *q)
{
	og_buf_str(
		&q->out, q->fault.kind == CL_F_PARTIAL
				 ? "\"metrics\":{\"completedJobs\":2,\"totalJobs\":3}"
				 : "\"metrics\":{\"inspectedBytes\":\"13760\",\"completedJobs\":3,"
				   "\"totalJobs\":3}");
}

struct trace {
	unsigned char id[16];
	const struct cl_held_span *root, *any;
	int64_t start_ns, end_ns;
	uint32_t spans, matched;
};
struct traces {
	CL_VEC(struct trace, t);
};

static void trace_json(struct cl_req *q, const struct trace *t, const struct cl_tq *tq)
{
	const struct cl_held_span *s = t->any;
	struct og_buf *b = &q->out;
	uint32_t n = 0;

	og_buf_lit(b, "{\"traceID\":\"");
	hex(b, t->id, 16, true);
	og_buf_lit(b, "\",\"rootServiceName\":");
	og_jw_str(b, t->root ? t->root->res->service : OG_SV("<root span not yet received>"));
	if (t->root) {
		og_buf_lit(b, ",\"rootTraceName\":");
		og_jw_str(b, t->root->name);
	}
	og_buf_fmt(b, ",\"startTimeUnixNano\":\"%" PRId64 "\"", t->start_ns);
	if (t->end_ns - t->start_ns >= OG_NS_PER_MS)
		og_buf_fmt(b, ",\"durationMs\":%" PRId64,
			(int64_t)((t->end_ns - t->start_ns) / OG_NS_PER_MS));
	for (int twice = 0; twice < 2; twice++) {
		og_buf_str(b, twice ? ",\"spanSets\":[{\"spans\":[" : ",\"spanSet\":{\"spans\":[");
		n = 0;
		for (uint32_t i = 0; i < q->c->st.nspans && n < 3; i++) {
			s = q->c->st.spans[(q->c->st.first_span + i) % CL_SPANS];
			if (memcmp(s->trace, t->id, 16) != 0 || !cl_tq_match(tq, s))
				continue;
			og_buf_str(b, n++ ? ",{\"spanID\":\"" : "{\"spanID\":\"");
			hex(b, s->span, 8, false);
			og_buf_fmt(b,
				"\",\"startTimeUnixNano\":\"%" PRId64
				"\",\"durationNanos\":\"%" PRId64 "\",\"attributes\":[",
				s->start_ns, s->end_ns - s->start_ns);
			attr_json(b, OG_SV("service.name"), s->res->service, 's');
			og_buf_lit(b, "]}");
		}
		og_buf_fmt(b, "],\"matched\":%u}%s", t->matched, twice ? "]" : "");
	}
	og_buf_lit(b, ",\"serviceStats\":{");
	og_jw_str(b, t->any->res->service);
	og_buf_fmt(b, ":{\"spanCount\":%u}}}", t->spans);
}

static int latest(const void *x, const void *y)
{
	const struct trace *a = x, *b = y;

	if (a->start_ns != b->start_ns)
		return a->start_ns > b->start_ns ? -1 : 1;
	return memcmp(a->id, b->id, 16);
}

static void collect(
	struct cl_req *q, const struct cl_tq *tq, int64_t from, int64_t to, struct traces *all)
{
	int64_t now = cl_mono_ms();
	struct og_map map;

	og_map_init(&map, 51, q->a);
	/* traces that match first, then all of their spans */
	for (int pass = 0; pass < 2; pass++)
		for (uint32_t i = 0; i < q->c->st.nspans; i++) {
			const struct cl_held_span *s =
				q->c->st.spans[(q->c->st.first_span + i) % CL_SPANS];
			struct og_sv id = og_sv((const char *)s->trace, 16);
			uintptr_t at;
			struct trace *t;

			if (!in_window(q, s, pass ? 0 : from, pass ? INT64_MAX : to, now))
				continue;
			at = (uintptr_t)og_map_get(&map, id);
			if (!pass && !cl_tq_match(tq, s))
				continue;
			if (!at && !pass) {
				t = cl_push(q->a, all, t);
				at = all->nt;
				if (!t || !og_map_set(&map, id, (void *)at))
					return;
				memcpy(t->id, s->trace, 16);
				t->any = s;
				t->start_ns = INT64_MAX;
			}
			if (!at)
				continue;
			t = &all->t[at - 1];
			if (!pass) {
				t->matched++;
				continue;
			}
			t->spans++;
			if (!s->has_parent)
				t->root = s;
			if (s->start_ns < t->start_ns)
				t->start_ns = s->start_ns;
			if (s->end_ns > t->end_ns)
				t->end_ns = s->end_ns;
		}
	if (all->nt)
		qsort(all->t, all->nt, sizeof(*all->t), latest);
}

static void search(struct cl_req *q)
{
	struct og_sv text = cl_param(q, "q"), lim = cl_param(q, "limit");
	struct traces all = {0};
	char why[256];
	int64_t from, to;
	uint64_t limit = 20;
	struct cl_tq *tq;

	if (!window(q, RECENT_MS, &from, &to))
		return;
	if (lim.n && og_parse_u64(lim, 1, 100000, &limit, NULL)) {
		cl_text(q, 400, "invalid limit: must be a positive number\n");
		return;
	}
	tq = cl_tq_parse(q->a, text.n ? text : OG_SV("{}"), why, sizeof(why));
	if (!tq || cl_tq_metric(tq)->fn.n) {
		cl_text(q, 400, "invalid TraceQL query: %s\n",
			tq ? "metrics queries are for /api/metrics" : why);
		cl_tq_fini(tq);
		return;
	}
	collect(q, tq, from, to, &all);
	og_buf_lit(&q->out, "{\"traces\":[");
	for (uint32_t i = 0; i < all.nt && i < limit; i++) {
		if (q->fault.kind == CL_F_PARTIAL && i)
			break;
		if (i)
			og_buf_ch(&q->out, ',');
		trace_json(q, &all.t[i], tq);
	}
	og_buf_lit(&q->out, "],");
	jobs(q);
	og_buf_ch(&q->out, '}');
	cl_json(q, 200);
	cl_tq_fini(tq);
}

struct group {
	struct og_buf labels;
	double *v; /* for each step */
};
struct groups {
	CL_VEC(struct group, g);
};

static void group_key(struct og_buf *b, const struct cl_tq_metric *m, const struct cl_held_span *s)
{
	for (uint32_t i = 0; i < m->nby; i++) {
		struct og_sv v;
		char type;

		if (i)
			og_buf_ch(b, ',');
		if (!cl_tq_value(s, m->by[i], &v, &type))
			attr_json(b, m->by[i], OG_SV("nil"), 's');
		else
			attr_json(b, m->by[i], v, type);
	}
	if (!m->nby)
		attr_json(b, OG_SV("__name__"), m->fn, 's');
}

static void series(struct cl_req *q, const struct groups *all, int64_t from, int64_t step,
	uint32_t steps, bool instant, double per)
{
	uint64_t max = (uint64_t)q->c->set.tempo_series, shown = 0;
	bool over = max && all->ng > max;

	og_buf_lit(&q->out, "{");
	if (all->ng || !instant)
		og_buf_lit(&q->out, "\"series\":[");
	for (uint32_t i = 0; i < all->ng && !(over && shown == max); i++) {
		const struct group *g = &all->g[i];

		if (q->fault.kind == CL_F_PARTIAL && i % 2)
			continue;
		if (shown++)
			og_buf_ch(&q->out, ',');
		og_buf_lit(&q->out, "{\"labels\":[");
		og_buf_sv(&q->out, og_buf_view(&g->labels));
		og_buf_ch(&q->out, ']');
		if (instant) {
			og_buf_lit(&q->out, ",\"value\":");
			cl_float(&q->out, g->v[0] / per);
		} else {
			og_buf_lit(&q->out, ",\"samples\":[");
			for (uint32_t k = 0; k < steps; k++) {
				og_buf_fmt(&q->out, "%s{\"timestampMs\":\"%" PRId64 "\"",
					k ? "," : "", from + (k + 1) * step);
				if (g->v[k] > 0) { /* proto3: 0 is not written */
					og_buf_lit(&q->out, ",\"value\":");
					cl_float(&q->out, g->v[k] / per);
				}
				og_buf_ch(&q->out, '}');
			}
			og_buf_ch(&q->out, ']');
		}
		og_buf_ch(&q->out, '}');
	}
	if (all->ng || !instant)
		og_buf_lit(&q->out, "],");
	jobs(q);
	if (over)
		og_buf_fmt(&q->out,
			",\"status\":\"PARTIAL\",\"message\":\"Response exceeds maximum series "
			"limit of %llu, a partial response is returned. Warning: the accuracy of "
			"each individual value is not guaranteed.\"",
			(unsigned long long)max);
	og_buf_ch(&q->out, '}');
	cl_json(q, 200);
}

static bool steps_of(struct cl_req *q, int64_t from, int64_t to, int64_t *step, uint32_t *steps)
{
	struct og_sv s = cl_param(q, "step");

	*step = (to - from) / 60 > 1000 ? (to - from) / 60 : 1000;
	if (s.n && !cl_duration_ms(s, step) && !cl_time_ms(s, false, step))
		*step = 0;
	if (*step <= 0 || (to - from) / *step > CL_POINTS) {
		cl_text(q, 400, "invalid step\n");
		return false;
	}
	*steps = (uint32_t)((to - from + *step - 1) / *step);
	return true;
}

static bool count(struct cl_req *q, const struct cl_tq *tq, int64_t from, int64_t to, int64_t step,
	uint32_t steps, struct groups *all)
{
	int64_t now = cl_mono_ms();
	struct og_map map;

	og_map_init(&map, 52, q->a);
	for (uint32_t i = 0; i < q->c->st.nspans; i++) {
		const struct cl_held_span *s = q->c->st.spans[(q->c->st.first_span + i) % CL_SPANS];
		struct og_buf key = OG_BUF_INIT(0);
		struct group *g;
		uintptr_t at;
		int64_t k;

		if (!in_window(q, s, from, to, now) || !cl_tq_match(tq, s))
			continue;
		group_key(&key, cl_tq_metric(tq), s);
		at = (uintptr_t)og_map_get(&map, og_buf_view(&key));
		if (at) {
			og_buf_fini(&key);
		} else {
			g = cl_push(q->a, all, g);
			at = all->ng;
			if (!g) {
				og_buf_fini(&key);
				return false;
			}
			g->labels = key;
			g->v = og_arena_calloc(q->a, steps, sizeof(double));
			if (!g->v || !og_map_set(&map, og_buf_view(&key), (void *)at))
				return false;
		}
		k = (s->start_ns / OG_NS_PER_MS - from) / step;
		all->g[at - 1].v[k < steps ? k : steps - 1] += 1;
	}
	return true;
}

static void metrics(struct cl_req *q, bool instant)
{
	struct og_sv text = cl_param(q, "q");
	struct groups all = {0};
	char why[256];
	int64_t from, to, step = INT64_MAX;
	uint32_t steps = 1;
	struct cl_tq *tq;
	double per = 1;

	if (!text.n)
		text = cl_param(q, "query");
	if (!window(q, 3600 * 1000, &from, &to))
		return;
	if (to - from > DAY_MS) {
		cl_text(q, 400,
			"metrics query time range exceeds the maximum allowed duration of 24h0m0s\n");
		return;
	}
	if (!instant) { /* the newest data is cut off */
		to -= 30000;
		if (to <= from)
			to = from + 1;
		if (!steps_of(q, from, to, &step, &steps))
			return;
	}
	tq = cl_tq_parse(q->a, text, why, sizeof(why));
	if (!tq || !cl_tq_metric(tq)->fn.n) {
		cl_text(q, 400, "compiling query: %s\n", tq ? "not a metrics query" : why);
		cl_tq_fini(tq);
		return;
	}
	if (og_sv_is(cl_tq_metric(tq)->fn, "rate"))
		per = (double)(instant ? to - from : step) / 1000.0;
	if (count(q, tq, from, to, step, steps, &all))
		series(q, &all, from, step, steps, instant, per);
	else
		cl_text(q, 500, "out of memory\n");
	for (uint32_t i = 0; i < all.ng; i++)
		og_buf_fini(&all.g[i].labels);
	cl_tq_fini(tq);
}

/* A q that cannot be read is ignored here: everything is returned. */
static void tag_values(struct cl_req *q, struct og_sv tag)
{
	char why[256];
	int64_t from, to, now = cl_mono_ms();
	struct cl_tq *tq;
	struct og_map set;
	bool any = false;

	if (!window(q, RECENT_MS, &from, &to))
		return;
	tq = cl_tq_parse(q->a, cl_param(q, "q"), why, sizeof(why));
	og_map_init(&set, 53, q->a);
	og_buf_lit(&q->out, "{\"tagValues\":[");
	for (uint32_t i = 0; i < q->c->st.nspans; i++) {
		const struct cl_held_span *s = q->c->st.spans[(q->c->st.first_span + i) % CL_SPANS];
		struct og_sv v;
		char type;
		bool is_new = false;

		if (!in_window(q, s, from, to, now) || (tq && !cl_tq_match(tq, s)) ||
			!cl_tq_value(s, tag, &v, &type))
			continue;
		if (!og_map_put(&set, v, &is_new) || !is_new)
			continue;
		og_buf_fmt(&q->out, "%s{\"type\":\"%s\",\"value\":", any ? "," : "",
			type == 'i'   ? "int"
			: type == 'd' ? "float"
			: type == 'b' ? "bool"
				      : "string");
		og_jw_str(&q->out, v);
		og_buf_ch(&q->out, '}');
		any = true;
	}
	og_buf_lit(&q->out, "],\"metrics\":{}}");
	cl_json(q, 200);
	cl_tq_fini(tq);
}

static void base64_id(struct og_buf *b, const char *key, const unsigned char *id, size_t n)
{
	og_buf_fmt(b, "\"%s\":\"", key);
	og_base64_encode(b, og_sv((const char *)id, n));
	og_buf_ch(b, '"');
}

static void attrs_json(struct og_buf *b, const struct cl_attrs *a)
{
	og_buf_lit(b, "\"attributes\":[");
	for (uint32_t i = 0; i < a->nv; i++) {
		if (i)
			og_buf_ch(b, ',');
		attr_json(b, a->v[i].k, a->v[i].v, a->v[i].type);
	}
	og_buf_ch(b, ']');
}

static void one_span(struct cl_req *q, const struct cl_held_span *s)
{
	static const char *const kinds[] = {"SPAN_KIND_UNSPECIFIED", "SPAN_KIND_INTERNAL",
		"SPAN_KIND_SERVER", "SPAN_KIND_CLIENT", "SPAN_KIND_PRODUCER", "SPAN_KIND_CONSUMER"};
	static const char *const codes[] = {"", "STATUS_CODE_OK", "STATUS_CODE_ERROR"};
	struct og_buf *b = &q->out;

	og_buf_lit(b, "{\"resource\":{");
	attrs_json(b, &s->res->attrs);
	og_buf_lit(b, "},\"scopeSpans\":[{\"scope\":{\"name\":");
	og_jw_str(b, s->scope);
	og_buf_lit(b, "},\"spans\":[{");
	base64_id(b, "traceId", s->trace, 16);
	og_buf_ch(b, ',');
	base64_id(b, "spanId", s->span, 8);
	if (s->has_parent) {
		og_buf_ch(b, ',');
		base64_id(b, "parentSpanId", s->parent, 8);
	}
	og_buf_lit(b, ",\"name\":");
	og_jw_str(b, s->name);
	og_buf_fmt(b,
		",\"kind\":\"%s\",\"startTimeUnixNano\":\"%" PRId64
		"\",\"endTimeUnixNano\":\"%" PRId64 "\",",
		kinds[s->kind >= 0 && s->kind <= 5 ? s->kind : 0], s->start_ns, s->end_ns);
	attrs_json(b, &s->attrs);
	og_buf_lit(b, ",\"status\":{");
	if (s->status == 1 || s->status == 2)
		og_buf_fmt(b, "\"code\":\"%s\"", codes[s->status]);
	og_buf_lit(b, "}}]}]}");
}

static void by_id(struct cl_req *q, struct og_sv id)
{
	unsigned char want[16] = {0};
	int64_t now = cl_mono_ms();
	uint32_t n = 0;

	if (!id.n || id.n > 32 || strspn(id.p, "0123456789abcdefABCDEF") < id.n) {
		cl_text(q, 400,
			"trace IDs can only contain hex characters: invalid character or "
			"length\n");
		return;
	}
	for (size_t i = 0; i < id.n; i++) { /* from the right: leading zeros may be missing */
		char c = id.p[id.n - 1 - i];
		unsigned v = (unsigned)(c <= '9' ? c - '0' : (c | 32) - 'a' + 10);

		want[15 - i / 2] |= (unsigned char)(i % 2 ? v << 4 : v);
	}
	og_buf_lit(&q->out, "{\"trace\":{");
	for (uint32_t i = 0; i < q->c->st.nspans; i++) {
		const struct cl_held_span *s = q->c->st.spans[(q->c->st.first_span + i) % CL_SPANS];

		if (memcmp(s->trace, want, 16) != 0 || !in_window(q, s, 0, INT64_MAX, now))
			continue;
		og_buf_str(&q->out, n++ ? "," : "\"resourceSpans\":[");
		one_span(q, s);
	}
	og_buf_str(&q->out, n ? "]},\"metrics\":{}}" : "},\"metrics\":{}}");
	cl_json(q, 200);
}

void cl_tempo_http(struct cl_req *q)
{
	struct og_sv prefix = OG_SV("/tempo/api/"), tag = OG_SV("v2/search/tag/"),
		     tail = OG_SV("/values"), traces = OG_SV("v2/traces/");
	struct og_sv path = og_sv(q->path.p + prefix.n, q->path.n - prefix.n);

	pthread_mutex_lock(&q->c->mu);
	if (!og_sv_is(q->method, "GET"))
		cl_text(q, 405, "Method Not Allowed\n");
	else if (og_sv_is(path, "echo"))
		cl_text(q, 200, "echo");
	else if (og_sv_is(path, "search"))
		search(q);
	else if (og_sv_is(path, "metrics/query") || og_sv_is(path, "metrics/query_range"))
		metrics(q, og_sv_is(path, "metrics/query"));
	else if (og_sv_starts(path, traces))
		by_id(q, og_svz(og_arena_strndup(q->a, path.p + traces.n, path.n - traces.n)));
	else if (og_sv_starts(path, tag) && og_sv_ends(path, tail) && path.n > tag.n + tail.n)
		tag_values(q, og_sv(path.p + tag.n, path.n - tag.n - tail.n));
	else
		cl_text(q, 404, "404 page not found\n");
	pthread_mutex_unlock(&q->c->mu);
}
