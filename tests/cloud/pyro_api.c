/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pyroscope: Connect JSON queries, and the two ways SDKs push (docs/sources/reference-server-api);
 * shapes as a running Pyroscope 2 gives them. Profiles are opaque but for folded text.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include "cloud/cloud-priv.h"
#include "otelgate/base/clock.h"
#include "otelgate/base/parse.h"
#include "otelgate/codec/jwrite.h"

enum { MAX_LABELS = 96 };

static void connect_error(struct cl_req *q, const char *code, const char *message)
{
	og_buf_reset(&q->out);
	og_buf_fmt(&q->out, "{\"code\":\"%s\",\"message\":", code);
	og_jw_str(&q->out, og_svz(message));
	og_buf_ch(&q->out, '}');
	cl_json(q, !strcmp(code, "invalid_argument") ? 400 : 500);
}

struct ask {
	int64_t from, to;
	struct cl_parsed sel[16];
	uint32_t nsel;
	CL_VEC(struct og_sv, names);
};

static bool int64_of(struct og_jval v, struct og_arena *a, int64_t *ret)
{
	struct og_sv s;

	if (og_ji64(v, ret))
		return true;
	return og_jstr(v, a, &s) && !og_parse_i64(s, INT64_MIN, INT64_MAX, ret, NULL);
}

static bool selector(struct cl_req *q, struct ask *k, struct og_sv text)
{
	char why[400];

	if (!text.n || og_sv_is(text, "{}"))
		return true;
	if (k->nsel == OG_COUNT(k->sel) || !cl_expr_parse(q->a, text, false, &k->sel[k->nsel++]) ||
		k->sel[k->nsel - 1].root->type != CL_E_SELECTOR) {
		snprintf(why, sizeof(why), "failed to parse label selector: %s",
			k->sel[k->nsel - 1].why);
		connect_error(q, "invalid_argument", why);
		return false;
	}
	return true;
}

static void ask_fini(struct ask *k)
{
	for (uint32_t i = 0; i < k->nsel; i++)
		cl_expr_fini(&k->sel[i]);
}

static bool read_ask(struct cl_req *q, struct ask *k, struct og_jval root, const char *names)
{
	*k = (struct ask){0};
	if (!int64_of(og_jgetl(root, "start"), q->a, &k->from) ||
		!int64_of(og_jgetl(root, "end"), q->a, &k->to) || !k->from || !k->to) {
		connect_error(q, "invalid_argument", "missing time range in the query");
		return false;
	}
	if (k->to < k->from) {
		connect_error(q, "invalid_argument", "end must not be before start");
		return false;
	}
	og_jfor (it, og_jgetl(root, "matchers"))
		if (!selector(q, k, og_jstr_or_empty(it.val, q->a)))
			return false;
	if (!selector(q, k, og_jstr_or_empty(og_jgetl(root, "labelSelector"), q->a)))
		return false;
	og_jfor (it, og_jget(root, og_svz(names))) {
		struct og_sv *at = cl_push(q->a, k, names);

		if (at)
			*at = og_jstr_or_empty(it.val, q->a);
	}
	return true;
}

static bool hit(struct cl_req *q, const struct ask *k, const struct cl_pseries *s)
{
	int64_t now = cl_mono_ms();

	if (!cl_shown(q->c, OG_CLOUD_PYROSCOPE, &s->labels))
		return false;
	for (uint32_t i = 0; i < k->nsel; i++)
		if (!cl_sel_match(&k->sel[i].root->sel, &s->labels))
			return false;
	for (uint32_t i = 0; i < s->n; i++) {
		const struct cl_held_profile *p = &s->ring[(s->first + i) % s->cap];

		if (p->ts_ms >= k->from && p->ts_ms <= k->to &&
			cl_seen(q->c, OG_CLOUD_PYROSCOPE, p->recv_ms, now))
			return true;
	}
	return false;
}

static void pairs(struct og_buf *b, const struct cl_lset *l)
{
	og_buf_lit(b, "\"labels\":[");
	for (uint32_t i = 0; i < l->n; i++) {
		og_buf_str(b, i ? ",{\"name\":" : "{\"name\":");
		og_jw_str(b, l->l[i].k);
		og_buf_lit(b, ",\"value\":");
		og_jw_str(b, l->l[i].v);
		og_buf_ch(b, '}');
	}
	og_buf_ch(b, ']');
}

static void rpc_series(struct cl_req *q, const struct ask *k, struct og_jval root)
{
	struct og_map seen;
	uint32_t n = 0;

	(void)root;
	og_map_init(&seen, 61, q->a);
	og_buf_ch(&q->out, '{');
	for (struct cl_pseries *s = q->c->st.pseries_list; s; s = s->next) {
		struct cl_lset l = s->labels;
		bool is_new;

		if (!hit(q, k, s))
			continue;
		if (k->nnames)
			cl_lset_project(q->a, &s->labels, k->names, k->nnames, true, &l);
		if (!og_map_put(&seen, cl_lset_key(q->a, &l), &is_new) || !is_new || !l.n)
			continue;
		og_buf_str(&q->out, n++ ? ",{" : "\"labelsSet\":[{");
		pairs(&q->out, &l);
		og_buf_ch(&q->out, '}');
	}
	og_buf_str(&q->out, n ? "]}" : "}");
	cl_json(q, 200);
}

static int words(const void *a, const void *b)
{
	return og_sv_cmp(*(const struct og_sv *)a, *(const struct og_sv *)b);
}

static void names_out(struct cl_req *q, struct og_map *set)
{
	struct og_sv *v = og_arena_alloc(q->a, (og_map_count(set) + 1) * sizeof(*v));
	size_t n = 0;

	if (v) {
		og_map_for (set, e)
			v[n++] = e->key;
	}
	if (n)
		qsort(v, n, sizeof(*v), words);
	og_buf_ch(&q->out, '{');
	for (size_t i = 0; i < n; i++) {
		og_buf_str(&q->out, i ? "," : "\"names\":[");
		og_jw_str(&q->out, v[i]);
	}
	og_buf_str(&q->out, n ? "]}" : "}");
	cl_json(q, 200);
}

static void rpc_names(struct cl_req *q, const struct ask *k, struct og_jval root)
{
	struct og_map set;

	(void)root;
	og_map_init(&set, 62, q->a);
	for (struct cl_pseries *s = q->c->st.pseries_list; s; s = s->next)
		for (uint32_t i = 0; hit(q, k, s) && i < s->labels.n; i++)
			og_map_set(&set, s->labels.l[i].k, &set);
	names_out(q, &set);
}

static void rpc_values(struct cl_req *q, const struct ask *k, struct og_jval root)
{
	struct og_sv name = og_jstr_or_empty(og_jgetl(root, "name"), q->a);
	struct og_map set;

	og_map_init(&set, 63, q->a);
	for (struct cl_pseries *s = q->c->st.pseries_list; s; s = s->next)
		if (hit(q, k, s) && cl_lset_get(&s->labels, name).n)
			og_map_set(&set, cl_lset_get(&s->labels, name), &set);
	names_out(q, &set);
}

static void rpc_types(struct cl_req *q, const struct ask *k, struct og_jval root)
{
	static const char *const keys[] = {
		"name", "sampleType", "sampleUnit", "periodType", "periodUnit"};
	struct og_map seen;
	uint32_t n = 0;

	(void)root;
	og_map_init(&seen, 64, q->a);
	og_buf_ch(&q->out, '{');
	for (struct cl_pseries *s = q->c->st.pseries_list; s; s = s->next) {
		struct og_sv id = cl_lset_get(&s->labels, OG_SV("__profile_type__")), rest = id,
			     part;
		bool is_new;

		if (!hit(q, k, s) || !og_map_put(&seen, id, &is_new) || !is_new)
			continue;
		og_buf_str(&q->out, n++ ? ",{\"ID\":" : "\"profileTypes\":[{\"ID\":");
		og_jw_str(&q->out, id);
		for (size_t i = 0; i < OG_COUNT(keys) && og_sv_split(&rest, ':', &part); i++) {
			og_buf_fmt(&q->out, ",\"%s\":", keys[i]);
			og_jw_str(&q->out, part);
		}
		og_buf_ch(&q->out, '}');
	}
	og_buf_str(&q->out, n ? "]}" : "}");
	cl_json(q, 200);
}

static void rpc_select(struct cl_req *q, const struct ask *k, struct og_jval root)
{
	struct og_sv type = og_jstr_or_empty(og_jgetl(root, "profileTypeID"), q->a), rest = type,
		     part;
	int64_t now = cl_mono_ms();
	unsigned parts = 0;
	uint32_t n = 0;

	while (og_sv_split(&rest, ':', &part))
		parts++;
	if (parts < 5) {
		connect_error(q, "invalid_argument",
			"profile-type selection must be of the form "
			"<name>:<sample-type>:<sample-unit>:<period-type>:<period-unit>(:delta)");
		return;
	}
	og_buf_ch(&q->out, '{');
	for (struct cl_pseries *s = q->c->st.pseries_list; s; s = s->next) {
		struct cl_lset l;
		bool first = true;

		if (!hit(q, k, s) ||
			!og_sv_eq(cl_lset_get(&s->labels, OG_SV("__profile_type__")), type))
			continue;
		cl_lset_project(q->a, &s->labels, k->names, k->nnames, true, &l);
		og_buf_str(&q->out, n++ ? ",{" : "\"series\":[{");
		pairs(&q->out, &l);
		og_buf_lit(&q->out, ",\"points\":[");
		for (uint32_t i = 0; i < s->n; i++) {
			const struct cl_held_profile *p = &s->ring[(s->first + i) % s->cap];

			if (p->ts_ms < k->from || p->ts_ms > k->to ||
				!cl_seen(q->c, OG_CLOUD_PYROSCOPE, p->recv_ms, now))
				continue;
			og_buf_str(&q->out, first ? "{\"value\":" : ",{\"value\":");
			cl_float(&q->out, p->v);
			og_buf_fmt(&q->out, ",\"timestamp\":\"%" PRId64 "\"}", p->ts_ms);
			first = false;
		}
		og_buf_lit(&q->out, "]}");
	}
	og_buf_str(&q->out, n ? "]}" : "}");
	cl_json(q, 200);
}

static const struct {
	const char *method, *names;
	void (*fn)(struct cl_req *, const struct ask *, struct og_jval);
} rpcs[] = {{"Series", "labelNames", rpc_series}, {"LabelNames", "", rpc_names},
	{"LabelValues", "", rpc_values}, {"ProfileTypes", "", rpc_types},
	{"SelectSeries", "groupBy", rpc_select}};

static void rpc(struct cl_req *q, struct og_sv method)
{
	struct og_jdoc d;
	struct ask k;

	if (!og_sv_starts(cl_header(q, "content-type"), OG_SV("application/json"))) {
		cl_text(q, 415, "%s", "");
		return;
	}
	if (og_jdoc_parse(&d, q->a, q->body, NULL, NULL) || !og_jis(og_jroot(&d), OG_J_OBJECT)) {
		connect_error(
			q, "invalid_argument", "unmarshal message: the body is not an object");
		return;
	}
	if (og_sv_is(method, "GetProfileStats")) { /* storage architecture v2: always empty */
		og_buf_lit(&q->out, "{}");
		cl_json(q, 200);
		return;
	}
	for (size_t i = 0; i < OG_COUNT(rpcs); i++) {
		if (!og_sv_eq(method, og_svz(rpcs[i].method)))
			continue;
		pthread_mutex_lock(&q->c->mu);
		if (read_ask(q, &k, og_jroot(&d), rpcs[i].names))
			rpcs[i].fn(q, &k, og_jroot(&d));
		ask_fini(&k);
		pthread_mutex_unlock(&q->c->mu);
		return;
	}
	cl_text(q, 404, "404 page not found\n");
}

static void type_labels(struct cl_label *l, uint32_t *n, struct og_sv service)
{
	static const char *const rows[][2] = {
		{"__profile_type__", "process_cpu:cpu:nanoseconds:cpu:nanoseconds"},
		{"__name__", "process_cpu"}, {"__type__", "cpu"}, {"__unit__", "nanoseconds"},
		{"__period_type__", "cpu"}};

	for (size_t i = 0; i < OG_COUNT(rows); i++)
		l[(*n)++] = (struct cl_label){og_svz(rows[i][0]), og_svz(rows[i][1])};
	l[(*n)++] = (struct cl_label){OG_SV("__service_name__"), service};
	l[(*n)++] = (struct cl_label){OG_SV("service_name"), service};
}

/* from and until: seconds, ms, us or ns by their length. */
static int64_t any_time_ms(struct og_sv s, int64_t def)
{
	int64_t v;

	if (og_parse_i64(s, 1, INT64_MAX, &v, NULL))
		return def;
	while (v > 100000000000000LL)
		v /= 1000;
	return v < 100000000000LL ? v * 1000 : v;
}

/* Lines of "a;b;c 12": the sum of their counts; -1 = not such text. */
static double folded(struct og_sv body)
{
	struct og_sv rest = body, line;
	double sum = 0;

	while (og_sv_split(&rest, '\n', &line)) {
		size_t at = line.n;
		uint64_t v;

		line = og_sv_trim(line);
		if (!line.n)
			continue;
		for (at = line.n; at && line.p[at - 1] != ' '; at--)
			;
		if (!at || og_parse_u64(og_sv(line.p + at, line.n - at), 0, 1ULL << 50, &v, NULL))
			return -1;
		sum += (double)v;
	}
	return sum;
}

/* name{k=v,k=v} of /ingest; 0 = not to be read. */
static uint32_t app_name(struct og_sv name, struct cl_label *l, struct og_sv *service)
{
	size_t open = og_sv_chr(name, '{');
	struct og_sv rest, part;
	uint32_t n = 0;

	*service = og_sv_trim(og_sv(name.p, open));
	if (open == name.n)
		return 0;
	rest = og_sv(name.p + open + 1, name.n - open - 1);
	rest.n = og_sv_chr(rest, '}');
	while (og_sv_split(&rest, ',', &part) && n < MAX_LABELS - 8) {
		size_t eq = og_sv_chr(part, '=');
		struct og_sv v = eq < part.n ? og_sv(part.p + eq + 1, part.n - eq - 1) : og_svz("");

		if (v.n > 1 && v.p[0] == '"' && v.p[v.n - 1] == '"')
			v = og_sv(v.p + 1, v.n - 2);
		l[n++] = (struct cl_label){og_sv_trim(og_sv(part.p, eq)), v};
	}
	return n;
}

static void ingest(struct cl_req *q)
{
	struct og_sv name = cl_param(q, "name"), format = cl_param(q, "format"), service,
		     rate = cl_param(q, "sampleRate"), spy = cl_param(q, "spyName");
	struct cl_label l[MAX_LABELS];
	uint64_t hz = 100;
	uint32_t n;
	double v = 1;
	bool large;

	if (og_sv_caseeq(cl_header(q, "content-encoding"), OG_SV("gzip")) &&
		!cl_gunzip(q->a, &q->body, 64 << 20, &large)) {
		cl_text(q, 400, "gzip: invalid header\n");
		return;
	}
	n = app_name(name, l, &service);
	if (!service.n) {
		cl_text(q, 422, "pyroscope: invalid application name\n");
		return;
	}
	if (rate.n && og_parse_u64(rate, 1, 1000000, &hz, NULL)) {
		cl_text(q, 400, "invalid sampleRate\n");
		return;
	}
	if (!format.n || og_sv_is(format, "folded") || og_sv_is(format, "groups")) {
		v = folded(q->body);
		if (v < 0) {
			cl_text(q, 422, "error happened while parsing request body\n");
			return;
		}
		v *= 1e9 / (double)hz;
	} else if (!q->body.n) {
		cl_text(q, 422, "error happened while parsing request body: empty profile\n");
		return;
	}
	type_labels(l, &n, service);
	l[n++] = (struct cl_label){OG_SV("pyroscope_spy"), spy.n ? spy : OG_SV("unknown")};
	pthread_mutex_lock(&q->c->mu);
	if (cl_pyro_add(q->c, q->a, l, n, any_time_ms(cl_param(q, "from"), cl_now_ms(q->c)), v))
		q->status = 200;
	else
		cl_text(q, 429, "the simulator holds as much as it may\n");
	pthread_mutex_unlock(&q->c->mu);
}

/* push.v1.PushRequest (pyroscope api/push/v1/push.proto). */
static const struct cl_fdesc pair_f[] = {{"name", 1, CL_T_STR, NULL}, {"value", 2, CL_T_STR, NULL}};
static const struct cl_mdesc m_pair = {pair_f, 2};
static const struct cl_fdesc sample_f[] = {{"rawProfile", 1, CL_T_B64, NULL}};
static const struct cl_mdesc m_sample = {sample_f, 1};
static const struct cl_fdesc raw_f[] = {
	{"labels", 1, CL_T_MSG, &m_pair}, {"samples", 2, CL_T_MSG, &m_sample}};
static const struct cl_mdesc m_raw = {raw_f, 2};
static const struct cl_fdesc push_f[] = {{"series", 1, CL_T_MSG, &m_raw}};
static const struct cl_mdesc m_push = {push_f, 1};

/* One series: labels and how many profiles; false = without a name. */
static bool push_one(struct cl_req *q, struct cl_wire *w, struct cl_node node)
{
	struct cl_label l[MAX_LABELS];
	struct cl_lset set;
	struct cl_it it = cl_it(w, node);
	struct cl_field f, g;
	struct og_sv service;
	uint32_t n = 0, profiles = 0;

	while (cl_next(&it, &f)) {
		struct cl_it in = cl_it(w, f.sub);

		if (f.num == 2) {
			while (cl_next(&in, &g))
				profiles += g.s.n > 0;
			continue;
		}
		if (n >= MAX_LABELS - 8)
			return false;
		l[n] = (struct cl_label){{"", 0}, {"", 0}};
		while (cl_next(&in, &g))
			*(g.num == 1 ? &l[n].k : &l[n].v) = g.s;
		n++;
	}
	cl_lset_seal(&set, l, n);
	n = set.n;
	service = cl_lset_get(&set, OG_SV("service_name"));
	if (!cl_lset_get(&set, OG_SV("__name__")).n)
		return false;
	if (!service.n)
		service = OG_SV("unknown_service");
	type_labels(l, &n, service);
	return !profiles || cl_pyro_add(q->c, q->a, l, n, cl_now_ms(q->c), profiles);
}

static void push(struct cl_req *q)
{
	struct og_sv type = cl_header(q, "content-type");
	struct cl_wire w = {.a = q->a};
	struct cl_node root = {.m = &m_push};
	struct cl_it it;
	struct cl_field f;
	struct og_jdoc d;
	bool large, ok = true;

	if (og_sv_caseeq(cl_header(q, "content-encoding"), OG_SV("gzip")) &&
		!cl_gunzip(q->a, &q->body, 64 << 20, &large)) {
		connect_error(q, "invalid_argument", "gzip: invalid header");
		return;
	}
	root.json = og_sv_starts(type, OG_SV("application/json"));
	if (!root.json && !og_sv_starts(type, OG_SV("application/proto"))) {
		cl_text(q, 415, "%s", "");
		return;
	}
	root.pb = q->body;
	if (root.json) {
		if (og_jdoc_parse(&d, q->a, q->body, NULL, NULL)) {
			connect_error(q, "invalid_argument", "unmarshal message");
			return;
		}
		root.j = og_jroot(&d);
	}
	pthread_mutex_lock(&q->c->mu);
	it = cl_it(&w, root);
	while (ok && cl_next(&it, &f))
		ok = push_one(q, &w, f.sub);
	pthread_mutex_unlock(&q->c->mu);
	if (!ok || w.bad) {
		connect_error(q, "invalid_argument",
			w.bad ? w.why : "profile series without the label __name__");
		return;
	}
	q->status = 200;
	q->content_type = root.json ? "application/json" : "application/proto";
	if (root.json)
		og_buf_lit(&q->out, "{}");
}

void cl_pyro_http(struct cl_req *q)
{
	struct og_sv prefix = OG_SV("/querier.v1.QuerierService/");
	bool post = og_sv_is(q->method, "POST");

	if (og_sv_is(q->path, "/ingest") || og_sv_is(q->path, "/push.v1.PusherService/Push") ||
		og_sv_is(q->path, "/v1development/profiles")) {
		if (!cl_authorised(q, "profiles:write"))
			return;
		if (!post)
			cl_text(q, 405, "Method Not Allowed\n");
		else if (og_sv_is(q->path, "/ingest"))
			ingest(q);
		else if (q->otlp)
			cl_receive(q, CL_PROFILES_SIG, false);
		else
			push(q);
	} else if (og_sv_starts(q->path, prefix)) {
		if (!cl_authorised(q, "profiles:read"))
			return;
		if (!post)
			cl_text(q, 405, "Method Not Allowed\n");
		else
			rpc(q, og_sv(q->path.p + prefix.n, q->path.n - prefix.n));
	} else {
		cl_text(q, 404, "404 page not found\n");
	}
}
