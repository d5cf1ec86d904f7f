/* SPDX-License-Identifier: Apache-2.0 */
/* Tempo (proto3 JSON: what is zero or empty is left out) and Pyroscope (Connect JSON). */
#include <math.h>
#include "answer-priv.h"

/* {"metrics":{"completedJobs":3,"totalJobs":4}}, {"status":"PARTIAL","message":"…"} */
static void read_completeness(struct gf_read *g)
{
	int64_t done = 0, total = 0;
	struct og_jval m = og_jgetl(g->root, "metrics"), status = og_jgetl(g->root, "status");
	struct og_sv message = og_jstr_or_empty(og_jgetl(g->root, "message"), g->a);
	(void)gf_int(og_jgetl(m, "completedJobs"), &done);
	if (gf_int(og_jgetl(m, "totalJobs"), &total) && done < total)
		gf_warn(g, message.n ? message : OG_SV("not all of the blocks were searched"),
			true);
	if (og_jstr_is(status, "PARTIAL") || og_jstr_is(status, "1"))
		gf_warn(g, message.n ? message : OG_SV("the answer is partial"), true);
}

/* A Tempo answer is an object with at least one of these; others are not from it. */
static bool is_tempo(struct gf_read *g, const char *member)
{
	if (!og_jis(g->root, OG_J_OBJECT))
		return false;
	bool known = og_jcount(g->root) == 0 || !og_junset(og_jgetl(g->root, "metrics")) ||
		     !og_junset(og_jget(g->root, og_svz(member)));
	if (known)
		read_completeness(g);
	return known;
}

/* OTLP's AnyValue, as text. */
static struct og_sv any_value(struct gf_read *g, struct og_jval v)
{
	struct og_jval s = og_jgetl(v, "stringValue");
	if (og_jis(s, OG_J_STRING))
		return og_jstr_or_empty(s, g->a);
	static const char *const others[] = {"intValue", "doubleValue", "boolValue"};
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		struct og_jval o = og_jget(v, og_svz(others[i]));
		if (og_jis(o, OG_J_STRING))
			return og_jstr_or_empty(o, g->a);
		if (!og_junset(o))
			return og_jraw(o);
	}
	return OG_SV("");
}

static bool tempo_labels(struct gf_read *g, struct og_jval list)
{
	if (!og_jis(list, OG_J_ARRAY))
		return og_junset(list);
	og_jfor (it, list) {
		struct og_jval key = og_jgetl(it.val, "key");
		if (!og_jis(key, OG_J_STRING))
			return false;
		gf_rows_label(&g->rows, og_jstr_or_empty(key, g->a),
			any_value(g, og_jgetl(it.val, "value")));
	}
	return true;
}

/* Newest sample of a range answer. */
static bool newest_sample(struct gf_read *g, struct og_jval samples, double *value, int64_t *ms)
{
	og_jfor (it, samples) {
		int64_t at = 0;
		double v = 0;
		struct og_jval jv = og_jgetl(it.val, "value"), jt = og_jgetl(it.val, "timestampMs");
		if ((!og_junset(jv) && !gf_double(jv, g->a, &v)) ||
			(!og_junset(jt) && !gf_int(jt, &at)))
			return false;
		if (v > 0 && at >= *ms) {
			*ms = at;
			*value = v;
		}
	}
	return true;
}

bool gf_read_tempo_metrics(struct gf_read *g)
{
	if (!is_tempo(g, "series"))
		return false;
	struct og_jval list = og_jgetl(g->root, "series");
	if (og_junset(list))
		return true;
	if (!og_jis(list, OG_J_ARRAY))
		return false;
	gf_rows_init(&g->rows, g->a, OG_GF_TEMPO, &g->out->rows, og_jcount(list));
	og_jfor (it, list) {
		double value = 0;
		int64_t ms = 0;
		struct og_jval v = og_jgetl(it.val, "value"), s = og_jgetl(it.val, "samples");
		gf_rows_begin(&g->rows);
		if (!og_jis(it.val, OG_J_OBJECT) || !tempo_labels(g, og_jgetl(it.val, "labels")) ||
			(!og_junset(v) && !gf_double(v, g->a, &value)) ||
			!newest_sample(g, s, &value, &ms))
			return false;
		/* zero spans are none: a group that a range answer fills up */
		if (isnan(value) || value <= 0)
			continue;
		gf_rows_end(&g->rows, value, ms / 1000);
	}
	return true;
}

bool gf_read_tempo_search(struct gf_read *g)
{
	if (!is_tempo(g, "traces"))
		return false;
	struct og_jval list = og_jgetl(g->root, "traces");
	if (og_junset(list))
		return true;
	if (!og_jis(list, OG_J_ARRAY))
		return false;
	og_jfor (it, list) {
		int64_t ns = 0;
		struct og_jval start = og_jgetl(it.val, "startTimeUnixNano");
		struct og_sv id =
			gf_trace_id(g, og_jstr_or_empty(og_jgetl(it.val, "traceID"), g->a));
		gf_rows_begin(&g->rows);
		if (!id.n || (!og_junset(start) && (!gf_int(start, &ns) || ns < 0)))
			return false;
		g->rows.row.key[OG_GF_KEY_TRACE] = id;
		gf_rows_label(&g->rows, OG_SV("resource.service.name"),
			og_jstr_or_empty(og_jgetl(it.val, "rootServiceName"), g->a));
		gf_rows_end(&g->rows, 1, ns / 1000000000);
	}
	return true;
}

bool gf_read_tempo_values(struct gf_read *g)
{
	if (!is_tempo(g, "tagValues"))
		return false;
	struct og_jval list = og_jgetl(g->root, "tagValues");
	if (og_junset(list))
		return true;
	if (!og_jis(list, OG_J_ARRAY))
		return false;
	og_jfor (it, list) {
		/* {"type":"string","value":"x"}; bare strings in v1 */
		struct og_jval v = og_jis(it.val, OG_J_OBJECT) ? og_jgetl(it.val, "value") : it.val;
		if (!og_jis(v, OG_J_STRING))
			return false;
		gf_rows_begin(&g->rows);
		gf_rows_label(&g->rows, OG_SV("resource.service.name"), og_jstr_or_empty(v, g->a));
		gf_rows_end(&g->rows, 0, 0);
	}
	return true;
}

static uint32_t spans_of(struct og_jval batch, int64_t *newest_ns)
{
	static const char *const scopes[] = {
		"scopeSpans", "instrumentationLibrarySpans", "ilSpans"};
	uint32_t n = 0;
	for (size_t i = 0; i < sizeof(scopes) / sizeof(scopes[0]); i++) {
		og_jfor (scope, og_jget(batch, og_svz(scopes[i]))) {
			og_jfor (span, og_jgetl(scope.val, "spans")) {
				int64_t ns = 0;
				(void)gf_int(og_jgetl(span.val, "startTimeUnixNano"), &ns);
				*newest_ns = ns > *newest_ns ? ns : *newest_ns;
				n++;
			}
		}
	}
	return n;
}

/* v2: {"trace":{"resourceSpans":[…]}}, {} for one that is not there; v1: {"batches":[…]}. */
bool gf_read_tempo_trace(struct gf_read *g)
{
	if (!is_tempo(g, "trace") && og_junset(og_jgetl(g->root, "batches")))
		return false;
	struct og_jval trace = og_jgetl(g->root, "trace");
	struct og_jval v1 = og_jgetl(g->root, "batches");
	struct og_jval list = og_junset(v1) ? og_jgetl(trace, "resourceSpans") : v1;
	if (og_junset(list))
		list = og_jgetl(trace, "batches");
	if (og_junset(list))
		return true;
	if (!og_jis(list, OG_J_ARRAY))
		return false;
	og_jfor (it, list) {
		int64_t ns = 0;
		gf_rows_begin(&g->rows);
		og_jfor (at, og_jpath(it.val, "resource", "attributes", NULL))
			gf_rows_label(&g->rows, og_jstr_or_empty(og_jgetl(at.val, "key"), g->a),
				any_value(g, og_jgetl(at.val, "value")));
		uint32_t n = spans_of(it.val, &ns);
		if (n)
			gf_rows_end(&g->rows, n, ns / 1000000000);
	}
	return true;
}

/* {"labelsSet":[{"labels":[{"name","value"}]}]}; {} when there is none. */
bool gf_read_pyro_series(struct gf_read *g)
{
	struct og_jval list = og_jgetl(g->root, "labelsSet");
	if (!og_jis(g->root, OG_J_OBJECT) || (og_junset(list) && og_jcount(g->root)))
		return false;
	if (og_junset(list))
		return true;
	if (!og_jis(list, OG_J_ARRAY))
		return false;
	gf_rows_init(&g->rows, g->a, OG_GF_PYROSCOPE, &g->out->rows, og_jcount(list));
	og_jfor (it, list) {
		gf_rows_begin(&g->rows);
		if (!og_jis(it.val, OG_J_OBJECT))
			return false;
		og_jfor (l, og_jgetl(it.val, "labels")) {
			struct og_jval name = og_jgetl(l.val, "name");
			if (!og_jis(name, OG_J_STRING))
				return false;
			gf_rows_label(&g->rows, og_jstr_or_empty(name, g->a),
				og_jstr_or_empty(og_jgetl(l.val, "value"), g->a));
		}
		gf_rows_end(&g->rows, 0, 0);
	}
	return true;
}

bool gf_read_pyro_names(struct gf_read *g)
{
	struct og_jval list = og_jgetl(g->root, "names");
	if (!og_jis(g->root, OG_J_OBJECT) || (og_junset(list) && og_jcount(g->root)) ||
		(!og_junset(list) && !og_jis(list, OG_J_ARRAY)))
		return false;
	g->complete_without_rows = true;
	return true;
}
