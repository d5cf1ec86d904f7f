/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* What the files of the workload pass share. */
#include "otelgate/cluster/look.h"
#include "otelgate/core/plan.h"
#include "otelgate/core/telemetry.h"
#include "credentials-priv.h"
#include "egress-priv.h"
#include "verify-priv.h"
#include "workload-priv.h"

enum { WORKLOAD_KEY_BYTES = 1024, WORKLOAD_LISTENERS = 16 };

/* One store that is listened to. */
struct workload_listener {
	struct controller *c;
	struct og_sv group, kind;
};

/* What is remembered of a workload beside what was found last. */
struct workload_entry {
	struct workload *w;  /* one block with its strings */
	uint64_t plan_mark;  /* of what the plan was made of */
	uint64_t found_mark; /* of what the other parts were told */
	struct og_rollout_timer timer;
	bool was_healthy;
	uint32_t was_images, was_rest;
	bool found;	       /* the other parts were told once */
	bool in_line;	       /* waits for the budget, and has had its turn to wait */
	int64_t not_before_ns; /* monotonic: the next pass */
	int64_t write_not_before_ns;
	int64_t settle_until_ns; /* for the other parts to look at it first; 0 = not set yet */
	int64_t changed_ns;	 /* the first change that is not in the status yet; 0 = none */
	bool said_once;
	enum og_cond_status said[OG_TC_COUNT_];
	enum og_rollout_state said_rollout;
	const char *said_reason; /* of the rollout; static */
	bool said_blame, said_foreign;
	struct arrival arrival;
	/* workload_refused.c; monotonic, 0 = not */
	int64_t turn_ns;	     /* to ask */
	int64_t unmade_ns, asked_ns; /* pods are missing since; their Events were asked for */
	char *refused;		     /* what the newest says; NULL = nothing known */
	int64_t refused_first_s, refused_last_s;
};

struct workload_write; /* workload_write.c */
struct refused_ask;    /* workload_refused.c */

struct workloads {
	struct og_map map; /* key → struct workload_entry */
	struct workload_listener listeners[WORKLOAD_LISTENERS];
	unsigned nlisteners;
	struct og_ownwrites *own; /* by "ns/name" of a WorkloadTelemetry */
	struct workload_write *writes;
	struct refused_ask *ask;   /* under way */
	int64_t ask_line_ns;	   /* the turn of the next one that wants to ask */
	int64_t ask_not_before_ns; /* it was forbidden */
	int64_t line_ns[2]; /* when the next write of those that wait is due: changes, resyncs */
	struct og_timer count_timer, series_timer;
	bool writable;	       /* the server has WorkloadTelemetry, and we see it */
	struct og_arena arena; /* of the pass */
};

/* A watch has turned. */
void workloads_on_watch(struct controller *c, const struct og_watch_info *info);

struct workload_ref {
	struct og_sv ns, group, kind, name;
};

bool workload_key(struct og_sv ns, struct og_sv group, struct og_sv kind, struct og_sv name,
	char buf[WORKLOAD_KEY_BYTES], struct og_sv *ret);
/* False when it is no key. */
bool workload_key_split(struct og_sv key, struct workload_ref *ret);

/* The key of our writes of a WorkloadTelemetry. */
struct og_sv telemetry_key(struct og_sv ns, struct og_sv name, char buf[WORKLOAD_KEY_BYTES]);
/* ns "" = in all namespaces. */
void workloads_enqueue_all(struct controller *c, struct og_sv ns, int priority);
/* When no store is left that could tell anything. */
void workloads_free(struct controller *c);
void workload_entry_free(struct workload_entry *e);
struct workload_entry *workload_entry_of(struct controller *c, struct og_sv key);

/* ---- one pass ---- */

struct pass {
	struct controller *c;
	struct og_sv key;
	struct workload_ref ref;
	struct og_arena *arena;
	const struct og_cluster_kind *kind;
	struct og_cluster_config *config; /* may be NULL */
	struct og_record record;
	struct og_cluster_extra extra;
	struct og_rollout_facts facts;
	bool has_facts;
	struct og_facts owner_facts; /* of its pods */
	struct workload_entry *entry;
	bool opted_in;
	struct workload found; /* views of arena and stores */
	enum og_signal_mode signals[OG_SIGNAL_COUNT_];
	struct og_stars_facts stars; /* what is known of it without backends */
	bool verified;		     /* its stack says where to ask */
	struct og_arrival_workload arrival;
	enum og_profiles_state profiles;
	int64_t status_created_s; /* creation of its WorkloadTelemetry; 0 = there is none */
	struct og_rollout_input in;
	struct og_rollout_result result;
	struct egress_state egress;
	struct og_telemetry_seen seen;
	bool has_seen;
	struct credentials_state credentials; /* all zero: it needs none */
	struct og_telemetry_input status;
	int64_t again_ms; /* to be looked at again after that; -1 = not */
};

struct og_look pass_look(const struct pass *p);
/* workload_plan.c: what it asks for, and what it is to be. Errors: OOM. */
int pass_plan(struct pass *p, struct og_err *err);
/* After the judgement of everything else. */
void pass_stars(struct pass *p, enum og_rollout_state rollout);
/* What runs. Errors: OOM. */
int pass_pods(struct pass *p, struct og_err *err);
/* workload_judge.c: rollout, conditions, the status. Errors: OOM. */
int pass_judge(struct pass *p, struct og_err *err);
/* workload_refused.c: what is known of refusals, for the judge; and, by the verdict, asks for more.
 */
void pass_refused_known(struct pass *p);
void pass_refused(struct pass *p);
void workload_refused_cancel(struct controller *c);
/* workload_said.c: Events for what has turned. */
void pass_say(struct pass *p);

/*
 * workload_write.c: ends with controller_done. `p` NULL = no such workload is opted in (any more):
 * its status is removed; `uid` "" = it is gone itself, and the garbage collector does that.
 */
void workload_write(struct controller *c, struct og_sv key, const struct workload_ref *ref,
	struct og_sv uid, struct pass *p);
void workload_writes_cancel(struct controller *c);

/* workload_metrics.c: the gauges follow within a second. */
void workloads_count_soon(struct controller *c);
/* workload_series.c */
void workloads_series_soon(struct controller *c);
