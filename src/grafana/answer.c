/* SPDX-License-Identifier: Apache-2.0 */
/* A reply becomes an answer: the body of a success by its shape, everything else by its status. */
#include "answer-priv.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include "otelgate/base/harmless.h"
#include "otelgate/base/mem.h"
#include "otelgate/base/parse.h"

bool gf_int(struct og_jval v, int64_t *ret)
{
	struct og_sv raw;
	if (og_ji64(v, ret))
		return true;
	if (!og_jis(v, OG_J_STRING))
		return false;
	raw = og_jraw(v);
	return og_parse_i64(og_sv(raw.p + 1, raw.n - 2), INT64_MIN, INT64_MAX, ret, NULL) == 0;
}

bool gf_double(struct og_jval v, struct og_arena *a, double *ret)
{
	struct og_sv raw = og_jraw(v);
	char text[64];
	(void)a;
	if (og_jis(v, OG_J_STRING))
		raw = og_sv(raw.p + 1, raw.n - 2);
	else if (!og_jis(v, OG_J_NUMBER))
		return false;
	if (!raw.n || raw.n >= sizeof(text))
		return false;
	static const struct {
		const char *word;
		double value;
	} words[] = {{"NaN", (double)NAN}, {"+Inf", (double)INFINITY}, {"-Inf", -(double)INFINITY},
		{"Inf", (double)INFINITY}, {"Infinity", (double)INFINITY},
		{"-Infinity", -(double)INFINITY}};
	for (size_t i = 0; i < OG_COUNT(words); i++) {
		if (og_sv_eq(raw, og_svz(words[i].word))) {
			*ret = words[i].value;
			return true;
		}
	}
	/* whole numbers are most of them */
	uint64_t n = 0;
	size_t i = 0;
	while (i < raw.n && i < 15 && raw.p[i] >= '0' && raw.p[i] <= '9')
		n = n * 10 + (uint64_t)(raw.p[i++] - '0');
	if (i == raw.n) {
		*ret = (double)n;
		return true;
	}
	for (i = 0; i < raw.n; i++) {
		if (!strchr("0123456789+-.eE", raw.p[i]) || !raw.p[i])
			return false;
	}
	memcpy(text, raw.p, raw.n);
	text[raw.n] = '\0';
	char *end;
	*ret = strtod(text, &end); /* the program's locale is C */
	return end == text + raw.n;
}

int64_t gf_seconds(double v)
{
	return v >= 0 && v < 4e18 ? (int64_t)v : 0;
}

void gf_warn(struct gf_read *g, struct og_sv text, bool partial)
{
	g->out->rows.partial |= partial;
	if (!g->out->rows.warning.n && text.n)
		g->out->rows.warning = gf_quote(g, text, GF_WARNING_BYTES);
}

void gf_say(struct gf_read *g, enum og_gf_state s, enum og_gf_why w, const char *fmt, ...)
{
	char text[OG_GF_MESSAGE_BYTES + 1];
	va_list ap;
	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	g->out->state = s;
	g->out->why = w;
	g->out->message = og_harmless(og_svz(text), OG_GF_MESSAGE_BYTES, g->a);
	if (!g->out->message.n)
		g->out->message = OG_SV("no memory for the answer");
}

/* Rows of an earlier time than what was asked to be fresh prove nothing but that there was one. */
static void judge(struct gf_read *g)
{
	const struct og_gf_http *q = g->asked;
	struct og_gf_answer *o = g->out;
	if (g->complete_without_rows) {
		o->state = OG_GF_PRESENT;
		return;
	}
	o->state = o->rows.n ? OG_GF_PRESENT : OG_GF_EMPTY;
	if (!o->rows.n || !q->fresh_s)
		return;
	for (uint32_t i = 0; i < o->rows.n; i++) {
		int64_t last = o->rows.v[i].last_s;
		if (!last || last >= o->asked_s - q->fresh_s)
			return;
	}
	o->state = OG_GF_STALE;
}

const char *gf_who(const struct og_gf_http *h)
{
	return h->who ? h->who : og_gf_backend_name(h->backend);
}

static bool (*const readers[OG_GF_SHAPE_COUNT_])(struct gf_read *) = {
	[OG_GF_SHAPE_PROM] = gf_read_prom,
	[OG_GF_SHAPE_SERIES] = gf_read_series,
	[OG_GF_SHAPE_EXEMPLARS] = gf_read_exemplars,
	[OG_GF_SHAPE_TEMPO_METRICS] = gf_read_tempo_metrics,
	[OG_GF_SHAPE_TEMPO_SEARCH] = gf_read_tempo_search,
	[OG_GF_SHAPE_TEMPO_VALUES] = gf_read_tempo_values,
	[OG_GF_SHAPE_TEMPO_TRACE] = gf_read_tempo_trace,
	[OG_GF_SHAPE_PYRO_SERIES] = gf_read_pyro_series,
	[OG_GF_SHAPE_PYRO_NAMES] = gf_read_pyro_names,
};

static void not_readable(struct gf_read *g, int rc, const struct og_err *err)
{
	const char *who = gf_who(g->asked);
	struct og_sv body = g->r->body;
	if (gf_is_html(g->r)) {
		gf_say(g, OG_GF_WRONG_PATH, OG_GF_WHY_WEB_PAGE,
			"%s answers with a web page (HTTP %d): the URL is not its API, or a proxy or a "
			"login page stands in between",
			who, g->r->http);
		return;
	}
	if (rc == -OG_E_LIMIT) {
		gf_say(g, OG_GF_BACKEND_ERROR, OG_GF_WHY_TOO_LARGE,
			"the answer of %s has more values than are read: ask for a smaller part",
			who);
		g->out->too_large = true;
		return;
	}
	if (rc == -OG_E_OOM) {
		gf_say(g, OG_GF_BACKEND_ERROR, OG_GF_WHY_MEMORY,
			"no memory for the answer of %s: ask for a smaller part", who);
		g->out->too_large = true;
		return;
	}
	const char *what = body.n == 0 ? "is empty"
			   : body.n > 2 && memcmp(body.p, "\x1f\x8b", 2) == 0
				   ? "is compressed without saying so"
				   : "is no whole JSON document";
	gf_say(g, OG_GF_BACKEND_ERROR, OG_GF_WHY_SHAPE,
		"the answer of %s %s (HTTP %d, %zu bytes%s%s)", who, what, g->r->http, body.n,
		err->msg[0] && body.n ? "; " : "", body.n ? err->msg : "");
}

static void read_echo(struct gf_read *g)
{
	if (!gf_is_html(g->r) && og_sv_starts(og_sv_trim(g->r->body), OG_SV("echo"))) {
		g->out->state = OG_GF_PRESENT;
		return;
	}
	gf_say(g, OG_GF_WRONG_PATH, gf_is_html(g->r) ? OG_GF_WHY_WEB_PAGE : OG_GF_WHY_SHAPE,
		"%s does not answer as it does: the URL is another server's", gf_who(g->asked));
}

static void read_success(struct gf_read *g)
{
	static const struct og_jlimits limits = {
		.max_bytes = GF_BODY_MAX, .max_depth = 64, .max_tokens = GF_TOKENS_MAX};
	struct og_err err = OG_ERR_INIT;
	struct og_jdoc *d = og_arena_new(g->a, struct og_jdoc);
	if (g->asked->shape == OG_GF_SHAPE_RAW && !gf_is_html(g->r)) {
		g->out->state = OG_GF_PRESENT;
		g->out->body = g->r->body;
		return;
	}
	if (g->asked->shape == OG_GF_SHAPE_ECHO) {
		read_echo(g);
		return;
	}
	int rc = d ? og_jdoc_parse(d, g->a, g->r->body, &limits, &err) : -OG_E_OOM;
	if (rc < 0) {
		not_readable(g, rc, &err);
		return;
	}
	g->root = og_jroot(d);
	gf_rows_init(&g->rows, g->a, g->asked->backend, &g->out->rows, 0);
	bool ok = readers[g->asked->shape](g);
	if (g->rows.failed || g->a->failed) {
		g->out->rows = (struct og_gf_rows){.n = 0};
		not_readable(g, -OG_E_OOM, &err);
		return;
	}
	if (!ok) {
		g->out->rows = (struct og_gf_rows){.n = 0};
		if (!g->out->message.n)
			gf_say(g, OG_GF_BACKEND_ERROR, OG_GF_WHY_SHAPE,
				"the answer of %s is JSON, but not what %s answers",
				gf_who(g->asked), gf_who(g->asked));
		return;
	}
	if (g->asked->limit && g->out->rows.n >= g->asked->limit)
		g->out->rows.partial = true;
	if (g->made_s)
		g->out->asked_s = g->made_s;
	judge(g);
}

void og_gf_answer_read(const struct og_gf_http *asked, const struct og_gf_reply *r,
	struct og_arena *a, struct og_gf_answer *ret)
{
	struct gf_read g = {.asked = asked, .r = r, .a = a, .out = ret};
	*ret = (struct og_gf_answer){.http = r->http, .retry_after_ms = -1, .message = OG_SV("")};
	ret->asked_s = r->asked_s ? r->asked_s : r->now_s;
	ret->backend = asked->backend;
	ret->query = asked->text;
	if (r->http == 200)
		read_success(&g);
	else
		gf_classify(&g);
	if (!og_gf_state_is_answer(ret->state))
		ret->rows = (struct og_gf_rows){.n = 0};
}
