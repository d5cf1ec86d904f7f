/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "otelgate/kube/events.h"
#include "seam-priv.h"

/* og_events_new with the server behind a seam; o->kube is not looked at. */
int events_new(const struct og_events_opts *o, const struct kube_seam *s, struct og_events **ret,
	struct og_err *err);
