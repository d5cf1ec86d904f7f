/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Restarts: which workloads have to be restarted so that their pods carry what they should, which
 * may be restarted now, and what the others wait for. Pure: the time is an argument, and what was
 * done before is a record that the caller keeps.
 *
 * Nothing is restarted unless its mode is `managed`. All workloads of one wave (the same content of
 * profile and stack) go one after the other: the one with the least to lose first, alone, until it
 * is complete and has stayed so for a while; then as many at once as the budgets allow. No workload
 * is restarted twice for the same revision. The first one that does not come up halts its wave; one
 * whose pods crash because of the injection stands down until its revision changes.
 */
#include "otelgate/core/config.h"
#include "otelgate/core/rollout.h"

enum { OG_RESTART_ID_BYTES = 17 }; /* revision, wave: 16 characters at most */

/* ---- the record of the last restart, or suggestion, of a workload ---- */

enum og_rstate {
	OG_RSTATE_NONE,
	OG_RSTATE_SUGGESTED,  /* people were told about this revision */
	OG_RSTATE_REQUESTED,  /* intended; the template may or may not have been changed */
	OG_RSTATE_RESTARTED,  /* the template has been changed: by us, or by somebody else since */
	OG_RSTATE_COMPLETE,   /* every pod is new and ready */
	OG_RSTATE_STOOD_DOWN, /* its pods crash since: not tried again */
	OG_RSTATE_COUNT_
};
const char *og_rstate_name(enum og_rstate s); /* "Requested"; "" for NONE */
bool og_rstate_parse(struct og_sv name, enum og_rstate *ret);

struct og_restart_record {
	enum og_rstate state;
	char revision[OG_RESTART_ID_BYTES], wave[OG_RESTART_ID_BYTES];
	int64_t requested_s; /* Unix seconds; what the template's restartedAt gets */
	int64_t completed_s; /* 0 = not */
};
bool og_restart_record_eq(const struct og_restart_record *a, const struct og_restart_record *b);
/* One JSON object, as WorkloadTelemetry.status.restart has it; nothing for NONE. */
void og_restart_record_json(const struct og_restart_record *r, struct og_buf *out);
/* What has the wrong shape is as if it were not there: hostile records lead to no restart. */
void og_restart_record_read(struct og_jval v, struct og_restart_record *ret);

/* ---- windows ---- */

/* Minutes of the week, Monday 00:00 UTC = 0. */
struct og_restart_window {
	uint8_t first_day, last_day; /* 0 = Monday; first > last goes over Sunday */
	uint16_t from_min, to_min;   /* of the day; to <= from ends on the next day */
};
/* "Mon-Fri 09:00-17:00", as config/core reads it (og_format_window). Errors: PARSE. */
int og_restart_window_parse(struct og_sv s, struct og_restart_window *ret, struct og_err *err);
/* Whether one of them is open; none at all: always. A text that is no window is never open.
 * *ret_next (may be NULL): when the next one opens; 0 = now, or never. */
bool og_restart_window_open(
	const struct og_sv *windows, uint32_t n, int64_t now_s, int64_t *ret_next);

/* ---- the plan ---- */

/* How long a workload has to stay complete before others follow it. Twice the time in which a
 * container that ends at once is seen in CrashLoopBackOff (kubelet's first back-offs: 10 s, 20 s).
 */
enum { OG_RESTART_GRACE_S = 60 };

/* Of a profile. */
struct og_restart_rules {
	uint32_t max_per_namespace, max_per_cluster; /* restarting at once, of all profiles */
	int64_t pause_s; /* between two of them, of all profiles: from the begin or end of one */
	int64_t grace_s;
	const struct og_sv *windows;
	uint32_t nwindows;
};
void og_restart_rules_of(const struct og_profile *p, struct og_restart_rules *ret);

struct og_restart_workload {
	struct og_sv ns, group, kind, name;
	struct og_sv profile;
	const struct og_restart_rules *rules; /* NULL: as the defaults of a profile */
	const char *wave;		      /* og_restart_wave; NULL or "" = unknown: waits */
	enum og_restart_mode mode;	      /* of annotation or profile */
	struct og_sv revision;		      /* that its pods should carry; "" = none */
	uint32_t pods, current;
	uint32_t old;	      /* stale, or bare and a restart would mend it */
	int64_t newest_old_s; /* creation of the youngest of these; 0 = unknown */
	enum og_rollout_state rollout;
	struct og_sv why; /* sentence about a rollout that is not complete; may be empty */
	bool crashes;	  /* the injection is to blame: og_rollout_blame */
	struct og_sv crash, back_out; /* its sentence, and the annotation that backs it out */
	bool paused, on_delete, partition;
	int64_t template_restarted_s; /* the template's restartedAt; 0 = none */
	bool forbidden;		      /* the API server has refused us the change */
	struct og_restart_record record;
};

enum og_restart_do {
	OG_RESTART_NOTHING,
	OG_RESTART_TELL, /* a person may restart it: og_restart_command says how */
	OG_RESTART_NOW,	 /* write `next`, then change the template */
	OG_RESTART_WAIT,
	OG_RESTART_HALTED, /* itself stuck (blocker is itself), or behind one that is */
	OG_RESTART_DONE,
	OG_RESTART_STAND_DOWN,
	OG_RESTART_DO_COUNT_
};
const char *og_restart_do_name(enum og_restart_do d); /* "wait", for metrics */

enum og_restart_wait {
	OG_RWAIT_NOTHING,
	OG_RWAIT_OWN,	    /* its own restart is under way */
	OG_RWAIT_CANARY,    /* for the first one of the wave */
	OG_RWAIT_NAMESPACE, /* budget */
	OG_RWAIT_CLUSTER,   /* budget */
	OG_RWAIT_PAUSE,	    /* between two */
	OG_RWAIT_WINDOW,
	OG_RWAIT_PAUSED,  /* the workload is */
	OG_RWAIT_ROLLOUT, /* somebody else's rollout runs, or is stuck */
	OG_RWAIT_LEADER,  /* we do not lead */
	OG_RWAIT_UNKNOWN, /* state or wave not known yet */
	OG_RWAIT_COUNT_
};
const char *og_restart_wait_name(enum og_restart_wait w); /* "budget-namespace", for metrics */

/* Why a person should act, and we do not. */
enum og_restart_tell {
	OG_RTELL_MODE,	    /* mode suggest */
	OG_RTELL_KIND,	    /* no kind that can be restarted */
	OG_RTELL_ON_DELETE, /* pods change only when deleted */
	OG_RTELL_PARTITION, /* a partition holds pods back */
	OG_RTELL_FORBIDDEN, /* managed, and the right is missing */
	OG_RTELL_TWICE,	    /* restarted for this revision already, and pods are old again */
};

#define OG_RESTART_NOBODY UINT32_MAX
struct og_restart_result {
	enum og_restart_do what;
	enum og_restart_wait wait; /* with WAIT */
	enum og_restart_tell tell; /* with TELL */
	bool first_time;	   /* TELL: nobody was told of this revision yet */
	bool canary;		   /* NOW and WAIT: it goes first, alone */
	bool again;		   /* NOW: intended before, the change was not made */
	bool missed;		   /* HALTED itself: new pods are not injected */
	uint32_t blocker;	   /* index of the one that halts, or is waited for; or NOBODY */
	int64_t again_s;	   /* look again then; 0 = when something changes */
	struct og_restart_record next; /* equals the record when there is nothing to write */
	bool holds;		       /* counts against the budgets */
};

struct og_restart_input {
	const struct og_restart_workload *v;
	uint32_t n;
	bool leads;
	int64_t now_s;
};
/*
 * Fills ret[0 .. n-1]. Several may be told NOW: the budgets allow all of them together. The order
 * of the input does not matter but for equals. Errors: OOM.
 */
int og_restart_plan(const struct og_restart_input *in, struct og_arena *arena,
	struct og_restart_result *ret, struct og_err *err);

/* The content that a wave shares: any change is a new wave, with a canary of its own. `profile` and
 * `stack` are the documents' specs, or their hashes. Errors: OOM, BUG. */
int og_restart_wave(struct og_sv profile_name, struct og_sv profile, struct og_sv stack_name,
	struct og_sv stack, struct og_sv auth_hash, char ret[OG_RESTART_ID_BYTES],
	struct og_err *err);

/* ---- in words ---- */

/* Whether `kubectl rollout restart`, or Argo's restart, works on the kind. */
bool og_restart_kind(struct og_sv group, struct og_sv kind);
/* "kubectl -n shop rollout restart deployment/web"; in words what to do where there is none. */
void og_restart_command(const struct og_restart_workload *w, struct og_buf *out);
/* "shop/deployment/web" */
void og_restart_object(const struct og_restart_workload *w, struct og_buf *out);
/* Stable, UpperCamelCase: "RestartSuggested", "RestartHalted", "WaitingForCanary" … */
const char *og_restart_reason(const struct og_restart_result *r);
/* Whole sentences, for status, events and people; nothing for NOTHING. */
void og_restart_say(const struct og_restart_input *in, uint32_t i,
	const struct og_restart_result *r, struct og_buf *out);
