/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* optin and optout: what they share of options, and the parts of their output. */
#include "otelgate/audit/optin.h"
#include "otelgate/cli/kubeflags.h"

enum optin_dry_run { OPTIN_REALLY, OPTIN_DRY_CLIENT, OPTIN_DRY_SERVER };

struct optin_args {
	struct og_kubeflags kube;
	struct og_strs files;
	const char *signals, *profile, *selector;
	unsigned dry_run; /* enum optin_dry_run */
	int64_t timeout_ms;
	bool all, yes, force, clear, in_place, diff;
};

struct optin_run {
	struct og_cli *cli;
	const struct optin_args *a;
	bool out; /* optout */
	struct og_optin_ask ask;
	struct og_audit_target *targets;
	size_t ntargets;
};

/* optin_files.c: manifests instead of a cluster. Returns enum og_exit. */
int optin_files(struct optin_run *u);

/* optin_view.c */
/* "opted in": what became of one that was changed. */
const char *optin_done(const struct optin_run *u);
/* "deployment/web" */
void optin_object(const struct og_audit_optin_item *it, struct og_buf *out);
/* What changes, what the injection then does, and what follows; or why it is left alone. */
void optin_view(const struct optin_run *u, const struct og_audit_optin_item *it);
