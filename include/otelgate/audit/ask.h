/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Asks the backends of stacks itself, once, and puts what they say into rows: for a cluster without
 * a controller, and for files. The questions, the join and the verdicts are the controller's
 * (verify/verify.h, core/arrival.h); only the memory of former answers is missing where no
 * WorkloadTelemetry holds it.
 *
 * Who collects rows keeps with each what is to arrive (og_audit_sends_keep); og_audit_ask_rows then
 * asks. On the thread that turns the loop.
 */
#include "otelgate/core/coverage.h"
#include "otelgate/core/stars_facts.h"
#include "otelgate/core/telemetry.h"
#include "otelgate/grafana/client.h"

struct og_kube;
struct og_loop;
struct og_telemetry_row;

struct og_audit_ask_token {
	struct og_sv stack; /* "" = of the only one that is asked */
	const struct og_secret *token;
};
/* With what is asked beside what the stacks say. All of it outlives the asking. */
struct og_audit_ask {
	const struct og_audit_ask_token *tokens; /* those that are missing are read from Secrets */
	uint32_t ntokens;
	struct og_sv ca_pem;		/* trusted for the backends; empty = as the stack says */
	struct og_sv url[OG_GF_COUNT_]; /* instead of those of the only stack; empty = its own */
	int64_t timeout_ms;		/* of all of it; 0 = 60 s */
	int64_t request_ms;		/* between requests to one backend; 0 = 1,000 */
};

/* What is to arrive of one workload; all of it is the arena's. */
struct og_audit_sends {
	struct og_arrival_workload w;
	enum og_profiles_state profiles;
	enum og_signal_mode mode[OG_SIGNAL_COUNT_];
	struct og_stars_facts stars; /* of its plan and its rollout */
	struct og_sv seen;	     /* status.seen of its WorkloadTelemetry; "" = there is none */
	/* Written by the asking. */
	bool asked;
	struct og_telemetry_said said[OG_SIGNAL_COUNT_];
};
/* Copies `from`, whose w.ns, kind and name are the row's, to row->sends. Errors: OOM. */
int og_audit_sends_keep(const struct og_audit_sends *from, struct og_coverage_row *row,
	struct og_arena *arena, struct og_err *err);

struct og_audit_asking {
	const struct og_audit_ask *ask;
	const struct og_config *config; /* NULL = no stack is known */
	struct og_loop *loop;
	struct og_kube *kube; /* to read Secrets with; NULL = there is no cluster */
	void *ctx;
	/* What is being waited for, about once a second. Optional. */
	void (*progress)(void *ctx, const char *what);
};
struct og_audit_asked {
	struct og_coverage_blind *blind; /* what could not be asked, and why */
	uint32_t nblind;
	uint32_t answers; /* backends that have answered */
};
/*
 * One cycle for each stack that rows send to, at most OG_VERIFY_CALLS calls each. A backend that is
 * away, refuses or answers half makes nothing missing: a signal is Unknown then, with the reason,
 * or stays what the controller has said. Errors: USAGE (a token or a URL that could be of several
 * stacks), OOM, LIMIT; what keeps a stack from being asked is `blind`.
 */
int og_audit_ask_rows(const struct og_audit_asking *in, struct og_coverage_row *const *rows,
	uint32_t n, struct og_arena *arena, struct og_audit_asked *ret, struct og_err *err);
/* What could not be asked beside what else could not be seen. Errors: OOM. */
int og_audit_asked_blind(const struct og_audit_asked *a, struct og_arena *arena,
	struct og_coverage *c, struct og_err *err);
/* READY anew, by links and signals, where it was asked. */
void og_audit_ask_ready(struct og_telemetry_row *row);
