/* SPDX-License-Identifier: Apache-2.0 */
/* Evaluation at one moment; everything with the cloud's mutex held. */
#include <math.h>
#include <regex.h>
#include <stdio.h>
#include "cloud/cloud-priv.h"
#include "otelgate/base/clock.h"

/* Values of one series within a range, oldest first. */
struct run {
	struct cl_lset labels;
	bool native;
	CL_VEC(struct cl_sample, s);
};
struct runs {
	CL_VEC(struct run, r);
};

static bool fail(struct cl_eval *ev, int status, const char *kind, const char *why)
{
	ev->status = status;
	ev->kind = kind;
	snprintf(ev->why, sizeof(ev->why), "%s", why);
	return false;
}

static bool oom(struct cl_eval *ev)
{
	return fail(ev, 422, "execution", "the query needs more memory than the simulator has");
}

bool cl_sel_match(const struct cl_sel *s, const struct cl_lset *labels)
{
	for (uint32_t i = 0; i < s->nm; i++)
		if (!cl_match(&s->m[i], cl_lset_get(labels, s->m[i].k)))
			return false;
	return true;
}

static bool push(struct cl_eval *ev, struct cl_vec *v, struct cl_lset labels, int64_t ts, double x)
{
	struct cl_vrow *row = cl_push(ev->a, v, v);

	if (!row)
		return oom(ev);
	*row = (struct cl_vrow){.labels = labels, .ts_ms = ts, .v = x};
	return true;
}

static struct cl_series *first_series(struct cl_eval *ev, const struct cl_sel *s)
{
	return s->name.n ? og_map_get(&ev->c->st.by_name, s->name) : ev->c->st.series_list;
}

static struct cl_series *next_series(const struct cl_sel *s, const struct cl_series *at)
{
	return s->name.n ? at->next_of_name : at->next;
}

static bool wanted(struct cl_eval *ev, const struct cl_sel *s, const struct cl_series *at)
{
	return cl_sel_match(s, &at->labels) && cl_shown(ev->c, OG_CLOUD_PROM, &at->labels);
}

static bool eval_selector(
	struct cl_eval *ev, const struct cl_expr *e, int64_t t, struct cl_vec *ret)
{
	t -= e->offset_ms;
	for (struct cl_series *s = first_series(ev, &e->sel); s; s = next_series(&e->sel, s)) {
		if (!wanted(ev, &e->sel, s))
			continue;
		for (uint32_t i = s->n; i > 0; i--) {
			const struct cl_sample *x = &s->ring[(s->first + i - 1) % s->cap];

			if (x->ts_ms > t ||
				!cl_seen(ev->c, OG_CLOUD_PROM, x->recv_ms, ev->now_mono))
				continue;
			if (x->ts_ms <= t - CL_LOOKBACK_MS)
				break;
			if (!push(ev, ret, s->labels, x->ts_ms, x->v))
				return false;
			ret->v[ret->nv - 1].native = s->native;
			break;
		}
	}
	return true;
}

static bool range_of_series(
	struct cl_eval *ev, const struct cl_expr *e, int64_t t, struct runs *ret)
{
	int64_t from = t - e->range_ms;

	for (struct cl_series *s = first_series(ev, &e->sel); s; s = next_series(&e->sel, s)) {
		struct run *r = NULL;

		if (!wanted(ev, &e->sel, s))
			continue;
		for (uint32_t i = 0; i < s->n; i++) {
			const struct cl_sample *x = &s->ring[(s->first + i) % s->cap];
			struct cl_sample *at;

			if (x->ts_ms <= from || x->ts_ms > t ||
				!cl_seen(ev->c, OG_CLOUD_PROM, x->recv_ms, ev->now_mono))
				continue;
			if (!r && !(r = cl_push(ev->a, ret, r)))
				return oom(ev);
			r->labels = s->labels;
			r->native = s->native;
			at = cl_push(ev->a, r, s);
			if (!at)
				return oom(ev);
			*at = *x;
		}
	}
	return true;
}

/* A number for each different set. */
struct slots {
	struct og_map map;
	uint32_t n;
};

static int64_t slot(struct cl_eval *ev, struct slots *s, const struct cl_lset *l)
{
	char key[24];
	struct og_map_entry *en;
	bool is_new;

	/* 64 bits of a keyed hash of all names and values */
	memcpy(key, &l->hash, 8);
	memcpy(key + 8, &l->n, 4);
	en = og_map_put(&s->map, og_sv(key, 12), &is_new);
	if (!en) {
		oom(ev);
		return -1;
	}
	if (is_new)
		en->value = (void *)(uintptr_t)(++s->n);
	return (int64_t)(uintptr_t)en->value - 1;
}

static bool range_of_subquery(
	struct cl_eval *ev, const struct cl_expr *e, int64_t t, struct runs *ret)
{
	struct slots slots = {.n = 0};
	int64_t from = t - e->range_ms, at = from / e->step_ms * e->step_ms;

	og_map_init(&slots.map, 21, ev->a);
	if (e->range_ms / e->step_ms > CL_POINTS)
		return fail(ev, 422, "execution", "exceeded maximum resolution of 11,000 points");
	for (at += at <= from ? e->step_ms : 0; at <= t; at += e->step_ms) {
		struct cl_vec v = {0};

		if (!cl_eval(ev, e->a, at, &v))
			return false;
		for (uint32_t i = 0; i < v.nv; i++) {
			int64_t k = slot(ev, &slots, &v.v[i].labels);
			struct cl_sample *x;
			struct run *r = k < 0	       ? NULL
					: k == ret->nr ? cl_push(ev->a, ret, r)
						       : &ret->r[k];

			x = r ? cl_push(ev->a, r, s) : NULL;
			if (!x)
				return oom(ev);
			r->labels = v.v[i].labels;
			r->native = v.v[i].native;
			*x = (struct cl_sample){.ts_ms = at, .v = v.v[i].v};
		}
	}
	return true;
}

/* Prometheus' extrapolation (promql/functions.go, extrapolatedRate). */
static bool rate(const struct run *r, int64_t from, int64_t to, bool per_second, double *ret)
{
	const struct cl_sample *a = r->s, *b = &r->s[r->ns - 1];
	double sum, span, avg, to_start, to_end, limit, out;

	if (r->ns < 2 || a->ts_ms == b->ts_ms)
		return false;
	sum = b->v - a->v;
	for (uint32_t i = 1; i < r->ns; i++)
		if (r->s[i].v < r->s[i - 1].v)
			sum += r->s[i - 1].v;
	span = (double)(b->ts_ms - a->ts_ms);
	avg = span / (double)(r->ns - 1);
	limit = avg * 1.1;
	to_start = (double)(a->ts_ms - from);
	to_end = (double)(to - b->ts_ms);
	if (to_start >= limit)
		to_start = avg / 2;
	if (sum > 0 && a->v >= 0) {
		double zero = span * (a->v / sum);

		if (zero < to_start)
			to_start = zero;
	}
	if (to_end >= limit)
		to_end = avg / 2;
	out = sum * ((span + to_start + to_end) / span);
	*ret = per_second ? out / ((double)(to - from) / 1000.0) : out;
	return true;
}

static bool over_time(struct og_sv fn, const struct run *r, int64_t from, int64_t to, double *ret)
{
	double sum = 0, best = r->s[0].v;
	bool max = og_sv_is(fn, "max_over_time");

	if (og_sv_is(fn, "rate") || og_sv_is(fn, "increase"))
		return rate(r, from, to, og_sv_is(fn, "rate"), ret);
	for (uint32_t i = 0; i < r->ns; i++) {
		sum += r->s[i].v;
		if (max ? r->s[i].v > best : r->s[i].v < best)
			best = r->s[i].v;
	}
	if (og_sv_is(fn, "last_over_time"))
		*ret = r->s[r->ns - 1].v;
	else if (max || og_sv_is(fn, "min_over_time"))
		*ret = best;
	else if (og_sv_is(fn, "sum_over_time"))
		*ret = sum;
	else if (og_sv_is(fn, "avg_over_time"))
		*ret = sum / r->ns;
	else if (og_sv_is(fn, "count_over_time"))
		*ret = r->ns;
	else
		*ret = 1; /* present_over_time */
	return true;
}

static void nameless(struct cl_eval *ev, const struct cl_lset *l, struct cl_lset *ret)
{
	static const struct og_sv name = {"__name__", 8};

	if (!l->n || !og_sv_eq(l->l[0].k, name))
		*ret = *l; /* upper case sorts before it: then it is looked for below */
	for (uint32_t i = 0; i < l->n; i++)
		if (og_sv_eq(l->l[i].k, name)) {
			cl_lset_project(ev->a, l, &name, 1, false, ret);
			return;
		}
}

static bool call_range(struct cl_eval *ev, const struct cl_expr *e, int64_t t, struct cl_vec *ret)
{
	struct runs runs = {0};
	int64_t to = t - e->a->offset_ms, from = to - e->a->range_ms;
	bool last = og_sv_is(e->fn, "last_over_time");

	if (e->a->type == CL_E_RANGE ? !range_of_series(ev, e->a, to, &runs)
				     : !range_of_subquery(ev, e->a, to, &runs))
		return false;
	for (uint32_t i = 0; i < runs.nr; i++) {
		struct cl_lset l = runs.r[i].labels;
		double v;

		if (!over_time(e->fn, &runs.r[i], from, to, &v))
			continue;
		if (!last) /* which keeps the name */
			nameless(ev, &runs.r[i].labels, &l);
		if (!push(ev, ret, l, t, v))
			return false;
		ret->v[ret->nv - 1].native = runs.r[i].native;
	}
	return true;
}

static bool line_filters(const struct cl_sel *s, const struct cl_line *l, const struct cl_lset *all)
{
	for (uint32_t i = 0; i < s->nfilters; i++) {
		const struct cl_filter *f = &s->filters[i];
		bool hit;

		if (f->kind == 'l')
			hit = cl_match(&f->m, cl_lset_get(all, f->m.k));
		else if (f->m.op == '~')
			hit = cl_match(&f->m, l->line) != f->negate;
		else
			hit = og_sv_has(l->line, f->m.v) != f->negate;
		if (!hit)
			return false;
	}
	return true;
}

bool cl_line_match(struct og_arena *a, const struct cl_sel *s, const struct cl_stream *st,
	const struct cl_line *l, struct cl_lset *ret)
{
	struct cl_label *all = og_arena_alloc(a, (st->labels.n + l->meta.n + 1) * sizeof(*all));

	if (!all)
		return false;
	if (st->labels.n)
		memcpy(all, st->labels.l, st->labels.n * sizeof(*all));
	if (l->meta.n)
		memcpy(all + st->labels.n, l->meta.l, l->meta.n * sizeof(*all));
	cl_lset_seal(ret, all, st->labels.n + l->meta.n);
	return line_filters(s, l, ret);
}

/* Lines of a range by their labels, metadata included: `group` names those that matter above, so
 * that a million lines do not become a million series that are summed at once. */
static bool call_logs(struct cl_eval *ev, const struct cl_expr *e, int64_t t,
	const struct cl_expr *agg, struct cl_vec *ret)
{
	const struct cl_sel *sel = &e->a->sel;
	int64_t from = (t - e->a->range_ms) * OG_NS_PER_MS, to = t * OG_NS_PER_MS;
	bool bytes = og_sv_starts(e->fn, OG_SV("bytes"));
	double per = og_sv_ends(e->fn, OG_SV("rate")) ? (double)e->a->range_ms / 1000.0 : 1.0;
	struct slots slots = {.n = 0};

	og_map_init(&slots.map, 22, ev->a);
	for (struct cl_stream *s = ev->c->st.stream_list; s; s = s->next) {
		if (!cl_sel_match(sel, &s->labels) || !cl_shown(ev->c, OG_CLOUD_LOKI, &s->labels))
			continue;
		for (uint32_t i = 0; i < s->n; i++) {
			const struct cl_line *l = s->ring[(s->first + i) % s->cap];
			struct cl_lset labels;
			int64_t k;

			if (l->ts_ns <= from || l->ts_ns > to ||
				!cl_seen(ev->c, OG_CLOUD_LOKI, l->recv_ms, ev->now_mono) ||
				!cl_line_match(ev->a, sel, s, l, &labels))
				continue;
			if (agg)
				cl_lset_project(
					ev->a, &labels, agg->by, agg->nby, !agg->without, &labels);
			k = slot(ev, &slots, &labels);
			if (k < 0 || (k == ret->nv && !push(ev, ret, labels, t, 0)))
				return false;
			ret->v[k].v += (bytes ? (double)l->line.n : 1.0) / per;
		}
	}
	return !ev->a->failed || oom(ev);
}

static bool call_vector(struct cl_eval *ev, const struct cl_expr *e, int64_t t, struct cl_vec *ret)
{
	struct cl_vec v = {0};
	bool ts = og_sv_is(e->fn, "timestamp");

	if (!cl_eval(ev, e->a, t, &v))
		return false;
	for (uint32_t i = 0; i < v.nv; i++) {
		struct cl_lset l;
		double x = v.v[i].v;

		if (og_sv_is(e->fn, "histogram_count") && !v.v[i].native)
			continue;
		nameless(ev, &v.v[i].labels, &l);
		/* the sample's own time for a selector, else that of the evaluation */
		if (ts)
			x = (double)(e->a->type == CL_E_SELECTOR ? v.v[i].ts_ms : t) / 1000.0;
		else if (og_sv_is(e->fn, "abs"))
			x = fabs(x);
		else if (og_sv_is(e->fn, "ceil"))
			x = ceil(x);
		else if (og_sv_is(e->fn, "floor"))
			x = floor(x);
		else if (og_sv_is(e->fn, "round"))
			x = floor(x + 0.5);
		if (!push(ev, ret, l, t, x))
			return false;
	}
	return true;
}

/* $1 … $9 of a replacement. */
static struct og_sv expand(
	struct cl_eval *ev, struct og_sv text, struct og_sv v, const regmatch_t *g)
{
	og_auto_buf struct og_buf b = OG_BUF_INIT(0);

	for (size_t i = 0; i < text.n; i++) {
		char d = i + 1 < text.n ? text.p[i + 1] : '\0';

		if (text.p[i] != '$' || d < '1' || d > '8') {
			og_buf_ch(&b, text.p[i]);
			continue;
		}
		i++;
		if (g[d - '0' + 1].rm_so >= 0)
			og_buf_add(&b, v.p + g[d - '0' + 1].rm_so,
				(size_t)(g[d - '0' + 1].rm_eo - g[d - '0' + 1].rm_so));
	}
	return og_arena_sv(ev->a, og_buf_view(&b));
}

static bool label_replace(
	struct cl_eval *ev, const struct cl_expr *e, int64_t t, struct cl_vec *ret)
{
	struct cl_vec v = {0};

	if (!e->sel.m[0].re)
		return fail(ev, 422, "execution", "invalid regular expression in label_replace()");
	if (!cl_eval(ev, e->a, t, &v))
		return false;
	for (uint32_t i = 0; i < v.nv; i++) {
		struct cl_lset l = v.v[i].labels;
		struct og_sv src = og_arena_sv(ev->a, cl_lset_get(&l, e->by[2]));
		regmatch_t g[11] = {{.rm_so = 0, .rm_eo = (regoff_t)src.n}};
		struct cl_label *all;

		if (regexec(e->sel.m[0].re, src.p ? src.p : "", OG_COUNT(g), g, REG_STARTEND) ==
			0) {
			cl_lset_project(ev->a, &l, &e->by[0], 1, false, &l);
			all = og_arena_alloc(ev->a, (l.n + 1) * sizeof(*all));
			if (!all)
				return oom(ev);
			if (l.n)
				memcpy(all, l.l, l.n * sizeof(*all));
			all[l.n] = (struct cl_label){e->by[0], expand(ev, e->by[1], src, g)};
			cl_lset_seal(&l, all, l.n + 1);
		}
		if (!push(ev, ret, l, v.v[i].ts_ms, v.v[i].v))
			return false;
		ret->v[ret->nv - 1].native = v.v[i].native;
	}
	return true;
}

static bool eval_call(struct cl_eval *ev, const struct cl_expr *e, int64_t t, struct cl_vec *ret)
{
	if (!e->a) { /* time() */
		ret->scalar = true;
		return push(ev, ret, (struct cl_lset){0}, t, (double)t / 1000.0);
	}
	if (og_sv_is(e->fn, "label_replace"))
		return label_replace(ev, e, t, ret);
	if (og_sv_is(e->fn, "vector"))
		return push(ev, ret, (struct cl_lset){0}, t, e->a->num);
	if (ev->loki)
		return call_logs(ev, e, t, NULL, ret);
	if (e->a->type == CL_E_RANGE || e->a->type == CL_E_SUBQUERY)
		return call_range(ev, e, t, ret);
	return call_vector(ev, e, t, ret);
}

struct group {
	double v;
	uint32_t n;
};

static void fold(struct og_sv fn, double *acc, double v, uint32_t n)
{
	if (og_sv_is(fn, "count"))
		*acc = n;
	else if (og_sv_is(fn, "group"))
		*acc = 1;
	else if (n == 1)
		*acc = v;
	else if (og_sv_is(fn, "max"))
		*acc = v > *acc ? v : *acc;
	else if (og_sv_is(fn, "min"))
		*acc = v < *acc ? v : *acc;
	else if (og_sv_is(fn, "avg"))
		*acc += (v - *acc) / n;
	else
		*acc += v;
}

static bool too_many(struct cl_eval *ev, uint64_t n)
{
	if (!ev->limit || n <= (uint64_t)ev->limit)
		return true;
	ev->status = ev->loki ? 400 : 422;
	ev->kind = "execution";
	if (ev->loki)
		snprintf(ev->why, sizeof(ev->why),
			"maximum number of series (%lld) reached for a single query; consider "
			"reducing query cardinality by adding more specific stream selectors, "
			"reducing the time range, or aggregating results with functions like "
			"sum(), count() or topk()",
			(long long)ev->limit);
	else
		snprintf(ev->why, sizeof(ev->why),
			"the query exceeded the maximum number of series (limit: %lld series) "
			"(err-mimir-max-series-per-query)",
			(long long)ev->limit);
	return false;
}

static bool eval_agg(struct cl_eval *ev, const struct cl_expr *e, int64_t t, struct cl_vec *ret)
{
	struct cl_vec v = {0};
	struct slots slots = {.n = 0};
	/* Loki splits these into shards that see few series each; of others the inner answer has
	 * to stay under the limit too */
	bool sharded = ev->loki && e->a->type == CL_E_CALL && e->a->a &&
		       e->a->a->type == CL_E_RANGE &&
		       (og_sv_is(e->fn, "sum") || og_sv_is(e->fn, "count") ||
			       og_sv_is(e->fn, "max") || og_sv_is(e->fn, "min"));
	bool sum = sharded && og_sv_is(e->fn, "sum");
	uint32_t *count;

	if (sum ? !call_logs(ev, e->a, t, e, &v) : !cl_eval(ev, e->a, t, &v))
		return false;
	if (ev->loki && !sharded && !too_many(ev, v.nv))
		return false;
	og_map_init(&slots.map, 23, ev->a);
	count = og_arena_calloc(ev->a, v.nv + 1, sizeof(*count));
	if (!count)
		return oom(ev);
	for (uint32_t i = 0; i < v.nv; i++) {
		static const struct og_sv name = {"__name__", 8};
		struct cl_lset l;
		int64_t k;

		cl_lset_project(ev->a, &v.v[i].labels, e->by, e->nby, !e->without, &l);
		if (e->without)
			cl_lset_project(ev->a, &l, &name, 1, false, &l);
		k = slot(ev, &slots, &l);
		if (k < 0 || (k == ret->nv && !push(ev, ret, l, t, 0)))
			return false;
		fold(e->fn, &ret->v[k].v, v.v[i].v, ++count[k]);
	}
	return true;
}

static bool arith(struct og_sv op, double a, double b, double *ret)
{
	if (og_sv_is(op, "+"))
		*ret = a + b;
	else if (og_sv_is(op, "-"))
		*ret = a - b;
	else if (og_sv_is(op, "*"))
		*ret = a * b;
	else if (og_sv_is(op, "/"))
		*ret = b != 0  ? a / b
		       : a > 0 ? (double)INFINITY
		       : a < 0 ? -(double)INFINITY
			       : (double)NAN;
	else
		return false;
	return true;
}

static bool compare(struct og_sv op, double a, double b)
{
	/* floats are compared as PromQL compares them */
	if (og_sv_is(op, "=="))
		return !(a < b) && !(a > b) && !isnan(a) && !isnan(b);
	if (og_sv_is(op, "!="))
		return a < b || a > b || isnan(a) || isnan(b);
	if (og_sv_is(op, ">"))
		return a > b;
	if (og_sv_is(op, "<"))
		return a < b;
	return og_sv_is(op, ">=") ? a >= b : a <= b;
}

/* One pair; false = no row comes of it. */
static bool combine(const struct cl_expr *e, double a, double b, double keep, double *ret)
{
	if (arith(e->fn, a, b, ret))
		return true;
	*ret = e->boolean ? (double)compare(e->fn, a, b) : keep;
	return e->boolean || compare(e->fn, a, b);
}

static bool is_arith(struct og_sv op)
{
	return op.n == 1 && strchr("+-*/", op.p[0]);
}

static void match_key(
	struct cl_eval *ev, const struct cl_expr *e, const struct cl_lset *l, struct cl_lset *ret)
{
	nameless(ev, l, ret);
	if (e->on || e->ignoring)
		cl_lset_project(ev->a, ret, e->by, e->nby, e->on, ret);
}

static bool set_op(struct cl_eval *ev, const struct cl_expr *e, struct cl_vec *a, struct cl_vec *b,
	struct cl_vec *ret)
{
	bool or = og_sv_is(e->fn, "or"), and = og_sv_is(e->fn, "and");
	struct slots seen = {.n = 0};
	const struct cl_vec *has = or ? a : b, *from = or ? b : a;
	struct cl_lset l;
	uint32_t n;

	og_map_init(&seen.map, 24, ev->a);
	for (uint32_t i = 0; i < has->nv; i++) {
		match_key(ev, e, &has->v[i].labels, &l);
		if (slot(ev, &seen, &l) < 0)
			return false;
	}
	for (uint32_t i = 0; or &&i < a->nv; i++)
		if (!push(ev, ret, a->v[i].labels, a->v[i].ts_ms, a->v[i].v))
			return false;
	n = seen.n;
	for (uint32_t i = 0; i < from->nv; i++) {
		int64_t k;

		match_key(ev, e, &from->v[i].labels, &l);
		k = slot(ev, &seen, &l);
		if (k < 0)
			return false;
		if ((k < n) ==
			and&&!push(ev, ret, from->v[i].labels, from->v[i].ts_ms, from->v[i].v))
			return false;
	}
	return true;
}

static bool one_to_one(struct cl_eval *ev, const struct cl_expr *e, struct cl_vec *a,
	struct cl_vec *b, struct cl_vec *ret)
{
	struct slots slots = {.n = 0};
	struct cl_lset l;
	bool *used = og_arena_calloc(ev->a, b->nv + 1, sizeof(*used));

	if (!used)
		return oom(ev);
	og_map_init(&slots.map, 25, ev->a);
	for (uint32_t i = 0; i < b->nv; i++) {
		int64_t k;

		match_key(ev, e, &b->v[i].labels, &l);
		k = slot(ev, &slots, &l);
		if (k < 0)
			return false;
		if (k != i)
			return fail(ev, 422, "execution",
				"found duplicate series for the match group on the right hand-side "
				"of the operation;many-to-many matching not allowed: matching "
				"labels must be unique on one side");
	}
	for (uint32_t i = 0; i < a->nv; i++) {
		double v;
		int64_t k;

		match_key(ev, e, &a->v[i].labels, &l);
		k = slot(ev, &slots, &l);
		if (k < 0)
			return false;
		if (k >= b->nv)
			continue;
		if (used[k])
			return fail(ev, 422, "execution",
				"multiple matches for labels: many-to-one matching must be "
				"explicit (group_left/group_right)");
		used[k] = true;
		if (!combine(e, a->v[i].v, b->v[k].v, a->v[i].v, &v))
			continue;
		if (!is_arith(e->fn) && !e->boolean)
			l = a->v[i].labels;
		if (!push(ev, ret, l, a->v[i].ts_ms, v))
			return false;
	}
	return true;
}

static bool eval_binary(struct cl_eval *ev, const struct cl_expr *e, int64_t t, struct cl_vec *ret)
{
	struct cl_vec a = {0}, b = {0}, *v;
	bool set = og_sv_is(e->fn, "or") || og_sv_is(e->fn, "and") || og_sv_is(e->fn, "unless");

	if (!cl_eval(ev, e->a, t, &a) || !cl_eval(ev, e->b, t, &b))
		return false;
	if (set && (a.scalar || b.scalar))
		return fail(ev, 400, "bad_data",
			"set operator not allowed in binary scalar "
			"expression");
	if (set)
		return set_op(ev, e, &a, &b, ret);
	if (!a.scalar && !b.scalar)
		return one_to_one(ev, e, &a, &b, ret);
	v = a.scalar ? &b : &a;
	ret->scalar = a.scalar && b.scalar;
	if (ret->scalar && !is_arith(e->fn) && !e->boolean)
		return fail(ev, 400, "bad_data",
			"comparisons between scalars must use BOOL "
			"modifier");
	for (uint32_t i = 0; i < v->nv; i++) {
		struct cl_lset l = v->v[i].labels;
		double x, left = a.scalar ? a.v[0].v : v->v[i].v,
			  right = b.scalar ? b.v[0].v : v->v[i].v;

		if (!combine(e, left, right, v->v[i].v, &x))
			continue;
		if (is_arith(e->fn) || e->boolean)
			nameless(ev, &v->v[i].labels, &l);
		if (!push(ev, ret, l, v->v[i].ts_ms, x))
			return false;
	}
	return true;
}

bool cl_eval(struct cl_eval *ev, const struct cl_expr *e, int64_t t, struct cl_vec *ret)
{
	bool ok;

	switch (e->type) {
	case CL_E_NUMBER:
		ret->scalar = true;
		return push(ev, ret, (struct cl_lset){0}, t, e->num);
	case CL_E_SELECTOR:
		ok = eval_selector(ev, e, t, ret);
		break;
	case CL_E_CALL:
		ok = eval_call(ev, e, t, ret);
		break;
	case CL_E_AGG:
		ok = eval_agg(ev, e, t, ret);
		break;
	case CL_E_BINARY:
		ok = eval_binary(ev, e, t, ret);
		break;
	default:
		return fail(ev, 400, "bad_data",
			"invalid expression type \"range vector\" for range query, must be Scalar "
			"or instant Vector");
	}
	return ok && (!ev->a->failed || oom(ev)) && (ev->loki || too_many(ev, ret->nv));
}
