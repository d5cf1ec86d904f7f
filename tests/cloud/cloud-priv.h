/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * The inside of the simulated Grafana Cloud.
 *
 * One thread per connection. `mu` guards everything in struct og_cloud but what is constant after
 * the start; it is held while an answer is computed, never while a socket is read or written.
 * What is held lives in one arena per life (`store`) but for what is replaced while time goes by:
 * lines, spans and profiles are blocks of their own in rings.
 */
#include <openssl/ssl.h>
#include <pthread.h>
#include <stdatomic.h>
#include "cloud/cloud.h"
#include "otelgate/base/arena.h"
#include "otelgate/base/map.h"
#include "otelgate/base/mem.h"
#include "otelgate/codec/jdoc.h"

enum {
	CL_SAMPLES = 1024,  /* newest of a series */
	CL_EXEMPLARS = 16,  /* newest of a series */
	CL_LINES = 4096,    /* newest of a stream */
	CL_SPANS = 400000,  /* newest of all */
	CL_PROFILES = 1024, /* newest of a series */
	CL_SCOPES = 512,    /* length of the text of scopes */
	CL_LOG = 4096,	    /* requests in the log */
	CL_CONNS = 1024,
	CL_HEADERS = 64,
	CL_HEAD_BYTES = 64 << 10,
	CL_LOOKBACK_MS = 5 * 60 * 1000, /* how long a sample counts (Prometheus: 5 min) */
	CL_POINTS = 11000,		/* steps of a range query (Prometheus) */
	CL_DEPTH = 64,			/* of parsed expressions */
};

/* A vector that grows in an arena: zeroed new element, or NULL. */
void *cl_grow_(struct og_arena *a, void *v, uint32_t *n, uint32_t *cap, size_t size);
#define cl_push(a, s, field)               \
	((__typeof__((s)->field))cl_grow_( \
		(a), &(s)->field, &(s)->n##field, &(s)->cap##field, sizeof(*(s)->field)))
#define CL_VEC(type, name) \
	type *name;        \
	uint32_t n##name;  \
	uint32_t cap##name

/* ---- labels (labels.c) ---- */
struct cl_label {
	struct og_sv k, v;
};
/* Sorted by name, no empty values. */
struct cl_lset {
	const struct cl_label *l;
	uint32_t n;
	uint64_t hash;
};
void cl_lset_seal(struct cl_lset *s, struct cl_label *l, uint32_t n); /* sorts, drops empties */
struct og_sv cl_lset_get(const struct cl_lset *s, struct og_sv k);    /* empty = absent */
bool cl_lset_eq(const struct cl_lset *a, const struct cl_lset *b);
int cl_lset_cmp(const struct cl_lset *a, const struct cl_lset *b);
void cl_lset_json(struct og_buf *b, const struct cl_lset *s);
/* Labels in `names` alone (keep), or all but these (drop). */
void cl_lset_project(struct og_arena *a, const struct cl_lset *s, const struct og_sv *names,
	uint32_t n, bool keep, struct cl_lset *ret);
/* The bytes that tell sets apart: k NUL v NUL … */
struct og_sv cl_lset_key(struct og_arena *a, const struct cl_lset *s);
/* "a.b-c" -> "a_b_c"; a digit in front gets "key_". */
struct og_sv cl_prom_name(struct og_arena *a, struct og_sv s);

struct cl_match {
	struct og_sv k, v;
	char op; /* '=' '!' '~' 'x' (!~) 'r' (with groups, for label_replace) */
	void *re;
};
bool cl_match(const struct cl_match *m, struct og_sv v);
/* Compiles; false = bad expression. What it makes is freed by cl_match_fini. */
bool cl_match_init(struct cl_match *m, struct og_arena *a);
void cl_match_fini(struct cl_match *m);

/* ---- OTLP (otlp_wire.c, otlp.c): one reader for both encodings ---- */
struct cl_attr {
	struct og_sv k, v;
	char type; /* s string, b bool, i int, d double, x other (as JSON) */
};
struct cl_attrs {
	CL_VEC(struct cl_attr, v);
};
struct og_sv cl_attr_get(const struct cl_attrs *a, struct og_sv k);
void cl_attr_del(struct cl_attrs *a, struct og_sv k);
bool cl_attr_set(struct og_arena *ar, struct cl_attrs *a, struct og_sv k, struct og_sv v);

struct cl_exemplar {
	int64_t ts_ns;
	double v;
	struct og_sv trace, span; /* hex */
	struct cl_attrs attrs;
};
struct cl_quantile {
	double q, v;
};
struct cl_point {
	struct cl_attrs attrs;
	int64_t start_ns, ts_ns;
	double v, sum;
	uint64_t count;
	bool has_sum;
	CL_VEC(uint64_t, buckets);
	CL_VEC(double, bounds);
	CL_VEC(struct cl_quantile, quantiles);
	CL_VEC(struct cl_exemplar, exemplars);
};
enum cl_kind { CL_NONE, CL_GAUGE, CL_SUM, CL_HISTOGRAM, CL_EXP_HISTOGRAM, CL_SUMMARY };
struct cl_metric {
	struct og_sv name, unit;
	enum cl_kind kind;
	int temporality; /* 0 unset, 1 delta, 2 cumulative */
	bool monotonic;
	CL_VEC(struct cl_point, points);
};
struct cl_span {
	struct og_sv trace, span, parent; /* bytes */
	struct og_sv name, status_message;
	int kind, status;
	int64_t start_ns, end_ns;
	struct cl_attrs attrs;
};
struct cl_logrec {
	int64_t ts_ns, observed_ns;
	struct og_sv trace, span; /* hex */
	struct og_sv severity, body;
	int severity_number;
	struct cl_attrs attrs;
};
struct cl_profile {
	int64_t ts_ns;
	uint64_t samples;
};
struct cl_scope {
	struct og_sv name, version;
	struct cl_attrs attrs;
	CL_VEC(struct cl_metric, metrics);
	CL_VEC(struct cl_span, spans);
	CL_VEC(struct cl_logrec, logs);
	CL_VEC(struct cl_profile, profiles);
};
struct cl_group {
	struct cl_attrs resource;
	CL_VEC(struct cl_scope, scopes);
};
struct cl_export {
	CL_VEC(struct cl_group, groups);
};
enum cl_signal { CL_METRICS, CL_TRACES, CL_LOGS, CL_PROFILES_SIG, CL_SIGNALS_ };
int cl_otlp_decode(struct og_arena *a, enum cl_signal sig, bool json, struct og_sv body,
	struct cl_export *ret, struct og_err *err);

/* One message in either encoding; see otlp_wire.c. */
enum cl_type { CL_T_MSG, CL_T_STR, CL_T_HEX, CL_T_B64, CL_T_INT, CL_T_DBL };
struct cl_mdesc;
struct cl_fdesc {
	const char *name;
	uint16_t num;
	uint8_t type;
	const struct cl_mdesc *msg;
};
struct cl_mdesc {
	const struct cl_fdesc *f;
	size_t n;
};
struct cl_node {
	const struct cl_mdesc *m;
	struct og_sv pb;
	struct og_jval j;
	bool json;
};
struct cl_wire {
	struct og_arena *a;
	bool bad;
	const char *why;
};
struct cl_it {
	struct cl_wire *w;
	struct cl_node n;
	size_t at;
	struct og_jiter ji, inner;
	bool in_array;
	const struct cl_fdesc *fd; /* of a packed or JSON array that is being read */
	struct og_sv packed;
	unsigned packed_wt;
};
struct cl_field {
	unsigned num;
	int64_t i;
	double d;
	struct og_sv s;
	struct cl_node sub;
};
struct cl_it cl_it(struct cl_wire *w, struct cl_node n);
bool cl_next(struct cl_it *it, struct cl_field *f);
/* Writing protobuf: a varint field, a length-delimited one. */
void cl_pb_varint(struct og_buf *b, unsigned num, uint64_t v);
void cl_pb_bytes(struct og_buf *b, unsigned num, struct og_sv s);

/* ---- stores ---- */
struct cl_sample {
	int64_t ts_ms, recv_ms; /* recv: CLOCK_MONOTONIC */
	double v;
};
struct cl_held_exemplar {
	int64_t ts_ms, recv_ms;
	double v;
	struct cl_lset labels;
};
struct cl_series {
	struct cl_lset labels, nameless;
	struct og_sv name;
	bool native;		/* a native histogram, of which the count alone is held */
	struct cl_sample *ring; /* oldest first from `first` */
	uint32_t n, cap, first;
	struct cl_held_exemplar *ex;
	uint32_t nex; /* ever; the ring holds CL_EXEMPLARS */
	struct cl_series *next_of_name, *next;
};
struct cl_line {
	int64_t ts_ns, recv_ms;
	struct og_sv line;
	struct cl_lset meta;
};
struct cl_stream {
	struct cl_lset labels;
	struct cl_line **ring;
	uint32_t n, cap, first;
	struct cl_stream *next;
};
struct cl_res { /* a resource, shared by its spans */
	struct cl_attrs attrs;
	struct og_sv service;
};
struct cl_held_span {
	unsigned char trace[16], span[8], parent[8];
	bool has_parent;
	int kind, status;
	int64_t start_ns, end_ns, recv_ms;
	struct og_sv name, status_message, scope;
	const struct cl_res *res;
	struct cl_attrs attrs;
};
struct cl_held_profile {
	int64_t ts_ms, recv_ms;
	double v;
};
struct cl_pseries {
	struct cl_lset labels;
	struct cl_held_profile *ring;
	uint32_t n, cap, first;
	struct cl_pseries *next;
};
struct cl_store {
	struct og_arena arena;
	struct og_intern words;
	struct og_map series, by_name, streams, resources, pseries;
	struct cl_series *series_list;
	struct cl_stream *stream_list;
	struct cl_pseries *pseries_list;
	struct cl_held_span **spans; /* ring of CL_SPANS */
	uint32_t nspans, first_span;
	uint64_t nsamples, nexemplars, nlines, nprofiles, heap_bytes;
};
int cl_store_init(struct cl_store *st, uint64_t max_bytes);
void cl_store_fini(struct cl_store *st);
/* What is in a request goes into the stores; refused ones are counted and told of. */
struct cl_refusal {
	uint64_t n;
	char why[512];
	int status; /* 0 = a partial success, else the whole request is answered so */
};
bool cl_store_lset(struct og_cloud *c, struct cl_label *l, uint32_t n, struct cl_lset *ret);
struct cl_series *cl_prom_series(struct og_cloud *c, struct cl_label *l, uint32_t n);
bool cl_prom_sample(struct og_cloud *c, struct cl_series *s, int64_t ts_ms, double v);
void cl_prom_ingest(
	struct og_cloud *c, struct og_arena *a, const struct cl_export *e, struct cl_refusal *r);
bool cl_loki_line(struct og_cloud *c, const struct cl_lset *labels, int64_t ts_ns,
	struct og_sv line, const struct cl_label *meta, uint32_t nmeta);
void cl_loki_ingest(
	struct og_cloud *c, struct og_arena *a, const struct cl_export *e, struct cl_refusal *r);
void cl_tempo_ingest(
	struct og_cloud *c, struct og_arena *a, const struct cl_export *e, struct cl_refusal *r);
bool cl_pyro_add(struct og_cloud *c, struct og_arena *a, struct cl_label *l, uint32_t n,
	int64_t ts_ms, double v);
void cl_pyro_ingest(
	struct og_cloud *c, struct og_arena *a, const struct cl_export *e, struct cl_refusal *r);
void cl_ingest(struct og_cloud *c, struct og_arena *a, enum cl_signal sig,
	const struct cl_export *e, struct cl_refusal *r);

/* ---- settings ---- */
struct cl_words {
	struct og_sv v[64];
	uint32_t n;
};
bool cl_words_has(const struct cl_words *w, struct og_sv s);
struct cl_pipeline {
	struct cl_words drop, drop_signals;
	struct cl_attr rename[32], add[32];
	uint32_t nrename, nadd;
	struct og_sv cluster;
	int status;
	bool forward;
};
struct cl_settings {
	int64_t delay_ms[OG_CLOUD_HOSTS_];
	int64_t loki_series, tempo_series, prom_series, body_bytes;
	int64_t prom_old_ms, prom_future_ms, loki_old_ms;
	int64_t clock_offset_ms;
	bool auth_text, gateway_profiles;
	struct cl_words index_labels, promote;
	struct og_sv slug, region, status;
	struct cl_label visible[OG_CLOUD_HOSTS_];
	struct cl_pipeline pipe;
};
void cl_settings_init(struct og_cloud *c);

struct cl_fault {
	int host; /* -1 = any */
	char *path, *text, *content_type;
	int kind;
	int64_t after, count, seen, ms, bytes, n;
	int code, retry_after;
	bool html;
	struct cl_fault *next;
};
enum cl_fault_kind {
	CL_F_NONE,
	CL_F_STATUS,
	CL_F_HANG,
	CL_F_DELAY,
	CL_F_SLOW,
	CL_F_CUT,
	CL_F_RESET,
	CL_F_ENDLESS,
	CL_F_HUGE,
	CL_F_CONTENT_TYPE,
	CL_F_BODY,
	CL_F_WARNINGS,
	CL_F_PARTIAL,
	CL_F_REJECT,
	CL_F_REDIRECT
};

struct cl_token {
	char *token;
	char scopes[CL_SCOPES];
	struct cl_token *next;
};
struct cl_logged {
	char *text;
	int host;
};

/* ---- a connection and its request (http.c, answer.c) ---- */
struct cl_conn {
	struct og_cloud *c;
	int fd, host;
	SSL *ssl;
	pthread_t thread;
	bool done, broken, close;
	struct og_buf in;
	struct cl_conn *next;
};
struct cl_header {
	struct og_sv k, v;
};
struct cl_req {
	struct og_cloud *c;
	struct cl_conn *conn;
	struct og_arena *a;
	enum og_cloud_host host;
	struct og_sv method, target, path, body;
	uint64_t wire_in;
	struct cl_header headers[CL_HEADERS];
	uint32_t nheaders;
	CL_VEC(struct cl_header, params); /* of the query and of a form body */
	struct og_sv user;
	bool too_large;
	struct cl_fault fault; /* kind CL_F_NONE = none */
	/* the answer */
	int status;
	const char *content_type;
	struct og_buf out, head;
	uint64_t wire_out;
	bool otlp, otlp_json; /* errors in the encoding of the request */
};
struct og_sv cl_header(const struct cl_req *q, const char *name);
struct og_sv cl_param(const struct cl_req *q, const char *name);
int cl_listen_all(struct og_cloud *c, struct og_err *err);
void *cl_accept_thread(void *arg);
void cl_kill_all(struct og_cloud *c);
/* Waits for the other end to leave, our stop, or the time; true = go on. */
bool cl_pause(struct cl_conn *k, int64_t ms);
bool cl_write(struct cl_conn *k, const void *p, size_t n);
void cl_read_form(struct cl_req *q, struct og_sv text);
void cl_send(struct cl_req *q); /* with the fault's shape */
void cl_text(struct cl_req *q, int status, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
void cl_json(struct cl_req *q, int status); /* the body is in q->out */

void cl_route(struct cl_req *q);
/* False = answered. `scope` like "metrics:read". */
bool cl_authorised(struct cl_req *q, const char *scope);
void cl_fault_find(struct cl_req *q);
/* True = answered. */
bool cl_fault_answer(struct cl_req *q);
void cl_fault_free(struct cl_fault *f);
void cl_receive(struct cl_req *q, enum cl_signal sig, bool collector);
void cl_loki_push(struct cl_req *q);
void cl_pyro_http(struct cl_req *q);
void cl_prom_http(struct cl_req *q);
void cl_loki_http(struct cl_req *q);
void cl_tempo_http(struct cl_req *q);
void cl_discovery_http(struct cl_req *q);
void cl_admin_http(struct cl_req *q);
void cl_log_request(struct cl_req *q);
/* Inflates a gzip body in place; false = bad, or larger than the limit. */
bool cl_gunzip(struct og_arena *a, struct og_sv *body, size_t max, bool *ret_large);

struct og_cloud {
	struct og_cloud_opts o;
	char base[OG_CLOUD_HOSTS_][64], url[OG_CLOUD_HOSTS_][80];
	struct og_buf ca_pem;
	SSL_CTX *tls;
	int listen_fd[OG_CLOUD_HOSTS_], wake_fd;
	uint16_t port[OG_CLOUD_HOSTS_];
	pthread_t acceptor;
	bool has_acceptor;
	atomic_bool stopping;

	pthread_mutex_t mu;
	pthread_cond_t cond; /* a connection ended */
	struct cl_conn *conns;
	unsigned nconns;
	struct og_arena words; /* of settings; lives as long as the simulator */
	struct cl_settings set;
	struct cl_token *tokens;
	struct cl_fault *faults;
	uint64_t faults_hit, bytes_out;
	struct cl_store st;
	struct cl_logged log[CL_LOG];
	uint64_t nlog;
};
int64_t cl_mono_ms(void);
int64_t cl_now_ms(struct og_cloud *c); /* wall clock of the cloud; with mu held */
/* Whether what was received then can be seen in that backend now; with mu held. */
static inline bool cl_seen(
	const struct og_cloud *c, enum og_cloud_host h, int64_t recv, int64_t now)
{
	return now - recv >= c->set.delay_ms[h];
}
/* Whether the label policy of that backend shows the set. */
bool cl_shown(const struct og_cloud *c, enum og_cloud_host h, const struct cl_lset *s);

/* ---- PromQL and the metric half of LogQL (expr*.c) ---- */
struct cl_filter { /* of a log pipeline */
	char kind; /* '|' line filter, 'l' label filter */
	struct cl_match m;
	bool negate;
};
struct cl_sel {
	struct og_sv name;
	CL_VEC(struct cl_match, m);
	CL_VEC(struct cl_filter, filters);
};
enum cl_expr_type {
	CL_E_NUMBER,
	CL_E_SELECTOR, /* instant */
	CL_E_RANGE,    /* selector[range] */
	CL_E_SUBQUERY, /* expr[range:step] */
	CL_E_CALL,
	CL_E_AGG,
	CL_E_BINARY,
	CL_E_LOGS /* a log selector alone */
};
struct cl_expr {
	enum cl_expr_type type;
	double num;
	struct cl_sel sel;
	int64_t range_ms, step_ms, offset_ms;
	struct og_sv fn;
	struct cl_expr *a, *b;
	CL_VEC(struct og_sv, by);
	bool without, grouped, boolean, on, ignoring;
	struct cl_expr *next; /* of all of a parse, to free matchers */
};
struct cl_parsed {
	struct cl_expr *root, *all;
	char why[256];
};
bool cl_expr_parse(struct og_arena *a, struct og_sv text, bool loki, struct cl_parsed *ret);
void cl_expr_fini(struct cl_parsed *p);
struct cl_vrow {
	struct cl_lset labels; /* without __name__ when computed */
	int64_t ts_ms;	       /* of the sample itself */
	double v;
	bool native;
};
struct cl_vec {
	CL_VEC(struct cl_vrow, v);
	bool scalar;
};
struct cl_eval {
	struct og_cloud *c;
	struct og_arena *a;
	bool loki;
	int64_t now_mono, limit; /* limit: series at any point; 0 = none */
	int status;		 /* of an error, with why */
	const char *kind;
	char why[256];
};
bool cl_eval(struct cl_eval *ev, const struct cl_expr *e, int64_t t_ms, struct cl_vec *ret);
bool cl_sel_match(const struct cl_sel *s, const struct cl_lset *labels);
/* Whether a line passes, and with which labels (stream and metadata). */
bool cl_line_match(struct og_arena *a, const struct cl_sel *s, const struct cl_stream *st,
	const struct cl_line *l, struct cl_lset *ret);
void cl_float(struct og_buf *b, double v); /* as Go's 'f' -1 */
void cl_envelope_open(struct cl_req *q, const char *type);
/* Parses times as Prometheus and Loki take them; false = bad. */
bool cl_time_ms(struct og_sv s, bool loki, int64_t *ret_ms);
bool cl_duration_ms(struct og_sv s, int64_t *ret_ms);
void cl_bad_data(struct cl_req *q, int status, const char *type, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
void cl_query_instant(struct cl_req *q, struct cl_expr *e, int64_t t_ms, int64_t limit);
void cl_query_range(
	struct cl_req *q, struct cl_expr *e, int64_t from, int64_t to, int64_t step, int64_t limit);

/* ---- TraceQL (traceql.c) ---- */
struct cl_tq;
struct cl_tq *cl_tq_parse(struct og_arena *a, struct og_sv text, char *why, size_t size);
void cl_tq_fini(struct cl_tq *t);
bool cl_tq_match(const struct cl_tq *t, const struct cl_held_span *s);
struct cl_tq_metric {
	struct og_sv fn; /* empty = none: a search */
	CL_VEC(struct og_sv, by);
};
const struct cl_tq_metric *cl_tq_metric(const struct cl_tq *t);
/* Value of "resource.x", "span.x", ".x" or an intrinsic; false = nil. */
bool cl_tq_value(
	const struct cl_held_span *s, struct og_sv path, struct og_sv *ret, char *ret_type);
