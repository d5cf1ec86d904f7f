/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Filling a coverage report from a cluster: every workload, opted in or not, with the controller's
 * word where it keeps statuses, else as judged here. Reads, and writes nothing.
 */
#include "otelgate/core/coverage.h"
#include "otelgate/kobj/selector.h"

struct og_kube_access;

struct og_audit_cluster {
	struct og_kube_access *access; /* taken over, also on an error */
	const char *ns;		       /* NULL = all namespaces */
	struct og_selector selector;   /* labels of workloads; not present = all */
	int64_t timeout_ms;	       /* until everything has been listed; 0 = 60 s */
	int64_t now_s;
	void *ctx;
	/* What is being waited for, about once a second. Optional. */
	void (*progress)(void *ctx, const char *what);
};

/*
 * *ret is filled but for what og_coverage_finish makes; `cluster`, `tool_version` and findings of
 * the cluster are the caller's. Everything lives in the arena. What may not be read is `blind`
 * (OG002). Errors: what leaves nothing to show: the client's, TIMEOUT, INVALID when no kind of
 * workload may be read (the message has the missing rule), OOM.
 */
int og_audit_collect_cluster(const struct og_audit_cluster *c, struct og_arena *arena,
	struct og_coverage *ret, struct og_err *err);
