/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* audit: its arguments, and where its forms go. */
#include "ask-priv.h"
#include "otelgate/audit/report.h"
#include "otelgate/cli/kubeflags.h"

struct og_audit_args {
	struct og_kubeflags kube;
	struct ask_args ask;
	struct og_strs files, config, outputs, min_coverage, ignore_files;
	int64_t timeout_ms; /* of a cluster */
	const char *selector, *min_score, *min_evaluated, *baseline, *write_baseline;
	bool all, only_problems, no_headers, ascii;
	unsigned fail_on;
};

enum { OG_AUDIT_OUTPUTS = 16 };
struct og_audit_outputs {
	struct {
		const struct og_report_form *form;
		const char *path; /* NULL = standard output */
	} v[OG_AUDIT_OUTPUTS];
	size_t n;
};

/* PASS or USAGE. No form at all is the table. */
int og_audit_outputs_read(
	struct og_cli *cli, const struct og_audit_args *a, struct og_audit_outputs *ret);
/* Files first, so that a closed pipe keeps none from being written. PASS or FAULT. */
int og_audit_outputs_write(struct og_cli *cli, const struct og_audit_args *a,
	const struct og_audit_outputs *o, const struct og_coverage *c,
	const struct og_gate_result *gates);
