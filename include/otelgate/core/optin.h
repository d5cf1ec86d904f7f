/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Opt-in: who asked for injection, at which level, and with which settings. The nearest level that
 * says something wins: pod template, workload, namespace, profile selectors. `false` is final.
 */
#include "otelgate/core/config.h"
#include "otelgate/core/facts.h"
#include "otelgate/core/findings.h"

enum og_level {
	OG_LEVEL_TEMPLATE,
	OG_LEVEL_WORKLOAD,
	OG_LEVEL_NAMESPACE,
	OG_LEVEL_PROFILE,
	OG_LEVEL_COUNT_
};

/* Keys under otelgate.dev/ that people write. One row of the table per key (core/optin.c). */
enum og_key {
	OG_KEY_INJECT,
	OG_KEY_SIGNALS,
	OG_KEY_CONTAINERS,
	OG_KEY_EXCLUDE,
	OG_KEY_LANGUAGE,
	OG_KEY_REQUIRED,
	OG_KEY_RESTART,
	OG_KEY_NETWORK_POLICY,
	OG_KEY_IGNORE,
	OG_KEY_COUNT_
};

struct og_key_def {
	const char *name;   /* "otelgate.dev/inject" */
	const char *values; /* "true, false, or the name of a profile" */
	const char *help;
};
const struct og_key_def *og_key_def(enum og_key k);

/* What one level says of one key. */
struct og_said {
	bool said;
	bool by_label;
	struct og_sv value;
};

/* Why a pod is left alone, or that it is not. Stable names for metrics, audit and explain. */
enum og_reason {
	OG_REASON_INJECTED,
	OG_REASON_UP_TO_DATE,	      /* carries all of it already */
	OG_REASON_NOT_OPTED_IN,	      /* nobody asked */
	OG_REASON_OPTED_OUT,	      /* "false" at some level */
	OG_REASON_PROFILE_MISSING,    /* asked for, and no such profile */
	OG_REASON_NO_CONFIG,	      /* asked for, and no configuration is loaded */
	OG_REASON_NO_ENDPOINT,	      /* asked for, and the stack's endpoint is not known yet */
	OG_REASON_WINDOWS,	      /* Windows pods are not supported */
	OG_REASON_MIRROR_POD,	      /* static pod: the API server refuses changes */
	OG_REASON_EXCLUDED_NAMESPACE, /* system namespaces are never touched */
	OG_REASON_NO_TARGET,	      /* every container is a sidecar, excluded or user-managed */
	OG_REASON_NOT_A_POD,	      /* the review is about something else */
	OG_REASON_BAD_OBJECT,	      /* the pod is malformed; the API server will say so */
	OG_REASON_BAD_REQUEST,	      /* the review itself is malformed */
	OG_REASON_TOO_LARGE,	      /* above a limit */
	OG_REASON_DEADLINE,	      /* the time allowed is used up */
	OG_REASON_SELF_CHECK,	      /* our own patch did not pass its check */
	OG_REASON_INTERNAL,	      /* memory or another fault of ours */
	OG_REASON_COUNT_
};
const char *og_reason_name(enum og_reason r); /* "not-opted-in" */
const char *og_reason_condition(
	enum og_reason r);		      /* "NotOptedIn": the same, as conditions say it */
const char *og_reason_text(enum og_reason r); /* one sentence for people */
const char *og_level_name(enum og_level l); /* "pod template", "workload", "namespace", "profile" */

struct og_optin {
	bool in;
	enum og_reason reason; /* INJECTED when in */
	enum og_level level;   /* that decided; COUNT_ = nobody said anything */
	const struct og_profile *profile;
	bool profile_by_default; /* chosen because it is the default or the only one */
	struct og_said said[OG_LEVEL_COUNT_][OG_KEY_COUNT_];
	bool level_known[OG_LEVEL_COUNT_];
	const char *why; /* one clause: how the profile was chosen; static storage */
	/* the operator's annotations, when a profile is compatible with them */
	bool compat;
	struct og_compat_language {
		enum og_language language;
		enum og_libc libc;
		struct og_sv containers; /* list of names; empty = every target */
	} compat_languages[6];
	uint32_t ncompat_languages;
	struct og_sv compat_key; /* the annotation that opted in */
};

/*
 * Decides. `pod` is the pod's or template's metadata. Findings about our keys at every level are
 * added. `profile_override` (may be empty) chooses the profile as `inject --profile` does and
 * opts in whatever nobody opted out.
 */
void og_optin_decide(const struct og_config *config, const struct og_meta *pod,
	const struct og_facts *facts, struct og_sv profile_override, struct og_arena *arena,
	struct og_findings *findings, struct og_optin *ret);

/* The nearest level that says `key`; *ret_level may be NULL. Absent: said = false. */
struct og_said og_optin_setting(
	const struct og_optin *o, enum og_key key, enum og_level *ret_level);
