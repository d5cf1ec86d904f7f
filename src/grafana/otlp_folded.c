/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What Pyroscope's HTTP ingestion takes: POST /ingest?name=app{label=value,…}&from&until&format=
 * folded and lines "frame;frame count" (grafana/pyroscope docs/sources/reference-server-api).
 */
#include "otelgate/base/clock.h"
#include "otelgate/base/mem.h"
#include "otelgate/codec/percent.h"
#include "otelgate/grafana/otlp.h"

enum { NAME_BYTES = 64 << 10, RATE = 100 };

/* Prometheus' alphabet of label names; a digit may not be first. */
static void put_label_name(struct og_buf *b, struct og_sv s)
{
	if (s.n && s.p[0] >= '0' && s.p[0] <= '9')
		og_buf_ch(b, '_');
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];
		bool keep = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
			    (c >= '0' && c <= '9') || c == '_';
		og_buf_ch(b, keep ? c : '_');
	}
}

static void put_label_value(struct og_buf *b, struct og_sv s)
{
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];
		bool splits = (c && strchr("{}=,;\"", c)) || (unsigned char)c <= 0x20;
		og_buf_ch(b, splits ? '_' : c);
	}
}

/* app{key=value,key=value} */
static bool put_name(struct og_buf *b, const struct og_otlp_record *r)
{
	bool named = false;
	unsigned n = 0;

	for (size_t i = 0; i < r->nresource && !named; i++)
		if (og_sv_is(r->resource[i].key, "service.name") && r->resource[i].value.n) {
			put_label_value(b, r->resource[i].value);
			named = true;
		}
	og_buf_ch(b, '{');
	for (size_t i = 0; i < r->nresource; i++) {
		const struct og_otlp_attr *a = &r->resource[i];
		if (!a->value.n || og_sv_is(a->key, "service.name"))
			continue;
		if (n++)
			og_buf_ch(b, ',');
		put_label_name(b, a->key);
		og_buf_ch(b, '=');
		put_label_value(b, a->value);
	}
	og_buf_ch(b, '}');
	return named;
}

static void put_time(struct og_buf *b, const char *name, int64_t ns)
{
	og_buf_str(b, name);
	og_buf_u64(b, (unsigned long long)(ns / OG_NS_PER_S));
}

int og_otlp_folded(const struct og_otlp_record *r, struct og_buf *query, struct og_buf *body,
	struct og_err *err)
{
	og_auto_buf struct og_buf name = OG_BUF_INIT(NAME_BYTES), whole = OG_BUF_INIT(NAME_BYTES);
	/* the same checks, and a message that is thrown away */
	int rc = og_otlp_encode(r, OG_OTLP_PROFILES, OG_OTLP_PROTOBUF, &whole, err);
	int64_t until = r->time_ns;

	if (rc < 0)
		return rc;
	if (!put_name(&name, r))
		return og_err_set(err, OG_E_INVALID, "a profile without service.name");
	/* whole seconds; the interval may not be empty */
	if (until / OG_NS_PER_S == r->start_ns / OG_NS_PER_S)
		until += OG_NS_PER_S;
	og_buf_lit(query, "name=");
	og_percent_encode(query, og_buf_view(&name));
	put_time(query, "&from=", r->start_ns);
	put_time(query, "&until=", until);
	og_buf_fmt(query,
		"&format=folded&sampleRate=%d&spyName=otelgate&units=samples&aggregationType=sum",
		(int)RATE);
	put_label_value(body, r->name);
	og_buf_lit(body, " 1\n");
	if (name.failed || query->failed || body->failed)
		return name.full || query->full || body->full
			       ? og_err_set(err, OG_E_LIMIT, "the profile is too large")
			       : og_err_set(err, OG_E_OOM, "encoding a profile");
	return 0;
}
