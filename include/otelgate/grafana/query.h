/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Questions to the four backends as HTTP requests. Pure: nothing is sent here.
 *
 * Each question is asked for a whole cluster (or a shard of it) and answered by grouped rows, so
 * that the number of calls does not depend on the number of workloads. Times are seconds in here
 * and become what each backend speaks: Prometheus and Tempo seconds, Loki nanoseconds, Pyroscope
 * milliseconds. Names and values that come from outside (a cluster's name, a label's value) are
 * escaped for the query language they go into, whatever they hold.
 *
 * Wire facts: Prometheus HTTP API, Loki HTTP API reference, Tempo api_docs, Pyroscope
 * reference-server-api.
 */
#include "otelgate/base/err.h"
#include "otelgate/grafana/rows.h"

enum og_gf_ask {
	/* Prometheus, Mimir */
	OG_GF_PROM_PING,	  /* does the credential work */
	OG_GF_PROM_ARRIVAL,	  /* instances by target_info; last_s = their newest sample */
	OG_GF_PROM_REQUESTS,	  /* requests served per second, by job and instance: idle or not */
	OG_GF_PROM_EXPORT_FAILED, /* what SDKs could not export, per second, by reason */
	OG_GF_PROM_EXPORTED,	  /* what SDKs exported, per second, failures included */
	OG_GF_PROM_EXPORT_SECONDS,   /* mean duration of one export of an SDK */
	OG_GF_PROM_COLLECTOR_FAILED, /* what collectors could not send on, per second */
	OG_GF_PROM_COLLECTOR,	     /* what collectors of the cluster sent on, per second, by
				      * metric: "sent …", "failed …", "dropped …" */
	OG_GF_PROM_UNKNOWN_SERVICE,  /* instances without a service name */
	OG_GF_PROM_DISCARDED,	     /* what the tenant's limits refuse, per second, by reason */
	OG_GF_PROM_EXEMPLARS, /* series with exemplars; value = how many, TRACE = one of them. Only
			       * series that carry the label of the cluster themselves */
	OG_GF_PROM_FIND,      /* one metric by a label, in any cluster; last_s = its newest */
	OG_GF_PROM_TEXT,      /* query.text as it is */
	/* Loki */
	OG_GF_LOKI_PING,
	OG_GF_LOKI_STREAMS,	/* streams by their index labels, by /series */
	OG_GF_LOKI_ARRIVAL,	/* lines, grouped by metadata too: pod, revision, language */
	OG_GF_LOKI_TRACE_SHARE, /* share (0 … 1) of lines that carry a trace_id, by service */
	OG_GF_LOKI_FIND,	/* one line by a label, or by its text; last_s = its time */
	OG_GF_LOKI_TEXT,
	/* Tempo */
	OG_GF_TEMPO_PING,
	OG_GF_TEMPO_ARRIVAL,  /* spans, by service, pod and revision */
	OG_GF_TEMPO_ERRORS,   /* spans with an error, by service */
	OG_GF_TEMPO_SERVICES, /* names of services; an invalid filter is ignored by Tempo */
	OG_GF_TEMPO_FIND,     /* one trace by an attribute; last_s = its start, TRACE = its id */
	OG_GF_TEMPO_TRACE,    /* one trace by its id; value = spans */
	OG_GF_TEMPO_TEXT,     /* TraceQL metrics */
	/* Pyroscope */
	OG_GF_PYRO_PING,
	OG_GF_PYRO_ARRIVAL, /* series of profiles by their labels */
	OG_GF_PYRO_FIND,    /* the same for one label's value */
	OG_GF_ASK_COUNT_
};
const char *og_gf_ask_name(enum og_gf_ask a); /* "prom_arrival", … */
enum og_gf_backend og_gf_ask_backend(enum og_gf_ask a);

/*
 * A part of the cluster, when the whole would exceed a limit: one of
 *   any    the key is one of these (up to OG_GF_SHARD_MAX)
 *   from…to  its first character is in this range, "0" to "9" or "a" to "z"
 *   rest   its first character is in neither of these ranges, or it has no value
 */
enum { OG_GF_SHARD_MAX = 2000 };
struct og_gf_shard {
	enum og_gf_key key; /* K8S_NAMESPACE or SERVICE_NAME */
	const struct og_sv *any;
	uint32_t nany;
	char from, to;
	bool rest;
};

struct og_gf_query {
	enum og_gf_ask ask;
	struct og_sv cluster; /* empty = whatever cluster */
	/* Which label holds it; empty = what the chart and the SDKs send: k8s_cluster_name
	 * (Prometheus, Loki), resource.k8s.cluster.name (Tempo), cluster or k8s_cluster_name
	 * (Pyroscope, Loki's /series). */
	struct og_sv cluster_label;
	struct og_gf_shard shard; /* zeroed = all */
	/* End of the window; 0 = now by the backend's clock. LOKI_STREAMS, LOKI_FIND, TEMPO_FIND,
	 * TEMPO_SERVICES and Pyroscope cannot do without. */
	int64_t end_s;
	int64_t window_s; /* 0 = 900; at most 86,400 (Tempo's own limit) */
	int64_t step_s;	  /* how finely PROM_ARRIVAL and PROM_FIND look for samples; 0 = 60 */
	/* Rows whose last_s is told and older are no proof of arrival; 0 = all of the window. Does
	 * not change the query, but what is made of the answer (OG_GF_STALE). */
	int64_t fresh_s;
	uint32_t limit; /* of LOKI_FIND and TEMPO_FIND; 0 = 1 */
	uint32_t by;	/* bits of og_gf_key to group by; 0 = the question's own */
	/* The backend keeps dots in names (Prometheus and Mimir with NoTranslation). Old versions
	 * refuse such queries. */
	bool utf8_names;
	/* FIND: name = metric (Prometheus), service.name (others; may be empty). label = value is
	 * looked for; Loki without a label looks for the value in the line. TEMPO_TRACE: value is
	 * the id. */
	struct og_sv name, label, value;
	struct og_sv text; /* *_TEXT */
};

/* How an answer is to be read. */
enum og_gf_shape {
	OG_GF_SHAPE_PROM,   /* {"status","data":{"resultType","result"}}: Prometheus and Loki */
	OG_GF_SHAPE_SERIES, /* {"status","data":[{labels}]} */
	OG_GF_SHAPE_EXEMPLARS,
	OG_GF_SHAPE_TEMPO_METRICS,
	OG_GF_SHAPE_TEMPO_SEARCH,
	OG_GF_SHAPE_TEMPO_VALUES,
	OG_GF_SHAPE_TEMPO_TRACE,
	OG_GF_SHAPE_ECHO,
	OG_GF_SHAPE_PYRO_SERIES,
	OG_GF_SHAPE_PYRO_NAMES,
	OG_GF_SHAPE_RAW, /* not read: og_gf_answer.body */
	OG_GF_SHAPE_COUNT_
};

/* All in the arena. */
struct og_gf_http {
	enum og_gf_backend backend; /* OG_GF_COUNT_ = none of them, see client.h */
	enum og_gf_shape shape;
	bool value_is_time;	/* values are seconds since the epoch: they become last_s */
	int64_t fresh_s;	/* of the query */
	uint32_t limit;		/* as many rows as that are perhaps not all; 0 = none */
	const char *method;	/* "GET", "POST" */
	const char *target;	/* path and query, to be put behind the backend's base URL */
	const char *headers[4]; /* "Name: value", NULL-terminated; no credential */
	struct og_sv body;	/* p NULL = none */
	struct og_sv text;	/* the query as people read it */
	const char *name;	/* of the question */
	const char *who;	/* in messages; NULL = the backend's name */
};

/*
 * Makes the request. Errors: INVALID says what the question lacks, or which name cannot be a label
 * there; LIMIT (a shard that is too long); OOM.
 */
int og_gf_query_http(const struct og_gf_query *q, struct og_arena *a, struct og_gf_http *ret,
	struct og_err *err);

/*
 * Escaping, for whoever writes queries of their own (evidence, links). Each appends.
 *   string  a string literal with its quotes: the same rules in PromQL, LogQL, TraceQL and
 *           Pyroscope's selectors (Go's strconv.Unquote)
 *   regexp  a literal inside such a string that is a regular expression (RE2)
 */
void og_gf_put_string(struct og_buf *b, struct og_sv s);
void og_gf_put_regexp(struct og_buf *b, struct og_sv s);
/* Whether it can be a label's name without quotes: [A-Za-z_][A-Za-z0-9_]*. */
bool og_gf_label_is_plain(struct og_sv name);
