/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* The parts of core/rollout among themselves. */
#include "otelgate/core/rollout.h"

/*
 * Why a rollout is where it is. Of pods in trouble the reason that stands first is told: what
 * stops a container from ever starting before what may pass.
 */
enum rollout_why {
	/* refused: no pod is made */
	WHY_POD_SECURITY,
	WHY_QUOTA,
	WHY_LIMIT_RANGE,
	WHY_OWN_WEBHOOK,
	WHY_WEBHOOK_DENIED,
	WHY_NO_ACCOUNT,
	WHY_REFUSED,
	/* containers */
	WHY_AGENT_IMAGE,
	WHY_AGENT_INIT,
	WHY_INVALID_IMAGE,
	WHY_IMAGE_PULL,
	WHY_CREDENTIALS,
	WHY_SECRET_MISSING,
	WHY_SECRET_KEY,
	WHY_CONFIG_MAP,
	WHY_CONFIG_MAP_KEY,
	WHY_RUN_AS_ROOT,
	WHY_CONFIG_ERROR,
	WHY_CANNOT_START,
	WHY_INIT_FAILING,
	WHY_OOM,
	WHY_CRASH,
	/* pods */
	WHY_UNSCHEDULABLE,
	WHY_GATED,
	WHY_NODE_LOST,
	WHY_NODE_REFUSED,
	WHY_NOT_STARTING,
	WHY_NOT_READY,
	WHY_READINESS_GATE,
	WHY_EVICTED,
	WHY_POD_FAILED,
	WHY_NOT_LEAVING,
	/* the workload */
	WHY_JOB_FAILED,
	WHY_ARGO_ABORTED,
	WHY_ARGO_DEGRADED,
	WHY_NOT_CREATED,
	WHY_DEADLINE,
	WHY_NO_PROGRESS,
	WHY_UNSEEN_LONG,
	WHY_SUSPENDED,
	WHY_NEXT_RUN,
	WHY_PAUSED,
	WHY_ON_DELETE,
	WHY_UNSEEN,
	WHY_UPDATING,
	WHY_OLD_PODS,
	WHY_BECOMING_AVAILABLE,
	WHY_STARTING,
	WHY_JOB_RUNNING,
	WHY_COMPLETE,
	WHY_PARTITION,
	WHY_ZERO,
	WHY_JOB_COMPLETE,
	WHY_POD_READY,
	WHY_POD_DONE,
	WHY_UNKNOWN,
	/* revisions */
	WHY_ALL_CURRENT,
	WHY_NOBODY,
	WHY_NOT_WANTED,
	WHY_REMOVAL,
	WHY_MIXED,
	WHY_HELD_BACK,
	WHY_STALE,
	WHY_STALE_CREDENTIAL,
	WHY_BEFORE_SECRET,
	WHY_BARE,
	WHY_COMES_WITH_RUN,
	/* blame */
	WHY_BLAME_CRASH,
	WHY_BLAME_MEMORY,
	WHY_BLAME_LIBC,
	WHY_BLAME_READY,
	WHY_COUNT_
};
extern const struct og_rollout_reason rollout_reasons[WHY_COUNT_];

/* What is wrong with one pod. */
struct rollout_trouble {
	enum rollout_why why; /* COUNT_ = nothing */
	const struct og_rollout_pod *pod;
	const struct og_container_state *c; /* NULL: the pod as a whole */
	int64_t since_s;
};
struct rollout_trouble rollout_trouble_of(
	const struct og_rollout_input *in, const struct og_rollout_pod *pod);

/* A refusal by the API server: in the Deployment's or a child's condition, or in an Event. */
struct rollout_refusal {
	enum rollout_why why; /* COUNT_ = none */
	struct og_sv message, child;
	int64_t since_s;
};
struct rollout_refusal rollout_refusal_find(const struct og_rollout_input *in);
/* Nothing is being made although more is wanted, and what is there is well. */
bool rollout_makes_nothing(const struct og_rollout_facts *f);

/* Whether the numbers of a rollout are at their end, or wait: the WHY of og_rollout_status_of. */
enum rollout_why rollout_numbers(const struct og_rollout_facts *f, struct og_rollout_status *ret);
/* Own timer: since when nothing has moved; 0 = unknown. */
int64_t rollout_idle_since(const struct og_rollout_input *in);

void rollout_revision_judge(
	const struct og_rollout_input *in, struct og_arena *arena, struct og_rollout_result *r);
void rollout_blame_judge(
	const struct og_rollout_input *in, struct og_arena *arena, struct og_rollout_result *r);

/* ---- words ---- */
enum { ROLLOUT_TEXT_MAX = 2048 };
/* "2026-11-22T21:45:05Z" of Unix seconds. */
void rollout_when(struct og_buf *b, int64_t s);
/* Text of the API server's or the kubelet's: one line, no control characters. */
void rollout_quote(struct og_buf *b, struct og_sv s);
/* What the command of a row says for this verdict. */
void rollout_command(const struct og_rollout_input *in, const char *command, struct og_sv pod,
	struct og_sv container, struct og_buf *b);
/* Reason, state, finding and command of a row. */
void rollout_verdict_set(const struct og_rollout_input *in, enum rollout_why why,
	struct og_arena *arena, struct og_rollout_verdict *v);
/* The text, in the arena; "" when memory is out, which the arena remembers. */
struct og_sv rollout_keep(struct og_buf *b, struct og_arena *arena);
