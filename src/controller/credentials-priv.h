/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* Distribution of credentials, as the workload pass sees it. On the loop's thread. */
#include "otelgate/core/credentials.h"
#include "controller-priv.h"

enum credentials_what {
	CRED_NOT_NEEDED,     /* the stack has no credentials, or nobody there uses them */
	CRED_READY,	     /* the Secret is there, with what it should hold */
	CRED_WAITING,	     /* being looked at or written */
	CRED_SOURCE_MISSING, /* the stack's own Secret, or a key of it */
	CRED_SOURCE_INVALID, /* what is in it cannot be used; what was distributed before stays */
	CRED_FOREIGN,	     /* somebody else's Secret has the name */
	CRED_FORBIDDEN,	     /* by RBAC or a quota */
	CRED_EXCLUDED,	     /* spec.distribute.namespaceSelector leaves the namespace out */
	CRED_COUNT_
};

struct credentials_state {
	enum credentials_what state;
	const char *reason;   /* CamelCase, for a condition; static */
	struct og_sv message; /* one sentence with place and fix; the arena's; may be empty */
	const char *finding;  /* "OG415"; NULL = none */
	/* Unix seconds, 0 = no such Secret or not known: when pods could read it first, and when
	 * its content changed last. A Secret that was deleted and came back the same counts as one
	 * that was always there. */
	int64_t created_s, since_s;
	char hash[OG_CREDENTIAL_HASH_BYTES]; /* of what it holds; "" = not known */
};

/* How the namespace stands with that stack's credentials. Never fails: without memory the message
 * is empty. */
void controller_credentials_state(struct controller *c, struct og_sv ns, struct og_sv stack,
	struct og_arena *arena, struct credentials_state *ret);

/* The row of the table of parts. */
int credentials_init(struct controller *c, struct og_err *err);
void credentials_fini(struct controller *c);
void credentials_resync(struct controller *c);
void credentials_work(struct controller *c, struct og_sv key);
void credentials_workload_changed(struct controller *c, const struct workload *now, bool gone);
