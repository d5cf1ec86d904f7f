/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Does telemetry arrive? Rows of what the backends hold, and workloads as they run, become one
 * verdict per workload and signal. Pure, and independent of the order of rows.
 *
 * The rule of rules: only an answer that says "nothing" is evidence of absence. A backend that
 * cannot be asked leaves the last verdict standing with its age, or makes it Unknown.
 *
 *   og_arrival_index_new   all workloads + all rows → who sent what, once per cycle
 *   og_arrival_judge       one workload of it + what was known before → four verdicts
 *   og_arrival_strangers   rows that belong to nobody who asked for injection
 *
 * Times are seconds since the epoch; 0 = unknown. Times before 1970 count as unknown.
 */
#include "otelgate/core/config.h"
#include "otelgate/core/findings.h"
#include "otelgate/core/rollout.h"

/* ---- states ---- */

enum og_arrival_state {
	OG_AR_UNKNOWN,	  /* nothing is known; the reason says why */
	OG_AR_OFF,	  /* not asked for, or switched off by its owner */
	OG_AR_WAITING,	  /* within the grace of its pods, its first run, or without pods */
	OG_AR_NEVER,	  /* nothing has come */
	OG_AR_STALE,	  /* it came, and comes no more */
	OG_AR_IDLE,	  /* metrics flow, and there was nothing to trace or log */
	OG_AR_VIA_STDOUT, /* log lines are collected from stdout, none come by OTLP */
	OG_AR_FLOWING,
	OG_AR_STATE_COUNT_
};
const char *og_arrival_state_name(enum og_arrival_state s); /* "Flowing", … */
/* How good a state is: Never < Stale < Unknown < Waiting = Off < Idle < ViaStdout < Flowing.
 * More rows of a workload never lower it, but that what was Unknown may become known. */
int og_arrival_state_rank(enum og_arrival_state s);
/* What a condition says of a signal in this state. */
enum og_cond_status og_arrival_condition(enum og_arrival_state s);
/* There is nothing now that could send, and that is as it should be: scaled to zero, suspended, the
 * next run. */
bool og_arrival_at_rest(enum og_arrival_state s, const char *reason);

/* What ties a row to a workload, weakest first. */
enum og_arrival_tie {
	OG_TIE_NONE,
	OG_TIE_JOB,	 /* one reading of a `job` that has several */
	OG_TIE_SERVICE,	 /* service.namespace/service.name, or an unambiguous `job` */
	OG_TIE_POD,	 /* namespace and pod, or an instance of the dotted form */
	OG_TIE_REVISION, /* and otelgate.revision is the wanted one */
	OG_TIE_COUNT_
};
const char *og_arrival_tie_name(enum og_arrival_tie t); /* "service", "pod", "revision" */

/* How far a verdict can be relied on. */
enum og_arrival_trust {
	OG_TRUST_NONE, /* Unknown */
	OG_TRUST_LOW,  /* assumed, from what usually is so: the reason says from what */
	OG_TRUST_FAIR, /* tied by name alone, or an absence within a window shorter than its life */
	OG_TRUST_HIGH,
	OG_TRUST_COUNT_
};
const char *og_arrival_trust_name(enum og_arrival_trust t); /* "low" … */

enum og_arrival_route {
	OG_ROUTE_UNKNOWN,
	OG_ROUTE_OTLP,
	OG_ROUTE_STDOUT,
	OG_ROUTE_SCRAPE,
	OG_ROUTE_EBPF,
	OG_ROUTE_COUNT_
};
const char *og_arrival_route_name(enum og_arrival_route r); /* "otlp" …; UNKNOWN gives "" */

/* ---- evidence ---- */

/* One row of one backend. Empty = the answer does not say. */
struct og_arrival_row {
	enum og_signal signal;
	enum og_arrival_route route;
	struct og_sv service_namespace, service_name, job, instance;
	struct og_sv k8s_namespace, pod, container, workload, revision, language;
	double value;	/* of traffic: requests per second */
	int64_t last_s; /* newest; 0 = within the window, not told when */
	bool fresh;	/* found by the question over the freshness; not needed with last_s */
};

/* How a signal was asked for: one question over the window whose rows tell their age, or two, over
 * window and freshness. */
struct og_arrival_source {
	bool asked;    /* its backend is configured */
	bool answered; /* the rows are an answer to the question over window_s, asked at asked_s */
	bool partial;  /* rows may be missing: absence proves nothing */
	bool fresh_answered; /* and to one over freshness_s alone; rows of it have `fresh` */
	bool fresh_partial;
	bool grouped_by_pod, grouped_by_revision; /* the answer could have told them apart */
	bool tells_age;	      /* all rows have last_s; else `fresh` tells the new ones */
	int64_t asked_s;      /* of the answer in hand; may be old */
	int64_t window_s;     /* what the questions covered */
	int64_t freshness_s;  /* 0 = that of the parameters */
	const char *why;      /* not answered: a CamelCase word: "AuthFailed"; static */
	struct og_sv message; /* one sentence for people; never a secret */
	const char *finding;  /* NULL = none */
};

struct og_arrival_evidence {
	const struct og_arrival_row *rows;
	uint32_t nrows;
	struct og_arrival_source source[OG_SIGNAL_COUNT_];
	/*
	 * Counters of requests, to tell idle from silent: rows of the same shape with `value`, the
	 * requests per second over the freshness; a row with 0 says that the counter is there and
	 * stands still. Their `signal` is not read. Of the source only answered, partial and
	 * asked_s count.
	 */
	const struct og_arrival_row *traffic;
	uint32_t ntraffic;
	struct og_arrival_source traffic_source;
};

/* ---- workloads ---- */

struct og_arrival_identity {
	struct og_sv service_namespace, service_name; /* empty name = decided by the container */
	struct og_sv container;
};

struct og_arrival_pod {
	struct og_sv name;
	struct og_sv revision; /* that it was made with; "" = none */
	int64_t started_s;
	enum og_pod_class class_;
	bool ready;
};

/* What the containers' own variables say of a signal. */
enum og_arrival_exporter {
	OG_EXPORTER_OURS,
	OG_EXPORTER_NONE,      /* OTEL_SDK_DISABLED, or an exporter set to none */
	OG_EXPORTER_ELSEWHERE, /* an endpoint or a protocol of the owner's own */
	OG_EXPORTER_COUNT_
};

struct og_arrival_ask {
	enum og_signal_mode mode;
	enum og_arrival_exporter exporter;
	enum og_arrival_route
		via; /* profiles: OTLP = agent or SDK, EBPF, SCRAPE. Others: UNKNOWN */
	/* Traces: share of requests that is sampled, 0 = always_off, 1 = all. Negative = up to the
	 * callers or not known, which counts as 1. Other signals: not read. */
	double ratio;
};

/* How pods come and go. */
enum og_arrival_life {
	OG_LIFE_SERVICE, /* pods are to be there all the time */
	OG_LIFE_JOB,	 /* runs once */
	OG_LIFE_CRONJOB, /* runs now and then */
};

struct og_arrival_workload {
	struct og_sv ns, kind, name; /* "Deployment", "web" */
	bool opted_in;		     /* false: known only so that its telemetry finds its name */
	const struct og_arrival_identity *identities;
	uint32_t nidentities;
	struct og_sv revision; /* that pods should carry; "" = unknown */
	const struct og_arrival_pod *pods;
	uint32_t npods;
	struct og_arrival_ask ask[OG_SIGNAL_COUNT_];
	enum og_arrival_life life;
	bool reuses_names;   /* StatefulSet: a new pod has the name of the old one */
	bool scaled_to_zero; /* none are wanted */
	bool suspended;	     /* Job, CronJob */
	bool finished;	     /* the Job, or the last run of the CronJob, has ended */
	int64_t run_s;	     /* start of the Job or of the last run; 0 = has never run */
	int64_t finished_s;
	int64_t opted_in_s;
	int64_t rolled_out_s; /* its rollout came to its end; 0 = it has not, or unknown */
};

/* ---- memory ---- */

enum { OG_ARRIVAL_REVISION_BYTES = 24 };
struct og_arrival_recall {
	enum og_arrival_state state;
	int64_t since_s;    /* when the state began */
	int64_t seen_s;	    /* newest telemetry of the revision below that was ever seen */
	int64_t answered_s; /* the answer that the state rests on */
	uint32_t misses;    /* answers in a row that did not have it; at most 255 */
	bool regressed;
	char revision[OG_ARRIVAL_REVISION_BYTES]; /* that the state is about */
	char flowed[OG_ARRIVAL_REVISION_BYTES];	  /* with which it last flowed; "" = never did */
};
/* Zeroed = nothing is remembered. */
struct og_arrival_memory {
	struct og_arrival_recall signal[OG_SIGNAL_COUNT_];
};
enum { OG_ARRIVAL_MEMORY_BYTES = 640 }; /* longest text of a memory */
/* One line of printable ASCII without quotes and blanks; what it reads it writes again the same. */
void og_arrival_memory_write(const struct og_arrival_memory *m, struct og_buf *out);
/* Errors: PARSE, LIMIT: then nothing of it is to be believed, and *ret is untouched. Times beyond
 * now_s are not remembered. */
int og_arrival_memory_read(
	struct og_sv text, int64_t now_s, struct og_arrival_memory *ret, struct og_err *err);

/* ---- verdicts ---- */

/* What is known of the credential that reads a signal. */
enum og_arrival_sight {
	OG_SIGHT_UNKNOWN,
	OG_SIGHT_SEES,	  /* a record known to be there was read back */
	OG_SIGHT_BLIND,	  /* a record known to be there was not: an access policy hides it */
	OG_SIGHT_REFUSED, /* writing is refused, so that nothing is believable */
};

struct og_arrival_params {
	int64_t now_s;
	int64_t freshness_s, grace_s, window_s; /* of the stack's spec.query */
	int64_t keep_s; /* so long a verdict stands without a new answer; 0 = window_s */
	enum og_arrival_sight sight[OG_SIGNAL_COUNT_];
};

/* One row per reason: core/arrival_reasons.c. Documentation is made from it. */
struct og_arrival_reason {
	const char *name; /* stable CamelCase, for conditions: "NeverArrived" */
	enum og_arrival_state state;
	enum og_arrival_trust trust; /* at most */
	const char *finding;	     /* id, or NULL */
	const char *text;	     /* what it means, one sentence */
	const char *fix;	     /* what to do, one sentence; NULL = nothing is to be done */
};
const struct og_arrival_reason *og_arrival_reasons(size_t *ret_n);
/* NULL when there is none of that name: reasons of sources ("AuthFailed") are not in the table. */
const struct og_arrival_reason *og_arrival_reason(struct og_sv name);

enum { OG_ARRIVAL_SILENT = 10 };

struct og_arrival_verdict {
	enum og_signal signal;
	enum og_arrival_state state;
	const char *reason;   /* of the table, or the source's `why`; static */
	struct og_sv message; /* whole sentences; changes only when what it says does */
	const char *finding;  /* id, or NULL */
	const char *cause; /* NULL; for who knows better where it breaks: the reason of that link */
	bool expected;	   /* its absence is a fault: mode expected, or stdout for logs */
	enum og_arrival_tie tie; /* of the best row */
	enum og_arrival_trust trust;
	enum og_arrival_route route;
	bool kept;	      /* no answer was to be had: this is the last one's */
	const char *why;      /* kept, or Unknown for want of an answer: that of the source */
	int64_t answered_s;   /* the answer this rests on; its age is now_s - answered_s */
	int64_t last_seen_s;  /* newest telemetry of the wanted revision, as far as is known */
	int64_t since_s;      /* the state began */
	bool covers_known;    /* the rows tell pods apart */
	uint32_t covered, of; /* pods that send, of those that should */
	struct og_sv silent[OG_ARRIVAL_SILENT]; /* those that do not, by name; the first ones */
	uint32_t nsilent, silent_total;
	bool old_sending;  /* pods of another revision still send */
	bool regressed;	   /* it flowed with the former revision and does not with this one */
	bool shared;	   /* another workload has the same name */
	bool has_evidence; /* evidence holds: the best row; views of the rows handed in */
	struct og_arrival_row evidence;
};
/* Copies the texts of a row, so that it outlives the answer. False when memory is out. */
bool og_arrival_row_keep(struct og_arrival_row *row, struct og_arena *arena);

struct og_arrival_result {
	struct og_arrival_verdict signal[OG_SIGNAL_COUNT_];
	struct og_arrival_memory memory; /* to be handed in the next time */
};

/* ---- the functions ---- */

struct og_arrival_index;

/*
 * Finds for each row the workload it came from. Workloads, rows and all texts have to outlive the
 * index, which lives in the arena. Workloads that nobody opted in may be among them. Time is linear
 * in rows, pods and identities. Errors: OOM; LIMIT above 2^26 rows, pods or workloads.
 */
int og_arrival_index_new(const struct og_arrival_workload *workloads, uint32_t nworkloads,
	const struct og_arrival_evidence *evidence, uint64_t seed, struct og_arena *arena,
	struct og_arrival_index **ret, struct og_err *err);

/*
 * Judges workload number `workload`. before NULL = nothing is remembered. What people should know
 * goes to `findings` (may be NULL). Everything that is not a view lives in the arena, which may be
 * another one than the index's. The index is not changed. Errors: OOM.
 */
int og_arrival_judge(const struct og_arrival_index *ix, uint32_t workload,
	const struct og_arrival_memory *before, const struct og_arrival_params *params,
	struct og_arena *arena, struct og_arrival_result *ret, struct og_findings *findings,
	struct og_err *err);

enum og_arrival_stranger_kind {
	OG_STRANGER_UNKNOWN_SERVICE, /* unknown_service*: nobody told the SDK its name */
	OG_STRANGER_NOT_OPTED_IN,    /* a workload that is known, or its pod is named */
	OG_STRANGER_WRONG_NAMESPACE, /* the name is known, its namespace is another one */
	OG_STRANGER_AMBIGUOUS,	     /* a `job` that several workloads may have sent */
	OG_STRANGER_NO_MATCH	     /* no workload has that name */
};
enum { OG_ARRIVAL_CANDIDATES = 5 };
/* All rows of one name and place. */
struct og_arrival_stranger {
	enum og_arrival_stranger_kind kind;
	struct og_sv service_namespace, service_name, k8s_namespace;
	struct og_sv pod; /* the first by name; may be empty */
	bool signals[OG_SIGNAL_COUNT_];
	uint32_t rows;
	/* Workloads it may be, by number; by pod, by name, else by namespace. */
	uint32_t candidates[OG_ARRIVAL_CANDIDATES];
	uint32_t ncandidates;
};
/* service.name of what a probe sends; it is no stranger unless a workload has that name. */
#define OG_ARRIVAL_PROBE "otelgate-probe"
/*
 * Sorted by namespace and name, at most `max` of them; *ret_total gets how many there are. The
 * findings OG801 and OG806 are added for the first ones. Errors: OOM.
 */
int og_arrival_strangers(const struct og_arrival_index *ix, uint32_t max, struct og_arena *arena,
	struct og_arrival_stranger **ret, uint32_t *ret_n, uint32_t *ret_total,
	struct og_findings *findings, struct og_err *err);
