/* SPDX-License-Identifier: Apache-2.0 */
/* Loki's HTTP API (loki docs/sources/reference/loki-http-api.md). */
#include <inttypes.h>
#include <stdlib.h>
#include "cloud/cloud-priv.h"
#include "otelgate/base/clock.h"
#include "otelgate/base/parse.h"
#include "otelgate/codec/jwrite.h"

static bool time_param(struct cl_req *q, const char *name, int64_t def, int64_t *ret)
{
	struct og_sv s = cl_param(q, name);

	*ret = def;
	if (!s.n || cl_time_ms(s, true, ret))
		return true;
	cl_text(q, 400, "could not parse '%s' parameter: could not parse time\n", name);
	return false;
}

static bool window(struct cl_req *q, int64_t span_ms, int64_t *from, int64_t *to)
{
	struct og_sv since = cl_param(q, "since");

	if (since.n && !cl_duration_ms(since, &span_ms)) {
		cl_text(q, 400, "could not parse 'since' parameter\n");
		return false;
	}
	if (!time_param(q, "end", cl_now_ms(q->c), to))
		return false;
	if (!time_param(q, "start", *to - span_ms, from))
		return false;
	if (*to >= *from)
		return true;
	cl_text(q, 400, "end timestamp must not be before or equal to start time\n");
	return false;
}

/* Whether a visible line is in [from, to). */
static bool lively(struct cl_req *q, const struct cl_stream *s, int64_t from, int64_t to)
{
	int64_t now = cl_mono_ms();

	if (!cl_shown(q->c, OG_CLOUD_LOKI, &s->labels))
		return false;
	for (uint32_t i = s->n; i > 0; i--) {
		const struct cl_line *l = s->ring[(s->first + i - 1) % s->cap];
		int64_t ms = l->ts_ns / OG_NS_PER_MS;

		if (ms >= from && ms <= to && cl_seen(q->c, OG_CLOUD_LOKI, l->recv_ms, now))
			return true;
	}
	return false;
}

struct found {
	const struct cl_line *l;
	struct cl_lset labels;
};
struct founds {
	CL_VEC(struct found, f);
};

static int newest(const void *a, const void *b)
{
	const struct found *x = a, *y = b;

	if (x->l->ts_ns != y->l->ts_ns)
		return x->l->ts_ns > y->l->ts_ns ? -1 : 1;
	return cl_lset_cmp(&x->labels, &y->labels);
}

/* Streams come apart by all their labels, metadata included, as Loki shows them. */
static void lines(
	struct cl_req *q, const struct cl_expr *e, int64_t from, int64_t to, int64_t limit)
{
	struct founds all = {0};
	int64_t now = cl_mono_ms();
	bool *done;

	for (struct cl_stream *s = q->c->st.stream_list; s; s = s->next) {
		if (!cl_sel_match(&e->sel, &s->labels) ||
			!cl_shown(q->c, OG_CLOUD_LOKI, &s->labels))
			continue;
		for (uint32_t i = 0; i < s->n; i++) {
			const struct cl_line *l = s->ring[(s->first + i) % s->cap];
			int64_t ms = l->ts_ns / OG_NS_PER_MS;
			struct cl_lset labels;
			struct found *f;

			if (ms < from || ms > to ||
				!cl_seen(q->c, OG_CLOUD_LOKI, l->recv_ms, now) ||
				!cl_line_match(q->a, &e->sel, s, l, &labels))
				continue;
			f = cl_push(q->a, &all, f);
			if (f)
				*f = (struct found){l, labels};
		}
	}
	if (all.nf)
		qsort(all.f, all.nf, sizeof(*all.f), newest);
	if (all.nf > limit)
		all.nf = (uint32_t)limit;
	done = og_arena_calloc(q->a, all.nf + 1, sizeof(*done));
	cl_envelope_open(q, "streams");
	for (uint32_t i = 0, n = 0; done && i < all.nf; i++) {
		if (done[i])
			continue;
		og_buf_str(&q->out, n++ ? ",{\"stream\":" : "{\"stream\":");
		cl_lset_json(&q->out, &all.f[i].labels);
		og_buf_lit(&q->out, ",\"values\":[");
		for (uint32_t k = i; k < all.nf; k++) {
			if (!cl_lset_eq(&all.f[k].labels, &all.f[i].labels))
				continue;
			done[k] = true;
			og_buf_fmt(&q->out, "%s[\"%" PRId64 "\",", k > i ? "," : "",
				all.f[k].l->ts_ns);
			og_jw_str(&q->out, all.f[k].l->line);
			og_buf_ch(&q->out, ']');
		}
		og_buf_lit(&q->out, "]}");
	}
	og_buf_lit(&q->out, "],\"stats\":{\"summary\":{\"execTime\":0.001}}}}");
	cl_json(q, 200);
}

static void query(struct cl_req *q, bool range)
{
	struct cl_parsed p;
	int64_t t, from = 0, to = 0, step = 0;
	uint64_t limit = 100;
	struct og_sv s = cl_param(q, "step"), lim = cl_param(q, "limit");

	if (!range && !time_param(q, "time", cl_now_ms(q->c), &t))
		return;
	if (range && !window(q, 3600 * 1000, &from, &to))
		return;
	if (s.n && !cl_duration_ms(s, &step) && !cl_time_ms(s, false, &step))
		step = -1;
	if (!s.n) /* as Loki: a 250th of the range, at least a second */
		step = (to - from) / 250 > 1000 ? (to - from) / 250 : 1000;
	if (step <= 0 || (lim.n && og_parse_u64(lim, 1, 5000, &limit, NULL))) {
		cl_text(q, 400,
			"zero or negative query resolution step widths, and limits outside "
			"1 to 5000, are not accepted. Try a positive integer\n");
		return;
	}
	if (range && (to - from) / step > CL_POINTS) {
		cl_text(q, 400,
			"exceeded maximum resolution of 11,000 points per time series. Try "
			"increasing the value of the step parameter\n");
		return;
	}
	if (!cl_expr_parse(q->a, cl_param(q, "query"), true, &p))
		cl_text(q, 400, "%s\n", p.why);
	else if (p.root->type == CL_E_LOGS && range)
		lines(q, p.root, from, to, (int64_t)limit);
	else if (p.root->type == CL_E_LOGS)
		cl_text(q, 400,
			"log queries are not supported as an instant query type, please "
			"change your query to a range query type\n");
	else if (range)
		cl_query_range(q, p.root, from, to, step, q->c->set.loki_series);
	else
		cl_query_instant(q, p.root, t, q->c->set.loki_series);
	cl_expr_fini(&p);
}

enum { MAX_MATCH = 32 };

static bool matchers(struct cl_req *q, const char *name, struct cl_parsed *p, uint32_t *n)
{
	*n = 0;
	for (uint32_t i = 0; i < q->nparams; i++) {
		struct og_sv v = q->params[i].v;

		if (!og_sv_eq(q->params[i].k, og_svz(name)) || !v.n || og_sv_is(v, "{}"))
			continue;
		if (*n == MAX_MATCH) {
			cl_text(q, 400, "too many matchers\n");
			return false;
		}
		if (!cl_expr_parse(q->a, v, true, &p[(*n)++]) ||
			p[*n - 1].root->type != CL_E_LOGS) {
			cl_text(q, 400, "%s\n", p[*n - 1].why);
			return false;
		}
	}
	return true;
}

static bool any_selector(const struct cl_parsed *p, uint32_t n, const struct cl_stream *s)
{
	for (uint32_t i = 0; i < n; i++)
		if (cl_sel_match(&p[i].root->sel, &s->labels))
			return true;
	return n == 0;
}

static int words(const void *a, const void *b)
{
	return og_sv_cmp(*(const struct og_sv *)a, *(const struct og_sv *)b);
}

static void word_list(struct cl_req *q, struct og_map *set)
{
	struct og_sv *v = og_arena_alloc(q->a, (og_map_count(set) + 1) * sizeof(*v));
	size_t n = 0;

	if (v) {
		og_map_for (set, e)
			v[n++] = e->key;
	}
	if (n)
		qsort(v, n, sizeof(*v), words);
	og_buf_lit(&q->out, "{\"status\":\"success\"");
	for (size_t i = 0; i < n; i++) {
		og_buf_str(&q->out, i ? "," : ",\"data\":[");
		og_jw_str(&q->out, v[i]);
	}
	og_buf_str(&q->out, n ? "]}" : "}"); /* nothing found: no data at all */
	cl_json(q, 200);
}

/* kind: 's' series, 'l' labels, 'v' values of `label`. */
static void listing(struct cl_req *q, char kind, struct og_sv label)
{
	struct cl_parsed p[MAX_MATCH];
	struct og_map set;
	uint32_t n = 0, out = 0;
	int64_t from, to;
	bool ok = window(q, 6 * 3600 * 1000, &from, &to) &&
		  matchers(q, kind == 's' ? "match[]" : "query", p, &n);

	og_map_init(&set, 41, q->a);
	if (ok && kind == 's')
		og_buf_lit(&q->out, "{\"status\":\"success\",\"data\":[");
	for (struct cl_stream *s = q->c->st.stream_list; ok && s; s = s->next) {
		if (!any_selector(p, n, s) || !lively(q, s, from, to))
			continue;
		if (kind == 's') {
			if (out++)
				og_buf_ch(&q->out, ',');
			cl_lset_json(&q->out, &s->labels);
		} else if (kind == 'v') {
			if (cl_lset_get(&s->labels, label).n)
				og_map_set(&set, cl_lset_get(&s->labels, label), &set);
		} else {
			for (uint32_t i = 0; i < s->labels.n; i++)
				og_map_set(&set, s->labels.l[i].k, &set);
		}
	}
	if (ok && kind == 's') {
		og_buf_lit(&q->out, "]}");
		cl_json(q, 200);
	} else if (ok) {
		word_list(q, &set);
	}
	for (uint32_t i = 0; i < n; i++)
		cl_expr_fini(&p[i]);
}

void cl_loki_http(struct cl_req *q)
{
	struct og_sv prefix = OG_SV("/loki/api/v1/");
	struct og_sv path = og_sv(q->path.p + prefix.n, q->path.n - prefix.n);

	pthread_mutex_lock(&q->c->mu);
	if (!og_sv_is(q->method, "GET") && !og_sv_is(q->method, "POST"))
		cl_text(q, 405, "Method Not Allowed\n");
	else if (og_sv_is(path, "query") || og_sv_is(path, "query_range"))
		query(q, og_sv_is(path, "query_range"));
	else if (og_sv_is(path, "series"))
		listing(q, 's', path);
	else if (og_sv_is(path, "labels") || og_sv_is(path, "label"))
		listing(q, 'l', path);
	else if (og_sv_starts(path, OG_SV("label/")) && og_sv_ends(path, OG_SV("/values")) &&
		 path.n > 13)
		listing(q, 'v', og_sv(path.p + 6, path.n - 13));
	else
		cl_text(q, 404, "404 page not found\n");
	pthread_mutex_unlock(&q->c->mu);
}

static uint32_t labels_of(
	struct cl_req *q, struct og_jval o, struct cl_label *l, uint32_t max, bool *bad)
{
	uint32_t n = 0;

	og_jfor (it, o) {
		if (n == max || !og_jis(it.val, OG_J_STRING)) {
			*bad = true;
			break;
		}
		l[n].k = og_jstr_or_empty(it.key, q->a);
		l[n++].v = og_jstr_or_empty(it.val, q->a);
	}
	return n;
}

/* One entry: ["ns", "line", {metadata}]. */
static bool entry(struct cl_req *q, const struct cl_lset *labels, struct og_jval v)
{
	struct cl_label meta[64];
	struct og_sv ts = og_jstr_or_empty(og_jat(v, 0), q->a);
	struct og_sv text = og_jstr_or_empty(og_jat(v, 1), q->a);
	int64_t ns;
	bool bad = false;
	uint32_t n = labels_of(q, og_jat(v, 2), meta, OG_COUNT(meta), &bad);

	if (bad || og_parse_i64(ts, 1, INT64_MAX, &ns, NULL))
		return false;
	return cl_loki_line(q->c, labels, ns, text, meta, n);
}

/* What a collector of pod logs sends; {"streams":[{"stream":{…},"values":[…]}]}. */
void cl_loki_push(struct cl_req *q)
{
	struct og_sv enc = cl_header(q, "content-encoding");
	struct og_jdoc d;
	bool large = false, bad = false;

	if (!og_sv_is(q->method, "POST")) {
		cl_text(q, 405, "Method Not Allowed\n");
		return;
	}
	if (!og_sv_starts(cl_header(q, "content-type"), OG_SV("application/json"))) {
		cl_text(q, 415, "only the JSON form is simulated\n");
		return;
	}
	if ((enc.n && !cl_gunzip(q->a, &q->body, 20 << 20, &large)) ||
		og_jdoc_parse(&d, q->a, q->body, NULL, NULL)) {
		cl_text(q, 400, "couldn't parse push request\n");
		return;
	}
	pthread_mutex_lock(&q->c->mu);
	og_jfor (st, og_jgetl(og_jroot(&d), "streams")) {
		struct cl_label l[64];
		struct cl_lset labels;
		uint32_t n = labels_of(q, og_jgetl(st.val, "stream"), l, OG_COUNT(l), &bad);

		if (!n)
			bad = true;
		cl_lset_seal(&labels, l, n);
		if (!cl_lset_get(&labels, OG_SV("service_name")).n && n < OG_COUNT(l)) {
			/* Loki finds a name by itself */
			struct og_sv name = cl_lset_get(&labels, OG_SV("app"));

			if (!name.n)
				name = cl_lset_get(&labels, OG_SV("container"));
			l[labels.n] = (struct cl_label){
				OG_SV("service_name"), name.n ? name : OG_SV("unknown_service")};
			cl_lset_seal(&labels, l, labels.n + 1);
		}
		og_jfor (v, og_jgetl(st.val, "values"))
			bad = bad || !entry(q, &labels, v.val);
	}
	pthread_mutex_unlock(&q->c->mu);
	if (bad) {
		cl_text(q, 400,
			"error at least one label pair is required per stream, and values "
			"of the form [\"ns\", \"line\"]\n");
		return;
	}
	q->status = 204;
}
