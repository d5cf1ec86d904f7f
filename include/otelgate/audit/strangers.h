/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* Services that arrive in the backends and that no opted-in workload explains, as the controller
 * writes them into the status of each GrafanaStack. */
#include "otelgate/audit/session.h"
#include "otelgate/core/coverage.h"

enum { OG_AUDIT_STRANGERS = 10 };
struct og_audit_strangers {
	struct og_sv stack;
	uint32_t count;
	struct og_sv first[OG_AUDIT_STRANGERS]; /* "shop/legacy in namespace shop: metrics" */
	uint32_t nfirst;
};

/*
 * Asks once. What may not be read, or is not there, has none; stacks without strangers are left
 * out. Everything is the arena's. Errors: OOM.
 */
int og_audit_strangers_ask(struct og_audit_session *s, struct og_arena *arena,
	struct og_audit_strangers **ret, uint32_t *ret_n, struct og_err *err);
/* The same from a GrafanaStackList. Hostile documents give nothing. */
int og_audit_strangers_read(struct og_jval list, struct og_arena *arena,
	struct og_audit_strangers **ret, uint32_t *ret_n, struct og_err *err);

/* "3 services arrive by stack s that no opted-in workload explains: a; b; and 1 more". */
void og_audit_strangers_say(const struct og_audit_strangers *s, struct og_buf *out);
/* As findings (OG806) of the cluster. Errors: OOM. */
int og_audit_strangers_findings(const struct og_audit_strangers *s, uint32_t n,
	struct og_arena *arena, struct og_coverage *c, struct og_err *err);
