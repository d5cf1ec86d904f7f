/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Missed admissions: a pod that was asked to be injected, runs, and is not. failurePolicy Ignore
 * means that the API server starts a pod without us when it cannot reach us; this module names such
 * pods and says why, from what the API server keeps: the pod, its owners, its namespace, the
 * configuration, and the registration of the webhook. Pure.
 *
 * Works from metadata alone; with the whole pod it also knows pods that are never injected
 * (Windows, no target).
 */
#include "otelgate/core/optin.h"

enum og_missed {
	OG_MISSED_NOT,		  /* injected, or nobody asked, or rightly left alone */
	OG_MISSED_EXCLUDED,	  /* the registration or otelgate itself leaves it out */
	OG_MISSED_CONFIG,	  /* the profile that is asked for is missing or has no endpoint */
	OG_MISSED_NO_WEBHOOK,	  /* the webhook is not registered */
	OG_MISSED_BEFORE_WEBHOOK, /* the pod is older than the registration */
	OG_MISSED_BEFORE_PROFILE, /* … than the profile */
	OG_MISSED_BEFORE_OPT_IN,  /* … than the opt-in, or its last change */
	OG_MISSED_WEBHOOK_AWAY,	  /* none of these: the webhook was not reached, or failed open */
	OG_MISSED_UNKNOWN,	  /* something that decides could not be seen */
	OG_MISSED_COUNT_
};
const char *og_missed_name(enum og_missed m);	 /* "webhook-away", for metrics and output */
const char *og_missed_text(enum og_missed m);	 /* one sentence for people */
const char *og_missed_finding(enum og_missed m); /* id of the finding that explains it */

/*
 * What a registration (MutatingWebhookConfiguration) lets through to the webhook. Of several
 * webhooks in it, those whose name ends in ".otelgate.dev" count, or all when none does.
 */
struct og_registration {
	bool present;	   /* such an object exists */
	int64_t created_s; /* Unix seconds; 0 = unknown */
	uint32_t nwebhooks;
	struct og_registration_webhook {
		struct og_sv name;
		struct og_selector namespaces, objects; /* as written; absent = everything */
	} webhooks[4];
};
/* Errors: CONFIG for selectors that cannot be read, OOM. `object` absent: not present. */
int og_registration_read(struct og_jval object, struct og_arena *arena, struct og_registration *ret,
	struct og_err *err);

/*
 * Since when `otelgate.dev/inject` (annotation or label), or an annotation of the OpenTelemetry
 * operator that opts in, stands on this object as it is, in Unix seconds: from
 * metadata.managedFields, the earliest time of a manager that holds the field. Such a time is that
 * of the manager's last change of any field, so it may be later than the opt-in, never earlier.
 * 0 = it is not there, or unknown.
 */
int64_t og_optin_written_s(struct og_jval object);

struct og_missed_input {
	const struct og_config *config; /* NULL = none is loaded */
	bool config_unknown;		/* it could not be seen: NULL says nothing */
	const struct og_meta *pod;
	int64_t created_s;     /* of the pod */
	struct og_jval object; /* the whole pod; absent = only its metadata is known */
	struct og_facts facts;
	const struct og_registration *registration; /* NULL = could not be seen */
	/* og_optin_written_s of the pod, the earliest of its owners, its namespace; 0 = unknown.
	 * The PROFILE entry is not read. */
	int64_t written_s[OG_LEVEL_COUNT_];
	/* creationTimestamp of a TelemetryProfile; 0 = unknown. May be NULL. */
	int64_t (*profile_created_s)(void *ctx, struct og_sv name);
	void *ctx;
};

struct og_missed_result {
	enum og_missed what;
	enum og_reason reason; /* of the opt-in, or of the plan when the whole pod is known */
	enum og_level level;   /* that opted in; COUNT_ = nobody said anything */
	struct og_sv profile;
	int64_t since_s;     /* what the pod is older than; 0 = does not apply */
	struct og_sv detail; /* one sentence for this very case; may be empty */
};

/* Errors: LIMIT, INVALID (a malformed pod), OOM. Views live as long as the arena. */
int og_missed_judge(const struct og_missed_input *in, struct og_arena *arena,
	struct og_missed_result *ret, struct og_err *err);
