/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "otelgate/kube/lease.h"
#include "seam-priv.h"

/* og_lease_start with the server behind a seam; o->kube is not looked at. */
int lease_start(const struct og_lease_opts *o, const struct kube_seam *s, struct og_lease **ret,
	struct og_err *err);
