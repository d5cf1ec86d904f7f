/* SPDX-License-Identifier: Apache-2.0 */
/* Labels and annotations as pairs. */
#include "otelgate/kobj/kv.h"

bool og_kvs_read(struct og_jval object, struct og_arena *arena, struct og_kvs *ret)
{
	*ret = (struct og_kvs){NULL, 0};
	uint32_t max = og_jis(object, OG_J_OBJECT) ? og_jcount(object) : 0;
	if (!max)
		return true;
	struct og_kv *v = og_arena_new_n(arena, max, struct og_kv);
	if (!v)
		return false;
	uint32_t n = 0;
	og_jfor (it, object) {
		if (!og_jis(it.val, OG_J_STRING))
			continue;
		if (!og_jstr(it.key, arena, &v[n].key) || !og_jstr(it.val, arena, &v[n].value))
			return false;
		n++;
	}
	*ret = (struct og_kvs){v, n};
	return true;
}

const struct og_sv *og_kvs_get(const struct og_kvs *kvs, struct og_sv key)
{
	for (uint32_t i = 0; i < kvs->n; i++) {
		if (og_sv_eq(kvs->v[i].key, key))
			return &kvs->v[i].value;
	}
	return NULL;
}
