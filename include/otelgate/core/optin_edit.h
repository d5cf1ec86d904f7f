/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Opting a workload in or out by the annotations of its pod template: what has to be said, the
 * change of one object, and who else may undo it. Pure; nothing but our own annotations is touched.
 */
#include "otelgate/core/optin.h"
#include "otelgate/kobj/workload.h"

/* What the pod template is to say. "" = as it is. */
struct og_optin_ask {
	struct og_sv inject;  /* "true", "false", or a profile */
	struct og_sv signals; /* value of otelgate.dev/signals */
	bool clear;	      /* neither key is to be there; the two above are not read */
};

enum { OG_OPTIN_ASKS = 2 };
struct og_optin_change {
	const char *key;       /* "otelgate.dev/inject" */
	bool was, is;	       /* whether it is there, before and after */
	struct og_sv from, to; /* views of the object, and of the ask */
};
struct og_optin_edit {
	const struct og_workload_kind *kind;
	struct og_optin_change changes[OG_OPTIN_ASKS];
	uint32_t n;	     /* 0 = it says so already */
	bool no_meta;	     /* the template has no metadata, */
	bool no_annotations; /* or that no annotations */
	/* Nothing would be left of the annotations, or of the metadata: they go with them. */
	bool no_annotations_left, no_meta_left;
};

/*
 * Compares the object with what is asked. Errors: UNSUPPORTED (makes no pods by a template of its
 * own, the message says where that is), INVALID (annotations that are no map), OOM.
 */
int og_optin_edit(struct og_jval object, const struct og_optin_ask *ask, struct og_arena *arena,
	struct og_optin_edit *ret, struct og_err *err);
/* The changes as RFC 6902 and as RFC 7386 text. Failures are those of the buffer. */
void og_optin_json_patch(const struct og_optin_edit *e, struct og_buf *out);
void og_optin_merge_patch(const struct og_optin_edit *e, struct og_buf *out);
/* The annotations as lines of the manifest, from the top: "spec:\n  template:\n …". Each line
 * begins with `indent` blanks. */
void og_optin_manifest(const struct og_optin_edit *e, unsigned indent, struct og_buf *out);

/* Who writes the object from somewhere else, and would undo what is changed in the cluster. */
struct og_managed_by {
	const char *tool;  /* "Helm", "Argo CD", "Flux" … */
	const char *thing; /* "release", "application" … */
	struct og_sv name; /* its name; may be empty */
};
/* False when nothing says so. An owner that is none of Kubernetes' own workloads is one too. */
bool og_managed_by(const struct og_meta *m, struct og_managed_by *ret);

/* Reads a list as otelgate.dev/signals has it. Errors: INVALID with what is wrong with it. */
int og_optin_signals_check(struct og_sv list, struct og_err *err);
