/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "otelgate/kube/apply.h"
#include "seam-priv.h"

enum write_kind {
	WRITE_APPLY,
	WRITE_APPLY_STATUS,
	WRITE_MERGE,
	WRITE_REPLACE,
	WRITE_CREATE,
	WRITE_DELETE,
	WRITE_COUNT_
};
enum { WRITE_BODY_BYTES = 3 * 1024 * 1024 };

/* The functions of the header with the server behind a seam. */
int write_start(const struct kube_seam *s, enum write_kind kind, const struct og_kube_write *w,
	struct og_kube_call **ret, struct og_err *err);
int edit_start(const struct kube_seam *s, const struct og_kube_edit_opts *o,
	struct og_kube_edit **ret, struct og_err *err);

/* Checks a body and appends it, with its precondition. Pure. */
int write_body(enum write_kind kind, const struct og_kube_write *w, struct og_buf *out,
	struct og_err *err);
/* Appends the JSON patch with a test of the uid before it. INVALID when `patch` is no array. */
int write_json_patch(struct og_sv patch, struct og_sv uid, struct og_buf *out, struct og_err *err);
