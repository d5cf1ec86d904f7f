/* SPDX-License-Identifier: Apache-2.0 */
/* Where resource.opentelemetry.io/ keys are read: pod template, workload, namespace. */
#include "plan-priv.h"

uint32_t og_mut_layers(const struct og_mut *m, struct og_layer *ret)
{
	const struct og_facts *f = &m->plan->facts;
	uint32_t n = 0;
	ret[n++] = (struct og_layer){&m->plan->meta.annotations, OG_LEVEL_TEMPLATE};
	ret[n++] = (struct og_layer){&m->plan->meta.labels, OG_LEVEL_TEMPLATE};
	for (uint32_t i = 0; i < f->nowners; i++) {
		ret[n++] = (struct og_layer){&f->owners[i].annotations, OG_LEVEL_WORKLOAD};
		ret[n++] = (struct og_layer){&f->owners[i].labels, OG_LEVEL_WORKLOAD};
	}
	ret[n++] = (struct og_layer){&f->ns.annotations, OG_LEVEL_NAMESPACE};
	ret[n++] = (struct og_layer){&f->ns.labels, OG_LEVEL_NAMESPACE};
	return n;
}

bool og_mut_misplaced(struct og_sv attr, enum og_level level)
{
	return (level != OG_LEVEL_TEMPLATE && og_sv_is(attr, "service.instance.id")) ||
	       (level == OG_LEVEL_NAMESPACE && og_sv_is(attr, "service.name"));
}

struct og_sv og_mut_attribute_of(struct og_sv key)
{
	size_t n = sizeof(OG_ATTR_PREFIX) - 1;
	return og_sv_starts(key, OG_SV(OG_ATTR_PREFIX)) ? og_sv(key.p + n, key.n - n)
							: og_sv("", 0);
}

struct og_sv og_mut_said_attr(const struct og_mut *m, struct og_sv attr)
{
	struct og_layer ls[OG_MAX_LAYERS];
	uint32_t n = og_mut_layers(m, ls);
	for (uint32_t l = 0; l < n; l++) {
		for (uint32_t i = 0; i < ls[l].kvs->n; i++) {
			struct og_sv value = og_sv_trim(ls[l].kvs->v[i].value);
			if (value.n && !og_mut_misplaced(attr, ls[l].level) &&
				og_sv_eq(og_mut_attribute_of(ls[l].kvs->v[i].key), attr))
				return value;
		}
	}
	return og_sv("", 0);
}
