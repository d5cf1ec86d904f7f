/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Credentials of a stack: from the Secret that people made (instance id and token, or a complete
 * header) to the Secret that workloads read, with everything that is wrong with the former. Pure.
 *
 * Values live in struct og_secret and in scratch memory that is zeroed. Places, messages and
 * findings name Secret, namespace and key, and never a value, its length or a part of it.
 */
#include "otelgate/base/secret.h"
#include "otelgate/codec/jdoc.h"
#include "otelgate/core/config.h"
#include "otelgate/core/findings.h"

#define OG_CREDENTIAL_SINCE "otelgate.dev/credential-since" /* when its content last changed */
#define OG_CREDENTIAL_STACK "otelgate.dev/stack"
#define OG_CREDENTIAL_HASH  "otelgate.dev/credential-hash"

enum {
	OG_CREDENTIAL_ID_BYTES = 256,
	OG_CREDENTIAL_TOKEN_BYTES = 4096, /* access policy tokens have about 150 */
	OG_CREDENTIAL_HEADER_BYTES = 8192,
	OG_CREDENTIAL_HASH_BYTES = 17, /* 16 hex digits and a NUL */
};

/* How reading the source Secret ended. */
enum og_credential_read {
	OG_CREDENTIAL_FOUND,
	OG_CREDENTIAL_ABSENT,	 /* there is no such Secret */
	OG_CREDENTIAL_FORBIDDEN, /* 403 */
	OG_CREDENTIAL_UNREADABLE /* no answer, or none that could be read */
};

enum og_credential_state {
	OG_CREDENTIAL_VALID,
	OG_CREDENTIAL_MISSING, /* no Secret, or not one of its keys: reason says which */
	OG_CREDENTIAL_INVALID, /* nothing that a receiver would take */
	OG_CREDENTIAL_DENIED,  /* may not be read */
	OG_CREDENTIAL_UNKNOWN_ /* could not be read this time: what was known before holds */
};

struct og_credentials {
	enum og_credential_state state;
	const char *reason;	     /* CamelCase, for a condition: "Valid", "KeyMissing" … */
	struct og_sv message;	     /* one sentence with place and fix; the arena's */
	const char *finding;	     /* id of what decides ("OG402"); NULL when nothing is wrong */
	struct og_findings findings; /* warnings, too; the arena's */
	char hash[OG_CREDENTIAL_HASH_BYTES];		   /* "" unless VALID */
	struct og_secret header;			   /* value of OTEL_EXPORTER_OTLP_HEADERS */
	struct og_secret profiles_user, profiles_password; /* unset: none wanted, or not known */
};

/* The finding of such a reason: "OG411" of "Swapped"; NULL = nothing is wrong, or not known. */
const char *og_credential_finding(struct og_sv reason);

/*
 * `secret` is the Secret object as the API server gave it (data in base64), absent unless `how` is
 * FOUND. stack_uid may be empty (offline). What is wrong with the Secret is a result. Errors: OOM,
 * BUG. *ret is written on success only; free it with og_credentials_fini.
 */
int og_credentials_make(const struct og_stack *stack, struct og_sv stack_uid,
	enum og_credential_read how, struct og_jval secret, struct og_arena *arena,
	struct og_credentials *ret, struct og_err *err);
void og_credentials_fini(struct og_credentials *c); /* zeroed memory is fine */
#define og_auto_credentials __attribute__((cleanup(og_credentials_fini)))

/*
 * The Secret for one namespace as JSON text for a server-side apply: name and keys of
 * spec.distribute, type Opaque, our labels, the stack's name, the hash and the time its content
 * last changed (Unix seconds). Only for VALID credentials. Errors: OOM, LIMIT.
 */
int og_credentials_document(const struct og_credentials *c, const struct og_stack *stack,
	struct og_sv ns, int64_t since_s, struct og_secret *ret, struct og_err *err);

/* What a Secret of the reserved name is, compared with what it should be. */
enum og_credential_match {
	OG_CREDENTIAL_SAME,
	OG_CREDENTIAL_EDITED,	/* ours, and the hash says that it should be right: by hand */
	OG_CREDENTIAL_UNMARKED, /* ours, right in what pods read, and not in labels and annotations
				 */
	OG_CREDENTIAL_OLDER,	/* ours, with another hash: a rotation */
	OG_CREDENTIAL_FOREIGN,	/* not ours: never touched */
};
/* `secret` is the whole object. replace is set when a patch cannot do it: another type, or an
 * immutable one whose data differ. */
enum og_credential_match og_credentials_compare(const struct og_credentials *c,
	const struct og_stack *stack, struct og_jval secret, bool *ret_replace);

/* Whether a Secret carries our labels: managed-by otelgate and part-of otelgate. */
bool og_credentials_ours(struct og_sv managed_by, struct og_sv part_of);
