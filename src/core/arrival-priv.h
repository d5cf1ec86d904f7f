/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* The parts of core/arrival among themselves. */
#include "otelgate/base/map.h"
#include "otelgate/core/arrival.h"

/* An enumerator is an int in ISO C. */
#define AR_NONE UINT32_MAX

/* Why a verdict is what it is; rows of arrival_reasons.c in this order. */
enum ar_why {
	AR_ARRIVING,
	AR_ARRIVED_WITH_RUN,
	AR_ROUTE_NOT_TOLD,
	AR_MISSED_ONCE,
	AR_BY_STDOUT,
	AR_ONLY_BY_STDOUT,
	AR_NO_REQUESTS,
	AR_TRAFFIC_UNKNOWN,
	AR_QUIET,
	AR_STOPPED,
	AR_NEVER_ARRIVED,
	AR_NOTHING_IN_WINDOW,
	AR_OLD_REVISION_ONLY,
	AR_NOTHING_FROM_RUN,
	AR_WITHIN_GRACE,
	AR_ANSWER_PENDING,
	AR_NO_PODS,
	AR_SCALED_TO_ZERO,
	AR_PODS_NOT_READY,
	AR_NOT_INJECTED,
	AR_OLD_PODS_ONLY,
	AR_SUSPENDED,
	AR_FIRST_RUN,
	AR_NEXT_RUN,
	AR_NOT_ASKED,
	AR_EXPORTER_NONE,
	AR_SENT_ELSEWHERE,
	AR_SAMPLED_OUT,
	AR_SKIPPED,
	AR_NOT_CONFIGURED,
	AR_UNANSWERED, /* the source's own word stands in its place */
	AR_TOO_OLD,
	AR_PARTIAL,
	AR_FRESHNESS_NOT_TOLD,
	AR_REVISION_NOT_TOLD,
	AR_SHARED_NAME,
	AR_AMBIGUOUS_JOB,
	AR_LOW_SAMPLING,
	AR_NO_TRAFFIC_EVIDENCE,
	AR_HIDDEN,
	AR_START_UNKNOWN,
	AR_RUN_TOO_LONG_AGO,
	AR_LAST_KNOWN, /* the state is the last one's */
	AR_WHY_COUNT_
};

extern const struct og_arrival_reason ar_reasons[AR_WHY_COUNT_];

/* ---- who sent what ---- */

struct ar_claim {
	uint32_t workload;
	struct ar_claim *next;
};
/* A name, and who bears it. Rows that could be any of several are kept as the best per signal: they
 * prove no more than that one. */
struct ar_name {
	struct ar_claim first, *last;
	uint32_t owners;
	uint32_t shared[OG_SIGNAL_COUNT_], ambiguous[OG_SIGNAL_COUNT_]; /* row or AR_NONE */
};

enum ar_astray { AR_ASTRAY_NO, AR_ASTRAY_NONE, AR_ASTRAY_NAMESPACE, AR_ASTRAY_AMBIGUOUS };
/* What is odd about the names that a row came under. */
enum ar_odd {
	AR_ODD_UNKNOWN_SERVICE,
	AR_ODD_OTHER_NAME,
	AR_ODD_LITERAL,
	AR_ODD_STAMPED, /* the Kubernetes attributes are those of another pod */
	AR_ODD_NO_PLACE,
	AR_ODD_NO_INSTANCE,
	AR_ODD_AHEAD, /* not of the row alone: is seen later */
	AR_ODD_COUNT_
};
/* Of one row what judging needs, side by side: rows themselves are large and far apart. */
struct ar_hit {
	int64_t last_s;	   /* ar_time of it */
	uint32_t next;	   /* row of the same workload */
	uint32_t workload; /* AR_NONE */
	uint32_t pod;	   /* of the workload; AR_NONE */
	uint8_t signal, tie, astray, route, odd;
	bool fresh, names_pod;
	bool told, wanted; /* a revision and one to compare it with; they are the same */
	bool stamped;
};
struct ar_pod {
	uint32_t workload, pod;
};
enum ar_traffic { AR_TRAFFIC_UNKNOWN_, AR_TRAFFIC_FLAT, AR_TRAFFIC_BUSY };
struct ar_load {
	bool told;
	int64_t micro; /* requests per second, in millionths: sums do not depend on the order */
};

struct og_arrival_index {
	const struct og_arrival_workload *w;
	uint32_t nw;
	const struct og_arrival_evidence *ev;
	struct og_arena *arena;
	struct og_map pods, names, revisions, objects;
	unsigned built; /* which of them: bits of enum ar_name_kind and more */
	bool oom, any_shared, any_twins;
	struct ar_hit *hits;
	uint32_t *head; /* per workload: its first row */
	struct ar_load *load;
	uint8_t *mask;			    /* per workload: signals with rows */
	uint32_t rows_of[OG_SIGNAL_COUNT_]; /* rows of the signal, whoever sent them */
	uint32_t others[OG_SIGNAL_COUNT_];  /* workloads that should send it, and send another */
};

/* Kinds of names: which parts are told. */
enum ar_name_kind {
	AR_NAME_FULL,  /* k8s namespace, service.namespace, service.name */
	AR_NAME_PAIR,  /* service.namespace, service.name */
	AR_NAME_PLACE, /* k8s namespace, service.name */
	AR_NAME_ALONE, /* service.name */
	AR_OBJECTS,    /* not a name: the table of objects, and of revisions */
	AR_REVISIONS,
};
enum { AR_KEY_BYTES = 1024 };
/* The parts with their lengths: no two lists of parts have one key, whatever they hold. False when
 * they are longer than names can be. */
bool ar_key(
	char buf[AR_KEY_BYTES], char kind, const struct og_sv *parts, size_t n, struct og_sv *ret);
/* Builds a table of names when the first row asks for it. */
void ar_ensure(struct og_arrival_index *ix, unsigned what);
void ar_resolve(struct og_arrival_index *ix, uint32_t row);
void ar_add_load(struct og_arrival_index *ix, const struct og_arrival_row *row);
struct ar_name *ar_name_find(const struct og_arrival_index *ix, enum ar_name_kind kind,
	struct og_sv ns, struct og_sv sns, struct og_sv name);
/* Another workload of the same name; AR_NONE. The first three that are not `self`. */
uint32_t ar_others(const struct og_arrival_index *ix, uint32_t self, uint32_t ret[3]);
/* Total order on what rows say. */
int ar_row_cmp(const struct og_arrival_row *a, const struct og_arrival_row *b);
bool ar_identity_has(const struct og_arrival_workload *w, const struct og_arrival_row *row);
/* All its containers have names that are known beforehand. */
bool ar_has_expectation(const struct og_arrival_workload *w);
bool ar_unknown_service(const struct og_arrival_row *row);
/* "web" of "shop/web", the whole without "/". */
struct og_sv ar_job_name(struct og_sv job);
int64_t ar_time(int64_t s); /* 0 to the year 9999 */

/* ---- one workload ---- */

enum ar_belong { AR_OLD, AR_UNTOLD, AR_CURRENT, AR_BELONG_COUNT_ };
enum ar_age { AR_AGED, AR_UNDATED, AR_FRESH, AR_AGE_COUNT_ };

struct ar_one { /* one signal */
	enum og_signal s;
	const struct og_arrival_source *src;
	const struct og_arrival_ask *ask;
	const struct og_arrival_recall *before;
	uint32_t n[AR_BELONG_COUNT_][AR_AGE_COUNT_];
	uint32_t routes[OG_ROUTE_COUNT_]; /* of the current fresh rows */
	uint32_t ever[OG_ROUTE_COUNT_];	  /* of all current rows */
	int64_t last;			  /* newest of the current */
	enum og_arrival_tie tie;
	int best_key;
	uint32_t best;	  /* row; AR_NONE */
	uint8_t *covered; /* per pod */
	bool shared_fresh, ambiguous_fresh;
	int64_t asked_s, freshness_s;
	/* what was asked is too old, or was not answered */
	bool usable;
	enum ar_why unusable;
};

struct ar_judge {
	const struct og_arrival_index *ix;
	uint32_t me;
	const struct og_arrival_workload *w;
	const struct og_arrival_params *p;
	int64_t now, freshness, grace, window, keep;
	struct og_arena *arena;
	struct og_findings *findings;
	struct ar_one one[OG_SIGNAL_COUNT_];
	enum ar_why why[OG_SIGNAL_COUNT_];
	enum ar_traffic traffic;
	double rate;
	/* pods */
	uint32_t live, current, ready, skipped;
	int64_t start_s; /* the oldest current pod that is ready began */
	bool settled;	 /* all pods are current: what comes by name comes from them */
	uint32_t others[3], nothers;
};

struct og_sv ar_revision(const struct og_arrival_workload *w);
bool ar_same_revision(const char *remembered, struct og_sv revision);
bool ar_pod_current(const struct og_arrival_workload *w, const struct og_arrival_pod *p);
bool ar_pod_live(const struct og_arrival_pod *p);
int ar_gather(struct ar_judge *j); /* -1: out of memory */
enum ar_age ar_row_age(const struct ar_one *o, const struct ar_hit *h);
enum ar_belong ar_row_belongs(
	const struct ar_judge *j, const struct ar_one *o, const struct ar_hit *h);
/* The decisions. */
void ar_decide(struct ar_judge *j, struct ar_one *o, struct og_arrival_verdict *v);
bool ar_would_regress(const struct ar_judge *j, const struct ar_one *o);
enum { AR_TEXT_MAX = 2000 };
/* Names come from whoever sends: control characters and what is no text are not passed on. */
void ar_quote(struct og_buf *b, struct og_sv s);
/* Texts and findings; message of a verdict whose other fields are there. */
void ar_say(struct ar_judge *j, struct ar_one *o, struct og_arrival_verdict *v);
void ar_find(struct ar_judge *j, struct ar_one *o, struct og_arrival_verdict *v);
void ar_find_identity(struct ar_judge *j);
