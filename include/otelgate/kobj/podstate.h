/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * What a Pod's status says, as far as rollouts need it: small enough to be kept for every pod of a
 * cluster. Containers with nothing to tell (running, ready, never restarted; or an init container
 * that has done its work) are only counted. Log text (terminated.message) is never kept: it may
 * hold anything.
 *
 * Sources: corev1.PodStatus (k8s.io/api/core/v1/types.go); waiting reasons are the kubelet's
 * (k8s.io/kubernetes/pkg/kubelet/{images,container,kuberuntime}).
 */
#include <stdint.h>
#include "otelgate/codec/jdoc.h"

enum {
	OG_POD_TROUBLED_MAX = 16,   /* containers with something to tell that are kept */
	OG_POD_MESSAGE_BYTES = 200, /* messages are cut there, at a character */
	OG_POD_REASON_BYTES = 63,
};

enum og_pod_phase {
	OG_POD_PHASE_UNKNOWN,
	OG_POD_PENDING,
	OG_POD_RUNNING,
	OG_POD_SUCCEEDED,
	OG_POD_FAILED,
	OG_POD_PHASE_COUNT_
};
const char *og_pod_phase_name(enum og_pod_phase p); /* "Pending" */

enum og_container_run { OG_RUN_UNKNOWN, OG_RUN_WAITING, OG_RUN_RUNNING, OG_RUN_TERMINATED };

/* A container with something to tell. */
struct og_container_state {
	struct og_sv name;
	enum og_container_run run;
	bool init;		  /* of initContainers */
	bool sidecar;		  /* an init container with restartPolicy Always */
	bool touched;		  /* the injection changed it */
	bool own;		  /* otelgate's own init container */
	bool ready;		  /* containerStatuses[].ready */
	bool exited;		  /* it has ended at least once: exit_code and exit_reason hold */
	bool other_libc;	  /* its last words were those of a loader of another C library */
	int32_t exit_code;	  /* of the end that is or was last; 128 + signal for a signal */
	uint32_t restarts;	  /* restartCount */
	int64_t since_s;	  /* running: its start; else its last end; 0 = unknown */
	struct og_sv reason;	  /* of waiting: "CrashLoopBackOff" … */
	struct og_sv message;	  /* of waiting, cut; empty for CrashLoopBackOff */
	struct og_sv exit_reason; /* "OOMKilled", "Error", "Completed", "StartError" … */
};

struct og_pod_state {
	int64_t created_s; /* metadata.creationTimestamp */
	enum og_pod_phase phase;
	bool bound;	     /* it has a node */
	bool ready;	     /* condition Ready */
	bool gates;	     /* all containers are ready, a readiness gate is not */
	bool uses_secret;    /* an injected variable comes from a Secret */
	bool injected;	     /* it has a record of an injection */
	uint16_t containers; /* of spec.containers */
	uint16_t nready;     /* of them ready */
	int64_t ready_s;     /* when condition Ready changed last; 0 = unknown */
	/* The earliest start of a running container with such a variable; 0 = none runs. */
	int64_t started_s;
	/*
	 * Digests of what the owner wrote, for "did anything else change": the images; and
	 * command, args, probes, resources, envFrom and variables. What injection and its languages
	 * write is left out, so that a pod with and one without injection compare equal.
	 */
	uint32_t images, rest;
	struct og_sv reason;  /* status.reason ("Evicted", "NodeLost"), else of PodScheduled False
			       * ("Unschedulable"), else of DisruptionTarget */
	struct og_sv message; /* of the same, cut */
	uint16_t ncontainers; /* entries of c: init containers first */
	const struct og_container_state *c;
};

/*
 * Reads a whole Pod. Views are borrowed from the document or live in the arena. What has the wrong
 * shape is as if it were not there: the API server's word is not doubted, nor is it trusted.
 * Errors: OOM.
 */
int og_pod_state_read(
	struct og_jval pod, struct og_arena *arena, struct og_pod_state *ret, struct og_err *err);

/*
 * Appends the state as bytes: at most 24 for a healthy pod of up to three containers. Unpacking
 * gives back what was packed. *out is failed when memory is out or the state is not one that
 * og_pod_state_read makes (a message too long).
 */
void og_pod_state_pack(const struct og_pod_state *s, struct og_buf *out);
/* Views point into the bytes, or are static; the list lives in the arena. Errors: PARSE for bytes
 * that og_pod_state_pack does not write, OOM. */
int og_pod_state_unpack(
	struct og_sv bytes, struct og_arena *arena, struct og_pod_state *ret, struct og_err *err);
