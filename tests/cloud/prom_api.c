/* SPDX-License-Identifier: Apache-2.0 */
/* Prometheus' HTTP API (prometheus.io/docs/prometheus/latest/querying/api), and what Loki shares.
 */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include "cloud/cloud-priv.h"
#include "otelgate/base/clock.h"
#include "otelgate/base/parse.h"
#include "otelgate/codec/jwrite.h"

void cl_float(struct og_buf *b, double v)
{
	char text[40];

	if (isnan(v)) {
		og_buf_lit(b, "NaN");
		return;
	}
	if (isinf(v)) {
		og_buf_str(b, v > 0 ? "+Inf" : "-Inf");
		return;
	}
	/* the shortest text that reads back */
	for (int digits = 15; digits <= 17; digits++) {
		snprintf(text, sizeof(text), "%.*g", digits, v);
		if (fabs(strtod(text, NULL) - v) <= 0)
			break;
	}
	if (strchr(text, 'e') && fabs(v) < 1e21 && fabs(v) >= 1)
		snprintf(text, sizeof(text), "%.0f", v);
	og_buf_str(b, text);
}

static void timestamp(struct og_buf *b, int64_t ms)
{
	og_buf_fmt(b, "%" PRId64, ms / 1000);
	if (ms % 1000)
		og_buf_fmt(b, ".%03d", (int)(ms % 1000));
}

static void value(struct og_buf *b, int64_t ms, double v)
{
	og_buf_ch(b, '[');
	timestamp(b, ms);
	og_buf_lit(b, ",\"");
	cl_float(b, v);
	og_buf_lit(b, "\"]");
}

/* Seconds (a fraction may follow), RFC 3339, and with Loki whole nanoseconds. */
bool cl_time_ms(struct og_sv s, bool loki, int64_t *ret)
{
	char text[48], *end;
	int64_t ns;
	double v;

	if (!s.n || s.n >= sizeof(text))
		return false;
	if (!og_parse_rfc3339(s, &ns, NULL)) {
		*ret = ns / OG_NS_PER_MS;
		return true;
	}
	if (loki && s.n > 10 && !og_parse_i64(s, 0, INT64_MAX, &ns, NULL)) {
		*ret = ns / OG_NS_PER_MS;
		return true;
	}
	memcpy(text, s.p, s.n);
	text[s.n] = '\0';
	v = strtod(text, &end);
	if (*end || !isfinite(v) || fabs(v) > 9e12)
		return false;
	*ret = (int64_t)llround(v * 1000.0);
	return true;
}

void cl_envelope_open(struct cl_req *q, const char *type)
{
	og_buf_reset(&q->out);
	og_buf_lit(&q->out, "{\"status\":\"success\",");
	if (q->fault.kind == CL_F_WARNINGS) {
		og_buf_lit(&q->out, "\"warnings\":[");
		og_jw_str(&q->out, og_svz(q->fault.text));
		og_buf_lit(&q->out, "],");
	}
	og_buf_fmt(&q->out, "\"data\":{\"resultType\":\"%s\",\"result\":[", type);
}

static void close_envelope(struct cl_req *q)
{
	og_buf_ch(&q->out, ']');
	if (q->host == OG_CLOUD_LOKI)
		og_buf_lit(&q->out, ",\"stats\":{\"summary\":{\"execTime\":0.001}}");
	og_buf_lit(&q->out, "}}");
	cl_json(q, 200);
}

static void eval_failed(struct cl_req *q, const struct cl_eval *ev)
{
	if (q->host == OG_CLOUD_LOKI)
		cl_text(q, ev->status, "%s\n", ev->why);
	else
		cl_bad_data(q, ev->status, ev->kind, "%s", ev->why);
}

static struct cl_eval begin(struct cl_req *q, int64_t limit)
{
	return (struct cl_eval){.c = q->c,
		.a = q->a,
		.loki = q->host == OG_CLOUD_LOKI,
		.now_mono = cl_mono_ms(),
		.limit = limit};
}

static bool within(const struct cl_eval *ev, uint64_t n)
{
	return !ev->loki || !ev->limit || n <= (uint64_t)ev->limit;
}

static void over(struct cl_req *q, int64_t limit)
{
	cl_text(q, 400,
		"maximum number of series (%lld) reached for a single query; consider reducing "
		"query cardinality by adding more specific stream selectors, reducing the time "
		"range, or aggregating results with functions like sum(), count() or topk()\n",
		(long long)limit);
}

/* With mu held. */
void cl_query_instant(struct cl_req *q, struct cl_expr *e, int64_t t, int64_t limit)
{
	struct cl_eval ev = begin(q, limit);
	struct cl_vec v = {0};

	if (!cl_eval(&ev, e, t, &v)) {
		eval_failed(q, &ev);
		return;
	}
	if (!within(&ev, v.nv)) {
		over(q, limit);
		return;
	}
	if (v.scalar) {
		og_buf_lit(&q->out, "{\"status\":\"success\",\"data\":{\"resultType\":\"scalar\","
				    "\"result\":");
		value(&q->out, t, v.v[0].v);
		og_buf_lit(&q->out, "}}");
		cl_json(q, 200);
		return;
	}
	cl_envelope_open(q, "vector");
	for (uint32_t i = 0; i < v.nv; i++) {
		og_buf_str(&q->out, i ? ",{\"metric\":" : "{\"metric\":");
		cl_lset_json(&q->out, &v.v[i].labels);
		og_buf_lit(&q->out, ",\"value\":");
		value(&q->out, t, v.v[i].v);
		og_buf_ch(&q->out, '}');
	}
	close_envelope(q);
}

struct line {
	struct cl_lset labels;
	struct og_buf values;
	uint32_t n;
};
struct lines {
	CL_VEC(struct line, l);
};

static bool add_step(struct cl_eval *ev, struct og_map *map, struct lines *all,
	const struct cl_vec *v, int64_t t)
{
	for (uint32_t i = 0; i < v->nv; i++) {
		struct og_sv key = cl_lset_key(ev->a, &v->v[i].labels);
		uintptr_t at = key.p ? (uintptr_t)og_map_get(map, key) : 0;
		struct line *l;

		if (!at) {
			l = cl_push(ev->a, all, l);
			at = all->nl;
			if (!l || !key.p || !og_map_set(map, key, (void *)at))
				return false;
			l->labels = v->v[i].labels;
			og_buf_init(&l->values, 0);
		}
		l = &all->l[at - 1];
		if (l->n++)
			og_buf_ch(&l->values, ',');
		value(&l->values, t, v->v[i].v);
	}
	return true;
}

void cl_query_range(
	struct cl_req *q, struct cl_expr *e, int64_t from, int64_t to, int64_t step, int64_t limit)
{
	struct cl_eval ev = begin(q, limit);
	struct lines all = {0};
	struct og_map map;
	bool ok = true;

	og_map_init(&map, 31, q->a);
	for (int64_t t = from; ok && t <= to; t += step) {
		struct cl_vec v = {0};

		ok = cl_eval(&ev, e, t, &v);
		if (ok && !add_step(&ev, &map, &all, &v, t)) {
			ev.status = 500;
			ev.kind = "internal";
			ok = false;
		}
	}
	if (!ok) {
		eval_failed(q, &ev);
	} else if (!within(&ev, all.nl)) {
		over(q, limit);
	} else {
		cl_envelope_open(q, "matrix");
		for (uint32_t i = 0; i < all.nl; i++) {
			og_buf_str(&q->out, i ? ",{\"metric\":" : "{\"metric\":");
			cl_lset_json(&q->out, &all.l[i].labels);
			og_buf_lit(&q->out, ",\"values\":[");
			og_buf_sv(&q->out, og_buf_view(&all.l[i].values));
			og_buf_lit(&q->out, "]}");
		}
		close_envelope(q);
	}
	for (uint32_t i = 0; i < all.nl; i++)
		og_buf_fini(&all.l[i].values);
}

static bool time_param(struct cl_req *q, const char *name, int64_t def, int64_t *ret)
{
	struct og_sv s = cl_param(q, name);

	*ret = def;
	if (!s.n || cl_time_ms(s, false, ret))
		return true;
	cl_bad_data(q, 400, "bad_data",
		"invalid parameter \"%s\": cannot parse \"%.*s\" to a valid timestamp", name,
		(int)(s.n > 100 ? 100 : s.n), s.p);
	return false;
}

static bool step_param(struct cl_req *q, int64_t *ret)
{
	struct og_sv s = cl_param(q, "step");
	int64_t ms;

	if (!cl_duration_ms(s, &ms) && (!cl_time_ms(s, false, &ms)))
		ms = 0;
	if (ms <= 0) {
		cl_bad_data(q, 400, "bad_data",
			"invalid parameter \"step\": zero or negative query resolution step widths "
			"are not accepted. Try a positive integer");
		return false;
	}
	*ret = ms;
	return true;
}

static void query(struct cl_req *q, bool range)
{
	struct cl_parsed p;
	int64_t now = cl_now_ms(q->c), t, from = 0, to = 0, step = 0;

	if (!range && !time_param(q, "time", now, &t))
		return;
	if (range && (!time_param(q, "start", 0, &from) || !time_param(q, "end", 0, &to) ||
			     !step_param(q, &step)))
		return;
	if (range && to < from) {
		cl_bad_data(q, 400, "bad_data",
			"invalid parameter \"end\": end timestamp must not be before start time");
		return;
	}
	if (range && (to - from) / step > CL_POINTS) {
		cl_bad_data(q, 400, "bad_data",
			"exceeded maximum resolution of 11,000 points per timeseries. Try "
			"decreasing the query resolution (?step=XX)");
		return;
	}
	if (!cl_expr_parse(q->a, cl_param(q, "query"), false, &p))
		cl_bad_data(q, 400, "bad_data", "%s", p.why);
	else if (range)
		cl_query_range(q, p.root, from, to, step, q->c->set.prom_series);
	else
		cl_query_instant(q, p.root, t, q->c->set.prom_series);
	cl_expr_fini(&p);
}

/* Series with a visible sample in [from, to]. */
static bool lively(struct cl_req *q, const struct cl_series *s, int64_t from, int64_t to)
{
	int64_t now = cl_mono_ms();

	if (!cl_shown(q->c, OG_CLOUD_PROM, &s->labels))
		return false;
	for (uint32_t i = s->n; i > 0; i--) {
		const struct cl_sample *x = &s->ring[(s->first + i - 1) % s->cap];

		if (x->ts_ms >= from && x->ts_ms <= to &&
			cl_seen(q->c, OG_CLOUD_PROM, x->recv_ms, now))
			return true;
	}
	return false;
}

static int words(const void *a, const void *b)
{
	return og_sv_cmp(*(const struct og_sv *)a, *(const struct og_sv *)b);
}

static void word_list(struct cl_req *q, struct og_map *set)
{
	struct og_sv *v = og_arena_alloc(q->a, (og_map_count(set) + 1) * sizeof(*v));
	size_t n = 0;

	og_buf_lit(&q->out, "{\"status\":\"success\",\"data\":[");
	if (v) {
		og_map_for (set, e)
			v[n++] = e->key;
	}
	if (n)
		qsort(v, n, sizeof(*v), words);
	for (size_t i = 0; i < n; i++) {
		if (i)
			og_buf_ch(&q->out, ',');
		og_jw_str(&q->out, v[i]);
	}
	og_buf_lit(&q->out, "]}");
	cl_json(q, 200);
}

enum what { W_SERIES, W_LABELS, W_VALUES };

static bool any_selector(const struct cl_parsed *p, uint32_t n, const struct cl_series *s)
{
	for (uint32_t i = 0; i < n; i++)
		if (cl_sel_match(&p[i].root->sel, &s->labels))
			return true;
	return n == 0;
}

/* match[] of the request, parsed; false = answered. */
static bool matchers(struct cl_req *q, struct cl_parsed *p, uint32_t max, uint32_t *n)
{
	*n = 0;
	for (uint32_t i = 0; i < q->nparams; i++) {
		if (!og_sv_is(q->params[i].k, "match[]"))
			continue;
		if (*n == max || !cl_expr_parse(q->a, q->params[i].v, false, &p[*n]) ||
			p[*n].root->type != CL_E_SELECTOR) {
			cl_bad_data(q, 400, "bad_data", "invalid parameter \"match[]\": %s",
				*n < max ? p[*n].why : "too many");
			*n += *n < max;
			return false;
		}
		++*n;
	}
	return true;
}

static void listing(struct cl_req *q, enum what what, struct og_sv label)
{
	struct cl_parsed p[16];
	uint32_t n = 0, out = 0;
	int64_t from, to, now = cl_now_ms(q->c);
	struct og_map set;
	bool ok = time_param(q, "start", now - 6 * 3600 * 1000, &from) &&
		  time_param(q, "end", now, &to) && matchers(q, p, OG_COUNT(p), &n);

	og_map_init(&set, 32, q->a);
	if (ok && what == W_SERIES && !n) {
		cl_bad_data(q, 400, "bad_data", "no match[] parameter provided");
		ok = false;
	}
	if (ok && what == W_SERIES)
		og_buf_lit(&q->out, "{\"status\":\"success\",\"data\":[");
	for (struct cl_series *s = q->c->st.series_list; ok && s; s = s->next) {
		if (!any_selector(p, n, s) || !lively(q, s, from, to))
			continue;
		if (what == W_SERIES) {
			if (out++)
				og_buf_ch(&q->out, ',');
			cl_lset_json(&q->out, &s->labels);
		} else if (what == W_VALUES) {
			struct og_sv v = cl_lset_get(&s->labels, label);

			if (v.n)
				og_map_set(&set, v, &set);
		} else {
			for (uint32_t i = 0; i < s->labels.n; i++)
				og_map_set(&set, s->labels.l[i].k, &set);
		}
	}
	if (ok && what == W_SERIES) {
		og_buf_lit(&q->out, "]}");
		cl_json(q, 200);
	} else if (ok) {
		word_list(q, &set);
	}
	for (uint32_t i = 0; i < n; i++)
		cl_expr_fini(&p[i]);
}

static void exemplars(struct cl_req *q)
{
	struct cl_parsed p;
	int64_t from, to, now = cl_now_ms(q->c), mono = cl_mono_ms();
	bool any = false;

	if (!time_param(q, "start", now - 3600 * 1000, &from) || !time_param(q, "end", now, &to))
		return;
	if (!cl_expr_parse(q->a, cl_param(q, "query"), false, &p)) {
		cl_bad_data(q, 400, "bad_data", "%s", p.why);
		cl_expr_fini(&p);
		return;
	}
	og_buf_lit(&q->out, "{\"status\":\"success\",\"data\":[");
	for (struct cl_series *s = q->c->st.series_list; s; s = s->next) {
		bool hit = false, first = true;

		/* every selector of the expression counts */
		for (struct cl_expr *e = p.all; e && s->nex; e = e->next)
			hit = hit || ((e->type == CL_E_SELECTOR || e->type == CL_E_RANGE) &&
					     cl_sel_match(&e->sel, &s->labels));
		for (uint32_t i = 0; hit && i < CL_EXEMPLARS && i < s->nex; i++) {
			const struct cl_held_exemplar *x = &s->ex[i];

			if (x->ts_ms < from || x->ts_ms > to ||
				!cl_seen(q->c, OG_CLOUD_PROM, x->recv_ms, mono))
				continue;
			if (first) {
				og_buf_str(&q->out,
					any ? ",{\"seriesLabels\":" : "{\"seriesLabels\":");
				cl_lset_json(&q->out, &s->labels);
				og_buf_lit(&q->out, ",\"exemplars\":[");
			}
			og_buf_str(&q->out, first ? "{\"labels\":" : ",{\"labels\":");
			cl_lset_json(&q->out, &x->labels);
			og_buf_lit(&q->out, ",\"value\":\"");
			cl_float(&q->out, x->v);
			og_buf_lit(&q->out, "\",\"timestamp\":");
			timestamp(&q->out, x->ts_ms);
			og_buf_ch(&q->out, '}');
			first = false;
			any = true;
		}
		if (!first)
			og_buf_lit(&q->out, "]}");
	}
	og_buf_lit(&q->out, "]}");
	cl_json(q, 200);
	cl_expr_fini(&p);
}

void cl_prom_http(struct cl_req *q)
{
	struct og_sv prefix = OG_SV("/api/prom/api/v1/"), path, name;
	bool get = og_sv_is(q->method, "GET"), post = og_sv_is(q->method, "POST");

	path = og_sv_starts(q->path, prefix) ? og_sv(q->path.p + prefix.n, q->path.n - prefix.n)
					     : og_svz("");
	pthread_mutex_lock(&q->c->mu);
	if (!get && !post) {
		cl_text(q, 405, "Method Not Allowed\n");
	} else if (og_sv_is(path, "query") || og_sv_is(path, "query_range")) {
		query(q, og_sv_is(path, "query_range"));
	} else if (og_sv_is(path, "series")) {
		listing(q, W_SERIES, path);
	} else if (og_sv_is(path, "labels")) {
		listing(q, W_LABELS, path);
	} else if (og_sv_is(path, "query_exemplars")) {
		exemplars(q);
	} else if (og_sv_starts(path, OG_SV("label/")) && og_sv_ends(path, OG_SV("/values")) &&
		   path.n > 13) {
		name = og_sv(path.p + 6, path.n - 13);
		listing(q, W_VALUES, name);
	} else {
		cl_text(q, 404, "404 page not found\n");
	}
	pthread_mutex_unlock(&q->c->mu);
}
