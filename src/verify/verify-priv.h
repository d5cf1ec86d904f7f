/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* The inside of the engine. */
#include "otelgate/base/log.h"
#include "otelgate/base/map.h"
#include "otelgate/base/mem.h"
#include "otelgate/grafana/discovery.h"
#include "otelgate/verify/stars.h"
#include "otelgate/verify/verify.h"

/* ---- rows.c: an answer in hand, small: every text once, in one block ---- */

enum {
	VT_SERVICE_NAMESPACE,
	VT_SERVICE_NAME,
	VT_JOB,
	VT_INSTANCE,
	VT_K8S_NAMESPACE,
	VT_POD,
	VT_CONTAINER,
	VT_WORKLOAD,
	VT_REVISION,
	VT_LANGUAGE,
	VT_METRIC,
	VT_VERSION,
	VT_COUNT_
};
struct verify_text {
	uint32_t at, n;
};
struct verify_row {
	uint32_t text[VT_COUNT_]; /* into texts; 0 = "" */
	enum og_arrival_route route;
	double value;
	int64_t last_s;
};
struct verify_answer {
	uint32_t nrows, ntexts;
	size_t bytes; /* of all of it */
	struct verify_row *rows;
	struct verify_text *texts;
	char *blob;
};
/* Without rows of other clusters, where they say so. NULL without memory. */
struct verify_answer *verify_answer_new(
	const struct og_gf_rows *rows, struct og_sv cluster, uint64_t seed);
void verify_answer_free(struct verify_answer *a);
/* Row number i with views of the answer. */
struct og_arrival_row verify_answer_row(const struct verify_answer *a, uint32_t i);
/* What of the row is none of arrival's. */
struct og_sv verify_answer_text(const struct verify_answer *a, uint32_t i, int which);

/* ---- what is asked ---- */

/* One row per question of a cycle: verify.c. */
struct verify_ask {
	const char *name;
	enum og_gf_backend backend;
	enum og_gf_ask ask, coarse; /* coarse: where parts would be too many */
	uint32_t coarse_by;	    /* og_gf_query.by of it; 0 = its own */
	bool coarse_whole;	    /* the coarse one has no limit: it is not split */
	bool any_cluster; /* there are too many names for the label: rows are looked at instead */
	bool fresh;	  /* over the freshness instead of the window */
	bool traffic;	  /* counters, not arrival */
	uint32_t by;	  /* og_gf_query.by; 0 = its own */
	bool rare;	  /* for the stars: now and then, when a cycle has calls to spare */
	enum og_stars_ask stars;
};
enum { VERIFY_ASKS = 14 };
extern const struct verify_ask verify_asks[VERIFY_ASKS];

/* A part of the cluster that is asked for at once. */
struct verify_part {
	struct og_sv *any; /* namespaces, one block with their texts; NULL = the whole */
	uint32_t nany;
	uint32_t weight;	      /* rows that are to be expected */
	struct verify_answer *answer; /* the latest one that is evidence; NULL = none */
	int64_t asked_s;	      /* of it */
	bool partial;		      /* of it */
	bool failed;		      /* the latest try */
	bool busy;
	int64_t tried_ns; /* monotonic; 0 = never */
};

struct verify_question {
	const struct verify_ask *ask;
	struct verify_part *parts;
	uint32_t nparts;
	struct verify_answer *base; /* before it was split, until each part has answered */
	int64_t base_s;
	uint32_t limit; /* rows that fit into one answer, as far as is known; 0 = all */
	bool coarse;
	bool split_failed; /* as small as can be: it stays partial */
	int64_t whole_ns;  /* when the whole was last asked for */
};

struct verify_backend {
	bool configured;
	char *given_url, *given_user; /* by the spec */
	char *url, *user;	      /* in use */
	char *bad;		      /* why the URL cannot be asked; NULL = it can */
	/* of this cycle, being gathered */
	enum og_gf_state worst;
	enum og_gf_why worst_why;
	char *worst_message;
	bool any;
	/* as told */
	enum og_gf_state state;
	const char *why, *finding;
	char *message;
	int64_t since_s, asked_s, took_ms, skew_ms;
};

struct verify_stack {
	struct og_verify *v;
	struct verify_stack *next;
	char *name, *cluster, *ca;
	uint32_t interval_ms, window_ms, freshness_ms;
	int64_t request_ms;
	struct og_secret token;
	bool has_token;
	char *slug, *discovery_url, *grafana_url;
	struct og_gf_discovery *discovery; /* under way */
	int64_t discovered_ns;		   /* monotonic; 0 = not yet */
	struct og_gf_client *client;
	struct verify_backend backend[OG_GF_COUNT_];
	struct verify_question questions[VERIFY_ASKS];
	struct og_timer timer;
	unsigned waiting;    /* answers of this cycle */
	struct asked *asked; /* the questions they are to */
	bool cycling, again;
	bool seen; /* while a new set is taken in */
	struct og_verify_stats stats;
	uint32_t calls; /* of this cycle */
	uint64_t bytes;
};

struct og_verify {
	struct og_verify_opts o;
	struct verify_stack *stacks;
	uint64_t rng;
};

struct verify_stack *verify_stack_of(const struct og_verify *v, struct og_sv name);
int64_t verify_now_s(const struct og_verify *v);
uint64_t verify_random(struct og_verify *v);

/* From what each backend is asked at now. Errors: OOM. */
int verify_make_client(struct verify_stack *s, struct og_err *err);

/* discover.c: true when the cycle has to wait for it, and goes on by itself. */
bool verify_discover(struct verify_stack *s);
/* cycle.c */
void verify_gather(struct verify_backend *b, const struct og_gf_answer *a);
void verify_cycle_go_on(struct verify_stack *s);
void verify_cycle_soon(struct verify_stack *s);
void verify_cycle_begin(void *stack);
/* Questions whose answers will not come: their client is gone. */
void verify_cycle_forget(struct verify_stack *s);

/* parts.c */
int verify_question_init(struct verify_question *q, const struct verify_ask *ask);
void verify_question_fini(struct verify_question *q);
/* Has the question asked in smaller parts, after an answer that was cut. */
void verify_question_split(
	struct verify_stack *s, struct verify_question *q, struct verify_part *p, uint32_t rows);
/* Places that no part asks for get one. */
void verify_question_widen(struct verify_stack *s, struct verify_question *q);
/* Whether each part has an answer. */
bool verify_question_answered(const struct verify_question *q);
