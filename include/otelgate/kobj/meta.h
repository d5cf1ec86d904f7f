/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* metav1.ObjectMeta, as far as decisions need it. All views are borrowed from the document. */
#include "otelgate/kobj/kv.h"

struct og_owner {
	struct og_sv group; /* of apiVersion "group/version"; empty for the core group */
	struct og_sv kind, name, uid;
};

struct og_meta {
	struct og_sv name, generate_name, ns, uid;
	struct og_kvs labels, annotations;
	bool has_owner; /* an ownerReference with controller: true */
	struct og_owner owner;
};

/* Reads object.metadata; a missing metadata gives an empty result. Errors: OOM. */
int og_meta_read(
	struct og_jval object, struct og_arena *arena, struct og_meta *ret, struct og_err *err);

/* "apps/v1" → "apps"; "v1" → "". */
struct og_sv og_api_group(struct og_sv api_version);
