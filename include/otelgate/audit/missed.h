/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Missed admissions of a running cluster, asked once: lists configuration, workloads, pods and the
 * webhook's registration, judges, and looks at one whole pod of each workload that metadata alone
 * does not settle. Needs the rights of ClusterRole otelgate-reader; what may not be read makes the
 * answer "unknown", not wrong.
 */
#include "otelgate/cluster/report.h"

struct og_kube_access;

struct og_audit_missed_opts {
	struct og_kube_access *access; /* taken over, also on an error */
	const char *ns;		       /* NULL = all namespaces */
	const char *registration;      /* NULL = "otelgate" */
	int64_t timeout_ms;	       /* for all of it; 0 = 60 s */
	void *ctx;
	/* What is being waited for, about once a second. Optional. */
	void (*progress)(void *ctx, const char *what);
};

struct og_audit_missed {
	struct og_missed_report report; /* sorted */
	uint32_t pods;			/* looked at */
	uint64_t bytes, requests;
	struct og_buf notes; /* lines: what could not be seen, and the right that is missing */
	bool partial;	     /* notes tell of something that decides */
};

/* *ret's report lives in the arena; its notes are the caller's to end. Errors: what the client
 * gives; -OG_E_INVALID when the pods may not be listed (the message has the rule that is missing).
 */
int og_audit_missed(const struct og_audit_missed_opts *o, struct og_arena *arena,
	struct og_audit_missed *ret, struct og_err *err);
