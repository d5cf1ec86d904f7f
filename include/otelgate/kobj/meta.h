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

/* RFC 1123 label: 1 to 63 of a-z 0-9 -, starting and ending alphanumeric. */
bool og_dns1123_label(struct og_sv s);
/* Labels joined by dots, 253 bytes at most. */
bool og_dns1123_subdomain(struct og_sv s);
/* Environment variable names every shell can use: [A-Za-z_][A-Za-z0-9_]*. */
bool og_env_name(struct og_sv s);
/* What the API server accepts as a variable name: printable ASCII without '=' (KEP-4369). */
bool og_env_name_relaxed(struct og_sv s);
/* A valid label value: empty, or 63 at most of [A-Za-z0-9._-], alphanumeric at both ends. */
bool og_label_value(struct og_sv s);
