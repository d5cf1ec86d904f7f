/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * A GrafanaStack as it is asked: where, and with what. For whoever asks it, so that the controller
 * and a command do so in the same way.
 */
#include "otelgate/core/config.h"
#include "otelgate/verify/verify.h"

/* Where a backend is; empty url = the stack does not say. */
const struct og_cfg_query *og_verify_query_of(const struct og_stack *s, enum og_gf_backend b);
/* Whether the stack says where to ask. */
bool og_verify_wanted(const struct og_stack *s);
/* Place and times; token and CA are the caller's to add. Views of the stack. */
void og_verify_spec_of(const struct og_stack *s, struct og_verify_spec *ret);

/* The Secret with the token to ask with. */
struct og_verify_source {
	struct og_sv ns, name, key; /* name empty = none is needed */
	bool header;		    /* the stack's Secret holds a header, and no token */
};
struct og_verify_source og_verify_source_of(const struct og_stack *s);

/* What came of it. Zeroed = nothing is needed, or nothing known. */
struct og_verify_token {
	struct og_secret secret;
	char *ca;	     /* PEM beside it; NULL = the system's */
	const char *why;     /* CamelCase: why nobody can be asked; static; NULL = they can */
	const char *finding; /* NULL = none */
	char *message;	     /* one sentence; never a secret */
};
void og_verify_token_fini(struct og_verify_token *t);
/* From `data` of the Secret: token and CA, or why not. Answers that held it are the caller's to
 * wipe. */
void og_verify_token_take(struct og_verify_token *t, const struct og_stack *s,
	const struct og_verify_source *src, struct og_jval data);
/* Why there is none: "Secret NS/NAME WHAT". */
void og_verify_token_none(struct og_verify_token *t, const char *why, const char *finding,
	const struct og_verify_source *src, const char *what);
/* Asked without a token, unless the Secret holds a ready-made header alone. */
void og_verify_token_no_secret(struct og_verify_token *t, const struct og_verify_source *src);
