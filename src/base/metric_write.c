/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Exposition: Prometheus text 0.0.4
 * (https://prometheus.io/docs/instrumenting/exposition_formats/) and OpenMetrics 1.0
 * (https://github.com/prometheus/OpenMetrics/blob/v1.0.0/specification/OpenMetrics.md).
 */
#include "metric-priv.h"
#include "otelgate/base/mem.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

const char *og_metrics_content_type(enum og_metric_format f)
{
	return f == OG_METRIC_OPENMETRICS
		       ? "application/openmetrics-text; version=1.0.0; charset=utf-8"
		       : "text/plain; version=0.0.4; charset=utf-8";
}

/* A q value in thousandths; anything malformed counts as 0, which is a refusal. */
static unsigned parse_q(struct og_sv s)
{
	if (s.n == 0 || s.n > 5 || (s.p[0] != '0' && s.p[0] != '1') || (s.n > 1 && s.p[1] != '.'))
		return 0;
	unsigned q = (unsigned)(s.p[0] - '0') * 1000, scale = 100;
	for (size_t i = 2; i < s.n; i++, scale /= 10) {
		if (s.p[i] < '0' || s.p[i] > '9')
			return 0;
		q += (unsigned)(s.p[i] - '0') * scale;
	}
	return q > 1000 ? 0 : q;
}

/* One media range: its q, or 0 when it is not for a version we write. */
static unsigned range_q(struct og_sv range, struct og_sv *ret_type)
{
	struct og_sv rest = range, part;
	unsigned q = 1000;
	*ret_type = (struct og_sv){"", 0};
	if (!og_sv_split(&rest, ';', &part))
		return 0;
	*ret_type = og_sv_trim(part);
	bool open = og_sv_caseeq(*ret_type, OG_SV("application/openmetrics-text"));
	while (og_sv_split(&rest, ';', &part)) {
		part = og_sv_trim(part);
		size_t eq = og_sv_chr(part, '=');
		struct og_sv key = og_sv_trim(og_sv(part.p, eq));
		struct og_sv value = eq < part.n
					     ? og_sv_trim(og_sv(part.p + eq + 1, part.n - eq - 1))
					     : (struct og_sv){"", 0};
		if (og_sv_caseeq(key, OG_SV("q")))
			q = parse_q(value);
		else if (og_sv_caseeq(key, OG_SV("version")) && open && !og_sv_is(value, "1.0.0") &&
			 !og_sv_is(value, "\"1.0.0\""))
			return 0;
	}
	return q;
}

enum og_metric_format og_metrics_negotiate(struct og_sv accept)
{
	unsigned open = 0, text = 0;
	struct og_sv range, type;
	while (og_sv_split(&accept, ',', &range)) {
		unsigned q = range_q(range, &type);
		if (og_sv_caseeq(type, OG_SV("application/openmetrics-text")))
			open = q > open ? q : open;
		else if (og_sv_caseeq(type, OG_SV("text/plain")) ||
			 og_sv_caseeq(type, OG_SV("text/*")))
			text = q > text ? q : text;
	}
	return open > 0 && open >= text ? OG_METRIC_OPENMETRICS : OG_METRIC_TEXT;
}

static void write_number(struct og_buf *out, double v)
{
	if (isnan(v)) {
		og_buf_lit(out, "NaN");
	} else if (isinf(v)) {
		og_buf_str(out, v > 0 ? "+Inf" : "-Inf");
	} else {
		char num[32];
		/* the fewest digits that read back as the same number */
		for (int digits = 15; digits <= 17; digits++) {
			(void)snprintf(num, sizeof(num), "%.*g", digits, v);
			if (strtod(num, NULL) == v)
				break;
		}
		og_buf_str(out, num);
	}
}

/* OpenMetrics wants le in canonical form, "1.0" rather than "1". */
static void write_bound(struct og_buf *out, enum og_metric_format f, double v)
{
	size_t at = out->len;
	write_number(out, v);
	if (f == OG_METRIC_OPENMETRICS && !out->failed && isfinite(v) &&
		!strpbrk(out->p + at, ".e"))
		og_buf_lit(out, ".0");
}

/* Help texts: text format escapes \ and newline; OpenMetrics and label values the quote as well.
 * Bytes that are not UTF-8 would void the whole exposition. */
static void write_escaped(struct og_buf *out, const char *s, bool quote)
{
	bool valid = og_utf8_valid(s, strlen(s));
	for (; *s; s++) {
		if (*s == '\\')
			og_buf_lit(out, "\\\\");
		else if (*s == '\n')
			og_buf_lit(out, "\\n");
		else if (*s == '"' && quote)
			og_buf_lit(out, "\\\"");
		else if (!valid && (unsigned char)*s >= 0x80)
			og_buf_ch(out, '?');
		else
			og_buf_ch(out, *s);
	}
}

static const char *const type_names[] = {"counter", "gauge", "histogram"};

const char *og_metric_type_name(enum og_metric_type t)
{
	return (unsigned)t < OG_COUNT(type_names) ? type_names[t] : "unknown";
}

void og_metric_defs_markdown(const struct og_metric_def *defs, size_t n, struct og_buf *out)
{
	og_buf_lit(out, "| name | type | labels | meaning |\n|---|---|---|---|\n");
	for (size_t i = 0; i < n; i++) {
		og_buf_fmt(out, "| `%s` | %s | ", defs[i].name, og_metric_type_name(defs[i].type));
		for (size_t k = 0; k < og_metric_label_count_(&defs[i]); k++)
			og_buf_fmt(out, "%s`%s`", k ? ", " : "", defs[i].labels[k]);
		og_buf_lit(out, " | ");
		for (const char *p = defs[i].help; *p; p++) {
			if (*p == '|')
				og_buf_ch(out, '\\');
			og_buf_ch(out, *p == '\n' ? ' ' : *p);
		}
		og_buf_lit(out, " |\n");
	}
}

static struct og_sv family(const struct og_metric_def *d, enum og_metric_format f)
{
	struct og_sv name = og_svz(d->name);
	if (f == OG_METRIC_OPENMETRICS && d->type == OG_METRIC_COUNTER)
		name.n -= strlen("_total");
	return name;
}

static void write_head(struct og_buf *out, const struct og_metric_def *d, enum og_metric_format f)
{
	struct og_sv name = family(d, f);
	bool open = f == OG_METRIC_OPENMETRICS;
	og_buf_fmt(out, "# HELP %.*s ", OG_SV_ARG(name));
	write_escaped(out, d->help, open);
	og_buf_fmt(out, "\n# TYPE %.*s %s\n", OG_SV_ARG(name), type_names[d->type]);
	if (open && d->unit)
		og_buf_fmt(out, "# UNIT %.*s %s\n", OG_SV_ARG(name), d->unit);
}

/* name_suffix{labels,le="…"} and a blank; `bound` NULL for no le. */
static void write_name(struct og_buf *out, const struct og_metric_def *d, const char *const *values,
	const char *suffix, const double *bound, enum og_metric_format f)
{
	size_t n = og_metric_label_count_(d);
	og_buf_str(out, d->name);
	og_buf_str(out, suffix);
	if (n || bound)
		og_buf_ch(out, '{');
	for (size_t i = 0; i < n; i++) {
		og_buf_fmt(out, "%s%s=\"", i ? "," : "", d->labels[i]);
		write_escaped(out, values[i], true);
		og_buf_ch(out, '"');
	}
	if (bound) {
		og_buf_str(out, n ? ",le=\"" : "le=\"");
		write_bound(out, f, *bound);
		og_buf_ch(out, '"');
	}
	if (n || bound)
		og_buf_ch(out, '}');
	og_buf_ch(out, ' ');
}

void og_metric_line_(
	struct og_buf *out, const struct og_metric_def *d, const char *const *values, double value)
{
	write_name(out, d, values, "", NULL, OG_METRIC_TEXT);
	write_number(out, value);
	og_buf_ch(out, '\n');
}

static void write_series(
	struct og_buf *out, const struct og_metric_series *s, enum og_metric_format f)
{
	if (s->def->type != OG_METRIC_HISTOGRAM) {
		og_metric_line_(out, s->def, s->values, og_metric_double_(&s->value));
		return;
	}
	uint64_t sum = 0; /* the count is what the buckets hold, so both always agree */
	for (size_t i = 0; i <= s->def->nbuckets; i++) {
		double bound = i < s->def->nbuckets ? s->def->buckets[i] : (double)INFINITY;
		sum += atomic_load_explicit(&s->buckets[i], memory_order_relaxed);
		write_name(out, s->def, s->values, "_bucket", &bound, f);
		og_buf_u64(out, sum);
		og_buf_ch(out, '\n');
	}
	write_name(out, s->def, s->values, "_sum", NULL, f);
	write_number(out, og_metric_double_(&s->value));
	og_buf_ch(out, '\n');
	write_name(out, s->def, s->values, "_count", NULL, f);
	og_buf_u64(out, sum);
	og_buf_ch(out, '\n');
}

static int by_labels(const void *a, const void *b)
{
	const struct og_metric_series *x = *(const struct og_metric_series *const *)a;
	const struct og_metric_series *y = *(const struct og_metric_series *const *)b;
	for (size_t i = 0; i < OG_METRIC_LABELS_MAX && x->values[i]; i++) {
		int c = strcmp(x->values[i], y->values[i]);
		if (c)
			return c;
	}
	return 0;
}

/* Sorted by label values, so that two scrapes can be compared. */
static void write_row(struct og_metric_row *r, enum og_metric_format f, struct og_buf *out)
{
	og_auto_free struct og_metric_series **list = og_calloc(r->nslots, sizeof(*list));
	if (!list) {
		out->failed = true;
		return;
	}
	size_t n = 0;
	for (unsigned i = 0; i < r->nslots; i++) {
		list[n] = atomic_load_explicit(&r->slots[i], memory_order_acquire);
		n += list[n] != NULL;
	}
	qsort(list, n, sizeof(*list), by_labels);
	write_head(out, r->def, f);
	for (size_t i = 0; i < n; i++)
		write_series(out, list[i], f);
	(void)pthread_mutex_lock(&r->lock);
	if (r->replaced)
		og_buf_str(out, r->replaced);
	(void)pthread_mutex_unlock(&r->lock);
}

int og_metrics_write(
	struct og_metrics *m, enum og_metric_format f, struct og_buf *out, struct og_err *err)
{
	(void)pthread_mutex_lock(&m->lock);
	for (const struct og_metric_hook *h = m->hooks; h; h = h->next)
		h->fn(h->ctx);
	for (struct og_metric_table *t = m->first; t; t = t->next)
		for (size_t i = 0; i < t->n; i++)
			write_row(&t->rows[i], f, out);
	(void)pthread_mutex_unlock(&m->lock);
	if (f == OG_METRIC_OPENMETRICS)
		og_buf_lit(out, "# EOF\n");
	if (out->failed)
		return og_err_set(err, OG_E_LIMIT, "no room for the metrics");
	return 0;
}
