/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * An API server that says what the test tells it: stands behind the seam of kube/ in the client's
 * place. Requests are kept until the test answers them.
 */
#include "../../src/kube/seam-priv.h"

struct kube_script_call {
	bool used;
	uint64_t number; /* from 1, in order of starting */
	enum og_kube_verb verb;
	enum og_kube_patch_type patch;
	enum og_kube_lane lane;
	bool force;
	int64_t deadline_ms;
	int max_tries;
	char where[512]; /* "group/version/resource/ns/name/subresource" */
	char query[256], manager[64];
	char *body; /* "" = none */
	void (*on_done)(void *ctx, const struct og_kube_answer *a);
	void *ctx;
};

enum { KUBE_SCRIPT_CALLS = 64 };
struct kube_script {
	struct kube_seam seam;
	struct kube_script_call call[KUBE_SCRIPT_CALLS]; /* unanswered */
	uint64_t started, cancelled;
	bool refuse; /* og_kube_start fails */
};

void kube_script_init(struct kube_script *s, struct og_loop *loop);
void kube_script_fini(struct kube_script *s);
unsigned kube_script_pending(const struct kube_script *s);
/* The oldest unanswered request; fails the test when there is none. */
struct kube_script_call *kube_script_first(struct kube_script *s);
/* Answers the oldest one. `http` 0 = no answer came. `body` is the object, or for a failure
 * "Reason" or "Reason:Cause". */
void kube_script_answer(struct kube_script *s, int http, const char *body);
void kube_script_answer_call(
	struct kube_script *s, struct kube_script_call *c, int http, const char *body);
