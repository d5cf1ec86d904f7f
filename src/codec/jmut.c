/* SPDX-License-Identifier: Apache-2.0 */
/* Reading a patched document that is not written out. */
#include "otelgate/codec/jmut.h"

enum og_jtype og_jmut_type(struct og_jmut m)
{
	if (!m.sub)
		return og_jtype(m.v);
	return m.sub->object ? OG_J_OBJECT : OG_J_ARRAY;
}

uint32_t og_jmut_count(struct og_jmut m)
{
	return m.sub ? m.sub->n : og_jcount(m.v);
}

struct og_jmut og_jmut_get(struct og_jmut m, struct og_sv key)
{
	if (!m.sub)
		return (struct og_jmut){.v = og_jget(m.v, key)};
	for (uint32_t i = 0; m.sub->object && i < m.sub->n; i++)
		if (og_sv_eq(m.sub->slot[i].key, key))
			return m.sub->slot[i].val;
	return (struct og_jmut){.v = OG_JABSENT};
}

struct og_jmut_iter og_jmut_iter(struct og_jmut m)
{
	return (struct og_jmut_iter){
		.index = UINT32_MAX, .sub = m.sub, .in = og_jiter(m.sub ? OG_JABSENT : m.v)};
}

bool og_jmut_next(struct og_jmut_iter *it)
{
	it->index++; /* from UINT32_MAX to 0 at the first turn */
	if (it->sub) {
		if (it->index >= it->sub->n)
			return false;
		it->val = it->sub->slot[it->index].val;
		return true;
	}
	if (!og_jnext(&it->in))
		return false;
	it->val = (struct og_jmut){.v = it->in.val};
	return true;
}
