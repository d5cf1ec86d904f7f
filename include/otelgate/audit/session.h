/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * A command's look at a cluster: a loop, a client and watches that fill stores, driven by the
 * thread of the command. Reads, and writes nothing.
 */
#include "otelgate/cluster/cluster.h"

struct og_kube_access;

struct og_audit_session_opts {
	struct og_kube_access *access; /* taken over, also on an error */
	const char *component;	       /* of the user agent; NULL = "otelgate" */
	int64_t timeout_ms;	       /* until all watches have answered; 0 = 60 s */
	/* Who has the configuration from elsewhere, or asks backends itself, lacks nothing without
	 * the cluster's: it is not among the blind. */
	bool own_config, own_answers;
	void *ctx;
	/* What is being waited for, about once a second. Optional. */
	void (*progress)(void *ctx, const char *what);
};

struct og_audit_session {
	struct og_audit_session_opts o;
	struct og_loop *loop;
	struct og_kube *kube;
	struct og_cluster *cluster; /* NULL = nothing is watched */
	int64_t until_ns;	    /* monotonic: the end of the time */
	int http;		    /* of the first answer; 0 = there was none */
};

/* Zeroed memory may be closed. A server that is not there, or does not know us, is an error at
 * once. Errors: what the client gives. Close it also then. */
int og_audit_session_open(
	const struct og_audit_session_opts *o, struct og_audit_session *ret, struct og_err *err);
void og_audit_session_close(struct og_audit_session *s);

/* Watches these parts (enum og_cluster_part; ns NULL = all namespaces) instead of those before,
 * and waits until each has listed or been refused. Errors: TIMEOUT, with what keeps it. */
int og_audit_session_watch(struct og_audit_session *s, unsigned parts, const char *ns,
	const char *registration, struct og_err *err);

/* Watches that have been refused, or whose kind the cluster does not know. `what` is as in
 * "pods of namespace shop". */
struct og_audit_blind {
	struct og_watch_info info;
	struct og_sv what, why;
	bool absent; /* no such kind */
};
/* At most OG_CLUSTER_WATCHES; texts are the arena's. Optional kinds that are absent are none.
 * Errors: OOM. */
int og_audit_session_blind(struct og_audit_session *s, const char *ns, struct og_arena *arena,
	struct og_audit_blind *ret, uint32_t *ret_n, struct og_err *err);
/* The same as a report has it; *ret is the arena's. */
struct og_coverage_blind;
int og_audit_session_coverage_blind(struct og_audit_session *s, const char *ns,
	struct og_arena *arena, struct og_coverage_blind **ret, uint32_t *ret_n,
	struct og_err *err);
