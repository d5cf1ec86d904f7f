/* SPDX-License-Identifier: Apache-2.0 */
/* Object metadata. */
#include "otelgate/kobj/meta.h"

struct og_sv og_api_group(struct og_sv api_version)
{
	size_t slash = og_sv_chr(api_version, '/');
	return slash == api_version.n ? og_sv("", 0) : og_sv(api_version.p, slash);
}

static void read_owner(struct og_jval refs, struct og_arena *arena, struct og_meta *m)
{
	og_jfor (it, refs) {
		if (!og_jis(og_jgetl(it.val, "controller"), OG_J_TRUE))
			continue;
		struct og_sv api = og_jstr_or_empty(og_jgetl(it.val, "apiVersion"), arena);
		m->owner.group = og_api_group(api);
		m->owner.kind = og_jstr_or_empty(og_jgetl(it.val, "kind"), arena);
		m->owner.name = og_jstr_or_empty(og_jgetl(it.val, "name"), arena);
		m->owner.uid = og_jstr_or_empty(og_jgetl(it.val, "uid"), arena);
		m->has_owner = m->owner.kind.n && m->owner.name.n;
		return;
	}
}

int og_meta_read(
	struct og_jval object, struct og_arena *arena, struct og_meta *ret, struct og_err *err)
{
	struct og_meta m = {0};
	struct og_jval meta = og_jgetl(object, "metadata");
	m.name = og_jstr_or_empty(og_jgetl(meta, "name"), arena);
	m.generate_name = og_jstr_or_empty(og_jgetl(meta, "generateName"), arena);
	m.ns = og_jstr_or_empty(og_jgetl(meta, "namespace"), arena);
	m.uid = og_jstr_or_empty(og_jgetl(meta, "uid"), arena);
	read_owner(og_jgetl(meta, "ownerReferences"), arena, &m);
	if (!og_kvs_read(og_jgetl(meta, "labels"), arena, &m.labels) ||
		!og_kvs_read(og_jgetl(meta, "annotations"), arena, &m.annotations))
		return og_err_set(err, OG_E_OOM, "out of memory reading metadata");
	*ret = m;
	return 0;
}
