/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * The plan: everything otelgate would do to one pod or pod template, with the reason for each
 * container, variable and skip. Pure: the same input gives the same plan. The webhook, `inject`,
 * `explain` and `audit` share it.
 *
 *   og_plan_make   object + facts + configuration → plan
 *   og_plan_patch  plan → RFC 6902 text against the object, self-checked
 */
#include "otelgate/core/optin.h"
#include "otelgate/kobj/podspec.h"
#include "otelgate/kobj/workload.h"

#define OG_PREFIX		"otelgate.dev/"
#define OG_LABEL_REVISION	OG_PREFIX "revision"
#define OG_ANNOTATION_INJECTION OG_PREFIX "injection"

/* Where a variable comes from; the order is the order of precedence, highest first. */
enum og_origin {
	OG_FROM_USER,	  /* the pod's own env */
	OG_FROM_ENV_FROM, /* a ConfigMap the pod takes environment from */
	OG_FROM_LANGUAGE, /* profile spec.languages.<language>.env */
	OG_FROM_PROFILE,  /* profile spec.sdk.env */
	OG_FROM_AGENT,	  /* activation of a language agent */
	OG_FROM_STACK,	  /* the stack's receiver and credentials */
	OG_FROM_SDK,	  /* profile spec.sdk: propagators, sampler */
	OG_FROM_SIGNALS,  /* signals of profile or annotation */
	OG_FROM_IDENTITY, /* names of the workload */
	OG_FROM_HELPER,	  /* downward API values that others refer to */
	OG_ORIGIN_COUNT_
};
const char *og_origin_name(enum og_origin o); /* "the stack's receiver" … */

enum og_env_action {
	OG_ENV_ADD_FIRST, /* before the user's variables, so that all may refer to it */
	OG_ENV_ADD_LAST,
	OG_ENV_MERGE, /* the user's value, with ours added to it */
	OG_ENV_KEEP,  /* the user's value stands; ours is not written */
	OG_ENV_OFF    /* switched off in the profile, by annotation, or not wanted here */
};

struct og_plan_env {
	struct og_sv name;
	struct og_sv value; /* literal text; for MERGE the merged text; empty with json */
	struct og_sv json;  /* EnvVar object with valueFrom as JSON text; empty = literal value */
	enum og_env_action action;
	enum og_origin origin;
	uint32_t stable_len;	     /* bytes of value that the revision covers; 0 = all */
	struct og_sv note;	     /* why it is KEEP, OFF or what was merged; may be empty */
	uint32_t user_index;	     /* MERGE: place in the container's env */
	bool user_has_value;	     /* MERGE: the entry has a `value` that is not null */
	bool user_value_null;	     /* MERGE: the entry has a `value` that is null */
	uint32_t keep_off, keep_len; /* MERGE: where the user's bytes are in `value` */
};

enum og_skip {
	OG_SKIP_NONE,	   /* it is a target */
	OG_SKIP_SIDECAR,   /* a known proxy or agent, or named in containers.skip */
	OG_SKIP_EXCLUDED,  /* otelgate.dev/exclude-containers */
	OG_SKIP_NOT_NAMED, /* otelgate.dev/containers names others */
	OG_SKIP_INIT,	   /* init containers only when named */
	OG_SKIP_OWN,	   /* put there by otelgate */
	OG_SKIP_COUNT_
};
const char *og_skip_name(enum og_skip s);
const char *og_skip_text(enum og_skip s);

/* State of the profiles signal of one container. */
enum og_profiles_state {
	OG_PROFILES_OFF,
	OG_PROFILES_AGENT,	 /* the Pyroscope agent is put in */
	OG_PROFILES_ENV_ONLY,	 /* PYROSCOPE_* variables for an SDK inside the image */
	OG_PROFILES_EBPF,	 /* Alloy profiles it from outside; only annotations */
	OG_PROFILES_NO_ENDPOINT, /* the stack has no endpoints.profiles */
	OG_PROFILES_NO_AGENT,	 /* no profiler image is configured */
	OG_PROFILES_NO_RUNTIME,	 /* the language has no agent that can be put in */
	OG_PROFILES_MUSL,	 /* the agent does not run on this libc */
	OG_PROFILES_BLOCKED,	 /* its variable cannot be added to, or a name is taken */
	OG_PROFILES_CONFLICT,	 /* another agent holds the slot */
	OG_PROFILES_COUNT_
};
const char *og_profiles_state_name(enum og_profiles_state s);
const char *og_profiles_state_text(enum og_profiles_state s);

struct og_plan_container {
	struct og_container c;
	enum og_skip skip;
	struct og_sv skip_note; /* the rule that skipped it */
	enum og_language language;
	enum og_libc libc;
	bool agent;		 /* the language agent is activated */
	struct og_sv agent_note; /* why not, when a language was asked for */
	enum og_profiles_state profiles;
	struct og_plan_env *env; /* in the order of writing: firsts, then merges and lasts */
	uint32_t nenv, cap_env;
	struct og_sv *mounts;	   /* VolumeMount objects as JSON text */
	struct og_sv *mount_names; /* their volumes' names */
	uint32_t nmounts;
	bool service_name_by_user; /* by the container's own variables; may hold $(VAR) */
	struct og_sv service_name; /* as it will arrive; empty = decided by the user's variables */
};

struct og_plan_object { /* a volume, an init container, an annotation or a label to add */
	struct og_sv name;
	struct og_sv json; /* for annotations and labels: the plain value */
	struct og_sv note;
	/* The revision covers so many bytes of json, 0 = all: not what follows from the container,
	 * which differs between a template and its pods (LimitRange, VPA, OpenShift's users). */
	uint32_t stable_len;
};

struct og_plan {
	enum og_reason reason; /* INJECTED or UP_TO_DATE: the pod carries it after the patch */
	struct og_optin optin;
	struct og_findings findings;
	const struct og_profile *profile;
	const struct og_workload_kind *kind; /* of the object handed in */
	struct og_jval received;	     /* the object as handed in */
	struct og_jval object, tmpl, spec;   /* the same without an earlier injection */
	struct og_sv tmpl_path;		     /* JSON Pointer prefix of the pod template */
	struct og_meta meta;		     /* of the template */
	struct og_facts facts;
	enum og_signal_mode signals[OG_SIGNAL_COUNT_];
	bool required;	   /* the owner wants a rejection rather than a pod without injection */
	bool uses_secret;  /* a variable refers to the stack's distributed Secret */
	bool reinjected;   /* the object carried an earlier injection, which is replaced */
	char revision[17]; /* lower-case hex; "" when nothing is injected */
	struct og_plan_container *containers;
	uint32_t ncontainers;
	struct og_plan_object *volumes, *inits, *annotations, *labels;
	uint32_t nvolumes, ninits, nannotations, nlabels;
	bool init_first;     /* an init container is a target: agents are copied before it */
	struct og_sv record; /* value of the otelgate.dev/injection annotation */
	struct og_sv patch;  /* RFC 6902 text; "" until og_plan_patch, or when nothing changes */
};

struct og_plan_input {
	const struct og_config *config; /* may be NULL: nothing is loaded */
	struct og_jval object;		/* Pod or workload */
	struct og_facts facts;
	struct og_sv profile_override; /* `inject --profile`; empty = none */
};

/*
 * Makes the plan. A pod that is not to be touched is a result, not an error: look at plan->reason.
 * Errors: INVALID for a malformed pod, LIMIT, OOM. Everything lives in the arena.
 */
int og_plan_make(const struct og_plan_input *in, struct og_arena *arena, struct og_plan **ret,
	struct og_err *err);

/*
 * Writes plan->patch, applies it in memory and checks the result (I10): unique names, every mount
 * has its volume, the user's variables unchanged and in order, every $(VAR) of ours defined before
 * use, sizes within the API's limits. Nothing to change gives an empty patch and reason UP_TO_DATE.
 * Errors: BUG with the failed check in the message (the pod must then be left alone), OOM, LIMIT.
 */
int og_plan_patch(struct og_plan *plan, struct og_arena *arena, struct og_err *err);
