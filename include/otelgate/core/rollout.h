/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Rollouts: which pods of a workload carry what they should (classes), whether its rollout is at
 * its end by the rules of `kubectl rollout status`, and if not, what it is stuck on, in words to
 * act on. And whether the injection is to blame. Pure: the time is an argument.
 */
#include "otelgate/core/missed.h"
#include "otelgate/kobj/podstate.h"
#include "otelgate/kobj/rollout.h"

/* ---- classes of pods ---- */

enum og_pod_class {
	OG_CLASS_CURRENT,     /* carries the revision that is wanted, and its credentials */
	OG_CLASS_STALE,	      /* injected, and something has changed since */
	OG_CLASS_BARE,	      /* asked for, and not injected */
	OG_CLASS_SKIPPED,     /* rightly not injected */
	OG_CLASS_TERMINATING, /* on its way out */
	OG_CLASS_FINISHED,    /* ran to its end, or failed for good: Succeeded, Failed */
	OG_POD_CLASS_COUNT_
};
const char *og_pod_class_name(enum og_pod_class c); /* "current" */

enum og_stale_cause {
	OG_STALE_NOT,
	OG_STALE_CONFIG,	/* profile, stack, agent or annotations have changed */
	OG_STALE_CREDENTIAL,	/* started before the credentials were changed */
	OG_STALE_BEFORE_SECRET, /* started before there were any: sends without */
	OG_STALE_COUNT_
};
const char *og_stale_cause_name(enum og_stale_cause c); /* "started-before-secret" */
const char *og_stale_cause_text(enum og_stale_cause c); /* one clause for people */

struct og_rollout_pod {
	struct og_sv name, uid;
	struct og_sv owner;    /* name of the ReplicaSet, Job …; "" = none */
	struct og_sv hash;     /* label pod-template-hash or controller-revision-hash */
	struct og_sv revision; /* label otelgate.dev/revision; "" = none */
	bool deleting;
	bool left_alone;   /* this very pod is rightly not injected: its own opt-out, Windows … */
	int64_t created_s; /* 0 = that of the state */
	/* Why it is bare, where somebody has found out: NOT = nobody has. */
	enum og_missed missed;
	const struct og_pod_state *state; /* NULL = unknown */
	/* out */
	enum og_pod_class class_;
	enum og_stale_cause cause;
};

/* A ReplicaSet of the workload, or a Job of a CronJob: refusals of its pods are written there. */
struct og_rollout_child {
	struct og_sv name, hash;
	int64_t created_s;
	const struct og_rollout_facts *facts;
};

/* ---- how progress is timed where the workload's controller doesn't ---- */

/* Kept by the caller for each workload; zeroed = never seen. */
struct og_rollout_timer {
	int64_t since_s; /* when they last showed progress */
	int32_t updated, old, ready, available;
	int64_t generation;
};
/* Progress is a new generation, more updated, fewer old, more ready or more available pods
 * (k8s.io/kubernetes/pkg/controller/deployment/util: DeploymentProgressing). */
void og_rollout_timer_turn(
	struct og_rollout_timer *t, const struct og_rollout_facts *f, int64_t now_s);

/* Seconds. Those of kubelet and API server where they have one. */
enum {
	OG_ROLLOUT_DEADLINE_S = 600,	  /* progressDeadlineSeconds by default (types.go) */
	OG_ROLLOUT_UNSEEN_S = 120,	  /* a generation that its controller does not take up */
	OG_ROLLOUT_READY_GRACE_S = 180,	  /* running and not ready */
	OG_ROLLOUT_START_GRACE_S = 300,	  /* bound to a node, and no container has been created */
	OG_ROLLOUT_SCHEDULE_GRACE_S = 30, /* no node; autoscalers get more below */
	OG_ROLLOUT_LEAVE_GRACE_S = 600,	  /* terminating */
	OG_BLAME_WINDOW_S = 3600, /* injected pods that misbehave later than this after their
				   * start are not laid at the injection's door */
};

/* ---- verdicts ---- */

enum og_rollout_state {
	OG_ROLLOUT_UNKNOWN,	/* not enough is known */
	OG_ROLLOUT_COMPLETE,	/* as kubectl rollout status says it */
	OG_ROLLOUT_PROGRESSING, /* and nothing speaks against its end */
	OG_ROLLOUT_WAITING,	/* for somebody or for the next run: paused, OnDelete, suspended */
	OG_ROLLOUT_STUCK,	/* it will not end by itself, or a pod keeps failing */
	OG_ROLLOUT_STATE_COUNT_
};
const char *og_rollout_state_name(enum og_rollout_state s); /* "Complete", "Stuck" … */

/* One row per reason: core/rollout_reasons.c. Documentation is made from it. */
struct og_rollout_reason {
	const char *name; /* stable CamelCase, for conditions: "ImagePullFailed" */
	enum og_rollout_state state;
	const char *finding; /* id, or NULL */
	const char *text;    /* what it means, one sentence */
	const char *fix;     /* what to do, one sentence; NULL = nothing is to be done */
	/* To copy: %n namespace, %o object as kubectl takes it, %m its name, %p pod, %c container;
	 * whole lines: %r restart, %u resume, %b back out. NULL = none. */
	const char *command;
};
const struct og_rollout_reason *og_rollout_reasons(size_t *ret_n);
/* NULL when there is none of that name. */
const struct og_rollout_reason *og_rollout_reason(struct og_sv name);

enum og_touch {
	OG_TOUCH_NONE,	  /* a container as its owner wrote it */
	OG_TOUCH_CHANGED, /* the injection changed it */
	OG_TOUCH_OWN	  /* otelgate's own init container */
};

/* Zeroed but for state UNKNOWN is "nothing known". Names are views of the input or the arena's. */
struct og_rollout_verdict {
	enum og_rollout_state state;
	const char *reason;   /* of the table; static */
	struct og_sv message; /* whole sentences */
	struct og_sv fix;     /* a command to copy, or words; may be empty */
	const char *finding;  /* id, or NULL */
	struct og_sv pod, container;
	bool exited; /* exit_code holds */
	int32_t exit_code;
	enum og_touch ours;
	uint32_t affected; /* pods of the same trouble */
	int64_t since_s;   /* when it began; 0 = unknown */
};

/* The evidence against the injection. */
struct og_rollout_blame {
	bool blamed;
	const char *reason;  /* of the table: "CrashesSinceInjection" … */
	const char *finding; /* OG311, OG312 (memory, readiness) or OG313 (C library) */
	struct og_sv message, fix;
	struct og_sv pod, container;
	bool exited;
	int32_t exit_code;
	uint32_t bad, of;	  /* of the pods with the new injection */
	uint32_t fine_before;	  /* pods of the former revision that run, none misbehaves */
	int64_t since_s;	  /* the oldest of the bad pods was made */
	struct og_sv not_because; /* why not, although they fail: "also changed: image" */
};

/* A FailedCreate Event. Times in Unix seconds. */
struct og_refusal_event {
	struct og_sv message;
	int64_t first_s, last_s;
};

struct og_rollout_input {
	struct og_sv ns, group, kind, name;   /* of the workload */
	const struct og_rollout_facts *facts; /* NULL = unknown */
	bool injects;			      /* its pods are to be injected */
	struct og_sv revision;		      /* that they should carry; "" = unknown */
	bool required;		  /* pods wait for the Secret instead of starting without */
	struct og_sv secret_name; /* of the distributed Secret; "" = pods need none */
	/* Creation of that Secret, and the last change of its content; 0 = not there, unknown. */
	int64_t secret_created_s, secret_changed_s;
	struct og_rollout_pod *pods; /* class_ and cause are written */
	uint32_t npods;
	const struct og_rollout_child *children;
	uint32_t nchildren;
	const struct og_rollout_timer *timer; /* NULL = none is kept */
	/* What the newest FailedCreate Event on the workload says, of the kinds whose controllers
	 * write refusals nowhere else (og_refusal_in_events); message "" = none is known. */
	struct og_refusal_event refused;
	/* Of the workload before, as far as the caller remembers it: pods that it saw healthy with
	 * another revision or none, and the digests of the owner's part of the template then. */
	bool was_healthy;
	uint32_t was_images, was_rest;
	int64_t now_s;
};

struct og_rollout_result {
	uint32_t classes[OG_POD_CLASS_COUNT_];
	uint32_t causes[OG_STALE_COUNT_];
	uint32_t total;	    /* current + stale + bare + skipped */
	uint32_t held_back; /* stale by credential or before-secret: hold the old token or none */
	struct og_rollout_verdict rollout;  /* the rollout, and what it is stuck on */
	struct og_rollout_verdict revision; /* mixed, stale, bare pods: what a restart would mend */
	struct og_rollout_blame blame;
	struct og_sv ratio; /* "2/3": current of those that should be; "-" when none should */
	/* Pods are missing, nobody makes any, and if they are refused only an Event says so. */
	bool unmade;
};

/* Errors: OOM. Everything that is not a view of the input lives in the arena. */
int og_rollout_judge(struct og_rollout_input *in, struct og_arena *arena,
	struct og_rollout_result *ret, struct og_err *err);

/* ---- what of it is told ---- */

/* The rollout as Kubernetes sees it; when that is done, whether all pods are of one revision. */
const struct og_rollout_verdict *og_rollout_outcome(const struct og_rollout_result *r);
/* Waits for the next run of its CronJob, and no pod is other than it should be: no unfinished
 * business. f NULL = nothing is known. */
bool og_rollout_rests(const struct og_rollout_result *r, const struct og_rollout_facts *f);

/* Of a workload that is to be injected: are its pods? */
struct og_injected {
	bool all;	      /* none is without */
	const char *reason;   /* of a condition; static */
	struct og_sv message; /* a sentence, in the arena */
};
void og_rollout_injected(
	const struct og_rollout_result *r, struct og_arena *arena, struct og_injected *ret);

/* ---- parts of it, for those who need no more ---- */

/* Class and cause of one pod. */
void og_rollout_classify(const struct og_rollout_input *in, struct og_rollout_pod *pod);

/* What `kubectl rollout status` would say of the numbers alone (kubectl
 * pkg/polymorphichelpers/rollout_status.go): done, waiting or failed, and a sentence. */
enum og_rollout_step { OG_STEP_DONE, OG_STEP_WAIT, OG_STEP_FAILED, OG_STEP_NOT_KNOWN };
struct og_rollout_status {
	enum og_rollout_step step;
	const char *reason; /* of the table */
	char text[160];
};
void og_rollout_status_of(const struct og_rollout_facts *f, struct og_rollout_status *ret);

/* "kubectl -n shop rollout restart deployment/web"; in words for kinds without. */
void og_rollout_restart_line(const struct og_rollout_input *in, struct og_buf *out);
/* "deployment/web", "rollout.argoproj.io/web": as kubectl takes it. */
void og_rollout_object(const struct og_rollout_input *in, struct og_buf *out);

/* What the FailedCreate message of a controller is about. */
enum og_refusal {
	OG_REFUSAL_OTHER,
	OG_REFUSAL_QUOTA,
	OG_REFUSAL_LIMIT_RANGE,
	OG_REFUSAL_POD_SECURITY,
	OG_REFUSAL_WEBHOOK,
	OG_REFUSAL_OWN_WEBHOOK, /* otelgate's is named */
	OG_REFUSAL_ACCOUNT,	/* no such ServiceAccount */
	OG_REFUSAL_COUNT_
};
enum og_refusal og_refusal_of(struct og_sv message);
/* Whether a kind's refusals stand in Events alone: StatefulSet, DaemonSet, Job. ReplicaSets have a
 * condition for it, ReplicaFailure. */
bool og_refusal_in_events(enum og_rollout_kind kind);
/*
 * The newest FailedCreate about the object `uid` in an EventList of events.k8s.io/v1; of equally
 * new ones the first. False when there is none; *ret is as it was. The message is the arena's,
 * of at most OG_REFUSAL_MESSAGE_BYTES. What is not an Event, or not about that object, is passed
 * over.
 */
enum { OG_REFUSAL_MESSAGE_BYTES = 1024 }; /* note of events.k8s.io/v1 (types.go) */
bool og_refusal_newest(struct og_jval list, struct og_sv uid, struct og_arena *arena,
	struct og_refusal_event *ret);
