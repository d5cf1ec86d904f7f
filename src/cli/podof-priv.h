/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* The Pod that a workload's controller would create, as admission sees it. */
#include "input-priv.h"

/*
 * Writes the pod as JSON: the template with the metadata that the kind's controller gives it
 * (generateName or name, controller reference, pod-template-hash …), in `ns`. A Pod is taken as it
 * is. The uid and hash are derived from the names, so that the same input gives the same pod.
 * Errors: INVALID (no template), OOM.
 */
int og_pod_of(const struct og_in_object *o, struct og_sv ns, struct og_arena *arena,
	struct og_sv *ret_json, struct og_err *err);

/* A v1 AdmissionReview request for the creation of that pod, as JSON. `seed` makes the uid. */
int og_review_of(struct og_sv pod_json, struct og_sv ns, bool dry_run, unsigned seed,
	struct og_arena *arena, struct og_sv *ret_json, struct og_err *err);
