/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * One admission: AdmissionReview bytes (admission.k8s.io/v1) in, answer bytes out. Pure: facts come
 * through the source, time through `expired`. The webhook never denies because of its own fault:
 * whatever goes wrong admits the pod unchanged with a warning, unless the owner asked for
 * `required` (annotation) or the profile for `onError: reject`.
 */
#include "otelgate/core/plan.h"

struct og_review_limits {
	struct og_jlimits json; /* of the review */
	size_t arena_bytes;	/* cap on memory for one review; 0 = 96 MiB */
};

/* What happened, for logs, metrics and tests. Views live as long as the arena. */
struct og_review_result {
	enum og_reason reason;
	bool allowed, patched, dry_run, rejected_by_owner;
	bool valid_envelope; /* false: answer with HTTP `http_status`, out holds plain text */
	int http_status;     /* 200 for every decided review (W-5); 400 for a bad envelope */
	struct og_sv uid, ns, name, owner_kind, owner_name, profile;
	char revision[17];
	uint32_t nfindings, nwarnings;
	struct og_sv error;	    /* message when reason is a fault; never secret */
	const struct og_plan *plan; /* NULL when it never came to one */
};

struct og_review_input {
	const struct og_config *config;
	const struct og_facts_source *facts; /* may be NULL */
	struct og_sv body;
	struct og_review_limits limits;
	bool (*expired)(void *ctx); /* asked between the stages; NULL = no deadline */
	void *expired_ctx;
	bool fail_mode; /* the webhook is registered with failurePolicy Fail: own faults give HTTP
			   500 */
};

/*
 * Handles one review and appends the answer to `out` (JSON of an AdmissionReview, or plain text
 * when the envelope is bad). The arena is the caller's and may be reset afterwards.
 */
void og_review_handle(const struct og_review_input *in, struct og_arena *arena, struct og_buf *out,
	struct og_review_result *ret);
