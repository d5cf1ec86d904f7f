/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* Workloads as people name them: KIND/NAME, or KIND NAME… as kubectl takes them. */
#include "otelgate/base/arena.h"
#include "otelgate/base/err.h"

struct og_audit_target {
	const char *group, *kind; /* of the table, "apps" and "Deployment"; NULL = any */
	struct og_sv name;	  /* "" = all of that kind */
	bool found;		  /* for whoever looks */
};

/*
 * "deployment/web", "Deployments/web", "deploy/web", "deployment.apps/web", "deployment web api",
 * "deployment" (all of them), "web" (of any kind). Names are views of the operands. Errors: USAGE
 * (no such kind, an empty name), OOM.
 */
int og_audit_targets_parse(const char *const *operands, size_t n, struct og_arena *arena,
	struct og_audit_target **ret, size_t *ret_n, struct og_err *err);

/* Whether it is one of them, each of which is marked as found. No targets: everything is. */
bool og_audit_targets_want(struct og_audit_target *t, size_t n, struct og_sv group,
	struct og_sv kind, struct og_sv name);
