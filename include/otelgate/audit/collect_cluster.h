/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Filling a coverage report from a cluster: every workload, opted in or not, with the controller's
 * word where it keeps statuses, else as judged here. Reads, and writes nothing.
 */
#include "otelgate/audit/collect.h"

struct og_kube_access;

/* `source` of og_audit_collect_cluster. */
struct og_audit_cluster {
	struct og_kube_access *access; /* taken over, also on an error: for one call */
	int64_t timeout_ms;	       /* until everything has been listed; 0 = 60 s */
};

/*
 * An og_audit_collect_fn. *ret is filled but for what og_coverage_finish makes; `cluster`,
 * `tool_version` and findings of the cluster are the caller's. Configuration is the cluster's
 * unless want->config is given. What may not be read is `blind` (OG002). Errors: what leaves
 * nothing to show: the client's, TIMEOUT, those of og_audit_ask_rows, INVALID when no kind of
 * workload may be read (the message has the missing rule), OOM.
 */
int og_audit_collect_cluster(const void *source, const struct og_audit_want *want,
	struct og_arena *arena, struct og_coverage *ret, struct og_err *err);
