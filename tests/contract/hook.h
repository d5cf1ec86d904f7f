/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* A mutating webhook that does what a case tells it, and remembers what it was asked. */
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

/* What it answers. */
struct ct_hook_script {
	const char *patch;   /* a JSON Patch with ' for "; NULL = none */
	const char *warning; /* NULL = none */
	const char *deny;    /* message of a refusal */
	const char *raw;     /* this text instead of a review */
	int status;	     /* HTTP; 0 = 200 */
	bool wrong_uid, no_type;
	bool once; /* the patch only when the label "touched" is missing */
};
enum { CT_HOOKS = 3 };
extern struct ct_hook_script ct_hook_script[CT_HOOKS];

void ct_hook_start(void);
void ct_hook_stop(void);
/*
 * Registers webhooks 0 … n-1 for the pods of the case's namespace; `more` are further members of
 * each (", 'failurePolicy': …"), NULL = none. Waits until the cluster calls them.
 */
void ct_hook_register(int n, const char *more);
/* Reviews that webhook got so far, oldest first; the last one of a name. */
size_t ct_hook_count(int which);
json_t *ct_hook_review(int which, size_t i);
void ct_hook_forget(void);
