/* SPDX-License-Identifier: Apache-2.0 */
/* Prometheus, Mimir and Loki: one envelope. */
#include <math.h>
#include "answer-priv.h"

/* Warnings of old versions (Prometheus 2.48 … 2.55) hold what is only information. */
static void read_warnings(struct gf_read *g)
{
	og_jfor (it, og_jgetl(g->root, "warnings")) {
		struct og_sv w = og_jstr_or_empty(it.val, g->a);
		gf_warn(g, w, !og_sv_starts(w, OG_SV("PromQL info")));
	}
	og_jfor (it, og_jgetl(g->root, "infos"))
		gf_warn(g, og_jstr_or_empty(it.val, g->a), false);
}

/* {"status":"error"} with HTTP 200: some proxies lose the code. */
static bool is_error(struct gf_read *g)
{
	struct og_jval status = og_jgetl(g->root, "status");
	if (!og_jstr_is(status, "error"))
		return false;
	struct og_sv said = gf_error_text(g);
	bool less = gf_asks_for_less(said);
	gf_say(g, OG_GF_QUERY_ERROR, less ? OG_GF_WHY_TOO_LARGE : OG_GF_WHY_QUERY,
		"%s reports an error (HTTP %d): %.*s", gf_who(g->asked), g->r->http,
		OG_SV_ARG(said));
	g->out->too_large = less;
	return true;
}

static bool envelope(struct gf_read *g, struct og_jval *data)
{
	if (is_error(g) || !og_jstr_is(og_jgetl(g->root, "status"), "success"))
		return false;
	read_warnings(g);
	*data = og_jgetl(g->root, "data");
	return true;
}

static bool labels(struct gf_read *g, struct og_jval object)
{
	if (!og_jis(object, OG_J_OBJECT))
		return og_junset(object);
	og_jfor (it, object) {
		struct og_sv name = og_jstr_or_empty(it.key, g->a);
		if (!og_jis(it.val, OG_J_STRING))
			return false;
		/* most labels are none of ours: their values are not even looked at */
		gf_rows_label_raw(&g->rows, name, it.val);
	}
	return true;
}

/* [time, "value"] */
static bool sample(struct gf_read *g, struct og_jval pair, double *at, double *value)
{
	return og_jis(pair, OG_J_ARRAY) && og_jcount(pair) >= 2 &&
	       gf_double(og_jat(pair, 0), g->a, at) && gf_double(og_jat(pair, 1), g->a, value);
}

static void end_row(struct gf_read *g, double value)
{
	if (g->asked->value_is_time)
		gf_rows_end(&g->rows, 0, gf_seconds(value));
	else
		gf_rows_end(&g->rows, value, 0);
}

static bool read_vector(struct gf_read *g, struct og_jval result)
{
	og_jfor (it, result) {
		double at, value;
		gf_rows_begin(&g->rows);
		struct og_jval pair = og_jgetl(it.val, "value");
		if (!labels(g, og_jgetl(it.val, "metric")))
			return false;
		/* a native histogram has no "value" */
		if (og_junset(pair) && og_jis(og_jgetl(it.val, "histogram"), OG_J_ARRAY))
			continue;
		if (!sample(g, pair, &at, &value))
			return false;
		g->made_s = gf_seconds(at);
		if (isnan(value))
			continue; /* nothing divided by nothing */
		end_row(g, value);
	}
	return true;
}

/* The newest sample of each. */
static bool read_matrix(struct gf_read *g, struct og_jval result)
{
	og_jfor (it, result) {
		double at = 0, value = 0;
		gf_rows_begin(&g->rows);
		struct og_jval values = og_jgetl(it.val, "values");
		if (!labels(g, og_jgetl(it.val, "metric")))
			return false;
		if (!og_jcount(values) && og_jcount(og_jgetl(it.val, "histograms")))
			continue;
		if (!og_jis(values, OG_J_ARRAY) || !og_jcount(values) ||
			!sample(g, og_jat(values, og_jcount(values) - 1), &at, &value))
			return false;
		if (isnan(value))
			continue;
		gf_rows_end(&g->rows, value, gf_seconds(g->asked->value_is_time ? value : at));
	}
	return true;
}

/* Loki: {"stream":{labels},"values":[["ns","line"],…]}; the line itself is not kept. */
static bool read_streams(struct gf_read *g, struct og_jval result)
{
	og_jfor (it, result) {
		int64_t newest = 0, ns;
		struct og_jval values = og_jgetl(it.val, "values");
		gf_rows_begin(&g->rows);
		if (!labels(g, og_jgetl(it.val, "stream")) || !og_jis(values, OG_J_ARRAY))
			return false;
		og_jfor (line, values) {
			if (!gf_int(og_jat(line.val, 0), &ns) || ns < 0)
				return false;
			newest = ns > newest ? ns : newest;
		}
		gf_rows_end(&g->rows, og_jcount(values), newest / 1000000000);
	}
	return true;
}

bool gf_read_prom(struct gf_read *g)
{
	struct og_jval data, type, result;
	if (!envelope(g, &data))
		return false;
	type = og_jgetl(data, "resultType");
	result = og_jgetl(data, "result");
	/* Go writes an empty list that was never made as null */
	if (og_jis(result, OG_J_NULL) && og_jis(type, OG_J_STRING))
		return true;
	if (!og_jis(result, OG_J_ARRAY))
		return false;
	uint32_t n = og_jcount(result);
	if (og_jstr_is(type, "scalar") || og_jstr_is(type, "string")) {
		double at, value;
		gf_rows_init(&g->rows, g->a, g->asked->backend, &g->out->rows, 1);
		gf_rows_begin(&g->rows);
		if (!sample(g, result, &at, &value))
			return false;
		g->made_s = gf_seconds(at);
		end_row(g, value);
		return true;
	}
	gf_rows_init(&g->rows, g->a, g->asked->backend, &g->out->rows, n);
	if (og_jstr_is(type, "vector"))
		return read_vector(g, result);
	if (og_jstr_is(type, "matrix"))
		return read_matrix(g, result);
	return og_jstr_is(type, "streams") && read_streams(g, result);
}

bool gf_read_series(struct gf_read *g)
{
	struct og_jval data;
	if (!envelope(g, &data))
		return false;
	/* Loki leaves it out when there is none */
	if (og_junset(data))
		return true;
	if (!og_jis(data, OG_J_ARRAY))
		return false;
	gf_rows_init(&g->rows, g->a, g->asked->backend, &g->out->rows, og_jcount(data));
	og_jfor (it, data) {
		gf_rows_begin(&g->rows);
		if (!og_jis(it.val, OG_J_OBJECT) || !labels(g, it.val))
			return false;
		gf_rows_end(&g->rows, 0, 0);
	}
	return true;
}

struct og_sv gf_trace_id(struct gf_read *g, struct og_sv hex)
{
	if (!hex.n || hex.n > 32)
		return OG_SV("");
	char *p = og_arena_alloc(g->a, 32);
	if (!p)
		return OG_SV("");
	memset(p, '0', 32);
	for (size_t i = 0; i < hex.n; i++) {
		char c = hex.p[i];
		if (!c || !strchr("0123456789abcdefABCDEF", c))
			return OG_SV("");
		p[32 - hex.n + i] = (char)(c >= 'A' && c <= 'F' ? c + 32 : c);
	}
	return og_sv(p, 32);
}

/* One row per series; OTLP writes trace_id, Tempo's generator traceID, others have none. */
static bool read_exemplar(struct gf_read *g, struct og_jval series)
{
	double newest = 0, at, n = 0;
	struct og_sv id = OG_SV("");
	struct og_jval list = og_jgetl(series, "exemplars");
	if (!og_jis(list, OG_J_ARRAY))
		return false;
	og_jfor (it, list) {
		struct og_jval l = og_jgetl(it.val, "labels");
		struct og_sv hex = og_jstr_or_empty(og_jgetl(l, "trace_id"), g->a);
		if (!hex.n)
			hex = og_jstr_or_empty(og_jgetl(l, "traceID"), g->a);
		if (!gf_double(og_jgetl(it.val, "timestamp"), g->a, &at))
			return false;
		if (!hex.n)
			continue;
		n++;
		if (at >= newest) {
			newest = at;
			id = hex;
		}
	}
	if (n > 0) {
		g->rows.row.key[OG_GF_KEY_TRACE] = gf_trace_id(g, id);
		gf_rows_end(&g->rows, n, gf_seconds(newest));
	}
	return true;
}

bool gf_read_exemplars(struct gf_read *g)
{
	struct og_jval data;
	if (!envelope(g, &data))
		return false;
	if (og_jis(data, OG_J_NULL))
		return true;
	if (!og_jis(data, OG_J_ARRAY))
		return false;
	og_jfor (it, data) {
		gf_rows_begin(&g->rows);
		if (!labels(g, og_jgetl(it.val, "seriesLabels")) || !read_exemplar(g, it.val))
			return false;
	}
	return true;
}
