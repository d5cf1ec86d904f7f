/* SPDX-License-Identifier: Apache-2.0 */
/* From a question to an HTTP request: the table of questions, checks, paths, units of time. */
#include <stdio.h>
#include "otelgate/base/mem.h"
#include "otelgate/codec/percent.h"
#include "query-priv.h"

enum end { END_FREE, END_NEEDED };
enum form { FORM_GET, FORM_POST, FORM_JSON };

static const struct ask {
	const char *name, *path;
	enum og_gf_backend backend;
	enum og_gf_shape shape;
	enum form form;
	enum end end;
	bool time, by, label, text; /* values are times; what the query may or must hold */
} asks[OG_GF_ASK_COUNT_] = {
#define PROM OG_GF_PROMETHEUS, OG_GF_SHAPE_PROM
#define PQ   "/api/v1/query", PROM, FORM_POST, END_FREE
	[OG_GF_PROM_PING] = {"prom_ping", PQ, 0, 0, 0, 0},
	[OG_GF_PROM_ARRIVAL] = {"prom_arrival", PQ, 1, 1, 0, 0},
	[OG_GF_PROM_REQUESTS] = {"prom_requests", PQ, 0, 1, 0, 0},
	[OG_GF_PROM_EXPORT_FAILED] = {"prom_export_failed", PQ, 0, 1, 0, 0},
	[OG_GF_PROM_EXPORTED] = {"prom_exported", PQ, 0, 1, 0, 0},
	[OG_GF_PROM_EXPORT_SECONDS] = {"prom_export_seconds", PQ, 0, 1, 0, 0},
	[OG_GF_PROM_COLLECTOR_FAILED] = {"prom_collector_failed", PQ, 0, 1, 0, 0},
	[OG_GF_PROM_COLLECTOR] = {"prom_collector", PQ, 0, 1, 0, 0},
	[OG_GF_PROM_UNKNOWN_SERVICE] = {"prom_unknown_service", PQ, 1, 1, 0, 0},
	[OG_GF_PROM_DISCARDED] = {"prom_discarded", PQ, 0, 1, 0, 0},
	[OG_GF_PROM_EXEMPLARS] = {"prom_exemplars", "/api/v1/query_exemplars", OG_GF_PROMETHEUS,
		OG_GF_SHAPE_EXEMPLARS, FORM_POST, END_NEEDED, 0, 0, 0, 0},
	[OG_GF_PROM_FIND] = {"prom_find", PQ, 1, 1, 1, 0},
	[OG_GF_PROM_TEXT] = {"prom_text", PQ, 0, 0, 0, 1},
#define LQ "/loki/api/v1/query", OG_GF_LOKI, OG_GF_SHAPE_PROM, FORM_GET, END_FREE
	[OG_GF_LOKI_PING] = {"loki_ping", LQ, 0, 0, 0, 0},
	[OG_GF_LOKI_STREAMS] = {"loki_streams", "/loki/api/v1/series", OG_GF_LOKI,
		OG_GF_SHAPE_SERIES, FORM_POST, END_NEEDED, 0, 0, 0, 0},
	[OG_GF_LOKI_ARRIVAL] = {"loki_arrival", LQ, 0, 1, 0, 0},
	[OG_GF_LOKI_TRACE_SHARE] = {"loki_trace_share", LQ, 0, 1, 0, 0},
	[OG_GF_LOKI_FIND] = {"loki_find", "/loki/api/v1/query_range", OG_GF_LOKI, OG_GF_SHAPE_PROM,
		FORM_GET, END_NEEDED, 0, 0, 1, 0},
	[OG_GF_LOKI_TEXT] = {"loki_text", LQ, 0, 0, 0, 1},
#define TQ "/api/metrics/query", OG_GF_TEMPO, OG_GF_SHAPE_TEMPO_METRICS, FORM_GET, END_FREE
	[OG_GF_TEMPO_PING] = {"tempo_ping", "/api/echo", OG_GF_TEMPO, OG_GF_SHAPE_ECHO, FORM_GET,
		END_FREE, 0, 0, 0, 0},
	[OG_GF_TEMPO_ARRIVAL] = {"tempo_arrival", TQ, 0, 1, 0, 0},
	[OG_GF_TEMPO_ERRORS] = {"tempo_errors", TQ, 0, 1, 0, 0},
	[OG_GF_TEMPO_SERVICES] = {"tempo_services",
		"/api/v2/search/tag/resource.service.name/values", OG_GF_TEMPO,
		OG_GF_SHAPE_TEMPO_VALUES, FORM_GET, END_NEEDED, 0, 0, 0, 0},
	[OG_GF_TEMPO_FIND] = {"tempo_find", "/api/search", OG_GF_TEMPO, OG_GF_SHAPE_TEMPO_SEARCH,
		FORM_GET, END_NEEDED, 0, 0, 1, 0},
	[OG_GF_TEMPO_TRACE] = {"tempo_trace", "/api/v2/traces/", OG_GF_TEMPO,
		OG_GF_SHAPE_TEMPO_TRACE, FORM_GET, END_FREE, 0, 0, 0, 0},
	[OG_GF_TEMPO_TEXT] = {"tempo_text", TQ, 0, 0, 0, 1},
#define YQ "/querier.v1.QuerierService/"
	[OG_GF_PYRO_PING] = {"pyro_ping", YQ "LabelNames", OG_GF_PYROSCOPE, OG_GF_SHAPE_PYRO_NAMES,
		FORM_JSON, END_NEEDED, 0, 0, 0, 0},
	[OG_GF_PYRO_ARRIVAL] = {"pyro_arrival", YQ "Series", OG_GF_PYROSCOPE,
		OG_GF_SHAPE_PYRO_SERIES, FORM_JSON, END_NEEDED, 0, 1, 0, 0},
	[OG_GF_PYRO_FIND] = {"pyro_find", YQ "Series", OG_GF_PYROSCOPE, OG_GF_SHAPE_PYRO_SERIES,
		FORM_JSON, END_NEEDED, 0, 1, 1, 0},
};

const char *og_gf_ask_name(enum og_gf_ask a)
{
	return (unsigned)a < OG_GF_ASK_COUNT_ ? asks[a].name : "unknown";
}

enum og_gf_backend og_gf_ask_backend(enum og_gf_ask a)
{
	return (unsigned)a < OG_GF_ASK_COUNT_ ? asks[a].backend : OG_GF_COUNT_;
}

static int check_text(const char *what, struct og_sv s, size_t max, struct og_err *err)
{
	if (s.n > max)
		return og_err_set(err, OG_E_LIMIT, "the %s of a question is longer than %zu bytes",
			what, max);
	if (!og_utf8_valid(s.p, s.n))
		return og_err_set(err, OG_E_INVALID, "the %s of a question is not UTF-8", what);
	return 0;
}

static int check_label(
	const char *what, enum og_gf_backend to, struct og_sv s, bool utf8, struct og_err *err)
{
	int rc = check_text(what, s, GF_NAME_MAX, err);
	if (rc < 0 || !s.n)
		return rc;
	bool ok = to == OG_GF_TEMPO ? gf_attribute_is_plain(s)
				    : og_gf_label_is_plain(s) || (utf8 && to == OG_GF_PROMETHEUS);
	return ok ? 0
		  : og_err_set(err, OG_E_INVALID, "the %s of a question cannot be a label in %s",
			    what, og_gf_backend_name(to));
}

static int check_shard(const struct og_gf_shard *s, struct og_err *err)
{
	bool range = s->from || s->to;
	if (s->nany > OG_GF_SHARD_MAX)
		return og_err_set(
			err, OG_E_LIMIT, "a shard of more than %d names", OG_GF_SHARD_MAX);
	if ((s->nany > 0) + range + s->rest > 1)
		return og_err_set(err, OG_E_INVALID, "a shard is names, a range, or the rest");
	if (!s->nany && !range && !s->rest)
		return 0;
	if (s->key != OG_GF_KEY_K8S_NAMESPACE && s->key != OG_GF_KEY_SERVICE_NAME)
		return og_err_set(
			err, OG_E_INVALID, "shards are by k8s.namespace.name or by service.name");
	bool digits = s->from >= '0' && s->from <= s->to && s->to <= '9';
	bool letters = s->from >= 'a' && s->from <= s->to && s->to <= 'z';
	if (range && !digits && !letters)
		return og_err_set(err, OG_E_INVALID, "the range of a shard is within 0-9 or a-z");
	for (uint32_t i = 0; i < s->nany; i++) {
		int rc = check_text("shard", s->any[i], GF_NAME_MAX, err);
		if (rc < 0)
			return rc;
	}
	return 0;
}

static int check_find(const struct og_gf_query *q, const struct ask *k, struct og_err *err)
{
	int rc = check_label("label", k->backend, q->label, q->utf8_names, err);
	if (rc == 0)
		rc = check_text("name", q->name, GF_NAME_MAX, err);
	if (rc == 0)
		rc = check_text("value", q->value, GF_NAME_MAX, err);
	if (rc < 0)
		return rc;
	if (k->label && q->ask == OG_GF_PROM_FIND) {
		if (!q->name.n || (!og_gf_label_is_plain(q->name) && !q->utf8_names))
			return og_err_set(err, OG_E_INVALID, "what is looked for is no metric");
	} else if (k->label && !q->label.n && q->ask != OG_GF_LOKI_FIND) {
		return og_err_set(err, OG_E_INVALID, "%s without a label to look for", k->name);
	}
	if (k->label && q->ask == OG_GF_LOKI_FIND && !q->value.n)
		return og_err_set(err, OG_E_INVALID, "%s without a value to look for", k->name);
	if (q->ask != OG_GF_TEMPO_TRACE)
		return 0;
	bool hex = q->value.n >= 1 && q->value.n <= 32;
	for (size_t i = 0; hex && i < q->value.n; i++)
		hex = strchr("0123456789abcdefABCDEF", q->value.p[i]) && q->value.p[i];
	return hex ? 0 : og_err_set(err, OG_E_INVALID, "a trace id is up to 32 hex digits");
}

static int check(const struct og_gf_query *q, struct og_err *err)
{
	if ((unsigned)q->ask >= OG_GF_ASK_COUNT_)
		return og_err_set(err, OG_E_INVALID, "a question of no known kind");
	const struct ask *k = &asks[q->ask];
	int rc = check_text("cluster name", q->cluster, GF_NAME_MAX, err);
	if (rc == 0)
		rc = check_label("cluster label", k->backend, q->cluster_label, q->utf8_names, err);
	if (rc == 0)
		rc = check_text("text", q->text, GF_TEXT_MAX, err);
	if (rc == 0)
		rc = check_shard(&q->shard, err);
	if (rc == 0)
		rc = check_find(q, k, err);
	if (rc < 0)
		return rc;
	if (k->text && !q->text.n)
		return og_err_set(err, OG_E_INVALID, "%s without a text", k->name);
	if (k->end == END_NEEDED && q->end_s <= 0)
		return og_err_set(err, OG_E_INVALID, "%s needs the end of its window", k->name);
	if (q->end_s < 0 || q->end_s > INT64_MAX / 1000000000 || q->window_s < 0 ||
		q->window_s > GF_WINDOW_MAX_S || q->step_s < 0 || q->step_s > GF_WINDOW_MAX_S ||
		q->fresh_s < 0 || (q->end_s && q->end_s <= q->window_s))
		return og_err_set(err, OG_E_INVALID, "times that make no window of up to 24 h");
	if (q->limit > 5000) /* Loki's max_entries_limit_per_query */
		return og_err_set(err, OG_E_LIMIT, "more than 5,000 lines or traces are asked for");
	if (k->backend == OG_GF_TEMPO && __builtin_popcount(q->by) > GF_TEMPO_BY_MAX)
		return og_err_set(
			err, OG_E_LIMIT, "tempo groups by %d attributes at most", GF_TEMPO_BY_MAX);
	return 0;
}

/* Parameters, in order; the first text is the query. */
static void put(struct og_buf *b, const char *name, struct og_sv value)
{
	if (b->len)
		og_buf_ch(b, '&');
	og_buf_str(b, name);
	og_buf_ch(b, '=');
	og_percent_encode(b, value);
}

static void put_time(struct og_buf *b, const char *name, int64_t s, bool ns)
{
	char text[40];
	(void)snprintf(text, sizeof(text), ns ? "%lld000000000" : "%lld", (long long)s);
	put(b, name, og_svz(text));
}

static void put_streams(struct og_buf *b, struct og_sv text)
{
	/* selectors one after another, as gf_text_loki put them */
	for (size_t i = 0, from = 0, quoted = 0; i <= text.n; i++) {
		if (i < text.n && text.p[i] == '\\' && quoted)
			i++;
		else if (i < text.n && text.p[i] == '"')
			quoted = !quoted;
		if (i == text.n ||
			(!quoted && og_sv_starts(og_sv(text.p + i, text.n - i), OG_SV("} or {")))) {
			size_t end = i == text.n ? i : i + 1;
			put(b, "match[]", og_sv(text.p + from, end - from));
			from = i + 5;
		}
	}
}

static void put_parameters(const struct gf_ask *t, struct og_buf *b)
{
	const struct og_gf_query *q = t->q;
	struct og_sv text = og_buf_view(t->text);
	bool ns = t->backend == OG_GF_LOKI;
	char limit[16];
	(void)snprintf(limit, sizeof(limit), "%u", q->limit ? q->limit : 1);
	if (q->ask == OG_GF_TEMPO_PING || q->ask == OG_GF_TEMPO_TRACE)
		return;
	if (q->ask == OG_GF_LOKI_STREAMS)
		put_streams(b, text);
	else
		put(b, t->backend == OG_GF_TEMPO ? "q" : "query", text);
	bool instant = asks[q->ask].end == END_FREE;
	if (instant && t->backend != OG_GF_TEMPO) {
		if (q->end_s)
			put_time(b, "time", q->end_s, ns);
		return;
	}
	if (instant && !q->end_s) {
		char since[32];
		(void)snprintf(since, sizeof(since), "%llds", (long long)t->window_s);
		put(b, "since", og_svz(since));
		return;
	}
	put_time(b, "start", q->end_s - t->window_s, ns);
	put_time(b, "end", q->end_s, ns);
	if (q->ask == OG_GF_LOKI_FIND)
		put(b, "direction", OG_SV("backward"));
	if (q->ask == OG_GF_LOKI_FIND || q->ask == OG_GF_TEMPO_FIND)
		put(b, "limit", og_svz(limit));
}

static bool finish(const struct gf_ask *t, struct og_buf *params, enum form form,
	struct og_arena *a, struct og_gf_http *h)
{
	const struct ask *k = &asks[t->q->ask];
	/* Loki and Prometheus take long queries as forms, Tempo does not */
	if (form == FORM_GET && t->backend == OG_GF_LOKI && params->len > GF_TARGET_MAX)
		form = FORM_POST;
	h->method = form == FORM_GET ? "GET" : "POST";
	h->headers[0] = "Accept: application/json";
	if (form == FORM_GET) {
		bool in_path = t->q->ask == OG_GF_TEMPO_TRACE;
		struct og_sv id = in_path ? og_buf_view(t->text) : OG_SV("");
		h->target = og_arena_fmt(a, "%s%.*s%s%s", k->path, OG_SV_ARG(id),
			params->len ? "?" : "", params->len ? params->p : "");
		return h->target != NULL;
	}
	if (form == FORM_JSON)
		h->headers[0] = "Accept: */*;allow-utf8-labelnames=true";
	h->headers[1] = form == FORM_JSON ? "Content-Type: application/json"
					  : "Content-Type: application/x-www-form-urlencoded";
	h->target = k->path;
	h->body = og_arena_sv(a, og_buf_view(params));
	return h->body.p != NULL;
}

int og_gf_query_http(
	const struct og_gf_query *q, struct og_arena *a, struct og_gf_http *ret, struct og_err *err)
{
	static void (*const texts[OG_GF_COUNT_])(struct gf_ask *) = {
		[OG_GF_PROMETHEUS] = gf_text_prometheus,
		[OG_GF_LOKI] = gf_text_loki,
		[OG_GF_TEMPO] = gf_text_tempo,
	};
	int rc = check(q, err);
	if (rc < 0)
		return rc;
	const struct ask *k = &asks[q->ask];
	og_auto_buf struct og_buf text = OG_BUF_INIT(1 << 20);
	og_auto_buf struct og_buf params = OG_BUF_INIT(4 << 20);
	struct gf_ask t = {.q = q, .backend = k->backend, .text = &text};
	t.window_s = q->window_s ? q->window_s : GF_WINDOW_S;
	t.step_s = q->step_s ? q->step_s : GF_STEP_S;
	if (texts[k->backend]) {
		texts[k->backend](&t);
		put_parameters(&t, &params);
	} else {
		gf_body_pyroscope(&t, q->end_s, &params);
	}
	if (text.full || params.full)
		return og_err_set(err, OG_E_LIMIT, "%s would be longer than 1 MiB", k->name);
	if (k->form == FORM_GET && k->backend == OG_GF_TEMPO && params.len > GF_TARGET_MAX)
		return og_err_set(err, OG_E_LIMIT,
			"%s would be longer than %d bytes: ask for a smaller shard", k->name,
			GF_TARGET_MAX);
	struct og_gf_http h = {.backend = k->backend, .shape = k->shape, .name = k->name};
	h.value_is_time = k->time;
	h.fresh_s = q->fresh_s;
	if (q->ask == OG_GF_LOKI_FIND || q->ask == OG_GF_TEMPO_FIND)
		h.limit = q->limit ? q->limit : 1;
	h.text = og_arena_sv(a, og_buf_view(&text));
	if (text.failed || params.failed || !h.text.p || !finish(&t, &params, k->form, a, &h))
		return og_err_set(err, OG_E_OOM, "no memory for a question");
	*ret = h;
	return 0;
}
