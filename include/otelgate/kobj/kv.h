/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* Labels and annotations as a list of borrowed pairs, in the order of the object. */
#include "otelgate/codec/jdoc.h"

struct og_kv {
	struct og_sv key, value;
};

struct og_kvs {
	const struct og_kv *v;
	uint32_t n;
};

/*
 * Reads a JSON object of strings. Absent and null give no pairs; members that are not strings are
 * left out (the API server refuses them anyway). False only when memory is out.
 */
bool og_kvs_read(struct og_jval object, struct og_arena *arena, struct og_kvs *ret);

/* The value for a key, or NULL. */
const struct og_sv *og_kvs_get(const struct og_kvs *kvs, struct og_sv key);
#define og_kvs_getl(kvs, lit) og_kvs_get((kvs), OG_SV(lit))
