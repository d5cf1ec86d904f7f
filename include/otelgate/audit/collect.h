/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Filling a coverage report. Two sources: manifests and dumps from files, and a cluster. Both fill
 * rows and say what they could not see (`blind`); og_coverage_finish is called by whoever shows it.
 */
#include "otelgate/audit/ask.h"
#include "otelgate/core/coverage.h"

/* What to look at, for every source. */
struct og_audit_want {
	const struct og_config *config; /* NULL = that which is found on the way */
	struct og_sv ns;		/* "" = all namespaces */
	struct og_sv default_ns;	/* of objects in files that name none; "" = "default" */
	struct og_selector selector;	/* labels of workloads; not present = all */
	/* The backends of the workloads' stacks are asked; NULL = they are not. */
	const struct og_audit_ask *backends;
	int64_t now_s;
	/* What is being read, and how much of it: bytes of a file, called for every chunk; of a
	 * cluster 0 and 0, the text says it, once a second. `of` 0 = unknown. May be NULL. */
	void (*progress)(void *ctx, const char *what, uint64_t done, uint64_t of);
	void *ctx;
};

/*
 * A source: fills *ret, whose memory is the arena's, but for the sums. Errors are those that leave
 * nothing to show; everything else is `blind`.
 */
typedef int og_audit_collect_fn(const void *source, const struct og_audit_want *want,
	struct og_arena *arena, struct og_coverage *ret, struct og_err *err);
struct og_audit_source {
	og_audit_collect_fn *collect;
	const void *source;
};

/* ---- files ---- */

struct og_audit_files {
	const char *const *paths; /* a file, a folder (*.yaml, *.yml, *.json below it), "-" */
	size_t n;
	int stdin_fd;
	/* What could not be read or understood, one message each; may be NULL. */
	void (*problem)(void *ctx, const char *message);
	void *ctx;
};

enum {
	/* Longest single object, and longest document that is not a list of objects. */
	OG_AUDIT_OBJECT_BYTES = 16 << 20,
	/* Inputs up to this are read in one piece, with all of YAML; larger ones are read object by
	 * object, where an anchor holds within one object alone. */
	OG_AUDIT_WHOLE_BYTES = 4 << 20,
};

/*
 * `source` is a struct og_audit_files. Manifests, Lists and `kubectl get -o yaml|json` dumps. Every
 * workload without an owner among the objects is a row; pods count for the workload that owns them.
 * Configuration in the files is used unless want->config is given; statuses of WorkloadTelemetry
 * objects give what arrives. Objects that cannot be read are problems and `blind`; the others go
 * on. Errors: OOM, and CONFIG when the configuration among the files is wrong.
 */
int og_audit_collect_files(const void *source, const struct og_audit_want *want,
	struct og_arena *arena, struct og_coverage *ret, struct og_err *err);
