/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* The kinds that make pods: where their template is and what they are called in telemetry. */
#include "otelgate/codec/jdoc.h"

struct og_workload_kind {
	const char *group, *kind;
	/* JSON Pointer of the object with pod metadata and spec; "" for a Pod itself */
	const char *template_path;
	/* resource attributes of its name and uid; NULL = none defined */
	const char *attribute, *uid_attribute;
	/* place in the service.name order of the Kubernetes attribute rules; lower wins */
	unsigned name_rank;
};

/* NULL when the kind makes no pods that we know of. */
const struct og_workload_kind *og_workload_kind(struct og_sv group, struct og_sv kind);
/* By `apiVersion` and `kind` of an object. */
const struct og_workload_kind *og_workload_kind_of(struct og_jval object);
/* The table, for documentation: NULL-terminated by kind. */
const struct og_workload_kind *og_workload_kinds(void);

/* The pod template (metadata + spec); the object itself for a Pod; absent when it has none. */
struct og_jval og_workload_template(const struct og_workload_kind *k, struct og_jval object);
