/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * The numbers by which a rollout is judged: spec and status of every kind that makes pods, read
 * into one shape. Sources: k8s.io/api/{apps,batch,core}/v1/types.go; Argo Rollouts
 * pkg/apis/rollouts/v1alpha1/types.go. Defaults are the API server's, for objects from files.
 */
#include <stdint.h>
#include "otelgate/codec/jdoc.h"

enum og_rollout_kind {
	OG_RK_NONE, /* makes no pods that we know of */
	OG_RK_DEPLOYMENT,
	OG_RK_REPLICASET,
	OG_RK_STATEFULSET,
	OG_RK_DAEMONSET,
	OG_RK_JOB,
	OG_RK_CRONJOB,
	OG_RK_ARGO,
	OG_RK_POD,
	OG_RK_REPLICATION_CONTROLLER,
	OG_RK_COUNT_
};
enum og_rollout_kind og_rollout_kind_of(struct og_sv group, struct og_sv kind);
const char *og_rollout_kind_name(enum og_rollout_kind k); /* "Deployment"; "" for none */

enum og_strategy {
	OG_STRATEGY_ROLLING, /* the default of all kinds that have one */
	OG_STRATEGY_RECREATE,
	OG_STRATEGY_ON_DELETE,
	OG_STRATEGY_CANARY,
	OG_STRATEGY_BLUE_GREEN,
	OG_STRATEGY_OTHER,
	OG_STRATEGY_COUNT_
};

enum og_cond {
	OG_COND_PROGRESSING,
	OG_COND_AVAILABLE,
	OG_COND_REPLICA_FAILURE, /* Deployment, ReplicaSet, ReplicationController */
	OG_COND_COMPLETE,	 /* Job; "Completed" of a Rollout */
	OG_COND_FAILED,		 /* Job; "Degraded" is none, see argo_phase */
	OG_COND_SUSPENDED,	 /* Job; "Paused" of a Rollout */
	OG_COND_COUNT_
};
enum og_cond_status { OG_COND_ABSENT, OG_COND_UNKNOWN, OG_COND_FALSE, OG_COND_TRUE };
enum { OG_COND_REASON_BYTES = 127, OG_COND_MESSAGE_BYTES = 400 };

struct og_rollout_cond {
	enum og_cond_status status;
	struct og_sv reason, message; /* the message cut, at a character */
	int64_t updated_s;	      /* lastUpdateTime; 0 = none */
	int64_t changed_s;	      /* lastTransitionTime; 0 = none */
};

/* maxSurge, maxUnavailable: a number of pods or a share of the replicas. */
struct og_rollout_limit {
	bool set, percent;
	int32_t value;
};

struct og_rollout_facts {
	enum og_rollout_kind kind;
	enum og_strategy strategy;
	bool paused;		      /* spec.paused of Deployment and Rollout */
	bool suspended;		      /* spec.suspend of Job and CronJob */
	bool rolling;		      /* StatefulSet: updateStrategy.rollingUpdate is there */
	bool aborted;		      /* Rollout: status.abort */
	int64_t generation, observed; /* 0 = not said */

	/* Pods. A DaemonSet's desired, total, … are its …NumberScheduled and number… fields. */
	int32_t desired; /* spec.replicas (1 when absent), desiredNumberScheduled */
	int32_t total;	 /* status.replicas, currentNumberScheduled */
	int32_t updated, ready, available, current;

	int32_t partition; /* of a StatefulSet; 0 = none */
	struct og_rollout_limit max_surge, max_unavailable;
	int32_t min_ready_s;
	/* Deployment, Rollout: seconds; 600 by default, INT32_MAX = never (types.go). 0: the kind
	 * knows none. */
	int32_t progress_deadline_s;
	/* StatefulSet: currentRevision and updateRevision; Rollout: stableRS and currentPodHash. */
	struct og_sv current_revision, update_revision;

	/* Job, CronJob; -1 = absent */
	int32_t parallelism, completions, backoff_limit, ttl_s;
	int64_t active_deadline_s;
	int32_t active, succeeded, failed; /* active of a CronJob: Jobs that run */
	struct og_sv schedule, time_zone;
	int64_t last_run_s; /* status.lastScheduleTime; 0 = never */

	struct og_sv argo_phase, argo_message; /* "Progressing", "Paused", "Degraded", "Healthy" */
	struct og_sv restarted_at; /* the template's kubectl.kubernetes.io/restartedAt */
	int64_t created_s;
	struct og_rollout_cond cond[OG_COND_COUNT_];
};

/*
 * Reads an object of any kind; `kind` NONE is a result. Views are borrowed from the document or
 * live in the arena. What has the wrong shape is as if it were not there. Errors: OOM.
 */
int og_rollout_facts_read(struct og_jval object, struct og_arena *arena,
	struct og_rollout_facts *ret, struct og_err *err);

/* As og_pod_state_pack and og_pod_state_unpack. */
void og_rollout_facts_pack(const struct og_rollout_facts *f, struct og_buf *out);
/* Reads one packed record from the front of *bytes and moves *bytes behind it, so that more may
 * follow. Errors: PARSE. Nothing is allocated. */
int og_rollout_facts_unpack(struct og_sv *bytes, struct og_rollout_facts *ret, struct og_err *err);
