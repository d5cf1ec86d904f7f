/* SPDX-License-Identifier: Apache-2.0 */
/* What of an OTLP request is of use here; numbers from opentelemetry-proto's .proto files. */
#include <inttypes.h>
#include <stdio.h>
#include "cloud/cloud-priv.h"
#include "otelgate/codec/base64.h"
#include "otelgate/codec/jwrite.h"

static const struct cl_mdesc m_any;
#define FIELDS(name, ...)                                        \
	static const struct cl_fdesc name##_f[] = {__VA_ARGS__}; \
	static const struct cl_mdesc name = {name##_f, OG_COUNT(name##_f)}

FIELDS(m_kv, {"key", 1, CL_T_STR, NULL}, {"value", 2, CL_T_MSG, &m_any});
FIELDS(m_array, {"values", 1, CL_T_MSG, &m_any});
FIELDS(m_kvlist, {"values", 1, CL_T_MSG, &m_kv});
static const struct cl_fdesc m_any_f[] = {{"stringValue", 1, CL_T_STR, NULL},
	{"boolValue", 2, CL_T_INT, NULL}, {"intValue", 3, CL_T_INT, NULL},
	{"doubleValue", 4, CL_T_DBL, NULL}, {"arrayValue", 5, CL_T_MSG, &m_array},
	{"kvlistValue", 6, CL_T_MSG, &m_kvlist}, {"bytesValue", 7, CL_T_B64, NULL}};
static const struct cl_mdesc m_any = {m_any_f, OG_COUNT(m_any_f)};
FIELDS(m_resource, {"attributes", 1, CL_T_MSG, &m_kv});
FIELDS(m_scope, {"name", 1, CL_T_STR, NULL}, {"version", 2, CL_T_STR, NULL},
	{"attributes", 3, CL_T_MSG, &m_kv});

FIELDS(m_exemplar, {"timeUnixNano", 2, CL_T_INT, NULL}, {"asDouble", 3, CL_T_DBL, NULL},
	{"spanId", 4, CL_T_HEX, NULL}, {"traceId", 5, CL_T_HEX, NULL}, {"asInt", 6, CL_T_INT, NULL},
	{"filteredAttributes", 7, CL_T_MSG, &m_kv});
FIELDS(m_number, {"startTimeUnixNano", 2, CL_T_INT, NULL}, {"timeUnixNano", 3, CL_T_INT, NULL},
	{"asDouble", 4, CL_T_DBL, NULL}, {"exemplars", 5, CL_T_MSG, &m_exemplar},
	{"asInt", 6, CL_T_INT, NULL}, {"attributes", 7, CL_T_MSG, &m_kv});
/* bucket_counts is packed fixed64: marked by a message, see otlp_wire.c */
FIELDS(m_hist, {"startTimeUnixNano", 2, CL_T_INT, NULL}, {"timeUnixNano", 3, CL_T_INT, NULL},
	{"count", 4, CL_T_INT, NULL}, {"sum", 5, CL_T_DBL, NULL},
	{"bucketCounts", 6, CL_T_INT, &m_kv}, {"explicitBounds", 7, CL_T_DBL, NULL},
	{"exemplars", 8, CL_T_MSG, &m_exemplar}, {"attributes", 9, CL_T_MSG, &m_kv});
FIELDS(m_exp, {"attributes", 1, CL_T_MSG, &m_kv}, {"startTimeUnixNano", 2, CL_T_INT, NULL},
	{"timeUnixNano", 3, CL_T_INT, NULL}, {"count", 4, CL_T_INT, NULL},
	{"sum", 5, CL_T_DBL, NULL}, {"exemplars", 11, CL_T_MSG, &m_exemplar});
FIELDS(m_quantile, {"quantile", 1, CL_T_DBL, NULL}, {"value", 2, CL_T_DBL, NULL});
FIELDS(m_summary_point, {"startTimeUnixNano", 2, CL_T_INT, NULL},
	{"timeUnixNano", 3, CL_T_INT, NULL}, {"count", 4, CL_T_INT, NULL},
	{"sum", 5, CL_T_DBL, NULL}, {"quantileValues", 6, CL_T_MSG, &m_quantile},
	{"attributes", 7, CL_T_MSG, &m_kv});
FIELDS(m_gauge, {"dataPoints", 1, CL_T_MSG, &m_number});
FIELDS(m_sum, {"dataPoints", 1, CL_T_MSG, &m_number}, {"aggregationTemporality", 2, CL_T_INT, NULL},
	{"isMonotonic", 3, CL_T_INT, NULL});
FIELDS(m_histogram, {"dataPoints", 1, CL_T_MSG, &m_hist},
	{"aggregationTemporality", 2, CL_T_INT, NULL});
FIELDS(m_exphistogram, {"dataPoints", 1, CL_T_MSG, &m_exp},
	{"aggregationTemporality", 2, CL_T_INT, NULL});
FIELDS(m_summary, {"dataPoints", 1, CL_T_MSG, &m_summary_point});
FIELDS(m_metric, {"name", 1, CL_T_STR, NULL}, {"unit", 3, CL_T_STR, NULL},
	{"gauge", 5, CL_T_MSG, &m_gauge}, {"sum", 7, CL_T_MSG, &m_sum},
	{"histogram", 9, CL_T_MSG, &m_histogram},
	{"exponentialHistogram", 10, CL_T_MSG, &m_exphistogram},
	{"summary", 11, CL_T_MSG, &m_summary});
FIELDS(m_status, {"message", 2, CL_T_STR, NULL}, {"code", 3, CL_T_INT, NULL});
FIELDS(m_span, {"traceId", 1, CL_T_HEX, NULL}, {"spanId", 2, CL_T_HEX, NULL},
	{"parentSpanId", 4, CL_T_HEX, NULL}, {"name", 5, CL_T_STR, NULL},
	{"kind", 6, CL_T_INT, NULL}, {"startTimeUnixNano", 7, CL_T_INT, NULL},
	{"endTimeUnixNano", 8, CL_T_INT, NULL}, {"attributes", 9, CL_T_MSG, &m_kv},
	{"status", 15, CL_T_MSG, &m_status});
FIELDS(m_log, {"timeUnixNano", 1, CL_T_INT, NULL}, {"severityNumber", 2, CL_T_INT, NULL},
	{"severityText", 3, CL_T_STR, NULL}, {"body", 5, CL_T_MSG, &m_any},
	{"attributes", 6, CL_T_MSG, &m_kv}, {"traceId", 9, CL_T_HEX, NULL},
	{"spanId", 10, CL_T_HEX, NULL}, {"observedTimeUnixNano", 11, CL_T_INT, NULL});
FIELDS(m_any_sample, {"", 0, CL_T_INT, NULL});
/* v1development: sample_type 1, sample 2, time 3 or 4 (it moved), ids and the rest not read */
FIELDS(m_profile, {"sample", 2, CL_T_MSG, &m_any_sample}, {"samples", 2, CL_T_MSG, &m_any_sample},
	{"timeUnixNano", 3, CL_T_INT, NULL}, {"timeNanos", 4, CL_T_INT, NULL});

FIELDS(m_scope_spans, {"scope", 1, CL_T_MSG, &m_scope}, {"spans", 2, CL_T_MSG, &m_span});
FIELDS(m_scope_metrics, {"scope", 1, CL_T_MSG, &m_scope}, {"metrics", 2, CL_T_MSG, &m_metric});
FIELDS(m_scope_logs, {"scope", 1, CL_T_MSG, &m_scope}, {"logRecords", 2, CL_T_MSG, &m_log});
FIELDS(m_scope_profiles, {"scope", 1, CL_T_MSG, &m_scope}, {"profiles", 2, CL_T_MSG, &m_profile});
FIELDS(m_res_spans, {"resource", 1, CL_T_MSG, &m_resource},
	{"scopeSpans", 2, CL_T_MSG, &m_scope_spans});
FIELDS(m_res_metrics, {"resource", 1, CL_T_MSG, &m_resource},
	{"scopeMetrics", 2, CL_T_MSG, &m_scope_metrics});
FIELDS(m_res_logs, {"resource", 1, CL_T_MSG, &m_resource},
	{"scopeLogs", 2, CL_T_MSG, &m_scope_logs});
FIELDS(m_res_profiles, {"resource", 1, CL_T_MSG, &m_resource},
	{"scopeProfiles", 2, CL_T_MSG, &m_scope_profiles});
FIELDS(m_traces, {"resourceSpans", 1, CL_T_MSG, &m_res_spans});
FIELDS(m_metrics, {"resourceMetrics", 1, CL_T_MSG, &m_res_metrics});
FIELDS(m_logs, {"resourceLogs", 1, CL_T_MSG, &m_res_logs});
FIELDS(m_profiles, {"resourceProfiles", 1, CL_T_MSG, &m_res_profiles});

struct og_sv cl_attr_get(const struct cl_attrs *a, struct og_sv k)
{
	for (uint32_t i = 0; i < a->nv; i++)
		if (og_sv_eq(a->v[i].k, k))
			return a->v[i].v;
	return og_svz("");
}

void cl_attr_del(struct cl_attrs *a, struct og_sv k)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < a->nv; i++)
		if (!og_sv_eq(a->v[i].k, k))
			a->v[kept++] = a->v[i];
	a->nv = kept;
}

bool cl_attr_set(struct og_arena *ar, struct cl_attrs *a, struct og_sv k, struct og_sv v)
{
	struct cl_attr *at;

	cl_attr_del(a, k);
	at = cl_push(ar, a, v);
	if (at)
		*at = (struct cl_attr){k, v, 's'};
	return at != NULL;
}

static struct og_sv take(struct cl_wire *w, struct og_buf *b)
{
	return og_arena_sv(w->a, og_buf_view(b));
}

static void any_json(struct cl_wire *w, struct cl_node n, struct og_buf *b, int depth);

static void list_json(struct cl_wire *w, struct cl_node n, struct og_buf *b, bool object, int depth)
{
	struct cl_it it = cl_it(w, n);
	struct cl_field f, g;
	bool first = true;

	og_buf_ch(b, object ? '{' : '[');
	while (cl_next(&it, &f)) {
		if (!first)
			og_buf_ch(b, ',');
		first = false;
		if (object) {
			struct cl_it in = cl_it(w, f.sub);
			struct cl_node v = {0};

			while (cl_next(&in, &g)) {
				if (g.num == 1)
					og_jw_str(b, g.s);
				else
					v = g.sub;
			}
			og_buf_ch(b, ':');
			if (v.m)
				any_json(w, v, b, depth);
			else
				og_buf_lit(b, "null");
		} else {
			any_json(w, f.sub, b, depth);
		}
	}
	og_buf_ch(b, object ? '}' : ']');
}

static void any_json(struct cl_wire *w, struct cl_node n, struct og_buf *b, int depth)
{
	struct cl_it it = cl_it(w, n);
	struct cl_field f;
	bool any = false;

	if (depth > 16) {
		w->bad = true;
		w->why = "a value is nested too deeply";
	}
	while (cl_next(&it, &f) && !any) {
		any = true;
		if (f.num == 1)
			og_jw_str(b, f.s);
		else if (f.num == 2)
			og_buf_str(b, f.i ? "true" : "false");
		else if (f.num == 3)
			og_buf_fmt(b, "%" PRId64, f.i);
		else if (f.num == 4)
			cl_float(b, f.d);
		else if (f.num == 5 || f.num == 6)
			list_json(w, f.sub, b, f.num == 6, depth + 1);
		else
			og_jw_str(b, f.s);
	}
	if (!any)
		og_buf_lit(b, "null");
}

/* A value as text, and what it was. */
static struct og_sv any(struct cl_wire *w, struct cl_node n, char *type)
{
	og_auto_buf struct og_buf b = OG_BUF_INIT(0);
	struct cl_it it = cl_it(w, n);
	struct cl_field f;

	*type = 's';
	if (!cl_next(&it, &f))
		return og_svz("");
	*type = f.num == 2 ? 'b' : f.num == 3 ? 'i' : f.num == 4 ? 'd' : f.num == 1 ? 's' : 'x';
	if (f.num == 1)
		return f.s;
	if (f.num == 7)
		og_base64_encode(&b, f.s);
	else
		any_json(w, n, &b, 0);
	return take(w, &b);
}

static void attr(struct cl_wire *w, struct cl_attrs *a, struct cl_node n)
{
	struct cl_it it = cl_it(w, n);
	struct cl_field f;
	struct cl_attr *at = cl_push(w->a, a, v);

	if (at)
		at->type = 's';
	while (cl_next(&it, &f) && at) {
		if (f.num == 1)
			at->k = f.s;
		else
			at->v = any(w, f.sub, &at->type);
	}
	if (!at || !at->k.n)
		a->nv -= at != NULL;
}

static struct og_sv hexed(struct cl_wire *w, struct og_sv s)
{
	static const char digits[] = "0123456789abcdef";
	char *p = og_arena_alloc(w->a, 2 * s.n + 1);

	for (size_t i = 0; p && i < s.n; i++) {
		p[2 * i] = digits[(unsigned char)s.p[i] >> 4];
		p[2 * i + 1] = digits[s.p[i] & 15];
	}
	return p ? og_sv(p, 2 * s.n) : og_svz("");
}

static void exemplar(struct cl_wire *w, struct cl_point *p, struct cl_node n)
{
	struct cl_it it = cl_it(w, n);
	struct cl_field f;
	struct cl_exemplar *e = cl_push(w->a, p, exemplars);

	while (e && cl_next(&it, &f)) {
		if (f.num == 2)
			e->ts_ns = f.i;
		else if (f.num == 3)
			e->v = f.d;
		else if (f.num == 6)
			e->v = (double)f.i;
		else if (f.num == 4)
			e->span = hexed(w, f.s);
		else if (f.num == 5)
			e->trace = hexed(w, f.s);
		else
			attr(w, &e->attrs, f.sub);
	}
}

static void quantile(struct cl_wire *w, struct cl_point *p, struct cl_node n)
{
	struct cl_it it = cl_it(w, n);
	struct cl_field f;
	struct cl_quantile *q = cl_push(w->a, p, quantiles);

	while (q && cl_next(&it, &f))
		*(f.num == 1 ? &q->q : &q->v) = f.d;
}

/* The number of a field that means the same in every kind of point. */
enum { P_ATTR = 100, P_EX, P_COUNT, P_SUM, P_BUCKET, P_BOUND, P_QUANT, P_DBL, P_INT };
static unsigned meaning(enum cl_kind k, unsigned num)
{
	static const uint8_t map[][12] = {
		[CL_GAUGE] = {[4] = P_DBL, [5] = P_EX, [6] = P_INT, [7] = P_ATTR},
		[CL_SUM] = {[4] = P_DBL, [5] = P_EX, [6] = P_INT, [7] = P_ATTR},
		[CL_HISTOGRAM] = {[4] = P_COUNT,
			[5] = P_SUM,
			[6] = P_BUCKET,
			[7] = P_BOUND,
			[8] = P_EX,
			[9] = P_ATTR},
		[CL_EXP_HISTOGRAM] = {[1] = P_ATTR, [4] = P_COUNT, [5] = P_SUM, [11] = P_EX},
		[CL_SUMMARY] = {[4] = P_COUNT, [5] = P_SUM, [6] = P_QUANT, [7] = P_ATTR},
	};

	return num < 12 && map[k][num] ? map[k][num] : num;
}

static void point(struct cl_wire *w, struct cl_metric *m, struct cl_node n)
{
	struct cl_it it = cl_it(w, n);
	struct cl_field f;
	struct cl_point *p = cl_push(w->a, m, points);
	uint64_t *u;
	double *d;

	while (p && cl_next(&it, &f)) {
		switch (meaning(m->kind, f.num)) {
		case 2:
			p->start_ns = f.i;
			break;
		case 3:
			p->ts_ns = f.i;
			break;
		case P_ATTR:
			attr(w, &p->attrs, f.sub);
			break;
		case P_EX:
			exemplar(w, p, f.sub);
			break;
		case P_COUNT:
			p->count = (uint64_t)f.i;
			break;
		case P_SUM:
			p->sum = f.d;
			p->has_sum = true;
			break;
		case P_BUCKET:
			u = cl_push(w->a, p, buckets);
			if (u)
				*u = (uint64_t)f.i;
			break;
		case P_BOUND:
			d = cl_push(w->a, p, bounds);
			if (d)
				*d = f.d;
			break;
		case P_QUANT:
			quantile(w, p, f.sub);
			break;
		case P_DBL:
			p->v = f.d;
			break;
		case P_INT:
			p->v = (double)f.i;
			break;
		default:
			break;
		}
	}
}

static void metric(struct cl_wire *w, struct cl_scope *sc, struct cl_node n)
{
	static const uint8_t kinds[12] = {[5] = CL_GAUGE,
		[7] = CL_SUM,
		[9] = CL_HISTOGRAM,
		[10] = CL_EXP_HISTOGRAM,
		[11] = CL_SUMMARY};
	struct cl_it it = cl_it(w, n), in;
	struct cl_field f, g;
	struct cl_metric *m = cl_push(w->a, sc, metrics);

	while (m && cl_next(&it, &f)) {
		if (f.num == 1) {
			m->name = f.s;
		} else if (f.num == 3) {
			m->unit = f.s;
		} else {
			m->kind = kinds[f.num];
			in = cl_it(w, f.sub);
			while (cl_next(&in, &g)) {
				if (g.num == 1)
					point(w, m, g.sub);
				else if (g.num == 2)
					m->temporality = (int)g.i;
				else
					m->monotonic = g.i != 0;
			}
		}
	}
}

static void span(struct cl_wire *w, struct cl_scope *sc, struct cl_node n)
{
	struct cl_it it = cl_it(w, n), in;
	struct cl_field f, g;
	struct cl_span *s = cl_push(w->a, sc, spans);

	while (s && cl_next(&it, &f)) {
		switch (f.num) {
		case 1:
			s->trace = f.s;
			break;
		case 2:
			s->span = f.s;
			break;
		case 4:
			s->parent = f.s;
			break;
		case 5:
			s->name = f.s;
			break;
		case 6:
			s->kind = (int)f.i;
			break;
		case 7:
			s->start_ns = f.i;
			break;
		case 8:
			s->end_ns = f.i;
			break;
		case 9:
			attr(w, &s->attrs, f.sub);
			break;
		default:
			in = cl_it(w, f.sub);
			while (cl_next(&in, &g)) {
				if (g.num == 2)
					s->status_message = g.s;
				else
					s->status = (int)g.i;
			}
		}
	}
}

static void logrec(struct cl_wire *w, struct cl_scope *sc, struct cl_node n)
{
	struct cl_it it = cl_it(w, n);
	struct cl_field f;
	struct cl_logrec *l = cl_push(w->a, sc, logs);
	char type;

	while (l && cl_next(&it, &f)) {
		switch (f.num) {
		case 1:
			l->ts_ns = f.i;
			break;
		case 2:
			l->severity_number = (int)f.i;
			break;
		case 3:
			l->severity = f.s;
			break;
		case 5:
			l->body = any(w, f.sub, &type);
			break;
		case 6:
			attr(w, &l->attrs, f.sub);
			break;
		case 9:
			l->trace = hexed(w, f.s);
			break;
		case 10:
			l->span = hexed(w, f.s);
			break;
		default:
			l->observed_ns = f.i;
		}
	}
}

static void profile(struct cl_wire *w, struct cl_scope *sc, struct cl_node n)
{
	struct cl_it it = cl_it(w, n);
	struct cl_field f;
	struct cl_profile *p = cl_push(w->a, sc, profiles);

	while (p && cl_next(&it, &f)) {
		if (f.num == 2)
			p->samples++;
		else
			p->ts_ns = f.i;
	}
}

static void scope(struct cl_wire *w, struct cl_group *g, enum cl_signal sig, struct cl_node n)
{
	static void (*const item[])(struct cl_wire *, struct cl_scope *, struct cl_node) = {
		[CL_METRICS] = metric,
		[CL_TRACES] = span,
		[CL_LOGS] = logrec,
		[CL_PROFILES_SIG] = profile,
	};
	struct cl_it it = cl_it(w, n), in;
	struct cl_field f, h;
	struct cl_scope *sc = cl_push(w->a, g, scopes);

	while (sc && cl_next(&it, &f)) {
		if (f.num == 2) {
			item[sig](w, sc, f.sub);
			continue;
		}
		in = cl_it(w, f.sub);
		while (cl_next(&in, &h)) {
			if (h.num == 1)
				sc->name = h.s;
			else if (h.num == 2)
				sc->version = h.s;
			else
				attr(w, &sc->attrs, h.sub);
		}
	}
}

static void group(struct cl_wire *w, struct cl_export *e, enum cl_signal sig, struct cl_node n)
{
	struct cl_it it = cl_it(w, n), in;
	struct cl_field f, h;
	struct cl_group *g = cl_push(w->a, e, groups);

	while (g && cl_next(&it, &f)) {
		if (f.num == 2) {
			scope(w, g, sig, f.sub);
			continue;
		}
		in = cl_it(w, f.sub);
		while (cl_next(&in, &h))
			attr(w, &g->resource, h.sub);
	}
}

int cl_otlp_decode(struct og_arena *a, enum cl_signal sig, bool json, struct og_sv body,
	struct cl_export *ret, struct og_err *err)
{
	static const struct cl_mdesc *const roots[] = {
		[CL_METRICS] = &m_metrics,
		[CL_TRACES] = &m_traces,
		[CL_LOGS] = &m_logs,
		[CL_PROFILES_SIG] = &m_profiles,
	};
	static const struct og_jlimits limits = {.max_bytes = 64 << 20, .max_tokens = 8000000};
	struct cl_wire w = {.a = a};
	struct og_jdoc *d = og_arena_new(a, struct og_jdoc);
	struct cl_node n = {.m = roots[sig], .pb = body};
	struct cl_it it;
	struct cl_field f;
	int rc;

	*ret = (struct cl_export){0};
	if (!d)
		return og_err_set(err, OG_E_OOM, "request");
	if (json) {
		rc = og_jdoc_parse(d, a, body, &limits, err);
		if (rc)
			return rc;
		n.json = true;
		n.j = og_jroot(d);
		if (!og_jis(n.j, OG_J_OBJECT))
			return og_err_set(err, OG_E_PARSE, "an object is expected");
	}
	it = cl_it(&w, n);
	while (cl_next(&it, &f))
		group(&w, ret, sig, f.sub);
	if (w.bad)
		return og_err_set(err, OG_E_PARSE, "%s", w.why);
	return a->failed ? og_err_set(err, OG_E_OOM, "request too large") : 0;
}
