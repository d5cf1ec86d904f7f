/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* Shared by the mutators: the state of planning one container. */
#include "otelgate/codec/jmut.h"
#include "otelgate/core/languages.h"
#include "otelgate/core/plan.h"

enum {
	OG_REVISION_DIGITS = 12,
	OG_MAX_ENV = 400,
	OG_MAX_ENV_BYTES = 128 << 10 /* MAX_ARG_STRLEN of Linux (binfmts.h): execve refuses more */
};

/* The container's own variables, read once. */
struct og_user_env {
	struct og_sv name;
	struct og_jval v;
	bool has_value; /* a literal, or nothing at all (which is the empty literal) */
	bool has_value_from;
	struct og_sv value;
};

struct og_attrs;

/* A resource attribute on its way into OTEL_RESOURCE_ATTRIBUTES. */
struct og_attr {
	struct og_sv key;
	struct og_sv value; /* plain text, or text with our own $(VAR) references */
	bool is_reference;  /* written as it is: made of our references and encoded parts */
	bool passing;	    /* of one ReplicaSet or Job, or a uid: no part of the revision */
};

struct og_taken {
	struct og_sv name;
	bool is;
};

struct og_mut {
	struct og_plan *plan;
	struct og_arena *a;
	const struct og_profile *profile;
	const struct og_stack *stack;
	struct og_plan_container *pc;
	struct og_user_env *user;
	uint32_t nuser;
	bool env_from_opaque; /* takes environment from something whose keys are not known */
	const struct og_sv *env_from_keys;
	uint32_t nenv_from_keys;
	struct og_sv pod_name_ref, node_name_ref, pod_uid_ref, namespace_ref; /* "$(NAME)" or "" */
	bool endpoint_by_user;			/* the general endpoint is the user's */
	bool signal_by_user[OG_SIGNAL_COUNT_];	/* that signal's endpoint is */
	bool headers_by_user[OG_SIGNAL_COUNT_]; /* that signal's headers are */
	bool noted_refused;	  /* attribute keys that are refused are reported once a pod */
	struct og_taken taken[8]; /* names looked for among the pod's volumes and containers */
	uint32_t ntaken;
	bool oom;		/* something had no room */
	bool large;		/* because of a limit of ours */
	struct og_attrs *attrs; /* reused from container to container */
	struct og_buf scratch;	/* of one function at a time */
	struct {
		struct og_sv name, key, json;
	} secrets[8]; /* secretKeyRef variables made so far */
	uint32_t nsecrets;
	/* places in values that hold the revision, filled in when it is known */
	char **revision_at;
	uint32_t nrevision_at, cap_revision_at;
};

/* NULL when the container has none of that name. */
const struct og_user_env *og_mut_user(const struct og_mut *m, struct og_sv name);
/* A variable already planned for this container, or NULL. */
struct og_plan_env *og_mut_planned(const struct og_mut *m, struct og_sv name);
bool og_mut_disabled(const struct og_mut *m, struct og_sv key);

/*
 * Plans one variable unless a higher layer, the user or the profile's `disable` list has it.
 * True when it will be written.
 */
bool og_mut_env(struct og_mut *m, enum og_env_action action, enum og_origin origin,
	struct og_sv name, struct og_sv value);
/* The same for an EnvVar given as JSON (valueFrom). */
bool og_mut_env_json(struct og_mut *m, enum og_env_action action, enum og_origin origin,
	struct og_sv name, struct og_sv json);
/* Notes a variable that is not written. */
void og_mut_env_off(struct og_mut *m, enum og_origin origin, struct og_sv name, const char *note);

/*
 * Adds text to a list-like variable: `before` and `after` around the user's literal. False when the
 * user's value is not a literal, comes from elsewhere or the variable is disabled (nothing
 * planned).
 */
bool og_mut_can_merge(const struct og_mut *m, struct og_sv name, const char **ret_why);
bool og_mut_merge(struct og_mut *m, enum og_origin origin, struct og_sv name, struct og_sv before,
	struct og_sv after, struct og_sv alone);

/*
 * Is the name of a volume, or the place in this container, the user's already? Then ours must stay
 * out: a finding says so.
 */
bool og_mut_taken(struct og_mut *m, const char *volume, const char *path);
void og_mut_mount(struct og_mut *m, const char *volume, const char *path);
void og_plan_volume(struct og_mut *m, const char *name, struct og_sv json, const char *note);
void og_plan_init(struct og_mut *m, const char *name, struct og_sv json, uint32_t stable_len,
	const char *note);
void og_plan_annotation(struct og_mut *m, struct og_sv key, struct og_sv value, const char *note);

/* "container app" */
struct og_sv og_mut_place(struct og_mut *m);
struct og_sv og_mut_place_env(struct og_mut *m, struct og_sv name);
#define og_mut_finding(m, id, place, ...) \
	og_findings_addf(&(m)->plan->findings, (m)->a, (id), (place), __VA_ARGS__)

/* Arena text that remembers failure. */
struct og_sv og_mut_fmt(struct og_mut *m, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
/* Doubles every '$', so that the kubelet's expansion gives the text back. */
struct og_sv og_mut_escape_dollar(struct og_mut *m, struct og_sv text);

/* One row per step; run in order for each target container. */
struct og_mutator {
	const char *name;
	void (*run)(struct og_mut *m);
};
extern const struct og_mutator og_mutators[];

/* The init container `name` that runs `cmd` in `image`, with the volume of its name at `home`. The
 * first *ret_stable bytes do not depend on the container it is made for. */
struct og_sv og_mut_init_json(struct og_mut *m, const char *name, const char *home,
	struct og_sv image, struct og_sv pull_policy, struct og_sv resources,
	const char *const *cmd, uint32_t *ret_stable);

void og_mut_helpers(struct og_mut *m);
void og_mut_exporter(struct og_mut *m);
void og_mut_headers(struct og_mut *m);
void og_mut_user_headers(struct og_mut *m);
void og_mut_tls(struct og_mut *m);
void og_mut_signals(struct og_mut *m);
void og_mut_sdk(struct og_mut *m);
void og_mut_profile_env(struct og_mut *m);
void og_mut_language(struct og_mut *m);
void og_mut_profiles(struct og_mut *m);
void og_mut_service_name(struct og_mut *m);
void og_mut_attributes(struct og_mut *m);

/* Settings from annotations (core/settings.c). */
void og_settings_signals(struct og_plan *p, struct og_arena *a);
void og_settings_targets(struct og_plan *p, struct og_arena *a);
void og_settings_others(struct og_plan *p, struct og_arena *a);
void og_settings_languages(struct og_plan *p, struct og_arena *a);
/* Name globs with `*` only. */
bool og_glob(struct og_sv pattern, struct og_sv s);

/* The record annotation (core/record.c). */
int og_record_write(struct og_plan *p, struct og_arena *a, struct og_err *err);

/* The patch as RFC 6902 text, not yet checked (core/plan_patch.c). Errors: LIMIT, OOM. */
int og_plan_write(
	const struct og_plan *p, struct og_arena *a, struct og_buf *out, struct og_err *err);

/* Checks the patched object (core/selfcheck.c). */
int og_selfcheck(
	const struct og_plan *p, struct og_jmut patched, struct og_arena *a, struct og_err *err);

/* EnvVar JSON that takes a key of the distributed Secret, optional. */
struct og_sv og_mut_secret_env(struct og_mut *m, struct og_sv name, struct og_sv key);

/* prefix + the revision's digits, which are filled in when they are known. */
struct og_sv og_mut_revision_text(struct og_mut *m, const char *prefix);

/*
 * (core/plan_apply.c) The object carries an earlier injection: p->object, tmpl, spec and meta
 * become those of the object without it, so that everything is planned from what the user wrote.
 * p->received keeps what came.
 */
int og_plan_rebase(struct og_plan *p, struct og_arena *a, struct og_err *err);

/* Annotations resource.opentelemetry.io/<attribute> of the pod. */
#define OG_ATTR_PREFIX "resource.opentelemetry.io/"

/*
 * Where resource.opentelemetry.io/ keys are read, nearest first; at each level annotations before
 * labels. Fills ret[OG_MAX_LAYERS] and gives their number.
 */
struct og_layer {
	const struct og_kvs *kvs;
	enum og_level level;
};
enum { OG_MAX_LAYERS = 2 * (OG_FACTS_MAX_OWNERS + 2) };
uint32_t og_mut_layers(const struct og_mut *m, struct og_layer *ret);
/* Names of one pod or workload must not be said for many. */
bool og_mut_misplaced(struct og_sv attr, enum og_level level);
/* The attribute that a key stands for; empty when it is no such key. */
struct og_sv og_mut_attribute_of(struct og_sv key);
/* What the nearest layer says of an attribute; empty when none does. */
struct og_sv og_mut_said_attr(const struct og_mut *m, struct og_sv attr);
/* A label of the pod, when the profile wants labels to count; empty otherwise. */
struct og_sv og_mut_label(const struct og_mut *m, struct og_sv key);
/* One key of the user's OTEL_RESOURCE_ATTRIBUTES; {NULL, 0} when absent. */
struct og_sv og_mut_user_attr(const struct og_mut *m, struct og_sv key);
/* "$(NAME)" of a helper variable, which is planned with it; empty when it cannot be had. */
struct og_sv og_mut_ref_pod_name(struct og_mut *m);
struct og_sv og_mut_ref_node_name(struct og_mut *m);
struct og_sv og_mut_ref_pod_uid(struct og_mut *m);
struct og_sv og_mut_ref_pod_namespace(struct og_mut *m);

/* --- a pod that comes back (core/settled.c) --- */

/*
 * What is to be written for one of our entries: the received one of that name, word for word, when
 * it holds all of `json` (defaults may have been filled in), else `json`.
 */
struct og_sv og_plan_keep(
	struct og_jval list, struct og_sv name, struct og_sv json, struct og_arena *a);

/* The received object already is the planned one, but for the order of our own entries. */
bool og_plan_settled(const struct og_plan *p, struct og_jval want, struct og_arena *a);

/*
 * Four hex digits over a value we wrote, kept in the record: a value that was edited since is the
 * user's. Not cryptographic; an edit goes unseen once in 65,536.
 */
enum { OG_SUM_DIGITS = 4 };
void og_record_sum(struct og_sv value, char out[OG_SUM_DIGITS]);
