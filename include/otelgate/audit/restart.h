/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Restarts by a person's command: reads WorkloadTelemetry objects for what is old, the workloads
 * themselves for what may be done, and changes templates as `kubectl rollout restart` does, in the
 * order and within the budgets of core/restart.h. Windows and modes of profiles do not hold: a
 * person has decided.
 */
#include "otelgate/core/restart.h"
#include "otelgate/kube/client.h"

struct og_kube_access;

struct og_audit_restart_item {
	struct og_restart_workload w; /* what does not change lives in the arena */
	char wave[OG_RESTART_ID_BYTES], why[512], version[64];
	struct og_sv uid, wt_name;
	struct og_restart_rules rules;
	bool gone; /* deleted, or another has its name */
};

struct og_audit_restart {
	struct og_arena *arena;
	struct og_loop *loop;
	struct og_kube *kube;
	struct og_audit_restart_item *items;
	uint32_t n;
	uint32_t current; /* workloads looked at that need nothing */
};

struct og_audit_restart_opts {
	struct og_kube_access *access; /* taken over, also on an error */
	const char *ns;		       /* NULL = all namespaces */
	const char **names;	       /* "deployment/web", "web"; none = all that is old */
	size_t nnames;
};
/*
 * Finds what is to be restarted. Errors: NOT_FOUND (the cluster has no WorkloadTelemetry, or none
 * of a name that was given), INVALID (a right is missing; the message has the rule), others of the
 * client. og_audit_restart_close in any case.
 */
int og_audit_restart_open(const struct og_audit_restart_opts *o, struct og_arena *arena,
	struct og_audit_restart *ret, struct og_err *err);
void og_audit_restart_close(struct og_audit_restart *a);

/* Looks at item i again: pods and rollout. */
int og_audit_restart_look(struct og_audit_restart *a, uint32_t i, struct og_err *err);
/* Whose turn it is; as og_restart_plan. Takes the records over. ret has room for n. */
int og_audit_restart_plan(struct og_audit_restart *a, int64_t now_s, struct og_arena *scratch,
	struct og_restart_workload *v, struct og_restart_result *ret, struct og_err *err);
/* Changes the template of item i by the state that was seen last. CONFLICT: look again. */
int og_audit_restart_do(struct og_audit_restart *a, uint32_t i,
	const struct og_restart_record *record, struct og_err *err);
