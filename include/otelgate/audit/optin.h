/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Opting workloads of a cluster in or out by a person's command: which they are, whether they can
 * be changed there, what the injection would then do, and the change of one. Nothing but the
 * annotations of core/optin_edit.h is touched, and nothing is written over what was not seen.
 */
#include "otelgate/audit/session.h"
#include "otelgate/audit/targets.h"
#include "otelgate/core/optin_edit.h"
#include "otelgate/core/plan.h"
#include "otelgate/kobj/rollout.h"

enum og_optin_state {
	OG_OPTIN_CHANGES,
	OG_OPTIN_ALREADY, /* it says so */
	OG_OPTIN_REFUSED, /* it cannot be changed there, or to no effect: `why`, `fix` */
	OG_OPTIN_MANAGED, /* whoever manages it would undo the change: `by` */
};

/* All views live in the arena of og_audit_optin_find. */
struct og_audit_optin_item {
	const struct og_cluster_kind *kind;
	struct og_sv ns, name, uid;
	struct og_jval object;
	struct og_meta meta;
	enum og_optin_state state;
	struct og_sv why, fix;
	bool managed;
	struct og_managed_by by;
	struct og_optin_edit edit;
	struct og_rollout_facts rollout;
	struct og_sv after; /* the object after the change, as JSON; "" = nothing changes */
	/* As it is then planned; NULL = it cannot be told, and `unknown` says why. */
	struct og_plan *plan;
	struct og_sv unknown;
};

struct og_audit_optin_opts {
	struct og_audit_session *session;
	const char *ns;
	const struct og_audit_target *targets; /* each with a kind */
	size_t ntargets;
	const char *selector; /* for targets without a name; NULL = all of the kind */
	struct og_optin_ask ask;
	const char *verb; /* "optin": for the fixes */
	bool force;	  /* also what others manage */
};

/*
 * Reads the workloads and judges each. Errors: NOT_FOUND (a name that is not there), INVALID (a
 * right is missing; the message has the rule), LIMIT (more than 500), others of the client.
 */
int og_audit_optin_find(const struct og_audit_optin_opts *o, struct og_arena *arena,
	struct og_audit_optin_item **ret, uint32_t *ret_n, struct og_err *err);

/*
 * What the injection would do after the change: by the configuration of the cluster (NULL = none
 * is to be had, `why_not` says why) and its namespace. An opt-in that cannot have an effect becomes
 * REFUSED. Errors: OOM.
 */
int og_audit_optin_preview(const struct og_audit_optin_opts *o, struct og_audit_optin_item *it,
	const struct og_config *config, struct og_sv why_not, struct og_arena *arena,
	struct og_err *err);

/*
 * Changes it: read again, compared again, and patched with its uid and resourceVersion as
 * preconditions; tried again when others wrote meanwhile. `dry_run`: the server checks and keeps
 * nothing. *ret_changed is false when it said so already. Errors: as above, CONFLICT.
 */
int og_audit_optin_write(const struct og_audit_optin_opts *o, const struct og_audit_optin_item *it,
	bool dry_run, bool *ret_changed, struct og_err *err);
