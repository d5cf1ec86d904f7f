/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* Between the files of core/credentials. */
#include "otelgate/base/str.h"
#include "otelgate/core/credentials.h"

struct cred_work {
	const struct og_stack *stack;
	struct og_arena *arena;	  /* findings and messages: lives on */
	struct og_arena *scratch; /* values: zeroed at the end */
	struct og_jval secret;
	struct og_credentials *ret;
	struct og_sv id, token; /* scratch; empty with a header that is not Basic */
	bool refused;		/* a finding that nothing can be made with */
	bool oom;
};

/* "Secret monitoring/grafana-cloud, key token"; without a key "" the Secret alone. */
struct og_sv cred_place(struct cred_work *w, struct og_sv key);
/* A finding; `state` other than VALID refuses, and the first to refuse decides state and reason. */
void cred_say(struct cred_work *w, const char *id, enum og_credential_state state,
	const char *reason, struct og_sv key, const char *fmt, ...)
	__attribute__((format(printf, 6, 7)));

/* Decoded from data, without white space at its ends; false when refused. */
bool cred_value(struct cred_work *w, struct og_sv key, size_t max, struct og_sv *ret);
/* Scratch copy, or {NULL, 0} and oom. */
struct og_sv cred_decode(struct cred_work *w, struct og_sv base64);

void cred_check_pair(struct cred_work *w); /* id and token */
void cred_check_token(struct cred_work *w, struct og_sv key, struct og_sv token);
bool cred_wants_cloud(const struct og_stack *stack); /* it sends to Grafana Cloud itself */
