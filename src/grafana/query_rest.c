/* SPDX-License-Identifier: Apache-2.0 */
/* LogQL, TraceQL, and Pyroscope's requests. */
#include "otelgate/base/mem.h"
#include "otelgate/codec/jwrite.h"
#include "query-priv.h"

#define K(x) GF_BIT(OG_GF_KEY_##x)
enum {
	LOKI_BY = K(SERVICE_NAMESPACE) | K(SERVICE_NAME) | K(K8S_NAMESPACE) | K(K8S_POD) |
		  K(K8S_CONTAINER) | K(REVISION) | K(SDK_LANGUAGE) | K(ROUTE),
	LOKI_BY_SERVICE = K(SERVICE_NAMESPACE) | K(SERVICE_NAME) | K(K8S_NAMESPACE),
	/* four: Tempo refuses more */
	TEMPO_BY = K(SERVICE_NAMESPACE) | K(SERVICE_NAME) | K(K8S_POD) | K(REVISION),
	TEMPO_BY_SERVICE = K(SERVICE_NAMESPACE) | K(SERVICE_NAME),
	PYRO_BY = K(SERVICE_NAMESPACE) | K(SERVICE_NAME) | K(INSTANCE) | K(K8S_CLUSTER) |
		  K(K8S_NAMESPACE) | K(K8S_POD) | K(K8S_CONTAINER) | K(REVISION) | K(ROUTE),
};

/* label = value as a matcher, behind the service's name if there is one. */
static void put_named(struct gf_ask *t, struct og_buf *more, const char *service, const char *and,
	bool with_label)
{
	if (t->q->name.n) {
		og_buf_str(more, service);
		og_buf_ch(more, '=');
		og_gf_put_string(more, t->q->name);
	}
	if (with_label && t->q->label.n) {
		if (more->len)
			og_buf_str(more, and);
		if (t->backend == OG_GF_TEMPO)
			og_buf_sv(more, t->q->label);
		else
			gf_put_label(more, t->q->label);
		og_buf_ch(more, '=');
		og_gf_put_string(more, t->q->value);
	}
	t->text->failed |= more->failed;
}

static void loki_count(struct gf_ask *t, uint32_t by, const char *filter)
{
	struct og_buf *b = t->text;
	og_buf_lit(b, "sum ");
	gf_text_by(t, by);
	og_buf_lit(b, " (count_over_time({");
	gf_text_matchers(t, false, NULL);
	og_buf_ch(b, '}');
	og_buf_str(b, filter);
	og_buf_ch(b, ' ');
	gf_text_window(t);
	og_buf_lit(b, "))");
}

/* Those without a single one count too: nothing times the number of lines. */
static void loki_share(struct gf_ask *t)
{
	og_buf_ch(t->text, '(');
	loki_count(t, LOKI_BY_SERVICE, " | trace_id != \"\"");
	og_buf_lit(t->text, " or ");
	loki_count(t, LOKI_BY_SERVICE, "");
	og_buf_lit(t->text, " * 0) / ");
	loki_count(t, LOKI_BY_SERVICE, "");
}

static void loki_find(struct gf_ask *t)
{
	og_auto_buf struct og_buf more = OG_BUF_INIT(GF_TEXT_MAX);
	struct og_buf *b = t->text;
	put_named(t, &more, "service_name", ",", false);
	og_buf_ch(b, '{');
	gf_text_matchers(t, false, more.p);
	og_buf_ch(b, '}');
	if (t->q->label.n) {
		og_buf_lit(b, " | ");
		gf_put_label(b, t->q->label);
		og_buf_lit(b, " = ");
	} else {
		og_buf_lit(b, " |= ");
	}
	og_gf_put_string(b, t->q->value);
}

/* Each of the selectors; they count together. */
static void loki_streams(struct gf_ask *t)
{
	for (int other = 0; other <= (int)gf_text_has_other(t); other++) {
		og_buf_str(t->text, other ? " or {" : "{");
		gf_text_matchers(t, other, NULL);
		og_buf_ch(t->text, '}');
	}
}

void gf_text_loki(struct gf_ask *t)
{
	switch (t->q->ask) {
	case OG_GF_LOKI_STREAMS:
		loki_streams(t);
		break;
	case OG_GF_LOKI_ARRIVAL:
		loki_count(t, LOKI_BY, "");
		break;
	case OG_GF_LOKI_TRACE_SHARE:
		loki_share(t);
		break;
	case OG_GF_LOKI_FIND:
		loki_find(t);
		break;
	case OG_GF_LOKI_TEXT:
		og_buf_sv(t->text, t->q->text);
		break;
	default:
		og_buf_lit(t->text, "vector(1)");
		break;
	}
}

static void tempo_count(struct gf_ask *t, const char *more, uint32_t by)
{
	og_buf_ch(t->text, '{');
	gf_text_matchers(t, false, more);
	og_buf_lit(t->text, "} | count_over_time() ");
	gf_text_by(t, by);
}

void gf_text_tempo(struct gf_ask *t)
{
	og_auto_buf struct og_buf more = OG_BUF_INIT(GF_TEXT_MAX);
	switch (t->q->ask) {
	case OG_GF_TEMPO_ARRIVAL:
		tempo_count(t, NULL, TEMPO_BY);
		break;
	case OG_GF_TEMPO_ERRORS:
		tempo_count(t, "status=error", TEMPO_BY_SERVICE);
		break;
	case OG_GF_TEMPO_SERVICES:
	case OG_GF_TEMPO_FIND:
		if (t->q->ask == OG_GF_TEMPO_FIND)
			put_named(t, &more, "resource.service.name", " && ", true);
		og_buf_ch(t->text, '{');
		gf_text_matchers(t, false, more.p);
		og_buf_ch(t->text, '}');
		break;
	case OG_GF_TEMPO_TRACE:
		og_buf_sv(t->text, t->q->value);
		break;
	case OG_GF_TEMPO_TEXT:
		og_buf_sv(t->text, t->q->text);
		break;
	default:
		break;
	}
}

/* Several matchers are several selectors: a series that fits one of them counts. */
void gf_body_pyroscope(struct gf_ask *t, int64_t end_s, struct og_buf *body)
{
	og_auto_buf struct og_buf more = OG_BUF_INIT(GF_TEXT_MAX);
	struct gf_by by;
	const char *name;
	bool series = t->q->ask != OG_GF_PYRO_PING;
	og_buf_ch(body, '{');
	if (series) {
		if (t->q->ask == OG_GF_PYRO_FIND)
			put_named(t, &more, "service_name", ",", true);
		og_buf_lit(body, "\"matchers\":[");
		for (int other = 0; other <= (int)gf_text_has_other(t); other++) {
			size_t from = t->text->len + (other ? 4 : 0);
			og_buf_str(t->text, other ? " or {" : "{");
			gf_text_matchers(t, other, more.p);
			og_buf_ch(t->text, '}');
			if (other)
				og_buf_ch(body, ',');
			if (!t->text->failed)
				og_jw_str(body, og_sv(t->text->p + from, t->text->len - from));
		}
		og_buf_lit(body, "],\"labelNames\":[");
		gf_by_init(&by, t, PYRO_BY);
		for (bool first = true; (name = gf_by_next(&by)); first = false) {
			og_buf_str(body, first ? "\"" : ",\"");
			og_buf_str(body, name);
			og_buf_ch(body, '"');
		}
		og_buf_lit(body, "],");
	}
	og_buf_fmt(body, "\"start\":%lld,\"end\":%lld}", (long long)(end_s - t->window_s) * 1000,
		(long long)end_s * 1000);
}
