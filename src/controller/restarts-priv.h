/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* What the files of the restarts share. */
#include "otelgate/core/telemetry.h"
#include "restart-priv.h"

enum { RESTART_REASON_BYTES = 48, RESTART_JOBS_MAX = 32, RESTART_NOTE_BYTES = 1000 };
#define RESTART_KEY OG_SV("plan") /* the only key of the queue: one plan is for all workloads */

/* What is remembered of a workload beside its status. */
struct restart_entry {
	/* As written last; what the store shows is believed when it knows that write. */
	struct og_restart_record record;
	char reason[RESTART_REASON_BYTES];
	/* The template was changed by us: the store shows it later. */
	int64_t changed_s, changed_ns; /* Unix seconds; monotonic */
	int64_t noted_ns;	       /* monotonic; when the status was written by us */
	const char *planned;	       /* reason of the last plan */
};

enum restart_job_kind {
	RESTART_BEGIN,	/* the intent, then the template */
	RESTART_CHANGE, /* the template: the intent was written before */
	RESTART_NOTE,	/* the record, or what is said of it */
};

/* One thing to do; everything in it is its own, so that the plan may be forgotten. */
struct restart_job {
	enum restart_job_kind kind;
	bool changing; /* the second write is under way */
	struct og_sv key, ns, group, object_kind, name, uid, resource_version;
	struct og_sv wt_name, wt_uid, wt_version;
	struct og_restart_record record;
	const char *reason; /* static */
	bool tell;	    /* an Event, when it is written */
	const char *counts; /* as that result, when it is written; NULL = none */
	struct og_sv message;
};

struct restarts {
	struct og_map entries;	 /* key of the workload → struct restart_entry */
	struct og_map forbidden; /* "ns/Kind" → until when, seconds of the loop's clock */
	struct og_ownwrites *own;
	struct og_metric_table *m;
	struct og_arena arena; /* of the plan and its jobs */
	struct restart_job *jobs;
	uint32_t njobs, at;
	int64_t again_ms; /* of the plan; -1 = when something changes */
	struct og_kube_call *call;
};

/* restart_plan.c: looks at all workloads and fills jobs and again_ms. Errors: OOM. */
int restarts_plan(struct controller *c, struct og_err *err);
struct restart_entry *restart_entry_of(struct controller *c, struct og_sv key);

/* restart_write.c: does the job at hand; ends with restarts_next or restarts_stop. */
void restart_do(struct controller *c, struct restart_job *j);
/* Whether the API server has refused us a restart of that kind there, lately. */
bool restart_forbidden(struct controller *c, struct og_sv ns, struct og_sv kind);

/* restart.c */
void restarts_next(struct controller *c); /* the job is done with */
/* The plan is stale, or something is in the way: it is made anew. */
void restarts_stop(struct controller *c, enum og_queue_result r, int64_t again_ms);
